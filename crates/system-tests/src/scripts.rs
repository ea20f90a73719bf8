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
         tap pay\n\
         tap payee\n\
         type \"{merchant}\"\n\
         tap next\n\
         tap amount within 10s\n\
         type \"{amount}\"\n\
         screenshot amount\n\
         tap next\n\
         expect-action {CONFIRM} within 10s\n\
         screenshot confirmation\n"
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
            "tap pay within 10s\n\
             tap payee\n\
             type \"{}\"\n\
             tap next\n\
             tap amount within 10s\n\
             type \"{amount}\"\n\
             tap next\n\
             tap {CONFIRM} within 10s\n\
             expect-action done within 20s\n\
             screenshot receipt-{number}\n\
             tap done\n",
            crate::MERCHANT.1
        );
    }
    script
}
