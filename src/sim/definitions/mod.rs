//! The functions and types a syntax tree defines: names, parameters, members.

mod functions;
mod types;

use tree_sitter::Node;

use super::parse::{Parsed, named_children};
use super::words::one_line;
use crate::syntax::Language;

use functions::function;
pub use functions::is_function;
use types::type_like;

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

/// What a top node defines: mostly one, in Go's `type ( … )` several.
pub fn of(parsed: &Parsed, node: Node<'_>) -> Vec<Definition> {
    match node.kind() {
        "export_statement"
        | "ambient_declaration"
        | "expression_statement"
        | "template_declaration"
        | "type_declaration" => named_children(node)
            .filter_map(|child| one(parsed, child, child))
            .collect(),
        "decorated_definition" => node
            .child_by_field_name("definition")
            .and_then(|inner| one(parsed, inner, inner))
            .into_iter()
            .collect(),
        // `private def a` of Ruby.
        "call" if parsed.language == Language::Ruby => node
            .child_by_field_name("arguments")
            .and_then(|arguments| arguments.named_child(0))
            .filter(|inner| matches!(inner.kind(), "method" | "singleton_method"))
            .and_then(|inner| one(parsed, inner, inner))
            .into_iter()
            .collect(),
        _ => one(parsed, node, node).into_iter().collect(),
    }
}

fn one(parsed: &Parsed, node: Node<'_>, named: Node<'_>) -> Option<Definition> {
    match node.kind() {
        "lexical_declaration"
        | "variable_declaration"
        | "assignment_statement"
        | "assignment_expression"
        | "assignment" => {
            let (named, value) = bound(node)?;
            is_function(value.kind()).then(|| function(parsed, value, named))
        }
        "closure_expression"
        | "lambda"
        | "func_literal"
        | "arrow_function"
        | "lambda_expression"
        | "anonymous_function"
        | "anonymous_method_expression" => None,
        // Announced only, as in a header.
        "declaration" => functions::is_announced(node).then(|| function(parsed, node, named)),
        kind if is_function(kind) => Some(function(parsed, node, named)),
        _ => type_like(parsed, node),
    }
}

/// What has the name, and the one value that is bound to it.
fn bound(node: Node<'_>) -> Option<(Node<'_>, Node<'_>)> {
    match node.kind() {
        // Lua's `local` before an assignment.
        "variable_declaration" if only_child(node)?.kind() == "assignment_statement" => {
            bound(only_child(node)?)
        }
        "lexical_declaration" | "variable_declaration" => {
            let mut declarators =
                named_children(node).filter(|child| child.kind() == "variable_declarator");
            let only = declarators
                .next()
                .filter(|_| declarators.next().is_none())?;
            Some((only, only.child_by_field_name("value")?))
        }
        "assignment_statement" => {
            let (names, values) = (node.named_child(0)?, node.named_child(1)?);
            Some((only_child(names).map(|_| names)?, only_child(values)?))
        }
        _ => {
            let value = node.child_by_field_name("right")?;
            // JavaScript's are statements, with what exports them before the name.
            matches!(
                value.kind(),
                "anonymous_function"
                    | "lambda"
                    | "function_expression"
                    | "generator_function"
                    | "arrow_function"
            )
            .then_some((node.child_by_field_name("left")?, value))
            .filter(|(left, _)| {
                matches!(
                    left.kind(),
                    "variable_name" | "identifier" | "member_expression"
                )
            })
        }
    }
}

/// What a node is called: by its field, by its declarator, or by itself.
fn name(parsed: &Parsed, node: Node<'_>) -> String {
    let named = node
        .child_by_field_name("name")
        .or_else(|| declared(node))
        .or_else(|| node.child_by_field_name("property"))
        .map_or_else(String::new, |name| one_line(parsed.text(name)));
    if named.is_empty() && matches!(node.kind(), "variable_name" | "identifier") {
        return one_line(parsed.text(node));
    }
    named
}

