//! Bad values are refused with section, line and reason; and no text at all makes the reader fall over.

use parameters::{Registry, SECTION_BYTES_MAX, Section};
use proptest::prelude::*;

fn refused(section: Section, text: &str) -> String {
    match Registry::default().check(section, text) {
        Ok(()) => panic!("not refused: {text}"),
        Err(error) => error.to_string(),
    }
}

/// The template with one thing after its introduction changed, and what is said of it.
fn check(section: Section, from: &str, to: &str, expected: &str) {
    let template = section.template();
    let introduction: usize =
        template.split_inclusive('\n').take_while(|line| line.starts_with('#')).map(str::len).sum();
    let (introduction, document) = template.split_at(introduction);
    assert!(document.contains(from), "{from}");
    let said = refused(section, &format!("{introduction}{}", document.replacen(from, to, 1)));
    assert_eq!(said, expected);
    assert!(said.ends_with('.'), "{said}");
}

#[test]
fn fees() {
    let check = |from, to, expected| check(Section::Fees, from, to, expected);
    check(
        "\"0.60 %\"",
        "\"0.60\"",
        "fees, line 23: \"0.60\" is not a rate: write a percentage from 0 % to 100 %, like \"0.60 %\", with at most 4 decimals.",
    );
    check(
        "\"0.60 %\"",
        "\"101 %\"",
        "fees, line 23: \"101 %\" is not a rate: write a percentage from 0 % to 100 %, like \"0.60 %\", with at most 4 decimals.",
    );
    check(
        "\"0.01 CNY\"",
        "\"0.001 CNY\"",
        "fees, line 24: \"0.001 CNY\" is not an amount like \"12.30 CNY\": CNY has 2 decimal places; the amount has more.",
    );
    check("\"0.01 CNY\"", "\"-0.01 CNY\"", "fees, line 24: -0.01 CNY is less than nothing.");
    check("\"0.01 CNY\"", "\"0.01 USD\"", "fees, line 24: The schedule is for CNY, but 0.01 USD is not.");
    check(
        "operation = \"pay\"\ncurrency = \"CNY\"",
        "operation = \"pay\"",
        "fees, line 23: A schedule with amounts is for one currency: add currency = \"CNY\".",
    );
    check(
        "\"pay\"",
        "\"buy\"",
        "fees, line 20: \"buy\" is not an operation; there are pay, transfer, top-up, withdrawal, exchange.",
    );
    check(
        "\"pay\"",
        "\"exchange\"",
        "fees, line 20: An exchange has no fee of its own: its price is the margin of the rate, in the section exchange.",
    );
    check(
        "\"merchant\"\nrate",
        "\"bank\"\nrate",
        "fees, line 22: Unknown variant `bank`, expected `customer` or `merchant`.",
    );
    check(
        "minimum = \"0.01 CNY\"",
        "minimun = \"0.01 CNY\"",
        "fees, line 24: Unknown field `minimun`, expected one of `name`, `merchant`, `app`, `operation`, `currency`, `payer`, `fixed`, `rate`, `tiers`, `tier`, `minimum`, `maximum`, `rounding`.",
    );
    check(
        "name = \"withdrawals\"",
        "name = \"payments\"",
        "fees, line 27: There are two fee schedules named \"payments\"; give each its own name.",
    );
    check(
        "operation = \"withdrawal\"",
        "operation = \"pay\"",
        "fees, line 26: The fee schedules \"payments\" and \"withdrawals\" are for the same merchant, app, operation and currency; only one of them could apply.",
    );
    check(
        "\"half-even\"\n\n",
        "\"nearest\"\n\n",
        "fees, line 33: \"nearest\" is not a way of rounding; there are half-even, up and down.",
    );
    check(
        "  up-to = \"1000.00 CNY\"\n",
        "",
        "fees, line 38: A tier without up-to takes all larger amounts: it is the last one.",
    );
    check(
        "rate = \"0.10 %\"",
        "up-to = \"2000.00 CNY\"\n  rate = \"0.10 %\"",
        "fees, line 31: The last tier has no up-to, so that every amount is in a tier.",
    );
    check(
        "rate = \"0.10 %\"",
        "up-to = \"1000.00 CNY\"\n  rate = \"0.10 %\"",
        "fees, line 39: Each tier's up-to is more than that of the tier before it.",
    );
    check(
        "tiers = \"slice\"",
        "rate = \"1 %\"\ntiers = \"slice\"",
        "fees, line 32: A schedule has either a rate or tiers with rates, not both.",
    );
    check(
        "  rate = \"0 %\"",
        "  fixed = \"1.00 CNY\"",
        "fees, line 37: Tiers that are slices have rates only; write fixed in the schedule itself.",
    );
    check(
        "tiers = \"slice\"\n",
        "",
        "fees, line 34: A schedule with tiers says how they count: tiers = \"slice\" (each part of the amount at its own tier's rate) or tiers = \"whole\" (all of it at the rate of the tier it is in).",
    );
    check(
        "rate = \"0.60 %\"\nminimum = \"0.01 CNY\"",
        "",
        "fees, line 19: The schedule \"payments\" has no price: give it a rate, tiers, or fixed = \"0.00 CNY\" for no fee.",
    );
    check(
        "minimum = \"0.01 CNY\"",
        "minimum = \"2.00 CNY\"\nmaximum = \"1.00 CNY\"",
        "fees, line 24: The minimum is more than the maximum.",
    );
}

