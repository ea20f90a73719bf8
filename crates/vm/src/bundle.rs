//! An app as one signed file.
//!
//! ```text
//! magic      8 bytes   "TNPYAPP" and the version of this form, 1
//! length     4 bytes   of the manifest, big-endian, at most 16 KiB
//! manifest             TOML in UTF-8
//! length     4 bytes   of the component, big-endian, at most 8 MiB
//! component            a WebAssembly component of the contract thinpay:app
//! signature 64 bytes   ECDSA (FIPS 186-5) with P-256 and SHA-256, r and s big-endian, over the tag
//!                      "thinpay app bundle v1" and everything before the signature
//! ```
//! A bundle's digest is the SHA-256 of what is signed, so it does not depend on the signature's form.

use std::collections::HashSet;

use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::manifest::{CommandName, MANIFEST_BYTES_MAX, Manifest, ManifestError};

/// The first bytes of every bundle: its name, and the version of its form.
const MAGIC: &[u8; 8] = b"TNPYAPP\x01";
/// The largest component, in bytes. An app in Rust takes tens of kilobytes, one in JavaScript with its engine 1.6 MB.
const COMPONENT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// A signature's length in bytes: r and s.
const SIGNATURE_BYTES: usize = 64;
/// What keeps a signature over a bundle from being one over anything else.
const SIGNED_TAG: &[u8] = b"thinpay app bundle v1";

/// Why a bundle is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Not a bundle, or one of a later form.
    #[error("this is not an app bundle of version 1")]
    NotABundle,
    /// Bytes are missing, or too many.
    #[error("the bundle does not end where it says")]
    Length,
    /// The component is too large.
    #[error("the bundle's component has {0} bytes, at most {COMPONENT_BYTES_MAX} are allowed")]
    TooLarge(usize),
    /// The manifest cannot be taken.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The signature is not the publisher's over this content.
    #[error("the bundle is not signed by the publisher {0:?} with the key that the operator approved")]
    Signature(String),
    /// The bundle is another publisher's.
    #[error("the bundle says that it is by {found:?}; the operator approved {approved:?}")]
    OtherPublisher {
        /// Who the bundle says.
        found: String,
        /// Who is approved.
        approved: String,
    },
    /// The app wants a command that the operator did not approve.
    #[error("the app wants the command {0}, which the operator did not approve for its publisher")]
    NotApproved(CommandName),
}

/// What the operator approved: whose apps, and what they may ask for.
#[derive(Debug, Clone)]
pub struct Approval {
    /// The publisher's identifier.
    pub publisher: String,
    /// The publisher's key.
    pub key: VerifyingKey,
    /// The commands that its apps may use.
    pub commands: HashSet<CommandName>,
}

/// A bundle that is well-formed; nothing says yet that it can be trusted.
#[derive(Debug, Clone)]
pub struct Bundle {
    manifest: Manifest,
    component: Vec<u8>,
    signature: Signature,
    signed: Vec<u8>,
}

/// A bundle of an approved publisher that asks for approved commands only.
#[derive(Debug, Clone)]
pub struct VerifiedBundle {
    pub(crate) manifest: Manifest,
    pub(crate) component: Vec<u8>,
    pub(crate) digest: [u8; 32],
}

impl Bundle {
    /// Takes a bundle apart.
    ///
    /// # Errors
    /// [`BundleError`]; the publisher's or the transport's fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(BundleError::NotABundle)?;
        let (manifest, rest) = part(rest, MANIFEST_BYTES_MAX, |size| ManifestError::TooLong(size).into())?;
        let (component, rest) = part(rest, COMPONENT_BYTES_MAX, BundleError::TooLarge)?;
        if rest.len() != SIGNATURE_BYTES {
            return Err(BundleError::Length);
        }
        let manifest = std::str::from_utf8(manifest)
            .map_err(|_| ManifestError::Form("it is not in UTF-8".into()))
            .and_then(Manifest::from_toml)?;
        // Numbers out of range are no signature of anybody.
        let signature =
            Signature::from_slice(rest).map_err(|_| BundleError::Signature(manifest.publisher.clone()))?;
        let content = bytes.get(..bytes.len().saturating_sub(SIGNATURE_BYTES)).ok_or(BundleError::Length)?;
        let signed = [SIGNED_TAG, content].concat();
        Ok(Self { manifest, component: component.to_vec(), signature, signed })
    }

    /// What the app says about itself, not yet to be believed.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Checks publisher, signature and commands against what the operator approved.
    ///
    /// # Errors
    /// [`BundleError::OtherPublisher`], [`BundleError::Signature`], [`BundleError::NotApproved`].
    pub fn verify(self, approval: &Approval) -> Result<VerifiedBundle, BundleError> {
        if self.manifest.publisher != approval.publisher {
            return Err(BundleError::OtherPublisher {
                found: self.manifest.publisher,
                approved: approval.publisher.clone(),
            });
        }
        if approval.key.verify(&self.signed, &self.signature).is_err() {
            return Err(BundleError::Signature(self.manifest.publisher));
        }
        let refused = CommandName::ALL
            .into_iter()
            .find(|name| self.manifest.commands.contains(name) && !approval.commands.contains(name));
        if let Some(name) = refused {
            return Err(BundleError::NotApproved(name));
        }
        let digest = Sha256::digest(&self.signed).into();
        Ok(VerifiedBundle { manifest: self.manifest, component: self.component, digest })
    }

    /// Puts a bundle together and signs it: the publisher's side.
    ///
    /// # Errors
    /// [`BundleError::Manifest`] and [`BundleError::TooLarge`], as `parse` would later.
    pub fn pack(manifest: &str, component: &[u8], key: &SigningKey) -> Result<Vec<u8>, BundleError> {
        Manifest::from_toml(manifest)?;
        let length =
            |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| BundleError::TooLarge(bytes.len()));
        if component.len() > COMPONENT_BYTES_MAX {
            return Err(BundleError::TooLarge(component.len()));
        }
        let mut bundle = MAGIC.to_vec();
        for part in [manifest.as_bytes(), component] {
            bundle.extend_from_slice(&length(part)?.to_be_bytes());
            bundle.extend_from_slice(part);
        }
        let signature: Signature = key.sign(&[SIGNED_TAG, &bundle].concat());
        bundle.extend_from_slice(&signature.to_bytes());
        Ok(bundle)
    }
}

impl VerifiedBundle {
    /// What the app says about itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What names this very app: recordings and hibernated sessions refer to it.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

/// A length of four bytes and as many bytes after it.
fn part(
    bytes: &[u8],
    size_max: usize,
    too_large: impl Fn(usize) -> BundleError,
) -> Result<(&[u8], &[u8]), BundleError> {
    let (size, rest) = bytes.split_first_chunk::<4>().ok_or(BundleError::Length)?;
    let size = usize::try_from(u32::from_be_bytes(*size)).map_err(|_| BundleError::Length)?;
    if size > size_max {
        return Err(too_large(size));
    }
    rest.split_at_checked(size).ok_or(BundleError::Length)
}
