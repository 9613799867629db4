//! The page as a whole: its order, and what it may do.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};

use super::arm::ArmData;
use super::sweep::{self, SweepCurve};
use super::verdict::Result;
use super::{latency, table, timeline};
use crate::model::event::{Judged, RunInfo};
use crate::model::measurement::{Against, Sweep};
use crate::report::against::items;
use crate::report::export::markup::Text;
use crate::report::format::counted;
use crate::report::terminal::comparison::figure;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Everything that there is to write about.
pub(super) struct Page<'a> {
    pub(super) result: Result<'a>,
    pub(super) info: Option<&'a RunInfo>,
    /// One arm or two, those of a comparison by name.
    pub(super) arms: Vec<(&'a str, &'a ArmData)>,
    /// The one that the table is of.
    pub(super) main: &'a ArmData,
    /// What a person should know, and how many more there were.
    pub(super) notices: Vec<&'a str>,
    pub(super) more_notices: u64,
    /// What became of the assertions.
    pub(super) gates: &'a [Judged],
    /// What the run comes to against an earlier one.
    pub(super) against: Option<&'a Against>,
    pub(super) sweep: Option<&'a Sweep>,
    /// Of which run timeline, times and table are, if there were several.
    pub(super) which: Option<String>,
}

impl Page<'_> {
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let heading = self.result.heading();
        // With line ends as a browser sees them, or the hashes would not hold.
        let (style, script) = (STYLE.replace('\r', ""), SCRIPT.replace('\r', ""));
        write!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>{} – pfetch</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n<header>\n\
             <p class=\"brand\">pfetch report</p>\n<h1>{}</h1>\n",
            hash(&style),
            hash(&script),
            Text(&heading),
            Text(&heading)
        )?;
        self.result.write(out, self.info)?;
        writeln!(out, "</header>")?;
        self.notices(out)?;
        self.gates(out)?;
        self.against(out)?;
        if let Some(sweep) = self.sweep {
            section(out, "sweep", "Time by number of workers")?;
            sweep::figure(out, &SweepCurve::from(sweep))?;
            section_end(out)?;
        }
        section(out, "timeline", "Timeline")?;
        let arms: Vec<_> = self
            .arms
            .iter()
            .map(|(name, arm)| (*name, &arm.lanes))
            .collect();
        if arms.len() > 1 {
            write!(
                out,
                "<p class=\"note\">The last run of each arm, on one scale.</p>"
            )?;
        }
        self.which(out)?;
        timeline::figure(out, &arms)?;
        section_end(out)?;
        section(out, "latency", "Times per URL")?;
        self.which(out)?;
        let figures = self
            .arms
            .iter()
            .filter_map(|(name, arm)| Some((*name, arm.summary.as_ref()?)));
        latency::section(out, &figures.collect::<Vec<_>>())?;
        section_end(out)?;
        section(out, "table", "URLs")?;
        self.statuses(out)?;
        if self.arms.len() > 1 {
            write!(out, "<p class=\"note\">Of the last parallel run.</p>")?;
        }
        self.which(out)?;
        table::section(out, &self.main.kept)?;
        section_end(out)?;
        write!(
            out,
            "<footer>Made by pfetch {}.</footer>\n</main>\n",
            env!("CARGO_PKG_VERSION")
        )?;
        table::data(out, &self.main.kept, &self.main.lanes)?;
        writeln!(out, "\n<script>{script}</script>\n</body>\n</html>")
    }

    fn notices(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.notices.is_empty() {
            return Ok(());
        }
        write!(
            out,
            "<section class=\"notices\" aria-label=\"Notices\"><ul>"
        )?;
        for notice in &self.notices {
            write!(out, "<li>{}</li>", Text(notice))?;
        }
        if self.more_notices > 0 {
            write!(out, "<li>… and {} more</li>", self.more_notices)?;
        }
        writeln!(out, "</ul></section>")
    }

    fn which(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.which {
            Some(which) => write!(out, "<p class=\"note\">{}</p>", Text(which)),
            None => Ok(()),
        }
    }

    fn gates(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.gates.is_empty() {
            return Ok(());
        }
        section(out, "gates", "Gates")?;
        write!(
            out,
            "<div class=\"scroll\"><table class=\"gates\"><thead><tr><th scope=\"col\">Gate</th>\
             <th scope=\"col\">Verdict</th><th scope=\"col\">Figure</th></tr></thead><tbody>"
        )?;
        for judged in self.gates {
            let verdict = judged.verdict.as_str();
            write!(
                out,
                "<tr class=\"{verdict}\"><th scope=\"row\">{}</th><td>{verdict}</td><td>{}</td></tr>",
                Text(&judged.gate),
                Text(&figure(judged))
            )?;
        }
        write!(out, "</tbody></table></div>")?;
        section_end(out)
    }

    fn against(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(against) = self.against else {
            return Ok(());
        };
        section(out, "against", "Against the baseline")?;
        write!(out, "<ul class=\"items\">")?;
        for item in items(against) {
            write!(out, "<li>{}</li>", Text(&item))?;
        }
        write!(out, "</ul>")?;
        section_end(out)
    }

    fn statuses(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(summary) = &self.main.summary else {
            return Ok(());
        };
        let tried = summary.ok + summary.unchanged + summary.failed;
        if tried == 0 {
            return Ok(());
        }
        write!(out, "<p class=\"lead\">")?;
        let mut parts: Vec<String> = summary
            .statuses
            .iter()
            .map(|(status, count)| format!("{count} × {status}"))
            .collect();
        let without = tried.saturating_sub(summary.statuses.values().sum());
        if without > 0 {
            parts.push(format!("{} without a status", counted(without, "URL")));
        }
        write!(out, "{}</p>", Text(&parts.join(" · ")))
    }
}

fn section(out: &mut dyn Write, id: &str, name: &str) -> io::Result<()> {
    write!(
        out,
        "<section aria-labelledby=\"h-{id}\">\n<h2 id=\"h-{id}\">{name}</h2>\n"
    )
}

fn section_end(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n</section>")
}

/// A source expression that allows exactly this text (CSP Level 3, 2.3.1).
fn hash(text: &str) -> String {
    format!(
        "sha256-{}",
        STANDARD.encode(digest(&SHA256, text.as_bytes()))
    )
}
