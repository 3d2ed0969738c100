//! Protobuf metrics.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1 as otlp;
use prost::Message;

use super::State;
use super::data::{Kind, Metric, Point, PointValue, exponential};
use crate::frame::frames;
use crate::issue::IssueKind;
use crate::proto::{is_spans, origin, pair};

pub(super) fn read(file: &[u8], state: &mut State) {
    let (_, frames) = frames(file);
    for frame in &frames.list {
        let Some(message) = file.get(frame.clone()) else { continue };
        let offset = frame.start as u64;
        if is_spans(message) {
            state.file.span_records += 1;
            continue;
        }
        let Ok(request) = ExportMetricsServiceRequest::decode(message) else {
            state.issues.push(IssueKind::BadProtobuf, 0, offset, "no message of metrics");
            continue;
        };
        for resource in &request.resource_metrics {
            let origin = origin(resource.resource.as_ref());
            let metrics: Vec<Metric> =
                resource.scope_metrics.iter().flat_map(|s| &s.metrics).filter_map(metric).collect();
            state.take(&origin, &metrics, 0, offset);
        }
    }
    if let Some(at) = frames.torn {
        state.issues.push(IssueKind::Torn, 0, at as u64, "no whole message follows");
    }
}

fn labels(attributes: &[KeyValue]) -> Vec<(String, String)> {
    attributes
        .iter()
        .map(pair)
        .filter_map(|(key, value)| Some((key.to_owned(), super::page::label(value)?)))
        .collect()
}

/// The flag of a point that says: no value.
const NO_VALUE: u32 = 1;

fn metric(metric: &otlp::Metric) -> Option<Metric> {
    use otlp::metric::Data;
    let delta = otlp::AggregationTemporality::Delta as i32;
    let (kind, is_delta, points) = match metric.data.as_ref()? {
        Data::Gauge(data) => (Kind::Gauge, false, data.data_points.iter().map(number).collect()),
        Data::Sum(data) => (
            if data.is_monotonic { Kind::Counter } else { Kind::Gauge },
            data.aggregation_temporality == delta,
            data.data_points.iter().map(number).collect(),
        ),
        Data::Histogram(data) => (
            Kind::Histogram,
            data.aggregation_temporality == delta,
            data.data_points.iter().map(histogram).collect(),
        ),
        Data::ExponentialHistogram(data) => (
            Kind::Histogram,
            data.aggregation_temporality == delta,
            data.data_points.iter().map(exponential_point).collect(),
        ),
        Data::Summary(data) => {
            (Kind::Summary, false, data.data_points.iter().map(summary).collect())
        }
    };
    Some(Metric { name: metric.name.clone(), unit: metric.unit.clone(), kind, is_delta, points })
}

/// A point with what all kinds of points share.
fn at(attributes: &[KeyValue], start: u64, time: u64, value: PointValue) -> Point {
    Point { labels: labels(attributes), time, start, value }
}

fn number(point: &otlp::NumberDataPoint) -> Point {
    use otlp::number_data_point::Value;
    let value = match point.value {
        Some(Value::AsInt(value)) if point.flags & NO_VALUE == 0 => PointValue::Int(value),
        Some(Value::AsDouble(value)) if point.flags & NO_VALUE == 0 => PointValue::Double(value),
        _ => PointValue::None,
    };
    at(&point.attributes, point.start_time_unix_nano, point.time_unix_nano, value)
}

fn histogram(point: &otlp::HistogramDataPoint) -> Point {
    let value = if point.flags & NO_VALUE == 0 {
        PointValue::Histogram {
            count: point.count,
            sum: point.sum,
            bounds: point.explicit_bounds.clone(),
            counts: point.bucket_counts.clone(),
        }
    } else {
        PointValue::None
    };
    at(&point.attributes, point.start_time_unix_nano, point.time_unix_nano, value)
}

fn exponential_point(point: &otlp::ExponentialHistogramDataPoint) -> Point {
    let value = if point.flags & NO_VALUE == 0 {
        let positive = point.positive.as_ref();
        let (bounds, counts) = exponential(
            point.scale,
            point.zero_count,
            positive.map_or(0, |b| b.offset),
            positive.map_or(&[], |b| &b.bucket_counts),
            point.negative.as_ref().map_or(&[], |b| &b.bucket_counts),
        );
        PointValue::Histogram { count: point.count, sum: point.sum, bounds, counts }
    } else {
        PointValue::None
    };
    at(&point.attributes, point.start_time_unix_nano, point.time_unix_nano, value)
}

fn summary(point: &otlp::SummaryDataPoint) -> Point {
    let value = if point.flags & NO_VALUE == 0 {
        PointValue::Summary {
            count: point.count,
            sum: point.sum,
            quantiles: point.quantile_values.iter().map(|q| (q.quantile, q.value)).collect(),
        }
    } else {
        PointValue::None
    };
    at(&point.attributes, point.start_time_unix_nano, point.time_unix_nano, value)
}
