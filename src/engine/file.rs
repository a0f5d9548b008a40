//! Explains every function of a file that no note explains yet: many small ones in one request.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use super::account::STAND_IN;
use super::code::blocking;
use super::notes::{anchor, answered};
use super::{Account, Asking, Ear, Engine, Estimate, Heard, JobError, Place, Spent};
use crate::action::Subject;
use crate::action::explain_file::{self, Answers, File, Function};
use crate::answer;
use crate::config::Scope;
use crate::document::Snapshot;
use crate::llm::Effort;
use crate::prompt::{self, Prompt, Secrets, estimate_tokens};
use crate::store::Note;
use crate::syntax::{Symbol, SymbolKind, Syntax};
use crate::text;

/// What the ledger calls it.
const ACTION: &str = "explain_file";

/// A file whose functions are to be explained.
#[derive(Clone, Debug)]
pub struct FileJob {
    pub snapshot: Snapshot,
    pub place: Place,
    /// The tree of this very snapshot, where it is known.
    pub syntax: Option<Arc<Syntax>>,
    /// The notes that are shown beside the document, of which the store has those of files.
    pub kept: Vec<Arc<Note>>,
}

/// What would be asked.
#[derive(Clone, Debug)]
pub struct FilePlan {
    batches: Vec<Batch>,
    /// How many functions there are.
    functions: usize,
    /// Whose note is of their present text.
    known: usize,
    /// That may not or cannot be sent: too long, or cut through a secret.
    left_out: usize,
    place: Place,
}

/// What goes into one request.
#[derive(Clone, Debug)]
struct Batch {
    functions: Vec<Planned>,
    /// As it goes out: masked.
    prompt: Prompt,
    masked: usize,
}

#[derive(Clone, Debug)]
struct Planned {
    asked: Function,
    subject: Subject,
    blank: Note,
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct FileExplained {
    pub summary: String,
    pub spent: Spent,
}

impl FilePlan {
    /// Everything that would be sent.
    pub fn prompts(&self) -> impl Iterator<Item = &Prompt> {
        self.batches.iter().map(|batch| &batch.prompt)
    }

    /// How many functions would be asked about.
    pub fn to_ask(&self) -> usize {
        self.batches.iter().map(|batch| batch.functions.len()).sum()
    }

    /// How many requests that takes.
    pub fn requests(&self) -> usize {
        self.batches.len()
    }
}

impl Engine {
    /// What explaining every function of a file would ask: those with a note of their present
    /// text are left out.
    ///
    /// # Errors
    /// When it may not be sent, or there are none.
    pub async fn plan_file(&self, job: FileJob) -> Result<FilePlan, JobError> {
        let kept = self.kept_of(&job.place, &job.kept).await;
        let engine = self.clone();
        let desk = self.desk.clone().acquire_owned().await;
        let desk = desk.map_err(|_| JobError::Closing)?;
        let account = account(&job.place, None, 0);
        let planning = blocking(move || {
            let _desk = desk;
            engine.planned(&job, &kept)
        });
        let planned = planning.await;
        // Not from there, as in `prepare`.
        if let Err(error) = &planned {
            account.refused(self, &self.settings.model, error.class());
        }
        planned
    }

    fn planned(&self, job: &FileJob, kept: &[Arc<Note>]) -> Result<FilePlan, JobError> {
        self.base_url()?;
        self.permit(&job.place)?;
        let text = &job.snapshot.text;
        let syntax = job.syntax.clone().or_else(|| {
            let language = job.snapshot.language?;
            Syntax::parse(language, text).map(Arc::new)
        });
        let syntax = syntax.ok_or(JobError::NoFunctions)?;
        let functions = functions(&syntax);
        if functions.is_empty() {
            return Err(JobError::NoFunctions);
        }
        let guidance = self.guidance(&job.place);
        let outline = (self.settings.context != Scope::Selection)
            .then(|| syntax.outline(text))
            .filter(|outline| estimate_tokens(outline) <= self.settings.max_prompt_tokens / 4);
        let file = File {
            path: &job.place.shown,
            fence: syntax.language().fence(),
            outline: outline.as_deref(),
            guidance: guidance.as_deref(),
        };
        let mut plan = FilePlan {
            batches: Vec::new(),
            functions: functions.len(),
            known: 0,
            left_out: 0,
            place: job.place.clone(),
        };
        let mut secrets = Secrets::default();
        let mut secret_places = Vec::new();
        if self.settings.redact_secrets {
            secret_places = secrets.learn(&text.to_string());
        }
        let known = answered(kept, text, Some(&syntax), self.asked_as());
        let known: HashSet<_> = known.into_iter().map(|found| found.range).collect();
        let mut to_ask = Vec::new();
        for (id, symbol) in functions.into_iter().enumerate() {
            let subject = subject_of(symbol);
            let blank = self.blank(job, &syntax, &subject);
            let is_known = known.contains(&subject.range);
            let is_cut = prompt::cuts_one_of(&secret_places, &subject.range);
            match (is_known, is_cut) {
                (true, _) => plan.known += 1,
                (false, true) => plan.left_out += 1,
                (false, false) => to_ask.push(Planned {
                    asked: function(id + 1, text, &subject.range),
                    subject,
                    blank,
                }),
            }
        }
        self.batch(file, to_ask, &secrets, &mut plan);
        Ok(plan)
    }

