//! Forgetting one person: found by reading every order, erased order by order in transactions that cancel what is still to be told.
//!
//! What stays: that there was an order, its events and notices, by their keys; and, under keyed names, what the person declined
//! and which of their addresses are dead. What comes later about such an order is acknowledged and not kept.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::domain::erase::{Named, Whom, addresses, own_id, tombstone, without_recipient};
use crate::domain::fold::{PersonKnown, value};
use crate::domain::id::{EventKey, OrderKey};
use crate::domain::order::Order;
use crate::domain::person::{Channel, ContactKey, Role};
use crate::store::ops::Audit;
use crate::store::rows::{Changes, Gone, OrderRow};
use crate::store::{Store, StoreError, unbroken};

/// Orders read at once in search of somebody.
const PAGE: u32 = 500;
/// Orders erased in one transaction: some hundred rows.
const BATCH: usize = 20;
/// Tries for one batch when workers change the same orders meanwhile.
const CONFLICTS_MAX: u32 = 8;
/// Shortest address that is searched for in bytes that nobody understands: shorter ones stand in anything.
const MARK_CHARS_MIN: usize = 6;
/// The members of an event that hold a person.
const PEOPLE: [&str; 2] = ["customer", "recipient"];

/// Everything that was found of a person.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Orders that are theirs, and orders of others whose present they receive.
    pub orders: Vec<(OrderKey, Role)>,
    /// Their addresses, by pseudonym.
    pub contacts: Vec<ContactKey>,
    /// Events that belong to no order and hold one of their addresses.
    pub strays: Vec<EventKey>,
    /// Refused events that do.
    pub quarantine: Vec<i64>,
    /// Their addresses, in lower case: by these they are told in bytes.
    marks: BTreeSet<String>,
    /// What the shop calls them, which says so only in the place of a person's id.
    ids: BTreeSet<String>,
}

impl Found {
    /// Whether nothing is kept of them by order.
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty() && self.strays.is_empty() && self.quarantine.is_empty()
    }

    fn note(&mut self, key: &OrderKey, role: Role, person: &PersonKnown) {
        self.orders.push((key.clone(), role));
        let mail = value(&person.email).map(|mail| ContactKey::new(Channel::Email, mail.expose()));
        let phone = value(&person.phone).map(|phone| ContactKey::new(Channel::Sms, phone.expose()));
        for contact in [mail, phone].into_iter().flatten() {
            if !self.contacts.contains(&contact) {
                self.contacts.push(contact);
            }
        }
        let long = |mark: &String| mark.chars().count() >= MARK_CHARS_MIN;
        self.marks.extend(addresses(person).into_iter().filter(long).map(|mark| mark.to_lowercase()));
        self.ids.extend(own_id(person).map(str::to_owned));
    }

    /// Brands that have orders of theirs.
    pub fn brands(&self) -> BTreeSet<&str> {
        self.orders.iter().map(|(key, _)| key.brand_str()).collect()
    }

    /// Whether bytes that nobody understands are about the person.
    fn is_in(&self, raw: &[u8]) -> bool {
        let text = String::from_utf8_lossy(raw).to_lowercase();
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '\u{a0}')).collect();
        let has = |mark: &String| {
            if mark.starts_with('+') {
                stands_in(mark, &digits, |c| c.is_ascii_digit())
            } else {
                stands_in(mark, &text, is_of_mail)
            }
        };
        self.marks.iter().any(has) || serde_json::from_slice(raw).is_ok_and(|event| self.is_named(&event))
    }

    /// Whether an event names the person by the shop's id, in a person's place.
    fn is_named(&self, part: &Value) -> bool {
        let is_id = |id: &Value| match id {
            Value::String(id) => self.ids.contains(id),
            Value::Number(id) => self.ids.contains(&id.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
        };
        match part {
            Value::Object(members) => {
                let person = |name: &str| members.get(name).and_then(|person| person.get("id")).is_some_and(is_id);
                PEOPLE.iter().any(|name| person(name)) || members.values().any(|part| self.is_named(part))
            }
            Value::Array(parts) => parts.iter().any(|part| self.is_named(part)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    }
}

/// Whether a mark stands in a text as a whole: not as a part of a longer address or number.
fn stands_in(mark: &str, text: &str, goes_on: impl Fn(char) -> bool) -> bool {
    text.match_indices(mark).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + mark.len()..].chars().next());
        !before.is_some_and(|c| goes_on(c) || c == '.') && !after.is_some_and(&goes_on)
    })
}

