//! Reading a file of spans, whole or in pieces.

use std::collections::BTreeMap;

use evidence_redact::Redactor;

use crate::collect::Collector;
use crate::evidence::SpanEvidence;
use crate::issue::Issues;
use crate::requests::RequestSpans;
use crate::split::{Outcome, Sink, Splitter};
use crate::{json, proto};

impl Sink for Collector {
    fn record(&mut self, record: &[u8], line: u64, offset: u64, may_continue: bool) -> Outcome {
        json::record(record, line, offset, may_continue, self)
    }
    fn binary(&mut self, file: &[u8]) {
        proto::read(file, self);
    }
    fn issues(&mut self) -> &mut Issues {
        &mut self.issues
    }
}

/// Reads spans in pieces of any size; the pieces make no difference.
///
/// ```
/// use evidence_redact::{Redactor, Salt};
/// use lmcache_otel::SpanReader;
///
/// let redactor = Redactor::new(Salt::new(*b"random, per packet"))?;
/// let mut reader = SpanReader::new();
/// for piece in br#"{"resourceSpans":[]}"#.chunks(7) {
///     reader.push(piece);
/// }
/// let evidence = reader.finish(&redactor);
/// assert_eq!((evidence.records, evidence.span_count), (1, 0));
/// # Ok::<(), evidence_redact::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct SpanReader {
    collector: Collector,
    splitter: Splitter,
}

impl SpanReader {
    /// A reader of one file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the file.
    pub fn push(&mut self, bytes: &[u8]) {
        self.splitter.push(bytes, &mut self.collector);
    }

    /// A reader that also tells requests one by one: see [`Self::finish_with_requests`].
    pub fn with_requests() -> Self {
        let mut reader = Self::default();
        reader.collector.requests.want();
        reader
    }

    /// What the spans say.
    pub fn finish(self, redactor: &Redactor) -> SpanEvidence {
        self.finish_with_requests(redactor).0
    }

    /// What the spans say, and what they say of each request by its id.
    pub fn finish_with_requests(
        mut self,
        redactor: &Redactor,
    ) -> (SpanEvidence, BTreeMap<String, RequestSpans>) {
        self.splitter.finish(&mut self.collector);
        let requests = std::mem::take(&mut self.collector.requests).take();
        (SpanEvidence::of(self.collector, self.splitter.bytes(), redactor), requests)
    }
}

/// Reads a whole file.
///
/// ```
/// use evidence_redact::{Redactor, Salt};
/// let redactor = Redactor::new(Salt::new(*b"random, per packet"))?;
/// let file = br#"{"resourceSpans":[{"scopeSpans":[{"scope":{"name":"lmcache_mp.server"},"spans":[
///   {"traceId":"83086251978501f9f65f8c8749511825","spanId":"869b74142a32c1bb","name":"request",
///    "startTimeUnixNano":"1000","endTimeUnixNano":"3500",
///    "attributes":[{"key":"hit_tokens","value":{"intValue":"256"}}]}]}]}]}"#;
/// let evidence = lmcache_otel::read_spans(file, &redactor);
/// assert_eq!(evidence.request_span_count, 1);
/// assert_eq!(evidence.names["request"].duration.as_ref().unwrap().p50_ns, 2500);
/// # Ok::<(), evidence_redact::Error>(())
/// ```
pub fn read_spans(file: &[u8], redactor: &Redactor) -> SpanEvidence {
    let mut reader = SpanReader::new();
    reader.push(file);
    reader.finish(redactor)
}
