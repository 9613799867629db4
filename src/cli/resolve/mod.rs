//! From typed to meant: the options checked against each other and against the world they run in (the
//! terminal, the environment, the files they name), and turned into a [`Plan`].

mod advice;
mod bodies;
mod empty_secrets;
mod exports;
mod header_files;
mod judge;
mod output;
mod repeat;
mod request;
mod shard;
mod terminal;

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::Duration;

use super::args::{EXAMPLES, LimitArgs, MeasureArgs, TypedArgs, TypedExport, TypedRuns};
use super::files::NamedFiles;
use super::habits::{self, Spellings};
use super::plan::{
    BodiesPlan, Format, ListName, Mode, Plan, ProgressMode, ReportPlan, StreamOutput,
};
use crate::engine::input::{InputConfig, Repeat, Separator};
use crate::engine::retry::RetryPolicy;
use crate::engine::schedule::StartLimits;
use crate::engine::{Adaptation, Order, RunConfig};
use crate::measure::{Experiment, Stopping, SweepPlan, WorkerCounts};
use crate::model::headers::GivenHeader;
use crate::model::margin::Margin;
use crate::model::target::Verb;
use crate::pool::{default_workers, default_workers_for};
use crate::report::export::Export;
use crate::report::{Detail, HumanStyle, TemplateField};

/// The warning of an option that asks for nothing here, and for headers to wget.
const LONE_S: &str =
    "-S is curl's, and changes nothing here; the headers that it shows with wget are with -v";

/// Makes the plan that the options ask for, or says in one line why there is none.
///
/// Only names are looked at here, except for certificates, keys and the environment's proxies; lists, reports
/// and logs are opened when the plan is carried out.
pub(super) fn resolve(mut args: TypedArgs, spellings: &Spellings) -> Result<Plan, String> {
    let is_replay = !args.output.replay.is_empty();
    let inputs = match is_replay {
        true => Inputs::of_replay(&args.output.replay)?,
        false => Inputs::of_fetch(&args)?,
    };
    let headers = header_files::all(&args.request.header, &inputs.lists)?;
    check_habits(&args, &headers, spellings)?;
    repeat::check(&args)?;
    bodies::join_dir(&mut args.bodies, &inputs)?;
    let sharding = shard::sharding(&args.input, |name| env::var(name).ok())
        .map_err(|error| error.to_string())?;
    let shard = sharding.map(|sharding| sharding.shard);
    shard::fill_number(&mut args, shard)?;
    named_files(&args, &inputs, is_replay)?.check()?;
    let workers = args.pool.workers.unwrap_or_else(|| match inputs.number() {
        Some(number) => default_workers_for(number),
        None => default_workers(),
    });
    let mode = match is_replay {
        true => Mode::Replay,
        false if args.input.dry_run => Mode::DryRun,
        false => mode(
            &args.measure,
            args.judge.margin.unwrap_or_default(),
            workers,
        ),
    };
    let workers = match &mode {
        Mode::Sweep(sweep) => most_workers(&sweep.counts),
        _ => workers,
    };
    let mut warnings = Vec::new();
    let mut fetch = request::fetch_config(&args, &headers, &mut warnings)?;
    fetch.keep_exchanges |= advice::shows_heads(&args, &inputs, &mode, spellings);
    if spellings.has_lone_s() && !args.output.silent && !args.output.verbose {
        warnings.push(LONE_S.to_owned());
    }
    let bodies = bodies::plan(&args, &inputs, shard, spellings)?;
    judge::check(&args.judge, &args.measure, is_replay)?;
    check_results(&args, &bodies)?;
    // wget's -x has no value.
    let is_lone = args.input.urls.is_empty() && args.input.input.is_empty();
    let lone_proxy = args.connection.proxy.as_ref().filter(|_| is_lone);
    let lone_proxy = lone_proxy.map(|_| spellings.of("--proxy").to_owned());
    let report = report_plan(&args, &inputs, &bodies, &mode, spellings)?;
    Ok(Plan {
        urls: inputs.urls,
        lists: inputs.lists,
        input: InputConfig {
            default_scheme: args.input.proto_default.unwrap_or_default(),
            separator: match args.input.null {
                true => Separator::Nul,
                false => Separator::LineFeed,
            },
            verb: if args.request.head {
                Verb::Head
            } else {
                Verb::Get
            },
            names_files: matches!(bodies, BodiesPlan::Dir { .. }),
            sharding,
            repeat: inputs.repeat,
        },
        allows_empty: args.input.allow_empty || sharding.is_some(),
        lone_proxy,
        workers,
        queue: args.pool.queue,
        run: RunConfig {
            shard: sharding.map(Into::into),
            ..run_config(&args)
        },
        fetch,
        log: bodies::log(&args.bodies),
        max_failures: args.limits.max_failures.unwrap_or_default(),
        report,
        mode,
        bodies,
        judge: judge::plan(args.judge),
        warnings,
    })
}

