//! Python's `http.server`.

use std::fs;

use super::{COUNT, KEPT, LATER, Page, WORKERS, fetch_all, files, pages, write_files};
use crate::daemon::Daemon;
use crate::peer::is_missing;

fn start(version: &str) -> Option<Daemon> {
    if is_missing("python3", "python3") {
        return None;
    }
    let start = Daemon::start("python3", "python3", |folder, port| {
        let root = folder.join("www");
        write_files(&root);
        let script = folder.join("server.py");
        fs::write(&script, include_str!("server.py")).expect("the folder can be written");
        let (script, root) = (script.display().to_string(), root.display().to_string());
        vec![script, root, port.to_string(), version.to_owned()]
    });
    Some(start)
}

#[test]
fn python_s_server_that_speaks_http_1_1_keeps_connections() {
    let Some(server) = start("HTTP/1.1") else {
        return;
    };
    let prefix = format!("http://127.0.0.1:{}", server.port);
    let mut pages = pages(LATER);
    // It closes the connection behind an error.
    pages.retain(|page| page.status != 404);
    fetch_all(&prefix, &[], &pages, KEPT);
}

#[test]
fn python_s_server_that_speaks_http_1_0_closes_every_connection() {
    let Some(server) = start("HTTP/1.0") else {
        return;
    };
    let prefix = format!("http://127.0.0.1:{}", server.port);
    fetch_all(&prefix, &[], &pages(LATER), COUNT..=COUNT);
}

#[test]
fn python_s_server_that_closes_behind_every_error_loses_nothing() {
    let Some(server) = start("HTTP/1.1") else {
        return;
    };
    let prefix = format!("http://127.0.0.1:{}", server.port);
    let mut pages: Vec<Page> = pages(LATER);
    pages.retain(|page| page.status == 404);
    pages.extend(files());
    let errors = COUNT / pages.len();
    fetch_all(&prefix, &[], &pages, errors..=errors + WORKERS);
}
