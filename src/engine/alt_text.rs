//! Alternative text for links to images, each asked about with the text around it.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt as _;

use super::code::blocking;
use super::images::ImageQuestion;
use super::{
    Account, Ear, Engine, Estimate, Heard, ImageJob, ImageSource, JobError, Place, Rewriting,
    RewrittenPart, Spent,
};
use crate::action::Subject;
use crate::action::alt_text::{self, AltText, Setting};
use crate::answer::Defanged;
use crate::config::Scope;
use crate::image::{self, Alt, Hints, ImageLink, Languages, Markup};
use crate::prompt::{self, Prompt, Secrets};
use crate::text::{self, Edit};

/// What the ledger calls it.
const ACTION: &str = "alt_text";

/// How much text before a link is told, and behind it, in bytes.
const BEFORE: usize = 1_000;
const BEHIND: usize = 500;

/// Most reasons that a summary names.
const REASONS: usize = 3;

/// Links of a document whose images are to get alternative text.
#[derive(Clone, Debug)]
pub struct AltJob {
    /// The whole document.
    pub text: Arc<str>,
    pub markup: Markup,
    /// Found in `text`, in its order.
    pub links: Vec<ImageLink>,
    /// The document's own path, by which links are resolved.
    pub document: Option<PathBuf>,
    /// The folders that images may lie in.
    pub folders: Vec<PathBuf>,
    pub place: Place,
    /// Ask even where an answer is kept.
    pub again: bool,
}

impl AltJob {
    /// The same for those links alone that lack alternative text and can have it. Of links whose
    /// target only a site's own tools know, nothing is said. Looks at the disk.
    #[must_use]
    pub fn lacking(mut self) -> Self {
        let document = self.document.as_deref();
        self.links = image::lacking_alt(&self.links, document, &self.folders, &self.hints());
        self
    }

    fn hints(&self) -> Hints {
        Hints::of(self.markup, || self.text.as_ref().into())
    }

    fn image_job(&self, link: &ImageLink, hints: &Hints) -> ImageJob {
        ImageJob {
            source: ImageSource::Linked {
                target: link.target.clone(),
                document: self.document.clone(),
                folders: self.folders.clone(),
                hints: hints.clone(),
            },
            place: self.place.clone(),
            again: self.again,
        }
    }
}

/// What is asked about one link: the image, and what is told of its place.
struct Ask {
    link: ImageLink,
    job: ImageJob,
    /// Masked, as is what follows.
    path: String,
    file: String,
    before: String,
    after: String,
    secrets: Secrets,
    language: Option<String>,
}

impl Ask {
    fn prompt(&self, image: prompt::Image) -> Prompt {
        let at = Setting {
            path: &self.path,
            language: self.language.as_deref(),
            file: &self.file,
            before: &self.before,
            after: &self.after,
        };
        alt_text::prompt(image, at)
    }

    /// What tells the question from others about the same image.
    fn about(&self, content: &str) -> String {
        let told = [content, ACTION, &self.file, &self.before, &self.after];
        told.join("\0")
    }
}

fn account(place: Place, masked: usize) -> Account {
    Account {
        action: ACTION.into(),
        place,
        lines: None,
        context_files: 0,
        masked,
    }
}

/// What an answer is worth: alternative text.
struct Written {
    link: ImageLink,
    alt: AltText,
}

