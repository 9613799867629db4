//! What users of other programs type out of habit: it works, or the message says what to write instead.

use crate::pfetch::{Dir, Pfetch, pfetch};
use crate::server::Server;

/// Command lines that do here what they do there, each with what it needs of the help. `URL` is a page of
/// the test's server.
const WORKING: &[&str] = &[
    // curl
    "-L URL",
    "--location URL",
    "-fsSL URL",
    "-fsSLO URL",
    "-sSLO URL -j 2",
    "-sS --fail-with-body --show-error URL",
    "-Z URL URL",
    "--parallel --parallel-immediate --parallel-max 4 URL",
    "-O URL",
    "--remote-name-all URL",
    "-OJ URL",
    "-O --output-dir out URL",
    "--output-dir out -O URL",
    "--create-dirs -o new/dir/file URL",
    "-R -O URL",
    "--remote-time URL",
    "-g URL",
    "--globoff URL",
    "-# URL",
    "--no-progress-meter URL",
    "--silent URL",
    "-m 50 URL",
    "-m50 URL",
    "--max-time 50 URL",
    "--max-time=2.5 URL",
    "--connect-timeout 5 URL",
    "--retry 3 --retry-delay 1 --retry-connrefused URL",
    "--max-redirs 5 -L URL",
    "--max-filesize 10M URL",
    "-X GET URL",
    "-XGET URL",
    "-X HEAD URL",
    "--request GET URL",
    "-e http://referer.example/ URL",
    "--referer http://referer.example/ URL",
    "-b session=1 URL",
    "--cookie a=b URL",
    "--oauth2-bearer token URL",
    "-u name:password --basic URL",
    "-A agent -H X:y -k --compressed URL",
    "--url URL",
    "-o /dev/null URL",
    "--tlsv1.2 --http1.1 URL",
    "--proto =http,https URL",
    "--ca-native --tcp-nodelay URL",
    "--clobber -o clobbered URL",
    "--skip-existing -o skipped URL",
    "--xattr --remove-on-error URL",
    "--no-remote-time -O URL",
    "-n URL",
    "--netrc-optional URL",
    "--fail-early URL",
    "-w %{http_code} URL",
    // wget and wget2
    "-q URL",
    "-nv URL",
    "-P out URL",
    "--directory-prefix=out URL",
    "-nc -P out URL",
    "--no-clobber -O URL",
    "--spider URL",
    "--no-check-certificate URL",
    "--check-certificate=false URL",
    "--waitretry=1 URL",
    "--max-redirect=3 URL",
    "--read-timeout=20 URL",
    "-i list",
    "--input-file=list",
    "--max-threads=3 URL",
    "--no-cache URL",
    "--no-cookies --no-hsts --no-config URL",
    "--inet4-only URL",
    "--compression=auto URL",
    "--no-use-server-timestamps -P out URL",
    "--progress=never --no-verbose URL",
    "--method=HEAD URL",
    // aria2c
    "--dir=out URL",
    "--out=named URL",
    "--max-concurrent-downloads=4 URL",
    "-j4 URL",
    "--disable-ipv6=true URL",
    "--remote-time=true URL",
    "--file-allocation=true URL",
    "--retry-wait=1 URL",
    "--max-overall-download-limit=100M URL",
    "--max-download-limit=100M URL",
    "--stop=50 URL",
    // hyperfine
    "--compare --warmup 0 --runs 1 --export-json j.json URL",
    "--export-csv f.csv URL",
    "--export-markdown f.md URL",
    // oha, ab, wrk, hey, k6
    "--no-tui URL",
    "--no-color URL",
    "--disable-color URL",
    "--disable-compression URL",
    "-disable-compression URL",
    "--urls-from-file list",
    "--connections 3 URL",
    "--threads 3 URL",
    "--latency URL",
    "--vus 3 URL",
    "--insecure-skip-tls-verify --discard-response-bodies URL",
    "--assert avg<50s --assert errors<1% --assert max<50s URL",
    "--summary-export s.json URL",
    "-disable-redirects URL",
    // lychee
    "--accept 2xx URL",
    "--accept 2xx,404 URL",
    "--max-concurrency 4 URL",
    "--max-retries 2 --retry-wait-time 1 URL",
    "--no-progress URL",
    "--host-concurrency 2 URL",
    "--files-from list",
    // xargs and parallel
    "--max-procs 3 URL",
    "--jobs 3 URL",
    "--keep-order URL",
    "--retries 3 URL",
    "--bar URL",
    "--tag --line-buffer URL",
    // Given twice: the last counts.
    "-j 4 -j 2 URL",
    "-vv URL",
    "-qq URL",
    "--color never --color always URL",
    "--export f.markdown URL",
    "--export xml=f.xml URL",
];

