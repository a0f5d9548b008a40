//! Keeps texts from grammars that cannot bear how deep they are nested.

use super::Language;

/// YAML's scanner keeps every open indentation in a buffer of 1,024 bytes, four to each, and ends
/// the whole process where they do not fit. In each column at most two can be open, a mapping and
/// a sequence in it, so no text whose blocks begin within so many columns comes to that.
const MOST_COLUMNS: usize = 120;

/// Whether a text may be given to the grammar of its language; it comes in chunks by offset.
pub(super) fn is_bearable<'t>(
    language: Language,
    mut chunk_at: impl FnMut(usize) -> Option<&'t [u8]>,
) -> bool {
    if language != Language::Yaml {
        return true;
    }
    let mut line = Line::default();
    let mut offset = 0;
    while let Some(chunk) = chunk_at(offset).filter(|chunk| !chunk.is_empty()) {
        if !chunk.iter().all(|byte| line.bears(*byte)) {
            return false;
        }
        offset += chunk.len();
    }
    true
}

/// How far into a line blocks may still begin: behind blanks, `-`, `?` and `:` and the tags and
/// anchors between them.
#[derive(Default)]
struct Line {
    column: usize,
    has_content: bool,
    /// Within a tag or an anchor, which ends at a blank.
    is_property: bool,
}

impl Line {
    fn bears(&mut self, byte: u8) -> bool {
        match byte {
            b'\n' | b'\r' => *self = Self::default(),
            _ if self.has_content => {}
            b' ' | b'\t' => {
                self.column += 1;
                self.is_property = false;
            }
            b'-' | b'?' | b':' => self.column += 1,
            b'&' | b'!' => {
                self.column += 1;
                self.is_property = true;
            }
            _ if self.is_property => self.column += 1,
            _ => self.has_content = true,
        }
        self.column <= MOST_COLUMNS
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::syntax::parses;

    #[test]
    fn what_a_scanner_cannot_bear_is_not_parsed() {
        let check = |text: String, parsed: bool| {
            assert_eq!(
                parses(Language::Yaml, &text),
                parsed,
                "{} bytes",
                text.len()
            );
        };
        let nested = |levels: usize| -> String {
            (0..levels)
                .map(|level| format!("{}a:\n", " ".repeat(level)))
                .collect()
        };
        check("- ".repeat(50) + "a\n", true);
        check("- ".repeat(300) + "a\n", false);
        check("- &a ".repeat(300) + "a\n", false);
        check("? ".repeat(300) + "a\n", false);
        check(nested(60), true);
        check(nested(300), false);
        check(format!("a: {}\n", "long ".repeat(200)), true);
        assert!(is_bearable(Language::Rust, |_| None));
    }

    proptest! {
        #[test]
        fn no_text_of_indicators_ends_the_process(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "- ", "? ", ": ", "a: ", "a:\n", "-\n", "\n", " ", "  ", "    ", "\t", "&a ",
                    "!t ", "|\n", "> ", "[", "]", "{", "}", "'", "\"", "# c\n", "---\n", "b\n", "é",
                    "- - - - - - - - - - ", "a:\n a:\n  a:\n   a:\n", "          ",
                ]),
                0..400,
            ),
        ) {
            parses(Language::Yaml, &parts.concat());
        }
    }
}
