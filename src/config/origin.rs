//! Where a value came from: its layer, and its place there.

use std::fmt;
use std::path::PathBuf;

use serde_json::{Value, json};

/// The layers, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    BuiltIn,
    UserFile,
    Repository,
    Editor,
    Environment,
    Flags,
    /// The administrator's; what it sets is locked.
    Policy,
}

impl Layer {
    /// One word for each, as reports have them.
    pub fn name(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::UserFile => "user",
            Self::Repository => "repository",
            Self::Editor => "editor",
            Self::Environment => "environment",
            Self::Flags => "flags",
            Self::Policy => "policy",
        }
    }
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    pub layer: Layer,
    pub place: Place,
}

/// The place within a layer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The layer as a whole.
    Whole,
    File(PathBuf),
    /// A line of a file, counted from 1.
    Line(PathBuf, usize),
    /// The variable of this name.
    Named(String),
}

impl Origin {
    /// Of what nobody set.
    pub const BUILT_IN: Self = Self {
        layer: Layer::BuiltIn,
        place: Place::Whole,
    };

    pub(super) fn whole(layer: Layer) -> Self {
        Self {
            layer,
            place: Place::Whole,
        }
    }

    pub(super) fn variable(name: &str) -> Self {
        Self {
            layer: Layer::Environment,
            place: Place::Named(name.to_owned()),
        }
    }

    /// As reports have it.
    pub fn to_json(&self) -> Value {
        match &self.place {
            Place::Whole => json!({ "layer": self.layer.name() }),
            Place::File(path) => json!({ "layer": self.layer.name(), "path": path }),
            Place::Line(path, line) => {
                json!({ "layer": self.layer.name(), "path": path, "line": line })
            }
            Place::Named(name) => json!({ "layer": self.layer.name(), "name": name }),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.place, self.layer) {
            (Place::File(path), _) => write!(f, "{}", path.display()),
            (Place::Line(path, line), _) => write!(f, "{}:{line}", path.display()),
            (Place::Named(name), _) => write!(f, "environment, {name}"),
            (Place::Whole, Layer::BuiltIn) => f.write_str("built in"),
            (Place::Whole, Layer::Editor) => f.write_str("the editor's settings"),
            (Place::Whole, Layer::Flags) => f.write_str("command line"),
            (Place::Whole, layer) => f.write_str(layer.name()),
        }
    }
}
