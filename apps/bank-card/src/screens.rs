//! How each screen looks, in both languages. Titles are two or three words, so that they stand on a 20-column text
//! display; sentences say one thing.

use app_sdk::{
    Action, Choice, Detail, Field, HistoryEntry, Icon, Language, Money, Payee, Receipt, Refusal,
    RefusalReason, View,
};

use crate::model::{Draft, MEMO_CHARACTERS_MAX, Model, Page, Problem, Purpose, Screen, WORDS_CHARACTERS_MAX};

/// The screen that the session is on.
pub(crate) fn view(model: &Model) -> View {
    let say = model.language;
    match &model.screen {
        Screen::Home => home(model),
        Screen::Accounts => accounts(model),
        Screen::Find { purpose, words, problem } => find(model, *purpose, words, *problem),
        Screen::Searching { purpose, words } => View::new(title(say, *purpose))
            .progress(say.say_with("Looking for “{}”", "正在查找“{}”", &[words]))
            .action(Action::cancel("home", say.say("Cancel", "取消"))),
        Screen::Payees { purpose, payees, more, .. } => choose_payee(say, *purpose, payees, *more),
        Screen::Amount { draft, problem } => amount(model, draft, *problem),
        Screen::Paying { draft } => View::new(title(say, draft.purpose))
            .progress(say.say("Waiting for your confirmation", "等待您确认")),
        Screen::Receipt { draft, receipt } => show_receipt(model, draft, receipt),
        Screen::Refused { draft, refusal } => refused(model, draft.as_ref(), refusal),
        Screen::Loading { .. } => View::new(say.say("History", "交易明细"))
            .progress(say.say("Fetching your entries", "正在查询"))
            .action(Action::cancel("home", say.say("Cancel", "取消"))),
        Screen::History { page } => history(say, page),
        Screen::Entry { page, entry } => match page.entries.get(*entry) {
            Some(entry) => show_entry(say, entry),
            None => history(say, page),
        },
        Screen::Goodbye => View::new(say.say("Goodbye", "再见"))
            .body(say.say("You are signed out. Thank you.", "您已退出，谢谢使用。")),
    }
}

fn back(say: Language) -> Action {
    Action::cancel("back", say.say("Back", "返回"))
}

fn title(say: Language, purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Pay => say.say("Pay a merchant", "向商户付款"),
        Purpose::Transfer => say.say("Send money", "转账"),
        Purpose::TopUp => say.say("Top up", "充值"),
    }
}

fn home(model: &Model) -> View {
    let say = model.language;
    let view = View::new(say.say("Bank card", "银行卡"));
    // Not the cancelling action: the terminal's back key must not end the session.
    let sign_out = Action::secondary("sign-out", say.say("Sign out", "退出"));
    let Some(account) = model.account() else {
        return view
            .body(say.say("You have no account here yet.", "您还没有账户。"))
            .muted(say.say("Your bank can open one for you.", "请联系您的银行开户。"))
            .action(sign_out);
    };
    let mut view = view.amount(say.say("Available", "可用余额"), account.available.clone()).muted(
        // An account that tells whose it is needs no customer before it.
        if account.name.starts_with(&model.customer) {
            account.name.clone()
        } else {
            format!("{} · {}", model.customer, account.name)
        },
    );
    if account.balance != account.available {
        let sentence = ("Balance {}, part of it on hold", "账面余额 {}，部分已冻结");
        view = view.muted(say.say_with(sentence.0, sentence.1, &[&account.balance.words()]));
    }
    let mut choices = vec![
        Choice::new("pay", title(say, Purpose::Pay), Icon::Pay)
            .detail(say.say("In a shop or online", "到店或线上消费")),
        Choice::new("transfer", title(say, Purpose::Transfer), Icon::Transfer)
            .detail(say.say("To another customer", "转给其他客户")),
        Choice::new("top-up", title(say, Purpose::TopUp), Icon::TopUp)
            .detail(say.say("Add money to this account", "为此账户充值")),
        Choice::new("history", say.say("History", "交易明细"), Icon::History)
            .detail(say.say("Everything in and out", "全部收支记录")),
    ];
    if model.accounts.len() > 1 {
        let label = say.say("Switch account", "切换账户");
        let count = model.accounts.len().to_string();
        let detail = say.say_with("You have {} accounts", "您有 {} 个账户", &[&count]);
        choices.push(Choice::new("accounts", label, Icon::Card).detail(detail));
    }
    view.choices(choices).action(sign_out)
}

