//! The store as its callers see it: on real files, with damage, locks and company.

mod budget;
mod company;
mod damage;
mod notes;
mod sums;

use std::fs;

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;

const SOON: Duration = Duration::from_secs(60);

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn store(folder: &TempDir) -> Store {
    Store::new(folder.path().to_path_buf())
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join(database::FILE)
}

fn row(workspace: &str) -> Row {
    Row {
        time: "2026-11-22T12:34:56.789Z".parse().unwrap(),
        workspace: workspace.into(),
        repository: Some("https://example.com/r.git".into()),
        action: "explain".into(),
        file: Some("src/main.rs".into()),
        lines: Some("1-9".into()),
        context_files: 2,
        masked: 1,
        model: "grok-4.3".into(),
        status: Status::Ok,
        finish_reason: Some("stop".into()),
        retries: 0,
        first_token_ms: Some(120),
        total_ms: Some(900),
        request_id: Some("r-1".into()),
        error: Some("none".into()),
        prompt_tokens: 100,
        completion_tokens: 20,
        total_tokens: 150,
        text_tokens: 90,
        image_tokens: 10,
        audio_tokens: 5,
        cached_tokens: 64,
        reasoning_tokens: 30,
        num_sources_used: 3,
        cost_ticks: Some(1_234_567),
        estimated: true,
    }
}

fn requests(store: &Store) -> u64 {
    store.usage(&Query::default()).unwrap().total.requests
}

/// The names of databases put aside, without their logs.
fn put_aside(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            name.contains("damaged") && !name.ends_with("-wal") && !name.ends_with("-shm")
        })
        .collect();
    names.sort();
    names
}

/// Flushes again after failures that end when others let go of the file.
fn flushed(store: &Store) -> bool {
    (0..20).any(|_| store.flush(SOON))
}

#[test]
fn a_store_that_is_not_used_touches_nothing() {
    let folder = folder();
    let inner = folder.path().join("inner");
    let store = Store::new(inner.clone());
    assert!(store.flush(SOON));
    assert_eq!(store.take_notices(), Vec::<String>::new());
    drop(store);
    assert!(!inner.exists());
}

#[test]
fn a_row_comes_back_as_it_was_recorded() {
    let folder = folder();
    let first = store(&folder);
    let sparse = Row {
        status: Status::Refused,
        retries: 2,
        cost_ticks: None,
        ..Row::default()
    };
    first.record(sparse.clone());
    first.record(row("/w"));
    assert!(first.flush(SOON));
    let query = Query {
        by: By::Request,
        ..Query::default()
    };
    let keys: Vec<Key> = store(&folder)
        .usage(&query)
        .unwrap()
        .rows
        .into_iter()
        .map(|line| line.key)
        .collect();
    assert_eq!(
        keys,
        [
            Key::Request(Box::new(row("/w"))),
            Key::Request(Box::new(sparse))
        ]
    );
}

#[test]
fn what_is_closed_lies_in_the_file_itself() {
    let folder = folder();
    let first = store(&folder);
    first.close(SOON);
    assert!(!file(&folder).exists(), "what was not used is not opened");
    first.record(row("/w"));
    assert!(first.flush(SOON));
    first.close(SOON);
    let copy = self::folder();
    fs::copy(file(&folder), file(&copy)).unwrap();
    assert_eq!(requests(&store(&copy)), 1);
    first.record(row("/w"));
    assert_eq!(requests(&first), 2);
}

#[test]
#[cfg(unix)]
fn only_the_user_can_read_what_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let inner = folder.path().join("a/b");
    let store = Store::new(inner.clone());
    store.record(row("/w"));
    assert!(store.flush(SOON));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(&inner), mode(inner.parent().unwrap())),
        (0o700, 0o700)
    );
    for entry in fs::read_dir(&inner).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn today_is_what_was_asked_since_local_midnight() {
    let folder = folder();
    let store = store(&folder);
    let midnight = Zoned::now().start_of_day().unwrap().timestamp();
    let second = jiff::SignedDuration::from_secs(1);
    for time in [midnight - second, midnight, midnight + second] {
        store.record(Row { time, ..row("/w") });
    }
    assert_eq!(store.today().wait().unwrap().requests, 2);
}

