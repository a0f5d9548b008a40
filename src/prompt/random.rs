//! Whether a run of signs was made by chance, as a key is, or is a name, which is made of words.

/// From so many bytes on a value is a key, which a machine made.
pub(super) const OF_A_MACHINE: usize = 16;

/// From so many bytes on letters alone can be told from a name.
const LONG: usize = 12;

/// Whether a run of letters and digits is none of words.
pub(super) fn is_jumble(run: &str) -> bool {
    let has = |is: fn(&u8) -> bool| run.bytes().any(|b| is(&b));
    has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) && in_words(run) * 2 < run.len()
}

/// Whether a value changes between capitals, small letters and digits as no name does: its parts,
/// of which a capital and the small letters behind it are one, have `most` signs on average.
pub(super) fn is_jumbled(value: &str, most: usize) -> bool {
    let kind = |c: &u8| (c.is_ascii_uppercase(), c.is_ascii_lowercase());
    let mut parts = 1;
    let mut begins_at_capital = true;
    for pair in value.as_bytes().windows(2) {
        let [before, here] = pair else { break };
        let goes_on = kind(before) == kind(here);
        let is_capitalised =
            begins_at_capital && before.is_ascii_uppercase() && here.is_ascii_lowercase();
        if !goes_on && !is_capitalised {
            parts += 1;
        }
        begins_at_capital = !goes_on;
    }
    let is_plain = value.bytes().all(|b| b.is_ascii_alphanumeric());
    is_plain && value.len() >= LONG && value.len() <= parts * most
}

/// How many letters stand in what could be words: some of one case, perhaps a capital before them,
/// with a vowel and no crowd of consonants.
pub(super) fn in_words(value: &str) -> usize {
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
pub(super) fn entropy(value: &str) -> f64 {
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
