//! How a memory map looks. It brings its own background, so that it is read on light and dark pages.

use std::fmt::Display;

use super::svg::Svg;

/// The width of a character of code, in pixels, and the height of a line.
pub(super) const CHARACTER: f64 = 6.05;
pub(super) const LINE: f64 = 10.0;

/// No less than the mean width of a character of other text.
pub(super) const LETTER: f64 = 6.1;

/// What the blocks of a factory look like.
#[derive(Debug)]
pub(super) struct Colour {
    pub(super) class: &'static str,
    pub(super) fill: &'static str,
    pub(super) edge: &'static str,
}

const fn colour(class: &'static str, fill: &'static str, edge: &'static str) -> Colour {
    Colour { class, fill, edge }
}

/// The colours of factories, which begin again behind the last. Dark text is read on all of them.
pub(super) const FACTORIES: [Colour; 8] = [
    colour("f0", "#a9cbf0", "#1f5fa8"),
    colour("f1", "#f8cf9c", "#a85a0c"),
    colour("f2", "#b1dfb5", "#2a7440"),
    colour("f3", "#d6c3ef", "#65409f"),
    colour("f4", "#f6bcc4", "#a62f49"),
    colour("f5", "#a6dedb", "#146d6a"),
    colour("f6", "#eee197", "#776300"),
    colour("f7", "#d9cabb", "#6c4f36"),
];

/// What all maps have in common.
const RULES: &str = "
.page{fill:#ffffff;stroke:#d0d7de}
text{fill:#1f2328;font:11px 'Helvetica Neue',Helvetica,Arial,'DejaVu Sans',sans-serif}
.title{font-size:15px;font-weight:600}
.heading{font-weight:600}
.code{font:10px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace}
.small{font-size:9px;fill:#57606a}
.middle{text-anchor:middle}
.end{text-anchor:end}
.cell{fill:#f6f8fa;stroke:#8c959f;stroke-width:.6}
.loop{fill:#e4e8ed}
.memory{fill:url(#dead);stroke:none}
.frame{fill:none;stroke:#57606a;stroke-width:.8}
.padding{fill:url(#padding);stroke:none}
.persistent{fill:url(#persistent);stroke:none}
.beside{paint-order:stroke;stroke:#f6f8fa;stroke-width:3;stroke-linejoin:round}
.parent{fill:none;stroke-width:1.2;stroke-dasharray:4 2}

.outline{stroke:#1f2328}
.grid{stroke:#8c959f;stroke-width:.5;stroke-opacity:.55}
.call{stroke-opacity:1}
.tick{stroke:#57606a;stroke-width:.8}
.saved{fill:none;stroke:#1a7f37;stroke-width:1;stroke-dasharray:3 2}
.gain{fill:#1a7f37}
.bound{fill:none;stroke:#cf222e;stroke-width:1.3;stroke-dasharray:7 3}
.block:hover rect{stroke-width:2}
";

/// The style sheet.
pub(super) fn sheet() -> String {
    let colour = |Colour { class, fill, edge }: &Colour| {
        format!("\n.{class}{{fill:{fill};stroke:{edge};stroke-width:.8}}")
    };
    // The rules stand behind the colours, and so win over them.
    let mut text: String = FACTORIES.iter().map(colour).collect();
    text.push_str(RULES);
    text
}

/// The patterns of dead memory, of padding, and of what is persistent.
pub(super) fn define_patterns(svg: &mut Svg) {
    let pattern = |svg: &mut Svg, id: &str, size: f64, ground: &str, path: &str, stroke: &str| {
        svg.open(
            "pattern",
            &[
                ("id", &id),
                ("width", &size),
                ("height", &size),
                ("patternUnits", &"userSpaceOnUse"),
            ],
        );
        svg.empty("rect", &[("width", &size), ("height", &size), ("fill", &ground)]);
        let line: [(&'static str, &dyn Display); 4] =
            [("d", &path), ("stroke", &stroke), ("stroke-width", &0.8), ("fill", &"none")];
        svg.empty("path", &line);
        svg.close();
    };
    svg.open("defs", &[]);
    pattern(svg, "dead", 6.0, "#f6f8fa", "M-1 1L1 -1M0 6L6 0M5 7L7 5", "#c0c7cf");
    pattern(svg, "padding", 4.0, "#d0d7de", "M0 0L4 4M4 0L0 4", "#6e7781");
    pattern(svg, "persistent", 5.0, "none", "M0 2.5H3", "#ffffff");
    svg.close();
}
