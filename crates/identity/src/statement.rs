//! The statement: what the platform asks a secure element to sign before money moves (R23).
//!
//! The platform draws the confirmation from the same fields that are signed, so what is seen is what
//! is signed. The canonical bytes are the only encoding: one statement, one byte string, and
//! [`Statement::parse`] accepts nothing else. Layout: `docs/login.md`.

use money::{Currency, Money};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::codec::{Reader, put_long, put_short};
use crate::device::{DeviceKeyError, DevicePublicKey, SIGNATURE_BYTES};
use crate::name::{AccountName, TerminalId};
use crate::time::UnixTime;

/// The version of the canonical bytes.
pub const STATEMENT_VERSION: u8 = 1;
/// Longest ledger account in a statement, in bytes.
pub const PARTY_ACCOUNT_BYTES_MAX: usize = 64;
/// Longest name of a party, in bytes of UTF-8.
pub const PARTY_NAME_BYTES_MAX: usize = 128;
/// Longest memo, in bytes of UTF-8.
pub const MEMO_BYTES_MAX: usize = 280;
/// No canonical statement is longer, in bytes.
pub const STATEMENT_BYTES_MAX: usize = 1024;

const MAGIC: &[u8; 4] = b"TPST";
const LABEL: &[u8] = b"thinpay statement v1";

/// Why a statement cannot be made, read or believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum StatementError {
    /// A text is too long or holds characters that could deceive whoever reads it.
    #[error("the {0} is empty, too long, or holds control or direction-changing characters")]
    Text(&'static str),
    /// The amount is not above zero, or the fee is below zero.
    #[error("a statement needs an amount above zero and a fee of zero or more")]
    Amount,
    /// Amount and fee are of different currencies.
    #[error("a statement's fee must be in the currency of its amount")]
    FeeCurrency,
    /// The bytes are not a canonical statement.
    #[error("these bytes are not a canonical statement ({0})")]
    Malformed(&'static str),
    /// The bytes are of a version that this program does not know.
    #[error("the statement is of version {0}; this program knows version {STATEMENT_VERSION}")]
    UnknownVersion(u8),
    /// The signature does not verify.
    #[error("the signature was not made by this terminal's key over this statement")]
    Signature,
}

/// What is done with the money (R30).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Consumption: a customer pays a merchant.
    Pay,
    /// Transfer between customers.
    Transfer,
    /// Top-up: a settlement account pays into a customer's.
    TopUp,
}

impl Operation {
    const fn code(self) -> u8 {
        match self {
            Self::Pay => 1,
            Self::Transfer => 2,
            Self::TopUp => 3,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Pay),
            2 => Some(Self::Transfer),
            3 => Some(Self::TopUp),
            _ => None,
        }
    }
}

/// A language in which a summary can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Chinese, simplified characters.
    Chinese,
}

impl Language {
    /// The tag of BCP 47: `en` or `zh`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }

    /// From the tag of BCP 47; `None` for a language that is not there.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag {
            "en" => Some(Self::English),
            "zh" => Some(Self::Chinese),
            _ => None,
        }
    }
}

/// One side of the movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// The ledger account, as the account platform writes it; 1 to [`PARTY_ACCOUNT_BYTES_MAX`] bytes.
    pub account: String,
    /// The holder's name, as people see it; 1 to [`PARTY_NAME_BYTES_MAX`] bytes.
    pub name: String,
}

/// The fields of a statement, before they are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementFields {
    /// Random, drawn for this one statement: makes it single-use, and is the payment's idempotency key.
    pub payment_key: [u8; 16],
    /// What is done.
    pub operation: Operation,
    /// Who pays.
    pub payer: Party,
    /// Who is paid.
    pub payee: Party,
    /// How much; above zero.
    pub amount: Money,
    /// What the payer pays on top; zero or more, in the currency of the amount.
    pub fee: Money,
    /// When the platform drew the confirmation.
    pub at: UnixTime,
    /// The terminal whose secure element signs.
    pub terminal: TerminalId,
    /// The customer who signs: for a top-up not the payer.
    pub customer: AccountName,
    /// What the customer reads as purpose; may be empty, at most [`MEMO_BYTES_MAX`] bytes.
    pub memo: String,
}

