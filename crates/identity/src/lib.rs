//! Who a terminal and its user are: login, the enrolment bundle, the signed statement.
