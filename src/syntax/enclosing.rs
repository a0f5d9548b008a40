//! Finds the innermost symbol around a cursor or a selection.

use std::ops::Range;

use ropey::Rope;

use super::{Symbol, SymbolKind, Syntax, rope};

impl Syntax {
    /// The innermost function, method or type around `at`, a range of bytes.
    ///
    /// A place in the doc comment, the attributes or the decorators above an item counts as in
    /// it, as does one beside it on the same line. Modules are never answered.
    pub fn enclosing(&self, text: &Rope, at: Range<usize>) -> Option<Symbol> {
        let (start, end) = self.anchors(text, at);
        self.symbols()
            .iter()
            .rev()
            .filter(|symbol| symbol.kind != SymbolKind::Module)
            .find(|symbol| {
                let reach = symbol.with_leading();
                reach.contains(&start) && reach.contains(&end)
            })
            .cloned()
    }

    /// The first and the last char that must lie in what is around `at`.
    fn anchors(&self, text: &Rope, at: Range<usize>) -> (usize, usize) {
        let start = rope::clamp(text, at.start);
        let end = rope::clamp(text, at.end).max(start);
        let first = rope::skip(text, start, rope::is_blank);
        if first >= end {
            let anchor = self.beside(text, start);
            return (anchor, anchor);
        }
        let last = rope::skip_back(text, end, rope::is_blank);
        let last = rope::clamp(text, last.saturating_sub(1));
        let last = self.without_trailer(text, last);
        (first.min(last), last)
    }

    /// The char that a cursor at `at` belongs to: the one it stands at, or the nearest on the
    /// line where it stands among blanks.
    fn beside(&self, text: &Rope, at: usize) -> usize {
        let next = rope::skip(text, at, rope::is_inline_blank);
        let previous = rope::skip_back(text, at, rope::is_inline_blank);
        let line_goes_on = !rope::ends_line(text, next);
        let line_has_begun = !rope::begins_line(text, previous);
        let touches_previous = previous == at && next != at;
        let anchor = match (line_has_begun, line_goes_on) {
            (true, goes_on) if touches_previous || !goes_on => rope::clamp(text, previous - 1),
            (_, true) => next,
            _ => return at,
        };
        self.without_trailer(text, anchor)
    }

