//! What there is to know of each grammar's nodes, a file a family of languages: which declare
//! something by name, which are attributes, which import.

mod bash;
mod c;
mod csharp;
mod data;
mod go;
mod java;
mod javascript;
mod lua;
mod naming;
mod php;
mod python;
mod ruby;
mod rust;
#[cfg(test)]
pub(super) mod testing;

use std::ops::Range;

use ropey::Rope;
use tree_sitter::Node;

use naming::NO_NAMES;
pub(super) use naming::{Binding, Naming};

use super::symbol::is_comment;
use super::{Language, SymbolKind};

/// What a node declares.
pub(super) struct Declaration {
    pub kind: SymbolKind,
    pub name: Range<usize>,
    /// The byte at which the body starts, where there is one.
    pub body: Option<usize>,
    /// Where a second name starts that what is declared has for itself, as `g` in
    /// `f = function g() {}`.
    pub own_name: Option<usize>,
    /// Whether a semicolon directly behind its node belongs to the item.
    pub takes_semicolon: bool,
}

/// What the nodes of one grammar mean. Kinds of nodes have the same name in several grammars and
/// another meaning in each, so nothing is asked of a node without its language.
pub(super) struct Rules {
    /// What a node declares itself.
    declared: fn(Node<'_>) -> Option<Declaration>,
    /// What stands inside a node that adds nothing but words around one declaration.
    unwrapped: for<'t> fn(Node<'t>) -> Option<Node<'t>>,
    /// Whether a node is an attribute, an annotation or a decorator.
    pub is_attribute: fn(Node<'_>) -> bool,
    /// Whether a node brings something in from elsewhere, or says where the file belongs.
    pub is_import: fn(Node<'_>, &Rope) -> bool,
    /// Whether imports may stand in a node of this kind: conditions, include guards.
    pub holds_imports: fn(&str) -> bool,
    /// How names are used and declared.
    pub naming: Naming,
    /// Tells the names of the constants, variables and fields that a node declares.
    pub constants: for<'t> fn(Node<'t>, &Rope, &mut dyn FnMut(Node<'t>)),
    /// Whether a module may have methods of its own, as a type has.
    pub modules_have_methods: bool,
    /// Whether a function without a body is announced where it stands directly in a node of this
    /// kind.
    pub announces_in: fn(&str) -> bool,
    /// Whether constants that are not local to a function may stand in a node of this kind.
    pub holds_constants: fn(&str) -> bool,
}

impl Rules {
    pub fn of(language: Language) -> &'static Self {
        match language {
            Language::Bash => &bash::RULES,
            Language::C | Language::Cpp => &c::RULES,
            Language::CSharp => &csharp::RULES,
            Language::Css | Language::Html | Language::Json | Language::Toml | Language::Yaml => {
                &data::RULES
            }
            Language::Go => &go::RULES,
            Language::Java => &java::RULES,
            Language::JavaScript | Language::Tsx | Language::TypeScript => &javascript::RULES,
            Language::Lua => &lua::RULES,
            Language::Php => &php::RULES,
            Language::Python => &python::RULES,
            Language::Ruby => &ruby::RULES,
            Language::Rust => &rust::RULES,
        }
    }

    /// What `node`, which stands in a node of the kind `around`, declares itself or through what
    /// it wraps: `export`, decorators, `const`.
    ///
    /// It looks at what is in the node alone: each way from a node to its parent or to a sibling
    /// begins at the root of the tree.
    pub fn declaration(&self, node: Node, around: &str) -> Option<Declaration> {
        let mut wrapper = Some(node);
        for _ in 0..MOST_WRAPPERS {
            let node = wrapper.filter(Node::is_named)?;
            if let Some(declared) = (self.declared)(node) {
                return self.counts(&declared, around).then_some(Declaration {
                    body: declared.body.map(|body| start_with_comments(node, body)),
                    ..declared
                });
            }
            wrapper = (self.unwrapped)(node);
        }
        None
    }

    fn counts(&self, declared: &Declaration, around: &str) -> bool {
        let is_function = matches!(declared.kind, SymbolKind::Function | SymbolKind::Method);
        let is_announced = is_function && declared.body.is_none();
        !is_announced || (self.announces_in)(around)
    }
}

/// As many as one item can have around it.
pub(super) const MOST_WRAPPERS: usize = 8;

/// What there is to say of most grammars.
const PLAIN: Rules = Rules {
    declared: |_| None,
    unwrapped: |_| None,
    is_attribute: |_| false,
    is_import: |_, _| false,
    holds_imports: |_| false,
    naming: NO_NAMES,
    constants: |_, _, _| (),
    modules_have_methods: false,
    announces_in: |_| true,
    holds_constants: |_| false,
};

impl Declaration {
    fn new(kind: SymbolKind, name: Node<'_>, body: Option<Node<'_>>) -> Self {
        Self::spanning(kind, name.byte_range(), body)
    }

    /// One whose name is more than a node: `operator +`.
    fn spanning(kind: SymbolKind, name: Range<usize>, body: Option<Node<'_>>) -> Self {
        Self {
            kind,
            name,
            body: body.map(|body| body.start_byte()),
            own_name: None,
            takes_semicolon: false,
        }
    }
}

/// Where the body of `item` that begins at this byte starts, with the comments that some grammars
/// put before it: they are in it.
fn start_with_comments(item: Node<'_>, body: usize) -> usize {
    let mut cursor = item.walk();
    let mut comments = None;
    let mut goes_on = cursor.goto_first_child();
    while goes_on {
        let part = cursor.node();
        if part.start_byte() >= body {
            break;
        }
        if is_comment(part) {
            comments = comments.or(Some(part.start_byte()));
            goes_on = cursor.goto_next_sibling();
        } else {
            comments = None;
            let is_inside = part.end_byte() > body;
            goes_on = if is_inside {
                cursor.goto_first_child()
            } else {
                cursor.goto_next_sibling()
            };
        }
    }
    comments.unwrap_or(body)
}

/// A declaration with the fields `name` and `body`, as most have them.
fn named(kind: SymbolKind, node: Node<'_>) -> Option<Declaration> {
    Some(Declaration::new(
        kind,
        field(node, "name")?,
        field(node, "body"),
    ))
}

fn field<'t>(node: Node<'t>, name: &str) -> Option<Node<'t>> {
    node.child_by_field_name(name)
}

