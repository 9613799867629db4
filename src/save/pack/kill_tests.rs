//! Packs whose runs are killed at any moment: each body is in them once, whole.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::model::event::PackEvent;
use crate::model::outcome::{Outcome, Packed};
use crate::model::target::Verb;
use crate::save::version::Version;

/// The head of all responses.
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";

/// A line of a run log.
#[derive(Debug, Clone)]
enum MemberLine {
    Begun(Arc<str>),
    Cut(Arc<str>, u64),
    Published(Arc<str>),
    Member(u64, Packed),
}

/// The moment at which a run is killed, while it deals with one body.
#[derive(Debug, Clone, Copy)]
enum Kill {
    /// The pack is begun, and the log does not name it.
    Begun,
    /// The log names the pack.
    Told,
    /// A part of the member is in the pack: so many bytes.
    Torn(u16),
    /// The member is in the pack, and not in the log.
    Appended,
    /// The member is in the log.
    Logged,
    /// The pack is published if it was full, and the log does not say so.
    Published,
}

fn kill() -> impl Strategy<Value = Kill> {
    prop_oneof![
        Just(Kill::Begun),
        Just(Kill::Told),
        any::<u16>().prop_map(Kill::Torn),
        Just(Kill::Appended),
        Just(Kill::Logged),
        Just(Kill::Published),
    ]
}

/// A run of the engine's steps over a list of bodies.
struct Run<'a> {
    packs: Packs,
    log: &'a mut Vec<MemberLine>,
    folder: &'a Path,
}

impl Run<'_> {
    /// Packs bodies that are complete at one time. False if it was killed, while it dealt with the one at that place.
    fn pack(&mut self, bodies: &[(u64, Vec<u8>)], kill: Option<(usize, Kill)>) -> bool {
        let mut entries: Vec<_> = bodies
            .iter()
            .map(|(index, body)| self.member(*index, body))
            .collect();
        let mut rest = &mut entries[..];
        let mut place = 0;
        while !rest.is_empty() {
            let kill = kill.and_then(|(at, kill)| Some((at.checked_sub(place)?, kill)));
            let told = self.packs.begin().expect("there is room");
            if let Some((0, Kill::Begun)) = kill {
                return false;
            }
            self.log.extend(told.map(MemberLine::Begun));
            match kill {
                Some((0, Kill::Told)) => return false,
                Some((0, Kill::Torn(bytes))) => {
                    self.tear(usize::from(bytes));
                    return false;
                }
                _ => {}
            }
            let count = self.append(rest);
            for (number, (_, packed, outcome)) in rest[..count].iter_mut().enumerate() {
                let kill = kill.filter(|(at, _)| *at == number).map(|(_, kill)| kill);
                // Any moment before the line of this member is the same, now that all are in the pack.
                if !matches!(kill, None | Some(Kill::Logged | Kill::Published)) {
                    return false;
                }
                let packed = packed.take().expect("it was appended");
                self.log.push(MemberLine::Member(outcome.index, packed));
                if let Some(Kill::Logged) = kill {
                    return false;
                }
                self.packs.note_logged();
                let published = self.packs.publish_if_full().expect("nothing has its name");
                if let Some(Kill::Published) = kill {
                    return false;
                }
                self.log.extend(published.map(MemberLine::Published));
            }
            rest = &mut rest[count..];
            place += count;
        }
        true
    }

    /// Appends members: together, or the first one alone. Returns the number of those that are in the pack.
    fn append(&mut self, entries: &mut [(PackMember, Option<Packed>, Outcome)]) -> usize {
        let together = entries.iter_mut().map(|(member, _, outcome)| BatchMember {
            member,
            outcome,
            has_changed: false,
        });
        let together: Vec<_> = together.collect();
        if together.len() > 1 {
            let packed = self.packs.append_together(together);
            let packed = packed.expect("they can be encoded");
            // A pack that is full already takes none of them, and the next one begins after one member more.
            if !packed.is_empty() {
                let count = packed.len();
                for ((_, place, _), packed) in entries.iter_mut().zip(packed) {
                    *place = Some(packed);
                }
                return count;
            }
        }
        let (member, place, outcome) = &mut entries[0];
        let appended = self.packs.append(member, outcome, false, || false);
        match appended.expect("it can be encoded") {
            Appended::Done(packed) => *place = Some(packed),
            other => panic!("{} cannot be appended: {other:?}", outcome.index),
        }
        1
    }

    /// A complete body, with the outcome of its target.
    fn member(&self, index: u64, body: &[u8]) -> (PackMember, Option<Packed>, Outcome) {
        let mut bytes = self.packs.body().body();
        let url = format!("http://h/{index}");
        bytes.begin_exchange(ArchivedHead {
            url: url.clone(),
            request: b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            response: HEAD.to_vec(),
            status: 200,
            content_type: None,
        });
        bytes.start(&Version::default());
        bytes.complete(body).expect("there is room");
        bytes.end_exchange(None, false).expect("there is room");
        let mut member = bytes.into_member().expect("it is complete");
        let outcome = Outcome::new(index, url.as_str().into(), Verb::Get);
        // Half of the frames come from a worker.
        if index.is_multiple_of(2) {
            self.packs.body().frame(&mut member, &outcome);
        }
        (member, None, outcome)
    }

    /// Leaves a beginning of a member, or of a pack's end, behind what is there.
    fn tear(&self, bytes: usize) {
        for part in files(self.folder).filter(|path| path.extension().is_some_and(|e| e == "part"))
        {
            let file = OpenOptions::new().append(true).open(part);
            let written = file.and_then(|mut file| file.write_all(&vec![0; bytes]));
            written.expect("it can be written");
        }
    }
}

