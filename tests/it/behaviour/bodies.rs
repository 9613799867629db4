//! `--max-bytes`: how much of a body is taken.

use crate::pfetch::{Dir, Run, json_lines, pfetch};
use crate::raw::Raw;
use crate::server::{Server, bytes};

fn run(args: &[&str], url: &str) -> Run {
    pfetch(&[args, &["--format=jsonl", url]].concat()).run()
}

#[test]
fn a_body_may_have_so_many_bytes_and_no_more() {
    let server = Server::start();
    for form in ["bytes", "chunked", "close"] {
        for (size, option, fits) in [
            (1000, "--max-bytes=1000", true),
            (1001, "--max-bytes=1000", false),
            (1000, "--max-bytes=1K", true),
            (1025, "--max-bytes=1Ki", false),
            (0, "--max-bytes=0", true),
            (1, "--max-bytes=0", false),
            (200_000, "--max-bytes=199999", false),
            (200_000, "--max-bytes=200KB", true),
        ] {
            let what = format!("{form} {size} {option}");
            let url = server.url(&format!("/{form}/{size}"));
            let run = run(&[option], &url).exits(i32::from(!fits));
            let result = run.result();
            if fits {
                run.check(&what, result["bytes"] == size);
            } else {
                run.check(&what, result["error"]["kind"] == "too-large");
                let message = result["error"]["message"].as_str().unwrap_or_default();
                run.check(&what, message.ends_with(" bytes (--max-bytes)"));
                run.check(&what, result["status"] == 200);
            }
            run.check(&what, result["attempts"] == 1);
        }
    }
}

#[test]
fn a_body_without_an_end_is_given_up_at_its_limit() {
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n",
    ] {
        let server = Raw::start(move |mut wire| {
            wire.request();
            wire.send(head)?;
            wire.drip([b'x'; 50_000], std::time::Duration::ZERO)
        });
        let run = run(&["--max-bytes=1M"], &server.url("/")).exits(1);
        let result = run.result();
        run.check(head, result["error"]["kind"] == "too-large");
        // A buffer or two more than the limit, and not all that is sent.
        run.check(head, result["wire_bytes"].as_u64() < Some(2_000_000));
    }
}

#[test]
fn a_stated_length_beyond_the_limit_is_refused_before_the_body_is_read() {
    // Not a byte of the body comes: whoever waits for one stalls.
    let server = Raw::start(|mut wire| {
        wire.request();
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n")?;
        wire.hang()
    });
    let dir = Dir::on_disk();
    let folder = dir.path().to_str().expect("its name is plain");
    let output = format!("{folder}/named");
    for (args, reports_on_stdout) in [
        (&[][..], true),
        (&["-d", folder], true),
        (&["-o", &output], true),
        (&["--cat"], false),
    ] {
        let what = format!("{args:?}");
        let options = ["--max-bytes=1000", json_lines(args), "--stall-timeout=60s"];
        let run = pfetch(&[&options, args, &[&server.url("/file")]].concat());
        let run = run.run().exits(1);
        let message = "the body is to have 1001 bytes, more than 1000 bytes (--max-bytes)";
        if reports_on_stdout {
            let result = run.result();
            run.check(&what, result["error"]["kind"] == "too-large");
            run.check(&what, result["error"]["message"] == message);
            run.check(&what, result["attempts"] == 1);
        } else {
            run.check(&what, run.stdout.is_empty());
            run.says("too-large").says(message);
        }
    }
    let left = std::fs::read_dir(dir.path()).expect("it is there").count();
    assert_eq!(left, 0, "nothing is begun");
    let url = server.url("/file");
    run(&["--max-bytes=1000", "--max-failures=1"], &url).exits(0);
}

#[test]
fn the_limit_is_for_bodies_and_for_each_url_alone() {
    let server = Server::start();
    // No body comes with a HEAD, whatever its header says.
    run(&["-I", "--max-bytes=10"], &server.url("/bytes/50")).exits(0);
    // A redirect's own body does not count.
    let redirect = Server::with(|request, reply| match request.target.as_str() {
        "/" => reply.send(302, "Location: /to\r\n", &bytes(500)),
        _ => reply.send(200, "", b"ten bytes."),
    });
    run(&["--max-bytes=10"], &redirect.url("/")).exits(0);
    let (a, b) = (server.url("/bytes/11"), server.url("/bytes/10"));
    let args = ["-j1", "--max-bytes=10", "--format=jsonl", &a, &b];
    let run = pfetch(&args).run().exits(1);
    let outcomes: Vec<_> = run.results();
    run.check("too large", outcomes[0]["error"]["kind"] == "too-large");
    run.check("fits", outcomes[1]["bytes"] == 10);
}
