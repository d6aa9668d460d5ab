//! What providers call back: their own JSON, read into one shape. What an event says beside that is ignored, and an event that is
//! unknown is taken and means nothing.

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::domain::id::NoticeKey;
use crate::domain::person::{Channel, ContactKey, Pii};
use crate::ingest::field;
use crate::store::rows::{Callback, Dead, Effect};

/// Names the space in which the ids of calls live; made once, never to change.
const SPACE: Uuid = Uuid::from_u128(0x8c0a_4c86_6f57_4a1e_9d1e_5f0f_ca11_bacc);
/// Addresses of one event that are looked at. A mail of ours has one.
const ADDRESSES_MAX: usize = 10;

/// What has become of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The receiver's own server took it.
    Delivered,
    /// The provider goes on trying.
    Delayed,
    /// The address is dead.
    HardBounce,
    /// It was not taken this time, for a reason that lies with the address.
    SoftBounce,
    /// The person says that it was not wanted.
    Complaint,
    /// Something that says nothing of the address.
    Other,
}

impl Fate {
    fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Delayed => "delayed",
            Self::HardBounce => "hard_bounce",
            Self::SoftBounce => "soft_bounce",
            Self::Complaint => "complaint",
            Self::Other => "other",
        }
    }

    fn effect(self) -> Option<Effect> {
        match self {
            Self::HardBounce => Some(Effect::Suppress(Dead::HardBounce)),
            Self::Complaint => Some(Effect::Suppress(Dead::Complaint)),
            Self::SoftBounce => Some(Effect::SoftBounce),
            Self::Delivered | Self::Delayed | Self::Other => None,
        }
    }
}

/// An event of a provider, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub fate: Fate,
    pub channel: Channel,
    pub addresses: Vec<Pii<String>>,
    pub notice: Option<NoticeKey>,
    pub at: Option<Timestamp>,
}

/// A text that somebody sent back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    pub from: Pii<String>,
    pub body: Pii<String>,
    pub at: Option<Timestamp>,
}

/// The bytes are not such an event. The words name the member, nothing of its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAnEvent(pub &'static str);

/// The id of a call: the same for the same call, however often it comes.
pub fn id(door: &str, call: &str) -> Uuid {
    Uuid::new_v5(&SPACE, format!("{door}\0{call}").as_bytes())
}

impl Event {
    /// What the store is to make of it. `contact`: the one that the notice went to, which is surer than the address in the
    /// event, since providers write addresses in their own way.
    pub fn callback(&self, id: Uuid, door: &'static str, contact: Option<ContactKey>, now: Timestamp) -> Callback {
        let effect = self.fate.effect();
        let mut contacts: Vec<ContactKey> = contact.into_iter().collect();
        for address in self.addresses.iter().take(ADDRESSES_MAX) {
            let contact = contact_of(self.channel, bare(address.expose()));
            if !contacts.contains(&contact) {
                contacts.push(contact);
            }
        }
        let effects = contacts.into_iter().filter_map(|contact| Some((contact, self.channel, effect.clone()?)));
        let (kind, at) = (self.fate.as_str(), self.at.unwrap_or(now));
        Callback { id, door, kind, notice: self.notice, at, effects: effects.collect() }
    }
}

/// Numbers are written in many ways, and kept in one.
fn contact_of(channel: Channel, address: &str) -> ContactKey {
    let number = if channel == Channel::Sms { field::phone_number(address) } else { None };
    ContactKey::new(channel, number.as_deref().unwrap_or(address))
}

