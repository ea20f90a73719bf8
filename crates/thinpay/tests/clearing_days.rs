//! Four days of clearing and settlement by the operator's commands: a bank is held out and settled later, the
//! bank refuses a payment, and in the end every participant has been paid to the last fen.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that goes wrong may stop where it does"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use accounts::{
    AccountId, Accounts, HolderId, Kind, NewAccount, Operation, Options, ParameterChange, ParameterStep,
    Payment, Timestamp,
};
use clearing::iso20022::{AccountNotification, Direction, EntryStatus, ReportAccount, ReportEntry, camt054};
use money::Currency;
use p256::ecdsa::SigningKey;
use parameters::{INSTALLATION, Section};
use serde_json::Value;

/// An operator's directory of its own, removed in the end.
struct Desk {
    folder: PathBuf,
}

impl Drop for Desk {
    fn drop(&mut self) {
        // Only tidiness.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Desk {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("thinpay-clearing-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn directory(&self) -> PathBuf {
        self.path("operator")
    }

    fn try_run(&self, words: &str) -> Result<Value, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_thinpay"));
        command
            .current_dir(&self.folder)
            .args(["--json", "--dir", "operator"])
            .args(words.split_whitespace());
        if self.path("alice.key").exists() {
            command.args(["--operator", "alice", "--operator-key", "alice.key"]);
        }
        let done = command.output().unwrap();
        let answer: Value = serde_json::from_slice(&done.stdout)
            .unwrap_or_else(|_| panic!("{words}: {}", String::from_utf8_lossy(&done.stderr)));
        if done.status.success() { Ok(answer) } else { Err(answer["error"].as_str().unwrap().to_owned()) }
    }

    fn run(&self, words: &str) -> Value {
        self.try_run(words).unwrap_or_else(|error| panic!("{words}: {error}"))
    }

    /// The book itself, while no command has it.
    fn with_book<T>(&self, act: impl AsyncFnOnce(&Accounts) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let now = || {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
                Timestamp(u64::try_from(since.as_nanos()).unwrap())
            };
            let accounts =
                Accounts::open(Options::new(self.directory().join("ledger"), Arc::new(now))).unwrap();
            let done = act(&accounts).await;
            accounts.close().await;
            done
        })
    }

    /// What the settlement bank reports, as a file.
    fn bank_file(&self, name: &str, entries: Vec<ReportEntry>) {
        let notification = AccountNotification {
            id: name.to_owned(),
            created_at: Timestamp(1_795_446_000_000_000_000),
            account: ReportAccount {
                account: "6222021234567890123".parse().unwrap(),
                currency: Currency::CNY,
                owner: "Example Operator".to_owned(),
                servicer: "Settlement Bank".to_owned(),
                servicer_bic: None,
            },
            entries,
        };
        std::fs::write(self.path(name), camt054(&notification).unwrap().text).unwrap();
    }
}

fn booking(instruction: &str, amount: &str) -> ReportEntry {
    ReportEntry {
        reference: "1".to_owned(),
        amount: amount.parse().unwrap(),
        direction: Direction::Debit,
        reversal: false,
        status: EntryStatus::Booked,
        booked_at: Timestamp(1_795_446_000_000_000_000),
        value_day: "2026-01-06".parse().unwrap(),
        servicer_reference: format!("BANK-{instruction}"),
        end_to_end: instruction.to_owned(),
        kind: String::new(),
        counterparty: String::new(),
        counterparty_account: None,
        return_reason: String::new(),
        information: String::new(),
    }
}

fn key() -> [u8; 16] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut key = [9; 16];
    key[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    key
}

async fn parameter(accounts: &Accounts, section: Section, text: &str, author: &str, approver: &str) {
    let change = |operator: &str, step| ParameterChange {
        key: key(),
        operator: operator.to_owned(),
        step,
        evidence: Vec::new(),
    };
    let draft =
        ParameterStep::Draft { section, text: text.to_owned(), effective: None, note: "test".to_owned() };
    accounts.change_parameter(change(author, draft)).await.unwrap();
    let version = accounts.registry().versions(section).last().unwrap().version;
    accounts.change_parameter(change(approver, ParameterStep::Approve { section, version })).await.unwrap();
}

