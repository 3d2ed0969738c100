//! `cargo xtask static`: the command as one file that needs nothing else, and the proof of it: no
//! loader, no shared library, and a check in a root that holds the file and a packet only.

mod elf;
mod proof;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo;

/// The target whose standard library is static by itself.
const MUSL: &str = "x86_64-unknown-linux-musl";
/// The target whose C library can be linked statically, with a caveat.
const GNU: &str = "x86_64-unknown-linux-gnu";

/// What glibc cannot do in a static program.
const CAVEAT: &str = "warning: the musl target is not installed (`rustup target add \
x86_64-unknown-linux-musl`), so this is linked against a static glibc. Its getaddrinfo, which the HTTP \
client resolves names with, loads NSS libraries of the very glibc that it was linked with at run time: \
where they are not there, names do not resolve and only addresses work. Do not publish this file.";

/// Builds, proves and puts the file in `target/static/inferguard`.
pub(crate) fn run(root: &Path) -> Result<()> {
    let target = if installed(MUSL)? { MUSL } else { GNU };
    // Line tables are four fifths of the file; the names of functions stay for reports of bugs.
    let link = ["--target", target, "--", "-C", "strip=debuginfo"];
    let mut build = cargo::command();
    build
        .args(["rustc", "--release", "--locked"])
        .args(["--package", "inferguard-cli", "--bin", "inferguard"])
        .args(link)
        .current_dir(root);
    if target == MUSL {
        c_compiler(&mut build);
    } else {
        eprintln!("{CAVEAT}");
        build.env("RUSTFLAGS", "-C target-feature=+crt-static");
    }
    cargo::run(&mut build)?;

    let output = cargo::target(root).join(target).join("release/inferguard");
    let bytes = std::fs::read(&output).with_context(|| format!("{}", output.display()))?;
    let wants = elf::wants(&bytes)?;
    ensure!(!wants.loader, "{}: it asks for a loader: it is not static", output.display());
    ensure!(!wants.libraries, "{}: it asks for shared libraries", output.display());

    let place = cargo::target(root).join("static");
    std::fs::create_dir_all(&place).with_context(|| format!("{}", place.display()))?;
    let file = put(&output, &place)?;
    println!("{}", file.display());
    println!("{target}, {} bytes, no loader, no shared library", bytes.len());
    proof::run(&root.join("fixtures/packets"), &file)
}

/// Whether the standard library of a target is there.
fn installed(target: &str) -> Result<bool> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let root = cargo::output(Command::new(rustc).args(["--print", "sysroot"]))?;
    let root = String::from_utf8(root).context("rustc --print sysroot")?;
    Ok(Path::new(root.trim()).join("lib/rustlib").join(target).join("lib").is_dir())
}

/// `ring` has parts in C, which call nothing of a C library. Without musl's own wrapper the ordinary
/// compiler makes them, with the checks of glibc that it adds by itself switched off.
fn c_compiler(build: &mut Command) {
    let named = std::env::var_os("CC_x86_64_unknown_linux_musl").is_some();
    let wrapper = ["musl-gcc", "x86_64-linux-musl-gcc"]
        .iter()
        .any(|name| Command::new(name).arg("--version").output().is_ok());
    if !named && !wrapper {
        build.env("CC_x86_64_unknown_linux_musl", "cc");
        build.env("CFLAGS_x86_64_unknown_linux_musl", "-U_FORTIFY_SOURCE -fno-stack-protector");
    }
}

/// Copies the file to its place, whole or not at all.
fn put(output: &Path, place: &Path) -> Result<PathBuf> {
    let (file, temporary) = (place.join("inferguard"), place.join("inferguard.tmp"));
    std::fs::copy(output, &temporary).with_context(|| format!("{}", temporary.display()))?;
    std::fs::rename(&temporary, &file).with_context(|| format!("{}", file.display()))?;
    Ok(file)
}
