//! E-mail addresses as far as this side must understand them: one mailbox, in the form that everybody uses.

use std::fmt;

use crate::channel::{Cause, SendError};

/// Longest address and longest local part, in bytes. Source: RFC 5321, 4.5.3.1, and its erratum 1690.
const ADDRESS_MAX: usize = 254;
const LOCAL_MAX: usize = 64;

/// A mailbox's address, fit to stand in a header and in an SMTP command.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    local: String,
    /// In ASCII: international names are in their `xn--` form, which needs no help from the server.
    pub(super) domain: String,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

impl Address {
    /// Whether only a server with SMTPUTF8 can take it.
    pub(super) fn needs_utf8(&self) -> bool {
        !self.local.is_ascii()
    }

    /// The address as SMTP's commands take it, judged a second time by lettre.
    ///
    /// # Errors
    /// [`SendError::Never`] if lettre knows better.
    pub(super) fn for_smtp(&self) -> Result<lettre::Address, SendError> {
        lettre::Address::new(&self.local, &self.domain).map_err(|_| unfit())
    }
}

/// Takes `local@domain` with a dotted local part. Quoted local parts, comments and address literals are refused: no mailbox
/// of a customer looks like that, and each is a way to smuggle something past a server.
///
/// # Errors
/// [`SendError::Never`], without the address in its words.
pub(super) fn parse(text: &str) -> Result<Address, SendError> {
    split(text).ok_or_else(unfit)
}

fn unfit() -> SendError {
    SendError::Never {
        cause: Cause { what: "the address is not one that mail can go to", code: None, endpoint_fault: false },
    }
}

fn split(text: &str) -> Option<Address> {
    let (local, domain) = text.trim().rsplit_once('@')?;
    let atom = |c: char| {
        c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || (!c.is_ascii() && c.is_alphanumeric())
    };
    let dotted = local.split('.').all(|part| !part.is_empty() && part.chars().all(atom));
    if !dotted || local.len() > LOCAL_MAX {
        return None;
    }
    let domain = ascii_domain(domain)?;
    (local.len() + 1 + domain.len() <= ADDRESS_MAX).then(|| Address { local: local.to_owned(), domain })
}

fn ascii_domain(domain: &str) -> Option<String> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.');
    if !domain.chars().all(plain) {
        return None;
    }
    // The URL parser knows IDNA; a host that it turns into a number was no domain.
    let url = reqwest::Url::parse(&format!("http://{domain}/")).ok()?;
    let host = url.domain()?;
    let label =
        |label: &str| !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-');
    host.split('.').all(label).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_addresses_pass() {
        for (given, written, utf8) in [
            ("ann@example.com", "ann@example.com", false),
            ("ann.o'neill+shop@mail.example.com", "ann.o'neill+shop@mail.example.com", false),
            ("Ann@EXAMPLE.com", "Ann@example.com", false),
            ("ann@bücher.example", "ann@xn--bcher-kva.example", false),
            ("поща@приклад.example", "поща@xn--80aikifvh.example", true),
            (" ann@localhost ", "ann@localhost", false),
        ] {
            let address = split(given).unwrap_or_else(|| panic!("{given} was refused"));
            assert_eq!(address.to_string(), written);
            assert_eq!(address.needs_utf8(), utf8);
        }
    }

    #[test]
    fn what_could_smuggle_something_is_refused() {
        for hostile in [
            "",
            "ann",
            "@example.com",
            "ann@",
            "a@b@example.com",
            "ann@example.com>",
            "<ann@example.com>",
            "ann@example.com\r\nRCPT TO:<eve@example.com>",
            "ann\0@example.com",
            "ann @example.com",
            "a..n@example.com",
            ".ann@example.com",
            "ann.@example.com",
            "\"ann eve\"@example.com",
            "ann(eve)@example.com",
            "ann,eve@example.com",
            "ann@[127.0.0.1]",
            "ann@127.0.0.1",
            "ann@0x7f000001",
            "ann@exa mple.com",
            "ann@-example.com",
            "ann@example..com",
            "ann@example.com.",
            "ann@exam_ple.com",
            "ann\u{202e}@example.com",
            "ann@example.com/x",
            "ann@example.com:25",
        ] {
            assert!(split(hostile).is_none(), "{hostile:?} was taken");
        }
        assert!(split(&format!("{}@example.com", "a".repeat(65))).is_none());
        assert!(split(&format!("a@{}.example", "b".repeat(64))).is_none());
        assert!(split(&format!("a@{}", ["b"; 130].join("."))).is_none());
    }
}
