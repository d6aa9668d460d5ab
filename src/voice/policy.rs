//! A brand's policy in its file form, and the way from there to [`Policy`].

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::domain::delay::Limits;
use crate::domain::listen::ask::Ask;
use crate::domain::listen::case::Deadlines;
use crate::domain::listen::rating::Question;
use crate::domain::listen::sending_back::Returns;
use crate::domain::person::{Channel, Role};
use crate::domain::policy::{InDoubt, Policy, Quiet, Rule, Superseded};
use crate::domain::stage::{Class, Stage};

/// The section `policy` of a brand. What is not given stays as [`Policy::standard`] has it. Lengths of time are texts such
/// as `"10m"`, `"48h"`, `"0s"`; `"none"` where there may be no limit.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyToml {
    /// Facts older than this when they arrive are not told.
    pub age_limit: Option<String>,
    /// `drop` or `send`.
    pub superseded: Option<Superseded>,
    /// For every stage of progress; a stage's own takes its place.
    pub merge_window: Option<String>,
    /// Messages one person may have in 24 hours, by channel; 0: no cap.
    pub cap_per_day: BTreeMap<Channel, u32>,
    /// When not to disturb, by channel. `from = "00:00"`, `until = "24:00"` opens the whole day.
    pub quiet: BTreeMap<Channel, QuietToml>,
    /// When a foreseen delay is told.
    pub delay: DelayToml,
    /// When and what a customer is asked after delivery.
    pub feedback: FeedbackToml,
    /// How soon a case is answered and solved.
    pub cases: CasesToml,
    /// What may be sent back.
    pub returns: ReturnsToml,
    /// Rules of single stages, by the contract's words.
    pub stages: BTreeMap<Stage, RuleToml>,
}

/// When a foreseen delay is told.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DelayToml {
    /// The chance of missing the promise from which the customer is told, 0 to 1.
    pub warn: Option<f64>,
    /// The chance at which such a delay counts as over.
    pub recover: Option<f64>,
}

impl DelayToml {
    fn read(&self, limits: &mut Limits, wrong: &mut Vec<(String, String)>) {
        let read = Limits { warn: self.warn.unwrap_or(limits.warn), recover: self.recover.unwrap_or(limits.recover) };
        if 0.0 < read.recover && read.recover < read.warn && read.warn <= 1.0 {
            *limits = read;
        } else {
            wrong.push(("delay".to_owned(), "must be chances: 0 < recover < warn <= 1".to_owned()));
        }
    }
}

/// When and what a customer is asked after delivery.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeedbackToml {
    /// Days after the last parcel.
    pub after_days: Option<u32>,
    /// `"10:00"`, at the destination.
    pub at: Option<String>,
    /// Days within which a person is asked once.
    pub apart_days: Option<u32>,
    /// What is asked, in this order.
    pub questions: Option<Vec<Question>>,
    /// The highest score that opens a case by itself, by question; -1: none does.
    pub low: BTreeMap<Question, i8>,
}

impl FeedbackToml {
    /// Longest wait and longest pause taken, in days.
    const DAYS_MAX: u32 = 366;