impl Engine {
    /// Writes alternative text for each link of a job. What cannot be done for one of several is
    /// told in the summary; what keeps all others from being asked ends the job, and what came by
    /// then is written.
    ///
    /// # Errors
    /// A [`JobError`], whose text is for the person, when nothing came.
    pub async fn write_alt_text(&self, job: AltJob, ear: Ear<'_>) -> Result<Rewriting, JobError> {
        let (text, of) = (job.text.clone(), job.links.len());
        let place = job.place.clone();
        let asks = self.alt_asks(job).await.inspect_err(|error| {
            let model = self.settings.vision_model();
            account(place, 0).refused(self, model, error.class());
        })?;
        let ear = Mutex::new(ear);
        let hear = |heard: Heard| {
            let mut ear = ear.lock().unwrap_or_else(PoisonError::into_inner);
            (*ear)(heard);
        };
        let asked = asks.into_iter().map(|ask| self.alt_text(ask, of, &hear));
        let mut asked = futures::stream::iter(asked).buffered(self.settings.concurrency.max(1));
        let hear_done = |count| {
            if of > 1 {
                let what = "images";
                hear(Heard::Done { count, of, what });
            }
        };
        hear_done(0);
        let mut tally = Tally::default();
        while let Some((link, told)) = asked.next().await {
            match told {
                Ok((alt, spent)) => tally.add(Written { link, alt }, spent),
                Err(error) if of > 1 && error.is_of_one() => {
                    tally.leave_out(&link, &error.to_string());
                }
                Err(error) if tally.written.is_empty() => return Err(error),
                Err(error) => {
                    tally.ended_by = Some(error.to_string());
                    tally.not_asked = of - tally.count();
                    break;
                }
            }
            hear_done(tally.count());
        }
        drop(asked);
        if tally.written.is_empty() {
            let why = tally.reasons();
            return Err(why.map_or(JobError::NoAltMissing, JobError::Image));
        }
        blocking(move || Ok(tally.rewriting(&text))).await
    }

    /// What a job will come to: those whose answer is kept cost nothing, and those whose image
    /// cannot be had are not asked about.
    pub async fn estimate_alt_text(&self, job: AltJob) -> Result<Estimate, JobError> {
        let again = job.again;
        let mut all = Estimate::default();
        for ask in self.alt_asks(job).await? {
            let Ok(known) = self.known(ask.job.clone()).await else {
                continue;
            };
            let kept = self.kept(&self.alt_key(&ask, &known.content)).await;
            if again || kept.is_none() {
                let prompt = ask.prompt(self.largest_image());
                let most = alt_text::MAX_OUTPUT_TOKENS;
                let one = self.estimate(self.settings.vision_model(), &prompt, most);
                all = all.and(one);
            }
        }
        Ok(all)
    }

    /// What a job would send, link by link. Nothing is downloaded for it.
    ///
    /// # Errors
    /// When nothing may be sent of the document.
    pub async fn prepare_alt_text(
        &self,
        job: AltJob,
    ) -> Result<Vec<Result<Prompt, JobError>>, JobError> {
        let mut prompts = Vec::new();
        for ask in self.alt_asks(job).await? {
            let ready = self.image_as_shown(&ask.job).await;
            prompts.push(ready.map(|ready| ask.prompt(ready.image)));
        }
        Ok(prompts)
    }

    /// The questions of a job. Those of a document that may not be sent are none.
    async fn alt_asks(&self, job: AltJob) -> Result<Vec<Ask>, JobError> {
        let engine = self.clone();
        blocking(move || {
            engine.permit(&job.place)?;
            let masks = engine.settings.redact_secrets;
            let mut known = Secrets::default();
            let places = masks.then(|| known.learn(&job.text));
            let places = places.unwrap_or_default();
            let languages = Languages::of(job.markup, &job.text);
            let hints = job.hints();
            let asks = job.links.iter().map(|link| {
                let mut secrets = known.clone();
                let mut masked = |name: &str| {
                    if masks {
                        secrets.mask(name)
                    } else {
                        name.to_owned()
                    }
                };
                let (path, file) = (masked(&job.place.shown), masked(&link.file_name()));
                let mut told = |range| engine.told(&job.text, range, &places, &mut secrets);
                let (before, after) = around(&job.text, &link.range);
                Ask {
                    path,
                    file,
                    before: told(before),
                    after: told(after),
                    link: link.clone(),
                    job: job.image_job(link, &hints),
                    language: languages.at(link.range.start).map(str::to_owned),
                    secrets,
                }
            });
            Ok(asks.collect())
        })
        .await
    }

