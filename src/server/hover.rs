//! Hover: the explanation that stays with a line, and what an image link shows.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::descriptions::Told;
use super::glosses::Standing;
use super::state::Server;
use super::{configuration, convert, links, notes, outcome, protocol as lsp};
use crate::answer;
use crate::config::HoverImages;
use crate::engine::{self, Engine, ImageJob, work};
use crate::image::ImageLink;

/// How long a hover must last before anything is sent: a mouse that passes over spends nothing.
const MEANT: Duration = Duration::from_millis(600);

/// What to show at a position; `None` where Gloss has nothing to say.
pub async fn hover(
    server: &Server,
    uri: &str,
    position: lsp::Position,
) -> lsp::Result<Option<lsp::Hover>> {
    let asked = Instant::now();
    let (snapshot, offset, line, mut shown, engine, folders, encoding) = {
        let state = server.state();
        let Some(snapshot) = state.snapshot(uri) else {
            return Ok(None);
        };
        let at = lsp::Range {
            start: position,
            end: position,
        };
        let offset = convert::bytes(&snapshot.text, at, state.traits.encoding).start;
        let line = snapshot.text.try_byte_to_line(offset).unwrap_or(0);
        let shown = state.answers.on_line(&state.documents, uri, line);
        (
            snapshot,
            offset,
            line,
            shown,
            state.engine_for(uri),
            state.folders.clone(),
            state.traits.encoding,
        )
    };
    // As the document stands now; awaited where no image is in the way.
    let bytes = crate::text::line_range(&snapshot.text, line);
    let standing = notes::standing(server, &snapshot, bytes);
    if let Some(link) = links::link_at(server, &snapshot, offset, links::LONG).await {
        let range = convert::range(&snapshot.text, &link.range, encoding);
        let job = links::image_job(&snapshot, &link, folders).await;
        let engine = configuration::engine_at(server, uri, engine).await;
        let markdown = over_image(server, &engine, &link, job, asked).await;
        return Ok(markdown.map(|markdown| convert::hover(markdown, Some(range))));
    }
    let standing = standing.await;
    let here = standing.iter().filter(|standing| standing.line == line);
    shown.extend(here.map(in_full));
    Ok((!shown.is_empty()).then(|| convert::hover(shown.join("\n\n---\n\n"), None)))
}

/// All that a note says, and in its last line where that came from and whether it still holds.
fn in_full(standing: &Standing) -> String {
    let note = &standing.note;
    let stale = if standing.is_fresh {
        ""
    } else {
        "; stale, the code has changed since"
    };
    let provenance = engine::provenance(note, Timestamp::now());
    format!("{}\n\n---\n*Gloss: {provenance}{stale}*", note.markdown)
}

/// The hover of an image: at once when all is known, else as long as a hover may wait.
async fn over_image(
    server: &Server,
    engine: &Engine,
    link: &ImageLink,
    job: Option<ImageJob>,
    asked: Instant,
) -> Option<String> {
    let mode = engine.settings().hover_images;
    if mode == HoverImages::Off {
        return None;
    }
    let job = job?;
    let name = answer::escaped(&link.file_name());
    let known = match engine.known(job.clone()).await {
        Ok(known) => known,
        Err(error) => return Some(answer::defanged(&format!("**{name}**: {error}"))),
    };
    let head = format!("**{name}**: {}", known.facts);
    if let Some(markdown) = known.markdown {
        return Some(format!("{head}\n\n{markdown}"));
    }
    if mode == HoverImages::Cached {
        return Some(head);
    }
    tokio::time::sleep_until(asked + MEANT).await;
    let description = server.descriptions.ask(
        &question(engine, &known.content),
        Instant::now(),
        described(server.clone(), engine.clone(), job),
    );
    let patience = engine.settings().hover_wait.max(MEANT);
    Some(
        match tokio::time::timeout_at(asked + patience, description).await {
            Ok(Told { said: Ok(said), .. }) => format!("**{name}**: {said}"),
            Ok(Told { said: Err(why), .. }) => {
                answer::defanged(&format!("{head}\n\n*No description: {why}*"))
            }
            Err(_) => format!("{head}\n\n*A description is on its way; hover again in a moment.*"),
        },
    )
}

/// What tells the question about an image from others: by other settings it is asked anew.
fn question(engine: &Engine, content: &str) -> String {
    let settings = engine.settings();
    let language = engine.answer_language();
    let of_model = [&*settings.base_url, settings.vision_model(), &*language];
    format!("{content}\0{}", of_model.join("\0"))
}

/// Facts and description: those of an image behind a URL are known only now.
async fn described(server: Server, engine: Engine, job: ImageJob) -> Told {
    name_the_setting_once(&server).await;
    let described = engine.describe(job, &mut |_| {}).await;
    outcome::say_notices(&server, &engine).await;
    let stays = match &described {
        Ok(described) => described.is_cut_short,
        Err(error) => error.may_cost(),
    };
    let said = described
        .map(|described| format!("{}\n\n{}", described.facts, described.markdown))
        .map_err(|error| error.to_string());
    Told { said, stays }
}

/// A hover that spends money says so the first time on a machine, and how to stop it.
async fn name_the_setting_once(server: &Server) {
    let told = work::for_answer(|| {
        let folder = crate::store::data_folder();
        folder.is_some_and(|folder| {
            crate::store::private::mark_once(&folder.join("hover-images-told"))
        })
    });
    if told.await.unwrap_or(false) {
        let message = "Gloss describes images when you hover them, which asks the API once for each image. \
                       The setting `hover_images` (`cached`, `off`) stops that.";
        server.say(lsp::MessageType::INFO, message).await;
    }
}
