//! Which names a range of code uses, and so may be defined elsewhere.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use ropey::Rope;
use tree_sitter::{Node, TreeCursor};

use super::grammar::{Binding, Naming, Rules};
use super::{SymbolKind, Syntax, rope};

/// How a name is used, by what its definition tells a reader, the most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It is called, or a macro.
    Call,
    Type,
    /// A constant, a function handed on, a module.
    Value,
    /// A part of something else, as `b` in `a.b`.
    Field,
}

/// A name that a range uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub text: String,
    pub role: Role,
    /// What stands before it: `Square` in `Square::area`, `self` in `self.area`.
    pub of: Option<String>,
}

/// More than the definitions of anybody's prompt.
const MOST: usize = 300;

impl Syntax {
    /// The names that `range` uses and does not declare itself, in the order of their first use,
    /// each once. Strings, comments and keywords are none; locals and parameters that a tree
    /// shows to be such are declared in the range.
    ///
    /// `text` is the one that was parsed.
    pub fn names_used(&self, text: &Rope, range: &Range<usize>) -> Vec<Name> {
        let naming = &Rules::of(self.language()).naming;
        if !naming.has_names() {
            return Vec::new();
        }
        let mut walk = Walk {
            naming,
            text,
            uses: Vec::new(),
            declared: HashSet::new(),
        };
        for symbol in self.symbols() {
            if range.start <= symbol.name_range.start && symbol.name_range.end <= range.end {
                walk.declared.insert(symbol.name.clone());
            }
        }
        let own = walk.declared.clone();
        walk.all(&mut self.parsed.tree.walk(), range);
        let is_foreign = |used: &Use| {
            let is_local = !used.is_part && walk.declared.contains(&used.name.text);
            !is_local && !own.contains(&used.name.text)
        };
        let foreign = walk.uses.into_iter().filter(is_foreign);
        each_once(foreign.map(|used| used.name))
    }

    /// The name of the type whose methods `range` is among: what `self` is there.
    pub fn type_around(&self, range: &Range<usize>) -> Option<&str> {
        let types = self.symbols().iter().rev().filter(|symbol| {
            use SymbolKind as Kind;
            matches!(
                symbol.kind,
                Kind::Class
                    | Kind::Struct
                    | Kind::Enum
                    | Kind::Interface
                    | Kind::Trait
                    | Kind::Impl
            )
        });
        let mut around = types
            .filter(|symbol| symbol.range.start <= range.start && range.end <= symbol.range.end);
        around.next().map(|symbol| &*symbol.name)
    }
}

/// The words of a text without a grammar, in the order of their first use, each once.
pub fn words(text: &str) -> Vec<Name> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let words = text.split(|c| !is_part(c)).filter(|word| {
        word.chars().nth(2).is_some() && !word.starts_with(|c: char| c.is_numeric())
    });
    each_once(words.map(|word| Name {
        text: word.to_owned(),
        role: Role::Value,
        of: None,
    }))
}

fn each_once(uses: impl Iterator<Item = Name>) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for used in uses {
        let known_at = known.get(&used.text).and_then(|at| names.get_mut(*at));
        if let Some(name) = known_at {
            name.role = name.role.min(used.role);
            name.of = name.of.take().or(used.of);
        } else if names.len() < MOST {
            known.insert(used.text.clone(), names.len());
            names.push(used);
        }
    }
    names
}

/// A node on the way down to the current one.
#[derive(Clone, Copy)]
struct Step<'t> {
    node: Node<'t>,
    /// Its field in the node around it, or nothing.
    field: &'t str,
    /// What becomes of a bare name in it.
    binding: Binding,
}

struct Use {
    name: Name,
    /// It stands behind a dot or colons, where no local is meant.
    is_part: bool,
}

struct Walk<'a> {
    naming: &'static Naming,
    text: &'a Rope,
    uses: Vec<Use>,
    declared: HashSet<String>,
}

