//! Protobuf: one message, or messages with their length before them.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as otlp;
use prost::Message;

use crate::collect::Collector;
use crate::frame::{Framing, frames};
use crate::issue::IssueKind;
use crate::span::{Origin, Span, Value, id};

/// Reads the whole of a binary file.
pub(crate) fn read(file: &[u8], into: &mut Collector) {
    let (framing, frames) = frames(file);
    for frame in &frames.list {
        let Some(message) = file.get(frame.clone()) else { continue };
        let offset = frame.start as u64;
        match ExportTraceServiceRequest::decode(message) {
            Ok(request) if is_plausible(&request) => {
                into.records += 1;
                for resource in &request.resource_spans {
                    take_resource(resource, into);
                }
            }
            _ if is_metrics(message) => into.metric_records += 1,
            // The decoder's own words can be long.
            _ => into.issues.push(IssueKind::BadProtobuf, 0, offset, "no message of spans"),
        }
    }
    if let Some(at) = frames.torn {
        let what = match framing {
            Framing::Bare => "no protobuf message follows",
            _ => "the last message is cut off",
        };
        into.issues.push(IssueKind::Torn, 0, at as u64, what);
    }
}

/// Messages of other signals can be read as spans by accident; their ids are then no ids.
fn is_plausible(request: &ExportTraceServiceRequest) -> bool {
    let mut spans =
        request.resource_spans.iter().flat_map(|r| &r.scope_spans).flat_map(|s| &s.spans);
    spans.all(|s| matches!(s.trace_id.len(), 0 | 16) && matches!(s.span_id.len(), 0 | 8))
}

/// Whether a message is an export of spans.
pub(crate) fn is_spans(message: &[u8]) -> bool {
    ExportTraceServiceRequest::decode(message)
        .is_ok_and(|r| !r.resource_spans.is_empty() && is_plausible(&r))
}

/// Whether a message is an export of metrics.
fn is_metrics(message: &[u8]) -> bool {
    ExportMetricsServiceRequest::decode(message).is_ok_and(|r| !r.resource_metrics.is_empty())
}

pub(crate) fn origin(resource: Option<&Resource>) -> Origin {
    let mut origin = Origin::default();
    for attribute in resource.iter().flat_map(|r| &r.attributes) {
        let (key, value) = pair(attribute);
        origin.take(key, value);
    }
    origin
}

pub(crate) fn take_resource(resource: &otlp::ResourceSpans, into: &mut Collector) {
    into.resource(origin(resource.resource.as_ref()));
    for scope in &resource.scope_spans {
        into.scope(scope.scope.as_ref().map_or("", |s| s.name.as_str()));
        for span in &scope.spans {
            take_span(span, into);
        }
    }
}

fn take_span(span: &otlp::Span, into: &mut Collector) {
    let narrow = |bytes: &[u8]| u64::try_from(id(bytes, 8)).unwrap_or(0);
    let error = otlp::status::StatusCode::Error as i32;
    let read = Span {
        trace_id: id(&span.trace_id, 16),
        id: narrow(&span.span_id),
        parent: narrow(&span.parent_span_id),
        name: &span.name,
        start: span.start_time_unix_nano,
        end: span.end_time_unix_nano,
        is_error: span.status.as_ref().is_some_and(|s| s.code == error),
        // Protobuf does not tell 0 from absent.
        flags: (span.flags != 0).then_some(span.flags),
        dropped: u64::from(span.dropped_attributes_count)
            + u64::from(span.dropped_events_count)
            + u64::from(span.dropped_links_count),
    };
    if !into.span(&read, span.attributes.iter().map(pair)) {
        return;
    }
    for event in span.events.iter().filter(|e| e.name == "exception") {
        for (key, value) in event.attributes.iter().map(pair) {
            if let ("exception.type", Value::Text(kind)) = (key, value) {
                into.exception(kind);
            }
        }
    }
}

pub(crate) fn pair(attribute: &KeyValue) -> (&str, Value<'_>) {
    (&attribute.key, value(attribute.value.as_ref()))
}

fn value(value: Option<&AnyValue>) -> Value<'_> {
    match value.and_then(|v| v.value.as_ref()) {
        None => Value::Empty,
        Some(any_value::Value::StringValue(text)) => Value::Text(text),
        Some(any_value::Value::BoolValue(flag)) => Value::Bool(*flag),
        Some(any_value::Value::IntValue(number)) => Value::Int(*number),
        Some(any_value::Value::DoubleValue(number)) => Value::Double(*number),
        Some(_) => Value::Other,
    }
}
