//! What the tests need from the system beside Rust: installed on Debian when root, named otherwise.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::command;

/// A thing the tests need: how to see that it is there, and the Debian package that brings it.
struct Need {
    package: &'static str,
    present: fn() -> bool,
    used_for: &'static str,
}

const NEEDS: &[Need] = &[
    Need { package: "chromium", present: || command::installed("chromium"), used_for: "the browser payment" },
    Need {
        package: "fonts-wqy-microhei",
        present: || chinese_font_is_there(),
        used_for: "screens in Chinese",
    },
    Need {
        package: "tigervnc-viewer",
        present: || command::installed("vncviewer") || command::installed("xtigervncviewer"),
        used_for: "the stock VNC viewer that must be refused",
    },
    Need {
        package: "xvfb",
        present: || command::installed("Xvfb"),
        used_for: "a screen for the stock VNC viewer",
    },
    Need {
        package: "postgresql",
        present: || postgresql_is_there(),
        used_for: "the books on PostgreSQL: tests start a private server",
    },
    Need { package: "nodejs", present: || command::installed("node"), used_for: "driving Chromium" },
    Need { package: "npm", present: || command::installed("npm"), used_for: "driving Chromium" },
];

/// Installs what is missing.
///
/// # Errors
/// When something is missing and this is not Debian, or not root: the sentence holds the command to run.
pub(crate) fn install_missing() -> Result<()> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !(need.present)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    if !command::installed("apt-get") || !is_root()? {
        let reasons: Vec<String> =
            missing.iter().map(|need| format!("  {}: {}", need.package, need.used_for)).collect();
        bail!(
            "the tests need packages that are not here:\n{}\nOn Debian: sudo apt-get install --yes --no-install-recommends {}",
            reasons.join("\n"),
            packages.join(" ")
        );
    }
    command::run(Command::new("apt-get").args(["update", "--quiet"]))?;
    let mut install = Command::new("apt-get");
    install
        .args(["install", "--yes", "--quiet", "--no-install-recommends"])
        .args(&packages)
        .env("DEBIAN_FRONTEND", "noninteractive");
    command::run(&mut install)
}

fn is_root() -> Result<bool> {
    Ok(command::output(Command::new("id").arg("-u"))?.trim() == "0")
}

/// The server's programs, which Debian keeps apart from those on the search path: a folder for each version.
fn postgresql_is_there() -> bool {
    std::fs::read_dir("/usr/lib/postgresql")
        .is_ok_and(|versions| versions.flatten().any(|version| version.path().join("bin/initdb").is_file()))
}

/// A Chinese font in one of the folders that Debian's packages put it.
pub(crate) fn chinese_font_is_there() -> bool {
    const FILES: &[&str] = &[
        "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
        "/usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf",
    ];
    FILES.iter().any(|file| Path::new(file).exists())
}
