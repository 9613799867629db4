//! The choice of a proxy for a URL: by the options, or by the environment as curl reads it.

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use url::{Host, Url};

use super::dns::PinnedHost;
use super::no_proxy::NoProxy;
use crate::model::target::{Location, Secret, without_userinfo};
use crate::model::text::{escape, hex};

/// The proxies of a run, and the hosts that are reached without one.
#[derive(Debug, Clone, Default)]
pub struct ProxyConfig {
    /// For `http` URLs.
    http: Option<ProxyChoice>,
    /// For `https` URLs.
    https: Option<ProxyChoice>,
    exempt: NoProxy,
}

/// A proxy that was given. One that cannot be used is an error only of the URLs that need it.
#[derive(Debug, Clone)]
struct ProxyChoice {
    /// The variable that names it; empty if an option does.
    variable: String,
    proxy: Result<Arc<Proxy>, ProxyUnusable>,
}

impl ProxyChoice {
    /// Reads the value of a variable.
    fn of_variable((variable, value): (String, OsString)) -> Self {
        let proxy = match value.to_str().map(Proxy::parse) {
            Some(Ok(proxy)) => Ok(Arc::new(proxy)),
            Some(Err(error)) => Err(ProxyUnusable::Unreadable {
                variable: variable.clone(),
                error,
            }),
            None => Err(ProxyUnusable::NotUtf8 {
                variable: variable.clone(),
            }),
        };
        ProxyChoice { variable, proxy }
    }
}

/// A proxy of the environment's that cannot be used, and that a URL needs. URLs are not fetched directly
/// in its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyUnusable {
    /// The variable is not a proxy's URL.
    #[error("the environment's {variable}: {error}")]
    Unreadable {
        /// Its name.
        variable: String,
        /// The reason.
        error: ProxyError,
    },
    /// The variable is not text.
    #[error("the environment's {variable} is not UTF-8; percent-encode it, or unset it")]
    NotUtf8 {
        /// Its name.
        variable: String,
    },
    /// Only public addresses may be connected to, and the proxy would do the connecting.
    #[error(
        "--block-private cannot be kept through the environment's {variable}, which connects in \
         pfetch's place; use one or the other (--proxy '' ignores the environment's)"
    )]
    BlockPrivate {
        /// Its name.
        variable: String,
    },
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

impl ProxyConfig {
    /// The proxies that the environment names, as curl reads it: `http_proxy` in lower case only (a
    /// server that runs CGI programs lets a client set `HTTP_PROXY`), the others in either, and
    /// `all_proxy` for what has none of its own.
    pub fn from_env(get: impl Fn(&str) -> Option<OsString>) -> Self {
        let get = |name: &str| {
            let value = get(name).filter(|value| !value.is_empty())?;
            Some((name.to_owned(), value))
        };
        let either = |name: &str| get(name).or_else(|| get(&name.to_ascii_uppercase()));
        let all = either("all_proxy");
        ProxyConfig {
            http: get("http_proxy")
                .or_else(|| all.clone())
                .map(ProxyChoice::of_variable),
            https: either("https_proxy").or(all).map(ProxyChoice::of_variable),
            exempt: either("no_proxy")
                .map(|(_, value)| NoProxy::parse(&value.to_string_lossy()))
                .unwrap_or_default(),
        }
    }

    /// The same, none of which may be used: only public addresses may be connected to, and a proxy of
    /// the environment's would do the connecting.
    #[must_use]
    pub fn forbid_private(mut self) -> Self {
        for choice in [&mut self.http, &mut self.https].into_iter().flatten() {
            let variable = choice.variable.clone();
            choice.proxy = Err(ProxyUnusable::BlockPrivate { variable });
        }
        self
    }

    /// One proxy for all URLs.
    pub fn all(proxy: Proxy) -> Self {
        let choice = ProxyChoice {
            variable: String::new(),
            proxy: Ok(Arc::new(proxy)),
        };
        ProxyConfig {
            http: Some(choice.clone()),
            https: Some(choice),
            exempt: NoProxy::default(),
        }
    }