#[test]
fn limits() {
    let check = |from, to, expected| check(Section::Limits, from, to, expected);
    check(
        "day-amount = \"10000.00 CNY\"",
        "day-amount = \"10000.00 USD\"",
        "limits, line 17: 10000.00 USD is in another currency than the rule's.",
    );
    check(
        "day-count = 200\n",
        "day-count = -1\n",
        "limits, line 18: Invalid value: integer `-1`, expected u32.",
    );
    check(
        "day-amount = \"10000.00 CNY\"",
        "day-amount = \"100000.01 CNY\"",
        "limits, line 17: The day's amount is more than the month's.",
    );
    check(
        "[\"customer\"]",
        "[\"custommer\"]",
        "limits, line 29: There is no other rule named \"custommer\".",
    );
    check(
        "[\"customer\"]",
        "[\"gold customer\"]",
        "limits, line 29: There is no other rule named \"gold customer\".",
    );
    check(
        "day-count = 2000\n",
        "",
        "limits, line 32: The rule \"terminal\" limits nothing: give it an amount or a count.",
    );
    check(
        "applies-to = \"terminal\"",
        "applies-to = \"account\"\nwhich = \"bob\"",
        "limits, line 34: \"bob\" is not an account number, or there is a slip in it: it has digits only, and the last two guard the others.",
    );
    check(
        "applies-to = \"terminal\"",
        "applies-to = \"till\"",
        "limits, line 33: Unknown variant `till`, expected one of `account`, `tier`, `app`, `terminal`, `merchant`.",
    );
    check(
        "operations = [\"pay\", \"transfer\", \"withdrawal\"]",
        "operations = []",
        "limits, line 15: No operation is listed; leave operations out to mean all.",
    );
    check("which = \"gold\"", "which = \"\"", "limits, line 24: A name has 1 to 64 bytes; this one has 0.");
    check(
        "which = \"gold\"",
        "which = \" gold\"",
        "limits, line 24: A name has no control characters and no spaces around it.",
    );
}

