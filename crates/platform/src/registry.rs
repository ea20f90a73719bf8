//! Which payment apps are served, and in which version (R6, R28).
//!
//! A new version serves new sessions at once; a session that runs keeps the version it began with, by
//! holding it.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use thiserror::Error;
use vm::App;

/// The apps that are served. Cloned handles share it.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    current: Arc<RwLock<BTreeMap<String, Arc<App>>>>,
}

/// Why an app cannot be served.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RegistryError {
    /// There is no such app.
    #[error("No app with the identifier {0:?} is published. `thinpay app list` shows those that are.")]
    Unknown(String),
}

impl Registry {
    /// Serves this version of the app to new sessions from now on.
    pub fn serve(&self, app: Arc<App>) {
        let id = app.manifest().id.to_string();
        self.write().insert(id, app);
    }

    /// Serves the app no longer; sessions that run it go on.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`] when it was not served.
    pub fn withdraw(&self, id: &str) -> Result<(), RegistryError> {
        self.write().remove(id).map(drop).ok_or_else(|| RegistryError::Unknown(id.to_owned()))
    }

    /// The version of the app that new sessions get.
    #[must_use]
    pub fn app(&self, id: &str) -> Option<Arc<App>> {
        self.read().get(id).cloned()
    }

    /// All served apps, by identifier.
    #[must_use]
    pub fn apps(&self) -> Vec<Arc<App>> {
        self.read().values().cloned().collect()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Arc<App>>> {
        // Nothing in here panics while holding the lock, and the map is whole at every point.
        self.current.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<String, Arc<App>>> {
        self.current.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
