//! Where in a text names seem to be defined, by a look at its lines; a parse of these tells more.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::syntax::Language;

/// How sure a line is of defining a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sureness {
    /// A word such as `fn` or `class` stands before it.
    Said,
    /// Its line is shaped like a definition.
    Shaped,
}

/// A place that seems to define a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// The name's place in the list of names.
    pub name: usize,
    /// The byte where it stands.
    pub at: usize,
    pub sureness: Sureness,
}

/// Looks for many names at once.
pub(super) struct Finder {
    names: AhoCorasick,
}

impl Finder {
    pub(super) fn of(names: &[&str]) -> Option<Self> {
        let names = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(names);
        names.ok().map(|names| Self { names })
    }

    /// The places in `text` that seem to define one of the names.
    pub(super) fn spots<'a>(
        &'a self,
        text: &'a str,
        language: Language,
    ) -> impl Iterator<Item = Spot> + 'a {
        let bytes = text.as_bytes();
        self.names.find_iter(text).filter_map(move |found| {
            let is_within_word = |at: Option<usize>| {
                let byte = at.and_then(|at| bytes.get(at));
                byte.is_some_and(|byte| is_of_word(*byte))
            };
            if is_within_word(found.start().checked_sub(1)) || is_within_word(Some(found.end())) {
                return None;
            }
            let (before, after) = line_around(text, found.range())?;
            Some(Spot {
                name: found.pattern().as_usize(),
                at: found.start(),
                sureness: sureness(before, after, language)?,
            })
        })
    }
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// What stands on the line before the name, and after it.
fn line_around(text: &str, name: Range<usize>) -> Option<(&str, &str)> {
    let (head, tail) = (text.get(..name.start)?, text.get(name.end..)?);
    let before = head
        .rfind('\n')
        .map_or(Some(head), |end| head.get(end + 1..))?;
    let after = tail.find('\n').map_or(Some(tail), |end| tail.get(..end))?;
    Some((before, after.trim_end()))
}

/// Words that stand right before the name that they define.
const SAYING: &[&str] = &[
    "fn",
    "def",
    "class",
    "struct",
    "enum",
    "trait",
    "type",
    "interface",
    "function",
    "function*",
    "func",
    "macro_rules!",
    "union",
    "record",
    "object",
    "#define",
    "sub",
    "fun",
    "protocol",
    "@interface",
];

/// Words that do as much, but for locals too.
const BINDING: &[&str] = &["const", "static", "let", "var", "val", "mut"];

/// Words that begin a statement that defines nothing.
const USING: &[&str] = &[
    "return", "new", "await", "throw", "else", "yield", "case", "if", "while", "for", "in", "of",
    "not", "and", "or", "go", "goto", "defer", "delete", "import", "package", "from", "use",
    "raise", "assert", "print", "del", "match", "switch", "impl",
];

fn sureness(before: &str, after: &str, language: Language) -> Option<Sureness> {
    let said = before.trim();
    let after = after.trim_start();
    let is_indented = before.starts_with([' ', '\t']);
    let mut words = said.split_whitespace();
    let last = words.clone().next_back().unwrap_or_default();
    if SAYING.contains(&last) || says_by_shape(said) {
        return Some(Sureness::Said);
    }
    if BINDING.contains(&last) {
        let is_local = is_indented && last == "let";
        let sureness = if is_indented {
            Sureness::Shaped
        } else {
            Sureness::Said
        };
        return (!is_local).then_some(sureness);
    }
    if assigns(after) && said.is_empty() && !is_indented {
        return Some(Sureness::Said);
    }
    let begins_with = words.next().unwrap_or_default();
    if begins_with == "typedef" {
        return Some(Sureness::Shaped);
    }
    let is_head = said
        .chars()
        .all(|c| c.is_alphanumeric() || " \t_*&<>[],.:@?~#$".contains(c))
        && !said.split_whitespace().any(|word| USING.contains(&word));
    let is_shaped = is_head && is_like_definition(said, after, is_indented)
        || has_typed_variables(language)
            && (is_head || said == "}")
            && is_like_variable(said, after);
    is_shaped.then_some(Sureness::Shaped)
}

