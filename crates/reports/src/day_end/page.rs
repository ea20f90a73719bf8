//! The printed day end.

use std::collections::BTreeSet;

use money::{Currency, Money};

use super::{ClearingCycle, ClearingFinding, DayEnd, SettlementState};
use crate::html::Html;
use crate::words::decline_reason;
use crate::{EntryKind, Language, Total};

/// Most findings named above the figures; more are in the CSV.
const FINDINGS_MAX: usize = 20;

pub(super) fn write(day_end: &DayEnd) -> String {
    let letterhead = &day_end.letterhead;
    let language = letterhead.language;
    let day = day_end.day.words(language);
    let title = language.say("Day end", "日终报告");
    let footer = format!("{} · {title} · {day}", letterhead.operator);
    let positions = day_end.clearing.iter().flat_map(|cycle| &cycle.positions);
    let mut amounts = positions.flat_map(|position| [position.gross_debit, position.gross_credit]);
    let dense = amounts.any(|amount| Total::from(amount).is_long());
    let mut html = Html::page(letterhead, title, &day, &footer, dense);
    let findings: Vec<String> =
        day_end.findings().iter().take(FINDINGS_MAX).map(|finding| explain(finding, language)).collect();
    html.alarm(language.say("The clearing does not balance", "清算轧差不平"), &findings);
    facts(&mut html, day_end);
    operations(&mut html, day_end, language);
    fees(&mut html, day_end, language);
    holds_and_declines(&mut html, day_end, language);
    html.raw("<h2>").text(language.say("Clearing and settlement", "清算与结算")).raw("</h2>\n");
    if day_end.clearing.is_empty() {
        html.raw("<p class=\"empty\">");
        html.text(language.say("The day has not been cleared yet.", "本日尚未清算。")).raw("</p>\n");
    }
    for cycle in &day_end.clearing {
        clearing(&mut html, cycle, language);
    }
    if let Some(head) = &day_end.audit {
        html.raw("<h2>")
            .text(language.say("Head of the audit log", "审计日志签名树头"))
            .raw("</h2>\n<dl class=\"facts\">\n");
        html.fact(language.say("Records", "记录数"), &crate::amount::grouped_count(head.size));
        html.fact(language.say("Signed", "签名时间"), &letterhead.zone.clock(head.at).words(language));
        html.raw("</dl>\n<dl><dt>").text(language.say("Root of the tree (SHA-256)", "树根（SHA-256）"));
        html.raw("</dt><dd class=\"code\">").foreign(&head.root).raw("</dd></dl>\n");
    }
    html.signatures(letterhead);
    html.small_print(letterhead, "");
    html.finish()
}

fn explain(finding: &ClearingFinding<'_>, language: Language) -> String {
    match (finding, language) {
        (ClearingFinding::NetsDoNotCancel { cycle, by }, Language::English) => format!(
            "Cycle {cycle}: the net positions in {} add up to {}, and should cancel out. Do not settle; clear the day again.",
            by.currency(),
            by.grouped()
        ),
        (ClearingFinding::NetsDoNotCancel { cycle, by }, Language::Chinese) => format!(
            "第 {cycle} 场：{} 净额合计为 {}，应为零。请勿结算，并重新清算。",
            by.currency(),
            by.grouped()
        ),
        (ClearingFinding::NetDoesNotFollow { cycle, participant, by }, Language::English) => format!(
            "Cycle {cycle}: the net position of {participant} misses its credit less its debit by {} {}.",
            by.grouped(),
            by.currency()
        ),
        (ClearingFinding::NetDoesNotFollow { cycle, participant, by }, Language::Chinese) => format!(
            "第 {cycle} 场：{participant} 的净额与贷方减借方相差 {} {}。",
            by.grouped(),
            by.currency()
        ),
    }
}

