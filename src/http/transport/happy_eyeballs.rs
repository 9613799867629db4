//! Happy Eyeballs (RFC 8305): connects to a name with several addresses.
//!
//! The address families alternate, attempts start 250 ms apart or as soon as the one before has
//! failed, the first to connect wins, and the others are closed.

use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::sockopt::{self, Timeout};
use rustix::net::{AddressFamily, SocketType, connect};

use super::os;
use crate::http::fault::{Fault, Shortage, SocketError};
use crate::http::request_clock::RequestClock;
use crate::http::request_state::TICK;

/// RFC 8305, section 5: the recommended delay between connection attempts.
const STAGGER: Duration = Duration::from_millis(250);

/// One connection attempt under way.
struct ConnectAttempt {
    socket: OwnedFd,
    address: SocketAddr,
}

/// Connects to one of `addresses`. Returns a blocking socket with a send time-out of one tick, and the
/// address.
///
/// # Errors
///
/// If no address accepts, a limit of the request is exceeded, or this machine is out of a resource.
/// The fault is kept on the clock.
pub(super) fn connect_any(
    addresses: &[SocketAddr],
    clock: &RequestClock,
) -> Result<(TcpStream, SocketAddr), ureq::Error> {
    let mut waiting = interleave(addresses).into_iter();
    let mut running: Vec<ConnectAttempt> = Vec::new();
    let mut failures: Vec<(SocketAddr, SocketError)> = Vec::new();
    let mut next_start = Instant::now();
    loop {
        let tick = clock.check()?;
        if running.is_empty() || Instant::now() >= next_start {
            match waiting.next() {
                Some(address) => {
                    next_start = Instant::now() + STAGGER;
                    let wait = running.is_empty().then_some(tick);
                    match start(address, wait) {
                        Ok((socket, true)) => return Ok((TcpStream::from(socket), address)),
                        Ok((socket, false)) => running.push(ConnectAttempt { socket, address }),
                        Err(errno) => add_failure(&mut failures, address, errno, clock)?,
                    }
                    continue;
                }
                None if running.is_empty() => {
                    return Err(clock.fail(unreachable(failures)));
                }
                None => {}
            }
        }
        let mut wait = clock.next_deadline().map_or(TICK, |at| {
            // The end of the run may have passed without the stop having come.
            let left = at.saturating_duration_since(Instant::now());
            left.clamp(Duration::from_millis(1), TICK)
        });
        if waiting.len() > 0 {
            wait = wait.min(next_start.saturating_duration_since(Instant::now()));
        }
        for position in ready(&running, wait, clock)?.into_iter().rev() {
            let ConnectAttempt { socket, address } = running.swap_remove(position);
            match sockopt::socket_error(&socket) {
                Ok(Ok(())) => {
                    // An attempt that was started beside another one is non-blocking.
                    ioctl_fionbio(&socket, false).map_err(|errno| socket_fault(errno, clock))?;
                    return Ok((TcpStream::from(socket), address));
                }
                Ok(Err(errno)) | Err(errno) => {
                    add_failure(&mut failures, address, errno, clock)?;
                    // A failure starts the next attempt at once.
                    next_start = Instant::now();
                }
            }
        }
    }
}

/// The addresses with alternating families, beginning with that of the first (RFC 8305, section 4).
pub(super) fn interleave(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let mut same = addresses.iter().filter(|a| a.is_ipv6() == first_is_v6);
    let mut other = addresses.iter().filter(|a| a.is_ipv6() != first_is_v6);
    let mut order = Vec::with_capacity(addresses.len());
    while order.len() < addresses.len() {
        order.extend(same.next());
        order.extend(other.next());
    }
    order
}

/// Starts a connection attempt, and blocks for up to `wait` if it is the only one under way. Returns
/// the socket, and true if it is connected already.
///
/// To block in connect(2) is one system call, and a non-blocking connect with poll(2) takes three
/// more: half of what a connection on a fast network costs.
fn start(address: SocketAddr, wait: Option<Duration>) -> Result<(OwnedFd, bool), Errno> {
    let socket = os::socket(family(address), SocketType::STREAM)?;
    // The send time-out holds for connect(2) too (socket(7)), and stays for the requests.
    sockopt::set_socket_timeout(&socket, Timeout::Send, Some(wait.unwrap_or(TICK)))?;
    if wait.is_none() {
        ioctl_fionbio(&socket, true)?;
    }
    match connect(&socket, &address) {
        Ok(()) => {
            if wait.is_none() {
                ioctl_fionbio(&socket, false)?;
            }
            Ok((socket, true))
        }
        // INPROGRESS also stands for an expired time-out: the attempt goes on.
        Err(Errno::INPROGRESS | Errno::INTR) => Ok((socket, false)),
        Err(errno) => Err(errno),
    }
}

/// Polls the attempts for up to `wait`. Returns the positions of those that have connected or failed.
fn ready(
    running: &[ConnectAttempt],
    wait: Duration,
    clock: &RequestClock,
) -> Result<Vec<usize>, ureq::Error> {
    let mut polled: Vec<PollFd<'_>> = running
        .iter()
        .map(|attempt| PollFd::from_borrowed_fd(attempt.socket.as_fd(), PollFlags::OUT))
        .collect();
    let wait = Timespec::try_from(wait).expect("a tick fits any clock");
    match poll(&mut polled, Some(&wait)) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(errno) => return Err(socket_fault(errno, clock)),
    }
    Ok(polled
        .iter()
        .enumerate()
        .filter(|(_, fd)| !fd.revents().is_empty())
        .map(|(position, _)| position)
        .collect())
}

