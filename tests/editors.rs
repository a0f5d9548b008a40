//! Holds what `editors/` hands out for editors that no test starts: it is well-formed, and says gloss.

#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::collections::HashSet;

use gloss::syntax::{Language, Syntax};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};
use ropey::Rope;

#[test]
fn helix_has_gloss_beside_the_servers_of_each_language_once() {
    let text = include_str!("../editors/helix/languages.toml");
    let file: toml::Table = text.parse().unwrap();
    assert_eq!(
        file["language-server"]["gloss"]["command"].as_str(),
        Some("gloss")
    );
    let languages = file["language"].as_array().unwrap();
    assert!(languages.len() > 200, "{}", languages.len());
    let mut seen = HashSet::new();
    for language in languages {
        let name = language["name"].as_str().unwrap();
        assert!(seen.insert(name), "{name} twice");
        let servers = language["language-servers"].as_array().unwrap();
        let last = servers.last().and_then(toml::Value::as_str);
        assert_eq!(last, Some("gloss"), "{name}");
    }
}

/// Emacs reads its own blocks, in tests/emacs; for Vim and Kakoune there is no grammar.
#[test]
fn the_blocks_of_code_in_the_documents_parse() {
    let mut parsed = 0;
    for document in [
        include_str!("../README.md"),
        include_str!("../editors/README.md"),
        include_str!("../editors/vscode/README.md"),
    ] {
        for (id, code) in blocks(document) {
            let Some(language) = Language::from_id(&id) else {
                continue;
            };
            let text = Rope::from_str(&code);
            let syntax = Syntax::parse(language, &text);
            assert!(
                syntax.is_some_and(|syntax| !syntax.parsed().has_errors()),
                "{id}: {code}"
            );
            parsed += 1;
        }
    }
    assert!(parsed > 10, "{parsed}");
}

/// Each fenced block, with its language as an editor names it.
fn blocks(document: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut events = Parser::new(document);
    while let Some(event) = events.next() {
        let Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) = event else {
            continue;
        };
        let code = events.by_ref().map_while(|event| match event {
            Event::Text(text) => Some(text.to_string()),
            _ => None,
        });
        let id = if &*info == "sh" {
            "shellscript"
        } else {
            &*info
        };
        blocks.push((id.to_owned(), code.collect()));
    }
    blocks
}
