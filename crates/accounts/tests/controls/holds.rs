//! Holds: captured in parts, released, expired; what is left stays set aside.

use accounts::{Capture, Decline, NewHold};

use crate::desk::{Desk, Place, declined};
use crate::support::{OPENING_UNITS, SECOND_NS, balance, check, settle_in, units, yuan};

pub(crate) async fn are_captured_in_parts(place: Place<'_>) {
    let mut desk = Desk::open(place);
    let people = settle_in(&desk.accounts, 1).await;
    let (alice, luckin) = (people.customers[0], people.merchant);
    let left = async |desk: &Desk| -> Vec<i64> {
        let open = desk.accounts.open_holds(Some(alice)).await.expect("reads");
        open.iter().map(|hold| hold.left.minor_units()).collect()
    };
    let held = desk.accounts.hold(desk.new_hold(alice, luckin, 10_000)).await.expect("holds");
    assert_eq!(held.available, yuan(OPENING_UNITS - 10_000));
    let first = Capture { reference: "night 1".to_owned(), ..desk.capture_of(held.hold, 3_000, false) };
    let captured = desk.accounts.capture(first.clone()).await.expect("captures");
    assert_eq!(units(&captured), (OPENING_UNITS - 3_000, 3_000));
    assert_eq!(left(&desk).await, [7_000]);
    assert_eq!(desk.standing(alice).await, (OPENING_UNITS - 3_000, OPENING_UNITS - 10_000));
    desk.restart().await;
    let over = desk.accounts.capture(desk.capture_of(held.hold, 7_001, true)).await;
    assert_eq!(declined(over), Decline::CaptureExceedsHold { held: yuan(7_000) });
    let second = desk.accounts.capture(desk.capture_of(held.hold, 4_000, false)).await.expect("captures");
    assert_ne!(second.payment, captured.payment, "each is a payment of its own");
    desk.rebuild().await;
    assert_eq!(left(&desk).await, [3_000]);
    assert!(desk.accounts.capture(first.clone()).await.expect("repeats").duplicate);
    // The last gives the rest back.
    desk.accounts.capture(desk.capture_of(held.hold, 1_000, true)).await.expect("captures");
    assert_eq!(left(&desk).await, [0; 0]);
    assert_eq!(desk.standing(alice).await, (OPENING_UNITS - 8_000, OPENING_UNITS - 8_000));
    assert_eq!(
        declined(desk.accounts.capture(desk.capture_of(held.hold, 1, true)).await),
        Decline::HoldNotOpen
    );
    assert_eq!(declined(desk.accounts.release(desk.release_of(held.hold)).await), Decline::HoldNotOpen);
    let found = desk.accounts.payments_by_reference("night 1").await.expect("reads");
    assert_eq!((found.len(), found[0].payment, found[0].hold), (1, captured.payment, Some(held.hold)));
    assert_eq!((found[0].evidence.as_slice(), found[0].memo.as_str()), (b"signed".as_slice(), "deposit"));

    // Captured to nothing it ends, also when nobody said that it is the last.
    let whole = desk.accounts.hold(desk.new_hold(alice, luckin, 500)).await.expect("holds");
    desk.accounts.capture(desk.capture_of(whole.hold, 200, false)).await.expect("captures");
    desk.accounts.capture(desk.capture_of(whole.hold, 300, false)).await.expect("captures");
    assert_eq!(
        declined(desk.accounts.capture(desk.capture_of(whole.hold, 1, false)).await),
        Decline::HoldNotOpen
    );
    // What is left is released, or expires by itself.
    let released = desk.accounts.hold(desk.new_hold(alice, luckin, 600)).await.expect("holds");
    desk.accounts.capture(desk.capture_of(released.hold, 100, false)).await.expect("captures");
    let given_back = desk.accounts.release(desk.release_of(released.hold)).await.expect("releases");
    assert_eq!(given_back.amount, yuan(500));
    let expires = Some(desk.clock.now().plus_ns(60 * SECOND_NS));
    let expiring = NewHold { expires, ..desk.new_hold(alice, luckin, 700) };
    let expiring = desk.accounts.hold(expiring).await.expect("holds");
    desk.accounts.capture(desk.capture_of(expiring.hold, 100, false)).await.expect("captures");
    desk.restart().await;
    assert_eq!(left(&desk).await, [600]);
    desk.clock.pass(61 * SECOND_NS);
    assert_eq!(
        declined(desk.accounts.capture(desk.capture_of(expiring.hold, 1, false)).await),
        Decline::HoldNotOpen
    );
    assert_eq!(left(&desk).await, [0; 0]);
    let paid = OPENING_UNITS - 8_000 - 500 - 100 - 100;
    assert_eq!(desk.standing(alice).await, (paid, paid));
    assert_eq!(balance(&desk.accounts, luckin).await, OPENING_UNITS - paid);
    assert_eq!(declined(desk.accounts.hold(desk.new_hold(alice, alice, 1)).await), Decline::SameAccount);
    let verified = check(&desk.accounts).await;
    assert_eq!(verified.holds, 0);
}
