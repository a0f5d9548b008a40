//! Many threads and processes on one file, and one that is killed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

#[test]
fn many_writers_lose_no_row() {
    let folder = folder();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let folder = &folder;
            scope.spawn(move || {
                let store = store(folder);
                (0..100).for_each(|_| store.record(row(&format!("/{writer}"))));
                assert!(flushed(&store), "{:?}", store.take_notices());
            });
        }
    });
    let report = store(&folder).usage(&Query::default()).unwrap();
    assert_eq!((report.total.requests, report.rows.len()), (800, 8));
    assert!(report.rows.iter().all(|line| line.totals.requests == 100));
}

/// Where the child of a test finds the folder.
const CHILD_FOLDER: &str = "GLOSS_TEST_STORE";

/// This test binary again, running only the test `name`, which then is the child.
fn child(name: &str, folder: &TempDir) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            &format!("store::tests::company::{name}"),
        ])
        .env(CHILD_FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn child_store() -> Option<Store> {
    std::env::var_os(CHILD_FOLDER).map(|folder| Store::new(PathBuf::from(folder)))
}

#[test]
fn many_processes_lose_no_row() {
    if let Some(store) = child_store() {
        (0..100).for_each(|_| store.record(row("/w")));
        assert!(flushed(&store), "{:?}", store.take_notices());
        return;
    }
    let folder = folder();
    let children: Vec<Child> = (0..6)
        .map(|_| child("many_processes_lose_no_row", &folder))
        .collect();
    for child in children {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    assert_eq!(requests(&store(&folder)), 600);
}

#[test]
fn a_kill_loses_nothing_that_was_written() {
    if let Some(store) = child_store() {
        for written in 1_u64.. {
            store.record(row("/w"));
            assert!(store.flush(SOON));
            println!("\nwritten {written}");
        }
    }
    let folder = folder();
    let mut child = child("a_kill_loses_nothing_that_was_written", &folder);
    let written = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("written ")?.parse::<u64>().ok())
        .find(|written| *written == 50);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(written, Some(50));
    assert!(requests(&store(&folder)) >= 50);
    assert_eq!(put_aside(&folder), Vec::<String>::new());
}
