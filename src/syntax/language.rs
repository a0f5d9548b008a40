//! The languages Gloss carries a grammar for, and the names they go by.

use std::path::Path;

/// A language with a compiled-in grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    Bash,
    C,
    Cpp,
    CSharp,
    Css,
    Go,
    Html,
    Java,
    JavaScript,
    Json,
    Lua,
    Php,
    Python,
    Ruby,
    Rust,
    Toml,
    Tsx,
    TypeScript,
    Yaml,
}

/// What a language is called, and where it is found.
struct Names {
    /// As people write it.
    name: &'static str,
    /// Identifiers, in lower case, that of a code fence first: those of the protocol's
    /// specification and of VS Code, file types of Vim, names of Helix and Zed, modes of Emacs
    /// without `-mode`, and what code fences say.
    ids: &'static [&'static str],
    /// File endings, in lower case.
    extensions: &'static [&'static str],
    /// Files that say what they are by their whole name.
    files: &'static [&'static str],
}

impl Language {
    pub const ALL: [Self; 19] = [
        Self::Bash,
        Self::C,
        Self::Cpp,
        Self::CSharp,
        Self::Css,
        Self::Go,
        Self::Html,
        Self::Java,
        Self::JavaScript,
        Self::Json,
        Self::Lua,
        Self::Php,
        Self::Python,
        Self::Ruby,
        Self::Rust,
        Self::Toml,
        Self::Tsx,
        Self::TypeScript,
        Self::Yaml,
    ];

    /// The language behind an editor's identifier, or behind a code fence's info string.
    pub fn from_id(id: &str) -> Option<Self> {
        let id = id.to_ascii_lowercase();
        let known = |id: &str| {
            let mut all = Self::ALL.into_iter();
            all.find(|language| language.names().ids.contains(&id))
        };
        // Vim adds to a file type what else holds for it: `yaml.ansible`.
        known(&id).or_else(|| known(id.split_once('.')?.0))
    }

