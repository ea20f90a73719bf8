//! The everyday requests: customers, merchants, their accounts, terminals and apps.

use accounts::{Account, Consent, Cursor, HolderId, Kind, NewAccount, Operation, Payment};
use anyhow::{Context, Result, bail};
use auth::{CustomerStatus, NewCustomer, TerminalStatus};
use identity::{AccountName, Language, Password, UnixTime};
use money::{Currency, Money};
use parameters::Role;
use platform::{AMOUNT_MINOR_UNITS_MAX, HOUSE};
use profile::HardwareProfile;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::block_in_place;
use tracing::info;

use crate::clock;
use crate::directory::Books;

/// One thing an operator asks for. It has no `Debug`, so that a password in it cannot reach a log.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Request {
    AddCustomer { account: String, name: String, language: String, password: String },
    SetPassword { account: String, password: String },
    SetLocked { account: String, locked: bool },
    ListCustomers,
    AddMerchant { id: String, name: String, currency: Currency },
    OpenAccount { holder: String, name: Option<String>, currency: Currency },
    ListAccounts { holder: String },
    TopUp { account: String, amount: Money, key: String },
    History { account: String, before: Option<String>, limit: u32 },
    VerifyBooks,
    AddCurrency { currency: Currency },
    EnrolTerminal { account: String, profile: String },
    ListTerminals { account: Option<String> },
    RevokeTerminal { terminal: String },
    ApprovePublisher { name: String, public_key: String },
    PublishApp { bundle: String },
    RollBackApp { app: String },
    ListApps,
}

impl Request {
    /// Which operators may ask it, once there are any; a question is anybody's who may read the directory.
    pub(super) const fn roles(&self) -> &'static [Role] {
        match self {
            Self::TopUp { .. } | Self::OpenAccount { .. } | Self::AddMerchant { .. } => {
                &[Role::Teller, Role::Finance]
            }
            Self::AddCurrency { .. } => &[Role::Finance],
            Self::AddCustomer { .. }
            | Self::SetPassword { .. }
            | Self::SetLocked { .. }
            | Self::EnrolTerminal { .. }
            | Self::RevokeTerminal { .. } => &[Role::Teller, Role::Security],
            Self::ApprovePublisher { .. } | Self::PublishApp { .. } | Self::RollBackApp { .. } => {
                &[Role::Security]
            }
            Self::ListCustomers
            | Self::ListAccounts { .. }
            | Self::History { .. }
            | Self::VerifyBooks
            | Self::ListTerminals { .. }
            | Self::ListApps => &[],
        }
    }

    /// Whether the answer belongs in the audit log: where it says what the request does not, and no secret.
    pub(super) const fn answer_is_logged(&self) -> bool {
        matches!(self, Self::TopUp { .. } | Self::PublishApp { .. } | Self::RollBackApp { .. })
    }

    /// What it does in a word, and to whom, for the audit log; nothing for a question.
    pub(super) fn act(&self) -> Option<(&'static str, String)> {
        Some(match self {
            Self::AddCustomer { account, .. } => ("add-customer", account.clone()),
            Self::SetPassword { account, .. } => ("set-password", account.clone()),
            Self::SetLocked { account, locked: true } => ("lock-customer", account.clone()),
            Self::SetLocked { account, locked: false } => ("unlock-customer", account.clone()),
            Self::AddMerchant { id, .. } => ("add-merchant", id.clone()),
            Self::OpenAccount { holder, .. } => ("open-account", holder.clone()),
            Self::TopUp { account, .. } => ("top-up", account.clone()),
            Self::AddCurrency { currency } => ("add-currency", currency.to_string()),
            Self::EnrolTerminal { account, .. } => ("enrol-terminal", account.clone()),
            Self::RevokeTerminal { terminal } => ("revoke-terminal", terminal.clone()),
            Self::ApprovePublisher { name, .. } => ("approve-publisher", name.clone()),
            Self::PublishApp { .. } => ("publish-app", String::new()),
            Self::RollBackApp { app } => ("roll-back-app", app.clone()),
            Self::ListCustomers
            | Self::ListAccounts { .. }
            | Self::History { .. }
            | Self::VerifyBooks
            | Self::ListTerminals { .. }
            | Self::ListApps => return None,
        })
    }
}

