//! A risk desk's day on real books: operators, a parameter under four eyes, rules that hold payments back, the
//! queue, and a dry run's page.

use accounts::{Consent, HolderId, Kind, NewAccount, Operation, Payment};
use anyhow::Result;
use p256::ecdsa::SigningKey;
use serde_json::Value;

use super::{Page, Request};
use crate::admin::actor::{Envelope, OperatorKey, hex};
use crate::admin::{self, Request as Any};
use crate::clock;
use crate::directory::{self, Books, Directory};

const RULES: &str = r#"
[[rule]]
name = "large"
when.amount = "more than 100.00 CNY"
decision = "review"
tell-customer = "We are checking this payment."
tell-desk = "A large payment."
"#;

fn operator(name: &str) -> OperatorKey {
    OperatorKey { name: name.to_owned(), key: SigningKey::random(&mut clock::random()) }
}

async fn ask(books: &Books, who: Option<&OperatorKey>, request: Request) -> Result<Value> {
    let text = serde_json::to_string(&Any::Parameters(request))?;
    admin::carry_out(books, &Envelope::new(text, who)).await
}

fn on_books(what: impl AsyncFnOnce(&Books)) {
    let root = std::env::temp_dir().join(format!("thinpay-parameters-{}", clock::random_words()));
    directory::init(&root, "localhost", &["CNY".parse().unwrap()], None, false, None).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let books = Books::open(&Directory::at(&root), false).unwrap();
        what(&books).await;
        books.close().await;
    });
    std::fs::remove_dir_all(&root).unwrap();
}

async fn account(books: &Books, holder: &str, kind: Kind) -> accounts::AccountId {
    let new = NewAccount {
        key: clock::random_key(),
        holder: HolderId(holder.to_owned()),
        kind,
        name: holder.to_owned(),
        currency: "CNY".parse().unwrap(),
    };
    books.services.accounts.open_account(new).await.unwrap()
}

fn named(operator: &OperatorKey, roles: &str) -> super::NewOperator {
    let key = hex(operator.key.verifying_key().to_encoded_point(true).as_bytes());
    format!("{}={key}:{roles}", operator.name).parse().unwrap()
}

