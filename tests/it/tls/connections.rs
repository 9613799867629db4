//! What goes over a TLS connection once it stands, how it ends, and what a later one gains from it.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc;

use ::pfetch::http::{FetchConfig, Fetcher, TlsConfig};
use ::pfetch::model::target::{DefaultScheme, Location, Target, Verb};
use ::pfetch::model::timing::Phase;
use ::pfetch::pool::StopToken;

use crate::raw::Raw;
use crate::secure::{head, say, secure};
use crate::tls::support::{OK, Trust, error, https};

/// A server that sends this to each request and then ends the connection, by the book or not.
fn ending(trust: &Trust, text: &'static str, by_the_book: bool) -> Raw {
    let config = trust.server_config();
    Raw::start(move |wire| {
        let mut line = secure(&config, wire)?;
        if head(&mut line).is_some() {
            say(&mut line, text)?;
            if by_the_book {
                line.close()?;
            }
        }
        Ok(())
    })
}

#[test]
fn a_body_that_only_the_end_delimits_needs_an_end_that_nobody_else_can_make() {
    let trust = Trust::new();
    let text = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc";
    let server = ending(&trust, text, true);
    let run = trust.pfetch(&[&https(&server)]).run().exits(0);
    run.check("three bytes", run.result()["bytes"] == 3);

    let server = ending(&trust, text, false);
    let run = trust.pfetch(&[&https(&server)]).run().exits(1);
    let expected = "the server closed the connection in the body, after 3 bytes";
    assert_eq!(error(&run.result()), ["closed", "receive", expected]);
}

#[test]
fn a_body_with_a_length_or_in_chunks_needs_no_farewell() {
    let trust = Trust::new();
    for text in [
        OK,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ] {
        for by_the_book in [true, false] {
            let server = ending(&trust, text, by_the_book);
            let url = https(&server);
            let run = trust.pfetch(&[&url, &url, &url]).run().exits(0);
            let results = run.results();
            run.check("three results", results.len() == 3);
            for result in results {
                run.check("two bytes", result["bytes"] == 2);
            }
        }
    }
}

#[test]
fn a_body_cut_short_is_a_failure_however_it_is_cut() {
    let trust = Trust::new();
    for by_the_book in [true, false] {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc";
        let server = ending(&trust, text, by_the_book);
        let run = trust.pfetch(&[&https(&server)]).run().exits(1);
        let expected = "the server closed the connection in the body, after 3 bytes";
        assert_eq!(error(&run.result()), ["closed", "receive", expected]);
    }
}

#[test]
fn what_comes_unasked_with_an_answer_is_not_the_next_answer() {
    let trust = Trust::new();
    let config = trust.server_config();
    let server = Raw::start(move |wire| {
        let mut line = secure(&config, wire)?;
        while head(&mut line).is_some() {
            // Two records in one write: what comes later nobody could know of in time.
            let evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
            line.0.conn.writer().write_all(OK.as_bytes())?;
            line.0.conn.writer().write_all(evil)?;
            let mut together = Vec::new();
            while line.0.conn.wants_write() {
                line.0.conn.write_tls(&mut together)?;
            }
            line.0.sock.write_all(&together)?;
        }
        Ok(())
    });
    let url = https(&server);
    let run = trust.pfetch(&[&url, &url, &url]).run().exits(0);
    for result in run.results() {
        run.check("the answer", result["bytes"] == 2);
    }
}

#[test]
fn records_of_any_size_make_up_a_body() {
    let trust = Trust::new();
    let config = trust.server_config();
    let server = Raw::start(move |wire| {
        let mut line = secure(&config, wire)?;
        while head(&mut line).is_some() {
            say(
                &mut line,
                "HTTP/1.1 200 OK\r\nContent-Length: 301000\r\n\r\n",
            )?;
            for _ in 0..1000 {
                say(&mut line, "x")?;
            }
            say(&mut line, &"y".repeat(300_000))?;
        }
        Ok(())
    });
    let url = https(&server);
    let run = trust.pfetch(&[&url, &url]).run().exits(0);
    for result in run.results() {
        run.check("all of it", result["bytes"] == 301_000);
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn all_workers_share_one_set_up_and_resume_each_others_sessions() {
    let trust = Trust::new();
    let config = trust.server_config();
    let (seen, resumed) = mpsc::channel();
    let seen = Mutex::new(seen);
    let server = Raw::start(move |wire| {
        let mut line = secure(&config, wire)?;
        if head(&mut line).is_some() {
            let seen = seen.lock().expect("nobody panics with it");
            seen.send(line.is_resumed()).expect("the test listens");
            say(&mut line, OK)?;
        }
        line.close()
    });
    let tls = TlsConfig::default().roots_from(Path::new(&trust.cacert));
    let fetcher = Fetcher::new(
        FetchConfig {
            tls: tls.expect("the file is in order").0,
            ..FetchConfig::default()
        },
        StopToken::new(),
        None,
    );
    let location = Location::parse(&https(&server), DefaultScheme::Http);
    let target = Target {
        index: 0,
        location: location.expect("it is a URL"),
        verb: Verb::Get,
        headers: None,
        output: None,
        sha256: None,
        meta: None,
    };
    for worker in 0..3 {
        let outcome = Arc::clone(&fetcher)
            .client(worker)
            .fetch(&target, Verb::Get);
        assert_eq!(outcome.bytes, 2, "{outcome:#?}");
        assert!(
            outcome.last.timing.phase(Phase::Ssl).is_some(),
            "{outcome:#?}"
        );
    }
    let resumed: Vec<bool> = resumed.try_iter().collect();
    assert_eq!(resumed, [false, true, true]);
}

#[test]
fn bytes_under_a_limit_on_the_rate_come_whole_and_no_sooner() {
    let trust = Trust::new();
    let config = trust.server_config();
    let body = "x".repeat(30_000);
    let server = Raw::start(move |wire| {
        let mut line = secure(&config, wire)?;
        while head(&mut line).is_some() {
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            say(&mut line, &(answer + &body))?;
        }
        Ok(())
    });
    let url = https(&server);
    let run = trust
        .pfetch(&["--limit-rate=50K", &url, &url])
        .run()
        .exits(0);
    let results = run.results();
    for result in &results {
        assert_eq!(result["bytes"], 30_000, "{result:#}");
        // Less what may come at once.
        let receive = result["timing"]["receive"].as_f64();
        assert!(receive >= Some(0.5), "{result:#}");
    }
    run.check("over one connection", server.connections() == 1);
}
