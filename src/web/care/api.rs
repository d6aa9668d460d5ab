//! What shop systems read and answer: cases, returns and ratings as JSON, under `/v1`, by the tokens of the door for events.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::listen::case::{Sort, Standing};
use crate::domain::listen::kept;
use crate::domain::listen::rating::Question;
use crate::domain::listen::sending_back::{Decision, Piece, Reason, Wish};
use crate::domain::person::{Pii, Role};
use crate::outcomes::voice;
use crate::store::listen::Rating;
use crate::store::listen::cases::{Act, Acted, Case, Filter, Report, Whole};
use crate::store::listen::returns::Return;
use crate::store::ops::Audit;
use crate::store::{Store, StoreError};
use crate::web::extract::{Fields, Ids, unknown, wrong};
use crate::web::problem::Problem;
use crate::web::token::Tokens;

/// Bytes of a request: an answer of some pages.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Rows of one answer: usual, and most.
const ROWS: u32 = 50;
const ROWS_MAX: u32 = 200;
/// Longest name of who answers, in characters.
const AUTHOR_CHARS_MAX: usize = 100;

/// The API. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Api {
    store: Store,
    tokens: Tokens,
    tells: bool,
}

impl Api {
    /// An API over `store` for those with a token; `tells`: whether programs are told.
    pub fn new(store: Store, tokens: Tokens, tells: bool) -> Self {
        Self { store, tokens, tells }
    }

    /// Its routes.
    pub fn routes(self) -> Router {
        Router::new()
            .route("/v1/cases", get(cases))
            .route("/v1/cases/{id}", get(case))
            .route("/v1/cases/{id}/answer", post(answer))
            .route("/v1/cases/{id}/solve", post(solve))
            .route("/v1/cases/{id}/photos/{photo}", get(photo))
            .route("/v1/returns", get(returns))
            .route("/v1/returns/{id}", get(one_return))
            .route("/v1/returns/{id}/decision", post(decide))
            .route("/v1/ratings", get(ratings))
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .with_state(self)
    }

    fn report(&self) -> Option<Report> {
        self.tells.then_some(voice::of_case)
    }
}

/// Exists only where a token was shown, so that no handler can forget to ask.
struct Admitted;

impl FromRequestParts<Api> for Admitted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let admitted = api.tokens.admit(&parts.headers);
        admitted
            .then_some(Self)
            .ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "give a bearer token that this door knows"))
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::warn!(error = &error as &dyn std::error::Error, "a request of a shop's system waits for the database");
        Self::later("the store is away; nothing was changed", 5)
    }
}

/// What is listed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    brand: String,
    /// `open`, `answered`, `solved`; nothing: all that are not solved.
    standing: Option<String>,
    /// Returns: decided ones too.
    #[serde(default)]
    decided: bool,
    /// Where the list before ended.
    after: Option<String>,
    limit: Option<u32>,
}

impl Asked {
    fn limit(&self) -> u32 {
        self.limit.unwrap_or(ROWS).clamp(1, ROWS_MAX)
    }

    /// A time, and the id of the row that had it.
    fn after(&self) -> Result<Option<(Timestamp, Uuid)>, Problem> {
        let read = |text: &String| {
            let (ms, id) = text.split_once('.')?;
            Some((Timestamp::from_millisecond(ms.parse().ok()?).ok()?, id.parse().ok()?))
        };
        let after = self.after.as_ref().map(|text| read(text).ok_or_else(|| wrong("after", "not one of ours")));
        after.transpose()
    }
}

fn cursor(at: Timestamp, id: Uuid) -> String {
    format!("{}.{id}", at.as_millisecond())
}

#[derive(Serialize)]
struct CaseOut {
    id: Uuid,
    brand: String,
    order_id: String,
    from: Role,
    kind: Sort,
    standing: Standing,
    opened_at: Timestamp,
    times_opened: u32,
    answer_by: Option<Timestamp>,
    solve_by: Timestamp,
    answered_at: Option<Timestamp>,
    solved_at: Option<Timestamp>,
    locale: Option<String>,
    carrier: Option<String>,
    lane: Option<String>,
}

