//! Several nodes on one PostgreSQL: which of them writes, and how they speak to one another.
//!
//! Exactly one node writes the journal: the one that holds the **lease**. It is renewed while the node lives
//! and is free when it has run out, or as soon as the session that took it is gone. The lease only keeps nodes
//! from getting in one another's way; that no two of them write is held by the journal itself, whose sequence
//! refuses the second.
//!
//! The others follow the journal, and pass on what they are asked: through two tables of the same database
//! that are not logged, so there is no port to open and no address to know. Whoever has put something there
//! says so (`NOTIFY`), and everybody looks from time to time as well. Nothing here is relied on to arrive: the
//! asker asks again under the same number and the same keys.
//!
//! This module knows no book: it moves bytes, and tells the writer what has come ([`Event`]).

mod lease;
mod mailbox;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ::postgres::Notification;
use ::postgres::fallible_iterator::FallibleIterator as _;

use crate::Error;
use crate::store::{Place, Session, apart, fault};
use lease::Lease;

pub(crate) use wire::Answered;

/// How long a lease lasts.
pub(crate) const LEASE: Duration = Duration::from_secs(3);
/// How often it is renewed, and how often a node that has none looks whether it is free.
const LEASE_TICK: Duration = Duration::from_millis(500);
/// How often a node looks for what a notification may have failed to tell.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often the others are told that the journal has grown, while none of them waits for an answer.
const GROWN_EVERY: Duration = Duration::from_millis(20);
/// How long a node is taken to wait for more answers after it has passed something on.
const ASKED_LATELY: Duration = Duration::from_secs(5);
/// How long to wait after a lost connection before the next is tried.
const RECONNECT_AFTER: Duration = Duration::from_millis(100);
/// Messages that are dealt with in one turn.
const TURN_MAX: usize = 4096;

/// What the writer is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// This node holds the lease: it is to write from now on.
    Lead,
    /// It does not hold the lease any more.
    Follow,
    /// Another node leads than did before: what was passed on may have been lost with that one.
    Changed,
    /// The journal may have grown. Comes several times a second in any case.
    Grown,
    /// Requests that other nodes pass on to this one.
    Requests(Vec<Passed>),
    /// Answers to requests that this node has passed on, by their numbers.
    Answers(Vec<(u64, Vec<u8>)>),
}

/// A request that was passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Passed {
    pub(crate) node: String,
    pub(crate) number: u64,
    pub(crate) bytes: Vec<u8>,
}

/// What is sent: by the writer, and by the thread that listens.
#[derive(Debug)]
enum Post {
    Request { number: u64, bytes: Vec<u8> },
    Answer(Passed),
    Grown,
    Heard(Heard),
    End,
}

/// What another node has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Grown,
    Requests,
    Answers,
    Lease,
}

/// This node's part in the cluster. Dropped, it gives the lease back.
#[derive(Debug)]
pub(crate) struct Cluster {
    posts: mpsc::Sender<Post>,
    threads: Vec<JoinHandle<()>>,
}

/// Where events go. `false`: nobody takes them any more.
pub(crate) type Sink = Box<dyn FnMut(Event) -> bool + Send>;

impl Cluster {
    /// Joins the nodes of this place. `sink` is called from a thread of the cluster's own.
    pub(crate) fn join(place: &Place, sink: Sink) -> Result<Self, Error> {
        apart(|| Self::join_here(place, sink))
    }

    fn join_here(place: &Place, sink: Sink) -> Result<Self, Error> {
        let (posts, taken) = mpsc::channel();
        let office = Office::open(place, sink)?;
        let listener = Listener { place: place.clone(), node: office.node.clone(), posts: posts.clone() };
        let session = listener.connect()?;
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.to_owned()).spawn(run)
        };
        let threads = vec![
            spawn("accounts-cluster", Box::new(move || office.run(&taken)))?,
            spawn("accounts-listener", Box::new(move || listener.run(session)))?,
        ];
        Ok(Self { posts, threads })
    }

    /// Passes a request on to the node that writes.
    pub(crate) fn pass_on(&self, number: u64, bytes: Vec<u8>) {
        let _ = self.posts.send(Post::Request { number, bytes });
    }

    /// Answers a request that was passed on to this node.
    pub(crate) fn answer(&self, node: String, number: u64, bytes: Vec<u8>) {
        let _ = self.posts.send(Post::Answer(Passed { node, number, bytes }));
    }

    /// Lets the other nodes know that the journal has grown.
    pub(crate) fn grown(&self) {
        let _ = self.posts.send(Post::Grown);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.posts.send(Post::End);
        for thread in self.threads.drain(..) {
            // One that ended badly has left the lease to run out.
            let _ = thread.join();
        }
    }
}

