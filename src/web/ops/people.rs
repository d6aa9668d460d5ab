//! Who may use the console: people with passwords, and those whom a reverse proxy names.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use axum::http::{HeaderMap, HeaderName};
use jiff::tz::TimeZone;

use super::settings::Settings;
use crate::web::peer::Networks;

/// Longest login name, in characters.
pub(super) const NAME_CHARS_MAX: usize = 64;
/// Longest password taken, in bytes: hashing a book would only cost time.
pub(super) const PASSWORD_BYTES_MAX: usize = 1024;
/// Shortest password that is hashed for the users' file.
pub const PASSWORD_CHARS_MIN: usize = 12;

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Looks, and changes nothing. Sees nothing personal.
    Viewer,
    /// Looks and acts.
    Operator,
}

impl Role {
    /// The word used in the users' file and in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Viewer, Self::Operator].into_iter().find(|role| role.as_str() == word)
    }
}

/// Why the console cannot be opened with these settings.
#[derive(Debug, thiserror::Error)]
pub enum BadOps {
    #[error("ops.users_file: cannot read {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("ops.users_file: line {line} of {}: {what}", path.display())]
    Line { path: PathBuf, line: usize, what: &'static str },
    #[error("ops.proxy_header: not the name of a header")]
    Header,
    #[error(
        "ops.proxy_networks: name at least one network, such as 127.0.0.1/32, from which ops.proxy_header is believed"
    )]
    NoNetworks,
    #[error("ops.proxy_networks: {0:?} is not a network such as 10.0.0.0/8")]
    Network(String),
    #[error("ops.proxy_operators, ops.proxy_viewers: name at least one person, or \"*\" among the viewers")]
    NobodyByProxy,
    #[error("ops.time_zone: {0:?} is not the name of a time zone, such as Europe/Warsaw")]
    Zone(String),
    #[error("ops.users_file: a password needs at least {PASSWORD_CHARS_MIN} characters")]
    ShortPassword,
    #[error("ops.users_file: the password cannot be hashed")]
    Unhashable,
}

/// A person with a password.
#[derive(Clone)]
struct Person {
    name: String,
    role: Role,
    hash: String,
}

/// Everyone with a password.
#[derive(Clone, Default)]
pub struct People(Vec<Person>);

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} people", self.0.len())
    }
}

impl People {
    /// Reads a users' file: `name role hash` a line; `#` begins a comment.
    ///
    /// # Errors
    /// [`BadOps`], which names the line, and never what stands in it.
    pub fn read(path: &Path) -> Result<Self, BadOps> {
        let read = std::fs::read_to_string(path);
        let text = read.map_err(|source| BadOps::File { path: path.to_owned(), source })?;
        let mut people: Vec<Person> = Vec::new();
        for (place, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let bad = |what| BadOps::Line { path: path.to_owned(), line: place + 1, what };
            let words: Vec<&str> = line.split_whitespace().collect();
            let [name, role, hash] = words[..] else { return Err(bad("write name, role and hash")) };
            if !is_name(name) {
                return Err(bad("a name is 1 to 64 letters, digits, and . _ - @"));
            }
            if people.iter().any(|person| person.name == name) {
                return Err(bad("this name stands above already"));
            }
            let role = Role::parse(role).ok_or_else(|| bad("the role is viewer or operator"))?;
            let known = PasswordHash::new(hash).is_ok_and(|hash| hash.algorithm.as_str() == "argon2id");
            if !known {
                return Err(bad("the hash is none that `doorstep ops hash` makes"));
            }
            people.push(Person { name: name.to_owned(), role, hash: hash.to_owned() });
        }
        if people.is_empty() {
            return Err(BadOps::Line { path: path.to_owned(), line: 1, what: "nobody is named" });
        }
        Ok(Self(people))
    }

    /// The role of a person with this name.
    pub(super) fn role_of(&self, name: &str) -> Option<Role> {
        self.0.iter().find(|person| person.name == name).map(|person| person.role)
    }

