//! Something is wrong: told with or without pictures, at any time. The page shows where each case stands, and takes more words.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::multipart::{Field, Multipart};
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::frame::Shown;
use super::photo::{self, BadPhoto, PHOTO_BYTES_MAX, PHOTOS_MAX};
use super::{Care, Inner, Trouble, Visit, again, answer, see};
use crate::domain::listen::case::{Overdue, Sort, Standing};
use crate::domain::listen::kept;
use crate::domain::person::Pii;
use crate::outcomes::voice;
use crate::store::listen::Taken;
use crate::store::listen::cases::{Act, Acted, By, Change, NewCase, Photo, Whole};
use crate::voice::WordsError;
use crate::voice::care::{PROBLEM, Speech};
use crate::web::form::{Refused, STAMP, Unread};

/// How long a form with pictures may take to come in: thirty megabytes over a slow line.
const FORM_TIME_MAX: Duration = Duration::from_secs(120);
/// Bytes of the form's texts.
const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Fields of the form, pictures included.
const FIELDS_MAX: usize = 12;

#[derive(Serialize)]
struct Facts {
    action: String,
    stamp: String,
    sorts: Vec<Choice>,
    words: String,
    cases: Vec<Shut>,
}

#[derive(Serialize)]
struct Choice {
    value: &'static str,
    label: String,
    checked: bool,
}

/// A case as its customer sees it.
#[derive(Serialize)]
struct Shut {
    id: Uuid,
    title: String,
    state: String,
    is_open: bool,
    is_solved: bool,
    /// Its clocks, in words.
    lines: Vec<String>,
    words: Vec<Said>,
    photos: Option<String>,
    action: String,
    stamp: String,
    /// What stands in its form already.
    draft: String,
}

#[derive(Serialize)]
struct Said {
    who: String,
    at: String,
    text: String,
    is_shop: bool,
}

/// What a form has brought.
#[derive(Default)]
struct Told {
    id: Uuid,
    sort: Option<Sort>,
    words: String,
    photos: Vec<Vec<u8>>,
    /// Words meant for a case that is there, which were not taken.
    draft: Option<(Uuid, String)>,
}

/// Why a form with pictures is not taken.
enum Bad {
    Refused(Refused),
    /// Shown again with this sentence.
    Again(StatusCode, &'static str),
}

impl From<Refused> for Bad {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// The limit on bodies for this form: three pictures and some words.
pub(super) fn body_limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(PHOTOS_MAX * PHOTO_BYTES_MAX + 2 * TEXT_BYTES_MAX)
}

/// Shows the form, and the cases that there are.
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
            inner.listen(&visit, StatusCode::OK, &Told::default(), None, asked.contains_key("sent")).await
        }
        .await,
    )
}

/// Takes what is wrong.
pub(super) async fn take(State(care): State<Care>, Path(token): Path<String>, request: Request) -> Response {
    let inner = &care.inner;
    answer(
        async {
            let visit = match inner.visit(&token, request.headers()).await {
                Ok(visit) => visit,
                Err(answer) => return Ok(answer),
            };
            let Ok(_place) = inner.uploads.try_acquire() else {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                return inner.listen(&visit, status, &Told::default(), Some("problem-busy"), false).await;
            };
            let mut told = Told::default();
            match inner.told(&visit, request, &mut told).await {
                Ok(()) => {}
                Err(Bad::Refused(refused)) => match again(refused) {
                    Some(id) => return inner.listen(&visit, refused.status(), &told, Some(id), false).await,
                    None => return inner.refused(&visit, refused),
                },
                Err(Bad::Again(status, id)) => return inner.listen(&visit, status, &told, Some(id), false).await,
            }
            let Some(sort) = told.sort else {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return inner.listen(&visit, status, &told, Some("problem-none"), false).await;
            };
            match inner.open(&visit, sort, &told).await? {
                Ok(Taken::TooMany) => {
                    let status = StatusCode::TOO_MANY_REQUESTS;
                    inner.listen(&visit, status, &told, Some("problem-too-many"), false).await
                }
                // Whoever was forgotten meanwhile is led to a page that is not there any more.
                Ok(Taken::New { .. } | Taken::Repeat | Taken::Gone) => Ok(see(&format!("{}/problem?sent", visit.path))),
                Err(bad) => {
                    let (status, id) = match bad {
                        BadPhoto::Unreadable => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "problem-photo-type"),
                        BadPhoto::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "problem-photo-size"),
                    };
                    inner.listen(&visit, status, &told, Some(id), false).await
                }
            }
        }
        .await,
    )
}

