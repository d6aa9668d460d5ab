//! Servers for tests: they do what a script says, and remember what they saw.

pub(crate) mod http;
pub(crate) mod smtp;
