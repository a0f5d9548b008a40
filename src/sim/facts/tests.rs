//! Tests of what is read from a tree.

use super::*;

fn of(language: Language, code: &str) -> Facts {
    facts(language, code).unwrap()
}

#[test]
fn branches_loops_and_failures_are_tallied() {
    let check =
        |language, code: &str, branches: usize, arms: usize, loops: usize, failures: &[&str]| {
            let facts = of(language, code);
            let seen: Vec<_> = facts.failures.0.iter().map(|(what, _)| *what).collect();
            let counts = (facts.branches.total(), facts.arms, facts.loops.total());
            assert_eq!(
                (counts, seen.as_slice()),
                ((branches, arms, loops), failures),
                "{code}"
            );
        };
    check(
        Language::Rust,
        "fn f() { let Some(a) = b else { return }; match c? { 1 => {}, _ => loop {} } if d { panic!() } }",
        3,
        2,
        1,
        &["`?`", "`panic!`"],
    );
    check(
        Language::Python,
        "def f():\n  x = a if b else c\n  if x:\n    raise E\n  elif y:\n    pass\n  return [i for i in x]",
        3,
        0,
        1,
        &["`raise`"],
    );
    check(
        Language::Go,
        "func f() error {\n\tfor i := range x {\n\t\tif err != nil {\n\t\t\treturn err\n\t\t}\n\t}\n\tswitch a {\n\tcase 1:\n\tdefault:\n\t}\n\treturn nil\n}",
        2,
        2,
        1,
        &["`err != nil`"],
    );
    check(
        Language::JavaScript,
        "function f(a) { do { a = a ? 1 : 2 } while (a); try { throw a } catch (e) {} }",
        1,
        0,
        1,
        &["`try`", "`throw`"],
    );
    check(
        Language::Java,
        "void f() { for (A a : b) { if (a) throw c; } switch (d) { case 1: break; default: } try { } finally { } int e = a ? 1 : 2; }",
        3,
        2,
        1,
        &["`throw`", "`try`"],
    );
    check(
        Language::C,
        "int f(int a) { while (a) { } do { } while (a); switch (a) { case 1: break; default: break; } return a ? 1 : 2; }",
        2,
        2,
        2,
        &[],
    );
    check(
        Language::Cpp,
        "void f() { for (auto a : b) { } if (a) { } else if (b) { } try { throw a; } catch (...) { } }",
        2,
        0,
        1,
        &["`try`", "`throw`"],
    );
    check(
        Language::CSharp,
        "void F() { foreach (var a in b) { } var c = d switch { 1 => 2, _ => 3 }; switch (e) { case 1: break; } throw f; }",
        2,
        3,
        1,
        &["`throw`"],
    );
    check(
        Language::Ruby,
        "def f\n  a if b\n  unless c then d end\n  case e when 1 then 2 when 3 then 4 end\n  while g do end\n  raise 'h'\nrescue I\nend",
        3,
        2,
        1,
        &["`raise`", "`rescue`"],
    );
    check(
        Language::Php,
        "function f($a) { foreach ($a as $b) { } if ($c) { } elseif ($d) { } $e = match ($a) { 1 => 2, default => 3 }; switch ($a) { case 1: default: } throw new E(); }",
        4,
        4,
        1,
        &["`throw`"],
    );
    check(
        Language::Bash,
        "f() { if a; then b; elif c; then d; fi; case $e in x) ;; *) ;; esac; for g in h; do i; done; while j; do k; done; }",
        3,
        2,
        2,
        &[],
    );
    check(
        Language::Lua,
        "function f() if a then elseif b then end for c = 1, 2 do end repeat until d error('e') end",
        2,
        0,
        2,
        &["`error`"],
    );
}

#[test]
fn calls_are_named_once_in_order_of_appearance() {
    let check = |language, code: &str, expected: &[&str]| {
        assert_eq!(of(language, code).calls, expected);
    };
    check(
        Language::Rust,
        "fn f() { b(); a::c::<T>(); b(); self.x.d(); g(h()).i(); println!(); Ok(1) }",
        &["b", "a::c", "self.x.d", "i", "g", "h", "println!"],
    );
    check(
        Language::Python,
        "os.path.join(a, f(b))",
        &["os.path.join", "f"],
    );
    check(
        Language::Go,
        "func f() {\n\tfmt.Println(len(x))\n}",
        &["fmt.Println", "len"],
    );
    check(
        Language::TypeScript,
        "new Map<A, B>().set(a, b)",
        &["set", "new Map"],
    );
    check(
        Language::Java,
        "void f() { a.b(c()); new D<E>(); g(h).i(); }",
        &["a.b", "c", "new D", "i", "g"],
    );
    check(
        Language::C,
        "void f() { a(b(1)); c->d(2); }",
        &["a", "b", "c->d"],
    );
    check(
        Language::Cpp,
        "void f() { a::b(); c.d(); new E(); }",
        &["a::b", "c.d", "new E"],
    );
    check(
        Language::CSharp,
        "void F() { A.B(C()); new D(); }",
        &["A.B", "C", "new D"],
    );
    check(
        Language::Ruby,
        "a.b(c(1))\nputs d\nE.new",
        &["a.b", "c", "puts", "E.new"],
    );
    check(
        Language::Php,
        "$a->b(c()); D::e(); new F();",
        &["$a->b", "c", "D::e", "new F"],
    );
    check(Language::Bash, "a \"$(b c)\" | d", &["a", "b", "d"]);
    check(Language::Bash, "  a b\ndone\nfi\n", &["a"]);
    check(Language::Lua, "a.b(c()) d:e()", &["a.b", "c", "d:e"]);
}

