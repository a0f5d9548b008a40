//! The clean-ups that go by syntax tree, each so narrow that it cannot change what code does.

mod conditions;
mod rust;

use std::ops::Range as Span;

use tree_sitter::Node;

use super::facts::is_comment;
use super::parse::{self, Parsed, named_children};
use crate::syntax::Language;

/// What was tidied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    Return,
    BoolComparison,
    Parentheses,
    NotOperator,
    Semicolon,
    FieldName,
    RangeVariable,
    TrailingBlanks,
    BlankLines,
}

impl Cleanup {
    /// What it is called, one and many.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Return => ("needless `return` dropped", "needless `return`s dropped"),
            Self::BoolComparison => (
                "comparison with a boolean literal shortened",
                "comparisons with boolean literals shortened",
            ),
            Self::Parentheses => (
                "pair of needless parentheses removed",
                "pairs of needless parentheses removed",
            ),
            Self::NotOperator => (
                "negated operator put in order",
                "negated operators put in order",
            ),
            Self::Semicolon => ("stray semicolon removed", "stray semicolons removed"),
            Self::FieldName => (
                "repeated field name shortened",
                "repeated field names shortened",
            ),
            Self::RangeVariable => (
                "unused range variable dropped",
                "unused range variables dropped",
            ),
            Self::TrailingBlanks => (
                "line freed of trailing white space",
                "lines freed of trailing white space",
            ),
            Self::BlankLines => ("surplus blank line removed", "surplus blank lines removed"),
        }
    }
}

/// Put this text in place of these bytes of [`Parsed::source`].
#[derive(Debug, PartialEq, Eq)]
pub struct Edit {
    pub span: Span<usize>,
    pub text: String,
    pub cleanup: Cleanup,
}

/// Whether white space within such a node may mean something, and nothing in it is touched.
pub fn is_closed(kind: &str) -> bool {
    is_comment(kind)
        || matches!(
            kind,
            "string_literal"
                | "raw_string_literal"
                | "char_literal"
                | "interpreted_string_literal"
                | "rune_literal"
                | "string"
                | "template_string"
                | "template_literal_type"
                | "regex"
                | "jsx_element"
                | "jsx_self_closing_element"
                | "jsx_fragment"
                // What a macro makes of its tokens is not known.
                | "token_tree"
                | "macro_definition"
                | "preproc_def"
                | "preproc_function_def"
                | "preproc_call"
                | "character_literal"
                | "verbatim_string_literal"
                | "interpolated_string_expression"
                | "chained_string"
                | "string_array"
                | "symbol_array"
                | "delimited_symbol"
                | "subshell"
                | "heredoc_body"
                | "uninterpreted"
                | "encapsed_string"
                | "heredoc"
                | "nowdoc"
                | "shell_command_expression"
                | "text_interpolation"
                | "text"
                | "raw_string"
                | "ansi_c_string"
                | "translated_string"
                | "heredoc_redirect"
                | "string_value"
                | "block_scalar"
                | "plain_scalar"
                | "single_quote_scalar"
                | "double_quote_scalar"
        )
}

/// The edits that apply, in order, none within another.
pub fn edits(language: Language, parsed: &Parsed) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for node in parsed.nodes_unless(is_closed) {
        let Some(edit) = edit(language, parsed, node) else {
            continue;
        };
        let overlaps = edits
            .last()
            .is_some_and(|last| edit.span.start < last.span.end);
        let outside = edit.span.start < parsed.start || edit.span.end > parsed.end;
        if !overlaps && !outside {
            edits.push(edit);
        }
    }
    edits
}

