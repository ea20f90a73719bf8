//! The printed reconciliation: what needs attention, and the totals. What matched is counted, not listed.

use super::{Difference, Reconciliation, Record};
use crate::html::Html;
use crate::{Language, Letterhead, PAGE_LINES_MAX, ReportError, within};

impl Reconciliation {
    /// The reconciliation as a printable page; `source` names what was compared with our records, such as a bank
    /// and a file.
    ///
    /// # Errors
    /// [`ReportError::TooManyLines`], beyond [`PAGE_LINES_MAX`] records that need attention.
    pub fn html(&self, letterhead: &Letterhead, source: &str) -> Result<String, ReportError> {
        let open = [self.differs.len(), self.missing_here.len(), self.missing_there.len()];
        within(open.into_iter().fold(0, usize::saturating_add), PAGE_LINES_MAX)?;
        let language = letterhead.language;
        let title = language.say("Reconciliation", "对账结果");
        let footer = format!("{} · {title} · {source}", letterhead.operator);
        let mut html = Html::page(letterhead, title, source, &footer, false);
        self.summary(&mut html, language);
        self.differing(&mut html, language);
        let heading = language.say("Missing here", "我方缺失");
        let note = language.say("they have it, we have not", "对方有，我方无");
        records(&mut html, language, heading, note, &self.missing_here);
        let heading = language.say("Missing there", "对方缺失");
        let note = language.say("we have it, they have not", "我方有，对方无");
        records(&mut html, language, heading, note, &self.missing_there);
        html.signatures(letterhead);
        html.small_print(letterhead, "");
        Ok(html.finish())
    }

    fn summary(&self, html: &mut Html, language: Language) {
        let count = |records: usize| u64::try_from(records).unwrap_or(u64::MAX);
        html.table(&[(language.say("Outcome", "结果"), false), (language.say("Count", "笔数"), true)]);
        for (name, records) in [
            (language.say("Matched", "相符"), self.matched.len()),
            (language.say("On both sides, but differing", "双方均有但不符"), self.differs.len()),
            (language.say("Missing here", "我方缺失"), self.missing_here.len()),
            (language.say("Missing there", "对方缺失"), self.missing_there.len()),
        ] {
            html.raw("<tr><td class=\"what\">").text(name).raw("</td>");
            html.count(count(records));
            html.raw("</tr>\n");
        }
        html.end_table();
        if self.is_clean() {
            html.raw("<p class=\"verdict good\">");
            html.text(language.say("Everything matches.", "全部相符。")).raw("</p>\n");
        } else {
            html.raw("<p class=\"verdict bad\">");
            html.text(language.say("The two sides do not agree.", "双方记录不符。")).raw("</p>\n");
        }
        html.raw("<h2>").text(language.say("Totals", "合计")).raw("</h2>\n");
        html.table(&[
            (language.say("Currency", "币种"), false),
            (language.say("Ours", "我方"), true),
            (language.say("Theirs", "对方"), true),
            (language.say("Difference", "差额"), true),
        ]);
        for (ours, theirs) in self.totals() {
            html.raw("<tr>");
            html.cell(ours.currency().code());
            html.amount(Some(ours));
            html.amount(Some(theirs));
            html.amount(Some(ours.less(theirs)));
            html.raw("</tr>\n");
        }
        html.end_table();
    }

    fn differing(&self, html: &mut Html, language: Language) {
        if self.differs.is_empty() {
            return;
        }
        html.raw("<h2>").text(language.say("On both sides, but differing", "双方均有但不符")).raw("</h2>\n");
        html.table(&[
            (language.say("Reference", "参考号"), false),
            (language.say("What differs", "不符项"), false),
            (language.say("Ours", "我方"), true),
            (language.say("Theirs", "对方"), true),
        ]);
        for (pair, difference) in &self.differs {
            html.raw("<tr><td class=\"what\">")
                .foreign(pair.ours.reference.trim())
                .raw("</td><td class=\"day\">");
            html.text(match difference {
                Difference::Day => language.say("day", "日期"),
                Difference::Amount => language.say("amount", "金额"),
                Difference::Currency => language.say("currency", "币种"),
            });
            html.raw("</td>");
            for record in [&pair.ours, &pair.theirs] {
                html.raw("<td class=\"n\">").text(&amount(record));
                html.raw("<small>").text(&place(record, language)).raw("</small></td>");
            }
            html.raw("</tr>\n");
        }
        html.end_table();
    }
}

fn amount(record: &Record) -> String {
    format!("{} {}", crate::Total::from(record.amount).grouped(), record.amount.currency())
}

/// The day, and the line of the file.
fn place(record: &Record, language: Language) -> String {
    let day = record.day.words(language);
    match (record.line, language) {
        (None, _) => day,
        (Some(line), Language::English) => format!("{day}, line {line}"),
        (Some(line), Language::Chinese) => format!("{day}，第 {line} 行"),
    }
}

fn records(html: &mut Html, language: Language, heading: &str, note: &str, records: &[Record]) {
    if records.is_empty() {
        return;
    }
    html.raw("<h2>").text(heading).raw(" <small>").text(note).raw("</small></h2>\n");
    html.table(&[
        (language.say("Reference", "参考号"), false),
        (language.say("Day", "日期"), false),
        (language.say("Amount", "金额"), true),
    ]);
    for record in records {
        html.raw("<tr><td class=\"what\">");
        if record.reference.trim().is_empty() {
            html.text(language.say("without reference", "无参考号"));
        } else {
            html.foreign(record.reference.trim());
        }
        html.raw("</td><td class=\"day\">").text(&place(record, language)).raw("</td><td class=\"n\">");
        html.text(&amount(record)).raw("</td></tr>\n");
    }
    html.end_table();
}
