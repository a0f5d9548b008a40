//! Finds the images of Org: links to files that are images.
//!
//! <https://orgmode.org/manual/Images.html>

use std::ops::Range;

use super::alt::{Escape, Slot};
use super::lines::{Line, line_end, lines};
use super::{Alt, ImageLink, LONGEST, Markup};
use crate::text::up_to_line_end;

/// What is shown in its place rather than linked to.
const ENDINGS: [&str; 11] = [
    ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".bmp", ".tif", ".tiff", ".heic",
];

/// Blocks that are no Org.
const VERBATIM: [&str; 5] = ["src", "example", "export", "comment", "html"];

/// The images in `text`, but for those in code, examples and comments.
pub(super) fn links(text: &str) -> Vec<ImageLink> {
    let mut links = Vec::new();
    let mut block: Option<String> = None;
    // The keywords that say something of the paragraph that comes next.
    let mut keywords: Vec<Line> = Vec::new();
    let mut is_in_paragraph = false;
    for line in lines(text) {
        let content = line.text.trim_start();
        let lower = content.to_ascii_lowercase();
        if let Some(name) = &block {
            if lower
                .strip_prefix("#+end_")
                .is_some_and(|end| end.trim_end() == name)
            {
                block = None;
            }
            continue;
        }
        let opened = lower.strip_prefix("#+begin_").map(|rest| {
            rest.split_whitespace()
                .next()
                .unwrap_or_default()
                .to_owned()
        });
        let is_fixed = content == ":" || content.starts_with(": ");
        let is_comment = content == "#" || content.starts_with("# ");
        if opened.is_some()
            || is_fixed
            || is_comment
            || content.is_empty()
            || content.starts_with("#+")
        {
            block = opened.filter(|name| VERBATIM.contains(&&**name));
            let is_keyword = content.starts_with("#+") && !lower.starts_with("#+begin_");
            if is_keyword {
                keywords.push(line);
            } else {
                keywords.clear();
            }
            is_in_paragraph = false;
            continue;
        }
        in_line(text, &line, &keywords, is_in_paragraph, &mut links);
        keywords.clear();
        is_in_paragraph = !line.text.starts_with('*');
    }
    links
}

fn in_line(
    text: &str,
    line: &Line,
    keywords: &[Line],
    is_in_paragraph: bool,
    links: &mut Vec<ImageLink>,
) {
    let mut from = 0;
    // The signs of code with how often each was there so far, and where it is for the last time.
    let mut marks = ['=', '~'].map(|sign| (sign, 0, line.text.rfind(sign)));
    let mut counted = 0;
    while let Some(at) = line.text.get(from..).and_then(|rest| rest.find("[[")) {
        let start = from + at;
        from = start + "[[".len();
        let rest = line.text.get(start..).unwrap_or_default();
        let Some((written, length)) = image(up_to_line_end(rest, LONGEST)) else {
            continue;
        };
        from = start + length;
        let more = line.text.get(counted..start).unwrap_or_default();
        for (sign, count, _) in &mut marks {
            *count += more.matches(*sign).count();
        }
        counted = start;
        let before = line.text.get(..start).unwrap_or_default();
        let is_open = |(_, count, last): &(char, usize, Option<usize>)| {
            count % 2 == 1 && last.is_some_and(|last| last >= from)
        };
        let is_code = marks.iter().any(is_open);
        if is_code {
            continue;
        }
        // Of all images of a paragraph, keywords speak of the one that begins it.
        let is_first = before.trim().is_empty() && !is_in_paragraph;
        let (alt, alt_range, slot) = if is_first {
            alt(text, line, keywords)
        } else {
            let end = line.start + from;
            (Alt::Nowhere, end..end, None)
        };
        links.push(ImageLink {
            markup: Markup::Org,
            range: line.start + start..line.start + from,
            target: unescaped(written),
            alt,
            alt_range,
            title: keywords.iter().filter(|_| is_first).find_map(caption),
            document: Markup::Org,
            slot,
        });
    }
}

/// The address of the image that `text` begins to link, and how long the link is. With a
/// description it is a link, and the description may be the image.
fn image(text: &str) -> Option<(&str, usize)> {
    let inside = text.strip_prefix("[[")?;
    let end = inside.find(']')?;
    let address = inside.get(..end)?;
    let after = inside.get(end + 1..)?;
    if after.starts_with(']') {
        return file(address).map(|file| (file, "[[".len() + end + "]]".len()));
    }
    let description = after.strip_prefix('[')?;
    let (description, _) = description.split_once("]]")?;
    let length = "[[".len() + end + "][".len() + description.len() + "]]".len();
    file(description).map(|file| (file, length))
}

