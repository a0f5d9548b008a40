//! Writes the large states of a generated parser the way its small ones are written, without their empty cells.
//!
//! `parser.c` holds a parse table: for each state and symbol a number, mostly 0. The generator
//! writes a state with many symbols as a row with a cell for each symbol there is, and a state
//! with few as groups: a number and the symbols that it stands for. Tree-sitter reads a state as
//! groups from `LARGE_STATE_COUNT` on, whatever its size, so rows may become groups.

use std::collections::{HashMap, HashSet};

/// How many states stay rows: the error state and the one that a text begins in, which the
/// generator always writes so. An array without rows would be no C.
const ROWS: usize = 2;

/// What texts in any language are full of, by the generator's names, most often first.
///
/// A state's groups are searched from its first to its last, so those with one of these stand
/// ahead: counted over 600 files in ten languages. A name that a grammar lacks does no harm.
const OFTEN: &[&str] = &[
    "sym_identifier",
    "sym__identifier_token",
    "sym_name",
    "anon_sym_LPAREN",
    "anon_sym_LPAREN2",
    "anon_sym_RPAREN",
    "anon_sym_RPAREN2",
    "anon_sym_DOT",
    "anon_sym_COMMA",
    "anon_sym_SEMI",
    "sym_expression",
    "sym__expression",
    "sym_primary_expression",
    "sym__primary",
    "sym__arg",
    "sym__line_break",
    "anon_sym_RBRACE",
    "anon_sym_LBRACE",
    "sym__expression_except_range",
    "sym_lvalue_expression",
    "sym__simple_name",
    "sym__name",
    "sym__unary_expression",
    "sym__lhs",
    "sym__variable",
    "sym_member_access_expression",
    "sym_member_expression",
    "sym_type",
    "sym__type",
    "sym_type_specifier",
    "sym_statement",
];

const COUNT: &str = "\n#define LARGE_STATE_COUNT ";
const TABLE: &str = "\nstatic const uint16_t ts_parse_table[LARGE_STATE_COUNT][SYMBOL_COUNT] = {\n";
const GROUPS: &str = "\nstatic const uint16_t ts_small_parse_table[] = {\n";
const STARTS: &str = "\nstatic const uint32_t ts_small_parse_table_map[] = {\n";
const ACTIONS: &str = "\nstatic const TSParseActionEntry ts_parse_actions[] = {\n";
const END: &str = "\n};\n";

/// The same parser with its large states as groups. `Err` says what in it is not as expected.
pub fn without_empty_cells(source: &str) -> Result<String, String> {
    let (head, rest) = cut(source, COUNT)?;
    let (count, rest) = cut(rest, "\n")?;
    let large = number(count)?;
    let (definitions, rest) = cut(rest, TABLE)?;
    let (table, rest) = cut(rest, END)?;
    let rest = follows(rest, GROUPS)?;
    let (old_groups, rest) = cut(rest, END)?;
    let rest = follows(rest, STARTS)?;
    let (old_starts, tail) = cut(rest, END)?;

    let (rows, others) = states(table, large)?;
    let mut groups = Groups::new(reductions(tail)?);
    for cells in others {
        groups.add(cells)?;
    }
    let old_groups: String = old_groups.lines().map(without_index).collect();
    let mut starts: String = groups.starts.iter().map(|at| format!("{at},\n")).collect();
    for line in old_starts.lines() {
        let start = number(without_index(line).trim_end_matches(','))?;
        starts.push_str(&format!("{},\n", groups.length + start));
    }
    let count = ROWS.min(large).to_string();
    let first = [head, COUNT, &count, "\n", definitions];
    let tables = [
        TABLE,
        rows,
        END,
        GROUPS,
        &groups.text,
        &old_groups,
        END,
        STARTS,
        &starts,
        END,
    ];
    Ok(first.concat() + &tables.concat() + tail)
}

/// States as groups. Those with the same cells share them.
struct Groups<'a> {
    text: String,
    /// In numbers, as C counts.
    length: usize,
    /// Where the groups of each state begin.
    starts: Vec<usize>,
    start_of: HashMap<&'a str, usize>,
    reductions: HashSet<String>,
}

impl<'a> Groups<'a> {
    fn new(reductions: HashSet<String>) -> Self {
        Groups {
            text: String::new(),
            length: 0,
            starts: Vec::new(),
            start_of: HashMap::new(),
            reductions,
        }
    }

