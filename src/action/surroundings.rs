//! What a prompt tells of the place: the file's name, its text or outline, and the range itself.

use std::ops::Range;

use ropey::Rope;

use super::{Exchange, Subject};
use crate::prompt::{Prompt, estimate_tokens, estimate_tokens_of, marked};
use crate::syntax::{Language, Syntax};

/// About what an action's instructions take, in tokens.
const INSTRUCTIONS: u64 = 800;

/// What is left of so many tokens once this is told.
pub(super) fn without(left: u64, told: Option<&str>) -> u64 {
    left.saturating_sub(told.map_or(0, estimate_tokens))
}

/// A document and the part of it that an action is about.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    pub text: &'a Rope,
    pub syntax: Option<&'a Syntax>,
    pub language: Option<Language>,
    /// The editor's name for the language, where there is no grammar.
    pub language_id: &'a str,
    /// The file's path from its workspace, with `/`.
    pub path: &'a str,
    pub subject: &'a Subject,
    /// Whether text outside of the range may be told.
    pub tell_file: bool,
    pub max_prompt_tokens: u64,
    /// The user's own guidance, marked.
    pub guidance: Option<&'a str>,
}

impl Surroundings<'_> {
    /// The whole file where it fits into `left` tokens, else its outline if that does.
    pub fn file_or_outline(&self, left: u64) -> Option<String> {
        if !self.tell_file || self.subject_is_everything() {
            return None;
        }
        if estimate_tokens_of(self.text.len_bytes()) < left {
            return Some(self.mark("file", &self.text.to_string()));
        }
        self.outline(left)
    }

    /// The file's imports and the signatures in it, as far as they fit into `left` tokens.
    pub fn imports_and_outline(&self, left: u64) -> Option<String> {
        if !self.tell_file || self.subject_is_everything() {
            return None;
        }
        let imports = self.syntax.map(|syntax| syntax.imports(self.text));
        let imports = imports
            .filter(|imports| !imports.trim().is_empty() && estimate_tokens(imports) < left / 2)
            .map(|imports| self.mark("imports", &imports));
        let left = without(left, imports.as_deref());
        let told: Vec<_> = imports.into_iter().chain(self.outline(left)).collect();
        (!told.is_empty()).then(|| told.join("\n"))
    }

    /// Doc comments and attributes above the range, which are not part of it.
    pub fn leading(&self) -> Option<String> {
        let above = slice(self.text, &self.subject.leading);
        let worth_it = !above.trim().is_empty() && estimate_tokens(&above) < self.room() / 4;
        worth_it.then(|| self.mark("above-the-range", &above))
    }

    /// What was said before, the oldest left out where it is too much. What the model said
    /// itself is data as well.
    pub fn history(&self, exchanges: &[Exchange]) -> Option<String> {
        let mut left = self.room() / 2;
        let mut told = Vec::new();
        for exchange in exchanges.iter().rev() {
            let text = [
                marked("earlier-question", &[], &exchange.question),
                marked("earlier-answer", &[], &exchange.answer),
            ]
            .join("\n");
            let Some(rest) = left.checked_sub(estimate_tokens(&text)) else {
                break;
            };
            left = rest;
            told.push(text);
        }
        told.reverse();
        (!told.is_empty()).then(|| told.join("\n"))
    }

    /// Tokens left for context once the range is in.
    pub fn room(&self) -> u64 {
        let range = estimate_tokens_of(self.subject.range.len());
        self.max_prompt_tokens.saturating_sub(range + INSTRUCTIONS)
    }

    /// The range itself, marked: the last thing a prompt says.
    pub fn range(&self) -> String {
        let range = &self.subject.range;
        let line_of = |at: usize| self.text.try_byte_to_line(at).unwrap_or(0) + 1;
        let lines = format!(
            "{}-{}",
            line_of(range.start),
            line_of(range.end.saturating_sub(1).max(range.start))
        );
        marked(
            "range",
            &[
                ("file", self.path),
                ("language", self.fence()),
                ("lines", &lines),
            ],
            &self.with_own_indentation(&slice(self.text, range)),
        )
    }

    /// What a code block of this language is opened with.
    pub fn fence(&self) -> &str {
        self.language
            .map_or(self.language_id, |language| language.fence())
    }

    /// The language as people write it.
    pub fn language_name(&self) -> &str {
        self.language
            .map_or(self.language_id, |language| language.name())
    }

    fn outline(&self, left: u64) -> Option<String> {
        let outline = self.syntax?.outline(self.text);
        let fits = estimate_tokens(&outline) < left;
        (fits && !outline.trim().is_empty()).then(|| self.mark("outline", &outline))
    }

    fn subject_is_everything(&self) -> bool {
        let rest = self
            .text
            .len_bytes()
            .saturating_sub(self.subject.range.len());
        rest == 0
    }

    fn mark(&self, name: &str, content: &str) -> String {
        marked(
            name,
            &[("file", self.path), ("language", self.fence())],
            content,
        )
    }

    /// A range that begins behind its line's indentation is told with it, so that the
    /// model sees the shape of the code.
    fn with_own_indentation(&self, range: &str) -> String {
        let start = self.subject.range.start;
        let line = self.text.try_byte_to_line(start).unwrap_or(0);
        let line_start = self.text.try_line_to_byte(line).unwrap_or(start);
        let lead = slice(self.text, &(line_start..start));
        if lead.chars().all(char::is_whitespace) {
            lead + range
        } else {
            range.to_owned()
        }
    }
}

fn slice(text: &Rope, range: &Range<usize>) -> String {
    text.get_byte_slice(range.clone())
        .map_or_else(String::new, |slice| slice.to_string())
}

impl Prompt {
    /// Adds a text, where there is one.
    pub(super) fn tell(mut self, text: Option<String>) -> Self {
        self.parts.extend(text.map(crate::prompt::Part::Text));
        self
    }
}
