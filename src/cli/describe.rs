//! `gloss describe`: images in words; for documents, alternative text where it is missing.

mod alt_text;
mod check;
mod documents;

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use url::Url;

use super::arguments::DescribeArgs;
use super::{face, output};
use crate::action::describe::MAX_OUTPUT_TOKENS;
use crate::engine::{Description, Engine, Estimate, ImageJob, ImageSource, JobError, Place, usd};
use crate::image::Hints;
use crate::text::visible;

/// An image under the name that the person knows it by.
struct Named {
    name: String,
    job: ImageJob,
}

pub fn run(arguments: DescribeArgs) -> anyhow::Result<u8> {
    let engine = face::engine(&arguments.ask, "vision_model");
    if arguments.check {
        return check::run(&engine, &arguments);
    }
    face::run(&engine, describe_all(&engine, &arguments))
}

/// Images first, then documents. What is wrong with one is said, and the next one follows, unless
/// that is wrong with all.
async fn describe_all(engine: &Engine, arguments: &DescribeArgs) -> anyhow::Result<u8> {
    let mut code = 0;
    let (mut images, mut lacking) = (Vec::new(), Vec::new());
    for target in &arguments.targets {
        let found = match Target::of(target) {
            Ok(Target::Link(link)) => by_link(link, arguments.again).map(|it| images.push(it)),
            Ok(Target::Path(path)) if documents::is_one(&path) => {
                let found = alt_text::lacking(engine, arguments, &path);
                found.map(|(found, is_whole)| {
                    lacking.extend(found);
                    code |= u8::from(!is_whole);
                })
            }
            Ok(Target::Path(path)) => by_path(&path, arguments.again).map(|it| images.push(it)),
            Err(error) => Err(error),
        };
        if let Err(error) = found {
            face::say_error(&error);
            code = 1;
        }
    }
    // One may be named twice, by itself and by its folder.
    let mut seen = HashSet::new();
    lacking.retain(|it: &alt_text::Lacking| seen.insert(it.path()));
    if !images.is_empty() {
        let ended = describe_images(engine, arguments, images).await?;
        code |= ended.code;
        if ended.is_cut_off && !lacking.is_empty() {
            say_left(lacking.len(), "document");
            return Ok(code);
        }
    }
    code |= if arguments.ask.dry_run {
        alt_text::show_prompts(lacking, arguments).await?
    } else {
        alt_text::write(lacking, arguments).await?
    };
    Ok(code)
}

/// How describing images ended.
struct Ended {
    code: u8,
    /// Whether nothing at all can be asked.
    is_cut_off: bool,
}

fn say_left(count: usize, what: &str) {
    let were = if count == 1 { "was" } else { "were" };
    let more = counted(count, &format!("more {what}"));
    face::note(&format!("gloss: {more} {were} not asked about for that"));
}

async fn describe_images(
    engine: &Engine,
    arguments: &DescribeArgs,
    all: Vec<Named>,
) -> anyhow::Result<Ended> {
    let mut code = 0;
    let may_ask = !arguments.ask.dry_run && !arguments.yes;
    if may_ask && !agreed(engine, all.iter()).await? {
        face::note("Nothing was sent.");
        return Ok(Ended {
            code,
            is_cut_off: false,
        });
    }
    let count = all.len();
    let many = count > 1 || arguments.targets.len() > 1;
    // Nothing can be asked, and how many were left for that.
    let (mut is_cut_off, mut left) = (false, 0);
    for (index, Named { name, job }) in all.into_iter().enumerate() {
        if count > 1 && !arguments.ask.dry_run {
            face::say_place(index + 1, count, &name);
        }
        let engine = &face::engine_in(engine, &arguments.ask, "vision_model", &job.place.workspace);
        let is_known = async || {
            let known = engine.known(job.clone()).await;
            known.is_ok_and(|known| known.markdown.is_some() && !job.again)
        };
        if is_cut_off && !is_known().await {
            left += 1;
            continue;
        }
        let described = if arguments.ask.dry_run {
            prompt(engine, job).await
        } else {
            describe(engine, job).await
        };
        match described.context(name.clone()) {
            Ok(Outcome::Prompt(prompt)) => {
                engine.load_prices().await;
                let model = engine.settings().vision_model();
                let count = face::count(engine, &arguments.ask, model, &prompt).await;
                face::show_prompt(engine, model, &prompt, MAX_OUTPUT_TOKENS, &count)?;
            }
            Ok(Outcome::Description(description)) => {
                print(&name, &description, many)?;
                if description.is_cut_short {
                    face::note("gloss: the description is cut short, as its last line says");
                    code = 1;
                }
            }
            Err(error) => {
                face::say_error(&error);
                is_cut_off |= stops(&error);
                code = 1;
            }
        }
    }
    if left > 0 {
        say_left(left, "image");
    }
    Ok(Ended { code, is_cut_off })
}