    /// The same proxies, with this list of exemptions instead.
    #[must_use]
    pub fn except(mut self, exempt: NoProxy) -> Self {
        self.exempt = exempt;
        self
    }

    /// The proxy of a URL; `None` if it is reached directly.
    ///
    /// # Errors
    ///
    /// [`ProxyUnusable`], if the URL needs a proxy that cannot be used.
    pub(super) fn for_url(
        &self,
        location: &Location,
    ) -> Result<Option<&Arc<Proxy>>, &ProxyUnusable> {
        let choice = if location.is_https() {
            &self.https
        } else {
            &self.http
        };
        let is_exempt = || !self.exempt.is_empty() && self.exempt.matches(location.url());
        match choice {
            Some(choice) if !is_exempt() => choice.proxy.as_ref().map(Some),
            _ => Ok(None),
        }
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

    fn env(pairs: &'static [(&str, &str)]) -> ProxyConfig {
        ProxyConfig::from_env(move |name| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    /// The proxy of a URL, or the reason for which there is none.
    fn of(config: &ProxyConfig, url: &str) -> Result<Option<String>, String> {
        let location = Location::parse(url, DefaultScheme::Http).unwrap();
        let found = config.for_url(&location);
        found
            .map(|proxy| proxy.map(|proxy| proxy.url()))
            .map_err(ToString::to_string)
    }

    fn through(url: &str) -> Result<Option<String>, String> {
        Ok(Some(url.to_owned()))
    }

    #[test]
    fn the_environment_is_read_as_curl_does() {
        let config = env(&[("HTTP_PROXY", "evil:1"), ("HTTPS_PROXY", "safe:2")]);
        assert_eq!(
            of(&config, "http://h/"),
            Ok(None),
            "HTTP_PROXY is a client's to set under CGI"
        );
        assert_eq!(of(&config, "https://h/"), through("http://safe:2"));
        let config = env(&[("all_proxy", "socks5://a:1"), ("http_proxy", " b:2 ")]);
        assert_eq!(of(&config, "http://h/"), through("http://b:2"));
        assert_eq!(of(&config, "https://h/"), through("socks5://a:1"));
        let config = env(&[("ALL_PROXY", "socks://a:1"), ("no_proxy", "h")]);
        assert_eq!(of(&config, "http://h/"), Ok(None));
        assert_eq!(of(&config, "http://other/"), through("socks5h://a:1"));
        let config = env(&[("http_proxy", ""), ("all_proxy", "a:1")]);
        assert_eq!(of(&config, "http://h/"), through("http://a:1"));
    }

    #[test]
    fn a_variable_that_cannot_be_used_is_an_error_of_the_urls_that_need_it() {
        let config = env(&[
            ("https_proxy", "gopher://u:hush@x"),
            ("http_proxy", "b:2"),
            ("all_proxy", "socks4://a:1"),
            ("no_proxy", "h"),
        ]);
        assert_eq!(of(&config, "http://other/"), through("http://b:2"));
        assert_eq!(of(&config, "https://h/"), Ok(None));
        let error = of(&config, "https://other/").unwrap_err();
        for word in ["the environment's https_proxy", "gopher", "socks5h"] {
            assert!(error.contains(word), "{error}");
        }
        assert!(!error.contains("hush"), "{error}");
        use std::os::unix::ffi::OsStringExt;
        let config = ProxyConfig::from_env(|name| {
            (name == "all_proxy").then(|| OsString::from_vec(b"http://u:\xe9@h".to_vec()))
        });
        let error = of(&config, "http://other/").unwrap_err();
        assert!(error.contains("all_proxy is not UTF-8"), "{error}");
    }

    #[test]
    fn where_only_public_addresses_may_be_connected_to_no_proxy_is_used() {
        let config = env(&[("https_proxy", "a:1"), ("no_proxy", "h")]).forbid_private();
        assert_eq!(of(&config, "http://other/"), Ok(None));
        assert_eq!(of(&config, "https://h/"), Ok(None));
        let error = of(&config, "https://other/").unwrap_err();
        assert!(error.contains("https_proxy"), "{error}");
        assert!(error.contains("--block-private"), "{error}");
    }
}
