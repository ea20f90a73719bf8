//! What one signed-in terminal has: its sealed lines, its screen, its virtual machine, its payment.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use accounts::Account;
use auth::SignedIn;
use rand_core::CryptoRngCore;
use rfb::sealed::{self, Control};
use rfb::server::{Server, ServerEvent};
use view::{FieldValue, Language, Reaction, Style, View, screens};
use vm::{Command, Event, Step};

use crate::effect::{Answer, Effect, Question, Refusal, Tag};
use crate::lines::Lines;
use crate::machine::VirtualMachine;
use crate::payment::{Next, Payment};
use crate::session::{Now, Platform};
use crate::translate::{self, Wish};
use crate::window::Window;
use crate::words;

/// The most commands of an app that may be under way at once.
const COMMANDS_MAX: usize = 16;
/// The most replies that an app may go on from by itself, without its user doing anything.
const UNPROMPTED_MAX: u32 = 64;
/// Starts the identifier of an app's choice in the launcher.
const LAUNCH: &str = "app:";

/// Why a desk is cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    Done,
    Idle,
    Revoked,
    NotAcknowledged,
    Tampered(String),
    Protocol(String),
    App(String),
    ShutDown,
    Server(String),
}

/// One signed-in terminal.
#[derive(Debug)]
pub(crate) struct Desk {
    platform: Arc<Platform>,
    signed_in: Arc<SignedIn>,
    style: Style,
    lines: Lines,
    window: Window,
    stage: Stage,
    /// When the user last did something, or was last shown that something happened.
    last_input: Duration,
    outline_wanted: bool,
    /// A statement for the secure element to sign, on its way to the terminal.
    unsent_statement: Option<Vec<u8>>,
    /// Counts the apps that were launched.
    launches: u32,
}

#[allow(clippy::large_enum_variant, reason = "one a terminal, in a box, and nearly always the large one")]
#[derive(Debug)]
enum Stage {
    /// The sealed welcome picture is shown; nothing else exists yet.
    Welcome { digest: [u8; 16], until: Duration },
    /// The terminal can see; what its user has is being fetched.
    Fetching,
    /// The user chooses an app.
    Launcher(Belongings),
    /// An app runs.
    App(Running),
}

/// What the user has.
#[derive(Debug)]
struct Belongings {
    accounts: Vec<Account>,
    kept: BTreeMap<String, Vec<u8>>,
}

#[derive(Debug)]
struct Running {
    machine: VirtualMachine,
    /// What the app shows; the platform's own screens may cover it.
    view: View,
    /// Commands whose outcome the app has not been told.
    outstanding: usize,
    /// Replies since the user last did something.
    unprompted: u32,
    payment: Option<Payment>,
}

impl Desk {
    /// Prepares the desk of a terminal that has just signed in. A plain one needs no welcome.
    pub(crate) fn open(
        platform: &Arc<Platform>,
        signed_in: SignedIn,
        plain: bool,
        effects: &mut VecDeque<Effect>,
        now: Now,
        random: &mut dyn CryptoRngCore,
    ) -> Self {
        let signed_in = Arc::new(signed_in);
        let language = Language::from_tag(signed_in.customer.language.tag());
        let style = Style { language, theme: platform.drawing.theme };
        let mut nonce = [0_u8; 16];
        random.fill_bytes(&mut nonce);
        let welcome = screens::welcome(language, &signed_in.customer.name, &nonce);
        let window = Window::new(&signed_in.profile, style, welcome, &platform.drawing);
        let (lines, stage) = if plain {
            effects.push_back(Effect::Welcome { signed_in: Arc::clone(&signed_in), confirm: false });
            (Lines::Plain, Stage::Fetching)
        } else {
            let digest = window.acknowledgement(&platform.drawing);
            let until = now.monotonic.saturating_add(platform.limits.welcome_max);
            (Lines::sealed(&signed_in.root), Stage::Welcome { digest, until })
        };
        Self {
            platform: Arc::clone(platform),
            signed_in,
            style,
            lines,
            window,
            stage,
            last_input: now.monotonic,
            outline_wanted: false,
            unsent_statement: None,
            launches: 0,
        }
    }

