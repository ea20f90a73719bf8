//! Damage: which rectangles differ between two lists of drawing operations.
//!
//! Operations that both lists have in the same order cancel out; the bounds of all others are damaged.
//! A pixel outside of those bounds is drawn by the same operations in the same order in both, so it
//! is the same, whatever lies on what. Two texts that begin alike at one place cancel out too, but for
//! the area from the first letter that differs: what a key press changes.

use crate::geometry::{Area, Rect, index, int, merge_areas};
use crate::scene::{Align, Op};
use crate::theme::Color;

/// Above this many comparisons the common order is found greedily.
const COMPARISONS_MAX: usize = 65_536;

pub(crate) fn of_operations(new: &[Op], old: &[Op], width: u16, height: u16) -> Vec<Rect> {
    let start = new.iter().zip(old).take_while(|(new, old)| new == old).count();
    let (new, old) = (new.get(start..).unwrap_or_default(), old.get(start..).unwrap_or_default());
    let end = new.iter().rev().zip(old.iter().rev()).take_while(|(new, old)| new == old).count();
    let new = new.get(..new.len() - end).unwrap_or_default();
    let old = old.get(..old.len() - end).unwrap_or_default();
    let (kept_new, kept_old) = common(new, old);
    let changed = |operations: &[Op], kept: &[bool]| -> Vec<Area> {
        operations
            .iter()
            .zip(kept)
            .filter(|(_, kept)| !**kept)
            .map(|(operation, _)| operation.bounds())
            .collect()
    };
    let mut areas = changed(new, &kept_new);
    areas.extend(changed(old, &kept_old));
    let news = new.iter().zip(&kept_new).filter(|(_, kept)| **kept);
    let olds = old.iter().zip(&kept_old).filter(|(_, kept)| **kept);
    areas.extend(news.zip(olds).filter_map(|((new, _), (old, _))| tail(new, old)));
    let screen = Area::new(0, 0, i32::from(width), i32::from(height));
    let areas = areas.into_iter().map(|area| area.intersect(screen)).collect();
    merge_areas(areas).into_iter().filter_map(|area| area.on_screen(width, height)).collect()
}

/// Whether the two cancel out, at least in part.
fn alike(new: &Op, old: &Op) -> bool {
    if new == old {
        return true;
    }
    let (Op::Text { paragraph, .. }, Op::Text { paragraph: other, .. }) = (new, old) else { return false };
    frame(new).is_some_and(|frame_of_new| Some(frame_of_new) == frame(old))
        && paragraph.lines.len() == 1
        && other.lines.len() == 1
        && paragraph.glyphs.first().is_some_and(|glyph| Some(glyph) == other.glyphs.first())
}

/// Everything of a text but what it says, where its letters do not depend on its width.
fn frame(operation: &Op) -> Option<(i32, i32, i32, i32, Color, Area)> {
    match operation {
        Op::Text { paragraph, x, y, align: Align::Start, color, clip, .. } => {
            Some((paragraph.size, paragraph.baseline, *x, *y, *color, *clip))
        }
        _ => None,
    }
}

/// Where two texts that are alike differ: from the first letter that does, to the end.
fn tail(new: &Op, old: &Op) -> Option<Area> {
    let (Op::Text { paragraph, x, .. }, Op::Text { paragraph: other, .. }) = (new, old) else { return None };
    let same = paragraph.glyphs.iter().zip(&other.glyphs).take_while(|(new, old)| new == old).count();
    let starts = [paragraph, other].into_iter().filter_map(|paragraph| paragraph.glyphs.get(same));
    // No letter is drawn further to the left of its origin than its size.
    let starts = starts.map(|glyph| x + i32::from(glyph.x) - paragraph.size);
    let (bounds, before) = (new.bounds(), old.bounds());
    // Where one text's box ends, the letters before are cut.
    let edge = (bounds.right() != before.right()).then_some(bounds.right().min(before.right()));
    let left = starts.chain(edge).min()?;
    let both = bounds.union(before);
    let left = left.max(both.x);
    Some(Area::new(left, both.y, both.right() - left, both.h))
}

