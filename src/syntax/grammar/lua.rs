//! Lua.

use ropey::Rope;
use tree_sitter::Node;

use super::super::SymbolKind as Kind;
use super::naming::{NO_NAMES, Naming};
use super::{Declaration, PLAIN, Rules, child_of_kind, field, is_one_of, only_child};

pub(super) const RULES: Rules = Rules {
    declared,
    unwrapped: |node| {
        let wraps = node.kind() == "variable_declaration";
        only_child(node).filter(|child| wraps && child.kind() == "assignment_statement")
    },
    is_import,
    naming: NAMING,
    constants: |node, _, tell| variables(node, tell),
    holds_constants: |kind| {
        matches!(
            kind,
            "variable_declaration" | "if_statement" | "do_statement" | "block"
        )
    },
    ..PLAIN
};

const NAMING: Naming = Naming {
    leaves: &[("identifier", "*")],
    silent: &[("goto_statement", ""), ("label_statement", "")],
    declared: &[
        ("variable_declaration", ""),
        ("for_generic_clause", ""),
        ("for_numeric_clause", "name"),
        ("parameters", "name"),
    ],
    used: &[
        ("expression_list", "*"),
        ("for_numeric_clause", "*"),
        ("bracket_index_expression", "*"),
    ],
    accesses: &[
        ("dot_index_expression", "field"),
        ("method_index_expression", "method"),
    ],
    called: &[("function_call", "name")],
    ..NO_NAMES
};

/// The variables and the fields of tables that an assignment gives a value, or a `local` names.
fn variables<'t>(node: Node<'t>, tell: &mut dyn FnMut(Node<'t>)) {
    if !matches!(node.kind(), "assignment_statement" | "variable_declaration") {
        return;
    }
    let Some(list) = child_of_kind(node, "variable_list") else {
        return;
    };
    for name in list.children_by_field_name("name", &mut list.walk()) {
        match name.kind() {
            "identifier" => tell(name),
            "dot_index_expression" => field(name, "field").into_iter().for_each(&mut *tell),
            _ => {}
        }
    }
}

fn declared(node: Node) -> Option<Declaration> {
    match node.kind() {
        "function_declaration" => function(field(node, "name")?, node),
        "assignment_statement" => {
            let (name, value) = assigned(node)?;
            (value.kind() == "function_definition").then(|| function(name, value))?
        }
        "field" => {
            let (name, value) = (field(node, "name")?, field(node, "value")?);
            let is_function = value.kind() == "function_definition";
            is_function.then(|| Declaration::new(Kind::Method, name, field(value, "body")))
        }
        _ => None,
    }
}

/// A function by its last name: `b` of `M.a.b`, and of `M:b`, which is a method.
fn function(name: Node<'_>, function: Node<'_>) -> Option<Declaration> {
    let (kind, name) = match name.kind() {
        "method_index_expression" => (Kind::Method, field(name, "method")?),
        "dot_index_expression" => (Kind::Function, field(name, "field")?),
        "identifier" => (Kind::Function, name),
        _ => return None,
    };
    Some(Declaration::new(kind, name, field(function, "body")))
}

/// The one variable and the one value of an assignment.
fn assigned(node: Node) -> Option<(Node, Node)> {
    let mut cursor = node.walk();
    let mut lists = node.named_children(&mut cursor);
    let (names, values) = (lists.next()?, lists.next()?);
    Some((only_child(names)?, only_child(values)?))
}