    /// Whether the terminal has shown that it can see.
    pub(crate) fn is_acknowledged(&self) -> bool {
        !matches!(self.stage, Stage::Welcome { .. })
    }

    /// Takes what the terminal sent.
    pub(crate) fn event(
        &mut self,
        event: ServerEvent,
        effects: &mut VecDeque<Effect>,
        now: Now,
    ) -> Result<(), Stop> {
        self.window.tick(now.monotonic);
        match event {
            ServerEvent::UpdateRequest { incremental, .. } => {
                self.window.request(incremental, now.monotonic);
                Ok(())
            }
            ServerEvent::SetEncodings(encodings) => {
                self.outline_wanted = encodings.outline;
                Ok(())
            }
            ServerEvent::SealedInput(unit) => {
                let input = self.lines.open_input(&unit)?;
                self.input(input, effects, now)
            }
            ServerEvent::Key { keysym, down } => {
                self.input(sealed::Input::Key { keysym, down }, effects, now)
            }
            ServerEvent::Pointer { buttons, x, y } => {
                self.input(sealed::Input::Pointer { buttons, x, y }, effects, now)
            }
            _ => Ok(()),
        }
    }

    fn input(&mut self, input: sealed::Input, effects: &mut VecDeque<Effect>, now: Now) -> Result<(), Stop> {
        if let Stage::Welcome { digest, .. } = &self.stage {
            // The unit opened, so it was sealed by the enrolled element; what it must prove is that its
            // owner's terminal shows the picture right.
            return match input {
                sealed::Input::Acknowledge { digest: seen } if seen == *digest => {
                    self.stage = Stage::Fetching;
                    self.last_input = now.monotonic;
                    effects
                        .push_back(Effect::Welcome { signed_in: Arc::clone(&self.signed_in), confirm: true });
                    Ok(())
                }
                _ => Err(Stop::NotAcknowledged),
            };
        }
        let reaction = match input {
            sealed::Input::Key { .. } if !self.window.takes_input() => return Ok(()),
            sealed::Input::Pointer { buttons, .. } if !self.window.takes_input() => {
                self.window.hold(buttons);
                return Ok(());
            }
            sealed::Input::Key { keysym, down } => self.window.key(keysym, down, &self.platform.drawing),
            sealed::Input::Pointer { buttons, x, y } => {
                self.window.pointer(buttons, x, y, &self.platform.drawing)
            }
            sealed::Input::Signed { digest, signature } => {
                self.last_input = now.monotonic;
                return self.signed(digest, Some(signature), effects, now);
            }
            sealed::Input::Declined { digest } => return self.signed(digest, None, effects, now),
            sealed::Input::Acknowledge { .. } => {
                return Err(Stop::Protocol("it acknowledged the welcome picture a second time".to_owned()));
            }
        };
        self.last_input = now.monotonic;
        match reaction {
            Reaction::None | Reaction::Changed => Ok(()),
            Reaction::Action { id, fields } => self.acted(&id, fields, effects, now),
        }
    }

    /// The user chose an action of the screen that is shown.
    fn acted(
        &mut self,
        id: &str,
        fields: Vec<(String, FieldValue)>,
        effects: &mut VecDeque<Effect>,
        now: Now,
    ) -> Result<(), Stop> {
        let language = self.style.language;
        match &mut self.stage {
            Stage::Welcome { .. } | Stage::Fetching => Ok(()),
            Stage::Launcher(_) => match id.strip_prefix(LAUNCH) {
                Some(app) => self.launch(app, effects, now),
                None => Err(Stop::Done),
            },
            Stage::App(running) => match &mut running.payment {
                Some(payment) if payment.covers_app() => {
                    let next = payment.acted(id, language);
                    self.go_on_paying(next, effects, now)
                }
                _ => {
                    running.unprompted = 0;
                    self.update(Event::Acted { id: id.to_owned(), answers: fields }, effects, now)
                }
            },
        }
    }

