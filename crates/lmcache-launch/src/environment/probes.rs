//! What a collector or capture noted beside the artifacts, and answers of engines.

use serde_json::Value;

use super::observed::{CaptureEvent, EngineFact, Listing, Probe};
use crate::evidence::Evidence;
use crate::place::{Place, child};
use crate::reader::Ctx;

/// Most entries of one artifact.
const MOST: usize = 16_384;

fn text<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| value.get(*key).and_then(Value::as_str))
}

fn number(value: &Value, keys: &[&str]) -> Option<f64> {
    keys.iter().find_map(|key| value.get(*key).and_then(Value::as_f64))
}

fn probe(ctx: &Ctx<'_>, value: &Value, place: Place) -> Probe {
    let endpoint = text(value, &["endpoint", "url", "path", "target", "file"]).unwrap_or_default();
    let status = value.get("status").and_then(Value::as_u64);
    Probe {
        endpoint: ctx.cleaner.text(endpoint),
        phase: text(value, &["phase", "set", "label"]).map(|t| ctx.cleaner.text(t)),
        status: status.and_then(|n| u16::try_from(n).ok()),
        error: text(value, &["error"]).map(|t| ctx.cleaner.text(t)),
        at: number(value, &["t", "unix"])
            .or_else(|| value.pointer("/at/unix").and_then(Value::as_f64)),
        milliseconds: number(value, &["ms", "elapsed_ms", "duration_ms"]),
        place,
    }
}

/// A list of what was fetched, with statuses and errors.
pub(crate) fn probe_index(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    for (i, item) in value.as_array().into_iter().flatten().take(MOST).enumerate() {
        out.environment.probes.push(probe(ctx, item, ctx.base.at(format!("/{i}"))));
    }
}

/// A timeline of scrapes and processes.
pub(crate) fn timeline(ctx: &Ctx<'_>, text_of_file: &str, out: &mut Evidence) {
    for (i, line) in text_of_file.lines().take(MOST).enumerate() {
        let Ok(value) = serde_json::from_str::<Value>(line) else { continue };
        let Some(kind) = text(&value, &["kind"]) else { continue };
        let place = ctx.base.line(i + 1);
        if value.get("url").is_some() || value.get("status").is_some() {
            out.environment.probes.push(probe(ctx, &value, place));
        } else {
            let code = ["exit_code", "returncode", "code"].iter().find_map(|k| value.get(*k));
            out.environment.capture.push(CaptureEvent {
                kind: ctx.cleaner.text(kind),
                name: text(&value, &["name", "target", "process"]).map(|t| ctx.cleaner.text(t)),
                at: number(&value, &["t"]),
                exit_code: code.and_then(Value::as_i64),
                place,
            });
        }
    }
}

/// A list of files with sizes; only sums are kept, as names hold hashes.
pub(crate) fn listing(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    let list = value.get("files").unwrap_or(value).as_array();
    let sizes: Vec<u64> = list
        .into_iter()
        .flatten()
        .filter_map(|item| {
            ["bytes", "size"].iter().find_map(|key| item.get(*key).and_then(Value::as_u64))
        })
        .collect();
    out.environment.listings.push(Listing {
        files: sizes.len() as u64,
        bytes: sizes.iter().fold(0, |sum: u64, n| sum.saturating_add(*n)),
        empty: sizes.iter().filter(|n| **n == 0).count() as u64,
        sizes: sizes.iter().min().copied().zip(sizes.iter().max().copied()),
        place: ctx.base.clone(),
    });
}

/// Pointers of engines' answers that become facts.
const FACTS: &[(&str, &str)] = &[
    ("/version", "version"),
    ("/data/0/id", "served_model_name"),
    ("/data/0/root", "model"),
    ("/data/0/max_model_len", "max_model_len"),
    ("/model_path", "model"),
    ("/model_type", "model_type"),
    ("/is_generation", "is_generation"),
    ("/disaggregation_mode", "disaggregation_mode"),
    ("/loads/0/num_running_reqs", "running_requests"),
    ("/loads/0/num_waiting_reqs", "waiting_requests"),
    ("/loads/0/num_used_tokens", "used_tokens"),
    ("/loads/0/max_total_num_tokens", "kv_cache_size_tokens"),
    ("/num_accelerators", "accelerators"),
    ("/detail", "detail"),
    ("/message", "message"),
    ("/error/message", "error"),
    ("/object", "object"),
    ("/status", "status"),
    ("/success", "success"),
];

/// An engine's answer, or the few words it says in plain text.
pub(crate) fn engine_answer(ctx: &Ctx<'_>, value: Option<&Value>, plain: &str, out: &mut Evidence) {
    let Some(value) = value else {
        let line = plain.lines().next().unwrap_or_default();
        out.environment.engine.push(EngineFact {
            name: "message".into(),
            value: Value::from(ctx.cleaner.text(line)),
            place: ctx.base.line(1),
        });
        return;
    };
    let list = [value.clone()];
    let list = value.as_array().map_or(&list[..], Vec::as_slice);
    for (i, item) in list.iter().enumerate() {
        let base = if value.is_array() { format!("/{i}") } else { String::new() };
        for (pointer, name) in FACTS {
            if let Some(found) =
                item.pointer(pointer).filter(|v| !v.is_object() && !v.is_array() && !v.is_null())
            {
                out.environment.engine.push(EngineFact {
                    name: (*name).to_owned(),
                    value: ctx.cleaner.tree(name, found),
                    place: ctx.base.at(format!("{base}{pointer}")),
                });
            }
        }
        for (key, found) in item.as_object().into_iter().flatten() {
            if key.starts_with("num_") && found.is_number() {
                out.environment.engine.push(EngineFact {
                    name: ctx.cleaner.text(key),
                    value: found.clone(),
                    place: ctx.base.at(child(&base, key)),
                });
            }
        }
    }
}
