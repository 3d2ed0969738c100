//! Fixtures, and frames made to order.
#![allow(dead_code, unreachable_pub, missing_docs)]
// Helpers of tests, although no `#[test]` stands before them.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Read;
use std::path::Path;

use rmpv::Value;

/// A fixture, unpacked.
pub fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(format!("{name}.gz"));
    let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut out).unwrap();
    out
}

pub const STORAGE: [&str; 20] = [
    "0.4.6-A-l1-prefix-replay",
    "0.4.6-A-stores-fail",
    "0.4.6-B-lifecycle-eviction",
    "0.4.6-C-l2-fs",
    "0.4.6-D-otlp",
    "0.4.6-F-salt-quota",
    "0.4.6-G-no-observability",
    "0.4.6-I-hung",
    "0.5.6-A-l1-prefix-replay",
    "0.5.6-B-lifecycle-eviction",
    "0.5.6-C-l2-fs",
    "0.5.6-D-otlp",
    "0.5.6-F-isolatedlru-l1-dead",
    "0.5.6-F-salt-quota",
    "0.5.6-G-eventbus-drops",
    "0.5.6-G-no-observability",
    "0.5.6-H-cacheblend",
    "0.5.6-I-disk-full",
    "0.5.6-I-hung",
    "0.5.6-K-anomalies",
];

pub fn trace(name: &str) -> Vec<u8> {
    fixture(&format!("{name}.lct"))
}

pub fn map(pairs: &[(&str, Value)]) -> Value {
    Value::Map(pairs.iter().map(|(k, v)| (Value::from(*k), v.clone())).collect())
}

pub fn tagged(tag: &str, value: Value) -> Value {
    map(&[("__t__", tag.into()), ("v", value)])
}

pub fn pack(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    rmpv::encode::write_value(&mut out, value).unwrap();
    out
}

pub fn frame(body: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    out.extend_from_slice(body);
    out
}

pub fn header_value() -> Vec<(&'static str, Value)> {
    vec![
        ("type", "header".into()),
        ("magic", Value::Binary(b"LMCT".to_vec())),
        ("format_version", 1.into()),
        ("level", "storage".into()),
        ("trace_schema_version", 1.into()),
        ("t_mono_start", 100.0.into()),
        ("t_wall_start", 1.7e9.into()),
        ("sm_config_json", "".into()),
        ("sm_config_digest", "".into()),
    ]
}

pub fn header() -> Vec<u8> {
    frame(&pack(&map(&header_value())))
}

pub fn key(n: u8) -> Value {
    tagged(
        "ObjectKey",
        map(&[
            ("chunk_hash", Value::Binary(vec![n; 32])),
            ("model_name", "test-model".into()),
            ("kv_rank", 16_777_472.into()),
            ("object_group_id", 0.into()),
        ]),
    )
}

pub fn keys(range: std::ops::Range<u8>) -> Value {
    Value::Array(range.map(key).collect())
}

pub fn qualname(method: &str) -> String {
    format!("lmcache.v1.distributed.storage_manager.StorageManager.{method}")
}

pub fn record_body(t: f64, qualname: &str, args: Value) -> Vec<u8> {
    pack(&map(&[
        ("type", "record".into()),
        ("t_mono", t.into()),
        ("t_wall", (1.7e9 + t).into()),
        ("qualname", qualname.into()),
        ("args", args),
    ]))
}

pub fn record(t: f64, method: &str, args: Value) -> Vec<u8> {
    frame(&record_body(t, &qualname(method), args))
}

/// A sound finish_write of two keys.
pub fn sound(t: f64) -> Vec<u8> {
    record(t, "finish_write", map(&[("keys", keys(1..3))]))
}
