//! The window display: the picture scaled to fit, keys, mouse and touch. The window's own loop has the
//! main thread, as some systems demand; the session runs beside it.

use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use profile::{HardwareProfile, PixelLayout};
use terminal::drivers::{FIRST_BUTTON, Input, Keysym, WHEEL_DOWN, WHEEL_UP};
use terminal::framebuffer::{Area, Framebuffer};
use winit::application::ApplicationHandler;
use winit::dpi::{LogicalSize, PhysicalPosition};
use winit::event::{ElementState, Ime, MouseButton, MouseScrollDelta, TouchPhase, WindowEvent};
use winit::event_loop::{ActiveEventLoop, EventLoop, EventLoopProxy};
use winit::keyboard::{Key, NamedKey};
use winit::window::{Window, WindowId};

use crate::display::Display;
use crate::session::Event;

/// How long the last sentence stays on the window after the session.
const FAREWELL: Duration = Duration::from_secs(3);

/// The picture as the window draws it, and the sentence in its title.
struct Shared {
    width: u16,
    height: u16,
    /// 0x00RRGGBB, row by row.
    pixels: Vec<u32>,
    said: String,
}

/// What the session tells the window.
#[derive(Debug, Clone, Copy)]
enum Wake {
    Draw,
    Close,
}

/// The session's end of the window.
struct WindowDisplay {
    shared: Arc<Mutex<Shared>>,
    proxy: EventLoopProxy<Wake>,
}

impl Display for WindowDisplay {
    fn present(&mut self, screen: &Framebuffer, area: Area) -> anyhow::Result<()> {
        let rgba = screen.rgba(area);
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let stride = usize::from(shared.width).max(1);
        let rows = shared.pixels.chunks_exact_mut(stride).skip(usize::from(area.y));
        for (row, source) in rows.zip(rgba.chunks_exact(usize::from(area.width).max(1) * 4)) {
            for (pixel, bytes) in row.iter_mut().skip(usize::from(area.x)).zip(source.chunks_exact(4)) {
                if let [red, green, blue, _] = bytes {
                    *pixel = u32::from_be_bytes([0, *red, *green, *blue]);
                }
            }
        }
        drop(shared);
        self.wake(Wake::Draw);
        Ok(())
    }

    fn say(&mut self, sentence: &str) -> anyhow::Result<()> {
        sentence.clone_into(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner).said);
        self.wake(Wake::Draw);
        Ok(())
    }
}

impl WindowDisplay {
    /// False when the window is closed; the session hears of that by [`Event::Quit`].
    fn wake(&self, wake: Wake) -> bool {
        self.proxy.send_event(wake).is_ok()
    }
}

/// Opens a window for this profile and runs `session` beside it; ends when both have ended.
///
/// # Errors
/// The profile has no picture display, or the system no windows.
pub fn run<T: Send>(
    profile: &HardwareProfile,
    events: Sender<Event>,
    session: impl FnOnce(&mut dyn Display) -> T + Send,
) -> anyhow::Result<T> {
    let (width, height) = profile.size();
    if profile.pixel_layout() == PixelLayout::Cells {
        bail!(
            "--display window shows picture displays only; this profile has a text display: use --display tty"
        );
    }
    let event_loop = EventLoop::<Wake>::with_user_event()
        .build()
        .context("this system has no windows (X11): use --display headless or tty")?;
    let pixels = vec![0; usize::from(width) * usize::from(height)];
    let shared = Arc::new(Mutex::new(Shared { width, height, pixels, said: String::new() }));
    let mut display = WindowDisplay { shared: Arc::clone(&shared), proxy: event_loop.create_proxy() };
    let mut app = App { shared, events, surface: None, pointer: (0, 0), buttons: 0, failed: None };
    std::thread::scope(|scope| {
        let running = scope.spawn(move || {
            let result = session(&mut display);
            if display.wake(Wake::Draw) {
                std::thread::sleep(FAREWELL);
                display.wake(Wake::Close);
            }
            result
        });
        let looped = event_loop.run_app(&mut app);
        let _session_ended_before = app.events.send(Event::Quit);
        let result =
            running.join().map_err(|_| anyhow::anyhow!("the session stopped by a fault of this program"))?;
        looped?;
        match app.failed.take() {
            Some(error) => Err(error),
            None => Ok(result),
        }
    })
}

type Surface = softbuffer::Surface<Rc<Window>, Rc<Window>>;

struct App {
    shared: Arc<Mutex<Shared>>,
    events: Sender<Event>,
    surface: Option<(Rc<Window>, Surface)>,
    pointer: (u16, u16),
    buttons: u8,
    failed: Option<anyhow::Error>,
}

/// Where the picture lies in the window: left, top, width, height.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fit {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

