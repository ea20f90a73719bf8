//! The program's loop: one place that waits, for the server, the user, the script and the clock.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use rand_core::OsRng;
use serde_json::json;
use terminal::drivers::Input;
use terminal::payment_module::SecureElement;
use terminal::{Effect, EndKind, Phase, Terminal};

use crate::display::Display;
use crate::element_file::FileElement;
use crate::recorder::Recorder;
use crate::report::Reporter;
use crate::runner::{Next, Place, Runner, Seen};
use crate::script::Script;
use crate::transport::{Arrived, ServerUrl, Transport};

/// How long it may take from connecting to the first picture.
pub const SIGN_IN_TIME_MAX: Duration = Duration::from_secs(60);
/// How long the loop waits when nothing is planned.
const IDLE: Duration = Duration::from_secs(3600);

/// What the program ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The session or the script ended as it should.
    Done = 0,
    /// The command line, a file or a PIN is wrong.
    Usage = 2,
    /// Signing in was refused.
    LoginRefused = 3,
    /// What arrived did not open on this device.
    Unsealed = 4,
    /// A step of the script failed.
    Script = 5,
    /// The connection was lost, or the server is none of ours.
    Connection = 6,
    /// The server ended the session: idle, taken over, stopping, app failed.
    Server = 7,
}

impl Code {
    fn of(kind: EndKind) -> Self {
        match kind {
            EndKind::Done => Self::Done,
            EndKind::Server => Self::Server,
            EndKind::LoginRefused => Self::LoginRefused,
            EndKind::Unsealed => Self::Unsealed,
            EndKind::Protocol | EndKind::Connection => Self::Connection,
            EndKind::Element => Self::Usage,
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// For programs.
    pub code: Code,
    /// For people, to be said once the display is gone; nothing when all went well.
    pub sentence: Option<String>,
}

/// What the loop waits for.
#[derive(Debug)]
pub enum Event {
    /// From the server.
    Arrived(Arrived),
    /// From the user.
    Input(Input),
    /// The display wants to be drawn again.
    Redraw,
    /// The user leaves.
    Quit,
}

impl From<Arrived> for Event {
    fn from(arrived: Arrived) -> Self {
        Self::Arrived(arrived)
    }
}

/// What a session is run with.
#[derive(Debug)]
pub struct Options<'a> {
    /// Where the server is.
    pub server: &'a ServerUrl,
    /// The secure element.
    pub element: &'a FileElement,
    /// One more CA certificate (DER) to trust for TLS.
    pub trust: Option<Vec<u8>>,
    /// The steps to follow, when a script drives.
    pub script: Option<Script>,
    /// Where screenshots go.
    pub record: Option<&'a Path>,
}

/// One running session.
struct Session<'a> {
    terminal: Terminal<OsRng>,
    transport: Transport,
    element: &'a FileElement,
    display: &'a mut dyn Display,
    reporter: &'a Reporter,
    recorder: Option<Recorder>,
    places: Vec<Place>,
    rows: Vec<String>,
    generation: u64,
    changed_at: Duration,
    frames: u64,
    touch: bool,
    outline: bool,
    ended: Option<terminal::End>,
    /// Why the script failed.
    failure: Option<String>,
}

/// Connects, signs in and stays until the end.
///
/// # Errors
/// What is the caller's to put right (no such host, a folder that cannot be made); everything that
/// happens later is in the code.
pub fn run(
    options: Options<'_>,
    config: terminal::Config,
    display: &mut dyn Display,
    reporter: &Reporter,
    events: (Sender<Event>, &Receiver<Event>),
) -> anyhow::Result<Outcome> {
    let (sender, receiver) = events;
    let recorder = options.record.map(Recorder::new).transpose()?;
    let content = options.element.content();
    display.say("Connecting ...")?;
    let authorities: Vec<&[u8]> =
        std::iter::once(content.operator_ca.as_slice()).chain(options.trust.as_deref()).collect();
    let transport = match Transport::connect(options.server, &authorities, &content.server_name, sender) {
        Ok(transport) => transport,
        Err(error) => {
            let sentence = format!("{error:#}");
            reporter.event(
                "ended",
                json!({
                    "kind": "connection", "sentence": sentence, "exit": Code::Connection as u8,
                    "frames": 0, "rectangles": 0, "sealed_bytes": 0, "bytes_in": 0, "bytes_out": 0,
                }),
            );
            return Ok(Outcome { code: Code::Connection, sentence: Some(sentence) });
        }
    };
    reporter.event("connected", json!({ "url_host": options.server.host, "tls": options.server.tls }));
    let (touch, outline) = (config.profile.touch, config.outline);
    let mut session = Session {
        terminal: Terminal::new(config, OsRng),
        transport,
        element: options.element,
        display,
        reporter,
        recorder,
        places: Vec::new(),
        rows: Vec::new(),
        generation: 0,
        changed_at: Duration::ZERO,
        frames: 0,
        touch,
        outline,
        ended: None,
        failure: None,
    };
    let mut runner = options.script.map(Runner::new);
    session.follow(runner.as_mut(), receiver)
}

