//! What a person does at a terminal, as scripts. They tap by name, so one script serves every language and
//! every size of display.

use std::fmt::Write as _;

/// The platform's own action: pay what the screen says.
const CONFIRM: &str = "platform.confirm";

/// Signs in, pays the seeded merchant an amount, as typed (`23.50`), and waits for the receipt.
#[must_use]
pub fn payment(amount: &str) -> String {
    format!("{}{}", to_confirmation(crate::MERCHANT.1, amount), confirm())
}

/// Signs in, and goes as far as the platform's confirmation of a payment.
#[must_use]
pub fn to_confirmation(merchant: &str, amount: &str) -> String {
    format!(
        "expect-action pay within 20s\n\
         screenshot home\n\
         {}\
         screenshot confirmation\n",
        fill_in("pay", merchant, amount)
    )
}

/// From the home screen: pays or transfers (`purpose`) to somebody, as far as the platform's confirmation.
///
/// Enter goes on from field to field and then to the next screen, with or without a keyboard drawn by the
/// platform; what was typed is waited for first, so that nothing is chosen on a screen that is already gone.
#[must_use]
pub fn fill_in(purpose: &str, payee: &str, amount: &str) -> String {
    format!(
        "tap {purpose} within 10s\n\
         tap payee within 10s\n\
         type \"{payee}\"\n\
         expect \"{payee}\" within 10s\n\
         key Enter\n\
         tap amount within 10s\n\
         {}",
        fill_amount(amount, 2)
    )
}

/// Types into the amount field, and goes on by as many Enters as there are fields from it on.
#[must_use]
pub fn fill_amount(amount: &str, fields: usize) -> String {
    format!(
        "type \"{amount}\"\n\
         expect \"{amount}\" within 10s\n\
         {}\
         expect-action {CONFIRM} within 10s\n",
        "key Enter\n".repeat(fields)
    )
}

/// Confirms, and waits for the receipt.
#[must_use]
pub fn confirm() -> String {
    format!(
        "tap {CONFIRM}\n\
         expect-action done within 20s\n\
         screenshot receipt\n"
    )
}

/// Signs in and pays the merchant over and over; every `screenshot receipt-N` that is there was acknowledged.
#[must_use]
pub fn payments(count: usize, amount: &str) -> String {
    let mut script = String::from("expect-action pay within 20s\n");
    for number in 1..=count {
        // Writing to a string cannot fail.
        let _ = write!(
            script,
            "{}tap {CONFIRM}\nexpect-action done within 20s\nscreenshot receipt-{number}\ntap done\n",
            fill_in("pay", crate::MERCHANT.1, amount)
        );
    }
    script
}
