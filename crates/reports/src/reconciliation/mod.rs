//! Reconciliation: our records against theirs, with three outcomes: matched, missing here, missing there. One
//! reference on both sides whose facts differ is one of each, listed as a pair so that it is seen at once.

mod page;
mod write;

use std::collections::BTreeMap;

use money::{Currency, Money};

use crate::{Day, LINES_MAX, Total};

/// Most records on each side.
pub const RECORDS_MAX: usize = LINES_MAX;
/// Most days that a record may lie from its match.
pub const TOLERANCE_DAYS_MAX: u32 = 366;

/// A record of either side.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Record {
    /// What both sides call it; blanks around it do not count. A record without one is matched with nothing.
    pub reference: String,
    /// How much, signed as our side sees it.
    pub amount: Money,
    /// When, by the calendar of whoever recorded it.
    pub day: Day,
    /// The line of the file that it was read from, if it was.
    pub line: Option<u32>,
}

/// A record of ours and the one of theirs that it was paired with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Ours.
    pub ours: Record,
    /// Theirs.
    pub theirs: Record,
}

/// In what the two records of a pair differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// The same amount, but further apart than the tolerance.
    Day,
    /// Another amount of the same currency.
    Amount,
    /// Another currency.
    Currency,
}

impl Difference {
    /// The word for it in CSV and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Day => "day-differs",
            Self::Amount => "amount-differs",
            Self::Currency => "currency-differs",
        }
    }
}

/// What a reconciliation found. Each record given is in exactly one of the lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reconciliation {
    /// The same reference and amount, at most the tolerance apart.
    pub matched: Vec<Pair>,
    /// The same reference, but something else differs. Counts as one missing here and one missing there.
    pub differs: Vec<(Pair, Difference)>,
    /// What they have and we have not.
    pub missing_here: Vec<Record>,
    /// What we have and they have not.
    pub missing_there: Vec<Record>,
}

/// Why there is no reconciliation. The caller's to correct.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReconcileError {
    /// More records than are compared at once.
    #[error("{0} records on one side; at most {RECORDS_MAX} are compared at once: take a shorter period")]
    TooManyRecords(usize),
    /// A tolerance that would match anything.
    #[error("a tolerance of {0} days; at most {TOLERANCE_DAYS_MAX} are allowed: 0 to 5 is usual")]
    ToleranceTooWide(u32),
}

/// Compares two sets of records. Records of one reference and amount are matched in as many pairs as the
/// tolerance (in days) permits; of what is left, records of one reference are paired as differing, nearest
/// kind of difference first. The result does not depend on the order in which records were given, except
/// among records that are equal. Takes time n log n.
///
/// # Errors
/// [`ReconcileError`].
pub fn reconcile(
    ours: &[Record],
    theirs: &[Record],
    tolerance_days: u32,
) -> Result<Reconciliation, ReconcileError> {
    for side in [ours, theirs] {
        if side.len() > RECORDS_MAX {
            return Err(ReconcileError::TooManyRecords(side.len()));
        }
    }
    if tolerance_days > TOLERANCE_DAYS_MAX {
        return Err(ReconcileError::ToleranceTooWide(tolerance_days));
    }
    let mut groups: BTreeMap<&str, (Vec<&Record>, Vec<&Record>)> = BTreeMap::new();
    for record in ours {
        groups.entry(record.reference.trim()).or_default().0.push(record);
    }
    for record in theirs {
        groups.entry(record.reference.trim()).or_default().1.push(record);
    }
    let mut result = Reconciliation::default();
    for (reference, (mut ours, mut theirs)) in groups {
        ours.sort_by_key(|record| order(record));
        theirs.sort_by_key(|record| order(record));
        if !reference.is_empty() {
            let (ours_left, theirs_left) = match_same(&ours, &theirs, tolerance_days, &mut result.matched);
            (ours, theirs) = pair_differing(&ours_left, &theirs_left, &mut result.differs);
        }
        result.missing_there.extend(ours.into_iter().cloned());
        result.missing_here.extend(theirs.into_iter().cloned());
    }
    Ok(result)
}

type Order = (Currency, i64, Day, Option<u32>);

