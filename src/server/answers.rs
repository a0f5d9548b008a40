//! Answers that became no edit: shown where they were asked for, until the next job there.

use std::collections::HashMap;
use std::ops::Range;

use super::job::{Failed, Job};
use super::state::Server;
use crate::action::{self, Subject};
use crate::answer::{self, Defanged};
use crate::document::{Anchor, Documents};
use crate::engine::{Rewriting, work};
use crate::syntax::Syntax;
use crate::text::{self, Shifted};

/// Most answers kept for one document; the oldest goes.
const MOST: usize = 20;

/// The answers of all open documents.
#[derive(Debug, Default)]
pub struct Answers {
    by_uri: HashMap<String, Vec<Kept>>,
}

#[derive(Debug)]
struct Kept {
    anchor: Anchor,
    /// From the range's start to the place whose line shows the answer.
    shown_at: usize,
    markdown: String,
}

impl Answers {
    /// Keeps an answer about what now stands at `range`.
    fn keep(
        &mut self,
        documents: &mut Documents,
        uri: &str,
        range: Range<usize>,
        shown_at: usize,
        markdown: String,
    ) -> bool {
        self.forget_at(documents, uri, &range);
        let Some(anchor) = documents.track(uri, range) else {
            return false;
        };
        let own = self.by_uri.entry(uri.to_owned()).or_default();
        if own.len() >= MOST {
            documents.release(uri, own.remove(0).anchor);
        }
        own.push(Kept {
            anchor,
            shown_at,
            markdown,
        });
        true
    }

    /// The answers shown on this line.
    pub fn on_line(&self, documents: &Documents, uri: &str, line: usize) -> Vec<String> {
        let (Some(own), Some(snapshot)) = (self.by_uri.get(uri), documents.snapshot(uri)) else {
            return Vec::new();
        };
        let shown = own.iter().filter_map(|kept| {
            let range = documents.tracked(uri, kept.anchor)?.range;
            // What was deleted needs no answer.
            let at = range.start + kept.shown_at.min(range.len().checked_sub(1)?);
            (text::line_of(&snapshot.text, at) == line).then(|| kept.markdown.clone())
        });
        shown.collect()
    }

    /// Forgets what was kept at a place where a new job begins.
    pub fn forget_at(&mut self, documents: &mut Documents, uri: &str, place: &Range<usize>) {
        let Some(own) = self.by_uri.get_mut(uri) else {
            return;
        };
        own.retain(|kept| {
            let is_there = documents
                .tracked(uri, kept.anchor)
                .is_none_or(|at| at.range.start <= place.end && place.start <= at.range.end);
            if is_there {
                documents.release(uri, kept.anchor);
            }
            !is_there
        });
    }

    /// Forgets what belongs to a document that was closed.
    pub fn close(&mut self, uri: &str) {
        self.by_uri.remove(uri);
    }
}

/// Keeps the answer of a job that failed; where to hover to read it, in words, if there is one
/// and it can be kept.
pub async fn kept(server: &Server, job: &Job, failed: &Failed) -> Option<String> {
    let answer = failed.answer()?;
    let subject = match failed.subject() {
        Some(subject) => subject.clone(),
        None => subject(job).await?,
    };
    let markdown = format!(
        "*An answer of Gloss that was not applied: {}.*\n\n{}",
        answer::defanged(&failed.message()),
        answer.as_str()
    );
    let mut state = server.state();
    let state = &mut *state;
    let (Shifted::Outside(range) | Shifted::Touched(range)) =
        job.subject_now(&state.documents, &subject)?;
    let shown_at = subject.shown_at.saturating_sub(subject.range.start);
    let uri = &job.snapshot.uri;
    let line = text::line_of(&state.documents.snapshot(uri)?.text, range.start + shown_at) + 1;
    let is_kept = state
        .answers
        .keep(&mut state.documents, uri, range, shown_at, markdown);
    is_kept.then(|| format!("hover over line {line} to read the answer"))
}

/// What the job was about, found once more: a refused answer does not say it.
async fn subject(job: &Job) -> Option<Subject> {
    let (snapshot, selection) = (job.snapshot.clone(), job.selection.clone());
    let finding = work::for_job(move || {
        let language = snapshot.language;
        let syntax = language.and_then(|language| Syntax::parse(language, &snapshot.text));
        action::subject(&snapshot.text, syntax.as_ref(), &selection)
    });
    finding.await.flatten()
}

/// What an edit would have put into the text, as a person reads it.
pub fn as_markdown(language_id: &str, rewriting: &Rewriting) -> Defanged {
    let parts = rewriting.parts.iter();
    let new: Vec<_> = parts
        .map(|part| part.new.trim_end_matches(['\r', '\n']))
        .collect();
    let new = new.join("\n");
    let fence = answer::fence_around(&new, 3);
    let language: String = language_id
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '-' | '+' | '#' | '_'))
        .collect();
    Defanged::of(&format!(
        "{}\n\n{fence}{language}\n{new}\n{fence}",
        rewriting.summary
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::ContentChange;
    use crate::text::{Encoding, Position};

    const URI: &str = "file:///a.rs";

    #[test]
    fn an_answer_moves_with_its_code_until_the_next_job_there() {
        let mut documents = Documents::default();
        documents.open(URI, "rust", 1, "fn a() {}\nfn b() {}\n");
        let mut answers = Answers::default();
        assert!(answers.keep(&mut documents, URI, 10..19, 3, "said".into()));
        let shown = |answers: &Answers, documents: &Documents| {
            (0..4)
                .filter(|line| !answers.on_line(documents, URI, *line).is_empty())
                .collect::<Vec<_>>()
        };
        assert_eq!(shown(&answers, &documents), [1]);
        let start = Position::default();
        let above = ContentChange {
            range: Some((start, start)),
            text: "\n".into(),
        };
        documents.change(URI, 2, &[above], Encoding::Utf8);
        assert_eq!(shown(&answers, &documents), [2]);
        answers.forget_at(&mut documents, URI, &(0..5));
        assert_eq!(shown(&answers, &documents), [2]);
        answers.forget_at(&mut documents, URI, &(15..15));
        assert!(shown(&answers, &documents).is_empty());
        assert!(!answers.keep(&mut documents, "file:///b.rs", 0..1, 0, "x".into()));
    }

    #[test]
    fn no_more_answers_are_kept_than_a_bound() {
        let mut documents = Documents::default();
        documents.open(URI, "plaintext", 1, &"a\n".repeat(100));
        let mut answers = Answers::default();
        for n in 0..MOST + 5 {
            let range = n * 4..n * 4 + 1;
            assert!(answers.keep(&mut documents, URI, range, 0, n.to_string()));
        }
        assert_eq!(answers.by_uri[URI].len(), MOST);
        assert_eq!(answers.by_uri[URI][0].markdown, "5");
    }
}
