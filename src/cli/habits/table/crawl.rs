//! Crawling: what wget and lychee do with the links in a page.

use crate::cli::habits::meaning::{Habit, Meaning};

const NO_LINKS: &str =
    "pfetch fetches the URLs that it is given, and follows no links in pages: leave it out";

pub(super) const HABITS: &[Habit] = &[
    (
        &[
            "--recursive",
            "--mirror",
            "--page-requisites",
            "--convert-links",
            "--level",
            "-l",
            "-np",
            "-nH",
            "-nd",
            "--no-parent",
            "--no-directories",
            "--no-host-directories",
            "--span-hosts",
            "--domains",
            "--exclude-domains",
            "--accept-regex",
            "--reject-regex",
            "--reject",
            "--exclude-directories",
            "--include-directories",
            "--follow-tags",
            "--ignore-tags",
            "--relative",
            "--delete-after",
            "--sitemap",
        ],
        Meaning::Hint(NO_LINKS),
    ),
    (
        &[
            "--exclude",
            "--exclude-path",
            "--include-mail",
            "--include-fragments",
            "--scheme",
            "--archive",
            "--suggest",
            "--no-ignore",
            "--include-verbatim",
            "--extensions",
        ],
        Meaning::Hint(
            "pfetch fetches every URL of its list, and looks for none in pages; take others out with \
             grep -v",
        ),
    ),
    (
        &["--offline", "--cache", "--max-cache-age"],
        Meaning::Hint(
            "pfetch has no cache but files: -d DIR asks again only for what has changed, with -nc for nothing that is there",
        ),
    ),
    (
        &["--warc-file", "--warc-cdx"],
        Meaning::Hint(
            "not supported; --export har=FILE has requests and responses with their times",
        ),
    ),
];
