//! Plain data: targets, outcomes, events, figures and the words for them. No input or output.

pub mod activity;
pub mod event;
pub mod file_name;
pub mod headers;
pub mod measurement;
pub mod outcome;
pub mod save_path;
pub mod summary;
pub mod target;
pub mod text;
pub mod timing;
