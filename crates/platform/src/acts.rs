//! Sign-ins, refused ones, lockouts, enrolments and revocations on their way into the audit log, as acts.
//!
//! Nobody waits for the disk: an act is put into a bounded queue, and a task writes one after the other; only
//! when the queue is full does who has something to tell wait for room. Refused sign-ins cost whoever tries them
//! nothing, so only so many of a minute are written one by one; the rest of the minute are counted, by what
//! was wrong, into one act.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use accounts::{Accounts, Act};
use auth::{Event, LOCK_FAILURES, Standing};
use identity::UnixTime;
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

use crate::services::HOUSE;

/// Acts that wait to be written.
const QUEUE_MAX: usize = 256;
/// Refused sign-ins of one minute that are written one by one.
const REFUSED_A_MINUTE_MAX: u32 = 60;

/// The way of events into the audit log.
#[derive(Debug, Default)]
pub struct Acts {
    queue: OnceLock<mpsc::Sender<Message>>,
    refused: Mutex<Refused>,
}

#[derive(Debug)]
enum Message {
    Act(Act),
    /// All that came before is written.
    Written(oneshot::Sender<()>),
}

/// Refused sign-ins of the present minute.
#[derive(Debug, Default)]
struct Refused {
    minute: u64,
    told: u32,
    /// Those that are not told one by one, by what was wrong.
    counted: BTreeMap<&'static str, u64>,
}

/// Idempotency keys of what one event may make: of its act, and of the count of those before it.
pub(crate) type Keys = [[u8; 16]; 2];

impl Acts {
    /// Puts an event into the log. What is no news there is left out.
    pub(crate) async fn tell(&self, accounts: &Accounts, event: &Event, now: UnixTime, keys: Keys) {
        let [key, count_key] = keys;
        let Some((act, refused)) = act_of(event, key) else { return };
        let Some(why) = refused else {
            self.write(accounts, act).await;
            return;
        };
        let (count, told) = {
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            let count = refused.turn(now, count_key);
            (count, refused.admit(why))
        };
        for act in count.into_iter().chain(told.then_some(act)) {
            self.write(accounts, act).await;
        }
    }

    /// Writes what was counted in a minute that is over.
    pub(crate) async fn turn(&self, accounts: &Accounts, now: UnixTime, key: [u8; 16]) {
        let count = self.refused.lock().unwrap_or_else(PoisonError::into_inner).turn(now, key);
        if let Some(count) = count {
            self.write(accounts, count).await;
        }
    }

    /// Writes what was counted, and waits until all that was told is in the book.
    pub(crate) async fn finish(&self, accounts: &Accounts, key: [u8; 16]) {
        let count = self.refused.lock().unwrap_or_else(PoisonError::into_inner).take(key);
        if let Some(count) = count {
            self.write(accounts, count).await;
        }
        let Some(queue) = self.queue.get() else { return };
        let (reply, written) = oneshot::channel();
        if queue.send(Message::Written(reply)).await.is_ok() {
            // An error means that the task has ended, with all that it was given.
            let _ = written.await;
        }
    }

    async fn write(&self, accounts: &Accounts, act: Act) {
        let queue = self.queue.get_or_init(|| {
            let (queue, told) = mpsc::channel(QUEUE_MAX);
            tokio::spawn(write_all(accounts.clone(), told));
            queue
        });
        if let Err(mpsc::error::SendError(Message::Act(act))) = queue.send(Message::Act(act)).await {
            // The runtime that had the task is gone.
            write_one(accounts, act).await;
        }
    }
}

async fn write_all(accounts: Accounts, mut told: mpsc::Receiver<Message>) {
    while let Some(message) = told.recv().await {
        match message {
            Message::Act(act) => write_one(&accounts, act).await,
            Message::Written(reply) => {
                let _ = reply.send(());
            }
        }
    }
}

async fn write_one(accounts: &Accounts, act: Act) {
    let action = act.action.clone();
    if let Err(error) = accounts.act(act).await {
        warn!("{action} is not in the audit log: {error}");
    }
}

impl Refused {
    /// Begins a new minute; the count of the one before, if anything was counted.
    fn turn(&mut self, now: UnixTime, key: [u8; 16]) -> Option<Act> {
        let minute = now.seconds() / 60;
        // A clock that was set back makes the minute longer, and writes no more.
        if minute <= self.minute {
            return None;
        }
        self.minute = minute;
        self.told = 0;
        self.take(key)
    }

    fn take(&mut self, key: [u8; 16]) -> Option<Act> {
        if self.counted.is_empty() {
            return None;
        }
        let detail: Vec<String> = std::mem::take(&mut self.counted)
            .into_iter()
            .map(|(why, count)| format!("{why}: {count}"))
            .collect();
        Some(Act {
            key,
            actor: HOUSE.to_owned(),
            action: "sign-ins-refused".to_owned(),
            subject: String::new(),
            detail: format!("Beside those told one by one: {}", detail.join(", ")),
        })
    }

