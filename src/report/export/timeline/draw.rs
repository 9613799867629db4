//! The picture as SVG.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

use super::scene::{LEFT, NAMES, PanelBox, RIGHT, Rect, Scene, WIDTH};
use crate::report::export::markup::Text;

/// Colours for both backgrounds; `c0` to `c8` are the classes in their order.
const STYLE: &str = "\
text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#30363d}
.t{font-size:16px;font-weight:600}
.h{font-weight:600}
.n{fill:#57606a}
.l{text-anchor:end;dominant-baseline:central}
.a{text-anchor:middle;fill:#57606a}
.bg{fill:#fff}
.lane{fill:#f1f3f5}
.grid{stroke:#d0d7de;stroke-width:1;fill:none}
.c0{fill:#b1b9c2}.c1{fill:#12a594}.c2{fill:#f08c1a}.c3{fill:#9b59d0}.c4{fill:#8a6a4f}
.c5{fill:#46b35f}.c6{fill:#2f7de1}.c7{fill:#8b949e}.c8{fill:#d1242f}
g g:hover{opacity:.7}
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}
.n,.a{fill:#9da7b3}
.bg{fill:#0d1117}
.lane{fill:#1c2129}
.grid{stroke:#363d47}
.c0{fill:#6b7480}.c1{fill:#2cc7b4}.c2{fill:#f5a142}.c3{fill:#b583e6}.c4{fill:#b08f73}
.c5{fill:#4cc168}.c6{fill:#58a0f5}.c7{fill:#9da7b3}.c8{fill:#ff5a52}
}";

/// Writes the picture.
pub(super) fn write(out: &mut impl Write, scene: &Scene) -> io::Result<()> {
    let (width, height) = (Number(WIDTH), Number(scene.height));
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"title desc\">"
    )?;
    writeln!(out, "<title id=\"title\">{}</title>", Text(&scene.title))?;
    writeln!(out, "<desc id=\"desc\">{}</desc>", Text(&scene.description))?;
    writeln!(out, "<style>\n{STYLE}\n</style>")?;
    writeln!(out, "<rect class=\"bg\" width=\"100%\" height=\"100%\"/>")?;
    text(out, "t", 20.0, 30.0, &scene.title)?;
    for (i, note) in scene.notes.iter().enumerate() {
        text(out, "n", 20.0, 52.0 + 18.0 * i as f64, note)?;
    }
    legend(out, scene)?;
    for made in &scene.boxes {
        lanes(out, made)?;
    }
    axis(out, scene)?;
    for made in &scene.boxes {
        panel(out, made)?;
    }
    writeln!(out, "</svg>")
}

fn legend(out: &mut impl Write, scene: &Scene) -> io::Result<()> {
    for (class, x) in &scene.legend {
        let (left, top) = (Number(*x), Number(scene.legend_y - 10.0));
        writeln!(
            out,
            "<rect class=\"c{class}\" x=\"{left}\" y=\"{top}\" width=\"12\" height=\"12\" rx=\"2\"/>"
        )?;
        text(out, "n", x + 17.0, scene.legend_y, NAMES[*class])?;
    }
    Ok(())
}

fn lanes(out: &mut impl Write, made: &PanelBox) -> io::Result<()> {
    if let Some((y, heading)) = &made.heading {
        text(out, "h", LEFT, *y, heading)?;
    }
    let width = RIGHT - LEFT;
    let rect = |&(y, height)| Rect {
        class: 0,
        x: LEFT,
        y,
        width,
        height,
    };
    write!(out, "<path class=\"lane\" d=\"")?;
    for lane in &made.lanes {
        write!(out, "{}", Outline(&rect(lane)))?;
    }
    writeln!(out, "\"/>")?;
    for (y, label) in &made.labels {
        text(out, "l", LEFT - 8.0, *y, label)?;
    }
    Ok(())
}

fn axis(out: &mut impl Write, scene: &Scene) -> io::Result<()> {
    if scene.ticks.is_empty() {
        return Ok(());
    }
    write!(out, "<path class=\"grid\" d=\"")?;
    // Behind the lanes only, not through the headings; the last has a little more, towards its label.
    for (i, made) in scene.boxes.iter().enumerate() {
        let (Some((top, _)), Some((y, height))) = (made.lanes.first(), made.lanes.last()) else {
            continue;
        };
        let is_last = i + 1 == scene.boxes.len();
        let bottom = y + height + if is_last { 6.0 } else { 0.0 };
        for (x, _) in &scene.ticks {
            write!(out, "M{} {}V{}", Number(*x), Number(*top), Number(bottom))?;
        }
    }
    writeln!(out, "\"/>")?;
    for (x, label) in &scene.ticks {
        text(out, "a", *x, scene.bottom + 20.0, label)?;
    }
    Ok(())
}

fn panel(out: &mut impl Write, made: &PanelBox) -> io::Result<()> {
    if !made.bars.is_empty() {
        writeln!(out, "<g>")?;
        for bar in &made.bars {
            write!(out, "<g><title>{}</title>", Text(&bar.title))?;
            for rect in &bar.rects {
                write!(
                    out,
                    "<path class=\"c{}\" d=\"{}\"/>",
                    rect.class,
                    Outline(rect)
                )?;
            }
            writeln!(out, "</g>")?;
        }
        writeln!(out, "</g>")?;
    }
    // A path per class is shorter than an element per column. Failures come last, on top.
    let mut classes: BTreeMap<usize, Vec<&Rect>> = BTreeMap::new();
    for rect in &made.columns {
        classes.entry(rect.class).or_default().push(rect);
    }
    for (class, rects) in classes {
        write!(out, "<path class=\"c{class}\" d=\"")?;
        for rect in rects {
            write!(out, "{}", Outline(rect))?;
        }
        writeln!(out, "\"/>")?;
    }
    Ok(())
}

fn text(out: &mut impl Write, class: &str, x: f64, y: f64, text: &str) -> io::Result<()> {
    let (x, y) = (Number(x), Number(y));
    writeln!(
        out,
        "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>",
        Text(text)
    )
}

/// A rectangle as a path.
struct Outline<'a>(&'a Rect);

impl fmt::Display for Outline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rect {
            x,
            y,
            width,
            height,
            ..
        } = *self.0;
        let [x, y, width, height] = [x, y, width, height].map(Number);
        write!(f, "M{x} {y}h{width}v{height}h-{width}z")
    }
}

/// A number to a hundredth, without needless zeros.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", (self.0 * 100.0).round() / 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let texts = [1.0, 0.126, 17.5].map(|n| Number(n).to_string());
        assert_eq!(texts, ["1", "0.13", "17.5"]);
    }
}
