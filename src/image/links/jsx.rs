//! Finds the images of JavaScript and TypeScript: in elements, and in Markdown in doc comments.

use std::ops::Range;

use tree_sitter::{Node, Parser};

use crate::syntax::Language;

use super::tag::{Attribute, Tag, Value};
use super::{ImageLink, Markup, comments};

/// The images that `<img>` and `<source>` link, where the target is no expression, and those of
/// doc comments.
pub(super) fn links(text: &str) -> Vec<ImageLink> {
    // Most files have none, and a tree takes its time.
    if !["<img", "<source", "!["]
        .iter()
        .any(|sign| text.contains(sign))
    {
        return Vec::new();
    }
    let mut parser = Parser::new();
    let grammar = Language::Tsx.grammar();
    let tree = parser.set_language(&grammar).ok();
    let Some(tree) = tree.and_then(|()| parser.parse(text, None)) else {
        return Vec::new();
    };
    let mut links = Vec::new();
    let mut cursor = tree.walk();
    loop {
        match cursor.node().kind() {
            "jsx_opening_element" | "jsx_self_closing_element" => {
                links.extend(of_element(text, cursor.node()));
            }
            "comment" => links.extend(comments::links_of_block(text, cursor.node().byte_range())),
            _ => {}
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return links;
            }
        }
    }
}

fn of_element(text: &str, element: Node) -> Vec<ImageLink> {
    let name = element.child_by_field_name("name");
    let name = name.and_then(|name| text.get(name.byte_range()));
    let Some(name @ ("img" | "source")) = name else {
        return Vec::new();
    };
    let mut cursor = element.walk();
    let attributes = element.named_children(&mut cursor);
    let tag = Tag {
        text,
        markup: Markup::Jsx,
        range: element.byte_range(),
        attributes: attributes
            .filter_map(|node| attribute(text, node))
            .collect(),
    };
    tag.images(name == "source", false)
}

fn attribute(text: &str, node: Node) -> Option<Attribute> {
    let range = node.byte_range();
    if node.kind() == "jsx_expression" {
        return Some(Attribute {
            name: text.get(range.clone())?.to_ascii_lowercase(),
            range,
            value: Value::Computed,
        });
    }
    let name = (node.kind() == "jsx_attribute").then(|| node.named_child(0))??;
    let value = node
        .named_child(1)
        .map_or(Value::None, |value| match value.kind() {
            "string" => {
                let range = value.byte_range();
                Value::Fixed {
                    quote: text.get(range.start..).and_then(|text| text.chars().next()),
                    range: within(&range),
                }
            }
            "jsx_expression" => literal(text, value).unwrap_or(Value::Computed),
            _ => Value::Computed,
        });
    Some(Attribute {
        name: text.get(name.byte_range())?.to_ascii_lowercase(),
        range,
        value,
    })
}

/// An expression that is known without running it.
fn literal(text: &str, expression: Node) -> Option<Value> {
    let inner = expression.named_child(0)?;
    let range = inner.byte_range();
    let inside = match inner.kind() {
        "string" | "template_string" => within(&range),
        "true" | "false" => range,
        _ => return None,
    };
    let written = text.get(inside.clone())?;
    // What has escapes or parts of its own would have to be evaluated.
    let is_plain = !written.contains(['\\', '&']) && !written.contains("${");
    (is_plain && expression.named_child_count() == 1).then(|| Value::Literal {
        range: inside,
        whole: expression.byte_range(),
    })
}

/// A range without the quotes at its ends.
fn within(range: &Range<usize>) -> Range<usize> {
    let start = range.start + 1;
    start..range.end.saturating_sub(1).max(start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::links::Alt;
    use crate::image::links::tests::check_links;

    fn check(text: &str, expected: &[(&str, &str, Alt)]) {
        check_links(&links(text), text, expected);
    }

    fn check_one(element: &str, target: &str, alt: Alt) {
        let text = format!("const a = <p>{element}</p>;\n");
        check(&text, &[(element, target, alt)]);
    }

    #[test]
    fn an_element_is_an_image_where_its_source_is_known() {
        let text = |text: &str| Alt::Text(text.into());
        check_one(
            "<img src=\"a b.png\" alt='c &amp; d' />",
            "a b.png",
            text("c & d"),
        );
        check_one(
            "<img\n  alt={\"b\"}\n  src={'a.png'}\n/>",
            "a.png",
            text("b"),
        );
        check_one("<img src={`a.png`} className={b} />", "a.png", Alt::Missing);
        check_one(
            "<img src=\"a.png\"></img>".split("</").next().unwrap(),
            "a.png",
            Alt::Missing,
        );
        check_one("<img src=\"a.png\" alt=\"\" />", "a.png", Alt::Decorative);
        check_one(
            "<img src=\"a.png\" aria-hidden />",
            "a.png",
            Alt::Decorative,
        );
        check_one(
            "<img src=\"a.png\" aria-hidden={true} />",
            "a.png",
            Alt::Decorative,
        );
        check_one(
            "<img src=\"a.png\" aria-hidden={b} />",
            "a.png",
            Alt::Missing,
        );
        check_one("<img src=\"a.png\" alt={b} />", "a.png", Alt::Computed);
        check_one("<img {...b} src=\"a.png\" />", "a.png", Alt::Computed);
        check_one("<source srcSet=\"a.webp 2x\" />", "a.webp", Alt::Nowhere);
    }

    #[test]
    fn what_is_computed_or_no_element_is_no_image() {
        for text in [
            "<img src={a} />",
            "<img src={`${a}.png`} />",
            "<img src={\"a\" + b} />",
            "<Image src=\"a.png\" />",
            "// <img src=\"a.png\" />",
            "/* <img src=\"a.png\" /> */",
            "'<img src=\"a.png\" />'",
            "<p>{/* <img src=\"a.png\" /> */}</p>",
        ] {
            check(&format!("const a = {text}\n;"), &[]);
        }
    }

    #[test]
    fn doc_comments_hold_markdown() {
        check(
            "/**\n * ![a\n * b](c.png)\n */\nf();\n/* ![d](e) */\n",
            &[("![a\n * b](c.png)", "c.png", Alt::Text("a b".into()))],
        );
    }
}
