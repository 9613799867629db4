//! What is sent, and which answers count.

use std::ffi::{OsStr, OsString};

use crate::cli::habits::meaning::{Habit, Meaning, Translation, is_number, joined};
use crate::cli::habits::values::is_byte_range;

const ONLY_ASKS: &str =
    "pfetch only asks (GET, or HEAD with -I): it sends no data, no POST, PUT or DELETE; curl does";
const COOKIES: &str =
    "cookies are not kept, and no file of them is read; send one with -H 'Cookie: NAME=VALUE'";
const SCHEMES: &str = "only Basic authentication is there (-u NAME:PASSWORD); any other goes into \
     -H 'Authorization: …'";

pub(super) const HABITS: &[Habit] = &[
    (&["--location", "--follow"], Meaning::Nothing),
    (&["-L"], Meaning::ByNext(location)),
    (
        &["--location-trusted"],
        Meaning::Hint(
            "credentials never cross to another origin: leave it out, and give them in the URLs that need them",
        ),
    ),
    (&["-f", "--fail", "--check-status"], Meaning::Nothing),
    (
        &["--content-on-error", "--fail-with-body"],
        Meaning::Hint(
            "the body of an answer that counts as failed is dropped; --accept 100..=999 makes every status a \
             success, whose body is kept",
        ),
    ),
    (&["-X", "--request", "--method"], Meaning::ByValue(method)),
    (&["--spider", "--use-head"], Meaning::Own(&["--head"])),
    (
        &[
            "--data",
            "--data-raw",
            "--data-binary",
            "--data-ascii",
            "--data-urlencode",
            "--form",
            "-F",
            "--form-string",
            "--upload-file",
            "--post-data",
            "--post-file",
            "--body-data",
            "--body-file",
            "--body",
            "--multipart-form-data",
        ],
        Meaning::Hint(ONLY_ASKS),
    ),
    (
        &["--json"],
        Meaning::Hint(
            "pfetch sends no data; its report as JSON Lines is --format jsonl, as a file \
         --export json=FILE",
        ),
    ),
    (
        &["-G", "--get", "--url-query"],
        Meaning::Hint(
            "pfetch sends no data: leave it out, and write the query into the URL: URL?a=b",
        ),
    ),
    (&["-e", "--referer"], Meaning::ByValue(referer)),
    (&["-b", "--cookie"], Meaning::ByValue(cookie)),
    (
        &[
            "--cookie-jar",
            "--load-cookies",
            "--save-cookies",
            "--keep-session-cookies",
            "--junk-session-cookies",
        ],
        Meaning::Hint(COOKIES),
    ),
    (&["--no-cookies"], Meaning::Nothing),
    (
        &["--header-file", "--headers-file", "--header-from-file"],
        Meaning::Prefixed("--header", "@"),
    ),
    (
        &["--oauth2-bearer"],
        Meaning::Prefixed("--header", "Authorization: Bearer "),
    ),
    (&["--basic", "--auth-no-challenge"], Meaning::Nothing),
    (
        &[
            "--digest",
            "--anyauth",
            "--ntlm",
            "--negotiate",
            "--aws-sigv4",
            "--krb",
            "--delegation",
        ],
        Meaning::Hint(SCHEMES),
    ),
    (
        &[
            "--password",
            "--http-user",
            "--http-password",
            "--http-passwd",
            "--ask-password",
            "--basic-auth",
            "--login-options",
        ],
        Meaning::Hint("credentials are -u NAME:PASSWORD, or \"headers\" in a JSON line"),
    ),
    (&["-n"], Meaning::ByNext(netrc)),
    (&["--netrc-optional"], Meaning::Own(&["--netrc"])),
    (&["-r"], Meaning::ByNext(part)),
    (&["--range"], Meaning::ByValue(|value| part(Some(value)))),
    (
        &["--no-cache"],
        Meaning::Own(&["--header=Cache-Control: no-cache"]),
    ),
    (&["--compression"], Meaning::ByValue(compression)),
    (
        &[
            "--no-compression",
            "--disable-compression",
            "-disable-compression",
        ],
        Meaning::Nothing,
    ),
    (
        &["--tr-encoding", "--raw", "--ignore-content-length"],
        Meaning::Hint(
            "bodies are taken as HTTP frames them, \
         and decoded with --compressed only",
        ),
    ),
    (
        &["--path-as-is"],
        Meaning::Hint(
            "dots in a path are resolved, as browsers do: leave it out, and write %2e to keep one",
        ),
    ),
    (&["--post301", "--post302", "--post303"], Meaning::Nothing),
    (&["--robots", "--no-robots"], Meaning::Nothing),
    (
        &["--host", "-host"],
        Meaning::Hint(
            "-H 'Host: NAME' names another host; --resolve HOST:PORT:ADDR another address",
        ),
    ),
    (&["--content-type"], Meaning::Hint(ONLY_ASKS)),
    (
        &["--github-token"],
        Meaning::Hint("-H 'Authorization: Bearer TOKEN', or \"headers\" in a JSON line"),
    ),
    (
        &["--disallow-username-in-url"],
        Meaning::Hint("leave it out: credentials in a URL are sent and never shown"),
    ),
];

