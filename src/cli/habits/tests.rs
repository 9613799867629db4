//! The walk along the arguments, and the table, held against the options that there are.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};

use super::meaning::Meaning;
use super::own::OwnOptions;
use super::table;
use super::translate::translate;
use crate::cli::args::TypedArgs;

/// pfetch's own options, as the parser has them.
fn own() -> OwnOptions {
    OwnOptions::of(&TypedArgs::described())
}

/// The arguments in pfetch's own words.
fn translated(line: &str) -> Result<Vec<String>, String> {
    let arguments = line.split_whitespace().map(OsString::from);
    let translated = translate(arguments, &own())?;
    let text = |argument: OsString| argument.to_string_lossy().into_owned();
    Ok(translated.into_arguments().0.map(text).collect())
}

#[test]
fn own_options_and_their_values_pass_as_they_are() {
    for line in [
        "-j 4 -vqI --input=list --header A:b http://h/",
        "-Htext: -o - -d s",
        "-j8 -x http://p/ -- -L --location",
        "--header=--location http://h/",
        "--unheard-of http://h/ -W",
        "-vW -",
        "-1",
        "--assert=p95<1s --cat",
        "--user-agent=-X -A-X",
        "-d --unheard-of",
    ] {
        let expected: Vec<&str> = line.split_whitespace().collect();
        let expected = expected
            .join(" ")
            .replace("-vqI", "-v -q -I")
            .replace("-vW", "-v -W");
        assert_eq!(
            translated(line).map(|own| own.join(" ")),
            Ok(expected),
            "{line}"
        );
    }
}

#[test]
fn an_option_in_the_place_of_a_value_is_told_of_the_option_before_it() {
    for (line, expected) in [
        (
            "-x -P tree http://h/",
            "-x: it needs a value, and -P is another option",
        ),
        (
            "-x -d tree http://h/",
            "-x: it needs a value, and -d is another option",
        ),
        (
            "--proxy --dir=tree http://h/",
            "--proxy: it needs a value, and --dir is another option",
        ),
        ("-j -h", "-j: it needs a value, and -h is another option"),
        ("-d -4 h", "-d: it needs a value, and -4 is another option"),
        (
            "-o -L page http://h/",
            "-o: it needs a value, and -L is another option",
        ),
        (
            "-vH -fsSL http://h/",
            "-H: it needs a value, and -fsSL is another option",
        ),
        (
            "--header --location -o -s h",
            "--header: it needs a value, and --location is another option; and -o: it needs a value, and -s is another \
             option",
        ),
    ] {
        assert_eq!(translated(line), Err(expected.to_owned()), "{line}");
    }
}

