//! Servers that do not get through the handshake.

use std::io::{self, Read};

use crate::pfetch::pfetch;
use crate::raw::{Raw, Wire};
use crate::tls::support::{Trust, error, https};

/// Fetches from a server that does this with its connections, and gives the error and the number of
/// attempts, of which there are two if it is one that may pass.
fn fail_often(
    script: impl Fn(Wire<'_>) -> io::Result<()> + Send + Sync + 'static,
) -> ([String; 3], u64) {
    let server = Raw::start(script);
    let args = [
        "--format=jsonl",
        "--retry=1",
        "--retry-delay=1ms",
        "--connect-timeout=60s",
    ];
    let run = pfetch(&[&args[..], &[&https(&server)]].concat()).run();
    let run = run.exits(1).shows_plain_text();
    let result = run.result();
    let attempts = result["attempts"].as_u64().unwrap_or_default();
    (error(&result).map(str::to_owned), attempts)
}

/// The same for a failure that no other attempt can help.
fn fail(script: impl Fn(Wire<'_>) -> io::Result<()> + Send + Sync + 'static) -> [String; 3] {
    let (found, attempts) = fail_often(script);
    assert_eq!(attempts, 1, "{found:?}");
    found
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
fn a_close_in_the_handshake_is_told_as_such_and_may_pass() {
    // Everything read, so that the end is no reset.
    let (found, attempts) = fail_often(|mut wire| wire.read_once().map(drop));
    assert_eq!(attempts, 2, "{found:?}");
    let expected = "the server closed the connection in the TLS handshake";
    assert_eq!(found, ["tls", "ssl", expected]);
}

#[test]
fn a_reset_in_the_handshake_is_told_as_such_and_may_pass() {
    let (found, attempts) = fail_often(|mut wire| {
        wire.read_once()?;
        wire.reset()
    });
    assert_eq!(attempts, 2, "{found:?}");
    assert_eq!(found, ["closed", "ssl", "the server reset the connection"]);
}

#[test]
fn an_alert_is_told_in_words() {
    // Level fatal: handshake_failure, protocol_version, unrecognized_name, and one that there is not.
    for (alert, words) in [
        (
            40,
            "it found nothing in common, or wants a certificate of the client",
        ),
        (70, "it offers neither TLS 1.2 nor 1.3"),
        (112, "it has no site of this name (TLS alert 112)"),
        (200, "it does not say why (TLS alert 200)"),
    ] {
        let found = fail(move |mut wire| {
            wire.read_once()?;
            wire.send([21, 3, 3, 0, 2, 2, alert])?;
            while wire.read(&mut [0; 1024])? > 0 {}
            Ok(())
        });
        let [kind, phase, message] = &found;
        assert_eq!([kind, phase], ["tls", "ssl"], "{alert}: {message}");
        let expected = format!("the server refused the handshake: {words}");
        assert!(message.starts_with(&expected), "{alert}: {message}");
    }
}

#[test]
fn what_stays_impossible_is_said_to_be() {
    // A ServerHello of this version, with this cipher suite.
    let hello = |version: [u8; 2], suite: [u8; 2]| {
        let body = [&version[..], &[7; 32], &[0], &suite, &[0]].concat();
        let length = u8::try_from(body.len()).expect("it is short");
        let record = u8::try_from(body.len() + 4).expect("it is short");
        [&[22, 3, 3, 0, record, 2, 0, 0, length][..], &body].concat()
    };
    for (answer, words) in [
        // TLS 1.1 and TLS_RSA_WITH_AES_128_CBC_SHA.
        (
            hello([3, 2], [0, 0x2f]),
            "the server offers neither TLS 1.2 nor 1.3",
        ),
        // Protocol version, as older servers answer.
        (
            vec![21, 3, 1, 0, 2, 2, 70],
            "no TLS 1.1 or older, no RSA key exchange and no CBC",
        ),
    ] {
        let found = fail(move |mut wire| {
            wire.read_once()?;
            wire.send(answer.clone())?;
            while wire.read(&mut [0; 1024])? > 0 {}
            Ok(())
        });
        let [kind, phase, message] = &found;
        assert_eq!([kind, phase], ["tls", "ssl"], "{message}");
        assert!(message.contains(words), "{message}");
        assert!(message.contains("no TLS 1.1 or older"), "{message}");
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
