//! Options of curl, wget, aria2c, lychee and of load generators that hardly anybody types: what another protocol,
//! another system or another kind of work needs. So that none of them is said not to exist without a word on what
//! happens instead.

use super::connection::{NO_TLS, PROXY};
use super::measure::{COMMANDS, LONG, OFTEN};
use super::output::HEADERS;
use crate::cli::habits::meaning::{Habit, Meaning};

const OTHER_PROTOCOL: &str =
    "it is for another protocol, and http and https are all there is: leave it out";
const DECIDED: &str = "it has no like here, where nothing depends on it: leave it out";
const NO_SUCH_AUTHENTICATION: &str =
    "only Basic authentication is there (-u NAME:PASSWORD): leave it out";

pub(super) const HABITS: &[Habit] = &[
    (
        &[
            "--append",
            "--compressed-ssh",
            "--crlf",
            "--disable-eprt",
            "--disable-epsv",
            "--ftp-account",
            "--ftp-alternative-to-user",
            "--ftp-create-dirs",
            "--ftp-method",
            "--ftp-pasv",
            "--ftp-port",
            "--ftp-pret",
            "--ftp-skip-pasv-ip",
            "--ftp-ssl-ccc",
            "--ftp-user",
            "--ftp-password",
            "--follow-ftp",
            "--no-passive-ftp",
            "--passive-ftp",
            "--hostpubmd5",
            "--hostpubsha256",
            "--ipfs-gateway",
            "--list-only",
            "--mail-auth",
            "--mail-from",
            "--mail-rcpt",
            "--mail-rcpt-allowfails",
            "--preferred-location",
            "--pubkey",
            "--quote",
            "--remove-listing",
            "--retr-symlinks",
            "--sasl-authzid",
            "--sasl-ir",
            "--telnet-option",
            "--tftp-blksize",
            "--tftp-no-options",
            "--upload-flags",
            "--use-ascii",
            "--stream",
        ],
        Meaning::Hint(OTHER_PROTOCOL),
    ),
    (
        &[
            "--dump-ca-embed",
            "--egd-file",
            "--false-start",
            "--random-file",
            "--sigalgs",
            "--ssl-allow-beast",
            "--ssl-auto-client-cert",
            "--ssl-sessions",
            "--tls-earlydata",
            "--tlsauthtype",
            "--tlspassword",
            "--tlsuser",
            "--min-tls",
        ],
        Meaning::Hint(NO_TLS),
    ),
    (
        &[
            "--haproxy-clientip",
            "--proxy-ca-native",
            "--proxy-capath",
            "--proxy-cert-type",
            "--proxy-ciphers",
            "--proxy-crlfile",
            "--proxy-http2",
            "--proxy-key-type",
            "--proxy-pass",
            "--proxy-passwd",
            "--proxy-pinnedpubkey",
            "--proxy-service-name",
            "--proxy-ssl-allow-beast",
            "--proxy-ssl-auto-client-cert",
            "--proxy-tls13-ciphers",
            "--proxy-tlsauthtype",
            "--proxy-tlspassword",
            "--proxy-tlsuser",
            "--proxy-tlsv1",
            "--socks5-gssapi",
            "--socks5-gssapi-nec",
            "--socks5-gssapi-service",
            "--use-proxy",
        ],
        Meaning::Hint(PROXY),
    ),
    (&["--socks5-basic"], Meaning::Nothing),
    (
        &[
            "--ntlm-wb",
            "--service-name",
            "--auth-type",
            "--use-askpass",
            "--aws-session",
        ],
        Meaning::Hint(NO_SUCH_AUTHENTICATION),
    ),
    (&["--auth"], Meaning::Value("--user")),
    (&["--netrc-path"], Meaning::Value("--netrc-file")),
    (&["--no-netrc"], Meaning::Nothing),
    (
        &[
            "--dns-ipv6-addr",
            "--doh-cert-status",
            "--doh-insecure",
            "--vlan-priority",
            "--async-dns",
        ],
        Meaning::Hint(
            "the system looks names up: leave it out; --resolve HOST:PORT:ADDR sets an address",
        ),
    ),
    (
        &["--request-target"],
        Meaning::Hint(
            "the target of a request is its URL's path and query: leave it out, and write them there",
        ),
    ),
    (
        &["--form-escape", "--multipart"],
        Meaning::Hint("pfetch sends no data: leave it out"),
    ),
    (
        &[
            "--show-headers",
            "--print-all-resp",
            "--print_all_resp",
            "--trace-config",
            "--trace-ids",
        ],
        Meaning::Hint(HEADERS),
    ),
    (
        &["--suppress-connect-headers", "--progress-meter"],
        Meaning::Nothing,
    ),
    (&["--out-null"], Meaning::Own(&["--output=/dev/null"])),
    (
        &["--libcurl", "--variable", "--env"],
        Meaning::Hint("the shell does that: leave it out"),
    ),
    // wget.
    (
        &[
            "--backup-converted",
            "--convert-file-only",
            "--default-page",
            "--directories",
            "--dot-style",
            "--host-directories",
            "--html-extension",
            "--ignore-case",
            "--ignore-length",
            "--keep-badhash",
            "--local-encoding",
            "--no-glob",
            "--parent",
            "--regex-type",
            "--rejected-log",
            "--remote-encoding",
            "--strict-comments",
            "--iri",
        ],
        Meaning::Hint(DECIDED),
    ),
    (
        &["--execute"],
        Meaning::Hint("there is no file of settings, and no setting from one: leave it out"),
    ),
    (
        &["--no-warc-compression", "--warc-header", "--warc-max-size"],
        Meaning::Hint("WARC files are --pack warc=NAME-%05d.warc.gz, with --pack-size SIZE"),
    ),
    // aria2c.
    (&["--http-accept-gzip"], Meaning::Own(&["--compressed"])),
    (
        &["--http-no-cache"],
        Meaning::Own(&["--header=Cache-Control: no-cache"]),
    ),
    (
        &[
            "--http-auth-challenge",
            "--human-readable",
            "--enable-http-keep-alive",
            "--http-keep-alive",
            "--show-console-readout",
        ],
        Meaning::Nothing,
    ),
    (
        &[
            "--disk-cache",
            "--download-result",
            "--enable-mmap",
            "--event-poll",
            "--gid",
            "--pause",
            "--reuse-uri",
            "--rpc-secret",
            "--save-not-found",
            "--server-stat-of",
            "--server-stat-if",
            "--stop-with-process",
            "--truncate-console-readout",
        ],
        Meaning::Hint(DECIDED),
    ),
    // lychee.
    (
        &[
            "--cache-exclude-status",
            "--default-extension",
            "--dump-inputs",
            "--exclude-file",
            "--exclude-mail",
            "--fallback-extensions",
            "--generate",
            "--glob-ignore-case",
            "--hidden",
            "--host-stats",
            "--include-wikilinks",
            "--index-files",
            "--preprocess",
            "--root-dir",
        ],
        Meaning::Hint("pfetch takes URLs, and finds none in pages and files: leave it out"),
    ),
    // Load generators.
    (&["--concurrent", "--clients"], Meaning::Value("--workers")),
    (
        &[
            "--latencies",
            "--u_latency",
            "--http1",
            "--h1",
            "--fasthttp",
            "--ignore-stdin",
        ],
        Meaning::Nothing,
    ),
    (&["--reps"], Meaning::Hint(OFTEN)),
    (&["--time", "--warm-up-time"], Meaning::Hint(LONG)),
    (
        &["--qps"],
        Meaning::Hint("--rate N/s is how many start in a second"),
    ),
    (
        &["--disableKeepAlive"],
        Meaning::Hint(
            "connections are kept: leave it out; -H 'Connection: close' asks the server to close each",
        ),
    ),
    (
        &[
            "--batch_latency",
            "--connection-active-timeout",
            "--internet",
            "--mark",
            "--max-concurrent-streams",
            "--no-parser",
            "--no-print",
            "--pretty",
            "--summary-time-unit",
            "--summary-trend-stats",
            "--wait-ongoing-requests-after-deadline",
        ],
        Meaning::Hint(DECIDED),
    ),
    (&["--reference-name"], Meaning::Hint(COMMANDS)),
    // xargs and parallel.
    (
        &[
            "--citation",
            "--eof",
            "--exit",
            "--interactive",
            "--open-tty",
            "--pipe",
            "--process-slot-var",
            "--quote-all",
            "--replace",
            "--xargs",
        ],
        Meaning::Hint("pfetch starts no other program, and reads URLs: leave it out"),
    ),
    (&["--will-cite"], Meaning::Nothing),
    (
        &["--count", "--loop", "--number"],
        Meaning::Hint(
            "how many times, or for how long, the URLs are fetched is --repeat 1000 or --repeat 30s",
        ),
    ),
    (
        &["--pool", "--stages"],
        Meaning::Hint("how many at once is -j N, and several numbers in turn are --sweep 1,2,4,8"),
    ),
    (
        &["--summary", "--report"],
        Meaning::Hint(
            "the summary alone is --summary-only, and a report in a file --export FORMAT=FILE",
        ),
    ),
    (
        &["--no-follow"],
        Meaning::Hint("redirects are not followed with --max-redirects 0"),
    ),
    (
        &["--dedup", "--unique"],
        Meaning::Hint("every line of a list is fetched: sort -u LIST | pfetch has each once"),
    ),
];

