//! C#.

use tree_sitter::Node;

use super::super::SymbolKind as Kind;
use super::naming::{NO_NAMES, Naming};
use super::{Declaration, PLAIN, Rules, child_of_kind, field, named, tell_field};

pub(super) const RULES: Rules = Rules {
    declared,
    unwrapped,
    is_attribute: |node| node.kind() == "attribute_list",
    is_import: |node, _| {
        matches!(
            node.kind(),
            "using_directive" | "extern_alias_directive" | "file_scoped_namespace_declaration"
        )
    },
    holds_imports: |kind| matches!(kind, "namespace_declaration" | "declaration_list"),
    naming: NAMING,
    constants: |node, _, tell| {
        if matches!(
            node.kind(),
            "variable_declarator"
                | "property_declaration"
                | "event_declaration"
                | "enum_member_declaration"
        ) {
            tell_field(node, "name", tell);
        }
    },
    holds_constants: |kind| {
        matches!(
            kind,
            "namespace_declaration"
                | "class_declaration"
                | "struct_declaration"
                | "record_declaration"
                | "interface_declaration"
                | "enum_declaration"
                | "declaration_list"
                | "enum_member_declaration_list"
                | "field_declaration"
                | "event_field_declaration"
                | "variable_declaration"
        )
    },
    ..PLAIN
};

const NAMING: Naming = Naming {
    leaves: &[("identifier", "*"), ("implicit_parameter", "*")],
    silent: &[
        ("argument", "name"),
        ("labeled_statement", ""),
        ("goto_statement", ""),
    ],
    declared: &[
        ("variable_declarator", "name"),
        ("tuple_pattern", "name"),
        ("parameter", "name"),
        ("parameter_list", "name"),
        ("lambda_expression", "parameters"),
        ("foreach_statement", "left"),
        ("catch_declaration", "name"),
        ("declaration_pattern", "name"),
        ("declaration_expression", "name"),
        ("recursive_pattern", "name"),
        ("from_clause", "name"),
        ("type_parameter", "name"),
        ("enum_member_declaration", "name"),
    ],
    used: &[("element_access_expression", "*")],
    paths: &[("qualified_name", "name"), ("alias_qualified_name", "name")],
    accesses: &[
        ("member_access_expression", "name"),
        ("member_binding_expression", "name"),
    ],
    called: &[
        ("invocation_expression", "function"),
        ("object_creation_expression", "type"),
    ],
    types: &[
        ("*", "returns"),
        ("base_list", ""),
        ("type_argument_list", ""),
        ("attribute", "name"),
    ],
    wrappers: &["generic_name"],
    ..NO_NAMES
};

fn unwrapped(node: Node) -> Option<Node> {
    match node.kind() {
        "field_declaration" | "local_declaration_statement" => {
            child_of_kind(node, "variable_declaration")
        }
        "variable_declaration" => {
            let mut cursor = node.walk();
            let mut declarators = node
                .named_children(&mut cursor)
                .filter(|child| child.kind() == "variable_declarator");
            let only = declarators.next();
            only.filter(|_| declarators.next().is_none())
        }
        _ => None,
    }
}

fn declared(node: Node) -> Option<Declaration> {
    match node.kind() {
        "method_declaration" | "constructor_declaration" => named(Kind::Method, node),
        "local_function_statement" => named(Kind::Function, node),
        "destructor_declaration" => {
            let (start, name) = (child_of_kind(node, "~")?, field(node, "name")?);
            Some(spanning(start, name, field(node, "body")))
        }
        "operator_declaration" => {
            let start = child_of_kind(node, "operator")?;
            let end = field(node, "operator")?;
            Some(spanning(start, end, field(node, "body")))
        }
        "conversion_operator_declaration" => {
            let (start, end) = (child_of_kind(node, "operator")?, field(node, "type")?);
            Some(spanning(start, end, field(node, "body")))
        }
        // Properties with code of their own are methods; others belong to their class.
        "property_declaration" | "event_declaration" => {
            let code = code(node)?;
            Some(Declaration::new(
                Kind::Method,
                field(node, "name")?,
                Some(code),
            ))
        }
        "indexer_declaration" => Some(Declaration::new(
            Kind::Method,
            child_of_kind(node, "this")?,
            code(node),
        )),
        "class_declaration" => named(Kind::Class, node),
        "record_declaration" if child_of_kind(node, "struct").is_some() => {
            named(Kind::Struct, node)
        }
        "record_declaration" => named(Kind::Class, node),
        "struct_declaration" => named(Kind::Struct, node),
        "interface_declaration" => named(Kind::Interface, node),
        "enum_declaration" => named(Kind::Enum, node),
        "delegate_declaration" => named(Kind::TypeAlias, node),
        "namespace_declaration" => named(Kind::Module, node),
        "variable_declarator" => {
            let lambda = child_of_kind(node, "lambda_expression")
                .or_else(|| child_of_kind(node, "anonymous_method_expression"))?;
            let body = field(lambda, "body").or_else(|| child_of_kind(lambda, "block"));
            let body = body.filter(|body| body.kind() == "block")?;
            Some(Declaration::new(
                Kind::Function,
                field(node, "name")?,
                Some(body),
            ))
        }
        _ => None,
    }
}

/// A method whose name is made of several nodes: `~A`, `operator +`, `operator int`.
fn spanning(start: Node<'_>, end: Node<'_>, body: Option<Node<'_>>) -> Declaration {
    Declaration::spanning(Kind::Method, start.start_byte()..end.end_byte(), body)
}

