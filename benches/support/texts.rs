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
                 let mut sum = value; // as it was given\n    \
                 for step in 0..{n} {{\n        \
                     sum = sum.wrapping_mul(step) + own_{}(sum % 7);\n        \
                     sum += helper_{}(sum, \"a text of some words\");\n    \
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

/// A Markdown file: prose with lists, code and links, and images spread over it.
pub fn prose(lines: usize, images: usize) -> String {
    let mut text = String::from("# A document\n\n");
    let every = lines / images;
    for line in 2..lines {
        let written = match line % every {
            0 => writeln!(
                text,
                "![An image of number {line}](images/{line}.png \"Title\")\n"
            ),
            2 => writeln!(
                text,
                "- an item with *emphasis*, `code` and [a link](https://a.example/{line})"
            ),
            3 => writeln!(text, "  and its second line"),
            4 | 7 => writeln!(text),
            5 => writeln!(
                text,
                "Plain words that go on for a while, as prose does, with a number {line},"
            ),
            _ => writeln!(
                text,
                "and some more of them on the next line, <b>bold</b> &amp; so on."
            ),
        };
        written.unwrap();
    }
    for image in images_in(&text)..images {
        writeln!(text, "\n![The last](images/last-{image}.png)").unwrap();
    }
    text
}

fn images_in(text: &str) -> usize {
    text.matches("![").count()
}
