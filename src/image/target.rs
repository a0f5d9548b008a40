//! What a link points at: a file inside the workspace, bytes in the link itself, or a URL.
//!
//! Nothing outside the workspace's roots is so much as looked at.

mod data;
mod open;
mod places;

use std::path::{Component, Path, PathBuf};

use percent_encoding::percent_decode_str;
use url::Url;

use super::Hints;
pub(super) use open::{from_io, open};
use places::Places;

/// Larger files, and larger data in a link, are refused.
pub const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Where an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A regular file, by its canonical path.
    File(PathBuf),
    /// The bytes of a `data:` URI.
    Data { bytes: Vec<u8> },
    /// An `http:` or `https:` URL.
    Remote(Url),
}

/// Why a link points at nothing that can be read, in words for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    #[error("the link has no target")]
    Empty,
    #[error("`{0}` is filled in by a template, so the file is not known here")]
    Template(String),
    #[error("`{0}` uses an alias that only the site's own tools can resolve")]
    Alias(String),
    #[error("`{0}:` links cannot be read; use a file, `data:`, `http:` or `https:`")]
    Scheme(String),
    #[error("`{0}` is not a valid URL")]
    Url(String),
    #[error("the `data:` link cannot be decoded: {0}")]
    Data(&'static str),
    #[error("`{0}` is not valid UTF-8 once its percent-encoding is undone")]
    Encoding(String),
    #[error("`{0}` is relative to a document that is not saved yet; save it first")]
    Unsaved(String),
    #[error("`{0}` lies outside the workspace, so it is not read")]
    Outside(String),
    #[error("the file `{}` does not exist", .0.display())]
    Missing(PathBuf),
    #[error("`{}` is a folder, not an image", .0.display())]
    Folder(PathBuf),
    #[error("`{}` is not a regular file, so it is not read", .0.display())]
    NotAFile(PathBuf),
    #[error("`{}` became a link while it was read, so it is not read; try again", .0.display())]
    Replaced(PathBuf),
    #[error("`{}` has {} MiB; images over {} MiB are not read", path.display(), bytes >> 20, MAX_FILE_BYTES >> 20)]
    TooLarge { path: PathBuf, bytes: u64 },
    #[error("`{}` cannot be read: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: String },
}

/// What `link` points at, as it stands in the document at the absolute path `document`, with the
/// absolute workspace folders `roots`.
///
/// `/…` counts from the root that holds the document. Where that place or the one beside the
/// document is empty, the file is looked for where generators of sites keep such files. A file is
/// answered only if it exists, is a regular one of at most [`MAX_FILE_BYTES`], and lies in a
/// root, also after links are followed.
pub fn resolve(
    link: &str,
    document: Option<&Path>,
    roots: &[PathBuf],
) -> Result<Target, TargetError> {
    resolve_with(link, document, roots, &Hints::default())
}

/// Like [`resolve`], by what the document says of where its images are.
pub fn resolve_with(
    link: &str,
    document: Option<&Path>,
    roots: &[PathBuf],
    hints: &Hints,
) -> Result<Target, TargetError> {
    let link = link.trim();
    let scheme = scheme(link);
    if scheme.as_deref() == Some("data") {
        return data::decode(link);
    }
    if ["{{", "${", "{%", "<%"]
        .iter()
        .any(|mark| link.contains(mark))
    {
        return Err(TargetError::Template(link.to_owned()));
    }
    match scheme.as_deref() {
        Some("http" | "https") => remote(link, link),
        Some("file") => in_any_form(&path_of_uri(link)?, link, &Roots::of(roots)),
        Some(other) => Err(TargetError::Scheme(other.to_owned())),
        None if link.starts_with("//") => remote(&format!("https:{link}"), link),
        None => match hints.web_folder() {
            Some(folder) if !link.starts_with('/') => remote(&format!("{folder}/{link}"), link),
            _ => local(link, document, roots, hints),
        },
    }
}

/// The file at `path`, wherever it lies: for one that a person named on the command line.
pub fn named(path: &Path) -> Result<Target, TargetError> {
    match path.canonicalize() {
        Ok(canonical) => regular_file(canonical),
        Err(error) => Err(from_io(path, &error)),
    }
}

/// The scheme of a URI, in lower case. One letter is a Windows drive.
fn scheme(link: &str) -> Option<String> {
    let (scheme, _) = link.split_once(':')?;
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    is_scheme.then(|| scheme.to_ascii_lowercase())
}

