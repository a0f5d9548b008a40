//! Describe: from an image to a description that is paid for once and kept.

use std::path::{Path, PathBuf};

use url::Url;

use super::code::{answering, blocking, summary_of};
use super::excluded::Excluded;
use super::seen::Identity;
use super::{Account, Asking, Ear, Engine, Estimate, Heard, JobError, Place, Spent};
use crate::action::describe;
use crate::answer;
use crate::config::RemoteImages;
use crate::image::{self, Facts, Hints, Loaded, Target};
use crate::llm::Effort;
use crate::prompt::{Detail, Image, Prompt};
use crate::store::DescriptionKey;

/// Where an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// As a link in a document names it; only within the workspace.
    Linked {
        target: String,
        document: Option<PathBuf>,
        folders: Vec<PathBuf>,
        /// What the document says of where its images are.
        hints: Hints,
    },
    /// A file that the person named themselves, anywhere.
    Named(PathBuf),
}

/// An image to describe.
#[derive(Clone, Debug)]
pub struct ImageJob {
    pub source: ImageSource,
    /// Where it is booked: the document that links it, or the image itself.
    pub place: Place,
    /// Ask even though a description is kept.
    pub again: bool,
}

/// An image in words.
#[derive(Clone, Debug)]
pub struct Description {
    /// Format, size and weight, in a line.
    pub facts: String,
    /// Defanged.
    pub markdown: String,
    pub summary: String,
    /// The answer is not whole, as the last line of the Markdown says, and was not kept.
    pub is_cut_short: bool,
    pub spent: Spent,
}

/// What can be said of an image without asking anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What tells it from other images: the hash of its bytes, or its URL.
    pub content: String,
    /// Format, size and weight, in a line.
    pub facts: String,
    /// The description, if one is kept.
    pub markdown: Option<String>,
}

/// An image as it would be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadyImage {
    /// For a prompt.
    pub image: Image,
    /// What tells it from other images: the hash of its bytes, or its URL.
    pub content: String,
    /// Format, size and weight, in a line.
    pub facts: String,
}

/// A question about one image, whose answer is kept.
pub(super) struct ImageQuestion<'a> {
    pub job: &'a ImageJob,
    pub account: Account,
    /// Under what the answer is kept, by what tells the image from others.
    pub key: &'a (dyn Fn(&str) -> DescriptionKey + Sync),
    pub prompt: &'a (dyn Fn(Image) -> Prompt + Sync),
    /// In tokens of visible text.
    pub max_output_tokens: u32,
    /// What of an answer is used and kept, by how it ended.
    pub read: fn(&str, Option<&str>) -> Result<String, JobError>,
    /// Whether an answer that was kept will do.
    pub is_wanted: &'a (dyn Fn(&str) -> bool + Sync),
}

/// What was said of an image, now or before.
pub(super) struct Told {
    facts: String,
    pub text: String,
    is_whole: bool,
    pub spent: Spent,
}

impl Engine {
    /// Describes an image.
    ///
    /// # Errors
    /// A [`JobError`], whose text is for the person.
    pub async fn describe(&self, job: ImageJob, ear: Ear<'_>) -> Result<Description, JobError> {
        let account = Account {
            action: "describe".into(),
            place: job.place.clone(),
            lines: None,
            context_files: 0,
            masked: 0,
        };
        let question = ImageQuestion {
            job: &job,
            account,
            key: &|content| self.description_key(content),
            prompt: &|image| describe::prompt(image, &self.answer_language()),
            max_output_tokens: describe::MAX_OUTPUT_TOKENS,
            read: |answer, finish| match answer.trim() {
                "" => Err(JobError::SaidNothing),
                _ => Ok(answer::shown(answer, finish)),
            },
            is_wanted: &|_| true,
        };
        let told = self.asked_about(question, ear).await?;
        Ok(Description {
            summary: summary_of(&told.text, !told.is_whole),
            is_cut_short: !told.is_whole,
            facts: told.facts,
            markdown: told.text,
            spent: told.spent,
        })
    }

