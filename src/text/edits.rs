//! The smallest edits that turn one text into another.
//!
//! Lines are compared first, so that an edit keeps to the lines that changed;
//! then words inside of these. No edit starts or ends within a grapheme, and so
//! never within a char, a surrogate pair or a `\r\n`. What comparing may cost is
//! counted, not timed, so that the same texts give the same edits on any machine.

use std::ops::Range;

use similar::{Algorithm, DiffTag, capture_diff_slices};
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::middle::{Middle, middle_at};

/// Replace these bytes of the old text by this text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub range: Range<usize>,
    pub text: String,
}

/// Above this many lines in both texts together, what differs is one edit.
const LINES_AT_MOST: usize = 100_000;

/// Above this many bytes in both texts together, a stretch is not taken apart into words.
const WORD_BYTES_AT_MOST: usize = 64 * 1024;

/// What comparing words may cost in all; a step is about one pair of words looked at.
const STEPS: usize = 1_000_000;

/// Myers' search gives up minimality after this many differences, as `similar` is built.
const DIFFERENCES_SEARCHED: usize = 256;

/// Edits in ascending order, not overlapping, that turn `old` into `new`; none where they are equal.
///
/// Small is meant in words: what is kept between two changes in a line is sent along
/// where it is shorter than both. What is too large to compare is replaced in one piece,
/// between what it shares with the old text at either end.
pub fn edits(old: &str, new: &str) -> Vec<Edit> {
    if old == new {
        return Vec::new();
    }
    let texts = Texts { old, new };
    let Some(stretches) = changed_lines(&texts) else {
        return vec![texts.edit(&texts.trimmed(&texts.whole()))];
    };
    let mut found = Vec::new();
    let mut steps = STEPS;
    for stretch in stretches {
        refine(&texts, &stretch, &SPLITS, &mut steps, &mut found);
    }
    found
}

/// `old` with `edits` (ascending, not overlapping) applied.
///
/// An edit that does not fit, because it overlaps, lies past the end or splits a
/// char, never panics: what of `old` cannot be cut out for it is left out.
pub fn apply(old: &str, edits: &[Edit]) -> String {
    let mut new = String::with_capacity(old.len());
    let mut done = 0;
    for edit in edits {
        new.push_str(old.get(done..edit.range.start).unwrap_or_default());
        new.push_str(&edit.text);
        done = edit.range.end.max(done);
    }
    new.push_str(old.get(done..).unwrap_or_default());
    new
}

struct Texts<'a> {
    old: &'a str,
    new: &'a str,
}

impl<'a> Texts<'a> {
    fn gone(&self, stretch: &Middle) -> &'a str {
        self.old.get(stretch.old.clone()).unwrap_or_default()
    }

    fn came(&self, stretch: &Middle) -> &'a str {
        self.new.get(stretch.new.clone()).unwrap_or_default()
    }

    fn edit(&self, stretch: &Middle) -> Edit {
        Edit {
            range: stretch.old.clone(),
            text: self.came(stretch).to_owned(),
        }
    }

    fn whole(&self) -> Middle {
        Middle {
            old: 0..self.old.len(),
            new: 0..self.new.len(),
        }
    }

    /// The part of `stretch` between what its two sides share at either end.
    fn trimmed(&self, stretch: &Middle) -> Middle {
        let inner = middle_at(self.gone(stretch), self.came(stretch), breaks_graphemes);
        within(stretch, &inner)
    }
}

/// `inner`, counted from the start of `outer`, as counted from the start of the text.
fn within(outer: &Middle, inner: &Middle) -> Middle {
    let (old, new) = (outer.old.start, outer.new.start);
    Middle {
        old: old + inner.old.start..old + inner.old.end,
        new: new + inner.new.start..new + inner.new.end,
    }
}

fn is_empty(stretch: &Middle) -> bool {
    stretch.old.is_empty() && stretch.new.is_empty()
}

/// The stretches of whole lines in which the texts differ; `None` where there are too many lines.
fn changed_lines(texts: &Texts<'_>) -> Option<Vec<Middle>> {
    let old = lines(texts.old);
    let new = lines(texts.new);
    (old.len() + new.len() <= LINES_AT_MOST).then(|| differences(&old, &new))
}

