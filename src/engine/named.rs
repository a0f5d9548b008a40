//! Which files the uri of a document that is no file may speak of, so that what keeps a file from
//! being sent keeps such a document too.
//!
//! `git:/w/a.rs?{"path":"/w/a.rs"}` is a file as it once was, `fugitive:///w/.git//HEAD/a.rs` too,
//! and `vscode-notebook-cell:/w/a.ipynb#C1` a part of one. Each editor's schemes are its own, so
//! every reading counts that may be meant.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// How many ends of a path are taken.
const MOST_ENDS: usize = 64;

/// The paths that may be meant by what follows the scheme of a uri: the uri's own first, then what
/// its query names, and of each every end, which may be a path within a workspace.
pub(super) fn paths(uri: &str) -> Vec<PathBuf> {
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    let mut named = vec![decoded(path)];
    // An editor may have encoded nothing, and a name may hold a question mark.
    named.push(decoded(uri));
    named.extend(in_query(uri));
    let mut paths = Vec::new();
    for name in &named {
        for end in ends(&name.replace('\\', "/")) {
            // As VS Code writes what a file is compared with.
            for end in [Some(end), end.strip_suffix(".git")].into_iter().flatten() {
                paths.push(PathBuf::from(end));
            }
        }
    }
    paths
}

/// Without percent-encoding, and without the authority: a machine, or what GitLens keeps there.
fn decoded(part: &str) -> String {
    let authority = part.strip_prefix("//").and_then(|rest| rest.find('/'));
    let path = authority.and_then(|at| part.get(at + 2..)).unwrap_or(part);
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

/// The texts in a query that is JSON, as VS Code and its extensions write theirs.
fn in_query(uri: &str) -> Vec<String> {
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    let Ok(Value::Object(said)) = serde_json::from_str(&decoded(query)) else {
        return Vec::new();
    };
    let texts = said.values().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// The path, and what is left of it behind each separator; the shortest where there are many.
fn ends(path: &str) -> impl Iterator<Item = &str> {
    let behind = path.rmatch_indices(['/', ':']);
    let ends = behind.filter_map(|(at, _)| path.get(at + 1..));
    let ends = ends.filter(|end| !end.is_empty()).take(MOST_ENDS);
    std::iter::once(path).chain(ends)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_that_may_be_meant_is_named_the_uris_own_first() {
        let check = |uri: &str, own: &str, also: &[&str]| {
            let paths = paths(uri);
            assert_eq!(paths[0], Path::new(own), "{uri}");
            for path in also {
                let is_named = paths.iter().any(|named| named == Path::new(path));
                assert!(is_named, "{path} is not among {paths:?}");
            }
        };
        check("Untitled-1", "Untitled-1", &[]);
        check(
            "/w/a%20b.rs?%7B%22path%22%3A%22%2Fw%2Fc.rs%22%7D",
            "/w/a b.rs",
            &["a b.rs", "/w/c.rs", "c.rs"],
        );
        check("/w/key.pem.git?{}", "/w/key.pem.git", &["/w/key.pem"]);
        check("/w/n.ipynb#W0sZmlsZQ", "/w/n.ipynb", &["n.ipynb"]);
        check(
            "///w/.git//0/src/a.rs",
            "/w/.git//0/src/a.rs",
            &["src/a.rs"],
        );
        check(
            "///w/.git//:0:src/a.rs",
            "/w/.git//:0:src/a.rs",
            &["src/a.rs"],
        );
        check("//7b22/w/a.rs?x", "/w/a.rs", &["w/a.rs"]);
        check(
            "file:///w/a.jar!/b/C.java",
            "file:///w/a.jar!/b/C.java",
            &["b/C.java"],
        );
        check("///w/what?.pem", "/w/what", &["/w/what?.pem"]);
        check("/c%3A/w/a.rs", "/c:/w/a.rs", &["c:/w/a.rs"]);
        check("", "", &[]);
    }

    #[test]
    fn a_uri_of_any_length_names_a_bounded_number_of_files() {
        let long = "a/".repeat(10_000);
        assert!(paths(&format!("{long}?{{\"p\":\"{long}\"}}")).len() <= 6 * (MOST_ENDS + 1));
    }
}
