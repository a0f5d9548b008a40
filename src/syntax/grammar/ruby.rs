//! Ruby.

use ropey::Rope;
use tree_sitter::Node;

use super::super::SymbolKind as Kind;
use super::naming::{NO_NAMES, Naming};
use super::{Declaration, PLAIN, Rules, field, is_one_of, named, only_child};

pub(super) const RULES: Rules = Rules {
    declared,
    unwrapped,
    is_import,
    holds_imports: |kind| matches!(kind, "begin" | "rescue" | "then" | "if" | "unless"),
    naming: NAMING,
    constants,
    modules_have_methods: true,
    holds_constants: |kind| {
        matches!(
            kind,
            "module"
                | "class"
                | "singleton_class"
                | "body_statement"
                | "begin"
                | "if"
                | "unless"
                | "then"
                | "else"
        )
    },
    ..PLAIN
};

const NAMING: Naming = Naming {
    leaves: &[("identifier", "*"), ("constant", "*")],
    declared: &[
        ("assignment", "left"),
        ("operator_assignment", "left"),
        ("method_parameters", ""),
        ("lambda_parameters", ""),
        ("block_parameters", ""),
        ("block_parameters", "locals"),
        ("exception_variable", ""),
        ("for", "pattern"),
    ],
    used: &[("element_reference", "*")],
    paths: &[("scope_resolution", "name")],
    accesses: &[("call", "method")],
    called: &[("call", "method")],
    types: &[("superclass", "")],
    ..NO_NAMES
};

/// Constants, and the attributes that `attr_reader` and its like make methods of.
fn constants<'t>(node: Node<'t>, text: &Rope, tell: &mut dyn FnMut(Node<'t>)) {
    const MAKERS: &[&str] = &["attr_reader", "attr_writer", "attr_accessor"];
    match node.kind() {
        "assignment" => {
            if let Some(name) = field(node, "left").filter(|left| left.kind() == "constant") {
                tell(name);
            }
        }
        "call" if field(node, "method").is_some_and(|it| is_one_of(it, text, MAKERS)) => {
            let Some(arguments) = field(node, "arguments") else {
                return;
            };
            let mut cursor = arguments.walk();
            let symbols = arguments.named_children(&mut cursor);
            symbols
                .filter(|symbol| symbol.kind() == "simple_symbol")
                .for_each(tell);
        }
        _ => {}
    }
}

/// The method in `private def a`: a word, and nothing but the method after it.
fn unwrapped(node: Node) -> Option<Node> {
    let is_word = node.kind() == "call" && field(node, "receiver").is_none();
    let argument = only_child(field(node, "arguments").filter(|_| is_word)?)?;
    matches!(argument.kind(), "method" | "singleton_method" | "call").then_some(argument)
}

fn declared(node: Node) -> Option<Declaration> {
    match node.kind() {
        "method" => named(Kind::Function, node),
        "singleton_method" => named(Kind::Method, node),
        "class" => type_declared(Kind::Class, node),
        "module" => type_declared(Kind::Module, node),
        "assignment" => {
            let name = field(node, "left")
                .filter(|left| matches!(left.kind(), "identifier" | "constant"))?;
            let lambda = field(node, "right").filter(|right| right.kind() == "lambda")?;
            Some(Declaration::new(
                Kind::Function,
                name,
                field(lambda, "body"),
            ))
        }
        _ => None,
    }
}

/// A class or a module; of `class A::B` the name is `B`.
fn type_declared(kind: Kind, node: Node) -> Option<Declaration> {
    let name = field(node, "name")?;
    let last = field(name, "name").unwrap_or(name);
    Some(Declaration::new(kind, last, field(node, "body")))
}

