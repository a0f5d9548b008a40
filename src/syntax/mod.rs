//! What surrounds a place in a text: function, type, paragraph; and whether a text parses.

mod compiled;
mod defined;
mod depth;
mod enclosing;
mod errors;
mod grammar;
mod language;
mod names;
mod outline;
mod paragraph;
mod path;
mod rope;
mod symbol;
mod tree;

pub use defined::{Defined, MAX_DEFINITION};
pub use errors::{Errors, Parsed, count_errors};
pub use language::Language;
pub use names::{Name, Role, words};
pub use paragraph::paragraph;
pub use path::SymbolPath;
pub use symbol::{Symbol, SymbolKind};
pub use tree::{MAX_BYTES, PARSE_LIMIT, Syntax, parses};