async fn customer(accounts: &Accounts, holder: &str) -> AccountId {
    let new = NewAccount {
        key: key(),
        holder: HolderId(holder.to_owned()),
        kind: Kind::Customer,
        name: holder.to_owned(),
        currency: Currency::CNY,
    };
    accounts.open_account(new).await.unwrap()
}

async fn move_money(accounts: &Accounts, what: Operation, from: AccountId, to: AccountId, amount: &str) {
    let mut payment = Payment::new(key(), what, from, to, amount.parse().unwrap());
    payment.origin.terminal = "T0000001".to_owned();
    accounts.post(payment).await.unwrap();
}

fn list<'v>(value: &'v Value, field: &str) -> &'v Vec<Value> {
    value[field].as_array().unwrap_or_else(|| panic!("{field} in {value}"))
}

/// Instructions as words: who, whom, how many fen, state.
fn instructions(value: &Value) -> Vec<String> {
    let words = |one: &Value| {
        format!(
            "{} {}>{} {} {}",
            one["instruction"].as_str().unwrap(),
            one["debtor"].as_str().unwrap(),
            one["creditor"].as_str().unwrap(),
            one["amount"]["minor_units"],
            one["state"].as_str().unwrap()
        )
    };
    list(value, "instructions").iter().map(words).collect()
}

