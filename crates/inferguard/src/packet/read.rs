//! Reads one artifact: hash, inflate, recognise, parse.

use std::cell::RefCell;
use std::io::{self, Cursor, Read};
use std::rc::Rc;

use flate2::read::MultiGzDecoder;
use lmcache_http::{Body, HttpEvidence};
use lmcache_launch::{Kind, recognise};
use lmcache_logs::LogEvidence;
use lmcache_logs::lookup_hash::LookupHashEvidence;
use lmcache_otel::{MetricsFile, SpanEvidence};
use lmcache_prom::{ReadError, Scrape};
use lmcache_trace::{ReplayEvidence, TraceError, TraceEvidence, TraceSummary};
use sha2::Digest as _;

use super::kind::ArtifactKind;
use super::launch::launch;
use super::open::Limits;
use super::sniff::{SNIFF_BYTES, sniff};
use super::streams::{Tee, TeeState, UntilError};
use super::{Artifact, Export, InputIssue, Readers};

/// Code of the issue that a page had more series than the limit.
pub const PAGE_TOO_MANY_SERIES: &str = "too_many_series";

/// How many located issues of one artifact are listed; all are counted.
const LISTED_ISSUES: usize = 20;

/// What reading an artifact gave beside its description.
pub(crate) enum Content {
    /// A page.
    Page(Box<Scrape>),
    /// Pages that came by OTLP.
    Exports(Vec<(Export, Scrape)>),
    /// The text of a small index file.
    Index(String, Option<Box<lmcache_launch::Evidence>>),
    /// A trace.
    Trace(Box<TraceEvidence>),
    /// An output of LMCache's trace tools.
    ReplayOutput(Vec<u8>),
    /// Evidence of replays.
    Replay(Box<ReplayEvidence>),
    /// A log.
    Log(Box<LogEvidence>),
    /// Evidence of a log that was read before.
    LogEvidence(Box<LogEvidence>),
    /// Spans.
    Spans(Box<SpanEvidence>),
    /// Evidence of spans that was read before.
    SpanEvidence(Box<SpanEvidence>),
    /// An answer of an HTTP API.
    Answer(Vec<u8>),
    /// What the launch lane read: processes, configuration, environment, boundary events.
    Launch(Box<lmcache_launch::Evidence>),
    /// Evidence of answers.
    HttpEvidence(Box<HttpEvidence>),
    /// Lookup hashes that went into the reader of the packet.
    LookupHashes,
    /// Evidence of lookup hashes.
    LookupHashEvidence(Box<LookupHashEvidence>),
    /// Nothing that this version reads.
    Other,
}

/// Reads an artifact from its stored bytes. `forced` is a kind that the user gave by a flag.
pub(crate) fn read<R: Read>(
    stored: R,
    relative: &str,
    forced: Option<ArtifactKind>,
    limits: &Limits,
    artifact: &mut Artifact,
    readers: &mut Readers,
) -> Content {
    let state = Rc::new(RefCell::new(TeeState::default()));
    let mut tee = Tee { inner: stored, state: Rc::clone(&state) };
    let mut magic = Vec::with_capacity(2);
    let _ = (&mut tee).take(2).read_to_end(&mut magic);
    let gzip = magic == [0x1f, 0x8b];
    let error = Rc::new(RefCell::new(None));
    let content = {
        let raw = Cursor::new(magic).chain(&mut tee);
        let left = if gzip { limits.inflated_bytes } else { u64::MAX };
        let body: Box<dyn Read + '_> =
            if gzip { Box::new(MultiGzDecoder::new(raw)) } else { Box::new(raw) };
        let body = UntilError { inner: body, left, error: Rc::clone(&error) };
        read_body(body, relative, forced, limits, artifact, readers)
    };
    // Whatever the parser left is still hashed.
    let drained = io::copy(&mut tee, &mut io::sink());
    drop(tee);
    let state = Rc::try_unwrap(state).map(RefCell::into_inner).unwrap_or_default();
    artifact.bytes = state.bytes;
    if drained.is_ok() && state.error.is_none() {
        artifact.sha256 = Some(hex(&state.hasher.finalize()));
    }
    if let Some(message) = error.borrow_mut().take().or(state.error) {
        let what = if gzip { "the gzip stream is damaged or cut off" } else { "reading stopped" };
        artifact.issues.insert(
            0,
            InputIssue::whole("partial", format!("{what} ({message}): what came before is used")),
        );
    }
    content
}

/// The kind of an artifact. A flag names the lane; within it the content decides whether the
/// artifact is raw or evidence that was read before.
fn kind_of(relative: &str, head: &[u8], forced: Option<ArtifactKind>) -> ArtifactKind {
    let found = sniff(relative, head);
    match forced {
        Some(kind) if kind.lane().is_some() && kind.lane() == found.lane() => found,
        Some(kind) => kind,
        None => found,
    }
}

