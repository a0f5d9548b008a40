//! Gives new code the indentation, the line ends and the edges of what it replaces.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use ropey::Rope;
use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::code::{Asked, BOM};
use super::item::{indentation, indentation_of};
use crate::syntax::{Language, Syntax};

/// `new` (lines ending in `\n`) as it may stand where the range's old text stands.
pub(super) fn in_the_manner_of(asked: &Asked<'_>, new: &str) -> String {
    let own = asked.indentation();
    // The blanks behind its last letter are the old text's.
    let lines = moved(&in_the_unit_of(asked, new.trim_end()), own, asked);
    // What stands before the range already is not said again.
    let lines = if asked.begins_inside() {
        lines.trim_start()
    } else if asked.begins_behind_indentation() {
        lines.strip_prefix(own).unwrap_or(&lines)
    } else {
        &lines
    };
    let (head, tail) = blank_edges(&asked.old);
    format!("{head}{}{tail}", with_line_ends(lines, asked))
}

/// All lines moved by what the first one has to move to start at `own`; but never those that
/// begin inside a string, whose indentation is its content, unless it was moved too.
fn moved(new: &str, own: &str, asked: &Asked<'_>) -> String {
    let first = indentation(new);
    if first == own {
        return new.to_owned();
    }
    let fixed = fixed_lines(new, asked);
    let known: HashSet<&str> = asked.old.lines().map(str::trim_end).collect();
    let moved = |line: &str| match line.strip_prefix(first) {
        Some(rest) if !line.trim().is_empty() => format!("{own}{rest}"),
        // Further out than the first line: as what closes something is, or a label.
        _ if line.trim().is_empty() || known.contains(line.trim_end()) => line.to_owned(),
        _ => {
            let out = first.len().saturating_sub(indentation_of(line).len());
            let blanks = own.get(..own.len().saturating_sub(out)).unwrap_or_default();
            format!("{blanks}{}", line.trim_start())
        }
    };
    let code: Vec<&str> = new
        .lines()
        .enumerate()
        .filter(|(at, _)| !fixed.contains(at))
        .map(|(_, line)| line)
        .collect();
    let only_first = first.is_empty() && only_first_is_flush(&code, asked);
    let lines: Vec<String> = new
        .lines()
        .enumerate()
        .map(|(at, line)| {
            if fixed.contains(&at) || only_first && at > 0 {
                line.to_owned()
            } else {
                moved(line)
            }
        })
        .collect();
    lines.join("\n")
}

/// Whether the lines after a first one that was sent flush left are where they belong: none further
/// out than the range's indentation. What stands on it closes a line above, or, where the range
/// begins behind it and so the old text was told in this way, goes on below one that opens nothing.
pub(super) fn only_first_is_flush(lines: &[&str], asked: &Asked<'_>) -> bool {
    let own = asked.indentation();
    if own.is_empty() {
        return false;
    }
    // Lines that stood there tell it: as they are, or once all are moved.
    let known: HashSet<&str> = asked.old.lines().skip(1).map(str::trim_end).collect();
    let rest = lines.iter().skip(1).filter(|line| !line.trim().is_empty());
    let (as_sent, as_moved) = rest.fold((0, 0), |(as_sent, as_moved), line| {
        let is_known = |line: &str| usize::from(known.contains(line.trim_end()));
        (
            as_sent + is_known(line),
            as_moved + is_known(&format!("{own}{line}")),
        )
    });
    if as_sent != as_moved {
        return as_sent > as_moved;
    }
    let may_go_on = asked.begins_behind_indentation()
        && (asked.original.language.is_some()
            || asked.old.lines().skip(1).any(|line| stands_on(own, line)));
    let written: Vec<&str> = lines
        .iter()
        .copied()
        .filter(|line| !line.trim().is_empty())
        .collect();
    written.windows(2).all(|two| {
        let [above, line] = two else { return true };
        let is_deeper = line
            .strip_prefix(own)
            .is_some_and(|rest| rest.starts_with([' ', '\t']));
        let closes = line.trim_start().starts_with(['}', ')', ']']);
        let goes_on = may_go_on && !opens(above) && !continues(line);
        is_deeper || stands_on(own, line) && (closes || goes_on)
    })
}

fn stands_on(own: &str, line: &str) -> bool {
    line.strip_prefix(own)
        .is_some_and(|rest| !rest.starts_with(char::is_whitespace) && !rest.is_empty())
}

