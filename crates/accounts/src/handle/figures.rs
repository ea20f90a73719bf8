//! Questions for reports, and for all that belongs to one payment.

use ledger::Timestamp;

use super::Accounts;
use crate::queries::figures;
use crate::{AccountId, DayFigures, Error, HeldAt, HoldRecord, PaymentId, Related};

impl Accounts {
    /// What was posted from one number, inclusive, until another, exclusive: counted and summed.
    ///
    /// # Errors
    /// As for [`Accounts::account`].
    pub async fn day_figures(&self, from: PaymentId, until: PaymentId) -> Result<DayFigures, Error> {
        self.read(move |connection| figures::day(connection, from, until)).await
    }

    /// What was set aside at a moment, by one account or by all: after everything before it.
    ///
    /// # Errors
    /// As for [`Accounts::account`].
    pub async fn held_at(&self, account: Option<AccountId>, at: Timestamp) -> Result<HeldAt, Error> {
        self.read(move |connection| figures::held_at(connection, account, at)).await
    }

    /// Holds that are open, oldest first: those with a number after this one, if one is given, of one account or of all, at
    /// most [`PAGE_ENTRIES_MAX`](crate::PAGE_ENTRIES_MAX).
    ///
    /// # Errors
    /// As for [`Accounts::account`].
    pub async fn holds_after(
        &self,
        account: Option<AccountId>,
        after: Option<PaymentId>,
    ) -> Result<Vec<HoldRecord>, Error> {
        self.read(move |connection| figures::holds_after(connection, account, after)).await
    }

    /// What belongs to a payment, or to a hold, beside its record.
    ///
    /// # Errors
    /// As for [`Accounts::account`].
    pub async fn related(&self, number: PaymentId) -> Result<Related, Error> {
        self.read(move |connection| figures::related(connection, number)).await
    }
}
