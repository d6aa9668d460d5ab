//! The annotated file and the types are held together from both sides: each says all that the other says.

use std::collections::{BTreeMap, BTreeSet};

use toml::Value;

use super::*;

fn read(text: &str) -> Result<Config, Wrong> {
    Config::read(Some((Path::new("doorstep.toml"), text)), [])
}

/// A key that no setting has.
const PROBE: &str = "zz-probe";

/// The annotated file as it stands, and once for each choice that it shows beside the defaults: a run of lines that start
/// with `#: ` takes the place of the section that it names.
fn documents() -> Vec<String> {
    let mut choices: Vec<Vec<&str>> = Vec::new();
    let mut inside = false;
    for line in ANNOTATED.lines() {
        match line.strip_prefix("#: ") {
            Some(setting) if inside => choices.last_mut().expect("begun").push(setting),
            Some(setting) => choices.push(vec![setting]),
            None => {}
        }
        inside = line.starts_with("#: ");
    }
    let mut all = vec![ANNOTATED.to_owned()];
    all.extend(choices.into_iter().map(|choice| with_choice(&choice)));
    all
}

fn with_choice(choice: &[&str]) -> String {
    let chosen: Table = choice.join("\n").parse().unwrap_or_else(|error| panic!("{choice:#?}: {error}"));
    let mut whole: Table = ANNOTATED.parse().expect("toml");
    for (section, settings) in chosen {
        // A choice with a tag of its own replaces its section; one without completes it.
        match (whole.get_mut(&section).and_then(Value::as_table_mut), settings) {
            (Some(there), Value::Table(settings)) if !settings.contains_key("transport") => there.extend(settings),
            (_, settings) => {
                whole.insert(section, settings);
            }
        }
    }
    whole.to_string()
}

/// Every table of a document, by its path.
fn tables(path: &[String], table: &Table, found: &mut BTreeMap<Vec<String>, BTreeSet<String>>) {
    found.insert(path.to_vec(), table.keys().cloned().collect());
    for (key, value) in table {
        if let Some(inner) = value.as_table() {
            tables(&[path, std::slice::from_ref(key)].concat(), inner, found);
        }
    }
}

/// The keys that the type knows at `path`: it lists them when it is given one that it does not know.
fn known_keys(document: &Table, path: &[String]) -> Option<BTreeSet<String>> {
    let mut document = document.clone();
    let mut here = &mut document;
    for level in path {
        here = here.get_mut(level)?.as_table_mut()?;
    }
    here.insert(PROBE.to_owned(), Value::Integer(1));
    let complaint = read(&document.to_string()).err()?.to_string();
    let (_, expected) = complaint.split_once(&format!("unknown field `{PROBE}`, expected"))?;
    Some(expected.split('`').skip(1).step_by(2).map(str::to_owned).collect())
}

#[test]
fn the_annotated_file_says_the_defaults() {
    let written = read(ANNOTATED).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!(format!("{written:#?}"), format!("{:#?}", Config::default()));
}

#[test]
fn every_setting_there_is_stands_in_the_annotated_file() {
    let mut shown: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
    let mut known: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
    for document in documents() {
        read(&document).unwrap_or_else(|wrong| panic!("{wrong}\n{document}"));
        let document: Table = document.parse().expect("toml");
        let mut here = BTreeMap::new();
        tables(&[], &document, &mut here);
        for (path, keys) in here {
            if let Some(all) = known_keys(&document, &path) {
                known.entry(path.clone()).or_default().extend(all);
            }
            shown.entry(path).or_default().extend(keys);
        }
    }
    // What ops are called for has the same keys for brand, carrier and service, and for each place: shown whole once.
    let place = |path: &[String]| match path.get(2) {
        Some(section) if section == "watch" => path[..3].to_vec(),
        _ => path.to_vec(),
    };
    let mut shown_there: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for (path, keys) in &known {
        shown_there.entry((place(path), keys)).or_default().extend(shown[path].iter().cloned());
    }
    let mut missing = Vec::new();
    for (path, keys) in &known {
        let there = &shown_there[&(place(path), keys)];
        let absent = keys.difference(there).map(|key| [path.as_slice(), std::slice::from_ref(key)].concat());
        // A secret cannot stand in the file: there is its variable's name.
        let is_told =
            |setting: &[String]| secrets::of(setting).is_some() && ANNOTATED.contains(&secrets::variable(setting));
        missing.extend(absent.filter(|setting| !is_told(setting)).map(|setting| setting.join(".")));
    }
    // The tag of a choice is known to the choice, not to its fields.
    assert!(missing.is_empty(), "not in deploy/doorstep.toml: {missing:#?}");
    assert!(known.len() > 3, "the probe found hardly anything: {known:?}");
}