/// Characters of which mail addresses are made. A dot after one ends a sentence as well.
fn is_of_mail(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '%')
}

/// Looks for a person everywhere. It reads every order: about a minute a million.
///
/// # Errors
/// [`StoreError`]; an order that cannot be read is an error too, for it may be theirs.
pub async fn find(store: &Store, whom: &Whom) -> Result<Found, StoreError> {
    let mut found = Found::default();
    if let Named::Email(mail) = &whom.named {
        found.contacts.push(ContactKey::new(Channel::Email, mail));
        found.marks.insert(mail.trim().to_lowercase());
    }
    let mut after = String::new();
    loop {
        let page = store.orders_after(&after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.key.as_str().to_owned();
        for row in &page {
            let order = read(row)?;
            match whom.role_in(&row.key, &order) {
                Some(Role::Customer) => found.note(&row.key, Role::Customer, &order.known.customer),
                Some(Role::Recipient) => {
                    let recipient = order.known.recipient.as_ref().expect("a recipient is there, its role was found");
                    found.note(&row.key, Role::Recipient, recipient);
                }
                None => {}
            }
        }
    }
    let mut stray = EventKey(uuid::Uuid::nil());
    loop {
        let page = store.strays_after(stray, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        stray = *last;
        found.strays.extend(page.iter().filter(|(_, raw)| found.is_in(raw)).map(|(key, _)| *key).collect::<Vec<_>>());
    }
    let mut entry = 0;
    loop {
        let page = store.quarantine_of_all(entry, PAGE).await?;
        let Some(last) = page.last() else { break };
        entry = last.id;
        let theirs = page.iter().filter(|kept| found.is_in(&kept.raw) || found.is_in(kept.headers.as_bytes()));
        found.quarantine.extend(theirs.map(|kept| kept.id).collect::<Vec<_>>());
    }
    Ok(found)
}

/// Erases what was found. `by`: who asked for it, a login name.
///
/// # Errors
/// [`StoreError`]: what was erased so far stays so; run it again for the rest.
pub async fn erase(store: &Store, whom: &Whom, found: &Found, by: &str) -> Result<Gone, StoreError> {
    let mut gone = Gone::default();
    for batch in found.orders.chunks(BATCH) {
        gone = gone.and(erase_batch(store, whom, batch).await?);
    }
    let (contacts, strays, own) = (found.contacts.clone(), found.strays.clone(), store.clone());
    let brand = whom.brand.clone();
    let voices = unbroken(async move {
        let mut tx = own.begin("forget_person").await?;
        tx.erase_contacts(&own, &contacts, brand.as_ref()).await?;
        tx.blank(&strays).await?;
        // What was said about the brand's orders went with them; other brands' cases and returns go on.
        let by_contact: &[ContactKey] = if brand.is_none() { &contacts } else { &[] };
        let voices = tx.erase_voices(&[], by_contact).await?;
        tx.commit().await?;
        Ok::<_, StoreError>(voices.ratings + voices.cases + voices.returns)
    })
    .await?;
    for id in &found.quarantine {
        gone.quarantine += u64::from(store.quarantine_drop(*id).await?);
    }
    gone.voices += voices;
    gone.facts += found.strays.len() as u64;
    let detail = format!("{} orders, {} messages cancelled", gone.orders, gone.cancelled);
    store.audit(&Audit { person: by.to_owned(), action: "forget", detail: Some(detail), ..Audit::default() }).await?;
    Ok(gone)
}

/// Takes everything personal from the orders of one page that are over and have not changed since `before`; answers with the key
/// to go on from, `None` at the end, and how many there were. What was said about them has a time of its own.
///
/// # Errors
/// [`StoreError`]; [`StoreError::Conflict`] if a worker was faster: the next round sees to it.
pub async fn age_out(
    store: &Store,
    after: &str,
    before: Timestamp,
    limit: u32,
) -> Result<(Option<String>, u64), StoreError> {
    let page = store.old_orders_after(after, before, limit).await?;
    let last = page.last().map(|row| row.key.as_str().to_owned());
    let mut over = Vec::new();
    for row in page.iter().filter(|row| !row.doc.is_empty()) {
        // One that cannot be read keeps nobody else's from having their time.
        let Ok(order) = read(row) else {
            tracing::error!(order.id = %row.key, "the stored document of this order is damaged: it cannot be aged out");
            continue;
        };
        if !order.is_erased() && !order.state(&TimeZone::UTC).is_open() {
            over.push(row.clone());
        }
    }
    let count = over.len() as u64;
    if count > 0 {
        let own = store.clone();
        unbroken(async move {
            let mut tx = own.begin("age_out").await?;
            let keys: Vec<OrderKey> = over.iter().map(|row| row.key.clone()).collect();
            let doc = serde_json::to_string(&tombstone(own.clock().now())).expect("plain data with text keys");
            // The version is the one that was read: an order that has changed since is not old any more.
            let orders = over.into_iter().map(|row| OrderRow { doc: doc.clone(), ..row }).collect();
            tx.save(&Changes { orders, ..Changes::default() }, std::time::Duration::ZERO).await?;
            tx.erase_orders(&keys, "").await?;
            tx.commit().await
        })
        .await?;
    }
    Ok((last, count))
}

async fn erase_batch(store: &Store, whom: &Whom, batch: &[(OrderKey, Role)]) -> Result<Gone, StoreError> {
    let mut conflicts = 0;
    loop {
        let (store, whom, batch) = (store.clone(), whom.clone(), batch.to_vec());
        match unbroken(async move { erase_once(&store, &whom, &batch).await }).await {
            Err(StoreError::Conflict) if conflicts < CONFLICTS_MAX => conflicts += 1,
            result => return result,
        }
    }
}

/// One transaction: what is still to be told is cancelled in the same commit in which the facts go.
async fn erase_once(store: &Store, whom: &Whom, batch: &[(OrderKey, Role)]) -> Result<Gone, StoreError> {
    let mut tx = store.begin("forget").await?;
    let keys: Vec<OrderKey> = batch.iter().map(|(key, _)| key.clone()).collect();
    let (mut whole, mut partly, mut orders) = (Vec::new(), Vec::new(), Vec::new());
    for row in tx.load_orders(&keys).await? {
        let order = read(&row)?;
        let left = match whom.role_in(&row.key, &order) {
            Some(Role::Customer) => {
                whole.push(row.key.clone());
                tombstone(store.clock().now())
            }
            Some(Role::Recipient) => {
                partly.push(row.key.clone());
                without_recipient(order)
            }
            // Another worker's fact made it somebody else's meanwhile.
            None => continue,
        };
        let doc = serde_json::to_string(&left).expect("an order's document is plain data with text keys");
        orders.push(OrderRow { doc, ..row });
    }
    tx.save(&Changes { orders, ..Changes::default() }, std::time::Duration::ZERO).await?;
    let gone = tx.erase_orders(&whole, "").await?.and(tx.erase_orders(&partly, Role::Recipient.as_str()).await?);
    let voices = tx.erase_voices(&whole, &[]).await?;
    tx.commit().await?;
    Ok(Gone { voices: voices.ratings + voices.cases + voices.returns, ..gone })
}

pub(super) fn read(row: &OrderRow) -> Result<Order, StoreError> {
    let bad = |_| StoreError::Corrupt { table: "orders", column: "doc", id: row.key.to_string() };
    serde_json::from_str(&row.doc).map_err(bad)
}
