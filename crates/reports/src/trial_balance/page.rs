//! The printed trial balance.

use super::{CurrencyTotals, TrialBalance, TrialBalanceRow};
use crate::html::Html;
use crate::{Language, Total};

/// Most single accounts named above the table; more are counted.
const FINDINGS_MAX: usize = 20;

pub(super) fn write(balance: &TrialBalance) -> String {
    let letterhead = &balance.letterhead;
    let language = letterhead.language;
    let as_of = letterhead.zone.clock(balance.as_of).words(language);
    let title = language.say("Trial balance", "试算平衡表");
    let subtitle = match language {
        Language::English => format!("As of {as_of}"),
        Language::Chinese => format!("截至 {as_of}"),
    };
    let footer = format!("{} · {title} · {as_of}", letterhead.operator);
    let totals = balance.totals();
    let dense = totals.iter().any(|totals| totals.debits.is_long() || totals.credits.is_long());
    let mut html = Html::page(letterhead, title, &subtitle, &footer, dense);
    html.alarm(language.say("These books do not balance", "账目不平"), &findings(balance, &totals, language));
    summary(&mut html, &totals, language, balance.balances());
    for totals in &totals {
        accounts(&mut html, balance, totals, language);
    }
    html.signatures(letterhead);
    let convention = language.say(
        "A balance is credits less debits: what the operator owes its customers is positive, what a bank holds for it negative.",
        "余额为贷方减借方：应付客户的款项为正数，存放银行的款项为负数。",
    );
    html.small_print(letterhead, convention);
    html.finish()
}

fn findings(balance: &TrialBalance, totals: &[CurrencyTotals], language: Language) -> Vec<String> {
    let mut findings: Vec<String> = totals
        .iter()
        .filter(|totals| totals.difference.minor_units() != 0)
        .map(|totals| {
            let (currency, by) = (totals.currency, totals.difference.grouped());
            match language {
                Language::English => format!("{currency}: credits less debits are {by}, and should be nothing. Do not use these figures; verify the journal."),
                Language::Chinese => format!("{currency}：贷方减借方为 {by}，应为零。请勿使用本表数据，并核查日志。"),
            }
        })
        .collect();
    let wrong: Vec<&TrialBalanceRow> = balance.rows.iter().filter(|row| !row.follows()).collect();
    findings.extend(wrong.iter().take(FINDINGS_MAX).map(|row| {
        let (account, by) = (&row.account, row.off_by().grouped());
        match language {
            Language::English => {
                format!("Account {account}: its balance misses its credits less its debits by {by}.")
            }
            Language::Chinese => format!("账号 {account}：余额与贷方减借方相差 {by}。"),
        }
    }));
    let more = u64::try_from(wrong.len().saturating_sub(FINDINGS_MAX)).unwrap_or(u64::MAX);
    if more > 0 {
        findings.push(match language {
            Language::English => {
                format!("And {} like it.", language.count(more, "more account", "more accounts", ""))
            }
            Language::Chinese => format!("另有 {} 余额不符。", language.count(more, "", "", "个账户")),
        });
    }
    findings
}

fn summary(html: &mut Html, totals: &[CurrencyTotals], language: Language, balanced: bool) {
    html.table(&[
        (language.say("Currency", "币种"), false),
        (language.say("Accounts", "账户数"), true),
        (language.say("Debits", "借方合计"), true),
        (language.say("Credits", "贷方合计"), true),
        (language.say("Difference", "差额"), true),
        ("", false),
    ]);
    if totals.is_empty() {
        html.raw("<tr><td colspan=\"6\" class=\"empty\">");
        html.text(language.say("There are no accounts yet.", "尚无账户。")).raw("</td></tr>\n");
    }
    for totals in totals {
        html.raw("<tr class=\"edge\">");
        html.cell(totals.currency.code());
        html.count(totals.accounts);
        html.amount(Some(totals.debits));
        html.amount(Some(totals.credits));
        html.amount(Some(totals.difference));
        if totals.difference.minor_units() == 0 {
            html.raw("<td class=\"good day\">").text(language.say("balanced", "平衡"));
        } else {
            html.raw("<td class=\"bad day\">").text(language.say("differs", "不平"));
        }
        html.raw("</td></tr>\n");
    }
    html.end_table();
    if balanced && !totals.is_empty() {
        html.raw("<p class=\"verdict good\">");
        html.text(language.say("Debits equal credits in every currency.", "各币种借贷平衡。")).raw("</p>\n");
    }
}

fn accounts(html: &mut Html, balance: &TrialBalance, totals: &CurrencyTotals, language: Language) {
    html.raw("<h2>")
        .text(language.say("Accounts in ", "账户明细："))
        .text(totals.currency.code())
        .raw("</h2>\n");
    html.table(&[
        (language.say("Account", "账号"), false),
        (language.say("Name and holder", "户名与持有人"), false),
        (language.say("Kind", "类型"), false),
        (language.say("Debits", "借方"), true),
        (language.say("Credits", "贷方"), true),
        (language.say("Balance", "余额"), true),
    ]);
    for row in balance.rows.iter().filter(|row| row.debits.currency() == totals.currency) {
        html.raw(if row.follows() { "<tr>" } else { "<tr class=\"wrong\">" });
        html.raw("<td class=\"day\">")
            .foreign(&row.account)
            .raw("</td><td class=\"what\">")
            .foreign(&row.name);
        if row.holder != row.name {
            html.raw("<small>").foreign(&row.holder).raw("</small>");
        }
        html.raw("</td><td class=\"kind\">").foreign(row.kind.name(language)).raw("</td>");
        html.amount(Some(row.debits.into()));
        html.amount(Some(row.credits.into()));
        html.amount(Some(row.balance.into()));
        html.raw("</tr>\n");
    }
    html.raw("<tr class=\"sum\"><td colspan=\"3\">").text(language.say("Total ", "合计 "));
    html.text(totals.currency.code()).raw("</td>");
    html.amount(Some(totals.debits));
    html.amount(Some(totals.credits));
    let rows = balance.rows.iter().filter(|row| row.debits.currency() == totals.currency);
    html.amount(Some(Total::of(totals.currency, rows.map(|row| row.balance))));
    html.raw("</tr>\n");
    html.end_table();
}
