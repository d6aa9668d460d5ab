//! Forgetting one person: found by reading every order, erased order by order in transactions that cancel what is still to be told.
//!
//! What stays: that there was an order, its events and notices, by their keys; and, under keyed names, what the person declined
//! and which of their addresses are dead. What comes later about such an order is acknowledged and not kept.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::marks::Marks;
use crate::domain::erase::{Named, Whom, same_mail, tombstone, without_recipient};
use crate::domain::event::{Event, PersonPatch};
use crate::domain::fold::{PersonKnown, value};
use crate::domain::id::{EventKey, OrderKey};
use crate::domain::order::Order;
use crate::domain::person::{Channel, ContactKey, Role};
use crate::ingest::decode::decode_stored;
use crate::store::ops::Audit;
use crate::store::rows::{Changes, Gone, OrderRow};
use crate::store::{Store, StoreError, unbroken};

/// Orders read at once in search of somebody.
const PAGE: u32 = 500;
/// Orders erased in one transaction: some hundred rows.
const BATCH: usize = 20;
/// Tries for one batch when workers change the same orders meanwhile.
const CONFLICTS_MAX: u32 = 8;

/// Everything that was found of a person.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Orders that are theirs, and orders of others whose present they receive.
    pub orders: Vec<(OrderKey, Role)>,
    /// Their addresses, by pseudonym; those that their orders had before as well.
    pub contacts: Vec<ContactKey>,
    /// Events that name them and are no part of these orders: of no order at all, or of one that has another address now.
    pub strays: Vec<EventKey>,
    /// Refused events that do.
    pub quarantine: Vec<i64>,
    marks: Marks,
}

impl Found {
    /// Whether nothing is kept of them by order.
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty() && self.strays.is_empty() && self.quarantine.is_empty()
    }

    /// Brands that have orders of theirs.
    pub fn brands(&self) -> BTreeSet<&str> {
        self.orders.iter().map(|(key, _)| key.brand_str()).collect()
    }

    fn note(&mut self, key: &OrderKey, role: Role, person: &PersonKnown) {
        self.orders.push((key.clone(), role));
        addresses(person).into_iter().for_each(|(channel, address)| self.note_address(channel, address));
        if let Some(id) = value(&person.id) {
            self.marks.add_id(key, id.as_str());
        }
    }

    fn note_address(&mut self, channel: Channel, address: &str) {
        let contact = ContactKey::new(channel, address);
        if !self.contacts.contains(&contact) {
            self.contacts.push(contact);
        }
        self.marks.add_address(address);
    }
}

/// Where a person is reached.
fn addresses(person: &PersonKnown) -> Vec<(Channel, &str)> {
    let mail = value(&person.email).map(|mail| (Channel::Email, mail.expose().as_str()));
    let phone = value(&person.phone).map(|phone| (Channel::Sms, phone.expose().as_str()));
    mail.into_iter().chain(phone).collect()
}

/// What an event says of the person in this role.
fn said_of(event: &Event, role: Role) -> Option<&PersonPatch> {
    match role {
        Role::Customer => event.order_patch.customer.as_ref(),
        Role::Recipient => event.order_patch.recipient.as_ref(),
    }
}

