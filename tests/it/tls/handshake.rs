//! Servers that do not get through the handshake.

use std::io::{self, Read};

use crate::pfetch::pfetch;
use crate::raw::{Raw, Wire};
use crate::tls::support::{Trust, error, https};

/// Fetches from a server that does this with its connection, and gives the error.
fn fail(script: impl Fn(Wire<'_>) -> io::Result<()> + Send + Sync + 'static) -> [String; 3] {
    let server = Raw::start(script);
    let args = ["--format=jsonl", "--retry=0", "--connect-timeout=60s"];
    let run = pfetch(&[&args[..], &[&https(&server)]].concat()).run();
    let run = run.exits(1).shows_plain_text();
    error(&run.result()).map(str::to_owned)
}

#[test]
fn plain_http_on_the_port_is_told_as_such() {
    let found = fail(|mut wire| {
        wire.read_once()?;
        wire.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")?;
        // Not before the client has had enough.
        while wire.read(&mut [0; 1024])? > 0 {}
        Ok(())
    });
    let expected = "the server does not speak TLS on this port; for plain HTTP write http://";
    assert_eq!(found, ["tls", "ssl", expected]);
}

#[test]
fn a_close_in_the_handshake_is_told_as_such() {
    // Everything read, so that the end is no reset.
    let found = fail(|mut wire| wire.read_once().map(drop));
    let expected = "the server closed the connection in the TLS handshake";
    assert_eq!(found, ["tls", "ssl", expected]);
}

#[test]
fn a_reset_in_the_handshake_is_told_as_such() {
    let found = fail(|mut wire| {
        wire.read_once()?;
        wire.reset()
    });
    assert_eq!(found, ["closed", "ssl", "the server reset the connection"]);
}

#[test]
fn an_alert_is_told_in_words() {
    // Level fatal: handshake_failure, unrecognized_name.
    for (alert, word) in [(40, "HandshakeFailure"), (112, "UnrecognisedName")] {
        let found = fail(move |mut wire| {
            wire.read_once()?;
            wire.send([21, 3, 3, 0, 2, 2, alert])?;
            while wire.read(&mut [0; 1024])? > 0 {}
            Ok(())
        });
        let expected = format!("the server refused the handshake: {word}");
        assert_eq!(found, ["tls", "ssl", expected.as_str()]);
    }
}

#[test]
fn silence_in_the_handshake_ends_with_the_time_for_connecting() {
    for partly in [false, true] {
        let server = Raw::start(move |mut wire| {
            wire.read_once()?;
            if partly {
                // The beginning of a record that never comes.
                wire.send([22, 3, 3])?;
            }
            wire.hang()
        });
        let trust = Trust::new();
        let run = trust
            .pfetch(&["--connect-timeout=500ms", &https(&server)])
            .run()
            .exits(1);
        let expected = ["timeout", "ssl", "timed out after 500ms"];
        assert_eq!(error(&run.result()), expected, "partly: {partly}");
    }
}