#[derive(Serialize)]
struct WholeOut {
    #[serde(flatten)]
    case: CaseOut,
    words: Vec<WordOut>,
    /// Addresses below this API.
    photos: Vec<String>,
}

#[derive(Serialize)]
struct WordOut {
    at: Timestamp,
    by: &'static str,
    author: Option<String>,
    text: String,
}

#[derive(Serialize)]
struct ReturnOut {
    id: Uuid,
    brand: String,
    order_id: String,
    from: Role,
    items: Vec<Piece>,
    wish: Wish,
    reason: Reason,
    comment: Option<String>,
    locale: Option<String>,
    requested_at: Timestamp,
    decide_by: Timestamp,
    decision: Option<Decision>,
    decided_at: Option<Timestamp>,
    decided_by: Option<String>,
    decided_text: Option<String>,
}

#[derive(Serialize)]
struct RatingOut {
    brand: String,
    order_id: String,
    from: Role,
    given_at: Timestamp,
    answers: Vec<AnswerOut>,
    carrier: Option<String>,
    lane: Option<String>,
}

#[derive(Serialize)]
struct AnswerOut {
    question: Question,
    score: u8,
    comment: Option<String>,
}

#[derive(Serialize)]
struct List<T> {
    #[serde(flatten)]
    rows: T,
    /// To be given as `after`; nothing: that was all.
    next: Option<String>,
}

#[derive(Serialize)]
struct Cases {
    cases: Vec<CaseOut>,
}

#[derive(Serialize)]
struct Returns {
    returns: Vec<ReturnOut>,
}

#[derive(Serialize)]
struct Ratings {
    ratings: Vec<RatingOut>,
}

impl From<Case> for CaseOut {
    fn from(case: Case) -> Self {
        let clocks = case.clocks;
        Self {
            id: case.id,
            brand: case.order.brand_str().to_owned(),
            order_id: case.order.order_str().to_owned(),
            from: case.role,
            kind: case.sort,
            standing: clocks.standing(),
            opened_at: clocks.opened_at,
            times_opened: case.times_opened,
            answer_by: clocks.answer_by,
            solve_by: clocks.solve_by,
            answered_at: clocks.answered_at,
            solved_at: clocks.solved_at,
            locale: case.locale,
            carrier: case.about.carrier,
            lane: case.about.lane,
        }
    }
}

impl From<Whole> for WholeOut {
    fn from(whole: Whole) -> Self {
        let id = whole.case.id;
        let word = |word: crate::store::listen::cases::Word| WordOut {
            at: word.at,
            by: word.by.as_str(),
            author: word.author,
            text: word.text.expose().clone(),
        };
        Self {
            words: whole.words.into_iter().map(word).collect(),
            photos: whole.photos.iter().map(|photo| format!("/v1/cases/{id}/photos/{photo}")).collect(),
            case: whole.case.into(),
        }
    }
}

impl From<Return> for ReturnOut {
    fn from(one: Return) -> Self {
        let plain = |words: Pii<String>| words.expose().clone();
        let decided = one.decided;
        Self {
            id: one.id,
            brand: one.order.brand_str().to_owned(),
            order_id: one.order.order_str().to_owned(),
            from: one.role,
            items: one.pieces,
            wish: one.wish,
            reason: one.reason,
            comment: one.words.map(plain),
            locale: one.locale,
            requested_at: one.requested_at,
            decide_by: one.decide_by,
            decision: decided.as_ref().map(|decided| decided.decision),
            decided_at: decided.as_ref().map(|decided| decided.at),
            decided_by: decided.as_ref().map(|decided| decided.by.clone()),
            decided_text: decided.and_then(|decided| decided.words).map(plain),
        }
    }
}

