//! Where the sources of the grammars are: in the crates that carry them, which Cargo fetched.

use std::collections::HashMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A generated parser.
pub struct Grammar {
    /// As in the name of its C function, `tree_sitter_…`.
    pub name: &'static str,
    /// Holds `parser.c`, and often `scanner.c`.
    pub folder: PathBuf,
}

/// The name of each grammar, the crate that carries it, and the folder in it.
const GRAMMARS: &[(&str, &str, &str)] = &[
    ("bash", "tree-sitter-bash", "src"),
    ("c", "tree-sitter-c", "src"),
    ("c_sharp", "tree-sitter-c-sharp", "src"),
    ("cpp", "tree-sitter-cpp", "src"),
    ("css", "tree-sitter-css", "src"),
    ("go", "tree-sitter-go", "src"),
    ("html", "tree-sitter-html", "src"),
    ("java", "tree-sitter-java", "src"),
    ("javascript", "tree-sitter-javascript", "src"),
    ("json", "tree-sitter-json", "src"),
    ("lua", "tree-sitter-lua", "src"),
    ("php", "tree-sitter-php", "php/src"),
    ("python", "tree-sitter-python", "src"),
    ("ruby", "tree-sitter-ruby", "src"),
    ("rust", "tree-sitter-rust", "src"),
    ("toml", "tree-sitter-toml-ng", "src"),
    ("tsx", "tree-sitter-typescript", "tsx/src"),
    ("typescript", "tree-sitter-typescript", "typescript/src"),
    ("yaml", "tree-sitter-yaml", "src"),
];

/// All grammars, from the packages that `cargo` says the package of `manifest` is built with.
pub fn grammars(cargo: &str, manifest: &Path) -> Result<Vec<Grammar>, Box<dyn Error>> {
    let mut metadata = Command::new(cargo);
    metadata.args(["metadata", "--format-version=1", "--manifest-path"]);
    let told = metadata.arg(manifest).stderr(Stdio::inherit()).output()?;
    let told: Value = serde_json::from_slice(&told.stdout)?;
    let packages = told.get("packages").and_then(Value::as_array);
    let packages = packages.into_iter().flatten();
    let folders: HashMap<_, _> = packages.filter_map(name_and_folder).collect();
    let grammars = GRAMMARS.iter().map(|(name, package, inside)| {
        let folder = folders
            .get(package)
            .ok_or_else(|| format!("cargo metadata names no {package}"))?;
        let folder = folder.join(inside);
        Ok(Grammar { name, folder })
    });
    grammars.collect()
}

fn name_and_folder(package: &Value) -> Option<(&str, &Path)> {
    let manifest = Path::new(package.get("manifest_path")?.as_str()?);
    Some((package.get("name")?.as_str()?, manifest.parent()?))
}
