//! The customer's own place: an order's tracking page, under `/t`.

pub mod slots;