/// The largest place of the picture's proportions in the window, centred.
fn fit(picture: (u16, u16), window: (u32, u32)) -> Fit {
    let (picture_width, picture_height) = (u64::from(picture.0).max(1), u64::from(picture.1).max(1));
    let (window_width, window_height) = (u64::from(window.0), u64::from(window.1));
    let (width, height) = if window_width * picture_height <= window_height * picture_width {
        (window_width, window_width * picture_height / picture_width)
    } else {
        (window_height * picture_width / picture_height, window_height)
    };
    let narrow = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    Fit {
        left: narrow((window_width - width) / 2),
        top: narrow((window_height - height) / 2),
        width: narrow(width),
        height: narrow(height),
    }
}

/// The picture's pixel at a place of the window; at its edge when outside.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float cast in Rust saturates, and the value is clamped to the picture first"
)]
fn pixel_at(picture: (u16, u16), fit: Fit, position: PhysicalPosition<f64>) -> (u16, u16) {
    let along = |position: f64, start: u32, length: u32, side: u16| {
        let share = (position - f64::from(start)) / f64::from(length.max(1));
        (share * f64::from(side)).clamp(0.0, f64::from(side.saturating_sub(1))) as u16
    };
    (along(position.x, fit.left, fit.width, picture.0), along(position.y, fit.top, fit.height, picture.1))
}

impl App {
    fn send(&mut self, event_loop: &ActiveEventLoop, input: Input) {
        if self.events.send(Event::Input(input)).is_err() {
            event_loop.exit();
        }
    }

    fn press(&mut self, event_loop: &ActiveEventLoop, keysym: Keysym) {
        for input in Input::press(keysym) {
            self.send(event_loop, input);
        }
    }

    fn place(&mut self, position: PhysicalPosition<f64>) {
        let Some((window, _)) = &self.surface else { return };
        let size = window.inner_size();
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let picture = (shared.width, shared.height);
        self.pointer = pixel_at(picture, fit(picture, (size.width, size.height)), position);
    }

    fn point(&mut self, event_loop: &ActiveEventLoop, buttons: u8) {
        let (x, y) = self.pointer;
        self.send(event_loop, Input::Pointer { buttons, x, y });
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        let Some((window, surface)) = &mut self.surface else { return Ok(()) };
        let size = window.inner_size();
        let (Some(width), Some(height)) = (NonZeroU32::new(size.width), NonZeroU32::new(size.height)) else {
            return Ok(());
        };
        let failed =
            |error: softbuffer::SoftBufferError| anyhow::anyhow!("the window cannot be drawn: {error}");
        surface.resize(width, height).map_err(failed)?;
        let mut buffer = surface.buffer_mut().map_err(failed)?;
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        scale(&shared, &mut buffer, (size.width, size.height));
        let title =
            if shared.said.is_empty() { "ThinPay".to_owned() } else { format!("ThinPay: {}", shared.said) };
        window.set_title(&title);
        drop(shared);
        buffer.present().map_err(failed)
    }
}

/// Draws the picture into the window: each pixel the mean of up to 2 x 2 nearest, black around it.
fn scale(picture: &Shared, window: &mut [u32], size: (u32, u32)) {
    let place = fit((picture.width, picture.height), size);
    let stride = usize::from(picture.width).max(1);
    let sample = |x: u32, y: u32| {
        let index = usize::try_from(y).unwrap_or(0) * stride + usize::try_from(x).unwrap_or(0);
        picture.pixels.get(index).copied().unwrap_or(0).to_be_bytes()
    };
    // Positions in 256ths of a picture pixel, of the middles.
    let along = |step: u32, length: u32, side: u16| {
        let middle = (u64::from(step) * 2 + 1) * u64::from(side) * 128 / u64::from(length.max(1));
        let from_first = middle.saturating_sub(128).min((u64::from(side) - 1) * 256);
        let first = u32::try_from(from_first / 256).unwrap_or(0);
        let share = u32::try_from(from_first % 256).unwrap_or(0);
        (first, (first + 1).min(u32::from(side) - 1), share)
    };
    let row_length = usize::try_from(size.0).unwrap_or(1).max(1);
    for (y, row) in (0..).zip(window.chunks_exact_mut(row_length)) {
        let row_of_picture = (place.top..place.top.saturating_add(place.height)).contains(&y);
        for (x, pixel) in (0..).zip(row.iter_mut()) {
            if !row_of_picture || !(place.left..place.left.saturating_add(place.width)).contains(&x) {
                *pixel = 0;
                continue;
            }
            let (left, right, share_x) = along(x - place.left, place.width, picture.width);
            let (upper, lower, share_y) = along(y - place.top, place.height, picture.height);
            let corners =
                [sample(left, upper), sample(right, upper), sample(left, lower), sample(right, lower)];
            let mean = |channel: usize| {
                let [a, b, c, d] = corners.map(|corner| u32::from(corner.get(channel).copied().unwrap_or(0)));
                let upper = a * (256 - share_x) + b * share_x;
                let lower = c * (256 - share_x) + d * share_x;
                u8::try_from((upper * (256 - share_y) + lower * share_y) >> 16).unwrap_or(255)
            };
            *pixel = u32::from_be_bytes([0, mean(1), mean(2), mean(3)]);
        }
    }
}

