//! What the linker is told of the program, so that a start touches little memory.

use std::env;
use std::path::Path;
use std::process::Command;

/// The first glibc that reads packed relocations.
const PACKED_SINCE: (u32, u32) = (2, 36);

/// Set, it leaves the order out: what is in it has no names for who finds the next one.
const UNORDERED: &str = "GLOSS_UNORDERED";

/// Arguments for the linker: of a release that runs where it is built, by the compiler's own linker
/// for 64-bit GNU/Linux; of others none.
pub fn arguments(folder: &Path) -> Vec<String> {
    println!("cargo::rerun-if-env-changed={UNORDERED}");
    if !is_for_this_machine() || has_other_linker() || env::var_os(UNORDERED).is_some() {
        return Vec::new();
    }
    // The system maps whole stretches of a program around each page that is touched. So what runs
    // at a start lies together, and what the first job takes, instead of a function here and one
    // there.
    let script = |name: &str| format!("-Wl,-T,{}", folder.join(name).display());
    let mut arguments = vec![script("start.ld"), script("job.ld")];
    if glibc().is_some_and(|version| version >= PACKED_SINCE) {
        // Without it a megabyte of relocations is read before `main`; packed they are 12 kB.
        arguments.push("-Wl,-z,pack-relative-relocs".to_owned());
    }
    arguments
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
