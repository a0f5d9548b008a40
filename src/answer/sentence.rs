//! A Markdown text in a few plain words, for a message or a hint.

/// The first sentence of a Markdown text as plain words, for a message or a hint.
pub fn first_sentence(markdown: &str) -> String {
    let paragraph = markdown
        .trim_start()
        .split("\n\n")
        .map(str::trim)
        .find(|block| !block.is_empty() && !block.starts_with("```"))
        .unwrap_or_default();
    let words = paragraph
        .trim_start_matches(['#', '>', '-', ' '])
        .replace("**", "")
        .replace("&lt;", "<")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let end = words
        .match_indices(['.', '!', '?', '。'])
        .map(|(at, mark)| at + mark.len())
        .find(|end| {
            words
                .get(*end..)
                .is_none_or(|rest| rest.is_empty() || rest.starts_with(' '))
        })
        .unwrap_or(words.len());
    cut_at_word(words.get(..end).unwrap_or(&words), 160)
}

/// The text in at most so many characters, cut between two words if it can be.
pub fn cut_at_word(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most - 1).collect();
    let whole = start
        .rsplit_once(' ')
        .map_or(start.as_str(), |(words, _)| words);
    format!("{whole}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sentence_is_plain_words() {
        let check = |text: &str, expected: &str| assert_eq!(first_sentence(text), expected);
        check("Adds **two** numbers. Then more.", "Adds two numbers.");
        check("# Title\n\nText.", "Title");
        check(
            "Reads `a.b` from 1.5 files\nat once! Done.",
            "Reads `a.b` from 1.5 files at once!",
        );
        check("", "");
        assert_eq!(first_sentence(&"word ".repeat(99)).chars().count(), 155);
    }
}
