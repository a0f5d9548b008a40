//! What a text declares and imports, as context for a part of it.

use std::ops::Range;

use ropey::Rope;
use tree_sitter::Tree;

use super::grammar::Rules;
use super::symbol::{Symbol, SymbolKind};
use super::{Language, rope};

/// Signatures are cut at this many chars.
const MAX_SIGNATURE: usize = 240;

/// The signatures of `symbols`, one a line, indented as they are nested, without what is local
/// to a function.
pub(super) fn outline(symbols: &[Symbol], text: &Rope) -> String {
    let mut outline = String::new();
    let mut local_until = 0;
    for symbol in symbols {
        if symbol.range.start < local_until {
            continue;
        }
        if is_function(symbol.kind) {
            local_until = symbol.range.end;
        }
        outline.push_str(&"  ".repeat(symbol.depth));
        outline.push_str(&signature(text, symbol.signature.clone()));
        outline.push('\n');
    }
    outline
}

/// The statements that import from elsewhere, verbatim, a line break after each.
pub(super) fn imports(language: Language, tree: &Tree, text: &Rope) -> String {
    let rules = Rules::of(language);
    let mut imports = String::new();
    let mut cursor = tree.walk();
    if !cursor.goto_first_child() {
        return imports;
    }
    loop {
        let node = cursor.node();
        let is_import = (rules.is_import)(node, text);
        if is_import {
            let statement = rope::slice(text, node.byte_range()).unwrap_or_default();
            imports.push_str(statement.trim_end());
            imports.push('\n');
        }
        if !is_import && (rules.holds_imports)(node.kind()) && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return imports;
            }
        }
    }
}

fn is_function(kind: SymbolKind) -> bool {
    matches!(kind, SymbolKind::Function | SymbolKind::Method)
}

/// The text of `range` on one line.
fn signature(text: &Rope, range: Range<usize>) -> String {
    let Some(signature) = text.get_byte_slice(range) else {
        return String::new();
    };
    let mut line = String::new();
    let mut length = 0;
    for c in signature.chars() {
        let c = if c.is_whitespace() { ' ' } else { c };
        if c == ' ' && line.ends_with(' ') {
            continue;
        }
        if length == MAX_SIGNATURE {
            line.push('…');
            break;
        }
        line.push(c);
        length += 1;
    }
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::Syntax;

    fn parsed(language: Language, text: &str) -> (Syntax, Rope) {
        let text = Rope::from_str(text);
        (Syntax::parse(language, &text).unwrap(), text)
    }

    fn check_outline(language: Language, text: &str, expected: &str) {
        let (syntax, text) = parsed(language, text);
        assert_eq!(syntax.outline(&text), expected, "{text}");
    }

    fn check_imports(language: Language, text: &str, expected: &str) {
        let (syntax, text) = parsed(language, text);
        assert_eq!(syntax.imports(&text), expected, "{text}");
    }

    #[test]
    fn an_outline_has_a_signature_a_line() {
        check_outline(
            Language::Rust,
            "/// Doc.\npub struct A<T> {\n    b: T,\n}\nstruct B(u8, u16);\nimpl<T> A<T>\nwhere\n    T: C,\n{\n    pub fn b(\n        &self,\n    ) -> T {\n        fn local() {}\n    }\n}\nmacro_rules! m { () => {} }\ntrait D { fn e(); }\n",
            "pub struct A<T>\nstruct B(u8, u16);\nimpl<T> A<T> where T: C,\n  pub fn b( &self, ) -> T\nmacro_rules! m\ntrait D\n  fn e();\n",
        );
        check_outline(
            Language::Python,
            "@x\nclass A(B):\n    y = 1\n    async def c(self, d=1) -> int:\n        def local(): pass\n        return 1\n",
            "class A(B):\n  async def c(self, d=1) -> int:\n",
        );
        check_outline(
            Language::Tsx,
            "export interface A { b: string }\nexport const C = (p: A) => <div />;\nclass D {\n  e = async () => {};\n}\ntype F = 'a' | 'b';\n",
            "export interface A\nexport const C = (p: A) =>\nclass D\n  e = async () =>\ntype F = 'a' | 'b';\n",
        );
        check_outline(
            Language::Go,
            "package p\n\ntype A struct {\n\tb int\n}\n\ntype I interface {\n\tM(x int) error\n}\n\nfunc (a *A) C() {\n}\n",
            "type A struct\ntype I interface\n  M(x int) error\nfunc (a *A) C()\n",
        );
    }

    #[test]
    fn a_long_signature_is_cut() {
        let (syntax, text) = parsed(
            Language::Python,
            &format!("def a({}): pass\n", "é, ".repeat(900)),
        );
        assert_eq!(syntax.outline(&text).chars().count(), MAX_SIGNATURE + 2);
    }

    #[test]
    fn imports_are_verbatim() {
        check_imports(
            Language::Rust,
            "//! A.\nuse a::{\n    b,\n};\npub use c;\nextern crate d;\nfn e() { use f; }\n",
            "use a::{\n    b,\n};\npub use c;\nextern crate d;\n",
        );
        check_imports(
            Language::Python,
            "from __future__ import a\nimport b, c\nif T:\n    from d import e\ntry:\n    import f\nexcept E:\n    import g\nx = 1\n",
            "from __future__ import a\nimport b, c\nfrom d import e\nimport f\nimport g\n",
        );
        check_imports(
            Language::TypeScript,
            "import a from 'a';\nimport type { B } from './b';\nexport * from 'c';\nexport const x = 1;\nconst d = require('d').e;\nconst f = other('d');\n",
            "import a from 'a';\nimport type { B } from './b';\nexport * from 'c';\nconst d = require('d').e;\n",
        );
        check_imports(
            Language::Go,
            "package a\n\nimport (\n\t\"b\"\n)\n\nfunc c() {}\n",
            "import (\n\t\"b\"\n)\n",
        );
    }
}
