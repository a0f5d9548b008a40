//! Texts to work on.

use std::fmt::Write as _;

/// A Rust file of this many lines, one function after the other, ten lines each.
pub fn code(lines: usize) -> String {
    let mut code = String::new();
    for n in 0..lines / 10 {
        let _ = write!(
            code,
            "/// Works on number {n}, step by step.\n\
             fn own_{n}(value: u64) -> u64 {{\n    \
                 let mut sum = value;\n    \
                 for step in 0..{n} {{\n        \
                     sum = sum.wrapping_mul(step) + own_{}(sum % 7);\n        \
                     sum += helper_{}(sum, \"words\");\n    \
                 }}\n    \
                 sum\n\
             }}\n\n",
            n.saturating_sub(1),
            n % 9,
        );
    }
    code
}

/// The line, counted from zero, that names function `n` of [`code`].
pub fn line_of(n: usize) -> usize {
    n * 10 + 1
}