    /// Asks about an image what was not asked before; one at a time asks the same.
    pub(super) async fn asked_about(
        &self,
        question: ImageQuestion<'_>,
        ear: Ear<'_>,
    ) -> Result<Told, JobError> {
        let ImageQuestion { job, account, .. } = question;
        let model = self.settings.vision_model().to_owned();
        let ReadyImage {
            image,
            content,
            facts,
        } = match self.image(job).await {
            Ok(ready) => ready,
            Err(error) => {
                account.refused(self, &model, error.class());
                return Err(error);
            }
        };
        let key = (question.key)(&content);
        // Held until the answer is there, for all who ask the same about the image meanwhile.
        let mut turn = self.turns.take(&key, || ear(Heard::Queued)).await;
        if !job.again {
            let told = match turn.clone() {
                Some(told) => Some(told),
                None => self.kept(&key).await.filter(|it| (question.is_wanted)(it)),
            };
            if let Some(text) = told {
                let spent = account.kept(self, &model);
                let is_whole = true;
                return Ok(Told {
                    facts,
                    text,
                    is_whole,
                    spent,
                });
            }
        }
        if let Err(error) = self.endpoint().await {
            account.refused(self, &model, error.class());
            return Err(error);
        }
        let asking = Asking {
            model,
            prompt: (question.prompt)(image),
            max_output_tokens: question.max_output_tokens,
            effort: Effort::Low,
            account,
        };
        let answer = self.ask(asking, ear).await?;
        let text = (question.read)(&answer.text, answer.finish.as_deref())?;
        // One that was cut short is shown to who asked, and to nobody else.
        let is_whole = answer::cut(answer.finish.as_deref()).is_none();
        if is_whole {
            *turn = Some(text.clone());
            self.store.keep_description(key, text.clone());
        }
        Ok(Told {
            facts,
            text,
            is_whole,
            spent: answer.spent,
        })
    }

    /// What can be said of an image at once: nothing is decoded, nobody is asked. Of one that is
    /// linked by URL that is what an earlier download told.
    ///
    /// # Errors
    /// When there is no such image, or it may not be read.
    pub async fn known(&self, job: ImageJob) -> Result<Known, JobError> {
        let engine = self.clone();
        let known = answering(move || {
            let (content, Identity { facts, sha256 }) = match engine.target(&job)? {
                Found::ByUrl(url) => (url.clone(), Identity::unseen(url)),
                Found::Remote(url) => {
                    let seen = engine.seen.at(&url);
                    let unseen = || Identity::unseen(url.to_string());
                    (url.to_string(), seen.unwrap_or_else(unseen))
                }
                Found::Here(target) => {
                    let (facts, sha256) = image::identify(&target).map_err(in_words)?;
                    let facts = in_a_line(facts);
                    (sha256.clone(), Identity { facts, sha256 })
                }
            };
            Ok((content, facts, engine.description_key(&sha256)))
        });
        let (content, facts, key) = known.await?;
        let markdown = self.kept(&key).await;
        Ok(Known {
            content,
            facts,
            markdown,
        })
    }

    /// What describing an image would send. Nothing is downloaded for it: in the place of an
    /// image that would be stands its URL.
    ///
    /// # Errors
    /// When there is no such image, or it may not be read.
    pub async fn prepare_description(&self, job: ImageJob) -> Result<Prompt, JobError> {
        let ready = self.image_as_shown(&job).await?;
        Ok(describe::prompt(ready.image, &self.answer_language()))
    }

    /// What describing one image comes to at most, by the estimate of [`Engine::estimate`]: as if it
    /// were of the largest, so that nothing need be read.
    pub fn estimate_description(&self) -> Estimate {
        let prompt = describe::prompt(self.largest_image(), &self.answer_language());
        let model = self.settings.vision_model();
        self.estimate(model, &prompt, describe::MAX_OUTPUT_TOKENS)
    }

    /// What stands for an image of unknown size in an estimate.
    pub(super) fn largest_image(&self) -> Image {
        Image {
            url: String::new(),
            detail: self.settings.image_detail,
            pixels: None,
        }
    }

    /// An image ready for a prompt: found, downloaded where it is linked by URL and the settings
    /// say so, converted and scaled. Not on the threads that answer.
    ///
    /// # Errors
    /// When there is no such image, or it may not be read.
    pub async fn image(&self, job: &ImageJob) -> Result<ReadyImage, JobError> {
        let (engine, wanted) = (self.clone(), job.clone());
        match blocking(move || engine.target(&wanted)).await? {
            Found::ByUrl(url) => Ok(self.by_url(url)),
            Found::Here(target) => self.read(target).await,
            Found::Remote(url) => {
                if let Some(why) = &self.settings.blocked {
                    return Err(JobError::Configuration(why.clone()));
                }
                let bytes = self.fetcher.fetch(&url).await.map_err(in_words)?;
                let ready = self.read(Target::Data { bytes }).await?;
                let identity = Identity {
                    facts: ready.facts.clone(),
                    sha256: ready.content.clone(),
                };
                self.seen.keep(url, identity);
                Ok(ready)
            }
        }
    }