fn read_body<R: Read>(
    mut body: R,
    relative: &str,
    forced: Option<ArtifactKind>,
    limits: &Limits,
    artifact: &mut Artifact,
    readers: &mut Readers,
) -> Content {
    let mut head = Vec::new();
    let _ = (&mut body).take(SNIFF_BYTES as u64).read_to_end(&mut head);
    artifact.kind = kind_of(relative, &head, forced);
    if forced.is_none_or(|kind| kind == ArtifactKind::Boundary)
        && let Some(content) = launch(relative, &mut head, &mut body, limits, artifact, readers)
    {
        return content;
    }
    artifact.read = artifact.kind.is_read();
    match artifact.kind {
        ArtifactKind::PrometheusText => {
            let prom = lmcache_prom::Limits { max_series: limits.series, ..Default::default() };
            match Scrape::read_with(Cursor::new(head).chain(body), &prom) {
                Ok(scrape) => {
                    note_issues(&scrape, artifact);
                    Content::Page(Box::new(scrape))
                }
                Err(error) => {
                    artifact.read = false;
                    artifact.issues.push(match error {
                        ReadError::NotExposition(e) => {
                            InputIssue::whole("not_exposition_text", e.to_string())
                        }
                        other => InputIssue::whole("unreadable", other.to_string()),
                    });
                    Content::Other
                }
            }
        }
        ArtifactKind::Manifest => {
            let mut text = Vec::new();
            let rest = body.take(limits.index_bytes).read_to_end(&mut text);
            head.extend_from_slice(&text);
            if rest.is_ok() { index(&head, relative, artifact, readers) } else { Content::Other }
        }
        ArtifactKind::Lct => {
            trace(readers.trace(Cursor::new(head).chain(body), relative, limits), artifact)
        }
        ArtifactKind::TraceReplay => match whole(head, body, limits, artifact) {
            Some(bytes) => Content::ReplayOutput(bytes),
            None => Content::Other,
        },
        ArtifactKind::Log => match readers.log(Cursor::new(head).chain(body)) {
            Some(evidence) => Content::Log(Box::new(evidence)),
            None => Content::Other,
        },
        ArtifactKind::OtlpSpans => {
            match readers.spans(Cursor::new(head).chain(body), relative, limits) {
                Some(evidence) => {
                    note_spans(&evidence, artifact);
                    Content::Spans(Box::new(evidence))
                }
                None => Content::Other,
            }
        }
        ArtifactKind::OtlpMetrics => {
            let file = super::readers::metrics(Cursor::new(head).chain(body));
            Content::Exports(exports(&file, limits, artifact))
        }
        ArtifactKind::SpanEvidence => {
            evidence(head, body, limits, artifact).map_or(Content::Other, Content::SpanEvidence)
        }
        ArtifactKind::HttpAnswer => match whole(head, body, limits, artifact) {
            Some(bytes) => {
                let body = readers.answers().map(|reader| reader.read_body(&bytes));
                if matches!(body, Some(Body::Html)) {
                    artifact.read = false;
                    let what = "it is a page for people (a login?), not an answer of an API";
                    artifact.issues.push(InputIssue::whole("html", what));
                }
                Content::Answer(bytes)
            }
            None => Content::Other,
        },
        ArtifactKind::HttpEvidence => {
            evidence(head, body, limits, artifact).map_or(Content::Other, Content::HttpEvidence)
        }
        ArtifactKind::LookupHash => {
            readers.lookup_hashes(Cursor::new(head).chain(body), relative, limits);
            Content::LookupHashes
        }
        ArtifactKind::LogEvidence => {
            evidence(head, body, limits, artifact).map_or(Content::Other, Content::LogEvidence)
        }
        ArtifactKind::LookupHashEvidence => evidence(head, body, limits, artifact)
            .map_or(Content::Other, Content::LookupHashEvidence),
        ArtifactKind::TraceEvidence => {
            evidence(head, body, limits, artifact).map_or(Content::Other, Content::Trace)
        }
        ArtifactKind::ReplayEvidence => {
            evidence(head, body, limits, artifact).map_or(Content::Other, Content::Replay)
        }
        _ => Content::Other,
    }
}

/// Tells what could not be read of a file of spans, and a file that holds none.
fn note_spans(evidence: &SpanEvidence, artifact: &mut Artifact) {
    let errors = &evidence.parse_errors;
    artifact
        .issues
        .extend(errors.iter().take(LISTED_ISSUES).map(|e| InputIssue::whole("span_issue", e)));
    if evidence.records == 0 && !errors.is_empty() {
        artifact.read = false;
    }
}

