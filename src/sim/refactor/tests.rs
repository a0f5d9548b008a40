//! Tests of the clean-ups, language by language.

use super::*;
use Language::{Go, JavaScript, Python, Rust, Tsx, TypeScript};
use proptest::prelude::*;

fn tidied(language: Language, code: &str) -> String {
    match tidy(language, code) {
        Outcome::Tidied(code, _) => code,
        other => panic!("{code}: {other:?}"),
    }
}

fn check(language: Language, before: &str, after: &str) {
    assert_eq!(tidied(language, before), after, "{before}");
}

fn unchanged(language: Language, code: &str) {
    check(language, code, code);
}

#[test]
fn blanks_go_from_the_ends_of_lines_but_not_out_of_strings_and_comments() {
    check(
        Rust,
        "fn f() {  \n\tg();\t\r\n}\n",
        "fn f() {\n\tg();\r\n}\n",
    );
    check(Python, "x = 1  \ny = 2 \n", "x = 1\ny = 2\n");
    unchanged(Rust, "// a  \nfn f() { g(\"a  \nb\") }\n");
    unchanged(Python, "x = \"\"\"a  \n\n\n\nb\"\"\"\n");
    unchanged(JavaScript, "x = `a  \n\n\n${b}  \n`;\n");
    unchanged(Go, "x := `a  \n\n\n\n`\n");
    unchanged(Tsx, "const a = <b>  \n  c  \n</b>;\n");
    unchanged(Rust, "let a = 1; ");
}

#[test]
fn blank_lines_in_a_row_become_one() {
    check(
        Rust,
        "fn f() {}\n\n \n\nfn g() {}\n",
        "fn f() {}\n\nfn g() {}\n",
    );
    check(
        Go,
        "x := 1\r\n\r\n\r\ny := 2\r\n",
        "x := 1\r\n\r\ny := 2\r\n",
    );
    check(
        Python,
        "x = 1\n\n\n\n\ndef f():\n    a\n\n\n    b\n",
        "x = 1\n\n\ndef f():\n    a\n\n    b\n",
    );
    unchanged(Rust, "fn f() {}\n\nfn g() {}");
}

#[test]
fn needless_returns_go_where_no_temporary_is_left_behind() {
    check(
        Rust,
        "fn f(x: u8) -> u8 { return x; }",
        "fn f(x: u8) -> u8 { x }",
    );
    check(
        Rust,
        "fn f() -> u8 { g(); return Some(self.x.y(1, &z)) }",
        "fn f() -> u8 { g(); Some(self.x.y(1, &z)) }",
    );
    check(
        Rust,
        "fn f() -> u8 {\n    return a + b; // sum\n}",
        "fn f() -> u8 {\n    a + b // sum\n}",
    );
    check(
        Rust,
        "fn f() { g(|x| { return x; }) }",
        "fn f() { g(|x| { x }) }",
    );
    unchanged(Rust, "fn f() -> u8 { if a { return 1; } 2 }");
    unchanged(Rust, "fn f() { return; }");
    unchanged(Rust, "fn f() -> T { return self.a().b(); }");
    unchanged(Rust, "fn f() -> T { return *g(); }");
    unchanged(Rust, "fn f() -> bool { return g(&a) == h; }");
    unchanged(Rust, "fn f() -> u8 {\n    #[cfg(a)]\n    return 1;\n}");
    unchanged(Rust, "fn f() -> u8 { return /* why */ 1; }");
    unchanged(Rust, "m! { fn f() -> u8 { return 1; } }");
    unchanged(Go, "func f() int {\n\treturn 1\n}");
}

#[test]
fn comparisons_with_boolean_literals_go_where_the_type_is_seen() {
    check(
        Rust,
        "fn f(a: bool) { if a == true {} }",
        "fn f(a: bool) { if a {} }",
    );
    check(
        Rust,
        "fn f(a: bool) { if a == false {} }",
        "fn f(a: bool) { if !a {} }",
    );
    check(
        Rust,
        "fn f(a: bool) { let b = a != true && c; }",
        "fn f(a: bool) { let b = !a && c; }",
    );
    check(
        Rust,
        "fn f() { if x.is_empty() == false {} }",
        "fn f() { if !x.is_empty() {} }",
    );
    check(
        Rust,
        "fn f() { if (a < b) == false {} }",
        "fn f() { if !(a < b) {} }",
    );
    unchanged(Rust, "fn f(a: Value) { if a == true {} }");
    unchanged(Rust, "fn f() { if a == true {} }");
    unchanged(Rust, "fn f(a: bool) { let a = g(); if a == true {} }");
    unchanged(
        Rust,
        "fn f(a: bool) { if let Some(a) = g() { if a == true {} } }",
    );
    unchanged(Rust, "fn f(a: bool) { let A { a } = g(); if a == true {} }");
    unchanged(Rust, "fn f(a: bool) { g(|a| a == true) }");
    unchanged(Rust, "fn f(a: bool) { match g() { a => a == true } }");
    unchanged(Rust, "fn f(a: bool) { assert!(a == true) }");
    unchanged(Rust, "fn f(a: bool) { let s = \"a == true\"; }");
    unchanged(JavaScript, "if (a == true) {}");
}