#[test]
fn foreign_options_become_own_ones() {
    for (line, expected) in [
        ("-fsSL http://h/", "--silent http://h/"),
        ("-S http://bash/", "http://bash/"),
        ("-fsSLO http://h/a", "--dir=. --silent http://h/a"),
        ("-sSLo out http://h/a", "--silent -o out http://h/a"),
        ("-OJ http://h/a", "--dir=. --content-disposition http://h/a"),
        // The folder that is named wins, on either side.
        (
            "--output-dir out -O http://h/a",
            "--dir=. --dir=out http://h/a",
        ),
        ("-m 5 http://h/", "--timeout=5 http://h/"),
        ("-m5 http://h/", "--timeout=5 http://h/"),
        ("--max-time=0.5 http://h/", "--timeout=0.5 http://h/"),
        ("--max-time 0 http://h/", "http://h/"),
        (
            "--connect-timeout 5 --retry-delay=1 h",
            "--connect-timeout=5 --retry-delay=1 h",
        ),
        ("--connect-timeout 5ms h", "--connect-timeout=5ms h"),
        ("-XGET h", "h"),
        ("-m GET h", "h"),
        ("--quiet=true --compressed=yes h", "--quiet --compressed h"),
        ("--file-allocation=none h", "h"),
        ("--file-allocation none h", "h"),
        ("--auto-file-renaming=false --allow-overwrite=false h", "h"),
        ("--max-upload-limit=1K --max-overall-upload-limit 1K h", "h"),
        ("-m head h", "--head h"),
        ("-q 10.0.0.1", "-q 10.0.0.1"),
        ("-X HEAD h", "--head h"),
        ("-e http://r/ h", "--header=Referer: http://r/ h"),
        ("-b a=b h", "--header=Cookie: a=b h"),
        ("--max-filesize 10M h", "--max-bytes=10Mi h"),
        ("--socks5 p:1 h", "--proxy=socks5://p:1 h"),
        ("--export-json f h", "--export=json=f h"),
        ("-P out h", "--dir=out h"),
        ("-P out 10 h", "--dir=out 10 h"),
        ("-L h/1,2", "h/1,2"),
        ("-L h k", "h k"),
        ("-fL localhost 127.0.0.1:80", "localhost 127.0.0.1:80"),
        ("-n h", "--netrc h"),
        ("-nc h", "--exists=skip h"),
        ("--proto =https --tlsv1.2 -sSf h", "--https-only --silent h"),
        ("--url http://h/", "http://h/"),
        ("-c", ""),
        ("-c -O http://h/a", "--dir=. http://h/a"),
        ("-c http://h/", "http://h/"),
        ("-C - h", "h"),
        ("-C- h", "h"),
        ("-N --timestamping --continue h", "h"),
        ("--check-certificate=false h", "--insecure h"),
        ("--remote-time=true h", "h"),
        ("-w %{http_code} h", "--format=%{http_code} h"),
        ("-ZL -k4 h", "-k -4 h"),
        ("-q4v h", "-q -4 -v h"),
        ("--retries -1 h", "--retry=-1 h"),
        // A negative number is a value that the parser refuses, and no option.
        ("--retry -1 h", "--retry=-1 h"),
        ("-j -4 h", "--workers=-4 h"),
        ("-4j -.5 h", "-4 --workers=-.5 h"),
        (
            "--rate -5/s --max-bytes -1K h",
            "--rate=-5/s --max-bytes=-1K h",
        ),
    ] {
        assert_eq!(
            translated(line).map(|own| own.join(" ")),
            Ok(expected.to_owned()),
            "{line}"
        );
    }
}

