//! Moves a range through changes made elsewhere in its text.

use std::ops::Range;

/// One replacement in a text: these bytes went, so many came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub range: Range<usize>,
    pub inserted: usize,
}

/// Where a range stands after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shifted {
    /// The change lay outside; the text in the range is what it was.
    Outside(Range<usize>),
    /// The change reached into the range, which now spans what is left of it and what came.
    Touched(Range<usize>),
}

/// `range` as it stands after `change`, both in bytes of the text before it.
///
/// What is inserted at the very start pushes the range on, what is inserted at the
/// very end stays behind it, and a change that only borders on the range is outside.
/// So an empty range stands after what is inserted at it, and before what replaces
/// the text that follows it; it is touched only if both its sides went.
/// A range or change whose end lies before its start counts as empty at its start.
pub fn shift(range: &Range<usize>, change: &Change) -> Shifted {
    let range = range.start..range.end.max(range.start);
    let gone = change.range.start..change.range.end.max(change.range.start);
    let moved = |at: usize| (at - gone.len()).saturating_add(change.inserted);
    if gone.end <= range.start {
        Shifted::Outside(moved(range.start)..moved(range.end))
    } else if gone.start >= range.end {
        Shifted::Outside(range)
    } else {
        Shifted::Touched(range.start.min(gone.start)..moved(range.end.max(gone.end)))
    }
}

/// The range as it stands after `change`, with all that came in it or at its very borders: where
/// its text was taken out and put back by two changes, it lies within.
pub fn spanned(range: &Range<usize>, change: &Change) -> Range<usize> {
    let borders = change.range.start <= range.end && range.start <= change.range.end;
    match shift(range, change) {
        Shifted::Outside(_) if borders => {
            let start = range.start.min(change.range.start);
            let gone = change.range.end.saturating_sub(change.range.start);
            let end = range.end.max(change.range.end);
            start..(end - gone).saturating_add(change.inserted)
        }
        Shifted::Outside(range) | Shifted::Touched(range) => range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use Shifted::{Outside, Touched};
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    fn check(range: Range<usize>, gone: Range<usize>, inserted: usize, expected: Shifted) {
        let change = Change {
            range: gone,
            inserted,
        };
        assert_eq!(shift(&range, &change), expected, "{range:?} {change:?}");
    }

    #[test]
    fn a_change_outside_moves_what_comes_after_it() {
        check(5..8, 1..1, 3, Outside(8..11));
        check(5..8, 1..4, 1, Outside(3..6));
        check(5..8, 9..12, 7, Outside(5..8));
        check(5..8, 0..0, 0, Outside(5..8));
        check(5..8, 6..6, 0, Touched(5..8));
    }

    #[test]
    fn an_insertion_at_a_border_stays_outside() {
        check(5..8, 5..5, 2, Outside(7..10));
        check(5..8, 8..8, 2, Outside(5..8));
    }

    #[test]
    fn a_replacement_that_borders_on_the_range_stays_outside() {
        check(5..8, 3..5, 0, Outside(3..6));
        check(5..8, 3..5, 4, Outside(7..10));
        check(5..8, 8..9, 0, Outside(5..8));
        check(5..8, 8..9, 4, Outside(5..8));
    }

    #[test]
    fn a_change_inside_or_across_touches() {
        check(5..8, 6..6, 2, Touched(5..10));
        check(5..8, 6..7, 0, Touched(5..7));
        check(5..8, 5..8, 0, Touched(5..5));
        check(5..8, 5..8, 4, Touched(5..9));
        check(5..8, 4..6, 1, Touched(4..7));
        check(5..8, 7..9, 1, Touched(5..8));
        check(5..8, 0..20, 0, Touched(0..0));
        check(5..8, 0..20, 9, Touched(0..9));
    }

    #[test]
    fn an_empty_range_is_touched_only_if_both_its_sides_went() {
        check(5..5, 5..5, 2, Outside(7..7));
        check(5..5, 3..5, 1, Outside(4..4));
        check(5..5, 5..7, 1, Outside(5..5));
        check(5..5, 4..6, 3, Touched(4..7));
    }

    #[test]
    fn what_comes_at_a_border_is_spanned() {
        let check = |range: Range<usize>, gone: Range<usize>, inserted, expected| {
            let change = Change {
                range: gone,
                inserted,
            };
            assert_eq!(spanned(&range, &change), expected, "{range:?} {change:?}");
        };
        check(0..0, 0..0, 7, 0..7);
        check(5..8, 5..5, 2, 5..10);
        check(5..8, 8..8, 2, 5..10);
        check(5..8, 3..5, 1, 3..7);
        check(5..8, 8..9, 0, 5..8);
        check(5..8, 6..7, 3, 5..10);
        check(5..8, 1..2, 3, 7..10);
        check(5..8, 9..9, 3, 5..8);
    }

    #[test]
    fn ends_before_starts_and_huge_numbers_do_no_harm() {
        check(Range { start: 5, end: 2 }, 0..0, 1, Outside(6..6));
        check(5..8, Range { start: 2, end: 1 }, 1, Outside(6..9));
        check(
            0..usize::MAX,
            0..0,
            usize::MAX,
            Outside(usize::MAX..usize::MAX),
        );
    }

    /// A text whose every unit is distinct, so that what became of a range can be read off it.
    fn changed(length: usize, change: &Change) -> Vec<usize> {
        let before = 0..change.range.start;
        let came = 1_000..1_000 + change.inserted;
        before.chain(came).chain(change.range.end..length).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, rng_seed: RngSeed::Fixed(7), ..Default::default() })]

        #[test]
        fn a_range_keeps_its_text_or_spans_what_is_left_and_what_came(
            (a, b, c, d) in (0..=12_usize, 0..=12_usize, 0..=12_usize, 0..=12_usize),
            inserted in 0..4_usize,
        ) {
            let range = a.min(b)..a.max(b);
            let change = Change { range: c.min(d)..c.max(d), inserted };
            let text = changed(12, &change);
            let survivors: Vec<usize> =
                range.clone().filter(|unit| !change.range.contains(unit)).collect();
            match shift(&range, &change) {
                Outside(now) => {
                    prop_assert_eq!(&text[now], &range.clone().collect::<Vec<_>>()[..]);
                }
                Touched(now) => {
                    let (came, kept): (Vec<usize>, Vec<usize>) =
                        text[now].iter().partition(|unit| **unit >= 1_000);
                    prop_assert_eq!(came.len(), inserted);
                    prop_assert_eq!(&kept, &survivors);
                    let entered = change.range.start < range.end && range.start < change.range.end;
                    prop_assert!(entered);
                }
            }
        }
    }
}
