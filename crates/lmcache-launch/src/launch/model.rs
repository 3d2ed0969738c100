//! What a model is: from its `config.json`, or from its name.

use serde_json::Value;

use crate::evidence::{Evidence, ModelFact};
use crate::place::{How, Place, child};
use crate::reader::Ctx;
use crate::tables;

/// Numbers of a configuration that sizes of KV caches follow from.
const NUMBERS: &[&str] = &[
    "num_hidden_layers",
    "num_key_value_heads",
    "num_attention_heads",
    "head_dim",
    "hidden_size",
    "kv_lora_rank",
    "qk_rope_head_dim",
    "max_position_embeddings",
    "sliding_window",
];

/// A model's `config.json`.
pub(crate) fn model_config(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    let name = value.get("_name_or_path").and_then(Value::as_str).filter(|n| !n.is_empty());
    let name = name.map(|n| ctx.cleaner.text(n));
    let mut push = |fact: &str, value: Value, pointer: String| {
        out.launch.models.push(ModelFact {
            model: name.clone(),
            fact: fact.to_owned(),
            value,
            place: ctx.base.at(pointer),
            how: How::Measured,
        });
    };
    // Models of several parts keep the language part in a field of its own.
    let parts = [("", Some(value)), ("/text_config", value.get("text_config"))];
    for (base, part) in parts {
        let Some(part) = part else { continue };
        if let Some(kind) = part.get("model_type").and_then(Value::as_str) {
            push("model_type", Value::from(ctx.cleaner.text(kind)), format!("{base}/model_type"));
        }
        for number in NUMBERS {
            if let Some(n) = part.get(*number).filter(|v| v.is_number()) {
                push(number, n.clone(), child(base, number));
            }
        }
        let mut seen: Vec<&str> = Vec::new();
        for row in tables::rows(tables::MODELS) {
            let [by, pattern, fact, ..] = row.as_slice() else { continue };
            if seen.contains(fact) {
                continue;
            }
            let hit = match *by {
                "key" => part.get(*pattern).is_some_and(meant),
                "model_type" => part.get("model_type").and_then(Value::as_str) == Some(pattern),
                _ => false,
            };
            if hit {
                seen.push(fact);
                let key = if *by == "key" { pattern } else { "model_type" };
                push(fact, Value::Bool(true), child(base, key));
            }
        }
        let kinds = part.get("layer_types").and_then(Value::as_array);
        if kinds.is_some_and(|k| {
            k.iter()
                .any(|v| v.as_str().is_some_and(|t| t.contains("linear") || t.contains("mamba")))
        }) && !seen.contains(&"hybrid")
        {
            push("hybrid", Value::Bool(true), format!("{base}/layer_types"));
        }
    }
}

fn meant(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64().is_some_and(|n| n > 1.0),
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}

/// What a model's name tells; inferred.
pub(crate) fn model_facts_by_name(model: &str, place: &Place) -> Vec<ModelFact> {
    let lower = model.to_ascii_lowercase();
    let mut out: Vec<ModelFact> = Vec::new();
    for row in tables::rows(tables::MODELS) {
        let [by, pattern, fact, ..] = row.as_slice() else { continue };
        if *by == "name" && lower.contains(pattern) && !out.iter().any(|f| f.fact == *fact) {
            out.push(ModelFact {
                model: Some(model.to_owned()),
                fact: (*fact).to_owned(),
                value: Value::Bool(true),
                place: place.clone(),
                how: How::Inferred,
            });
        }
    }
    out
}
