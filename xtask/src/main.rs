//! Build, demo, test and check: what a developer and CI run.

fn main() {}
