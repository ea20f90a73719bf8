//! Rule files: what is refused and how it is said, how rules are read, what people are told, dry runs.

use ledger::Timestamp;
use money::{Currency, Money};
use risk::{
    Consent, Decision, Difference, DryRun, Histories, LISTS_MAX, Outcome, Past, Payment, RULES_MAX, Rules,
    TEXT_BYTES_MAX, check, plain_number, replay,
};

fn payment(minor: i64, terminal: &str) -> Payment<'_> {
    Payment {
        at: Timestamp(1_700_000_000_000_000_000),
        minutes_of_day: 720,
        operation: "pay",
        payer: 1,
        payee: 2,
        payee_holder: "City Metro",
        amount: Money::new(minor, Currency::CNY),
        app: "bank-card",
        terminal,
        region: "CN-44",
        account_opened: Timestamp(0),
        consent: Consent::Signed,
    }
}

fn parse(text: &str) -> Rules {
    Rules::parse(text, plain_number).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn decide(rules: &Rules, payment: &Payment<'_>) -> (Outcome, Vec<String>) {
    let decision = rules.decide(&Histories::default(), payment);
    (decision.outcome, rules.names(&decision).into_iter().map(str::to_owned).collect())
}

fn rule(name: &str, when: &str, decision: &str) -> String {
    let told = if decision == "allow" { "" } else { "tell-customer = 'Please wait.'\n" };
    format!("[[rule]]\nname = '{name}'\n{when}\ndecision = '{decision}'\n{told}tell-desk = 'Desk: {name}.'\n")
}

#[test]
fn mistakes_name_the_line_and_the_place() {
    let long = "x".repeat(300);
    let cases: Vec<(String, &str)> = vec![
        ("[[rule]".into(), "line 1: "),
        ("# one\n[[rule]]\nname = 'a'\n".into(), "line 2: missing field `when`"),
        ("\n\nfoo = 1\n".into(), "line 3: unknown field `foo`"),
        (rule("a", "when.amout = 'at least 1.00 CNY'", "refuse"), "line 3: unknown field `amout`"),
        (rule("a", "when.amount = 5", "refuse"), "line 3: a text in quotes, or a list of them"),
        (rule("Big One", "when.operation = 'pay'", "refuse"), "line 2, name of a rule: \"Big One\" is no name"),
        (rule("a", "when = {}", "refuse"), "line 3, rule \"a\": it has no condition"),
        (rule("a", "when.operation = 'pay'", "deny"), "line 4, rule \"a\", decision: write allow, step-up, review or refuse"),
        (rule("a", "when.operation = 'payment'", "refuse"), "line 3, rule \"a\", operation: \"payment\" is no operation: write one of pay,"),
        (rule("a", "when.operation = []", "refuse"), "line 3, rule \"a\", operation: no operation is named"),
        (rule("a", "when.amount = ['at least 1.00 CNY', 'at most 2.00 CNY']", "refuse"), "line 3, rule \"a\", amount: CNY stands in it twice"),
        (rule("a", "when.amount = 'between 2.00 and 1.00 CNY'", "refuse"), "line 3, rule \"a\", amount: \"between 2.00 and 1.00 CNY\" cannot be read: the first amount is the larger one"),
        (rule("a", "when.amount = 'at least 1000.00 XYZ'", "refuse"), "line 3, rule \"a\", amount: \"at least 1000.00 XYZ\" cannot be read: \"XYZ\" is not the three-letter code"),
        (rule("a", "when.amount = 'at least -1.00 CNY'", "refuse"), "line 3, rule \"a\", amount: \"at least -1.00 CNY\" cannot be read: an amount is not negative"),
        (rule("a", "when.amount = 'more than 92233720368547758.07 CNY'", "refuse"), "line 3, rule \"a\", amount: \"more than 92233720368547758.07 CNY\" cannot be read: no amount is more than that"),
        (rule("a", "when.payments = 'more than 65 in 1 day'", "refuse"), "line 3, rule \"a\", payments: \"more than 65 in 1 day\" cannot be read: 65 is out of bounds: from 1 to 64 can be known here"),
        (rule("a", "when.payments = 'more than 5 in 32 days'", "refuse"), "line 3, rule \"a\", payments: \"more than 5 in 32 days\" cannot be read: 32 days is out of bounds: from 1 second to 31 days here"),
        (rule("a", "when.payments = 'more than 5 in 10'", "refuse"), "line 3, rule \"a\", payments: \"more than 5 in 10\" cannot be read: it ends too early"),
        (rule("a", "when.payments = 'more than 5 in 10 weeks'", "refuse"), "line 3, rule \"a\", payments: \"more than 5 in 10 weeks\" cannot be read: \"weeks\" is no unit: seconds, minutes, hours or days"),
        (rule("a", "when.payments = 'over 5 in 10 days'", "refuse"), "line 3, rule \"a\", payments: \"over 5 in 10 days\" cannot be read: \"over 5\" is no comparison"),
        (rule("a", "when.payments = 'more than 5 in 10 days and nights'", "refuse"), "line 3, rule \"a\", payments: \"more than 5 in 10 days and nights\" cannot be read: it goes on with \"and\""),
        (rule("a", "when.sum = 'more than 5.00 CNY in 25 hours'", "refuse"), "line 3, rule \"a\", sum: \"more than 5.00 CNY in 25 hours\" cannot be read: 25 hours is out of bounds: from 1 second to 24 hours here"),
        (rule("a", "when.sum = 'at most 5.00 CNY in 2 hours'", "refuse"), "line 3, rule \"a\", sum: \"at most 5.00 CNY in 2 hours\" cannot be read: this can only be compared by"),
        (rule("a", "when.consent = 'weaker than none'", "refuse"), "line 3, rule \"a\", consent: \"weaker than none\" cannot be read: nothing is weaker than none"),
        (rule("a", "when.time-of-day = 'between 24:00 and 06:00'", "refuse"), "line 3, rule \"a\", time-of-day: \"between 24:00 and 06:00\" cannot be read: \"24:00\" is no time of day"),
        (rule("a", "when.time-of-day = 'between 06:00 and 06:00'", "refuse"), "line 3, rule \"a\", time-of-day: \"between 06:00 and 06:00\" cannot be read: both times are the same"),
        (rule("a", "when.amount-against-history = 'more than 1.234 times the mean of the last 9 payments, with at least 1'", "refuse"), "line 3, rule \"a\", amount-against-history: \"more than 1.234 times the mean of the last 9 payments, with at least 1\" cannot be read: \"1.234\" is no factor"),
        (rule("a", "when.amount-against-history = 'more than 2 times the mean of the last 9 payments, with at least 10'", "refuse"), "line 3, rule \"a\", amount-against-history: \"more than 2 times the mean of the last 9 payments, with at least 10\" cannot be read: 10 is out of bounds: from 1 to 9"),
        (rule("a", "when.region = 'is China'", "refuse"), "line 3, rule \"a\", region: \"China\" is no region: write an ISO 3166 code"),
        (rule("a", "when.payee = 'is Bob'", "refuse"), "line 3, rule \"a\", payee: \"Bob\": this is not an account number"),
        (rule("a", "when.payee = 'Bob'", "refuse"), "line 3, rule \"a\", payee: \"Bob\" cannot be read. Write \"in LIST\", \"not in LIST\", \"is NAME\" or \"is not NAME\""),
        ("[[list]]\nname='l'\nof='terminals'\nentries=[]\n".to_owned() + &rule("a", "when.payee = 'in l'", "refuse"), "line 7, rule \"a\", payee: the list \"l\" is a list of terminals, not of payees"),
        ("[[list]]\nname='l'\nof='people'\nentries=[]\n".into(), "line 3, list \"l\": \"people\" cannot be listed: write one of payees, customers, terminals"),
        ("[[list]]\nname='l'\nof='payees'\nentries=[\n'1',\n'x']\n".into(), "line 6, list \"l\", entries: \"x\": this is not an account number"),
        (format!("[[list]]\nname='l'\nof='apps'\nentries=['{long}']\n"), "line 4, list \"l\", entries: an entry is longer than 200 bytes"),
        ("[[list]]\nname='l'\nof='apps'\nentries=[]\n".repeat(2), "line 6, list \"l\": another list has this name already"),
        (rule("a", "when.operation = 'pay'", "refuse").repeat(2), "line 8, rule \"a\": another rule has this name already"),
        (rule("a", "when.operation = 'pay'", "refuse").replace("tell-customer = 'Please wait.'\n", ""), "line 4, rule \"a\": the words for the customer are missing"),
        (rule("a", "when.operation = 'pay'", "refuse").replace("Please wait.", " "), "line 5, rule \"a\", tell-customer: it is empty"),
        (rule("a", "when.operation = 'pay'", "refuse").replace("'Please wait.'", "\"a\\nb\""), "line 5, rule \"a\", tell-customer: it has a line break"),
        (rule("a", "when.operation = 'pay'", "allow") + "tell-customer = 'Well.'\n", "line 4, rule \"a\": a rule that allows tells the customer nothing"),
        ("[[test]]\nname='t'\nexpect='allow'\npayment={amount='1.00'}\n".into(), "line 4, test \"t\", payment, amount: \"1.00\": this is not an amount"),
        ("[[test]]\nname='t'\nexpect='allow'\npayment={amount='0.00 CNY'}\n".into(), "line 4, test \"t\", payment, amount: \"0.00 CNY\": a payment is of more than nothing"),
        ("[[test]]\nname='t'\nexpect='allow'\nrules=['nobody']\npayment={amount='1.00 CNY'}\n".into(), "line 4, test \"t\", rules: no rule of this file is named \"nobody\""),
        ("[[test]]\nname='t'\nexpect='allow'\nhistory=[\n{ago='1 day', amount='1.00 CNY', times=3}]\npayment={amount='1.00 CNY'}\n".into(), "line 5, test \"t\", history: times and every go together"),
        ("[[test]]\nname='t'\nexpect='allow'\nhistory=[\n{ago='1 day', amount='1.00 CNY', times=26, every='1 hour'}]\npayment={amount='1.00 CNY'}\n".into(), "line 5, test \"t\", history: 26 times leads to no payment"),
        ("[[test]]\nname='t'\nexpect='allow'\nhistory=[{ago='1 day', amount='1.00 CNY', times=100001, every='1 second'}]\npayment={amount='1.00 CNY'}\n".into(), "line 4, test \"t\", history: the tests have more than 100000 past payments together"),
        ("#".repeat(TEXT_BYTES_MAX + 1), "line 1: the file is larger than 1048576 bytes"),
        ((0..=RULES_MAX).map(|index| rule(&format!("r{index}"), "when.operation='pay'", "refuse")).collect(), "line 1: the file has 1001 rules; 1000 are the most"),
        ((0..=LISTS_MAX).map(|index| format!("[[list]]\nname='l{index}'\nof='apps'\nentries=[]\n")).collect(), "line 1: the file has 1001 lists; 1000 are the most"),
    ];
    for (text, expected) in cases {
        let error = check(&text, plain_number).unwrap_err();
        assert!(error.starts_with(expected), "\nexpected {expected}\nfound    {error}");
        assert!(error.len() < 1_000, "{error}");
    }
}

#[test]
fn a_deep_or_repeated_text_is_refused_quickly() {
    for text in ["[".repeat(100_000), "a=[".repeat(50_000), "[a]\n".repeat(50_000), "rule=[{".repeat(50_000)]
    {
        assert!(check(&text, plain_number).is_err());
    }
}

#[test]
fn an_allowance_exempts_from_what_is_behind_it() {
    let never = rule("never", "when.terminal = 'is stolen'", "refuse");
    let trusted = rule("trusted", "when.merchant = 'is City Metro'", "allow");
    let large = rule("large", "when.amount = 'at least 100.00 CNY'", "review");
    let sure = rule("sure", "when.amount = 'at least 50.00 CNY'", "step-up");
    let rules = parse(&format!("{never}{trusted}{large}{sure}"));
    assert_eq!(decide(&rules, &payment(20_000, "phone")), (Outcome::Allow, vec!["trusted".to_owned()]));
    // What stood before it still counts; the allowance is no reason then.
    assert_eq!(decide(&rules, &payment(20_000, "stolen")), (Outcome::Refuse, vec!["never".to_owned()]));
    let elsewhere = Payment { payee_holder: "Another", ..payment(20_000, "phone") };
    let both = vec!["large".to_owned(), "sure".to_owned()];
    assert_eq!(decide(&rules, &elsewhere), (Outcome::Review, both));
    assert_eq!(
        decide(&rules, &Payment { payee_holder: "Another", ..payment(4_999, "phone") }),
        (Outcome::Allow, vec![])
    );
}

#[test]
fn a_demand_that_was_met_is_not_made_again() {
    let large = rule("large", "when.amount = 'at least 100.00 CNY'", "review");
    let sure = rule("sure", "when.amount = 'at least 50.00 CNY'", "step-up");
    let never = rule("never", "when.amount = 'at least 1000.00 CNY'", "refuse");
    let rules = parse(&format!("{large}{sure}{never}"));
    let with = |minor, consent| decide(&rules, &Payment { consent, ..payment(minor, "phone") }).0;
    assert_eq!(with(5_000, Consent::None), Outcome::StepUp);
    assert_eq!(with(5_000, Consent::Signed), Outcome::StepUp);
    assert_eq!(with(5_000, Consent::SteppedUp), Outcome::Allow);
    assert_eq!(with(10_000, Consent::SteppedUp), Outcome::Review);
    assert_eq!(with(10_000, Consent::Operator), Outcome::Allow);
    assert_eq!(with(100_000, Consent::Operator), Outcome::Refuse);
}

#[test]
fn regions_have_subdivisions() {
    let rules = parse(&rule("here", "when.region = 'is CN'", "refuse"));
    let not = parse(&rule("elsewhere", "when.region = 'is not CN'", "refuse"));
    for (region, inside) in
        [("CN", true), ("CN-44", true), ("CNX", false), ("", false), ("HK", false), ("-", false)]
    {
        let payment = Payment { region, ..payment(1, "phone") };
        assert_eq!(decide(&rules, &payment).0 == Outcome::Refuse, inside, "{region}");
        assert_eq!(decide(&not, &payment).0 == Outcome::Refuse, !inside, "{region}");
    }
}

#[test]
fn the_customer_and_the_desk_are_told_different_things() {
    let text = rule("sure", "when.operation = 'pay'", "step-up")
        + &rule("large", "when.amount = 'at least 1.00 CNY'", "refuse")
            .replace("Please wait.", "This cannot be paid.")
            .replace("tell-desk", "tell-customer-zh = '无法付款。'\ntell-desk-zh = '大额。'\ntell-desk");
    let rules = parse(&text);
    let decision = rules.decide(&Histories::default(), &payment(100, "phone"));
    assert_eq!(rules.customer_words(&decision, "en"), Some("This cannot be paid."));
    assert_eq!(rules.customer_words(&decision, "zh"), Some("无法付款。"));
    assert_eq!(rules.customer_words(&decision, "zh-CN"), Some("无法付款。"));
    assert_eq!(rules.desk_words(&decision, "zh"), [("sure", "Desk: sure."), ("large", "大额。")]);
    assert_eq!(rules.rule(1).unwrap().conditions(), ["amount: at least 1.00 CNY"]);
    assert_eq!((rules.rule(1).unwrap().line(), rules.rule(2)), (8, None));
    assert_eq!(rules.customer_words(&Decision::default(), "en"), None);
    assert_eq!(Rules::default().decide(&Histories::default(), &payment(1, "")), Decision::default());
}

#[test]
fn decisions_are_stored_as_words() {
    let decision = Decision { outcome: Outcome::StepUp, reasons: vec![3] };
    let bytes = postcard::to_stdvec(&decision).unwrap();
    assert_eq!(bytes, [1, 1, 3]);
    assert_eq!(postcard::from_bytes::<Decision>(&bytes), Ok(decision));
    for outcome in Outcome::ALL {
        assert_eq!(outcome.word().parse(), Ok(outcome));
        assert_eq!(Outcome::ALL[outcome.index()], outcome);
    }
    for consent in Consent::ALL {
        assert_eq!(consent.word().parse(), Ok(consent));
    }
}

#[test]
fn rules_without_a_case_are_named() {
    let text = rule("one", "when.operation = 'pay'", "refuse")
        + &rule("two", "when.operation = 'transfer'", "refuse")
        + "[[test]]\nname='t'\npayment={amount='1.00 CNY'}\nexpect='refuse'\n";
    assert_eq!(parse(&text).untested(), ["two"]);
}

#[test]
fn a_dry_run_says_what_would_change() {
    let rules = parse(
        &(rule("often", "when.payments = 'more than 2 in 1 hour'", "review")
            + &rule("large", "when.amount = 'at least 100.00 CNY'", "step-up")),
    );
    let past =
        |number, minor, decided, posted| Past { number, payment: payment(minor, "phone"), decided, posted };
    let all = [
        past(1, 100, Outcome::Allow, true),
        // Refused then, so it is no part of the history.
        past(2, 100, Outcome::Refuse, false),
        past(3, 10_000, Outcome::Allow, true),
        past(4, 100, Outcome::Review, true),
        past(5, 10_000, Outcome::Allow, true),
    ];
    let report = replay(&rules, Histories::default(), all);
    assert_eq!((report.payments, report.severer, report.milder), (5, 2, 1));
    assert_eq!(report.then, [3, 0, 1, 1]);
    assert_eq!(report.now, [2, 1, 2, 0]);
    assert_eq!(report.by_rule, [("often".to_owned(), 2), ("large".to_owned(), 2)]);
    let now = |outcome, reasons: &[u16]| Decision { outcome, reasons: reasons.to_vec() };
    let expected = [
        Difference { number: 2, then: Outcome::Refuse, now: now(Outcome::Allow, &[]) },
        Difference { number: 3, then: Outcome::Allow, now: now(Outcome::StepUp, &[1]) },
        Difference { number: 5, then: Outcome::Allow, now: now(Outcome::Review, &[0, 1]) },
    ];
    assert_eq!(report.differences, expected);
    let mut run = DryRun::new(&rules, Histories::default());
    for one in &all {
        run.take(one);
    }
    assert_eq!(*run.report(), report);
    assert_eq!(run.finish(), report);
}
