//! Holds the shape of the house: which room may use which, and what none may do.
//!
//! It reads the sources as text and needs none of them to compile. Tests are cut out
//! first: they may reach wherever they like. So are comments and strings.

#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use gloss::syntax::Language;
use tree_sitter::{Node, Parser, Tree};

/// Each room, and the rooms that it may use besides itself.
const ROOMS: &str = "
    main:     cli
    cli:      server sim engine auth action llm store config prompt answer document syntax image text
    server:   engine auth action llm store config prompt answer document syntax image text
    engine:   auth telemetry action llm store config prompt answer document syntax image text
    action:   prompt answer document syntax image text
    auth:     config llm text
    telemetry: config llm store
    llm:      prompt text
    store:    llm
    config:   llm prompt
    sim:      syntax image
    prompt:   text
    answer:   syntax text
    document: syntax text
    syntax:   text
    image:    syntax text
    text:
";

/// The pure half: values in, values out.
const LOWER: &[&str] = &["prompt", "answer", "document", "syntax", "image", "text"];

/// A name that only some places may say: as it is written, which places, and why.
type Word = (&'static str, fn(&Place) -> bool, &'static str);

const WORDS: &[Word] = &[
    (
        "tower_lsp",
        |at| at.room == "server",
        "only the server names the protocol's crate",
    ),
    (
        "ls_types",
        |at| at.path == "src/server/protocol.rs",
        "its types come from protocol.rs",
    ),
    (
        "tokio",
        |at| !at.is_lower(),
        "the lower half knows no tokio",
    ),
    (
        "reqwest",
        |at| !at.is_lower(),
        "the lower half knows no network",
    ),
    (
        "rusqlite",
        |at| !at.is_lower(),
        "the lower half knows no database",
    ),
    (
        "std::fs",
        |at| !at.is_lower() || at.room == "image",
        "only loading images reads files",
    ),
    (
        ".unwrap()",
        |_| false,
        "outside of tests nothing panics: hand the error up",
    ),
    (
        ".expect(",
        |_| false,
        "outside of tests nothing panics: hand the error up",
    ),
    (
        "panic!",
        |_| false,
        "outside of tests nothing panics: hand the error up",
    ),
    (
        "unsafe_code",
        |at| ["src/syntax/compiled.rs", "src/server/memory.rs"].contains(&at.path),
        "only the grammars and the allocator are called as C",
    ),
    (
        "show_message",
        |at| at.path == "src/server/say.rs",
        "what is shown passes by `say`, which disarms it",
    ),
    ("todo!", |_| false, "nothing is left undone"),
    ("unimplemented!", |_| false, "nothing is left undone"),
];

/// Where a file stands.
struct Place<'a> {
    /// From the package's root, with `/` between its parts: `src/text/shift.rs`.
    path: &'a str,
    /// Its modules from the crate's root: `["text", "shift"]`, and `[]` for `lib.rs`.
    modules: Vec<&'a str>,
    /// The first of these, or `main`, or nothing for `lib.rs`.
    room: &'a str,
}

impl<'a> Place<'a> {
    fn of(path: &'a str) -> Self {
        let inside = path.strip_prefix("src/").unwrap_or(path);
        let mut modules: Vec<_> = inside.trim_end_matches(".rs").split('/').collect();
        modules.pop_if(|last| matches!(*last, "mod" | "lib"));
        let room = modules.first().copied().unwrap_or_default();
        Place {
            path,
            modules,
            room,
        }
    }

    fn is_lower(&self) -> bool {
        LOWER.contains(&self.room)
    }

    /// Why this place may not use a room, if so.
    fn refuses(&self, used: &str) -> Option<String> {
        let room = self.room;
        match may_use(room) {
            _ if room.is_empty() || room == used => None,
            Some(may) if may.split(' ').any(|allowed| allowed == used) => None,
            Some("") => Some(format!("`{room}` may use no other room")),
            Some(may) => Some(format!("`{room}` may use {may}, not `{used}`")),
            None => Some(format!(
                "`{room}` is a new room: say in ROOMS what it may use"
            )),
        }
    }
}

