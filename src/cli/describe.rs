//! `gloss describe`: images in words, named themselves or linked by a document.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::arguments::DescribeArgs;
use super::{face, place};
use crate::engine::{Engine, ImageJob, ImageSource, Place};
use crate::image::{self, Markup};

/// An image under the name that the person knows it by.
struct Named {
    name: String,
    job: ImageJob,
}

pub fn run(arguments: DescribeArgs) -> anyhow::Result<u8> {
    let engine = face::engine(&arguments.ask);
    let mut failed = false;
    for target in &arguments.targets {
        let images = images(target, arguments.again)?;
        let many = images.len() > 1 || arguments.targets.len() > 1;
        for image in images {
            if arguments.ask.dry_run {
                show(&engine, image)?;
            } else if let Err(error) = describe(&engine, image, many) {
                face::note(&format!("gloss: {error:#}"));
                failed = true;
            }
        }
    }
    Ok(u8::from(failed))
}

fn describe(engine: &Engine, image: Named, many: bool) -> anyhow::Result<()> {
    let name = image.name;
    let description = face::run(engine, async {
        Ok(engine
            .describe(image.job, &mut |heard| face::say_progress(&heard))
            .await?)
    })
    .with_context(|| name.clone())?;
    if many {
        println!("## {name}\n");
    }
    println!("{}\n", description.markdown);
    face::note(&format!(
        "{name}: {}; {}",
        description.facts,
        description.spent.in_words()
    ));
    Ok(())
}

fn show(engine: &Engine, image: Named) -> anyhow::Result<()> {
    let prompt = face::run(engine, async {
        Ok(engine.prepare_description(image.job).await?)
    })
    .context(image.name)?;
    face::show_prompt(engine, engine.settings().vision_model(), &prompt)
}

/// The images that a target stands for.
fn images(target: &str, again: bool) -> anyhow::Result<Vec<Named>> {
    if target.starts_with("https://") || target.starts_with("http://") {
        let folder = std::env::current_dir()?;
        let place = Place {
            path: None,
            shown: target.to_owned(),
            ..Place::of(&folder.join("image"), &[])
        };
        let source = ImageSource::Linked {
            target: target.to_owned(),
            document: None,
            folders: Vec::new(),
        };
        return Ok(vec![Named {
            name: target.to_owned(),
            job: ImageJob {
                source,
                place,
                again,
            },
        }]);
    }
    let path = Path::new(target);
    let about = std::fs::metadata(path).with_context(|| format!("{target} cannot be read"))?;
    if !about.is_file() {
        bail!("{target} is no file; name images or documents");
    }
    if let Some(markup) = Markup::from_language(&place::language_id(path), Some(path)) {
        linked(path, markup, again)
    } else {
        let job = ImageJob {
            source: ImageSource::Named(path.to_path_buf()),
            place: Place::of(path, &[]),
            again,
        };
        Ok(vec![Named {
            name: target.to_owned(),
            job,
        }])
    }
}

fn linked(path: &Path, markup: Markup, again: bool) -> anyhow::Result<Vec<Named>> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("{name} is no text"))?;
    let place = Place::of(path, &[]);
    let links = image::links(markup, &text);
    if links.is_empty() {
        face::note(&format!("{name} links no images."));
    }
    let mut seen: Vec<String> = Vec::new();
    let mut images = Vec::new();
    for link in links {
        if seen.contains(&link.target) {
            continue;
        }
        seen.push(link.target.clone());
        let folders: Vec<PathBuf> = vec![place.workspace.clone()];
        let source = ImageSource::Linked {
            target: link.target.clone(),
            document: place.path.clone(),
            folders,
        };
        images.push(Named {
            name: link.target,
            job: ImageJob {
                source,
                place: place.clone(),
                again,
            },
        });
    }
    Ok(images)
}