/// Marks, in each list, the operations of a common subsequence.
fn common(new: &[Op], old: &[Op]) -> (Vec<bool>, Vec<bool>) {
    let mut kept_new = vec![false; new.len()];
    let mut kept_old = vec![false; old.len()];
    if new.is_empty() || old.is_empty() {
        return (kept_new, kept_old);
    }
    let keep = |kept: &mut Vec<bool>, position: usize| {
        if let Some(slot) = kept.get_mut(position) {
            *slot = true;
        }
    };
    if new.len() * old.len() > COMPARISONS_MAX {
        // Greedy: each operation's next occurrence, if it is near.
        let mut from = 0;
        for (position, operation) in new.iter().enumerate() {
            let next =
                old.get(from..).unwrap_or_default().iter().take(64).position(|other| alike(operation, other));
            if let Some(offset) = next {
                keep(&mut kept_new, position);
                keep(&mut kept_old, from + offset);
                from += offset + 1;
            }
        }
        return (kept_new, kept_old);
    }
    // The longest common subsequence, by the classic table of lengths from each pair to the ends.
    let stride = old.len() + 1;
    let mut lengths = vec![0_u16; (new.len() + 1) * stride];
    for (i, operation) in new.iter().enumerate().rev() {
        for (j, other) in old.iter().enumerate().rev() {
            let at = |i: usize, j: usize| lengths.get(i * stride + j).copied().unwrap_or(0);
            let length =
                if operation == other { at(i + 1, j + 1) + 1 } else { at(i + 1, j).max(at(i, j + 1)) };
            if let Some(slot) = lengths.get_mut(i * stride + j) {
                *slot = length;
            }
        }
    }
    let at = |i: usize, j: usize| lengths.get(i * stride + j).copied().unwrap_or(0);
    let (mut i, mut j) = (0, 0);
    while let (Some(operation), Some(other)) = (new.get(i), old.get(j)) {
        if alike(operation, other) {
            keep(&mut kept_new, i);
            keep(&mut kept_old, j);
            i += 1;
            j += 1;
        } else if at(i + 1, j) >= at(i, j + 1) {
            i += 1;
        } else {
            j += 1;
        }
    }
    (kept_new, kept_old)
}

/// Changed cells, as one rectangle for each run of rows that changed. Wide characters take two cells,
/// so a change of either half is a change of both.
pub(crate) fn of_cells(new: &[u32], old: &[u32], width: u16, height: u16) -> Vec<Rect> {
    let mut areas = Vec::new();
    let columns = usize::from(width).max(1);
    for (row, (new, old)) in new.chunks(columns).zip(old.chunks(columns)).enumerate() {
        let differs = |(new, old): (&u32, &u32)| new != old;
        let Some(first) = new.iter().zip(old).position(differs) else { continue };
        let last = new.iter().zip(old).rposition(differs).unwrap_or(first);
        let is_second =
            |cells: &[u32], column: usize| cells.get(column).is_some_and(|cell| cell & 0x1F_FFFF == 0);
        let first =
            if is_second(new, first) || is_second(old, first) { first.saturating_sub(1) } else { first };
        let next = last + 1;
        let last = if next < columns && (is_second(new, next) || is_second(old, next)) { next } else { last };
        areas.push(Area::new(int(first), int(row), int(last - first + 1), 1));
    }
    // A cell's four bytes are dear enough that only rows of about the same extent are joined.
    let mut joined: Vec<Area> = Vec::new();
    for area in areas {
        match joined.last_mut() {
            Some(last)
                if last.bottom() == area.y && index(last.union(area).w) <= index(last.w.max(area.w)) + 4 =>
            {
                *last = last.union(area);
            }
            _ => joined.push(area),
        }
    }
    joined.into_iter().filter_map(|area| area.on_screen(width, height)).collect()
}
