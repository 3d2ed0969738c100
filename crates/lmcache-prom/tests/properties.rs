//! What holds for all inputs: round trip, prefixes, chunks, no panic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::format_push_string, clippy::format_collect)]
#![allow(clippy::items_after_statements, clippy::default_trait_access)]

mod common;
#[path = "common/property.rs"]
mod property;

use common::{events, samples, streamed};
use lmcache_prom::text::{Event, Scratch, parse_slice};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A sample to be rendered.
#[derive(Debug, Clone)]
struct Given {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
    timestamp: Option<i64>,
    exemplar: Option<(BTreeMap<String, String>, f64, Option<f64>)>,
}

fn bare(text: &str, colon: bool) -> bool {
    let mut bytes = text.bytes();
    let first = |b: u8| b.is_ascii_alphabetic() || b == b'_' || (colon && b == b':');
    bytes.next().is_some_and(first) && bytes.all(|b| first(b) || b.is_ascii_digit())
}

fn quote(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{text}\"")
}

fn render_labels(labels: &BTreeMap<String, String>) -> Vec<String> {
    labels
        .iter()
        .map(|(name, value)| {
            let name = if bare(name, false) { name.clone() } else { quote(name) };
            format!("{name}={}", quote(value))
        })
        .collect()
}

fn render_value(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        format!("{value:?}")
    }
}

impl Given {
    fn render(&self) -> String {
        let mut labels = render_labels(&self.labels);
        let mut line = String::new();
        if bare(&self.name, true) {
            line.push_str(&self.name);
        } else {
            labels.insert(0, quote(&self.name));
        }
        if !labels.is_empty() {
            line += &format!("{{{}}}", labels.join(","));
        }
        line += &format!(" {}", render_value(self.value));
        if let Some(timestamp) = self.timestamp {
            line += &format!(" {timestamp}");
        }
        if let Some((labels, value, timestamp)) = &self.exemplar {
            let labels = render_labels(labels).join(",");
            line += &format!(" # {{{labels}}} {}", render_value(*value));
            if let Some(timestamp) = timestamp {
                line += &format!(" {timestamp:?}");
            }
        }
        line.push('\n');
        line
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z_][a-zA-Z0-9_]{0,40}",
        "[ -~]{0,12}",
        proptest::collection::vec(
            prop_oneof![
                Just('\\'),
                Just('"'),
                Just('\n'),
                Just('\r'),
                Just('}'),
                Just('{'),
                Just(','),
                Just('='),
                Just('#'),
                Just(' '),
                Just('\u{2028}'),
                Just('\u{85}'),
                any::<char>()
            ],
            0..10
        )
        .prop_map(|chars| chars.into_iter().collect()),
    ]
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        (0_u32..100_000).prop_map(f64::from),
        (0_u32..100_000).prop_map(|n| f64::from(n) / 100.0),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
    ]
}

fn labels() -> impl Strategy<Value = BTreeMap<String, String>> {
    let name = prop_oneof![
        4 => "[a-z_][a-z0-9_]{0,8}",
        1 => Just("le".to_owned()),
        1 => Just("quantile".to_owned()),
        1 => text().prop_filter("a label has a name", |name| !name.is_empty()),
    ];
    proptest::collection::btree_map(name, text(), 0..5)
}

fn given() -> impl Strategy<Value = Given> {
    let name = prop_oneof![
        4 => "[a-zA-Z_:][a-zA-Z0-9_:]{0,60}",
        1 => text().prop_filter("a metric has a name", |name| !name.is_empty()),
    ];
    let finite = any::<f64>().prop_filter("finite", |value| value.is_finite());
    let exemplar = (labels(), value(), proptest::option::of(finite));
    (
        name,
        labels(),
        value(),
        proptest::option::weighted(0.2, any::<i64>()),
        proptest::option::weighted(0.2, exemplar),
    )
        .prop_map(|(name, labels, value, timestamp, exemplar)| Given {
            name,
            labels,
            value,
            timestamp,
            exemplar,
        })
}

