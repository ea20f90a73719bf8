//! Parameters, tiers and acts: what changes no balance.

use std::sync::{Arc, PoisonError};

use parameters::Registry;

use super::{Accounts, length};
use crate::account::NAME_BYTES_MAX;
use crate::entry::{DETAIL_BYTES_MAX, Entry, Item, PARAMETER_BYTES_MAX, ParameterChange, ParameterStep};
use crate::error::decline;
use crate::payment::{EVIDENCE_BYTES_MAX, MEMO_BYTES_MAX};
use crate::queries::log;
use crate::{AccountId, Act, ActRecord, Error, PaymentId};

impl Accounts {
    /// All parameters with all their versions, as of the last answer.
    #[must_use]
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.inner.shared.registry.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a step in the life of a parameter. Whether the operator may, and has signed for it, is the
    /// caller's to know; that two operators differ is checked here.
    ///
    /// # Errors
    /// [`Decline::Parameter`](crate::Decline::Parameter) with what is wrong, where; [`Error::Store`],
    /// [`Error::Stopped`].
    pub async fn change_parameter(&self, change: ParameterChange) -> Result<(), Error> {
        length("the operator's name", change.operator.len(), 1, NAME_BYTES_MAX)?;
        length("the evidence", change.evidence.len(), 0, EVIDENCE_BYTES_MAX)?;
        if let ParameterStep::Draft { text, note, .. } = &change.step {
            length("the parameter's text", text.len(), 0, PARAMETER_BYTES_MAX)?;
            length("the note", note.len(), 0, MEMO_BYTES_MAX)?;
        }
        self.noted(Entry::Parameter(change)).await.map(|_| ())
    }

    /// Gives an account a tier: which limits apply to it.
    ///
    /// # Errors
    /// [`Decline::UnknownAccount`](crate::Decline::UnknownAccount); [`Error::Store`], [`Error::Stopped`].
    pub async fn set_tier(
        &self,
        key: [u8; 16],
        account: AccountId,
        tier: &str,
        operator: &str,
    ) -> Result<(), Error> {
        length("the tier", tier.len(), 1, NAME_BYTES_MAX)?;
        length("the operator's name", operator.len(), 1, NAME_BYTES_MAX)?;
        let (tier, operator) = (tier.to_owned(), operator.to_owned());
        self.noted(Entry::Tier { key, account, tier, operator }).await.map(|_| ())
    }

    /// Puts an act into the book: once, however often it is asked under the same key.
    ///
    /// # Errors
    /// [`Decline::Length`](crate::Decline::Length); [`Error::Store`], [`Error::Stopped`].
    pub async fn act(&self, act: Act) -> Result<PaymentId, Error> {
        for (what, text) in [("the actor", &act.actor), ("the action", &act.action)] {
            length(what, text.len(), 1, NAME_BYTES_MAX)?;
        }
        length("the subject", act.subject.len(), 0, NAME_BYTES_MAX)?;
        length("the detail", act.detail.len(), 0, DETAIL_BYTES_MAX)?;
        self.noted(Entry::Act(act)).await
    }

    /// Acts of one kind, or of all, newest first, older than the number; at most `limit`, 1,000 at most.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Stopped`].
    pub async fn acts(
        &self,
        action: Option<&str>,
        before: Option<PaymentId>,
        limit: u32,
    ) -> Result<Vec<ActRecord>, Error> {
        let action = action.map(str::to_owned);
        self.read(move |connection| log::acts(connection, action.as_deref(), before, limit)).await
    }

    pub(super) async fn noted(&self, entry: Entry) -> Result<PaymentId, Error> {
        let told = self.ask(Item::new(entry)).await?;
        told.answer.result.map_err(|refusal| decline(refusal, None))?;
        Ok(PaymentId(told.answer.number.0))
    }
}
