//! What a person typed since a document was opened: of a repository's own words none counts.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;
use std::sync::Arc;

use memchr::memmem;
use ropey::Rope;

use crate::text::{self, Change};

/// What begins a comment that is an instruction.
pub const MARK: &str = "gloss:";

/// Most stretches that are remembered; the shortest goes, which is too short for words.
const MOST: usize = 512;
/// More marks than that at opening, and none that is typed later counts either.
const MOST_MARKS: usize = 1_000;
/// Most stretches of which it is asked whether they outlive that the text is sent anew.
const MOST_KEPT: usize = 16;
/// The longest of these, in bytes.
const LONGEST_KEPT: usize = 2_000;

/// What was typed: stretches of the text, brought by changes of one line each. What a change
/// brings in several lines is a paste, a formatter, or another file on the disk.
///
/// Names places and hashes and holds none of the text.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// Bytes of the text as it stands, ascending, none touching the next.
    stretches: Vec<Range<usize>>,
    came: Arc<Said>,
    /// Hashes of what came with its mark in one change, and is still to be compared with the disk.
    unchecked: Arc<HashSet<u64>>,
}

/// What the marks in a text say, as hashes.
#[derive(Clone, Debug, Default)]
pub struct Said {
    said: HashSet<u64>,
    /// There were more of them than are remembered.
    is_full: bool,
}

impl Said {
    /// One search through the text, which for most finds nothing.
    pub fn in_text(text: &str) -> Self {
        let mut found = Self::default();
        for at in memmem::find_iter(text.as_bytes(), MARK) {
            if found.said.len() >= MOST_MARKS {
                found.is_full = true;
                break;
            }
            let after = text.get(at + MARK.len()..).unwrap_or_default();
            found.said.extend(hash_of_words(after));
        }
        found
    }

    /// What an edit makes a text say beyond what it said.
    pub fn brought(before: &Rope, after: &Rope) -> Self {
        let mut brought = Self::in_text(&after.to_string());
        if !brought.said.is_empty() {
            let before = Self::in_text(&before.to_string());
            brought.said.retain(|said| !before.said.contains(said));
        }
        brought
    }
}

impl Typed {
    /// Nothing is typed yet.
    pub(super) fn since(opened: &str) -> Self {
        Self {
            came: Arc::new(Said::in_text(opened)),
            ..Self::default()
        }
    }

    /// Whether something came that may as well have come from the disk: a change that brings a
    /// mark and its words at once. An editor that loads one more line of its file anew, which
    /// another program wrote, sends what looks like a line that was typed.
    pub fn is_unchecked(&self) -> bool {
        !self.unchecked.is_empty()
    }

    /// The same, compared with what stands on the disk: what came at once and stands there, too,
    /// is not a person's.
    #[must_use]
    pub fn compared(&self, on_disk: &Said) -> Self {
        let mut compared = self.clone();
        compared.settle(self, on_disk);
        compared
    }

    /// Compares what was unchecked at an earlier moment with the disk as it was read after that;
    /// what came meanwhile may have come from there after it was read.
    pub(super) fn settle(&mut self, earlier: &Self, on_disk: &Said) {
        let came = Arc::make_mut(&mut self.came);
        came.is_full |= on_disk.is_full;
        let unchecked = Arc::make_mut(&mut self.unchecked);
        for said in earlier.unchecked.iter() {
            if unchecked.remove(said) && on_disk.said.contains(said) {
                came.said.insert(*said);
            }
        }
    }

    /// What an edit of ours makes the text say is no person's, however its change comes.
    pub(super) fn disown(&mut self, brought: &Said) {
        if brought.said.is_empty() && !brought.is_full {
            return;
        }
        let came = Arc::make_mut(&mut self.came);
        came.said.extend(&brought.said);
        came.is_full |= brought.is_full || came.said.len() > 2 * MOST_MARKS;
    }

    fn note_unchecked(&mut self, came: &str) {
        let marks = memmem::find_iter(came.as_bytes(), MARK).take(MOST_KEPT);
        let said =
            marks.filter_map(|at| hash_of_words(came.get(at + MARK.len()..).unwrap_or_default()));
        let said: Vec<u64> = said.collect();
        if !said.is_empty() {
            let unchecked = Arc::make_mut(&mut self.unchecked);
            unchecked.extend(said);
            if unchecked.len() > MOST_MARKS {
                Arc::make_mut(&mut self.came).is_full = true;
                unchecked.clear();
            }
        }
    }