/// The thread that sends, takes, and keeps the lease.
struct Office {
    place: Place,
    node: String,
    sink: Sink,
    session: Option<Session>,
    lease: Lease,
    leading: bool,
    /// The journal has grown, and the others have not been told yet.
    grown: bool,
    told: Instant,
    /// When another node passed something on last.
    asked: Option<Instant>,
    ended: bool,
}

impl Office {
    fn open(place: &Place, sink: Sink) -> Result<Self, Error> {
        let mut session = mailbox::connect(place)?;
        let node = mailbox::new_name(place, &mut session)?;
        let lease = Lease::new(&node);
        let (place, session) = (place.clone(), Some(session));
        Ok(Self {
            place,
            node,
            sink,
            session,
            lease,
            leading: false,
            grown: false,
            told: Instant::now(),
            asked: None,
            ended: false,
        })
    }

    fn run(mut self, posts: &mpsc::Receiver<Post>) {
        let mut next_lease = Instant::now();
        let mut next_look = Instant::now();
        while !self.ended {
            let now = Instant::now();
            let next = if self.grown { next_look.min(self.told + GROWN_EVERY) } else { next_look };
            let wait = next.min(next_lease).saturating_duration_since(now);
            let mut turn = Turn::default();
            match posts.recv_timeout(wait) {
                Ok(post) => turn.add(post),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => turn.end = true,
            }
            while turn.count < TURN_MAX
                && let Ok(post) = posts.try_recv()
            {
                turn.add(post);
            }
            let now = Instant::now();
            if now >= next_look {
                turn.look();
                next_look = now + LOOK_EVERY;
            }
            if now >= next_lease || turn.heard_lease {
                turn.lease = true;
                next_lease = now + LEASE_TICK;
            }
            self.turn(turn);
        }
    }

    fn turn(&mut self, turn: Turn) {
        let ending = turn.end;
        if self.try_turn(turn).is_err() {
            // What was to be sent is lost; whoever waits for it asks again. A connection that was lost is
            // made anew: nobody needs to be told.
            self.session = None;
            std::thread::sleep(RECONNECT_AFTER);
            // The writer may have somebody to let go without it.
            self.tell(Event::Grown);
        }
        if self.leading && self.lease.has_run_out(Instant::now()) {
            self.lead(false);
        }
        if ending {
            self.ended = true;
            if let (true, Some(session)) = (self.leading, &mut self.session) {
                // Not given back, it runs out by itself.
                let _ = self.lease.give_back(session, &self.place);
            }
        }
    }

