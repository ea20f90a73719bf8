//! `cargo xtask screens` and `cargo xtask garble`: the pictures in `docs/`, made by the real programs.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use system_tests::noise::Picture;
use system_tests::{ALICE, BO, Interceptor, Operator, Person, Programs, Server, Site, scripts};

use crate::build;
use crate::cli::BuildOptions;
use crate::command::{self, cargo_command};
use crate::packages;
use crate::progress::{Progress, say};
use crate::workspace::Workspace;

/// Whose payment is shown on which hardware.
const SCREENS: &[(&Person, &str)] =
    &[(&ALICE, "phone-480x800"), (&BO, "phone-480x800"), (&BO, "phone-240x320"), (&ALICE, "tty-80x24")];
/// The steps of it that are shown.
const STEPS: &[&str] = &["home", "confirmation", "receipt"];
/// How large each viewer's screen is in the picture of the garble.
const PANEL: (usize, usize) = (210, 350);

/// A built, seeded and served site, gone when dropped.
struct Stage {
    server: Server,
    site: Site,
    folder: tempfile::TempDir,
}

fn stage(workspace: &Workspace, progress: &mut Progress) -> Result<Stage> {
    progress.stage("packages", packages::install_missing)?;
    let built = build::run(workspace, progress, BuildOptions::default())?;
    let programs = Programs::in_folder(&built.programs)?;
    let folder = tempfile::Builder::new().prefix("thinpay-pictures-").tempdir().context("making a folder")?;
    let site =
        progress.stage("an operator's site", || Site::create(Operator::new(programs, folder.path())))?;
    let server = progress.stage("the server", || site.serve())?;
    Ok(Stage { server, site, folder })
}

pub(crate) fn screens(workspace: &Workspace, progress: &mut Progress) -> Result<()> {
    let Stage { server, site, folder: _folder } = stage(workspace, progress)?;
    let out = workspace.root.join("docs/screens");
    std::fs::create_dir_all(&out)?;
    for (person, profile) in SCREENS {
        progress.stage(&format!("{} on {profile}", person.account), || {
            let device = site.enrol(person, profile)?;
            let outcome = device.run(&server.address, &scripts::payment("23.50"))?.expect_success()?;
            for step in STEPS {
                let name = format!("payment-{profile}-{}-{step}", person.language);
                let text = outcome.file(&format!("{step}.txt"));
                if text.exists() {
                    std::fs::copy(text, out.join(format!("{name}.txt")))?;
                } else {
                    Picture::read(&outcome.file(&format!("{step}.png")))?
                        .write(&out.join(format!("{name}.png")))?;
                }
            }
            Ok(())
        })?;
    }
    progress.stage("the gallery of every kind of view", || {
        let folder = out.to_string_lossy().into_owned();
        command::run(&mut cargo_command(
            workspace,
            &[
                "run",
                "--quiet",
                "--package",
                "view",
                "--example",
                "gallery",
                "--",
                "--documentation",
                &folder,
            ],
        ))
    })?;
    say(&format!("the screens are in {}: look at them", out.display()));
    Ok(())
}

pub(crate) fn garble(workspace: &Workspace, progress: &mut Progress) -> Result<()> {
    let Stage { server, site, folder } = stage(workspace, progress)?;
    let genuine = site.enrol(&ALICE, "phone-480x800")?;
    let payment = scripts::payment("23.50");
    let noise = "wait 3s\nscreenshot noise\n";

    let seen = progress
        .stage("the genuine terminal", || genuine.run(&server.address, &payment)?.expect_success())?;
    let other_profile = progress.stage("another hardware profile", || {
        let device = genuine.with_other_model(&site)?.with_arguments(&["--ignore-tags"]);
        device.run(&server.address, noise)
    })?;
    let other_element = progress.stage("another secure element", || {
        let other = site.enrol(&ALICE, "phone-480x800")?;
        other.with_arguments(&["--ignore-tags", "--claim", &genuine.terminal]).run(&server.address, noise)
    })?;
    let recorded = progress.stage("a recorder that ends TLS", || {
        let record = folder.path().join("recorder");
        let interceptor = Interceptor::start(&site.operator.programs, &server, &record, None)?;
        let trust = interceptor.trust.to_string_lossy().into_owned();
        genuine.with_arguments(&["--trust", &trust]).run(&interceptor.address, &payment)?.expect_success()?;
        interceptor.finish()
    })?;

    let panels = [
        ("The enrolled terminal", "sees the receipt", seen.file("receipt.png")),
        (
            "Another hardware profile",
            "same account, password and secure element",
            other_profile.file("noise.png"),
        ),
        (
            "Another secure element",
            "same account, password and hardware profile",
            other_element.file("noise.png"),
        ),
        ("A recorder that ends TLS", "and has every byte of the payment", recorded.picture),
    ];
    for (name, _, picture) in panels.iter().skip(1) {
        let measured = Picture::read(picture)?.randomness();
        if !measured.is_noise() {
            bail!("{name}: {} is no noise: {measured:?}", picture.display());
        }
    }
    let out = workspace.root.join("docs/garble.png");
    progress.stage("the picture", || compose(&panels, folder.path(), &out))?;
    say(&format!("the picture is {}: look at it", out.display()));
    Ok(())
}

/// Sets the panels side by side with their captions: a page that Chromium draws.
fn compose(panels: &[(&str, &str, std::path::PathBuf)], folder: &Path, out: &Path) -> Result<()> {
    let (width, height) = PANEL;
    let figures: String = panels
        .iter()
        .map(|(title, note, picture)| {
            format!(
                "<figure><img src=\"file://{}\" width={width} height={height}><figcaption><b>{title}</b><br>{note}</figcaption></figure>",
                picture.display()
            )
        })
        .collect();
    let page = format!(
        "<!doctype html><meta charset=utf-8><style>\
         body{{margin:0;padding:20px;background:#f4f5f7;font:14px/1.35 'Noto Sans','DejaVu Sans',sans-serif;color:#1b1f24;\
         display:flex;gap:20px}}figure{{margin:0;width:{width}px}}\
         img{{border-radius:10px;box-shadow:0 1px 4px #0004;display:block}}\
         figure+figure img{{image-rendering:pixelated}}\
         figcaption{{margin-top:10px;text-align:center}}</style>{figures}"
    );
    let file = folder.join("garble.html");
    std::fs::write(&file, page)?;
    let size = format!("--window-size={},{}", panels.len() * (width + 20) + 20, height + 100);
    let drawn = folder.join("garble.png");
    command::run(
        Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"])
            .arg("--allow-file-access-from-files")
            .arg(format!("--user-data-dir={}", folder.join("chromium").display()))
            .arg(format!("--screenshot={}", drawn.display()))
            .arg(size)
            .arg(format!("file://{}", file.display()))
            // It complains about services of a desktop that nobody needs here.
            .stderr(Stdio::null()),
    )?;
    Picture::read(&drawn)?.write(out)
}
