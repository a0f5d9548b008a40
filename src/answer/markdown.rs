//! Takes the fangs out of a model's Markdown before any editor renders it, as it streams.
//!
//! An editor renders hover text with more power than a stranger should have: images are
//! fetched, some editors run `command:` links, raw HTML can cover what stands beside it.

use url::Url;

use crate::text::{is_hidden, visible, visible_lines};

/// Longest construct that is held back until its end is seen, in bytes.
const LONGEST_HELD: usize = 2_000;
/// Longest text that is let through, in bytes. An editor's hover takes no more.
const LONGEST_TEXT: usize = 64 * 1024;
const CUT: &str = "\n\n*(cut: the answer is too long to show)*";

/// `text` with nothing left in it but what is harmless to render.
pub fn defanged(text: &str) -> String {
    let mut defanger = Defanger::default();
    let mut safe = defanger.push(text);
    safe.push_str(&defanger.finish());
    safe
}

/// The same for a piece of a line: what would open a block at its start opens none here.
fn defanged_within_line(text: &str) -> String {
    let mut defanger = Defanger {
        inside_line: true,
        cut_by_table: true,
        ..Defanger::default()
    };
    let mut safe = defanger.push(text);
    safe.push_str(&defanger.finish());
    safe
}

/// Defangs a text that comes in pieces. What it gives, joined, does not depend on how the
/// text was cut; it withholds at most an unfinished link, image, tag, code span or fence.
#[derive(Debug, Default)]
pub struct Defanger {
    pending: String,
    fence: Option<Fence>,
    inside_line: bool,
    /// A code span with a `|` stands on this line. In a table it is cut there, so that what
    /// looks like code behind it may be none.
    cut_by_table: bool,
    given: usize,
    full: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fence {
    mark: char,
    length: usize,
}

/// What is to be done with the start of what is pending.
enum Step {
    /// So many bytes are done with, and come out as this.
    Done(usize, String),
    /// The same, and a code block begins or ends with them.
    Turn(usize, Option<Fence>),
    /// More has to be seen first.
    Wait,
}

impl Defanger {
    /// Takes the next piece; gives what is certain by now.
    pub fn push(&mut self, piece: &str) -> String {
        // A lone return would end a line for a renderer, and overwrite one on a terminal.
        self.pending.extend(piece.chars().filter(|c| *c != '\r'));
        self.drain(false)
    }

    /// Gives what was withheld, and closes a fence that was left open.
    pub fn finish(&mut self) -> String {
        let mut safe = self.drain(true);
        if let Some(fence) = self.fence.take()
            && !self.full
        {
            if self.inside_line {
                safe.push('\n');
            }
            safe.extend(std::iter::repeat_n(fence.mark, fence.length));
        }
        safe
    }

    /// Adds what is safe, up to the longest text, where a word says that more was cut off.
    fn give(&mut self, text: &str, safe: &mut String) {
        if self.full {
            return;
        }
        let mut end = text.len().min(LONGEST_TEXT - self.given);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        safe.push_str(text.get(..end).unwrap_or_default());
        self.given += end;
        if end < text.len() {
            self.full = true;
            if let Some(fence) = self.fence {
                safe.push('\n');
                safe.extend(std::iter::repeat_n(fence.mark, fence.length));
            }
            safe.push_str(CUT);
        }
    }

