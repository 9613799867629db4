//! A URL that never answers, beside one that is asked to wait: each fails as what it is.

use crate::pfetch::pfetch;
use crate::raw::{Raw, Wire};

/// `/hang` gets no answer, `/busy` a 429 that asks for a wait of a second, and all else 200.
fn server() -> Raw {
    Raw::start(|mut wire: Wire<'_>| {
        while let Some(path) = wire.request() {
            match path.as_str() {
                "/hang" => return wire.hang(),
                "/busy" => wire.send(
                    "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
                )?,
                _ => wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?,
            }
        }
        Ok(())
    })
}

#[test]
fn a_url_that_times_out_beside_one_that_is_asked_to_wait_fails_as_timed_out_after_its_own_tries() {
    for options in [&["--no-adapt"][..], &[]] {
        let server = server();
        let urls = [server.url("/hang"), server.url("/busy")];
        let fixed = ["--timeout=2s", "--retry=1", "--format=jsonl"];
        let args = [options, &fixed, &[&urls[0], &urls[1]]].concat();
        let run = pfetch(&args).run().exits(1);
        let hanging = run.results().into_iter().find(|one| one["url"] == urls[0]);
        let hanging = hanging.unwrap_or_default();
        run.check("its kind", hanging["error"]["kind"] == "timeout");
        run.check("its attempts", hanging["attempts"] == 2);
        run.check(
            "no push-back",
            hanging["pushed_back"].as_u64().unwrap_or(0) == 0,
        );
        let busy = run.results().into_iter().find(|one| one["url"] == urls[1]);
        let busy = busy.unwrap_or_default();
        run.check(
            "429",
            busy["status"] == 429 && busy["error"]["kind"] == "status",
        );
        if !options.is_empty() {
            run.check("two attempts", busy["attempts"] == 2);
            let asked = server.requests();
            let asked = asked.iter().filter(|path| *path == "/busy").count();
            run.check(&format!("asked {asked} times"), asked == 2);
        }
    }
}

#[test]
fn no_other_url_of_the_server_is_given_up_for_one_that_hangs() {
    for options in [&["--no-adapt", "-j1"][..], &["-j6"]] {
        let server = server();
        let bad = ["/hang", "/busy"].map(|path| server.url(path));
        let good = (0..100).map(|number| server.url(&format!("/{number}")));
        let list: String = bad.into_iter().chain(good).map(|url| url + "\n").collect();
        let fixed = [
            "--timeout=2s",
            "--retry=2",
            "--give-up=1s",
            "--format=jsonl",
            "-",
        ];
        let run = pfetch(&[options, &fixed].concat()).stdin(&list).run();
        let run = run.exits(1);
        run.check("all good ones", run.summary()["ok"] == 100);
        let results = run.results();
        let given_up = results
            .iter()
            .filter(|one| one["error"]["kind"] == "given-up");
        run.check("none is given up", given_up.count() == 0);
    }
}
