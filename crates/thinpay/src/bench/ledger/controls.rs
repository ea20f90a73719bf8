//! The price of being a payment platform and not a table: limits counted and risk rules judged for every transfer,
//! their decisions in the journal, and each in the audit log's tree.

use accounts::{Origin, ParameterChange, ParameterStep};
use anyhow::Result;
use parameters::{INSTALLATION, Section};

use super::batches::{self, BURST};
use super::book::{Load, Market, Spread, Store};
use super::{Better, Options, Row, rate};

const BATCH: usize = 1_000;

/// Every transfer is counted for its account, its app and its terminal; none reaches a limit.
const LIMITS: &str = r#"
[[rule]]
name = "customer"
applies-to = "account"
per-transaction-maximum = "5000.00 CNY"
day-amount = "1000000.00 CNY"
day-count = 1000000
month-amount = "10000000.00 CNY"

[[rule]]
name = "app"
applies-to = "app"
day-amount = "1000000000.00 CNY"

[[rule]]
name = "terminal"
applies-to = "terminal"
day-count = 1000000000
"#;

/// Lists, velocity and the customer's own history are looked at; no rule applies.
const RISK: &str = r#"
[[list]]
name = "reported-payees"
of = "payees"
entries = ["1000004041"]

[[rule]]
name = "reported-payee"
when.payee = "in reported-payees"
decision = "refuse"
tell-customer = "This payment cannot be made."
tell-desk = "The payee was reported."

[[rule]]
name = "much-in-a-day"
when.sum = "more than 5000.00 CNY in 24 hours"
decision = "review"
tell-customer = "We are checking this payment."
tell-desk = "More than 5000 in a day."

[[rule]]
name = "many-of-some-size"
when.payments = "more than 5 in 10 minutes"
when.amount = "at least 100.00 CNY"
decision = "review"
tell-customer = "We are checking this payment."
tell-desk = "Many payments."

[[rule]]
name = "far-beyond-the-usual"
when.amount-against-history = "more than 2.5 times the maximum of the last 20 payments, with at least 8"
decision = "step-up"
tell-customer = "Please confirm once more."
tell-desk = "Much more than usual."

[[test]]
name = "a small payment is allowed"
payment = { amount = "1.00 CNY" }
expect = "allow"
"#;

pub(super) async fn run(options: &Options, rows: &mut Vec<Row>) -> Result<()> {
    let plain = Market::new(&Store::Embedded).await?;
    let mut market = Market::new(&Store::Embedded).await?;
    put_into_effect(&market).await?;
    market.origin =
        Origin { app: "transfer".to_owned(), terminal: "till 7".to_owned(), region: "CN-44".to_owned() };
    // In turns, so that both meet the same machine.
    let (mut raw, mut load) = (Load::default(), Load::default());
    for _ in 0..batches::bursts_of(options) {
        raw.add(plain.batches(BATCH, BURST, Spread::Uniform).await?);
        load.add(market.batches(BATCH, BURST, Spread::Uniform).await?);
    }
    plain.end().await?;
    market.end().await?;
    let share = rate(load.transfers, load.journaled) / rate(raw.transfers, raw.journaled).max(f64::EPSILON);
    let name = format!("durable, batches of {BATCH}, limits, risk and audit on");
    batches::report(rows, &name, None, load);
    rows.push(Row {
        name: format!("{name}: share of the raw figure"),
        value: share,
        unit: "share",
        better: Better::Higher,
        target: Some(1.0 / 3.0),
        peer: None,
        how: "Against the same batches, in turns, with no limits and no risk rules in effect.".to_owned(),
    });
    Ok(())
}

async fn put_into_effect(market: &Market) -> Result<()> {
    let operators =
        Section::Operators.template().replace("first.operator", "ada").replace("second.operator", "ben");
    let sections = [
        (Section::Operators, operators.as_str(), [INSTALLATION, INSTALLATION]),
        (Section::Limits, LIMITS, ["ada", "ben"]),
        (Section::Risk, RISK, ["ada", "ben"]),
    ];
    for (number, (section, text, operators)) in (0_u8..).zip(sections) {
        let draft =
            ParameterStep::Draft { section, text: text.to_owned(), effective: None, note: String::new() };
        let steps = [draft, ParameterStep::Approve { section, version: 1 }];
        for ((step, operator), part) in steps.into_iter().zip(operators).zip(0_u8..) {
            let mut key = [0xB6; 16];
            [key[0], key[1]] = [number, part];
            let change = ParameterChange { key, operator: operator.to_owned(), step, evidence: Vec::new() };
            market.accounts.change_parameter(change).await?;
        }
    }
    Ok(())
}
