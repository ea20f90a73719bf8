//! Enrolled terminals (R22, R33, R34): their keys, their certificate, their hardware profile.

use identity::{
    AccountName, ActivationCode, DevicePrivateKey, DevicePublicKey, EnrolmentBundle, TerminalId, UnixTime,
};
use profile::HardwareProfile;
use rand_core::{CryptoRng, RngCore};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::customers::find_customer;
use crate::error::AuthError;
use crate::event::Event;
use crate::store::{Auth, from_column, to_column};

/// Most terminals that one customer may have in use.
pub const TERMINALS_PER_CUSTOMER_MAX: u32 = 16;

/// Whether a terminal may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminalStatus {
    /// It may sign in.
    Active,
    /// It was lost, sold or broken; it never comes back.
    Revoked,
}

impl TerminalStatus {
    const fn code(self) -> i64 {
        match self {
            Self::Active => 1,
            Self::Revoked => 2,
        }
    }

    const fn from_code(code: i64) -> Result<Self, AuthError> {
        match code {
            1 => Ok(Self::Active),
            2 => Ok(Self::Revoked),
            _ => Err(AuthError::Damaged("a terminal's status")),
        }
    }
}

/// An enrolled terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terminal {
    /// Its identity.
    pub id: TerminalId,
    /// The customer it was enrolled for.
    pub account: AccountName,
    /// What it can present and take, as recorded at enrolment.
    pub profile: HardwareProfile,
    /// The public half of the key that signs statements.
    pub signing_public: DevicePublicKey,
    /// The public half of the key that agrees on roots.
    pub agreement_public: DevicePublicKey,
    /// The certificate of the signing key, DER.
    pub certificate: Vec<u8>,
    /// Whether it may be used.
    pub status: TerminalStatus,
    /// When it was enrolled.
    pub enrolled_at: UnixTime,
    /// When a login from it was last confirmed.
    pub last_used_at: Option<UnixTime>,
}

/// A new terminal: what its holder is given.
#[derive(Debug)]
pub struct Enrolled {
    /// Its identity.
    pub terminal: TerminalId,
    /// The bundle file to import; useless without the code.
    pub bundle: String,
    /// The code that opens the bundle; to be given to the holder another way. It is kept nowhere.
    pub activation_code: ActivationCode,
    /// For the log.
    pub event: Event,
}

const COLUMNS: &str = "id, account, profile, signing_public, agreement_public, certificate, status, \
                       enrolled_at_ms, last_used_at_ms";

impl Auth {
    /// Enrols a terminal: draws its two keys, certifies one, records the hardware profile, and packs the
    /// private halves into a bundle under a new activation code. The private halves are not kept.
    ///
    /// # Errors
    /// [`AuthError::UnknownCustomer`], [`AuthError::TooManyTerminals`], [`AuthError::Profile`], or the disk.
    pub fn enrol_terminal(
        &self,
        account: &AccountName,
        profile: &HardwareProfile,
        now: UnixTime,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Enrolled, AuthError> {
        profile.validate()?;
        let terminal = TerminalId::generate(rng);
        let signing_key = DevicePrivateKey::generate(rng);
        let agreement_key = DevicePrivateKey::generate(rng);
        let certificate =
            self.authority().issue_terminal(terminal, account, &signing_key.public(), now, rng)?;
        let activation_code = ActivationCode::generate(rng);
        let bundle = EnrolmentBundle {
            terminal,
            account: account.clone(),
            server_name: self.server_name().to_owned(),
            operator_ca: self.operator_ca().to_vec(),
            certificate: certificate.clone(),
            signing_key: signing_key.clone(),
            agreement_key: agreement_key.clone(),
            profile: profile.canonical_bytes(),
        }
        .seal(rng, &activation_code)?;
        self.change(|transaction| {
            if find_customer(transaction, account)?.is_none() {
                return Err(AuthError::UnknownCustomer(account.clone()));
            }
            let in_use: u32 = transaction.query_row(
                "SELECT count(*) FROM terminal WHERE account = ?1 AND status = ?2",
                params![account.as_str(), TerminalStatus::Active.code()],
                |row| row.get(0),
            )?;
            if in_use >= TERMINALS_PER_CUSTOMER_MAX {
                return Err(AuthError::TooManyTerminals(account.clone()));
            }
            transaction.execute(
                "INSERT INTO terminal (id, account, profile, signing_public, agreement_public, certificate,
                                       status, enrolled_at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    terminal.as_bytes(),
                    account.as_str(),
                    profile.canonical_bytes(),
                    signing_key.public().to_sec1(),
                    agreement_key.public().to_sec1(),
                    certificate,
                    TerminalStatus::Active.code(),
                    to_column(now)
                ],
            )?;
            Ok(())
        })?;
        let event = Event::TerminalEnrolled { account: account.clone(), terminal };
        Ok(Enrolled { terminal, bundle, activation_code, event })
    }

