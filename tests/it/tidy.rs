//! The rules of style that a machine can check, checked on the source. Each finding names file, line and reason.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use source::Source;

/// The most lines of a file and of a function (style: soft limits, so a test says when they are passed).
const FILE_LINES_MAX: usize = 500;
const FN_LINES_MAX: usize = 70;
/// Tests may be tables of cases, which read well at any length that still fits a head.
const TEST_FN_LINES_MAX: usize = 140;

/// What a check found, one line each.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn add(&mut self, file: &Source, line: usize, reason: &str) {
        self.0.push(format!("{}:{line}: {reason}", file.path));
    }

    #[track_caller]
    fn assert_none(self) {
        assert!(self.0.is_empty(), "\n{}\n", self.0.join("\n"));
    }
}

/// Adds a finding for each line of code that holds one of `words`, each with the reason why it must not.
fn forbid(files: &[Source], words: &[(&str, &str)]) -> Findings {
    let mut findings = Findings::default();
    for file in files {
        for (number, line) in file.code_lines() {
            for (word, reason) in words {
                if holds_word(line, word) {
                    findings.add(file, number, &format!("`{word}`: {reason}"));
                }
            }
        }
    }
    findings
}

/// Whether `line` holds `word` where neither neighbour would make it part of a longer name.
fn holds_word(line: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(is_name) && word.starts_with(is_name);
        let after = line[at + word.len()..].chars().next().is_some_and(is_name) && word.ends_with(is_name);
        !before && !after
    })
}

fn under(folder: &str) -> Vec<Source> {
    source::read(folder, &["rs"])
}

fn all_code() -> Vec<Source> {
    let mut all = under("src");
    all.extend(under("tests"));
    all.extend(under("benches"));
    all.extend(under("examples"));
    all
}

#[test]
fn the_domain_is_pure() {
    const IO: &str = "the domain has no I/O and no async";
    let words = [
        ("async", IO),
        ("await", IO),
        ("tokio", IO),
        ("sqlx", IO),
        ("lapin", IO),
        ("axum", IO),
        ("reqwest", IO),
        ("std::fs", IO),
        ("std::net", IO),
        ("std::env", IO),
        ("std::thread", IO),
        ("std::io", IO),
        ("tracing", "the domain does not log: effects say what happened"),
        ("rand", "the domain has no randomness: it is an argument"),
        ("Clock", "the domain has no clock: the time is an argument"),
        ("Uuid::new_v4", "the domain has no randomness: it is an argument"),
        ("Uuid::now_v7", "the domain has no clock: the time is an argument"),
    ];
    let mut findings = forbid(&under("src/domain"), &words);
    for file in under("src/domain") {
        for (number, line) in file.code_lines() {
            for (at, _) in line.match_indices("crate::") {
                if !line[at..].starts_with("crate::domain") {
                    findings.add(&file, number, "the domain is used by all and uses none of them");
                }
            }
        }
    }
    findings.assert_none();
}

#[test]
fn only_the_clock_asks_the_time() {
    const WHY: &str = "only src/clock.rs asks the time";
    let files: Vec<_> = under("src").into_iter().filter(|file| file.path != "src/clock.rs").collect();
    let words = ["Timestamp::now", "SystemTime::now", "Zoned::now", "Instant::now", "Uuid::now_v7"];
    forbid(&files, &words.map(|word| (word, WHY))).assert_none();
}

#[test]
fn walls_between_folders_hold() {
    let walls = [
        ("src/store", &["channel", "dispatch", "ingest", "voice", "web", "cli", "app"][..]),
        ("src/channel", &["store", "dispatch", "ingest", "web", "cli", "app"]),
        ("src/voice", &["store", "channel::email", "channel::sms", "dispatch", "ingest", "web", "cli", "app"]),
        ("src/ingest", &["channel", "dispatch", "voice", "cli", "app"]),
    ];
    let mut findings = Findings::default();
    for (folder, strangers) in walls {
        for file in under(folder) {
            for (number, line) in file.product_lines() {
                for stranger in strangers.iter().filter(|name| holds_word(line, &format!("crate::{name}"))) {
                    findings.add(&file, number, &format!("{folder} does not see {stranger}: data flows one way"));
                }
            }
        }
    }
    findings.assert_none();
}

#[test]
fn sql_is_in_the_store_alone() {
    let files: Vec<_> = under("src").into_iter().filter(|file| !file.path.starts_with("src/store")).collect();
    let mut findings = forbid(&files, &[("sqlx", "only src/store speaks to a database")]);
    for file in &files {
        for text in file.strings() {
            let words: Vec<_> = text.text.split_whitespace().take(3).map(str::to_lowercase).collect();
            let sql = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                ["insert", "into", _] | ["delete", "from", _] | ["update", _, "set"] | ["create", "table", _] => true,
                ["select", ..] => text.text.to_lowercase().contains(" from "),
                ["with", _, "as"] | ["begin", "immediate", ..] | ["pragma", ..] => true,
                _ => false,
            };
            if sql {
                findings.add(file, text.line, "SQL outside src/store");
            }
        }
    }
    findings.assert_none();
}

