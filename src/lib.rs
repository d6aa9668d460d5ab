#![doc = include_str!("ARCHITECTURE.md")]

// The pure heart: facts in, state and wishes out.
pub mod domain;
// The only place that asks the time.
pub mod clock;
// The entrances, and bytes to events.
pub mod ingest;
// The hinge: a batch of events, one transaction.
pub mod apply;
// A whole world in memory, for `replay` and for tests.
pub mod replay;
// The past once more, day by day: how good the delay warnings would have been.
pub mod backtest;
// Postgres and SQLite: the only place with SQL.
pub mod store;
// Logs, and every metric there is.
pub mod telemetry;
// The ways to reach people.
pub mod channel;
// Brands, templates, words: the shop's own voice.
pub mod voice;
// The path of a notice from due to settled.
pub mod dispatch;
// Ops hear of alerts: gathered, sent, reminded of.
pub mod alerting;
// What people wish, what providers report, and how somebody is forgotten.
pub mod consent;
// Beside the facts: what people bought before, and how often content is shown and followed.
pub mod content;
// Carriers' feeds: counted, and silent ones known.
pub mod feeds;

// One order's whole story, for people.
pub mod explain;
// What was refused goes through the door again.
pub mod mend;

// Every setting, read and checked whole at start.
pub mod config;
// Capability links: one small right, sealed.
pub mod link;
// The worker: parts, loops, and an orderly stop.
pub mod app;
// The command line: one file a verb.
pub mod cli;
// Named places at which a test can stop the process dead.
pub mod crash;
// The HTTP side: the door, health, pages.
pub mod web;
// What programs hear back from us.
pub mod outcomes;
// JSON Schemas of everything that crosses our border.
pub mod schema;
// What is known of the lanes, and the closing of days.
pub mod lanes;
// What sends ticks through the hinge.
pub mod timers;
// Scans of numbers that no order has shown.
pub mod unknown;
// What customers tell, as gauges.
pub mod voices;