    /// Whether this is the person's password. For a name that is not known it takes as long as for one that is. Takes a good
    /// part of a second: not on a thread that serves.
    pub(super) fn verify(&self, name: &str, password: &str) -> Option<Role> {
        let person = self.0.iter().find(|person| person.name == name);
        let hash = person.or(self.0.first()).map(|person| person.hash.as_str())?;
        let fits = PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        person.filter(|_| fits).map(|person| person.role)
    }
}

/// Hashes a password as the users' file wants it.
///
/// # Errors
/// [`BadOps::ShortPassword`].
pub fn hash(password: &str) -> Result<String, BadOps> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(BadOps::ShortPassword);
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(BadOps::Unhashable);
    }
    let salt = rand::random::<[u8; 16]>();
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
    Ok(hash.map_err(|_| BadOps::Unhashable)?.to_string())
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && name.chars().all(fits)
}

/// A reverse proxy that names people.
#[derive(Debug, Clone)]
pub(super) struct Proxy {
    header: HeaderName,
    networks: Networks,
    operators: Vec<String>,
    viewers: Vec<String>,
}

/// Whom the proxy has let in, as far as we are concerned.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// The request does not come from the proxy, or the proxy names nobody.
    Nobody,
    /// Named, and not on our lists.
    Stranger,
    Person(String, Role),
}

impl Proxy {
    fn read(settings: &Settings, networks: &Networks) -> Result<Option<Self>, BadOps> {
        if settings.proxy_header.is_empty() {
            return Ok(None);
        }
        let header = HeaderName::from_bytes(settings.proxy_header.as_bytes()).map_err(|_| BadOps::Header)?;
        if networks.is_empty() {
            return Err(BadOps::NoNetworks);
        }
        let (operators, viewers) = (settings.proxy_operators.clone(), settings.proxy_viewers.clone());
        if operators.is_empty() && viewers.is_empty() {
            return Err(BadOps::NobodyByProxy);
        }
        Ok(Some(Self { header, networks: networks.clone(), operators, viewers }))
    }

    /// Whom it names. A header that comes twice was not written by the proxy alone.
    pub(super) fn names(&self, peer: IpAddr, headers: &HeaderMap) -> Named {
        if !self.networks.hold(peer) {
            return Named::Nobody;
        }
        let mut given = headers.get_all(&self.header).iter();
        let (Some(name), None) = (given.next(), given.next()) else { return Named::Nobody };
        let Some(name) = name.to_str().ok().map(str::trim).filter(|name| is_name(name)) else { return Named::Nobody };
        let role = if self.operators.iter().any(|known| known == name) {
            Role::Operator
        } else if self.viewers.iter().any(|known| known == name || known == "*") {
            Role::Viewer
        } else {
            return Named::Stranger;
        };
        Named::Person(name.to_owned(), role)
    }
}

/// How people come in.
#[derive(Debug, Clone)]
pub struct Entrance {
    pub(super) people: Option<People>,
    pub(super) proxy: Option<Proxy>,
    pub(super) networks: Networks,
    /// The demo: whoever sits at this machine is an operator.
    pub(super) is_open: bool,
    pub(super) zone: TimeZone,
    pub(super) settings: Settings,
}

impl Entrance {
    /// Reads what the settings name. `Ok(None)`: the console is off.
    ///
    /// # Errors
    /// [`BadOps`].
    pub fn read(settings: &Settings) -> Result<Option<Self>, BadOps> {
        let zone = TimeZone::get(&settings.time_zone).map_err(|_| BadOps::Zone(settings.time_zone.clone()))?;
        if !settings.is_on() {
            return Ok(None);
        }
        let file = Some(&settings.users_file).filter(|path| !path.as_os_str().is_empty());
        let people = file.map(|path| People::read(path)).transpose()?;
        let networks = Networks::read(&settings.proxy_networks).map_err(BadOps::Network)?;
        let proxy = Proxy::read(settings, &networks)?;
        Ok(Some(Self { people, proxy, networks, is_open: false, zone, settings: settings.clone() }))
    }

