//! Finds the code a prompt is about: between range tags, in a fence, or all there is.

use crate::syntax::Language;

/// The code a prompt is about, and what the prompt says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range<'a> {
    pub code: &'a str,
    /// The language as it was named, empty where it was not.
    pub info: String,
    pub file: Option<String>,
    /// First and last line, as `10-24`.
    pub lines: Option<String>,
    /// Whether a question came with it.
    pub question: bool,
}

impl Range<'_> {
    /// The language, where there is a grammar for it.
    pub fn language(&self) -> Option<Language> {
        Language::from_id(&self.info)
    }
}

/// Looks through the texts of what a person said, the last first: for a pair of range tags in
/// any of them, then for a fence in the last, then takes the last as a whole.
pub fn find<'a>(texts: &[&'a str]) -> Range<'a> {
    let question = texts.iter().any(|text| asks(text));
    let found = texts
        .iter()
        .rev()
        .find_map(|text| last_tagged(text))
        .or_else(|| last_fenced(texts.last()?))
        .unwrap_or_else(|| whole(texts.last().copied().unwrap_or_default()));
    Range { question, ..found }
}

/// All code between range tags that have a number, by that number.
pub fn all<'a>(texts: &[&'a str]) -> Vec<(u64, Range<'a>)> {
    let numbered = |text: &&'a str| {
        let text: &'a str = text;
        tagged(text).into_iter().filter_map(move |(tag, from, to)| {
            let id = tag.attribute("id")?.parse().ok()?;
            Some((id, within(text, tag, from, to)?))
        })
    };
    texts.iter().flat_map(numbered).collect()
}

fn within<'a>(text: &'a str, tag: Tag<'_>, from: usize, to: usize) -> Option<Range<'a>> {
    Some(Range {
        code: text.get(from..to)?,
        info: tag.attribute("language").unwrap_or_default(),
        file: tag.attribute("file"),
        lines: tag.attribute("lines"),
        question: false,
    })
}

fn whole(text: &str) -> Range<'_> {
    Range {
        code: text,
        info: String::new(),
        file: None,
        lines: None,
        question: false,
    }
}

/// Whether a question stands in the text, outside of tagged code.
fn asks(text: &str) -> bool {
    let is_question = |line: &Line| {
        ["Question:", "The question, about the range that follows:"]
            .iter()
            .any(|start| line.text.starts_with(start))
    };
    let tagged = tagged(text);
    lines(text).filter(is_question).any(|line| {
        !tagged
            .iter()
            .any(|(_, from, to)| (*from..*to).contains(&line.start))
    })
}

struct Line<'a> {
    start: usize,
    /// Where the next line starts.
    end: usize,
    /// Without its terminator.
    text: &'a str,
}

fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut end = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = end;
        end += line.len();
        let text = line.trim_end_matches(['\n', '\r']);
        Line { start, end, text }
    })
}

fn last_tagged(text: &str) -> Option<Range<'_>> {
    let (tag, from, to) = tagged(text).pop()?;
    within(text, tag, from, to)
}

/// Opening tag, start and end of each tagged range. Tags inside of another range are its text.
fn tagged(text: &str) -> Vec<(Tag<'_>, usize, usize)> {
    let mut found = Vec::new();
    let mut open: Option<(Tag<'_>, usize)> = None;
    for line in lines(text) {
        match open {
            None => open = Tag::read(line.text).map(|tag| (tag, line.end)),
            Some((tag, from)) if tag.is_closed_by(line.text) => {
                // The newline before the closing tag belongs to the tag.
                found.push((tag, from, line.start.saturating_sub(1).max(from)));
                open = None;
            }
            Some(_) => {}
        }
    }
    found
}

/// An opening tag: `<range-3f9a1c22 file="src/a.rs" language="rust" lines="10-24">`.
#[derive(Clone, Copy)]
struct Tag<'a> {
    name: &'a str,
    attributes: &'a str,
}

impl<'a> Tag<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let inside = line.strip_prefix('<')?.strip_suffix('>')?;
        let (name, attributes) = inside.split_once(' ').unwrap_or((inside, ""));
        let hash = name.strip_prefix("range-")?;
        let is_hash = !hash.is_empty() && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hash.then_some(Self { name, attributes })
    }

    fn is_closed_by(self, line: &str) -> bool {
        let name = line
            .strip_prefix("</")
            .and_then(|rest| rest.strip_suffix('>'));
        name == Some(self.name)
    }

    fn attribute(self, name: &str) -> Option<String> {
        let start = format!("{name}=\"");
        let (_, rest) = format!(" {}", self.attributes)
            .split_once(&format!(" {start}"))
            .map(|(before, rest)| (before.to_owned(), rest.to_owned()))?;
        let (value, _) = rest.split_once('"')?;
        let value = value
            .replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&");
        Some(value)
    }
}

