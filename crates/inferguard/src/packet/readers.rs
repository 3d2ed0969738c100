//! Readers that serve all artifacts of a packet.

use std::io::Read;

use evidence_redact::{Redactor, Salt};
use lmcache_launch::environment::each_request;
use lmcache_logs::lookup_hash::{LookupHashEvidence, LookupHashOptions, LookupHashReader};
use lmcache_logs::{LogEvidence, LogOptions, LogReader};
use lmcache_otel::{MetricsFile, MetricsReader, Names, SpanEvidence, SpanReader};
use lmcache_trace::{Hooks, InfoOptions, TraceError, TraceSummary, summarize_with};

use super::Limits;
use crate::sizing::Gathered;

/// Bytes that are read at a time.
const BLOCK: usize = 256 << 10;

/// Made once a packet, and only what is needed.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    redactor: Option<Redactor>,
    lookup_hashes: Option<LookupHashReader>,
    launch: Option<lmcache_launch::Reader>,
    answers: Option<lmcache_http::Reader>,
    gathered: Option<Gathered>,
}

fn gathered<'g>(slot: &'g mut Option<Gathered>, limits: &Limits) -> &'g mut Gathered {
    slot.get_or_insert_with(|| Gathered::new(limits.lookups_bytes))
}

impl Readers {
    /// The redactor of everything that is read. The same packet gives the same report: the salt
    /// is no secret. `None` only where a built-in pattern is broken, which is a bug.
    fn redactor(&mut self) -> Option<&Redactor> {
        if self.redactor.is_none() {
            self.redactor = report_redactor();
        }
        self.redactor.as_ref()
    }

    /// Reads a log.
    pub(crate) fn log(&mut self, body: impl Read) -> Option<LogEvidence> {
        let mut reader = LogReader::new(LogOptions::default());
        blocks(body, |block| reader.push(block));
        Some(reader.finish_with(self.redactor()?))
    }

    /// Reads spans; what they tell of single requests is kept.
    pub(crate) fn spans(
        &mut self,
        body: impl Read,
        relative: &str,
        limits: &Limits,
    ) -> Option<SpanEvidence> {
        let mut reader = SpanReader::with_requests();
        blocks(body, |block| reader.push(block));
        let (evidence, requests) = reader.finish_with_requests(self.redactor()?);
        gathered(&mut self.gathered, limits).requests.spans(relative, &requests);
        Some(evidence)
    }

    /// Reads an artifact of the launch lane. `None` only where a built-in pattern is broken,
    /// which is a bug.
    pub(crate) fn launch(
        &mut self,
        kind: lmcache_launch::Kind,
        path: &str,
        bytes: &[u8],
    ) -> Option<Result<lmcache_launch::Evidence, lmcache_launch::Error>> {
        if self.launch.is_none() {
            self.launch = self.redactor().cloned().map(lmcache_launch::Reader::new);
        }
        self.launch.as_ref().map(|reader| reader.read(kind, Some(path), bytes))
    }

    /// Takes what a log of requests tells of each.
    pub(crate) fn requests(
        &mut self,
        kind: lmcache_launch::Kind,
        relative: &str,
        bytes: &[u8],
        limits: &Limits,
    ) {
        let requests = &mut gathered(&mut self.gathered, limits).requests;
        requests.begin(relative);
        each_request(kind, bytes, &mut |record| requests.record(record));
    }

    /// The reader of HTTP answers. `None` only where a built-in pattern is broken, which is a bug.
    pub(crate) fn answers(&mut self) -> Option<&lmcache_http::Reader> {
        if self.answers.is_none() {
            self.answers = self.redactor().cloned().map(lmcache_http::Reader::new);
        }
        self.answers.as_ref()
    }

    /// Adds a file of lookup hashes: all files of a packet are one log over time.
    pub(crate) fn lookup_hashes(&mut self, body: impl Read, relative: &str, limits: &Limits) {
        let reader = self
            .lookup_hashes
            .get_or_insert_with(|| LookupHashReader::new(LookupHashOptions::default()));
        let gathered = gathered(&mut self.gathered, limits);
        gathered.begin_hashes(relative);
        blocks(body, |block| {
            gathered.hash_bytes(block.len());
            reader.push_with(block, &mut |row| gathered.row(row));
        });
        reader.next_file_with(&mut |row| gathered.row(row));
    }

    /// Reads a trace; its lookups are kept.
    pub(crate) fn trace(
        &mut self,
        body: impl Read,
        relative: &str,
        limits: &Limits,
    ) -> Result<TraceSummary, TraceError> {
        let gathered = gathered(&mut self.gathered, limits);
        let summary =
            summarize_with(body, &InfoOptions::default(), Hooks::default(), &mut |record| {
                gathered.record(record);
            })?;
        if let Some(at) = summary.header.t_wall_start {
            gathered.trace_start(relative, at);
        }
        Ok(summary)
    }

    /// The lookups of all files.
    pub(crate) fn gathered(&mut self) -> Option<Gathered> {
        self.gathered.take()
    }

    /// What all files of lookup hashes say.
    pub(crate) fn finish_hashes(&mut self) -> Option<LookupHashEvidence> {
        self.lookup_hashes.take().map(LookupHashReader::finish)
    }
}

/// Reads OTLP metrics, under the names that Prometheus would show.
pub(crate) fn metrics(body: impl Read) -> MetricsFile {
    let mut reader = MetricsReader::new(Names::Prometheus);
    blocks(body, |block| reader.push(block));
    reader.finish()
}

/// Errors end the stream and are told by whoever opened it.
fn blocks(mut body: impl Read, mut each: impl FnMut(&[u8])) {
    let mut block = vec![0; BLOCK];
    loop {
        match body.read(&mut block) {
            Ok(0) => return,
            Ok(n) => each(block.get(..n).unwrap_or_default()),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// The redactor of one report: the same text has the same placeholder in every lane of every
/// report.
pub(crate) fn report_redactor() -> Option<Redactor> {
    Redactor::new(Salt::new(*b"one report, one salt")).ok()
}
