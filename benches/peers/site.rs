//! The server of most rows, a real nginx, and lists of URLs on it.

use std::cell::Cell;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::authority::Authority;
use crate::bodies;
use crate::nginx::{Nginx, free_port};

/// nginx with one worker, plain and with TLS, on 127.0.0.1 and on all addresses of the loopback.
pub(crate) struct Site {
    nginx: Nginx,
    tls_port: u16,
    hosts_port: u16,
    hosts_tls_port: u16,
    scratch: TempDir,
}

/// The number of different bodies of 10 KiB. Packed one after the other, they are more than a compressor looks back.
const MEDIUM: u64 = 100;

/// Of the large body, in bytes.
pub(crate) const LARGE: usize = 1 << 30;

impl Site {
    pub(crate) fn start() -> Self {
        let scratch = TempDir::with_prefix("pfetch-bench-").expect("there is a temporary folder");
        let authority = Authority::new("the bench");
        let identity = authority.loopback();
        let path = |name: &str| scratch.path().join(name);
        let written = [
            ("authority.pem", authority.pem()),
            ("server.pem", identity.certificate),
            ("server.key", identity.key),
        ];
        for (name, text) in written {
            fs::write(path(name), text).expect("the folder can be written");
        }
        let root = path("www");
        fs::create_dir(&root).expect("the folder is new");
        fs::write(root.join("tiny.bin"), "x").expect("the folder can be written");
        fs::write(root.join("small.bin"), [b'x'; 1024]).expect("the folder can be written");
        fs::create_dir(root.join("medium")).expect("the folder is new");
        for number in 0..MEDIUM {
            File::create(root.join(format!("medium/{number:02}.bin")))
                .and_then(|file| bodies::write_json(number, 10 * 1024, BufWriter::new(file)))
                .expect("the folder can be written");
        }
        // Any number of URLs, the same few bytes.
        let places = format!(
            "access_log off; keepalive_requests 1000000000; sendfile on; tcp_nopush on;\n\
             open_file_cache max=1000; open_file_cache_valid 10m;\n\
             location / {{ root {root}; }}\n\
             location /small/ {{ root {root}; try_files /small.bin =404; }}\n\
             location /tiny/ {{ root {root}; try_files /tiny.bin =404; }}\n\
             location = /status {{ stub_status; }}\n\
             location /json/gzip/ {{ root {root}; add_header Content-Encoding gzip; }}\n\
             location /json/zstd/ {{ root {root}; add_header Content-Encoding zstd; }}\n\
             location /json/br/ {{ root {root}; add_header Content-Encoding br; }}\n\
             location ~ ^/medium/[0-9]*([0-9][0-9])$ {{ root {root}; try_files /medium/$1.bin =404; }}\n\
             location /close/ {{ root {root}; keepalive_timeout 0; try_files /small.bin =404; }}\n",
            root = root.display()
        );
        let ports = three_free_ports();
        let [tls_port, hosts_port, hosts_tls_port] = ports;
        let tls = format!(
            "ssl_certificate {}; ssl_certificate_key {};\n\
             server {{ listen 127.0.0.1:{tls_port} ssl; {places} }}\n\
             server {{ listen {hosts_port}; listen {hosts_tls_port} ssl; {places} }}",
            path("server.pem").display(),
            path("server.key").display(),
        );
        let nginx = Nginx::start(&tls, &places);
        Site {
            nginx,
            tls_port,
            hosts_port,
            hosts_tls_port,
            scratch,
        }
    }

    /// Writes the large body, which takes a while and is not always needed.
    pub(crate) fn with_large(&self) {
        let path = self.large();
        if path.exists() {
            return;
        }
        let mut block = vec![0; 1 << 20];
        fastrand::Rng::with_seed(1).fill(&mut block);
        let mut file = File::create(path).expect("the folder can be written");
        for _ in 0..LARGE / block.len() {
            file.write_all(&block).expect("there is room for 1 GiB");
        }
    }

    pub(crate) fn large(&self) -> PathBuf {
        self.folder().join("www").join("large.bin")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.scratch.path()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        self.nginx.url(path)
    }

