//! Explanations that stay with the code: each follows its range, and knows when it is stale.

use std::collections::HashMap;
use std::ops::Range;

use crate::document::{Anchor, Documents};
use crate::engine::Explanation;
use crate::text;

/// Most explanations kept for one document; the oldest goes.
const MOST: usize = 500;

/// The explanations of all open documents.
#[derive(Debug, Default)]
pub struct Glosses {
    by_uri: HashMap<String, Vec<Gloss>>,
}

#[derive(Debug)]
struct Gloss {
    anchor: Anchor,
    /// From the range's start to the place whose line shows the explanation.
    shown_at: usize,
    /// What was explained, if it has a name.
    name: Option<String>,
    text: String,
    /// What stood behind it on its last line.
    rest_of_line: String,
    markdown: String,
    footer: String,
}

impl Glosses {
    /// Keeps an explanation of what now stands at `range`, in place of an earlier one of the same.
    pub fn keep(
        &mut self,
        documents: &mut Documents,
        uri: &str,
        range: Range<usize>,
        explanation: &Explanation,
    ) {
        let Some(snapshot) = documents.snapshot(uri) else {
            return;
        };
        let Some(text) = snapshot
            .text
            .get_byte_slice(range.clone())
            .map(|slice| slice.to_string())
        else {
            return;
        };
        let line = text::line_range(&snapshot.text, text::line_of(&snapshot.text, range.end));
        let rest_of_line =
            text::slice(&snapshot.text, range.end..range.end.max(line.end)).to_string();
        let own = self.by_uri.entry(uri.to_owned()).or_default();
        let subject = &explanation.subject;
        // Also one that was longer or shorter when it was explained.
        let same = own.iter().position(|gloss| {
            gloss.name == subject.name
                && documents.tracked(uri, gloss.anchor).is_some_and(|at| {
                    at.range == range || (gloss.name.is_some() && at.range.start == range.start)
                })
        });
        let surplus = (own.len() >= MOST).then_some(0);
        if let Some(at) = same.or(surplus) {
            documents.release(uri, own.remove(at).anchor);
        }
        if let Some(anchor) = documents.track(uri, range) {
            own.push(Gloss {
                anchor,
                shown_at: subject.shown_at.saturating_sub(subject.range.start),
                name: subject.name.clone(),
                text,
                rest_of_line,
                markdown: explanation.markdown.clone(),
                footer: explanation.spent.in_words(),
            });
        }
    }

    /// The explanations shown on this line, and the bytes each is about.
    pub fn on_line(
        &self,
        documents: &Documents,
        uri: &str,
        line: usize,
    ) -> Vec<(String, Range<usize>)> {
        let (Some(own), Some(snapshot)) = (self.by_uri.get(uri), documents.snapshot(uri)) else {
            return Vec::new();
        };
        let shown = own.iter().filter_map(|gloss| {
            let tracked = documents.tracked(uri, gloss.anchor)?;
            let range = tracked.range;
            // What was deleted needs no explanation.
            if range.is_empty() {
                return None;
            }
            // What is typed at its end belongs to it, up to the end of the line.
            let last = text::line_range(&snapshot.text, text::line_of(&snapshot.text, range.end));
            let text = snapshot
                .text
                .get_byte_slice(range.start..range.end.max(last.end))?;
            // Compared, not remembered: an edit that is undone makes it fresh again.
            let stale = gloss.is_stale(&text.to_string());
            let at = range.start + gloss.shown_at.min(range.len());
            (snapshot.text.try_byte_to_line(at).ok()? == line).then(|| (gloss.shown(stale), range))
        });
        shown.collect()
    }

    /// Forgets what belongs to a document that was closed.
    pub fn close(&mut self, uri: &str) {
        self.by_uri.remove(uri);
    }
}

impl Gloss {
    /// Whether `now`, the range's text and the rest of its last line, is another text.
    fn is_stale(&self, now: &str) -> bool {
        now.strip_prefix(self.text.as_str())
            .is_none_or(|rest| rest != self.rest_of_line)
    }

    fn shown(&self, stale: bool) -> String {
        let warning = if stale {
            "*The code has changed since this was written.*\n\n"
        } else {
            ""
        };
        format!(
            "{warning}{}\n\n---\n*Gloss: {}*",
            self.markdown, self.footer
        )
    }
}