impl Walk<'_> {
    fn all<'t>(&mut self, cursor: &mut TreeCursor<'t>, range: &Range<usize>) {
        let mut above: Vec<Step<'t>> = Vec::new();
        loop {
            let step = self.step(above.last(), cursor);
            let node = step.node;
            let meets = node.start_byte() < range.end && range.start < node.end_byte();
            if meets {
                let inside = range.start <= node.start_byte() && node.end_byte() <= range.end;
                if inside && node.child_count() == 0 {
                    self.leaf(step, &above);
                }
                above.push(step);
                if cursor.goto_first_child() {
                    continue;
                }
                above.pop();
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
                above.pop();
            }
        }
    }

    fn step<'t>(&self, parent: Option<&Step<'t>>, cursor: &TreeCursor<'t>) -> Step<'t> {
        let field = cursor.field_name().unwrap_or_default();
        let binding = parent.map_or(Binding::Used, |parent| {
            let around = parent.node.kind();
            self.naming.binding(around, field, parent.binding)
        });
        Step {
            node: cursor.node(),
            field,
            binding,
        }
    }

    fn leaf(&mut self, leaf: Step, above: &[Step]) {
        let around = above.last().map_or("", |parent| parent.node.kind());
        if !self.naming.is_name(leaf.node, around, leaf.field) {
            return;
        }
        let Some(text) = rope::slice(self.text, leaf.node.byte_range()) else {
            return;
        };
        // The shell's `$1`.
        if text.starts_with(char::is_numeric) {
            return;
        }
        let is_declared = match leaf.binding {
            Binding::Used => false,
            Binding::Declared => true,
            Binding::Pattern => leaf.field == "name" || !begins_large(&text),
        };
        if is_declared {
            self.declared.insert(text);
        } else {
            let used = self.used(text, leaf, above);
            self.uses.push(used);
        }
    }

    fn used(&self, text: String, leaf: Step, above: &[Step]) -> Use {
        let naming = self.naming;
        // What is a name with type arguments stands where the name alone would.
        let mut above = above.iter().rev().peekable();
        let mut name = leaf;
        while let Some(wrapper) = above.next_if(|step| naming.is_wrapper(step.node.kind())) {
            name = *wrapper;
        }
        let parent = above.next();
        let around = parent.map_or("", |parent| parent.node.kind());
        let first = parent.and_then(|parent| parent.node.child(0));
        let is_last = first.is_some_and(|first| first != name.node);
        let is_access = is_last && naming.is_access(around, name.field);
        let is_part = is_access || is_last && naming.is_path(around, name.field);
        let (whole, beyond) = match parent.filter(|_| is_part) {
            Some(parent) => (*parent, above.next().map_or("", |step| step.node.kind())),
            None => (name, around),
        };
        let is_called =
            naming.is_called(around, name.field) || naming.is_called(beyond, whole.field);
        let role = if is_called {
            Role::Call
        } else if leaf.node.kind() == "type_identifier" || naming.is_type(beyond, whole.field) {
            Role::Type
        } else if is_access || is_member(leaf.node.kind()) {
            Role::Field
        } else {
            Role::Value
        };
        let of = parent.filter(|_| is_part);
        let of = of.and_then(|parent| self.what_it_is_of(name.node, parent.node));
        Use {
            name: Name { text, role, of },
            is_part,
        }
    }

    /// The last word before the dot or the colons in front of `node`, a child of `parent`.
    fn what_it_is_of(&self, node: Node, parent: Node) -> Option<String> {
        let mut cursor = parent.walk();
        let before = parent.children(&mut cursor);
        let before = before.take_while(|before| *before != node);
        let is_word = |text: &String| {
            let mut chars = text.chars();
            chars.all(|c| c.is_alphanumeric() || c == '_' || c == '$')
        };
        let owners = before.filter(|node| node.is_named() || node.kind() == "this");
        let mut owner = owners.last()?;
        while let Some(last) = ["name", "field", "attribute", "property"]
            .iter()
            .find_map(|field| owner.child_by_field_name(field))
        {
            owner = last;
        }
        rope::slice(self.text, owner.byte_range()).filter(is_word)
    }
}

/// Leaves that say themselves that they name a part of something.
fn is_member(kind: &str) -> bool {
    matches!(kind, "property_identifier" | "field_identifier")
}

fn begins_large(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::Language;
    use crate::syntax::grammar::testing;

    fn check(language: Language, marked: &str, expected: &str) {
        assert_eq!(testing::names(language, marked), expected, "{marked}");
    }

    #[test]
    fn calls_types_values_and_fields_are_told_apart() {
        check(
            Language::Rust,
            "fn a(b: &Bee, mut c: u8) -> Out<Inner> {\n    // quiet\n    let d = Dee::new(b, LIMIT);\n    let Some(e) = d.find(\"word\") else { return e() };\n    for f in b.field.iter() { warn!(\"{}\", f) }\n    match d { Kind::One => g::<Tee>(c), other => other, MAX => h.0 }\n}\n",
            "t:Bee t:Out t:Inner v:Dee c:Dee.new v:LIMIT t:Some c:d.find f:b.field c:field.iter c:warn v:Kind v:Kind.One c:g t:Tee v:MAX v:h",
        );
        check(
            Language::Python,
            "@deco\ndef a(self, b: Bee = LIMIT, *c):\n    # quiet\n    d, e = self.find(b, key=f)\n    with open(d) as g:\n        for h in g.lines: print(f\"{h} {i()}\", kind.One)\n    return [j for j in e if k(j)]\n",
            "c:deco t:Bee v:LIMIT c:self.find v:f c:open f:g.lines c:print c:i v:kind f:kind.One c:k",
        );
        check(
            Language::TypeScript,
            "function a<T>({ b, c: d }: Props, e = LIMIT): Out<T> {\n  const f = new Dee(b);\n  try { for (const g of e.list) h.push(g => d); } catch (i) { j(i) }\n  return { f, k: l };\n}\n",
            "f:c t:Props v:LIMIT t:Out c:Dee f:e.list v:h c:h.push c:j f:k v:l",
        );
        check(
            Language::Go,
            "package p\n\n«func (s *Square) area(b int, c pkg.Out) (d error) {\n\te, err := s.find(b)\n\tfor i, f := range LIST { call(f, i, e) }\n\treturn &Bee{Field: MAX}\n}\n»",
            "t:Square t:int t:pkg.Out t:error c:s.find v:LIST c:call t:Bee v:Field v:MAX",
        );
    }

    #[test]
    fn only_what_is_used_in_the_range_counts() {
        check(
            Language::Rust,
            "use x::y;\nfn a() { b() }\n«fn c() { d(c); fn e() {} e() }»\nfn f() { g() }\n",
            "c:d",
        );
        check(Language::Rust, "fn a() { let b = c().b(); b }", "c:c c:b");
    }

    #[test]
    fn what_defines_nothing_names_nothing() {
        for (language, text) in [
            (Language::Json, "{\"a\": [true]}"),
            (Language::Html, "<p class=\"a\">b</p>"),
            (Language::Css, "a { b: var(--c) }"),
            (Language::Toml, "a = 1\n"),
            (Language::Yaml, "a: *b\n"),
        ] {
            check(language, text, "");
        }
    }

    #[test]
    fn without_a_grammar_all_words_count() {
        let used: Vec<_> = words("fn größe(ab, _cd_1) = größe + 12345")
            .into_iter()
            .map(|name| name.text)
            .collect();
        assert_eq!(used, ["größe", "_cd_1"]);
    }
}
