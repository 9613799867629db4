//! Files: their names, bytes and times, and what is said of them.

use std::fs;

use crate::pfetch::{Dir, pfetch};
use crate::save::support::{holds, names, save, save_and_tell};
use crate::server::{Server, bytes};

/// Answers each request with its own target.
fn mirror() -> Server {
    Server::with(|request, reply| reply.send(200, "", request.target.as_bytes()))
}

#[test]
fn flat_names_are_the_last_segments() {
    let dir = Dir::on_disk();
    let server = mirror();
    let targets = ["/a/one.txt", "/b/two.txt", "/c/", "/", "/d/one.txt?x=1"];
    let urls = targets.map(|target| server.url(target));
    let run = save(&dir, &[], &urls.each_ref().map(String::as_str)).exits(0);
    holds(
        &run,
        dir.path(),
        &[
            ("index-1.html", b"/"),
            ("index.html", b"/c/"),
            ("one-1.txt", b"/d/one.txt?x=1"),
            ("one.txt", b"/a/one.txt"),
            ("two.txt", b"/b/two.txt"),
        ],
    );
    for result in run.results() {
        let path = result["saved"]["path"].as_str().unwrap();
        let (folder, name) = path.rsplit_once('/').unwrap();
        run.check("the folder", folder == dir.path().to_str().unwrap());
        let number = result["index"].as_u64().unwrap();
        let target = targets[usize::try_from(number).unwrap()];
        let is_own = fs::read(dir.path().join(name)).unwrap() == target.as_bytes();
        run.check("its own file", is_own);
        run.check("bytes", result["saved"]["bytes"] == target.len());
        run.check("nothing else", result["saved"]["sha256"].is_null());
        run.check("not resumed", result["saved"]["resumed_from"].is_null());
    }
}

#[test]
fn a_tree_is_as_the_urls_have_it() {
    let dir = Dir::on_disk();
    let server = mirror();
    let host = server.addr().to_string().replace(':', "+");
    let targets = [
        "/a",
        "/a/b",
        "/a/c",
        "/x/y/z.txt?q=1",
        "/x/y/",
        "/x/y/z.txt",
    ];
    let urls = targets.map(|target| server.url(target));
    let urls = urls.each_ref().map(String::as_str);
    let run = save(&dir, &["--names=tree"], &urls).exits(0);
    let files = [
        "a",
        "a-1/b",
        "a-1/c",
        "x/y/z.txt",
        "x/y/index.html",
        "x/y/z-1.txt",
    ];
    let files = files.map(|name| format!("{host}/{name}"));
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .zip(targets)
        .map(|(name, target)| (name.as_str(), target.as_bytes()))
        .collect();
    holds(&run, dir.path(), &files);
    // The same run again finds each file where it was.
    let run = save(&dir, &["--names=tree", "--exists=skip"], &urls).exits(0);
    holds(&run, dir.path(), &files);
    run.check("unchanged", run.summary()["unchanged"] == targets.len());
}

#[test]
fn names_do_not_depend_on_which_body_comes_first() {
    for _ in 0..5 {
        let dir = Dir::on_disk();
        let server = Server::with(|request, reply| {
            // The first is slow: all others have been asked for before it is answered.
            if request.target == "/0/name.txt" {
                while !reply.wait(std::time::Duration::from_millis(1)) && !reply.is_last_of(8) {}
            }
            reply.send(200, "", request.target.as_bytes())
        });
        let targets: Vec<String> = (0..8).map(|n| format!("/{n}/name.txt")).collect();
        let urls: Vec<String> = targets.iter().map(|target| server.url(target)).collect();
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        let run = save(&dir, &["-j8"], &urls).exits(0);
        let files: Vec<String> = (0..8)
            .map(|n| match n {
                0 => "name.txt".to_owned(),
                n => format!("name-{n}.txt"),
            })
            .collect();
        let files: Vec<(&str, &[u8])> = files
            .iter()
            .zip(&targets)
            .map(|(name, target)| (name.as_str(), target.as_bytes()))
            .collect();
        holds(&run, dir.path(), &files);
    }
}

