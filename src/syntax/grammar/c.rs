//! C and C++.

use std::ops::Range;

use tree_sitter::Node;

use super::super::SymbolKind as Kind;
use super::naming::{NO_NAMES, Naming};
use super::{Declaration, PLAIN, Rules, field, last_named_child, named, tell_field};

pub(super) const RULES: Rules = Rules {
    declared,
    unwrapped,
    is_attribute: |node| node.kind() == "attribute_declaration",
    is_import: |node, _| matches!(node.kind(), "preproc_include" | "using_declaration"),
    holds_imports: |kind| {
        matches!(
            kind,
            "preproc_if" | "preproc_ifdef" | "preproc_else" | "preproc_elif" | "preproc_elifdef"
        )
    },
    naming: NAMING,
    constants: |node, _, tell| variables(node, tell),
    // Inside of a function it is more likely a variable with arguments, as in `A a(b);`, and a
    // friend belongs elsewhere.
    announces_in: |around| !matches!(around, "compound_statement" | "friend_declaration"),
    holds_constants: |kind| {
        kind.starts_with("preproc_")
            || matches!(
                kind,
                "namespace_definition"
                    | "declaration_list"
                    | "linkage_specification"
                    | "declaration"
                    | "type_definition"
                    | "class_specifier"
                    | "struct_specifier"
                    | "union_specifier"
                    | "field_declaration_list"
                    | "enum_specifier"
                    | "enumerator_list"
            )
    },
    ..PLAIN
};

const NAMING: Naming = Naming {
    leaves: &[
        ("identifier", "*"),
        ("type_identifier", "*"),
        ("field_identifier", "*"),
        ("namespace_identifier", "*"),
    ],
    declared: &[
        ("*", "declarator"),
        ("enumerator", "name"),
        ("preproc_params", ""),
        ("alias_declaration", "name"),
        ("type_parameter_declaration", ""),
        ("lambda_capture_initializer", "left"),
    ],
    // The types of parameters stand in a declarator as well, and the sizes of arrays.
    used: &[
        ("function_declarator", "*"),
        ("parameter_declaration", "*"),
        ("array_declarator", "size"),
    ],
    paths: &[("qualified_identifier", "name")],
    accesses: &[("field_expression", "field")],
    called: &[("call_expression", "function"), ("new_expression", "type")],
    types: &[("qualified_identifier", "scope")],
    wrappers: &["template_function", "template_method", "template_type"],
    ..NO_NAMES
};

/// The variables and constants that a node declares; the fields of a type only where they have a
/// value, for the type tells the others.
fn variables<'t>(node: Node<'t>, tell: &mut dyn FnMut(Node<'t>)) {
    match node.kind() {
        "enumerator" => return tell_field(node, "name", tell),
        "declaration" => {}
        "field_declaration" if field(node, "default_value").is_some() => {}
        _ => return,
    }
    for declared in node.children_by_field_name("declarator", &mut node.walk()) {
        let Some(found) = declarator(declared).filter(|found| !found.is_function) else {
            continue;
        };
        if let Some(name) = node.descendant_for_byte_range(found.name.start, found.name.end) {
            tell(name);
        }
    }
}

fn unwrapped(node: Node) -> Option<Node> {
    match node.kind() {
        "template_declaration" => last_named_child(node),
        // `extern "C"` before one declaration.
        "linkage_specification" => {
            field(node, "body").filter(|body| body.kind() != "declaration_list")
        }
        _ => None,
    }
}

fn declared(node: Node) -> Option<Declaration> {
    match node.kind() {
        "function_definition" => {
            let declared = declarator(field(node, "declarator")?)?;
            Some(declared.function(field(node, "body").or_else(|| field(node, "value"))))
        }
        "declaration" => prototype(node).or_else(|| lambda(node)),
        "field_declaration" => prototype(node),
        "struct_specifier" | "union_specifier" => type_declared(Kind::Struct, node),
        "class_specifier" => type_declared(Kind::Class, node),
        "enum_specifier" => type_declared(Kind::Enum, node),
        "type_definition" => typedef(node),
        "alias_declaration" => named(Kind::TypeAlias, node),
        "concept_definition" => named(Kind::Trait, node),
        "namespace_definition" => named(Kind::Module, node),
        "preproc_function_def" => Some(Declaration::new(
            Kind::Macro,
            field(node, "name")?,
            field(node, "value"),
        )),
        // One without a value is an include guard, or a switch.
        "preproc_def" => field(node, "value").and_then(|_| named(Kind::Macro, node)),
        _ => None,
    }
}

/// What a declarator comes down to once pointers, references and parameters are taken off.
struct Declarator {
    name: Range<usize>,
    /// Whether it is a function, and not a pointer to one.
    is_function: bool,
    /// Whether something stands before the name: `A::b`.
    is_qualified: bool,
}