/// Whether what follows a line may be further in than the line is.
pub(super) fn opens(line: &str) -> bool {
    let line = line.trim_end();
    let word = line.rsplit(|c: char| !c.is_alphanumeric()).next();
    let ends_a_value = |c: char| {
        c.is_alphanumeric() || matches!(c, ';' | ')' | ']' | '}' | '"' | '\'' | '`' | '_' | '.')
    };
    !line.ends_with(ends_a_value)
        || word.is_some_and(|word| matches!(word, "do" | "then" | "else" | "begin"))
}

/// Whether a line goes on with the one above.
fn continues(line: &str) -> bool {
    line.trim_start()
        .starts_with(['.', '&', '|', '?', ':', '+', '*', '/', '=', '<', '>'])
}

/// The lines, counted from 0, whose indentation is the content of a string and stays as it was
/// sent: those of strings that span several lines, but for docstrings, which move with their code,
/// and for strings that only when moved are what stood there before.
fn fixed_lines(code: &str, asked: &Asked<'_>) -> BTreeSet<usize> {
    let inside = lines_in_strings(code, asked);
    let lines: Vec<&str> = code.lines().collect();
    let known: HashSet<&str> = asked.old.lines().collect();
    let (first, own) = (indentation(code), asked.indentation());
    let was_moved = |line: &str| {
        !known.contains(line)
            && line
                .strip_prefix(first)
                .is_some_and(|rest| known.contains(format!("{own}{rest}").as_str()))
    };
    let is_fixed = |run: Range<usize>| {
        let text = lines.get(run.clone()).unwrap_or_default();
        let opened = opened_docstring(&lines, run.start);
        let moves = opened.is_some() || text.iter().any(|line| was_moved(line));
        // What a docstring holds further out than its code is no part of the layout.
        let edge = opened.map(indentation_of).filter(|edge| !edge.is_empty());
        let is_further_out = |line: &str| {
            edge.is_some_and(|edge| !line.starts_with(edge) && !line.trim().is_empty())
        };
        let fixed = run
            .zip(text)
            .filter(|(_, line)| !moves || is_further_out(line))
            .map(|(at, _)| at);
        fixed.collect::<Vec<_>>()
    };
    runs(&inside).flat_map(is_fixed).collect()
}

/// The line that opens the docstring whose second line this is, if it is one.
fn opened_docstring<'a>(lines: &[&'a str], second: usize) -> Option<&'a str> {
    let opens = *lines.get(second.checked_sub(1)?)?;
    let quote = opens.trim_start().trim_start_matches(['r', 'R', 'u', 'U']);
    (quote.starts_with("\"\"\"") || quote.starts_with("'''")).then_some(opens)
}

/// The lines, counted from 0, that begin inside a string.
fn lines_in_strings(code: &str, asked: &Asked<'_>) -> BTreeSet<usize> {
    asked
        .original
        .language
        .filter(|language| may_span_lines(code, *language))
        .and_then(|language| Syntax::parse(language, &Rope::from_str(code)))
        .map(|syntax| syntax.lines_in_strings())
        .unwrap_or_default()
}

/// Numbers that follow each other, as ranges.
fn runs(numbers: &BTreeSet<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut numbers = numbers.iter().copied().peekable();
    std::iter::from_fn(move || {
        let start = numbers.next()?;
        let mut end = start + 1;
        while numbers.next_if_eq(&end).is_some() {
            end += 1;
        }
        Some(start..end)
    })
}

/// Whether code may hold a string of several lines: cheaper than to parse it.
fn may_span_lines(code: &str, language: Language) -> bool {
    use Language as L;
    let single = matches!(
        language,
        L::Rust | L::Go | L::JavaScript | L::TypeScript | L::Tsx | L::Python
    );
    let odd = |line: &str, quote: u8| line.bytes().filter(|byte| *byte == quote).count() % 2 == 1;
    code.lines().any(|line| {
        odd(line, b'"')
            || odd(line, b'`')
            || !single && odd(line, b'\'')
            || ["'''", "<<", "[[", "[="]
                .iter()
                .any(|opens| line.contains(opens))
    })
}

/// What a level of indentation is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Tab,
    Spaces(usize),
}