fn facts(html: &mut Html, day_end: &DayEnd) {
    let letterhead = &day_end.letterhead;
    let language = letterhead.language;
    let payments = day_end.operations.iter().fold(0_u64, |sum, total| sum.saturating_add(total.count));
    let declines = day_end.declines.iter().fold(0_u64, |sum, total| sum.saturating_add(total.count));
    let review = day_end.review;
    html.raw("<dl class=\"facts\">\n");
    html.fact(language.say("Cut off", "日切时间"), &letterhead.zone.clock(day_end.cut_off).words(language));
    html.fact(language.say("Posted", "记账笔数"), &crate::amount::grouped_count(payments));
    html.fact(language.say("Declined", "拒绝笔数"), &crate::amount::grouped_count(declines));
    let waiting = crate::amount::grouped_count(review.waiting);
    let waiting = match review.oldest {
        Some(oldest) => {
            let since = letterhead.zone.clock(oldest).words(language);
            match language {
                Language::English => format!("{waiting}, the oldest since {since}"),
                Language::Chinese => format!("{waiting}（最早 {since}）"),
            }
        }
        None => waiting,
    };
    html.fact(language.say("Waiting for review", "待审核"), &waiting);
    html.fact(
        language.say("Reviewed: released / refused", "已审核：放行 / 拒绝"),
        &format!(
            "{} / {}",
            crate::amount::grouped_count(review.released),
            crate::amount::grouped_count(review.refused)
        ),
    );
    html.raw("</dl>\n");
}

/// A table of counts and amounts, with a total for each currency that has more than one row.
fn counted(html: &mut Html, heading: &str, name: &str, language: Language, rows: &[(String, u64, Money)]) {
    html.raw("<h2>").text(heading).raw("</h2>\n");
    if rows.is_empty() {
        html.raw("<p class=\"empty\">").text(language.say("None.", "无。")).raw("</p>\n");
        return;
    }
    html.table(&[
        (name, false),
        (language.say("Count", "笔数"), true),
        (language.say("Currency", "币种"), false),
        (language.say("Amount", "金额"), true),
    ]);
    let currencies: BTreeSet<Currency> = rows.iter().map(|(_, _, amount)| amount.currency()).collect();
    for currency in currencies {
        let of_it: Vec<_> = rows.iter().filter(|(_, _, amount)| amount.currency() == currency).collect();
        for (name, count, amount) in &of_it {
            html.raw("<tr><td class=\"what\">").foreign(name).raw("</td>");
            html.count(*count);
            html.cell(currency.code());
            html.amount(Some((*amount).into()));
            html.raw("</tr>\n");
        }
        if of_it.len() > 1 {
            html.raw("<tr class=\"sum\"><td>")
                .text(language.say("Total ", "合计 "))
                .text(currency.code())
                .raw("</td>");
            html.count(of_it.iter().fold(0_u64, |sum, (_, count, _)| sum.saturating_add(*count)));
            html.cell(currency.code());
            html.amount(Some(Total::of(currency, of_it.iter().map(|(_, _, amount)| *amount))));
            html.raw("</tr>\n");
        }
    }
    html.end_table();
}

fn operations(html: &mut Html, day_end: &DayEnd, language: Language) {
    let rows: Vec<_> = day_end
        .operations
        .iter()
        .map(|total| (total.operation.name(language).to_owned(), total.count, total.amount))
        .collect();
    counted(html, language.say("Posted", "记账汇总"), language.say("Operation", "业务类型"), language, &rows);
}

fn fees(html: &mut Html, day_end: &DayEnd, language: Language) {
    let rows: Vec<_> = day_end
        .fees
        .iter()
        .map(|total| {
            // Where the books know only what was charged for, its word stands here.
            let schedule = EntryKind::from(total.schedule.as_str());
            let schedule = if total.schedule.is_empty() {
                language.say("Fee", "手续费")
            } else {
                schedule.name(language)
            };
            (schedule.to_owned(), total.count, total.amount)
        })
        .collect();
    counted(
        html,
        language.say("Fees charged", "手续费收入"),
        language.say("Charged for", "收费项目"),
        language,
        &rows,
    );
}

