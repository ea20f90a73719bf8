//! The browser terminal: the terminal's core as WebAssembly. The page (`page/`) has the socket, the
//! canvas, the keys in WebCrypto, and nothing else: what is decided is decided in the core.
//!
//! `page/terminal.js` drives a [`Session`]: it feeds bytes in and carries out the effects that come out.
//! Sealed units are opened by WebCrypto's AES-GCM, several times faster than WebAssembly; small input is
//! sealed here.
#![forbid(unsafe_code)]

pub mod device;

use identity::{AccountName, ActivationCode, EnrolmentBundle, Password};
use js_sys::{Array, Object, Reflect, Uint8Array};
use profile::HardwareProfile;
use rand_core::OsRng;
use seal::Stream;
use terminal::drivers::{Input, Keysym};
use terminal::effect::whole_sentence;
use terminal::framebuffer::Area;
use terminal::payment_module::ElementError;
use terminal::{Config, Effect, Opening, Phase, Terminal};
use wasm_bindgen::prelude::*;

/// The class of this screen: see [`device::class`].
#[must_use]
#[wasm_bindgen(js_name = deviceClass)]
pub fn device_class(screen_width: f64, screen_height: f64, pixel_ratio: f64) -> String {
    device::class(screen_width, screen_height, pixel_ratio)
}

/// The hardware profile of this screen, as TOML.
#[must_use]
#[wasm_bindgen(js_name = deviceProfile)]
pub fn device_profile(screen_width: f64, screen_height: f64, pixel_ratio: f64) -> String {
    device::profile(screen_width, screen_height, pixel_ratio).to_toml()
}

/// An error as the page shows it: a whole sentence.
fn error(error: impl std::fmt::Display) -> JsError {
    JsError::new(&whole_sentence(&error.to_string()))
}

/// An enrolment bundle that was opened with its activation code. The page hands its keys to WebCrypto as
/// non-extractable ones and lets go of it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Enrolment(EnrolmentBundle);

#[wasm_bindgen]
impl Enrolment {
    /// Opens the armoured text of a bundle.
    ///
    /// # Errors
    /// A sentence: no bundle, or not its activation code.
    pub fn open(text: &str, code: &str) -> Result<Enrolment, JsError> {
        let code = ActivationCode::parse(code.trim()).map_err(error)?;
        EnrolmentBundle::open(text.trim(), &code).map(Self).map_err(error)
    }

    /// The terminal's identity, 32 hexadecimal digits.
    #[must_use]
    #[wasm_bindgen(getter)]
    pub fn terminal(&self) -> String {
        self.0.terminal.to_string()
    }

    /// The account of the contract.
    #[must_use]
    #[wasm_bindgen(getter)]
    pub fn account(&self) -> String {
        self.0.account.to_string()
    }

    /// The model in the enrolled hardware profile, to warn when this screen is another.
    #[must_use]
    #[wasm_bindgen(getter)]
    pub fn model(&self) -> String {
        HardwareProfile::from_canonical(&self.0.profile).map(|profile| profile.model).unwrap_or_default()
    }

    /// Whether the enrolled profile is this screen's own.
    #[must_use]
    pub fn fits(&self, screen_width: f64, screen_height: f64, pixel_ratio: f64) -> bool {
        device::profile(screen_width, screen_height, pixel_ratio).canonical_bytes() == self.0.profile
    }

    /// The signing key as PKCS #8, for WebCrypto.
    ///
    /// # Errors
    /// A fault of this program.
    #[wasm_bindgen(js_name = signingKey)]
    pub fn signing_key(&self) -> Result<Vec<u8>, JsError> {
        self.0.signing_key.to_pkcs8_der().map(|key| key.to_vec()).map_err(error)
    }

    /// The agreement key as PKCS #8, for WebCrypto.
    ///
    /// # Errors
    /// A fault of this program.
    #[wasm_bindgen(js_name = agreementKey)]
    pub fn agreement_key(&self) -> Result<Vec<u8>, JsError> {
        self.0.agreement_key.to_pkcs8_der().map(|key| key.to_vec()).map_err(error)
    }
}

/// One session of this browser's terminal.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Session(Terminal<OsRng>);

#[wasm_bindgen]
impl Session {
    /// A session on a connection that was just opened. The profile is computed from the screen's facts.
    ///
    /// # Errors
    /// A sentence about the account or the password.
    #[wasm_bindgen(constructor)]
    pub fn new(
        terminal: &str,
        account: &str,
        password: &str,
        screen_width: f64,
        screen_height: f64,
        pixel_ratio: f64,
    ) -> Result<Session, JsError> {
        let config = Config {
            account: AccountName::new(account).map_err(error)?,
            password: Some(Password::new(password).map_err(error)?),
            terminal: terminal.parse().map_err(error)?,
            profile: device::profile(screen_width, screen_height, pixel_ratio),
            outline: true,
            opening: Opening::Outside,
            ignore_tags: false,
            plain: false,
        };
        Ok(Self(Terminal::new(config, OsRng)))
    }

