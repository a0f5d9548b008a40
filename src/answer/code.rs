//! From an answer to the code that may replace a range, or to the reason why it may not.

use std::ops::Range;

use ropey::Rope;
use thiserror::Error;

use super::fences::{Block, fences};
use super::item::without_blank_edges;
use super::{ending, item, layout, numbered, patch, placeholder, prose};
use crate::syntax::{self, Language, Syntax};
use crate::text::{self, Edit, is_hidden};

/// The text an edit would replace.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    /// The whole document.
    pub text: &'a Rope,
    /// The bytes that were asked to be rewritten.
    pub range: &'a Range<usize>,
    pub language: Option<Language>,
    /// The document's tree, where it could be parsed.
    pub syntax: Option<&'a Syntax>,
    /// Doc comments and attributes above the range, which are not part of it.
    pub leading: &'a str,
    /// What the range is called, if it is a function or a type.
    pub name: Option<&'a str>,
}

/// Why an answer does not become an edit. Each is shown to the person, with the answer.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    #[error("{}", unfinished(.0))]
    NotFinished(String),
    #[error("the answer was empty, so nothing was changed; run it again")]
    Empty,
    #[error(
        "the answer held {0} code blocks where one was asked for, so nothing was changed; take what you want from it, or run it again"
    )]
    ManyBlocks(usize),
    #[error("the answer's code block is not closed, so nothing was changed; run it again")]
    OpenBlock,
    #[error(
        "the answer held no code block, so nothing was changed; say what you want, or run it again"
    )]
    NoBlock,
    #[error(
        "the answer held more than the part that was asked for, so nothing was changed; select all of that, or run it again"
    )]
    Wrapped,
    #[error(
        "the answer declares nothing where `{0}` is declared, so nothing was changed; say what it should become, or run it again"
    )]
    Undeclared(String),
    #[error(
        "the answer left code out (\"rest unchanged\"), so nothing was changed; select less, or run it again"
    )]
    Shortened,
    #[error(
        "the answer was a patch that does not fit the text, so nothing was changed; run it again"
    )]
    Patch,
    #[error("the answer's lines are numbered, so nothing was changed; run it again")]
    Numbered,
    #[error(
        "the new code holds a sign that nobody sees, U+{:04X}, so nothing was changed; run it again",
        u32::from(*.0)
    )]
    Hidden(char),
    #[error(
        "the new code would not parse where the old one did, so nothing was changed; run it again, or select a whole function"
    )]
    DoesNotParse,
    #[error(
        "the new code holds `{0}`, which would hide all that stands below it, so nothing was changed; run it again"
    )]
    Hides(&'static str),
    #[error("the range to rewrite is not in the text any more; run it again")]
    NoRange,
}

fn unfinished(finish: &str) -> String {
    let (why, next) = match finish {
        "length" => (
            "the answer was cut off at its greatest length",
            "select less, or raise `max_output_tokens`",
        ),
        "content_filter" => (
            "the answer was stopped by the API's filter",
            "ask for it in other words",
        ),
        "" => ("the answer broke off", "run it again"),
        other => {
            return format!(
                "the answer did not end normally ({other}), so nothing was changed; run it again"
            );
        }
    };
    format!("{why}, so nothing was changed; {next}")
}

/// The text that replaces the range: the answer's code with the range's own line ends,
/// indentation and final newline. Whether it parses where the old text did, [`edits`] judges.
///
/// # Errors
/// A [`Refusal`] whenever it is not certain which code was meant, or that it is whole.
pub fn code(original: Original<'_>, answer: &str, finish: Option<&str>) -> Result<String, Refusal> {
    if finish != Some("stop") {
        return Err(Refusal::NotFinished(finish.unwrap_or_default().to_owned()));
    }
    let asked = Asked::of(original)?;
    let mut answer = answer.replace("\r\n", "\n").replace('\r', "\n");
    if !asked.old.trim_start_matches(BOM).contains(BOM) {
        // What the range begins with stays, and is not to be said twice.
        answer.retain(|c| c != BOM);
    }
    let block = one_block(&answer, &asked)?;
    let block = patch::without_marks(block, &asked.old)?;
    let block = without_blank_edges(block.trim_start_matches(BOM));
    if block.is_empty() {
        return Err(Refusal::Empty);
    }
    let block = numbered::without_numbers(block, &asked.old)?;
    let block = item::the_part_asked_for(block, &asked)?;
    if block.trim().is_empty() {
        return Err(Refusal::Empty);
    }
    if placeholder::has_placeholder(&block, &asked.old, original.language) {
        return Err(Refusal::Shortened);
    }
    if let Some(hidden) = hidden_sign(&block, &asked.old) {
        return Err(Refusal::Hidden(hidden));
    }
    if let Some(mark) = original.language.and_then(|language| {
        ending::hides_what_follows(&block, &asked.old, language)
            .filter(|_| asked.is_followed_by_more())
    }) {
        return Err(Refusal::Hides(mark));
    }
    let new = layout::in_the_manner_of(&asked, &block);
    if item::declares_what_is_around(&new, &asked) {
        return Err(Refusal::Wrapped);
    }
    match original.name {
        Some(name) if !item::declares_something(&new, &asked) => {
            Err(Refusal::Undeclared(name.to_owned()))
        }
        _ => Ok(new),
    }
}