    /// Revokes a terminal, for good. Sessions of it can sign nothing more.
    ///
    /// # Errors
    /// [`AuthError::UnknownTerminal`] or the disk.
    pub fn revoke_terminal(&self, terminal: TerminalId) -> Result<Event, AuthError> {
        self.change(|transaction| {
            let changed = transaction.execute(
                "UPDATE terminal SET status = ?2 WHERE id = ?1",
                params![terminal.as_bytes(), TerminalStatus::Revoked.code()],
            )?;
            match changed {
                0 => Err(AuthError::UnknownTerminal(terminal)),
                _ => Ok(Event::TerminalRevoked { terminal }),
            }
        })
    }

    /// One terminal; `None` when there is none of that identity.
    ///
    /// # Errors
    /// The disk, or a damaged file.
    pub fn terminal(&self, terminal: TerminalId) -> Result<Option<Terminal>, AuthError> {
        self.read(|connection| find_terminal(connection, terminal))
    }

    /// The terminals of one customer, or all, in the order of their enrolment.
    ///
    /// # Errors
    /// The disk, or a damaged file.
    pub fn terminals(&self, account: Option<&AccountName>) -> Result<Vec<Terminal>, AuthError> {
        self.read(|connection| {
            let mut statement = connection.prepare(&format!(
                "SELECT {COLUMNS} FROM terminal WHERE ?1 IS NULL OR account = ?1 ORDER BY enrolled_at_ms, id"
            ))?;
            let rows = statement.query_map([account.map(AccountName::as_str)], columns)?;
            rows.map(|row| read_terminal(row?)).collect()
        })
    }
}

pub(crate) fn find_terminal(
    connection: &Connection,
    terminal: TerminalId,
) -> Result<Option<Terminal>, AuthError> {
    let sql = format!("SELECT {COLUMNS} FROM terminal WHERE id = ?1");
    let row = connection.query_row(&sql, [terminal.as_bytes()], columns).optional()?;
    row.map(read_terminal).transpose()
}

type Columns = ([u8; 16], String, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, i64, i64, Option<i64>);

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok((
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
        row.get(7)?,
        row.get(8)?,
    ))
}

fn read_terminal(columns: Columns) -> Result<Terminal, AuthError> {
    let (id, account, profile, signing, agreement, certificate, status, enrolled, used) = columns;
    let key = |bytes: &[u8]| {
        DevicePublicKey::from_sec1(bytes).map_err(|_| AuthError::Damaged("a terminal's public key"))
    };
    Ok(Terminal {
        id: TerminalId::from_bytes(id),
        account: AccountName::from_canonical(&account).map_err(|_| AuthError::Damaged("an account"))?,
        profile: HardwareProfile::from_canonical(&profile)
            .map_err(|_| AuthError::Damaged("a hardware profile"))?,
        signing_public: key(&signing)?,
        agreement_public: key(&agreement)?,
        certificate,
        status: TerminalStatus::from_code(status)?,
        enrolled_at: from_column(enrolled)?,
        last_used_at: used.map(from_column).transpose()?,
    })
}
