//! What was wrong with a configuration, said by name and place.

use std::fmt;

use super::Origin;

/// What a name that somebody wrote begins with: it may be of any length.
pub(super) fn begun(name: &str) -> String {
    const MOST: usize = 40;
    let mut begun: String = name.chars().take(MOST).collect();
    if begun.len() < name.len() {
        begun.push('…');
    }
    begun
}

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