fn is_alias(link: &str) -> bool {
    link.starts_with(['@', '~', '$']) && link.contains('/')
}

fn remote(url: &str, link: &str) -> Result<Target, TargetError> {
    match Url::parse(url) {
        Ok(url) if url.has_host() => Ok(Target::Remote(url)),
        _ => Err(TargetError::Url(link.to_owned())),
    }
}

fn path_of_uri(link: &str) -> Result<PathBuf, TargetError> {
    let uri = Url::parse(link).map_err(|_| TargetError::Url(link.to_owned()))?;
    uri.to_file_path()
        .map_err(|()| TargetError::Url(link.to_owned()))
}

/// A file by its path as a link has it: the first of the places that hold it.
fn local(
    link: &str,
    document: Option<&Path>,
    roots: &[PathBuf],
    hints: &Hints,
) -> Result<Target, TargetError> {
    let path = link.split(['?', '#']).next().unwrap_or_default();
    if path.is_empty() {
        return Err(TargetError::Empty);
    }
    let decoded = percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| TargetError::Encoding(link.to_owned()))?;
    if places::names_a_machine(&decoded) {
        return Err(TargetError::Outside(link.to_owned()));
    }
    let places = Places::of(path, &decoded, document, roots, hints)
        .ok_or_else(|| TargetError::Unsaved(link.to_owned()))?;
    let roots = Roots::of(roots);
    // The first is where the link itself points, so it is what the error is about.
    let mut found = Err(TargetError::Empty);
    for (index, place) in places.expected.iter().enumerate() {
        match file(place, link, &roots) {
            Err(TargetError::Missing(path)) if index == 0 => {
                found = Err(TargetError::Missing(path));
            }
            Err(TargetError::Missing(_)) => {}
            there => return there,
        }
    }
    let elsewhere = places.elsewhere.iter();
    if let Some(found) = elsewhere.flat_map(|place| file(place, link, &roots)).next() {
        return Ok(found);
    }
    match found {
        Err(TargetError::Missing(_)) if is_alias(link) => Err(TargetError::Alias(link.to_owned())),
        found => found,
    }
}

/// The file at `path`, in whichever of Unicode's forms its name is written there.
fn in_any_form(path: &Path, link: &str, roots: &Roots) -> Result<Target, TargetError> {
    let found = file(path, link, roots);
    match (&found, path.to_str()) {
        (Err(TargetError::Missing(_)), Some(name)) => places::other_forms(name)
            .iter()
            .flat_map(|other| file(Path::new(other), link, roots))
            .next()
            .map_or(found, Ok),
        _ => found,
    }
}

/// The workspace's folders.
struct Roots<'a> {
    given: &'a [PathBuf],
    canonical: Vec<PathBuf>,
}

impl<'a> Roots<'a> {
    fn of(given: &'a [PathBuf]) -> Self {
        let canonical = given.iter().filter_map(|root| root.canonicalize().ok());
        Self {
            given,
            canonical: canonical.collect(),
        }
    }

    /// Whether one of them holds a path, as it is written.
    fn seem_to_hold(&self, path: &Path) -> bool {
        self.given.iter().any(|root| path.starts_with(root)) || self.hold(path)
    }

    /// Whether one of them holds a canonical path.
    fn hold(&self, canonical: &Path) -> bool {
        self.canonical
            .iter()
            .any(|root| canonical.starts_with(root))
    }
}

/// The file at `path` if it lies in a root both as it is written and once links are followed.
fn file(path: &Path, link: &str, roots: &Roots) -> Result<Target, TargetError> {
    let outside = || TargetError::Outside(link.to_owned());
    // `..` is undone by name, as in a URL. And before anything touches the disk: on Windows, to
    // look at a path on a foreign host is to tell that host who asks.
    let path = without_dots(path).ok_or_else(outside)?;
    if !roots.seem_to_hold(&path) {
        return Err(outside());
    }
    // Most of the places hold nothing, which one look tells; to follow links is one a folder.
    path.symlink_metadata()
        .map_err(|error| from_io(&path, &error))?;
    match path.canonicalize() {
        Ok(canonical) if roots.hold(&canonical) => regular_file(canonical),
        Ok(_) => Err(outside()),
        Err(error) => Err(from_io(&path, &error)),
    }
}

/// `path` with `.` and `..` undone; `None` where `..` leads over its root or it is not absolute.
fn without_dots(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir if !plain.pop() => return None,
            Component::ParentDir | Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain.is_absolute().then_some(plain)
}