fn accounts(model: &Model) -> View {
    let say = model.language;
    let choices = model.accounts.iter().enumerate().map(|(place, account)| {
        let choice = Choice::new(numbered("account-", place), &account.name, Icon::Card)
            .amount(account.available.clone());
        if place == model.chosen { choice.detail(say.say("In use", "使用中")) } else { choice }
    });
    View::new(say.say("Your accounts", "您的账户"))
        .body(say.say("Which account shall be used?", "请选择要使用的账户"))
        .choices(choices)
        .action(back(say))
}

fn find(model: &Model, purpose: Purpose, words: &str, problem: Option<Problem>) -> View {
    let say = model.language;
    let pay = purpose == Purpose::Pay;
    let label = if pay { say.say("Merchant", "商户") } else { say.say("Customer", "客户") };
    let hint =
        if pay { say.say("Name or number", "名称或编号") } else { say.say("Account name", "账户名") };
    let icon = if pay { Icon::Merchant } else { Icon::Person };
    let view = View::new(title(say, purpose))
        .warning_if(problem.map(|problem| problem_words(say, problem)))
        .field(Field::text("payee", label, WORDS_CHARACTERS_MAX).hint(hint).initial(words));
    let recent = model.recent.of(purpose);
    let view = if recent.is_empty() {
        view
    } else {
        let choices = recent.iter().enumerate();
        view.heading(say.say("Recent", "最近"))
            .choices(choices.map(|(place, payee)| Choice::new(numbered("recent-", place), &payee.name, icon)))
    };
    view.action(Action::primary("next", say.say("Next", "下一步"))).action(back(say))
}

fn choose_payee(say: Language, purpose: Purpose, payees: &[Payee], more: bool) -> View {
    let (icon, question) = match purpose {
        Purpose::Pay => (Icon::Merchant, say.say("Which merchant?", "请选择商户")),
        Purpose::Transfer | Purpose::TopUp => (Icon::Person, say.say("Which customer?", "请选择客户")),
    };
    let choices = payees.iter().enumerate().map(|(place, payee)| {
        Choice::new(numbered("payee-", place), &payee.name, icon).detail(ending(say, &payee.id))
    });
    let view = View::new(title(say, purpose)).body(question).choices(choices);
    let view = if more {
        view.muted(say.say("There are more. Add a word to narrow it down.", "结果较多，请输入更完整的名称。"))
    } else {
        view
    };
    view.action(back(say))
}

fn amount(model: &Model, draft: &Draft, problem: Option<Problem>) -> View {
    let say = model.language;
    let account = model.account();
    let currency = account.map(|account| account.available.currency.clone()).unwrap_or_default();
    let mut details = Vec::new();
    if let Some(payee) = &draft.payee {
        details.push(Detail::strong(say.say("To", "收款方"), &payee.name));
    }
    if let Some(account) = account {
        details.push(Detail::new(account_label(say, draft.purpose), &account.name));
        details.push(Detail::new(say.say("Available", "可用余额"), account.available.words()));
    }
    let start = draft.amount.as_ref().map(Money::digits).unwrap_or_default();
    let view = View::new(title(say, draft.purpose))
        .details(details)
        .warning_if(problem.map(|problem| problem_words(say, problem)))
        .field(Field::amount("amount", say.say("Amount", "金额"), currency).hint("0").initial(start));
    let view = if draft.purpose == Purpose::TopUp {
        view
    } else {
        let memo = Field::text("memo", say.say("Note", "附言"), MEMO_CHARACTERS_MAX);
        view.field(memo.hint(say.say("Optional", "选填")).initial(&draft.memo))
    };
    view.action(Action::primary("next", say.say("Next", "下一步"))).action(back(say))
}

