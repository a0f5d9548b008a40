//! How much of what a function names stands in its prompt:
//! `cargo bench --bench context -- [--missed] FOLDER…`.
//!
//! Each folder is taken as a workspace, and functions spread evenly over its files are asked
//! about within 8,000 tokens. What a function names of the workspace's own is judged apart from
//! the search: every file is parsed whole, and a name counts where it stands in the function as
//! an identifier, is not declared there, and a function, type, macro or constant somewhere in the
//! workspace is called so. It is told where the head of such a declaration, up to its name,
//! stands in the prompt before the function itself.
//!
//! The same prefix is what a prompt begins with as the one about the function before it in the
//! file did: the mean of its share of each prompt, within 8,000 tokens and within the default.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a measurement that cannot go on says so by panicking"
)]

#[path = "support/jobs.rs"]
mod jobs;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gloss::engine::{CodeJob, Engine, Place, Task};
use gloss::prompt::{Part, Prompt, estimate_tokens};
use gloss::syntax::{Language, SymbolKind, Syntax};
use jobs::{engine, snapshot};
use regex::Regex;
use ropey::Rope;

/// Functions of each folder that are asked about.
const FUNCTIONS: usize = 25;
const TOKENS: u64 = 8_000;
/// The tokens of a prompt that nobody has set.
const DEFAULT_TOKENS: u64 = 12_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let shows_missed = arguments.iter().any(|argument| argument == "--missed");
    let folders = arguments
        .iter()
        .filter(|argument| !argument.starts_with("--"));
    let folders: Vec<PathBuf> = folders.map(PathBuf::from).collect();
    if folders.is_empty() {
        println!("context: name folders of source code after `--`, each a workspace");
    }
    let mut totals: BTreeMap<(&str, &str), Told> = BTreeMap::new();
    for folder in &folders {
        let workspace = Workspace::read(&folder.canonicalize().expect("the folder"));
        for (task, name) in [(Task::Explain, "explain"), (Task::Refactor, "refactor")] {
            let told = workspace.told(&task, shows_missed);
            println!("{:<40} {name:<9} {told}", workspace.root.display());
            let language = workspace.language.name();
            for key in [(name, language), (name, "in all")] {
                totals.entry(key).or_default().add(&told);
            }
        }
    }
    println!();
    for ((task, language), told) in totals {
        println!("{task:<9} {language:<12} {told}");
    }
}

/// How many names were told of how many, and what that took.
#[derive(Clone, Debug, Default)]
struct Told {
    hits: usize,
    named: usize,
    functions: usize,
    tokens: u64,
    /// Sums of the share of each prompt that the one before began with too: within
    /// [`TOKENS`] and [`DEFAULT_TOKENS`].
    same_prefix: [f64; 2],
    prompts_after_another: usize,
    time: Duration,
}

impl Told {
    fn add(&mut self, other: &Self) {
        self.hits += other.hits;
        self.named += other.named;
        self.functions += other.functions;
        self.tokens += other.tokens;
        for (sum, other) in self.same_prefix.iter_mut().zip(other.same_prefix) {
            *sum += other;
        }
        self.prompts_after_another += other.prompts_after_another;
        self.time += other.time;
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let functions = self.functions.max(1);
        write!(
            f,
            "{:>5.1} % ({} of {} names, {} functions; {} tokens, {:.0} ms each; same prefix {:.1} %, by default {:.1} %)",
            100.0 * self.hits as f64 / self.named.max(1) as f64,
            self.hits,
            self.named,
            self.functions,
            self.tokens / functions as u64,
            self.time.as_secs_f64() * 1e3 / functions as f64,
            100.0 * self.same_prefix[0] / self.prompts_after_another.max(1) as f64,
            100.0 * self.same_prefix[1] / self.prompts_after_another.max(1) as f64,
        )
    }
}

/// A folder with all that it declares.
struct Workspace {
    root: PathBuf,
    language: Language,
    files: Vec<SourceFile>,
    /// The heads of the declarations of each name, with white space collapsed.
    declared: BTreeMap<String, Vec<String>>,
}

struct SourceFile {
    path: PathBuf,
    language: Language,
    text: String,
    syntax: Arc<Syntax>,
}

impl Workspace {
    fn read(root: &Path) -> Self {
        let mut paths = Vec::new();
        collect(root, &mut paths);
        paths.sort();
        let read = paths.into_iter().filter_map(|path| {
            let language = Language::from_path(&path)?;
            let text = fs::read_to_string(&path).ok()?;
            let syntax = Syntax::parse(language, &Rope::from_str(&text))?;
            Some(SourceFile {
                path,
                language,
                text,
                syntax: Arc::new(syntax),
            })
        });
        let all: Vec<SourceFile> = read.collect();
        let has_symbols = |file: &&SourceFile| !file.syntax.symbols().is_empty();
        let count = |language| {
            let own = all.iter().filter(|file| file.language == language);
            own.filter(has_symbols).count()
        };
        let language = Language::ALL
            .into_iter()
            .max_by_key(|language| count(*language))
            .unwrap();
        let files: Vec<_> = all
            .into_iter()
            .filter(|file| file.language == language)
            .collect();
        let mut declared: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for file in &files {
            for (name, head) in declarations(file) {
                declared.entry(name).or_default().push(collapsed(&head));
            }
        }
        Self {
            root: root.to_path_buf(),
            language,
            files,
            declared,
        }
    }

