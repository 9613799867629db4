//! Settings of each request: its headers, its limits, the way to the server.

use std::env;
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderName};

use super::empty_secrets;
use crate::cli::args::{ConnectionArgs, PinnedEntry, RequestArgs, TypedArgs, TypedHeader};
use crate::cli::files::NamedFiles;
use crate::cli::plan::ListName;
use crate::http::{
    DnsConfig, Family, FetchConfig, IdentityError, Netrc, NetrcError, NoProxy, PinnedAddresses,
    Proxy, ProxyConfig, TlsConfig,
};
use crate::model::headers::{self, GivenHeader};
use crate::model::target::Secret;
use crate::model::text::escape;
use crate::save::pack::PackFormat;

/// The most bytes of the user's headers together. They have to fit the buffer of a request beside the longest
/// URL.
const MAX_HEADER_BYTES: usize = 7_000;

/// The environment variable with the file for the keys of TLS connections, as NSS and curl have it.
const KEY_LOG_VARIABLE: &str = "SSLKEYLOGFILE";

/// Makes the settings of every fetch, and adds warnings of what has no effect.
pub(super) fn fetch_config(
    args: &TypedArgs,
    given: &[GivenHeader],
    warnings: &mut Vec<String>,
) -> Result<FetchConfig, String> {
    let (request, connection, limits) = (&args.request, &args.connection, &args.limits);
    let proxies = proxies(connection, warnings)?;
    warnings.extend(empty_secrets::warning(request, given));
    let defaults = FetchConfig::default();
    Ok(FetchConfig {
        headers: headers(request, given)?,
        removed_headers: removed_headers(request, given)?,
        authorization: request.user.as_deref().map(credentials),
        netrc: netrc(request)?.map(Arc::new),
        user_agent: request.user_agent.clone().unwrap_or(defaults.user_agent),
        accept: request.accept.clone().unwrap_or(defaults.accept),
        expect_type: request.expect_type.clone(),
        connect_timeout: limits.connect_timeout.unwrap_or(defaults.connect_timeout),
        timeout: limits.timeout,
        stall_timeout: limits.stall_timeout.or(defaults.stall_timeout),
        max_redirects: request.max_redirects.unwrap_or(defaults.max_redirects),
        allow_downgrade: request.allow_downgrade,
        keep_exchanges: args.output.verbose,
        keep_raw_heads: (args.bodies.pack.as_ref())
            .is_some_and(|pack| pack.format == PackFormat::Warc),
        compressed: request.compressed,
        https_only: request.https_only,
        max_bytes: limits.max_bytes,
        limit_rate: limits.limit_rate,
        block_private: connection.block_private,
        proxies,
        dns: DnsConfig {
            family: match (connection.ipv4, connection.ipv6) {
                (true, _) => Some(Family::V4),
                (_, true) => Some(Family::V6),
                _ => None,
            },
            pinned: pinned(&connection.resolve),
            ..defaults.dns
        },
        // A replay has no connections.
        tls: tls(connection, warnings)?
            .key_log(args.output.replay.is_empty() && has_key_log(warnings)),
        resend: defaults.resend,
        idle_connections: defaults.idle_connections,
    })
}

/// Adds the files of certificates, keys and credentials.
pub(super) fn add_files(args: &TypedArgs, files: &mut NamedFiles) {
    let connection = &args.connection;
    for (option, path) in [
        ("--cacert", &connection.cacert),
        ("--cert", &connection.cert),
        ("--key", &connection.key),
        ("--netrc-file", &args.request.netrc_file),
    ] {
        if let Some(path) = path {
            files.add_read(option, path);
        }
    }
    for header in &args.request.header {
        match header {
            TypedHeader::File(ListName::File(path)) => files.add_read("--header", path),
            TypedHeader::File(ListName::Stdin) => files.add_stdin(),
            TypedHeader::Given(_) => {}
        }
    }
}

/// Puts the headers together. They must fit a request, and only one of them may authenticate.
fn headers(args: &RequestArgs, given: &[GivenHeader]) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for given in given {
        if let GivenHeader::Sent(name, value) = given {
            headers::add(&mut headers, name.clone(), value.clone())
                .map_err(|error| format!("-H: {error}"))?;
        }
    }
    if args.user.is_some() && headers.contains_key(AUTHORIZATION) {
        return Err("-u and -H 'Authorization: …' both say who asks; give one of them".to_owned());
    }
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if bytes > MAX_HEADER_BYTES {
        return Err(format!(
            "the headers (-H) have {bytes} bytes together; at most {MAX_HEADER_BYTES} can be sent"
        ));
    }
    Ok(headers)
}

/// Collects the headers that are not to be sent.
fn removed_headers(args: &RequestArgs, given: &[GivenHeader]) -> Result<Vec<HeaderName>, String> {
    let removed: Vec<HeaderName> = given
        .iter()
        .filter_map(|given| match given {
            GivenHeader::Removed { name, .. } => Some(name.clone()),
            GivenHeader::Sent(..) => None,
        })
        .collect();
    for (is_given, option, name) in [
        (args.user.is_some(), "-u", AUTHORIZATION),
        (args.user_agent.is_some(), "-A", USER_AGENT),
    ] {
        if is_given && removed.contains(&name) {
            return Err(format!(
                "{option} sends {name}, and -H '{name}:' removes it; give one of them"
            ));
        }
    }
    Ok(removed)
}

