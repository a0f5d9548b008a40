//! Types and modules, and what is in them.

use tree_sitter::Node;

use super::functions::{self, is_function};
use super::{Definition, Shape, name, one};
use crate::sim::parse::{Parsed, named_children};
use crate::sim::words::one_line;
use crate::syntax::Language;

pub(super) fn type_like(parsed: &Parsed, node: Node<'_>) -> Option<Definition> {
    let noun = match node.kind() {
        "struct_item" | "struct_specifier" | "struct_declaration" => "struct",
        "enum_item" | "enum_declaration" | "enum_specifier" => "enum",
        "union_item" | "union_specifier" => "union",
        "trait_item" | "trait_declaration" => "trait",
        "impl_item" => "implementation",
        "mod_item" => "module",
        "macro_definition" | "preproc_function_def" | "preproc_def" => "macro",
        "const_item" => "constant",
        "static_item" => "static",
        "type_item" | "type_alias" | "type_alias_declaration" | "type_alias_statement" => {
            "type alias"
        }
        "alias_declaration" | "type_definition" => "type alias",
        "concept_definition" => "concept",
        "delegate_declaration" => "delegate",
        "class_definition"
        | "class_declaration"
        | "abstract_class_declaration"
        | "class_specifier"
        | "class" => "class",
        "record_declaration" => "record",
        "property_declaration" if parsed.language == Language::CSharp => "property",
        "interface_declaration" => "interface",
        "annotation_type_declaration" => "annotation",
        "module" if parsed.language == Language::Ruby => "module",
        "namespace_definition" if node.child_by_field_name("body").is_none() => return None,
        "internal_module" | "module" | "namespace_declaration" | "namespace_definition" => {
            "namespace"
        }
        "type_spec" => match node.child_by_field_name("type").map(|inner| inner.kind()) {
            Some("struct_type") => "struct",
            Some("interface_type") => "interface",
            _ => "type",
        },
        _ => return None,
    };
    Some(Definition {
        noun: noun.into(),
        name: type_name(parsed, node),
        shape: members(parsed, node),
    })
}

fn type_name(parsed: &Parsed, node: Node<'_>) -> String {
    if node.kind() != "impl_item" {
        return name(parsed, node);
    }
    let text = |field| {
        node.child_by_field_name(field)
            .map(|node| one_line(parsed.text(node)))
    };
    match (text("trait"), text("type")) {
        (Some(of), Some(on)) => format!("{of} for {on}"),
        (_, on) => on.unwrap_or_default(),
    }
}

fn members(parsed: &Parsed, node: Node<'_>) -> Shape {
    let (mut fields, mut variants, mut methods, mut items) = (vec![], vec![], vec![], vec![]);
    for member in bodies(node).into_iter().flat_map(members_in) {
        let member = unwrapped(member);
        let name = || {
            let name = name(parsed, member);
            if name.is_empty() {
                one_line(parsed.text(member))
            } else {
                name
            }
        };
        match member.kind() {
            "field_declaration" | "declaration" if functions::is_announced(member) => {
                methods.push(name());
            }
            "field_declaration" | "property_declaration"
                if matches!(
                    parsed.language,
                    Language::C | Language::Cpp | Language::CSharp | Language::Java | Language::Php
                ) =>
            {
                fields.extend(declared_fields(parsed, member));
            }
            "field_declaration" => {
                let mut cursor = member.walk();
                let names: Vec<String> = member
                    .children_by_field_name("name", &mut cursor)
                    .map(|name| one_line(parsed.text(name)))
                    .collect();
                // An embedded field of Go goes by its type.
                let embedded = member
                    .child_by_field_name("type")
                    .map(|inner| one_line(parsed.text(inner)));
                fields.extend(if names.is_empty() {
                    embedded.into_iter().collect()
                } else {
                    names
                });
            }
            "public_field_definition" | "property_signature" => fields.push(name()),
            "field_definition" => fields.extend(
                member
                    .child_by_field_name("property")
                    .map(|name| one_line(parsed.text(name))),
            ),
            "assignment" => fields.extend(
                member
                    .child_by_field_name("left")
                    .map(|name| one_line(parsed.text(name))),
            ),
            "enum_variant"
            | "enum_assignment"
            | "property_identifier"
            | "enum_constant"
            | "enum_member_declaration"
            | "enumerator"
            | "enum_case" => variants.push(name()),
            "method_elem" => methods.push(name()),
            kind if is_function(kind) => methods.push(name()),
            _ => items.extend(one(parsed, member, member).map(|inner| inner.name)),
        }
    }
    // A module's functions are no methods.
    let is_module = matches!(
        node.kind(),
        "mod_item" | "internal_module" | "namespace_declaration" | "namespace_definition"
    );
    if is_module || node.kind() == "module" && parsed.language != Language::Ruby {
        items.splice(0..0, methods.drain(..));
    }
    Shape::Type {
        fields,
        variants,
        methods,
        items,
    }
}

/// The fields that one declaration brings: `a` and `b` of `int a, *b;`.
fn declared_fields(parsed: &Parsed, member: Node<'_>) -> Vec<String> {
    if parsed.language == Language::CSharp && member.kind() == "property_declaration" {
        return vec![name(parsed, member)];
    }
    let list = named_children(member)
        .find(|child| child.kind() == "variable_declaration")
        .unwrap_or(member);
    let declarators = named_children(list).filter(|child| {
        let kind = child.kind();
        kind.ends_with("_declarator") || matches!(kind, "field_identifier" | "property_element")
    });
    declarators
        .map(|declarator| match name(parsed, declarator) {
            name if name.is_empty() => one_line(parsed.text(declarator)),
            name => name,
        })
        .collect()
}

/// The members in a body, those after the constants of Java's enums among them.
fn members_in(body: Node<'_>) -> Vec<Node<'_>> {
    named_children(body)
        .flat_map(|child| match child.kind() {
            "enum_body_declarations" => named_children(child).collect(),
            _ => vec![child],
        })
        .collect()
}

/// Where a type's members stand.
fn bodies(node: Node<'_>) -> Vec<Node<'_>> {
    if let Some(body) = node.child_by_field_name("body") {
        return vec![body];
    }
    match node.child_by_field_name("type") {
        Some(inner) if inner.kind() == "struct_type" => named_children(inner).collect(),
        Some(inner) if inner.kind() == "interface_type" => vec![inner],
        // `typedef struct { … } a;`
        Some(inner) => inner.child_by_field_name("body").into_iter().collect(),
        _ => Vec::new(),
    }
}

fn unwrapped(node: Node<'_>) -> Node<'_> {
    let inner = match node.kind() {
        "decorated_definition" => node.child_by_field_name("definition"),
        "expression_statement" | "export_statement" => node.named_child(0),
        "template_declaration" => named_children(node).last(),
        // `private def a` of Ruby.
        "call" => node
            .child_by_field_name("arguments")
            .and_then(|arguments| arguments.named_child(0))
            .filter(|inner| matches!(inner.kind(), "method" | "singleton_method")),
        _ => None,
    };
    inner.unwrap_or(node)
}
