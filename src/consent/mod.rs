//! What people wish, and what becomes of their addresses: what providers call back, what people answer to texts, and how
//! somebody is forgotten.

pub mod callback;
pub mod export;
pub mod forget;
mod marks;
pub mod settings;
pub mod stop;
