//! One payment, from the app's order to the posting: what you see is what you sign.
//!
//! ```text
//! Preparing --found--> Confirming --the user says yes--> Signing --signed--> Posting --posted--> done
//! ```
//!
//! The platform, not the app, draws the confirmation, from the very statement whose digest the secure
//! element signs (R23). Every way out but the last leaves nothing posted.

use std::time::Duration;

use accounts::Account;
use auth::SignedIn;
use identity::{Party, Statement, StatementError, StatementFields};
use rand_core::CryptoRngCore;
use view::screens::{self, Confirmation, PaymentKind};
use view::{Language, Screen};

use crate::effect::{Order, Prepared, Refusal, Tag};
use crate::session::Now;

/// A payment that is under way.
#[derive(Debug)]
pub(crate) struct Payment {
    /// Whose it is.
    pub(crate) tag: Tag,
    stage: Stage,
    until: Duration,
}

#[derive(Debug)]
enum Stage {
    Preparing,
    Confirming { prepared: Box<Prepared>, statement: Box<Statement> },
    Signing { prepared: Box<Prepared>, statement: Box<Statement>, digest: [u8; 32] },
    Posting(Box<Prepared>),
}

/// What follows from what happened to a payment.
#[derive(Debug)]
pub(crate) enum Next {
    /// Nothing.
    Wait,
    /// Have the secure element sign this statement, and show that.
    Sign { statement: Vec<u8>, screen: Screen },
    /// Post it, and show that.
    Post { prepared: Box<Prepared>, statement: Box<Statement>, signature: [u8; 64], screen: Screen },
    /// It is over, and nothing was posted.
    Refused(Refusal),
}

impl Payment {
    /// A payment that an app has ordered and whose accounts are being found.
    pub(crate) fn ordered(order: &Order, until: Duration) -> Self {
        Self { tag: order.tag, stage: Stage::Preparing, until }
    }

    /// Its accounts are found: states what will be signed, and draws it.
    pub(crate) fn prepared(
        &mut self,
        prepared: Box<Prepared>,
        signed_in: &SignedIn,
        language: Language,
        now: Now,
        random: &mut dyn CryptoRngCore,
    ) -> Result<Screen, StatementError> {
        let mut payment_key = [0_u8; 16];
        random.fill_bytes(&mut payment_key);
        let statement = Statement::new(StatementFields {
            payment_key,
            operation: prepared.order.operation,
            payer: party(&prepared.payer),
            payee: party(&prepared.payee),
            amount: prepared.order.amount,
            fee: prepared.fee,
            at: now.wall,
            terminal: signed_in.terminal,
            customer: signed_in.customer.account.clone(),
            memo: prepared.order.memo.clone(),
        })?;
        let screen = screens::confirmation(language, &confirmation(&statement));
        self.stage = Stage::Confirming { prepared, statement: Box::new(statement) };
        Ok(screen)
    }

    /// The user chose an action of the platform's screen.
    pub(crate) fn acted(&mut self, id: &str, language: Language) -> Next {
        match std::mem::replace(&mut self.stage, Stage::Preparing) {
            Stage::Confirming { prepared, statement } if id == screens::CONFIRM => {
                let (bytes, digest) = (statement.canonical_bytes(), statement.digest());
                let screen = screens::waiting_for_signature(language, &confirmation(&statement));
                self.stage = Stage::Signing { prepared, statement, digest };
                Next::Sign { statement: bytes, screen }
            }
            Stage::Confirming { .. } | Stage::Signing { .. } => Next::Refused(Refusal::Cancelled),
            stage => {
                self.stage = stage;
                Next::Wait
            }
        }
    }

    /// The secure element signed, or would not.
    pub(crate) fn signed(
        &mut self,
        digest: [u8; 32],
        signature: Option<[u8; 64]>,
        language: Language,
    ) -> Next {
        match std::mem::replace(&mut self.stage, Stage::Preparing) {
            Stage::Signing { prepared, statement, digest: expected } if digest == expected => match signature
            {
                Some(signature) => {
                    self.stage = Stage::Posting(prepared.clone());
                    Next::Post { prepared, statement, signature, screen: screens::busy(language) }
                }
                None => Next::Refused(Refusal::NotSigned),
            },
            // A signature for a payment that has expired since.
            stage => {
                self.stage = stage;
                Next::Wait
            }
        }
    }

    /// Whether its accounts are still being found.
    pub(crate) fn is_preparing(&self) -> bool {
        matches!(self.stage, Stage::Preparing)
    }

    /// Whether a screen of the platform's own covers the app's.
    pub(crate) fn covers_app(&self) -> bool {
        !matches!(self.stage, Stage::Preparing)
    }

    /// What is being posted.
    pub(crate) fn into_posting(self) -> Option<Box<Prepared>> {
        match self.stage {
            Stage::Posting(prepared) => Some(prepared),
            _ => None,
        }
    }

    /// Whether the user took too long; a posting that is under way is never called off.
    pub(crate) fn is_expired(&self, now: Now) -> bool {
        now.monotonic >= self.until && !matches!(self.stage, Stage::Posting(_))
    }

    /// When it expires.
    pub(crate) fn until(&self) -> Option<Duration> {
        (!matches!(self.stage, Stage::Posting(_))).then_some(self.until)
    }
}

/// What the confirmation shows, from nothing but what will be signed.
fn confirmation(statement: &Statement) -> Confirmation {
    let fields = statement.fields();
    let (kind, account) = match fields.operation {
        identity::Operation::Pay => (PaymentKind::Pay, &fields.payer),
        identity::Operation::Transfer => (PaymentKind::Transfer, &fields.payer),
        identity::Operation::TopUp => (PaymentKind::TopUp, &fields.payee),
    };
    Confirmation {
        kind,
        payee: fields.payee.name.clone(),
        payee_number: fields.payee.account.clone(),
        amount: fields.amount,
        fee: fields.fee,
        account: format!("{} ({})", account.name, account.account),
        memo: fields.memo.clone(),
    }
}

fn party(account: &Account) -> Party {
    Party { account: account.id.to_string(), name: account.name.clone() }
}
