//! What a job would change in its document, as plain data.

use super::Spent;
use crate::action::Subject;
use crate::text::Edit;

/// What became of a job that changes the document.
#[derive(Clone, Debug)]
pub struct Rewriting {
    /// In the order of the text, none overlapping another; none where nothing was worth changing.
    pub parts: Vec<RewrittenPart>,
    /// How many other places were to be changed and are not, which the summary accounts for.
    pub left_out: usize,
    /// What was changed, in a sentence.
    pub summary: String,
    pub spent: Spent,
}

/// A stretch of the document that stands or falls as a whole: what is typed into it meanwhile
/// keeps its edits from being applied, and those of no other part.
#[derive(Clone, Debug)]
pub struct RewrittenPart {
    pub subject: Subject,
    /// The smallest edits to the snapshot's text, all within the subject's range.
    pub edits: Vec<Edit>,
    /// What the subject's range comes to, whole.
    pub new: String,
}

impl Rewriting {
    /// A change of one part; of none, where there are no edits.
    pub fn of(part: RewrittenPart, summary: String, spent: Spent) -> Self {
        let is_change = !part.edits.is_empty();
        Self {
            parts: is_change.then_some(part).into_iter().collect(),
            left_out: 0,
            summary,
            spent,
        }
    }

    /// The edits of all parts, ascending.
    pub fn edits(&self) -> Vec<Edit> {
        let edits = self.parts.iter().flat_map(|part| part.edits.iter());
        edits.cloned().collect()
    }

    /// The summary, where so many parts were left as they are, for the text there was changed
    /// meanwhile.
    pub fn summary_without(&self, left_out: usize) -> String {
        let summary = self.summary.trim_end_matches('.');
        match left_out {
            0 => self.summary.clone(),
            1 => format!("{summary}; 1 of these was changed meanwhile, and is left as it is."),
            _ => format!(
                "{summary}; {left_out} of these were changed meanwhile, and are left as they are."
            ),
        }
    }

    /// What is changed, in a few words: the one part's subject; nothing of several.
    pub fn title(&self) -> Option<String> {
        match &*self.parts {
            [part] => Some(part.subject.title()),
            _ => None,
        }
    }
}
