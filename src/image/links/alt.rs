//! Writes alternative text: the edits that give an image one, in the syntax of its markup.

use std::borrow::Cow;

use super::{Alt, ImageLink, Markup, links};
use crate::text::{Edit, apply};

/// How alternative text is written at a link's `alt_range`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub before: Cow<'static, str>,
    pub after: Cow<'static, str>,
    pub escape: Escape,
    /// A later change that has to go with it.
    pub and: Option<Edit>,
}

impl Slot {
    /// One where the text alone makes the alternative text.
    pub fn plain(escape: Escape) -> Self {
        Self::between("", "", escape)
    }

    pub fn between(
        before: impl Into<Cow<'static, str>>,
        after: impl Into<Cow<'static, str>>,
        escape: Escape,
    ) -> Self {
        Self {
            before: before.into(),
            after: after.into(),
            escape,
            and: None,
        }
    }
}

/// How a text has to be written to mean itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// The description of an image in Markdown, also in a table.
    Markdown,
    /// An attribute's value in these quotes; also where it stands in Markdown, or in a template
    /// whose expressions are in braces.
    Html(char),
    /// To the end of the line, as it is.
    Line,
    /// The value of an attribute, quoted where it has to be; perhaps in a table whose cells bars
    /// divide.
    AsciiDoc { is_block: bool, in_cells: bool },
    /// Within braces.
    Latex,
    /// A string.
    Typst,
    /// The value of an attribute.
    Org,
}

/// The signs that LaTeX writes as commands.
pub(super) const LATEX_SIGNS: [(char, &str); 3] = [
    ('\\', "\\textbackslash{}"),
    ('^', "\\textasciicircum{}"),
    ('~', "\\textasciitilde{}"),
];

/// What HTML comments make an image of Markdown decorative, in the words of the contract.
pub(super) const MARK: &str = "<!-- gloss: decorative -->";

/// The edits of `text` that give `link`, found in it, the alternative text `alt`, ascending; none
/// where its markup has no place for one. All white space in `alt` becomes single spaces, and what
/// cannot be printed is left out. A reference's definition stays as it is.
pub fn with_alt(link: &ImageLink, alt: &str) -> Vec<Edit> {
    let Some(slot) = &link.slot else {
        return Vec::new();
    };
    let written = slot.escape.written(&one_line(alt));
    let edit = Edit {
        range: link.alt_range.clone(),
        text: format!("{}{written}{}", slot.before, slot.after),
    };
    std::iter::once(edit).chain(slot.and.clone()).collect()
}

/// The edits of `text` that mark `link`, found in it, as decorative, without alternative text;
/// `None` where its markup has no way to say so, or none at that place.
pub fn as_decorative(text: &str, link: &ImageLink) -> Option<Vec<Edit>> {
    if link.alt == Alt::Decorative {
        return Some(Vec::new());
    }
    link.slot.as_ref()?;
    match link.markup {
        Markup::Html | Markup::Jsx | Markup::Rst => Some(with_alt(link, "")),
        Markup::Markdown => {
            let emptied = if link.alt == Alt::Missing {
                Vec::new()
            } else {
                with_alt(link, "")
            };
            let ways = marks_before(text, link.range.start).into_iter();
            let ways = ways.map(|mark| std::iter::once(mark).chain(emptied.clone()).collect());
            ways.into_iter()
                .find(|edits: &Vec<Edit>| only_makes_decorative(text, link, edits))
        }
        _ => None,
    }
}

/// The places for a comment before an image, the best first. Where it begins a line, a comment
/// would begin a block of HTML that ends with that line, and the image would be text.
fn marks_before(text: &str, start: usize) -> Vec<Edit> {
    let before = text.get(..start).unwrap_or_default();
    let line_start = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
    let line = before.get(line_start..).unwrap_or_default();
    let insert = |at: usize, text: String| Edit {
        range: at..at,
        text,
    };
    let mut ways = vec![insert(start, format!("{MARK} "))];
    let above = before.get(..line_start).unwrap_or_default();
    let line_end = ["\r\n", "\r"].into_iter().find(|end| above.ends_with(end));
    let line_end = line_end.unwrap_or("\n");
    // At the end of the line above it is still in the same paragraph.
    let ends_in_text = |above: &&str| !above.ends_with(['\r', '\n', ' ', '>']);
    if let Some(above) = above.strip_suffix(line_end).filter(ends_in_text) {
        ways.push(insert(above.len(), format!(" {MARK}")));
    }
    let own_line = |prefix: &str| insert(start, format!("{MARK}{line_end}{prefix}"));
    ways.push(own_line(line));
    ways.push(own_line(&without_bullets(line)));
    ways
}

