//! Writes sample pages of every report into a folder, to be looked at in a browser:
//! `cargo run -p reports --example pages -- target/pages`.
#![allow(clippy::disallowed_methods, reason = "a program, not the pure crate: it writes files")]

#[path = "../tests/support/mod.rs"]
mod support;

use reports::{Language, reconcile};
use support::record;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::path::PathBuf::from(std::env::args().nth(1).ok_or("name a folder to write into")?);
    std::fs::create_dir_all(&folder)?;
    for (language, tag) in [(Language::English, "en"), (Language::Chinese, "zh")] {
        let ours = [
            record("7K1-M00-QXC", 2350, "2026-11-22", None),
            record("7K2-M00-QXC", 128_800, "2026-11-22", None),
            record("7K3-M00-QXC", 500, "2026-11-23", None),
            record("7K4-M00-QXC", -99, "2026-11-20", None),
        ];
        let theirs = [
            record("7K1-M00-QXC", 2350, "2026-11-23", Some(2)),
            record("7K2-M00-QXC", 128_700, "2026-11-23", Some(3)),
            record("7K4-M00-QXC", -99, "2026-11-28", Some(4)),
            record("", 12, "2026-11-23", Some(5)),
        ];
        let source = "bank-2026-11-23.csv";
        let pages = [
            ("customer", support::customer(language).html()?),
            ("merchant", support::merchant(language).html()?),
            ("empty", support::empty(language).html()?),
            ("overdrawn", support::overdrawn(language).html()?),
            ("trial-balance", support::trial_balance(language, false).html()?),
            ("trial-balance-broken", support::trial_balance(language, true).html()?),
            ("day-end", support::day_end(language, false).html()?),
            ("day-end-broken", support::day_end(language, true).html()?),
            ("reconciliation", reconcile(&ours, &theirs, 2)?.html(&support::letterhead(language), source)?),
        ];
        for (name, page) in pages {
            std::fs::write(folder.join(format!("{name}-{tag}.html")), page)?;
        }
    }
    Ok(())
}
