//! Describe: from an image to a description that is paid for once and kept.

use std::path::PathBuf;

use super::code::blocking;
use super::{Account, Asking, Ear, Engine, JobError, Place, Spent};
use crate::action::describe;
use crate::answer;
use crate::config::RemoteImages;
use crate::image::{self, Facts, Loaded, Target};
use crate::llm::Effort;
use crate::prompt::{Detail, Image};
use crate::store::DescriptionKey;

/// Where an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// As a link in a document names it; only within the workspace.
    Linked {
        target: String,
        document: Option<PathBuf>,
        folders: Vec<PathBuf>,
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
    pub spent: Spent,
}

/// What can be said of an image without asking anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What tells it from other images: the hash of its bytes, or its URL.
    pub content: String,
    pub facts: String,
    /// The description, if one is kept.
    pub markdown: Option<String>,
}

/// An image as it would be sent.
struct Ready {
    image: Image,
    /// What tells it from other images: the hash of its bytes, or its URL.
    content: String,
    facts: String,
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
        let model = self.settings.vision_model().to_owned();
        let ready = match self.ready(job.clone()).await {
            Ok(ready) => ready,
            Err(error) => {
                account.refused(self, &model, error.class());
                return Err(error);
            }
        };
        let key = self.description_key(&ready.content);
        if !job.again
            && let Some(markdown) = self.kept(&key).await
        {
            let spent = account.kept(self, &model);
            return Ok(description(ready.facts, markdown, spent));
        }
        if let Err(error) = self.endpoint() {
            account.refused(self, &model, error.class());
            return Err(error);
        }
        let prompt = describe::prompt(ready.image, &self.answer_language());
        let max_output_tokens = describe::MAX_OUTPUT_TOKENS;
        let answer = self
            .ask(
                Asking {
                    model,
                    prompt,
                    max_output_tokens,
                    effort: Effort::Low,
                    account,
                },
                ear,
            )
            .await?;
        let markdown = answer::defanged(&answer.text);
        // One that was cut short is shown, but not kept for ever.
        if answer.finish.as_deref() == Some("stop") {
            self.store.keep_description(key, markdown.clone());
        }
        Ok(description(ready.facts, markdown, answer.spent))
    }

    /// What can be said of an image at once: nothing is decoded, nobody is asked.
    ///
    /// # Errors
    /// When there is no such image, or it may not be read.
    pub async fn known(&self, job: ImageJob) -> Result<Known, JobError> {
        let engine = self.clone();
        let (facts, content) = blocking(move || match engine.target(&job)? {
            Found::Remote(url) => Ok((REMOTE.to_owned(), url)),
            Found::Here(target) => {
                let (facts, content) = image::identify(&target).map_err(in_words)?;
                Ok((in_a_line(facts), content))
            }
        })
        .await?;
        let markdown = self.kept(&self.description_key(&content)).await;
        Ok(Known {
            content,
            facts,
            markdown,
        })
    }

    /// What describing an image would send.
    ///
    /// # Errors
    /// When there is no such image, or it may not be read.
    pub async fn prepare_description(
        &self,
        job: ImageJob,
    ) -> Result<crate::prompt::Prompt, JobError> {
        let ready = self.ready(job).await?;
        Ok(describe::prompt(ready.image, &self.answer_language()))
    }

    /// Reads and converts the image, off the threads that answer.
    async fn ready(&self, job: ImageJob) -> Result<Ready, JobError> {
        let engine = self.clone();
        let desk = self.desk.clone().acquire_owned().await;
        let desk = desk.map_err(|_| JobError::Closing)?;
        blocking(move || {
            // Held by the work itself, which goes on when nobody waits for it any more.
            let _desk = desk;
            let detail = engine.settings.image_detail;
            match engine.target(&job)? {
                Found::Remote(url) => Ok(Ready {
                    content: url.clone(),
                    facts: REMOTE.to_owned(),
                    image: Image {
                        url,
                        detail,
                        pixels: None,
                    },
                }),
                Found::Here(target) => Ok(local(image::load(&target).map_err(in_words)?, detail)),
            }
        })
        .await
    }

    /// Where the image is, if it may be read or handed on. Reads the disk.
    fn target(&self, job: &ImageJob) -> Result<Found, JobError> {
        self.permit(&job.place)?;
        let (target, verbatim) = match &job.source {
            ImageSource::Named(path) => (image::named(path), None),
            ImageSource::Linked {
                target,
                document,
                folders,
            } => (
                image::resolve(target, document.as_deref(), folders),
                Some(target.trim()),
            ),
        };
        match target.map_err(in_words)? {
            Target::Remote(_) if self.settings.remote_images == RemoteImages::Off => {
                Err(JobError::Image(
                    "images linked by URL are not described (setting `remote_images`)".into(),
                ))
            }
            Target::Remote(url) if url.scheme() != "https" => Err(JobError::Image(
                "images linked by URL are described only over https".into(),
            )),
            // As the document has it: a parsed URL is not the same letter for letter.
            Target::Remote(url) => Ok(Found::Remote(match verbatim {
                Some(verbatim) if !verbatim.starts_with("//") => verbatim.to_owned(),
                _ => url.into(),
            })),
            target => {
                if let Target::File(path) = &target {
                    self.permit(&Place::of(path, std::slice::from_ref(&job.place.workspace)))?;
                }
                Ok(Found::Here(target))
            }
        }
    }

    fn description_key(&self, content: &str) -> DescriptionKey {
        let model = self.settings.vision_model();
        // Another endpoint's model of the same name is another model.
        let content = format!("{}\0{content}", self.settings.base_url);
        DescriptionKey::new(
            content.as_bytes(),
            &self.answer_language(),
            describe::PROMPT_VERSION,
            model,
        )
    }

    /// The description kept under a key. A store that cannot be read keeps none.
    async fn kept(&self, key: &DescriptionKey) -> Option<String> {
        Some(self.store.description(key.clone()).await.ok()??.markdown)
    }
}

/// An image that the API fetches itself, by its URL; or one that is read here.
enum Found {
    Remote(String),
    Here(Target),
}

/// All that is known of an image that was not fetched.
const REMOTE: &str = "linked by URL";

fn local(loaded: Loaded, detail: Detail) -> Ready {
    let prepared = &loaded.prepared;
    Ready {
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

fn description(facts: String, markdown: String, spent: Spent) -> Description {
    Description {
        summary: answer::first_sentence(&markdown),
        facts,
        markdown,
        spent,
    }
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
