//! Between the protocol's types and Gloss's own; the only place that does it.

use std::path::PathBuf;

use ropey::Rope;

use super::protocol as lsp;
use crate::action::{Problem, Severity};
use crate::text::{self, Edit, Encoding, Position};

/// A position as `text` takes it.
pub fn position(position: lsp::Position) -> Position {
    Position {
        line: position.line,
        character: position.character,
    }
}

/// The bytes of `text` that a range stands for.
pub fn bytes(text: &Rope, range: lsp::Range, encoding: Encoding) -> std::ops::Range<usize> {
    text::byte_range(text, position(range.start), position(range.end), encoding)
}

/// Bytes of `text` as a range.
pub fn range(text: &Rope, bytes: &std::ops::Range<usize>, encoding: Encoding) -> lsp::Range {
    lsp::Range {
        start: protocol_position(text, bytes.start, encoding),
        end: protocol_position(text, bytes.end, encoding),
    }
}

/// The byte at which a line ends, before its terminator, and the same as a position.
pub fn end_of_line(text: &Rope, line: usize, encoding: Encoding) -> (usize, lsp::Position) {
    let (end, Position { line, character }) = text::end_of_line(text, line, encoding);
    (end, lsp::Position { line, character })
}

fn protocol_position(text: &Rope, offset: usize, encoding: Encoding) -> lsp::Position {
    let Position { line, character } = text::position(text, offset, encoding);
    lsp::Position { line, character }
}

/// Edits of `text` as the protocol writes them.
pub fn text_edits(text: &Rope, edits: &[Edit], encoding: Encoding) -> Vec<lsp::TextEdit> {
    edits
        .iter()
        .map(|edit| lsp::TextEdit {
            range: range(text, &edit.range, encoding),
            new_text: edit.text.clone(),
        })
        .collect()
}

/// A diagnostic as actions take it.
pub fn problem(text: &Rope, diagnostic: &lsp::Diagnostic, encoding: Encoding) -> Problem {
    let code = diagnostic.code.as_ref().map(|code| match code {
        lsp::NumberOrString::Number(number) => number.to_string(),
        lsp::NumberOrString::String(text) => text.clone(),
    });
    Problem {
        range: bytes(text, diagnostic.range, encoding),
        severity: match diagnostic.severity {
            Some(lsp::DiagnosticSeverity::WARNING) => Severity::Warning,
            Some(lsp::DiagnosticSeverity::INFORMATION) => Severity::Information,
            Some(lsp::DiagnosticSeverity::HINT) => Severity::Hint,
            // The protocol leaves it to the client where none is given.
            _ => Severity::Error,
        },
        source: diagnostic.source.clone(),
        code,
        message: diagnostic.message.clone(),
    }
}

/// A content change as `document` takes it.
pub fn content_change(
    change: lsp::TextDocumentContentChangeEvent,
) -> crate::document::ContentChange {
    crate::document::ContentChange {
        range: change
            .range
            .map(|range| (position(range.start), position(range.end))),
        text: change.text,
    }
}

/// The first encoding of the client's list that Gloss knows, else what the protocol assumes.
pub fn encoding(offered: Option<&[lsp::PositionEncodingKind]>) -> Encoding {
    offered
        .into_iter()
        .flatten()
        .find_map(|kind| match kind.as_str() {
            "utf-8" => Some(Encoding::Utf8),
            "utf-16" => Some(Encoding::Utf16),
            "utf-32" => Some(Encoding::Utf32),
            _ => None,
        })
        .unwrap_or_default()
}

/// The name of an encoding in the protocol.
pub fn encoding_kind(encoding: Encoding) -> lsp::PositionEncodingKind {
    match encoding {
        Encoding::Utf8 => lsp::PositionEncodingKind::UTF8,
        Encoding::Utf16 => lsp::PositionEncodingKind::UTF16,
        Encoding::Utf32 => lsp::PositionEncodingKind::UTF32,
    }
}

/// The file a uri stands for; `None` for one that is no file, such as `untitled:`.
pub fn file_path(uri: &str) -> Option<PathBuf> {
    url::Url::parse(uri)
        .ok()
        .filter(|url| url.scheme() == "file")?
        .to_file_path()
        .ok()
}

/// What follows the scheme in a uri.
pub fn after_scheme(uri: &str) -> &str {
    uri.split_once(':').map_or(uri, |(_, rest)| rest)
}

/// Markdown as a hover.
pub fn hover(markdown: String, range: Option<lsp::Range>) -> lsp::Hover {
    lsp::Hover {
        contents: lsp::HoverContents::Markup(lsp::MarkupContent {
            kind: lsp::MarkupKind::Markdown,
            value: markdown,
        }),
        range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_encoding_is_taken() {
        let check = |offered: Option<&[&str]>, expected: Encoding| {
            let kinds: Option<Vec<_>> = offered.map(|list| {
                list.iter()
                    .map(|name| lsp::PositionEncodingKind::from((*name).to_owned()))
                    .collect()
            });
            assert_eq!(encoding(kinds.as_deref()), expected, "{offered:?}");
        };
        check(None, Encoding::Utf16);
        check(Some(&[]), Encoding::Utf16);
        check(Some(&["utf-7", "utf-32", "utf-8"]), Encoding::Utf32);
        check(Some(&["utf-8", "utf-16"]), Encoding::Utf8);
    }

    #[test]
    fn only_file_uris_are_files() {
        let check = |uri: &str, path: Option<&str>| {
            assert_eq!(file_path(uri), path.map(PathBuf::from), "{uri}");
        };
        check("file:///a/b%20c.rs", Some("/a/b c.rs"));
        check("untitled:Untitled-1", None);
        check("vscode-notebook-cell:/a.ipynb", None);
        check("not a uri", None);
    }
}
