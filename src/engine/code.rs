//! Explain and refactor: from a document and a selection to words or new text.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use super::workspace::Limits;
use super::written::Whole;
use super::{
    Account, Answer, Asking, Ear, Engine, Heard, Hint, JobError, Neighbour, Place, Rewriting,
    RewrittenPart, Spent, Task, notes, work,
};
use crate::action::{
    self, Definition, Exchange, Problem, Subject, Surroundings, explain, fix, own, refactor,
};
use crate::answer::{self, Defanged, Original};
use crate::config::{Outcome, Scope};
use crate::document::Snapshot;
use crate::prompt::{self, Part, Prompt, Secrets, estimate_tokens_of};
use crate::store::Note;
use crate::syntax::Syntax;
use crate::text::{self, Edit};

/// What an action on code is given.
#[derive(Clone, Debug)]
pub struct CodeJob {
    pub task: Task,
    pub snapshot: Snapshot,
    /// Bytes; empty for a cursor.
    pub selection: Range<usize>,
    pub place: Place,
    /// A question to answer, or an instruction to follow.
    pub wish: Option<String>,
    pub history: Vec<Exchange>,
    /// What the editor reports there.
    pub problems: Vec<Problem>,
    /// The tree of this very snapshot, where it is known.
    pub syntax: Option<Arc<Syntax>>,
    /// The other documents that are open.
    pub open: Vec<Neighbour>,
    /// What the editor's other language servers know about the range.
    pub hints: Vec<Hint>,
    /// The notes that are shown beside the document, of which the store has those of files.
    pub kept: Vec<Arc<Note>>,
    /// Ask even though an explanation of this text is kept.
    pub again: bool,
    /// The document itself, once comments for Gloss were taken out of the snapshot's text; see
    /// [`Engine::heeding`].
    pub whole: Option<Arc<Whole>>,
}

impl CodeJob {
    /// With nothing but the document and the task known.
    pub fn new(task: Task, snapshot: Snapshot, selection: Range<usize>, place: Place) -> Self {
        Self {
            task,
            snapshot,
            selection,
            place,
            wish: None,
            history: Vec::new(),
            problems: Vec::new(),
            syntax: None,
            open: Vec::new(),
            hints: Vec::new(),
            kept: Vec::new(),
            again: false,
            whole: None,
        }
    }
}

/// What would be sent, and what it is about.
#[derive(Debug)]
pub struct Prepared {
    pub subject: Subject,
    /// As it goes out: masked and cut.
    pub prompt: Prompt,
    pub max_output_tokens: u32,
    /// The tree of the snapshot, where there is one.
    pub syntax: Option<Arc<Syntax>>,
    /// How many other files the prompt tells of.
    pub context_files: usize,
    secrets: Secrets,
}

/// What became of an explanation.
#[derive(Clone, Debug)]
pub struct Explanation {
    pub subject: Subject,
    /// Defanged.
    pub markdown: String,
    /// Its first sentence, plain.
    pub summary: String,
    /// The answer is not whole, as the last line of the Markdown says.
    pub is_cut_short: bool,
    pub spent: Spent,
    /// As it stays with the code; `None` for the answer to a question, and for what is not whole.
    pub note: Option<Arc<Note>>,
}

