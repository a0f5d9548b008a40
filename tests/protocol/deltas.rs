//! How an answer streams: each piece of the API's as its own delta, joined for an editor that is
//! slower than the API alone.

use serde_json::Value;
use tokio::sync::mpsc;

use super::api::{Answer, Api};
use super::editor::{Editor, Setup};

/// An editor with an explanation under way, and the pieces of its answer still to be told.
struct Explaining {
    api: Api,
    editor: Editor,
    id: String,
    told: mpsc::UnboundedSender<Vec<String>>,
}

impl Explaining {
    async fn begin() -> Self {
        let mut api = Api::start().await;
        let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
        let uri = editor.open("a.rs", "rust", "fn main() {}\n").await;
        let id = editor.job("gloss.explain", &uri, (0, 4), (0, 4)).await;
        let (told, pieces) = mpsc::unbounded_channel();
        api.next().await.answer(Answer::Told(pieces));
        Self {
            api,
            editor,
            id,
            told,
        }
    }

    fn tell<'a>(&self, pieces: impl IntoIterator<Item = &'a str>) {
        let pieces = pieces.into_iter().map(str::to_owned).collect();
        self.told.send(pieces).unwrap();
    }

    /// The next delta.
    async fn delta(&mut self) -> String {
        let streamed = |message: &Value| message["method"] == "gloss/stream";
        let message = self.editor.wait(streamed).await;
        assert_eq!(message["params"]["id"], self.id.as_str());
        message["params"]["delta"].as_str().unwrap().to_owned()
    }

    /// The deltas that were not waited for, and the whole text.
    async fn end(mut self) -> (Vec<String>, String) {
        drop(self.told);
        let finished = self.editor.finished(&self.id).await;
        let streamed = |message: &&Value| message["method"] == "gloss/stream";
        let deltas = self.editor.heard.iter().filter(streamed);
        let deltas = deltas.map(|message| message["params"]["delta"].as_str().unwrap().to_owned());
        let whole = finished["result"]["markdown"].as_str().unwrap();
        (deltas.collect(), whole.to_owned())
    }
}

#[tokio::test]
async fn each_piece_comes_before_the_next_is_there() {
    let mut explaining = Explaining::begin().await;
    let check = async |explaining: &mut Explaining, piece: &str, delta: &str| {
        explaining.tell([piece]);
        assert_eq!(explaining.delta().await, delta);
    };
    for piece in ["It", " adds", " two numbers,\n", "- and", " ends.\n\n"] {
        check(&mut explaining, piece, piece).await;
    }
    // Of what might be a span, a link or a tag only that waits.
    check(&mut explaining, "Calls `ad", "Calls ").await;
    check(&mut explaining, "d` for [this", "`add` for ").await;
    check(
        &mut explaining,
        "](https://x.ai) a <",
        "[this](https://x.ai) a ",
    )
    .await;
    check(&mut explaining, " b.\n```rust\n    ", "< b.\n```rust\n    ").await;
    check(&mut explaining, "let\n``", "let\n").await;
    check(&mut explaining, "`\nDone.", "```\nDone.").await;
    let (deltas, whole) = explaining.end().await;
    assert_eq!(deltas, Vec::<String>::new());
    assert_eq!(
        whole,
        "It adds two numbers,\n- and ends.\n\nCalls `add` for [this](https://x.ai) a < b.\n```rust\n    let\n```\nDone."
    );
}

#[tokio::test]
async fn pieces_that_come_at_once_are_not_joined() {
    let explaining = Explaining::begin().await;
    let pieces: Vec<_> = (0..40).map(|number| format!("{number} ")).collect();
    explaining.tell(pieces.iter().map(String::as_str));
    explaining.tell(["end."]);
    let (deltas, whole) = explaining.end().await;
    assert_eq!(deltas.len(), pieces.len() + 1, "{deltas:?}");
    assert_eq!(deltas[..40], pieces);
    assert_eq!(deltas.concat(), whole);
}

/// What the pipe takes, and what waits before pieces are joined, are 80 KiB.
#[tokio::test]
async fn for_an_editor_that_reads_slowly_they_are_joined() {
    const PIECES: usize = 4_000;
    let mut explaining = Explaining::begin().await;
    explaining.editor.reads.send_replace(false);
    for _ in 0..PIECES / 100 {
        explaining.tell(["word "; 100]);
    }
    explaining.told = mpsc::unbounded_channel().0;
    // The answer was read to its end, while nobody read what came of it.
    explaining.api.all_closed().await;
    explaining.editor.reads.send_replace(true);
    let (deltas, whole) = explaining.end().await;
    assert!(deltas.concat() == whole, "{} deltas", deltas.len());
    assert_eq!(whole.len(), PIECES * 5);
    assert!(deltas.len() < 2_000, "{} deltas", deltas.len());
}