#[test]
fn migrations_are_twins() {
    let names = |folder: &str| -> BTreeSet<String> {
        source::read(folder, &["sql"]).iter().map(|file| file.name().to_owned()).collect()
    };
    let (postgres, sqlite) = (names("migrations/postgres"), names("migrations/sqlite"));
    let alone: Vec<_> = postgres.symmetric_difference(&sqlite).collect();
    assert!(alone.is_empty(), "migrations without a twin in the other folder: {alone:?}");
    let embedded = source::read_text("src/store/migrate.rs").expect("the code that runs migrations");
    for name in &postgres {
        for folder in ["migrations/postgres", "migrations/sqlite"] {
            assert!(
                embedded.contains(&format!("{folder}/{name}")),
                "{folder}/{name} is not run: list it in src/store/migrate.rs"
            );
        }
        let numbered =
            name.len() > 5 && name.as_bytes()[..4].iter().all(u8::is_ascii_digit) && name.as_bytes()[4] == b'_';
        assert!(numbered, "{name}: a migration is named NNNN_what.sql");
    }
}

/// What ran on somebody's database cannot be unrun. `UPDATE=1` adds the sums of new files; it never changes an old one. The
/// newest number may be unlisted while it is worked on.
#[test]
fn a_landed_migration_does_not_change() {
    const SUMS: &str = "migrations/checksums.txt";
    let mut current = BTreeMap::new();
    for folder in ["migrations/postgres", "migrations/sqlite"] {
        for file in source::read(folder, &["sql"]) {
            let sum = Sha256::digest(file.text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
                write!(hex, "{byte:02x}").expect("writing to a string does not fail");
                hex
            });
            current.insert(file.path.clone(), sum);
        }
    }
    let listed = source::read_text(SUMS).unwrap_or_default();
    let mut landed: BTreeMap<String, String> = listed
        .lines()
        .filter_map(|line| line.split_once("  ").map(|(sum, path)| (path.to_owned(), sum.to_owned())))
        .collect();
    for (path, sum) in &landed {
        let now = current.get(path);
        assert_eq!(now, Some(sum), "{path} has landed: it cannot change any more, write a new migration instead");
    }
    let new: Vec<_> =
        current.iter().filter(|(path, _)| !landed.contains_key(*path)).map(|(p, s)| (p.clone(), s.clone())).collect();
    if std::env::var_os("UPDATE").is_some() {
        landed.extend(new);
        let lines: String = landed.iter().map(|(path, sum)| format!("{sum}  {path}\n")).collect();
        std::fs::write(source::root().join(SUMS), lines).expect("the checksums can be written");
        return;
    }
    let number = |path: &str| path.rsplit('/').next().and_then(|name| name.get(..4)).map(str::to_owned);
    let newest = current.keys().filter_map(|path| number(path)).max();
    let unlisted: Vec<_> = new.iter().map(|(path, _)| path).filter(|path| number(path) != newest).collect();
    assert!(unlisted.is_empty(), "{unlisted:?} are not in {SUMS}: run this test with UPDATE=1 now that they are final");
}

#[test]
fn files_and_functions_stay_short() {
    let mut findings = Findings::default();
    for file in all_code() {
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX {
            findings.add(&file, lines, &format!("{lines} lines, the limit is {FILE_LINES_MAX}"));
        }
        let most = if file.path.starts_with("tests/") { TEST_FN_LINES_MAX } else { FN_LINES_MAX };
        for function in file.functions() {
            if function.lines > most {
                let reason = format!("`{}` has {} lines, the limit is {most}", function.name, function.lines);
                findings.add(&file, function.line, &reason);
            }
        }
    }
    findings.assert_none();
}

#[test]
fn metrics_are_declared_in_telemetry_alone() {
    const WHY: &str = "metrics are declared in src/telemetry alone: call one of its functions";
    let files: Vec<_> = under("src").into_iter().filter(|file| !file.path.starts_with("src/telemetry")).collect();
    let macros = ["metrics::", "counter!", "gauge!", "histogram!", "metrics_exporter_prometheus"];
    let mut findings = forbid(&files, &macros.map(|word| (word, WHY)));
    let names: Vec<_> = doorstep::telemetry::catalogue().iter().map(|(name, _, _)| *name).collect();
    for file in &files {
        for text in file.strings().iter().filter(|text| names.contains(&text.text.as_str())) {
            findings.add(file, text.line, WHY);
        }
    }
    findings.assert_none();
}