impl Engine {
    /// Does a task that ends in words about what stands at the selection.
    ///
    /// # Errors
    /// A [`JobError`], whose text is for the person.
    pub async fn explain(&self, job: CodeJob, ear: Ear<'_>) -> Result<Explanation, JobError> {
        let (job, prepared) = self.prepare(job).await?;
        let blank = self.blank_note(&job, &prepared).await?;
        if !job.again
            && let Some(blank) = &blank
            && let Some(said) = self.said_before(&job, &prepared, blank).await
        {
            let spent = account(&job, &prepared).kept(self, &said.model);
            ear(Heard::Kept(said.markdown.clone()));
            return Ok(notes::told_again(said, prepared, spent));
        }
        let (job, prepared, answer) = self.asked_as_prepared(job, prepared, ear).await?;
        let answer = answer.in_words()?;
        let finish = answer.finish.as_deref();
        let cut = answer::cut(finish);
        let is_cut_short = cut.is_some();
        if let Some(line) = cut {
            ear(Heard::Cut(line));
        }
        let markdown = answer::shown(&answer.text, finish);
        let summary = summary_of(&markdown, is_cut_short);
        // Half of an answer is none to a second question, nor to who comes by tomorrow.
        let note = blank.filter(|_| !is_cut_short).map(|blank| {
            let note = Note {
                summary: summary.clone(),
                markdown: markdown.clone(),
                model: answer.spent.model.clone(),
                cost_ticks: answer.spent.cost_ticks,
                time: Timestamp::now(),
                ..blank
            };
            self.keep_note(&job.place, note)
        });
        Ok(Explanation {
            subject: prepared.subject,
            summary,
            markdown,
            is_cut_short,
            spent: answer.spent,
            note,
        })
    }

    /// Does a task that ends in new text for what stands at the selection.
    ///
    /// # Errors
    /// A [`JobError`], whose text is for the person; with the answer where one came that
    /// may not become an edit.
    pub async fn rewrite(&self, job: CodeJob, ear: Ear<'_>) -> Result<Rewriting, JobError> {
        let (job, prepared, answer) = self.asked(job, ear).await?;
        let whole = job.whole.clone();
        let rewriting = blocking(move || {
            let Prepared {
                subject,
                secrets,
                syntax,
                ..
            } = prepared;
            let text = &job.snapshot.text;
            let leading = text::slice(text, subject.leading.clone()).to_string();
            let original = Original {
                text,
                range: &subject.range,
                language: job.snapshot.language,
                syntax: syntax.as_deref(),
                leading: &leading,
                name: subject.name.as_deref(),
            };
            let (new, edits) =
                rewritten(original, &secrets, &answer.text, answer.finish.as_deref())?;
            let summary = summary(&title(&subject, text.len_bytes()), &edits, &answer.text);
            let part = RewrittenPart {
                subject,
                edits,
                new,
            };
            Ok(Rewriting::of(part, summary, answer.spent))
        })
        .await?;
        match whole {
            Some(whole) => blocking(move || Ok(whole.rewritten(rewriting))).await,
            None => Ok(rewriting),
        }
    }

    /// Asks about what was prepared. Of several who ask the same at once one does, and all have its
    /// answer, unless they want one of their own.
    pub(super) async fn ask_about(
        &self,
        job: &CodeJob,
        prepared: &Prepared,
        ear: Ear<'_>,
    ) -> Result<Answer, JobError> {
        let asking = Asking {
            model: self.settings.model.clone(),
            prompt: prepared.prompt.clone(),
            max_output_tokens: prepared.max_output_tokens,
            effort: job.task.effort(),
            account: account(job, prepared),
        };
        if job.again {
            return self.ask(asking, ear).await;
        }
        let key = asking.fingerprint(&self.settings.base_url);
        let mut turn = self.asked.take(&key, || ear(Heard::Queued)).await;
        if let Some(answer) = turn.clone() {
            ear(Heard::Text(answer.text.clone()));
            let spent = account(job, prepared).kept(self, &answer.spent.model);
            return Ok(Answer { spent, ..answer });
        }
        let answer = self.ask(asking, ear).await?;
        *turn = Some(answer.clone());
        Ok(answer)
    }

    /// Parses, finds the subject and writes the prompt, off the threads that answer; books a refusal.
    pub(super) async fn prepare(&self, job: CodeJob) -> Result<(CodeJob, Prepared), JobError> {
        let engine = self.clone();
        let endpoint = self.endpoint().await;
        let desk = self.desk.clone().acquire_owned().await;
        let desk = desk.map_err(|_| JobError::Closing)?;
        let account = Account {
            action: job.task.name().to_owned(),
            place: job.place.clone(),
            lines: None,
            context_files: 0,
            masked: 0,
        };
        let preparing = blocking(move || {
            // Held by the work itself, which goes on when nobody waits for it any more.
            let _desk = desk;
            endpoint.and_then(|_| engine.heeding(job))
        });
        let prepared = preparing.await;
        // Not from there: the store's thread, where this is its first use, would be as nice as a
        // job's for ever, and hovers wait for it.
        if let Err(error) = &prepared {
            account.refused(self, &self.settings.model, error.class());
        }
        prepared
    }

