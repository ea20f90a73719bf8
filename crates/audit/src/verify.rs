//! Verifying proofs, step by step as RFC 9162 §2.1.3.2 and §2.1.4.2 write it. Needs no tree.

use thiserror::Error;

use crate::hash::{EMPTY_ROOT, Hash, node_hash};

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProofError {
    /// The leaf is not in a tree of that size, or the older tree is the larger one.
    #[error("the proof is about {inner} in a log of {size} records, which cannot be; it was cut or changed")]
    Size {
        /// The index, or the older size.
        inner: u64,
        /// The size.
        size: u64,
    },
    /// More or fewer hashes than a tree of that size asks for.
    #[error("the proof has not as many hashes as a log of that size asks for; it was cut or changed")]
    Length,
    /// The hashes lead to another root.
    #[error(
        "the proof does not lead to the head's root: the record or the proof was changed, or it is another log's"
    )]
    Root,
    /// The hashes lead to another old root.
    #[error("the proof does not lead to the older head's root: that head is not the beginning of this log")]
    OldRoot,
}

/// Verifies that the leaf is at `index` in the tree of `size` leaves with that root.
///
/// # Errors
/// When the proof does not show it.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Size { inner: index, size });
    }
    // `path` and `last` are the RFC's fn and sn: our place and the last place, level by level.
    let (mut path, mut last) = (index, size - 1);
    let mut computed = *leaf;
    for beside in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if path & 1 == 1 || path == last {
            computed = node_hash(beside, &computed);
            skip_missing_levels(&mut path, &mut last);
        } else {
            computed = node_hash(&computed, beside);
        }
        (path, last) = (path >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if computed == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// Verifies that the tree of `new` leaves begins with that of `old` leaves.
///
/// The tree without leaves is the beginning of every log, and each tree that of itself; the proof of these is
/// empty.
///
/// # Errors
/// When the proof does not show it.
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: &Hash,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Size { inner: old, size: new });
    }
    if old == 0 || old == new {
        return match (proof, old) {
            ([_, ..], _) => Err(ProofError::Length),
            ([], 0) if *old_root != EMPTY_ROOT => Err(ProofError::OldRoot),
            ([], _) if old == new && old_root != new_root => Err(ProofError::Root),
            ([], _) => Ok(()),
        };
    }
    let (mut path, mut last) = (old - 1, new - 1);
    while path & 1 == 1 {
        (path, last) = (path >> 1, last >> 1);
    }
    // When the old tree is a complete one, its root is the first hash, and is left out of the proof.
    let (first, rest) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or(ProofError::Length)?
    };
    let (mut computed_old, mut computed_new) = (*first, *first);
    for beside in rest {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if path & 1 == 1 || path == last {
            computed_old = node_hash(beside, &computed_old);
            computed_new = node_hash(beside, &computed_new);
            skip_missing_levels(&mut path, &mut last);
        } else {
            computed_new = node_hash(&computed_new, beside);
        }
        (path, last) = (path >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if computed_old != *old_root {
        return Err(ProofError::OldRoot);
    }
    if computed_new == *new_root { Ok(()) } else { Err(ProofError::Root) }
}

/// On the right edge of the tree: goes up past the levels at which nothing stands beside the path.
fn skip_missing_levels(path: &mut u64, last: &mut u64) {
    while *path & 1 == 0 && *path != 0 {
        (*path, *last) = (*path >> 1, *last >> 1);
    }
}