#[test]
fn bytes_are_those_that_were_sent() {
    let server = Server::start();
    let dir = Dir::on_disk();
    for form in ["bytes", "chunked", "close"] {
        for size in [
            0, 1, 16_384, 262_143, 262_144, 262_145, 1_048_577, 3_000_000,
        ] {
            let file = dir.path().join(format!("{form}-{size}"));
            let url = server.url(&format!("/{form}/{size}"));
            let path = file.to_str().unwrap();
            let run = pfetch(&["--format=jsonl", "-o", path, &url]).run().exits(0);
            run.check(path, fs::read(&file).unwrap() == bytes(size));
            run.check(path, run.result()["saved"]["path"] == path);
            run.check(path, run.result()["saved"]["bytes"] == size);
            fs::remove_file(file).unwrap();
            run.check("nothing else", names(dir.path()).is_empty());
        }
    }
}

#[test]
fn compressed_bodies_are_saved_decoded() {
    use std::io::Write;

    let plain = bytes(400_000);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&plain).unwrap();
    let encoded = encoder.finish().unwrap();
    let server = Server::with(move |_, reply| {
        reply.send(200, "Content-Encoding: gzip\r\nETag: \"v1\"\r\n", &encoded)
    });
    let dir = Dir::on_disk();
    let run = save(&dir, &["--compressed"], &[&server.url("/file")]).exits(0);
    holds(&run, dir.path(), &[("file", &plain)]);
    run.check("bytes", run.result()["saved"]["bytes"] == plain.len());
}

/// "hello" as brotli's reference encoder writes it.
const BROTLI_HELLO: [u8; 9] = [0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];

/// Bodies in each coding, and what they are.
fn encoded() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use std::io::Write;

    let level = flate2::Compression::default();
    // Less than is collected before it is written, and more.
    let mut all = vec![("br", BROTLI_HELLO.to_vec(), b"hello".to_vec())];
    for plain in [bytes(3_000), bytes(200_000)] {
        let mut gzip = GzEncoder::new(Vec::new(), level);
        gzip.write_all(&plain).expect("memory takes it");
        all.push((
            "gzip",
            gzip.finish().expect("memory takes it"),
            plain.clone(),
        ));
        let mut zlib = ZlibEncoder::new(Vec::new(), level);
        zlib.write_all(&plain).expect("memory takes it");
        all.push((
            "deflate",
            zlib.finish().expect("memory takes it"),
            plain.clone(),
        ));
        let mut bare = DeflateEncoder::new(Vec::new(), level);
        bare.write_all(&plain).expect("memory takes it");
        all.push((
            "deflate",
            bare.finish().expect("memory takes it"),
            plain.clone(),
        ));
        let zstd = |plain: &[u8]| {
            let mut encoded = vec![0; zstd_safe::compress_bound(plain.len())];
            let length = zstd_safe::compress(&mut encoded[..], plain, 3);
            encoded.truncate(length.expect("there is room for it"));
            encoded
        };
        let nested = zstd(&all[all.len() - 3].1);
        all.push(("gzip, zstd", nested, plain.clone()));
        all.push(("zstd", zstd(&plain), plain));
    }
    all
}

