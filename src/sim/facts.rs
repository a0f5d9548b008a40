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
            | "future_import_statement"
            | "using_directive"
            | "preproc_include"
            | "using_declaration"
            | "namespace_use_declaration" => self.imports += 1,
            _ if is_required(parsed, node) => self.imports += 1,
            "package_clause"
            | "package_declaration"
            | "namespace_definition"
            | "file_scoped_namespace_declaration"
            | "php_tag"
            | "text"
            | "text_interpolation"
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
        self.arms += usize::from(is_arm(node));
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

/// Whether a statement runs another file: `require 'a'` and its like.
fn is_required(parsed: &Parsed, node: Node<'_>) -> bool {
    let at = match (node.kind(), node.named_child(0)) {
        ("expression_statement", Some(inner)) => inner,
        _ => node,
    };
    let words: &[&str] = match parsed.language {
        Language::Ruby => &["require", "require_relative", "load"],
        Language::Php => &["require", "require_once", "include", "include_once"],
        Language::Bash => &["source", "."],
        Language::Lua => &["require", "local"],
        _ => return false,
    };
    let text = parsed.text(at);
    let word = text
        .split([' ', '(', '\t', '"', '\''])
        .next()
        .unwrap_or_default();
    let is_call = !matches!(word, "local") || text.contains("= require");
    words.contains(&word) && is_call
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
            | "js_comment"
            | "hash_bang_line"
            | "shebang"
    )
}

