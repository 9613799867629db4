//! `--compressed`: which content codings of a body are undone, and what is said of those that are not.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use crate::pfetch::{Dir, Run, pfetch};
use crate::raw::Raw;
use crate::server::{Server, bytes};

fn run(args: &[&str], url: &str) -> Run {
    pfetch(&[args, &["--format=jsonl", url]].concat()).run()
}

/// A connection that gives this answer to each request.
fn answering(head: &str, body: &[u8]) -> Raw {
    let answer = [head.as_bytes(), b"\r\n", body].concat();
    Raw::start(move |mut wire| {
        while wire.request().is_some() {
            wire.send(&answer)?;
        }
        Ok(())
    })
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn bare_deflate(plain: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// A frame that states its size and its checksum.
fn zstd(plain: &[u8]) -> Vec<u8> {
    let mut context = zstd_safe::CCtx::create();
    let checksum = zstd_safe::CParameter::ChecksumFlag(true);
    context
        .set_parameter(checksum)
        .expect("there is such a flag");
    let mut encoded = vec![0; zstd_safe::compress_bound(plain.len())];
    let length = context.compress2(&mut encoded[..], plain);
    encoded.truncate(length.expect("there is room for it"));
    encoded
}

/// "hello" as the reference encoder writes it.
const BROTLI_HELLO: [u8; 9] = [0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];

/// The codings, and each time a body of that many bytes.
fn encoded() -> Vec<(&'static str, Vec<u8>, usize)> {
    let plain = bytes(100_000);
    vec![
        ("gzip", gzip(&plain), 100_000),
        ("x-gzip", gzip(&plain), 100_000),
        ("GZIP", [gzip(&plain), gzip(&plain)].concat(), 200_000),
        ("deflate", zlib(&plain), 100_000),
        ("deflate", bare_deflate(&plain), 100_000),
        ("br", BROTLI_HELLO.to_vec(), 5),
        ("zstd", zstd(&plain), 100_000),
        // RFC 8878, 3: frames that follow one another are one content.
        ("zstd", [zstd(&plain), zstd(b"more")].concat(), 100_004),
        // A skippable frame belongs to nobody.
        (
            "zstd",
            [
                &[0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7][..],
                &zstd(b"more"),
            ]
            .concat(),
            4,
        ),
        ("gzip, zstd", zstd(&gzip(&plain)), 100_000),
        (
            "br\r\nContent-Encoding: zstd, gzip",
            gzip(&zstd(&BROTLI_HELLO)),
            5,
        ),
        (
            "gzip, gzip\r\nContent-Encoding: x-gzip, gzip, gzip",
            (0..5).fold(plain.clone(), |body, _| gzip(&body)),
            100_000,
        ),
        ("aws-chunked, gzip", gzip(&plain), 100_000),
        ("identity", plain.clone(), 100_000),
        ("gzip", Vec::new(), 0),
    ]
}

fn chunks(body: &[u8]) -> Vec<u8> {
    let mut chunks = Vec::new();
    for chunk in body.chunks(1000) {
        chunks.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunks.extend_from_slice(chunk);
        chunks.extend_from_slice(b"\r\n");
    }
    chunks.extend_from_slice(b"0\r\n\r\n");
    chunks
}

#[test]
fn encodings_are_asked_for_when_they_are_wanted() {
    for (args, accepted) in [
        (&[][..], "identity"),
        (&["--compressed"], "gzip, deflate, br, zstd"),
    ] {
        let server = Server::with(move |request, reply| {
            let is_right = request.header("accept-encoding") == Some(accepted);
            reply.send(if is_right { 200 } else { 400 }, "", b"")
        });
        run(args, &server.url("/")).exits(0);
    }
}

#[test]
fn encoded_bodies_are_decoded_and_counted_and_their_connection_is_kept() {
    for (coding, body, plain) in encoded() {
        for chunked in [false, true] {
            let (form, sent) = match chunked {
                true => ("Transfer-Encoding: chunked".to_owned(), chunks(&body)),
                false => (format!("Content-Length: {}", body.len()), body.clone()),
            };
            let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n{form}\r\n");
            let server = answering(&head, &sent);
            let what = format!("{coding}, {plain} bytes, chunked: {chunked}");
            let urls = [server.url("/0"), server.url("/1"), server.url("/2")];
            let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
            let options = ["--compressed", "-j1", "--format=jsonl"];
            let run = pfetch(&[&options[..], &urls].concat()).run().exits(0);
            for result in run.results() {
                run.check(&what, result["bytes"] == plain);
                let wire = result["wire_bytes"].as_u64();
                run.check(&what, wire >= Some(body.len() as u64));
            }
            run.check(&what, server.connections() == 1);
        }
    }
}

#[test]
fn without_compressed_a_body_is_taken_as_it_is() {
    for (coding, body, _) in encoded() {
        let (sent, length) = (body.clone(), body.len());
        let server = Server::with(
            move |request, reply| match request.header("accept-encoding") {
                Some("identity") => {
                    reply.send(200, &format!("Content-Encoding: {coding}\r\n"), &sent)
                }
                _ => reply.send(400, "", b""),
            },
        );
        let run = run(&[], &server.url("/")).exits(0);
        run.check(coding, run.result()["bytes"] == length);
    }
}

#[test]
fn bodies_that_are_not_what_they_say_are_failures() {
    let whole = gzip(&bytes(100_000));
    let cut = &whole[..whole.len() - 9];
    let mut damaged = whole.clone();
    let last = damaged.len() - 6;
    damaged[last] ^= 1;
    let mut damaged_zstd = zstd(&bytes(100_000));
    let last = damaged_zstd.len() - 1;
    damaged_zstd[last] ^= 1;
    for (what, coding, body) in [
        ("not gzip", "gzip", &b"<html>plain</html>"[..]),
        ("another coding", "gzip", &zlib(b"hello hello")),
        ("another coding", "zstd", &whole),
        ("not deflate", "deflate", b"<html>plain</html>"),
        ("not brotli", "br", b"<html>plain</html>"),
        ("not zstd", "zstd", b"<html>plain</html>"),
        ("cut off", "gzip", cut),
        ("cut off in its header", "gzip", &whole[..5]),
        ("damaged", "gzip", &damaged),
        ("damaged", "zstd", &damaged_zstd),
        ("cut off", "zstd", &zstd(&bytes(100_000))[..20]),
        ("cut off", "br", &BROTLI_HELLO[..6]),
        ("cut off", "deflate", &zlib(&bytes(10_000))[..50]),
        // Its header states six bytes; it has five.
        (
            "of another size",
            "zstd",
            b"\x28\xb5\x2f\xfd\x20\x06\x29\0\0hello",
        ),
    ] {
        let what = format!("{what}: {coding}");
        let body = body.to_vec();
        let server = Server::with(move |_, reply| {
            reply.send(200, &format!("Content-Encoding: {coding}\r\n"), &body)
        });
        let run = run(&["--compressed"], &server.url("/")).exits(1);
        let error = &run.result()["error"];
        run.check(&what, error["kind"] == "encoding");
        let message = error["message"].as_str().unwrap_or_default();
        run.check(&what, message.starts_with("the body is not valid "));
    }
}

#[test]
fn an_encoded_body_that_is_cut_off_by_its_connection_is_truncated_not_damaged() {
    let whole = gzip(&bytes(100_000));
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        whole.len()
    );
    let half = [head.as_bytes(), &whole[..whole.len() / 2]].concat();
    let server = Raw::start(move |mut wire| {
        wire.request();
        wire.send(&half)
    });
    let run = run(&["--compressed", "--retry=0"], &server.url("/")).exits(1);
    run.check("kind", run.result()["error"]["kind"] == "closed");
}

#[test]
fn codings_that_cannot_be_decoded_are_named() {
    for (header, named) in [
        ("compress", "compress"),
        ("gzip, x-compress", "x-compress"),
        ("dcb\r\nContent-Encoding: gzip", "dcb"),
        ("gzip, gzip, gzip, gzip, gzip, gzip", "more than 5 times"),
    ] {
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Encoding: {header}\r\nContent-Length: 4\r\n");
        let server = answering(&head, b"body");
        let run = run(&["--compressed"], &server.url("/")).exits(1);
        let error = &run.result()["error"];
        run.check(header, error["kind"] == "encoding");
        let message = error["message"].as_str().unwrap_or_default();
        run.check(
            header,
            message.contains(named) && message.contains("--compressed"),
        );
        self::run(&[], &server.url("/")).exits(0);
        // With a HEAD there is nothing to decode.
        let head_only =
            Server::with(|_, reply| reply.send(200, "Content-Encoding: compress\r\n", b"body"));
        self::run(&["-I", "--compressed"], &head_only.url("/")).exits(0);
    }
}

#[test]
fn a_bomb_is_refused() {
    // A terabyte, were it not refused: the same 10 MB again and again, each member 10 kB.
    let member = gzip(&vec![0; 10_000_000]);
    let ratio = 10_000_000 / member.len();
    assert!(ratio > 900, "{ratio}");
    let server = Raw::start(move |mut wire| {
        wire.request();
        wire.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")?;
        wire.drip(&member, std::time::Duration::ZERO)
    });
    let run = run(&["--compressed"], &server.url("/")).exits(1);
    let result = run.result();
    run.check("kind", result["error"]["kind"] == "encoding");
    let message = result["error"]["message"].as_str().unwrap_or_default();
    run.check("message", message.contains("refused as a bomb"));
    run.check("attempts", result["attempts"] == 1);
}

#[test]
fn a_limit_on_bytes_takes_the_place_of_the_ratio() {
    let body = gzip(&vec![0; 10_000_000]);
    let server = Server::with(move |_, reply| reply.send(200, "Content-Encoding: gzip\r\n", &body));
    let url = server.url("/");
    let refused = run(&["--compressed"], &url).exits(1);
    let message = refused.result()["error"]["message"].clone();
    let message = message.as_str().unwrap_or_default();
    refused.check("what to do", message.contains("--max-bytes"));
    let taken = run(&["--compressed", "--max-bytes=10M"], &url).exits(0);
    taken.check("all of it", taken.result()["bytes"] == 10_000_000);
    let too_large = run(&["--compressed", "--max-bytes=9999999"], &url).exits(1);
    too_large.check("kind", too_large.result()["error"]["kind"] == "too-large");
}

#[test]
fn the_limit_on_bytes_is_on_decoded_ones() {
    let server = Server::with(|_, reply| {
        reply.send(200, "Content-Encoding: gzip\r\n", &gzip(&vec![0; 100_000]))
    });
    let url = server.url("/");
    run(&["--compressed", "--max-bytes=100000"], &url).exits(0);
    let run = run(&["--compressed", "--max-bytes=99999"], &url).exits(1);
    run.check("kind", run.result()["error"]["kind"] == "too-large");
}

#[test]
fn the_limit_on_bytes_is_on_encoded_ones_too_so_that_nothing_goes_on_for_ever() {
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 0xe8, 3, 0, 0][..], &[7; 1000]].concat();
    for (what, coding, first, again) in [
        ("empty members", "gzip", vec![], gzip(b"")),
        ("padding", "gzip", gzip(b"hello"), vec![0]),
        // Stored blocks without content.
        (
            "empty blocks",
            "deflate",
            vec![0x78, 0x9c],
            vec![0, 0, 0, 0xff, 0xff],
        ),
        ("empty blocks", "deflate", vec![], vec![0, 0, 0, 0xff, 0xff]),
        ("padding", "deflate", zlib(b"hello"), vec![0]),
        // Metadata blocks without any.
        ("empty blocks", "br", vec![0x0c], vec![0x06]),
        ("padding", "br", BROTLI_HELLO.to_vec(), vec![0]),
        ("empty frames", "zstd", vec![], zstd(b"")),
        ("frames to be skipped", "zstd", vec![], skippable),
        ("padding", "zstd", zstd(b"hello"), vec![0]),
    ] {
        let what = format!("{what} of {coding}");
        let server = Raw::start(move |mut wire| {
            wire.request();
            wire.send(format!(
                "HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n\r\n"
            ))?;
            wire.send(&first)?;
            let many = again.repeat(20_000 / again.len() + 1);
            wire.drip(many, std::time::Duration::ZERO)
        });
        let run = run(&["--compressed", "--max-bytes=300K"], &server.url("/")).exits(1);
        let result = run.result();
        run.check(&what, result["error"]["kind"] == "too-large");
        run.check(&what, result["attempts"] == 1);
        // A buffer or two more than the limit, and not all that is sent.
        run.check(&what, result["wire_bytes"].as_u64() < Some(1_000_000));
    }
}

