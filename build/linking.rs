//! What the linker is told of the program, so that a start touches little memory.

use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

/// The first glibc that reads packed relocations.
const PACKED_SINCE: (u32, u32) = (2, 36);

/// Set, it leaves the order out: what is in it has no names for who finds the next one.
const UNORDERED: &str = "GLOSS_UNORDERED";

/// Functions that lie together, one group before the other, with what has no name to go by: a list in
/// this folder, and the sections behind those that it names.
const GROUPS: [(&str, &str); 2] = [
    // What runs at a start; the first of it came with the compiler.
    ("start", "*crt1.o(.text)"),
    // What runs until a first job is answered; ciphers were written for the assembler.
    ("job", "*(.text)"),
];

/// Arguments for the linker: of a release that runs where it is built, by the compiler's own linker
/// for 64-bit GNU/Linux; of others none. Writes what they name into `out`.
///
/// # Errors
/// Where a file cannot be read or written.
pub fn arguments(folder: &Path, out: &Path) -> io::Result<Vec<String>> {
    println!("cargo::rerun-if-env-changed={UNORDERED}");
    if !is_for_this_machine() || has_other_linker() || env::var_os(UNORDERED).is_some() {
        return Ok(Vec::new());
    }
    // The system maps whole stretches of a program around each page that is touched. So what runs
    // at a start lies together, and what the first job takes, instead of a function here and one
    // there.
    let mut arguments = Vec::new();
    for (group, last) in GROUPS {
        let names = fs::read_to_string(folder.join(format!("{group}.names")))?;
        let path = out.join(format!("{group}.ld"));
        fs::write(&path, script(group, &names, last))?;
        arguments.push(format!("-Wl,-T,{}", path.display()));
    }
    if glibc().is_some_and(|version| version >= PACKED_SINCE) {
        // Without it a megabyte of relocations is read before `main`; packed they are 12 kB.
        arguments.push("-Wl,-z,pack-relative-relocs".to_owned());
    }
    Ok(arguments)
}

/// A script for the linker, which puts these functions together, before all that no list names.
fn script(group: &str, names: &str, last: &str) -> String {
    // What is cold lies elsewhere, and runs all the same when a table grows.
    let line = |name| format!("    *(.text.{name} .text.unlikely.{name})\n");
    let listed: String = names.lines().map(line).collect();
    format!(
        "SECTIONS {{\n  .text.{group} : {{\n{listed}    {last}\n  }}\n}}\nINSERT BEFORE .text;\n"
    )
}

fn is_for_this_machine() -> bool {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|it| it == value);
    is("PROFILE", "release")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && is("CARGO_CFG_TARGET_ARCH", "x86_64")
        && env::var("HOST") == env::var("TARGET")
}

/// Whether the person builds with a linker of their own, which may know no scripts.
fn has_other_linker() -> bool {
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    flags.contains("link") || env::var_os("RUSTC_LINKER").is_some()
}

/// The version of this machine's glibc.
fn glibc() -> Option<(u32, u32)> {
    let told = Command::new("getconf")
        .arg("GNU_LIBC_VERSION")
        .output()
        .ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    let (major, minor) = told.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