fn rooms() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = ROOMS.lines().filter_map(|line| line.split_once(':'));
    rows.map(|(room, may)| (room.trim(), may.trim()))
}

fn may_use(room: &str) -> Option<&'static str> {
    rooms().find(|(name, _)| *name == room).map(|(_, may)| may)
}

#[test]
fn the_house_keeps_its_shape() {
    let sources = sources();
    assert!(
        sources.len() > 30,
        "src/ was not read: {} files",
        sources.len()
    );
    let for_tests: Vec<_> = sources
        .iter()
        .flat_map(|(path, source)| test_modules(path, source))
        .collect();
    let findings: Vec<_> = sources
        .iter()
        .filter(|(path, _)| !for_tests.iter().any(|module| is_within(path, module)))
        .flat_map(|(path, source)| findings(path, source))
        .collect();
    assert!(
        findings.is_empty(),
        "{} broken:\n{}",
        findings.len(),
        findings.join("\n")
    );
}

#[test]
fn every_file_says_first_why_it_exists() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|(_, source)| !source.starts_with("//! "))
        .map(|(path, _)| format!("{path}:1: begins without a `//!` line that says why it exists"))
        .collect();
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn arrows_never_turn_back() {
    for (room, uses) in rooms() {
        for used in uses.split_whitespace() {
            let back = may_use(used).unwrap_or_else(|| panic!("{used} is no room"));
            assert!(
                !back.split(' ').any(|name| name == room),
                "{room} and {used} use each other"
            );
        }
    }
}

#[test]
fn what_the_threat_model_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let tests = names_of_tests(root);
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'));
    let mut missing = Vec::new();
    for row in rows.clone() {
        let [_, where_, held_by] = cells(row);
        assert!(!where_.is_empty() && !held_by.is_empty(), "{row}");
        let files = where_.iter().filter(|file| !root.join(file).is_file());
        let untested = held_by.iter().filter(|name| !tests.contains(**name));
        missing.extend(files.chain(untested).copied());
    }
    assert!(rows.count() > 30, "its tables were not found");
    assert!(
        missing.is_empty(),
        "SECURITY.md names what is not there: {missing:?}"
    );
}

/// What stands in backticks in each of a row's three cells.
fn cells(row: &str) -> [Vec<&str>; 3] {
    let mut cells = row.trim_matches('|').split(" | ").map(|cell| {
        let quoted = cell.split('`').skip(1).step_by(2);
        quoted.collect::<Vec<_>>()
    });
    let three = [cells.next(), cells.next(), cells.next()].map(Option::unwrap_or_default);
    assert!(cells.next().is_none(), "{row}");
    three
}

/// The name of every function that is marked as a test.
fn names_of_tests(root: &Path) -> BTreeSet<String> {
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    collect(&root.join("tests"), &mut files);
    let mut names = BTreeSet::new();
    for file in files {
        let source = fs::read_to_string(file).unwrap();
        for (at, _) in source.match_indices("test]") {
            let follows = source[at..].lines().skip(1);
            let marked = follows.map(str::trim).find(|line| !line.starts_with("#["));
            let name = marked.and_then(|line| line.split_once("fn ")?.1.split('(').next());
            names.extend(name.map(str::to_owned));
        }
        for (at, opening) in source.match_indices("on_both_wires! {") {
            let listed = source[at + opening.len()..].split('}').next();
            let listed = listed.unwrap_or_default().split(',').map(str::trim);
            names.extend(listed.map(str::to_owned));
        }
    }
    names
}

