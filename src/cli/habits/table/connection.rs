//! The way to the server.

use std::ffi::OsStr;

use crate::cli::habits::meaning::{Habit, Meaning, Translation, joined};

const NO_HTTP2: &str =
    "pfetch speaks HTTP/1.1 only, which servers of HTTP/2 and 3 answer too: leave it out";
pub(super) const NO_TLS: &str = "not supported: TLS 1.2 and 1.3 with modern ciphers are what there is, so leave it out; \
     --cacert FILE sets what is trusted";
pub(super) const PROXY: &str =
    "-x URL names the proxy, with its credentials: -x http://NAME:PASSWORD@HOST:PORT";
const FAMILY: &str = "IPv6 and IPv4 are raced; -4 or -6 uses one of them";

pub(super) const HABITS: &[Habit] = &[
    (
        &[
            "--no-check-certificate",
            "--insecure-skip-tls-verify",
            "--skip-tls-verify",
        ],
        Meaning::Own(&["--insecure"]),
    ),
    (
        &["--check-certificate", "--verify"],
        Meaning::ByValue(check_certificate),
    ),
    (
        &["--ca-certificate", "--cafile"],
        Meaning::Value("--cacert"),
    ),
    (
        &["--capath", "--ca-directory"],
        Meaning::Hint("--cacert FILE takes one PEM file: cat DIR/*.pem > FILE"),
    ),
    (&["--certificate", "-E"], Meaning::Value("--cert")),
    (&["--private-key"], Meaning::Value("--key")),
    (
        &[
            "--cert-type",
            "--key-type",
            "--pass",
            "--certificate-type",
            "--private-key-type",
        ],
        Meaning::Hint(
            "certificates and keys are PEM files without a passphrase: openssl pkey -in FILE -out NEW",
        ),
    ),
    (
        &[
            "--ca-native",
            "--ssl-no-revoke",
            "--ssl-revoke-best-effort",
            "--no-hsts",
        ],
        Meaning::Nothing,
    ),
    (
        &["--tlsv1.2", "--tlsv1", "--ssl-reqd", "--ssl"],
        Meaning::Nothing,
    ),
    (
        &[
            "--tlsv1.0",
            "--tlsv1.1",
            "--tlsv1.3",
            "--tls-max",
            "--ciphers",
            "--tls13-ciphers",
            "--curves",
            "--pinnedpubkey",
            "--crlfile",
            "--crl-file",
            "--cert-status",
            "--secure-protocol",
            "--sslv2",
            "--sslv3",
            "--engine",
            "--ech",
        ],
        Meaning::Hint(NO_TLS),
    ),
    (&["--proto", "--proto-redir"], Meaning::ByValue(protocols)),
    (
        &["--hsts", "--hsts-file", "--alt-svc"],
        Meaning::Hint(
            "not supported: pfetch remembers nothing of servers between runs; --https-only refuses http",
        ),
    ),
    (&["--require-https"], Meaning::Own(&["--https-only"])),
    (
        &["--http1.1", "--no-http2", "--no-alpn", "--no-npn"],
        Meaning::Nothing,
    ),
    (
        &[
            "--http2",
            "--http2-prior-knowledge",
            "--http2-only",
            "--http2-request-window",
            "--http3",
            "--http3-only",
            "--http1.0",
            "--http0.9",
            "--http-version",
            "-h2",
            "--enable-http-pipelining",
        ],
        Meaning::Hint(NO_HTTP2),
    ),
    (&["--all-proxy"], Meaning::Value("--proxy")),
    (&["--socks5"], Meaning::Prefixed("--proxy", "socks5://")),
    (
        &["--socks5-hostname"],
        Meaning::Prefixed("--proxy", "socks5h://"),
    ),
    (
        &[
            "--socks4",
            "--socks4a",
            "--preproxy",
            "--proxy1.0",
            "--proxy-digest",
            "--proxy-ntlm",
            "--proxy-anyauth",
            "--proxy-basic",
            "--proxy-negotiate",
            "--proxytunnel",
        ],
        Meaning::Hint(
            "proxies are http://, https://, socks5:// and socks5h:// (-x URL), with Basic credentials",
        ),
    ),
    (
        &["-p"],
        Meaning::Hint(
            "-x URL is the proxy (curl -p); pfetch sends no data (ab, oha) and follows no links \
         (wget)",
        ),
    ),
    (
        &["-U"],
        Meaning::Hint(
            "-A TEXT is the user agent (wget); a proxy's credentials go into its URL (curl): \
         -x http://NAME:PASSWORD@HOST:PORT",
        ),
    ),
    (
        &[
            "--proxy-user",
            "--proxy-password",
            "--http-proxy",
            "--https-proxy",
            "--http-proxy-user",
            "--http-proxy-passwd",
            "--all-proxy-user",
            "--all-proxy-passwd",
        ],
        Meaning::Hint(PROXY),
    ),
    (
        &[
            "--proxy-insecure",
            "--proxy-cacert",
            "--proxy-cert",
            "--proxy-key",
            "--proxy-header",
        ],
        Meaning::Hint(
            "-k and --cacert hold for the proxy too, which gets no headers of its own; -x URL names it",
        ),
    ),
    (
        &["--no-proxy"],
        Meaning::Hint("-x '' uses no proxy, --noproxy HOST,… none for these"),
    ),
    (
        &["--inet4-only", "--disable-ipv6"],
        Meaning::Own(&["--ipv4"]),
    ),
    (&["--inet6-only"], Meaning::Own(&["--ipv6"])),
    (
        &["--prefer-family", "--happy-eyeballs-timeout-ms"],
        Meaning::Hint(FAMILY),
    ),
    (
        &[
            "--interface",
            "--local-port",
            "--bind-address",
            "--unix-socket",
            "--abstract-unix-socket",
            "--dns-servers",
            "--dns-interface",
            "--dns-ipv4-addr",
            "--doh-url",
            "--haproxy-protocol",
            "--async-dns-server",
            "--dns",
        ],
        Meaning::Hint(
            "not supported: the system's network settings hold, so leave it out; --resolve HOST:PORT:ADDR sets an \
             address",
        ),
    ),
    (
        &["--connect-to"],
        Meaning::Hint("--resolve HOST:PORT:ADDR connects to another address"),
    ),
    (
        &[
            "--tcp-nodelay",
            "--no-pre-lookup",
            "--no-iri",
            "--no-dns-cache",
        ],
        Meaning::Nothing,
    ),
    (
        &[
            "--tcp-fastopen",
            "--mptcp",
            "--ip-tos",
            "--keepalive-time",
            "--keepalive-cnt",
        ],
        Meaning::Hint(
            "not supported: connections have the system's settings, so leave it out; --stall-timeout ends one that \
             hangs",
        ),
    ),
    (
        &[
            "--no-keepalive",
            "--no-keep-alive",
            "--no-http-keep-alive",
            "--disable-keepalive",
            "-disable-keepalive",
            "--no-connection-reuse",
            "--no-sessionid",
        ],
        Meaning::Hint("connections are kept; -H 'Connection: close' asks the server to close each"),
    ),
    (
        &["--disable-redirects", "-disable-redirects"],
        Meaning::Own(&["--max-redirects=0"]),
    ),
    (
        &["--redirect", "--redirects"],
        Meaning::Value("--max-redirects"),
    ),
    (
        &["--max-redirs", "--max-redirect"],
        Meaning::ByValue(max_redirects),
    ),
    (
        &[
            "--exclude-private",
            "--exclude-all-private",
            "--exclude-loopback",
            "--exclude-link-local",
        ],
        // lychee leaves such links out, where --block-private makes their URLs fail.
        Meaning::Hint(
            "pfetch fetches every URL of its list; take such out with grep -v, or let them fail by \
             --block-private",
        ),
    ),
];

/// Any number of redirects is -1 to curl.
fn max_redirects(value: &OsStr) -> Translation {
    match value == "-1" {
        true => Err("there is always a limit; give a number, as --max-redirects 50".into()),
        false => Ok(vec![joined("--max-redirects", value)]),
    }
}

fn check_certificate(value: &OsStr) -> Translation {
    match value.to_str() {
        Some("false" | "no" | "off" | "0") => Ok(vec!["--insecure".into()]),
        Some("true" | "yes" | "on" | "1") => Ok(Vec::new()),
        _ => Err(
            "certificates are checked; -k does not, and --cacert FILE trusts another authority"
                .into(),
        ),
    }
}

/// curl's list of protocols; only one of its values says something here.
fn protocols(value: &OsStr) -> Translation {
    match value.to_str() {
        Some("=https") => Ok(vec!["--https-only".into()]),
        Some("=http,https" | "=https,http" | "http,https" | "https,http") => Ok(Vec::new()),
        _ => Err("http and https are all there is; --https-only refuses http".into()),
    }
}
