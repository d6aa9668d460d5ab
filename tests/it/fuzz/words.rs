//! Short texts that are read on their own: tokens, stamps, and how long a receiver asks us to wait.

use std::time::Duration;

use doorstep::domain::id::{BrandId, OrderId, OrderKey};
use doorstep::domain::person::{Channel, ContactKey};
use doorstep::domain::retry;
use doorstep::link::{Links, OptOut, PageLink, Reader};
use jiff::{SignedDuration, Timestamp};

use super::fuzz;

const BASE: &str = "https://post.harbour.example";

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("a time")
}

/// Nothing but what we sealed opens anything, and then it opens just that.
#[test]
fn tokens_and_stamps() {
    let links = Links::new(BASE, &["a secret of our own, long enough".into()]).expect("links");
    let order = OrderKey::new(&BrandId::new("harbour"), &OrderId::new("A-1042"));
    let page = PageLink { order, reader: Reader::Customer, generation: 2 };
    let contact = ContactKey::new(Channel::Email, "c1@customer.example");
    let wishes = OptOut { contact, brand: BrandId::new("harbour"), locale: "pl".to_owned() };
    let token = |url: String| url.rsplit('/').next().expect("a token").as_bytes().to_vec();
    let stamp = links.stamp("/t/x/rating", now());
    let examples = [token(links.page_url(&page)), token(links.opt_out_url(&wishes)), stamp.clone().into_bytes()];
    fuzz("tokens", &examples, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let opened = (links.page(&text), links.opt_out(&text));
        let read = links.read_stamp(&text, "/t/x/rating", now() + SignedDuration::from_mins(1)).ok();
        if read.is_some() && links.read_stamp(&text, "/t/y/rating", now() + SignedDuration::from_mins(1)).is_ok() {
            return Err("a stamp counts for another form".into());
        }
        match (opened, read) {
            ((None, None), None) => Ok(false),
            ((Some(other), None), None) if other == page => Ok(true),
            ((None, Some(other)), None) if (other.contact, &other.brand) == (contact, &wishes.brand) => Ok(true),
            ((None, None), Some(_)) if examples_hold(&stamp, &text) => Ok(true),
            _ => Err("something opens that was never sealed".into()),
        }
    });
}

/// The same stamp, whatever the unused bits of its last character say.
fn examples_hold(stamp: &str, text: &str) -> bool {
    text.len() == stamp.len() && text[..text.len() - 1] == stamp[..stamp.len() - 1]
}

#[test]
fn how_long_to_wait() {
    let examples = [
        "0",
        "1",
        "30",
        "120",
        "86400",
        "99999999999999999999",
        "Sat, 21 Nov 2026 12:30:00 GMT",
        "Saturday, 21-Nov-26 12:30:00 GMT",
        "Sat Nov 21 12:30:00 2026",
        "Sat, 21 Nov 2026 14:30:00 +0200",
    ];
    fuzz("retry-after", &examples.map(|text| text.as_bytes().to_vec()), |bytes| {
        match retry::asked(&String::from_utf8_lossy(bytes), now()) {
            None => Ok(false),
            Some(wait) if (Duration::from_secs(1)..=Duration::from_secs(3600)).contains(&wait) => Ok(true),
            Some(wait) => Err(format!("{wait:?} is out of bounds")),
        }
    });
}
