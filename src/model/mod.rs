//! Plain data: targets, outcomes, events, figures and their names. No input or output.

pub mod activity;
pub mod against;
mod arm;
pub mod event;
pub mod file_name;
pub mod headers;
pub(crate) mod json;
mod location;
pub mod measurement;
pub mod meta;
pub mod notice;
pub mod origin;
pub mod outcome;
pub mod run_id;
pub mod run_shard;
pub mod save_path;
mod secret;
pub mod slowdown;
pub mod summary;
pub mod target;
pub mod text;
pub mod timing;
mod url_error;
mod url_text;
mod verdict;
