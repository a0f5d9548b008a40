//! Answers: what becomes of one is a refusal, or edits that keep every rule.

use std::ops::Range;

use gloss::action;
use gloss::answer::{Original, Refusal, code, edits};
use gloss::syntax::{self, Language, Syntax};
use gloss::text::{Edit, apply};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};
use ropey::Rope;

use super::documents::ENCODINGS;
use super::edits::{applied_bottom_up, sent};

/// The input is a language, why the answer ended, the document before the selection, in it and
/// behind it, and the answer.
pub fn judge(input: &[u8]) {
    let [language, finish, before, selected, after, answer] = super::texts(input);
    let document = format!("{before}{selected}{after}");
    let selection = before.len()..before.len() + selected.len();
    if splits_a_line_end(&document, selection.start) || splits_a_line_end(&document, selection.end)
    {
        return;
    }
    // Such a document is refused before anything is asked about it.
    if line_ends(&document).contains(&"\r") {
        return;
    }
    let language = Language::from_id(&language);
    let Some(target) = Target::of(&document, language, &selection) else {
        return;
    };
    // As the client hands it on.
    let finish = match gloss::text::one_line(&finish, 300) {
        none if none.is_empty() => "stop".to_owned(),
        reason => reason,
    };
    if !document[target.subject.range.clone()].trim().is_empty() {
        keeps_the_rules(language, &document, &target, &answer, Some(&finish));
    }
}

/// No position of an editor lies within a `\r\n`.
pub fn splits_a_line_end(document: &str, at: usize) -> bool {
    document[..at].ends_with('\r') && document[at..].starts_with('\n')
}

/// A document with its tree, and what an action in it is about.
pub struct Target {
    text: Rope,
    language: Option<Language>,
    syntax: Option<Syntax>,
    pub subject: action::Subject,
    leading: String,
}

impl Target {
    pub fn of(
        document: &str,
        language: Option<Language>,
        selection: &Range<usize>,
    ) -> Option<Self> {
        let text = Rope::from_str(document);
        let syntax = language.and_then(|language| Syntax::parse(language, &text));
        let subject = if selection.is_empty() {
            action::subject(&text, syntax.as_ref(), selection)?
        } else {
            action::Subject {
                range: selection.clone(),
                leading: selection.start..selection.start,
                name: None,
                shown_at: selection.start,
            }
        };
        let leading = document.get(subject.leading.clone())?.to_owned();
        Some(Self {
            text,
            language,
            syntax,
            subject,
            leading,
        })
    }

    fn original(&self) -> Original<'_> {
        Original {
            text: &self.text,
            range: &self.subject.range,
            language: self.language,
            syntax: self.syntax.as_ref(),
            leading: &self.leading,
            name: self.subject.name.as_deref(),
        }
    }

    /// The edits that an answer leads to.
    pub fn answered(&self, answer: &str, finish: Option<&str>) -> Result<Vec<Edit>, Refusal> {
        let new = code(self.original(), answer, finish)?;
        edits(self.original(), &new)
    }
}

/// Holds what an answer leads to against the rules.
pub fn keeps_the_rules(
    language: Option<Language>,
    document: &str,
    target: &Target,
    answer: &str,
    finish: Option<&str>,
) {
    let range = target.subject.range.clone();
    let found = target.answered(answer, finish);
    assert_eq!(found, target.answered(answer, finish));
    let edits = match found {
        Ok(edits) => edits,
        Err(refusal) => return super::judge_message(&refusal.to_string(), 1_000),
    };
    let told = format!("in\n{document:?}\n{range:?}\n{answer:?}");
    assert_eq!(finish, Some("stop"), "{told}");
    assert!(
        fences_seen_by_commonmark(answer) < 2,
        "more than one fence {told}"
    );
    let new = apply(document, &edits);
    let after = document.len() - range.end;
    assert!(
        new.starts_with(&document[..range.start]),
        "before the range {told}"
    );
    assert!(
        new.ends_with(&document[range.end..]),
        "behind the range {told}"
    );
    let written = range.start..new.len() - after;
    let is_within = |edit: &Edit| range.start <= edit.range.start && edit.range.end <= range.end;
    assert!(edits.iter().all(is_within), "around the range {told}");
    let has_mark = |text: &str| text.starts_with('\u{feff}');
    assert_eq!(
        has_mark(document),
        has_mark(&new),
        "the byte order mark {told}"
    );
    assert_eq!(
        blank_end(document),
        blank_end(&new),
        "the final newline {told}"
    );
    let known = line_ends(document);
    for end in line_ends(&new[written.clone()]) {
        let is_its_own = known.contains(&end) || known.is_empty() && end == "\n";
        assert!(is_its_own, "line end {end:?} {told}");
    }
    if edits.is_empty() {
        return;
    }
    if let Some(language) = language {
        parses_as_before(language, (document, &range), (&new, &written), &told);
    }
    let rope = Rope::from_str(document);
    for encoding in ENCODINGS {
        let sent = sent(&rope, &edits, encoding);
        assert_eq!(applied_bottom_up(document, &sent, encoding), new, "{told}");
    }
}

fn parses_as_before(
    language: Language,
    (document, range): (&str, &Range<usize>),
    (new, written): (&str, &Range<usize>),
    told: &str,
) {
    let errors = |text: &str, range: &Range<usize>| {
        let syntax = Syntax::parse(language, &Rope::from_str(text))?;
        Some(syntax.parsed().errors_around(range))
    };
    // Where a grammar cannot take a text at all, there is nothing to compare.
    let Some(before) = errors(document, range) else {
        return;
    };
    let now = errors(new, written).unwrap();
    let is_whole = syntax::parses(language, &new[written.clone()]);
    assert!(
        !syntax::parses(language, document) || syntax::parses(language, new),
        "the document parsed, and does no more {told}"
    );
    assert!(
        before.touching() > 0 || now.touching() == 0,
        "new errors in the range {told}"
    );
    let no_worse = now.beyond <= before.beyond && now.all() <= before.all();
    assert!(
        no_worse || before.touching() > 0 && is_whole,
        "{before:?} {now:?} {told}"
    );
}

/// The blanks at a text's end: its final newline, or its lack of one.
fn blank_end(text: &str) -> &str {
    &text[text.trim_end().len()..]
}

fn line_ends(text: &str) -> Vec<&'static str> {
    let bytes = text.as_bytes();
    let mut ends = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| bytes[at]);
        ends.extend(match (byte, bytes.get(at + 1), before) {
            (b'\r', Some(b'\n'), _) => Some("\r\n"),
            (b'\r', ..) => Some("\r"),
            (b'\n', _, Some(b'\r')) => None,
            (b'\n', ..) => Some("\n"),
            _ => None,
        });
    }
    ends
}

fn fences_seen_by_commonmark(answer: &str) -> usize {
    // Byte order marks are none of the answer's text, and a lone return ends a line, which the parser
    // does not see everywhere.
    let answer = answer.replace('\u{feff}', "").replace('\r', "\n");
    let is_fence = |event: &Event| {
        matches!(
            event,
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_)))
        )
    };
    Parser::new(&answer).filter(is_fence).count()
}
