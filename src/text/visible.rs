//! Text from strangers as it may be shown: nothing in it steers a terminal or turns the text around.

use std::borrow::Cow;

/// `text` on one line: every hidden sign, line ends and tabs too, as a mark such as `⟨U+001B⟩`.
pub fn visible(text: &str) -> Cow<'_, str> {
    marked(text, is_hidden)
}

/// The same for a text of several lines, whose tabs and line ends (`\n`, `\r\n`) stay.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| is_hidden(c) && !matches!(c, '\t' | '\n');
    if !text.contains("\r\n") {
        return marked(text, hidden);
    }
    let lines: Vec<_> = text
        .split("\r\n")
        .map(|line| marked(line, hidden))
        .collect();
    Cow::Owned(lines.join("\r\n"))
}

/// The same for a message that an editor shows. VS Code makes links of `[text](command:name)` in
/// its notifications, and runs the command at a click.
pub fn visible_message(text: &str) -> String {
    visible_lines(text).replace("](", "] (")
}

/// Whether a sign does something to its surroundings instead of showing itself.
pub fn is_hidden(c: char) -> bool {
    // Marks, embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX #9),
    // its line and paragraph separators, and tags, which are letters that nobody sees (UTR #36).
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

fn marked(text: &str, hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hidden(c) {
            shown.push_str(&format!("⟨U+{:04X}⟩", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_steers_a_terminal_or_turns_text_around_is_a_mark() {
        let check = |text: &str, one_line: &str, lines: &str| {
            assert_eq!(visible(text), one_line, "{text:?}");
            assert_eq!(visible_lines(text), lines, "{text:?}");
        };
        check("añ👩‍👩‍👧 b", "añ👩‍👩‍👧 b", "añ👩‍👩‍👧 b");
        check("\u{1b}[31m", "⟨U+001B⟩[31m", "⟨U+001B⟩[31m");
        check(
            "\u{9b}\u{7f}\0",
            "⟨U+009B⟩⟨U+007F⟩⟨U+0000⟩",
            "⟨U+009B⟩⟨U+007F⟩⟨U+0000⟩",
        );
        check("a\tb\nc", "a⟨U+0009⟩b⟨U+000A⟩c", "a\tb\nc");
        check(
            "a\r\nb\rc",
            "a⟨U+000D⟩⟨U+000A⟩b⟨U+000D⟩c",
            "a\r\nb⟨U+000D⟩c",
        );
        check(
            "\r\u{1b}\r\n",
            "⟨U+000D⟩⟨U+001B⟩⟨U+000D⟩⟨U+000A⟩",
            "⟨U+000D⟩⟨U+001B⟩\r\n",
        );
        for c in [
            '\u{61c}',
            '\u{200e}',
            '\u{2028}',
            '\u{202e}',
            '\u{2069}',
            '\u{e0041}',
        ] {
            let mark = format!("⟨U+{:04X}⟩", u32::from(c));
            check(&c.to_string(), &mark, &mark);
        }
    }

    #[test]
    fn a_message_holds_no_link() {
        let check = |text: &str, expected: &str| assert_eq!(visible_message(text), expected);
        check("See [it](command:rm -rf).", "See [it] (command:rm -rf).");
        check("`[a](file:///x)`\n[]([](", "`[a] (file:///x)`\n[] ([] (");
        check("f[0](1) and \u{1b}[2J", "f[0] (1) and ⟨U+001B⟩[2J");
        check("Doubles `n`, in 1 s…", "Doubles `n`, in 1 s…");
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in any::<String>()) {
            prop_assert!(!visible(&text).contains(is_hidden));
            prop_assert!(!visible_lines(&text).replace("\r\n", "").contains(|c| is_hidden(c) && !matches!(c, '\t' | '\n')));
        }

        #[test]
        fn what_hides_nothing_stays_as_it_is(text in "[a-zäß语 ()]{0,30}") {
            prop_assert!(matches!(visible(&text), Cow::Borrowed(same) if same == text));
        }
    }
}
