//! What these tests have in common.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use serde_json::Value;

use crate::authority::{Authority, Identity};
use crate::pfetch::{Dir, Pfetch, pfetch};
use crate::raw::{Raw, Wire};
use crate::secure::{head, say, secure, server_config};

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A trusted authority and the file that `--cacert` takes.
pub(crate) struct Trust {
    pub(crate) authority: Authority,
    pub(crate) cacert: String,
    pub(crate) dir: Dir,
}

impl Trust {
    pub(crate) fn new() -> Self {
        let authority = Authority::new("the test's own authority");
        let dir = Dir::new();
        let cacert = dir.file("ca.pem", authority.pem());
        Trust {
            authority,
            cacert,
            dir,
        }
    }

    /// A set-up whose certificate is in order.
    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        server_config(&self.authority.loopback(), None)
    }

    /// pfetch with this authority trusted, a JSON line for each result, and no second attempts.
    pub(crate) fn pfetch(&self, args: &[&str]) -> Pfetch {
        let first = [
            "--format=jsonl",
            "--retry=0",
            "-j1",
            "--cacert",
            &self.cacert,
        ];
        pfetch(&[&first[..], args].concat())
    }
}

/// Answers every request of a connection with [`OK`].
pub(crate) fn answer(config: &Arc<ServerConfig>, wire: Wire<'_>) -> io::Result<()> {
    let mut line = secure(config, wire)?;
    while head(&mut line).is_some() {
        say(&mut line, OK)?;
    }
    Ok(())
}

/// A server with this certificate that answers every request with [`OK`].
pub(crate) fn server(identity: &Identity) -> Raw {
    let config = server_config(identity, None);
    Raw::start(move |wire| answer(&config, wire))
}

/// The https URL of a server.
pub(crate) fn https(server: &Raw) -> String {
    format!("https://{}/", server.addr())
}

/// The error of a result, as kind, phase and message.
pub(crate) fn error(result: &Value) -> [&str; 3] {
    ["kind", "phase", "message"].map(|name| result["error"][name].as_str().unwrap_or("null"))
}