    fn add(&mut self, cells: &'a str) -> Result<(), String> {
        let start = *self.start_of.entry(cells).or_insert(self.length);
        self.starts.push(start);
        if start < self.length {
            return Ok(());
        }
        let mut groups = grouped(cells)?;
        groups.sort_by_key(|group| self.rank(group));
        self.length += 1;
        self.text.push_str(&format!("{},\n", groups.len()));
        for (value, symbols) in groups {
            self.length += 2 + symbols.len();
            let (count, symbols) = (symbols.len(), symbols.join(", "));
            self.text
                .push_str(&format!("{value}, {count}, {symbols},\n"));
        }
        Ok(())
    }

    /// How far ahead a group stands. One that reduces keeps its place among those that do: error
    /// recovery takes the first of two reductions that look alike, and must find the same.
    fn rank(&self, (value, symbols): &Group) -> usize {
        if self.reductions.contains(*value) {
            return OFTEN.len();
        }
        let ranks = symbols
            .iter()
            .filter_map(|symbol| OFTEN.iter().position(|often| often == symbol));
        ranks.min().unwrap_or(OFTEN.len())
    }
}

/// What symbols stand for, and these.
type Group<'a> = (&'a str, Vec<&'a str>);

/// The symbols of a state by what they stand for, in the order of their first cells.
///
/// What a terminal stands for is written `ACTIONS`, what another symbol does `STATE`: they never
/// share a group, as tree-sitter expects.
fn grouped(cells: &str) -> Result<Vec<Group<'_>>, String> {
    let mut groups: Vec<Group> = Vec::new();
    let mut place_of = HashMap::new();
    for line in cells.lines() {
        let cell = line
            .trim()
            .strip_prefix('[')
            .and_then(|cell| cell.strip_suffix(','));
        let cell = cell.and_then(|cell| cell.split_once("] = "));
        let (symbol, value) = cell.ok_or_else(|| format!("`{line}` is no cell"))?;
        match value
            .strip_suffix(')')
            .and_then(|value| value.split_once('('))
        {
            Some(("STATE" | "ACTIONS", "0")) => continue,
            Some(("STATE" | "ACTIONS", _)) => {}
            _ => return Err(format!("`{line}` holds neither a state nor actions")),
        }
        let place = *place_of.entry(value).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, symbols)) => symbols.push(symbol),
            None => groups.push((value, vec![symbol])),
        }
    }
    Ok(groups)
}

/// The `ACTIONS(…)` among which is a reduction.
fn reductions(source: &str) -> Result<HashSet<String>, String> {
    let (_, actions) = cut(source, ACTIONS)?;
    let (actions, _) = cut(actions, END)?;
    let reducing = actions.lines().filter(|line| line.contains(" REDUCE("));
    let index = |line: &str| Some(line.trim().strip_prefix('[')?.split_once(']')?.0.to_owned());
    Ok(reducing
        .filter_map(index)
        .map(|index| format!("ACTIONS({index})"))
        .collect())
}

/// The text of the rows that stay, and the cells of each other state.
fn states(table: &str, count: usize) -> Result<(&str, Vec<&str>), String> {
    let mut rest = table;
    let mut rows = table;
    let mut others = Vec::new();
    for state in 0..count {
        if state == ROWS {
            rows = table.strip_suffix(rest).unwrap_or(table);
        }
        let after = follows(rest, &format!("  [{state}] = {{\n"))
            .or_else(|_| follows(rest, &format!("  [STATE({state})] = {{\n")))?;
        let (cells, after) = cut(after, "  },")?;
        if state >= ROWS {
            others.push(cells);
        }
        rest = after.strip_prefix('\n').unwrap_or(after);
    }
    match rest {
        "" => Ok((rows, others)),
        _ => Err(format!("it has more than {count} large states")),
    }
}

/// `ACTIONS(3), 1,` of `  [7] = ACTIONS(3), 1,`.
fn without_index(line: &str) -> &str {
    line.split_once("] = ").map_or(line, |(_, rest)| rest)
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn cut<'a>(text: &'a str, at: &str) -> Result<(&'a str, &'a str), String> {
    text.split_once(at)
        .ok_or_else(|| format!("`{}` is not in it", at.trim()))
}

fn follows<'a>(text: &'a str, what: &str) -> Result<&'a str, String> {
    text.strip_prefix(what)
        .ok_or_else(|| format!("`{}` is not where it should be", what.trim()))
}
