//! Notes are found again after any edit around them, and told stale by any edit within.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::action;
use crate::syntax::Language;

const TEXT: &str = "\
use std::fs;

struct Basket { items: Vec<u32> }

impl Basket {
    /// Adds up.
    fn total(&self) -> u32 {
        let sum = self.items.iter().sum();
        sum
    }

    fn len(&self) -> usize { self.items.len() }
}

fn main() {
    println!(\"{}\", 1);
}
";

fn parsed(text: &str) -> (Rope, Syntax) {
    let rope = Rope::from_str(text);
    let syntax = Syntax::parse(Language::Rust, &rope).unwrap();
    (rope, syntax)
}

/// A note about what stands at `selected`, or around it if that is a single letter.
fn note(text: &str, selected: &str) -> Arc<Note> {
    let (rope, syntax) = parsed(text);
    let start = text.find(selected).unwrap();
    let at = if selected.len() == 1 {
        0
    } else {
        selected.len()
    };
    let subject = action::subject(&rope, Some(&syntax), &(start..start + at)).unwrap();
    of(anchor(&rope, Some(&syntax), &subject))
}

/// A note about the symbol whose name begins there.
fn note_at(text: &str, name: &str) -> Arc<Note> {
    let (rope, syntax) = parsed(text);
    let start = text.find(name).unwrap();
    let subject = action::subject(&rope, Some(&syntax), &(start..start)).unwrap();
    of(anchor(&rope, Some(&syntax), &subject))
}

fn of(anchor: Anchor) -> Arc<Note> {
    Arc::new(Note {
        workspace: "/w".into(),
        file: "a.rs".into(),
        action: "explain".into(),
        anchor,
        summary: "s".into(),
        markdown: "m".into(),
        model: "grok".into(),
        cost_ticks: None,
        asked: None,
        time: jiff::Timestamp::UNIX_EPOCH,
    })
}

/// The first line shown of each note, counted from 1, and whether it is fresh.
fn found(notes: &[Arc<Note>], text: &str) -> Vec<(usize, bool)> {
    let (rope, syntax) = parsed(text);
    let located = locate(notes, &rope, Some(&syntax));
    located
        .iter()
        .map(|at| (rope.byte_to_line(at.shown_at) + 1, at.is_fresh))
        .collect()
}

#[test]
fn a_symbols_note_follows_it_and_knows_its_text() {
    let note = note_at(TEXT, "total");
    let check = |text: &str, expected: &[(usize, bool)]| {
        assert_eq!(found(std::slice::from_ref(&note), text), expected, "{text}");
    };
    check(TEXT, &[(7, true)]);
    check(&TEXT.replace('\n', "\r\n"), &[(7, true)]);
    check(&format!("// top\n{TEXT}"), &[(8, true)]);
    check(&TEXT.replace("Adds up.", "Sums."), &[(7, true)]);
    check(&TEXT.replace("sum\n", "sum + 1\n"), &[(7, false)]);
    check(&TEXT.replace("fn total", "fn sum"), &[]);
    check("", &[]);
    // Moved within its block, and out of it.
    let start = TEXT.find("    /// Adds").unwrap();
    let end = TEXT.find("    fn len").unwrap();
    let function = &TEXT[start..end];
    let without = TEXT.replace(function, "");
    check(
        &without.replace("\n}\n\nfn main", &format!("\n\n{function}}}\n\nfn main")),
        &[(9, true)],
    );
    check(
        &format!("{without}\nimpl Other {{\n{function}}}\n"),
        &[(15, true)],
    );
    check(
        &format!("{without}\n{}", function.replace("sum()", "max()")),
        &[],
    );
}

#[test]
fn of_a_symbols_notes_the_one_about_its_present_text_is_shown() {
    let changed = TEXT.replace("sum\n", "sum + 1\n");
    let notes = [note_at(TEXT, "total"), note_at(&changed, "total")];
    let which = |text: &str| {
        let (rope, syntax) = parsed(text);
        let located = locate(&notes, &rope, Some(&syntax));
        assert_eq!(located.len(), 1);
        (located[0].note, located[0].is_fresh)
    };
    assert_eq!(which(TEXT), (0, true));
    assert_eq!(which(&changed), (1, true));
    assert_eq!(which(&TEXT.replace("sum\n", "sum + 2\n")), (1, false));
}

#[test]
fn symbols_of_one_name_keep_their_own_notes() {
    let text = "impl A { fn f() { 1 } }\nimpl A { fn f() { 2 } }\n";
    let second = text.rfind("f()").unwrap();
    let (rope, syntax) = parsed(text);
    let subject = action::subject(&rope, Some(&syntax), &(second..second)).unwrap();
    let notes = [
        note_at(text, "f()"),
        of(anchor(&rope, Some(&syntax), &subject)),
    ];
    assert_eq!(found(&notes, text), [(1, true), (2, true)]);
    assert_eq!(
        found(&notes, &text.replace("{ 1 }", "{ 3 }")),
        [(1, false), (2, true)]
    );
    // The first is gone: what is left is the second, and nothing is claimed of it.
    let (_, rest) = text.split_once('\n').unwrap();
    assert_eq!(found(&notes, rest), [(1, true)]);
    let swapped = "impl A { fn f() { 2 } }\nimpl A { fn f() { 1 } }\n";
    assert_eq!(found(&notes, swapped), [(1, true), (2, true)]);
}

#[test]
fn a_note_takes_no_place_of_another_that_is_as_it_was() {
    let text = "impl A {\n    fn new() { 1 }\n}\nimpl B {\n    fn new() { 1 }\n}\n";
    let (rope, syntax) = parsed(text);
    let second = text.rfind("new").unwrap();
    let subject = action::subject(&rope, Some(&syntax), &(second..second)).unwrap();
    let notes = [
        note_at(text, "new"),
        of(anchor(&rope, Some(&syntax), &subject)),
    ];
    assert_eq!(found(&notes, text), [(2, true), (5, true)]);
    let changed = text.replacen("{ 1 }", "{ 3 }", 1);
    assert_eq!(found(&notes, &changed), [(2, false), (5, true)]);
}

#[test]
fn a_symbol_that_goes_by_what_was_anothers_keeps_its_note() {
    let text = "fn f() { 1 }\n";
    let before = "#[cfg(test)]\nfn f() { 2 }\n\nfn f() { 1 }\n";
    let notes = [note_at(text, "f()"), note_at(before, "f()")];
    assert_eq!(notes[0].anchor.nth, notes[1].anchor.nth);
    assert_eq!(found(&notes, before), [(2, true), (4, true)]);
    assert_eq!(found(&notes, text), [(1, true)]);
    assert_eq!(found(&notes, "fn f() { 3 }\n"), [(1, false)]);
}

#[test]
fn what_has_another_name_keeps_its_note_as_a_stale_one() {
    let both = "fn f() { 1 }\nfn g() { 2 }\n";
    let check = |text: &str, at: std::ops::Range<usize>, expected: &[(usize, bool)]| {
        let (rope, syntax) = parsed(text);
        let notes = [note_at(both, "f()"), note_at(both, "g()")];
        let located = locate_again(&notes, &[(notes[0].clone(), at)], &rope, Some(&syntax));
        let found: Vec<_> = located
            .iter()
            .map(|at| (rope.byte_to_line(at.shown_at) + 1, at.is_fresh))
            .collect();
        assert_eq!(found, expected, "{text}");
    };
    check(both, 0..12, &[(1, true), (2, true)]);
    check(&both.replace("f()", "h()"), 0..12, &[(1, false), (2, true)]);
    // What is left of it has no name, or is another's.
    check(&both.replace("fn f() { 1 ", ""), 0..1, &[(2, true)]);
    check("fn g() { 2 }\n", 0..12, &[(1, true)]);
    // A text that cannot be parsed any more: it took too long, or has become too large.
    let unparsed = |text: &str, at: std::ops::Range<usize>| {
        let rope = Rope::from_str(text);
        let stood = [(note_at(both, "f()"), at)];
        let located = locate_again(&[stood[0].0.clone()], &stood, &rope, None);
        let fresh: Vec<_> = located.iter().map(|at| at.is_fresh).collect();
        fresh
    };
    assert_eq!(unparsed(both, 0..12), [true]);
    assert_eq!(unparsed(&both.replace("f()", "h()"), 0..12), [false]);
    assert!(unparsed(both, 0..0).is_empty());
    let of_line = note(both, "fn g() { 2 }");
    let stands = |text: &str, at| {
        let rope = Rope::from_str(text);
        let notes = std::slice::from_ref(&of_line);
        locate_again(notes, &[(of_line.clone(), at)], &rope, None).len()
    };
    assert_eq!(stands(&both.replace("g()", "h()"), 13..25), 1);
    assert_eq!(stands("fn f() { 1 }\n", 13..13), 0);
    let another = "fn another() {}\n".repeat(30);
    assert_eq!(stands(&another, 0..another.len()), 0);
}

#[test]
fn a_selection_is_found_by_its_text() {
    let selected = "let sum = self.items.iter().sum();\n        sum\n";
    let within = note(TEXT, selected);
    let alone = note(TEXT, "use std::fs;");
    let middle = note(TEXT, "self.items.len()");
    let check = |note: &Arc<Note>, text: &str, expected: &[(usize, bool)]| {
        assert_eq!(found(std::slice::from_ref(note), text), expected, "{text}");
    };
    for text in [TEXT.to_owned(), TEXT.replace('\n', "\r\n")] {
        check(&within, &text, &[(8, true)]);
        check(&alone, &text, &[(1, true)]);
        check(&middle, &text, &[(12, true)]);
    }
    check(&within, &format!("\n\n{TEXT}"), &[(10, true)]);
    check(
        &within,
        &TEXT.replace("        sum\n", "        1\n"),
        &[(8, false)],
    );
    check(&within, &TEXT.replace("let sum", "let all"), &[]);
    check(&middle, &TEXT.replace(".len() }", ".size() }"), &[]);
    let doubled = TEXT.replace(
        "impl Basket {",
        "fn first() {\n        let sum = self.items.iter().sum();\n        sum\n}\nimpl Basket {",
    );
    check(&within, &doubled, &[(12, true)]);
}

#[test]
fn no_text_and_no_tree_is_too_odd() {
    let notes = [note_at(TEXT, "total"), note(TEXT, "use std::fs;")];
    let rope = Rope::from_str(TEXT);
    assert_eq!(locate(&notes, &rope, None).len(), 1);
    assert_eq!(
        locate(&notes, &Rope::from_str("use std::fs;"), None).len(),
        1
    );
    assert_eq!(locate(&notes, &Rope::new(), None), []);
}

proptest! {
    #[test]
    fn what_stands_around_an_item_changes_nothing_and_what_stands_in_it_does(
        before in "(fn a\\(\\) \\{\\}\n|// é\n|struct B;\n){0,6}",
        after in "(fn c\\(\\) \\{\\}\n|// ü\n|mod d \\{\\}\n){0,6}",
        typed in "[a-z]{1,5}",
        crlf in any::<bool>(),
    ) {
        let item = "fn target(x: u32) -> u32 {\n    x + 1\n}\n";
        let note = note_at(&format!("{item}\n"), "target");
        let around = |item: &str| {
            let text = format!("{before}{item}{after}");
            if crlf { text.replace('\n', "\r\n") } else { text }
        };
        let text = around(item);
        let fresh = found(std::slice::from_ref(&note), &text);
        prop_assert_eq!(fresh, [(before.lines().count() + 1, true)]);
        let changed = around(&item.replace("x + 1", &format!("x + 1 + {typed}")));
        let stale = found(std::slice::from_ref(&note), &changed);
        prop_assert_eq!(stale, [(before.lines().count() + 1, false)]);
    }

    #[test]
    fn any_selection_is_found_in_its_own_text(start in 0..380_usize, length in 2..200_usize) {
        let (rope, syntax) = parsed(TEXT);
        let end = (start + length).min(TEXT.len());
        let start = start.min(end);
        prop_assume!(action::selects_something(&rope, &(start..end)));
        let subject = action::subject(&rope, Some(&syntax), &(start..end)).unwrap();
        let note = of(anchor(&rope, Some(&syntax), &subject));
        let located = locate(&[note], &rope, Some(&syntax));
        prop_assert_eq!(located.len(), 1);
        prop_assert!(located[0].is_fresh);
        let text = &TEXT[located[0].range.clone()];
        prop_assert_eq!(text, TEXT[start..end].trim());
    }
}