/// Options that working lines stand for and that may not be there yet: then the lines are left out.
const NEEDED: &[(&str, &str)] = &[
    ("-n URL", "--netrc "),
    ("--netrc-optional", "--netrc "),
    ("--fail-early", "--fail-fast"),
    ("-download-limit", "--limit-rate"),
    ("-w %{", "TEMPLATE"),
];

/// Command lines with which nothing is fetched, and what the message has to say.
const HINTED: &[(&str, &str)] = &[
    // curl
    ("-X POST URL", "only asks"),
    ("-XPUT URL", "only asks"),
    ("--request DELETE URL", "only asks"),
    ("--data a=b URL", "sends no data"),
    ("--data-raw x URL", "sends no data"),
    ("--data-binary @f URL", "sends no data"),
    ("--data-urlencode a=b URL", "sends no data"),
    ("--json {} URL", "sends no data"),
    ("-F a=b URL", "sends no data"),
    ("--form a=b URL", "sends no data"),
    ("-T file URL", "sends no data"),
    ("--upload-file file URL", "sends no data"),
    ("-d a=b URL", "sends no data"),
    ("-d {\"a\":1} URL", "sends no data"),
    ("-d @file URL", "sends no data"),
    ("-d URL URL", "-d takes a folder first"),
    ("-o URL URL", "-o takes a file first"),
    ("-i URL", "-v shows headers"),
    ("--log URL URL", "--log takes a file"),
    ("-u URL URL", "-u takes NAME:PASSWORD first"),
    ("-H URL URL", "-H takes 'NAME: VALUE' first"),
    ("--include URL", "-v shows"),
    ("-D headers URL", "-v shows"),
    ("--dump-header - URL", "-v shows"),
    ("--trace - URL", "-v shows"),
    ("-N URL", "passed on as they come"),
    ("-C - URL", "continued anyway"),
    ("--continue-at - URL", "continued anyway"),
    ("-c jar URL", "cookies are not kept"),
    ("--cookie-jar jar URL", "cookies are not kept"),
    ("-b jar URL", "-H 'Cookie: NAME=VALUE'"),
    ("-b URL", "it takes NAME=VALUE"),
    ("-w 3 URL", "--warmup N"),
    ("-w json URL", "--format"),
    ("-r 0-99 URL", "-H 'Range: bytes=0-99'"),
    ("--range 0-99 URL", "-H 'Range: bytes=0-99'"),
    ("-z date URL", "--deadline"),
    ("--time-cond date URL", "--exists update"),
    ("-K file URL", "$(cat FILE)"),
    ("--config file URL", "$(cat FILE)"),
    ("--retry-max-time 9 URL", "--deadline"),
    ("--retry-all-errors URL", "--retry N"),
    ("--speed-limit 9 URL", "--stall-timeout"),
    ("-y 9 URL", "--stall-timeout"),
    ("--http2 URL", "HTTP/1.1 only"),
    ("--http3 URL", "HTTP/1.1 only"),
    ("--http1.0 URL", "HTTP/1.1 only"),
    ("--digest -u a:b URL", "only Basic"),
    ("--anyauth URL", "only Basic"),
    ("--negotiate URL", "only Basic"),
    ("--aws-sigv4 x URL", "only Basic"),
    ("--hsts file URL", "not supported"),
    ("--tlsv1.3 URL", "not supported"),
    ("--ciphers x URL", "not supported"),
    ("--pinnedpubkey x URL", "not supported"),
    ("--unix-socket s URL", "not supported"),
    ("--interface eth0 URL", "not supported"),
    ("--dns-servers h URL", "not supported"),
    ("--doh-url u URL", "not supported"),
    ("--connect-to a:b:c:d URL", "--resolve HOST:PORT:ADDR"),
    ("--proxy-user a:b URL", "-x http://NAME:PASSWORD@HOST:PORT"),
    ("-U a:b URL", "-A TEXT"),
    ("-x 4 URL", "has no host"),
    ("--socks5 1080 URL", "has no host"),
    ("--socks4 h:1 URL", "socks5://"),
    ("--cacert URL URL", "--cacert takes a file"),
    ("--capath dir URL", "--cacert FILE"),
    ("--cert missing.pem URL", "missing.pem: No such file"),
    ("-E missing.pem URL", "missing.pem: No such file"),
    ("--pass x URL", "passphrase"),
    ("-G URL", "URL?a=b"),
    ("--location-trusted URL", "another origin"),
    ("--path-as-is URL", "%2e"),
    ("--next URL", "headers"),
    ("--max-redirs -1 URL", "--max-redirects 50"),
    ("--proto =ftp URL", "--https-only"),
    ("-location URL", "two dashes"),
    ("-output x URL", "two dashes"),
    // wget and wget2
    ("-O - URL", "--cat"),
    ("-qO- URL", "--cat"),
    ("-O file URL", "-o FILE"),
    ("--output-document=f URL", "-o FILE"),
    ("-r URL", "follows no links"),
    ("--recursive URL", "follows no links"),
    ("--mirror URL", "follows no links"),
    ("-p URL", "follows no links"),
    ("-np URL", "follows no links"),
    ("-nd URL", "follows no links"),
    ("-nH URL", "follows no links"),
    ("-l 3 URL", "follows no links"),
    ("--level=2 URL", "follows no links"),
    ("--page-requisites URL", "follows no links"),
    ("--convert-links URL", "follows no links"),
    ("--force-directories URL", "--names tree"),
    ("--trust-server-names URL", "--content-disposition"),
    ("-t 3 URL", "--retry N-1"),
    ("--tries=3 URL", "--retry N-1"),
    ("-c URL", "continued anyway"),
    ("--continue URL", "continued anyway"),
    ("--timestamping URL", "--exists update"),
    ("--wait=1 URL", "--host-delay"),
    ("--random-wait URL", "--host-delay"),
    ("-Q 1M URL", "--max-bytes"),
    ("--quota=1M URL", "--max-bytes"),
    ("--post-data=x URL", "sends no data"),
    ("--body-data=x URL", "sends no data"),
    ("--method=POST URL", "only asks"),
    ("--load-cookies f URL", "cookies are not kept"),
    ("--save-headers URL", "-v shows"),
    ("--server-response URL", "-v shows"),
    ("--http-user=a URL", "-u NAME:PASSWORD"),
    ("--http-password=a URL", "-u NAME:PASSWORD"),
    ("--user a --password b URL", "-u NAME:PASSWORD"),
    (
        "--ca-certificate=missing.pem URL",
        "--cacert missing.pem: No such file",
    ),
    (
        "--certificate=missing.pem URL",
        "--cert missing.pem: No such file",
    ),
    ("--secure-protocol=TLSv1_2 URL", "not supported"),
    ("--no-proxy URL", "-x ''"),
    ("--prefer-family=IPv4 URL", "-4"),
    ("--background URL", "&"),
    ("--base=http://h/ URL", "--proto-default"),
    ("--retry-on-http-error=500 URL", "--retry N"),
    ("--no-http-keep-alive URL", "Connection: close"),
    ("--start-pos=5 URL", "Range"),
    ("-e robots=off URL", "Referer"),
    ("--reject=gif URL", "follows no links"),
    ("--progress=bar URL", "auto, always, never"),
    ("--metalink URL", "JSON lines"),
    // aria2c
    ("-s 4 URL", "one connection"),
    ("--split=4 URL", "one connection"),
    ("--max-connection-per-server=4 URL", "one connection"),
    ("--min-split-size=1M URL", "one connection"),
    ("--max-tries=3 URL", "--retry N-1"),
    ("--checksum=sha-256=00 URL", "\"sha256\""),
    ("--check-integrity URL", "\"sha256\""),
    ("--allow-overwrite=true URL", "--exists overwrite"),
    ("--auto-file-renaming=false URL", "--exists rename"),
    ("--continue=true URL", "continued anyway"),
    ("--conditional-get=true URL", "--exists update"),
    ("--save-session=f URL", "--log FILE"),
    ("--lowest-speed-limit=1K URL", "--stall-timeout"),
    ("--http-proxy=h:1 URL", "-x URL"),
    ("--all-proxy=4 URL", "has no host"),
    ("--enable-rpc URL", "the shell"),
    ("--summary-interval=0 URL", "--progress never"),
    ("--console-log-level=warn URL", "-v shows more"),
    // hyperfine
    ("--prepare x URL", "runs no commands"),
    ("--command-name x URL", "runs no commands"),
    ("-M 5 URL", "--runs N"),
    ("--min-runs 5 URL", "--runs N"),
    ("--export-asciidoc f URL", "--export FORMAT=FILE"),
    ("--style full URL", "--color"),
    ("--runs 5 URL", "--compare or --sweep"),
    ("--time-unit second URL", "--export json=FILE"),
    // oha, ab, wrk, hey, k6
    ("-n 1000 -c 50 URL", "yes URL | head -n N"),
    ("-n1000 URL", "yes URL | head -n N"),
    ("-c 50 URL", "-j N"),
    ("-c50 URL", "-j N"),
    ("-z 10s URL", "--deadline 10s"),
    ("--duration 10s URL", "--deadline 10s"),
    ("-d10s URL", "--deadline 10s"),
    ("--iterations 10 URL", "yes URL | head -n N"),
    ("--requests 10 URL", "yes URL | head -n N"),
    ("-R100 URL", "--rate N/s"),
    ("--rps 10 URL", "--rate N/s"),
    ("--query-per-second 10 URL", "--rate N/s"),
    ("--threshold p(95)<500 URL", "--assert 'p95<500ms'"),
    ("--disable-keepalive URL", "Connection: close"),
    ("-disable-keepalive URL", "Connection: close"),
    ("--http-debug URL", "-v shows"),
    ("--script f URL", "runs no commands"),
    ("-h2 --http-version 2 URL", "HTTP/1.1 only"),
    ("--host h URL", "-H 'Host: NAME'"),
    ("--output-format json URL", "--format jsonl"),
    ("-a name:password URL", "-u NAME:PASSWORD"),
    // lychee
    ("--exclude x URL", "grep -v"),
    ("--offline URL", "grep -v"),
    ("--cache URL", "grep -v"),
    ("--basic-auth x URL", "-u NAME:PASSWORD"),
    ("--github-token x URL", "Authorization: Bearer"),
    ("--format json URL", "--format"),
    ("--dump URL", "--cat"),
    ("--mode plain URL", "--progress"),
    // xargs and parallel
    ("-P 8 URL", "-j N"),
    ("-P8 URL", "-j N"),
    ("-L 1 URL", "-j N"),
    ("--max-args 1 URL", "-j N"),
    ("--no-run-if-empty URL", "exit code 2"),
    ("--arg-file missing", "missing: No such file"),
    ("--delimiter x URL", "-i FILE"),
    ("--joblog f URL", "--log FILE"),
    ("--resume-failed URL", "--log FILE"),
    ("--halt now,fail=1 URL", "--fail-fast"),
    ("--results dir URL", "-d DIR"),
    ("--delay 1 URL", "--host-delay"),
    ("--colsep , URL", "let the shell make them"),
    ("--shuf URL", "shuf FILE"),
    ("list", "did you mean -i list?"),
    ("URL list", "did you mean -i list?"),
    // What no program has, or one letter wrong.
    ("--unheard-of URL", "there is no option '--unheard-of' (see"),
    ("--hedaer a:b URL", "did you mean --header?"),
    ("-W URL", "there is no option '-W' (see"),
];