/// The file or the URL of a link that is one to an image.
fn file(address: &str) -> Option<&str> {
    let path = address.strip_prefix("file:").unwrap_or(address);
    let is_path = address.starts_with("file:")
        || ["./", "../", "/", "~/", "http://", "https://"]
            .iter()
            .any(|begin| address.starts_with(begin));
    let name = path.split("::").next().unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let is_image = ENDINGS.iter().any(|end| lower.ends_with(end));
    (is_path && is_image).then_some(name)
}

/// Backslashes keep brackets in an address.
fn unescaped(address: &str) -> String {
    address.replace("\\[", "[").replace("\\]", "]")
}

fn caption(keyword: &Line) -> Option<String> {
    let (name, value) = keyword.text.trim_start().split_once(':')?;
    let name = name.to_ascii_lowercase();
    let is_caption = name == "#+caption" || name.starts_with("#+caption[");
    is_caption
        .then(|| value.trim().to_owned())
        .filter(|value| !value.is_empty())
}

fn alt(text: &str, line: &Line, keywords: &[Line]) -> (Alt, Range<usize>, Option<Slot>) {
    let attributes = keywords.iter().filter(|line| {
        let start = line.text.trim_start().get(.."#+attr_html:".len());
        start.is_some_and(|start| start.eq_ignore_ascii_case("#+attr_html:"))
    });
    let mut last = None;
    for attribute in attributes {
        if let Some(range) = alt_value(attribute) {
            let written = text.get(range.clone()).unwrap_or_default().to_owned();
            let before = if range.is_empty() { " " } else { "" };
            let slot = Slot::between(before, "", Escape::Org);
            return (Alt::of(written, false), range, Some(slot));
        }
        last = Some(attribute);
    }
    let (at, slot) = if let Some(line) = last {
        (line.end(), Slot::between(" :alt ", "", Escape::Org))
    } else {
        let before = format!("{}#+ATTR_HTML: :alt ", line.indent());
        let slot = Slot::between(before, line_end(text), Escape::Org);
        (line.start, slot)
    };
    (Alt::Missing, at..at, Some(slot))
}

/// Where the value of `:alt` stands: up to the next name of an attribute.
fn alt_value(line: &Line) -> Option<Range<usize>> {
    let (name, start) = words(line.text).find(|(word, _)| *word == ":alt")?;
    let after = line.text.get(start + name.len()..)?;
    let is_name = |word: &str| word.len() > 1 && word.starts_with(':');
    let next = words(after).find(|(word, _)| is_name(word));
    let value = after.get(..next.map_or(after.len(), |(_, at)| at))?;
    let trimmed = value.trim();
    if trimmed.is_empty() {
        let end = line.start + start + name.len();
        return Some(end..end);
    }
    Some(line.range_of(trimmed))
}

/// The words of a text, and where they begin.
fn words(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let words = text.split_whitespace();
    words.map(|word| (word, word.as_ptr() as usize - text.as_ptr() as usize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::links::tests::check_links;

    fn check(text: &str, expected: &[(&str, &str, Alt)]) {
        check_links(&links(text), text, expected);
    }

    #[test]
    fn links_to_images_are_images() {
        let text = |text: &str| Alt::Text(text.into());
        check(
            "[[file:a b.png]]",
            &[("[[file:a b.png]]", "a b.png", Alt::Missing)],
        );
        check(
            "  [[./a.JPG]]\n",
            &[("[[./a.JPG]]", "./a.JPG", Alt::Missing)],
        );
        check(
            "#+CAPTION: c\n#+ATTR_HTML: :width 3 :alt b: c :class d\n[[file:a.png]]\n",
            &[("[[file:a.png]]", "a.png", text("b: c"))],
        );
        check(
            "#+attr_html: :alt\n[[file:a.png]]\n",
            &[("[[file:a.png]]", "a.png", Alt::Missing)],
        );
        check(
            "a [[https://a.example/b.png]] c",
            &[(
                "[[https://a.example/b.png]]",
                "https://a.example/b.png",
                Alt::Nowhere,
            )],
        );
        check(
            "[[https://a.example][file:b.png]]",
            &[("[[https://a.example][file:b.png]]", "b.png", Alt::Missing)],
        );
        assert_eq!(
            links("#+CAPTION: b\n[[file:a.png]]")[0].title.as_deref(),
            Some("b")
        );
    }

    #[test]
    fn what_is_no_image_is_not_found() {
        for text in [
            "#+BEGIN_SRC org\n[[file:a.png]]\n#+END_SRC\n",
            "#+begin_example\n[[file:a.png]]\n#+end_example\n",
            ": [[file:a.png]]\n",
            "# [[file:a.png]]\n",
            "=[[file:a.png]]=\n",
            "[[file:a.org]]\n",
            "[[a.png]]\n",
            "[[file:a.png][a description]]\n",
            "[file:a.png]\n",
        ] {
            check(text, &[]);
        }
    }
}
