//! The picture on the terminal's display, in the terminal's own pixel layout.

use profile::{HardwareProfile, PixelLayout};

/// A rectangle of the display, in pixels or cells, inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// From the left.
    pub x: u16,
    /// From the top.
    pub y: u16,
    /// Width, at least 1.
    pub width: u16,
    /// Height, at least 1.
    pub height: u16,
}

/// Why pixels were not placed; the server's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// The rectangle is empty or reaches outside the display.
    #[error("the server sent a rectangle that does not lie on this display")]
    Outside,
    /// The number of bytes is not the rectangle's.
    #[error("the server sent a rectangle with too many or too few pixels")]
    Length,
}

/// The display's content. Dark (black, or empty cells) at first and after the end.
#[derive(Clone, PartialEq, Eq)]
pub struct Framebuffer {
    width: u16,
    height: u16,
    layout: PixelLayout,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Framebuffer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Framebuffer({} x {} {:?})", self.width, self.height, self.layout)
    }
}

impl Framebuffer {
    /// A dark display of this profile's size and layout.
    #[must_use]
    pub fn new(profile: &HardwareProfile) -> Self {
        let (width, height) = profile.size();
        Self::of_size(width, height, profile.pixel_layout())
    }

    /// A dark display of this size and layout; the caller keeps to the profile's bounds.
    pub(crate) fn of_size(width: u16, height: u16, layout: PixelLayout) -> Self {
        let bytes = vec![0; usize::from(width) * usize::from(height) * layout.bytes_per_pixel()];
        Self { width, height, layout, bytes }
    }

    /// Width in pixels or cells.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Height in pixels or cells.
    #[must_use]
    pub fn height(&self) -> u16 {
        self.height
    }

    /// How a pixel or cell lies in [`Framebuffer::bytes`].
    #[must_use]
    pub fn layout(&self) -> PixelLayout {
        self.layout
    }

    /// All of it, row by row from the top.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The whole display as an area.
    #[must_use]
    pub fn area(&self) -> Area {
        Area { x: 0, y: 0, width: self.width, height: self.height }
    }

    /// How many bytes the pixels of an area take.
    ///
    /// # Errors
    /// [`PlaceError::Outside`] when the area is empty or reaches outside the display.
    pub fn area_bytes(&self, area: Area) -> Result<usize, PlaceError> {
        let fits = |start: u16, length: u16, side: u16| {
            length > 0 && u32::from(start) + u32::from(length) <= u32::from(side)
        };
        if !fits(area.x, area.width, self.width) || !fits(area.y, area.height, self.height) {
            return Err(PlaceError::Outside);
        }
        Ok(usize::from(area.width) * usize::from(area.height) * self.layout.bytes_per_pixel())
    }

    /// Puts pixels, row by row in this display's layout, at their place.
    ///
    /// # Errors
    /// [`PlaceError`]; then nothing was changed.
    pub fn place(&mut self, area: Area, pixels: &[u8]) -> Result<(), PlaceError> {
        if pixels.len() != self.area_bytes(area)? {
            return Err(PlaceError::Length);
        }
        let pixel = self.layout.bytes_per_pixel();
        let stride = usize::from(self.width) * pixel;
        let row_bytes = usize::from(area.width) * pixel;
        let left = usize::from(area.x) * pixel;
        let rows = self.bytes.chunks_exact_mut(stride).skip(usize::from(area.y));
        for (row, source) in rows.zip(pixels.chunks_exact(row_bytes)) {
            if let Some(place) = row.get_mut(left..left + row_bytes) {
                place.copy_from_slice(source);
            }
        }
        Ok(())
    }

    /// Makes the display dark.
    pub fn blank(&mut self) {
        self.bytes.fill(0);
    }

    /// One area as red, green, blue, opaque: 4 bytes a pixel, row by row. What lies outside the
    /// display is left out; text cells have no colour and give nothing.
    #[must_use]
    pub fn rgba(&self, area: Area) -> Vec<u8> {
        let pixel = self.layout.bytes_per_pixel();
        let stride = usize::from(self.width) * pixel;
        let mut out = Vec::with_capacity(usize::from(area.width) * usize::from(area.height) * 4);
        let rows = self.bytes.chunks_exact(stride.max(1)).skip(usize::from(area.y));
        for row in rows.take(usize::from(area.height)) {
            let pixels = row.chunks_exact(pixel).skip(usize::from(area.x)).take(usize::from(area.width));
            for bytes in pixels {
                match (self.layout, bytes) {
                    (PixelLayout::Rgb888, [blue, green, red, _]) => {
                        out.extend_from_slice(&[*red, *green, *blue, 255]);
                    }
                    (PixelLayout::Rgb565, [low, high]) => {
                        let value = u16::from_le_bytes([*low, *high]);
                        let wide = |bits: u16, most: u16| {
                            let value = (u32::from(bits) * 255 + u32::from(most) / 2) / u32::from(most);
                            u8::try_from(value).unwrap_or(255)
                        };
                        out.extend_from_slice(&[
                            wide(value >> 11, 31),
                            wide((value >> 5) & 63, 63),
                            wide(value & 31, 31),
                            255,
                        ]);
                    }
                    (PixelLayout::Grey8, [grey]) => out.extend_from_slice(&[*grey, *grey, *grey, 255]),
                    _ => {}
                }
            }
        }
        out
    }

