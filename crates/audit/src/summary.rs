//! What a receipt says, for people: as fields in its file, and as lines in their language on a screen.

use identity::statement::check_text;
use identity::{Language, Party, SummaryLine, UnixTime};
use serde::{Deserialize, Serialize};

use crate::receipt_check::Checked;

/// The first part of a receipt's file. Nothing rests on it: it is computed again from the proven parts and compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Summary {
    /// The payment's number.
    pub payment: String,
    /// What it was, in a word.
    pub operation: String,
    /// With its currency: `23.50 CNY`.
    pub amount: String,
    /// What the payer paid on top.
    pub fee: String,
    /// Who paid: the name that the customer saw, and the account; else the account alone.
    pub from: String,
    /// Who was paid.
    pub to: String,
    /// The purpose.
    pub memo: String,
    /// When it was posted: `2026-11-23 00:22:13 UTC`.
    pub posted: String,
    /// When the customer was shown what they signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreed: Option<String>,
    /// The customer who signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// The terminal whose secure element signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminal: Option<String>,
}

impl Summary {
    pub(crate) fn of(checked: &Checked) -> Self {
        let facts = &checked.facts;
        let agreed = checked.consent.as_ref().map(|consent| consent.statement.fields());
        let party = |account: &str, named: Option<&Party>| match named {
            Some(party) => plain(&format!("{} ({account})", party.name)),
            None => plain(account),
        };
        Self {
            payment: plain(&facts.payment),
            operation: plain(&facts.operation),
            amount: facts.amount.to_string(),
            fee: facts.fee.to_string(),
            from: party(&facts.from, agreed.map(|fields| &fields.payer)),
            to: party(&facts.to, agreed.map(|fields| &fields.payee)),
            memo: plain(&facts.memo),
            posted: moment(checked.at),
            agreed: agreed.map(|fields| fields.at.to_string()),
            signed_by: agreed.map(|fields| fields.customer.to_string()),
            terminal: agreed.map(|fields| fields.terminal.to_string()),
        }
    }
}

impl Checked {
    /// The same for a file.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary::of(self)
    }

    /// What was proven, in words, for a screen: payment, consent, place in the log, and what it rests on.
    #[must_use]
    pub fn lines(&self, language: Language) -> Vec<SummaryLine> {
        let chinese = language == Language::Chinese;
        let pick = |english: &'static str, other: &'static str| if chinese { other } else { english };
        let summary = self.summary();
        let operation = match (chinese, summary.operation.as_str()) {
            (true, "pay") => "付款".to_owned(),
            (true, "transfer") => "转账".to_owned(),
            (true, "top-up") => "充值".to_owned(),
            (true, "refund") => "退款".to_owned(),
            _ => summary.operation,
        };
        let mut lines = vec![
            SummaryLine { label: pick("Payment", "付款编号"), value: summary.payment },
            SummaryLine { label: pick("Operation", "业务"), value: operation },
            SummaryLine { label: pick("Amount", "金额"), value: summary.amount },
            SummaryLine { label: pick("Fee", "手续费"), value: summary.fee },
            SummaryLine { label: pick("From", "付款方"), value: summary.from },
            SummaryLine { label: pick("To", "收款方"), value: summary.to },
        ];
        if !summary.memo.is_empty() {
            lines.push(SummaryLine { label: pick("Memo", "备注"), value: summary.memo });
        }
        lines.push(SummaryLine { label: pick("Posted", "入账时间"), value: summary.posted });
        let nobody = || pick("nobody: it was posted without a terminal", "无：未经终端签名").to_owned();
        lines.push(SummaryLine {
            label: pick("Signed by", "签名人"),
            value: summary.signed_by.unwrap_or_else(nobody),
        });
        for (label, value) in
            [(pick("Shown at", "确认时间"), summary.agreed), (pick("Terminal", "终端"), summary.terminal)]
        {
            lines.extend(value.map(|value| SummaryLine { label, value }));
        }
        let record = self.index.saturating_add(1);
        let (size, signed_at) = (self.head.size, moment(self.head.at));
        let place = if chinese {
            format!("共 {size} 条记录中的第 {record} 条，日志签名时间 {signed_at}")
        } else {
            format!("record {record} of {size}, in the log as signed at {signed_at}")
        };
        lines.push(SummaryLine { label: pick("In the log", "审计日志"), value: place });
        let trusted = |known: bool| {
            if known {
                pick("the one you trust", "与您信任的一致")
            } else {
                pick(
                    "the receipt's own; compare it with the operator's",
                    "取自收据本身，请与运营方公布的核对",
                )
            }
        };
        let rests_on = [
            (pick("Operator's certificate", "运营方证书"), self.authority_trusted),
            (pick("Log's key", "日志公钥"), self.log_trusted),
        ];
        lines.extend(
            rests_on
                .into_iter()
                .map(|(label, known)| SummaryLine { label, value: trusted(known).to_owned() }),
        );
        lines
    }
}

fn moment(nanoseconds: u64) -> String {
    UnixTime::from_milliseconds(nanoseconds / 1_000_000).to_string()
}

/// Without characters that could reorder or hide what stands beside them; those become U+FFFD.
fn plain(text: &str) -> String {
    let harmless = |character: char| check_text("text", character.encode_utf8(&mut [0; 4]), 1, 4).is_ok();
    text.chars()
        .map(|character| if harmless(character) { character } else { char::REPLACEMENT_CHARACTER })
        .collect()
}
