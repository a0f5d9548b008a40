//! Takes the fangs out of a model's Markdown before any editor renders it, as it streams.
//!
//! An editor renders hover text with more power than a stranger should have: images are
//! fetched, some editors run `command:` links, raw HTML can cover what stands beside it.

mod address;
mod code;
mod link;

use crate::text::{visible, visible_lines};
use address::Address;
use code::{closing, fence, span};
use link::bracket;

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

/// A text that is shown as it was said, with nothing left in it but what is harmless to render.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defanged(String);

impl Defanged {
    pub fn of(text: &str) -> Self {
        Self(defanged(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The same for a piece of a line: what would open a block at its start opens none here.
fn defanged_within_line(text: &str) -> String {
    let mut defanger = Defanger {
        inside_line: true,
        inside_brackets: true,
        puzzled: true,
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
    /// It is a link's text, which must not end before its link does.
    inside_brackets: bool,
    /// What stands in this paragraph is read by renderers each in its own way, so that what
    /// looks like code behind it may be none.
    puzzled: bool,
    /// The end of what was given of this paragraph: an address begins in several signs.
    tail: String,
    address: Address,
    /// Up to so many backticks, or the line's end, all are words.
    words_until: Option<usize>,
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
    /// The same, and then words follow, up to so many backticks or the line's end; or no more.
    Words(usize, String, Option<usize>),
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
        // Half of a code span would be none, and half a line of marks still ends a block.
        let must_be_whole = match self.fence {
            None => text.contains(['`', '~', '<', '[', '\\']),
            Some(fence) => text.trim_start().starts_with(fence.mark),
        };
        if end < text.len() && must_be_whole {
            end = 0;
        }
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
        while !rest.is_empty() && !self.full {
            let step = match self.fence {
                Some(fence) => step_in_code(rest, fence, !self.inside_line, last),
                None => self.step_in_text(rest, last),
            };
            let mut turned = None;
            let (taken, text) = match step {
                Step::Wait => break,
                Step::Done(taken, text) => (taken, text),
                Step::Words(taken, text, until) => {
                    self.words_until = until;
                    (taken, text)
                }
                Step::Turn(taken, fence) => {
                    turned = Some(fence);
                    // Without its indentation a fence belongs to no list, which could end
                    // before the fence does and leave the rest of it to be rendered.
                    let line = rest.get(..taken).unwrap_or_default();
                    let mut marks = visible_lines(line.trim_start_matches(' ')).into_owned();
                    if fence.is_none() {
                        // Renderers disagree about a tab behind it.
                        marks.truncate(marks.trim_end().len());
                        // Of one that is too long to be held the rest stands below it.
                        if !last || line.ends_with('\n') {
                            marks.push('\n');
                        }
                    }
                    (taken, marks)
                }
            };
            let text = self.without_names(text, self.fence.or(turned.flatten()).is_some());
            self.notice(&text);
            rest = rest.get(taken..).unwrap_or_default();
            self.give(&text, &mut safe);
            self.fence = turned.unwrap_or(self.fence);
        }
        if !self.full {
            rest.clone_into(&mut self.pending);
        }
        safe
    }

    /// The text with its addresses parted. Of a link's words it is told after they were held against
    /// its host; code is left as it is where it is code for every renderer, and no table cuts it.
    fn without_names(&mut self, text: String, in_block: bool) -> String {
        if in_block || self.inside_brackets {
            text
        } else if is_plain_code(&text) && !self.puzzled {
            self.address.parted_code(&text)
        } else {
            self.address.parted(&text)
        }
    }

    /// Keeps in mind what the rest of a paragraph depends on. An empty line ends it everywhere.
    fn notice(&mut self, text: &str) {
        if self.fence.is_some() || (text == "\n" && !self.inside_line) {
            self.puzzled = false;
            self.tail.clear();
        } else {
            self.tail.push_str(text);
            self.puzzled |= puzzles(text, &self.tail);
            let end = self.tail.chars().rev().take(3).collect::<Vec<_>>();
            self.tail = end.into_iter().rev().collect();
        }
        self.inside_line = !text.ends_with('\n');
    }

    fn step_in_text(&self, rest: &str, last: bool) -> Step {
        if let Some(marks) = self.words_until {
            return step_in_words(rest, marks, last);
        }
        if !self.inside_line
            && let Some(step) = fence(rest, last)
        {
            return step;
        }
        let Some(first) = rest.chars().next() else {
            return Step::Wait;
        };
        let next = rest
            .get(first.len_utf8()..)
            .and_then(|after| after.chars().next());
        match first {
            '`' => span(rest, self.puzzled, last),
            '\\' | '<' | '!' if next.is_none() && !last => Step::Wait,
            '\\' => escape(next),
            '<' if next
                .is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?' | '[')) =>
            {
                Step::Done(1, "&lt;".into())
            }
            '<' => angle(rest, self.inside_brackets, last),
            '!' if next == Some('[') => bracket(rest, 1, self.inside_brackets, last),
            '[' => bracket(rest, 0, self.inside_brackets, last),
            ']' if self.inside_brackets => Step::Done(1, "\\]".into()),
            _ => plain(rest, first),
        }
    }
}

/// Whether renderers may disagree about where code begins and ends behind `text`, by CommonMark
/// and by marked, which takes much of a text by its own expressions: a table cuts code; a `~` or
/// an address swallows a backtick; and what it searches for the end of an emphasis knows neither
/// escapes, nor several backticks, nor that a `<` may be just that.
fn puzzles(text: &str, with_tail: &str) -> bool {
    if text.starts_with('`') {
        return text.contains(['|', '@']) || text.contains("``");
    }
    // A link's own address ends where the link does.
    let (addresses, backtick) = if text.starts_with('[') {
        (1, '`')
    } else {
        (0, '<')
    };
    with_tail.matches("://").count() > addresses
        || with_tail.to_lowercase().contains("www.")
        || text.contains(['|', '@', '~', '\\', '<', backtick])
}

/// Whether a text is code that no renderer takes for anything else unless something before it does.
fn is_plain_code(text: &str) -> bool {
    text.starts_with('`') && !text.contains("``") && !text.contains('|')
}

/// A `<` that begins no tag: no mail address either, nor with what stands behind a bracket's words.
fn angle(rest: &str, inside_brackets: bool, last: bool) -> Step {
    // The signs of an address before its `@`, by CommonMark 0.31, section 6.5.
    let is_of_address = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    let window = held(rest);
    let after = window.get(1..).unwrap_or_default();
    match after.chars().find(|c| !is_of_address(*c)) {
        Some('@' | '[') => Step::Done(1, "&lt;".into()),
        None if inside_brackets || rest.len() >= LONGEST_HELD => Step::Done(1, "&lt;".into()),
        None if !last => Step::Wait,
        _ => plain(rest, '<'),
    }
}

/// Words as they are, up to the backticks that end them.
fn step_in_words(rest: &str, marks: usize, last: bool) -> Step {
    let window = held(rest);
    let run = window.len() - window.trim_start_matches('`').len();
    match rest.find(['`', '\n']).unwrap_or(rest.len()) {
        0 if run == 0 => Step::Words(1, "\n".into(), None),
        0 if run == rest.len() && !last && run < LONGEST_HELD => Step::Wait,
        0 => Step::Words(run, "\\`".repeat(run), (run != marks).then_some(marks)),
        end => Step::Done(end, escaped(rest.get(..end).unwrap_or_default())),
    }
}

fn step_in_code(rest: &str, fence: Fence, line_start: bool, last: bool) -> Step {
    if line_start && let Some(step) = closing(rest, fence, last) {
        return step;
    }
    let end = rest.find('\n').map_or(rest.len(), |end| end + 1);
    Step::Done(
        end,
        visible_lines(rest.get(..end).unwrap_or_default()).into_owned(),
    )
}

/// Everything up to the next character that could begin something.
fn plain(rest: &str, first: char) -> Step {
    let end = rest
        .char_indices()
        .skip(1)
        .find(|(_, c)| matches!(c, '`' | '\\' | '<' | '!' | '[' | ']' | '\n'))
        .map_or(rest.len(), |(at, _)| at);
    let end = if first == '\n' { 1 } else { end };
    Step::Done(
        end,
        visible_lines(rest.get(..end).unwrap_or_default()).into_owned(),
    )
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

/// A stranger's name, as code where it could be Markdown.
pub fn named(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/.-_ ".contains(c);
    // Within a word it is no mark: the one in `__init__.py` is.
    let marks = |word: &str| word.starts_with('_') || word.ends_with('_');
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
    if name.chars().all(is_plain) && !name.split(|c| !is_of_word(c)).any(marks) {
        name.to_owned()
    } else {
        code_span(name)
    }
}

/// A stranger's name as code: what would be Markdown in it is none there. One with a backtick in it
/// is escaped, for renderers disagree about longer fences.
pub fn code_span(name: &str) -> String {
    let name = visible(name);
    if name.contains('`') {
        escaped(&name)
    } else {
        format!("`{name}`")
    }
}

/// Backticks, at least so many, that nothing in the text ends.
pub fn fence_around(text: &str, least: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(least.max(longest + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::judges::markdown as judges;

    #[test]
    fn a_name_is_no_markdown() {
        let check = |name: &str, plain: &str, span: &str| {
            assert_eq!((&*named(name), &*code_span(name)), (plain, span));
            assert_eq!(defanged(span), span);
        };
        check("a/b_c.rs", "a/b_c.rs", "`a/b_c.rs`");
        check("a/__init__.py", "`a/__init__.py`", "`a/__init__.py`");
        check("_a_", "`_a_`", "`_a_`");
        check("![p](x)", "`![p](x)`", "`![p](x)`");
        check("x` <img>", "x\\` &lt;img\\>", "x\\` &lt;img\\>");
        check("a\n# b", "`a⟨U+000A⟩# b`", "`a⟨U+000A⟩# b`");
    }

    #[test]
    fn what_is_too_long_to_show_is_not_looked_at() {
        let time = |length: usize| {
            let text = "[".repeat(length);
            let began = std::time::Instant::now();
            defanged(&text);
            began.elapsed()
        };
        // All that is shown of either is the same. On a busy machine a time may say nothing, so
        // that it is taken again.
        let is_cut = || {
            let (short, long) = (time(40_000), time(400_000));
            long < short * 3 + std::time::Duration::from_millis(500)
        };
        assert!((0..5).any(|_| is_cut()));
    }

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
            // The real host stands behind the name.
            "https://evil.example@good/a",
            "https://evil.example:443@good/a",
            "https://evil.example;@good/a",
            // A link within, whose words become part of these.
            "good.[com](x)",
            "https:[//good.](x)[com](x)",
            "localhos[t](x):8080/a",
            "good&period;com",
            "https&colon;//good&#46;com/a",
            "good.com?continue=x",
            "good.com#x",
            "good.~~com~~",
            "good\u{200b}.com",
            "go\u{ad}od.c\u{2060}om",
            "good.co\u{338}m",
            "goo\u{fe0f}d.com/a",
            "good\u{1d173}.com",
            "good\u{1bca0}.com",
            "good.\u{e0080}com",
            "goodꓸcom",
            "good۔com",
            "good.xn--p1ai/a",
            "https：//intranet",
            "good﹒com",
        ] {
            assert!(
                !defanged(&format!("[{shown}](https://evil.example)")).contains("]("),
                "{shown}"
            );
        }
        check(
            "[a 👩\u{200d}💻](https://x.ai/)",
            "[a 👩\u{200d}💻](https://x.ai/)",
        );
        check(
            "[https://x.ai, a](https://x.ai/)",
            "[https://x.ai, a](https://x.ai/)",
        );
        check(
            "[https://x.ai\u{6db}/b](https://x.ai/c)",
            "https://x.ai\u{6db}/b",
        );
        check("[run](command:rm)", "run");
        check("[run](javascript:alert(1))", "run");
        check("https://good@evil.example", "https://good @evil.example");
        check("https://good[](x)@x.ai", "https://good(link) @x.ai");
        judges::shows_nothing_that_bites("h&#116;tps&colon;/&#x2f;good@evil.example");
        judges::shows_nothing_that_bites("[httBps://x.ai&/docs](https://x.ai/)");
        // A cell of a table ends code, whose end begins other code then.
        for row in [
            "`x | y` [s\\` e](https://x.ai/d[g)](vscode://x)",
            "`x | y` [s ` e](https://x.ai/d[g)](vscode://x)",
            "`x | [y` ](https://x.ai) ` z](vscode://x) `",
            "`x | [y` ` z](vscode://x) `",
            "`x | y` [a](https://x.ai) ` [z](https://x.ai) ` ](vscode://x)",
        ] {
            judges::shows_nothing_that_bites(&format!("| a | b |\n|---|---|\n| {row} |"));
        }
        check("`https://a@x.ai`", "`https://a@x.ai`");
        check("a|`https://a@x.ai`", "a|`https://a @x.ai`");
        check("https://a`@x.ai`", "https://a` @x.ai`");
        // A table cuts it, and marked ends the emphasis within it.
        check("`a|https://b@x.ai`\n-|-", "`a|https://b @x.ai`\n-|-");
        check("*a ``b* https://c@x.ai``", "*a ``b* https://c @x.ai``");
        check("[a](file:///etc/passwd)", "a");
        check("[a](vscode://x)", "a");
        check("[a](data:text/html,x)", "a");
        check("[a](relative.md)", "a");
        check("[a](https:tps://x.ai)", "a");
        check("[a](https:/.://x.ai)", "a");
        check("[a](https:///x.ai)", "a");
        check("[a](HTTPS://x.ai)", "[a](HTTPS://x.ai)");
        check(
            "Vec<#b@T>, a <= b, <-@, <1",
            "Vec&lt;#b@T>, a <= b, &lt;-@, <1",
        );
        check("[a](https://x.ai/\u{19}b)", "a");
        check("[a](https://x.ai/\u{202e}b)", "a");
        check("[a](\0https://x.ai/)", "a");
        check(
            "[https://x.ai/b](https://x.ai/c)",
            "[https://x.ai/b](https://x.ai/c)",
        );
        check("[x](https://a/\x1b]0;pwn\x07\x1b[2J)", "x");
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
        check("`a | b` and `Vec<T>`", "`a | b` and \\`Vec&lt;T\\>\\`");
        check("`Vec<T>` and `a | b`", "`Vec<T>` and `a | b`");
        check("- `\n- ![i](http://e/y) `", "- \\`\n- (image: i) \\`");
        check("a\n\n    ```\n\n[x](command:e)", "a\n\n    \\`\\`\\`\n\nx");
        check("> ```\n[x](command:e)\n```", "> \\`\\`\\`\nx\n```\n```");
        check("```a|b\n|-|-|\n<b>", "\\`\\`\\`a|b\n|-|-|\n&lt;b>");
        check("- a\n  ```\n<b>\n  ```\n", "- a\n```\n<b>\n```\n");
        check("```\n```\t\n<b>", "```\n```\n&lt;b>");
        check("[~~~](x)\n\n~~~\n<b>", "\\~~~\n\n~~~\n<b>\n~~~");
        check("~[~~a](file:///x)", "~\\~~a");
        check("[<](x)img src=x>", "&lt;img src=x>");
        check("[[x]](x)(command:e)", "\\[x\\](command:e)");
        check("[[x][](x)](https://x.ai)", "\\[x\\](link)");
        check("[[x]](x): command:e\n\n[x]", "\\[x\\]: command:e\n\n[x]");
        check("[a!](x)[z](https://x.ai)", "a! [z](https://x.ai)");
        check("[`a`](x)``<b>``", " `a` \\`\\`&lt;b\\>\\`\\`");
        check("`a`[``b``](x)", "`a` ``b`` ");
        check("<[x](command:e)b>", "&lt;xb>");
        check("[a [b](https://x.ai)](https://x.ai)", "[a b](https://x.ai)");
        check(
            "[a !\\[i\\](http://e)](https://x.ai)",
            "a !\\[i\\](http://e)",
        );
        check("- [x]\n- b", "- [x]\n- b");
        check("  [](x)~~~\n\n~~~\n<b>", "  (link)~~~\n\n~~~\n<b>\n~~~");
    }

    #[test]
    fn where_renderers_read_code_differently_it_holds_nothing_that_bites() {
        let check = |text: &str, expected: &str| assert_eq!(defanged(text), expected, "{text:?}");
        check(
            "Uses `a[0]`, *`Vec<T>`* and `~`.",
            "Uses `a[0]`, *`Vec<T>`* and `~`.",
        );
        check("```\n```~\n<b>\n```", "```\n    ```~\n<b>\n```");
        check("~~~\n ~~~` \n<b>\n~~~", "~~~\n     ~~~` \n<b>\n~~~");
        check("```\n```~x\n```", "```\n```~x\n```");
        let image = "![i](e)";
        let shown = "\\!\\[i\\]\\(e\\)";
        for before in [
            "~",
            "www.a.bc",
            "(https://a.bc/",
            "a@b.cd",
            "a < b",
            "*a \\`",
        ] {
            check(
                &format!("{before}`x {image}`"),
                &format!("{before}\\`x {shown}\\`"),
            );
            check(
                &format!("{before}`x` a\n`{image}`"),
                &format!("{before}`x` a\n\\`{shown}\\`"),
            );
            check(
                &format!("{before}\n\n`{image}`"),
                &format!("{before}\n\n`{image}`"),
            );
        }
        check(
            &format!("~~b``{image}`~~ c``"),
            &format!("~~b\\`\\`{shown}\\`\\~\\~ c\\`\\`"),
        );
        check(
            &format!("*a ``x*` {image}``"),
            &format!("*a \\`\\`x\\*\\` {shown}\\`\\`"),
        );
        check(
            &format!("*a \\` b `* {image}`"),
            &format!("*a \\` b \\`\\* {shown}\\`"),
        );
        check(
            &format!("q`a@b.cd` `{image}`"),
            &format!("q`a@b.cd` \\`{shown}\\`"),
        );
        check(
            "[x](https://x.ai) and `Vec<T>`",
            "[x](https://x.ai) and `Vec<T>`",
        );
        check("~ `<b\n[x](https://x.ai)", "~ \\`&lt;b\n[x](https://x.ai)");
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
        assert_eq!(defanger.push(" `co"), " ");
        assert_eq!(defanger.push("de` and"), "`code` and");
        assert_eq!(defanger.push("\n```rust\n"), "\n```rust\n");
        assert_eq!(defanger.push("    "), "    ", "too deep to close it");
        assert_eq!(defanger.push("let"), "let");
        assert_eq!(defanger.push("\n``"), "\n");
        assert_eq!(defanger.push(" "), "`` ", "too short to close it");
        assert_eq!(defanger.push("\n```"), "\n");
        assert_eq!(defanger.push("\t"), "");
        assert_eq!(defanger.push("\n<b>"), "```\n&lt;b>");
    }

    #[test]
    fn links_within_links_are_words_however_deep_they_stand() {
        let deep = format!("{}x{}", "[".repeat(390), "](a)".repeat(390));
        assert!(deep.len() < LONGEST_HELD);
        judges::shows_nothing_that_bites(&deep);
    }

    proptest! {
        #[test]
        fn the_cut_of_a_stream_does_not_matter(
            pieces in prop::collection::vec("[a-c`~<>!\\[\\]():/\\\\| \t\n]{0,6}|```\n|\\[a\\]\\(https://x.ai\\)", 0..12)
        ) {
            let pieces = pieces.iter().map(String::as_str);
            judges::does_not_depend_on_the_cut(&pieces.clone().collect::<String>(), pieces);
        }

        #[test]
        fn nor_does_it_where_something_is_longer_than_is_held_back(
            begin in prop::sample::select(vec!["", "```\n", "```", "~~~", "`", "[", "a `", "x ", "  "]),
            filling in prop::sample::select(vec!["`", "~", " ", "\t", "a", "[", "`a"]),
            count in LONGEST_HELD - 8..LONGEST_HELD + 8,
            end in "[a`~<|\\] \n]{0,6}",
            cut in 0..2 * LONGEST_HELD,
        ) {
            let text = format!("{begin}{}{end}", filling.repeat(count));
            let mut cut = cut.min(text.len());
            while !text.is_char_boundary(cut) {
                cut -= 1;
            }
            let (first, second) = text.split_at(cut);
            judges::does_not_depend_on_the_cut(&text, [first, second].into_iter());
        }

        #[test]
        fn nothing_of_plain_prose_is_held_back(pieces in prop::collection::vec("[a-zß-ü0-9.,;:?'\"()*_#>/=-][a-zß-ü0-9.,;:?'\"()*_#>/= -]{0,20}", 0..12)) {
            let mut defanger = Defanger::default();
            for piece in pieces {
                prop_assert_eq!(&defanger.push(&piece), &piece);
            }
            prop_assert_eq!(defanger.finish(), "");
        }

        /// What all continuations have in common is given at once.
        #[test]
        fn nothing_is_held_back_that_is_certain(
            pieces in prop::collection::vec("[a-c`~<>!\\[\\]():/\\\\| \t\n]{0,6}|```\n|\\[a\\]\\(https://x.ai\\)", 0..8)
        ) {
            let text = pieces.concat();
            let mut defanger = Defanger::default();
            let given: String = pieces.iter().map(|piece| defanger.push(piece)).collect();
            let ends = |mark: char, closing: &str, behind: &str| {
                let ends = (1..=text.matches(mark).count()).map(|count| closing.repeat(count) + behind);
                ends.collect::<Vec<_>>()
            };
            let outcomes: Vec<_> = ["", "x", "\nx", "\n\nx", "```\n", "~~~\n", "b", "`x", "[x](x)", "](https://x.ai)", "(https://x.ai)", "@x>"]
                .map(str::to_owned)
                .into_iter()
                .chain(ends('[', "]", "(https://x.ai)"))
                .chain(ends('[', "](x)", "](https://x.ai)"))
                .chain(ends('(', ")", ""))
                .chain(ends('`', "`", ""))
                .chain(ends('~', "~", "\n"))
                .flat_map(|more| ["", "x"].map(|between| defanged(&format!("{text}{between}{more}"))))
                .collect();
            let first = outcomes[0].as_bytes();
            let certain = (0..=first.len())
                .rev()
                .find(|length| outcomes.iter().all(|outcome| outcome.as_bytes().starts_with(&first[..*length])))
                .unwrap_or_default();
            let certain = &outcomes[0][..(0..=certain).rev().find(|at| outcomes[0].is_char_boundary(*at)).unwrap_or_default()];
            prop_assert!(certain.starts_with(&given));
            // But for the marks of an unfinished fence, half of a sign that is escaped, and a bracket that
            // is escaped whatever becomes of the one before it.
            let more = &certain[given.len()..];
            let is_mark = |c| matches!(c, '`' | '~' | ' ' | '\t' | '\\' | '[');
            prop_assert!(more.chars().all(is_mark), "{:?} of {:?} was held back", more, text);
        }

        #[test]
        fn a_renderer_finds_no_html_no_image_and_no_link_but_to_the_web(pieces in prop::collection::vec(
            prop::sample::select(vec![
                "a", " ", "\n", "\n\n", "- ", "> ", "1. ", "# ", "    ", "  ", "\t", "|", " | ", "|-|-|\n", "***\n",
                "`", "``", "```", "```\n", "````\n", "~~~", "~~~\n", "\\", "[", "]", "(", ")", "!", "](", "[x]: ", "&lt;",
                "<img src=x>", "<b>", "</b>", "<!-- ", "![i](http://e.example/p)", "[x](command:e)", "[y](javascript:e)",
                "<command:x>", "<1", "@x.ai>", "[z][x]", "[z](https://x.ai)", "\r", "===\n", "[](x)", "[~~~](x)", "[~~](x)", "[ ~~~", "](x)\n", "```\t", "[ ](x)",
                "[<](x)", "[!](x)", "[[x]](x)", "(command:e)", ": command:e\n\n", "[x]", "[`a`](x)", "`<b>`", "``<b>``", "b>",
                "[x](https://a/\x1b[2J)", "https://a.bc/\u{202e}", "\x07",
                "~", "`![i](http://e)`", "`[x](command:e)`", "www.a.bc", "@", "*", "< ", "<[", "```~\n",
                "https://a.bc", "&#64;", "d.ef", "\u{200b}", "\u{ad}", "\u{338}", "good.", "com", "](https://x.ai)",
            ]), 0..24)
        ) {
            judges::shows_nothing_that_bites(&pieces.concat());
        }

        #[test]
        fn nor_where_a_long_text_is_cut(
            room in 0..40_usize,
            pieces in prop::collection::vec(
                prop::sample::select(vec!["a", " ", "\n", "`", "```\n", "~~~\n", "`<b>`", "`<b> ", "[z](https://x.ai)", "<b>", "\\`", "![i](http://e)"]),
                1..24,
            )
        ) {
            let text = format!("{}\n{}", "a".repeat(LONGEST_TEXT - 1 - room), pieces.concat());
            judges::shows_nothing_that_bites(&text);
        }
    }
}
