use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Cursor;

use super::super::{Item, List, NextInput, Separator, Source};
use super::*;
use crate::engine::{Bodies, Saving};
use crate::model::save_path::Layout;
use crate::model::target::Location;
use crate::save::{Store, StoreConfig};

/// An item of a run: its index, and its URL and host, or the mistake.
type Found = (u64, Result<(String, String), String>);

fn config(sharding: Option<Sharding>) -> InputConfig {
    InputConfig {
        sharding,
        ..InputConfig::default()
    }
}

fn shards(count: u64, by: ShardBy) -> impl Iterator<Item = Sharding> {
    (0..count).map(move |number| Sharding {
        shard: Shard::new(number, count).expect("it is one of them"),
        by,
    })
}

/// A source of one argument, and of lists with these bytes.
fn source(lists: &[&[u8]], config: InputConfig) -> Source {
    let list = |bytes: &&[u8]| List {
        name: "list".to_owned(),
        bytes: Box::new(Cursor::new(bytes.to_vec())),
        file: None,
    };
    let lists = lists.iter().map(list).collect();
    Source::new(&["http://argument/"], lists, config).expect("a thread can be started")
}

/// All items of a source.
fn items(source: &mut Source) -> Vec<Item> {
    let mut items = Vec::new();
    loop {
        match source.next() {
            NextInput::Item(item) => items.push(item),
            NextInput::Unreadable(list) => panic!("{list:?}"),
            NextInput::Rewritten(list) => panic!("{list}"),
            NextInput::End => return items,
            NextInput::Wait => source.wait(),
        }
    }
}

fn found(items: Vec<Item>) -> Vec<Found> {
    let own = items.into_iter().filter_map(|item| match item {
        Item::Target(target) => {
            let location = &target.location;
            let host = location.host().trim_end_matches('.').to_owned();
            Some((target.index, Ok((location.text().to_string(), host))))
        }
        Item::Bad(bad) => Some((bad.index, Err(bad.message))),
        Item::Elsewhere(_) => None,
    });
    own.collect()
}

