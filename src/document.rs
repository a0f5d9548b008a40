//! Open documents, their versions, and the ranges that move with what is typed.

mod journal;
mod typed;

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use ropey::Rope;

use journal::{Expected, Journal};
pub use typed::{MARK, Said, Typed};

use crate::syntax::Language;
use crate::text::{self, Change, Encoding, Position, Shifted};

/// What a request sees: one document as it stood at the request's place in the stream.
///
/// Cloning it costs nanoseconds; it shares its text with the document it was taken from.
#[derive(Clone)]
pub struct Snapshot {
    pub uri: Arc<str>,
    /// The editor's name for the language, as in `textDocument/didOpen`.
    pub language_id: Arc<str>,
    /// The language's grammar, where Gloss carries one.
    pub language: Option<Language>,
    /// The version the editor last named, as it named it.
    pub version: i32,
    /// The whole text, a byte order mark included.
    pub text: Rope,
    /// What of the text a person typed since the document was opened.
    pub typed: Arc<Typed>,
}

/// Names the document and never prints the user's text, so that a snapshot may stand in a log.
impl fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Snapshot")
            .field("uri", &self.uri)
            .field("language_id", &self.language_id)
            .field("version", &self.version)
            .field("bytes", &self.text.len_bytes())
            .finish_non_exhaustive()
    }
}

/// One entry of `contentChanges`; without a range it replaces the whole text.
#[derive(Clone, Debug)]
pub struct ContentChange {
    pub range: Option<(Position, Position)>,
    pub text: String,
}

/// Names a range that moves with its document; see [`Documents::track`].
///
/// No two are alike, also not those of two documents or of one before and after it was reopened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Anchor(pub u64);

/// A tracked range as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// In bytes of the text as it stands now.
    pub range: Range<usize>,
    /// Whether any change since [`Documents::track`] reached into the range.
    pub touched: bool,
}

/// All open documents, by uri.
#[derive(Debug, Default)]
pub struct Documents {
    open: HashMap<Arc<str>, Document>,
    anchors_given: u64,
}

impl Documents {
    /// Opens a document. One that is open under this uri is closed first, its anchors released.
    pub fn open(&mut self, uri: &str, language_id: &str, version: i32, text: &str) {
        let snapshot = Snapshot {
            uri: uri.into(),
            language_id: language_id.into(),
            language: Language::from_id(language_id),
            version,
            text: Rope::from_str(text),
            typed: Arc::new(Typed::since(text)),
        };
        let document = Document {
            snapshot,
            anchors: HashMap::new(),
            journals: HashMap::new(),
            expected: HashMap::new(),
        };
        self.open.insert(uri.into(), document);
    }

    /// Applies the changes in order. `false` when the document is not open.
    ///
    /// Positions are clamped as [`text::offset`] says. Whatever version the editor names is
    /// taken as it stands: it owns the document, and the order of arrival is the order that counts.
    pub fn change(
        &mut self,
        uri: &str,
        version: i32,
        changes: &[ContentChange],
        encoding: Encoding,
    ) -> bool {
        let Some(document) = self.open.get_mut(uri) else {
            return false;
        };
        for change in changes {
            document.apply(change, encoding);
        }
        document.snapshot.version = version;
        true
    }

    /// Takes what the document's file held after `earlier`, to tell what a person typed from what
    /// another program wrote; see [`Typed::compared`].
    pub fn compare(&mut self, uri: &str, earlier: &Typed, on_disk: &Said) {
        if let Some(document) = self.open.get_mut(uri) {
            Arc::make_mut(&mut document.snapshot.typed).settle(earlier, on_disk);
        }
    }

    /// Takes what an edit of ours, which is about to be sent, makes a document say: it is not what a
    /// person typed.
    pub fn disown(&mut self, uri: &str, brought: &Said) {
        if let Some(document) = self.open.get_mut(uri) {
            Arc::make_mut(&mut document.snapshot.typed).disown(brought);
        }
    }

    /// Forgets a document and its anchors. `false` when it was not open.
    pub fn close(&mut self, uri: &str) -> bool {
        self.open.remove(uri).is_some()
    }

    /// The document as it stands now; `None` when it is not open.
    pub fn snapshot(&self, uri: &str) -> Option<Snapshot> {
        Some(self.open.get(uri)?.snapshot.clone())
    }

