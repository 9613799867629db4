//! Caddy, for the HTTP server of Go's standard library.

use std::fs;

use super::{ANY_TAG, KEPT, LONG, Page, fetch_all, pages, parts, write_files};
use crate::authority::{Authority, Identity};
use crate::daemon::Daemon;
use crate::peer::is_missing;
use crate::pfetch::Dir;

/// Caddy, with TLS if there is an identity for it.
fn start(identity: Option<&Identity>) -> Option<Daemon> {
    if is_missing("caddy", "caddy") {
        return None;
    }
    let start = Daemon::start("caddy", "caddy", |folder, port| {
        let root = folder.join("www");
        write_files(&root);
        // It fills a template in without knowing the length.
        fs::write(root.join("long.html"), vec![b'x'; LONG]).expect("the folder is there");
        let mut scheme = "http";
        let mut tls = String::new();
        if let Some(identity) = identity {
            scheme = "https";
            let (certificate, key) = (folder.join("server.pem"), folder.join("server.key"));
            fs::write(&certificate, &identity.certificate).expect("the folder can be written");
            fs::write(&key, &identity.key).expect("the folder can be written");
            tls = format!("tls {} {}", certificate.display(), key.display());
        }
        let (root, folder) = (root.display(), folder.display());
        let text = format!(
            "{{\nadmin off\nauto_https off\nstorage file_system {folder}/data\n}}\n\
             {scheme}://127.0.0.1:{port} {{\nroot * {root}\n{tls}\ntemplates /long.html\n\
             respond /none 204\nfile_server\n}}\n"
        );
        let config = format!("{folder}/Caddyfile");
        fs::write(&config, text).expect("the folder can be written");
        let arguments = ["run", "--adapter", "caddyfile", "--config", &config];
        arguments.map(str::to_owned).to_vec()
    });
    Some(start)
}

fn all_pages() -> Vec<Page> {
    let mut all = pages(ANY_TAG);
    all.extend(parts());
    all.push(Page::new("/none", 204, 0));
    all.push(Page::new("/long.html", 200, LONG));
    all
}

#[test]
fn caddy_answers_in_all_forms_over_kept_connections() {
    let Some(caddy) = start(None) else { return };
    let prefix = format!("http://127.0.0.1:{}", caddy.port);
    fetch_all(&prefix, &[], &all_pages(), KEPT);
}

#[test]
fn caddy_answers_in_all_forms_over_kept_connections_with_tls() {
    let authority = Authority::new("the test's own authority");
    let dir = Dir::new();
    let cacert = dir.file("ca.pem", authority.pem());
    let Some(caddy) = start(Some(&authority.loopback())) else {
        return;
    };
    let prefix = format!("https://127.0.0.1:{}", caddy.port);
    fetch_all(&prefix, &["--cacert", &cacert], &all_pages(), KEPT);
}
