//! How the session moves: what each choice and each answer of the platform leads to.

use app_sdk::{Acted, CommandKind, Commands, Payee, RefusalReason, Replied, Reply, command};

use crate::model::{Draft, HISTORY_PAGE, Model, PAYEES_MAX, Page, Problem, Purpose, Screen};

/// The tag of `keep`, whose answer nobody waits for.
const KEEP_TAG: u32 = 0;

/// The user chose an action or a choice.
pub(crate) fn acted(model: &mut Model, acted: &Acted) -> Commands {
    let screen = std::mem::replace(&mut model.screen, Screen::Home);
    if matches!(screen, Screen::Goodbye) {
        model.screen = screen;
        return Commands::none();
    }
    match acted.id.as_str() {
        // These mean the same wherever they are offered. Going home asks for the balances of now.
        "home" | "done" => return ask(model, command::query_accounts()),
        "history" => return load(model, vec![None]),
        "sign-out" => {
            model.screen = Screen::Goodbye;
            return ask(model, command::end());
        }
        _ => {}
    }
    match screen {
        Screen::Home => home(model, &acted.id),
        Screen::Accounts => {
            if let Some(place) = place("account-", &acted.id).filter(|place| *place < model.accounts.len()) {
                model.chosen = place;
            }
            ask(model, command::query_accounts())
        }
        Screen::Find { purpose, words, .. } => find(model, purpose, words, acted),
        Screen::Payees { purpose, words, payees, more } => {
            match place("payee-", &acted.id).and_then(|place| payees.get(place)) {
                Some(payee) => amount(model, Draft::new(purpose, Some(payee.clone())), None),
                None if acted.id == "back" => {
                    model.screen = Screen::Find { purpose, words, problem: None };
                }
                None => model.screen = Screen::Payees { purpose, words, payees, more },
            }
            Commands::none()
        }
        Screen::Amount { draft, .. } => amount_filled(model, draft, acted),
        Screen::Refused { draft: Some(draft), .. } if acted.id == "back" => {
            amount(model, draft, None);
            Commands::none()
        }
        Screen::History { page } => history(model, page, &acted.id),
        Screen::Entry { page, .. } => {
            model.screen = Screen::History { page };
            Commands::none()
        }
        // Nothing else is offered on these.
        screen @ (Screen::Searching { .. }
        | Screen::Paying { .. }
        | Screen::Receipt { .. }
        | Screen::Refused { .. }
        | Screen::Loading { .. }
        | Screen::Goodbye) => {
            model.screen = screen;
            Commands::none()
        }
    }
}

fn home(model: &mut Model, id: &str) -> Commands {
    let find = |purpose| Screen::Find { purpose, words: String::new(), problem: None };
    match id {
        "pay" => model.screen = find(Purpose::Pay),
        "transfer" => model.screen = find(Purpose::Transfer),
        "top-up" => amount(model, Draft::new(Purpose::TopUp, None), None),
        "accounts" => model.screen = Screen::Accounts,
        _ => {}
    }
    Commands::none()
}

fn find(model: &mut Model, purpose: Purpose, words_before: String, acted: &Acted) -> Commands {
    if let Some(payee) = place("recent-", &acted.id).and_then(|place| model.recent.of(purpose).get(place)) {
        let payee = payee.clone();
        amount(model, Draft::new(purpose, Some(payee)), None);
        return Commands::none();
    }
    let words = acted.text("payee").to_owned();
    match acted.id.as_str() {
        "back" => ask(model, command::query_accounts()),
        "next" if words.is_empty() => {
            model.screen = Screen::Find { purpose, words, problem: Some(Problem::NoWords) };
            Commands::none()
        }
        "next" => {
            model.screen = Screen::Searching { purpose, words: words.clone() };
            match purpose {
                Purpose::Pay => ask(model, command::find_merchants(words)),
                Purpose::Transfer | Purpose::TopUp => ask(model, command::find_customers(words)),
            }
        }
        _ => {
            model.screen = Screen::Find { purpose, words: words_before, problem: None };
            Commands::none()
        }
    }
}

fn amount(model: &mut Model, draft: Draft, problem: Option<Problem>) {
    model.screen = Screen::Amount { draft, problem };
}

fn amount_filled(model: &mut Model, mut draft: Draft, acted: &Acted) -> Commands {
    match acted.id.as_str() {
        "back" => match draft.payee {
            Some(payee) => {
                model.screen = Screen::Find { purpose: draft.purpose, words: payee.name, problem: None };
                Commands::none()
            }
            None => ask(model, command::query_accounts()),
        },
        "next" => {
            draft.amount = acted.amount("amount").cloned();
            draft.memo = acted.text("memo").to_owned();
            send(model, draft)
        }
        _ => {
            amount(model, draft, None);
            Commands::none()
        }
    }
}

