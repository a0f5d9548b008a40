//! Holds the compiled grammars to what their crates say: each state does the same, in fewer bytes.

#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

#[path = "../build/sources.rs"]
mod sources;
#[path = "../build/tables.rs"]
mod tables;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use tables::without_empty_cells;

/// What a state does at each symbol, and what it reduces by in the order of its table: tree-sitter
/// takes the first of two reductions that look alike.
#[derive(Debug, Default, PartialEq)]
struct State<'a> {
    cells: HashMap<&'a str, &'a str>,
    reductions: Vec<&'a str>,
}

impl<'a> State<'a> {
    fn tell(&mut self, symbol: &'a str, value: &'a str, reducing: &HashSet<String>) {
        if matches!(value, "ACTIONS(0)" | "STATE(0)") {
            return;
        }
        assert!(self.cells.insert(symbol, value).is_none(), "{symbol} twice");
        if reducing.contains(value) && !self.reductions.contains(&value) {
            self.reductions.push(value);
        }
    }
}

/// Reads a table as tree-sitter does: rows up to `LARGE_STATE_COUNT`, and groups from there.
fn states(source: &str) -> Vec<State<'_>> {
    let large = number(between(source, "#define LARGE_STATE_COUNT ", "\n"));
    let table = between(source, "[LARGE_STATE_COUNT][SYMBOL_COUNT] = {", "\n};");
    let groups = entries(between(source, " ts_small_parse_table[] = {", "\n};"));
    let starts = entries(between(source, " ts_small_parse_table_map[] = {", "\n};"));
    let actions = between(source, " ts_parse_actions[] = {", "\n};");
    let reducing = actions.lines().filter(|line| line.contains("REDUCE("));
    let reducing = reducing.map(|line| format!("ACTIONS({})", between(line, "[", "]")));
    let reducing = reducing.collect();

    let mut states = Vec::new();
    for row in table.split("\n  },").take(large) {
        let mut state = State::default();
        for cell in row.lines().filter(|line| line.starts_with("    [")) {
            let (symbol, value) = cell.split_once("] = ").unwrap();
            let symbol = symbol.trim_start().trim_start_matches('[');
            state.tell(symbol, value.trim_end_matches(','), &reducing);
        }
        states.push(state);
    }
    for start in starts {
        let mut state = State::default();
        let mut rest = &groups[number(start)..];
        let count = number(rest[0]);
        rest = &rest[1..];
        for _ in 0..count {
            let (symbols, after) = rest[2..].split_at(number(rest[1]));
            for symbol in symbols {
                state.tell(symbol, rest[0], &reducing);
            }
            rest = after;
        }
        states.push(state);
    }
    states
}

/// The entries of a list of numbers, without the places that some lines name before theirs.
fn entries(list: &str) -> Vec<&str> {
    let lines = list.lines();
    let lines = lines.map(|line| line.split_once("] = ").map_or(line, |(_, rest)| rest));
    let entries = lines.flat_map(|line| line.split(',')).map(str::trim);
    entries.filter(|entry| !entry.is_empty()).collect()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap();
    rest.split_once(end).unwrap().0
}

fn number(text: &str) -> usize {
    text.trim().parse().unwrap()
}

#[test]
fn every_state_of_every_grammar_does_what_its_crate_says() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    for grammar in sources::grammars(env!("CARGO"), &manifest).unwrap() {
        let old = fs::read_to_string(grammar.folder.join("parser.c")).unwrap();
        let new = without_empty_cells(&old).unwrap();
        let (old_states, new_states) = (states(&old), states(&new));
        assert_eq!(old_states.len(), new_states.len(), "{}", grammar.name);
        assert!(new.len() <= old.len(), "{}", grammar.name);
        for (state, (old, new)) in old_states.iter().zip(&new_states).enumerate() {
            assert!(old == new, "{}, state {state}", grammar.name);
        }
    }
}

/// A parser of four large states and one small one.
const PARSER: &str = "
#define LARGE_STATE_COUNT 4
enum { };
static const uint16_t ts_parse_table[LARGE_STATE_COUNT][SYMBOL_COUNT] = {
  [STATE(0)] = {
    [a] = ACTIONS(1),
  },
  [STATE(1)] = {
    [b] = STATE(2),
  },
  [STATE(2)] = {
    [c] = STATE(3),
    [a] = ACTIONS(3),
    [b] = ACTIONS(0),
    [sym_identifier] = ACTIONS(1),
    [d] = ACTIONS(3),
  },
  [STATE(3)] = {
    [a] = ACTIONS(1),
  },
};

static const uint16_t ts_small_parse_table[] = {
  [0] = 1,
    ACTIONS(1), 1,
      a,
};

static const uint32_t ts_small_parse_table_map[] = {
  [SMALL_STATE(4)] = 0,
};

static const TSParseActionEntry ts_parse_actions[] = {
  [1] = {.entry = {.count = 1, .reusable = true}}, SHIFT(2),
  [3] = {.entry = {.count = 1, .reusable = true}}, REDUCE(x, 1, 0, 0),
};
";

#[test]
fn states_become_groups_but_for_the_first_two() {
    let new = without_empty_cells(PARSER).unwrap();
    let groups = between(&new, "ts_small_parse_table[] = {\n", "\n};");
    let starts = between(&new, "ts_small_parse_table_map[] = {\n", "\n};");
    let large = between(&new, "#define LARGE_STATE_COUNT ", "\n");
    assert_eq!(
        entries(groups).join(" "),
        "3 ACTIONS(1) 1 sym_identifier STATE(3) 1 c ACTIONS(3) 2 a d 1 ACTIONS(1) 1 a 1 ACTIONS(1) 1 a"
    );
    assert_eq!(entries(starts).join(" "), "0 11 15");
    assert_eq!(large, "2");
    assert_eq!(states(&new), states(PARSER));
}

#[test]
fn a_parser_written_otherwise_is_refused() {
    let check = |old: &str, new: &str, message: &str| {
        assert!(PARSER.contains(old), "{old}");
        let refused = without_empty_cells(&PARSER.replace(old, new));
        assert_eq!(refused.unwrap_err(), message);
    };
    check(
        "LARGE_STATE_COUNT 4",
        "LARGE_STATE_COUNT four",
        "`four` is no number",
    );
    check(
        "LARGE_STATE_COUNT 4",
        "LARGE_STATE_COUNT 3",
        "it has more than 3 large states",
    );
    check(
        "[STATE(2)]",
        "[STATE(7)]",
        "`[STATE(2)] = {` is not where it should be",
    );
    check(
        "[c] = STATE(3)",
        "[c] = 3",
        "`    [c] = 3,` holds neither a state nor actions",
    );
    check("[c] = STATE(3),", "STATE(3)", "`    STATE(3)` is no cell");
    check(
        " ts_small_parse_table[]",
        " ts_small[]",
        "`static const uint16_t ts_small_parse_table[] = {` is not where it should be",
    );
    check(
        "[SMALL_STATE(4)] = 0",
        "[SMALL_STATE(4)] = x",
        "`x` is no number",
    );
    check(
        " ts_parse_actions[]",
        " ts_actions[]",
        "`static const TSParseActionEntry ts_parse_actions[] = {` is not in it",
    );
}