/// The smallest edits to the whole text that put `new` in the place of the range.
///
/// # Errors
/// [`Refusal::DoesNotParse`] when the text would hold errors that it did not hold before, and
/// [`Refusal::NoRange`] when the range is not in it.
pub fn edits(original: Original<'_>, new: &str) -> Result<Vec<Edit>, Refusal> {
    let old = old_text(original)?;
    let start = original.range.start;
    let edits: Vec<Edit> = text::edits(&old, new)
        .into_iter()
        .map(|edit| Edit {
            range: edit.range.start + start..edit.range.end + start,
            text: edit.text,
        })
        .collect();
    if !edits.is_empty() && breaks(original, &edits, &old, new) {
        return Err(Refusal::DoesNotParse);
    }
    Ok(edits)
}

fn old_text(original: Original<'_>) -> Result<String, Refusal> {
    let old = original.text.get_byte_slice(original.range.clone());
    Ok(old.ok_or(Refusal::NoRange)?.to_string())
}

pub(super) const BOM: char = '\u{feff}';

/// The original, and what stands right around its range.
pub(super) struct Asked<'a> {
    pub original: Original<'a>,
    pub old: String,
    /// What stands before the range on the line of its first letter, and behind it on that of its
    /// last.
    pub line_before: String,
    pub line_after: String,
    /// The bytes from the start of that first line to the end of that last.
    lines: Range<usize>,
    /// The bytes from its first letter to its last.
    pub written: Range<usize>,
}

impl<'a> Asked<'a> {
    pub fn of(original: Original<'a>) -> Result<Self, Refusal> {
        let old = old_text(original)?;
        let (text, range) = (original.text, original.range);
        let line = |at: usize| text::line_range(text, text.byte_to_line(at));
        let written = written_in(&old, range);
        let first = line(written.start).start.min(range.start);
        let last = line(written.end).end.max(range.end);
        let part = |range: Range<usize>| text::slice(text, range).to_string();
        Ok(Self {
            line_before: part(first..range.start),
            line_after: part(range.end..last),
            lines: first..last,
            written,
            original,
            old,
        })
    }

    /// Whether the range begins in the middle of a line, behind other code.
    pub fn begins_inside(&self) -> bool {
        !self.line_before.trim_matches(is_blank).is_empty()
    }

    /// Whether the range begins behind its line's indentation, at its first letter.
    pub fn begins_behind_indentation(&self) -> bool {
        !self.begins_inside() && item::indentation(&self.old).is_empty()
    }

    /// The indentation of the line that the range's first letter is on.
    pub fn indentation(&self) -> &str {
        if self.begins_inside() || self.begins_behind_indentation() {
            let line = self.line_before.trim_start_matches(BOM);
            item::indentation_of(line)
        } else {
            item::indentation(&self.old)
        }
    }

    /// Whether anything but blanks stands behind the range.
    pub fn is_followed_by_more(&self) -> bool {
        let text = self.original.text;
        let behind = text::slice(text, self.original.range.end..text.len_bytes());
        behind.chars().any(|c| !is_blank(c))
    }

    /// Up to so many lines above those that the range is in, and below them.
    pub fn lines_around(&self, most: usize) -> (String, String) {
        let text = self.original.text;
        let first = text.byte_to_line(self.lines.start);
        let last = text.byte_to_line(self.lines.end).saturating_add(most);
        let start = text::line_range(text, first.saturating_sub(most)).start;
        let end = text::line_range(text, last).start;
        (
            text::slice(text, start..self.lines.start).to_string(),
            text::slice(text, self.lines.end..end.max(self.lines.end)).to_string(),
        )
    }

