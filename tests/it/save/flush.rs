//! The bytes that a killed run may lose: received bytes are held back for a second at most.

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::pfetch::{Dir, pfetch};
use crate::raw::Raw;
use crate::save::support::{Version, holds};
use crate::server::bytes;

/// The most time for a byte to get into the part. It is held back for one second.
const LONG: Duration = Duration::from_secs(20);

/// The pause between two bytes of the body: in [`LONG`] they are far fewer than fill the buffer of 64 KiB.
const PAUSE: Duration = Duration::from_millis(20);

#[test]
fn a_slow_body_is_written_to_the_part_before_it_fills_the_buffer() {
    let dir = Dir::on_disk();
    let part = dir.path().join("file.part");
    let version = Version::tagged("\"v1\"", &bytes(32 * 1024));
    let content = version.body.clone();
    let was_written = Arc::new(AtomicBool::new(false));
    let saw = Arc::clone(&was_written);
    let server = Raw::start(move |mut wire| -> io::Result<()> {
        if wire.head().is_none() {
            return Ok(());
        }
        let (mut sent, begun) = (1, Instant::now());
        wire.send(version.cut(sent))?;
        while begun.elapsed() < LONG && !saw.load(Ordering::SeqCst) {
            if wire.wait(PAUSE) {
                return Ok(());
            }
            wire.send(&version.body[sent..=sent])?;
            sent += 1;
            let is_written = fs::metadata(&part).is_ok_and(|part| part.len() > 0);
            saw.store(is_written, Ordering::SeqCst);
        }
        wire.send(&version.body[sent..])
    });
    let path = dir.path().to_str().expect("the folder has a plain name");
    let run = pfetch(&["-d", path, &server.url("/file")]).run().exits(0);
    run.check(
        "the part had bytes while the body was coming",
        was_written.load(Ordering::SeqCst),
    );
    holds(&run, dir.path(), &[("file", &content)]);
}
