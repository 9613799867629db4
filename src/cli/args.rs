//! What was typed: only shapes are checked here, nothing is looked up or opened.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser};
use http::{HeaderName, HeaderValue};

use super::compare::CompareArgs;
use super::exit::MaxFailures;
use super::output::ReportArgs;
use super::save::BodyArgs;
use super::values::{
    BaselineArg, FormatArg, OrderArg, Pinned, Scheme, When, few, interval, parse_header, pinned,
    queue, size, time_limit, user_agent, workers,
};
use crate::http::StatusSet;

/// The command line as it was typed.
#[derive(Debug, Parser)]
#[command(
    name = "pfetch",
    version,
    about = "Fetch many URLs at once, and see what that gained",
    long_about = "Fetch many URLs at once on a fixed pool of threads, print a line for each as it \
        completes, and the total time next to what the same URLs would have taken one after the \
        other.\n\nURLs come from the command line, from files (-i) and from standard input ('-', or \
        by default when it is not a terminal).",
    after_help = "See --help for all options and their defaults.",
    after_long_help = EXIT_CODES,
    disable_help_flag = true,
    disable_version_flag = true,
    max_term_width = 100
)]
pub(super) struct Args {
    /// URLs to fetch; '-' reads a list from standard input.
    ///
    /// Text without a scheme gets --proto-default.
    #[arg(value_name = "URL")]
    pub(super) urls: Vec<String>,

    /// Read URLs from FILE, one a line; may be repeated.
    ///
    /// '-' is standard input. Blank lines and lines that start with '#' are skipped. A line that starts with '{' is JSON:
    /// {"url": "…", "action": "get" or "head", "headers": {"Name": "value"}, "output": "file in DIR",
    /// "sha256": "…"}; only "url" is needed.
    /// Lists are read lazily, while fetching.
    #[arg(short, long, value_name = "FILE", help_heading = "Input")]
    pub(super) input: Vec<PathBuf>,

