//! `--compressed`: which content codings of a body are undone.

use super::encoders::{BROTLI_HELLO, answering, bare_deflate, gzip, zlib, zstd};
use crate::pfetch::{Run, pfetch};
use crate::raw::Raw;
use crate::server::{Server, bytes};

fn run(args: &[&str], url: &str) -> Run {
    pfetch(&[args, &["--format=jsonl", url]].concat()).run()
}

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
