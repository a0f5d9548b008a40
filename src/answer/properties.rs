//! Answers and documents of the corpus, damaged at random: no edit may break a rule.

use std::ops::Range;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};

use super::corpus::{Case, Target, corpus};
use crate::syntax::{self, Language, Syntax};
use crate::text::{Edit, Encoding, Position, apply, byte_range, position};

/// What damages an answer or a document when it stands where it should not.
const PIECES: &[&str] = &[
    "```",
    "\n```\n",
    "\n~~~\n",
    "\n````\n",
    "> ```",
    "    ```\n",
    "```python\n",
    "\r\n",
    "\r",
    "\n",
    "\n\n",
    "\t",
    "    ",
    "  ",
    "\u{feff}",
    "\0",
    "<think>",
    "</think>",
    "...",
    "// ...",
    "# ... rest unchanged\n",
    "{",
    "}",
    "(",
    ")",
    "\"",
    "\"\"\"",
    "'",
    "`",
    "/*",
    "*/",
    "//",
    "#",
    "1 | ",
    "\n+",
    "\n-",
    "\n@@ -1 +1 @@\n",
    "class A:\n",
    "fn a() {}\n",
    "é",
    "e\u{301}",
    "👩‍👩‍👧",
    "🇩🇪",
    ";",
    ",",
];

/// One thing done to a text, at a place and over a length given as fractions of it.
#[derive(Clone, Debug)]
enum Damage {
    Insert(&'static str, u16),
    Remove(u16, u8),
    Repeat(u16, u8),
    Reindent(&'static str),
    Flatten,
    LineEnds(&'static str),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        6 => (prop::sample::select(PIECES), any::<u16>()).prop_map(|(piece, at)| Damage::Insert(piece, at)),
        3 => any::<(u16, u8)>().prop_map(|(at, length)| Damage::Remove(at, length)),
        1 => any::<(u16, u8)>().prop_map(|(at, length)| Damage::Repeat(at, length)),
        1 => prop::sample::select(&["\t", "    ", "  "][..]).prop_map(Damage::Reindent),
        1 => Just(Damage::Flatten),
        1 => prop::sample::select(&["\r\n", "\r", "\n"][..]).prop_map(Damage::LineEnds),
    ]
}

impl Damage {
    fn done(&self, text: &str) -> String {
        match self {
            Self::Insert(piece, at) => {
                let at = boundary(text, *at);
                format!("{}{piece}{}", &text[..at], &text[at..])
            }
            Self::Remove(at, length) => {
                let gone = stretch(text, *at, *length);
                format!("{}{}", &text[..gone.start], &text[gone.end..])
            }
            Self::Repeat(at, length) => {
                let twice = stretch(text, *at, *length);
                format!("{}{}", &text[..twice.end], &text[twice.start..])
            }
            Self::Reindent(blanks) => text.replace('\n', &format!("\n{blanks}")),
            Self::Flatten => {
                let lines: Vec<&str> = text.split('\n').map(str::trim_start).collect();
                lines.join("\n")
            }
            Self::LineEnds(end) => text.replace("\r\n", "\n").replace('\n', end),
        }
    }
}

fn boundary(text: &str, at: u16) -> usize {
    let at = text.len() * usize::from(at) / usize::from(u16::MAX);
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

fn stretch(text: &str, at: u16, length: u8) -> Range<usize> {
    let start = boundary(text, at);
    let end = (start + usize::from(length) / 4).min(text.len());
    start
        ..(start..=end)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(start)
}

/// What an answer is made of before it is damaged.
#[derive(Clone, Copy, Debug)]
enum Said {
    /// What the corpus says, for this case or another.
    Corpus,
    Range,
    Document,
}

/// The corpus without what is large only to show that it may be.
fn small_cases() -> Vec<Case> {
    let mut cases = corpus();
    cases.retain(|case| case.answer.len() < 10_000);
    cases
}

fn check(
    case: &Case,
    other: &Case,
    said: Said,
    damages: &(Vec<Damage>, Vec<Damage>),
    range: Option<(u16, u16)>,
    finish: Option<&str>,
) -> Result<(), TestCaseError> {
    let document = damages
        .0
        .iter()
        .fold(case.document.clone(), |text, damage| damage.done(&text));
    let selection = match range {
        Some((one, other)) => {
            let (one, other) = (boundary(&document, one), boundary(&document, other));
            one.min(other)..one.max(other)
        }
        None => case.selection.clone(),
    };
    // No position of an editor lies within a `\r\n`.
    let splits = |at: usize| document[..at].ends_with('\r') && document[at..].starts_with('\n');
    if !document.is_char_boundary(selection.start)
        || !document.is_char_boundary(selection.end)
        || splits(selection.start)
        || splits(selection.end)
    {
        return Ok(());
    }
    let Some(target) = Target::of(&document, case.language, &selection) else {
        return Ok(());
    };
    let range = target.subject.range.clone();
    let Some(old) = document
        .get(range.clone())
        .filter(|old| !old.trim().is_empty())
    else {
        return Ok(());
    };
    let sent = match said {
        Said::Corpus => other.answer.clone(),
        Said::Range => format!("```\n{old}\n```\n"),
        Said::Document => format!("```\n{document}\n```\n"),
    };
    let answer = damages
        .1
        .iter()
        .fold(sent, |text, damage| damage.done(&text));
    judge(case.language, &document, &target, &answer, finish).map_err(|error| {
        TestCaseError::fail(format!("{error}\n{document:?}\n{range:?}\n{answer:?}"))
    })
}

/// Holds what an answer leads to against the rules.
fn judge(
    language: Option<Language>,
    document: &str,
    target: &Target,
    answer: &str,
    finish: Option<&str>,
) -> Result<(), TestCaseError> {
    let range = target.subject.range.clone();
    let found = target.answered(answer, finish);
    prop_assert_eq!(&found, &target.answered(answer, finish));
    let Ok(edits) = found else {
        return Ok(());
    };
    prop_assert_eq!(finish, Some("stop"));
    prop_assert!(fences_seen_by_commonmark(answer) < 2, "more than one fence");
    let new = apply(document, &edits);
    let after = document.len() - range.end;
    prop_assert!(
        new.starts_with(&document[..range.start]),
        "before the range"
    );
    prop_assert!(new.ends_with(&document[range.end..]), "behind the range");
    let came = range.start..new.len() - after;
    prop_assert!(
        edits
            .iter()
            .all(|edit| range.start <= edit.range.start && edit.range.end <= range.end)
    );
    prop_assert_eq!(
        document.starts_with('\u{feff}'),
        new.starts_with('\u{feff}')
    );
    prop_assert_eq!(blank_end(document), blank_end(&new), "the final newline");
    let known = line_ends(document);
    for end in line_ends(&new[came.clone()]) {
        prop_assert!(
            known.contains(&end) || known.is_empty() && end == "\n",
            "line end {:?}",
            end
        );
    }
    if edits.is_empty() {
        return Ok(());
    }
    if let Some(language) = language {
        let errors = |text: &str, range: &Range<usize>| {
            let syntax = Syntax::parse(language, &ropey::Rope::from_str(text)).unwrap();
            syntax.errors_around(range)
        };
        let (before, now) = (errors(document, &range), errors(&new, &came));
        let is_whole = syntax::parses(language, &new[came.clone()]);
        prop_assert!(
            !syntax::parses(language, document) || syntax::parses(language, &new),
            "the document parsed, and does no more"
        );
        prop_assert!(
            before.touching() > 0 || now.touching() == 0,
            "new errors in the range"
        );
        let no_worse = now.beyond <= before.beyond && now.all() <= before.all();
        prop_assert!(
            no_worse || before.touching() > 0 && is_whole,
            "{:?} {:?}",
            before,
            now
        );
    }
    for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
        prop_assert_eq!(
            applied_by_an_editor(document, &edits, encoding),
            new.as_str()
        );
    }
    Ok(())
}

/// The blanks at a text's end: its final newline, or its lack of one.
fn blank_end(text: &str) -> &str {
    &text[text.trim_end().len()..]
}

fn line_ends(text: &str) -> Vec<&'static str> {
    let bytes = text.as_bytes();
    let mut ends = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        ends.extend(
            match (
                byte,
                bytes.get(at + 1),
                at.checked_sub(1).map(|at| bytes[at]),
            ) {
                (b'\r', Some(b'\n'), _) => Some("\r\n"),
                (b'\r', ..) => Some("\r"),
                (b'\n', _, Some(b'\r')) => None,
                (b'\n', ..) => Some("\n"),
                _ => None,
            },
        );
    }
    ends
}

