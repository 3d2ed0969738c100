//! Quantities of Kubernetes, and what nodes have.

use std::collections::BTreeMap;

use serde_json::Value;

use super::facts::NodeFacts;
use crate::evidence::Evidence;
use crate::reader::Ctx;

/// A quantity: `1885812072Ki`, `207410m`, `4Gi`, `"8"`, `1e3`, also `64gb` as Docker writes it.
pub(crate) fn quantity(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => quantity_text(text),
        _ => None,
    }
}

/// A quantity as text.
pub(crate) fn quantity_text(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|(_, c)| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+')))
        .map_or(text.len(), |(i, _)| i);
    let number: f64 = text.get(..end)?.parse().ok()?;
    let unit = text.get(end..)?.trim();
    let factor = match unit {
        "" | "B" | "b" => 1.0,
        "m" => 0.001,
        "k" | "K" | "kB" | "KB" => 1e3,
        "M" | "MB" => 1e6,
        "G" | "GB" => 1e9,
        "T" | "TB" => 1e12,
        "P" => 1e15,
        "Ki" | "KiB" | "kb" => 1024.0,
        "Mi" | "MiB" | "mb" => 1_048_576.0,
        "Gi" | "GiB" | "gb" | "g" => 1_073_741_824.0,
        "Ti" | "TiB" | "tb" => 1_099_511_627_776.0,
        "Pi" | "PiB" => 1_125_899_906_842_624.0,
        exponent if exponent.starts_with(['e', 'E']) => {
            return text.parse().ok().filter(|n: &f64| n.is_finite());
        }
        _ => return None,
    };
    Some(number * factor).filter(|n| n.is_finite())
}

/// Quantities by resource.
pub(crate) fn resources(value: Option<&Value>) -> BTreeMap<String, f64> {
    let map = value.and_then(Value::as_object);
    map.into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), quantity(value)?)))
        .collect()
}

/// Whether a name is that of a resource.
pub(crate) fn is_resource(name: &str) -> bool {
    matches!(name, "cpu" | "memory" | "ephemeral-storage" | "pods" | "storage")
        || name.starts_with("hugepages-")
        || name.split_once('/').is_some_and(|(domain, _)| domain.contains('.'))
}

/// Nodes: objects, lists, or a bare map of resources.
pub(crate) fn node(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    if let Some(items) = value.get("items").and_then(Value::as_array) {
        for (i, item) in items.iter().enumerate() {
            one(ctx, item, &format!("/items/{i}"), out);
        }
    } else {
        one(ctx, value, "", out);
    }
}

fn one(ctx: &Ctx<'_>, value: &Value, base: &str, out: &mut Evidence) {
    let status = value.get("status").unwrap_or(value);
    let mut facts = NodeFacts {
        name: value.pointer("/metadata/name").and_then(Value::as_str).map(|n| ctx.cleaner.text(n)),
        allocatable: resources(status.get("allocatable")),
        capacity: resources(status.get("capacity")),
        place: ctx.base.at(base.to_owned()),
        ..NodeFacts::default()
    };
    if facts.allocatable.is_empty() && facts.capacity.is_empty() {
        facts.allocatable = resources(Some(value));
        facts.allocatable.retain(|name, _| is_resource(name));
    }
    for condition in status.get("conditions").and_then(Value::as_array).into_iter().flatten() {
        let get = |key: &str| condition.get(key).and_then(Value::as_str);
        if let (Some(kind), Some(status)) = (get("type"), get("status")) {
            facts.conditions.insert(kind.to_owned(), status.to_owned());
        }
    }
    out.environment.nodes.push(facts);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::float_cmp)]
    fn quantities() {
        let cases = [
            ("207410m", Some(207.41)),
            ("1885812072Ki", Some(1_931_071_561_728.0)),
            ("8", Some(8.0)),
            ("1e3", Some(1000.0)),
            ("64gb", Some(68_719_476_736.0)),
            ("abc", None),
            ("", None),
        ];
        for (text, want) in cases {
            let got = quantity_text(text);
            assert!(
                match (got, want) {
                    (Some(a), Some(b)) => (a - b).abs() < 1e-6 * b,
                    (None, None) => true,
                    _ => false,
                },
                "{text}: {got:?}"
            );
        }
    }
}
