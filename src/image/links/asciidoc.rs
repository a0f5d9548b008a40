//! Finds the images of AsciiDoc: the block macro `image::` and the inline macro `image:`.
//!
//! <https://docs.asciidoctor.org/asciidoc/latest/macros/images/>

use std::ops::Range;

use super::alt::{Escape, Slot, begins_reference};
use super::lines::{Line, lines};
use super::{Alt, ImageLink, LONGEST, Markup};
use crate::text::up_to_line_end;

/// The signs of the lines around what is no AsciiDoc: listings, literals, passthroughs, comments.
const FENCES: [char; 5] = ['-', '.', '+', '/', '`'];

/// Styles of paragraphs that are no AsciiDoc.
const VERBATIM: [&str; 8] = [
    "source",
    "listing",
    "literal",
    "stem",
    "latexmath",
    "asciimath",
    "pass",
    "comment",
];

/// The images in `text`, but for those in listings, literals, passthroughs and comments.
pub(super) fn links(text: &str) -> Vec<ImageLink> {
    let mut links = Vec::new();
    let mut fence: Option<&str> = None;
    // Whether the paragraph that begins next, or that is going on, is no AsciiDoc.
    let mut is_verbatim = false;
    let mut was_blank = true;
    // Of the table that is open, whether bars divide its cells.
    let mut table: Option<bool> = None;
    let mut by_bars = true;
    for line in lines(text) {
        let content = line.text.trim_end();
        match fence {
            Some(open) if open == content => fence = None,
            Some(_) => {}
            None if is_fence(content) => {
                fence = Some(content);
                is_verbatim = false;
            }
            None if is_table(content) => {
                table = match table {
                    None => Some(by_bars),
                    Some(_) => None,
                };
                by_bars = true;
                is_verbatim = false;
            }
            None if content.is_empty() => is_verbatim = false,
            None if is_style(content) => {
                is_verbatim = is_verbatim || has_verbatim_style(content);
                by_bars =
                    by_bars && !content.contains("separator=") && !content.contains("format=");
            }
            None if content.starts_with("//") => {}
            None => {
                let is_indented = was_blank && content.starts_with([' ', '\t']);
                is_verbatim |= is_indented && table.is_none();
                if !is_verbatim {
                    in_line(text, &line, table == Some(true), &mut links);
                }
            }
        }
        was_blank = content.is_empty();
    }
    links
}

/// A line of at least four of the same sign, or of Markdown's three.
fn is_fence(line: &str) -> bool {
    let Some(sign) = line.chars().next().filter(|sign| FENCES.contains(sign)) else {
        return false;
    };
    if sign == '`' {
        return line.starts_with("```") && !line.trim_start_matches('`').contains('`');
    }
    line.len() >= 4 && line.chars().all(|other| other == sign)
}

/// The line before a table and behind it.
fn is_table(line: &str) -> bool {
    let signs = line.strip_prefix('|');
    signs.is_some_and(|signs| signs.len() >= 3 && signs.chars().all(|sign| sign == '='))
}

/// A line of attributes for the block that follows.
fn is_style(line: &str) -> bool {
    line.starts_with('[') && line.ends_with(']') && !line.starts_with("[[")
}

fn has_verbatim_style(line: &str) -> bool {
    let style = line
        .trim_start_matches('[')
        .split([',', ']', '%', '#', '.'])
        .next();
    style.is_some_and(|style| VERBATIM.contains(&style))
}

/// The images of a line, which may be one of a table whose cells bars divide.
fn in_line(text: &str, line: &Line, in_cells: bool, links: &mut Vec<ImageLink>) {
    let mut from = 0;
    // How many literals began and ended so far.
    let (mut began, mut ended, mut counted) = (0, 0, 0);
    while let Some(at) = line.text.get(from..).and_then(|rest| rest.find("image:")) {
        let start = from + at;
        from = start + "image:".len();
        let before = line.text.get(..start).unwrap_or_default();
        let is_word =
            before.ends_with(|sign: char| sign.is_alphanumeric() || "\\:_".contains(sign));
        // Between backticks and pluses nothing is a macro.
        let more = line.text.get(counted..start).unwrap_or_default();
        began += more.matches("`+").count();
        ended += more.matches("+`").count();
        counted = start;
        if is_word || began > ended {
            continue;
        }
        let rest = line.text.get(from..).unwrap_or_default();
        let found = match rest.strip_prefix(':') {
            Some(rest) if before.is_empty() => block(rest).map(|parts| (parts, true)),
            Some(_) => None,
            None => inline(up_to_line_end(rest, LONGEST)).map(|parts| (parts, false)),
        };
        if let Some(((target, attributes), is_block)) = found {
            let escape = Escape::AsciiDoc { is_block, in_cells };
            let is_cut = in_cells && [target, attributes].into_iter().any(holds_bar);
            let attributes = line.range_of(attributes);
            from = attributes.end + "]".len() - line.start;
            if !is_cut {
                links.push(link(text, line.start + start, target, attributes, escape));
            }
        }
    }
}

