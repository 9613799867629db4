//! Addresses that the user gives for hosts, in place of look-ups (`--resolve`).

use std::collections::HashMap;
use std::net::IpAddr;

use url::Host;

/// A host as it is pinned.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PinnedHost {
    /// Every host that is not pinned by its name.
    Any,
    /// One host, in the form that URLs have when they are parsed, without the dot of the root.
    Named(String),
}

impl PinnedHost {
    /// Reads a host as a URL's is read: in any case, international, numeric; `*` for every host.
    ///
    /// # Errors
    ///
    /// The reason for which it is the host of no URL.
    pub fn parse(text: &str) -> Result<Self, url::ParseError> {
        if text == "*" {
            return Ok(PinnedHost::Any);
        }
        let host = Host::parse(text)?.to_string();
        Ok(PinnedHost::Named(without_root(&host).to_owned()))
    }
}

/// The pinned addresses, by host and port.
#[derive(Debug, Clone, Default)]
pub struct PinnedAddresses(HashMap<u16, HashMap<PinnedHost, Vec<IpAddr>>>);

impl PinnedAddresses {
    /// Adds an address of a host at a port, behind those that were given before.
    pub fn add(&mut self, host: PinnedHost, port: u16, address: IpAddr) {
        let known = self.0.entry(port).or_default().entry(host).or_default();
        if !known.contains(&address) {
            known.push(address);
        }
    }

    /// The addresses of a URL's host at a port, if they are given.
    pub(super) fn get(&self, host: &str, port: u16) -> Option<&[IpAddr]> {
        let at_port = self.0.get(&port)?;
        let name = PinnedHost::Named(without_root(host).to_owned());
        let given = at_port
            .get(&name)
            .or_else(|| at_port.get(&PinnedHost::Any))?;
        Some(given)
    }
}

/// The host without the dot of the root: `example.com.` is `example.com` (RFC 1034, 3.1).
fn without_root(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use url::Url;

    use super::*;

    const ONE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const TWO: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn a_host_is_pinned_however_it_and_the_url_are_written() {
        let spellings: [(&[&str], &[&str]); 5] = [
            (
                &["example.com", "EXAMPLE.com", "example.com."],
                &["example.com", "Example.COM."],
            ),
            (
                &["bücher.example", "xn--bcher-kva.example", "BÜCHER.example."],
                &["bücher.example", "xn--bcher-kva.example."],
            ),
            (&["127.0.0.1", "127.1"], &["127.0.0.1", "0x7f.1"]),
            (&["[::1]", "[0::1]"], &["[::1]"]),
            (&["*"], &["example.com", "[::1]", "bücher.example."]),
        ];
        for (pinned, in_urls) in spellings {
            for host in pinned {
                let mut all = PinnedAddresses::default();
                all.add(PinnedHost::parse(host).unwrap(), 80, ONE);
                for url_host in in_urls {
                    let url = Url::parse(&format!("http://{url_host}/")).unwrap();
                    let url_host = url.host_str().unwrap();
                    assert_eq!(all.get(url_host, 80), Some(&[ONE][..]), "{host} {url}");
                    assert_eq!(all.get(url_host, 81), None, "{host} {url}");
                }
            }
        }
    }

    #[test]
    fn a_name_comes_before_every_host_and_addresses_are_kept_in_order() {
        let mut all = PinnedAddresses::default();
        all.add(PinnedHost::Any, 80, ONE);
        let named = PinnedHost::parse("a.example").unwrap();
        for address in [TWO, ONE, TWO] {
            all.add(named.clone(), 80, address);
        }
        assert_eq!(all.get("a.example", 80), Some(&[TWO, ONE][..]));
        assert_eq!(all.get("b.example", 80), Some(&[ONE][..]));
        assert_eq!(all.get("b.example", 443), None);
    }

    #[test]
    fn what_is_the_host_of_no_url_is_refused() {
        for text in ["", "a b", "[::1", "a/b", "1.2.3.400"] {
            assert!(PinnedHost::parse(text).is_err(), "{text:?}");
        }
    }
}
