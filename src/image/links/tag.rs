//! A tag with the places of its attributes, and the image that it links.

use std::ops::Range;

use html5gum::{Token, Tokenizer};

use super::alt::{Escape, Slot};
use super::{Alt, ImageLink, Markup};

/// A start tag.
pub(super) struct Tag<'a> {
    pub text: &'a str,
    pub markup: Markup,
    pub range: Range<usize>,
    pub attributes: Vec<Attribute>,
}

/// An attribute. Ranges are in bytes of the text that holds the tag.
#[derive(Debug)]
pub(super) struct Attribute {
    /// In lower case.
    pub name: String,
    /// From the first sign of its name to the last of its value.
    pub range: Range<usize>,
    pub value: Value,
}

/// What an attribute is set to.
#[derive(Debug)]
pub(super) enum Value {
    /// Nothing is said.
    None,
    /// An expression, at `whole`, that is known to give what is written at `range`.
    Literal {
        range: Range<usize>,
        whole: Range<usize>,
    },
    /// What is written in these quotes, or in none, without them.
    Fixed {
        range: Range<usize>,
        quote: Option<char>,
    },
    /// What an expression gives when the document is rendered.
    Computed,
}

impl Attribute {
    /// Where its value stands, unless it is computed.
    pub fn fixed(&self) -> Option<&Range<usize>> {
        match &self.value {
            Value::Fixed { range, .. } | Value::Literal { range, .. } => Some(range),
            Value::None | Value::Computed => None,
        }
    }
}

impl Tag<'_> {
    /// The first attribute of this name: a parser drops the others.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }

    /// The images of an `<img>` or a `<source>`, where their addresses are known.
    pub fn images(&self, is_source: bool, is_marked: bool) -> Vec<ImageLink> {
        let mut set = self.srcset();
        if is_source {
            // The first stands for the tag where nothing else does.
            if let Some(first) = set.first_mut() {
                first.range = self.range.clone();
            }
            return set;
        }
        self.image(is_marked).into_iter().chain(set).collect()
    }

    fn image(&self, is_marked: bool) -> Option<ImageLink> {
        let source = self.attribute("src").or_else(|| self.attribute("srcset"))?;
        let written = self.text.get(source.fixed()?.clone())?;
        let target = if source.name == "src" {
            written
        } else {
            let first = written.split_ascii_whitespace().next()?;
            first.trim_end_matches(',')
        };
        let (alt, alt_range, slot) = self.alt(source, is_marked);
        Some(ImageLink {
            markup: self.markup,
            range: self.range.clone(),
            target: decoded(target),
            alt,
            alt_range,
            title: self.value("title").filter(|title| !title.is_empty()),
            document: self.markup,
            slot,
        })
    }

    /// The candidates of `srcset`: <https://html.spec.whatwg.org/#parse-a-srcset-attribute>.
    fn srcset(&self) -> Vec<ImageLink> {
        let value = self.attribute("srcset").and_then(Attribute::fixed);
        let Some(value) = value else {
            return Vec::new();
        };
        let written = self.text.get(value.clone()).unwrap_or_default();
        let rest = |at: usize| written.get(at..).unwrap_or_default();
        let is_blank = |sign: char| sign.is_ascii_whitespace();
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(skipped) = rest(at).find(|sign| !is_blank(sign) && sign != ',') {
            at += skipped;
            let length = rest(at).find(is_blank).unwrap_or(written.len() - at);
            let address = rest(at).get(..length).unwrap_or_default();
            let trimmed = address.trim_end_matches(',');
            let start = value.start + at;
            found.push(self.without_alt(start..start + trimmed.len()));
            at += length;
            if trimmed.len() == address.len() {
                at += descriptors(rest(at));
            }
        }
        found
    }

    /// A file of this tag's that has no alternative text of its own.
    fn without_alt(&self, address: Range<usize>) -> ImageLink {
        ImageLink {
            markup: self.markup,
            target: decoded(self.text.get(address.clone()).unwrap_or_default()),
            alt: Alt::Nowhere,
            alt_range: address.end..address.end,
            range: address,
            title: None,
            document: self.markup,
            slot: None,
        }
    }

    fn alt(&self, source: &Attribute, is_marked: bool) -> (Alt, Range<usize>, Option<Slot>) {
        let nowhere = |end: usize| end..end;
        let Some(attribute) = self.attribute("alt") else {
            let end = nowhere(source.range.end);
            if self.attributes.iter().any(may_set_alt) {
                return (Alt::Computed, end, None);
            }
            let alt = Alt::of(String::new(), is_marked || self.is_hidden());
            return (
                alt,
                end,
                Some(Slot::between(" alt=\"", "\"", Escape::Html('"'))),
            );
        };
        let end = attribute.range.end;
        match &attribute.value {
            Value::Computed => (Alt::Computed, nowhere(end), None),
            Value::None => {
                let slot = Slot::between("=\"", "\"", Escape::Html('"'));
                (Alt::Decorative, nowhere(end), Some(slot))
            }
            Value::Literal { range, whole } => {
                let text = self.text.get(range.clone()).unwrap_or_default().to_owned();
                let is_decorative = range.is_empty() || is_marked || self.is_hidden();
                let slot = Slot::between("\"", "\"", Escape::Html('"'));
                (Alt::of(text, is_decorative), whole.clone(), Some(slot))
            }
            Value::Fixed { range, quote } => {
                let slot = match quote {
                    Some(quote) => Slot::plain(Escape::Html(*quote)),
                    None => Slot::between("\"", "\"", Escape::Html('"')),
                };
                let is_decorative = range.is_empty() || is_marked || self.is_hidden();
                let text = decoded(self.text.get(range.clone()).unwrap_or_default());
                (Alt::of(text, is_decorative), range.clone(), Some(slot))
            }
        }
    }

    /// Whether those who listen to the document are not told of it.
    fn is_hidden(&self) -> bool {
        let is = |name, values: &[&str]| {
            let value = self.value(name).unwrap_or_default();
            values.iter().any(|other| value.eq_ignore_ascii_case(other))
        };
        let hidden = self.attribute("aria-hidden").map(|hidden| &hidden.value);
        // In JSX, a name alone is true.
        (self.markup == Markup::Jsx && matches!(hidden, Some(Value::None)))
            || is("aria-hidden", &["true"])
            || is("role", &["presentation", "none"])
    }

    fn value(&self, name: &str) -> Option<String> {
        let range = self.attribute(name)?.fixed()?;
        self.text.get(range.clone()).map(decoded)
    }
}