fn is_import(node: Node, text: &Rope) -> bool {
    const WORDS: &[&str] = &["require", "require_relative", "load", "autoload"];
    node.kind() == "call"
        && field(node, "receiver").is_none()
        && field(node, "method").is_some_and(|method| is_one_of(method, text, WORDS))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{around, imports, names, symbols, told};
    use crate::syntax::Language;

    const TEXT: &str = r#"#!/usr/bin/env ruby
require 'a'
require_relative "b"
begin
  require 'c'
rescue LoadError
end
# About M.
module M
  # About A.
  class A < B::C
    include D
    # About f.
    def f(a, b = 1)
      def inner; end
    end
    def self.g; end
    class << self
      def h() = 1
    end
    # About i!.
    private def i!
    end
    def ==(o) true end
    def größe=(v); end
    L = ->(x) { x }
  end
end
class ::X::Y; end
def top
end
"#;

    #[test]
    fn what_declares_something_by_name_is_a_symbol() {
        let expected = "module M <# About M.> module M … end
  class A <# About A.> class A < B::C … end
    method f <# About f.> def f(a, b = 1) … end
      function inner <> def inner; end
    method g <> def self.g; end
    method h <> def h() = … 1
    method i! <# About i!.> private def i! end
    method == <> def ==(o) … end
    method größe= <> def größe=(v); end
    method L <> L = ->(x) … }
class Y <> class ::X::Y; end
function top <> def top end
";
        assert_eq!(symbols(Language::Ruby, TEXT), expected);
        let with_returns = TEXT.replace('\n', "\r\n");
        assert_eq!(symbols(Language::Ruby, &with_returns), expected);
    }

    #[test]
    fn imports_are_verbatim() {
        let expected = r#"require 'a'
require_relative "b"
require 'c'
"#;
        assert_eq!(imports(Language::Ruby, TEXT), expected);
    }

    #[test]
    fn a_cursor_is_in_the_innermost_symbol() {
        for (marked, expected) in [
            ("def a\n  $0b\nend\n", "function a"),
            ("class A\n  def b\n    $0\n  end\nend\n", "method b"),
            ("class A\n  B = $01\nend\n", "class A"),
            ("module A\n  B = $01\nend\n", ""),
            ("module A\n  # Doc$0.\n  def self.b; end\nend\n", "method b"),
            ("class A\n  private$0 def b\n  end\nend\n", "method b"),
            ("a.each do |b|\n  $0c\nend\n", ""),
            ("def a\n  b do\n    $0\n  end\nend\n", "function a"),
            ("def a\n  <<~B\n    $0c\n  B\nend\n", "function a"),
            (
                "\u{feff}class A\r\n  def größe?\r\n    $0c\r\n  end\r\nend\r\n",
                "method größe?",
            ),
        ] {
            assert_eq!(around(Language::Ruby, marked), expected, "{marked:?}");
        }
    }

    #[test]
    fn names_are_those_that_the_range_does_not_declare() {
        let used = names(
            Language::Ruby,
            "class A\n«  def run(bee, rest = LIMIT, *args, key: 1, **opts, &blk)\n    local = helper.count(bee) + compute\n    a, b = pair_of(bee, args, key, opts, blk)\n    bee.items.each { |item, (x, y)| item.go(Other.make(local, x, y)) }\n    begin\n      risky!\n    rescue Oops, Net::Error => e\n      raise Wrapped.new(e), \"x #{interp(a, b)}\"\n    end\n    for q in list do q.go end\n    f = ->(z) { z + rest }\n    self.side = f\n  end»\nend\n",
        );
        assert_eq!(
            used,
            "v:LIMIT v:helper c:helper.count v:compute c:pair_of c:bee.items c:each c:item.go v:Other c:Other.make c:risky! v:Oops v:Net v:Net.Error c:raise v:Wrapped c:Wrapped.new c:interp v:list c:self.side"
        );
    }

    #[test]
    fn what_is_told_of_a_definition_has_no_body() {
        let found = told(
            Language::Ruby,
            "# Of geo.\nmodule Geo\n  # Most.\n  MOST = 3\n  class Square < Base\n    attr_accessor :side, :color\n    # Runs.\n    def run(a)\n      b = a\n    end\n    def self.make(x)\n      new(x)\n    end\n  end\nend\nmodule Utils\n  def escape(s)\n    s\n  end\nend\n",
            &[
                "Geo", "MOST", "Square", "color", "run", "make", "Utils", "b",
            ],
        );
        assert_eq!(
            found,
            [
                "(module Geo) # Most.\nMOST = 3",
                "(module Geo) class Square < Base\n    attr_accessor :side, :color\n    # Runs.\n    def run(a) …\n    def self.make(x) …\n  end",
                "(class Square < Base) attr_accessor :side, :color",
                "(class Square < Base) # Runs.\ndef run(a)",
                "(class Square < Base) def self.make(x)",
                "module Utils\n  def escape(s) …\nend"
            ]
        );
    }
}
