//! pfetch fetches many URLs at once.
pub mod event;
pub mod fetch;
pub mod header;
pub mod input;
pub mod lanes;
pub mod outcome;
pub mod pool;
pub mod summary;
pub mod target;
pub mod text;
pub mod timing;