#[test]
fn what_follows_the_end_of_an_encoded_body_is_never_in_its_file() {
    let tails: [(&[u8], bool); 6] = [
        (&[0], true),
        (&[0; 40_000], true),
        (b"\r\n", true),
        (b"Z", false),
        (&[b'Z'; 40_000], false),
        (b"\0\0\0<html>", false),
    ];
    for (coding, body, plain) in encoded() {
        for (tail, is_padding) in tails {
            let what = format!("{coding}, {} and {} bytes more", plain.len(), tail.len());
            let sent = [&body[..], tail].concat();
            let server = Server::with(move |_, reply| {
                reply.send(200, &format!("Content-Encoding: {coding}\r\n"), &sent)
            });
            let dir = Dir::on_disk();
            let url = server.url("/file");
            let run = save(&dir, &["--compressed"], &[&url]);
            if is_padding {
                holds(&run.exits(0), dir.path(), &[("file", &plain)]);
                continue;
            }
            let run = run.exits(1);
            run.check(&what, run.result()["error"]["kind"] == "encoding");
            run.check(&what, run.result()["attempts"] == 1);
            holds(&run, dir.path(), &[]);
            // Nor is it a success where the body is dropped.
            pfetch(&["--compressed", &url]).run().exits(1);
        }
    }
}

#[test]
fn what_is_no_success_leaves_nothing() {
    let server = Server::start();
    for args in [
        &[][..],
        &["--names=tree"],
        &["--content-disposition"],
        &["--fsync"],
    ] {
        let dir = Dir::on_disk();
        let urls = ["/none", "/status/404", "/status/503", "/deep/er/none"];
        let urls = urls.map(|target| server.url(target));
        let run = save(&dir, args, &urls.each_ref().map(String::as_str)).exits(1);
        run.check("nothing at all", names(dir.path()).is_empty());
        for result in run.results() {
            run.check("kind", result["error"]["kind"] == "status");
            run.check("saved", result["saved"].is_null());
        }
    }
}

#[test]
fn a_redirect_that_is_not_followed_is_no_file() {
    let server = Server::start();
    let dir = Dir::on_disk();
    let url = server.url("/redirect/1");
    let run = save(&dir, &["--max-redirects=0"], &[&url]).exits(1);
    run.check("nothing", names(dir.path()).is_empty());
    run.check("kind", run.result()["error"]["kind"] == "redirect");
    run.check("status", run.result()["status"] == 302);
    // Without saving it is an answer like any other.
    let run = pfetch(&["--max-redirects=0", &url]).run();
    run.exits(0);
}

#[test]
fn a_3xx_that_redirects_nowhere_is_saved_as_any_answer_that_is_accepted() {
    let server = Server::with(|request, reply| {
        let (status, location) = request.target[1..].split_once('-').unwrap();
        let headers = match location {
            "to" => "Location: /elsewhere\r\n",
            _ => "",
        };
        let status: u16 = status.parse().unwrap();
        reply.send(status, headers, b"choices")
    });
    let urls = |targets: &[&str]| -> Vec<String> {
        targets.iter().map(|target| server.url(target)).collect()
    };
    // Without a Location.
    let all = urls(&[
        "/300-", "/301-", "/302-", "/303-", "/305-", "/306-", "/307-", "/308-", "/309-", "/399-",
    ]);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    for args in [&[][..], &["--max-redirects=0"]] {
        for url in &all {
            let dir = Dir::on_disk();
            let run = save(&dir, args, &[url]).exits(0);
            let (_, name) = url.rsplit_once('/').unwrap();
            holds(&run, dir.path(), &[(name, b"choices")]);
            let run = pfetch(&[&["--cat"], args, &[url]].concat()).run().exits(0);
            run.check("the output", run.stdout == "choices");
        }
    }
    // Not accepted, it is a failure as before.
    for (args, kind) in [
        ("--accept=200", "status"),
        ("--max-redirects=0", "redirect"),
    ] {
        let dir = Dir::on_disk();
        let path = if kind == "status" { "/302-" } else { "/302-to" };
        let run = save(&dir, &[args], &[&server.url(path)]).exits(1);
        run.check(kind, run.result()["error"]["kind"] == kind);
        run.check("nothing", names(dir.path()).is_empty());
    }
}

