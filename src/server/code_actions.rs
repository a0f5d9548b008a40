//! What is offered at a place. Asks nobody anything, and waits for a parse only a moment.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::configuration::{self, AsOf};
use super::protocol as lsp;
use super::state::Server;
use super::{convert, links};
use crate::action;
use crate::config::{Outcome, OwnAction, is_kind_below};
use crate::document::Snapshot;
use crate::engine::{self, Engine};
use crate::image::{Alt, ImageLink, Problem};
use crate::syntax::Language;
use crate::text::{Shifted, visible};

const EXPLAIN: &str = "gloss.explain";
const DESCRIBE: &str = "gloss.describe";
const CANCEL: &str = "gloss.cancel";
const REFACTOR: &str = "refactor.rewrite";
const WHOLE_FILE: &str = "source.gloss";

const QUICK_FIX: &str = "quickfix";

/// The longest message that stands in a title, in characters.
const LONGEST_TITLE: usize = 60;

/// How long the menu may wait for a parse (20 ms in all).
const PATIENCE: Duration = Duration::from_millis(18);

/// The kinds that are ever offered.
pub fn kinds() -> Vec<lsp::CodeActionKind> {
    [EXPLAIN, DESCRIBE, CANCEL, REFACTOR, QUICK_FIX, WHOLE_FILE]
        .map(lsp::CodeActionKind::from)
        .to_vec()
}

/// The actions for a place.
pub async fn offered(
    server: &Server,
    params: lsp::CodeActionParams,
) -> lsp::Result<Option<lsp::CodeActionResponse>> {
    let uri = params.text_document.uri.as_str().to_owned();
    let (snapshot, selection, cancels, engine) = {
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
        (snapshot, selection, cancels, state.engine_for(&uri))
    };
    let mut problems: Vec<_> = worst(&params.context.diagnostics)
        .map(|worst| on_problem(&uri, worst, params.range))
        .into_iter()
        .flatten()
        .collect();
    let place = json!({ "uri": uri, "range": params.range });
    let linked = links_of(server, &snapshot);
    // Automatic requests come with every move of the cursor; all else is for any place, not
    // for that very spot.
    if params.context.trigger_kind == Some(lsp::CodeActionTriggerKind::AUTOMATIC) {
        let linked = linked.await;
        let link = links::innermost(&linked, selection.start);
        let missing = link.filter(|link| link.alt == Alt::Missing);
        problems.extend(missing.and_then(|link| alt_text(link, &place, &params.context)));
        return Ok(Some(asked_for(problems, params.context.only.as_deref())));
    }
    let mut actions = cancels;
    actions.append(&mut problems);
    let parsed = server.trees.of(&snapshot, PATIENCE);
    let engine = own_engine(server, &uri, engine);
    let (syntax, linked, engine) = tokio::join!(parsed, linked, engine);
    let link = links::innermost(&linked, selection.start);
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
        let own = engine.settings().actions.iter();
        for own in own.filter(|own| is_for(own, &snapshot)) {
            let kind = own.kind.clone().unwrap_or_else(|| match own.outcome {
                Outcome::Explain => EXPLAIN.to_owned(),
                Outcome::Edit => REFACTOR.to_owned(),
            });
            let argument = json!({ "action": own.name, "uri": uri, "range": params.range });
            actions.push(command(&own.title, kind, "gloss.run", argument));
        }
    }
    if syntax.is_some_and(|syntax| engine::has_functions(&syntax)) {
        actions.push(command(
            "Explain every function in this file",
            WHOLE_FILE,
            "gloss.explainFile",
            json!({ "uri": uri }),
        ));
    }
    if let Some(link) = link {
        let title = format!("Describe image {}", visible(&link.file_name()));
        actions.push(command(
            &title,
            DESCRIBE,
            "gloss.describeImage",
            place.clone(),
        ));
        actions.extend(alt_text(link, &place, &params.context));
    }
    let lacks_alt = |link: &ImageLink| link.alt == Alt::Missing && link.takes_alt();
    if linked.iter().any(lacks_alt) {
        actions.push(command(
            "Write missing alt text in this file",
            WHOLE_FILE,
            "gloss.writeAllAltText",
            json!({ "uri": uri }),
        ));
    }
    Ok(Some(asked_for(actions, params.context.only.as_deref())))
}

/// The links of a document that are found within the moment that a menu may wait.
async fn links_of(server: &Server, snapshot: &Snapshot) -> Arc<Vec<ImageLink>> {
    if !links::may_have(snapshot) {
        return Arc::default();
    }
    let found = server.links.of(snapshot, PATIENCE).await;
    found.unwrap_or_default()
}

