//! A long day in minutes: many documents, jobs and edits at once. All of it in order, and nothing
//! grows.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::api::{Api, Held};
use super::documents::text_in_server;
use super::editor::{Editor, PATIENCE, Setup, range};

/// For how long where the environment does not say.
const SECONDS: u64 = 3;

const DOCUMENTS: usize = 50;
/// Of ten lines each, in every document.
const FUNCTIONS: usize = 1_000;
/// As many jobs are under way at any moment.
const JOBS: usize = 200;
const EDITS_A_SECOND: u64 = 200;
/// A hover and a menu are asked for after so many edits.
const EDITS_BETWEEN_QUESTIONS: usize = 20;

/// The most requests that the settings allow in flight.
const CONNECTIONS: u64 = 64;

/// What the server may have more than before, with all closed, in KiB. What lives takes 3 MiB; the
/// rest are pages of glibc's allocator that some small piece still stands in.
const MORE_MEMORY: u64 = 24 * 1024;
/// After a long day, until the threads that worked have ended and what they held back was given back.
const REST: Duration = Duration::from_secs(10);
/// How many threads it may have, however many jobs are under way: a fraction of the 341 that a thread
/// for each step made of these. The steps of jobs have few, the runtime begins as many as come at once
/// while the machine is busy.
const THREADS: u64 = 120;

fn document() -> String {
    let functions = (0..FUNCTIONS).map(|n| {
        format!(
            "/// Adds {n} and some.\nfn f{n}(a: u32) -> u32 {{\n    let b = a + {n};\n    \
             let c = b * 2;\n    if c > {n} {{\n        return b;\n    }}\n    c + a\n}}\n\n"
        )
    });
    functions.collect()
}

/// An explanation that holds the range again, with a word beside its first statement.
fn answer(held: &Held) -> String {
    let range = held.range().unwrap_or_default();
    format!("```rust\n{}```\n", range.replacen(';', "; // seen", 1))
}

/// Numbers without a pattern, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// A day's work, as far as it went.
struct Day {
    editor: Editor,
    documents: Vec<Open>,
    numbers: Numbers,
    edits: usize,
    /// The most threads that the server had at once.
    threads: u64,
    /// What was asked for and when, by the request's id.
    asked: HashMap<i64, (&'static str, Instant)>,
    took: HashMap<&'static str, Vec<Duration>>,
    running: HashSet<String>,
    begun: usize,
    /// How many jobs ended how.
    ended: HashMap<String, usize>,
}

/// A document and the line that is being typed there.
struct Open {
    uri: String,
    line: u32,
    step: usize,
}

impl Day {
    async fn begin(editor: Editor) -> Self {
        let mut day = Self {
            editor,
            documents: Vec::new(),
            numbers: Numbers(8),
            edits: 0,
            threads: 0,
            asked: HashMap::new(),
            took: HashMap::new(),
            running: HashSet::new(),
            begun: 0,
            ended: HashMap::new(),
        };
        for number in 0..DOCUMENTS {
            let name = format!("a{number}.rs");
            let uri = day.editor.open(&name, "rust", &document()).await;
            day.documents.push(Open {
                uri,
                line: 0,
                step: 0,
            });
        }
        day
    }

    /// Works for so long, then ends what is under way.
    async fn work(&mut self, time: Duration) {
        for _ in 0..JOBS {
            self.begin_job().await;
        }
        let end = Instant::now() + time;
        let mut edits = tokio::time::interval(Duration::from_secs(1) / EDITS_A_SECOND as u32);
        while Instant::now() < end {
            tokio::select! {
                _ = edits.tick() => self.edit().await,
                message = self.editor.next() => self.hear(message, true).await,
            }
        }
        for id in self.running.clone() {
            let token = json!({ "token": id });
            self.editor
                .notify("window/workDoneProgress/cancel", token)
                .await;
        }
        while !self.running.is_empty() || !self.asked.is_empty() {
            let message = self.editor.next().await;
            self.hear(message, false).await;
        }
    }

    /// A new line, two changes of it, and most of them are taken back.
    async fn edit(&mut self) {
        let at = self.edits % DOCUMENTS;
        let new_line = self.numbers.below(FUNCTIONS * 10) as u32;
        let open = &mut self.documents[at];
        if open.step == 0 {
            open.line = new_line;
        }
        let line = open.line;
        let (start, end, text) = match open.step {
            0 => ((line, 0), (line, 0), "// edited\n"),
            1 => ((line, 3), (line, 3), "é😀 "),
            2 => ((line, 4), (line, 6), "e"),
            _ => ((line, 0), (line + 1, 0), ""),
        };
        // In every fourth document they stay.
        let steps = if at.is_multiple_of(4) { 3 } else { 4 };
        open.step = (open.step + 1) % steps;
        let uri = open.uri.clone();
        self.editor.type_at(&uri, start, end, text).await;
        self.edits += 1;
        self.threads = self.threads.max(self.editor.threads());
        if self.edits.is_multiple_of(EDITS_BETWEEN_QUESTIONS) {
            self.ask(&uri, line).await;
        }
    }

    async fn ask(&mut self, uri: &str, line: u32) {
        let document = json!({ "uri": uri });
        let position = json!({ "line": line, "character": 4 });
        let hover = json!({ "textDocument": document, "position": position });
        let menu = json!({
            "textDocument": document,
            "range": range((line, 4), (line, 4)),
            "context": { "diagnostics": [] },
        });
        for (method, params) in [
            ("textDocument/hover", hover),
            ("textDocument/codeAction", menu),
        ] {
            let now = Instant::now();
            let id = self.editor.ask(method, params).await;
            self.asked.insert(id, (method, now));
        }
    }

