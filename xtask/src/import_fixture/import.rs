//! A packet becomes a fixture: read everything, then write it under another name, then rename.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use evidence_redact::{Counts, Kind, Redactor, Salt};

use super::files::{Found, length, sha256, walk};
use super::manifest::{FILE, File, Fixture, LeftOut, SCHEMA, Source, TRUTH, Totals, redactions};
use super::provenance::PacketManifest;
use super::sanitise::{Fate, sanitise};
use super::select::Selection;

/// The packet's own manifest. Its content goes into [`FILE`]; the file itself is no evidence.
const PACKET_MANIFEST: &str = "manifest.json";

/// What to import.
pub(super) struct Request<'a> {
    pub(super) packet: &'a Path,
    pub(super) name: &'a str,
    pub(super) selection: Selection,
    /// Secret, fresh for each import, kept nowhere.
    pub(super) salt: &'a [u8],
}

/// A file of the packet, read.
struct Input {
    path: String,
    content: Vec<u8>,
    kind: Kind,
}

impl Input {
    fn source(&self) -> Source {
        Source { bytes: length(&self.content), sha256: sha256(&self.content) }
    }
}

/// Imports a packet into the directory `packets`.
///
/// # Errors
/// If the fixture exists, the packet is damaged or has no usable manifest, or files cannot be read
/// or written. Nothing is left behind then.
pub(super) fn run(packets: &Path, request: &Request<'_>) -> Result<Fixture> {
    check_name(request.name)?;
    let target = packets.join(request.name);
    if target.exists() {
        bail!(
            "{} exists: choose another name, or delete it first; a new import salts anew, so every \
             redacted word in it changes, and with them what quotes one (snapshots, the ledger, docs)",
            target.display()
        );
    }
    let manifest_path = request.packet.join(PACKET_MANIFEST);
    let text = fs::read(&manifest_path)
        .with_context(|| format!("{}: a fixture needs provenance", manifest_path.display()))?;
    let source = Source { bytes: length(&text), sha256: sha256(&text) };
    let manifest = PacketManifest::read(&text, source)
        .with_context(|| format!("{}", manifest_path.display()))?;
    let mut left_out = Vec::new();
    let inputs = read(request, &manifest, &mut left_out)?;
    let mut redactor = Redactor::new(Salt::new(request.salt))?;
    for input in &inputs {
        redactor.learn(input.kind, &input.content);
    }
    let temporary = packets.join(format!(".{}.tmp", request.name));
    if temporary.exists() {
        // What an interrupted import left.
        fs::remove_dir_all(&temporary)
            .with_context(|| format!("removing {}", temporary.display()))?;
    }
    let written = write(&temporary, &redactor, request, manifest, inputs, left_out);
    let finished = written.and_then(|fixture| {
        fs::rename(&temporary, &target).with_context(|| format!("{}", target.display()))?;
        Ok(fixture)
    });
    if finished.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_dir_all(&temporary);
    }
    finished
}

/// Names are directories and appear in tests: plain and lower-case.
fn check_name(name: &str) -> Result<()> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    let begins = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if !begins || !name.bytes().all(plain) {
        bail!("`{name}` is no name: use lower-case letters, digits, `-` and `.`");
    }
    Ok(())
}

/// Reads what is wanted, and holds it against the packet's manifest.
fn read(
    request: &Request<'_>,
    manifest: &PacketManifest,
    left_out: &mut Vec<LeftOut>,
) -> Result<Vec<Input>> {
    let found = walk(request.packet).with_context(|| format!("{}", request.packet.display()))?;
    let mut missing: BTreeMap<&str, &Source> =
        manifest.files.iter().map(|(path, source)| (path.as_str(), source)).collect();
    let mut inputs = Vec::new();
    for Found { path, symlink } in found {
        let expected = missing.remove(path.as_str());
        if path == PACKET_MANIFEST {
            continue;
        }
        if path == FILE {
            bail!("the packet holds a {FILE}: it is a fixture already");
        }
        let at = request.packet.join(&path);
        if symlink {
            let reason = "a symbolic link, not followed".to_owned();
            left_out.push(LeftOut { path, bytes: 0, reason });
            continue;
        }
        let bytes = fs::metadata(&at).with_context(|| format!("{}", at.display()))?.len();
        let unwanted = request.selection.refuses(&path, bytes).filter(|_| path != TRUTH);
        if let Some(reason) = unwanted {
            left_out.push(LeftOut { path, bytes, reason });
            continue;
        }
        let content = fs::read(&at).with_context(|| format!("{}", at.display()))?;
        let input = Input { kind: Kind::guess(&path, &content), path, content };
        if let Some(expected) = expected
            && *expected != input.source()
        {
            bail!("{}: differs from the digest in {PACKET_MANIFEST}", at.display());
        }
        inputs.push(input);
    }
    for (path, source) in missing {
        let reason = format!("named in {PACKET_MANIFEST}, not in the packet");
        left_out.push(LeftOut { path: path.to_owned(), bytes: source.bytes, reason });
    }
    left_out.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(inputs)
}

/// Writes the fixture into `directory`.
fn write(
    directory: &Path,
    redactor: &Redactor,
    request: &Request<'_>,
    manifest: PacketManifest,
    inputs: Vec<Input>,
    mut left_out: Vec<LeftOut>,
) -> Result<Fixture> {
    let mut files = Vec::new();
    let mut truth = None;
    let mut redacted = Counts::default();
    let mut taken = BTreeSet::new();
    for input in inputs {
        let path = redactor.path(&input.path);
        if !taken.insert(path.clone()) {
            bail!("{}: another file is called {path} already; leave one out", input.path);
        }
        match sanitise(redactor, input.kind, &input.path, &input.content)? {
            Fate::Refused(reason) => {
                left_out.push(LeftOut { path, bytes: length(&input.content), reason });
            }
            Fate::Taken { content, counts } => {
                put(&directory.join(&path), &content)?;
                let source = input.source();
                let file = File {
                    path,
                    kind: input.kind.name().to_owned(),
                    bytes: length(&content),
                    sha256: sha256(&content),
                    source,
                    redacted: redactions(&counts),
                };
                if file.path == TRUTH {
                    truth = Some(file);
                } else {
                    redacted.merge(&counts);
                    files.push(file);
                }
            }
        }
    }
    left_out.sort_by(|a, b| a.path.cmp(&b.path));
    let totals = Totals {
        files: files.len(),
        bytes: files.iter().map(|file| file.bytes).sum(),
        redacted: redactions(&redacted),
    };
    let fixture = Fixture {
        schema: SCHEMA.to_owned(),
        name: request.name.to_owned(),
        provenance: manifest.provenance,
        import: request.selection.wish.clone(),
        totals,
        files,
        left_out,
        truth,
    };
    // Commands and notes can hold what files can.
    let text = fixture.to_json()?;
    let clean = redactor.redact(Kind::Json, text.as_bytes());
    let fixture = serde_json::from_slice(clean.bytes()).context("the sanitised manifest")?;
    put(&directory.join(FILE), clean.bytes())?;
    Ok(fixture)
}

fn put(path: &PathBuf, content: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("{}", parent.display()))?;
    }
    fs::write(path, content).with_context(|| format!("{}", path.display()))
}
