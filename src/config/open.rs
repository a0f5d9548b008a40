//! Opens files in whose place a stranger may have put what never ends, or never begins.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// The regular file at `path`, to be read.
///
/// # Errors
/// When there is none, something else is there, or it cannot be opened. Nothing is waited for.
pub fn open_file(path: &Path) -> io::Result<File> {
    let no_file = || io::Error::other("it is no file");
    // A device may do something when it is opened.
    if !path.metadata()?.is_file() {
        return Err(no_file());
    }
    let mut options = OpenOptions::new();
    options.read(true);
    // To open a pipe that took its place would wait for someone who writes.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(no_file())
    }
}
