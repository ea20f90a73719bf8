//! Customers' contracts (R22): who may sign in, in which language, with what password.

use std::fmt;

use identity::statement::{PARTY_NAME_BYTES_MAX, check_text};
use identity::{AccountName, Language, Password, UnixTime, register};
use rand_core::{CryptoRng, RngCore};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::AuthError;
use crate::event::Event;
use crate::store::{Auth, from_column, to_column};

/// Whether a contract is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomerStatus {
    /// The customer may sign in.
    Active,
    /// The operator has suspended the contract: nobody signs in, sessions may sign nothing more.
    Suspended,
}

impl CustomerStatus {
    pub(crate) const fn code(self) -> i64 {
        match self {
            Self::Active => 1,
            Self::Suspended => 2,
        }
    }

    pub(crate) const fn from_code(code: i64) -> Result<Self, AuthError> {
        match code {
            1 => Ok(Self::Active),
            2 => Ok(Self::Suspended),
            _ => Err(AuthError::Damaged("a customer's status")),
        }
    }
}

impl fmt::Display for CustomerStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        })
    }
}

/// A contract to be signed.
#[derive(Debug, Clone)]
pub struct NewCustomer {
    /// The account to sign in with.
    pub account: AccountName,
    /// The customer's name, as people see it; at most 128 bytes.
    pub name: String,
    /// The language of the screens.
    pub language: Language,
    /// The first password.
    pub password: Password,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// The account to sign in with.
    pub account: AccountName,
    /// The customer's name, as people see it.
    pub name: String,
    /// The language of the screens.
    pub language: Language,
    /// Whether the contract is in force.
    pub status: CustomerStatus,
    /// Until when too many failures have locked the account. The moment may lie in the past.
    pub locked_until: Option<UnixTime>,
    /// When the contract was signed.
    pub created_at: UnixTime,
}

const COLUMNS: &str = "account, name, language, status, locked_until_ms, created_at_ms";

impl Auth {
    /// Signs a contract. Stretches the password once: tens of milliseconds.
    ///
    /// # Errors
    /// [`AuthError::CustomerExists`], [`AuthError::Text`] for an unusable name, or the disk.
    pub fn add_customer(
        &self,
        new: &NewCustomer,
        now: UnixTime,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Event, AuthError> {
        check_text("customer's name", &new.name, 1, PARTY_NAME_BYTES_MAX)?;
        let record = register(rng, self.setup(), &new.account, &new.password)?.to_bytes();
        self.change(|transaction| {
            let inserted = transaction.execute(
                "INSERT INTO customer (account, name, language, status, password_record, created_at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
                params![
                    new.account.as_str(),
                    new.name,
                    new.language.tag(),
                    CustomerStatus::Active.code(),
                    record.as_slice(),
                    to_column(now)
                ],
            )?;
            if inserted == 0 {
                return Err(AuthError::CustomerExists(new.account.clone()));
            }
            Ok(Event::CustomerAdded { account: new.account.clone() })
        })
    }

    /// Sets a new password at the operator's desk. A lock stays as it is. Stretches the password once.
    ///
    /// # Errors
    /// [`AuthError::UnknownCustomer`] or the disk.
    pub fn set_password(
        &self,
        account: &AccountName,
        password: &Password,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<Event, AuthError> {
        let record = register(rng, self.setup(), account, password)?.to_bytes();
        self.update(
            account,
            "UPDATE customer SET password_record = ?2 WHERE account = ?1",
            record.as_slice(),
            Event::PasswordSet { account: account.clone() },
        )
    }

    /// Suspends a contract, or makes it active again.
    ///
    /// # Errors
    /// [`AuthError::UnknownCustomer`] or the disk.
    pub fn set_status(&self, account: &AccountName, status: CustomerStatus) -> Result<Event, AuthError> {
        self.update(
            account,
            "UPDATE customer SET status = ?2 WHERE account = ?1",
            status.code(),
            Event::CustomerStatusSet { account: account.clone(), status },
        )
    }

    /// Sets the language of a customer's screens.
    ///
    /// # Errors
    /// [`AuthError::UnknownCustomer`] or the disk.
    pub fn set_language(&self, account: &AccountName, language: Language) -> Result<(), AuthError> {
        self.change(|transaction| {
            let changed = transaction.execute(
                "UPDATE customer SET language = ?2 WHERE account = ?1",
                params![account.as_str(), language.tag()],
            )?;
            if changed == 0 { Err(AuthError::UnknownCustomer(account.clone())) } else { Ok(()) }
        })
    }

    /// Lifts the lock of too many failures before its time.
    ///
    /// # Errors
    /// [`AuthError::UnknownCustomer`] or the disk.
    pub fn unlock(&self, account: &AccountName) -> Result<Event, AuthError> {
        self.update(
            account,
            "UPDATE customer SET attempts = ?2, locked_until_ms = NULL WHERE account = ?1",
            0_i64,
            Event::Unlocked { account: account.clone() },
        )
    }

    fn update(
        &self,
        account: &AccountName,
        sql: &str,
        value: impl rusqlite::ToSql,
        event: Event,
    ) -> Result<Event, AuthError> {
        self.change(|transaction| match transaction.execute(sql, params![account.as_str(), value])? {
            0 => Err(AuthError::UnknownCustomer(account.clone())),
            _ => Ok(event),
        })
    }

    /// One customer; `None` when there is none of that name.
    ///
    /// # Errors
    /// The disk, or a damaged file.
    pub fn customer(&self, account: &AccountName) -> Result<Option<Customer>, AuthError> {
        self.read(|connection| find_customer(connection, account))
    }

    /// Every customer, by account.
    ///
    /// # Errors
    /// The disk, or a damaged file.
    pub fn customers(&self) -> Result<Vec<Customer>, AuthError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare(&format!("SELECT {COLUMNS} FROM customer ORDER BY account"))?;
            let rows = statement.query_map([], columns)?;
            rows.map(|row| customer(row?)).collect()
        })
    }
}

pub(crate) fn find_customer(
    connection: &Connection,
    account: &AccountName,
) -> Result<Option<Customer>, AuthError> {
    let sql = format!("SELECT {COLUMNS} FROM customer WHERE account = ?1");
    let row = connection.query_row(&sql, [account.as_str()], columns).optional()?;
    row.map(customer).transpose()
}

type Columns = (String, String, String, i64, Option<i64>, i64);

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn customer((account, name, language, status, locked, created): Columns) -> Result<Customer, AuthError> {
    Ok(Customer {
        account: AccountName::from_canonical(&account).map_err(|_| AuthError::Damaged("an account"))?,
        name,
        language: Language::from_tag(&language).ok_or(AuthError::Damaged("a language"))?,
        status: CustomerStatus::from_code(status)?,
        locked_until: locked.map(from_column).transpose()?,
        created_at: from_column(created)?,
    })
}
