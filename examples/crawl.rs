//! A site crawled from its front page: links are added while the run goes on, each once, and it ends by itself.
//!
//! The site is part of the example: page n links to the pages 2n and 2n + 1, to the front page, and to one that is
//! missing. It prints
//!
//! ```text
//! 31 pages and 1 missing, 16 without a link that leads further
//! ```

#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::collections::HashSet;
use std::io;

use url::Url;

#[path = "../tests/support/server.rs"]
mod server;

use server::{Reply, Request, Server};

/// The pages of the site.
const PAGES: usize = 31;

fn main() -> io::Result<()> {
    let server = Server::with(site);
    let front = server.url("/1");

    let mut seen = HashSet::from([front.clone()]);
    let mut leaves = 0;
    let summary = pfetch::fetch_all([front])
        .workers(8)
        .retries(0)
        .collect_bodies(1 << 20)
        .crawl(|outcome, frontier| {
            let Some(body) = outcome.body() else { return };
            let mut is_leaf = true;
            for link in links(&outcome.url, &String::from_utf8_lossy(body)) {
                if seen.insert(link.clone()) {
                    frontier.add_url(&link);
                    is_leaf &= link.ends_with("/missing");
                }
            }
            leaves += usize::from(is_leaf);
        })?;

    println!(
        "{} pages and {} missing, {leaves} without a link that leads further",
        summary.ok, summary.failed
    );
    Ok(())
}

/// The links of a page, resolved against its URL. A real crawler parses HTML.
fn links(base: &str, page: &str) -> Vec<String> {
    let base = Url::parse(base).ok();
    page.lines()
        .filter_map(|line| Some(base.as_ref()?.join(line).ok()?.into()))
        .collect()
}

/// The server's part.
fn site(request: &Request, reply: &mut Reply<'_>) -> io::Result<()> {
    let number = request.target.trim_start_matches('/').parse::<usize>();
    let Some(number) = number.ok().filter(|number| (1..=PAGES).contains(number)) else {
        return reply.send(404, "", b"");
    };
    let next = [2 * number, 2 * number + 1];
    let next = next.into_iter().filter(|next| *next <= PAGES);
    let links: Vec<String> = next.map(|next| format!("/{next}")).collect();
    let page = format!("/1\n/missing\n{}", links.join("\n"));
    reply.send(200, "", page.as_bytes())
}
