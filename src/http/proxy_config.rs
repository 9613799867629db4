//! The choice of a proxy for a URL: by the options, or by the environment as curl reads it.

use std::ffi::OsString;
use std::sync::Arc;

use super::no_proxy::NoProxy;
use super::proxy::{Proxy, ProxyError};
use crate::model::target::Location;

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