impl Declarator {
    fn function(self, body: Option<Node<'_>>) -> Declaration {
        let kind = if self.is_qualified {
            Kind::Method
        } else {
            Kind::Function
        };
        Declaration::spanning(kind, self.name, body)
    }
}

/// The name in a declarator, however deep: `f` in `int (*f(int a))(char)`.
fn declarator(node: Node) -> Option<Declarator> {
    let mut node = node;
    let (mut is_function, mut is_qualified) = (false, false);
    let name = loop {
        let inner = match node.kind() {
            "identifier" | "field_identifier" | "type_identifier" | "destructor_name"
            | "operator_name" => break node.byte_range(),
            "operator_cast" => {
                is_function = true;
                break node.start_byte()..field(node, "type")?.end_byte();
            }
            "qualified_identifier" => {
                is_qualified = true;
                field(node, "name")
            }
            "template_function" | "template_method" | "template_type" => field(node, "name"),
            "function_declarator" => {
                is_function = true;
                field(node, "declarator")
            }
            // They change nothing of what is inside.
            "parenthesized_declarator" | "attributed_declarator" => declarator_in(node),
            _ => {
                is_function = false;
                field(node, "declarator").or_else(|| declarator_in(node))
            }
        };
        node = inner?;
    };
    Some(Declarator {
        name,
        is_function,
        is_qualified,
    })
}

/// The declarator inside a node that has no field for it.
fn declarator_in(node: Node) -> Option<Node> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).find(|child| {
        let kind = child.kind();
        kind.ends_with("declarator") || kind.ends_with("identifier") || kind.ends_with("_name")
    })
}

/// A function that is only announced.
fn prototype(node: Node) -> Option<Declaration> {
    let declared = declarator(field(node, "declarator")?)?;
    declared.is_function.then(|| declared.function(None))
}

/// `auto f = [](int a) { … };`
fn lambda(node: Node) -> Option<Declaration> {
    let bound = field(node, "declarator").filter(|bound| bound.kind() == "init_declarator")?;
    let value = field(bound, "value").filter(|value| value.kind() == "lambda_expression")?;
    let name = field(bound, "declarator").filter(super::is_identifier)?;
    Some(Declaration::new(Kind::Function, name, field(value, "body")))
}

/// A type with a body; without one it is only spoken of.
fn type_declared(kind: Kind, node: Node) -> Option<Declaration> {
    let body = field(node, "body")?;
    let name = declarator(field(node, "name")?)?.name;
    Some(Declaration {
        takes_semicolon: true,
        ..Declaration::spanning(kind, name, Some(body))
    })
}

/// `typedef struct a { … } b;` is one item with two names.
fn typedef(node: Node) -> Option<Declaration> {
    let name = declarator(field(node, "declarator")?)?.name;
    let aliased = field(node, "type")?;
    let kind = match aliased.kind() {
        "struct_specifier" | "union_specifier" => Kind::Struct,
        "class_specifier" => Kind::Class,
        "enum_specifier" => Kind::Enum,
        _ => Kind::TypeAlias,
    };
    let body = field(aliased, "body");
    let tag = field(aliased, "name").filter(|_| body.is_some());
    Some(Declaration {
        own_name: tag.map(|tag| tag.start_byte()),
        ..Declaration::spanning(
            if body.is_some() {
                kind
            } else {
                Kind::TypeAlias
            },
            name,
            body,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{around, imports, names, symbols, told};
    use crate::syntax::Language;

    const TEXT: &str = r#"#include <stdio.h>
#ifndef A_H
#define A_H
#include "b.h"
#define MAX(a, b) \
  ((a) > (b))
#define X 1
/* About A. */
struct A { int x; struct B { int y; } b; };
typedef struct N { int z; } M;
typedef enum { P, Q } *R;
typedef int (*cb)(int);
union U { int a; };
enum E { V };
/* About f. */
static int *f(int a, char *b[]) { return 0; }
int (*g(int a))(char) { return 0; }
int proto(void);
int (*pointer)(int);
extern int v;
__attribute__((noinline)) void größe(void) { struct L { int q; }; }
#endif
"#;

    #[test]
    fn what_declares_something_by_name_is_a_symbol() {
        let expected = r"macro MAX <> #define MAX(a, b) \ … (b))
macro X <> #define X 1
struct A </* About A. */> struct A … };
  struct B <> struct B … }
struct M <> typedef struct N … M;
enum R <> typedef enum … *R;
type cb <> typedef int (*cb)(int);
struct U <> union U … };
enum E <> enum E … };
function f </* About f. */> static int *f(int a, char *b[]) … }
function g <> int (*g(int a))(char) … }
function proto <> int proto(void);
function größe <> __attribute__((noinline)) void größe(void) … }
  struct L <> struct L … };
