//! What can be wrong with the store, in words that say what to do.

use std::path::{Path, PathBuf};

use rusqlite::{ErrorCode, ffi};

pub(super) const OF_ANOTHER: &str = "it is another program's";

/// Why the store could not be read or written just now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("no folder for Gloss's data: set GLOSS_DATA_DIR to one")]
    NoFolder,
    #[error("{} is locked: close the program that holds it", .0.display())]
    Locked(PathBuf),
    #[error("{} cannot be written: check its permissions and those of its folder", .0.display())]
    ReadOnly(PathBuf),
    #[error("{} cannot grow: the disk is full", .0.display())]
    Full(PathBuf),
    #[error(
        "{} was written by a newer Gloss (schema {found}, known up to {known}): update this one",
        .path.display()
    )]
    Newer {
        path: PathBuf,
        found: i64,
        known: i64,
    },
    #[error("{} is damaged and in use: close the other editors and programs that hold it", .0.display())]
    Damaged(PathBuf),
    #[error("{} cannot be used: {why}", .path.display())]
    Unusable { path: PathBuf, why: String },
    #[error("the store is too busy to answer: try again")]
    Busy,
    #[error("the store's thread could not be started, or has ended: start Gloss anew")]
    Gone,
}

impl StoreError {
    /// What SQLite's error means for the file at `path`.
    ///
    /// Only SQLite's own "corrupt" and "not a database" ever count as damage.
    pub(super) fn from_sqlite(error: &rusqlite::Error, path: &Path) -> StoreError {
        let path = path.to_path_buf();
        // A full disk has no room for the index of the log, and there SQLite does not say why.
        let has_no_index = error
            .sqlite_error()
            .is_some_and(|error| error.extended_code == ffi::SQLITE_IOERR_SHMSIZE);
        if has_no_index {
            return StoreError::Full(path);
        }
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed,
            ) => StoreError::Locked(path),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreError::ReadOnly(path),
            Some(ErrorCode::DiskFull) => StoreError::Full(path),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(path),
            // Our own statements are in order, so it is the tables that are others.
            _ if matches!(error, rusqlite::Error::SqlInputError { .. }) => {
                StoreError::no_ledger(&path, OF_ANOTHER)
            }
            _ => StoreError::Unusable {
                path,
                why: error.to_string(),
            },
        }
    }

    /// What is at `path` is no ledger, which `so` tells.
    pub(super) fn no_ledger(path: &Path, so: &str) -> StoreError {
        StoreError::Unusable {
            path: path.to_path_buf(),
            why: format!("{so}; move it away, or set GLOSS_DATA_DIR to another folder"),
        }
    }

    /// What an error of the file system means for the file at `path`.
    pub(super) fn from_io(error: &std::io::Error, path: &Path) -> StoreError {
        let path = path.to_path_buf();
        match error.kind() {
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                StoreError::ReadOnly(path)
            }
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                StoreError::Full(path)
            }
            _ => StoreError::Unusable {
                path,
                why: error.to_string(),
            },
        }
    }

    /// Whether it is likely over in a moment, so that trying again at once makes sense.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, StoreError::Locked(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_corrupt_and_no_database_count_as_damage() {
        for code in 1..=28 {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let damaged = matches!(
                StoreError::from_sqlite(&error, Path::new("gloss.db")),
                StoreError::Damaged(_)
            );
            let expected = [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB].contains(&code);
            assert_eq!(damaged, expected, "SQLite's code {code}");
        }
    }

    #[test]
    fn what_sqlite_says_is_told_apart() {
        let path = PathBuf::from("gloss.db");
        for (code, expected) in [
            (ffi::SQLITE_BUSY, StoreError::Locked(path.clone())),
            (ffi::SQLITE_BUSY_SNAPSHOT, StoreError::Locked(path.clone())),
            (ffi::SQLITE_LOCKED, StoreError::Locked(path.clone())),
            (ffi::SQLITE_READONLY, StoreError::ReadOnly(path.clone())),
            (
                ffi::SQLITE_READONLY_DBMOVED,
                StoreError::ReadOnly(path.clone()),
            ),
            (ffi::SQLITE_FULL, StoreError::Full(path.clone())),
            (ffi::SQLITE_IOERR_SHMSIZE, StoreError::Full(path.clone())),
            (ffi::SQLITE_CORRUPT_INDEX, StoreError::Damaged(path.clone())),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            assert_eq!(
                StoreError::from_sqlite(&error, &path),
                expected,
                "SQLite's code {code}"
            );
        }
    }
}
