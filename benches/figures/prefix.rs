//! How much of each prompt begins as the one before it did: what the API bills at a fifth.

use serde_json::{Value, json};

use super::bench::{Bench, peer_action};
use super::support::editor::{Editor, range};
use super::support::texts;
use super::table::{Figure, Hold, Peer, Row};

/// How many functions of a file are explained, one after the other.
const EXPLAINED: usize = 30;

pub fn rows(bench: &Bench) -> Vec<Row> {
    let text = texts::code(600);
    let uri = bench.file("prefix.rs", &text);
    let mut gloss = bench.start("prefix", &Value::Null);
    gloss.open(&uri, "rust", &text);
    bench.api.forget();
    let prompts = (0..EXPLAINED).map(|n| explained(bench, &mut gloss, &uri, n));
    let prompts: Vec<_> = prompts.collect();

    let peer = bench.start_peer().map(|mut peer| {
        peer.open(&uri, "rust", &text);
        let prompts = (0..EXPLAINED).map(|n| {
            let action = peer_action(&uri, texts::line_of(n));
            peer.ask("codeAction/resolve", &action);
            prompt(&bench.api.asked().expect("the peer asks"))
        });
        least_shared(&prompts.collect::<Vec<_>>())
    });
    vec![
        Row {
            what: format!("going on in a file: least prefix shared, of {EXPLAINED}"),
            gloss: least_shared(&prompts),
            floor: None,
            hold: Hold::Least(80.0),
            peer: peer.map_or(Peer::Absent, Peer::Figure),
        },
        Row {
            what: "  after an edit: bytes changed before its part".to_owned(),
            gloss: Figure::new(changed_early(bench, &mut gloss, &uri) as f64, "bytes"),
            floor: None,
            hold: Hold::Most(0.0),
            peer: Peer::Absent,
        },
    ]
}

/// Explains function `n`; gives what the API was asked.
fn explained(bench: &Bench, gloss: &mut Editor, uri: &str, n: usize) -> String {
    let at = (texts::line_of(n), 4);
    let argument = json!({ "uri": uri, "range": range(at, at), "again": true });
    let id = gloss.job("gloss.explain", &argument);
    let asked = bench.api.asked().expect("a job asks the API");
    gloss.finished(&id);
    prompt(&asked)
}

/// The bytes that differ before the first part of a prompt whose source was edited, over edits in
/// ever other functions: the file itself is that part.
fn changed_early(bench: &Bench, gloss: &mut Editor, uri: &str) -> usize {
    let mut early = 0;
    let mut before = explained(bench, gloss, uri, 20);
    for edited in [0, 7, 19, 21, 40] {
        let typed = gloss.typed(uri, texts::line_of(edited) + 1, 4, 4, "let x = 1; ");
        gloss.send(&typed);
        let after = explained(bench, gloss, uri, 20);
        let part = before.find("<file-").expect("the file is told");
        early += part.saturating_sub(alike(&before, &after));
        assert_ne!(before, after);
        before = after;
    }
    early
}

/// The least share of a prompt that is a prefix of the one before it, too, in percent.
fn least_shared(prompts: &[String]) -> Figure {
    let pairs = prompts.windows(2);
    let shares = pairs.map(|pair| alike(&pair[0], &pair[1]) as f64 / pair[1].len() as f64);
    Figure::new(100.0 * shares.fold(1.0, f64::min), "%")
}

fn alike(one: &str, other: &str) -> usize {
    let bytes = one.bytes().zip(other.bytes());
    bytes.take_while(|(a, b)| a == b).count()
}

/// All that the model reads, in its order.
fn prompt(body: &Value) -> String {
    let messages = body["messages"].as_array().unwrap().iter();
    messages
        .map(|message| match &message["content"] {
            Value::String(text) => text.clone(),
            parts => parts
                .as_array()
                .unwrap()
                .iter()
                .map(|part| part["text"].as_str().unwrap_or_default())
                .collect(),
        })
        .collect()
}
