//! What befalls the ledger stops no job, is said once, and costs no row; and a healthy one is
//! never put aside.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::api::Api;
use super::editor::{Editor, Setup};

/// A folder of data and an API that answers at once.
struct Home {
    _folder: tempfile::TempDir,
    data: PathBuf,
    api: String,
}

impl Home {
    /// With a ledger of one row, written by Gloss itself.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let api = Api::start().await;
        let home = Self {
            data: folder.path().canonicalize().unwrap().join("data"),
            _folder: folder,
            api: api.url.clone(),
        };
        api.answer_all(|_| "It does.".to_owned());
        let mut editor = home.editor(None).await;
        assert_eq!(explained(&mut editor, 0).await, Value::Null);
        assert!(editor.stop().await.success());
        home
    }

    /// An editor, and the script that starts its server where there is one.
    async fn editor(&self, script: Option<String>) -> Editor {
        let mut setup = Setup::streaming(&self.api);
        let data = self.data.display().to_string();
        setup.environment.push(("GLOSS_DATA_DIR", data));
        setup.script = script;
        Editor::start(&setup).await
    }

    fn ledger(&self) -> PathBuf {
        self.data.join("gloss.db")
    }

    /// How many rows are on the disk.
    fn rows(&self) -> i64 {
        let ledger = Connection::open(self.ledger()).unwrap();
        ledger
            .query_row("SELECT count(*) FROM request", [], |row| row.get(0))
            .unwrap()
    }
}

/// The error, if any, of a job about a file of its own.
async fn explained(editor: &mut Editor, number: usize) -> Value {
    let text = format!("fn f{number}() {{}}\n");
    let uri = editor.open(&format!("{number}.rs"), "rust", &text).await;
    let id = editor.job("gloss.explain", &uri, (0, 4), (0, 4)).await;
    editor.finished(&id).await["error"].clone()
}

/// What was said of the ledger and not waited for.
fn warnings(editor: &Editor) -> Vec<&str> {
    let messages = editor.heard.iter();
    let messages = messages.filter(|message| message["method"] == "window/showMessage");
    messages
        .map(|message| message["params"]["message"].as_str().unwrap())
        .collect()
}

/// The names in the folder of what was put aside.
pub fn put_aside(data: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(data).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.contains("damaged")).collect()
}

async fn in_ledger(editor: &mut Editor) -> Value {
    let usage = editor.execute("gloss.usage", json!({})).await.unwrap();
    usage["total"]["requests"].clone()
}

/// Jobs go on in the trouble, which is said once in these words; where it can be mended, no row is
/// missing afterwards.
async fn check_goes_on(home: &Home, mut editor: Editor, words: &str, mend: Option<&dyn Fn(u32)>) {
    for number in 1..=3 {
        assert_eq!(explained(&mut editor, number).await, Value::Null, "{words}");
    }
    let said = warnings(&editor);
    assert!(
        said.len() == 1 && said[0].contains(words),
        "{words}: {said:?}"
    );
    if let Some(mend) = mend {
        mend(editor.child.id().unwrap());
        assert_eq!(explained(&mut editor, 4).await, Value::Null, "{words}");
        assert_eq!(in_ledger(&mut editor).await, 5, "{words}");
    }
    assert!(editor.stop().await.success(), "{words}");
    assert_eq!(put_aside(&home.data), Vec::<String>::new(), "{words}");
}

#[tokio::test]
async fn a_ledger_of_a_newer_gloss_is_left_as_it_is() {
    let home = Home::new().await;
    let ledger = || Connection::open(home.ledger()).unwrap();
    let known = ledger().pragma_query_value(None, "user_version", |row| row.get(0));
    let known: u32 = known.unwrap();
    let version = |version: u32| {
        ledger()
            .pragma_update(None, "user_version", version)
            .unwrap();
    };
    version(99);
    let before = std::fs::read(home.ledger()).unwrap();
    let editor = home.editor(None).await;
    check_goes_on(&home, editor, "written by a newer Gloss", None).await;
    assert!(before == std::fs::read(home.ledger()).unwrap());
    let log = std::fs::read_to_string(home.data.join("gloss.log")).unwrap();
    let said = "3 requests are missing from the ledger";
    assert!(log.lines().next_back().unwrap().contains(said), "{log}");
    let editor = home.editor(None).await;
    let mend = |_| version(known);
    check_goes_on(&home, editor, "written by a newer Gloss", Some(&mend)).await;
    assert_eq!(home.rows(), 5);
}

