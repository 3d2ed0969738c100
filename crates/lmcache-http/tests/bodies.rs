//! No bytes panic; the bodies of the shipped packets are told.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;

use std::sync::LazyLock;

use lmcache_http::{Answer, Body, HttpEvidence, Reader, captures, path_of};
use proptest::prelude::*;

static READER: LazyLock<Reader> = LazyLock::new(|| Reader::with_salt(*b"bodies").unwrap());

fn read_body(bytes: &[u8]) -> Body {
    READER.read_body(bytes)
}

proptest! {
    #[test]
    fn no_body_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_body(&bytes);
    }

    #[test]
    fn no_json_panics(text in r#"[\[\]{}":,a-z0-9._ -]{0,200}"#) {
        let answer = Answer { file: Some(&text), body: text.as_bytes(), ..Answer::default() };
        let evidence = HttpEvidence::of(READER.routes(), &[READER.read(&answer)]);
        let written = serde_json::to_string(&evidence).unwrap();
        let back: HttpEvidence = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(serde_json::to_string(&back).unwrap(), written);
        let _ = captures(text.as_bytes());
    }

    #[test]
    fn any_url_has_a_path(url in "\\PC{0,60}") {
        prop_assert!(!path_of(&url).is_empty());
    }
}

#[test]
fn deep_nesting_ends() {
    let deep = "[".repeat(100_000);
    assert!(matches!(read_body(deep.as_bytes()), Body::Text));
}

#[test]
fn the_answers_of_the_shipped_packets_are_told() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/packets");
    let (mut status, mut config, mut version, mut health) = (0, 0, 0, 0);
    for packet in std::fs::read_dir(root).unwrap() {
        let Ok(http) = std::fs::read_dir(packet.unwrap().path().join("http")) else { continue };
        for file in http {
            let path = file.unwrap().path();
            let body = read_body(&std::fs::read(&path).unwrap());
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            match name.as_str() {
                "status.json" => {
                    assert!(matches!(body, Body::Status(_)), "{}: {body:?}", path.display());
                    status += 1;
                }
                "config.json" => {
                    config += usize::from(matches!(body, Body::Config { .. }));
                }
                "lmc_version.json" => {
                    assert!(matches!(body, Body::Version { .. } | Body::Error { .. }), "{body:?}");
                    version += 1;
                }
                "healthcheck.json" => {
                    assert!(matches!(body, Body::Health { .. } | Body::Error { .. }), "{body:?}");
                    health += 1;
                }
                _ => {}
            }
        }
    }
    assert!(
        status >= 4 && config >= 2 && version >= 4 && health >= 4,
        "{status} {config} {version} {health}"
    );
}
