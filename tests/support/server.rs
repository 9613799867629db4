//! A real HTTP/1.1 server on the loopback, small enough to read at once: for tests and examples.
//!
//! Include it with `#[path = "…/tests/support/server.rs"] mod server;`. It is built on the standard
//! library only: a thread per connection, keep-alive, GET and HEAD. What it answers is listed in
//! `routes.rs`. For other answers, faulty ones too, give [`Server::with`] a handler of your own; it
//! can pass what it does not care about on to [`routes`].

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic::resume_unwind;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

mod routes;

pub(crate) use routes::{bytes, routes};

/// A running server. Dropping it closes every connection, cuts every delay short and joins every
/// thread; if a handler panicked, so does the drop.
#[derive(Debug)]
pub(crate) struct Server {
    addr: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server with the built-in [`routes`] on a free port.
    pub(crate) fn start() -> Server {
        Server::with(routes)
    }

    /// Starts a server that answers every request by `handler`. An error ends the connection.
    pub(crate) fn with<H>(handler: H) -> Server
    where
        H: Fn(&Request, &mut Reply<'_>) -> io::Result<()> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has a free port");
        let addr = listener.local_addr().expect("a bound socket has a name");
        let shared = Arc::new(Shared::default());
        let inside = Arc::clone(&shared);
        let acceptor = thread::spawn(move || accept(&listener, &inside, &handler));
        Server {
            addr,
            shared,
            acceptor: Some(acceptor),
        }
    }

    /// Where the server listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The URL of a path on this server: `url("/bytes/10")`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// How many requests have come.
    pub(crate) fn requests(&self) -> usize {
        self.shared.lock().targets.len()
    }

    /// The request targets, in the order in which they came.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.shared.lock().targets.clone()
    }

    /// How many connections have been accepted.
    pub(crate) fn connections(&self) -> usize {
        self.shared.lock().connections
    }

    /// The most requests that were being served at once. A request counts from the end of its head
    /// to just before the last piece of its answer, so a client that keeps to a limit can never
    /// be seen above it.
    pub(crate) fn max_concurrent(&self) -> usize {
        self.shared.lock().peak
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop();
        let Some(acceptor) = self.acceptor.take() else {
            return;
        };
        // Only a connection wakes `accept`. Making one can fail while the last descriptors are
        // still being closed, so try until it has been noticed.
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

/// The head of a request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `GET` or `HEAD`.
    pub(crate) method: String,
    /// Path and query, as sent.
    pub(crate) target: String,
    /// The whole head as it came, up to and including the empty line.
    pub(crate) head: String,
    http_1_0: bool,
}

impl Request {
    /// Reads one head; `None` at the end of the connection.
    fn read(input: &mut impl BufRead) -> io::Result<Option<Request>> {
        let mut input = input.take(64 * 1024);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if input.read_line(&mut head)? == 0 {
                return Ok(None);
            }
        }
        let mut words = head.split_ascii_whitespace().map(str::to_owned);
        let (method, target, version) = (words.next(), words.next(), words.next());
        Ok(Some(Request {
            method: method.unwrap_or_default(),
            target: target.unwrap_or_default(),
            http_1_0: version.as_deref() == Some("HTTP/1.0"),
            head,
        }))
    }

    /// The value of a header, whatever the case of its name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn keep_alive(&self) -> bool {
        let asked = |word| {
            self.header("connection")
                .is_some_and(|value| value.eq_ignore_ascii_case(word))
        };
        asked("keep-alive") || !(self.http_1_0 || asked("close"))
    }
}

/// The way to answer one request.
#[derive(Debug)]
pub(crate) struct Reply<'a> {
    stream: &'a TcpStream,
    shared: &'a Shared,
    serving: Option<Serving<'a>>,
    head_only: bool,
    chunks_understood: bool,
    keep_alive: bool,
}

