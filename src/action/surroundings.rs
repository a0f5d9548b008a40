//! What a prompt tells of the place: the file or its outline, definitions, and the range itself.

use std::ops::Range;

use ropey::Rope;

use super::{Definition, Exchange, Problem, Subject};
use crate::prompt::{Part, Prompt, estimate_tokens, estimate_tokens_of, marked};
use crate::syntax::{Language, Syntax};

/// What is kept free beside file and range for what is asked, in tokens.
const TASK: u64 = 100;

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
    /// Of what the range names, in the order in which they are told.
    pub definitions: &'a [Definition],
}

/// How much of its file an action needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileNeed {
    /// All of it, or else its outline.
    Whole,
    /// Its imports and its outline.
    Outline,
}

/// What an action asks, and what goes with it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub instructions: &'a str,
    pub file: FileNeed,
    pub history: &'a [Exchange],
    pub problems: &'a [Problem],
    pub task: &'a str,
}

/// What is left of so many tokens.
struct Room {
    left: u64,
}

impl Room {
    /// The text, if there is room for it; then there is less.
    fn fit(&mut self, text: Option<String>) -> Option<String> {
        let text = text?;
        self.left = self.left.checked_sub(estimate_tokens(&text))?;
        Some(text)
    }
}

impl Surroundings<'_> {
    /// The whole prompt: what changes seldom stands first, what is asked and the range last.
    ///
    /// Instructions, task and range are always told. What else there is goes in by its use for as
    /// long as there is room, and the definitions take what is left in the end. What is told of
    /// the file has a share of its own, so that it depends on nothing but the file and the
    /// settings, unless the range is a large part of the room itself: whichever part of the file
    /// is asked about, the prompt begins alike.
    pub(super) fn prompt(&self, asked: Asked<'_>) -> Prompt {
        let range = self.range();
        let always = [asked.instructions, asked.task, &range].map(estimate_tokens);
        let mut room = Room {
            left: self
                .max_prompt_tokens
                .saturating_sub(always.iter().sum::<u64>()),
        };
        let guidance = room.fit(self.guidance.map(str::to_owned));
        let file = self.file(asked, room.left);
        let is_whole = matches!(&file, Some(Told::Whole(_)));
        let file = room.fit(file.map(Told::into_text));
        let is_whole = is_whole && file.is_some();
        let problems = self.problems(asked.problems, room.left);
        let problems = room.fit(problems);
        // Where the whole file is told, so is what stands above the range.
        let leading = room.fit(self.leading().filter(|_| !is_whole));
        let history = history(asked.history, room.left / 2);
        let history = room.fit(history);
        let definitions = self.definitions(is_whole, room.left);
        let parts = [
            guidance,
            file,
            definitions,
            history,
            problems,
            leading,
            Some(asked.task.to_owned()),
            Some(range),
        ];
        Prompt {
            instructions: asked.instructions.to_owned(),
            parts: parts.into_iter().flatten().map(Part::Text).collect(),
            schema: None,
        }
    }

    /// What is told of the file around the range, where `left` tokens are left beside it.
    ///
    /// The whole file may take three quarters of the room: it stands first and is the same for all
    /// ranges in it, so asking on is cheap.
    fn file(&self, asked: Asked<'_>, left: u64) -> Option<Told> {
        if !self.tell_file || self.subject_is_everything() {
            return None;
        }
        let fixed = estimate_tokens(asked.instructions) + TASK;
        let guidance = self.guidance.map_or(0, estimate_tokens);
        let room = self.max_prompt_tokens.saturating_sub(fixed + guidance);
        let quarter = room / 4;
        let outline = |left| self.outline(left).map(Told::Parts);
        if asked.file == FileNeed::Outline {
            let imports = self.imports(quarter / 2);
            let left = quarter - imports.as_deref().map_or(0, estimate_tokens);
            let told: Vec<_> = imports.into_iter().chain(self.outline(left)).collect();
            return (!told.is_empty()).then(|| Told::Parts(told.join("\n")));
        }
        let most = left.min(quarter * 3);
        if estimate_tokens_of(self.text.len_bytes()) >= most {
            return outline(quarter);
        }
        let whole = self.mark("file", &self.text.to_string());
        if estimate_tokens(&whole) > most {
            return outline(quarter);
        }
        Some(Told::Whole(whole))
    }

    /// The definitions that fit into `left` tokens, the most useful first to fit.
    fn definitions(&self, file_is_told: bool, left: u64) -> Option<String> {
        let is_news = |definition: &&Definition| !(file_is_told && definition.is_in_this_file);
        let mut told: Vec<_> = self
            .definitions
            .iter()
            .filter(is_news)
            .map(|definition| (definition.worth, definition.marked()))
            .enumerate()
            .collect();
        told.sort_by_key(|(_, (worth, _))| *worth);
        let mut left = left;
        told.retain(|(_, (_, text))| {
            // With the end of line that joins it to the next.
            let tokens = estimate_tokens_of(text.len() + 1);
            let fits = tokens <= left;
            left -= if fits { tokens } else { 0 };
            fits
        });
        told.sort_by_key(|(at, _)| *at);
        let told: Vec<_> = told.into_iter().map(|(_, (_, text))| text).collect();
        (!told.is_empty()).then(|| told.join("\n"))
    }

    fn imports(&self, most: u64) -> Option<String> {
        let imports = self.syntax?.imports(self.text);
        let marked = (!imports.trim().is_empty()).then(|| self.mark("imports", &imports))?;
        (estimate_tokens(&marked) <= most).then_some(marked)
    }

    /// The signatures in the file; where they are too many, those of the top level; where these
    /// are too many still, the first ones.
    fn outline(&self, left: u64) -> Option<String> {
        let outline = self.syntax?.outline(self.text);
        let marked = |outline: &str| {
            let told = (!outline.trim().is_empty()).then(|| self.mark("outline", outline))?;
            (estimate_tokens(&told) <= left).then_some(told)
        };
        if let Some(told) = marked(&outline) {
            return Some(told);
        }
        let top_level = outline.lines().filter(|line| !line.starts_with(' '));
        let mut top_level = top_level.collect::<Vec<_>>();
        if let Some(told) = marked(&top_level.join("\n")) {
            return Some(told);
        }
        // About 60 tokens are the marks themselves, and the path.
        let most = left.saturating_sub(60 + estimate_tokens(self.path));
        let mut used = 0;
        let fitting = top_level.iter().take_while(|line| {
            used += estimate_tokens_of(line.len() + 1);
            used <= most
        });
        top_level.truncate(fitting.count());
        top_level.push("…");
        (top_level.len() > 1)
            .then(|| marked(&top_level.join("\n")))
            .flatten()
    }

    /// Doc comments and attributes above the range, which are not part of it.
    fn leading(&self) -> Option<String> {
        let above = slice(self.text, &self.subject.leading);
        (!above.trim().is_empty()).then(|| self.mark("above-the-range", &above))
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

    /// A text that would stand in the prompt twice, for no use.
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

/// What was said before, the oldest left out where it is too much. What the model said
/// itself is data as well.
fn history(exchanges: &[Exchange], most: u64) -> Option<String> {
    let mut left = most;
    let mut told = Vec::new();
    for exchange in exchanges.iter().rev() {
        let text = [
            marked("earlier-question", &[], &exchange.question),
            marked("earlier-answer", &[], &exchange.answer),
        ]
        .join("\n");
        let Some(rest) = left.checked_sub(estimate_tokens_of(text.len() + 1)) else {
            break;
        };
        left = rest;
        told.push(text);
    }
    told.reverse();
    (!told.is_empty()).then(|| told.join("\n"))
}

/// What is told of a file.
enum Told {
    Whole(String),
    Parts(String),
}

impl Told {
    fn into_text(self) -> String {
        match self {
            Self::Whole(text) | Self::Parts(text) => text,
        }
    }
}

fn slice(text: &Rope, range: &Range<usize>) -> String {
    text.get_byte_slice(range.clone())
        .map_or_else(String::new, |slice| slice.to_string())
}
