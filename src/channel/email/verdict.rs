//! What a server's replies mean for a mail.
//!
//! Before the final dot nothing was handed over, so every failure is for later or for good. After it only a reply decides.

use super::wire::{Reply, Trouble};
use crate::channel::{Cause, Receipt, SendError};

/// Longest receipt kept, in characters.
const RECEIPT_MAX: usize = 200;

/// Why a mail was not opened.
#[derive(Debug)]
pub(super) struct Unopened {
    pub(super) error: SendError,
    /// Whether the connection was found dead before the server said anything about this mail.
    pub(super) stale: bool,
    /// Whether both sides still agree on where they are, so that the connection can be used again after a reset.
    pub(super) in_step: bool,
}

/// Reads the replies to MAIL, RCPT and DATA: the first that is not as hoped decides.
pub(super) fn judge(replies: &[Result<Reply, Trouble>]) -> Result<(), Unopened> {
    let codes: Vec<Option<u16>> = replies.iter().map(|reply| reply.as_ref().ok().map(|reply| reply.code)).collect();
    match codes.as_slice() {
        [Some(250..=259), Some(250..=259), Some(354)] => return Ok(()),
        [] => return Err(dead(Trouble::Lost, true)),
        _ => {}
    }
    for (number, reply) in replies.iter().enumerate() {
        let reply = match reply {
            Ok(reply) => reply,
            Err(trouble) => return Err(dead(*trouble, number == 0 && *trouble == Trouble::Lost)),
        };
        let error = match (number, reply.code) {
            (0 | 1, 250..=259) | (2, 354) => continue,
            (0, 400..=599) => sender_refusal(reply),
            (1, 550..=559) if is_gone(reply) => {
                let (what, code) = ("the recipient's address does not exist", Some(reply.code));
                SendError::NoSuchAddress { cause: Cause { what, code, endpoint_fault: false } }
            }
            (1, 400..=599) => refusal(reply, "the recipient was refused"),
            (_, 400..=599) => refusal(reply, "the mail was refused before its body"),
            _ => return Err(dead(Trouble::Surprise, false)),
        };
        // A server that takes DATA after refusing the rest now waits for a body: that connection is lost to us.
        let in_step = reply.code != 421 && !codes.contains(&Some(354)) && !codes.contains(&None);
        return Err(Unopened { error, stale: number == 0 && reply.code == 421, in_step });
    }
    Err(dead(Trouble::Surprise, false))
}

/// Whether the server says that the address itself is dead. Only the enhanced code says so without doubt: a bare 550 is what spam
/// filters answer too. RFC 3463: 5.1.1 no such mailbox, 5.1.2 no such host, 5.1.3 not an address there, 5.1.6 moved away, 5.2.1
/// mailbox closed; RFC 7505: 5.1.10 the domain takes no mail.
fn is_gone(reply: &Reply) -> bool {
    const GONE: [&str; 6] = ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"];
    let first = reply.lines.first().and_then(|line| line.split_ascii_whitespace().next());
    first.is_some_and(|code| GONE.contains(&code))
}

fn dead(trouble: Trouble, stale: bool) -> Unopened {
    let error = broken(trouble, "the connection was lost before the mail", "timed out before the mail");
    Unopened { error, stale, in_step: false }
}

/// Our sender is the shop's setting: a server that refuses it refuses every mail, so none is given up for it.
fn sender_refusal(reply: &Reply) -> SendError {
    match reply.code {
        552 => refusal(reply, "the mail is bigger than the server takes"),
        code => fault("the sender was refused", Some(code)),
    }
}

/// What a 4xx or 5xx about this mail means.
pub(super) fn refusal(reply: &Reply, what: &'static str) -> SendError {
    let code = reply.code;
    match code {
        // 421 going down, 451 and 452 out of order, 454 throttled: true for other mails as well.
        421 | 451 | 452 | 454 => fault(what, Some(code)),
        400..=499 => {
            SendError::Later { retry_after: None, cause: Cause { what, code: Some(code), endpoint_fault: false } }
        }
        // Commands unknown or out of order, login or encryption asked for: nothing about this mail.
        500..=504 | 530 | 534 | 535 | 538 => fault(what, Some(code)),
        _ => SendError::Never { cause: Cause { what, code: Some(code), endpoint_fault: false } },
    }
}

/// The endpoint's fault, the same for every mail.
pub(super) fn fault(what: &'static str, code: Option<u16>) -> SendError {
    SendError::Later { retry_after: None, cause: Cause { what, code, endpoint_fault: true } }
}

/// The server said what no server says there.
pub(super) fn broken_protocol() -> SendError {
    fault("the server broke the protocol", None)
}

/// The connection failed before the mail could have been handed over.
pub(super) fn broken(trouble: Trouble, lost: &'static str, timeout: &'static str) -> SendError {
    match trouble {
        Trouble::Lost => fault(lost, None),
        Trouble::Timeout => fault(timeout, None),
        Trouble::Surprise => broken_protocol(),
    }
}