/// Lines of every kind, good and bad.
fn page() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        6 => given().prop_map(|given| given.render()),
        1 => "# (TYPE|HELP|UNIT) [a-c]{1,2} (counter|gauge|histogram|some text)\n",
        1 => "# EOF\n",
        1 => "[a-c]{1,2}(_bucket|_count|_total|_created)?(\\{le=\"[0-9]\"\\})? [0-9]{1,3}\r?\n",
        1 => "[ -~]{0,20}\n",
    ];
    proptest::collection::vec(line, 0..12).prop_map(|lines| lines.concat())
}

/// Bytes that come close to the grammar.
fn near() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"a",
        b"le",
        b"{",
        b"}",
        b"=\"",
        b"\"",
        b",",
        b" ",
        b"1",
        b".5",
        b"NaN",
        b"\n",
        b"\r\n",
        b"#",
        b"# TYPE a ",
        b"counter",
        b"# EOF",
        b"\\",
        b"\xff",
        b"\0",
        b"\xef\xbb\xbf",
        b"<",
        b"_total",
        b"\xe2\x80\xa8",
    ];
    let piece = proptest::sample::select(pieces);
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn same(a: f64, b: f64) -> bool {
    a == b || a.is_nan() && b.is_nan()
}

/// The same cases on every run; `PROPTEST_CASES` gives more of them.
fn config() -> ProptestConfig {
    let rng_seed = proptest::test_runner::RngSeed::Fixed(0x6c6d_6361_6368_6521);
    ProptestConfig { rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_rendered_is_read_back(given in proptest::collection::vec(given(), 1..8)) {
        let page: String = given.iter().map(Given::render).collect();
        let mut at = 0;
        let mut wrong = None;
        let summary = parse_slice(page.as_bytes(), &mut Scratch::default(), |event| {
            let Event::Sample(sample) = event else {
                wrong.get_or_insert(format!("{event:?}"));
                return;
            };
            let expected = &given[at];
            at += 1;
            let owned = |labels: lmcache_prom::text::Labels<'_, '_>| {
                labels.map(|(n, v)| (n.into_owned(), v.into_owned())).collect::<BTreeMap<_, _>>()
            };
            #[allow(clippy::cast_precision_loss)]
            let timestamp = expected.timestamp.map(|timestamp| timestamp as f64);
            let fits = sample.name == expected.name
                && owned(sample.labels()) == expected.labels
                && same(sample.value, expected.value)
                && sample.timestamp.map(|timestamp| timestamp.raw) == timestamp
                && match (&expected.exemplar, sample.exemplar) {
                    (None, None) => true,
                    (Some((labels, value, timestamp)), Some(found)) => {
                        owned(sample.exemplar_labels()) == *labels
                            && same(found.value, *value)
                            && found.timestamp == *timestamp
                    }
                    _ => false,
                };
            if !fits {
                wrong.get_or_insert(format!("{sample:?} instead of {expected:?}"));
            }
        });
        prop_assert_eq!(wrong, None, "{}", page);
        prop_assert_eq!(at, given.len());
        // A single sample may look like the text of an HTTP error; nothing else is refused.
        prop_assert!(summary.is_ok() || given.len() == 1);
    }

    #[test]
    fn a_cut_page_gives_the_first_samples_of_the_whole(page in page(), cut in any::<prop::sample::Index>()) {
        let whole = samples(page.as_bytes());
        let part = samples(&page.as_bytes()[..cut.index(page.len() + 1)]);
        prop_assert!(whole.starts_with(&part), "{:?} of {:?}", part, whole);
    }

    #[test]
    fn chunks_of_any_size_give_the_same(
        page in prop_oneof![page().prop_map(String::into_bytes), near()],
        sizes in proptest::collection::vec(1_usize..20, 1..6),
    ) {
        let mut rest = page.as_slice();
        let mut chunks = Vec::new();
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, tail) = rest.split_at((*size).min(rest.len()));
            chunks.push(chunk);
            rest = tail;
        }
        prop_assert_eq!(streamed(chunks), events(&page));
    }

    #[test]
    fn pages_keep_all_that_was_said(page in page(), chunk in 1_usize..50) {
        property::holds(page.as_bytes(), chunk);
    }

    #[test]
    fn no_bytes_near_the_grammar_break_it(bytes in near(), chunk in 1_usize..50) {
        property::holds(&bytes, chunk);
    }

    #[test]
    fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..300), chunk in 1_usize..50) {
        property::holds(&bytes, chunk);
    }
}
