//! The languages of the printed pages, and the words for what accounts and entries are.

use std::str::FromStr;

/// A language that pages are printed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// From a language tag: `zh...` is Chinese, everything else English.
    #[must_use]
    pub fn from_tag(tag: &str) -> Self {
        if tag.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("zh")) {
            Self::Chinese
        } else {
            Self::English
        }
    }

    /// Its tag for HTML: `en` or `zh-Hans`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-Hans",
        }
    }

    pub(crate) const fn say(self, english: &'static str, chinese: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    /// `1 entry`, `2 entries`, `2 笔`.
    pub(crate) fn count(self, count: u64, one: &str, many: &str, chinese: &str) -> String {
        let number = crate::amount::grouped_count(count);
        match self {
            Self::English => format!("{number} {}", if count == 1 { one } else { many }),
            Self::Chinese => format!("{number} {chinese}"),
        }
    }
}

/// What an account is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountKind {
    /// A customer's money.
    Customer,
    /// A merchant's takings.
    Merchant,
    /// The operator's mirror of an account at a bank.
    Settlement,
    /// Where fees go.
    Fees,
    /// Any other; printed as it is written.
    Other(String),
}

impl AccountKind {
    /// The word for it in CSV and JSON.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Customer => "customer",
            Self::Merchant => "merchant",
            Self::Settlement => "settlement",
            Self::Fees => "fees",
            Self::Other(word) => word,
        }
    }

    pub(crate) fn name(&self, language: Language) -> &str {
        match self {
            Self::Customer => language.say("Customer", "客户账户"),
            Self::Merchant => language.say("Merchant", "商户账户"),
            Self::Settlement => language.say("Settlement", "结算账户"),
            Self::Fees => language.say("Fees", "手续费账户"),
            Self::Other(word) => match word.as_str() {
                "exchange" => language.say("Exchange", "兑换账户"),
                "rounding" => language.say("Rounding", "尾差账户"),
                "clearing" => language.say("Clearing", "清算账户"),
                word => word,
            },
        }
    }
}

impl From<&str> for AccountKind {
    fn from(word: &str) -> Self {
        match word {
            "customer" => Self::Customer,
            "merchant" => Self::Merchant,
            "settlement" => Self::Settlement,
            "fees" => Self::Fees,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// What an entry was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// Consumption: a customer pays a merchant.
    Pay,
    /// A customer sends money to a customer.
    Transfer,
    /// Money comes in from a bank.
    TopUp,
    /// Money leaves for a bank.
    Withdrawal,
    /// One currency for another.
    Exchange,
    /// A fee.
    Fee,
    /// A payment given back, in whole or in part.
    Refund,
    /// A captured hold.
    Capture,
    /// An amount set aside.
    Hold,
    /// A hold given back.
    Release,
    /// A settlement with a bank or another participant.
    Settlement,
    /// A correction by the operator.
    Adjustment,
    /// Any other; printed as it is written.
    Other(String),
}

impl EntryKind {
    const KNOWN: [Self; 12] = [
        Self::Pay,
        Self::Transfer,
        Self::TopUp,
        Self::Withdrawal,
        Self::Exchange,
        Self::Fee,
        Self::Refund,
        Self::Capture,
        Self::Hold,
        Self::Release,
        Self::Settlement,
        Self::Adjustment,
    ];

    /// The word for it in CSV and JSON.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Pay => "pay",
            Self::Transfer => "transfer",
            Self::TopUp => "top-up",
            Self::Withdrawal => "withdrawal",
            Self::Exchange => "exchange",
            Self::Fee => "fee",
            Self::Refund => "refund",
            Self::Capture => "capture",
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Settlement => "settlement",
            Self::Adjustment => "adjustment",
            Self::Other(word) => word,
        }
    }

    /// The name of the operation, seen from no side.
    pub(crate) fn name(&self, language: Language) -> &str {
        match self {
            Self::Pay => language.say("Payment", "消费"),
            Self::Transfer => language.say("Transfer", "转账"),
            Self::TopUp => language.say("Top-up", "充值"),
            Self::Withdrawal => language.say("Withdrawal", "提现"),
            Self::Exchange => language.say("Exchange", "货币兑换"),
            Self::Fee => language.say("Fee", "手续费"),
            Self::Refund => language.say("Refund", "退款"),
            Self::Capture => language.say("Captured hold", "预授权完成"),
            Self::Hold => language.say("Hold", "预授权"),
            Self::Release => language.say("Released hold", "预授权撤销"),
            Self::Settlement => language.say("Settlement", "结算"),
            Self::Adjustment => language.say("Adjustment", "调账"),
            Self::Other(word) => match word.as_str() {
                "rounding" => language.say("Rounding of exchanges", "兑换尾差"),
                word => word,
            },
        }
    }

