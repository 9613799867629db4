//! Value parsers of the options. An error says what to give instead; clap puts the option and the value
//! before it.

use std::ffi::OsStr;
use std::net::IpAddr;
use std::num::{NonZeroU16, NonZeroU64};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use clap::builder::{
    OsStringValueParser, PathBufValueParser, PossibleValuesParser, TypedValueParser,
};
use http::HeaderValue;
use http::header::USER_AGENT;

use crate::cli::plan::{Format, ListName};
use crate::engine::input::{Shard, ShardError};
use crate::http::PinnedHost;
use crate::model::activity::MAX_WORKERS;
use crate::model::headers::{self, GivenHeader};
use crate::report::Template;
use crate::report::export::Export;
use crate::save::pack::{PackFormat, PackPattern};

/// The largest capacity of the queue. A longer one gains nothing: it only sets how far ahead the list is
/// read.
const MAX_QUEUE: usize = 1_000_000;

/// The most bytes of a body that a result has: in base64, with all else, the line stays one that is read again.
const MAX_ROW: u64 = 10_000_000;

/// Parses one of a few words, each standing for a value of the library. An enum of clap's beside the
/// library's would say the same twice.
pub(super) fn choice<T: Clone + Send + Sync>(
    choices: &'static [(&'static str, T)],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(choices.iter().map(|(word, _)| *word)).map(|word| {
        let chosen = choices.iter().find(|(known, _)| *known == word);
        chosen.expect("clap lets no other word pass").1.clone()
    })
}

/// Parses the name of a list; `-` is standard input.
pub(super) fn list_name() -> impl TypedValueParser<Value = ListName> {
    PathBufValueParser::new().map(ListName::from)
}

/// Parses a number of workers, or of requests at once.
pub(super) fn workers(text: &str) -> Result<usize, String> {
    number(text, 1, MAX_WORKERS)
}

/// Parses the capacity of the queue.
pub(super) fn queue(text: &str) -> Result<usize, String> {
    number(text, 0, MAX_QUEUE)
}

/// A count that needs no room for more than a million.
pub(super) fn small_count(text: &str) -> Result<u32, String> {
    let number = number(text, 0, 1_000_000)?;
    Ok(u32::try_from(number).expect("at most a million"))
}

fn number(text: &str, least: usize, most: usize) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("give a whole number from {least} to {most}"))
}

/// A shard as it was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TypedShard {
    /// K/N.
    Given(Shard),
    /// `env` or `env/N`: the environment says the rest.
    Env {
        /// Number of shards, if it was typed.
        count: Option<u64>,
    },
}

/// Parses a shard.
pub(super) fn shard(text: &str) -> Result<TypedShard, ShardError> {
    match text.split_once('/') {
        None if text == "env" => Ok(TypedShard::Env { count: None }),
        // The number of shards is checked as that of the last one.
        Some(("env", count)) => match format!("0/{count}").parse::<Shard>() {
            Ok(shard) => Ok(TypedShard::Env {
                count: Some(shard.count()),
            }),
            Err(error) => Err(error),
        },
        _ => text.parse().map(TypedShard::Given),
    }
}

/// The advice for a limit of 0, which means none to other programs.
pub(super) const NO_LIMIT: &str = "there is no limit by default: leave the option out";

/// Parses a number of requests to a host, which there is no limit to by default.
pub(super) fn per_host(text: &str) -> Result<usize, String> {
    match text {
        "0" => Err(NO_LIMIT.to_owned()),
        _ => workers(text),
    }
}

/// Parses a number of bytes: `K M G` are powers of 1000, `Ki Mi Gi` of 1024.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let advice = || "give a number of bytes, as 500K, 10M or 1Gi".to_owned();
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let factor: u64 = match text[digits.len()..].trim_end_matches('B') {
        "" => 1,
        "K" | "k" => 1000,
        "M" | "m" => 1_000_000,
        "G" | "g" => 1_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        _ => return Err(advice()),
    };
    let count: u64 = digits.parse().map_err(|_| advice())?;
    count.checked_mul(factor).ok_or_else(advice)
}

/// Parses the size of a body that a result may have.
pub(super) fn row_size(text: &str) -> Result<u64, String> {
    Some(size(text)?)
        .filter(|size| (1..=MAX_ROW).contains(size))
        .ok_or_else(|| "give a size from 1 to 10M; longer bodies are saved (-d DIR)".to_owned())
}

