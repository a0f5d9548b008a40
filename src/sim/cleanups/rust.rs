//! Clean-ups that only Rust has: `return`, `bool`s, repeated field names.

use tree_sitter::Node;

use super::{Cleanup, Edit, only_named_child};
use crate::sim::facts::is_comment;
use crate::sim::parse::{Parsed, named_children, preorder};

/// `return x;` as the last statement of a function or a closure.
pub(super) fn needless_return(parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let value = only_named_child(node).filter(|value| is_plain_value(parsed, *value))?;
    let parent = node.parent()?;
    let statement = if parent.kind() == "expression_statement" {
        parent
    } else {
        node
    };
    let block = statement.parent().filter(|block| block.kind() == "block")?;
    let owner = block.parent()?;
    let is_body = matches!(owner.kind(), "function_item" | "closure_expression")
        && owner.child_by_field_name("body") == Some(block);
    let last = named_children(block)
        .filter(|child| !is_comment(child.kind()))
        .last();
    // An attribute may take the statement out, so that another one is the last.
    let has_attribute = statement
        .prev_named_sibling()
        .is_some_and(|before| before.kind() == "attribute_item");
    (is_body && last == Some(statement) && !has_attribute).then(|| Edit {
        span: statement.byte_range(),
        text: parsed.text(value).to_owned(),
        cleanup: Cleanup::Return,
    })
}

/// Whether a value leaves no temporary behind that would now live until after the function's
/// variables are gone: before edition 2024 those of a last expression do, and may not compile.
fn is_plain_value(parsed: &Parsed, value: Node<'_>) -> bool {
    preorder(value)
        .filter(Node::is_named)
        .all(|node| match node.kind() {
            "field_expression" => node.child_by_field_name("value").is_some_and(is_place),
            "reference_expression" => node.child_by_field_name("value").is_some_and(is_place),
            "unary_expression" => {
                !parsed.text(node).starts_with('*') || node.named_child(0).is_some_and(is_place)
            }
            "binary_expression" => {
                let operator = node.child_by_field_name("operator");
                let compares = operator.is_some_and(|operator| {
                    matches!(parsed.text(operator), "==" | "!=" | "<" | ">" | "<=" | ">=")
                });
                !compares || named_children(node).all(is_place_or_literal)
            }
            "identifier"
            | "self"
            | "crate"
            | "super"
            | "field_identifier"
            | "type_identifier"
            | "primitive_type"
            | "scoped_identifier"
            | "scoped_type_identifier"
            | "call_expression"
            | "arguments"
            | "parenthesized_expression"
            | "tuple_expression"
            | "unit_expression"
            | "struct_expression"
            | "field_initializer_list"
            | "field_initializer"
            | "shorthand_field_initializer"
            | "type_cast_expression"
            | "mutable_specifier"
            | "integer_literal"
            | "float_literal"
            | "boolean_literal"
            | "char_literal"
            | "string_literal"
            | "string_content"
            | "escape_sequence" => true,
            _ => false,
        })
}

/// A variable, or a field of one.
fn is_place(node: Node<'_>) -> bool {
    let mut at = node;
    while at.kind() == "field_expression" {
        match at.child_by_field_name("value") {
            Some(value) => at = value,
            None => return false,
        }
    }
    matches!(at.kind(), "identifier" | "self")
}

fn is_place_or_literal(node: Node<'_>) -> bool {
    is_place(node) || node.kind().ends_with("_literal")
}

