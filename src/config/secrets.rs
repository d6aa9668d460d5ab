//! Which settings are secrets, and that the configuration file holds none of them.
//!
//! Such a file is kept in repositories, shown to colleagues and pasted into questions. So it names files that hold one secret
//! each, or leaves secrets to the environment.

use reqwest::Url;
use toml::{Table, Value};

use super::Wrong;

/// A setting that is a secret.
#[derive(Debug)]
pub(super) struct Secret {
    /// Where it stands; `*` is any name.
    path: &'static [&'static str],
    /// The setting beside it that names a file, or a list of files, with one secret each.
    file: &'static str,
    pub(super) is_list: bool,
    /// The transport whose secret it is; empty: every one's.
    transport: &'static str,
}

impl Secret {
    const fn one(path: &'static [&'static str], file: &'static str) -> Self {
        Self { path, file, is_list: false, transport: "" }
    }

    const fn list(path: &'static [&'static str]) -> Self {
        Self { path, file: "secret_files", is_list: true, transport: "" }
    }
}

/// Every one that is a secret as a whole.
const SECRETS: [Secret; 6] = [
    Secret::one(&["email", "password"], "password_file"),
    Secret::one(&["email", "token"], "token_file"),
    Secret::list(&["sms", "secrets"]),
    Secret::list(&["alerts", "targets", "*", "secrets"]),
    // A webhook's address is none: what is sent there is signed.
    Secret { transport: "slack", ..Secret::one(&["alerts", "targets", "*", "url"], "url_file") },
    Secret::list(&["consent", "*", "secrets"]),
];

/// Addresses that may hold a password, and where else it can come from.
const ADDRESSES: [([&str; 2], &str); 2] = [
    (
        ["database", "url"],
        "give the whole address as DATABASE_URL in the environment, or keep the password in a PGPASSFILE",
    ),
    (
        ["amqp", "url"],
        "name a file that holds it in amqp.password_file, or give the whole address as AMQP_URL in the environment",
    ),
];

/// The secret that a setting is.
pub(super) fn of(path: &[String]) -> Option<&'static Secret> {
    let fits = |known: &&str, level: &String| *known == "*" || known == level;
    SECRETS.iter().find(|secret| {
        secret.path.len() == path.len() && secret.path.iter().zip(path).all(|(known, level)| fits(known, level))
    })
}

/// The variable that sets a setting.
pub(super) fn variable(path: &[String]) -> String {
    format!("{}{}", super::layers::PREFIX, path.join("__").to_uppercase())
}

/// Refuses a file that holds a secret itself.
///
/// # Errors
/// The first one, by its name; never what it is.
pub(super) fn refuse_in_file(file: &Table) -> Result<(), Wrong> {
    for (path, instead) in ADDRESSES {
        let address = file.get(path[0]).and_then(|section| section.get(path[1])).and_then(Value::as_str);
        if address.is_some_and(holds_password) {
            let problem = format!("the password may not stand in this file: {instead}");
            return Err(Wrong::Setting { key: path.join("."), problem });
        }
    }
    refuse_under(&mut Vec::new(), file)
}

fn refuse_under(above: &mut Vec<String>, table: &Table) -> Result<(), Wrong> {
    for (key, value) in table {
        above.push(key.clone());
        if let Value::Table(inner) = value {
            refuse_under(above, inner)?;
        }
        if let Some(secret) = of(above).filter(|secret| is_held(secret, value, table)) {
            let (key, variable) = (above.join("."), variable(above));
            let file = key
                .rsplit_once('.')
                .map_or(secret.file.to_owned(), |(section, _)| format!("{section}.{}", secret.file));
            let problem = format!(
                "a secret may not stand in this file: name a file that holds it in {file}, or set {variable} in the environment"
            );
            return Err(Wrong::Setting { key, problem });
        }
        above.pop();
    }
    Ok(())
}

/// Whether `value` gives the secret. An empty one gives nothing.
fn is_held(secret: &Secret, value: &Value, beside: &Table) -> bool {
    let is_empty = match value {
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => false,
    };
    let transport = beside.get("transport").and_then(Value::as_str).unwrap_or_default();
    !is_empty && (secret.transport.is_empty() || secret.transport == transport)
}

/// Whether an address has a password in it. One that cannot be read at all is refused elsewhere, without being repeated. RabbitMQ's
/// own `guest`, whom it lets in from its own machine alone, is no secret.
fn holds_password(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| {
        url.password().is_some_and(|password| !password.is_empty() && password != "guest")
            || url.query_pairs().any(|(key, _)| key == "password")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(file: &str) -> Option<String> {
        refuse_in_file(&file.parse().expect("toml")).err().map(|wrong| wrong.to_string())
    }

    #[test]
    fn a_secret_in_the_file_is_refused_by_name_and_not_repeated() {
        for (file, key, instead) in [
            ("[email]\npassword = 'hunter-7'", "email.password", "DOORSTEP_EMAIL__PASSWORD"),
            ("[email]\ntoken = 77777", "email.token", "email.token_file"),
            ("[sms]\nsecrets = ['hunter-7']", "sms.secrets", "sms.secret_files"),
            (
                "[alerts.targets.ops]\nsecrets = ['hunter-7']",
                "alerts.targets.ops.secrets",
                "DOORSTEP_ALERTS__TARGETS__OPS__SECRETS",
            ),
            ("[alerts.targets.a]\ntransport = 'slack'\nurl = 'https://x/hunter-7'", "alerts.targets.a.url", "url_file"),
            ("[consent.resend]\nsecrets = ['hunter-7']", "consent.resend.secrets", "consent.resend.secret_files"),
            ("[amqp]\nurl = 'amqp://u:hunter-7@b/%2f'", "amqp.url", "amqp.password_file"),
            ("[database]\nurl = 'postgres://u:hunter-7@d/x'", "database.url", "DATABASE_URL"),
            ("[database]\nurl = 'postgres://u@d/x?password=hunter-7'", "database.url", "PGPASSFILE"),
        ] {
            let complaint = refused(file).unwrap_or_else(|| panic!("{file} is taken"));
            assert!(complaint.starts_with(&format!("{key}: ")) && complaint.contains(instead), "{complaint}");
            assert!(!complaint.contains("hunter-7") && !complaint.contains("77777"), "{complaint}");
        }
    }

    #[test]
    fn names_of_files_and_what_is_no_secret_may_stand_there() {
        for file in [
            "[email]\npassword_file = 'a'\npassword = ''",
            "[sms]\nsecrets = []\nsecret_files = ['a']",
            "[alerts.targets.ops]\ntransport = 'webhook'\nurl = 'https://ops.example/hook'",
            "[dispatch.email.brands]\nsecrets = 4\npassword = 5",
            "[amqp]\nurl = 'amqp://guest:guest@localhost/%2f'",
            "[amqp]\nurl = 'amqp://u@b/%2f'\n[database]\nurl = 'sqlite:x@y:z.db'",
        ] {
            assert_eq!(refused(file), None, "{file}");
        }
    }
}
