//! Bash, and what other shells share with it.

use ropey::Rope;
use tree_sitter::Node;

use super::super::SymbolKind as Kind;
use super::naming::{NO_NAMES, Naming};
use super::{PLAIN, Rules, field, is_one_of, named, tell_field};

pub(super) const RULES: Rules = Rules {
    declared: |node| {
        let is_function = node.kind() == "function_definition";
        is_function.then(|| named(Kind::Function, node))?
    },
    is_import,
    holds_imports: |kind| matches!(kind, "if_statement" | "list"),
    naming: NAMING,
    constants: |node, _, tell| {
        if node.kind() == "variable_assignment" {
            tell_field(node, "name", tell);
        }
    },
    holds_constants: |kind| {
        matches!(
            kind,
            "declaration_command" | "variable_assignments" | "if_statement" | "list"
        )
    },
    ..PLAIN
};

const NAMING: Naming = Naming {
    leaves: &[("variable_name", "*"), ("word", "command_name")],
    declared: &[
        ("variable_assignment", "name"),
        ("declaration_command", ""),
        ("for_statement", "variable"),
    ],
    used: &[("subscript", "*"), ("command_name", "*")],
    called: &[("command_name", "")],
    ..NO_NAMES
};

fn is_import(node: Node, text: &Rope) -> bool {
    node.kind() == "command"
        && field(node, "name").is_some_and(|name| is_one_of(name, text, &["source", "."]))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{around, imports, names, symbols, told};
    use crate::syntax::Language;

    const TEXT: &str = r#"#!/bin/bash
# About f.
# And more.
f() {
  local a=1
}
function g { echo "$@"; }
function größe() ( exit 1 )
source ./x.sh
. y.sh
[ -f z ] && . z
if [ -f q ]; then . q; fi
"#;

    #[test]
    fn what_declares_something_by_name_is_a_symbol() {
        let expected = "function f <# About f. # And more.> f() … }
function g <> function g … }
function größe <> function größe() … )
";
        assert_eq!(symbols(Language::Bash, TEXT), expected);
        let with_returns = TEXT.replace('\n', "\r\n");
        assert_eq!(symbols(Language::Bash, &with_returns), expected);
    }

    #[test]
    fn imports_are_verbatim() {
        let expected = "source ./x.sh
. y.sh
. z
. q
";
        assert_eq!(imports(Language::Bash, TEXT), expected);
    }

    #[test]
    fn a_cursor_is_in_the_innermost_symbol() {
        for (marked, expected) in [
            ("a() {\n  b $0c\n}\n", "function a"),
            ("#!/bin/sh\n# Doc$0.\na() { b; }\n", "function a"),
            ("#!/bin/sh$0\na() { b; }\n", ""),
            ("a $0b\n", ""),
            ("a() {\n  b() {\n    $0c\n  }\n}\n", "function b"),
            ("a() {\n  cat <<E\n$0  b\nE\n}\n", "function a"),
            ("if a; then\n  b() { $0c; }\nfi\n", "function b"),
            ("\u{feff}a() {\n  $0b\n}\n", "function a"),
        ] {
            assert_eq!(around(Language::Bash, marked), expected, "{marked:?}");
        }
    }

    #[test]
    fn names_are_those_that_the_range_does_not_declare() {
        let used = names(
            Language::Bash,
            "«run() {\n  local name=\"$1\" other=2\n  local -r third\n  count=$(helper \"$name\" \"${LIMIT}\" \"$count\")\n  for item in $ITEMS \"${LIST[@]}\"; do process_item \"$item\" \"$third\"; done\n  if check_it && [[ $CONFIG == \"$other\" ]]; then ((n = COUNT + 1)); fi\n  \"$CMD\" arg\n}»\n",
        );
        assert_eq!(
            used,
            "c:helper v:LIMIT v:ITEMS v:LIST c:process_item c:check_it v:CONFIG v:n v:COUNT v:CMD"
        );
    }

    #[test]
    fn what_is_told_of_a_definition_has_no_body() {
        let found = told(
            Language::Bash,
            "# Most.\nreadonly MOST=3\nexport PATH_X=\"a\"\nCONFIG=/etc/x\nif [ -f a ]; then KNOWN=1; fi\n# Helps.\nhelper() {\n  LOCAL=1\n}\n",
            &["MOST", "PATH_X", "CONFIG", "KNOWN", "helper", "LOCAL"],
        );
        assert_eq!(
            found,
            [
                "# Most.\nreadonly MOST=3",
                "export PATH_X=\"a\"",
                "CONFIG=/etc/x",
                "if [ -f a ]; then KNOWN=1",
                "# Helps.\nhelper()"
            ]
        );
    }
}