/// `x == true` and its like, where `x` is seen to be a `bool`: a type of
/// one's own may be compared with one too, as `serde_json::Value` is.
pub(super) fn bool_comparison(parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let field = |name| node.child_by_field_name(name);
    let (left, right) = (field("left")?, field("right")?);
    if node.named_child_count() != 2 || right.kind() != "boolean_literal" || !is_bool(parsed, left)
    {
        return None;
    }
    let holds = match (parsed.text(field("operator")?), parsed.text(right)) {
        ("==", "true") | ("!=", "false") => true,
        ("==", "false") | ("!=", "true") => false,
        _ => return None,
    };
    let operand = parsed.text(left);
    let binds_tightly = matches!(
        left.kind(),
        "identifier" | "call_expression" | "parenthesized_expression"
    );
    let text = match (holds, binds_tightly) {
        (true, _) => operand.to_owned(),
        (false, true) => format!("!{operand}"),
        (false, false) => format!("!({operand})"),
    };
    Some(Edit {
        span: node.byte_range(),
        text,
        cleanup: Cleanup::BoolComparison,
    })
}

fn is_bool(parsed: &Parsed, node: Node<'_>) -> bool {
    let mut at = node;
    while at.kind() == "parenthesized_expression" {
        match only_named_child(at) {
            Some(inner) => at = inner,
            None => return false,
        }
    }
    match at.kind() {
        "boolean_literal" => true,
        "identifier" => is_declared_bool(parsed, at),
        "binary_expression" => at.child_by_field_name("operator").is_some_and(|operator| {
            matches!(
                parsed.text(operator),
                "==" | "!=" | "<" | ">" | "<=" | ">=" | "&&" | "||"
            )
        }),
        "call_expression" => at
            .child_by_field_name("function")
            .and_then(|function| function.child_by_field_name("field"))
            .is_some_and(|method| is_predicate(parsed.text(method))),
        _ => false,
    }
}

/// Methods of the standard library that answer with a `bool`.
fn is_predicate(method: &str) -> bool {
    matches!(
        method,
        "is_empty"
            | "is_some"
            | "is_none"
            | "is_ok"
            | "is_err"
            | "is_file"
            | "is_dir"
            | "is_alphabetic"
            | "is_alphanumeric"
            | "is_ascii"
            | "is_ascii_digit"
            | "is_numeric"
            | "is_whitespace"
            | "contains_key"
            | "starts_with"
            | "ends_with"
    )
}

/// Whether a name is a parameter `name: bool` of the function around it, and
/// nothing else in that function binds the name.
fn is_declared_bool(parsed: &Parsed, node: Node<'_>) -> bool {
    let name = parsed.text(node);
    let mut around = std::iter::successors(node.parent(), Node::parent);
    let Some(function) = around.find(|node| node.kind() == "function_item") else {
        return false;
    };
    let mut bindings = preorder(function)
        .filter(|other| matches!(other.kind(), "identifier" | "shorthand_field_identifier"))
        .filter(|other| parsed.text(*other) == name)
        .filter_map(binding);
    let only = bindings.next().filter(|_| bindings.next().is_none());
    only.is_some_and(|binding| {
        let of_this_function = binding.parent() == function.child_by_field_name("parameters");
        let declared = binding.child_by_field_name("type");
        binding.kind() == "parameter"
            && of_this_function
            && declared.is_some_and(|declared| parsed.text(declared) == "bool")
    })
}

/// What binds a name, where it stands in a pattern: a parameter, a `let`, an arm, a closure.
fn binding(name: Node<'_>) -> Option<Node<'_>> {
    let mut at = name;
    loop {
        let parent = at.parent()?;
        if parent.child_by_field_name("pattern") == Some(at)
            || parent.kind() == "closure_parameters"
        {
            return Some(parent);
        }
        if !parent.kind().ends_with("_pattern") {
            return None;
        }
        at = parent;
    }
}

/// `A { b: b }`.
pub(super) fn field_name(parsed: &Parsed, node: Node<'_>) -> Option<Edit> {
    let (field, value) = (
        node.child_by_field_name("field")?,
        node.child_by_field_name("value")?,
    );
    let is_same = field.kind() == "field_identifier"
        && value.kind() == "identifier"
        && parsed.text(field) == parsed.text(value)
        && node.named_child_count() == 2;
    is_same.then(|| Edit {
        span: node.byte_range(),
        text: parsed.text(field).to_owned(),
        cleanup: Cleanup::FieldName,
    })
}
