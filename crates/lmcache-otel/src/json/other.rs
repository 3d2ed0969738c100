//! Shapes beside OTLP's own: lists, bare spans, `{"spans": [...]}`, Jaeger's JSON, and what the
//! console exporters of the SDKs print.

use serde::Deserialize;
use serde_json::Value as Json;

use super::model::{JsonSpan, Line};
use crate::collect::Collector;
use crate::issue::IssueKind;
use crate::span::{Origin, Span, Value, hex};

/// A record of another shape is held as a tree, several times its size: longer ones are not read.
const MAX_TREE: usize = 64 << 20;

/// At most this deep in lists of lists and objects.
const MAX_DEPTH: usize = 4;

/// Reads a record that is not an object of OTLP's keys; true if anything was known. What is not
/// is reported.
pub(super) fn record(text: &str, line: u64, offset: u64, into: &mut Collector) -> bool {
    if text.len() > MAX_TREE {
        into.issues.push(
            IssueKind::TooLong,
            line,
            offset,
            "too long for a shape other than OTLP's",
        );
        return true;
    }
    let Ok(value) = serde_json::from_str::<Json>(text) else {
        return false;
    };
    let known = any(&value, 0, into);
    if !known {
        let what = match &value {
            Json::Object(map) => {
                let keys: Vec<&str> =
                    map.keys().map(String::as_str).filter(|k| is_plain(k)).take(5).collect();
                format!("an object without a key of OTLP (it has {})", keys.join(", "))
            }
            Json::Array(_) => "a list without spans".to_owned(),
            _ => "a JSON value that is no object".to_owned(),
        };
        into.issues.push(IssueKind::UnknownShape, line, offset, &what);
    }
    true
}

/// Only names of keys, never content that stands as one.
fn is_plain(key: &str) -> bool {
    key.len() <= 40 && key.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
}

fn any(value: &Json, depth: usize, into: &mut Collector) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    match value {
        Json::Array(list) => {
            // An empty list is an export without spans.
            list.iter().fold(list.is_empty(), |known, item| any(item, depth + 1, into) || known)
        }
        Json::Object(map) => {
            if let Ok(line) = Line::deserialize(value)
                && super::take(line, into)
            {
                return true;
            }
            for key in ["spans", "data", "traces"] {
                if let Some(list @ Json::Array(_)) = map.get(key) {
                    into.resource(Origin::default());
                    into.scope("");
                    return any(list, depth + 1, into);
                }
            }
            bare(value, into)
        }
        _ => false,
    }
}

/// A span by itself.
fn bare(value: &Json, into: &mut Collector) -> bool {
    let text = |keys: &[&str]| keys.iter().find_map(|key| value.get(*key)).and_then(Json::as_str);
    let Some(name) = text(&["name", "span_name", "operationName"]) else {
        return false;
    };
    let jaeger = value.get("operationName").is_some();
    let context = value.get("context").unwrap_or(value);
    let id = |keys: &[&str], length: usize| {
        keys.iter()
            .find_map(|key| context.get(*key).or_else(|| value.get(*key)))
            .and_then(Json::as_str)
            .and_then(|id| hex(id.trim_start_matches("0x"), length))
            .unwrap_or(0)
    };
    let trace_id = id(&["traceId", "trace_id", "traceID"], 16);
    let has_time = ["startTimeUnixNano", "start_time_unix_nano", "start_time", "startTime"]
        .iter()
        .any(|key| value.get(*key).is_some());
    if trace_id == 0 && !has_time {
        return false;
    }
    if let Some(scope) = value
        .get("instrumentation_scope")
        .or_else(|| value.get("instrumentationScope"))
        .or_else(|| value.get("scope"))
        .and_then(|s| s.get("name").or(Some(s)))
        .and_then(Json::as_str)
    {
        into.scope(scope);
    } else {
        into.scope("");
    }
    if let Some(Json::Object(resource)) =
        value.get("resource").map(|r| r.get("attributes").unwrap_or(r))
    {
        let mut origin = Origin::default();
        resource.iter().for_each(|(key, value)| origin.take(key, plain(value)));
        into.resource(origin);
    }
    // OTLP's own members, where it has them.
    if value.get("startTimeUnixNano").is_some()
        && let Ok(span) = JsonSpan::deserialize(value)
    {
        super::take_span(&span, into);
        return true;
    }
    let (start, end) = times(value, jaeger);
    let parent = id(&["parentSpanId", "parent_span_id", "parent_id", "parentSpanID"], 8);
    let status = value.get("status").and_then(|s| s.get("status_code").or_else(|| s.get("code")));
    let is_error = match status {
        Some(Json::String(code)) => code.ends_with("ERROR") || code == "Error",
        Some(code) => code.as_u64() == Some(2),
        None => false,
    };
    let narrow = |id: u128| u64::try_from(id).unwrap_or(0);
    let span = Span {
        trace_id,
        id: narrow(id(&["spanId", "span_id", "spanID"], 8)),
        parent: narrow(parent),
        name,
        start,
        end,
        is_error,
        flags: None,
        dropped: 0,
    };
    match value.get("attributes") {
        Some(Json::Object(map)) => {
            into.span(&span, map.iter().map(|(key, value)| (key.as_str(), plain(value))));
        }
        _ => {
            into.span(&span, std::iter::empty());
        }
    }
    true
}

