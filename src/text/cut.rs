//! Cuts a text where a reader expects it to end.

use super::visible::is_hidden;

/// The text up to the last line end within so many bytes; up to a character where there is none.
pub fn up_to_line_end(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end));
    let head = text.get(..end.unwrap_or(0)).unwrap_or_default();
    head.rfind('\n')
        .and_then(|end| head.get(..end))
        .unwrap_or(head)
}

/// The text up to the last line end within so many bytes, up to a word where there is none, and a
/// sign that it is cut.
pub fn shortened(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let most = most.saturating_sub('…'.len_utf8() + 1);
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end));
    let head = text.get(..end.unwrap_or(0)).unwrap_or_default();
    let up_to = |end: usize| head.get(..end).unwrap_or_default().trim_end();
    match (head.rfind('\n'), head.rfind(char::is_whitespace)) {
        (Some(end), _) if !up_to(end).is_empty() => format!("{}\n…", up_to(end)),
        (_, Some(end)) if !up_to(end).is_empty() => format!("{} …", up_to(end)),
        _ => format!("{head}…"),
    }
}

/// The same for what is sent: of one long word only what stands before a value in it, for half a secret
/// looks like none.
pub fn shortened_to_words(text: &str, most: usize) -> String {
    let text = text.trim_start();
    let short = shortened(text, most);
    if short.len() == text.len() || short.contains(char::is_whitespace) {
        return short;
    }
    let name = short.find(['=', ':', '"', '\'', '`', '(']);
    let name = name.and_then(|end| short.get(..end)).unwrap_or_default();
    format!("{name}…")
}

/// A text from strangers on one line, without what could hide or reorder it, cut at so many
/// characters. Only as much is looked at as can be shown, however large it is.
pub fn one_line(text: &str, most: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    for word in text.split(|c: char| c.is_whitespace() || is_hidden(c)) {
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
            length += 1;
        }
        for c in word.chars() {
            if length >= most {
                line.push('…');
                return line;
            }
            line.push(c);
            length += 1;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_a_line_or_a_character() {
        let check = |text: &str, most: usize, expected: &str| {
            assert_eq!(up_to_line_end(text, most), expected, "{text:?} {most}");
        };
        check("a\nb", 3, "a\nb");
        check("a\nbc", 3, "a");
        check("aé", 2, "a");
        check("é", 1, "");
    }

    #[test]
    fn a_text_is_shortened_at_a_line_or_a_word_and_says_so() {
        let check = |text: &str, most: usize, expected: &str| {
            let shortened = shortened(text, most);
            assert_eq!(shortened, expected, "{text:?} {most}");
            assert!(shortened.len() <= most.max('…'.len_utf8()));
        };
        check("one two", 7, "one two");
        check("one\ntwo three", 10, "one\n…");
        check("one two three", 11, "one …");
        check("  one\ntwo three", 10, "  one\n…");
        check("one\n", 4, "one\n");
        check("onetwothree", 8, "onet…");
        check("ééé", 5, "…");
        check("one", 0, "…");
    }

    #[test]
    fn of_a_long_value_no_half_is_told() {
        let check = |text: &str, expected: &str| {
            assert_eq!(shortened_to_words(text, 20), expected, "{text:?}");
        };
        let value = "a1".repeat(20);
        check("KEY=short", "KEY=short");
        check(&format!("KEY=\"{value}\""), "KEY…");
        check(&format!("KEY = \"{value}\""), "KEY = …");
        check(&value, "…");
        check(&format!("  {value}"), "…");
    }

    #[test]
    fn a_text_of_any_kind_becomes_one_line() {
        let check =
            |text: &str, expected: &str| assert_eq!(one_line(text, 9), expected, "{text:?}");
        check(" a\r\n\tb\n", "a b");
        check("a\u{202e}\u{7}b\u{1b}[c", "a b [c");
        check("123456789", "123456789");
        check("1234 67890", "1234 6789…");
        check("μμμμμμμμμμ", "μμμμμμμμμ…");
        check("", "");
    }
}
