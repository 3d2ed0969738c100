//! Dashboards and rules: which series they ask for.

use serde_json::Value;

use super::observed::Query;
use super::promql::metric_names;
use crate::evidence::Evidence;
use crate::place::child;
use crate::reader::Ctx;

/// Most queries of one artifact.
const MOST: usize = 4096;
/// Deepest panel that is looked into.
const DEEPEST: usize = 32;

/// Keys whose texts are expressions.
const EXPR: &[&str] = &["expr", "query", "promql", "definition"];

fn push(ctx: &Ctx<'_>, title: Option<&str>, expr: &str, pointer: String, out: &mut Evidence) {
    if expr.trim().is_empty() || out.environment.queries.len() >= MOST {
        return;
    }
    let (metrics, patterns) = metric_names(expr);
    out.environment.queries.push(Query {
        title: title.map(|t| ctx.cleaner.text(t)),
        expr: ctx.cleaner.text(expr),
        metrics: metrics.iter().map(|m| ctx.cleaner.text(m)).collect(),
        patterns: patterns.iter().map(|p| ctx.cleaner.text(p)).collect(),
        place: ctx.base.at(pointer),
    });
}

/// A dashboard of Grafana (bare, or as its API wraps it), or any tree or list of expressions.
pub(crate) fn dashboard(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    walk(ctx, value, "", None, 0, out);
}

fn walk(
    ctx: &Ctx<'_>,
    value: &Value,
    pointer: &str,
    title: Option<&str>,
    depth: usize,
    out: &mut Evidence,
) {
    if depth > DEEPEST {
        return;
    }
    match value {
        Value::Object(map) => {
            let own = ["title", "alert", "record", "name"]
                .iter()
                .find_map(|key| map.get(*key).and_then(Value::as_str));
            let title = own.or(title);
            for (key, item) in map {
                let at = child(pointer, key);
                match item.as_str() {
                    Some(expr) if EXPR.contains(&key.as_str()) => push(ctx, title, expr, at, out),
                    Some(_) => {}
                    None => walk(ctx, item, &at, title, depth + 1, out),
                }
            }
        }
        Value::Array(list) => {
            for (i, item) in list.iter().enumerate() {
                let at = format!("{pointer}/{i}");
                match item.as_str() {
                    // A plain list of expressions.
                    Some(expr) if depth <= 1 => push(ctx, title, expr, at, out),
                    _ => walk(ctx, item, &at, title, depth + 1, out),
                }
            }
        }
        _ => {}
    }
}

/// Alerting and recording rules.
pub(crate) fn rules(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    walk(ctx, value, "", None, 0, out);
}
