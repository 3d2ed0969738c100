//! A packet while it grows: redacts, writes and keeps the books.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};

use lmcache_trace::seal;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::manifest::Entry;
use super::place::Place;
use super::redact::Cleaner;
use crate::packet::{ArtifactKind, hex};

/// Deepest nesting of a directory that is copied.
const DEPTH: usize = 16;
/// Most files of a directory that are copied.
const FILES: usize = 10_000;

pub(super) struct Draft {
    pub(super) place: Place,
    pub(super) cleaner: Cleaner,
    pub(super) entries: Vec<Entry>,
}

/// What an entry starts from.
pub(super) fn entry(name: &str, role: Option<&str>, source: String) -> Entry {
    Entry {
        name: name.to_owned(),
        file: None,
        role: role.map(str::to_owned),
        kind: "unknown".into(),
        source,
        status: "ok".into(),
        error: None,
        error_code: None,
        http_status: None,
        captured_at: None,
        bytes: None,
        sha256: None,
        redacted: super::Replaced::new(),
        attempts: vec![],
    }
}

impl Draft {
    /// Writes bytes that are held in memory, redacted.
    pub(super) fn write(&mut self, mut entry: Entry, file: &str, bytes: Vec<u8>) -> io::Result<()> {
        let (clean, replaced) = self.cleaner.clean(file, bytes);
        self.put(file, &clean)?;
        entry.bytes = Some(clean.len() as u64);
        entry.sha256 = Some(hex(&Sha256::digest(&clean)));
        entry.redacted = replaced;
        entry.file = Some(file.to_owned());
        self.entries.push(entry);
        Ok(())
    }

