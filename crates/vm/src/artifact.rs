//! Compiled apps, kept between runs of the program.
//!
//! Compiling takes a fifth of a second; loading what was compiled takes microseconds. But compiled code is native
//! code: loading bytes that somebody else made would run them. So an artifact carries an HMAC-SHA-256 (RFC 2104)
//! under a key that only this server has, over the engine's compatibility hash, the bundle's digest and the code.
//!
//! ```text
//! magic 8 bytes "TNPYART\x01", MAC 32 bytes, compiled component
//! ```

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use crate::VerifiedBundle;
use crate::engine::{App, Engine, LoadError};

/// The first bytes of every artifact.
const MAGIC: &[u8; 8] = b"TNPYART\x01";
/// What keeps this MAC from being one over anything else.
const TAG: &[u8] = b"thinpay compiled app v1";

/// The server's secret for its own artifacts. Whoever has it can run native code in the server.
pub struct ArtifactKey([u8; 32]);

impl ArtifactKey {
    /// From 32 random bytes that never leave the server.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for ArtifactKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ArtifactKey(secret)")
    }
}

impl Drop for ArtifactKey {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

/// Why an artifact was not loaded. The remedy is always the same: compile the bundle anew and replace the file.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The file is damaged, of another server, another bundle or another version of the engine.
    #[error("the compiled app is not one that this server made from this bundle with this engine")]
    Foreign,
    /// The engine does not take what it made itself.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl App {
    /// The compiled app, for the server's cache.
    ///
    /// # Errors
    /// [`LoadError`] when the engine cannot serialise it.
    pub fn artifact(&self, engine: &Engine, key: &ArtifactKey) -> Result<Vec<u8>, LoadError> {
        let code = self.component().serialize().map_err(|error| LoadError::engine(&error))?;
        let tag = mac(engine, &self.digest(), &code, key).finalize().into_bytes();
        Ok([MAGIC.as_slice(), &tag, &code].concat())
    }
}

impl Engine {
    /// Loads an app from what [`App::artifact`] gave for the same bundle.
    ///
    /// # Errors
    /// [`ArtifactError`]: use [`Engine::load`] instead.
    pub fn load_artifact(
        &self,
        bundle: &VerifiedBundle,
        artifact: &[u8],
        key: &ArtifactKey,
    ) -> Result<Arc<App>, ArtifactError> {
        let rest = artifact.strip_prefix(MAGIC).ok_or(ArtifactError::Foreign)?;
        let (tag, code) = rest.split_first_chunk::<32>().ok_or(ArtifactError::Foreign)?;
        mac(self, &bundle.digest, code, key).verify_slice(tag).map_err(|_| ArtifactError::Foreign)?;
        // SAFETY: `deserialize` runs whatever code it is given, so the bytes have to be ones that this engine
        // serialised. The MAC just verified over exactly these bytes, under a key that only this server has and uses
        // for nothing else than `App::artifact` (the tag sees to that), and over the compatibility hash of this
        // engine's version and settings. The bytes are in memory, so they cannot change after the check.
        let component = unsafe { Component::deserialize(self.wasmtime(), code) };
        let component = component.map_err(|error| LoadError::engine(&error))?;
        Ok(self.app(bundle, component)?)
    }
}

fn mac(engine: &Engine, bundle: &[u8; 32], code: &[u8], key: &ArtifactKey) -> Hmac<Sha256> {
    // HMAC takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).expect("any length is a key");
    mac.update(TAG);
    mac.update(&compatibility(engine));
    mac.update(bundle);
    mac.update(code);
    mac
}

/// The engine's version and settings, as a digest that is the same in every run.
fn compatibility(engine: &Engine) -> [u8; 32] {
    struct Sink(Sha256);
    impl Hasher for Sink {
        fn finish(&self) -> u64 {
            0
        }
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
    }
    let mut sink = Sink(Sha256::new());
    engine.wasmtime().precompile_compatibility_hash().hash(&mut sink);
    sink.0.finalize().into()
}