    /// So much of the text as may be told, masked. What one of the secrets at `places` is cut
    /// through is not.
    fn told(
        &self,
        text: &str,
        range: Range<usize>,
        places: &[Range<usize>],
        secrets: &mut Secrets,
    ) -> String {
        if self.settings.context == Scope::Selection || prompt::cuts_one_of(places, &range) {
            return String::new();
        }
        let told = text.get(range).unwrap_or_default();
        if self.settings.redact_secrets {
            secrets.mask(told)
        } else {
            told.to_owned()
        }
    }

    fn alt_key(&self, ask: &Ask, content: &str) -> crate::store::DescriptionKey {
        let language = ask.language.as_deref().unwrap_or_default();
        self.image_key(&ask.about(content), language, alt_text::PROMPT_VERSION)
    }

    /// The alternative text of one link, which comes back with it.
    async fn alt_text(
        &self,
        ask: Ask,
        of: usize,
        hear: &(dyn Fn(Heard) + Sync),
    ) -> (ImageLink, Result<(AltText, Spent), JobError>) {
        let present = ask.link.alt.text();
        let question = ImageQuestion {
            job: &ask.job,
            account: account(ask.job.place.clone(), ask.secrets.count()),
            key: &|content| self.alt_key(&ask, content),
            prompt: &|image| ask.prompt(image),
            max_output_tokens: alt_text::MAX_OUTPUT_TOKENS,
            read: whole,
            // Who asks for another text than the one that stands there does not want that one.
            is_wanted: &|kept| match alt_text::read(kept) {
                Some(AltText::Text(text)) => Some(&*text) != present,
                Some(AltText::Decorative) => ask.link.alt != Alt::Decorative,
                None => false,
            },
        };
        let mut ear = |heard| {
            // Of many at once only what concerns all.
            if of == 1 || matches!(heard, Heard::Waiting { .. } | Heard::StandIn) {
                hear(heard);
            }
        };
        let told = self.asked_about(question, &mut ear).await;
        let alt = told.and_then(|told| Ok((alt_in(&told.text, &ask.secrets)?, told.spent)));
        (ask.link, alt)
    }
}

/// The answer, if it came to its end. What is cut short is shown by a description, but it is no text
/// to be written.
fn whole(answer: &str, finish: Option<&str>) -> Result<String, JobError> {
    match finish {
        Some("stop") => Ok(answer.to_owned()),
        _ => Err(JobError::AltTextCut),
    }
}

/// What an answer says. One that has a masked secret in it is no text to be written.
fn alt_in(answer: &str, secrets: &Secrets) -> Result<AltText, JobError> {
    let alt = alt_text::read(answer).ok_or(JobError::NoAltText)?;
    if let AltText::Text(text) = &alt {
        let lost = |lost| JobError::Lost {
            lost,
            answer: Defanged::of(text),
        };
        secrets.restore("", text).map_err(lost)?;
    }
    Ok(alt)
}

/// The text before a link and behind it, within bounds.
fn around(text: &str, link: &Range<usize>) -> (Range<usize>, Range<usize>) {
    let mut start = link.start.saturating_sub(BEFORE);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let mut end = text.len().min(link.end.saturating_add(BEHIND));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = text.get(start..link.start).unwrap_or_default();
    let behind = text.get(link.end..end).unwrap_or_default();
    // What is cut begins and ends with a line, else with a word, where that leaves most of it; and a
    // piece of what is no word, like data, is not told.
    let is_most = |left: &str, of: &str| left.trim().len() * 2 > of.trim().len();
    let is_word = |cut: &str, left: &str, of: &str| cut.is_ascii() || is_most(left, of);
    if start > 0 {
        let by_line = before.split_once('\n');
        let by_word = before.split_once([' ', '\n']);
        let left = by_line.filter(|(_, left)| is_most(left, before));
        let left = left.or(by_word.filter(|(cut, left)| is_word(cut, left, before)));
        start = left.map_or(start, |(_, left)| link.start - left.len());
    }
    if end < text.len() {
        let by_line = behind.rsplit_once('\n');
        let by_word = behind.rsplit_once([' ', '\n']);
        let left = by_line.filter(|(left, _)| is_most(left, behind));
        let left = left.or(by_word.filter(|(left, cut)| is_word(cut, left, behind)));
        end = left.map_or(end, |(left, _)| link.end + left.len());
    }
    (start..link.start, link.end..end)
}

