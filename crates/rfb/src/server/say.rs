//! What the server says.

use profile::PixelLayout;

use super::{RectangleOut, Server, State};
use crate::error::Misuse;
use crate::wire::{self, Capability};
use crate::{Encoding, Rect};

impl Server {
    pub(super) fn push_reason(&mut self, reason: &str) {
        let reason = wire::cut(reason, wire::REASON_BYTES_MAX);
        self.output.extend_from_slice(&wire::length(reason.len()));
        self.output.extend_from_slice(reason.as_bytes());
    }

    /// Refuses every client before any security type is offered, with a reason that stock viewers show. To be
    /// called before the client's version has come; the refusal follows it.
    ///
    /// # Errors
    /// [`Misuse`] when the security types are out already; then [`Server::refuse`] is the way.
    pub fn refuse_before_security(&mut self, reason: &str) -> Result<(), Misuse> {
        if self.state != State::Version {
            return Err(Misuse("the security types are offered already"));
        }
        self.refusal = Some(reason.to_owned());
        Ok(())
    }

    /// Sends a login frame of [`wire::LOGIN_FRAME_BYTES_MIN`] to [`wire::LOGIN_FRAME_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// [`Misuse`]: not during login, or a frame of another length.
    pub fn send_login(&mut self, frame: &[u8]) -> Result<(), Misuse> {
        self.in_login()?;
        push_login(&mut self.output, frame)
    }

    /// Ends the login well: SecurityResult OK (RFC 6143 §7.1.3).
    ///
    /// # Errors
    /// [`Misuse`]: not during login.
    pub fn accept(&mut self) -> Result<(), Misuse> {
        self.in_login()?;
        self.output.extend_from_slice(&0u32.to_be_bytes());
        self.state = State::ClientInit;
        Ok(())
    }

    /// Ends the login and the connection: SecurityResult failed, with a reason (RFC 6143 §7.1.3).
    ///
    /// # Errors
    /// [`Misuse`]: not during login.
    pub fn refuse(&mut self, reason: &str) -> Result<(), Misuse> {
        self.in_login()?;
        self.output.extend_from_slice(&1u32.to_be_bytes());
        self.push_reason(reason);
        self.state = State::Closed;
        self.input.clear();
        Ok(())
    }

    fn in_login(&self) -> Result<(), Misuse> {
        match self.state {
            State::Login { .. } if self.failed.is_none() => Ok(()),
            _ => Err(Misuse("there is no login under way")),
        }
    }

    /// Answers [`ServerEvent::Ready`]: ServerInit (RFC 6143 §7.3.2) and, on a sealed server, our capabilities.
    ///
    /// # Errors
    /// [`Misuse`]: not now, or a framebuffer without area or above [`wire::SIDE_MAX`].
    pub fn init(&mut self, width: u16, height: u16, layout: PixelLayout) -> Result<(), Misuse> {
        if self.state != State::Waiting || self.failed.is_some() {
            return Err(Misuse("ServerInit goes out once, behind ClientInit"));
        }
        check_size(width, height)?;
        (self.width, self.height, self.layout) = (width, height, layout);
        self.output.extend_from_slice(&width.to_be_bytes());
        self.output.extend_from_slice(&height.to_be_bytes());
        self.output.extend_from_slice(&wire::pixel_format(layout));
        let name = wire::cut(&self.options.name, wire::NAME_BYTES_MAX);
        self.output.extend_from_slice(&wire::length(name.len()));
        self.output.extend_from_slice(name.as_bytes());
        if self.options.plain {
            if layout == PixelLayout::Grey8 {
                push_grey_map(&mut self.output);
            }
        } else {
            // One message from the server, one from the client, three encodings, padding.
            self.output.extend_from_slice(&[0, 1, 0, 1, 0, 3, 0, 0]);
            for capability in [
                Capability::ours(i32::from(wire::MESSAGE_SEALED_CONTROL), wire::SIGNATURE_CONTROL),
                Capability::ours(i32::from(wire::MESSAGE_SEALED_INPUT), wire::SIGNATURE_INPUT),
                Capability::ours(wire::ENCODING_SEALED_RAW, wire::SIGNATURE_RAW),
                Capability::ours(wire::ENCODING_SEALED_TILE, wire::SIGNATURE_TILE),
                Capability::ours(wire::ENCODING_OUTLINE, wire::SIGNATURE_OUTLINE),
            ] {
                capability.write(&mut self.output);
            }
        }
        self.state = State::Running;
        Ok(())
    }

