//! Everything that is kept about one person, for that person: without anybody else's.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::forget::Found;
use crate::domain::listen::rating::Answer;
use crate::domain::person::{ContactKey, Role};
use crate::store::listen::Rating;
use crate::store::rows::{Consent, NoticeRow};
use crate::store::{Store, StoreError};

/// Members of an order that are the buyer's business, not the receiver's.
const OF_THE_BUYER: [&str; 8] = ["customer", "subtotal", "shipping", "tax", "total", "currency", "paid_at", "links"];

/// The export.
#[derive(Debug, Serialize)]
pub struct Export {
    pub orders: Vec<OfOrder>,
    /// What is known of each address, by its pseudonym.
    pub addresses: Vec<Value>,
    /// Events that belong to no order.
    pub strays: usize,
    /// Refused events.
    pub refused: usize,
}

/// What is kept of one order.
#[derive(Debug, Serialize)]
pub struct OfOrder {
    pub order: String,
    /// Who the person is to it.
    pub role: &'static str,
    /// Events as they came.
    pub facts: Vec<Value>,
    pub messages: Vec<Value>,
    pub not_told: Vec<Value>,
    pub called_back: Vec<Value>,
    pub ratings: Vec<Value>,
    pub cases: Vec<Value>,
    pub returns: Vec<Value>,
}

/// Gathers everything about the person that `found` was found for.
///
/// # Errors
/// [`StoreError`].
pub async fn gather(store: &Store, found: &Found) -> Result<Export, StoreError> {
    let mut orders = Vec::with_capacity(found.orders.len());
    for (key, role) in &found.orders {
        let notices = store.notices_of(key).await?;
        let own: Vec<&NoticeRow> = notices.iter().filter(|row| row.notice.role == *role).collect();
        let keys: Vec<_> = own.iter().map(|row| row.notice.key).collect();
        let facts = store.facts_of(key).await?;
        let silences = store.silences_of(key).await?;
        let mut cases = Vec::new();
        for case in store.cases_of(key).await?.into_iter().filter(|case| case.role == *role) {
            if let Some(whole) = store.case(case.id).await? {
                let said = whole
                    .words
                    .iter()
                    .map(|word| json!({"at": word.at.to_string(), "by": word.by.as_str(), "words": word.text}));
                cases.push(json!({"id": case.id, "words": said.collect::<Vec<_>>(), "pictures": whole.photos.len()}));
            }
        }
        let ratings = store.ratings_of(key).await?.into_iter().filter(|rating| rating.role == *role);
        let returns = store.returns_of(key).await?.into_iter().filter(|one| one.role == *role);
        orders.push(OfOrder {
            order: key.as_str().to_owned(),
            role: role.as_str(),
            facts: facts.iter().filter_map(|fact| theirs(&fact.raw, *role)).collect(),
            messages: own.into_iter().map(message).collect(),
            not_told: silences
                .iter()
                .filter(|silence| silence.role.is_none_or(|of| of == *role))
                .map(|silence| json!({"stage": silence.stage, "why": silence.why, "at": silence.at.to_string()}))
                .collect(),
            called_back: store
                .called_back_about(&keys)
                .await?
                .iter()
                .map(|call| json!({"kind": call.kind, "at": call.at.to_string()}))
                .collect(),
            ratings: ratings.map(|rating| rated(&rating)).collect(),
            cases,
            returns: returns.map(|one| json!({"id": one.id, "words": one.words})).collect(),
        });
    }
    let mut addresses = Vec::with_capacity(found.contacts.len());
    for known in store.consents(&found.contacts).await? {
        addresses.push(address(&known));
    }
    Ok(Export { orders, addresses, strays: found.strays.len(), refused: found.quarantine.len() })
}

/// An event without what it says of somebody else; `None` where it cannot be read, or was erased.
fn theirs(raw: &[u8], role: Role) -> Option<Value> {
    let mut event: Value = serde_json::from_slice(raw).ok()?;
    if let Some(order) = event.pointer_mut("/data/order").and_then(Value::as_object_mut) {
        match role {
            Role::Customer => drop(order.remove("recipient")),
            Role::Recipient => without_the_buyer(order),
        }
    }
    Some(event)
}

fn without_the_buyer(order: &mut Map<String, Value>) {
    OF_THE_BUYER.iter().for_each(|member| drop(order.remove(*member)));
    for item in order.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(item) = item.as_object_mut() {
            item.remove("unit_price");
        }
    }
}

fn rated(rating: &Rating) -> Value {
    let answer = |answer: &Answer| json!({"question": answer.question.as_str(), "score": answer.score, "comment": answer.comment});
    json!({"at": rating.given_at.to_string(), "answers": rating.answers.iter().map(answer).collect::<Vec<_>>()})
}

fn message(row: &NoticeRow) -> Value {
    json!({
        "key": row.notice.key, "stage": row.notice.stage, "channel": row.notice.channel, "state": row.state.as_str(),
        "planned_at": row.notice.planned_at.to_string(), "settled_at": row.settled_at.map(|at| at.to_string()),
        "why": row.why, "receipt": row.receipt,
    })
}

fn address(known: &Consent) -> Value {
    let ContactKey(pseudonym) = known.contact;
    let declined: Vec<Value> = known
        .declined
        .iter()
        .map(|one| json!({"brand": one.brand, "channel": one.channel, "topic": one.topic}))
        .collect();
    let chosen: Vec<Value> = known
        .chosen
        .iter()
        .map(|one| json!({"brand": one.brand, "locale": one.locale, "number": one.number.as_ref().map(|n| n.expose())}))
        .collect();
    let dead = known.dead.map(crate::store::rows::Dead::as_str);
    json!({"address": pseudonym, "declined": declined, "chosen": chosen, "dead": dead, "told_last_day": known.told_last_day})
}