/// Whatever can be given by a file of its own is a secret, and known as one.
#[test]
fn every_setting_with_a_file_for_it_is_a_secret() {
    let mut seen = BTreeSet::new();
    for document in documents() {
        let table: Table = document.parse().expect("toml");
        let mut here = BTreeMap::new();
        tables(&[], &table, &mut here);
        for path in here.keys() {
            let keys = known_keys(&table, path).unwrap_or_default();
            for key in &keys {
                if keys.contains(&format!("{key}_file"))
                    || keys.contains(&format!("{}_files", key.trim_end_matches('s')))
                {
                    let setting = [path.as_slice(), std::slice::from_ref(key)].concat();
                    assert!(secrets::of(&setting).is_some(), "{} is no secret", setting.join("."));
                    seen.insert(setting.join("."));
                }
            }
        }
    }
    assert!(seen.len() >= 8, "hardly any were found: {seen:?}");
}

#[test]
fn every_setting_in_the_annotated_file_has_its_reason() {
    let lines: Vec<&str> = ANNOTATED.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        let setting = line.strip_prefix("#: ").unwrap_or(line);
        let is_setting = !setting.starts_with(['#', '[', ' ', ']']) && setting.contains(" = ");
        let above = number.checked_sub(1).map_or("", |above| lines[above]);
        let above = above.strip_prefix("#: ").unwrap_or(above);
        let explained = above.starts_with("# ") || setting.contains(" # ");
        assert!(!is_setting || explained, "line {}: {line}: say what it is for", number + 1);
    }
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    for (text, place, key) in [
        ("[links]\nbase_uri = 'x'", "links", "base_uri"),
        ("[liinks]", "", "liinks"),
        ("[email]\ntransport = 'http'\ntokn = 'x'", "email", "tokn"),
    ] {
        let wrong = read(text).expect_err("a slip of the pen").to_string();
        assert!(wrong.contains(place) && wrong.contains(key), "{wrong}");
    }
    let wrong = read("[links]\nbase_url = 5").expect_err("not a text").to_string();
    assert!(wrong.contains("links.base_url"), "{wrong}");
}

#[test]
fn a_broken_file_is_shown_where_it_breaks() {
    let wrong = read("[log]\n[links\n").expect_err("not toml").to_string();
    assert!(wrong.contains("doorstep.toml") && wrong.contains("line 2, column 7"), "{wrong}");
}

/// Beside a slip of the pen may stand what nobody should read.
#[test]
fn no_complaint_repeats_what_stands_in_the_file() {
    for text in [
        "[email]\npassword = 'hunter-7",
        "[email]\npassword = hunter-7",
        "[database]\nurl = 'postgres://u:hunter-7@d/x' pool_max = 3",
        "[database]\nurl = 'postgres://u:hunter-7@d/x'\npool_max = many",
        "[email]\ntransport = 'smtp'\nhost = 'a'\npassword = 'hunter-7'\nport = 'hunter-7'",
        "[links]\nsecret_files = 'hunter-7'",
    ] {
        let wrong = read(text).expect_err("a slip of the pen");
        let said = format!("{wrong} {wrong:?}") + &format!("{:#}", anyhow::Error::from(wrong));
        assert!(!said.contains("hunter-7"), "{said}");
    }
}

#[test]
fn the_platforms_addresses_are_honoured() {
    let variables = [("DATABASE_URL", "postgres://u:hunter-7@db.example/doorstep"), ("DOORSTEP_LOG__FORMAT", "json")];
    let variables = variables.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let config = Config::read(None, variables).expect("a configuration");
    assert_eq!(config.database.url, "postgres://u:hunter-7@db.example/doorstep");
    assert_eq!(config.log.format, Format::Json);
    assert!(!format!("{config:?}").contains("hunter-7"), "a password must not be printed");
}
