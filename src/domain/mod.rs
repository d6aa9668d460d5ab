//! The pure heart: values in, values out. No clock, no randomness, no async, no I/O (a tidy test checks it).
//!
//! Read in this order: what is reported ([`event`]), what we know from it ([`order`], [`parcel`]), what a customer can be
//! told ([`stage`]), what a brand wants told ([`policy`]), the decision ([`decide`]) and the second look just before
//! sending ([`release`]).

pub mod goods;
pub mod id;
pub mod person;
pub mod event;
pub mod fold;
pub mod parcel;
pub mod order;
pub mod home;
pub mod erase;
pub mod promise;
pub mod stage;
pub mod topic;
pub mod policy;
pub mod notice;
pub mod called;
pub mod delay;
pub mod outlook;
pub mod alert;
pub mod gathering;
pub mod calendar;
pub mod watch;
pub mod decide;
pub mod release;
pub mod reroute;
pub mod retry;
pub mod window;
pub mod zone;
pub mod listen;
pub mod day;
pub mod feed;
pub mod lane;
