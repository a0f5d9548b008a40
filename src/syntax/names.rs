//! Which names a range of code uses, and so may be defined elsewhere.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use ropey::Rope;
use tree_sitter::{Node, TreeCursor};

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
        let mut walk = Walk {
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
        walk.all(&mut self.tree.walk(), range);
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
struct Step<'t> {
    kind: &'t str,
    field: Option<&'t str>,
    /// Whether a bare name in it is being declared.
    declares: bool,
}

struct Use {
    name: Name,
    /// It stands behind a dot or colons, where no local is meant.
    is_part: bool,
}

struct Walk<'a> {
    text: &'a Rope,
    uses: Vec<Use>,
    declared: HashSet<String>,
}

impl Walk<'_> {
    fn all<'t>(&mut self, cursor: &mut TreeCursor<'t>, range: &Range<usize>) {
        let mut above: Vec<Step<'t>> = Vec::new();
        loop {
            let node = cursor.node();
            let step = step(above.last(), node, cursor.field_name());
            let meets = node.start_byte() < range.end && range.start < node.end_byte();
            if meets {
                let inside = range.start <= node.start_byte() && node.end_byte() <= range.end;
                if inside && node.child_count() == 0 && is_name(node, above.last()) {
                    self.name(node, &step, &above);
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

    fn name(&mut self, node: Node, step: &Step, above: &[Step]) {
        let Some(text) = rope::slice(self.text, node.byte_range()) else {
            return;
        };
        // Rust's patterns name constants and variants as well.
        let declares = step.declares && !(step.field != Some("name") && begins_large(&text));
        if declares {
            self.declared.insert(text);
            return;
        }
        let (parent, around) = (above.last(), above.iter().rev().nth(1));
        let is_part = parent.is_some_and(|parent| is_part_of(parent, step));
        let place = if is_part { parent } else { Some(step) };
        let around = if is_part { around } else { parent };
        let role = if place
            .zip(around)
            .is_some_and(|(place, around)| is_called(place, around))
        {
            Role::Call
        } else if step.kind == "type_identifier"
            || place.and_then(|place| place.field) == Some("type")
            || around.is_some_and(|around| around.kind == "type")
        {
            Role::Type
        } else if matches!(step.kind, "property_identifier" | "field_identifier")
            || is_part && parent.is_some_and(|parent| !is_path(parent.kind))
        {
            Role::Field
        } else {
            Role::Value
        };
        let of = is_part.then(|| self.what_it_is_of(node)).flatten();
        self.uses.push(Use {
            name: Name { text, role, of },
            is_part,
        });
    }

    /// The last word before the dot or the colons in front of `node`.
    fn what_it_is_of(&self, node: Node) -> Option<String> {
        let mut owner = node.prev_named_sibling()?;
        while let Some(last) = ["name", "field", "attribute", "property"]
            .iter()
            .find_map(|field| owner.child_by_field_name(field))
        {
            owner = last;
        }
        let is_word = owner.child_count() == 0;
        is_word
            .then(|| rope::slice(self.text, owner.byte_range()))
            .flatten()
    }
}

fn step<'t>(parent: Option<&Step>, node: Node<'t>, field: Option<&'t str>) -> Step<'t> {
    Step {
        kind: node.kind(),
        field,
        declares: parent.is_some_and(|parent| declares(parent, node.kind(), field)),
    }
}

/// Whether what stands in this field of `parent` is a name that is being declared.
fn declares(parent: &Step, kind: &str, field: Option<&str>) -> bool {
    match (parent.kind, field) {
        ("pair_pattern", Some("value")) => parent.declares,
        ("pair_pattern", _) => false,
        // What a name is a part of, or what it is of, is there already.
        (_, Some("type" | "value" | "trait" | "default" | "right" | "path" | "condition")) => false,
        (around, _) if is_path(around) || is_access(around) || around.contains("call") => false,
        ("index_expression" | "subscript" | "subscript_expression", _) => false,
        ("field_pattern", Some("name")) => kind == "shorthand_field_identifier",
        (_, Some("pattern" | "declarator")) => true,
        ("as_pattern", Some("alias")) => true,
        (
            "variable_declarator"
            | "var_spec"
            | "const_spec"
            | "const_item"
            | "static_item"
            | "default_parameter"
            | "typed_default_parameter"
            | "parameter_declaration"
            | "variadic_parameter_declaration"
            | "formal_parameter"
            | "catch_formal_parameter"
            | "parameter"
            | "simple_parameter"
            | "named_expression"
            | "type_parameter"
            | "type_parameter_declaration"
            | "enum_variant"
            | "field_declaration"
            | "enhanced_for_statement"
            | "labeled_statement",
            Some("name"),
        ) => true,
        (
            "assignment"
            | "short_var_declaration"
            | "range_clause"
            | "for_statement"
            | "for_in_clause"
            | "for_in_statement"
            | "for_each_statement"
            | "constrained_type_parameter",
            Some("left"),
        ) => true,
        ("arrow_function" | "catch_clause", Some("parameter" | "parameters")) => true,
        (
            "parameters" | "lambda_parameters" | "closure_parameters" | "formal_parameters"
            | "method_parameters" | "block_parameters" | "typed_parameter" | "type_parameters",
            None,
        ) => true,
        _ => parent.declares,
    }
}

fn is_name(node: Node, parent: Option<&Step>) -> bool {
    let within = |kind: &str| parent.is_some_and(|parent| parent.kind == kind);
    if !node.is_named() || within("keyword_argument") && node.next_sibling().is_some() {
        return false;
    }
    match node.kind() {
        "identifier"
        | "type_identifier"
        | "field_identifier"
        | "property_identifier"
        | "private_property_identifier"
        | "shorthand_property_identifier"
        | "shorthand_property_identifier_pattern"
        | "shorthand_field_identifier"
        | "constant" => true,
        "name" => !within("variable_name"),
        "word" => within("command_name"),
        _ => false,
    }
}

/// `a` and `b` of `a::b`.
fn is_path(kind: &str) -> bool {
    matches!(
        kind,
        "scoped_identifier"
            | "scoped_type_identifier"
            | "qualified_identifier"
            | "qualified_type"
            | "qualified_name"
            | "nested_identifier"
            | "nested_type_identifier"
            | "scope_resolution"
    )
}

/// `a` and `b` of `a.b`.
fn is_access(kind: &str) -> bool {
    matches!(
        kind,
        "attribute"
            | "member_expression"
            | "field_expression"
            | "selector_expression"
            | "field_access"
            | "member_access_expression"
            | "dot_index_expression"
            | "method_index_expression"
            | "method_invocation"
            | "member_call_expression"
            | "scoped_call_expression"
    )
}

/// Whether a node is the last part of a path or an access.
fn is_part_of(parent: &Step, step: &Step) -> bool {
    let is_last = matches!(
        step.field,
        Some("attribute" | "property" | "field" | "name" | "method")
    );
    is_last && (is_path(parent.kind) || is_access(parent.kind))
        || parent.kind == "call" && step.field == Some("method")
}

fn is_called(place: &Step, around: &Step) -> bool {
    let is_callee = matches!(
        place.field,
        Some("function" | "macro" | "constructor" | "method" | "name" | "type")
    );
    let calls = around.kind.contains("call")
        || around.kind.contains("invocation")
        || around.kind.starts_with("jsx_")
        || matches!(
            around.kind,
            "new_expression"
                | "object_creation_expression"
                | "generic_function"
                | "decorator"
                | "command"
        );
    let is_invoked_itself = matches!(place.kind, "method_invocation" | "member_call_expression");
    (is_callee || around.kind == "decorator") && calls || is_invoked_itself
}

fn begins_large(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::Language;

    /// The names used between `«` and `»`, else in all of the text, each with its role's first
    /// letter: `c:area t:Square`.
    fn check(language: Language, text: &str, expected: &str) {
        let start = text.find('«').unwrap_or(0);
        let text = text.replace('«', "");
        let end = text.find('»').unwrap_or(text.len());
        let rope = Rope::from_str(&text.replace('»', ""));
        let syntax = Syntax::parse(language, &rope).unwrap();
        let used = syntax.names_used(&rope, &(start..end));
        let used: Vec<_> = used
            .iter()
            .map(|name| {
                let of = name
                    .of
                    .as_ref()
                    .map_or(String::new(), |of| format!("{of}."));
                let letter = format!("{:?}", name.role).to_lowercase();
                format!("{}:{of}{}", &letter[..1], name.text)
            })
            .collect();
        assert_eq!(used.join(" "), expected, "{text}");
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
    fn without_a_grammar_all_words_count() {
        let used: Vec<_> = words("fn größe(ab, _cd_1) = größe + 12345")
            .into_iter()
            .map(|name| name.text)
            .collect();
        assert_eq!(used, ["größe", "_cd_1"]);
    }
}