/// Refuses bodies in results where no result is written, or where many would wait for their turn in memory.
fn check_results(args: &TypedArgs, bodies: &BodiesPlan) -> Result<(), String> {
    if !matches!(bodies, BodiesPlan::Results { .. }) {
        return Ok(());
    }
    let is_jsonl = |typed: &TypedExport| typed.export == Export::JsonLines;
    let output = &args.output;
    let has_results = *output.format() == Format::JsonLines && !output.summary_only;
    if !has_results && !output.export.iter().any(is_jsonl) {
        return Err(
            "--jsonl-bodies is of no use without results in JSON Lines; give --format jsonl (without \
             --summary-only), or --export jsonl=FILE"
                .to_owned(),
        );
    }
    match args.pool.order.unwrap_or_default() {
        Order::Completion => Ok(()),
        Order::Input => Err(
            "--jsonl-bodies keeps no bodies until their turn comes; take out --order input, as \
             results have their index"
                .to_owned(),
        ),
    }
}

/// Refuses values that were meant for another program.
fn check_habits(
    args: &TypedArgs,
    headers: &[GivenHeader],
    spellings: &Spellings,
) -> Result<(), String> {
    let bodies = &args.bodies;
    habits::check_bodies(bodies.dir.as_deref(), bodies.output.as_deref())?;
    habits::check_files(named_by_options(args))?;
    habits::check_headers(
        headers.iter().map(GivenHeader::name),
        args.request.user.as_deref(),
    )?;
    habits::check_proxy(args.connection.proxy.as_deref().unwrap_or_default())
        .map_err(|mistake| format!("{}: {mistake}", spellings.of("--proxy")))?;
    habits::check_urls(&args.input.urls)
}

/// The files that options name, each with its option; those of the bodies are checked for more.
fn named_by_options(args: &TypedArgs) -> impl Iterator<Item = (&'static str, &Path)> {
    fn each<'a>(
        option: &'static str,
        lists: &'a [ListName],
    ) -> impl Iterator<Item = (&'static str, &'a Path)> {
        lists.iter().filter_map(move |list| match list {
            ListName::File(path) => Some((option, path.as_path())),
            ListName::Stdin => None,
        })
    }
    let (connection, judge) = (&args.connection, &args.judge);
    let single = [
        ("--log", &args.bodies.log),
        ("--save-baseline", &judge.save_baseline),
        ("--against", &judge.against),
        ("--cacert", &connection.cacert),
        ("--cert", &connection.cert),
        ("--key", &connection.key),
    ];
    let single = single
        .into_iter()
        .filter_map(|(option, path)| Some((option, path.as_deref()?)));
    let exports = args.output.export.iter();
    let exports = exports.map(|typed| ("--export", typed.file.as_path()));
    each("-i", &args.input.input)
        .chain(exports)
        .chain(each("--replay", &args.output.replay))
        .chain(single)
}

/// URLs and lists to read.
#[derive(Debug, Default)]
struct Inputs {
    urls: Vec<OsString>,
    lists: Vec<ListName>,
    repeat: Repeat,
}

impl Inputs {
    /// Separates the lists from the URLs. Without either, standard input is the list, unless it is a
    /// terminal.
    fn of_fetch(typed: &TypedArgs) -> Result<Self, String> {
        let args = &typed.input;
        let (dashes, urls): (Vec<OsString>, Vec<OsString>) = args
            .urls
            .iter()
            .cloned()
            .partition(|argument| argument == "-");
        let mut lists = args.input.clone();
        lists.extend(dashes.iter().map(|_| ListName::Stdin));
        if urls.is_empty() && lists.is_empty() {
            if io::stdin().is_terminal() {
                return Err(format!(
                    "no URLs given; name some, read a list with -i FILE, or pipe one in (see --help)\n\
                     {}",
                    EXAMPLES.trim_end()
                ));
            }
            lists.push(ListName::Stdin);
        }
        let of_stdin = lists.iter().filter(|list| **list == ListName::Stdin);
        if of_stdin.count() > 1 {
            return Err("standard input can be read only once; give '-' once".to_owned());
        }
        if args.null && lists.is_empty() {
            return Err(
                "-0 is for lists, and there is none: leave it out, or give the list (-i FILE); pfetch speaks no HTTP/1.0 \
                 (curl)"
                    .to_owned(),
            );
        }
        Ok(Inputs {
            urls,
            lists,
            repeat: repeat::rounds(typed),
        })
    }

