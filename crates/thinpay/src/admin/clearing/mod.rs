//! The operator's requests about clearing and settlement.
//!
//! A cut-off is an act in the book. Its number says exactly which payments are of the day, so no payment waits
//! for it. Everything else about a day is made from the book whenever it is asked for: the movements between two
//! cut-offs, the participants in effect at the cut-off, who is held out, and what earlier days left unsettled.
//! Once a cycle's files have been given out, what is done afterwards no longer counts for that cycle, so that
//! the same files can be made again; the act that notes it has their digest.

mod cut_off;
mod day;
mod files;
mod log;
mod parties;
mod settle;
mod totals;

use accounts::{Act, HolderId, Kind, NewAccount, Timestamp};
use anyhow::{Result, bail};
use clearing::{Day, Instruction, ParticipantId};
use identity::UnixTime;
use money::Currency;
use parameters::Role;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::actor::Actor;
use crate::clock;
use crate::directory::Books;
use log::{HoldOutDetail, Log};
use parties::Parties;
use settle::States;

pub(crate) use cut_off::{make_due, runs_for};

/// Most days in one list.
pub(crate) const DAYS_MAX: u32 = 1000;

/// What an operator can ask about clearing.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Request {
    /// Ends a day; the one that is due, if none is named.
    CutOff { day: Option<Day> },
    /// The newest days.
    List { limit: u32 },
    /// A day's clearing; with its tables, if they are to be written.
    Run { day: Day, tables: bool, new_cycle: bool },
    /// Compares a day with totals of acceptance terminals, a CSV table.
    Match { day: Day, file: String, text: String },
    /// Takes a participant out of a day.
    HoldOut { participant: ParticipantId, day: Day, reason: String },
    /// Puts it back.
    Readmit { participant: ParticipantId, day: Day, reason: String },
    /// Opens the account in the book that a participant settles through.
    OpenAccount { participant: ParticipantId, currency: Currency },
    /// Gives a day's files out.
    Export { day: Day, new_cycle: bool },
    /// Takes in what the bank reports.
    Confirm { file: String, text: String },
    /// Notes that the bank does not carry an instruction out.
    Refuse { instruction: String, reason: String },
    /// Instructions with their states: of a day, or of all days that are not settled.
    Instructions { day: Option<Day> },
}

/// Carries out one request; the answer is the command's `--json` output.
pub(super) async fn carry_out(books: &Books, request: Request, actor: &Actor) -> Result<Value> {
    let asks = matches!(request, Request::List { .. } | Request::Run { .. } | Request::Instructions { .. });
    if asks {
        return answer(books, request).await;
    }
    actor.require(&[Role::Finance])?;
    let _one_at_a_time = books.changing.lock().await;
    match request {
        Request::CutOff { day } => cut_off::make(books, day, &actor.name).await,
        Request::Match { day, file, text } => totals::compare(books, actor, day, &file, &text).await,
        Request::HoldOut { participant, day, reason } => {
            hold_out(books, actor, participant, day, reason, true).await
        }
        Request::Readmit { participant, day, reason } => {
            hold_out(books, actor, participant, day, reason, false).await
        }
        Request::OpenAccount { participant, currency } => {
            open_account(books, actor, &participant, currency).await
        }
        Request::Export { day, new_cycle } => settle::export(books, actor, day, new_cycle).await,
        Request::Confirm { file, text } => settle::take_in(books, actor, &file, &text).await,
        Request::Refuse { instruction, reason } => {
            settle::refuse_by_hand(books, actor, &instruction, &reason).await
        }
        Request::List { .. } | Request::Run { .. } | Request::Instructions { .. } => {
            bail!("Questions are answered elsewhere.")
        }
    }
}

async fn answer(books: &Books, request: Request) -> Result<Value> {
    let log = Log::read(&books.services.accounts).await?;
    match request {
        Request::List { limit } => list(books, &log, limit),
        Request::Run { day, tables, new_cycle } => run(books, &log, day, tables, new_cycle).await,
        Request::Instructions { day } => {
            let days: Vec<Day> = match day {
                Some(day) => vec![day],
                None => {
                    let open = log.cut_offs.iter().filter(|cut_off| log.state(cut_off.day) == "given-out");
                    open.map(|cut_off| cut_off.day).collect()
                }
            };
            let mut instructions = Vec::new();
            for day in &days {
                let clearing = day::clear(books, &log, *day, false).await?.clearing;
                let states = States::of(books, &log, &clearing).await?;
                let of_day = clearing.instructions.iter().map(|one| states.instruction(&clearing, one));
                instructions.extend(of_day);
            }
            Ok(json!({ "days": days, "instructions": instructions }))
        }
        _ => bail!("Only questions are answered here."),
    }
}

fn list(books: &Books, log: &Log, limit: u32) -> Result<Value> {
    let limit = usize::try_from(limit.min(DAYS_MAX)).unwrap_or(usize::MAX);
    let days: Vec<Value> = log
        .cut_offs
        .iter()
        .rev()
        .take(limit)
        .map(|cut_off| {
            let export = log.export(cut_off.day);
            json!({
                "day": cut_off.day,
                "at": moment(cut_off.at),
                "number": cut_off.number.to_string(),
                "by": cut_off.by,
                "state": log.state(cut_off.day),
                "cycle": export.map_or(1, |export| export.detail.cycle),
                "instructions": export.map(|export| export.detail.instructions),
                "given_out_at": export.map(|export| moment(export.at)),
                "digest": export.map(|export| export.detail.digest.clone()),
                "held_out": log.held_out(cut_off.day, export.map(|export| export.number)),
            })
        })
        .collect();
    let now = clock::timestamp();
    let parameters = books.services.accounts.registry().effective(now).cut_off;
    let mut day = parameters.clearing_day(now);
    if let Some(last) = log.cut_offs.last() {
        // A day may be ended early: what comes then is of the next.
        let last: parameters::Day = last.day.to_string().parse().map_err(anyhow::Error::msg)?;
        day = day.max(last.tomorrow());
    }
    let running = json!({ "day": cut_off::read_day(day)?, "ends_at": moment(parameters.ends(day)) });
    Ok(json!({ "days": days, "running": running }))
}

