//! The table of metrics: names, meanings and handles.

use std::collections::{BTreeSet, HashMap};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder, SharedString};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::{Door, EventVerdict, Link, NoticeOutcome, OpenState, PostOutcome, Published, Reload, TxOutcome};
use crate::domain::alert::{Kind, Standing};
use crate::domain::person::Channel;
use crate::store::rows::Dead;

/// Bounds for what is done within a moment: half a millisecond to ten seconds.
const SHORT_SECS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Bounds for one conversation with a receiver: up to the ten minutes that SMTP may take over its last answer.
const SEND_SECS: &[f64] =
    &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0];
/// Bounds from a scan to its message: merge windows of minutes, quiet nights, retries up to three days.
const FACT_SECS: &[f64] = &[
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 14_400.0, 43_200.0,
    86_400.0, 259_200.0,
];
/// Bounds of a batch's size: from a trickle to the largest setting that makes sense.
const BATCH_EVENTS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0];

/// Brands with series of their own; shops that take any brand's events could be sent a new name every second.
const BRANDS_MAX: usize = 50;

macro_rules! declare {
    ($($kind:ident $id:ident = $name:literal, $help:literal;)*) => {
        $(const $id: &str = $name;)*
        /// Name, kind and meaning of each metric.
        pub(super) const CATALOGUE: &[(&str, &str, &str)] = &[$(($name, stringify!($kind), $help),)*];
    };
}

declare! {
    counter EVENTS = "doorstep_events_total", "Events taken in, by door and verdict.";
    histogram APPLY_SECS = "doorstep_apply_batch_seconds", "Time to apply and commit one batch of events.";
    histogram APPLY_EVENTS = "doorstep_apply_batch_events", "Events in one batch.";
    histogram TX_SECS = "doorstep_store_tx_seconds", "Duration of database transactions, by name and outcome.";
    counter NOTICES = "doorstep_notices_total", "Notices planned, and ends of claims, by channel and outcome.";
    histogram SEND_SECS_NAME = "doorstep_send_seconds", "Duration of one attempt to send.";
    histogram FACT_SECS_NAME = "doorstep_fact_to_accept_seconds", "Time from the fact (the scan) until the far side accepted the message.";
    gauge OUTBOX_OPEN = "doorstep_outbox_open", "Notices that are not settled, by channel and state.";
    gauge OLDEST_DUE = "doorstep_outbox_oldest_due_seconds", "How long the notice that is due longest has been due.";
    gauge IN_DOUBT = "doorstep_in_doubt", "Notices of which nobody knows whether they arrived.";
    gauge QUARANTINE = "doorstep_quarantine", "Refused events kept for repair.";
    gauge WAITING = "doorstep_waiting_facts", "Facts that wait for their tracking number to become known.";
    gauge CONSUMER_UP = "doorstep_amqp_consumer_up", "1 while the consumer is connected, else 0.";
    counter RECONNECTS = "doorstep_amqp_reconnects_total", "Connections to the broker that were built again.";
    gauge OUTCOMES_WAITING = "doorstep_outcomes_waiting", "Outcome events that are not published yet.";
    gauge WAKES_DUE = "doorstep_wakes_due", "Orders whose time to be looked at has come.";
    gauge BREAKER = "doorstep_breaker_open", "1 while a channel's receiver is given a rest after failures, else 0.";
    counter OUTCOMES = "doorstep_outcomes_total", "Outcome events published, by result.";
    counter RELOADS = "doorstep_voice_reloads_total", "Reloads of the brands, by result.";
    counter HTTP = "doorstep_http_requests_total", "Answers of the HTTP side, by route pattern and status class.";
    histogram HTTP_SECS = "doorstep_http_request_seconds", "Time to answer a request, by route pattern.";
    gauge ALERTS_OPEN = "doorstep_alerts_open", "Alerts that are not cleared, by brand, kind and state.";
    gauge ALERTS_OLDEST = "doorstep_alerts_oldest_seconds", "How long ago the oldest open trouble began, by brand and kind.";
    gauge POSTS_WAITING = "doorstep_alert_posts_waiting", "Messages to ops that no target has taken yet.";
    counter POSTS = "doorstep_alert_posts_total", "Tries to send a message to ops, by outcome.";
    gauge FEEDS_OUT = "doorstep_feed_outages", "Carriers whose feeds are silent against their own rhythm.";
    counter CALLBACKS = "doorstep_callbacks_total", "Calls of providers that were taken, by door and kind.";
    gauge SUPPRESSED = "doorstep_suppressed_contacts", "Addresses that take no messages, by channel and reason.";
    gauge CASES_OPEN = "doorstep_cases_open", "Cases that are not solved, by brand and state.";
    gauge CASES_OVERDUE = "doorstep_cases_overdue", "Cases past their next deadline, by brand.";
    gauge SCORE = "doorstep_feedback_score", "Answers of the last 28 days, by brand and question: csat the share of 4 and 5, nps -100 to 100, ces the mean of 1 to 7.";
    gauge ANSWERS = "doorstep_feedback_answers", "How many answers of the last 28 days that is, by brand and question.";
    gauge FIRST_ANSWER = "doorstep_case_first_answer_hours", "Mean time to the first answer of cases opened in the last 28 days, by brand.";
    gauge TTR = "doorstep_case_solved_hours", "Mean time to resolution of cases opened in the last 28 days, by brand.";
    gauge BUILD = "doorstep_build_info", "Always 1; the version is in the label.";
}

