//! Whether a picture is noise: what a viewer without the keys must see (R40).
//!
//! Two measures that a readable screen fails by orders of magnitude: the distribution of byte values, and how
//! much a pixel tells about the one beside it.

use std::path::Path;

use anyhow::{Context, Result, bail};

/// How far the byte values of noise may lie from evenly spread: chi-square with 255 degrees of freedom is
/// 255 on average, with a standard deviation of 22.6. This is eight of them.
pub const CHI_SQUARE_MAX: f64 = 436.0;
/// How much neighbouring values of noise may tell about each other. Over 100,000 pairs or more, the standard
/// deviation is 0.003 at most.
pub const CORRELATION_MAX: f64 = 0.02;

/// A decoded picture, three bytes a pixel.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green and blue, row by row.
    pub rgb: Vec<u8>,
}

/// What was measured of a sequence of values.
#[derive(Debug, Clone, Copy)]
pub struct Randomness {
    /// Chi-square of the byte values against an even spread, 255 degrees of freedom.
    pub chi_square: f64,
    /// Pearson's correlation of each value with its neighbour.
    pub correlation: f64,
}

impl Picture {
    /// Reads a PNG file of eight bits a channel.
    ///
    /// # Errors
    /// When it cannot be read, or is of another kind.
    pub fn read(file: &Path) -> Result<Self> {
        let input = std::fs::File::open(file).with_context(|| format!("opening {}", file.display()))?;
        let mut reader = png::Decoder::new(std::io::BufReader::new(input)).read_info()?;
        let mut bytes = vec![0; reader.output_buffer_size().context("the size of the picture")?];
        let info = reader.next_frame(&mut bytes)?;
        bytes.truncate(info.buffer_size());
        let rgb = match (info.color_type, info.bit_depth) {
            (png::ColorType::Rgb, png::BitDepth::Eight) => bytes,
            (png::ColorType::Rgba, png::BitDepth::Eight) => {
                bytes.chunks_exact(4).flat_map(|pixel| pixel.iter().take(3).copied()).collect()
            }
            (png::ColorType::Grayscale, png::BitDepth::Eight) => {
                bytes.iter().flat_map(|grey| [*grey, *grey, *grey]).collect()
            }
            other => bail!("{} is a picture of another kind: {other:?}", file.display()),
        };
        Ok(Self { width: usize::try_from(info.width)?, height: usize::try_from(info.height)?, rgb })
    }

    /// Writes it as a small PNG file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, file: &Path) -> Result<()> {
        let out = std::fs::File::create(file).with_context(|| format!("writing {}", file.display()))?;
        let (width, height) = (u32::try_from(self.width)?, u32::try_from(self.height)?);
        let mut encoder = png::Encoder::new(std::io::BufWriter::new(out), width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.rgb)?;
        writer.finish()?;
        Ok(())
    }

    /// Measures the picture: the spread over all channels, the neighbour within one channel.
    #[must_use]
    pub fn randomness(&self) -> Randomness {
        randomness(&self.rgb, 3)
    }
}

impl Randomness {
    /// Whether this is noise.
    #[must_use]
    pub fn is_noise(&self) -> bool {
        self.chi_square < CHI_SQUARE_MAX && self.correlation.abs() < CORRELATION_MAX
    }
}

/// Measures bytes; the neighbour of a value is `stride` bytes on.
#[must_use]
pub fn randomness(bytes: &[u8], stride: usize) -> Randomness {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let total: f64 = counts.iter().map(|count| f64::from(*count)).sum();
    let expected = total / 256.0;
    let chi_square = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
    Randomness { chi_square, correlation: correlation(bytes, stride) }
}

fn correlation(bytes: &[u8], stride: usize) -> f64 {
    let pairs = || bytes.iter().zip(bytes.iter().skip(stride)).map(|(x, y)| (f64::from(*x), f64::from(*y)));
    let (mut count, mut sum_x, mut sum_y) = (0.0, 0.0, 0.0);
    for (x, y) in pairs() {
        count += 1.0;
        sum_x += x;
        sum_y += y;
    }
    let (mean_x, mean_y) = (sum_x / count, sum_y / count);
    let (mut covariance, mut variance_x, mut variance_y) = (0.0, 0.0, 0.0);
    for (x, y) in pairs() {
        covariance += (x - mean_x) * (y - mean_y);
        variance_x += (x - mean_x).powi(2);
        variance_y += (y - mean_y).powi(2);
    }
    let scale = (variance_x * variance_y).sqrt();
    // A picture of one colour tells everything about the neighbour.
    if scale > 0.0 { covariance / scale } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// xorshift64*: noise enough for a test, the same each time.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        (0..length)
            .map(|_| {
                state ^= state >> 12;
                state ^= state << 25;
                state ^= state >> 27;
                state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_be_bytes()[0]
            })
            .collect()
    }

    #[test]
    fn noise_is_noise_and_pictures_are_not() {
        assert!(randomness(&noise(400_000), 3).is_noise());
        let gradient: Vec<u8> = (0..=255).cycle().take(400_000).collect();
        assert!(!randomness(&gradient, 3).is_noise());
        assert!(!randomness(&vec![255; 400_000], 3).is_noise());
        let mut partly = noise(400_000);
        for byte in partly.iter_mut().take(20_000) {
            *byte = 0xf0;
        }
        assert!(!randomness(&partly, 3).is_noise(), "a readable line in noise is found");
    }
}
