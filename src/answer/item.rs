//! Cuts from an answer what stands around the item already: its doc comment, its class, its file.

use std::collections::HashSet;

use ropey::Rope;

use super::Refusal;
use super::code::Asked;
use super::repeated::without_surroundings;
use crate::syntax::{Language, Symbol, SymbolKind, Syntax};

/// The block without what the document has around the range.
///
/// # Errors
/// When it holds more than the range, and it is not certain what of it.
pub(super) fn the_part_asked_for(block: String, asked: &Asked<'_>) -> Result<String, Refusal> {
    let block = without_leading(block, asked.original.leading);
    if let (Some(name), Some(language)) = (asked.original.name, asked.original.language) {
        let item = the_item_alone(block, name, language, asked)?;
        return without_the_line(item, asked);
    }
    let (lines, were_around) = without_surroundings(block, asked)?;
    let part = without_the_line(lines.clone(), asked)?;
    let is_part = asked.begins_inside() || !asked.line_after.trim().is_empty();
    if were_around && is_part && part == lines {
        return Err(Refusal::Wrapped);
    }
    Ok(part)
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

/// Whether the new text declares once more what the range is in, or what is declared beside it.
///
/// For what was selected; of an item that has a name more is known before.
pub(super) fn declares_what_is_around(new: &str, asked: &Asked<'_>) -> bool {
    let (Some(syntax), None) = (asked.original.syntax, asked.original.name) else {
        return false;
    };
    let range = &asked.written;
    let is_around = |symbol: &&Symbol| {
        symbol.range.start <= range.start
            && range.end <= symbol.range.end
            && symbol.range.len() > range.len()
    };
    let is_within =
        |symbol: &Symbol| range.start <= symbol.range.start && symbol.range.end <= range.end;
    let around: Vec<&Symbol> = syntax.symbols().iter().filter(is_around).collect();
    let (depth, place) = around.last().map_or((0, 0..usize::MAX), |around| {
        (around.depth + 1, around.range.clone())
    });
    let beside = syntax.symbols().iter().filter(|symbol| {
        symbol.depth == depth
            && place.start <= symbol.range.start
            && symbol.range.end <= place.end
            && (symbol.range.end <= range.start || range.end <= symbol.range.start)
            // One type may have many.
            && symbol.kind != SymbolKind::Impl
    });
    let known: HashSet<&str> = asked.old.lines().map(str::trim).collect();
    let fresh = new.lines().filter(|line| !known.contains(line.trim()));
    let fresh: HashSet<&str> = fresh.flat_map(words).collect();
    let is_named_anew = |symbol: &&Symbol| words(&symbol.name).all(|word| fresh.contains(word));
    let is_old = |symbol: &Symbol| {
        let mut symbols = syntax.symbols().iter();
        symbols.any(|old| {
            is_within(old) && old.name == symbol.name && are_alike(old.kind, symbol.kind)
        })
    };
    let of_interest = around.iter().copied().chain(beside);
    let suspects: Vec<&Symbol> = of_interest
        .filter(is_named_anew)
        .filter(|symbol| !is_old(symbol))
        .collect();
    if suspects.is_empty() {
        return false;
    }
    let declares = |text: &str, came: std::ops::Range<usize>, outermost: usize| {
        let syntax = Syntax::parse(syntax.language(), &Rope::from_str(text));
        syntax.is_some_and(|syntax| {
            let mut symbols = syntax
                .symbols()
                .iter()
                .filter(|symbol| came.start <= symbol.range.start && symbol.range.end <= came.end);
            symbols.any(|symbol| {
                suspects.iter().any(|known| {
                    known.name == symbol.name
                        && are_alike(known.kind, symbol.kind)
                        && (known.depth < depth || symbol.depth == outermost)
                })
            })
        })
    };
    let (before, after) = asked.around();
    let came = before.len()..before.len() + new.len();
    // Some are read as such only in their place, and others nowhere in it, as within a macro.
    declares(&format!("{before}{new}{after}"), came, depth) || declares(new, 0..new.len(), 0)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
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
            symbols.any(is_within) || syntax.parsed().errors_around(&within).touching() > 0
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
    let end = block.trim_end();
    if end.ends_with(rest) && rest.contains(char::is_alphanumeric) {
        return Err(Refusal::Wrapped);
    }
    // `2;` for the `1` of `let a = 1;`
    let doubled = [';', ','].into_iter().find(|mark| rest.starts_with(*mark));
    let inner = doubled
        .filter(|mark| !old.ends_with(*mark))
        .and_then(|mark| end.strip_suffix(mark))
        .map(str::to_owned);
    Ok(inner.unwrap_or(block))
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
