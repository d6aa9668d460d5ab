//! The pure heart: values in, values out. No clock, no randomness, no async, no I/O (a tidy test checks it).
//!
//! Read in this order: what is reported ([`event`]), what we know from it ([`order`], [`parcel`]), what a customer can be
//! told ([`stage`]), what a brand wants told ([`policy`]), the decision ([`decide`]) and the second look just before
//! sending ([`release`]).

pub mod event;
pub mod id;
pub mod notice;
pub mod person;
pub mod policy;
pub mod stage;
pub mod window;
pub mod zone;
/// When to try again.
pub mod retry;
