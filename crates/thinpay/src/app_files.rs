//! Published apps on disk: bundles, the publishers that were approved, and compiled code.
//!
//! ```text
//! apps/publishers/NAME       the publisher's public key, hex
//! apps/artifact.key          this server's secret for its own compiled code
//! apps/ID/VERSION.bundle     as the publisher signed it
//! apps/ID/VERSION.compiled   made here; may be deleted at any time
//! apps/ID/current            the version that new sessions get
//! ```

use std::collections::HashSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use platform::Registry;
use rand_core::RngCore as _;
use serde_json::{Value, json};
use tracing::{info, warn};
use vm::{
    App, Approval, ArtifactKey, Bundle, CommandName, Engine, Limits, Manifest, VerifiedBundle, VerifyingKey,
};

use crate::clock;

/// The folder of approved publishers, among those of the apps.
const PUBLISHERS: &str = "publishers";
/// The largest bundle read from disk, in bytes.
const BUNDLE_BYTES_MAX: u64 = 48 * 1024 * 1024;

/// The published apps.
#[derive(Debug)]
pub(crate) struct AppFiles {
    folder: PathBuf,
    engine: Engine,
    registry: Registry,
    key: ArtifactKey,
}

impl AppFiles {
    /// Opens the folder and serves the current version of each app in it.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder.join(PUBLISHERS))
            .with_context(|| format!("Cannot make the folder {}.", folder.display()))?;
        let engine = Engine::new(Limits::default()).context("Apps cannot be run on this machine.")?;
        let key = artifact_key(&folder.join("artifact.key"))?;
        let files = Self { folder: folder.to_owned(), engine, registry: Registry::default(), key };
        for id in files.ids()? {
            if let Err(error) = files.serve_current(&id) {
                // One broken app keeps nobody from the others.
                warn!("the app {id} is not served: {error:#}");
            }
        }
        Ok(files)
    }

    /// Compiles and runs apps.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The apps that are served.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Lets a publisher's apps be published here.
    pub(crate) fn approve(&self, name: &str, public_key: &str) -> Result<Value> {
        if name.is_empty()
            || name.len() > 64
            || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            bail!("A publisher's name has 1 to 64 letters, digits and hyphens.");
        }
        parse_key(public_key)?;
        write_whole(&self.folder.join(PUBLISHERS).join(name), public_key.as_bytes())?;
        info!("publisher {name} was approved");
        Ok(json!({ "publisher": name, "public_key": public_key }))
    }

    /// Checks a bundle (in base64) and serves its app to new sessions.
    pub(crate) fn publish(&self, bundle: &str) -> Result<Value> {
        let bytes = BASE64.decode(bundle).context("The bundle did not arrive whole.")?;
        let verified = self.verify(&bytes)?;
        let manifest = verified.manifest();
        let (id, version) = (manifest.id.clone(), version(manifest));
        if id == PUBLISHERS {
            bail!("An app cannot be called {PUBLISHERS:?}; give it another identifier.");
        }
        if let Some(served) = self.registry.app(&id) {
            let owner = &served.manifest().publisher;
            if *owner != manifest.publisher {
                bail!("The app {id} belongs to the publisher {owner}; another one cannot replace it.");
            }
        }
        let folder = self.folder.join(&id);
        let file = folder.join(format!("{version}.bundle"));
        if std::fs::read(&file).is_ok_and(|published| published != bytes) {
            bail!(
                "Version {version} of {id} is published already with other content; give the new one a new version."
            );
        }
        let newest = if folder.is_dir() { self.versions(&id)?.pop() } else { None };
        if newest.is_some_and(|newest| manifest.version < newest) {
            bail!(
                "A newer version of {id} than {version} was published. `thinpay app rollback {id}` goes back."
            );
        }
        let app = self.engine.load(&verified)?;
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("Cannot make the folder {}.", folder.display()))?;
        write_whole(&file, &bytes)?;
        self.keep_compiled(&app, &folder.join(format!("{version}.compiled")));
        write_whole(&folder.join("current"), version.as_bytes())?;
        info!("app {} is served", manifest.full_name());
        self.registry.serve(app);
        Ok(json!({ "app": id, "version": version, "publisher": manifest.publisher }))
    }

    /// Serves the version before the current one again.
    pub(crate) fn roll_back(&self, id: &str) -> Result<Value> {
        let current = self.current(id)?;
        let versions = self.versions(id)?;
        let Some(previous) = versions.iter().rev().find(|version| **version < parse_version(&current)) else {
            bail!("There is no version of {id} before {current}.");
        };
        let previous = previous.map(|part| part.to_string()).join(".");
        let app = self.load(id, &previous)?;
        write_whole(&self.folder.join(id).join("current"), previous.as_bytes())?;
        self.registry.serve(app);
        info!("app {id} is rolled back from {current} to {previous}");
        Ok(json!({ "app": id, "version": previous, "was": current }))
    }

    /// All apps with their versions.
    pub(crate) fn list(&self) -> Result<Value> {
        let mut apps = Vec::new();
        for id in self.ids()? {
            let versions: Vec<String> = self
                .versions(&id)?
                .into_iter()
                .map(|version| version.map(|part| part.to_string()).join("."))
                .collect();
            let served = self.registry.app(&id).map(|app| version(app.manifest()));
            apps.push(json!({ "app": id, "served": served, "versions": versions.join(" ") }));
        }
        Ok(json!({ "apps": apps }))
    }

    fn serve_current(&self, id: &str) -> Result<()> {
        let app = self.load(id, &self.current(id)?)?;
        self.registry.serve(app);
        Ok(())
    }

    fn load(&self, id: &str, version: &str) -> Result<Arc<App>> {
        let folder = self.folder.join(id);
        let verified = self.verify(&read_bundle(&folder.join(format!("{version}.bundle")))?)?;
        let compiled = folder.join(format!("{version}.compiled"));
        if let Ok(artifact) = std::fs::read(&compiled)
            && let Ok(app) = self.engine.load_artifact(&verified, &artifact, &self.key)
        {
            return Ok(app);
        }
        let app = self.engine.load(&verified)?;
        self.keep_compiled(&app, &compiled);
        Ok(app)
    }

    /// Only a cache: without it the app is compiled again at the next start.
    fn keep_compiled(&self, app: &App, file: &Path) {
        let kept = app.artifact(&self.engine, &self.key).map_err(anyhow::Error::from);
        if let Err(error) = kept.and_then(|artifact| write_whole(file, &artifact)) {
            warn!("compiled code was not kept: {error:#}");
        }
    }

    fn verify(&self, bytes: &[u8]) -> Result<VerifiedBundle> {
        let bundle = Bundle::parse(bytes)?;
        let publisher = bundle.manifest().publisher.clone();
        let key = std::fs::read_to_string(self.folder.join(PUBLISHERS).join(&publisher)).map_err(|_| {
            anyhow!("The publisher {publisher} is not approved here. `thinpay app approve` does that.")
        })?;
        let approval = Approval { publisher, key: parse_key(&key)?, commands: CommandName::all() };
        Ok(bundle.verify(&approval)?)
    }

    fn current(&self, id: &str) -> Result<String> {
        std::fs::read_to_string(self.folder.join(id).join("current"))
            .with_context(|| format!("No app with the identifier {id} is published."))
    }

    fn ids(&self) -> Result<Vec<String>> {
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.path().join("current").is_file()
                && let Ok(id) = entry.file_name().into_string()
            {
                ids.push(id);
            }
        }
        ids.sort();
        Ok(ids)
    }

    fn versions(&self, id: &str) -> Result<Vec<[u32; 3]>> {
        let mut versions = Vec::new();
        for entry in std::fs::read_dir(self.folder.join(id))? {
            let name = entry?.file_name();
            if let Some(version) = name.to_str().and_then(|name| name.strip_suffix(".bundle")) {
                versions.push(parse_version(version));
            }
        }
        versions.sort_unstable();
        Ok(versions)
    }
}

