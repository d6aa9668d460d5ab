//! Where settings come from: the file, then `DATABASE_URL` and `AMQP_URL`, then `DOORSTEP_…`. Later ones win.

use toml::{Table, Value};

use super::{Wrong, secrets};

/// Settings start so in the environment.
pub(super) const PREFIX: &str = "DOORSTEP_";
/// Addresses that platforms set under names of their own, and the settings that they are.
const WELL_KNOWN: [(&str, [&str; 2]); 2] = [("DATABASE_URL", ["database", "url"]), ("AMQP_URL", ["amqp", "url"])];

/// Lays the environment over the file's table. `shape` is the default configuration: where it holds a text, the variable
/// is taken as text whatever it looks like. So is a secret.
///
/// # Errors
/// When a variable's name cannot be a setting's, or a list of secrets cannot be read.
pub(super) fn lay_over(
    table: &mut Table,
    shape: &Table,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<(), Wrong> {
    let mut variables: Vec<_> = variables.into_iter().collect();
    // Sorted, so that the same environment always gives the same settings and the same first complaint.
    variables.sort();
    for (name, path) in WELL_KNOWN {
        if let Some((_, text)) = variables.iter().find(|(there, text)| there == name && !text.is_empty()) {
            set(table, &path.map(str::to_owned), Value::String(text.clone()), name)?;
        }
    }
    for (name, text) in variables {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let path: Vec<String> = rest.split("__").map(str::to_lowercase).collect();
        let deep = path.len() >= 2;
        // The command line and the tests have variables of this prefix that are no settings. One that begins with a section's
        // name was meant as one.
        if !deep && !shape.keys().any(|section| path[0].strip_prefix(section).is_some_and(|rest| rest.starts_with('_')))
        {
            continue;
        }
        if !deep || path.iter().any(String::is_empty) {
            let problem = "levels are separated by two underscores, as in DOORSTEP_HTTP__LISTEN".to_owned();
            return Err(Wrong::Variable { name, problem });
        }
        let value = match secrets::of(&path) {
            Some(secret) if secret.is_list => list(&text).ok_or_else(|| {
                let problem = "write one text, or a list of texts such as ['…', '…']".to_owned();
                Wrong::Variable { name: name.clone(), problem }
            })?,
            Some(_) => Value::String(text),
            None => read(&text, at(shape, &path)),
        };
        set(table, &path, value, &name)?;
    }
    Ok(())
}

/// What a variable's text means: the text itself where a text is expected, else a TOML value if it is one.
fn read(text: &str, expected: Option<&Value>) -> Value {
    let as_text = || Value::String(text.to_owned());
    match expected {
        Some(Value::String(_)) => as_text(),
        Some(
            Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Array(_)
            | Value::Table(_)
            | Value::Datetime(_),
        )
        | None => {
            let mut parsed = toml::from_str::<Table>(&format!("value = {text}")).ok();
            parsed.as_mut().and_then(|table| table.remove("value")).unwrap_or_else(as_text)
        }
    }
}

/// A list of secrets: a TOML list of texts, or one secret as it is.
fn list(text: &str) -> Option<Value> {
    if text.is_empty() {
        return Some(Value::Array(Vec::new()));
    }
    if !text.trim_start().starts_with('[') {
        return Some(Value::Array(vec![Value::String(text.to_owned())]));
    }
    let all = toml::from_str::<Table>(&format!("value = {text}")).ok()?.remove("value")?;
    all.as_array().is_some_and(|all| all.iter().all(Value::is_str)).then_some(all)
}

fn at<'a>(shape: &'a Table, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = shape.get(first)?;
    if rest.is_empty() { Some(value) } else { at(value.as_table()?, rest) }
}

