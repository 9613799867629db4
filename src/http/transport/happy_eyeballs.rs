//! Connecting to a name with several addresses: the race of RFC 8305 ("Happy Eyeballs").
//!
//! The address families take turns, attempts start 250 ms apart or as soon as the one before has
//! failed, the first to connect wins and the others are closed.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::sockopt::{self, Timeout};
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};

use crate::http::request_clock::{Fault, Meter, TICK};

/// RFC 8305, section 5: the recommended delay between connection attempts.
const STAGGER: Duration = Duration::from_millis(250);

struct Attempt {
    socket: OwnedFd,
    address: SocketAddr,
}

/// A blocking, connected socket to one of `addresses`, with a time-out for sending, and which one it was.
pub(super) fn race(
    addresses: &[SocketAddr],
    meter: &Meter,
) -> Result<(TcpStream, SocketAddr), ureq::Error> {
    let mut waiting = interleave(addresses).into_iter();
    let mut running: Vec<Attempt> = Vec::new();
    let mut failures: Vec<(SocketAddr, io::Error)> = Vec::new();
    let mut next_start = Instant::now();
    loop {
        let tick = meter.check()?;
        if running.is_empty() || Instant::now() >= next_start {
            match waiting.next() {
                Some(address) => {
                    next_start = Instant::now() + STAGGER;
                    let patience = running.is_empty().then_some(tick);
                    match begin(address, patience) {
                        Ok((socket, true)) => return Ok((TcpStream::from(socket), address)),
                        Ok((socket, false)) => running.push(Attempt { socket, address }),
                        Err(error) if is_local(&error) => return Err(local(error, meter)),
                        Err(error) => failures.push((address, error)),
                    }
                    continue;
                }
                None if running.is_empty() => {
                    return Err(meter.fail(Fault::Unreachable(describe(&failures))));
                }
                None => {}
            }
        }
        let mut patience = meter.next_limit().map_or(TICK, |at| {
            at.saturating_duration_since(Instant::now()).min(TICK)
        });
        if waiting.len() > 0 {
            patience = patience.min(next_start.saturating_duration_since(Instant::now()));
        }
        for position in ready(&running, patience, meter)?.into_iter().rev() {
            let Attempt { socket, address } = running.swap_remove(position);
            match sockopt::socket_error(&socket) {
                Ok(Ok(())) => {
                    // It need not be one that waited.
                    ioctl_fionbio(&socket, false).map_err(|errno| local(errno.into(), meter))?;
                    return Ok((TcpStream::from(socket), address));
                }
                Ok(Err(errno)) | Err(errno) => {
                    failures.push((address, errno.into()));
                    // No reason to let the next one wait any longer.
                    next_start = Instant::now();
                }
            }
        }
    }
}

/// The addresses with the families in turn, beginning with that of the first (RFC 8305, section 4).
fn interleave(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
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

/// Starts connecting, and waits so long for it if this is the only attempt under way. The flag says
/// whether the connection stands already.
///
/// Such a wait is a system call, and to poll takes three more: half of what a connection on a fast
/// network costs.
fn begin(address: SocketAddr, patience: Option<Duration>) -> io::Result<(OwnedFd, bool)> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    // A time-out for sending is one for connecting too, and stays on for the requests.
    sockopt::set_socket_timeout(&socket, Timeout::Send, Some(patience.unwrap_or(TICK)))?;
    if patience.is_none() {
        ioctl_fionbio(&socket, true)?;
    }
    match connect(&socket, &address) {
        Ok(()) => {
            if patience.is_none() {
                ioctl_fionbio(&socket, false)?;
            }
            Ok((socket, true))
        }
        // Also when the patience is at an end: it goes on connecting.
        Err(Errno::INPROGRESS | Errno::INTR) => Ok((socket, false)),
        Err(errno) => Err(errno.into()),
    }
}

/// Which attempts have come to an end, for better or worse, within `patience`.
fn ready(
    running: &[Attempt],
    patience: Duration,
    meter: &Meter,
) -> Result<Vec<usize>, ureq::Error> {
    let mut polled: Vec<PollFd<'_>> = running
        .iter()
        .map(|attempt| PollFd::from_borrowed_fd(attempt.socket.as_fd(), PollFlags::OUT))
        .collect();
    let patience = Timespec::try_from(patience).expect("a tick fits any clock");
    match poll(&mut polled, Some(&patience)) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(errno) => return Err(local(errno.into(), meter)),
    }
    Ok(polled
        .iter()
        .enumerate()
        .filter(|(_, fd)| !fd.revents().is_empty())
        .map(|(position, _)| position)
        .collect())
}

/// A fault of this machine, for the client to find.
fn local(error: io::Error, meter: &Meter) -> ureq::Error {
    meter.fail(Fault::Socket(error.kind(), error.to_string()))
}

/// Whether the fault is this machine's, so that another address cannot help.
fn is_local(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(
        errno,
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)
    )
}

/// One line for all that failed: the address is named only where there are several.
fn describe(failures: &[(SocketAddr, io::Error)]) -> String {
    match failures {
        [] => "the name has no addresses".to_owned(),
        [(_, error)] => plain(error),
        several => several
            .iter()
            .map(|(address, error)| format!("{address} {}", plain(error)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// An error in few words, without the number that the standard library adds.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpListener;

    use rustix::net::{bind, getsockname, listen};

    use super::*;
    use crate::pool::StopToken;

    /// A listener that takes no connection, and what keeps it from taking one.
    fn silent() -> (SocketAddr, Vec<TcpStream>, OwnedFd) {
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
        bind(&socket, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        listen(&socket, 0).unwrap();
        let address = SocketAddr::try_from(getsockname(&socket).unwrap()).unwrap();
        let connect = |_| TcpStream::connect_timeout(&address, STAGGER).ok();
        let taken: Vec<TcpStream> = (0..16).map_while(connect).collect();
        assert!(taken.len() < 16, "a backlog of 0 has no end");
        (address, taken, socket)
    }

    #[test]
    fn whoever_wins_is_a_socket_that_waits_up_to_a_tick() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        let (silent, _taken, _listening) = silent();
        let meter = Meter::new(StopToken::new());
        // The only one, and one that is begun while another is under way.
        for addresses in [&[open][..], &[silent, open]] {
            let (mut stream, remote) = race(addresses, &meter).unwrap();
            assert_eq!(remote, open);
            stream.set_read_timeout(Some(STAGGER)).unwrap();
            let started = Instant::now();
            stream.read(&mut [0; 1]).expect_err("nobody writes");
            assert!(started.elapsed() > STAGGER / 2, "{addresses:?}");
            // The system rounds it up to its own ticks.
            let patience = stream.write_timeout().unwrap().unwrap();
            assert!((TICK..2 * TICK).contains(&patience), "{patience:?}");
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
}
