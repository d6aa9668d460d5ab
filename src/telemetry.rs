//! What the worker says of itself: structured logs, and every metric there is, declared here and nowhere else.
//!
//! Others call the typed functions below (`telemetry::event_verdict(Door::Amqp, &verdict)`); label values come from enums, so
//! an id, an address or an error's text can never become one. Nothing has to be installed first. Handles are looked up
//! once, so that counting costs some nanoseconds.
//!
//! `run` calls [`init_logging`] once. `app`'s chores show every few seconds what the store counted ([`stored`]) and fold the
//! histograms ([`upkeep`]); `web` answers `/metrics` with [`render`].

mod logs;
mod metrics_table;

use std::time::Duration;

use jiff::Timestamp;

use crate::apply::Verdict;
use crate::domain::person::Channel;
use crate::store::rows;

pub use logs::{BadFilter, Format, init_logging};
use metrics_table::TABLE;
pub use metrics_table::Voiced;

macro_rules! labels {
    ($($(#[$doc:meta])* pub enum $name:ident { $($variant:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $(#[doc = concat!("`", $word, "`")] $variant,)* }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The label's value.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    )*};
}

labels! {
    /// The door an event came through.
    pub enum Door { Amqp = "amqp", Http = "http", File = "file", Timer = "timer", }
    /// What became of an event: the kinds of [`Verdict`].
    pub enum EventVerdict {
        Applied = "applied", Repeat = "repeat", Waiting = "waiting", UnknownType = "unknown_type", Erased = "erased", Refused = "refused",
    }
    /// What became of a notice: planned, and the kinds of [`rows::Verdict`].
    pub enum NoticeOutcome {
        Planned = "planned", Accepted = "accepted", Deferred = "deferred", Rejected = "rejected", InDoubt = "in_doubt",
        Superseded = "superseded", Suppressed = "suppressed", Held = "held", Released = "released",
    }
    /// The states of the outbox that are not final.
    pub enum OpenState { Planned = "planned", Claimed = "claimed", Sending = "sending", }
    /// How a transaction ended.
    pub enum TxOutcome { Committed = "committed", RolledBack = "rolled_back", Conflict = "conflict", Failed = "failed", }
    /// One of the two connections to the broker.
    pub enum Link { Consume = "consume", Publish = "publish", }
    /// How publishing an outcome event ended.
    pub enum Published { Confirmed = "confirmed", Failed = "failed", }
    /// How a try to send a message to ops ended.
    pub enum PostOutcome { Sent = "sent", Retried = "retried", GivenUp = "given_up", }
    /// How a reload of the brands ended.
    pub enum Reload { Taken = "taken", Refused = "refused", }
}

impl From<&Verdict> for EventVerdict {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Applied => Self::Applied,
            Verdict::Repeat => Self::Repeat,
            Verdict::Waiting => Self::Waiting,
            Verdict::UnknownType => Self::UnknownType,
            Verdict::Erased => Self::Erased,
            Verdict::Refused { .. } => Self::Refused,
        }
    }
}

impl From<OpenState> for rows::State {
    fn from(state: OpenState) -> Self {
        match state {
            OpenState::Planned => Self::Planned,
            OpenState::Claimed => Self::Claimed,
            OpenState::Sending => Self::Sending,
        }
    }
}

impl From<&rows::Verdict> for NoticeOutcome {
    fn from(verdict: &rows::Verdict) -> Self {
        match verdict {
            rows::Verdict::Accepted { .. } => Self::Accepted,
            rows::Verdict::Deferred { .. } | rows::Verdict::Unsure { .. } => Self::Deferred,
            rows::Verdict::Rejected { .. } => Self::Rejected,
            rows::Verdict::InDoubt { .. } => Self::InDoubt,
            rows::Verdict::Superseded { .. } => Self::Superseded,
            rows::Verdict::Suppressed { .. } => Self::Suppressed,
            rows::Verdict::Held { .. } => Self::Held,
            rows::Verdict::Released => Self::Released,
        }
    }
}

/// Counts an event that was committed, by its door and verdict.
pub fn event_verdict(door: Door, verdict: impl Into<EventVerdict>) {
    TABLE.events[door as usize][verdict.into() as usize].increment(1);
}

/// Notes a batch that `apply` committed: how many events it held, and how long it took from the first look to the commit.
pub fn applied_batch(events: usize, took: Duration) {
    TABLE.apply_batch_events.record(events as f64);
    TABLE.apply_batch_seconds.record(took);
}

/// Notes a transaction. `name` is the one given to `store.begin`: a literal of our own.
pub fn store_tx(name: &'static str, outcome: TxOutcome, took: Duration) {
    TABLE.store_tx(name, outcome).record(took);
}

/// Counts notices that were planned, or whose claim ended in this way.
pub fn notices(channel: Channel, outcome: impl Into<NoticeOutcome>, count: u64) {
    TABLE.notices[channel as usize][outcome.into() as usize].increment(count);
}

/// Notes how long one attempt to send took, whatever came of it.
pub fn send_took(channel: Channel, took: Duration) {
    TABLE.send_seconds[channel as usize].record(took);
}

/// Notes the time from the fact (the scan, not its arrival here) until the far side accepted the notice.
pub fn fact_to_accept(channel: Channel, took: Duration) {
    TABLE.fact_to_accept_seconds[channel as usize].record(took);
}

/// Shows what the store counted: open notices, the longest wait, doubts, quarantine, facts and orders that wait.
pub fn stored(figures: &rows::Figures, now: Timestamp) {
    let open = |channel, state| -> u64 {
        let same = figures.notices.iter().filter(|(of, is, _)| *of == channel && *is == state);
        same.map(|(_, _, count)| count).sum()
    };
    for channel in Channel::ALL {
        for state in OpenState::ALL {
            let count = open(channel, (*state).into());
            TABLE.outbox_open[channel as usize][*state as usize].set(count as f64);
        }
        TABLE.in_doubt[channel as usize].set(open(channel, rows::State::InDoubt) as f64);
        let due = figures.oldest_due.iter().find(|(of, _)| *of == channel).map(|(_, due)| now.duration_since(*due));
        TABLE.outbox_oldest_due_seconds[channel as usize].set(due.map_or(0.0, |age| age.as_secs_f64().max(0.0)));
    }
    TABLE.quarantine.set(figures.quarantine as f64);
    TABLE.waiting_facts.set(figures.waiting as f64);
    TABLE.outcomes_waiting.set(figures.outcomes as f64);
    TABLE.wakes_due.set(figures.wakes_due as f64);
}

/// Shows open alerts, messages to ops that wait, and silent feeds.
pub fn alerts(figures: &rows::AlertFigures, now: Timestamp) {
    let age = |since: &Timestamp| now.duration_since(*since).as_secs_f64().max(0.0);
    let open: Vec<_> = figures
        .open
        .iter()
        .map(|(brand, kind, standing, count, since)| (brand.clone(), *kind, *standing, *count, age(since)))
        .collect();
    TABLE.alerts(&open);
    TABLE.alert_posts_waiting.set(figures.posts_waiting as f64);
    TABLE.feed_outages.set(figures.quiet_feeds as f64);
}

/// Counts a call of a provider. Both words are literals of our own.
pub fn callback(door: &'static str, kind: &'static str) {
    TABLE.callback(door, kind).increment(1);
}

/// Says how many addresses take no messages.
pub fn suppressed(figures: &[(Channel, rows::Dead, u64)]) {
    TABLE.suppressed.iter().flatten().for_each(|gauge| gauge.set(0.0));
    for (channel, reason, count) in figures {
        TABLE.suppressed[*channel as usize][*reason as usize].set(*count as f64);
    }
}

/// Shows what customers tell, by brand.
pub fn voices(voiced: &[Voiced]) {
    TABLE.voices(voiced);
}

/// Counts a try to send a message to ops.
pub fn alert_post(outcome: PostOutcome) {
    TABLE.alert_posts[outcome as usize].increment(1);
}

/// Says whether the consumer is connected and fed.
pub fn amqp_consumer_up(up: bool) {
    TABLE.amqp_consumer_up.set(f64::from(u8::from(up)));
}

/// Counts a connection to the broker that had to be built again.
pub fn amqp_reconnect(link: Link) {
    TABLE.amqp_reconnects[link as usize].increment(1);
}

/// Says whether a channel's receiver is given a rest by its circuit breaker.
pub fn breaker_open(channel: Channel, open: bool) {
    TABLE.breaker_open[channel as usize].set(f64::from(u8::from(open)));
}

/// Counts outcome events that were published, or could not be.
pub fn outcomes_published(result: Published, count: u64) {
    TABLE.outcomes[result as usize].increment(count);
}

/// Counts a reload of the brands.
pub fn voice_reload(result: Reload) {
    TABLE.reloads[result as usize].increment(1);
}

/// Counts an answer of the HTTP side. `route` is the route's pattern (axum's `MatchedPath`), never the path that was asked;
/// what matched no route is counted together.
pub fn http_request(route: Option<&str>, status: u16, took: Duration) {
    TABLE.http_request(route.unwrap_or("none"), status, took);
}

/// Every metric as Prometheus reads it (text format 0.0.4), for `/metrics`.
pub fn render() -> String {
    TABLE.render()
}

/// Folds what the histograms collected; without it their memory grows until the next [`render`]. Call it every 5 s or so.
pub fn upkeep() {
    TABLE.upkeep();
}

/// Name, kind and meaning of every metric, as `/metrics` shows them: for documentation and for the tests of `deploy/`.
pub fn catalogue() -> &'static [(&'static str, &'static str, &'static str)] {
    metrics_table::CATALOGUE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alert::{Kind, Standing};

    /// What is shown of alerts is the last that was said: two tests must not speak at once.
    static ALERTS: std::sync::Mutex<()> = std::sync::Mutex::new(());

    /// The value of a series in the text that Prometheus reads; 0 where it is not there.
    fn value(series: &str) -> f64 {
        let text = render();
        let found = text.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok());
        found.unwrap_or(0.0)
    }

    #[test]
    fn every_metric_of_the_catalogue_is_rendered_with_its_kind() {
        store_tx("telemetry_test", TxOutcome::Committed, Duration::from_millis(2));
        http_request(Some("/v1/events"), 202, Duration::from_millis(2));
        applied_batch(3, Duration::from_millis(2));
        callback("resend", "delivered");
        let now: Timestamp = "2026-11-02T09:00:00Z".parse().expect("a time");
        let _alone = ALERTS.lock();
        let open = vec![("harbour".to_owned(), Kind::Stalled, Standing::Open, 400, now)];
        alerts(&rows::AlertFigures { open, ..rows::AlertFigures::default() }, now);
        voices(&[Voiced {
            brand: "harbour".to_owned(),
            open: 1,
            answered: 2,
            overdue: 1,
            scores: [("csat", 3, Some(0.9)), ("nps", 3, Some(-20.0)), ("ces", 0, None)],
            first_answer_hours: Some(2.5),
            solved_hours: Some(30.0),
        }]);
        for channel in Channel::ALL {
            send_took(channel, Duration::from_millis(2));
            fact_to_accept(channel, Duration::from_secs(3));
        }
        let text = render();
        for (name, kind, _) in catalogue() {
            assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name} is not rendered as a {kind}:\n{text}");
        }
    }

    #[test]
    fn names_say_their_unit() {
        for (name, kind, help) in catalogue() {
            assert!(name.starts_with("doorstep_"), "{name}");
            assert_eq!(*kind == "counter", name.ends_with("_total"), "{name}");
            assert!(help.ends_with('.'), "{name}");
        }
    }

    #[test]
    fn counting_adds_to_the_series_of_its_labels() {
        let series = r#"doorstep_events_total{door="file",verdict="refused"}"#;
        let before = value(series);
        event_verdict(Door::File, &Verdict::Refused { reason: "data: missing".into() });
        event_verdict(Door::File, EventVerdict::Refused);
        assert_eq!(value(series) - before, 2.0);

        let series = r#"doorstep_notices_total{channel="sms",outcome="in_doubt"}"#;
        let before = value(series);
        notices(Channel::Sms, &rows::Verdict::InDoubt { cause: "no answer".into() }, 5);
        assert_eq!(value(series) - before, 5.0);
    }

    #[test]
    fn what_the_store_counted_is_shown_and_taken_back() {
        let now: Timestamp = "2026-11-02T09:00:00Z".parse().expect("a time");
        let figures = rows::Figures {
            notices: vec![(Channel::Email, rows::State::Sending, 3), (Channel::Email, rows::State::InDoubt, 2)],
            oldest_due: vec![(Channel::Email, now - jiff::SignedDuration::from_secs(90))],
            quarantine: 4,
            ..rows::Figures::default()
        };
        stored(&figures, now);
        assert_eq!(value(r#"doorstep_outbox_open{channel="email",state="sending"}"#), 3.0);
        assert_eq!(value(r#"doorstep_in_doubt{channel="email"}"#), 2.0);
        assert_eq!(value(r#"doorstep_outbox_oldest_due_seconds{channel="email"}"#), 90.0);
        assert_eq!(value("doorstep_quarantine"), 4.0);
        stored(&rows::Figures::default(), now);
        assert_eq!(value(r#"doorstep_outbox_open{channel="email",state="sending"}"#), 0.0);
        assert_eq!(value(r#"doorstep_outbox_oldest_due_seconds{channel="email"}"#), 0.0);
    }

    #[test]
    fn open_alerts_are_shown_taken_back_and_bounded() {
        let now: Timestamp = "2026-11-02T09:00:00Z".parse().expect("a time");
        let of = |brand: String| (brand, Kind::Late, Standing::Open, 3, now - jiff::SignedDuration::from_secs(60));
        let figures = |brands: std::ops::Range<u32>| rows::AlertFigures {
            open: brands.map(|number| of(format!("brand-{number:02}"))).collect(),
            ..rows::AlertFigures::default()
        };
        let _alone = ALERTS.lock();
        alerts(&figures(0..60), now);
        let open = |brand: &str| value(&format!(r#"doorstep_alerts_open{{brand="{brand}",kind="late",state="open"}}"#));
        assert_eq!((open("brand-00"), open("brand-49"), open("brand-50"), open("other")), (3.0, 3.0, 0.0, 30.0));
        assert_eq!(value(r#"doorstep_alerts_oldest_seconds{brand="brand-00",kind="late"}"#), 60.0);
        alerts(&figures(1..2), now);
        assert_eq!((open("brand-00"), open("brand-01"), open("other")), (0.0, 3.0, 0.0));
    }

    #[test]
    fn histograms_have_buckets_that_fit_what_they_measure() {
        fact_to_accept(Channel::Sms, Duration::from_secs(80_000));
        let text = render();
        assert!(text.contains(r#"doorstep_fact_to_accept_seconds_bucket{channel="sms",le="259200"}"#), "{text}");
        assert!(!text.contains("quantile"), "a summary cannot be added up over workers:\n{text}");
    }
}
