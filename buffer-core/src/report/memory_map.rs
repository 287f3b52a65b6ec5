//! A picture of layouts: offset against phase.

use std::collections::BTreeSet;

use super::axis::Axis;
use super::labels::wrap;
use super::panels::{Arena, Panel, panels};
use super::plot::Plot;
use super::shared_footprint;
use super::style::{Colour, FACTORIES, LETTER, LINE, define_patterns, sheet};
use super::svg::{Area, Px, Svg};
use crate::footprint::Footprint;
use crate::layout::Layout;

/// Around the page, and between maps.
const MARGIN: f64 = 16.0;

/// Left of a map, where its offsets stand.
const GUTTER: f64 = 46.0;

/// From one line of a caption to the next.
const LINE_STEP: f64 = 15.0;

/// The height that all bytes of the largest map have.
const BYTES: f64 = 430.0;

/// The most pixels of a byte.
const LARGEST_BYTE: f64 = 4.0;

/// Between the sections of a panel.
const SECTION_GAP: f64 = 5.0;

/// A memory map of one layout or of several side by side, as SVG: bytes downwards, phases to the
/// right.
///
/// A panel stands for each arena that has bytes. In it, each buffer is a block at its offset over
/// the phases in which it holds data, in the colour of its factory. The hatched rest is dead. Above
/// the panels stand the phases of all factories, a child's inside those of its parent that call it.
///
/// ```
/// use buffer_core::{BufferEntry, BufferRegistry, Location, MemoryMap, Phases, Precision, Target};
///
/// let mut registry = BufferRegistry::new();
/// let step = registry.factory("step")?;
/// registry.set_phases(step, Phases::new().phase("predict").phase("solve"))?;
/// let guess = BufferEntry::new("guess", 6).location(Location::Shared).live(["predict"]);
/// registry.register(step, guess)?;
/// registry.register(step, BufferEntry::new("sum", 3).aliases("guess").live(["solve"]))?;
/// let layout = registry.layout(step, &Target::cuda("9.0".parse()?, Precision::F64))?;
///
/// let svg = MemoryMap::new(&layout).registers(64).to_svg();
/// assert!(svg.starts_with("<svg"));
/// # Ok::<(), buffer_core::BufferError>(())
/// ```
#[derive(Debug, Clone)]
pub struct MemoryMap<'a> {
    layouts: Vec<&'a Layout>,
    registers: Option<usize>,
}

impl<'a> MemoryMap<'a> {
    /// The map of a layout.
    pub fn new(layout: &'a Layout) -> Self {
        Self { layouts: vec![layout], registers: None }
    }

    /// Draws another layout to the right, at the same scale, and says what it saves against the
    /// first one.
    #[must_use]
    pub fn beside(mut self, layout: &'a Layout) -> Self {
        self.layouts.push(layout);
        self
    }

    /// Tells the occupancy of layouts for CUDA by threads of so many registers.
    #[must_use]
    pub fn registers(mut self, registers: usize) -> Self {
        self.registers = Some(registers);
        self
    }

    /// The picture. Equal layouts give equal text.
    pub fn to_svg(&self) -> String {
        let maps = self.layouts.iter().map(|layout| Map::new(layout)).collect();
        Page::new(maps, self.registers).draw()
    }
}

impl Layout {
    /// The [memory map](MemoryMap) of the layout, as SVG.
    pub fn to_svg(&self) -> String {
        MemoryMap::new(self).to_svg()
    }
}

/// One layout.
struct Map<'a> {
    layout: &'a Layout,
    axis: Axis,
    panels: Vec<Panel<'a>>,
    /// The factories that have a block, in order.
    factories: Vec<usize>,
}

impl<'a> Map<'a> {
    fn new(layout: &'a Layout) -> Self {
        let axis = Axis::new(layout);
        let panels = panels(layout, &axis.schedule);
        let sections = panels.iter().flat_map(|panel| &panel.sections);
        let blocks = sections.flat_map(|section| &section.blocks);
        let factories: BTreeSet<_> = blocks.map(|block| block.instance).collect();
        Self { layout, axis, panels, factories: factories.into_iter().collect() }
    }

