//! Memory of a run that packs: bounded by its workers, not by its bodies.

use std::fs;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use super::{Place, packs_of};
use crate::server::{Server, bytes, routes};

/// The bodies, and the length of one.
const COUNT: usize = 12;
const LENGTH: usize = 12 * 1024 * 1024;

/// A server that holds one answer until the sender is dropped, as it is before the server when a test fails.
fn server() -> (Server, Sender<()>) {
    let (open, gate) = channel();
    let gate: Mutex<Receiver<()>> = Mutex::new(gate);
    let server = Server::with(move |request, reply| match request.target.as_str() {
        "/held" => {
            let gate = gate.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = gate.recv();
            reply.send(200, "", b"held")
        }
        "/large" => reply.send(200, "", &bytes(LENGTH)),
        _ => routes(request, reply),
    });
    (server, open)
}

#[test]
fn memory_does_not_grow_with_the_bodies() {
    let (server, open) = server();
    let place = Place::new();
    let mut list = server.url("/held") + "\n";
    list += &(server.url("/large") + "\n").repeat(COUNT);
    fs::write(place.at("list"), list).unwrap();
    let mut running = place
        .packing(
            "tar=p-%d.tar",
            &["-i", "list", "-j8", "--stall-timeout", "10m"],
        )
        .start();
    for _ in 0..COUNT {
        running.line();
    }
    let peak = crate::cli_input::peak_memory(&running);
    drop(open);
    let run = running.finish().exits(0);
    // Those of eight workers have 96 MiB, of which 1 MiB each is in memory.
    run.check(&format!("{peak} kB at most"), peak < 48 * 1024);
    let names = packs_of(&place, "");
    run.check(&format!("one pack: {names:?}"), names == ["p-0.tar"]);
}