/// The name in C's declarators: `f` in `*f(int a)`.
fn declared(node: Node<'_>) -> Option<Node<'_>> {
    std::iter::successors(inner_declarator(node), |node| inner_declarator(*node)).last()
}

fn inner_declarator(node: Node<'_>) -> Option<Node<'_>> {
    match node.kind() {
        "reference_declarator" | "parenthesized_declarator" | "attributed_declarator" => {
            named_children(node).last()
        }
        _ => node.child_by_field_name("declarator"),
    }
}

fn only_child(node: Node<'_>) -> Option<Node<'_>> {
    node.named_child(0)
        .filter(|_| node.named_child_count() == 1)
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
        use Language::{Bash, C, CSharp, Cpp, Go, Java, JavaScript, Lua, Php, Python, Ruby};
        use Language::{Rust, Tsx, TypeScript};
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
        for code in [
            "exports.a = function b(c) {}",
            "module.exports.a = (c) => c;",
        ] {
            check(JavaScript, code, "function", "a", &["c"], None);
        }
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
        check(
            Java,
            "@X public <T> List<T> f(final int a, T... b) throws E { }",
            "method",
            "f",
            &["a", "...b"],
            Some("List<T>"),
        );
        check(Java, "A(int a) { }", "constructor", "A", &["a"], None);
        check(
            C,
            "static char *f(int a, char *b[], ...) { }",
            "function",
            "f",
            &["a", "b", "..."],
            Some("char*"),
        );
        check(
            C,
            "int (*f(int a))(char) { }",
            "function",
            "f",
            &["a"],
            Some("int*"),
        );
        check(C, "void f(void);", "function", "f", &[], None);
        check(
            Cpp,
            "const T &A<T>::f(const T &a, int b = 1) const { }",
            "method",
            "A<T>::f",
            &["a", "b"],
            Some("T&"),
        );
        check(
            Cpp,
            "template <class T> auto f(T a) -> int { }",
            "function",
            "f",
            &["a"],
            Some("auto"),
        );
        check(
            CSharp,
            "[X] public async Task<int> F(this A a, int b = 1, params string[] c) { }",
            "async method",
            "F",
            &["a", "b", "c"],
            Some("Task<int>"),
        );
        check(
            Ruby,
            "def f(a, b = 1, *c, d:, **e, &g)\nend",
            "method",
            "f",
            &["a", "b", "*c", "d", "**e", "&g"],
            None,
        );
        check(Ruby, "private def self.f!() = 1", "method", "f!", &[], None);
        check(
            Php,
            "#[X] public static function f(?int $a, private B &$b, ...$c): ?C { }",
            "method",
            "f",
            &["$a", "&$b", "...$c"],
            Some("?C"),
        );
        check(
            Php,
            "$f = function ($a) use ($b) { };",
            "function",
            "$f",
            &["$a"],
            None,
        );
        check(Bash, "f() { echo; }", "function", "f", &[], None);
        check(
            Lua,
            "function M:f(a, ...) end",
            "method",
            "M:f",
            &["a", "..."],
            None,
        );
        check(
            Lua,
            "local f = function(a, b) end",
            "function",
            "f",
            &["a", "b"],
            None,
        );
        check(Lua, "M.f = function() end", "function", "M.f", &[], None);
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
        use Language::TypeScript;
        use Language::{C, CSharp, Cpp, Go, Java, JavaScript, Php, Python, Ruby, Rust};
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
        check(
            Java,
            "class C { int a, b; C() {} void f() {} class D {} }",
            "class",
            "C",
            [&["a", "b"], &[], &["C", "f"], &["D"]],
        );
        check(
            Java,
            "enum E { A, B { }; int f() { return 1; } }",
            "enum",
            "E",
            [&[], &["A", "B"], &["f"], &[]],
        );
        check(
            C,
            "struct S { int a, *b; int (*c)(int); };",
            "struct",
            "S",
            [&["a", "b", "c"], &[], &[], &[]],
        );
        check(
            C,
            "enum E { A, B = 2 };",
            "enum",
            "E",
            [&[], &["A", "B"], &[], &[]],
        );
        check(
            Cpp,
            "class C : B { public: C(); int f() const; void g() {} int a; };",
            "class",
            "C",
            [&["a"], &[], &["C", "f", "g"], &[]],
        );
        check(
            Cpp,
            "namespace n { int f() { return 1; } class C {}; }",
            "namespace",
            "n",
            [&[], &[], &[], &["f", "C"]],
        );
        check(
            CSharp,
            "record R(int A) { int b; int P { get; set; } void F() {} }",
            "record",
            "R",
            [&["b", "P"], &[], &["F"], &[]],
        );
        check(
            Ruby,
            "class C < B\n  def f; end\n  def self.g; end\n  private def h; end\n  class D; end\nend",
            "class",
            "C",
            [&[], &[], &["f", "g", "h"], &["D"]],
        );
        check(
            Php,
            "final class C { private int $a = 1, $b; function f() {} }",
            "class",
            "C",
            [&["$a", "$b"], &[], &["f"], &[]],
        );
        check(
            Php,
            "enum E: string { case A = 'a'; case B = 'b'; function f() {} }",
            "enum",
            "E",
            [&[], &["A", "B"], &["f"], &[]],
        );
    }
}
