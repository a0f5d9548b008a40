//! Copies a note into the code, as a comment where the language wants it.

use ropey::Rope;

use super::Located;
use super::anchor::hash;
use crate::action::Subject;
use crate::answer::{self, Purpose};
use crate::engine::{JobError, Rewriting, RewrittenPart, Spent};
use crate::store::Note;
use crate::syntax::{Language, Symbol, Syntax};
use crate::text::{self, Edit};

/// A note copied into the code.
#[derive(Clone, Debug)]
pub struct Commented {
    pub rewriting: Rewriting,
    /// The note of the text that comes of it, where the comment stands in that: words that came of
    /// the note are no change to what it says.
    pub note: Option<Note>,
}

/// The edit that puts a note above what it is about, or into it; none where it stands there.
///
/// # Errors
/// When the language has no comments, or Gloss knows none of it.
pub fn as_comment(
    note: &Note,
    located: &Located,
    text: &Rope,
    language: Option<Language>,
    syntax: Option<&Syntax>,
) -> Result<Commented, JobError> {
    let language = language.ok_or(JobError::NoComments)?;
    let symbol = syntax.and_then(|syntax| {
        let symbols = syntax.symbols().iter();
        let is_whole = note.anchor.part.is_none();
        symbols
            .rev()
            .find(|symbol| is_whole && symbol.range == located.range)
    });
    let within = symbol
        .filter(|_| language == Language::Python)
        .and_then(|symbol| Docstring::of(symbol, text));
    let place = match &within {
        Some(Docstring { place, is_there }) if !is_there => place.clone(),
        _ => above(language, symbol, located, text),
    };
    let words = |place: &Place| {
        let Place {
            purpose,
            indentation,
            ..
        } = place;
        let words = answer::comment(language, *purpose, &note.markdown, indentation)?;
        Some(with_ends_of(text, &words))
    };
    let mut new = words(&place).ok_or(JobError::NoComments)?;
    let stands = |place: &Place| words(place).is_some_and(|words| stands(&words, text, place.at));
    let is_copied = stands(&place) || within.is_some_and(|within| stands(&within.place));
    if let Some(mark) = place.joins {
        new.push_str(&with_ends_of(
            text,
            &format!("{}{mark}\n", place.indentation),
        ));
    }
    let range = place.at.min(located.range.start)..located.range.end;
    let around = |range| text::slice(text, range).to_string();
    let subject = Subject {
        leading: range.start..range.start,
        name: symbol.map(|symbol| symbol.name.clone()),
        shown_at: located.shown_at,
        range: range.clone(),
    };
    let spent = Spent {
        model: note.model.clone(),
        from_store: true,
        ..Spent::default()
    };
    if is_copied {
        let summary = format!("The note on {} is in the code already.", subject.title());
        let part = RewrittenPart {
            new: around(range),
            subject,
            edits: Vec::new(),
        };
        return Ok(Commented {
            note: None,
            rewriting: Rewriting::of(part, summary, spent),
        });
    }
    let whole = format!(
        "{}{new}{}",
        around(range.start..place.at),
        around(place.at..range.end)
    );
    let is_inside = located.range.start < place.at;
    let summary = format!("Copied the note on {} into the code.", subject.title());
    Ok(Commented {
        note: is_inside.then(|| {
            let mut copied = note.clone();
            copied.anchor.hash = hash(Rope::from_str(&whole).slice(..));
            copied
        }),
        rewriting: Rewriting::of(
            RewrittenPart {
                subject,
                new: whole,
                edits: vec![Edit {
                    range: place.at..place.at,
                    text: new,
                }],
            },
            summary,
            spent,
        ),
    })
}

/// Where a comment goes, and as what.
#[derive(Clone)]
struct Place {
    /// The start of a line.
    at: usize,
    indentation: String,
    purpose: Purpose,
    /// The mark of a line that parts it from the comment of the same kind below it.
    joins: Option<&'static str>,
}

fn above(language: Language, symbol: Option<&Symbol>, located: &Located, text: &Rope) -> Place {
    let top = symbol.map_or(located.range.start, |symbol| symbol.with_leading().start);
    let line = text::line_range(text, text::line_of(text, top));
    let purpose = match symbol {
        Some(_) => Purpose::Documents,
        None => Purpose::Remarks,
    };
    let below = text::slice(text, line.clone()).to_string();
    let mark = answer::line_mark(language, purpose);
    Place {
        at: line.start,
        indentation: indentation(&below),
        purpose,
        joins: mark.filter(|mark| below.trim_start().starts_with(mark)),
    }
}

/// Where Python looks for what documents a symbol: first in its body.
struct Docstring {
    place: Place,
    /// Whether a string stands there.
    is_there: bool,
}

impl Docstring {
    /// `None` where the body stands behind its head, on the same line.
    fn of(symbol: &Symbol, text: &Rope) -> Option<Self> {
        let head = text::line_of(text, symbol.signature.end.max(symbol.range.start + 1) - 1);
        let body = (head + 1..text.len_lines())
            .map(|line| text::line_range(text, line))
            .take_while(|line| line.start < symbol.range.end)
            .find(|line| {
                let words = text::slice(text, line.clone()).to_string();
                !words.trim().is_empty() && !words.trim_start().starts_with('#')
            })?;
        let first = text::slice(text, body.clone()).to_string();
        let string = first.trim_start().trim_start_matches(['r', 'R']);
        // A head of several lines ends in its colon.
        let ends = text::slice(text, text::line_range(text, head)).to_string();
        let ends = ends.split(" #").next().unwrap_or_default().trim_end();
        ends.ends_with(':').then(|| Self {
            is_there: string.starts_with(['"', '\'']),
            place: Place {
                at: text::line_range(text, head + 1).start,
                indentation: indentation(&first),
                purpose: Purpose::DocumentsFromWithin,
                joins: None,
            },
        })
    }
}