    /// For the demo: everybody at this machine is an operator.
    pub fn open_to_this_machine() -> Self {
        let settings = Settings::default();
        Self { people: None, proxy: None, networks: Networks::default(), is_open: true, zone: TimeZone::UTC, settings }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `correct horse battery`, hashed at the least cost, so that tests take no time.
    const CHEAP: &str = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$";

    fn read(text: &str) -> Result<People, BadOps> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        std::fs::write(&path, text).unwrap();
        People::read(&path)
    }

    fn cheap(password: &str) -> String {
        let params = argon2::Params::new(8, 1, 1, None).unwrap();
        let hasher = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        hasher.hash_password_with_salt(password.as_bytes(), b"somesaltsomesalt").unwrap().to_string()
    }

    #[test]
    fn the_users_file_is_read_whole_or_not_at_all() {
        let hash = cheap("correct horse battery");
        assert!(hash.starts_with(CHEAP), "{hash}");
        let people = read(&format!("# who may\n\nann operator {hash}\nbob viewer {hash}\n")).unwrap();
        assert_eq!(people.role_of("ann"), Some(Role::Operator));
        assert_eq!(people.verify("bob", "correct horse battery"), Some(Role::Viewer));
        assert_eq!(people.verify("bob", "correct horse batterx"), None);
        assert_eq!(people.verify("eve", "correct horse battery"), None, "the first one's password opens nothing else");
        assert_eq!(format!("{people:?}"), "2 people");
        for (text, why) in [
            ("", "nobody"),
            ("ann operator", "name, role and hash"),
            (&format!("ann owner {hash}"), "viewer or operator"),
            (&format!("a/b viewer {hash}"), "a name is"),
            ("ann viewer $2y$10$abcdefghijklmnopqrstuv", "ops hash"),
            (&format!("ann viewer {hash}\nann operator {hash}"), "above already"),
        ] {
            let wrong = read(text).unwrap_err().to_string();
            assert!(wrong.contains(why), "{wrong}");
            assert!(!wrong.contains("argon2id$"), "no hash in an error: {wrong}");
        }
    }

    #[test]
    fn short_passwords_are_not_hashed() {
        assert!(matches!(hash("elevenchars"), Err(BadOps::ShortPassword)));
    }

    #[test]
    fn only_the_proxy_itself_names_people() {
        let settings = Settings {
            proxy_header: "X-Forwarded-User".to_owned(),
            proxy_networks: vec!["10.1.0.0/16".to_owned()],
            proxy_operators: vec!["ann".to_owned()],
            proxy_viewers: vec!["bob".to_owned()],
            ..Settings::default()
        };
        let read = |settings: &Settings| {
            Proxy::read(settings, &Networks::read(&settings.proxy_networks).map_err(BadOps::Network)?)
        };
        let proxy = read(&settings).unwrap().unwrap();
        let named = |peer: &str, names: &[&str]| {
            let mut headers = HeaderMap::new();
            for name in names {
                headers.append("x-forwarded-user", name.parse().unwrap());
            }
            proxy.names(peer.parse().unwrap(), &headers)
        };
        assert_eq!(named("10.1.2.3", &["ann"]), Named::Person("ann".to_owned(), Role::Operator));
        assert_eq!(named("::ffff:10.1.2.3", &["bob"]), Named::Person("bob".to_owned(), Role::Viewer));
        assert_eq!(named("10.1.2.3", &["eve"]), Named::Stranger);
        assert_eq!(named("10.2.2.3", &["ann"]), Named::Nobody, "from elsewhere the header means nothing");
        assert_eq!(named("10.1.2.3", &["ann", "ann"]), Named::Nobody, "one of the two came from outside");
        assert_eq!(named("10.1.2.3", &["<ann>"]), Named::Nobody);
        let nowhere = Settings { proxy_networks: vec![], ..settings };
        assert!(matches!(read(&nowhere), Err(BadOps::NoNetworks)));
    }
}