impl Reply<'_> {
    /// Answers with a body of known length. `headers` are whole lines, each with its `\r\n`.
    pub(crate) fn send(&mut self, status: u16, headers: &str, body: &[u8]) -> io::Result<()> {
        // These two have no body and must not speak of one.
        if status == 204 || status == 304 {
            return self.write(status, headers, &[]);
        }
        let headers = format!("{headers}Content-Length: {}\r\n", body.len());
        self.write(status, &headers, body)
    }

    /// Answers 200 in chunks (as the body of a closing connection to an HTTP/1.0 client).
    pub(crate) fn send_chunked(&mut self, body: &[u8]) -> io::Result<()> {
        if !self.chunks_understood {
            return self.send_until_close(body);
        }
        let mut chunks = Vec::new();
        for chunk in body.chunks(1000) {
            write!(chunks, "{:x}\r\n", chunk.len())?;
            chunks.extend_from_slice(chunk);
            chunks.extend_from_slice(b"\r\n");
        }
        chunks.extend_from_slice(b"0\r\n\r\n");
        self.write(200, "Transfer-Encoding: chunked\r\n", &chunks)
    }

    /// Answers 200 with a body that ends where the connection ends.
    pub(crate) fn send_until_close(&mut self, body: &[u8]) -> io::Result<()> {
        self.keep_alive = false;
        self.write(200, "", body)
    }

    /// The bare connection, to be wrong on purpose. It is closed afterwards.
    pub(crate) fn raw(&mut self) -> &TcpStream {
        self.keep_alive = false;
        self.stream
    }

    /// Waits, but not beyond the drop of the server. Returns whether that is why it ended.
    pub(crate) fn wait(&self, timeout: Duration) -> bool {
        let going_on = |state: &mut State| !state.stopped;
        let state = self.shared.lock();
        let waited = self
            .shared
            .stop
            .wait_timeout_while(state, timeout, going_on);
        waited.unwrap_or_else(PoisonError::into_inner).0.stopped
    }

    /// Whether it is the only one that is left to answer of at least so many requests.
    pub(crate) fn is_last_of(&self, requests: usize) -> bool {
        let state = self.shared.lock();
        state.serving == 1 && state.targets.len() >= requests
    }

    fn write(&mut self, status: u16, headers: &str, body: &[u8]) -> io::Result<()> {
        let connection = if self.keep_alive {
            "keep-alive"
        } else {
            "close"
        };
        let head = format!("HTTP/1.1 {status} -\r\n{headers}Connection: {connection}\r\n\r\n");
        let mut answer = head.into_bytes();
        if !self.head_only {
            answer.extend_from_slice(body);
        }
        let mut pieces = answer.chunks(64 * 1024).peekable();
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() {
                // Before the client can have the whole answer and send its next request.
                self.serving = None;
            }
            self.stream.write_all(piece)?;
        }
        Ok(())
    }
}

/// What the threads of a server share.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    stop: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stopped: bool,
    targets: Vec<String>,
    connections: usize,
    /// The open connections by number, so that the drop can close them under their threads.
    open: HashMap<usize, TcpStream>,
    serving: usize,
    peak: usize,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No handler runs under this lock, so a poisoned one is still consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        for stream in state.open.values() {
            // It may have been closed by the other side.
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.stop.notify_all();
    }
}

/// Counts a request as being served for as long as it lives.
#[derive(Debug)]
struct Serving<'a>(&'a Shared);

impl<'a> Serving<'a> {
    fn new(shared: &'a Shared, target: &str) -> Self {
        let mut state = shared.lock();
        state.targets.push(target.to_owned());
        state.serving += 1;
        state.peak = state.peak.max(state.serving);
        Serving(shared)
    }
}

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        self.0.lock().serving -= 1;
    }
}

/// Closes its connection when it goes out of scope, by a panic too.
struct Open<'a> {
    shared: &'a Shared,
    number: usize,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if let Some(stream) = self.shared.lock().open.remove(&self.number) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

type Handler = dyn Fn(&Request, &mut Reply<'_>) -> io::Result<()> + Send + Sync;

/// Accepts until the stop; the scope then waits for the connections' threads.
fn accept(listener: &TcpListener, shared: &Shared, handler: &Handler) {
    thread::scope(|scope| {
        for stream in listener.incoming() {
            let mut state = shared.lock();
            if state.stopped {
                break;
            }
            let Ok((stream, copy)) = stream.and_then(|stream| Ok((stream.try_clone()?, stream)))
            else {
                continue;
            };
            let number = state.connections;
            state.connections += 1;
            state.open.insert(number, copy);
            drop(state);
            let open = Open { shared, number };
            // Without a thread the connection is closed again, by `open`.
            let _ = thread::Builder::new().spawn_scoped(scope, move || {
                // An error means that the connection has ended; so does this thread.
                let _ = serve(&stream, &open, handler);
            });
        }
    });
}

/// Answers the requests of one connection until one side ends it.
fn serve(stream: &TcpStream, open: &Open<'_>, handler: &Handler) -> io::Result<()> {
    let shared = open.shared;
    // An answer's last piece must not wait for the client's acknowledgement.
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(stream);
    while let Some(request) = Request::read(&mut input)? {
        let mut reply = Reply {
            stream,
            shared,
            serving: Some(Serving::new(shared, &request.target)),
            head_only: request.method == "HEAD",
            chunks_understood: !request.http_1_0,
            keep_alive: request.keep_alive(),
        };
        if request.method == "GET" || request.method == "HEAD" {
            handler(&request, &mut reply)?;
        } else {
            // Its body, if it has one, stays unread: the connection is of no more use.
            reply.keep_alive = false;
            reply.send(405, "Allow: GET, HEAD\r\n", b"")?;
        }
        if !reply.keep_alive {
            break;
        }
    }
    Ok(())
}

/// Each crate that includes this file uses its own part of it. Naming the whole surface here keeps
/// the rest from being reported as dead code, without every includer having to expect that.
const _: () = {
    let _ = (Server::start, Server::addr, Server::url, Server::requests);
    let _ = (Server::targets, Server::connections, Server::max_concurrent);
    let _ = (Reply::raw, Reply::is_last_of, Request::header, bytes);
};