/// The beginning of a line in a list as the next one has to begin to be in the same item.
fn without_bullets(line: &str) -> String {
    let is_kept = |sign: char| matches!(sign, '>' | '/' | '!' | '\t');
    line.chars()
        .map(|sign| if is_kept(sign) { sign } else { ' ' })
        .collect()
}

/// Whether with `edits` the same images are linked as before, and of them this one changed alone.
fn only_makes_decorative(text: &str, link: &ImageLink, edits: &[Edit]) -> bool {
    let same = |links: Vec<ImageLink>| -> Vec<_> {
        let told = links
            .into_iter()
            .map(|link| (link.markup, link.target, link.alt, link.title));
        told.collect()
    };
    let before = links(link.document, text);
    let Some(at) = before.iter().position(|other| other.range == link.range) else {
        return false;
    };
    let mut expected = same(before);
    if let Some(marked) = expected.get_mut(at) {
        marked.2 = Alt::Decorative;
    }
    same(links(link.document, &apply(text, edits))) == expected
}

/// A text as it can stand in any line.
fn one_line(text: &str) -> String {
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| word.chars().filter(|sign| !sign.is_control()).collect())
        .filter(|word: &String| !word.is_empty())
        .collect();
    words.join(" ")
}

impl Escape {
    fn written(self, text: &str) -> String {
        match self {
            Self::Markdown => in_markdown(text),
            Self::Html(quote) => in_html(text, quote),
            Self::Line => text.to_owned(),
            Self::AsciiDoc { is_block, in_cells } => {
                let written = in_asciidoc(text, is_block);
                if in_cells {
                    written.replace('|', "\\|")
                } else {
                    written
                }
            }
            Self::Latex => in_latex(text),
            Self::Typst => text.replace('\\', "\\\\").replace('"', "\\\""),
            Self::Org => in_org(text),
        }
    }
}

fn in_markdown(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut before = ' ';
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        let next = signs.peek().copied().unwrap_or(' ');
        let is_special = match sign {
            '\\' | '`' | '*' | '[' | ']' | '<' | '~' | '|' | '{' => true,
            // Within a word it is no emphasis.
            '_' => !(before.is_alphanumeric() && next.is_alphanumeric()),
            '&' => next == '#' || next.is_ascii_alphanumeric(),
            // It would end the comment that holds the Markdown.
            '/' => before == '*',
            _ => false,
        };
        if is_special {
            written.push('\\');
        }
        written.push(sign);
        before = sign;
    }
    written
}

fn in_html(text: &str, quote: char) -> String {
    let mut written = String::with_capacity(text.len());
    let mut before = ' ';
    for sign in text.chars() {
        match sign {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '"' if quote == '"' => written.push_str("&quot;"),
            // Braces begin expressions, a bar ends a cell of Markdown.
            '{' | '}' | '|' => written.push_str(&format!("&#{};", u32::from(sign))),
            '\'' if quote == '\'' => written.push_str("&#39;"),
            // What begins or ends a comment around it.
            '/' | '*' if matches!(before, '/' | '*') => {
                written.push_str(&format!("&#{};", u32::from(sign)));
            }
            '>' if before == '-' => written.push_str("&gt;"),
            _ => written.push(sign),
        }
        before = sign;
    }
    written
}

/// A backslash at the end would escape what ends the value, so it is left out.
fn in_asciidoc(text: &str, is_block: bool) -> String {
    let text = text.trim_end_matches(['\\', ' ']);
    let text = without_references(text);
    let text = if is_block {
        text
    } else {
        text.replace(']', "\\]")
    };
    if text.contains([',', '=', '"']) || text.starts_with('\'') {
        format!("\"{}\"", text.replace('"', "\\\""))
    } else {
        text
    }
}

/// A text in which no name in braces is a reference to an attribute of AsciiDoc.
fn without_references(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for (at, sign) in text.char_indices() {
        if text.get(at..).is_some_and(begins_reference) {
            written.push('\\');
        }
        written.push(sign);
    }
    written
}

/// Whether a text begins with what AsciiDoc takes for a reference to an attribute.
pub(super) fn begins_reference(text: &str) -> bool {
    let name = text.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    let is_of_a_name = |sign: char| sign.is_alphanumeric() || "_-:".contains(sign);
    name.is_some_and(|(name, _)| !name.is_empty() && name.chars().all(is_of_a_name))
}