    fn read(&self, ask: &mut Ask, wrong: &mut Wrong) {
        let mut days = |key: &str, days: Option<u32>, set: &mut dyn FnMut(u32)| match days {
            Some(days) if days > Self::DAYS_MAX => wrong.push((key.to_owned(), "days: 0 to 366".to_owned())),
            Some(days) => set(days),
            None => {}
        };
        days("feedback.after_days", self.after_days, &mut |days| ask.after_days = days);
        days("feedback.apart_days", self.apart_days, &mut |days| {
            ask.apart = SignedDuration::from_hours(24 * i64::from(days));
        });
        if let Some(at) = &self.at {
            take(wrong, "feedback.at", hour(at), |at| ask.at = at);
        }
        if let Some(questions) = &self.questions {
            let twice = (1..questions.len()).any(|place| questions[..place].contains(&questions[place]));
            if questions.is_empty() || twice {
                wrong.push(("feedback.questions".to_owned(), "some of csat, nps and ces, each once".to_owned()));
            } else {
                ask.questions.clone_from(questions);
            }
        }
        for (question, score) in &self.low {
            let (_, highest) = question.scale();
            let score = match u8::try_from(*score) {
                Ok(score) if score < highest => Some(score),
                Err(_) if *score == -1 => None,
                Ok(_) | Err(_) => {
                    let key = format!("feedback.low.{}", question.as_str());
                    wrong.push((key, format!("a score below {highest}, or -1 for none")));
                    continue;
                }
            };
            match question {
                Question::Csat => ask.low.csat = score,
                Question::Nps => ask.low.nps = score,
                Question::Ces => ask.low.ces = score,
            }
        }
    }
}

/// How soon a case is answered and solved.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CasesToml {
    pub answer: Option<String>,
    pub solve: Option<String>,
}

impl CasesToml {
    fn read(&self, cases: &mut Deadlines, wrong: &mut Wrong) {
        if let Some(answer) = &self.answer {
            take(wrong, "cases.answer", some_length(answer), |answer| cases.answer = answer);
        }
        if let Some(solve) = &self.solve {
            take(wrong, "cases.solve", some_length(solve), |solve| cases.solve = solve);
        }
    }
}

/// What may be sent back.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReturnsToml {
    /// Days after the delivery; 0: nothing is taken back this way.
    pub days: Option<u32>,
    pub decide: Option<String>,
}

impl ReturnsToml {
    fn read(&self, returns: &mut Returns, wrong: &mut Wrong) {
        match self.days {
            Some(days) if days > 366 => wrong.push(("returns.days".to_owned(), "days: 0 to 366".to_owned())),
            Some(days) => returns.window = SignedDuration::from_hours(24 * i64::from(days)),
            None => {}
        }
        if let Some(decide) = &self.decide {
            take(wrong, "returns.decide", some_length(decide), |decide| returns.decide = decide);
        }
    }
}

/// The hours in which a channel may be used.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietToml {
    /// `"08:00"`.
    pub from: String,
    /// `"21:00"`; `"24:00"` is the end of the day.
    pub until: String,
    /// Other hours by country: `FR = ["08:00", "22:00"]`.
    #[serde(default)]
    pub by_country: BTreeMap<String, (String, String)>,
}

/// How one stage is told.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleToml {
    /// Empty: never.
    pub channels: Option<Vec<Channel>>,
    pub roles: Option<Vec<Role>>,
    pub merge_window: Option<String>,
    /// `hold` or `resend`.
    pub in_doubt: Option<InDoubt>,
}

/// Longest wait or limit taken, in hours: a year. More is a slip of the pen.
const HOURS_MAX: i64 = 366 * 24;

impl PolicyToml {
    /// Reads the section over the standard policy.
    ///
    /// # Errors
    /// Every key whose value makes no sense, with what would be right.
    pub(crate) fn read(&self, zone: TimeZone) -> Result<Policy, Vec<(String, String)>> {
        let mut policy = Policy::standard(zone);
        let mut wrong = Vec::new();
        if let Some(limit) = &self.age_limit {
            match limit.as_str() {
                "none" => policy.age_limit = None,
                text => take(&mut wrong, "age_limit", length(text), |limit| policy.age_limit = Some(limit)),
            }
        }
        if let Some(superseded) = self.superseded {
            policy.superseded = superseded;
        }
        if let Some(window) = &self.merge_window {
            take(&mut wrong, "merge_window", length(window), |window| {
                let progress = policy.stages.iter_mut().filter(|(stage, _)| stage.class() == Class::Progress);
                progress.for_each(|(_, rule)| rule.merge_window = window);
            });
        }
        for (channel, cap) in &self.cap_per_day {
            match cap {
                0 => policy.cap_per_day.remove(channel),
                cap => policy.cap_per_day.insert(*channel, *cap),
            };
        }
        for (channel, quiet) in &self.quiet {
            let key = format!("quiet.{}", channel.as_str());
            take(&mut wrong, &key, quiet.read(), |quiet| match quiet {
                Some(quiet) => drop(policy.quiet.insert(*channel, quiet)),
                None => drop(policy.quiet.remove(channel)),
            });
        }
        self.delay.read(&mut policy.delays, &mut wrong);
        self.feedback.read(&mut policy.ask, &mut wrong);
        self.cases.read(&mut policy.cases, &mut wrong);
        self.returns.read(&mut policy.returns, &mut wrong);
        for (stage, rule) in &self.stages {
            let standard = policy.stages.entry(*stage).or_insert_with(|| Rule::standard(*stage));
            rule.read(standard, &format!("stages.{}", stage.as_str()), &mut wrong);
        }
        if wrong.is_empty() { Ok(policy) } else { Err(wrong) }
    }
}

