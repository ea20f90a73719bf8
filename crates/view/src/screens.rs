//! The screens that the platform draws itself: the sealed welcome, confirmations, refusals, the end.
//!
//! An app's view becomes a [`Screen`] by `Screen::from(view)`; only the functions here make one of the
//! platform's own, which has a header in a colour and with a shield that no app can draw.

use crate::format::amount_text;
use crate::semantic::{Action, Detail, Element, Emphasis, Tone, View};
use crate::theme::Language;
use crate::words::{Word, pass_words};
use money::Money;

/// The identifier of the confirming action of [`confirmation`].
pub const CONFIRM: &str = "platform.confirm";
/// The identifier of the cancelling action of [`confirmation`] and [`waiting_for_signature`].
pub const CANCEL: &str = "platform.cancel";
/// The identifier of the closing action of [`declined`] and [`ended`].
pub const CLOSE: &str = "platform.close";

/// A view with whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    view: View,
    platform: bool,
    emblem: Option<[u8; 16]>,
}

impl Screen {
    /// The view.
    #[must_use]
    pub const fn view(&self) -> &View {
        &self.view
    }

    /// Whether the platform drew it, not an app.
    #[must_use]
    pub const fn is_platform(&self) -> bool {
        self.platform
    }

    /// The nonce whose picture stands above the body.
    pub(crate) const fn emblem(&self) -> Option<&[u8; 16]> {
        self.emblem.as_ref()
    }

    const fn platform(view: View) -> Self {
        Self { view, platform: true, emblem: None }
    }
}

impl From<View> for Screen {
    /// An app's view.
    fn from(view: View) -> Self {
        Self { view, platform: false, emblem: None }
    }
}

/// What kind of payment is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaymentKind {
    /// To a merchant.
    Pay,
    /// To another customer.
    Transfer,
    /// From the settlement account into the customer's own.
    TopUp,
}

/// What a confirmation shows: the fields of the statement that will be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// What kind of payment.
    pub kind: PaymentKind,
    /// The payee's name as the platform has it.
    pub payee: String,
    /// The payee's number or identifier, or empty.
    pub payee_number: String,
    /// The sum the payee gets.
    pub amount: Money,
    /// The fee on top; nothing is shown as free.
    pub fee: Money,
    /// The account that pays (or, for a top-up, that gets the money).
    pub account: String,
    /// The note to the payee, or empty.
    pub memo: String,
}

fn action(id: &str, word: Word, emphasis: Emphasis, language: Language) -> Action {
    Action { id: id.to_owned(), label: word.text(language).to_owned(), emphasis }
}

fn text(text: &str, tone: Tone) -> Element {
    Element::Text { text: text.to_owned(), tone }
}

fn detail(word: Word, value: &str, strong: bool, language: Language) -> Detail {
    Detail { label: word.text(language).to_owned(), value: value.to_owned(), strong }
}

/// The key-confirmation picture (R24): sealed, and unique to the session by its nonce, which decides the
/// pattern and the words. Whoever lacks the keys sees noise.
#[must_use]
pub fn welcome(language: Language, customer: &str, nonce: &[u8; 16]) -> Screen {
    let greeting = Word::Greeting.text(language).replace("{}", customer);
    Screen {
        emblem: Some(*nonce),
        ..Screen::platform(View {
            title: Word::Welcome.text(language).to_owned(),
            elements: vec![
                text(&greeting, Tone::Heading),
                Element::Details(vec![Detail {
                    label: Word::SessionWords.text(language).to_owned(),
                    value: pass_words(nonce, language),
                    strong: true,
                }]),
                text(Word::WelcomeText.text(language), Tone::Muted),
            ],
            actions: Vec::new(),
        })
    }
}

