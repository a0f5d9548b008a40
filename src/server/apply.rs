//! Brings an edit into the editor's text: of the present version, and seen to be there.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::confirm::{self, Confirmation};
use super::job::{Failed, Job, Kind};
use super::moved;
use super::protocol as lsp;
use super::state::Server;
use crate::document::{Anchor, Snapshot};
use crate::engine::{JobError, Rewriting};
use crate::text::Edit;

/// How often an edit is sent because the text moved on meanwhile, and for no other reason.
const ATTEMPTS: usize = 3;
/// How long a program takes at most to see that a version has passed, and to tell of the newer text.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the editor's text may take to show an edit that it says it took, before text that moved on
/// means that it was dropped: Neovim and others say that they took what was made for another version.
const SHOWS: Duration = Duration::from_secs(2);
/// How much longer that may take where the text is the one that the edit was made for. Nothing speaks
/// for it having been dropped then, and sent again it could come twice.
const SHOWS_LATE: Duration = Duration::from_secs(4);
/// How long after a no the change may come that explains it: Neovim tells of what is typed up to
/// 150 ms late.
const LATE: Duration = Duration::from_millis(300);
/// How long a person may look at an edit before they answer.
const LONGEST_REPLY: Duration = Duration::from_secs(600);

/// How sending an edit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The editor's text showed it; so many parts were left out, for something was typed into them.
    Seen { left_out: usize },
    /// A person did not want it.
    Declined,
    /// The editor did not take it, of its own.
    Refused,
    /// The editor was asked as often as it may be, and its text never showed it.
    Never,
}

/// Lets one edit of a document be under way at a time: of two, the second would be made for a
/// text that the first is just changing.
#[derive(Default)]
pub struct Turns {
    by_uri: Mutex<HashMap<Arc<str>, Weak<Semaphore>>>,
}

impl Turns {
    fn of(&self, uri: &Arc<str>) -> Arc<Semaphore> {
        let mut by_uri = self.by_uri.lock().unwrap_or_else(PoisonError::into_inner);
        by_uri.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = by_uri.get(uri).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::new(Semaphore::new(1));
        by_uri.insert(uri.clone(), Arc::downgrade(&turn));
        turn
    }
}

/// Refuses at once what could not be applied once it is paid for.
///
/// # Errors
/// When the document has lines that editors and the protocol count differently, or the editor
/// takes no edits.
pub fn possible(server: &Server, job: &Job) -> Result<(), JobError> {
    let end = match job.kind {
        Kind::WriteAllAltText => job.snapshot.text.len_bytes(),
        _ => job.selection.end,
    };
    if moved::holds_lone_carriage_return(&job.snapshot.text, end) {
        return Err(JobError::LoneCarriageReturn);
    }
    if job.argument.apply != Some(false) && !server.state().traits.apply_edit {
        return Err(JobError::CannotApply);
    }
    Ok(())
}

/// The edit against the text as it stands now, for the editor to do with as it likes, and how many
/// parts are left out of it.
///
/// # Errors
/// When something was typed into each part, or the document was closed.
pub fn edit_now(
    server: &Server,
    job: &Job,
    rewriting: &Rewriting,
) -> Result<(lsp::WorkspaceEdit, usize), Failed> {
    let now = moved::edits(server, job, rewriting)?;
    let edit = moved::workspace_edit(server, &now.current, &now.edits, None)?;
    Ok((edit, rewriting.parts.len() - now.parts.len()))
}