/// Takes a stretch apart; one that it cannot take apart comes back as it is.
type Split = fn(&Texts<'_>, &Middle) -> Vec<Middle>;

/// What is tried, in this order, on a stretch too large to compare its words.
const SPLITS: [Split; 2] = [alike_lines, paired_lines];

/// Makes the edits of one stretch as small as is worth the steps left.
fn refine(
    texts: &Texts<'_>,
    stretch: &Middle,
    splits: &[Split],
    steps: &mut usize,
    found: &mut Vec<Edit>,
) {
    let inner = texts.trimmed(stretch);
    if is_empty(&inner) {
        return;
    }
    if inner.old.is_empty() || inner.new.is_empty() {
        found.push(texts.edit(&inner));
    } else if let Some(words) = changed_words(texts, &inner, steps) {
        found.extend(words.iter().map(|word| texts.edit(word)));
    } else if let Some((split, rest)) = splits.split_first() {
        for part in split(texts, stretch) {
            refine(texts, &part, rest, steps, found);
        }
    } else {
        found.push(texts.edit(&inner));
    }
}

/// The words in which a stretch differs; `None` where finding them would cost too much.
fn changed_words(texts: &Texts<'_>, stretch: &Middle, steps: &mut usize) -> Option<Vec<Middle>> {
    if stretch.old.len() + stretch.new.len() > WORD_BYTES_AT_MOST {
        return None;
    }
    let old = words(texts.gone(stretch));
    let new = words(texts.came(stretch));
    let count = old.len() + new.len();
    *steps = steps.checked_sub(count * count.min(DIFFERENCES_SEARCHED))?;
    let mut kept: Vec<Middle> = Vec::new();
    for words in differences(&old, &new) {
        let word = texts.trimmed(&within(stretch, &words));
        match kept
            .last_mut()
            .filter(|last| belong_together(texts, last, &word))
        {
            Some(last) => {
                last.old.end = word.old.end;
                last.new.end = word.new.end;
            }
            None => kept.push(word),
        }
    }
    Some(kept)
}

/// Whether so little was kept between two changes in a line that they read better as one.
fn belong_together(texts: &Texts<'_>, left: &Middle, right: &Middle) -> bool {
    let between = left.old.end..right.old.start;
    let size = |change: &Middle| change.old.len().max(change.new.len());
    between.len() <= size(left).min(size(right))
        && texts
            .old
            .get(between)
            .is_some_and(|kept| !kept.contains(['\r', '\n']))
}

/// Lines that differ only in the space around them, each a part; and what lies between such.
fn alike_lines(texts: &Texts<'_>, stretch: &Middle) -> Vec<Middle> {
    let old = lines(texts.gone(stretch));
    let new = lines(texts.came(stretch));
    let spans = Spans::of(&old, &new);
    capture_diff_slices(Algorithm::Myers, &bare(&old), &bare(&new))
        .iter()
        .flat_map(|op| match op.tag() {
            DiffTag::Equal => spans.each(op.old_range(), op.new_range()),
            _ => vec![spans.bytes(op.old_range(), op.new_range())],
        })
        .map(|part| within(stretch, &part))
        .collect()
}

fn bare<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    lines.iter().map(|line| line.trim()).collect()
}

/// Line by line, where both sides have equally many.
fn paired_lines(texts: &Texts<'_>, stretch: &Middle) -> Vec<Middle> {
    let old = lines(texts.gone(stretch));
    let new = lines(texts.came(stretch));
    if old.len() != new.len() {
        return vec![stretch.clone()];
    }
    let pairs = Spans::of(&old, &new).each(0..old.len(), 0..new.len());
    pairs.iter().map(|pair| within(stretch, pair)).collect()
}

/// Where two sequences of parts differ, in bytes of the texts they make up.
fn differences(old: &[&str], new: &[&str]) -> Vec<Middle> {
    let spans = Spans::of(old, new);
    capture_diff_slices(Algorithm::Myers, old, new)
        .iter()
        .filter(|op| op.tag() != DiffTag::Equal)
        .map(|op| spans.bytes(op.old_range(), op.new_range()))
        .collect()
}

/// Where the parts of two texts start, and where the last ones end.
struct Spans {
    old: Vec<usize>,
    new: Vec<usize>,
}

impl Spans {
    fn of(old: &[&str], new: &[&str]) -> Self {
        Self {
            old: starts(old),
            new: starts(new),
        }
    }

