//! Files and folders that only the user can read, from their first moment on.

use std::fs;
use std::io;
use std::path::Path;

/// A folder and those above it that are missing.
///
/// # Errors
/// As [`fs::DirBuilder::create`].
pub fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// How to open a file that is made so.
pub fn options() -> fs::OpenOptions {
    #[allow(unused_mut, reason = "only Unix has modes")]
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Takes from others what they may do with a file that was there before.
pub fn tighten(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path).map_or(0, |found| found.permissions().mode());
        if mode & 0o077 != 0 {
            let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// Leaves an empty file as a mark; whether this was the first to do so.
pub fn mark_once(path: &Path) -> bool {
    let made = path.parent().map_or(Ok(()), create_folder);
    made.and_then(|()| options().write(true).create_new(true).open(path))
        .is_ok()
}
