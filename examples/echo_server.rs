//! A TCP server on a pool of 128 workers: each answers one client, for as long as that client stays.
//!
//! The clients are part of the example. All 100 stay connected until the last has been answered, so
//! the server must serve all of them at once; it starts no more threads than that needs. It prints
//!
//! ```text
//! client 0 said "hello from client 0" and heard "hello from client 0"
//! client 99 said "hello from client 99" and heard "hello from client 99"
//! 100 clients at once, 100 threads of at most 128, 2090 bytes echoed
//! ```

#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use pfetch::pool::{Pool, Worker};

const WORKERS: usize = 128;
const CLIENTS: usize = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = thread::spawn(move || serve(&listener));

    call(address)?;

    let (threads, bytes) = server.join().map_err(|_| "the server panicked")??;
    println!(
        "{CLIENTS} clients at once, {threads} threads of at most {WORKERS}, {bytes} bytes echoed"
    );
    Ok(())
}

/// Sends back what comes until the client hangs up; gives the number of bytes.
fn echo(_: &mut Worker, client: TcpStream) -> io::Result<u64> {
    io::copy(&mut &client, &mut &client)
}

/// Answers as many clients as this example has, where a real server would go on for ever.
fn serve(listener: &TcpListener) -> io::Result<(usize, u64)> {
    let pool = Pool::builder().workers(WORKERS).name("echo").build();
    let mut sessions = Vec::new();
    for client in listener.incoming().take(CLIENTS) {
        sessions.push(pool.submit(echo, client?));
    }

    let mut bytes = 0;
    for session in sessions {
        bytes += session.join().map_err(io::Error::other)??;
    }
    Ok((pool.threads(), bytes))
}

/// Connects all clients, lets each say a line and hear it again, then hangs up on behalf of all.
fn call(address: SocketAddr) -> io::Result<()> {
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let mut client = TcpStream::connect(address)?;
        // So that a server with too few threads is an error here, and not a wait without end.
        client.set_read_timeout(Some(Duration::from_secs(20)))?;

        let said = format!("hello from client {number}");
        client.write_all(format!("{said}\n").as_bytes())?;
        let mut heard = String::new();
        BufReader::new(&client).read_line(&mut heard)?;
        if number == 0 || number == CLIENTS - 1 {
            println!(
                "client {number} said {said:?} and heard {:?}",
                heard.trim_end()
            );
        }
        clients.push(client);
    }
    Ok(())
}
