//! The advice at the end of a run: the way on after a stop, and the way to keep bodies that were dropped.

use std::io::{self, IsTerminal};

use super::{Inputs, terminal};
use crate::cli::args::TypedArgs;
use crate::cli::habits::Spellings;
use crate::cli::plan::{AttemptLimitNote, BodiesPlan, Format, Mode, ResponseNote};
use crate::engine::input::Repeat;
use crate::report::{Advice, WayOn};
use crate::save::{Exists, StoreConfig};

/// Decides on the advice in the report of a plain run.
pub(super) fn plan(args: &TypedArgs, inputs: &Inputs, bodies: &BodiesPlan, mode: &Mode) -> Advice {
    if !matches!(mode, Mode::Fetch) {
        return Advice::default();
    }
    Advice {
        // Of a time there is no rest to go on with.
        after_stop: way_on(args, inputs, bodies).filter(|_| inputs.repeat != Repeat::Endless),
        on_bodies: are_dropped(args, bodies) && is_plain(args) && io::stdout().is_terminal(),
    }
}

/// Decides whether the headers of a HEAD are part of the report, as they are what `curl -I` prints: of one URL, where
/// nothing but the usual report is asked for.
pub(super) fn shows_heads(
    args: &TypedArgs,
    inputs: &Inputs,
    mode: &Mode,
    spellings: &Spellings,
) -> bool {
    asks_for_headers(args, mode, spellings)
        && inputs.is_one_url()
        && matches!(
            Expectation::of(args, inputs),
            Expectation::Silent | Expectation::Plain
        )
}

/// Tells whether the headers of a HEAD are wanted, and not shown elsewhere: wget shows none with --spider.
fn asks_for_headers(args: &TypedArgs, mode: &Mode, spellings: &Spellings) -> bool {
    let is_shown = args.output.verbose || args.bodies.output.is_some();
    args.request.head
        && matches!(mode, Mode::Fetch)
        && !is_shown
        && !["--spider", "--use-head"].contains(&spellings.of("--head"))
}

/// Decides on a note about the part of the responses that is not shown: a user of curl who redirects standard output,
/// or pipes it on, expects the body there, and with -I the headers of several URLs, on a terminal too. Somebody who measures or has
/// a report made does not, unless a template in curl's syntax, or its -s, says where they come from.
pub(super) fn note(
    args: &TypedArgs,
    inputs: &Inputs,
    bodies: &BodiesPlan,
    mode: &Mode,
    spellings: &Spellings,
) -> Option<ResponseNote> {
    let expectation = Expectation::of(args, inputs);
    let is_redirected = terminal::is_stdout_redirected();
    if !matches!(mode, Mode::Fetch)
        || expectation == Expectation::None
        // Nothing but failures is to be told.
        || args.output.quiet > 1
        || !(is_redirected || io::stdout().is_terminal())
    {
        return None;
    }
    if args.request.head {
        // Who has a template wants what it shows.
        let is_expected = matches!(expectation, Expectation::Silent | Expectation::Several);
        let is_noted =
            is_expected && !inputs.is_one_url() && asks_for_headers(args, mode, spellings);
        return is_noted.then_some(ResponseNote::Headers);
    }
    let is_noted = match expectation {
        Expectation::None | Expectation::Several => false,
        Expectation::BehindTemplate => true,
        // On a terminal the report itself says it.
        Expectation::Silent | Expectation::Plain => is_redirected,
        Expectation::InFile => terminal::is_stdout_new_file(),
    };
    (is_noted && are_dropped(args, bodies)).then_some(match inputs.is_one_url() {
        true if expectation != Expectation::BehindTemplate => ResponseNote::Body,
        _ => ResponseNote::Bodies,
    })
}

/// Tells whether -s is curl's way to ask for bodies, as in `curl -s URL | jq`: standard output goes to a file or to a
/// reader, and nothing else of the run is to be had. However many URLs there are: xargs gives some more at a time.
pub(super) fn are_bodies_asked_for(args: &TypedArgs, inputs: &Inputs) -> bool {
    let is_fetch = !args.measure.compare
        && args.measure.sweep.is_none()
        && !args.input.dry_run
        && args.output.replay.is_empty();
    is_fetch
        && !inputs.repeat.is_repeated()
        && !args.request.head
        && args.bodies.log.is_none()
        && Expectation::of(args, inputs) == Expectation::Silent
        && terminal::is_stdout_redirected()
}