    /// Functions of at least five lines, spread evenly over the files.
    fn functions(&self) -> Vec<(&SourceFile, Range<usize>)> {
        let all = self.files.iter().flat_map(|file| {
            let functions = file.syntax.symbols().iter().filter(|symbol| {
                let lines = file.text[symbol.range.clone()].lines().count();
                matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method)
                    && (5..200).contains(&lines)
            });
            functions.map(move |symbol| (file, symbol.range.clone()))
        });
        let all: Vec<_> = all.collect();
        let most = FUNCTIONS.min(all.len());
        (0..most)
            .map(|n| all[n * all.len() / most].clone())
            .collect()
    }

    fn told(&self, task: &Task, shows_missed: bool) -> Told {
        let (small, usual) = (engine(TOKENS), engine(DEFAULT_TOKENS));
        let mut sum = Told::default();
        for (file, range) in self.functions() {
            let place = Place::of(&file.path, std::slice::from_ref(&self.root));
            let job = CodeJob {
                syntax: Some(file.syntax.clone()),
                ..CodeJob::new(
                    task.clone(),
                    snapshot(&file.text, file.language),
                    range.clone(),
                    place,
                )
            };
            let began = Instant::now();
            let prompt = small.prepared(&job).expect("a prompt").prompt;
            sum.time += began.elapsed();
            assert!(prompt.tokens() <= TOKENS);
            let told = collapsed(&before_the_range(&prompt));
            sum.functions += 1;
            sum.tokens += prompt.tokens();
            for name in named(file, &range) {
                let Some(heads) = self.declared.get(&name) else {
                    continue;
                };
                sum.named += 1;
                if heads.iter().any(|head| told.contains(head.as_str())) {
                    sum.hits += 1;
                } else if shows_missed {
                    println!("  {}: {name}: {}", file.path.display(), heads[0]);
                }
            }
            if let Some(next) = another(file, &range) {
                let other = CodeJob {
                    selection: next,
                    ..job.clone()
                };
                for (engine, sum) in [&small, &usual].into_iter().zip(&mut sum.same_prefix) {
                    *sum += same_prefix(engine, &job, &other);
                }
                sum.prompts_after_another += 1;
            }
        }
        sum
    }
}

/// The share of the prompt about `next` that the one about `job` begins with too.
fn same_prefix(engine: &Engine, job: &CodeJob, next: &CodeJob) -> f64 {
    let text = |job| {
        let prepared = engine.prepared(job).expect("a prompt");
        prepared.prompt.to_plain_text()
    };
    let (one, other) = (text(job), text(next));
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b);
    same.count() as f64 / other.len() as f64
}

/// The next function of the same file.
fn another(file: &SourceFile, range: &Range<usize>) -> Option<Range<usize>> {
    let mut functions = file.syntax.symbols().iter().filter(|symbol| {
        matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method)
            && symbol.range.start >= range.end
    });
    functions.next().map(|symbol| symbol.range.clone())
}

fn before_the_range(prompt: &Prompt) -> String {
    let texts = prompt.parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        Part::Image(_) => None,
    });
    let mut texts: Vec<_> = texts.collect();
    texts.pop();
    assert!(estimate_tokens(&texts.join("\n")) < TOKENS);
    texts.join("\n")
}

/// Everything that a file declares for others: names, and the text from the item to its name.
fn declarations(file: &SourceFile) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut local_until = 0;
    for symbol in file.syntax.symbols() {
        let is_function = matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method);
        let is_named = !matches!(symbol.kind, SymbolKind::Impl | SymbolKind::Module);
        if symbol.range.start >= local_until && is_named {
            let head = symbol.range.start..symbol.name_range.end;
            found.push((symbol.name.clone(), file.text[head].to_owned()));
        }
        if is_function {
            local_until = local_until.max(symbol.range.end);
        }
    }
    let constants = match file.language {
        Language::Rust => r"(?m)^ *(?:pub(?:\([a-z]+\))? )?(?:const|static) ([A-Z_0-9]{2,})\b",
        Language::Python => r"(?m)^([A-Za-z_]\w+)(?:: [^=\n]+)? = ",
        Language::Java | Language::CSharp => {
            r"(?m)^ +[\w ]*\b(?:static final|const) \w+ ([A-Z]\w+) = "
        }
        Language::C | Language::Cpp => {
            r"(?m)^(?:static |const |constexpr )+\w+ \*?([A-Za-z_]\w+)(?:\[\w*\])* = "
        }
        Language::Php => r"(?m)^ *(?:\w+ )?const ([A-Z]\w+) = ",
        Language::Ruby => r"(?m)^ *([A-Z]\w+) = ",
        Language::Lua => r"(?m)^(?:local )?(?:\w+\.)?([A-Za-z_]\w+) = ",
        Language::Go => r"(?m)^(?:const |var |\t)([A-Z]\w+)(?: \w+)? = ",
        _ => r"(?m)^(?:export )?(?:const|let|var) ([A-Za-z_$][\w$]+) = ",
    };
    for constant in Regex::new(constants).unwrap().captures_iter(&file.text) {
        let (whole, name) = (constant.get(0).unwrap(), constant.get(1).unwrap());
        let head = &file.text[whole.start()..name.end()];
        found.push((name.as_str().to_owned(), head.trim().to_owned()));
    }
    found
}