async fn run(books: &Books, log: &Log, day: Day, tables: bool, new_cycle: bool) -> Result<Value> {
    let cleared = day::clear(books, log, day, new_cycle).await?;
    let clearing = &cleared.clearing;
    let states = States::of(books, log, clearing).await?;
    let export = log.export(day).filter(|export| export.detail.cycle == clearing.cycle);
    let held_out = log.held_out(day, export.map(|export| export.number));
    // What was done after the files were given out counts for a new cycle only: say so.
    let changed_since = export.is_some() && log.held_out(day, None) != held_out;
    let instructions: Vec<Value> =
        clearing.instructions.iter().map(|one: &Instruction| states.instruction(clearing, one)).collect();
    let files = if tables { files::answer(files::tables(clearing)) } else { Value::Null };
    Ok(json!({
        "day": clearing.day,
        "cycle": clearing.cycle,
        "state": if export.is_some() { log.state(day) } else { "cut-off" },
        "cut_off_at": moment(clearing.cut_off_at),
        "settlement_day": clearing.settlement_day,
        "lines": clearing.lines,
        "lines_within_one_participant": clearing.lines_within_one_participant,
        "held_out": held_out,
        "changed_since_given_out": changed_since,
        "positions": clearing.positions,
        "obligations": clearing.obligations,
        "carried_in": cleared.carried_in,
        "carried_out": clearing.carried_out,
        "instructions": instructions,
        "files": files,
    }))
}

async fn hold_out(
    books: &Books,
    actor: &Actor,
    participant: ParticipantId,
    day: Day,
    reason: String,
    out: bool,
) -> Result<Value> {
    let log = Log::read(&books.services.accounts).await?;
    let cut_off = log.cut_offs.iter().find(|cut_off| cut_off.day == day);
    let at = cut_off.map_or_else(clock::timestamp, |cut_off| cut_off.at);
    let parties = Parties::at(books, at).await?;
    if !parties.list.iter().any(|one| one.id == participant) {
        let all: Vec<&str> = parties.list.iter().map(|one| one.id.as_str()).collect();
        bail!("There is no participant {participant} on {day}. They are: {}.", all.join(", "));
    }
    if cut_off.is_none() && log.cut_offs.last().is_some_and(|last| day <= last.day) {
        bail!("{day} has no cut-off and gets none any more: a later day has one.");
    }
    if let Some(later) = settle::later_given_out(&log, day).filter(|_| log.export(day).is_some()) {
        bail!("{day} was given out, and {later} after it: who was held out of it stays so.");
    }
    match (out, log.held_out(day, None).contains(&participant)) {
        (true, true) => bail!("{participant} is held out of {day} already."),
        (false, false) => bail!("{participant} is not held out of {day}."),
        _ => {}
    }
    let action = if out { log::HOLD_OUT } else { log::READMIT };
    let act = Act {
        key: actor.key,
        actor: actor.name.clone(),
        action: action.to_owned(),
        subject: participant.to_string(),
        detail: serde_json::to_string(&HoldOutDetail { day, reason })?,
    };
    books.services.accounts.act(act).await?;
    let cycle = log.export(day).map_or(1, |export| export.detail.cycle.saturating_add(1));
    let log = Log::read(&books.services.accounts).await?;
    Ok(json!({
        "participant": participant, "day": day, "cycle": cycle, "held_out": log.held_out(day, None),
    }))
}

/// Opens a participant's settlement account, once for each currency.
async fn open_account(
    books: &Books,
    actor: &Actor,
    participant: &ParticipantId,
    currency: Currency,
) -> Result<Value> {
    if books.services.settlement_account(currency).await?.is_none() {
        bail!(
            "The operator keeps no books in {currency}. `thinpay account add-currency {currency}` starts them."
        );
    }
    let accounts = &books.services.accounts;
    let holder = HolderId(participant.to_string());
    let own = accounts.accounts_of(&holder).await?;
    if own.iter().any(|account| account.kind != Kind::Settlement) {
        bail!("{participant} is a customer's or merchant's name already; give the participant another one.");
    }
    let known = own.iter().find(|account| account.balance.currency() == currency && !account.closed);
    let again = known.is_some();
    let account = match known {
        Some(account) => account.id,
        None => {
            let name = format!("Settlement {participant} {currency}");
            let new = NewAccount { key: actor.key, holder, kind: Kind::Settlement, name, currency };
            let account = accounts.open_account(new).await?;
            super::note(books, actor, "open-settlement-account", participant.as_str(), &account.to_string())
                .await?;
            account
        }
    };
    Ok(json!({
        "participant": participant, "currency": currency, "account": account.to_string(), "again": again,
    }))
}

/// The idempotency key of something that is done once in the life of a book.
fn derived_key(what: &str, of: &str) -> [u8; 16] {
    let digest = Sha256::new()
        .chain_update(b"thinpay clearing key v1\n")
        .chain_update(what)
        .chain_update(b"\n")
        .chain_update(of)
        .finalize();
    let mut key = [0; 16];
    key.iter_mut().zip(digest).for_each(|(byte, hashed)| *byte = hashed);
    key
}

fn moment(at: Timestamp) -> String {
    UnixTime::from_nanoseconds(at.0).to_string()
}
