//! Whether a run of signs was made by chance, as a key is, or is a name, which is made of words.

use std::sync::LazyLock;

use regex::bytes::Regex;

/// From so many bytes on a value is a key, which a machine made.
pub(super) const OF_A_MACHINE: usize = 16;

/// From so many bytes on letters alone can be told from a name.
const LONG: usize = 12;

/// The fewest bytes of a secret that is not known by its shape.
pub(super) const SHORTEST: usize = 8;

/// Whether nobody would give a value like this one to a name unless it were secret: it has digits
/// and letters, and few of these stand in words.
pub(super) fn is_random(value: &str) -> bool {
    let length = value.len();
    if length < SHORTEST {
        return false;
    }
    if !value.is_ascii() {
        return is_random_in_ascii(value);
    }
    let has = |is: fn(&u8) -> bool| usize::from(value.bytes().any(|b| is(&b)));
    let digits = has(u8::is_ascii_digit);
    let letters = has(u8::is_ascii_lowercase) + has(u8::is_ascii_uppercase);
    let marks = has(|b| b.is_ascii_punctuation() && !b"-_.:/".contains(b));
    let is_number = value.starts_with("0x") && length < 2 * OF_A_MACHINE;
    let in_words = in_words(value);
    if letters == 0 || is_number || is_spelled(value, in_words) {
        return false;
    }
    let is_made_by_chance = if digits == 0 {
        let is_mixed = letters + marks == 3 || letters == 2 && is_jumbled(value, 40);
        is_mixed && in_words * 2 < length
    } else if length >= OF_A_MACHINE {
        let is_apart = in_words * 2 < length || is_jumbled(value, 40) || is_strewn(value);
        is_apart && entropy(value) >= 2.5
    } else {
        // A person's password has a bit of everything.
        letters + digits + marks >= 3 && in_words * 4 < length * 3
    };
    is_made_by_chance && !is_template(value)
}

/// The same of a value with letters of other alphabets, of which a password has few: a row of four
/// is of a language.
fn is_random_in_ascii(value: &str) -> bool {
    let is_known = |c: char| c.is_ascii() || c.is_alphabetic();
    let in_ascii = |c: char| if c.is_ascii() { c } else { 'x' };
    let ascii: String = value.chars().map(in_ascii).collect();
    value.chars().all(is_known) && ascii.len() >= SHORTEST && is_random(&ascii)
}

/// Whether marks that no name has stand all over a value, between what may look like words.
fn is_strewn(value: &str) -> bool {
    let marks = value
        .bytes()
        .filter(|b| b.is_ascii_punctuation() && !b"-_.:/".contains(b));
    marks.count() * 8 >= value.len() && value.len() <= 4 * parts(value)
}

/// A version, a date, a path, a name with its namespace: made of parts, as no key is.
fn is_spelled(value: &str, in_words: usize) -> bool {
    let parts = value.split(['.', ':', '(', ')', '[', ']']);
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b".:()[]-_/".contains(&b);
    let is_path = value.starts_with(['/', '.', '~', '#']) && in_words * 3 >= value.len();
    let is_file = value.contains('/') && value.contains('.');
    let has_short_parts =
        parts.clone().count() > 2 && parts.into_iter().all(|part| part.len() < OF_A_MACHINE);
    let letters: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
    let is_jumbled = letters.contains(|c: char| c.is_ascii_uppercase()) && is_jumbled(&letters, 20);
    // Text, each sign of it written by its number.
    let mut numbers = value.split("\\x").skip(1).peekable();
    let is_text = numbers.peek().is_some()
        && numbers.all(|it| it.starts_with(['2', '3', '4', '5', '6', '7']));
    is_path || is_text || value.bytes().all(is_plain) && (is_file || has_short_parts && !is_jumbled)
}

