//! Damage is mended, and nothing else is taken for it.

use super::*;

/// A database with some rows, closed, then changed on the disk by `damage`.
fn damaged(damage: impl Fn(&mut Vec<u8>)) -> (TempDir, Vec<u8>) {
    let folder = folder();
    let store = store(&folder);
    for _ in 0..200 {
        store.record(row("/w"));
    }
    assert!(store.flush(SOON));
    drop(store);
    // The thread may still hold the file: wait for its lock to be free.
    let lock = fs::File::open(folder.path().join("gloss.db.lock")).unwrap();
    lock.lock().unwrap();
    let mut bytes = fs::read(file(&folder)).unwrap();
    damage(&mut bytes);
    fs::write(file(&folder), &bytes).unwrap();
    (folder, bytes)
}

#[test]
fn a_file_that_sqlite_calls_damaged_is_put_aside_and_begun_anew() {
    let check = |name: &str, damage: &dyn Fn(&mut Vec<u8>)| {
        let (folder, bytes) = damaged(damage);
        let store = store(&folder);
        store.record(row("/new"));
        assert!(store.flush(SOON), "{name}: {:?}", store.take_notices());
        assert_eq!(requests(&store), 1, "{name}");
        let aside = put_aside(&folder);
        assert_eq!(aside.len(), 1, "{name}: {aside:?}");
        assert_eq!(
            fs::read(folder.path().join(&aside[0])).unwrap(),
            bytes,
            "{name}"
        );
        let notices = store.take_notices();
        assert_eq!(notices.len(), 1, "{name}: {notices:?}");
        assert!(notices[0].contains(&aside[0]), "{name}: {notices:?}");
        assert!(notices[0].contains("no budget counts it"), "{notices:?}");
    };
    check("no database", &|bytes| {
        *bytes = b"#!/bin/sh\necho this is no database\n".repeat(200);
    });
    check("a torn header", &|bytes| bytes[..16].fill(0));
    check("pages gone", &|bytes| bytes.truncate(4096));
    check("pages smashed", &|bytes| bytes[4096..].fill(0x5a));
}

#[test]
fn damage_is_found_by_reading_too() {
    let (folder, _) = damaged(|bytes| bytes[..16].fill(0));
    let store = store(&folder);
    assert_eq!(requests(&store), 0);
    assert_eq!(put_aside(&folder).len(), 1);
    assert_eq!(store.take_notices().len(), 1);
}

#[test]
fn of_many_who_see_the_same_damage_one_puts_the_file_aside() {
    let (folder, _) = damaged(|bytes| bytes[..16].fill(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let store = store(&folder);
                (0..10).for_each(|_| store.record(row("/new")));
                assert!(flushed(&store), "{:?}", store.take_notices());
            });
        }
    });
    assert_eq!(requests(&store(&folder)), 80);
    assert_eq!(put_aside(&folder).len(), 1);
}

#[test]
fn a_damaged_file_stays_while_others_have_it_open() {
    let (folder, _) = damaged(|bytes| bytes[..16].fill(0));
    let other = fs::File::open(folder.path().join("gloss.db.lock")).unwrap();
    other.lock_shared().unwrap();
    let store = store(&folder);
    store.record(row("/w"));
    assert!(!store.flush(SOON));
    assert!(matches!(
        store.usage(&Query::default()),
        Err(StoreError::Damaged(_))
    ));
    assert_eq!(put_aside(&folder), Vec::<String>::new());
    drop(other);
    assert!(store.flush(SOON));
    assert_eq!((requests(&store), put_aside(&folder).len()), (1, 1));
}

/// Trouble that is no damage: the file stays, rows wait, it is said once, and
/// once `heal` has run everything is there.
fn check_waits(
    folder: &TempDir,
    expected: impl Fn(&StoreError) -> bool,
    heal: impl FnOnce(),
    rows_before: u64,
) {
    let store = store(folder);
    store.record(row("/w"));
    assert!(!store.flush(SOON));
    store.record(row("/w"));
    assert!(!store.flush(SOON));
    let notices = store.take_notices();
    assert_eq!(notices.len(), 1, "{notices:?}");
    if let Err(error) = store.usage(&Query::default()) {
        assert!(expected(&error), "{error:?}");
    }
    heal();
    assert!(store.flush(SOON));
    assert_eq!(requests(&store), rows_before + 2);
    assert_eq!(store.take_notices(), Vec::<String>::new());
    assert_eq!(put_aside(folder), Vec::<String>::new());
}