    /// Whether one more is told by itself; else it is counted.
    fn admit(&mut self, why: &'static str) -> bool {
        if self.told < REFUSED_A_MINUTE_MAX {
            self.told = self.told.saturating_add(1);
            return true;
        }
        let count = self.counted.entry(why).or_default();
        *count = count.saturating_add(1);
        false
    }
}

/// What the log is told of an event; for a refusal also what was wrong, in a word. A name that is no customer's
/// is not written down: people type passwords into the wrong field.
fn act_of(event: &Event, key: [u8; 16]) -> Option<(Act, Option<&'static str>)> {
    let act = |action: &str, actor: String, subject: String, detail: String| Act {
        key,
        actor,
        action: action.to_owned(),
        subject,
        detail,
    };
    let refused = "sign-in-refused";
    Some(match event {
        Event::TerminalEnrolled { account, terminal } => {
            (act("terminal-enrolled", account.to_string(), terminal.to_string(), String::new()), None)
        }
        Event::TerminalRevoked { terminal } => {
            (act("terminal-revoked", terminal.to_string(), terminal.to_string(), String::new()), None)
        }
        Event::LoginBegun { account, terminal, standing } => {
            let (account, terminal) = (account.to_string(), terminal.to_string());
            match standing {
                Standing::Genuine { attempt: 1 } => return None,
                Standing::Genuine { attempt } if *attempt >= LOCK_FAILURES => {
                    let detail = format!("{standing}; locked unless this one is confirmed");
                    (act("lockout", account, terminal, detail), None)
                }
                Standing::Genuine { .. } => {
                    (act("sign-in-attempt", account, terminal, standing.to_string()), Some("repeated"))
                }
                Standing::UnknownAccount => {
                    (act(refused, terminal, String::new(), standing.to_string()), Some("unknown-account"))
                }
                other => {
                    let why = match other {
                        Standing::UnknownTerminal => "unknown-terminal",
                        Standing::RevokedTerminal => "revoked-terminal",
                        Standing::Suspended => "suspended",
                        _ => "locked",
                    };
                    (act(refused, account, terminal, standing.to_string()), Some(why))
                }
            }
        }
        // The others were told when they began.
        Event::LoginRefused { account, terminal, standing: Standing::Genuine { .. }, reason } => {
            let act = act(refused, account.to_string(), terminal.to_string(), (*reason).to_owned());
            (act, Some("failed"))
        }
        Event::SignedIn { account, terminal } => {
            let detail = "the password is right; the terminal's keys have yet to be confirmed".to_owned();
            (act("password-accepted", account.to_string(), terminal.to_string(), detail), None)
        }
        Event::LoginConfirmed { account, terminal } => {
            (act("sign-in", account.to_string(), terminal.to_string(), String::new()), None)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use accounts::{Options, Timestamp};
    use identity::{AccountName, TerminalId};

    use super::*;

    fn refused(standing: Standing) -> Event {
        let account = AccountName::new("hunter2").expect("a name");
        Event::LoginBegun { account, terminal: TerminalId::from_bytes([1; 16]), standing }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_flood_of_refused_sign_ins_is_counted_and_names_nobody() {
        let folder = tempfile::tempdir().expect("a folder");
        let accounts = Accounts::open(Options::new(folder.path(), Arc::new(|| Timestamp(1)))).expect("opens");
        let acts = Acts::default();
        let mut number = 0_u64;
        let mut keys = || {
            number += 2;
            [number, number + 1].map(|number| {
                let mut key = [0; 16];
                key[..8].copy_from_slice(&number.to_le_bytes());
                key
            })
        };
        let now = UnixTime::from_seconds(6000);
        for _ in 0..1000 {
            acts.tell(&accounts, &refused(Standing::UnknownAccount), now, keys()).await;
        }
        acts.tell(&accounts, &refused(Standing::RevokedTerminal), now, keys()).await;
        acts.tell(&accounts, &refused(Standing::Genuine { attempt: 5 }), now, keys()).await;
        acts.turn(&accounts, now.plus_seconds(30), [255; 16]).await;
        acts.turn(&accounts, now.plus_seconds(60), [254; 16]).await;
        acts.finish(&accounts, [253; 16]).await;

        let written = accounts.acts(None, None, 1000).await.expect("reads");
        assert_eq!(written.len(), 62);
        let [count, lockout, ..] = &written[..] else { panic!("{written:?}") };
        assert_eq!(count.act.action, "sign-ins-refused");
        assert_eq!(
            count.act.detail,
            "Beside those told one by one: revoked-terminal: 1, unknown-account: 940"
        );
        assert_eq!((lockout.act.action.as_str(), lockout.act.actor.as_str()), ("lockout", "hunter2"));
        // What was typed as a name and is none may be anything.
        assert!(written[2..].iter().all(|record| !format!("{record:?}").contains("hunter2")));
        accounts.close().await;
    }
}
