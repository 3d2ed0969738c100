//! Nothing panics, whatever the bytes; reading is a function of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::fmt::Write as _;

use lmcache_launch::{Kind, recognise};
use proptest::prelude::*;

/// How many, from `PROPTEST_CASES` where it is set.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(96)
}

/// Texts that look like something, with holes for anything.
fn shaped() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("vllm serve m ".to_owned()),
        Just("lmcache server ".to_owned()),
        Just("--kv-transfer-config ".to_owned()),
        Just("{\"kv_connector\":\"X\"".to_owned()),
        Just("{\"argv\":[\"vllm\",\"serve\"]}".to_owned()),
        Just("containers:\n  - name: x\n    args: [a]\n".to_owned()),
        Just("chunk_size: 256\n".to_owned()),
        Just("Name: x\nContainers:\n  c:\n    Image: y\n".to_owned()),
        Just("Filesystem Size\n/dev/x 1K 2G 3T 4% /\n".to_owned()),
        Just("sum by (x) (rate(m{a=\"".to_owned()),
        Just("time=1 level=x msg=\"".to_owned()),
        Just("NAME=\"value\n".to_owned()),
        Just("a\0b=c\0".to_owned()),
        Just("'\"\\$({[".to_owned()),
        Just("&a [*a, *a]\n".to_owned()),
        Just("9999999999999999999999Ki 1e999 -0 nan\n".to_owned()),
        Just("é\u{2028}\u{85}𝄞".to_owned()),
        any::<String>(),
        "[ -~\n]{0,40}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn any_text_is_survived(text in shaped()) {
        let reader = common::reader();
        let first = recognise(Some("x.yaml"), text.as_bytes());
        prop_assert_eq!(first, recognise(Some("x.yaml"), text.as_bytes()));
        for kind in Kind::ALL {
            let one = reader.read(*kind, None, text.as_bytes());
            if let Ok(evidence) = &one {
                prop_assert!(serde_json::to_string(evidence).is_ok());
            }
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let reader = common::reader();
        let _ = recognise(None, &bytes);
        for kind in Kind::ALL {
            let _ = reader.read(*kind, Some("a/1/b"), &bytes);
        }
    }

    #[test]
    fn names_of_any_query(text in ".{0,200}") {
        let (names, _) = lmcache_launch::environment::metric_names(&text);
        prop_assert!(names.len() <= text.len());
    }
}

#[test]
fn cut_fixtures_are_survived() {
    let text = r#"{"argv":["vllm","serve","m","--kv-transfer-config","{\"kv_connector\":\"LMCacheMPConnector\"}"],"env":{"A":"b"}}"#;
    let reader = common::reader();
    for end in 0..text.len() {
        let cut = &text.as_bytes()[..end];
        let _ = recognise(None, cut);
        for kind in Kind::ALL {
            let _ = reader.read(*kind, None, cut);
        }
    }
}

#[test]
fn bombs_are_bounded() {
    let reader = common::reader();
    let mut yaml = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (i, c) in ('b'..='k').enumerate() {
        let last = char::from(b'a' + u8::try_from(i).unwrap());
        writeln!(
            yaml,
            "{c}: &{c} [*{last}, *{last}, *{last}, *{last}, *{last}, *{last}, *{last}, *{last}]"
        )
        .unwrap();
    }
    let _ = reader.read(Kind::LmcacheConfig, None, yaml.as_bytes());
    let deep = "[".repeat(100_000);
    assert!(reader.read(Kind::Dashboard, None, deep.as_bytes()).is_err());
    let _ = reader.read(Kind::LmcacheConfig, None, format!("a: {deep}").as_bytes());
    let nested = format!("{}1{}", "{\"containers\":[".repeat(60), "]}".repeat(60));
    let _ = reader.read(Kind::Kubernetes, None, nested.as_bytes());
}
