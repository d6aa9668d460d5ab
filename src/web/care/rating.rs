//! How it went: one to three questions, each with a scale and room for words. What a mail's link brings along is only preselected.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;

use super::frame::Shown;
use super::{Care, Inner, Trouble, Visit, again, answer, see};
use crate::domain::listen::case::{Sort, Standing, low_score_id};
use crate::domain::listen::kept;
use crate::domain::listen::rating::{Answer, Question};
use crate::domain::person::Pii;
use crate::outcomes::voice;
use crate::store::listen::cases::{Change, NewCase};
use crate::store::listen::{NewRating, Rating};
use crate::voice::care::{RATING, Speech};
use crate::web::form::{Fields, Filled, Unread};

/// One question as the page asks it.
#[derive(Serialize)]
struct Asked {
    name: &'static str,
    legend: String,
    points: Vec<Point>,
    /// What the ends of the scale mean; none where each point has words.
    low: Option<String>,
    high: Option<String>,
    words: String,
}

/// One point of a scale.
#[derive(Serialize)]
struct Point {
    value: u8,
    /// In words, where the point has some.
    label: Option<String>,
    checked: bool,
}

#[derive(Serialize)]
struct Facts {
    action: String,
    stamp: String,
    questions: Vec<Asked>,
    given: bool,
    /// The form is not shown: thanks were said.
    thanks: Vec<String>,
    case_link: Option<Link>,
    change: Option<Link>,
}

#[derive(Serialize)]
struct Link {
    href: String,
    label: String,
}

/// What is chosen already, by question.
type Chosen = BTreeMap<Question, (Option<u8>, String)>;

/// Shows the questions, or thanks for the answers.
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
            if !visit.has_arrived() {
                let voice = inner.voice.load();
                let speech = visit.speech(&voice)?;
                return Ok(inner.frame.note(&visit, &speech, StatusCode::OK, &speech.say("rating-not-yet")?));
            }
            let mine = inner.my_rating(&visit).await?;
            if let (Some(mine), true) = (&mine, asked.contains_key("thanks")) {
                return inner.thank(&visit, mine).await;
            }
            let mut chosen = mine.as_ref().map(chosen_before).unwrap_or_default();
            for question in Question::ALL {
                if let Some(score) = asked.get(question.as_str()).and_then(|text| question.score(text)) {
                    chosen.entry(question).or_default().0 = Some(score);
                }
            }
            inner.ask(&visit, StatusCode::OK, &chosen, mine.is_some(), None)
        }
        .await,
    )
}

/// Takes the answers.
pub(super) async fn take(State(care): State<Care>, Path(token): Path<String>, request: Request) -> Response {
    let inner = &care.inner;
    answer(
        async {
            let visit = match inner.visit(&token, request.headers()).await {
                Ok(visit) => visit,
                Err(answer) => return Ok(answer),
            };
            if !visit.has_arrived() {
                return Ok(see(&format!("{}/rating", visit.path)));
            }
            let preselected = chosen_in(request.uri().query().unwrap_or_default());
            let form = match inner.forms.read(request).await {
                Ok(form) => form,
                Err(Unread { why, said }) => match again(why) {
                    Some(words) => {
                        let chosen = preselected.into_iter().chain(chosen_now(&said)).collect();
                        return inner.ask(&visit, why.status(), &chosen, false, Some(words));
                    }
                    None => return inner.refused(&visit, why),
                },
            };
            let answers = answers(&form.said, &visit.policy().ask.questions);
            if answers.is_empty() {
                let (status, chosen) = (StatusCode::UNPROCESSABLE_ENTITY, chosen_now(&form.said).collect());
                return inner.ask(&visit, status, &chosen, false, Some("rating-none"));
            }
            inner.keep(&visit, &form, answers).await?;
            Ok(see(&format!("{}/rating?thanks", visit.path)))
        }
        .await,
    )
}

fn words(said: &Fields, question: Question) -> String {
    said.text(&format!("{}_words", question.as_str())).to_owned()
}

fn answers(said: &Fields, asked: &[Question]) -> Vec<Answer> {
    let answer = |question: &Question| {
        let score = question.score(said.text(question.as_str()))?;
        let comment = kept(&words(said, *question)).map(Pii::new);
        Some(Answer { question: *question, score, comment })
    };
    asked.iter().filter_map(answer).collect()
}

/// What was answered before stands in the form again.
fn chosen_before(rating: &Rating) -> Chosen {
    let chosen = |answer: &Answer| {
        let words = answer.comment.as_ref().map(|words| words.expose().clone()).unwrap_or_default();
        (answer.question, (Some(answer.score), words))
    };
    rating.answers.iter().map(chosen).collect()
}

/// What a form that was not taken says stands in it again.
fn chosen_now(said: &Fields) -> impl Iterator<Item = (Question, (Option<u8>, String))> {
    let chosen = |question: Question| (question, (question.score(said.text(question.as_str())), words(said, question)));
    Question::ALL.into_iter().map(chosen).filter(|(_, (score, words))| score.is_some() || !words.is_empty())
}

/// What the address itself preselects: `csat=4`.
fn chosen_in(query: &str) -> Chosen {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let chosen = pairs.filter_map(|(name, text)| {
        let question = Question::ALL.into_iter().find(|question| question.as_str() == name)?;
        Some((question, (Some(question.score(text)?), String::new())))
    });
    chosen.collect()
}