    fn panel(&self, arena: Arena) -> Option<&Panel<'a>> {
        self.panels.iter().find(|panel| panel.arena == arena)
    }

    fn bytes(&self, arena: Arena) -> usize {
        self.panel(arena).map_or(0, Panel::bytes)
    }

    fn width(&self) -> f64 {
        GUTTER + self.axis.width()
    }

    /// The colour of a factory; none where it has no block.
    fn colour(&self, instance: usize) -> Option<&'static Colour> {
        let position = self.factories.binary_search(&instance).ok()?;
        FACTORIES.get(position % FACTORIES.len())
    }

    /// What is said of the whole layout.
    fn caption(&self, registers: Option<usize>) -> Vec<String> {
        let mut lines = Vec::new();
        let capability = self.layout.target().compute_capability();
        if let Some((registers, capability)) = registers.zip(capability) {
            lines.push(match self.layout.fullest_block(registers) {
                Ok(occupancy) => {
                    let limits: Vec<_> = occupancy.limits().map(|limit| limit.to_string()).collect();
                    format!(
                        "{}, {registers} registers a thread: {} threads a block, {} of {} warps on a \
                         multiprocessor, limited by {}",
                        capability.sm(),
                        occupancy.block().threads,
                        occupancy.warps(),
                        capability.multiprocessor().warps(),
                        limits.join(" and ")
                    )
                }
                Err(error) => error.to_string().lines().next().unwrap_or_default().to_owned(),
            });
        }
        lines
    }

    /// What one arena is.
    fn panel_heading(&self, arena: Arena) -> String {
        let name = match arena {
            Arena::Shared => "shared memory",
            Arena::LocalPersistent => "persistent local memory",
            Arena::Local => "local arrays",
        };
        format!("{name}: {} bytes", self.bytes(arena))
    }

    /// What the bytes of one arena are, and what they could be.
    fn panel_caption(&self, arena: Arena) -> Vec<String> {
        if arena != Arena::Shared {
            return Vec::new();
        }
        let persistent = self.layout.bytes(|sizes| sizes.shared_persistent);
        let scratch = self.layout.bytes(|sizes| sizes.shared_scratch);
        let padding = self.layout.shared_bytes() - persistent - scratch;
        let parts = [(persistent, "persistent"), (scratch, "scratch"), (padding, "padding")];
        let parts = parts.iter().filter(|(bytes, _)| *bytes > 0);
        let parts: Vec<_> = parts.map(|(bytes, what)| format!("{bytes} {what}")).collect();
        let Footprint { separate, lower_bound, .. } = shared_footprint(self.layout);
        let bounds = format!("{separate} with no storage shared; lower bound {lower_bound}");
        vec![parts.join(" + "), bounds]
    }
}

/// Maps side by side, with all measures.
struct Page<'a> {
    maps: Vec<Map<'a>>,
    registers: Option<usize>,
    /// Pixels of a byte.
    scale: f64,
    /// The left edge of each map.
    lefts: Vec<f64>,
    width: f64,
}

impl<'a> Page<'a> {
    fn new(maps: Vec<Map<'a>>, registers: Option<usize>) -> Self {
        let most = |arena| maps.iter().map(|map| map.bytes(arena)).max().unwrap_or_default();
        let bytes: usize = Arena::ALL.into_iter().map(most).sum();
        let scale = (BYTES / bytes.max(1) as f64).min(LARGEST_BYTE);
        let mut width = MARGIN;
        let mut lefts = Vec::with_capacity(maps.len());
        for map in &maps {
            lefts.push(width);
            width += map.width() + MARGIN;
        }
        Self { maps, registers, scale, lefts, width }
    }

    fn maps(&self) -> impl Iterator<Item = (&Map<'a>, f64)> {
        self.maps.iter().zip(self.lefts.iter().copied())
    }

    fn draw(&self) -> String {
        let mut body = Svg::new();
        let mut y = MARGIN + LINE_STEP;
        let name = self.maps.first().map_or("", |map| map.layout.prefix());
        body.label("title", MARGIN, y - LINE_STEP / 2.0, name);
        y += 4.0;
        y = self.write_lines(&mut body, "heading", y, |map| vec![heading(map.layout)]);
        y = self.write_lines(&mut body, "", y, |map| map.caption(self.registers));
        y += 6.0;

        let height = self.maps.iter().map(|map| map.axis.height).fold(0.0, f64::max);
        for (map, left) in self.maps() {
            let top = y + height - map.axis.height;
            map.axis.draw(&mut body, left + GUTTER, top, |instance| map.colour(instance));
        }
        y += height;
        for arena in Arena::ALL {
            y = self.draw_panels(&mut body, arena, y);
        }
        let height = self.draw_legend(&mut body, y + MARGIN) + MARGIN / 2.0;

        let mut page = Svg::new();
        let (width, height) = (Px(self.width), Px(height));
        let view = format!("0 0 {width} {height}");
        page.open(
            "svg",
            &[
                ("xmlns", &"http://www.w3.org/2000/svg"),
                ("width", &width),
                ("height", &height),
                ("viewBox", &view),
                ("role", &"img"),
            ],
        );
        page.text("title", &[], &format!("memory map of {name}"));
        page.text("style", &[], &sheet());
        define_patterns(&mut page);
        let edges = [0.5, self.width - 1.0, height.0 - 1.0];
        page.area("page", Area { x: edges[0], y: edges[0], width: edges[1], height: edges[2] });
        page.append(body);
        page.finish()
    }

