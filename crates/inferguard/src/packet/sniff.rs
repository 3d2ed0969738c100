//! Recognises an artifact from its first bytes, and only then from its name.

use super::kind::ArtifactKind as K;

/// How much of a file is looked at.
pub(crate) const SNIFF_BYTES: usize = 64 * 1024;

/// Recognises an artifact. `name` is its path relative to what the user named, with `/`.
pub fn sniff(name: &str, head: &[u8]) -> K {
    let base = name.rsplit('/').next().unwrap_or(name);
    if base == "truth.json" || base == "case.json" {
        return K::Labels;
    }
    if head.is_empty() {
        return K::Empty;
    }
    by_content(base, name, head).unwrap_or_else(|| by_name(base, name, head))
}

fn by_content(base: &str, name: &str, head: &[u8]) -> Option<K> {
    if is_lct(head) {
        return Some(K::Lct);
    }
    // A response with its head, as `curl -i` saves it.
    if head.starts_with(b"HTTP/") {
        return Some(K::HttpAnswer);
    }
    let text = String::from_utf8_lossy(head);
    let body = text.trim_start_matches('\u{feff}').trim_start();
    if body.starts_with('{') || body.starts_with('[') {
        return by_json(base, name, body);
    }
    if looks_like_exposition(body) {
        return Some(K::PrometheusText);
    }
    None
}

/// A frame length, then a msgpack map whose first key is a short text.
fn is_lct(head: &[u8]) -> bool {
    let [a, b, c, d, marker, rest @ ..] = head else { return false };
    let length = u32::from_be_bytes([*a, *b, *c, *d]);
    let map = (0x80..=0x8f).contains(marker) || matches!(marker, 0xde | 0xdf);
    map && (8..=1 << 24).contains(&length)
        && rest.windows(5).take(512).any(|w| w == b"magic" || w == b"lmcac" || w == b"LMCAC")
}

/// Comment lines of the format, or lines of the shape `name{labels} number`.
fn looks_like_exposition(body: &str) -> bool {
    let mut samples = 0usize;
    let mut other = 0usize;
    for line in body.lines().map(str::trim).filter(|l| !l.is_empty()).take(40) {
        if line.starts_with("# HELP ") || line.starts_with("# TYPE ") || line == "# EOF" {
            return true;
        }
        if line.starts_with('#') {
            continue;
        }
        if is_sample_line(line) { samples += 1 } else { other += 1 }
    }
    samples > 0 && samples > other * 2
}

fn is_sample_line(line: &str) -> bool {
    let name_end = line
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.')))
        .unwrap_or(line.len());
    let (name, rest) = line.split_at(name_end);
    // A name may have colons inside; at its end stands the one of a key of YAML.
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == ':');
    if !begins || name.ends_with(':') {
        return false;
    }
    let rest = match rest.strip_prefix('{') {
        Some(labels) => match labels.rfind('}') {
            Some(end) => &labels[end + 1..],
            None => return false,
        },
        None => rest,
    };
    let mut words = rest.split_whitespace();
    let number = words.next().is_some_and(|w| w.parse::<f64>().is_ok());
    number && words.next().is_none_or(|w| w.parse::<f64>().is_ok() || w == "#")
}

/// Keys that tell JSON artifacts apart: all keys of an entry must stand in the text.
const JSON_KEYS: &[(&[&str], K)] = &[
    (&["\"inferguard-engine-metrics-timeline/v1\""], K::Report),
    (&["\"dcgm-correlated/v1\""], K::Report),
    (&["\"inferguard-raw-prom-samples/v1\""], K::Report),
    (&["\"inferguard-metrics-summary/v1\""], K::Report),
    (&["\"inferguard-partial-results/v1\""], K::Report),
    (&["inferguard-lmcache-packet/v1"], K::Manifest),
    (&["inferguard-observability-compat/v1"], K::Report),
    (&["inferguard-observability-coverage/v1"], K::Report),
    (&["\"inferguard/check/v1\""], K::Report),
    (&["inferguard-bottleneck-diagnosis/v1"], K::Report),
    // HAR: its entries may hold any answer.
    (&["\"log\"", "\"entries\"", "\"request\"", "\"response\""], K::HttpAnswer),
    (&["inferguard-lmcache-http-evidence/v1"], K::HttpEvidence),
    (&["inferguard-lmcache-otel-evidence/v1"], K::SpanEvidence),
    (&["inferguard-lmcache-logs/v1"], K::LogEvidence),
    (&["inferguard-lmcache-lookup-hash-evidence/v1"], K::LookupHashEvidence),
    (&["inferguard-lmcache-trace-evidence/v1"], K::TraceEvidence),
    (&["inferguard-lmcache-trace-replay-evidence/v1"], K::ReplayEvidence),
    (&["\"storage_calls\"", "\"record_count\""], K::TraceEvidence),
    (&["\"op_counts\"", "\"latency_ms\"", "\"source_kind\""], K::ReplayEvidence),
    (&["\"resourceSpans\""], K::OtlpSpans),
    (&["\"resourceMetrics\""], K::OtlpMetrics),
    (&["\"sha256\"", "\"files\""], K::Manifest),
    (&["\"argv\""], K::Command),
    (&["\"chunk_hashes\""], K::LookupHash),
    (&["\"is_healthy\""], K::HttpAnswer),
    (&["\"openapi\"", "\"paths\""], K::HttpAnswer),
    (&["\"latency_ms\"", "\"ops\""], K::TraceReplay),
];