/// The words of a command line, with the page for `URL`.
fn run_line(line: &str, url: &str, dir: &Dir) -> Pfetch {
    let words: Vec<String> = line
        .split(' ')
        .map(|word| match word {
            "URL" => url.to_owned(),
            word => word.to_owned(),
        })
        .collect();
    pfetch(&words).current_dir(dir.path())
}

/// A server, its page, and a folder with a list of it.
fn place() -> (Server, String, Dir) {
    let server = Server::start();
    let url = server.url("/bytes/5");
    let dir = Dir::new();
    dir.file("list", format!("{url}\n"));
    (server, url, dir)
}

#[test]
fn what_other_programs_call_otherwise_works() {
    let (server, url, _) = place();
    let help = pfetch(&["--help"]).run().exits(0).stdout;
    for line in WORKING {
        let needed = NEEDED.iter().find(|(part, _)| line.contains(part));
        if needed.is_some_and(|(_, option)| !help.contains(option)) {
            continue;
        }
        let dir = Dir::new();
        dir.file("list", format!("{url}\n"));
        let before = server.requests();
        let run = run_line(line, &url, &dir).run().exits(0);
        run.check("something is fetched", server.requests() > before);
    }
}

#[test]
fn what_there_is_no_like_for_says_what_to_write() {
    let (server, url, dir) = place();
    for (line, hint) in HINTED {
        let run = run_line(line, &url, &dir).run();
        let run = run.exits(2).complains_in_a_line().says(hint);
        let is_guess = run.stderr.contains("did you mean");
        run.check(
            "no guess but the expected one",
            is_guess == hint.contains("did you mean"),
        );
        run.check("nothing on stdout", run.stdout.is_empty());
    }
    assert_eq!(server.requests(), 0);
    let names: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["list"], "files were made");
}