/// The one named child besides comments.
fn only_child(node: Node) -> Option<Node> {
    let mut cursor = node.walk();
    let mut children = node
        .named_children(&mut cursor)
        .filter(|child| !child.is_extra());
    let only = children.next();
    if children.next().is_none() {
        only
    } else {
        None
    }
}

/// Tells what stands in a field of `node`, as often as it does, where it is a bare name.
fn tell_field<'t>(node: Node<'t>, field: &str, tell: &mut dyn FnMut(Node<'t>)) {
    for name in node.children_by_field_name(field, &mut node.walk()) {
        if name.child_count() == 0 {
            tell(name);
        }
    }
}

fn child_of_kind<'t>(node: Node<'t>, kind: &str) -> Option<Node<'t>> {
    let mut cursor = node.walk();
    node.children(&mut cursor)
        .find(|child| child.kind() == kind)
}

fn last_named_child(node: Node) -> Option<Node> {
    let last = u32::try_from(node.named_child_count().checked_sub(1)?).ok()?;
    node.named_child(last)
}

fn is_identifier(node: &Node) -> bool {
    node.kind() == "identifier"
}

/// Whether the text of `node` is one of `words`.
fn is_one_of(node: Node, text: &Rope, words: &[&str]) -> bool {
    text.get_byte_slice(node.byte_range())
        .is_some_and(|slice| words.iter().any(|word| slice == *word))
}