/// Whether what stands before a name says that it is defined there, though not by its last word.
fn says_by_shape(said: &str) -> bool {
    // Lua's functions in tables, and Ruby's methods of classes: `function M.`, `def self.`.
    let is_owner = |owner: &str| owner.ends_with(['.', ':']) && !owner.contains(['(', ' ']);
    let owner = said
        .strip_prefix("function ")
        .or_else(|| said.strip_prefix("def "));
    owner.is_some_and(is_owner)
        // Go's methods.
        || said.starts_with("func (") && said.ends_with(')')
        // Ruby's attributes.
        || said.starts_with("attr_") && said.ends_with(':')
        // Too common in prose to count anywhere else than at the start of a line.
        || matches!(said, "module" | "local" | "define('" | "define(\"")
}

fn assigns(after: &str) -> bool {
    after.starts_with('=') && !after.starts_with("==") && !after.starts_with("=>")
}

/// Whether a line that may be the head of a definition looks like one.
fn is_like_definition(said: &str, after: &str, is_indented: bool) -> bool {
    let opens = after.starts_with(['(', '<']);
    let is_typed = !said.is_empty() && !said.ends_with(['.', ',']);
    assigns(after)
        || opens && !said.ends_with('.') && (after.ends_with(['{', ',', '(']) || is_typed)
        || after.starts_with(':') && !after.starts_with("::")
        || after.is_empty() && said.is_empty() && is_indented
}

/// Languages in which a type before a name is all that says that the name is defined.
fn has_typed_variables(language: Language) -> bool {
    matches!(
        language,
        Language::C | Language::Cpp | Language::CSharp | Language::Java
    )
}

/// `Type name;`, `Type name[3]`, `Type Name { get; }`, `Type Name => …`; `} name;` at a typedef's
/// end, and `NAME,` among the constants of an enum.
fn is_like_variable(said: &str, after: &str) -> bool {
    if said.is_empty() {
        return after == ",";
    }
    !said.ends_with(['.', ',', ':', '<'])
        && (after.starts_with([';', '[', '{']) || after.starts_with("=>"))
}

/// The lines around a byte that stand on their own: from the nearest line above that is not
/// indented, with the comments above that, to the next one below that begins something else.
pub(super) fn item_around(text: &str, at: usize) -> Range<usize> {
    let line_start = |at: usize| {
        let head = text.get(..at).unwrap_or_default();
        head.rfind('\n').map_or(0, |end| end + 1)
    };
    let line_at = |start: usize| {
        let rest = text.get(start..).unwrap_or_default();
        rest.lines().next().unwrap_or_default()
    };
    let mut start = line_start(at);
    while start > 0 && !begins_item(line_at(start)) {
        start = line_start(start - 1);
    }
    let mut head = start;
    while head > 0 {
        let above = line_start(head - 1);
        let line = line_at(above);
        let is_of_comment = line.starts_with(" *");
        if line.trim().is_empty() || !(begins_item(line) || is_of_comment) {
            break;
        }
        head = above;
    }
    let mut end = text.len();
    let mut next = at;
    while let Some(line_end) = text.get(next..).and_then(|rest| rest.find('\n')) {
        next += line_end + 1;
        if next < text.len() && begins_item(line_at(next)) && next > at {
            end = next;
            break;
        }
    }
    head..end
}

