//! Carrying out what sessions ask for, with the books.

use std::sync::Arc;

use accounts::{Account, AccountId, Cursor, Decline, HolderId, Kind, Operation, Payment};
use anyhow::{Context, Result};
use auth::{AuthError, SignedIn, StatementRefusal};
use identity::{AccountName, LoginError, Statement};
use money::Money;
use platform::{Answer, Effect, Order, Prepared, Question, Refusal, Reply};
use seal::Root;
use tokio::task::block_in_place;
use tracing::{info, warn};

use super::Server;
use crate::clock;
use crate::directory::Books;

/// The most payees that one search finds.
const PAYEES_MAX: usize = 20;

impl Server {
    /// Does one thing for a session. Whatever it began is finished even if the session is gone meanwhile.
    pub(crate) async fn carry_out(self: Arc<Self>, effect: Effect) -> Answer {
        let books = &*self.books;
        match effect {
            Effect::BeginLogin { hello } => Answer::LoginBegun(block_in_place(|| {
                let begun = books.auth.login_begin(&hello, clock::wall(), &mut clock::random());
                match begun {
                    Ok((pending, reply)) => {
                        info!("{}", pending.event());
                        Ok((Box::new(pending), reply))
                    }
                    Err(error) => Err(login_error(&error)),
                }
            })),
            Effect::FinishLogin { pending, finish } => Answer::LoginFinished(block_in_place(|| {
                let finished = books.auth.login_finish(*pending, &finish, clock::wall());
                match finished {
                    Ok(signed_in) => {
                        info!("{}", signed_in.event());
                        Ok(Box::new(signed_in))
                    }
                    Err(refusal) => {
                        info!("{}", refusal.event);
                        if let Some(fault) = refusal.fault {
                            warn!("a login failed at the server: {fault}");
                        }
                        Err(refusal.error)
                    }
                }
            })),
            Effect::Welcome { signed_in, confirm } => welcome(books, &signed_in, confirm).await.unwrap_or_else(failed),
            Effect::Ask { tag, question } => match ask(books, question).await {
                Ok(reply) => Answer::Replied { tag, reply },
                Err(error) => {
                    warn!("a session's question was not answered: {error:#}");
                    Answer::Replied { tag, reply: Err(Refusal::Unavailable) }
                }
            },
            Effect::Prepare { holder, order } => {
                let tag = order.tag;
                let outcome = prepare(books, &holder, order).await.unwrap_or_else(|error| {
                    warn!("a payment was not prepared: {error:#}");
                    Err(Refusal::Unavailable)
                });
                Answer::Prepared { tag, outcome: outcome.map(Box::new) }
            }
            Effect::Post { signed_in, statement, signature, prepared } => {
                post(books, &signed_in, &statement, &signature, &prepared).await
            }
        }
    }
}

fn failed(error: anyhow::Error) -> Answer {
    warn!("a session's request failed: {error:#}");
    Answer::Failed("The server could not reach its books.".to_owned())
}

/// What the terminal may be told: the same for every reason that is the user's.
fn login_error(error: &AuthError) -> LoginError {
    match error {
        AuthError::Login(error) => error.clone(),
        other => {
            warn!("a login failed at the server: {other}");
            LoginError::Refused
        }
    }
}

async fn welcome(books: &Books, signed_in: &SignedIn, confirm: bool) -> Result<Answer> {
    if confirm {
        let event = block_in_place(|| books.auth.login_confirmed(signed_in, clock::wall()))?;
        info!("{event}");
    }
    let holder = signed_in.customer.account.to_string();
    let kept = block_in_place(|| books.kept.of(&holder))?;
    let accounts = books.accounts.accounts_of(&HolderId(holder)).await?;
    Ok(Answer::Welcomed { accounts, kept })
}

async fn ask(books: &Books, question: Question) -> Result<Result<Reply, Refusal>> {
    Ok(match question {
        Question::Accounts { holder } => Ok(Reply::Accounts(books.accounts.accounts_of(&HolderId(holder)).await?)),
        Question::History { holder, account, before, limit } => {
            let Some(account) = own(books, &holder, &account).await? else {
                return Ok(Err(Refusal::NotPermitted));
            };
            let before = match before.as_deref().map(str::parse) {
                None => None,
                Some(Ok(number)) => Some(Cursor::from_number(number)),
                Some(Err(_)) => return Ok(Err(Refusal::Invalid)),
            };
            Ok(Reply::History(books.accounts.history(account.id, before, limit).await?))
        }
        Question::Merchants { words } => {
            let mut found = books.accounts.find(&words, Some(Kind::Merchant)).await?;
            found.truncate(PAYEES_MAX);
            Ok(Reply::Payees(found))
        }
        Question::Customer { account, asking } => {
            let account = account.trim().to_lowercase();
            let found = if account == asking {
                Vec::new()
            } else {
                books.accounts.accounts_of(&HolderId(account)).await?
            };
            Ok(Reply::Payees(found.into_iter().filter(|account| account.kind == Kind::Customer).collect()))
        }
        Question::Keep { holder, app, bytes } => {
            block_in_place(|| books.kept.keep(&holder, &app, &bytes))?;
            Ok(Reply::Kept)
        }
    })
}

