//! Java.

use tree_sitter::Node;

use super::super::SymbolKind as Kind;
use super::naming::{NO_NAMES, Naming};
use super::{Declaration, PLAIN, Rules, field, named, tell_field};

pub(super) const RULES: Rules = Rules {
    declared,
    unwrapped,
    is_attribute: |node| matches!(node.kind(), "marker_annotation" | "annotation"),
    is_import: |node, _| matches!(node.kind(), "package_declaration" | "import_declaration"),
    naming: NAMING,
    constants: |node, _, tell| {
        if matches!(node.kind(), "variable_declarator" | "enum_constant") {
            tell_field(node, "name", tell);
        }
    },
    holds_constants: |kind| {
        matches!(
            kind,
            "class_declaration"
                | "interface_declaration"
                | "record_declaration"
                | "enum_declaration"
                | "class_body"
                | "interface_body"
                | "enum_body"
                | "enum_body_declarations"
                | "field_declaration"
                | "constant_declaration"
        )
    },
    ..PLAIN
};

const NAMING: Naming = Naming {
    leaves: &[("identifier", "*"), ("type_identifier", "*")],
    silent: &[
        ("labeled_statement", ""),
        ("break_statement", ""),
        ("continue_statement", ""),
        ("element_value_pair", "key"),
    ],
    declared: &[
        ("variable_declarator", "name"),
        ("formal_parameter", "name"),
        ("catch_formal_parameter", "name"),
        ("enhanced_for_statement", "name"),
        ("resource", "name"),
        ("enum_constant", "name"),
        ("inferred_parameters", ""),
        ("lambda_expression", "parameters"),
        ("instanceof_expression", "name"),
        ("type_parameter", ""),
    ],
    patterns: &[("type_pattern", ""), ("record_pattern_component", "")],
    used: &[("type_bound", "*"), ("array_access", "*")],
    accesses: &[("field_access", "field"), ("method_invocation", "name")],
    called: &[
        ("method_invocation", "name"),
        ("object_creation_expression", "type"),
    ],
    types: &[("marker_annotation", "name"), ("annotation", "name")],
    ..NO_NAMES
};

fn unwrapped(node: Node) -> Option<Node> {
    if !matches!(
        node.kind(),
        "field_declaration" | "local_variable_declaration"
    ) {
        return None;
    }
    let mut cursor = node.walk();
    let mut declarators = node.children_by_field_name("declarator", &mut cursor);
    let only = declarators.next();
    only.filter(|_| declarators.next().is_none())
}

fn declared(node: Node) -> Option<Declaration> {
    match node.kind() {
        "method_declaration"
        | "constructor_declaration"
        | "compact_constructor_declaration"
        | "annotation_type_element_declaration" => named(Kind::Method, node),
        "class_declaration" | "record_declaration" => named(Kind::Class, node),
        "interface_declaration" | "annotation_type_declaration" => named(Kind::Interface, node),
        "enum_declaration" => named(Kind::Enum, node),
        "variable_declarator" => {
            let lambda = field(node, "value").filter(|value| value.kind() == "lambda_expression");
            let body = field(lambda?, "body").filter(|body| body.kind() == "block")?;
            Some(Declaration::new(
                Kind::Function,
                field(node, "name")?,
                Some(body),
            ))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{around, imports, names, symbols, told};
    use crate::syntax::Language;

    const TEXT: &str = "package a.b;

import java.util.List;

/** Doc. */
@X @Y(1) public final class A<T> extends B {
    // About r.
    private final Runnable r = () -> { x(); };
    private Runnable s = () -> x();

    @Deprecated
    A(int x) { super(); }

    public @Ann int größe(int a, String... b) throws E { return 1; }

    enum E { P { void q() {} }, Q; int z() { return 1; } }
    record R(int x) { R { x(); } }
    @interface N { int value() default 1; }
}
interface I { void m(); }
";

    #[test]
    fn what_declares_something_by_name_is_a_symbol() {
        let expected = "class A </** Doc. */ @X @Y(1)> public final class A<T> extends B … }
  method r <// About r.> private final Runnable r = () -> … };
  method A <@Deprecated> A(int x) … }
  method größe <> public @Ann int größe(int a, String... b) throws E … }
  enum E <> enum E … }
    method q <> void q() … {}
    method z <> int z() … }
  class R <> record R(int x) … }
    method R <> R … }
  interface N <> @interface N … }
    method value <> int value() default 1;