    /// Writes lines over each map, from a height downwards; answers the height below the longest.
    fn write_lines(
        &self,
        svg: &mut Svg,
        class: &str,
        top: f64,
        lines: impl Fn(&Map<'a>) -> Vec<String>,
    ) -> f64 {
        let mut bottom = top;
        for (map, left) in self.maps() {
            let most = (map.width() / LETTER) as usize;
            let mut y = top;
            for line in lines(map).iter().flat_map(|line| wrap(line, most)) {
                svg.label(class, left, y + LINE_STEP / 2.0, &line);
                y += LINE_STEP;
            }
            bottom = bottom.max(y);
        }
        bottom
    }

    /// Draws an arena of each map below a height; answers the height below it.
    fn draw_panels(&self, svg: &mut Svg, arena: Arena, top: f64) -> f64 {
        let most = self.maps.iter().map(|map| map.bytes(arena)).max().unwrap_or_default();
        if most == 0 {
            return top;
        }
        let heading = |map: &Map<'_>| vec![map.panel_heading(arena)];
        let caption = |map: &Map<'_>| map.panel_caption(arena);
        let top = self.write_lines(svg, "heading", top + 9.0, heading);
        let top = self.write_lines(svg, "", top, caption) + 3.0;
        let first = self.maps.first().map_or(0, |map| map.bytes(arena));
        let mut bottom = top;
        for (map, left) in self.maps() {
            let mut end = top;
            if let Some(panel) = map.panel(arena) {
                end = self.draw_panel(svg, map, panel, left + GUTTER, top);
            }
            let saved = first.saturating_sub(map.bytes(arena));
            if saved > 0 {
                end = self.draw_saved(svg, map, saved, left + GUTTER, end);
            }
            bottom = bottom.max(end);
        }
        bottom
    }

    fn draw_panel(
        &self,
        svg: &mut Svg,
        map: &Map<'_>,
        panel: &Panel<'_>,
        left: f64,
        top: f64,
    ) -> f64 {
        let mut y = top;
        for section in &panel.sections {
            let plot = Plot {
                layout: map.layout,
                axis: &map.axis,
                section,
                left,
                top: y,
                scale: self.scale,
                colour: &|instance| map.colour(instance),
            };
            plot.draw(svg);
            y += section.bytes as f64 * self.scale + SECTION_GAP;
        }
        y - SECTION_GAP
    }

    /// What a layout does without, against the first one.
    fn draw_saved(&self, svg: &mut Svg, map: &Map<'_>, bytes: usize, left: f64, top: f64) -> f64 {
        let (y, height) = (top + 2.0, bytes as f64 * self.scale - 2.0);
        let area = Area { x: left, y, width: map.axis.width(), height: height.max(1.0) };
        svg.area("saved", area);
        let label = format!("{bytes} bytes saved");
        // Beside the middle where there is room, else below.
        let inside = height >= LINE + 2.0;
        let middle = if inside { y + height / 2.0 } else { y + height.max(1.0) + LINE };
        svg.label("gain middle", left + map.axis.width() / 2.0, middle, &label);
        if inside { top + 2.0 + height } else { middle + LINE / 2.0 }
    }

    /// Says what colours and patterns mean; answers the height below.
    fn draw_legend(&self, svg: &mut Svg, top: f64) -> f64 {
        let (mut x, mut y) = (MARGIN, top);
        for (classes, text) in self.legend() {
            let width = 18.0 + text.chars().count() as f64 * LETTER + MARGIN;
            if x > MARGIN && x + width > self.width {
                (x, y) = (MARGIN, y + LINE_STEP + 2.0);
            }
            let area = Area { x, y: y + 1.0, width: 13.0, height: 11.0 };
            for class in classes {
                svg.area(class, area);
            }
            svg.label("", x + 18.0, y + 6.5, &text);
            x += width;
        }
        y + LINE_STEP
    }

    /// The classes of areas on top of each other, and what they mean.
    fn legend(&self) -> Vec<(Vec<&'static str>, String)> {
        let mut items = Vec::new();
        for map in &self.maps {
            for &factory in &map.factories {
                let instance = map.layout.instances().get(factory);
                let item = map.colour(factory).zip(instance);
                let item = item.map(|(colour, instance)| {
                    let (path, prefix) = (instance.path(), instance.prefix());
                    let prefix =
                        if path == prefix { String::new() } else { format!(" ({prefix})") };
                    (vec![colour.class], format!("{path}{prefix}"))
                });
                items.extend(item.filter(|item| !items.contains(item)));
            }
        }
        let sections = || {
            let panels = self.maps.iter().flat_map(|map| &map.panels);
            panels.flat_map(|panel| &panel.sections)
        };
        let blocks = || sections().flat_map(|section| &section.blocks);
        items.push((vec!["memory", "frame"], "dead".to_owned()));
        if blocks().any(|block| block.buffer.storage().is_persistent()) {
            items.push((vec!["f0", "persistent"], "kept from step to step".to_owned()));
        }
        if sections().any(|section| section.padding > 0) {
            items.push((vec!["padding", "frame"], "padding to an odd stride".to_owned()));
        }
        if blocks().any(|block| block.parent.is_some()) {
            items.push((vec!["outline parent"], "storage that aliases use".to_owned()));
        }
        if sections().any(|section| section.lower_bound.is_some()) {
            items.push((vec!["bound"], "lower bound: the most that is live at once".to_owned()));
        }
        items
    }
}

/// What a layout is, in a few words.
fn heading(layout: &Layout) -> String {
    format!("one run on {}, {} packing", layout.target(), layout.packing())
}
