//! The functions and types a syntax tree defines: names, parameters, members.

use tree_sitter::Node;

use super::parse::{Parsed, named_children};
use super::words::one_line;

/// A function or a type.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Definition {
    /// What it is called in prose: `function`, `struct`, `async method`.
    pub noun: String,
    /// Empty where it has none.
    pub name: String,
    pub shape: Shape,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Shape {
    Function {
        /// Without the receiver.
        parameters: Vec<String>,
        /// As written.
        returns: Option<String>,
    },
    Type {
        fields: Vec<String>,
        variants: Vec<String>,
        methods: Vec<String>,
        /// What else a module or a namespace holds.
        items: Vec<String>,
    },
}

impl Default for Shape {
    fn default() -> Self {
        Self::Type {
            fields: Vec::new(),
            variants: Vec::new(),
            methods: Vec::new(),
            items: Vec::new(),
        }
    }
}

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
    )
}

/// What a top node defines: mostly one, in Go's `type ( … )` several.
pub fn of(parsed: &Parsed, node: Node<'_>) -> Vec<Definition> {
    match node.kind() {
        "export_statement"
        | "ambient_declaration"
        | "expression_statement"
        | "type_declaration" => named_children(node)
            .filter_map(|child| one(parsed, child, child))
            .collect(),
        "decorated_definition" => node
            .child_by_field_name("definition")
            .and_then(|inner| one(parsed, inner, inner))
            .into_iter()
            .collect(),
        _ => one(parsed, node, node).into_iter().collect(),
    }
}

fn one(parsed: &Parsed, node: Node<'_>, named: Node<'_>) -> Option<Definition> {
    match node.kind() {
        "lexical_declaration" | "variable_declaration" => {
            let mut declarators =
                named_children(node).filter(|child| child.kind() == "variable_declarator");
            let only = declarators
                .next()
                .filter(|_| declarators.next().is_none())?;
            let value = only.child_by_field_name("value")?;
            is_function(value.kind()).then(|| function(parsed, value, only))
        }
        "closure_expression" | "lambda" | "func_literal" | "arrow_function" => None,
        kind if is_function(kind) => Some(function(parsed, node, named)),
        _ => type_like(parsed, node),
    }
}

fn name(parsed: &Parsed, node: Node<'_>) -> String {
    node.child_by_field_name("name")
        .map_or_else(String::new, |name| one_line(parsed.text(name)))
}

fn function(parsed: &Parsed, node: Node<'_>, named: Node<'_>) -> Definition {
    let (has_receiver, parameters) = parameters(parsed, node);
    let is_method = has_receiver
        || matches!(
            node.kind(),
            "method_declaration"
                | "method_definition"
                | "method_signature"
                | "abstract_method_signature"
        );
    let noun = match (is_async(parsed, node), is_method) {
        (false, false) => "function",
        (false, true) => "method",
        (true, false) => "async function",
        (true, true) => "async method",
    };
    let returns = ["return_type", "result"]
        .iter()
        .find_map(|field| node.child_by_field_name(field))
        .map(|node| one_line(parsed.text(node).trim_start_matches(':')));
    Definition {
        noun: noun.into(),
        name: name(parsed, named),
        shape: Shape::Function {
            parameters,
            returns,
        },
    }
}

fn is_async(parsed: &Parsed, node: Node<'_>) -> bool {
    (0..node.child_count())
        .filter_map(|index| node.child(index))
        .take_while(|child| child.kind() != "parameters" && child.kind() != "formal_parameters")
        .any(|child| match child.kind() {
            "async" => true,
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
    let Some(list) = node.child_by_field_name("parameters") else {
        return (false, Vec::new());
    };
    let mut names: Vec<String> = named_children(list)
        .flat_map(|child| parameter(parsed, child))
        .collect();
    // TypeScript's `this` is a type annotation that looks like a parameter.
    names.retain(|name| name != "this");
    let is_python = node.kind() == "function_definition";
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
        "attribute_item" | "keyword_separator" | "positional_separator" => Vec::new(),
        kind if super::facts::is_comment(kind) => Vec::new(),
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
            vec![text(named.unwrap_or(node))]
        }
    }
}

fn type_like(parsed: &Parsed, node: Node<'_>) -> Option<Definition> {
    let noun = match node.kind() {
        "struct_item" => "struct",
        "enum_item" | "enum_declaration" => "enum",
        "union_item" => "union",
        "trait_item" => "trait",
        "impl_item" => "implementation",
        "mod_item" => "module",
        "macro_definition" => "macro",
        "const_item" => "constant",
        "static_item" => "static",
        "type_item" | "type_alias" | "type_alias_declaration" | "type_alias_statement" => {
            "type alias"
        }
        "class_definition" | "class_declaration" | "abstract_class_declaration" => "class",
        "interface_declaration" => "interface",
        "internal_module" | "module" => "namespace",
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
    for member in bodies(node).into_iter().flat_map(named_children) {
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
            "enum_variant" | "enum_assignment" | "property_identifier" => variants.push(name()),
            "method_elem" => methods.push(name()),
            kind if is_function(kind) => methods.push(name()),
            _ => items.extend(one(parsed, member, member).map(|inner| inner.name)),
        }
    }
    // A module's functions are no methods.
    if matches!(node.kind(), "mod_item" | "internal_module" | "module") {
        items.splice(0..0, methods.drain(..));
    }
    Shape::Type {
        fields,
        variants,
        methods,
        items,
    }
}

