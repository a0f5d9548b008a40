//! What a prompt tells of something that the range names, wherever that was found.

use crate::prompt::marked;

/// How much of a use it is to be told a definition, the most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Worth {
    /// The editor's own language servers name it for this very range.
    Certain,
    /// A function that is called, or a type.
    Named,
    /// A constant, or a function that is handed on.
    Mentioned,
    /// A member by its bare name, or another definition of a name that was found before.
    Likely,
    /// No definition: a place that uses what the range defines.
    Use,
}

/// What is told of something that the range names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The file's path from its workspace, with `/`.
    pub path: String,
    /// The line that it begins on, counted from 1.
    pub line: usize,
    /// The type or class around it.
    pub of: Option<String>,
    /// Doc comment and signature, fields; a stranger's text.
    pub text: String,
    pub worth: Worth,
    /// Whether it stands in the file that the range is in.
    pub is_in_this_file: bool,
}

impl Definition {
    /// As it stands in a prompt: marked as the data that it is. Without its line, which every edit
    /// above it changes: so the prompt stays what it was, and is billed as cached.
    pub fn marked(&self) -> String {
        let mut attributes = vec![("file", &*self.path)];
        attributes.extend(self.of.as_deref().map(|of| ("in", of)));
        let name = match self.worth {
            Worth::Use => "use",
            _ => "definition",
        };
        marked(name, &attributes, &self.text)
    }
}
