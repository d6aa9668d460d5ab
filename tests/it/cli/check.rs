//! `doorstep check` names what would keep a worker from starting, or customers from reading what is true.

use super::{folder, lines, printed, run};

#[test]
fn check_passes_on_the_defaults_and_names_what_is_to_be_mended() {
    let folder = folder();
    let fine = printed(folder.path(), &["check"]);
    assert!(fine.ends_with("nothing to mend\n"), "{fine}");
    assert!(!folder.path().join("doorstep-data").exists(), "check makes nothing");
    std::fs::write(
        folder.path().join("doorstep.toml"),
        "[voice]\ndefault_brand = 'harbour'\n[brands.harbour]\nname = 'Harbour Goods'\ntime_zone = 'Europe/Nowhere'\n",
    )
    .expect("a file");
    let output = run(folder.path(), &["check", "--offline", "--json", "--config", "doorstep.toml"]);
    assert_eq!(output.status.code(), Some(3));
    let found = lines(&String::from_utf8_lossy(&output.stdout));
    let problem = found.iter().find(|one| one["result"] == "problem").expect("a problem");
    assert!(problem["what"].as_str().is_some_and(|what| what.contains("time_zone")), "{problem}");
}

/// What would keep `run` from starting is found before: a file that is not there, a hash that is none, a secret that is too short.
#[test]
fn check_reads_the_files_that_let_people_and_providers_in() {
    let folder = folder();
    std::fs::write(folder.path().join("users"), "anna operator letmein\n").expect("a file");
    std::fs::write(folder.path().join("short"), "short\n").expect("a file");
    let found = |settings: &str| {
        std::fs::write(folder.path().join("doorstep.toml"), settings).expect("a file");
        let output = run(folder.path(), &["check", "--offline", "--json", "--config", "doorstep.toml"]);
        let found = lines(&String::from_utf8_lossy(&output.stdout)).into_iter();
        let problems =
            found.filter(|one| one["result"] == "problem").map(|one| (one["part"].clone(), one["what"].to_string()));
        (output.status.code(), problems.collect::<Vec<_>>())
    };
    for (settings, part, words) in [
        ("[ops]\nusers_file = 'users'\n", "ops", "line 1"),
        ("[ops]\nusers_file = 'nowhere'\n", "ops", "nowhere"),
        ("[consent.resend]\nsecret_files = ['nowhere']\n", "callbacks", "consent.resend.secrets"),
        ("[consent]\nsecret_files = ['short']\n", "consent", "at least"),
    ] {
        let (code, problems) = found(settings);
        assert_eq!(code, Some(3), "{settings}");
        let [(named, what)] = &problems[..] else { panic!("{settings}: {problems:?}") };
        assert!(named == part && what.contains(words) && !what.contains("letmein"), "{settings}: {problems:?}");
    }
    assert_eq!(found(""), (Some(0), Vec::new()));
}
