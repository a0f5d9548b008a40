//! Changes that an editor sends, and the smallest edits that it gets.

use gloss::document::ContentChange;
use gloss::text::{self, Edit, Encoding, Position, byte_range, position};
use ropey::Rope;
use unicode_segmentation::UnicodeSegmentation as _;

use super::documents;

/// The input is an encoding and a range that is watched, a text, another text, and changes: of
/// each four numbers of one byte, which are its two positions, and its text.
pub fn judge(input: &[u8]) {
    let mut parts = super::parts(input).into_iter();
    let head = parts.next().unwrap_or_default();
    let text = |part: Option<&[u8]>| String::from_utf8_lossy(part.unwrap_or_default()).into_owned();
    let (old, new) = (text(parts.next()), text(parts.next()));
    let at = |index: usize| usize::from(head.get(index).copied().unwrap_or_default());
    let encoding = documents::ENCODINGS[at(0) % 3];
    let changes: Vec<_> = parts.map(change).collect();
    documents::follow_the_model(&old, &changes, encoding);
    documents::keep_what_was_not_touched(&old, at(1)..at(1) + at(2), &changes, encoding);
    give_the_new_text(&old, &new);
    arrive_in_every_encoding(&old, &new);
}

fn change(part: &[u8]) -> ContentChange {
    let (numbers, text) = part.split_at_checked(4).unwrap_or((part, &[]));
    let number = |index: usize| match numbers.get(index).copied().unwrap_or_default() {
        b'~' => u32::MAX,
        byte @ b'0'.. => u32::from(byte - b'0'),
        byte => u32::from(byte),
    };
    let position = |index: usize| Position {
        line: number(index),
        character: number(index + 1),
    };
    ContentChange {
        range: (!numbers.starts_with(b"*")).then(|| (position(0), position(2))),
        text: String::from_utf8_lossy(text).into_owned(),
    }
}

/// The edits are in order, on whole graphemes of both texts, and give the new one.
pub fn give_the_new_text(old: &str, new: &str) {
    let found = text::edits(old, new);
    assert_eq!(text::apply(old, &found), new);
    assert_eq!(found.is_empty(), old == new);
    let (whole_in_old, whole_in_new) = (boundaries(old), boundaries(new));
    let is_whole = |boundaries: &[usize], at: usize| boundaries.binary_search(&at).is_ok();
    let (mut done, mut came) = (0, 0);
    for edit in &found {
        let std::ops::Range { start, end } = edit.range;
        assert!(done <= start && start <= end, "{found:?}");
        assert!(
            is_whole(&whole_in_old, start) && is_whole(&whole_in_old, end),
            "{found:?}"
        );
        came += start - done;
        assert!(is_whole(&whole_in_new, came), "{found:?}");
        came += edit.text.len();
        assert!(is_whole(&whole_in_new, came), "{found:?}");
        done = end;
    }
}

/// Where the graphemes of a text begin, and its end.
fn boundaries(text: &str) -> Vec<usize> {
    let starts = text.grapheme_indices(true).map(|(start, _)| start);
    starts.chain([text.len()]).collect()
}

/// An editor has the new text whether it applies them one by one from the last, or all at once.
pub fn arrive_in_every_encoding(old: &str, new: &str) {
    let found = text::edits(old, new);
    let rope = Rope::from_str(old);
    for encoding in documents::ENCODINGS {
        let sent = sent(&rope, &found, encoding);
        assert!(
            sent.windows(2).all(|pair| pair[0].1 <= pair[1].0),
            "{sent:?}"
        );
        assert_eq!(applied_bottom_up(old, &sent, encoding), new);
        assert_eq!(applied_at_once(&rope, &sent, encoding), new);
    }
}

/// An edit as an editor gets it.
type Sent = (Position, Position, String);

pub fn sent(old: &Rope, edits: &[Edit], encoding: Encoding) -> Vec<Sent> {
    let at = |offset| position(old, offset, encoding);
    let sent = edits.iter();
    sent.map(|edit| (at(edit.range.start), at(edit.range.end), edit.text.clone()))
        .collect()
}

/// One by one, the last first, each position looked up in the text as it is by then.
pub fn applied_bottom_up(old: &str, sent: &[Sent], encoding: Encoding) -> String {
    sent.iter()
        .rev()
        .fold(old.to_owned(), |mut text, (start, end, new)| {
            let range = byte_range(&Rope::from_str(&text), *start, *end, encoding);
            text.replace_range(range, new);
            text
        })
}

/// All at once: every position is one of the old text.
fn applied_at_once(old: &Rope, sent: &[Sent], encoding: Encoding) -> String {
    let edits: Vec<Edit> = sent
        .iter()
        .map(|(start, end, text)| Edit {
            range: byte_range(old, *start, *end, encoding),
            text: text.clone(),
        })
        .collect();
    text::apply(&old.to_string(), &edits)
}
