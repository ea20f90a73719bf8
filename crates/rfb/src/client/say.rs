//! What the client says.

use super::{Client, State};
use crate::error::Misuse;
use crate::server::push_login;
use crate::wire;
use crate::{Encoding, Rect};

impl Client {
    /// Sends a login frame of [`wire::LOGIN_FRAME_BYTES_MIN`] to [`wire::LOGIN_FRAME_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// [`Misuse`]: not during login, or a frame of another length.
    pub fn send_login(&mut self, frame: &[u8]) -> Result<(), Misuse> {
        match self.state {
            State::Login { .. } if self.failed.is_none() => push_login(&mut self.output, frame),
            _ => Err(Misuse("there is no login under way")),
        }
    }

    /// Announces what this client understands, most wanted first (RFC 6143 §7.5.2). Rectangles in encodings
    /// that were never announced are refused. Outlines are left out when the server does not know them.
    ///
    /// # Errors
    /// [`Misuse`]: not running, or an encoding of ours in the plain embodiment.
    pub fn set_encodings(&mut self, encodings: &[Encoding]) -> Result<(), Misuse> {
        self.running()?;
        let mut numbers = Vec::with_capacity(encodings.len());
        for encoding in encodings {
            match (encoding, self.announced) {
                (Encoding::SealedRaw, Some(announced)) => numbers.push(announced.raw),
                (Encoding::SealedTile, Some(announced)) => numbers.push(announced.tile),
                (Encoding::Outline, Some(announced)) => numbers.extend(announced.outline),
                (Encoding::SealedRaw | Encoding::SealedTile | Encoding::Outline, None) => {
                    return Err(Misuse("the plain embodiment has no sealed encodings"));
                }
                (other, _) => numbers.push(other.number()),
            }
        }
        let count =
            u16::try_from(numbers.len()).ok().filter(|count| usize::from(*count) <= wire::ENCODINGS_MAX);
        let count = count.ok_or(Misuse("more encodings than one message may announce"))?;
        self.output.extend_from_slice(&[2, 0]);
        self.output.extend_from_slice(&count.to_be_bytes());
        for number in numbers {
            self.output.extend_from_slice(&number.to_be_bytes());
        }
        // What was asked for before may still be under way.
        self.used = Encoding::ALL
            .into_iter()
            .filter(|known| self.used.contains(known) || encodings.contains(known))
            .collect();
        Ok(())
    }

    /// Asks for an update of a part of the framebuffer (RFC 6143 §7.5.3).
    ///
    /// # Errors
    /// [`Misuse`]: not running.
    pub fn request_update(&mut self, incremental: bool, rect: Rect) -> Result<(), Misuse> {
        self.running()?;
        self.output.extend_from_slice(&[3, u8::from(incremental)]);
        for number in [rect.x, rect.y, rect.width, rect.height] {
            self.output.extend_from_slice(&number.to_be_bytes());
        }
        Ok(())
    }

    /// Asks for an update of the whole framebuffer.
    ///
    /// # Errors
    /// [`Misuse`]: not running.
    pub fn request_full_update(&mut self, incremental: bool) -> Result<(), Misuse> {
        self.request_update(incremental, Rect::of_size(self.width, self.height))
    }

    /// Sends a unit of the input stream.
    ///
    /// # Errors
    /// [`Misuse`]: not running, in the plain embodiment, or above [`wire::INPUT_UNIT_BYTES_MAX`].
    pub fn sealed_input(&mut self, unit: &[u8]) -> Result<(), Misuse> {
        self.running()?;
        let Some(announced) = self.announced else {
            return Err(Misuse("the plain embodiment has no input stream"));
        };
        if unit.len() > wire::INPUT_UNIT_BYTES_MAX {
            return Err(Misuse("the input unit is too long"));
        }
        self.output.extend_from_slice(&[announced.input, 0, 0, 0]);
        self.output.extend_from_slice(&wire::length(unit.len()));
        self.output.extend_from_slice(unit);
        Ok(())
    }

    /// Plain embodiment: a key goes down or up (RFC 6143 §7.5.4).
    ///
    /// # Errors
    /// [`Misuse`]: not running, or sealed.
    pub fn key(&mut self, keysym: u32, down: bool) -> Result<(), Misuse> {
        self.plain()?;
        self.output.extend_from_slice(&[4, u8::from(down), 0, 0]);
        self.output.extend_from_slice(&keysym.to_be_bytes());
        Ok(())
    }

    /// Plain embodiment: the pointer is somewhere (RFC 6143 §7.5.5).
    ///
    /// # Errors
    /// [`Misuse`]: not running, or sealed.
    pub fn pointer(&mut self, buttons: u8, x: u16, y: u16) -> Result<(), Misuse> {
        self.plain()?;
        self.output.extend_from_slice(&[5, buttons]);
        self.output.extend_from_slice(&x.to_be_bytes());
        self.output.extend_from_slice(&y.to_be_bytes());
        Ok(())
    }

    fn running(&self) -> Result<(), Misuse> {
        match self.state {
            State::Running | State::Update { .. } if self.failed.is_none() => Ok(()),
            _ => Err(Misuse("the connection is not running")),
        }
    }

    fn plain(&self) -> Result<(), Misuse> {
        self.running()?;
        if !self.options.plain {
            return Err(Misuse("input of a sealed session is sealed"));
        }
        Ok(())
    }
}
