//! Artifacts of the launch lane: which files it claims, and what they are.

use std::io::Read;

use lmcache_http::Body;
use lmcache_launch::{Confidence, Kind, recognise};

use super::kind::ArtifactKind;
use super::open::Limits;
use super::read::{Content, index};
use super::{Artifact, InputIssue, Readers};

/// Kinds that the launch lane may claim, where it recognises the content.
const OPEN: &[ArtifactKind] = &[
    ArtifactKind::Boundary,
    ArtifactKind::Command,
    ArtifactKind::Config,
    ArtifactKind::Environment,
    ArtifactKind::Requests,
    ArtifactKind::Host,
    ArtifactKind::HttpAnswer,
    ArtifactKind::Log,
    ArtifactKind::Unknown,
];

/// Reads an artifact of the launch lane; nothing where it is none. What was read to tell that
/// stays in `head`.
pub(super) fn launch(
    relative: &str,
    head: &mut Vec<u8>,
    body: &mut impl Read,
    limits: &Limits,
    artifact: &mut Artifact,
    readers: &mut Readers,
) -> Option<Content> {
    if !OPEN.contains(&artifact.kind) {
        return None;
    }
    let named = artifact.kind;
    // Only a scraper's log is told from a log of ours, and by its first lines.
    if named == ArtifactKind::Log {
        let found = recognise(Some(relative), head)?;
        if found.confidence != Confidence::Certain || found.kind != Kind::PrometheusLog {
            return None;
        }
    }
    if head.len() >= super::sniff::SNIFF_BYTES {
        let room = limits.held_bytes.saturating_sub(head.len() as u64);
        let _ = body.take(room).read_to_end(head);
    }
    // An answer that the HTTP lane can tell is its own.
    if named == ArtifactKind::HttpAnswer
        && (head.starts_with(b"HTTP/")
            || !matches!(
                readers.answers()?.read_body(head),
                Body::Json { .. } | Body::Text | Body::Scalar | Body::Models { .. }
            ))
    {
        return None;
    }
    let found = recognise(Some(relative), head);
    let kind = match found {
        // What the user says to be boundary evidence is, whatever its rows look like.
        Some(found) if matches!(found.kind, Kind::Boundary | Kind::BoundarySummary) => found.kind,
        _ if named == ArtifactKind::Boundary => Kind::Boundary,
        Some(found)
            if found.confidence == Confidence::Weak && named == ArtifactKind::HttpAnswer =>
        {
            return None;
        }
        Some(found) => found.kind,
        None => return None,
    };
    artifact.kind = match kind {
        Kind::Command | Kind::Shell | Kind::ProcCmdline | Kind::Ps => ArtifactKind::Command,
        Kind::ProcEnviron | Kind::EnvText | Kind::EnvJson => ArtifactKind::Environment,
        Kind::LmcacheConfig | Kind::EngineConfig | Kind::KvTransferConfig | Kind::ModelConfig => {
            ArtifactKind::Config
        }
        Kind::Boundary | Kind::BoundarySummary => ArtifactKind::Boundary,
        Kind::Requests | Kind::RequestsCsv | Kind::Workload | Kind::BenchmarkText => {
            ArtifactKind::Requests
        }
        Kind::ProbeIndex | Kind::CaptureTimeline | Kind::Listing => ArtifactKind::Manifest,
        _ => ArtifactKind::Host,
    };
    artifact.read = true;
    if artifact.kind == ArtifactKind::Manifest {
        return Some(index(head, relative, artifact, readers));
    }
    if matches!(kind, Kind::Requests | Kind::RequestsCsv) {
        readers.requests(kind, &artifact.path, head, limits);
    }
    match readers.launch(kind, &artifact.path, head)? {
        Ok(evidence) => Some(Content::Launch(Box::new(evidence))),
        Err(error) => {
            artifact.read = false;
            artifact.issues.push(InputIssue::whole("unreadable", error.to_string()));
            Some(Content::Other)
        }
    }
}