/// A flag to curl; a list of parameters to hyperfine, and lines at once to xargs.
fn location(next: Option<&OsStr>) -> Translation {
    match next.is_some_and(is_number) {
        true => Err(
            "redirects are followed anyway (curl); how many URLs are fetched at once is -j N (xargs)".into()),
        false => Ok(Vec::new()),
    }
}

/// Tests for the name of a method (RFC 9110, RFC 5789).
pub(super) fn is_method(text: &str) -> bool {
    const METHODS: [&str; 9] = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    ];
    METHODS
        .iter()
        .any(|method| method.eq_ignore_ascii_case(text))
}

/// A method, of which pfetch has two.
pub(super) fn method(value: &OsStr) -> Translation {
    if value.eq_ignore_ascii_case("get") {
        Ok(Vec::new())
    } else if value.eq_ignore_ascii_case("head") {
        Ok(vec!["--head".into()])
    } else {
        Err(ONLY_ASKS.into())
    }
}

/// A URL to curl and wget's long form; a setting to wget's short one.
fn referer(value: &OsStr) -> Translation {
    let text = value.to_string_lossy();
    // Without a scheme it is taken for a host, as in robots=off of wget.
    let host = text.split(['/', '?', '#']).next().unwrap_or_default();
    let is_url = !host.contains('=') && !text.ends_with(";auto") && !is_number(value);
    match !is_url {
        true => Err("it takes the URL to send as Referer".into()),
        false => Ok(header("Referer: ", value)),
    }
}

fn cookie(value: &OsStr) -> Translation {
    let text = value.to_string_lossy();
    if text.contains("://") {
        return Err("it takes NAME=VALUE, and a URL stands there; is the cookie missing?".into());
    }
    if !text.contains('=') {
        return Err(COOKIES.into());
    }
    Ok(header("Cookie: ", value))
}

fn header(name: &str, value: &OsStr) -> Vec<OsString> {
    let mut header = OsString::from(name);
    header.push(value);
    vec![joined("--header", header)]
}

/// A part of the body to curl; a number of runs to hyperfine, and a flag to wget.
fn part(value: Option<&OsStr>) -> Translation {
    let text = value.map_or("".into(), OsStr::to_string_lossy);
    Err(if is_byte_range(&text) {
        format!("-H 'Range: bytes={text}' asks for a part").into()
    } else if is_number(OsStr::new(&*text)) {
        format!("--runs {text} is how often --compare runs, and --repeat {text} how often all is fetched").into()
    } else {
        "pfetch follows no links (wget); -H 'Range: bytes=0-99' asks for a part (curl), and --runs N is how often \
         --compare runs"
            .into()
    })
}

/// A flag to curl; a number of requests to oha, ab and hey, and of arguments to xargs.
fn netrc(next: Option<&OsStr>) -> Translation {
    match next.filter(|next| is_number(next)) {
        Some(number) => Err(format!(
            "a list is fetched once; for so many requests of one URL: pfetch --repeat {} --summary-only URL",
            number.to_string_lossy()
        )
        .into()),
        None => Ok(vec!["--netrc".into()]),
    }
}

fn compression(value: &OsStr) -> Translation {
    match value.to_str() {
        Some("none" | "identity") => Ok(Vec::new()),
        _ => Ok(vec!["--compressed".into()]),
    }
}
