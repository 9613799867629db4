//! Memory of a run that packs: bounded by its workers, not by its bodies.

use std::fs;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};

use super::{Place, packs_of};
use crate::server::{Server, bytes, routes};

/// The bodies, and the length of one.
const COUNT: usize = 40;
const LENGTH: usize = 5 * 1024 * 1024;

#[test]
fn memory_does_not_grow_with_the_bodies() {
    for (pattern, gzip) in [("tar=p-%d.tar", false), ("warc=p-%d.tar.warc.gz", true)] {
        let (open, gate) = channel();
        let gate: Mutex<Receiver<()>> = Mutex::new(gate);
        let server = Server::with(move |request, reply| match request.target.as_str() {
            // The last one is held until the memory has been looked at.
            "/held" => {
                let gate = gate.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = gate.recv();
                reply.send(200, "", b"held")
            }
            "/large" => reply.send(200, "", &bytes(LENGTH)),
            _ => routes(request, reply),
        });
        let place = Place::new();
        let mut list = server.url("/held") + "\n";
        list += &(server.url("/large") + "\n").repeat(COUNT);
        fs::write(place.at("list"), list).unwrap();
        let mut running = place.packing(pattern, &["-i", "list", "-j8"]).start();
        for _ in 0..COUNT {
            running.line();
        }
        let status = running.proc_status();
        drop(open);
        let run = running.finish().exits(0);
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.unwrap().trim().trim_end_matches(" kB");
        let peak: u64 = peak.parse().unwrap();
        // The bodies have 200 MiB. A worker has one of 1 MiB in memory, and zlib's 256 KiB.
        let most = if gzip { 56 } else { 48 } * 1024;
        run.check(
            &format!("{pattern}: {peak} kB, {most} at most"),
            peak < most,
        );
        let names = packs_of(&place, "");
        run.check(&format!("all in one pack: {names:?}"), !names.is_empty());
    }
}