fn order(record: &Record) -> Order {
    (record.amount.currency(), record.amount.minor_units(), record.day, record.line)
}

fn pair(ours: &Record, theirs: &Record) -> Pair {
    Pair { ours: ours.clone(), theirs: theirs.clone() }
}

type Left<'a> = (Vec<&'a Record>, Vec<&'a Record>);

/// Walks both sides in order of amount and day. Taking the earliest pair that fits leaves the most for the
/// others, so no other way of pairing matches more.
fn match_same<'a>(
    ours: &[&'a Record],
    theirs: &[&'a Record],
    tolerance_days: u32,
    matched: &mut Vec<Pair>,
) -> Left<'a> {
    let (mut ours_left, mut theirs_left) = (Vec::new(), Vec::new());
    let (mut ours, mut theirs) = (ours.iter().copied().peekable(), theirs.iter().copied().peekable());
    while let (Some(&our), Some(&their)) = (ours.peek(), theirs.peek()) {
        let same = our.amount == their.amount;
        if same && our.day.distance(their.day) <= tolerance_days {
            matched.push(pair(our, their));
            ours.next();
            theirs.next();
        } else if order(our) < order(their) {
            ours_left.push(our);
            ours.next();
        } else {
            theirs_left.push(their);
            theirs.next();
        }
    }
    ours_left.extend(ours);
    theirs_left.extend(theirs);
    (ours_left, theirs_left)
}

/// Pairs what is left of one reference: first equal amounts, then equal currencies, then anything.
fn pair_differing<'a>(
    ours: &[&'a Record],
    theirs: &[&'a Record],
    differs: &mut Vec<(Pair, Difference)>,
) -> Left<'a> {
    let mut left = (ours.to_vec(), theirs.to_vec());
    for difference in [Difference::Day, Difference::Amount, Difference::Currency] {
        let key = |record: &Record| match difference {
            Difference::Day => (Some(record.amount.currency()), Some(record.amount.minor_units())),
            Difference::Amount => (Some(record.amount.currency()), None),
            Difference::Currency => (None, None),
        };
        let (mut ours_left, mut theirs_left) = (Vec::new(), Vec::new());
        let (mut ours, mut theirs) = (left.0.into_iter().peekable(), left.1.into_iter().peekable());
        while let (Some(&our), Some(&their)) = (ours.peek(), theirs.peek()) {
            match key(our).cmp(&key(their)) {
                std::cmp::Ordering::Equal => {
                    differs.push((pair(our, their), difference));
                    ours.next();
                    theirs.next();
                }
                std::cmp::Ordering::Less => ours_left.extend(ours.next()),
                std::cmp::Ordering::Greater => theirs_left.extend(theirs.next()),
            }
        }
        ours_left.extend(ours);
        theirs_left.extend(theirs);
        left = (ours_left, theirs_left);
    }
    left
}

impl Reconciliation {
    /// Whether everything matched.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.differs.is_empty() && self.missing_here.is_empty() && self.missing_there.is_empty()
    }

    /// The sum of our records and of theirs in each currency, by its code.
    #[must_use]
    pub fn totals(&self) -> Vec<(Total, Total)> {
        let mut sides: BTreeMap<Currency, (Vec<Money>, Vec<Money>)> = BTreeMap::new();
        for record in self.ours() {
            sides.entry(record.amount.currency()).or_default().0.push(record.amount);
        }
        for record in self.theirs() {
            sides.entry(record.amount.currency()).or_default().1.push(record.amount);
        }
        sides
            .into_iter()
            .map(|(currency, (ours, theirs))| (Total::of(currency, ours), Total::of(currency, theirs)))
            .collect()
    }

    fn ours(&self) -> impl Iterator<Item = &Record> {
        let pairs = self.matched.iter().chain(self.differs.iter().map(|(pair, _)| pair));
        pairs.map(|pair| &pair.ours).chain(&self.missing_there)
    }

    fn theirs(&self) -> impl Iterator<Item = &Record> {
        let pairs = self.matched.iter().chain(self.differs.iter().map(|(pair, _)| pair));
        pairs.map(|pair| &pair.theirs).chain(&self.missing_here)
    }
}
