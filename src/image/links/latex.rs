//! Finds the images of LaTeX: `\includegraphics`.

use std::ops::Range;

use super::alt::{Escape, Slot};
use super::{Alt, ImageLink, LONGEST, Markup};

const COMMAND: &str = "\\includegraphics";

/// Environments that show their content as it is, or not at all.
const VERBATIM: [&str; 7] = [
    "verbatim",
    "verbatim*",
    "Verbatim",
    "lstlisting",
    "minted",
    "comment",
    "filecontents",
];

/// The images in `text`, but for those in comments and in what is shown as it is.
pub(super) fn links(text: &str) -> Vec<ImageLink> {
    let mut links = Vec::new();
    let mut at = 0;
    let rest = |at: usize| text.get(at..).unwrap_or_default();
    while let Some(found) = rest(at).find(['%', '\\']) {
        at += found;
        let from = rest(at);
        if from.starts_with('%') {
            at += from.find('\n').unwrap_or(from.len());
        } else if from.starts_with(COMMAND) {
            match link(text, at) {
                Some((link, end)) => {
                    links.extend(link);
                    at = end;
                }
                None => at += COMMAND.len(),
            }
        } else if let Some(length) = as_it_is(from) {
            at += length;
        } else {
            // The command, or the sign that is escaped.
            at += 1 + rest(at + 1).chars().next().map_or(0, char::len_utf8);
        }
    }
    links
}

/// How long the text is that `from` begins to show as it is.
fn as_it_is(from: &str) -> Option<usize> {
    if let Some(inner) = from.strip_prefix("\\verb") {
        let inner = inner.strip_prefix('*').unwrap_or(inner);
        let sign = inner
            .chars()
            .next()
            .filter(|sign| !sign.is_alphanumeric())?;
        let body = inner.get(sign.len_utf8()..)?;
        // It ends in its line.
        let end = body.find([sign, '\n'])?;
        body.get(end..)?.strip_prefix(sign)?;
        return Some(from.len() - body.len() + end + sign.len_utf8());
    }
    let inner = from.strip_prefix("\\begin{")?;
    let is_named = |name: &&str| {
        let after = inner.strip_prefix(*name);
        after.is_some_and(|after| after.starts_with('}'))
    };
    let name = VERBATIM.into_iter().find(is_named)?;
    let end = format!("\\end{{{name}}}");
    Some(from.find(&end).map_or(from.len(), |at| at + end.len()))
}

/// The image that the command at `start` links, unless it is put together by macros, and where
/// that ends.
fn link(text: &str, start: usize) -> Option<(Option<ImageLink>, usize)> {
    let mut at = start + COMMAND.len();
    let rest = |at: usize| text.get(at..).unwrap_or_default();
    // `\includegraphicsx` is another command.
    if rest(at).starts_with(|sign: char| sign.is_ascii_alphabetic()) {
        return None;
    }
    at += usize::from(rest(at).starts_with('*'));
    let name_end = at;
    at += blanks(rest(at));
    let mut options = None;
    if rest(at).starts_with('[') {
        let length = enclosed(rest(at), ']')?;
        options = Some(at + 1..at + length - 1);
        at += length;
        at += blanks(rest(at));
    }
    if !rest(at).starts_with('{') {
        return None;
    }
    let length = enclosed(rest(at), '}')?;
    let end = at + length;
    let written = text.get(at + 1..end - 1)?;
    let Some(target) = file_name(written) else {
        return Some((None, end));
    };
    let (alt, alt_range, slot) = alt(text, name_end, options);
    let link = ImageLink {
        markup: Markup::Latex,
        range: start..end,
        target,
        alt,
        alt_range,
        title: None,
        document: Markup::Latex,
        slot: Some(slot),
    };
    Some((Some(link), end))
}

fn alt(text: &str, name_end: usize, options: Option<Range<usize>>) -> (Alt, Range<usize>, Slot) {
    let Some(options) = options else {
        let slot = Slot::between("[alt={", "}]", Escape::Latex);
        return (Alt::Missing, name_end..name_end, slot);
    };
    let written = text.get(options.clone()).unwrap_or_default();
    let keys = keys(written);
    if let Some((_, value)) = keys.iter().find(|(name, _)| *name == "alt") {
        let value = options.start + value.start..options.start + value.end;
        let whole = text.get(value.clone()).unwrap_or_default();
        let inner = whole
            .strip_prefix('{')
            .and_then(|inner| inner.strip_suffix('}'));
        return match inner {
            Some(inner) => {
                let alt = Alt::of(plain(inner), false);
                (
                    alt,
                    value.start + 1..value.end - 1,
                    Slot::plain(Escape::Latex),
                )
            }
            None => (
                Alt::of(plain(whole), false),
                value,
                Slot::between("{", "}", Escape::Latex),
            ),
        };
    }
    // What tagged documents leave out when they are read aloud.
    let is_artifact = keys.iter().any(|(name, _)| *name == "artifact");
    let before = match written.trim_end() {
        "" => "alt={",
        written if written.ends_with(',') => " alt={",
        _ => ", alt={",
    };
    let at = options.start + written.trim_end().len();
    (
        Alt::of(String::new(), is_artifact),
        at..at,
        Slot::between(before, "}", Escape::Latex),
    )
}