#[test]
fn the_stated_length_of_an_encoded_body_is_held_against_the_limit_too() {
    let body = gzip(&[0; 1000]);
    let stated = format!("{} bytes", body.len());
    let server = Server::with(move |_, reply| reply.send(200, "Content-Encoding: gzip\r\n", &body));
    for options in [&["--compressed", "--max-bytes=20"][..], &["--max-bytes=20"]] {
        let run = run(options, &server.url("/")).exits(1);
        run.check("kind", run.result()["error"]["kind"] == "too-large");
        run.check("before it is read", run.stdout.contains(&stated));
    }
    run(&["--compressed", "--max-bytes=1K"], &server.url("/")).exits(0);
}

/// The notices of the only result.
fn notices(run: &Run) -> Vec<String> {
    let result = run.result();
    let notices = result["notices"].as_array().cloned().unwrap_or_default();
    let texts = notices.iter().map(|text| text.as_str().unwrap_or_default());
    texts.map(str::to_owned).collect()
}

#[test]
fn names_that_are_no_coding_are_none_and_the_result_says_so() {
    for (name, told) in [
        ("none", Some("none")),
        ("UTF-8", Some("UTF-8")),
        ("aws-chunked", Some("aws-chunked")),
        ("binary, text/html", Some("binary, text/html")),
        ("none\r\nContent-Encoding: \"gzip\"", Some("none, \"gzip\"")),
        ("identity", None),
        ("", None),
        (", ,", None),
    ] {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {name}\r\nContent-Length: 4\r\n");
        let server = answering(&head, b"body");
        let run = run(&["--compressed"], &server.url("/")).exits(0);
        run.check(name, run.result()["bytes"] == 4);
        let expected =
            told.map(|name| format!("Content-Encoding: {name} is no coding, and counts as none"));
        run.check(name, notices(&run) == Vec::from_iter(expected.clone()));
        let plain = pfetch(&["--compressed", "-v", &server.url("/")])
            .run()
            .exits(0);
        for output in [&plain.stdout, &plain.stderr] {
            let is_said = output.contains("is no coding");
            plain.check("for people, and with -v", is_said == expected.is_some());
        }
        plain.shows_plain_text();
    }
}

