//! One section of a memory map: its buffers as blocks, their names, and offsets beside them.

use std::ops::Range;

use super::axis::Axis;
use super::labels::{free_areas, place_of_text, text_width};
use super::live;
use super::panels::{Block, Piece, Section};
use super::schedule::union;
use super::style::{Colour, LINE};
use super::svg::{Area, Svg};
use crate::layout::{Instance, Layout};

/// One section in its place.
pub(super) struct Plot<'a> {
    pub(super) layout: &'a Layout,
    pub(super) axis: &'a Axis,
    pub(super) section: &'a Section<'a>,
    /// The top left corner.
    pub(super) left: f64,
    pub(super) top: f64,
    /// Pixels of a byte.
    pub(super) scale: f64,
    /// The colour of a factory; none where it has no block.
    pub(super) colour: &'a dyn Fn(usize) -> Option<&'static Colour>,
}

impl Plot<'_> {
    fn height(&self) -> f64 {
        self.section.bytes as f64 * self.scale
    }

    fn area(&self, bytes: &Range<usize>, columns: &Range<usize>) -> Area {
        let (start, end) = self.axis.span(columns);
        Area {
            x: self.left + start,
            y: self.top + bytes.start as f64 * self.scale,
            width: end - start,
            height: bytes.len() as f64 * self.scale,
        }
    }

    pub(super) fn draw(&self, svg: &mut Svg) {
        let Section { bytes, padding, blocks, .. } = self.section;
        let all = self.axis.schedule.columns();
        let whole = self.area(&(0..*bytes), &all);
        svg.open("g", &[("data-bytes", bytes)]);
        svg.area("memory", whole);
        if *padding > 0 {
            svg.area("padding", self.area(&(bytes - padding..*bytes), &all));
        }
        for (x, is_call) in self.axis.boundaries() {
            let x = self.left + x;
            let class = if is_call { "grid call" } else { "grid" };
            svg.line(class, (x, self.top), (x, self.top + self.height()));
        }
        let inside = self.inside();
        let blocks = || blocks.iter().zip(&inside);
        let mut unnamed = Vec::new();
        for (block, inside) in blocks() {
            if !self.draw_block(svg, block, inside) {
                unnamed.push(block);
            }
        }
        let mut taken: Vec<_> = blocks().flat_map(|(block, _)| self.areas(block)).collect();
        for (block, inside) in blocks() {
            let class = format!("{} parent", self.class(block));
            for area in self.storage(block, inside) {
                svg.area(&class, area);
                taken.push(area);
            }
        }
        self.write_names_beside(svg, &unnamed, taken);
        svg.area("frame", whole);
        if let Some(bytes) = self.section.lower_bound {
            let y = self.top + bytes as f64 * self.scale;
            svg.line("bound", (self.left - 4.0, y), (whole.x + whole.width + 6.0, y));
        }
        self.draw_ticks(svg);
        svg.close();
    }

    /// The class of a block's colour.
    fn class(&self, block: &Block<'_>) -> &'static str {
        (self.colour)(block.instance).map_or("", |colour| colour.class)
    }

    /// Draws a buffer over the phases in which it is live, with its name where there is room; answers
    /// whether there was.
    fn draw_block(&self, svg: &mut Svg, block: &Block<'_>, inside: &[usize]) -> bool {
        let class = self.class(block);
        let covered: Vec<_> = self.blocks(inside).flat_map(|block| self.areas(block)).collect();
        let mut named = false;
        let instance = self.layout.instances().get(block.instance);
        let name = format!("{}.{}", instance.map_or("", Instance::path), block.buffer.name());
        svg.open("g", &[("class", &"block"), ("data-buffer", &name)]);
        svg.text("title", &[], &describe(self.layout, block));
        for piece in &block.pieces {
            for columns in &piece.columns {
                let area = inset(self.area(&piece.bytes, columns), block.depth);
                svg.area(class, area);
                if block.buffer.storage().is_persistent() {
                    svg.area("persistent", area);
                }
                named |= write_name(svg, block, piece, &free_areas(area, &covered));
            }
        }
        svg.close();
        named
    }

    /// Writes the names of buffers beside them, where memory is dead for long enough.
    fn write_names_beside(&self, svg: &mut Svg, unnamed: &[&Block<'_>], mut taken: Vec<Area>) {
        let right = self.left + self.axis.width();
        for block in unnamed {
            let name = block.buffer.name();
            let width = text_width(name) + 8.0;
            for area in self.areas(block) {
                let y = area.y + area.height / 2.0 - LINE / 2.0;
                let line = Area { x: self.left, y, width: right - self.left, height: LINE };
                if y < self.top || y + LINE > self.top + self.height() {
                    continue;
                }
                let near =
                    |x: f64| (x - area.x).abs() < LINE || (x - area.x - area.width).abs() < LINE;
                let free = free_areas(line, &taken).into_iter();
                let mut free = free.filter(|free| free.height >= LINE && free.width >= width);
                let place = free.find_map(|free| {
                    let (start, end) = (free.x, free.x + free.width);
                    let after = near(start).then_some(start);
                    after.or_else(|| near(end).then_some(end - width))
                });
                let Some(x) = place else { continue };
                svg.label("code beside", x + 4.0, area.y + area.height / 2.0, name);
                taken.push(Area { x, width, ..line });
                break;
            }
        }
    }

    /// The drawn areas of a block.
    fn areas(&self, block: &Block<'_>) -> Vec<Area> {
        let areas = block
            .pieces
            .iter()
            .flat_map(|piece| piece.columns.iter().map(|columns| self.area(&piece.bytes, columns)));
        areas.map(|area| inset(area, block.depth)).collect()
    }

    /// The positions of the blocks inside each block.
    fn inside(&self) -> Vec<Vec<usize>> {
        let blocks = &self.section.blocks;
        let mut inside = vec![Vec::new(); blocks.len()];
        for (position, block) in blocks.iter().enumerate() {
            let up = |around: &usize| blocks.get(*around).and_then(|block| block.parent);
            for around in std::iter::successors(block.parent, up) {
                if let Some(inside) = inside.get_mut(around) {
                    inside.push(position);
                }
            }
        }
        inside
    }

    fn blocks(&self, positions: &[usize]) -> impl Iterator<Item = &Block<'_>> {
        positions.iter().filter_map(|&position| self.section.blocks.get(position))
    }

    /// The storage of a buffer, over all phases in which it or an alias is live; nothing where there
    /// is no alias.
    fn storage(&self, block: &Block<'_>, inside: &[usize]) -> Vec<Area> {
        if inside.is_empty() {
            return Vec::new();
        }
        let pieces = self.blocks(inside).chain([block]).flat_map(|block| &block.pieces);
        let columns = union(pieces.flat_map(|piece| piece.columns.iter().cloned()));
        let area = |columns| inset(self.area(&block.bytes(), columns), block.depth);
        columns.iter().map(area).collect()
    }

    /// Offsets beside the section; an array that is all one buffer's has its size in place of them.
    fn draw_ticks(&self, svg: &mut Svg) {
        let (bytes, height) = (self.section.bytes, self.height());
        let x = self.left - 6.0;
        if self.section.is_array || height < 3.0 * LINE {
            if height >= LINE {
                svg.label("small end", x, self.top + height / 2.0, &format!("{bytes} B"));
            }
            return;
        }
        let steps = std::iter::successors(Some(8_usize), |step| step.checked_mul(2));
        let step = steps.into_iter().find(|step| *step as f64 * self.scale >= 2.0 * LINE);
        let step = step.unwrap_or(bytes);
        let inner = (step..bytes).step_by(step);
        let inner = inner.filter(|tick| (bytes - tick) as f64 * self.scale >= 1.5 * LINE);
        let mut tick = |offset: usize, shift: f64| {
            let y = self.top + offset as f64 * self.scale;
            svg.line("tick", (self.left - 4.0, y), (self.left, y));
            svg.label("small end", x, y + shift, &offset.to_string());
        };
        tick(0, 2.5);
        inner.for_each(|offset| tick(offset, 0.0));
        tick(bytes, -2.5);
    }
}

