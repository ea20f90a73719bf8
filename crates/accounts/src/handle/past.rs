//! The past as the risk rules saw it.

use super::Accounts;
use crate::queries::past;
use crate::{Error, PastPayment, PaymentId};

impl Accounts {
    /// Payments, exchanges and holds of all states from this number on, oldest first, at most `limit`, with
    /// what the risk rules said of them; and the number that goes on from there, if there may be more.
    ///
    /// # Errors
    /// As for [`Accounts::account`].
    pub async fn past(
        &self,
        from: PaymentId,
        limit: u32,
    ) -> Result<(Vec<PastPayment>, Option<PaymentId>), Error> {
        let limit = limit.max(1);
        let page = self.read(move |connection| past::past(connection, from, limit)).await?;
        let full = u32::try_from(page.len()).is_ok_and(|count| count >= limit);
        let next = page.last().filter(|_| full).map(|last| PaymentId(last.payment.0.saturating_add(1)));
        Ok((page, next))
    }
}