/// The accessors of a property if one of them has a body, or its expression.
fn code(node: Node) -> Option<Node> {
    let arrow = field(node, "value").filter(|value| value.kind() == "arrow_expression_clause");
    let accessors = field(node, "accessors").filter(|accessors| {
        let mut cursor = accessors.walk();
        accessors
            .named_children(&mut cursor)
            .any(|accessor| field(accessor, "body").is_some())
    });
    arrow.or(accessors)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{around, imports, names, symbols, told};
    use crate::syntax::Language;

    const TEXT: &str = "using System;
global using X = Y;
namespace A.B;
/// <summary>Doc</summary>
[Serializable] [X(1)]
public sealed partial class A<T> : B where T : C {
  public A(int a) : base(a) { }
  ~A() { }
  [Obsolete] public async Task<int> M(int a) { int L(int q) { return q; } Func<int, int> f = z => { return z; }; return 1; }
  public int Auto { get; set; } = 1;
  public int P { get { return x; } }
  public int Größe => x;
  public int this[int i] { get { return i; } }
  public static A operator +(A a, A b) => a;
  public static explicit operator int(A a) { return 1; }
  public event EventHandler E1;
  public event EventHandler E2 { add { } remove { } }
  public delegate int D(int a);
}
enum E { P, Q }
struct S { int y; }
record R(int X);
record struct RS(int X) { }
interface I { void N(); }
";

    #[test]
    fn what_declares_something_by_name_is_a_symbol() {
        let expected = "class A </// <summary>Doc</summary> [Serializable] [X(1)]> public sealed partial class A<T> : B where T : C … }
  method A <> public A(int a) : base(a) … }
  method ~A <> ~A() … }
  method M <[Obsolete]> public async Task<int> M(int a) … }
    function L <> int L(int q) … }
    function f <> Func<int, int> f = z => … };
  method P <> public int P … }
  method Größe <> public int Größe … x;
  method this <> public int this[int i] … }
  method operator + <> public static A operator +(A a, A b) … a;
  method operator int <> public static explicit operator int(A a) … }
  method E2 <> public event EventHandler E2 … }
  type D <> public delegate int D(int a);
enum E <> enum E … }
struct S <> struct S … }
class R <> record R(int X);
struct RS <> record struct RS(int X) … }
interface I <> interface I … }
  method N <> void N();
";
        assert_eq!(symbols(Language::CSharp, TEXT), expected);
        let with_returns = TEXT.replace('\n', "\r\n");
        assert_eq!(symbols(Language::CSharp, &with_returns), expected);
    }

    #[test]
    fn imports_are_verbatim() {
        let expected = "using System;
global using X = Y;
namespace A.B;
";
        assert_eq!(imports(Language::CSharp, TEXT), expected);
    }

    #[test]
    fn a_cursor_is_in_the_innermost_symbol() {
        for (marked, expected) in [
            ("class A { void B() { $0 } }", "method B"),
            ("class A { int B { get; $0set; } }", "class A"),
            ("class A { int B { get { $0 } } }", "method B"),
            ("class A { int b = $01; }", "class A"),
            ("namespace A { $0 }", ""),
            ("namespace A { class B { $0 } }", "class B"),
            (
                "class A {\n  // Doc$0.\n  [X]\n  void B() {}\n}",
                "method B",
            ),
            ("class A {\n  [X$0]\n  void B() {}\n}", "method B"),
            ("void A() { $0 }", "function A"),
            ("A.B(() => { $0 });", ""),
            ("#if A\nclass B { $0 }\n#endif", "class B"),
            (
                "\u{feff}class Ä {\r\n  void B() {\r\n    $0\r\n  }\r\n}\r\n",
                "method B",
            ),
        ] {
            assert_eq!(around(Language::CSharp, marked), expected, "{marked:?}");
        }
    }

    #[test]
    fn names_are_those_that_the_range_does_not_declare() {
        let used = names(
            Language::CSharp,
            "class A {\n«  async Task<int> Run<Tee>(Bee bee, params int[] rest) {\n    int local = Limit + this._helper.Count(bee?.Name);\n    foreach (var item in bee.Items) { item.Go(Other.Make<Arg>(local)); }\n    try { Risky(out var o, named: rest); } catch (Oops e) { throw new Wrapped(e); }\n    Func<int> f = y => y + o;\n    if (bee is Wasp wasp) wasp.Sting(f);\n    var (p, q) = Pair();\n    return await base.Run(typeof(Big), p, q);\n  }»\n}\n",
        );
        assert_eq!(
            used,
            "t:Task t:Bee v:Limit f:this._helper c:_helper.Count f:Name f:bee.Items c:item.Go v:Other c:Other.Make t:Arg c:Risky t:Oops c:Wrapped t:Func t:Wasp c:wasp.Sting c:Pair t:Big"
        );
    }

    #[test]
    fn what_is_told_of_a_definition_has_no_body() {
        let found = told(
            Language::CSharp,
            "namespace Geo {\n  /// <summary>A square.</summary>\n  class Square : Base {\n    public const int Most = 3;\n    public int Side { get; set; }\n    /// <summary>Runs.</summary>\n    public int Run(int a) {\n      return a;\n    }\n    public int Twice => 2 * Side;\n  }\n  enum Color { Red, Green }\n}\n",
            &["Geo", "Square", "Most", "Side", "Run", "Twice", "Green"],
        );
        assert_eq!(
            found,
            [
                "(namespace Geo) /// <summary>A square.</summary>\nclass Square : Base {\n    public const int Most = 3;\n    public int Side { get; set; }\n    /// <summary>Runs.</summary>\n    public int Run(int a) …\n    public int Twice …\n  }",
                "(class Square : Base) public const int Most = 3",
                "(class Square : Base) public int Side { get; set; }",
                "(class Square : Base) /// <summary>Runs.</summary>\npublic int Run(int a)",
                "(class Square : Base) public int Twice",
                "(enum Color) enum Color { Red, Green"
            ]
        );
    }
}
