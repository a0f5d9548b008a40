//! PHP.

use ropey::Rope;
use tree_sitter::Node;

use super::super::SymbolKind as Kind;
use super::naming::{NO_NAMES, Naming};
use super::{Declaration, PLAIN, Rules, field, is_one_of, named, only_child, tell_field};

pub(super) const RULES: Rules = Rules {
    declared,
    unwrapped,
    is_attribute: |node| node.kind() == "attribute_list",
    is_import: |node, _| match node.kind() {
        "namespace_use_declaration" => true,
        "namespace_definition" => field(node, "body").is_none(),
        "expression_statement" => only_child(node).is_some_and(|child| {
            matches!(
                child.kind(),
                "require_expression"
                    | "require_once_expression"
                    | "include_expression"
                    | "include_once_expression"
            )
        }),
        _ => false,
    },
    holds_imports: |kind| matches!(kind, "namespace_definition" | "compound_statement"),
    naming: NAMING,
    constants,
    holds_constants: |kind| {
        matches!(
            kind,
            "namespace_definition"
                | "compound_statement"
                | "if_statement"
                | "class_declaration"
                | "interface_declaration"
                | "trait_declaration"
                | "enum_declaration"
                | "declaration_list"
                | "enum_declaration_list"
                | "const_declaration"
                | "property_declaration"
                | "expression_statement"
        )
    },
    ..PLAIN
};

/// Variables are local, so their names are none.
const NAMING: Naming = Naming {
    leaves: &[("name", "*")],
    silent: &[("variable_name", "")],
    declared: &[("enum_case", "name")],
    paths: &[
        ("qualified_name", ""),
        ("class_constant_access_expression", ""),
    ],
    accesses: &[
        ("member_access_expression", "name"),
        ("nullsafe_member_access_expression", "name"),
        ("member_call_expression", "name"),
        ("nullsafe_member_call_expression", "name"),
        ("scoped_call_expression", "name"),
    ],
    called: &[
        ("function_call_expression", "function"),
        ("member_call_expression", "name"),
        ("nullsafe_member_call_expression", "name"),
        ("scoped_call_expression", "name"),
        ("object_creation_expression", ""),
    ],
    types: &[
        ("named_type", ""),
        ("base_clause", ""),
        ("class_interface_clause", ""),
        ("use_declaration", ""),
        ("attribute", ""),
        ("*", "scope"),
    ],
    ..NO_NAMES
};

/// Constants, also those that `define` makes, and properties by the name without `$`.
fn constants<'t>(node: Node<'t>, text: &Rope, tell: &mut dyn FnMut(Node<'t>)) {
    match node.kind() {
        "const_element" => node.named_child(0).into_iter().for_each(tell),
        "enum_case" => tell_field(node, "name", tell),
        "property_element" => {
            let name = field(node, "name").and_then(|variable| variable.named_child(0));
            name.into_iter().for_each(tell);
        }
        "function_call_expression" => {
            let defines = |called| is_one_of(called, text, &["define"]);
            let name = field(node, "function").filter(|called| defines(*called));
            let name = name.and_then(|_| field(node, "arguments")?.named_child(0)?.named_child(0));
            let name = name.and_then(|string| string.named_child(0));
            name.into_iter().for_each(tell);
        }
        _ => {}
    }
}

fn unwrapped(node: Node) -> Option<Node> {
    let is_statement = node.kind() == "expression_statement";
    only_child(node).filter(|child| is_statement && child.kind() == "assignment_expression")
}