/// Parses a number of bytes a second; the second need not be written.
pub(super) fn byte_rate(text: &str) -> Result<NonZeroU64, String> {
    let bytes = size(text.strip_suffix("/s").unwrap_or(text))?;
    NonZeroU64::new(bytes).ok_or_else(|| NO_LIMIT.to_owned())
}

/// Addresses that replace the look-up of a host and port.
#[derive(Debug, Clone)]
pub(crate) struct PinnedEntry {
    /// The host, or all of them.
    pub(crate) host: PinnedHost,
    /// The port.
    pub(crate) port: u16,
    /// The addresses to connect to, one at least.
    pub(crate) addresses: Vec<IpAddr>,
}

/// Parses `HOST:PORT:ADDR[,ADDR]`; an IPv6 address may have its brackets, and as the host it has them.
pub(super) fn pinned_entry(text: &str) -> Result<PinnedEntry, String> {
    // What curl has beside it.
    if text.starts_with('+') {
        return Err("what is given here holds for the whole run; leave the '+' out".to_owned());
    }
    if text.starts_with('-') {
        return Err("there is nothing to take back here; leave the entry out".to_owned());
    }
    let advice = || "give it as HOST:PORT:ADDR, as example.com:443:127.0.0.1".to_owned();
    let colon = match text.starts_with('[') {
        true => text.find("]:").map(|end| end + 1),
        false => text.find(':'),
    };
    let (host, rest) = text.split_at(colon.ok_or_else(advice)?);
    let (port, addresses) = rest[1..].split_once(':').ok_or_else(advice)?;
    let host = PinnedHost::parse(host).map_err(|error| format!("the host: {error}"))?;
    let port: NonZeroU16 = port
        .parse()
        .map_err(|_| "the port is a number from 1 to 65535".to_owned())?;
    let addresses = addresses
        .split(',')
        .map(|address| address.trim_matches(['[', ']']).parse())
        .collect::<Result<_, _>>()
        .map_err(|_| format!("the address is no IPv4 or IPv6 address; {}", advice()))?;
    Ok(PinnedEntry {
        host,
        port: port.get(),
        addresses,
    })
}

/// A header as it was typed.
#[derive(Debug, Clone)]
pub(crate) enum TypedHeader {
    /// The header itself.
    Given(GivenHeader),
    /// `@FILE`: headers are read from there.
    File(ListName),
}

/// Parses `Name: value`, `Name:` or `Name;`, or `@FILE`. A value need not be UTF-8: its bytes are sent as they are.
pub(super) fn header() -> impl TypedValueParser<Value = TypedHeader> {
    OsStringValueParser::new().try_map(|text| match text.as_bytes() {
        [b'@'] => Err("name the file of headers behind the @, as @FILE".to_owned()),
        [b'@', file @ ..] => {
            let file = PathBuf::from(OsStr::from_bytes(file));
            Ok(TypedHeader::File(ListName::from(file)))
        }
        bytes => headers::parse(bytes)
            .map(TypedHeader::Given)
            .map_err(|error| error.to_string()),
    })
}

/// Parses the value of the User-Agent header.
pub(super) fn user_agent() -> impl TypedValueParser<Value = HeaderValue> {
    OsStringValueParser::new().try_map(|text| {
        // It would be sent, and all URLs fetched.
        if text.as_bytes().starts_with(b"*") {
            return Err(
                "that is a pattern of names (wget), and this is the user agent; choose the URLs before: grep \
                 '\\.jpg$' LIST | pfetch"
                    .to_owned(),
            );
        }
        let (_, mut value) = headers::new(USER_AGENT.as_str().as_bytes(), text.as_bytes())
            .map_err(|error| error.to_string())?;
        // Header values of the user are secret by default; this one may be shown.
        value.set_sensitive(false);
        Ok(value)
    })
}

/// Parses the format of the report: a word, or a template.
pub(super) fn format(text: &str) -> Result<Format, String> {
    match text {
        "human" => return Ok(Format::Human),
        "jsonl" => return Ok(Format::JsonLines),
        _ => {}
    }
    // Of other programs, and of exports.
    if let Some(export) = Export::by_name(text.trim_start_matches('.')) {
        return Err(match export {
            Export::JsonLines => "write --format jsonl".to_owned(),
            export => format!(
                "that is a format of --export: write --export {export}=FILE, or {export}=- for standard \
                 output"
            ),
        });
    }
    Template::parse(text)
        .map(Format::Template)
        .map_err(|error| error.to_string())
}

/// A report as typed: its format, and a file or `-`.
#[derive(Debug, Clone)]
pub(crate) struct TypedExport {
    /// The format.
    pub(crate) export: Export,
    /// The file, a stream, or `-` for standard output.
    pub(crate) file: PathBuf,
}

