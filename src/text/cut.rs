//! Cuts a text where a reader expects it to end.

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
}