impl RuleToml {
    fn read(&self, rule: &mut Rule, key: &str, wrong: &mut Vec<(String, String)>) {
        if let Some(channels) = &self.channels {
            rule.channels.clone_from(channels);
        }
        if let Some(roles) = &self.roles {
            rule.roles.clone_from(roles);
        }
        if let Some(window) = &self.merge_window {
            take(wrong, &format!("{key}.merge_window"), length(window), |window| rule.merge_window = window);
        }
        if let Some(in_doubt) = self.in_doubt {
            rule.in_doubt = in_doubt;
        }
    }
}

impl QuietToml {
    /// `None`: the whole day is open, and no country says otherwise.
    fn read(&self) -> Result<Option<Quiet>, String> {
        let from = hour(&self.from)?;
        let until = hour(&self.until)?;
        let mut by_country = BTreeMap::new();
        for (country, (from, until)) in &self.by_country {
            if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_uppercase()) {
                return Err(format!("`{country}` as two capital letters (ISO 3166-1)"));
            }
            by_country.insert(country.clone(), (hour(from)?, hour(until)?));
        }
        let all_day = from == Time::midnight() && until == Time::MAX;
        Ok((!all_day || !by_country.is_empty()).then_some(Quiet { from, until, by_country }))
    }
}

/// Keys whose values make no sense, each with what would be right.
pub(super) type Wrong = Vec<(String, String)>;

pub(super) fn take<T>(wrong: &mut Wrong, key: &str, read: Result<T, String>, set: impl FnOnce(T)) {
    match read {
        Ok(value) => set(value),
        Err(how) => wrong.push((key.to_owned(), how)),
    }
}

/// Reads `"10m"`, `"48h"`, `"1h 30m"`.
pub(super) fn length(text: &str) -> Result<SignedDuration, String> {
    let right = || "a length of time such as \"10m\" or \"48h\"".to_owned();
    let length: SignedDuration = text.parse().map_err(|_| right())?;
    let bounds = SignedDuration::ZERO..=SignedDuration::from_hours(HOURS_MAX);
    if bounds.contains(&length) { Ok(length) } else { Err(right()) }
}

/// The same, and not nothing: a deadline that has passed at once helps nobody.
fn some_length(text: &str) -> Result<SignedDuration, String> {
    length(text).and_then(|length| match length.is_zero() {
        true => Err("a length of time such as \"6h\", more than none".to_owned()),
        false => Ok(length),
    })
}

