//! pfetch.
fn main() {}