/// What is filled in where it stands in a value, and what is, if it is all of it.
static TEMPLATE: LazyLock<Option<(Regex, Regex)>> = LazyLock::new(|| {
    let part = r"(?x-u)
        \$\{[^}]*\}+ | \{\{[^}]*\}\} | \#\{[^}]*\} | \$\([^)]*\)
        | \{[A-Za-z0-9_.:!\[\]]*\} | <[A-Za-z][A-Za-z0-9_\ .\-]{2,}>
        | %\([A-Za-z0-9_.]+\)[a-z] | %[sdvqr]\b";
    let whole = r"(?x-u)
        ^ (?: \$[A-Za-z_][A-Za-z0-9_]* (?: (?: -> | :: | \[ | \. ) .* )? | %[A-Za-z0-9_]+%
            | @[A-Za-z]{3,}(?:[/({].*)? | \#/.* | \{.*\} | \[.*\] | <.*> | \^.*\$ ) $";
    Some((Regex::new(part).ok()?, Regex::new(whole).ok()?))
});

/// Whether a value is yet to be filled in, or was made unreadable.
pub(super) fn is_template(value: &str) -> bool {
    let marks = [
        "...",
        "…",
        "***",
        "xxxx",
        "XXXX",
        "://",
        "\\0",
        // Regular expressions.
        "\\w",
        "\\d",
        "[^",
        "[a-z",
        "[A-Z",
        "[0-9",
        super::mask::TOKEN,
    ];
    if marks.iter().any(|mark| value.contains(mark)) {
        return true;
    }
    let Some((part, whole)) = TEMPLATE.as_ref() else {
        return false;
    };
    let is_name = value
        .strip_prefix('$')
        .is_none_or(|name| !is_jumbled(name, 25));
    if is_name && whole.is_match(value.as_bytes()) {
        return true;
    }
    // By chance a password may look as if a part were to be filled in. Then the rest is none.
    let rest = part.replace_all(value.as_bytes(), b"");
    let rest = std::str::from_utf8(&rest).unwrap_or_default();
    rest.len() < value.len() && !(rest.len() >= LONG && is_random(rest))
}

/// Whether a value that no quotes stand around is a secret.
pub(super) fn is_bare_secret(value: &str) -> bool {
    !is_of_code(value) && is_random(value)
}

/// Whether a value without quotes is rather the name of something, or a part of it.
pub(super) fn is_of_code(value: &str) -> bool {
    let is_of_key = |b: u8| b.is_ascii_alphanumeric() || b"_+/=.-".contains(&b);
    if !value.bytes().all(is_of_key) {
        return value.len() > LONGEST_WITH_MARKS || is_expression(value) || !has_odd_word(value);
    }
    let is_of_name = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let is_spoken = value.contains('_') || in_words(value) * 3 >= value.len();
    let is_name = value.contains('.') || value.bytes().all(is_of_name) && is_spoken;
    let has_digit = value.bytes().any(|b| b.is_ascii_digit());
    let letters: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
    is_name && !is_jumbled(&letters, 25) || !has_digit && !is_jumbled(value, 30)
}

/// What has marks and is longer is code that was made small.
const LONGEST_WITH_MARKS: usize = 128;

/// Whether brackets open and close as in code, or one opens behind a name.
fn is_expression(value: &str) -> bool {
    let mut open = Vec::new();
    let mut pairs = 0;
    for c in value.chars() {
        match c {
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            ')' | ']' | '}' if open.pop() != Some(c) => return false,
            ')' | ']' | '}' => pairs += 1,
            _ => {}
        }
    }
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "_.:>&*-".contains(c);
    let name = value.strip_suffix(['(', '[', '{']);
    open.is_empty() && pairs > 0 || name.is_some_and(|name| name.chars().all(is_of_name))
}

/// Whether something stands in a value that code does not have: many kinds of marks, one that is
/// none of its own, or a word that goes on behind a digit or changes its case as no name does.
fn has_odd_word(value: &str) -> bool {
    let goes_on =
        |pair: &[u8]| matches!(pair, [a, b] if a.is_ascii_digit() && b.is_ascii_alphabetic());
    let is_odd = |word: &str| {
        word.as_bytes().windows(2).any(goes_on)
            || parts(word) > 2 && word.len() * 2 <= parts(word) * 5
    };
    let mut marks: Vec<u8> = value.bytes().filter(u8::is_ascii_punctuation).collect();
    marks.sort_unstable();
    marks.dedup();
    let inner = value.get(1..).unwrap_or_default();
    let ends_odd = matches!(value.as_bytes(), [.., b'0'..=b'9', mark] if b"!*+%&?=".contains(mark));
    marks.len() > 3
        || ends_odd
        || inner.contains(['@', '#', '^', '~', '$'])
        || value
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(is_odd)
}

/// Whether a run of letters and digits is none of words.
pub(super) fn is_jumble(run: &str) -> bool {
    let has = |is: fn(&u8) -> bool| run.bytes().any(|b| is(&b));
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    is_mixed && in_words(run) * 2 < run.len() || is_jumbled(run, 25)
}

/// Whether a value changes between capitals, small letters and digits as no name does: its parts
/// have so many tenths of a sign on average, or fewer.
fn is_jumbled(value: &str, tenths: usize) -> bool {
    let is_plain = value.bytes().all(|b| b.is_ascii_alphanumeric());
    is_plain && value.len() >= LONG && value.len() * 10 <= parts(value) * tenths
}

/// Of how many runs of capitals, small letters and digits a word is made. A capital and the small
/// letters behind it are one.
fn parts(word: &str) -> usize {
    let kind = |c: &u8| (c.is_ascii_uppercase(), c.is_ascii_lowercase());
    let mut parts = 1;
    let mut begins_at_capital = true;
    for pair in word.as_bytes().windows(2) {
        let [before, here] = pair else { break };
        let goes_on = kind(before) == kind(here);
        let is_capitalised =
            begins_at_capital && before.is_ascii_uppercase() && here.is_ascii_lowercase();
        if !goes_on && !is_capitalised {
            parts += 1;
        }
        begins_at_capital = !goes_on;
    }
    parts
}

/// How many letters stand in what could be words: some of one case, perhaps a capital before them,
/// with a vowel and no crowd of consonants.
fn in_words(value: &str) -> usize {
    if is_hexadecimal(value) {
        return 0;
    }
    let shortest = if value.contains(['-', '_']) { 3 } else { 4 };
    let mut count = 0;
    let mut word = String::new();
    for c in value.chars().chain(['\0']) {
        let goes_on = c.is_ascii_alphabetic()
            && match word.chars().next_back() {
                None => true,
                Some(last) => {
                    last.is_ascii_lowercase() == c.is_ascii_lowercase()
                        || word.len() == 1 && last.is_ascii_uppercase()
                }
            };
        if !goes_on {
            if word.len() >= shortest && looks_like_word(&word) {
                count += word.len();
            }
            word.clear();
        }
        if c.is_ascii_alphabetic() {
            word.push(c);
        }
    }
    count
}

/// Whether a value is a long number, whose letters may well look like words: "ccdead", "cafe".
fn is_hexadecimal(value: &str) -> bool {
    value.len() >= OF_A_MACHINE
        && value.bytes().all(|b| b.is_ascii_hexdigit())
        && value.bytes().any(|b| b.is_ascii_digit())
}

fn looks_like_word(word: &str) -> bool {
    let is_vowel = |c: char| "aeiouyAEIOUY".contains(c);
    let crowd = word.split(is_vowel).map(str::len).max().unwrap_or(0);
    crowd <= 3 && word.contains(is_vowel)
}

/// Shannon's entropy of the bytes, in bits each.
#[allow(clippy::cast_precision_loss, reason = "a value is short")]
fn entropy(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let length = value.len() as f64;
    let share = |count: &u32| f64::from(*count) / length;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| -share(count) * share(count).log2())
        .sum()
}
