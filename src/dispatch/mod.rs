//! The path of a notice from due to settled: claim, judge again, render, seal, commit the intent, send, settle.

/// Many small requests, few statements.
pub mod batch;
/// Leaves a failing endpoint alone for a while.
pub mod breaker;
/// The bounded waiting rooms that `apply` and the claims fill.
pub mod handoff;
/// Messages a second.
pub mod limit;
/// Exact bytes, kept small.
pub mod pack;
/// How fast and how much at once.
pub mod settings;
/// What templates may see of an order.
pub mod view;
