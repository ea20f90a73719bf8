//! Questions. They never hold up posting, and see at least what had been answered before they were asked.

use std::collections::BTreeMap;

use ledger::Timestamp;
use money::Money;

use super::{Accounts, length};
use crate::account::NAME_BYTES_MAX;
use crate::payment::REFERENCE_BYTES_MAX;
use crate::queries::{self, days, payments};
use crate::{
    Account, AccountId, Cursor, Error, HolderId, Kind, Movement, OpenHold, Page, PaymentId, PaymentRecord,
    Period, TrialRow,
};

impl Accounts {
    /// The account with this number.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Stopped`], as for all questions.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, Error> {
        self.read(move |connection| queries::account(connection, id)).await
    }

    /// The accounts of a holder, oldest first, at most 1,000.
    ///
    /// # Errors
    /// As for [`Accounts::account`].
    pub async fn accounts_of(&self, holder: &HolderId) -> Result<Vec<Account>, Error> {
        let holder = holder.clone();
        self.read(move |connection| queries::accounts_of(connection, &holder)).await
    }

    /// Open accounts whose holder or name contains the text, or whose number it is; of one kind or of any; by
    /// name, at most [`PAGE_ENTRIES_MAX`](crate::PAGE_ENTRIES_MAX).
    ///
    /// # Errors
    /// [`Decline::Length`](crate::Decline::Length) for a long text; as for [`Accounts::account`].
    pub async fn find(&self, query: &str, kind: Option<Kind>) -> Result<Vec<Account>, Error> {
        length("the text to find", query.len(), 0, NAME_BYTES_MAX)?;
        let query = query.to_owned();
        self.read(move |connection| queries::find(connection, &query, kind)).await
    }

    /// A page of an account's history, newest first: older than the cursor, at most `limit` lines (between 1
    /// and [`PAGE_ENTRIES_MAX`](crate::PAGE_ENTRIES_MAX)). An unknown account has none.
    ///
    /// # Errors
    /// As for [`Accounts::account`].
    pub async fn history(
        &self,
        account: AccountId,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page, Error> {
        self.read(move |connection| payments::history(connection, account, before, limit)).await
    }

    /// An account over a period, from one moment, inclusive, until another, exclusive: the balance before, the
    /// lines in order, the balance after. `None` for an unknown account.
    ///
    /// # Errors
    /// As for [`Accounts::account`].
    pub async fn period(
        &self,
        account: AccountId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Period>, Error> {
        self.read(move |connection| payments::period(connection, account, from, until)).await
    }

    /// What an account's balance was at a moment: after everything that was posted before it.
    ///
    /// # Errors
    /// As for [`Accounts::account`].
    pub async fn balance_at(&self, account: AccountId, at: Timestamp) -> Result<Option<Money>, Error> {
        Ok(self.period(account, at, at).await?.map(|period| period.opening))
    }

    /// Everything about a payment, whatever became of it.
    ///
    /// # Errors
    /// As for [`Accounts::account`].
    pub async fn payment(&self, id: PaymentId) -> Result<Option<PaymentRecord>, Error> {
        self.read(move |connection| payments::payment(connection, id)).await
    }

    /// The payments with this reference, oldest first, at most
    /// [`PAGE_ENTRIES_MAX`](crate::PAGE_ENTRIES_MAX).
    ///
    /// # Errors
    /// [`Decline::Length`](crate::Decline::Length); as for [`Accounts::account`].
    pub async fn payments_by_reference(&self, reference: &str) -> Result<Vec<PaymentRecord>, Error> {
        length("the reference", reference.len(), 1, REFERENCE_BYTES_MAX)?;
        let reference = reference.to_owned();
        self.read(move |connection| payments::by_reference(connection, &reference)).await
    }

    /// Payments of all states after this number, oldest first, at most `limit`: for going through all of them.
    ///
    /// # Errors
    /// As for [`Accounts::account`].
    pub async fn payments_after(&self, number: PaymentId, limit: u32) -> Result<Vec<PaymentRecord>, Error> {
        self.read(move |connection| payments::after(connection, number, limit)).await
    }

    /// The payments that wait for the operator's review, oldest first, at most
    /// [`PAGE_ENTRIES_MAX`](crate::PAGE_ENTRIES_MAX).
    ///
    /// # Errors
    /// As for [`Accounts::account`].
    pub async fn review_queue(&self) -> Result<Vec<PaymentRecord>, Error> {
        self.read(payments::in_review).await
    }

    /// Amounts that are set aside, oldest first; of one account, or of all; at most
    /// [`PAGE_ENTRIES_MAX`](crate::PAGE_ENTRIES_MAX).
    ///
    /// # Errors
    /// As for [`Accounts::account`].
    pub async fn open_holds(&self, account: Option<AccountId>) -> Result<Vec<OpenHold>, Error> {
        self.read(move |connection| payments::open_holds(connection, account)).await
    }

    /// The first number that was, or will be, given out at this moment or later: what a day begins with.
    ///
    /// # Errors
    /// As for [`Accounts::account`].
    pub async fn number_at(&self, at: Timestamp) -> Result<PaymentId, Error> {
        self.read(move |connection| payments::number_at(connection, at).map(PaymentId::from_sql)).await
    }

    /// Every movement of money from one number, inclusive, until another, exclusive, in order.
    ///
    /// # Errors
    /// As for [`Accounts::account`].
    pub async fn movements(&self, from: PaymentId, until: PaymentId) -> Result<Vec<Movement>, Error> {
        self.read(move |connection| days::movements(connection, from, until)).await
    }

    /// How many payments were refused between two numbers, by what refused them: `price`, `limit`, `risk`,
    /// `step-up`, `funds` or `ledger`.
    ///
    /// # Errors
    /// As for [`Accounts::account`].
    pub async fn declines(&self, from: PaymentId, until: PaymentId) -> Result<BTreeMap<String, u64>, Error> {
        self.read(move |connection| days::declines(connection, from, until)).await
    }

    /// Which settlement instructions have been posted: by their reference, the payment that did it. Other
    /// payments that carry such a reference do not count.
    ///
    /// # Errors
    /// As for [`Accounts::account`].
    pub async fn settlements(&self, references: Vec<String>) -> Result<BTreeMap<String, PaymentId>, Error> {
        self.read(move |connection| days::settlements(connection, &references)).await
    }

    /// The totals of every account as of a moment: everything that was posted before it.
    ///
    /// # Errors
    /// As for [`Accounts::account`].
    pub async fn trial_balance(&self, as_of: Timestamp) -> Result<Vec<TrialRow>, Error> {
        self.read(move |connection| days::trial_balance(connection, as_of)).await
    }
}
