//! Outcome events about what customers tell: ratings, cases and returns. Nothing personal: whether somebody wrote something is
//! told, and the words are read through the API by those who may.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::SOURCE;
use crate::domain::id::OrderKey;
use crate::domain::listen::case::{Sort, Standing};
use crate::domain::listen::rating::Question;
use crate::domain::listen::sending_back::{Decision, Piece, Reason, Wish};
use crate::domain::person::Role;
use crate::store::listen::NewRating;
use crate::store::listen::cases::{Case, Change};
use crate::store::listen::returns::{NewReturn, Return};
use crate::store::rows::Outcome;

super::kinds! {
    "what customers tell";
    /// A person has rated an order. The last rating of a person about an order stands.
    FeedbackReceived = "feedback.received",
    /// Something is wrong, or a solved case goes on.
    CaseOpened = "case.opened",
    /// The shop has answered.
    CaseAnswered = "case.answered",
    /// It is over.
    CaseSolved = "case.solved",
    /// A person wishes to send something back.
    ReturnRequested = "return.requested",
    /// The shop has decided on it.
    ReturnDecided = "return.decided",
}

/// An outcome event about what a customer told: a CloudEvents 1.0 event in structured JSON.
#[derive(Debug, Serialize, JsonSchema)]
pub struct VoiceEvent<'a, T> {
    #[schemars(extend("const" = "1.0"))]
    specversion: &'static str,
    /// The same for the same thing said or done, however often it is published.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: Uuid,
    source: &'static str,
    r#type: Kind,
    /// The order's id.
    subject: &'a str,
    /// When it was said or done.
    #[schemars(with = "String", extend("format" = "date-time"))]
    time: Timestamp,
    datacontenttype: &'static str,
    brand: &'a str,
    data: T,
}

/// The `data` of `feedback.received`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FeedbackData<'a> {
    order_id: &'a str,
    from: Role,
    answers: Vec<Scored>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<&'a str>,
    /// From which country to which, as `DE → PL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    lane: Option<&'a str>,
    /// The case that a low answer opens by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    case_id: Option<Uuid>,
}

/// An answer without its words.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Scored {
    question: Question,
    /// csat 1 to 5, nps 0 to 10, ces 1 to 7.
    score: u8,
    /// Whether something was written beside it: `GET /v1/ratings` has the words.
    has_comment: bool,
}

/// The `data` of `case.*`. What is not known, or not yet, is missing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CaseData<'a> {
    /// The case's id, by which the API knows it.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: Uuid,
    order_id: &'a str,
    from: Role,
    kind: Sort,
    standing: Standing,
    #[schemars(with = "String", extend("format" = "date-time"))]
    opened_at: Timestamp,
    /// First, second, … time that it was opened.
    times_opened: u32,
    /// Until when the customer's last word is to be answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    answer_by: Option<Timestamp>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    solve_by: Timestamp,
    /// The first answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    answered_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    solved_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lane: Option<&'a str>,
}

/// The `data` of `return.*`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReturnData<'a> {
    /// The return's id, by which the API knows it.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: Uuid,
    order_id: &'a str,
    from: Role,
    items: &'a [Piece],
    wish: Wish,
    reason: Reason,
    /// Whether something was written beside it: the API has the words.
    has_comment: bool,
    /// When the customer expects a decision, as the page has promised it.
    #[schemars(with = "String", extend("format" = "date-time"))]
    decide_by: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Decision>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    decided_at: Option<Timestamp>,
}

/// The outcome event for answers that came in just now. `case`: what they open by themselves.
pub fn rated(new: &NewRating, now: Timestamp) -> Outcome {
    let from = &new.from;
    let data = FeedbackData {
        order_id: from.order.order_str(),
        from: from.role,
        answers: new
            .answers
            .iter()
            .map(|answer| Scored {
                question: answer.question,
                score: answer.score,
                has_comment: answer.comment.is_some(),
            })
            .collect(),
        carrier: from.about.carrier.as_deref(),
        lane: from.about.lane.as_deref(),
        case_id: new.case.as_ref().map(|case| case.id),
    };
    event(&from.order, Kind::FeedbackReceived, new.id, now, data)
}

/// The outcome event for a change of a case that was made just now. `of`: the key of what changed it.
pub fn of_case(case: &Case, change: Change, of: Uuid, now: Timestamp) -> Outcome {
    let clocks = &case.clocks;
    let kind = match change {
        Change::Opened => Kind::CaseOpened,
        Change::Answered => Kind::CaseAnswered,
        Change::Solved => Kind::CaseSolved,
    };
    let data = CaseData {
        id: case.id,
        order_id: case.order.order_str(),
        from: case.role,
        kind: case.sort,
        standing: clocks.standing(),
        opened_at: clocks.opened_at,
        times_opened: case.times_opened,
        answer_by: clocks.answer_by,
        solve_by: clocks.solve_by,
        answered_at: clocks.answered_at,
        solved_at: clocks.solved_at,
        carrier: case.about.carrier.as_deref(),
        lane: case.about.lane.as_deref(),
    };
    event(&case.order, kind, of, now, data)
}

/// The outcome event for a return that was asked for just now.
pub fn return_requested(new: &NewReturn, now: Timestamp) -> Outcome {
    let from = &new.from;
    let data = ReturnData {
        id: new.id,
        order_id: from.order.order_str(),
        from: from.role,
        items: &new.pieces,
        wish: new.wish,
        reason: new.reason,
        has_comment: new.words.is_some(),
        decide_by: now.checked_add(new.decide).unwrap_or(Timestamp::MAX),
        decision: None,
        decided_at: None,
    };
    event(&from.order, Kind::ReturnRequested, new.id, now, data)
}

/// The outcome event for a return that was decided just now; `None` if it is not decided.
pub fn return_decided(row: &Return) -> Option<Outcome> {
    let decided = row.decided.as_ref()?;
    let data = ReturnData {
        id: row.id,
        order_id: row.order.order_str(),
        from: row.role,
        items: &row.pieces,
        wish: row.wish,
        reason: row.reason,
        has_comment: row.words.is_some(),
        decide_by: row.decide_by,
        decision: Some(decided.decision),
        decided_at: Some(decided.at),
    };
    Some(event(&row.order, Kind::ReturnDecided, row.id, decided.at, data))
}

fn event<T: Serialize>(order: &OrderKey, kind: Kind, of: Uuid, time: Timestamp, data: T) -> Outcome {
    let id = Uuid::new_v5(&of, kind.as_str().as_bytes());
    let body = VoiceEvent {
        specversion: "1.0",
        id,
        source: SOURCE,
        r#type: kind,
        subject: order.order_str(),
        time,
        datacontenttype: "application/json",
        brand: order.brand_str(),
        data,
    };
    let body = serde_json::to_string(&body).expect("plain data with text keys");
    Outcome { id, kind: kind.as_str().to_owned(), body }
}