fn problem_words(say: Language, problem: Problem) -> &'static str {
    match problem {
        Problem::NoWords => say.say("Please fill in who it is for.", "请填写收款方。"),
        Problem::NobodyFound => say.say("Nobody by that name. Please check it.", "未找到，请核对名称。"),
        Problem::NoAmount => say.say("Please fill in an amount.", "请填写金额。"),
    }
}

/// What the user's own account is to a payment.
fn account_label(say: Language, purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::TopUp => say.say("Into", "充入"),
        Purpose::Pay | Purpose::Transfer => say.say("From", "付款账户"),
    }
}

fn show_receipt(model: &Model, draft: &Draft, receipt: &Receipt) -> View {
    let (say, purpose) = (model.language, draft.purpose);
    let outcome = match purpose {
        Purpose::Pay => say.say("Paid", "付款成功"),
        Purpose::Transfer => say.say("Sent", "转账成功"),
        Purpose::TopUp => say.say("Topped up", "充值成功"),
    };
    let mut details = Vec::new();
    if purpose != Purpose::TopUp {
        details.push(Detail::strong(say.say("To", "收款方"), &receipt.payee));
    }
    if let Some(account) = model.account() {
        details.push(Detail::new(account_label(say, purpose), &account.name));
    }
    if receipt.fee.minor_units != 0 {
        details.push(Detail::new(say.say("Fee", "手续费"), receipt.fee.words()));
    }
    if !draft.memo.is_empty() {
        details.push(Detail::new(say.say("Note", "附言"), &draft.memo));
    }
    details.push(Detail::new(say.say("Balance", "账户余额"), receipt.balance_after.words()));
    details.push(Detail::new(say.say("Time", "时间"), &receipt.at));
    details.push(Detail::new(say.say("Reference", "交易号"), &receipt.payment));
    View::new(say.say("Receipt", "交易回单"))
        .outcome(true, outcome)
        .amount(say.say("Amount", "金额"), receipt.amount.clone())
        .details(details)
        .action(Action::primary("done", say.say("Done", "完成")))
}

fn refused(model: &Model, draft: Option<&Draft>, refusal: &Refusal) -> View {
    let say = model.language;
    if let Some(draft) = draft
        && refusal.reason == RefusalReason::InsufficientFunds
    {
        return not_enough(model, draft);
    }
    let (outcome, paid) = match refusal.reason {
        RefusalReason::InsufficientFunds => (say.say("Not enough money", "余额不足"), false),
        RefusalReason::UnknownPayee => (say.say("Payee not found", "收款方不存在"), false),
        RefusalReason::NotPermitted => (say.say("Not permitted", "不允许此操作"), false),
        RefusalReason::Cancelled => (say.say("Cancelled", "已取消"), false),
        RefusalReason::Invalid => (say.say("Not accepted", "未被受理"), false),
        // Whether money moved is not known to the app: it must not say that it did not.
        RefusalReason::Unavailable => (say.say("Please try later", "请稍后再试"), true),
    };
    let mut view = View::new(match draft {
        Some(draft) => title(say, draft.purpose),
        None => say.say("Sorry", "抱歉"),
    })
    .outcome(false, outcome);
    if !refusal.text.is_empty() {
        view = view.body(&refusal.text);
    }
    let Some(_) = draft else {
        return view.action(Action::primary("home", say.say("Home", "返回首页")));
    };
    if paid {
        view.muted(say.say("Look into the history before you try again.", "重试前请先查看交易明细。"))
            .action(Action::primary("history", say.say("History", "交易明细")))
            .action(Action::cancel("home", say.say("Home", "返回首页")))
    } else {
        // The platform's words say that nothing was paid; without them, this does.
        if refusal.text.is_empty() {
            view = view.muted(say.say("No money was moved.", "没有扣款。"));
        }
        change_or_leave(say, view)
    }
}