";
        assert_eq!(symbols(Language::C, TEXT), expected);
        let with_returns = TEXT.replace('\n', "\r\n");
        assert_eq!(symbols(Language::C, &with_returns), expected);
    }

    #[test]
    fn imports_are_verbatim() {
        let expected = r#"#include <stdio.h>
#include "b.h"
"#;
        assert_eq!(imports(Language::C, TEXT), expected);
    }

    #[test]
    fn a_cursor_is_in_the_innermost_symbol() {
        for (marked, expected) in [
            ("int a(void) {\n  return $01;\n}", "function a"),
            ("struct A *b(struct C c) { $0 }", "function b"),
            ("struct A {\n  int b$0;\n};", "struct A"),
            ("int a(int);$0", "function a"),
            ("/* Doc$0. */\nint a(void) {}", "function a"),
            ("#define A(b) \\\n  b$0\n", "macro A"),
            ("#if A\nint b(void) { $0 }\n#endif", "function b"),
            ("int a = $01;", ""),
            ("struct a b = { $01 };", ""),
            ("void a(void) {\n  int b(1$0);\n}", "function a"),
            ("\u{feff}int a(void) {\r\n  $0\r\n}\r\n", "function a"),
            ("int a(void) {\n  if (b$0 {\n}\n", ""),
        ] {
            assert_eq!(around(Language::C, marked), expected, "{marked:?}");
        }
    }

    #[test]
    fn names_are_those_that_the_range_does_not_declare() {
        let used = names(
            Language::C,
            "«int run(struct bee *bee, node_t *list, int (*cb)(int), char buf[SIZE]) {\n  int local = LIMIT + helper(bee->count), *p = &counter;\n  for (size_t i = 0; i < len; i++) { list->value = table[i]; }\n  node_t other = { .next = NULL };\n  if (bee->kind == RED) goto done;\n  cb(sizeof(struct big), (void *)p, other);\ndone:\n  return MAX(1, local);\n}»\n",
        );
        assert_eq!(
            used,
            "t:node_t v:SIZE v:LIMIT c:helper f:bee.count v:counter v:len f:list.value v:table f:next f:bee.kind v:RED t:big c:MAX"
        );
    }

    #[test]
    fn what_is_told_of_a_definition_has_no_body() {
        let found = told(
            Language::C,
            "#ifndef A_H\n#define A_H\n#define LIMIT 3\n#define MAX(a, b) ((a) > (b))\n/* A node. */\ntypedef struct node { int value; } node_t;\ntypedef int (*cb)(int);\nenum color {\n  RED, /* the first */\n  GREEN = 2,\n};\nextern int counter;\nstatic const char *names[] = { \"a\" };\n/* Helps. */\nint helper(int a);\nstatic int own(void) {\n  int local = 1;\n  return local;\n}\n#endif\n",
            &[
                "A_H", "LIMIT", "MAX", "node_t", "cb", "GREEN", "counter", "names", "helper",
                "own", "local",
            ],
        );
        assert_eq!(
            found,
            [
                "#define LIMIT 3",
                "#define MAX(a, b)",
                "/* A node. */\ntypedef struct node { int value; } node_t;",
                "typedef int (*cb)(int);",
                "(enum color) GREEN = 2",
                "extern int counter;",
                "static const char *names[] = { \"a\" };",
                "/* Helps. */\nint helper(int a);",
                "static int own(void)"
            ]
        );
    }
}

#[cfg(test)]
mod cpp_tests {
    use super::super::testing::{around, imports, names, symbols, told};
    use crate::syntax::Language;

    const TEXT: &str = r#"#include <a>
using namespace std;
using T = int;
template <typename T> using V = std::vector<T>;
namespace a::b {
/// About f.
template <typename T>
int f() { return 1; }
}
class A : public B {
public:
  A(int x) : y(x) {}
  ~A();
  virtual int m() const = 0;
  // About ==.
  [[nodiscard]] bool operator==(const A& o) const { return true; }
  operator bool() const { return true; }
  friend void other();
  template <class T> void t(T x) {}
  enum class E { P };
  int field;
};
A::~A() {}
template <typename T> T* ns::A<T>::q(T x) requires C<T> { return 0; }
A& A::operator=(const A& o) { return *this; }
A::operator int() const { auto l = [](int a) { return a; }; return l(1); }
template <typename T> concept C1 = true;
template <> struct S<int> { int x; };
extern "C" int cc(void);
extern "C" { void dd(void); }
int&& größe() { return 1; }
"#;

