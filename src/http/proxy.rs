//! The choice of a proxy for a URL: by the options, or by the environment as curl reads it.

use std::fmt;
use std::sync::Arc;

use url::{Host, Url};

use super::no_proxy::NoProxy;
use crate::model::target::{Location, Secret, without_userinfo};
use crate::model::text::escape;

/// The proxies of a run, and the hosts that are reached without one.
#[derive(Debug, Clone, Default)]
pub struct ProxyConfig {
    /// For `http` URLs.
    http: Option<Arc<Proxy>>,
    /// For `https` URLs.
    https: Option<Arc<Proxy>>,
    exempt: NoProxy,
}

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
    /// `https`, `socks5` or `socks5h`.
    ///
    /// # Errors
    ///
    /// [`ProxyError`] with the reason. An unusable proxy is never skipped silently.
    pub fn parse(text: &str) -> Result<Self, ProxyError> {
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
            "socks5h" => (ProxyKind::Socks5h, 1080),
            _ => return Err(error("its scheme is none of http, https, socks5, socks5h")),
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

    /// The proxy's address for messages, without credentials.
    pub(super) fn name(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
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

impl ProxyConfig {
    /// The proxies that the environment names, as curl reads it: `http_proxy` in lower case only (a
    /// server that runs CGI programs lets a client set `HTTP_PROXY`), the others in either, and
    /// `all_proxy` for what has none of its own.
    ///
    /// # Errors
    ///
    /// A message that names the variable of an unusable proxy.
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        let either = |name: &str| {
            let upper = name.to_ascii_uppercase();
            get(name)
                .map(|value| (name.to_owned(), value))
                .or_else(|| get(&upper).map(|value| (upper, value)))
        };
        let parse = |named: Option<(String, String)>| match named {
            Some((name, value)) => Proxy::parse(&value)
                .map(|proxy| Some(Arc::new(proxy)))
                .map_err(|error| format!("the environment's {name}: {error}")),
            None => Ok(None),
        };
        let all = either("all_proxy");
        let http = get("http_proxy").map(|value| ("http_proxy".to_owned(), value));
        Ok(ProxyConfig {
            http: parse(http.or_else(|| all.clone()))?,
            https: parse(either("https_proxy").or(all))?,
            exempt: either("no_proxy")
                .map(|(_, value)| NoProxy::parse(&value))
                .unwrap_or_default(),
        })
    }

    /// One proxy for all URLs.
    pub fn all(proxy: Proxy) -> Self {
        let proxy = Arc::new(proxy);
        ProxyConfig {
            http: Some(Arc::clone(&proxy)),
            https: Some(proxy),
            exempt: NoProxy::default(),
        }
    }

    /// The same proxies, with this list of exemptions instead.
    #[must_use]
    pub fn except(mut self, exempt: NoProxy) -> Self {
        self.exempt = exempt;
        self
    }

    /// True if there is no proxy at all.
    pub fn is_empty(&self) -> bool {
        self.http.is_none() && self.https.is_none()
    }

    /// The proxy of a URL; `None` if it is reached directly.
    pub(super) fn for_url(&self, location: &Location) -> Option<&Arc<Proxy>> {
        let proxy = if location.is_https() {
            self.https.as_ref()
        } else {
            self.http.as_ref()
        }?;
        let is_exempt = !self.exempt.is_empty() && self.exempt.matches(location.url());
        (!is_exempt).then_some(proxy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::target::DefaultScheme;

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
        assert_eq!(
            read("socks5h://proxy:9050"),
            (ProxyKind::Socks5h, "proxy:9050".to_owned())
        );
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
    fn the_environment_is_read_as_curl_does() {
        let env = |pairs: &'static [(&str, &str)]| {
            ProxyConfig::from_env(move |name| {
                let found = pairs.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        let of = |config: &ProxyConfig, url: &str| {
            let location = Location::parse(url, DefaultScheme::Http).unwrap();
            config.for_url(&location).map(|p| p.name())
        };
        let config = env(&[("HTTP_PROXY", "evil:1"), ("HTTPS_PROXY", "safe:2")]).unwrap();
        assert_eq!(
            of(&config, "http://h/"),
            None,
            "HTTP_PROXY is a client's to set under CGI"
        );
        assert_eq!(of(&config, "https://h/"), Some("safe:2".to_owned()));
        let config = env(&[("all_proxy", "socks5://a:1"), ("http_proxy", "b:2")]).unwrap();
        assert_eq!(of(&config, "http://h/"), Some("b:2".to_owned()));
        assert_eq!(of(&config, "https://h/"), Some("a:1".to_owned()));
        let config = env(&[("ALL_PROXY", "a:1"), ("no_proxy", "h")]).unwrap();
        assert_eq!(of(&config, "http://h/"), None);
        assert_eq!(of(&config, "http://other/"), Some("a:1".to_owned()));
        let error = env(&[("https_proxy", "gopher://x")]).unwrap_err();
        assert!(
            error.contains("https_proxy") && error.contains("gopher"),
            "{error}"
        );
    }
}
