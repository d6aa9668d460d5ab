//! Something goes back: what, why, and what the customer wishes. The shop decides; the page says by when, and what.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;

use super::fact::Reported;
use super::frame::Shown;
use super::{Care, Inner, Trouble, Visit, again, answer, see};
use crate::domain::event::Item;
use crate::domain::listen::kept;
use crate::domain::listen::sending_back::{Decision, Piece, Reason, Wish, returnable};
use crate::domain::person::Pii;
use crate::outcomes::voice;
use crate::store::listen::Taken;
use crate::store::listen::returns::{NewReturn, Return};
use crate::voice::WordsError;
use crate::voice::care::{RETURN, Speech};
use crate::web::form::{Fields, STAMP, Unread};

/// Most kinds of things in one form.
const LINES_MAX: usize = 100;
/// Most pieces of one kind that can be chosen on the page.
const PIECES_MAX: u32 = 99;

#[derive(Serialize)]
struct Facts {
    action: String,
    stamp: String,
    items: Vec<Line>,
    reasons: Vec<Choice>,
    wishes: Vec<Choice>,
    words: String,
    asked: Vec<Asked>,
    shop_page: Option<String>,
}

/// One kind of thing that may go back.
#[derive(Serialize)]
struct Line {
    name: String,
    title: String,
    label: String,
    numbers: Vec<Number>,
}

#[derive(Serialize)]
struct Number {
    value: u32,
    chosen: bool,
}

#[derive(Serialize)]
struct Choice {
    value: &'static str,
    label: String,
    checked: bool,
}

/// A return that was asked for.
#[derive(Serialize)]
struct Asked {
    state: String,
    is_open: bool,
    lines: Vec<String>,
    words: Option<String>,
}

/// What became of a request.
enum Outcome {
    /// It is kept, and the order knows.
    Kept,
    /// It is kept, and the order does not know yet.
    Half,
    /// There are too many of this order already.
    TooMany,
    /// The person was forgotten while the form was on its way: nothing is kept.
    Forgotten,
}

/// What the form holds so far.
#[derive(Default)]
struct Chosen {
    pieces: BTreeMap<String, u32>,
    reason: Option<Reason>,
    wish: Option<Wish>,
    words: String,
    /// Of a request that must be sent once more; `None`: a new one.
    stamp: Option<String>,
}

/// Shows what may go back, and what became of what was asked for.
pub(super) async fn show(
    State(care): State<Care>,
    Path(token): Path<String>,
    Query(asked): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let inner = &care.inner;
    answer(
        async {
            let visit = match inner.visit(&token, &headers).await {
                Ok(visit) => visit,
                Err(answer) => return Ok(answer),
            };
            let sent = asked.contains_key("sent");
            inner.offer(&visit, StatusCode::OK, &Chosen::default(), None, sent).await
        }
        .await,
    )
}

