//! Finds the images of Typst: `image()` in code.

use std::ops::Range;

use super::alt::{Escape, Slot};
use super::{Alt, ImageLink, LONGEST, Markup};

/// What begins code that goes on to the end of its line.
const STATEMENTS: [&str; 10] = [
    "let", "set", "show", "if", "for", "while", "return", "import", "include", "context",
];

/// The images in `text` whose address is written out, but for those in comments and raw text.
pub(super) fn links(text: &str) -> Vec<ImageLink> {
    let mut scan = Scan {
        text,
        at: 0,
        links: Vec::new(),
    };
    scan.markup();
    scan.links
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    links: Vec<ImageLink>,
}

/// Where the scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Markup,
    /// Within brackets, or to the end of a statement.
    Code {
        is_statement: bool,
    },
}

impl<'a> Scan<'a> {
    fn markup(&mut self) {
        // Brackets of content and of code lie within each other as deep as a text has them.
        let mut modes = vec![Mode::Markup];
        while let Some(sign) = self.rest().chars().next() {
            if self.skip_comment_or_raw() {
                continue;
            }
            let mode = modes.last().copied().unwrap_or(Mode::Markup);
            let length = sign.len_utf8();
            match (mode, sign) {
                (_, '\\') if mode == Mode::Markup => {
                    self.at += length;
                    self.at += self.rest().chars().next().map_or(0, char::len_utf8);
                }
                (Mode::Markup, '#') => {
                    self.at += length;
                    if STATEMENTS.contains(&self.peek_word()) {
                        modes.push(Mode::Code { is_statement: true });
                    } else {
                        self.expression(&mut modes);
                    }
                }
                (Mode::Code { .. }, '"') => self.at += string_length(self.rest()),
                (Mode::Code { is_statement: true }, '\n' | ';') => {
                    self.at += length;
                    modes.pop();
                }
                (Mode::Code { .. }, '(' | '{') => {
                    self.at += length;
                    modes.push(Mode::Code {
                        is_statement: false,
                    });
                }
                (Mode::Code { .. }, '[') => {
                    self.at += length;
                    modes.push(Mode::Markup);
                }
                (_, ']') | (Mode::Code { .. }, ')' | '}') => {
                    // A statement ends with what it stands in.
                    modes.pop_if(|mode| *mode == Mode::Code { is_statement: true });
                    if modes.len() > 1 {
                        modes.pop();
                    }
                    self.at += length;
                    if modes.last() == Some(&Mode::Markup) {
                        self.call(&mut modes);
                    }
                }
                (Mode::Code { .. }, _) if is_of_a_word(sign) => self.name(),
                _ => self.at += length,
            }
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek_word(&self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|sign| !is_of_a_word(sign)).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    fn skip_comment_or_raw(&mut self) -> bool {
        let rest = self.rest();
        // An address in text is no comment.
        let is_address = self
            .text
            .get(..self.at)
            .is_some_and(|before| before.ends_with(':'));
        let length = if rest.starts_with("//") && !is_address {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment_length(rest)
        } else if rest.starts_with('`') {
            let ticks = rest.len() - rest.trim_start_matches('`').len();
            if ticks == 2 {
                2
            } else {
                let fence = "`".repeat(ticks);
                let inside = rest.get(ticks..).unwrap_or_default();
                inside
                    .find(&fence)
                    .map_or(rest.len(), |end| ticks + end + ticks)
            }
        } else {
            return false;
        };
        self.at += length;
        true
    }

    /// What follows a hash in markup: a name with its calls, or brackets.
    fn expression(&mut self, modes: &mut Vec<Mode>) {
        while is_of_a_word(self.rest().chars().next().unwrap_or(' ')) {
            self.name();
            let is_path = self.rest().starts_with('.')
                && self.rest().chars().nth(1).is_some_and(is_of_a_word);
            if !is_path {
                break;
            }
            self.at += ".".len();
            // A function of another's is not the one that is meant.
            self.at += self.peek_word().len();
        }
        self.call(modes);
    }

    fn call(&mut self, modes: &mut Vec<Mode>) {
        if self.rest().starts_with(['(', '{']) && !self.is_text_bracket() {
            self.at += 1;
            modes.push(Mode::Code {
                is_statement: false,
            });
        } else if self.rest().starts_with('[') {
            self.at += 1;
            modes.push(Mode::Markup);
        }
    }

    /// Whether a bracket follows content, as in `#box[a] (b)`: with a blank it is text.
    fn is_text_bracket(&self) -> bool {
        self.text
            .get(..self.at)
            .is_some_and(|before| before.ends_with([' ', '\n']))
    }

    /// A name in code, and the image where it is a call of `image`.
    fn name(&mut self) {
        let start = self.at;
        let word = self.peek_word();
        self.at += word.len();
        let is_method = self
            .text
            .get(..start)
            .is_some_and(|before| before.ends_with('.'));
        if word == "image" && !is_method && self.rest().starts_with('(') {
            self.links.extend(link(self.text, start, self.at));
        }
    }
}

fn is_of_a_word(sign: char) -> bool {
    sign.is_alphanumeric() || matches!(sign, '-' | '_')
}

fn comment_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find(['/', '*'])) {
        at += found;
        let two = text.get(at..at + 2).unwrap_or_default();
        match two {
            "/*" => depth += 1,
            "*/" => depth = depth.saturating_sub(1),
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// How long the string is that `text` begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, sign) in text.char_indices().skip(1) {
        match sign {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// An argument of a call.
struct Argument<'a> {
    name: Option<&'a str>,
    value: Range<usize>,
}

/// The image of a call whose brackets begin at `open`, where its address is written out.
fn link(text: &str, start: usize, open: usize) -> Option<ImageLink> {
    let (arguments, end) = arguments(text, open)?;
    let source = arguments.iter().find(|argument| argument.name.is_none())?;
    let target = literal(text.get(source.value.clone())?)?;
    let named = arguments
        .iter()
        .find(|argument| argument.name == Some("alt"));
    let (alt, alt_range, slot) = match named {
        None => {
            let at = source.value.end;
            let slot = Slot::between(", alt: \"", "\"", Escape::Typst);
            (Alt::Missing, at..at, Some(slot))
        }
        Some(argument) => {
            let range = argument.value.clone();
            match literal(text.get(range.clone())?) {
                Some(alt) => {
                    let inside = range.start + 1..range.end - 1;
                    (
                        Alt::of(alt, false),
                        inside,
                        Some(Slot::plain(Escape::Typst)),
                    )
                }
                None => (Alt::Computed, range, None),
            }
        }
    };
    Some(ImageLink {
        markup: Markup::Typst,
        range: start..end,
        target,
        alt,
        alt_range,
        title: None,
        document: Markup::Typst,
        slot,
    })
}

/// The arguments in the brackets at `open`, and where these end.
fn arguments(text: &str, open: usize) -> Option<(Vec<Argument<'_>>, usize)> {
    let mut arguments = Vec::new();
    let mut at = open + "(".len();
    let mut start = at;
    let mut depth = 0_usize;
    loop {
        let rest = text.get(at..).filter(|_| at < open + LONGEST)?;
        let sign = rest.chars().next()?;
        match sign {
            '"' => {
                at += string_length(rest);
                continue;
            }
            '(' | '[' | '{' => depth += 1,
            ',' | ')' if depth == 0 => {
                let part = text.get(start..at)?;
                let (name, value) = match part.split_once(':') {
                    Some((name, value)) if name.trim().chars().all(is_of_a_word) => {
                        (Some(name.trim()), value)
                    }
                    _ => (None, part),
                };
                let begin = at - value.trim_start().len();
                let end = begin + value.trim().len();
                if begin < end {
                    arguments.push(Argument {
                        name,
                        value: begin..end,
                    });
                }
                start = at + 1;
                if sign == ')' {
                    return Some((arguments, at + 1));
                }
            }
            ')' | ']' | '}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += sign.len_utf8();
    }
}

/// What a string alone says.
fn literal(written: &str) -> Option<String> {
    let is_string = written.starts_with('"') && string_length(written) == written.len();
    let inside = written
        .get(1..written.len().checked_sub(1)?)
        .filter(|_| is_string)?;
    let mut text = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let sign = after.chars().next()?;
        rest = after.get(sign.len_utf8()..)?;
        match sign {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'u' => {
                let (code, more) = rest.strip_prefix('{')?.split_once('}')?;
                text.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
                rest = more;
            }
            other => text.push(other),
        }
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::links::tests::check_links;

    fn check(text: &str, expected: &[(&str, &str, Alt)]) {
        check_links(&links(text), text, expected);
    }

    fn text(text: &str) -> Alt {
        Alt::Text(text.into())
    }

    #[test]
    fn calls_link_images() {
        for (before, after) in [
            ("#", "\n"),
            ("#figure(", ", caption: [a])"),
            ("#figure(\n  ", ",\n)"),
            ("#let a = ", "\nb"),
            ("#box[a #", "] b"),
            ("#{\n  ", "\n}"),
            ("#align(center)[#figure(caption: [x (y)], ", ")]"),
            ("It's 5\" (#", ")"),
        ] {
            for (call, target, alt) in [
                ("image(\"a b.png\")", "a b.png", Alt::Missing),
                (
                    "image(\"a.png\", width: 80%, alt: \"b, (\\\"c\\\")\")",
                    "a.png",
                    text("b, (\"c\")"),
                ),
                (
                    "image(width: 1cm, \"a.png\", alt: b)",
                    "a.png",
                    Alt::Computed,
                ),
                ("image(\n  \"a.png\",\n)", "a.png", Alt::Missing),
            ] {
                check(&format!("{before}{call}{after}"), &[(call, target, alt)]);
            }
        }
    }

    #[test]
    fn text_comments_and_raw_text_hold_no_images() {
        for text in [
            "the image(\"a.png\")",
            "// #image(\"a.png\")\n",
            "/* #image(\"a.png\") /* */ */",
            "`#image(\"a.png\")`",
            "```typ\n#image(\"a.png\")\n```",
            "\\#image(\"a.png\")",
            "#image(a)",
            "#image(\"a\" + b)",
            "#pdf.image(\"a.png\")",
            "#images(\"a.png\")",
            "#let a = \"image(\\\"b\\\")\"",
            "#image(\"a.png\"",
            "#box[a] (image(\"a.png\"))",
        ] {
            check(text, &[]);
        }
        check(
            "https://a.example #image(\"a.png\")",
            &[("image(\"a.png\")", "a.png", Alt::Missing)],
        );
    }
}