    /// What the job would send. Parses, and may read the disk.
    ///
    /// # Errors
    /// When there is nothing to work on, or it may not be sent.
    pub fn prepared(&self, job: &CodeJob) -> Result<Prepared, JobError> {
        self.permit(&job.place)?;
        let text = &job.snapshot.text;
        let syntax = job.syntax.clone().or_else(|| {
            let language = job.snapshot.language?;
            Syntax::parse(language, text).map(Arc::new)
        });
        let subject =
            action::subject(text, syntax.as_deref(), &job.selection).ok_or(JobError::NoSubject)?;
        self.refuse_too_large(subject.range.len(), job.wish.as_deref())?;
        let range = text
            .get_byte_slice(subject.range.clone())
            .ok_or(JobError::NoSubject)?
            .to_string();
        if self.settings.redact_secrets && prompt::cuts_secret(text, &subject.range) {
            return Err(JobError::CutSecret);
        }
        let guidance = self.guidance(&job.place);
        let definitions = self.definitions(job, syntax.as_deref(), &subject, Limits::default());
        let at = Surroundings {
            text,
            syntax: syntax.as_deref(),
            language: job.snapshot.language,
            language_id: &job.snapshot.language_id,
            path: &job.place.shown,
            subject: &subject,
            tell_file: self.settings.context != Scope::Selection,
            max_prompt_tokens: self.settings.max_prompt_tokens,
            guidance: guidance.as_deref(),
            definitions: &definitions,
        };
        let mut prompt = self.prompt(job, &at);
        let context_files = files_told(&prompt, &definitions);
        let max_output_tokens = match job.task.outcome() {
            Outcome::Explain => explain::MAX_OUTPUT_TOKENS,
            Outcome::Edit => refactor::max_output_tokens(&range),
        };
        let mut secrets = Secrets::default();
        if self.settings.redact_secrets {
            secrets.learn_around(text, &subject.range);
            prompt.mask(&mut secrets);
        }
        Ok(Prepared {
            subject,
            prompt,
            max_output_tokens,
            syntax,
            context_files,
            secrets,
        })
    }

    fn prompt(&self, job: &CodeJob, at: &Surroundings<'_>) -> Prompt {
        let wish = refactor::Wish {
            instruction: job.wish.as_deref(),
            history: &job.history,
            problems: &job.problems,
        };
        match &job.task {
            Task::Explain => {
                let question = explain::Question {
                    text: wish.instruction,
                    history: wish.history,
                    problems: wish.problems,
                };
                explain::prompt(at, question, &self.answer_language())
            }
            Task::Refactor => refactor::prompt(at, wish),
            Task::Fix => fix::prompt(at, wish),
            Task::Own(own) => match own.outcome {
                Outcome::Explain => {
                    own::words_prompt(at, &own.prompt, wish, &self.answer_language())
                }
                Outcome::Edit => own::edit_prompt(at, &own.prompt, wish),
            },
        }
    }

    /// The range is never cut, so one that is larger than what may be spent is refused.
    fn refuse_too_large(&self, range: usize, wish: Option<&str>) -> Result<(), JobError> {
        let wish = wish.map_or(0, str::len);
        let most = self.settings.max_prompt_tokens;
        let tokens = estimate_tokens_of(range);
        if tokens > most {
            return Err(JobError::TooLarge { tokens, most });
        }
        if estimate_tokens_of(range + wish) > most {
            let tokens = estimate_tokens_of(wish);
            return Err(JobError::TooLong { tokens, most });
        }
        Ok(())
    }
}