/// A checked statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement(StatementFields);

/// One line of a summary: a label in the asked language, and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryLine {
    /// What the value is.
    pub label: &'static str,
    /// The value.
    pub value: String,
}

impl Statement {
    /// Checks the fields.
    ///
    /// # Errors
    /// When a text, the amount or the fee is outside its bounds.
    pub fn new(fields: StatementFields) -> Result<Self, StatementError> {
        check_text("payer's account", &fields.payer.account, 1, PARTY_ACCOUNT_BYTES_MAX)?;
        check_text("payer's name", &fields.payer.name, 1, PARTY_NAME_BYTES_MAX)?;
        check_text("payee's account", &fields.payee.account, 1, PARTY_ACCOUNT_BYTES_MAX)?;
        check_text("payee's name", &fields.payee.name, 1, PARTY_NAME_BYTES_MAX)?;
        check_text("memo", &fields.memo, 0, MEMO_BYTES_MAX)?;
        if fields.amount.minor_units() <= 0 || fields.fee.minor_units() < 0 {
            return Err(StatementError::Amount);
        }
        if fields.amount.currency() != fields.fee.currency() {
            return Err(StatementError::FeeCurrency);
        }
        Ok(Self(fields))
    }

    /// The checked fields.
    #[must_use]
    pub const fn fields(&self) -> &StatementFields {
        &self.0
    }