    /// The secure element signed, or would not.
    fn signed(
        &mut self,
        digest: [u8; 32],
        signature: Option<[u8; 64]>,
        effects: &mut VecDeque<Effect>,
        now: Now,
    ) -> Result<(), Stop> {
        let language = self.style.language;
        let Stage::App(Running { payment: Some(payment), .. }) = &mut self.stage else { return Ok(()) };
        let next = payment.signed(digest, signature, language);
        self.go_on_paying(next, effects, now)
    }

    /// Takes the answer to an effect.
    pub(crate) fn answer(
        &mut self,
        answer: Answer,
        effects: &mut VecDeque<Effect>,
        now: Now,
        random: &mut dyn CryptoRngCore,
    ) -> Result<(), Stop> {
        let language = self.style.language;
        match (answer, &mut self.stage) {
            (Answer::Welcomed { accounts, kept }, Stage::Fetching) => {
                self.stage = Stage::Launcher(Belongings { accounts, kept });
                self.offer_apps(effects, now)
            }
            (Answer::Replied { tag, reply }, Stage::App(..)) if tag.launch == self.launches => {
                let minutes_east = self.platform.minutes_east_of_utc;
                let reply = match reply {
                    Ok(reply) => translate::reply(reply, minutes_east),
                    Err(refusal) => translate::refused(refusal, language),
                };
                self.finish_command(tag, reply, effects, now)
            }
            (Answer::Prepared { tag, outcome }, Stage::App(Running { payment: Some(payment), .. }))
                if payment.tag == tag && payment.is_preparing() =>
            {
                match outcome {
                    Ok(prepared) => {
                        match payment.prepared(prepared, &self.signed_in, language, now, random) {
                            Ok(screen) => {
                                self.window.show_statement(screen, &self.platform.drawing);
                                Ok(())
                            }
                            // A memo or a name that cannot be stated without deceiving the reader.
                            Err(_) => self.go_on_paying(Next::Refused(Refusal::Invalid), effects, now),
                        }
                    }
                    Err(refusal) => self.go_on_paying(Next::Refused(refusal), effects, now),
                }
            }
            (Answer::Posted { tag, outcome }, Stage::App(running)) => {
                let payment = running.payment.take_if(|payment| payment.tag == tag);
                let Some(prepared) = payment.and_then(Payment::into_posting) else { return Ok(()) };
                let reply = match outcome {
                    Ok(posted) => translate::paid(&posted, &prepared, self.platform.minutes_east_of_utc),
                    Err(refusal) => translate::refused(refusal, language),
                };
                self.uncover();
                self.finish_command(tag, reply, effects, now)
            }
            (Answer::Revoked, _) => Err(Stop::Revoked),
            // An answer that came after what it was for had ended.
            _ => Ok(()),
        }
    }

    /// Does what is due.
    pub(crate) fn tick(&mut self, effects: &mut VecDeque<Effect>, now: Now) -> Result<(), Stop> {
        let idle = now.monotonic.saturating_sub(self.last_input);
        self.window.tick(now.monotonic);
        if let Stage::Welcome { until, .. } = self.stage {
            return if now.monotonic >= until { Err(Stop::NotAcknowledged) } else { Ok(()) };
        }
        let limits = &self.platform.limits;
        if idle >= limits.hibernate_after
            && let Stage::App(running) = &mut self.stage
        {
            running.machine.hibernate();
        }
        if let Stage::App(Running { payment: Some(payment), .. }) = &self.stage {
            if payment.is_expired(now) {
                return self.go_on_paying(Next::Refused(Refusal::Expired), effects, now);
            }
            if payment.until().is_none() {
                return Ok(());
            }
        }
        if idle >= limits.idle_max { Err(Stop::Idle) } else { Ok(()) }
    }

