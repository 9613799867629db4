//! A suite of test cases: those of a run, or of all counted runs of an arm.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::time::{Duration, SystemTime};

use super::names::{CaseNames, NameHash, RepeatedNames};
use crate::model::outcome::{Outcome, Verdict};
use crate::model::summary::Summary;
use crate::model::unreadable_list::UnreadableList;
use crate::model::url_host::{host_and_port, host_name};
use crate::report::export::markup::MarkupText;
use crate::report::export::words;
use crate::report::format::grouped;
use crate::report::wording;

pub(super) const FAILURE: &str = "failure";
pub(super) const SKIPPED: &str = "skipped";
const ERROR: &str = "error";

/// A suite. The format has the totals before the cases, so the cases are kept in an unnamed temporary file until the
/// end. Memory is needed for those URLs only that failed in a later run than the first.
#[derive(Debug)]
pub(super) struct Suite {
    pub(super) name: String,
    /// Place among the suites: the serial arm first, then by the number of workers.
    pub(super) place: (bool, usize),
    /// Start of the run, or of the suite's first case.
    pub(super) started_at: Option<SystemTime>,
    /// The cases of the first run, then those that take the place of some of them.
    cases: BufWriter<File>,
    /// Length of the file so far.
    length: u64,
    /// Length of the cases of the first run, once it is over.
    first_run: Option<u64>,
    /// Places in the file of the cases that failed in a later run only, by index.
    later: BTreeMap<u64, u64>,
    /// Sum of the makespans, and the number of runs.
    time: (Duration, u32),
    /// How far a plain run came that was stopped.
    progress: Option<SuiteProgress>,
    /// The lists that could not be read to their end, in any of its runs.
    unreadable: Vec<UnreadableList>,
    /// The limits of the user's that held something back, and the rate that was missed, of the last run.
    pacing: Vec<(&'static str, String)>,
}

/// How far a run came that was stopped: its cases are those that were read.
#[derive(Debug)]
struct SuiteProgress {
    /// The sentence, as in the other reports.
    text: String,
    /// The targets of the whole input, if they could be counted.
    listed: Option<u64>,
    /// Those of them that the run did not come to read.
    unread: Option<u64>,
    /// True if the run's deadline cut something off.
    is_deadline: bool,
    /// The shards that a merged report lacks.
    missing: Option<String>,
}

#[derive(Debug, Default)]
struct SuiteCounts {
    tests: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
}

impl SuiteCounts {
    /// Counts a case with this element, or none.
    fn count(&mut self, element: &str) {
        self.tests += 1;
        match element {
            FAILURE => self.failures += 1,
            ERROR => self.errors += 1,
            SKIPPED => self.skipped += 1,
            _ => {}
        }
    }
}

impl Suite {
    pub(super) fn new(name: String, place: (bool, usize)) -> io::Result<Self> {
        Ok(Suite {
            name,
            place,
            started_at: None,
            cases: BufWriter::new(tempfile::tempfile()?),
            length: 0,
            first_run: None,
            later: BTreeMap::new(),
            time: (Duration::ZERO, 0),
            progress: None,
            unreadable: Vec::new(),
            pacing: Vec::new(),
        })
    }

    /// Adds the case of a target. In a run after the first only a failure counts, once.
    pub(super) fn add(&mut self, outcome: &Outcome) -> io::Result<()> {
        let element = element(outcome);
        if self.first_run.is_some() {
            let is_failure = element == FAILURE || element == ERROR;
            if !is_failure || self.later.contains_key(&outcome.index) {
                return Ok(());
            }
            self.later.insert(outcome.index, self.length);
        }
        self.started_at = self.started_at.or(outcome.last.started_at);
        let (case, name_end) = case(outcome, element);
        let (index, length) = (outcome.index, case.len());
        let NameHash(name) = NameHash::of(&outcome.url);
        let record = format!("{index} {element} {name} {name_end} {length}\n{case}");
        self.length += record.len() as u64;
        self.cases.write_all(record.as_bytes())
    }

    /// Ends a run of the suite.
    pub(super) fn end_run(&mut self, summary: &Summary) {
        self.first_run.get_or_insert(self.length);
        self.time.0 += summary.makespan.unwrap_or_default();
        self.time.1 += 1;
        UnreadableList::add_new(&mut self.unreadable, &summary.unreadable);
        let limits = summary.binding_limits();
        let limits = limits.are_any().then(|| limits.to_string());
        let missed = wording::missed_rate(summary);
        let pacing = [("held-back", limits), ("asked-rate", missed)].into_iter();
        self.pacing = pacing
            .filter_map(|(name, text)| Some((name, text?)))
            .collect();
        self.progress = summary.stopped.then(|| SuiteProgress {
            text: wording::progress(summary),
            listed: summary.all_listed(),
            unread: summary.unread(),
            is_deadline: summary.not_done > 0,
            missing: wording::missing(summary),
        });
    }

    /// Tells whether its run was stopped.
    pub(super) fn is_stopped(&self) -> bool {
        self.progress.is_some()
    }