interface I <> interface I … }
  method m <> void m();
";
        assert_eq!(symbols(Language::Java, TEXT), expected);
        let with_returns = TEXT.replace('\n', "\r\n");
        assert_eq!(symbols(Language::Java, &with_returns), expected);
    }

    #[test]
    fn imports_are_verbatim() {
        let expected = "package a.b;
import java.util.List;
";
        assert_eq!(imports(Language::Java, TEXT), expected);
    }

    #[test]
    fn a_cursor_is_in_the_innermost_symbol() {
        for (marked, expected) in [
            ("class A { void b() { $0 } }", "method b"),
            ("class A { int b = $01; }", "class A"),
            (
                "class A {\n  @Override // why$0\n  public void b() {}\n}",
                "method b",
            ),
            (
                "class A {\n  /** Doc$0. */\n  int b() { return 1; }\n}",
                "method b",
            ),
            (
                "class A {\n  void b() {\n    new C() { void d() { $0 } };\n  }\n}",
                "method d",
            ),
            (
                "class A {\n  void b() {\n    c(() -> { $0 });\n  }\n}",
                "method b",
            ),
            (
                "class A {\n  void b() {\n    Runnable c = () -> { $0 };\n  }\n}",
                "function c",
            ),
            ("enum A { B, C$0 }", "enum A"),
            ("record A(int b$0) {}", "class A"),
            ("\u{feff}class Ä {\r\n  void b( { $0 }\r\n}\r\n", "method b"),
            ("package $0a;", ""),
        ] {
            assert_eq!(around(Language::Java, marked), expected, "{marked:?}");
        }
    }

    #[test]
    fn names_are_those_that_the_range_does_not_declare() {
        let used = names(
            Language::Java,
            "class A {\n«  <U extends Num> List<U> run(final Bee bee, int... rest) throws Boom {\n    int local = LIMIT + this.helper.count(bee);\n    for (Item item : bee.items) { item.go(Other.make(local)); }\n    try (Res res = new Res()) { res.use(); } catch (Oops e) { throw new Wrapped(e); }\n    Fn f = (x, y) -> x + y;\n    outer: while (bee instanceof Wasp wasp) { wasp.sting(free()); break outer; }\n    return super.run(rest);\n  }»\n}\n",
        );
        assert_eq!(
            used,
            "t:Num t:List t:Bee t:Boom v:LIMIT f:this.helper c:helper.count t:Item f:bee.items c:item.go v:Other c:Other.make c:Res c:res.use t:Oops c:Wrapped t:Fn t:Wasp c:wasp.sting c:free"
        );
    }

    #[test]
    fn what_is_told_of_a_definition_has_no_body() {
        let found = told(
            Language::Java,
            "/** A. */\nclass A extends B {\n  /** Most. */\n  static final int MOST = 3;\n  private Helper helper;\n  enum E { P, Q }\n\n  /** Runs. */\n  int run(int a) {\n    return a;\n  }\n}\ninterface I { int MOST_OF_I = 1; void m(); }\n",
            &["A", "MOST", "helper", "Q", "run", "I", "MOST_OF_I", "m"],
        );
        assert_eq!(
            found,
            [
                "/** A. */\nclass A extends B {\n  /** Most. */\n  static final int MOST = 3;\n  private Helper helper;\n  enum E { P, Q }\n  /** Runs. */\n  int run(int a) …\n}",
                "(class A extends B) /** Most. */\nstatic final int MOST = 3",
                "(class A extends B) private Helper helper",
                "(enum E) enum E { P, Q",
                "(class A extends B) /** Runs. */\nint run(int a)",
                "interface I { int MOST_OF_I = 1; void m(); }",
                "(interface I) interface I { int MOST_OF_I = 1",
                "(interface I) void m();"
            ]
        );
    }
}
