//! Tells what a model says from the code it was asked for, where no fence parts them.

use super::fences;

/// Tags that models put around what they think before they answer.
const THOUGHTS: [&str; 4] = ["think", "thinking", "thought", "reasoning"];

/// What was thought aloud before the answer, and the answer itself.
pub(super) fn without_thoughts(answer: &str) -> (&str, &str) {
    let text = answer.trim_start();
    for tag in THOUGHTS {
        let Some(inner) = text.strip_prefix(&format!("<{tag}>")) else {
            continue;
        };
        let end = format!("</{tag}>");
        return match inner.rfind(&end) {
            Some(at) => inner.split_at(at + end.len()),
            // Thought to the end, and never answered.
            None => (inner, ""),
        };
    }
    ("", answer)
}

/// What an answer says before its code, without what was thought aloud; nothing where it is code
/// alone.
pub fn words(answer: &str) -> &str {
    fences::before_the_first(without_thoughts(answer).1)
}

/// Whether an answer without a fence is words, although its language's grammar takes it: for some
/// grammars any words are code. `old` is the text that it would replace.
pub(super) fn reads_like_prose(answer: &str, old: &str) -> bool {
    let mut lines = answer
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let (first, last) = (lines.next(), lines.next_back());
    let is_known = |line: &str| old.lines().any(|known| known.trim() == line);
    let edges = first.into_iter().chain(last);
    let says =
        |line: &str| is_sentence(line) || is_words(line) && line.starts_with(char::is_uppercase);
    edges.into_iter().any(|line| says(line) && !is_known(line))
        || is_words(answer) && !is_words(old)
        // Code as a string in an object, or a fence that opens and closes on one line.
        || answer.trim_start().starts_with("{\"") && !old.trim_start().starts_with('{')
        || answer.trim_start().starts_with("```")
}

/// Three plain words at least and most of the line, the first with a capital letter, or an end as
/// of a sentence.
fn is_sentence(line: &str) -> bool {
    let is_plain = |word: &&str| {
        let word = word.trim_matches(['.', ',', ':', ';', '!', '?', '(', ')', '"', '\'', '`', '*']);
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_alphabetic() || matches!(c, '\'' | '’' | '-'))
    };
    let all = line.split_whitespace().count();
    let plain = line.split_whitespace().filter(is_plain).count();
    let begins = line.starts_with(char::is_uppercase);
    let ends = line.ends_with(['.', ':', '!', '?']);
    let is_said = line.starts_with(char::is_alphabetic);
    is_said && plain >= 3 && plain * 4 >= all * 3 && (begins || ends)
}

fn is_words(text: &str) -> bool {
    text.chars().all(|c| {
        c.is_alphabetic() || c.is_whitespace() || matches!(c, '.' | ',' | '!' | '?' | '\'' | '’')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_not_code_even_where_a_grammar_takes_them() {
        let check = |answer: &str, expected: bool| {
            assert_eq!(reads_like_prose(answer, "a = 1;"), expected, "{answer:?}");
        };
        for prose in [
            "Done",
            "OK.",
            "echo one two",
            "```a = 2```",
            "{\"code\": \"a = 2;\"}",
            "Sure\na = 2;",
            "nothing to change",
            "I would rather not do that.",
            "The function `total` is fine as it is.",
            "Here is the code:\na = 2",
            "a = 2\nThis makes it shorter.",
        ] {
            check(prose, true);
        }
        for code in [
            "a = 2",
            "echo \"$one\" two three",
            "Foo.new(bar)",
            "return not a_b and c",
            "# This makes it shorter, he said.\na = 2;",
        ] {
            check(code, false);
        }
        assert!(!reads_like_prose("more words", "words"));
    }

    #[test]
    fn what_is_said_before_the_code_is_told_from_code_and_thoughts() {
        let check = |answer: &str, said: &str| assert_eq!(words(answer).trim(), said, "{answer:?}");
        check("Shorter.\n\n```rust\na\n```\nMore.", "Shorter.");
        check("Shorter.\n~~~\na\n~~~", "Shorter.");
        check(
            "<think>Hm.\n```\nb\n```</think>\nShorter.\n```\na\n```",
            "Shorter.",
        );
        check("<think>Hm.</think>```\na\n```", "");
        check("fn a() {}", "");
        check("```\r\na\r\n```", "");
    }

    #[test]
    fn thoughts_are_no_part_of_an_answer() {
        let check = |answer: &str, thought: &str, said: &str| {
            assert_eq!(without_thoughts(answer), (thought, said), "{answer:?}");
        };
        check("a", "", "a");
        check("\n<think>a</think>\nb", "a</think>", "\nb");
        check("<thinking>a\n```\n</thinking>", "a\n```\n</thinking>", "");
        check("<think>a", "a", "");
        check("b <think>a</think>", "", "b <think>a</think>");
    }
}
