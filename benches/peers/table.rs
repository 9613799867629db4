//! What a row's figures are printed as: for a terminal, or as Markdown.

use std::fmt::{self, Write};

use crate::measure::{Contender, Usage, median};

/// A figure of a run.
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) figure: fn(&Usage) -> f64,
    /// What it is multiplied with, its digits and its unit.
    pub(crate) shown: (f64, usize, &'static str),
}

pub(crate) const WALL: Column = Column {
    title: "time",
    figure: |usage| usage.wall,
    shown: (1e3, 0, " ms"),
};
pub(crate) const SHORT_WALL: Column = WALL.with_digits(2);
pub(crate) const CPU: Column = Column {
    title: "CPU",
    figure: |usage| usage.cpu,
    shown: (1e3, 0, " ms"),
};
pub(crate) const SHORT_CPU: Column = CPU.with_digits(2);
pub(crate) const RATE: Column = Column {
    title: "requests/s",
    figure: Usage::rate,
    shown: (1.0, 0, ""),
};
pub(crate) const CPU_EACH: Column = Column {
    title: "CPU per request",
    figure: Usage::cpu_each,
    shown: (1e6, 1, " µs"),
};
pub(crate) const CONNECTIONS: Column = Column {
    title: "connections",
    figure: |usage| usage.counted,
    shown: (1.0, 0, ""),
};
pub(crate) const PEAK: Column = Column {
    title: "peak memory",
    figure: |usage| usage.peak,
    shown: (1.0 / (1024.0 * 1024.0), 1, " MiB"),
};

impl Column {
    const fn with_digits(self, digits: usize) -> Self {
        let (factor, _, unit) = self.shown;
        Column {
            shown: (factor, digits, unit),
            ..self
        }
    }

    fn show(&self, value: f64) -> String {
        let (factor, digits, unit) = self.shown;
        format!("{:.digits$}{unit}", value * factor)
    }

    /// The median of the runs, and their range.
    fn cell(&self, runs: &[Usage]) -> String {
        let values: Vec<f64> = runs.iter().map(self.figure).collect();
        let (low, high) = values
            .iter()
            .fold((f64::MAX, f64::MIN), |(low, high), &value| {
                (low.min(value), high.max(value))
            });
        let middle = self.show(median(values));
        if runs.len() < 2 {
            return middle;
        }
        let (factor, digits, _) = self.shown;
        format!(
            "{middle} ({:.digits$}–{:.digits$})",
            low * factor,
            high * factor
        )
    }
}

/// What a row should come to.
pub(crate) struct Goal {
    pub(crate) text: String,
    /// The figure, and how it has to stand to the limit.
    pub(crate) value: f64,
    pub(crate) limit: Limit,
}

pub(crate) enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

impl Goal {
    fn is_met(&self) -> bool {
        match self.limit {
            Limit::AtMost(limit) => self.value <= limit,
            Limit::AtLeast(limit) => self.value >= limit,
        }
    }

    fn verdict(&self) -> &'static str {
        if self.is_met() { "met" } else { "missed" }
    }

    fn line(&self) -> String {
        let Goal { text, value, limit } = self;
        format!("{text}: {value:.2} (goal {limit}): {}", self.verdict())
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::AtMost(limit) => write!(f, "≤ {limit}"),
            Limit::AtLeast(limit) => write!(f, "≥ {limit}"),
        }
    }
}

/// A row's figures.
pub(crate) struct Table {
    /// What sets it apart from others of the same row.
    pub(crate) setting: String,
    lines: Vec<(String, Result<Vec<String>, String>)>,
    titles: Vec<&'static str>,
    pub(crate) goals: Vec<Goal>,
    pub(crate) notes: Vec<String>,
}

