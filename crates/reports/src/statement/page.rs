//! The printed statement.

use super::{Statement, StatementLine};
use crate::html::{Html, Loud};
use crate::{AccountKind, EntryKind, Total};

pub(super) fn write(statement: &Statement) -> String {
    let letterhead = &statement.letterhead;
    let language = letterhead.language;
    let merchant = statement.kind == AccountKind::Merchant;
    let title = if merchant {
        language.say("Merchant statement", "商户对账单")
    } else {
        language.say("Account statement", "账户对账单")
    };
    let period = if statement.from == statement.to {
        statement.from.words(language)
    } else {
        let between = language.say(" – ", " 至 ");
        format!("{}{between}{}", statement.from.words(language), statement.to.words(language))
    };
    let footer = format!("{} · {} · {period}", letterhead.operator, statement.account);
    let mut html = Html::page(letterhead, title, &period, &footer, dense(statement));
    html.raw("<dl class=\"facts\">\n");
    html.fact(language.say("Account", "账号"), &spaced(&statement.account));
    html.fact(language.say("Name", "户名"), &statement.name);
    if statement.holder != statement.name {
        html.fact(language.say("Holder", "持有人"), &statement.holder);
    }
    html.fact(language.say("Kind of account", "账户类型"), statement.kind.name(language));
    html.fact(language.say("Currency", "币种"), statement.currency.code());
    html.raw("</dl>\n");
    figures(&mut html, statement);
    if merchant {
        takings(&mut html, statement);
    }
    lines(&mut html, statement);
    if !merchant && !statement.lines.is_empty() {
        kinds(&mut html, statement);
    }
    let entries = u64::try_from(statement.lines.len()).unwrap_or(u64::MAX);
    let entries = language.count(entries, "entry", "entries", "笔");
    let end = match language {
        crate::Language::English => format!("End of statement: {entries}."),
        crate::Language::Chinese => format!("对账单结束，共 {entries}。"),
    };
    html.small_print(letterhead, &end);
    html.finish()
}

/// Whether its amounts are so long that they need small print to fit the paper.
fn dense(statement: &Statement) -> bool {
    let totals = statement.totals(statement.lines.iter());
    let amounts = [statement.opening_balance, statement.closing_balance].into_iter();
    let amounts = amounts.chain(statement.lines.iter().map(|line| line.balance_after)).map(Total::from);
    amounts.chain([totals.money_in, totals.money_out]).any(Total::is_long)
}