/// Every Rust file under `src`, its path from the package's root, in order.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    files.sort();
    files
        .iter()
        .map(|file| (from_root(root, file), fs::read_to_string(file).unwrap()))
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn from_root(root: &Path, file: &Path) -> String {
    let parts = file.strip_prefix(root).unwrap().iter();
    parts
        .map(|part| part.to_str().unwrap())
        .collect::<Vec<_>>()
        .join("/")
}

/// What breaks a rule in this file: `file:line: the rule in words`.
fn findings(path: &str, source: &str) -> Vec<String> {
    let place = Place::of(path);
    let tree = parse(source);
    let code = code_alone(source, &tree);
    let at = |offset: usize| format!("{path}:{}", 1 + code[..offset].matches('\n').count());

    let mut findings = Vec::new();
    for (written, _, rule) in WORDS.iter().filter(|(_, allowed, _)| !allowed(&place)) {
        for offset in places_of(&code, written) {
            findings.push(format!("{}: `{written}`: {rule}", at(offset)));
        }
    }
    for (offset, used) in rooms_used(&place, &code, &tree) {
        findings.extend(
            place
                .refuses(&used)
                .map(|rule| format!("{}: {rule}", at(offset))),
        );
    }
    findings
}

fn parse(source: &str) -> Tree {
    let mut parser = Parser::new();
    parser.set_language(&Language::Rust.grammar()).unwrap();
    parser.parse(source, None).unwrap()
}

/// The source with comments, strings and tests blanked, every line and offset where it was.
fn code_alone(source: &str, tree: &Tree) -> String {
    let mut blank = Vec::new();
    find_blanks(tree.root_node(), source, &mut blank);
    let mut code = source.as_bytes().to_vec();
    for byte in blank.into_iter().flatten() {
        if code[byte] != b'\n' {
            code[byte] = b' ';
        }
    }
    String::from_utf8(code).unwrap()
}

fn find_blanks(node: Node, source: &str, blank: &mut Vec<Range<usize>>) {
    let quiet = [
        "line_comment",
        "block_comment",
        "string_literal",
        "raw_string_literal",
        "char_literal",
    ];
    if quiet.contains(&node.kind()) {
        blank.push(node.byte_range());
    } else if is_for_tests(node, source) {
        blank.push(attributed(node).byte_range());
    }
    for child in node.children(&mut node.walk()) {
        find_blanks(child, source, blank);
    }
}

/// Whether this attribute keeps what follows it out of everything but a test.
fn is_for_tests(node: Node, source: &str) -> bool {
    let text: String = source[node.byte_range()].split_whitespace().collect();
    match node.kind() {
        "attribute_item" => {
            text == "#[cfg(test)]"
                || text.starts_with("#[cfg(all(test,")
                || text.starts_with("#[cfg(all(") && text.ends_with(",test))]")
        }
        "inner_attribute_item" => text == "#![cfg(test)]",
        _ => false,
    }
}

/// What an attribute stands on: the next item, or the whole file for an inner one.
fn attributed(attribute: Node) -> Node {
    if attribute.kind() == "inner_attribute_item" {
        return attribute.parent().unwrap_or(attribute);
    }
    let mut next = attribute.next_named_sibling();
    while let Some(node) = next {
        if !matches!(
            node.kind(),
            "attribute_item" | "line_comment" | "block_comment"
        ) {
            return node;
        }
        next = node.next_named_sibling();
    }
    attribute
}

/// The modules in other files that this one declares for tests only: `src/store/tests`.
fn test_modules(path: &str, source: &str) -> Vec<String> {
    let tree = parse(source);
    let mut blank = Vec::new();
    find_blanks(tree.root_node(), source, &mut blank);
    let folder = format!("src/{}", Place::of(path).modules.join("/"));
    blank
        .into_iter()
        .filter_map(|range| source[range].strip_suffix(';')?.rsplit_once("mod "))
        .map(|(_, name)| format!("{folder}/{name}"))
        .collect()
}

