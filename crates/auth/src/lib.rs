//! The authentication centre: customers' contracts, enrolment, login, certificates.
