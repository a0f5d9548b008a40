//! Tidies code without changing what it does: a few mechanical clean-ups, by syntax tree.

use super::blanks;
use super::cleanups::{self, Cleanup, Edit};
use super::parse::{self, Parsed};
use super::range::Range;
use super::words::{counted, list, longest_run_of_backticks};
use crate::syntax::Language;

/// The answer to a request for an edit: a sentence, and the code in one fence.
pub fn refactor(range: &Range<'_>) -> String {
    let (prose, code) = match range.language() {
        None => (
            "Gloss's offline stand-in has no grammar for this language, so the text is as it was.".to_owned(),
            range.code.to_owned(),
        ),
        Some(language) => match tidy(language, range.code) {
            Outcome::Tidied(code, done) => (told(&done), code),
            Outcome::Unparsable => (
                "Gloss's offline stand-in could not parse this code, so it is as it was.".to_owned(),
                range.code.to_owned(),
            ),
            Outcome::Spoiled => (
                "What Gloss's offline stand-in made of this code did not parse any more, so it is as it was."
                    .to_owned(),
                range.code.to_owned(),
            ),
        },
    };
    format!("{prose}\n\n{}", fenced(&range.info, &code))
}

/// `code` in a fence that is longer than any run of backticks in it.
fn fenced(info: &str, code: &str) -> String {
    let fence = "`".repeat(longest_run_of_backticks(code).saturating_add(1).max(3));
    let info: String = info
        .chars()
        .filter(|character| character.is_ascii_alphanumeric() || "+-#_".contains(*character))
        .collect();
    format!("{fence}{info}\n{code}\n{fence}")
}

fn told(done: &[(Cleanup, usize)]) -> String {
    let parts: Vec<String> = done
        .iter()
        .map(|(cleanup, count)| {
            let (singular, plural) = cleanup.words();
            counted(*count, singular, plural)
        })
        .collect();
    if parts.is_empty() {
        "Gloss's offline stand-in found nothing to tidy without risk, so the code is as it was."
            .to_owned()
    } else {
        format!(
            "Tidied by Gloss's offline stand-in, mechanically and keeping what the code does: {}.",
            list(&parts)
        )
    }
}

/// What became of an attempt to tidy.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The code, and what was done how often; nothing if there was nothing to do.
    Tidied(String, Vec<(Cleanup, usize)>),
    /// The code has errors to begin with, so nothing in it can be trusted.
    Unparsable,
    /// The result had errors; it is thrown away.
    Spoiled,
}

/// Clean-ups can open the way for others, as nested parentheses do; so often at most.
const ROUNDS: usize = 16;

/// Applies all clean-ups until none applies any more.
pub fn tidy(language: Language, code: &str) -> Outcome {
    let Some(mut parsed) = parse::parse(language, code).filter(Parsed::is_clean) else {
        return Outcome::Unparsable;
    };
    let mut code = code.to_owned();
    let mut done = Vec::new();
    for _ in 0..ROUNDS {
        let edits = cleanups::edits(language, &parsed);
        if edits.is_empty() {
            break;
        }
        for edit in &edits {
            count(&mut done, edit.cleanup, 1);
        }
        code = applied(&parsed, &edits);
        match parse::parse(language, &code).filter(Parsed::is_clean) {
            Some(again) => parsed = again,
            None => return Outcome::Spoiled,
        }
    }
    let (spaced, blanks) = blanks::trimmed(&parsed, &code);
    for (cleanup, number) in blanks.into_iter().filter(|(_, number)| *number > 0) {
        count(&mut done, cleanup, number);
    }
    if parse::parse(language, &spaced).is_some_and(|parsed| parsed.is_clean()) {
        Outcome::Tidied(spaced, done)
    } else {
        Outcome::Spoiled
    }
}

fn count(done: &mut Vec<(Cleanup, usize)>, cleanup: Cleanup, number: usize) {
    match done.iter_mut().find(|(seen, _)| *seen == cleanup) {
        Some((_, count)) => *count += number,
        None => done.push((cleanup, number)),
    }
}

/// The code, without its surroundings, with `edits` (ascending, not overlapping) applied.
fn applied(parsed: &Parsed, edits: &[Edit]) -> String {
    let mut result = String::new();
    let mut at = parsed.start;
    for edit in edits {
        result.push_str(parsed.source.get(at..edit.span.start).unwrap_or_default());
        result.push_str(&edit.text);
        at = edit.span.end;
    }
    result.push_str(parsed.source.get(at..parsed.end).unwrap_or_default());
    result
}

#[cfg(test)]
mod tests;