/// Begin and end in nanoseconds since 1970.
fn times(value: &Json, jaeger: bool) -> (u64, u64) {
    let whole = |key: &str| {
        let value = value.get(key)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    };
    if jaeger {
        // Jaeger counts microseconds.
        let start = whole("startTime").unwrap_or(0).saturating_mul(1000);
        let length = whole("duration").unwrap_or(0).saturating_mul(1000);
        return (start, start.saturating_add(length));
    }
    let time = |keys: &[&str]| {
        keys.iter().find_map(|key| {
            whole(key).or_else(|| value.get(*key).and_then(Json::as_str).and_then(iso_8601))
        })
    };
    let start = time(&["start_time_unix_nano", "start_time", "startTime"]).unwrap_or(0);
    let end = time(&["endTimeUnixNano", "end_time_unix_nano", "end_time", "endTime"]);
    let seconds = |key: &str, unit: f64| Some(value.get(key)?.as_f64()? * unit);
    let length = seconds("duration_ns", 1.0)
        .or_else(|| seconds("duration_ms", 1e6))
        .or_else(|| seconds("duration_seconds", 1e9))
        .or_else(|| seconds("duration_s", 1e9));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let length = length.filter(|l| l.is_finite() && *l >= 0.0).map(|l| l as u64);
    (start, end.unwrap_or_else(|| start.saturating_add(length.unwrap_or(0))))
}

/// `2026-11-24T03:15:34.606123Z` in nanoseconds since 1970; other zones are not read.
fn iso_8601(text: &str) -> Option<u64> {
    let text = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00"))?;
    let (date, time) = text.split_once(['T', ' '])?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut time = time.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let fits = (1970..=2200).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if !fits {
        return None;
    }
    // Days since 1970-01-01 by the civil calendar.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted / 400;
    let of_era = shifted - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    let nanos: u64 = digits.parse().ok()?;
    u64::try_from(seconds).ok()?.checked_mul(1_000_000_000)?.checked_add(nanos)
}

fn plain(value: &Json) -> Value<'_> {
    match value {
        Json::String(text) => Value::Text(text),
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => number
            .as_i64()
            .map(Value::Int)
            .or_else(|| number.as_f64().map(Value::Double))
            .unwrap_or(Value::Other),
        Json::Null => Value::Empty,
        _ => Value::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day() {
        for (text, want) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-11-24T03:15:34.606Z", Some(1_795_490_134_606_000_000)),
            ("2000-02-29T00:00:00.000001+00:00", Some(951_782_400_000_001_000)),
            ("2026-11-24T03:15:34+01:00", None),
            ("2026-13-24T03:15:34Z", None),
            ("", None),
        ] {
            assert_eq!(iso_8601(text), want, "{text}");
        }
    }
}
