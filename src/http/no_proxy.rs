//! The list of hosts that are reached without a proxy: `--noproxy` and `no_proxy`.

use std::net::IpAddr;

use url::{Host, Url};

use super::prefix;

/// The hosts that are reached directly, without a proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoProxy {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    All,
    /// A domain with its subdomains, at one port if one is named.
    Domain(String, Option<u16>),
    /// The addresses that begin with these bits, at one port if one is named.
    Network(IpAddr, u8, Option<u16>),
}

impl NoProxy {
    /// Reads a list as curl does: names separated by commas or spaces, each with its subdomains, with or
    /// without a leading dot (or `*.`); addresses, networks (`10.0.0.0/8`), and `*` for every host. A name
    /// or an address may be limited to one port (`host:8080`).
    pub fn parse(text: &str) -> Self {
        let rules = text
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|entry| !entry.is_empty())
            .map(Rule::parse)
            .collect();
        NoProxy { rules }
    }

    /// True if no host is on the list.
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// True if the URL's host is on the list.
    pub(super) fn matches(&self, url: &Url) -> bool {
        let port = url.port_or_known_default();
        let (name, address) = match url.host() {
            Some(Host::Domain(name)) => (name.trim_end_matches('.'), None),
            Some(Host::Ipv4(address)) => ("", Some(IpAddr::V4(address))),
            Some(Host::Ipv6(address)) => ("", Some(IpAddr::V6(address))),
            None => return false,
        };
        let same_port = |limit: &Option<u16>| limit.is_none() || *limit == port;
        self.rules.iter().any(|rule| match rule {
            Rule::All => true,
            Rule::Domain(domain, limit) => {
                let below = name.strip_suffix(domain.as_str());
                same_port(limit) && below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            Rule::Network(network, bits, limit) => {
                same_port(limit) && address.is_some_and(|a| prefix::contains(*network, *bits, a))
            }
        })
    }
}

impl Rule {
    fn parse(entry: &str) -> Self {
        if entry == "*" {
            return Rule::All;
        }
        if let Some((address, bits)) = entry.split_once('/')
            && let (Ok(address), Ok(bits)) = (bare(address).parse(), bits.parse())
        {
            return Rule::Network(address, bits, None);
        }
        let (host, port) = split_port(entry);
        match bare(host).parse::<IpAddr>() {
            Ok(address) => {
                let bits = if address.is_ipv4() { 32 } else { 128 };
                Rule::Network(address, bits, port)
            }
            Err(_) => {
                let name = host.strip_prefix("*.").unwrap_or(host).trim_matches('.');
                // As in URLs that are parsed: in lower case, international names in ASCII.
                let parsed = Host::parse(name).map(|host| host.to_string());
                Rule::Domain(parsed.unwrap_or(name.to_ascii_lowercase()), port)
            }
        }
    }
}

/// The address without brackets.
fn bare(address: &str) -> &str {
    address.trim_start_matches('[').trim_end_matches(']')
}

/// Splits `host:port`; an IPv6 address without brackets has no port.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(list: &str, url: &str) -> bool {
        NoProxy::parse(list).matches(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_name_stands_for_itself_and_its_subdomains() {
        let list = "example.com, .dotted.org other.net:8080";
        for (url, expected) in [
            ("http://example.com/", false),
            ("http://EXAMPLE.com./", false),
            ("http://sub.example.com/", false),
            ("http://notexample.com/", true),
            ("http://dotted.org/", false),
            ("http://a.dotted.org/", false),
            ("http://other.net:8080/", false),
            ("http://other.net/", true),
        ] {
            assert_eq!(!matches(list, url), expected, "{url}");
        }
        let list = " *.star.example ,\n.dot.example\tbücher.example;";
        for (url, expected) in [
            ("http://star.example/", true),
            ("http://a.star.example/", true),
            ("http://xstar.example/", false),
            ("http://a.dot.example./", true),
        ] {
            assert_eq!(matches(list, url), expected, "{url}");
        }
        assert!(matches("Bücher.example", "http://a.xn--bcher-kva.example/"));
        assert!(matches("*", "http://anything/"));
        assert!(!matches("", "http://anything/"));
    }

    #[test]
    fn addresses_and_networks_are_compared_as_numbers() {
        let list =
            "10.0.0.0/8,192.168.1.1,[fd00::]/8,[::1]:8080,2001:db8::80,172.16.0.0/12,0.0.0.0/33";
        for (url, expected) in [
            ("http://10.1.2.3/", false),
            ("http://11.1.2.3/", true),
            ("http://192.168.1.1/", false),
            ("http://192.168.1.10/", true),
            ("http://[fd12::1]/", false),
            ("http://[fe80::1]/", true),
            ("http://[::1]:8080/", false),
            ("http://[::1]/", true),
            ("http://[2001:db8::80]/", false),
            ("http://[2001:db8::80]:8080/", false),
            ("http://[2001:db8::]:80/", true),
            ("http://172.31.0.1/", false),
            ("http://172.32.0.1/", true),
        ] {
            assert_eq!(!matches(list, url), expected, "{url}");
        }
    }
}