/// The account, if it is the holder's.
async fn own(books: &Books, holder: &str, account: &str) -> Result<Option<Account>> {
    let Ok(id) = account.parse::<AccountId>() else { return Ok(None) };
    Ok(books.accounts.account(id).await?.filter(|account| account.holder.0 == holder))
}

async fn other(books: &Books, account: &str) -> Result<Option<Account>> {
    let Ok(id) = account.parse::<AccountId>() else { return Ok(None) };
    Ok(books.accounts.account(id).await?)
}

async fn prepare(books: &Books, holder: &str, order: Order) -> Result<Result<Prepared, Refusal>> {
    let currency = order.amount.currency();
    let (payer, payee) = match order.operation {
        Operation::TopUp => (settlement_account(books, currency).await?, own(books, holder, &order.destination).await?),
        _ => (own(books, holder, &order.source).await?, other(books, &order.destination).await?),
    };
    let Some(payer) = payer else { return Ok(Err(Refusal::NotPermitted)) };
    let Some(payee) = payee else { return Ok(Err(Refusal::UnknownPayee)) };
    if !order.operation.allows(payer.kind, payee.kind) {
        return Ok(Err(Refusal::UnknownPayee));
    }
    let one_currency = payer.balance.currency() == currency && payee.balance.currency() == currency;
    if !order.amount.is_positive() || !one_currency || payer.id == payee.id {
        return Ok(Err(Refusal::Invalid));
    }
    // Told now rather than after the signature; the posting checks again.
    if payer.kind == Kind::Customer && payer.available.compare(order.amount)?.is_lt() {
        return Ok(Err(Refusal::InsufficientFunds));
    }
    Ok(Ok(Prepared { fee: Money::zero(currency), order, payer, payee }))
}

/// The account through which money comes in, in this currency.
pub(crate) async fn settlement_account(books: &Books, currency: money::Currency) -> Result<Option<Account>> {
    let house = books.accounts.accounts_of(&HolderId(crate::admin::HOUSE.to_owned())).await?;
    Ok(house
        .into_iter()
        .find(|account| account.kind == Kind::Settlement && account.balance.currency() == currency))
}

async fn post(
    books: &Books,
    signed_in: &SignedIn,
    statement: &Statement,
    signature: &[u8; 64],
    prepared: &Prepared,
) -> Answer {
    let tag = prepared.order.tag;
    let refused = |refusal| Answer::Posted { tag, outcome: Err(refusal) };
    let evidence = match block_in_place(|| books.auth.verify_statement(signed_in, statement, signature, clock::wall())) {
        Ok(evidence) => evidence,
        Err(error) => {
            info!(terminal = %signed_in.terminal, "a signed statement was not accepted: {error}");
            return refused(match error {
                StatementRefusal::Stale => Refusal::Expired,
                StatementRefusal::NoLongerAllowed => Refusal::NotPermitted,
                StatementRefusal::Auth(_) => Refusal::Unavailable,
                _ => Refusal::NotSigned,
            });
        }
    };
    // Everything that moves comes from what was signed; the accounts are those that its names were read from.
    let fields = statement.fields();
    let payment = Payment {
        key: fields.payment_key,
        operation: prepared.order.operation,
        from: prepared.payer.id,
        to: prepared.payee.id,
        amount: fields.amount,
        fee: fields.fee,
        memo: fields.memo.clone(),
        evidence,
    };
    match books.accounts.post(payment).await {
        Ok(posted) => Answer::Posted { tag, outcome: Ok(posted) },
        Err(accounts::Error::Declined(decline)) => {
            info!(account = %signed_in.customer.account, "a payment was declined: {decline}");
            refused(match decline {
                Decline::InsufficientFunds { .. } => Refusal::InsufficientFunds,
                Decline::UnknownAccount(_) | Decline::AccountClosed(_) => Refusal::UnknownPayee,
                Decline::NotAllowed => Refusal::NotPermitted,
                _ => Refusal::Invalid,
            })
        }
        Err(error) => {
            warn!("a payment was not posted: {error}");
            refused(Refusal::Unavailable)
        }
    }
}

/// The customer and terminal that the plain embodiment shows, as if they had signed in.
pub(crate) fn plain_identity(books: &Books, account: &str, terminal: &str) -> Result<SignedIn> {
    let account = AccountName::new(account)?;
    let terminal = terminal.parse().context("[plain] terminal is no terminal's identifier.")?;
    let customer = books.auth.customer(&account)?.with_context(|| format!("There is no customer {account}."))?;
    let terminal = books.auth.terminal(terminal)?.filter(|terminal| terminal.account == account);
    let terminal = terminal.with_context(|| format!("The terminal in [plain] is not one of {account}'s."))?;
    let nobody = Root::derive(&[0; 32], &[], &[], &terminal.profile.digest());
    Ok(SignedIn {
        customer,
        terminal: terminal.id,
        profile: terminal.profile,
        // Nothing is sealed with it.
        root: nobody,
        signing_public: terminal.signing_public,
        certificate: terminal.certificate,
        at: clock::wall(),
    })
}
