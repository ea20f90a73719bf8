//! The registry as bytes.

use ledger::Timestamp;
use serde::{Deserialize, Serialize};

use crate::registry::{Version, VersionState};
use crate::{Registry, RiskCheck, Section, VERSIONS_MAX};

/// Why bytes are no registry. The snapshot is damaged or of another version: replay the journal instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a registry of parameters ({0}): replay the journal instead")]
pub struct RegistryError(&'static str);

/// First byte of an encoded registry.
const REGISTRY_VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    text: &'a str,
    effective: Option<u64>,
    author: &'a str,
    note: &'a str,
    drafted_at: u64,
    approved: Option<(&'a str, u64)>,
    withdrawn: Option<(&'a str, u64)>,
}

impl Registry {
    /// All of it as bytes, for a snapshot. Equal registries are equal bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let keep = |version: &Version| -> Vec<u8> {
            let by = |name: &Option<String>, at: Option<Timestamp>| name.clone().zip(at.map(|at| at.0));
            let (approved, withdrawn) =
                (by(&version.approver, version.approved_at), by(&version.withdrawn_by, version.withdrawn_at));
            let kept = Kept {
                text: &version.text,
                effective: version.effective.map(|at| at.0),
                author: &version.author,
                note: &version.note,
                drafted_at: version.drafted_at.0,
                approved: approved.as_ref().map(|(name, at)| (name.as_str(), *at)),
                withdrawn: withdrawn.as_ref().map(|(name, at)| (name.as_str(), *at)),
            };
            postcard::to_allocvec(&kept).expect("plain values always encode")
        };
        let mut bytes = vec![REGISTRY_VERSION];
        for section in Section::ALL {
            let versions = self.versions(section);
            let count = u32::try_from(versions.len()).expect("versions are counted in 32 bits");
            bytes.extend_from_slice(&count.to_le_bytes());
            versions.iter().for_each(|version| bytes.extend(keep(version)));
        }
        bytes
    }

    /// Reads what [`Registry::encode`] wrote, and checks that every version still reads. It allocates no more
    /// than a small multiple of the bytes.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn decode(bytes: &[u8], risk_check: RiskCheck) -> Result<Self, RegistryError> {
        let mut rest = match bytes.split_first() {
            Some((&REGISTRY_VERSION, rest)) => rest,
            _ => return Err(RegistryError("the version is another")),
        };
        let mut registry = Self::new(risk_check);
        for section in Section::ALL {
            let (count, after) = rest.split_first_chunk::<4>().ok_or(RegistryError("it ends too early"))?;
            let count = u32::from_le_bytes(*count);
            rest = after;
            if usize::try_from(count).map_or(true, |count| count > VERSIONS_MAX) {
                return Err(RegistryError("a section has too many versions"));
            }
            for number in 1..=count {
                let (kept, after): (Kept<'_>, _) =
                    postcard::take_from_bytes(rest).map_err(|_| RegistryError("a value is impossible"))?;
                rest = after;
                let version = kept.version(number)?;
                if version.state != VersionState::Withdrawn
                    && registry.check_text(section, &version.text).is_err()
                {
                    return Err(RegistryError("a version does not read"));
                }
                registry.list(section).push(version);
            }
        }
        if !rest.is_empty() {
            return Err(RegistryError("it goes on after its end"));
        }
        Ok(registry)
    }
}

impl Kept<'_> {
    fn version(self, version: u32) -> Result<Version, RegistryError> {
        let state = match (self.approved, self.withdrawn) {
            (_, Some(_)) => VersionState::Withdrawn,
            (Some(_), None) => VersionState::Approved,
            (None, None) => VersionState::Draft,
        };
        if self.approved.is_some() && self.effective.is_none() {
            return Err(RegistryError("an approved version has no date"));
        }
        Ok(Version {
            version,
            text: self.text.to_owned(),
            effective: self.effective.map(Timestamp),
            author: self.author.to_owned(),
            note: self.note.to_owned(),
            drafted_at: Timestamp(self.drafted_at),
            approver: self.approved.map(|(name, _)| name.to_owned()),
            approved_at: self.approved.map(|(_, at)| Timestamp(at)),
            withdrawn_by: self.withdrawn.map(|(name, _)| name.to_owned()),
            withdrawn_at: self.withdrawn.map(|(_, at)| Timestamp(at)),
            state,
        })
    }
}