#[test]
fn a_status_that_is_not_accepted_is_the_failure_whatever_its_body_is_encoded_as() {
    let server = Server::with(|_, reply| reply.send(404, "Content-Encoding: compress\r\n", b"no"));
    let run = run(&["--compressed"], &server.url("/")).exits(1);
    run.check("status", run.result()["error"]["kind"] == "status");
}

/// The one file in this directory, and its content.
fn only_file(dir: &Path) -> (String, Vec<u8>) {
    let mut entries = fs::read_dir(dir).expect("it is there");
    let entry = entries
        .next()
        .expect("there is a file")
        .expect("it can be read");
    assert!(entries.next().is_none(), "there is only one file");
    let name = entry.file_name().into_string().expect("its name is plain");
    (name, fs::read(entry.path()).expect("it can be read"))
}

#[test]
fn a_file_whose_name_says_that_it_is_packed_stays_packed() {
    let plain = bytes(100_000);
    let gz = gzip(&plain);
    for (path, coding, sent, kept, told) in [
        ("/a.tar.gz", "gzip", &gz, &gz, true),
        ("/a.TGZ", "x-gzip", &gz, &gz, true),
        ("/a.svgz", "gzip", &gz, &gz, true),
        ("/a.zst", "zstd", &zstd(&plain), &zstd(&plain), true),
        (
            "/a.br",
            "br",
            &BROTLI_HELLO.to_vec(),
            &BROTLI_HELLO.to_vec(),
            true,
        ),
        ("/a.gz?v=1.txt", "gzip", &gz, &gz, true),
        // The coding on top was added on the way.
        ("/a.gz", "gzip, zstd", &zstd(&gz), &gz, true),
        ("/a.gz", "zstd", &zstd(&gz), &gz, false),
        ("/a.txt", "gzip", &gz, &plain, false),
        ("/a.zip", "gzip", &gz, &plain, false),
        ("/gz", "gzip", &gz, &plain, false),
    ] {
        let what = format!("{path} {coding}");
        let (sent, kept) = (sent.clone(), kept.clone());
        let server = Server::with(move |_, reply| {
            reply.send(200, &format!("Content-Encoding: {coding}\r\n"), &sent)
        });
        let dir = Dir::on_disk();
        let folder = dir.path().to_str().expect("its name is plain");
        let run = run(&["--compressed", "-d", folder], &server.url(path)).exits(0);
        run.check(&what, only_file(dir.path()).1 == kept);
        run.check(&what, run.result()["bytes"] == kept.len());
        let is_told = notices(&run)
            .iter()
            .any(|notice| notice.contains("kept packed"));
        run.check(&what, is_told == told);
    }
}