#[test]
fn a_bare_raise_of_ruby_is_one() {
    let check = |code: &str, expected: usize| {
        let failures = of(Language::Ruby, code).failures;
        let raised = failures.0.iter().find(|(what, _)| *what == "`raise`");
        assert_eq!(raised.map_or(0, |(_, count)| *count), expected, "{code}");
    };
    check("begin\n  a\nrescue\n  raise\nend", 1);
    check("raise E, 'a'", 1);
    check("a.raise", 0);
}

#[test]
fn only_returns_before_the_end_are_early() {
    let check = |language, code: &str, expected: usize| {
        assert_eq!(of(language, code).early_returns, expected, "{code}");
    };
    check(
        Language::Rust,
        "fn f() -> u8 { if a { return 1; } return 2; }",
        1,
    );
    check(Language::Rust, "fn f() -> u8 { return 2 }", 0);
    check(Language::Java, "class A { A() { b(); return; } }", 0);
    check(
        Language::CSharp,
        "int A { get { return b; } set { if (c) { return; } b = value; } }",
        1,
    );
    check(
        Language::Rust,
        "fn f() { let g = |x| { return x; }; g(1) }",
        0,
    );
    check(
        Language::Python,
        "def f():\n  if a:\n    return 1\n  return 2\n",
        1,
    );
    check(
        Language::Python,
        "def f():\n  for a in b:\n    return 1\n",
        1,
    );
    check(
        Language::Go,
        "func f() int {\n\tif a {\n\t\treturn 1\n\t}\n\treturn 2 // end\n}",
        1,
    );
    check(Language::JavaScript, "const f = () => { return 1 }", 0);
    check(Language::Java, "int f() { if (a) return 1; return 2; }", 1);
    check(Language::C, "int f() { if (a) return 1; return 2; }", 1);
    check(
        Language::CSharp,
        "int F() { if (a) return 1; return 2; }",
        1,
    );
    check(Language::Ruby, "def f\n  return 1 if a\n  return 2\nend", 1);
    check(
        Language::Php,
        "function f() { if ($a) { return 1; } return 2; }",
        1,
    );
    check(
        Language::Lua,
        "function f() if a then return 1 end return 2 end",
        1,
    );
}

#[test]
fn what_stands_on_top_is_sorted() {
    let facts = of(
        Language::Rust,
        "use a;\n// b\n#[c]\nfn d() {}\nfn e() { fn g() {} }",
    );
    assert_eq!(
        (
            facts.imports,
            facts.definitions.len(),
            facts.statements,
            facts.nested
        ),
        (1, 2, 0, 1)
    );
    let facts = of(Language::Python, "'''what'''\nimport a\nclass B: pass");
    assert_eq!(
        (facts.imports, facts.definitions.len(), facts.statements),
        (1, 1, 0)
    );
    assert!(of(Language::Rust, "fn f( {").broken);
    for (language, code) in [
        (Language::Java, "package a;\nimport b.C;\nclass D {}"),
        (Language::C, "#include <a.h>\nint f(void) { return 1; }"),
        (Language::Cpp, "// a\nusing namespace b;\nclass C {};"),
        (Language::CSharp, "using A;\nnamespace B;\nclass C {}"),
        (Language::Ruby, "require 'a'\nclass B; end"),
        (Language::Php, "<?php\nnamespace A;\nuse B\\C;\nclass D {}"),
        (Language::Php, "require_once 'a.php';\nfunction f() {}"),
        (Language::Bash, "#!/bin/sh\n. ./a\nf() { b; }"),
        (Language::Lua, "local a = require 'a'\nfunction f() end"),
    ] {
        let facts = of(language, code);
        let seen = (facts.imports, facts.definitions.len(), facts.statements);
        assert_eq!(seen, (1, 1, 0), "{code}");
    }
}
