//! Login at the server: counted before it is answered, one answer for every refusal (R20, R24).
//!
//! An attempt is counted as a failure **before** the reply leaves, in a synced transaction; only a
//! confirmed login takes it back. So cutting the connection, killing the server or asking many times
//! at once gains nothing: between two confirmed logins an account answers five attempts genuinely,
//! then none for the lock's time. Attempts from a terminal that the account does not have cannot test
//! a password; they are answered from the fake record and do not lock anybody out.

use identity::{
    AccountName, DevicePublicKey, Hello, LoginError, PasswordRecord, ServerLogin, TerminalId, TerminalKeys,
    UnixTime,
};
use profile::HardwareProfile;
use rand_core::{CryptoRng, RngCore};
use rusqlite::{OptionalExtension, Transaction, params};
use seal::Root;
use sha2::{Digest, Sha256};

use crate::customers::{Customer, CustomerStatus, find_customer};
use crate::error::{AuthError, Refusal};
use crate::event::{Event, Standing};
use crate::store::{Auth, from_column, to_column};
use crate::terminals::{Terminal, TerminalStatus, find_terminal};

/// A login that is not finished after this many seconds is refused.
pub const LOGIN_SECONDS_MAX: u64 = 60;

/// Slots in which attempts that cannot succeed are counted.
const STRANGER_SLOTS: u16 = 1024;

/// A login that was counted and answered, and waits for the terminal's finish frame.
#[derive(Debug)]
pub struct PendingLogin {
    login: ServerLogin,
    account: AccountName,
    terminal: TerminalId,
    standing: Standing,
    begun_at: UnixTime,
}

impl PendingLogin {
    /// For the log.
    #[must_use]
    pub fn event(&self) -> Event {
        Event::LoginBegun { account: self.account.clone(), terminal: self.terminal, standing: self.standing }
    }

    /// Who wants to sign in, as given by the terminal: nothing is proven yet.
    #[must_use]
    pub const fn account(&self) -> &AccountName {
        &self.account
    }
}

/// A customer whose password was right. Whether secure element and hardware profile are right shows
/// when the terminal acknowledges the welcome picture; until then no virtual machine may be made.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub customer: Customer,
    /// From which terminal.
    pub terminal: TerminalId,
    /// The terminal's hardware profile, as recorded at enrolment.
    pub profile: HardwareProfile,
    /// The root of the session's keys.
    pub root: Root,
    /// The public half of the terminal's signing key.
    pub signing_public: DevicePublicKey,
    /// The certificate of the signing key, DER.
    pub certificate: Vec<u8>,
    /// When the login finished.
    pub at: UnixTime,
}

impl SignedIn {
    /// For the log.
    #[must_use]
    pub fn event(&self) -> Event {
        Event::SignedIn { account: self.customer.account.clone(), terminal: self.terminal }
    }
}