#[test]
fn parentheses_around_a_whole_condition_go() {
    check(
        Rust,
        "fn f() { if (a) {} while ((a && b)) {} }",
        "fn f() { if a {} while a && b {} }",
    );
    check(Rust, "fn f() { if(a){} }", "fn f() { if a {} }");
    check(
        Go,
        "if (a) {\n}\nfor (a < b) {\n}\n",
        "if a {\n}\nfor a < b {\n}\n",
    );
    check(
        Python,
        "if (a):\n    pass\nelif(b == c):\n    pass\nwhile ((d)):\n    pass\n",
        "if a:\n    pass\nelif b == c:\n    pass\nwhile d:\n    pass\n",
    );
    check(
        JavaScript,
        "if ((a)) {}\nwhile (((a && b))) {}\n",
        "if (a) {}\nwhile (a && b) {}\n",
    );
    check(TypeScript, "do { f() } while ((a))", "do { f() } while (a)");
    unchanged(Rust, "fn f() { if (a) && (b) {} if (a == S { b: 1 }) {} }");
    unchanged(Go, "if (a == T{1}) {\n}\n");
    unchanged(Go, "if (a &&\n\tb) {\n}\n");
    unchanged(Python, "if (a and\n    b):\n    pass\n");
    unchanged(Python, "if (a, b):\n    pass\nif (a := b):\n    pass\n");
    unchanged(JavaScript, "while ((a = b())) {}\nif (a) {}\n");
    unchanged(Rust, "fn f() { if (/* b */ a) {} }");
}

#[test]
fn where_the_language_wants_parentheses_one_pair_stays() {
    check(
        Language::Java,
        "void f() { if ((a)) {} while (((b))) {} do {} while ((c)); }",
        "void f() { if (a) {} while (b) {} do {} while (c); }",
    );
    check(
        Language::C,
        "void f() { if ((a == b)) {} while (((b))); }",
        "void f() { if (a == b) {} while (b); }",
    );
    check(
        Language::Cpp,
        "void f() { if ((a)) {} while (((b))) {} }",
        "void f() { if (a) {} while (b) {} }",
    );
    check(
        Language::CSharp,
        "void F() { if ((a)) {} while (((b))) {} }",
        "void F() { if (a) {} while (b) {} }",
    );
    check(
        Language::Php,
        "if (($a)) {} elseif (((f($b)))) {} while (($c)) {}",
        "if ($a) {} elseif (f($b)) {} while ($c) {}",
    );
    check(
        Language::Php,
        "<?php if (($a)): ?>\n  <p>  \n\n\n</p>\n<?php endif;",
        "<?php if ($a): ?>\n  <p>  \n\n\n</p>\n<?php endif;",
    );
    unchanged(Language::Java, "void f() { while ((a = b)) {} if (a) {} }");
    unchanged(
        Language::C,
        "void f() { while ((a = b())) {} if ((a, b)) {} }",
    );
    unchanged(
        Language::Cpp,
        "void f() { if (int a = b; (a)) {} while ((a = b)) {} }",
    );
    unchanged(
        Language::CSharp,
        "void F() { while ((a = b)) {} if ((A)b) {} }",
    );
    unchanged(Language::Php, "while (($a = b())) {} if ($a) {}");
}

#[test]
fn where_the_language_wants_none_all_go() {
    check(
        Language::Lua,
        "if (a) then elseif(b and c) then end while ((d)) do end",
        "if a then elseif b and c then end while d do end",
    );
    check(
        Language::Ruby,
        "if (a)\n  b\nelsif (c == d)\nend\nunless ((e.f(1))) then g end",
        "if a\n  b\nelsif c == d\nend\nunless e.f(1) then g end",
    );
    unchanged(Language::Lua, "if (a or {}) then end repeat until (b)");
    unchanged(
        Language::Ruby,
        "if (a = b)\nend\nif (a b)\nend\nwhile (c) do end\nif (a do b end)\nend",
    );
    unchanged(Language::Ruby, "if (a\n    b)\nend");
}