/// An account number of digits in groups of four, to be read out.
fn spaced(account: &str) -> String {
    if account.len() < 9 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return account.to_owned();
    }
    let mut text = String::with_capacity(account.len().saturating_mul(2));
    for (place, digit) in account.chars().enumerate() {
        if place > 0 && place.is_multiple_of(4) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

fn figures(html: &mut Html, statement: &Statement) {
    let language = statement.letterhead.language;
    let totals = statement.totals(statement.lines.iter());
    let out = statement.lines.iter().filter(|line| line.amount.is_negative()).count();
    let out = u64::try_from(out).unwrap_or(u64::MAX);
    let entries = |count| language.count(count, "entry", "entries", "笔");
    html.raw("<dl class=\"figures\">\n");
    let opening = statement.from.words(language);
    html.figure(
        language.say("Opening balance", "期初余额"),
        statement.opening_balance.into(),
        &opening,
        Loud::Plain,
    );
    let (name, count) = (language.say("Money in", "收入合计"), totals.count.saturating_sub(out));
    html.figure(name, totals.money_in, &entries(count), Loud::Plain);
    html.figure(language.say("Money out", "支出合计"), totals.money_out, &entries(out), Loud::Plain);
    let closing = match statement.held.filter(|held| !held.is_zero()) {
        None => statement.to.words(language),
        Some(held) => {
            let held = Total::from(held).grouped();
            format!("{}{held}", language.say("of which on hold ", "其中冻结 "))
        }
    };
    html.figure(
        language.say("Closing balance", "期末余额"),
        statement.closing_balance.into(),
        &closing,
        Loud::Strong,
    );
    html.raw("</dl>\n");
}

/// What a merchant looks for first: takings less refunds less fees is the net; the rest is other movements.
fn takings(html: &mut Html, statement: &Statement) {
    let language = statement.letterhead.language;
    let of = |wanted: &dyn Fn(&EntryKind) -> bool| {
        let lines: Vec<&StatementLine> = statement.lines.iter().filter(|line| wanted(&line.kind)).collect();
        statement.totals(lines.into_iter())
    };
    let sales = of(&|kind| matches!(kind, EntryKind::Pay | EntryKind::Capture));
    let refunds = of(&|kind| *kind == EntryKind::Refund);
    let fees = of(&|kind| *kind == EntryKind::Fee);
    let business = |kind: &EntryKind| {
        matches!(kind, EntryKind::Pay | EntryKind::Capture | EntryKind::Refund | EntryKind::Fee)
    };
    let net = of(&business);
    let other = of(&|kind| !business(kind));
    html.raw("<h2>").text(language.say("Summary of the period", "本期汇总")).raw("</h2>\n");
    html.table(&[
        ("", false),
        (language.say("Entries", "笔数"), true),
        (language.say("Amount", "金额"), true),
    ]);
    let mut row = |sum: bool, name: &str, totals: super::KindTotals| {
        html.raw(if sum { "<tr class=\"sum\">" } else { "<tr>" });
        html.raw("<td class=\"what\">").text(name).raw("</td>");
        html.count(totals.count);
        html.amount(Some(totals.net));
        html.raw("</tr>\n");
    };
    row(false, language.say("Sales", "销售收款"), sales);
    row(false, language.say("Refunds", "退款"), refunds);
    row(false, language.say("Fees", "手续费"), fees);
    row(true, language.say("Net takings", "净收款"), net);
    if other.count > 0 {
        row(
            false,
            language.say("Other movements (settlements, corrections)", "其他收支（结算、调账等）"),
            other,
        );
    }
    html.end_table();
}

fn lines(html: &mut Html, statement: &Statement) {
    let language = statement.letterhead.language;
    html.raw("<h2>").text(language.say("Entries", "收支明细")).raw("</h2>\n");
    html.table(&[
        (language.say("Date", "日期"), false),
        (language.say("Details", "摘要"), false),
        (language.say("Money out", "支出"), true),
        (language.say("Money in", "收入"), true),
        (language.say("Balance", "余额"), true),
    ]);
    let mut edge = |day: &str, name: &str, balance: Total| {
        html.raw("<tr class=\"edge\"><td class=\"day\">").text(day).raw("</td><td class=\"what\">");
        html.text(name).raw("</td><td></td><td></td>");
        html.amount(Some(balance));
        html.raw("</tr>\n");
    };
    let name = language.say("Opening balance", "期初余额");
    edge(&statement.from.in_table(language), name, statement.opening_balance.into());
    for line in &statement.lines {
        entry(html, statement, line);
    }
    if statement.lines.is_empty() {
        html.raw("<tr><td colspan=\"5\" class=\"empty\">");
        html.text(
            language.say("Nothing happened on this account in the period.", "本期内该账户无收支记录。"),
        );
        html.raw("</td></tr>\n");
    }
    let totals = statement.totals(statement.lines.iter());
    html.raw("<tr class=\"sum\"><td class=\"day\">").text(&statement.to.in_table(language));
    html.raw("</td><td class=\"what\">")
        .text(language.say("Totals and closing balance", "合计与期末余额"))
        .raw("</td>");
    html.amount(Some(totals.money_out));
    html.amount(Some(totals.money_in));
    html.amount(Some(statement.closing_balance.into()));
    html.raw("</tr>\n");
    html.end_table();
}

fn entry(html: &mut Html, statement: &Statement, line: &StatementLine) {
    let language = statement.letterhead.language;
    let clock = statement.letterhead.zone.clock(line.at);
    let out = line.amount.is_negative();
    html.raw("<tr><td class=\"day\">").text(&clock.day.in_table(language));
    html.raw("<small>").text(clock.minutes()).raw("</small></td><td class=\"what\">");
    let kind = line.kind.name_for(language, out);
    if line.counterparty.is_empty() {
        html.foreign(kind);
    } else {
        html.foreign(&line.counterparty);
    }
    if !line.memo.is_empty() {
        html.raw("<span class=\"more\">").foreign(&line.memo).raw("</span>");
    }
    html.raw("<small>");
    if !line.counterparty.is_empty() {
        html.foreign(kind).raw(" · ");
    }
    html.foreign(&line.payment);
    if !line.reference.is_empty() {
        html.raw(" · ").text(language.say("Ref. ", "参考号 ")).foreign(&line.reference);
    }
    html.raw("</small></td>");
    let amount = Total::from(line.amount);
    let size = Total::of(statement.currency, []).less(amount);
    html.amount(out.then_some(size));
    html.amount((!out).then_some(amount));
    html.amount(Some(line.balance_after.into()));
    html.raw("</tr>\n");
}

fn kinds(html: &mut Html, statement: &Statement) {
    let language = statement.letterhead.language;
    html.raw("<h2>").text(language.say("Totals by kind", "分类合计")).raw("</h2>\n");
    html.table(&[
        (language.say("Kind", "类型"), false),
        (language.say("Entries", "笔数"), true),
        (language.say("Money out", "支出"), true),
        (language.say("Money in", "收入"), true),
        (language.say("Net", "净额"), true),
    ]);
    for (kind, totals) in statement.by_kind() {
        html.raw("<tr><td class=\"what\">").foreign(kind.name(language)).raw("</td>");
        html.count(totals.count);
        html.amount(Some(totals.money_out));
        html.amount(Some(totals.money_in));
        html.amount(Some(totals.net));
        html.raw("</tr>\n");
    }
    html.end_table();
}
