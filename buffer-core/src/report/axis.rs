//! The axis of a memory map: which factory runs in which columns, drawn as a tree above them.

use std::ops::Range;

use super::labels::text_width;
use super::schedule::{Call, Schedule, Span};
use super::style::Colour;
use super::svg::{Area, Svg};
use crate::layout::{Instance, Layout};

/// The least width of a column, which a line of text on end fits into.
const COLUMN: f64 = 24.0;

/// The least width of all columns together.
const PLOT: f64 = 340.0;

/// The height of a row, which a line of text fits into.
const ROW: f64 = 17.0;

/// What surrounds a text in a cell.
const MARGIN: f64 = 5.0;

/// The axis of a layout.
#[derive(Debug)]
pub(super) struct Axis {
    pub(super) schedule: Schedule,
    /// The left edge of each column, and the right edge of the last.
    edges: Vec<f64>,
    cells: Vec<Cell>,
    pub(super) height: f64,
}

#[derive(Debug)]
struct Cell {
    columns: Range<usize>,
    top: f64,
    /// None where nothing stands below it: it reaches down to the panels, with its text on end.
    bottom: Option<f64>,
    label: String,
    title: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The factory of a position.
    Factory(usize),
    Loop,
    Phase,
}

impl Axis {
    pub(super) fn new(layout: &Layout) -> Self {
        let schedule = Schedule::new(layout);
        let cells = cells(layout, &schedule);
        let edges = edges(&schedule, &cells);
        let bottom = |cell: &Cell| match cell.bottom {
            Some(bottom) => bottom,
            None => cell.top + text_width(&cell.label) + 2.0 * MARGIN,
        };
        let height = cells.iter().map(bottom).fold(0.0, f64::max);
        Self { schedule, edges, cells, height }
    }

    /// The left and right edge of some columns.
    pub(super) fn span(&self, columns: &Range<usize>) -> (f64, f64) {
        let edge = |column| self.edges.get(column).copied().unwrap_or_default();
        (edge(columns.start), edge(columns.end))
    }

    /// The width of all columns.
    pub(super) fn width(&self) -> f64 {
        self.edges.last().copied().unwrap_or_default()
    }

    /// Where columns meet, and whether a factory's call begins or ends there.
    pub(super) fn boundaries(&self) -> impl Iterator<Item = (f64, bool)> {
        let calls = self.schedule.calls().iter().filter(|call| !call.hidden).map(Call::columns);
        let ends: Vec<_> = calls.flat_map(|columns| [columns.start, columns.end]).collect();
        let inner = 1..self.edges.len().saturating_sub(1);
        inner.map(move |column| (self.span(&(column..column)).0, ends.contains(&column)))
    }

    /// Draws the tree with its top left corner at a point.
    pub(super) fn draw(
        &self,
        svg: &mut Svg,
        left: f64,
        top: f64,
        colour: impl Fn(usize) -> Option<&'static Colour>,
    ) {
        for cell in &self.cells {
            let (start, end) = self.span(&cell.columns);
            let (x, width) = (left + start, end - start);
            let bottom = cell.bottom.unwrap_or(self.height);
            let class = match cell.kind {
                Kind::Factory(instance) => colour(instance).map_or("cell", |colour| colour.class),
                Kind::Loop => "cell loop",
                Kind::Phase => "cell",
            };
            svg.open("g", &[]);
            svg.text("title", &[], &cell.title);
            let area = Area { x, y: top + cell.top, width, height: bottom - cell.top };
            svg.area(class, area);
            if cell.bottom.is_none() {
                svg.upright("code", x + width / 2.0, top + self.height - MARGIN, &cell.label);
            } else if text_width(&cell.label) <= width {
                let y = top + cell.top + ROW / 2.0;
                svg.label("code middle", x + width / 2.0, y, &cell.label);
            }
            svg.close();
        }
    }
}

/// The cells of all calls that are not hidden, each above those inside it.
fn cells(layout: &Layout, schedule: &Schedule) -> Vec<Cell> {
    let calls = schedule.calls();
    let mut holds = vec![Vec::new(); calls.len()];
    for call in calls.iter().filter(|call| !call.hidden) {
        if let Some(inside) = call.caller.and_then(|caller| holds.get_mut(caller)) {
            inside.push(call.columns());
        }
    }
    // The row below each call, in which those inside it stand.
    let mut below: Vec<usize> = Vec::with_capacity(calls.len());
    let mut cells = Vec::new();
    for (call, inside) in calls.iter().zip(&holds) {
        let row = call.caller.and_then(|caller| below.get(caller).copied()).unwrap_or_default();
        let instance = layout.instances().get(call.instance).filter(|_| !call.hidden);
        let next = instance.map_or(row, |instance| {
            cells.push(name_cell(layout, instance, call, row, inside.is_empty()));
            match call.phases.first() {
                Some(Span { phase: Some(_), .. }) => {
                    phase_cells(&mut cells, instance, call, row + 1, inside)
                }
                _ => row + 1,
            }
        });
        below.push(next);
    }
    cells
}