/// Writes the name of a buffer, or of a part of it, where it is not covered; answers whether there was
/// room.
fn write_name(svg: &mut Svg, block: &Block<'_>, piece: &Piece, free: &[Area]) -> bool {
    let mut name = block.buffer.name().to_owned();
    if block.pieces.len() > 1 {
        let elements = piece.elements(block);
        name += &format!("[{}..{}]", elements.start, elements.end);
    }
    let Some((area, upright)) = place_of_text(free, &name) else { return false };
    let (x, y) = (area.x + area.width / 2.0, area.y + area.height / 2.0);
    if upright {
        svg.upright("code", x, y + text_width(&name) / 2.0, &name);
    } else if area.height < 2.0 * LINE + 6.0 {
        svg.label("code middle", x, y, &name);
    } else {
        svg.label("code middle", x, y - 5.5, &name);
        svg.label("small middle", x, y + 6.0, &format!("{} B", piece.bytes.len()));
    }
    true
}

/// What is said of a buffer under the pointer.
fn describe(layout: &Layout, block: &Block<'_>) -> String {
    let buffer = block.buffer;
    let Some(instance) = layout.instances().get(block.instance) else { return String::new() };
    let mut lines = vec![
        format!("{}.{}", instance.path(), buffer.name()),
        format!(
            "{} of {}, {} bytes at {}..{}",
            buffer.size(),
            buffer.entry().element_type(),
            buffer.bytes(),
            block.bytes().start,
            block.bytes().end
        ),
        format!("{} memory", buffer.storage()),
    ];
    if buffer.storage().is_persistent() {
        lines.push("kept from step to step".to_owned());
    } else if !instance.phases().is_empty() {
        lines.extend(live(instance, buffer).lines().map(|line| format!("live: {line}")));
    }
    if let Some(parent) = buffer.parent() {
        lines.push(format!("inside {parent}"));
    }
    lines.join("\n")
}

/// The drawn part of an area: clear of its neighbours, and of the block around it.
fn inset(area: Area, depth: usize) -> Area {
    let sides = (1.0 + 2.5 * depth as f64).min(area.width / 4.0);
    let ends = (0.5 + 1.5 * depth as f64).min(area.height / 6.0);
    Area {
        x: area.x + sides,
        y: area.y + ends,
        width: area.width - 2.0 * sides,
        height: area.height - 2.0 * ends,
    }
}
