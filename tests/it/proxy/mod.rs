//! Proxies, in this process and on the loopback, through the program as a user runs it.

mod environment;
mod faults;
mod http;
mod secured;
mod socks;
mod support;
