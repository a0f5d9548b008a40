//! Takes line numbers out of code that was sent back with one in front of every line.

use std::collections::HashSet;

use super::Refusal;

/// The block without its line numbers; as it is where it has none, or the old text has them too.
///
/// # Errors
/// When every line is numbered and nothing shows that the numbers are not meant.
pub(super) fn without_numbers(block: String, old: &str) -> Result<String, Refusal> {
    let Some(bare) = bare_lines(&block) else {
        return Ok(block);
    };
    if bare_lines(old).is_some() {
        return Ok(block);
    }
    let known: HashSet<&str> = words_of_lines(old).collect();
    if words_of_lines(&block).any(|line| known.contains(line)) {
        // Lines of the old text have numbers of their own.
        return Ok(block);
    }
    let bare = bare.join("\n");
    if words_of_lines(&bare).any(|line| known.contains(line)) {
        Ok(bare)
    } else {
        Err(Refusal::Numbered)
    }
}

fn words_of_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim)
        .filter(|line| line.contains(char::is_alphanumeric))
}

/// What stands behind the numbers, where all lines (two at least) have one, counting up by one.
fn bare_lines(text: &str) -> Option<Vec<&str>> {
    let mut lines = text.lines();
    let (first, mark) = number(lines.next()?)?;
    let mut bare = vec![without_mark(first.rest, mark)?];
    for (expected, line) in (first.number.checked_add(1)?..).zip(lines) {
        let (found, _) = number(line)?;
        if found.number != expected {
            return None;
        }
        bare.push(without_mark(found.rest, mark)?);
    }
    (bare.len() > 1).then_some(bare)
}

struct Numbered<'a> {
    number: u32,
    rest: &'a str,
}

/// A line's number, what follows it, and the mark that parts them.
fn number(line: &str) -> Option<(Numbered<'_>, &str)> {
    let line = line.trim_start_matches([' ', '\t']);
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = line.split_at(digits);
    let number = number.parse().ok()?;
    let blank = rest.len() - rest.trim_start_matches(' ').len();
    let mark = ["|", "│", ":", "→", "\t", " "]
        .into_iter()
        .find(|mark| match *mark {
            " " => rest.starts_with(' '),
            mark => rest.get(blank..).is_some_and(|rest| rest.starts_with(mark)),
        })
        .unwrap_or(" ");
    Some((Numbered { number, rest }, mark))
}

/// The code of a numbered line: behind the mark, and a space behind that.
fn without_mark<'a>(rest: &'a str, mark: &str) -> Option<&'a str> {
    if rest.trim().is_empty() {
        return Some("");
    }
    if mark == " " {
        return rest.strip_prefix(' ');
    }
    let code = rest.trim_start_matches(' ').strip_prefix(mark)?;
    Some(match mark {
        "\t" | "→" => code,
        _ => code.strip_prefix(' ').unwrap_or(code),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_only_where_they_surely_are_none() {
        let check = |block: &str, old: &str, expected: Result<&str, Refusal>| {
            let found = without_numbers(block.to_owned(), old);
            assert_eq!(found, expected.map(str::to_owned), "{block:?}");
        };
        check("a\nb", "a", Ok("a\nb"));
        check("7 | a\n8 |   b\n9 |\n10| c", "a", Ok("a\n  b\n\nc"));
        check(" 9: a\n10: b", "b", Ok("a\nb"));
        check("1\ta\n2\t\tb", "a", Ok("a\n\tb"));
        check("1 a\n2   b", "a", Ok("a\n  b"));
        check("1→a\n2→  b", "a", Ok("a\n  b"));
        check("1 | a\n3 | b", "a", Ok("1 | a\n3 | b"));
        check("1: a\n2: b\n3: c", "1: a\n2: b", Ok("1: a\n2: b\n3: c"));
        check("1: a\n2: c", "2: c", Ok("1: a\n2: c"));
        check("1 | x\n2 | y", "a", Err(Refusal::Numbered));
        check("1 | a", "a", Ok("1 | a"));
    }
}