#[test]
fn what_has_no_like_or_several_is_a_hint() {
    for (line, hint) in [
        ("--data x h", "--data: pfetch only asks"),
        ("-X POST h", "-X: pfetch only asks"),
        ("-XDELETE h", "-X: pfetch only asks"),
        ("-m POST h", "-m: pfetch only asks"),
        (
            "--quiet=false h",
            "--quiet: it has no value; leave =false out",
        ),
        (
            "--allow-overwrite=true h",
            "--allow-overwrite: --exists overwrite replaces",
        ),
        (
            "--auto-file-renaming true h",
            "--auto-file-renaming: --exists rename",
        ),
        (
            "-T 5 h",
            "-T: pfetch sends no data; a limit on time is --timeout 5",
        ),
        (
            "-T a.txt h",
            "-T: pfetch sends no data; a limit on time is --timeout 30",
        ),
        ("-m http://h/", "-m: it is a limit on time (curl), as -m 30"),
        (
            "-q 50 h",
            "-q: it shows failures alone here and has no value",
        ),
        (
            "-q40 h",
            "-q: it shows failures alone here and has no value",
        ),
        ("-k1M h", "-k: it is --insecure here and has no value"),
        ("-vk 1M h", "-k: it is --insecure here and has no value"),
        (
            "--silent 5 h",
            "--silent: it has no value here; leave 5 out",
        ),
        ("-I {} h", "-I: it asks for headers alone here"),
        (
            "--compare 10 h",
            "--compare: it has no value; how often each arm runs is --runs 10",
        ),
        ("-O - h", "-O: -o FILE saves"),
        ("-qO- h", "-O: -o FILE saves"),
        ("-O out.bin http://h/", "-O: -o FILE saves"),
        ("-P 8 h", "-P: to xargs"),
        ("-P8 h", "-P: to xargs"),
        ("-L j 1,2,4 h", "-L: the parameter that pfetch varies"),
        ("-L j 8 h", "-L: the parameter that pfetch varies"),
        ("-P j 1 8 h", "-P: the parameter that pfetch varies"),
        (
            "--parameter-scan j 1 8 h",
            "--parameter-scan: the parameter",
        ),
        ("-z 10s h", "-z 10s: a load test that ends by the clock"),
        ("-z 10 h", "-z 10: a load test that ends by the clock"),
        ("-z 2024-01-31 h", "-z: with -d DIR only what has changed"),
        ("--duration 10s h", "--duration 10s: a load test that ends"),
        ("-n 100 -c 5 h", "-n 100 -c 5: requests of a load test"),
        ("-n100 h", "-n100: requests of a load test"),
        (
            "-n 100 -c 5 -X POST h",
            "-n: a list is fetched once; for so many requests of one URL: pfetch --repeat 100 --summary-only URL; and -c: how many at \
             once is -j 5; and -X: pfetch only asks",
        ),
        (
            "-t2 -c10 -d5s h",
            "-t2 -c10 -d5s: threads, connections and time",
        ),
        (
            "-r 5 -w 1 -m 3 -M 10 h",
            "-r 5 -w 1 -m 3 -M 10: these are runs",
        ),
        ("-S none h", "-S: pfetch measures the fetching"),
        ("-S /bin/bash h", "-S: pfetch measures the fetching"),
        (
            "-c 50 h",
            "-c: how many at once is -j 50; for N requests of one URL: pfetch -j 50 --repeat N --summary-only URL",
        ),
        (
            "-c400 h",
            "-c: how many at once is -j 400; for N requests of one URL: pfetch -j 400 --repeat N --summary-only URL",
        ),
        ("-c8 --compare --runs 3 h", "-c: how many at once is -j 8"),
        (
            "-n4 -c40 -X POST h",
            "-n: a list is fetched once; for so many requests of one URL: pfetch --repeat 4 \
            --summary-only URL; and -c: how many at once is -j 40; and -X: pfetch only asks",
        ),
        ("-r 5 -X POST h", "-r: --runs 5 is how often --compare runs"),
        ("-r http://h/", "-r: pfetch follows no links (wget)"),
        (
            "-r 0-9 -X POST h",
            "-r: -H 'Range: bytes=0-9' asks for a part; and -X",
        ),
        ("--start-pos=7 h", "--start-pos: -H 'Range: bytes=7-' asks"),
        ("-c jar", "-c: a broken download"),
        ("-w 3 h", "-w: warm-up runs"),
        ("-s 4 h", "-s: a file comes over one"),
        ("-b http://h/", "-b: it takes NAME=VALUE"),
        ("-b cookies.txt h", "-b: cookies are not kept"),
        ("-e robots=off h", "-e: it takes the URL"),
        (
            "--tries 3 h",
            "--tries: 3 tries are the first and its retries: write --retry 2 (a limit on time is --timeout 3s)",
        ),
        (
            "-K k.curl",
            "-K: there is no file of options; a list may name the file of each URL: lines of {\"url\": \"…\", \"output\": \
             \"name\"}, with -i FILE -d DIR",
        ),
        ("--location=no h", "--location: it has no value here"),
        ("-m", "-m: it needs a value"),
        (
            "--compare -m 10 http://h/",
            "-m: the number of runs is --runs N",
        ),
        (
            "-m10 --sweep=1,2 http://h/",
            "-m: the number of runs is --runs N",
        ),
        (
            "-output f h",
            "-output: a name has two dashes before it; write --output",
        ),
        (
            "-dir=x h",
            "-dir: a name has two dashes before it; write --dir",
        ),
        ("-C 5 h", "-C 5: a part of the body (curl)"),
        ("-location h", "-location: a name has two dashes"),
        (
            "-disable-keepalive h",
            "-disable-keepalive: connections are kept",
        ),
    ] {
        let error = translated(line).expect_err(line);
        assert!(error.starts_with(hint), "{line}: {error}");
        let is_measured = line.contains("--compare");
        assert!(
            !is_measured || !error.contains("--repeat"),
            "{line}: {error}"
        );
    }
}

