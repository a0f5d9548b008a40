//! Refactor: the same behaviour, better written, as a replacement for the range alone.

use super::surroundings::{Asked, FileNeed};
use super::{Exchange, FENCE_OF_TRUST, Problem, Surroundings};
use crate::prompt::{Prompt, estimate_tokens};

/// What a person wants of the new code.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish<'a> {
    pub instruction: Option<&'a str>,
    pub history: &'a [Exchange],
    pub problems: &'a [Problem],
}

/// What a refactoring is asked with.
pub fn prompt(at: &Surroundings<'_>, wish: Wish<'_>) -> Prompt {
    let task = match wish.instruction {
        Some(instruction) => {
            format!("Rewrite the range that follows. What is asked of it: {instruction}")
        }
        None => {
            "Refactor the range that follows: make it clearer and simpler, with the same behaviour."
                .into()
        }
    };
    edit_prompt(at, wish, &format!("{INSTRUCTIONS}\n{EDIT_RULES}"), &task)
}

/// What any edit is asked with: the rules, what stands around, what is asked, the range.
pub(super) fn edit_prompt(
    at: &Surroundings<'_>,
    wish: Wish<'_>,
    rules: &str,
    task: &str,
) -> Prompt {
    let manner = format!(
        "The language is {}; it is indented with {}.",
        at.language_name(),
        indentation_unit(at),
    );
    at.prompt(Asked {
        instructions: &format!("{rules}\n\n{FENCE_OF_TRUST}"),
        file: FileNeed::Outline,
        history: wish.history,
        problems: wish.problems,
        task: &format!("{manner}\n{task}"),
    })
}

/// Room for the range twice over, and for a sentence beside it.
pub fn max_output_tokens(range: &str) -> u32 {
    u32::try_from(estimate_tokens(range) * 2 + 500).unwrap_or(u32::MAX)
}

const INSTRUCTIONS: &str = "\
You rewrite code for a programmer, in place. The person's editor puts your code where the range stands now.
";

/// What holds for every edit, whatever is asked.
pub(super) const EDIT_RULES: &str = "\
- Answer with one sentence on what you changed, then exactly one fenced code block: the replacement for the range, \
whole, and nothing but it.
- Keep the behaviour and everything that other code can see: names, parameters, types, errors, side effects and \
their order, unless something else is asked for.
- Keep the style of the code around it, its indentation, and its comments unless they are wrong.
- Add nothing that was not asked for: no new comments that retell code, no new dependencies, no tests.
- Never shorten: no placeholder such as \"rest unchanged\" may stand for code.
- What stands above the range (doc comments, attributes, decorators) is not part of it: do not repeat it.
- Names like GLOSS_MASKED_SECRET_1_ stand for values you may not see. Keep each one exactly as it is.
- If nothing is worth changing, say so and give the range as it is.";

/// How the file is indented, by its first indented line.
fn indentation_unit(at: &Surroundings<'_>) -> String {
    let depth = |line: &str| line.len() - line.trim_start_matches(' ').len();
    for line in at.text.lines().take(2_000) {
        let line = line.chars().take(200).collect::<String>();
        if line.starts_with('\t') {
            return "tabs".into();
        }
        let spaces = depth(&line);
        if (2..=8).contains(&spaces)
            && !line.trim().is_empty()
            && !line.trim_start().starts_with('*')
        {
            return format!("{spaces} spaces");
        }
    }
    "4 spaces".into()
}