    /// The one encoding of this statement, at most [`STATEMENT_BYTES_MAX`] bytes.
    ///
    /// # Panics
    /// Never: the bounds were checked when the statement was made.
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        self.encode().expect("the bounds were checked when the statement was made")
    }

    fn encode(&self) -> Option<Vec<u8>> {
        let fields = &self.0;
        let mut out = Vec::with_capacity(256);
        out.extend_from_slice(MAGIC);
        out.push(STATEMENT_VERSION);
        out.push(fields.operation.code());
        out.extend_from_slice(&fields.payment_key);
        out.extend_from_slice(&fields.at.milliseconds().to_be_bytes());
        out.extend_from_slice(fields.terminal.as_bytes());
        put_short(&mut out, fields.customer.as_str().as_bytes())?;
        for party in [&fields.payer, &fields.payee] {
            put_short(&mut out, party.account.as_bytes())?;
            put_short(&mut out, party.name.as_bytes())?;
        }
        out.extend_from_slice(&fields.amount.currency().to_bytes());
        out.extend_from_slice(&fields.amount.minor_units().to_be_bytes());
        out.extend_from_slice(&fields.fee.minor_units().to_be_bytes());
        put_long(&mut out, fields.memo.as_bytes(), MEMO_BYTES_MAX)?;
        Some(out)
    }

    /// Reads canonical bytes; whatever is accepted encodes to the same bytes again.
    ///
    /// # Errors
    /// When the bytes are not a canonical statement of a known version within the bounds.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        use StatementError::Malformed;
        if bytes.len() > STATEMENT_BYTES_MAX {
            return Err(Malformed("too long"));
        }
        let mut reader = Reader::new(bytes);
        if reader.array::<4>().as_ref() != Some(MAGIC) {
            return Err(Malformed("it does not begin as a statement does"));
        }
        let version = reader.u8().ok_or(Malformed("no version"))?;
        if version != STATEMENT_VERSION {
            return Err(StatementError::UnknownVersion(version));
        }
        let operation = reader.u8().and_then(Operation::from_code).ok_or(Malformed("operation"))?;
        let payment_key = reader.array().ok_or(Malformed("payment key"))?;
        let at = reader.u64().map(UnixTime::from_milliseconds).ok_or(Malformed("time"))?;
        let terminal = reader.array().map(TerminalId::from_bytes).ok_or(Malformed("terminal"))?;
        let customer = text(reader.short())
            .and_then(|name| AccountName::from_canonical(&name).ok())
            .ok_or(Malformed("customer"))?;
        let mut party = || Some(Party { account: text(reader.short())?, name: text(reader.short())? });
        let payer = party().ok_or(Malformed("payer"))?;
        let payee = party().ok_or(Malformed("payee"))?;
        let currency = reader.array().and_then(Currency::from_bytes).ok_or(Malformed("currency"))?;
        let amount = reader.i64().map(|units| Money::new(units, currency)).ok_or(Malformed("amount"))?;
        let fee = reader.i64().map(|units| Money::new(units, currency)).ok_or(Malformed("fee"))?;
        let memo = text(reader.long(MEMO_BYTES_MAX)).ok_or(Malformed("memo"))?;
        reader.end().ok_or(Malformed("bytes are left over"))?;
        Self::new(StatementFields {
            payment_key,
            operation,
            payer,
            payee,
            amount,
            fee,
            at,
            terminal,
            customer,
            memo,
        })
    }

    /// What a signer that hashes for itself (WebCrypto) is given: label and canonical bytes.
    #[must_use]
    pub fn signed_message(&self) -> Vec<u8> {
        let mut message = LABEL.to_vec();
        message.extend_from_slice(&self.canonical_bytes());
        message
    }

    /// What a signer that takes a digest is given: `SHA-256("thinpay statement v1" || canonical bytes)`.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.signed_message()).into()
    }

    /// Verifies a signature `r || s` over [`Statement::digest`].
    ///
    /// # Errors
    /// [`StatementError::Signature`] when it does not verify.
    pub fn verify(
        &self,
        signature: &[u8; SIGNATURE_BYTES],
        signing_public: &DevicePublicKey,
    ) -> Result<(), StatementError> {
        signing_public
            .verify(&self.digest(), signature)
            .map_err(|_: DeviceKeyError| StatementError::Signature)
    }

    /// The statement in words, for a terminal's own display and for an auditor.
    #[must_use]
    pub fn summary(&self, language: Language) -> Vec<SummaryLine> {
        let fields = &self.0;
        let chinese = language == Language::Chinese;
        let pick = |english: &'static str, other: &'static str| if chinese { other } else { english };
        let operation = match fields.operation {
            Operation::Pay => pick("Payment", "付款"),
            Operation::Transfer => pick("Transfer", "转账"),
            Operation::TopUp => pick("Top-up", "充值"),
        };
        let party = |party: &Party| format!("{} ({})", party.name, party.account);
        let mut lines = vec![
            SummaryLine { label: pick("Operation", "业务"), value: operation.to_owned() },
            SummaryLine { label: pick("Amount", "金额"), value: fields.amount.to_string() },
            SummaryLine { label: pick("Fee", "手续费"), value: fields.fee.to_string() },
            SummaryLine { label: pick("From", "付款方"), value: party(&fields.payer) },
            SummaryLine { label: pick("To", "收款方"), value: party(&fields.payee) },
        ];
        if !fields.memo.is_empty() {
            lines.push(SummaryLine { label: pick("Memo", "备注"), value: fields.memo.clone() });
        }
        lines.push(SummaryLine { label: pick("Time", "时间"), value: fields.at.to_string() });
        lines.push(SummaryLine { label: pick("Signed by", "签名人"), value: fields.customer.to_string() });
        lines
    }
}

fn text(bytes: Option<&[u8]>) -> Option<String> {
    std::str::from_utf8(bytes?).ok().map(str::to_owned)
}

/// The rule for text that people read before they sign: it must not be able to reorder or hide what
/// follows it, so it has no control characters, line separators, direction marks or invisible
/// characters. `shortest` and `longest` are in bytes of UTF-8; `field` names it in the error.
///
/// # Errors
/// [`StatementError::Text`] when it is outside the bounds or holds such a character.
pub fn check_text(
    field: &'static str,
    text: &str,
    shortest: usize,
    longest: usize,
) -> Result<(), StatementError> {
    let deceiving = |c: char| {
        c.is_control()
            || matches!(c,
                '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
    };
    if text.len() < shortest || text.len() > longest || text.chars().any(deceiving) {
        return Err(StatementError::Text(field));
    }
    Ok(())
}