    /// An image as a prompt would have it, of which nothing is downloaded: in the place of one that
    /// would be stands its URL.
    pub(super) async fn image_as_shown(&self, job: &ImageJob) -> Result<ReadyImage, JobError> {
        let (engine, wanted) = (self.clone(), job.clone());
        match answering(move || engine.target(&wanted)).await? {
            Found::ByUrl(url) => Ok(self.by_url(url)),
            Found::Remote(url) => Ok(self.by_url(url.into())),
            Found::Here(target) => self.read(target).await,
        }
    }

    fn by_url(&self, url: String) -> ReadyImage {
        ReadyImage {
            content: url.clone(),
            facts: REMOTE.to_owned(),
            image: Image {
                url,
                detail: self.settings.image_detail,
                pixels: None,
            },
        }
    }

    /// Reads and converts what lies here.
    async fn read(&self, target: Target) -> Result<ReadyImage, JobError> {
        let detail = self.settings.image_detail;
        let desk = self.desk.clone().acquire_owned().await;
        let desk = desk.map_err(|_| JobError::Closing)?;
        blocking(move || {
            // Held by the work itself, which goes on when nobody waits for it any more.
            let _desk = desk;
            Ok(local(image::load(&target).map_err(in_words)?, detail))
        })
        .await
    }

    /// Where the image is, if it may be read, downloaded or handed on. Reads the disk.
    fn target(&self, job: &ImageJob) -> Result<Found, JobError> {
        self.permit(&job.place)?;
        let (target, verbatim) = match &job.source {
            ImageSource::Named(path) => (image::named(path), None),
            ImageSource::Linked {
                target,
                document,
                folders,
                hints,
            } => (
                image::resolve_with(target, document.as_deref(), folders, hints),
                Some(target.trim()),
            ),
        };
        match target.map_err(in_words)? {
            Target::Remote(url) => self.remote(url, verbatim.unwrap_or_default()),
            target => {
                if let Target::File(path) = &target {
                    self.permit_image(path, job)?;
                }
                Ok(Found::Here(target))
            }
        }
    }

    /// Refuses what the person keeps from being sent, and what the workspace does that the image is
    /// in, be it another than the document's.
    fn permit_image(&self, path: &Path, job: &ImageJob) -> Result<(), JobError> {
        let here = &job.place.workspace;
        self.permit(&Place::of(path, &job.place.folders()))?;
        let ImageSource::Linked { folders, .. } = &job.source else {
            return Ok(());
        };
        let there = Place::of(path, folders);
        if there.workspace == *here {
            return Ok(());
        }
        let excluded = Excluded::by_workspace(&there.workspace);
        let excluded = excluded.map_err(JobError::Configuration)?;
        if excluded.holds(&there) {
            return Err(JobError::Excluded(there.shown));
        }
        Ok(())
    }

    fn remote(&self, url: Url, verbatim: &str) -> Result<Found, JobError> {
        let how = self.settings.remote_images;
        if how == RemoteImages::Off {
            let off = "images linked by URL are not described (setting `remote_images`)";
            return Err(JobError::Image(off.into()));
        }
        if url.scheme() != "https" {
            let plain = "images linked by URL are described only over https";
            return Err(JobError::Image(plain.into()));
        }
        if how == RemoteImages::Fetch {
            return Ok(Found::Remote(url));
        }
        // As the document has it: a parsed URL is not the same letter for letter.
        let is_whole = Url::parse(verbatim).is_ok_and(|parsed| parsed == url);
        Ok(Found::ByUrl(if is_whole {
            verbatim.to_owned()
        } else {
            url.into()
        }))
    }

    fn description_key(&self, content: &str) -> DescriptionKey {
        self.image_key(content, &self.answer_language(), describe::PROMPT_VERSION)
    }

