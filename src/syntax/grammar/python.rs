//! Python.

use tree_sitter::Node;

use super::super::SymbolKind as Kind;
use super::naming::{NO_NAMES, Naming};
use super::{Declaration, PLAIN, Rules, field, named, tell_field};

pub(super) const RULES: Rules = Rules {
    declared,
    unwrapped: |node| {
        let wraps = node.kind() == "decorated_definition";
        field(node, "definition").filter(|_| wraps)
    },
    is_attribute: |node| node.kind() == "decorator",
    is_import: |node, _| {
        matches!(
            node.kind(),
            "import_statement" | "import_from_statement" | "future_import_statement"
        )
    },
    holds_imports: |kind| {
        matches!(
            kind,
            "if_statement" | "try_statement" | "else_clause" | "except_clause" | "block"
        )
    },
    naming: NAMING,
    constants: |node, _, tell| {
        if node.kind() == "assignment" {
            tell_field(node, "left", tell);
        }
    },
    holds_constants: |kind| {
        matches!(
            kind,
            "class_definition"
                | "decorated_definition"
                | "block"
                | "expression_statement"
                | "if_statement"
                | "try_statement"
                | "else_clause"
                | "elif_clause"
                | "except_clause"
        )
    },
    ..PLAIN
};

const NAMING: Naming = Naming {
    leaves: &[("identifier", "*")],
    silent: &[("keyword_argument", "name")],
    declared: &[
        ("default_parameter", "name"),
        ("typed_default_parameter", "name"),
        ("named_expression", "name"),
    ],
    patterns: &[
        ("assignment", "left"),
        ("for_statement", "left"),
        ("for_in_clause", "left"),
        ("as_pattern", "alias"),
        ("parameters", ""),
        ("lambda_parameters", ""),
        ("typed_parameter", ""),
    ],
    used: &[("subscript", "*")],
    accesses: &[("attribute", "attribute")],
    called: &[("call", "function"), ("decorator", "")],
    types: &[("type", "")],
    ..NO_NAMES
};

fn declared(node: Node) -> Option<Declaration> {
    match node.kind() {
        "function_definition" => named(Kind::Function, node),
        "class_definition" => named(Kind::Class, node),
        "type_alias_statement" => Some(Declaration::new(
            Kind::TypeAlias,
            bare_type(field(node, "left")?),
            None,
        )),
        _ => None,
    }
}

/// The identifier in a type: `A` in `A[T]`.
fn bare_type(node: Node) -> Node {
    let mut node = node;
    while matches!(node.kind(), "type" | "generic_type") {
        match node.named_child(0) {
            Some(inner) => node = inner,
            None => return node,
        }
    }
    node
}
