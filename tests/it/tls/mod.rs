//! TLS, against servers in this process with certificates made by the test.

mod certificates;
mod connections;
mod handshake;
mod redirects;
mod support;
mod trust;