#[test]
fn the_short_help_is_found_before_what_follows_it() {
    for (line, expected) in [
        ("-h", true),
        ("-vh --unheard-of", true),
        ("-help", true),
        ("--help", false),
        ("-H h", false),
        ("-j9 --help -h", true),
        ("-- -h", false),
    ] {
        let arguments = line.split_whitespace().map(OsString::from);
        let translated = translate(arguments, &own()).expect(line);
        assert_eq!(translated.wants_short_help, expected, "{line}");
    }
}

#[test]
fn arguments_that_are_not_utf8_pass() {
    use std::os::unix::ffi::OsStringExt;
    let bytes = [
        &b"http://h/\xff"[..],
        b"-o\xff",
        b"--\xff",
        b"-\xff",
        b"-sf\xff",
    ];
    let arguments = bytes.map(|bytes| OsString::from_vec(bytes.to_vec()));
    let translated = translate(arguments.clone(), &own()).expect("no hint");
    let expected = arguments.into_iter().take(4).chain([
        OsString::from("--silent"),
        OsString::from_vec(b"-\xff".to_vec()),
    ]);
    let found: Vec<OsString> = translated.into_arguments().0.collect();
    assert_eq!(found, expected.collect::<Vec<_>>());
}

#[test]
fn no_spelling_is_in_the_table_twice_or_hidden_by_an_own_option() {
    let own = own();
    let mut seen = BTreeSet::new();
    for (spellings, _) in table::all() {
        for spelling in *spellings {
            assert!(seen.insert(spelling), "{spelling} stands twice");
            let is_own = match spelling.strip_prefix('-').filter(|rest| rest.len() == 1) {
                Some(letter) => own.short(letter.as_bytes()[0]).is_some(),
                None => own.long(spelling).is_some(),
            };
            assert!(!is_own, "{spelling} is an own option");
            assert!(
                spelling.starts_with('-') && spelling.is_ascii(),
                "{spelling}"
            );
        }
    }
    assert!(seen.len() > 200, "{} spellings", seen.len());
}

/// Ways out of a refusal that are no option of pfetch's.
const OTHER_WAYS: [&str; 5] = [
    "leave it out",
    "| pfetch",
    "pfetch … >",
    "umask",
    "openssl pkey",
];

#[test]
fn each_refusal_names_the_way_out() {
    let own = own();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_own = |word: &str| match word.as_bytes() {
        [b'-', letter] => own.short(*letter).is_some(),
        _ => own.long(word).is_some(),
    };
    let mut without = BTreeSet::new();
    for (spellings, meaning) in table::all() {
        let Meaning::Hint(hint) = meaning else {
            continue;
        };
        let mut words = hint.split(|c: char| !is_part(c));
        if !words.any(is_own) && !OTHER_WAYS.iter().any(|way| hint.contains(way)) {
            without.insert((spellings[0], *hint));
        }
    }
    assert!(without.is_empty(), "no way out: {without:#?}");
}

#[test]
fn own_options_are_told_apart_by_the_parsers_actions() {
    let command = Command::new("x")
        .disable_help_flag(true)
        .arg(
            Arg::new("a")
                .long("alpha")
                .short('a')
                .action(ArgAction::SetTrue),
        )
        .arg(
            Arg::new("b")
                .long("beta")
                .short('b')
                .action(ArgAction::Append),
        )
        .arg(
            Arg::new("h")
                .long("help")
                .short('h')
                .action(ArgAction::Help),
        );
    let own = OwnOptions::of(&command);
    let takes_value = |name: &str| own.long(name).map(|option| option.takes_value);
    assert_eq!(takes_value("--alpha"), Some(false));
    assert_eq!(takes_value("--beta"), Some(true));
    assert_eq!(takes_value("--gamma"), None);
    assert!(own.short(b'h').is_some_and(|option| option.is_help));
}
