//! What the tests of the languages look at.

use std::ops::Range;

use ropey::Rope;

use crate::syntax::{Language, Syntax};

fn parsed(language: Language, text: &str) -> (Syntax, Rope) {
    let rope = Rope::from_str(text);
    (Syntax::parse(language, &rope).unwrap(), rope)
}

/// A symbol a line, indented as it is nested: its kind and its name, in angle brackets what
/// stands above it, then its signature, and the last word where there is more.
pub(super) fn symbols(language: Language, text: &str) -> String {
    let one_line = |range: Range<usize>| {
        let words: Vec<_> = text[range].split_whitespace().collect();
        words.join(" ")
    };
    let (syntax, _) = parsed(language, text);
    let mut lines = String::new();
    for symbol in syntax.symbols() {
        let last = text[symbol.range.clone()].split_whitespace().next_back();
        let last = last.unwrap_or_default();
        let rest = if symbol.signature.end < symbol.range.end {
            format!(" … {last}")
        } else {
            String::new()
        };
        lines.push_str(&format!(
            "{}{} {} <{}> {}{rest}\n",
            "  ".repeat(symbol.depth),
            symbol.kind.word(),
            symbol.name,
            one_line(symbol.leading.clone()),
            one_line(symbol.signature.clone()),
        ));
    }
    lines
}

/// The names used between `«` and `»`, each with its role's first letter: `c:area t:Square`.
pub(in crate::syntax) fn names(language: Language, marked: &str) -> String {
    let start = marked.find('«').unwrap_or(0);
    let text = marked.replace('«', "");
    let end = text.find('»').unwrap_or(text.len());
    let (syntax, rope) = parsed(language, &text.replace('»', ""));
    let used = syntax.names_used(&rope, &(start..end));
    let told = used.iter().map(|name| {
        let letters = format!("{:?}", name.role).to_lowercase();
        let of = name.of.iter().map(|of| format!("{of}."));
        format!("{}:{}{}", &letters[..1], of.collect::<String>(), name.text)
    });
    told.collect::<Vec<_>>().join(" ")
}

/// What is told of these names, an item of the list each, in brackets first what it is in.
pub(in crate::syntax) fn told(language: Language, text: &str, names: &[&str]) -> Vec<String> {
    let (syntax, rope) = parsed(language, text);
    let found = syntax.defined(&rope, |name| names.contains(&name));
    let told = found.into_iter().map(|defined| match defined.of {
        Some(of) => format!("({of}) {}", defined.text),
        None => defined.text,
    });
    told.collect()
}

pub(super) fn imports(language: Language, text: &str) -> String {
    let (syntax, rope) = parsed(language, text);
    syntax.imports(&rope)
}

/// Kind and name of the symbol around the `$0` in `marked`; nothing where there is none.
pub(super) fn around(language: Language, marked: &str) -> String {
    let at = marked.find("$0").unwrap();
    let (syntax, rope) = parsed(language, &marked.replacen("$0", "", 1));
    let symbol = syntax.enclosing(&rope, at..at);
    symbol.map_or_else(String::new, |symbol| {
        format!("{} {}", symbol.kind.word(), symbol.name)
    })
}
