//! Reads the files of configuration, and tells one that is not there from one that cannot be read.

use std::fs::Metadata;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::open::open_file;

/// More than any configuration has; what is longer is something else.
const LONGEST: u64 = 1 << 20;

/// A repository may be hostile, and needs less.
const LONGEST_OF_REPOSITORY: u64 = 64 << 10;

/// What a repository's own configuration is called, at its root.
const OF_REPOSITORY: &str = ".gloss.toml";

/// A file of configuration as it was when it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigFile {
    pub path: PathBuf,
    pub content: Content,
    stamp: Option<Stamp>,
}

/// What a file of configuration holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Content {
    #[default]
    Absent,
    Text(String),
    /// Not taken, in words why; as if it were not there.
    Refused(String),
    /// In words why. Nobody knows what it would have said.
    Unreadable(String),
}

/// What tells one state of a file from the next without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    #[cfg(unix)]
    inode: u64,
}

impl ConfigFile {
    /// `config.toml` in the user's configuration folder.
    pub fn of_user() -> Self {
        let folder = dirs::config_dir();
        folder.map_or_else(Self::default, |folder| {
            Self::read(folder.join("gloss").join("config.toml"))
        })
    }

    /// The administrator's policy. Its place is fixed: an environment that named another one
    /// would lift it.
    pub fn of_administrator() -> Self {
        policy_path().map_or_else(Self::default, Self::read)
    }

    /// `.gloss.toml` at the root of a workspace. A link that leads out of it is not followed.
    pub fn of_workspace(root: &Path) -> Self {
        let path = root.join(OF_REPOSITORY);
        let inside = match (path.canonicalize(), root.canonicalize()) {
            (Ok(file), Ok(root)) if !file.starts_with(&root) => {
                return Self {
                    stamp: Stamp::of(&path),
                    content: Content::Refused(
                        "leads out of its workspace, so it is not read".into(),
                    ),
                    path,
                };
            }
            (Ok(file), _) => file,
            (Err(_), _) => path.clone(),
        };
        Self {
            path,
            ..Self::read_up_to(inside, LONGEST_OF_REPOSITORY)
        }
    }

    /// Reads the file at `path`, which need not be there.
    pub fn read(path: PathBuf) -> Self {
        Self::read_up_to(path, LONGEST)
    }

    fn read_up_to(path: PathBuf, longest: u64) -> Self {
        let stamp = Stamp::of(&path);
        // The link itself: one that leads nowhere is a file that cannot be read, not none.
        let is_absent = std::fs::symlink_metadata(&path).is_err_and(|error| {
            matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            )
        });
        let content = if is_absent {
            Content::Absent
        } else {
            match text(&path, longest) {
                Ok(text) => Content::Text(text),
                Err(why) => Content::Unreadable(why),
            }
        };
        Self {
            path,
            content,
            stamp,
        }
    }

    /// Whether the file on the disk is another one by now, as far as its date and size tell.
    pub fn is_stale(&self) -> bool {
        Stamp::of(&self.path) != self.stamp
    }

    /// Whether there is such a file, readable or not.
    pub fn is_there(&self) -> bool {
        self.content != Content::Absent
    }
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata: Metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            modified: metadata.modified().ok(),
            length: metadata.len(),
            #[cfg(unix)]
            inode: std::os::unix::fs::MetadataExt::ino(&metadata),
        })
    }
}

#[cfg(not(windows))]
#[allow(clippy::unnecessary_wraps, reason = "elsewhere there may be none")]
fn policy_path() -> Option<PathBuf> {
    Some("/etc/gloss/policy.toml".into())
}

#[cfg(windows)]
fn policy_path() -> Option<PathBuf> {
    // By the system itself: the variable of this name is anybody's to set.
    let folder = known_folders::get_known_folder_path(known_folders::KnownFolder::ProgramData)?;
    Some(folder.join("gloss").join("policy.toml"))
}

fn text(path: &Path, longest: u64) -> Result<String, String> {
    let unreadable = |error: io::Error| format!("cannot be read: {error}");
    let file = open_file(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(longest + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > longest {
        return Err(format!(
            "cannot be read: it is larger than {} KiB",
            longest >> 10
        ));
    }
    let text = String::from_utf8(bytes).map_err(|_| "cannot be read: it is not in UTF-8")?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

impl ConfigFile {
    /// A file that holds this text, whatever stands on the disk.
    pub fn of_text(path: &str, text: &str) -> Self {
        Self {
            path: path.into(),
            content: Content::Text(text.into()),
            stamp: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreadable(why: &str) -> Content {
        Content::Unreadable(format!("cannot be read: {why}"))
    }

    #[test]
    fn a_file_that_is_not_there_is_none_and_one_that_cannot_be_read_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let check = |name: &str, expected: Content| {
            let found = ConfigFile::read(folder.path().join(name)).content;
            assert_eq!(found, expected, "{name}");
        };
        let write = |name: &str, bytes: &[u8]| {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        };
        write("good", "\u{feff}model = 'ä'".as_bytes());
        write("latin", b"model = '\xe4'");
        write("huge", &vec![b'#'; (1 << 20) + 1]);
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        check("none", Content::Absent);
        check("good/none", Content::Absent);
        check("good", Content::Text("model = 'ä'".into()));
        check("latin", unreadable("it is not in UTF-8"));
        check("huge", unreadable("it is larger than 1024 KiB"));
        #[cfg(unix)]
        {
            check("folder", unreadable("it is no file"));
            std::os::unix::fs::symlink("nowhere", folder.path().join("dangling")).unwrap();
            let dangling = ConfigFile::read(folder.path().join("dangling")).content;
            assert!(matches!(dangling, Content::Unreadable(_)), "{dangling:?}");
            let mode = rustix::fs::Mode::from_raw_mode(0o600);
            rustix::fs::mkfifoat(rustix::fs::CWD, folder.path().join("pipe"), mode).unwrap();
            check("pipe", unreadable("it is no file"));
        }
    }

    #[test]
    fn a_workspaces_own_is_small_and_inside_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir(&root).unwrap();
        let own = root.join(".gloss.toml");
        let content = || ConfigFile::of_workspace(&root).content;
        assert_eq!(content(), Content::Absent);
        std::fs::write(&own, "context = 'file'").unwrap();
        assert_eq!(content(), Content::Text("context = 'file'".into()));
        std::fs::write(&own, vec![b'#'; (64 << 10) + 1]).unwrap();
        assert_eq!(content(), unreadable("it is larger than 64 KiB"));
        #[cfg(unix)]
        {
            let link = |target: &Path| {
                std::fs::remove_file(&own).unwrap();
                std::os::unix::fs::symlink(target, &own).unwrap();
            };
            std::fs::write(root.join("inner.toml"), "model = 'a'").unwrap();
            link(Path::new("inner.toml"));
            assert_eq!(content(), Content::Text("model = 'a'".into()));
            std::fs::write(folder.path().join("outer.toml"), "model = 'b'").unwrap();
            link(Path::new("../outer.toml"));
            assert!(matches!(content(), Content::Refused(_)));
        }
    }

    #[test]
    fn a_change_shows_without_reading() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let absent = ConfigFile::read(path.clone());
        assert!(!absent.is_stale());
        std::fs::write(&path, "a").unwrap();
        assert!(absent.is_stale());
        let written = ConfigFile::read(path.clone());
        assert!(!written.is_stale());
        std::fs::write(&path, "ab").unwrap();
        assert!(written.is_stale());
        std::fs::remove_file(&path).unwrap();
        assert!(written.is_stale());
    }
}
