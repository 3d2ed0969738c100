//! Opens files, directories and standard input.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::kind::ArtifactKind;
use super::read::{Content, read};
use super::{Artifact, InputIssue, Page, Readers, capture_times, plain_error};
use crate::lanes::Lanes;
use crate::sizing::Gathered;

/// Bounds on what is read.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Most bytes that one gzip file may inflate to.
    pub inflated_bytes: u64,
    /// Most series that one page may have.
    pub series: usize,
    /// Most bytes that an index file may have.
    pub index_bytes: u64,
    /// Most bytes that are held of a file that has to be read whole.
    pub held_bytes: u64,
    /// Most files that one directory tree may have.
    pub files: usize,
    /// Deepest nesting of directories.
    pub depth: usize,
    /// Memory for lookups; beyond it they are a sample.
    pub lookups_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            inflated_bytes: 8 << 30,
            series: 5_000_000,
            index_bytes: 32 << 20,
            held_bytes: 1 << 30,
            files: 100_000,
            depth: 32,
            lookups_bytes: 256 << 20,
        }
    }
}

/// One thing that the user named.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Input {
    /// A file or a directory whose files are recognised.
    Path(PathBuf),
    /// Standard input, recognised by its content.
    Stdin,
    /// A file that the user says is a metrics page of this role.
    Page {
        /// File, or `-` for standard input.
        path: PathBuf,
        /// `engine` or `lmcache`.
        role: &'static str,
    },
    /// A file that the user says is evidence of this kind.
    Evidence {
        /// File.
        path: PathBuf,
        /// Its kind.
        kind: ArtifactKind,
    },
    /// Bytes fetched from an endpoint.
    Fetched {
        /// URL without credentials, as it is shown.
        url: String,
        /// Name that it would have as a file of a packet, where that is not the URL: `None`
        /// recognises it by its content alone.
        file: Option<String>,
        /// Role that the user gave.
        role: Option<String>,
        /// The body, or why there is none.
        body: Result<Vec<u8>, String>,
        /// Seconds since 1970.
        at: Option<f64>,
    },
}

/// All artifacts of one run, and what was read of them.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Packet {
    /// Every file that was named or found, in order of path.
    pub artifacts: Vec<Artifact>,
    /// The pages among them.
    pub pages: Vec<Page>,
    /// What was read of the others.
    pub lanes: Lanes,
    /// Lookups of lookup-hash files and traces.
    pub(crate) lookups: Option<Gathered>,
    /// Readers that serve all artifacts.
    readers: Readers,
}

impl Packet {
    /// Whether anything at all could be used.
    pub fn is_usable(&self) -> bool {
        !self.pages.is_empty()
            || self.lanes.launch.is_some()
            || self.artifacts.iter().any(|a| {
                let refused = a.issues.iter().any(|i| i.code == "html")
                    || a.kind == ArtifactKind::Lct && !a.read;
                a.kind.lane().is_some() && a.sha256.is_some() && !refused
            })
    }
}

/// Opens everything that the user named. Never fails as a whole: what cannot be read is an
/// artifact with an issue.
pub fn open(inputs: &[Input], limits: &Limits) -> Packet {
    let mut packet = Packet::default();
    for input in inputs {
        match input {
            Input::Path(path) => open_path(&mut packet, path, limits),
            Input::Stdin => open_stdin(&mut packet, None, limits),
            Input::Page { path, role } if path.as_os_str() == "-" => {
                open_stdin(&mut packet, Some(role), limits);
            }
            Input::Page { path, role } => open_file(
                &mut packet,
                path,
                &File {
                    shown: path.display().to_string(),
                    relative: file_name(path),
                    role: Some(role),
                    forced: Some(ArtifactKind::PrometheusText),
                },
                limits,
            ),
            Input::Evidence { path, kind } => {
                open_evidence(&mut packet, path, *kind, limits);
            }
            Input::Fetched { url, file, role, body, at } => {
                let names = (url.as_str(), file.as_deref().unwrap_or(url));
                open_fetched(&mut packet, names, role.as_deref(), body, *at, limits);
            }
        }
    }
    if let Some(evidence) = packet.readers.finish_hashes() {
        packet.lanes.lookup_hashes = Some(evidence);
    }
    if packet.lanes.http.wait()
        && let Some(reader) = packet.readers.answers()
    {
        packet.lanes.http.read(reader, &packet.artifacts);
    }
    packet.lookups = packet.readers.gathered();
    packet
}

struct File<'a> {
    shown: String,
    relative: String,
    role: Option<&'a str>,
    /// A kind that the user gave by a flag, whatever it looks like.
    forced: Option<ArtifactKind>,
}

