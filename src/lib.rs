//! pfetch fetches many URLs at once.
pub mod app;
pub mod cli;
pub mod compare;
pub mod event;
pub mod fetch;
pub mod header;
pub mod input;
pub mod lanes;
pub mod outcome;
pub mod pool;
pub mod report;
pub mod run;
mod signals;
pub mod summary;
pub mod target;
pub mod text;
pub mod timing;