    #[test]
    fn what_declares_something_by_name_is_a_symbol() {
        let expected = r#"type T <> using T = int;
type V <> template <typename T> using V = std::vector<T>;
module a::b <> namespace a::b … }
  function f </// About f.> template <typename T> int f() … }
class A <> class A : public B … };
  method A <> A(int x) : y(x) … {}
  method ~A <> ~A();
  method m <> virtual int m() const = 0;
  method operator== <// About ==. [[nodiscard]]> bool operator==(const A& o) const … }
  method operator bool <> operator bool() const … }
  method t <> template <class T> void t(T x) … {}
  enum E <> enum class E … };
method ~A <> A::~A() … {}
method q <> template <typename T> T* ns::A<T>::q(T x) requires C<T> … }
method operator= <> A& A::operator=(const A& o) … }
method operator int <> A::operator int() const … }
  function l <> auto l = [](int a) … };
trait C1 <> template <typename T> concept C1 = true;
struct S <> template <> struct S<int> … };
function cc <> extern "C" int cc(void);
function dd <> void dd(void);
function größe <> int&& größe() … }
"#;
        assert_eq!(symbols(Language::Cpp, TEXT), expected);
        let with_returns = TEXT.replace('\n', "\r\n");
        assert_eq!(symbols(Language::Cpp, &with_returns), expected);
    }

    #[test]
    fn imports_are_verbatim() {
        let expected = "#include <a>
using namespace std;
";
        assert_eq!(imports(Language::Cpp, TEXT), expected);
    }

    #[test]
    fn a_cursor_is_in_the_innermost_symbol() {
        for (marked, expected) in [
            ("int A::b() {\n  return $01;\n}", "method b"),
            ("template <class T$0>\nclass A {};", "class A"),
            ("class A {\n  int b$0;\n};", "class A"),
            ("class A {\n  void b() { $0 }\n};", "method b"),
            ("namespace a {\n$0\n}", ""),
            ("namespace a {\nint b() { $0 }\n}", "function b"),
            ("void a() {\n  auto b = [] { $0 };\n}", "function b"),
            ("void a() {\n  c([] { $0 });\n}", "function a"),
            ("void a() {\n  B b(c$0);\n}", "function a"),
            ("[[nodisc$0ard]]\nint a() { return 1; }", "function a"),
            ("\u{feff}struct Ä {\r\n  ~Ä() { $0 }\r\n};\r\n", "method ~Ä"),
        ] {
            assert_eq!(around(Language::Cpp, marked), expected, "{marked:?}");
        }
    }

    #[test]
    fn names_are_those_that_the_range_does_not_declare() {
        let used = names(
            Language::Cpp,
            "«int Square::area(const Bee& bee, std::vector<Item> items) const {\n  int local = LIMIT + helper_.count(bee);\n  auto [first, second] = pair_of(bee);\n  for (const auto& item : items) { item.go(Other::make<Tee>(local)); }\n  auto f = [this, cap = init()](int arg) { return arg + free_one(cap); };\n  try { this->reset(); } catch (const Oops& e) { log(e.what()); }\n  using Alias = ns::Inner;\n  Node* n = new Node(Color::Red);\n  return static_cast<int>(f(first, second, n));\n}»\n",
        );
        assert_eq!(
            used,
            "t:Square t:Bee t:std t:std.vector t:Item v:LIMIT v:helper_ c:helper_.count c:pair_of c:item.go t:Other c:Other.make t:Tee c:init c:free_one c:this.reset t:Oops c:log c:e.what t:ns t:ns.Inner c:Node t:Color v:Color.Red c:static_cast"
        );
    }

    #[test]
    fn what_is_told_of_a_definition_has_no_body() {
        let found = told(
            Language::Cpp,
            "namespace geo {\nconstexpr int kMost = 3;\n/// A square.\nclass Square : public Shape {\n public:\n  static constexpr int kSides = 4;\n  /// The area.\n  int area(int a) const { return side; }\n private:\n  int side;\n};\nint Square::around() const {\n  return 1;\n}\ntemplate <typename T> using Many = std::vector<T>;\n}\n",
            &[
                "geo", "kMost", "Square", "kSides", "area", "side", "around", "Many",
            ],
        );
        assert_eq!(
            found,
            [
                "(namespace geo) constexpr int kMost = 3;",
                "(namespace geo) /// A square.\nclass Square : public Shape {\n public:\n  static constexpr int kSides = 4;\n  /// The area.\n  int area(int a) const …\n private:\n  int side;\n};",
                "(class Square : public Shape) static constexpr int kSides = 4;",
                "(class Square : public Shape) /// The area.\nint area(int a) const",
                "(namespace geo) int Square::around() const",
                "(namespace geo) template <typename T> using Many = std::vector<T>;"
            ]
        );
    }
}
