//! Tests against real programs: `cargo test --features interop --test interop`.

#[path = "../support/authority.rs"]
mod authority;
#[path = "../support/busy.rs"]
mod busy;
#[path = "../support/chromium.rs"]
mod chromium;
#[path = "../support/readme.rs"]
mod commands;
#[path = "../support/daemon.rs"]
mod daemon;
#[path = "../support/disk.rs"]
mod disk;
#[path = "../it/export/events.rs"]
mod events;
#[path = "../support/moments.rs"]
mod moments;
#[path = "../support/nginx.rs"]
mod nginx;
#[path = "../support/peer.rs"]
mod peer;
#[path = "../support/pfetch.rs"]
mod pfetch;
#[path = "../support/python.rs"]
mod python;
#[path = "../support/raw.rs"]
mod raw;
#[path = "../support/secure.rs"]
mod secure;
#[path = "../support/server.rs"]
mod server;
#[path = "../support/story.rs"]
mod story;

mod action;
mod codings;
mod devtools;
mod export;
mod html;
mod http_differential;
mod hyperfine;
mod many_urls;
mod packs;
mod proxy;
mod public_surface;
mod readme;
mod save;
mod scale;
mod servers;
mod terminal;
mod tls;
mod traces;
mod why;
