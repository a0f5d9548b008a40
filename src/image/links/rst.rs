//! Finds the images of reStructuredText: the directives `image` and `figure`.
//!
//! <https://docutils.sourceforge.io/docs/ref/rst/directives.html#images>

use std::ops::Range;

use super::alt::{Escape, Slot};
use super::lines::{Line, line_end, lines};
use super::{Alt, ImageLink, Markup};

/// Directives whose content is no reStructuredText.
const VERBATIM: [&str; 17] = [
    "code",
    "code-block",
    "sourcecode",
    "literalinclude",
    "parsed-literal",
    "raw",
    "math",
    "highlight",
    "prompt",
    "doctest",
    "testcode",
    "testoutput",
    "ipython",
    "graphviz",
    "mermaid",
    "csv-table",
    "replace",
];

/// The address and the options of an image are within so many lines.
const MOST_LINES: usize = 100;

/// The images in `text`, but for those in literal blocks, code and comments.
pub(super) fn links(text: &str) -> Vec<ImageLink> {
    let all = lines(text);
    let mut links = Vec::new();
    let mut at = 0;
    while let Some(line) = all.get(at) {
        at += 1;
        let (column, content) = without_bullets(line.text);
        let body = |at: usize| {
            let body = all.get(at..).unwrap_or_default();
            let belongs = move |line: &&Line| line.is_blank() || line.indent().len() > column;
            body.iter().take_while(belongs)
        };
        match Explicit::of(content) {
            Explicit::Image(argument) => {
                let body = body(at).take(MOST_LINES).count();
                let body = all.get(at..at + body).unwrap_or_default();
                links.extend(directive(text, line, column, argument, body));
            }
            // A figure's legend, or what a directive holds, is read on.
            Explicit::Other => {}
            Explicit::Verbatim => at += body(at).count(),
        }
    }
    links
}

/// What a line begins.
enum Explicit<'a> {
    /// A directive that links what it is called with.
    Image(&'a str),
    /// What holds no reStructuredText as far as it is indented.
    Verbatim,
    Other,
}

impl Explicit<'_> {
    fn of(content: &str) -> Explicit<'_> {
        let Some(explicit) = content
            .strip_prefix("..")
            .filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
        else {
            let is_literal = content.trim_end().ends_with("::");
            return if is_literal {
                Explicit::Verbatim
            } else {
                Explicit::Other
            };
        };
        let mut explicit = explicit.trim_start();
        if let Some((name, rest)) = explicit
            .strip_prefix('|')
            .and_then(|rest| rest.split_once('|'))
        {
            if name.is_empty() {
                return Explicit::Verbatim;
            }
            explicit = rest.trim_start();
        }
        let Some((name, argument)) = explicit.split_once("::") else {
            let is_target_or_note = explicit.starts_with(['_', '[']);
            return if is_target_or_note {
                Explicit::Other
            } else {
                Explicit::Verbatim
            };
        };
        let name = name.trim().to_ascii_lowercase();
        let is_name = |sign: char| sign.is_alphanumeric() || "-_.:+".contains(sign);
        match &*name {
            "image" | "figure" => Explicit::Image(argument),
            name if VERBATIM.contains(&name) => Explicit::Verbatim,
            name if !name.is_empty() && name.chars().all(is_name) => Explicit::Other,
            _ if explicit.starts_with(['_', '[']) => Explicit::Other,
            _ => Explicit::Verbatim,
        }
    }
}

/// A line without the bullets and numbers of lists, and how far in it begins then.
fn without_bullets(line: &str) -> (usize, &str) {
    let mut content = line.trim_start();
    while let Some((bullet, rest)) = content.split_once(' ') {
        let number = bullet.trim_start_matches('(').trim_end_matches(['.', ')']);
        let is_number = number.len() < bullet.len()
            && (number == "#"
                || number.chars().all(|sign| sign.is_ascii_digit()) && !number.is_empty());
        if !matches!(bullet, "*" | "-" | "+" | "•") && !is_number {
            break;
        }
        content = rest.trim_start();
    }
    (line.len() - content.len(), content)
}