#[test]
fn a_description_is_found_by_every_part_of_its_key() {
    let folder = folder();
    let first = store(&folder);
    let key = DescriptionKey::new(b"pixels", "English", 1, "grok-4.3");
    first.keep_description(key.clone(), "old".into());
    first.keep_description(key.clone(), "A *cat*.".into());
    assert!(first.flush(SOON));
    let second = store(&folder);
    let check = |key: DescriptionKey, expected: Option<&str>| {
        let found = second.description(key).wait().unwrap();
        assert_eq!(found.map(|found| found.markdown).as_deref(), expected);
    };
    check(key.clone(), Some("A *cat*."));
    check(
        DescriptionKey::new(b"others", "English", 1, "grok-4.3"),
        None,
    );
    check(
        DescriptionKey {
            language: "Deutsch".into(),
            ..key.clone()
        },
        None,
    );
    check(
        DescriptionKey {
            prompt_version: 2,
            ..key.clone()
        },
        None,
    );
    check(
        DescriptionKey {
            model: "grok-4.6".into(),
            ..key
        },
        None,
    );
}

#[test]
fn a_reply_can_be_awaited() {
    let folder = folder();
    let store = store(&folder);
    store.record(row("/w"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let report = runtime.block_on(store.report(Query::default())).unwrap();
    assert_eq!(report.total.requests, 1);
}

#[test]
fn what_waits_behind_a_lock_is_in_the_reports_and_is_written_once() {
    let folder = folder();
    let store = store(&folder);
    store.record(row("/w"));
    assert!(store.flush(SOON));
    let other = Connection::open(file(&folder)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let key = DescriptionKey::new(b"pixels", "English", 1, "grok-4.3");
    store.record(row("/w"));
    store.keep_description(key.clone(), "A cat.".into());
    assert!(!store.flush(Duration::from_millis(100)));
    assert_eq!(requests(&store), 2);
    assert_eq!(
        store.description(key).wait().unwrap().unwrap().markdown,
        "A cat."
    );
    other.execute_batch("COMMIT").unwrap();
    assert!(store.flush(SOON));
    assert_eq!(requests(&store), 2);
    let count: i64 = other
        .query_row("SELECT count(*) FROM request", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 2);
    assert_eq!(put_aside(&folder), Vec::<String>::new());
}

#[test]
fn waiting_rows_are_bounded_and_those_lost_are_counted() {
    let folder = folder();
    fs::create_dir(file(&folder)).unwrap();
    let store = store(&folder);
    let bound = worker::MAX_WAITING_ROWS;
    for _ in 0..bound + 3 {
        store.record(row("/w"));
    }
    assert!(!store.flush(SOON));
    let notices = store.take_notices();
    assert_eq!(notices.len(), 2, "{notices:?}");
    fs::remove_dir(file(&folder)).unwrap();
    assert!(store.flush(SOON));
    assert_eq!(requests(&store), bound as u64);
    let notices = store.take_notices();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].contains("3 requests are missing"), "{notices:?}");
}

#[test]
fn without_a_folder_questions_say_what_to_set() {
    let store = Store::new(None);
    store.record(row("/w"));
    assert!(!store.flush(SOON));
    let error = store.usage(&Query::default()).unwrap_err();
    assert!(error.to_string().contains("GLOSS_DATA_DIR"), "{error}");
}

#[test]
fn a_lock_that_lasts_is_said_once_and_stops_nothing() {
    let folder = folder();
    let store = store(&folder);
    store.record(row("/w"));
    assert!(store.flush(SOON));
    let other = Connection::open(file(&folder)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    store.record(row("/w"));
    assert_eq!(store.flushed_unless_locked().wait(), Ok(false));
    let moment = Duration::from_millis(100);
    let notices = (0..600)
        .map(|_| {
            assert!(!store.flush(moment));
            store.take_notices()
        })
        .find(|notices| !notices.is_empty())
        .unwrap();
    assert!(
        notices.len() == 1 && notices[0].contains("is locked"),
        "{notices:?}"
    );
    assert!((0..10).all(|_| !store.flush(moment)));
    assert_eq!(store.take_notices(), Vec::<String>::new());
    other.execute_batch("COMMIT").unwrap();
    assert!(store.flush(SOON));
    assert_eq!(requests(&store), 2);
}

#[test]
fn a_lock_that_keeps_readers_out_is_waited_for_once() {
    let folder = folder();
    let store = store(&folder);
    store.record(row("/w"));
    assert!(store.flush(SOON));
    store.close(SOON);
    let other = Connection::open(file(&folder)).unwrap();
    let lock = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE other (a)";
    other.execute_batch(lock).unwrap();
    let began = Instant::now();
    for _ in 0..5 {
        let report = store.usage(&Query::default());
        assert!(matches!(report, Err(StoreError::Locked(_))), "{report:?}");
    }
    assert!(began.elapsed() < READ_PATIENCE * 2);
    drop(other);
    assert_eq!(requests(&store), 1);
}
