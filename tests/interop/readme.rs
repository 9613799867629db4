//! The README's commands with the programs that they name: `python3 -m http.server`, jq, sha256sum.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Instant;

use crate::commands::{Shell, blocks};
use crate::peer::require;
use crate::pfetch::LIMIT;

#[test]
fn every_command_of_the_readme_works_against_the_server_that_it_starts() {
    for (program, package) in [
        ("jq", "jq"),
        ("python3", "python3"),
        ("sha256sum", "coreutils"),
    ] {
        require(program, package);
    }
    // Free a moment ago, and the kernel gives a port anew only when it has gone round.
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback has a free port");
    let site = free.local_addr().expect("a bound socket has a name");
    drop(free);
    let mut shell = Shell::without_site(site.port());
    let mut piped = 0;
    for block in blocks().iter().filter(|block| block.kind == "sh") {
        // Cargo is running this, and has no need to be run by it.
        if block.foreign() == Some("cargo") {
            continue;
        }
        let pasted = shell.run(block);
        pasted.works();
        if block.text.contains("http.server") {
            let started = Instant::now();
            while TcpStream::connect(site).is_err() {
                pasted.check("it listens", started.elapsed() < LIMIT);
                std::thread::yield_now();
            }
        }
        if block.text.contains("| jq") {
            let shows = |line: &str| line.starts_with("200 http://");
            pasted.check("a line for each URL", pasted.stdout.lines().all(shows));
            pasted.check("some lines", pasted.stdout.lines().count() > 1);
            piped += 1;
        }
    }
    assert!(piped > 0, "nothing is piped into jq");
}