impl From<Rating> for RatingOut {
    fn from(rating: Rating) -> Self {
        let answers = rating.answers.into_iter().map(|answer| AnswerOut {
            question: answer.question,
            score: answer.score,
            comment: answer.comment.map(|words| words.expose().clone()),
        });
        Self {
            brand: rating.order.brand_str().to_owned(),
            order_id: rating.order.order_str().to_owned(),
            from: rating.role,
            given_at: rating.given_at,
            answers: answers.collect(),
            carrier: rating.about.carrier,
            lane: rating.about.lane,
        }
    }
}

type Answered<T> = Result<Json<T>, Problem>;

async fn cases(_: Admitted, State(api): State<Api>, Fields(asked): Fields<Asked>) -> Answered<List<Cases>> {
    let standing = asked
        .standing
        .as_deref()
        .map(|word| Standing::parse(word).ok_or_else(|| wrong("standing", "is open, answered or solved")));
    let filter = Filter {
        brand: asked.brand.clone(),
        standing: standing.transpose()?,
        after: asked.after()?,
        limit: asked.limit(),
    };
    let rows = api.store.cases(&filter).await?;
    let is_full = rows.len() >= filter.limit as usize;
    let last = rows.last().filter(|_| is_full);
    let next = last.map(|case| cursor(case.clocks.next().unwrap_or(case.clocks.opened_at), case.id));
    Ok(Json(List { rows: Cases { cases: rows.into_iter().map(CaseOut::from).collect() }, next }))
}

async fn case(_: Admitted, State(api): State<Api>, Ids(id): Ids<Uuid>) -> Answered<WholeOut> {
    Ok(Json(api.store.case(id).await?.ok_or_else(unknown)?.into()))
}

async fn photo(
    _: Admitted,
    State(api): State<Api>,
    Ids((case, photo)): Ids<(Uuid, Uuid)>,
) -> Result<Response, Problem> {
    let photo = api.store.case_photo(case, photo).await?.ok_or_else(unknown)?;
    Ok(picture(photo))
}

/// A picture with headers that let it be nothing else.
pub(in crate::web) fn picture(photo: crate::store::listen::cases::Photo) -> Response {
    let headers: [(HeaderName, String); 5] = [
        (header::CONTENT_TYPE, photo.media),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_DISPOSITION, "inline; filename=\"photo.jpg\"".to_owned()),
    ];
    (headers, photo.bytes).into_response()
}

/// An answer to a customer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerIn {
    text: String,
    /// Who answers, for the shop's own people.
    #[serde(default)]
    author: Option<String>,
    /// The case is over with this.
    #[serde(default)]
    solve: bool,
}

async fn answer(
    _: Admitted,
    State(api): State<Api>,
    Ids(id): Ids<Uuid>,
    headers: HeaderMap,
    body: Bytes,
) -> Answered<CaseOut> {
    let given: AnswerIn = read(&body)?;
    let text = kept(&given.text).ok_or_else(|| wrong("text", "is empty"))?;
    let author = author(given.author.as_deref());
    let act = Act::Answer { text: Pii::new(text), author: author.clone(), solves: given.solve };
    api.act(id, &headers, act, &author).await
}

async fn solve(_: Admitted, State(api): State<Api>, Ids(id): Ids<Uuid>, headers: HeaderMap) -> Answered<CaseOut> {
    api.act(id, &headers, Act::Solve, &author(None)).await
}

impl Api {
    async fn act(&self, id: Uuid, headers: &HeaderMap, act: Act, author: &str) -> Answered<CaseOut> {
        let Some(whole) = self.store.case(id).await? else { return Err(unknown()) };
        let action = match &act {
            Act::Solve => "case solved",
            Act::Answer { .. } | Act::Say { .. } | Act::Note { .. } => "case answered",
        };
        let audit = Audit {
            person: author.to_owned(),
            action,
            order: Some(whole.case.order.clone()),
            target: Some(format!("case {id}")),
            detail: None,
        };
        let once = once(headers, id, action);
        match self.store.act_on_case(id, once, act, Some(audit), self.report()).await? {
            Acted::Done(case) => Ok(Json(CaseOut::from(*case))),
            Acted::Repeat => Ok(Json(self.store.case(id).await?.ok_or_else(unknown)?.case.into())),
            Acted::Unknown => Err(unknown()),
            Acted::Refused => Err(Problem::new(StatusCode::CONFLICT, "the case is solved, or too much was said in it")),
        }
    }
}

