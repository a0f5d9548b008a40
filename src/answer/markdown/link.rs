//! What a bracket in a model's Markdown may become: a link to the web, a task, or words.

use unicode_segmentation::UnicodeSegmentation as _;
use url::Url;

use super::{LONGEST_HELD, Step, defanged_within_line, held};
use crate::text::is_hidden;

/// A link, an image (`bang` is 1), a definition, or just a bracket.
pub(super) fn bracket(rest: &str, bang: usize, inside_another: bool, last: bool) -> Step {
    let literal = || Step::Done(bang + 1, if bang == 1 { "!\\[" } else { "\\[" }.into());
    let window = held(rest);
    let paragraph = window.split("\n\n").next().unwrap_or_default();
    let may_go_on = !last && paragraph.len() == window.len() && rest.len() < LONGEST_HELD;
    let open_ended = || if may_go_on { Step::Wait } else { literal() };
    let Some(inner_end) = matching(paragraph, bang + 1, '[', ']') else {
        return open_ended();
    };
    let inner = paragraph.get(bang + 1..inner_end).unwrap_or_default();
    let after = paragraph.get(inner_end + 1..).unwrap_or_default();
    match after.chars().next() {
        None if may_go_on => Step::Wait,
        Some('(') => match matching(paragraph, inner_end + 2, '(', ')') {
            Some(end) => {
                let target = paragraph.get(inner_end + 2..end).unwrap_or_default();
                Step::Done(end + 1, link(inner, target, bang == 1, inside_another))
            }
            None => open_ended(),
        },
        // `[ ]` and `[x]` begin a task.
        Some(' ' | '\n') | None
            if bang == 0 && !inside_another && matches!(inner, " " | "x" | "X") =>
        {
            Step::Done(inner_end + 1, format!("[{inner}]"))
        }
        // Whatever else a bracket could begin (a definition, a link whose text holds code), it
        // begins nothing here.
        _ => literal(),
    }
}

/// The byte of the closing bracket that belongs to the one before `from`.
fn matching(text: &str, from: usize, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    let mut escaped = false;
    for (at, c) in text.get(from..)?.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == close && depth == 0 => return Some(from + at),
            c if c == close => depth -= 1,
            c if c == open => depth += 1,
            _ => {}
        }
    }
    None
}

fn link(text: &str, target: &str, is_image: bool, inside_another: bool) -> String {
    let words = defanged_within_line(&text.replace('\n', " "));
    if is_image {
        return format!("(image: {words})");
    }
    // Marked takes the backslashes before a link's brackets away, and reads its words once more.
    if words.contains("\\[") || words.contains("\\]") {
        return alone(words);
    }
    let destination = target
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .trim_start_matches('<')
        .trim_end_matches('>');
    match harmless(destination) {
        // A link in a link is none, and renderers disagree about which of them it is.
        Some(url) if !inside_another && !shows_another_host(&words, &url) => {
            format!("[{words}]({destination})")
        }
        _ => alone(words),
    }
}

/// A link's words without the link. What stood behind its brackets stands beside other text now,
/// and must not become something together with it: a block, a tag, an image, another span.
fn alone(words: String) -> String {
    let mut words = match words.trim_start() {
        "" => "(link)".into(),
        start if start.starts_with('~') => format!("\\{start}"),
        start if start.starts_with('`') => format!(" {start}"),
        _ => words,
    };
    if words.ends_with('<') {
        words.pop();
        words.push_str("&lt;");
    }
    if words.ends_with(['`', '!', '\\']) {
        words.push(' ');
    }
    words
}

/// The URL, if it leads to the web and nowhere else.
fn harmless(destination: &str) -> Option<Url> {
    let plain = !destination.contains(['&', '<', '>', '\\', '"', '`', '(', ')', '[', ']'])
        && !destination.contains(is_hidden);
    let url = Url::parse(destination).ok()?;
    // Behind the scheme at once: of `https:x://y` each renderer makes something else.
    let web = destination
        .get(url.scheme().len()..)
        .is_some_and(|rest| rest.starts_with("://") && !rest.starts_with(":///"));
    let web = web && matches!(url.scheme(), "https" | "http");
    let anonymous = url.username().is_empty() && url.password().is_none();
    (plain && web && anonymous).then_some(url)
}

/// Whether the words look like an address, and not like the one the link leads to.
fn shows_another_host(words: &str, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    is_read_as_another(words, host) || is_read_as_another(&as_seen(words), host)
}

fn is_read_as_another(words: &str, host: &str) -> bool {
    // What only looks like a full stop, a colon or a stroke.
    let words = words
        .replace(['。', '．', '｡', '․', '﹒', '۔', '·', 'ꓸ'], ".")
        .replace(['：', '﹕', '∶'], ":")
        .replace(['／', '⁄', '∕'], "/");
    // Marks that a renderer swallows, or shows.
    let marks = ['`', '*', '_', '\\', '~'];
    holds_entity(&words)
        || names_another(&words.replace(marks, ""), host)
        || names_another(&words.replace(marks, " "), host)
}

/// The words without what nobody sees in them, and without marks above or below their letters.
fn as_seen(words: &str) -> String {
    let letters = words.graphemes(true).filter_map(|it| it.chars().next());
    letters.filter(|letter| !is_unseen(*letter)).collect()
}

/// Whether a sign has no width: those of Unicode's Default_Ignorable_Code_Point that join no letter.
fn is_unseen(sign: char) -> bool {
    matches!(
        sign,
        '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{206f}'
    ) || matches!(
        sign,
        '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
    ) || matches!(
        sign,
        '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    ) || is_hidden(sign)
}

/// Whether a character is written in a way that may stand for a part of an address.
fn holds_entity(words: &str) -> bool {
    words.split('&').skip(1).any(|behind| {
        let name = behind.split_once(';').map_or("", |(name, _)| name);
        let is_plain = matches!(name, "" | "amp" | "lt" | "gt" | "quot");
        !is_plain && name.chars().all(|c| c == '#' || c.is_ascii_alphanumeric())
    })
}

fn names_another(words: &str, host: &str) -> bool {
    let is_another = |word: &str| !word.eq_ignore_ascii_case(host);
    let is_of_no_host = |c: char| !(c.is_alphanumeric() || ".-".contains(c));
    // Behind a scheme there is nothing but a host, whatever it looks like, and before it perhaps a name.
    let mut addresses = words.split("://").skip(1).map(|rest| {
        let ends = |c: char| c.is_whitespace() || "/?#".contains(c);
        rest.split(ends).next().unwrap_or_default()
    });
    let name = |address: &str| {
        let name = address.split(':').next().unwrap_or_default();
        is_another(name.trim_end_matches(|c: char| c.is_ascii_punctuation()))
    };
    addresses.any(|address| address.contains('@') || name(address))
        || words
            .split(is_of_no_host)
            .map(|word| word.trim_matches(['.', '-']))
            .filter(|word| looks_like_host(word))
            .any(is_another)
}

/// Whether a word could be a host's name or number: `x.ai` could, `Vec.push` and `main.rs`
/// could as well, and lose their link for it, which costs nothing.
fn looks_like_host(word: &str) -> bool {
    let named = word.rsplit_once('.').is_some_and(|(name, top)| {
        let is_top = top.starts_with("xn--") || top.chars().all(char::is_alphabetic);
        !name.is_empty() && top.len() >= 2 && is_top
    });
    let numbered =
        word.matches('.').count() == 3 && word.chars().all(|c| c == '.' || c.is_ascii_digit());
    named || numbered || word.eq_ignore_ascii_case("localhost")
}