    fn bytes(&self, old: Range<usize>, new: Range<usize>) -> Middle {
        let at = |starts: &[usize], part: usize| starts.get(part).copied().unwrap_or_default();
        Middle {
            old: at(&self.old, old.start)..at(&self.old, old.end),
            new: at(&self.new, new.start)..at(&self.new, new.end),
        }
    }

    fn each(&self, old: Range<usize>, new: Range<usize>) -> Vec<Middle> {
        old.zip(new)
            .map(|(old, new)| self.bytes(old..old + 1, new..new + 1))
            .collect()
    }
}

/// Where each part starts, and where the last one ends.
fn starts(parts: &[&str]) -> Vec<usize> {
    let mut starts = Vec::with_capacity(parts.len() + 1);
    let mut at = 0;
    starts.push(at);
    for part in parts {
        at += part.len();
        starts.push(at);
    }
    starts
}

/// The lines of a text with their terminators: `\n`, `\r\n` and `\r`.
fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\r', '\n']) {
        let crlf = rest.get(at..).is_some_and(|end| end.starts_with("\r\n"));
        let (line, after) = rest.split_at(at + if crlf { 2 } else { 1 });
        lines.push(line);
        rest = after;
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

/// The words of a text and each grapheme between them.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut word = 0..0;
    for (at, grapheme) in text.grapheme_indices(true) {
        let in_word = grapheme.starts_with(|char: char| char == '_' || char.is_alphanumeric());
        if in_word {
            word.end = at + grapheme.len();
        } else {
            words.extend(text.get(word).filter(|word| !word.is_empty()));
            words.push(grapheme);
            word = at + grapheme.len()..at + grapheme.len();
        }
    }
    words.extend(text.get(word).filter(|word| !word.is_empty()));
    words
}

