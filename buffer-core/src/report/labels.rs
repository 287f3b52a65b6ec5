//! Where the texts of a memory map have room.

use super::style::{CHARACTER, LINE};
use super::svg::Area;

/// The width of a text of code.
pub(super) fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * CHARACTER
}

/// The largest parts of an area on which none of some others lie: strips from side to side, and from
/// top to bottom.
pub(super) fn free_areas(area: Area, others: &[Area]) -> Vec<Area> {
    let meets = |other: &&Area| {
        other.x < area.x + area.width
            && area.x < other.x + other.width
            && other.y < area.y + area.height
            && area.y < other.y + other.height
    };
    let others: Vec<_> = others.iter().filter(meets).collect();
    let rows = gaps(area.y, area.y + area.height, others.iter().map(|o| (o.y, o.y + o.height)));
    let rows = rows.into_iter().map(|(start, end)| Area { y: start, height: end - start, ..area });
    let columns = gaps(area.x, area.x + area.width, others.iter().map(|o| (o.x, o.x + o.width)));
    let columns =
        columns.into_iter().map(|(start, end)| Area { x: start, width: end - start, ..area });
    rows.chain(columns).collect()
}

/// What some intervals leave of one.
fn gaps(start: f64, end: f64, taken: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut taken: Vec<_> = taken.collect();
    taken.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut gaps = Vec::new();
    let mut free = start;
    for (begin, behind) in taken {
        gaps.push((free, begin));
        free = free.max(behind);
    }
    gaps.push((free, end));
    gaps.retain(|(begin, behind)| begin < behind);
    gaps
}

/// The area that a text fits into, and whether it stands on end there.
pub(super) fn place_of_text(areas: &[Area], text: &str) -> Option<(Area, bool)> {
    let length = text_width(text) + 4.0;
    let fits = |along: f64, across: f64| along >= length && across >= LINE;
    let mut areas = areas.to_vec();
    areas.sort_by(|one, other| (other.width * other.height).total_cmp(&(one.width * one.height)));
    let level = areas.iter().find(|area| fits(area.width, area.height));
    let upright = areas.iter().find(|area| fits(area.height, area.width));
    level.map(|area| (*area, false)).or_else(|| upright.map(|area| (*area, true)))
}

/// The lines of a text, of so many letters at most where words allow it.
pub(super) fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Area = Area { x: 0.0, y: 0.0, width: 100.0, height: 40.0 };

    #[test]
    fn what_is_covered_is_not_free() {
        let corner = Area { x: 0.0, y: 0.0, width: 30.0, height: 10.0 };
        assert_eq!(
            free_areas(AREA, &[corner, Area { x: 200.0, ..corner }]),
            [
                Area { x: 0.0, y: 10.0, width: 100.0, height: 30.0 },
                Area { x: 30.0, y: 0.0, width: 70.0, height: 40.0 },
            ]
        );
        assert_eq!(free_areas(AREA, &[]), [AREA, AREA]);
        assert_eq!(free_areas(AREA, &[AREA]), []);
    }

    #[test]
    fn a_text_stands_on_end_only_where_it_does_not_lie() {
        let (narrow, flat) = (Area { width: 12.0, height: 80.0, ..AREA }, AREA);
        assert_eq!(place_of_text(&[narrow, flat], "name"), Some((flat, false)));
        assert_eq!(place_of_text(&[narrow], "name"), Some((narrow, true)));
        assert_eq!(place_of_text(&[narrow], "name_that_is_too_long"), None);
        assert_eq!(place_of_text(&[Area { height: 9.0, ..flat }], "name"), None);
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("unbreakable", 3), ["unbreakable"]);
    }
}
