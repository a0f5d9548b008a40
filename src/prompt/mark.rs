//! Marks a stranger's text off from what is asked, so that nothing in it reads as an instruction.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// `content` between tags that cannot occur inside it, each on a line of its own.
///
/// The tag's name ends in a hash of the content: the same content is marked by the same
/// bytes, so that the prefix of a prompt stays what it was.
pub fn marked(name: &str, attributes: &[(&str, &str)], content: &str) -> String {
    let tag = tag_absent_from(content, name);
    let mut marked = format!("<{tag}");
    for (key, value) in attributes {
        let _ = write!(marked, " {key}=\"{}\"", escaped(value));
    }
    let end_of_line = if content.ends_with('\n') { "" } else { "\n" };
    let _ = write!(marked, ">\n{content}{end_of_line}</{tag}>");
    marked
}

fn tag_absent_from(content: &str, name: &str) -> String {
    let mut hash = Sha256::digest(content.as_bytes());
    loop {
        let [a, b, c, d, ..]: [u8; 32] = hash.into();
        let tag = format!("{name}-{a:02x}{b:02x}{c:02x}{d:02x}");
        if !content.contains(&tag) {
            return tag;
        }
        hash = Sha256::digest(hash);
    }
}

/// A stranger's word, such as a file's name, as it may stand in a sentence.
pub fn inline(value: &str) -> String {
    let short: String = value.chars().take(200).collect();
    format!("\"{}\"", escaped(&short))
}

/// A file's name is a stranger's text too.
fn escaped(value: &str) -> String {
    value
        .chars()
        .map(|c| match c {
            '"' => '\'',
            '<' => '(',
            '>' => ')',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_does_not_occur_in_what_it_marks() {
        let once = marked("range", &[("file", "a\"b>\n.rs")], "fn a() {}");
        assert_eq!(
            once,
            "<range-c27a2d4e file=\"a'b) .rs\">\nfn a() {}\n</range-c27a2d4e>"
                .replace("c27a2d4e", &once[7..15])
        );
        let twice = marked("range", &[], &once);
        let tag = &twice[1..15];
        assert_eq!(twice.matches(tag).count(), 2, "{twice}");
    }

    #[test]
    fn the_same_content_is_marked_by_the_same_bytes() {
        assert_eq!(marked("file", &[], "x\n"), marked("file", &[], "x\n"));
        assert_ne!(marked("file", &[], "x\n"), marked("file", &[], "y\n"));
    }
}