impl ApplicationHandler<Wake> for App {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        if self.surface.is_some() {
            return;
        }
        let size = {
            let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            let (width, height) = (f64::from(shared.width), f64::from(shared.height));
            let shrink = (900.0 / height).min(1.0);
            LogicalSize::new(width * shrink, height * shrink)
        };
        let opened = (|| {
            let attributes = Window::default_attributes().with_title("ThinPay").with_inner_size(size);
            let window = Rc::new(event_loop.create_window(attributes)?);
            window.set_ime_allowed(true);
            let failed =
                |error: softbuffer::SoftBufferError| anyhow::anyhow!("the window cannot be drawn: {error}");
            let context = softbuffer::Context::new(Rc::clone(&window)).map_err(failed)?;
            let surface = Surface::new(&context, Rc::clone(&window)).map_err(failed)?;
            anyhow::Ok((window, surface))
        })();
        match opened {
            Ok(surface) => self.surface = Some(surface),
            Err(error) => {
                self.failed = Some(error);
                event_loop.exit();
            }
        }
    }

    fn user_event(&mut self, event_loop: &ActiveEventLoop, wake: Wake) {
        match (wake, &self.surface) {
            (Wake::Draw, Some((window, _))) => window.request_redraw(),
            (Wake::Draw, None) => {}
            (Wake::Close, _) => event_loop.exit(),
        }
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, _window: WindowId, event: WindowEvent) {
        match event {
            WindowEvent::CloseRequested | WindowEvent::Destroyed => {
                let _session_ended_before = self.events.send(Event::Quit);
                event_loop.exit();
            }
            WindowEvent::RedrawRequested => {
                if let Err(error) = self.draw() {
                    self.failed = Some(error);
                    event_loop.exit();
                }
            }
            WindowEvent::Resized(_) => {
                if let Some((window, _)) = &self.surface {
                    window.request_redraw();
                }
            }
            WindowEvent::KeyboardInput { event, .. } if event.state == ElementState::Pressed => {
                match &event.logical_key {
                    Key::Named(NamedKey::Space) => self.press(event_loop, Keysym(0x20)),
                    Key::Named(name) => {
                        if let Some(keysym) = Keysym::named(&format!("{name:?}")) {
                            self.press(event_loop, keysym);
                        }
                    }
                    Key::Character(text) => {
                        for keysym in text.chars().filter_map(Keysym::of_char) {
                            self.press(event_loop, keysym);
                        }
                    }
                    _ => {}
                }
            }
            WindowEvent::Ime(Ime::Commit(text)) => {
                for keysym in text.chars().filter_map(Keysym::of_char) {
                    self.press(event_loop, keysym);
                }
            }
            WindowEvent::CursorMoved { position, .. } => {
                self.place(position);
                if self.buttons != 0 {
                    self.point(event_loop, self.buttons);
                }
            }
            WindowEvent::MouseInput { state, button: MouseButton::Left, .. } => {
                self.buttons = if state == ElementState::Pressed { FIRST_BUTTON } else { 0 };
                self.point(event_loop, self.buttons);
            }
            WindowEvent::MouseWheel { delta, .. } => {
                let up = match delta {
                    MouseScrollDelta::LineDelta(_, lines) => f64::from(lines),
                    MouseScrollDelta::PixelDelta(pixels) => pixels.y,
                };
                if up != 0.0 {
                    self.point(event_loop, if up > 0.0 { WHEEL_UP } else { WHEEL_DOWN });
                    self.point(event_loop, 0);
                }
            }
            WindowEvent::Touch(touch) => {
                self.place(touch.location);
                let down = matches!(touch.phase, TouchPhase::Started | TouchPhase::Moved);
                self.point(event_loop, if down { FIRST_BUTTON } else { 0 });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_fits_and_positions_come_back() {
        let place = fit((480, 800), (1000, 800));
        assert_eq!(place, Fit { left: 260, top: 0, width: 480, height: 800 });
        assert_eq!(pixel_at((480, 800), place, PhysicalPosition::new(260.5, 0.5)), (0, 0));
        assert_eq!(pixel_at((480, 800), place, PhysicalPosition::new(5000.0, -3.0)), (479, 0));
        let place = fit((480, 800), (240, 800));
        assert_eq!(place, Fit { left: 0, top: 200, width: 240, height: 400 });
        assert_eq!(pixel_at((480, 800), place, PhysicalPosition::new(120.0, 400.0)), (240, 400));
    }

    #[test]
    fn scaling_by_one_changes_nothing() {
        let picture =
            Shared { width: 2, height: 2, pixels: vec![1, 0x0020_3040, 3, 0x00ff_ffff], said: String::new() };
        let mut window = vec![9; 4];
        scale(&picture, &mut window, (2, 2));
        assert_eq!(window, picture.pixels);
        let mut window = vec![9; 8];
        scale(&picture, &mut window, (4, 2));
        assert_eq!(window, [0, 1, 0x0020_3040, 0, 0, 3, 0x00ff_ffff, 0]);
    }
}
