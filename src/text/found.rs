//! Finds a text again after everything around it was replaced at once.

use std::ops::Range;

use ropey::Rope;

use super::slice;

/// The only place of `old` within these bytes of `text`; `None` where it stands there twice, or
/// not at all.
///
/// An editor that replaces a whole document says of each range in it that it was touched. Where
/// the range's text is still there, and there alone, it was not.
pub fn only_place(text: &Rope, within: Range<usize>, old: &str) -> Option<Range<usize>> {
    let around = slice(text, within.clone()).to_string();
    let at = around.find(old).filter(|_| !old.is_empty())?;
    // Another one may begin within the first.
    let next = at + old.chars().next().map_or(1, char::len_utf8);
    let again = around.get(next..).is_some_and(|rest| rest.contains(old));
    let start = super::floor(text, within.start) + at;
    (!again).then(|| start..start + old.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_where_it_stands_once() {
        let check = |text: &str, within: Range<usize>, old: &str, found: Option<Range<usize>>| {
            let text = Rope::from_str(text);
            assert_eq!(only_place(&text, within, old), found, "{text:?} {old:?}");
        };
        check("a(); b(); c();", 0..14, "b();", Some(5..9));
        check("a(); b(); c();", 0..8, "b();", None);
        check("b(); b();", 0..9, "b();", None);
        check("b(); b();", 4..9, "b();", Some(5..9));
        check("xaaax", 0..5, "aa", None);
        check("xaax", 0..99, "aa", Some(1..3));
        check("é😀é", 2..8, "😀", Some(2..6));
        check("a", 0..1, "", None);
        check("a", Range { start: 3, end: 1 }, "a", None);
    }
}