#[test]
fn aliases_send_what_they_do_elsewhere() {
    let server = Server::start();
    let url = server.url("/echo");
    let dir = Dir::new();
    for (line, header) in [
        (
            "-e http://referer.example/ --cat URL",
            "referer: http://referer.example/",
        ),
        ("-b session=1 --cat URL", "cookie: session=1"),
        (
            "--oauth2-bearer hush --cat URL",
            "authorization: Bearer hush",
        ),
        ("--no-cache --cat URL", "cache-control: no-cache"),
        ("-sSL -A agent --cat URL", "user-agent: agent"),
    ] {
        let run = run_line(line, &url, &dir).run().exits(0);
        let head = run.stdout.to_lowercase();
        run.check(header, head.contains(&header.to_lowercase()));
        run.check("no secret in the report", !run.stderr.contains("hush"));
    }
}

#[test]
fn a_secret_behind_a_foreign_option_is_not_shown() {
    let server = Server::start();
    let url = server.url("/bytes/1");
    for line in [
        "--oauth2-bearer hu\u{1}sh URL",
        "-b a=hu\u{1}sh URL",
        "-d http://u:hush@h/ URL",
        "-o http://u:hush@h/ URL",
        "-i http://u:hush@h/",
        "-u http://u:hush@h/ URL",
        "-d password=hush URL",
        "--password hush URL",
        "--http-password=hush URL",
        "--unheard-of=hush URL",
        "-U name:hush URL",
    ] {
        let run = run_line(line, &url, &Dir::new()).run().exits(2);
        run.complains_in_a_line()
            .never_shows("hush")
            .never_shows("hu\\u{1}sh");
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn remote_names_are_files_of_their_own() {
    let (_server, url, dir) = place();
    run_line("-sO URL", &url, &dir).run().exits(0);
    assert!(dir.path().join("5").is_file());
    run_line("-P out -O URL", &url, &dir).run().exits(0);
    assert!(dir.path().join("out/5").is_file());
}

#[test]
fn a_bare_number_of_seconds_limits_as_curl_does() {
    let server = Server::start();
    let url = server.url("/hang");
    let run = run_line("-m 0.2 --retry 0 URL", &url, &Dir::new()).run();
    run.exits(1).prints("timed out");
}

#[test]
fn text_that_is_no_url_is_that_targets_failure() {
    let server = Server::start();
    let good = server.url("/bytes/1");
    let lines = [
        ("10".to_owned(), "a number is no URL"),
        (format!("1,{good}"), "something stands before http://"),
        (format!("\"{good}\""), "take the quotes out"),
        (format!("url={good}"), "something stands before http://"),
        (format!("{good} {good}"), "two URLs on a line"),
        ("  out=name".to_owned(), "\"output\""),
    ];
    let list: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
    let list = format!("{good} # the first\n{list}\u{feff}{good}\n");
    let run = pfetch(&["--format=jsonl", "-j1", "--order=input"])
        .stdin(list)
        .run()
        .exits(1);
    let results = run.results();
    run.check("all are told", results.len() == lines.len() + 2);
    for (result, (line, reason)) in results[1..].iter().zip(&lines) {
        let message = result["error"]["message"].as_str().unwrap_or_default();
        run.check(line, message.contains(reason));
        run.check(line, result["error"]["kind"] == "input");
        run.check(line, result["url"] == line.trim());
    }
    for good in [&results[0], &results[lines.len() + 1]] {
        run.check("the good ones are fetched", good["outcome"] == "ok");
    }
    assert_eq!(server.targets(), ["/bytes/1", "/bytes/1"]);
    // As arguments too, but for what only a list has.
    for (line, reason) in &lines[..5] {
        pfetch(&[line.as_str(), &good])
            .run()
            .exits(1)
            .prints(reason);
    }
}

#[test]
fn urls_within_urls_are_fetched_as_they_stand() {
    let server = Server::with(|_, reply| reply.send(200, "", b"ok"));
    for path in [
        "/?u=http://x/",
        "/?u=a,http://x/",
        "/a,http://x/b",
        "/web/http://x/",
        "/#http://x",
    ] {
        pfetch(&[server.url(path)]).run().exits(0);
    }
    let expected = [
        "/?u=http://x/",
        "/?u=a,http://x/",
        "/a,http://x/b",
        "/web/http://x/",
        "/",
    ];
    assert_eq!(server.targets(), expected);
}

#[test]
fn a_failed_url_with_a_pattern_of_curl_gets_one_note() {
    let server = Server::start();
    let (list, range) = (server.url("/{a,b}"), server.url("/[1-3]"));
    let run = pfetch(&[&list, &range, &server.url("/bytes/1")])
        .run()
        .exits(1);
    let notes = run.stderr.matches("the shell expands").count();
    run.check("one note", notes == 1);
    let run = pfetch(&[&range])
        .run()
        .exits(1)
        .says("the shell expands {1..100}");
    run.check("one line", run.stderr.lines().count() == 1);
    // Not of what was there, nor of failures without a pattern.
    let found = Server::with(|_, reply| reply.send(200, "", b"ok"));
    pfetch(&[found.url("/[1-3]")]).run().exits(0).says_nothing();
    pfetch(&[server.url("/missing")])
        .run()
        .exits(1)
        .says_nothing();
}

#[test]
fn a_file_is_told_from_a_host_of_the_same_name() {
    let (server, url, dir) = place();
    dir.file("example.test", "x");
    let resolve = format!("example.test:{}:127.0.0.1", server.addr().port());
    let run = |url: &str| {
        pfetch(&["--resolve", &resolve, url])
            .current_dir(dir.path())
            .run()
    };
    run("example.test")
        .exits(2)
        .complains_in_a_line()
        .says("write http://example.test");
    run(&format!(
        "http://example.test:{}/bytes/1",
        server.addr().port()
    ))
    .exits(0);
    // A folder of that name is no list.
    std::fs::create_dir(dir.path().join("127.0.0.1")).unwrap();
    run(url.trim_start_matches("http://")).exits(0);
}

#[test]
fn the_short_help_comes_by_its_letter_and_the_long_one_by_its_name() {
    for args in [&["-h"][..], &["-vh"], &["http://h/", "-h", "--unheard-of"]] {
        let run = pfetch(args).run().exits(0);
        run.check("one screen", run.stdout.lines().count() <= 40);
        run.prints("Examples").prints("pfetch --help");
    }
    let run = pfetch(&["--help"])
        .run()
        .exits(0)
        .prints("Examples:")
        .prints("Exit codes");
    run.check("the manual", run.stdout.lines().count() > 100);
}
