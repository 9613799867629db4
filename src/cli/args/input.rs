//! Sources of the URLs, and the reading of their text.

use std::ffi::OsString;

use clap::Args;

use super::repeat::{TypedRepeat, repeat};
use super::values::{TypedShard, choice, list_name, shard};
use crate::cli::plan::ListName;
use crate::engine::input::ShardBy;
use crate::model::target::DefaultScheme;

/// The options under "Input", and the URLs.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct InputArgs {
    /// URLs to fetch; '-' reads a list from standard input.
    ///
    /// Text without a scheme gets --proto-default.
    #[arg(value_name = "URL", help_heading = None)]
    pub(crate) urls: Vec<OsString>,

    /// Read URLs from FILE, one a line; may be repeated.
    ///
    /// '-' is standard input. Blank lines and lines that start with '#' are skipped. A line that starts with
    /// '{' is JSON:
    /// {"url": "…", "action": "get" or "head", "headers": {"Name": "value"}, "output": "file in DIR",
    /// "sha256": "…", "meta": any JSON}; only "url" is needed. "meta", of at most 64 KiB, comes back as it is
    /// in the result (JSON Lines, JSON, run log).
    /// Lists are read lazily, while fetching.
    #[arg(short, long, value_name = "FILE", value_parser = list_name())]
    pub(crate) input: Vec<ListName>,

    /// In lists, a NUL ends each URL or JSON object, not the end of a line (find -print0, xargs -0).
    #[arg(short = '0', long)]
    pub(crate) null: bool,

    /// Fetch the whole input N times, or over and over for TIME, as 10s.
    ///
    /// A number alone is N; TIME has its unit. With N, all is as if the lists had their lines so often: totals, indexes,
    /// the names of files, the run log. After TIME no URL is begun any more, what is under way is finished with its
    /// retries, and what was not begun has neither failed nor been skipped.
    /// Files are read again each time, as they are by then; what can be read only once, such as a pipe, is refused.
    #[arg(long, value_name = "N|TIME", value_parser = repeat)]
    pub(crate) repeat: Option<TypedRepeat>,

    /// Fetch only shard K of N, K from 0, for a list that several processes share.
    ///
    /// 'env' takes K and N from the environment of the engine: JOB_COMPLETION_INDEX (Kubernetes),
    /// SLURM_ARRAY_TASK_ID, _COUNT and _MIN, AWS_BATCH_JOB_ARRAY_INDEX, CI_NODE_INDEX and CI_NODE_TOTAL
    /// (GitLab). 'env/N' gives N where the engine does not.
    /// Indexes and file names are those of the whole list, so shards may share DIR; with -d the names of the
    /// whole list take memory, some 30 bytes each. With --content-disposition, the servers' names are not
    /// known to other shards: give each a DIR of its own. Implies --allow-empty.
    #[arg(long,
        value_name = "K/N|env",
        value_parser = shard,
        conflicts_with_all = ["compare", "sweep"]
    )]
    pub(crate) shard: Option<TypedShard>,

    /// What decides on the shard of a URL [default: host].
    ///
    /// 'host' keeps a host in one shard, so that --per-host and --host-delay hold over all of them. 'line'
    /// makes shards of the same length.
    #[arg(long,
        value_name = "host|line",
        value_parser = choice(&[("host", ShardBy::Host), ("line", ShardBy::Line)]),
        requires = "shard",
        // Repeated from `shard`: clap drops a requirement that conflicts with a given option.
        conflicts_with_all = ["compare", "sweep"]
    )]
    pub(crate) shard_by: Option<ShardBy>,

    /// Succeed also if the input has no URLs in it.
    #[arg(long, conflicts_with_all = ["compare", "sweep"])]
    pub(crate) allow_empty: bool,

    /// Print what would be fetched, under which names, and what is refused; contact nothing.
    ///
    /// With --log and --resume, what is done is left out. Nothing is made or written but what is printed, also
    /// as JSON Lines or by a template (--format). The exit code is that of the input.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// The scheme of URLs that state none [default: http].
    #[arg(long,
        value_name = "SCHEME",
        value_parser = choice(&[("http", DefaultScheme::Http), ("https", DefaultScheme::Https)])
    )]
    pub(crate) proto_default: Option<DefaultScheme>,

    /// Stop at the first bad line of input.
    ///
    /// What stands before it is still fetched, what comes after it is not. Without this option it is
    /// counted as a failed URL, and the rest goes on.
    #[arg(long)]
    pub(crate) strict: bool,
}