fn is_import(node: Node, text: &Rope) -> bool {
    let called = match node.kind() {
        "function_call" => Some(node),
        "variable_declaration" => only_child(node).and_then(assigned).map(|(_, value)| value),
        "assignment_statement" => assigned(node).map(|(_, value)| value),
        _ => None,
    };
    called
        .and_then(|called| field(called, "name"))
        .is_some_and(|name| is_one_of(name, text, &["require"]))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{around, imports, names, symbols, told};
    use crate::syntax::Language;

    const TEXT: &str = r#"#!/usr/bin/lua
local a = require("a")
local b = require 'b'
require "c"
local M = {}
--- About f.
-- And more.
function M.f(x, y, ...) end
function M:g(x) return x end
local function h() end
function top() end
M.i = function(x) end
local j = function() end
M.t = { k = function() end, ["l m"] = function() end, n = 1 }
function a.b.c:d() end
return M
"#;

    #[test]
    fn what_declares_something_by_name_is_a_symbol() {
        let expected = r#"function f <--- About f. -- And more.> function M.f(x, y, ...) end
method g <> function M:g(x) … end
function h <> local function h() end
function top <> function top() end
function i <> M.i = function(x) end
function j <> local j = function() end
method k <> k = function() end
method l m <> ["l m"] = function() end
method d <> function a.b.c:d() end
"#;
        assert_eq!(symbols(Language::Lua, TEXT), expected);
        let with_returns = TEXT.replace('\n', "\r\n");
        assert_eq!(symbols(Language::Lua, &with_returns), expected);
    }

    #[test]
    fn imports_are_verbatim() {
        let expected = r#"local a = require("a")
local b = require 'b'
require "c"
"#;
        assert_eq!(imports(Language::Lua, TEXT), expected);
    }

    #[test]
    fn a_cursor_is_in_the_innermost_symbol() {
        for (marked, expected) in [
            ("function a()\n  $0b()\nend\n", "function a"),
            ("local function a() $0 end\n", "function a"),
            ("M.a = function()\n  $0\nend\n", "function a"),
            ("function M:a() $0 end\n", "method a"),
            ("local a = { b = function() $0 end, c = 1 }\n", "method b"),
            ("local a = { b = $01 }\n", ""),
            ("--- Doc$0.\nlocal function a() end\n", "function a"),
            ("a(function() $0 end)\n", ""),
            ("function a()\n  b(function() $0 end)\nend\n", "function a"),
            (
                "function a()\r\n  local b = '😀'$0\r\nend\r\n",
                "function a",
            ),
        ] {
            assert_eq!(around(Language::Lua, marked), expected, "{marked:?}");
        }
    }

    #[test]
    fn names_are_those_that_the_range_does_not_declare() {
        let used = names(
            Language::Lua,
            "«function M.run(bee, ...)\n  local count, second = util.count(bee), LIMIT\n  local fn = function(x) return x + count + helper(second) end\n  for i, item in ipairs(bee.items) do item:go(M.make(i, fn)) end\n  for n = 1, MAX do print(n) end\n  self.cache[KEY] = GLOBAL\n  goto done\n  ::done::\n  return M.MOST\nend»\n",
        );
        assert_eq!(
            used,
            "v:M v:util c:util.count v:LIMIT c:helper c:ipairs f:bee.items c:item.go c:M.make v:MAX c:print v:self f:self.cache v:KEY v:GLOBAL f:M.MOST"
        );
    }

    #[test]
    fn what_is_told_of_a_definition_has_no_body() {
        let found = told(
            Language::Lua,
            "local util = require(\"pl.util\")\nlocal M = {}\n--- Most.\nM.MOST = 3\nlocal LIMIT, other = 4, 5\nGLOBAL = 1\n--- Runs.\nfunction M.run(bee)\n  local inner = 1\nend\nfunction M:method(a) end\nlocal function helper() end\n",
            &[
                "util", "M", "MOST", "other", "GLOBAL", "run", "inner", "method", "helper",
            ],
        );
        assert_eq!(
            found,
            [
                "local util = require(\"pl.util\")",
                "local M = {}",
                "--- Most.\nM.MOST = 3",
                "local LIMIT, other = 4, 5",
                "GLOBAL = 1",
                "--- Runs.\nfunction M.run(bee)",
                "function M:method(a) end",
                "local function helper() end"
            ]
        );
    }
}
