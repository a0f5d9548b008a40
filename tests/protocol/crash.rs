//! Killed at whatever moment, Gloss has lost nothing that it told of, and left nothing half done.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::api::{Api, Held};
use super::editor::{Editor, Setup};
use super::ledger::put_aside;

/// How often it is killed where the environment names no other number.
const KILLS: u64 = 10;

/// How many jobs run at any moment.
const AT_ONCE: usize = 40;

/// A kill comes within this after the first job was asked for.
const WINDOW: Duration = Duration::from_millis(1500);

/// A function of which a refactoring changes every fourth line.
fn function(name: &str, is_refactored: bool) -> String {
    let lines = (0..80).map(|n| match n % 4 {
        0 if is_refactored => format!("    let x = x + {n};\n"),
        _ => format!("    let x = {n} + x;\n"),
    });
    let body: String = lines.collect();
    format!("fn {name}(x: u32) -> u32 {{\n{body}    x\n}}\n")
}

/// The function that was asked about, refactored.
fn answer(held: &Held) -> String {
    let range = held.range().unwrap_or_default();
    format!("```rust\n{}```\n", function(name_in(&range), true))
}

fn name_in(code: &str) -> &str {
    let name = code.strip_prefix("fn ").and_then(|it| it.split_once('('));
    name.map_or("none", |(name, _)| name)
}

/// Which moment the `n`th kill comes at: spread evenly, and the same in every run.
fn moment(n: u64) -> Duration {
    let mixed = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    WINDOW.mul_f64(mixed as f64 / f64::from(1 << 24))
}

/// Begins jobs, each about a file of its own and another when one is finished, without end.
/// The files of the latter are told.
async fn work(editor: &mut Editor, round: u64, done: &mut Vec<String>) {
    for number in 0_usize.. {
        let name = format!("killed_{round}_{number}");
        let text = function(&name, false);
        let uri = editor.open(&format!("{name}.rs"), "rust", &text).await;
        let command = ["gloss.explain", "gloss.refactor"][number % 2];
        editor.job(command, &uri, (0, 4), (0, 4)).await;
        if number >= AT_ONCE {
            done.push(file_of(&editor.wait(is_finished).await));
        }
    }
}

fn is_finished(message: &Value) -> bool {
    message["method"] == "gloss/finished"
}

/// The name of the file whose job was done.
fn file_of(finished: &Value) -> String {
    let params = &finished["params"];
    assert_eq!(params["error"], Value::Null, "{params}");
    let uri = params["uri"].as_str().unwrap();
    uri.rsplit('/').next().unwrap().to_owned()
}

/// How many rows of success the ledger has of each file. It is a copy that is looked at, so that
/// it is the next Gloss that finds what was left behind.
fn booked(data: &Path) -> HashMap<String, usize> {
    let copy = tempfile::tempdir().unwrap();
    for name in ["gloss.db", "gloss.db-wal"] {
        if data.join(name).exists() {
            std::fs::copy(data.join(name), copy.path().join(name)).unwrap();
        }
    }
    let ledger = Connection::open(copy.path().join("gloss.db")).unwrap();
    let verdict = ledger.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    assert_eq!(verdict.unwrap(), "ok");
    let mut counts = HashMap::new();
    let Ok(mut rows) = ledger.prepare("SELECT file FROM request WHERE status = 'ok'") else {
        // Killed before there was a table.
        return counts;
    };
    let files = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
    for file in files {
        *counts.entry(file.unwrap()).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn killed_at_any_moment_it_has_lost_nothing_that_it_told_of() {
    let kills = std::env::var("GLOSS_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let api = Api::start().await;
    let mut setup = Setup::streaming(&api.url);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    setup
        .environment
        .push(("GLOSS_DATA_DIR", data.display().to_string()));
    setup.options = json!({ "concurrency": 16 });
    api.answer_all(answer);
    let (mut told, mut edited) = (Vec::new(), 0);
    for round in 0..kills {
        let mut editor = Editor::start(&setup).await;
        let work = work(&mut editor, round, &mut told);
        let _ = tokio::time::timeout(moment(round), work).await;
        editor.kill().await;
        let last = editor.heard.iter().filter(|message| is_finished(message));
        told.extend(last.map(file_of));
        let booked = booked(&data);
        for file in &told {
            assert_eq!(booked.get(file), Some(&1), "kill {round}: {file}");
        }
        assert_eq!(put_aside(&data), Vec::<String>::new(), "kill {round}");
        for uri in editor.documents.uris() {
            let text = editor.text(uri);
            let name = name_in(&text);
            assert!(
                [function(name, false), function(name, true)].contains(&text),
                "kill {round}: half an edit: {text}"
            );
            edited += usize::from(text == function(name, true));
        }
    }
    // What the kills left behind is a ledger that Gloss itself reads and goes on with.
    let mut editor = Editor::start(&setup).await;
    let usage = editor.execute("gloss.usage", json!({})).await.unwrap();
    let requests = usage["total"]["requests"].as_u64().unwrap();
    assert!(requests >= told.len() as u64, "{usage}");
    assert_eq!(put_aside(&data), Vec::<String>::new());
    assert!(editor.stop().await.success());
    println!(
        "{kills} kills: {} jobs told of, {edited} edits whole, {requests} requests in the ledger",
        told.len()
    );
}
