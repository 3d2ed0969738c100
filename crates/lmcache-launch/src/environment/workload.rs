//! Descriptions and results of loads.

use std::collections::BTreeMap;

use serde_json::Value;

use super::observed::Workload;
use crate::evidence::Evidence;
use crate::place::child;
use crate::reader::Ctx;
use crate::setting::typed;
use crate::tables;

/// Most facts of one artifact that have no name in the table.
const MOST: usize = 512;
/// Deepest object that is looked into.
const DEEPEST: usize = 8;

fn known(key: &str) -> Option<(&'static str, f64)> {
    let row = tables::rows(tables::WORKLOAD_KEYS).find(|row| row.first() == Some(&key))?;
    Some((row.get(1)?, row.get(2)?.parse().ok()?))
}

/// Whether a key is one of a workload.
pub(crate) fn known_workload_key(key: &str) -> bool {
    known(key).is_some()
}

fn scaled(value: &Value, factor: f64) -> Option<Value> {
    match value {
        Value::Number(n) if (factor - 1.0).abs() < f64::EPSILON => Some(Value::Number(n.clone())),
        Value::Number(n) => Some(Value::from(n.as_f64()? * factor)),
        other => Some(other.clone()),
    }
}

fn fact(ctx: &Ctx<'_>, key: &str, value: &Value) -> Option<(String, Value)> {
    let (name, factor) = known(key)?;
    if value.is_object() || value.is_array() || value.is_null() {
        return None;
    }
    Some((name.to_owned(), scaled(&ctx.cleaner.tree(key, value), factor)?))
}

/// A workload as JSON.
pub(crate) fn workload(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    let mut found = Workload { place: ctx.base.clone(), ..Workload::default() };
    let object = match value {
        Value::Array(list) => {
            found.runs = runs(ctx, list);
            None
        }
        other => other.as_object(),
    };
    for (key, item) in object.into_iter().flatten() {
        if let Some((name, value)) = fact(ctx, key, item) {
            found.facts.insert(name, value);
        } else if let Some(list) = item.as_array().filter(|l| l.iter().any(Value::is_object)) {
            found.runs.extend(runs(ctx, list));
        } else {
            rest(ctx, key, item, &child("", key), 0, &mut found.other);
        }
    }
    out.environment.workloads.push(found);
}

fn runs(ctx: &Ctx<'_>, list: &[Value]) -> Vec<BTreeMap<String, Value>> {
    let run = |item: &Value| {
        let mut facts = BTreeMap::new();
        for (key, value) in item.as_object()? {
            match fact(ctx, key, value) {
                Some((name, value)) => drop(facts.insert(name, value)),
                None if value.is_number() || value.is_boolean() => {
                    facts.insert(ctx.cleaner.text(key), value.clone());
                }
                None => {}
            }
        }
        Some(facts)
    };
    list.iter().take(MOST).filter_map(run).collect()
}

/// Numbers and short words without a name in the table, by their pointers.
fn rest(
    ctx: &Ctx<'_>,
    key: &str,
    value: &Value,
    pointer: &str,
    depth: usize,
    to: &mut BTreeMap<String, Value>,
) {
    if depth > DEEPEST || to.len() >= MOST {
        return;
    }
    match value {
        Value::Object(map) => {
            for (inner, item) in map {
                rest(ctx, inner, item, &child(pointer, inner), depth + 1, to);
            }
        }
        Value::Number(_) | Value::Bool(_) => {
            to.insert(ctx.cleaner.text(pointer), value.clone());
        }
        Value::String(text) if text.len() <= 200 => {
            to.insert(ctx.cleaner.text(pointer), ctx.cleaner.tree(key, value));
        }
        // Lists of a benchmark's single requests are long and may hold texts.
        _ => {}
    }
}

/// Results that a load generator prints as `Name:   number`.
pub(crate) fn benchmark_text(ctx: &Ctx<'_>, text: &str, out: &mut Evidence) {
    let mut found = Workload { place: ctx.base.clone(), ..Workload::default() };
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim().trim_end_matches('s').trim();
        if let Some((name, value)) = fact(ctx, key.trim(), &typed(value)) {
            found.facts.insert(name, value);
        }
    }
    out.environment.workloads.push(found);
}