#[test]
fn the_other_sections() {
    check(
        Section::CutOff,
        "23:00",
        "25:00",
        "cut-off, line 3: \"25:00\" is not a time of day from 00:00 to 23:59.",
    );
    check(
        Section::CutOff,
        "Asia/Shanghai",
        "Asia/Shang",
        "cut-off, line 4: \"Asia/Shang\" is not a time zone's name like Asia/Shanghai or UTC.",
    );
    check(Section::CutOff, "zone = \"Asia/Shanghai\"", "", "cut-off, line 1: Missing field `zone`.");
    check(
        Section::Currencies,
        "HKD",
        "XXX",
        "currencies, line 3: \"XXX\" is not the three-letter code of a currency in circulation (ISO 4217).",
    );
    check(Section::Currencies, "HKD", "CNY", "currencies, line 3: CNY stands in the list twice.");
    check(
        Section::Currencies,
        "\"CNY\", \"HKD\", \"USD\"",
        "",
        "currencies, line 3: The books are kept in one currency at least.",
    );
    check(
        Section::Calendar,
        "sunday",
        "sonntag",
        "calendar, line 3: \"sonntag\" is not a day of the week; they are monday, tuesday, wednesday, thursday, friday, saturday, sunday.",
    );
    check(
        Section::Calendar,
        "\"2027-01-01\"",
        "\"2027-02-29\"",
        "calendar, line 4: 2027-02-29 is not in the calendar.",
    );
    check(
        Section::Calendar,
        "working-days = []",
        "working-days = [\"2027-01-01\"]",
        "calendar, line 5: 2027-01-01 is listed as a holiday too.",
    );
    check(
        Section::Calendar,
        "[\"saturday\", \"sunday\"]",
        "[\"monday\", \"tuesday\", \"wednesday\", \"thursday\", \"friday\", \"saturday\", \"sunday\"]",
        "calendar, line 3: At least one day of the week is a business day.",
    );
    check(
        Section::Exchange,
        "7.1234",
        "7,1234",
        "exchange, line 8: \"7,1234\" is not an exchange rate: write how much CNY is given for 1 USD, like \"7.1234\", more than nothing and with at most 12 digits.",
    );
    check(
        Section::Exchange,
        "7.1234",
        "0.000",
        "exchange, line 8: \"0.000\" is not an exchange rate: write how much CNY is given for 1 USD, like \"7.1234\", more than nothing and with at most 12 digits.",
    );
    check(
        Section::Exchange,
        "to = \"CNY\"",
        "to = \"USD\"",
        "exchange, line 7: USD is not exchanged for itself.",
    );
    check(
        Section::Exchange,
        "0.25 %",
        "100 %",
        "exchange, line 5: A margin of the whole leaves nothing to give.",
    );
    check(
        Section::Participants,
        "\"operator\"\ncountry",
        "\"bank\"\ncountry",
        "participants: Exactly one participant is of the kind \"operator\"; here 0 are.",
    );
    check(
        Section::Participants,
        "EXBKCNBJ",
        "EXBKCNB",
        "participants, line 20: \"EXBKCNB\" is not a business identifier code (ISO 9362): four characters, two letters of the country, two characters, and three more for a branch.",
    );
    check(
        Section::Participants,
        "account = \"6222020000000000\"",
        "iban = \"DE89370400440532013001\"",
        "participants, line 21: \"DE89370400440532013001\" is not an international bank account number (ISO 13616), or there is a slip in it: its check digits do not agree. It is written without spaces.",
    );
    check(
        Section::Participants,
        "\"BANK-A\"",
        "\"OPERATOR\"",
        "participants, line 17: There are two participants with the id \"OPERATOR\".",
    );
    check(
        Section::Participants,
        "holders = []",
        "holders = [\"a\", \"a\"]",
        "participants, line 23: The holder \"a\" belongs to two participants.",
    );
    check(
        Section::Operators,
        "public-key = \"02",
        "public-key = \"05",
        "operators, line 11: A public key is written in hexadecimal digits: a point of the curve P-256, in 33 bytes that begin with 02 or 03 or in 65 bytes that begin with 04. Perhaps a digit is wrong.",
    );
    check(
        Section::Operators,
        "[\"security\", \"finance\", \"risk\"]",
        "[\"finance\"]",
        "operators: At least two operators have the role \"security\": one alone could not change this section again.",
    );
    check(
        Section::Operators,
        "[\"security\", \"finance\", \"risk\"]",
        "[]",
        "operators, line 12: \"first.operator\" has no role.",
    );
    check(
        Section::Operators,
        "first.operator",
        "installation",
        "operators, line 10: \"installation\" names the installation itself and no operator.",
    );
    check(
        Section::Operators,
        "second.operator",
        "first.operator",
        "operators, line 15: There are two operators named \"first.operator\".",
    );
    assert_eq!(refused(Section::Operators, ""), "operators: There is no operator in it.");
}

