//! What the writing node answers the others: where in the journal the outcome stands, not the outcome. Each
//! node has the same journal and makes the same book of it, so it knows the outcome when it has followed so
//! far; there is one account of what happened, and no second way to say it.

/// Longest sentence in an answer.
const WHY_BYTES_MAX: usize = 1024;

/// Where the outcome of one request is to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It is entry number `entry` of this row.
    Row { sequence: u64, entry: u32 },
    /// It was answered without an entry, from the book as it was at this row: the asker will find the same.
    Known { sequence: u64 },
}

/// An answer to what was passed on: for each request in it, or none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answered {
    /// Where each outcome is.
    Settled(Vec<Settled>),
    /// This node does not write, or not any more: ask again.
    NotLeading,
    /// It could not be done, and will not be by asking again at once.
    Failed(String),
}

impl Answered {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Settled(all) => {
                out.push(1);
                for settled in all {
                    match settled {
                        Settled::Row { sequence, entry } => {
                            out.push(1);
                            out.extend_from_slice(&sequence.to_le_bytes());
                            out.extend_from_slice(&entry.to_le_bytes());
                        }
                        Settled::Known { sequence } => {
                            out.push(2);
                            out.extend_from_slice(&sequence.to_le_bytes());
                        }
                    }
                }
            }
            Self::NotLeading => out.push(2),
            Self::Failed(why) => {
                out.push(3);
                let end = why.floor_char_boundary(WHY_BYTES_MAX);
                out.extend_from_slice(why.as_bytes().get(..end).unwrap_or_default());
            }
        }
        out
    }

    /// Reads an answer; none when the bytes are not one.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (kind, mut rest) = bytes.split_first()?;
        match kind {
            1 => {
                let mut all = Vec::new();
                while let Some((kind, after)) = rest.split_first() {
                    let (sequence, after) = after.split_first_chunk::<8>()?;
                    let sequence = u64::from_le_bytes(*sequence);
                    rest = after;
                    all.push(match kind {
                        1 => {
                            let (entry, after) = rest.split_first_chunk::<4>()?;
                            rest = after;
                            Settled::Row { sequence, entry: u32::from_le_bytes(*entry) }
                        }
                        2 => Settled::Known { sequence },
                        _ => return None,
                    });
                }
                Some(Self::Settled(all))
            }
            2 => rest.is_empty().then_some(Self::NotLeading),
            3 if rest.len() <= WHY_BYTES_MAX => String::from_utf8(rest.to_vec()).ok().map(Self::Failed),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn answers_survive_the_way(
            rows in proptest::collection::vec((any::<u64>(), proptest::option::of(any::<u32>())), 0..20),
            why in "\\PC{0,40}",
        ) {
            let settled = rows.into_iter().map(|(sequence, entry)| match entry {
                Some(entry) => Settled::Row { sequence, entry },
                None => Settled::Known { sequence },
            });
            for answered in [Answered::Settled(settled.collect()), Answered::NotLeading, Answered::Failed(why)] {
                let bytes = answered.encode();
                prop_assert_eq!(Answered::decode(&bytes), Some(answered));
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(0..4_u8, 0..40)) {
            if let Some(answered) = Answered::decode(&bytes) {
                prop_assert_eq!(answered.encode(), bytes);
            }
        }
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let long = Answered::Failed("错".repeat(WHY_BYTES_MAX)).encode();
        assert!(
            matches!(Answered::decode(&long), Some(Answered::Failed(why)) if why.len() > WHY_BYTES_MAX - 4)
        );
    }
}
