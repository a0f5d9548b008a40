//! How a value is written behind the name that it is given to: in quotes of all kinds, or bare.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::random::is_bare_secret;

/// The most bytes of a value. Tokens of sessions have two thousand.
const LONGEST: usize = 8 * 1024;

/// So far ahead a quote may open.
const OPENS_WITHIN: usize = 160;

/// What a quote may stand behind: another line, calls (`new String(`, `[]byte(`, `[`), and the letters
/// and marks that say what kind of text it is (`u8"`, `r#"`, `@"`).
static OPENING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x-u)
        ^ [\s\\]*
        (?: (?:new\ |\[\])? [A-Za-z0-9_.:<>!]* [(\[] \s* ){0,2}
        (?: [A-Za-z]{1,2}8? | [@$]{1,2} | r\#{1,3} | [!&][A-Za-z]+\  )?
        (?: """ | ''' | \\{0,3} ["'`] )
        "#,
    )
    .ok()
});

/// How a value is given to a name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By a sign that may stand before a bare value.
    Assigned,
    /// By a sign behind which anything but a quote is code: `||`, `(`, `{`, `->`, `or`.
    Call,
    /// By a comma, which means something between quotes alone.
    Comma,
    /// By a stroke, which parts cells of a table and means something else in code.
    Cell,
    /// By nothing but a blank.
    Blank,
}

impl Way {
    /// Of a name with what stands behind it, up to the value.
    pub(super) fn of(given: &str) -> Self {
        // Behind the sign Markdown may have marks, which say nothing of it.
        let given = given.trim_end_matches([' ', '\t', '*', '_']);
        let is_scheme = ["bearer", "basic"]
            .iter()
            .any(|it| given.eq_ignore_ascii_case(it));
        let is_word = given.ends_with(|c: char| c.is_ascii_alphanumeric() || "_\"'`)]".contains(c));
        if given.ends_with(',') {
            Self::Comma
        } else if given.ends_with('|') && !given.ends_with("||") {
            Self::Cell
        } else if given.ends_with("->")
            || given.ends_with(['(', '{', '|', '?'])
            || given.ends_with("or")
        {
            Self::Call
        } else if is_word && !is_scheme {
            Self::Blank
        } else {
            Self::Assigned
        }
    }
}

/// What stands between quotes behind `at`, if quotes open there. With an escaped quote it goes on.
pub(super) fn quoted(text: &str, at: usize, way: Way) -> Option<Range<usize>> {
    let bytes = text.as_bytes().get(at..)?;
    let ahead = bytes.get(..OPENS_WITHIN).unwrap_or(bytes);
    let opening = OPENING.as_ref()?.find(ahead)?.as_bytes();
    let start = at + opening.len();
    let quote = quote_of(opening);
    let is_near = !opening.iter().any(|b| b"([\n".contains(b));
    let is_row = way == Way::Cell && is_of_row(before(text, at).0);
    let before = text.get(..at)?.trim_end_matches([' ', '\t', ',']);
    let is_meant = match way {
        Way::Comma => is_near && before.ends_with(['"', '\'']),
        Way::Blank => is_near && quote != b"`",
        Way::Cell => is_near && is_row,
        Way::Assigned | Way::Call => true,
    };
    let length = closing(text.as_bytes().get(start..)?, quote).filter(|_| is_meant)?;
    one_word(text, start..start + length)
}

/// The quote that an opening ends with: with the backslashes before it, or all three of it.
fn quote_of(opening: &[u8]) -> &[u8] {
    let Some((quote, before)) = opening.split_last() else {
        return opening;
    };
    let count = |is: &dyn Fn(&&u8) -> bool| before.iter().rev().take_while(is).count();
    let length = match count(&|b| *b == quote) {
        2 => 3,
        _ => 1 + count(&|b| **b == b'\\'),
    };
    opening.get(opening.len() - length..).unwrap_or(opening)
}

/// How far it is to the quote that closes. Where no text could go on behind an escaped quote, it
/// was none: not all languages escape.
fn closing(text: &[u8], quote: &[u8]) -> Option<usize> {
    let text = text.get(..LONGEST).unwrap_or(text);
    if let [quote] = quote {
        let escaped = ends(text, *quote, true);
        return escaped.or_else(|| ends(text, *quote, false));
    }
    text.windows(quote.len()).position(|here| here == quote)
}

fn ends(text: &[u8], quote: u8, escapes: bool) -> Option<usize> {
    let mut is_escaped = false;
    for (at, b) in text.iter().enumerate() {
        if b.is_ascii_whitespace() {
            return None;
        }
        if *b == quote && !is_escaped {
            return Some(at);
        }
        is_escaped = escapes && *b == b'\\' && !is_escaped;
    }
    None
}

/// Of text in three quotes the blanks at its sides are none of a value. No value has some within.
fn one_word(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let whole = text.get(range.clone())?;
    let word = whole.trim();
    let start = range.start + whole.len() - whole.trim_start().len();
    let is_one = !word.contains(char::is_whitespace);
    is_one.then_some(start..start + word.len())
}

/// What stands at `at` without quotes, behind a name of which a part begins at `name`: all up to a
/// blank where it has its line to itself; else up to what parts values from each other.
pub(super) fn bare(text: &str, name: usize, at: usize, way: Way) -> Range<usize> {
    let behind = text.get(at..).unwrap_or_default();
    let (before, name) = before(text, name);
    let enclosed = enclosed(before, text.get(..at).unwrap_or_default(), behind);
    // As behind the sign, marks of Markdown say nothing of it.
    let before = before.trim_end_matches(['*', '`']);
    let is_path = behind.starts_with(':') && text.get(..at).is_some_and(|it| it.ends_with(':'));
    let begins = match way {
        Way::Assigned => stands_apart(before) && !is_path,
        Way::Blank => begins_line(before),
        Way::Call | Way::Comma | Way::Cell => false,
    };
    let line = begins.then(|| alone(behind)).flatten();
    let line = line.or(enclosed.filter(|_| way == Way::Assigned && !is_path));
    let is_option = name.starts_with('-') || takes_words(before);
    let value = match (way, line) {
        (Way::Call | Way::Comma, _) => "",
        (Way::Cell, _) => cell(before, behind).unwrap_or_default(),
        (Way::Assigned, Some(line)) if is_bare_secret(line) => line,
        // More may stand behind the value: `Password=…;Encrypt=true`.
        (Way::Assigned, _) => parted(behind, before.ends_with(['?', '&'])),
        (Way::Blank, Some(line)) if !line.contains(',') => line,
        (Way::Blank, _) if is_option => parted(behind, false),
        (Way::Blank, _) => "",
    };
    at..at + value.len()
}

/// Whether behind this words alone tell what the next one is: in `.netrc`, in a header.
fn takes_words(before: &str) -> bool {
    const HEADER: &str = "authorization:";
    let before = before.trim();
    let header = before
        .len()
        .checked_sub(HEADER.len())
        .and_then(|at| before.get(at..));
    before.starts_with("machine ") || header.is_some_and(|it| it.eq_ignore_ascii_case(HEADER))
}

/// What ends a bare value wherever it stands.
fn is_over(c: char) -> bool {
    c.is_whitespace() || "\"'`\\".contains(c) || !c.is_ascii()
}

/// The value up to the end of the element, or the quote, that it stands in: of `<password>…</password>`
/// and `"PASSWORD=…"`.
fn enclosed<'t>(before_name: &str, before: &str, text: &'t str) -> Option<&'t str> {
    if before.trim_end_matches([' ', '\t']).ends_with('>') {
        let value = up_to(text, LONGEST, |c| is_over(c) || "<>".contains(c));
        let after = text.get(value.len()..)?.trim_start_matches(BLANKS);
        return after.starts_with("</").then_some(value);
    }
    let quote = before_name.chars().next_back();
    let quote = quote.filter(|sign| "\"'`".contains(*sign))?;
    // None of the three is in it, so that a run with many is looked through once.
    let value = up_to(text, LONGEST, is_over);
    text.get(value.len()..)?.starts_with(quote).then_some(value)
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// What begins a comment behind a value, or ends the one that it stands in.
const OF_COMMENTS: [&str; 5] = ["#", ";", "//", "*/", "-->"];

/// The value that a line ends with, but for blanks and comments.
fn alone(text: &str) -> Option<&str> {
    let value = up_to(text, LONGEST, is_over);
    let after = text.get(value.len()..)?;
    let rest = after.trim_start_matches([' ', '\t']);
    let begins = |sign: &&str| rest.starts_with(*sign);
    let is_comment = rest.len() < after.len() && OF_COMMENTS.iter().any(begins);
    let ends_line = rest.is_empty() || rest.starts_with(['\n', '\r']) || is_comment;
    ends_line.then(|| value.trim_end_matches([',', ';']))
}

/// All that a cell of a row holds.
fn cell<'t>(before: &str, text: &'t str) -> Option<&'t str> {
    let value = up_to(text, LONGEST, |c| is_over(c) || c == '|');
    let after = text.get(value.len()..)?.trim_start_matches([' ', '\t']);
    let is_whole = after.is_empty() || after.starts_with(['|', '\r', '\n']);
    (is_of_row(before) && is_whole).then_some(value)
}

/// Whether a line up to a cell is a row of a table as Markdown has them.
fn is_of_row(before: &str) -> bool {
    before.trim_start_matches([' ', '\t', '>']).starts_with('|')
}

/// The value up to what parts it from the next. In the query of an address that is also `&`, which
/// elsewhere may be of a password. What calls or looks into something is none.
fn parted(text: &str, is_query: bool) -> &str {
    const OF_CODE: [char; 4] = ['(', '[', '{', ':'];
    let parts = |c: char| ",;<>|)}]".contains(c) || is_query && "&#".contains(c);
    let value = up_to(text, LONGEST, |c| {
        is_over(c) || parts(c) || OF_CODE.contains(&c)
    });
    let after = text.get(value.len()..).unwrap_or_default();
    if after.starts_with(OF_CODE) {
        ""
    } else {
        value
    }
}

/// What stands before the first sign that is over, and of that so many signs at most.
pub(super) fn up_to(text: &str, most: usize, is_over: impl Fn(char) -> bool) -> &str {
    let mut signs = text.char_indices().take(most + 1).enumerate();
    let end = signs.find(|(count, (_, c))| *count == most || is_over(*c));
    end.and_then(|(_, (at, _))| text.get(..at)).unwrap_or(text)
}

/// So far before a name it is looked for the beginning of its line.
const BEGINS_WITHIN: usize = 160;

/// The line up to a name of which a part begins at `at`, and the name up to that. Of a long line
/// it is a part.
fn before(text: &str, at: usize) -> (&str, &str) {
    let from = at.saturating_sub(BEGINS_WITHIN);
    let from = (from..=at)
        .find(|from| text.is_char_boundary(*from))
        .unwrap_or(at);
    let before = text.get(from..at).unwrap_or_default();
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let name = before.trim_end_matches(is_of_name).len();
    let line = before.rfind('\n').map_or(0, |line| line + 1);
    let is_cut = line == 0 && from > 0;
    let line = if is_cut && name == 0 {
        0..before.len()
    } else {
        line..name
    };
    (
        before.get(line).unwrap_or_default(),
        before.get(name..).unwrap_or_default(),
    )
}

/// Whether a name begins its line, of a patch or a comment too, or stands behind a blank. Of names in
/// one run it is the first alone, so that the run is looked through once.
fn stands_apart(before: &str) -> bool {
    let begins_a_line = |b: u8| b" \t>+-#;/".contains(&b);
    before.ends_with([' ', '\t'])
        || before.len() <= LONGEST_OF_PATCH && before.bytes().all(begins_a_line)
}

/// The most bytes before a line of a patch: how deep it is indented or quoted, and what it says of
/// each parent of a merge.
const LONGEST_OF_PATCH: usize = 16;

/// Whether nothing stands before a name but what lists, shells and comments put there.
fn begins_line(before: &str) -> bool {
    const STARTS: [&str; 11] = [
        "", "-", "export", "ENV", "ARG", "set", "setenv", "#define", "#", "//", ";",
    ];
    STARTS.contains(&before.trim())
}