/// `new` with its levels of indentation made of what the document's are made of, where they surely
/// are of something else: tabs for spaces, or all of them twice as wide.
fn in_the_unit_of(asked: &Asked<'_>, new: &str) -> String {
    let none = BTreeSet::new();
    let apart = |strings: &BTreeSet<usize>| {
        let ours = own_unit(asked)?;
        let theirs = unit_of(&code_lines(new, strings), ours == Unit::Tab)?;
        are_apart(theirs, ours).then_some((theirs, ours))
    };
    if apart(&none).is_none() {
        return new.to_owned();
    }
    // Once more without the content of strings, which took a parse to find.
    let mut strings = lines_in_strings(new, asked);
    let lines: Vec<&str> = new.lines().collect();
    if indentation(new).is_empty() && only_first_is_flush(&lines, asked) {
        // The rest is as it stands in the document.
        return new.to_owned();
    }
    let docstrings: Vec<usize> = runs(&strings)
        .filter(|run| opened_docstring(&lines, run.start).is_some())
        .flatten()
        .collect();
    strings.retain(|at| docstrings.binary_search(at).is_err());
    let Some((theirs, ours)) = apart(&lines_in_strings(new, asked)) else {
        return new.to_owned();
    };
    let known: HashSet<&str> = asked.old.lines().collect();
    let (base, own) = (indentation(new), asked.indentation());
    let stands_there = code_lines(new, &strings).iter().skip(1).any(|line| {
        let rest = line.strip_prefix(base);
        rest.is_some_and(|rest| {
            rest.starts_with([' ', '\t']) && known.contains(format!("{own}{rest}").as_str())
        })
    });
    if stands_there {
        return new.to_owned();
    }
    in_levels(&lines, &strings, theirs, ours)
}

/// The lines that are not blank and begin outside of strings.
fn code_lines<'a>(text: &'a str, strings: &BTreeSet<usize>) -> Vec<&'a str> {
    text.lines()
        .enumerate()
        .filter(|(at, line)| !strings.contains(at) && !line.trim().is_empty())
        .map(|(_, line)| line)
        .collect()
}

fn are_apart(theirs: Unit, ours: Unit) -> bool {
    match (theirs, ours) {
        (Unit::Spaces(theirs), Unit::Spaces(ours)) => theirs == ours * 2 || ours == theirs * 2,
        (theirs, ours) => theirs != ours,
    }
}

/// The lines with each level of `theirs` as one of `ours`. What a line is aligned by, further in
/// than its level, stays as wide as it is.
fn in_levels(lines: &[&str], strings: &BTreeSet<usize>, theirs: Unit, ours: Unit) -> String {
    let width = match (theirs, ours) {
        (Unit::Spaces(width), _) | (_, Unit::Spaces(width)) => width,
        _ => 1,
    };
    let level = match ours {
        Unit::Tab => "\t".to_owned(),
        Unit::Spaces(width) => " ".repeat(width),
    };
    let columns = |line: &str| -> usize {
        let blanks = indentation_of(line).chars();
        blanks.map(|c| if c == '\t' { width } else { 1 }).sum()
    };
    let mut base: Option<(usize, &str)> = None;
    // How far in the level is that the last line belongs to, and whether one may begin below it.
    let (mut current, mut may_open) = (0, false);
    let mut done = Vec::with_capacity(lines.len());
    for (at, line) in lines.iter().enumerate() {
        if strings.contains(&at) || line.trim().is_empty() {
            done.push((*line).to_owned());
            continue;
        }
        let (base, blanks) = *base.get_or_insert((columns(line), indentation_of(line)));
        let Some(deep) = columns(line).checked_sub(base) else {
            done.push((*line).to_owned());
            continue;
        };
        let is_level =
            deep % width == 0 && (deep <= current || may_open && deep == current + width);
        if is_level {
            current = deep;
        }
        let aligned = " ".repeat(deep.saturating_sub(current));
        let indented = level.repeat(current / width);
        done.push(format!("{blanks}{indented}{aligned}{}", line.trim_start()));
        may_open = may_open_a_level(line);
    }
    done.join("\n")
}

/// Whether the line below this one may be a level further in, rather than be aligned with a part
/// of it.
fn may_open_a_level(line: &str) -> bool {
    !line
        .trim_end()
        .ends_with([',', '\\', '+', '-', '*', '/', '|', '&', '.', '=', '?'])
        || line.trim_end().ends_with("=>")
}

