//! The section of a comparison's pairs: the plot, its caption, and the same as a table.

use maud::{Markup, html};

use crate::report::export::timeline::PairsPlot;
use crate::report::format::format_secs;
use crate::report::wording::HTML;

/// Writes the plot.
pub(super) fn figure(plot: &PairsPlot<'_>) -> Markup {
    html! {
        figure {
            (plot.embedded())
            figcaption { (plot.sentence()) }
            details {
                summary { "Pairs as a table" }
                .scroll {
                    table {
                        thead {
                            tr {
                                @for name in ["Pair", "Serial", "Parallel", "Speed-up"] {
                                    th scope="col" { (name) }
                                }
                            }
                        }
                        tbody {
                            @for (row, pair) in plot.pairs.iter().enumerate() {
                                tr {
                                    th scope="row" { (plot.numbers[row]) }
                                    td { (format_secs(pair.serial)) }
                                    td { (format_secs(pair.parallel)) }
                                    td { (HTML.ratio(pair.ratio())) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