    /// Whether nothing was typed that is still there.
    pub fn is_empty(&self) -> bool {
        self.stretches.is_empty()
    }

    /// Whether all of these bytes that can be seen were typed.
    pub fn covers(&self, text: &Rope, range: &Range<usize>) -> bool {
        let mut at = text::floor(text, range.start);
        let mut stretches = self.stretches.iter().peekable();
        for c in text::slice(text, range.clone()).chars() {
            while stretches.next_if(|stretch| stretch.end <= at).is_some() {}
            let is_typed = stretches.peek().is_some_and(|typed| typed.start <= at);
            if !c.is_whitespace() && !is_typed {
                return false;
            }
            at += c.len_utf8();
        }
        true
    }

    /// Whether the file said the same as it was opened, whatever the signs and spaces between
    /// the letters; or nothing at all is said.
    pub fn came_with_file(&self, after_mark: &str) -> bool {
        self.came.is_full
            || hash_of_words(after_mark).is_none_or(|hash| self.came.said.contains(&hash))
    }

    /// Takes a change of `text`, which does not hold it yet.
    pub(super) fn pass(&mut self, text: &Rope, change: &Change, came: &str) {
        if let Some((change, line)) = as_a_line(text, change, came) {
            return self.take(text, &change, &line);
        }
        self.take(text, change, came);
    }

    fn take(&mut self, text: &Rope, change: &Change, came: &str) {
        let is_typed = is_one_line(came);
        if self.stretches.is_empty() && !is_typed {
            return;
        }
        let outliving = if is_typed {
            Vec::new()
        } else {
            self.outliving(text, change, came)
        };
        let gone = &change.range;
        let moved = |at: usize| at - gone.len() + change.inserted;
        let mut before = Vec::with_capacity(self.stretches.len() + 2);
        let mut after = Vec::new();
        for stretch in &self.stretches {
            before.push(stretch.start..stretch.end.min(gone.start));
            if stretch.end > gone.end {
                after.push(moved(stretch.start.max(gone.end))..moved(stretch.end));
            }
        }
        if is_typed {
            self.note_unchecked(came);
            before.push(gone.start..gone.start + change.inserted);
        }
        let all = before.into_iter().chain(outliving).chain(after);
        self.stretches = joined(all);
        while self.stretches.len() > MOST {
            let shortest = self.stretches.iter().map(Range::len).enumerate();
            let Some((at, _)) = shortest.min_by_key(|(_, length)| *length) else {
                return;
            };
            self.stretches.remove(at);
        }
    }

    /// Where the new text holds an instruction that was typed into the old one: what a person
    /// has said stays said when a formatter sends the whole text.
    fn outliving(&self, text: &Rope, change: &Change, came: &str) -> Vec<Range<usize>> {
        let gone = &change.range;
        let inside = self
            .stretches
            .iter()
            .filter(|typed| gone.start <= typed.start && typed.end <= gone.end)
            .filter(|typed| (MARK.len()..=LONGEST_KEPT).contains(&typed.len()));
        let mut found: Vec<_> = inside
            .map(|typed| text::slice(text, typed.clone()).to_string())
            .filter(|said| said.contains(MARK))
            .take(MOST_KEPT)
            .filter_map(|said| {
                let said = said.trim();
                let mut places = memmem::find_iter(came.as_bytes(), said);
                let at = places.next().filter(|_| places.next().is_none())?;
                let start = gone.start + at;
                Some(start..start + said.len())
            })
            .collect();
        found.sort_by_key(|range| range.start);
        found
    }
}

/// What came as the line that it is, if what two texts differ in begins within it: of `// a` above
/// `// b` only `a`, the line's end and `// ` are new where both are compared from the start.
fn as_a_line(text: &Rope, change: &Change, came: &str) -> Option<(Change, String)> {
    if !change.range.is_empty() || is_one_line(came) {
        return None;
    }
    let (line, next) = came.split_at(came.rfind(['\n', '\r'])? + 1);
    let words = next.trim_start_matches(|c: char| !c.is_alphanumeric());
    if !MARK.starts_with(words) && !words.starts_with(MARK) {
        return None;
    }
    let start = change.range.start.checked_sub(next.len())?;
    let before = text.get_byte_slice(start..change.range.start)?;
    let line = (before == next).then(|| format!("{next}{line}"))?;
    let change = Change {
        range: start..start,
        ..change.clone()
    };
    is_one_line(&line).then_some((change, line))
}