/// Takes the wish.
pub(super) async fn take(State(care): State<Care>, Path(token): Path<String>, request: Request) -> Response {
    let inner = &care.inner;
    answer(
        async {
            let headers = request.headers().clone();
            let visit = match inner.visit(&token, &headers).await {
                Ok(visit) => visit,
                Err(answer) => return Ok(answer),
            };
            let form = match inner.forms.read(request).await {
                Ok(form) => form,
                Err(Unread { why, said }) => match again(why) {
                    Some(words) => {
                        let items = returnable(&visit.state(), &visit.policy().returns, inner.now());
                        return inner.offer(&visit, why.status(), &chosen(&said, &items), Some(words), false).await;
                    }
                    None => return inner.refused(&visit, why),
                },
            };
            let items = returnable(&visit.state(), &visit.policy().returns, inner.now());
            let chosen = chosen(&form.said, &items);
            let pieces = pieces(&items, &chosen);
            let (Some(reason), Some(wish), false) = (chosen.reason, chosen.wish, pieces.is_empty()) else {
                let (status, words) = (StatusCode::UNPROCESSABLE_ENTITY, Some("return-none"));
                return inner.offer(&visit, status, &chosen, words, false).await;
            };
            let locale = visit.speech(&inner.voice.load())?.locale().to_owned();
            let new = NewReturn {
                id: form.id,
                from: visit.from(&locale),
                wish,
                reason,
                words: kept(&chosen.words).map(Pii::new),
                pieces,
                decide: visit.policy().returns.decide,
            };
            match inner.request(&new).await? {
                Outcome::Kept => Ok(see(&format!("{}/return?sent", visit.path))),
                Outcome::Forgotten => Ok(inner.unknown(&headers)),
                Outcome::TooMany => {
                    let status = StatusCode::TOO_MANY_REQUESTS;
                    inner.offer(&visit, status, &chosen, Some("return-too-many"), false).await
                }
                Outcome::Half => {
                    // Under the stamp that it came with, so that the next try is the same request.
                    let chosen = Chosen { stamp: Some(form.said.text(STAMP).to_owned()), ..chosen };
                    let status = StatusCode::SERVICE_UNAVAILABLE;
                    inner.offer(&visit, status, &chosen, Some("return-again"), false).await
                }
            }
        }
        .await,
    )
}

/// The field of an item: by its place, and by what it is, so that an order that has changed meanwhile sends nothing wrong back.
fn field(place: usize, item: &Item) -> String {
    let own = item.id.as_deref().or(item.sku.as_deref()).or(item.title.as_deref()).unwrap_or_default();
    format!("qty.{place}.{own}")
}

fn chosen(said: &Fields, items: &[Item]) -> Chosen {
    let count = |(place, item): (usize, &Item)| {
        let name = field(place, item);
        let count: u32 = said.text(&name).parse().ok()?;
        (count > 0).then_some((name, count.min(item.qty)))
    };
    Chosen {
        pieces: items.iter().enumerate().take(LINES_MAX).filter_map(count).collect(),
        reason: Reason::parse(said.text("reason")),
        wish: Wish::parse(said.text("wish")),
        words: said.text("words").to_owned(),
        stamp: None,
    }
}

fn pieces(items: &[Item], chosen: &Chosen) -> Vec<Piece> {
    let piece = |(place, item): (usize, &Item)| {
        let qty = *chosen.pieces.get(&field(place, item))?;
        Some(Piece { id: item.id.clone(), sku: item.sku.clone(), title: item.title.clone(), qty })
    };
    items.iter().enumerate().take(LINES_MAX).filter_map(piece).collect()
}