fn name_cell(layout: &Layout, instance: &Instance, call: &Call, row: usize, is_leaf: bool) -> Cell {
    let (path, prefix) = (instance.path(), instance.prefix());
    let parent = instance.parent.filter(|&parent| parent > 0);
    let parent = parent.and_then(|parent| layout.instances().get(parent));
    let label = parent.and_then(|parent| path.strip_prefix(parent.path())?.strip_prefix('_'));
    let drawn = call.phases.first().is_some_and(|span| span.phase.is_some());
    let merged = !drawn && !instance.phases().is_empty();
    let top = row as f64 * ROW;
    Cell {
        columns: call.columns(),
        top,
        bottom: (drawn || !is_leaf).then_some(top + ROW),
        label: label.unwrap_or(path).to_owned(),
        title: format!("{path}: {prefix}{}", if merged { ", all phases as one" } else { "" }),
        kind: Kind::Factory(call.instance),
    }
}

/// The cells of a factory's loops and phases, from a row downwards; answers the row below them.
fn phase_cells(
    cells: &mut Vec<Cell>,
    instance: &Instance,
    call: &Call,
    row: usize,
    inside: &[Range<usize>],
) -> usize {
    let order = instance.phases().order();
    let names: Vec<_> = order.phases().collect();
    let loops = order.names().skip(order.len());
    let loops: Vec<_> = loops.filter_map(|name| Some((name, order.find(name)?))).collect();
    // Outer loops come before those inside them.
    let depth = |phases: &Range<usize>, loops: &[(&str, Range<usize>)]| {
        let holds = |range: &Range<usize>| range.start <= phases.start && phases.end <= range.end;
        loops.iter().filter(|(_, range)| holds(range)).count()
    };
    let depths = loops.iter().enumerate();
    let depths: Vec<_> =
        depths.map(|(at, (_, range))| depth(range, loops.get(..at).unwrap_or_default())).collect();
    let most = depths.iter().max().map_or(0, |depth| depth + 1);
    let y = |row: usize| row as f64 * ROW;

    for ((name, phases), depth) in loops.iter().zip(depths) {
        let spans = call.phases.get(phases.clone()).unwrap_or_default();
        let (Some(first), Some(last)) = (spans.first(), spans.last()) else { continue };
        cells.push(Cell {
            columns: first.columns.start..last.columns.end,
            top: y(row + depth),
            bottom: Some(y(row + depth + 1)),
            label: format!("loop {name}"),
            title: format!("loop {name} of {}", instance.path()),
            kind: Kind::Loop,
        });
    }
    for (position, (span, name)) in call.phases.iter().zip(names).enumerate() {
        let is_leaf = !inside.iter().any(|columns| span.columns.contains(&columns.start));
        cells.push(Cell {
            columns: span.columns.clone(),
            top: y(row + depth(&(position..position + 1), &loops)),
            bottom: (!is_leaf).then_some(y(row + most + 1)),
            label: name.to_owned(),
            title: format!("{name} of {}", instance.path()),
            kind: Kind::Phase,
        });
    }
    row + most + 1
}

/// The edges of the columns, which are as wide as what stands above them needs.
fn edges(schedule: &Schedule, cells: &[Cell]) -> Vec<f64> {
    let mut widths = vec![COLUMN; schedule.columns().end];
    let mut widen = |columns: Range<usize>, needed: f64| {
        let Some(widths) = widths.get_mut(columns) else { return };
        let missing = needed - widths.iter().sum::<f64>();
        let share = (missing / widths.len() as f64).ceil();
        if share > 0.0 {
            widths.iter_mut().for_each(|width| *width += share);
        }
    };
    // What stands inside comes behind, and so is served first.
    for cell in cells.iter().rev().filter(|cell| cell.bottom.is_some()) {
        widen(cell.columns.clone(), text_width(&cell.label) + 2.0 * MARGIN);
    }
    widen(schedule.columns(), PLOT);
    let mut edges = vec![0.0];
    let mut edge = 0.0;
    for width in widths {
        edge += width;
        edges.push(edge);
    }
    edges
}