/// What came of the questions so far.
#[derive(Default)]
struct Tally {
    written: Vec<Written>,
    spent: Option<Spent>,
    /// Why some were left out.
    left_out: Vec<String>,
    /// What kept the rest from being asked, and how many they are.
    ended_by: Option<String>,
    not_asked: usize,
}

impl Tally {
    fn add(&mut self, written: Written, spent: Spent) {
        self.written.push(written);
        self.spent = Some(match self.spent.take() {
            Some(before) => before.and(spent),
            None => spent,
        });
    }

    fn leave_out(&mut self, link: &ImageLink, why: &str) {
        let name = link.file_name();
        // Most reasons name the file themselves.
        let is_named = why.contains(&name);
        self.left_out.push(if is_named {
            why.to_owned()
        } else {
            format!("{name}: {why}")
        });
    }

    fn count(&self) -> usize {
        self.written.len() + self.left_out.len()
    }

    /// Why some were left out, where any were.
    fn reasons(&self) -> Option<String> {
        let count = self.left_out.len();
        let reasons: Vec<_> = self
            .left_out
            .iter()
            .take(REASONS)
            .map(String::as_str)
            .collect();
        let more = if count > REASONS { "; …" } else { "" };
        (count > 0).then(|| format!("left out {} ({}{more})", images(count), reasons.join("; ")))
    }

    /// The parts of `text` to change.
    fn rewriting(mut self, text: &str) -> Rewriting {
        let mut parts: Vec<RewrittenPart> = Vec::new();
        let mut changed: Vec<Written> = Vec::new();
        let mut same = 0;
        for written in std::mem::take(&mut self.written) {
            let end = parts.last().map_or(0, |part| part.subject.range.end);
            match written.part(text) {
                None => self.leave_out(&written.link, NO_MARK),
                Some(part) if part.edits.is_empty() => same += 1,
                Some(part) if part.subject.range.start < end => {
                    self.leave_out(&written.link, "it stands within another image");
                }
                Some(part) => {
                    parts.push(part);
                    changed.push(written);
                }
            }
        }
        Rewriting {
            summary: self.summary(&changed, same),
            left_out: self.left_out.len() + self.not_asked,
            parts,
            spent: self.spent.unwrap_or_default(),
        }
    }

    fn summary(&self, changed: &[Written], same: usize) -> String {
        let is_text = |written: &&Written| matches!(written.alt, AltText::Text(_));
        let texts = changed.iter().filter(is_text).count();
        let mut said = match changed {
            [] => Vec::new(),
            [only] => vec![only.in_words()],
            _ if texts == 0 => Vec::new(),
            _ => vec![format!("Wrote alternative text for {}", images(texts))],
        };
        if changed.len() > texts.max(1) {
            let marks = images(changed.len() - texts);
            said.push(format!("marked {marks} as decorative"));
        }
        if same > 0 {
            said.push(format!("left {} as it stood", images(same)));
        }
        said.extend(self.reasons());
        if let Some(why) = &self.ended_by {
            let rest = images(self.not_asked);
            said.push(format!("left {rest} for later: {why}"));
        }
        let said = said.join("; ");
        let mut signs = said.chars();
        let first = signs.next().map(char::to_uppercase);
        format!(
            "{}{}.",
            first.into_iter().flatten().collect::<String>(),
            signs.as_str()
        )
    }
}

const NO_MARK: &str = "it is decorative by the model's word, which cannot be said at that place";

fn images(count: usize) -> String {
    match count {
        1 => "1 image".to_owned(),
        _ => format!("{count} images"),
    }
}

