//! What is offered at a place. Asks nobody anything, and waits for a parse only a moment.

use std::ops::Range;
use std::time::Duration;

use serde_json::json;

use super::protocol as lsp;
use super::state::Server;
use super::{convert, links};
use crate::action;
use crate::text::Shifted;

const EXPLAIN: &str = "gloss.explain";
const DESCRIBE: &str = "gloss.describe";
const CANCEL: &str = "gloss.cancel";
const REFACTOR: &str = "refactor.rewrite";

/// How long the menu may wait for a parse (20 ms in all).
const PATIENCE: Duration = Duration::from_millis(18);

/// The kinds that are ever offered.
pub fn kinds() -> Vec<lsp::CodeActionKind> {
    [EXPLAIN, DESCRIBE, CANCEL, REFACTOR]
        .map(lsp::CodeActionKind::from)
        .to_vec()
}

/// The actions for a place.
pub async fn offered(
    server: &Server,
    params: lsp::CodeActionParams,
) -> lsp::Result<Option<lsp::CodeActionResponse>> {
    let uri = params.text_document.uri.as_str().to_owned();
    let (snapshot, selection, cancels) = {
        let state = server.state();
        let Some(snapshot) = state.snapshot(&uri) else {
            return Ok(None);
        };
        let selection = convert::bytes(&snapshot.text, params.range, state.traits.encoding);
        let cancels: Vec<_> = server
            .jobs
            .on(&uri)
            .into_iter()
            .filter(|(_, _, journal, began)| {
                let now = state.documents.since(&uri, *journal, began);
                now.is_some_and(|(Shifted::Outside(at) | Shifted::Touched(at))| {
                    touches(&at, &selection)
                })
            })
            .map(|(id, title, ..)| cancel(&id, &title))
            // A menu is for a person.
            .take(5)
            .collect();
        (snapshot, selection, cancels)
    };
    // Automatic requests come with every move of the cursor; what Gloss offers so far is for
    // any place, not for that very spot.
    if params.context.trigger_kind == Some(lsp::CodeActionTriggerKind::AUTOMATIC) {
        return Ok(Some(Vec::new()));
    }
    let place = json!({ "uri": uri, "range": params.range });
    let mut actions = cancels;
    let parsed = server.trees.of(&snapshot, PATIENCE);
    let linked = links::link_at(server, &snapshot, selection.start, PATIENCE);
    let (syntax, link) = tokio::join!(parsed, linked);
    if let Some(subject) = action::subject(&snapshot.text, syntax.as_deref(), &selection) {
        let what = subject.title();
        actions.push(command(
            &format!("Explain {what}"),
            EXPLAIN,
            "gloss.explain",
            place.clone(),
        ));
        actions.push(command(
            &format!("Refactor {what}"),
            REFACTOR,
            "gloss.refactor",
            place.clone(),
        ));
    }
    if let Some(link) = link {
        let title = format!("Describe image {}", links::file_name(&link.target));
        actions.push(command(&title, DESCRIBE, "gloss.describeImage", place));
    }
    actions.retain(|action| is_asked_for(action, params.context.only.as_deref()));
    Ok(Some(
        actions
            .into_iter()
            .map(lsp::CodeActionOrCommand::CodeAction)
            .collect(),
    ))
}

fn command(
    title: &str,
    kind: &'static str,
    command: &str,
    argument: serde_json::Value,
) -> lsp::CodeAction {
    lsp::CodeAction {
        title: title.to_owned(),
        kind: Some(lsp::CodeActionKind::from(kind)),
        command: Some(lsp::Command {
            title: title.to_owned(),
            command: command.to_owned(),
            arguments: Some(vec![argument]),
        }),
        ..lsp::CodeAction::default()
    }
}

fn cancel(id: &str, title: &str) -> lsp::CodeAction {
    command(
        &format!("Cancel: {title}"),
        CANCEL,
        "gloss.cancel",
        json!({ "id": id }),
    )
}

fn touches(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start <= b.end && b.start <= a.end
}

/// Kinds form a hierarchy by dots: asking for `refactor` asks for `refactor.rewrite`, too.
fn is_asked_for(action: &lsp::CodeAction, only: Option<&[lsp::CodeActionKind]>) -> bool {
    let Some(only) = only else {
        return true;
    };
    let kind = action.kind.as_ref().map_or("", lsp::CodeActionKind::as_str);
    only.iter().any(|asked| {
        let asked = asked.as_str();
        asked.is_empty()
            || kind == asked
            || kind
                .strip_prefix(asked)
                .is_some_and(|rest| rest.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_asks_for_a_kind_and_all_below_it() {
        let check = |only: &[&'static str], asked: bool| {
            let kinds: Vec<_> = only
                .iter()
                .map(|kind| lsp::CodeActionKind::from(*kind))
                .collect();
            let action = command("t", REFACTOR, "c", json!({}));
            assert_eq!(is_asked_for(&action, Some(&kinds)), asked, "{only:?}");
        };
        check(&["refactor"], true);
        check(&["refactor.rewrite"], true);
        check(&["refactor.re"], false);
        check(&["refactor.rewrite.more"], false);
        check(&["quickfix", "refactor"], true);
        check(&[""], true);
        check(&[], false);
    }
}
