//! Go.

use tree_sitter::Node;

use super::super::SymbolKind as Kind;
use super::naming::{NO_NAMES, Naming};
use super::{Declaration, PLAIN, Rules, field, is_identifier, named, only_child, tell_field};

pub(super) const RULES: Rules = Rules {
    declared,
    unwrapped,
    is_import: |node, _| node.kind() == "import_declaration",
    naming: NAMING,
    constants: |node, _, tell| {
        if matches!(node.kind(), "const_spec" | "var_spec") {
            tell_field(node, "name", tell);
        }
    },
    holds_constants: |kind| {
        matches!(
            kind,
            "const_declaration" | "var_declaration" | "var_spec_list"
        )
    },
    ..PLAIN
};

const NAMING: Naming = Naming {
    leaves: &[
        ("identifier", "*"),
        ("type_identifier", "*"),
        ("field_identifier", "*"),
    ],
    declared: &[
        ("var_spec", "name"),
        ("const_spec", "name"),
        ("parameter_declaration", "name"),
        ("variadic_parameter_declaration", "name"),
        ("type_parameter_declaration", "name"),
        ("field_declaration", "name"),
        ("short_var_declaration", "left"),
        ("range_clause", "left"),
        ("receive_statement", "left"),
        ("type_switch_statement", "alias"),
    ],
    used: &[("index_expression", "*")],
    paths: &[("qualified_type", "name")],
    accesses: &[("selector_expression", "field")],
    called: &[("call_expression", "function")],
    ..NO_NAMES
};

fn unwrapped(node: Node) -> Option<Node> {
    match node.kind() {
        "var_declaration" => only_child(node),
        "type_declaration" if node.child(1)?.kind() != "(" => only_child(node),
        _ => None,
    }
}

fn declared(node: Node) -> Option<Declaration> {
    match node.kind() {
        "function_declaration" => named(Kind::Function, node),
        "method_declaration" | "method_elem" => named(Kind::Method, node),
        "type_spec" | "type_alias" => type_declared(node),
        "short_var_declaration" => {
            let name = only_child(field(node, "left")?).filter(is_identifier)?;
            bound(name, only_child(field(node, "right")?)?)
        }
        "var_spec" => bound(field(node, "name")?, only_child(field(node, "value")?)?),
        _ => None,
    }
}

/// A function literal that is bound to a name.
fn bound(name: Node<'_>, value: Node<'_>) -> Option<Declaration> {
    let is_function = value.kind() == "func_literal";
    is_function.then(|| Declaration::new(Kind::Function, name, field(value, "body")))
}

fn type_declared(node: Node) -> Option<Declaration> {
    let name = field(node, "name")?;
    let value = field(node, "type")?;
    let (kind, body) = match value.kind() {
        "struct_type" => (Kind::Struct, value.child(1)),
        "interface_type" => (Kind::Interface, value.child(1)),
        _ => (Kind::TypeAlias, None),
    };
    Some(Declaration::new(kind, name, body))
}