impl Session<'_> {
    fn follow(
        &mut self,
        mut runner: Option<&mut Runner>,
        events: &Receiver<Event>,
    ) -> anyhow::Result<Outcome> {
        let mut code = None;
        loop {
            self.effects()?;
            let mut wait = IDLE;
            if let Some(runner) = runner.as_deref_mut()
                && (self.ended.is_some() || self.awake())
            {
                match self.step(runner)? {
                    Step::Wait(until) => wait = until,
                    Step::Over(over) => {
                        code = Some(over);
                        self.terminal.leave();
                        self.effects()?;
                    }
                }
            }
            if let Some(end) = &self.ended
                && (code.is_some() || runner.is_none())
            {
                let statistics = self.terminal.statistics();
                let code = code.unwrap_or_else(|| Code::of(end.kind));
                self.reporter.event(
                    "ended",
                    json!({
                        "kind": end.kind.name(), "sentence": end.sentence, "exit": code as u8,
                        "frames": statistics.frames, "rectangles": statistics.rectangles,
                        "sealed_bytes": statistics.sealed_bytes,
                        "bytes_in": self.transport.bytes_in, "bytes_out": self.transport.bytes_out,
                    }),
                );
                self.transport.close();
                let sentence = match code {
                    Code::Done => None,
                    Code::Script => self.failure.take(),
                    _ => Some(end.sentence.clone()),
                };
                return Ok(Outcome { code, sentence });
            }
            if !self.awake() && self.ended.is_none() {
                wait = wait.min(SIGN_IN_TIME_MAX.saturating_sub(self.reporter.elapsed()));
                if wait.is_zero() {
                    self.terminal.closed(Some("the server did not answer in time"));
                    continue;
                }
            }
            match events.recv_timeout(wait) {
                Ok(event) => self.happened(event)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.terminal.closed(None),
            }
        }
    }

    /// Whether there is something to look at.
    fn awake(&self) -> bool {
        match self.terminal.phase() {
            Phase::Live => true,
            Phase::Welcome => self.frames > 0 && self.terminal.ignores_tags(),
            Phase::Connecting | Phase::SigningIn | Phase::Ended => false,
        }
    }

    fn happened(&mut self, event: Event) -> anyhow::Result<()> {
        match event {
            Event::Arrived(Arrived::Bytes(bytes)) => match self.transport.receive(&bytes) {
                Ok(data) => self.terminal.receive(&data),
                Err(error) => self.terminal.closed(Some(&format!("{error:#}"))),
            },
            Event::Arrived(Arrived::Closed(reason)) => self.terminal.closed(reason.as_deref()),
            Event::Input(input) => self.terminal.input(input),
            Event::Redraw => {
                let screen = self.terminal.screen();
                self.display.present(screen, screen.area())?;
            }
            Event::Quit => self.terminal.leave(),
        }
        Ok(())
    }

    /// Carries out what the core asks for.
    fn effects(&mut self) -> anyhow::Result<()> {
        while let Some(effect) = self.terminal.next_effect() {
            match effect {
                Effect::Send(bytes) => {
                    if let Err(error) = self.transport.send(&bytes) {
                        self.terminal.closed(Some(&format!("{error:#}")));
                    }
                }
                Effect::Agree { server_public } => {
                    let shared = self.element.agree(&server_public);
                    self.terminal.agreed(shared);
                }
                Effect::Sign(request) => {
                    let signature = self.element.sign(&request.digest);
                    let fields = request.statement.fields();
                    self.reporter.event(
                        "signed",
                        json!({ "amount": fields.amount.to_string(), "payee": fields.payee.name, "fee": fields.fee.to_string() }),
                    );
                    self.terminal.signed(signature);
                }
                Effect::Open { ticket, .. } => self.terminal.opened(ticket, None),
                Effect::Present(area) => {
                    self.display.present(self.terminal.screen(), area)?;
                    if self.outline {
                        // The outline, which follows, says when there is a new screen.
                        self.changed_at = self.reporter.elapsed();
                    } else {
                        self.changed();
                    }
                }
                // Not `Present`: a display that is blanked at the end is presented too.
                Effect::Frame { rectangles, sealed_bytes } => {
                    if self.frames == 0 {
                        self.reporter.event("first-frame", json!({}));
                    }
                    self.frames += 1;
                    self.reporter
                        .event("frame", json!({ "rectangles": rectangles, "sealed_bytes": sealed_bytes }));
                }
                Effect::Outline => {
                    self.places = self.terminal.outline().iter().map(place).collect();
                    self.changed();
                }
                Effect::Phase(phase) => {
                    let (name, sentence) = match phase {
                        Phase::Connecting => ("connecting", "Connecting ..."),
                        Phase::SigningIn => ("signing-in", "Signing in ..."),
                        Phase::Welcome => ("signed-in", "Signed in; opening the first picture ..."),
                        Phase::Live => ("live", ""),
                        Phase::Ended => continue,
                    };
                    self.reporter.event(name, json!({}));
                    self.display.say(sentence)?;
                }
                Effect::Bell => {}
                Effect::Ended(end) => {
                    self.display.say(&end.sentence)?;
                    self.changed();
                    self.ended = Some(end);
                }
            }
        }
        Ok(())
    }

    fn changed(&mut self) {
        self.generation += 1;
        self.changed_at = self.reporter.elapsed();
    }

    /// Follows the script as far as it goes now.
    fn step(&mut self, runner: &mut Runner) -> anyhow::Result<Step> {
        loop {
            self.rows = self.terminal.screen().text_rows();
            let seen = Seen {
                places: &self.places,
                rows: &self.rows,
                generation: self.generation,
                changed_at: self.changed_at,
                ended: self.ended.as_ref().map(|end| end.sentence.as_str()),
                touch: self.touch,
                middle: (self.terminal.screen().width() / 2, self.terminal.screen().height() / 2),
            };
            let now = self.reporter.elapsed();
            match runner.next(now, &seen) {
                Next::Wait(until) => return Ok(Step::Wait(until.saturating_sub(now))),
                Next::Send(inputs) => {
                    for input in inputs {
                        self.terminal.input(input);
                    }
                    self.effects()?;
                }
                Next::Screenshot(name) => {
                    if let Some(recorder) = &self.recorder {
                        let path = recorder.record(&name, self.terminal.screen())?;
                        self.reporter
                            .event("screenshot", json!({ "name": name, "path": path.display().to_string() }));
                    }
                }
                Next::Done(step) => {
                    self.reporter.event("step", json!({ "line": step.line, "step": step.source }));
                }
                Next::Finished => return Ok(Step::Over(Code::Done)),
                Next::Failed(why) => {
                    self.reporter.event("failed", json!({ "why": why }));
                    self.failure = Some(why);
                    let code = match self.ended.as_ref().map(|end| Code::of(end.kind)) {
                        None | Some(Code::Done | Code::Server) => Code::Script,
                        Some(other) => other,
                    };
                    return Ok(Step::Over(code));
                }
            }
        }
    }
}

enum Step {
    Wait(Duration),
    Over(Code),
}

fn place(node: &terminal::Node) -> Place {
    let middle = |start: u16, length: u16| start.saturating_add(length / 2);
    Place {
        id: node.id.clone(),
        role: node.role.clone(),
        text: node.text.clone(),
        middle: (node.width > 0 && node.height > 0)
            .then(|| (middle(node.x, node.width), middle(node.y, node.height))),
        focused: node.focused,
    }
}
