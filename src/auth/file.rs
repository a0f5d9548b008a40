//! Keys in a file that only its owner can read, for machines without a keyring.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::llm::Key;

/// Its name is one that the setting `exclude` keeps from being sent.
const NAME: &str = "credentials.toml";

/// The most that is read, in bytes.
const LONGEST: u64 = 64 << 10;

/// A file of hosts and their keys, mode 0600, in a folder of mode 0700.
#[derive(Clone, Debug)]
pub struct KeyFile {
    path: PathBuf,
}

/// Hosts and their keys; not `Debug`.
type Table = BTreeMap<String, String>;

impl KeyFile {
    pub(super) fn in_folder(folder: PathBuf) -> Self {
        Self {
            path: folder.join(NAME),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key to `host`.
    ///
    /// # Errors
    /// Where the file cannot be read, or others may read it.
    pub(super) fn get(&self, host: &str) -> Result<Option<Key>, String> {
        let key = self.read()?.remove(host);
        let key = key.map(|key| Key::new(&key)).transpose();
        key.map_err(|_| self.fault("holds no key; run `gloss auth login`"))
    }

    pub(super) fn keep(&self, host: &str, key: &Key) -> Result<(), String> {
        let mut table = self.read()?;
        table.insert(host.to_owned(), key.expose().to_owned());
        self.write(&table)
    }

    /// Whether there was one.
    pub(super) fn remove(&self, host: &str) -> Result<bool, String> {
        let mut table = self.read()?;
        if table.remove(host).is_none() {
            return Ok(false);
        }
        if table.is_empty() {
            fs::remove_file(&self.path).map_err(|error| self.unwritable(&error))?;
        } else {
            self.write(&table)?;
        }
        Ok(true)
    }

    fn read(&self) -> Result<Table, String> {
        // A data folder that is not there or in trouble stops nothing.
        let Ok(about) = fs::metadata(&self.path) else {
            return Ok(Table::new());
        };
        if !about.is_file() || about.len() > LONGEST {
            return Err(self.fault("is no file of keys; remove it"));
        }
        #[cfg(unix)]
        if std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 != 0 {
            return Err(self.fault("can be read by others, so it is not used: chmod 600 it"));
        }
        let text = fs::read_to_string(&self.path)
            .map_err(|error| self.fault(&format!("cannot be read ({error})")))?;
        // Its errors quote what they stumble over.
        toml::from_str(&text)
            .map_err(|_| self.fault("cannot be understood; run `gloss auth login`"))
    }

    fn write(&self, table: &Table) -> Result<(), String> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let text = toml::to_string(table).map_err(|_| self.fault("cannot be written"))?;
        let written = builder.create(folder).and_then(|()| {
            #[cfg(unix)]
            fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
            // Mode 0600 from the start, and never half a file.
            let mut new = tempfile::NamedTempFile::new_in(folder)?;
            new.write_all(text.as_bytes())?;
            new.as_file().sync_all()?;
            new.persist(&self.path).map_err(|error| error.error)?;
            Ok(())
        });
        written.map_err(|error| self.unwritable(&error))
    }

    fn unwritable(&self, error: &std::io::Error) -> String {
        self.fault(&format!("cannot be written ({error})"))
    }

    fn fault(&self, what: &str) -> String {
        format!("{} {what}", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_for_its_host_and_for_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::in_folder(folder.path().join("data"));
        let key = |host: &str| file.get(host).unwrap().map(|key| key.expose().to_owned());
        assert_eq!(key("api.x.ai"), None);
        assert!(!file.remove("api.x.ai").unwrap());
        file.keep("api.x.ai", &Key::new("xai-a").unwrap()).unwrap();
        file.keep("127.0.0.1", &Key::new("b").unwrap()).unwrap();
        assert_eq!(key("api.x.ai").as_deref(), Some("xai-a"));
        assert_eq!(key("127.0.0.1").as_deref(), Some("b"));
        assert_eq!(key("us.api.x.ai"), None);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(file.path()), 0o600);
            assert_eq!(mode(file.path().parent().unwrap()), 0o700);
            fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
            let error = file.get("api.x.ai").unwrap_err();
            assert!(error.contains("chmod 600"), "{error}");
            fs::set_permissions(file.path(), fs::Permissions::from_mode(0o600)).unwrap();
        }
        assert!(file.remove("127.0.0.1").unwrap());
        assert_eq!(key("api.x.ai").as_deref(), Some("xai-a"));
        assert!(file.remove("api.x.ai").unwrap());
        assert!(!file.path().exists());
    }

    #[test]
    fn what_is_wrong_with_it_is_told_without_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::in_folder(folder.path().to_path_buf());
        file.keep("a", &Key::new("xai-a").unwrap()).unwrap();
        for text in ["\"a\" = xai-secret", "a = 1", "a = ''"] {
            fs::write(file.path(), text).unwrap();
            let error = file.get("a").unwrap_err();
            assert!(
                error.contains("auth login") && !error.contains("secret"),
                "{error}"
            );
        }
    }
}
