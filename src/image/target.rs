//! What a link points at: a file inside the workspace, bytes in the link itself, or a URL.
//!
//! Nothing outside the workspace's roots is so much as looked at.

use std::borrow::Cow;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::{Component, Path, PathBuf};

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::{percent_decode, percent_decode_str};
use url::Url;

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
    #[error("`{}` has {} MiB; images over {} MiB are not read", path.display(), bytes >> 20, MAX_FILE_BYTES >> 20)]
    TooLarge { path: PathBuf, bytes: u64 },
    #[error("`{}` cannot be read: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: String },
}

/// What `link` points at, as it stands in the document at the absolute path `document`, with the
/// absolute workspace folders `roots`.
///
/// `/…` counts from the root that holds the document. A file is answered only if it exists, is a
/// regular one of at most [`MAX_FILE_BYTES`], and lies in a root, also after links are followed.
pub fn resolve(
    link: &str,
    document: Option<&Path>,
    roots: &[PathBuf],
) -> Result<Target, TargetError> {
    let link = link.trim();
    let scheme = scheme(link);
    if scheme.as_deref() == Some("data") {
        return data(link);
    }
    if ["{{", "${", "{%", "<%"]
        .iter()
        .any(|mark| link.contains(mark))
    {
        return Err(TargetError::Template(link.to_owned()));
    }
    match scheme.as_deref() {
        Some("http" | "https") => remote(link, link),
        Some("file") => file(&path_of_uri(link)?, link, roots),
        Some(other) => Err(TargetError::Scheme(other.to_owned())),
        None if link.starts_with("//") => remote(&format!("https:{link}"), link),
        None => {
            let found = file(&path_of_link(link, document, roots)?, link, roots);
            match found {
                Err(TargetError::Missing(_)) if is_alias(link) => {
                    Err(TargetError::Alias(link.to_owned()))
                }
                found => found,
            }
        }
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

fn path_of_link(
    link: &str,
    document: Option<&Path>,
    roots: &[PathBuf],
) -> Result<PathBuf, TargetError> {
    let path = link.split(['?', '#']).next().unwrap_or_default();
    if path.is_empty() {
        return Err(TargetError::Empty);
    }
    let decoded: Cow<str> = percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| TargetError::Encoding(link.to_owned()))?;
    let base = match path.strip_prefix('/') {
        Some(_) => root_of(document, roots),
        None => document.and_then(Path::parent),
    };
    let base = base.ok_or_else(|| TargetError::Unsaved(link.to_owned()))?;
    let from_root = if path.starts_with('/') {
        decoded.trim_start_matches('/')
    } else {
        &decoded
    };
    Ok(base.join(from_root))
}

/// The innermost root that holds the document, else the first.
fn root_of<'a>(document: Option<&Path>, roots: &'a [PathBuf]) -> Option<&'a Path> {
    let holding = roots
        .iter()
        .filter(|root| document.is_some_and(|document| document.starts_with(root)));
    let innermost = holding.max_by_key(|root| root.components().count());
    innermost.or(roots.first()).map(PathBuf::as_path)
}