    /// The language that a file's ending, or else its name, stands for.
    pub fn from_path(path: &Path) -> Option<Self> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let extension = extension.map(str::to_ascii_lowercase);
        let file = path.file_name()?.to_str()?;
        Self::ALL.into_iter().find(|language| {
            let names = language.names();
            names.files.contains(&file)
                || extension
                    .as_deref()
                    .is_some_and(|extension| names.extensions.contains(&extension))
        })
    }

    /// The name people write.
    pub fn name(self) -> &'static str {
        self.names().name
    }

    /// The info string of a code fence.
    pub fn fence(self) -> &'static str {
        self.names().ids.first().copied().unwrap_or_default()
    }

    fn names(self) -> Names {
        match self {
            Self::Bash => Names {
                name: "Bash",
                ids: &["bash", "sh", "shellscript", "shell", "zsh", "ksh"],
                extensions: &["sh", "bash", "zsh", "ksh"],
                files: &[
                    ".bash_aliases",
                    ".bash_login",
                    ".bash_logout",
                    ".bash_profile",
                    ".bashrc",
                    ".envrc",
                    ".kshrc",
                    ".profile",
                    ".zlogin",
                    ".zlogout",
                    ".zprofile",
                    ".zshenv",
                    ".zshrc",
                    "PKGBUILD",
                ],
            },
            Self::C => Names {
                name: "C",
                ids: &["c", "h"],
                extensions: &["c", "h"],
                files: &[],
            },
            Self::Cpp => Names {
                name: "C++",
                ids: &["cpp", "c++", "cc", "cxx", "cplusplus", "hpp", "arduino"],
                extensions: &[
                    "cpp", "cc", "cxx", "c++", "hpp", "hh", "hxx", "h++", "ipp", "tpp", "inl",
                    "cppm", "ixx", "ino",
                ],
                files: &[],
            },
            Self::CSharp => Names {
                name: "C#",
                ids: &["csharp", "cs", "c#", "c-sharp"],
                extensions: &["cs", "csx"],
                files: &[],
            },
            Self::Css => Names {
                name: "CSS",
                ids: &["css"],
                extensions: &["css"],
                files: &[],
            },
            Self::Go => Names {
                name: "Go",
                ids: &["go", "golang"],
                extensions: &["go"],
                files: &[],
            },
            Self::Html => Names {
                name: "HTML",
                ids: &["html", "htm", "mhtml", "xhtml"],
                extensions: &["html", "htm", "xhtml"],
                files: &[],
            },
            Self::Java => Names {
                name: "Java",
                ids: &["java"],
                extensions: &["java"],
                files: &[],
            },
            Self::JavaScript => Names {
                name: "JavaScript",
                ids: &[
                    "javascript",
                    "javascriptreact",
                    "js",
                    "jsx",
                    "mjs",
                    "cjs",
                    "js2",
                    "rjsx",
                ],
                extensions: &["js", "jsx", "mjs", "cjs"],
                files: &[],
            },
            Self::Json => Names {
                name: "JSON",
                ids: &["json", "jsonc", "js-json"],
                extensions: &["json", "jsonc", "webmanifest", "geojson", "code-workspace"],
                files: &[
                    ".babelrc",
                    ".eslintrc",
                    ".swcrc",
                    "composer.lock",
                    "flake.lock",
                ],
            },
            Self::Lua => Names {
                name: "Lua",
                ids: &["lua"],
                extensions: &["lua", "rockspec"],
                files: &[".luacheckrc"],
            },
            Self::Php => Names {
                name: "PHP",
                ids: &["php"],
                extensions: &["php", "phtml", "php8", "php7", "php5", "phps"],
                files: &[],
            },
            Self::Python => Names {
                name: "Python",
                ids: &["python", "py", "python3"],
                extensions: &["py", "pyi", "pyw"],
                files: &["SConscript", "SConstruct"],
            },
            Self::Ruby => Names {
                name: "Ruby",
                ids: &["ruby", "rb", "enh-ruby"],
                extensions: &["rb", "rake", "gemspec", "ru", "rbi", "podspec", "jbuilder"],
                files: &[
                    ".irbrc",
                    ".pryrc",
                    "Brewfile",
                    "Capfile",
                    "Dangerfile",
                    "Fastfile",
                    "Gemfile",
                    "Guardfile",
                    "Podfile",
                    "Rakefile",
                    "Vagrantfile",
                ],
            },
            Self::Rust => Names {
                name: "Rust",
                ids: &["rust", "rs"],
                extensions: &["rs"],
                files: &[],
            },
            Self::Toml => Names {
                name: "TOML",
                ids: &["toml", "conf-toml"],
                extensions: &["toml"],
                files: &["Cargo.lock", "Pipfile", "poetry.lock", "uv.lock"],
            },
            Self::Tsx => Names {
                name: "TSX",
                ids: &["tsx", "typescriptreact", "typescript.tsx"],
                extensions: &["tsx"],
                files: &[],
            },
            Self::TypeScript => Names {
                name: "TypeScript",
                ids: &["typescript", "ts", "mts", "cts"],
                extensions: &["ts", "mts", "cts"],
                files: &[],
            },
            Self::Yaml => Names {
                name: "YAML",
                ids: &["yaml", "yml", "dockercompose", "github-actions-workflow"],
                extensions: &["yaml", "yml", "cff"],
                files: &[".clang-format", ".clang-tidy", ".clangd", ".yamllint"],
            },
        }
    }

    /// What begins a comment that runs to the end of its line; `None` where there is no such
    /// comment, or, as in JSON, none that every reader takes.
    pub fn line_comment(self) -> Option<&'static str> {
        match self {
            Self::Bash | Self::Python | Self::Ruby | Self::Toml | Self::Yaml => Some("#"),
            Self::C
            | Self::CSharp
            | Self::Cpp
            | Self::Go
            | Self::Java
            | Self::JavaScript
            | Self::Php
            | Self::Rust
            | Self::Tsx
            | Self::TypeScript => Some("//"),
            Self::Lua => Some("--"),
            Self::Css | Self::Html | Self::Json => None,
        }
    }

    /// Whether plain prose is a text of this language too, so that parsing proves nothing:
    /// it is text, one scalar, or a command with its arguments.
    pub fn takes_prose(self) -> bool {
        matches!(self, Self::Bash | Self::Html | Self::Ruby | Self::Yaml)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_language_is_known_by_its_own_names_and_no_other_by_them() {
        let mut seen = HashSet::new();
        for language in Language::ALL {
            let names = language.names();
            for id in names.ids {
                assert_eq!(Language::from_id(id), Some(language), "{id}");
                assert_eq!(Language::from_id(&id.to_uppercase()), Some(language));
            }
            for extension in names.extensions {
                let path = format!("a.b.{extension}");
                assert_eq!(Language::from_path(Path::new(&path)), Some(language));
            }
            for file in names.files {
                assert_eq!(Language::from_path(Path::new(file)), Some(language));
            }
            let files = names.extensions.iter().chain(names.files);
            assert!(files.into_iter().all(|name| seen.insert(*name)));
            assert!(!language.fence().is_empty());
        }
        assert_eq!(Language::ALL.map(Language::fence).len(), 19);
    }

    #[test]
    fn editors_call_a_language_by_many_names() {
        for (id, expected) in [
            ("shellscript", Some(Language::Bash)),
            ("javascript.jsx", Some(Language::JavaScript)),
            ("typescript.tsx", Some(Language::Tsx)),
            ("yaml.ansible", Some(Language::Yaml)),
            ("cpp.doxygen", Some(Language::Cpp)),
            ("cobol", None),
            ("cobol.rs", None),
            ("scss", None),
            (".rust", None),
            ("", None),
        ] {
            assert_eq!(Language::from_id(id), expected, "{id}");
        }
    }

    #[test]
    fn a_path_names_its_language_whatever_the_case_of_its_ending() {
        for (path, expected) in [
            ("a/b.rs", Some(Language::Rust)),
            ("A.PY", Some(Language::Python)),
            ("x.test.tsx", Some(Language::Tsx)),
            ("x.d.ts", Some(Language::TypeScript)),
            ("a.h", Some(Language::C)),
            ("a.HPP", Some(Language::Cpp)),
            ("a/Gemfile", Some(Language::Ruby)),
            ("Gemfile.lock", None),
            ("a/.bashrc", Some(Language::Bash)),
            ("build.gradle.kts", None),
            ("Makefile", None),
            (".rs", None),
            ("..", None),
        ] {
            assert_eq!(Language::from_path(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn every_line_comment_parses_as_one() {
        for language in Language::ALL {
            let Some(mark) = language.line_comment() else {
                continue;
            };
            let text = format!("{mark} ) not code (\n");
            assert!(crate::syntax::parses(language, &text), "{language:?}");
        }
    }

    #[test]
    fn where_prose_parses_it_is_known_to() {
        for prose in [
            "Here is the code.",
            "Sorry, I cannot help with that!",
            "The function adds two numbers",
            "Done",
        ] {
            for language in Language::ALL {
                let parses = crate::syntax::parses(language, prose);
                assert!(
                    !parses || language.takes_prose() || prose == "Done",
                    "{language:?} {prose}"
                );
            }
        }
    }
}
