//! The section of a sweep: the curve, its caption, and its points as a table.

use maud::{Markup, html};

use crate::report::export::timeline::SweepCurve;
use crate::report::format::format_secs;

/// Writes the curve.
pub(super) fn figure(curve: &SweepCurve) -> Markup {
    html! {
        figure {
            .scroll tabindex="0" role="group" aria-label="Sweep" { (curve.embedded()) }
            figcaption { (curve.sentence()) }
            details {
                summary { "Sweep as a table" }
                .scroll {
                    table {
                        thead {
                            tr {
                                @for name in ["Workers", "Time", "95 % interval"] {
                                    th scope="col" { (name) }
                                }
                            }
                        }
                        tbody {
                            @for point in &curve.points {
                                tr {
                                    th scope="row" { (point.workers) }
                                    td { (format_secs(point.mean)) }
                                    td { (format_secs(point.low)) " to " (format_secs(point.high)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
