//! What holds for any input: no panic, doing it twice changes nothing, numbers stay.

mod common;

use common::{TEXTS, redactor};
use evidence_redact::{Kind, Redactor};
use proptest::prelude::*;

/// Pieces that detectors react to, and the glue between them.
const PIECES: &[&str] = &[
    "password",
    "token",
    "api_key",
    "prompt",
    "token_ids",
    "input_ids",
    "chunk_hash",
    "cache_salt",
    "host",
    "user",
    "path",
    "role",
    "content",
    "text",
    "Authorization",
    "Cookie",
    "name",
    "value",
    "key",
    "data",
    "kind: Secret",
    "---",
    "=",
    ":",
    ": ",
    " = ",
    "=>",
    ",",
    ", ",
    ";",
    "&",
    "?",
    "'",
    "\"",
    "\\\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\n",
    "\r\n",
    "\0",
    " ",
    "  ",
    "- ",
    "\t",
    "|",
    "#",
    "--",
    "-",
    "@",
    "/",
    "//",
    "://",
    "redis://",
    "http://",
    "s3://",
    "file://",
    "user:pw@",
    "10.1.2.3",
    "fe80::1",
    "2001:db8::1:2",
    "a.corp",
    "gpu-7",
    "alice@acme.com",
    "/home/alice/x.yaml",
    "/site-packages/a.py",
    "/quota/",
    "C:\\Users\\a",
    "hf_abcdefghijklmnop12",
    "Bearer abc123",
    "-----BEGIN KEY-----",
    "-----END KEY-----",
    "QUJDREVGR0hJSktMTU5PUA==",
    "0x5b316308f67bc27e842f2b1736769917",
    "[1, 2, 3]",
    "1",
    "0.5",
    "NaN",
    "None",
    "true",
    "\u{1b}[32m",
    "\u{1b}[0m",
    "redacted-secret-0123456789ab",
    "/redacted-path-0123456789ab.yaml",
    "redacted-host-0123456789ab.invalid",
    "redacted-token-ids-0123456789ab-of-3",
    "é",
    "x",
    "up{",
    "a=\"b\"",
    "} 1",
    "# TYPE up gauge",
    "%3D",
    "eyJhbGciOiJI.eyJzdWIi.x",
];

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(PIECES), 0..24)
        .prop_map(|pieces| pieces.concat().into_bytes())
}

fn stable(redactor: &Redactor, kind: Kind, input: &[u8]) -> Result<(), TestCaseError> {
    let once = redactor.redact(kind, input);
    let twice = redactor.redact(kind, once.bytes());
    prop_assert!(
        twice.is_unchanged(),
        "{:?} {:?}\n once {:?}\n twice {:?}",
        kind,
        String::from_utf8_lossy(input),
        String::from_utf8_lossy(once.bytes()),
        String::from_utf8_lossy(twice.bytes())
    );
    prop_assert!(redactor.find(kind, once.bytes()).is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn twice_is_once_for_any_bytes(input in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut redactor = redactor();
        for kind in Kind::ALL {
            stable(&redactor, kind, &input)?;
            redactor.learn(kind, &input);
        }
        redactor.scan(&input);
        Kind::guess("x", &input);
    }

    #[test]
    fn twice_is_once_for_telling_pieces(input in pieces()) {
        let redactor = redactor();
        for kind in TEXTS {
            stable(&redactor, kind, &input)?;
        }
        redactor.scan(&input);
    }

    #[test]
    fn learning_does_not_unsettle(input in pieces()) {
        for kind in TEXTS {
            let mut redactor = redactor();
            redactor.learn(kind, &input);
            let once = redactor.redact(kind, &input).into_bytes().into_owned();
            // A later check starts with what the clean file teaches.
            let mut fresh = common::redactor();
            fresh.learn(kind, &once);
            prop_assert!(fresh.redact(kind, &once).is_unchanged());
            prop_assert!(redactor.redact(kind, &once).is_unchanged());
        }
    }

    #[test]
    fn json_stays_json_with_the_same_numbers(
        prompt in "[ -~\u{e9}\n]{0,30}",
        numbers in prop::collection::vec(any::<f64>().prop_filter("finite", |n| n.is_finite()), 0..6),
        host in "[a-z]{2,8}-[0-9]{1,3}",
    ) {
        let value = serde_json::json!({
            "prompt": prompt, "host": host, "numbers": numbers, "n": {"deep": [null, true, "x"]},
        });
        let text = serde_json::to_string(&value).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let redactor = redactor();
        let clean = redactor.redact(Kind::Json, text.as_bytes());
        let back: serde_json::Value = serde_json::from_slice(clean.bytes()).unwrap();
        prop_assert_eq!(&back["numbers"], &value["numbers"]);
        prop_assert_eq!(&back["n"], &value["n"]);
        prop_assert_ne!(&back["host"], &value["host"]);
    }

    #[test]
    fn samples_keep_everything_but_the_insides_of_label_values(
        name in "[a-z_:]{1,12}", label in "[a-z_]{1,10}", value in "[ -!#-\\[\\]-~]{0,30}",
        number in any::<f64>(),
    ) {
        let line = format!("{name}{{{label}=\"{value}\",le=\"0.5\"}} {number:?} 1795490079502\n");
        let redactor = redactor();
        let clean = redactor.redact(Kind::Prometheus, line.as_bytes());
        let shown = String::from_utf8_lossy(clean.bytes()).into_owned();
        let head = format!("{name}{{{label}=\"");
        let tail = format!("\",le=\"0.5\"}} {number:?} 1795490079502\n");
        prop_assert!(shown.starts_with(&head) && shown.ends_with(&tail), "{} {}", line, shown);
    }
}

/// One line of 60 kB of the same piece. Work that grows with the square of a line would keep this
/// test busy for many minutes instead of seconds.
#[test]
fn hostile_lines_come_to_an_end() {
    let redactor = redactor();
    for piece in [
        "a",
        "a.",
        "a-",
        ":",
        "[",
        "{\"a\":",
        "\\",
        "'",
        "/a",
        "-----BEGIN ",
        "x@",
        "1.",
        "a=",
        "token=",
        "a::",
        "10.",
        "\u{1b}[",
        "prompt='",
        "token_ids=[",
        "hosts=",
        "password=a,",
    ] {
        let text = piece.repeat(60_000 / piece.len());
        for kind in TEXTS {
            redactor.redact(kind, text.as_bytes());
        }
        redactor.scan(text.as_bytes());
    }
}