    /// The number of URLs, if all of them stand on the command line and are fetched a known number of times.
    fn number(&self) -> Option<usize> {
        let number = repeat::fetched(self.repeat, self.urls.len());
        number.filter(|_| self.lists.is_empty())
    }

    /// Tells whether there is one URL on the command line, and nothing else.
    fn is_one_url(&self) -> bool {
        self.number() == Some(1)
    }

    /// Takes the files of results. One given twice would be counted twice.
    fn of_replay(names: &[ListName]) -> Result<Self, String> {
        let is_twice = |(place, name)| names[..place].contains(name);
        if names.iter().enumerate().any(is_twice) {
            return Err("--replay has the same file twice".to_owned());
        }
        Ok(Inputs {
            urls: Vec::new(),
            lists: names.to_vec(),
            repeat: Repeat::default(),
        })
    }
}

/// Collects the files that the options name.
fn named_files(args: &TypedArgs, inputs: &Inputs, is_replay: bool) -> Result<NamedFiles, String> {
    let mut files = NamedFiles::default();
    exports::add_files(&args.output.export, &mut files);
    let lists = |files: &mut NamedFiles, option| {
        for list in &inputs.lists {
            match list {
                ListName::Stdin => files.add_stdin(),
                ListName::File(path) => files.add_read(option, path),
            }
        }
    };
    if is_replay {
        lists(&mut files, "--replay");
    }
    judge::add_files(&args.judge, &mut files)?;
    bodies::add_files(&args.bodies, &mut files);
    request::add_files(args, &mut files);
    if !is_replay {
        lists(&mut files, "--input");
    }
    files.add_stdout();
    Ok(files)
}

/// Decides between a plain run and the measurements.
fn mode(args: &MeasureArgs, margin: Margin, workers: usize) -> Mode {
    let warmups = args.warmup.unwrap_or(1);
    if args.compare {
        return Mode::Compare(experiment(args, warmups, margin, workers));
    }
    let Some(counts) = &args.sweep else {
        return Mode::Fetch;
    };
    // An automatic number of runs is refused where the search chooses it.
    let (runs, stopping) = match (args.runs, counts) {
        (Some(TypedRuns::Given(runs)), _) => (runs, None),
        (_, WorkerCounts::Auto { .. }) => (5, None),
        (_, WorkerCounts::Given(_)) => automatic(args, margin),
    };
    Mode::Sweep(SweepPlan {
        counts: counts.clone(),
        runs,
        stopping,
        warmups,
    })
}

/// The most pairs or rounds of an automatic number, and the rule by which there are fewer.
fn automatic(args: &MeasureArgs, margin: Margin) -> (u32, Option<Stopping>) {
    let stopping = Stopping {
        most_time: args.measurement_time.unwrap_or(Duration::from_secs(60)),
        precision: args.precision,
        margin,
    };
    (args.max_runs.unwrap_or(30), Some(stopping))
}

/// Makes the plan of a comparison.
fn experiment(args: &MeasureArgs, warmups: u32, margin: Margin, workers: usize) -> Experiment {
    let (pairs, stopping) = match args.runs.unwrap_or(TypedRuns::Auto) {
        TypedRuns::Given(runs) => (runs, None),
        TypedRuns::Auto => automatic(args, margin),
    };
    Experiment {
        warmups,
        pairs,
        workers,
        stopping,
    }
}

/// The highest number of workers of a sweep.
fn most_workers(counts: &WorkerCounts) -> usize {
    match counts {
        WorkerCounts::Given(counts) => counts.iter().copied().max().unwrap_or(1),
        WorkerCounts::Auto { most } => *most,
    }
}

/// The limits on retries, of which the engine has the defaults.
fn retry_policy(args: &LimitArgs) -> RetryPolicy {
    let defaults = RetryPolicy::default();
    RetryPolicy {
        retries: args.retry.unwrap_or(defaults.retries),
        delay: args.retry_delay.unwrap_or(defaults.delay),
        retry_after_max: args.retry_after_max.unwrap_or(defaults.retry_after_max),
        give_up: args.give_up.unwrap_or(defaults.give_up),
    }
}

