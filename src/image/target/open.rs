//! Opens a file that was found, and sees to it that it is still that file.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

use super::{MAX_FILE_BYTES, TargetError};

/// The regular file at the canonical `path`, opened, and its size in bytes.
///
/// A canonical path has no links in it. One that has by now was put there after the path was
/// found to lie in the workspace, and may lead anywhere: it is not followed.
pub fn open(path: &Path) -> Result<(File, u64), TargetError> {
    let file = without_links(path)?;
    let metadata = file.metadata().map_err(|error| from_io(path, &error))?;
    check(path, &metadata)?;
    Ok((file, metadata.len()))
}

/// Folder by folder from the root, none of which may be a link: that holds whatever is swapped
/// meanwhile, while a path that is looked at first and opened then does not.
#[cfg(unix)]
fn without_links(path: &Path) -> Result<File, TargetError> {
    use std::path::Component;

    use rustix::fs::{CWD, Mode, OFlags, openat};
    use rustix::io::Errno;

    // To pass through a folder, one needs no right to list it.
    #[cfg(target_os = "linux")]
    let pass = OFlags::PATH;
    #[cfg(not(target_os = "linux"))]
    let pass = OFlags::RDONLY;
    let folder = pass | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    // What was a file a moment ago may be a pipe by now, and to open one would wait for a writer.
    let last =
        OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = || {
        let mut at = openat(CWD, "/", folder, Mode::empty())?;
        let mut names = path
            .components()
            .filter(|part| matches!(part, Component::Normal(_)))
            .peekable();
        while let Some(name) = names.next() {
            let flags = if names.peek().is_some() { folder } else { last };
            at = openat(&at, name.as_os_str(), flags, Mode::empty())?;
        }
        Ok(File::from(at))
    };
    opened().map_err(|errno: Errno| match errno {
        Errno::LOOP | Errno::NOTDIR | Errno::MLINK => TargetError::Replaced(path.to_owned()),
        errno => from_io(path, &errno.into()),
    })
}

/// Looked at after it was opened, for there is no opening step by step here.
#[cfg(not(unix))]
fn without_links(path: &Path) -> Result<File, TargetError> {
    let file = File::open(path).map_err(|error| from_io(path, &error))?;
    match path.canonicalize() {
        Ok(canonical) if canonical == path => Ok(file),
        _ => Err(TargetError::Replaced(path.to_owned())),
    }
}

/// Refuses what is no regular file, or too large a one.
pub fn check(path: &Path, metadata: &Metadata) -> Result<(), TargetError> {
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

pub fn from_io(path: &Path, error: &io::Error) -> TargetError {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => TargetError::Missing(path),
        _ => TargetError::Unreadable {
            path,
            reason: error.to_string(),
        },
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::named;
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn pipes_and_devices_are_never_opened() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().canonicalize().unwrap().join("pipe.png");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
        // Returns at once, though nobody writes.
        assert!(matches!(open(&pipe), Err(TargetError::NotAFile(_))));
        for path in [&pipe, Path::new("/dev/zero")] {
            assert!(matches!(named(path), Err(TargetError::NotAFile(_))));
        }
    }

    #[test]
    fn a_link_that_takes_the_place_of_what_was_found_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for sub in ["inside/a", "outside/a"] {
            fs::create_dir_all(root.join(sub)).unwrap();
            fs::write(root.join(sub).join("b.png"), sub).unwrap();
        }
        let path = root.join("inside/a/b.png");
        assert!(open(&path).is_ok());
        fs::remove_file(&path).unwrap();
        symlink(root.join("outside/a/b.png"), &path).unwrap();
        assert!(matches!(open(&path), Err(TargetError::Replaced(_))));
        fs::remove_dir_all(root.join("inside")).unwrap();
        symlink(root.join("outside"), root.join("inside")).unwrap();
        assert!(matches!(open(&path), Err(TargetError::Replaced(_))));
    }
}
