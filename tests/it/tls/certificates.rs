//! Whose certificate is good enough, and what is said of one that is not.

use crate::authority::{Authority, Identity, Valid, self_signed};
use crate::pfetch::pfetch;
use crate::raw::Raw;
use crate::secure::server_config;
use crate::tls::support::{Trust, answer, error, https, server};

#[test]
fn a_certificate_of_a_trusted_issuer_is_good_and_the_handshake_is_timed() {
    let trust = Trust::new();
    let server = server(&trust.authority.loopback());
    let url = https(&server);
    let run = trust.pfetch(&[&url, &url]).run().exits(0).says_nothing();
    let results = run.results();
    run.check("two results", results.len() == 2);
    for (result, first) in results.iter().zip([true, false]) {
        run.check("status 200", result["status"] == 200);
        run.check("reused", result["reused"] == !first);
        let ssl = &result["timing"]["ssl"];
        let timed = ssl.as_f64().is_some_and(|seconds| seconds > 0.0);
        run.check("only a handshake is timed", timed == first);
        run.check("and no made-up zero", timed || ssl.is_null());
        run.check(
            "so is connect",
            result["timing"]["connect"].is_null() != first,
        );
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn ssl_cert_file_stands_in_for_the_systems_roots() {
    let trust = Trust::new();
    let server = server(&trust.authority.loopback());
    let args = ["--format=jsonl", "--retry=0", &https(&server)];
    let run = pfetch(&args).env("SSL_CERT_FILE", &trust.cacert).run();
    run.exits(0).says_nothing();
    let run = pfetch(&args).run().exits(1);
    let result = run.result();
    run.check("not trusted without", error(&result)[0] == "tls");
}

#[test]
fn cacert_replaces_the_systems_roots() {
    let (trust, other) = (Trust::new(), Trust::new());
    let server = server(&trust.authority.loopback());
    let run = other.pfetch(&[&https(&server)]);
    let run = run.env("SSL_CERT_FILE", &trust.cacert).run().exits(1);
    run.check("tls", error(&run.result())[0] == "tls");
}

/// What the client must say of each: all of these words.
fn bad(trust: &Trust) -> Vec<(&'static str, Identity, &'static [&'static str])> {
    let issue = |names: &[&str], valid| trust.authority.issue(names, valid);
    let here = ["127.0.0.1"];
    vec![
        (
            "expired",
            issue(&here, Valid::NoLonger),
            &["the certificate has expired", "2001-01-01"],
        ),
        (
            "not yet valid",
            issue(&here, Valid::NotYet),
            &["the certificate is not valid yet", "2900-01-01"],
        ),
        (
            "other names",
            issue(&["one.example", "two.example"], Valid::Now),
            &[
                "the certificate is for another name",
                "127.0.0.1",
                "one.example",
                "two.example",
            ],
        ),
        (
            "another address",
            issue(&["127.0.0.2"], Valid::Now),
            &[
                "the certificate is for another name",
                "127.0.0.1",
                "127.0.0.2",
            ],
        ),
        (
            "self-signed",
            self_signed(&here, false),
            &["not from an issuer that is trusted here", "--cacert", "-k"],
        ),
        (
            "self-signed as an authority",
            self_signed(&here, true),
            &["an authority's own certificate", "-k"],
        ),
        (
            "unknown issuer",
            Authority::new("somebody").issue(&here, Valid::Now),
            &["not from an issuer that is trusted here", "--cacert", "-k"],
        ),
    ]
}

#[test]
fn a_bad_certificate_is_a_failure_that_says_what_is_bad_about_it() {
    let trust = Trust::new();
    for (what, identity, words) in bad(&trust) {
        let server = server(&identity);
        let run = trust.pfetch(&[&https(&server)]).run().exits(1);
        let result = run.result();
        let [kind, phase, message] = error(&result);
        run.check(what, (kind, phase) == ("tls", "ssl"));
        for word in words {
            run.check(&format!("{what}: {word:?}"), message.contains(word));
        }
        run.check("nothing was sent", result["timing"]["send"].is_null());
        let of_rustls = ["Other(", "DnsName", "IpAddress", "Error"];
        let is_named = of_rustls.iter().any(|name| message.contains(name));
        run.check("nothing of rustls", !is_named);
        assert_eq!(server.connections(), 1, "{what}: a verdict is final");
    }
}

#[test]
fn a_bad_certificate_is_no_reason_for_another_attempt() {
    let trust = Trust::new();
    let server = server(&trust.authority.issue(&["127.0.0.1"], Valid::NoLonger));
    let args = ["--retry=3", "--retry-delay=1ms", &https(&server)];
    let run = trust.pfetch(&args[2..]).run().exits(1);
    run.check("one attempt", run.result()["attempts"] == 1);
    pfetch(&[&args[..], &["--cacert", &trust.cacert]].concat())
        .run()
        .exits(1);
    assert_eq!(server.connections(), 2);
}

#[test]
fn insecure_takes_any_certificate() {
    let trust = Trust::new();
    for (what, identity, _) in bad(&trust) {
        let server = server(&identity);
        let run = pfetch(&["-k", "--format=jsonl", "--retry=0", &https(&server)]).run();
        run.check(what, run.status.success());
        run.check(what, run.result()["status"] == 200);
    }
}

#[test]
fn a_name_is_checked_against_the_name_in_the_url_not_the_address() {
    let trust = Trust::new();
    let server = server(&trust.authority.issue(&["a.example"], Valid::Now));
    let port = server.addr().port();
    for (host, code) in [("a.example", 0), ("b.example", 1)] {
        let pin = format!("{host}:{port}:127.0.0.1");
        let url = format!("https://{host}:{port}/");
        let run = trust.pfetch(&["--resolve", &pin, &url]).run().exits(code);
        if code == 1 {
            let result = run.result();
            let message = error(&result)[2];
            let both = message.contains("a.example") && message.contains("b.example");
            run.check("both names", both);
        }
    }
}

#[test]
fn a_server_may_ask_who_the_client_is() {
    let trust = Trust::new();
    let clients = Authority::new("the clients' authority");
    let config = server_config(&trust.authority.loopback(), Some(&clients.pem()));
    let server = Raw::start(move |wire| answer(&config, wire));
    let url = https(&server);

    let known = clients.issue(&["client.example"], Valid::Now);
    let cert = trust.dir.file("cert.pem", &known.certificate);
    let key = trust.dir.file("key.pem", &known.key);
    let both = trust.dir.file("both.pem", known.certificate + &known.key);
    let run = trust.pfetch(&["--cert", &cert, "--key", &key, &url]).run();
    run.exits(0).says_nothing();
    trust.pfetch(&["--cert", &both, &url]).run().exits(0);

    let run = trust.pfetch(&[&url]).run().exits(1);
    let result = run.result();
    let [kind, _, message] = error(&result);
    run.check("tls", kind == "tls");
    let expected = "the server wants a certificate of the client, which it says only after the \
                    handshake (--cert FILE, --key FILE)";
    run.check("what to do", message == expected);

    let unknown = trust.authority.issue(&["client.example"], Valid::Now);
    let both = trust
        .dir
        .file("bad.pem", unknown.certificate + &unknown.key);
    let run = trust.pfetch(&["--cert", &both, &url]).run().exits(1);
    let result = run.result();
    let [kind, _, message] = error(&result);
    run.check("tls", kind == "tls");
    let words = "the server refused the handshake: it does not trust the issuer";
    run.check("refused", message.contains(words));
}

#[test]
fn the_keys_of_connections_are_logged_for_who_asks() {
    let trust = Trust::new();
    let server = server(&trust.authority.loopback());
    let url = https(&server);
    let log = trust.dir.path().join("keys").display().to_string();
    let run = trust.pfetch(&[&url]).env("SSLKEYLOGFILE", &log).run();
    run.exits(0).says_nothing();
    let text = std::fs::read_to_string(&log).expect("the file is there");
    assert!(text.contains("CLIENT_TRAFFIC_SECRET_0 "), "{text}");
    let mode = std::fs::metadata(&log).expect("it is there").permissions();
    let mode = std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777;
    assert_eq!(mode, 0o600, "{mode:o}");

    // One that cannot be written is told, and no reason to fetch nothing.
    let folder = trust.dir.path().display().to_string();
    let run = trust.pfetch(&[&url]).env("SSLKEYLOGFILE", &folder).run();
    let run = run.exits(0).complains_in_a_line();
    run.says("SSLKEYLOGFILE").says(&folder).says("not logged");
    let run = trust.pfetch(&[&url]).env("SSLKEYLOGFILE", "").run();
    run.exits(0).says_nothing();
}

#[test]
fn files_that_cannot_be_used_are_mistakes_before_anything_is_sent() {
    let trust = Trust::new();
    let server = server(&trust.authority.loopback());
    let identity = trust.authority.loopback();
    let other = trust.authority.loopback();
    let dir = &trust.dir;
    let cert = dir.file("cert.pem", &identity.certificate);
    let key = dir.file("key.pem", &other.key);
    let text = dir.file("text", "hello");
    let missing = dir.path().join("missing").display().to_string();
    let encrypted = dir.file("encrypted", ENCRYPTED);
    let traditional = dir.file("traditional", TRADITIONAL);
    let damaged = dir.file("damaged", PRIVATE_KEY);
    for (args, [option, file, words]) in [
        (
            vec!["--cacert", &text],
            ["--cacert", &text, "no certificate"],
        ),
        (
            vec!["--cacert", &missing],
            ["--cacert", &missing, "No such file"],
        ),
        (
            vec!["--cert", &missing],
            ["--cert", &missing, "No such file"],
        ),
        (vec!["--cert", &text], ["--cert", &text, "no certificate"]),
        (vec!["--cert", &cert], ["--cert", &cert, "no private key"]),
        (
            vec!["--cert", &cert, "--key", &text],
            ["--key", &text, "no private key"],
        ),
        (
            vec!["--cert", &cert, "--key", &missing],
            ["--key", &missing, "No such file"],
        ),
        (
            vec!["--cert", &cert, "--key", &encrypted],
            ["--key", &encrypted, "encrypted with a passphrase"],
        ),
        (
            vec!["--cert", &cert, "--key", &traditional],
            ["--key", &traditional, "encrypted with a passphrase"],
        ),
        (
            vec!["--cert", &cert, "--key", &damaged],
            ["--key", &damaged, "the private key in it cannot be used"],
        ),
        (
            vec!["--cert", &cert, "--key", &key],
            [
                "--key",
                &key,
                &format!("not that of the first certificate in {cert}"),
            ],
        ),
    ] {
        let run = pfetch(&[&args[..], &[&https(&server)]].concat()).run();
        let run = run.exits(2).complains_in_a_line();
        run.says(&format!("{option} {file}: ")).says(words);
    }
    assert_eq!(server.connections(), 0);
}

const ENCRYPTED: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MAAA
-----END ENCRYPTED PRIVATE KEY-----
";

const TRADITIONAL: &str = "\
-----BEGIN EC PRIVATE KEY-----\r
Proc-Type: 4,ENCRYPTED\r
DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\r
\r
MAAA\r
-----END EC PRIVATE KEY-----\r
";

const PRIVATE_KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MAAA
-----END PRIVATE KEY-----
";