/// Whether these words stand right behind a place, or right before it.
fn stands(words: &str, text: &Rope, at: usize) -> bool {
    let before = at.saturating_sub(words.len())..at;
    [before, at..at + words.len()]
        .into_iter()
        .any(|range| text.get_byte_slice(range).is_some_and(|it| it == words))
}

/// Words with lines that end as those of the text do.
fn with_ends_of(text: &Rope, words: &str) -> String {
    if is_crlf(text) {
        words.replace('\n', "\r\n")
    } else {
        words.to_owned()
    }
}

fn indentation(line: &str) -> String {
    let end = line.len() - line.trim_start_matches([' ', '\t']).len();
    line.get(..end).unwrap_or_default().to_owned()
}

/// Whether the first line ends as Windows ends it.
fn is_crlf(text: &Rope) -> bool {
    let first = text.get_line(0).map(|line| line.to_string());
    first.is_some_and(|line| line.ends_with("\r\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action;
    use crate::engine::notes::anchor;
    use crate::store::Anchor;

    fn check(language: Language, marked: &str, expected: &str) {
        let at = marked.find("$0").unwrap();
        let end = marked.rfind("$0").unwrap();
        let source = marked.replace("$0", "");
        let end = if end == at { at } else { end - 2 };
        let text = Rope::from_str(&source);
        let syntax = Syntax::parse(language, &text).unwrap();
        let subject = action::subject(&text, Some(&syntax), &(at..end)).unwrap();
        let anchor: Anchor = anchor(&text, Some(&syntax), &subject);
        let note = Note {
            workspace: String::new(),
            file: String::new(),
            action: "explain".into(),
            anchor,
            summary: String::new(),
            markdown: "Says so.".into(),
            model: String::new(),
            cost_ticks: None,
            asked: None,
            time: jiff::Timestamp::UNIX_EPOCH,
        };
        let located =
            &super::super::locate(&[std::sync::Arc::new(note.clone())], &text, Some(&syntax))[0];
        let copied = as_comment(&note, located, &text, Some(language), Some(&syntax)).unwrap();
        let made = copied.rewriting;
        assert_eq!(crate::text::apply(&source, &made.edits()), expected);
        let part = &made.parts[0];
        let whole = source.replace(&source[part.subject.range.clone()], &part.new);
        assert_eq!(whole, expected);
        // The note is about what came of it, too.
        let text = Rope::from_str(expected);
        let syntax = Syntax::parse(language, &text).unwrap();
        let notes: Vec<_> = std::iter::once(note).chain(copied.note).collect();
        let notes: Vec<_> = notes.into_iter().map(std::sync::Arc::new).collect();
        let found = super::super::locate(&notes, &text, Some(&syntax));
        assert!(found.len() == 1 && found[0].is_fresh, "{expected}");
        // And not copied twice.
        let note = &notes[found[0].note];
        let again = as_comment(note, &found[0], &text, Some(language), Some(&syntax)).unwrap();
        assert_eq!(again.rewriting.edits(), []);
        assert!(again.note.is_none());
    }

    #[test]
    fn a_note_stands_where_the_language_looks_for_it() {
        check(Language::Rust, "fn a$0() {}\n", "/// Says so.\nfn a() {}\n");
        check(
            Language::Rust,
            "impl A {\n    #[inline]\n    fn a$0() {}\n}\n",
            "impl A {\n    /// Says so.\n    #[inline]\n    fn a() {}\n}\n",
        );
        check(
            Language::Rust,
            "/// Old.\nfn a$0() {}\r\n",
            "/// Says so.\n///\n/// Old.\nfn a() {}\r\n",
        );
        check(
            Language::Rust,
            "fn a$0() {}\r\n",
            "/// Says so.\r\nfn a() {}\r\n",
        );
        check(
            Language::Rust,
            "fn a() {\n    $0b();\n    c();$0\n}\n",
            "fn a() {\n    // Says so.\n    b();\n    c();\n}\n",
        );
        check(
            Language::Python,
            "@x\ndef a$0(\n    b,\n):\n    # Why.\n    return b\n",
            "@x\ndef a(\n    b,\n):\n    \"\"\"Says so.\"\"\"\n    # Why.\n    return b\n",
        );
        check(
            Language::Python,
            "class A:\n    def a$0(self):\n        \"Old.\"\n        pass\n",
            "class A:\n    # Says so.\n    def a(self):\n        \"Old.\"\n        pass\n",
        );
        check(
            Language::Python,
            "def a$0(): pass\n",
            "# Says so.\ndef a(): pass\n",
        );
        check(
            Language::TypeScript,
            "export function a$0() {}\n",
            "/**\n * Says so.\n */\nexport function a() {}\n",
        );
        check(
            Language::Go,
            "package a\n\nfunc b$0() {}\n",
            "package a\n\n// Says so.\nfunc b() {}\n",
        );
    }
}
