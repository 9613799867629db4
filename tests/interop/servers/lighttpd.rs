//! lighttpd. With TLS, it is in `tls.rs`.

use std::fs;

use super::{ANY_TAG, KEPT, LONG, Page, closed_after, fetch_all, files, pages, parts, write_files};
use crate::daemon::Daemon;
use crate::peer::is_missing;

fn start(lines: &str) -> Option<Daemon> {
    if is_missing("lighttpd", "lighttpd") {
        return None;
    }
    let start = Daemon::start("lighttpd", "lighttpd", |folder, port| {
        let root = folder.join("www");
        write_files(&root);
        let text = format!(
            "server.document-root = \"{}\"\nserver.port = {port}\nserver.bind = \"127.0.0.1\"\n\
             server.modules = ( \"mod_cgi\" )\ncgi.assign = ( \".cgi\" => \"/bin/sh\" )\n\
             server.stream-response-body = 1\nmimetype.assign = ( \"\" => \"text/plain\" )\n{lines}\n",
            root.display()
        );
        let config = folder.join("lighttpd.conf");
        fs::write(&config, text).expect("the folder can be written");
        let config = config.display().to_string();
        ["-D", "-f", &config].map(str::to_owned).to_vec()
    });
    Some(start)
}

#[test]
fn lighttpd_answers_in_all_forms_over_kept_connections() {
    let Some(server) = start("server.max-keep-alive-requests = 100000") else {
        return;
    };
    let mut all = pages(ANY_TAG);
    all.extend(parts());
    all.push(Page::new("/script.cgi", 200, LONG));
    let prefix = format!("http://127.0.0.1:{}", server.port);
    fetch_all(&prefix, &[], &all, KEPT);
}

#[test]
fn lighttpd_that_closes_after_some_requests_is_asked_as_often_over_each_connection() {
    let Some(server) = start("server.max-keep-alive-requests = 3") else {
        return;
    };
    let prefix = format!("http://127.0.0.1:{}", server.port);
    // It counts the requests after the first.
    fetch_all(&prefix, &[], &files(), closed_after(4));
}
