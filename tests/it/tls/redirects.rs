//! From https to http and back.

use crate::raw::Raw;
use crate::secure::{head, say, secure};
use crate::tls::support::{OK, Trust, error, https, server};

/// A plain server that answers every request with `text`.
fn plain(text: String) -> Raw {
    Raw::start(move |mut wire| {
        while wire.request().is_some() {
            wire.send(&text)?;
        }
        Ok(())
    })
}

fn to(url: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n")
}

/// A server under TLS that redirects to this URL.
fn leading(trust: &Trust, url: &str) -> Raw {
    let config = trust.server_config();
    let text = to(url);
    Raw::start(move |wire| {
        let mut line = secure(&config, wire)?;
        while head(&mut line).is_some() {
            say(&mut line, &text)?;
        }
        Ok(())
    })
}

#[test]
fn from_https_to_http_only_by_leave() {
    let trust = Trust::new();
    let target = plain(OK.to_owned());
    let server = leading(&trust, &target.url("/"));
    let run = trust.pfetch(&[&https(&server)]).run().exits(1);
    let result = run.result();
    let [kind, _, message] = error(&result);
    run.check("redirect", kind == "redirect");
    let expected = format!(
        "leads from https to http, to {} (--allow-downgrade to follow)",
        target.url("/")
    );
    run.check("why", message == expected);
    assert_eq!(target.connections(), 0);

    let run = trust.pfetch(&["--allow-downgrade", &https(&server)]).run();
    let run = run.exits(0);
    run.check("followed", run.result()["final_url"] == target.url("/"));
    assert_eq!(target.connections(), 1);
}

#[test]
fn from_http_to_https_always() {
    let trust = Trust::new();
    let target = server(&trust.authority.loopback());
    let server = plain(to(&https(&target)));
    let run = trust.pfetch(&[&server.url("/")]).run().exits(0);
    let result = run.result();
    run.check("followed", result["final_url"] == https(&target));
    run.check("timed", result["timing"]["ssl"].is_number());
}

#[test]
fn https_only_means_every_hop() {
    let trust = Trust::new();
    let target = plain(OK.to_owned());
    let away = leading(&trust, &target.url("/"));
    let good = server(&trust.authority.loopback());
    trust
        .pfetch(&["--https-only", &https(&good)])
        .run()
        .exits(0);
    for args in [
        vec!["--https-only", &*target.url("/")],
        vec!["--https-only", &*https(&away)],
    ] {
        let run = trust.pfetch(&args).run().exits(1);
        run.check("nothing fetched", run.result()["outcome"] == "failed");
    }
    assert_eq!(target.connections(), 0);
}
