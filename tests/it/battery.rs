//! The parts of the battery that are programs of their own: run here in small, so that every change meets them.

use std::path::Path;
use std::process::Command;

/// Histories told in each of four ways: some ten seconds.
const HISTORIES: &str = "500";

fn passes(program: &str, arguments: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output =
        Command::new(root.join(program)).args(arguments).current_dir(root).output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// What `replay` tells of random histories is what a judge of another hand, in another language, says must and may be told.
#[test]
fn replay_agrees_with_the_oracle() {
    let binary = env!("CARGO_BIN_EXE_doorstep");
    let said = passes("tests/battery/differential", &["--binary", binary, "--orders", HISTORIES]);
    assert!(said.lines().last().is_some_and(|line| line.starts_with("AGREE")), "{said}");
}

/// Errors that are put into what `replay` told are each found: the judge can turn red.
#[test]
fn the_oracle_finds_what_is_wrong() {
    passes("tests/battery/differential", &["--binary", env!("CARGO_BIN_EXE_doorstep"), "--selftest"]);
}

/// The bugs that `tests/seeded-bugs` wakes still fit the source.
#[test]
fn the_seeded_bugs_fit_the_source() {
    let said = passes("tests/seeded-bugs", &["--check"]);
    assert!(said.contains(" bugs fit the source"), "{said}");
}
