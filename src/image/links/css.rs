//! Finds the images of CSS: `url()`, and the strings of `image-set()`.

use std::ops::Range;

use super::{Alt, ImageLink, Markup};

/// What style sheets link that is no image.
const OTHERS: [&str; 6] = [".css", ".woff", ".woff2", ".ttf", ".otf", ".eot"];

/// The images that a style sheet links, but for those in comments and strings.
///
/// Tokens by <https://www.w3.org/TR/css-syntax-3/>, and the line comments of its dialects.
pub(super) fn links(text: &str) -> Vec<ImageLink> {
    let mut scan = Scan {
        text,
        at: 0,
        links: Vec::new(),
    };
    scan.sheet();
    scan.links
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    links: Vec<ImageLink>,
}

impl<'a> Scan<'a> {
    fn sheet(&mut self) {
        // Functions that take images as strings, by the depth of their brackets.
        let mut sets: Vec<usize> = Vec::new();
        let mut depth = 0;
        let mut at_rule = "";
        while let Some(sign) = self.rest().chars().next() {
            let start = self.at;
            match sign {
                '/' if self.rest().starts_with("/*") => self.skip_past("*/", "/*".len()),
                '/' if self.rest().starts_with("//") => self.skip_past("\n", "//".len()),
                '"' | '\'' => {
                    let content = self.string(sign);
                    if !sets.is_empty() {
                        self.link(start..self.at, content);
                    }
                }
                '@' => {
                    self.at += 1;
                    at_rule = self.word();
                }
                ';' | '{' | '}' => {
                    at_rule = "";
                    self.at += 1;
                }
                '(' => {
                    depth += 1;
                    self.at += 1;
                }
                ')' => {
                    if sets.last() == Some(&depth) {
                        sets.pop();
                    }
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                _ if is_of_a_word(sign) => {
                    let word = self.word();
                    if !self.rest().starts_with('(') {
                        continue;
                    }
                    if word.eq_ignore_ascii_case("url") {
                        let is_image = !matches!(at_rule, "import" | "namespace" | "document");
                        let content = self.url();
                        if let Some(content) = content.filter(|_| is_image) {
                            self.link(start..self.at, content);
                        }
                    } else if word.to_ascii_lowercase().ends_with("image-set") {
                        sets.push(depth + 1);
                    }
                }
                other => self.at += other.len_utf8(),
            }
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|sign| !is_of_a_word(sign)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn skip_past(&mut self, end: &str, from: usize) {
        let found = self.rest().get(from..).and_then(|rest| rest.find(end));
        self.at = found.map_or(self.text.len(), |found| self.at + from + found + end.len());
    }

    /// What a string holds as it is written; one ends with its line at the latest.
    fn string(&mut self, quote: char) -> Range<usize> {
        let start = self.at + quote.len_utf8();
        let mut is_escaped = false;
        for (at, sign) in self.text.get(start..).unwrap_or_default().char_indices() {
            let end = start + at;
            match sign {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '\n' => {
                    self.at = end;
                    return start..end;
                }
                _ if sign == quote => {
                    self.at = end + sign.len_utf8();
                    return start..end;
                }
                _ => {}
            }
        }
        self.at = self.text.len();
        start..self.at
    }

    /// What stands in the brackets of `url(`, as it is written; `None` for what is no address.
    fn url(&mut self) -> Option<Range<usize>> {
        self.at += "(".len();
        self.at += self.rest().len() - self.rest().trim_start().len();
        if let Some(quote) = self
            .rest()
            .chars()
            .next()
            .filter(|sign| "\"'".contains(*sign))
        {
            let content = self.string(quote);
            let rest = self.rest();
            let end = rest.find(')').or_else(|| self.at_end())?;
            self.at += end + ")".len();
            let nothing_follows = rest.get(..end)?.trim().is_empty();
            return nothing_follows.then_some(content);
        }
        let start = self.at;
        let rest = self.rest();
        let mut is_escaped = false;
        let end = rest.find(|sign| {
            let ends = !is_escaped && sign == ')';
            is_escaped = !is_escaped && sign == '\\';
            ends
        });
        let end = end.or_else(|| self.at_end())?;
        self.at += end + ")".len();
        Some(start..start + rest.get(..end)?.trim_end().len())
    }

    /// An address that does not end takes all the rest with it.
    fn at_end(&mut self) -> Option<usize> {
        self.at = self.text.len();
        None
    }

    fn link(&mut self, range: Range<usize>, content: Range<usize>) {
        let written = self.text.get(content.clone()).unwrap_or_default();
        let target = unescaped(written);
        if is_an_image(&target) {
            self.links.push(ImageLink {
                markup: Markup::Css,
                range,
                target,
                alt: Alt::Nowhere,
                alt_range: content.end..content.end,
                title: None,
                document: Markup::Css,
                slot: None,
            });
        }
    }
}

fn is_of_a_word(sign: char) -> bool {
    sign.is_alphanumeric() || matches!(sign, '-' | '_')
}

/// Neither a font, nor a place in this document, nor put together when the sheet is built.
fn is_an_image(target: &str) -> bool {
    let target = target.to_ascii_lowercase();
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let is_built = path.starts_with(['$', '@']) || target.contains("#{");
    let is_font = path.starts_with("data:") && path.contains("font");
    let is_other = is_font || OTHERS.iter().any(|end| path.ends_with(end));
    !path.is_empty() && !is_built && !is_other
}

/// A text with its escapes undone: <https://www.w3.org/TR/css-syntax-3/#consume-escaped-code-point>.
fn unescaped(written: &str) -> String {
    let mut text = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.find('\\') {
        text.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + 1..).unwrap_or_default();
        let digits = rest
            .chars()
            .take(6)
            .take_while(char::is_ascii_hexdigit)
            .count();
        if digits > 0 {
            let code = u32::from_str_radix(rest.get(..digits).unwrap_or_default(), 16);
            let sign = code
                .ok()
                .and_then(char::from_u32)
                .filter(|sign| *sign != '\0');
            text.push(sign.unwrap_or(char::REPLACEMENT_CHARACTER));
            rest = rest.get(digits..).unwrap_or_default();
            rest = rest.strip_prefix([' ', '\t', '\n']).unwrap_or(rest);
        } else if let Some(sign) = rest.chars().next() {
            if sign != '\n' {
                text.push(sign);
            }
            rest = rest.get(sign.len_utf8()..).unwrap_or_default();
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each image as its whole text and its target.
    fn check(text: &str, expected: &[(&str, &str)]) {
        let links = links(text);
        let found: Vec<_> = links
            .iter()
            .map(|link| (&text[link.range.clone()], &*link.target))
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn an_address_is_found_however_it_is_written() {
        check("a { b: url(c.png) }", &[("url(c.png)", "c.png")]);
        check(
            "a { b: URL( 'c d.png' ) }",
            &[("URL( 'c d.png' )", "c d.png")],
        );
        check(
            "a{b:url(\"c)\\\"d.png\")}",
            &[("url(\"c)\\\"d.png\")", "c)\"d.png")],
        );
        check(
            "a{b:url(c\\)d\\20 e.png)}",
            &[("url(c\\)d\\20 e.png)", "c)d e.png")],
        );
        check(
            "a{b:url(c.png),url(d.png)}",
            &[("url(c.png)", "c.png"), ("url(d.png)", "d.png")],
        );
        check(
            "a{b:image-set('c.png' 1x, url(d.png) 2x) 'e.png'}",
            &[("'c.png'", "c.png"), ("url(d.png)", "d.png")],
        );
        check(
            "a{b:url(data:image/png;base64,AA==)}",
            &[(
                "url(data:image/png;base64,AA==)",
                "data:image/png;base64,AA==",
            )],
        );
        check("a{b:url(ü.png)}", &[("url(ü.png)", "ü.png")]);
    }

    #[test]
    fn what_is_no_image_is_not_found() {
        for text in [
            "/* url(a.png) */",
            "// url(a.png)\n",
            "a{content:'url(a.png)'}",
            "@import url(a.css);",
            "@import url('a');",
            "@font-face{src:url(a.woff2) format('woff2'),url('b.ttf?x#y')}",
            "a{fill:url(#b)}",
            "a{b:url($c)}",
            "a{b:url(@{c}/d.png)}",
            "a{b:url('#{c}/d.png')}",
            "a{b:curl(c.png)}",
            "a{b:url(c.png",
            "a{b:url()}",
            "a{b:url('c.png' + d)}",
        ] {
            check(text, &[]);
        }
    }
}
