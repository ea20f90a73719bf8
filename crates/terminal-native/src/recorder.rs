//! Records what the display shows: PNG for pictures, text for text displays.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use profile::PixelLayout;
use terminal::framebuffer::Framebuffer;

/// Writes screenshots into one folder.
#[derive(Debug)]
pub struct Recorder {
    folder: PathBuf,
}

impl Recorder {
    /// Records into this folder, which is made when it does not exist.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Records the screen under a name (letters, digits, - and _, as the script's reader saw to) and
    /// gives the file's path.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn record(&self, name: &str, screen: &Framebuffer) -> anyhow::Result<PathBuf> {
        let ending = if screen.layout() == PixelLayout::Cells { "txt" } else { "png" };
        let path = self.folder.join(format!("{name}.{ending}"));
        let file = File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
        let mut file = BufWriter::new(file);
        if screen.layout() == PixelLayout::Cells {
            for row in screen.text_rows() {
                writeln!(file, "{row}")?;
            }
        } else {
            write_png(&mut file, screen)?;
        }
        file.flush()?;
        Ok(path)
    }
}

/// Writes a picture display as PNG.
fn write_png(file: &mut impl Write, screen: &Framebuffer) -> anyhow::Result<()> {
    let mut encoder = png::Encoder::new(file, u32::from(screen.width()), u32::from(screen.height()));
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let pixels = if screen.layout() == PixelLayout::Grey8 {
        encoder.set_color(png::ColorType::Grayscale);
        screen.bytes().to_vec()
    } else {
        encoder.set_color(png::ColorType::Rgb);
        let rgba = screen.rgba(screen.area());
        rgba.chunks_exact(4).flat_map(|pixel| pixel.iter().take(3).copied()).collect()
    };
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use profile::HardwareProfile;

    #[test]
    fn each_layout_is_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::new(&folder.path().join("new")).unwrap();
        for layout in [PixelLayout::Rgb888, PixelLayout::Rgb565, PixelLayout::Grey8] {
            let profile = HardwareProfile::picture("test", 3, 2, 96, layout);
            let mut screen = Framebuffer::new(&profile);
            let white = vec![0xff; screen.bytes().len()];
            screen.place(screen.area(), &white).unwrap();
            let path = recorder.record("screen", &screen).unwrap();
            let decoder = png::Decoder::new(std::io::BufReader::new(File::open(path).unwrap()));
            let mut reader = decoder.read_info().unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            let info = reader.next_frame(&mut pixels).unwrap();
            assert_eq!((info.width, info.height), (3, 2));
            assert!(pixels[..info.buffer_size()].iter().all(|byte| *byte == 255));
        }
        let mut screen = Framebuffer::new(&HardwareProfile::text("test", 2, 1));
        let cells: Vec<u8> = "ok".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        screen.place(screen.area(), &cells).unwrap();
        let path = recorder.record("text", &screen).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "ok\n");
    }
}
