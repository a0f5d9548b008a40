//! What somebody else found wrong in the code: a diagnostic, as a plain value.

use std::ops::Range;

use super::Surroundings;
use crate::prompt::{estimate_tokens, marked};
use crate::text;

/// How bad it is, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
    Information,
    Hint,
}

impl Severity {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
            Self::Hint => "hint",
        }
    }
}

/// A problem that the editor shows at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Bytes of the document.
    pub range: Range<usize>,
    pub severity: Severity,
    /// Who found it, such as `rustc`.
    pub source: Option<String>,
    pub code: Option<String>,
    pub message: String,
}

/// More than a person can mean at once.
const MOST: usize = 20;
/// The longest message that is told whole, in characters; some hold pages of types.
const LONGEST: usize = 2_000;

impl Surroundings<'_> {
    /// The problems with their lines, marked as the data that they are, as many as fit into
    /// `left` tokens.
    pub(super) fn problems(&self, problems: &[Problem], left: u64) -> Option<String> {
        let mut told: Vec<String> = problems
            .iter()
            .take(MOST)
            .map(|problem| self.in_words(problem))
            .collect();
        while !told.is_empty() {
            let marked = marked("problems", &[("file", self.path)], &told.join("\n"));
            if estimate_tokens(&marked) <= left {
                return Some(marked);
            }
            told.pop();
        }
        None
    }

    fn in_words(&self, problem: &Problem) -> String {
        let line = text::line_of(self.text, problem.range.start) + 1;
        let from = [&problem.source, &problem.code];
        let from: Vec<&str> = from.into_iter().flatten().map(String::as_str).collect();
        let from = if from.is_empty() {
            String::new()
        } else {
            format!(" ({})", from.join(" "))
        };
        let message: String = problem.message.trim().chars().take(LONGEST).collect();
        format!("line {line}, {}{from}: {message}", problem.severity.word())
    }
}