/// What a brand's customers tell, as the gauges show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Voiced {
    pub brand: String,
    /// Cases that wait for an answer, that were answered, and that are past their next deadline.
    pub open: u64,
    pub answered: u64,
    pub overdue: u64,
    /// Question, how many answers, and what they come to.
    pub scores: [(&'static str, u64, Option<f64>); 3],
    pub first_answer_hours: Option<f64>,
    pub solved_hours: Option<f64>,
}

/// The one table of this process, made on first use.
pub(super) static TABLE: LazyLock<Table> = LazyLock::new(Table::new);

/// A handle for each series that is known beforehand; series of names and routes are looked up when they occur.
pub(super) struct Table {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    pub(super) events: Vec<Vec<Counter>>,
    pub(super) apply_batch_seconds: Histogram,
    pub(super) apply_batch_events: Histogram,
    pub(super) notices: Vec<Vec<Counter>>,
    pub(super) send_seconds: Vec<Histogram>,
    pub(super) fact_to_accept_seconds: Vec<Histogram>,
    pub(super) outbox_open: Vec<Vec<Gauge>>,
    pub(super) outbox_oldest_due_seconds: Vec<Gauge>,
    pub(super) in_doubt: Vec<Gauge>,
    pub(super) quarantine: Gauge,
    pub(super) waiting_facts: Gauge,
    pub(super) outcomes_waiting: Gauge,
    pub(super) wakes_due: Gauge,
    pub(super) amqp_consumer_up: Gauge,
    pub(super) amqp_reconnects: Vec<Counter>,
    pub(super) breaker_open: Vec<Gauge>,
    pub(super) outcomes: Vec<Counter>,
    pub(super) reloads: Vec<Counter>,
    pub(super) alert_posts_waiting: Gauge,
    pub(super) alert_posts: Vec<Counter>,
    pub(super) feed_outages: Gauge,
    pub(super) suppressed: Vec<Vec<Gauge>>,
    /// Series of alerts that show something: brands come and go.
    alerts: Mutex<HashMap<Key, Gauge>>,
    /// The same of what customers tell.
    voices: Mutex<HashMap<Key, Gauge>>,
}

impl Table {
    fn new() -> Self {
        let recorder = recorder();
        for (name, kind, help) in CATALOGUE {
            let (name, help) = (KeyName::from_const_str(name), SharedString::const_str(help));
            match *kind {
                "counter" => recorder.describe_counter(name, None, help),
                "gauge" => recorder.describe_gauge(name, None, help),
                _ => recorder.describe_histogram(name, None, help),
            }
        }
        let new = Series { recorder: &recorder };
        new.gauge(BUILD, &[("version", env!("CARGO_PKG_VERSION"))]).set(1.0);
        let channels = |each: &dyn Fn(&'static str) -> Histogram| Channel::ALL.map(|c| each(c.as_str())).to_vec();
        Self {
            events: grid(Door::ALL, EventVerdict::ALL, |door, verdict| {
                new.counter(EVENTS, &[("door", door.as_str()), ("verdict", verdict.as_str())])
            }),
            apply_batch_seconds: new.histogram(APPLY_SECS, &[]),
            apply_batch_events: new.histogram(APPLY_EVENTS, &[]),
            notices: grid(&Channel::ALL, NoticeOutcome::ALL, |channel, outcome| {
                new.counter(NOTICES, &[("channel", channel.as_str()), ("outcome", outcome.as_str())])
            }),
            send_seconds: channels(&|channel| new.histogram(SEND_SECS_NAME, &[("channel", channel)])),
            fact_to_accept_seconds: channels(&|channel| new.histogram(FACT_SECS_NAME, &[("channel", channel)])),
            outbox_open: grid(&Channel::ALL, OpenState::ALL, |channel, state| {
                new.gauge(OUTBOX_OPEN, &[("channel", channel.as_str()), ("state", state.as_str())])
            }),
            outbox_oldest_due_seconds: row(&Channel::ALL, |channel| {
                new.gauge(OLDEST_DUE, &[("channel", channel.as_str())])
            }),
            in_doubt: row(&Channel::ALL, |channel| new.gauge(IN_DOUBT, &[("channel", channel.as_str())])),
            quarantine: new.gauge(QUARANTINE, &[]),
            waiting_facts: new.gauge(WAITING, &[]),
            outcomes_waiting: new.gauge(OUTCOMES_WAITING, &[]),
            wakes_due: new.gauge(WAKES_DUE, &[]),
            amqp_consumer_up: new.gauge(CONSUMER_UP, &[]),
            amqp_reconnects: row(Link::ALL, |link| new.counter(RECONNECTS, &[("connection", link.as_str())])),
            breaker_open: row(&Channel::ALL, |channel| new.gauge(BREAKER, &[("channel", channel.as_str())])),
            outcomes: row(Published::ALL, |result| new.counter(OUTCOMES, &[("result", result.as_str())])),
            reloads: row(Reload::ALL, |result| new.counter(RELOADS, &[("result", result.as_str())])),
            alert_posts_waiting: new.gauge(POSTS_WAITING, &[]),
            alert_posts: row(PostOutcome::ALL, |outcome| new.counter(POSTS, &[("outcome", outcome.as_str())])),
            feed_outages: new.gauge(FEEDS_OUT, &[]),
            suppressed: grid(&Channel::ALL, &Dead::ALL, |channel, reason| {
                new.gauge(SUPPRESSED, &[("channel", channel.as_str()), ("reason", reason.as_str())])
            }),
            alerts: Mutex::default(),
            voices: Mutex::default(),
            handle: recorder.handle(),
            recorder,
        }
    }

    pub(super) fn store_tx(&self, name: &'static str, outcome: TxOutcome) -> Histogram {
        let new = Series { recorder: &self.recorder };
        new.histogram(TX_SECS, &[("name", name), ("outcome", outcome.as_str())])
    }

    pub(super) fn callback(&self, door: &'static str, kind: &'static str) -> Counter {
        let new = Series { recorder: &self.recorder };
        new.counter(CALLBACKS, &[("door", door), ("kind", kind)])
    }

    pub(super) fn http_request(&self, route: &str, status: u16, took: Duration) {
        let class = match status {
            ..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            500.. => "5xx",
        };
        let route = Label::new("route", route.to_owned());
        let key = Key::from_parts(HTTP, vec![route.clone(), Label::from_static_parts("status", class)]);
        self.recorder.register_counter(&key, &METADATA).increment(1);
        self.recorder.register_histogram(&Key::from_parts(HTTP_SECS, vec![route]), &METADATA).record(took);
    }

    /// Shows open alerts; series that are not among them any more fall to 0. Brands beyond a bound share the label `other`.
    pub(super) fn alerts(&self, open: &[(String, Kind, Standing, u64, f64)]) {
        let mut brands = BTreeSet::new();
        let mut now: HashMap<Key, f64> = HashMap::new();
        for (brand, kind, standing, count, oldest_secs) in open {
            let is_shown = brands.contains(brand) || (brands.len() < BRANDS_MAX && brands.insert(brand.clone()));
            let brand = Label::new("brand", if is_shown { brand.clone() } else { "other".to_owned() });
            let kind = Label::from_static_parts("kind", kind.as_str());
            let state = Label::from_static_parts("state", standing.as_str());
            *now.entry(Key::from_parts(ALERTS_OPEN, vec![brand.clone(), kind.clone(), state])).or_default() +=
                *count as f64;
            let oldest = now.entry(Key::from_parts(ALERTS_OLDEST, vec![brand, kind])).or_default();
            *oldest = oldest.max(*oldest_secs);
        }
        self.show(&self.alerts, now, 0.0);
    }

    /// Shows what customers tell, by brand; a figure of which there is nothing any more is no number.
    pub(super) fn voices(&self, voices: &[Voiced]) {
        let mut now: HashMap<Key, f64> = HashMap::new();
        // Brands beyond a bound would need figures of their own to be added up; they are left to the console.
        for voiced in voices.iter().take(BRANDS_MAX) {
            let brand = || Label::new("brand", voiced.brand.clone());
            for (state, count) in [("open", voiced.open), ("answered", voiced.answered)] {
                let key = Key::from_parts(CASES_OPEN, vec![brand(), Label::from_static_parts("state", state)]);
                now.insert(key, count as f64);
            }
            now.insert(Key::from_parts(CASES_OVERDUE, vec![brand()]), voiced.overdue as f64);
            for (question, count, score) in voiced.scores {
                let labels = || vec![brand(), Label::from_static_parts("question", question)];
                now.insert(Key::from_parts(ANSWERS, labels()), count as f64);
                now.extend(score.map(|score| (Key::from_parts(SCORE, labels()), score)));
            }
            let hours = [(FIRST_ANSWER, voiced.first_answer_hours), (TTR, voiced.solved_hours)];
            now.extend(hours.into_iter().filter_map(|(name, h)| Some((Key::from_parts(name, vec![brand()]), h?))));
        }
        self.show(&self.voices, now, f64::NAN);
    }

    /// Sets these series, and those that were shown before and are not among them to `gone`.
    fn show(&self, shown: &Mutex<HashMap<Key, Gauge>>, now: HashMap<Key, f64>, gone: f64) {
        let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, gauge) in shown.iter().filter(|(key, _)| !now.contains_key(*key)) {
            gauge.set(gone);
        }
        for (key, value) in now {
            let gauge = shown.entry(key).or_insert_with_key(|key| self.recorder.register_gauge(key, &METADATA));
            gauge.set(value);
        }
    }

    pub(super) fn render(&self) -> String {
        self.handle.render()
    }

    pub(super) fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

fn recorder() -> PrometheusRecorder {
    let buckets = [
        (Matcher::Suffix("_seconds".into()), SHORT_SECS),
        (Matcher::Full(SEND_SECS_NAME.into()), SEND_SECS),
        (Matcher::Full(FACT_SECS_NAME.into()), FACT_SECS),
        (Matcher::Full(APPLY_EVENTS.into()), BATCH_EVENTS),
    ];
    let with_buckets = buckets
        .into_iter()
        .try_fold(PrometheusBuilder::new(), |builder, (which, bounds)| builder.set_buckets_for_metric(which, bounds));
    with_buckets.expect("no list of bounds is empty").build_recorder()
}

/// Makes handles by name and labels.
struct Series<'a> {
    recorder: &'a PrometheusRecorder,
}

type Pairs<'a> = &'a [(&'static str, &'static str)];

impl Series<'_> {
    fn key(name: &'static str, labels: Pairs<'_>) -> Key {
        Key::from_parts(
            name,
            labels.iter().map(|&(key, value)| Label::from_static_parts(key, value)).collect::<Vec<_>>(),
        )
    }

    fn counter(&self, name: &'static str, labels: Pairs<'_>) -> Counter {
        self.recorder.register_counter(&Self::key(name, labels), &METADATA)
    }

    fn gauge(&self, name: &'static str, labels: Pairs<'_>) -> Gauge {
        self.recorder.register_gauge(&Self::key(name, labels), &METADATA)
    }

    fn histogram(&self, name: &'static str, labels: Pairs<'_>) -> Histogram {
        self.recorder.register_histogram(&Self::key(name, labels), &METADATA)
    }
}

fn row<A: Copy, T>(all: &[A], make: impl Fn(A) -> T) -> Vec<T> {
    all.iter().map(|&one| make(one)).collect()
}

fn grid<A: Copy, B: Copy, T>(rows: &[A], columns: &[B], make: impl Fn(A, B) -> T) -> Vec<Vec<T>> {
    row(rows, |a| row(columns, |b| make(a, b)))
}