#[test]
fn it_is_the_name_of_the_file_that_says_it_and_not_that_of_the_url() {
    let plain = bytes(100_000);
    let gz = gzip(&plain);
    let headers =
        "Content-Encoding: gzip\r\nContent-Disposition: attachment; filename=\"b.tar.gz\"\r\n";
    let sent = gz.clone();
    let server = Server::with(move |_, reply| reply.send(200, headers, &sent));
    for (path, options, name, content) in [
        ("/a.txt", &["--content-disposition"][..], "b.tar.gz", &gz),
        ("/a.txt", &[], "a.txt", &plain),
        ("/a.gz", &[], "a.gz", &gz),
    ] {
        let dir = Dir::on_disk();
        let folder = dir.path().to_str().expect("its name is plain");
        let args = [&["--compressed", "-d", folder], options].concat();
        let run = run(&args, &server.url(path)).exits(0);
        let file = only_file(dir.path());
        run.check(path, file.0 == name && file.1 == *content);
    }
    for (name, content) in [("c.gz", &gz), ("c", &plain)] {
        let dir = Dir::on_disk();
        let file = dir.path().join(name);
        let file = file.to_str().expect("its name is plain");
        let run = run(&["--compressed", "-o", file], &server.url("/a.gz")).exits(0);
        run.check(name, only_file(dir.path()).1 == *content);
    }
    // Bytes that become no file have no name.
    let run = run(&["--compressed"], &server.url("/a.gz")).exits(0);
    run.check("counted", run.result()["bytes"] == plain.len());
}

