//! The commands that `deploy/RUNBOOK.md` gives, run as they stand there: what an operator copies is what was tried.

use std::path::Path;
use std::process::Command;

/// The block of commands whose first line is `# title`.
fn commands(title: &str) -> String {
    let runbook = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/RUNBOOK.md");
    let text = std::fs::read_to_string(runbook).expect("the runbook");
    let first = format!("# {title}");
    let mut lines = text.lines().map(str::trim).skip_while(|line| *line != first).peekable();
    assert!(lines.peek().is_some(), "deploy/RUNBOOK.md has no commands called {first:?}");
    lines.take_while(|line| !line.starts_with("```")).map(|line| format!("{line}\n")).collect()
}

/// Runs a block of the runbook with these variables; answers with what it printed.
///
/// Postgres's tools are those of `DOORSTEP_TEST_PG_BIN`, or else those of the path.
#[track_caller]
pub(crate) fn perform(title: &str, variables: &[(&str, &str)]) -> String {
    let own = Path::new(env!("CARGO_BIN_EXE_doorstep")).parent().expect("a folder").display().to_string();
    let [tools, usual] = ["DOORSTEP_TEST_PG_BIN", "PATH"].map(|name| std::env::var(name).unwrap_or_default());
    let folders = [own, tools, usual].into_iter().filter(|folder| !folder.is_empty()).collect::<Vec<_>>().join(":");
    let mut shell = Command::new("sh");
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if ["DOORSTEP_", "DATABASE_URL", "AMQP_URL", "PG"].iter().any(|prefix| name.starts_with(prefix)) {
            shell.env_remove(name);
        }
    }
    let done = shell.args(["-euc", &commands(title)]).env("PATH", folders).envs(variables.iter().copied()).output();
    let done = done.expect("a shell");
    let (printed, complaint) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{title}: {printed}{complaint}");
    printed.into_owned()
}

/// Copies the database at `url` as it stands.
#[track_caller]
pub(crate) fn back_up(url: &str, copy: &Path) {
    let copy = copy.display().to_string();
    match url.strip_prefix("sqlite:") {
        Some(file) => perform("Back up SQLite", &[("FILE", file), ("COPY", &copy)]),
        None => perform("Back up Postgres", &[("DATABASE_URL", url), ("COPY", &copy)]),
    };
}

/// Puts a copy in the place of the database at `url`, which nobody may have open.
#[track_caller]
pub(crate) fn restore(url: &str, copy: &Path) {
    let copy = copy.display().to_string();
    if let Some(file) = url.strip_prefix("sqlite:") {
        perform("Restore SQLite", &[("FILE", file), ("COPY", &copy)]);
        return;
    }
    let (server, name) = url.rsplit_once('/').expect("the address names a database");
    let owner = server.trim_start_matches("postgres://").split([':', '@']).next().expect("the address names somebody");
    let variables = [
        ("DATABASE_URL", url),
        ("ADMIN_URL", &format!("{server}/postgres")),
        ("NAME", name),
        ("OWNER", owner),
        ("COPY", &copy),
    ];
    perform("Restore Postgres", &variables);
}