    /// Writes the suite, with the mean time of its runs.
    pub(super) fn write(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.cases.flush()?;
        let mut counts = SuiteCounts::default();
        // Twice over the cases: for their counts, and for themselves.
        let mut names = CaseNames::new();
        self.each_case(|case| {
            counts.count(&case.element);
            names.add(case.name, case.index)
        })?;
        let mut repeated = names.repeated()?;
        let progress = self.progress.as_ref();
        let rest = progress.map(SuiteProgress::rest);
        let unreadable = self.unreadable.iter().map(unreadable_case);
        let errors: Vec<String> = rest.into_iter().chain(unreadable).collect();
        errors.iter().for_each(|_| counts.count(ERROR));
        let SuiteCounts {
            tests,
            failures,
            errors: error_count,
            skipped,
        } = counts;
        let time = seconds(self.time.0 / self.time.1.max(1));
        let name = MarkupText(&self.name);
        write!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" \
             errors=\"{error_count}\" skipped=\"{skipped}\" time=\"{time}\""
        )?;
        if let Some(started_at) = self.started_at {
            let moment = humantime::format_rfc3339_seconds(started_at).to_string();
            write!(out, " timestamp=\"{}\"", moment.trim_end_matches('Z'))?;
        }
        out.write_all(b">\n")?;
        let progress = self.progress.iter().flat_map(SuiteProgress::properties);
        let mut properties: Vec<_> = progress.collect();
        properties.append(&mut self.pacing);
        write_properties(&properties, out)?;
        self.each_case(|case| case.write(&mut repeated, out))?;
        out.write_all(errors.concat().as_bytes())?;
        out.write_all(b"  </testsuite>\n")
    }

    /// Calls `visit` with each case of the first run, or with the one that takes its place.
    fn each_case(&self, mut visit: impl FnMut(&CaseRecord) -> io::Result<()>) -> io::Result<()> {
        let file = self.cases.get_ref();
        let mut cases = BufReader::new(FileReader { file, offset: 0 });
        let mut left = self.first_run.unwrap_or(self.length);
        while left > 0 {
            let case = CaseRecord::read(&mut cases)?;
            left = left.saturating_sub(case.length);
            let has_failed = case.element == FAILURE || case.element == ERROR;
            match self.later.get(&case.index).filter(|_| !has_failed) {
                Some(&offset) => {
                    let later = FileReader { file, offset };
                    visit(&CaseRecord::read(&mut BufReader::new(later))?)?;
                }
                None => visit(&case)?,
            }
        }
        Ok(())
    }
}

impl SuiteProgress {
    /// The properties of the suite that tell of it.
    fn properties(&self) -> Vec<(&'static str, String)> {
        let listed = self.listed.map(|listed| ("listed", listed.to_string()));
        [("stopped", self.text.clone())]
            .into_iter()
            .chain(listed)
            .collect()
    }

    /// The case that stands for all that was not read, which have no case of their own, or for the end that the run
    /// did not come to: without it a page of results would show a list whose rest was not tried as a shorter one,
    /// and as a good run.
    fn rest(&self) -> String {
        let name = match (&self.missing, self.unread) {
            (None, Some(0)) => "the end of the list".to_owned(),
            (None, Some(1)) => "1 more URL of the list".to_owned(),
            (None, Some(unread)) => format!("{} more URLs of the list", grouped(unread)),
            (Some(_), _) | (None, None) => "the rest of the list".to_owned(),
        };
        match (&self.missing, self.unread) {
            (Some(missing), _) => input_error(&name, "missing", missing),
            (None, _) if self.is_deadline => {
                let message = format!("the run's deadline passed (--deadline): {}", self.text);
                input_error(&name, "deadline", &message)
            }
            (None, Some(0)) => {
                let message = format!("the run was stopped before its end: {}", self.text);
                input_error(&name, "stopped", &message)
            }
            (None, _) => {
                let message = "not tried: the run was stopped before it read that far";
                input_error(&name, "unread", message)
            }
        }
    }
}