    /// Sends one framebuffer update (RFC 6143 §7.6.1). It answers the client's request, so one must be open
    /// ([`Server::update_requested`]).
    ///
    /// # Errors
    /// [`Misuse`]: nothing was asked for; a rectangle outside the framebuffer, in an encoding that this
    /// embodiment does not send or the client did not announce, or with data of the wrong length. Nothing
    /// is sent then.
    pub fn update(&mut self, rectangles: &[RectangleOut]) -> Result<(), Misuse> {
        self.may_update()?;
        let count = u16::try_from(rectangles.len()).ok().filter(|count| *count < u16::MAX);
        let count = count.ok_or(Misuse("an update has more rectangles than its count can say"))?;
        for rectangle in rectangles {
            self.check(rectangle)?;
        }
        self.output.extend_from_slice(&[0, 0]);
        self.output.extend_from_slice(&count.to_be_bytes());
        for rectangle in rectangles {
            push_rectangle(&mut self.output, rectangle);
        }
        self.requested = false;
        Ok(())
    }

    /// Begins an update whose number of rectangles is not known yet; [`Server::update_rectangle`] adds one,
    /// [`Server::update_end`] ends it by LastRect. Only to a client that announced LastRect.
    ///
    /// # Errors
    /// [`Misuse`]: nothing was asked for, or the client does not know LastRect.
    pub fn update_begin(&mut self) -> Result<(), Misuse> {
        self.may_update()?;
        if !self.encodings.last_rect {
            return Err(Misuse("the client does not know LastRect"));
        }
        self.output.extend_from_slice(&[0, 0, 0xff, 0xff]);
        self.open_update = true;
        Ok(())
    }

    /// Adds a rectangle to the update that [`Server::update_begin`] began.
    ///
    /// # Errors
    /// [`Misuse`]: none was begun, or the rectangle is wrong as for [`Server::update`].
    pub fn update_rectangle(&mut self, rectangle: &RectangleOut) -> Result<(), Misuse> {
        if !self.open_update {
            return Err(Misuse("no update was begun"));
        }
        self.check(rectangle)?;
        push_rectangle(&mut self.output, rectangle);
        Ok(())
    }

    /// Ends the update that [`Server::update_begin`] began.
    ///
    /// # Errors
    /// [`Misuse`]: none was begun.
    pub fn update_end(&mut self) -> Result<(), Misuse> {
        if !self.open_update {
            return Err(Misuse("no update was begun"));
        }
        push_head(&mut self.output, Rect::of_size(0, 0), Encoding::LastRect);
        (self.open_update, self.requested) = (false, false);
        Ok(())
    }

    /// Tells that the framebuffer has another size (RFC 6143 §7.8.2), as an update of its own. Everything must
    /// be sent again behind it.
    ///
    /// # Errors
    /// [`Misuse`]: nothing was asked for, the client did not announce DesktopSize, or the size is out of bounds.
    pub fn resize(&mut self, width: u16, height: u16) -> Result<(), Misuse> {
        self.may_update()?;
        if !self.encodings.desktop_size {
            return Err(Misuse("the client does not know DesktopSize"));
        }
        check_size(width, height)?;
        self.output.extend_from_slice(&[0, 0, 0, 1]);
        push_head(&mut self.output, Rect::of_size(width, height), Encoding::DesktopSize);
        (self.width, self.height, self.requested) = (width, height, false);
        Ok(())
    }

    /// Sends a unit of the control stream.
    ///
    /// # Errors
    /// [`Misuse`]: not running, in the plain embodiment, inside an open update, or above
    /// [`wire::CONTROL_UNIT_BYTES_MAX`].
    pub fn sealed_control(&mut self, unit: &[u8]) -> Result<(), Misuse> {
        self.running()?;
        if self.options.plain {
            return Err(Misuse("the plain embodiment has no control stream"));
        }
        if unit.len() > wire::CONTROL_UNIT_BYTES_MAX {
            return Err(Misuse("the control unit is too long"));
        }
        self.output.extend_from_slice(&[wire::MESSAGE_SEALED_CONTROL, 0, 0, 0]);
        self.output.extend_from_slice(&wire::length(unit.len()));
        self.output.extend_from_slice(unit);
        Ok(())
    }

