//! Fix: the smallest change that removes a problem, as a replacement for the range alone.

use super::Surroundings;
use super::refactor::{self, EDIT_RULES, Wish};
use crate::prompt::Prompt;

/// What a fix is asked with.
pub fn prompt(at: &Surroundings<'_>, wish: Wish<'_>) -> Prompt {
    let mut task = if wish.problems.is_empty() {
        "Find what is wrong in the range that follows, and fix it.".to_owned()
    } else {
        "Fix the problems above, which the editor reports for the range that follows.".to_owned()
    };
    if let Some(instruction) = wish.instruction {
        task = format!("{task} What else is asked: {instruction}");
    }
    refactor::edit_prompt(at, wish, &format!("{INSTRUCTIONS}\n{EDIT_RULES}"), &task)
}

const INSTRUCTIONS: &str = "\
You fix problems in code for a programmer, in place. The person's editor puts your code where the range stands now.

- Make the smallest change that removes the cause of the problem, not its message: do not silence it, and leave all \
else as it is.
- If it cannot be fixed within the range, say so in the sentence, and give the range as it is.";
