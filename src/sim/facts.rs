//! What a syntax tree shows of a piece of code, as plain data.

use tree_sitter::Node;

use super::definitions::{self, Definition};
use super::parse::{self, Parsed};
use super::words::one_line;
use crate::syntax::Language;

/// What a syntax tree shows.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Functions and types on the outermost level.
    pub definitions: Vec<Definition>,
    pub statements: usize,
    pub imports: usize,
    pub branches: Tally,
    /// Arms of `match` and cases of `switch`.
    pub arms: usize,
    pub loops: Tally,
    /// What is called, in order of first appearance.
    pub calls: Vec<String>,
    pub early_returns: usize,
    /// Ways to fail: `?`, `raise`, `throw`, `panic!`.
    pub failures: Tally,
    pub awaits: usize,
    /// Functions and closures inside of functions.
    pub nested: usize,
    /// Whether the tree holds an error.
    pub broken: bool,
}

/// How often what was seen, in order of first appearance.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally(pub Vec<(&'static str, usize)>);

impl Tally {
    fn add(&mut self, what: &'static str) {
        match self.0.iter_mut().find(|(seen, _)| *seen == what) {
            Some((_, count)) => *count += 1,
            None => self.0.push((what, 1)),
        }
    }

    pub fn total(&self) -> usize {
        self.0.iter().map(|(_, count)| count).sum()
    }
}

/// What the tree of `code` shows; none where it cannot be parsed at all.
pub fn facts(language: Language, code: &str) -> Option<Facts> {
    let parsed = parse::parse(language, code)?;
    let mut facts = Facts {
        broken: !parsed.is_clean(),
        ..Facts::default()
    };
    for node in parsed.top() {
        facts.add_top(&parsed, node);
    }
    for node in parsed.nodes().filter(Node::is_named) {
        facts.add(&parsed, node);
    }
    Some(facts)
}

impl Facts {
    fn add_top(&mut self, parsed: &Parsed, node: Node<'_>) {
        let found = definitions::of(parsed, node);
        if !found.is_empty() {
            self.definitions.extend(found);
            return;
        }
        match node.kind() {
            "use_declaration"
            | "extern_crate_declaration"
            | "import_declaration"
            | "import_statement"
            | "import_from_statement"
            | "future_import_statement" => self.imports += 1,
            "package_clause"
            | "attribute_item"
            | "inner_attribute_item"
            | "empty_statement"
            | "decorator" => {}
            kind if is_comment(kind) || is_docstring(node) => {}
            _ => self.statements += 1,
        }
    }

    fn add(&mut self, parsed: &Parsed, node: Node<'_>) {
        let kind = node.kind();
        if let Some(branch) = branch(node) {
            self.branches.add(branch);
        } else if let Some(repeat) = repeat(kind) {
            self.loops.add(repeat);
        } else if let Some(failure) = failure(parsed, node) {
            self.failures.add(failure);
        }
        self.arms += usize::from(is_arm(kind));
        self.awaits += usize::from(matches!(kind, "await_expression" | "await"));
        self.early_returns += usize::from(is_early_return(node));
        self.nested +=
            usize::from(definitions::is_function(kind) && enclosing_function(node).is_some());
        if let Some(name) = called(parsed, node)
            && !self.calls.contains(&name)
        {
            self.calls.push(name);
        }
    }
}

/// A string that stands alone, as Python's documentation does.
fn is_docstring(node: Node<'_>) -> bool {
    let only = node
        .named_child(0)
        .filter(|_| node.named_child_count() == 1);
    node.kind() == "expression_statement" && only.is_some_and(|only| only.kind() == "string")
}

pub fn is_comment(kind: &str) -> bool {
    matches!(
        kind,
        "comment"
            | "line_comment"
            | "block_comment"
            | "html_comment"
            | "hash_bang_line"
            | "shebang"
    )
}