/// How long the descriptors of a candidate are, its comma included.
fn descriptors(text: &str) -> usize {
    let mut depth = 0_usize;
    let end = text.find(|sign| {
        match sign {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        sign == ',' && depth == 0
    });
    end.map_or(text.len(), |comma| comma + 1)
}

/// Whether an expression may give the image its alternative text: by name in Vue, Angular and
/// Alpine, or among others.
fn may_set_alt(attribute: &Attribute) -> bool {
    let name = &*attribute.name;
    ["{...", "{{", "{%", "<%", "<?"]
        .iter()
        .any(|begin| name.starts_with(begin))
        || matches!(
            name,
            ":alt"
                | "v-bind:alt"
                | ".alt"
                | "x-bind:alt"
                | "[alt]"
                | "[attr.alt]"
                | "v-bind"
                | "{alt}"
        )
}

/// The attributes of the tag at `range` of `text`, by the tokenizer's rules:
/// <https://html.spec.whatwg.org/#before-attribute-name-state>. `told` is `text`, or that without
/// its expressions.
pub(super) fn attributes(text: &str, told: &str, range: &Range<usize>) -> Vec<Attribute> {
    let tag = told.get(..range.end).unwrap_or_default();
    let rest = |at: usize| tag.get(at..).unwrap_or_default();
    let is_blank = |sign: char| sign.is_ascii_whitespace();
    let ends_name = |sign| is_blank(sign) || "/>".contains(sign);
    let mut found: Vec<Attribute> = Vec::new();
    let mut at = range.start + rest(range.start).find(ends_name).unwrap_or(0);
    while let Some(skipped) = rest(at).find(|sign| !ends_name(sign)) {
        let start = at + skipped;
        // An equals sign at the beginning is part of the name.
        let first = start + rest(start).chars().next().map_or(0, char::len_utf8);
        let length = rest(first).find(|sign| ends_name(sign) || sign == '=');
        let name_end = first + length.unwrap_or(rest(first).len());
        let equals = name_end + blanks(rest(name_end));
        let (value, end) = if rest(equals).starts_with('=') {
            let begin = equals + "=".len();
            value(text, tag, begin + blanks(rest(begin)))
        } else {
            (Value::None, name_end)
        };
        let name = text.get(start..name_end).unwrap_or_default();
        found.push(Attribute {
            name: name.to_ascii_lowercase(),
            range: start..end,
            value,
        });
        at = end;
    }
    found
}

/// How many bytes of white space a text begins with.
fn blanks(text: &str) -> usize {
    text.len() - text.trim_ascii_start().len()
}

/// The value at `start` of `tag`, which ends with its tag, and where it ends, quotes included.
fn value(text: &str, tag: &str, start: usize) -> (Value, usize) {
    let rest = tag.get(start..).unwrap_or_default();
    let quote = rest.chars().next().filter(|sign| "\"'".contains(*sign));
    let (range, end) = if let Some(quote) = quote {
        let begin = start + quote.len_utf8();
        let inside = tag.get(begin..).unwrap_or_default();
        let end = begin + inside.find(quote).unwrap_or(inside.len());
        (begin..end, (end + quote.len_utf8()).min(tag.len()))
    } else {
        let ends = |sign: char| sign.is_ascii_whitespace() || sign == '>';
        let end = start + rest.find(ends).unwrap_or(rest.len());
        (start..end, end)
    };
    let written = text.get(range.clone());
    let is_computed = written != tag.get(range.clone())
        || (quote.is_none() && written.is_some_and(|written| written.starts_with('{')));
    let value = if is_computed {
        Value::Computed
    } else {
        Value::Fixed { range, quote }
    };
    (value, end)
}

/// A value with its entities undone.
pub(super) fn decoded(written: &str) -> String {
    if !written.contains('&') {
        return written.to_owned();
    }
    // The tokenizer alone knows the rules, which are others than in text.
    let tag = format!("<a b=\"{}\">", written.replace('"', "&quot;"));
    let value = Tokenizer::new(&tag).find_map(|token| match token {
        Ok(Token::StartTag(mut start)) => start.attributes.remove(b"b".as_slice()),
        _ => None,
    });
    let value = value.map(|value| value.value.0).unwrap_or_default();
    String::from_utf8(value).unwrap_or_else(|_| written.to_owned())
}

/// `text` with its expressions in braces blanked, byte for byte, so that what they hold is not
/// taken for tags and quotes.
pub(super) fn without_expressions(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    let mut unended = 0;
    while let Some(at) = rest.find(['<', '{']) {
        let (before, from) = rest.split_at(at);
        told.push_str(before);
        if from.starts_with('{') {
            let whole = (unended < MOST_UNENDED).then(|| in_braces(from));
            let length = whole.flatten().unwrap_or_else(|| {
                unended += 1;
                "{".len()
            });
            told.extend(std::iter::repeat_n('x', length));
            rest = from.get(length..).unwrap_or_default();
        } else {
            let length = as_it_is(from);
            told.push_str(from.get(..length).unwrap_or_default());
            rest = from.get(length..).unwrap_or_default();
        }
    }
    told.push_str(rest);
    told
}

/// After so many braces that do not end the others are not looked at: each was looked for to the
/// end of the text.
const MOST_UNENDED: usize = 32;

/// How much of what begins with `<` holds no expressions whatever its braces.
fn as_it_is(text: &str) -> usize {
    let raw = [
        ("<!--", "-->"),
        ("<script", "</script"),
        ("<style", "</style"),
    ];
    let raw = raw.into_iter().find(|(begin, _)| {
        text.get(..begin.len())
            .is_some_and(|other| other.eq_ignore_ascii_case(begin))
    });
    raw.map_or("<".len(), |(_, end)| text.find(end).unwrap_or(text.len()))
}

/// How long the expression is that `text` begins with, braces included, if it ends.
fn in_braces(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut is_escaped = false;
    for (at, sign) in text.char_indices() {
        match (quote, sign) {
            _ if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some('"' | '\''), '\n') => quote = None,
            (Some(open), sign) if sign == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(sign),
            (None, '{') => depth += 1,
            (None, '}') => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + sign.len_utf8());
                }
            }
            _ => {}
        }
    }
    None
}