fn run_config(args: &TypedArgs) -> RunConfig {
    RunConfig {
        order: args.pool.order.unwrap_or_default(),
        strict: args.input.strict,
        limits: StartLimits {
            per_origin: args.pool.per_host,
            origin_delay: args.pool.host_delay.unwrap_or_default(),
            interval: args.pool.rate.unwrap_or_default(),
        },
        retry: retry_policy(&args.limits),
        adaptation: match args.pool.no_adapt {
            true => Adaptation::Off,
            false => Adaptation::On,
        },
        deadline: args.limits.deadline,
        repeat_time: repeat::time(args),
        fail_fast: args.limits.fail_fast,
        is_rate_limited: args.limits.limit_rate.is_some(),
        // Known when the plan is carried out.
        open_bodies: None,
        startup: Duration::ZERO,
        log: None,
        shard: None,
    }
}

fn report_plan(
    args: &TypedArgs,
    inputs: &Inputs,
    bodies: &BodiesPlan,
    mode: &Mode,
    spellings: &Spellings,
) -> Result<ReportPlan, String> {
    let output = &args.output;
    let exports = exports::plan(
        &output.export,
        env::var_os("GITHUB_STEP_SUMMARY").as_ref().map(Path::new),
    );
    exports::check_streams(output, &exports, bodies)?;
    let has_template = matches!(output.format(), Format::Template(_));
    if has_template && output.summary_only {
        return Err(
            "--summary-only leaves no line for a template; take out one of them".to_owned(),
        );
    }
    let streams = exports.iter().filter_map(|export| export.stream());
    let streams: Vec<&StreamOutput> = streams.chain(bodies.stream()).collect();
    let is_taken = |stream: &StreamOutput| streams.contains(&stream);
    let takes_stdout = is_taken(&StreamOutput::Stdout);
    let to_stderr = takes_stdout || has_template;
    let writers = terminal::Writers {
        streams: &streams,
        reads_stdin: inputs.lists.contains(&ListName::Stdin),
    };
    let is_quiet = output.silent || output.quiet > 1;
    let progress = terminal::progress(output.progress.unwrap_or_default(), is_quiet, writers);
    let shows_heads = advice::shows_heads(args, inputs, mode, spellings);
    Ok(ReportPlan {
        style: HumanStyle {
            colour: terminal::has_colour(output.color.unwrap_or_default(), to_stderr),
            columns: terminal::columns(to_stderr),
            detail: detail(args, bodies, shows_heads),
            baseline: output.baseline.unwrap_or_default(),
            shows_empty: args.input.allow_empty || args.input.shard.is_some(),
            follows_other: to_stderr && io::stdout().is_terminal(),
            allowed: args.limits.max_failures.unwrap_or_default(),
            shows_heads,
            advice: advice::plan(args, inputs, bodies, mode),
        },
        baseline: output.baseline.unwrap_or_default(),
        is_verbose: output.verbose,
        is_summary_only: output.summary_only,
        note: advice::note(args, inputs, bodies, mode, spellings),
        limit_note: advice::limit_note(args, spellings),
        // Bars would be drawn into what is on standard error.
        progress: match is_taken(&StreamOutput::Stderr) {
            true => ProgressMode::Off,
            false => progress,
        },
        format: output.format().clone(),
        to_stderr,
        exports,
    })
}

/// Decides on the parts of the report for people. Beside a template it is on standard error, and names the
/// failures that the template does not.
fn detail(args: &TypedArgs, bodies: &BodiesPlan, has_heads: bool) -> Detail {
    let output = &args.output;
    let template = match output.format() {
        Format::Template(template) => Some(template),
        Format::Human | Format::JsonLines => None,
    };
    if output.silent {
        // What is asked for otherwise; without it, this report is.
        let has_bodies = !matches!(bodies, BodiesPlan::Discard) || args.bodies.output.is_some();
        if template.is_some() {
            return Detail::Assertions;
        }
        let has_output = has_bodies || has_heads || !output.export.is_empty();
        if has_output || *output.format() == Format::JsonLines {
            return Detail::Failures;
        }
    }
    match (output.quiet, template) {
        (_, Some(template)) if output.quiet < 2 => match template.shows(TemplateField::Error) {
            true => Detail::Summary,
            false => Detail::FailuresAndSummary,
        },
        (0, _) if output.summary_only => Detail::Summary,
        (0, _) => Detail::Everything,
        (1, _) => Detail::FailuresAndSummary,
        (2.., _) => Detail::Failures,
    }
}

#[cfg(test)]
mod default_tests;
