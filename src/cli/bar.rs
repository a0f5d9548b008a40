//! How much of a long job is done, as a bar that stays in its line, on a terminal only.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};

use crate::text::visible;

/// How many signs the bar has.
const LENGTH: usize = 20;

/// A bar on standard error; gone with its drop.
pub struct Bar {
    of: usize,
    is_shown: bool,
    state: Mutex<Shown>,
}

/// What it shows.
#[derive(Default)]
struct Shown {
    done: usize,
    what: String,
}

impl Bar {
    /// A bar for so many steps.
    pub fn of(of: usize) -> Self {
        Self {
            of,
            is_shown: of > 1 && std::io::stderr().is_terminal(),
            state: Mutex::default(),
        }
    }

    /// Shows that so many more are done, and what was worked on.
    pub fn step(&self, more: usize, what: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.done += more;
        what.clone_into(&mut state.what);
        drop(state);
        self.show();
    }

    /// Shows it, where other words took its place.
    pub fn show(&self) {
        if self.is_shown {
            let width = terminal_size::terminal_size_of(std::io::stderr());
            let width = width.map_or(80, |(width, _)| usize::from(width.0));
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            rewrite(&line(state.done, self.of, &state.what, width));
        }
    }

    /// Takes the bar away, so that other words can stand in its line.
    pub fn hide(&self) {
        if self.is_shown {
            rewrite("");
        }
    }
}

/// Puts words in the place of what stands in the line.
fn rewrite(line: &str) {
    let mut error = std::io::stderr();
    let _ = write!(error, "\r\x1b[K{line}");
    let _ = error.flush();
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.hide();
    }
}

/// `████████░░░░░░░░░░░░ 12/30 docs/a.md`, in less than `width` columns.
fn line(done: usize, of: usize, what: &str, width: usize) -> String {
    let full = (LENGTH * done.min(of)).checked_div(of).unwrap_or(0);
    let bar = format!("{}{}", "█".repeat(full), "░".repeat(LENGTH - full));
    let line = format!("{bar} {done}/{of} {}", visible(what));
    let mut columns = 0;
    let fits = |sign: &char| {
        columns += unicode_width::UnicodeWidthChar::width(*sign).unwrap_or(0);
        columns < width
    };
    line.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_keeps_to_its_line() {
        let check = |done, of, what, width, expected: &str| {
            assert_eq!(line(done, of, what, width), expected);
        };
        check(0, 4, "a", 80, "░░░░░░░░░░░░░░░░░░░░ 0/4 a");
        check(1, 4, "a\u{1b}", 80, "█████░░░░░░░░░░░░░░░ 1/4 a⟨U+001B⟩");
        check(4, 4, "", 80, "████████████████████ 4/4 ");
        check(9, 4, "", 6, "█████");
        check(0, 0, "画画", 28, "░░░░░░░░░░░░░░░░░░░░ 0/0 画");
    }
}
