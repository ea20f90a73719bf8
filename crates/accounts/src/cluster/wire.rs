//! What the writing node answers the others. Most requests it need not answer at all: each becomes an entry of
//! the journal, and every node that follows it makes the same book of it and so knows the outcome. There is
//! one account of what happened, and no second way to say it.

/// Longest sentence in an answer.
const WHY_BYTES_MAX: usize = 1024;

/// An answer to what was passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answered {
    /// Some of it made no entry, or had made it before: the asker finds the same in its book once it has
    /// followed to this row.
    Known {
        /// The row.
        sequence: u64,
    },
    /// It could not be done, and nothing was.
    Failed(String),
}

impl Answered {
    pub(crate) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Known { sequence } => [&[1][..], &sequence.to_le_bytes()].concat(),
            Self::Failed(why) => {
                let end = why.floor_char_boundary(WHY_BYTES_MAX);
                [&[2], why.as_bytes().get(..end).unwrap_or_default()].concat()
            }
        }
    }

    /// Reads an answer; none when the bytes are not one.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (1, sequence) => Some(Self::Known { sequence: u64::from_le_bytes(sequence.try_into().ok()?) }),
            (2, why) if why.len() <= WHY_BYTES_MAX => String::from_utf8(why.to_vec()).ok().map(Self::Failed),
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
        fn answers_survive_the_way(sequence in any::<u64>(), why in "\\PC{0,40}") {
            for answered in [Answered::Known { sequence }, Answered::Failed(why)] {
                let bytes = answered.encode();
                prop_assert_eq!(Answered::decode(&bytes), Some(answered));
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(0..4_u8, 0..12)) {
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
