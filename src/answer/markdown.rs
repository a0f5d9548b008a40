//! Takes the fangs out of a model's Markdown before any editor renders it, as it streams.
//!
//! An editor renders hover text with more power than a stranger should have: images are
//! fetched, some editors run `command:` links, raw HTML can cover what stands beside it.

use url::Url;

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

/// Defangs a text that comes in pieces. What it gives, joined, does not depend on how the
/// text was cut; it withholds at most an unfinished link, image, tag, code span or fence.
#[derive(Debug, Default)]
pub struct Defanger {
    pending: String,
    fence: Option<Fence>,
    inside_line: bool,
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
        self.pending.push_str(piece);
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
                None => step_in_text(rest, !self.inside_line, last),
            };
            let (taken, text) = match step {
                Step::Wait => break,
                Step::Done(taken, text) => (taken, text),
                Step::Turn(taken, fence) => {
                    self.fence = fence;
                    (taken, visible(rest.get(..taken).unwrap_or_default()))
                }
            };
            let seen = rest.get(..taken).unwrap_or_default();
            self.inside_line =
                !seen.ends_with('\n') && (self.inside_line || !seen.trim().is_empty());
            rest = rest.get(taken..).unwrap_or_default();
            self.give(&text, &mut safe);
        }
        rest.clone_into(&mut self.pending);
        safe
    }
}

fn step_in_code(rest: &str, fence: Fence, line_start: bool, last: bool) -> Step {
    if line_start && rest.trim_start_matches([' ', '\t']).starts_with(fence.mark) {
        return match rest.find('\n') {
            Some(end) if closes(rest.get(..end).unwrap_or_default(), fence) => {
                Step::Turn(end + 1, None)
            }
            Some(end) => Step::Done(end + 1, visible(rest.get(..=end).unwrap_or_default())),
            None if last && closes(rest, fence) => Step::Turn(rest.len(), None),
            None if last || rest.len() > LONGEST_HELD => Step::Done(rest.len(), visible(rest)),
            None => Step::Wait,
        };
    }
    if line_start && !last && rest.trim_matches([' ', '\t']).is_empty() {
        return Step::Wait;
    }
    let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
    Step::Done(end, visible(rest.get(..end).unwrap_or_default()))
}

fn closes(line: &str, fence: Fence) -> bool {
    let line = line.trim();
    line.len() >= fence.length && line.chars().all(|c| c == fence.mark)
}

fn step_in_text(rest: &str, line_start: bool, last: bool) -> Step {
    let Some(first) = rest.chars().next() else {
        return Step::Wait;
    };
    let next = rest
        .get(first.len_utf8()..)
        .and_then(|after| after.chars().next());
    match first {
        '`' | '~' => marks(rest, first, line_start, last),
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
        .find(|(_, c)| matches!(c, '`' | '~' | '\\' | '<' | '!' | '[' | '\n'))
        .map_or(rest.len(), |(at, _)| at);
    let end = if first == '\n' { 1 } else { end };
    Step::Done(end, visible(rest.get(..end).unwrap_or_default()))
}

fn escape(next: Option<char>) -> Step {
    match next {
        Some('<') => Step::Done(2, "&lt;".into()),
        Some(c) if c.is_ascii_punctuation() => Step::Done(2, format!("\\{c}")),
        _ => Step::Done(1, "\\".into()),
    }
}

/// A run of backticks or tildes: a fence at the start of a line, a code span elsewhere.
fn marks(rest: &str, mark: char, line_start: bool, last: bool) -> Step {
    let length = rest.len() - rest.trim_start_matches(mark).len();
    if length == rest.len() && !last && length < LONGEST_HELD {
        return Step::Wait;
    }
    let after = rest.get(length..).unwrap_or_default();
    if line_start && length >= 3 {
        let line = after.split('\n').next().unwrap_or_default();
        if line.len() == after.len() && !last && after.len() < LONGEST_HELD {
            return Step::Wait;
        }
        if !(mark == '`' && line.contains('`')) {
            let taken = (length + line.len() + 1).min(rest.len());
            return Step::Turn(taken, Some(Fence { mark, length }));
        }
    }
    if mark == '~' {
        return Step::Done(length, rest.get(..length).unwrap_or_default().to_owned());
    }
    match end_of_span(after, length, last) {
        Found::At(end) => Step::Done(
            length + end,
            visible(rest.get(..length + end).unwrap_or_default()),
        ),
        Found::Open if !last => Step::Wait,
        Found::Open | Found::Never => Step::Done(length, "\\`".repeat(length)),
    }
}

enum Found {
    At(usize),
    Never,
    /// Not in what is here, but it could still come.
    Open,
}

/// Behind the run of exactly `length` backticks that closes a span, within its paragraph.
fn end_of_span(after: &str, length: usize, last: bool) -> Found {
    let window = held(after);
    let mut from = 0;
    while let Some(found) = window.get(from..).and_then(|rest| rest.find(['`', '\n'])) {
        let at = from + found;
        let rest = window.get(at..).unwrap_or_default();
        if rest.starts_with('\n') {
            if is_blank_line(rest.get(1..).unwrap_or_default()) {
                return Found::Never;
            }
            from = at + 1;
            continue;
        }
        let run = rest.len() - rest.trim_start_matches('`').len();
        if run == rest.len() && window.len() == after.len() && !last {
            // At the very end of what is here the run may still grow.
            return Found::Open;
        }
        if run == length {
            return Found::At(at + run);
        }
        from = at + run;
    }
    if after.len() >= LONGEST_HELD {
        Found::Never
    } else {
        Found::Open
    }
}

fn is_blank_line(rest: &str) -> bool {
    rest.split_once('\n')
        .is_some_and(|(line, _)| line.trim().is_empty())
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
        // A definition gives other brackets a target; without it they are only text.
        Some(':') => literal(),
        // `[ ]` and `[x]` begin a task, `[name]` is a word in brackets: harmless as they are.
        _ if bang == 0 => Step::Done(1, "[".into()),
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
    let words = defanged(text);
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
    let plain = !destination.contains(['&', '<', '>', '\\', '"', '`', '(', ')']);
    let url = Url::parse(destination).ok()?;
    let web = matches!(url.scheme(), "https" | "http") && destination.contains("://");
    let anonymous = url.username().is_empty() && url.password().is_none();
    (plain && web && anonymous).then_some(url)
}

/// Whether the text looks like an address, and not like the one the link leads to.
fn shows_another_host(text: &str, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    text.split(|c: char| c.is_whitespace() || "/()[]{}<>\"'`,;".contains(c))
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|word| looks_like_host(word))
        .any(|word| !word.eq_ignore_ascii_case(host))
}

