//! What the operator decides: fees, limits, cut-offs, calendars, participants; versioned, effective by date, approved by four eyes.
#![forbid(unsafe_code)]
