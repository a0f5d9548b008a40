//! Inlay hints: what a note says in a few words, at the end of its line.

use super::glosses::Standing;
use super::state::Server;
use super::{convert, notes, protocol as lsp};
use crate::answer;

/// The longest hint, in characters: editors cut longer ones.
const LONGEST: usize = 40;

/// The hints for a part of a document; `None` where they are turned off.
pub async fn hints(
    server: &Server,
    params: lsp::InlayHintParams,
) -> lsp::Result<Option<Vec<lsp::InlayHint>>> {
    let uri = params.text_document.uri.as_str();
    let (snapshot, encoding, is_wanted) = {
        let state = server.state();
        let Some(snapshot) = state.snapshot(uri) else {
            return Ok(None);
        };
        let own = state.engine_for(uri);
        let engine = own.as_ref().map_or(&state.engine, |own| &own.engine);
        let is_wanted = engine.settings().inlay_hints;
        (snapshot, state.traits.encoding, is_wanted)
    };
    if !is_wanted {
        return Ok(None);
    }
    let asked = convert::bytes(&snapshot.text, params.range, encoding);
    // The name of what is asked for may stand before it on its line.
    let lines = crate::text::whole_lines(&snapshot.text, asked.clone());
    let standing = notes::standing(server, &snapshot, lines).await;
    let hints = latest_of_each_line(standing).into_iter().filter_map(|it| {
        let (end, position) = convert::end_of_line(&snapshot.text, it.line, encoding);
        let is_asked = asked.start <= end && end <= asked.end;
        is_asked.then(|| lsp::InlayHint {
            position,
            label: lsp::InlayHintLabel::String(label(&it.note.summary)),
            kind: None,
            text_edits: None,
            tooltip: Some(lsp::InlayHintTooltip::MarkupContent(lsp::MarkupContent {
                kind: lsp::MarkupKind::Markdown,
                value: it.note.markdown.clone(),
            })),
            padding_left: Some(true),
            padding_right: None,
            data: None,
        })
    });
    Ok(Some(hints.collect()))
}

/// Never more than one a line, and none that is stale. They come by their lines.
fn latest_of_each_line(standing: Vec<Standing>) -> Vec<Standing> {
    let mut latest: Vec<Standing> = Vec::new();
    for it in standing.into_iter().filter(|it| it.is_fresh) {
        match latest.last_mut().filter(|last| last.line == it.line) {
            Some(last) if last.note.time > it.note.time => {}
            Some(last) => *last = it,
            None => latest.push(it),
        }
    }
    latest
}

/// A hint may not be empty, has one line, and shows the marks around names as they stand.
fn label(summary: &str) -> String {
    let plain = summary.replace('`', "");
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut = answer::cut_at_word(&words, LONGEST);
    if cut.is_empty() { "…".into() } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_cut_at_a_word_within_forty_characters() {
        let check = |summary: &str, expected: &str| {
            let found = label(summary);
            assert_eq!(found, expected);
            assert!(found.chars().count() <= LONGEST);
        };
        check("Doubles `n`.", "Doubles n.");
        check("", "…");
        check("a\nb", "a b");
        check(
            "Reads the number of the file, if there is one in it.",
            "Reads the number of the file, if there…",
        );
        check(&"ä".repeat(50), &format!("{}…", "ä".repeat(39)));
        check(&"ä".repeat(40), &"ä".repeat(40));
    }
}
