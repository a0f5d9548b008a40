//! Which nodes of the grammars declare something by name.

use tree_sitter::Node;

use super::SymbolKind;

/// What a node declares.
pub(super) struct Declaration<'t> {
    pub kind: SymbolKind,
    pub name: Node<'t>,
    /// The byte at which the body starts, where there is one.
    pub body: Option<usize>,
    /// A second name that what is declared has for itself, as `g` in `f = function g() {}`.
    pub own_name: Option<Node<'t>>,
}

impl<'t> Declaration<'t> {
    fn new(kind: SymbolKind, name: Node<'t>, body: Option<Node<'t>>) -> Self {
        Self {
            kind,
            name,
            body: body.map(|body| body.start_byte()),
            own_name: None,
        }
    }
}

/// What `node` declares, itself or through what it wraps: `export`, decorators, `const`.
pub(super) fn declaration(node: Node) -> Option<Declaration> {
    let mut node = node;
    loop {
        if let Some(declared) = declared_by(node) {
            return Some(declared);
        }
        node = unwrapped(node)?;
    }
}

/// What stands inside a node that adds nothing but words around one declaration.
fn unwrapped(node: Node) -> Option<Node> {
    match node.kind() {
        "export_statement" => field(node, "declaration").or_else(|| field(node, "value")),
        "decorated_definition" => field(node, "definition"),
        "ambient_declaration" => node.named_child(0),
        "lexical_declaration" | "variable_declaration" | "var_declaration" => only_child(node),
        "type_declaration" if node.child(1)?.kind() != "(" => only_child(node),
        "expression_statement" => only_child(node)
            .filter(|child| matches!(child.kind(), "assignment_expression" | "internal_module")),
        _ => None,
    }
}

fn declared_by(node: Node) -> Option<Declaration> {
    use SymbolKind as Kind;

    if !node.is_named() {
        return None;
    }
    match node.kind() {
        // Rust.
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

        // Python.
        "function_definition" => named(Kind::Function, node),
        "class_definition" => named(Kind::Class, node),
        "type_alias_statement" => Some(Declaration::new(
            Kind::TypeAlias,
            bare_type(field(node, "left")?),
            None,
        )),

        // JavaScript and TypeScript; Go has the first one too.
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

        // Go.
        "method_declaration" | "method_elem" => named(Kind::Method, node),
        "type_spec" | "type_alias" => go_type(node),
        "short_var_declaration" => {
            let name = only_child(field(node, "left")?).filter(is_identifier)?;
            bound(Kind::Function, name, only_child(field(node, "right")?)?)
        }
        "var_spec" => bound(
            Kind::Function,
            field(node, "name")?,
            only_child(field(node, "value")?)?,
        ),
        _ => None,
    }
}

fn named(kind: SymbolKind, node: Node<'_>) -> Option<Declaration<'_>> {
    Some(Declaration::new(
        kind,
        field(node, "name")?,
        field(node, "body"),
    ))
}

/// A function or class without a name of its own that is bound to one.
fn bound<'t>(kind: SymbolKind, name: Node<'t>, value: Node<'t>) -> Option<Declaration<'t>> {
    let kind = match value.kind() {
        "arrow_function" | "function_expression" | "generator_function" | "func_literal" => kind,
        "class" => SymbolKind::Class,
        _ => return None,
    };
    Some(Declaration {
        own_name: field(value, "name"),
        ..Declaration::new(kind, name, field(value, "body"))
    })
}

fn go_type(node: Node) -> Option<Declaration> {
    let name = field(node, "name")?;
    let value = field(node, "type")?;
    let (kind, body) = match value.kind() {
        "struct_type" => (SymbolKind::Struct, value.child(1)),
        "interface_type" => (SymbolKind::Interface, value.child(1)),
        _ => (SymbolKind::TypeAlias, None),
    };
    Some(Declaration::new(kind, name, body))
}

/// The fields of a tuple struct are its signature.
fn keep_tuple_fields<'t>(node: Node<'t>) -> impl Fn(Declaration<'t>) -> Declaration<'t> {
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
            "generic_type" => field(node, "type").or_else(|| node.named_child(0)),
            "reference_type" => field(node, "type"),
            "dynamic_type" => field(node, "trait"),
            "scoped_type_identifier" => field(node, "name"),
            "type" => node.named_child(0),
            _ => None,
        };
        match inner {
            Some(inner) => node = inner,
            None => return node,
        }
    }
}

fn field<'t>(node: Node<'t>, name: &str) -> Option<Node<'t>> {
    node.child_by_field_name(name)
}

/// The one named child besides comments.
fn only_child(node: Node) -> Option<Node> {
    let mut cursor = node.walk();
    let mut children = node
        .named_children(&mut cursor)
        .filter(|child| !child.is_extra());
    let only = children.next();
    if children.next().is_none() {
        only
    } else {
        None
    }
}

fn child_of_kind<'t>(node: Node<'t>, kind: &str) -> Option<Node<'t>> {
    (0..node.child_count()).find_map(|i| node.child(i).filter(|child| child.kind() == kind))
}

fn is_closure(node: &Node) -> bool {
    node.kind() == "closure_expression"
}

fn is_identifier(node: &Node) -> bool {
    node.kind() == "identifier"
}