/// Takes more words in a case.
pub(super) async fn say(
    State(care): State<Care>,
    Path((token, case)): Path<(String, String)>,
    request: Request,
) -> Response {
    let inner = &care.inner;
    answer(
        async {
            let visit = match inner.visit(&token, request.headers()).await {
                Ok(visit) => visit,
                Err(answer) => return Ok(answer),
            };
            let mine = inner.my_cases(&visit).await?;
            let id = case.parse::<Uuid>().ok();
            let Some(id) = id.filter(|id| mine.iter().any(|whole| whole.case.id == *id)) else {
                return Ok(inner.unknown(request.headers()));
            };
            let form = match inner.forms.read(request).await {
                Ok(form) => form,
                Err(Unread { why, said }) => match again(why) {
                    Some(words) => {
                        let told = Told { draft: Some((id, said.text("words").to_owned())), ..Told::default() };
                        return inner.listen(&visit, why.status(), &told, Some(words), false).await;
                    }
                    None => return inner.refused(&visit, why),
                },
            };
            let Some(text) = kept(form.said.text("words")) else {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return inner.listen(&visit, status, &Told::default(), Some("case-say-none"), false).await;
            };
            let act = Act::Say { text: Pii::new(text), deadlines: visit.policy().cases };
            let report = inner.tells.then_some(voice::of_case as crate::store::listen::cases::Report);
            if inner.store.act_on_case(id, form.id, act, None, report).await? == Acted::Refused {
                let status = StatusCode::TOO_MANY_REQUESTS;
                return inner.listen(&visit, status, &Told::default(), Some("problem-too-many"), false).await;
            }
            Ok(see(&format!("{}/problem#case-{id}", visit.path)))
        }
        .await,
    )
}

impl Inner {
    /// The cases of whoever is here, with what was said, latest first.
    async fn my_cases(&self, visit: &Visit) -> Result<Vec<Whole>, Trouble> {
        let mut mine = Vec::new();
        for case in self.store.cases_of(visit.key()).await?.into_iter().rev() {
            if case.role == visit.role {
                mine.extend(self.store.case(case.id).await?);
            }
        }
        Ok(mine)
    }

    /// Reads the form into `told`. The stamp stands first in it, and is looked at before anything else is read. Where it is only too
    /// young or too old, the words are read all the same: the page that is shown again keeps them.
    async fn told(&self, visit: &Visit, request: Request, told: &mut Told) -> Result<(), Bad> {
        let (parts, body) = request.into_parts();
        self.forms.admit(&parts)?;
        let reading = async {
            let mut form =
                Multipart::from_request(Request::from_parts(parts, body), &()).await.map_err(|_| Refused::NotAForm)?;
            let (mut fields, mut untimely) = (0, None);
            while let Some(field) = form.next_field().await.map_err(|_| Refused::NotAForm)? {
                fields += 1;
                let name = field.name().unwrap_or_default().to_owned();
                match (fields, name.as_str()) {
                    (1, STAMP) => {
                        let stamp = text(field).await?;
                        match self.forms.check_stamp(&stamp, &format!("{}/problem", visit.path)) {
                            Ok(stamp) => told.id = stamp.id,
                            Err(why @ (Refused::Soon | Refused::Old)) => untimely = Some(why),
                            Err(why @ (Refused::Foreign | Refused::TooMany | Refused::NotAForm)) => {
                                return Err(why.into());
                            }
                        }
                    }
                    (1, _) => return Err(Refused::Foreign.into()),
                    (FIELDS_MAX.., _) => return Err(Refused::NotAForm.into()),
                    (_, "sort") => told.sort = Sort::parse(&text(field).await?).filter(|s| *s != Sort::LowScore),
                    (_, "words") => told.words = text(field).await?,
                    (_, "photos") if untimely.is_none() => told.photos.extend(picture(field, told.photos.len()).await?),
                    (_, _) => {}
                }
            }
            match untimely {
                Some(why) => Err(why.into()),
                None if fields == 0 => Err(Refused::Foreign.into()),
                None => Ok(()),
            }
        };
        tokio::time::timeout(FORM_TIME_MAX, reading).await.unwrap_or(Err(Refused::NotAForm.into()))
    }

    /// Opens a case, once its pictures are harmless.
    async fn open(&self, visit: &Visit, sort: Sort, told: &Told) -> Result<Result<Taken, BadPhoto>, Trouble> {
        let mut photos: Vec<Photo> = Vec::with_capacity(told.photos.len());
        for bytes in told.photos.clone() {
            let _turn = self.decoders.acquire().await;
            // A decoder that panics on what it reads is one that cannot read it.
            let cleaned = tokio::task::spawn_blocking(move || photo::clean(&bytes)).await;
            match cleaned.unwrap_or(Err(BadPhoto::Unreadable)) {
                Ok(photo) => photos.push(photo),
                Err(bad) => return Ok(Err(bad)),
            }
        }
        let locale = visit.speech(&self.voice.load())?.locale().to_owned();
        let new = NewCase {
            id: told.id,
            from: visit.from(&locale),
            sort,
            words: kept(&told.words).map(Pii::new),
            deadlines: visit.policy().cases,
        };
        let now = self.now();
        let opened = self.tells.then(|| voice::of_case(&new.opened(now), Change::Opened, new.id, now));
        Ok(Ok(self.store.open_case(&new, &photos, opened.into_iter().collect()).await?))
    }

