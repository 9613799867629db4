//! The phases of both arms of a comparison side by side: at each origin, a bar for the mean time of a URL in the serial
//! arm, and below it one for the parallel arm.

use maud::{Markup, html};

use super::area::{self, KeyShape, LegendItem, PlotArea, Share};
use super::axis;
use super::svg::{Number, text};
use crate::model::reason::{OriginPhases, PhaseMeans};
use crate::model::text::excerpt;
use crate::model::timing::Phase;
use crate::model::url_host::host_and_port;
use crate::report::export::markup::MarkupText;
use crate::report::format::format_secs;

/// The area of the bars behind the name of their arm, in a picture of the usual width.
const LEFT: f64 = 62.0;
const AREA: f64 = 860.0;

/// The height of a bar, with its distance to the next.
const PITCH: f64 = 24.0;
const BAR: f64 = 18.0;

/// The height of the axis below all bars.
const FOOT: f64 = 30.0;

/// The share of the area that the longest bar takes.
const LONGEST: f64 = 0.97;

/// The longest name of an origin, in characters.
const MAX_NAME: usize = 100;

/// The phases of some origins, ready to be drawn.
#[derive(Debug)]
pub(in crate::report::export) struct PhaseBars<'a> {
    origins: &'a [OriginPhases],
    longest: f64,
}

impl<'a> PhaseBars<'a> {
    /// The bars of these origins; `None` if none of them took any time.
    pub(in crate::report::export) fn of(origins: &'a [OriginPhases]) -> Option<Self> {
        let totals = origins
            .iter()
            .flat_map(|origin| [origin.serial.total(), origin.parallel.total()]);
        let longest = totals.fold(0.0, f64::max);
        (longest > 0.0).then_some(PhaseBars { origins, longest })
    }

    /// Writes them as elements to be embedded in a page that has the style of the charts, as wide as it: a picture for
    /// each origin below its name, which may take several lines.
    pub(in crate::report::export) fn embedded(&self) -> Markup {
        let ticks = axis::linear(0.0, self.longest / LONGEST).into_iter();
        let ticks: Vec<_> = ticks
            .map(|tick| (self.x(tick.seconds), tick.label))
            .collect();
        let last = self.origins.len().saturating_sub(1);
        html! {
            (area::legend(&self.keys()))
            @for (row, origin) in self.origins.iter().enumerate() {
                @let name = excerpt(host_and_port(&origin.origin), MAX_NAME);
                @let id = format!("ph-{row}");
                @let words = format!("The mean time of a URL by phase, in both arms, at {name}.");
                @let floor = 2.0 * PITCH;
                @let area = PlotArea {
                    left: LEFT,
                    width: AREA,
                    top: 0.0,
                    height: if row == last { floor + FOOT } else { floor },
                };
                p.panel { (MarkupText(&name)) }
                (area::chart(("phases", &id), ["Phases of both arms", &words], &[area.plot(&html! {
                    @for (x, _) in &ticks { (area::vertical("grid", *x, [0.0, floor])) }
                    (self.bar("serial", &origin.serial, 0.0))
                    (self.bar("parallel", &origin.parallel, PITCH))
                    @if row == last { (area::labels(&ticks, floor + 18.0, area::ALONE)) }
                })]))
            }
        }
    }

    fn x(&self, seconds: f64) -> Share {
        Share(seconds / self.longest * LONGEST)
    }

    /// The keys of the phases that happened.
    fn keys(&self) -> Vec<LegendItem> {
        let all = self.origins.iter();
        let all: Vec<_> = all
            .flat_map(|origin| [origin.serial.phases(), origin.parallel.phases()])
            .flatten()
            .filter(|(_, mean)| mean.is_some())
            .map(|(phase, _)| phase)
            .collect();
        let phases = Phase::ALL.into_iter().filter(|phase| all.contains(phase));
        let key = |phase: Phase| LegendItem {
            class: phase.as_str(),
            shape: KeyShape::Square,
            name: phase.as_str().into(),
        };
        phases.map(key).collect()
    }

    fn bar(&self, arm: &str, means: &PhaseMeans, y: f64) -> Markup {
        let mut start = 0.0;
        let pieces: Vec<_> = means
            .phases()
            .into_iter()
            .filter_map(|(phase, mean)| {
                let (from, mean) = (start, mean?);
                start += mean;
                Some((phase, from, mean))
            })
            .collect();
        html! {
            (text("name", -8.0, y + BAR / 2.0, arm))
            @for (phase, from, mean) in pieces {
                @let width = self.x(mean);
                rect class={ "bar " (phase.as_str()) } x=(self.x(from)) y=(Number(y))
                    width=(width) height=(Number(BAR)) {
                    title { (MarkupText(&format!("{arm}, {}: {}", phase.as_str(), format_secs(mean)))) }
                }
            }
        }
    }
}