fn holds_and_declines(html: &mut Html, day_end: &DayEnd, language: Language) {
    let rows: Vec<_> = day_end
        .holds
        .iter()
        .map(|total| (language.say("Open holds", "未完成预授权").to_owned(), total.count, total.amount))
        .collect();
    let heading = language.say("Set aside at the end of the day", "日终冻结");
    counted(html, heading, language.say("What", "项目"), language, &rows);
    html.raw("<h2>").text(language.say("Declined", "拒绝交易")).raw("</h2>\n");
    if day_end.declines.is_empty() {
        html.raw("<p class=\"empty\">").text(language.say("None.", "无。")).raw("</p>\n");
        return;
    }
    html.table(&[(language.say("Reason", "原因"), false), (language.say("Count", "笔数"), true)]);
    for total in &day_end.declines {
        html.raw("<tr><td class=\"what\">").foreign(decline_reason(&total.reason, language)).raw("</td>");
        html.count(total.count);
        html.raw("</tr>\n");
    }
    html.end_table();
}

fn clearing(html: &mut Html, cycle: &ClearingCycle, language: Language) {
    let (state, class) = match cycle.state() {
        SettlementState::NothingToSettle => (language.say("nothing to settle", "无需结算"), "good"),
        SettlementState::Instructed => {
            (language.say("instructed, not confirmed", "已发指令，未确认"), "plain")
        }
        SettlementState::PartlyConfirmed => (language.say("partly confirmed", "部分确认"), "plain"),
        SettlementState::Settled => (language.say("settled", "已结算"), "good"),
        SettlementState::Discrepant => (language.say("does not agree with the bank", "与银行不符"), "bad"),
    };
    html.raw("<p class=\"cycle\"><b>");
    html.text(&match language {
        Language::English => format!("Cycle {}", cycle.cycle),
        Language::Chinese => format!("第 {} 场", cycle.cycle),
    });
    html.raw("</b> · <span class=\"").raw(class).raw("\">").text(state).raw("</span> · ");
    html.text(&language.count(cycle.instructions, "instruction", "instructions", "笔指令"));
    html.text(language.say(", ", "，"));
    let count = |count| crate::amount::grouped_count(count);
    html.text(&match language {
        Language::English => format!("{} confirmed", count(cycle.confirmed)),
        Language::Chinese => format!("已确认 {} 笔", count(cycle.confirmed)),
    });
    if cycle.discrepancies > 0 {
        html.text(language.say(", ", "，"));
        html.text(&language.count(cycle.discrepancies, "discrepancy", "discrepancies", "处不符"));
    }
    html.raw("</p>\n");
    if !cycle.held_out.is_empty() {
        html.raw("<p class=\"cycle bad\">").text(language.say("Held out, settled later: ", "暂缓结算："));
        for (place, participant) in cycle.held_out.iter().enumerate() {
            if place > 0 {
                html.text(language.say(", ", "、"));
            }
            html.foreign(participant);
        }
        html.raw("</p>\n");
    }
    if cycle.positions.is_empty() {
        return;
    }
    html.table(&[
        (language.say("Participant", "参与方"), false),
        (language.say("Currency", "币种"), false),
        (language.say("To pay", "应付"), true),
        (language.say("To receive", "应收"), true),
        (language.say("Net", "净额"), true),
    ]);
    for currency in cycle.currencies() {
        let positions = || cycle.positions.iter().filter(|position| position.net.currency() == currency);
        for position in positions() {
            html.raw("<tr><td class=\"what\">").foreign(&position.name);
            if position.name != position.participant {
                html.raw("<small>").foreign(&position.participant).raw("</small>");
            }
            html.raw("</td>");
            html.cell(currency.code());
            html.amount(Some(position.gross_debit.into()));
            html.amount(Some(position.gross_credit.into()));
            html.amount(Some(position.net.into()));
            html.raw("</tr>\n");
        }
        html.raw("<tr class=\"sum\"><td>")
            .text(language.say("Total ", "合计 "))
            .text(currency.code())
            .raw("</td>");
        html.cell(currency.code());
        html.amount(Some(Total::of(currency, positions().map(|position| position.gross_debit))));
        html.amount(Some(Total::of(currency, positions().map(|position| position.gross_credit))));
        html.amount(Some(Total::of(currency, positions().map(|position| position.net))));
        html.raw("</tr>\n");
    }
    html.end_table();
}
