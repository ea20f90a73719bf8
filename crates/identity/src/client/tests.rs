//! The test vectors of `docs/login.md`, computed again and compared with the page.

use std::fmt::Write as _;

use hkdf::Hkdf;
use money::{Currency, Money};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use seal::Root;
use sha2::Sha256;

use super::ClientLogin;
use crate::{
    AccountName, ActivationCode, DevicePrivateKey, EnrolmentBundle, Evidence, Hello, Language, Operation,
    Party, Password, ServerLogin, ServerSetup, Statement, StatementFields, TerminalId, TerminalKeys,
    UnixTime, register, stretch_password_once,
};

const PAGE: &str = include_str!("../../../../docs/login.md");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The page wraps long values; white space does not count.
fn check(lines: &[(&str, String)]) {
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    let page = bare(PAGE);
    let missing: String = lines
        .iter()
        .filter(|(name, value)| !page.contains(&bare(&format!("{name} = {value};"))))
        .fold(String::new(), |text, (name, value)| format!("{text}{name} = {value};\n"));
    assert!(missing.is_empty(), "docs/login.md does not have these vectors:\n{missing}");
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(20_261_123)
}

#[test]
fn the_pages_login_vector_is_what_the_program_computes() {
    let mut rng = rng();
    let account = AccountName::new("alice").unwrap();
    let password = Password::new("correct horse battery").unwrap();
    let terminal = TerminalId::from_bytes([
        0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
    ]);
    let profile_digest = [0x5a; 32];
    let element = DevicePrivateKey::generate(&mut rng);
    let setup = ServerSetup::generate(&mut rng);
    let record = register(&mut rng, &setup, &account, &password).unwrap();
    let keys = TerminalKeys { agreement_public: element.public(), profile_digest };

    let (client, hello) = ClientLogin::start(&mut rng, &account, &password, terminal).unwrap();
    // The library's own state: blind (32), its request (98), ephemeral key (32), nonce (32).
    let state = client.opaque.serialize();
    let parsed = Hello::parse(&hello).unwrap();
    let (server, reply) = ServerLogin::start(&mut rng, &setup, Some(&record), Some(&keys), &parsed).unwrap();
    let (request, agreement) = client.answer(&mut rng, &reply).unwrap();
    let shared = element.agree(&request.server_public).unwrap();
    let session_key = agreement.session_key.clone();
    let transcript = agreement.transcript;
    let (finish, root) = agreement.finish(&shared, &profile_digest);
    assert_eq!(root, server.finish(&finish).unwrap());

    // The root once more, from the page's formula alone.
    let mut computed = [0; 32];
    let material = [session_key.as_slice(), shared.as_slice()].concat();
    Hkdf::<Sha256>::new(Some(&transcript), &material)
        .expand_multi_info(&[b"thinpay seal v1", &profile_digest], &mut computed)
        .unwrap();
    assert_eq!(root, Root::derive(&transcript, &session_key, shared.as_ref(), &profile_digest));

    check(&[
        ("stretched", hex(&stretch_password_once())),
        ("account", hex(account.as_str().as_bytes())),
        ("password", hex(password.as_bytes())),
        ("terminal", hex(terminal.as_bytes())),
        ("profile_digest", hex(&profile_digest)),
        ("element_agreement_key", hex(element.to_bytes().as_ref())),
        ("client_blind", hex(&state[..32])),
        ("client_ephemeral_key", hex(&state[130..162])),
        ("hello", hex(&hello)),
        ("reply", hex(&reply)),
        ("session_key", hex(&session_key)),
        ("finish", hex(&finish)),
        ("transcript", hex(&transcript)),
        ("agreement", hex(shared.as_ref())),
        ("root", hex(&computed)),
    ]);
}

#[test]
fn the_pages_statement_vector_is_what_the_program_computes() {
    let key = DevicePrivateKey::generate(&mut rng());
    let statement = Statement::new(StatementFields {
        payment_key: *b"\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f",
        operation: Operation::Pay,
        payer: Party { account: "1001".to_owned(), name: "Alice".to_owned() },
        payee: Party { account: "2001".to_owned(), name: "瑞幸咖啡".to_owned() },
        amount: Money::new(2350, Currency::CNY),
        fee: Money::new(10, Currency::CNY),
        at: UnixTime::from_milliseconds(1_795_393_333_250),
        terminal: TerminalId::from_bytes([0xab; 16]),
        customer: AccountName::new("alice").unwrap(),
        memo: "two lattes".to_owned(),
    })
    .unwrap();
    assert_eq!(statement.summary(Language::English)[1].value, "23.50 CNY");
    let signature = key.sign_digest(&statement.digest()).unwrap();
    let evidence = Evidence::new(statement.clone(), signature, b"certificate".to_vec()).unwrap();
    check(&[
        ("signing_key", hex(key.to_bytes().as_ref())),
        ("signing_public", hex(&key.public().to_sec1())),
        ("statement", hex(&statement.canonical_bytes())),
        ("digest", hex(&statement.digest())),
        ("signature", hex(&signature)),
        ("evidence", hex(&evidence.to_bytes())),
    ]);
}

#[test]
fn the_pages_bundle_opens_with_the_pages_code() {
    let mut rng = rng();
    let bundle = EnrolmentBundle {
        terminal: TerminalId::from_bytes([0xab; 16]),
        account: AccountName::new("alice").unwrap(),
        server_name: "pay.example".to_owned(),
        operator_ca: b"operator's certificate".to_vec(),
        certificate: b"terminal's certificate".to_vec(),
        signing_key: DevicePrivateKey::generate(&mut rng),
        agreement_key: DevicePrivateKey::generate(&mut rng),
        profile: b"profile".to_vec(),
    };
    let code = ActivationCode::generate(&mut rng);
    let text = bundle.seal(&mut rng, &code).unwrap();
    check(&[
        ("activation_code", code.reveal().to_string()),
        ("bundle_signing_key", hex(bundle.signing_key.to_bytes().as_ref())),
        ("bundle_agreement_key", hex(bundle.agreement_key.to_bytes().as_ref())),
        ("bundle", text.clone()),
    ]);
    let begin = PAGE.find("-----BEGIN THINPAY").expect("the page shows the bundle");
    let end = PAGE.find("ENROLMENT-----;").expect("the page ends the bundle") + "ENROLMENT-----".len();
    let opened = EnrolmentBundle::open(PAGE.get(begin..end).unwrap(), &code).unwrap();
    assert_eq!(opened.agreement_key.to_bytes(), bundle.agreement_key.to_bytes());
}