fn breaks_graphemes(text: &str, at: usize) -> bool {
    GraphemeCursor::new(at, text.len(), true)
        .is_boundary(text, 0)
        .unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use crate::judges::edits as judges;

    /// The edits as `old→new`, in order.
    fn check(old: &str, new: &str, expected: &[&str]) {
        let found = edits(old, new);
        let shown: Vec<String> = found
            .iter()
            .map(|edit| format!("{}→{}", &old[edit.range.clone()], edit.text))
            .collect();
        assert_eq!(shown, expected, "{old:?} {new:?}");
        assert_eq!(apply(old, &found), new);
    }

    #[test]
    fn equal_texts_need_no_edit() {
        check("", "", &[]);
        check("a\r\nb", "a\r\nb", &[]);
    }

    #[test]
    fn whole_lines_come_and_go_as_lines() {
        check("", "a\n", &["→a\n"]);
        check("a\n", "", &["a\n→"]);
        check("a\nb\n", "a\nb2\nb\n", &["→b2\n"]);
        check("a\nb\nc\n", "a\nc\n", &["b\n→"]);
    }

    #[test]
    fn only_the_words_that_changed_are_sent() {
        check("let a = one(b);\n", "let a = two(b);\n", &["one→two"]);
        check("f(a, b)", "f(a, bb, c)", &["→b, c"]);
        check("  x\n  y\n", "    x\n    y\n", &["→  ", "→  "]);
        check("a one then two c\n", "a 1 then 2 c\n", &["one→1", "two→2"]);
    }

    #[test]
    fn changes_that_leave_little_between_them_become_one() {
        check("foo.bar(x)", "baz.qux(x)", &["foo.bar→baz.qux"]);
        check("alpha\nbeta\n", "x\ny\n", &["alpha→x", "beta→y"]);
    }

    #[test]
    fn graphemes_and_terminators_stay_whole() {
        check("e x", "e\u{301} x", &["e→e\u{301}"]);
        check("a😀b", "a😁b", &["😀→😁"]);
        check("👩‍👩‍👧 x", "👩‍👩‍👦 x", &["👩‍👩‍👧→👩‍👩‍👦"]);
        check("a\rb", "a\r\nb", &["\r→\r\n"]);
        check("a\r\nb", "a\nb", &["\r\n→\n"]);
        check("🇩🇪🇩🇪", "🇩🇪", &["🇩🇪→"]);
    }

    #[test]
    fn one_changed_line_in_a_thousand_sends_one_lines_worth() {
        let old: String = (0..1_000)
            .map(|n| format!("    let v{n} = compute({n});\n"))
            .collect();
        let new = old.replace("compute(500)", "reckon(500)");
        check(&old, &new, &["compute→reckon"]);
    }

    #[test]
    fn a_name_changed_in_every_line_is_an_edit_a_line() {
        let old: String = (0..2_000)
            .map(|n| format!("    let v{n} = old_name({n}) + {n};\n"))
            .collect();
        let found = edits(&old, &old.replace("old_name", "newer"));
        assert_eq!(found.len(), 2_000);
        assert!(found.iter().all(|edit| edit.text.len() <= "newer".len()));
        assert_eq!(apply(&old, &found), old.replace("old_name", "newer"));
    }

    #[test]
    fn lines_that_are_only_indented_get_their_indentation() {
        let old: String = (0..2_000)
            .map(|n| format!("let v{n} = name({n}) + {n};\n"))
            .collect();
        let new = format!(
            "if x {{\n    {}\n}}\n",
            old.trim_end().replace('\n', "\n    ")
        );
        let found = edits(&old, &new);
        assert_eq!(apply(&old, &found), new);
        assert_eq!(
            found.iter().map(|edit| edit.text.len()).sum::<usize>(),
            2_000 * 4 + 9
        );
        assert!(found.iter().all(|edit| edit.range.is_empty()));
    }

    /// Texts made of few words, in which everything seems to match everything.
    fn noise(seed: u64, words: usize, between: &str) -> String {
        let mut state = seed;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 60) % 5
        };
        (0..words)
            .map(|_| format!("w{}{between}", next()))
            .collect()
    }

    #[test]
    fn hostile_texts_fall_back_to_coarser_edits() {
        let cases = [
            (noise(1, 200_000, "\n"), noise(2, 200_000, "\n")),
            (noise(1, 300_000, " "), noise(2, 300_000, " ")),
            (noise(1, 4_000, "\n"), noise(2, 4_001, "\n")),
            (
                format!("x{}", "\u{301}".repeat(50_000)),
                format!("x{}", "\u{301}".repeat(49_999)),
            ),
            ("🇩".repeat(20_001), "🇩".repeat(20_000)),
        ];
        for (old, new) in &cases {
            let found = edits(old, new);
            assert!(apply(old, &found) == *new);
            assert_eq!(found, edits(old, new));
        }
        assert_eq!(edits(&cases[0].0, &cases[0].0), []);
        assert_eq!(edits(&cases[0].0, &cases[0].1).len(), 1);
        assert_eq!(edits(&cases[1].0, &cases[1].1).len(), 1);
    }

    #[test]
    fn edits_that_do_not_fit_never_panic() {
        let edit = |range, text: &str| Edit {
            range,
            text: text.into(),
        };
        assert_eq!(apply("a😀b", &[edit(2..3, "x")]), "x");
        assert_eq!(apply("abc", &[edit(1..2, "x"), edit(0..1, "y")]), "axyc");
        assert_eq!(apply("abc", &[edit(7..9, "x")]), "x");
    }

    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("\r"),
            Just("\n"),
            Just("\r\n"),
            Just("a"),
            Just("b"),
            Just("ab_c1"),
            Just(" "),
            Just("("),
            Just("é"),
            Just("e\u{301}"),
            Just("\u{301}"),
            Just("😀"),
            Just("😁"),
            Just("👩‍👩‍👧"),
            Just("\u{200d}"),
            Just("🇩"),
            Just("🇪"),
            Just("ำ"),
            Just("ก"),
            Just("क्"),
            Just("त"),
        ];
        prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
    }

    /// Two texts; often the second shares its start and its end with the first.
    fn texts() -> impl Strategy<Value = (String, String)> {
        let parts = (pieces(), pieces(), pieces(), pieces(), any::<bool>());
        parts.prop_map(|(start, old, new, end, kept)| {
            if kept {
                (format!("{start}{old}{end}"), format!("{start}{new}{end}"))
            } else {
                (old, new)
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3_000, rng_seed: RngSeed::Fixed(5), ..Default::default() })]

        #[test]
        fn edits_applied_give_the_new_text((old, new) in texts()) {
            judges::give_the_new_text(&old, &new);
        }

        #[test]
        fn an_editor_gets_the_new_text_in_every_encoding((old, new) in texts()) {
            judges::arrive_in_every_encoding(&old, &new);
        }
    }
}