    /// `at`, or if that is in a comment that ends a line of code, or at the punctuation after an
    /// item, the last char of the code before it.
    fn without_trailer(&self, text: &Rope, at: usize) -> usize {
        let mut at = at;
        loop {
            let start = match self.comment_at(at) {
                Some(comment) => comment.start,
                None if matches!(rope::char_at(text, at), Some(';' | ',')) => at,
                None => return at,
            };
            if start > text.len_bytes() || rope::begins_line(text, start) {
                return at;
            }
            let code_end = rope::skip_back(text, start, rope::is_inline_blank);
            at = rope::clamp(text, code_end.saturating_sub(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SymbolKind::*;
    use super::*;
    use crate::syntax::Language;
    use proptest::prelude::*;

    /// Kind and name, first and last line, counted from 1.
    type Expected = Option<(SymbolKind, &'static str, usize, usize)>;

    fn check(language: Language, marked: &str, expected: Expected) {
        let at = marked.find("$0").unwrap();
        let text = Rope::from_str(&marked.replacen("$0", "", 1));
        let end = text.to_string().find("$0").unwrap_or(at);
        let text = Rope::from_str(&text.to_string().replace("$0", ""));
        let syntax = Syntax::parse(language, &text).unwrap();
        let found = syntax.enclosing(&text, at..end);
        let found = found.as_ref().map(|found| {
            let first = text.byte_to_line(found.range.start) + 1;
            let last = text.byte_to_line(found.range.end) + 1;
            (found.kind, found.name.as_str(), first, last)
        });
        assert_eq!(found, expected, "{language:?} {marked:?}");
    }

    #[test]
    fn rust() {
        for (marked, expected) in [
            ("fn a() {\n    b$0();\n}\n", Some((Function, "a", 1, 3))),
            ("fn a() {}\nfn $0b() {}\n", Some((Function, "b", 2, 2))),
            (
                "impl A {\n    pub fn b(&self) {\n        $0\n    }\n}\n",
                Some((Method, "b", 2, 4)),
            ),
            (
                "impl A {\n    fn b() {}\n$0\n    fn c() {}\n}\n",
                Some((Impl, "A", 1, 5)),
            ),
            (
                "impl<T> fmt::Display for x::A<T> {$0}",
                Some((Impl, "A", 1, 1)),
            ),
            (
                "impl I for A {\n    type B = $0u8;\n}",
                Some((Impl, "A", 1, 3)),
            ),
            ("pub struct A$0(u8);\n", Some((Struct, "A", 1, 1))),
            ("enum A {\n    B$0,\n}\n", Some((Enum, "A", 1, 3))),
            (
                "trait A {\n    fn b(&self$0);\n}\n",
                Some((Method, "b", 2, 2)),
            ),
            ("union A { $0b: u8 }", Some((Struct, "A", 1, 1))),
            ("type A = $0u8;", Some((TypeAlias, "A", 1, 1))),
            ("macro_rules! a { () => {$0} }", Some((Macro, "a", 1, 1))),
            ("mod a {\n    $0\n    fn b() {}\n}\n", None),
            ("mod a {\n    fn b() {$0}\n}\n", Some((Function, "b", 2, 2))),
            ("const A: u8 = $01;\n", None),
            (
                "fn a() {\n    let b = |c| c$0 + 1;\n}\n",
                Some((Function, "a", 1, 3)),
            ),
            (
                "fn a() {\n    let b = |c| {\n        c$0\n    };\n}\n",
                Some((Function, "b", 2, 4)),
            ),
            (
                "fn a() {\n    x.map(|c| {\n        c$0\n    });\n}\n",
                Some((Function, "a", 1, 3 + 2)),
            ),
            (
                "/// D$0oc.\n#[inline]\npub fn a() {}\n",
                Some((Function, "a", 3, 3)),
            ),
            (
                "/// Doc.\n#[inl$0ine]\npub fn a() {}\n",
                Some((Function, "a", 3, 3)),
            ),
            (
                "/** Doc\n * $0more\n */\nfn a() {}\n",
                Some((Function, "a", 4, 4)),
            ),
            ("//! The file.$0\nfn a() {}\n", None),
            ("// Alone.$0\n\nfn a() {}\n", None),
            ("#[inline] $0fn a() {}\n", Some((Function, "a", 1, 1))),
            (
                "#[derive(Debug)] // why$0\nstruct A;\n",
                Some((Struct, "A", 2, 2)),
            ),
            (
                "fn a() {} // trai$0ling\nfn b() {}\n",
                Some((Function, "a", 1, 1)),
            ),
        ] {
            check(Language::Rust, marked, expected);
        }
    }

    #[test]
    fn python() {
        for (marked, expected) in [
            ("def a():\n    return $01\n", Some((Function, "a", 1, 2))),
            (
                "class A:\n    def b(self):\n        pas$0s\n",
                Some((Method, "b", 2, 3)),
            ),
            (
                "class A:\n    x = $01\n    def b(self): pass\n",
                Some((Class, "A", 1, 3)),
            ),
            (
                "async def a():\n    def b():\n        $0pass\n",
                Some((Function, "b", 2, 3)),
            ),
            (
                "@app.get('/')$0\n@cached\ndef a():\n    pass\n",
                Some((Function, "a", 3, 4)),
            ),
            (
                "@dataclass\nclass A:\n    x: int$0\n",
                Some((Class, "A", 2, 3)),
            ),
            (
                "class A:\n    # About b.$0\n    @property\n    def b(self):\n        pass\n",
                Some((Method, "b", 4, 5)),
            ),
            (
                "class A:\n    @property\n    $0def b(self):\n        pass\n",
                Some((Method, "b", 3, 4)),
            ),
            ("a = lambda x: $0x\n", None),
            (
                "def b():\n    a = lambda x: $0x\n",
                Some((Function, "b", 1, 2)),
            ),
            ("type A = in$0t\n", Some((TypeAlias, "A", 1, 1))),
            (
                "if x:\n    def a():\n        $0pass\n",
                Some((Function, "a", 2, 3)),
            ),
            (
                "class A:\n    def b(self):\n        pass\n\n    $0\n\n    def c(self): pass\n",
                Some((Class, "A", 1, 7)),
            ),
            ("def a():\n    '''Doc$0.'''\n", Some((Function, "a", 1, 2))),
            ("x = 1$0\n\ndef a(): pass\n", None),
        ] {
            check(Language::Python, marked, expected);
        }
    }

    #[test]
    fn javascript_and_typescript() {
        for (marked, expected) in [
            ("function a() { $0 }", Some((Function, "a", 1, 1))),
            (
                "export async function a() {\n  $0\n}\n",
                Some((Function, "a", 1, 3)),
            ),
            (
                "$0export default function a() {}\n",
                Some((Function, "a", 1, 1)),
            ),
            (
                "export default function () {\n  $0\n}\n",
                Some((Function, "default", 1, 3)),
            ),
            (
                "export default () => {\n  $0\n}\n",
                Some((Function, "default", 1, 3)),
            ),
            (
                "export default class {\n  $0\n}\n",
                Some((Class, "default", 1, 3)),
            ),
            ("function* a() { yield $01 }", Some((Function, "a", 1, 1))),
            ("const a = () => {\n  $0\n};\n", Some((Function, "a", 1, 3))),
            (
                "export const a = async (b) =>\n  b$0;\n",
                Some((Function, "a", 1, 2)),
            ),
            (
                "const a = () => 1, b = function c() { $0 }",
                Some((Function, "b", 1, 1)),
            ),
            ("list.map((x) => {\n  $0\n});\n", None),
            (
                "function a() {\n  list.map((x) => {\n    $0\n  });\n}\n",
                Some((Function, "a", 1, 5)),
            ),
            (
                "class A extends B {\n  #c() {\n    $0\n  }\n}\n",
                Some((Method, "#c", 2, 4)),
            ),
            (
                "class A {\n  b = () => {\n    $0\n  };\n}\n",
                Some((Method, "b", 2, 4)),
            ),
            (
                "class A {\n  b = () => 1;$0\n}\n",
                Some((Method, "b", 2, 2)),
            ),
            ("class A {\n  x = $01;\n}\n", Some((Class, "A", 1, 3))),
            ("const A = class B {\n  $0\n};\n", Some((Class, "A", 1, 3))),
            (
                "exports.a = function () {\n  $0\n};\n",
                Some((Function, "a", 1, 3)),
            ),
            (
                "const o = {\n  a() {\n    $0\n  },\n};\n",
                Some((Method, "a", 2, 4)),
            ),
            (
                "const o = {\n  'a-b': function () {\n    $0\n  },\n};\n",
                Some((Method, "a-b", 2, 4)),
            ),
            ("const o = { x: $01 };\n", None),
            (
                "/**\n * Doc$0.\n */\nexport const a = () => {};\n",
                Some((Function, "a", 4, 4)),
            ),
            ("@dec$0\nexport class A {}\n", Some((Class, "A", 2, 2))),
            (
                "class A {\n  // Why.\n  @dec()\n  $0b() {}\n}\n",
                Some((Method, "b", 4, 4)),
            ),
        ] {
            for language in [Language::JavaScript, Language::TypeScript, Language::Tsx] {
                check(language, marked, expected);
            }
        }
    }

    #[test]
    fn typescript() {
        for (marked, expected) in [
            (
                "interface A {\n  b: $0string;\n}\n",
                Some((Interface, "A", 1, 3)),
            ),
            (
                "export interface A {\n  b(): str$0ing;\n}\n",
                Some((Method, "b", 2, 2)),
            ),
            (
                "export type A = {\n  b: $0string;\n};\n",
                Some((TypeAlias, "A", 1, 3)),
            ),
            ("export enum A {\n  B$0,\n}\n", Some((Enum, "A", 1, 3))),
            (
                "declare function a(): vo$0id;\n",
                Some((Function, "a", 1, 1)),
            ),
            (
                "abstract class A {\n  abstract b()$0: void;\n}\n",
                Some((Method, "b", 2, 2)),
            ),
            (
                "abstract class A<T> {\n  private c?: T$0;\n}\n",
                Some((Class, "A", 1, 3)),
            ),
            (
                "export namespace A {\n  $0\n  export function b() {}\n}\n",
                None,
            ),
            (
                "namespace A {\n  export function b() { $0 }\n}\n",
                Some((Function, "b", 2, 2)),
            ),
            (
                "class A {\n  private b = async (c: string): Promise<void> => {\n    $0\n  };\n}\n",
                Some((Method, "b", 2, 4)),
            ),
            (
                "@Component({\n  a: $01,\n})\nexport class A {}\n",
                Some((Class, "A", 4, 4)),
            ),
        ] {
            check(Language::TypeScript, marked, expected);
            check(Language::Tsx, marked, expected);
        }
        let component = "export const A: FC<P> = ({ b }) => {\n  return <div>{b$0}</div>;\n};\n";
        check(Language::Tsx, component, Some((Function, "A", 1, 3)));
    }

    #[test]
    fn go() {
        for (marked, expected) in [
            (
                "package a\n\n// b does.$0\nfunc b() {\n}\n",
                Some((Function, "b", 4, 5)),
            ),
            (
                "package a\n\nfunc (s *S[T]) b() error {\n\treturn $0nil\n}\n",
                Some((Method, "b", 3, 5)),
            ),
            (
                "package a\n\ntype S struct {\n\tx $0int\n}\n",
                Some((Struct, "S", 3, 5)),
            ),
            (
                "package a\n\ntype I interface {\n\tB() $0error\n}\n",
                Some((Method, "B", 4, 4)),
            ),
            (
                "package a\n\ntype I interface {\n$0\n}\n",
                Some((Interface, "I", 3, 5)),
            ),
            ("package a\n\ntype D $0int\n", Some((TypeAlias, "D", 3, 3))),
            (
                "package a\n\ntype D = $0int\n",
                Some((TypeAlias, "D", 3, 3)),
            ),
            (
                "package a\n\ntype (\n\t// Doc.$0\n\tS struct{}\n)\n",
                Some((Struct, "S", 5, 5)),
            ),
            (
                "package a\n\nvar h = func() {\n\t$0\n}\n",
                Some((Function, "h", 3, 5)),
            ),
            (
                "package a\n\nfunc b() {\n\tc := func() {\n\t\t$0\n\t}\n}\n",
                Some((Function, "c", 4, 6)),
            ),
            (
                "package a\n\nfunc b() {\n\tgo func() {\n\t\t$0\n\t}()\n}\n",
                Some((Function, "b", 3, 7)),
            ),
            ("package $0a\n", None),
            ("package a\n\nconst x = $01\n", None),
        ] {
            check(Language::Go, marked, expected);
        }
    }

    #[test]
    fn beside_an_item_on_its_line_is_in_it() {
        for (marked, expected) in [
            ("impl A {\n  $0  fn b() {}\n}", Some((Method, "b", 2, 2))),
            ("impl A {\n    fn b() {} $0 \n}", Some((Method, "b", 2, 2))),
            ("fn a() {}$0", Some((Function, "a", 1, 1))),
            ("fn a() {}$0\n", Some((Function, "a", 1, 1))),
            ("struct A;  $0", Some((Struct, "A", 1, 1))),
            ("fn a() {}$0fn b() {}", Some((Function, "b", 1, 1))),
            ("fn a() {}$0 fn b() {}", Some((Function, "a", 1, 1))),
            ("fn a() {} $0 fn b() {}", Some((Function, "b", 1, 1))),
            ("$0impl A { fn b() {} }", Some((Impl, "A", 1, 1))),
            ("impl A { fn b() {} }$0", Some((Impl, "A", 1, 1))),
        ] {
            check(Language::Rust, marked, expected);
        }
    }

    #[test]
    fn a_selection_is_enclosed_as_a_whole() {
        for (marked, expected) in [
            (
                "fn a() {\n    $0b();\n    c();$0\n}\n",
                Some((Function, "a", 1, 4)),
            ),
            ("$0fn a() {}$0\n", Some((Function, "a", 1, 1))),
            ("$0/// Doc.\nfn a() {}\n$0", Some((Function, "a", 2, 2))),
            ("fn a() {$0}\nfn b() {$0}\n", None),
            (
                "impl A {\n    $0fn a() {}\n    fn b() {}$0\n}\n",
                Some((Impl, "A", 1, 4)),
            ),
            ("fn a() {\n$0    \n$0}\n", Some((Function, "a", 1, 3))),
        ] {
            check(Language::Rust, marked, expected);
        }
    }

    #[test]
    fn odd_texts_have_their_answer_too() {
        for (language, marked, expected) in [
            (Language::Rust, "$0", None),
            (Language::Rust, "\n\n$0", None),
            (Language::Rust, "// only\n// comments$0", None),
            (Language::Python, "# only\n$0# comments\n", None),
            (Language::Go, "/* only */$0", None),
            (
                Language::Rust,
                "fn a() {\n    let = = $0;\n}\n",
                Some((Function, "a", 1, 3)),
            ),
            (
                Language::Rust,
                "\u{feff}$0fn a() {}",
                Some((Function, "a", 1, 1)),
            ),
            (
                Language::Python,
                "\u{feff}  # doc$0\ndef a(): pass",
                Some((Function, "a", 2, 2)),
            ),
            (
                Language::Rust,
                "/// Doc.$0\r\nfn a() {\r\n}\r\n",
                Some((Function, "a", 2, 3)),
            ),
            (
                Language::Python,
                "class A:\r\n    # b$0\r\n    def b(self):\r\n        pass\r\n",
                Some((Method, "b", 3, 4)),
            ),
            (
                Language::Rust,
                "fn größe() { $0 }",
                Some((Function, "größe", 1, 1)),
            ),
            (
                Language::Python,
                "def 名前():\n    return '😀$0'\n",
                Some((Function, "名前", 1, 2)),
            ),
            (
                Language::JavaScript,
                "const µ = () => '😀'$0",
                Some((Function, "µ", 1, 1)),
            ),
            (
                Language::Go,
                "package a\n\nfunc Ä() {}$0",
                Some((Function, "Ä", 3, 3)),
            ),
        ] {
            check(language, marked, expected);
        }
    }

    #[test]
    fn a_text_other_than_the_parsed_one_does_no_harm() {
        let text = Rope::from_str("/// Doc.\nfn größe() {}\n\nfn b() {} // c\n");
        let syntax = Syntax::parse(Language::Rust, &text).unwrap();
        for other in ["", "ü", "\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}"] {
            let other = Rope::from_str(other);
            for at in 0..60 {
                syntax.enclosing(&other, at..at + 3);
            }
            syntax.outline(&other);
            syntax.imports(&other);
        }
    }

    fn fragments() -> impl Strategy<Value = String> {
        let fragment = prop_oneof![
            "[a-zäé😀(){}\\[\\];,:=<>'\"@#/*. \t\r\n\u{feff}-]{0,12}",
            prop::sample::select(vec![
                "fn a() {",
                "}",
                "impl A for B {",
                "/// doc\n",
                "#[x]\n",
                "// c\n",
                "struct S;\n",
                "class A:\n",
                "    def b(self):\n",
                "        pass\n",
                "@dec\n",
                "# c\n",
                "export default ",
                "const f = () => {",
                "function g() {",
                "class C {",
                "type T = ",
                "func (r R) m() {",
                "package p\n",
                "type S struct {",
                "/** d */",
                "@A public void m() {",
                "template <class T> A<T>::~A() {",
                "[X] int P { get {",
                "#define M(x) \\\n",
                "typedef struct {",
                "module M\n",
                "private def m\nend\n",
                "x = <<~E\n",
                "<?php #[A] ",
                "local t = { k = function() ",
                "end\n",
                "<p>",
                "\r\n",
                "\r",
                "\n\n",
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(fragment, 0..20).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn every_range_lies_in_the_text_on_char_boundaries(
            text in fragments(),
            language in prop::sample::select(Language::ALL.to_vec()),
            at in 0..300usize,
            length in 0..50usize,
        ) {
            let rope = Rope::from_str(&text);
            let syntax = Syntax::parse(language, &rope).unwrap();
            for symbol in syntax.symbols() {
                for range in [&symbol.range, &symbol.leading, &symbol.name_range, &symbol.signature] {
                    prop_assert!(text.get(range.clone()).is_some(), "{symbol:?}");
                }
                prop_assert!(symbol.range.start <= symbol.name_range.start);
                prop_assert!(symbol.leading.end <= symbol.range.start);
                prop_assert!(!symbol.name.is_empty());
            }
            if let Some(found) = syntax.enclosing(&rope, at..at + length) {
                prop_assert!(syntax.symbols().contains(&found));
            }
            if let Some(comment) = syntax.comment_at(at) {
                prop_assert!(text.get(comment.clone()).is_some() && comment.contains(&at));
            }
            syntax.errors_in(at..at + length);
            syntax.lines_in_strings();
            syntax.outline(&rope);
            syntax.imports(&rope);
        }
    }
}
