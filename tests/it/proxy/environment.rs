//! The proxies that the environment names, as curl reads them.

use crate::pfetch::pfetch;
use crate::proxy::support::{error, http_proxy, origin, read};

/// Runs with this environment and says whether the http URL went through the proxy; it always
/// arrives at the origin.
fn is_proxied(variables: &[(&str, &str)], args: &[&str]) -> bool {
    let (origin, at_origin) = origin();
    let (proxy, at_proxy) = http_proxy(None);
    let url = origin.url("/bytes/1");
    let mut run = pfetch(&[&["--retry=0"], args, &[&url]].concat());
    for (name, value) in variables {
        let value = value.replace("PROXY", &proxy.addr().to_string());
        run = run.env(
            name,
            &value.replace("PORT", &origin.addr().port().to_string()),
        );
    }
    run.run().exits(0).says_nothing();
    assert_eq!(read(&at_origin).len(), 1, "{variables:?}");
    !read(&at_proxy).is_empty()
}

#[test]
fn http_proxy_counts_in_lower_case_only() {
    assert!(is_proxied(&[("http_proxy", "http://PROXY")], &[]));
    assert!(is_proxied(&[("http_proxy", "PROXY")], &[]));
    // Whoever asks a CGI program can set this one.
    assert!(!is_proxied(&[("HTTP_PROXY", "http://PROXY")], &[]));
    assert!(!is_proxied(&[("http_proxy", "")], &[]));
}

#[test]
fn all_proxy_is_for_what_has_none_of_its_own() {
    assert!(is_proxied(&[("all_proxy", "http://PROXY")], &[]));
    assert!(is_proxied(&[("ALL_PROXY", "http://PROXY")], &[]));
    let own = [("all_proxy", "http://127.0.0.1:1"), ("http_proxy", "PROXY")];
    assert!(is_proxied(&own, &[]));
    assert!(!is_proxied(&[("https_proxy", "http://127.0.0.1:1")], &[]));
}

#[test]
fn no_proxy_makes_exceptions() {
    for (list, proxied) in [
        ("127.0.0.1", false),
        ("example.com, 127.0.0.0/8", false),
        ("127.0.0.1:PORT", false),
        ("*", false),
        ("127.0.0.1:1", true),
        ("10.0.0.0/8,example.com", true),
    ] {
        for name in ["no_proxy", "NO_PROXY"] {
            let found = is_proxied(&[("http_proxy", "PROXY"), (name, list)], &[]);
            assert_eq!(found, proxied, "{name}={list}");
        }
        let args = ["--noproxy", list];
        if !list.contains("PORT") {
            let found = is_proxied(&[("http_proxy", "PROXY"), ("no_proxy", "*")], &args);
            assert_eq!(found, proxied, "--noproxy {list}");
        }
    }
}

#[test]
fn the_option_outdoes_the_environment() {
    assert!(!is_proxied(&[("http_proxy", "PROXY")], &["--proxy", ""]));
    let (origin, _) = origin();
    let (proxy, log) = http_proxy(None);
    pfetch(&["--proxy", &proxy.url(""), &origin.url("/bytes/1")])
        .env("http_proxy", "http://127.0.0.1:1")
        .run()
        .exits(0);
    assert_eq!(read(&log).len(), 1);
}

#[test]
fn https_proxy_is_for_https_in_either_case() {
    let (origin, _) = origin();
    let url = format!("https://{}/", origin.addr());
    for name in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        let (proxy, log) = http_proxy(None);
        // The origin speaks no TLS: what matters here is the way to it.
        pfetch(&["--retry=0", &url])
            .env(name, &proxy.url(""))
            .run()
            .exits(1);
        let seen = read(&log);
        let connect = format!("CONNECT {} HTTP/1.1\r\n", origin.addr());
        assert_eq!(seen.len(), 1, "{name}: {seen:?}");
        assert!(seen[0].starts_with(&connect), "{name}: {seen:?}");
    }
    let (proxy, log) = http_proxy(None);
    pfetch(&["--retry=0", &url])
        .env("http_proxy", &proxy.url(""))
        .run()
        .exits(1);
    assert!(read(&log).is_empty());
}

/// Values that are no usable proxy's.
const UNUSABLE: [&str; 4] = [
    "ftp://joe:hush@127.0.0.1",
    "http://joe:hush@",
    "socks4://joe:hush@h",
    "quic://joe:hush@127.0.0.1:1",
];

#[test]
fn a_variable_that_is_no_proxy_is_an_error_of_the_urls_that_need_it() {
    let (origin, _) = origin();
    let url = origin.url("/bytes/1");
    for value in UNUSABLE {
        for name in ["http_proxy", "all_proxy", "ALL_PROXY"] {
            let run = pfetch(&["--format=jsonl", &url]).env(name, value).run();
            let run = run.exits(1).says_nothing().never_shows("hush");
            let result = run.result();
            let [kind, _, message] = error(&result);
            run.check("proxy", kind == "proxy");
            run.check("once", result["attempts"] == 1);
            let expected = format!("the environment's {name}: ");
            run.check(name, message.starts_with(&expected));
            run.check("what to give", message.contains("proxy: "));
        }
        let run = pfetch(&["--proxy", value, &url]).run().exits(2);
        run.complains_in_a_line()
            .says("--proxy")
            .never_shows("hush");
    }
    // Nor are they fetched directly.
    assert_eq!(origin.connections(), 0);
}

#[test]
fn a_variable_that_no_url_needs_does_no_harm() {
    for value in UNUSABLE {
        assert!(!is_proxied(&[("https_proxy", value)], &[]));
        assert!(!is_proxied(&[("HTTPS_PROXY", value)], &[]));
        assert!(!is_proxied(
            &[("all_proxy", value), ("no_proxy", "127.0.0.1")],
            &[]
        ));
        assert!(!is_proxied(&[("all_proxy", value)], &["--noproxy", "*"]));
        assert!(!is_proxied(&[("all_proxy", value)], &["--proxy", ""]));
        let own = [("ALL_PROXY", value), ("http_proxy", "PROXY")];
        assert!(is_proxied(&own, &[]));
    }
}

#[test]
fn block_private_refuses_the_urls_that_need_the_environments_proxy() {
    let (origin, _) = origin();
    let (proxy, log) = http_proxy(None);
    let args = ["--format=jsonl", "--block-private", &origin.url("/bytes/1")];
    let run = pfetch(&args).env("http_proxy", &proxy.url("")).run();
    let result = run.exits(1).result();
    let [kind, _, message] = error(&result);
    assert_eq!(kind, "proxy", "{message}");
    for word in ["--block-private", "http_proxy", "--proxy ''"] {
        assert!(message.contains(word), "{message}");
    }
    // A URL that needs none fails for its own reason.
    let run = pfetch(&args).env("https_proxy", &proxy.url("")).run();
    let result = run.exits(1).result();
    assert_eq!(error(&result)[0], "private", "{result}");
    let named = proxy.url("");
    let args = [&args[..], &["--proxy", &named]].concat();
    pfetch(&args).run().exits(2).complains_in_a_line();
    assert!(read(&log).is_empty());
    assert_eq!(origin.connections(), 0);
}
