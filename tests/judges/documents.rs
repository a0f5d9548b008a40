//! Documents and positions against a model of them: chars alone, counted from the start each time.

use gloss::document::{ContentChange, Documents};
use gloss::text::{self, Encoding, Position, Shifted};

pub const ENCODINGS: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32];

const URI: &str = "file:///a.rs";

/// Applies the changes one by one, and compares all that can be seen.
pub fn follow_the_model(old: &str, changes: &[ContentChange], encoding: Encoding) {
    let mut documents = Documents::default();
    documents.open(URI, "rust", 1, old);
    let mut model: Vec<char> = old.chars().collect();
    for change in changes {
        let (start, end) = match change.range {
            Some((start, end)) => (
                char_at(&model, start, encoding),
                char_at(&model, end, encoding),
            ),
            None => (0, model.len()),
        };
        model.splice(start.min(end)..end, change.text.chars());
        assert!(documents.change(URI, 2, std::slice::from_ref(change), encoding));
        is_as_the_model(&documents, &model);
    }
}

fn is_as_the_model(documents: &Documents, model: &[char]) {
    let rope = documents.snapshot(URI).unwrap().text;
    assert_eq!(rope.to_string(), model.iter().collect::<String>());
    assert_eq!(rope.len_lines(), lines(model).len());
    for encoding in ENCODINGS {
        for (position, offset) in positions(model, encoding) {
            assert_eq!(text::offset(&rope, position, encoding), offset);
            assert_eq!(text::position(&rope, offset, encoding), position);
        }
    }
}

/// A range that no change is said to have touched holds what it held, followed by an anchor as by
/// a journal.
pub fn keep_what_was_not_touched(
    old: &str,
    range: std::ops::Range<usize>,
    changes: &[ContentChange],
    encoding: Encoding,
) {
    let mut documents = Documents::default();
    documents.open(URI, "rust", 1, old);
    let anchor = documents.track(URI, range).unwrap();
    let journal = documents.journal(URI).unwrap();
    let began = documents.tracked(URI, anchor).unwrap().range;
    let held = |documents: &Documents, range: std::ops::Range<usize>| {
        let text = documents.snapshot(URI).unwrap().text;
        text.byte_slice(range).to_string()
    };
    let before = held(&documents, began.clone());
    for change in changes {
        assert!(documents.change(URI, 2, std::slice::from_ref(change), encoding));
        let tracked = documents.tracked(URI, anchor).unwrap();
        let now = held(&documents, tracked.range.clone());
        assert!(tracked.touched || now == before, "{before:?} is {now:?}");
        match documents.since(URI, journal, &began).unwrap() {
            Shifted::Outside(range) => assert_eq!(held(&documents, range), before),
            Shifted::Touched(range) => drop(held(&documents, range)),
        }
    }
}

fn width(char: char, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Utf8 => char.len_utf8(),
        Encoding::Utf16 => char.len_utf16(),
        Encoding::Utf32 => 1,
    }
}

/// The chars of each line: where it starts, and where its terminator does.
fn lines(text: &[char]) -> Vec<(usize, usize)> {
    let mut lines = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < text.len() {
        let terminator = match (text[at], text.get(at + 1)) {
            ('\r', Some('\n')) => 2,
            ('\r' | '\n', _) => 1,
            _ => 0,
        };
        if terminator > 0 {
            lines.push((start, at));
            start = at + terminator;
        }
        at += terminator.max(1);
    }
    lines.push((start, text.len()));
    lines
}

/// The char at a clamped position.
fn char_at(text: &[char], position: Position, encoding: Encoding) -> usize {
    let Some((start, end)) = lines(text).get(position.line as usize).copied() else {
        return text.len();
    };
    let mut left = position.character as usize;
    for (at, char) in text.iter().enumerate().take(end).skip(start) {
        let units = width(*char, encoding);
        if left < units {
            return at;
        }
        left -= units;
    }
    end
}

/// Every position a text has, beside its byte offset.
fn positions(text: &[char], encoding: Encoding) -> Vec<(Position, usize)> {
    let mut found = Vec::new();
    for (line, (start, end)) in (0..).zip(lines(text)) {
        let mut offset: usize = text[..start].iter().map(|char| char.len_utf8()).sum();
        let mut units = 0;
        for at in start..=end {
            let character = u32::try_from(units).unwrap();
            found.push((Position { line, character }, offset));
            if let Some(char) = text.get(at) {
                offset += char.len_utf8();
                units += width(*char, encoding);
            }
        }
    }
    found
}
