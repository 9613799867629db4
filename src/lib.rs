//! pfetch fetches many URLs at once.
pub mod pool;