    /// The document before the range and behind it.
    pub fn around(&self) -> (String, String) {
        let (text, range) = (self.original.text, self.original.range);
        (
            text::slice(text, 0..range.start).to_string(),
            text::slice(text, range.end..text.len_bytes()).to_string(),
        )
    }
}

/// The bytes of the document from a range's first letter to its last; the range where it has none.
fn written_in(old: &str, range: &Range<usize>) -> Range<usize> {
    let start = range.end - old.trim_start_matches(is_blank).len();
    let end = range.start + old.trim_end_matches(is_blank).len();
    if start < end {
        start..end
    } else {
        range.clone()
    }
}

pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == BOM
}

/// The content of the only fence, or the whole answer where it is plainly code.
fn one_block(answer: &str, asked: &Asked<'_>) -> Result<Block, Refusal> {
    if answer.trim().is_empty() {
        return Err(Refusal::Empty);
    }
    let (thought, said) = prose::without_thoughts(answer);
    let thought = fences(thought)?.len();
    let mut blocks = fences(said)?;
    let is_code = |language: Language| {
        !language.takes_prose()
            && (language != Language::Json || said.trim_start().starts_with(['{', '[']))
            && syntax::parses(language, said)
            && !said.trim().is_empty()
            && !prose::reads_like_prose(said, &asked.old)
    };
    match (blocks.pop(), thought + blocks.len()) {
        (Some(block), 0) => Ok(block),
        (Some(_), more) => Err(Refusal::ManyBlocks(more + 1)),
        (None, 0) if asked.original.language.is_some_and(is_code) => Ok(Block {
            info: String::new(),
            text: said.to_owned(),
        }),
        (None, _) => Err(Refusal::NoBlock),
    }
}

/// A sign that does something instead of showing itself, and that the old text does not hold.
fn hidden_sign(new: &str, old: &str) -> Option<char> {
    let mut hidden = new
        .chars()
        .filter(|c| is_hidden(*c) && !matches!(c, '\t' | '\n' | '\u{c}'));
    hidden.find(|c| !old.contains(*c))
}

/// Whether the edits would bring errors where there were none, or let the new code swallow what
/// stands around it.
fn breaks(original: Original<'_>, edits: &[Edit], old: &str, new: &str) -> bool {
    let Some(language) = original.language else {
        return false;
    };
    let alone = |text: &str| syntax::count_errors(language, text);
    let changed = original.syntax.and_then(|syntax| {
        let text = text_with(original, new);
        let range = original.range.start..original.range.start + new.len();
        let tree = syntax.reparsed(original.text, edits, &text)?;
        let errors = tree.errors_around(&range);
        let reaches_out = tree.reaches_out(&text, &range);
        // Where there are errors, a bracket too many may close one that was left open elsewhere,
        // and one too few hide in the errors.
        let open = syntax.parsed().has_errors().then(|| {
            let all = syntax.parsed().open_in(&(0..original.text.len_bytes()));
            let (old, new) = (
                syntax.parsed().open_in(original.range),
                tree.open_in(&range),
            );
            (old != new, all.grows(old, new))
        });
        Some((syntax, errors, tree.has_errors(), reaches_out, open))
    });
    let Some((syntax, after, has_errors, reaches_out, open)) = changed else {
        // A document that is too large to parse is judged by the range alone.
        return alone(old).is_some_and(|old| alone(new).is_none_or(|new| new > old));
    };
    let (opens_other, opens_more) = open.unwrap_or_default();
    if reaches_out && !syntax.parsed().reaches_out(original.text, original.range) {
        return true;
    }
    let is_whole = |text: &str| syntax::parses(language, text);
    // Some errors are in no count. Where the document had none, any is new; where it had some, it
    // is the range alone that tells.
    if has_errors && (!syntax.parsed().has_errors() || is_whole(old) && !is_whole(new)) {
        return true;
    }
    let before = syntax.parsed().errors_around(original.range);
    let is_worse = opens_other
        || after.touching() > before.touching()
        || after.across > before.across
        || after.beyond > before.beyond;
    // Errors that reach over the range hide others and change with everything in it: then new
    // code that is whole in itself cannot be their cause.
    is_worse && (before.touching() == 0 || opens_more || !is_whole(new))
}

fn text_with(original: Original<'_>, new: &str) -> Rope {
    let mut text = original.text.clone();
    let chars = text.byte_to_char(original.range.start)..text.byte_to_char(original.range.end);
    let start = chars.start;
    text.remove(chars);
    text.insert(start, new);
    text
}