/// Adds the failure of one address.
///
/// # Errors
///
/// If this machine is out of a resource that every other address needs as well.
fn add_failure(
    failures: &mut Vec<(SocketAddr, SocketError)>,
    address: SocketAddr,
    errno: Errno,
    clock: &RequestClock,
) -> Result<(), ureq::Error> {
    let mut error = SocketError::from(errno);
    if errno == Errno::ADDRNOTAVAIL && !has_local_address(address) {
        error = SocketError::no_local_address();
    }
    if error.shortage().is_some_and(Shortage::is_of_all_addresses) {
        return Err(clock.fail(Fault::Socket(error)));
    }
    failures.push((address, error));
    Ok(())
}

/// True if this machine has an address from which `address` can be reached. Where IPv6 is off, it has none
/// for `::1`, which connect(2) reports like a shortage of ports. A datagram socket takes no port of TCP's.
fn has_local_address(address: SocketAddr) -> bool {
    let probe = os::socket(family(address), SocketType::DGRAM);
    probe.is_ok_and(|probe| connect(&probe, &address) != Err(Errno::ADDRNOTAVAIL))
}

fn family(address: SocketAddr) -> AddressFamily {
    match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    }
}

/// Keeps the error of a socket call on the clock.
fn socket_fault(errno: Errno, clock: &RequestClock) -> ureq::Error {
    clock.fail(Fault::Socket(errno.into()))
}

/// The fault after all addresses have failed: a shortage of this machine if that is all there was,
/// otherwise one line for all failures, which names the addresses where there are several.
fn unreachable(mut failures: Vec<(SocketAddr, SocketError)>) -> Fault {
    let is_shortage = |(_, error): &(SocketAddr, SocketError)| error.shortage().is_some();
    if failures.iter().all(is_shortage)
        && let Some((_, error)) = failures.pop()
    {
        return Fault::Socket(error);
    }
    Fault::Unreachable(match &failures[..] {
        [] => "the name has no addresses".to_owned(),
        [(_, error)] => error.message.to_lowercase(),
        several => several
            .iter()
            .map(|(address, error)| format!("{address} {}", error.message.to_lowercase()))
            .collect::<Vec<_>>()
            .join(", "),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpListener;

    use rustix::net::{bind, getsockname, listen};

    use super::*;
    use crate::pool::StopToken;

    /// A listener whose backlog is full, with the connections that fill it.
    fn silent() -> (SocketAddr, Vec<TcpStream>, OwnedFd) {
        let socket = os::socket(AddressFamily::INET, SocketType::STREAM).unwrap();
        bind(&socket, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        listen(&socket, 0).unwrap();
        let address = SocketAddr::try_from(getsockname(&socket).unwrap()).unwrap();
        let connect = |_| TcpStream::connect_timeout(&address, STAGGER).ok();
        let taken: Vec<TcpStream> = (0..16).map_while(connect).collect();
        assert!(taken.len() < 16, "a backlog of 0 has no end");
        (address, taken, socket)
    }

    #[test]
    fn the_connected_socket_blocks_up_to_a_tick() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        let (silent, _taken, _listening) = silent();
        let clock = RequestClock::new(StopToken::new());
        // The only attempt, and one that is started while another is under way.
        for addresses in [&[open][..], &[silent, open]] {
            let (mut stream, remote) = connect_any(addresses, &clock).unwrap();
            assert_eq!(remote, open);
            stream.set_read_timeout(Some(STAGGER)).unwrap();
            let started = Instant::now();
            stream
                .read(&mut [0; 1])
                .expect_err("the listener writes nothing");
            assert!(started.elapsed() > STAGGER / 2, "{addresses:?}");
            // The system rounds it up to its own ticks.
            let timeout = stream.write_timeout().unwrap().unwrap();
            assert!((TICK..2 * TICK).contains(&timeout), "{timeout:?}");
        }
    }

    #[test]
    fn address_families_take_turns_beginning_with_the_first() {
        let parse = |list: &[&str]| -> Vec<SocketAddr> {
            list.iter().map(|a| a.parse().unwrap()).collect()
        };
        let order = interleave(&parse(&["[::1]:1", "[::2]:1", "[::3]:1", "1.0.0.1:1"]));
        assert_eq!(
            order,
            parse(&["[::1]:1", "1.0.0.1:1", "[::2]:1", "[::3]:1"])
        );
        let order = interleave(&parse(&["1.0.0.1:1", "1.0.0.2:1", "[::1]:1"]));
        assert_eq!(order, parse(&["1.0.0.1:1", "[::1]:1", "1.0.0.2:1"]));
        assert!(interleave(&[]).is_empty());
    }

    #[test]
    fn a_shortage_of_this_machine_ends_the_attempts_at_once_or_when_it_is_all_there_was() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let after = |errnos: &[Errno]| -> Option<Fault> {
            let clock = RequestClock::new(StopToken::new());
            let mut failures = Vec::new();
            for errno in errnos {
                if add_failure(&mut failures, address, *errno, &clock).is_err() {
                    return clock.finish(Instant::now()).fault;
                }
            }
            Some(unreachable(failures))
        };
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM] {
            let expected = Some(Fault::Socket(errno.into()));
            assert_eq!(after(&[Errno::CONNREFUSED, errno]), expected, "{errno:?}");
        }
        let ports = Errno::ADDRNOTAVAIL;
        assert_eq!(after(&[ports, ports]), Some(Fault::Socket(ports.into())));
        // Where IPv6 is off, its addresses say nothing of the others.
        for errnos in [[ports, Errno::CONNREFUSED], [Errno::CONNREFUSED, ports]] {
            let fault = after(&errnos);
            assert!(matches!(fault, Some(Fault::Unreachable(_))), "{fault:?}");
        }
        assert!(matches!(after(&[]), Some(Fault::Unreachable(_))));
    }
}
