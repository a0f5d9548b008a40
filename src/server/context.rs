//! What a job may know beside its document: what else is open, and what the editor's other
//! language servers say when they are asked.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::convert;
use super::protocol as lsp;
use super::state::{Server, place};
use crate::action;
use crate::config::Scope;
use crate::document::Snapshot;
use crate::engine::{Engine, Hint, Neighbour, work};

/// How long the editor may take to say what others know.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many definitions and types are taken.
const MOST: usize = 50;
/// How many uses are.
const MOST_USES: usize = 5;
/// More of one text than is told anyway, in bytes.
const LONGEST: usize = 16 * 1024;
/// The most open documents that are looked into.
const MOST_OPEN: usize = 200;

/// The documents that are open beside this one, by uri, so that their order never changes.
pub fn open_beside(server: &Server, snapshot: &Snapshot) -> Vec<Snapshot> {
    let state = server.state();
    if state.engine.settings().context != Scope::Workspace {
        return Vec::new();
    }
    let mut others: Vec<_> = state.documents.uris().cloned().collect();
    others.sort();
    let others = others.iter().filter(|uri| **uri != snapshot.uri);
    others
        .filter_map(|uri| state.documents.snapshot(uri))
        .take(MOST_OPEN)
        .collect()
}

/// Where open documents stand. Reads the disk, so not for the threads that answer.
pub fn neighbours(open: Vec<Snapshot>, folders: &[PathBuf]) -> Vec<Neighbour> {
    let neighbour = |snapshot: Snapshot| Neighbour {
        place: place(&snapshot.uri, folders),
        snapshot,
    };
    open.into_iter().map(neighbour).collect()
}

/// What the editor's other language servers know about what a selection is about, as far as the
/// editor tells in time. An editor that errs, is late or says what makes no sense has nothing to
/// tell.
pub async fn hints(
    server: &Server,
    engine: &Engine,
    snapshot: &Snapshot,
    selection: &Range<usize>,
) -> Vec<Hint> {
    let (asks, folders, encoding) = {
        let state = server.state();
        let traits = &state.traits;
        (traits.context, state.folders.clone(), traits.encoding)
    };
    if !asks || engine.settings().context != Scope::Workspace {
        return Vec::new();
    }
    let Ok(uri) = snapshot.uri.parse() else {
        return Vec::new();
    };
    let syntax = server.trees.of(snapshot, PATIENCE).await;
    let Some(subject) = action::subject(&snapshot.text, syntax.as_deref(), selection) else {
        return Vec::new();
    };
    let range = convert::range(&snapshot.text, &subject.range, encoding);
    let params = lsp::ContextParams { uri, range };
    let reply = server.client.send_request::<lsp::Context>(params);
    let Ok(Ok(reply)) = tokio::time::timeout(PATIENCE, reply).await else {
        return Vec::new();
    };
    let hints = work::for_job(move || hints_in(&reply, &folders));
    hints.await.unwrap_or_default()
}

/// What a reply says that can be understood, each list cut to its bound.
fn hints_in(reply: &Value, folders: &[PathBuf]) -> Vec<Hint> {
    let listed = |name: &str, is_use: bool| {
        let list = reply.get(name).and_then(Value::as_array);
        let hints = list.into_iter().flatten();
        hints.filter_map(move |value| hint(value, is_use, folders))
    };
    let definitions = listed("definitions", false).take(MOST);
    let types = listed("types", false).take(MOST);
    let uses = listed("references", true).take(MOST_USES);
    definitions.chain(types).chain(uses).collect()
}

fn hint(value: &Value, is_use: bool, folders: &[PathBuf]) -> Option<Hint> {
    let uri = value.get("uri")?.as_str()?;
    let line = value.pointer("/range/start/line")?.as_u64()?;
    let text = value.get("text")?.as_str()?;
    Some(Hint {
        place: place(uri, folders),
        line: usize::try_from(line).ok()?.checked_add(1)?,
        text: crate::text::up_to_line_end(text, LONGEST).to_owned(),
        is_use,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reply_is_understood_as_far_as_it_makes_sense() {
        let at = |line: i64| json!({ "start": { "line": line, "character": 0 } });
        let good = json!({ "uri": "untitled:a", "range": at(2), "text": "fn a()" });
        let check = |reply: Value, expected: &[(usize, bool)]| {
            let hints = hints_in(&reply, &[]);
            let told: Vec<_> = hints.iter().map(|hint| (hint.line, hint.is_use)).collect();
            assert_eq!(told, expected, "{reply}");
        };
        check(json!(null), &[]);
        check(json!("words"), &[]);
        check(json!({}), &[]);
        check(
            json!({ "definitions": null, "types": {}, "references": [good] }),
            &[(3, true)],
        );
        check(
            json!({ "references": [good], "types": [good], "definitions": [good] }),
            &[(3, false), (3, false), (3, true)],
        );
        check(
            json!({ "definitions": [
                null, 7, {}, good,
                { "uri": 1, "range": at(1), "text": "" },
                { "uri": "untitled:a", "range": at(-1), "text": "" },
                { "uri": "untitled:a", "text": "" },
                { "uri": "untitled:a", "range": at(1), "text": null },
            ] }),
            &[(3, false)],
        );
        let many = |name: &str| hints_in(&json!({ name: vec![good.clone(); 500] }), &[]).len();
        assert_eq!((many("definitions"), many("references")), (MOST, MOST_USES));
    }
}
