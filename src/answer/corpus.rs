//! Reads the answers of `corpus/` and holds each to what it says is expected.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::judges::answer::Target;
use crate::syntax::Language;
use crate::text::apply;

/// One answer, and what it may lead to. `corpus/README.md` has the format.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub name: String,
    pub language: Option<Language>,
    pub finish: Option<String>,
    pub document: String,
    /// The cursor or the selection.
    pub selection: Range<usize>,
    pub answer: String,
    /// The whole new document, or the refusal as `Debug` prints it.
    expected: Result<String, String>,
}

impl Case {
    fn target(&self) -> Target {
        Target::of(&self.document, self.language, &self.selection)
            .unwrap_or_else(|| panic!("{}: nothing stands at the place", self.name))
    }
}

pub(super) fn corpus() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/answer/corpus");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files.iter().flat_map(|file| cases(file)).collect()
}

fn cases(file: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(file).unwrap().replace("\r\n", "\n");
    for (at, line) in text.lines().enumerate() {
        let hidden = line.contains(|c: char| c.is_control()) || line.ends_with(' ');
        assert!(
            !hidden,
            "{}:{}: write what nobody sees as a sign",
            file.display(),
            at + 1
        );
    }
    let stem = file.file_stem().unwrap().to_string_lossy();
    text.split("\n%%% ")
        .skip(1)
        .map(|case| case_of(&stem, case))
        .collect()
}

fn case_of(file: &str, text: &str) -> Case {
    let mut parts = text.trim_end().split("\n%% ");
    let mut head = parts.next().unwrap().lines();
    let name = format!("{file}: {}", head.next().unwrap());
    let mut case = Case {
        name: name.clone(),
        language: None,
        finish: Some("stop".into()),
        document: String::new(),
        selection: 0..0,
        answer: String::new(),
        expected: Err(String::new()),
    };
    for line in head {
        match line.split_once(": ") {
            Some(("language", id)) => case.language = Language::from_id(id),
            Some(("finish", "-")) => case.finish = None,
            Some(("finish", reason)) => case.finish = Some(reason.into()),
            _ => panic!("{name}: {line:?} is no line of a head"),
        }
    }
    for part in parts {
        let (title, body) = part.split_once('\n').unwrap_or((part, ""));
        match title.split_once(": ").unwrap_or((title, "")) {
            ("document", "") => (case.document, case.selection) = document(&name, body),
            ("answer", "") => case.answer = shown(body),
            ("becomes", "") => case.expected = Ok(shown(body)),
            ("unchanged", "") => case.expected = Ok(case.document.clone()),
            ("refused", why) => case.expected = Err(why.into()),
            _ => panic!("{name}: {title:?} is no part of a case"),
        }
    }
    case
}

/// A document without the marks of its place, and that place.
fn document(name: &str, body: &str) -> (String, Range<usize>) {
    let text = shown(body);
    if let Some(cursor) = text.find('¦') {
        return (text.replacen('¦', "", 1), cursor..cursor);
    }
    let (before, rest) = text
        .split_once('«')
        .unwrap_or_else(|| panic!("{name}: no place"));
    let (range, after) = rest
        .split_once('»')
        .unwrap_or_else(|| panic!("{name}: no end"));
    let range_bytes = before.len()..before.len() + range.len();
    (format!("{before}{range}{after}"), range_bytes)
}

/// A text as it is meant: see `corpus/README.md`.
fn shown(body: &str) -> String {
    let text = format!("{body}\n").replace("∎\n", "");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('⟦') {
        let (code, after) = after.split_once('⟧').expect("⟧");
        out.push_str(before);
        match code.strip_prefix('×') {
            Some(repeated) => {
                let (times, what) = repeated.split_once(' ').expect("⟦×times what⟧");
                out.push_str(&what.repeat(times.parse().expect("a number")));
            }
            None => out.extend(u32::from_str_radix(code, 16).ok().and_then(char::from_u32)),
        }
        rest = after;
    }
    out.push_str(rest);
    let signs = [('␠', " "), ('␉', "\t"), ('␍', "\r"), ('␤', "\n")];
    signs
        .iter()
        .fold(out, |text, (sign, meant)| text.replace(*sign, meant))
}

#[test]
fn every_answer_of_the_corpus_becomes_what_it_says() {
    let corpus = corpus();
    assert!(corpus.len() >= 80, "only {} answers", corpus.len());
    let failed: Vec<String> = corpus.iter().filter_map(failure).collect();
    assert!(
        failed.is_empty(),
        "{} failed:\n\n{}",
        failed.len(),
        failed.join("\n\n")
    );
}

fn failure(case: &Case) -> Option<String> {
    let target = case.target();
    let found = target
        .answered(&case.answer, case.finish.as_deref())
        .map(|edits| apply(&case.document, &edits))
        .map_err(|refusal| format!("{refusal:?}"));
    (found != case.expected).then(|| {
        let found: String = format!("{found:?}").chars().take(2_000).collect();
        format!(
            "{}\n  expected {:?}\n  found    {found}\n  range    {:?}",
            case.name,
            case.expected,
            target
                .subject
                .name
                .as_ref()
                .map_or(&case.document[target.subject.range.clone()], |name| name),
        )
    })
}
