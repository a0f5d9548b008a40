//! Explain: what a piece of code does and why, for hover text.

use super::surroundings::{Asked, FileNeed};
use super::{Exchange, FENCE_OF_TRUST, Problem, Surroundings};
use crate::prompt::Prompt;

/// What a person wants to know beyond what the code does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Question<'a> {
    pub text: Option<&'a str>,
    pub history: &'a [Exchange],
    /// Problems to be explained, in place of the code.
    pub problems: &'a [Problem],
}

/// Changes whenever the words below do, so that no kept explanation outlives them.
pub const PROMPT_VERSION: u32 = 1;

/// Most an explanation may cost, in tokens of visible text.
pub const MAX_OUTPUT_TOKENS: u32 = 2_000;

/// What an explanation is asked with.
pub fn prompt(at: &Surroundings<'_>, question: Question<'_>, answer_language: &str) -> Prompt {
    let task = match (question.text, question.problems.is_empty()) {
        (Some(text), _) => format!("The question, about the range that follows: {text}"),
        (None, true) => "Explain the range that follows.".into(),
        (None, false) => {
            "Explain the problems above, which the editor reports for the range that follows: \
             their cause, then the smallest remedy."
                .into()
        }
    };
    words_prompt(at, question, answer_language, INSTRUCTIONS, &task)
}

/// What any answer in words is asked with: the rules, what stands around, what is asked, the range.
pub(super) fn words_prompt(
    at: &Surroundings<'_>,
    question: Question<'_>,
    answer_language: &str,
    rules: &str,
    task: &str,
) -> Prompt {
    at.prompt(Asked {
        instructions: &format!(
            "{rules}\n\n{FENCE_OF_TRUST}\n\nAnswer in this language: {answer_language}."
        ),
        file: FileNeed::Whole,
        history: question.history,
        problems: question.problems,
        task,
    })
}

const INSTRUCTIONS: &str = "\
You explain code to a programmer who reads it in an editor. The answer is shown as hover text, in Markdown.

- The first sentence says what the range does, in at most 80 characters. Do not begin with \"This function\" or the like.
- Then, only as far as the code deserves it: why it is so, its parts in the order they run, edge cases and failure, \
and what a caller must know.
- Write names in backticks, as they stand in the code.
- Do not retell the code line by line. No praise. No advice unless it is asked for.
- The length follows the code: three sentences for five lines, no headings below some thirty lines.
- If a question is asked, answer the question, and nothing else.
- No images, no HTML, no links.";
