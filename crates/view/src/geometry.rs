//! Rectangles and whole-pixel arithmetic.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "every conversion here clamps first; it is the one place where they are made"
)]

/// A rectangle of the screen, in pixels of a picture or cells of a text display, inside the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rect {
    /// Left edge.
    pub x: u16,
    /// Top edge.
    pub y: u16,
    /// Width, at least 1.
    pub width: u16,
    /// Height, at least 1.
    pub height: u16,
}

impl Rect {
    /// The rectangle with these edges and sizes.
    #[must_use]
    pub const fn new(x: u16, y: u16, width: u16, height: u16) -> Self {
        Self { x, y, width, height }
    }

    /// Its number of pixels or cells.
    #[must_use]
    pub const fn area(self) -> usize {
        self.width as usize * self.height as usize
    }

    /// Whether the point lies inside.
    #[must_use]
    pub fn contains(self, x: u16, y: u16) -> bool {
        x >= self.x && y >= self.y && x - self.x < self.width && y - self.y < self.height
    }
}

/// A rectangle that may lie anywhere, also outside the screen; empty when a side is 0 or less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Area {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) w: i32,
    pub(crate) h: i32,
}

impl Area {
    pub(crate) const fn new(x: i32, y: i32, w: i32, h: i32) -> Self {
        Self { x, y, w, h }
    }

    pub(crate) const fn right(self) -> i32 {
        self.x.saturating_add(self.w)
    }

    pub(crate) const fn bottom(self) -> i32 {
        self.y.saturating_add(self.h)
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.w <= 0 || self.h <= 0
    }

    pub(crate) fn pixels(self) -> i64 {
        if self.is_empty() { 0 } else { i64::from(self.w) * i64::from(self.h) }
    }

    pub(crate) fn intersect(self, other: Self) -> Self {
        let x = self.x.max(other.x);
        let y = self.y.max(other.y);
        let w = self.right().min(other.right()).saturating_sub(x).max(0);
        let h = self.bottom().min(other.bottom()).saturating_sub(y).max(0);
        Self { x, y, w, h }
    }

    pub(crate) fn union(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        let x = self.x.min(other.x);
        let y = self.y.min(other.y);
        Self { x, y, w: self.right().max(other.right()) - x, h: self.bottom().max(other.bottom()) - y }
    }

    pub(crate) fn grow(self, by: i32) -> Self {
        Self { x: self.x - by, y: self.y - by, w: self.w + 2 * by, h: self.h + 2 * by }
    }

    pub(crate) fn contains(self, x: i32, y: i32) -> bool {
        x >= self.x && y >= self.y && x < self.right() && y < self.bottom()
    }

    /// The part inside a screen of this size, or `None` when there is none.
    pub(crate) fn on_screen(self, width: u16, height: u16) -> Option<Rect> {
        let inside = self.intersect(Self::new(0, 0, i32::from(width), i32::from(height)));
        if inside.is_empty() {
            return None;
        }
        Some(Rect { x: inside.x as u16, y: inside.y as u16, width: inside.w as u16, height: inside.h as u16 })
    }
}

impl From<Rect> for Area {
    fn from(rect: Rect) -> Self {
        Self::new(i32::from(rect.x), i32::from(rect.y), i32::from(rect.width), i32::from(rect.height))
    }
}

/// Merges areas until none overlap and no two neighbours would be better sent as one: two become one
/// when the rectangle around both is at most a quarter larger than the two, or wastes few pixels.
pub(crate) fn merge_areas(mut areas: Vec<Area>) -> Vec<Area> {
    /// A rectangle costs about as much as this many pixels in its header and padding.
    const RECTANGLE_COST_PIXELS: i64 = 512;
    areas.retain(|area| !area.is_empty());
    let mut index = 0;
    while let Some(&current) = areas.get(index) {
        let partner = areas.iter().enumerate().skip(index + 1).find(|(_, other)| {
            let both = current.union(**other).pixels();
            let apart = current.pixels() + other.pixels();
            !current.intersect(**other).is_empty()
                || both * 4 <= apart * 5
                || both <= apart + RECTANGLE_COST_PIXELS
        });
        if let Some((found, &other)) = partner {
            areas.swap_remove(found);
            if let Some(slot) = areas.get_mut(index) {
                *slot = current.union(other);
            }
            // The larger one may now touch an earlier one.
            index = 0;
        } else {
            index += 1;
        }
    }
    areas
}

/// Rounds to whole pixels; what is not a number or out of range is clamped.
pub(crate) fn px(value: f32) -> i32 {
    value.round().clamp(-1.0e6, 1.0e6) as i32
}

/// The smallest whole pixel not below.
pub(crate) fn px_ceil(value: f32) -> i32 {
    value.ceil().clamp(-1.0e6, 1.0e6) as i32
}

/// Pixels as the layout engine counts them.
#[allow(clippy::cast_precision_loss, reason = "screens are far smaller than 2^24 pixels")]
pub(crate) fn float(value: i32) -> f32 {
    value as f32
}

/// A count for indexing; negative is 0.
pub(crate) fn index(value: i32) -> usize {
    usize::try_from(value).unwrap_or(0)
}

/// A count as whole pixels or cells.
pub(crate) fn int(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
