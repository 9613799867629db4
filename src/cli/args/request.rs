//! Contents of a request, and the responses that count as success.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use http::HeaderValue;

use super::values::{TypedHeader, header, small_count, user_agent};
use crate::http::{MediaRanges, StatusSet};

/// The options under "Request".
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Request")]
pub(crate) struct RequestArgs {
    /// Ask for the headers only (HEAD), and print those of a single URL.
    ///
    /// With -v, those of each are on standard error.
    #[arg(short = 'I', long)]
    pub(crate) head: bool,

    /// Send this header; may be repeated. @FILE has some, one a line.
    ///
    /// A file keeps secrets off the command line, which other users of this machine can see; '@-' is standard
    /// input. Blank lines in it and those that begin with '#' are skipped.
    ///
    /// 'NAME:' sends none in place of a default one, 'NAME;' an empty one. To another origin (scheme, host
    /// and port) a redirect takes only Accept, Accept-*, User-Agent, Range, If-*, Cache-Control, Pragma,
    /// DNT, Sec-Fetch-*, Sec-CH-*, Sec-GPC, and of a Referer the origin.
    #[arg(short = 'H',
        long,
        value_name = "NAME: VALUE",
        value_parser = header()
    )]
    pub(crate) header: Vec<TypedHeader>,

    /// The User-Agent header [default: pfetch/VERSION].
    #[arg(short = 'A',
        long,
        value_name = "TEXT",
        value_parser = user_agent()
    )]
    pub(crate) user_agent: Option<HeaderValue>,

    /// Credentials for Basic authentication.
    ///
    /// Credentials in a URL itself come first. Other users of this machine can see the command
    /// line; an "Authorization" header in a file (-H @FILE) or in a JSON input line stays between you and the
    /// server.
    #[arg(short, long, value_name = "NAME:PASSWORD")]
    pub(crate) user: Option<OsString>,

    /// Take credentials from ~/.netrc, or from the file that NETRC names.
    ///
    /// They are found by the exact host of a URL, and used where neither the URL, a header nor -u gives any.
    /// A redirect to another origin takes none along.
    #[arg(long)]
    pub(crate) netrc: bool,

    /// The same from FILE.
    #[arg(long, value_name = "FILE")]
    pub(crate) netrc_file: Option<PathBuf>,

    /// Ask for compressed bodies, and decode them.
    ///
    /// gzip, deflate, brotli and zstd, up to five on top of one another. A file whose name says that
    /// it is compressed (.gz, .tgz, .svgz, .br, .zst) is kept as sent. A body that grows to more than 4 MiB
    /// and more than 400 times what was sent is refused, unless --max-bytes sets the limit.
    #[arg(long)]
    pub(crate) compressed: bool,

    /// The statuses that count as success [default: 200..=399].
    ///
    /// A list of codes, ranges and classes: 200..=299,304 or 2xx,304.
    #[arg(long, value_name = "CODES")]
    pub(crate) accept: Option<StatusSet>,

    /// The media types that count as success, as 'image/*,application/zip' [default: any].
    ///
    /// An answer of another type fails, is not saved and does not reach --cat: a page to log in, say, in
    /// place of the file. So does one that states no type, unless '*/*' is among them. Upper and lower case
    /// are the same, and parameters do not count. A file that is up to date, or a part that is continued,
    /// keeps the type with which it came.
    #[arg(long, value_name = "TYPES")]
    pub(crate) expect_type: Option<MediaRanges>,

    /// How many redirects to follow; 0 reports the redirect itself [default: 10].
    #[arg(long,
        value_name = "N", value_parser = small_count
    )]
    pub(crate) max_redirects: Option<u32>,

    /// Follow redirects from https to http.
    #[arg(long)]
    pub(crate) allow_downgrade: bool,

    /// Refuse every URL and redirect that is not https.
    #[arg(long, conflicts_with = "allow_downgrade")]
    pub(crate) https_only: bool,
}