impl Written {
    fn in_words(&self) -> String {
        let file = self.link.file_name();
        match &self.alt {
            AltText::Text(text) => {
                format!(
                    "Wrote the alternative text of {file}: {}",
                    text.trim_end_matches('.')
                )
            }
            AltText::Decorative => format!("Marked {file} as decorative"),
        }
    }

    /// What becomes of the link; `None` where its markup has no way to say it.
    fn part(&self, text: &str) -> Option<RewrittenPart> {
        let link = &self.link;
        let mut edits = match &self.alt {
            AltText::Text(alt) if link.takes_alt() => image::with_alt(link, alt),
            AltText::Text(_) => return None,
            AltText::Decorative => image::as_decorative(text, link)?,
        };
        edits.retain(|edit| text.get(edit.range.clone()) != Some(&*edit.text));
        let starts = edits.iter().map(|edit| edit.range.start);
        let start = starts.fold(link.range.start, usize::min);
        let ends = edits.iter().map(|edit| edit.range.end);
        let end = ends.fold(link.range.end, usize::max);
        let within: Vec<Edit> = edits
            .iter()
            .map(|edit| Edit {
                range: edit.range.start - start..edit.range.end - start,
                text: edit.text.clone(),
            })
            .collect();
        Some(RewrittenPart {
            new: text::apply(text.get(start..end).unwrap_or_default(), &within),
            subject: Subject {
                range: start..end,
                leading: start..start,
                name: Some(link.file_name()),
                shown_at: link.range.start,
            },
            edits,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally(links: &[ImageLink], alt: impl Fn(usize) -> AltText) -> Tally {
        let mut tally = Tally::default();
        for (at, link) in links.iter().cloned().enumerate() {
            let alt = alt(at);
            tally.add(Written { link, alt }, Spent::default());
        }
        tally
    }

    /// Each link of a document gets another text, every third is decorative.
    fn check(markup: Markup, text: &str) {
        let links = image::links(markup, text);
        let alt = |at: usize| match at % 3 {
            2 => AltText::Decorative,
            _ => AltText::Text(format!("No {at}")),
        };
        let rewriting = tally(&links, alt).rewriting(text);
        let edited = text::apply(text, &rewriting.edits());
        let now = image::links(markup, &edited);
        let mut in_order = rewriting.parts.windows(2);
        assert!(in_order.all(|pair| match pair {
            [one, next] => one.subject.range.end <= next.subject.range.start,
            _ => true,
        }));
        let targets = |links: &[ImageLink]| -> Vec<_> {
            links.iter().map(|link| link.target.clone()).collect()
        };
        assert_eq!(targets(&now), targets(&links), "{edited}");
        for part in &rewriting.parts {
            let range = part.subject.range.clone();
            let within = part.edits.iter().map(|edit| Edit {
                range: edit.range.start - range.start..edit.range.end - range.start,
                text: edit.text.clone(),
            });
            let old = text.get(range.clone()).unwrap();
            assert_eq!(text::apply(old, &within.collect::<Vec<_>>()), part.new);
        }
        let changed = now.iter().enumerate().filter(|(at, link)| match alt(*at) {
            AltText::Text(alt) => link.alt == Alt::Text(alt),
            AltText::Decorative => link.alt == Alt::Decorative,
        });
        assert_eq!(
            changed.count() + rewriting.left_out,
            links.len(),
            "{edited}"
        );
    }

    proptest! {
        #[test]
        fn many_links_are_written_at_once_each_as_if_alone(
            parts in proptest::collection::vec(proptest::sample::select(MARKDOWN), 1..12),
        ) {
            check(Markup::Markdown, &parts.concat());
        }
    }

    const MARKDOWN: &[&str] = &[
        "![](a.png)",
        "![b](b.png 'c')",
        "![][d]",
        "<img src=e.png>",
        "<img alt='' src=f.png>",
        "[![](g.png)](h)",
        "\n\n",
        "\n",
        " ",
        "text ",
        "- ",
        "> ",
        "\n\n[d]: d.png\n\n",
    ];

    #[test]
    fn other_markups_are_written_at_once_too() {
        check(
            Markup::Html,
            "<img src=a><img src=b alt=c><p><img src=d></p><img src=e>",
        );
        check(
            Markup::Rst,
            ".. image:: a\n\n.. figure:: b\n   :alt: c\n\n   d\n\n.. image:: e\n\n.. image:: f\n",
        );
        check(
            Markup::AsciiDoc,
            "image::a[]\n\nb image:c[] image:d[e]\n\nimage::f[g]\n",
        );
        check(Markup::Latex, "\\includegraphics{a}\\includegraphics{b}");
        check(Markup::Typst, "#image(\"a\") #image(\"b\", alt: \"c\")");
        check(Markup::Org, "[[file:a.png]]\n\n[[file:b.png]]\n");
        check(
            Markup::Jsx,
            "const a = <p><img src=\"a\"/><img src=\"b\" alt=\"c\"/></p>;\n",
        );
    }

    #[test]
    fn a_summary_tells_what_was_done_and_what_not() {
        let links = image::links(Markup::Markdown, "![](a.png) ![](b.png) ![](c.png)");
        let summary = |tally: Tally| tally.rewriting("![](a.png) ![](b.png) ![](c.png)").summary;
        let text = |at: usize| AltText::Text(format!("No {at}."));
        assert_eq!(
            summary(tally(&links[..1], text)),
            "Wrote the alternative text of a.png: No 0."
        );
        let mut mixed = tally(&links[..2], |at| match at {
            0 => AltText::Decorative,
            _ => text(at),
        });
        for why in ["it is gone", "c.png is gone", "d", "e"] {
            mixed.leave_out(&links[2], why);
        }
        assert_eq!(
            summary(mixed),
            "Wrote alternative text for 1 image; marked 1 image as decorative; \
             left out 4 images (c.png: it is gone; c.png is gone; c.png: d; …)."
        );
        let mut none = tally(&[], text);
        assert_eq!(none.reasons(), None);
        none.leave_out(&links[2], "it is gone");
        assert_eq!(
            none.reasons().as_deref(),
            Some("left out 1 image (c.png: it is gone)")
        );
        let marked = tally(&links[..2], |_| AltText::Decorative);
        assert_eq!(summary(marked), "Marked 2 images as decorative.");
        let marked = tally(&links[..1], |_| AltText::Decorative);
        assert_eq!(summary(marked), "Marked a.png as decorative.");
        let text = "![a](a.png)";
        let unchanged = tally(&image::links(Markup::Markdown, text), |_| {
            AltText::Text("a".into())
        });
        assert_eq!(
            unchanged.rewriting(text).summary,
            "Left 1 image as it stood."
        );
    }

    #[test]
    fn what_is_told_around_a_link_is_whole_lines_within_bounds() {
        let check = |text: &str, before: &str, behind: &str| {
            let at = text.find("LINK").unwrap();
            let (one, other) = around(text, &(at..at + 4));
            assert_eq!((&text[one], &text[other]), (before, behind));
        };
        check("a LINK b", "a ", " b");
        check("LINK", "", "");
        let long = "é".repeat(600);
        check(
            &format!("{long}LINK{long}"),
            &"é".repeat(500),
            &"é".repeat(250),
        );
        let line = "a b c d e\n".repeat(200);
        check(
            &format!("{line}LINK\n{line}"),
            &"a b c d e\n".repeat(99),
            format!("\n{}", "a b c d e\n".repeat(49)).trim_end_matches('\n'),
        );
        let data = "A".repeat(3_000);
        check(&format!("{data}) \nb LINK\nc (\n{data}"), "\nb ", "\nc (");
        // A paragraph is often one line.
        let line = "abcd ".repeat(400);
        check(
            &format!("{line}\n\nLINK\n\n{line}"),
            &format!("{}\n\n", "abcd ".repeat(199)),
            &format!("\n\n{}abcd", "abcd ".repeat(98)),
        );
    }
}
