//! The languages Gloss carries a grammar for, and the names they go by.

use std::path::Path;

/// A language with a compiled-in grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    Go,
    JavaScript,
    Python,
    Rust,
    Tsx,
    TypeScript,
}

impl Language {
    pub const ALL: [Self; 6] = [
        Self::Go,
        Self::JavaScript,
        Self::Python,
        Self::Rust,
        Self::Tsx,
        Self::TypeScript,
    ];

    /// The language behind an editor's identifier, as listed with `TextDocumentItem` in the
    /// protocol's specification, or behind a code fence's info string.
    pub fn from_id(id: &str) -> Option<Self> {
        Some(match id.to_ascii_lowercase().as_str() {
            "go" | "golang" => Self::Go,
            "javascript" | "javascriptreact" | "js" | "jsx" | "mjs" | "cjs" => Self::JavaScript,
            "python" | "py" => Self::Python,
            "rust" | "rs" => Self::Rust,
            "typescriptreact" | "tsx" => Self::Tsx,
            "typescript" | "ts" | "mts" | "cts" => Self::TypeScript,
            _ => return None,
        })
    }

    /// The language a file's extension stands for.
    pub fn from_path(path: &Path) -> Option<Self> {
        Some(
            match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
                "go" => Self::Go,
                "js" | "jsx" | "mjs" | "cjs" => Self::JavaScript,
                "py" | "pyi" => Self::Python,
                "rs" => Self::Rust,
                "tsx" => Self::Tsx,
                "ts" | "mts" | "cts" => Self::TypeScript,
                _ => return None,
            },
        )
    }

    /// The name people write.
    pub fn name(self) -> &'static str {
        match self {
            Self::Go => "Go",
            Self::JavaScript => "JavaScript",
            Self::Python => "Python",
            Self::Rust => "Rust",
            Self::Tsx => "TSX",
            Self::TypeScript => "TypeScript",
        }
    }

    /// The info string of a code fence.
    pub fn fence(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::JavaScript => "javascript",
            Self::Python => "python",
            Self::Rust => "rust",
            Self::Tsx => "tsx",
            Self::TypeScript => "typescript",
        }
    }

    /// What begins a comment that runs to the end of its line.
    pub fn line_comment(self) -> &'static str {
        match self {
            Self::Python => "#",
            Self::Go | Self::JavaScript | Self::Rust | Self::Tsx | Self::TypeScript => "//",
        }
    }

    /// The compiled-in grammar.
    pub fn grammar(self) -> tree_sitter::Language {
        match self {
            Self::Go => tree_sitter_go::LANGUAGE,
            Self::JavaScript => tree_sitter_javascript::LANGUAGE,
            Self::Python => tree_sitter_python::LANGUAGE,
            Self::Rust => tree_sitter_rust::LANGUAGE,
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX,
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
        }
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_known_by_its_own_fence() {
        for language in Language::ALL {
            assert_eq!(Language::from_id(language.fence()), Some(language));
        }
        assert_eq!(Language::from_id("cobol"), None);
    }

    #[test]
    fn a_path_names_its_language_whatever_the_case() {
        for (path, expected) in [
            ("a/b.rs", Some(Language::Rust)),
            ("A.PY", Some(Language::Python)),
            ("x.test.tsx", Some(Language::Tsx)),
            ("x.d.ts", Some(Language::TypeScript)),
            ("Makefile", None),
            (".rs", None),
        ] {
            assert_eq!(Language::from_path(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn every_line_comment_parses_as_one() {
        for language in Language::ALL {
            let text = format!("{} ) not code (\n", language.line_comment());
            assert!(crate::syntax::parses(language, &text), "{language:?}");
        }
    }
}
