//! One terminal's session: login, welcome, virtual machine, end.
//!
//! ```text
//! Login --signed in--> Welcome --acknowledged--> Active --> Over
//!    \____________________\________________________\________^
//!         refused              no acknowledgement     end, fault, timeout
//! ```
//!
//! No virtual machine exists before the terminal has acknowledged the sealed welcome picture, which only
//! the right password, secure element and hardware profile together can open (R24, R40).

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth::{PendingLogin, SignedIn};
use identity::UnixTime;
use rand_core::CryptoRngCore;
use rfb::Misuse;
use rfb::server::{Server, ServerEvent, ServerOptions};

use crate::desk::{Desk, Stop};
use crate::effect::{Answer, Effect};
use crate::registry::Registry;
use crate::window::Drawing;

/// What sessions share.
#[derive(Debug)]
pub struct Platform {
    /// The server's name, shown by viewers and bound into logins.
    pub name: String,
    /// Fonts, glyphs and colours.
    pub drawing: Drawing,
    /// The apps that are served.
    pub registry: Registry,
    /// Bounds on time.
    pub limits: Limits,
    /// The operator's local time, in minutes east of UTC.
    pub minutes_east_of_utc: i16,
}

/// Bounds on how long a session may take over things.
#[derive(Debug, Clone)]
pub struct Limits {
    /// From the first byte to the end of the login.
    pub login_max: Duration,
    /// From the end of the login to the acknowledgement of the welcome picture.
    pub welcome_max: Duration,
    /// Without input while signed in (PSD2 RTS article 4: at most five minutes).
    pub idle_max: Duration,
    /// Without input until the virtual machine hibernates.
    pub hibernate_after: Duration,
    /// For the user to confirm a payment and the secure element to sign it.
    pub confirm_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            login_max: Duration::from_secs(60),
            welcome_max: Duration::from_secs(20),
            idle_max: Duration::from_secs(300),
            hibernate_after: Duration::from_secs(10),
            confirm_max: Duration::from_secs(110),
        }
    }
}

/// The time, told by the program.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Since some fixed moment; never goes back. Waiting is measured with it.
    pub monotonic: Duration,
    /// The time of day. Statements are dated with it.
    pub wall: UnixTime,
}

/// Why a session ended, for the log. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndReason {
    /// It has not.
    Running,
    /// The app said that it is done, or the user left.
    Done,
    /// The terminal closed the connection.
    Disconnected,
    /// The terminal broke the protocol; what it did wrong.
    Protocol(String),
    /// The login was refused. The terminal is not told why; neither is the log told more than auth knows.
    LoginRefused(String),
    /// The welcome picture was not acknowledged: the terminal's element or hardware is not the enrolled one.
    NotAcknowledged,
    /// A sealed input did not open.
    Tampered(String),
    /// The terminal took too long to sign in.
    TooSlow,
    /// The user was away.
    Idle,
    /// The terminal or its customer's contract was revoked meanwhile.
    Revoked,
    /// The app failed; how.
    App(String),
    /// The server is stopping.
    ShutDown,
    /// The server failed.
    Server(String),
}

impl fmt::Display for EndReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => out.write_str("it has not ended"),
            Self::Done => out.write_str("the user or the app was done"),
            Self::Disconnected => out.write_str("the terminal closed the connection"),
            Self::Protocol(what) => write!(out, "the terminal broke the protocol: {what}"),
            Self::LoginRefused(why) => write!(out, "the login was refused: {why}"),
            Self::NotAcknowledged => out.write_str(
                "the welcome picture was not acknowledged: the secure element or the hardware profile is not the enrolled one",
            ),
            Self::Tampered(how) => write!(out, "a sealed input did not open: {how}"),
            Self::TooSlow => out.write_str("the terminal took too long to sign in"),
            Self::Idle => out.write_str("the user was away"),
            Self::Revoked => out.write_str("the terminal or its contract was revoked meanwhile"),
            Self::App(how) => write!(out, "the app failed: {how}"),
            Self::ShutDown => out.write_str("the server is stopping"),
            Self::Server(why) => write!(out, "the server failed: {why}"),
        }
    }
}

/// One terminal's session.
#[derive(Debug)]
pub struct Session {
    platform: Arc<Platform>,
    rfb: Server,
    /// The plain embodiment.
    plain: bool,
    phase: Phase,
    effects: VecDeque<Effect>,
    /// When [`Session::tick`] has something to do.
    deadline: Duration,
    end: EndReason,
    account: Option<String>,
}