fn account(job: &CodeJob, prepared: &Prepared) -> Account {
    let whole = job.whole.as_deref().map(Whole::text_and_subject);
    let (text, subject) = whole.unwrap_or((&job.snapshot.text, &prepared.subject));
    let range = &subject.range;
    let line = |at: usize| text.try_byte_to_line(at).unwrap_or(0) + 1;
    let (first, last) = (
        line(range.start),
        line(range.end.saturating_sub(1).max(range.start)),
    );
    Account {
        action: job.task.name().to_owned(),
        place: job.place.clone(),
        lines: Some(if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        }),
        context_files: prepared.context_files,
        masked: prepared.secrets.count(),
    }
}

/// How many other files a prompt tells of.
fn files_told(prompt: &Prompt, definitions: &[Definition]) -> usize {
    let is_told = |definition: &&Definition| {
        let marked = definition.marked();
        let mut parts = prompt.parts.iter();
        parts.any(|part| matches!(part, Part::Text(text) if text.contains(&marked)))
    };
    let others = definitions.iter().filter(|other| !other.is_in_this_file);
    let files: BTreeSet<&str> = others.filter(is_told).map(|told| &*told.path).collect();
    files.len()
}

/// What the answer puts in the place of the range, and the smallest edits that do so.
fn rewritten(
    original: Original<'_>,
    secrets: &Secrets,
    answer: &str,
    finish: Option<&str>,
) -> Result<(String, Vec<Edit>), JobError> {
    let refused = |refusal| JobError::Refused {
        refusal,
        answer: Defanged::of(answer),
    };
    let new = answer::code(original, answer, finish).map_err(refused)?;
    let old = text::slice(original.text, original.range.clone()).to_string();
    let new = secrets.restore(&old, &new).map_err(|lost| JobError::Lost {
        lost,
        answer: Defanged::of(answer),
    })?;
    let edits = answer::edits(original, &new).map_err(refused)?;
    Ok((new, edits))
}

/// The first sentence of what was said, and that not all of it is there.
pub(super) fn summary_of(markdown: &str, is_cut_short: bool) -> String {
    let summary = answer::first_sentence(markdown);
    if is_cut_short {
        format!("{summary} (cut short)")
    } else {
        summary
    }
}

/// How the summary speaks of what was rewritten.
fn title(subject: &Subject, bytes: usize) -> String {
    if subject.range == (0..bytes) {
        "the file".into()
    } else {
        subject.title()
    }
}

/// What the model said of it; else what can be seen.
fn summary(title: &str, edits: &[Edit], answer: &str) -> String {
    let said = answer::first_sentence(&answer::defanged(answer::words(answer)));
    if edits.is_empty() {
        let title = capitalised(title);
        // It may have kept the code for another reason, and says so.
        return if said.is_empty() {
            format!("{title} is left as it is: nothing worth changing.")
        } else {
            format!("{title} is left as it is. {said}")
        };
    }
    if said.is_empty() {
        format!("Rewrote {title}.")
    } else {
        said
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// Runs what takes its time on a thread made for that.
pub(super) async fn blocking<T: Send + 'static>(
    step: impl FnOnce() -> Result<T, JobError> + Send + 'static,
) -> Result<T, JobError> {
    work::for_job(step).await.unwrap_or(Err(JobError::Internal))
}

/// Runs what is soon done and the editor waits for, behind no step of a job.
pub(super) async fn answering<T: Send + 'static>(
    step: impl FnOnce() -> Result<T, JobError> + Send + 'static,
) -> Result<T, JobError> {
    work::for_answer(step)
        .await
        .unwrap_or(Err(JobError::Internal))
}

impl Prepared {
    /// What would be billed for the prompt, roughly.
    pub fn tokens(&self) -> u64 {
        self.prompt.tokens()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_as_it_is_is_so_for_the_reason_that_was_given() {
        let check = |answer: &str, expected: &str| {
            assert_eq!(summary("`f`", &[], answer), expected, "{answer}");
        };
        let code = "```rust\nfn f() {}\n```";
        check(code, "`f` is left as it is: nothing worth changing.");
        check(
            &format!("It does not parse.\n\n{code}"),
            "`f` is left as it is. It does not parse.",
        );
    }
}
