//! OTLP/JSON: one object, lines of objects, lists, and the shapes of other exporters.

mod model;
mod other;

use crate::collect::Collector;
use crate::issue::IssueKind;
use crate::span::{Origin, Span, hex};
use crate::split::Outcome;

pub(crate) use model::{Any, Attribute, List, Number, Resource, Text, Whole};

/// Reads one JSON value that stands in a record.
pub(crate) fn record(
    record: &[u8],
    line: u64,
    offset: u64,
    may_continue: bool,
    into: &mut Collector,
) -> Outcome {
    let text = match std::str::from_utf8(record) {
        Ok(text) => text,
        Err(error) => {
            // Bytes that are not UTF-8 inside texts: read what they can be read as.
            let _ = error;
            let text = String::from_utf8_lossy(record);
            into.issues.push(IssueKind::Lenient, line, offset, "not UTF-8; read with replacements");
            return text_record(&text, line, offset, may_continue, into);
        }
    };
    text_record(text, line, offset, may_continue, into)
}

fn text_record(
    text: &str,
    line: u64,
    offset: u64,
    may_continue: bool,
    into: &mut Collector,
) -> Outcome {
    let text = text.trim_start_matches('\u{feff}');
    match serde_json::from_str::<model::Line<'_>>(text) {
        Ok(read) => {
            if !take(read, into) {
                other::record(text, line, offset, into);
            }
            Outcome::Done
        }
        Err(error) if error.is_eof() && may_continue => Outcome::Unfinished,
        Err(error) => {
            repair(text, &error, line, offset, into);
            Outcome::Done
        }
    }
}

/// Takes what a line holds; false if it holds no known key.
fn take(line: model::Line<'_>, into: &mut Collector) -> bool {
    let mut known = false;
    if line.metrics.is_some() {
        into.metric_records += 1;
        known = true;
    }
    if line.logs.is_some() {
        into.log_records += 1;
        known = true;
    }
    let Some(resources) = line.spans else {
        return known;
    };
    into.records += 1;
    for resource in &resources.0 {
        take_resource(resource, into);
    }
    true
}

fn take_resource(resource: &model::ResourceSpans<'_>, into: &mut Collector) {
    let mut origin = Origin::default();
    for attribute in resource.resource.iter().flat_map(|r| &r.attributes.0) {
        let (key, value) = attribute.pair();
        origin.take(key, value);
    }
    into.resource(origin);
    for scope in &resource.scopes.0 {
        into.scope(scope.scope.as_ref().map_or("", |s| &s.name.0));
        for span in &scope.spans.0 {
            take_span(span, into);
        }
    }
}

pub(crate) fn take_span(span: &model::JsonSpan<'_>, into: &mut Collector) {
    let id = |text: &str| hex(text, 8).and_then(|id| u64::try_from(id).ok()).unwrap_or(0);
    let is_error = span.status.as_ref().is_some_and(|s| s.code.is_error);
    let read = Span {
        trace_id: hex(&span.trace_id.0, 16).unwrap_or(0),
        id: id(&span.span_id.0),
        parent: id(&span.parent_id.0),
        name: &span.name.0,
        start: span.start.0,
        end: span.end.0,
        is_error,
        flags: span.flags.and_then(|flags| u32::try_from(flags.0).ok()),
        dropped: span
            .dropped_attributes
            .0
            .saturating_add(span.dropped_events.0)
            .saturating_add(span.dropped_links.0),
    };
    let ours = into.span(&read, span.attributes.0.iter().map(Attribute::pair));
    if !ours {
        return;
    }
    for event in span.events.0.iter().filter(|e| e.name.0 == "exception") {
        for (key, value) in event.attributes.0.iter().map(Attribute::pair) {
            if let ("exception.type", crate::span::Value::Text(kind)) = (key, value) {
                into.exception(kind);
            }
        }
    }
}

/// A record that is not what it should be: once more with quotes around bare `NaN`; then as a
/// list or another shape; else it is reported.
fn repair(text: &str, error: &serde_json::Error, line: u64, offset: u64, into: &mut Collector) {
    if let Some(quoted) = quote_non_finite(text)
        && let Ok(read) = serde_json::from_str::<model::Line<'_>>(&quoted)
    {
        into.issues.push(IssueKind::Lenient, line, offset, "bare NaN or Infinity");
        if !take(read, into) {
            other::record(&quoted, line, offset, into);
        }
        return;
    }
    if error.is_data() && other::record(text, line, offset, into) {
        return;
    }
    let kind = if error.is_eof() { IssueKind::Torn } else { IssueKind::BadJson };
    into.issues.push(kind, line, offset, &where_in(error));
}

/// The error without content of the file.
fn where_in(error: &serde_json::Error) -> String {
    let message = match error.classify() {
        serde_json::error::Category::Eof => "the record is cut off",
        serde_json::error::Category::Data => "a value has another type than OTLP gives it",
        _ => "not JSON",
    };
    format!("{message} (column {})", error.column())
}

/// Puts quotes around bare non-finite numbers outside strings; `None` if there are none.
pub(crate) fn quote_non_finite(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    let mut in_string = false;
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        if in_string {
            match byte {
                b'\\' => at += 1,
                b'"' => in_string = false,
                _ => {}
            }
        } else if *byte == b'"' {
            in_string = true;
        } else if matches!(byte, b'N' | b'I' | b'-') {
            let rest = text.get(at..).unwrap_or_default();
            if let Some(word) =
                ["-Infinity", "Infinity", "NaN"].iter().find(|w| rest.starts_with(**w))
            {
                out.push_str(text.get(copied..at).unwrap_or_default());
                out.push('"');
                out.push_str(word);
                out.push('"');
                at += word.len();
                copied = at;
                continue;
            }
        }
        at += 1;
    }
    (copied > 0).then(|| out + text.get(copied..).unwrap_or_default())
}
