//! What Gloss notes about itself: on standard error, and of the language server in a file as well,
//! which stays small and holds no prompt, no answer and no key.

mod lines;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lines::Lines;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use crate::store::{data_folder, private};
use crate::text;

/// The file's name in the data folder. What came before stands under the same with `.old`.
const FILE: &str = "gloss.log";
/// How long one of the two files gets, in bytes.
const LARGEST: u64 = 4 << 20;
/// The longest line, in bytes.
const LONGEST: usize = 4 << 10;

/// How long the last lines may take to be written when the process ends.
const LAST_LINES: Duration = Duration::from_millis(500);

/// The log of this process. When it goes, what was logged is written.
#[must_use = "dropped at the end of the process"]
pub struct Log {
    behind: Vec<Lines>,
}

impl Drop for Log {
    fn drop(&mut self) {
        for lines in &self.behind {
            lines.flush(LAST_LINES);
        }
    }
}

/// Warnings and errors of Gloss itself; `GLOSS_LOG` takes a level. Other crates stay silent
/// whatever it says: the framework would print every message. The language server waits neither for
/// the disk nor for an editor that does not read its standard error.
pub fn start(is_server: bool) -> Log {
    let level = std::env::var("GLOSS_LOG")
        .ok()
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::WARN);
    // What the store logs the commands say themselves, as its notices.
    let store = if is_server { level } else { LevelFilter::OFF };
    let own = Targets::new()
        .with_target("gloss", level)
        .with_target("gloss::store", store);
    let mut behind = Vec::new();
    let mut writer = |lines: Lines| {
        behind.push(lines.clone());
        BoxMakeWriter::new(move || lines.clone())
    };
    let to_stderr = if is_server {
        writer(Lines::to(io::stderr()))
    } else {
        BoxMakeWriter::new(io::stderr)
    };
    let on_stderr = fmt::layer()
        .with_writer(to_stderr)
        .with_ansi(false)
        .without_time()
        .with_filter(own.clone());
    let in_file = is_server.then(data_folder).flatten().map(|folder| {
        let file = Rotating::new(folder.join(FILE), LARGEST);
        fmt::layer()
            .with_writer(writer(Lines::to(file)))
            .with_ansi(false)
            .with_filter(own)
    });
    let _ = tracing_subscriber::registry()
        .with(on_stderr)
        .with(in_file)
        .try_init();
    let last = behind.clone();
    std::panic::set_hook(Box::new(move |panic| {
        // The place alone: a panic's words can quote what stands in a document.
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!("panicked at {place}");
        // It may be the last that is logged.
        for lines in &last {
            lines.flush(LAST_LINES);
        }
    }));
    Log { behind }
}

/// A file of lines that many processes write to. When it is full it takes the place of the one
/// before, so that there are never more than two. Made with the first line.
struct Rotating {
    path: PathBuf,
    largest: u64,
    file: Option<File>,
}

impl Rotating {
    fn new(path: PathBuf, largest: u64) -> Self {
        Self {
            path,
            largest,
            file: None,
        }
    }

    fn open(&self) -> io::Result<File> {
        if let Some(folder) = self.path.parent() {
            private::create_folder(folder)?;
        }
        private::tighten(&self.path);
        private::options()
            .append(true)
            .create(true)
            .open(&self.path)
    }

    /// The file, with room for so many bytes.
    fn with_room(&mut self, bytes: u64) -> io::Result<&File> {
        let is_full = |length: u64| length + bytes > self.largest;
        let file = match self.file.take() {
            Some(file) => file,
            None => self.open()?,
        };
        if !is_full(file.metadata()?.len()) {
            return Ok(self.file.insert(file));
        }
        // Of many who see that it is full one moves it: who comes later finds a new one there.
        file.lock()?;
        if fs::metadata(&self.path).is_ok_and(|found| is_full(found.len())) {
            fs::rename(&self.path, old(&self.path))?;
        }
        drop(file);
        let new = self.open()?;
        Ok(self.file.insert(new))
    }
}

fn old(path: &Path) -> PathBuf {
    let mut old = path.as_os_str().to_owned();
    old.push(".old");
    old.into()
}

impl Write for Rotating {
    /// Takes one event, and writes it as one line. Nobody is told where it cannot be written.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let words = String::from_utf8_lossy(event);
        let words = text::up_to_line_end(words.trim_end(), LONGEST);
        let line = format!("{}\n", text::visible(words));
        let _ = self
            .with_room(line.len() as u64)
            .and_then(|mut file| file.write_all(line.as_bytes()));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_of_bounded_size_hold_the_latest_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/gloss.log");
        let writers = || Rotating::new(path.clone(), 1_000);
        assert!(!path.exists());
        let threads: Vec<_> = (0..4)
            .map(|number| {
                let mut log = writers();
                std::thread::spawn(move || {
                    for line in 0..200 {
                        let event = format!("{number} {line}\n\u{1b}[31mforged\n");
                        assert_eq!(log.write(event.as_bytes()).unwrap(), event.len());
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        let mut last = writers();
        last.write_all(&vec![b'a'; 100_000]).unwrap();
        last.write_all(b"the last\n").unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.ends_with("\nthe last\n") || text == "the last\n",
            "{text}"
        );
        let mut names: Vec<_> = fs::read_dir(path.parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        names.sort();
        assert_eq!(names, [path.clone(), old(&path)]);
        for name in names {
            let text = fs::read_to_string(&name).unwrap();
            assert!(text.len() <= 1_000 + LONGEST + 1, "{}", text.len());
            for line in text.lines() {
                let is_whole = line.contains("⟨U+001B⟩[31mforged");
                assert!(
                    is_whole || line == "the last" || line.starts_with("aaa"),
                    "{line}"
                );
            }
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                let mode = fs::metadata(&name).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600);
            }
        }
    }

    #[test]
    fn both_files_together_stay_below_ten_megabytes() {
        assert!(2 * (LARGEST + LONGEST as u64) < 10_000_000);
    }
}