    async fn listen(
        &self,
        visit: &Visit,
        status: StatusCode,
        told: &Told,
        alert: Option<&str>,
        sent: bool,
    ) -> Result<Response, Trouble> {
        let mine = self.my_cases(visit).await?;
        let voice = self.voice.load();
        let speech = visit.speech(&voice)?;
        let path = format!("{}/problem", visit.path);
        let choice = |sort: Sort| {
            let label = speech.say(&format!("problem-sort-{}", sort.as_str()))?;
            Ok(Choice { value: sort.as_str(), label, checked: told.sort == Some(sort) })
        };
        let facts = Facts {
            stamp: self.forms.stamp(&path),
            sorts: Sort::offered().map(choice).collect::<Result<_, Trouble>>()?,
            words: told.words.clone(),
            cases: mine.iter().map(|whole| self.shut(visit, whole, told, &speech)).collect::<Result<_, _>>()?,
            action: path,
        };
        let newest = mine.first().and_then(|whole| whole.case.clocks.next()).filter(|_| sent);
        let notice = newest.map(|by| speech.with("problem-sent", &[("by", &speech.moment(by, &visit.state().zone))]));
        let (notice, alert) = (notice.transpose()?, alert.map(|id| speech.say(id)).transpose()?);
        let (words, title) = (speech.all(PROBLEM)?, speech.say("problem-title")?);
        let shown = Shown { template: "problem", status, title, alert, notice, words, visit };
        Ok(self.frame.show(&shown, &speech, &facts))
    }

    fn shut(&self, visit: &Visit, whole: &Whole, told: &Told, speech: &Speech<'_>) -> Result<Shut, Trouble> {
        let (case, zone) = (&whole.case, visit.state().zone);
        let moment = |at: Timestamp| speech.moment(at, &zone);
        let standing = case.clocks.standing();
        let said = whole.words.iter().filter_map(|word| {
            let id = match word.by {
                By::Customer => "case-you",
                By::Shop => "case-shop",
                By::Note => return None,
            };
            let is_shop = word.by == By::Shop;
            let (at, text) = (moment(word.at), word.text.expose().clone());
            Some(speech.say(id).map(|who| Said { who, at, text, is_shop }))
        });
        let photos = (!whole.photos.is_empty()).then(|| whole.photos.len().to_string());
        let action = format!("{}/problem/{}", visit.path, case.id);
        let draft = told.draft.as_ref().filter(|(id, _)| *id == case.id).map(|(_, words)| words.clone());
        Ok(Shut {
            id: case.id,
            title: speech.say(&format!("problem-sort-{}", case.sort.as_str()))?,
            state: state_word(standing, speech)?,
            is_open: standing == Standing::Open,
            is_solved: standing == Standing::Solved,
            lines: clocks(case, self.now(), speech, moment)?,
            words: said.collect::<Result<_, _>>()?,
            photos: photos.map(|count| speech.with("case-photos", &[("count", &count)])).transpose()?,
            stamp: self.forms.stamp(&action),
            draft: draft.unwrap_or_default(),
            action,
        })
    }
}

/// Where a case stands, in a word or two.
pub(super) fn state_word(standing: Standing, speech: &Speech<'_>) -> Result<String, WordsError> {
    speech.say(&format!("case-state-{}", standing.as_str()))
}

/// A case's clocks in honest sentences.
pub(super) fn clocks(
    case: &crate::store::listen::cases::Case,
    now: Timestamp,
    speech: &Speech<'_>,
    moment: impl Fn(Timestamp) -> String,
) -> Result<Vec<String>, WordsError> {
    let clocks = &case.clocks;
    let line = |id: &str, at: Timestamp| speech.with(id, &[("by", &moment(at))]);
    Ok(match (clocks.solved_at, clocks.answer_by) {
        (Some(solved), _) => vec![line("case-solved-at", solved)?],
        (None, Some(by)) if clocks.overdue(now) == Some(Overdue::Answer) => vec![line("case-late", by)?],
        (None, Some(by)) => vec![line("case-by", by)?],
        (None, None) if clocks.overdue(now).is_some() => vec![line("case-late", clocks.solve_by)?],
        (None, None) => vec![line("case-solve-by", clocks.solve_by)?],
    })
}

/// A field's text.
async fn text(mut field: Field<'_>) -> Result<String, Bad> {
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|_| Refused::NotAForm)? {
        if bytes.len() + piece.len() > TEXT_BYTES_MAX {
            return Err(Refused::NotAForm.into());
        }
        bytes.extend_from_slice(&piece);
    }
    // No database takes a NUL.
    Ok(String::from_utf8_lossy(&bytes).replace('\0', ""))
}

/// A picture's bytes; `None` for the empty field that browsers send where none was chosen. `before`: how many there are already.
async fn picture(mut field: Field<'_>, before: usize) -> Result<Option<Vec<u8>>, Bad> {
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|_| Refused::NotAForm)? {
        if before >= PHOTOS_MAX {
            return Err(Bad::Again(StatusCode::PAYLOAD_TOO_LARGE, "problem-photo-count"));
        }
        if bytes.len() + piece.len() > PHOTO_BYTES_MAX {
            return Err(Bad::Again(StatusCode::PAYLOAD_TOO_LARGE, "problem-photo-size"));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
}
