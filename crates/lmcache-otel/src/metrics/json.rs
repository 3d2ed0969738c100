//! OTLP/JSON metrics.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::State;
use super::data::{Kind, Metric, Point, PointValue, exponential};
use crate::issue::IssueKind;
use crate::json::{Attribute, List, Number, Resource, Text, Whole, quote_non_finite};
use crate::span::{Origin, Value};
use crate::split::Outcome;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default, rename = "resourceMetrics", alias = "resource_metrics")]
    metrics: Option<List<ResourceMetrics<'a>>>,
    #[serde(default, rename = "resourceSpans", alias = "resource_spans")]
    spans: Option<IgnoredAny>,
    #[serde(default, rename = "resourceLogs", alias = "resource_logs")]
    logs: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct ResourceMetrics<'a> {
    #[serde(borrow, default)]
    resource: Option<Resource<'a>>,
    #[serde(
        borrow,
        default,
        rename = "scopeMetrics",
        alias = "scope_metrics",
        alias = "instrumentationLibraryMetrics"
    )]
    scopes: List<ScopeMetrics<'a>>,
}

#[derive(Deserialize)]
struct ScopeMetrics<'a> {
    #[serde(borrow, default)]
    metrics: List<JsonMetric<'a>>,
}

#[derive(Deserialize)]
struct JsonMetric<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    unit: Text<'a>,
    #[serde(borrow, default)]
    gauge: Option<Data<'a>>,
    #[serde(borrow, default)]
    sum: Option<Data<'a>>,
    #[serde(borrow, default)]
    histogram: Option<Data<'a>>,
    #[serde(borrow, default, rename = "exponentialHistogram", alias = "exponential_histogram")]
    exponential: Option<Data<'a>>,
    #[serde(borrow, default)]
    summary: Option<Data<'a>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow, default, rename = "dataPoints", alias = "data_points")]
    points: List<JsonPoint<'a>>,
    #[serde(borrow, default, rename = "aggregationTemporality", alias = "aggregation_temporality")]
    temporality: crate::json::Any<'a>,
    #[serde(default, rename = "isMonotonic", alias = "is_monotonic")]
    is_monotonic: Option<bool>,
}

#[derive(Deserialize)]
struct JsonPoint<'a> {
    #[serde(borrow, default)]
    attributes: List<Attribute<'a>>,
    #[serde(default, rename = "timeUnixNano", alias = "time_unix_nano")]
    time: Whole,
    #[serde(default, rename = "startTimeUnixNano", alias = "start_time_unix_nano")]
    start: Whole,
    #[serde(default)]
    flags: Whole,
    #[serde(borrow, default, rename = "asInt", alias = "as_int")]
    as_int: Option<crate::json::Any<'a>>,
    #[serde(default, rename = "asDouble", alias = "as_double")]
    as_double: Option<Number>,
    #[serde(default)]
    count: Whole,
    #[serde(default)]
    sum: Option<Number>,
    #[serde(default, rename = "bucketCounts", alias = "bucket_counts")]
    counts: List<Whole>,
    #[serde(default, rename = "explicitBounds", alias = "explicit_bounds")]
    bounds: List<Number>,
    #[serde(default)]
    scale: Option<i32>,
    #[serde(default, rename = "zeroCount", alias = "zero_count")]
    zeros: Whole,
    #[serde(default)]
    positive: Option<Buckets>,
    #[serde(default)]
    negative: Option<Buckets>,
    #[serde(default, rename = "quantileValues", alias = "quantile_values")]
    quantiles: List<Quantile>,
}

#[derive(Deserialize)]
struct Buckets {
    #[serde(default)]
    offset: Option<i32>,
    #[serde(default, rename = "bucketCounts", alias = "bucket_counts")]
    counts: List<Whole>,
}

#[derive(Deserialize)]
struct Quantile {
    #[serde(default)]
    quantile: Number,
    #[serde(default)]
    value: Number,
}

pub(super) fn record(
    record: &[u8],
    line: u64,
    offset: u64,
    may_continue: bool,
    state: &mut State,
) -> Outcome {
    let text = String::from_utf8_lossy(record);
    let text = text.trim_start_matches('\u{feff}');
    match serde_json::from_str::<Line<'_>>(text) {
        Ok(read) => take(&read, line, offset, state),
        Err(error) if error.is_eof() && may_continue => return Outcome::Unfinished,
        Err(error) => {
            let quoted = quote_non_finite(text);
            if let Some(Ok(read)) = quoted.as_deref().map(serde_json::from_str::<Line<'_>>) {
                state.issues.push(IssueKind::Lenient, line, offset, "bare NaN or Infinity");
                take(&read, line, offset, state);
                return Outcome::Done;
            }
            let (kind, message) = match error.classify() {
                serde_json::error::Category::Eof => (IssueKind::Torn, "the record is cut off"),
                serde_json::error::Category::Data => {
                    (IssueKind::BadJson, "a value has another type than OTLP gives it")
                }
                _ => (IssueKind::BadJson, "not JSON"),
            };
            state.issues.push(kind, line, offset, message);
        }
    }
    Outcome::Done
}

