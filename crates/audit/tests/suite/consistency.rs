//! Two heads of one log: that the newer extends the older is proven, and nothing else.

use std::sync::LazyLock;

use audit::{Appender, Consistency, ConsistencyError, MemoryTiles, SignedTreeHead, TreeError, leaf_hash};
use proptest::prelude::*;

use crate::world::{head, log_key, log_signing_key};

/// The tiles of the leaves 0, 1, 2, ... (of which `changed` is another), and heads over the first so many.
fn log(sizes: &[u64], changed: Option<u64>) -> (MemoryTiles, Vec<SignedTreeHead>) {
    let (mut tree, mut tiles, mut heads) = (Appender::new(), MemoryTiles::default(), Vec::new());
    for &size in sizes {
        while tree.size() < size {
            let leaf = if changed == Some(tree.size()) { u64::MAX } else { tree.size() };
            tree.push(leaf_hash(&leaf.to_be_bytes()));
        }
        heads.push(head(size, tree.root()).sign(&log_signing_key()).unwrap());
    }
    tiles.put(tree.take_changed());
    (tiles, heads)
}

fn proven() -> Consistency {
    let (tiles, heads) = log(&[300, 777], None);
    Consistency::new(heads[0], heads[1], &tiles).unwrap()
}

#[test]
fn a_log_that_grew_is_consistent_with_its_older_heads() {
    let (tiles, heads) = log(&[0, 1, 2, 255, 256, 257, 1_000], None);
    for older in &heads {
        for newer in heads.iter().filter(|newer| newer.head.size >= older.head.size) {
            let proven = Consistency::new(*older, *newer, &tiles).unwrap();
            proven.check(&log_key()).unwrap();
            assert_eq!(Consistency::parse(proven.to_json().as_bytes()), Ok(proven));
        }
    }
    assert_eq!(
        Consistency::new(heads[6], heads[0], &tiles),
        Err(ConsistencyError::Tree(TreeError::Order { old: 1_000, new: 0 }))
    );
}

#[test]
fn a_rewritten_log_is_not() {
    let (_, heads) = log(&[300, 777], None);
    let (tiles, rewritten) = log(&[300, 777], Some(299));
    let claimed = Consistency::new(heads[0], rewritten[1], &tiles).unwrap();
    assert!(matches!(claimed.check(&log_key()), Err(ConsistencyError::Proof(_))));
    let two = Consistency::new(heads[1], rewritten[1], &tiles).unwrap();
    assert_eq!(two.check(&log_key()), Err(ConsistencyError::TwoLogs(777)));
}

#[test]
fn no_changed_byte_of_the_file_changes_what_it_says() {
    let proven = proven();
    let file = proven.to_json().into_bytes();
    for place in 0..file.len() {
        for byte in [file[place] ^ 1, b' ', b'"', 0] {
            let mut wrong = file.clone();
            wrong[place] = byte;
            if let Ok(read) = Consistency::parse(&wrong) {
                assert!(read == proven || read.check(&log_key()).is_err(), "byte {place}");
            }
        }
    }
    for length in 0..file.len() - 1 {
        assert!(Consistency::parse(&file[..length]).is_err(), "cut to {length}");
    }
    let newer = String::from_utf8(file).unwrap().replacen("consistency\": 1", "consistency\": 2", 1);
    assert_eq!(Consistency::parse(newer.as_bytes()), Err(ConsistencyError::UnknownVersion(2)));
}

/// The file of [`proven`], made once.
static PROVEN: LazyLock<Vec<u8>> = LazyLock::new(|| proven().to_json().into_bytes());

proptest! {
    #[test]
    fn damaged_files_are_answered_without_a_panic(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut file = PROVEN.clone();
        for (place, byte) in places {
            let place = place.index(file.len());
            file[place] = byte;
        }
        let _ = Consistency::parse(&file).map(|read| read.check(&log_key()));
        let _ = Consistency::parse(&bytes);
    }
}
