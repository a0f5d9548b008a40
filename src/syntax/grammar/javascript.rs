//! JavaScript, TypeScript and TSX.

use ropey::Rope;
use tree_sitter::Node;

use super::super::SymbolKind as Kind;
use super::naming::{NO_NAMES, Naming};
use super::{
    Declaration, PLAIN, Rules, child_of_kind, field, is_identifier, is_one_of, named, only_child,
    tell_field,
};

pub(super) const RULES: Rules = Rules {
    declared,
    unwrapped,
    is_attribute: |node| node.kind() == "decorator",
    is_import,
    naming: NAMING,
    constants: |node, _, tell| {
        if node.kind() == "variable_declarator" {
            tell_field(node, "name", tell);
        }
    },
    holds_constants: |kind| {
        matches!(
            kind,
            "export_statement"
                | "ambient_declaration"
                | "lexical_declaration"
                | "variable_declaration"
        )
    },
    ..PLAIN
};

const NAMING: Naming = Naming {
    leaves: &[
        ("identifier", "*"),
        ("type_identifier", "*"),
        ("property_identifier", "*"),
        ("private_property_identifier", "*"),
        ("shorthand_property_identifier", "*"),
        ("shorthand_property_identifier_pattern", "*"),
    ],
    declared: &[("type_parameter", "name"), ("pair_pattern", "value")],
    patterns: &[
        ("*", "pattern"),
        ("variable_declarator", "name"),
        ("for_in_statement", "left"),
        ("arrow_function", "parameter"),
        ("arrow_function", "parameters"),
        ("catch_clause", "parameter"),
        ("formal_parameters", ""),
    ],
    used: &[("pair_pattern", "key"), ("subscript_expression", "*")],
    paths: &[
        ("nested_identifier", "property"),
        ("nested_type_identifier", "name"),
    ],
    accesses: &[("member_expression", "property")],
    called: &[
        ("call_expression", "function"),
        ("new_expression", "constructor"),
        ("jsx_opening_element", "name"),
        ("jsx_closing_element", "name"),
        ("jsx_self_closing_element", "name"),
        ("decorator", ""),
    ],
    ..NO_NAMES
};

fn unwrapped(node: Node) -> Option<Node> {
    match node.kind() {
        "export_statement" => field(node, "declaration").or_else(|| field(node, "value")),
        "ambient_declaration" => node.named_child(0),
        "lexical_declaration" | "variable_declaration" => only_child(node),
        "expression_statement" => only_child(node)
            .filter(|child| matches!(child.kind(), "assignment_expression" | "internal_module")),
        _ => None,
    }
}

fn declared(node: Node) -> Option<Declaration> {
    match node.kind() {
        "function_declaration" | "generator_function_declaration" | "function_signature" => {
            named(Kind::Function, node)
        }
        "function_expression" | "generator_function" => named(Kind::Function, node),
        "method_definition" | "method_signature" | "abstract_method_signature" => {
            named(Kind::Method, node)
        }
        "class_declaration" | "abstract_class_declaration" | "class" => named(Kind::Class, node),
        "interface_declaration" => named(Kind::Interface, node),
        "enum_declaration" => named(Kind::Enum, node),
        "type_alias_declaration" => named(Kind::TypeAlias, node),
        "internal_module" | "module" => named(Kind::Module, node),
        "variable_declarator" => bound(
            Kind::Function,
            field(node, "name").filter(is_identifier)?,
            field(node, "value")?,
        ),
        "public_field_definition" => {
            bound(Kind::Method, field(node, "name")?, field(node, "value")?)
        }
        "field_definition" => bound(
            Kind::Method,
            field(node, "property")?,
            field(node, "value")?,
        ),
        "pair" => bound(Kind::Method, field(node, "key")?, field(node, "value")?),
        "assignment_expression" => {
            let left = field(node, "left")?;
            let name = match left.kind() {
                "identifier" => left,
                "member_expression" => field(left, "property")?,
                _ => return None,
            };
            bound(Kind::Function, name, field(node, "right")?)
        }
        "export_statement" => {
            let value = field(node, "value").filter(|value| field(*value, "name").is_none())?;
            bound(Kind::Function, child_of_kind(node, "default")?, value)
        }
        _ => None,
    }
}

/// A function or class without a name of its own that is bound to one.
fn bound(kind: Kind, name: Node<'_>, value: Node<'_>) -> Option<Declaration> {
    let kind = match value.kind() {
        "arrow_function" | "function_expression" | "generator_function" => kind,
        "class" => Kind::Class,
        _ => return None,
    };
    Some(Declaration {
        own_name: field(value, "name").map(|name| name.start_byte()),
        ..Declaration::new(kind, name, field(value, "body"))
    })
}

fn is_import(node: Node, text: &Rope) -> bool {
    match node.kind() {
        "import_statement" | "import_alias" => true,
        "export_statement" => field(node, "source").is_some(),
        "lexical_declaration" | "variable_declaration" => {
            let value = node.named_child(0).and_then(|first| field(first, "value"));
            value.is_some_and(|value| is_require(value, text))
        }
        _ => false,
    }
}

/// Whether `node` is `require(…)`, or a member of it.
fn is_require(node: Node, text: &Rope) -> bool {
    let mut node = node;
    while let Some(object) = field(node, "object") {
        node = object;
    }
    field(node, "function").is_some_and(|called| is_one_of(called, text, &["require"]))
}
