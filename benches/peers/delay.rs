//! A server that answers each request after the same delay, any number of them at once.
//!
//! One thread on epoll, so that a thousand connections cost it nothing much. As a process of its own:
//! `delay-server MILLISECONDS`; it prints its port and ends with its standard input.

use std::collections::{HashMap, VecDeque};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

pub(crate) fn main(args: &[String]) -> ExitCode {
    let Some(delay) = args.first().and_then(|text| text.parse().ok()) else {
        eprintln!("delay-server MILLISECONDS");
        return ExitCode::from(2);
    };
    match serve(Duration::from_millis(delay)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("delay-server: {error}");
            ExitCode::FAILURE
        }
    }
}

const LISTENER: u64 = u64::MAX;
const END: u64 = u64::MAX - 1;

fn serve(delay: Duration) -> io::Result<()> {
    allow_descriptors();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    // All of them connect at once; std's queue is too short for that.
    rustix::net::listen(&listener, 4096)?;
    listener.set_nonblocking(true)?;
    println!("{}", listener.local_addr()?.port());
    io::stdout().flush()?;

    let body = "x".repeat(1024);
    let response = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nContent-Type: text/plain\r\n\r\n{body}",
        body.len()
    );
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(
        &epoll,
        &listener,
        EventData::new_u64(LISTENER),
        EventFlags::IN,
    )?;
    epoll::add(&epoll, io::stdin(), EventData::new_u64(END), EventFlags::IN)?;
    let mut connections: HashMap<u64, TcpStream> = HashMap::new();
    // In the order of their time, since the delay is always the same.
    let mut due: VecDeque<(Instant, u64)> = VecDeque::new();
    let mut buffer = [0; 4096];
    let mut events = Vec::with_capacity(256);
    loop {
        let now = Instant::now();
        while let Some(&(at, key)) = due.front()
            && at <= now
        {
            due.pop_front();
            if let Some(mut stream) = connections.get(&key) {
                // Who has gone away is seen when reading.
                let _ = stream.write_all(response.as_bytes());
            }
        }
        let timeout = match due.front() {
            Some((at, _)) => at.saturating_duration_since(Instant::now()),
            None => Duration::from_secs(3600),
        };
        events.clear();
        let timeout = timeout.try_into().ok();
        match epoll::wait(
            &epoll,
            rustix::buffer::spare_capacity(&mut events),
            timeout.as_ref(),
        ) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &events {
            match event.data.u64() {
                END => return Ok(()),
                LISTENER => {
                    while let Ok((stream, _)) = listener.accept() {
                        let key = u64::try_from(stream.as_raw_fd()).unwrap_or_default();
                        stream.set_nodelay(true)?;
                        stream.set_nonblocking(true)?;
                        epoll::add(&epoll, &stream, EventData::new_u64(key), EventFlags::IN)?;
                        connections.insert(key, stream);
                    }
                }
                key => {
                    let read = connections
                        .get(&key)
                        .map(|mut stream| stream.read(&mut buffer));
                    match read {
                        Some(Ok(length)) if length > 0 => {
                            // A request comes in one piece, and the next when this one is answered.
                            if buffer[..length].ends_with(b"\r\n\r\n") {
                                due.push_back((Instant::now() + delay, key));
                            }
                        }
                        Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                        _ => drop(connections.remove(&key)),
                    }
                }
            }
        }
    }
}

/// Raises the limit on open files as far as that goes: a connection is one.
fn allow_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // What is too few is seen when accepting.
    let _ = setrlimit(Resource::Nofile, raised);
}

/// Such a server, ended when it goes out of scope.
pub(crate) struct DelayServer {
    child: Child,
    pub(crate) port: u16,
}

impl DelayServer {
    pub(crate) fn start(milliseconds: u64) -> Self {
        let itself = std::env::current_exe().expect("this program has a path");
        let mut child = Command::new(itself)
            .arg("delay-server")
            .arg(milliseconds.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can be started again");
        let mut port = String::new();
        BufReader::new(child.stdout.take().expect("it was piped"))
            .read_line(&mut port)
            .expect("it says its port");
        let port = port.trim().parse().expect("a port is a number");
        DelayServer { child, port }
    }
}

impl Drop for DelayServer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
