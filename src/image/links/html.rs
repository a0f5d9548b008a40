//! Finds the images of HTML, and of the templates that are written like it.

use std::ops::Range;

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{StartTag, Token, Tokenizer};

use super::alt::is_mark;
use super::tag::{self, Attribute, Tag};
use super::{ImageLink, Markup, css};

/// The images that `<img>`, `<source>` and styles link.
pub(super) fn links(text: &str) -> Vec<ImageLink> {
    links_after(text, &mut false)
}

/// The same for a piece of a document; `is_marked` says whether what came before it marks the next
/// image as decorative, and is told whether this piece ends so.
pub(super) fn links_after(text: &str, is_marked: &mut bool) -> Vec<ImageLink> {
    links_of(text, text, is_marked)
}

/// Whether a single tag or comment may link an image, or mark the next one as decorative.
pub(super) fn may_link(tag: &str) -> bool {
    let begins = |begin: &str| {
        let start = tag.get(..begin.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(begin))
    };
    ["<img", "<source", "<!--"].into_iter().any(begins) || tag.contains(['=', '\n'])
}

/// The images of components whose attributes hold expressions in braces, like those of Svelte.
pub(super) fn links_with_expressions(text: &str) -> Vec<ImageLink> {
    links_of(text, &tag::without_expressions(text), &mut false)
}

/// The images of `text`, whose tags are found in `told`, the same text with what would confuse
/// that blanked.
fn links_of(text: &str, told: &str, is_marked: &mut bool) -> Vec<ImageLink> {
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    // As a parser does: what stands in a script or a text area is no tag.
    emitter.naively_switch_states(true);
    let mut links = Vec::new();
    let mut inside = Inside::Other;
    for token in Tokenizer::new_with_emitter(told, emitter) {
        match token {
            Ok(Token::StartTag(start)) => {
                inside = Inside::of(&start.name);
                read_tag(text, told, &start, *is_marked, &mut links);
                *is_marked = false;
            }
            Ok(Token::EndTag(_)) => inside = Inside::Other,
            Ok(Token::Comment(comment)) => {
                let range = comment.span.start..comment.span.end;
                *is_marked = text.get(range).is_some_and(is_mark);
            }
            Ok(Token::String(string)) => {
                *is_marked &= string.value.trim_ascii().is_empty();
                let range = string.span.start..string.span.end;
                let within = text.get(range.clone()).unwrap_or_default();
                let found = match inside {
                    Inside::Style => css::links(within),
                    // Where there are no scripts, and for who reads the page for others.
                    Inside::NoScript => self::links(within),
                    Inside::Other => Vec::new(),
                };
                links.extend(found.into_iter().map(|link| link.moved_by(range.start)));
            }
            _ => {}
        }
    }
    links
}

/// What the tokens are in, of what matters here.
#[derive(Clone, Copy)]
enum Inside {
    Style,
    NoScript,
    Other,
}

impl Inside {
    fn of(name: &[u8]) -> Self {
        match name {
            b"style" => Self::Style,
            b"noscript" => Self::NoScript,
            _ => Self::Other,
        }
    }
}

fn read_tag(
    text: &str,
    told: &str,
    start: &StartTag<usize>,
    is_marked: bool,
    links: &mut Vec<ImageLink>,
) {
    let is_source = &**start.name == b"source";
    let is_img = &**start.name == b"img";
    let has_style = start.attributes.contains_key(b"style".as_slice());
    if !is_img && !is_source && !has_style {
        return;
    }
    let range = start.span.start..start.span.end;
    let attributes = tag::attributes(text, told, &range);
    let tag = Tag {
        text,
        markup: Markup::Html,
        range,
        attributes,
    };
    if is_img || is_source {
        links.extend(tag.images(is_source, is_marked));
    }
    if let Some(style) = tag.attribute("style") {
        links.extend(styles(&tag, style));
    }
}

fn styles(tag: &Tag, style: &Attribute) -> Vec<ImageLink> {
    let Some(value) = style.fixed() else {
        return Vec::new();
    };
    let written = tag.text.get(value.clone()).unwrap_or_default();
    let moved = css::links(written).into_iter().map(|link| ImageLink {
        // Quotes are often written as entities here.
        target: tag::decoded(&link.target)
            .trim_matches(['"', '\''])
            .to_owned(),
        ..link.moved_by(value.start)
    });
    moved.collect()
}