/// Parses `FORMAT=FILE`, or a file whose extension names the format.
pub(super) fn export(text: &str) -> Result<TypedExport, String> {
    let formats = || Export::names().collect::<Vec<_>>().join(", ");
    let (export, file) = match text.split_once('=') {
        Some((name, file)) if Export::by_name(name).is_some() => (Export::by_name(name), file),
        // A typing error in the format must not become a file's name.
        Some((name, _)) if name.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            return Err(format!("there is no such format; there are {}", formats()));
        }
        _ => {
            let extension = Path::new(text).extension();
            let extension = extension.and_then(|extension| extension.to_str());
            (extension.and_then(Export::by_extension), text)
        }
    };
    if text == "-" {
        return Err(format!(
            "say which format, as md=-; there are {}",
            formats()
        ));
    }
    let export = export.ok_or_else(|| {
        format!(
            "the extension names no format; give FORMAT=FILE, with one of {}",
            formats()
        )
    })?;
    if file.is_empty() {
        return Err("no FILE stands behind the '='; is a variable there not set?".to_owned());
    }
    let path = PathBuf::from(file);
    if path.file_name().is_none() || file.ends_with('/') {
        return Err("name a file, not a folder".to_owned());
    }
    Ok(TypedExport { export, file: path })
}

/// Packs as typed: their format, and the pattern of their names.
#[derive(Debug, Clone)]
pub(crate) struct TypedPack {
    /// The format.
    pub(crate) format: PackFormat,
    /// The pattern, which is one but for a `{shard}` that there may not be.
    pub(crate) pattern: PathBuf,
}

/// Parses `FORMAT=PATTERN`.
pub(super) fn pack() -> impl TypedValueParser<Value = TypedPack> {
    OsStringValueParser::new().try_map(|text| -> Result<TypedPack, String> {
        let bytes = text.as_bytes();
        let formats = [
            (&b"tar="[..], PackFormat::Tar),
            (b"warc=", PackFormat::Warc),
        ];
        let mut found = formats.into_iter().filter_map(|(prefix, format)| {
            bytes.strip_prefix(prefix).map(|pattern| (pattern, format))
        });
        let (pattern, format) = found.next().ok_or(
            "give the format and a pattern, as tar=part-%05d.tar or warc=part-%05d.warc.gz",
        )?;
        let pattern = PathBuf::from(OsStr::from_bytes(pattern));
        // The number of the shard, if there is one, is not known yet.
        PackPattern::parse(&pattern, Some(0))
            .and_then(|pattern| pattern.check_extension(format))
            .map_err(|error| error.to_string())?;
        Ok(TypedPack { format, pattern })
    })
}

/// Parses the bytes with which a pack is full.
pub(super) fn pack_size(text: &str) -> Result<u64, String> {
    match size(text)? {
        0 => Err("give at least a byte; each body would be a pack of its own".to_owned()),
        size => Ok(size),
    }
}

/// Parses the number of URLs with which a pack is full.
pub(super) fn pack_count(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "give a whole number, at least 1".to_owned())
}

/// A number of runs as it was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TypedRuns {
    /// As many as decide.
    Auto,
    /// So many.
    Given(u32),
}

/// Parses a number of runs, at least one, or `auto`.
pub(super) fn runs(text: &str) -> Result<TypedRuns, String> {
    if text == "auto" {
        return Ok(TypedRuns::Auto);
    }
    match small_count(text) {
        Ok(0) => Err("give at least one run".to_owned()),
        Ok(runs) => Ok(TypedRuns::Given(runs)),
        Err(advice) => Err(format!("{advice}, or auto")),
    }
}

/// The fewest pairs that an automatic number of runs may have.
const FEWEST_RUNS: usize = 3;

/// Parses the most runs that an automatic number may come to.
pub(super) fn most_runs(text: &str) -> Result<u32, String> {
    let number = number(text, FEWEST_RUNS, 10_000)?;
    Ok(u32::try_from(number).expect("at most ten thousand"))
}

/// Parses a share in percent, as a share of 1.
pub(super) fn precision(text: &str) -> Result<f64, String> {
    let percent = text.strip_suffix('%').map(str::trim_end);
    let percent: Option<f64> = percent.and_then(|percent| percent.parse().ok());
    percent
        .filter(|percent| (0.1..=50.0).contains(percent))
        .map(|percent| percent / 100.0)
        .ok_or_else(|| "give a share from 0.1% to 50%, as 2.5%".to_owned())
}
