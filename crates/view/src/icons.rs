//! The icons: our own drawings on a grid of 24 units, stroked with round ends.

use crate::semantic::Icon;

/// A picture that the renderer knows how to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Glyph {
    App(Icon),
    Back,
    Chevron,
    Check,
    Cross,
    Warning,
    Shield,
    Backspace,
    Shift,
    ShiftOn,
    Enter,
    Hide,
    Ring,
    RingTrack,
    /// A filled disc.
    Disc,
}

/// The path in SVG's notation, and the width of its stroke in units; 0 is a fill.
pub(crate) const fn drawing(glyph: Glyph) -> (&'static str, f32) {
    match glyph {
        Glyph::App(icon) => match icon {
            Icon::None => ("", 0.0),
            // A code to scan, with the frame of a finder.
            Icon::Pay => (
                "M4 8 V6 A2 2 0 0 1 6 4 H8 M16 4 H18 A2 2 0 0 1 20 6 V8 M20 16 V18 A2 2 0 0 1 18 20 H16 M8 20 H6 A2 2 0 0 1 4 18 V16 \
                 M8.2 8.2 H10.4 V10.4 H8.2 Z M13.6 8.2 H15.8 V10.4 H13.6 Z M8.2 13.6 H10.4 V15.8 H8.2 Z M13.6 13.6 L15.8 15.8",
                1.8,
            ),
            Icon::Transfer => {
                ("M4 8.5 H19 M15 4.5 L19.2 8.5 L15 12.5 M20 15.5 H5 M9 11.7 L4.8 15.5 L9 19.5", 1.8)
            }
            // A wallet with a plus.
            Icon::TopUp => (
                "M18.5 11.5 V8.5 A2 2 0 0 0 16.5 6.5 H5 A1.75 1.75 0 0 1 5 3.2 H15.5 M3.3 4.9 V17.5 A2.2 2.2 0 0 0 5.5 19.7 H11.5 \
                 M17.6 14.6 V21 M14.4 17.8 H20.8",
                1.8,
            ),
            // A clock whose hand turns back.
            Icon::History => {
                ("M4.1 9.5 A8.2 8.2 0 1 1 3.9 13.6 M3.6 5 V9.7 H8.3 M12 7.8 V12.4 L15.2 14.3", 1.8)
            }
            // A shop with its awning.
            Icon::Merchant => (
                "M4.6 11.5 V19.6 H19.4 V11.5 M3.4 9 L5.2 4.4 H18.8 L20.6 9 M3.4 9 A2.86 2.86 0 0 0 9.13 9 A2.86 2.86 0 0 0 14.87 9 \
                 A2.86 2.86 0 0 0 20.6 9 Z M9.6 19.4 V15.2 H14.4 V19.4",
                1.8,
            ),
            Icon::Person => ("M12 4 A4 4 0 0 1 12 12 A4 4 0 0 1 12 4 Z M4.6 20 A7.4 5.6 0 0 1 19.4 20", 1.8),
            Icon::Card => (
                "M5.4 5.2 H18.6 A2.2 2.2 0 0 1 20.8 7.4 V16.6 A2.2 2.2 0 0 1 18.6 18.8 H5.4 A2.2 2.2 0 0 1 3.2 16.6 V7.4 A2.2 2.2 0 0 1 5.4 5.2 Z \
                 M3.2 9.8 H20.8 M6.8 15 H10.4",
                1.8,
            ),
            Icon::Incoming => ("M18 6 L6.6 17.4 M6.4 8.6 V17.6 H15.4", 2.0),
            Icon::Outgoing => ("M6 18 L17.4 6.6 M8.6 6.4 H17.6 V15.4", 2.0),
        },
        Glyph::Back => ("M14.6 5.4 L8 12 L14.6 18.6", 2.2),
        Glyph::Chevron => ("M9.6 6.4 L15.2 12 L9.6 17.6", 2.0),
        Glyph::Check => ("M5.4 12.6 L10 17.2 L18.8 7.4", 2.6),
        Glyph::Cross => ("M7 7 L17 17 M17 7 L7 17", 2.6),
        Glyph::Warning => ("M12 4.2 L21 19.6 H3 Z M12 10 V14.2 M12 16.9 V17", 1.8),
        Glyph::Shield => (
            "M12 3 L19.4 5.8 V11.4 C19.4 16 16.4 19.4 12 21.2 C7.6 19.4 4.6 16 4.6 11.4 V5.8 Z M8.6 11.9 L11.2 14.5 L15.6 9.4",
            1.8,
        ),
        Glyph::Backspace => (
            "M8.6 5.6 H19.4 A1.6 1.6 0 0 1 21 7.2 V16.8 A1.6 1.6 0 0 1 19.4 18.4 H8.6 L3 12 Z M11.4 9.4 L16.6 14.6 M16.6 9.4 L11.4 14.6",
            1.7,
        ),
        Glyph::Shift => ("M12 4.6 L19.6 12.2 H15.6 V18.8 H8.4 V12.2 H4.4 Z", 1.7),
        Glyph::ShiftOn => ("M12 4 L20.4 12.8 H16.2 V19.4 H7.8 V12.8 H3.6 Z", 0.0),
        Glyph::Enter => ("M19 6 V11.4 A2 2 0 0 1 17 13.4 H5.4 M9.4 9.2 L5.2 13.4 L9.4 17.6", 2.0),
        Glyph::Hide => ("M5.4 9 L12 15.6 L18.6 9", 2.2),
        Glyph::Ring => ("M12 3.4 A8.6 8.6 0 0 1 20.6 12", 2.4),
        Glyph::RingTrack => ("M12 3.4 A8.6 8.6 0 0 1 12 20.6 A8.6 8.6 0 0 1 12 3.4 Z", 2.4),
        Glyph::Disc => ("M0 12 A12 12 0 0 1 24 12 A12 12 0 0 1 0 12 Z", 0.0),
    }
}
