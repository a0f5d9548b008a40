//! Cuts from an answer what stands around the range already: its doc comment, its class, its file.

use ropey::Rope;

use super::Refusal;
use super::code::Asked;
use crate::syntax::{Language, Symbol, SymbolKind, Syntax};

/// The block without what the document has around the range.
///
/// # Errors
/// When it holds more than the range, and it is not certain what of it.
pub(super) fn the_part_asked_for(block: String, asked: &Asked<'_>) -> Result<String, Refusal> {
    let block = without_leading(block, asked.original.leading);
    let item = match (asked.original.name, asked.original.language) {
        (Some(name), Some(language)) => the_item_alone(block, name, language, asked)?,
        _ => without_the_file(block, asked),
    };
    without_the_line(item, asked)
}

/// The block without what it repeats of the lines above the range: all of them, or the last few.
fn without_leading(block: String, leading: &str) -> String {
    let above: Vec<&str> = written(leading).collect();
    let Some(first) = written(&block).next() else {
        return block;
    };
    for skipped in (0..above.len()).filter(|at| above.get(*at) == Some(&first)) {
        let repeated = above.get(skipped..).unwrap_or_default();
        if written(&block)
            .take(repeated.len())
            .eq(repeated.iter().copied())
        {
            let mut left = repeated.len();
            let rest = block.lines().skip_while(|line| {
                let skip = left > 0;
                left -= usize::from(skip && !line.trim().is_empty());
                skip
            });
            return without_blank_edges(&rest.collect::<Vec<_>>().join("\n"));
        }
    }
    block
}

fn the_item_alone(
    block: String,
    name: &str,
    language: Language,
    asked: &Asked<'_>,
) -> Result<String, Refusal> {
    if has_the_outline_of(&block, asked) {
        return Ok(block);
    }
    let Some(syntax) = Syntax::parse(language, &Rope::from_str(&block)) else {
        return Ok(block);
    };
    let own = own_symbol(asked);
    let is_meant = |symbol: &&Symbol| {
        symbol.name == name && own.is_none_or(|own| are_alike(symbol.kind, own.kind))
    };
    let outermost = syntax.symbols().iter().filter(|symbol| symbol.depth == 0);
    let mut meant = outermost.clone().filter(is_meant);
    let mut nested = syntax.symbols().iter().filter(is_meant);
    let (item, is_outermost) = match (meant.next(), nested.next()) {
        (Some(item), _) => (item, true),
        (None, Some(item)) => (item, false),
        (None, None) => {
            return if repeats_a_neighbour(outermost, asked) {
                Err(Refusal::Wrapped)
            } else {
                Ok(block)
            };
        }
    };
    let is_only = if is_outermost {
        meant.next()
    } else {
        nested.next()
    }
    .is_none();
    let above = part(&block, 0..item.with_leading().start);
    let below = part(&block, item.range.end..block.len());
    if is_outermost && is_blank(above) && is_blank(below) {
        return Ok(without_own_leading(&block, item, asked));
    }
    if is_only && stand_around(above, below, asked) {
        return Ok(without_own_leading(&block, item, asked));
    }
    let others = outermost.filter(|symbol| symbol.range != item.range);
    let at_its_place = language != Language::Go
        || !above
            .lines()
            .any(|line| line.starts_with("package ") || line.starts_with("import "));
    // What stands above the range would be about the first of them.
    let passes_on = !is_blank(asked.original.leading)
        && (!is_blank(above) || !is_blank(part(&block, item.leading.clone())));
    if is_outermost && is_only && at_its_place && !passes_on && !repeats_a_neighbour(others, asked)
    {
        Ok(block)
    } else {
        Err(Refusal::Wrapped)
    }
}