#[derive(Debug)]
enum Phase {
    /// Nothing but the handshake has happened.
    Hello,
    /// Auth looks at the hello.
    Beginning,
    /// The terminal has the reply.
    Finish(Box<PendingLogin>),
    /// Auth looks at the finish.
    Finishing,
    /// Signed in; the terminal's ClientInit is outstanding.
    Initialising(Box<SignedIn>),
    /// The welcome picture is out, or the app runs.
    Desk(Box<Desk>),
    /// The end.
    Over,
}

impl Platform {
    /// A new session, from the first byte on.
    #[must_use]
    pub fn session(self: &Arc<Self>, monotonic: Duration) -> Session {
        self.session_of(false, Phase::Hello, monotonic)
    }

    /// A session of the plain embodiment (CN102103778A ¶88): no login, nothing sealed, no payments. For
    /// tests and development on the machine itself; the program sees to that.
    #[must_use]
    pub fn plain_session(self: &Arc<Self>, signed_in: SignedIn, monotonic: Duration) -> Session {
        self.session_of(true, Phase::Initialising(Box::new(signed_in)), monotonic)
    }

    fn session_of(self: &Arc<Self>, plain: bool, phase: Phase, monotonic: Duration) -> Session {
        Session {
            platform: Arc::clone(self),
            rfb: Server::new(ServerOptions { name: self.name.clone(), plain }),
            plain,
            phase,
            effects: VecDeque::new(),
            deadline: monotonic.saturating_add(self.limits.login_max),
            end: EndReason::Running,
            account: None,
        }
    }
}

impl Session {
    /// Takes bytes from the terminal.
    pub fn receive(&mut self, bytes: &[u8], now: Now, random: &mut dyn CryptoRngCore) {
        self.rfb.receive(bytes);
        while self.end == EndReason::Running {
            match self.rfb.poll() {
                Ok(Some(event)) => self.on_event(event, now, random),
                Ok(None) => break,
                Err(error) => self.finish(EndReason::Protocol(error.to_string())),
            }
        }
        self.settle();
    }

    /// Takes the answer to an effect.
    pub fn answer(&mut self, answer: Answer, now: Now, random: &mut dyn CryptoRngCore) {
        if self.end != EndReason::Running {
            return;
        }
        match (answer, std::mem::replace(&mut self.phase, Phase::Over)) {
            (Answer::LoginBegun(Ok((pending, reply))), Phase::Beginning) => {
                self.phase = Phase::Finish(pending);
                self.said(|rfb| rfb.send_login(&reply));
            }
            (Answer::LoginFinished(Ok(signed_in)), Phase::Finishing) => {
                self.account = Some(signed_in.customer.account.to_string());
                self.said(Server::accept);
                self.deadline = now.monotonic.saturating_add(self.platform.limits.welcome_max);
                self.phase = Phase::Initialising(signed_in);
            }
            (Answer::LoginBegun(Err(error)) | Answer::LoginFinished(Err(error)), _) => {
                self.said(|rfb| rfb.refuse(&error.to_string()));
                self.finish(EndReason::LoginRefused(error.to_string()));
            }
            (Answer::Failed(why), phase) => {
                self.phase = phase;
                self.fail(&why);
            }
            (answer, Phase::Desk(mut desk)) => {
                let outcome = desk.answer(answer, &mut self.effects, now, random);
                self.phase = Phase::Desk(desk);
                self.after_desk(outcome);
            }
            // An answer that came too late to matter.
            (_, phase) => self.phase = phase,
        }
        self.settle();
    }

    /// Does what is due at [`Session::deadline`].
    pub fn tick(&mut self, now: Now) {
        if self.end != EndReason::Running || now.monotonic < self.deadline {
            return;
        }
        match &mut self.phase {
            Phase::Desk(desk) => {
                let outcome = desk.tick(&mut self.effects, now);
                self.after_desk(outcome);
            }
            Phase::Initialising(_) => self.finish(EndReason::NotAcknowledged),
            _ => {
                // Too early in the handshake for a reason, the connection just closes.
                let _ = self.rfb.refuse("The login took too long. Please try again.");
                self.finish(EndReason::TooSlow);
            }
        }
        self.settle();
    }

    /// The connection is gone.
    pub fn disconnected(&mut self) {
        self.finish(match &self.phase {
            Phase::Desk(desk) if !desk.is_acknowledged() => EndReason::NotAcknowledged,
            Phase::Finish(pending) => EndReason::LoginRefused(format!(
                "{} did not finish it, as a terminal does when the password is wrong",
                pending.account()
            )),
            _ => EndReason::Disconnected,
        });
    }

