//! SOCKS 5 (RFC 1928), with user name and password (RFC 1929).

use std::io::{self, Read, Write};
use std::net::IpAddr;

use crate::http::dns::without_zone;
use crate::http::proxy::Proxy;
use crate::http::proxy_fault::ProxyFault;

/// The target of the tunnel.
pub(super) enum Destination<'a> {
    Name(&'a str),
    Address(IpAddr),
}

impl<'a> Destination<'a> {
    /// The target for the host of a URL. A numeric one is sent as an address, which needs no look-up.
    pub(super) fn of_host(host: &'a str) -> Self {
        match without_zone(host).trim_matches(['[', ']']).parse() {
            Ok(address) => Destination::Address(address),
            Err(_) => Destination::Name(host),
        }
    }
}

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NO_ACCEPTABLE_METHOD: u8 = 0xff;

/// Opens a connection to the target over a stream to the proxy.
///
/// # Errors
///
/// The proxy's refusal.
pub(super) fn open(
    stream: &mut (impl Read + Write),
    destination: &Destination<'_>,
    port: u16,
    proxy: &Proxy,
) -> Result<(), ProxyFault> {
    let methods: &[u8] = if proxy.credentials.is_some() {
        &[NO_AUTHENTICATION, USER_AND_PASSWORD]
    } else {
        &[NO_AUTHENTICATION]
    };
    let count = u8::try_from(methods.len()).expect("two methods at most");
    send(stream, &[&[VERSION, count], methods].concat())?;
    let [version, method] = receive(stream)?;
    if version != VERSION {
        return Err(ProxyFault::NotSocks);
    }
    match (method, &proxy.credentials) {
        (NO_AUTHENTICATION, _) => {}
        (USER_AND_PASSWORD, Some(pair)) => authenticate(stream, &pair.user, &pair.password)?,
        (USER_AND_PASSWORD | NO_ACCEPTABLE_METHOD, None) => {
            return Err(ProxyFault::SocksNoCredentials);
        }
        _ => return Err(ProxyFault::SocksNoMethod),
    }
    let mut request = vec![VERSION, 1, 0];
    match destination {
        Destination::Address(IpAddr::V4(address)) => {
            request.push(1);
            request.extend_from_slice(&address.octets());
        }
        Destination::Address(IpAddr::V6(address)) => {
            request.push(4);
            request.extend_from_slice(&address.octets());
        }
        Destination::Name(name) => {
            request.push(3);
            request.extend_from_slice(&sized(name.as_bytes(), "the host name")?);
        }
    }
    connect(stream, request, port)
}

fn connect(
    stream: &mut (impl Read + Write),
    mut request: Vec<u8>,
    port: u16,
) -> Result<(), ProxyFault> {
    request.extend_from_slice(&port.to_be_bytes());
    send(stream, &request)?;
    let [_, reply, _, kind] = receive(stream)?;
    if reply != 0 {
        return Err(ProxyFault::SocksReply(reply));
    }
    // The address that the proxy connects from; its length depends on its kind.
    let length = match kind {
        1 => 4,
        4 => 16,
        3 => {
            let [length] = receive(stream)?;
            usize::from(length)
        }
        _ => return Err(ProxyFault::SocksAddressKind),
    };
    stream.read_exact(&mut vec![0; length + 2])?;
    Ok(())
}

fn authenticate(
    stream: &mut (impl Read + Write),
    user: &[u8],
    password: &[u8],
) -> Result<(), ProxyFault> {
    let user = sized(user, "the proxy's user name")?;
    let password = sized(password, "the proxy's password")?;
    send(stream, &[&[1], &user[..], &password[..]].concat())?;
    let [_, status] = receive(stream)?;
    if status != 0 {
        return Err(ProxyFault::SocksWrongCredentials);
    }
    Ok(())
}

/// The bytes behind their length, which is one byte.
fn sized(bytes: &[u8], what: &'static str) -> Result<Vec<u8>, ProxyFault> {
    let length = u8::try_from(bytes.len()).map_err(|_| ProxyFault::SocksTooLong(what))?;
    Ok([&[length], bytes].concat())
}

fn send(stream: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes)?;
    stream.flush()
}

fn receive<const N: usize>(stream: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}