fn encoder() -> RecordEncoder {
    Arc::new(|outcome, record| writeln!(record, "{{\"index\":{}}}", outcome.index))
}

fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).expect("it is there");
    entries.map(|entry| entry.expect("it can be read").path())
}

/// What the log says, and the indices whose bodies are there.
fn read(log: &[MemberLine]) -> (LoggedPacks, BTreeMap<u64, u64>) {
    let mut packs = LoggedPacks::default();
    let mut lines = BTreeMap::new();
    for (position, line) in (0..).zip(log) {
        match line {
            MemberLine::Begun(pack) => packs.note_begun(pack),
            MemberLine::Cut(pack, length) => packs.note_cut(pack, *length),
            MemberLine::Published(pack) => packs.note_published(pack),
            MemberLine::Member(index, packed) => {
                packs.note_member(&packed.pack, packed.offset, packed.end(), position);
                lines.insert(*index, position);
            }
        }
    }
    (packs, lines)
}

/// All members of all packs, by name.
fn members(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for path in files(folder) {
        assert_eq!(
            path.extension(),
            Some("tar".as_ref()),
            "{} is left",
            path.display()
        );
        let mut archive = ::tar::Archive::new(fs::File::open(&path).expect("it is there"));
        for entry in archive.entries().expect("it is a tar file") {
            let mut entry = entry.expect("the header is whole");
            let name = entry.path().expect("it has a name").display().to_string();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("the member is whole");
            all.push((name, bytes));
        }
    }
    all
}

