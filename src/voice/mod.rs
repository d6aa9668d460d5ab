//! The shop's own voice: from "tell stage S to person P on channel C" to finished subject, HTML, text and SMS.

pub mod brand;
mod harmless;
mod money;
pub mod policy;
mod sms;
pub mod view;
mod when;
mod words;
