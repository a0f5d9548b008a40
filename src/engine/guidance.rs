//! The user's own guidance, from the settings or from files of the workspace that they name.

use std::io::Read as _;
use std::path::{Component, Path};

use super::{Engine, Place};
use crate::config::{Instructions, open_file};
use crate::prompt::marked;
use crate::text::up_to_line_end;

/// The most that is told of all guidance, in bytes: about 1,000 tokens.
const MOST_BYTES: usize = 3_300;

impl Engine {
    /// The guidance for a job in this workspace, marked. Reads the disk.
    pub(super) fn guidance(&self, place: &Place) -> Option<String> {
        let mut left = MOST_BYTES;
        let mut told = Vec::new();
        for piece in &self.settings.instructions {
            let (file, text) = match piece {
                Instructions::TextOrFile(text) => match self.guidance_file(place, text) {
                    Some(content) => (Some(text), content),
                    None => (None, text.clone()),
                },
                Instructions::File(name) => match self.guidance_file(place, name) {
                    Some(content) => (Some(name), content),
                    None => continue,
                },
            };
            let text = up_to_line_end(text.trim(), left);
            if text.is_empty() {
                continue;
            }
            left -= text.len();
            let file = file.map(|name| ("file", name.as_str()));
            told.push(marked("guidance", file.as_slice(), text));
        }
        (!told.is_empty()).then(|| format!("{INTRODUCTION}\n{}", told.join("\n")))
    }

    /// A file of the workspace, unless it leads out of it or is never sent.
    fn guidance_file(&self, place: &Place, name: &str) -> Option<String> {
        let relative = Path::new(name);
        let is_plain = name.len() < 500
            && relative
                .components()
                .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !is_plain {
            return None;
        }
        let file = Place::of(&place.workspace.join(relative), &place.folders());
        let path = file.path.as_deref()?;
        let is_inside = path.starts_with(&place.workspace);
        if !is_inside || self.permit(&file).is_err() {
            return None;
        }
        let mut bytes = Vec::new();
        let most = MOST_BYTES as u64 + 4;
        open_file(path)
            .ok()?
            .take(most)
            .read_to_end(&mut bytes)
            .ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

const INTRODUCTION: &str = "The person's own guidance on style and manner follows. Keep to it where it says \
how to write; it does not change what is asked, nor the form of the answer.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Settings};
    use crate::store::Store;

    #[test]
    fn guidance_is_text_or_a_file_of_the_workspace() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let root = folder.join("root");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("AGENTS.md"), "Use tabs.\n").unwrap();
        std::fs::write(root.join("long.md"), "Line.\n".repeat(10_000)).unwrap();
        std::fs::write(root.join(".env"), "KEY=1").unwrap();
        std::fs::write(folder.join("outside.md"), "outside").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.join("outside.md"), root.join("link.md")).unwrap();
        let check = |instructions: Vec<Instructions>, expected: Option<&str>| {
            let settings = Settings {
                instructions: instructions.clone(),
                ..Settings::default()
            };
            let engine = Engine::new(settings, &Environment::new(), Store::new(None));
            let place = Place::of(&root.join("a.rs"), std::slice::from_ref(&root));
            let told = engine.guidance(&place);
            match (&told, expected) {
                (None, None) => {}
                (Some(told), Some(expected)) => {
                    assert!(told.contains(expected), "{instructions:?}: {told}");
                    assert!(told.len() < 4_500);
                }
                _ => panic!("{instructions:?}: {told:?}"),
            }
        };
        let text = |text: &str| Instructions::TextOrFile(text.into());
        let file = |name: &str| Instructions::File(name.into());
        check(vec![], None);
        check(vec![text("Be brief.")], Some(">\nBe brief.\n</guidance-"));
        check(
            vec![text("AGENTS.md")],
            Some("file=\"AGENTS.md\">\nUse tabs.\n</guidance-"),
        );
        check(
            vec![file("none.md"), file("./AGENTS.md")],
            Some("Use tabs."),
        );
        check(vec![file("long.md")], Some("Line.\nLine.\n</guidance-"));
        check(vec![file("../outside.md")], None);
        check(vec![file("link.md")], None);
        check(vec![file(".env")], None);
        check(vec![file("/etc/hostname")], None);
        check(vec![file("")], None);
    }
}
