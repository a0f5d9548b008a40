//! Where the key comes from: environment, command, keyring, file. Looked for when first needed.

mod command;
mod file;
mod keyring;
#[cfg(all(feature = "keyring", unix, not(target_os = "macos")))]
mod secret_tool;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use url::Url;

use crate::config::{Environment, KeyCommand, Settings};
use crate::llm::{Key, UnfitKey};

pub use file::KeyFile;
pub use keyring::Keyring;

/// Where a key was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Environment,
    Command,
    Keyring,
    File(PathBuf),
}

impl Source {
    /// One word for each, as reports have them.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Command => "command",
            Self::Keyring => "keyring",
            Self::File(_) => "file",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("the environment, XAI_API_KEY"),
            Self::Command => f.write_str("the setting `api_key_command`"),
            Self::Keyring => f.write_str("the system's keyring"),
            Self::File(path) => write!(f, "the file {}", path.display()),
        }
    }
}

/// A key, and where it was found.
#[derive(Clone, Debug)]
pub struct Found {
    pub key: Key,
    pub source: Source,
}

/// What a search came to.
#[derive(Clone, Debug, Default)]
pub struct Search {
    pub found: Option<Found>,
    /// Why the keyring was passed over, if it was there to ask, in words.
    pub passed_over: Option<String>,
}

/// What a search came to; an error, in words that say what to do, where a source that was chosen
/// fails: another key would be somebody else's bill.
pub type Outcome = Result<Search, String>;

/// The keys to one endpoint. Nothing is run, opened or asked before [`Keys::find`]; clones share
/// what was found.
#[derive(Clone)]
pub struct Keys(Arc<Sources>);

struct Sources {
    given: Option<Result<Key, UnfitKey>>,
    command: Option<KeyCommand>,
    /// Whose key it is: the host of `base_url`, so that no key that was stored goes to another.
    host: String,
    keyring: Keyring,
    file: Option<KeyFile>,
    search: Mutex<Option<Shared<BoxFuture<'static, Outcome>>>>,
}

/// Neither keys nor what might hold one is printed.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("host", &self.0.host)
            .finish_non_exhaustive()
    }
}

impl Keys {
    /// The keys by these settings; `folder` is where the file is, if there may be one.
    pub fn new(settings: &Settings, environment: &Environment, folder: Option<PathBuf>) -> Self {
        let url = Url::parse(&settings.base_url).ok();
        let host = url.and_then(|url| url.host_str().map(str::to_owned));
        Self::with(
            environment.key().cloned(),
            settings.api_key_command.clone(),
            host.unwrap_or_default(),
            Keyring::of_system(environment),
            folder.map(KeyFile::in_folder),
        )
    }

    fn with(
        given: Option<Result<Key, UnfitKey>>,
        command: Option<KeyCommand>,
        host: String,
        keyring: Keyring,
        file: Option<KeyFile>,
    ) -> Self {
        // An empty variable is how a shell unsets one for a single command.
        let given = given.filter(|given| !matches!(given, Err(UnfitKey::Empty)));
        Self(Arc::new(Sources {
            given,
            command,
            host,
            keyring,
            file,
            search: Mutex::default(),
        }))
    }

    /// What `other` found, if it looks in the same places.
    #[must_use]
    pub fn sharing(self, other: &Self) -> Self {
        let (new, old) = (&self.0, &other.0);
        let same = new.command == old.command && new.host == old.host;
        if same { other.clone() } else { self }
    }

    /// A key for which nothing is run and no person asked: what was found already, the environment's,
    /// or that of the file where no command is set. A search may come to another, from the keyring.
    pub async fn at_hand(&self) -> Option<Key> {
        let found = self.search().as_ref().and_then(|search| {
            let search = search.peek()?.as_ref().ok()?;
            search.found.as_ref().map(|found| found.key.clone())
        });
        match (&found, &self.0.given, &self.0.command) {
            (Some(_), ..) => return found,
            (None, Some(given), _) => return given.as_ref().ok().cloned(),
            (None, None, Some(_)) => return None,
            (None, None, None) => {}
        }
        let (file, host) = (self.0.file.clone()?, self.0.host.clone());
        let read = tokio::task::spawn_blocking(move || file.get(&host));
        read.await.ok()?.ok()?
    }

