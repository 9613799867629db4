//! The values that options take: how each is read, and what is said when it cannot be.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use http::{HeaderName, HeaderValue};

use crate::model::activity::MAX_WORKERS;
use crate::model::headers;
use crate::report::export::Export;

/// The longest queue: it only hides how far ahead the list is read.
const MAX_QUEUE: usize = 1_000_000;

/// The values of `--proto-default`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Scheme {
    Http,
    Https,
}

/// The values of `--order`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OrderArg {
    Completion,
    Input,
}

/// The values of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatArg {
    Human,
    Jsonl,
}

/// The values of `--baseline`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum BaselineArg {
    Estimate,
    None,
}

/// The values of `--color` and `--progress`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    Auto,
    Always,
    Never,
}

pub(super) fn workers(text: &str) -> Result<usize, String> {
    number(text, 1, MAX_WORKERS)
}

pub(super) fn queue(text: &str) -> Result<usize, String> {
    number(text, 0, MAX_QUEUE)
}

pub(super) fn few(text: &str) -> Result<u32, String> {
    let number = number(text, 0, 1_000_000)?;
    Ok(u32::try_from(number).expect("at most a million"))
}

fn number(text: &str, least: usize, most: usize) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("give a whole number from {least} to {most}"))
}

pub(super) fn time_limit(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(limit) if limit.is_zero() => {
            Err("nothing can be done in no time; give a longer one".to_owned())
        }
        Ok(limit) => Ok(limit),
        Err(_) if text.parse::<f64>().is_ok() => {
            Err(format!("a time needs a unit, as {text}s or {text}ms"))
        }
        Err(_) => Err("give a time with its unit, as 1500ms, 30s or 5m".to_owned()),
    }
}

/// The time between two starts that `N/s`, `N/m` or `N/h` comes to.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    let advice = || "give a number and a time, as 10/s, 30/m or 1000/h".to_owned();
    let (count, unit) = text.split_once('/').ok_or_else(advice)?;
    let seconds = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(advice()),
    };
    let count: f64 = count.parse().map_err(|_| advice())?;
    // Also excludes what is not a number.
    if !(1e-3..=1e9).contains(&count) {
        return Err(advice());
    }
    Ok(Duration::from_secs_f64(seconds / count))
}

/// A number of bytes: `K M G` are powers of 1000, `Ki Mi Gi` of 1024.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let advice = || "give a number of bytes, as 500K, 10M or 1Gi".to_owned();
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let factor: u64 = match text[digits.len()..].trim_end_matches('B') {
        "" => 1,
        "K" | "k" => 1000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        _ => return Err(advice()),
    };
    let count: u64 = digits.parse().map_err(|_| advice())?;
    count.checked_mul(factor).ok_or_else(advice)
}

/// An address given for a host and port.
#[derive(Debug, Clone)]
pub(super) struct Pinned {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) address: IpAddr,
}

pub(super) fn pinned(text: &str) -> Result<Pinned, String> {
    let parse = || {
        let (host, rest) = text.split_once(':')?;
        let (port, address) = rest.split_once(':')?;
        Some(Pinned {
            host: host.to_ascii_lowercase(),
            port: port.parse().ok()?,
            address: address.trim_matches(['[', ']']).parse().ok()?,
        })
    };
    parse().ok_or_else(|| "give it as HOST:PORT:ADDRESS, as example.com:443:127.0.0.1".to_owned())
}

pub(super) fn parse_header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    headers::parse(text).map_err(|error| error.to_string())
}

pub(super) fn user_agent(text: &str) -> Result<HeaderValue, String> {
    headers::new("user-agent", text)
        .map(|(_, mut value)| {
            // Who one says one is, is no secret.
            value.set_sensitive(false);
            value
        })
        .map_err(|error| error.to_string())
}

/// A report in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExportArg {
    pub(super) export: Export,
    pub(super) path: PathBuf,
}

/// `FORMAT=FILE`, or a file whose extension names the format.
pub(super) fn export(text: &str) -> Result<ExportArg, String> {
    let formats = || Export::names().collect::<Vec<_>>().join(", ");
    let (export, file) = match text.split_once('=') {
        Some((name, file)) if Export::by_name(name).is_some() => (Export::by_name(name), file),
        // A slip in the format's name shall not become a file's name.
        Some((name, _)) if name.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            return Err(format!("there is no such format; there are {}", formats()));
        }
        _ => {
            let extension = Path::new(text).extension();
            let extension = extension.and_then(|extension| extension.to_str());
            (extension.and_then(Export::by_extension), text)
        }
    };
    if file == "-" {
        return Err("give a file; for JSON Lines on standard output use --format jsonl".to_owned());
    }
    let export = export.ok_or_else(|| {
        format!(
            "the extension names no format; give FORMAT=FILE, with one of {}",
            formats()
        )
    })?;
    let path = PathBuf::from(file);
    if path.file_name().is_none() || file.ends_with('/') {
        return Err("name a file, not a folder".to_owned());
    }
    Ok(ExportArg { export, path })
}