/// Carries out one request; the answer is the command's `--json` output.
pub(super) async fn carry_out(books: &Books, request: Request) -> Result<Value> {
    let _one_at_a_time = books.changing.lock().await;
    match request {
        Request::AddCustomer { account, name, language, password } => {
            let account = AccountName::new(&account)?;
            if !accounts_of(books, account.as_str()).await?.is_empty() {
                bail!("{account} is a merchant's name already; give the customer another one.");
            }
            let language = Language::from_tag(&language).context("The language is en or zh.")?;
            let new = NewCustomer {
                account: account.clone(),
                name,
                language,
                password: Password::chosen(password)?,
            };
            let event = block_in_place(|| {
                books.services.auth.add_customer(&new, clock::wall(), &mut clock::random())
            })?;
            info!("{event}");
            Ok(json!({ "account": account.as_str() }))
        }
        Request::SetPassword { account, password } => {
            let account = AccountName::new(&account)?;
            let password = Password::chosen(password)?;
            let event = block_in_place(|| {
                books.services.auth.set_password(&account, &password, &mut clock::random())
            })?;
            info!("{event}");
            Ok(json!({ "account": account.as_str() }))
        }
        Request::SetLocked { account, locked } => {
            let account = AccountName::new(&account)?;
            let status = if locked { CustomerStatus::Suspended } else { CustomerStatus::Active };
            let event = books.services.auth.set_status(&account, status)?;
            info!("{event}");
            if !locked {
                let event = books.services.auth.unlock(&account)?;
                info!("{event}");
            }
            Ok(json!({ "account": account.as_str() }))
        }
        Request::ListCustomers => {
            let customers: Vec<Value> = books
                .services
                .auth
                .customers()?
                .into_iter()
                .map(|customer| {
                    let status = if customer.locked_until.is_some_and(|until| until > clock::wall()) {
                        "locked after failed sign-ins".to_owned()
                    } else {
                        customer.status.to_string()
                    };
                    json!({
                        "account": customer.account.as_str(),
                        "name": customer.name,
                        "language": customer.language.tag(),
                        "status": status,
                    })
                })
                .collect();
            Ok(json!({ "customers": customers }))
        }
        Request::AddMerchant { id, name, currency } => {
            // Merchants and customers share one space of names, so that a holder is one or the other.
            let id = AccountName::new(&id)?;
            if books.services.auth.customer(&id)?.is_some() {
                bail!("{id} is a customer's sign-in name already; give the merchant another one.");
            }
            let has_account = accounts_of(books, id.as_str())
                .await?
                .iter()
                .any(|account| account.balance.currency() == currency);
            if has_account {
                bail!("The merchant {id} has an account in {currency} already.");
            }
            let account = open(books, id.as_str(), Kind::Merchant, name, currency).await?;
            Ok(json!({ "merchant": id.as_str(), "account": account }))
        }
        Request::OpenAccount { holder, name, currency } => {
            let holder = AccountName::new(&holder)?;
            let Some(customer) = books.services.auth.customer(&holder)? else {
                bail!("There is no customer {holder}. `thinpay customer add` makes one.");
            };
            let name = match name {
                None => customer.name,
                Some(label) => format!("{} · {label}", customer.name),
            };
            let account = open(books, holder.as_str(), Kind::Customer, name, currency).await?;
            Ok(json!({ "account": account }))
        }
        Request::ListAccounts { holder } => {
            let accounts = accounts_of(books, &holder).await?;
            if accounts.is_empty() {
                bail!("Nobody called {holder} has an account here.");
            }
            Ok(json!({ "accounts": accounts.iter().map(account_json).collect::<Vec<_>>() }))
        }
        Request::TopUp { account, amount, key } => top_up(books, &account, amount, &key).await,
        Request::History { account, before, limit } => {
            let before = before.map(|before| before.parse().map(Cursor::from_number)).transpose();
            let before = before.context("--before takes the \"next\" of an earlier page.")?;
            let page = books.services.accounts.history(account.parse()?, before, limit).await?;
            let entries: Vec<Value> = page
                .entries
                .into_iter()
                .map(|entry| {
                    json!({
                        "payment": entry.payment.to_string(),
                        "operation": entry.operation.word(),
                        "counterparty": entry.counterparty_name,
                        "amount": entry.amount,
                        "balance_after": entry.balance_after,
                        "at": UnixTime::from_nanoseconds(entry.at.0).to_string(),
                        "memo": entry.memo,
                    })
                })
                .collect();
            Ok(json!({ "entries": entries, "next": page.next.map(|next| next.to_number().to_string()) }))
        }
        Request::VerifyBooks => {
            let verified = books.services.accounts.verify().await?;
            let summary = format!(
                "{} journal records in one chain, {} accounts, {} open holds, debits equal credits in {} currencies",
                verified.rows,
                verified.accounts,
                verified.holds,
                verified.turnover.len()
            );
            Ok(
                json!({ "sound": true, "records": verified.rows, "accounts": verified.accounts, "summary": summary }),
            )
        }
        Request::AddCurrency { currency } => {
            if open_house_accounts(books, &[currency]).await? == 0 {
                bail!("The operator keeps books in {currency} already.");
            }
            Ok(json!({ "currency": currency }))
        }
        Request::EnrolTerminal { account, profile } => {
            let account = AccountName::new(&account)?;
            let profile = HardwareProfile::from_toml(&profile)?;
            let enrolled = block_in_place(|| {
                books.services.auth.enrol_terminal(&account, &profile, clock::wall(), &mut clock::random())
            })?;
            books.services.note(&enrolled.event, clock::wall(), &mut clock::random()).await;
            Ok(json!({
                "terminal": enrolled.terminal.to_string(),
                "bundle": enrolled.bundle,
                "activation_code": enrolled.activation_code.reveal().as_str(),
            }))
        }
        Request::ListTerminals { account } => {
            let account = account.map(|account| AccountName::new(&account)).transpose()?;
            let terminals: Vec<Value> = books
                .services
                .auth
                .terminals(account.as_ref())?
                .into_iter()
                .map(|terminal| {
                    json!({
                        "terminal": terminal.id.to_string(),
                        "account": terminal.account.as_str(),
                        "model": terminal.profile.model,
                        "status": match terminal.status {
                            TerminalStatus::Active => "active",
                            TerminalStatus::Revoked => "revoked",
                        },
                        "enrolled_at": terminal.enrolled_at.to_string(),
                        "last_used_at": terminal.last_used_at.map(|at| at.to_string()),
                    })
                })
                .collect();
            Ok(json!({ "terminals": terminals }))
        }
        Request::RevokeTerminal { terminal } => {
            let event = books.services.auth.revoke_terminal(terminal.parse()?)?;
            books.services.note(&event, clock::wall(), &mut clock::random()).await;
            Ok(json!({ "terminal": terminal }))
        }
        Request::ApprovePublisher { name, public_key } => books.apps.approve(&name, &public_key),
        Request::PublishApp { bundle } => block_in_place(|| books.apps.publish(&bundle)),
        Request::RollBackApp { app } => block_in_place(|| books.apps.roll_back(&app)),
        Request::ListApps => books.apps.list(),
    }
}

