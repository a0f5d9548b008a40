//! What lies between the API's bytes and the editor's, for plain prose.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::api::Manner;
use super::bench::{Bench, FLOOR, GLOSS, PEER, peer_action};
use super::floor::Http;
use super::support::editor::range;
use super::support::measure::milliseconds;
use super::support::texts;
use super::table::{Floor, Hold, Row};

const RUNS: usize = 40;

/// Between two pieces: 500 tokens a second or so.
const GAP: Duration = Duration::from_millis(4);

pub fn rows(bench: &Bench) -> Vec<Row> {
    let text = texts::code(600);
    let uri = bench.file("prose.rs", &text);
    let mut gloss = bench.start("latency", &Value::Null);
    let mut peer = bench.start_peer();
    let mut http = Http::to(&bench.api.url);
    gloss.open(&uri, "rust", &text);
    if let Some(peer) = &mut peer {
        peer.open(&uri, "rust", &text);
    }
    bench.api.answers(Manner::Whole(GAP));
    let between = |wrote: Instant, came: Instant| milliseconds(came.duration_since(wrote));
    let added = |took: Duration, of: Duration| milliseconds(took.saturating_sub(of));
    let mut first: [Vec<f64>; 3] = Default::default();
    let mut last: [Vec<f64>; 3] = Default::default();
    let mut whole: [Vec<f64>; 3] = Default::default();
    bench.api.forget();
    for run in 0..RUNS {
        let at = (texts::line_of(run), 4);
        let argument = json!({ "uri": uri, "range": range(at, at) });
        let began = Instant::now();
        let id = gloss.job("gloss.explain", &argument);
        let delta = gloss.wait(|heard| heard.method.as_deref() == Some("gloss/stream"));
        let finished = gloss.finished(&id);
        let call = bench.api.call();
        first[GLOSS].push(between(call.wrote[0], delta.at));
        last[GLOSS].push(between(*call.wrote.last().unwrap(), finished.at));
        whole[GLOSS].push(added(finished.at.duration_since(began), call.took()));
        gloss.forget();

        let came = http.whole();
        let call = bench.api.call();
        first[FLOOR].push(between(call.wrote[0], came.first));
        last[FLOOR].push(between(*call.wrote.last().unwrap(), came.last));
        whole[FLOOR].push(added(came.last.duration_since(came.asked), call.took()));

        if let Some(peer) = &mut peer {
            let action = peer_action(&uri, texts::line_of(run));
            let (answer, took) = peer.ask("codeAction/resolve", &action);
            assert!(answer["result"]["edit"].is_object(), "{answer}");
            let call = bench.api.call();
            last[PEER].push(milliseconds(took) - milliseconds(call.wrote[0] - call.arrived));
            whole[PEER].push(added(took, call.took()));
        }
    }
    let first = Row::of(
        "API's bytes to editor's: first piece",
        "ms",
        first,
        Floor::Http,
    );
    vec![
        Row {
            peer: bench.none(),
            ..first.holds_to(Hold::Most(0.5))
        },
        Row::of("  the end of all of it", "ms", last, Floor::Http).holds_to(Hold::Most(1.0)),
        Row::of(
            "added to a call, from command to outcome",
            "ms",
            whole,
            Floor::Http,
        ),
    ]
}