/// Whether a line begins something: it is not indented, and goes on with nothing from above.
fn begins_item(line: &str) -> bool {
    let continues = |c: char| c.is_whitespace() || "}])>{".contains(c);
    !line.is_empty() && !line.starts_with(continues) && !line.starts_with("where")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_in(language: Language, line: &str, expected: Option<Sureness>) {
        let text = format!("first\n{line}\nlast");
        let finder = Finder::of(&["name"]).unwrap();
        let mut found = finder.spots(&text, language).map(|spot| spot.sureness);
        assert_eq!(found.next(), expected, "{line}");
    }

    #[test]
    fn lines_that_define_are_told_from_those_that_use() {
        let check = |line: &str, expected: Option<Sureness>| {
            check_in(Language::Rust, line, expected);
        };
        for line in [
            "pub(crate) async fn name<T>(",
            "    def name(self):",
            "class name:",
            "export default function* name() {",
            "func (s *Square) name() int {",
            "macro_rules! name {",
            "const name = 1;",
            "static name: u8 = 1;",
            "name = 1",
            "#define name(x) x",
        ] {
            check(line, Some(Sureness::Said));
        }
        for line in [
            "    pub const name: u8 = 1;",
            "  name(a, b) {",
            "  static async name(a) {",
            "    public List<String> name(int a) {",
            "int *name(void)",
            "exports.name = function () {",
            "\tname = iota",
            "\tname",
            "  name: function () {",
        ] {
            check(line, Some(Sureness::Shaped));
        }
        for line in [
            "    name(a);",
            "    return name(a) {",
            "    let name = 1;",
            "    if name == 1 {",
            "    a(name);",
            "    a.name(",
            "use a::name;",
            "from a import name",
            "fn names() {}",
            "fn my_name() {}",
            "// the name of it",
        ] {
            check(line, None);
        }
    }

    #[test]
    fn each_language_says_in_its_own_way_that_it_defines() {
        use Language::{Bash, C, CSharp, Cpp, Java, Lua, Php, Python, Ruby};
        use Sureness::{Said, Shaped};
        for (language, line, expected) in [
            (Bash, "name() {", Some(Shaped)),
            (Bash, "readonly name=1", Some(Shaped)),
            (Bash, "name \"$a\"", None),
            (C, "int name(int a);", Some(Shaped)),
            (C, "typedef int (*name)(int);", Some(Shaped)),
            (C, "} name;", Some(Shaped)),
            (C, "extern int name;", Some(Shaped)),
            (C, "static char name[] = \"a\";", Some(Shaped)),
            (C, "    name,", Some(Shaped)),
            (C, "    goto name;", None),
            (C, "    return name;", None),
            (C, "    f(a, name);", None),
            (Cpp, "int Square::name(int a) const {", Some(Shaped)),
            (Cpp, "class EXPORT name : public A {", Some(Shaped)),
            (Cpp, "using name = int;", Some(Shaped)),
            (CSharp, "    public int name { get; set; }", Some(Shaped)),
            (CSharp, "    public int name => 1;", Some(Shaped)),
            (CSharp, "    var a = new name {", None),
            (Java, "    private Helper name;", Some(Shaped)),
            (Java, "public @interface name {", Some(Said)),
            (Lua, "function M.name(a)", Some(Said)),
            (Lua, "function M:name(a)", Some(Said)),
            (Lua, "local function name(a)", Some(Said)),
            (Lua, "local name, other = 1, 2", Some(Said)),
            (Lua, "M.name = 1", Some(Shaped)),
            (Php, "define('name', 1);", Some(Said)),
            (Php, "    public static function name(", Some(Said)),
            (Python, "    def f(self, a: name) -> None:", None),
            (Python, "        name,", None),
            (Ruby, "  def self.name(a)", Some(Said)),
            (Ruby, "  attr_reader :other, :name", Some(Said)),
            (Ruby, "module name", Some(Said)),
            (Ruby, "# the module name", None),
        ] {
            check_in(language, line, expected);
        }
    }

    #[test]
    fn an_item_is_cut_out_with_what_stands_above_it() {
        let check = |text: &str, expected: &str| {
            let at = text.find("name").unwrap();
            assert_eq!(&text[item_around(text, at)], expected, "{text}");
        };
        check(
            "fn a() {\n}\n\n/// Doc.\n#[b]\nfn name()\nwhere\n    T: U,\n{\n    c\n}\n\nfn d() {}\n",
            "/// Doc.\n#[b]\nfn name()\nwhere\n    T: U,\n{\n    c\n}\n\n",
        );
        check(
            "import x\n\nclass A:\n    y = 1\n\n    def name(self):\n        pass\n\ndef b():\n",
            "class A:\n    y = 1\n\n    def name(self):\n        pass\n\n",
        );
        check(
            "/**\n * Doc.\n */\nfunction name() {}\n",
            "/**\n * Doc.\n */\nfunction name() {}\n",
        );
        check("name", "name");
        check("}\nname = 1", "name = 1");
    }
}