    fn drain(&mut self, last: bool) -> String {
        let mut safe = String::new();
        // One pass over what is pending; it is shifted down once, at the end.
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_str();
        while !rest.is_empty() {
            let step = match self.fence {
                Some(fence) => step_in_code(rest, fence, !self.inside_line, last),
                None => step_in_text(rest, !self.inside_line, self.cut_by_table, last),
            };
            let (taken, text) = match step {
                Step::Wait => break,
                Step::Done(taken, text) => (taken, text),
                Step::Turn(taken, fence) => {
                    self.fence = fence;
                    // Without its indentation a fence belongs to no list, which could end
                    // before the fence does and leave the rest of it to be rendered.
                    let line = rest.get(..taken).unwrap_or_default();
                    (
                        taken,
                        visible_lines(line.trim_start_matches(' ')).into_owned(),
                    )
                }
            };
            let seen = rest.get(..taken).unwrap_or_default();
            self.inside_line = !seen.ends_with('\n');
            self.cut_by_table = self.inside_line && (self.cut_by_table || text.contains('|'));
            rest = rest.get(taken..).unwrap_or_default();
            self.give(&text, &mut safe);
        }
        rest.clone_into(&mut self.pending);
        safe
    }
}

fn step_in_code(rest: &str, fence: Fence, line_start: bool, last: bool) -> Step {
    let Some(end) = rest.find('\n') else {
        // Whether the line closes the block shows at its end.
        let may_close = line_start
            && rest
                .trim_start_matches(' ')
                .chars()
                .all(|c| c == fence.mark || c == ' ');
        return match (may_close, last) {
            (true, true) if closes(rest, fence) => Step::Turn(rest.len(), None),
            (true, false) if rest.len() < LONGEST_HELD => Step::Wait,
            _ => Step::Done(rest.len(), visible_lines(rest).into_owned()),
        };
    };
    let line = rest.get(..end).unwrap_or_default();
    if line_start && closes(line, fence) {
        return Step::Turn(end + 1, None);
    }
    Step::Done(
        end + 1,
        visible_lines(rest.get(..=end).unwrap_or_default()).into_owned(),
    )
}

/// CommonMark 4.5: at most three spaces before it, and nothing but blanks behind it.
fn closes(line: &str, fence: Fence) -> bool {
    let marks = line.trim_start_matches(' ');
    let indentation = line.len() - marks.len();
    let marks = marks.trim_end_matches([' ', '\t', '\r']);
    indentation <= 3 && marks.len() >= fence.length && marks.chars().all(|c| c == fence.mark)
}

fn step_in_text(rest: &str, line_start: bool, cut_by_table: bool, last: bool) -> Step {
    if line_start && let Some(step) = fence(rest, last) {
        return step;
    }
    let Some(first) = rest.chars().next() else {
        return Step::Wait;
    };
    let next = rest
        .get(first.len_utf8()..)
        .and_then(|after| after.chars().next());
    match first {
        '`' => span(rest, cut_by_table, last),
        '\\' | '<' | '!' if next.is_none() && !last => Step::Wait,
        '\\' => escape(next),
        '<' if next.is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) => {
            Step::Done(1, "&lt;".into())
        }
        '!' if next == Some('[') => bracket(rest, 1, last),
        '[' => bracket(rest, 0, last),
        _ => plain(rest, first),
    }
}

/// Everything up to the next character that could begin something.
fn plain(rest: &str, first: char) -> Step {
    let end = rest
        .char_indices()
        .skip(1)
        .find(|(_, c)| matches!(c, '`' | '\\' | '<' | '!' | '[' | '\n'))
        .map_or(rest.len(), |(at, _)| at);
    let end = if first == '\n' { 1 } else { end };
    Step::Done(
        end,
        visible_lines(rest.get(..end).unwrap_or_default()).into_owned(),
    )
}

/// What to do with a line that opens a fence, by the rules of CommonMark 4.5; `None` for
/// one that does not. Deeper than three spaces it opens none.
fn fence(rest: &str, last: bool) -> Option<Step> {
    let marks = rest.trim_start_matches(' ');
    let indentation = rest.len() - marks.len();
    let undecided = !last && rest.len() < LONGEST_HELD && !rest.contains('\n');
    let Some(mark) = marks.chars().next() else {
        return (undecided && indentation <= 3).then_some(Step::Wait);
    };
    if indentation > 3 || !matches!(mark, '`' | '~') {
        return None;
    }
    let info = marks.trim_start_matches(mark);
    let length = marks.len() - info.len();
    if undecided && (length >= 3 || info.is_empty()) {
        return Some(Step::Wait);
    }
    let line = info.split('\n').next().unwrap_or_default();
    // A line with a `|` may be the head of a table to some renderers; to none it opens a block.
    if length >= 3 && mark == '~' && line.contains('|') {
        return Some(Step::Done(indentation + length, "\\~".repeat(length)));
    }
    if length < 3 || line.contains('|') || (mark == '`' && line.contains('`')) {
        return None;
    }
    let taken = (indentation + length + line.len() + 1).min(rest.len());
    Some(Step::Turn(taken, Some(Fence { mark, length })))
}