fn fences_seen_by_commonmark(answer: &str) -> usize {
    // Byte order marks are none of the answer's text.
    let answer = answer.replace('\u{feff}', "");
    Parser::new(&answer)
        .filter(|event| {
            matches!(
                event,
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_)))
            )
        })
        .count()
}

/// As an editor does it: positions to offsets, from the last edit to the first.
fn applied_by_an_editor(document: &str, edits: &[Edit], encoding: Encoding) -> String {
    let rope = ropey::Rope::from_str(document);
    let at = |offset: usize| -> Position { position(&rope, offset, encoding) };
    let sent: Vec<_> = edits
        .iter()
        .map(|edit| (at(edit.range.start), at(edit.range.end), &edit.text))
        .collect();
    let mut text = document.to_owned();
    for (start, end, new) in sent.into_iter().rev() {
        let changed = ropey::Rope::from_str(&text);
        text.replace_range(byte_range(&changed, start, end, encoding), new);
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(13), ..Default::default() })]

    #[test]
    fn no_edit_breaks_a_rule(
        (case, other) in any::<(prop::sample::Index, prop::sample::Index)>(),
        own in prop::bool::weighted(0.7),
        said in prop_oneof![6 => Just(Said::Corpus), 2 => Just(Said::Range), 1 => Just(Said::Document)],
        damages in (prop::collection::vec(damage(), 0..3), prop::collection::vec(damage(), 0..4)),
        range in prop::option::weighted(0.5, any::<(u16, u16)>()),
        finish in prop_oneof![
            12 => Just(Some("stop")), 1 => Just(Some("length")), 1 => Just(Some("")), 1 => Just(None),
        ],
    ) {
        thread_local!(static CASES: Vec<Case> = small_cases());
        CASES.with(|cases| {
            let case = case.get(cases);
            let other = if own { case } else { other.get(cases) };
            check(case, other, said, &damages, range, finish)
        })?;
    }
}
