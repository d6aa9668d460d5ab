//! The binary as people and scripts use it: what it prints, where, and how it ends.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// The binary in an empty folder, with no setting from outside.
fn doorstep(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorstep"));
    command.current_dir(folder);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("DOORSTEP_") || name == "DATABASE_URL" || name == "AMQP_URL" {
            command.env_remove(name);
        }
    }
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    doorstep(folder).args(args).output().expect("the binary starts")
}

/// What a verb printed; it must have ended well.
#[track_caller]
fn printed(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("utf-8")
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn simulate_says_the_same_for_the_same_seed() {
    let folder = folder();
    let stream = |seed| printed(folder.path(), &["simulate", "--orders", "25", "--seed", seed]);
    assert_eq!(stream("3"), stream("3"));
    assert_ne!(stream("3"), stream("4"));
    assert!(lines(&stream("3")).iter().all(|event| event["specversion"] == "1.0"));
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let folder = folder();
    let mut child = doorstep(folder.path())
        .args(["simulate", "--orders", "300"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the binary ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn wrong_settings_are_named_and_end_in_2() {
    let folder = folder();
    std::fs::write(folder.path().join("slip.toml"), "[databse]\nurl = 'sqlite:x.db'\n").expect("a file");
    let cases: [(&[&str], &str, &str); 4] = [
        (&["migrate", "--config", "slip.toml"], "", "databse"),
        (&["migrate", "--config", "absent.toml"], "", "absent.toml"),
        (&["migrate"], "DOORSTEP_DATABASE__POOL", "database"),
        (&["migrate"], "DOORSTEP_LOG_FORMAT", "DOORSTEP_LOG_FORMAT"),
    ];
    for (args, variable, named) in cases {
        let mut command = doorstep(folder.path());
        if !variable.is_empty() {
            command.env(variable, "1");
        }
        let output = command.args(args).output().expect("the binary starts");
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?} {variable}: {complaint}");
        assert!(complaint.contains(named), "{args:?} {variable}: {complaint}");
    }
    assert_eq!(run(folder.path(), &["simulate", "--orders", "none"]).status.code(), Some(2));
}

#[test]
fn migrate_brings_an_empty_folder_to_this_version() {
    let folder = folder();
    let before = run(folder.path(), &["migrate", "--dry-run", "--json"]);
    assert_eq!(before.status.code(), Some(3), "{}", String::from_utf8_lossy(&before.stderr));
    let first = lines(&printed(folder.path(), &["migrate", "--json"])).remove(0);
    assert_eq!(first["now"], first["known"]);
    assert!(folder.path().join("doorstep-data/doorstep.db").exists());
    let second = printed(folder.path(), &["migrate"]);
    assert!(second.starts_with("nothing to do"), "{second}");
}

#[test]
fn every_verb_has_help_with_an_example() {
    let folder = folder();
    let help = printed(folder.path(), &["--help"]);
    assert!(help.contains("Exit codes"), "{help}");
    let verbs = help.split("Commands:").nth(1).and_then(|rest| rest.split("Options:").next()).expect("a list of verbs");
    // A verb stands at two blanks; wrapped descriptions stand further in.
    let names: Vec<&str> = verbs
        .lines()
        .filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '))?.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.len() > 1, "{help}");
    for name in names {
        let help = printed(folder.path(), &[name, "--help"]);
        assert!(help.contains("Examples:") && help.contains(&format!("doorstep {name}")), "{name}: {help}");
    }
}

#[test]
fn replay_says_who_would_have_been_told_in_the_order_of_time() {
    let folder = folder();
    let week = printed(folder.path(), &["simulate", "--orders", "40", "--seed", "7"]);
    std::fs::write(folder.path().join("week.jsonl"), &week).expect("a file");
    let answer = printed(folder.path(), &["replay", "week.jsonl"]);
    let keys = ["at", "order", "shipment", "stage", "channel", "to", "outcome", "why"];
    for line in answer.lines() {
        let places: Vec<_> = keys.iter().map(|key| line.find(&format!("\"{key}\":"))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{line}");
        assert_eq!(lines(line)[0].as_object().map(serde_json::Map::len), Some(keys.len()), "{line}");
    }
    let told = lines(&answer);
    let times: Vec<jiff::Timestamp> =
        told.iter().map(|line| line["at"].as_str().and_then(|at| at.parse().ok()).expect("a time")).collect();
    assert!(times.is_sorted(), "not in the order of time");
    let sent: Vec<String> = told
        .iter()
        .filter(|line| line["outcome"] == "sent")
        .map(|line| {
            format!("{} {} {} {} {}", line["order"], line["shipment"], line["stage"], line["channel"], line["to"])
        })
        .filter(|key| key.contains("\"confirmed\"") || key.contains("\"delivered\""))
        .collect();
    assert_eq!(sent.iter().filter(|key| key.contains("\"confirmed\"")).count(), 40, "each order is confirmed once");
    let once: std::collections::BTreeSet<&String> = sent.iter().collect();
    assert_eq!(once.len(), sent.len(), "somebody is told twice");

    // The same facts in twice the bytes: nothing changes.
    std::fs::write(
        folder.path().join("twice.jsonl"),
        week.lines().map(|line| format!("{line}\n{line}\n")).collect::<String>(),
    )
    .expect("a file");
    assert_eq!(printed(folder.path(), &["replay", "twice.jsonl"]), answer);
}

#[test]
fn replay_names_the_lines_it_refuses_and_takes_the_rest() {
    let folder = folder();
    let week = printed(folder.path(), &["simulate", "--orders", "2"]);
    std::fs::write(folder.path().join("week.jsonl"), format!("{{\"specversion\":\"1.0\"}}\n{week}nonsense\n"))
        .expect("a file");
    let output = run(folder.path(), &["replay", "week.jsonl"]);
    assert_eq!(output.status.code(), Some(3));
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = week.lines().count() + 2;
    assert!(complaint.contains("week.jsonl:1: ") && complaint.contains(&format!("week.jsonl:{last}: ")), "{complaint}");
    assert!(lines(&String::from_utf8_lossy(&output.stdout)).iter().any(|line| line["stage"] == "confirmed"));
    assert_eq!(run(folder.path(), &["replay", "absent.jsonl"]).status.code(), Some(1));
}
