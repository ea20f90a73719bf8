//! Records that were edited, deleted, added or moved are named.

use audit::{Change, Hash, find_changes, leaf_hash};
use proptest::prelude::*;

fn leaves(numbers: impl IntoIterator<Item = u64>) -> Vec<Hash> {
    numbers.into_iter().map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

fn changes(found: &[u64]) -> Vec<Change> {
    find_changes(&leaves(0..10), &leaves(found.iter().copied()))
}

#[test]
fn each_kind_of_change_is_named() {
    use Change::{Added, Deleted, Edited, Moved};
    assert_eq!(changes(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), []);
    assert_eq!(changes(&[0, 1, 2, 77, 4, 5, 6, 7, 8, 9]), [Edited { index: 3, now: 3 }]);
    assert_eq!(
        changes(&[70, 1, 2, 3, 4, 5, 6, 7, 8, 79]),
        [Edited { index: 0, now: 0 }, Edited { index: 9, now: 9 }]
    );
    assert_eq!(changes(&[0, 1, 2, 4, 5, 6, 7, 8, 9]), [Deleted { index: 3 }]);
    assert_eq!(changes(&[0, 1, 2, 3, 4, 5, 6, 7]), [Deleted { index: 8 }, Deleted { index: 9 }]);
    assert_eq!(changes(&[]), (0..10).map(|index| Deleted { index }).collect::<Vec<_>>());
    assert_eq!(changes(&[0, 1, 2, 77, 3, 4, 5, 6, 7, 8, 9]), [Added { index: 3, now: 3 }]);
    assert_eq!(changes(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 77]), [Added { index: 10, now: 10 }]);
    assert_eq!(changes(&[0, 1, 2, 8, 3, 4, 5, 6, 7, 9]), [Moved { index: 8, now: 3 }]);
    assert_eq!(changes(&[0, 2, 3, 4, 1, 5, 6, 7, 8, 9]), [Moved { index: 1, now: 4 }]);
    // Deleted at one place and invented at another: not a shift of everything between.
    assert_eq!(changes(&[0, 2, 3, 4, 5, 6, 77, 7, 8, 9]), [Deleted { index: 1 }, Added { index: 7, now: 6 }]);
    assert_eq!(
        changes(&[0, 2, 3, 74, 5, 6, 9, 7, 8]),
        [Deleted { index: 1 }, Edited { index: 4, now: 3 }, Moved { index: 9, now: 6 }]
    );
    // From one end of a long log to the other.
    let mut found = leaves(0..1_000);
    let moved = found.remove(10);
    found.insert(900, moved);
    assert_eq!(find_changes(&leaves(0..1_000), &found), [Moved { index: 10, now: 900 }]);
    assert_eq!(find_changes(&[], &leaves([1])), [Added { index: 0, now: 0 }]);
    assert_eq!(find_changes(&leaves([1, 1, 1]), &leaves([1, 1])), [Deleted { index: 2 }]);
}

fn place(index: u64) -> usize {
    usize::try_from(index).unwrap()
}

/// Does the changes to the logged leaves again; must give the found ones.
fn redone(logged: &[Hash], found: &[Hash], changes: &[Change]) -> Vec<Hash> {
    let mut gone = vec![false; logged.len()];
    let mut placed: Vec<Option<Hash>> = vec![None; found.len()];
    for change in changes {
        match *change {
            Change::Deleted { index } => gone[place(index)] = true,
            Change::Added { now, .. } => placed[place(now)] = Some(found[place(now)]),
            Change::Edited { index, now } => {
                gone[place(index)] = true;
                placed[place(now)] = Some(found[place(now)]);
            }
            Change::Moved { index, now } => {
                gone[place(index)] = true;
                placed[place(now)] = Some(logged[place(index)]);
            }
        }
    }
    let mut rest = logged.iter().zip(&gone).filter(|(_, gone)| !**gone).map(|(leaf, _)| *leaf);
    let whole: Vec<Hash> = placed.into_iter().map(|leaf| leaf.or_else(|| rest.next()).unwrap()).collect();
    assert_eq!(rest.next(), None, "a leaf is left over");
    whole
}

proptest! {
    #[test]
    fn the_changes_lead_from_what_was_logged_to_what_is_there(
        logged in prop::collection::vec(0_u64..40, 0..40), found in prop::collection::vec(0_u64..40, 0..40),
    ) {
        let (logged, found) = (leaves(logged), leaves(found));
        let changes = find_changes(&logged, &found);
        prop_assert_eq!(changes.is_empty(), logged == found);
        prop_assert_eq!(redone(&logged, &found, &changes), found);
        prop_assert!(changes.is_sorted_by_key(Change::index));
    }

    #[test]
    fn a_few_acts_in_a_long_log_are_named_one_by_one(
        acts in prop::collection::vec((0..4, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..6),
    ) {
        let logged = leaves(0..2_000);
        let mut found = logged.clone();
        for (count, (act, at, to)) in acts.iter().enumerate() {
            let index = at.index(found.len());
            let invented = leaf_hash(&count.to_be_bytes()[1..]);
            match act {
                0 => found[index] = invented,
                1 => drop(found.remove(index)),
                2 => found.insert(index, invented),
                _ => {
                    let moved = found.remove(index);
                    found.insert(to.index(found.len() + 1), moved);
                }
            }
        }
        let changes = find_changes(&logged, &found);
        prop_assert!(changes.len() <= acts.len(), "{changes:?}");
        prop_assert_eq!(redone(&logged, &found, &changes), found);
    }

    #[test]
    fn a_single_act_is_named_as_that(size in 1_usize..300, at in any::<prop::sample::Index>(), act in 0..3) {
        let logged = leaves(0..size as u64);
        let mut found = logged.clone();
        let index = at.index(size);
        let at = index as u64;
        let expected = match act {
            0 => { found[index] = [1; 32]; Change::Edited { index: at, now: at } }
            1 => { found.remove(index); Change::Deleted { index: at } }
            _ => { found.insert(index, [1; 32]); Change::Added { index: at, now: at } }
        };
        prop_assert_eq!(find_changes(&logged, &found), [expected]);
    }
}
