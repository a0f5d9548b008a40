//! How long a server takes to start, what it then holds, and what after its first answer.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::api::authority;
use super::bench::{Bench, FLOOR, GLOSS, PEER, peer_action};
use super::floor;
use super::support::measure::{mebibytes, median, milliseconds};
use super::support::texts;
use super::table::{Figure, Floor, Hold, Peer, Row};
use crate::support;
use crate::support::editor::{Editor, range};

const RUNS: usize = 60;
const FIRST_ANSWERS: usize = 5;

/// Longer than a ledger takes for its row.
const REST: Duration = Duration::from_millis(300);

pub fn rows(bench: &Bench) -> Vec<Row> {
    let mut times: [Vec<f64>; 3] = Default::default();
    let mut memory: [Vec<f64>; 3] = Default::default();
    let data = bench.data("start");
    for _ in 0..RUNS {
        // By turns, so that whatever else the machine does falls on all.
        let commands = [
            Some(bench.gloss(&data)),
            Some(floor::server()),
            bench.peer(),
        ];
        for (n, command) in commands.into_iter().enumerate() {
            let Some(command) = command else { continue };
            let options = if n == PEER {
                bench.peer_options()
            } else {
                Value::Null
            };
            let began = Instant::now();
            let mut editor = Editor::spawn(command);
            editor.initialize(None, &options);
            times[n].push(milliseconds(began.elapsed()));
            memory[n].push(mebibytes(editor.resident()));
        }
    }
    vec![
        Row::of("spawn to `initialize` answered", "ms", times, Floor::Bare)
            .holds_to(Hold::Ratio(1.3)),
        Row::of("resident after that", "MiB", memory, Floor::Bare).holds_to(Hold::Most(6.0)),
        first_answer(bench),
    ]
}

fn first_answer(bench: &Bench) -> Row {
    let text = texts::code(200);
    let uri = bench.file("first.rs", &text);
    let mut memory: [Vec<f64>; 3] = Default::default();
    for n in 0..FIRST_ANSWERS {
        let data = bench.data(&format!("first-{n}"));
        let folder = bench.workspace();
        let gloss = bench.gloss_by_tls(&data);
        let mut gloss = Editor::start(gloss, Some(&folder), &Value::Null);
        gloss.open(&uri, "rust", &text);
        let at = range((texts::line_of(3), 4), (texts::line_of(3), 4));
        let id = gloss.job("gloss.explain", &json!({ "uri": uri, "range": at }));
        gloss.finished(&id);
        std::thread::sleep(REST);
        memory[GLOSS].push(mebibytes(gloss.resident()));

        let bare = floor::server_with_client(&bench.tls.url, &authority(), &data);
        let mut bare = Editor::start(bare, Some(&folder), &Value::Null);
        bare.open(&uri, "rust", &text);
        let (answer, _) = bare.ask("workspace/executeCommand", &json!({ "command": "ask" }));
        assert!(answer["result"].is_u64(), "{answer}");
        memory[FLOOR].push(mebibytes(bare.resident()));

        if let Some(mut peer) = bench.start_peer() {
            peer.open(&uri, "rust", &text);
            let action = peer_action(&uri, texts::line_of(3));
            let (answer, _) = peer.ask("codeAction/resolve", &action);
            assert!(answer["result"]["edit"].is_object(), "{answer}");
            memory[PEER].push(mebibytes(peer.resident()));
        }
    }
    Row::of(
        "resident after the first answered job",
        "MiB",
        memory,
        Floor::Client,
    )
    .holds_to(Hold::Most(12.0))
}

/// The program's file.
pub fn binary(bench: &Bench) -> Row {
    let size = |path: &std::path::Path| {
        let bytes = std::fs::metadata(path).unwrap().len();
        Figure::new(bytes as f64 / 1e6, "MB")
    };
    let peer = bench.peer.as_deref().map(size);
    Row {
        what: "the program's file, all grammars in it".to_owned(),
        gloss: size(support::program().as_ref()),
        floor: None,
        hold: Hold::Most(30.0),
        peer: peer.map_or(Peer::Absent, Peer::Figure),
    }
}

impl Row {
    /// The medians of what was measured of Gloss, of the floor, and of the peer if it is there.
    pub fn of(what: &str, unit: &'static str, figures: [Vec<f64>; 3], floor: Floor) -> Self {
        let [gloss, bare, peer] = figures;
        let figure = |figures| Figure::new(median(figures), unit);
        Self {
            what: what.to_owned(),
            gloss: figure(gloss),
            floor: Some((figure(bare), floor)),
            hold: Hold::Nothing,
            peer: if peer.is_empty() {
                Peer::Absent
            } else {
                Peer::Figure(figure(peer))
            },
        }
    }

    pub fn holds_to(self, hold: Hold) -> Self {
        Self { hold, ..self }
    }
}
