//! Reads the user's `config.toml`, and tells one that is not there from one that cannot be read.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// More than any configuration has; what is longer is something else.
const LONGEST: u64 = 1 << 20;

/// The user's `config.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserFile {
    pub path: PathBuf,
    /// Its text, or in words why it cannot be read.
    pub text: Result<String, String>,
}

/// `config.toml` in the user's configuration folder; `None` where there is none.
pub fn user_file() -> Option<UserFile> {
    read(dirs::config_dir()?.join("gloss").join("config.toml"))
}

fn read(path: PathBuf) -> Option<UserFile> {
    // The link itself: one that leads nowhere is a file that cannot be read, not none.
    let is_absent = std::fs::symlink_metadata(&path).is_err_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        )
    });
    if is_absent {
        return None;
    }
    let text = text(&path);
    Some(UserFile { path, text })
}

fn text(path: &Path) -> Result<String, String> {
    let mut options = OpenOptions::new();
    options.read(true);
    // To open a pipe would wait for someone who writes.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    let unreadable = |error: io::Error| format!("cannot be read: {error}");
    let file = options.open(path).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err("cannot be read: it is no file".into());
    }
    let mut bytes = Vec::new();
    file.take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST {
        return Err("cannot be read: it is larger than 1 MiB".into());
    }
    let text = String::from_utf8(bytes).map_err(|_| "cannot be read: it is not in UTF-8")?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_none_and_one_that_cannot_be_read_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let check = |name: &str, expected: Option<Result<&str, &str>>| {
            let found = read(folder.path().join(name)).map(|file| file.text);
            let found = found
                .as_ref()
                .map(|text| text.as_deref().map_err(String::as_str));
            assert_eq!(found, expected, "{name}");
        };
        let write = |name: &str, bytes: &[u8]| {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        };
        write("good", "\u{feff}model = 'ä'".as_bytes());
        write("latin", b"model = '\xe4'");
        write("huge", &vec![b'#'; (1 << 20) + 1]);
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        check("none", None);
        check("good/none", None);
        check("good", Some(Ok("model = 'ä'")));
        check("latin", Some(Err("cannot be read: it is not in UTF-8")));
        check("huge", Some(Err("cannot be read: it is larger than 1 MiB")));
        #[cfg(unix)]
        {
            check("folder", Some(Err("cannot be read: it is no file")));
            std::os::unix::fs::symlink("nowhere", folder.path().join("dangling")).unwrap();
            let dangling = read(folder.path().join("dangling")).unwrap().text;
            assert!(dangling.is_err(), "{dangling:?}");
            let mode = rustix::fs::Mode::from_raw_mode(0o600);
            rustix::fs::mkfifoat(rustix::fs::CWD, folder.path().join("pipe"), mode).unwrap();
            check("pipe", Some(Err("cannot be read: it is no file")));
        }
    }
}
