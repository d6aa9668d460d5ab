//! The HTTP side.

pub mod page;