    /// Writes a report of ours. It was made from what is in the packet, so nothing is left to
    /// redact.
    pub(super) fn write_json<T: Serialize>(
        &mut self,
        name: &str,
        file: &str,
        value: &T,
    ) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(value)?;
        text.push(b'\n');
        self.put(file, &text)?;
        let mut made = entry(name, None, "inferguard".into());
        made.kind = "report".into();
        made.bytes = Some(text.len() as u64);
        made.sha256 = Some(hex(&Sha256::digest(&text)));
        made.file = Some(file.to_owned());
        self.entries.push(made);
        Ok(())
    }

    /// A file of rows that are written one by one; [`Self::keep_lines`] ends it.
    pub(super) fn lines(&self, file: &str) -> io::Result<BufWriter<File>> {
        Ok(BufWriter::with_capacity(256 << 10, File::create(self.place.staging().join(file))?))
    }

    /// Ends a file of rows. They were made from what is in the packet.
    pub(super) fn keep_lines(
        &mut self,
        name: &str,
        file: &str,
        out: BufWriter<File>,
    ) -> io::Result<()> {
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        let (bytes, sha256) = digest(&self.place.staging().join(file))?;
        let mut made = entry(name, None, "inferguard".into());
        made.kind = "report".into();
        made.bytes = Some(bytes);
        made.sha256 = Some(sha256);
        made.file = Some(file.to_owned());
        self.entries.push(made);
        Ok(())
    }

    /// Takes names out of what was written before they were learned.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        for made in &mut self.entries {
            made.source = self.cleaner.text(&made.source);
            let Some(file) = &made.file else { continue };
            let path = self.place.staging().join(file);
            let before = fs::read(&path)?;
            let (clean, replaced) = self.cleaner.clean(file, before.clone());
            if clean == before {
                continue;
            }
            fs::write(&path, &clean)?;
            made.bytes = Some(clean.len() as u64);
            made.sha256 = Some(hex(&Sha256::digest(&clean)));
            for (class, count) in replaced {
                *made.redacted.entry(class).or_default() += count;
            }
        }
        Ok(())
    }

    /// Writes an early manifest with the times of capture, where the reader finds them.
    pub(super) fn put_times(&self) -> io::Result<()> {
        let early = serde_json::json!({"files": self.entries.iter().filter_map(|e| {
            Some(serde_json::json!({"file": e.file.as_ref()?, "captured_at": e.captured_at}))
        }).collect::<Vec<_>>(), "sha256": null});
        self.put(super::PacketManifest::FILE, early.to_string().as_bytes())
    }

    /// Writes the manifest, in the place of the early one.
    pub(super) fn put_manifest(&self, manifest: &super::PacketManifest) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(manifest)?;
        text.push(b'\n');
        self.put(super::PacketManifest::FILE, &text)
    }

    /// Writes a file that is in no list: the manifest.
    pub(super) fn put(&self, file: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.place.staging().join(file);
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir)?;
        }
        let mut out = File::create(&path)?;
        out.write_all(bytes)?;
        out.sync_all()
    }

    /// Copies a file or directory that the user named. What cannot be read is an entry.
    pub(super) fn copy(&mut self, name: &str, path: &Path, file: &str) -> io::Result<()> {
        let shown = path.display().to_string();
        let refused = |status: &str, error: String| {
            let mut refused = entry(name, None, shown.clone());
            refused.status = status.into();
            refused.error = Some(error);
            refused
        };
        match fs::metadata(path) {
            Err(e) => self.entries.push(refused("unreadable", plain(&e))),
            Ok(meta) if meta.is_dir() => {
                let files = self.below(path);
                if files.is_empty() {
                    self.entries.push(refused("unreadable", "the directory holds no file".into()));
                }
                let mut taken = BTreeSet::new();
                for below in files {
                    let path_below = below.to_string_lossy().replace('\\', "/");
                    let below_shown = self.cleaner.path(&path_below);
                    let source = path.join(&below_shown).display().to_string();
                    let mut to = format!("{file}/{below_shown}");
                    // Two spellings of one tenant are one word.
                    while !taken.insert(to.clone()) {
                        to = numbered(&to, taken.len());
                    }
                    self.copy_file(name, &path.join(&below), source, &to)?;
                }
            }
            Ok(meta) if !meta.is_file() => {
                self.entries.push(refused("not_copied", "it is not a regular file".into()));
            }
            Ok(_) => self.copy_file(name, path, shown, file)?,
        }
        Ok(())
    }

    /// Learns what a file, or those of a directory that are copied, tell of names that have to go.
    pub(super) fn learn(&mut self, name: &str, path: &Path) {
        if !path.is_dir() {
            self.cleaner.learn_file(name, path);
            return;
        }
        for below in self.below(path) {
            let name = below.file_name().unwrap_or_default().to_string_lossy();
            self.cleaner.learn_file(&name, &path.join(&below));
        }
    }

    /// Files of a directory, in order.
    fn below(&self, root: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        self.walk(root, Path::new(""), 0, &mut files);
        files.sort();
        files
    }

    /// Files of a directory. Links are not followed: they could lead out of it, or to a device.
    /// What is being written itself is left out, where it lies inside.
    fn walk(&self, root: &Path, below: &Path, depth: usize, out: &mut Vec<PathBuf>) {
        let Ok(listed) = fs::read_dir(root.join(below)) else { return };
        for item in listed.flatten() {
            let path = below.join(item.file_name());
            let Ok(kind) = item.file_type() else { continue };
            let own = path.file_name().is_some_and(|n| OWN.iter().any(|o| n == *o))
                || self.place.holds(&root.join(&path));
            if own || out.len() >= FILES {
                continue;
            }
            if kind.is_dir() && depth < DEPTH {
                self.walk(root, &path, depth + 1, out);
            } else if kind.is_file() {
                out.push(path);
            }
        }
    }

    fn copy_file(&mut self, name: &str, from: &Path, source: String, file: &str) -> io::Result<()> {
        let mut made = entry(name, None, source);
        made.captured_at = modified(from);
        let head = match head(from) {
            Ok(head) => head,
            Err(e) => {
                made.status = "unreadable".into();
                made.error = Some(plain(&e));
                self.entries.push(made);
                return Ok(());
            }
        };
        let kind = crate::packet::sniff(file, &head);
        made.kind = kind.name().into();
        let to = self.place.staging().join(file);
        if let Some(dir) = to.parent() {
            fs::create_dir_all(dir)?;
        }
        let mut out = BufWriter::new(File::create(&to)?);
        let copied = if kind == ArtifactKind::Lct && !self.cleaner.is_off() {
            self.seal(from, &mut out, &mut made)
        } else {
            match self.cleaner.copy(file, from, &mut out) {
                Ok(Ok(replaced)) => {
                    made.redacted = replaced;
                    None
                }
                Ok(Err(classes)) => Some((
                    "not_copied",
                    format!("it is binary and holds {classes}, which cannot be taken out"),
                )),
                Err(e) => Some(("unreadable", plain(&e))),
            }
        };
        if let Some((status, error)) = copied {
            drop(out);
            fs::remove_file(&to)?;
            made.status = status.into();
            made.error = Some(error);
        } else {
            out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            let (bytes, sha256) = digest(&to)?;
            made.bytes = Some(bytes);
            made.sha256 = Some(sha256);
            made.file = Some(file.to_owned());
        }
        self.entries.push(made);
        Ok(())
    }

    /// Copies a trace without its chunk hashes.
    fn seal(
        &self,
        from: &Path,
        out: &mut BufWriter<File>,
        made: &mut Entry,
    ) -> Option<(&'static str, String)> {
        let source = match File::open(from) {
            Ok(source) => BufReader::with_capacity(1 << 20, source),
            Err(e) => return Some(("unreadable", plain(&e))),
        };
        let mut replaced = super::Replaced::new();
        let config = |text: &str| {
            let (clean, counts) = self.cleaner.clean("config.json", text.as_bytes().to_vec());
            replaced = counts;
            String::from_utf8_lossy(&clean).into_owned()
        };
        match seal(source, out, self.cleaner.salt(), config) {
            Ok(sealed) => {
                if sealed.hashes > 0 {
                    *replaced.entry("hash".into()).or_default() += sealed.hashes;
                }
                made.redacted = replaced;
                None
            }
            Err(e) => Some((
                "not_copied",
                format!(
                    "{e}: its evidence is in the packet, the trace is not (--no-redact copies it)"
                ),
            )),
        }
    }
}

/// Names of our own files, which are no source.
const OWN: &[&str] = &[super::PacketManifest::FILE, "lmcache_compat_report.json"];

/// The name with a number before its ending.
fn numbered(file: &str, n: usize) -> String {
    match file.rsplit_once('.').filter(|(_, ending)| !ending.contains('/')) {
        Some((stem, ending)) => format!("{stem}-{n}.{ending}"),
        None => format!("{file}-{n}"),
    }
}

fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => error.to_string(),
    }
}

fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(64 << 10).read_to_end(&mut head)?;
    Ok(head)
}

fn modified(path: &Path) -> Option<f64> {
    let time = fs::metadata(path).ok()?.modified().ok()?;
    time.duration_since(std::time::UNIX_EPOCH).ok().map(|d| d.as_secs_f64())
}

fn digest(path: &Path) -> io::Result<(u64, String)> {
    let mut hash = Sha256::new();
    let mut tee = lmcache_trace::TeeRead::new(File::open(path)?, |block: &[u8]| hash.update(block));
    let bytes = io::copy(&mut tee, &mut io::sink())?;
    drop(tee);
    Ok((bytes, hex(&hash.finalize())))
}