fn in_latex(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for sign in text.chars() {
        if let Some((_, command)) = LATEX_SIGNS.iter().find(|(other, _)| *other == sign) {
            written.push_str(command);
            continue;
        }
        if "{}$&#%_".contains(sign) {
            written.push('\\');
        }
        written.push(sign);
    }
    written
}

/// A word that begins with a colon would be the name of another attribute; nothing can quote it.
fn in_org(text: &str) -> String {
    let words = text.split(' ').map(|word| word.trim_start_matches(':'));
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// Whether an HTML comment is the mark for what follows it.
pub(super) fn is_mark(comment: &str) -> bool {
    let inner = comment
        .trim()
        .strip_prefix("<!--")
        .and_then(|rest| rest.strip_suffix("-->"));
    let word = inner.and_then(|inner| inner.trim().strip_prefix("gloss:"));
    word.is_some_and(|word| word.trim() == "decorative")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judges::links::{DOCUMENTS, means_itself, told};
    use proptest::prelude::*;

    #[test]
    fn alternative_text_is_written_so_that_it_means_itself() {
        for (markup, text) in DOCUMENTS {
            for alt in [
                "plain",
                "two\n  lines\tand\u{7} more",
                "a [b] ](c) ![d](e) [f]: g",
                r#"\ ` * _ x_y <i> </i> <!-- --> &amp; & &#3; ~~a~~ | "q" 'r' {b} {{c}} %}"#,
                "ends in \\",
                "a /* b */ // c",
                "a&-->",
                "-- # a = 1, b; :c: $d$ ^ %",
                "ü 画像 🙂",
                "https://a.example/b_c",
            ] {
                means_itself(*markup, text, alt);
            }
        }
    }

    proptest! {
        // Each reads every document anew for each of its links.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_alternative_text_means_itself(
            alt in r#"[a-c][a-c é\\\[\]()<>{}!"'`*_~|&;:=,#%$^/-]{1,12}"#,
        ) {
            for (markup, text) in DOCUMENTS {
                means_itself(*markup, text, &alt);
            }
        }
    }

    #[test]
    fn an_image_is_marked_where_the_markup_can_say_it() {
        for (markup, text) in DOCUMENTS {
            let found = links(*markup, text);
            for (at, link) in found.iter().enumerate() {
                let Some(edits) = as_decorative(text, link) else {
                    continue;
                };
                let mut expected = told(found.clone());
                expected[at].2 = Alt::Decorative;
                let edited = apply(text, &edits);
                assert_eq!(told(links(*markup, &edited)), expected, "{edited}");
            }
        }
    }

    /// The document with its first link marked as decorative.
    fn check_mark(markup: Markup, text: &str, expected: Option<&str>) {
        let edits = as_decorative(text, &links(markup, text)[0]);
        let edited = edits.map(|edits| apply(text, &edits));
        assert_eq!(edited.as_deref(), expected, "{text}");
    }

    #[test]
    fn in_markdown_a_comment_before_the_image_marks_it() {
        let check = |text, expected| check_mark(Markup::Markdown, text, Some(expected));
        check("a ![b](c)", "a <!-- gloss: decorative --> ![](c)");
        check("![b](c)", "<!-- gloss: decorative -->\n![](c)");
        check("a\n![](c)", "a <!-- gloss: decorative -->\n![](c)");
        check(
            "a\r\n\r\n![](c)\r\n",
            "a\r\n\r\n<!-- gloss: decorative -->\r\n![](c)\r\n",
        );
        check("> ![](c)", "> <!-- gloss: decorative -->\n> ![](c)");
        check("- ![](c)", "- <!-- gloss: decorative -->\n  ![](c)");
        check(
            "| a |\n|-|\n| ![](c) |",
            "| a |\n|-|\n| <!-- gloss: decorative --> ![](c) |",
        );
        check("[![](c)](d)", "[<!-- gloss: decorative --> ![](c)](d)");
        check(
            "a ![b]\n\n[b]: c",
            "a <!-- gloss: decorative --> ![][b]\n\n[b]: c",
        );
    }

    #[test]
    fn only_gloss_own_comment_is_a_mark() {
        for (comment, expected) in [
            (MARK, true),
            ("<!--gloss:decorative-->\n", true),
            ("<!-- gloss: decorative, x -->", false),
            ("<!-- decorative -->", false),
            ("gloss: decorative", false),
        ] {
            assert_eq!(is_mark(comment), expected, "{comment}");
        }
    }
}
