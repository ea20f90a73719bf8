//! The step-up (R23): is this signature, over this statement, from this session's secure element?

use identity::device::SIGNATURE_BYTES;
use identity::{Evidence, EvidenceError, Statement, UnixTime};

use crate::customers::find_customer;
use crate::error::StatementRefusal;
use crate::login::{SignedIn, allowed};
use crate::store::Auth;
use crate::terminals::find_terminal;

/// How old a statement may be when its signature is accepted, in seconds.
pub const STATEMENT_AGE_SECONDS_MAX: u64 = 120;
/// How far a statement may be dated ahead (nodes' clocks differ), in seconds.
pub const STATEMENT_SKEW_SECONDS_MAX: u64 = 5;

impl Auth {
    /// Checks a secure element's signature `r || s` over a statement: the session's terminal and
    /// customer, both still allowed, at most two minutes old, the enrolled key, a certificate of this
    /// operator. Gives the evidence to keep with the posting ([`Evidence::parse`], [`Evidence::verify`]).
    ///
    /// Whether the statement was signed before is the ledger's question: its payment key is the
    /// posting's idempotency key.
    ///
    /// # Errors
    /// A [`StatementRefusal`]; nothing may be posted then.
    pub fn verify_statement(
        &self,
        signed_in: &SignedIn,
        statement: &Statement,
        signature: &[u8; SIGNATURE_BYTES],
        now: UnixTime,
    ) -> Result<Vec<u8>, StatementRefusal> {
        let fields = statement.fields();
        if fields.terminal != signed_in.terminal {
            return Err(StatementRefusal::AnotherTerminal);
        }
        if fields.customer != signed_in.customer.account {
            return Err(StatementRefusal::AnotherCustomer);
        }
        if now.milliseconds_since(fields.at) > STATEMENT_AGE_SECONDS_MAX * 1_000 {
            return Err(StatementRefusal::Stale);
        }
        if fields.at.milliseconds_since(now) > STATEMENT_SKEW_SECONDS_MAX * 1_000 {
            return Err(StatementRefusal::FromTheFuture);
        }
        let (customer, terminal) = self.read(|connection| {
            Ok((find_customer(connection, &fields.customer)?, find_terminal(connection, fields.terminal)?))
        })?;
        let terminal = match (customer, terminal) {
            (Some(customer), Some(terminal)) if allowed(&customer, &terminal) => terminal,
            _ => return Err(StatementRefusal::NoLongerAllowed),
        };
        let evidence = Evidence::new(statement.clone(), *signature, terminal.certificate)?;
        // Exactly what an auditor will do later.
        let proven = evidence.verify(self.operator_ca())?;
        if proven.certificate.signing_public != terminal.signing_public {
            return Err(EvidenceError::AnotherTerminal.into());
        }
        Ok(evidence.to_bytes())
    }
}
