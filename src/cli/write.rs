//! A file with new content: in one step where that keeps what else it is, in place where not.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// Fails where a file may not be written, without touching it.
///
/// # Errors
/// When its mode or the system forbids it.
pub fn check(path: &Path) -> anyhow::Result<()> {
    let name = path.display();
    let about = std::fs::metadata(path).with_context(|| format!("{name} cannot be written"))?;
    // To root the system would not say it.
    if about.permissions().readonly() {
        bail!("{name} is read-only, so it is left as it is");
    }
    OpenOptions::new()
        .write(true)
        .open(path)
        .with_context(|| format!("{name} cannot be written"))?;
    Ok(())
}

/// Puts `new` in the place of `old`, the whole content of a file; permissions and owner stay.
///
/// # Errors
/// When the file is not what was read any more, or cannot be written; then it is as it was.
pub fn replace(path: &Path, old: &str, new: &str) -> anyhow::Result<()> {
    // A link stays a link: what it leads to is replaced.
    let path = path
        .canonicalize()
        .with_context(|| format!("{} is gone", path.display()))?;
    let name = path.display();
    check(&path)?;
    let unwritable = || format!("{name} cannot be written");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .with_context(unwritable)?;
    if !holds(&mut file, old).with_context(unwritable)? {
        return Err(changed(&path));
    }
    let about = file.metadata().with_context(unwritable)?;
    match in_one_step(&path, &about, old, new).with_context(unwritable)? {
        Written::Yes => Ok(()),
        Written::Changed => Err(changed(&path)),
        Written::No => in_place(&mut file, &path, old, new),
    }
}

fn changed(path: &Path) -> anyhow::Error {
    anyhow::anyhow!(
        "{} was changed while the answer was on its way, so it is left as it is; run the command again",
        path.display()
    )
}

/// Whether a file's content is `text`; reads no more than it takes to know.
fn holds(file: &mut File, text: &str) -> io::Result<bool> {
    let mut found = Vec::with_capacity(text.len() + 1);
    file.take(text.len() as u64 + 1).read_to_end(&mut found)?;
    Ok(found == text.as_bytes())
}

enum Written {
    Yes,
    /// The file is not what was read any more.
    Changed,
    /// A new file in its place would not be the same to others.
    No,
}

fn in_one_step(path: &Path, about: &Metadata, old: &str, new: &str) -> io::Result<Written> {
    if has_other_names(about) {
        return Ok(Written::No);
    }
    let Some(folder) = path.parent() else {
        return Ok(Written::No);
    };
    let mut file = match tempfile::NamedTempFile::new_in(folder) {
        Ok(file) => file,
        // A folder that takes no new file can still hold one that may be written. A disk that has
        // no room for a new one has none for a longer one either.
        Err(error) if is_forbidden(&error) => return Ok(Written::No),
        Err(error) => return Err(error),
    };
    if !takes_owner(file.as_file(), about) {
        return Ok(Written::No);
    }
    file.write_all(new.as_bytes())?;
    // After the owner, for a change of owner takes rights away.
    file.as_file().set_permissions(about.permissions())?;
    file.as_file().sync_all()?;
    // Writing and syncing took a while. What is changed between this and the next line is lost:
    // no system has a rename that compares.
    if !holds(&mut File::open(path)?, old)? {
        return Ok(Written::Changed);
    }
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(folder);
    Ok(Written::Yes)
}

/// Has the new name survive a power failure too, where a folder can be synced; the file itself
/// is whole in any case.
#[cfg(unix)]
fn sync_folder(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) {}

fn is_forbidden(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
    )
}

/// Writes over `old`, the content of the file. What goes wrong meanwhile is undone.
fn in_place(file: &mut File, path: &Path, old: &str, new: &str) -> anyhow::Result<()> {
    let Err(error) = write_over(file, old.len(), new.as_bytes()) else {
        return Ok(());
    };
    let name = path.display();
    if put_back(file, old).is_ok() {
        return Err(error).with_context(|| format!("{name} cannot be written, and is as it was"));
    }
    match kept_elsewhere(old) {
        Ok(place) => bail!(
            "{name} could be written in part only: {error}; what it held before is in {}",
            place.display()
        ),
        Err(_) => bail!("{name} could be written in part only: {error}"),
    }
}

/// What is behind the old end comes first, and is on the disk before an old byte is touched: a disk
/// that has no room for it says so by then.
fn write_over(file: &mut File, old_length: usize, new: &[u8]) -> io::Result<()> {
    if let Some(more) = new.get(old_length..) {
        write_at(file, old_length, more, new.len())?;
    }
    let over = new.get(..old_length).unwrap_or(new);
    write_at(file, 0, over, new.len())
}

/// Writes the bytes at this place of a file that is to be so long.
fn write_at(file: &mut File, at: usize, bytes: &[u8], length: usize) -> io::Result<()> {
    file.seek(SeekFrom::Start(at as u64))?;
    file.write_all(bytes)?;
    file.set_len(length as u64)?;
    file.sync_all()
}

/// Has the file hold this text again, of which an error may have left all as it was.
fn put_back(file: &mut File, old: &str) -> io::Result<()> {
    file.set_len(old.len() as u64)?;
    file.rewind()?;
    if holds(file, old)? {
        return Ok(());
    }
    write_at(file, 0, old.as_bytes(), old.len())
}

/// A new file with this text, where temporary files are kept.
fn kept_elsewhere(text: &str) -> io::Result<PathBuf> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(text.as_bytes())?;
    Ok(file.keep()?.1)
}

#[cfg(unix)]
fn has_other_names(about: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(about) > 1
}

#[cfg(not(unix))]
fn has_other_names(_: &Metadata) -> bool {
    false
}

/// Gives `file` the owner and group that `about` tells of, where that can be done.
#[cfg(unix)]
fn takes_owner(file: &File, about: &Metadata) -> bool {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let same = file
        .metadata()
        .is_ok_and(|own| (own.uid(), own.gid()) == (about.uid(), about.gid()));
    same || fchown(file, Some(about.uid()), Some(about.gid())).is_ok()
}

#[cfg(not(unix))]
fn takes_owner(_: &File, _: &Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn old_file(folder: &tempfile::TempDir) -> std::path::PathBuf {
        let path = folder.path().join("a.txt");
        fs::write(&path, "old").unwrap();
        path
    }

    #[test]
    fn a_file_is_replaced_whole_and_only_as_it_was_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = old_file(&folder);
        for other in ["other", "ol", "older", ""] {
            assert!(replace(&path, other, "new").is_err(), "{other}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        replace(&path, "old", "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn mode_owner_and_other_names_stay() {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        let folder = tempfile::tempdir().unwrap();
        let path = old_file(&folder);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o754)).unwrap();
        // Only root can give a file away; for others it keeps the owner it has.
        let _ = std::os::unix::fs::chown(&path, Some(12_345), Some(12_346));
        let before = fs::metadata(&path).unwrap();
        replace(&path, "old", "new").unwrap();
        let after = fs::metadata(&path).unwrap();
        assert_ne!(after.ino(), before.ino());
        assert_eq!(
            (after.mode(), after.uid(), after.gid()),
            (before.mode(), before.uid(), before.gid())
        );
        let other = folder.path().join("b.txt");
        fs::hard_link(&path, &other).unwrap();
        replace(&path, "new", "n").unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "n");
    }

    #[test]
    fn a_read_only_file_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = old_file(&folder);
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        let error = replace(&path, "old", "new").unwrap_err().to_string();
        assert!(error.contains("read-only"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    }
}
