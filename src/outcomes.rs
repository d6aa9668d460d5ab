//! What programs hear back from us: outcome events (contract, section 4), as CloudEvents through the same outbox.

pub mod alert;
pub mod delay;
pub mod voice;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::domain::id::{NoticeKey, OrderKey};
use crate::domain::notice::{Notice, Why};
use crate::domain::order::{Handled, Order};
use crate::domain::person::{Channel, Role};
use crate::domain::stage::Stage;
use crate::store::rows::{Decision, Outcome, Verdict};

/// The CloudEvents `source` of everything that we publish.
pub const SOURCE: &str = "/doorstep";

/// The types of one sort of outcome events, by their words.
macro_rules! kinds {
    ($about:literal; $($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        #[doc = concat!("The types of outcome events about ", $about, ".")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
        pub enum Kind { $($(#[$doc])* #[serde(rename = $word)] $name,)* }

        impl Kind {
            /// Every kind, in the contract's order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The `type` attribute, which is the routing key too.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

use kinds;

kinds! {
    "notices";
    /// Decided, waits for its time.
    Planned = "notice.planned",
    /// The far side took it.
    Sent = "notice.sent",
    /// Waits: quiet hours, a hold, a cap.
    Held = "notice.held",
    /// Will not be sent: old news, merged, expired, untrue.
    Superseded = "notice.superseded",
    /// Must not be sent: not wished, opted out, no address.
    Suppressed = "notice.suppressed",
    /// Refused for good, or given up.
    Failed = "notice.failed",
    /// May have arrived; a person decides.
    InDoubt = "notice.in_doubt",
}

/// An outcome event about a notice: a CloudEvents 1.0 event in structured JSON.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NoticeEvent<'a> {
    #[schemars(extend("const" = "1.0"))]
    specversion: &'static str,
    /// The same for the same outcome of the same notice, however often it is published.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: Uuid,
    source: &'static str,
    r#type: Kind,
    /// The order's id.
    subject: &'a str,
    /// When it was decided or became known.
    #[schemars(with = "String", extend("format" = "date-time"))]
    time: Timestamp,
    datacontenttype: &'static str,
    brand: &'a str,
    data: NoticeData<'a>,
}

/// The `data` of an outcome event about a notice. Holds nothing personal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NoticeData<'a> {
    /// The notice's key: also the `Idempotency-Key`, the `webhook-id` and the left side of the `Message-ID`.
    #[schemars(with = "String", extend("format" = "uuid"))]
    key: Uuid,
    order_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipment_id: Option<&'a str>,
    stage: Stage,
    /// First, second, … time of this stage for this parcel; missing where a plan was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    occurrence: Option<u32>,
    to: Role,
    channel: Channel,
    /// When the fact happened.
    #[schemars(with = "String", extend("format" = "date-time"))]
    fact_at: Timestamp,
    /// Not before this time: for what is planned or held.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    due: Option<Timestamp>,
    /// The rule that decided, in the words that `explain` uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    /// What went wrong, for what failed or is in doubt.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    /// The provider's own name for the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<&'a str>,
}

/// The outcome event for a notice that was just planned.
pub fn planned(notice: &Notice) -> Outcome {
    let due = Some(notice.due);
    event(&notice.into(), Kind::Planned, notice.planned_at, 0, Detail { due, ..Detail::default() })
}

/// The outcome event for a planned notice that was taken back because of newer facts; `None` if its order knows nothing of
/// it. `order` is the order's document, in which the decision is kept.
pub fn withdrawn(key: &OrderKey, order: &Order, notice: NoticeKey, why: Why, now: Timestamp) -> Option<Outcome> {
    let planned = |handled: &'_ Handled| handled.notices.iter().find(|open| open.key == notice).cloned();
    let (handled, open) = order.told.handled.iter().find_map(|handled| Some((handled, planned(handled)?)))?;
    let subject = Subject {
        key: notice,
        order: key,
        shipment: handled.parcel.as_deref(),
        stage: handled.stage,
        occurrence: None,
        role: open.role,
        channel: open.channel,
        fact_at: Timestamp::from_millisecond(handled.at).ok()?,
    };
    Some(event(&subject, Kind::Superseded, now, 0, Detail { why: Some(why.as_str()), ..Detail::default() }))
}

/// The outcome event for the end of a claim; `None` for ends that are no news to anyone: a later try, a claim given back.
pub fn settled(notice: &Notice, fence: i32, verdict: &Verdict, now: Timestamp) -> Option<Outcome> {
    let detail = Detail::default();
    let (kind, detail) = match verdict {
        Verdict::Accepted { receipt } => (Kind::Sent, Detail { receipt: receipt.as_deref(), ..detail }),
        Verdict::Held { until, why } => (Kind::Held, Detail { due: Some(*until), why: Some(why.as_str()), ..detail }),
        Verdict::Superseded { why } => (Kind::Superseded, Detail { why: Some(why.as_str()), ..detail }),
        Verdict::Suppressed { why } => (Kind::Suppressed, Detail { why: Some(why.as_str()), ..detail }),
        Verdict::Rejected { why, cause } => {
            (Kind::Failed, Detail { why: Some(why.as_str()), cause: Some(cause), ..detail })
        }
        Verdict::InDoubt { cause } => (Kind::InDoubt, Detail { cause: Some(cause), ..detail }),
        Verdict::Deferred { .. } | Verdict::Unsure { .. } | Verdict::Released => return None,
    };
    Some(event(&notice.into(), kind, now, fence, detail))
}

/// The outcome event for a doubt that a person settles; `None` where the message goes out again, which is told when it has.
pub fn decided(notice: &Notice, decision: Decision, now: Timestamp) -> Option<Outcome> {
    match decision {
        Decision::WasSent => settled(notice, 0, &Verdict::Accepted { receipt: None }, now),
        Decision::SendAgain => None,
    }
}

#[derive(Default)]
struct Detail<'a> {
    due: Option<Timestamp>,
    why: Option<&'a str>,
    cause: Option<&'a str>,
    receipt: Option<&'a str>,
}

/// What an outcome event says of its notice.
struct Subject<'a> {
    key: NoticeKey,
    order: &'a OrderKey,
    shipment: Option<&'a str>,
    stage: Stage,
    occurrence: Option<u32>,
    role: Role,
    channel: Channel,
    fact_at: Timestamp,
}

impl<'a> From<&'a Notice> for Subject<'a> {
    fn from(notice: &'a Notice) -> Self {
        Self {
            key: notice.key,
            order: &notice.order,
            shipment: notice.shipment.as_deref(),
            stage: notice.stage,
            occurrence: Some(notice.occurrence),
            role: notice.role,
            channel: notice.channel,
            fact_at: notice.fact_at,
        }
    }
}

/// `round` tells apart outcomes of one kind that a notice can have several times, such as being held.
fn event(about: &Subject<'_>, kind: Kind, time: Timestamp, round: i32, detail: Detail<'_>) -> Outcome {
    let id = Uuid::new_v5(&about.key.0, format!("{}\0{round}", kind.as_str()).as_bytes());
    let order_id = about.order.order_str();
    let body = NoticeEvent {
        specversion: "1.0",
        id,
        source: SOURCE,
        r#type: kind,
        subject: order_id,
        time,
        datacontenttype: "application/json",
        brand: about.order.brand_str(),
        data: NoticeData {
            key: about.key.0,
            order_id,
            shipment_id: about.shipment,
            stage: about.stage,
            occurrence: about.occurrence,
            to: about.role,
            channel: about.channel,
            fact_at: about.fact_at,
            due: detail.due,
            why: detail.why,
            cause: detail.cause,
            receipt: detail.receipt,
        },
    };
    let body = serde_json::to_string(&body).expect("plain data with text keys");
    Outcome { id, kind: kind.as_str().to_owned(), body }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::domain::id::{BrandId, OrderId};

    fn notice() -> Notice {
        let order = OrderKey::new(&BrandId::new("harbour"), &OrderId::new("HG-1042"));
        let at: Timestamp = "2026-11-02T09:00:00Z".parse().expect("a time");
        Notice { shipment: Some("P1".into()), ..Notice::shipped(order, at) }
    }

    #[test]
    fn speaks_the_contracts_words() {
        let now: Timestamp = "2026-11-02T09:00:05Z".parse().expect("a time");
        let accepted = Verdict::Accepted { receipt: Some("abc".into()) };
        let sent = settled(&notice(), 1, &accepted, now).expect("that is news");
        assert_eq!(sent.kind, "notice.sent");
        let body: Value = serde_json::from_str(&sent.body).expect("JSON");
        assert_eq!(body["specversion"], "1.0");
        assert_eq!(body["type"], "notice.sent");
        assert_eq!(body["id"], sent.id.to_string());
        assert_eq!(body["subject"], "HG-1042");
        assert_eq!(body["brand"], "harbour");
        assert_eq!(body["time"], "2026-11-02T09:00:05Z");
        assert_eq!(body["data"]["shipment_id"], "P1");
        assert_eq!(body["data"]["stage"], "shipped");
        assert_eq!(body["data"]["receipt"], "abc");
        assert_eq!(body["data"].get("why"), None);
    }

    #[test]
    fn the_same_outcome_has_the_same_id_and_another_has_another() {
        let notice = notice();
        let held = |fence| {
            let verdict = Verdict::Held { until: notice.due, why: Why::QuietHours };
            settled(&notice, fence, &verdict, notice.due).expect("that is news").id
        };
        assert_eq!(held(1), held(1));
        assert_ne!(held(1), held(2));
        assert_ne!(planned(&notice).id, held(0));
    }

    #[test]
    fn a_later_try_is_no_news() {
        let deferred = Verdict::Deferred { until: notice().due, cause: "busy".into(), reached: true };
        assert_eq!(settled(&notice(), 1, &deferred, notice().due), None);
        assert_eq!(settled(&notice(), 1, &Verdict::Released, notice().due), None);
    }
}