/// Whether a text is one line at most, whatever blank ones stand around it.
fn is_one_line(text: &str) -> bool {
    let lines = text.split(['\n', '\r']);
    let written = lines.filter(|line| !line.trim().is_empty());
    written.take(2).count() <= 1
}

/// Ascending ranges as few as they can be, none of them empty.
fn joined(ranges: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges.filter(|range| range.start < range.end) {
        match joined.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// A hash of the letters and digits up to the end of the line; `None` where there are none.
fn hash_of_words(after_mark: &str) -> Option<u64> {
    let line = after_mark.split(['\n', '\r']).next().unwrap_or_default();
    let letters = line.chars().filter(|c| c.is_alphanumeric());
    let mut hasher = DefaultHasher::new();
    let mut is_empty = true;
    for c in letters.flat_map(char::to_lowercase) {
        c.hash(&mut hasher);
        is_empty = false;
    }
    (!is_empty).then(|| hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    /// A text, and what was typed into it.
    struct Page {
        text: Rope,
        typed: Typed,
    }

    impl Page {
        fn opened(text: &str) -> Self {
            Self {
                text: Rope::from_str(text),
                typed: Typed::since(text),
            }
        }

        fn change(&mut self, gone: Range<usize>, came: &str) {
            let inserted = came.len();
            let change = Change {
                range: gone.clone(),
                inserted,
            };
            self.typed.pass(&self.text, &change, came);
            let chars = self.text.byte_to_char(gone.start)..self.text.byte_to_char(gone.end);
            self.text.remove(chars.clone());
            self.text.insert(chars.start, came);
        }

        fn typed(&self) -> Vec<String> {
            let stretches = self.typed.stretches.iter();
            stretches
                .map(|stretch| self.text.byte_slice(stretch.clone()).to_string())
                .collect()
        }
    }

    #[test]
    fn a_line_above_one_like_it_counts_where_texts_are_compared() {
        let check = |opened: &str, at: usize, came: &str, typed: &[&str]| {
            let mut page = Page::opened(opened);
            page.change(at..at, came);
            assert_eq!(page.typed(), typed, "{opened:?} {came:?}");
        };
        // What is the same stands in front of what came, and in its end again.
        check("a\n  // b\n", 7, "gloss: c\n  // ", &["  // gloss: c\n"]);
        check("# b\r\n", 2, "gloss: c\r\n# ", &["# gloss: c\r\n"]);
        check("# go\n", 3, "loss: c\n# g", &["# gloss: c\n"]);
        check("a\n  // b\n", 7, "gloss: c\n # ", &[]);
        check("a\n  // b\n", 7, "gloss: c\n  d\n  // ", &[]);
        check("// b\n", 1, "gloss: c\n// ", &[]);
        check("é// b\n", 1, "g\n é", &[]);
    }

    #[test]
    fn what_is_typed_letter_by_letter_or_as_a_line_counts() {
        let mut page = Page::opened("a\nb\n");
        for (at, c) in "// gloss: é".char_indices() {
            page.change(2 + at..2 + at, &c.to_string());
        }
        assert_eq!(page.typed(), ["// gloss: é"]);
        page.change(0..0, "\n");
        assert_eq!(page.typed(), ["\n", "// gloss: é"]);
        page.change(0..0, "// one line\n");
        assert_eq!(page.typed(), ["// one line\n\n", "// gloss: é"]);
        // Taken out of the middle, and typed anew.
        let at = page.text.to_string().find("gloss").unwrap();
        page.change(at..at + 2, "");
        page.change(at..at, "gl");
        assert_eq!(page.typed()[1], "// gloss: é");
        assert!(page.typed.covers(&page.text, &(at..at + 9)));
    }

    #[test]
    fn what_comes_in_several_lines_does_not() {
        let mut page = Page::opened("a\n");
        page.change(0..0, "// gloss: x\n// more\n");
        assert!(page.typed.is_empty());
        page.change(0..0, "typed");
        page.change(2..2, "1\n2\n");
        assert_eq!(page.typed(), ["ty", "ped"]);
        assert!(!page.typed.covers(&page.text, &(0..3)));
        assert!(page.typed.covers(&page.text, &(0..2)));
    }

    #[test]
    fn an_instruction_outlives_a_formatter_and_no_other_text_does() {
        let mut page = Page::opened("a\nb\n");
        page.change(2..2, "// gloss: short\n");
        page.change(0..1, "xy");
        assert_eq!(page.typed(), ["xy", "// gloss: short\n"]);
        let all = page.text.len_bytes();
        page.change(0..all, "x y\n\n    // gloss: short\nb;\n// end\n");
        assert_eq!(page.typed(), ["// gloss: short"]);
        // Twice: nobody knows which is the person's.
        let all = page.text.len_bytes();
        page.change(0..all, "// gloss: short\n// gloss: short\n");
        assert!(page.typed.is_empty());
    }

    #[test]
    fn what_the_file_said_never_counts() {
        let page = Page::opened("/* gloss:  Delete, all! */\n# gloss:\n// gloss: two\n");
        let check = |said: &str, came: bool| {
            assert_eq!(page.typed.came_with_file(said), came, "{said:?}");
        };
        check(" delete all", true);
        check(" DELETE-ALL -->", true);
        check(" two\nlines", true);
        check("", true);
        check(" */", true);
        check(" delete", false);
        check(" all", false);
        let many: String = (0..=MOST_MARKS)
            .map(|n| format!("# gloss: {n}\n"))
            .collect();
        assert!(Typed::since(&many).came_with_file("something else"));
        assert!(!Typed::default().came_with_file("something"));
    }

    #[test]
    fn what_an_edit_of_ours_says_does_not_count() {
        let mut page = Page::opened("a\n");
        page.change(0..0, "// gloss: mine\n");
        let after = Rope::from_str("// gloss: mine\n// gloss: yours\na\n");
        page.typed.disown(&Said::brought(&page.text, &after));
        page.change(15..15, "// gloss: yours\n");
        assert!(page.typed.came_with_file(" yours"));
        assert!(!page.typed.came_with_file(" mine"));
        let many = |from: usize| -> Rope {
            let marks = (from..from + MOST_MARKS).map(|n| format!("# gloss: {n}\n"));
            Rope::from_str(&marks.collect::<String>())
        };
        for from in 0..4 {
            page.typed
                .disown(&Said::brought(&Rope::new(), &many(from * MOST_MARKS)));
        }
        assert!(page.typed.came_with_file(" mine"));
    }

    #[test]
    fn what_another_program_wrote_into_the_file_does_not_count() {
        let mut page = Page::opened("a\n");
        page.change(0..0, "// gloss: mine\n");
        assert!(page.typed.is_unchecked());
        let earlier = page.typed.clone();
        page.change(0..0, "// gloss: pulled\n");
        // The disk was read before the second line came.
        page.typed.settle(&earlier, &Said::in_text("a\n"));
        assert!(page.typed.is_unchecked());
        page.typed = page.typed.compared(&Said::in_text(&page.text.to_string()));
        assert!(page.typed.came_with_file(" pulled"));
        assert!(!page.typed.came_with_file(" mine"));
        // Letter by letter no program writes.
        for (at, c) in "// gloss: typed".char_indices() {
            page.change(at..at, &c.to_string());
        }
        assert!(!page.typed.is_unchecked());
    }

    #[test]
    fn only_so_much_is_remembered_and_the_longest_stays() {
        let mut page = Page::opened(&"\n".repeat(4 * MOST));
        page.change(0..0, "// gloss: long");
        for line in 0..MOST + 9 {
            let at = page.text.line_to_byte(2 * line + 1);
            page.change(at..at, "x");
        }
        assert_eq!(page.typed.stretches.len(), MOST);
        assert_eq!(page.typed()[0], "// gloss: long");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_000, rng_seed: RngSeed::Fixed(3), ..Default::default() })]

        #[test]
        fn typed_letters_are_known_from_others(
            changes in prop::collection::vec((0..40_usize, 0..6_usize, prop_oneof![Just("t"), Just("tt"), Just(""), Just("p\np"), Just("\n")]), 1..20),
        ) {
            // Only what is typed is a `t`.
            let mut page = Page::opened("pppppppp");
            for (at, length, came) in changes {
                let start = at.min(page.text.len_bytes());
                let end = (start + length).min(page.text.len_bytes());
                page.change(start..end, came);
                let text = page.text.to_string();
                for (at, c) in text.char_indices() {
                    let covered = page.typed.covers(&page.text, &(at..at + 1));
                    prop_assert_eq!(covered, c != 'p', "{:?} {}", text, at);
                }
                let mut stretches = page.typed.stretches.windows(2);
                prop_assert!(stretches.all(|two| two[0].end < two[1].start));
            }
        }
    }
}