    /// The scheme of URLs that state none [default: http].
    #[arg(
        long,
        value_name = "SCHEME",
        value_enum,
        hide_short_help = true,
        hide_default_value = true,
        hide_possible_values = true,
        default_value = "http",
        help_heading = "Input"
    )]
    pub(super) proto_default: Scheme,

    /// Stop at the first bad line of input.
    ///
    /// What stands before it is still fetched, what comes after it is not. Without this option it is
    /// counted as a failed URL, and the rest goes on.
    #[arg(long, hide_short_help = true, help_heading = "Input")]
    pub(super) strict: bool,

    /// How many URLs to fetch at once [default: CPUs + 4, at most 32].
    ///
    /// By default no more than there are URLs, when all of them stand on the command line.
    #[arg(short = 'j', long, value_name = "N", value_parser = workers, help_heading = "Pool")]
    pub(super) workers: Option<usize>,

    /// How many URLs may wait for a worker [default: twice the workers, at least 128].
    #[arg(long, value_name = "N", value_parser = queue, hide_short_help = true, help_heading = "Pool")]
    pub(super) queue: Option<usize>,

    /// The order of the report [default: completion].
    #[arg(
        long,
        value_name = "completion|input",
        value_enum,
        default_value = "completion",
        hide_default_value = true,
        hide_possible_values = true,
        hide_short_help = true,
        help_heading = "Pool"
    )]
    pub(super) order: OrderArg,

    /// At most N requests at once to one origin (scheme, host and port) [default: no limit].
    #[arg(long, value_name = "N", value_parser = workers, hide_short_help = true, help_heading = "Pool")]
    pub(super) per_host: Option<usize>,

    /// At least this time between two starts at one origin [default: none].
    #[arg(long, value_name = "TIME", value_parser = time_limit, hide_short_help = true, help_heading = "Pool")]
    pub(super) host_delay: Option<Duration>,

    /// At most this many starts in a second, minute or hour, as 10/s, evenly spread [default: no
    /// limit].
    #[arg(long, value_name = "N/s|m|h", value_parser = interval, hide_short_help = true, help_heading = "Pool")]
    pub(super) rate: Option<Duration>,

    #[command(flatten)]
    pub(super) bodies: BodyArgs,

    /// Ask for the headers only (HEAD).
    #[arg(short = 'I', long, help_heading = "Request")]
    pub(super) head: bool,

    /// Send this header; may be repeated.
    ///
    /// After a redirect to another origin (scheme, host and port) no header given here is sent.
    #[arg(
        short = 'H',
        long,
        value_name = "NAME: VALUE",
        value_parser = parse_header,
        help_heading = "Request"
    )]
    pub(super) header: Vec<(HeaderName, HeaderValue)>,

    /// The User-Agent header [default: pfetch/VERSION].
    #[arg(
        short = 'A',
        long,
        value_name = "TEXT",
        value_parser = user_agent,
        hide_short_help = true,
        help_heading = "Request"
    )]
    pub(super) user_agent: Option<HeaderValue>,

    /// Credentials for Basic authentication.
    ///
    /// Credentials in a URL itself come first. Other users of this machine can see the command
    /// line; an "Authorization" header in a JSON input line stays between you and the server.
    #[arg(short, long, value_name = "NAME:PASSWORD", help_heading = "Request")]
    pub(super) user: Option<String>,

    /// Ask for compressed bodies, and decode them.
    ///
    /// gzip, deflate, brotli and zstd.
    #[arg(long, help_heading = "Request")]
    pub(super) compressed: bool,

    /// The statuses that count as success [default: 200..=399].
    ///
    /// A list of codes and ranges: 200..=299,304.
    #[arg(
        long,
        value_name = "CODES",
        default_value = "200..=399",
        hide_default_value = true,
        hide_short_help = true,
        help_heading = "Request"
    )]
    pub(super) accept: StatusSet,

    /// How many redirects to follow; 0 reports the redirect itself [default: 10].
    #[arg(
        long,
        value_name = "N", value_parser = few,
        default_value_t = 10,
        hide_default_value = true,
        hide_short_help = true,
        help_heading = "Request"
    )]
    pub(super) max_redirects: u32,

    /// Follow redirects from https to http.
    #[arg(long, hide_short_help = true, help_heading = "Request")]
    pub(super) allow_downgrade: bool,

    /// Refuse every URL and redirect that is not https.
    #[arg(
        long,
        conflicts_with = "allow_downgrade",
        hide_short_help = true,
        help_heading = "Request"
    )]
    pub(super) https_only: bool,

    /// Connect to public addresses only: not to loopback, private or link-local ones.
    ///
    /// The address that is connected to is what is checked, at every redirect.
    #[arg(long, hide_short_help = true, help_heading = "Connection")]
    pub(super) block_private: bool,

    /// Go through this proxy (http, https, socks5, socks5h).
    ///
    /// With socks5:// names are looked up here, with socks5h:// by the proxy.
    /// Credentials go into the URL: http://name:password@host:port. Without this option the
    /// environment decides, as with curl: http_proxy (lower case only), https_proxy, all_proxy,
    /// no_proxy. An empty value uses no proxy at all.
    #[arg(
        short = 'x',
        long,
        value_name = "URL",
        hide_short_help = true,
        help_heading = "Connection"
    )]
    pub(super) proxy: Option<String>,

    /// Hosts that need no proxy: names with all below them, addresses, networks; '*' for all.
    #[arg(
        long,
        value_name = "LIST",
        hide_short_help = true,
        help_heading = "Connection"
    )]
    pub(super) noproxy: Option<String>,

    /// Use this address for a host instead of a look-up; may be repeated.
    #[arg(
        long,
        value_name = "HOST:PORT:ADDR",
        value_parser = pinned,
        hide_short_help = true,
        help_heading = "Connection"
    )]
    pub(super) resolve: Vec<Pinned>,

    /// Use IPv4 addresses only.
    #[arg(
        short = '4',
        long,
        conflicts_with = "ipv6",
        hide_short_help = true,
        help_heading = "Connection"
    )]
    pub(super) ipv4: bool,

    /// Use IPv6 addresses only.
    #[arg(short = '6', long, hide_short_help = true, help_heading = "Connection")]
    pub(super) ipv6: bool,

    /// Accept any TLS certificate.
    #[arg(short = 'k', long, hide_short_help = true, help_heading = "Connection")]
    pub(super) insecure: bool,

    /// Trust the certificates in this PEM file instead of the system's.
    #[arg(
        long,
        value_name = "FILE",
        hide_short_help = true,
        help_heading = "Connection"
    )]
    pub(super) cacert: Option<PathBuf>,

    /// Show this certificate to servers that ask for one (PEM, its chain included).
    #[arg(
        long,
        value_name = "FILE",
        hide_short_help = true,
        help_heading = "Connection"
    )]
    pub(super) cert: Option<PathBuf>,

    /// The certificate's private key, if it is not in the same file (PEM).
    #[arg(
        long,
        value_name = "FILE",
        requires = "cert",
        hide_short_help = true,
        help_heading = "Connection"
    )]
    pub(super) key: Option<PathBuf>,

    #[command(flatten)]
    pub(super) compare: CompareArgs,

    /// Limit the making of a connection [default: 10s].
    ///
    /// This covers the name look-up, the connection and the TLS handshake together.
    #[arg(
        long,
        value_name = "TIME",
        value_parser = time_limit,
        default_value = "10s",
        hide_default_value = true,
        hide_short_help = true, help_heading = "Limits"
    )]
    pub(super) connect_timeout: Duration,

    /// Limit each attempt as a whole, redirects included [default: no limit].
    #[arg(
        long,
        value_name = "TIME",
        value_parser = time_limit,
        hide_short_help = true,
        help_heading = "Limits"
    )]
    pub(super) timeout: Option<Duration>,

    /// Give up when less than 1 KiB comes in this time [default: 30s].
    #[arg(
        long,
        value_name = "TIME",
        value_parser = time_limit,
        default_value = "30s",
        hide_default_value = true,
        hide_short_help = true, help_heading = "Limits"
    )]
    pub(super) stall_timeout: Duration,

    /// Limit the whole run [default: no limit].
    ///
    /// What is not done by then has failed.
    #[arg(long, value_name = "TIME", value_parser = time_limit, help_heading = "Limits")]
    pub(super) deadline: Option<Duration>,

    /// Give a body up that has more bytes than this, as 10M or 1Gi [default: no limit].
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = size,
        hide_short_help = true,
        help_heading = "Limits"
    )]
    pub(super) max_bytes: Option<u64>,

    /// Try again up to N times what may pass [default: 2].
    ///
    /// That is: no connection, a connection that breaks, a time limit, and the statuses 408, 425,
    /// 429, 500, 502, 503 and 504. Besides, a request that finds its kept connection closed by the
    /// server is sent again at once on a new one; with --rate or --host-delay it is a failed attempt
    /// like any other.
    #[arg(
        long,
        value_name = "N", value_parser = few,
        default_value_t = 2,
        hide_default_value = true,
        help_heading = "Limits"
    )]
    pub(super) retry: u32,

    /// The most that is waited before the first retry; it doubles with each [default: 250ms].
    ///
    /// The wait is random between nothing and that, and 30s at most.
    #[arg(
        long,
        value_name = "TIME",
        value_parser = time_limit,
        default_value = "250ms",
        hide_default_value = true,
        hide_short_help = true,
        help_heading = "Limits"
    )]
    pub(super) retry_delay: Duration,

    /// Heed a server's Retry-After up to this; when it asks for longer, do not retry [default: 60s].
    #[arg(
        long,
        value_name = "TIME",
        value_parser = time_limit,
        default_value = "60s",
        hide_default_value = true,
        hide_short_help = true,
        help_heading = "Limits"
    )]
    pub(super) retry_after_max: Duration,

    /// Succeed although this many URLs have failed [default: 0].
    ///
    /// A number, or a share of all URLs that were tried, as 1%.
    #[arg(
        long,
        value_name = "N|N%",
        default_value = "0",
        hide_default_value = true,
        help_heading = "Limits"
    )]
    pub(super) max_failures: MaxFailures,

    /// Text for people, or JSON Lines [default: human].
    #[arg(
        long,
        value_name = "human|jsonl",
        value_enum,
        default_value = "human",
        hide_default_value = true,
        hide_possible_values = true,
        help_heading = "Output"
    )]
    pub(super) format: FormatArg,

    #[command(flatten)]
    pub(super) reports: ReportArgs,

    /// What to set the parallel time against [default: estimate].
    ///
    /// 'estimate' is the sum of the per-URL times: what the same URLs would have taken one after
    /// the other if they did not get in each other's way.
    #[arg(
        long,
        value_name = "estimate|none",
        value_enum,
        default_value = "estimate",
        hide_default_value = true,
        hide_possible_values = true,
        hide_short_help = true,
        help_heading = "Output"
    )]
    pub(super) baseline: BaselineArg,

    /// Show requests and responses on standard error, without secrets.
    ///
    /// Reports that have a place for them (jsonl, json, har) then have the headers too.
    #[arg(short, long, help_heading = "Output")]
    pub(super) verbose: bool,

    /// Print only failures: no summary, no progress.
    ///
    /// Of --compare and --sweep that leaves nothing but URLs that failed and assertions that do not hold.
    /// Reports in files (--export) and --format jsonl have everything.
    #[arg(short, long, help_heading = "Output")]
    pub(super) quiet: bool,

    /// Use colour [default: auto, on a terminal unless NO_COLOR is set].
    #[arg(
        long,
        value_name = "auto|always|never",
        value_enum,
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true,
        hide_short_help = true,
        help_heading = "Output"
    )]
    pub(super) color: When,

    /// Show progress on standard error [default: auto, on a terminal].
    ///
    /// With 'auto' not if others may write to the same terminal: where standard output is a pipe, whose
    /// reader may, and where bodies go to the terminal. With 'always' and no terminal it is a line a
    /// second.
    #[arg(
        long,
        value_name = "auto|always|never",
        value_enum,
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true,
        hide_short_help = true,
        help_heading = "Output"
    )]
    pub(super) progress: When,

    /// Print this help (-h: in short).
    #[arg(short, long, action = ArgAction::Help, help_heading = "Output")]
    pub(super) help: Option<bool>,

    /// Print the version.
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = "Output")]
    pub(super) version: Option<bool>,
}

const EXIT_CODES: &str = "\
Exit codes, of several that hold the first in this list:
  130, 143, 129
            stopped by SIGINT (Ctrl-C), SIGTERM or SIGHUP (unless under nohup), after reporting
            what was done; a second signal ends pfetch at once
  141       the reader of standard output went away
  4         a failure on this side: files or output that cannot be written, a full disk, no
            threads, no descriptors
  2         a mistake on the command line, or input that cannot be read
  3         an assertion on the figures does not hold (--assert)
  1         some URL failed (more than --max-failures), or the --deadline passed
  0         all succeeded

Times are written with a unit: 1500ms, 30s, 5m.";