/// Asks the platform to move the money: it shows its own confirmation next.
fn send(model: &mut Model, draft: Draft) -> Commands {
    let Some(account) = model.account().map(|account| account.id.clone()) else {
        return ask(model, command::query_accounts());
    };
    let Some(sum) = draft.amount.clone().filter(|sum| sum.minor_units > 0) else {
        amount(model, draft, Some(Problem::NoAmount));
        return Commands::none();
    };
    let payee = draft.payee.as_ref().map(|payee| payee.id.clone()).unwrap_or_default();
    let command = match draft.purpose {
        Purpose::Pay => command::pay(account, payee, sum, draft.memo.clone()),
        Purpose::Transfer => command::transfer(account, payee, sum, draft.memo.clone()),
        Purpose::TopUp => command::top_up(account, sum),
    };
    model.screen = Screen::Paying { draft };
    ask(model, command)
}

fn history(model: &mut Model, page: Page, id: &str) -> Commands {
    if let Some(entry) = place("entry-", id).filter(|entry| *entry < page.entries.len()) {
        model.screen = Screen::Entry { page, entry };
        return Commands::none();
    }
    let mut starts = page.starts.clone();
    match id {
        "older" if page.next.is_some() => {
            starts.push(page.next);
            load(model, starts)
        }
        "newer" if starts.len() > 1 => {
            starts.pop();
            load(model, starts)
        }
        _ => {
            model.screen = Screen::History { page };
            Commands::none()
        }
    }
}

/// Fetches the page of history that starts at the last of these.
fn load(model: &mut Model, starts: Vec<Option<String>>) -> Commands {
    let Some(account) = model.account().map(|account| account.id.clone()) else {
        return Commands::none();
    };
    let before = starts.last().cloned().flatten();
    model.screen = Screen::Loading { starts };
    ask(model, command::query_history(account, before, HISTORY_PAGE))
}

/// The platform answered a command.
pub(crate) fn replied(model: &mut Model, replied: Replied) -> Commands {
    if replied.tag != model.tag || replied.tag == KEEP_TAG {
        return Commands::none();
    }
    let screen = std::mem::replace(&mut model.screen, Screen::Home);
    match (screen, replied.reply) {
        (Screen::Searching { purpose, words }, Reply::Payees(payees)) => found(model, purpose, words, payees),
        (Screen::Paying { draft }, Reply::Paid(receipt)) => {
            let new = draft.payee.as_ref().is_some_and(|payee| model.recent.remember(draft.purpose, payee));
            model.screen = Screen::Receipt { draft, receipt };
            if new {
                Commands::one(KEEP_TAG, command::keep(model.recent.to_bytes()))
            } else {
                Commands::none()
            }
        }
        (Screen::Paying { draft }, Reply::Refused(refusal)) => {
            let short = refusal.reason == RefusalReason::InsufficientFunds;
            model.screen = Screen::Refused { draft: Some(draft), refusal };
            // What is available is shown, so it should be what is available now.
            if short { ask(model, command::query_accounts()) } else { Commands::none() }
        }
        (Screen::Loading { starts }, Reply::History(history)) => {
            let page = Page { entries: history.entries, next: history.next, starts };
            model.screen = Screen::History { page };
            Commands::none()
        }
        (Screen::Searching { .. } | Screen::Loading { .. }, Reply::Refused(refusal)) => {
            model.screen = Screen::Refused { draft: None, refusal };
            Commands::none()
        }
        (screen, Reply::Accounts(accounts)) => {
            model.refresh(accounts);
            model.screen = screen;
            Commands::none()
        }
        // A refused refresh leaves the balances as they were.
        (screen, _) => {
            model.screen = screen;
            Commands::none()
        }
    }
}

fn found(model: &mut Model, purpose: Purpose, words: String, mut payees: Vec<Payee>) -> Commands {
    let more = payees.len() > PAYEES_MAX;
    payees.truncate(PAYEES_MAX);
    match payees.as_slice() {
        [] => model.screen = Screen::Find { purpose, words, problem: Some(Problem::NobodyFound) },
        [only] => amount(model, Draft::new(purpose, Some(only.clone())), None),
        _ => model.screen = Screen::Payees { purpose, words, payees, more },
    }
    Commands::none()
}

/// One command with the next tag, whose reply the session then expects.
fn ask(model: &mut Model, command: CommandKind) -> Commands {
    // Zero is the tag of `keep`.
    model.tag = model.tag.checked_add(1).unwrap_or(1);
    Commands::one(model.tag, command)
}

/// "entry-3" with the prefix "entry-" is place 2.
fn place(prefix: &str, id: &str) -> Option<usize> {
    id.strip_prefix(prefix)?.parse::<usize>().ok()?.checked_sub(1)
}