/// The unit that the levels of code are made of, if they are all of one: told by the lines that
/// open one, as aligned lines are further in by any width.
///
/// What an open bracket at a line's end begins is further in by a level, or by two in some styles:
/// with `hanging` that counts, too.
fn unit_of(lines: &[&str], hanging: bool) -> Option<Unit> {
    let mut unit = None;
    for two in lines.windows(2) {
        let [above, line] = two else { continue };
        let Some(step) = indentation_of(line).strip_prefix(indentation_of(above)) else {
            continue;
        };
        let hangs = hanging && above.trim_end().ends_with(['(', '[']);
        if step.is_empty() || !hangs && !opens_a_level(above) {
            continue;
        }
        let found = match step {
            "\t" => Unit::Tab,
            step if step.contains('\t') => return None,
            step => Unit::Spaces(step.len()),
        };
        if unit.is_some_and(|unit| unit != found) {
            return None;
        }
        unit = Some(found);
    }
    unit.filter(|unit| *unit != Unit::Spaces(1))
}

/// Whether the line below this one, if further in, is surely a level further in.
fn opens_a_level(line: &str) -> bool {
    may_open_a_level(line) && !line.trim_end().ends_with(['(', '[']) && {
        let count = |marks: [char; 2]| line.matches(marks).count();
        count(['(', '[']) <= count([')', ']'])
    }
}

/// How the range is indented, by the lines in it that are, else by those of the document.
fn own_unit(asked: &Asked<'_>) -> Option<Unit> {
    let none = BTreeSet::new();
    let mut old = code_lines(&asked.old, &none);
    let first = format!(
        "{}{}",
        asked.indentation(),
        old.first().map_or("", |line| line.trim_start())
    );
    if let Some(line) = old.first_mut() {
        *line = &first;
    }
    if old
        .iter()
        .any(|line| indentation_of(line).len() > asked.indentation().len())
    {
        return unit_of(&old, false).or_else(|| unit_of(&old, true));
    }
    let lines = asked.original.text.lines().take(LINES_LOOKED_AT);
    let text: String = lines.map(|line| line.to_string()).collect();
    unit_of(&code_lines(&text, &none), false)
}

/// How much of a document tells how it is indented.
const LINES_LOOKED_AT: usize = 500;

/// `lines` with the line ends of the old text: a line that stood there keeps its own, others get
/// what is most common in the range, or in the document if the range is a single line.
fn with_line_ends(lines: &str, asked: &Asked<'_>) -> String {
    let old: Vec<(&str, &str)> = split_line_ends(&asked.old).collect();
    let common = most_common_end(old.iter().map(|(_, end)| *end))
        .map(str::to_owned)
        .or_else(|| end_of_the_document(asked))
        .unwrap_or_else(|| "\n".to_owned());
    if old.iter().all(|(_, end)| end.is_empty() || *end == common) {
        return if common == "\n" {
            lines.to_owned()
        } else {
            lines.replace('\n', &common)
        };
    }
    let new: Vec<&str> = lines.split('\n').collect();
    let kept = kept_ends(&old, &new);
    let mut ended = String::with_capacity(lines.len() + new.len());
    for (at, line) in new.iter().enumerate() {
        ended.push_str(line);
        if at + 1 < new.len() {
            let known = kept.get(at).copied().flatten();
            ended.push_str(known.unwrap_or(&common));
        }
    }
    ended
}

/// For each new line the end of the old line that it is, where it is one.
fn kept_ends<'a>(old: &[(&'a str, &'a str)], new: &[&str]) -> Vec<Option<&'a str>> {
    let mut kept = vec![None; new.len()];
    // The edges of the range are blank and not part of the new lines.
    let bare: Vec<&str> = old
        .iter()
        .map(|(line, _)| line.trim_start_matches(BOM).trim_start())
        .collect();
    let sent: Vec<&str> = new.iter().map(|line| line.trim_start()).collect();
    for op in capture_diff_slices(Algorithm::Myers, &bare, &sent) {
        if op.tag() != DiffTag::Equal {
            continue;
        }
        for (from, to) in op.old_range().zip(op.new_range()) {
            let end = old
                .get(from)
                .map(|(_, end)| *end)
                .filter(|end| !end.is_empty());
            if let Some(slot) = kept.get_mut(to) {
                *slot = end;
            }
        }
    }
    kept
}

/// Each line and what it ends with.
fn split_line_ends(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        let length = match after {
            after if after.starts_with("\r\n") => 2,
            "" => 0,
            _ => 1,
        };
        let (end, next) = after.split_at(length);
        rest = next;
        Some((line, end))
    })
}