#[test]
fn second_semicolons_go_where_they_are_statements() {
    for (language, before, after) in [
        (
            Language::Java,
            "void f() { a();; b(); }",
            "void f() { a(); b(); }",
        ),
        (
            Language::C,
            "void f() { int a;; b();; }",
            "void f() { int a; b(); }",
        ),
        (Language::Cpp, "void f() { a();; }", "void f() { a(); }"),
        (Language::CSharp, "void F() { A();; }", "void F() { A(); }"),
        (Language::Php, "a();; b();", "a(); b();"),
        (Language::Lua, "a();; b()", "a(); b()"),
    ] {
        check(language, before, after);
    }
    unchanged(
        Language::Java,
        "void f() { for (;;) ; while (a) ; if (b) ; }",
    );
    unchanged(Language::C, "void f() { for (;;); while (a); a: ; }");
    unchanged(Language::Cpp, "class A { };\nvoid f() { for (;;); }");
    unchanged(Language::Bash, "case a in b) ;; esac");
    unchanged(Language::Css, "a { b: url(\"c;;d\"); }");
}

#[test]
fn white_space_that_is_content_stays() {
    for (language, code) in [
        (
            Language::Java,
            "class A { String b = \"\"\"\n  c  \n\n\n\n  \"\"\"; }\n",
        ),
        (Language::C, "#define A(b)  \\\n  b  \n\n#define C 1  \n"),
        (Language::C, "char *a = \"b  \\\n\\\n\";\n"),
        (Language::Cpp, "auto a = R\"x(b  \n\n\n\n)x\";\n"),
        (
            Language::CSharp,
            "var a = @\"b  \n\n\n\n\";\nvar c = $\"\"\"\n  {d}  \n\n\n\n  \"\"\";\n",
        ),
        (Language::Ruby, "a = <<B\n\n\n\n  c  \n\n\n\nB\n"),
        (
            Language::Ruby,
            "a\n=begin  \n\n\n\n=end\n__END__\nb  \n\n\n\n",
        ),
        (Language::Php, "  \n\n\n\n<?php a(); ?>  \n\n\n\n"),
        (Language::Php, "$a = <<<B\n  c  \n\n\n\n  B;\n"),
        (Language::Bash, "a <<B\n\n\n\n  c  \n\n\n\nB\n"),
        (
            Language::Bash,
            "a <<B | c\n\n\n\nd  \nB\ne 'f  \n\n\n\n'\ng \\ \n",
        ),
        (Language::Lua, "a = [[b  \n\n\n\n]]\n"),
        (Language::Html, "<pre>a  \n\n\n\n</pre>  \n"),
        (Language::Toml, "a = \"\"\"b  \n\n\n\n\"\"\"\n"),
        (
            Language::Yaml,
            "a: |+\n  b  \n\n\n\nc: |\n  d\n     \ne: \"f\n\n\n  g\"\n",
        ),
        (Language::Css, "/* a  \n\n\n\n */\n"),
    ] {
        unchanged(language, code);
    }
    for (language, before, after) in [
        (Language::Bash, "a  \n\n\n\nb\n", "a\n\nb\n"),
        (
            Language::Php,
            "<?php\na();  \n\n\n\nb();\n",
            "<?php\na();\n\nb();\n",
        ),
        (
            Language::Css,
            "a {  \n  b: c;\n\n\n\n}\n",
            "a {\n  b: c;\n\n}\n",
        ),
        (Language::Json, "{  \r\n\r\n\r\n}\r\n", "{\r\n\r\n}\r\n"),
        (Language::Toml, "a = 1  \n\n\n\n[b]\n", "a = 1\n\n[b]\n"),
        (Language::Yaml, "a: b  \n\n\nc: d\n", "a: b\n\n\nc: d\n"),
    ] {
        check(language, before, after);
    }
}

#[test]
fn negated_membership_and_identity_are_put_in_order() {
    check(
        Python,
        "if not x in y:\n    pass\n",
        "if x not in y:\n    pass\n",
    );
    check(
        Python,
        "a = not b.c is None and d\n",
        "a = b.c is not None and d\n",
    );
    unchanged(Python, "a = not x in y in z\n");
    unchanged(Python, "a = not x == y\n");
    unchanged(Python, "a = not (x in y)\n");
    unchanged(Python, "a = 'not x in y'  # not x in y\n");
    unchanged(Python, "a = f'{not x in y}'\n");
}

