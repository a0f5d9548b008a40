//! Compiles the grammars' generated parsers, with smaller tables than their own crates would; and says
//! how the program is linked.

mod linking;
mod sources;
mod tables;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs, thread};

use sources::Grammar;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=Cargo.lock");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for argument in linking::arguments(&root.join("build"), &out)? {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    let manifest = root.join("Cargo.toml");
    let grammars = sources::grammars(&env::var("CARGO")?, &manifest)?;
    let jobs = env::var("NUM_JOBS")?.parse::<usize>()?.max(1);
    for batch in grammars.chunks(jobs) {
        thread::scope(|scope| {
            let compiled = batch
                .iter()
                .map(|grammar| scope.spawn(|| compile(grammar, &out)));
            let compiled: Vec<_> = compiled.collect();
            compiled
                .into_iter()
                .try_for_each(|thread| thread.join().map_err(|_| "a compiler's thread ended")?)
        })?;
    }
    Ok(())
}

/// Writes the rewritten parser into `out`, and makes a library of it and its scanner there.
fn compile(grammar: &Grammar, out: &Path) -> Result<(), String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", grammar.name);
    let source = fs::read_to_string(grammar.folder.join("parser.c")).map_err(|e| told(&e))?;
    let source = tables::without_empty_cells(&source).map_err(|e| told(&e))?;
    let folder = out.join(grammar.name);
    let parser = folder.join("parser.c");
    fs::create_dir_all(&folder).map_err(|e| told(&e))?;
    fs::write(&parser, source).map_err(|e| told(&e))?;

    let mut build = cc::Build::new();
    build.std("c11").include(&grammar.folder).file(&parser);
    let scanner = grammar.folder.join("scanner.c");
    if scanner.exists() {
        build.file(scanner);
    }
    // Nearly all of it are tables, and what is not was never written by hand.
    build.opt_level_str("s").warnings(false);
    if build.get_compiler().is_like_msvc() {
        build.flag("-utf-8");
    }
    let library = format!("tree-sitter-{}", grammar.name);
    build.try_compile(&library).map_err(|e| told(&e))
}
