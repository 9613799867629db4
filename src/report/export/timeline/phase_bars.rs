//! The phases of both arms of a comparison side by side: at each origin, a bar for the mean time of a URL in the serial
//! arm, and below it one for the parallel arm.

use maud::{Markup, html};

use super::axis;
use super::svg::{Number, centred, text};
use crate::model::reason::{OriginPhases, PhaseMeans};
use crate::model::text::excerpt;
use crate::model::timing::Phase;
use crate::model::url_host::host_and_port;
use crate::report::export::markup::MarkupText;
use crate::report::format::format_secs;

const WIDTH: f64 = 960.0;

/// The edges of the bars, behind the name of their arm.
const BARS: [f64; 2] = [70.0, 930.0];

/// The height of the legend, of an origin's name, and of a bar with its distance to the next.
const TOP: f64 = 26.0;
const NAME: f64 = 26.0;
const PITCH: f64 = 24.0;
const BAR: f64 = 18.0;

/// The height of the axis below all bars.
const FOOT: f64 = 30.0;

/// The width of a legend's item.
const ITEM: f64 = 84.0;

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

    /// Writes them as an `svg` element to be embedded in a page that has the style of the charts.
    pub(in crate::report::export) fn embedded(&self) -> Markup {
        let each = NAME + 2.0 * PITCH;
        let floor = TOP + each * self.origins.len() as f64;
        html! {
            svg.chart.wide viewBox={ "0 0 " (WIDTH) " " (Number(floor + FOOT)) } role="img"
                aria-labelledby="ph-title ph-desc" {
                title id="ph-title" { "Phases of both arms" }
                desc id="ph-desc" { "The mean time of a URL by phase, in the serial and in the parallel arm." }
                (self.legend())
                @for tick in axis::linear(0.0, self.longest) {
                    @let x = self.x(tick.seconds);
                    path.grid d={ "M" (Number(x)) " " (Number(TOP)) "V" (Number(floor)) } {}
                    (centred("", [x, floor + 18.0], WIDTH, &tick.label))
                }
                @for (row, origin) in self.origins.iter().enumerate() {
                    @let top = TOP + each * row as f64;
                    @let name = excerpt(host_and_port(&origin.origin), MAX_NAME);
                    (text("heading", BARS[0], top + 18.0, &name))
                    (self.bar("serial", &origin.serial, top + NAME))
                    (self.bar("parallel", &origin.parallel, top + NAME + PITCH))
                }
            }
        }
    }

    fn x(&self, seconds: f64) -> f64 {
        BARS[0] + seconds / self.longest * (BARS[1] - BARS[0])
    }

    /// Writes the names of the phases that happened.
    fn legend(&self) -> Markup {
        let all = self.origins.iter();
        let all: Vec<_> = all
            .flat_map(|origin| [origin.serial.phases(), origin.parallel.phases()])
            .flatten()
            .filter(|(_, mean)| mean.is_some())
            .map(|(phase, _)| phase)
            .collect();
        let phases = Phase::ALL.into_iter().filter(|phase| all.contains(phase));
        html! {
            @for (place, phase) in phases.enumerate() {
                @let x = BARS[0] + ITEM * place as f64;
                rect class=(phase.as_str()) x=(Number(x)) y="2" width="12" height="12" rx="2" {}
                (text("note", x + 17.0, 12.0, phase.as_str()))
            }
        }
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
            (text("name", BARS[0] - 8.0, y + BAR / 2.0, arm))
            @for (phase, from, mean) in pieces {
                @let width = self.x(from + mean) - self.x(from);
                rect class={ "bar " (phase.as_str()) } x=(Number(self.x(from))) y=(Number(y))
                    width=(Number(width)) height=(Number(BAR)) {
                    title { (MarkupText(&format!("{arm}, {}: {}", phase.as_str(), format_secs(mean)))) }
                }
            }
        }
    }
}