    /// Deals the functions out to requests that each keep to the limit of a prompt.
    fn batch(&self, file: File<'_>, to_ask: Vec<Planned>, known: &Secrets, plan: &mut FilePlan) {
        let language = self.answer_language();
        let room = self
            .settings
            .max_prompt_tokens
            .saturating_sub(explain_file::prompt(file, &[], &language).tokens() + 20);
        let mut open: Vec<Planned> = Vec::new();
        let mut taken = 0;
        let mut close = |open: &mut Vec<Planned>| {
            if open.is_empty() {
                return;
            }
            let asked: Vec<_> = open.iter().map(|planned| planned.asked.clone()).collect();
            let mut prompt = explain_file::prompt(file, &asked, &language);
            let mut secrets = known.clone();
            if self.settings.redact_secrets {
                prompt.mask(&mut secrets);
            }
            plan.batches.push(Batch {
                functions: std::mem::take(open),
                prompt,
                masked: secrets.count(),
            });
        };
        let mut left_out = 0;
        for planned in to_ask {
            let tokens = explain_file::tokens(file, &planned.asked);
            if tokens > room {
                left_out += 1;
                continue;
            }
            if taken + tokens > room || open.len() >= explain_file::MOST {
                close(&mut open);
                taken = 0;
            }
            taken += tokens;
            open.push(planned);
        }
        close(&mut open);
        plan.left_out += left_out;
    }

    /// The note that an explanation of a function becomes: as if it had been asked about alone,
    /// so that either answers for the other.
    fn blank(&self, job: &FileJob, syntax: &Syntax, subject: &Subject) -> Note {
        Note {
            workspace: job.place.workspace.display().to_string(),
            file: job.place.shown.clone(),
            action: "explain".into(),
            anchor: anchor(&job.snapshot.text, Some(syntax), subject),
            summary: String::new(),
            markdown: String::new(),
            model: String::new(),
            cost_ticks: None,
            asked: Some(self.asked_as()),
            time: Timestamp::now(),
        }
    }

    /// What the plan will come to.
    pub fn estimate_file(&self, plan: &FilePlan) -> Estimate {
        let each = plan.batches.iter().map(|batch| {
            let most = explain_file::max_output_tokens(batch.functions.len());
            self.estimate(&self.settings.model, &batch.prompt, most)
        });
        each.reduce(Estimate::and).unwrap_or_default()
    }