    fn try_turn(&mut self, mut turn: Turn) -> Result<(), Error> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => {
                let session = mailbox::connect(&self.place)?;
                // A session's end sets its lease free: with a new one it is to be taken again.
                self.lease.session_lost();
                turn.lease = true;
                session
            }
        };
        let done = self.in_session(turn, &mut session);
        if done.is_ok() {
            self.session = Some(session);
        }
        done
    }

    fn in_session(&mut self, turn: Turn, session: &mut Session) -> Result<(), Error> {
        let place = self.place.clone();
        if turn.lease {
            let before = self.lease.seen();
            let held = self.lease.keep(session, &place)?;
            self.lead(held);
            if !held && before.is_some() && before != self.lease.seen() {
                self.tell(Event::Changed);
            }
        }
        self.grown |= turn.grown;
        // Where nobody waits for it, it is said seldom: saying it costs as much as a small commit.
        let lately = self.asked.is_some_and(|asked| asked.elapsed() < ASKED_LATELY);
        let say_grown = self.grown && (lately || self.told.elapsed() >= GROWN_EVERY);
        mailbox::send(session, &place, &self.node, turn.requests, turn.answers, say_grown)?;
        if say_grown {
            (self.grown, self.told) = (false, Instant::now());
        }
        if turn.heard_grown {
            self.tell(Event::Grown);
        }
        if turn.heard_answers {
            let answers = mailbox::take_answers(session, &place, &self.node)?;
            if !answers.is_empty() {
                self.tell(Event::Answers(answers));
            }
        }
        if turn.heard_requests && self.leading {
            let mut requests = mailbox::take_requests(session, &place)?;
            // What this node had passed on before it led, its writer does by itself.
            requests.retain(|request| request.node != self.node);
            if !requests.is_empty() {
                self.asked = Some(Instant::now());
                self.tell(Event::Requests(requests));
            }
        }
        Ok(())
    }

    fn lead(&mut self, leading: bool) {
        if leading != self.leading {
            self.leading = leading;
            self.tell(if leading { Event::Lead } else { Event::Follow });
        }
    }

    fn tell(&mut self, event: Event) {
        if !(self.sink)(event) {
            self.ended = true;
        }
    }
}

/// What one turn has to do.
#[derive(Debug, Default)]
struct Turn {
    count: usize,
    requests: Vec<(u64, Vec<u8>)>,
    answers: Vec<Passed>,
    grown: bool,
    heard_grown: bool,
    heard_requests: bool,
    heard_answers: bool,
    heard_lease: bool,
    lease: bool,
    end: bool,
}

impl Turn {
    fn add(&mut self, post: Post) {
        self.count = self.count.saturating_add(1);
        match post {
            Post::Request { number, bytes } => self.requests.push((number, bytes)),
            Post::Answer(answer) => self.answers.push(answer),
            Post::Grown => self.grown = true,
            Post::Heard(Heard::Grown) => self.heard_grown = true,
            Post::Heard(Heard::Requests) => self.heard_requests = true,
            Post::Heard(Heard::Answers) => self.heard_answers = true,
            Post::Heard(Heard::Lease) => self.heard_lease = true,
            Post::End => self.end = true,
        }
    }

    fn look(&mut self) {
        (self.heard_grown, self.heard_requests, self.heard_answers) = (true, true, true);
    }
}

/// The thread that hears what others say.
struct Listener {
    place: Place,
    node: String,
    posts: mpsc::Sender<Post>,
}

impl Listener {
    fn connect(&self) -> Result<Session, Error> {
        let mut session = self.place.connect()?;
        let channel = mailbox::channel(&self.place);
        session
            .batch_execute(&format!("LISTEN \"{channel}\""))
            .map_err(|error| fault(&self.place, &error))?;
        Ok(session)
    }

    fn run(self, session: Session) {
        let mut session = Some(session);
        loop {
            let connected = match session.take() {
                Some(connected) => Ok(connected),
                None => self.connect(),
            };
            let Ok(mut connected) = connected else {
                std::thread::sleep(RECONNECT_AFTER);
                // Says also whether anybody listens to this thread.
                if !self.say(Heard::Grown) {
                    return;
                }
                continue;
            };
            match self.hear(&mut connected) {
                Some(true) => session = Some(connected),
                Some(false) => return,
                None => {}
            }
        }
    }

    /// One wait for something to be said; none when the connection is lost, `false` when nobody wants to
    /// know.
    fn hear(&self, session: &mut Session) -> Option<bool> {
        let said = session.notifications().timeout_iter(LOOK_EVERY).next().ok()?;
        let heard = match said.as_ref().map(Notification::payload) {
            // Nothing was said for a while, or the connection has ended: a question tells.
            None => {
                session.batch_execute("").ok()?;
                Heard::Grown
            }
            Some("grown") => Heard::Grown,
            Some("requests") => Heard::Requests,
            Some("lease") => Heard::Lease,
            Some(node) if node == self.node => Heard::Answers,
            Some(_) => return Some(true),
        };
        Some(self.say(heard))
    }

    fn say(&self, heard: Heard) -> bool {
        self.posts.send(Post::Heard(heard)).is_ok()
    }
}
