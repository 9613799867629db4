//! How long after a response's last byte its line comes out, with so many URLs in flight.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The server's work on a response, and then on its last byte.
const WORK: Duration = Duration::from_millis(20);

/// Seconds from the last byte of each of `count` responses to its line, `at_once` slow URLs at a time.
pub(crate) fn line_delays(pfetch: &str, count: usize, at_once: usize) -> Vec<f64> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    let sent = Mutex::new(vec![None; count]);
    let is_over = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        scope.spawn(|| {
            for stream in listener.incoming().flatten() {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                let sent = &sent;
                scope.spawn(move || serve(&stream, sent));
            }
        });
        let urls: Vec<String> = (0..count)
            .map(|number| format!("http://{address}/{number}"))
            .collect();
        let seen = lines(pfetch, at_once, &urls);
        is_over.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts. If it is gone, all the better.
        let _ = TcpStream::connect(address);
        seen
    });
    let sent = sent.into_inner().expect("no thread has panicked");
    let delays = seen.into_iter().filter_map(|(number, seen)| {
        let sent = (*sent.get(number)?)?;
        Some(seen.saturating_duration_since(sent).as_secs_f64())
    });
    let delays: Vec<f64> = delays.collect();
    assert_eq!(delays.len(), count, "pfetch has a line for each URL");
    delays
}

/// When the last byte of each response was sent.
type Sent = Mutex<Vec<Option<Instant>>>;

/// Answers the requests of a connection, each slowly, and notes when it sends the last byte.
fn serve(stream: &TcpStream, sent: &Sent) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = stream;
    let mut buffer = [0; 4096];
    loop {
        // A request comes in one piece.
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        let number = std::str::from_utf8(&buffer[..read])
            .ok()
            .and_then(|text| text.strip_prefix("GET /")?.split(' ').next()?.parse().ok());
        let Some(number) = number else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx")?;
        // A slow server: this is its work, and nobody waits for it in vain.
        thread::sleep(WORK);
        let now = Instant::now();
        stream.write_all(b"y")?;
        let mut sent = sent.lock().expect("no thread panics while it holds this");
        if let Some(entry) = sent.get_mut::<usize>(number) {
            *entry = Some(now);
        }
    }
}

/// Runs pfetch and notes when the line of each URL came.
fn lines(pfetch: &str, at_once: usize, urls: &[String]) -> Vec<(usize, Instant)> {
    let mut child = Command::new(pfetch)
        .args(["-j", &at_once.to_string()])
        .args(urls)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("pfetch starts");
    let output = child.stdout.take().expect("it was piped");
    let mut seen = Vec::with_capacity(urls.len());
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        let now = Instant::now();
        // "  200    21.4 ms        2 B  http://127.0.0.1:8000/17"; the summary has no URL.
        let number = line
            .split_once("http://")
            .and_then(|(_, rest)| rest.split_once('/')?.1.parse().ok());
        seen.extend(number.map(|number| (number, now)));
    }
    child.wait().expect("pfetch ends");
    seen
}