/// `Name <address>` or the address alone.
fn bare(text: &str) -> &str {
    text.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(text, |(address, _)| address).trim()
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, NotAnEvent> {
    serde_json::from_slice(body).map_err(|_| NotAnEvent("not a JSON object with type and data"))
}

#[derive(Deserialize)]
struct Resend {
    #[serde(rename = "type")]
    kind: String,
    created_at: Option<String>,
    #[serde(default)]
    data: ResendData,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ResendData {
    to: Vec<String>,
    bounce: Option<Bounce>,
    tags: Option<Tags>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Bounce {
    #[serde(rename = "type")]
    kind: String,
    sub_type: String,
}

/// Sent as a list of pairs, called back as an object; both are taken.
#[derive(Deserialize)]
#[serde(untagged)]
enum Tags {
    Object { key: Option<Uuid> },
    List(Vec<Tag>),
}

#[derive(Deserialize)]
struct Tag {
    name: String,
    value: String,
}

impl Tags {
    fn key(&self) -> Option<NoticeKey> {
        let key = match self {
            Self::Object { key } => *key,
            Self::List(tags) => tags.iter().find(|tag| tag.name == "key").and_then(|tag| tag.value.parse().ok()),
        };
        key.map(NoticeKey)
    }
}

/// Reads an event of Resend. Source: its documentation, "Webhooks" and "Email bounces", as read in 2026-11.
///
/// # Errors
/// [`NotAnEvent`].
pub fn resend(body: &[u8]) -> Result<Event, NotAnEvent> {
    let event: Resend = read(body)?;
    let fate = match event.kind.as_str() {
        "email.delivered" => Fate::Delivered,
        "email.delivery_delayed" => Fate::Delayed,
        "email.complained" => Fate::Complaint,
        // The provider itself no longer sends there.
        "email.suppressed" => Fate::HardBounce,
        "email.bounced" => event.data.bounce.as_ref().map_or(Fate::HardBounce, bounced),
        _ => Fate::Other,
    };
    if event.data.to.is_empty() && fate.effect().is_some() {
        return Err(NotAnEvent("data.to: missing"));
    }
    Ok(Event {
        fate,
        channel: Channel::Email,
        addresses: event.data.to.into_iter().map(Pii::new).collect(),
        notice: event.data.tags.and_then(|tags| tags.key()),
        at: event.created_at.and_then(|at| at.parse().ok()),
    })
}

/// The types are those of Amazon's mail service, which Resend stands on.
fn bounced(bounce: &Bounce) -> Fate {
    match (bounce.kind.as_str(), bounce.sub_type.as_str()) {
        // The mail's own fault, not the address's.
        (_, "MessageTooLarge" | "ContentRejected" | "AttachmentRejected") => Fate::Other,
        ("Transient" | "Temporary" | "Undetermined", _) => Fate::SoftBounce,
        _ => Fate::HardBounce,
    }
}

#[derive(Deserialize)]
struct Generic {
    #[serde(rename = "type")]
    kind: String,
    timestamp: Option<String>,
    data: GenericData,
}

#[derive(Deserialize)]
struct GenericData {
    channel: Channel,
    to: String,
    #[serde(default)]
    permanent: bool,
    key: Option<Uuid>,
}

/// Reads an event in our own words: `message.delivered`, `message.delayed`, `message.bounced` or `message.complained`, with
/// `data` {`channel`, `to`, `permanent`, `key`}.
///
/// # Errors
/// [`NotAnEvent`].
pub fn generic(body: &[u8]) -> Result<Event, NotAnEvent> {
    let event: Generic =
        serde_json::from_slice(body).map_err(|_| NotAnEvent("not an object with type and data {channel, to}"))?;
    let fate = match event.kind.as_str() {
        "message.delivered" => Fate::Delivered,
        "message.delayed" => Fate::Delayed,
        "message.complained" => Fate::Complaint,
        "message.bounced" if event.data.permanent => Fate::HardBounce,
        "message.bounced" => Fate::SoftBounce,
        _ => Fate::Other,
    };
    Ok(Event {
        fate,
        channel: event.data.channel,
        addresses: vec![Pii::new(event.data.to)],
        notice: event.data.key.map(NoticeKey),
        at: event.timestamp.and_then(|at| at.parse().ok()),
    })
}

#[derive(Deserialize)]
struct Sms {
    #[serde(rename = "type")]
    kind: String,
    timestamp: Option<String>,
    data: SmsData,
}

#[derive(Deserialize)]
struct SmsData {
    from: String,
    body: String,
}

/// Reads a text that somebody sent back: `sms.received` with `data` {`from`, `body`}.
///
/// # Errors
/// [`NotAnEvent`].
pub fn sms(body: &[u8]) -> Result<Inbound, NotAnEvent> {
    let event: Sms =
        serde_json::from_slice(body).map_err(|_| NotAnEvent("not an object with type and data {from, body}"))?;
    if event.kind != "sms.received" {
        return Err(NotAnEvent("type: not sms.received"));
    }
    let at = event.timestamp.and_then(|at| at.parse().ok());
    Ok(Inbound { from: Pii::new(event.data.from), body: Pii::new(event.data.body), at })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shape of Resend's own example, with a bounce's type put in.
    fn resend_bounce(kind: &str, sub_type: &str) -> Event {
        let body = serde_json::json!({
            "type": "email.bounced", "created_at": "2026-11-22T23:41:12.126Z",
            "data": {
                "created_at": "2026-11-22T23:41:11.894719+00:00", "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
                "from": "Harbour <shop@harbour.example>", "to": ["Ann <ann@customer.example>"], "subject": "Order HG-1",
                "bounce": {"message": "The mailbox does not exist.", "type": kind, "subType": sub_type},
                "tags": {"brand": "harbour", "key": "6f0d5b1e-8d0c-4a55-9a57-7f3ad00d57e9"},
            },
        });
        resend(body.to_string().as_bytes()).expect("an event")
    }

    #[test]
    fn a_bounce_of_resend_is_hard_or_soft_or_the_mails_own_fault() {
        for (kind, sub_type, fate) in [
            ("Permanent", "General", Fate::HardBounce),
            ("Permanent", "NoEmail", Fate::HardBounce),
            ("Permanent", "Suppressed", Fate::HardBounce),
            ("Transient", "MailboxFull", Fate::SoftBounce),
            ("Transient", "General", Fate::SoftBounce),
            ("Undetermined", "Undetermined", Fate::SoftBounce),
            ("Transient", "MessageTooLarge", Fate::Other),
            ("Transient", "ContentRejected", Fate::Other),
        ] {
            assert_eq!(resend_bounce(kind, sub_type).fate, fate, "{kind} {sub_type}");
        }
        let event = resend_bounce("Permanent", "General");
        assert_eq!(event.notice.map(|key| key.to_string()).as_deref(), Some("6f0d5b1e-8d0c-4a55-9a57-7f3ad00d57e9"));
        let callback = event.callback(id("resend", "msg_1"), "resend", None, Timestamp::UNIX_EPOCH);
        let contact = ContactKey::new(Channel::Email, "ann@customer.example");
        assert_eq!(callback.effects, [(contact, Channel::Email, Effect::Suppress(Dead::HardBounce))]);
        assert_eq!(callback.at.to_string(), "2026-11-22T23:41:12.126Z");
    }

    #[test]
    fn what_is_unknown_means_nothing_and_what_is_no_event_is_refused() {
        let other = resend(br#"{"type":"email.opened","data":{"to":["a@b.example"]}}"#).expect("an event");
        assert_eq!(other.fate, Fate::Other);
        assert!(other.callback(id("resend", "1"), "resend", None, Timestamp::UNIX_EPOCH).effects.is_empty());
        for bytes in [&b"[]"[..], b"{}", b"\xff", br#"{"type":"email.bounced","data":{}}"#] {
            assert!(resend(bytes).is_err() && generic(bytes).is_err() && sms(bytes).is_err());
        }
    }

    #[test]
    fn the_generic_words_are_read() {
        let text = |kind: &str, permanent: bool| {
            let data = serde_json::json!({"channel": "sms", "to": "+48500500500", "permanent": permanent});
            let body = serde_json::json!({"type": kind, "timestamp": "2026-11-22T10:00:00Z", "data": data});
            generic(body.to_string().as_bytes()).expect("an event")
        };
        assert_eq!(text("message.bounced", true).fate, Fate::HardBounce);
        assert_eq!(text("message.bounced", false).fate, Fate::SoftBounce);
        assert_eq!(text("message.complained", false).fate, Fate::Complaint);
        assert_eq!((text("message.delivered", false).fate, text("x", true).fate), (Fate::Delivered, Fate::Other));
        assert_eq!(text("message.bounced", true).channel, Channel::Sms);
    }
}