/// Opens the accounts that the operator needs in these currencies, as far as they are not there; returns how many.
pub(crate) async fn open_house_accounts(books: &Books, currencies: &[Currency]) -> Result<usize> {
    let there = accounts_of(books, HOUSE).await?;
    let is_there = |kind, currency| {
        there.iter().any(|account| account.kind == kind && account.balance.currency() == currency)
    };
    let mut opened = 0_usize;
    for currency in currencies {
        for (kind, name) in [
            (Kind::Settlement, "Settlement"),
            (Kind::Fees, "Fees"),
            (Kind::Exchange, "Exchange"),
            (Kind::Rounding, "Rounding"),
        ] {
            if is_there(kind, *currency) {
                continue;
            }
            // The same key on every node that shares the journal: the accounts are opened once. No operator can
            // type it.
            let key = clock::key_from_words(&format!("\0house {name} {currency}"));
            let name = format!("{name} {currency}");
            let holder = HolderId(HOUSE.to_owned());
            let new = NewAccount { key, holder, kind, name, currency: *currency };
            books.services.accounts.open_account(new).await?;
            opened = opened.saturating_add(1);
        }
    }
    Ok(opened)
}

async fn accounts_of(books: &Books, holder: &str) -> Result<Vec<Account>> {
    Ok(books.services.accounts.accounts_of(&HolderId(holder.to_owned())).await?)
}

async fn open(books: &Books, holder: &str, kind: Kind, name: String, currency: Currency) -> Result<String> {
    if matches!(kind, Kind::Customer | Kind::Merchant)
        && books.services.settlement_account(currency).await?.is_none()
    {
        bail!(
            "The operator keeps no books in {currency}. `thinpay account add-currency {currency}` starts them."
        );
    }
    let holder = HolderId(holder.to_owned());
    let new = NewAccount { key: clock::random_key(), holder, kind, name, currency };
    Ok(books.services.accounts.open_account(new).await?.to_string())
}

async fn top_up(books: &Books, account: &str, amount: Money, key: &str) -> Result<Value> {
    let currency = amount.currency();
    if !(1..=AMOUNT_MINOR_UNITS_MAX).contains(&amount.minor_units()) {
        bail!(
            "The amount is more than nothing and at most {}.",
            Money::new(AMOUNT_MINOR_UNITS_MAX, currency)
        );
    }
    let Some(settlement) = books.services.settlement_account(currency).await? else {
        bail!(
            "The operator keeps no books in {currency}. `thinpay account add-currency {currency}` starts them."
        );
    };
    let posted = books
        .services
        .accounts
        .post(Payment {
            consent: Consent::Operator,
            ..Payment::new(
                clock::key_from_words(key),
                Operation::TopUp,
                settlement.id,
                account.parse()?,
                amount,
            )
        })
        .await?;
    Ok(json!({
        "payment": posted.payment.to_string(),
        "amount": posted.amount,
        "balance": posted.to_balance,
        "duplicate": posted.duplicate,
    }))
}

fn account_json(account: &Account) -> Value {
    json!({
        "account": account.id.to_string(),
        "name": account.name,
        "kind": account.kind.word(),
        "balance": account.balance,
        "available": account.available,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_damaged_request_is_an_error_and_no_panic(at in 0_usize..120, byte: u8) {
            let request = Request::TopUp {
                account: "1000000355".to_owned(),
                amount: "500.00 CNY".parse().unwrap(),
                key: "first".to_owned(),
            };
            let mut bytes = serde_json::to_vec(&request).unwrap();
            let at = at.min(bytes.len() - 1);
            bytes[at] = byte;
            let _ = serde_json::from_slice::<Request>(&bytes);
            let _ = serde_json::from_slice::<Request>(&bytes[..at]);
        }
    }
}