#[test]
fn two_operators_change_rules_and_decide_about_what_they_hold_back() {
    on_books(async |books| {
        let (ada, ben) = (operator("ada"), operator("ben"));
        let operators = vec![named(&ada, "security,risk"), named(&ben, "security,risk")];
        let added = ask(books, None, Request::AddOperators { operators }).await.unwrap();
        assert_eq!((&added["state"], &added["operators"]), (&"in-effect".into(), &2.into()));

        let draft = || Request::Draft {
            section: "risk".to_owned(),
            text: RULES.to_owned(),
            effective: None,
            note: "large payments".to_owned(),
        };
        let refused = ask(books, None, draft()).await.unwrap_err().to_string();
        assert!(refused.contains("--operator"), "{refused}");
        let drafted = ask(books, Some(&ada), draft()).await.unwrap();
        assert_eq!((&drafted["version"], &drafted["state"]), (&1.into(), &"draft".into()));
        let approve = || Request::Approve { section: "risk".to_owned(), version: 1 };
        let refused = ask(books, Some(&ada), approve()).await.unwrap_err().to_string();
        assert!(refused.contains("another operator"), "{refused}");
        assert_eq!(ask(books, Some(&ben), approve()).await.unwrap()["state"], "in-effect");

        // Money comes in; of two large payments one is released and one refused.
        let house = account(books, "till", Kind::Settlement).await;
        let (payer, payee) =
            (account(books, "cy", Kind::Customer).await, account(books, "shop", Kind::Merchant).await);
        let post = async |operation, from, to, amount: &str, consent| {
            let amount = amount.parse().unwrap();
            let payment = Payment::new(clock::random_key(), operation, from, to, amount);
            books.services.accounts.post(Payment { consent, ..payment }).await
        };
        // Also what the desk puts in is looked at when it is large: in small amounts, then.
        for _ in 0..5 {
            post(Operation::TopUp, house, payer, "90.00 CNY", Consent::Operator).await.unwrap();
        }
        post(Operation::Pay, payer, payee, "20.00 CNY", Consent::Signed).await.unwrap();
        for _ in 0..2 {
            post(Operation::Pay, payer, payee, "200.00 CNY", Consent::Signed).await.unwrap_err();
        }
        let queue = ask(books, None, Request::Queue).await.unwrap();
        let waiting: Vec<String> =
            (0..2).map(|at| queue["payments"][at]["payment"].as_str().unwrap().to_owned()).collect();
        assert_eq!(queue["payments"][0]["reasons"][0], "large: A large payment.");
        let decide = |payment: &String, post, note: &str| Request::Resolve {
            payment: payment.clone(),
            post,
            note: note.to_owned(),
        };
        assert!(ask(books, None, decide(&waiting[0], true, "known")).await.is_err());
        assert!(ask(books, Some(&ada), decide(&waiting[0], true, " ")).await.is_err());
        let released = ask(books, Some(&ada), decide(&waiting[0], true, "known")).await.unwrap();
        assert_eq!(released["state"], "posted");
        let refused = ask(books, Some(&ben), decide(&waiting[1], false, "not known")).await.unwrap();
        assert_eq!(refused["state"], "refused");
        let queue = ask(books, None, Request::Queue).await.unwrap();
        assert_eq!(queue["payments"].as_array().unwrap().len(), 0);

        // A dry run goes through all of them, with what was recorded.
        let past = Request::Past { from: None, since: None, until: None };
        let page: Page = serde_json::from_value(ask(books, None, past).await.unwrap()).unwrap();
        let found: Vec<(&str, &str, bool)> = page
            .payments
            .iter()
            .map(|past| (past.operation.as_str(), past.decided.unwrap().word(), past.counted))
            .collect();
        assert_eq!(
            found[4..],
            [
                ("top-up", "allow", true),
                ("pay", "allow", true),
                ("pay", "review", true),
                ("pay", "review", true)
            ]
        );
        assert!(page.next.is_none() && page.payments.iter().all(|past| past.asked));
        assert_eq!(page.payments[5].payee_holder, "shop");
        let later = Some("2499-01-01".to_owned());
        let past = Request::Past { from: None, since: later, until: None };
        let page: Page = serde_json::from_value(ask(books, None, past).await.unwrap()).unwrap();
        assert!(page.payments.len() == 8 && page.payments.iter().all(|past| !past.asked));
    });
}

