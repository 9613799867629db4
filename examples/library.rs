//! 100 pages fetched into memory, by the library: eight at once, in the order of the list.
//!
//! The server is part of the example. It prints
//!
//! ```text
//! 100 of 100 pages, 801 bytes, the first "page 1 ", the last "page 100 page 100 "
//! ```

#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

#[path = "../tests/support/server.rs"]
mod server;

fn main() -> std::io::Result<()> {
    let server = server::Server::with(|request, reply| reply.send(200, "", &page(&request.target)));
    let urls: Vec<String> = (1..=100).map(|n| server.url(&format!("/{n}"))).collect();

    let mut pages: Vec<String> = Vec::new();
    let summary = pfetch::fetch_all(urls)
        .workers(8)
        .collect_bodies(1 << 20)
        .in_order()
        .run(|outcome| match (outcome.body(), outcome.error()) {
            (Some(body), _) => pages.push(String::from_utf8_lossy(body).into_owned()),
            (None, error) => println!("{}: {error:?}", outcome.url),
        })?;

    let bytes: usize = pages.iter().map(String::len).sum();
    let [first, .., last] = &pages[..] else {
        panic!("too few pages")
    };
    println!(
        "{} of 100 pages, {bytes} bytes, the first {first:?}, the last {last:?}",
        summary.ok
    );
    Ok(())
}

/// The server's part: a text that says which page it is, once, or twice at every hundredth.
fn page(target: &str) -> Vec<u8> {
    let number = target.trim_start_matches('/');
    format!("page {number} ")
        .repeat(if number.ends_with("00") { 2 } else { 1 })
        .into_bytes()
}
