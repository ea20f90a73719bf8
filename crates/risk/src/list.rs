//! Lists: payees, customers, terminals, merchants, regions and apps by name.

use crate::Payment;

/// What a list is a list of, which is also what a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// Accounts that are paid, by number.
    Payees,
    /// Accounts that pay, by number.
    Customers,
    /// Terminals, by name.
    Terminals,
    /// Holders of accounts that are paid, by name.
    Merchants,
    /// Regions, by ISO 3166 code. `CN` stands for its subdivisions (`CN-44`) too.
    Regions,
    /// Payment apps, by name.
    Apps,
}

impl ListKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Payees, Self::Customers, Self::Terminals, Self::Merchants, Self::Regions, Self::Apps];

    /// The word for it in rule files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Payees => "payees",
            Self::Customers => "customers",
            Self::Terminals => "terminals",
            Self::Merchants => "merchants",
            Self::Regions => "regions",
            Self::Apps => "apps",
        }
    }

    pub(crate) const fn is_accounts(self) -> bool {
        matches!(self, Self::Payees | Self::Customers)
    }
}

/// A list's entries, sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entries {
    Accounts(Box<[u64]>),
    Names(Box<[Box<str>]>),
}

impl Entries {
    /// Whether what the payment has of this kind is in the list.
    pub(crate) fn have(&self, kind: ListKind, payment: &Payment<'_>) -> bool {
        let name = match kind {
            ListKind::Payees => return self.have_account(payment.payee),
            ListKind::Customers => return self.have_account(payment.payer),
            ListKind::Terminals => payment.terminal,
            ListKind::Merchants => payment.payee_holder,
            ListKind::Apps => payment.app,
            ListKind::Regions => {
                let whole = payment.region.split_once('-').map_or("", |(country, _)| country);
                return self.have_name(payment.region) || self.have_name(whole);
            }
        };
        self.have_name(name)
    }

    fn have_account(&self, account: u64) -> bool {
        matches!(self, Self::Accounts(accounts) if accounts.binary_search(&account).is_ok())
    }

    fn have_name(&self, name: &str) -> bool {
        matches!(self, Self::Names(names) if names.binary_search_by(|entry| (**entry).cmp(name)).is_ok())
    }
}