/// A run of backticks: a code span if it is closed on the same line, else only backticks.
///
/// A span over several lines can be cut by the beginning of a block, and in a table by each
/// `|`; what Gloss takes for code would then be rendered. So one line it is, and one with a
/// `|` in it or before it only if its content could do no harm as text.
fn span(rest: &str, cut_by_table: bool, last: bool) -> Step {
    let length = rest.len() - rest.trim_start_matches('`').len();
    let after = rest.get(length..).unwrap_or_default();
    let line = held(after).split('\n').next().unwrap_or_default();
    let mut from = 0;
    while let Some(start) = line.get(from..).and_then(|rest| rest.find('`')) {
        let start = from + start;
        let run = line.get(start..).unwrap_or_default();
        let run = run.len() - run.trim_start_matches('`').len();
        // At the very end of what is here the run may still grow.
        let may_grow = start + run == after.len() && !last;
        if run == length && !may_grow {
            let content = line.get(..start).unwrap_or_default();
            let harmless = !content.contains(['<', '[', '\\']);
            let whole = !cut_by_table && !content.contains('|');
            if !harmless && !whole {
                break;
            }
            let end = length + start + run;
            return Step::Done(
                end,
                visible_lines(rest.get(..end).unwrap_or_default()).into_owned(),
            );
        }
        from = start + run;
    }
    let may_go_on = !last && line.len() == after.len() && after.len() < LONGEST_HELD;
    if may_go_on && !(cut_by_table && line.contains(['<', '['])) {
        return Step::Wait;
    }
    Step::Done(length, "\\`".repeat(length))
}

fn escape(next: Option<char>) -> Step {
    match next {
        Some('<') => Step::Done(2, "&lt;".into()),
        Some(c) if c.is_ascii_punctuation() => Step::Done(2, format!("\\{c}")),
        _ => Step::Done(1, "\\".into()),
    }
}

/// As much of `text` as may be looked at before a decision falls.
fn held(text: &str) -> &str {
    let mut end = text.len().min(LONGEST_HELD);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// A link, an image (`bang` is 1), a definition, or just a bracket.
fn bracket(rest: &str, bang: usize, last: bool) -> Step {
    let literal = || Step::Done(bang + 1, if bang == 1 { "!\\[" } else { "\\[" }.into());
    let window = held(rest);
    let paragraph = window.split("\n\n").next().unwrap_or_default();
    let may_go_on = !last && paragraph.len() == window.len() && rest.len() < LONGEST_HELD;
    let open_ended = || if may_go_on { Step::Wait } else { literal() };
    let Some(inner_end) = matching(paragraph, bang + 1, '[', ']') else {
        return open_ended();
    };
    let inner = paragraph.get(bang + 1..inner_end).unwrap_or_default();
    let after = paragraph.get(inner_end + 1..).unwrap_or_default();
    match after.chars().next() {
        None if may_go_on => Step::Wait,
        Some('(') => match matching(paragraph, inner_end + 2, '(', ')') {
            Some(end) => {
                let target = paragraph.get(inner_end + 2..end).unwrap_or_default();
                Step::Done(end + 1, link(inner, target, bang == 1))
            }
            None => open_ended(),
        },
        // `[ ]` and `[x]` begin a task.
        Some(' ') | None if bang == 0 && matches!(inner, " " | "x" | "X") => {
            Step::Done(inner_end + 1, format!("[{inner}]"))
        }
        // Whatever else a bracket could begin (a definition, a link whose text holds code), it
        // begins nothing here.
        _ => literal(),
    }
}

/// The byte of the closing bracket that belongs to the one before `from`.
fn matching(text: &str, from: usize, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    let mut escaped = false;
    for (at, c) in text.get(from..)?.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == close && depth == 0 => return Some(from + at),
            c if c == close => depth -= 1,
            c if c == open => depth += 1,
            _ => {}
        }
    }
    None
}