    /// Takes bytes from the WebSocket.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.0.receive(bytes);
    }

    /// The next thing to do: an object with a `kind`, or `undefined`.
    #[wasm_bindgen(js_name = nextEffect)]
    pub fn next_effect(&mut self) -> Option<Object> {
        self.0.next_effect().map(|effect| describe(&effect))
    }

    /// The secure element's shared secret, for `agree`.
    pub fn agreed(&mut self, shared: &[u8]) {
        let answer =
            shared.try_into().map_err(|_| ElementError::Failed("a secret of another length".to_owned()));
        self.0.agreed(answer);
    }

    /// The secure element could not agree.
    #[wasm_bindgen(js_name = agreeFailed)]
    pub fn agree_failed(&mut self, why: &str) {
        self.0.agreed(Err(ElementError::Failed(why.to_owned())));
    }

    /// The secure element's signature, for `sign`.
    pub fn signed(&mut self, signature: &[u8]) {
        let answer = signature
            .try_into()
            .map_err(|_| ElementError::Failed("a signature of another length".to_owned()));
        self.0.signed(answer);
    }

    /// The secure element did not sign.
    pub fn declined(&mut self, why: &str) {
        self.0.signed(Err(ElementError::Failed(why.to_owned())));
    }

    /// The plaintext of `open`.
    pub fn opened(&mut self, ticket: u32, plaintext: Vec<u8>) {
        self.0.opened(u64::from(ticket), Some(plaintext));
    }

    /// The tag of `open` was wrong.
    pub fn rejected(&mut self, ticket: u32) {
        self.0.opened(u64::from(ticket), None);
    }

    /// The AES-256 key of a stream that `open` named.
    #[must_use]
    #[wasm_bindgen(js_name = streamKey)]
    pub fn stream_key(&self, stream: &str) -> Option<Vec<u8>> {
        let stream = if stream == "display" { Stream::Display } else { Stream::Control };
        self.0.stream_key(stream).map(|key| key.to_vec())
    }

    /// A key pressed and let go, by the name in `KeyboardEvent.key`. False when no keysym has that name.
    pub fn key(&mut self, name: &str) -> bool {
        let keysym = Keysym::named(name);
        for input in keysym.into_iter().flat_map(Input::press) {
            self.0.input(input);
        }
        keysym.is_some()
    }

    /// Text that was typed or composed.
    pub fn text(&mut self, text: &str) {
        for input in text.chars().filter_map(Keysym::of_char).flat_map(Input::press) {
            self.0.input(input);
        }
    }

    /// The pointer, in pixels of the picture.
    pub fn pointer(&mut self, buttons: u8, x: u16, y: u16) {
        self.0.input(Input::Pointer { buttons, x, y });
    }

    /// The user leaves.
    pub fn leave(&mut self) {
        self.0.leave();
    }

    /// The connection is gone.
    pub fn closed(&mut self, reason: Option<String>) {
        self.0.closed(reason.as_deref());
    }

    /// Width of the picture, in pixels.
    #[must_use]
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> u16 {
        self.0.screen().width()
    }

    /// Height of the picture, in pixels.
    #[must_use]
    #[wasm_bindgen(getter)]
    pub fn height(&self) -> u16 {
        self.0.screen().height()
    }

    /// Frames and bytes of sealed pictures so far.
    #[must_use]
    pub fn statistics(&self) -> Object {
        let statistics = self.0.statistics();
        object(&[("frames", number(statistics.frames)), ("sealedBytes", number(statistics.sealed_bytes))])
    }

    /// A part of the picture as RGBA.
    #[must_use]
    pub fn rgba(&self, x: u16, y: u16, width: u16, height: u16) -> Vec<u8> {
        self.0.screen().rgba(Area { x, y, width, height })
    }

    /// What is on the screen, in words: an array of objects.
    #[must_use]
    pub fn outline(&self) -> Array {
        self.0
            .outline()
            .iter()
            .map(|node| {
                object(&[
                    ("role", node.role.as_str().into()),
                    ("id", node.id.as_str().into()),
                    ("text", node.text.as_str().into()),
                    ("x", node.x.into()),
                    ("y", node.y.into()),
                    ("width", node.width.into()),
                    ("height", node.height.into()),
                    ("focused", node.focused.into()),
                ])
            })
            .collect()
    }
}

fn object(fields: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in fields {
        // Setting a field of a plain object does not fail.
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object
}

/// A count as a JavaScript number; exact below 2^53, far above any session.
fn number(count: u64) -> JsValue {
    JsValue::from_f64(u32::try_from(count).map_or(f64::INFINITY, f64::from))
}

fn bytes(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

/// An effect as the page reads it.
fn describe(effect: &Effect) -> Object {
    let kind = |name: &str| ("kind", JsValue::from_str(name));
    match effect {
        Effect::Send(data) => object(&[kind("send"), ("bytes", bytes(data))]),
        Effect::Agree { server_public } => object(&[kind("agree"), ("serverPublic", bytes(server_public))]),
        Effect::Sign(request) => object(&[kind("sign"), ("message", bytes(&request.message))]),
        Effect::Open { ticket, stream, job } => object(&[
            kind("open"),
            ("ticket", number(*ticket)),
            ("stream", if *stream == Stream::Display { "display" } else { "control" }.into()),
            ("nonce", bytes(&job.nonce)),
            ("associatedData", bytes(&job.associated_data)),
            ("ciphertext", bytes(&job.ciphertext_and_tag)),
        ]),
        Effect::Present(area) => object(&[
            kind("present"),
            ("x", area.x.into()),
            ("y", area.y.into()),
            ("width", area.width.into()),
            ("height", area.height.into()),
        ]),
        Effect::Frame { .. } => object(&[kind("frame")]),
        Effect::Outline => object(&[kind("outline")]),
        Effect::Phase(phase) => object(&[kind("phase"), ("phase", phase_name(*phase).into())]),
        Effect::Bell => object(&[kind("bell")]),
        Effect::Ended(end) => object(&[
            kind("ended"),
            ("end", end.kind.name().into()),
            ("sentence", end.sentence.as_str().into()),
        ]),
    }
}

fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Connecting => "connecting",
        Phase::SigningIn => "signing-in",
        Phase::Welcome => "welcome",
        Phase::Live => "live",
        Phase::Ended => "ended",
    }
}