#[test]
fn quotes_tiers_and_versions_answer_with_their_fields() {
    on_books(async |books| {
        let (ada, ben) = (operator("ada"), operator("ben"));
        let operators = vec![named(&ada, "security,finance"), named(&ben, "security,finance,risk")];
        ask(books, None, Request::AddOperators { operators }).await.unwrap();
        let text = "[[schedule]]\nname = \"payments\"\noperation = \"pay\"\ncurrency = \"CNY\"\npayer = \"merchant\"\nrate = \"1 %\"\n";
        let section = || "fees".to_owned();
        let check = |text: &str| Request::Check { section: section(), text: text.to_owned() };
        assert_eq!(ask(books, None, check(text)).await.unwrap()["valid"], true);
        let refused = ask(books, None, check("[[schedule]]\nnane = 1\n")).await.unwrap_err().to_string();
        assert!(refused.starts_with("fees, line "), "{refused}");
        let draft = |effective: Option<&str>| Request::Draft {
            section: section(),
            text: text.to_owned(),
            effective: effective.map(str::to_owned),
            note: String::new(),
        };
        ask(books, Some(&ada), draft(None)).await.unwrap();
        ask(books, Some(&ben), Request::Approve { section: section(), version: 1 }).await.unwrap();
        ask(books, Some(&ada), draft(Some("2499-01-01"))).await.unwrap();
        let ahead =
            ask(books, Some(&ben), Request::Approve { section: section(), version: 2 }).await.unwrap();
        assert_eq!(
            (&ahead["state"], &ahead["effective"]),
            (&"ahead".into(), &"2498-12-31 16:00:00 UTC".into())
        );
        let withdraw = Request::Withdraw { section: section(), version: 2 };
        assert_eq!(ask(books, Some(&ben), withdraw).await.unwrap()["state"], "withdrawn");
        let list = ask(books, None, Request::List { section: Some(section()) }).await.unwrap();
        let states: Vec<&str> =
            list["versions"].as_array().unwrap().iter().map(|row| row["state"].as_str().unwrap()).collect();
        assert_eq!(states, ["in-effect", "withdrawn"]);
        let diff = ask(books, None, Request::Diff { section: section(), version: 2 }).await.unwrap();
        assert!(diff["lines"].as_array().unwrap().iter().all(|line| line["change"] == " "));
        let show = Request::Show { section: section(), version: None, at: None };
        assert_eq!(ask(books, None, show).await.unwrap()["text"], text);

        let (payer, payee) =
            (account(books, "cy", Kind::Customer).await, account(books, "shop", Kind::Merchant).await);
        let quote = Request::Quote {
            operation: "pay".to_owned(),
            from: payer.to_string(),
            to: payee.to_string(),
            amount: "20.00 CNY".parse().unwrap(),
            app: String::new(),
            terminal: String::new(),
        };
        let quote = ask(books, None, quote).await.unwrap();
        assert_eq!(quote["payee_fee"]["minor_units"], 20);
        assert_eq!(quote["payee_gets"]["minor_units"], 1_980);
        let tier = || Request::SetTier { account: payer.to_string(), tier: "gold".to_owned() };
        let refused = ask(books, Some(&ada), tier()).await.unwrap_err().to_string();
        assert!(refused.contains("risk"), "{refused}");
        let done = ask(books, Some(&ben), tier()).await.unwrap();
        assert_eq!((&done["tier"], &done["before"]), (&"gold".into(), &"standard".into()));
        assert_eq!(books.services.accounts.account(payer).await.unwrap().unwrap().tier, "gold");
    });
}

fn requests() -> Vec<Request> {
    let section = || "fees".to_owned();
    vec![
        Request::AddOperators { operators: vec!["ada=02ab:security,risk".parse().unwrap()] },
        Request::ListOperators,
        Request::List { section: None },
        Request::Show { section: section(), version: Some(1), at: None },
        Request::Check { section: section(), text: "# nothing\n".to_owned() },
        Request::Draft {
            section: section(),
            text: "a = \"b\"\n".to_owned(),
            effective: Some("2026-12-01".to_owned()),
            note: "for December".to_owned(),
        },
        Request::Approve { section: section(), version: 1 },
        Request::Withdraw { section: section(), version: 1 },
        Request::Diff { section: section(), version: 1 },
        Request::Quote {
            operation: "pay".to_owned(),
            from: "1000000161".to_owned(),
            to: "1000000258".to_owned(),
            amount: "1.00 CNY".parse().unwrap(),
            app: String::new(),
            terminal: String::new(),
        },
        Request::SetTier { account: "1000000161".to_owned(), tier: "gold".to_owned() },
        Request::Queue,
        Request::Resolve { payment: "7K3-M92-QXC".to_owned(), post: true, note: "known".to_owned() },
        Request::Past { from: None, since: None, until: None },
    ]
}

#[test]
fn requests_travel_as_json() {
    for request in requests() {
        let text = serde_json::to_string(&request).unwrap();
        let again: Request = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), text);
    }
}

proptest::proptest! {
    #[test]
    fn a_damaged_request_is_an_error_and_no_panic(which in 0_usize..14, at in 0_usize..200, byte: u8) {
        let mut bytes = serde_json::to_vec(&requests()[which]).unwrap();
        let at = at.min(bytes.len() - 1);
        bytes[at] = byte;
        // Whatever it reads as, reading it does not panic.
        let _ = serde_json::from_slice::<Request>(&bytes);
    }
}
