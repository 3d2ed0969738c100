//! What holds for any bytes; the property tests and the fuzz target share it.

use std::sync::LazyLock;

use evidence_redact::{Redactor, Salt};
use lmcache_otel::{MetricsReader, Names, SpanEvidence, SpanReader, read_metrics, read_spans};

static REDACTOR: LazyLock<Redactor> =
    LazyLock::new(|| Redactor::new(Salt::new(*b"property")).expect("the patterns compile"));

/// Nothing panics, pieces make no difference, and the evidence is JSON that reads back.
pub(crate) fn holds_for(bytes: &[u8], piece: usize) {
    let whole = read_spans(bytes, &REDACTOR);
    let mut reader = SpanReader::new();
    let mut metrics = MetricsReader::new(Names::Prometheus);
    for piece in bytes.chunks(piece.max(1)) {
        reader.push(piece);
        metrics.push(piece);
    }
    let pieces = reader.finish(&REDACTOR);
    assert_eq!(whole, pieces);
    assert_eq!(whole.span_count, whole.lmcache_span_count + whole.foreign_span_count);
    let text = serde_json::to_string(&whole).expect("evidence is JSON");
    let back: SpanEvidence = serde_json::from_str(&text).expect("evidence reads back");
    assert_eq!(serde_json::to_string(&back).expect("evidence is JSON"), text);

    let whole = read_metrics(bytes, Names::Prometheus);
    assert_eq!(whole, metrics.finish());
}
