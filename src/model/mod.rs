//! Plain data: targets, outcomes, events, figures and the words for them. No input or output.

pub mod activity;
mod arm;
pub mod event;
pub mod file_name;
pub mod headers;
pub(crate) mod json;
pub mod measurement;
pub mod notice;
pub mod outcome;
pub mod save_path;
pub mod summary;
pub mod target;
pub mod text;
pub mod timing;