async fn returns(_: Admitted, State(api): State<Api>, Fields(asked): Fields<Asked>) -> Answered<List<Returns>> {
    let before = asked.after()?.map_or(Timestamp::MAX, |(at, _)| at);
    let rows = api.store.returns(&asked.brand, asked.decided, before, asked.limit()).await?;
    let last = rows.last().filter(|_| rows.len() >= asked.limit() as usize);
    let next = last.map(|one| cursor(one.requested_at, one.id));
    Ok(Json(List { rows: Returns { returns: rows.into_iter().map(ReturnOut::from).collect() }, next }))
}

async fn one_return(_: Admitted, State(api): State<Api>, Ids(id): Ids<Uuid>) -> Answered<ReturnOut> {
    Ok(Json(api.store.one_return(id).await?.ok_or_else(unknown)?.into()))
}

/// What the shop has decided.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionIn {
    decision: Decision,
    /// To the customer: where to send it, or why not.
    #[serde(default)]
    text: String,
    #[serde(default)]
    author: Option<String>,
}

async fn decide(_: Admitted, State(api): State<Api>, Ids(id): Ids<Uuid>, body: Bytes) -> Answered<ReturnOut> {
    let given: DecisionIn = read(&body)?;
    let words = kept(&given.text).map(Pii::new);
    let before = api.store.one_return(id).await?.ok_or_else(unknown)?;
    let audit = Audit {
        person: author(given.author.as_deref()),
        action: "return decided",
        order: Some(before.order.clone()),
        target: Some(format!("return {id}")),
        detail: Some(given.decision.as_str().to_owned()),
    };
    let report = api.tells.then_some(voice::return_decided as crate::store::listen::returns::Report);
    match api.store.decide_return(id, given.decision, words.as_ref(), audit, report).await? {
        Some(decided) => Ok(Json(decided.into())),
        None => {
            let held = api.store.one_return(id).await?.ok_or_else(unknown)?;
            let same = held.decided.as_ref().is_some_and(|d| d.decision == given.decision && d.words == words);
            if same { Ok(Json(held.into())) } else { Err(Problem::new(StatusCode::CONFLICT, "it is decided already")) }
        }
    }
}

async fn ratings(_: Admitted, State(api): State<Api>, Fields(asked): Fields<Asked>) -> Answered<List<Ratings>> {
    let before = asked.after()?.map_or(Timestamp::MAX, |(at, _)| at);
    let rows = api.store.ratings(&asked.brand, before, false, asked.limit()).await?;
    let last = rows.last().filter(|_| rows.len() >= asked.limit() as usize);
    let next = last.map(|rating| cursor(rating.given_at, rating.id));
    Ok(Json(List { rows: Ratings { ratings: rows.into_iter().map(RatingOut::from).collect() }, next }))
}

fn read<'a, T: Deserialize<'a>>(body: &'a Bytes) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    // The message of serde may quote a value; the path to it does not.
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        let what = if error.inner().is_data() { "is missing, unknown or of the wrong kind" } else { "is not json" };
        wrong(&field, what)
    })
}

fn author(given: Option<&str>) -> String {
    let name: String = given.unwrap_or_default().chars().filter(|c| !c.is_control()).take(AUTHOR_CHARS_MAX).collect();
    if name.trim().is_empty() { "api".to_owned() } else { format!("api: {}", name.trim()) }
}

/// The request's own key: what comes again under the same `Idempotency-Key` is done once.
fn once(headers: &HeaderMap, case: Uuid, action: &str) -> Uuid {
    match headers.get("idempotency-key").and_then(|key| key.to_str().ok()) {
        Some(key) => Uuid::new_v5(&case, format!("{action}\0{key}").as_bytes()),
        None => Uuid::new_v4(),
    }
}