fn version(manifest: &Manifest) -> String {
    manifest.version.map(|part| part.to_string()).join(".")
}

fn parse_version(text: &str) -> [u32; 3] {
    let mut parts = text.trim().split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

/// A publisher's public key: an uncompressed or compressed P-256 point, in hex.
fn parse_key(hex: &str) -> Result<VerifyingKey> {
    let wrong = "A publisher's public key is a P-256 point in hex, as `thinpay app publisher-key` prints it.";
    let hex = hex.trim();
    let digits: HashSet<char> = "0123456789abcdefABCDEF".chars().collect();
    if !hex.len().is_multiple_of(2) || hex.len() > 130 || !hex.chars().all(|digit| digits.contains(&digit)) {
        bail!(wrong);
    }
    let nibbles: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let bytes: Vec<u8> = nibbles
        .chunks_exact(2)
        .filter_map(|pair| u8::try_from(pair.iter().fold(0, |byte, nibble| byte * 16 + nibble)).ok())
        .collect();
    VerifyingKey::from_sec1_bytes(&bytes).map_err(|_| anyhow!(wrong))
}

fn artifact_key(file: &Path) -> Result<ArtifactKey> {
    let mut key = [0; 32];
    match std::fs::read(file) {
        Ok(kept) if kept.len() == key.len() => key.copy_from_slice(&kept),
        // A new key only means that apps are compiled again.
        _ => {
            clock::random().fill_bytes(&mut key);
            write_whole(file, &key)?;
        }
    }
    Ok(ArtifactKey::new(key))
}

/// Reads a bundle of a bounded size.
pub(crate) fn read_bundle(file: &Path) -> Result<Vec<u8>> {
    let cannot = || format!("Cannot read the bundle {}.", file.display());
    if std::fs::metadata(file).with_context(cannot)?.len() > BUNDLE_BYTES_MAX {
        bail!("{} is larger than {BUNDLE_BYTES_MAX} bytes; it is no app's bundle.", file.display());
    }
    std::fs::read(file).with_context(cannot)
}

/// Writes a file that is, at every moment, whole: beside its place first, then renamed into it.
fn write_whole(file: &Path, bytes: &[u8]) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let beside = file.with_extension("new");
    let write = || {
        let mut out =
            std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        out.write_all(bytes)?;
        out.sync_all()?;
        std::fs::rename(&beside, file)?;
        // The name is on disk once its folder is.
        file.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
    };
    write().with_context(|| format!("Cannot write {}.", file.display()))
}
