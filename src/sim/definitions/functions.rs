//! Functions: their names, their parameters, what they return.

use tree_sitter::Node;

use super::{Definition, Shape, inner_declarator, name};
use crate::sim::facts::is_comment;
use crate::sim::parse::{Parsed, named_children};
use crate::sim::words::one_line;
use crate::syntax::Language;

/// Whether a node of this kind is a function, a method or a closure.
pub fn is_function(kind: &str) -> bool {
    matches!(
        kind,
        "function_item"
            | "function_signature_item"
            | "closure_expression"
            | "function_declaration"
            | "method_declaration"
            | "func_literal"
            | "function_definition"
            | "lambda"
            | "generator_function_declaration"
            | "generator_function"
            | "function_expression"
            | "arrow_function"
            | "method_definition"
            | "function_signature"
            | "method_signature"
            | "abstract_method_signature"
            | "constructor_declaration"
            | "compact_constructor_declaration"
            | "annotation_type_element_declaration"
            | "lambda_expression"
            | "local_function_statement"
            | "destructor_declaration"
            | "operator_declaration"
            | "conversion_operator_declaration"
            | "anonymous_method_expression"
            | "method"
            | "singleton_method"
            | "anonymous_function"
    )
}

/// Whether a declaration of C or C++ announces a function.
pub(super) fn is_announced(node: Node<'_>) -> bool {
    matches!(node.kind(), "declaration" | "field_declaration")
        && declarators(node)
            .last()
            .is_some_and(|last| last.kind() == "function_declarator")
}

/// The declarators of a function, the outermost first: `*f(int a)`, then `f(int a)`.
fn declarators(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    std::iter::successors(inner_declarator(node), |node| inner_declarator(*node))
        .take_while(|node| node.kind().ends_with("_declarator") || node.kind() == "operator_cast")
}

pub(super) fn function(parsed: &Parsed, node: Node<'_>, named: Node<'_>) -> Definition {
    let (has_receiver, parameters) = parameters(parsed, node);
    let name = name(parsed, named);
    let noun = match node.kind() {
        "constructor_declaration" | "compact_constructor_declaration" => "constructor",
        "destructor_declaration" => "destructor",
        "operator_declaration" | "conversion_operator_declaration" => "operator",
        "method_declaration"
        | "method_definition"
        | "method_signature"
        | "abstract_method_signature"
        | "annotation_type_element_declaration"
        | "method"
        | "singleton_method" => "method",
        // C++ and Lua.
        _ if has_receiver || name.contains("::") || name.contains(':') => "method",
        _ => "function",
    };
    let is_async = is_async(parsed, node);
    let noun = if is_async {
        format!("async {noun}")
    } else {
        noun.into()
    };
    Definition {
        noun,
        name,
        shape: Shape::Function {
            parameters,
            returns: returns(parsed, node),
        },
    }
}

/// What a function gives, as it is written; none for nothing.
fn returns(parsed: &Parsed, node: Node<'_>) -> Option<String> {
    let fields: &[&str] = match parsed.language {
        Language::C | Language::Cpp | Language::Java | Language::CSharp => &["returns", "type"],
        _ => &["return_type", "result"],
    };
    let written = fields
        .iter()
        .find_map(|field| node.child_by_field_name(field))
        .map(|node| one_line(parsed.text(node).trim_start_matches(':')))?;
    let marks: String = declarators(node)
        .filter_map(|declarator| match declarator.kind() {
            "pointer_declarator" => Some("*"),
            "reference_declarator" => declarator.child(0).map(|mark| parsed.text(mark)),
            _ => None,
        })
        .collect();
    Some(written + &marks).filter(|returns| returns != "void")
}

fn is_async(parsed: &Parsed, node: Node<'_>) -> bool {
    (0..node.child_count())
        .filter_map(|index| node.child(index))
        .take_while(|child| child.kind() != "parameters" && child.kind() != "formal_parameters")
        .any(|child| match child.kind() {
            "async" => true,
            "modifier" => parsed.text(child) == "async",
            "function_modifiers" => parsed
                .text(child)
                .split_whitespace()
                .any(|word| word == "async"),
            _ => false,
        })
}

/// Whether the first parameter is the receiver, and the names of the others.
fn parameters(parsed: &Parsed, node: Node<'_>) -> (bool, Vec<String>) {
    if let Some(only) = node.child_by_field_name("parameter") {
        return (false, vec![one_line(parsed.text(only))]);
    }
    let list = node.child_by_field_name("parameters").or_else(|| {
        // C's stand in the declarator that is next to the name.
        let lists = declarators(node).filter(|node| node.kind() == "function_declarator");
        lists.last()?.child_by_field_name("parameters")
    });
    let Some(list) = list else {
        return (false, Vec::new());
    };
    // The last parameter of C# may stand in the list without a node of its own.
    let is_type = |child: &Node<'_>| {
        parsed.language == Language::CSharp && list.child_by_field_name("type") == Some(*child)
    };
    let mut names: Vec<String> = named_children(list)
        .filter(|child| !is_type(child))
        .flat_map(|child| parameter(parsed, child))
        .collect();
    // TypeScript's `this` is a type annotation that looks like a parameter.
    names.retain(|name| name != "this");
    let is_python = parsed.language == Language::Python;
    let has_receiver = names
        .first()
        .is_some_and(|name| name == "self" || is_python && name == "cls");
    if has_receiver {
        names.remove(0);
    }
    (has_receiver, names)
}

/// The names one entry of a parameter list brings: in Go several, for a lone `*` none.
fn parameter(parsed: &Parsed, node: Node<'_>) -> Vec<String> {
    let text = |node: Node<'_>| one_line(parsed.text(node));
    match node.kind() {
        "self_parameter" => vec!["self".into()],
        "attribute_item" | "attribute_list" | "keyword_separator" | "positional_separator" => {
            Vec::new()
        }
        // What it is for, not one of them.
        "receiver_parameter" => Vec::new(),
        kind if is_comment(kind) => Vec::new(),
        "spread_parameter" => named_children(node)
            .filter(|child| child.kind() == "variable_declarator")
            .map(|child| format!("...{}", text(child)))
            .collect(),
        _ if matches!(parsed.language, Language::C | Language::Cpp) => {
            let named = super::declared(node).or_else(|| node.child_by_field_name("type"));
            vec![text(named.unwrap_or(node))]
                .into_iter()
                .filter(|name| name != "void")
                .collect()
        }
        "parameter_declaration" | "variadic_parameter_declaration" => {
            let mut cursor = node.walk();
            let names: Vec<String> = node
                .children_by_field_name("name", &mut cursor)
                .map(text)
                .collect();
            match node.child_by_field_name("type") {
                Some(type_alone) if names.is_empty() => vec![text(type_alone)],
                _ => names,
            }
        }
        // Python's typed parameter has its name as first child.
        "typed_parameter" => node.named_child(0).map(text).into_iter().collect(),
        _ => {
            let named = ["pattern", "name", "left"]
                .iter()
                .find_map(|field| node.child_by_field_name(field));
            let name = text(named.unwrap_or(node));
            let mark = match node.kind() {
                "splat_parameter" => "*",
                "hash_splat_parameter" => "**",
                "block_parameter" => "&",
                "variadic_parameter" if named.is_some() => "...",
                _ => "",
            };
            vec![format!("{mark}{name}")]
        }
    }
}