fn folder(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(path)
        .unwrap()
        .map(|file| {
            let file = file.unwrap();
            (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// Opens everything that takes part: two banks with a customer each, and a merchant.
struct People {
    amy: AccountId,
    tea: AccountId,
}

fn people(desk: &Desk) -> People {
    let init = Command::new(env!("CARGO_BIN_EXE_thinpay"))
        .current_dir(&desk.folder)
        .args(["--json", "init", "operator"])
        .output()
        .unwrap();
    assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
    let account = |value: Value| value["account"].as_str().unwrap().to_owned();
    let tea = account(desk.run("merchant add --id tea-house --name Teahouse"));
    let bank_a = account(desk.run("settlement open-account BANK-A"));
    let bank_b = account(desk.run("settlement open-account BANK-B"));
    assert_eq!(account(desk.run("settlement open-account BANK-B")), bank_b, "once");
    let participants = format!(
        r#"
        [[participant]]
        id = "OPERATOR"
        name = "Example Operator"
        kind = "operator"
        country = "CN"
        [[participant]]
        id = "BANK-A"
        name = "Bank A"
        kind = "bank"
        bic = "BKCHCNBJ"
        country = "CN"
        holders = ["amy"]
        ledger-accounts = {{ CNY = "{bank_a}" }}
        [[participant]]
        id = "BANK-B"
        name = "Bank B"
        kind = "bank"
        country = "CN"
        holders = ["bob"]
        ledger-accounts = {{ CNY = "{bank_b}" }}
        [[participant]]
        id = "TEA"
        name = "Teahouse"
        kind = "merchant"
        account = "6222020000000000"
        country = "CN"
        holders = ["tea-house"]
        ledger-accounts = {{ CNY = "{tea}" }}
        "#
    );
    let keys = [SigningKey::from_slice(&[1; 32]).unwrap(), SigningKey::from_slice(&[2; 32]).unwrap()];
    let operators: String = ["alice", "bob.op"]
        .iter()
        .zip(&keys)
        .map(|(name, key)| {
            let point = key.verifying_key().to_encoded_point(true);
            let point: String = point.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            format!(
                "[[operator]]\nname = \"{name}\"\npublic-key = \"{point}\"\nroles = [\"security\", \"finance\"]\n"
            )
        })
        .collect();
    let (a, b, tea): (AccountId, AccountId, AccountId) =
        (bank_a.parse().unwrap(), bank_b.parse().unwrap(), tea.parse().unwrap());
    let amy = desk.with_book(async |accounts| {
        parameter(accounts, Section::Operators, &operators, INSTALLATION, INSTALLATION).await;
        parameter(accounts, Section::Participants, &participants, "alice", "bob.op").await;
        let (amy, bob) = (customer(accounts, "amy").await, customer(accounts, "bob").await);
        move_money(accounts, Operation::TopUp, a, amy, "500.00 CNY").await;
        move_money(accounts, Operation::TopUp, b, bob, "300.00 CNY").await;
        move_money(accounts, Operation::Pay, amy, tea, "120.00 CNY").await;
        move_money(accounts, Operation::Pay, bob, tea, "80.00 CNY").await;
        move_money(accounts, Operation::Transfer, amy, bob, "50.00 CNY").await;
        amy
    });
    let unsigned = desk.try_run("clearing cut-off --day 2026-01-05").unwrap_err();
    assert!(unsigned.contains("finance"), "{unsigned}");
    std::fs::write(desk.path("alice.key"), [1; 32]).unwrap();
    People { amy, tea }
}

#[test]
fn days_are_cleared_and_settled() {
    let desk = Desk::new();
    let People { amy, tea } = people(&desk);

    // The first day, without bank B.
    desk.run("clearing hold-out BANK-B --day 2026-01-05 --reason moratorium");
    desk.run("clearing cut-off --day 2026-01-05");
    let error = desk.try_run("clearing cut-off --day 2026-01-05").unwrap_err();
    assert!(error.contains("already"), "{error}");
    desk.with_book(async |accounts| {
        move_money(accounts, Operation::Pay, amy, tea, "10.00 CNY").await;
    });
    let first = desk.run("clearing run --day 2026-01-05 --out tables");
    assert_eq!(first["lines"], 5);
    assert_eq!(instructions(&first), ["TP20260105-01-CNY-0001 BANK-A>TEA 12000 not-given-out"]);
    assert_eq!(list(&first, "carried_out").len(), 2, "{first}");
    assert_eq!(
        first,
        desk.run("clearing run --day 2026-01-05 --out more-tables")
            .as_object()
            .map(|again| {
                let mut again = again.clone();
                again.insert("files".to_owned(), first["files"].clone());
                Value::Object(again)
            })
            .unwrap()
    );
    std::fs::write(
        desk.path("totals.csv"),
        "terminal,batch,currency,count,amount\nT0000001,1,CNY,1,120.00\nT0000001,2,CNY,1,80.00\nT9,1,CNY,1,5.00\n",
    )
    .unwrap();
    let matched = desk.run("clearing match --day 2026-01-05 totals.csv");
    assert_eq!(list(&matched, "matched").len(), 1);
    assert_eq!(list(&matched, "discrepancies")[0]["discrepancy"], "missing-here");

    // The second day rests on the first, so the first is given out first.
    desk.run("clearing cut-off --day 2026-01-06");
    let error = desk.try_run("settlement export --day 2026-01-06 --out second").unwrap_err();
    assert!(error.contains("2026-01-05 comes first"), "{error}");
    let given = desk.run("settlement export --day 2026-01-05 --out first");
    assert_eq!(given["again"], false);
    let again = desk.run("settlement export --day 2026-01-05 --out first-again");
    assert_eq!((&again["again"], &again["digest"]), (&Value::Bool(true), &given["digest"]));
    assert_eq!(folder(&desk.path("first")), folder(&desk.path("first-again")));
    let same = desk.run("settlement export --day 2026-01-05 --out first");
    assert!(list(&same, "files").iter().all(|file| file["state"] == "the same"), "{same}");
    std::fs::write(desk.path("first").join("positions-20260105-01.csv"), "changed").unwrap();
    let error = desk.try_run("settlement export --day 2026-01-05 --out first").unwrap_err();
    assert!(error.contains("positions-20260105-01.csv"), "{error}");

    // What is done afterwards counts for a new cycle, until the bank has booked something.
    desk.run("clearing readmit BANK-B --day 2026-01-05");
    let unchanged = desk.run("clearing run --day 2026-01-05");
    assert_eq!(unchanged["changed_since_given_out"], true);
    assert_eq!(unchanged["positions"], first["positions"]);
    desk.run("clearing hold-out BANK-B --day 2026-01-05 --reason moratorium");
    let new = desk.run("settlement export --day 2026-01-05 --new-cycle --out first-new");
    assert_eq!(new["cycle"], 2);

    // The bank books it; once, however often it says so.
    desk.bank_file(
        "bank1.xml",
        vec![
            booking("TP20260105-01-CNY-0001", "120.00 CNY"),
            booking("TP20260105-02-CNY-0001", "120.00 CNY"),
        ],
    );
    let confirmed = desk.run("settlement confirm bank1.xml");
    assert_eq!((list(&confirmed, "confirmed").len(), &confirmed["new"]), (1, &Value::from(1)));
    assert_eq!(list(&confirmed, "discrepancies")[0]["discrepancy"], "unknown-reference", "{confirmed}");
    let confirmed = desk.run("settlement confirm bank1.xml");
    assert_eq!((list(&confirmed, "confirmed").len(), &confirmed["new"]), (1, &Value::from(0)));
    let error = desk.try_run("settlement export --day 2026-01-05 --new-cycle --out x").unwrap_err();
    assert!(error.contains("confirmed"), "{error}");

    // The second day settles what was held out. The bank books one payment and refuses the other.
    let given = desk.run("settlement export --day 2026-01-06 --out second");
    assert_eq!(given["instructions"], 2);
    let open = desk.run("settlement list");
    assert_eq!(
        instructions(&open),
        ["TP20260106-01-CNY-0001 BANK-A>TEA 6000 open", "TP20260106-01-CNY-0002 BANK-B>TEA 3000 open"]
    );
    let refused =
        ReportEntry { return_reason: "AC04".to_owned(), ..booking("TP20260106-01-CNY-0002", "30.00 CNY") };
    desk.bank_file("bank2.xml", vec![booking("TP20260106-01-CNY-0001", "59.00 CNY"), refused.clone()]);
    let differs = desk.run("settlement confirm bank2.xml");
    let kinds: Vec<&Value> = list(&differs, "discrepancies").iter().map(|one| &one["discrepancy"]).collect();
    assert_eq!(kinds, ["amount-differs", "rejected"]);
    desk.bank_file("bank3.xml", vec![booking("TP20260106-01-CNY-0001", "60.00 CNY"), refused]);
    desk.run("settlement confirm bank3.xml");
    let second = desk.run("settlement list --day 2026-01-06");
    assert_eq!(
        instructions(&second),
        [
            "TP20260106-01-CNY-0001 BANK-A>TEA 6000 confirmed",
            "TP20260106-01-CNY-0002 BANK-B>TEA 3000 refused"
        ]
    );

    // What was refused is paid with the third day.
    desk.run("clearing cut-off --day 2026-01-07");
    desk.run("settlement export --day 2026-01-07 --out third");
    // The bank telephones: it refuses again.
    let error = desk.try_run("settlement refuse TP20260106-01-CNY-0001 --reason x").unwrap_err();
    assert!(error.contains("confirmed"), "{error}");
    desk.run("settlement refuse TP20260107-01-CNY-0001 --reason closed");
    desk.run("clearing cut-off --day 2026-01-08");
    desk.run("settlement export --day 2026-01-08 --out fourth");
    desk.bank_file("bank4.xml", vec![booking("TP20260108-01-CNY-0001", "30.00 CNY")]);
    desk.run("settlement confirm bank4.xml");
    let days = desk.run("clearing list");
    let states: Vec<&Value> = list(&days, "days").iter().map(|day| &day["state"]).collect();
    assert_eq!(states, ["settled"; 4], "{days}");

    // Everybody has been paid: each bank's account mirrors what its customers have.
    let balance = |holder: &str| {
        let value = desk.run(&format!("account list --holder {holder}"));
        value["accounts"][0]["balance"]["minor_units"].as_i64().unwrap()
    };
    assert_eq!(balance("tea-house"), 0);
    assert_eq!(balance("BANK-A"), -balance("amy"));
    assert_eq!(balance("BANK-B"), -balance("bob"));
    assert_eq!((balance("amy"), balance("bob")), (32_000, 27_000));
    assert_eq!(desk.run("account verify")["sound"], true);
}