/// The names of options, and where their values stand.
fn keys(written: &str) -> Vec<(&str, Range<usize>)> {
    let mut keys = Vec::new();
    let mut start = 0;
    let mut depth = 0_usize;
    let ends = written.char_indices().chain([(written.len(), ',')]);
    let mut is_escaped = false;
    for (at, sign) in ends {
        let was_escaped = std::mem::replace(&mut is_escaped, false);
        match sign {
            _ if was_escaped && at < written.len() => {}
            '\\' => is_escaped = true,
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 || at == written.len() => {
                let part = written.get(start..at).unwrap_or_default();
                let (name, value) = part.split_once('=').unwrap_or((part, ""));
                let end = start + part.trim_end().len();
                let begin = end - value.trim().len();
                keys.push((name.trim(), begin..end));
                start = at + 1;
            }
            _ => {}
        }
    }
    keys
}

fn blanks(text: &str) -> usize {
    let line_ends = |text: &str| text.matches('\n').count();
    let length = text.len() - text.trim_start().len();
    // A paragraph ends the command.
    let is_one = line_ends(text.get(..length).unwrap_or_default()) < 2;
    if is_one { length } else { 0 }
}

/// How long the brackets are that `text` begins with and `close` ends.
fn enclosed(text: &str, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    let mut is_escaped = false;
    let signs = text.char_indices().take_while(|(at, _)| *at < LONGEST);
    for (at, sign) in signs.skip(1) {
        match sign {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if sign == close && depth == 0 => return Some(at + 1),
            '{' => depth += 1,
            '}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

/// The name of a file; `None` where macros and parameters give it.
fn file_name(written: &str) -> Option<String> {
    let mut name = String::with_capacity(written.len());
    let mut signs = written.trim().chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => name.push(signs.next().filter(|sign| "_%#&$ ".contains(*sign))?),
            '#' => return None,
            // Braces keep a name with dots and blanks together.
            '{' | '}' => {}
            _ => name.push(sign),
        }
    }
    Some(name)
}

/// What a text says, without the commands that only write a sign.
fn plain(written: &str) -> String {
    let mut text = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.find(['\\', '{', '}', '~']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let named = super::alt::LATEX_SIGNS
            .iter()
            .find(|(_, command)| from.starts_with(command));
        if let Some((sign, command)) = named {
            text.push(*sign);
            rest = from.get(command.len()..).unwrap_or_default();
        } else if let Some(after) = from.strip_prefix('\\') {
            let sign = after.chars().next();
            let is_escaped = sign.filter(|sign| "{}$&#%_ ".contains(*sign));
            text.extend(is_escaped.or(sign.map(|_| '\\')));
            let length = is_escaped.map_or(0, char::len_utf8);
            rest = after.get(length..).unwrap_or_default();
        } else {
            text.extend(from.starts_with('~').then_some(' '));
            rest = from.get(1..).unwrap_or_default();
        }
    }
    text.push_str(rest);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::links::tests::check_links;

    fn check(text: &str, expected: &[(&str, &str, Alt)]) {
        check_links(&links(text), text, expected);
    }

    fn check_one(command: &str, target: &str, alt: Alt) {
        check(
            &format!("a\\\\ 5\\% {command} b"),
            &[(command, target, alt)],
        );
    }

    #[test]
    fn commands_link_images() {
        let text = |text: &str| Alt::Text(text.into());
        check_one("\\includegraphics{a}", "a", Alt::Missing);
        check_one("\\includegraphics*{a.png}", "a.png", Alt::Missing);
        check_one(
            "\\includegraphics[width=\\textwidth]{a/b.pdf}",
            "a/b.pdf",
            Alt::Missing,
        );
        check_one(
            "\\includegraphics[alt={b, \\{c\\} 5\\%}, width=1cm] {a.png}",
            "a.png",
            text("b, {c} 5%"),
        );
        check_one(
            "\\includegraphics [ alt = b c ]\n  {a.png}",
            "a.png",
            text("b c"),
        );
        check_one(
            "\\includegraphics[artifact]{a.png}",
            "a.png",
            Alt::Decorative,
        );
        check_one("\\includegraphics{{a.b}.png}", "a.b.png", Alt::Missing);
        check_one("\\includegraphics{a\\_b.png}", "a_b.png", Alt::Missing);
    }

    #[test]
    fn comments_code_and_macros_hold_no_images() {
        for text in [
            "% \\includegraphics{a}\n",
            "\\verb|\\includegraphics{a}|",
            "\\begin{verbatim}\n\\includegraphics{a}\n\\end{verbatim}",
            "\\begin{lstlisting}[language=TeX]\n\\includegraphics{a}\n\\end{lstlisting}",
            "\\newcommand{\\b}[1]{\\includegraphics{#1}}",
            "\\includegraphics{\\folder/a}",
            "\\includegraphicsx{a}",
            "\\\\includegraphics{a}",
            "\\includegraphics{a",
            "\\includegraphics",
        ] {
            check(text, &[]);
        }
    }
}