/// To write a link's alternative text, where it has a place: a quick fix for what Gloss itself found
/// missing.
fn alt_text(
    link: &ImageLink,
    place: &serde_json::Value,
    context: &lsp::CodeActionContext,
) -> Option<lsp::CodeAction> {
    if !link.takes_alt() {
        return None;
    }
    let title = format!("Write alt text for {}", visible(&link.file_name()));
    let kind = if link.alt == Alt::Missing {
        QUICK_FIX
    } else {
        REFACTOR
    };
    let code = Problem::MissingAlt(String::new()).code();
    let is_about_it = |diagnostic: &&lsp::Diagnostic| {
        let is_code =
            |it: &lsp::NumberOrString| *it == lsp::NumberOrString::String(code.to_owned());
        diagnostic.source.as_deref() == Some("gloss")
            && diagnostic.code.as_ref().is_some_and(is_code)
    };
    let diagnostics: Vec<_> = context
        .diagnostics
        .iter()
        .filter(is_about_it)
        .cloned()
        .collect();
    Some(lsp::CodeAction {
        diagnostics: (kind == QUICK_FIX && !diagnostics.is_empty()).then_some(diagnostics),
        ..command(&title, kind, "gloss.writeAltText", place.clone())
    })
}

/// The engine by the document's own workspace; where that is not known within the moment that a
/// menu may wait, the one for all.
async fn own_engine(server: &Server, uri: &str, known: Option<AsOf>) -> Engine {
    if let Some(known) = known {
        return known.engine;
    }
    let reading = configuration::engine_at(server, uri, None);
    let read = tokio::time::timeout(PATIENCE, reading).await;
    read.unwrap_or_else(|_| server.state().engine.clone())
}

/// Those of the kinds that were asked for.
fn asked_for(
    actions: Vec<lsp::CodeAction>,
    only: Option<&[lsp::CodeActionKind]>,
) -> lsp::CodeActionResponse {
    let asked = actions
        .into_iter()
        .filter(|action| is_asked_for(action, only));
    asked.map(lsp::CodeActionOrCommand::CodeAction).collect()
}

/// The most severe of what others found here; the first of those. Gloss's own are for its own
/// actions.
fn worst(diagnostics: &[lsp::Diagnostic]) -> Option<&lsp::Diagnostic> {
    let others = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.source.as_deref() != Some("gloss"));
    others.min_by_key(|diagnostic| {
        diagnostic
            .severity
            .unwrap_or(lsp::DiagnosticSeverity::ERROR)
    })
}

/// A fix and an explanation. They are about the selection if it holds the problem, else about
/// what stands around the problem's first letter.
fn on_problem(uri: &str, problem: &lsp::Diagnostic, selected: lsp::Range) -> [lsp::CodeAction; 2] {
    let at = problem.range;
    let holds = selected.start <= at.start && at.end <= selected.end;
    let range = if holds && selected != at {
        selected
    } else {
        lsp::Range {
            start: at.start,
            end: at.start,
        }
    };
    let argument = json!({ "uri": uri, "range": range, "diagnostics": [problem] });
    let fix = format!("Fix: {}", in_a_title(&problem.message));
    [
        command(&fix, QUICK_FIX, "gloss.fix", argument.clone()),
        command("Explain this problem", QUICK_FIX, "gloss.explain", argument),
    ]
    .map(|action| lsp::CodeAction {
        diagnostics: Some(vec![problem.clone()]),
        ..action
    })
}

/// The first line of a message, cut at a word.
fn in_a_title(message: &str) -> String {
    let line = message.trim().lines().next().unwrap_or_default();
    let line = visible(line.trim());
    let Some((end, _)) = line.char_indices().nth(LONGEST_TITLE) else {
        return line.into_owned();
    };
    let head = line.get(..end).unwrap_or_default();
    let head = head.rsplit_once(' ').map_or(head, |(head, _)| head);
    format!("{head} …")
}

/// Whether an own action is offered in this language.
fn is_for(own: &OwnAction, snapshot: &Snapshot) -> bool {
    let fits = |language: &String| {
        language.eq_ignore_ascii_case(&snapshot.language_id)
            || (snapshot.language.is_some() && Language::from_id(language) == snapshot.language)
    };
    own.languages.is_empty() || own.languages.iter().any(fits)
}

fn command(
    title: &str,
    kind: impl Into<String>,
    command: &str,
    argument: serde_json::Value,
) -> lsp::CodeAction {
    lsp::CodeAction {
        title: title.to_owned(),
        kind: Some(lsp::CodeActionKind::from(kind.into())),
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

/// Asking for `refactor` asks for `refactor.rewrite`, too.
fn is_asked_for(action: &lsp::CodeAction, only: Option<&[lsp::CodeActionKind]>) -> bool {
    let Some(only) = only else {
        return true;
    };
    let kind = action.kind.as_ref().map_or("", lsp::CodeActionKind::as_str);
    only.iter()
        .map(lsp::CodeActionKind::as_str)
        .any(|asked| asked.is_empty() || is_kind_below(kind, asked))
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