/// Whether anything is declared where the item was that the answer is for: an example of its use,
/// or a word about it in a comment, parses as well.
pub(super) fn declares_something(new: &str, asked: &Asked<'_>) -> bool {
    let (Some(language), Some(_)) = (asked.original.language, own_symbol(asked)) else {
        return true;
    };
    if has_the_outline_of(new, asked) {
        return true;
    }
    let declares = |text: &str, within: std::ops::Range<usize>| {
        let syntax = Syntax::parse(language, &Rope::from_str(text));
        syntax.is_none_or(|syntax| {
            let mut symbols = syntax.symbols().iter();
            let is_within = |symbol: &Symbol| {
                within.start <= symbol.range.start && symbol.range.end <= within.end
            };
            // What does not parse is judged elsewhere.
            symbols.any(is_within) || syntax.errors_around(&within).touching() > 0
        })
    };
    // Some items are read as such only within what they stand in.
    let in_place = || {
        let (before, after) = asked.around();
        declares(
            &format!("{before}{new}{after}"),
            before.len()..before.len() + new.len(),
        )
    };
    declares(new, 0..new.len()) || in_place()
}

/// The item as it stands in the block, with its indentation; with the comments above it only where
/// the document has none that it would double.
fn without_own_leading(block: &str, item: &Symbol, asked: &Asked<'_>) -> String {
    let start = if asked.original.leading.trim().is_empty() {
        item.with_leading().start
    } else {
        item.range.start
    };
    let before = part(block, 0..start);
    let line = before.rsplit('\n').next().unwrap_or_default();
    let indentation = part(line, 0..line.len() - line.trim_start().len());
    format!("{indentation}{}", part(block, start..item.range.end))
}

/// Whether the lines that are not inside of anything are those of the old text: then it is the
/// same one item, and needs no parse.
fn has_the_outline_of(block: &str, asked: &Asked<'_>) -> bool {
    outer_lines(block, indentation(block).len())
        .eq(outer_lines(&asked.old, asked.indentation().len()))
}

fn outer_lines(text: &str, width: usize) -> impl Iterator<Item = &str> {
    let outer =
        move |(at, line): &(usize, &str)| *at == 0 || line.len() - line.trim_start().len() <= width;
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .enumerate()
        .filter(outer)
        .map(|(_, line)| line.trim())
}

/// What the range is, in the document's tree.
fn own_symbol<'a>(asked: &Asked<'a>) -> Option<&'a Symbol> {
    let symbols = asked.original.syntax?.symbols();
    symbols
        .iter()
        .find(|symbol| symbol.range == *asked.original.range)
}

fn are_alike(one: SymbolKind, other: SymbolKind) -> bool {
    // A method without its class around it is read as a function.
    let plain = |kind| match kind {
        SymbolKind::Method => SymbolKind::Function,
        kind => kind,
    };
    plain(one) == plain(other)
}

/// Whether one of `symbols` is declared beside the range too.
fn repeats_a_neighbour<'s>(
    mut symbols: impl Iterator<Item = &'s Symbol>,
    asked: &Asked<'_>,
) -> bool {
    let (Some(syntax), Some(own)) = (asked.original.syntax, own_symbol(asked)) else {
        return false;
    };
    let around = syntax
        .symbols()
        .iter()
        .rfind(|symbol| {
            symbol.depth + 1 == own.depth
                && symbol.range.start <= own.range.start
                && own.range.end <= symbol.range.end
        })
        .map_or(0..usize::MAX, |symbol| symbol.range.clone());
    let neighbours: Vec<&Symbol> = syntax
        .symbols()
        .iter()
        .filter(|symbol| symbol.depth == own.depth && symbol.range != own.range)
        .filter(|symbol| around.start <= symbol.range.start && symbol.range.end <= around.end)
        .collect();
    symbols.any(|symbol| {
        neighbours
            .iter()
            .any(|known| known.name == symbol.name && are_alike(known.kind, symbol.kind))
    })
}

/// Whether all lines above the item stand above the range in the document, and all below it below,
/// in this order: then nothing is lost by leaving them out.
fn stand_around(above: &str, below: &str, asked: &Asked<'_>) -> bool {
    let last = above.rsplit('\n').next().unwrap_or_default();
    let first = below.split('\n').next().unwrap_or_default();
    let (before, after) = asked.around();
    is_blank(last)
        && is_blank(first)
        && stand_in_order(above, &before)
        && stand_in_order(below, &after)
}

