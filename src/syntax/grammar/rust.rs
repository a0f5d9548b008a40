//! Rust.

use tree_sitter::Node;

use super::super::SymbolKind as Kind;
use super::naming::{NO_NAMES, Naming};
use super::{Declaration, PLAIN, Rules, field, is_identifier, named, tell_field};

pub(super) const RULES: Rules = Rules {
    declared,
    is_attribute: |node| node.kind() == "attribute_item",
    is_import: |node, _| matches!(node.kind(), "use_declaration" | "extern_crate_declaration"),
    naming: NAMING,
    constants: |node, _, tell| {
        if matches!(node.kind(), "const_item" | "static_item") {
            tell_field(node, "name", tell);
        }
    },
    holds_constants: |kind| {
        matches!(
            kind,
            "mod_item" | "impl_item" | "trait_item" | "declaration_list"
        )
    },
    ..PLAIN
};

const NAMING: Naming = Naming {
    leaves: &[
        ("identifier", "*"),
        ("type_identifier", "*"),
        ("field_identifier", "*"),
        ("shorthand_field_identifier", "*"),
    ],
    declared: &[
        ("const_item", "name"),
        ("static_item", "name"),
        ("enum_variant", "name"),
        ("field_declaration", "name"),
        ("type_parameter", "name"),
    ],
    patterns: &[
        ("*", "pattern"),
        ("parameters", ""),
        ("closure_parameters", ""),
        ("type_parameters", ""),
        ("constrained_type_parameter", "left"),
    ],
    used: &[("index_expression", "*"), ("token_tree", "*")],
    paths: &[
        ("scoped_identifier", "name"),
        ("scoped_type_identifier", "name"),
    ],
    accesses: &[("field_expression", "field")],
    called: &[
        ("call_expression", "function"),
        ("macro_invocation", "macro"),
        ("generic_function", "function"),
    ],
    ..NO_NAMES
};

fn declared(node: Node) -> Option<Declaration> {
    match node.kind() {
        "function_item" | "function_signature_item" => named(Kind::Function, node),
        "struct_item" | "union_item" => named(Kind::Struct, node).map(keep_tuple_fields(node)),
        "enum_item" => named(Kind::Enum, node),
        "trait_item" => named(Kind::Trait, node),
        "type_item" => named(Kind::TypeAlias, node),
        "mod_item" => named(Kind::Module, node).filter(|module| module.body.is_some()),
        "impl_item" => {
            let name = bare_type(field(node, "type")?);
            Some(Declaration::new(Kind::Impl, name, field(node, "body")))
        }
        "macro_definition" => {
            let name = field(node, "name")?;
            Some(Declaration {
                body: Some(name.end_byte()),
                ..Declaration::new(Kind::Macro, name, None)
            })
        }
        "let_declaration" => {
            let body = field(field(node, "value").filter(is_closure)?, "body")?;
            let name = field(node, "pattern").filter(is_identifier)?;
            // A closure that is one expression is read as part of the function around it.
            (body.kind() == "block").then(|| Declaration::new(Kind::Function, name, Some(body)))
        }
        _ => None,
    }
}

fn is_closure(node: &Node) -> bool {
    node.kind() == "closure_expression"
}

/// The fields of a tuple struct are its signature.
fn keep_tuple_fields(node: Node<'_>) -> impl Fn(Declaration) -> Declaration {
    move |declared| {
        let is_tuple =
            field(node, "body").is_some_and(|body| body.kind() == "ordered_field_declaration_list");
        Declaration {
            body: declared.body.filter(|_| !is_tuple),
            ..declared
        }
    }
}

/// The identifier in a type: `Map` in `&collections::Map<K, V>`.
fn bare_type(node: Node) -> Node {
    let mut node = node;
    loop {
        let inner = match node.kind() {
            "generic_type" | "reference_type" => field(node, "type"),
            "dynamic_type" => field(node, "trait"),
            "scoped_type_identifier" => field(node, "name"),
            _ => None,
        };
        match inner {
            Some(inner) => node = inner,
            None => return node,
        }
    }
}
