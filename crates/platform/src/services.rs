//! Carrying out what sessions ask for: authentication centre, account platform, and what apps keep.

use std::collections::BTreeMap;
use std::fmt;

use accounts::{
    Account, AccountId, Accounts, Consent, Control, Cursor, Decline, HolderId, Kind, Operation, Origin,
    Payment, Posted, QuoteVerdict,
};
use auth::{Auth, AuthError, Event, SignedIn, StatementRefusal};
use identity::{LoginError, Operation as Agreed, Party, Statement, TerminalId, UnixTime};
use money::Currency;
use rand_core::CryptoRngCore;
use tokio::task::block_in_place;
use tracing::{info, warn};

use crate::acts::Acts;
use crate::effect::{Answer, Effect, Order, Prepared, Question, Refusal, Reply};

/// Whose the operator's own accounts are. No customer can be called so: it is no account name.
pub const HOUSE: &str = "$operator";
/// The most that one payment moves, in minor units. Far above what anybody pays, and far enough below what
/// an account can turn over in its life that no payment exhausts one.
pub const AMOUNT_MINOR_UNITS_MAX: i64 = 1_000_000_000_000;
/// The most payees that one search finds.
const PAYEES_MAX: usize = 20;

/// Where apps keep things for their users; the store is the program's.
pub trait Keeping: fmt::Debug + Send + Sync {
    /// Keeps these bytes in place of the last.
    ///
    /// # Errors
    /// The store's reason, as a sentence.
    fn keep(&self, holder: &str, app: &str, bytes: &[u8]) -> Result<(), String>;

    /// What each app kept for the user, by the app's identifier.
    ///
    /// # Errors
    /// The store's reason, as a sentence.
    fn of(&self, holder: &str) -> Result<BTreeMap<String, Vec<u8>>, String>;
}

/// What sessions are served from. Its methods want a multi-threaded runtime: the authentication centre
/// waits for its disk in place.
#[derive(Debug)]
pub struct Services {
    /// The authentication centre.
    pub auth: Auth,
    /// The account platform.
    pub accounts: Accounts,
    /// What apps keep.
    pub kept: Box<dyn Keeping>,
    /// The way of sign-ins into the audit log.
    pub acts: Acts,
    /// Whether customers may top up their own accounts from the settlement account, with nothing that
    /// pays for it: for demonstrations and tests, until a funding source is linked.
    pub free_top_ups: bool,
}