impl Table {
    pub(crate) fn new(setting: impl Into<String>, columns: &[Column], all: &[Contender]) -> Self {
        let line = |contender: &Contender| {
            let runs = contender.runs.as_ref();
            let cells = runs
                .map(|runs| columns.iter().map(|column| column.cell(runs)).collect())
                .map_err(String::clone);
            (contender.name.clone(), cells)
        };
        Table {
            setting: setting.into(),
            lines: all.iter().map(line).collect(),
            titles: columns.iter().map(|column| column.title).collect(),
            goals: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Asks that `figure` of the contender `of`, over that of `to`, both named, be within `limit`. If
    /// one of them is not there nothing is asked.
    pub(crate) fn ask(
        &mut self,
        all: &[Contender],
        (what, figure): (&str, fn(&Usage) -> f64),
        (of, to): (&str, &str),
        limit: Limit,
    ) {
        let is_there = |name: &str| all.iter().any(|contender| contender.name == name);
        if is_there(of) && is_there(to) {
            self.goals.push(Goal {
                text: format!("{what}, {of} / {to}"),
                // Who failed has met nothing.
                value: ratio(all, figure, of, to).unwrap_or(f64::NAN),
                limit,
            });
        }
    }

    /// Asks that `figure` itself be within `limit`.
    pub(crate) fn ask_absolute(
        &mut self,
        what: &str,
        all: &[Contender],
        figure: fn(&Usage) -> f64,
        of: &str,
        limit: Limit,
    ) {
        self.goals.push(Goal {
            text: format!("{what}, {of}"),
            value: middle(all, figure, of).unwrap_or(f64::NAN),
            limit,
        });
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    pub(crate) fn missed(&self) -> usize {
        self.goals.iter().filter(|goal| !goal.is_met()).count()
    }

    /// The goals as rows of a Markdown table.
    pub(crate) fn goal_lines(&self, row: &str) -> String {
        let setting = self.setting.split(':').next().unwrap_or_default();
        let mut text = String::new();
        for goal in &self.goals {
            let Goal {
                text: what,
                value,
                limit,
            } = goal;
            let verdict = goal.verdict();
            let _ = writeln!(
                text,
                "| {row} {setting} | {what} | {value:.2} | {limit} | {verdict} |"
            );
        }
        text
    }

    pub(crate) fn text(&self, row: &str, what: &str, is_markdown: bool) -> String {
        let setting = if self.setting.is_empty() {
            String::new()
        } else {
            format!(", {}", self.setting)
        };
        let mut text = String::new();
        let marker = if is_markdown { "#### " } else { "" };
        let _ = writeln!(text, "{marker}{row}: {what}{setting}\n");
        if !self.titles.is_empty() {
            self.write_figures(&mut text, is_markdown);
        }
        let bullet = if is_markdown { "- " } else { "  " };
        for line in self
            .goals
            .iter()
            .map(Goal::line)
            .chain(self.notes.iter().cloned())
        {
            let _ = writeln!(text, "{bullet}{line}");
        }
        text
    }

    fn write_figures(&self, text: &mut String, is_markdown: bool) {
        let mut rows = vec![vec![String::new()]];
        rows[0].extend(self.titles.iter().map(|&title| title.to_owned()));
        for (name, cells) in &self.lines {
            let mut row = vec![name.clone()];
            match cells {
                Ok(cells) => row.extend(cells.iter().cloned()),
                Err(why) => row.push(why.clone()),
            }
            rows.push(row);
        }
        if is_markdown {
            for (number, row) in rows.iter().enumerate() {
                let _ = writeln!(text, "| {} |", row.join(" | "));
                if number == 0 {
                    let _ = writeln!(text, "|---|{}", "---:|".repeat(self.titles.len()));
                }
            }
        } else {
            let width = |column: usize| {
                let cells = rows.iter().filter(|row| row.len() > 2 || column == 0);
                let cells = cells.filter_map(|row| row.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            };
            for row in &rows {
                text.push_str("  ");
                for (column, cell) in row.iter().enumerate() {
                    let width = width(column);
                    let _ = match column {
                        0 => write!(text, "{cell:width$}"),
                        _ => write!(text, "  {cell:>width$}"),
                    };
                }
                text.push('\n');
            }
        }
        text.push('\n');
    }
}

/// The median, over the rounds that both took part in, of the one's figure over the other's.
fn ratio(all: &[Contender], figure: fn(&Usage) -> f64, of: &str, to: &str) -> Option<f64> {
    let runs = |name: &str| {
        let contender = all.iter().find(|contender| contender.name == name)?;
        contender.runs.as_ref().ok()
    };
    let pairs = runs(of)?.iter().zip(runs(to)?);
    let ratios: Vec<f64> = pairs.map(|(of, to)| figure(of) / figure(to)).collect();
    (!ratios.is_empty()).then(|| median(ratios))
}

/// The median of a contender's figure.
pub(crate) fn middle(all: &[Contender], figure: fn(&Usage) -> f64, of: &str) -> Option<f64> {
    let contender = all.iter().find(|contender| contender.name == of)?;
    let runs = contender.runs.as_ref().ok()?;
    (!runs.is_empty()).then(|| median(runs.iter().map(figure).collect()))
}
