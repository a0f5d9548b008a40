//! Answers and documents of the corpus, damaged at random: no edit may break a rule.

use std::ops::Range;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::corpus::{Case, corpus};
use crate::judges::answer::{Target, keeps_the_rules, splits_a_line_end};

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
) {
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
    if !document.is_char_boundary(selection.start)
        || !document.is_char_boundary(selection.end)
        || splits_a_line_end(&document, selection.start)
        || splits_a_line_end(&document, selection.end)
    {
        return;
    }
    let Some(target) = Target::of(&document, case.language, &selection) else {
        return;
    };
    let range = target.subject.range.clone();
    let Some(old) = document
        .get(range.clone())
        .filter(|old| !old.trim().is_empty())
    else {
        return;
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
    keeps_the_rules(case.language, &document, &target, &answer, finish);
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
            check(case, other, said, &damages, range, finish);
        });
    }
}