    /// Rings the terminal's bell (RFC 6143 §7.6.3).
    ///
    /// # Errors
    /// [`Misuse`]: not running, or inside an open update.
    pub fn bell(&mut self) -> Result<(), Misuse> {
        self.running()?;
        self.output.push(2);
        Ok(())
    }

    fn running(&self) -> Result<(), Misuse> {
        if self.state != State::Running || self.failed.is_some() {
            return Err(Misuse("the connection is not running"));
        }
        if self.open_update {
            return Err(Misuse("an update is open"));
        }
        Ok(())
    }

    fn may_update(&self) -> Result<(), Misuse> {
        self.running()?;
        if !self.requested {
            return Err(Misuse("the client did not ask for an update (RFC 6143 §7.5.3)"));
        }
        Ok(())
    }

    fn check(&self, rectangle: &RectangleOut) -> Result<(), Misuse> {
        if !rectangle.rect.is_within(self.width, self.height) {
            return Err(Misuse("a rectangle lies outside the framebuffer"));
        }
        let area = rectangle.rect.area();
        match rectangle.encoding {
            Encoding::Raw if !self.options.plain => Err(Misuse("a sealed server never sends plain pixels")),
            Encoding::Raw if rectangle.data.len() != area * self.layout.bytes_per_pixel() => {
                Err(Misuse("a raw rectangle's pixels do not fit its size"))
            }
            Encoding::Raw => Ok(()),
            _ if self.options.plain => Err(Misuse("the plain embodiment sends raw rectangles only")),
            Encoding::SealedRaw if !self.encodings.sealed_raw => {
                Err(Misuse("the client did not announce sealed pictures"))
            }
            Encoding::SealedTile if !self.encodings.sealed_tile => {
                Err(Misuse("the client did not announce sealed tiles"))
            }
            encoding => match wire::sealed_unit_bytes_max(encoding, area, self.layout) {
                Some(most) if rectangle.data.len() <= most => Ok(()),
                Some(_) => Err(Misuse("a sealed rectangle is longer than its size allows")),
                None => Err(Misuse("a pseudo-encoding carries no rectangle")),
            },
        }
    }
}

fn check_size(width: u16, height: u16) -> Result<(), Misuse> {
    let fits = |side: u16| (1..=wire::SIDE_MAX).contains(&side);
    if fits(width) && fits(height) {
        return Ok(());
    }
    Err(Misuse("the framebuffer has no area, or a side above its bound"))
}

fn push_head(out: &mut Vec<u8>, rect: Rect, encoding: Encoding) {
    for number in [rect.x, rect.y, rect.width, rect.height] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    out.extend_from_slice(&encoding.number().to_be_bytes());
}

fn push_rectangle(out: &mut Vec<u8>, rectangle: &RectangleOut) {
    push_head(out, rectangle.rect, rectangle.encoding);
    if rectangle.encoding != Encoding::Raw {
        out.extend_from_slice(&wire::length(rectangle.data.len()));
    }
    out.extend_from_slice(&rectangle.data);
}

/// SetColourMapEntries (RFC 6143 §7.6.2): entry i is grey i.
fn push_grey_map(out: &mut Vec<u8>) {
    out.extend_from_slice(&[1, 0, 0, 0, 1, 0]);
    for grey in 0..=255u8 {
        out.extend_from_slice(&[grey; 6]);
    }
}

/// A login frame, from either end.
pub(crate) fn push_login(out: &mut Vec<u8>, frame: &[u8]) -> Result<(), Misuse> {
    if !(wire::LOGIN_FRAME_BYTES_MIN..=wire::LOGIN_FRAME_BYTES_MAX).contains(&frame.len()) {
        return Err(Misuse("a login frame is shorter or longer than one may be"));
    }
    out.extend_from_slice(&wire::length(frame.len()));
    out.extend_from_slice(frame);
    Ok(())
}
