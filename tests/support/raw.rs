//! A bare TCP server for answers that are no HTTP: faults below the edge of any HTTP library.
//!
//! A thread per connection runs a script over the bare socket. Dropping the server cuts every wait
//! short and joins every thread; if a script panicked, so does the drop.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often a blocked read looks whether the server is being dropped.
const LOOK: Duration = Duration::from_millis(50);

/// A running server.
#[derive(Debug)]
pub(crate) struct Raw {
    addr: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stopped: Mutex<bool>,
    stop: Condvar,
    connections: AtomicUsize,
    /// The heads of the requests, as they came.
    heads: Mutex<Vec<String>>,
}

/// One connection, for the script.
#[derive(Debug)]
pub(crate) struct Wire<'a> {
    stream: TcpStream,
    shared: &'a Shared,
    /// Which connection to the server this is, from 0.
    pub(crate) number: usize,
}

impl Raw {
    /// Starts a server on a free port that runs `script` for each connection, then closes it.
    pub(crate) fn start<S>(script: S) -> Raw
    where
        S: Fn(Wire<'_>) -> io::Result<()> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has a free port");
        Raw::on(listener, script)
    }

    /// The same on a listener of the test's own.
    pub(crate) fn on<S>(listener: TcpListener, script: S) -> Raw
    where
        S: Fn(Wire<'_>) -> io::Result<()> + Send + Sync + 'static,
    {
        let addr = listener.local_addr().expect("a bound socket has a name");
        let shared = Arc::new(Shared::default());
        let inside = Arc::clone(&shared);
        let acceptor = thread::spawn(move || accept(&listener, &inside, &script));
        Raw {
            addr,
            shared,
            acceptor: Some(acceptor),
        }
    }

    /// Where the server listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The URL of a path on this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// How many connections have been accepted.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The targets of the requests that scripts have read, in their order.
    pub(crate) fn requests(&self) -> Vec<String> {
        let heads = lock(&self.shared.heads);
        heads.iter().map(|head| target(head)).collect()
    }

    /// The heads of the requests that scripts have read, in their order.
    pub(crate) fn heads(&self) -> Vec<String> {
        lock(&self.shared.heads).clone()
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        *lock(&self.shared.stopped) = true;
        self.shared.stop.notify_all();
        let Some(acceptor) = self.acceptor.take() else {
            return;
        };
        // Only a connection wakes `accept`.
        while !acceptor.is_finished() && TcpStream::connect(self.addr).is_err() {
            thread::yield_now();
        }
        if let Err(panic) = acceptor.join()
            && !thread::panicking()
        {
            resume_unwind(panic);
        }
    }
}

impl Wire<'_> {
    /// Reads one request's head and gives its target; `None` when the client has closed the
    /// connection or the server is being dropped.
    pub(crate) fn request(&mut self) -> Option<String> {
        self.head().map(|head| target(&head))
    }

    /// The same, with all of the head.
    pub(crate) fn head(&mut self) -> Option<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            match self.stream.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if *lock(&self.shared.stopped) {
                        return None;
                    }
                }
                _ => return None,
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        lock(&self.shared.heads).push(head.clone());
        Some(head)
    }

    /// Reads what has come, at least one byte and as much as one read gives.
    pub(crate) fn read_once(&mut self) -> io::Result<usize> {
        self.once(|mut stream| stream.read(&mut [0; 16 * 1024]))
    }

    /// Waits until something has come, and leaves it unread.
    pub(crate) fn peek_once(&mut self) -> io::Result<usize> {
        self.once(|stream| stream.peek(&mut [0]))
    }

    fn once(&self, read: impl Fn(&TcpStream) -> io::Result<usize>) -> io::Result<usize> {
        loop {
            match read(&self.stream) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if *lock(&self.shared.stopped) {
                        return Ok(0);
                    }
                }
                read => return read,
            }
        }
    }

    /// Sends bytes.
    pub(crate) fn send<B: AsRef<[u8]>>(&mut self, bytes: B) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Waits, but not beyond the drop of the server. Returns whether that is why it ended.
    pub(crate) fn wait(&self, timeout: Duration) -> bool {
        let stopped = lock(&self.shared.stopped);
        let waited = self
            .shared
            .stop
            .wait_timeout_while(stopped, timeout, |stopped| !*stopped);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Says nothing more, and keeps the connection open until the server is dropped.
    pub(crate) fn hang(self) -> io::Result<()> {
        self.wait(Duration::MAX);
        Ok(())
    }

    /// Sends `piece` again and again, with this pause between, until the client has had enough.
    pub(crate) fn drip<B: AsRef<[u8]>>(mut self, piece: B, pause: Duration) -> io::Result<()> {
        while !self.wait(pause) {
            self.send(&piece)?;
        }
        Ok(())
    }

    /// Ends the connection by a reset (RST) instead of an end of stream (FIN).
    pub(crate) fn reset(self) -> io::Result<()> {
        rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO))?;
        Ok(())
    }
}

/// For layers above, such as TLS. A read ends with the drop of the server, as if the client had closed
/// the connection.
impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.stream.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if *lock(&self.shared.stopped) {
                        return Ok(0);
                    }
                }
                read => return read,
            }
        }
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Wire<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

type Script = dyn Fn(Wire<'_>) -> io::Result<()> + Send + Sync;

fn accept(listener: &TcpListener, shared: &Shared, script: &Script) {
    thread::scope(|scope| {
        for stream in listener.incoming() {
            if *lock(&shared.stopped) {
                break;
            }
            let Ok(stream) = stream else { continue };
            let number = shared.connections.fetch_add(1, Ordering::SeqCst);
            scope.spawn(move || {
                // An error means that the client has ended the connection, as it may.
                let _ = stream
                    .set_nodelay(true)
                    .and_then(|()| stream.set_read_timeout(Some(LOOK)))
                    .and_then(|()| {
                        script(Wire {
                            stream,
                            shared,
                            number,
                        })
                    });
            });
        }
    });
}

fn target(head: &str) -> String {
    head.split(' ').nth(1).unwrap_or_default().to_owned()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No script runs under these locks, so a poisoned one is still consistent.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Each crate that includes this file uses its own part of it. Naming the whole surface here keeps
/// the rest from being reported as dead code, without every includer having to expect that.
const _: () = {
    let _ = (Raw::addr, Raw::url, Raw::connections, Raw::requests);
    let _ = (Raw::heads, Wire::head);
    let _ = (Wire::request, Wire::read_once, Wire::peek_once);
    let _ = |mut wire: Wire<'_>| {
        (
            wire.number,
            wire.send(""),
            wire.wait(Duration::ZERO),
            wire.hang(),
        )
    };
    let _ = |wire: Wire<'_>| wire.drip("", Duration::ZERO);
    let _ = Wire::reset;
};