#[cfg(test)]
mod tests {
    use crate::cli::args::TypedArgs;
    use crate::cli::habits::{OwnOptions, table};

    /// The long options of curl 8.14.
    const CURL: &str = "abstract-unix-socket alt-svc anyauth append aws-sigv4 basic ca-native cacert capath cert \
        cert-status cert-type ciphers compressed compressed-ssh config connect-timeout connect-to continue-at cookie \
        cookie-jar create-dirs create-file-mode crlf crlfile curves data data-ascii data-binary data-raw \
        data-urlencode delegation digest disable disable-eprt disable-epsv disallow-username-in-url dns-interface \
        dns-ipv4-addr dns-ipv6-addr dns-servers doh-cert-status doh-insecure doh-url dump-ca-embed dump-header ech \
        egd-file engine etag-compare etag-save expect100-timeout fail fail-early fail-with-body false-start form \
        form-escape form-string ftp-account ftp-alternative-to-user ftp-create-dirs ftp-method ftp-pasv ftp-port \
        ftp-pret ftp-skip-pasv-ip ftp-ssl-ccc get globoff happy-eyeballs-timeout-ms haproxy-clientip haproxy-protocol \
        head header help hostpubmd5 hostpubsha256 hsts http0.9 http1.0 http1.1 http2 http2-prior-knowledge http3 \
        http3-only ignore-content-length insecure interface ip-tos ipfs-gateway ipv4 ipv6 json junk-session-cookies \
        keepalive-cnt keepalive-time key key-type krb libcurl limit-rate list-only local-port location \
        location-trusted login-options mail-auth mail-from mail-rcpt mail-rcpt-allowfails manual max-filesize \
        max-redirs max-time metalink mptcp negotiate netrc netrc-file netrc-optional next no-alpn no-buffer \
        no-clobber no-keepalive no-npn no-progress-meter no-sessionid noproxy ntlm ntlm-wb oauth2-bearer out-null \
        output output-dir parallel parallel-immediate parallel-max parallel-max-host pass path-as-is pinnedpubkey \
        post301 post302 post303 preproxy progress-bar proto proto-default proto-redir proxy proxy-anyauth proxy-basic \
        proxy-ca-native proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile proxy-digest \
        proxy-header proxy-http2 proxy-insecure proxy-key proxy-key-type proxy-negotiate proxy-ntlm proxy-pass \
        proxy-pinnedpubkey proxy-service-name proxy-ssl-allow-beast proxy-ssl-auto-client-cert proxy-tls13-ciphers \
        proxy-tlsauthtype proxy-tlspassword proxy-tlsuser proxy-tlsv1 proxy-user proxy1.0 proxytunnel pubkey quote \
        random-file range rate raw referer remote-header-name remote-name remote-name-all remote-time remove-on-error \
        request request-target resolve retry retry-all-errors retry-connrefused retry-delay retry-max-time \
        sasl-authzid sasl-ir service-name show-error show-headers sigalgs silent skip-existing socks4 socks4a socks5 \
        socks5-basic socks5-gssapi socks5-gssapi-nec socks5-gssapi-service socks5-hostname speed-limit speed-time ssl \
        ssl-allow-beast ssl-auto-client-cert ssl-no-revoke ssl-reqd ssl-revoke-best-effort ssl-sessions sslv2 sslv3 \
        stderr styled-output suppress-connect-headers tcp-fastopen tcp-nodelay telnet-option tftp-blksize \
        tftp-no-options time-cond tls-earlydata tls-max tls13-ciphers tlsauthtype tlspassword tlsuser tlsv1 tlsv1.0 \
        tlsv1.1 tlsv1.2 tlsv1.3 tr-encoding trace trace-ascii trace-config trace-ids trace-time unix-socket \
        upload-file upload-flags url url-query use-ascii user user-agent variable verbose version vlan-priority \
        write-out xattr";

    #[test]
    fn each_option_of_curl_is_an_own_one_or_in_the_table() {
        let own = OwnOptions::of(&TypedArgs::described());
        let names = CURL.split_whitespace().map(|name| format!("--{name}"));
        let unknown: Vec<_> = names
            .filter(|name| own.long(name).is_none() && table::find(name).is_none())
            .collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