    /// The server stops: tell the user, and end.
    pub fn shut_down(&mut self) {
        self.stop(Stop::ShutDown);
        self.settle();
    }

    /// The server failed at something: tell the user, and end.
    pub fn fail(&mut self, why: &str) {
        self.stop(Stop::Server(why.to_owned()));
        self.settle();
    }

    /// The next thing the program should do.
    pub fn take_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Bytes for the terminal.
    pub fn take_output(&mut self) -> Vec<u8> {
        self.rfb.take_output()
    }

    /// When [`Session::tick`] has something to do, on the monotonic clock.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Whether the connection should be closed once the output is written.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.end != EndReason::Running
    }

    /// Whether the user has signed in on a terminal that can see.
    #[must_use]
    pub fn is_signed_in(&self) -> bool {
        matches!(&self.phase, Phase::Desk(desk) if desk.is_acknowledged())
    }

    /// Whose session it is, once the password was right.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// Why it ended.
    #[must_use]
    pub fn end_reason(&self) -> &EndReason {
        &self.end
    }

    fn on_event(&mut self, event: ServerEvent, now: Now, random: &mut dyn CryptoRngCore) {
        match (event, std::mem::replace(&mut self.phase, Phase::Over)) {
            (ServerEvent::LoginMessage(hello), Phase::Hello) => {
                self.effects.push_back(Effect::BeginLogin { hello });
                self.phase = Phase::Beginning;
            }
            (ServerEvent::LoginMessage(finish), Phase::Finish(pending)) => {
                self.effects.push_back(Effect::FinishLogin { pending, finish });
                self.phase = Phase::Finishing;
            }
            (ServerEvent::LoginMessage(_), phase) => {
                self.phase = phase;
                self.finish(EndReason::Protocol(
                    "it sent a login frame before the last one was answered".to_owned(),
                ));
            }
            (ServerEvent::Ready { .. }, Phase::Initialising(signed_in)) => {
                let (width, height) = signed_in.profile.size();
                let layout = signed_in.profile.pixel_layout();
                self.said(|rfb| rfb.init(width, height, layout));
                let desk = Desk::open(&self.platform, *signed_in, self.plain, &mut self.effects, now, random);
                self.phase = Phase::Desk(Box::new(desk));
                self.after_desk(Ok(()));
            }
            (event, Phase::Desk(mut desk)) => {
                let outcome = desk.event(event, &mut self.effects, now);
                self.phase = Phase::Desk(desk);
                self.after_desk(outcome);
            }
            (_, phase) => self.phase = phase,
        }
    }

    fn after_desk(&mut self, outcome: Result<(), Stop>) {
        if let Err(stop) = outcome {
            self.stop(stop);
        } else if let Phase::Desk(desk) = &self.phase {
            self.deadline = desk.deadline();
        }
    }

    /// Ends with a last picture and a reason for the user, where the terminal can see.
    fn stop(&mut self, stop: Stop) {
        if let Phase::Desk(desk) = &mut self.phase {
            desk.say_goodbye(&stop, &mut self.rfb);
        }
        self.finish(stop.into());
    }

    /// Says something at a point of the protocol where it may be said; anything else is a bug here, and
    /// ends this one session.
    fn said(&mut self, say: impl FnOnce(&mut Server) -> Result<(), Misuse>) {
        if let Err(misuse) = say(&mut self.rfb) {
            self.finish(EndReason::Server(misuse.to_string()));
        }
    }

    fn finish(&mut self, end: EndReason) {
        if self.end == EndReason::Running {
            self.end = end;
            self.phase = Phase::Over;
            // What is to be kept or noted still is; what has not been posted yet never will be.
            self.effects.retain(|effect| !matches!(effect, Effect::Prepare { .. } | Effect::Post { .. }));
        }
    }

    /// Sends what the terminal waits for.
    fn settle(&mut self) {
        if let Phase::Desk(desk) = &mut self.phase
            && let Err(stop) = desk.paint(&mut self.rfb)
        {
            self.stop(stop);
        }
    }
}

impl From<Stop> for EndReason {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Done => Self::Done,
            Stop::Idle => Self::Idle,
            Stop::Revoked => Self::Revoked,
            Stop::NotAcknowledged => Self::NotAcknowledged,
            Stop::Tampered(how) => Self::Tampered(how),
            Stop::Protocol(what) => Self::Protocol(what),
            Stop::App(how) => Self::App(how),
            Stop::ShutDown => Self::ShutDown,
            Stop::Server(why) => Self::Server(why),
        }
    }
}