/// Reads `"08:00"`; `"24:00"` is the last moment of the day.
pub(super) fn hour(text: &str) -> Result<Time, String> {
    if text == "24:00" {
        return Ok(Time::MAX);
    }
    Time::strptime("%H:%M", text).map_err(|_| "a time such as \"08:00\"".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Policy, Vec<(String, String)>> {
        toml::from_str::<PolicyToml>(text).unwrap().read(TimeZone::UTC)
    }

    #[test]
    fn nothing_written_is_the_standard() {
        assert_eq!(read("").unwrap(), Policy::standard(TimeZone::UTC));
    }

    #[test]
    fn every_key_reaches_the_policy() {
        let policy = read(
            r#"
            age_limit = "none"
            superseded = "send"
            merge_window = "0s"
            cap_per_day = { sms = 0, email = 3 }
            quiet.sms = { from = "09:00", until = "20:30", by_country = { FR = ["08:00", "22:00"] } }
            quiet.email = { from = "00:00", until = "24:00" }
            stages.shipped = { channels = ["sms"], roles = ["recipient"], merge_window = "1h 30m", in_doubt = "resend" }
            stages.packed.channels = ["email"]
            feedback = { after_days = 3, at = "17:30", apart_days = 90, questions = ["nps", "csat"], low = { csat = 1, nps = -1, ces = 2 } }
            cases = { answer = "2h", solve = "48h" }
            returns = { days = 14, decide = "24h" }
            "#,
        )
        .unwrap();
        let ask = &policy.ask;
        assert_eq!((ask.after_days, ask.at, ask.apart.as_hours()), (3, Time::constant(17, 30, 0, 0), 90 * 24));
        assert_eq!(ask.questions, [Question::Nps, Question::Csat]);
        assert_eq!((ask.low.csat, ask.low.nps, ask.low.ces), (Some(1), None, Some(2)));
        assert_eq!((policy.cases.answer.as_hours(), policy.cases.solve.as_hours()), (2, 48));
        assert_eq!((policy.returns.window.as_hours(), policy.returns.decide.as_hours()), (14 * 24, 24));
        assert_eq!(policy.age_limit, None);
        assert_eq!(policy.superseded, Superseded::Send);
        assert_eq!(policy.stages[&Stage::Delivered].merge_window, SignedDuration::ZERO);
        assert_eq!(policy.cap_per_day, BTreeMap::from([(Channel::Email, 3)]));
        let quiet = &policy.quiet[&Channel::Sms];
        assert_eq!((quiet.from, quiet.until), (Time::constant(9, 0, 0, 0), Time::constant(20, 30, 0, 0)));
        assert_eq!(quiet.by_country["FR"].1, Time::constant(22, 0, 0, 0));
        assert!(!policy.quiet.contains_key(&Channel::Email));
        let shipped = Rule {
            channels: vec![Channel::Sms],
            roles: vec![Role::Recipient],
            merge_window: SignedDuration::from_mins(90),
            in_doubt: InDoubt::Resend,
        };
        assert_eq!(policy.stages[&Stage::Shipped], shipped);
        assert_eq!(policy.stages[&Stage::Packed].channels, [Channel::Email]);
    }

    #[test]
    fn nonsense_is_named_by_its_key() {
        let wrong = read(
            r#"
            age_limit = "soon"
            merge_window = "-5m"
            quiet.sms = { from = "8 o'clock", until = "21:00" }
            stages.lost.merge_window = "99999h"
            feedback = { after_days = 400, questions = ["csat", "csat"], low = { nps = 10 } }
            cases = { answer = "0s" }
            returns = { days = 1000 }
            "#,
        )
        .unwrap_err();
        let keys: Vec<&str> = wrong.iter().map(|(key, _)| key.as_str()).collect();
        let (usual, listening) = keys.split_at(3);
        assert_eq!(usual, ["age_limit", "merge_window", "quiet.sms"]);
        assert_eq!(
            listening,
            [
                "feedback.after_days",
                "feedback.questions",
                "feedback.low.nps",
                "cases.answer",
                "returns.days",
                "stages.lost.merge_window"
            ]
        );
        for bad in ["unknown = 1", "superseded = \"maybe\"", "stages.nonsense.channels = []", "quiet.fax.from = \"1\""]
        {
            assert!(toml::from_str::<PolicyToml>(bad).is_err(), "{bad}");
        }
    }
}