fn branch(node: Node<'_>) -> Option<&'static str> {
    Some(match node.kind() {
        "if_expression" | "if_statement" => "`if`",
        "elif_clause" => "`elif`",
        "match_expression" | "match_statement" => "`match`",
        "switch_statement" | "expression_switch_statement" | "type_switch_statement" => "`switch`",
        "select_statement" => "`select`",
        "ternary_expression" => "`?:`",
        "conditional_expression" => "`… if … else …`",
        "let_declaration" if node.child_by_field_name("alternative").is_some() => "`let … else`",
        _ => return None,
    })
}

fn is_arm(kind: &str) -> bool {
    matches!(
        kind,
        "match_arm"
            | "case_clause"
            | "switch_case"
            | "switch_default"
            | "expression_case"
            | "type_case"
            | "communication_case"
            | "default_case"
    )
}

fn repeat(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "for_expression" | "for_statement" | "for_in_statement" => "`for`",
        "while_expression" | "while_statement" => "`while`",
        "loop_expression" => "`loop`",
        "do_statement" => "`do`",
        "list_comprehension"
        | "set_comprehension"
        | "dictionary_comprehension"
        | "generator_expression" => "comprehension",
        _ => return None,
    })
}

fn failure(parsed: &Parsed, node: Node<'_>) -> Option<&'static str> {
    Some(match node.kind() {
        "try_expression" => "`?`",
        "raise_statement" => "`raise`",
        "throw_statement" => "`throw`",
        "try_statement" => "`try`",
        "assert_statement" => "`assert`",
        "binary_expression" if is_go_error_check(parsed, node) => "`err != nil`",
        "macro_invocation" => {
            let name = node.child_by_field_name("macro")?;
            match parsed.text(name) {
                "panic" => "`panic!`",
                "unreachable" => "`unreachable!`",
                "todo" => "`todo!`",
                "unimplemented" => "`unimplemented!`",
                "bail" | "anyhow::bail" => "`bail!`",
                "assert" | "assert_eq" | "assert_ne" => "`assert!`",
                _ => return None,
            }
        }
        "call_expression" => {
            let function = node.child_by_field_name("function")?;
            match (function.kind(), parsed.text(function)) {
                ("identifier", "panic") => "`panic`",
                ("identifier", "Err") => "`Err`",
                ("field_expression", path) if path.ends_with(".unwrap") => "`unwrap`",
                ("field_expression", path) if path.ends_with(".expect") => "`expect`",
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn is_go_error_check(parsed: &Parsed, node: Node<'_>) -> bool {
    let text = |field| {
        node.child_by_field_name(field)
            .map_or("", |node| parsed.text(node))
    };
    text("operator") == "!="
        && text("right") == "nil"
        && text("left").to_ascii_lowercase().ends_with("err")
}

/// The function or closure around a node.
fn enclosing_function(node: Node<'_>) -> Option<Node<'_>> {
    std::iter::successors(node.parent(), Node::parent)
        .find(|node| definitions::is_function(node.kind()))
}

/// Whether a `return` stands anywhere but last in its function's body.
fn is_early_return(node: Node<'_>) -> bool {
    if !matches!(node.kind(), "return_expression" | "return_statement") {
        return false;
    }
    let mut at = node;
    while let Some(parent) = at.parent() {
        if definitions::is_function(parent.kind()) {
            return false;
        }
        let is_last = parse::named_children(parent)
            .filter(|child| !is_comment(child.kind()))
            .last()
            == Some(at);
        // The end of a branch's or a loop's block is not the end of the function.
        let goes_on = matches!(
            parent.kind(),
            "block"
                | "statement_block"
                | "statement_list"
                | "expression_statement"
                | "source_file"
                | "program"
                | "module"
        );
        if !is_last || !goes_on {
            return true;
        }
        at = parent;
    }
    false
}

/// The name of what a node calls, a macro's with its `!`. Long receivers are left out.
fn called(parsed: &Parsed, node: Node<'_>) -> Option<String> {
    let (field, before, after) = match node.kind() {
        "call_expression" | "call" => ("function", "", ""),
        "macro_invocation" => ("macro", "", "!"),
        "new_expression" => ("constructor", "new ", ""),
        _ => return None,
    };
    let mut function = node.child_by_field_name(field)?;
    if let Some(inner) = function.child_by_field_name("function")
        && function.kind() == "generic_function"
    {
        function = inner;
    }
    let name = path(parsed, function)?;
    let is_constructor = matches!(name.as_str(), "Some" | "Ok" | "Err" | "super");
    (!is_constructor).then(|| format!("{before}{name}{after}"))
}

/// A path such as `os.path.join` in full; of `a(b).c` only `c`.
fn path(parsed: &Parsed, function: Node<'_>) -> Option<String> {
    let is_plain = |text: &str| {
        text.chars()
            .all(|character| character.is_alphanumeric() || "_.:#$".contains(character))
    };
    let text = one_line(parsed.text(function));
    if text.len() <= 40 && is_plain(&text) {
        return Some(text);
    }
    let last = ["field", "property", "attribute", "name"]
        .iter()
        .find_map(|field| function.child_by_field_name(field))?;
    Some(one_line(parsed.text(last))).filter(|name| is_plain(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(language: Language, code: &str) -> Facts {
        facts(language, code).unwrap()
    }

    #[test]
    fn branches_loops_and_failures_are_tallied() {
        let check = |language,
                     code: &str,
                     branches: usize,
                     arms: usize,
                     loops: usize,
                     failures: &[&str]| {
            let facts = of(language, code);
            let seen: Vec<_> = facts.failures.0.iter().map(|(what, _)| *what).collect();
            let counts = (facts.branches.total(), facts.arms, facts.loops.total());
            assert_eq!(
                (counts, seen.as_slice()),
                ((branches, arms, loops), failures),
                "{code}"
            );
        };
        check(
            Language::Rust,
            "fn f() { let Some(a) = b else { return }; match c? { 1 => {}, _ => loop {} } if d { panic!() } }",
            3,
            2,
            1,
            &["`?`", "`panic!`"],
        );
        check(
            Language::Python,
            "def f():\n  x = a if b else c\n  if x:\n    raise E\n  elif y:\n    pass\n  return [i for i in x]",
            3,
            0,
            1,
            &["`raise`"],
        );
        check(
            Language::Go,
            "func f() error {\n\tfor i := range x {\n\t\tif err != nil {\n\t\t\treturn err\n\t\t}\n\t}\n\tswitch a {\n\tcase 1:\n\tdefault:\n\t}\n\treturn nil\n}",
            2,
            2,
            1,
            &["`err != nil`"],
        );
        check(
            Language::JavaScript,
            "function f(a) { do { a = a ? 1 : 2 } while (a); try { throw a } catch (e) {} }",
            1,
            0,
            1,
            &["`try`", "`throw`"],
        );
    }

    #[test]
    fn calls_are_named_once_in_order_of_appearance() {
        let check = |language, code: &str, expected: &[&str]| {
            assert_eq!(of(language, code).calls, expected);
        };
        check(
            Language::Rust,
            "fn f() { b(); a::c::<T>(); b(); self.x.d(); g(h()).i(); println!(); Ok(1) }",
            &["b", "a::c", "self.x.d", "i", "g", "h", "println!"],
        );
        check(
            Language::Python,
            "os.path.join(a, f(b))",
            &["os.path.join", "f"],
        );
        check(
            Language::Go,
            "func f() {\n\tfmt.Println(len(x))\n}",
            &["fmt.Println", "len"],
        );
        check(
            Language::TypeScript,
            "new Map<A, B>().set(a, b)",
            &["set", "new Map"],
        );
    }

    #[test]
    fn only_returns_before_the_end_are_early() {
        let check = |language, code: &str, expected: usize| {
            assert_eq!(of(language, code).early_returns, expected, "{code}");
        };
        check(
            Language::Rust,
            "fn f() -> u8 { if a { return 1; } return 2; }",
            1,
        );
        check(Language::Rust, "fn f() -> u8 { return 2 }", 0);
        check(
            Language::Rust,
            "fn f() { let g = |x| { return x; }; g(1) }",
            0,
        );
        check(
            Language::Python,
            "def f():\n  if a:\n    return 1\n  return 2\n",
            1,
        );
        check(
            Language::Python,
            "def f():\n  for a in b:\n    return 1\n",
            1,
        );
        check(
            Language::Go,
            "func f() int {\n\tif a {\n\t\treturn 1\n\t}\n\treturn 2 // end\n}",
            1,
        );
        check(Language::JavaScript, "const f = () => { return 1 }", 0);
    }

    #[test]
    fn what_stands_on_top_is_sorted() {
        let facts = of(
            Language::Rust,
            "use a;\n// b\n#[c]\nfn d() {}\nfn e() { fn g() {} }",
        );
        assert_eq!(
            (
                facts.imports,
                facts.definitions.len(),
                facts.statements,
                facts.nested
            ),
            (1, 2, 0, 1)
        );
        let facts = of(Language::Python, "'''what'''\nimport a\nclass B: pass");
        assert_eq!(
            (facts.imports, facts.definitions.len(), facts.statements),
            (1, 1, 0)
        );
        assert!(of(Language::Rust, "fn f( {").broken);
    }
}