#[test]
fn a_newer_database_is_left_alone_and_rows_wait() {
    let folder = folder();
    let other = Connection::open(file(&folder)).unwrap();
    other
        .execute_batch("CREATE TABLE of_tomorrow (x); PRAGMA user_version = 99")
        .unwrap();
    check_waits(
        &folder,
        |error| matches!(error, StoreError::Newer { found: 99, .. }),
        || {
            other
                .execute_batch("DROP TABLE of_tomorrow; PRAGMA user_version = 0")
                .unwrap();
        },
        0,
    );
}

#[test]
fn a_folder_in_the_databases_place_is_left_alone_and_rows_wait() {
    let folder = folder();
    fs::create_dir(file(&folder)).unwrap();
    check_waits(
        &folder,
        |error| matches!(error, StoreError::Unusable { .. }),
        || fs::remove_dir(file(&folder)).unwrap(),
        0,
    );
}

#[test]
fn a_database_of_another_program_is_left_alone_and_rows_wait() {
    let folder = folder();
    let other = Connection::open(file(&folder)).unwrap();
    let before = "CREATE TABLE request (a); INSERT INTO request VALUES ('precious')";
    other.execute_batch(before).unwrap();
    let bytes = fs::read(file(&folder)).unwrap();
    let is_told = |error: &StoreError| error.to_string().contains("it is another program's; move");
    let heal = || {
        assert!(bytes == fs::read(file(&folder)).unwrap());
        other.execute_batch("DROP TABLE request").unwrap();
    };
    check_waits(&folder, is_told, heal, 0);
    // One that counts its versions, too, and has a table of that name or none.
    for table in ["request", "page"] {
        let folder = self::folder();
        let other = Connection::open(file(&folder)).unwrap();
        let before = format!("CREATE TABLE {table} (a); PRAGMA user_version = 3");
        other.execute_batch(&before).unwrap();
        let bytes = fs::read(file(&folder)).unwrap();
        let heal = || {
            assert!(bytes == fs::read(file(&folder)).unwrap());
            let after = format!("DROP TABLE {table}; PRAGMA user_version = 0");
            other.execute_batch(&after).unwrap();
        };
        check_waits(&folder, is_told, heal, 0);
    }
}

#[test]
#[cfg(unix)]
fn a_pipe_in_the_databases_place_is_left_alone_and_rows_wait() {
    let folder = folder();
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, file(&folder), kind, mode, 0).unwrap();
    let is_told = |error: &StoreError| error.to_string().contains("it is no file; move");
    check_waits(
        &folder,
        is_told,
        || fs::remove_file(file(&folder)).unwrap(),
        0,
    );
}

/// A claim of so many tokens, of which there are ten a day.
fn reserved(store: &Store, tokens: u64) -> Result<Verdict, StoreError> {
    let claim = Claim {
        workspace: "/w".into(),
        tokens,
        ticks: 0,
    };
    let limit = Limit {
        name: "daily_tokens",
        of_machine: false,
        since: Timestamp::now(),
        until: Timestamp::MAX,
        most: Amount::Tokens(10),
    };
    store.reserve(claim, vec![limit]).wait()
}

#[test]
fn where_a_budget_stops_all_it_is_not_said_that_requests_go_on() {
    let folder = folder();
    fs::create_dir(file(&folder)).unwrap();
    let store = store(&folder);
    reserved(&store, 1).unwrap_err();
    store.record(row("/w"));
    assert!(!store.flush(SOON));
    let notices = store.take_notices();
    assert_eq!(notices.len(), 1, "{notices:?}");
    let begins = "The ledger cannot be written for now: ";
    assert!(notices[0].starts_with(begins), "{notices:?}");
}

