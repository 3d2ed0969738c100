//! Metrics of one export as a page of exposition text.

use std::fmt::Write;

use super::data::{Kind, Metric, Point, PointValue};
use super::{Names, Page};
use crate::span::{Origin, Value};

/// A label's value; lists and maps have none.
pub(super) fn label(value: Value<'_>) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_owned()),
        Value::Int(number) => Some(number.to_string()),
        Value::Double(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Empty => Some(String::new()),
        Value::Other => None,
    }
}

pub(super) fn page(origin: &Origin, metrics: &[Metric], names: Names) -> Page {
    let mut page = Page {
        instance_id: origin.instance.clone(),
        service_name: origin.service.clone(),
        ..Page::default()
    };
    for metric in metrics {
        page.metrics += 1;
        for point in &metric.points {
            page.points += 1;
            page.time_unix_ns = page.time_unix_ns.max(point.time);
            if point.start > 0 && (page.start_unix_ns == 0 || point.start < page.start_unix_ns) {
                page.start_unix_ns = point.start;
            }
        }
        write_metric(&mut page.text, metric, names);
    }
    let mut labels: Vec<(String, String)> = Vec::new();
    for (name, value) in
        [("service_instance_id", &origin.instance), ("service_name", &origin.service)]
    {
        labels.extend(value.iter().map(|value| (name.to_owned(), value.clone())));
    }
    if !labels.is_empty() && !page.text.is_empty() {
        page.text.push_str("# TYPE target_info gauge\n");
        let point = Point { labels, time: page.time_unix_ns, ..Point::default() };
        write_sample(&mut page.text, "target_info", &point, None, "1");
    }
    page
}

/// Units as Prometheus spells them; others stay, with `/` as `_per_`.
const UNITS: [(&str, &str); 10] = [
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("min", "minutes"),
    ("h", "hours"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("%", "percent"),
];

/// The name under which Prometheus shows an instrument, by the exporter's rule: other characters
/// become `_`, the unit follows unless the name ends with it, a counter ends with `_total`.
///
/// ```
/// use lmcache_otel::prometheus_name;
/// assert_eq!(prometheus_name("lmcache_mp.l1_read", "chunks", true), "lmcache_mp_l1_read_chunks_total");
/// assert_eq!(prometheus_name("lmcache_mp.l1_chunk_lifetime", "s", false), "lmcache_mp_l1_chunk_lifetime_seconds");
/// assert_eq!(prometheus_name("lmcache_mp.real_reuse_gap_objects", "{chunks}", false), "lmcache_mp_real_reuse_gap_objects");
/// ```
pub fn prometheus_name(instrument: &str, unit: &str, is_counter: bool) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == ':' { c } else { '_' };
    let mut name: String = instrument.chars().map(plain).collect();
    if name.bytes().next().is_some_and(|b| b.is_ascii_digit()) {
        name.insert(0, '_');
    }
    if is_counter && let Some(short) = name.strip_suffix("_total") {
        name.truncate(short.len());
    }
    let unit = if unit.starts_with('{') || unit == "1" { "" } else { unit };
    let word = |unit: &str| {
        let known = UNITS.iter().find(|(from, _)| *from == unit).map(|(_, to)| *to);
        known.unwrap_or(unit).chars().map(plain).collect::<String>()
    };
    let unit = match unit.split_once('/') {
        // A rate is by one: `GB/s` is `GB_per_second`.
        Some((amount, per)) => format!("{}_per_{}", word(amount), word(per).trim_end_matches('s')),
        None => word(unit),
    };
    if !unit.is_empty() && !name.ends_with(&format!("_{unit}")) {
        name.push('_');
        name.push_str(&unit);
    }
    if is_counter {
        name.push_str("_total");
    }
    name
}

fn write_metric(out: &mut String, metric: &Metric, names: Names) {
    if metric.name.is_empty() || metric.points.iter().all(|p| p.value == PointValue::None) {
        return;
    }
    let is_counter = metric.kind == Kind::Counter && !metric.is_delta;
    let name = match names {
        Names::Otel => metric.name.clone(),
        Names::Prometheus => prometheus_name(&metric.name, &metric.unit, is_counter),
    };
    let kind = match metric.kind {
        _ if metric.is_delta => "untyped",
        Kind::Gauge => "gauge",
        Kind::Counter => "counter",
        Kind::Histogram => "histogram",
        Kind::Summary => "summary",
    };
    out.push_str("# TYPE ");
    write_name(out, &name);
    out.push(' ');
    out.push_str(kind);
    out.push('\n');
    for point in &metric.points {
        write_point(out, &name, point);
    }
}

fn write_point(out: &mut String, name: &str, point: &Point) {
    match &point.value {
        PointValue::None => {}
        PointValue::Int(value) => write_sample(out, name, point, None, &value.to_string()),
        PointValue::Double(value) => write_sample(out, name, point, None, &number(*value)),
        PointValue::Histogram { count, sum, bounds, counts } => {
            let bucket = format!("{name}_bucket");
            let mut below = 0u64;
            for (bound, inside) in bounds.iter().zip(counts) {
                below = below.saturating_add(*inside);
                let le = number(*bound);
                write_sample(out, &bucket, point, Some(("le", &le)), &below.to_string());
            }
            write_sample(out, &bucket, point, Some(("le", "+Inf")), &count.to_string());
            if let Some(sum) = sum {
                write_sample(out, &format!("{name}_sum"), point, None, &number(*sum));
            }
            write_sample(out, &format!("{name}_count"), point, None, &count.to_string());
        }
        PointValue::Summary { count, sum, quantiles } => {
            for (quantile, value) in quantiles {
                let quantile = number(*quantile);
                let label = Some(("quantile", quantile.as_str()));
                write_sample(out, name, point, label, &number(*value));
            }
            write_sample(out, &format!("{name}_sum"), point, None, &number(*sum));
            write_sample(out, &format!("{name}_count"), point, None, &count.to_string());
        }
    }
}

fn write_sample(
    out: &mut String,
    name: &str,
    point: &Point,
    extra: Option<(&str, &str)>,
    value: &str,
) {
    let quoted = !is_plain(name);
    if !quoted {
        out.push_str(name);
    }
    let labels = point.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let mut open = false;
    let mut separate = |out: &mut String| {
        out.push(if open { ',' } else { '{' });
        open = true;
    };
    if quoted {
        separate(out);
        write_name(out, name);
    }
    for (key, value) in labels.chain(extra) {
        separate(out);
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        if key.bytes().next().is_none_or(|b| b.is_ascii_digit()) {
            out.push('_');
        }
        out.extend(key.chars().map(plain));
        out.push('=');
        quote(out, value);
    }
    if open {
        out.push('}');
    }
    out.push(' ');
    out.push_str(value);
    if point.time > 0 {
        // Milliseconds, as the format has it. Writing to a string does not fail.
        let _ = write!(out, " {}", point.time / 1_000_000);
    }
    out.push('\n');
}

/// A name that needs no quotes.
fn is_plain(name: &str) -> bool {
    let first = name.bytes().next();
    first.is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b == b':')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
}

fn write_name(out: &mut String, name: &str) {
    if is_plain(name) {
        out.push_str(name);
    } else {
        quote(out, name);
    }
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
    out.push('"');
}

/// A number as the format writes it.
fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value == f64::INFINITY {
        "+Inf".to_owned()
    } else if value == f64::NEG_INFINITY {
        "-Inf".to_owned()
    } else if value != 0.0 && !(1e-5..1e15).contains(&value.abs()) {
        format!("{value:e}")
    } else {
        value.to_string()
    }
}
