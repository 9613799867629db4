//! nginx.

use super::{
    ANY_TAG, COUNT, KEPT, LONG, Page, closed_after, fetch_all, files, pages, parts, write_files,
};
use crate::authority::Authority;
use crate::daemon::free_port;
use crate::nginx::Nginx;
use crate::peer::is_missing;
use crate::pfetch::Dir;

/// Bodies whose length it does not know: chunked, or ended with their connection.
const LOCATIONS: &str = "location = /none { return 204; }\n\
     location /chunked/ { rewrite ^/chunked(/.*)$ $1 break; ssi on; ssi_types *; }\n\
     location /closed/ { rewrite ^/closed(/.*)$ $1 break; ssi on; ssi_types *;\n\
       chunked_transfer_encoding off; }\n";

fn start(http: &str, server: &str) -> Option<Nginx> {
    if is_missing("nginx", "nginx-light") {
        return None;
    }
    let nginx = Nginx::start(http, &format!("{LOCATIONS}{server}"));
    write_files(&nginx.root());
    Some(nginx)
}

fn all_pages() -> Vec<Page> {
    let mut all = pages(ANY_TAG);
    all.extend(parts());
    all.extend([
        Page::new("/none", 204, 0),
        Page::new("/chunked/70000", 200, LONG),
        Page::new("/chunked/1", 200, 1),
    ]);
    all
}

#[test]
fn nginx_answers_in_all_forms_over_kept_connections() {
    let Some(nginx) = start("", "") else { return };
    fetch_all(&nginx.url(""), &[], &all_pages(), KEPT);
}

#[test]
fn nginx_answers_in_all_forms_over_kept_connections_with_tls() {
    let authority = Authority::new("the test's own authority");
    let identity = authority.loopback();
    let dir = Dir::new();
    let cacert = dir.file("ca.pem", authority.pem());
    let certificate = dir.file("server.pem", &identity.certificate);
    let key = dir.file("server.key", &identity.key);
    let port = free_port();
    let tls = format!(
        "listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};"
    );
    let Some(_nginx) = start("", &tls) else {
        return;
    };
    let prefix = format!("https://127.0.0.1:{port}");
    fetch_all(&prefix, &["--cacert", &cacert], &all_pages(), KEPT);
}

#[test]
fn nginx_that_closes_after_every_third_request_is_asked_three_times_over_each_connection() {
    let Some(nginx) = start("keepalive_requests 3;", "") else {
        return;
    };
    fetch_all(&nginx.url(""), &[], &files(), closed_after(3));
}

#[test]
fn nginx_that_closes_idle_connections_at_once_loses_nothing() {
    let Some(nginx) = start("keepalive_timeout 1ms;", "") else {
        return;
    };
    fetch_all(&nginx.url(""), &[], &all_pages(), 1..=COUNT);
}

#[test]
fn nginx_ends_bodies_with_their_connection() {
    let Some(nginx) = start("", "") else { return };
    let closed = [
        Page::new("/closed/70000", 200, LONG),
        Page::new("/closed/1", 200, 1),
    ];
    fetch_all(&nginx.url(""), &[], &closed, COUNT..=COUNT);
}
