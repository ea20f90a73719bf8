//! What a person does at a terminal, as scripts. They tap by name, so one script serves every language and size.

/// Pays the merchant an amount, as typed (`23.50`), and waits for the receipt.
#[must_use]
pub fn payment_script(amount: &str) -> String {
    format!(
        "tap pay within 20s\n\
         tap payee\n\
         type \"{}\"\n\
         tap amount\n\
         type \"{amount}\"\n\
         tap continue\n\
         tap confirm within 10s\n\
         expect-action done within 20s\n\
         screenshot receipt\n",
        crate::MERCHANT.1
    )
}
