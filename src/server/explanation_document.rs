//! An explanation as a Markdown document in the cache folder, where the setting `explain_opens` wants one.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

use super::job::Job;
use super::protocol as lsp;
use super::state::Server;
use crate::action::Subject;
use crate::engine::{Explanation, work};
use crate::store::private;

/// Most documents that are left lying.
const MOST: usize = 50;
/// How long they are.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Shows an explanation as a document; `false` where the editor opens none, or none can be written.
pub async fn shown(server: &Server, job: &Job, explanation: &Explanation) -> bool {
    if !server.state().traits.shows_documents {
        return false;
    }
    let name = name(&job.snapshot.uri, &explanation.subject);
    let text = format!(
        "# {}\n\n{}\n\n---\n*Gloss: {}*\n",
        explanation.subject.heading(),
        explanation.markdown.trim_end(),
        explanation.spent.in_words()
    );
    let writing = work::for_job(move || {
        let folder = dirs::cache_dir().ok_or(io::ErrorKind::NotFound)?;
        written(&folder.join("gloss").join("explanations"), &name, &text)
    });
    let path = match writing.await {
        Some(Ok(path)) => path,
        Some(Err(error)) => {
            tracing::warn!("an explanation cannot be written into the cache folder: {error}");
            return false;
        }
        None => return false,
    };
    let uri = url::Url::from_file_path(&path).ok();
    let Some(uri) = uri.and_then(|uri| uri.as_str().parse().ok()) else {
        return false;
    };
    let params = lsp::ShowDocumentParams {
        uri,
        external: Some(false),
        take_focus: Some(false),
        selection: None,
    };
    let shown = server
        .client
        .send_request::<lsp::request::ShowDocument>(params);
    shown.await.is_ok_and(|shown| shown.success)
}

/// The same for the same subject, so that its document is used again.
fn name(uri: &str, subject: &Subject) -> String {
    let what = subject
        .name
        .clone()
        .unwrap_or_else(|| format!("selection at {}", subject.range.start));
    let hash = Sha256::digest(format!("{uri}\0{what}"));
    let hash: String = hash
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let plain: String = what
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(40)
        .collect();
    format!("{plain}-{hash}.md")
}

/// Writes a document into a folder of our own, and takes those away that are old or too many.
fn written(folder: &Path, name: &str, text: &str) -> io::Result<PathBuf> {
    private::create_folder(folder)?;
    let path = folder.join(name);
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(&path).map_err(|error| error.error)?;
    clean_up(folder, &path, SystemTime::now());
    Ok(path)
}

/// Takes away what is old or too many, but never `latest`, however old the clock says it is.
fn clean_up(folder: &Path, latest: &Path, now: SystemTime) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut files: Vec<(SystemTime, PathBuf)> = entries
        .filter_map(Result::ok)
        .filter(|entry| {
            entry
                .path()
                .extension()
                .is_some_and(|ending| ending == "md")
        })
        .filter(|entry| entry.path() != latest)
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    files.reverse();
    for (at, (written, path)) in files.iter().enumerate() {
        let is_old = now.duration_since(*written).is_ok_and(|age| age > LONGEST);
        if at + 1 >= MOST || is_old {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn documents_are_used_again_and_cleaned_up() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("gloss");
        let subject = |name: Option<&str>, start| Subject {
            range: start..start + 3,
            leading: 0..0,
            name: name.map(str::to_owned),
            shown_at: 0,
        };
        let named = name("file:///a.rs", &subject(Some("double"), 0));
        assert!(named.starts_with("double-") && named.len() == "double-01234567.md".len());
        assert_eq!(named, name("file:///a.rs", &subject(Some("double"), 9)));
        assert_ne!(named, name("file:///b.rs", &subject(Some("double"), 0)));
        let odd = name("file:///a.rs", &subject(Some("../\u{202e}x"), 0));
        assert!(odd.starts_with("----x-"), "{odd}");
        let path = written(&inner, &named, "One.").unwrap();
        assert_eq!(written(&inner, &named, "Two.").unwrap(), path);
        assert_eq!(fs::read_to_string(&path).unwrap(), "Two.");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&inner), mode(&path)), (0o700, 0o600));
        }
        assert_eq!(count(&inner), 1);
        for n in 0..60 {
            written(&inner, &format!("{n}.md"), "x").unwrap();
        }
        fs::write(inner.join("else.txt"), "").unwrap();
        assert_eq!(count(&inner), MOST + 1);
        // The clock was set back since the others were written.
        let ahead = SystemTime::now() + LONGEST / 2;
        for n in 0..MOST {
            let file = fs::File::create(inner.join(format!("ahead-{n}.md"))).unwrap();
            file.set_modified(ahead).unwrap();
        }
        let path = written(&inner, "latest.md", "x").unwrap();
        assert_eq!((path.exists(), count(&inner)), (true, MOST + 1));
        clean_up(&inner, &path, SystemTime::now() + LONGEST * 2);
        assert_eq!(count(&inner), 2);
    }
}
