//! `trace replay-summary`: what LMCache's own trace tools printed and wrote.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use lmcache_trace::replay::ReplayRun;
use lmcache_trace::replay::{DigestMeaning, ReplayKind, collect, recognise};
use lmcache_trace::{DigestState, ReadOptions, ReplayEvidence, StreamReader};
use serde::Serialize;

use crate::packet::plain_error;
use crate::report::Tool;

/// Most bytes of one output that are read. A replay of a million calls writes about 200 MB of
/// rows.
const MOST_BYTES: u64 = 1 << 30;

/// Bytes that are looked at to tell a file's kind.
const HEAD: u64 = 64 << 10;

/// What the digest printed by one replay means.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RunVerdict {
    /// Files of the run.
    pub files: Vec<String>,
    /// `same_configuration`, `other_configuration`, `cannot_tell` or `other_trace`; `null`
    /// where the run prints no digest or no trace was given to compare it with.
    pub meaning: Option<DigestMeaning>,
    /// The trace that it was compared with.
    pub trace: Option<String>,
    /// A sentence.
    pub because: String,
}

/// The report of `trace replay-summary`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReplaySummaryReport {
    /// `inferguard/trace-replay-summary/v1`.
    pub schema: String,
    /// The tool.
    pub tool: Tool,
    /// What the digest of each run means.
    pub verdicts: Vec<RunVerdict>,
    /// Files of the named directories that are no output of LMCache's trace tools.
    pub passed_over: Vec<String>,
    /// What was read, in the form of `lmcache_trace_replay_evidence.json`.
    #[serde(flatten)]
    pub evidence: ReplayEvidence,
}

/// A trace that a run may have replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KnownTrace {
    path: String,
    digest: String,
    state: DigestState,
}

/// Reads outputs of `lmcache trace info`, `replay` and `replay-events`: files, and directories
/// whose files are recognised by their content. `traces` names traces that the runs may have
/// replayed; traces in the directories are found by themselves.
pub fn read_replay(paths: &[PathBuf], traces: &[PathBuf]) -> ReplaySummaryReport {
    let mut found = Found::default();
    for path in paths {
        if path.is_dir() {
            let mut files = Vec::new();
            walk(path, 0, &mut files, &mut found.errors);
            files.sort();
            for file in files {
                found.take(&file, false);
            }
        } else {
            found.take(path, true);
        }
    }
    for trace in traces {
        match header_of(trace) {
            Ok(known) => found.traces.push(known),
            Err(message) => found.errors.push(format!("{}: {message}", trace.display())),
        }
    }
    let outputs = found.outputs.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    let mut evidence = ReplayEvidence::new(collect(outputs));
    evidence.present |= !found.errors.is_empty();
    evidence.parse_errors.extend(found.errors);
    let verdicts = evidence.report.runs.iter().map(|run| verdict(run, &found.traces)).collect();
    ReplaySummaryReport {
        schema: "inferguard/trace-replay-summary/v1".into(),
        tool: Tool::this(),
        verdicts,
        passed_over: found.passed_over,
        evidence,
    }
}

#[derive(Default)]
struct Found {
    outputs: Vec<(String, Vec<u8>)>,
    traces: Vec<KnownTrace>,
    passed_over: Vec<String>,
    errors: Vec<String>,
}

impl Found {
    /// Takes a file; one that the user named is read whatever it looks like.
    fn take(&mut self, path: &Path, named: bool) {
        let shown = path.display().to_string();
        if let Ok(known) = header_of(path) {
            self.traces.push(known);
            return;
        }
        match read(path, named) {
            Ok(Some(bytes)) => self.outputs.push((shown, bytes)),
            Ok(None) => self.passed_over.push(shown),
            Err(message) => self.errors.push(format!("{shown}: {message}")),
        }
    }
}

fn header_of(path: &Path) -> Result<KnownTrace, String> {
    let file = open(path)?;
    let reader = StreamReader::with_options(file, ReadOptions::default().forced(true))
        .map_err(|e| e.to_string())?;
    Ok(KnownTrace {
        path: path.display().to_string(),
        digest: reader.header().sm_config_digest.clone(),
        state: reader.header().digest_state(),
    })
}

fn open(path: &Path) -> Result<fs::File, String> {
    let meta = fs::metadata(path).map_err(|e| plain_error(&e))?;
    if !meta.is_file() {
        return Err("not a regular file".into());
    }
    fs::File::open(path).map_err(|e| plain_error(&e))
}

/// The content of an output; nothing where the file is none.
fn read(path: &Path, named: bool) -> Result<Option<Vec<u8>>, String> {
    let mut file = open(path)?;
    let mut bytes = Vec::new();
    let mut more = |upto: u64, bytes: &mut Vec<u8>| {
        (&mut file).take(upto).read_to_end(bytes).map_err(|e| plain_error(&e))
    };
    more(HEAD, &mut bytes)?;
    if !named && !is_output(&bytes) {
        return Ok(None);
    }
    more(MOST_BYTES, &mut bytes)?;
    if bytes.len() as u64 >= MOST_BYTES {
        return Err(format!("it is longer than the limit of {MOST_BYTES} bytes"));
    }
    Ok(Some(bytes))
}

/// Whether a file's first bytes are an output of the trace tools. JSON of any other kind is
/// told from a replay's by its key.
fn is_output(head: &[u8]) -> bool {
    match recognise(head) {
        Some(ReplayKind::Json) => memchr::memmem::find(head, b"\"ops\"").is_some(),
        Some(_) => true,
        None => false,
    }
}

fn walk(dir: &Path, depth: usize, files: &mut Vec<PathBuf>, errors: &mut Vec<String>) {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) => return errors.push(format!("{}: {}", dir.display(), plain_error(&e))),
    };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && depth < 16 {
            walk(&entry.path(), depth + 1, files, errors);
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
}

fn verdict(run: &ReplayRun, traces: &[KnownTrace]) -> RunVerdict {
    let none = |because: &str| RunVerdict {
        files: run.files.clone(),
        meaning: None,
        trace: None,
        because: because.to_owned(),
    };
    let Some(digest) = &run.digest else {
        return none("the run prints no verdict on its configuration (only the text does)");
    };
    let printed = if digest.matches { "match" } else { "MISMATCH" };
    let Some(trace) = traces.iter().find(|t| t.digest.starts_with(&digest.recorded)) else {
        return none(&format!(
            "the run prints {printed}; the trace that it replayed ({}...) was not given, so it cannot be said whether \
             its digest is comparable (--trace FILE)",
            digest.recorded
        ));
    };
    let meaning = digest.meaning_for(&trace.digest, trace.state);
    let because = match meaning {
        DigestMeaning::SameConfiguration => "the replay ran with the recorded configuration",
        DigestMeaning::OtherConfiguration => {
            "the replay ran with another configuration than was recorded: its latencies are of that one"
        }
        DigestMeaning::CannotTell => {
            "MISMATCH proves nothing here: the recorded configuration holds a memory address (of an L2 adapter), so the \
             digest differs between runs of one configuration"
        }
        _ => "the verdict is about another trace",
    };
    RunVerdict {
        files: run.files.clone(),
        meaning: Some(meaning),
        trace: Some(trace.path.clone()),
        because: because.to_owned(),
    }
}