impl Inner {
    /// Writes the request down, then tells the order. Both count once for each form, so a second try does what the first could not.
    async fn request(&self, new: &NewReturn) -> Result<Outcome, Trouble> {
        let told = self.tells.then(|| voice::return_requested(new, self.now())).into_iter().collect();
        let taken = self.store.request_return(new, told).await?;
        let row = self.store.one_return(new.id).await?;
        let Some(row) = row.filter(|row| row.order == new.from.order && row.role == new.from.role) else {
            // A form that was one too many stays it when it is sent again.
            let is_new = matches!(taken, Taken::New { .. });
            return Ok(if is_new { Outcome::Forgotten } else { Outcome::TooMany });
        };
        match self.facts.report(&self.store, &row).await {
            Ok(Reported::Known) => Ok(Outcome::Kept),
            Ok(Reported::Forgotten) => Ok(Outcome::Forgotten),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, return.id = %row.id, "the order was not told of a return");
                Ok(Outcome::Half)
            }
        }
    }

    async fn offer(
        &self,
        visit: &Visit,
        status: StatusCode,
        chosen: &Chosen,
        alert: Option<&str>,
        sent: bool,
    ) -> Result<Response, Trouble> {
        let mine: Vec<Return> =
            self.store.returns_of(visit.key()).await?.into_iter().filter(|one| one.role == visit.role).collect();
        let voice = self.voice.load();
        let speech = visit.speech(&voice)?;
        let state = visit.state();
        let path = format!("{}/return", visit.path);
        let items = returnable(&state, &visit.policy().returns, self.now());
        let lines = items.iter().enumerate().take(LINES_MAX).map(|(place, item)| line(place, item, chosen, &speech));
        let asked = mine.iter().rev().map(|one| self.asked(visit, one, &speech));
        let facts = Facts {
            stamp: chosen.stamp.clone().unwrap_or_else(|| self.forms.stamp(&path)),
            action: path,
            items: lines.collect::<Result<_, Trouble>>()?,
            reasons: choices(Reason::ALL, Reason::as_str, "return-why", chosen.reason, &speech)?,
            wishes: choices(Wish::ALL, Wish::as_str, "return-wish", chosen.wish, &speech)?,
            words: chosen.words.clone(),
            asked: asked.collect::<Result<_, Trouble>>()?,
            shop_page: speech.returns_link(),
        };
        let waiting = mine.iter().rfind(|one| one.decided.is_none()).filter(|_| sent);
        let notice = waiting.map(|one| {
            let by = speech.moment(one.decide_by, &state.zone);
            speech.with("return-sent", &[("by", &by)])
        });
        let (notice, alert) = (notice.transpose()?, alert.map(|id| speech.say(id)).transpose()?);
        let (words, title) = (speech.all(RETURN)?, speech.say("return-title")?);
        let shown = Shown { template: "return", status, title, alert, notice, words, visit };
        Ok(self.frame.show(&shown, &speech, &facts))
    }

    fn asked(&self, visit: &Visit, one: &Return, speech: &Speech<'_>) -> Result<Asked, Trouble> {
        let zone = &visit.state().zone;
        let mut lines = Vec::with_capacity(one.pieces.len() + 1);
        for piece in &one.pieces {
            lines.push(format!("{} × {}", piece.qty, speech.item(piece.title.as_deref())?));
        }
        let (state, words) = state_of(one, self.now(), speech, |at| speech.moment(at, zone), &mut lines)?;
        Ok(Asked { state, is_open: one.decided.is_none(), lines, words })
    }
}

/// Where a return stands, in words, and the shop's own about it.
pub(super) fn state_of(
    one: &Return,
    now: jiff::Timestamp,
    speech: &Speech<'_>,
    moment: impl Fn(jiff::Timestamp) -> String,
    lines: &mut Vec<String>,
) -> Result<(String, Option<String>), WordsError> {
    match &one.decided {
        None => {
            let by = moment(one.decide_by);
            if now > one.decide_by {
                lines.push(speech.with("return-late", &[("by", &by)])?);
            }
            Ok((speech.with("return-waiting", &[("by", &by)])?, None))
        }
        Some(decided) => {
            lines.push(speech.with("return-decided-at", &[("by", &moment(decided.at))])?);
            let id = match decided.decision {
                Decision::Approved => "return-approved",
                Decision::Declined => "return-declined",
            };
            Ok((speech.say(id)?, decided.words.as_ref().map(|words| words.expose().clone())))
        }
    }
}

fn line(place: usize, item: &Item, chosen: &Chosen, speech: &Speech<'_>) -> Result<Line, Trouble> {
    let name = field(place, item);
    let title = speech.item(item.title.as_deref())?;
    let count = chosen.pieces.get(&name).copied().unwrap_or(0);
    let numbers = (0..=item.qty.min(PIECES_MAX)).map(|value| Number { value, chosen: value == count }).collect();
    let label = speech.with("return-qty", &[("item", &title)])?;
    Ok(Line { name, title, label, numbers })
}

fn choices<T: Copy + PartialEq>(
    all: &[T],
    word: impl Fn(T) -> &'static str,
    start: &str,
    chosen: Option<T>,
    speech: &Speech<'_>,
) -> Result<Vec<Choice>, Trouble> {
    let choice = |one: &T| {
        let value = word(*one);
        Ok(Choice { value, label: speech.say(&format!("{start}-{value}"))?, checked: chosen == Some(*one) })
    };
    all.iter().map(choice).collect()
}