fn set(table: &mut Table, path: &[String], value: Value, name: &str) -> Result<(), Wrong> {
    let Some((last, above)) = path.split_last() else { return Ok(()) };
    let mut here = table;
    for level in above {
        here = here.entry(level.clone()).or_insert_with(|| Value::Table(Table::new())).as_table_mut().ok_or_else(
            || Wrong::Variable {
                name: name.to_owned(),
                problem: format!("`{level}` is a setting, not a group of settings"),
            },
        )?;
    }
    here.insert(last.clone(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(file: &str, variables: &[(&str, &str)]) -> Result<Table, Wrong> {
        let mut table: Table = file.parse().expect("toml");
        let shape: Table = "[http]\nlisten = '1'\nbody = 5\n[database]\nurl = ''".parse().expect("toml");
        let variables = variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        lay_over(&mut table, &shape, variables).map(|()| table)
    }

    #[test]
    fn the_environment_wins_over_the_file_and_ours_over_the_platforms() {
        let laid = laid(
            "[database]\nurl = 'file'",
            &[("DATABASE_URL", "platform"), ("AMQP_URL", "amqp://x"), ("DOORSTEP_DATABASE__URL", "ours")],
        )
        .expect("settings");
        assert_eq!(laid["database"]["url"].as_str(), Some("ours"));
        assert_eq!(laid["amqp"]["url"].as_str(), Some("amqp://x"));
    }

    #[test]
    fn texts_stay_texts_and_numbers_become_numbers() {
        let laid = laid(
            "",
            &[
                ("DOORSTEP_HTTP__LISTEN", "8080"),
                ("DOORSTEP_HTTP__BODY", "7"),
                ("DOORSTEP_NEW__LIST", "['a', 'b']"),
                ("DOORSTEP_NEW__WAIT", "10m"),
            ],
        )
        .expect("settings");
        assert_eq!(laid["http"]["listen"].as_str(), Some("8080"));
        assert_eq!(laid["http"]["body"].as_integer(), Some(7));
        assert_eq!(laid["new"]["list"].as_array().map(Vec::len), Some(2));
        assert_eq!(laid["new"]["wait"].as_str(), Some("10m"));
    }

    #[test]
    fn secrets_are_texts_whatever_they_look_like() {
        let laid = laid(
            "",
            &[
                ("DOORSTEP_EMAIL__PASSWORD", "12345678"),
                ("DOORSTEP_EMAIL__TOKEN", "'quoted'"),
                ("DOORSTEP_SMS__SECRETS", "whsec_alone"),
                ("DOORSTEP_CONSENT__SMS__SECRETS", "['new', 'old']"),
                ("DOORSTEP_CONSENT__RESEND__SECRETS", ""),
            ],
        )
        .expect("settings");
        assert_eq!(laid["email"]["password"].as_str(), Some("12345678"));
        assert_eq!(laid["email"]["token"].as_str(), Some("'quoted'"));
        assert_eq!(laid["sms"]["secrets"], Value::Array(vec!["whsec_alone".into()]));
        assert_eq!(laid["consent"]["sms"]["secrets"], Value::Array(vec!["new".into(), "old".into()]));
        assert_eq!(laid["consent"]["resend"]["secrets"], Value::Array(Vec::new()));
    }

    #[test]
    fn a_list_of_secrets_that_cannot_be_read_is_not_repeated() {
        for text in ["['hunter-7'", "['hunter-7', 77777]"] {
            let wrong = laid("", &[("DOORSTEP_SMS__SECRETS", text)]).expect_err("no list").to_string();
            assert!(wrong.starts_with("DOORSTEP_SMS__SECRETS: "), "{wrong}");
            assert!(!wrong.contains("hunter-7") && !wrong.contains("77777"), "{wrong}");
        }
    }

    #[test]
    fn a_name_that_cannot_be_a_setting_is_named() {
        for name in ["DOORSTEP_HTTP_LISTEN", "DOORSTEP_HTTP__", "DOORSTEP_HTTP__LISTEN__DEEPER"] {
            let wrong = laid("[http]\nlisten = 'x'", &[(name, "1")]).expect_err("not a setting").to_string();
            assert!(wrong.contains(name), "{wrong}");
        }
        let others = [("DOORSTEP_CONFIG", "x"), ("DOORSTEP_TEST_SMTP", "y"), ("DOORSTEP_HTTPS", "z")];
        assert!(laid("", &others).expect("ignored").is_empty());
    }
}