/// Why something could not be looked up: the server's failure, for the log.
type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Services {
    /// Does one thing for a session. Whatever it began is finished even if the session is gone meanwhile.
    pub async fn carry_out(
        &self,
        effect: Effect,
        now: UnixTime,
        random: &mut (impl CryptoRngCore + Send),
    ) -> Answer {
        match effect {
            Effect::BeginLogin { hello } => {
                match block_in_place(|| self.auth.login_begin(&hello, now, random)) {
                    Ok((pending, reply)) => {
                        self.note(&pending.event(), now, random).await;
                        Answer::LoginBegun(Ok((Box::new(pending), reply)))
                    }
                    Err(error) => Answer::LoginBegun(Err(login_error(error))),
                }
            }
            Effect::FinishLogin { pending, finish } => {
                match block_in_place(|| self.auth.login_finish(*pending, &finish, now)) {
                    Ok(signed_in) => {
                        self.note(&signed_in.event(), now, random).await;
                        Answer::LoginFinished(Ok(Box::new(signed_in)))
                    }
                    Err(refusal) => {
                        self.note(&refusal.event, now, random).await;
                        if let Some(fault) = refusal.fault {
                            warn!("a login failed at the server: {fault}");
                        }
                        Answer::LoginFinished(Err(refusal.error))
                    }
                }
            }
            Effect::Welcome { signed_in, confirm } => {
                self.welcome(&signed_in, confirm, now, random).await.unwrap_or_else(|error| {
                    warn!("what a user has was not found: {error}");
                    Answer::Failed("The server could not reach its books.".to_owned())
                })
            }
            Effect::Ask { tag, question } => {
                let reply = self.ask(question).await.unwrap_or_else(|error| {
                    warn!("a session's question was not answered: {error}");
                    Err(Refusal::Unavailable)
                });
                Answer::Replied { tag, reply }
            }
            Effect::Prepare { holder, terminal, order } => {
                let tag = order.tag;
                let outcome = self.prepare(&holder, terminal, order).await.unwrap_or_else(|error| {
                    warn!("a payment was not prepared: {error}");
                    Err(Refusal::Unavailable)
                });
                Answer::Prepared { tag, outcome: outcome.map(Box::new) }
            }
            Effect::Post { signed_in, statement, signature, prepared } => {
                let tag = prepared.order.tag;
                match self.post(&signed_in, &prepared.order.app, &statement, &signature, now).await {
                    Err(Rejection::Revoked) => Answer::Revoked,
                    Err(Rejection::Refused(refusal)) => Answer::Posted { tag, outcome: Err(refusal) },
                    Ok(posted) => Answer::Posted { tag, outcome: Ok(posted) },
                }
            }
        }
    }

    /// Tells the log and the audit log what happened.
    pub async fn note(&self, event: &Event, now: UnixTime, random: &mut (impl CryptoRngCore + Send)) {
        info!("{event}");
        let mut keys = [[0; 16]; 2];
        keys.iter_mut().for_each(|key| random.fill_bytes(key));
        self.acts.tell(&self.accounts, event, now, keys).await;
    }

    /// To be called every minute or so: the refused sign-ins of a minute that is over are counted in the audit
    /// log.
    pub async fn turn_minute(&self, now: UnixTime, random: &mut (impl CryptoRngCore + Send)) {
        let mut key = [0; 16];
        random.fill_bytes(&mut key);
        self.acts.turn(&self.accounts, now, key).await;
    }

    /// Puts all that was told into the audit log, before the account platform is closed.
    pub async fn finish_acts(&self, random: &mut (impl CryptoRngCore + Send)) {
        let mut key = [0; 16];
        random.fill_bytes(&mut key);
        self.acts.finish(&self.accounts, key).await;
    }

    async fn welcome(
        &self,
        signed_in: &SignedIn,
        confirm: bool,
        now: UnixTime,
        random: &mut (impl CryptoRngCore + Send),
    ) -> Result<Answer, Failure> {
        if confirm {
            let event = block_in_place(|| self.auth.login_confirmed(signed_in, now))?;
            self.note(&event, now, random).await;
        }
        let holder = signed_in.customer.account.to_string();
        let kept = block_in_place(|| self.kept.of(&holder))?;
        let accounts = self.accounts_of(holder).await?;
        Ok(Answer::Welcomed { accounts, kept })
    }

    async fn ask(&self, question: Question) -> Result<Result<Reply, Refusal>, Failure> {
        Ok(match question {
            Question::Accounts { holder } => Ok(Reply::Accounts(self.accounts_of(holder).await?)),
            Question::History { holder, account, before, limit } => {
                let Some(account) = self.own(&holder, &account).await? else {
                    return Ok(Err(Refusal::NotPermitted));
                };
                let before = match before.as_deref().map(str::parse) {
                    None => None,
                    Some(Ok(number)) => Some(Cursor::from_number(number)),
                    Some(Err(_)) => return Ok(Err(Refusal::Invalid)),
                };
                Ok(Reply::History(self.accounts.history(account.id, before, limit).await?))
            }
            Question::Merchants { words } => {
                let mut found = self.accounts.find(&words, Some(Kind::Merchant)).await?;
                found.truncate(PAYEES_MAX);
                Ok(Reply::Payees(found))
            }
            Question::Customer { account, asking } => {
                let account = account.trim().to_lowercase();
                let found = if account == asking { Vec::new() } else { self.accounts_of(account).await? };
                Ok(Reply::Payees(found))
            }
            Question::Refused(refusal) => Err(refusal),
            Question::Keep { holder, app, bytes } => {
                block_in_place(|| self.kept.keep(&holder, &app, &bytes))?;
                Ok(Reply::Kept)
            }
        })
    }

    /// A customer's accounts.
    async fn accounts_of(&self, holder: String) -> Result<Vec<Account>, accounts::Error> {
        let mut accounts = self.accounts.accounts_of(&HolderId(holder)).await?;
        accounts.retain(|account| account.kind == Kind::Customer);
        Ok(accounts)
    }

    /// The account, if it is this customer's.
    async fn own(&self, holder: &str, account: &str) -> Result<Option<Account>, accounts::Error> {
        let is_own = |account: &Account| account.holder.0 == holder && account.kind == Kind::Customer;
        Ok(self.any(account).await?.filter(is_own))
    }

    async fn any(&self, account: &str) -> Result<Option<Account>, accounts::Error> {
        let Ok(id) = account.parse::<AccountId>() else { return Ok(None) };
        self.accounts.account(id).await
    }

    async fn prepare(
        &self,
        holder: &str,
        terminal: TerminalId,
        order: Order,
    ) -> Result<Result<Prepared, Refusal>, Failure> {
        let currency = order.amount.currency();
        let (payer, payee) = match order.operation {
            Agreed::TopUp if !self.free_top_ups => return Ok(Err(Refusal::NotPermitted)),
            Agreed::TopUp => {
                (self.settlement_account(currency).await?, self.own(holder, &order.destination).await?)
            }
            _ => (self.own(holder, &order.source).await?, self.any(&order.destination).await?),
        };
        let Some(payer) = payer else { return Ok(Err(Refusal::NotPermitted)) };
        let Some(payee) = payee else { return Ok(Err(Refusal::UnknownPayee)) };
        if !operation(order.operation).allows(payer.kind, payee.kind) {
            return Ok(Err(Refusal::UnknownPayee));
        }
        let one_currency = payer.balance.currency() == currency && payee.balance.currency() == currency;
        let in_range = (1..=AMOUNT_MINOR_UNITS_MAX).contains(&order.amount.minor_units());
        if !in_range || !one_currency || payer.id == payee.id {
            return Ok(Err(Refusal::Invalid));
        }
        // Told now rather than after the signature; the posting checks again.
        if payer.kind == Kind::Customer && payer.available.compare(order.amount)?.is_lt() {
            return Ok(Err(Refusal::InsufficientFunds));
        }
        let payment = Payment {
            origin: origin(&order.app, terminal),
            consent: Consent::Signed,
            ..Payment::new([0; 16], operation(order.operation), payer.id, payee.id, order.amount)
        };
        let quote = match self.accounts.quote(&payment).await {
            Ok(quote) => quote,
            Err(accounts::Error::Declined(decline)) => return Ok(Err(declined(&decline))),
            Err(error) => return Err(error.into()),
        };
        if let QuoteVerdict::Decline(decline) = quote.verdict {
            return Ok(Err(declined(&decline)));
        }
        Ok(Ok(Prepared { fee: quote.fee, order, payer, payee }))
    }

    /// The account through which money comes in, in this currency.
    ///
    /// # Errors
    /// The account platform's.
    pub async fn settlement_account(&self, currency: Currency) -> Result<Option<Account>, accounts::Error> {
        let house = self.accounts.accounts_of(&HolderId(HOUSE.to_owned())).await?;
        Ok(house
            .into_iter()
            .find(|account| account.kind == Kind::Settlement && account.balance.currency() == currency))
    }

    /// Verifies what was signed, and posts exactly that.
    async fn post(
        &self,
        signed_in: &SignedIn,
        app: &str,
        statement: &Statement,
        signature: &[u8; 64],
        now: UnixTime,
    ) -> Result<Posted, Rejection> {
        let verified = block_in_place(|| self.auth.verify_statement(signed_in, statement, signature, now));
        let evidence = verified.map_err(|error| {
            info!(terminal = %signed_in.terminal, "a signed statement was not accepted: {error}");
            match error {
                StatementRefusal::NoLongerAllowed => Rejection::Revoked,
                StatementRefusal::Stale => Rejection::Refused(Refusal::Expired),
                StatementRefusal::Auth(_) => Rejection::Refused(Refusal::Unavailable),
                _ => Rejection::Refused(Refusal::NotSigned),
            }
        })?;
        let fields = statement.fields();
        let account = |party: &Party| party.account.parse().map_err(|_| Rejection::Refused(Refusal::Invalid));
        let operation = operation(fields.operation);
        let (from, to) = (account(&fields.payer)?, account(&fields.payee)?);
        let payment = Payment {
            agreed_fee: Some(fields.fee),
            memo: fields.memo.clone(),
            origin: origin(app, fields.terminal),
            consent: Consent::Signed,
            evidence,
            ..Payment::new(fields.payment_key, operation, from, to, fields.amount)
        };
        match self.accounts.post(payment).await {
            Ok(posted) => Ok(posted),
            Err(accounts::Error::Declined(decline)) => {
                info!(account = %signed_in.customer.account, "a payment was declined: {decline}");
                Err(Rejection::Refused(declined(&decline)))
            }
            Err(error @ accounts::Error::InReview { .. }) => {
                info!(account = %signed_in.customer.account, "{error}");
                Err(Rejection::Refused(Refusal::InReview))
            }
            Err(error) => {
                warn!("a payment was not posted: {error}");
                Err(Rejection::Refused(Refusal::Unavailable))
            }
        }
    }
}