/// Opens evidence that the user gave by a flag; of a directory the files are recognised.
fn open_evidence(packet: &mut Packet, path: &Path, kind: ArtifactKind, limits: &Limits) {
    if path.as_os_str() == "-" {
        let file = File { shown: "-".into(), relative: "-".into(), role: None, forced: Some(kind) };
        add(packet, std::io::stdin().lock(), &file, limits, None);
    } else if path.is_dir() {
        open_dir(packet, path, limits);
    } else if let Err(e) = fs::metadata(path) {
        refuse(packet, &path.display().to_string(), "unreadable", plain_error(&e));
    } else {
        let shown = path.display().to_string();
        let file = File { shown, relative: file_name(path), role: None, forced: Some(kind) };
        open_file(packet, path, &file, limits);
    }
}

fn blank(shown: &str) -> Artifact {
    Artifact {
        path: shown.to_owned(),
        kind: ArtifactKind::Unknown,
        role: None,
        bytes: 0,
        sha256: None,
        read: false,
        captured_at: None,
        issues: vec![],
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}

fn refuse(packet: &mut Packet, shown: &str, code: &str, message: impl Into<String>) {
    let mut artifact = blank(shown);
    artifact.issues.push(InputIssue::whole(code, message));
    packet.artifacts.push(artifact);
}

fn open_path(packet: &mut Packet, path: &Path, limits: &Limits) {
    let shown = path.display().to_string();
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => open_dir(packet, path, limits),
        Ok(_) => {
            let file = File { shown, relative: file_name(path), role: None, forced: None };
            open_file(packet, path, &file, limits);
        }
        Err(e) => refuse(packet, &shown, "unreadable", plain_error(&e)),
    }
}

fn open_dir(packet: &mut Packet, root: &Path, limits: &Limits) {
    let mut files = Vec::new();
    walk(packet, root, root, 0, limits, &mut files);
    files.sort_by_key(|a| natural(&a.1));
    let first = packet.artifacts.len();
    let mut times: BTreeMap<String, f64> = BTreeMap::new();
    for (path, relative) in &files {
        let shown = root.join(relative).display().to_string();
        let file = File { shown, relative: relative.clone(), role: None, forced: None };
        if let Some(text) = open_one(packet, path, &file, limits) {
            let base = relative.rsplit_once('/').map_or("", |(dir, _)| dir);
            for (name, at) in capture_times::read(&text) {
                let key = if base.is_empty() { name } else { format!("{base}/{name}") };
                times.insert(key, at);
            }
        }
    }
    for artifact in &mut packet.artifacts[first..] {
        let relative = Path::new(&artifact.path).strip_prefix(root).unwrap_or(Path::new(""));
        if let Some(at) = times.get(&relative.to_string_lossy().replace('\\', "/")) {
            artifact.captured_at = Some(*at);
        }
    }
}

fn walk(
    packet: &mut Packet,
    root: &Path,
    dir: &Path,
    depth: usize,
    limits: &Limits,
    files: &mut Vec<(PathBuf, String)>,
) {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) => return refuse(packet, &dir.display().to_string(), "unreadable", plain_error(&e)),
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if hidden || files.len() >= limits.files {
            continue;
        }
        if kind.is_dir() {
            if depth < limits.depth {
                walk(packet, root, &path, depth + 1, limits, files);
            }
        } else if kind.is_file() {
            let relative =
                path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.push((path, relative));
        } else {
            // A link could lead out of the tree, and a pipe or device could hang.
            let what = if kind.is_symlink() { "a symbolic link" } else { "not a regular file" };
            refuse(packet, &path.display().to_string(), "skipped", format!("{what}: not followed"));
        }
    }
}

/// Splits digits from text, so that `lmcache-10` follows `lmcache-9`.
fn natural(text: &str) -> Vec<(bool, u64, String)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        if digits > 0 {
            parts.push((
                false,
                rest[..digits].parse().unwrap_or(u64::MAX),
                rest[..digits].to_owned(),
            ));
            rest = &rest[digits..];
        } else {
            let text = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
            parts.push((true, 0, rest[..text].to_owned()));
            rest = &rest[text..];
        }
    }
    parts
}

fn open_file(packet: &mut Packet, path: &Path, file: &File<'_>, limits: &Limits) {
    open_one(packet, path, file, limits);
}

