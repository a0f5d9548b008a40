//! Where the file of a link may lie: as the link says, and where sites keep such files.

use std::path::{Path, PathBuf};

use unicode_normalization::{UnicodeNormalization, is_nfc, is_nfd};

use super::Hints;

/// Folders from which generators of sites serve files as if they lay at the top.
const SITE_ROOTS: [&str; 8] = [
    "static", "public", "assets", "docs", "src", "source", "content", "images",
];

/// Paths of files, the likelier first.
pub struct Places {
    /// Where the link says, in all the ways to spell it.
    pub expected: Vec<PathBuf>,
    /// Where else it is worth a look.
    pub elsewhere: Vec<PathBuf>,
}

impl Places {
    /// The places of the file that is linked as `path`, which is `decoded` without its
    /// percent-encoding. `None` where that depends on a folder that is not known.
    pub fn of(
        path: &str,
        decoded: &str,
        document: Option<&Path>,
        roots: &[PathBuf],
        hints: &Hints,
    ) -> Option<Self> {
        let from_root = path.starts_with(['/', '\\']);
        let folder = document.and_then(Path::parent);
        let root = root_of(document, roots);
        let bases: Vec<PathBuf> = if from_root {
            vec![root?.to_owned()]
        } else {
            let folder = folder?;
            let hinted = hints
                .folders
                .iter()
                .filter_map(|hint| match hint.strip_prefix('/') {
                    Some(below) => Some(root?.join(below)),
                    None => Some(folder.join(hint)),
                });
            hinted.collect()
        };
        let names = spellings(decoded, from_root);
        let expected = bases
            .iter()
            .flat_map(|base| names.iter().map(|name| base.join(name)))
            .flat_map(|place| with_extensions(place, hints))
            .collect();
        let elsewhere = match (folder, root) {
            _ if decoded.split(['/', '\\']).any(|part| part == "..") => Vec::new(),
            (Some(folder), Some(root)) => site_folders(folder, root)
                .iter()
                .flat_map(|base| names.iter().map(|name| base.join(name)))
                .collect(),
            _ => Vec::new(),
        };
        Some(Self {
            expected,
            elsewhere,
        })
    }
}

/// A share on another machine or a drive, as Windows writes them: never within a workspace, and
/// to look at one is to tell that machine who asks.
pub fn names_a_machine(path: &str) -> bool {
    let is_share = path.starts_with("\\\\") || path.starts_with("\\/");
    let is_drive = matches!(
        path.as_bytes(),
        [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic()
    );
    // On Windows itself a path on a drive is held against the roots like any other.
    is_share || (is_drive && !cfg!(windows))
}

/// The same text in the other forms that Unicode has for it; file systems keep either.
pub fn other_forms(text: &str) -> Vec<String> {
    let mut forms = Vec::new();
    if !is_nfc(text) {
        forms.push(text.nfc().collect());
    }
    if !is_nfd(text) {
        forms.push(text.nfd().collect());
    }
    forms
}

/// The ways to write a path, as it stands first.
fn spellings(decoded: &str, from_root: bool) -> Vec<String> {
    let mut all = vec![decoded.to_owned()];
    if decoded.contains('\\') {
        all.push(decoded.replace('\\', "/"));
    }
    let forms: Vec<String> = all.iter().flat_map(|name| other_forms(name)).collect();
    all.extend(forms);
    if from_root {
        for name in &mut all {
            *name = name.trim_start_matches(['/', '\\']).to_owned();
        }
    }
    all
}

fn with_extensions(place: PathBuf, hints: &Hints) -> Vec<PathBuf> {
    let longer = hints.extensions.iter().map(|extension| {
        let mut longer = place.clone().into_os_string();
        longer.push(extension);
        longer.into()
    });
    let longer: Vec<PathBuf> = longer.collect();
    [vec![place], longer].concat()
}

/// The folders that a site may serve as its top, from that of the document up to the root.
fn site_folders(folder: &Path, root: &Path) -> Vec<PathBuf> {
    folder
        .ancestors()
        .take_while(|ancestor| ancestor.starts_with(root))
        .flat_map(|ancestor| {
            let below = SITE_ROOTS.iter().map(move |name| ancestor.join(name));
            below.chain([ancestor.to_owned()])
        })
        .collect()
}

/// The innermost root that holds the document, else the first.
fn root_of<'a>(document: Option<&Path>, roots: &'a [PathBuf]) -> Option<&'a Path> {
    let holding = roots
        .iter()
        .filter(|root| document.is_some_and(|document| document.starts_with(root)));
    let innermost = holding.max_by_key(|root| root.components().count());
    innermost.or(roots.first()).map(PathBuf::as_path)
}