/// The final dot has left us and nothing certain came back.
pub(super) fn in_doubt(trouble: Trouble) -> SendError {
    let what = match trouble {
        Trouble::Lost => "the connection was lost after the final dot",
        Trouble::Timeout => "timed out after the final dot",
        Trouble::Surprise => "the server broke the protocol after the final dot",
    };
    SendError::InDoubt { cause: Cause { what, code: None, endpoint_fault: true } }
}

/// The reply that a step must have; anything else is the endpoint's fault.
pub(super) fn expect(reply: Result<Reply, Trouble>, code: u16, what: &'static str) -> Result<Reply, SendError> {
    match reply {
        Ok(reply) if reply.code == code => Ok(reply),
        Ok(reply) => Err(fault(what, Some(reply.code))),
        Err(trouble) => {
            Err(broken(trouble, "the connection was lost at its start", "timed out at the connection's start"))
        }
    }
}

/// The server's words about the mail it took, such as its queue id; without anything that could be an address.
pub(super) fn receipt(reply: &Reply) -> Receipt {
    let words = reply.lines.last().map(String::as_str).unwrap_or_default();
    let visible = |c: &char| c.is_ascii_graphic() || *c == ' ';
    let words: String = words.split(' ').filter(|word| !word.contains('@')).collect::<Vec<_>>().join(" ");
    let words: String = words.chars().filter(visible).take(RECEIPT_MAX).collect();
    Receipt { id: (!words.is_empty()).then_some(words) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16) -> Result<Reply, Trouble> {
        Ok(Reply { code, lines: vec![String::new()] })
    }

    #[test]
    fn the_first_bad_reply_decides() {
        assert!(judge(&[reply(250), reply(251), reply(354)]).is_ok());
        for (replies, class, in_step) in [
            (vec![reply(250), reply(550), reply(554)], "never", true),
            (vec![reply(250), reply(550), reply(354)], "never", false),
            (vec![reply(250), reply(450), reply(503)], "later", true),
            (vec![reply(250), reply(250), reply(452)], "fault", true),
            (vec![reply(250), reply(250), reply(554)], "never", true),
            (vec![reply(550), reply(503), reply(503)], "fault", true),
            (vec![reply(552), reply(503), reply(503)], "never", true),
            (vec![reply(250), reply(530)], "fault", true),
            (vec![reply(421)], "fault", false),
            (vec![reply(250), Err(Trouble::Lost)], "fault", false),
            (vec![reply(250), reply(250), reply(250)], "fault", false),
            (vec![reply(354), reply(250), reply(250)], "fault", false),
            (vec![Err(Trouble::Surprise)], "fault", false),
        ] {
            let unopened = judge(&replies).unwrap_err();
            let found = match unopened.error {
                SendError::Never { .. } => "never",
                SendError::Later { cause, .. } if cause.endpoint_fault => "fault",
                SendError::Later { .. } => "later",
                SendError::NoSuchAddress { .. } | SendError::InDoubt { .. } | SendError::NotWanted => "wrong",
            };
            assert_eq!((found, unopened.in_step), (class, in_step), "{replies:?}");
        }
    }

    #[test]
    fn an_address_is_gone_only_where_the_server_says_so_of_the_address() {
        let says = |code: u16, words: &str| Ok(Reply { code, lines: vec![words.to_owned()] });
        let gone = |replies: &[Result<Reply, Trouble>]| {
            matches!(judge(replies).unwrap_err().error, SendError::NoSuchAddress { .. })
        };
        for words in ["5.1.1 <a@b.example>: user unknown", "5.2.1 mailbox disabled", "5.1.10 null MX"] {
            assert!(gone(&[reply(250), says(550, words), reply(554)]), "{words}");
        }
        for (code, words) in [
            (550, "no such user"),
            (550, "5.7.1 blocked by our list"),
            (552, "5.2.2 mailbox full"),
            (450, "5.1.1 later"),
            (550, "5.1.11 x"),
        ] {
            assert!(!gone(&[reply(250), says(code, words), reply(554)]), "{code} {words}");
        }
        assert!(!gone(&[says(550, "5.1.1 the sender"), reply(503), reply(503)]), "that was said of our own address");
        assert!(!gone(&[reply(250), reply(250), says(554, "5.1.1 of the mail")]));
    }

    #[test]
    fn only_a_death_before_the_first_reply_is_stale() {
        assert!(judge(&[Err(Trouble::Lost)]).unwrap_err().stale);
        assert!(judge(&[reply(421)]).unwrap_err().stale);
        assert!(!judge(&[Err(Trouble::Timeout)]).unwrap_err().stale);
        assert!(!judge(&[reply(250), Err(Trouble::Lost)]).unwrap_err().stale);
    }

    #[test]
    fn a_receipt_holds_no_address() {
        let said = |words: &str| receipt(&Reply { code: 250, lines: vec![words.to_owned()] }).id;
        assert_eq!(said("2.0.0 Ok: queued as 4Xy"), Some("2.0.0 Ok: queued as 4Xy".to_owned()));
        assert_eq!(said("ok <ann@example.com> queued\0"), Some("ok queued".to_owned()));
        assert_eq!(said(""), None);
    }
}