/// Opens one file; gives the text of an index.
fn open_one(packet: &mut Packet, path: &Path, file: &File<'_>, limits: &Limits) -> Option<String> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => {
            refuse(packet, &file.shown, "unreadable", "it is a directory, not a file");
            return None;
        }
        Ok(meta) if !meta.is_file() => {
            // Reading a pipe that the user named is fine; a device is not evidence.
            #[cfg(unix)]
            {
                use std::os::unix::fs::FileTypeExt as _;
                if !meta.file_type().is_fifo() {
                    refuse(packet, &file.shown, "skipped", "not a regular file");
                    return None;
                }
            }
        }
        _ => {}
    }
    match fs::File::open(path) {
        Ok(stored) => add(packet, stored, file, limits, None),
        Err(e) => {
            refuse(packet, &file.shown, "unreadable", plain_error(&e));
            None
        }
    }
}

fn open_stdin(packet: &mut Packet, role: Option<&str>, limits: &Limits) {
    let forced = role.map(|_| ArtifactKind::PrometheusText);
    let file = File { shown: "-".into(), relative: "-".into(), role, forced };
    add(packet, std::io::stdin().lock(), &file, limits, None);
}

fn open_fetched(
    packet: &mut Packet,
    (url, relative): (&str, &str),
    role: Option<&str>,
    body: &Result<Vec<u8>, String>,
    at: Option<f64>,
    limits: &Limits,
) {
    match body {
        Ok(bytes) => {
            let forced = role.map(|_| ArtifactKind::PrometheusText);
            let file = File { shown: url.to_owned(), relative: relative.to_owned(), role, forced };
            add(packet, bytes.as_slice(), &file, limits, at);
        }
        Err(message) => {
            refuse(packet, url, "not_fetched", message.clone());
        }
    }
}

fn add<R: Read>(
    packet: &mut Packet,
    stored: R,
    file: &File<'_>,
    limits: &Limits,
    at: Option<f64>,
) -> Option<String> {
    let mut artifact = blank(&file.shown);
    artifact.captured_at = at;
    let content =
        read(stored, &file.relative, file.forced, limits, &mut artifact, &mut packet.readers);
    let index = packet.artifacts.len();
    let (bytes, sha256) = (artifact.bytes, artifact.sha256.clone());
    packet.artifacts.push(artifact);
    match content {
        Content::Page(scrape) => {
            packet.pages.push(Page {
                artifact: index,
                relative: file.relative.clone(),
                given_role: file.role.map(str::to_owned),
                export: None,
                scrape: *scrape,
            });
            None
        }
        Content::Exports(pages) => {
            for (export, scrape) in pages {
                packet.pages.push(Page {
                    artifact: index,
                    relative: file.relative.clone(),
                    given_role: file.role.map(str::to_owned),
                    export: Some(export),
                    scrape,
                });
            }
            None
        }
        Content::Index(text, probes) => {
            packet.lanes.http.index(&file.shown, text.as_bytes());
            if let Some(probes) = probes {
                packet.lanes.launch.get_or_insert_default().extend(*probes);
            }
            Some(text)
        }
        Content::Trace(mut evidence) => {
            // Of a raw trace the stored bytes are what was hashed.
            if evidence.sha256.is_empty() {
                evidence.file_size_bytes = bytes;
                evidence.sha256 = sha256.unwrap_or_default();
            }
            packet.lanes.traces.push((index, *evidence));
            None
        }
        Content::ReplayOutput(bytes) => {
            packet.lanes.replay_outputs.push((index, bytes));
            None
        }
        Content::Replay(evidence) => {
            packet.lanes.replay_evidence.push((index, *evidence));
            None
        }
        Content::Log(evidence) => {
            packet.lanes.logs.push((index, *evidence));
            None
        }
        Content::Spans(evidence) => {
            packet.lanes.spans.push((index, *evidence));
            None
        }
        Content::SpanEvidence(evidence) => {
            packet.lanes.span_evidence.push((index, *evidence));
            None
        }
        Content::LogEvidence(evidence) => {
            packet.lanes.log_evidence.push((index, *evidence));
            None
        }
        Content::Answer(bytes) => {
            packet.lanes.http.answer(index, &file.relative, bytes);
            None
        }
        Content::Launch(evidence) => {
            packet.lanes.launch.get_or_insert_default().extend(*evidence);
            None
        }
        Content::HttpEvidence(evidence) => {
            packet.lanes.http.evidence.push((index, *evidence));
            None
        }
        Content::LookupHashEvidence(evidence) => {
            packet.lanes.lookup_hashes = Some(*evidence);
            None
        }
        Content::LookupHashes | Content::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::natural;

    #[test]
    fn numbers_sort_as_numbers() {
        let mut names = vec!["lmcache-10.prom", "lmcache-9.prom", "a/2", "a/10", "lmcache-1.prom"];
        names.sort_by_key(|n| natural(n));
        assert_eq!(names, ["a/2", "a/10", "lmcache-1.prom", "lmcache-9.prom", "lmcache-10.prom"]);
    }
}