    /// Under what an answer about an image is kept; `content` also has what else was told.
    pub(super) fn image_key(
        &self,
        content: &str,
        language: &str,
        prompt_version: u32,
    ) -> DescriptionKey {
        let model = self.settings.vision_model();
        // Another endpoint's model of the same name is another model.
        let content = format!("{}\0{content}", self.settings.base_url);
        DescriptionKey::new(content.as_bytes(), language, prompt_version, model)
    }

    /// The answer kept under a key. A store that cannot be read keeps none.
    pub(super) async fn kept(&self, key: &DescriptionKey) -> Option<String> {
        Some(self.store.description(key.clone()).await.ok()??.markdown)
    }
}

/// Where an image was found.
enum Found {
    /// The API fetches it, by this URL.
    ByUrl(String),
    /// It has to be downloaded from here.
    Remote(Url),
    /// It is read here.
    Here(Target),
}

/// All that is known of an image that was not downloaded.
pub(super) const REMOTE: &str = "linked by URL";

fn local(loaded: Loaded, detail: Detail) -> ReadyImage {
    let prepared = &loaded.prepared;
    ReadyImage {
        facts: in_a_line(Facts {
            format: loaded.format,
            width: loaded.width,
            height: loaded.height,
            weight: loaded.weight,
        }),
        image: Image {
            url: prepared.data_url(),
            detail,
            pixels: Some((prepared.width, prepared.height)),
        },
        content: loaded.sha256,
    }
}

fn in_a_line(facts: Facts) -> String {
    let Facts {
        format,
        width,
        height,
        weight: bytes,
    } = facts;
    format!(
        "{}, {width} x {height} pixels, {}",
        format.name(),
        weight(bytes)
    )
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a weight in words needs three digits"
)]
fn weight(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

fn in_words(error: impl std::fmt::Display) -> JobError {
    JobError::Image(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::{Environment, Settings};
    use crate::store::Store;

    #[test]
    fn what_the_workspace_of_an_image_excludes_is_not_sent_from_another_either() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let write = |file: &str, text: &str| {
            let file = root.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        for image in [
            "a/own.png",
            "a/in/conf/c.png",
            "a/in/d.png",
            "b/conf/c.png",
            "b/d.png",
            "b/private/p.png",
            "b/id_rsa.png",
            "broken/d.png",
        ] {
            write(image, "");
        }
        write("a/in/.gloss.toml", "exclude = ['conf']");
        write("b/.gloss.toml", "exclude = ['conf/**']");
        write("b/.glossignore", "private/");
        write("broken/.gloss.toml", "exclude = [");
        let folders = ["a", "a/in", "b", "broken"].map(|folder| root.join(folder));
        let check_from = |document: &str, exclude: &[&str], target: &str, is_sent: bool| {
            let document = root.join(document);
            let settings = Settings {
                exclude: exclude.iter().map(|glob| (*glob).to_owned()).collect(),
                ..Settings::default()
            };
            let engine = Engine::new(settings, &Environment::new(), Store::new(None));
            let job = ImageJob {
                source: ImageSource::Linked {
                    target: target.into(),
                    document: Some(document.clone()),
                    folders: folders.to_vec(),
                    hints: Hints::default(),
                },
                place: Place::of(&document, &folders),
                again: false,
            };
            let found = engine.target(&job);
            assert_eq!(
                found.is_ok(),
                is_sent,
                "{target} but {exclude:?}: {:?}",
                found.err()
            );
        };
        let check = |exclude: &[&str], target: &str, is_sent: bool| {
            check_from("a/d.md", exclude, target, is_sent);
        };
        check(&[], "own.png", true);
        check(&[], "../b/d.png", true);
        check(&[], "../b/conf/c.png", false);
        check(&[], "../b/private/p.png", false);
        check(&[], "in/conf/c.png", false);
        check(&[], "../broken/d.png", false);
        // What the person lets out, no other workspace keeps but by its own file.
        check(&[], "../b/id_rsa.png", true);
        check(&["id_rsa*"], "../b/id_rsa.png", false);
        check(&["in"], "in/conf/c.png", false);
        // Each folder that holds it is asked.
        check_from("a/in/e.md", &[], "d.png", true);
        check_from("a/in/e.md", &["in/d.png"], "d.png", false);
        check_from("a/in/e.md", &["a/in/d.png"], "d.png", true);
    }
}
