//! What a text of XML would come to, reckoned before it is parsed: the parser's time and memory
//! grow with the square of some of it.

use std::collections::HashSet;

use crate::image::LoadError;

/// All entities together may come to so many bytes.
const MAX_ENTITY_BYTES: usize = 64 * 1024 * 1024;

/// The parser allows so many references within one entity.
const MAX_INNER: usize = 255;

/// An element may have so many attributes, each of which is held against the others.
const MAX_ATTRIBUTES: usize = 500;

/// Elements that declare namespaces, times the namespaces there are: each may hold them all.
const MAX_NAMESPACES: usize = 5_000_000;

/// Refuses a text that would take too much to parse.
pub fn check(text: &str) -> Result<(), LoadError> {
    let fits =
        has_small_entities(text) && has_few_attributes(text) && namespaces(text) <= MAX_NAMESPACES;
    if fits {
        Ok(())
    } else {
        Err(LoadError::Intricate)
    }
}

/// Whether entities hold no elements and come to little, all references counted.
fn has_small_entities(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("<!DOCTYPE") else {
        return true;
    };
    let declared = declarations(rest);
    if !declared.contains("<!ENTITY") {
        return true;
    }
    let mut tags = declared.split('<').skip(1);
    if !tags.all(|tag| tag.starts_with(['!', '?'])) {
        return false;
    }
    let named = text.split('&').skip(1).filter(|rest| !is_built_in(rest));
    let most = declared
        .len()
        .saturating_mul(MAX_INNER)
        .saturating_mul(named.count());
    most <= MAX_ENTITY_BYTES
}

/// Whether no element has more than so many attributes. An upper bound: a tag ends before the
/// next one begins.
fn has_few_attributes(text: &str) -> bool {
    text.split('<').all(|tag| {
        let quotes = tag.split('=').skip(1);
        let attributes = quotes.filter(|rest| rest.trim_start().starts_with(['"', '\'']));
        attributes.count() <= MAX_ATTRIBUTES
    })
}

/// The namespaces that all elements together may hold.
fn namespaces(text: &str) -> usize {
    let declared = || text.split("xmlns").skip(1);
    let names: HashSet<&str> = declared()
        .map(|rest| rest.split('=').next().unwrap_or_default())
        .collect();
    declared().count().saturating_mul(names.len())
}

/// What follows an `&` that stands for a single letter.
fn is_built_in(rest: &str) -> bool {
    ["#", "amp;", "lt;", "gt;", "quot;", "apos;"]
        .iter()
        .any(|name| rest.starts_with(name))
}

/// The declarations that a document type holds, or all that follows where they have no end.
fn declarations(document_type: &str) -> &str {
    let mut rest = document_type;
    let taken = |rest: &str| document_type.len() - rest.len();
    while let Some(first) = rest.chars().next() {
        // A bracket in a comment, an instruction or a value ends nothing.
        let (start, end) = match first {
            _ if rest.starts_with("<!--") => (4, "-->"),
            _ if rest.starts_with("<?") => (2, "?>"),
            '"' => (1, "\""),
            '\'' => (1, "'"),
            ']' => return document_type.get(..taken(rest)).unwrap_or_default(),
            other => (other.len_utf8(), ""),
        };
        let inner = rest.get(start..).unwrap_or_default();
        rest = match inner.find(end) {
            Some(at) => inner.get(at + end.len()..).unwrap_or_default(),
            None => break,
        };
    }
    document_type
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_end_at_their_bracket() {
        let check = |text: &str, expected: &str| assert_eq!(declarations(text), expected, "{text}");
        check(" svg [<!ENTITY a 'b'>]><svg/>", " svg [<!ENTITY a 'b'>");
        check(" svg [<!ENTITY a ']>'>]><svg/>", " svg [<!ENTITY a ']>'>");
        check(
            " [<!-- don't ] --><?x ' ]?>]>]",
            " [<!-- don't ] --><?x ' ]?>",
        );
        check(" [<!--> ' ] -->]>", " [<!--> ' ] -->");
        check(" svg><svg/>", " svg><svg/>");
        check(" svg [<!ENTITY a 'b", " svg [<!ENTITY a 'b");
    }

    fn refuses(text: &str) -> bool {
        check(text) == Err(LoadError::Intricate)
    }

    #[test]
    fn what_is_named_over_and_over_is_refused() {
        let document = |entity: &str, times: usize| {
            let content = "&a;".repeat(times);
            format!("<!DOCTYPE svg [<!ENTITY a '{entity}'>]><svg>{content}</svg>")
        };
        let long = "x".repeat(100_000);
        assert!(!refuses(&document("http://ns.example/1.0/", 100)));
        assert!(!refuses(&document(&long, 0)));
        assert!(refuses(&document(&long, 1000)));
        assert!(refuses(&document("<g/>", 1)));
        let plain = document("x", 10).replace("</svg>", &"&amp;&#9;".repeat(10_000));
        assert!(!refuses(&plain));
    }

    #[test]
    fn too_many_attributes_or_namespaces_are_refused() {
        let many = |count: usize, one: fn(usize) -> String| (0..count).map(one).collect::<String>();
        let attributes = |count| format!("<svg{}/>", many(count, |n| format!(" a{n} = ''")));
        assert!(!refuses(&attributes(400)));
        assert!(refuses(&attributes(600)));
        let spread = many(10_000, |n| format!("<g id='g{n}' class='a=\"b\"'/>"));
        assert!(!refuses(&spread));
        assert!(!refuses(&many(9000, |_| {
            "<g xmlns='http://www.w3.org/2000/svg'/>".into()
        })));
        assert!(refuses(&many(9000, |n| format!("<g xmlns:n{n}='a'>"))));
    }
}