    /// The host that the keys are for.
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// The first key in the order of the sources. All who ask meanwhile share one search, and a
    /// key that was found is kept; where there was none the next call looks anew.
    pub async fn find(&self) -> Outcome {
        let search = {
            let mut search = self.search();
            let is_over = search.as_ref().is_none_or(|search| {
                let ended = search.peek();
                ended.is_some_and(|outcome| !matches!(outcome, Ok(Search { found: Some(_), .. })))
            });
            if is_over {
                *search = None;
            }
            search.get_or_insert_with(|| begin(self.0.clone())).clone()
        };
        search.await
    }

    /// Forgets a key that the API did not take, so that a new one is looked for.
    pub fn forget(&self, refused: &Key) {
        let mut search = self.search();
        let is_it = search
            .as_ref()
            .and_then(Shared::peek)
            .is_some_and(|outcome| {
                let found = outcome
                    .as_ref()
                    .ok()
                    .and_then(|search| search.found.as_ref());
                found.is_some_and(|found| found.key.expose() == refused.expose())
            });
        if is_it {
            *search = None;
        }
    }

    /// Keeps a key in the system's keyring, and none of this host in the file.
    ///
    /// # Errors
    /// In words, where there is no keyring, or it does not take it.
    pub async fn keep_in_keyring(&self, key: &Key) -> Result<(), String> {
        self.0.keyring.set(&self.0.host, key).await?;
        if let Some(file) = &self.0.file {
            file.remove(&self.0.host)?;
        }
        *self.search() = None;
        Ok(())
    }

    /// The file that a key would be kept in; `None` where no data folder is known.
    pub fn file(&self) -> Option<&KeyFile> {
        self.0.file.as_ref()
    }

    /// Keeps a key in the file. Waits for the disk.
    ///
    /// # Errors
    /// In words, where it cannot be written.
    pub fn keep_in_file(&self, key: &Key) -> Result<(), String> {
        let file = self.0.file.as_ref();
        let file = file.ok_or("no folder for Gloss's data: set GLOSS_DATA_DIR to one")?;
        file.keep(&self.0.host, key)?;
        *self.search() = None;
        Ok(())
    }

    /// Removes what was stored; where it was. What could not be asked is told beside it.
    pub async fn remove(&self) -> (Vec<Source>, Vec<String>) {
        let (mut removed, mut faults) = (Vec::new(), Vec::new());
        match self.0.keyring.remove(&self.0.host).await {
            Ok(true) => removed.push(Source::Keyring),
            Ok(false) => {}
            Err(fault) => faults.push(fault),
        }
        match self
            .0
            .file
            .as_ref()
            .map(|file| (file, file.remove(&self.0.host)))
        {
            Some((file, Ok(true))) => removed.push(Source::File(file.path().to_path_buf())),
            Some((_, Err(fault))) => faults.push(fault),
            Some((_, Ok(false))) | None => {}
        }
        *self.search() = None;
        (removed, faults)
    }

    fn search(&self) -> MutexGuard<'_, Option<Shared<BoxFuture<'static, Outcome>>>> {
        self.0.search.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A search that goes on when nobody waits for it any more: a command is run once.
fn begin(sources: Arc<Sources>) -> Shared<BoxFuture<'static, Outcome>> {
    let task = tokio::spawn(async move { search(&sources).await });
    let outcome = async {
        task.await
            .unwrap_or_else(|_| Err("Gloss made a mistake while it looked for the key".into()))
    };
    outcome.boxed().shared()
}

async fn search(sources: &Sources) -> Outcome {
    let found = |key: Key, source: Source| Search {
        found: Some(Found { key, source }),
        passed_over: None,
    };
    match &sources.given {
        Some(Ok(key)) => return Ok(found(key.clone(), Source::Environment)),
        Some(Err(fault)) => return Err(fault.to_string()),
        None => {}
    }
    if let Some(command) = &sources.command {
        let key = command::run(command, command::PATIENCE).await?;
        return Ok(found(key, Source::Command));
    }
    let passed_over = match sources.keyring.get(&sources.host).await {
        Ok(Some(key)) => return Ok(found(key, Source::Keyring)),
        Ok(None) => None,
        Err(why) => Some(why),
    };
    let Some(file) = sources.file.clone() else {
        return Ok(Search {
            found: None,
            passed_over,
        });
    };
    let source = Source::File(file.path().to_path_buf());
    let host = sources.host.clone();
    let read = tokio::task::spawn_blocking(move || file.get(&host)).await;
    let key = read.unwrap_or_else(|_| Ok(None))?;
    Ok(Search {
        found: key.map(|key| Found { key, source }),
        passed_over,
    })
}

#[cfg(test)]
mod tests;