    /// What it is called by the side that gives (`out`) or gets.
    pub(crate) fn name_for(&self, language: Language, out: bool) -> &str {
        match (self, out) {
            (Self::Pay, false) => language.say("Sale", "销售收款"),
            (Self::Transfer, true) => language.say("Transfer out", "转出"),
            (Self::Transfer, false) => language.say("Transfer in", "转入"),
            (Self::Refund, true) => language.say("Refund given", "退款支出"),
            (Self::Refund, false) => language.say("Refund received", "退款收入"),
            (Self::Capture, false) => language.say("Sale (captured hold)", "预授权收款"),
            (Self::Capture, true) => language.say("Payment (captured hold)", "预授权消费"),
            (Self::Fee, false) => language.say("Fee returned", "手续费退回"),
            (Self::Exchange, true) => language.say("Exchange, sold", "兑换卖出"),
            (Self::Exchange, false) => language.say("Exchange, bought", "兑换买入"),
            _ => self.name(language),
        }
    }
}

impl From<&str> for EntryKind {
    fn from(word: &str) -> Self {
        Self::KNOWN
            .into_iter()
            .find(|kind| kind.word() == word)
            .unwrap_or_else(|| Self::Other(word.to_owned()))
    }
}

impl FromStr for EntryKind {
    type Err = std::convert::Infallible;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Ok(Self::from(word))
    }
}

/// The reasons for declining that the platform gives, in words of both languages; others are printed as they
/// are.
pub(crate) fn decline_reason(reason: &str, language: Language) -> &str {
    let (english, chinese) = match reason {
        "funds" | "insufficient-funds" => ("Not enough money", "余额不足"),
        "unknown-payee" => ("Unknown payee", "收款方不存在"),
        "unknown-account" => ("Unknown account", "账户不存在"),
        "account-closed" => ("Account closed", "账户已销户"),
        "not-permitted" => ("Not permitted", "不允许此操作"),
        "cancelled" => ("Cancelled by the customer", "客户取消"),
        "invalid" => ("Amount or account not valid", "金额或账户无效"),
        "not-signed" => ("Not signed by the device", "设备未签名"),
        "expired" => ("Not confirmed in time", "确认超时"),
        "unavailable" => ("Service not available", "服务不可用"),
        "limit" | "limit-exceeded" => ("Beyond a limit", "超过限额"),
        "risk" | "risk-refused" => ("Refused by a risk rule", "风控规则拒绝"),
        "step-up" => ("Stronger consent was asked for", "需要加强验证"),
        "price" => ("Fee or rate not as agreed", "手续费或汇率与约定不符"),
        "ledger" => ("Amount or account not valid", "金额或账户无效"),
        "key-reused" => ("Key used for another payment", "请求编号重复"),
        "currency-mismatch" => ("Currencies differ", "币种不符"),
        "refund-exceeds" => ("Refund beyond the payment", "退款超过原交易金额"),
        "hold-ended" => ("Hold had ended", "预授权已结束"),
        other => return other,
    };
    language.say(english, chinese)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        for kind in EntryKind::KNOWN {
            assert_eq!(EntryKind::from(kind.word()), kind);
        }
        assert_eq!(EntryKind::from("tithe"), EntryKind::Other("tithe".to_owned()));
        for word in ["customer", "merchant", "settlement", "fees", "suspense"] {
            assert_eq!(AccountKind::from(word).word(), word);
        }
    }

    #[test]
    fn every_reason_of_the_account_platform_has_words_in_both_languages() {
        for reason in ["price", "limit", "risk", "step-up", "funds", "ledger"] {
            assert!(
                decline_reason(reason, Language::English).starts_with(|first: char| first.is_uppercase())
            );
            assert!(!decline_reason(reason, Language::Chinese).is_ascii(), "{reason}");
        }
        for language in [Language::English, Language::Chinese] {
            assert_ne!(EntryKind::from("rounding").name(language), "rounding");
        }
    }

    #[test]
    fn every_known_kind_has_chinese_words() {
        for kind in EntryKind::KNOWN {
            for name in [
                kind.name(Language::Chinese),
                kind.name_for(Language::Chinese, true),
                kind.name_for(Language::Chinese, false),
            ] {
                assert!(!name.is_ascii(), "{kind:?} is {name:?} in Chinese");
            }
        }
    }
}
