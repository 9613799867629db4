//! The Apache HTTP server.

use std::fs;

use super::{ANY_TAG, KEPT, LONG, Page, closed_after, fetch_all, files, pages, parts, write_files};
use crate::authority::{Authority, Identity};
use crate::daemon::Daemon;
use crate::peer::is_missing;
use crate::pfetch::Dir;

const MODULES: &str = "/usr/lib/apache2/modules";

/// Apache, with TLS if there is an identity for it.
fn start(identity: Option<&Identity>, lines: &str) -> Option<Daemon> {
    if is_missing("apache2", "apache2-bin") {
        return None;
    }
    let start = Daemon::start("apache2", "apache2-bin", |folder, port| {
        let root = folder.join("www");
        write_files(&root);
        let mut names = vec!["mpm_event", "authz_core", "cgid"];
        let mut rest = String::new();
        if let Some(identity) = identity {
            names.extend(["socache_shmcb", "ssl"]);
            let (certificate, key) = (folder.join("server.pem"), folder.join("server.key"));
            fs::write(&certificate, &identity.certificate).expect("the folder can be written");
            fs::write(&key, &identity.key).expect("the folder can be written");
            rest += &format!(
                "SSLEngine on\nSSLCertificateFile {}\nSSLCertificateKeyFile {}\n",
                certificate.display(),
                key.display()
            );
        }
        if rustix::process::geteuid().is_root() {
            rest += "User www-data\nGroup www-data\n";
        }
        let mut text = String::new();
        for name in names {
            text += &format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n");
        }
        let (root, folder) = (root.display(), folder.display());
        text += &format!(
            "ServerRoot {folder}\nServerName 127.0.0.1\nListen 127.0.0.1:{port}\n\
             PidFile {folder}/pid\nDefaultRuntimeDir {folder}\nErrorLog {folder}/errors\n\
             ScriptSock {folder}/scripts\nDocumentRoot {root}\nKeepAlive On\nKeepAliveTimeout 60\n\
             <Directory {root}>\nRequire all granted\nOptions +ExecCGI\n</Directory>\n\
             <Files *.cgi>\nSetHandler cgi-script\n</Files>\n{rest}{lines}\n"
        );
        let config = format!("{folder}/apache.conf");
        fs::write(&config, text).expect("the folder can be written");
        ["-DFOREGROUND", "-f", &config].map(str::to_owned).to_vec()
    });
    Some(start)
}

fn all_pages() -> Vec<Page> {
    let mut all = pages(ANY_TAG);
    all.extend(parts());
    all.push(Page::new("/script.cgi", 200, LONG));
    all
}

#[test]
fn apache_answers_in_all_forms_over_kept_connections() {
    let Some(apache) = start(None, "MaxKeepAliveRequests 0") else {
        return;
    };
    let prefix = format!("http://127.0.0.1:{}", apache.port);
    fetch_all(&prefix, &[], &all_pages(), KEPT);
}

#[test]
fn apache_answers_in_all_forms_over_kept_connections_with_tls() {
    let authority = Authority::new("the test's own authority");
    let dir = Dir::new();
    let cacert = dir.file("ca.pem", authority.pem());
    let identity = authority.loopback();
    let Some(apache) = start(Some(&identity), "MaxKeepAliveRequests 0") else {
        return;
    };
    let prefix = format!("https://127.0.0.1:{}", apache.port);
    fetch_all(&prefix, &["--cacert", &cacert], &all_pages(), KEPT);
}

#[test]
fn apache_that_closes_after_some_requests_is_asked_as_often_over_each_connection() {
    let Some(apache) = start(None, "MaxKeepAliveRequests 3") else {
        return;
    };
    let prefix = format!("http://127.0.0.1:{}", apache.port);
    // It counts the requests after the first.
    fetch_all(&prefix, &[], &files(), closed_after(4));
}

#[test]
fn apache_that_speaks_http_1_0_ends_bodies_with_their_connection() {
    let lines = "LoadModule setenvif_module /usr/lib/apache2/modules/mod_setenvif.so\n\
         SetEnvIf Request_URI . downgrade-1.0 force-response-1.0";
    let Some(apache) = start(None, lines) else {
        return;
    };
    let prefix = format!("http://127.0.0.1:{}", apache.port);
    let scripts = [Page::new("/script.cgi", 200, LONG)];
    fetch_all(&prefix, &[], &scripts, super::COUNT..=super::COUNT);
}