/// The account platform's word for what a customer agrees to.
pub(crate) const fn operation(agreed: Agreed) -> Operation {
    match agreed {
        Agreed::Pay => Operation::Pay,
        Agreed::Transfer => Operation::Transfer,
        Agreed::TopUp => Operation::TopUp,
    }
}

/// Where a payment comes from, for limits and risk rules. The region of a terminal is not known yet.
fn origin(app: &str, terminal: TerminalId) -> Origin {
    Origin { app: app.to_owned(), terminal: terminal.to_string(), region: String::new() }
}

/// A decline as a session's user is told of it.
fn declined(decline: &Decline) -> Refusal {
    match decline {
        Decline::InsufficientFunds { .. } => Refusal::InsufficientFunds,
        Decline::UnknownAccount(_) | Decline::AccountClosed(_) => Refusal::UnknownPayee,
        Decline::NotAllowed => Refusal::NotPermitted,
        Decline::Controls(refusal) => match refusal.control {
            Control::Limit => Refusal::OverLimit,
            Control::Risk => Refusal::Suspicious,
            Control::StepUp => Refusal::StepUp,
            Control::Price => Refusal::PriceChanged,
        },
        _ => Refusal::Invalid,
    }
}

/// Why a signed statement was not posted.
enum Rejection {
    Refused(Refusal),
    Revoked,
}

/// What the terminal may be told: the same for every reason that is the user's.
fn login_error(error: AuthError) -> LoginError {
    match error {
        AuthError::Login(error) => error,
        other => {
            warn!("a login failed at the server: {other}");
            LoginError::Refused
        }
    }
}
