//! The system's keyring, asked on a thread of its own: one that is locked may wait for a person.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keyring_core::{CredentialStore, Entry, Error};
use tokio::sync::oneshot;

use crate::config::Environment;
use crate::llm::Key;

/// How long a keyring may take; it goes on asking the person for its password meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the entries of Gloss are called there; the user name is the host.
const SERVICE: &str = "gloss";

type Open = Arc<dyn Fn() -> Result<Arc<CredentialStore>, Error> + Send + Sync>;

/// A keyring, or none.
#[derive(Clone)]
pub struct Keyring {
    open: Option<Open>,
    patience: Duration,
    /// A question from before is still not answered.
    is_waiting: Arc<AtomicBool>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring(there: {})", self.open.is_some())
    }
}

impl Keyring {
    /// The one of this system, as far as the environment says that there is one. Asks nothing yet.
    pub fn of_system(environment: &Environment) -> Self {
        Self::opened_by(system(environment), PATIENCE)
    }

    fn opened_by(open: Option<Open>, patience: Duration) -> Self {
        Self {
            open,
            patience,
            is_waiting: Arc::default(),
        }
    }

    /// The key kept for `host`.
    ///
    /// # Errors
    /// In words, where a keyring that is there gives no answer in time, or none of use.
    pub(super) async fn get(&self, host: &str) -> Result<Option<Key>, String> {
        if self.open.is_none() {
            return Ok(None);
        }
        let found = self.ask(host, |entry| match entry.get_password() {
            Ok(text) => Ok(Some(secrecy::SecretString::from(text))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        });
        let Some(text) = found.await? else {
            return Ok(None);
        };
        let key = Key::new(secrecy::ExposeSecret::expose_secret(&text));
        key.map(Some)
            .map_err(|_| "the system's keyring holds no key under `gloss`".to_owned())
    }

    pub(super) async fn set(&self, host: &str, key: &Key) -> Result<(), String> {
        let key = key.clone();
        self.ask(host, move |entry| entry.set_password(key.expose()))
            .await
    }

    /// Whether there was one.
    pub(super) async fn remove(&self, host: &str) -> Result<bool, String> {
        if self.open.is_none() {
            return Ok(false);
        }
        let removed = self.ask(host, |entry| match entry.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(error) => Err(error),
        });
        removed.await
    }

    async fn ask<T: Send + 'static>(
        &self,
        host: &str,
        question: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, String> {
        let Some(open) = self.open.clone() else {
            return Err("there is no system's keyring here".into());
        };
        if self.is_waiting.swap(true, Ordering::SeqCst) {
            return Err("the system's keyring still does not answer: unlock it".into());
        }
        let (sender, answer) = oneshot::channel();
        let (host, is_waiting) = (host.to_owned(), self.is_waiting.clone());
        let asking = move || {
            let answer = open()
                .and_then(|store| store.build(SERVICE, &host, None))
                .and_then(|entry| question(&entry));
            is_waiting.store(false, Ordering::SeqCst);
            let _ = sender.send(answer);
        };
        let thread = std::thread::Builder::new().name("keyring".into());
        if thread.spawn(asking).is_err() {
            self.is_waiting.store(false, Ordering::SeqCst);
            return Err("the system's keyring cannot be asked: too many threads".into());
        }
        match tokio::time::timeout(self.patience, answer).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(error))) => Err(told(&error)),
            Ok(Err(_)) => {
                // Its thread panicked, and will not say so itself.
                self.is_waiting.store(false, Ordering::SeqCst);
                Err("the system's keyring failed".into())
            }
            Err(_) => Err(format!(
                "the system's keyring did not answer within {} s: unlock it",
                self.patience.as_secs()
            )),
        }
    }
}

/// Errors may hold what was found, so only some of their words are told.
fn told(error: &Error) -> String {
    let why = match error {
        Error::PlatformFailure(cause) | Error::NoStorageAccess(cause) => cause.to_string(),
        Error::Ambiguous(_) => "it holds several keys for this host: remove all but one".into(),
        Error::BadEncoding(_) => "what it holds is no text".into(),
        _ => "it gives no answer of use".into(),
    };
    let why: String = why.chars().take(200).collect();
    format!(
        "the system's keyring cannot be used ({})",
        crate::text::visible(&why)
    )
}

/// How the keyring is opened; `None` where there is none to open.
fn system(environment: &Environment) -> Option<Open> {
    // Without a session there is no bus, and looking for one could find another session's.
    let has_session = |name| environment.get(name).is_some_and(|value| !value.is_empty());
    let is_there = cfg!(not(all(unix, not(target_os = "macos"))))
        || has_session("DBUS_SESSION_BUS_ADDRESS")
        || has_session("XDG_RUNTIME_DIR");
    is_there.then(native).flatten()
}

#[cfg(feature = "keyring")]
#[allow(clippy::unnecessary_wraps, reason = "a build may be without any")]
fn native() -> Option<Open> {
    #[cfg(all(unix, not(target_os = "macos")))]
    use super::secret_tool::Store;
    #[cfg(target_os = "macos")]
    use apple_native_keyring_store::keychain::Store;
    #[cfg(windows)]
    use windows_native_keyring_store::Store;

    Some(Arc::new(|| Ok(Store::new()? as Arc<CredentialStore>)))
}

#[cfg(not(feature = "keyring"))]
fn native() -> Option<Open> {
    None
}

#[cfg(test)]
impl Keyring {
    pub(super) fn none() -> Self {
        Self::opened_by(None, PATIENCE)
    }

    /// One in memory, by the crate's own mock.
    pub(super) fn in_memory() -> Self {
        let store: Arc<CredentialStore> = keyring_core::mock::Store::new().unwrap();
        Self::opened_by(Some(Arc::new(move || Ok(store.clone()))), PATIENCE)
    }

    /// One that is locked until the other end of `gate` is gone.
    pub(super) fn locked(gate: std::sync::mpsc::Receiver<()>, patience: Duration) -> Self {
        let gate = std::sync::Mutex::new(gate);
        let store: Arc<CredentialStore> = keyring_core::mock::Store::new().unwrap();
        let open: Open = Arc::new(move || {
            let _ = gate.lock().unwrap().recv();
            Ok(store.clone())
        });
        Self::opened_by(Some(open), patience)
    }

    pub(super) fn broken() -> Self {
        Self::opened_by(Some(Arc::new(|| Err(Error::NoDefaultStore))), PATIENCE)
    }
}
