//! The path of a notice from due to settled: claim, judge again, render, seal, commit the intent, send, settle.

/// The bounded waiting rooms that `apply` and the claims fill.
pub mod handoff;