/// The bodies of all responses in WARC files, by URL; held against the indexes beside them.
fn responses(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut indexed = 0;
    for path in files(folder) {
        let name = path
            .file_name()
            .expect("it has a name")
            .display()
            .to_string();
        if let Some(pack) = name.strip_suffix(".cdxj") {
            let text = fs::read_to_string(&path).expect("it is there");
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines.is_sorted(), "{text}");
            let pack = fs::read(folder.join(pack)).expect("it is there");
            for line in lines {
                let (_, fields) = line.split_once(" {").expect(line);
                let fields: serde_json::Value =
                    serde_json::from_str(&format!("{{{fields}")).expect(line);
                let offset = fields["offset"]
                    .as_str()
                    .and_then(|offset| offset.parse().ok());
                let offset: usize = offset.expect(line);
                let record = gunzip(&pack[offset..]).0;
                assert!(
                    record.starts_with("WARC/1.1\r\nWARC-Type: response\r\n"),
                    "{record}"
                );
                let key = line.split(' ').next().expect(line);
                let uri = format!(
                    "\r\nWARC-Target-URI: http://{}\r\n",
                    key.replacen(')', "", 1)
                );
                assert!(record.contains(&uri), "{line}\n{record}");
                indexed += 1;
            }
            continue;
        }
        assert!(name.ends_with(".warc.gz"), "{name} is left");
        let bytes = fs::read(&path).expect("it is there");
        let mut rest = &bytes[..];
        let mut types = Vec::new();
        while !rest.is_empty() {
            let (record, length) = gunzip(rest);
            rest = &rest[length..];
            let field = |name: &str| {
                let line = record.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap_or_default().to_owned()
            };
            types.push(field("WARC-Type: "));
            if field("WARC-Type: ") == "response" {
                let (_, block) = record.split_once("\r\n\r\n").expect("a header ends");
                let (_, body) = block.split_once("\r\n\r\n").expect("a head ends");
                let body = body.strip_suffix("\r\n\r\n").expect("a record ends");
                all.push((field("WARC-Target-URI: "), body.as_bytes().to_vec()));
            }
        }
        let infos = types.iter().filter(|kind| *kind == "warcinfo").count();
        assert!(infos == 1 && types[0] == "warcinfo", "{types:?}");
    }
    assert_eq!(indexed, all.len(), "each response is in an index");
    all
}

/// The first gzip member as text, and its length.
fn gunzip(bytes: &[u8]) -> (String, usize) {
    let mut decoder = flate2::bufread::GzDecoder::new(bytes);
    let mut text = String::new();
    decoder
        .read_to_string(&mut text)
        .expect("the member is whole");
    (text, bytes.len() - decoder.into_inner().len())
}

