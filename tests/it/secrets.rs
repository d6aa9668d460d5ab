//! Secrets come from files or the environment, and are never printed: each one is planted, used, and looked for in all that the
//! real binary says, shows and sends.

mod broken;
mod house;
mod life;
mod plants;

use std::collections::BTreeSet;

use house::{House, Mail, Way};
use life::Life;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_that_came_from_a_file_is_printed() {
    Life::lived(Way::Files, Mail::Smtp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_that_came_from_the_environment_is_printed() {
    Life::lived(Way::Environment, Mail::Http).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_printed_where_database_or_broker_refuse_it() {
    let mut life = Life::of(House::new().await);
    life.house.forget_broker();
    for way in [Way::Files, Way::Environment] {
        life.refused_by_broker(way).await;
    }
    life.house.forget_database();
    for way in [Way::Files, Way::Environment] {
        life.refused_by_database(way).await;
    }
    life.over().await;
}

/// Every setting of the annotated file that names a file, and every variable that stands for a secret there, is planted here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_setting_that_takes_a_secret_is_planted() {
    let house = House::new().await;
    let annotated = include_str!("../../deploy/doorstep.toml");
    let settings = [Mail::Smtp, Mail::Http].map(|mail| house.settings(Way::Files, mail)).concat();
    let (known, planted) = (settings_with_files(annotated), settings_with_files(&settings));
    assert!(known.len() > 10, "{known:?}");
    assert_eq!(known.difference(&planted).collect::<Vec<_>>(), Vec::<&String>::new());

    let words = annotated.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|w| w.contains("__"));
    let is_secret = |word: &&str| ["PASSWORD", "TOKEN", "SECRETS", "URL"].iter().any(|last| word.ends_with(last));
    let known: BTreeSet<&str> = words.filter(is_secret).collect();
    let variables = [Mail::Smtp, Mail::Http].map(|mail| house.variables(Way::Environment, mail)).concat();
    let planted: BTreeSet<&str> = variables.iter().map(|(name, _)| *name).collect();
    assert!(known.len() > 5, "{known:?}");
    assert_eq!(known.difference(&planted).collect::<Vec<_>>(), Vec::<&&str>::new());
    house.db.end().await;
}

/// The settings of a configuration that name files with secrets, with their sections.
fn settings_with_files(text: &str) -> BTreeSet<String> {
    let (mut section, mut found) = (String::new(), BTreeSet::new());
    for line in text.lines().map(|line| line.strip_prefix("#: ").unwrap_or(line)) {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']).to_owned();
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.contains(['#', ' '])) {
            // Certificates are shown to everybody.
            if (key.ends_with("_file") || key.ends_with("_files")) && key != "ca_file" {
                found.insert(format!("{section}.{key}"));
            }
        }
    }
    found
}