    /// Follows `range` through every later change, until [`Documents::release`] or close.
    ///
    /// The range is in bytes, clamped to the text and rounded down to char boundaries; `None`
    /// when the document is not open. How it moves is said at [`text::shift`]. A change counts
    /// as what differs between the text it replaces and the text it brings.
    pub fn track(&mut self, uri: &str, range: Range<usize>) -> Option<Anchor> {
        let document = self.open.get_mut(uri)?;
        let text = &document.snapshot.text;
        let end = text::floor(text, range.end);
        let start = text::floor(text, range.start).min(end);
        let anchor = Anchor(self.anchors_given);
        self.anchors_given += 1;
        document.anchors.insert(
            anchor,
            Tracked {
                range: start..end,
                touched: false,
            },
        );
        Some(anchor)
    }

    /// Where a tracked range stands now; `None` when it was released or its document closed.
    pub fn tracked(&self, uri: &str, anchor: Anchor) -> Option<Tracked> {
        self.open.get(uri)?.anchors.get(&anchor).cloned()
    }

    /// All tracked ranges of a document as they stand now; `None` when it is not open.
    pub fn all_tracked(&self, uri: &str) -> Option<&HashMap<Anchor, Tracked>> {
        Some(&self.open.get(uri)?.anchors)
    }

    /// Begins to write down changes, so that a range of the text as it is now can be found
    /// later, even one that is not known yet; until [`Documents::release`] or close.
    pub fn journal(&mut self, uri: &str) -> Option<Anchor> {
        let document = self.open.get_mut(uri)?;
        let anchor = Anchor(self.anchors_given);
        self.anchors_given += 1;
        document.journals.insert(anchor, Journal::default());
        Some(anchor)
    }

    /// Where `range`, of the text as it was when the journal began, stands now; `None` when
    /// the journal was released or its document closed.
    pub fn since(&self, uri: &str, journal: Anchor, range: &Range<usize>) -> Option<Shifted> {
        Some(self.open.get(uri)?.journals.get(&journal)?.moved(range))
    }

    /// Watches for the document to be exactly `text`, if only for a moment between two changes;
    /// until [`Documents::release`] or close.
    pub fn watch_for(&mut self, uri: &str, text: Rope) -> Option<Anchor> {
        let document = self.open.get_mut(uri)?;
        let anchor = Anchor(self.anchors_given);
        self.anchors_given += 1;
        document.expected.insert(anchor, Expected::to_be(text));
        Some(anchor)
    }

    /// Whether the document was what was expected of it at any time since.
    pub fn met(&self, uri: &str, expected: Anchor) -> bool {
        let document = self.open.get(uri);
        document
            .and_then(|document| document.expected.get(&expected))
            .is_some_and(Expected::is_met)
    }

    /// Stops following a range, writing a journal or expecting a text.
    pub fn release(&mut self, uri: &str, anchor: Anchor) {
        if let Some(document) = self.open.get_mut(uri) {
            document.anchors.remove(&anchor);
            document.journals.remove(&anchor);
            document.expected.remove(&anchor);
        }
    }

    /// The uris of all open documents, in no order.
    pub fn uris(&self) -> impl Iterator<Item = &Arc<str>> {
        self.open.keys()
    }

    /// How many documents are open.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The size of all open texts, in bytes of UTF-8.
    pub fn text_bytes(&self) -> usize {
        let texts = self.open.values().map(|document| &document.snapshot.text);
        texts.map(Rope::len_bytes).sum()
    }
}

#[derive(Debug)]
struct Document {
    snapshot: Snapshot,
    anchors: HashMap<Anchor, Tracked>,
    journals: HashMap<Anchor, Journal>,
    expected: HashMap<Anchor, Expected>,
}

impl Document {
    fn apply(&mut self, change: &ContentChange, encoding: Encoding) {
        let text = &self.snapshot.text;
        let range = match change.range {
            Some((start, end)) => text::byte_range(text, start, end, encoding),
            None => 0..text.len_bytes(),
        };
        self.replace(range, &change.text);
    }

    /// Puts `new` where `range` was, which lies within the text on char boundaries.
    ///
    /// Editors send more than what was changed: a formatter the whole text, others whole lines.
    /// Only what differs is replaced, so that anchors in the rest live on and the rope stays shared.
    fn replace(&mut self, range: Range<usize>, new: &str) {
        let Snapshot { text, typed, .. } = &mut self.snapshot;
        let middle = text::middle(text.byte_slice(range.clone()), new);
        let came = new.get(middle.new).unwrap_or_default();
        let gone = range.start + middle.old.start..range.start + middle.old.end;
        if gone.is_empty() && came.is_empty() {
            return;
        }
        let change = Change {
            range: gone.clone(),
            inserted: came.len(),
        };
        Arc::make_mut(typed).pass(text, &change, came);
        if gone.len() == text.len_bytes() {
            *text = Rope::from_str(came);
        } else {
            let chars = text.byte_to_char(gone.start)..text.byte_to_char(gone.end);
            text.remove(chars.clone());
            text.insert(chars.start, came);
        }
        for tracked in self.anchors.values_mut() {
            tracked.pass(&change);
        }
        for journal in self.journals.values_mut() {
            journal.pass(&change);
        }
        for expected in self.expected.values_mut() {
            expected.look_at(&self.snapshot.text);
        }
    }
}

