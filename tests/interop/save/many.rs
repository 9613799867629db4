//! Many files, and a large one.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use crate::authority::Authority;
use crate::daemon::free_port;
use crate::pfetch::{LIMIT, Run, pfetch};
use crate::save::site::{Site, arg, disk_to_itself, names, noise, scratch};

const SMALL: usize = 20_000;

const MIB: u64 = 1024 * 1024;

const LARGE: u64 = 1024 * MIB;

/// Writes a file of this size in which every block is another.
fn write_large(path: &Path, size: u64) {
    let mut block = noise(0, 64 * 1024);
    let mut file = BufWriter::new(File::create(path).expect("the folder can be written"));
    for number in 0..size / block.len() as u64 {
        block[..8].copy_from_slice(&number.to_le_bytes());
        file.write_all(&block).expect("the disk has room");
    }
    file.flush().expect("the disk has room");
}

fn is_same(one: &Path, other: &Path) -> bool {
    let [mut one, mut other] = [one, other].map(|path| File::open(path).expect("it is there"));
    let length = |file: &File| file.metadata().expect("it is open").len();
    let mut left = length(&one);
    if left != length(&other) {
        return false;
    }
    let mut buffers = [vec![0; MIB as usize], vec![0; MIB as usize]];
    while left > 0 {
        let count = left.min(MIB) as usize;
        let [ours, theirs] = &mut buffers;
        one.read_exact(&mut ours[..count]).expect("it is so long");
        other
            .read_exact(&mut theirs[..count])
            .expect("it is so long");
        if ours[..count] != theirs[..count] {
            return false;
        }
        left -= count as u64;
    }
    true
}

/// A folder that is to be as the server's.
struct Copy<'a> {
    site: &'a Site,
    /// Of the URLs.
    prefix: String,
    cacert: &'a str,
}

impl Copy<'_> {
    /// Has it saved, by a run of this name.
    fn save(&self, folder: &Path, run: &str) -> Run {
        let names = (0..SMALL).map(|number| number.to_string());
        // The large one goes beside all others.
        let names = std::iter::once("large".to_owned()).chain(names);
        let list: String = names
            .map(|name| format!("{}/{name}\n", self.prefix))
            .collect();
        let args = ["-d", arg(folder), "-A", run, "-j4", "--format=jsonl"];
        let cacert = ["--cacert", self.cacert, "-"];
        let run = pfetch(&[&args[..], &cacert].concat()).stdin(list);
        // Tens of thousands of files take some disks a while.
        let run = run.within(LIMIT * 5).run();
        run.exits(0).says_nothing()
    }

    fn check(&self, folder: &Path) {
        assert_eq!(names(folder).len(), SMALL + 1, "no parts are left");
        for number in 0..SMALL {
            let name = number.to_string();
            let [ours, theirs] = [folder, &self.site.root()].map(|at| fs::read(at.join(&name)));
            assert!(ours.ok() == theirs.ok(), "{name} is not as served");
        }
        let [ours, theirs] = [folder, &self.site.root()].map(|at| at.join("large"));
        assert!(is_same(&ours, &theirs), "large is not as served");
    }
}

#[test]
fn twenty_thousand_files_and_a_large_one_are_saved_byte_for_byte_and_then_left_alone() {
    let _disk = disk_to_itself();
    let scratch = scratch();
    let file = |name: &str, text: String| {
        let path = scratch.path().join(name);
        fs::write(&path, text).expect("the folder can be written");
        arg(&path).to_owned()
    };
    let authority = Authority::new("the test's own authority");
    let identity = authority.loopback();
    let cacert = file("ca.pem", authority.pem());
    let certificate = file("server.pem", identity.certificate);
    let key = file("server.key", identity.key);
    let port = free_port();
    let site = Site::start(
        "",
        &format!(
            "listen 127.0.0.1:{port} ssl; ssl_certificate \"{certificate}\"; \
             ssl_certificate_key \"{key}\";"
        ),
    );
    for number in 0..SMALL {
        site.write(&number.to_string(), &noise(number as u64, 1024));
    }
    write_large(&site.root().join("large"), LARGE);
    let plain = site.url("").trim_end_matches('/').to_owned();
    let secure = format!("https://127.0.0.1:{port}");
    for (scheme, prefix) in [("http", plain), ("https", secure)] {
        let copy = Copy {
            site: &site,
            prefix,
            cacert: &cacert,
        };
        let folder = scratch.path().join(format!("from-{scheme}"));
        let run = copy.save(&folder, scheme);
        run.check("all of them", run.summary()["ok"] == SMALL + 1);
        copy.check(&folder);
        let served = site.served_to(scheme);
        assert_eq!(served.len(), SMALL + 1);
        assert!(served.iter().all(|served| served.status == 200));

        if scheme == "http" {
            let run = copy.save(&folder, "again");
            run.check("nothing is new", run.summary()["unchanged"] == SMALL + 1);
            let served = site.served_to("again");
            assert_eq!(served.len(), SMALL + 1);
            assert!(served.iter().all(|served| served.status == 304));
            copy.check(&folder);
        }
        fs::remove_dir_all(&folder).expect("it is this test's own");
    }
}
