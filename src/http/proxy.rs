//! One proxy: the text that names it, its address and its credentials.

use std::fmt;

use url::{Host, Url};

use super::dns::PinnedHost;
use crate::model::target::{Secret, without_userinfo};
use crate::model::text::{escape, hex};

/// One proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    pub(super) kind: ProxyKind,
    /// The host, without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    /// The user name and password as an HTTP proxy gets them.
    pub(super) authorization: Option<Secret>,
    /// The same as a SOCKS proxy gets them.
    pub(super) credentials: Option<Credentials>,
}

impl Proxy {
    /// All that tells this proxy from another one, its secrets included: never shown.
    pub(super) fn key(&self) -> String {
        let (kind, host, port) = (self.kind, &self.host, self.port);
        let pair = self.credentials.as_ref();
        let pair = pair.map(|pair| (hex(&pair.user), hex(&pair.password)));
        format!("{kind:?} {host} {port} {pair:?}")
    }

    /// True if the proxy is sent requests to forward. Otherwise it is asked for a tunnel to the server.
    pub(super) fn forwards(&self, is_https: bool) -> bool {
        !is_https && matches!(self.kind, ProxyKind::Http | ProxyKind::Https)
    }
}

/// The protocol that a proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProxyKind {
    Http,
    Https,
    /// SOCKS 5; pfetch resolves the name.
    Socks5,
    /// SOCKS 5; the proxy resolves the name.
    Socks5h,
}

impl ProxyKind {
    /// True for SOCKS 5, whichever side resolves the name.
    pub(super) fn is_socks(self) -> bool {
        matches!(self, ProxyKind::Socks5 | ProxyKind::Socks5h)
    }
}

/// A user name and a password, whose `Debug` form hides both.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) user: Vec<u8>,
    pub(super) password: Vec<u8>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// A text that is not a usable proxy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a proxy: {reason}")]
pub struct ProxyError {
    text: String,
    reason: String,
}

impl Proxy {
    /// Reads `[scheme://][user:password@]host[:port]`, where the scheme is `http` (the default),
    /// `https`, `socks5`, `socks5h`, or `socks`, which is GNOME's word for the last.
    ///
    /// # Errors
    ///
    /// [`ProxyError`] with the reason. An unusable proxy is never skipped silently.
    pub fn parse(text: &str) -> Result<Self, ProxyError> {
        let text = text.trim();
        let error = |reason: &str| ProxyError {
            text: escape(&without_userinfo(text)),
            reason: reason.to_owned(),
        };
        let whole = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let url = Url::parse(&whole).map_err(|reason| error(&reason.to_string()))?;
        // curl's default port for every proxy but an https one.
        let (kind, port) = match url.scheme() {
            "http" => (ProxyKind::Http, 1080),
            "https" => (ProxyKind::Https, 443),
            "socks5" => (ProxyKind::Socks5, 1080),
            // Version 5, as GNOME has it; SOCKS 4 is out of use. The proxy resolves names, so none leaks.
            "socks5h" | "socks" => (ProxyKind::Socks5h, 1080),
            _ => {
                return Err(error(
                    "its scheme is none of http, https, socks5, socks5h, socks",
                ));
            }
        };
        let host = match url.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) if !host.to_string().is_empty() => host.to_string(),
            _ => return Err(error("there is no host name")),
        };
        // The parser drops a port that is the scheme's default, which is not the proxy's.
        let stated = url.port().or_else(|| states_port(&whole, url.scheme()));
        let decode = |part: &str| percent_encoding::percent_decode_str(part).collect::<Vec<u8>>();
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => Some(Credentials {
                user: decode(user),
                password: decode(password.unwrap_or("")),
            }),
        };
        Ok(Proxy {
            kind,
            host,
            port: stated.unwrap_or(port),
            authorization: credentials
                .as_ref()
                .map(|pair| Secret::basic(&pair.user, &pair.password)),
            credentials,
        })
    }

    /// The proxy's URL without credentials. Its scheme says what is spoken, and who resolves names.
    pub(super) fn url(&self) -> String {
        format!("{}://{}", self.kind.scheme(), self.name())
    }

    /// True if an address that is given for this host (`--resolve`) has an effect: it is the proxy's own,
    /// or the proxy is told addresses. HTTP proxies are told names.
    pub fn heeds_address_of(&self, host: &PinnedHost) -> bool {
        match (self.kind, host) {
            (ProxyKind::Socks5 | ProxyKind::Socks5h, _) => true,
            (_, PinnedHost::Any) => false,
            (_, PinnedHost::Named(name)) => {
                *name == self.host || name.trim_matches(['[', ']']) == self.host
            }
        }
    }

    /// The proxy's address for messages, without credentials.
    pub(super) fn name(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl ProxyKind {
    fn scheme(self) -> &'static str {
        match self {
            ProxyKind::Http => "http",
            ProxyKind::Https => "https",
            ProxyKind::Socks5 => "socks5",
            ProxyKind::Socks5h => "socks5h",
        }
    }
}