impl Tracked {
    fn pass(&mut self, change: &Change) {
        match text::shift(&self.range, change) {
            Shifted::Outside(range) => self.range = range,
            Shifted::Touched(range) => {
                self.range = range;
                self.touched = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use crate::judges::documents as judges;
    use Encoding::{Utf8, Utf16, Utf32};

    const URI: &str = "file:///a.rs";

    fn opened(text: &str) -> Documents {
        let mut documents = Documents::default();
        documents.open(URI, "rust", 1, text);
        documents
    }

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    fn typed(start: Position, end: Position, text: &str) -> ContentChange {
        ContentChange {
            range: Some((start, end)),
            text: text.into(),
        }
    }

    fn whole(text: &str) -> ContentChange {
        ContentChange {
            range: None,
            text: text.into(),
        }
    }

    fn text_of(documents: &Documents) -> String {
        documents.snapshot(URI).unwrap().text.to_string()
    }

    /// What stands at `range` of `old` is tracked; where does it stand after the changes?
    fn check(
        old: &str,
        range: Range<usize>,
        changes: &[ContentChange],
        now: Range<usize>,
        touched: bool,
    ) {
        let mut documents = opened(old);
        let anchor = documents.track(URI, range).unwrap();
        assert!(documents.change(URI, 2, changes, Utf16));
        let expected = Tracked {
            range: now,
            touched,
        };
        assert_eq!(
            documents.tracked(URI, anchor),
            Some(expected),
            "{old:?} {changes:?}"
        );
    }

    #[test]
    fn changes_apply_in_order_and_the_last_version_counts() {
        let mut documents = opened("one\ntwo\n");
        let before = documents.snapshot(URI).unwrap();
        let changes = [
            typed(at(0, 0), at(0, 3), "μ"),
            typed(at(0, 1), at(1, 0), " "),
            whole(""),
        ];
        assert!(documents.change(URI, 2, &changes[..2], Utf16));
        assert_eq!(text_of(&documents), "μ two\n");
        assert!(documents.change(URI, 9, &changes[2..], Utf16));
        assert_eq!(text_of(&documents), "");
        assert_eq!(documents.snapshot(URI).unwrap().version, 9);
        assert_eq!(
            (before.version, before.text.to_string().as_str()),
            (1, "one\ntwo\n")
        );
    }

    #[test]
    fn a_journal_finds_any_range_of_the_text_it_began_with() {
        let check = |changes: &[ContentChange], range: Range<usize>, now: Shifted| {
            let mut documents = opened("one two");
            let journal = documents.journal(URI).unwrap();
            assert!(documents.change(URI, 2, changes, Utf16));
            assert_eq!(
                documents.since(URI, journal, &range),
                Some(now),
                "{changes:?}"
            );
            documents.release(URI, journal);
            assert_eq!(documents.since(URI, journal, &range), None);
        };
        let before = typed(at(0, 0), at(0, 0), "ab ");
        let within = typed(at(0, 8), at(0, 9), "W");
        check(&[], 4..7, Shifted::Outside(4..7));
        check(std::slice::from_ref(&before), 4..7, Shifted::Outside(7..10));
        check(
            &[before.clone(), within.clone()],
            4..7,
            Shifted::Touched(7..10),
        );
        check(
            &[before.clone(), within, before],
            4..7,
            Shifted::Touched(10..13),
        );
        // Emptied and refilled.
        let refilled = [whole(""), whole("zero one two")];
        check(&refilled, 4..7, Shifted::Touched(0..12));
    }

    #[test]
    fn an_expected_text_is_seen_even_between_two_changes() {
        let mut documents = opened("one two");
        let expected = documents.watch_for(URI, Rope::from_str("one 2")).unwrap();
        assert!(!documents.met(URI, expected));
        let changes = [
            typed(at(0, 4), at(0, 7), "2"),
            typed(at(0, 0), at(0, 0), "zero "),
        ];
        assert!(documents.change(URI, 2, &changes, Utf16));
        assert_eq!(text_of(&documents), "zero one 2");
        assert!(documents.met(URI, expected));
        documents.release(URI, expected);
        assert!(!documents.met(URI, expected));
    }

    #[test]
    fn a_document_never_opened_is_refused() {
        let mut documents = opened("a");
        let other = "file:///b.rs";
        let anchor = documents.track(URI, 0..1).unwrap();
        assert!(!documents.change(other, 2, &[whole("b")], Utf16));
        assert!(!documents.close(other));
        assert!(documents.snapshot(other).is_none());
        assert_eq!(documents.track(other, 0..0), None);
        assert_eq!(documents.tracked(other, anchor), None);
        documents.release(other, anchor);
        assert!(documents.tracked(URI, anchor).is_some());
    }

    #[test]
    fn closing_frees_text_and_anchors() {
        let mut documents = opened("some text");
        documents.open("untitled:1", "plaintext", 1, "\u{feff}x");
        assert_eq!((documents.len(), documents.text_bytes()), (2, 13));
        let anchor = documents.track(URI, 0..4).unwrap();
        assert!(documents.close(URI));
        assert!(!documents.close(URI));
        assert_eq!(documents.text_bytes(), 4);
        let uris: Vec<_> = documents
            .uris()
            .map(std::string::ToString::to_string)
            .collect();
        assert_eq!(uris, ["untitled:1"]);
        documents.open(URI, "rust", 1, "some text");
        assert_eq!(documents.tracked(URI, anchor), None);
        assert_ne!(documents.track(URI, 0..4), Some(anchor));
        assert!(documents.close(URI) && documents.close("untitled:1") && documents.is_empty());
    }

    #[test]
    fn opening_again_replaces_and_releases() {
        let mut documents = opened("old");
        let anchor = documents.track(URI, 0..3).unwrap();
        documents.open(URI, "cobol", 7, "new");
        let snapshot = documents.snapshot(URI).unwrap();
        assert_eq!(
            (snapshot.version, snapshot.language, &*snapshot.language_id),
            (7, None, "cobol")
        );
        assert_eq!(
            (snapshot.text.to_string().as_str(), documents.len()),
            ("new", 1)
        );
        assert_eq!(documents.tracked(URI, anchor), None);
    }

    #[test]
    fn a_snapshot_names_its_language_but_prints_no_text() {
        let snapshot = opened("the user's code").snapshot(URI).unwrap();
        assert_eq!(snapshot.language, Some(Language::Rust));
        assert!(!format!("{snapshot:?}").contains("code"));
    }

    #[test]
    fn a_tracked_range_is_clamped_and_a_released_one_is_gone() {
        let mut documents = opened("a😀b");
        for (wild, expected) in [
            (2..99, 1..6),
            (99..100, 6..6),
            (Range { start: 5, end: 2 }, 1..1),
        ] {
            let anchor = documents.track(URI, wild).unwrap();
            assert_eq!(documents.tracked(URI, anchor).unwrap().range, expected);
            documents.release(URI, anchor);
            assert_eq!(documents.tracked(URI, anchor), None);
        }
    }

    #[test]
    fn a_range_moves_with_what_is_typed_around_it() {
        let old = "fn a() {}\nfn b() {}\nfn c() {}\n";
        check(
            old,
            10..19,
            &[typed(at(0, 0), at(0, 0), "// é\n")],
            16..25,
            false,
        );
        check(
            old,
            10..19,
            &[typed(at(1, 0), at(1, 0), "pub ")],
            14..23,
            false,
        );
        check(
            old,
            10..19,
            &[typed(at(1, 9), at(1, 9), " // b")],
            10..19,
            false,
        );
        check(old, 10..19, &[typed(at(0, 0), at(1, 0), "")], 0..9, false);
        check(
            old,
            10..19,
            &[typed(at(1, 3), at(1, 4), "bee")],
            10..21,
            true,
        );
        let there_and_back = [
            typed(at(1, 3), at(1, 3), "x"),
            typed(at(1, 3), at(1, 4), ""),
        ];
        check(old, 10..19, &there_and_back, 10..19, true);
    }

    #[test]
    fn a_whole_document_touches_only_what_differs() {
        let old = "fn a() {}\nfn b() {}\nfn c() {}\n";
        check(
            old,
            10..19,
            &[whole("fn a() { 1 }\nfn b() {}\nfn c() {}\n")],
            13..22,
            false,
        );
        check(
            old,
            10..19,
            &[whole("fn a() {}\nfn b() {}\n")],
            10..19,
            false,
        );
        check(
            old,
            10..19,
            &[whole("fn a() {}\nfn x() {}\nfn c() {}\n")],
            10..19,
            true,
        );
        check(old, 10..19, &[whole(old)], 10..19, false);
        check(old, 10..19, &[whole("")], 0..0, true);
        check(
            old,
            10..19,
            &[typed(at(0, 0), at(9, 0), &old.replace("a()", "aa()"))],
            11..20,
            false,
        );
    }

    #[test]
    fn a_place_that_is_no_char_boundary_of_both_texts_is_no_border() {
        check("😀b", 4..5, &[whole("😁b")], 4..5, false);
        check("x\r\ny", 3..4, &[whole("x\ry")], 2..3, false);
    }

    #[test]
    fn terminators_join_and_part_as_they_are_typed() {
        let mut documents = opened("a\rb");
        let mut lines_after = |change: ContentChange| {
            assert!(documents.change(URI, 2, &[change], Utf16));
            documents.snapshot(URI).unwrap().text.len_lines()
        };
        assert_eq!(lines_after(typed(at(1, 0), at(1, 0), "\n")), 2); // a\r\nb
        assert_eq!(lines_after(typed(at(0, 1), at(0, 1), "\r")), 3); // a\r\r\nb
        assert_eq!(lines_after(typed(at(0, 1), at(1, 0), "")), 2); // a\r\nb
        assert_eq!(lines_after(typed(at(1, 0), at(1, 0), "\n")), 3); // a\r\n\nb
        assert_eq!(lines_after(typed(at(0, 0), at(0, 1), "")), 3); // \r\n\nb
        assert_eq!(text_of(&documents), "\r\n\nb");
    }

    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => Just("\r"), 4 => Just("\n"), 3 => Just("\r\n"), 2 => Just("\n\r"), 4 => Just("a"),
            2 => Just("b c"), 2 => Just("é"), 1 => Just("e\u{301}"), 1 => Just("\u{308}"), 2 => Just("€"),
            3 => Just("😀"), 1 => Just("👩‍👩‍👧"), 1 => Just("\u{200d}"), 1 => Just("🇩🇪"), 1 => Just("\u{feff}"),
            1 => Just("\u{2028}"), 1 => Just("\u{b}\u{85}"), 1 => Just("0123456789 0123456789\r"),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    fn wild_position() -> impl Strategy<Value = Position> {
        let number = || prop_oneof![20 => 0..12_u32, 4 => 0..60_u32, 1 => Just(u32::MAX)];
        (number(), number()).prop_map(|(line, character)| at(line, character))
    }

    fn wild_change() -> impl Strategy<Value = ContentChange> {
        let near = (wild_position(), 0..3_u32).prop_map(|(start, more)| {
            (start, at(start.line, start.character.saturating_add(more)))
        });
        let range = prop_oneof![
            1 => Just(None),
            10 => (wild_position(), wild_position()).prop_map(Some),
            10 => near.prop_map(Some),
        ];
        (range, pieces()).prop_map(|(range, text)| ContentChange { range, text })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 250, rng_seed: RngSeed::Fixed(11), ..Default::default() })]

        #[test]
        fn random_edits_leave_what_a_naive_model_has(
            old in prop::collection::vec(pieces(), 0..10),
            encoding in prop_oneof![Just(Utf8), Just(Utf16), Just(Utf32)],
            changes in prop::collection::vec(wild_change(), 1..25),
        ) {
            judges::follow_the_model(&old.concat(), &changes, encoding);
        }

        #[test]
        fn an_untouched_range_keeps_its_text(
            old in prop::collection::vec(pieces(), 1..10),
            (start, end) in (0..80_usize, 0..80_usize),
            changes in prop::collection::vec(wild_change(), 1..6),
        ) {
            judges::keep_what_was_not_touched(&old.concat(), start..end, &changes, Utf16);
        }
    }

    #[test]
    fn edits_in_a_large_document_stay_where_they_belong() {
        let line = "    let value = compute(\"ünïcode 😀\");\n";
        let mut documents = opened(&line.repeat(50_000));
        let anchors: Vec<_> = (0..100)
            .map(|n| documents.track(URI, n * 43..n * 43 + 4).unwrap())
            .collect();
        for n in 0..2_000 {
            let spot = at(25_000 + n % 7, 8);
            assert!(documents.change(URI, 2, &[typed(spot, spot, "x")], Utf16));
        }
        let text = documents.snapshot(URI).unwrap().text;
        assert_eq!(text.len_bytes(), 50_000 * line.len() + 2_000);
        assert!(text.capacity() < 2 * text.len_bytes());
        assert_eq!(text.line(25_000).to_string().matches('x').count(), 286);
        assert!(
            anchors
                .iter()
                .all(|anchor| !documents.tracked(URI, *anchor).unwrap().touched)
        );
    }
}