/// Splits NAME:PASSWORD, whose bytes are sent as they are.
fn credentials(pair: &OsStr) -> Secret {
    let mut parts = pair.as_bytes().splitn(2, |byte| *byte == b':');
    let mut part = || parts.next().unwrap_or_default();
    Secret::basic(part(), part())
}

/// Reads the .netrc file that is asked for.
fn netrc(args: &RequestArgs) -> Result<Option<Netrc>, String> {
    let (option, path) = match (&args.netrc_file, args.netrc) {
        (Some(file), _) => ("--netrc-file", file.clone()),
        (None, true) => ("--netrc", default_netrc()?),
        (None, false) => return Ok(None),
    };
    let netrc = match Netrc::read(&path) {
        // As with curl, -n asks for the file if there is one.
        Err(NetrcError::Read(error))
            if error.kind() == ErrorKind::NotFound && args.netrc_file.is_none() =>
        {
            return Ok(None);
        }
        netrc => netrc,
    };
    netrc.map(Some).map_err(|error| {
        format!(
            "{option}: cannot use {}: {error}",
            escape(&path.display().to_string())
        )
    })
}

/// The path of the user's own .netrc file, as curl finds it.
fn default_netrc() -> Result<PathBuf, String> {
    let named = |name| env::var_os(name).filter(|value| !value.is_empty());
    let home = || named("HOME").map(|home| PathBuf::from(home).join(".netrc"));
    named("NETRC")
        .map(PathBuf::from)
        .or_else(home)
        .ok_or_else(|| {
            "--netrc: there is no HOME in the environment; name the file with --netrc-file"
                .to_owned()
        })
}

/// Takes the proxies from the options, or else from the environment.
fn proxies(args: &ConnectionArgs, warnings: &mut Vec<String>) -> Result<ProxyConfig, String> {
    let proxies = match args.proxy.as_deref() {
        Some("") => ProxyConfig::default(),
        Some(_) if args.block_private => {
            return Err(
                "--block-private cannot be kept through a proxy, which connects in pfetch's place; \
                 use one or the other"
                    .to_owned(),
            );
        }
        Some(text) => {
            let proxy = Proxy::parse(text).map_err(|error| format!("--proxy: {error}"))?;
            let is_idle = |entry: &PinnedEntry| !proxy.heeds_address_of(&entry.host);
            if args.noproxy.is_none() && args.resolve.iter().any(is_idle) {
                warnings.push(
                    "--resolve has no effect on what goes through this --proxy, which looks names up \
                     itself; it holds for the proxy's own name"
                        .to_owned(),
                );
            }
            ProxyConfig::all(proxy)
        }
        None => {
            let proxies = ProxyConfig::from_env(|name| env::var_os(name));
            match args.block_private {
                true => proxies.forbid_private(),
                false => proxies,
            }
        }
    };
    Ok(match &args.noproxy {
        Some(list) => proxies.except(NoProxy::parse(list)),
        None => proxies,
    })
}

/// Puts the pinned addresses together.
fn pinned(given: &[PinnedEntry]) -> PinnedAddresses {
    let mut pinned = PinnedAddresses::default();
    for entry in given {
        for address in &entry.addresses {
            pinned.add(entry.host.clone(), entry.port, *address);
        }
    }
    pinned
}

/// Reads the certificates and the key.
fn tls(args: &ConnectionArgs, warnings: &mut Vec<String>) -> Result<TlsConfig, String> {
    let mut tls = TlsConfig::default().insecure(args.insecure);
    if let Some(file) = &args.cacert {
        let (trusting, warning) = tls
            .roots_from(file)
            .map_err(|error| format!("--cacert {error}"))?;
        tls = trusting;
        warnings.extend(warning.map(|warning| format!("--cacert {warning}")));
    }
    if let Some(chain) = &args.cert {
        tls = tls
            .identity_from(chain, args.key.as_deref())
            .map_err(|error| match error {
                IdentityError::Key(_) if args.key.is_some() => format!("--key {error}"),
                _ => format!("--cert {error}"),
            })?;
    }
    Ok(tls)
}

/// True if the environment names a file for the keys of TLS connections, and it can be written. Not a
/// mistake otherwise: the variable is for every program that is started.
fn has_key_log(warnings: &mut Vec<String>) -> bool {
    let Some(file) = env::var_os(KEY_LOG_VARIABLE).filter(|file| !file.is_empty()) else {
        return false;
    };
    // rustls would say nothing. As it does, the file is made for its owner alone.
    let opened = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(&file);
    if let Err(error) = &opened {
        let file = Path::new(&file).display();
        warnings.push(format!(
            "the environment's {KEY_LOG_VARIABLE}: {file}: {error}; keys are not logged"
        ));
    }
    opened.is_ok()
}