fn regular_file(path: PathBuf) -> Result<Target, TargetError> {
    let metadata = path.metadata().map_err(|error| from_io(&path, &error))?;
    open::check(&path, &metadata)?;
    Ok(Target::File(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A workspace `root` with a document `docs/a.md`, and a folder `outside` beside it.
    struct Folders {
        _temporary: tempfile::TempDir,
        root: PathBuf,
        outside: PathBuf,
    }

    fn folders() -> Folders {
        let temporary = tempfile::tempdir().unwrap();
        let base = temporary.path().canonicalize().unwrap();
        let (root, outside) = (base.join("root"), base.join("outside"));
        fs::create_dir_all(root.join("docs/sub")).unwrap();
        fs::create_dir_all(&outside).unwrap();
        for name in [
            "docs/b.png",
            "docs/a b.png",
            "docs/c#d.png",
            "docs/100%.png",
            "docs/ü.png",
            "top.png",
            "docs/@x.png",
            "docs/a(1).png",
            "docs/caf\u{e9}.png",
            "docs/e\u{301}te\u{301}.png",
            "docs/back\\slash.png",
            "static/logo.png",
            "docs/public/near.png",
            "static/near.png",
            "docs/figs/plot.png",
            "docs/plot.pdf",
        ] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        fs::write(outside.join("secret.png"), "secret").unwrap();
        Folders {
            _temporary: temporary,
            root,
            outside,
        }
    }

    impl Folders {
        fn resolve(&self, link: &str) -> Result<Target, TargetError> {
            resolve(
                link,
                Some(&self.root.join("docs/a.md")),
                std::slice::from_ref(&self.root),
            )
        }

        fn check(&self, link: &str, expected: &str) {
            assert_eq!(
                self.resolve(link),
                Ok(Target::File(self.root.join(expected))),
                "{link}"
            );
        }

        fn refuses(&self, link: &str, is_expected: fn(&TargetError) -> bool) {
            let error = self.resolve(link).unwrap_err();
            assert!(is_expected(&error), "{link}: {error:?}");
            assert!(!error.to_string().is_empty());
        }
    }

    fn is_outside(error: &TargetError) -> bool {
        matches!(error, TargetError::Outside(_))
    }

    #[test]
    fn a_file_in_the_workspace_is_found() {
        let folders = folders();
        for (link, expected) in [
            ("b.png", "docs/b.png"),
            (" ./b.png ", "docs/b.png"),
            ("sub/../b.png", "docs/b.png"),
            ("nowhere/../b.png", "docs/b.png"),
            ("../top.png", "top.png"),
            ("/top.png", "top.png"),
            ("/docs/b.png?raw=true#x", "docs/b.png"),
            ("a%20b.png", "docs/a b.png"),
            ("a b.png", "docs/a b.png"),
            ("c%23d.png#e", "docs/c#d.png"),
            ("100%.png", "docs/100%.png"),
            ("%C3%BC.png", "docs/ü.png"),
            ("ü.png", "docs/ü.png"),
            ("@x.png", "docs/@x.png"),
            ("a(1).png", "docs/a(1).png"),
            ("a%281%29.png", "docs/a(1).png"),
            ("..\\docs\\b.png", "docs/b.png"),
            ("\\docs\\b.png", "docs/b.png"),
            ("sub\\..\\b.png", "docs/b.png"),
        ] {
            folders.check(link, expected);
        }
        let uri = Url::from_file_path(folders.root.join("docs/a b.png")).unwrap();
        folders.check(uri.as_str(), "docs/a b.png");
    }

    #[test]
    fn the_outside_is_refused_whether_it_exists_or_not() {
        let folders = folders();
        for link in [
            "../../outside/secret.png",
            "../../outside/nothing.png",
            "%2e%2e/%2E%2E/outside/secret.png",
            "..%2f..%2foutside/secret.png",
            "/../outside/secret.png",
            "%2Fetc/passwd",
            "../../../../../../../../../../../../etc/passwd",
            "file:///etc/passwd",
            "../../root2/a.png",
            "..\\..\\outside\\secret.png",
            "%2e%2e%5c..%5Coutside%5csecret.png",
            "C:\\Windows\\win.ini",
            "c:/Windows/win.ini",
            "\\\\host\\share\\a.png",
            "%5c%5chost%5Cshare%5ca.png",
            "\\\\?\\C:\\a.png",
        ] {
            folders.refuses(link, is_outside);
        }
        let uri = Url::from_file_path(folders.outside.join("secret.png")).unwrap();
        folders.refuses(uri.as_str(), is_outside);
    }

    #[cfg(unix)]
    #[test]
    fn links_of_the_file_system_are_followed_only_within() {
        use std::os::unix::fs::symlink;
        let folders = folders();
        symlink(
            folders.outside.join("secret.png"),
            folders.root.join("docs/out.png"),
        )
        .unwrap();
        symlink(&folders.outside, folders.root.join("docs/out")).unwrap();
        symlink("b.png", folders.root.join("docs/in.png")).unwrap();
        symlink("gone.png", folders.root.join("docs/dangling.png")).unwrap();
        symlink("loop.png", folders.root.join("docs/loop.png")).unwrap();
        folders.refuses("out.png", is_outside);
        folders.refuses("out/secret.png", is_outside);
        folders.check("in.png", "docs/b.png");
        folders.refuses("dangling.png", |error| {
            matches!(error, TargetError::Missing(_))
        });
        folders.refuses("loop.png", |error| {
            matches!(error, TargetError::Unreadable { .. })
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_root_that_is_itself_a_link_holds_its_files() {
        let folders = folders();
        let alias = folders.outside.join("alias");
        std::os::unix::fs::symlink(&folders.root, &alias).unwrap();
        let found = resolve("b.png", Some(&alias.join("docs/a.md")), &[alias]);
        assert_eq!(found, Ok(Target::File(folders.root.join("docs/b.png"))));
    }

    #[test]
    fn what_is_no_readable_file_is_refused_with_its_reason() {
        let folders = folders();
        let large = fs::File::create(folders.root.join("docs/large.png")).unwrap();
        large.set_len(MAX_FILE_BYTES + 1).unwrap();
        for (link, is_expected) in [
            (
                "gone.png",
                (|error| matches!(error, TargetError::Missing(_))) as fn(&TargetError) -> bool,
            ),
            ("b.png/c.png", |error| {
                matches!(error, TargetError::Missing(_))
            }),
            ("sub", |error| matches!(error, TargetError::Folder(_))),
            ("sub/", |error| matches!(error, TargetError::Folder(_))),
            ("large.png", |error| {
                matches!(error, TargetError::TooLarge { .. })
            }),
            ("", |error| *error == TargetError::Empty),
            ("#a", |error| *error == TargetError::Empty),
            ("?a", |error| *error == TargetError::Empty),
            ("b%00.png", |error| {
                matches!(error, TargetError::Unreadable { .. })
            }),
            ("b%ff.png", |error| {
                matches!(error, TargetError::Encoding(_))
            }),
            ("{{ site.url }}/b.png", |error| {
                matches!(error, TargetError::Template(_))
            }),
            ("${base}/b.png", |error| {
                matches!(error, TargetError::Template(_))
            }),
            ("https://a/{{ b }}.png", |error| {
                matches!(error, TargetError::Template(_))
            }),
            ("@site/b.png", |error| {
                matches!(error, TargetError::Alias(_))
            }),
            ("~/b.png", |error| matches!(error, TargetError::Alias(_))),
            ("$lib/b.png", |error| matches!(error, TargetError::Alias(_))),
            ("ftp://a/b.png", |error| {
                *error == TargetError::Scheme("ftp".into())
            }),
            ("Blob:x", |error| {
                *error == TargetError::Scheme("blob".into())
            }),
            ("https://", |error| matches!(error, TargetError::Url(_))),
            ("file://host/b.png", |error| {
                matches!(error, TargetError::Url(_) | TargetError::Outside(_))
            }),
        ] {
            folders.refuses(link, is_expected);
        }
    }

    #[test]
    fn a_name_is_found_in_either_form_of_unicode() {
        let folders = folders();
        let (composed, decomposed) = ("docs/caf\u{e9}.png", "docs/e\u{301}te\u{301}.png");
        for (link, expected) in [
            ("caf\u{e9}.png", composed),
            ("cafe\u{301}.png", composed),
            ("cafe%CC%81.png", composed),
            ("\u{e9}t\u{e9}.png", decomposed),
            ("%C3%A9t%C3%A9.png", decomposed),
            ("e\u{301}t\u{e9}.png", decomposed),
        ] {
            folders.check(link, expected);
        }
        let uri = Url::from_file_path(folders.root.join("docs/cafe\u{301}.png")).unwrap();
        folders.check(uri.as_str(), composed);
    }

    #[cfg(unix)]
    #[test]
    fn a_name_with_a_backslash_in_it_is_taken_as_it_is_first() {
        folders().check("back\\slash.png", "docs/back\\slash.png");
    }

    #[test]
    fn files_are_looked_for_where_sites_keep_them() {
        let folders = folders();
        for (link, expected) in [
            ("/logo.png", "static/logo.png"),
            ("logo.png", "static/logo.png"),
            ("/near.png", "docs/public/near.png"),
            ("/b.png", "docs/b.png"),
            ("/static/logo.png", "static/logo.png"),
        ] {
            folders.check(link, expected);
        }
        for link in ["../logo.png", "/x/../../outside/secret.png", "/gone.png"] {
            let error = folders.resolve(link).unwrap_err();
            assert!(matches!(
                error,
                TargetError::Missing(_) | TargetError::Outside(_)
            ));
        }
        let plain = folders.root.join("docs/gone.png");
        assert_eq!(
            folders.resolve("gone.png"),
            Err(TargetError::Missing(plain))
        );
    }

    #[test]
    fn what_the_document_says_of_its_images_counts() {
        let folders = folders();
        let check = |hints: &Hints, link: &str, expected: &str| {
            let document = folders.root.join("docs/a.tex");
            let roots = std::slice::from_ref(&folders.root);
            let found = resolve_with(link, Some(&document), roots, hints);
            assert_eq!(
                found,
                Ok(Target::File(folders.root.join(expected))),
                "{link}"
            );
        };
        let latex = Hints::from_latex("\\graphicspath{{figs/}}");
        check(&latex, "plot.png", "docs/figs/plot.png");
        check(&latex, "figs/plot", "docs/figs/plot.png");
        check(&latex, "plot", "docs/plot.pdf");
        check(
            &Hints::from_asciidoc(":imagesdir: figs"),
            "plot.png",
            "docs/figs/plot.png",
        );
        check(
            &Hints::from_asciidoc(":imagesdir: /docs"),
            "b.png",
            "docs/b.png",
        );
        check(
            &Hints::from_asciidoc(":imagesdir: figs"),
            "b.png",
            "docs/b.png",
        );
        let web = Hints::from_asciidoc(":imagesdir: https://x.example/img/");
        let url = Url::parse("https://x.example/img/a.png").unwrap();
        assert_eq!(
            resolve_with("a.png", None, &[], &web),
            Ok(Target::Remote(url))
        );
        let out = Hints::from_asciidoc(":imagesdir: ../../outside");
        let document = folders.root.join("docs/a.adoc");
        let refused = resolve_with(
            "secret.png",
            Some(&document),
            std::slice::from_ref(&folders.root),
            &out,
        );
        assert!(refused.is_err_and(|error| is_outside(&error)));
    }

    #[test]
    fn a_document_without_a_file_has_no_relative_links() {
        let folders = folders();
        let roots = [folders.root.clone()];
        assert!(matches!(
            resolve("b.png", None, &roots),
            Err(TargetError::Unsaved(_))
        ));
        let top = resolve("/top.png", None, &roots);
        assert_eq!(top, Ok(Target::File(folders.root.join("top.png"))));
        assert!(matches!(
            resolve("/top.png", None, &[]),
            Err(TargetError::Unsaved(_))
        ));
    }

    #[test]
    fn the_innermost_root_is_where_a_slash_begins() {
        let folders = folders();
        let roots = [folders.root.clone(), folders.root.join("docs")];
        let found = resolve("/b.png", Some(&folders.root.join("docs/a.md")), &roots);
        assert_eq!(found, Ok(Target::File(folders.root.join("docs/b.png"))));
    }

    #[test]
    fn a_named_file_may_lie_anywhere() {
        let folders = folders();
        let secret = folders.outside.join("secret.png");
        assert_eq!(named(&secret), Ok(Target::File(secret)));
        assert!(matches!(named(&folders.root), Err(TargetError::Folder(_))));
        assert!(matches!(
            named(&folders.root.join("gone")),
            Err(TargetError::Missing(_))
        ));
    }

    #[test]
    fn a_url_is_remote() {
        for (link, expected) in [
            (
                "https://a.example/b%20c.png?d#e",
                "https://a.example/b%20c.png?d#e",
            ),
            ("HTTP://a.example/", "http://a.example/"),
            ("//a.example/b.png", "https://a.example/b.png"),
        ] {
            assert_eq!(
                resolve(link, None, &[]),
                Ok(Target::Remote(Url::parse(expected).unwrap()))
            );
        }
    }
}