impl Inner {
    async fn my_rating(&self, visit: &Visit) -> Result<Option<Rating>, Trouble> {
        let ratings = self.store.ratings_of(visit.key()).await?;
        Ok(ratings.into_iter().find(|rating| rating.role == visit.role))
    }

    async fn keep(&self, visit: &Visit, form: &Filled, answers: Vec<Answer>) -> Result<(), Trouble> {
        let (now, policy) = (self.now(), visit.policy());
        let locale = visit.speech(&self.voice.load())?.locale().to_owned();
        let from = visit.from(&locale);
        let case = policy.ask.low.holds(&answers).then(|| {
            let said: Vec<&str> =
                answers.iter().filter_map(|answer| Some(answer.comment.as_ref()?.expose().as_str())).collect();
            NewCase {
                id: low_score_id(visit.key(), visit.role),
                from: from.clone(),
                sort: Sort::LowScore,
                words: kept(&said.join("\n\n")).map(Pii::new),
                deadlines: policy.cases,
            }
        });
        let told_of_case = case.iter().map(|case| voice::of_case(&case.opened(now), Change::Opened, case.id, now));
        let told_of_case = told_of_case.filter(|_| self.tells).collect();
        let new = NewRating { id: form.id, from, answers, case };
        let told = self.tells.then(|| voice::rated(&new, now)).into_iter().collect();
        self.store.rate(&new, told, told_of_case).await?;
        Ok(())
    }

    fn ask(
        &self,
        visit: &Visit,
        status: StatusCode,
        chosen: &Chosen,
        given: bool,
        alert: Option<&str>,
    ) -> Result<Response, Trouble> {
        let voice = self.voice.load();
        let speech = visit.speech(&voice)?;
        let path = format!("{}/rating", visit.path);
        // The address keeps what is chosen: if the form has to be sent once more, it is still there.
        let query: Vec<String> = chosen
            .iter()
            .filter_map(|(question, (score, _))| Some(format!("{}={}", question.as_str(), (*score)?)))
            .collect();
        let action = if query.is_empty() { path.clone() } else { format!("{path}?{}", query.join("&")) };
        let questions = visit.policy().ask.questions.iter();
        let facts = Facts {
            action,
            stamp: self.forms.stamp(&path),
            questions: questions.map(|question| asked(*question, chosen, &speech)).collect::<Result<_, _>>()?,
            given,
            thanks: Vec::new(),
            case_link: None,
            change: None,
        };
        let alert = alert.map(|id| speech.say(id)).transpose()?;
        let words = speech.all(RATING)?;
        let title = speech.say("rating-title")?;
        let shown = Shown { template: "rating", status, title, alert, notice: None, words, visit };
        Ok(self.frame.show(&shown, &speech, &facts))
    }

    /// Thanks, and says honestly what follows from a low answer.
    async fn thank(&self, visit: &Visit, mine: &Rating) -> Result<Response, Trouble> {
        let voice = self.voice.load();
        let speech = visit.speech(&voice)?;
        let mut thanks = vec![speech.say("rating-thanks")?];
        let mut case_link = None;
        if visit.policy().ask.low.holds(&mine.answers) {
            let id = low_score_id(visit.key(), visit.role);
            let case = self.store.cases_of(visit.key()).await?.into_iter().find(|case| case.id == id);
            if let Some(case) = case.filter(|case| case.clocks.standing() != Standing::Solved) {
                let by = case.clocks.next().unwrap_or(case.clocks.solve_by);
                let by = speech.moment(by, &visit.state().zone);
                thanks.push(speech.with("rating-thanks-case", &[("by", &by)])?);
                let href = format!("{}/problem#case-{id}", visit.path);
                case_link = Some(Link { href, label: speech.say("rating-case-link")? });
            }
        }
        let change = Link { href: format!("{}/rating", visit.path), label: speech.say("rating-change")? };
        let facts = Facts {
            action: String::new(),
            stamp: String::new(),
            questions: Vec::new(),
            given: false,
            thanks,
            case_link,
            change: Some(change),
        };
        let (words, title) = (speech.all(RATING)?, speech.say("rating-thanks-title")?);
        let status = StatusCode::OK;
        let shown = Shown { template: "rating", status, title, alert: None, notice: None, words, visit };
        Ok(self.frame.show(&shown, &speech, &facts))
    }
}

fn asked(question: Question, chosen: &Chosen, speech: &Speech<'_>) -> Result<Asked, Trouble> {
    let (score, words) = chosen.get(&question).cloned().unwrap_or_default();
    let (lowest, highest) = question.scale();
    let name = question.as_str();
    let points = (lowest..=highest).map(|value| {
        let label = match question {
            Question::Csat => Some(speech.say(&format!("rating-csat-{value}"))?),
            Question::Nps | Question::Ces => None,
        };
        Ok(Point { value, label, checked: score == Some(value) })
    });
    let end = |end: &str| match question {
        Question::Csat => Ok(None),
        Question::Nps | Question::Ces => speech.say(&format!("rating-{name}-{end}")).map(Some),
    };
    Ok(Asked {
        name,
        legend: speech.say(&format!("rating-{name}"))?,
        points: points.collect::<Result<_, Trouble>>()?,
        low: end("low")?,
        high: end("high")?,
        words,
    })
}