#[test]
fn a_3xx_without_a_body_is_no_file() {
    let server = Server::with(|request, reply| {
        let status: u16 = request.target[1..].parse().unwrap();
        reply.send(status, "", b"")
    });
    for status in [300, 302, 305] {
        let dir = Dir::on_disk();
        let url = server.url(&format!("/{status}"));
        let run = save(&dir, &[], &[&url]).exits(1);
        let error = &run.result()["error"];
        run.check("kind", error["kind"] == "status");
        let message = format!("status {status}, which redirects nowhere, has no body to save");
        run.check(&message, error["message"] == message.as_str());
        run.check("nothing", names(dir.path()).is_empty());
    }
}

#[test]
fn a_file_is_named_by_the_url_that_was_given_not_by_where_it_led() {
    // CVE-2010-2251, CVE-2010-2252, CVE-2010-2253: a redirect to /.bashrc or /index.php names nothing.
    let server = Server::with(|request, reply| match request.target.as_str() {
        "/asked" => reply.send(302, "Location: /.bashrc\r\n", b""),
        _ => reply.send(
            200,
            "Content-Disposition: attachment; filename=other\r\n",
            b"text",
        ),
    });
    for args in [&[][..], &["--exists=overwrite"], &["--exists=rename"]] {
        let dir = Dir::on_disk();
        let run = save(&dir, args, &[&server.url("/asked")]).exits(0);
        holds(&run, dir.path(), &[("asked", b"text")]);
    }
}

#[test]
fn one_url_may_go_into_one_file() {
    let server = mirror();
    let dir = Dir::on_disk();
    let url = server.url("/text");
    let run = pfetch(&["-o", "own name", &url])
        .current_dir(dir.path())
        .run();
    let run = run.exits(0).prints("=> own name\n");
    holds(&run, dir.path(), &[("own name", b"/text")]);
    let run = pfetch(&["-o", "new/folder/.name", &url])
        .current_dir(dir.path())
        .run();
    let run = run.exits(0).prints("=> new/folder/.name\n");
    let all: [(&str, &[u8]); 2] = [("own name", b"/text"), ("new/folder/.name", b"/text")];
    holds(&run, dir.path(), &all);
    for (args, why) in [
        (&["-o", "x", &url, &url][..], "-o is for one URL"),
        (&["-o", "x", "-i", "-"], "-o is for one URL"),
        (&["-o", "x/", &url], "-o names a folder"),
        (&["-o", "..", &url], "-o names a folder"),
        (&["-o", "x", "--names=flat", &url], "cannot be used with"),
        (
            &["-o", "x", "--content-disposition", &url],
            "cannot be used with",
        ),
        (&["--names=flat", &url], "--names needs -O or -d DIR"),
        (&["--exists=skip", &url], "add -d DIR or -o FILE"),
    ] {
        let run = pfetch(args)
            .current_dir(dir.path())
            .run()
            .exits(2)
            .says(why);
        let run = run.complains_in_a_line();
        holds(&run, dir.path(), &all);
    }
    assert_eq!(server.requests(), 2);
}

#[test]
fn files_can_be_on_the_disk_for_good_before_they_have_their_names() {
    let server = Server::start();
    let dir = Dir::on_disk();
    let urls = [server.url("/bytes/5"), server.url("/bytes/2000000")];
    let urls = urls.each_ref().map(String::as_str);
    let run = save(&dir, &["--fsync", "--names=tree"], &urls).exits(0);
    let host = server.addr().to_string().replace(':', "+");
    let (small, large) = (format!("{host}/bytes/5"), format!("{host}/bytes/2000000"));
    let files = [(&*small, &*bytes(5)), (&*large, &*bytes(2_000_000))];
    holds(&run, dir.path(), &files);
}

#[test]
fn the_report_names_the_files() {
    let server = mirror();
    let dir = Dir::on_disk();
    let urls = [server.url("/one"), server.url("/two")];
    let run = save_and_tell(&dir, &[], &urls.each_ref().map(String::as_str)).exits(0);
    let folder = dir.path().display();
    let one = format!("/one  => {folder}/one\n");
    let two = format!("/two  => {folder}/two\n");
    run.prints(&one).prints(&two).says_nothing();
}