#[test]
fn real_codes_are_accepted() {
    let text = |more: &str| {
        format!(
            "[[participant]]\nid = \"a\"\nname = \"运营商\"\nkind = \"operator\"\ncountry = \"DE\"\n{more}"
        )
    };
    for more in [
        "iban = \"DE89370400440532013000\"",
        "iban = \"GB82WEST12345698765432\"",
        "iban = \"NO9386011117947\"",
        "bic = \"DEUTDEFF\"",
        "bic = \"DEUTDEFF500\"",
        "ledger-accounts = { CNY = \"1000000161\", USD = \"1000000258\" }",
    ] {
        Registry::default()
            .check(Section::Participants, &text(more))
            .unwrap_or_else(|error| panic!("{error}"));
    }
    let said = refused(Section::Participants, &text("ledger-accounts = { CNX = \"1000000161\" }"));
    assert_eq!(
        said,
        "participants, line 6: \"CNX\" is not the three-letter code of a currency in circulation (ISO 4217)."
    );
}

#[test]
fn texts_are_bounded_in_size_and_depth() {
    let registry = Registry::default();
    for section in Section::ALL {
        let long = "#".repeat(SECTION_BYTES_MAX + 1);
        assert_eq!(
            registry.check(section, &long).expect_err("too long").to_string(),
            format!("{section}: The text is 262145 bytes long; at most 262144 are allowed.")
        );
        let depths = [
            "a = ".to_owned() + &"[".repeat(200_000),
            "a = ".to_owned() + &"{a=".repeat(60_000),
            "a".to_owned() + &".a".repeat(100_000) + " = 1",
            "[".to_owned() + &"a.".repeat(100_000) + "a]",
        ];
        for deep in depths {
            let checked = registry.check(section, &deep);
            assert!(checked.is_err() || section == Section::Risk);
        }
    }
    // As many schedules as fit are read and refused quickly.
    let many: String = (0..8000).map(|number| format!("[[schedule]]\nname=\"{number}\"\n")).collect();
    assert!(registry.check(Section::Fees, &many).is_err());
}

/// A template with pieces taken out, put in, doubled and swapped.
fn mangled() -> impl Strategy<Value = (Section, String)> {
    let pieces = vec![
        "\"",
        "\n",
        "[[",
        "]]",
        "=",
        "0",
        "9",
        ".",
        " %",
        " CNY",
        "-",
        "é",
        "元",
        "\\",
        "{",
        "}",
        "[",
        "]",
        "rate",
        "true",
        "\u{0}",
        "1e9",
        "inf",
        "2026-01-01",
        "'''",
    ];
    let change = (any::<proptest::sample::Index>(), 0..12_usize, proptest::sample::select(pieces));
    (proptest::sample::select(Section::ALL.to_vec()), proptest::collection::vec(change, 0..6)).prop_map(
        |(section, changes)| {
            let mut text: Vec<char> = section
                .template()
                .lines()
                .filter(|line| !line.starts_with('#'))
                .flat_map(|line| line.chars().chain(['\n']))
                .collect();
            for (at, cut, piece) in changes {
                let from = at.index(text.len() + 1);
                let to = (from + cut).min(text.len());
                text.splice(from..to, piece.chars());
            }
            (section, text.into_iter().collect())
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn mangled_templates_are_read_or_refused((section, text) in mangled()) {
        if let Err(error) = Registry::default().check(section, &text) {
            prop_assert!(!error.reason.is_empty() && error.reason.ends_with('.'), "{}", error);
            prop_assert!(usize::try_from(error.line).unwrap() <= text.lines().count() + 1, "{}", error);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,120}", section in proptest::sample::select(Section::ALL.to_vec())) {
        let _ = Registry::default().check(section, &text);
    }
}
