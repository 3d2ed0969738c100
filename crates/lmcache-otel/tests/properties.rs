//! Any bytes, and bytes close to real ones, in pieces of any size.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "common/property.rs"]
mod property;

use proptest::prelude::*;

const LINE: &str = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.instance.id","value":{"stringValue":"i"}}]},"scopeSpans":[{"scope":{"name":"lmcache_mp.server"},"spans":[{"traceId":"83086251978501f9f65f8c8749511825","spanId":"869b74142a32c1bb","parentSpanId":"","name":"request","startTimeUnixNano":"1795489462469716480","endTimeUnixNano":1795489462484339456,"attributes":[{"key":"hit_tokens","value":{"intValue":"256"}},{"key":"hit_rate","value":{"doubleValue":0.5}},{"key":"x","value":{"arrayValue":{}}}],"status":{"code":2},"events":[{"name":"exception","attributes":[{"key":"exception.type","value":{"stringValue":"E"}}]}],"flags":257}]}]}]}"#;

fn pretty() -> String {
    let value: serde_json::Value = serde_json::from_str(LINE).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

/// Files made of real parts.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => Just(format!("{LINE}\n")),
        2 => Just(format!("{}\n", pretty())),
        1 => Just(format!("[{LINE},\n{LINE}]\n")),
        1 => Just(format!("{}\n", &LINE[..LINE.len() / 2])),
        1 => Just("\n  \n".to_owned()),
        1 => Just("noise\n".to_owned()),
        1 => Just(r#"{"name":"mp.store","trace_id":"0x83086251978501f9f65f8c8749511825","start_time":5,"end_time":9}"#.to_owned() + "\n"),
        1 => Just(LINE.to_owned()),
    ];
    (
        prop::collection::vec(part, 0..6),
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    )
        .prop_map(|(parts, edits)| {
            let mut bytes = parts.concat().into_bytes();
            for (at, byte) in edits {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
            }
            bytes
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn files_of_real_parts(file in file(), piece in 1usize..700) {
        property::holds_for(&file, piece);
    }

    #[test]
    fn any_bytes(file in prop::collection::vec(any::<u8>(), 0..400), piece in 1usize..50) {
        property::holds_for(&file, piece);
    }

    #[test]
    fn bytes_of_protobuf(
        file in prop::collection::vec(prop_oneof![Just(0x0au8), Just(0x12), 0u8..24, any::<u8>()], 0..200),
        piece in 1usize..50,
    ) {
        property::holds_for(&file, piece);
    }
}
