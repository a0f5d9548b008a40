//! The user's own actions: their words as the task, and the same safety as everywhere.

use super::Surroundings;
use super::explain::{self, Question};
use super::refactor::{self, EDIT_RULES, Wish};
use crate::prompt::{Placeholder, Prompt, Template, inline};

/// What an own action that explains is asked with.
pub fn words_prompt(
    at: &Surroundings<'_>,
    template: &Template,
    wish: Wish<'_>,
    answer_language: &str,
) -> Prompt {
    let task = task(at, template, wish);
    let question = Question {
        text: None,
        history: wish.history,
        problems: wish.problems,
    };
    explain::words_prompt(at, question, answer_language, WORDS, &task)
}

/// What an own action that edits is asked with.
pub fn edit_prompt(at: &Surroundings<'_>, template: &Template, wish: Wish<'_>) -> Prompt {
    let task = task(at, template, wish);
    refactor::edit_prompt(at, wish, &format!("{EDIT}\n{EDIT_RULES}"), &task)
}

/// The user's words. A stranger's text never stands among them: the range and the problems
/// stand marked elsewhere, and are spoken of here.
fn task(at: &Surroundings<'_>, template: &Template, wish: Wish<'_>) -> String {
    let asked = template.fill(|hole| match hole {
        Placeholder::Selection => "the range that follows".into(),
        Placeholder::File => inline(at.path),
        Placeholder::Language => inline(at.language_name()),
        Placeholder::Diagnostics if wish.problems.is_empty() => "no problems".into(),
        Placeholder::Diagnostics => "the problems above".into(),
        Placeholder::Instruction => wish.instruction.unwrap_or_default().to_owned(),
    });
    match wish.instruction {
        Some(instruction) if !template.holds(Placeholder::Instruction) => {
            format!("{asked}\nWhat else is asked: {instruction}")
        }
        _ => asked,
    }
}

const WORDS: &str = "\
You help a programmer with code that stands in an editor. The answer is shown as hover text, in Markdown.

- Do what is asked about the range, and nothing else.
- The first sentence says the result, in at most 80 characters.
- Write names in backticks, as they stand in the code.
- No images, no HTML, no links.";

const EDIT: &str = "\
You change code for a programmer, in place, as they ask. The person's editor puts your code where the range stands now.
";
