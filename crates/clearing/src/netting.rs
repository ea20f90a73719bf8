//! Multilateral netting: few payments that bring every net position to zero.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};

/// One payment of the result: who pays, who is paid, how many minor units.
pub(crate) type Payment<'a, P> = (&'a P, &'a P, u64);

/// Net debtors or net creditors, the largest last; of equal amounts, the participant that comes first last.
type Side<'a, P> = BTreeSet<(u64, Reverse<&'a P>)>;

/// Payments that settle these nets (credit less debit; they sum to zero) exactly: net debtors pay net
/// creditors, and there are at most one less than participants with a net. First those are paired whose amounts
/// are equal, then the largest pays the largest, so that few payments and large ones come out. Among equal
/// amounts the participant that comes first goes first, so the result is the same on every run.
///
/// Fewest possible payments would need a search that grows exponentially; this grows with n log n.
pub(crate) fn settle<P: Ord>(nets: &BTreeMap<P, i64>) -> Vec<Payment<'_, P>> {
    let side = |sign: i64| -> Side<'_, P> {
        nets.iter()
            .filter(|(_, net)| net.signum() == sign)
            .map(|(participant, net)| (net.unsigned_abs(), Reverse(participant)))
            .collect()
    };
    let (mut debtors, mut creditors) = (side(-1), side(1));
    let mut payments = pair_equals(&mut debtors, &mut creditors);
    while let (Some((owes, debtor)), Some((owed, creditor))) = (debtors.pop_last(), creditors.pop_last()) {
        let amount = owes.min(owed);
        payments.push((debtor.0, creditor.0, amount));
        if owes > amount {
            debtors.insert((owes.saturating_sub(amount), debtor));
        }
        if owed > amount {
            creditors.insert((owed.saturating_sub(amount), creditor));
        }
    }
    payments
}

/// Takes out, as payments, debtors and creditors that settle each other with nothing left.
fn pair_equals<'a, P: Ord>(debtors: &mut Side<'a, P>, creditors: &mut Side<'a, P>) -> Vec<Payment<'a, P>> {
    let mut payments = Vec::new();
    {
        let (mut left, mut right) = (debtors.iter().rev().peekable(), creditors.iter().rev().peekable());
        while let (Some((owes, debtor)), Some((owed, creditor))) = (left.peek(), right.peek()) {
            match owes.cmp(owed) {
                Ordering::Greater => drop(left.next()),
                Ordering::Less => drop(right.next()),
                Ordering::Equal => {
                    payments.push((debtor.0, creditor.0, *owes));
                    left.next();
                    right.next();
                }
            }
        }
    }
    for (debtor, creditor, amount) in &payments {
        debtors.remove(&(*amount, Reverse(*debtor)));
        creditors.remove(&(*amount, Reverse(*creditor)));
    }
    payments
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(nets: &[(&str, i64)], expect: &[(&str, &str, u64)]) {
        let nets: BTreeMap<&str, i64> = nets.iter().copied().collect();
        let payments: Vec<(&str, &str, u64)> = settle(&nets)
            .into_iter()
            .map(|(debtor, creditor, amount)| (*debtor, *creditor, amount))
            .collect();
        assert_eq!(payments, expect);
    }

    #[test]
    fn equal_amounts_settle_each_other_first() {
        check(&[], &[]);
        check(&[("a", 0)], &[]);
        check(&[("a", -5), ("b", 5)], &[("a", "b", 5)]);
        check(&[("a", -5), ("b", -7), ("c", 7), ("d", 5)], &[("b", "c", 7), ("a", "d", 5)]);
        check(&[("a", -5), ("b", -5), ("c", 5), ("d", 5)], &[("a", "c", 5), ("b", "d", 5)]);
        check(&[("a", -10), ("b", -1), ("c", 6), ("d", 5)], &[("a", "c", 6), ("a", "d", 4), ("b", "d", 1)]);
    }

    proptest! {
        #[test]
        fn every_net_is_settled_exactly(amounts in proptest::collection::vec(-20_i64..20, 1..40), large: bool) {
            let scale = if large { 1_000_000_000_000_000 } else { 1 };
            let mut nets: BTreeMap<usize, i64> = amounts.iter().map(|amount| amount * scale).enumerate().collect();
            let rest: i64 = nets.values().sum();
            nets.insert(amounts.len(), -rest);
            let payments = settle(&nets);
            let involved = nets.values().filter(|net| **net != 0).count();
            prop_assert!(payments.len() <= involved.saturating_sub(1));
            let mut left = nets.clone();
            for (debtor, creditor, amount) in payments {
                prop_assert!(amount > 0 && debtor != creditor);
                prop_assert!(nets[debtor] < 0 && nets[creditor] > 0, "debtors only pay, creditors are only paid");
                *left.get_mut(debtor).expect("known") += i64::try_from(amount).expect("fits");
                *left.get_mut(creditor).expect("known") -= i64::try_from(amount).expect("fits");
            }
            prop_assert!(left.values().all(|net| *net == 0));
        }
    }
}
