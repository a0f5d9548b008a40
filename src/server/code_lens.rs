//! Code lenses: Explain and Refactor above each function and type, where the setting wants them.

use serde_json::json;

use super::links::LONG;
use super::state::Server;
use super::{configuration, convert, protocol as lsp};
use crate::syntax::SymbolKind;

/// More stand in no file that a person reads.
const MOST: usize = 2_000;

/// The lenses of a document; `None` where they are turned off.
pub async fn lenses(server: &Server, uri: &str) -> lsp::Result<Option<Vec<lsp::CodeLens>>> {
    let (snapshot, own, encoding) = {
        let state = server.state();
        let Some(snapshot) = state.snapshot(uri) else {
            return Ok(None);
        };
        (snapshot, state.engine_for(uri), state.traits.encoding)
    };
    let engine = match own {
        Some(own) => own.engine,
        None => configuration::engine_at(server, uri, None).await,
    };
    if !engine.settings().code_lens {
        return Ok(None);
    }
    let Some(syntax) = server.trees.of(&snapshot, LONG).await else {
        return Ok(Some(Vec::new()));
    };
    let symbols = syntax
        .symbols()
        .iter()
        .filter(|symbol| !matches!(symbol.kind, SymbolKind::Module | SymbolKind::Macro));
    let lenses = symbols.take(MOST).flat_map(|symbol| {
        let name = convert::range(&snapshot.text, &symbol.name_range, encoding);
        // A cursor in the name is in the symbol, and the commands work on what is around it.
        let at = lsp::Range {
            start: name.start,
            end: name.start,
        };
        [("Explain", "gloss.explain"), ("Refactor", "gloss.refactor")].map(|(title, command)| {
            lsp::CodeLens {
                range: name,
                command: Some(lsp::Command {
                    title: title.to_owned(),
                    command: command.to_owned(),
                    arguments: Some(vec![json!({ "uri": uri, "range": at })]),
                }),
                data: None,
            }
        })
    });
    Ok(Some(lenses.collect()))
}

/// Asks the editor to ask for lenses again, where it can be asked: the setting may have changed.
pub fn refresh(server: &Server) {
    if server.state().traits.refreshes_lenses {
        let client = server.client.clone();
        tokio::spawn(async move {
            if let Err(error) = client.code_lens_refresh().await {
                tracing::info!("the editor refreshes no lenses: {}", error.message);
            }
        });
    }
}