#[test]
fn stray_semicolons_go() {
    check(
        Python,
        "x = 1;\nif a: b; \nc ; # d\n",
        "x = 1\nif a: b\nc # d\n",
    );
    unchanged(Python, "a; b\nc = ';'\nd;");
    check(JavaScript, "a();;\nb();\n", "a();\nb();\n");
    check(
        Rust,
        "fn f() { let a = 1;; g(); }",
        "fn f() { let a = 1; g(); }",
    );
    unchanged(JavaScript, "for (;;);\nwhile (a);\nif (a);\n");
    unchanged(Rust, "fn f() { if a { 1 } else { 2 }; }");
}

#[test]
fn repeated_field_names_and_unused_range_variables_go() {
    check(
        Rust,
        "fn f() { A { b: b, c: d, e } }",
        "fn f() { A { b, c: d, e } }",
    );
    unchanged(Rust, "fn f() { A { 0: b } }");
    check(
        Go,
        "for i, _ := range x {\n}\nfor _ = range y {\n}\n",
        "for i := range x {\n}\nfor range y {\n}\n",
    );
    unchanged(Go, "for _, v := range x {\n}\nfor i, v := range y {\n}\n");
}

#[test]
fn pieces_of_a_file_are_tidied_as_the_whole_is() {
    check(
        Python,
        "def f(self):\n        if (a):\n            b;\n",
        "def f(self):\n        if a:\n            b\n",
    );
    check(Python, "    if (a):\n        b\n", "    if a:\n        b\n");
    check(
        JavaScript,
        "get(a) {\n  if ((a)) {}\n}",
        "get(a) {\n  if (a) {}\n}",
    );
    check(Rust, "if (a) {}\nlet b = 1;\nb", "if a {}\nlet b = 1;\nb");
}

#[test]
fn code_with_errors_is_left_alone() {
    assert_eq!(tidy(Rust, "fn f( {  \n"), Outcome::Unparsable);
}

#[test]
fn an_answer_is_a_sentence_and_one_fence_longer_than_any_in_the_code() {
    let check = |info: &str, code: &str, expected: &str| {
        let range = Range {
            code,
            info: info.into(),
            file: None,
            lines: None,
            question: false,
        };
        assert_eq!(refactor(&range), expected);
    };
    check(
        "rust",
        "fn f() { if (a) {}\n\n\n if (b) {} }",
        "Tidied by Gloss's offline stand-in, mechanically and keeping what the code does: \
         2 pairs of needless parentheses removed and 1 surplus blank line removed.\n\n\
         ```rust\nfn f() { if a {}\n\n if b {} }\n```",
    );
    check(
        "js",
        "x = '```'",
        "Gloss's offline stand-in found nothing to tidy without risk, so the code is as it was.\n\n\
         ````js\nx = '```'\n````",
    );
    check(
        "",
        "a  \n",
        "Gloss's offline stand-in has no grammar for this language, so the text is as it was.\n\n\
         ```\na  \n\n```",
    );
}

#[test]
fn the_stand_ins_own_source_stays_what_it_is() {
    for code in [
        include_str!("../refactor.rs"),
        include_str!("../parse.rs"),
        include_str!("../facts.rs"),
    ] {
        unchanged(Rust, code);
    }
}

