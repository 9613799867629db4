//! What is meant for each request: its headers, its limits, the way to the server.

use std::collections::HashMap;
use std::env;
use std::net::IpAddr;

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::args::Args;
use super::files::Files;
use super::values::Pinned;
use crate::http::{
    DnsConfig, Family, FetchConfig, IdentityError, NoProxy, Proxy, ProxyConfig, TlsConfig,
};
use crate::model::headers;
use crate::model::target::Secret;

/// The most bytes that the user's headers may have together, so that they fit a request's buffer
/// next to the longest URL.
const MAX_HEADER_BYTES: usize = 7_000;

/// The settings of every fetch.
pub(super) fn fetch_config(args: &mut Args) -> Result<FetchConfig, String> {
    let proxies = proxies(args.proxy.as_deref(), args.noproxy.as_deref())?;
    if args.block_private && !proxies.is_empty() {
        return Err(
            "--block-private cannot be kept through a proxy, which connects in pfetch's place; \
             use one or the other (--proxy '' ignores the environment's)"
                .to_owned(),
        );
    }
    let defaults = FetchConfig::default();
    Ok(FetchConfig {
        headers: headers(args)?,
        authorization: args.user.as_deref().map(credentials),
        user_agent: args.user_agent.take().unwrap_or(defaults.user_agent),
        accept: args.accept.clone(),
        connect_timeout: args.connect_timeout,
        timeout: args.timeout,
        stall_timeout: Some(args.stall_timeout),
        max_redirects: args.max_redirects,
        allow_downgrade: args.allow_downgrade,
        keep_exchanges: args.verbose,
        compressed: args.compressed,
        https_only: args.https_only,
        max_bytes: args.max_bytes,
        block_private: args.block_private,
        proxies,
        dns: DnsConfig {
            family: match (args.ipv4, args.ipv6) {
                (true, _) => Some(Family::V4),
                (_, true) => Some(Family::V6),
                _ => None,
            },
            pinned: pinned(&args.resolve),
            ..defaults.dns
        },
        tls: tls(args)?,
        resend: defaults.resend,
        idle_connections: defaults.idle_connections,
    })
}

/// Notes the files of certificates and keys.
pub(super) fn note(args: &Args, files: &mut Files) {
    for (option, path) in [
        ("--cacert", &args.cacert),
        ("--cert", &args.cert),
        ("--key", &args.key),
    ] {
        if let Some(path) = path {
            files.read(option, path);
        }
    }
}

fn headers(args: &mut Args) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in args.header.drain(..) {
        headers::add(&mut headers, name, value).map_err(|error| format!("-H: {error}"))?;
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

fn credentials(pair: &str) -> Secret {
    let (user, password) = pair.split_once(':').unwrap_or((pair, ""));
    Secret::basic(user.as_bytes(), password.as_bytes())
}

/// What the options say, or else the environment.
fn proxies(proxy: Option<&str>, exempt: Option<&str>) -> Result<ProxyConfig, String> {
    let proxies = match proxy {
        Some("") => ProxyConfig::default(),
        Some(text) => {
            ProxyConfig::all(Proxy::parse(text).map_err(|error| format!("--proxy: {error}"))?)
        }
        None => ProxyConfig::from_env(|name| env::var(name).ok())?,
    };
    Ok(match exempt {
        Some(list) => proxies.except(NoProxy::parse(list)),
        None => proxies,
    })
}

fn pinned(given: &[Pinned]) -> HashMap<(String, u16), Vec<IpAddr>> {
    let mut pinned: HashMap<_, Vec<IpAddr>> = HashMap::new();
    for Pinned {
        host,
        port,
        address,
    } in given
    {
        let key = (host.clone(), *port);
        pinned.entry(key).or_default().push(*address);
    }
    pinned
}

fn tls(args: &Args) -> Result<TlsConfig, String> {
    let mut tls = TlsConfig::default().insecure(args.insecure);
    if let Some(file) = &args.cacert {
        tls = tls
            .roots_from(file)
            .map_err(|error| format!("--cacert {error}"))?;
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