fn take(read: &Line<'_>, line: u64, offset: u64, state: &mut State) {
    if read.spans.is_some() {
        state.file.span_records += 1;
    }
    let Some(resources) = &read.metrics else {
        if read.spans.is_none() && read.logs.is_none() {
            let message = "an object without a key of OTLP";
            state.issues.push(IssueKind::UnknownShape, line, offset, message);
        }
        return;
    };
    for resource in &resources.0 {
        let mut origin = Origin::default();
        for attribute in resource.resource.iter().flat_map(|r| &r.attributes.0) {
            let (key, value) = attribute.pair();
            origin.take(key, value);
        }
        let metrics: Vec<Metric> =
            resource.scopes.0.iter().flat_map(|s| &s.metrics.0).filter_map(metric).collect();
        state.take(&origin, &metrics, line, offset);
    }
}

fn metric(json: &JsonMetric<'_>) -> Option<Metric> {
    let (kind, data) = None
        .or_else(|| json.gauge.as_ref().map(|data| (Kind::Gauge, data)))
        .or_else(|| {
            json.sum.as_ref().map(|data| {
                let counts = data.is_monotonic == Some(true);
                (if counts { Kind::Counter } else { Kind::Gauge }, data)
            })
        })
        .or_else(|| json.histogram.as_ref().map(|data| (Kind::Histogram, data)))
        .or_else(|| json.exponential.as_ref().map(|data| (Kind::Histogram, data)))
        .or_else(|| json.summary.as_ref().map(|data| (Kind::Summary, data)))?;
    let is_delta = match data.temporality.value() {
        Value::Int(code) => code == 1,
        Value::Text(name) => name.ends_with("DELTA"),
        _ => false,
    };
    Some(Metric {
        name: json.name.0.clone().into_owned(),
        unit: json.unit.0.clone().into_owned(),
        kind,
        is_delta,
        points: data.points.0.iter().map(|point| self::point(point, kind)).collect(),
    })
}

fn point(json: &JsonPoint<'_>, kind: Kind) -> Point {
    let wholes = |list: &List<Whole>| list.0.iter().map(|n| n.0).collect::<Vec<u64>>();
    let value = if json.flags.0 & 1 == 1 {
        PointValue::None
    } else {
        match kind {
            Kind::Gauge | Kind::Counter => match (&json.as_int, json.as_double) {
                (Some(any), _) => match any.value() {
                    Value::Int(value) => PointValue::Int(value),
                    Value::Text(text) => text.parse().map_or(PointValue::None, PointValue::Int),
                    Value::Double(value) => PointValue::Double(value),
                    _ => PointValue::None,
                },
                (None, Some(double)) => PointValue::Double(double.0),
                (None, None) => PointValue::None,
            },
            Kind::Summary => PointValue::Summary {
                count: json.count.0,
                sum: json.sum.map_or(0.0, |sum| sum.0),
                quantiles: json.quantiles.0.iter().map(|q| (q.quantile.0, q.value.0)).collect(),
            },
            Kind::Histogram => {
                let (bounds, counts) = match (json.scale, &json.positive) {
                    (None, None) => {
                        (json.bounds.0.iter().map(|n| n.0).collect(), wholes(&json.counts))
                    }
                    (scale, positive) => {
                        let list = |b: &Option<Buckets>| b.as_ref().map(|b| wholes(&b.counts));
                        exponential(
                            scale.unwrap_or(0),
                            json.zeros.0,
                            positive.as_ref().and_then(|p| p.offset).unwrap_or(0),
                            &list(positive).unwrap_or_default(),
                            &list(&json.negative).unwrap_or_default(),
                        )
                    }
                };
                PointValue::Histogram {
                    count: json.count.0,
                    sum: json.sum.map(|s| s.0),
                    bounds,
                    counts,
                }
            }
        }
    };
    Point {
        labels: json
            .attributes
            .0
            .iter()
            .map(Attribute::pair)
            .filter_map(|(key, value)| Some((key.to_owned(), super::page::label(value)?)))
            .collect(),
        time: json.time.0,
        start: json.start.0,
        value,
    }
}