/// Runs `job` on a thread for which permissions count, even where the tests run as root.
#[cfg(target_os = "linux")]
fn without_privilege(job: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        scope
            .spawn(|| {
                let nobody = rustix::thread::Uid::from_raw(65_534);
                // Refused to anyone but root, for whom alone it is needed.
                let _ = rustix::thread::set_thread_res_uid(None, Some(nobody), None);
                job();
            })
            .join()
            .unwrap();
    });
}

#[cfg(target_os = "linux")]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn a_read_only_database_can_be_read_and_rows_wait() {
    // With its log beside it, as a kill leaves it, and in a folder where none can be made.
    check_can_be_read(0o777, 0o444, false);
    check_can_be_read(0o555, 0o666, true);
}

#[cfg(target_os = "linux")]
fn check_can_be_read(mode_of_folder: u32, mode_of_file: u32, is_closed: bool) {
    let folder = folder();
    let first = store(&folder);
    first.record(row("/w"));
    assert!(first.flush(SOON));
    if is_closed {
        first.close(SOON);
    }
    drop(first);
    fs::File::open(folder.path().join("gloss.db.lock"))
        .unwrap()
        .lock()
        .unwrap();
    set_mode(folder.path(), mode_of_folder);
    set_mode(&file(&folder), mode_of_file);
    set_mode(&folder.path().join("gloss.db.lock"), 0o666);
    without_privilege(|| {
        let store = store(&folder);
        store.record(row("/w"));
        assert!(!store.flush(SOON));
        assert_eq!(requests(&store), 2, "what waits is in the reports");
        assert!(store.probe().wait().is_err());
        let notices = store.take_notices();
        assert_eq!(notices.len(), 1, "{notices:?}");
        assert!(notices[0].contains("cannot be written"), "{notices:?}");
        // A claim that cannot be written counts here all the same, and here alone.
        let held = reserved(&store, 6).unwrap();
        assert!(matches!(held, Verdict::Granted { .. }), "{held:?}");
        let refused = reserved(&store, 6).unwrap();
        assert!(matches!(refused, Verdict::Refused(_)), "{refused:?}");
        assert!(!store.flush(SOON));
        let notices = store.take_notices();
        assert_eq!(notices.len(), 1, "{notices:?}");
        assert!(
            notices[0].contains("holds the budget by itself"),
            "{notices:?}"
        );
        assert_eq!(put_aside(&folder), Vec::<String>::new());
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_folder_that_cannot_be_written_makes_rows_wait() {
    let folder = folder();
    set_mode(folder.path(), 0o555);
    without_privilege(|| {
        check_waits_for_good(&folder);
    });
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(target_os = "linux")]
fn check_waits_for_good(folder: &TempDir) {
    let store = store(folder);
    store.record(row("/w"));
    assert!(!store.flush(SOON));
    assert!(store.usage(&Query::default()).is_err());
    assert_eq!(store.take_notices().len(), 1);
}

#[test]
fn a_full_disk_is_said_to_be_one() {
    let folder = folder();
    let mut database = database::Database::new(Some(folder.path()), |_| panic!("put aside"));
    let big = Write::Row(Box::new(Row {
        error: Some("x".repeat(100_000)),
        ..row("/w")
    }));
    let write = |database: &mut database::Database| {
        database.run(Duration::ZERO, |connection| tables::write(connection, &big))
    };
    write(&mut database).unwrap();
    let limit = |database: &database::Database, pages: u32| {
        let sql = format!("PRAGMA max_page_count = {pages}");
        database
            .connection()
            .unwrap()
            .query_row(&sql, [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    limit(&database, 1);
    assert!(matches!(write(&mut database), Err(StoreError::Full(_))));
    limit(&database, 1_000_000);
    write(&mut database).unwrap();
    assert_eq!(put_aside(&folder), Vec::<String>::new());
}

#[test]
fn a_database_deleted_meanwhile_is_begun_anew() {
    let folder = folder();
    let store = store(&folder);
    store.record(row("/w"));
    assert!(store.flush(SOON));
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(folder.path().join(format!("gloss.db{suffix}")));
    }
    store.record(row("/w"));
    assert!(store.flush(SOON));
    assert_eq!(requests(&store), 1);
    assert!(file(&folder).exists());
}