/// Whether a cell ends within a text.
fn holds_bar(text: &str) -> bool {
    let mut bars = text.match_indices('|');
    bars.any(|(at, _)| !text.get(..at).is_some_and(|before| before.ends_with('\\')))
}

/// Target and attributes of a block macro, which ends with its line.
fn block(rest: &str) -> Option<(&str, &str)> {
    let (target, attributes) = rest.trim_end().strip_suffix(']')?.split_once('[')?;
    let fits = !target.is_empty() && target.trim() == target;
    fits.then_some((target, attributes))
}

fn inline(rest: &str) -> Option<(&str, &str)> {
    let (target, after) = rest.split_once('[')?;
    let fits = !target.is_empty() && target.trim() == target && !target.starts_with(':');
    let mut is_escaped = false;
    let end = after.find(|sign| {
        let ends = !is_escaped && sign == ']';
        is_escaped = sign == '\\';
        ends
    })?;
    fits.then_some((target, after.get(..end)?))
}

fn link(
    text: &str,
    start: usize,
    target: &str,
    attributes: Range<usize>,
    escape: Escape,
) -> ImageLink {
    let written = text.get(attributes.clone()).unwrap_or_default();
    let parts = parts(written);
    let place =
        |part: &Part| attributes.start + part.range.start..attributes.start + part.range.end;
    let named = parts.iter().find(|part| part.name == Some("alt"));
    let first = parts.first().filter(|part| part.name.is_none());
    let (alt, alt_range, slot) = match (named.or(first), parts.is_empty()) {
        (Some(part), _) => {
            let alt = Alt::of(unescaped(part.value, escape), part.name.is_some());
            (alt, place(part), Slot::plain(escape))
        }
        (None, is_empty) => {
            let after = if is_empty { "" } else { "," };
            let at = attributes.start..attributes.start;
            (Alt::Missing, at, Slot::between("", after, escape))
        }
    };
    let title = parts.iter().find(|part| part.name == Some("title"));
    ImageLink {
        markup: Markup::AsciiDoc,
        range: start..attributes.end + "]".len(),
        target: target.to_owned(),
        alt,
        alt_range,
        title: title.map(|part| unescaped(part.value, escape)),
        document: Markup::AsciiDoc,
        slot: Some(slot),
    }
}

/// One of the attributes of a macro.
struct Part<'a> {
    name: Option<&'a str>,
    /// Of its value, quotes included.
    range: Range<usize>,
    /// Without quotes.
    value: &'a str,
}