impl Auth {
    /// Takes the terminal's hello frame: counts the attempt on disk, then makes the reply frame.
    ///
    /// Whatever is wrong with account or terminal, the caller gets a reply of the same length after the
    /// same work and must send it; [`Auth::login_finish`] then refuses.
    ///
    /// # Errors
    /// [`AuthError::Login`] when the frame is malformed (nothing is counted), or the disk.
    pub fn login_begin(
        &self,
        hello: &[u8],
        now: UnixTime,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<(PendingLogin, Vec<u8>), AuthError> {
        let hello = Hello::parse(hello)?;
        let (standing, keys) = self.change(|transaction| self.count(transaction, &hello, now))?;
        let (record, terminal) = keys.unzip();
        let (login, reply) =
            ServerLogin::start(rng, self.setup(), record.as_ref(), terminal.as_ref(), &hello)?;
        let pending = PendingLogin {
            login,
            account: hello.account().clone(),
            terminal: hello.terminal(),
            standing,
            begun_at: now,
        };
        Ok((pending, reply))
    }

    /// Counts one attempt; the keys to answer it with only when it may succeed.
    fn count(
        &self,
        transaction: &Transaction<'_>,
        hello: &Hello,
        now: UnixTime,
    ) -> Result<(Standing, Option<(PasswordRecord, TerminalKeys)>), AuthError> {
        let row = transaction
            .query_row(
                "SELECT status, password_record, attempts, locked_until_ms FROM customer WHERE account = ?1",
                [hello.account().as_str()],
                |row| {
                    Ok((
                        row.get::<_, i64>(0)?,
                        row.get::<_, Vec<u8>>(1)?,
                        row.get::<_, u32>(2)?,
                        row.get::<_, Option<i64>>(3)?,
                    ))
                },
            )
            .optional()?;
        let terminal = find_terminal(transaction, hello.terminal())?;
        let refused = |standing| {
            count_stranger(transaction, hello)?;
            Ok((standing, None))
        };
        let Some((status, record, attempts, locked_until)) = row else {
            return refused(Standing::UnknownAccount);
        };
        let Some(terminal) = terminal.filter(|terminal| terminal.account == *hello.account()) else {
            return refused(Standing::UnknownTerminal);
        };
        if terminal.status != TerminalStatus::Active {
            return refused(Standing::RevokedTerminal);
        }
        if CustomerStatus::from_code(status)? != CustomerStatus::Active {
            return refused(Standing::Suspended);
        }
        let locked_until = locked_until.map(from_column).transpose()?;
        let counted_before = match locked_until {
            Some(until) if now < until => return refused(Standing::Locked { until }),
            // The lock is over: counting begins anew.
            Some(_) => 0,
            None => attempts,
        };
        let attempt = counted_before.saturating_add(1);
        let parameters = self.parameters();
        // The lock is set with the last attempt that is answered, not with its failure: however that
        // one ends, no sixth is answered unless a login was confirmed.
        let lock = (attempt >= parameters.lock_failures)
            .then(|| to_column(now.plus_seconds(parameters.lock_seconds)));
        transaction.execute(
            "UPDATE customer SET attempts = ?2, locked_until_ms = ?3 WHERE account = ?1",
            params![hello.account().as_str(), attempt, lock],
        )?;
        let record =
            PasswordRecord::from_bytes(&record).map_err(|_| AuthError::Damaged("a password record"))?;
        let keys = TerminalKeys {
            agreement_public: terminal.agreement_public,
            profile_digest: terminal.profile.digest(),
        };
        Ok((Standing::Genuine { attempt }, Some((record, keys))))
    }

    /// Takes the terminal's finish frame: who has signed in, and the root of the session.
    ///
    /// # Errors
    /// A [`Refusal`]: its `error` is what the terminal may be told, its `event` is for the log.
    pub fn login_finish(
        &self,
        pending: PendingLogin,
        finish: &[u8],
        now: UnixTime,
    ) -> Result<SignedIn, Box<Refusal>> {
        let PendingLogin { login, account, terminal, standing, begun_at } = pending;
        let refuse = |error: LoginError, reason: &'static str| {
            let event = Event::LoginRefused { account: account.clone(), terminal, standing, reason };
            Box::new(Refusal { error, event, fault: None })
        };
        let root = login.finish(finish).map_err(|error| match error {
            LoginError::Refused => refuse(error, "the password is not right"),
            _ => refuse(error, "the finish frame is malformed"),
        })?;
        if now.milliseconds_since(begun_at) > LOGIN_SECONDS_MAX * 1_000 {
            return Err(refuse(LoginError::Refused, "it took too long"));
        }
        let (customer, kept) = self
            .read(|connection| {
                Ok((find_customer(connection, &account)?, find_terminal(connection, terminal)?))
            })
            .map_err(|fault| {
                let mut refusal = refuse(LoginError::Internal, "the store failed");
                refusal.fault = Some(fault);
                refusal
            })?;
        let (Some(customer), Some(kept)) = (customer, kept) else {
            return Err(refuse(LoginError::Refused, "customer or terminal is gone"));
        };
        if !allowed(&customer, &kept) {
            return Err(refuse(LoginError::Refused, "it was revoked or suspended meanwhile"));
        }
        Ok(SignedIn {
            customer,
            terminal,
            profile: kept.profile,
            root,
            signing_public: kept.signing_public,
            certificate: kept.certificate,
            at: now,
        })
    }

    /// The terminal has acknowledged the welcome picture, so password, secure element and hardware
    /// profile are all right: failures so far are forgotten, and the use is recorded.
    ///
    /// # Errors
    /// The disk.
    pub fn login_confirmed(&self, signed_in: &SignedIn, now: UnixTime) -> Result<Event, AuthError> {
        let account = &signed_in.customer.account;
        self.change(|transaction| {
            transaction.execute(
                "UPDATE customer SET attempts = 0, locked_until_ms = NULL WHERE account = ?1",
                [account.as_str()],
            )?;
            transaction.execute(
                "UPDATE terminal SET last_used_at_ms = ?2 WHERE id = ?1",
                params![signed_in.terminal.as_bytes(), to_column(now)],
            )?;
            Ok(Event::LoginConfirmed { account: account.clone(), terminal: signed_in.terminal })
        })
    }
}

/// Whether this customer may use this terminal now.
pub(crate) fn allowed(customer: &Customer, terminal: &Terminal) -> bool {
    customer.status == CustomerStatus::Active
        && terminal.status == TerminalStatus::Active
        && terminal.account == customer.account
}

/// An attempt that cannot succeed: one row is written, as for any other, and nothing grows.
fn count_stranger(transaction: &Transaction<'_>, hello: &Hello) -> Result<(), AuthError> {
    let digest: [u8; 32] = Sha256::digest(hello.account().as_str()).into();
    let [high, low, ..] = digest;
    let slot = u16::from_be_bytes([high, low]) % STRANGER_SLOTS;
    transaction.execute(
        "INSERT INTO stranger (slot, attempts) VALUES (?1, 1)
         ON CONFLICT (slot) DO UPDATE SET attempts = attempts + 1",
        [slot],
    )?;
    Ok(())
}
