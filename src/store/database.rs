//! One connection to the database file: opened, brought up to date, and set aside when damaged.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use url::Url;

use super::error::{OF_ANOTHER, StoreError};
use super::private;

/// The database's name in the data folder.
pub(super) const FILE: &str = "gloss.db";

/// Each brings the schema one version further; `user_version` counts those done. Only ever append.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE request (
        id INTEGER PRIMARY KEY,
        time INTEGER NOT NULL, -- microseconds since 1970, UTC
        workspace TEXT NOT NULL,
        repository TEXT,
        action TEXT NOT NULL,
        file TEXT,
        lines TEXT,
        context_files INTEGER NOT NULL,
        masked INTEGER NOT NULL,
        model TEXT NOT NULL,
        status TEXT NOT NULL,
        finish_reason TEXT,
        retries INTEGER NOT NULL,
        first_token_ms INTEGER,
        total_ms INTEGER,
        request_id TEXT,
        error TEXT,
        prompt_tokens INTEGER NOT NULL,
        completion_tokens INTEGER NOT NULL,
        total_tokens INTEGER NOT NULL,
        text_tokens INTEGER NOT NULL,
        image_tokens INTEGER NOT NULL,
        audio_tokens INTEGER NOT NULL,
        cached_tokens INTEGER NOT NULL,
        reasoning_tokens INTEGER NOT NULL,
        num_sources_used INTEGER NOT NULL,
        cost_ticks INTEGER -- 10^10 are 1 USD; null where no price is known
    ) STRICT;
    CREATE INDEX request_time ON request (time);
    CREATE TABLE description (
        content BLOB NOT NULL, -- SHA-256 of the image's bytes
        language TEXT NOT NULL,
        prompt_version INTEGER NOT NULL,
        model TEXT NOT NULL,
        markdown TEXT NOT NULL,
        time INTEGER NOT NULL,
        PRIMARY KEY (content, language, prompt_version, model)
    ) STRICT, WITHOUT ROWID;