fn branch(node: Node<'_>) -> Option<&'static str> {
    Some(match node.kind() {
        "if_expression" | "if_statement" | "if" | "if_modifier" => "`if`",
        "unless" | "unless_modifier" => "`unless`",
        "elif_clause" => "`elif`",
        "elsif" => "`elsif`",
        "elseif_statement" | "else_if_clause" => "`elseif`",
        "match_expression" | "match_statement" => "`match`",
        "switch_statement"
        | "switch_expression"
        | "expression_switch_statement"
        | "type_switch_statement" => "`switch`",
        "case" | "case_match" | "case_statement" if is_whole_case(node) => "`case`",
        "select_statement" => "`select`",
        "ternary_expression" | "conditional" => "`?:`",
        "conditional_expression" if node.child(1).is_some_and(|sign| sign.kind() == "if") => {
            "`… if … else …`"
        }
        "conditional_expression" => "`?:`",
        "let_declaration" if node.child_by_field_name("alternative").is_some() => "`let … else`",
        _ => return None,
    })
}

/// Whether it is Ruby's or Bash's statement, and not one of the cases of C's or PHP's `switch`.
fn is_whole_case(node: Node<'_>) -> bool {
    node.kind() != "case_statement"
        || parse::named_children(node).any(|child| child.kind() == "case_item")
}

fn is_arm(node: Node<'_>) -> bool {
    match node.kind() {
        "match_arm"
        | "case_clause"
        | "switch_case"
        | "switch_default"
        | "expression_case"
        | "type_case"
        | "communication_case"
        | "default_case"
        | "switch_block_statement_group"
        | "switch_rule"
        | "switch_section"
        | "switch_expression_arm"
        | "default_statement"
        | "match_conditional_expression"
        | "match_default_expression"
        | "when"
        | "in_clause"
        | "case_item" => true,
        "case_statement" => !is_whole_case(node),
        _ => false,
    }
}

fn repeat(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "for_expression"
        | "for_statement"
        | "for_in_statement"
        | "enhanced_for_statement"
        | "for_range_loop"
        | "c_style_for_statement"
        | "for" => "`for`",
        "foreach_statement" => "`foreach`",
        "while_expression" | "while_statement" | "while" | "while_modifier" => "`while`",
        "until" | "until_modifier" => "`until`",
        "loop_expression" => "`loop`",
        "do_statement" => "`do`",
        "repeat_statement" => "`repeat`",
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
        "throw_statement" | "throw_expression" => "`throw`",
        "try_statement" | "try_with_resources_statement" => "`try`",
        "rescue" | "rescue_modifier" => "`rescue`",
        "call" if called(parsed, node).as_deref() == Some("raise") => "`raise`",
        "function_call" if called(parsed, node).as_deref() == Some("error") => "`error`",
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
    if !matches!(
        node.kind(),
        "return_expression" | "return_statement" | "return"
    ) {
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
                | "compound_statement"
                | "body_statement"
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
    let field = |name| node.child_by_field_name(name);
    let (before, function, after) = match node.kind() {
        "call" if parsed.language == Language::Ruby => {
            return sent(parsed, node, "receiver", "method");
        }
        "call_expression" | "call" | "invocation_expression" | "function_call_expression" => {
            ("", field("function")?, "")
        }
        "method_invocation" => return sent(parsed, node, "object", "name"),
        "member_call_expression" | "nullsafe_member_call_expression" => {
            return sent(parsed, node, "object", "name");
        }
        "scoped_call_expression" => return sent(parsed, node, "scope", "name"),
        "function_call" | "command" => ("", field("name")?, ""),
        "macro_invocation" => ("", field("macro")?, "!"),
        "new_expression" => ("new ", field("constructor").or_else(|| field("type"))?, ""),
        "object_creation_expression" => {
            ("new ", field("type").or_else(|| node.named_child(0))?, "")
        }
        _ => return None,
    };
    let inner = match function.kind() {
        "generic_function" => function.child_by_field_name("function"),
        "generic_type" | "generic_name" => function.named_child(0),
        _ => None,
    };
    let name = path(parsed, inner.unwrap_or(function))?;
    let is_constructor = matches!(name.as_str(), "Some" | "Ok" | "Err" | "super");
    (!is_constructor).then(|| format!("{before}{name}{after}"))
}

/// A call whose receiver and name stand side by side: both where they are short and plain.
fn sent(parsed: &Parsed, node: Node<'_>, receiver: &str, name: &str) -> Option<String> {
    let name = node.child_by_field_name(name)?;
    let start = node.child_by_field_name(receiver).unwrap_or(name);
    let whole = one_line(parsed.source.get(start.start_byte()..name.end_byte())?);
    if is_plain(&whole) && whole.len() <= 40 {
        return Some(whole);
    }
    Some(one_line(parsed.text(name))).filter(|name| is_plain(name))
}

fn is_plain(text: &str) -> bool {
    text.chars()
        .all(|character| character.is_alphanumeric() || "_.:#$?!@>/-\\".contains(character))
}

/// A path such as `os.path.join` in full; of `a(b).c` only `c`.
fn path(parsed: &Parsed, function: Node<'_>) -> Option<String> {
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
        check(
            Language::Java,
            "void f() { for (A a : b) { if (a) throw c; } switch (d) { case 1: break; default: } try { } finally { } int e = a ? 1 : 2; }",
            3,
            2,
            1,
            &["`throw`", "`try`"],
        );
        check(
            Language::C,
            "int f(int a) { while (a) { } do { } while (a); switch (a) { case 1: break; default: break; } return a ? 1 : 2; }",
            2,
            2,
            2,
            &[],
        );
        check(
            Language::Cpp,
            "void f() { for (auto a : b) { } if (a) { } else if (b) { } try { throw a; } catch (...) { } }",
            2,
            0,
            1,
            &["`try`", "`throw`"],
        );
        check(
            Language::CSharp,
            "void F() { foreach (var a in b) { } var c = d switch { 1 => 2, _ => 3 }; switch (e) { case 1: break; } throw f; }",
            2,
            3,
            1,
            &["`throw`"],
        );
        check(
            Language::Ruby,
            "def f\n  a if b\n  unless c then d end\n  case e when 1 then 2 when 3 then 4 end\n  while g do end\n  raise 'h'\nrescue I\nend",
            3,
            2,
            1,
            &["`raise`", "`rescue`"],
        );
        check(
            Language::Php,
            "function f($a) { foreach ($a as $b) { } if ($c) { } elseif ($d) { } $e = match ($a) { 1 => 2, default => 3 }; switch ($a) { case 1: default: } throw new E(); }",
            4,
            4,
            1,
            &["`throw`"],
        );
        check(
            Language::Bash,
            "f() { if a; then b; elif c; then d; fi; case $e in x) ;; *) ;; esac; for g in h; do i; done; while j; do k; done; }",
            3,
            2,
            2,
            &[],
        );
        check(
            Language::Lua,
            "function f() if a then elseif b then end for c = 1, 2 do end repeat until d error('e') end",
            2,
            0,
            2,
            &["`error`"],
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
        check(
            Language::Java,
            "void f() { a.b(c()); new D<E>(); g(h).i(); }",
            &["a.b", "c", "new D", "i", "g"],
        );
        check(
            Language::C,
            "void f() { a(b(1)); c->d(2); }",
            &["a", "b", "c->d"],
        );
        check(
            Language::Cpp,
            "void f() { a::b(); c.d(); new E(); }",
            &["a::b", "c.d", "new E"],
        );
        check(
            Language::CSharp,
            "void F() { A.B(C()); new D(); }",
            &["A.B", "C", "new D"],
        );
        check(
            Language::Ruby,
            "a.b(c(1))\nputs d\nE.new",
            &["a.b", "c", "puts", "E.new"],
        );
        check(
            Language::Php,
            "$a->b(c()); D::e(); new F();",
            &["$a->b", "c", "D::e", "new F"],
        );
        check(Language::Bash, "a \"$(b c)\" | d", &["a", "b", "d"]);
        check(Language::Lua, "a.b(c()) d:e()", &["a.b", "c", "d:e"]);
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
        check(Language::Java, "int f() { if (a) return 1; return 2; }", 1);
        check(Language::C, "int f() { if (a) return 1; return 2; }", 1);
        check(
            Language::CSharp,
            "int F() { if (a) return 1; return 2; }",
            1,
        );
        check(Language::Ruby, "def f\n  return 1 if a\n  return 2\nend", 1);
        check(
            Language::Php,
            "function f() { if ($a) { return 1; } return 2; }",
            1,
        );
        check(
            Language::Lua,
            "function f() if a then return 1 end return 2 end",
            1,
        );
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
        for (language, code) in [
            (Language::Java, "package a;\nimport b.C;\nclass D {}"),
            (Language::C, "#include <a.h>\nint f(void) { return 1; }"),
            (Language::Cpp, "// a\nusing namespace b;\nclass C {};"),
            (Language::CSharp, "using A;\nnamespace B;\nclass C {}"),
            (Language::Ruby, "require 'a'\nclass B; end"),
            (Language::Php, "<?php\nnamespace A;\nuse B\\C;\nclass D {}"),
            (Language::Php, "require_once 'a.php';\nfunction f() {}"),
            (Language::Bash, "#!/bin/sh\n. ./a\nf() { b; }"),
            (Language::Lua, "local a = require 'a'\nfunction f() end"),
        ] {
            let facts = of(language, code);
            let seen = (facts.imports, facts.definitions.len(), facts.statements);
            assert_eq!(seen, (1, 1, 0), "{code}");
        }
    }
}