/// Applies the edit, asking first where the person wants to be asked.
///
/// # Errors
/// When something was typed into the range, or the document was closed.
pub async fn apply(server: &Server, job: &Job, rewriting: &Rewriting) -> Result<Applied, Failed> {
    let confirmation = confirm::wanted(server, job);
    if confirmation == Confirmation::Message && !confirm::asked(server, job, rewriting).await? {
        return Ok(Applied::Declined);
    }
    let turn = server.turns.of(&job.snapshot.uri);
    let _turn = turn
        .acquire()
        .await
        .map_err(|_| Failed::Job(JobError::Closing))?;
    // Whoever asked the same at once shares the answer, and was first.
    if moved::is_done(server, job, rewriting) {
        return Ok(Applied::Seen { left_out: 0 });
    }
    let mut sent = Sent::default();
    // The parts that should be there, and those that the editor says it has.
    let (mut expected, mut taken) = (BTreeSet::new(), BTreeSet::new());
    let seen = |expected: &BTreeSet<usize>| Applied::Seen {
        left_out: rewriting.parts.len() - expected.len(),
    };
    for _ in 0..ATTEMPTS {
        // What was typed beside it makes another text than was expected.
        if !sent.is_empty() && moved::shows(server, job, rewriting, &expected) {
            return Ok(seen(&expected));
        }
        let moved::Moved {
            current,
            edits,
            parts,
        } = match moved::edits(server, job, rewriting) {
            Ok(now) => now,
            Err(failed) if !taken.is_empty() => return Err(maybe_applied(failed)),
            Err(failed) => return Err(failed),
        };
        expected = &taken | &parts;
        let annotation =
            (confirmation == Confirmation::Annotation).then(|| confirm::annotation(job, rewriting));
        let params = lsp::ApplyWorkspaceEditParams {
            label: Some(format!("Gloss: {}", job.title)),
            edit: moved::workspace_edit(server, &current, &edits, annotation.as_ref())?,
        };
        sent.watch(server, &current, &edits);
        let reply = send(server, params).await;
        if reply == Reply::Taken {
            taken.clone_from(&expected);
        }
        if !sent.is_seen() {
            match reply {
                Reply::Declined => return Ok(Applied::Declined),
                Reply::Taken => {
                    until(server, SHOWS, || sent.is_seen()).await;
                    // Without versions a second edit could double the first, too.
                    let is_dropped =
                        has_moved_on(server, &current) && server.state().traits.document_changes;
                    if !sent.is_seen() && !is_dropped {
                        let shows = || moved::shows(server, job, rewriting, &expected);
                        until(server, SHOWS_LATE, || sent.is_seen() || shows()).await;
                        break;
                    }
                }
                Reply::Stale => {
                    moves_on(server, &current, PATIENCE).await;
                }
                Reply::Refused | Reply::Unable => {
                    if !moves_on(server, &current, LATE).await {
                        // Where the editor asks a person, its no is theirs.
                        let by_editor =
                            reply == Reply::Unable && confirmation != Confirmation::Annotation;
                        return Ok(if by_editor {
                            Applied::Refused
                        } else {
                            Applied::Declined
                        });
                    }
                }
            }
        }
        if sent.is_seen() {
            return Ok(seen(&expected));
        }
    }
    let shown = sent.is_seen() || moved::shows(server, job, rewriting, &expected);
    Ok(if shown {
        seen(&expected)
    } else {
        Applied::Never
    })
}

/// What an editor says to an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reply {
    /// It says that it applied it; some say so and drop it.
    Taken,
    /// A person said no.
    Declined,
    /// It was made for a text that has passed.
    Stale,
    /// One of the two: a person's no, unless the text moved on.
    Refused,
    /// It gives another reason, such as a document that cannot be changed.
    Unable,
}

async fn send(server: &Server, params: lsp::ApplyWorkspaceEditParams) -> Reply {
    let asked = Instant::now();
    let reply = server
        .client
        .send_request::<lsp::request::ApplyWorkspaceEdit>(params);
    match tokio::time::timeout(LONGEST_REPLY, reply).await {
        Ok(Ok(reply)) if reply.applied => Reply::Taken,
        Ok(Ok(reply)) => refusal(
            reply.failure_reason.as_deref().unwrap_or_default(),
            asked.elapsed(),
        ),
        Ok(Err(error)) => refusal(&error.message, asked.elapsed()),
        Err(_) => Reply::Declined,
    }
}

