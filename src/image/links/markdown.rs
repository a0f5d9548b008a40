//! Finds the images of Markdown, in all the ways it has to write them.

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

use super::alt::{Escape, Slot};
use super::html;
use super::stitched::Stitched;
use super::{Alt, ImageLink, Markup};
use crate::text::Edit;

/// The images in `text` but for those in code and comments, and those inside the alternative text
/// of another, which nobody sees.
pub(super) fn links(text: &str) -> Vec<ImageLink> {
    let mut links = Vec::new();
    let mut open: Option<Open> = None;
    let mut block: Option<Stitched> = None;
    // Whether the comment that makes an image decorative was the last thing to be seen.
    let mut is_marked = false;
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        if let Some(image) = open.take() {
            match event {
                Event::End(TagEnd::Image) if image.nested == 0 => {
                    links.push(image.link(text, is_marked));
                    is_marked = false;
                }
                event => open = Some(image.with(&event, range)),
            }
            continue;
        }
        match event {
            Event::Start(Tag::HtmlBlock) => block = Some(Stitched::default()),
            Event::Html(_) => {
                if let Some(block) = &mut block {
                    block.push(text, range);
                }
            }
            Event::End(TagEnd::HtmlBlock) => {
                let block = block.take().unwrap_or_default();
                let found = html::links_after(&block.text, &mut is_marked);
                links.extend(found.into_iter().map(|link| block.unstitched(link)));
            }
            // Most tags in prose link nothing, and each costs a tokenizer.
            Event::InlineHtml(html) if !html::may_link(&html) => is_marked = false,
            Event::InlineHtml(_) => {
                let mut tag = Stitched::default();
                tag.push(text, range);
                let found = html::links_after(&tag.text, &mut is_marked);
                links.extend(found.into_iter().map(|link| tag.unstitched(link)));
            }
            Event::Text(text) => is_marked &= text.trim().is_empty(),
            Event::SoftBreak | Event::HardBreak => {}
            Event::Start(tag) => open = Open::new(text, range, tag),
            Event::End(end) => is_marked &= !ends_a_paragraph(end),
            _ => is_marked = false,
        }
    }
    links
}

/// `text` with blanks for all but the HTML in it, each byte at its place.
pub(in crate::image) fn html_alone(text: &str) -> String {
    let mut alone = String::with_capacity(text.len());
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        if matches!(event, Event::Html(_) | Event::InlineHtml(_)) {
            let blanks = range.start.saturating_sub(alone.len());
            alone.extend(std::iter::repeat_n(' ', blanks));
            alone.push_str(text.get(range).unwrap_or_default());
        }
    }
    alone
}

/// What GitHub and the common generators of sites understand beside CommonMark.
fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS
        | Options::ENABLE_GFM
}

/// Whether what is said inside of this is said of nothing behind it.
fn ends_a_paragraph(end: TagEnd) -> bool {
    use TagEnd::{Emphasis, HtmlBlock, Link, Strikethrough, Strong};
    !matches!(end, HtmlBlock | Emphasis | Strong | Strikethrough | Link)
}

/// An image whose end has not come yet.
struct Open {
    range: Range<usize>,
    link_type: LinkType,
    target: String,
    title: Option<String>,
    alt: String,
    /// Where the last part of its alternative text ends.
    alt_end: usize,
    /// How many images inside its alternative text are open.
    nested: usize,
}

impl Open {
    /// The image that begins with `tag`, if it is one.
    fn new(text: &str, range: Range<usize>, tag: Tag) -> Option<Self> {
        let Tag::Image {
            link_type,
            dest_url,
            title,
            ..
        } = tag
        else {
            return None;
        };
        Some(Self {
            alt_end: alt_start(&range),
            range: whole(text, range, link_type),
            link_type,
            target: dest_url.into_string(),
            title: Some(title.into_string()).filter(|title| !title.is_empty()),
            alt: String::new(),
            nested: 0,
        })
    }