/// Where a type's members stand.
fn bodies(node: Node<'_>) -> Vec<Node<'_>> {
    if let Some(body) = node.child_by_field_name("body") {
        return vec![body];
    }
    match node.child_by_field_name("type") {
        Some(inner) if inner.kind() == "struct_type" => named_children(inner).collect(),
        Some(inner) if inner.kind() == "interface_type" => vec![inner],
        _ => Vec::new(),
    }
}

fn unwrapped(node: Node<'_>) -> Node<'_> {
    let inner = match node.kind() {
        "decorated_definition" => node.child_by_field_name("definition"),
        "expression_statement" | "export_statement" => node.named_child(0),
        _ => None,
    };
    inner.unwrap_or(node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::parse::parse;
    use crate::syntax::Language;

    fn only(language: Language, code: &str) -> Definition {
        let parsed = parse(language, code).unwrap();
        let mut found: Vec<_> = parsed
            .top()
            .into_iter()
            .flat_map(|node| of(&parsed, node))
            .collect();
        assert_eq!(found.len(), 1, "{code}: {found:?}");
        found.remove(0)
    }

    #[test]
    fn functions_are_read_in_every_language() {
        let check = |language,
                     code: &str,
                     noun: &str,
                     name: &str,
                     wanted: &[&str],
                     result: Option<&str>| {
            let found = only(language, code);
            assert_eq!(
                (found.noun.as_str(), found.name.as_str()),
                (noun, name),
                "{code}"
            );
            let Shape::Function {
                parameters,
                returns,
            } = found.shape
            else {
                panic!("{code}: no function");
            };
            assert_eq!(parameters, wanted, "{code}");
            assert_eq!(returns.as_deref(), result, "{code}");
        };
        use Language::{Go, JavaScript, Python, Rust, Tsx, TypeScript};
        check(
            Rust,
            "pub async fn f(&mut self, a: &str, (b, c): T) -> Vec<u8> {}",
            "async method",
            "f",
            &["a", "(b, c)"],
            Some("Vec<u8>"),
        );
        check(
            Rust,
            "fn f<T>(mut a: T) where T: X {}",
            "function",
            "f",
            &["a"],
            None,
        );
        check(
            Go,
            "func (s *S) F(a, b int, c ...string) (int, error) { return 0, nil }",
            "method",
            "F",
            &["a", "b", "c"],
            Some("(int, error)"),
        );
        check(Go, "func F(int) {}", "function", "F", &["int"], None);
        check(
            Python,
            "async def f(self, a, b: int, c=1, d: str = '', *args, e, **kw) -> list[int]:\n    pass",
            "async method",
            "f",
            &["a", "b", "c", "d", "*args", "e", "**kw"],
            Some("list[int]"),
        );
        check(
            Python,
            "@d\ndef f(a, /, b, *, c): pass",
            "function",
            "f",
            &["a", "b", "c"],
            None,
        );
        check(
            JavaScript,
            "export default function f(a, b = 1, ...c) {}",
            "function",
            "f",
            &["a", "b", "...c"],
            None,
        );
        check(
            JavaScript,
            "const f = async x => x",
            "async function",
            "f",
            &["x"],
            None,
        );
        check(JavaScript, "get(a) {\n}", "method", "get", &["a"], None);
        check(
            TypeScript,
            "function f(this: T, a: A, b?: B, { c }: C = {}): Promise<D> {}",
            "function",
            "f",
            &["a", "b", "{ c }"],
            Some("Promise<D>"),
        );
        check(
            Tsx,
            "const F = (props: P) => <a/>;",
            "function",
            "F",
            &["props"],
            None,
        );
    }

    #[test]
    fn types_are_read_with_their_members() {
        let check = |language, code: &str, noun: &str, name: &str, all: [&[&str]; 4]| {
            let found = only(language, code);
            assert_eq!(
                (found.noun.as_str(), found.name.as_str()),
                (noun, name),
                "{code}"
            );
            let Shape::Type {
                fields,
                variants,
                methods,
                items,
            } = found.shape
            else {
                panic!("{code}: no type");
            };
            assert_eq!(
                [fields, variants, methods, items],
                all.map(<[&str]>::to_vec),
                "{code}"
            );
        };
        use Language::{Go, JavaScript, Python, Rust, TypeScript};
        check(
            Rust,
            "struct S { a: u8, pub b: u8 }",
            "struct",
            "S",
            [&["a", "b"], &[], &[], &[]],
        );
        check(
            Rust,
            "enum E { A, B(u8), C { d: u8 } }",
            "enum",
            "E",
            [&[], &["A", "B", "C"], &[], &[]],
        );
        check(
            Rust,
            "impl<T> A for B<T> { type X = u8; fn c(&self) {} }",
            "implementation",
            "A for B<T>",
            [&[], &[], &["c"], &["X"]],
        );
        check(
            Rust,
            "mod m { fn a() {} struct B; }",
            "module",
            "m",
            [&[], &[], &[], &["a", "B"]],
        );
        check(
            Go,
            "type S struct {\n\ta, b int\n\tT\n}",
            "struct",
            "S",
            [&["a", "b", "T"], &[], &[], &[]],
        );
        check(
            Go,
            "type I interface {\n\tF(a int) error\n}",
            "interface",
            "I",
            [&[], &[], &["F"], &[]],
        );
        check(
            Python,
            "class C(B):\n    x = 1\n    @p\n    def f(self): pass",
            "class",
            "C",
            [&["x"], &[], &["f"], &[]],
        );
        check(
            JavaScript,
            "export class C extends B { x = 1; #y; f() {} }",
            "class",
            "C",
            [&["x", "#y"], &[], &["f"], &[]],
        );
        check(
            TypeScript,
            "interface I { a: A; f(b: B): C }",
            "interface",
            "I",
            [&["a"], &[], &["f"], &[]],
        );
        check(
            TypeScript,
            "enum E { A, B = 2 }",
            "enum",
            "E",
            [&[], &["A", "B"], &[], &[]],
        );
    }
}
