//! Texts of the help that stand beside the options: the short help as a whole, the examples, the exit codes.

/// Three commands, under a heading. A macro, because `concat!` takes nothing but literals.
macro_rules! three_examples {
    ($heading:literal) => {
        concat!(
            $heading,
            "\n",
            "  pfetch https://example.com/ https://example.org/\n",
            "  pfetch -i urls.txt -d downloads -j 16\n",
            "  pfetch --compare -i urls.txt\n"
        )
    };
}

/// The short help, one screen of 80 columns and 40 rows, with what is used first. It is written by hand, because
/// a line for each option and a heading for each group would take two screens.
pub(crate) const SHORT_HELP: &str = concat!(
    "\
Fetch many URLs at once, and see what that gained

Usage: pfetch [OPTIONS] [URL]...     (without URL: a list from standard input)

Fetch
  -i, --input FILE       read URLs from FILE, one a line
  -j, --workers N        fetch N at once [default: CPUs + 4, at most 32]
      --per-host N       at most N at once from one server
      --rate N/s         start at most N a second
      --repeat N|TIME    fetch everything N times, or over and over for TIME
  -I, --head             ask for the headers only
  -H, --header 'N: V'    send this header; @FILE has some, one a line
  -u, --user NAME:PASS   send these credentials
  -x, --proxy URL        go through this proxy
  -k, --insecure         accept any certificate
Bodies [default: read to the end, counted and dropped]
  -d, --dir DIR          save them in DIR, a file for each URL
  -o, --output FILE      save one in FILE
      --cat              print them, in the order of the input
      --log FILE         keep a run log; with --resume, fetch only what is left
Limits
      --timeout TIME     give an attempt up after TIME, as 1500ms, 30s or 5m
      --deadline TIME    end the whole run after TIME
      --retry N          try again up to N times [default: 2]
      --max-failures N   succeed although N URLs failed, or N%
Measure
      --compare          measure the serial time too, and what was gained
      --sweep auto       find the fewest workers that will do
      --assert EXPR      exit with 3 unless it holds: 'p95<500ms', 'speedup>=2'
Report
      --format jsonl     JSON Lines in place of text
      --export FILE      write a report as well: run.html, run.json, run.csv ...
  -v, --verbose          show requests and responses
  -q, --quiet            show less
",
    three_examples!("Examples"),
    "All options, with their defaults: pfetch --help\n"
);

/// Three commands to begin with, for those who give none.
pub(crate) const EXAMPLES: &str = three_examples!("Examples");

/// The end of the long help.
pub(crate) const END: &str = concat!(
    three_examples!("Examples:"),
    "  pfetch --cat https://example.com/1 https://example.com/2 > both
  pfetch --format jsonl -i urls.txt | jq 'select(.type == \"result\").status'
  pfetch -i urls.txt --export run.html --assert 'p95<500ms'

Exit codes, of several that hold the first in this list:
  130, 143, 129
        stopped by SIGINT (Ctrl-C), SIGTERM or SIGHUP (unless under nohup),
        after reporting what was done; a second signal ends pfetch at once
  141   the reader of standard output went away
  4     a failure on this side: files or output that cannot be written, a full
        disk, no threads, no descriptors, a run log that another pfetch writes
  2     a mistake on the command line, or input that cannot be read
  3     an assertion on the figures does not hold (--assert)
  1     some URL failed (more than --max-failures), or the --deadline passed
  0     all succeeded

Times are 1500ms, 30s, 5m; a number alone is seconds. An option that is given
again replaces its earlier value, unless it may be repeated. Many options of
curl, wget and others are understood too."
);
