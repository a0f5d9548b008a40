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
        "identifier" if is_bare_raise(parsed, node) => "`raise`",
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

/// Ruby's `raise` with nothing behind it: what was rescued goes on.
fn is_bare_raise(parsed: &Parsed, node: Node<'_>) -> bool {
    let is_part = node.parent().is_some_and(|around| around.kind() == "call");
    parsed.language == Language::Ruby && parsed.text(node) == "raise" && !is_part
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
        if definitions::is_function(parent.kind()) || parent.kind() == "accessor_declaration" {
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
                | "constructor_body"
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

const BASH_WORDS: [&str; 10] = [
    "case", "do", "done", "elif", "else", "esac", "fi", "in", "then", "while",
];

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
    // What a part of a script leaves open or closes is read as a command.
    if parsed.language == Language::Bash && BASH_WORDS.contains(&name.as_str()) {
        return None;
    }
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
mod tests;
