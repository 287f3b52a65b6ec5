//! Writing SVG: elements that are closed, attributes and text that are escaped.

use std::fmt::{self, Display};

/// Attributes of an element, in order.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a dyn Display)];

/// A length in pixels, to a hundredth.
#[derive(Debug, Clone, Copy)]
pub(super) struct Px(pub(super) f64);

impl Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Adding zero makes a negative zero a positive one.
        write!(f, "{}", (self.0 * 100.0).round() / 100.0 + 0.0)
    }
}

/// From the line that letters stand on to their middle.
const HALF_LETTER: f64 = 3.5;

/// A rectangle, by its top left corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A picture that is being written.
#[derive(Debug, Default)]
pub(super) struct Svg {
    text: String,
    open: Vec<&'static str>,
}

impl Svg {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Opens an element; what follows lies inside it until it is [closed](Self::close).
    pub(super) fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.begin(name, attributes);
        self.text.push_str(">\n");
        self.open.push(name);
    }

    /// Closes the element that was opened last.
    pub(super) fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.indent();
            self.text.push_str("</");
            self.text.push_str(name);
            self.text.push_str(">\n");
        }
    }

    /// Writes an element with nothing inside.
    pub(super) fn empty(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.begin(name, attributes);
        self.text.push_str("/>\n");
    }

    /// Writes an element with a text inside.
    pub(super) fn text(&mut self, name: &'static str, attributes: Attributes<'_>, text: &str) {
        self.begin(name, attributes);
        self.text.push('>');
        self.escaped(text);
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }

    /// Draws a rectangle.
    pub(super) fn area(&mut self, class: &str, area: Area) {
        let Area { x, y, width, height } = area;
        self.empty(
            "rect",
            &[
                ("class", &class),
                ("x", &Px(x)),
                ("y", &Px(y)),
                ("width", &Px(width)),
                ("height", &Px(height)),
            ],
        );
    }

    /// Draws a line.
    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        self.empty(
            "line",
            &[
                ("class", &class),
                ("x1", &Px(from.0)),
                ("y1", &Px(from.1)),
                ("x2", &Px(to.0)),
                ("y2", &Px(to.1)),
            ],
        );
    }

    /// Writes a text whose letters have their middle at a height.
    pub(super) fn label(&mut self, class: &str, x: f64, middle: f64, text: &str) {
        let y = Px(middle + HALF_LETTER);
        self.text("text", &[("class", &class), ("x", &Px(x)), ("y", &y)], text);
    }

    /// Writes a text from a point upwards, with the middle of its letters above the point.
    pub(super) fn upright(&mut self, class: &str, middle: f64, y: f64, text: &str) {
        let x = Px(middle + HALF_LETTER);
        let turn = format!("translate({x} {}) rotate(-90)", Px(y));
        self.text("text", &[("class", &class), ("transform", &turn)], text);
    }

    /// Puts another picture's elements behind those that there are.
    pub(super) fn append(&mut self, other: Self) {
        self.text.push_str(&other.finish());
    }

    /// The whole text, with all elements closed.
    pub(super) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }

    fn begin(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        for (key, value) in attributes {
            self.text.push(' ');
            self.text.push_str(key);
            self.text.push_str("=\"");
            self.escaped(&value.to_string());
            self.text.push('"');
        }
    }

    fn indent(&mut self) {
        self.text.extend(self.open.iter().map(|_| ' '));
    }

    fn escaped(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                other => self.text.push(other),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_written_to_a_hundredth() {
        let text = |length| Px(length).to_string();
        assert_eq!([0.1 + 0.2, -0.001, 24.0, 1.0 / 3.0].map(text), ["0.3", "0", "24", "0.33"]);
    }

    #[test]
    fn elements_are_closed_and_text_is_escaped() {
        let mut svg = Svg::new();
        svg.open("svg", &[("width", &1.5)]);
        svg.open("g", &[]);
        svg.text("text", &[("class", &"\"a\" & 'b'")], "1 < 2 > 0 & ü");
        svg.close();
        svg.empty("rect", &[("x", &0), ("y", &-1)]);
        assert_eq!(
            svg.finish(),
            "<svg width=\"1.5\">\n <g>\n  \
             <text class=\"&quot;a&quot; &amp; 'b'\">1 &lt; 2 &gt; 0 &amp; ü</text>\n </g>\n \
             <rect x=\"0\" y=\"-1\"/>\n</svg>\n"
        );
    }
}
