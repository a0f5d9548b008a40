//! How long a socket stays open after a cancel.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::api::{Call, Manner};
use super::bench::{Bench, FLOOR, GLOSS, peer_action};
use super::floor::Http;
use super::support::editor::range;
use super::support::measure::milliseconds;
use super::support::texts;
use super::table::{Floor, Hold, Peer, Row};

const RUNS: usize = 30;

/// How long the peer may take.
const PATIENCE: Duration = Duration::from_secs(3);

pub fn rows(bench: &Bench) -> Vec<Row> {
    let text = texts::code(600);
    let uri = bench.file("cancel.rs", &text);
    let mut gloss = bench.start("cancel", &Value::Null);
    gloss.open(&uri, "rust", &text);
    bench.api.forget();
    bench.api.answers(Manner::Held);
    let mut times: [Vec<f64>; 3] = Default::default();
    let closed =
        |call: Call, began: Instant| milliseconds(call.closed.unwrap().duration_since(began));
    for run in 0..RUNS {
        let at = (texts::line_of(run), 4);
        let id = gloss.job(
            "gloss.explain",
            &json!({ "uri": uri, "range": range(at, at) }),
        );
        gloss.wait(|heard| heard.method.as_deref() == Some("gloss/stream"));
        let began = Instant::now();
        gloss.notify("window/workDoneProgress/cancel", &json!({ "token": id }));
        times[GLOSS].push(closed(bench.api.call(), began));
        gloss.forget();

        let mut http = Http::to(&bench.api.url);
        http.ask();
        http.first();
        let began = Instant::now();
        drop(http);
        times[FLOOR].push(closed(bench.api.call(), began));
    }
    let mut row = Row::of(
        "cancel to the upstream socket closed",
        "ms",
        times,
        Floor::Http,
    )
    .holds_to(Hold::Most(20.0));
    if let Some(mut peer) = bench.start_peer() {
        peer.open(&uri, "rust", &text);
        bench.api.forget();
        let (id, _) = peer.begin("codeAction/resolve", &peer_action(&uri, texts::line_of(1)));
        bench.api.asked().expect("the peer asks");
        let began = Instant::now();
        peer.notify("$/cancelRequest", &json!({ "id": id }));
        row.peer = match bench.api.call_within(PATIENCE) {
            Some(call) => Peer::Figure(super::table::Figure::new(closed(call, began), "ms")),
            None => Peer::Cannot("not in 3 s"),
        };
    }
    bench.api.answers(Manner::Whole(Duration::ZERO));
    vec![row]
}