fn declared(node: Node) -> Option<Declaration> {
    match node.kind() {
        "function_definition" => named(Kind::Function, node),
        "method_declaration" => named(Kind::Method, node),
        "class_declaration" => named(Kind::Class, node),
        "interface_declaration" => named(Kind::Interface, node),
        "trait_declaration" => named(Kind::Trait, node),
        "enum_declaration" => named(Kind::Enum, node),
        "namespace_definition" => named(Kind::Module, node).filter(|it| it.body.is_some()),
        "assignment_expression" => {
            let name = field(node, "left").filter(|left| left.kind() == "variable_name")?;
            let value = field(node, "right")
                .filter(|right| matches!(right.kind(), "anonymous_function" | "arrow_function"))?;
            Some(Declaration::new(Kind::Function, name, field(value, "body")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{around, imports, names, symbols, told};
    use crate::syntax::Language;

    const TEXT: &str = r"<p>text</p>
<?php
namespace A\B;
use C\D;
use function E\f;
require_once 'x.php';
/** About f. */
#[Attr(1)]
function f(int $a): int { return 2; }
#[X] #[Y]
final class A extends B implements C {
  use T;
  /** About m. */
  #[Z] public static function größe(private int $p): static {}
  abstract function n();
  private $x = 1;
}
interface I { function a(); }
trait T { function t() {} }
enum E: string { case A = 'a'; function z() {} }
$g = function ($x) use ($y) { return $x; };
$h = fn($x) => $x;
namespace Q { function q() {} }
";

    #[test]
    fn what_declares_something_by_name_is_a_symbol() {
        let expected = "function f </** About f. */ #[Attr(1)]> function f(int $a): int … }
class A <#[X] #[Y]> final class A extends B implements C … }
  method größe </** About m. */ #[Z]> public static function größe(private int $p): static … {}
  method n <> abstract function n();
interface I <> interface I … }
  method a <> function a();
trait T <> trait T … }
  method t <> function t() … {}
enum E <> enum E: string … }
  method z <> function z() … {}
function $g <> $g = function ($x) use ($y) … };
function $h <> $h = fn($x) => … $x;
module Q <> namespace Q … }
  function q <> function q() … {}
";
        assert_eq!(symbols(Language::Php, TEXT), expected);
        let with_returns = TEXT.replace('\n', "\r\n");
        assert_eq!(symbols(Language::Php, &with_returns), expected);
    }

    #[test]
    fn imports_are_verbatim() {
        let expected = r"namespace A\B;
use C\D;
use function E\f;
require_once 'x.php';
";
        assert_eq!(imports(Language::Php, TEXT), expected);
    }

    #[test]
    fn a_cursor_is_in_the_innermost_symbol() {
        for (marked, expected) in [
            ("<?php function a() { $0 }", "function a"),
            ("<p>$0</p><?php function a() {}", ""),
            ("<?php function a() { ?>\n<p>$0</p>\n<?php }", "function a"),
            ("function a() { $0 }", "function a"),
            ("<?php class A { public $b = $01; }", "class A"),
            (
                "<?php class A {\n  /** Doc$0. */\n  #[B]\n  function c() {}\n}",
                "method c",
            ),
            (
                "<?php class A {\n  #[B$0]\n  public function c() {}\n}",
                "method c",
            ),
            (
                "<?php class A { function b() { return new class { function c() { $0 } }; } }",
                "method c",
            ),
            ("<?php namespace A; $0", ""),
            ("<?php a(function () { $0 });", ""),
            (
                "\u{feff}<?php\r\nclass Ä {\r\n  function b() {\r\n    $0\r\n  }\r\n}\r\n",
                "method b",
            ),
        ] {
            assert_eq!(around(Language::Php, marked), expected, "{marked:?}");
        }
    }

    #[test]
    fn names_are_those_that_the_range_does_not_declare() {
        let used = names(
            Language::Php,
            "<?php class A {\n«  function run(Bee $bee, int ...$rest): Out {\n    $local = self::LIMIT + $this->helper->count($bee) + MOST;\n    foreach ($bee->items as $key => $item) { $item->go(Other::make($local)); }\n    try { risky($this->prop); } catch (Oops | Boom $e) { throw new Wrapped($e); }\n    $f = fn(Tee $y) => $y + Color::Red->value;\n    if ($bee instanceof Wasp) { return parent::run(\\Full\\Name::go()); }\n  }»\n}\n",
        );
        assert_eq!(
            used,
            "t:Bee t:Out v:self.LIMIT f:$this.helper c:helper.count v:MOST f:$bee.items c:$item.go t:Other c:Other.make c:risky f:$this.prop t:Oops t:Boom c:Wrapped t:Tee v:Color v:Color.Red f:value v:Wasp v:Full t:Full.Name"
        );
    }

    #[test]
    fn what_is_told_of_a_definition_has_no_body() {
        let found = told(
            Language::Php,
            "<?php\nconst MOST = 3;\ndefine('LEAST', 1);\n/** A square. */\nclass Square extends Base {\n    /** Limit. */\n    const LIMIT = 3;\n    private ?Helper $helper = null;\n    /** Runs. */\n    public function run(Bee $bee): Out {\n        $local = 1;\n    }\n}\nenum Color: string {\n    case Red = 'r';\n}\n",
            &[
                "MOST", "LEAST", "Square", "LIMIT", "helper", "run", "Red", "local",
            ],
        );
        assert_eq!(
            found,
            [
                "const MOST = 3",
                "define('LEAST', 1)",
                "/** A square. */\nclass Square extends Base {\n    /** Limit. */\n    const LIMIT = 3;\n    private ?Helper $helper = null;\n    /** Runs. */\n    public function run(Bee $bee): Out …\n}",
                "(class Square extends Base) /** Limit. */\nconst LIMIT = 3",
                "(class Square extends Base) private ?Helper $helper = null",
                "(class Square extends Base) /** Runs. */\npublic function run(Bee $bee): Out",
                "(enum Color: string) case Red = 'r';"
            ]
        );
    }
}