/// The identifiers in a range that are not declared there.
fn named(file: &SourceFile, range: &Range<usize>) -> BTreeSet<String> {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&file.language.grammar()).unwrap();
    let tree = parser.parse(&file.text, None).unwrap();
    let mut names = BTreeSet::new();
    let mut open = vec![tree.root_node()];
    while let Some(node) = open.pop() {
        if node.end_byte() <= range.start || range.end <= node.start_byte() {
            continue;
        }
        let is_name = node.child_count() == 0
            && (node.kind().ends_with("identifier")
                || matches!(node.kind(), "constant" | "name")
                    && node
                        .parent()
                        .is_some_and(|parent| parent.kind() != "variable_name"))
            && !matches!(node.kind(), "package_identifier" | "statement_identifier");
        if is_name {
            names.insert(file.text[node.byte_range()].to_owned());
        }
        let mut cursor = node.walk();
        open.extend(node.children(&mut cursor));
    }
    let text = &file.text[range.clone()];
    let own = file
        .syntax
        .symbols()
        .iter()
        .filter(|symbol| range.contains(&symbol.name_range.start));
    let own: BTreeSet<_> = own.map(|symbol| symbol.name.clone()).collect();
    names.retain(|name| {
        name.chars().nth(1).is_some()
            && !own.contains(name)
            && !is_declared(name, text, file.language)
    });
    names
}

/// Whether a text declares a local or a parameter of this name, by the shape of its lines.
fn is_declared(name: &str, text: &str, language: Language) -> bool {
    let has_types = matches!(
        language,
        Language::C | Language::Cpp | Language::CSharp | Language::Java
    );
    let name = regex::escape(name);
    let shapes = [
        // `let name`, `for name in`, `as name`, `except E as name`, `Some(name) =`
        format!(r"\b(?:let|mut|ref|const|var|for|as|local)\s+(?:mut\s+)?{name}\b"),
        format!(
            r"\b(?:let|const|var|for)\s+[^=\n]*[(\[{{,]\s*(?:&|mut |ref |\w+: )*{name}\s*[)\]}},]"
        ),
        // `name = …`, `name, other = …`, `name := …`
        format!(r"(?m)(?:^|,|\()\s*{name}\s*(?:,\s*\w+\s*)*(?::=|=[^=>])"),
        format!(r"(?m)^\s*(?:\w+, )+{name}\s*(?::=|=[^=])"),
        // parameters: `name: T`, `|name|`, `name =>`, in the head `(name)` and `name T`
        format!(r"[(,|]\s*(?:mut |&|\*+|\.\.\.)*{name}\s*[?]?:[^:]"),
        format!(r"\|(?:[^|\n]*[,(&\s])?{name}(?:[,)][^|\n]*)?\|"),
        format!(r"\b{name}\s*=>|\([^()\n]*\b{name}\b[^()\n]*\)\s*=>"),
        format!(r"\A[^\n]*\([^)]*\b{name}\s*(?:[,)=]|\s[\w*\[\].]+\s*[,)])"),
        format!(r"\A(?:async )?(?:def|func|function)[^\n]*\([^)]*\*{name}\b"),
        format!(r"\A[^\n]*[<\[]\s*(?:\w+, )*{name}\s*[,:>\]]"),
    ];
    // `Type name = …`, `Type *name;`, `Type name,` in the head, but not `return name;`
    let typed =
        format!(r"\b([A-Za-z_]\w*)(?:<[^;()]*>)?(?:\[\])*[\s*&.]+{name}\s*(?:[=;,):]|\[\w*\])");
    let typed = Regex::new(&typed).unwrap();
    let is_statement = |word: &str| {
        matches!(
            word,
            "return" | "new" | "throw" | "else" | "case" | "goto" | "in" | "delete"
        )
    };
    let is_typed = typed
        .captures_iter(text)
        .any(|found| !is_statement(&found[1]));
    is_typed && has_types
        || shapes
            .iter()
            .any(|shape| Regex::new(shape).unwrap().is_match(text))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_hidden = path.file_name().unwrap().to_string_lossy().starts_with('.');
        if path.is_symlink() || is_hidden {
            continue;
        }
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
