//! TLS, against servers in this process with certificates made by the test.

#[path = "../support/authority.rs"]
mod authority;
#[path = "../support/pfetch.rs"]
mod pfetch;
#[path = "../support/raw.rs"]
mod raw;
#[path = "../support/secure.rs"]
mod secure;

mod certificates;
mod connections;
mod handshake;
mod redirects;
mod support;
mod trust;