fn stand_in_order(lines: &str, document: &str) -> bool {
    let mut known = written(document);
    written(lines).all(|line| known.any(|known| known == line))
}

/// The block without the rest of the document, where all of that was sent back around the range.
fn without_the_file(block: String, asked: &Asked<'_>) -> String {
    if !asked.may_be_the_document(&block) {
        return block;
    }
    let (before, after) = asked.around();
    let telling = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    let (above, below) = (written(&before).count(), written(&after).count());
    let lines: Vec<&str> = block.lines().collect();
    let full: Vec<usize> = (0..lines.len())
        .filter(|at| lines.get(*at).is_some_and(|line| !line.trim().is_empty()))
        .collect();
    if telling(&before) + telling(&after) < 4 || full.len() <= above + below {
        return block;
    }
    let repeats = |text: &str, file: &str, above: usize, below: usize| {
        let whole: Vec<&str> = written(text).collect();
        let tail = whole.len().saturating_sub(below);
        whole
            .get(..above)
            .is_some_and(|part| written(file).take(above).eq(part.iter().copied()))
            && whole
                .get(tail..)
                .is_some_and(|part| part.len() == below && written(&after).eq(part.iter().copied()))
    };
    let old_has_it_too = written(&asked.old)
        .next()
        .is_some_and(|line| written(&before).next() == Some(line));
    if old_has_it_too || !repeats(&block, &before, above, below) {
        return block;
    }
    let first = full.get(above).copied().unwrap_or_default();
    let last = full.get(full.len() - below - 1).map_or(0, |at| at + 1);
    lines.get(first..last).unwrap_or_default().join("\n")
}

/// The block without the rest of the line that the range is a part of.
///
/// # Errors
/// When the block ends as the line does, but does not begin so.
fn without_the_line(block: String, asked: &Asked<'_>) -> Result<String, Refusal> {
    let (lead, rest) = (asked.line_before.trim(), asked.line_after.trim());
    let old = asked.old.trim();
    let tells = lead.contains(char::is_alphanumeric)
        || !lead.is_empty() && asked.line_before.ends_with(char::is_whitespace);
    if tells && !old.starts_with(lead) {
        let inner = block.trim().strip_prefix(lead);
        let inner = inner.and_then(|inner| inner.strip_suffix(rest));
        if let Some(inner) = inner.filter(|inner| !is_blank(inner)) {
            return Ok(inner.trim().to_owned());
        }
    }
    if rest.is_empty() || old.ends_with(rest) {
        return Ok(block);
    }
    match block.trim_end().strip_suffix(rest) {
        Some(_) if rest.contains(char::is_alphanumeric) => Err(Refusal::Wrapped),
        // `2;` for the `1` of `let a = 1;`
        Some(inner) if matches!(rest, ";" | ",") && !lead.is_empty() => Ok(inner.to_owned()),
        _ => Ok(block),
    }
}

/// The lines of a text that are not blank, without what is around them.
fn written(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\r'])
        .map(str::trim)
        .filter(|line| !line.is_empty())
}

pub(super) fn without_blank_edges(block: &str) -> String {
    let lines: Vec<&str> = block.lines().collect();
    let first = lines
        .iter()
        .position(|line| !line.trim().is_empty())
        .unwrap_or(0);
    let last = lines
        .iter()
        .rposition(|line| !line.trim().is_empty())
        .map_or(0, |at| at + 1);
    lines.get(first..last).unwrap_or_default().join("\n")
}

/// The white space before the first letter of a text, on its line.
pub(super) fn indentation(text: &str) -> &str {
    let line = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    indentation_of(line)
}

/// The white space that a line begins with.
pub(super) fn indentation_of(line: &str) -> &str {
    part(line, 0..line.len() - line.trim_start().len())
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

fn part(text: &str, range: std::ops::Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}
