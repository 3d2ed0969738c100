//! The same pages as Python's `prometheus_client` reads them (`tests/data/README.md` has the
//! command that wrote the expected values).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::format_push_string, clippy::format_collect)]
#![allow(clippy::items_after_statements, clippy::default_trait_access)]

use lmcache_prom::text::{Dialect, Event, Labels, Scratch, parse_slice};
use lmcache_prom::{MetricKind, Scrape};
use serde_json::{Map, Value, json};
use std::path::Path;

fn data(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

fn sorted(labels: Labels<'_, '_>) -> Value {
    let mut labels: Vec<_> = labels.map(|(n, v)| [n.into_owned(), v.into_owned()]).collect();
    labels.sort();
    json!(labels)
}

/// A value as Python's `repr` writes it, up to spelling: both parse to the same number.
fn number(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

fn check(page: &str) {
    let bytes = data(&format!("{page}.prom"));
    let expected: Value = serde_json::from_slice(&data(&format!("{page}.expected.json"))).unwrap();
    let expected = expected["families"].as_array().unwrap();
    let scrape = Scrape::parse(&bytes).unwrap();
    assert_eq!(scrape.issues(), []);
    let openmetrics = scrape.dialect() == Dialect::OpenMetrics;

    // Every sample, in order.
    let mut rest = expected.iter().flat_map(|family| family["samples"].as_array().unwrap());
    let mut count = 0;
    parse_slice(&bytes, &mut Scratch::default(), |event| {
        let Event::Sample(sample) = event else { return };
        count += 1;
        let expected = rest.next().expect("more samples than Python reads");
        let value = number(&expected["value"]);
        assert!(
            value == sample.value || value.is_nan() && sample.value.is_nan(),
            "{page}: {sample:?} is {value}"
        );
        let mut found = Map::new();
        found.insert("name".into(), json!(sample.name));
        found.insert("labels".into(), sorted(sample.labels()));
        found.insert("value".into(), expected["value"].clone());
        if let Some(timestamp) = sample.timestamp {
            let dialect = if openmetrics { Dialect::OpenMetrics } else { Dialect::Prometheus };
            found.insert("timestamp".into(), json!(timestamp.seconds(dialect)));
        }
        if let Some(exemplar) = sample.exemplar {
            let mut object = Map::new();
            object.insert("labels".into(), sorted(sample.exemplar_labels()));
            object.insert("value".into(), json!(exemplar.value));
            if let Some(timestamp) = exemplar.timestamp {
                object.insert("timestamp".into(), json!(timestamp));
            }
            found.insert("exemplar".into(), Value::Object(object));
        }
        assert_eq!(&Value::Object(found), expected, "{page}, line {}", sample.line);
    })
    .unwrap();
    assert!(rest.next().is_none(), "{page}: Python reads more than {count} samples");
    assert_eq!(scrape.series_count(), count);

    // Every family, in order. Python's client takes `_total` off the name of a counter.
    let families: Vec<_> = scrape
        .families()
        .map(|family| {
            let name = family.name();
            let counter = family.kind() == MetricKind::Counter;
            let name = if counter { name.strip_suffix("_total").unwrap_or(name) } else { name };
            json!({
                "name": name,
                "type": match family.kind() {
                    MetricKind::Untyped => "unknown",
                    kind => kind.as_str(),
                },
                // Python's client cuts blanks off the end; they are part of the text.
                "help": family.help().unwrap_or("").trim_end(),
                "unit": family.unit().unwrap_or(""),
                "samples": family.series().count(),
            })
        })
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|family| {
            let mut family = family.clone();
            family["samples"] = json!(family["samples"].as_array().unwrap().len());
            family
        })
        .collect();
    assert_eq!(families, expected, "{page}");

    // Every histogram is consistent.
    for family in scrape.families().filter(|family| family.kind() == MetricKind::Histogram) {
        for histogram in scrape.histograms(family.name()) {
            assert_eq!(histogram.faults(), [], "{page}: {}", family.name());
        }
    }
}

#[test]
fn lmcache_0_4_6() {
    check("lmcache-0.4.6");
}

#[test]
fn lmcache_0_5_6() {
    check("lmcache-0.5.6");
}

#[test]
fn vllm_0_32_0() {
    check("vllm-0.32.0");
}

#[test]
fn sglang_0_5_23() {
    check("sglang-0.5.23");
}

#[test]
fn openmetrics() {
    check("openmetrics");
}