    /// Does as planned, request by request. Each function that is explained is kept and `noted`
    /// at once, so that a cancel loses none that came.
    ///
    /// # Errors
    /// A [`JobError`], whose text is for the person; what came before it is kept.
    pub async fn explain_file(
        &self,
        plan: FilePlan,
        ear: Ear<'_>,
        noted: &mut (dyn FnMut(Arc<Note>, &Subject) + Send),
    ) -> Result<FileExplained, JobError> {
        let to_ask = plan.to_ask();
        let mut spent: Option<Spent> = None;
        let mut explained = 0;
        let mut is_cut_short = false;
        for batch in &plan.batches {
            let mut model = self.settings.model.clone();
            let mut told: Vec<(&Planned, Arc<Note>)> = Vec::new();
            let asking = Asking {
                model: model.clone(),
                prompt: batch.prompt.clone(),
                max_output_tokens: explain_file::max_output_tokens(batch.functions.len()),
                effort: Effort::Low,
                account: account(&plan.place, batch.lines(), batch.masked),
            };
            let mut answers = Answers::default();
            let mut hear = |heard| {
                let piece = match heard {
                    Heard::Text(piece) => piece,
                    Heard::StandIn => {
                        model.push_str(STAND_IN);
                        return;
                    }
                    other => return ear(other),
                };
                for said in answers.push(&piece) {
                    let planned = batch.functions.iter().find(|it| it.asked.id == said.id);
                    let Some(planned) = planned else {
                        continue;
                    };
                    let note = said_of(planned, &said.explanation, &model);
                    let note = self.keep_note(&plan.place, note);
                    noted(note.clone(), &planned.subject);
                    told.push((planned, note));
                    explained += 1;
                    ear(Heard::Done {
                        count: explained,
                        of: to_ask,
                        what: "functions",
                    });
                }
            };
            let answer = self.ask(asking, &mut hear).await?;
            // What is complete of it is whole; the rest was not read.
            is_cut_short |= answer::cut(answer.finish.as_deref()).is_some();
            // Which model answered, and for how much, is known at the end.
            let share = told.len() as u64;
            for (planned, note) in told {
                let note = Note {
                    model: answer.spent.model.clone(),
                    cost_ticks: answer.spent.cost_ticks.map(|ticks| ticks / share.max(1)),
                    // Another than before, by which other editors see that it is another note.
                    time: Timestamp::now(),
                    ..note.as_ref().clone()
                };
                noted(self.keep_note(&plan.place, note), &planned.subject);
            }
            spent = Some(match spent {
                Some(before) => before.and(answer.spent),
                None => answer.spent,
            });
        }
        let spent =
            spent.unwrap_or_else(|| account(&plan.place, None, 0).kept(self, &self.settings.model));
        Ok(FileExplained {
            summary: plan.summary(explained, is_cut_short),
            spent,
        })
    }
}

fn said_of(planned: &Planned, said: &str, model: &str) -> Note {
    let markdown = answer::defanged(said.trim());
    Note {
        summary: answer::first_sentence(&markdown),
        markdown,
        model: model.to_owned(),
        time: Timestamp::now(),
        ..planned.blank.clone()
    }
}

impl Batch {
    /// From the first line of the first function to the last of the last.
    fn lines(&self) -> Option<String> {
        let first = self.functions.first()?.asked.lines.split('-').next()?;
        let last = self.functions.last()?.asked.lines.rsplit('-').next()?;
        Some(format!("{first}-{last}"))
    }
}

impl FilePlan {
    fn summary(&self, explained: usize, is_cut_short: bool) -> String {
        let counted = |count: usize| match count {
            1 => "1 function".to_owned(),
            _ => format!("{count} functions"),
        };
        let mut all = vec![match self.to_ask() {
            0 if self.left_out == 0 => {
                return format!(
                    "{} explained already, and unchanged since.",
                    match self.functions {
                        1 => "The only function is".to_owned(),
                        count => format!("All {count} functions are"),
                    }
                );
            }
            _ => format!("Explained {}", counted(explained)),
        }];
        let unanswered = if is_cut_short {
            "left out, for the answer was cut short: run it again"
        } else {
            "without an answer"
        };
        let others = [
            (self.known, "known and unchanged"),
            (
                self.left_out,
                "too long to be sent, or cut through a secret",
            ),
            (self.to_ask().saturating_sub(explained), unanswered),
        ];
        let others = others.iter().filter(|(count, _)| *count > 0);
        all.extend(others.map(|(count, what)| format!("{count} {what}")));
        format!("{}.", all.join("; "))
    }
}

/// Whether there is anything to explain in a file.
pub fn has_functions(syntax: &Syntax) -> bool {
    !functions(syntax).is_empty()
}

/// The functions and methods of a text, without those inside of others.
fn functions(syntax: &Syntax) -> Vec<&Symbol> {
    let mut found: Vec<&Symbol> = Vec::new();
    for symbol in syntax.symbols() {
        let is_function = matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method);
        let is_inside = found
            .last()
            .is_some_and(|outer| symbol.range.end <= outer.range.end);
        if is_function && !is_inside {
            found.push(symbol);
        }
    }
    found
}

fn subject_of(symbol: &Symbol) -> Subject {
    Subject {
        range: symbol.range.clone(),
        leading: symbol.leading.clone(),
        name: Some(symbol.name.clone()),
        shown_at: symbol.name_range.start,
    }
}

fn function(id: usize, text: &ropey::Rope, range: &Range<usize>) -> Function {
    let first = text::line_of(text, range.start);
    let last = text::line_of(text, range.end.saturating_sub(1).max(range.start));
    let line = text::line_range(text, first);
    let lead = text::slice(text, line.start..range.start).to_string();
    let code = text::slice(text, range.clone()).to_string();
    let is_blank = lead.chars().all(char::is_whitespace);
    Function {
        id,
        lines: format!("{}-{}", first + 1, last + 1),
        code: if is_blank { lead + &code } else { code },
    }
}

fn account(place: &Place, lines: Option<String>, masked: usize) -> Account {
    Account {
        action: ACTION.into(),
        place: place.clone(),
        lines,
        context_files: 0,
        masked,
    }
}