/// The exports of a file of OTLP metrics as pages.
fn exports(file: &MetricsFile, limits: &Limits, artifact: &mut Artifact) -> Vec<(Export, Scrape)> {
    for issue in file.issues.iter().take(LISTED_ISSUES) {
        artifact.issues.push(InputIssue {
            code: "otlp_issue".into(),
            message: issue.message.clone(),
            line: (issue.line > 0).then_some(issue.line),
            offset: Some(issue.offset),
        });
    }
    if file.pages_left_out > 0 {
        let what = format!("{} later exports are not read", file.pages_left_out);
        artifact.issues.push(InputIssue::whole("partial", what));
    }
    let prom = lmcache_prom::Limits { max_series: limits.series, ..Default::default() };
    let pages: Vec<(Export, Scrape)> = file
        .pages
        .iter()
        .filter(|page| page.points > 0)
        .filter_map(|page| {
            let scrape = Scrape::read_with(page.text.as_bytes(), &prom).ok()?;
            let at = (page.time_unix_ns > 0).then(|| page.time_unix_ns as f64 / 1e9);
            Some((Export { at, line: (page.line > 0).then_some(page.line) }, scrape))
        })
        .collect();
    artifact.captured_at = artifact.captured_at.or(pages.last().and_then(|(e, _)| e.at));
    artifact.read = !pages.is_empty();
    if pages.is_empty() {
        let what = "no export with a point could be read of it";
        artifact.issues.push(InputIssue::whole("not_otlp_metrics", what));
    }
    pages
}

/// Where things came from is no evidence; the times of capture are read by the caller. What a
/// collector could not reach is.
pub(super) fn index(
    bytes: &[u8],
    relative: &str,
    artifact: &Artifact,
    readers: &mut Readers,
) -> Content {
    let probes = recognise(Some(relative), bytes)
        .filter(|found| found.kind == Kind::ProbeIndex)
        .and_then(|found| readers.launch(found.kind, &artifact.path, bytes)?.ok())
        .map(Box::new);
    Content::Index(String::from_utf8_lossy(bytes).into_owned(), probes)
}

/// A trace that was read; what is wrong inside it is its own evidence.
fn trace(read: Result<TraceSummary, TraceError>, artifact: &mut Artifact) -> Content {
    match read {
        Ok(summary) => {
            // The first ones; beyond those the first of every other fault, the torn end included.
            let listed = summary.issues.first.iter().enumerate().filter(|(at, issue)| {
                *at < LISTED_ISSUES || summary.issues.first_of(&issue.code) == Some(*issue)
            });
            for (_, issue) in listed {
                artifact.issues.push(InputIssue {
                    code: issue.code.clone(),
                    message: issue.message.clone(),
                    line: None,
                    offset: Some(issue.offset),
                });
            }
            Content::Trace(Box::new(TraceEvidence::new(summary, "", None)))
        }
        Err(error) => {
            artifact.read = false;
            artifact.issues.push(InputIssue {
                code: error.code().to_owned(),
                message: error.to_string(),
                line: None,
                offset: Some(error.offset()),
            });
            Content::Trace(Box::new(TraceEvidence::unreadable(&error, 0, "")))
        }
    }
}

/// All bytes of an artifact that has to be held in memory.
fn whole(
    mut head: Vec<u8>,
    body: impl Read,
    limits: &Limits,
    artifact: &mut Artifact,
) -> Option<Vec<u8>> {
    // Errors end the stream and are told by whoever opened it.
    let rest = body.take(limits.held_bytes).read_to_end(&mut head);
    if rest.is_err() || head.len() as u64 >= limits.held_bytes {
        artifact.read = false;
        artifact.issues.push(InputIssue::whole(
            "too_large",
            format!(
                "it is larger than {} bytes, more than is held of such a file",
                limits.held_bytes
            ),
        ));
        return None;
    }
    Some(head)
}

/// Evidence that was read before.
fn evidence<T: serde::de::DeserializeOwned>(
    head: Vec<u8>,
    body: impl Read,
    limits: &Limits,
    artifact: &mut Artifact,
) -> Option<Box<T>> {
    let bytes = whole(head, body, limits, artifact)?;
    match serde_json::from_slice(&bytes) {
        Ok(evidence) => Some(Box::new(evidence)),
        Err(error) => {
            artifact.read = false;
            artifact.issues.push(InputIssue {
                code: "not_evidence".into(),
                message: format!("it is no evidence of this kind: {error}"),
                line: Some(error.line() as u64),
                offset: None,
            });
            None
        }
    }
}

fn note_issues(scrape: &Scrape, artifact: &mut Artifact) {
    for issue in scrape.issues().iter().take(LISTED_ISSUES) {
        artifact.issues.push(InputIssue {
            code: "bad_line".into(),
            message: format!("column {}: {}", issue.column, issue.kind),
            line: Some(issue.line),
            offset: Some(issue.offset),
        });
    }
    let listed = artifact.issues.len() as u64;
    if scrape.issue_count() > listed {
        artifact.issues.push(InputIssue::whole(
            "more_issues",
            format!("{} more issues are not listed", scrape.issue_count() - listed),
        ));
    }
    if scrape.partial() {
        artifact.issues.push(InputIssue::whole(
            PAGE_TOO_MANY_SERIES,
            "the page has more series than the limit: the rest was not kept",
        ));
    }
}

/// Bytes in lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}
