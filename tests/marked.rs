//! Defanged Markdown as marked renders it, which VS Code shows hover text with.

#![allow(clippy::unwrap_used)]

use std::env;
use std::io::Write;
use std::process::{Command, Stdio};

use gloss::answer::defanged;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

const ANSWERS: usize = 8_000;

/// What has got past one renderer or another, and what stands around it.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "a", " ", "\n", "\n\n", "- ", "> ", "1. ", "# ", "    ", "  ", "\t", "|", "\n|a|b|\n|-|-|\n", "***\n", "===\n",
    "`", "``", "```", "```\n", "````\n", "~", "~~", "~~~", "~~~\n", "\n```~\n", "~~~`\n", "\\", "*", "**", "_", "*a ",
    "[", "]", "(", ")", "!", "](", "![", "[x]: ", "<", "< ", ">", "&lt;", "@", "q`a@b.cd`", "www.e.example", "https://a.bc/", "https://a.bc", "&#64;", "d.ef",
    "![i](http://e/p)", "[x](command:e)", "[z](https://x.ai)", "(command:e)", "<img src=x>", "<b>", "b>", "<!-- ",
    "`![i](http://e)`", "`[x](command:e)`", "`<b>`", "``<b>``", "`*`", "`>* ", " `", "` ", "`[", "[<](x)", "<[x](x)", "[x]",
    "[a !\\[i\\](http://e)", "](https://x.ai)", "[z_", "\\[", "\\]",
];

#[test]
#[ignore = "needs Node and marked, which tests/vscode/marked brings"]
fn marked_finds_no_html_no_image_and_no_link_but_to_the_web() {
    let answer = prop::collection::vec(prop::sample::select(PIECES), 3..25);
    let mut runner = TestRunner::default();
    let mut answers = String::new();
    for _ in 0..ANSWERS {
        let pieces = answer.new_tree(&mut runner).unwrap().current();
        answers += &serde_json::to_string(&defanged(&pieces.concat())).unwrap();
        answers.push('\n');
    }
    for marked in env::var("MARKED").unwrap().split(' ') {
        let mut judge = Command::new("node")
            .args(["tests/vscode/marked.mjs", marked])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = judge.stdin.take().unwrap();
        stdin.write_all(answers.as_bytes()).unwrap();
        drop(stdin);
        assert!(judge.wait().unwrap().success(), "{marked}");
    }
}