/// The file at `path` if it lies in a root both as it is written and once links are followed.
fn file(path: &Path, link: &str, roots: &[PathBuf]) -> Result<Target, TargetError> {
    let outside = || TargetError::Outside(link.to_owned());
    let canonical_roots: Vec<PathBuf> = roots
        .iter()
        .filter_map(|root| root.canonicalize().ok())
        .collect();
    // `..` is undone by name, as in a URL. And before anything touches the disk: on Windows, to
    // look at a path on a foreign host is to tell that host who asks.
    let path = without_dots(path).ok_or_else(outside)?;
    if !lies_in(&path, roots) && !lies_in(&path, &canonical_roots) {
        return Err(outside());
    }
    match path.canonicalize() {
        Ok(canonical) if lies_in(&canonical, &canonical_roots) => regular_file(canonical),
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

fn lies_in(path: &Path, roots: &[PathBuf]) -> bool {
    roots.iter().any(|root| path.starts_with(root))
}

fn regular_file(path: PathBuf) -> Result<Target, TargetError> {
    let metadata = path.metadata().map_err(|error| from_io(&path, &error))?;
    check(&path, &metadata)?;
    Ok(Target::File(path))
}

/// The regular file at `path`, opened, and its size in bytes.
pub(super) fn open(path: &Path) -> Result<(File, u64), TargetError> {
    let mut options = OpenOptions::new();
    options.read(true);
    // What was a file a moment ago may be a pipe by now, and to open one would wait for a writer.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    let file = options.open(path).map_err(|error| from_io(path, &error))?;
    let metadata = file.metadata().map_err(|error| from_io(path, &error))?;
    check(path, &metadata)?;
    Ok((file, metadata.len()))
}

fn check(path: &Path, metadata: &Metadata) -> Result<(), TargetError> {
    let path = path.to_owned();
    if metadata.is_dir() {
        Err(TargetError::Folder(path))
    } else if !metadata.is_file() {
        Err(TargetError::NotAFile(path))
    } else if metadata.len() > MAX_FILE_BYTES {
        Err(TargetError::TooLarge {
            path,
            bytes: metadata.len(),
        })
    } else {
        Ok(())
    }
}

pub(super) fn from_io(path: &Path, error: &io::Error) -> TargetError {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => TargetError::Missing(path),
        _ => TargetError::Unreadable {
            path,
            reason: error.to_string(),
        },
    }
}

/// The bytes of a `data:` URI, RFC 2397.
fn data(link: &str) -> Result<Target, TargetError> {
    // Base64 writes three bytes as four, and percent-encoding one as three.
    if link.len() as u64 > MAX_FILE_BYTES * 3 {
        return Err(TargetError::Data("it is too large"));
    }
    let (head, body) = link
        .split_once(',')
        .ok_or(TargetError::Data("it has no comma"))?;
    // Browsers drop the fragment and all white space.
    let body = body.split('#').next().unwrap_or_default();
    let decoded: Vec<u8> = percent_decode(body.as_bytes()).collect();
    let is_base64 = head
        .rsplit(';')
        .next()
        .is_some_and(|last| last.trim().eq_ignore_ascii_case("base64"));
    let bytes = if is_base64 {
        from_base64(decoded)?
    } else {
        decoded
    };
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(TargetError::Data("it is too large"));
    }
    Ok(Target::Data { bytes })
}

fn from_base64(mut text: Vec<u8>) -> Result<Vec<u8>, TargetError> {
    text.retain(|byte| !byte.is_ascii_whitespace());
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let is_url_safe = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let alphabet = if is_url_safe {
        &base64::alphabet::URL_SAFE
    } else {
        &base64::alphabet::STANDARD
    };
    let engine = GeneralPurpose::new(alphabet, lenient);
    engine
        .decode(text)
        .map_err(|_| TargetError::Data("its base64 is broken"))
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
        ] {
            fs::write(root.join(name), name).unwrap();
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

    #[cfg(unix)]
    #[test]
    fn pipes_and_devices_are_never_opened() {
        let folders = folders();
        let pipe = folders.root.join("docs/pipe.png");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
        folders.refuses("pipe.png", |error| {
            matches!(error, TargetError::NotAFile(_))
        });
        // Returns at once, though nobody writes.
        assert!(matches!(open(&pipe), Err(TargetError::NotAFile(_))));
        assert!(matches!(
            named(Path::new("/dev/zero")),
            Err(TargetError::NotAFile(_))
        ));
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

    #[test]
    fn data_is_decoded() {
        for (link, expected) in [
            ("data:image/png;base64,aGVsbG8=", b"hello".as_slice()),
            ("data:image/png;base64,aGVsbG8", b"hello"),
            ("DATA:;BASE64,aGVs%0Abg 8%3D", b"heln\x0f"),
            ("data:;base64,_-8", b"\xff\xef"),
            ("data:image/svg+xml,%3Csvg/%3E#a", b"<svg/>"),
            ("data:,{{a}}", b"{{a}}"),
        ] {
            let expected = Target::Data {
                bytes: expected.to_vec(),
            };
            assert_eq!(resolve(link, None, &[]), Ok(expected), "{link}");
        }
        for link in ["data:image/png;base64", "data:;base64,!!!!"] {
            assert!(
                matches!(resolve(link, None, &[]), Err(TargetError::Data(_))),
                "{link}"
            );
        }
    }
}