impl ImageLink {
    /// The same link in a text that begins `offset` bytes earlier.
    fn moved_by(mut self, offset: usize) -> Self {
        let moved = |range: Range<usize>| range.start + offset..range.end + offset;
        self.range = moved(self.range);
        self.alt_range = moved(self.alt_range);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::links::Alt;
    use proptest::prelude::*;

    /// Each image as its whole text, target, alternative text, and that as it is written.
    fn check_by(
        find: fn(&str) -> Vec<ImageLink>,
        text: &str,
        expected: &[(&str, &str, Alt, &str)],
    ) {
        let links = find(text);
        let found: Vec<_> = links
            .iter()
            .map(|link| {
                (
                    &text[link.range.clone()],
                    &*link.target,
                    link.alt.clone(),
                    &text[link.alt_range.clone()],
                )
            })
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    fn check(text: &str, expected: &[(&str, &str, Alt, &str)]) {
        check_by(links, text, expected);
    }

    fn text(text: &str) -> Alt {
        Alt::Text(text.into())
    }

    #[test]
    fn an_image_is_found_however_its_attributes_are_written() {
        for (tag, target, alt, written) in [
            (
                "<img src=\"a b.png\" alt=\"c > d\">",
                "a b.png",
                text("c > d"),
                "c > d",
            ),
            ("<IMG SRC='a.png' ALT='b'/>", "a.png", text("b"), "b"),
            ("<img src=a.png alt=b>", "a.png", text("b"), "b"),
            ("<img alt = \"b\"\n  src = a.png >", "a.png", text("b"), "b"),
            (
                "<img src=\"a?b&amp;c\" alt=\"&quot;&eacute;&quot;\">",
                "a?b&c",
                text("\"é\""),
                "&quot;&eacute;&quot;",
            ),
            ("<img src=a.png>", "a.png", Alt::Missing, ""),
            ("<img src=a.png alt=\" \">", "a.png", Alt::Missing, " "),
            ("<img src=a.png src=b.png>", "a.png", Alt::Missing, ""),
            ("<img src=\"\">", "", Alt::Missing, ""),
            ("<img/src=a.png/>", "a.png/", Alt::Missing, ""),
        ] {
            check(tag, &[(tag, target, alt.clone(), written)]);
            let within = format!("ä\r\n<p>{tag}</p>\r\n");
            check(&within, &[(tag, target, alt, written)]);
        }
    }

    #[test]
    fn a_decorative_image_does_not_lack_its_text() {
        for attribute in [
            "alt=\"\"",
            "alt=''",
            "alt",
            "alt=",
            "aria-hidden=true",
            "aria-hidden=\"true\"",
            "role=presentation",
            "role=\"none\"",
        ] {
            let tag = format!("<img src=a.png {attribute}>");
            assert_eq!(links(&tag)[0].alt, Alt::Decorative, "{tag}");
        }
        for attribute in ["aria-hidden=false", "role=img", "aria-hidden", "alter=x"] {
            let tag = format!("<img src=a.png {attribute}>");
            assert_eq!(links(&tag)[0].alt, Alt::Missing, "{tag}");
        }
    }

    #[test]
    fn each_candidate_of_a_set_is_an_image() {
        let one = "<source srcset=\"a.webp\" type=image/webp>";
        check(
            &format!("<picture>{one}<img src=b.png alt=c></picture>"),
            &[
                (one, "a.webp", Alt::Nowhere, ""),
                ("<img src=b.png alt=c>", "b.png", text("c"), "c"),
            ],
        );
        let many = "<img src=a.png srcset=\" a,b.png 2x,c.png (1,2), data:,d e.png 1.5w\" alt=f>";
        check(
            many,
            &[
                (many, "a.png", text("f"), "f"),
                ("a,b.png", "a,b.png", Alt::Nowhere, ""),
                ("c.png", "c.png", Alt::Nowhere, ""),
                ("data:,d", "data:,d", Alt::Nowhere, ""),
            ],
        );
        let alone = "<img srcset='a.png 1x, b.png 2x'>";
        check(
            alone,
            &[
                (alone, "a.png", Alt::Missing, ""),
                ("a.png", "a.png", Alt::Nowhere, ""),
                ("b.png", "b.png", Alt::Nowhere, ""),
            ],
        );
        check("<source src=a.mp4>", &[]);
    }

    #[test]
    fn styles_link_images_too() {
        check(
            "<style>/* url(a) */ a { b: url(b.png) }</style>",
            &[("url(b.png)", "b.png", Alt::Nowhere, "")],
        );
        check(
            "<p style=\"background: url(&quot;a.png&quot;)\">",
            &[("url(&quot;a.png&quot;)", "a.png", Alt::Nowhere, "")],
        );
    }

    #[test]
    fn what_is_no_tag_holds_no_image() {
        for text in [
            "<!-- <img src=a.png> -->",
            "<script>let a = '<img src=a.png>';</script>",
            "<style>/* <img src=a.png> */</style>",
            "<textarea><img src=a.png></textarea>",
            "<title><img src=a.png></title>",
            "<p title='<img src=a.png>'>",
            "&lt;img src=a.png>",
            "<img src=a.png",
            "<imgs src=a.png>",
            "<img>",
            "<img data-src=a.png>",
            "</img src=a.png>",
            "< img src=a.png>",
        ] {
            check(text, &[]);
        }
        let tag = "<img src=a.png alt=b>";
        check(
            &format!("<pre>{tag}</pre>"),
            &[(tag, "a.png", text("b"), "b")],
        );
        check(
            &format!("<noscript>{tag}</noscript>"),
            &[(tag, "a.png", text("b"), "b")],
        );
    }

    #[test]
    fn what_an_expression_gives_is_not_known() {
        check("<img :src=\"a\" alt=b>", &[]);
        check("<img v-bind:src=a>", &[]);
        check("<img [src]=\"a\">", &[]);
        for alt in [
            ":alt=\"b\"",
            "v-bind:alt=b",
            "[alt]=b",
            "[attr.alt]=b",
            "v-bind=b",
        ] {
            let tag = format!("<img src=a.png {alt}>");
            check(&tag, &[(&tag, "a.png", Alt::Computed, "")]);
        }
    }

    #[test]
    fn expressions_in_braces_are_no_attributes() {
        fn check(text: &str, expected: &[(&str, &str, Alt, &str)]) {
            check_by(links_with_expressions, text, expected);
        }
        check("<img src={a} alt=\"b\">", &[]);
        check("<img {src} alt=\"b\">", &[]);
        check("<img src=\"a/{b}.png\">", &[]);
        let tag = "<img on:load={() => a > '}'} src=\"a.png\" alt=\"b\">";
        check(
            &format!("{{#if a < b}}{tag}{{/if}}"),
            &[(tag, "a.png", text("b"), "b")],
        );
        for alt in ["{alt}", "alt={b}", "{...b}", "alt=\"{b} c\""] {
            let tag = format!("<img src=\"a.png\" {alt}>");
            check(&tag, &[(&tag, "a.png", Alt::Computed, "")]);
        }
        check(
            "<script>let a = {b: '<img src=\"c\">'};</script><style>a{b:url(c.png)}</style>",
            &[("url(c.png)", "c.png", Alt::Nowhere, "")],
        );
    }

    proptest! {
        #[test]
        fn ranges_lie_in_the_text(text in "(<img|<source|src|set|alt|=|a\\.png|style|\\{|\\}|[ é\"'<>/!\r\n&;-]|--|<!--|url\\(|\\)){0,24}") {
            for find in [links, links_with_expressions] {
                for link in find(&text) {
                    prop_assert!(text.get(link.range.clone()).is_some());
                    prop_assert!(text.get(link.alt_range.clone()).is_some());
                    if link.alt != Alt::Nowhere {
                        prop_assert!(text[link.range.clone()].starts_with("<img"));
                        prop_assert!(text[link.range.clone()].ends_with('>'));
                    }
                }
            }
        }
    }
}