/// The spellings of one host, none of which is to be in another shard than the others.
fn spellings(host: &str) -> Vec<String> {
    let (upper, first) = (host.to_uppercase(), &host[..1]);
    let code = format!("%{:02x}", first.as_bytes()[0]);
    let encoded = format!("{code}{}", &host[1..]);
    vec![
        format!("http://{host}"),
        format!("https://{host}/x?y#z"),
        format!("http://{host}?q"),
        format!("http://{host}#f"),
        format!("http://{host}:8080/"),
        format!("http://{host}:/"),
        format!("HTTP://{upper}/x"),
        format!("http://user:p%40ss@{host}/"),
        format!("http://u@v@{host}:81/a@b"),
        format!("http://{host}./absolute"),
        format!("http://{encoded}/"),
        format!("http:/{host}/one-slash"),
        format!("http:\\\\{host}\\back"),
        format!("//{host}/x"),
        format!("{host}/x"),
        format!("{host}:8080"),
        format!("\u{feff} \thttp://{host}/blanks \t"),
        format!("http://{host}/ # a comment"),
        format!(r#"{{"url": "http://{host}/x", "action": "head"}}"#),
        format!(r#"{{"headers": {{"X-A": "1"}}, "url": "https:\/\/{host}:9/\u0041"}}"#),
        format!(r#"  {{"url": "{upper}/x"}}"#),
    ]
}

const HOSTS: [&str; 9] = [
    "a",
    "b.example",
    "sub.b.example",
    "x-1.example",
    "localhost",
    "1.2.3.4",
    "a.1.b",
    "xn--bcher-kva.example",
    "zz.99.zone0",
];

/// Lines with hosts in spellings that only the parser knows, each beside the ASCII form of its host.
const OTHERS: [(&str, &str); 12] = [
    ("http://bücher.example/", "xn--bcher-kva.example"),
    ("http://BÜCHER.example/x", "xn--bcher-kva.example"),
    ("http://ｂ.example/", "b.example"),
    ("http://b。example/", "b.example"),
    ("http://0x1020304/", "1.2.3.4"),
    ("http://1.2.772/", "1.2.3.4"),
    ("http://1.2.3.4./", "1.2.3.4"),
    ("http://[::1]/", "[::1]"),
    ("http://[0:0::1]:80/", "[::1]"),
    ("http://u:p@[::0001]/", "[::1]"),
    ("http://[fe80::1%25eth0]/", "[fe80::1]"),
    ("http://[fe80::1%eth1]:80/x", "[fe80::1]"),
];

/// Lines that are no targets.
fn mistakes() -> Vec<String> {
    let mut mistakes: Vec<String> = [
        "ftp://a/x",
        "http://",
        "http://a b/",
        "http://a:99999/",
        "12",
        "http://a/ http://b.example/",
        "\"http://a/\"",
        "x http://a/",
        r#"{"url": "http://a/", "x": 1}"#,
        r#"{"url": 5}"#,
        "{",
        "[]",
        r#"{"url": "http://a/", "url": "http://b.example/"}"#,
        r#"{"url": "http://xn--a/"}"#,
        "http://xn--a/",
        "http://a/\u{7}",
        "  out=a.html",
        "http//a/",
        "http://[::1/",
        "http://1.2.3.4.5/",
        "http://a\u{200b}/",
        r#"{"url": "http://localhost/", "output": "x"}"#,
        r#"{"url": "http://a/", "headers": {"a b": "c"}}"#,
        "http://..",
        "http://a%00/",
        "http://:80/",
        "http://@/",
        "http://-./%zz",
    ]
    .map(str::to_owned)
    .into();
    mistakes.push(format!(
        "http://a/{}",
        "x".repeat(super::super::MAX_LINE_BYTES)
    ));
    mistakes
}

/// A list of everything, twice in different orders, with comments and blank lines between.
fn list() -> [Vec<u8>; 2] {
    let mut lines: Vec<String> = HOSTS.iter().flat_map(|host| spellings(host)).collect();
    lines.extend(OTHERS.map(|(line, _)| line.to_owned()));
    lines.extend(mistakes());
    let first = lines.join("\n# comment\n\n");
    lines.reverse();
    let mut second = lines.join("\r\n").into_bytes();
    second.extend(b"\r\n\xffhttp://a/\r\nhttp://a/\xff");
    [first.into_bytes(), second]
}

/// Lines of random characters, of which URLs are made.
fn random_list() -> Vec<u8> {
    const PIECES: [&str; 22] = [
        "http://",
        "https:",
        "/",
        "//",
        "a",
        "B",
        "b.example",
        "1",
        "0x",
        ".",
        ":",
        "@",
        "#",
        " ",
        "?",
        "%",
        "é",
        "{\"url\": \"",
        "\"}",
        "[::1]",
        "xn--",
        "\n",
    ];
    let mut random = fastrand::Rng::with_seed(5);
    let pieces = (0..20_000).map(|_| PIECES[random.usize(..PIECES.len())]);
    pieces.collect::<String>().into_bytes()
}

#[test]
fn every_item_is_in_exactly_one_shard_as_it_is_without_shards() {
    let [first, second] = list();
    let lists = [&first[..], &second[..], &random_list()];
    let all = found(items(&mut source(&lists, config(None))));
    assert!(all.iter().any(|(_, item)| item.is_err()), "{all:?}");
    for by in [ShardBy::Host, ShardBy::Line] {
        for count in [1, 3, 40] {
            let mut together = BTreeMap::new();
            for sharding in shards(count, by) {
                let own = found(items(&mut source(&lists, config(Some(sharding)))));
                for (index, item) in own {
                    let twice = together.insert(index, item);
                    assert_eq!(twice, None, "{sharding:?} has {index} as well");
                }
            }
            let together: Vec<Found> = together.into_iter().collect();
            assert_eq!(together, all, "{count} shards by {by:?}");
        }
    }
}

#[test]
fn a_host_is_in_one_shard_however_it_is_spelled() {
    let [first, second] = list();
    let lists = [&first[..], &second[..]];
    let mut shard_of: HashMap<String, Sharding> = HashMap::new();
    for sharding in shards(101, ShardBy::Host) {
        for (_, item) in found(items(&mut source(&lists, config(Some(sharding))))) {
            let Ok((url, host)) = item else { continue };
            let first = *shard_of.entry(host).or_insert(sharding);
            assert_eq!(first, sharding, "{url}");
        }
    }
    let known: BTreeSet<&str> = shard_of.keys().map(String::as_str).collect();
    let expected = HOSTS.into_iter().chain(OTHERS.map(|(_, host)| host));
    let missing: Vec<&str> = expected.filter(|host| !known.contains(host)).collect();
    assert!(missing.is_empty(), "not among {known:?}: {missing:?}");
}

#[test]
fn the_host_that_decides_is_that_of_the_parsed_url() {
    let config = config(None);
    let spelled = HOSTS.iter().flat_map(|host| {
        let lines = spellings(host).into_iter();
        lines.map(|line| (line, (*host).to_owned()))
    });
    let others = OTHERS.map(|(line, host)| (line.to_owned(), host.to_owned()));
    for (line, host) in spelled.chain(others) {
        let found = host_of(UnparsedItem::Line(line.as_bytes()), config);
        assert_eq!(found.as_deref(), Some(host.as_bytes()), "{line}");
    }
    // Whatever stands behind a scheme: where the parser takes it, both say the same.
    let characters = [
        'a', 'Z', '0', '9', '.', '-', ':', '/', '?', '#', '@', '[', ']', '%', 'é', '\\', ' ', 'x',
        'n',
    ];
    let mut random = fastrand::Rng::with_seed(17);
    for _ in 0..20_000 {
        let length = random.usize(1..9);
        let rest: String = (0..length)
            .map(|_| characters[random.usize(..characters.len())])
            .collect();
        let text = format!("http://{rest}");
        let Ok(location) = Location::parse(&text, config.default_scheme) else {
            continue;
        };
        let host = location.host();
        let found = host_of(UnparsedItem::Argument(text.as_bytes()), config);
        let expected = host.strip_suffix('.').unwrap_or(host);
        assert_eq!(found.as_deref(), Some(expected.as_bytes()), "{text}");
    }
}

#[test]
fn the_shard_of_a_host_is_the_one_that_the_documentation_computes() {
    // The first 16 digits of `printf %s HOST | sha256sum`.
    for (host, key) in [
        ("example.com", 0xa379_a6f6_eeaf_b9a5),
        ("[::1]", 0x6d16_ab69_5dd7_911d),
    ] {
        let found = HostKeys::default().of(host.as_bytes());
        assert_eq!(found, key, "{host}: {found:#x}");
    }
}

#[test]
fn records_that_end_with_nul_are_dealt_out_too() {
    let list = b"http://a/\0{\"url\":\n\"http://b.example/\"}\0http://localhost/\0";
    let nul = |sharding| InputConfig {
        separator: Separator::Nul,
        ..config(sharding)
    };
    let all = found(items(&mut source(&[list], nul(None))));
    assert_eq!(all.len(), 4, "{all:?}");
    let own = shards(5, ShardBy::Host)
        .flat_map(|sharding| found(items(&mut source(&[list], nul(Some(sharding))))));
    let mut own: Vec<Found> = own.collect();
    own.sort();
    assert_eq!(own, all);
}

/// The name of the file of each own target, by its index.
fn names(lists: &[&[u8]], sharding: Option<Sharding>, layout: Layout) -> BTreeMap<u64, String> {
    let dir = tempfile::tempdir().expect("there is a place for temporary files");
    let store = Store::preview(dir.path(), StoreConfig::default());
    let mut bodies = Bodies::Save(Box::new(Saving::by_url(
        store.expect("it is there"),
        layout,
    )));
    let config = InputConfig {
        names_files: true,
        ..config(sharding)
    };
    let mut names = BTreeMap::new();
    for item in items(&mut source(lists, config)) {
        match item {
            Item::Target(target) => {
                let file = bodies.plan_file(&target);
                names.extend(file.map(|file| (target.index, file.log_name)));
            }
            Item::Elsewhere(target) => bodies.pass_over(&target),
            Item::Bad(_) => {}
        }
    }
    names
}

#[test]
fn files_have_the_names_that_they_have_without_shards() {
    let [first, second] = list();
    let chosen = br#"{"url": "http://a/1", "output": "index.html"}
{"url": "http://b.example/1", "output": "x"}
{"url": "http://localhost/1", "output": "x/y"}"#;
    let lists = [&chosen[..], &first, &second];
    for layout in [Layout::Flat, Layout::Tree] {
        let all = names(&lists, None, layout);
        let distinct: BTreeSet<&String> = all.values().collect();
        assert_eq!(distinct.len(), all.len(), "{all:?}");
        for by in [ShardBy::Host, ShardBy::Line] {
            let own = shards(4, by).flat_map(|sharding| names(&lists, Some(sharding), layout));
            let together: BTreeMap<u64, String> = own.collect();
            assert_eq!(together, all, "{by:?}");
        }
    }
}

#[test]
fn targets_of_other_shards_are_items_only_where_they_have_files() {
    let [first, second] = list();
    let lists = [&first[..], &second[..]];
    for names_files in [false, true] {
        let mut has_others = false;
        for sharding in shards(3, ShardBy::Host) {
            let config = InputConfig {
                names_files,
                ..config(Some(sharding))
            };
            let mut source = source(&lists, config);
            let items = items(&mut source);
            let others = items
                .iter()
                .filter(|item| matches!(item, Item::Elsewhere(_)));
            let others = others.count();
            has_others |= others > 0;
            assert_eq!(source.total(), Some((items.len() - others) as u64));
        }
        assert_eq!(has_others, names_files);
    }
}

#[test]
fn a_shard_is_a_number_below_another() {
    for (text, expected) in [
        ("0/1", Ok((0, 1))),
        ("3/4", Ok((3, 4))),
        ("00/010", Ok((0, 10))),
        (
            "18446744073709551614/18446744073709551615",
            Ok((u64::MAX - 1, u64::MAX)),
        ),
        ("4/4", Err("so the last of 4 is 3/4")),
        ("0/0", Err("at least one")),
        ("1", Err("K/N")),
        ("", Err("K/N")),
        ("/", Err("K/N")),
        ("/4", Err("K/N")),
        ("1/", Err("K/N")),
        ("-1/4", Err("K/N")),
        ("+1/4", Err("K/N")),
        ("1/2/4", Err("K/N")),
        ("1/ 4", Err("K/N")),
        ("1/18446744073709551616", Err("K/N")),
    ] {
        match (text.parse::<Shard>(), expected) {
            (Ok(shard), Ok((number, count))) => {
                assert_eq!((shard.number, shard.count()), (number, count), "{text}");
            }
            (Err(error), Err(says)) => {
                assert!(error.to_string().contains(says), "{text}: {error}");
            }
            (found, _) => panic!("{text}: {found:?}"),
        }
    }
}

#[test]
fn a_shard_with_far_more_than_its_part_is_crowded() {
    for (taken, read, shards, expected) in [
        // One shard is the whole input.
        (305, 305, 1, false),
        (302, 305, 2, true),
        (3, 305, 2, false),
        // Of two, one has more than half by chance.
        (170, 305, 2, false),
        (75, 100, 2, false),
        (76, 100, 2, true),
        (50, 100, 3, false),
        (51, 100, 3, true),
        (51, 100, 4, true),
        (20, 100, 10, false),
        (21, 100, 10, true),
        // A few items are never even.
        (18, 19, 2, false),
        (19, 20, 2, true),
        (9, 100, 50, false),
        (10, 100, 50, true),
        (0, 0, 2, false),
        (u64::MAX, u64::MAX, u64::MAX, true),
    ] {
        let is_crowded = is_crowded(ItemNumbers { read, taken }, shards);
        assert_eq!(is_crowded, expected, "{taken} of {read}, {shards} shards");
    }
}
