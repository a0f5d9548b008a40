//! Notes as their callers see them: shared, replaced, forgotten, bounded.

use super::*;

fn note(file: &str, symbol: &str, text: &str, second: i64) -> Note {
    Note {
        workspace: "/w".into(),
        file: file.into(),
        action: "explain".into(),
        anchor: Anchor {
            symbol: symbol.into(),
            nth: 1,
            hash: Sha256::digest(text).into(),
            part: None,
        },
        summary: "Adds up.".into(),
        markdown: format!("Adds up {text}."),
        model: "grok-4.3".into(),
        cost_ticks: Some(7),
        asked: Some([3; 32]),
        time: Timestamp::from_second(second).unwrap(),
    }
}

fn part(file: &str, text: &str, second: i64) -> Note {
    let mut note = note(file, "", text, second);
    note.anchor.part = Some(Part {
        bytes: 12,
        head: [4; 32],
        indent: 2,
    });
    (note.cost_ticks, note.asked) = (None, None);
    note
}

fn of(store: &Store, file: &str) -> Vec<Note> {
    let read = store.notes_of("/w".into(), file.into(), None).wait();
    read.unwrap().unwrap().0
}

#[test]
fn a_note_comes_back_as_it_was_kept_written_or_not() {
    let folder = folder();
    let (first, second) = (store(&folder), store(&folder));
    let (whole, selection) = (note("a.rs", "function f", "x", 1), part("a.rs", "y", 2));
    first.keep_note(whole.clone());
    first.keep_note(selection.clone());
    first.keep_note(note("b.rs", "function f", "x", 3));
    let both = [whole.clone(), selection.clone()];
    assert_eq!(of(&first, "a.rs"), both);
    assert!(first.flush(SOON));
    assert_eq!(of(&first, "a.rs"), both);
    assert_eq!(of(&second, "a.rs"), both);
    assert_eq!(second.notes(Some("/w".into())).wait().unwrap().len(), 3);
    assert_eq!(second.notes(Some("/v".into())).wait().unwrap(), []);
    // The same text again takes its place.
    let again = note("a.rs", "function f", "x", 4);
    first.keep_note(again.clone());
    assert!(first.flush(SOON));
    assert_eq!(of(&second, "a.rs"), [selection, again]);
}

#[test]
fn what_did_not_change_is_not_read_again() {
    let folder = folder();
    let (first, second) = (store(&folder), store(&folder));
    first.keep_note(note("a.rs", "function f", "x", 1));
    assert!(first.flush(SOON));
    let read = |known| {
        second
            .notes_of("/w".into(), "a.rs".into(), known)
            .wait()
            .unwrap()
    };
    let (_, stamp) = read(None).unwrap();
    assert!(stamp.is_some());
    assert_eq!(read(stamp), None);
    first.keep_note(note("b.rs", "function f", "x", 2));
    assert!(first.flush(SOON));
    assert_eq!(read(stamp), None);
    first.keep_note(note("a.rs", "function f", "y", 2));
    assert!(first.flush(SOON));
    let (notes, later) = read(stamp).unwrap();
    assert_eq!(notes.len(), 2);
    first.forget_notes("/w", "a.rs", Some(notes));
    assert!(first.flush(SOON));
    assert_eq!(read(later).unwrap().0, []);
}

#[test]
fn notes_are_forgotten_by_what_they_are_about_by_file_and_by_workspace() {
    let folder = folder();
    let store = store(&folder);
    for file in ["a.rs", "b.rs"] {
        store.keep_note(note(file, "function f", "x", 1));
        store.keep_note(note(file, "function g", "x", 2));
        store.keep_note(part(file, "y", 3));
        store.keep_note(part(file, "z", 4));
    }
    let symbols = |file| -> Vec<_> {
        let notes = of(&store, file).into_iter();
        notes.map(|note| note.anchor.symbol).collect()
    };
    for written in [false, true] {
        if written {
            assert!(store.flush(SOON));
        }
        let about = vec![
            note("a.rs", "function f", "x", 0),
            note("a.rs", "function g", "another text of it", 0),
            part("a.rs", "y", 0),
        ];
        store.forget_notes("/w", "a.rs", Some(about));
        assert_eq!(symbols("a.rs"), ["function g", ""]);
        store.forget_notes("/w", "b.rs", None);
        assert_eq!(symbols("b.rs"), Vec::<String>::new());
    }
    assert!(store.flush(SOON));
    assert_eq!(symbols("a.rs"), ["function g", ""]);
    assert_eq!(store.forget_workspace("/w".into()).wait(), Ok(2));
    assert_eq!(symbols("a.rs"), Vec::<String>::new());
}

#[test]
fn of_each_symbol_five_texts_are_kept_and_of_each_file_a_thousand_notes() {
    let folder = folder();
    let store = store(&folder);
    let second = |n: usize| i64::try_from(n).unwrap();
    for n in 0..9 {
        store.keep_note(note("a.rs", "function f", &n.to_string(), second(n)));
    }
    assert!(store.flush(SOON));
    let kept: Vec<_> = of(&store, "a.rs")
        .iter()
        .map(|note| note.time.as_second())
        .collect();
    assert_eq!(kept, [4, 5, 6, 7, 8]);
    for n in 0..1_010 {
        store.keep_note(note("a.rs", &format!("function f{n}"), "x", second(n + 10)));
        // No more of them wait than may.
        if n % 100 == 0 {
            assert!(store.flush(SOON));
        }
    }
    assert!(store.flush(SOON));
    assert_eq!(of(&store, "a.rs").len(), 1_000);
}