fn link(text: &str, target: &str, is_image: bool) -> String {
    let words = defanged_within_line(&text.replace('\n', " "));
    if is_image {
        return format!("(image: {words})");
    }
    let destination = target
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .trim_start_matches('<')
        .trim_end_matches('>');
    match harmless(destination) {
        Some(url) if !shows_another_host(text, &url) => format!("[{words}]({destination})"),
        _ => words,
    }
}

/// The URL, if it leads to the web and nowhere else.
fn harmless(destination: &str) -> Option<Url> {
    let plain = !destination.contains(['&', '<', '>', '\\', '"', '`', '(', ')'])
        && !destination.contains(is_hidden);
    let url = Url::parse(destination).ok()?;
    let web = matches!(url.scheme(), "https" | "http") && destination.contains("://");
    let anonymous = url.username().is_empty() && url.password().is_none();
    (plain && web && anonymous).then_some(url)
}

/// Whether the text looks like an address, and not like the one the link leads to.
fn shows_another_host(text: &str, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    // Marks that a renderer swallows, and full stops that only look like one.
    let text = text
        .replace(['`', '*', '_', '\\'], "")
        .replace(['。', '．', '｡', '․'], ".");
    let ends = |c: char| c.is_whitespace() || "/()[]{}<>\"',;:@".contains(c);
    let is_another = |word: &str| !word.eq_ignore_ascii_case(host);
    // Behind a scheme there is nothing but a host, whatever it looks like.
    let mut addresses = text.split("://").skip(1);
    addresses.any(|rest| rest.split(ends).next().is_some_and(is_another))
        || text
            .split(ends)
            .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
            .filter(|word| looks_like_host(word))
            .any(is_another)
}

/// Whether a word could be a host's name or number: `x.ai` could, `Vec.push` and `main.rs`
/// could as well, and lose their link for it, which costs nothing.
fn looks_like_host(word: &str) -> bool {
    let named = word.rsplit_once('.').is_some_and(|(name, top)| {
        !name.is_empty() && top.len() >= 2 && top.chars().all(char::is_alphabetic)
    });
    let numbered =
        word.matches('.').count() == 3 && word.chars().all(|c| c == '.' || c.is_ascii_digit());
    named || numbered || word.eq_ignore_ascii_case("localhost")
}

