//! The reports in files, as exact text and as others read them.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

mod csv;
pub(crate) mod events;
mod json;
mod junit;
mod md;
mod numbers;
mod replay;
