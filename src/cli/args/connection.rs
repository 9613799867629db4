//! The way to the server: proxies, addresses and certificates.

use std::path::PathBuf;

use clap::Args;

use super::values::{PinnedEntry, pinned_entry};

/// The options under "Connection".
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArgs {
    /// Connect to public addresses only: not to loopback, private or link-local ones.
    ///
    /// The address that is connected to is what is checked, at every redirect.
    #[arg(long)]
    pub(crate) block_private: bool,

    /// Go through this proxy (http, https, socks5, socks5h).
    ///
    /// With socks5:// names are looked up here, with socks5h:// (or socks://) by the proxy.
    /// Credentials go into the URL: http://name:password@host:port. Without this option the
    /// environment decides, as with curl: http_proxy (lower case only), https_proxy, all_proxy,
    /// no_proxy. An empty value uses no proxy at all.
    #[arg(short = 'x', long, value_name = "URL")]
    pub(crate) proxy: Option<String>,

    /// Hosts that need no proxy: names with all below them, addresses, networks; '*' for all.
    #[arg(long, value_name = "LIST")]
    pub(crate) noproxy: Option<String>,

    /// Use this address for a host instead of a look-up; may be repeated.
    ///
    /// Several addresses have commas between them. '*' as the host stands for every one that has no
    /// entry of its own.
    #[arg(long,
        value_name = "HOST:PORT:ADDR[,ADDR]",
        value_parser = pinned_entry
    )]
    pub(crate) resolve: Vec<PinnedEntry>,

    /// Use IPv4 addresses only.
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    pub(crate) ipv4: bool,

    /// Use IPv6 addresses only.
    #[arg(short = '6', long)]
    pub(crate) ipv6: bool,

    /// Accept any TLS certificate, and any signature with it.
    ///
    /// Also old ones: X.509 version 1, RSA of 1024 bits. TLS 1.1 and older, RSA key exchange and CBC stay
    /// impossible.
    #[arg(short = 'k', long)]
    pub(crate) insecure: bool,

    /// Trust the certificates in this PEM file instead of the system's.
    ///
    /// An authority's holds for all that it signs, any other for itself alone. One that cannot be used
    /// is skipped with a warning, unless it is the last.
    #[arg(long, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,

    /// Show this certificate to servers that ask for one (PEM, its chain included).
    #[arg(long, value_name = "FILE")]
    pub(crate) cert: Option<PathBuf>,

    /// The certificate's private key, if it is not in the same file (PEM).
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
}