/// Whether a word ends like a host's name: `x.ai` does, `Vec.push` and `main.rs` do as
/// well, and lose their link for it, which costs nothing.
fn looks_like_host(word: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(name, top)| {
        !name.is_empty() && top.len() >= 2 && top.chars().all(char::is_alphabetic)
    })
}

/// Characters that change how others are shown, themselves made to show.
fn visible(text: &str) -> String {
    if !text.chars().any(is_hidden) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            shown.push_str(&format!("⟨U+{:04X}⟩", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Controls but for tab and line ends, and what reorders text (Unicode TR 9, TR 36).
fn is_hidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
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

fn cut_at_word(text: &str, most: usize) -> String {
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
        check("[run](command:rm)", "run");
        check("[run](javascript:alert(1))", "run");
        check("[a](file:///etc/passwd)", "a");
        check("[a](vscode://x)", "a");
        check("[a](data:text/html,x)", "a");
        check("[a](relative.md)", "a");
        check("![pixel](https://evil.example/p.png)", "(image: pixel)");
        check("[![p](https://e.example/p)](command:x)", "(image: p)");
        check("[x]: javascript:y", "\\[x]: javascript:y");
        check("- [ ] task [name]", "- [ ] task [name]");
        check("a\u{202e}b\u{7}", "a⟨U+202E⟩b⟨U+0007⟩");
        check(
            "```html\n<b>\n```\nafter <b>",
            "```html\n<b>\n```\nafter &lt;b>",
        );
        check("```\nopen", "```\nopen\n```");
        check("~~~\n```\n<b>\n~~~", "~~~\n```\n<b>\n~~~");
        check("1 [ 2", "1 \\[ 2");
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
            let whole = defanged(&pieces.concat());
            let mut defanger = Defanger::default();
            let mut streamed: String = pieces.iter().map(|piece| defanger.push(piece)).collect();
            streamed.push_str(&defanger.finish());
            prop_assert_eq!(whole, streamed);
        }

        #[test]
        fn a_renderer_finds_no_html_no_image_and_no_link_but_to_the_web(
            pieces in prop::collection::vec("[a-c<>\\[\\]()!:/`~\\\\ \n]{0,8}|\\]\\(|\\]\\[|javascript:a|<b>|&#60;|\\[x\\]: c:d\n|https://x.ai", 0..10)
        ) {
            use pulldown_cmark::{Event, Options, Parser, Tag};
            let safe = defanged(&pieces.concat());
            for event in Parser::new_ext(&safe, Options::all()) {
                match event {
                    Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::Image { .. }) => {
                        prop_assert!(false, "{:?} in {:?}", event, safe);
                    }
                    Event::Start(Tag::Link { dest_url, .. }) => {
                        prop_assert!(dest_url.starts_with("https://"), "{} in {:?}", dest_url, safe);
                    }
                    _ => {}
                }
            }
        }
    }
}