/// Whether after this error nothing else need be tried: a wrong key is wrong for all.
fn stops(error: &anyhow::Error) -> bool {
    let of_job = error.downcast_ref::<JobError>();
    of_job.is_some_and(|error| !error.is_of_one())
}

/// Whether these images may be described: the person is asked where that comes to much.
async fn agreed(engine: &Engine, images: impl Iterator<Item = &Named>) -> anyhow::Result<bool> {
    engine.load_prices().await;
    let one = engine.estimate_description();
    let mut all: Option<Estimate> = None;
    for Named { job, .. } in images {
        let known = engine.known(job.clone()).await;
        if known.is_ok_and(|known| job.again || known.markdown.is_none()) {
            all = Some(all.map_or(one, |all| all.and(one)));
        }
    }
    let Some(all) = all.filter(|all| engine.asks_first(all)) else {
        return Ok(true);
    };
    let price = all.ticks.map_or_else(
        || "at no known price".into(),
        |ticks| format!("for about {}", usd(ticks)),
    );
    let what = format!("describe {} images, {price}", all.requests);
    // Elsewhere, so that an interrupt is heard meanwhile.
    tokio::task::spawn_blocking(move || face::agreed(&what)).await?
}

enum Outcome {
    Prompt(crate::prompt::Prompt),
    Description(Description),
}

async fn prompt(engine: &Engine, job: ImageJob) -> anyhow::Result<Outcome> {
    Ok(Outcome::Prompt(engine.prepare_description(job).await?))
}

async fn describe(engine: &Engine, job: ImageJob) -> anyhow::Result<Outcome> {
    let hear = &mut |heard| face::say_progress(&heard);
    Ok(Outcome::Description(engine.describe(job, hear).await?))
}

/// `1 image`, `2 images`.
fn counted(count: usize, what: &str) -> String {
    let many = if count == 1 { "" } else { "s" };
    format!("{count} {what}{many}")
}

fn print(name: &str, description: &Description, with_heading: bool) -> std::io::Result<()> {
    let name = visible(name);
    let mut out = output::plain();
    if with_heading {
        writeln!(out, "## {name}\n")?;
    }
    writeln!(out, "{}\n", description.markdown)?;
    out.flush()?;
    face::note(&format!(
        "{name}: {}; {}",
        description.facts,
        description.spent.in_words()
    ));
    Ok(())
}

/// What a target names.
enum Target {
    /// An image by its URL.
    Link(String),
    Path(PathBuf),
}

impl Target {
    fn of(target: &OsStr) -> anyhow::Result<Self> {
        match scheme(target).as_deref() {
            Some("http" | "https" | "data") => {
                Ok(Self::Link(target.to_string_lossy().into_owned()))
            }
            Some("file") => {
                let url = Url::parse(&target.to_string_lossy()).ok();
                let path = url.and_then(|url| url.to_file_path().ok());
                path.map(Self::Path)
                    .with_context(|| format!("{} is no file of this machine", target.display()))
            }
            _ => Ok(Self::Path(target.into())),
        }
    }
}

/// What stands before the first colon, in lower case.
fn scheme(target: &OsStr) -> Option<String> {
    let (scheme, _) = target.to_str()?.split_once(':')?;
    Some(scheme.to_ascii_lowercase())
}

fn by_link(target: String, again: bool) -> anyhow::Result<Named> {
    let name = short(&target);
    let place = Place {
        path: None,
        shown: name.clone(),
        ..Place::of(&std::env::current_dir()?.join("image"), &[])
    };
    let source = ImageSource::Linked {
        target,
        document: None,
        folders: Vec::new(),
        hints: Hints::default(),
    };
    Ok(Named {
        name,
        job: ImageJob {
            source,
            place,
            again,
        },
    })
}

fn by_path(path: &Path, again: bool) -> anyhow::Result<Named> {
    let name = path.display();
    let about = std::fs::metadata(path).with_context(|| format!("{name} cannot be read"))?;
    if !about.is_file() {
        anyhow::bail!("{name} is no file; name images, documents or folders");
    }
    let job = ImageJob {
        source: ImageSource::Named(path.to_path_buf()),
        place: Place::of(path, &[]),
        again,
    };
    Ok(Named {
        name: name.to_string(),
        job,
    })
}

/// A link without the data that it may hold.
fn short(link: &str) -> String {
    let scheme = link.get(.."data:".len()).unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("data:") {
        return link.to_owned();
    }
    let head = link.split(',').next().unwrap_or_default();
    format!("{},…", head.chars().take(40).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_named_without_its_data() {
        let check = |link: &str, expected: &str| assert_eq!(short(link), expected);
        check("a,b.png", "a,b.png");
        check("https://x.example/a,b", "https://x.example/a,b");
        check("data:image/png;base64,AAAA", "data:image/png;base64,…");
        check("DATA:,x", "DATA:,…");
        check("dat", "dat");
    }
}
