//! What a symbol is called from the outermost one down to it, so that it is found again in another text.

use std::collections::HashMap;

use super::Syntax;

/// A symbol by what is around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SymbolPath {
    /// Kinds and names from the outermost symbol inwards: `impl Basket/method total`.
    pub names: String,
    /// Which one it is of those that are called so, counted from 0 in the order of the text.
    pub nth: u32,
}

impl Syntax {
    /// The path of each symbol, in the order of [`Syntax::symbols`].
    pub fn paths(&self) -> Vec<SymbolPath> {
        let mut around: Vec<String> = Vec::new();
        let mut seen: HashMap<String, u32> = HashMap::new();
        let paths = self.symbols().iter().map(|symbol| {
            around.truncate(symbol.depth);
            let own = format!("{} {}", symbol.kind.word(), symbol.name);
            let names = match around.last() {
                // As deep as a hostile text likes, and each path holds those before it.
                Some(outer) if outer.len() < MOST_BYTES => format!("{outer}/{own}"),
                _ => own,
            };
            around.push(names.clone());
            let count = seen.entry(names.clone()).or_default();
            let nth = *count;
            *count += 1;
            SymbolPath { names, nth }
        });
        paths.collect()
    }
}

/// Longer paths begin anew.
const MOST_BYTES: usize = 1_000;

#[cfg(test)]
mod tests {
    use ropey::Rope;

    use crate::syntax::{Language, Syntax};

    #[test]
    fn a_path_names_what_is_around_and_tells_those_of_one_name_apart() {
        let check = |language, text: &str, expected: &[(&str, u32)]| {
            let syntax = Syntax::parse(language, &Rope::from_str(text)).unwrap();
            let paths = syntax.paths();
            let found: Vec<_> = paths
                .iter()
                .map(|path| (path.names.as_str(), path.nth))
                .collect();
            assert_eq!(found, expected, "{text}");
        };
        check(
            Language::Rust,
            "mod m { struct A; impl A { fn b() { fn c() {} } }\nimpl A { fn b() {} } }\nfn c() {}",
            &[
                ("module m", 0),
                ("module m/struct A", 0),
                ("module m/impl A", 0),
                ("module m/impl A/method b", 0),
                ("module m/impl A/method b/function c", 0),
                ("module m/impl A", 1),
                ("module m/impl A/method b", 1),
                ("function c", 0),
            ],
        );
        check(
            Language::Java,
            "class A { void b() {} void b(int c) {} }",
            &[
                ("class A", 0),
                ("class A/method b", 0),
                ("class A/method b", 1),
            ],
        );
        let deep = format!("{}{}", "mod aaaaaaaaaa {\n".repeat(300), "}".repeat(300));
        let syntax = Syntax::parse(Language::Rust, &Rope::from_str(&deep)).unwrap();
        assert!(syntax.paths().iter().all(|path| path.names.len() < 1_100));
    }
}