    pub(crate) fn tls_url(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}{path}", self.tls_port)
    }

    /// A URL on a host of its own for each of `hosts` numbers, in turns: a loopback address each.
    pub(crate) fn url_of_hosts(&self, scheme: &str, hosts: usize, number: usize) -> String {
        let port = match scheme {
            "https" => self.hosts_tls_port,
            _ => self.hosts_port,
        };
        let host = number % hosts;
        let (third, fourth) = (1 + host / 250, 1 + host % 250);
        format!("{scheme}://127.0.{third}.{fourth}:{port}/small/{number}")
    }

    /// A counter of the connections that nginx has accepted, those by which it is asked left out.
    pub(crate) fn connections(&self) -> impl Fn() -> f64 + use<> {
        let address = self.address();
        let asked = Cell::new(0.0);
        move || {
            asked.set(asked.get() + 1.0);
            accepted(&address) - asked.get()
        }
    }

    /// The PEM of who signed the server's certificate.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder().join("authority.pem")
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn address(&self) -> String {
        self.nginx.url("").trim_start_matches("http://").to_owned()
    }

    /// A list of `count` URLs, `prefix` and a number each.
    pub(crate) fn list(&self, prefix: &str, count: usize) -> PathBuf {
        let path = self.list_path("list", prefix, count);
        write(&path, count, |number, out| {
            writeln!(out, "{prefix}{number}")
        });
        path
    }

    /// The same for curl, which wants a place for each: nowhere.
    pub(crate) fn curl_list(&self, prefix: &str, count: usize) -> PathBuf {
        let path = self.list_path("curl", prefix, count);
        write(&path, count, |number, out| {
            writeln!(out, "url = \"{prefix}{number}\"\noutput = \"/dev/null\"")
        });
        path
    }

    /// Lists of `count` URLs of any kind, for all and for curl.
    pub(crate) fn lists_of<T: Display>(
        &self,
        name: &str,
        count: usize,
        url: impl Fn(usize) -> T,
    ) -> (PathBuf, PathBuf) {
        let [list, curl] = ["list", "curl"].map(|kind| self.list_path(kind, name, count));
        write(&list, count, |number, out| writeln!(out, "{}", url(number)));
        write(&curl, count, |number, out| {
            writeln!(out, "url = \"{}\"\noutput = \"/dev/null\"", url(number))
        });
        (list, curl)
    }

    fn list_path(&self, kind: &str, prefix: &str, count: usize) -> PathBuf {
        let of: String = prefix
            .chars()
            .filter(|c| c.is_ascii_alphanumeric())
            .collect();
        self.folder().join(format!("{kind}-{of}-{count}"))
    }
}

/// Ports that are free, and not the same.
fn three_free_ports() -> [u16; 3] {
    loop {
        let ports = [free_port(), free_port(), free_port()];
        if ports[0] != ports[1] && ports[1] != ports[2] && ports[0] != ports[2] {
            return ports;
        }
    }
}

/// The connections that nginx has accepted since its start, this one included.
fn accepted(address: &str) -> f64 {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        write!(stream, "GET /status HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().expect("nginx runs");
    // "server accepts handled requests\n 16630948 16630948 31070465"
    let (_, figures) = answer
        .split_once("server accepts handled requests")
        .unwrap_or_else(|| panic!("nginx was built without stub_status: {answer}"));
    let figure = figures.split_whitespace().next();
    figure
        .and_then(|text| text.parse().ok())
        .unwrap_or(f64::NAN)
}

/// Writes a list for curl that saves into the folder in which it is.
pub(crate) fn curl_list_saving(folder: &Path, prefix: &str, count: usize) -> PathBuf {
    let path = folder.join("list");
    let folder = folder.display();
    write(&path, count, |number, out| {
        writeln!(
            out,
            "url = \"{prefix}{number}\"\noutput = \"{folder}/{number}\""
        )
    });
    path
}

fn write<W>(path: &Path, count: usize, line: W)
where
    W: Fn(usize, &mut BufWriter<File>) -> std::io::Result<()>,
{
    let file = File::create(path).expect("the folder can be written");
    let mut out = BufWriter::new(file);
    (0..count)
        .try_for_each(|number| line(number, &mut out))
        .and_then(|()| out.flush())
        .expect("the folder can be written");
}