    fn with(mut self, event: &Event, range: Range<usize>) -> Self {
        self.alt_end = self.alt_end.max(range.end);
        match event {
            Event::Start(Tag::Image { .. }) => self.nested += 1,
            Event::End(TagEnd::Image) => self.nested -= 1,
            Event::Text(text) | Event::Code(text) => self.alt.push_str(text),
            Event::SoftBreak | Event::HardBreak => self.alt.push(' '),
            _ => {}
        }
        self
    }

    fn link(self, text: &str, is_marked: bool) -> ImageLink {
        // Whatever of the alternative text is no event, like blanks, holds no bracket.
        let rest = text.get(self.alt_end..self.range.end).unwrap_or_default();
        let alt_end = self.alt_end + rest.find(']').unwrap_or(0);
        let alt_range = alt_start(&self.range)..alt_end;
        ImageLink {
            markup: Markup::Markdown,
            slot: Some(self.slot(text.get(alt_range.clone()).unwrap_or_default())),
            range: self.range,
            target: self.target,
            alt: Alt::of(self.alt, is_marked),
            alt_range,
            title: self.title,
            document: Markup::Markdown,
        }
    }

    /// A reference that is named by its alternative text keeps that as its label.
    fn slot(&self, label: &str) -> Slot {
        // Runs of white space count as one space in a label.
        let label = || label.split_whitespace().collect::<Vec<_>>().join(" ");
        match self.link_type {
            LinkType::Shortcut | LinkType::ShortcutUnknown => {
                Slot::between("", format!("][{}", label()), Escape::Markdown)
            }
            LinkType::Collapsed | LinkType::CollapsedUnknown => {
                let inside = self.range.end.saturating_sub("]".len());
                Slot {
                    and: Some(Edit {
                        range: inside..inside,
                        text: label(),
                    }),
                    ..Slot::plain(Escape::Markdown)
                }
            }
            _ => Slot::plain(Escape::Markdown),
        }
    }
}

fn alt_start(link: &Range<usize>) -> usize {
    link.start + "![".len()
}