#[test]
fn a_body_that_is_encoded_though_nobody_asked_is_kept_and_told() {
    let gz = gzip(&bytes(100_000));
    let sent = gz.clone();
    let server = Server::with(move |_, reply| reply.send(200, "Content-Encoding: gzip\r\n", &sent));
    for (path, options, told) in [
        ("/page.html", &[][..], true),
        ("/page.html.gz", &[], false),
        ("/page.html", &["-HAccept-Encoding: gzip"], false),
    ] {
        let dir = Dir::on_disk();
        let folder = dir.path().to_str().expect("its name is plain");
        let args = [&["-d", folder], options].concat();
        let run = run(&args, &server.url(path)).exits(0);
        run.check(path, only_file(dir.path()).1 == gz);
        let expected =
            "kept as sent, in a coding that was not asked for (gzip); --compressed decodes";
        let expected = told.then(|| expected.to_owned());
        run.check(path, notices(&run) == Vec::from_iter(expected));
    }
    let cat = pfetch(&["--cat", &server.url("/page.html")]);
    // Its bytes are no text.
    let cat = cat.stdout(std::process::Stdio::null()).run().exits(0);
    cat.says("a coding that was not asked for (gzip)");
    // Nothing is kept of bytes that are only counted.
    let counted = run(&[], &server.url("/page.html")).exits(0);
    counted.check("nothing to say", notices(&counted).is_empty());
}