#[tokio::test]
async fn a_ledger_that_another_program_locks_for_seconds_gets_its_rows_later() {
    let home = Home::new().await;
    let other = Connection::open(home.ledger()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut editor = home.editor(None).await;
    let mut jobs = 0;
    while warnings(&editor).is_empty() {
        jobs += 1;
        assert_eq!(explained(&mut editor, jobs).await, Value::Null);
    }
    assert!(warnings(&editor)[0].contains("is locked"));
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(explained(&mut editor, jobs + 1).await, Value::Null);
    assert_eq!(in_ledger(&mut editor).await, jobs + 2);
    assert_eq!(warnings(&editor).len(), 1);
    assert!(editor.stop().await.success());
    assert_eq!(home.rows(), i64::try_from(jobs).unwrap() + 2);
    assert_eq!(put_aside(&home.data), Vec::<String>::new());
}

/// How long another program may take to copy the ledger.
const COPYING: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_ledger_that_is_locked_as_the_editor_leaves_gets_its_rows() {
    let home = Home::new().await;
    let other = Connection::open(home.ledger()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut editor = home.editor(None).await;
    assert_eq!(explained(&mut editor, 1).await, Value::Null);
    editor.request("shutdown", Value::Null).await.unwrap();
    editor.notify("exit", Value::Null).await;
    tokio::time::sleep(COPYING).await;
    other.execute_batch("COMMIT").unwrap();
    assert!(editor.exited().await.success());
    assert_eq!(home.rows(), 2);
}

#[tokio::test]
async fn a_damaged_ledger_is_put_aside_as_it_was_and_begun_anew() {
    let home = Home::new().await;
    // As an idle Gloss leaves it: what is in the log would stand for pages of the file.
    let ledger = Connection::open(home.ledger()).unwrap();
    ledger
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(ledger);
    let mut damaged = std::fs::read(home.ledger()).unwrap();
    damaged[4096..].fill(0x5a);
    std::fs::write(home.ledger(), &damaged).unwrap();
    let mut editor = home.editor(None).await;
    for number in 1..=2 {
        assert_eq!(explained(&mut editor, number).await, Value::Null);
    }
    let mut aside = put_aside(&home.data);
    aside.retain(|name| !name.ends_with("-wal") && !name.ends_with("-shm"));
    let said = warnings(&editor);
    assert!(aside.len() == 1 && said.len() == 1, "{aside:?}: {said:?}");
    assert!(said[0].contains(&aside[0]), "{said:?}");
    assert!(damaged == std::fs::read(home.data.join(&aside[0])).unwrap());
    assert_eq!(in_ledger(&mut editor).await, 2);
    assert!(editor.stop().await.success());
    assert_eq!(home.rows(), 2);
}

/// Scripts mount here in a namespace of their own, for which no rights are needed where
/// the system allows it at all.
#[cfg(target_os = "linux")]
fn has_to_mount() {
    let script = "mount -t tmpfs none /mnt";
    let arguments = ["--map-root-user", "--mount", "sh", "-c", script];
    let tried = std::process::Command::new("unshare")
        .args(arguments)
        .output();
    assert!(
        tried.is_ok_and(|output| output.status.success()),
        "`unshare` has to mount here, for a full disk and one to read alone: allow user namespaces, or be root"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_costs_no_row() {
    has_to_mount();
    // The ledger's log stands beside it for as long as somebody has it open.
    for is_open_elsewhere in [false, true] {
        let home = Home::new().await;
        let elsewhere = Connection::open(home.ledger()).unwrap();
        let pragma = elsewhere.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        pragma.unwrap();
        let elsewhere = is_open_elsewhere.then_some(elsewhere);
        assert_eq!(home.data.join("gloss.db-shm").exists(), is_open_elsewhere);
        // A disk of its own, with the ledger on it and no byte left, until something is deleted.
        let data = home.data.display();
        let script = format!(
            "mkdir {data}/../disk && mount -t tmpfs -o size=4m none {data}/../disk \
             && cp {data}/* {data}/../disk && mount --move {data}/../disk {data} \
             && ! cat /dev/zero 2>/dev/null >{data}/ballast"
        );
        let editor = home.editor(Some(script)).await;
        let ballast = home.data.join("ballast");
        let mend = |process: u32| {
            let inside = format!("/proc/{process}/root{}", ballast.display());
            std::fs::remove_file(inside).unwrap();
        };
        check_goes_on(&home, editor, "the disk is full", Some(&mend)).await;
        drop(elsewhere);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_folder_that_can_only_be_read_stops_no_job() {
    has_to_mount();
    let home = Home::new().await;
    let data = home.data.display();
    let script = format!("mount --bind {data} {data} && mount -o remount,bind,ro {data}");
    let before = std::fs::read(home.ledger()).unwrap();
    let editor = home.editor(Some(script)).await;
    check_goes_on(
        &home,
        editor,
        "cannot be written: check its permissions",
        None,
    )
    .await;
    assert!(before == std::fs::read(home.ledger()).unwrap());
}
