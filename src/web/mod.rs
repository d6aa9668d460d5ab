//! The HTTP side. `app` merges the routes of its parts into one router, and [`server`] serves it.

/// `POST /v1/callbacks/…`.
pub mod callback;
/// Ratings, cases and returns: the pages, and the API of shop systems.
pub mod care;
/// Where content blocks lead.
pub mod content;
/// The demo's pages.
pub mod demo;
/// `POST /v1/events`.
pub mod door;
/// `/healthz`, `/readyz`, `/metrics`.
pub mod health;
// The console of those who look after what goes wrong.
pub mod ops;
/// Forms that customers send.
pub mod form;
mod extract;
mod frame;
mod nowhere;
/// Pages that a person looks at.
pub mod page;
/// Who is at the other end.
pub mod peer;
/// The customer's own place: an order's tracking page.
pub mod place;
mod pulse;
/// Refusals in words and numbers.
pub mod problem;
/// The accept loop.
pub mod server;
mod settings;
/// The page of wishes, and one-click opt-out.
pub mod wishes;
/// Who may bring events.
pub mod token;

pub use settings::Settings;