fn statement(language: Language) -> impl Strategy<Value = &'static str> {
    let statements: &[&str] = match language {
        Rust => &[
            "if (a) {}",
            "let x = S { y: y };",
            "while ((a)) { b();; }",
            "c(\"  \n\n\n\");",
            "// d  ",
            "",
            "  ",
            "fn f(a: bool) -> bool { if a == true {} return a; }",
        ],
        Go => &[
            "if (a) {\n}",
            "for _ = range x {\n}",
            "for i, _ := range x {\n}",
            "a = `  \n\n\n`",
            "",
            " ",
            "// d  ",
        ],
        Python => &[
            "if (a): b;",
            "a = not x in y",
            "c = '''  \n\n\n'''",
            "while ((a)): pass;  # x ",
            "",
            "  ",
            "d;",
        ],
        JavaScript | TypeScript | Tsx => &[
            "if ((a)) {}",
            "b();;",
            "c = `  \n\n\n`;",
            "while ((a = b())) {}",
            "",
            "  ",
            "// d  ",
        ],
        Language::Java => &[
            "void f() { if ((a)) {} while (((b))) { c();; } }",
            "String s = \"\"\"\n  a  \n\n\n\n  \"\"\";",
            "int d() { do { e(); } while ((f)); return 1; }",
            "",
            "  ",
            "// d  ",
            "/* e  \n\n\n */",
        ],
        Language::C => &[
            "void f() { if ((a)) {} while (((b))) { c();; } }",
            "#define M(x)  \\\n  ((x))  ",
            "char *s = \"a \\\n  \";",
            "",
            "  ",
            "// d  ",
            "/* e  \n\n\n */",
        ],
        Language::Cpp => &[
            "void f() { if ((a)) {} while (((b))) { c();; } }",
            "auto s = R\"x(a  \n\n\n\n)x\";",
            "template <class T> T g() { if ((a = b)) {} }",
            "",
            "  ",
            "// d  ",
        ],
        Language::CSharp => &[
            "class A { void F() { if ((a)) {} while (((b))) { C();; } } }",
            "class B { string s = @\"a  \n\n\n\n\"; }",
            "class C { string s = \"\"\"\n  a  \n\n\n\n  \"\"\"; }",
            "",
            "  ",
            "// d  ",
        ],
        Language::Ruby => &[
            "if (a)\n  b\nelsif (c)\n  d\nend",
            "x = <<~E\n\n\n\n  a  \nE",
            "y = 'a  \n\n\n'",
            "=begin  \n\n\n\n=end",
            "unless (a) then b end",
            "",
            "  ",
            "# d  ",
        ],
        Language::Php => &[
            "if (($a)) {} elseif ((($b))) { c();; }",
            "$s = <<<E\n  a  \n\n\n\n  E;",
            "$t = 'a  \n\n\n';",
            "",
            "  ",
            "// d  ",
            "# e  ",
        ],
        Language::Bash => &[
            "if [ a ]; then b; fi  ",
            "cat <<E\n\n\n\n  a  \nE",
            "x='a  \n\n\n'",
            "echo a \\ ",
            "",
            "  ",
            "# d  ",
        ],
        Language::Lua => &[
            "if (a) then b() elseif((c)) then end",
            "while (a and b) do c() end;;",
            "s = [[a  \n\n\n\n]]",
            "--[[ e  \n\n\n ]]",
            "",
            "  ",
            "-- d  ",
        ],
        Language::Json => &["// d  ", "", "  ", "/* e  \n\n\n */"],
        Language::Html => &["<p>a  \n\n\n b</p>", "<pre>  \n\n\n </pre>", "", "  "],
        Language::Css => &["a { b: c;  \n\n\n d: e }", "/* e  \n\n\n */", "", "  "],
        Language::Toml => &["# d  ", "[[a]]  ", "", "  "],
        Language::Yaml => &[
            "- |+\n  a  \n\n\n",
            "- b  ",
            "- \"a  \n\n\n  b\"",
            "",
            "# d  ",
        ],
    };
    prop::sample::select(statements.to_vec())
}

/// The strings, the comments and what else nothing may change in.
fn texts(language: Language, code: &str) -> Vec<String> {
    let parsed = parse::parse(language, code).unwrap();
    let nodes = parsed.nodes_unless(cleanups::is_closed);
    nodes
        .filter(|node| cleanups::is_closed(node.kind()))
        .map(|node| parsed.text(node).to_owned())
        .collect()
}

fn program() -> impl Strategy<Value = (Language, String)> {
    let newline = prop::sample::select(vec!["\n", "\r\n"]);
    let languages = prop::sample::select(Language::ALL.to_vec());
    (languages, newline).prop_flat_map(|(language, newline)| {
        prop::collection::vec(statement(language), 0..12).prop_map(move |lines| {
            let code = lines.iter().flat_map(|line| [*line, newline]);
            (language, code.collect())
        })
    })
}

proptest! {
    #[test]
    fn what_was_tidied_still_parses_and_has_nothing_left_to_tidy((language, code) in program()) {
        let once = tidied(language, &code);
        prop_assert!(parse::parse(language, &once).unwrap().is_clean());
        prop_assert_eq!(texts(language, &once), texts(language, &code));
        let Outcome::Tidied(twice, done) = tidy(language, &once) else { panic!("{once}") };
        prop_assert_eq!(&twice, &once);
        prop_assert!(done.is_empty(), "{:?}", done);
    }
}