fn most_common_end<'a>(ends: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut counts: Vec<(usize, &str)> = Vec::new();
    for end in ends.filter(|end| !end.is_empty()) {
        match counts.iter_mut().find(|(_, known)| *known == end) {
            Some((count, _)) => *count += 1,
            None => counts.push((1, end)),
        }
    }
    // The first of equals: how the text begins.
    let most = counts.iter().map(|(count, _)| *count).max()?;
    counts
        .into_iter()
        .find(|(count, _)| *count == most)
        .map(|(_, end)| end)
}

fn end_of_the_document(asked: &Asked<'_>) -> Option<String> {
    let lines = asked.original.text.lines().take(LINES_LOOKED_AT);
    let ends: Vec<String> = lines
        .map(|line| {
            let text = line.to_string();
            let bare = text.trim_end_matches(['\r', '\n']).len();
            text.get(bare..).unwrap_or_default().to_owned()
        })
        .collect();
    most_common_end(ends.iter().map(String::as_str)).map(str::to_owned)
}

/// The byte order mark and blank lines before the first letter's line, and all white space
/// after the last letter.
fn blank_edges(old: &str) -> (&str, &str) {
    let inner = old.trim_start_matches(|c: char| c.is_whitespace() || c == BOM);
    let lead = old.get(..old.len() - inner.len()).unwrap_or_default();
    let head_end = lead.rfind(['\n', '\r', BOM]).map_or(0, |at| {
        at + lead
            .get(at..)
            .and_then(|rest| rest.chars().next())
            .map_or(0, char::len_utf8)
    });
    if inner.is_empty() {
        return lead.split_at(lead.rfind(BOM).map_or(0, |at| at + BOM.len_utf8()));
    }
    let tail = old.trim_end().len();
    (
        lead.get(..head_end).unwrap_or_default(),
        old.get(tail..).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Original;

    /// Puts `new` where `old` stands in `text`, once.
    fn check(text: &str, old: &str, new: &str, language: Option<Language>, expected: &str) {
        let start = text.find(old).unwrap();
        let range = start..start + old.len();
        let rope = Rope::from_str(text);
        let original = Original {
            text: &rope,
            range: &range,
            language,
            syntax: None,
            leading: "",
            name: None,
        };
        let asked = Asked::of(original).unwrap();
        let changed = text.replacen(old, &in_the_manner_of(&asked, new), 1);
        assert_eq!(changed, expected, "{new:?}");
    }

    #[test]
    fn strings_of_several_lines_keep_their_content() {
        let text = "class K:\n    def y(self):\n        s = 1\n";
        let old = "def y(self):\n        s = 1";
        let expected = "class K:\n    def y(self):\n        s = \"\"\"\nflush\n  in\n\"\"\"\n";
        for new in [
            "    def y(self):\n        s = \"\"\"\nflush\n  in\n\"\"\"",
            "def y(self):\n        s = \"\"\"\nflush\n  in\n\"\"\"",
            "def y(self):\n    s = \"\"\"\nflush\n  in\n\"\"\"",
            "        def y(self):\n            s = \"\"\"\nflush\n  in\n\"\"\"",
        ] {
            check(text, old, new, Some(Language::Python), expected);
        }
        let text = "{\n  function y() {\n    1\n  }\n}\n";
        let expected = "{\n  function y() {\n    return `\nflush\n   in`\n  }\n}\n";
        for new in [
            "  function y() {\n    return `\nflush\n   in`\n  }",
            "function y() {\n    return `\nflush\n   in`\n  }",
            "function y() {\n  return `\nflush\n   in`\n}",
        ] {
            check(
                text,
                "function y() {\n    1\n  }",
                new,
                Some(Language::JavaScript),
                expected,
            );
        }
    }

    #[test]
    fn lines_keep_the_ends_they_had() {
        let mixed = "a\r\nb\nc\r\nd";
        check(mixed, mixed, "a\nb\nx\nc\nd", None, "a\r\nb\nx\r\nc\r\nd");
        check("a\r\nb\r\n", "b", "x\ny", None, "a\r\nx\r\ny\r\n");
        check("a", "a", "x\ny", None, "x\ny");
    }

    #[test]
    fn a_byte_order_mark_stays() {
        check(
            "\u{feff}a = 1\n",
            "\u{feff}a = 1\n",
            "a = 2",
            None,
            "\u{feff}a = 2\n",
        );
    }
}
