//! System calls on sockets that not every system has, each with its portable way. A further system needs nothing but
//! a look at this file.

pub(super) use native::{discard, socket};

#[cfg(not(any(target_os = "linux", target_os = "android")))]
use portable as native;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod native {
    use std::net::TcpStream;
    use std::os::fd::OwnedFd;

    use rustix::io::Errno;
    use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, recv, socket_with};

    /// Makes a socket that no child process inherits.
    pub(crate) fn socket(family: AddressFamily, kind: SocketType) -> Result<OwnedFd, Errno> {
        socket_with(family, kind, SocketFlags::CLOEXEC, None)
    }

    /// Has the kernel drop bytes without a copy (tcp(7), `MSG_TRUNC`). Returns their number.
    pub(crate) fn discard(stream: &TcpStream, buffer: &mut [u8]) -> Result<usize, Errno> {
        let (count, _) = recv(stream, &mut *buffer, RecvFlags::TRUNC)?;
        Ok(count)
    }
}

/// By POSIX alone. The tests run it everywhere.
#[cfg(any(test, not(any(target_os = "linux", target_os = "android"))))]
mod portable {
    use std::net::TcpStream;
    use std::os::fd::OwnedFd;

    use rustix::io::{Errno, FdFlags, fcntl_setfd};
    use rustix::net::{AddressFamily, RecvFlags, SocketType, recv};

    /// Makes a socket that no child process inherits, but for one that another thread starts in between.
    pub(crate) fn socket(family: AddressFamily, kind: SocketType) -> Result<OwnedFd, Errno> {
        let socket = rustix::net::socket(family, kind, None)?;
        fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
        Ok(socket)
    }

    /// Reads bytes over those of the buffer. Returns their number.
    pub(crate) fn discard(stream: &TcpStream, buffer: &mut [u8]) -> Result<usize, Errno> {
        let (count, _) = recv(stream, &mut *buffer, RecvFlags::empty())?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::os::fd::OwnedFd;

    use rustix::io::{Errno, FdFlags, fcntl_getfd};
    use rustix::net::{AddressFamily, SocketType, connect};

    use super::{native, portable};

    type MakeSocket = fn(AddressFamily, SocketType) -> Result<OwnedFd, Errno>;
    type Discard = fn(&TcpStream, &mut [u8]) -> Result<usize, Errno>;

    /// The system's own way and the portable one, by name.
    const WAYS: [(&str, MakeSocket, Discard); 2] = [
        ("native", native::socket, native::discard),
        ("portable", portable::socket, portable::discard),
    ];

    #[test]
    fn a_socket_connects_and_no_child_inherits_it() {
        for (way, socket, _) in WAYS {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let socket = socket(AddressFamily::INET, SocketType::STREAM).unwrap();
            let flags = fcntl_getfd(&socket).unwrap();
            assert!(flags.contains(FdFlags::CLOEXEC), "{way}: {flags:?}");
            let address: SocketAddr = listener.local_addr().unwrap();
            connect(&socket, &address).unwrap();
            let (mut accepted, from) = listener.accept().unwrap();
            let mut stream = TcpStream::from(socket);
            assert_eq!(from, stream.local_addr().unwrap(), "{way}");
            accepted.write_all(b"x").unwrap();
            assert_eq!(stream.read(&mut [0; 2]).unwrap(), 1, "{way}");
        }
    }

    #[test]
    fn discarded_bytes_are_counted_and_gone() {
        for (way, _, discard) in WAYS {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let mut sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (mut receiver, _) = listener.accept().unwrap();
            sender.write_all(b"dropped, kept").unwrap();
            drop(sender);
            let (mut left, mut buffer) = (9, [b'-'; 4]);
            while left > 0 {
                let most = buffer.len().min(left);
                let count = discard(&receiver, &mut buffer[..most]).unwrap();
                assert!((1..=most).contains(&count), "{way}: {count} of {most}");
                left -= count;
            }
            let mut rest = String::new();
            receiver.read_to_string(&mut rest).unwrap();
            assert_eq!(rest, "kept", "{way}");
            assert_eq!(discard(&receiver, &mut buffer), Ok(0), "{way}: the end");
        }
    }
}