/// The default port of an http or https proxy, if the text spells it out.
fn states_port(text: &str, scheme: &str) -> Option<u16> {
    let port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let authority = text.split("://").nth(1)?.split(['/', '?', '#']).next()?;
    authority.ends_with(&format!(":{port}")).then_some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_read_with_curl_s_defaults() {
        let read = |text: &str| {
            let proxy = Proxy::parse(text).unwrap();
            (proxy.kind, proxy.name())
        };
        assert_eq!(read("proxy"), (ProxyKind::Http, "proxy:1080".to_owned()));
        assert_eq!(
            read("http://proxy:80"),
            (ProxyKind::Http, "proxy:80".to_owned())
        );
        assert_eq!(
            read("https://proxy/"),
            (ProxyKind::Https, "proxy:443".to_owned())
        );
        for scheme in ["socks5h", "socks", "SOCKS"] {
            assert_eq!(
                read(&format!("{scheme}://proxy:9050/")),
                (ProxyKind::Socks5h, "proxy:9050".to_owned())
            );
        }
        assert_eq!(
            read("[::1]:3128"),
            (ProxyKind::Http, "[::1]:3128".to_owned())
        );
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_an_error_without_its_password() {
        for text in [
            "socks4://u:hush@h:1",
            "ftp://u:hush@h",
            "http://u:hush@h:99999",
            "http://",
        ] {
            let error = Proxy::parse(text).unwrap_err().to_string();
            assert!(error.contains("is not a proxy"), "{error}");
            assert!(!error.contains("hush"), "{error}");
        }
        let proxy = Proxy::parse("http://us%3Aer:hu%40sh@h").unwrap();
        let pair = proxy.credentials.clone().unwrap();
        assert_eq!(
            (&pair.user[..], &pair.password[..]),
            (&b"us:er"[..], &b"hu@sh"[..])
        );
        let debug = format!("{proxy:?}");
        assert!(
            !debug.contains("hu@sh") && !debug.contains("hu%40sh"),
            "{debug}"
        );
    }

    #[test]
    fn each_part_of_a_proxy_tells_its_connections_from_those_of_another() {
        let texts = [
            "http://h:1",
            "https://h:1",
            "socks5://h:1",
            "socks5h://h:1",
            "http://i:1",
            "http://h:2",
            "http://u@h:1",
            "http://u:p@h:1",
            "http://u:q@h:1",
            "http://v:p@h:1",
        ];
        for (at, one) in texts.iter().enumerate() {
            for (other_at, other) in texts.iter().enumerate() {
                let [one, other] = [one, other].map(|text| Proxy::parse(text).unwrap());
                let is_one = one.key() == other.key();
                assert_eq!(is_one, at == other_at, "{one:?}, {other:?}");
            }
        }
    }

    #[test]
    fn a_given_address_is_heeded_for_the_proxy_itself_and_where_it_is_told_addresses() {
        let named = |name: &str| PinnedHost::Named(name.to_owned());
        for (proxy, host, is_heeded) in [
            ("http://h:1", named("h"), true),
            ("https://h:1", named("h"), true),
            ("http://h:1", named("other"), false),
            ("http://h:1", PinnedHost::Any, false),
            ("http://[::1]:1", named("[::1]"), true),
            ("http://[::1]:1", named("[::2]"), false),
            ("socks5://h:1", named("other"), true),
            ("socks5h://h:1", named("other"), true),
            ("socks5://h:1", PinnedHost::Any, true),
        ] {
            let found = Proxy::parse(proxy).unwrap().heeds_address_of(&host);
            assert_eq!(found, is_heeded, "{proxy} {host:?}");
        }
    }
}