    /// The cells of a text display, row by row; nothing on a picture display.
    pub fn cells(&self) -> impl Iterator<Item = Vec<Cell>> {
        let text = self.layout == PixelLayout::Cells;
        let stride = usize::from(self.width) * 4;
        self.bytes.chunks_exact(stride.max(1)).filter(move |_| text).map(|row| {
            row.chunks_exact(4)
                .map(|bytes| Cell(bytes.try_into().map(u32::from_le_bytes).unwrap_or_default()))
                .collect()
        })
    }

    /// What can be read on a text display, one string a row, without trailing space.
    #[must_use]
    pub fn text_rows(&self) -> Vec<String> {
        self.cells()
            .map(|row| {
                let mut text = String::new();
                let mut after_wide = false;
                for cell in row {
                    match cell.character() {
                        Some(character) => text.push(character),
                        None if after_wide => {}
                        None => text.push(' '),
                    }
                    after_wide = cell.is_wide();
                }
                text.truncate(text.trim_end().len());
                text
            })
            .collect()
    }
}

/// One cell of a text display: bits 0..21 a code point, bits 21..32 attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell(pub u32);

impl Cell {
    /// The character, or nothing for the second half of a wide one, an empty cell, and whatever is no
    /// printable character (a terminal must not obey control characters that a screen holds).
    #[must_use]
    pub fn character(self) -> Option<char> {
        char::from_u32(self.0 & 0x001f_ffff).filter(|character| !character.is_control())
    }

    /// Whether its character takes this cell and the next: East Asian wide and full-width characters
    /// (Unicode Standard Annex #11, by blocks).
    #[must_use]
    pub fn is_wide(self) -> bool {
        self.character().is_some_and(|character| {
            matches!(u32::from(character),
                0x1100..=0x115f | 0x2e80..=0x303e | 0x3041..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff
                | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1f64f | 0x1f900..=0x1f9ff
                | 0x20000..=0x3fffd)
        })
    }

    /// The attribute bits, lowest first.
    #[must_use]
    pub fn attributes(self) -> u32 {
        self.0 >> 21
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grey() -> Framebuffer {
        Framebuffer::new(&HardwareProfile::picture("test", 4, 3, 96, PixelLayout::Grey8))
    }

    #[test]
    fn pixels_land_at_their_place() {
        let mut screen = grey();
        screen.place(Area { x: 1, y: 1, width: 2, height: 2 }, &[1, 2, 3, 4]).unwrap();
        assert_eq!(screen.bytes(), [0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0]);
        screen.blank();
        assert_eq!(screen.bytes(), [0; 12]);
    }

    #[test]
    fn colours_become_rgba() {
        let mut screen = Framebuffer::new(&HardwareProfile::picture("test", 2, 1, 96, PixelLayout::Rgb565));
        screen.place(screen.area(), &[0x00, 0xf8, 0xe0, 0x07]).unwrap();
        assert_eq!(screen.rgba(screen.area()), [255, 0, 0, 255, 0, 255, 0, 255]);
        let mut screen = Framebuffer::new(&HardwareProfile::picture("test", 1, 1, 96, PixelLayout::Rgb888));
        screen.place(screen.area(), &0x0012_3456_u32.to_le_bytes()).unwrap();
        assert_eq!(screen.rgba(screen.area()), [0x12, 0x34, 0x56, 255]);
    }

    #[test]
    fn cells_become_rows() {
        let mut screen = Framebuffer::new(&HardwareProfile::text("test", 5, 2));
        assert!(Cell(u32::from('钱')).is_wide() && !Cell(u32::from('¥')).is_wide());
        let cells = ['钱', '\0', 'a', '\u{1b}', 'b'].map(u32::from);
        let bytes: Vec<u8> = cells.iter().flat_map(|cell| cell.to_le_bytes()).collect();
        screen.place(Area { x: 0, y: 1, width: 5, height: 1 }, &bytes).unwrap();
        assert_eq!(screen.text_rows(), ["", "钱a b"]);
    }

    proptest! {
        #[test]
        fn any_area_is_placed_whole_or_refused(
            x in any::<u16>(), y in any::<u16>(), width in any::<u16>(), height in any::<u16>(),
            pixels in prop::collection::vec(1u8.., 0..20),
        ) {
            let mut screen = grey();
            let area = Area { x: x % 6, y: y % 6, width: width % 6, height: height % 6 };
            match screen.place(area, &pixels) {
                Ok(()) => {
                    let set = screen.bytes().iter().filter(|byte| **byte != 0).count();
                    prop_assert_eq!(set, pixels.len());
                }
                Err(_) => prop_assert_eq!(screen, grey()),
            }
            let _ = grey().place(Area { x, y, width, height }, &pixels);
        }
    }
}