fn is_within(path: &str, module: &str) -> bool {
    let rest = path.strip_prefix(module);
    rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// Where `written` stands in the code, never as a part of a longer word.
///
/// `std::fs` is also found in `use std::{fs, io}`.
fn places_of<'a>(code: &'a str, written: &'a str) -> impl Iterator<Item = usize> + 'a {
    let whole = code
        .match_indices(written)
        .map(|(offset, _)| offset)
        .filter(move |&offset| {
            let end = offset + written.len();
            !(written.starts_with(is_word) && code[..offset].ends_with(is_word)
                || written.ends_with(is_word) && code[end..].starts_with(is_word))
        });
    let grouped = written
        .rsplit_once("::")
        .into_iter()
        .flat_map(move |(parent, name)| {
            paths_from(code, parent)
                .filter(move |(_, found)| found == name)
                .map(|(offset, _)| offset)
        });
    let grouped = grouped.filter(move |&offset| !code[offset..].starts_with(written));
    whole.chain(grouped)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The names that follow `parent::`, one by one where they are in braces, each with
/// where its `parent` begins.
fn paths_from<'a>(code: &'a str, parent: &'a str) -> impl Iterator<Item = (usize, String)> + 'a {
    code.match_indices(parent)
        .filter(|(offset, _)| !code[..*offset].ends_with(|c: char| is_word(c) || c == ':'))
        .filter_map(move |(offset, _)| {
            let rest = code[offset + parent.len()..].strip_prefix("::")?;
            Some(names(rest).into_iter().map(move |name| (offset, name)))
        })
        .flatten()
}

/// `a` of `a::b`, and `a` and `c` of `{a::{b}, c}`.
fn names(path: &str) -> Vec<String> {
    let first = |text: &str| {
        text.trim_start()
            .chars()
            .take_while(|c| is_word(*c))
            .collect()
    };
    let Some(group) = path.strip_prefix('{') else {
        return vec![first(path)];
    };
    let (mut names, mut depth, mut begins) = (vec![first(group)], 0, 0);
    for (offset, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = offset + 1,
            _ => continue,
        }
        if begins == offset + 1 {
            names.push(first(&group[begins..]));
        }
    }
    names
}

/// The rooms that this file names by `crate::` or by climbing up with `super::`.
fn rooms_used(place: &Place, code: &str, tree: &Tree) -> Vec<(usize, String)> {
    let root = if place.room == "main" {
        "gloss"
    } else {
        "crate"
    };
    let mut used: Vec<_> = paths_from(code, root).collect();
    for climb in 1..=4 {
        let path = vec!["super"; climb].join("::");
        let to_the_root =
            |offset: usize| climb == place.modules.len() + inline_modules(tree, offset);
        used.extend(paths_from(code, &path).filter(|(offset, _)| to_the_root(*offset)));
    }
    used.retain(|(_, name)| name.starts_with(char::is_lowercase) && name != "super");
    used
}

/// How many `mod name { … }` of this very file stand around an offset.
fn inline_modules(tree: &Tree, offset: usize) -> usize {
    let innermost = tree.root_node().descendant_for_byte_range(offset, offset);
    std::iter::successors(innermost, Node::parent)
        .filter(|node| node.kind() == "mod_item")
        .count()
}

/// The file, the line that is found (`-` for none) and the source, `¶` where a line ends.
const CASES: &str = r##"
    src/text/a.rs          -  use crate::text::b;¶use super::c;
    src/text/a.rs          2  ¶use crate::document::Snapshot;
    src/text/a.rs          1  fn f() -> crate::syntax::Tree {}
    src/text/a.rs          1  use super::super::syntax::Tree;
    src/text/a.rs          2  mod b {¶use super::super::super::syntax::Tree;¶}
    src/text/a.rs          -  mod b {¶use super::super::syntax::Tree;¶}
    src/answer.rs          -  use super::syntax::Tree;
    src/answer.rs          1  use super::engine::Job;
    src/document.rs        -  use crate::{text::{self, b}, syntax};
    src/document.rs        1  use crate::{¶    text::{self, b},¶    engine,¶};
    src/llm/mod.rs         -  use crate::prompt::Prompt;
    src/llm/mod.rs         1  use crate::config::Settings;
    src/store/mod.rs       1  use crate::prompt::Prompt;
    src/engine.rs          1  use crate::sim::Sim;
    src/cli/sim.rs         -  use crate::sim::Sim;
    src/main.rs            -  fn main() { gloss::cli::main() }
    src/main.rs            1  fn main() { gloss::engine::run() }
    src/lib.rs             -  pub mod text;¶pub use crate::text::Position;
    src/attic.rs           1  use crate::text::Position;
    src/engine.rs          1  use tower_lsp::Client;
    src/server/state.rs    -  use tower_lsp::Client;
    src/server/hover.rs    1  use tower_lsp::ls_types::Hover;
    src/server/protocol.rs -  pub use tower_lsp::ls_types::*;
    src/image/load.rs      1  async fn f() { tokio::time::sleep(d).await }
    src/image/load.rs      -  use std::fs;
    src/syntax/tree.rs     1  use std::fs::File;
    src/syntax/tree.rs     1  use std::{fmt, fs};
    src/syntax/tree.rs     -  use std::{fmt, ops};¶let std_fs = 1;
    src/llm/mod.rs         2  fn f() { x¶    .unwrap() }
    src/llm/mod.rs         -  fn f() { x.unwrap_or_default(); y.expect_err(1) }
    src/llm/mod.rs         1  fn f() { x.expect("never") }
    src/llm/mod.rs         2  #[expect(dead_code)]¶fn f() { todo!() }
    src/llm/mod.rs         1  fn f() { match x { _ => panic!("no") } }
    src/llm/mod.rs         -  fn f() { dont_panic!(x) }
    src/llm/mod.rs         -  /// `x.unwrap()`¶fn f() { g("panic!", r#"todo!"#, '"') } // todo!
    src/llm/mod.rs         -  #[cfg(test)]¶mod tests { fn f() { x.unwrap() } }
    src/llm/mod.rs         -  #[cfg(all(test, unix))]¶/// Why.¶fn f() { x.unwrap() }
    src/llm/mod.rs         3  #[cfg(test)]¶mod tests;¶fn f() { x.unwrap() }
    src/llm/mod.rs         2  #[cfg(not(test))]¶fn f() { x.unwrap() }
    src/llm/mod.rs         4  impl A {¶#[cfg(test)]¶fn f() { todo!() }¶fn g() { todo!() }¶}
"##;

#[test]
fn each_rule_finds_what_breaks_it_and_nothing_else() {
    for case in CASES.trim().lines() {
        let (path, rest) = case.trim().split_once(' ').unwrap();
        let (line, source) = rest.trim_start().split_once("  ").unwrap();
        let found = findings(path, &source.replace('¶', "\n"));
        let lines = found.iter().map(|found| found.split(':').nth(1).unwrap());
        let lines: String = lines.collect::<Vec<_>>().join(" ");
        assert_eq!(lines, line.replace('-', ""), "{case}\n{found:?}");
    }
}

#[test]
fn a_module_for_tests_in_a_file_of_its_own_is_known_as_one() {
    let source = "#[cfg(test)]\nmod tests;\nmod rows;\n#[cfg(test)]\nmod inside { mod no; }";
    let modules = test_modules("src/store/mod.rs", source);
    assert_eq!(modules, ["src/store/tests"]);
    let cases = [
        ("src/store/tests.rs", true),
        ("src/store/tests/mod.rs", true),
        ("src/store/tests/kills.rs", true),
        ("src/store/tests_of_time.rs", false),
        ("src/store/rows.rs", false),
    ];
    for (path, expected) in cases {
        assert_eq!(is_within(path, &modules[0]), expected, "{path}");
    }
}
