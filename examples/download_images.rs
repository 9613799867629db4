//! Fifteen images downloaded into a directory, each announced as it lands.
//!
//! An image is saved under the last part of its URL's path. It is written under another name first
//! and renamed when it is whole, so a file that bears its name is never half an image, whatever goes
//! wrong. The images (real ones: PGM) are from a server that is part of the example, and the
//! directory is a temporary one. It prints, in an order and with times that differ from run to run,
//!
//! ```text
//!  1/15  mosaic-05.pgm   21.6 kB  at 104.4 ms
//!  2/15  mosaic-03.pgm   17.8 kB  at 114.0 ms
//! …
//! 15/15  mosaic-12.pgm   35.1 kB  at 406.9 ms
//! 15 images, 410.6 kB, 5 workers: 407.0 ms
//! in the directory: 15 whole images, 0 other files
//! ```

#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use pfetch::pool::{Pool, Worker};
use pfetch::report::{bytes, duration};
use tempfile::{NamedTempFile, TempDir};
use ureq::Agent;
use url::Url;

#[path = "../tests/support/server.rs"]
mod server;

use server::{Reply, Request, Server, routes};

const IMAGES: usize = 15;
const WORKERS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::with(gallery);
    let urls = (1..=IMAGES).map(|number| server.url(&format!("/gallery/{}", name(number))));
    let urls: Vec<_> = urls.map(|url| Url::parse(&url)).collect::<Result<_, _>>()?;
    let folder = TempDir::new()?;

    // The server is on this machine: a proxy that the environment names has no part in this.
    let agent = |_| Agent::config_builder().proxy(None).build().new_agent();
    let pool = Pool::builder().workers(WORKERS).state(agent).build();
    let path = folder.path().to_owned();
    let download = move |worker: &mut Worker<Agent>, url| save(&worker.state, &url, &path);

    let started = Instant::now();
    let mut total = 0;
    for (count, done) in (1..).zip(pool.as_completed(download, urls)) {
        let (name, size) = done.result??;
        total += size;
        let (size, at) = (bytes(size), duration(started.elapsed()));
        println!("{count:>2}/{IMAGES}  {name}  {size:>8}  at {at:>8}");
    }
    let (total, elapsed) = (bytes(total), duration(started.elapsed()));
    println!("{IMAGES} images, {total}, {WORKERS} workers: {elapsed}");

    let is_whole = |&number: &usize| {
        fs::read(folder.path().join(name(number))).is_ok_and(|file| file == image(number))
    };
    let whole = (1..=IMAGES).filter(is_whole).count();
    let others = fs::read_dir(folder.path())?.count() - whole;
    println!("in the directory: {whole} whole images, {others} other files");
    // Going out of scope would remove it too, but could not say that it failed.
    folder.close()?;
    Ok(())
}

/// Downloads one image; gives its name and its size in bytes.
fn save(agent: &Agent, url: &Url, folder: &Path) -> Result<(String, u64), ureq::Error> {
    // Of a parsed URL this is never `..`, has no query, and `/` in it stays percent-encoded.
    let name = url.path_segments().and_then(|mut parts| parts.next_back());
    let name = name.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| ureq::Error::BadUri(format!("{url} names no file")))?;

    let mut response = agent.get(url.as_str()).call()?;
    // Until it is renamed the file is removed again if anything goes wrong.
    let mut file = NamedTempFile::new_in(folder)?;
    let size = io::copy(&mut response.body_mut().as_reader(), &mut file)?;
    file.persist(folder.join(name)).map_err(io::Error::from)?;
    Ok((name.to_owned(), size))
}

fn name(number: usize) -> String {
    format!("mosaic-{number:02}.pgm")
}

/// A grey picture, 120 pixels wide and the higher the higher its number.
fn image(number: usize) -> Vec<u8> {
    let height = 100 + 16 * number;
    let mut image = format!("P5 120 {height} 255\n").into_bytes();
    for y in 0..height {
        image.extend((0..120).map(|x| ((x ^ y) * number % 256) as u8));
    }
    image
}

/// The server's part: each image after a delay of its own, from 50 to 190 ms, in no order.
fn gallery(request: &Request, reply: &mut Reply<'_>) -> io::Result<()> {
    let asked = |&number: &usize| request.target == format!("/gallery/{}", name(number));
    let Some(number) = (1..=IMAGES).find(asked) else {
        return routes(request, reply);
    };
    reply.wait(Duration::from_millis(50 + number as u64 * 7 % 15 * 10));
    reply.send(
        200,
        "Content-Type: image/x-portable-graymap\r\n",
        &image(number),
    )
}