fn edit(language: Language, parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    use Language::{C, CSharp, Cpp, Go, Java, JavaScript, Lua, Php, Python, Ruby, Rust};
    use Language::{Tsx, TypeScript};
    match (language, node.kind()) {
        (Rust, "return_expression") => rust::needless_return(parsed, node),
        (Rust, "binary_expression") => rust::bool_comparison(parsed, node),
        (Rust, "field_initializer") => rust::field_name(parsed, node),
        (
            Rust | Python,
            "if_expression" | "if_statement" | "elif_clause" | "while_expression"
            | "while_statement",
        )
        | (Go, "if_statement" | "for_statement")
        | (Lua, "if_statement" | "elseif_statement" | "while_statement")
        | (Ruby, "if" | "elsif" | "unless") => conditions::bare(language, parsed, node),
        (
            JavaScript | TypeScript | Tsx | Java | C | Cpp | Php,
            "if_statement" | "else_if_clause" | "while_statement" | "do_statement",
        ) => conditions::doubled(parsed, node),
        (CSharp, "if_statement" | "while_statement" | "do_statement") => {
            conditions::needless(parsed, node)
        }
        (Python, "not_operator") => not_operator(parsed, node),
        (Python, ";") => python_semicolon(parsed, node),
        (Rust | JavaScript | TypeScript | Tsx | CSharp | Php | Lua, "empty_statement")
        | (C | Cpp, "expression_statement")
        | (Java, ";") => doubled_semicolon(parsed, node),
        (Go, "range_clause") => range_variable(parsed, node),
        _ => None,
    }
}

fn only_named_child(node: Node<'_>) -> Option<Node<'_>> {
    node.named_child(0)
        .filter(|_| node.named_child_count() == 1)
}

/// `not x in y` and `not x is y`.
fn not_operator(parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let comparison =
        only_named_child(node).filter(|inner| inner.kind() == "comparison_operator")?;
    let operator = comparison
        .child(1)
        .filter(|_| comparison.child_count() == 3)?;
    let (left, right) = (comparison.child(0)?, comparison.child(2)?);
    let text = |node| parsed.text(node);
    let operator = match operator.kind() {
        "in" => "not in",
        "is" => "is not",
        _ => return None,
    };
    let is_negated_itself = node
        .parent()
        .is_some_and(|parent| parent.kind() == "not_operator");
    (!is_negated_itself && !text(comparison).contains(['\n', '\r'])).then(|| Edit {
        span: node.byte_range(),
        text: format!("{} {operator} {}", text(left), text(right)),
        cleanup: Cleanup::NotOperator,
    })
}

/// `x = 1;` at the end of a line.
fn python_semicolon(parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let before = parsed.source.get(parsed.start..node.start_byte())?;
    let after = parsed.source.get(node.end_byte()..parsed.end)?;
    let ends_line = after
        .trim_start_matches([' ', '\t'])
        .starts_with(['\n', '\r', '#']);
    let blanks = before.len() - before.trim_end_matches([' ', '\t']).len();
    ends_line.then(|| Edit {
        span: node.start_byte() - blanks..node.end_byte(),
        text: String::new(),
        cleanup: Cleanup::Semicolon,
    })
}

/// The second semicolon of `x;;`.
fn doubled_semicolon(parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let holds_statements = matches!(
        node.parent()?.kind(),
        "block"
            | "source_file"
            | "statement_block"
            | "program"
            | "constructor_body"
            | "compound_statement"
            | "chunk"
    );
    let before = node.prev_sibling()?;
    let is_doubled = holds_statements
        && parsed.text(node) == ";"
        && !is_comment(before.kind())
        && before.end_byte() == node.start_byte()
        && parsed.text(before).ends_with(';');
    is_doubled.then(|| Edit {
        span: node.byte_range(),
        text: String::new(),
        cleanup: Cleanup::Semicolon,
    })
}

/// `for i, _ := range x` and `for _ = range x`, which the specification of Go
/// calls equivalent to the clause without the blank identifier.
fn range_variable(parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let left = node.child_by_field_name("left")?;
    let names: Vec<Node<'_>> = named_children(left).collect();
    let is_blank = |node: &Node<'_>| parsed.text(*node) == "_";
    let (span, text) = match names.as_slice() {
        [only] if is_blank(only) => {
            let range = (0..node.child_count())
                .filter_map(|index| node.child(index))
                .find(|child| child.kind() == "range")?;
            (node.start_byte()..range.start_byte(), String::new())
        }
        [first, second] if is_blank(second) && !is_blank(first) => {
            (left.byte_range(), parsed.text(*first).to_owned())
        }
        _ => return None,
    };
    let has_comment = parse::preorder(node).any(|child| is_comment(child.kind()));
    (!has_comment).then_some(Edit {
        span,
        text,
        cleanup: Cleanup::RangeVariable,
    })
}
