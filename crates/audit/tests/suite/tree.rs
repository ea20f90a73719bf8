//! The tree against RFC 6962's reference tree and against the recursive definition of RFC 9162 §2.1.

use audit::tile::{TILE_BYTES_MAX, TILE_HASHES};
use audit::{
    Appender, EMPTY_ROOT, Hash, MemoryTiles, ProofError, TileStore, TreeError, consistency_proof,
    inclusion_proof, leaf_hash, node_hash, verify_consistency, verify_inclusion,
};
use proptest::prelude::*;

use crate::world::hex;

/// MTH of RFC 9162 §2.1.1, as it is written there.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&naive_root(left), &naive_root(right))
        }
    }
}

fn split(size: usize) -> usize {
    let mut half = 1;
    while half * 2 < size {
        half *= 2;
    }
    half
}

/// PATH of RFC 9162 §2.1.3.1.
fn naive_inclusion(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut path, beside) = if index < left.len() {
        (naive_inclusion(index, left), naive_root(right))
    } else {
        (naive_inclusion(index - left.len(), right), naive_root(left))
    };
    path.push(beside);
    path
}

/// SUBPROOF of RFC 9162 §2.1.4.1.
fn naive_consistency(old: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if known { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut proof, beside) = if old <= left.len() {
        (naive_consistency(old, left, known), naive_root(right))
    } else {
        (naive_consistency(old - left.len(), right, false), naive_root(left))
    };
    proof.push(beside);
    proof
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|index| leaf_hash(&index.to_be_bytes())).collect()
}

/// The log and its tiles, stored batch by batch.
fn grown(leaves: &[Hash], batch: usize) -> (Appender, MemoryTiles) {
    let (mut tree, mut tiles) = (Appender::new(), MemoryTiles::default());
    for leaves in leaves.chunks(batch.max(1)) {
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        tiles.put(tree.take_changed());
    }
    (tree, tiles)
}

/// The eight inputs, and the roots of the first one, two, ... of them.
const REFERENCE: [(&str, &str); 8] = [
    ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    ("606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
];

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn reference() -> Vec<Hash> {
    REFERENCE.iter().map(|(input, _)| leaf_hash(&unhex(input))).collect()
}

fn texts(proof: &[Hash]) -> Vec<String> {
    proof.iter().map(|hash| hex(hash)).collect()
}

#[test]
fn the_reference_tree_of_rfc_6962_has_its_known_roots() {
    let mut tree = Appender::new();
    assert_eq!(tree.root(), EMPTY_ROOT);
    for (leaf, (_, root)) in reference().into_iter().zip(REFERENCE) {
        tree.push(leaf);
        assert_eq!(hex(&tree.root()), root, "{} leaves", tree.size());
    }
}

#[test]
fn the_reference_tree_of_rfc_6962_has_its_known_proofs() {
    let (_, tiles) = grown(&reference(), 3);
    let inclusion = |index, size| texts(&inclusion_proof(index, size, &tiles).unwrap());
    assert_eq!(inclusion(0, 1), Vec::<String>::new());
    assert_eq!(
        inclusion(0, 8),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]
    );
    assert_eq!(
        inclusion(5, 8),
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    assert_eq!(inclusion(2, 3), ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]);
    assert_eq!(
        inclusion(1, 5),
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ]
    );
    let consistency = |old, new| texts(&consistency_proof(old, new, &tiles).unwrap());
    assert_eq!(consistency(1, 1), Vec::<String>::new());
    assert_eq!(
        consistency(1, 8),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]
    );
    assert_eq!(
        consistency(6, 8),
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    assert_eq!(
        consistency(2, 5),
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ]
    );
}

#[test]
fn every_proof_of_every_small_tree_is_the_rfcs_and_verifies() {
    let leaves = leaves(40);
    let (_, tiles) = grown(&leaves, 7);
    for new in 0..=leaves.len() {
        let (now, size) = (&leaves[..new], new as u64);
        let root = naive_root(now);
        assert_eq!(Appender::from_tiles(size, &tiles).unwrap().root(), root);
        for (index, leaf) in now.iter().enumerate() {
            let proof = inclusion_proof(index as u64, size, &tiles).unwrap();
            assert_eq!(proof, naive_inclusion(index, now));
            verify_inclusion(leaf, index as u64, size, &proof, &root).unwrap();
        }
        for old in 1..=new {
            let proof = consistency_proof(old as u64, size, &tiles).unwrap();
            assert_eq!(proof, naive_consistency(old, now, true));
            verify_consistency(old as u64, size, &naive_root(&leaves[..old]), &root, &proof).unwrap();
        }
        verify_consistency(0, size, &EMPTY_ROOT, &root, &consistency_proof(0, size, &tiles).unwrap())
            .unwrap();
    }
}

