//! How long after a response's last byte its line comes out, when there is little else to do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Seconds from the last byte of each of `count` responses, one slow URL at a time, to its line.
pub(crate) fn line_delays(pfetch: &str, count: usize) -> Vec<f64> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("pfetch connects");
        stream.set_nodelay(true).expect("a socket can do that");
        let mut sent = Vec::with_capacity(count);
        let mut buffer = [0; 4096];
        for _ in 0..count {
            let read = stream.read(&mut buffer).expect("pfetch asks");
            assert!(read > 0, "pfetch has gone away");
            let most = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx";
            stream.write_all(most).expect("pfetch reads");
            // A slow server: this is its work, and nobody waits for it in vain.
            thread::sleep(Duration::from_millis(20));
            stream.write_all(b"y").expect("pfetch reads");
            sent.push(Instant::now());
        }
        sent
    });
    let urls = (0..count).map(|number| format!("http://{address}/{number}"));
    let mut child = Command::new(pfetch)
        .args(["-j", "1"])
        .args(urls)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("pfetch starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it was piped")).lines();
    let seen: Vec<Instant> = (0..count)
        .map(|_| {
            lines
                .next()
                .expect("a line for each URL")
                .expect("it is text");
            Instant::now()
        })
        .collect();
    lines.for_each(drop);
    child.wait().expect("pfetch ends");
    let sent = server.join().expect("the server has served all");
    let delays = seen.iter().zip(&sent);
    delays
        .map(|(seen, sent)| seen.saturating_duration_since(*sent).as_secs_f64())
        .collect()
}