/// Looks for a person everywhere. It reads every order, for an e-mail address also every event: some minutes a million orders.
///
/// # Errors
/// [`StoreError`]; an order that cannot be read is an error too, for it may be theirs.
pub async fn find(store: &Store, whom: &Whom) -> Result<Found, StoreError> {
    let mut found = Found::default();
    if let Named::Email(mail) = &whom.named {
        found.note_address(Channel::Email, mail);
    }
    let mut after = String::new();
    while let Some(page) = page_after(store, &mut after).await? {
        let mut others = Vec::new();
        for (key, order) in &page {
            match whom.role_in(key, order) {
                Some(Role::Customer) => found.note(key, Role::Customer, &order.known.customer),
                Some(Role::Recipient) => {
                    let recipient = order.known.recipient.as_ref().expect("a recipient is there, its role was found");
                    found.note(key, Role::Recipient, recipient);
                }
                None if whom.covers(key) => others.push(key.clone()),
                None => {}
            }
        }
        if let Named::Email(mail) = &whom.named {
            found.strays.extend(named_before(store, mail, &others).await?);
        }
    }
    for (channel, address) in had_before(store, whom, &found).await?.into_values() {
        found.note_address(channel, &address);
    }
    let mut stray = EventKey(uuid::Uuid::nil());
    loop {
        let page = store.strays_after(stray, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        stray = *last;
        let theirs = page.iter().filter(|(_, raw)| found.marks.are_in(raw, "", whom.brand.as_ref()));
        found.strays.extend(theirs.map(|(key, _)| *key).collect::<Vec<_>>());
    }
    let mut entry = 0;
    loop {
        let page = store.quarantine_whole(entry, PAGE).await?;
        let Some(last) = page.last() else { break };
        entry = last.id;
        let theirs = page.iter().filter(|kept| found.marks.are_in(&kept.raw, &kept.headers, whom.brand.as_ref()));
        found.quarantine.extend(theirs.map(|kept| kept.id).collect::<Vec<_>>());
    }
    Ok(found)
}

/// The next page of orders, and on from there; `None` at the end.
async fn page_after(store: &Store, after: &mut String) -> Result<Option<Vec<(OrderKey, Order)>>, StoreError> {
    let page = store.orders_after(after, PAGE).await?;
    let Some(last) = page.last() else { return Ok(None) };
    last.key.as_str().clone_into(after);
    page.iter().map(|row| Ok((row.key.clone(), read(row)?))).collect::<Result<_, StoreError>>().map(Some)
}

/// Events by which these orders had the address before they got another. The orders stay: a mistyped address is often a stranger's.
async fn named_before(store: &Store, mail: &str, orders: &[OrderKey]) -> Result<Vec<EventKey>, StoreError> {
    // Neither case nor escapes of JSON touch letters and digits; what stands before the `@` is rarer than what follows it.
    let own = mail.rsplit_once('@').map_or(mail, |(own, _)| own);
    let words = own.split(|c: char| !c.is_ascii_alphanumeric());
    let word = words.max_by_key(|word| word.len()).unwrap_or_default().to_ascii_lowercase();
    let mut named = Vec::new();
    for (key, raw) in store.facts_naming(&word, orders).await? {
        let Ok(event) = decode_stored(&raw) else { continue };
        let mails = [Role::Customer, Role::Recipient].map(|role| said_of(&event, role)?.email.as_ref());
        if mails.into_iter().flatten().any(|own| same_mail(own.expose(), mail)) {
            named.push(key);
        }
    }
    Ok(named)
}

/// Addresses that the person's orders had before, and that nobody else's order has now: a mistyped one may be a stranger's.
async fn had_before(
    store: &Store,
    whom: &Whom,
    found: &Found,
) -> Result<BTreeMap<ContactKey, (Channel, String)>, StoreError> {
    let mut before = BTreeMap::new();
    for (key, role) in &found.orders {
        for fact in store.facts_of(key).await? {
            let Ok(event) = decode_stored(&fact.raw) else { continue };
            let Some(person) = said_of(&event, *role) else { continue };
            for (channel, address) in [(Channel::Email, &person.email), (Channel::Sms, &person.phone)] {
                let Some(address) = address.as_ref().map(|address| address.expose().clone()) else { continue };
                before.insert(ContactKey::new(channel, &address), (channel, address));
            }
        }
    }
    before.retain(|contact, _| !found.contacts.contains(contact));
    if before.is_empty() {
        return Ok(before);
    }
    let theirs: BTreeMap<&OrderKey, Role> = found.orders.iter().map(|(key, role)| (key, *role)).collect();
    let mut after = String::new();
    while let Some(page) = page_after(store, &mut after).await? {
        for (key, order) in page.iter().filter(|(key, _)| whom.covers(key)) {
            let role = theirs.get(key).copied();
            // Who bought it stays where its receiver goes; with who bought it all go.
            let customer = Some(&order.known.customer).filter(|_| role != Some(Role::Customer));
            let recipient = order.known.recipient.as_ref().filter(|_| role.is_none());
            for (channel, address) in customer.into_iter().chain(recipient).flat_map(addresses) {
                before.remove(&ContactKey::new(channel, address));
            }
        }
    }
    Ok(before)
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
        let voices = tx.erase_voices(&[], &contacts, brand.as_ref()).await?;
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
/// [`StoreError`]. An order that cannot be read, and a page of which a worker has just changed one, keep nobody else's from having
/// their time: the walk goes on after them.
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
        let Ok(order) = read(row) else {
            tracing::error!(order.id = %row.key, "the stored document of this order is damaged: it cannot be aged out");
            continue;
        };
        if !order.is_erased() && !order.state(&TimeZone::UTC).is_open() {
            over.push(row.clone());
        }
    }
    match bury(store, over).await {
        Ok(count) => Ok((last, count)),
        // Old no more; the next walk sees to the page's others.
        Err(StoreError::Conflict) => Ok((last, 0)),
        Err(error) => Err(error),
    }
}

/// Puts tombstones in the place of these orders, as they were read.
async fn bury(store: &Store, over: Vec<OrderRow>) -> Result<u64, StoreError> {
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
    Ok(count)
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
    let voices = tx.erase_voices(&whole, &[], None).await?;
    tx.commit().await?;
    Ok(Gone { voices: voices.ratings + voices.cases + voices.returns, ..gone })
}

pub(super) fn read(row: &OrderRow) -> Result<Order, StoreError> {
    let bad = |_| StoreError::Corrupt { table: "orders", column: "doc", id: row.key.to_string() };
    serde_json::from_str(&row.doc).map_err(bad)
}