fn body(index: u64, length: u16) -> Vec<u8> {
    let seed = u8::try_from(index % 251).expect("less than 251");
    vec![seed % 127 + 1; usize::from(length)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_body_is_in_the_packs_once_wherever_runs_are_killed(
        lengths in prop::collection::vec(0_u16..3000, 1..24),
        kills in prop::collection::vec((0_usize..12, kill(), 0_u64..2000), 0..12),
        (full_bytes, full_members) in (1_u64..20_000, 1_u64..8),
        is_reversed in any::<bool>(),
        together in 1_usize..7,
        format in prop_oneof![Just(PackFormat::Tar), Just(PackFormat::Warc)],
    ) {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let pattern = match format {
            PackFormat::Tar => "p-%03d.tar",
            PackFormat::Warc => "p-%03d.warc.gz",
        };
        let pattern = PackPattern::parse(&folder.path().join(pattern), None).expect("a pattern");
        let config = PackConfig { format, pattern, full_bytes, full_members };
        let mut log = Vec::new();
        let mut kills = kills.into_iter();
        loop {
            let (mut logged, lines) = read(&log);
            let packs = Packs::open(config.clone(), &mut logged, 1, encoder());
            let packs = packs.unwrap_or_else(|error| panic!("{error}\n{log:?}"));
            let is_done = |index: &u64| lines.get(index).is_some_and(|line| logged.holds(*line));
            let mut left: Vec<u64> = (0..lengths.len() as u64).filter(|i| !is_done(i)).collect();
            // Members come in any order.
            if is_reversed {
                left.reverse();
            }
            let mut run = Run { packs, log: &mut log, folder: folder.path() };
            run.log.extend(run.packs.take_untold().map(|untold| match untold {
                PackEvent::Begun(pack) => MemberLine::Begun(pack),
                PackEvent::Cut(pack, length) => MemberLine::Cut(pack, length),
                PackEvent::Published(pack) => MemberLine::Published(pack),
            }));
            let plan = kills.next();
            let is_whole = left.chunks(together).enumerate().all(|(number, indices)| {
                let before = number * together;
                let killed_at = plan.and_then(|(at, kill, _)| Some((at.checked_sub(before)?, kill)));
                let bodies = indices.iter().map(|index| {
                    let length = lengths[usize::try_from(*index).expect("a short list")];
                    (*index, body(*index, length))
                });
                run.pack(&bodies.collect::<Vec<_>>(), killed_at)
            });
            if is_whole {
                let published = run.packs.publish().expect("nothing has its name");
                drop(run);
                log.extend(published.map(MemberLine::Published));
                break;
            }
            drop(run);
            // The file system may lose the end of a part that was never synced.
            if let Some((_, _, lost)) = plan {
                let parts = files(folder.path()).filter(|path| path.extension().is_some_and(|e| e == "part"));
                for part in parts {
                    let file = OpenOptions::new().write(true).open(part).expect("it is there");
                    let length = file.metadata().expect("it is there").len();
                    // A part that is gone altogether is an error, as it should be.
                    let kept = length.saturating_sub(lost).max(1).min(length);
                    file.set_len(kept).expect("it can be cut");
                }
            }
        }
        let found = match format {
            PackFormat::Tar => members(folder.path()),
            PackFormat::Warc => responses(folder.path()),
        };
        let found: BTreeMap<_, _> = found.into_iter().fold(
            BTreeMap::<String, Vec<Vec<u8>>>::new(),
            |mut found, (name, bytes)| {
                found.entry(name).or_default().push(bytes);
                found
            },
        );
        let expected: BTreeMap<_, _> = (0..).zip(&lengths).flat_map(|(index, length)| match format {
            PackFormat::Tar => vec![
                (format!("{index:010}.bin"), vec![body(index, *length)]),
                (format!("{index:010}.json"), vec![format!("{{\"index\":{index}}}\n").into_bytes()]),
            ],
            PackFormat::Warc => vec![(format!("http://h/{index}"), vec![body(index, *length)])],
        }).collect();
        prop_assert!(found == expected, "members {:?}\n{:?}", found.keys().collect::<Vec<_>>(), log);
    }
}

#[test]
fn packs_of_others_and_lost_ones_are_errors_and_stay_as_they_are() {
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    let at = |name: &str| folder.path().join(name);
    let open = |pattern: &str, logged: &mut LoggedPacks| {
        let pattern = PackPattern::parse(&at(pattern), None).expect("a pattern");
        let config = PackConfig {
            format: PackFormat::Tar,
            pattern,
            full_bytes: 1,
            full_members: 1,
        };
        let preview = Packs::preview(&config, &mut logged.clone()).err();
        let opened = Packs::open(config, logged, 1, encoder());
        let error = opened.err();
        assert_eq!(preview, error, "a dry run says the same");
        error
    };
    let name = |name: &str| at(name).display().to_string();
    let mut logged = LoggedPacks::default();

    fs::write(at("a-7.tar"), "another's").expect("it can be written");
    let error = open("a-%d.tar", &mut logged);
    assert_eq!(error, Some(PackError::Foreign(name("a-7.tar"))));
    fs::write(at("b-0.tar.part"), "another's").expect("it can be written");
    let error = open("b-%d.tar", &mut logged);
    assert_eq!(error, Some(PackError::Foreign(name("b-0.tar.part"))));
    assert!(!at("a-0.tar.part").exists(), "nothing is made");

    logged.note_begun(&name("c-0.tar"));
    logged.note_member(&name("c-0.tar"), 0, 2048, 33);
    let error = open("d-%d.tar", &mut logged);
    assert_eq!(error, Some(PackError::OtherPattern(name("c-0.tar"))));
    let error = open("c-%d.tar", &mut logged);
    assert_eq!(error, Some(PackError::Missing(name("c-0.tar.part"))));
    // What is published may be moved away.
    logged.note_published(&name("c-0.tar"));
    assert_eq!(open("c-%d.tar", &mut logged), None);
    assert!(at("c-1.tar.part").exists(), "the next one is begun");

    for untouched in ["a-7.tar", "b-0.tar.part"] {
        assert_eq!(fs::read(at(untouched)).expect("it is there"), b"another's");
    }
}