#[test]
fn what_cannot_be_asked_is_refused_with_its_reason() {
    let (_, tiles) = grown(&leaves(10), 10);
    assert_eq!(inclusion_proof(10, 10, &tiles), Err(TreeError::NoLeaf { index: 10, size: 10 }));
    assert_eq!(consistency_proof(11, 10, &tiles), Err(TreeError::Order { old: 11, new: 10 }));
    assert_eq!(inclusion_proof(0, 11, &tiles), Err(TreeError::Missing { level: 0, index: 0, needed: 11 }));
    assert_eq!(inclusion_proof(0, u64::MAX, &tiles), Err(TreeError::TooLarge(u64::MAX)));
    assert_eq!(consistency_proof(1, u64::MAX, &tiles), Err(TreeError::TooLarge(u64::MAX)));
    assert_eq!(Appender::from_tiles(u64::MAX, &tiles), Err(TreeError::TooLarge(u64::MAX)));
    let nothing = |_: u8, _: u64| None;
    assert_eq!(
        Appender::from_tiles(300, &nothing),
        Err(TreeError::Missing { level: 0, index: 1, needed: 44 })
    );
    for bytes in [31, 33, TILE_BYTES_MAX + 32] {
        let damaged = move |_: u8, _: u64| Some(vec![0; bytes]);
        let error = TreeError::Damaged { level: 0, index: 0, bytes };
        assert_eq!(inclusion_proof(0, 2, &damaged), Err(error));
        assert_eq!(Appender::from_tiles(2, &damaged), Err(error));
    }
}

#[test]
fn a_proof_of_impossible_sizes_is_refused() {
    let leaf = leaf_hash(b"x");
    for (index, size) in [(0, 0), (1, 1), (u64::MAX, u64::MAX)] {
        assert_eq!(
            verify_inclusion(&leaf, index, size, &[], &leaf),
            Err(ProofError::Size { inner: index, size })
        );
    }
    assert_eq!(verify_consistency(2, 1, &leaf, &leaf, &[]), Err(ProofError::Size { inner: 2, size: 1 }));
    assert_eq!(verify_consistency(1, 1, &leaf, &leaf, &[leaf]), Err(ProofError::Length));
    assert_eq!(verify_consistency(0, 1, &leaf, &leaf, &[]), Err(ProofError::OldRoot));
    assert_eq!(verify_consistency(0, 0, &EMPTY_ROOT, &leaf, &[]), Err(ProofError::Root));
    assert_eq!(verify_consistency(1, 2, &leaf, &leaf, &[]), Err(ProofError::Length));
    assert_eq!(verify_consistency(3, 4, &leaf, &leaf, &[]), Err(ProofError::Length));
}

#[test]
fn full_tiles_are_given_once_and_never_change() {
    let leaves = leaves(70_000);
    let mut tree = Appender::new();
    let mut full = std::collections::BTreeSet::new();
    for batch in leaves.chunks(8_000) {
        batch.iter().for_each(|leaf| tree.push(*leaf));
        for tile in tree.take_changed() {
            assert!((1..=TILE_HASHES).contains(&(tile.bytes.len() / 32)));
            assert!(!full.contains(&(tile.level, tile.index)), "a full tile is given again");
            if tile.bytes.len() == TILE_BYTES_MAX {
                full.insert((tile.level, tile.index));
            }
        }
        assert!(tree.take_changed().is_empty(), "nothing changed since");
    }
    assert_eq!(full.len(), 70_000 / 256 + 1, "273 of leaves, and one over 256 of those");
    assert_eq!(tree.root(), naive_root(&leaves));
}