",
    "
    ALTER TABLE request ADD COLUMN estimated INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE reservation ( -- of a request that is under way, while a budget is set
        id INTEGER PRIMARY KEY,
        time INTEGER NOT NULL,
        workspace TEXT NOT NULL,
        tokens INTEGER NOT NULL,
        ticks INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE warning ( -- that a budget is nearly used up, each given once
        name TEXT NOT NULL,
        workspace TEXT NOT NULL, -- empty for a limit of the machine
        since INTEGER NOT NULL,
        PRIMARY KEY (name, workspace, since)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE model_list (
        endpoint TEXT PRIMARY KEY,
        tried INTEGER NOT NULL,
        models TEXT NOT NULL -- JSON
    ) STRICT, WITHOUT ROWID;
",
    super::notes::MIGRATION,
];

/// The newest schema this Gloss knows.
#[expect(clippy::cast_possible_wrap, reason = "a handful of migrations")]
const SCHEMA: i64 = MIGRATIONS.len() as i64;

/// What SQLite may keep of the file in this process; the system keeps it, too. A quarter of a mebibyte
/// holds what rows are written to, and the notes of some files.
const CACHE_KIB: i64 = 256;

/// How long a lock is waited for that has lasted for long.
pub(super) const MOMENT: Duration = Duration::from_millis(250);

/// The database in one folder, opened when first used.
pub(super) struct Database {
    /// The database file; `None` where no data folder is known.
    path: Option<PathBuf>,
    open: Option<Open>,
    /// Whether a lock was waited for in vain, and not gone since.
    is_locked: bool,
    /// Told the new name of a file that was put aside.
    tell_put_aside: Box<dyn Fn(&Path) + Send>,
}

struct Open {
    // The connection goes before the lock that says it is there.
    connection: Connection,
    identity: Option<Identity>,
    /// Why nothing can be written, where the file is read as one that does not change.
    only_read: Option<StoreError>,
    _presence: Option<File>,
}

impl Database {
    pub(super) fn new(
        folder: Option<&Path>,
        tell_put_aside: impl Fn(&Path) + Send + 'static,
    ) -> Database {
        Database {
            path: folder.map(|folder| folder.join(FILE)),
            open: None,
            is_locked: false,
            tell_put_aside: Box::new(tell_put_aside),
        }
    }

    /// Runs `job` on the connection. `job` may run a second time, after a damaged file was put aside.
    ///
    /// Waits at most about `patience` for locks that others hold. One that lasts is waited for once,
    /// since a request comes to several questions, and then for a moment until it is gone.
    pub(super) fn run<T>(
        &mut self,
        patience: Duration,
        job: impl Fn(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let within = if self.is_locked {
            patience.min(MOMENT)
        } else {
            patience
        };
        let result = self.run_within(within, job);
        match &result {
            Ok(_) => self.is_locked = false,
            Err(error) => self.is_locked |= error.is_passing() && patience > MOMENT,
        }
        result
    }

    fn run_within<T>(
        &mut self,
        patience: Duration,
        job: impl Fn(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let path = self.path.clone().ok_or(StoreError::NoFolder)?;
        match self.attempt(&path, patience, &job) {
            Err(StoreError::Damaged(_)) => {}
            other => return other,
        }
        if let Some(aside) = put_aside(&path, patience)? {
            (self.tell_put_aside)(&aside);
        }
        self.attempt(&path, patience, &job)
    }

    fn attempt<T>(
        &mut self,
        path: &Path,
        patience: Duration,
        job: &impl Fn(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let open = match self
            .open
            .take()
            .filter(|open| open.identity == Identity::of(path))
        {
            Some(open) => open,
            None => open_when_free(path, patience)?,
        };
        let result = open
            .connection
            .busy_timeout(patience)
            .and_then(|()| job(&open.connection))
            .map_err(|error| StoreError::from_sqlite(&error, path));
        if let Some(why) = open.only_read {
            // Not kept, for it may change after all.
            return result.map_err(|error| match error {
                StoreError::ReadOnly(_) => why,
                other => other,
            });
        }
        // After any other trouble the next attempt looks at the file afresh.
        if matches!(
            result,
            Ok(_) | Err(StoreError::Locked(_) | StoreError::Full(_))
        ) {
            self.open = Some(open);
        }
        result
    }

    /// Closes the connection, so that an idle Gloss is in nobody's way.
    pub(super) fn close(&mut self) {
        self.open = None;
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    #[cfg(test)]
    pub(super) fn connection(&self) -> Option<&Connection> {
        self.open.as_ref().map(|open| &open.connection)
    }
}

/// SQLite answers "busy" at once, without its own waiting, while another process
/// turns a new file into WAL; so the waiting is here.
fn open_when_free(path: &Path, patience: Duration) -> Result<Open, StoreError> {
    let deadline = Instant::now() + patience;
    loop {
        match open(path, patience) {
            Err(error) if error.is_passing() && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(5));
            }
            other => return other,
        }
    }
}

fn open(path: &Path, patience: Duration) -> Result<Open, StoreError> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(StoreError::no_ledger(path, "it is no file"));
    }
    create_folder(path)?;
    let presence = shared_lock(path)?;
    create_private(path);
    let sqlite = |error: rusqlite::Error| StoreError::from_sqlite(&error, path);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let (connection, found) = match connect(path, flags, patience) {
        Ok(connected) => connected,
        Err(error) => return open_unchanging(path, sqlite(error), presence),
    };
    if found > SCHEMA {
        return Err(StoreError::Newer {
            path: path.to_path_buf(),
            found,
            known: SCHEMA,
        });
    }
    if is_of_another(&connection, found).map_err(sqlite)? {
        return Err(StoreError::no_ledger(path, OF_ANOTHER));
    }
    // A file that can only be read is still good for reading, once it has our tables.
    if found < SCHEMA || !connection.is_readonly(rusqlite::MAIN_DB).map_err(sqlite)? {
        make_ready(&connection).map_err(sqlite)?;
    }
    let identity = Identity::of(path);
    Ok(Open {
        connection,
        identity,
        only_read: None,
        _presence: presence,
    })
}

/// A connection, and the schema of what is there.
fn connect(
    file: impl AsRef<Path>,
    flags: OpenFlags,
    patience: Duration,
) -> rusqlite::Result<(Connection, i64)> {
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(patience)?;
    // Pages of a long day, each between others' pieces, would keep memory from going back.
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    let found = schema(&connection)?;
    Ok((connection, found))
}

/// Even to read, SQLite makes files beside a database. Where that cannot be, as on a full disk, one that
/// nobody has open, and so has no log, is read as one that does not change. Fails with the `trouble`.
fn open_unchanging(
    path: &Path,
    trouble: StoreError,
    presence: Option<File>,
) -> Result<Open, StoreError> {
    let is_of_folder = matches!(
        trouble,
        StoreError::Full(_) | StoreError::ReadOnly(_) | StoreError::Unusable { .. }
    );
    let has_log = fs::metadata(with_suffix(path, "-wal")).is_ok_and(|log| log.len() > 0);
    let Some(mut address) = Url::from_file_path(path)
        .ok()
        .filter(|_| is_of_folder && !has_log)
    else {
        return Err(trouble);
    };
    address.set_query(Some("immutable=1"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match connect(address.as_str(), flags, Duration::ZERO) {
        Ok((connection, SCHEMA)) if is_of_another(&connection, SCHEMA) == Ok(false) => Ok(Open {
            connection,
            identity: Identity::of(path),
            only_read: Some(match trouble {
                StoreError::Unusable { path, .. } => StoreError::ReadOnly(path),
                other => other,
            }),
            _presence: presence,
        }),
        _ => Err(trouble),
    }
}

fn schema(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Whether another program made the file of which this is the schema: with its first table ours has
/// the number of one, and others may count their schemas, too.
fn is_of_another(connection: &Connection, found: i64) -> rusqlite::Result<bool> {
    if found > 0 {
        let ours = "SELECT count(*) FROM pragma_table_info('request') WHERE name = 'cost_ticks'";
        let ours: i64 = connection.query_row(ours, [], |row| row.get(0))?;
        return Ok(ours == 0);
    }
    let count = "SELECT count(*) FROM sqlite_schema";
    let count: i64 = connection.query_row(count, [], |row| row.get(0))?;
    // Another process may have made ours meanwhile.
    Ok(count > 0 && schema(connection)? == 0)
}

fn make_ready(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    if schema(connection)? >= SCHEMA {
        return Ok(());
    }
    let change = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    let done = usize::try_from(schema(&change)?).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(done) {
        change.execute_batch(migration)?;
    }
    if done < MIGRATIONS.len() {
        change.pragma_update(None, "user_version", SCHEMA)?;
    }
    change.commit()
}

fn create_folder(path: &Path) -> Result<(), StoreError> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    private::create_folder(folder).map_err(|error| StoreError::from_io(&error, path))
}

/// Makes sure that only the user can read the file, before anything is in it.
///
/// SQLite gives `-wal` and `-shm` the same mode. The file itself is never opened
/// here: closing it would drop the locks that other connections of this process
/// hold (<https://sqlite.org/howtocorrupt.html>, 2.2).
fn create_private(path: &Path) {
    if !path.exists()
        && let Some(folder) = path.parent()
        && let Ok(file) = tempfile::NamedTempFile::new_in(folder)
    {
        // Another process may have been faster; its file is as good.
        let _ = file.into_temp_path().persist_noclobber(path);
    }
    private::tighten(path);
}

/// Which file stands at a path: it may have been deleted or replaced under an open connection.
#[derive(PartialEq, Eq)]
struct Identity {
    #[cfg(unix)]
    device_and_inode: (u64, u64),
}

impl Identity {
    fn of(path: &Path) -> Option<Identity> {
        let found = fs::metadata(path).ok()?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            Some(Identity {
                device_and_inode: (found.dev(), found.ino()),
            })
        }
        #[cfg(not(unix))]
        {
            let _ = found;
            Some(Identity {})
        }
    }
}

// Every open connection holds `gloss.db.lock` shared, and whoever puts the
// database aside holds it exclusively: so nobody's file is moved from under them,
// and of many who see the same damage one acts. SQLite's own locks cannot do
// this, for it lets go of a file as soon as it finds that it is no database.

fn lock_file(path: &Path) -> std::io::Result<File> {
    let mut options = private::options();
    options.read(true).write(true).create(true).truncate(false);
    let path = with_suffix(path, ".lock");
    private::tighten(&path);
    options.open(path)
}

/// `None` where locks cannot be had, as on a medium that is read-only.
fn shared_lock(path: &Path) -> Result<Option<File>, StoreError> {
    let Ok(file) = lock_file(path) else {
        return Ok(None);
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(path.to_path_buf())),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// Fails as `Damaged` where others have the file open for longer than `patience`.
fn exclusive_lock(path: &Path, patience: Duration) -> Result<File, StoreError> {
    let file = lock_file(path).map_err(|error| StoreError::from_io(&error, path))?;
    let deadline = Instant::now() + patience;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(StoreError::from_io(&error, path)),
            Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                return Err(StoreError::Damaged(path.to_path_buf()));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Gives the file another name if it is damaged still, now that nobody else can touch it.
fn put_aside(path: &Path, patience: Duration) -> Result<Option<PathBuf>, StoreError> {
    let _alone = exclusive_lock(path, patience)?;
    if !is_damaged(path, patience)? {
        return Ok(None);
    }
    let aside = free_name(path);
    // The file itself goes last: should this be cut short, no log is left beside a new database.
    for suffix in ["-wal", "-shm", ""] {
        match fs::rename(with_suffix(path, suffix), with_suffix(&aside, suffix)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::from_io(&error, path));
            }
            _ => {}
        }
    }
    Ok(Some(aside))
}

/// Whether SQLite itself, alone with the file, calls it corrupt or no database.
fn is_damaged(path: &Path, patience: Duration) -> Result<bool, StoreError> {
    if !path.exists() {
        return Ok(false);
    }
    match integrity(path, patience) {
        Ok(verdict) => Ok(verdict != "ok"),
        Err(error) => match StoreError::from_sqlite(&error, path) {
            StoreError::Damaged(_) => Ok(true),
            other => Err(other),
        },
    }
}

fn integrity(path: &Path, patience: Duration) -> rusqlite::Result<String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(patience)?;
    // What is put aside is put aside as it was found, its log beside it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")?;
    connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
}

fn free_name(path: &Path) -> PathBuf {
    let time = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let first = with_suffix(path, &format!(".damaged-{time}"));
    let numbered = (2_u64..).map(|number| with_suffix(&first, &format!("-{number}")));
    std::iter::once(first.clone())
        .chain(numbered)
        .find(|name| !name.exists())
        .unwrap_or(first)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Accuses the file of damage, with `bytes` as the file if there are any.
    fn accused(path: &Path, bytes: Option<&[u8]>) -> Option<PathBuf> {
        if let Some(bytes) = bytes {
            fs::write(path, bytes).unwrap();
        }
        put_aside(path, Duration::from_secs(1)).unwrap()
    }

    #[test]
    fn only_what_is_damaged_still_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        assert_eq!(accused(&path, None), None, "no file");
        assert_eq!(accused(&path, Some(b"")), None, "an empty file");
        let mut database = Database::new(Some(folder.path()), |_| {});
        database.run(Duration::from_secs(1), schema).unwrap();
        database.close();
        assert_eq!(accused(&path, None), None, "a healthy file");
        let aside = accused(&path, Some(&[b'x'; 4096])).unwrap();
        assert_eq!(
            (path.exists(), fs::read(aside).unwrap()),
            (false, vec![b'x'; 4096])
        );
    }

    #[test]
    fn a_file_is_put_aside_with_its_logs_and_over_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let names: Vec<PathBuf> = ["first", "second"]
            .iter()
            .map(|content| {
                fs::write(with_suffix(&path, "-wal"), content).unwrap();
                fs::write(with_suffix(&path, "-shm"), content).unwrap();
                let aside = accused(&path, Some(&[b'x'; 4096])).unwrap();
                for suffix in ["-wal", "-shm"] {
                    let moved = fs::read_to_string(with_suffix(&aside, suffix)).unwrap();
                    assert_eq!(moved, *content, "{suffix}");
                    assert!(!with_suffix(&path, suffix).exists(), "{suffix}");
                }
                aside
            })
            .collect();
        assert_ne!(names[0], names[1]);
    }

    #[test]
    fn a_file_that_another_program_uses_is_not_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let mut database = Database::new(Some(folder.path()), |_| {});
        database.run(Duration::from_secs(1), schema).unwrap();
        database.close();
        // Not one of ours: it knows nothing of `gloss.db.lock`.
        let other = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let found = put_aside(&path, Duration::from_millis(10));
        assert_eq!(found, Err(StoreError::Locked(path)));
    }
}