/// A stranger's words, such as a file's name, as Markdown that shows just them.
pub fn escaped(words: &str) -> String {
    let mut escaped = String::with_capacity(words.len());
    for c in visible(words).chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '\n' | '\r' | '\t' => escaped.push(' '),
            c if c.is_ascii_punctuation() && !matches!(c, '.' | '-' | '/' | ',') => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

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
    use proptest::prelude::*;

    use super::*;
    use crate::judges::markdown as judges;

    #[test]
    fn what_could_bite_is_taken_out() {
        let check = |text: &str, expected: &str| assert_eq!(defanged(text), expected, "{text:?}");
        check(
            "Plain *text*, a < b && c > d.",
            "Plain *text*, a < b && c > d.",
        );
        check("<img src=x onerror=y>", "&lt;img src=x onerror=y>");
        check("\\<b>", "&lt;b>");
        check("`<b>` and ``a`b``.", "`<b>` and ``a`b``.");
        check("Uses `a`", "Uses `a`");
        check("`<b>", "\\`&lt;b>");
        check("[site](https://x.ai/docs)", "[site](https://x.ai/docs)");
        check("[x.ai](https://x.ai/docs)", "[x.ai](https://x.ai/docs)");
        check("[x.ai](https://evil.example/)", "x.ai");
        check("[a](https://x.ai@evil.example/)", "a");
        for shown in [
            "localhost",
            "https://192.168.0.1",
            "good.com:443",
            "good`.`com",
            "good。com",
            "https://good.e8ample/a",
            "http://intranet",
            "https://good\u{e}/a",
        ] {
            assert!(
                !defanged(&format!("[{shown}](https://evil.example)")).contains("]("),
                "{shown}"
            );
        }
        check("[run](command:rm)", "run");
        check("[run](javascript:alert(1))", "run");
        check("[a](file:///etc/passwd)", "a");
        check("[a](vscode://x)", "a");
        check("[a](data:text/html,x)", "a");
        check("[a](relative.md)", "a");
        check("[a](https://x.ai/\u{19}b)", "a");
        check("[a](https://x.ai/\u{202e}b)", "a");
        check("[a](\0https://x.ai/)", "a");
        check(
            "[https://x.ai/b](https://x.ai/c)",
            "[https://x.ai/b](https://x.ai/c)",
        );
        check("![pixel](https://evil.example/p.png)", "(image: pixel)");
        check("[![p](https://e.example/p)](command:x)", "(image: p)");
        check("[x]: javascript:y", "\\[x]: javascript:y");
        check("- [ ] task [name]", "- [ ] task \\[name]");
        check("[`]`](command:e)", "\\[`]`](command:e)");
        check("a\u{202e}b\u{7}", "a⟨U+202E⟩b⟨U+0007⟩");
        check(
            "```html\n<b>\n```\nafter <b>",
            "```html\n<b>\n```\nafter &lt;b>",
        );
        check("```\nopen", "```\nopen\n```");
        check("~~~\n```\n<b>\n~~~", "~~~\n```\n<b>\n~~~");
        check("1 [ 2", "1 \\[ 2");
        check("`a | b` and `Vec<T>`", "`a | b` and \\`Vec&lt;T>\\`");
        check("`Vec<T>` and `a | b`", "`Vec<T>` and `a | b`");
        check("- `\n- ![i](http://e/y) `", "- \\`\n- (image: i) \\`");
        check("a\n\n    ```\n\n[x](command:e)", "a\n\n    \\`\\`\\`\n\nx");
        check("> ```\n[x](command:e)\n```", "> \\`\\`\\`\nx\n```\n```");
        check("```a|b\n|-|-|\n<b>", "\\`\\`\\`a|b\n|-|-|\n&lt;b>");
        check("- a\n  ```\n<b>\n  ```\n", "- a\n```\n<b>\n```\n");
    }

    #[test]
    fn a_long_answer_is_cut_and_says_so() {
        let long = defanged(&"word ".repeat(40_000));
        assert!(long.len() < LONGEST_TEXT + 3_000 && long.ends_with(CUT));
    }

    #[test]
    fn a_stream_withholds_only_what_is_unfinished() {
        let mut defanger = Defanger::default();
        assert_eq!(defanger.push("Adds two num"), "Adds two num");
        assert_eq!(defanger.push("bers, see [the"), "bers, see ");
        assert_eq!(
            defanger.push(" docs](https://x.ai)"),
            "[the docs](https://x.ai)"
        );
        assert_eq!(defanger.push(" <"), " ");
        assert_eq!(defanger.push("b>"), "&lt;b>");
    }

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

    proptest! {
        #[test]
        fn the_cut_of_a_stream_does_not_matter(
            pieces in prop::collection::vec("[a-c`~<>!\\[\\]():/\\\\ \n]{0,6}|```\n|\\[a\\]\\(https://x.ai\\)", 0..12)
        ) {
            let pieces = pieces.iter().map(String::as_str);
            judges::does_not_depend_on_the_cut(&pieces.clone().collect::<String>(), pieces);
        }

        #[test]
        fn a_renderer_finds_no_html_no_image_and_no_link_but_to_the_web(pieces in prop::collection::vec(
            prop::sample::select(vec![
                "a", " ", "\n", "\n\n", "- ", "> ", "1. ", "# ", "    ", "  ", "\t", "|", " | ", "|-|-|\n", "***\n",
                "`", "``", "```", "```\n", "````\n", "~~~", "~~~\n", "\\", "[", "]", "(", ")", "!", "](", "[x]: ", "&lt;",
                "<img src=x>", "<b>", "</b>", "<!-- ", "![i](http://e.example/p)", "[x](command:e)", "[y](javascript:e)",
                "<command:x>", "[z][x]", "[z](https://x.ai)", "\r", "===\n",
            ]), 0..24)
        ) {
            judges::shows_nothing_that_bites(&pieces.concat());
        }
    }
}