/// `range` with the brackets of a collapsed reference, which the parser leaves out.
fn whole(text: &str, range: Range<usize>, link_type: LinkType) -> Range<usize> {
    let rest = text.get(range.end..).unwrap_or_default();
    let is_short = link_type == LinkType::Collapsed && rest.starts_with("[]");
    range.start..range.end + if is_short { "[]".len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Each image as its whole text, target, alternative text, and that as it is written.
    fn check(text: &str, expected: &[(&str, &str, &str, &str)]) {
        let links = links(text);
        let found: Vec<_> = links
            .iter()
            .map(|link| {
                (
                    &text[link.range.clone()],
                    &*link.target,
                    link.alt.text().unwrap_or_default(),
                    &text[link.alt_range.clone()],
                )
            })
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn an_image_is_found_however_it_is_written() {
        check("a ![b](c.png) d", &[("![b](c.png)", "c.png", "b", "b")]);
        check("![](c.png)", &[("![](c.png)", "c.png", "", "")]);
        check("![ b ](c.png)", &[("![ b ](c.png)", "c.png", " b ", " b ")]);
        check(
            "![b](<a b.png>)",
            &[("![b](<a b.png>)", "a b.png", "b", "b")],
        );
        check(
            "![b](a(1).png)",
            &[("![b](a(1).png)", "a(1).png", "b", "b")],
        );
        check(
            "![b](c.png \"t\")",
            &[("![b](c.png \"t\")", "c.png", "b", "b")],
        );
        check("![b]()", &[("![b]()", "", "b", "b")]);
        check(
            "![b][c]\n\n[c]: d.png 't'",
            &[("![b][c]", "d.png", "b", "b")],
        );
        check("![b][]\n\n[B]: d.png", &[("![b][]", "d.png", "b", "b")]);
        check("![b]\n\n[b]: <d e.png>", &[("![b]", "d e.png", "b", "b")]);
        check("![][b]\n\n[b]: d.png", &[("![][b]", "d.png", "", "")]);
        check(
            "[![b](c.png)](https://d)",
            &[("![b](c.png)", "c.png", "b", "b")],
        );
        check(
            "![a](b.png)![c](d.png)",
            &[
                ("![a](b.png)", "b.png", "a", "a"),
                ("![c](d.png)", "d.png", "c", "c"),
            ],
        );
        check(
            "| a |\n| - |\n| ![b](c.png) |",
            &[("![b](c.png)", "c.png", "b", "b")],
        );
        check("> - ![b](c.png)\n", &[("![b](c.png)", "c.png", "b", "b")]);
        check(
            "x[^1]\n\n[^1]: ![b](c.png)\n",
            &[("![b](c.png)", "c.png", "b", "b")],
        );
        check(
            "# ![b](c.png)\r\n\r\nä ![µ](ü.png)\r\n",
            &[
                ("![b](c.png)", "c.png", "b", "b"),
                ("![µ](ü.png)", "ü.png", "µ", "µ"),
            ],
        );
    }

    #[test]
    fn escapes_and_entities_are_undone_and_nothing_else() {
        check(
            r"![a\]b](c\_d.png)",
            &[(r"![a\]b](c\_d.png)", "c_d.png", "a]b", r"a\]b")],
        );
        check(
            "![a](b&amp;c.png)",
            &[("![a](b&amp;c.png)", "b&c.png", "a", "a")],
        );
        check(
            "![a&quot;](b%20c.png?d#e)",
            &[(
                "![a&quot;](b%20c.png?d#e)",
                "b%20c.png?d#e",
                "a\"",
                "a&quot;",
            )],
        );
        check(r"\![a](b.png)", &[]);
        check(r"!\[a](b.png)", &[]);
    }

    #[test]
    fn alternative_text_is_plain() {
        check(
            "![*a* `b]` **c**](d.png)",
            &[(
                "![*a* `b]` **c**](d.png)",
                "d.png",
                "a b] c",
                "*a* `b]` **c**",
            )],
        );
        check(
            "![a\nb](c.png)",
            &[("![a\nb](c.png)", "c.png", "a b", "a\nb")],
        );
        check(
            "![a [b](c)](d.png)",
            &[("![a [b](c)](d.png)", "d.png", "a b", "a [b](c)")],
        );
        check(
            "![a ![b](c.png) d](e.png)",
            &[(
                "![a ![b](c.png) d](e.png)",
                "e.png",
                "a b d",
                "a ![b](c.png) d",
            )],
        );
        check(
            "![a [b] c](d.png)",
            &[("![a [b] c](d.png)", "d.png", "a [b] c", "a [b] c")],
        );
    }

    #[test]
    fn code_comments_and_front_matter_hold_no_images() {
        check("`![a](b.png)`", &[]);
        check("```md\n![a](b.png)\n```\n", &[]);
        check("    ![a](b.png)\n", &[]);
        check("~~~\n![a](b.png)\n", &[]);
        check("<!-- ![a](b.png) -->", &[]);
        check("a <!-- ![a](b.png) --> b", &[]);
        check("<!--\n\n![a](b.png)\n\n-->\n", &[]);
        check(
            "---\ntitle: '![a](b.png)'\n---\n\n![c](d.png)\n",
            &[("![c](d.png)", "d.png", "c", "c")],
        );
        check("![a][nowhere]", &[]);
        check("[a](b.png)", &[]);
        check("![a] (b.png)", &[]);
    }

    #[test]
    fn a_title_is_kept() {
        let titles: Vec<_> = links("![a](b 'c') ![a](b) ![d]\n\n[d]: e \"f\"")
            .into_iter()
            .map(|l| l.title)
            .collect();
        assert_eq!(titles, [Some("c".to_owned()), None, Some("f".to_owned())]);
    }

    proptest! {
        #[test]
        fn ranges_lie_in_the_text_in_order(text in "[a\u{e9}!\\[\\]()<>`*_\\\\|:\" \r\n&;-]{0,60}") {
            let mut end = 0;
            for link in links(&text) {
                prop_assert!(link.range.start >= end);
                end = link.range.end;
                prop_assert!(text[link.range.clone()].starts_with("!["));
                prop_assert!(text.get(link.alt_range.clone()).is_some());
                prop_assert_eq!(text.get(link.alt_range.end..link.alt_range.end + 1), Some("]"));
                prop_assert!(link.alt_range.end < link.range.end);
            }
        }
    }
}