#[test]
fn nothing_is_left_undone_or_silenced() {
    let words = [
        ("todo!", "no half-done work"),
        ("unimplemented!", "no half-done work"),
        ("dbg!", "no leftovers of a search"),
        ("#[ignore", "a test runs, or it is not there"),
        ("#[allow(", "use #[expect(lint, reason = \"…\")]: it says when it is no longer needed"),
        ("#![allow(", "use #![expect(lint, reason = \"…\")]: it says when it is no longer needed"),
        ("thread::sleep", "nobody sleeps: wait for what happens, with a deadline"),
    ];
    forbid(&all_code(), &words).assert_none();
}

#[test]
fn no_panic_on_data() {
    let mut findings = Findings::default();
    for file in under("src") {
        for (number, line) in file.product_lines() {
            if line.contains(".unwrap()") || line.contains("unreachable!()") {
                findings.add(
                    &file,
                    number,
                    "say with expect(\"invariant\") why this cannot happen, or return an error",
                );
            }
        }
    }
    findings.assert_none();
}

#[test]
fn names_say_what_is_inside() {
    let vague = ["utils", "util", "common", "helpers", "helper", "manager", "misc"];
    let mut findings = Findings::default();
    for file in all_code() {
        let stem = file.name().trim_end_matches(".rs");
        let folder = Path::new(&file.path).parent().and_then(Path::file_name).and_then(|name| name.to_str());
        if vague.contains(&stem) || folder.is_some_and(|folder| vague.contains(&folder)) {
            findings.add(&file, 1, "this name says nothing of what is inside");
        }
    }
    findings.assert_none();
}

#[test]
fn error_texts_are_lower_case_without_full_stop() {
    let mut findings = Findings::default();
    for file in under("src") {
        for text in file.strings().iter().filter(|text| text.after.ends_with("#[error(")) {
            let mut first = text.text.chars();
            // Two capitals in a row begin an abbreviation, such as SMTP.
            let capital = first.next().is_some_and(char::is_uppercase) && !first.next().is_some_and(char::is_uppercase);
            if capital || text.text.ends_with('.') {
                findings.add(
                    &file,
                    text.line,
                    "error texts are lower case, without a full stop: they are put into sentences",
                );
            }
        }
    }
    findings.assert_none();
}

/// Paths of the machine on which a file was written mean nothing to anyone else.
#[test]
fn no_file_speaks_of_the_machine_it_was_written_on() {
    // Put together here, or this file would be its own finding.
    let private = [["/", "work", "/"].concat(), ["/", "root", "/"].concat()];
    let kinds = [
        "rs", "toml", "md", "sh", "yaml", "json", "py", "sql", "ftl", "mjml", "hbs", "html", "service", "txt", "run",
        "",
    ];
    let mut findings = Findings::default();
    for folder in [
        "src",
        "tests",
        "deploy",
        "migrations",
        "templates",
        "benches",
        "examples",
        "docs",
        ".ci",
        ".config",
        "README.md",
        "CHANGELOG.md",
        "Cargo.toml",
    ] {
        for file in source::read(folder, &kinds) {
            for (number, line) in file.text.lines().enumerate() {
                if let Some(word) = private.iter().find(|word| line.contains(word.as_str())) {
                    findings.add(&file, number + 1, &format!("`{word}` is a path of one machine"));
                }
            }
        }
    }
    findings.assert_none();
}

/// Every member of every type that is read from the configuration stands in the annotated file, as a key or as a section.
#[test]
fn every_setting_stands_in_the_annotated_file() {
    let annotated = source::read_text("deploy/doorstep.toml").expect("the annotated file");
    let mut keys: BTreeSet<String> = annotated.lines().flat_map(keys_of).map(str::to_owned).collect();
    keys.extend(variables_in(&annotated));
    let (mut findings, mut seen) = (Findings::default(), 0);
    for file in under("src") {
        for (number, member) in file.members_of("deny_unknown_fields") {
            seen += 1;
            if !keys.contains(member) {
                findings.add(&file, number, &format!("the setting `{member}` is not in deploy/doorstep.toml"));
            }
        }
    }
    assert!(seen > 50, "the settings are not found any more: {seen}");
    findings.assert_none();
}

/// The keys of the variables that a text names: secrets have no other place there.
fn variables_in(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter_map(|word| Some(word.strip_prefix("DOORSTEP_")?.rsplit_once("__")?.1.to_lowercase()))
}

/// The keys that a line of the annotated file names: before each `=`, or the parts of a section's name.
fn keys_of(line: &str) -> Vec<&str> {
    let line = line.strip_prefix("#: ").unwrap_or(line);
    if line.starts_with('#') {
        return vec![];
    }
    if let Some(section) = line.strip_prefix('[') {
        return section.trim_end_matches([']', ' ']).split('.').collect();
    }
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices('=')
        .filter_map(|(at, _)| line[..at].trim_end().rsplit(|c| !is_name(c)).next())
        .filter(|name| !name.is_empty())
        .collect()
}
