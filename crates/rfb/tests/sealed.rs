//! What lies inside sealed units: fixed sizes, one form for one message, no panic.
#![allow(missing_docs, reason = "a test crate has no readers of its documentation")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::string_slice,
    reason = "test patterns and hexadecimal digits"
)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what it did not expect")]

use proptest::prelude::*;
use rfb::sealed::*;

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        (any::<u32>(), any::<bool>()).prop_map(|(keysym, down)| Input::Key { keysym, down }),
        (any::<u8>(), any::<u16>(), any::<u16>()).prop_map(|(buttons, x, y)| Input::Pointer {
            buttons,
            x,
            y
        }),
        any::<[u8; 16]>().prop_map(|digest| Input::Acknowledge { digest }),
        (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(|(digest, r, s)| Input::Signed {
            digest,
            signature: [r, s].concat().try_into().unwrap()
        }),
        any::<[u8; 32]>().prop_map(|digest| Input::Declined { digest }),
    ]
}

fn any_control() -> impl Strategy<Value = Control> {
    let node = ("[a-z]{1,12}", ".{0,12}", ".{0,40}", any::<[u16; 4]>(), any::<bool>()).prop_map(
        |(role, id, text, [x, y, width, height], focused)| Node {
            role,
            id,
            text,
            x,
            y,
            width,
            height,
            focused,
        },
    );
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..STATEMENT_BYTES_MAX)
            .prop_map(|statement| Control::Sign { statement }),
        (1u8..=7, ".{0,60}")
            .prop_map(|(reason, text)| Control::End { reason: EndReason::from_code(reason).unwrap(), text }),
        proptest::collection::vec(node, 0..20).prop_map(Control::Outline),
    ]
}

#[test]
fn sizes_do_not_tell_the_key_from_the_touch() {
    let sizes = [
        Input::Key { keysym: 0x31, down: true },
        Input::Pointer { buttons: 1, x: 4000, y: 4000 },
        Input::Acknowledge { digest: [1; 16] },
    ]
    .map(|input| input.encode().len());
    assert_eq!(sizes, [INPUT_BYTES; 3]);
    let sizes = [Input::Signed { digest: [1; 32], signature: [2; 64] }, Input::Declined { digest: [1; 32] }]
        .map(|input| input.encode().len());
    assert_eq!(sizes, [SIGNATURE_BYTES; 2]);
}

#[test]
fn what_is_too_long_is_cut_or_refused() {
    assert_eq!(Control::Sign { statement: vec![] }.encode(), Err(SealedError::Statement(0)));
    assert_eq!(Control::Sign { statement: vec![0; 4097] }.encode(), Err(SealedError::Statement(4097)));
    let end = Control::End { reason: EndReason::Idle, text: "付".repeat(200) };
    let Ok(Control::End { text, .. }) = Control::decode(&end.encode().unwrap()) else { panic!() };
    assert_eq!(text, "付".repeat(170), "cut at a character within 512 bytes");
    let node = Node {
        role: "text".into(),
        id: String::new(),
        text: "x".repeat(1000),
        x: 0,
        y: 0,
        width: 1,
        height: 1,
        focused: false,
    };
    let outline = Control::Outline(vec![node; NODES_MAX + 1]).encode().unwrap();
    assert!(outline.len() < rfb::wire::CONTROL_UNIT_BYTES_MAX - 64);
    let Ok(Control::Outline(nodes)) = Control::decode(&outline) else { panic!() };
    assert_eq!((nodes.len(), nodes[0].text.len()), (NODES_MAX, NODE_TEXT_BYTES_MAX));
}

#[test]
fn wrong_messages_are_refused() {
    assert_eq!(Input::decode(&[0; 32]), Err(SealedError::Type(0)));
    assert_eq!(Input::decode(&[1; 4]), Err(SealedError::Field("an unused byte is not zero")));
    assert_eq!(Input::decode(&[1, 1, 0, 0, 0]), Err(SealedError::Size(5)));
    let mut signature_in_small = Input::Key { keysym: 1, down: true }.encode();
    signature_in_small[..2].copy_from_slice(&[4, 0]);
    assert_eq!(Input::decode(&signature_in_small), Err(SealedError::Type(4)));
    let mut direction = Input::Key { keysym: 1, down: true }.encode();
    direction[1] = 2;
    assert!(matches!(Input::decode(&direction), Err(SealedError::Field(_))));
    assert_eq!(Control::decode(&seal::pad(vec![9])), Err(SealedError::Type(9)));
    assert_eq!(Control::decode(&[1, 2, 3]), Err(SealedError::Size(3)));
    assert!(matches!(Control::decode(&seal::pad(vec![2, 8, 0, 0])), Err(SealedError::Field(_))));
}

proptest! {
    #[test]
    fn inputs_read_back_and_have_one_form(input in any_input(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut bytes = input.encode();
        prop_assert_eq!(Input::decode(&bytes), Ok(input));
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(other) = Input::decode(&bytes) {
            prop_assert_eq!(other.encode(), bytes.clone());
        }
        bytes.truncate(at);
        prop_assert!(Input::decode(&bytes).is_err());
    }

    #[test]
    fn controls_read_back_and_have_one_form(control in any_control(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut bytes = control.encode().unwrap();
        prop_assert_eq!(Control::decode(&bytes), Ok(control));
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(other) = Control::decode(&bytes) {
            prop_assert_eq!(other.encode().unwrap(), bytes.clone());
        }
        bytes.truncate(at);
        prop_assert!(Control::decode(&bytes).is_err());
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Input::decode(&bytes);
        let _ = Control::decode(&bytes);
        let _ = Control::decode(&seal::pad(bytes));
    }
}
