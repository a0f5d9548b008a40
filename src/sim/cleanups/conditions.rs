//! Needless parentheses around conditions.

use tree_sitter::Node;

use super::{Cleanup, Edit, only_named_child};
use crate::sim::parse::{Parsed, preorder};
use crate::syntax::Language;

/// `if (x) {` where the language wants no parentheses.
pub(super) fn bare(language: Language, parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let condition = node
        .child_by_field_name("condition")
        .or_else(|| {
            node.named_child(0)
                .filter(|_| node.kind() == "for_statement")
        })
        .filter(is_parenthesized)?;
    let inner = innermost(condition)?;
    let text = parsed.text(condition);
    // A brace could be taken for that of the body; in Go, Python and Ruby a line break
    // within parentheses does not end the statement.
    if text.contains(['{', '\n', '\r']) || !may_stand_bare(language, parsed, inner) {
        return None;
    }
    let before = parsed
        .source
        .get(..condition.start_byte())?
        .chars()
        .last()?;
    let after = parsed.source.get(condition.end_byte()..)?.chars().next()?;
    let lead = if before.is_whitespace() { "" } else { " " };
    let tail = if after.is_whitespace() || after == ':' {
        ""
    } else {
        " "
    };
    Some(Edit {
        span: condition.byte_range(),
        text: format!("{lead}{}{tail}", parsed.text(inner)),
        cleanup: Cleanup::Parentheses,
    })
}

/// `if ((x))`. Around an assignment the second pair says that it is meant.
pub(super) fn doubled(parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let condition = node.child_by_field_name("condition")?;
    let second = match condition.kind() {
        // C++ may declare a variable in there.
        "condition_clause" => {
            only_named_child(condition).and_then(|_| condition.child_by_field_name("value"))
        }
        "parenthesized_expression" => only_named_child(condition),
        _ => None,
    }
    .filter(is_parenthesized)?;
    Some(Edit {
        span: condition.byte_range(),
        text: format!("({})", without_meaning(parsed, second)?),
        cleanup: Cleanup::Parentheses,
    })
}

/// `if ((x))` where the grammar counts the first pair to the statement, as that of C# does.
pub(super) fn needless(parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let condition = node
        .child_by_field_name("condition")
        .filter(is_parenthesized)?;
    Some(Edit {
        span: condition.byte_range(),
        text: without_meaning(parsed, condition)?.to_owned(),
        cleanup: Cleanup::Parentheses,
    })
}

/// What stands in parentheses, unless it is an assignment.
fn without_meaning<'p>(parsed: &'p Parsed, parenthesized: Node<'_>) -> Option<&'p str> {
    let inner = innermost(parenthesized)?;
    let is_meant = matches!(
        inner.kind(),
        "assignment_expression"
            | "augmented_assignment_expression"
            | "reference_assignment_expression"
            | "sequence_expression"
            | "comma_expression"
    );
    (!is_meant).then(|| parsed.text(inner))
}

fn is_parenthesized(node: &Node<'_>) -> bool {
    matches!(
        node.kind(),
        "parenthesized_expression" | "parenthesized_statements"
    )
}

/// What stands in any number of parentheses; none where a comment stands there too.
fn innermost(node: Node<'_>) -> Option<Node<'_>> {
    let mut at = node;
    while is_parenthesized(&at) {
        at = only_named_child(at)?;
    }
    Some(at)
}

fn may_stand_bare(language: Language, parsed: &Parsed, node: Node<'_>) -> bool {
    let kind = node.kind();
    let common = matches!(
        kind,
        "identifier"
            | "binary_expression"
            | "unary_expression"
            | "call_expression"
            | "index_expression"
            | "true"
            | "false"
    );
    match language {
        Language::Rust => common || matches!(kind, "field_expression" | "boolean_literal"),
        Language::Go => common || kind == "selector_expression",
        Language::Lua => {
            common
                || matches!(
                    kind,
                    "function_call" | "dot_index_expression" | "bracket_index_expression" | "nil"
                )
        }
        Language::Python => {
            common
                || matches!(
                    kind,
                    "call"
                        | "comparison_operator"
                        | "boolean_operator"
                        | "not_operator"
                        | "attribute"
                        | "subscript"
                )
        }
        Language::Ruby => {
            preorder(node).filter(Node::is_named).all(is_plain_ruby)
                && !parsed.text(node).contains(" do ")
        }
        _ => false,
    }
}

/// What cannot take a word behind it for its argument, or a block.
fn is_plain_ruby(node: Node<'_>) -> bool {
    match node.kind() {
        "call" => node
            .child_by_field_name("arguments")
            .is_none_or(|arguments| arguments.child(0).is_some_and(|first| first.kind() == "(")),
        "identifier" | "constant" | "instance_variable" | "class_variable" | "global_variable"
        | "self" | "nil" | "true" | "false" | "integer" | "float" | "simple_symbol" | "binary"
        | "unary" | "argument_list" | "scope_resolution" | "string" | "string_content" => true,
        _ => false,
    }
}
