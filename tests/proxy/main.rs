//! Proxies, in this process and on the loopback, through the program as a user runs it.

#[path = "../support/authority.rs"]
mod authority;
#[path = "../support/pfetch.rs"]
mod pfetch;
#[path = "../support/raw.rs"]
mod raw;
#[path = "../support/secure.rs"]
mod secure;
#[path = "../support/server.rs"]
mod server;

mod environment;
mod faults;
mod http;
mod secured;
mod socks;
mod support;