/// The platform's confirmation of a payment, drawn from the command itself (R23). Its actions are
/// [`CONFIRM`] and [`CANCEL`].
#[must_use]
pub fn confirmation(language: Language, statement: &Confirmation) -> Screen {
    let (title, label) = match statement.kind {
        PaymentKind::Pay => (Word::Confirm, Word::YouPay),
        PaymentKind::Transfer => (Word::ConfirmTransfer, Word::YouSend),
        PaymentKind::TopUp => (Word::ConfirmTopUp, Word::YouTopUp),
    };
    let mut details = vec![detail(Word::Payee, &statement.payee, true, language)];
    if !statement.payee_number.is_empty() {
        details.push(detail(Word::PayeeNumber, &statement.payee_number, false, language));
    }
    let account = if statement.kind == PaymentKind::TopUp { Word::IntoAccount } else { Word::FromAccount };
    details.push(detail(account, &statement.account, false, language));
    let fee = if statement.fee.is_zero() {
        Word::Free.text(language).to_owned()
    } else {
        amount_text(statement.fee)
    };
    details.push(detail(Word::Fee, &fee, false, language));
    if !statement.fee.is_zero()
        && let Ok(total) = statement.amount.checked_add(statement.fee)
    {
        details.push(detail(Word::Total, &amount_text(total), true, language));
    }
    if !statement.memo.is_empty() {
        details.push(detail(Word::Memo, &statement.memo, false, language));
    }
    Screen::platform(View {
        title: title.text(language).to_owned(),
        elements: vec![
            Element::Amount {
                label: format!("{} · {}", label.text(language), statement.amount.currency().code()),
                amount: statement.amount,
            },
            Element::Details(details),
            text(Word::SignNote.text(language), Tone::Muted),
        ],
        actions: vec![
            action(CONFIRM, Word::ConfirmButton, Emphasis::Primary, language),
            action(CANCEL, Word::CancelButton, Emphasis::Cancel, language),
        ],
    })
}

/// While the secure element signs. The one action is [`CANCEL`].
#[must_use]
pub fn waiting_for_signature(language: Language, statement: &Confirmation) -> Screen {
    Screen::platform(View {
        title: Word::Confirm.text(language).to_owned(),
        elements: vec![
            Element::Progress { text: Word::Signing.text(language).to_owned() },
            Element::Details(vec![
                detail(Word::Payee, &statement.payee, false, language),
                detail(Word::Total, &total(statement), true, language),
            ]),
            text(Word::SigningText.text(language), Tone::Muted),
        ],
        actions: vec![action(CANCEL, Word::CancelButton, Emphasis::Cancel, language)],
    })
}

fn total(statement: &Confirmation) -> String {
    amount_text(statement.amount.checked_add(statement.fee).unwrap_or(statement.amount))
}

/// While the platform works.
#[must_use]
pub fn busy(language: Language) -> Screen {
    Screen::platform(View {
        title: Word::Platform.text(language).to_owned(),
        elements: vec![Element::Progress { text: Word::Working.text(language).to_owned() }],
        actions: Vec::new(),
    })
}

/// A payment was refused; nothing was moved. The one action is [`CLOSE`].
#[must_use]
pub fn declined(language: Language, reason: &str) -> Screen {
    Screen::platform(View {
        title: Word::Declined.text(language).to_owned(),
        elements: vec![
            Element::Outcome { success: false, text: Word::Declined.text(language).to_owned() },
            text(reason, Tone::Warning),
            text(Word::NothingTaken.text(language), Tone::Muted),
        ],
        actions: vec![action(CLOSE, Word::CloseButton, Emphasis::Primary, language)],
    })
}

/// The session is over, with the reason, and whether it ended as the user wished. It has no actions:
/// nobody listens any more.
#[must_use]
pub fn ended(language: Language, reason: &str, orderly: bool) -> Screen {
    Screen::platform(View {
        title: Word::Ended.text(language).to_owned(),
        elements: vec![
            Element::Outcome { success: orderly, text: Word::Ended.text(language).to_owned() },
            text(reason, Tone::Body),
            text(Word::EndedText.text(language), Tone::Muted),
        ],
        actions: Vec::new(),
    })
}