/// Writes the properties of a suite, if it has any.
fn write_properties(properties: &[(&'static str, String)], out: &mut impl Write) -> io::Result<()> {
    if properties.is_empty() {
        return Ok(());
    }
    out.write_all(b"    <properties>\n")?;
    for (name, value) in properties {
        let value = MarkupText(value);
        writeln!(out, "      <property name=\"{name}\" value=\"{value}\"/>")?;
    }
    out.write_all(b"    </properties>\n")
}

/// The case that stands for what of a list could not be read. It is none of those that a stop left unread.
fn unreadable_case(list: &UnreadableList) -> String {
    let name = MarkupText(&format!("the rest of {}", list.name)).to_string();
    let message = format!("it cannot be read to its end: {}", list.reason);
    input_error(&name, "unreadable", &message)
}

/// A case that is an error of the input, or of all of it. The name is markup.
fn input_error(name: &str, kind: &str, message: &str) -> String {
    format!(
        "    <testcase classname=\"input\" name=\"{name}\" time=\"0.000000\">\n      \
         <{ERROR} type=\"{kind}\" message=\"{}\"/>\n    </testcase>\n",
        MarkupText(message)
    )
}

/// A suite with nothing but this error, where no suite of a run shows it.
pub(super) fn error_suite(suite: &str, case: &str, kind: &str, message: &str) -> String {
    format!(
        "  <testsuite name=\"{}\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" time=\"0.000000\">\n{}  \
         </testsuite>\n",
        MarkupText(suite),
        input_error(case, kind, message)
    )
}

/// A case, read back from the file.
struct CaseRecord {
    index: u64,
    element: String,
    name: NameHash,
    /// Place behind the name in the XML.
    name_end: usize,
    xml: Vec<u8>,
    /// Length of the whole record.
    length: u64,
}

impl CaseRecord {
    /// Reads a record: a line with index, element, hash and end of the name, and length of the XML, then the XML.
    fn read(from: &mut impl BufRead) -> io::Result<Self> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "a temporary file was changed");
        let mut line = String::new();
        from.read_line(&mut line)?;
        let mut parts = line.trim_end_matches('\n').split(' ');
        let mut part = || parts.next().ok_or_else(damaged);
        let index = part()?.parse().map_err(|_| damaged())?;
        let element = part()?.to_owned();
        let name = NameHash(part()?.parse().map_err(|_| damaged())?);
        let name_end = part()?.parse().map_err(|_| damaged())?;
        let length: usize = part()?.parse().map_err(|_| damaged())?;
        let mut xml = Vec::new();
        from.take(length as u64).read_to_end(&mut xml)?;
        match xml.len() == length && name_end <= length {
            true => Ok(CaseRecord {
                index,
                element,
                name,
                name_end,
                length: (line.len() + length) as u64,
                xml,
            }),
            false => Err(damaged()),
        }
    }

    /// Writes the case, by a name that no other one of the suite has.
    fn write(&self, repeated: &mut RepeatedNames, out: &mut impl Write) -> io::Result<()> {
        let (before, behind) = self.xml.split_at(self.name_end);
        out.write_all(before)?;
        out.write_all(repeated.next_suffix()?.as_bytes())?;
        out.write_all(behind)
    }
}

/// A reader of a file from an offset on, which leaves the file's own position alone (pread(2)).
struct FileReader<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for FileReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// The element of a target's case that says how it ended; empty for a success.
fn element(outcome: &Outcome) -> &'static str {
    match outcome.verdict {
        Verdict::Ok | Verdict::Unchanged | Verdict::Done => "",
        // Whatever cut it off: that the run is no good one is told by an error of the suite.
        Verdict::Skipped => SKIPPED,
        Verdict::Failed if outcome.error().is_some_and(|error| error.kind.is_local()) => ERROR,
        Verdict::Failed => FAILURE,
    }
}

/// The case of a target, with this element, and the place behind the name in it.
fn case(outcome: &Outcome, element: &str) -> (String, usize) {
    let mut case = format!(
        "    <testcase classname=\"{}\" name=\"{}",
        MarkupText(class(&outcome.url)),
        MarkupText(&outcome.url),
    );
    let name_end = case.len();
    case += "\" time=\"";
    case += &seconds(outcome.elapsed().unwrap_or_default());
    case += "\"";
    case += &case_body(outcome, element);
    (case, name_end)
}

/// The rest of the case of a target, behind the attributes.
fn case_body(outcome: &Outcome, element: &str) -> String {
    if element.is_empty() {
        let text = match outcome.verdict {
            Verdict::Done => Some("done before".to_owned()),
            _ => words::tried_again(outcome),
        };
        return match text {
            None => "/>\n".to_owned(),
            Some(text) => format!(
                ">\n      <system-out>{}</system-out>\n    </testcase>\n",
                MarkupText(&text)
            ),
        };
    }
    let kind = outcome
        .error()
        .map_or("unknown", |error| error.kind.as_str());
    format!(
        ">\n      <{element} type=\"{kind}\" message=\"{}\"/>\n    </testcase>\n",
        MarkupText(&words::reason(outcome))
    )
}

/// The class of a URL's case: its host, with the port if it names one, as two servers of a machine differ by that alone;
/// `input` for a text that is no URL.
fn class(url: &str) -> &str {
    // Reports show no userinfo, but a log that is replayed need not be pfetch's.
    let host = host_and_port(url).rsplit('@').next().unwrap_or_default();
    match host_name(url) {
        Some(_) => host,
        None => "input",
    }
}

/// A duration in seconds, with the digits that Maven's Surefire writes.
fn seconds(time: Duration) -> String {
    format!("{:.6}", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_is_the_host_with_its_port() {
        for (url, expected) in [
            ("http://a.example/", "a.example"),
            ("https://a.example:8443?q=//b", "a.example:8443"),
            ("http://u:p@a.example:81/", "a.example:81"),
            ("http://[::1]:80/", "[::1]:80"),
            ("http://:80/", "input"),
            ("nonsense", "input"),
            ("nonsense://", "input"),
        ] {
            assert_eq!(class(url), expected, "{url}");
        }
    }
}