/// The reason to think that bodies are expected on standard output, as curl writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expectation {
    /// There is none.
    None,
    /// A template in curl's syntax, whatever else is asked for: one that begins with the end of a body's last line,
    /// or any for one URL without -s. Of many URLs, such a template alone is the report of a link check, and with -s the
    /// answer that a script reads, in a loop perhaps.
    BehindTemplate,
    /// curl's -s, and no report that is asked for.
    Silent,
    /// One URL and the usual report.
    Plain,
    /// Several URLs on the command line, and the usual report. A list of them is one to check.
    Several,
    /// One URL and hardly a report (-q): what it prints is hardly worth a file.
    InFile,
}

impl Expectation {
    fn of(args: &TypedArgs, inputs: &Inputs) -> Self {
        let (judge, output) = (&args.judge, &args.output);
        if let Format::Template(template) = output.format()
            && template.is_write_out()
        {
            // With -s, what is printed is what the template asks for, as of curl whose bodies nobody looks at.
            let is_alone = inputs.is_one_url() && !output.silent;
            return match template.begins_with_line_end() || is_alone {
                true => Expectation::BehindTemplate,
                false => Expectation::None,
            };
        }
        let is_judged = !judge.assertions.is_empty()
            || judge.save_baseline.is_some()
            || judge.against.is_some();
        let has_report = is_judged
            || output.summary_only
            || !output.export.is_empty()
            || *output.format() != Format::Human;
        match (has_report, output.quiet, inputs.is_one_url()) {
            (true, _, _) => Expectation::None,
            (false, _, _) if output.silent => Expectation::Silent,
            (false, 0, true) => Expectation::Plain,
            (false, _, true) => Expectation::InFile,
            (false, 0, false) if inputs.lists.is_empty() && !inputs.repeat.is_repeated() => {
                Expectation::Several
            }
            (false, _, false) => Expectation::None,
        }
    }
}

/// Makes the note for a limit of curl's that is one of attempts here. Somebody who asks for retries has met that in
/// curl too, which begins to count anew with each.
pub(super) fn limit_note(args: &TypedArgs, spellings: &Spellings) -> Option<AttemptLimitNote> {
    let spelling = spellings.of("--timeout");
    let is_of_transfer = ["-m", "--max-time"].contains(&spelling);
    let retries = super::retry_policy(&args.limits).retries;
    let is_expected = is_of_transfer && retries > 0 && !spellings.has("--retry");
    is_expected.then(|| AttemptLimitNote {
        spelling: spelling.to_owned(),
        attempts: retries + 1,
    })
}

/// Tells whether bodies are dropped that -o does not name the null device for.
fn are_dropped(args: &TypedArgs, bodies: &BodiesPlan) -> bool {
    let is_discarded = matches!(bodies, BodiesPlan::Discard) && args.bodies.output.is_none();
    is_discarded && !args.request.head
}

/// Tells whether the report for people is the one that is printed, with all its lines.
fn is_plain(args: &TypedArgs) -> bool {
    args.output.quiet == 0 && *args.output.format() == Format::Human
}

/// Decides on the way on after a stop. A stream of bodies is never continued.
fn way_on(args: &TypedArgs, inputs: &Inputs, bodies: &BodiesPlan) -> Option<WayOn> {
    let logged = match (&args.bodies.log, args.bodies.resume) {
        (None, _) => None,
        (Some(_), false) => Some(WayOn::Log),
        (Some(_), true) => Some(WayOn::SameAgain),
    };
    match bodies {
        BodiesPlan::Stream { .. } => None,
        // The same command is as short, and begins again too.
        BodiesPlan::Discard | BodiesPlan::Results { .. } if inputs.is_one_url() => logged,
        BodiesPlan::Discard | BodiesPlan::Results { .. } | BodiesPlan::Pack(_) => {
            logged.or(Some(WayOn::NoLog))
        }
        BodiesPlan::File { store, .. } => logged.or(file(*store)),
        BodiesPlan::Dir { store, .. } if inputs.is_one_url() => logged.or(file(*store)),
        BodiesPlan::Dir { store, .. } => logged.or(Some(match store.exists {
            Exists::Skip | Exists::Update | Exists::Refresh => WayOn::Files,
            // What is there already would be fetched again, or fail.
            Exists::Overwrite | Exists::Rename | Exists::Fail => WayOn::NoLog,
        })),
    }
}

/// The way on with a single file, which has not got its name.
fn file(store: StoreConfig) -> Option<WayOn> {
    store.resume.then_some(WayOn::File)
}
