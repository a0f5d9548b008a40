//! CSS, HTML, JSON, TOML and YAML, which declare nothing: there the paragraph is what one works on.

use super::{PLAIN, Rules};

pub(super) const RULES: Rules = Rules {
    // CSS.
    is_import: |node, _| node.kind() == "import_statement",
    ..PLAIN
};