/// What was asked for beside what there is.
fn not_enough(model: &Model, draft: &Draft) -> View {
    let say = model.language;
    let outcome = match draft.purpose {
        Purpose::Transfer => say.say("Not sent", "未转账"),
        Purpose::Pay | Purpose::TopUp => say.say("Not paid", "未付款"),
    };
    let mut details = Vec::new();
    if let Some(account) = model.account() {
        details.push(Detail::strong(say.say("Available", "可用余额"), account.available.words()));
    }
    if let Some(amount) = &draft.amount {
        details.push(Detail::new(say.say("Amount", "金额"), amount.words()));
    }
    let view = View::new(title(say, draft.purpose))
        .outcome(false, outcome)
        .body(say.say("There is not enough money in the account.", "账户余额不足。"))
        .details(details);
    change_or_leave(say, view)
}

fn change_or_leave(say: Language, view: View) -> View {
    view.action(Action::primary("back", say.say("Change it", "返回修改")))
        .action(Action::cancel("home", say.say("Home", "返回首页")))
}

fn history(say: Language, page: &Page) -> View {
    let view = View::new(say.say("History", "交易明细"));
    let view = if page.entries.is_empty() {
        view.body(say.say("Nothing here yet.", "暂无记录。"))
    } else {
        view.choices(page.entries.iter().enumerate().map(|(place, entry)| {
            let icon = if entry.amount.minor_units < 0 { Icon::Outgoing } else { Icon::Incoming };
            Choice::new(numbered("entry-", place), counterparty(say, entry), icon)
                .detail(&entry.at)
                .amount(entry.amount.clone())
        }))
    };
    let view = if page.next.is_some() {
        view.action(Action::secondary("older", say.say("Older", "更早")))
    } else {
        view
    };
    let view = if page.starts.len() > 1 {
        view.action(Action::secondary("newer", say.say("Newer", "更新")))
    } else {
        view
    };
    view.action(Action::cancel("home", say.say("Home", "返回首页")))
}

fn show_entry(say: Language, entry: &HistoryEntry) -> View {
    let mut details = Vec::new();
    if has_counterparty(entry) {
        details.push(Detail::strong(counterparty_label(say, entry), &entry.counterparty));
    }
    details.extend([
        Detail::new(say.say("Kind", "类型"), operation(say, &entry.operation)),
        Detail::new(say.say("Time", "时间"), &entry.at),
        Detail::new(say.say("Balance after", "交易后余额"), entry.balance_after.words()),
    ]);
    if !entry.memo.is_empty() {
        details.push(Detail::new(say.say("Note", "附言"), &entry.memo));
    }
    details.push(Detail::new(say.say("Reference", "交易号"), &entry.payment));
    let label = if entry.amount.minor_units < 0 { say.say("Out", "支出") } else { say.say("In", "收入") };
    View::new(say.say("Entry", "交易详情"))
        .amount(label, entry.amount.clone())
        .details(details)
        .action(back(say))
}

fn counterparty_label(say: Language, entry: &HistoryEntry) -> &'static str {
    if entry.amount.minor_units < 0 { say.say("To", "收款方") } else { say.say("From", "付款方") }
}

/// Whether somebody that the user knows was on the other side: not so for a top-up, which comes from the bank's own
/// settlement account.
fn has_counterparty(entry: &HistoryEntry) -> bool {
    !entry.counterparty.is_empty() && entry.operation != "top-up"
}

/// Who was on the other side; where that is nobody, what it was.
fn counterparty(say: Language, entry: &HistoryEntry) -> &str {
    if has_counterparty(entry) { &entry.counterparty } else { operation(say, &entry.operation) }
}

/// The platform's word for an operation; one that this version does not know is shown as it is.
fn operation(say: Language, operation: &str) -> &str {
    match operation {
        "pay" => say.say("Payment", "消费"),
        "transfer" => say.say("Transfer", "转账"),
        "top-up" => say.say("Top up", "充值"),
        "refund" => say.say("Refund", "退款"),
        other => other,
    }
}

/// Tells two of the same name apart without showing the whole identifier.
fn ending(say: Language, id: &str) -> String {
    let skipped = id.chars().count().saturating_sub(4);
    let last: String = id.chars().skip(skipped).collect();
    // Short, and the digits early: they are what tells the two apart, also on a display of 20 columns.
    say.say_with("Ending in {}", "尾号 {}", &[&last])
}

/// "entry-1" for the first place.
fn numbered(prefix: &str, place: usize) -> String {
    format!("{prefix}{}", place.saturating_add(1))
}
