//! The one integration binary: linking it once costs less than linking each file on its own.

mod decode;
mod cli;
mod deploy;
mod tidy;
