//! The advice at the end of a run: the way on after a stop, and the way to keep bodies that were dropped.

use std::io::{self, IsTerminal};

use super::{Inputs, terminal};
use crate::cli::args::TypedArgs;
use crate::cli::plan::{BodiesPlan, Format, Mode, ResponseNote};
use crate::report::{Advice, WayOn};
use crate::save::{Exists, StoreConfig};

/// Decides on the advice in the report of a plain run.
pub(super) fn plan(args: &TypedArgs, inputs: &Inputs, bodies: &BodiesPlan, mode: &Mode) -> Advice {
    if !matches!(mode, Mode::Fetch) {
        return Advice::default();
    }
    Advice {
        after_stop: way_on(args, inputs, bodies),
        on_bodies: are_dropped(args, bodies) && is_plain(args) && io::stdout().is_terminal(),
    }
}

/// Decides on a note about the part of a response that is not shown: a user of curl who redirects standard output,
/// or pipes it on, expects the body there, and with -I the headers, on a terminal too. Somebody who measures or has
/// a report made does not.
pub(super) fn note(
    args: &TypedArgs,
    inputs: &Inputs,
    bodies: &BodiesPlan,
    mode: &Mode,
) -> Option<ResponseNote> {
    let judge = &args.judge;
    let is_judged =
        !judge.assertions.is_empty() || judge.save_baseline.is_some() || judge.against.is_some();
    let is_expected = matches!(mode, Mode::Fetch)
        && inputs.is_one_url()
        && is_plain(args)
        && !args.output.summary_only
        && args.output.export.is_empty()
        && !is_judged;
    let is_redirected = terminal::is_stdout_redirected();
    if !is_expected || !(is_redirected || io::stdout().is_terminal()) {
        return None;
    }
    if args.request.head {
        return (!args.output.verbose).then_some(ResponseNote::Headers);
    }
    // On a terminal the report itself says it.
    (is_redirected && are_dropped(args, bodies)).then_some(ResponseNote::Body)
}

/// Tells whether bodies are dropped that -o does not name the null device for.
fn are_dropped(args: &TypedArgs, bodies: &BodiesPlan) -> bool {
    let is_discarded = matches!(bodies, BodiesPlan::Discard) && args.bodies.output.is_none();
    is_discarded && !args.request.head
}

/// Tells whether the report for people is the one that is printed, with all its lines, or a template behind the body,
/// as curl's `-s -w` has it.
fn is_plain(args: &TypedArgs) -> bool {
    let is_behind_body = args.output.silent && matches!(args.output.format, Format::Template(_));
    args.output.quiet == 0 && (args.output.format == Format::Human || is_behind_body)
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
        BodiesPlan::Discard | BodiesPlan::Results { .. } | BodiesPlan::Pack(_) => {
            logged.or(Some(WayOn::NoLog))
        }
        BodiesPlan::File { store, .. } => logged.or(file(*store)),
        BodiesPlan::Dir { store, .. } if inputs.is_one_url() => logged.or(file(*store)),
        BodiesPlan::Dir { store, .. } => logged.or(Some(match store.exists {
            Exists::Skip | Exists::Update => WayOn::Files,
            // What is there already would be fetched again, or fail.
            Exists::Overwrite | Exists::Rename | Exists::Fail => WayOn::NoLog,
        })),
    }
}

/// The way on with a single file, which has not got its name.
fn file(store: StoreConfig) -> Option<WayOn> {
    store.resume.then_some(WayOn::File)
}
