//! Holds the images found in Markdown against the CommonMark specification: for each of its
//! examples, they are those of the reference rendering.
//!
//! The examples are those that pulldown-cmark publishes with its tests, so that they are pinned
//! by `Cargo.lock` and there wherever Gloss can be built.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

use gloss::image::{Markup, links};
use html5gum::{Token, Tokenizer};
use percent_encoding::percent_decode_str;

/// As many as the specification, version 0.31.2, has.
const EXAMPLES: usize = 652;

#[test]
fn the_images_of_every_example_are_those_of_the_reference_rendering() {
    let source = std::fs::read_to_string(specification()).expect("the examples can be read");
    let examples: Vec<_> = source.split("fn spec_test_").skip(1).collect();
    assert_eq!(examples.len(), EXAMPLES);
    let mut images = 0;
    for example in examples {
        let (number, rest) = example.split_once('(').expect("a function has brackets");
        let text = between(rest, "let original = r##\"", "\"##;");
        let rendered = between(rest, "let expected = r##\"", "\"##;");
        let found: Vec<_> = links(Markup::Markdown, text)
            .into_iter()
            .map(|link| {
                percent_decode_str(&link.target)
                    .decode_utf8_lossy()
                    .into_owned()
            })
            .collect();
        let expected = sources(rendered);
        images += expected.len();
        assert_eq!(found, expected, "example {number}: {text}");
    }
    assert!(images > 20, "only {images} images were compared");
}

/// Where the package of pulldown-cmark that Gloss is built with keeps the examples.
fn specification() -> PathBuf {
    let arguments = ["metadata", "--format-version", "1", "--locked"];
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be run");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let mut named = packages.filter(|package| package["name"] == "pulldown-cmark");
    let manifest = named.next().unwrap()["manifest_path"].as_str().unwrap();
    assert!(named.next().is_none(), "two versions of pulldown-cmark");
    Path::new(manifest).with_file_name("tests/suite/spec.rs")
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(begin).expect("an example begins");
    rest.split_once(end).expect("an example ends").0
}

/// The addresses of the images in HTML; the renderings encode what an address may not hold.
fn sources(html: &str) -> Vec<String> {
    let source = |token| match token {
        Ok(Token::StartTag(tag)) if &**tag.name == b"img" => {
            let source = tag.attributes.get(b"src".as_slice())?;
            let source = String::from_utf8_lossy(&source.value).into_owned();
            Some(percent_decode_str(&source).decode_utf8_lossy().into_owned())
        }
        _ => None,
    };
    Tokenizer::new(html).filter_map(source).collect()
}