#[test]
fn the_tiles_of_level_0_are_the_leaf_hashes_in_order() {
    let leaves = leaves(600);
    let (_, tiles) = grown(&leaves, 100);
    let stored: Vec<u8> = (0..3).flat_map(|index| tiles.tile(0, index).unwrap()).collect();
    assert_eq!(stored, leaves.concat());
    assert_eq!(tiles.tile(0, 3), None);
    assert_eq!(
        tiles.tile(1, 0).unwrap(),
        [naive_root(&leaves[..256]), naive_root(&leaves[256..512])].concat()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn roots_and_proofs_are_those_of_the_recursive_definition(
        size in 1_usize..1_500, batch in 1_usize..700, a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>(),
    ) {
        let leaves = leaves(size as u64);
        let (tree, tiles) = grown(&leaves, batch);
        prop_assert_eq!(tree.root(), naive_root(&leaves));
        let (index, now) = (a.index(size), b.index(size) + 1);
        let root = naive_root(&leaves[..now]);
        // Any earlier size can be taken up and proven from the same tiles.
        let earlier = Appender::from_tiles(now as u64, &tiles).unwrap();
        prop_assert_eq!(earlier.root(), root);
        if index < now {
            let proof = inclusion_proof(index as u64, now as u64, &tiles).unwrap();
            prop_assert_eq!(&proof, &naive_inclusion(index, &leaves[..now]));
            prop_assert!(verify_inclusion(&leaves[index], index as u64, now as u64, &proof, &root).is_ok());
        }
        let proof = consistency_proof(now as u64, size as u64, &tiles).unwrap();
        prop_assert_eq!(&proof, &naive_consistency(now, &leaves, true));
        prop_assert!(verify_consistency(now as u64, size as u64, &root, &tree.root(), &proof).is_ok());
    }

    #[test]
    fn a_tree_taken_up_from_its_tiles_goes_on_as_if_it_had_never_stopped(
        first in 0_usize..1_200, then in 0_usize..600,
    ) {
        let leaves = leaves((first + then) as u64);
        let (whole, whole_tiles) = grown(&leaves, 10_000);
        let (_, mut tiles) = grown(&leaves[..first], 10_000);
        let mut tree = Appender::from_tiles(first as u64, &tiles).unwrap();
        prop_assert!(tree.take_changed().is_empty());
        leaves[first..].iter().for_each(|leaf| tree.push(*leaf));
        tiles.put(tree.take_changed());
        prop_assert_eq!(tree.root(), whole.root());
        prop_assert_eq!(tiles, whole_tiles);
    }

    #[test]
    fn a_changed_inclusion_proof_is_refused(
        size in 1_u64..600, at in any::<prop::sample::Index>(), hash in any::<prop::sample::Index>(), bit in 0_usize..256,
    ) {
        let leaves = leaves(size);
        let (tree, tiles) = grown(&leaves, 1_000);
        let (index, root) = (at.index(leaves.len()), tree.root());
        let place = index as u64;
        let proof = inclusion_proof(place, size, &tiles).unwrap();
        let flipped = |hash: &Hash| { let mut hash = *hash; hash[bit / 8] ^= 1 << (bit % 8); hash };
        prop_assert!(verify_inclusion(&flipped(&leaves[index]), place, size, &proof, &root).is_err());
        prop_assert!(verify_inclusion(&leaves[index], place, size, &proof, &flipped(&root)).is_err());
        // Another place of the same tree.
        for other in (0..size).filter(|other| *other != place) {
            prop_assert!(verify_inclusion(&leaves[index], other, size, &proof, &root).is_err());
        }
        let mut longer = proof.clone();
        longer.push(root);
        prop_assert!(verify_inclusion(&leaves[index], place, size, &longer, &root).is_err());
        if !proof.is_empty() {
            prop_assert!(verify_inclusion(&leaves[index], place, size, &proof[1..], &root).is_err());
            let changed = hash.index(proof.len());
            let mut wrong = proof;
            wrong[changed] = flipped(&wrong[changed]);
            prop_assert!(verify_inclusion(&leaves[index], place, size, &wrong, &root).is_err());
        }
    }

    #[test]
    fn a_changed_consistency_proof_is_refused(
        new in 2_u64..600, at in any::<prop::sample::Index>(), hash in any::<prop::sample::Index>(), bit in 0_usize..256,
    ) {
        let leaves = leaves(new);
        let (tree, tiles) = grown(&leaves, 1_000);
        let old = at.index(leaves.len() - 1) as u64 + 1;
        let old_root = Appender::from_tiles(old, &tiles).unwrap().root();
        let root = tree.root();
        let proof = consistency_proof(old, new, &tiles).unwrap();
        prop_assert!(verify_consistency(old, new, &old_root, &root, &proof).is_ok());
        let flipped = |hash: &Hash| { let mut hash = *hash; hash[bit / 8] ^= 1 << (bit % 8); hash };
        prop_assert!(verify_consistency(old, new, &flipped(&old_root), &root, &proof).is_err());
        prop_assert!(verify_consistency(old, new, &old_root, &flipped(&root), &proof).is_err());
        let changed = hash.index(proof.len());
        let mut wrong = proof.clone();
        wrong[changed] = flipped(&wrong[changed]);
        prop_assert!(verify_consistency(old, new, &old_root, &root, &wrong).is_err());
        prop_assert!(verify_consistency(old, new, &old_root, &root, &proof[1..]).is_err());
        let mut longer = proof;
        longer.push(root);
        prop_assert!(verify_consistency(old, new, &old_root, &root, &longer).is_err());
    }

    #[test]
    fn any_sizes_and_any_hashes_are_answered_without_a_panic(
        index in any::<u64>(), size in any::<u64>(), proof in prop::collection::vec(any::<Hash>(), 0..70), root in any::<Hash>(),
    ) {
        prop_assert!(verify_inclusion(&root, index, size, &proof, &root).is_err() || (index == 0 && size == 1));
        let _ = verify_consistency(index, size, &root, &root, &proof);
        let holding = |_: u8, _: u64| Some(vec![7; TILE_BYTES_MAX]);
        let _ = inclusion_proof(index >> 12, size >> 11, &holding);
        let _ = consistency_proof(index >> 12, size >> 11, &holding);
        let _ = Appender::from_tiles(size >> 11, &holding);
    }
}
