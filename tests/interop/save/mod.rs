//! Saving, against a real nginx: killed at any moment, by the thousand, on a disk that is full, and
//! next to curl. Run with `cargo test --features interop`.

mod at_close;
mod beside_curl;
mod full;
mod killed;
mod many;
mod poor;
mod poor_fs;
mod site;
