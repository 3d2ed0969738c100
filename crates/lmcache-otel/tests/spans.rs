//! Shapes of span files, and the traps of the generated readers, as tables.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use evidence_redact::{Redactor, Salt};
use lmcache_otel::{IssueKind, SpanEvidence, read_spans};

fn read(file: &[u8]) -> SpanEvidence {
    read_spans(file, &Redactor::new(Salt::new(*b"a test's own salt")).unwrap())
}

/// One export with one `mp.store` span; `attribute` is the value of its only attribute.
fn export(attribute: &str) -> String {
    format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"scope":{{"name":"lmcache_mp.server"}},"spans":[
        {{"traceId":"83086251978501f9f65f8c8749511825","spanId":"869b74142a32c1bb","name":"mp.store",
        "startTimeUnixNano":"1000","endTimeUnixNano":"3500",
        "attributes":[{{"key":"num_tokens","value":{attribute}}}]}}]}}]}}]}}"#
    )
    .replace('\n', " ")
}

#[test]
fn values_that_lose_a_line_elsewhere() {
    for (value, number) in [
        (r#"{"stringValue":"1024"}"#, Some(1024.0)),
        (r#"{"intValue":"1024"}"#, Some(1024.0)),
        (r#"{"intValue":1024}"#, Some(1024.0)),
        (r#"{"doubleValue":1.5}"#, Some(1.5)),
        (r#"{"doubleValue":"NaN"}"#, None),
        (r#"{"doubleValue":NaN}"#, None),
        (r#"{"doubleValue":"Infinity"}"#, None),
        (r#"{"arrayValue":{}}"#, None),
        (r#"{"arrayValue":{"values":[]}}"#, None),
        (r#"{"kvlistValue":{}}"#, None),
        (r#"{"bytesValue":"AAE="}"#, None),
        (r#"{"boolValue":true}"#, None),
        ("{}", None),
        ("null", None),
        (r#"{"futureValue":{"a":[1,2]}}"#, None),
    ] {
        let evidence = read(export(value).as_bytes());
        assert_eq!(evidence.lmcache_span_count, 1, "{value}: {:?}", evidence.parse_errors);
        let stats = &evidence.names["mp.store"].attributes["num_tokens"];
        assert_eq!(stats.numbers.as_ref().map(|n| n.sum), number, "{value}");
        let text = serde_json::to_string(&evidence).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
    }
}

#[test]
fn spellings_of_keys_codes_and_ids() {
    let plain = export(r#"{"intValue":"7"}"#);
    for file in [
        plain.replace("resourceSpans", "resource_spans").replace("scopeSpans", "scope_spans"),
        plain
            .replace("scopeSpans", "instrumentationLibrarySpans")
            .replace("\"scope\"", "\"instrumentationLibrary\""),
        plain.replace("83086251978501f9f65f8c8749511825", "83086251978501F9F65F8C8749511825"),
        plain.replace("\"1000\"", "1000").replace("\"3500\"", "3500"),
        format!("[{plain},\n{plain}]").replacen(&plain, &plain, 1),
        format!("\u{feff}{plain}"),
        plain.replace(
            "\"name\":\"mp.store\"",
            "\"name\":\"mp.store\",\"unknown\":{\"a\":[]},\"status\":{}",
        ),
        serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&plain).unwrap())
            .unwrap(),
    ] {
        let evidence = read(file.as_bytes());
        assert_eq!(evidence.parse_errors, [""; 0], "{file}");
        assert!(evidence.mp_span_count >= 1, "{file}");
        assert_eq!(evidence.latency_seconds["mp.store"].max, 2.5e-6);
        assert_eq!(evidence.trees.traces, 1);
    }
    let failed = plain.replace(
        "\"name\":\"mp.store\"",
        "\"name\":\"mp.store\",\"status\":{\"code\":\"STATUS_CODE_ERROR\"}",
    );
    assert_eq!(read(failed.as_bytes()).names["mp.store"].errors, 1);
    // Ids as protobuf's own JSON writes them, and ids that are none: the span counts.
    for (id, bad, traces) in
        [("gwhiUZeFAfn2X4yHSVEYJQ==", 0, 1), ("83086251978501", 1, 0), ("", 1, 0)]
    {
        let file = plain.replace("83086251978501f9f65f8c8749511825", id);
        let evidence = read(file.as_bytes());
        let found = (evidence.mp_span_count, evidence.sampling.bad_ids, evidence.trees.traces);
        assert_eq!(found, (1, bad, traces), "{id}");
    }
}

#[test]
fn a_wrong_key_is_not_silent() {
    for (file, kind) in [
        (r#"{"resourceSpan":[]}"#, Some(IssueKind::UnknownShape)),
        (r#"{"a":1}"#, Some(IssueKind::UnknownShape)),
        ("{}", Some(IssueKind::UnknownShape)),
        ("[1]", Some(IssueKind::BadJson)),
        ("hello", Some(IssueKind::BadJson)),
        (r#"{"resourceSpans":"#, Some(IssueKind::Torn)),
        (r#"{"resourceSpans":[}"#, Some(IssueKind::BadJson)),
        (r#"{"resourceSpans":[]}"#, None),
        (r#"{"resourceSpans":null,"resourceLogs":[]}"#, None),
        ("", None),
        ("\n\n", None),
    ] {
        let evidence = read(file.as_bytes());
        assert_eq!(
            evidence.issues.first().map(|i| i.kind),
            kind,
            "{file}: {:?}",
            evidence.parse_errors
        );
        assert_eq!(evidence.claim_status, "not_proven");
    }
    let metrics = read(br#"{"resourceMetrics":[]}"#);
    assert_eq!((metrics.metric_records, metrics.issue_count), (1, 0));
}

#[test]
fn foreign_spans_are_counted_and_not_claimed() {
    let foreign =
        export("{}").replace("lmcache_mp.server", "vllm.llm_engine").replace("mp.store", "request");
    let evidence = read(foreign.as_bytes());
    assert_eq!(
        (evidence.span_count, evidence.lmcache_span_count, evidence.foreign_span_count),
        (1, 0, 1)
    );
    assert_eq!(evidence.foreign_names["request"], 1);
    assert!(!evidence.present);
    // A bare span without a scope: claimed by a name that is LMCache's alone, or by its attribute.
    let bare = |name: &str, attributes: &str| {
        format!(
            r#"{{"name":"{name}","traceId":"83086251978501f9f65f8c8749511825","startTimeUnixNano":"1","endTimeUnixNano":"2","attributes":[{attributes}]}}"#
        )
    };
    let own = r#"{"key":"session_id","value":{"stringValue":"s"}}"#;
    assert_eq!(read(bare("mp.store", "").as_bytes()).lmcache_span_count, 1);
    assert_eq!(read(bare("request", "").as_bytes()).lmcache_span_count, 0);
    assert_eq!(read(bare("request", own).as_bytes()).request_span_count, 1);
    // A name of a newer release in LMCache's scope is LMCache's, and is said to be unknown.
    let newer = read(export("{}").replace("mp.store", "mp.reload").as_bytes());
    assert_eq!((newer.lmcache_span_count, newer.unknown_names), (1, vec!["mp.reload".to_owned()]));
}

#[test]
fn one_torn_line_loses_one_line() {
    let line = export(r#"{"intValue":"1"}"#);
    let torn = &line[..line.len() - 30];
    let file = format!("{line}\n{torn}\n{line}\nnoise\n{line}\n{torn}");
    let evidence = read(file.as_bytes());
    assert_eq!(evidence.records, 3);
    let issues: Vec<(IssueKind, u64)> = evidence.issues.iter().map(|i| (i.kind, i.line)).collect();
    assert_eq!(issues, [(IssueKind::Torn, 2), (IssueKind::BadJson, 4), (IssueKind::Torn, 6)]);
    assert_eq!(evidence.issues[0].offset, line.len() as u64 + 1);
}

#[test]
fn other_exporters() {
    // Jaeger counts microseconds: 30 ms, not 30000 s.
    let jaeger = br#"{"data":[{"traceID":"83086251978501f9f65f8c8749511825","spans":[
        {"traceID":"83086251978501f9f65f8c8749511825","spanID":"869b74142a32c1bb","operationName":"mp.retrieve",
         "startTime":1795489462469716,"duration":30000}]}]}"#;
    let evidence = read(jaeger);
    assert_eq!(evidence.names["mp.retrieve"].duration.as_ref().unwrap().max_ns, 30_000_000);
    let console = br#"{"name":"mp.store","context":{"trace_id":"0x83086251978501f9f65f8c8749511825","span_id":"0x869b74142a32c1bb"},
        "parent_id":"0x1111111111111111","start_time":"2026-11-24T03:15:34.000000Z","end_time":"2026-11-24T03:15:34.250000Z",
        "status":{"status_code":"ERROR"},"attributes":{"stored_count":"4","num_tokens":1024}}"#;
    let evidence = read(console);
    let store = &evidence.names["mp.store"];
    assert_eq!((store.duration.as_ref().unwrap().max_ns, store.errors), (250_000_000, 1));
    assert_eq!(store.attributes["num_tokens"].numbers.as_ref().unwrap().sum, 1024.0);
    assert_eq!(evidence.trees.orphans["mp.store"], 1);
}

#[test]
fn nanoseconds_are_exact() {
    let file = export("{}")
        .replace("\"1000\"", "\"1795489462469716480\"")
        .replace("\"3500\"", "\"1795489462479716480\"");
    assert_eq!(
        read(file.as_bytes()).names["mp.store"].duration.as_ref().unwrap().max_ns,
        10_000_000
    );
    let back = export("{}").replace("\"1000\"", "\"9000\"");
    let store = &read(back.as_bytes()).names["mp.store"];
    assert_eq!((store.negative, store.duration.as_ref()), (1, None));
}

#[test]
fn ids_salts_and_paths_do_not_leave() {
    let span = |key: &str, value: &str| {
        export("{}").replace(
            r#"{"key":"num_tokens","value":{}}"#,
            &format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#),
        )
    };
    let file = [
        span("session_id", "chatcmpl-secret-session"),
        span("cache_salt", "acme-tenant"),
        span("model_name", "/home/alice/models/tiny"),
        span("prompt", "tell me a secret"),
        span("x", "hf_abcdefghijklmnopqrstuvwxyz012345"),
        export("{}")
            .replace("lmcache_mp.server", "web")
            .replace("mp.store", "GET http://10.1.2.3/u/alice@example.com"),
    ]
    .join("\n");
    let evidence = read(file.as_bytes());
    assert_eq!(evidence.span_count, 6);
    assert_eq!(evidence.names["mp.store"].attributes["cache_salt"].distinct, Some(1));
    let text = serde_json::to_string(&evidence).unwrap();
    for planted in ["secret", "acme", "alice", "hf_abc", "10.1.2.3"] {
        assert!(!text.contains(planted), "{planted} in {text}");
    }
}

#[test]
fn an_old_server_s_spans_bound_the_release() {
    let span = |attributes: &str| {
        export("{}")
            .replace("mp.store", "mp.lookup_prefetch")
            .replace(r#"{"key":"num_tokens","value":{}}"#, attributes)
    };
    let key = |key: &str| format!(r#"{{"key":"{key}","value":{{"stringValue":"1"}}}}"#);
    let keys = |keys: &[&str]| keys.iter().map(|k| key(k)).collect::<Vec<_>>().join(",");
    let old = read(span(&keys(&["found_count", "session_id"])).as_bytes()).releases;
    assert_eq!((old.from.as_deref(), old.to.as_deref()), (Some("0.4.3"), Some("0.4.4")));
    let middle =
        ["found_count", "session_id", "cache_salt", "hit_tokens", "model_name", "requested_tokens"];
    let middle = read(span(&keys(&middle)).as_bytes()).releases;
    assert_eq!((middle.from.as_deref(), middle.to.as_deref()), (Some("0.4.5"), Some("0.5.4")));
    assert!(middle.fits("0.4.6".parse().unwrap()) && !middle.fits("0.5.5".parse().unwrap()));
}
