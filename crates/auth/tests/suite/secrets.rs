//! Planted canaries: what people know and what opens accounts appears in no file, message or log line.

use identity::{ClientLogin, Password};

use crate::world::{START, World, account, contains, customer, files, phone};

const CANARY: &str = "canary-5f3a-swordfish";

#[test]
fn passwords_codes_and_private_keys_are_nowhere() {
    let mut world = World::new();
    let mut printed = String::new();
    let mut print = |text: String| printed.push_str(&text);
    print(world.auth.add_customer(&customer("carol", CANARY), START, &mut world.rng).unwrap().to_string());
    let enrolled = world.auth.enrol_terminal(&account("carol"), &phone(), START, &mut world.rng).unwrap();
    print(format!("{enrolled:?}"));
    let code = enrolled.activation_code.reveal();
    let bundle = identity::EnrolmentBundle::open(&enrolled.bundle, &enrolled.activation_code).unwrap();
    print(format!("{bundle:?}"));
    let (signed_in, root) = {
        let genuine = std::mem::replace(&mut world.terminal, bundle.clone());
        let result = world.sign_in_as("carol", CANARY, enrolled.terminal, START).unwrap();
        world.terminal = genuine;
        result
    };
    print(format!("{signed_in:?} {root:?} {}", signed_in.event()));
    print(format!("{:?}", world.auth.login_confirmed(&signed_in, START).unwrap()));
    let password = Password::new(CANARY).unwrap();
    let (client, hello) =
        ClientLogin::start(&mut world.rng, &account("carol"), &password, enrolled.terminal).unwrap();
    let (pending, reply) = world.auth.login_begin(&hello, START, &mut world.rng).unwrap();
    print(format!("{client:?} {pending:?} {} {password:?}", pending.event()));
    let refusal = world.auth.login_finish(pending, &[1, 3, 0, 1], START).unwrap_err();
    print(format!("{refusal} {refusal:?}"));
    let exists = world.auth.add_customer(&customer("carol", CANARY), START, &mut world.rng).unwrap_err();
    print(format!("{exists} {exists:?} {:?}", world.auth));
    print(format!("{:?}", world.auth.tls_identity(START, &mut world.rng).unwrap()));
    print(format!("{:?} {:?}", world.auth.customers().unwrap(), world.auth.terminals(None).unwrap()));

    let bare_code = code.replace('-', "");
    let disk = files(&world);
    let on_the_wire = [hello, reply].concat();
    let signing = bundle.signing_key.to_bytes();
    let agreement = bundle.agreement_key.to_bytes();
    for secret in [CANARY.as_bytes(), code.as_bytes(), bare_code.as_bytes(), &signing[..], &agreement[..]] {
        assert!(!contains(&disk, secret), "a secret is on the disk");
        assert!(!contains(&on_the_wire, secret), "a secret is on the wire");
        // The bundle itself is meant to be handed over; it is printed by the program, not by Debug.
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!contains(printed.as_bytes(), secret), "a secret is printed");
        assert!(!printed.contains(&hex), "a secret is printed in hexadecimal");
        assert!(!printed.contains(&format!("{secret:?}")), "a secret is printed as a list");
    }
    // The test would notice: what may be there is there.
    assert!(contains(&disk, b"carol") && printed.contains("redacted"));
}
