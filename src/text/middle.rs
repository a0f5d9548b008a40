//! Where two texts differ, taken as one stretch between what they share at either end.

use std::ops::Range;

use ropey::RopeSlice;

/// The stretch in which two texts differ, in bytes of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Middle {
    pub old: Range<usize>,
    pub new: Range<usize>,
}

/// What lies between the longest common start and the longest common end of two texts.
///
/// Its ends stand on char boundaries and never between the `\r` and the `\n` of one
/// terminator, in either text. Equal texts have an empty middle.
pub fn middle(old: RopeSlice<'_>, new: &str) -> Middle {
    let forwards = old.chunks().map(str::as_bytes);
    let backwards = old
        .chunks_at_byte(old.len_bytes())
        .0
        .reversed()
        .map(str::as_bytes);
    let shared = Shared {
        prefix: common_prefix(forwards, new.as_bytes()),
        suffix: common_suffix(backwards, new.as_bytes()),
    };
    let breaks = |at: usize| {
        old.char_to_byte(old.byte_to_char(at)) == at
            && !between_cr_and_lf(at, |at| old.get_byte(at))
    };
    shared.middle(old.len_bytes(), breaks, new.len(), |at| {
        breaks_chars(new, at)
    })
}

/// [`middle`] of two plain texts that breaks where `breaks` allows it in both.
///
/// `breaks` is asked at char boundaries only.
pub(super) fn middle_at(old: &str, new: &str, breaks: impl Fn(&str, usize) -> bool) -> Middle {
    // In pieces, so that the equal part is compared as memory and not byte by byte.
    const PIECE: usize = 1024;
    let shared = Shared {
        prefix: common_prefix(old.as_bytes().chunks(PIECE), new.as_bytes()),
        suffix: common_suffix(old.as_bytes().rchunks(PIECE), new.as_bytes()),
    };
    let allowed = |text: &str, at: usize| text.is_char_boundary(at) && breaks(text, at);
    shared.middle(
        old.len(),
        |at| allowed(old, at),
        new.len(),
        |at| allowed(new, at),
    )
}

/// Whether `at` is a char boundary and not inside a `\r\n`.
fn breaks_chars(text: &str, at: usize) -> bool {
    text.is_char_boundary(at) && !between_cr_and_lf(at, |at| text.as_bytes().get(at).copied())
}

fn between_cr_and_lf(at: usize, byte: impl Fn(usize) -> Option<u8>) -> bool {
    byte(at) == Some(b'\n') && at.checked_sub(1).and_then(byte) == Some(b'\r')
}

/// How many bytes two texts share at either end; the two may overlap.
struct Shared {
    prefix: usize,
    suffix: usize,
}

impl Shared {
    fn middle(
        &self,
        old_len: usize,
        old_breaks: impl Fn(usize) -> bool,
        new_len: usize,
        new_breaks: impl Fn(usize) -> bool,
    ) -> Middle {
        let start = (0..=self.prefix)
            .rev()
            .find(|at| old_breaks(*at) && new_breaks(*at))
            .unwrap_or(0);
        let free = old_len.min(new_len).saturating_sub(start);
        let tail = (0..=self.suffix.min(free))
            .rev()
            .find(|tail| old_breaks(old_len - tail) && new_breaks(new_len - tail))
            .unwrap_or(0);
        Middle {
            old: start..old_len - tail,
            new: start..new_len - tail,
        }
    }
}

fn common_prefix<'a>(old: impl Iterator<Item = &'a [u8]>, new: &[u8]) -> usize {
    let mut shared = 0;
    for piece in old {
        let rest = new.get(shared..).unwrap_or_default();
        if rest.starts_with(piece) {
            shared += piece.len();
        } else {
            return shared + piece.iter().zip(rest).take_while(|(a, b)| a == b).count();
        }
    }
    shared
}

/// `old` comes last piece first.
fn common_suffix<'a>(old: impl Iterator<Item = &'a [u8]>, new: &[u8]) -> usize {
    let mut shared = 0;
    for piece in old {
        let rest = new.get(..new.len() - shared).unwrap_or_default();
        if rest.ends_with(piece) {
            shared += piece.len();
        } else {
            let pairs = piece.iter().rev().zip(rest.iter().rev());
            return shared + pairs.take_while(|(a, b)| a == b).count();
        }
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    use ropey::Rope;

    fn check(old: &str, new: &str, gone: &str, came: &str) {
        let rope = Rope::from_str(old);
        let found = middle(rope.slice(..), new);
        assert_eq!(
            (&old[found.old.clone()], &new[found.new.clone()]),
            (gone, came)
        );
        assert_eq!(found, middle_at(old, new, breaks_chars), "{old:?} {new:?}");
        assert_eq!(old[..found.old.start], new[..found.new.start]);
        assert_eq!(old[found.old.end..], new[found.new.end..]);
    }

    #[test]
    fn the_middle_is_what_differs() {
        check("", "", "", "");
        check("abc", "abc", "", "");
        check("abc", "axc", "b", "x");
        check("abc", "ac", "b", "");
        check("ac", "abc", "", "b");
        check("abc", "", "abc", "");
        check("", "abc", "", "abc");
    }

    #[test]
    fn start_and_end_do_not_overlap() {
        check("aa", "aaa", "", "a");
        check("aaa", "aa", "a", "");
        check("abab", "ab", "ab", "");
    }

    #[test]
    fn chars_stay_whole() {
        // Both are F0 9F 98 xx: three bytes in common at the start.
        check("a😀b", "a😁b", "😀", "😁");
        // U+00E9 and U+0129 end in the same byte.
        check("aéb", "aĩb", "é", "ĩ");
    }

    #[test]
    fn terminators_stay_whole() {
        check("a\r\nb", "a\rb", "\r\n", "\r");
        check("a\rb", "a\r\nb", "\r", "\r\n");
        check("a\nb", "a\r\nb", "\n", "\r\n");
        check("a\r\nb", "a\nb", "\r\n", "\n");
        check("\r\n\r\n", "\r\n", "\r\n", "");
        check("\r\r\n", "\r\n", "\r", "");
    }

    #[test]
    fn texts_of_many_pieces_are_compared_across_them() {
        let old = "0123456789😀\r\n".repeat(2_000);
        for at in [0, 1, 1_023, 1_024, 1_025, 9_000, old.len() - 1] {
            let at = (0..=at).rev().find(|at| breaks_chars(&old, *at)).unwrap();
            let mut new = old.clone();
            new.insert_str(at, "XYZ");
            check(&old, &new, "", "XYZ");
        }
    }
}
