//! Where the names stand in a grammar's nodes: which are declared, which are used, and how.

use tree_sitter::Node;

/// A place in a tree: the kind of a node, and a field of it. The field `""` is for children that
/// have none; `"*"` is any kind, or any field.
pub(super) type Place = (&'static str, &'static str);

/// How one grammar's nodes use and declare names.
pub(in crate::syntax) struct Naming {
    /// Leaves that are names: their kind, and the kind of what they stand in.
    pub leaves: &'static [Place],
    /// What looks like a name there is none: a label, the name of an argument.
    pub silent: &'static [Place],
    /// Names there are declared, however deep they stand.
    pub declared: &'static [Place],
    /// The same for patterns, which name constants and types too: what begins large is used
    /// there, unless it stands in a field `name`.
    pub patterns: &'static [Place],
    /// Names there are used, although what is around declares some.
    pub used: &'static [Place],
    /// The last part of a path, as `b` in `a::b`.
    pub paths: &'static [Place],
    /// The last part of an access, as `b` in `a.b`.
    pub accesses: &'static [Place],
    /// What is called, or made.
    pub called: &'static [Place],
    /// Types; the kind `type_identifier` and the field `type` say so themselves.
    pub types: &'static [Place],
    /// Nodes that add type arguments, and nothing else, to the name in them.
    pub wrappers: &'static [&'static str],
}

/// Of a language in which nothing is looked up.
pub(super) const NO_NAMES: Naming = Naming {
    leaves: &[],
    silent: &[],
    declared: &[],
    patterns: &[],
    used: &[],
    paths: &[],
    accesses: &[],
    called: &[],
    types: &[],
    wrappers: &[],
};

/// What becomes of a bare name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::syntax) enum Binding {
    /// It is used.
    Used,
    /// It is declared.
    Declared,
    /// It is declared, unless it begins large: that is a constant's, or a type's.
    Pattern,
}

/// Fields that hold no declaration in any grammar: what is there is there already.
const USING_FIELDS: &[&str] = &[
    "type",
    "value",
    "trait",
    "default",
    "default_value",
    "right",
    "path",
    "condition",
    "body",
];

impl Naming {
    pub fn has_names(&self) -> bool {
        !self.leaves.is_empty()
    }

    /// Whether a leaf in a node of the kind `around` is a name.
    pub fn is_name(&self, leaf: Node, around: &str, field: &str) -> bool {
        leaf.is_named()
            && holds(self.leaves, leaf.kind(), around)
            && !holds(self.silent, around, field)
    }

    /// What becomes of a bare name in a field of a node of the kind `around`, where it is `above`
    /// in that node.
    pub fn binding(&self, around: &str, field: &str, above: Binding) -> Binding {
        if holds(self.declared, around, field) {
            Binding::Declared
        } else if holds(self.patterns, around, field) {
            Binding::Pattern
        } else if USING_FIELDS.contains(&field)
            || holds(self.used, around, field)
            || self.is_of_others(around)
        {
            Binding::Used
        } else {
            above
        }
    }

    /// Whether a node of this kind says what a name is a part of, or calls it.
    fn is_of_others(&self, kind: &str) -> bool {
        let places = [self.paths, self.accesses, self.called];
        places.into_iter().flatten().any(|place| place.0 == kind)
    }

    pub fn is_path(&self, around: &str, field: &str) -> bool {
        holds(self.paths, around, field)
    }

    pub fn is_access(&self, around: &str, field: &str) -> bool {
        holds(self.accesses, around, field)
    }

    pub fn is_called(&self, around: &str, field: &str) -> bool {
        holds(self.called, around, field)
    }

    pub fn is_type(&self, around: &str, field: &str) -> bool {
        field == "type" || holds(self.types, around, field)
    }

    pub fn is_wrapper(&self, kind: &str) -> bool {
        self.wrappers.contains(&kind)
    }
}

fn holds(places: &[Place], kind: &str, field: &str) -> bool {
    let is = |pattern: &str, what: &str| pattern == what || pattern == "*";
    places
        .iter()
        .any(|place| is(place.0, kind) && is(place.1, field))
}