/// The last closed code fence.
fn last_fenced(text: &str) -> Option<Range<'_>> {
    let mut found = None;
    let mut open: Option<(&str, &str, usize)> = None;
    for line in lines(text) {
        let trimmed = line.text.trim_start();
        match open {
            None => {
                open = fence(trimmed).map(|marks| {
                    let info = trimmed.get(marks.len()..).unwrap_or_default();
                    (marks, info.trim(), line.end)
                });
            }
            Some((marks, info, from)) => {
                let closes =
                    trimmed.starts_with(marks) && fence(trimmed) == Some(trimmed.trim_end());
                if closes {
                    found = Some((info, from, line.start.saturating_sub(1).max(from)));
                    open = None;
                }
            }
        }
    }
    let (info, from, to) = found?;
    let code = text.get(from..to)?;
    Some(Range {
        info: info
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned(),
        ..whole(code.strip_suffix('\r').unwrap_or(code))
    })
}

/// The three or more marks a fence line begins with.
fn fence(line: &str) -> Option<&str> {
    let mark = line
        .chars()
        .next()
        .filter(|mark| matches!(mark, '`' | '~'))?;
    let length = line.len() - line.trim_start_matches(mark).len();
    line.get(..length).filter(|marks| marks.len() >= 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_found_wherever_it_stands() {
        let check = |texts: &[&str], code: &str, info: &str| {
            let range = find(texts);
            assert_eq!((range.code, range.info.as_str()), (code, info), "{texts:?}");
        };
        check(&["<range-3f>\na\nb\n</range-3f>"], "a\nb", "");
        check(
            &["<range-3f language=\"rust\">\na\n\n</range-3f>\nmore"],
            "a\n",
            "rust",
        );
        check(&["<range-3f>\n</range-3f>"], "", "");
        check(
            &["<range-1>\nold\n</range-1>\n<range-2>\nnew\n</range-2>"],
            "new",
            "",
        );
        check(
            &["<range-1>\n<range-2>\nx\n</range-2>\n</range-1>"],
            "<range-2>\nx\n</range-2>",
            "",
        );
        check(&["<range-1>\nx\n</range-1>", "Be brief."], "x", "");
        check(&["<range-1>\nnever closed"], "<range-1>\nnever closed", "");
        check(&["say <range-1> inline"], "say <range-1> inline", "");
        check(
            &["<range-xyz>\nx\n</range-xyz>"],
            "<range-xyz>\nx\n</range-xyz>",
            "",
        );
        check(
            &["```py\na\n```\nand\n````js x\nb\n```\n````\nend"],
            "b\n```",
            "js",
        );
        check(&["~~~go\r\na\r\n~~~\r\n"], "a", "go");
        check(&["```\nopen"], "```\nopen", "");
        check(&["plain words"], "plain words", "");
        check(&[], "", "");
    }

    #[test]
    fn numbered_ranges_are_found_in_their_order() {
        let texts = [
            "<range-1 id=\"3\">\na\n</range-1>",
            "<range-2 id=\"4\" language=\"go\">\nb\n</range-2>\n<range-3>\nc\n</range-3>",
        ];
        let found: Vec<_> = all(&texts)
            .into_iter()
            .map(|(id, range)| (id, range.code))
            .collect();
        assert_eq!(found, [(3, "a"), (4, "b")]);
    }

    #[test]
    fn attributes_are_read_and_unescaped() {
        let text = "<range-0a file=\"a &quot;b&quot; &amp;.rs\" language=\"rust\" lines=\"10-24\">\nx\n</range-0a>";
        let range = find(&[text]);
        assert_eq!(range.file.as_deref(), Some("a \"b\" &.rs"));
        assert_eq!(range.lines.as_deref(), Some("10-24"));
        assert_eq!(range.language(), Some(Language::Rust));
    }

    #[test]
    fn a_question_counts_only_outside_of_the_code() {
        let check =
            |text: &str, expected: bool| assert_eq!(find(&[text]).question, expected, "{text}");
        check(
            "The question, about the range that follows: why?\n\n<range-1>\nx\n</range-1>",
            true,
        );
        check("Question: why?\n<range-1>\nx\n</range-1>", true);
        check("<range-1>\nQuestion: why?\n</range-1>", false);
        check("<range-1>\nx\n</range-1>", false);
    }
}