    /// When [`Desk::tick`] has something to do.
    pub(crate) fn deadline(&self) -> Duration {
        if let Stage::Welcome { until, .. } = self.stage {
            return until;
        }
        let limits = &self.platform.limits;
        let mut deadline = self.last_input.saturating_add(limits.idle_max);
        if let Some(ready) = self.window.statement_ready_at() {
            deadline = deadline.min(ready);
        }
        if let Stage::App(running) = &self.stage {
            if running.machine.is_awake() {
                deadline = deadline.min(self.last_input.saturating_add(limits.hibernate_after));
            }
            match running.payment.as_ref().map(Payment::until) {
                Some(Some(until)) => deadline = deadline.min(until),
                // A posting takes as long as the disk takes.
                Some(None) => deadline = Duration::MAX,
                None => {}
            }
        }
        deadline
    }

    /// Sends what the terminal waits for.
    pub(crate) fn paint(&mut self, rfb: &mut Server) -> Result<(), Stop> {
        self.window.paint(&mut self.lines, rfb, &self.platform.drawing)?;
        if let Some(statement) = self.unsent_statement.take() {
            self.lines.send(&Control::Sign { statement }, rfb)?;
        }
        if self.outline_wanted
            && self.is_acknowledged()
            && let Some(outline) = self.window.take_outline()
        {
            self.lines.send(&Control::Outline(outline), rfb)?;
        }
        Ok(())
    }

    /// Shows why it ends, where the terminal can see.
    pub(crate) fn say_goodbye(&mut self, stop: &Stop, rfb: &mut Server) {
        if !self.is_acknowledged() || matches!(stop, Stop::Tampered(_)) {
            return;
        }
        let (reason, text) = words::goodbye(self.style.language, stop);
        let orderly = matches!(stop, Stop::Done);
        self.window.show(screens::ended(self.style.language, text, orderly), &self.platform.drawing);
        // It ends either way; a terminal that cannot be told sees the connection close.
        let _ = self.paint(rfb);
        let _ = self.lines.send(&Control::End { reason, text: text.to_owned() }, rfb);
    }

    /// Starts the only app, or lets the user choose among several.
    fn offer_apps(&mut self, effects: &mut VecDeque<Effect>, now: Now) -> Result<(), Stop> {
        let apps = self.platform.registry.apps();
        match apps.as_slice() {
            [only] => {
                let id = only.manifest().id.to_string();
                self.launch(&id, effects, now)
            }
            _ => {
                let view = words::launcher(self.style.language, &apps, LAUNCH);
                self.window.show(view.into(), &self.platform.drawing);
                Ok(())
            }
        }
    }

    /// Makes a virtual machine and starts the app in it.
    fn launch(&mut self, id: &str, effects: &mut VecDeque<Effect>, now: Now) -> Result<(), Stop> {
        // Withdrawn since the list was drawn: the list is drawn again.
        let Some(app) = self.platform.registry.app(id) else { return self.offer_apps(effects, now) };
        let Stage::Launcher(belongings) = std::mem::replace(&mut self.stage, Stage::Fetching) else {
            return Ok(());
        };
        self.launches += 1;
        let context = translate::context(
            &self.signed_in.customer,
            &belongings.accounts,
            belongings.kept.get(id).cloned(),
        );
        let (machine, step) =
            VirtualMachine::start(app, context).map_err(|fault| Stop::App(fault.to_string()))?;
        let view = step.view.clone();
        self.stage = Stage::App(Running { machine, view, outstanding: 0, unprompted: 0, payment: None });
        self.apply(step, effects, now)
    }

    /// Tells the app what happened.
    fn update(&mut self, event: Event, effects: &mut VecDeque<Effect>, now: Now) -> Result<(), Stop> {
        let Stage::App(running) = &mut self.stage else { return Ok(()) };
        let step = running.machine.update(event).map_err(|fault| Stop::App(fault.to_string()))?;
        self.apply(step, effects, now)
    }

    /// Shows what the app wants shown and does what it wants done.
    fn apply(&mut self, step: Step, effects: &mut VecDeque<Effect>, now: Now) -> Result<(), Stop> {
        let Stage::App(running) = &mut self.stage else { return Ok(()) };
        running.view = step.view;
        self.uncover();
        for command in step.commands {
            self.command(command, effects, now)?;
        }
        Ok(())
    }