    /// Three explanations and a refactoring, of some lines in some document.
    async fn begin_job(&mut self) {
        let at = self.numbers.below(DOCUMENTS);
        let line = self.numbers.below(FUNCTIONS * 10) as u32;
        let is_edit = self.begun % 4 == 3;
        let command = ["gloss.explain", "gloss.refactor"][usize::from(is_edit)];
        let argument = json!({
            "uri": self.documents[at].uri,
            "range": range((line, 0), (line + 5, 0)),
            "again": !is_edit,
            "workDoneToken": format!("job {}", self.begun),
        });
        let params = json!({ "command": command, "arguments": [argument] });
        self.editor.ask("workspace/executeCommand", params).await;
        self.running.insert(format!("job {}", self.begun));
        self.begun += 1;
    }

    async fn hear(&mut self, message: Value, goes_on: bool) {
        self.editor.reply(&message).await;
        if message["method"] == "gloss/finished" {
            let id = message["params"]["id"].as_str().unwrap();
            assert!(self.running.remove(id), "{id} ended twice");
            let how = match &message["params"] {
                it if it["error"] != Value::Null => it["error"]["message"].to_string(),
                it if it["result"]["applied"] == true => "applied".into(),
                it if it["result"]["applied"] == false => "not applied".into(),
                _ => "explained".into(),
            };
            *self.ended.entry(how).or_default() += 1;
            if goes_on {
                self.begin_job().await;
            }
        } else if message.get("method").is_none() {
            assert_eq!(message.get("error"), None, "{message}");
            let id = message["id"].as_i64().unwrap();
            if let Some((method, asked)) = self.asked.remove(&id) {
                self.took.entry(method).or_default().push(asked.elapsed());
            }
        }
    }

    /// Prints how long answers took.
    fn print_times(&mut self) {
        for (method, took) in &mut self.took {
            took.sort_unstable();
            let at = |share: usize| took[(took.len() * share / 100).min(took.len() - 1)];
            println!(
                "{method}: {} answers, half within {:.1?}, 99 % within {:.1?}",
                took.len(),
                at(50),
                at(99)
            );
        }
    }
}

/// What a leak would make grow.
#[derive(Clone, Copy, Debug, Default)]
struct Grown {
    kib: u64,
    threads: u64,
    descriptors: u64,
}

impl Grown {
    fn of(editor: &Editor) -> Self {
        Self {
            kib: editor.own_kib(),
            threads: editor.threads(),
            descriptors: editor.descriptors(),
        }
    }

    /// Whether it is back where it was.
    fn is_back_at(&self, before: &Self) -> bool {
        self.kib <= before.kib + MORE_MEMORY
            && self.threads <= before.threads
            && self.descriptors <= before.descriptors + CONNECTIONS
    }
}

#[tokio::test]
async fn many_documents_jobs_and_edits_at_once_stay_in_order_and_nothing_grows() {
    let seconds = std::env::var("GLOSS_SOAK_SECONDS").map_or(SECONDS, |it| it.parse().unwrap());
    let api = Api::start().await;
    let mut setup = Setup::streaming(&api.url);
    setup.options = json!({ "concurrency": CONNECTIONS });
    api.answer_all(answer);
    let mut editor = Editor::start(&setup).await;
    let uri = editor.open("first.rs", "rust", "fn f() {}\n").await;
    for command in ["gloss.explain", "gloss.refactor"] {
        let id = editor.job(command, &uri, (0, 4), (0, 4)).await;
        editor.finished(&id).await;
    }
    let before = Grown::of(&editor);

    let mut day = Day::begin(editor).await;
    let begun = Instant::now();
    day.work(Duration::from_secs(seconds)).await;
    let took = begun.elapsed();
    let busy = Grown::of(&day.editor);
    // So that a document fits into the prompt it is compared by.
    let settings = json!({ "settings": { "maxPromptTokens": 1_000_000, "context": "selection" } });
    day.editor
        .notify("workspace/didChangeConfiguration", settings)
        .await;
    // To look at each takes longer than a short day.
    let looked_at = if seconds > SECONDS { 1 } else { 7 };
    for open in day.documents.iter().step_by(looked_at) {
        let here = day.editor.text(&open.uri);
        let there = text_in_server(&mut day.editor, &open.uri).await;
        assert!(here == there, "{} differs", open.uri);
    }
    for open in &day.documents {
        let closed = json!({ "textDocument": { "uri": open.uri } });
        day.editor.notify("textDocument/didClose", closed).await;
    }
    let mut after = Grown::of(&day.editor);
    let given_up = Instant::now() + PATIENCE;
    while !after.is_back_at(&before) && Instant::now() < given_up {
        tokio::time::sleep(Duration::from_millis(20)).await;
        after = Grown::of(&day.editor);
    }
    if seconds > SECONDS {
        // What is told is what stays.
        tokio::time::sleep(REST).await;
        after = Grown::of(&day.editor);
    }
    println!(
        "{} edits in {took:.1?}, {} jobs: {:?}",
        day.edits, day.begun, day.ended
    );
    day.print_times();
    println!("before {before:?}, busy {busy:?}, closed {after:?}");
    println!("threads at most {}", day.threads);
    assert!(day.threads <= THREADS, "jobs take threads of their own");
    assert!(after.is_back_at(&before), "it keeps more than it had");
}
