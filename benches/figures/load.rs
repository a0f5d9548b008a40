//! How a server answers while many jobs stream into it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::api::Manner;
use super::bench::{Bench, FLOOR, GLOSS, PEER, peer_action};
use super::floor;
use super::support::editor::{Editor, at, menu, range};
use super::support::measure::{milliseconds, p99};
use super::support::texts;
use super::table::{Figure, Floor, Hold, Peer, Row};

const JOBS: usize = 64;
const ROUNDS: usize = 300;

/// Between two pieces of each answer.
const GAP: Duration = Duration::from_millis(50);

/// Between two questions of a person who does much at once.
const PAUSE: Duration = Duration::from_millis(10);

pub fn rows(bench: &Bench) -> Vec<Row> {
    let text = texts::code(JOBS * 10);
    let uri = bench.file("load.rs", &text);
    let small = bench.file("typed.rs", "fn named_0() {}\n");
    let folder = bench.workspace();
    let gloss = bench.start("load", &json!({ "concurrency": JOBS }));
    let bare = Editor::start(floor::server(), Some(&folder), &Value::Null);
    let mut all: Vec<_> = [gloss, bare]
        .into_iter()
        .chain(bench.start_peer())
        .collect();
    for editor in &mut all {
        editor.open(&uri, "rust", &text);
        editor.open(&small, "rust", "fn named_0() {}\n");
    }
    begin_jobs(bench, &mut all, &uri);

    let mut hovers = vec![Vec::new(); all.len()];
    let mut menus = hovers.clone();
    let mut edits = hovers.clone();
    for round in 0..ROUNDS {
        for (n, editor) in all.iter_mut().enumerate() {
            editor.forget();
            if n != PEER {
                let (_, took) = editor.ask("textDocument/hover", &at(&uri, 1, 4));
                hovers[n].push(milliseconds(took));
            }
            let line = texts::line_of(round % JOBS);
            let (_, took) = editor.ask("textDocument/codeAction", &menu(&uri, line, 4));
            menus[n].push(milliseconds(took));

            let digit = (round % 10).to_string();
            let typed = editor.typed(&small, 0, 9, 10, &digit);
            let began = Instant::now();
            editor.send(&typed);
            let (answer, _) = editor.ask("textDocument/codeAction", &menu(&small, 0, 4));
            edits[n].push(milliseconds(began.elapsed()));
            // What was typed counts for what is asked next, by name where the tree is there in time.
            let answer = answer.to_string();
            let is_named = answer.contains(&format!("named_{digit}"));
            assert!(
                n != GLOSS || is_named || answer.contains("selection"),
                "{answer}"
            );
        }
        std::thread::sleep(PAUSE);
    }
    bench.api.answers(Manner::Whole(Duration::ZERO));
    drop(all);
    bench.api.forget();

    let row = |what: &str, figures: &[Vec<f64>], without: Peer| {
        let figure = |n: usize| {
            let figures = figures.get(n).filter(|figures| !figures.is_empty())?;
            Some(Figure::new(p99(figures.clone()), "ms"))
        };
        Row {
            what: what.to_owned(),
            gloss: figure(GLOSS).unwrap(),
            floor: Some((figure(FLOOR).unwrap(), Floor::Bare)),
            hold: Hold::Most(5.0),
            peer: figure(PEER).map_or(without, Peer::Figure),
        }
    };
    vec![
        row("64 jobs in flight: a hover, p99", &hovers, bench.none()),
        row("  a codeAction, p99", &menus, Peer::Absent),
        row(
            "  an edit, then a codeAction that shows it, p99",
            &edits,
            Peer::Absent,
        ),
    ]
}

/// Has each server but the bare one stream as many answers as there are jobs.
fn begin_jobs(bench: &Bench, all: &mut [Editor], uri: &str) {
    bench.api.forget();
    bench.api.answers(Manner::Endless(GAP));
    for (n, editor) in all.iter_mut().enumerate().filter(|(n, _)| *n != FLOOR) {
        for job in 0..JOBS {
            let at = (texts::line_of(job), 4);
            if n == GLOSS {
                editor.job(
                    "gloss.explain",
                    &json!({ "uri": uri, "range": range(at, at) }),
                );
            } else {
                editor.begin("codeAction/resolve", &peer_action(uri, at.0));
            }
        }
        for _ in 0..JOBS {
            bench.api.asked().expect("a job asks the API");
        }
    }
}
