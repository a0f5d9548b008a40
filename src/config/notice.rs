//! What was wrong with a configuration, said by name and place.

use std::fmt;

use super::Origin;

/// One thing the person should know about their configuration. The rest of it applies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice {
    pub origin: Origin,
    /// The key that it is about, if it is about one.
    pub key: Option<String>,
    pub what: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.what)
    }
}
