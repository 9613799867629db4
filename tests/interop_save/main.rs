//! Saving, against a real nginx: killed at any moment, by the thousand, on a disk that is full, and
//! next to curl. Run with `cargo test --features interop`.

#[path = "../support/authority.rs"]
mod authority;
#[path = "../support/daemon.rs"]
mod daemon;
#[path = "../support/disk.rs"]
mod disk;
#[path = "../support/nginx.rs"]
mod nginx;
#[path = "../support/peer.rs"]
mod peer;
#[path = "../support/pfetch.rs"]
mod pfetch;
#[path = "../support/raw.rs"]
mod raw;

mod at_close;
mod beside_curl;
mod full;
mod killed;
mod many;
mod site;