/// The image of a directive with the lines that are indented under it.
fn directive(
    text: &str,
    line: &Line,
    column: usize,
    argument: &str,
    body: &[Line],
) -> Option<ImageLink> {
    let arguments = body
        .iter()
        .take_while(|line| !line.is_blank() && !line.text.trim_start().starts_with(':'));
    let arguments: Vec<&Line> = arguments.collect();
    let options = body.get(arguments.len()..).unwrap_or_default();
    let options: Vec<&Line> = options.iter().take_while(|line| !line.is_blank()).collect();
    let parts = std::iter::once(argument).chain(arguments.iter().map(|line| line.text));
    let target = address(&parts.collect::<String>());
    if target.is_empty() {
        return None;
    }
    let before_options = arguments.last().map_or(line.end(), |line| line.end());
    let end = options.last().map_or(before_options, |line| line.end());
    let (alt, alt_range, slot) = if let Some(range) = alt_option(&options) {
        let written = text.get(range.clone()).unwrap_or_default();
        let words = written.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_set_off = text.get(..range.start)?.ends_with([' ', '\t']);
        let before = if is_set_off { "" } else { " " };
        let slot = Slot::between(before, "", Escape::Line);
        // One that is empty is written as an empty one; without, it is the address.
        (Alt::of(words, true), range, slot)
    } else {
        let sample = options.first().or(arguments.first());
        let indent = sample.map_or_else(
            || format!("{}   ", blank(line.text.get(..column).unwrap_or_default())),
            |line| line.indent().to_owned(),
        );
        let before = format!("{}{indent}:alt: ", line_end(text));
        let at = before_options..before_options;
        (Alt::Missing, at, Slot::between(before, "", Escape::Line))
    };
    Some(ImageLink {
        markup: Markup::Rst,
        range: line.start + column..end,
        target,
        alt,
        alt_range,
        title: None,
        document: Markup::Rst,
        slot: Some(slot),
    })
}

/// Where the value of `:alt:` stands, its further lines included.
fn alt_option(options: &[&Line]) -> Option<Range<usize>> {
    let at = options
        .iter()
        .position(|line| line.text.trim_start().starts_with(":alt:"))?;
    let line = options.get(at)?;
    let value = line.text.trim_start().strip_prefix(":alt:")?.trim();
    let indent = line.indent().len();
    let more = options.get(at + 1..).unwrap_or_default();
    let more = more.iter().take_while(|line| line.indent().len() > indent);
    let first = if value.is_empty() {
        line.end()..line.end()
    } else {
        line.range_of(value)
    };
    let last = more.last().map(|line| line.range_of(line.text.trim()).end);
    Some(first.start..last.unwrap_or(first.end))
}

/// An address without the white space that only breaks its line, and without escapes.
fn address(written: &str) -> String {
    let mut target = String::with_capacity(written.len());
    let mut signs = written.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => target.extend(signs.next()),
            _ if sign.is_whitespace() => {}
            _ => target.push(sign),
        }
    }
    target
}

/// The white space that takes as much room.
fn blank(text: &str) -> String {
    let kept = |sign| if sign == '\t' { sign } else { ' ' };
    text.chars().map(kept).collect()
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
    fn directives_link_images() {
        let bare = ".. image:: a.png";
        check(bare, &[(bare, "a.png", Alt::Missing)]);
        let full = ".. figure:: a/b\\ c.png\r\n   :width: 3\r\n   :alt: d *e*\r\n     f";
        check(
            &format!("x\r\n\r\n{full}\r\n\r\n   Legend\r\n"),
            &[(full, "a/b c.png", text("d *e* f"))],
        );
        let substitution = ".. |x y| image:: a.png\n   :alt:";
        check(substitution, &[(substitution, "a.png", Alt::Decorative)]);
        let broken = ".. image:: a/\n     b.png\n   :alt: c";
        check(broken, &[(broken, "a/b.png", text("c"))]);
        check(
            "* - .. image:: a.png\n       :alt: b\n    - c\n",
            &[(".. image:: a.png\n       :alt: b", "a.png", text("b"))],
        );
        check(
            ".. note::\n\n   .. image:: a.png\n",
            &[(".. image:: a.png", "a.png", Alt::Missing)],
        );
        check(
            ".. Image:: a.png\ntext",
            &[(".. Image:: a.png", "a.png", Alt::Missing)],
        );
    }

    #[test]
    fn code_and_comments_hold_no_images() {
        for text in [
            "So::\n\n   .. image:: a.png\n",
            ".. code-block:: rst\n\n   .. image:: a.png\n",
            ".. raw:: html\n\n   .. image:: a.png\n",
            ".. a comment\n   .. image:: a.png\n",
            "..\n   .. image:: a.png\n",
            ".. image::\n",
            ".. images:: a.png\n",
            "..image:: a.png\n",
            "x .. image:: a.png\n",
            "``.. image:: a.png``\n",
        ] {
            check(text, &[]);
        }
    }
}