    /// Shows the app's view, unless a screen of the platform's own covers it.
    fn uncover(&mut self) {
        if let Stage::App(running) = &self.stage
            && !running.payment.as_ref().is_some_and(Payment::covers_app)
        {
            self.window.show(running.view.clone().into(), &self.platform.drawing);
        }
    }

    /// Does one thing that the app wants done.
    fn command(&mut self, command: Command, effects: &mut VecDeque<Effect>, now: Now) -> Result<(), Stop> {
        let Stage::App(running) = &mut self.stage else { return Ok(()) };
        running.outstanding += 1;
        if running.outstanding > COMMANDS_MAX {
            return Err(Stop::App(format!("it wants more than {COMMANDS_MAX} things done at once")));
        }
        let Command { tag, kind } = command;
        let tag = Tag { launch: self.launches, command: tag };
        let holder = self.signed_in.customer.account.to_string();
        match translate::wish(tag, kind, &holder, &running.machine.app().manifest().id) {
            Wish::Look(question) => effects.push_back(Effect::Ask { tag, question }),
            // Without a secure element nobody can sign; one payment at a time is what a user can follow.
            // The app is told by way of an effect: answered within its own step, it could go on for ever.
            Wish::Pay(_) if !self.lines.is_sealed() || running.payment.is_some() => {
                let question = Question::Refused(Refusal::NotPermitted);
                effects.push_back(Effect::Ask { tag, question });
            }
            Wish::Pay(order) => {
                let until = now.monotonic.saturating_add(self.platform.limits.confirm_max);
                running.payment = Some(Payment::ordered(&order, until));
                let terminal = self.signed_in.terminal;
                effects.push_back(Effect::Prepare { holder, terminal, order });
            }
            // An app does not leave its user before its payment has come to an end.
            Wish::End if running.payment.is_some() => {
                running.outstanding = running.outstanding.saturating_sub(1)
            }
            Wish::End if self.platform.registry.apps().len() > 1 => {
                self.stage = Stage::Fetching;
                effects.push_back(Effect::Welcome { signed_in: Arc::clone(&self.signed_in), confirm: false });
            }
            Wish::End => return Err(Stop::Done),
        }
        Ok(())
    }

    /// What follows for the payment that is under way.
    fn go_on_paying(&mut self, next: Next, effects: &mut VecDeque<Effect>, now: Now) -> Result<(), Stop> {
        match next {
            Next::Wait => Ok(()),
            Next::Sign { statement, screen } => {
                self.window.show(screen, &self.platform.drawing);
                self.unsent_statement = Some(statement);
                Ok(())
            }
            Next::Post { prepared, statement, signature, screen } => {
                self.window.show(screen, &self.platform.drawing);
                effects.push_back(Effect::Post {
                    signed_in: Arc::clone(&self.signed_in),
                    statement,
                    signature,
                    prepared,
                });
                Ok(())
            }
            Next::Refused(refusal) => {
                let Stage::App(running) = &mut self.stage else { return Ok(()) };
                let Some(payment) = running.payment.take() else { return Ok(()) };
                self.unsent_statement = None;
                self.uncover();
                let reply = translate::refused(refusal, self.style.language);
                self.finish_command(payment.tag, reply, effects, now)
            }
        }
    }

    /// Tells the app how its command ended.
    fn finish_command(
        &mut self,
        tag: Tag,
        reply: vm::Reply,
        effects: &mut VecDeque<Effect>,
        now: Now,
    ) -> Result<(), Stop> {
        if let Stage::App(running) = &mut self.stage {
            running.outstanding = running.outstanding.saturating_sub(1);
            running.unprompted += 1;
            if running.unprompted > UNPROMPTED_MAX {
                return Err(Stop::App(format!(
                    "it went on for {UNPROMPTED_MAX} steps without its user doing anything"
                )));
            }
        }
        self.update(Event::Replied { tag: tag.command, reply }, effects, now)
    }
}