/// What a refusal means, by its words where it has some: eglot's are "User cancelled server
/// edit" and "Edits on … require version …", VS Code has none. It takes no program a second to
/// see that a version has passed, so a later no is a person's.
fn refusal(words: &str, after: Duration) -> Reply {
    const STALE: [&str; 7] = [
        "version",
        "newer",
        "outdated",
        "out of date",
        "stale",
        "changed",
        "modified",
    ];
    const PERSON: [&str; 6] = ["user", "cancel", "reject", "declin", "discard", "denied"];
    let words = words.to_lowercase();
    let says = |any: &[&str]| any.iter().any(|word| words.contains(word));
    if says(&STALE) {
        Reply::Stale
    } else if says(&PERSON) || after > PATIENCE {
        Reply::Declined
    } else if words.is_empty() {
        Reply::Refused
    } else {
        Reply::Unable
    }
}

/// After an editor took an edit nobody can say any more that nothing was changed.
fn maybe_applied(failed: Failed) -> Failed {
    match failed {
        Failed::Modified { answer, subject, .. } => Failed::Modified {
            message: "the text was changed, or closed, while the edit was on its way to the editor: see whether it is there, or undo"
                .into(),
            subject,
            answer,
        },
        other => other,
    }
}

/// The texts that the edits sent so far should lead to: some editors say that they applied an
/// edit and dropped it, others show it a moment after they said so, and a person may have typed
/// on by then. What was sent first may still come after it was sent again.
#[derive(Default)]
struct Sent {
    expected: Vec<Expected>,
}

impl Sent {
    fn is_empty(&self) -> bool {
        self.expected.is_empty()
    }

    /// Watches from now on for what these edits lead to.
    fn watch(&mut self, server: &Server, current: &Snapshot, edits: &[Edit]) {
        let text = moved::edited(current, edits);
        let anchor = server.state().documents.watch_for(&current.uri, text);
        self.expected.push(Expected {
            server: server.clone(),
            uri: current.uri.clone(),
            anchor,
        });
    }

    fn is_seen(&self) -> bool {
        self.expected.iter().any(Expected::is_met)
    }
}

/// Waits a moment for the text to be another than an edit was made for; whether it is.
async fn moves_on(server: &Server, from: &Snapshot, patience: Duration) -> bool {
    until(server, patience, || has_moved_on(server, from)).await
}

fn has_moved_on(server: &Server, from: &Snapshot) -> bool {
    let now = server.state().snapshot(&from.uri);
    now.is_none_or(|now| now.version != from.version || !now.text.is_instance(&from.text))
}

/// Waits for something that a change of a document brings about; whether it came.
async fn until(server: &Server, patience: Duration, came: impl Fn() -> bool) -> bool {
    let mut changes = server.jobs.changes();
    let coming = async { while !came() && changes.changed().await.is_ok() {} };
    let _ = tokio::time::timeout(patience, coming).await;
    came()
}

struct Expected {
    server: Server,
    uri: Arc<str>,
    anchor: Option<Anchor>,
}

impl Expected {
    fn is_met(&self) -> bool {
        let state = self.server.state();
        self.anchor
            .is_some_and(|anchor| state.documents.met(&self.uri, anchor))
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        if let Some(anchor) = self.anchor {
            self.server.state().documents.release(&self.uri, anchor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_by_its_words_and_its_time() {
        let check = |words: &str, after_ms: u64, reply: Reply| {
            let after = Duration::from_millis(after_ms);
            assert_eq!(refusal(words, after), reply, "{words:?}");
        };
        check("", 5, Reply::Refused);
        check("Internal error", 5, Reply::Unable);
        check("Cannot edit in read-only editor", 5, Reply::Unable);
        check("User cancelled server edit", 5, Reply::Declined);
        check("Rejected", 5, Reply::Declined);
        check("", 1_001, Reply::Declined);
        check(
            "Edits on ‘a.rs’ require version 3, you have 4",
            5,
            Reply::Stale,
        );
        check("Buffer a.rs newer than edits.", 5_000, Reply::Stale);
        check("rejected: the document has changed", 5, Reply::Stale);
    }
}