fn by_json(base: &str, name: &str, body: &str) -> Option<K> {
    for (keys, kind) in JSON_KEYS {
        if keys.iter().all(|k| body.contains(k)) {
            return Some(*kind);
        }
    }
    let _ = (base, name);
    None
}

/// What a name says: (test on the lower-case base name, kind). First match wins.
fn by_name(base: &str, name: &str, head: &[u8]) -> K {
    let lower = base.to_ascii_lowercase();
    let stem = lower.strip_suffix(".gz").unwrap_or(&lower);
    let dir = name.to_ascii_lowercase();
    let ends = |list: &[&str]| list.iter().any(|e| stem.ends_with(e));
    let starts = |list: &[&str]| list.iter().any(|e| stem.starts_with(e));
    let in_http = dir.split('/').rev().skip(1).any(|d| d == "http" || d.starts_with("http_"));
    if starts(&["bottleneck_diagnosis."]) {
        return K::Report;
    }
    // A collected packet's answers are text by their names.
    if starts(&["lmcache_", "engine_"]) && ends(&[".txt"]) {
        return K::HttpAnswer;
    }
    if ends(&[".prom", ".metrics"]) || stem == "metrics" || stem == "metrics.txt" {
        return K::PrometheusText;
    }
    if stem == "manifest.json" || stem == "fixture.json" || starts(&["packet_manifest"]) {
        return K::Manifest;
    }
    if ends(&[".lct"]) {
        return K::Lct;
    }
    if stem.contains("spans.otlp") || stem.contains("otel") && ends(&[".jsonl", ".json"]) {
        return K::OtlpSpans;
    }
    if stem.contains("metrics.otlp") {
        return K::OtlpMetrics;
    }
    if starts(&["trace_info", "trace_replay", "replay"]) {
        return K::TraceReplay;
    }
    if starts(&["lookup_hash"]) {
        return K::LookupHash;
    }
    if ends(&["command.json", "cmdline"]) {
        return K::Command;
    }
    if starts(&["scrapes.json", "http_index", "timeline.jsonl", "l2_listing", "index.json"]) {
        return K::Manifest;
    }
    if starts(&["requests", "workload", "request_log"]) {
        return K::Requests;
    }
    if ends(&[".log"]) || starts(&["log."]) {
        return K::Log;
    }
    if in_http || starts(&["lmcache-http", "lmcache_status", "lmcache_health", "lmcache_conf"]) {
        return K::HttpAnswer;
    }
    if ends(&[".yaml", ".yml", ".toml"]) {
        return if starts(&["pod", "deploy", "events"]) { K::Host } else { K::Config };
    }
    if starts(&["env"]) {
        return K::Environment;
    }
    if starts(&[
        "pip_freeze",
        "pip-freeze",
        "meminfo",
        "limits",
        "sockets",
        "df",
        "dmesg",
        "pod",
        "node",
        "kubectl",
        "events",
        "dashboard",
        "prometheus",
    ]) {
        return K::Host;
    }
    if ends(&[".json"]) {
        return K::HttpAnswer;
    }
    let log = looks_like_log(head)
        || holds_traceback(head) && lmcache_launch::recognise(Some(name), head).is_none();
    if log { K::Log } else { K::Unknown }
}

/// A Python traceback: what a terminal shows of a program that failed is read as its log.
fn holds_traceback(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    text.lines().any(|l| l.trim_end().ends_with("Traceback (most recent call last):"))
}

/// Lines that begin with a level, a date or a bracketed time.
fn looks_like_log(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let marked = |line: &str| {
        ["INFO", "WARNING", "ERROR", "DEBUG", " - INFO - "].iter().any(|w| line.contains(w))
    };
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).take(20).collect();
    !lines.is_empty() && lines.iter().filter(|l| marked(l)).count() * 3 > lines.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_beats_name() {
        let page: &[u8] = b"# HELP a b\n# TYPE a counter\na_total 1\n";
        for (name, head, want) in [
            ("notes.txt", page, K::PrometheusText),
            ("x/server.log", page, K::PrometheusText),
            (
                "a.bin",
                b"lmcache_mp_l1_usage_ratio{l1_tag=\"a b\"} 0.5\n".as_slice(),
                K::PrometheusText,
            ),
            ("a.prom", b"<!doctype html>".as_slice(), K::PrometheusText),
            ("a.txt", b"error 404\nsomething went wrong here\n".as_slice(), K::Unknown),
            (
                "check.txt",
                b"$ python -c 'import lmcache.c_ops'\nTraceback (most recent call last):\n  File \"<string>\", line 1, in <module>\nImportError: a.so: undefined symbol: _Z1\n".as_slice(),
                K::Log,
            ),
            ("spans", br#"{"resourceSpans":[]}"#.as_slice(), K::OtlpSpans),
            ("lmcache.yaml", b"chunk_size: 256\nmax_local_cpu_size: 40\n".as_slice(), K::Config),
            ("q.json", br#"{"argv": ["lmcache"], "env": {}}"#.as_slice(), K::Command),
            ("truth.json", br#"{"argv": []}"#.as_slice(), K::Labels),
            ("lookup/l.jsonl", br#"{"chunk_hashes": [1]}"#.as_slice(), K::LookupHash),
            ("server.log", b"[INFO] x".as_slice(), K::Log),
            ("e", b"".as_slice(), K::Empty),
        ] {
            assert_eq!(sniff(name, head), want, "{name}");
        }
    }
}