fn parts(written: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    if written.trim().is_empty() {
        return parts;
    }
    let mut at = 0;
    loop {
        let rest = written.get(at..).unwrap_or_default();
        let blanks = rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        let is_name = |sign: char| sign.is_alphanumeric() || "-_".contains(sign);
        let name_end = rest.find(|sign| !is_name(sign)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(name_end);
        let after = after.trim_start();
        let name = Some(name).filter(|name| !name.is_empty() && after.starts_with('='));
        let before = name.map_or(0, |_| rest.len() - after.len() + "=".len());
        let value = rest.get(before..).unwrap_or_default();
        let more_blanks = value.len() - value.trim_start().len();
        let value = value.trim_start();
        let start = at + blanks + before + more_blanks;
        let length = value_length(value);
        let whole = value.get(..length).unwrap_or_default().trim_end();
        let quote = whole
            .chars()
            .next()
            .filter(|sign| "\"'".contains(*sign) && whole.len() > 1);
        let inner = quote.and_then(|quote| whole.strip_prefix(quote)?.strip_suffix(quote));
        parts.push(Part {
            name,
            range: start..start + whole.len(),
            value: inner.unwrap_or(whole),
        });
        at = start + length + ",".len();
        if at > written.len() {
            return parts;
        }
    }
}

/// To the comma, which between quotes is none.
fn value_length(value: &str) -> usize {
    if let Some(quote) = value.chars().next().filter(|sign| "\"'".contains(*sign)) {
        let mut is_escaped = false;
        let inside = value.get(1..).unwrap_or_default();
        let closing = inside.find(|sign| {
            let ends = !is_escaped && sign == quote;
            is_escaped = sign == '\\';
            ends
        });
        if let Some(closing) = closing {
            let end = closing + 2;
            let after = value.get(end..).unwrap_or_default();
            return end + after.find(',').unwrap_or(after.len());
        }
    }
    value.find(',').unwrap_or(value.len())
}

fn unescaped(value: &str, escape: Escape) -> String {
    let Escape::AsciiDoc { is_block, in_cells } = escape else {
        return value.to_owned();
    };
    let mut text = String::with_capacity(value.len());
    for (at, sign) in value.char_indices() {
        let rest = value.get(at + sign.len_utf8()..).unwrap_or_default();
        let is_escape = rest.starts_with('"')
            || begins_reference(rest)
            || (!is_block && rest.starts_with(']'))
            || (in_cells && rest.starts_with('|'));
        if sign != '\\' || !is_escape {
            text.push(sign);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::links::tests::check_links;

    fn check(text: &str, expected: &[(&str, &str, Alt)]) {
        check_links(&links(text), text, expected);
    }

    fn check_one(text: &str, target: &str, alt: Alt) {
        check(&format!("a\n\n{text}\n\nb\n"), &[(text, target, alt)]);
    }

    fn text(text: &str) -> Alt {
        Alt::Text(text.into())
    }

    #[test]
    fn macros_link_images() {
        check_one("image::a.png[]", "a.png", Alt::Missing);
        check_one("image::a b.png[C d,300,200]", "a b.png", text("C d"));
        check_one(
            "image::a.png[\"b, \\\"c\\\"\",role=d]",
            "a.png",
            text("b, \"c\""),
        );
        check_one("image::a.png[width=3, alt=b]", "a.png", text("b"));
        check_one("image::a.png[width=3]", "a.png", Alt::Missing);
        check_one("image::a.png[,300]", "a.png", Alt::Missing);
        check_one("image::a.png[alt=\"\"]", "a.png", Alt::Decorative);
        check_one("image::a.png[a [b] c]", "a.png", text("a [b] c"));
        check_one("image::{x}/a.png[]", "{x}/a.png", Alt::Missing);
        check(
            "a image:b.png[c\\]] d image:e.png[] f",
            &[
                ("image:b.png[c\\]]", "b.png", text("c]")),
                ("image:e.png[]", "e.png", Alt::Missing),
            ],
        );
        check(
            "* image:https://a.example/b.png[c]",
            &[(
                "image:https://a.example/b.png[c]",
                "https://a.example/b.png",
                text("c"),
            )],
        );
    }

    #[test]
    fn a_bar_ends_a_cell_unless_it_is_escaped() {
        let links = |table: &str| {
            let links = links(table).into_iter();
            links
                .map(|link| (link.target, link.alt))
                .collect::<Vec<_>>()
        };
        let b = |alt: &str| vec![("b.png".to_owned(), text(alt))];
        let check = |table: &str, expected| assert_eq!(links(table), expected, "{table}");
        check("|===\n|a |image:b.png[c \\| d] |e\n|===\n", b("c | d"));
        check("|===\na|\nimage::b.png[c \\| d]\n|===\n", b("c | d"));
        check(
            "|===\n|image:a.png[c | d]\n\n  |image:b.png[e]\n|===\n",
            b("e"),
        );
        check("|===\n|a\n|===\n\nimage:b.png[c | d]\n", b("c | d"));
        check(
            "[separator=!]\n|===\n!image:b.png[c | d]\n|===\n",
            b("c | d"),
        );
    }

    #[test]
    fn listings_and_comments_hold_no_images() {
        for text in [
            "----\nimage::a.png[]\n----\n",
            "....\nimage::a.png[]\n....\n",
            "++++\nimage::a.png[]\n++++\n",
            "////\nimage::a.png[]\n////\n",
            "```adoc\nimage::a.png[]\n```\n",
            "// image::a.png[]\n",
            "a\n\n image:a.png[]\n",
            "[source,asciidoc]\nimage::a.png[]\n",
            "\\image::a.png[]\n",
            "`+image:a.png[]+`\n",
            "myimage:a.png[]\n",
            "a image::b.png[]\n",
            "image:a.png\n",
            "image: a.png[]\n",
        ] {
            check(text, &[]);
        }
        check(
            "----\na\n----\nimage::b.png[]\n",
            &[("image::b.png[]", "b.png", Alt::Missing)],
        );
        check(
            "[source]\na\n\nimage::b.png[]\n",
            &[("image::b.png[]", "b.png", Alt::Missing)],
        );
    }
}
