//! What a running engine says about itself.

use serde_json::Value;

use super::model::model_facts_by_name;
use crate::connector::{self, lenient};
use crate::evidence::Evidence;
use crate::place::How;
use crate::process::{Process, Product};
use crate::reader::Ctx;
use crate::setting::{Setting, Source, convert};
use crate::tables;

/// vLLM's `/server_info`: the configuration in force.
pub(crate) fn vllm_server_info(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    let mut process = Process::new(ctx.base.clone());
    process.product = Product::Vllm;
    let (config, base) = match value.get("vllm_config") {
        Some(inner) => (inner, "/vllm_config"),
        None => (value, ""),
    };
    settings(ctx, "vllm", config, base, &mut process);
    if let Some(transfer) = config.get("kv_transfer_config")
        && transfer.is_object()
    {
        let place = ctx.base.at(format!("{base}/kv_transfer_config"));
        connector::kv_transfer(ctx.cleaner, transfer, &place, Source::Runtime, &mut process);
    }
    if let Some(text) = config.as_str() {
        // Text form: `tensor_parallel_size=1, ...`.
        let place = ctx.base.at(base);
        for name in ["tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size"] {
            let found = text.split(&format!("{name}=")).nth(1);
            let digits: String =
                found.into_iter().flat_map(str::chars).take_while(char::is_ascii_digit).collect();
            if let Ok(n) = digits.parse::<u64>() {
                process.set(Setting {
                    name: name.trim_end_matches("_size").to_owned(),
                    value: Value::from(n),
                    source: Source::Runtime,
                    key: name.to_owned(),
                    place: place.clone(),
                    how: How::Measured,
                });
            }
        }
    }
    // `vllm_env` and `system_env` of newer answers.
    if let Some(env) = value.get("vllm_env").and_then(Value::as_object) {
        for (name, value) in env {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let place = ctx.base.at(crate::place::child("/vllm_env", name));
            process.env.add(ctx.cleaner, name, Some(&text), place);
        }
    }
    models(ctx, &process, out);
    process.finish();
    out.launch.processes.push(process);
}

/// SGLang's `/get_server_info`.
pub(crate) fn sglang_server_info(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    let mut process = Process::new(ctx.base.clone());
    process.product = Product::Sglang;
    settings(ctx, "sglang", value, "", &mut process);
    if let Some(version) = value.get("version").and_then(Value::as_str) {
        out.environment.packages.push(crate::environment::Package {
            name: "sglang".into(),
            version: ctx.cleaner.text(version),
            how: How::Measured,
            place: ctx.base.at("/version"),
        });
    }
    models(ctx, &process, out);
    process.finish();
    out.launch.processes.push(process);
}

fn models(ctx: &Ctx<'_>, process: &Process, out: &mut Evidence) {
    if let Some(model) = process.setting("model").and_then(|s| s.as_str()) {
        out.launch.models.extend(model_facts_by_name(model, &ctx.base));
    }
}

/// Settings that a table points to.
pub(crate) fn settings(
    ctx: &Ctx<'_>,
    answer: &str,
    value: &Value,
    base: &str,
    process: &mut Process,
) {
    let source = if answer == "helm" { Source::Config } else { Source::Runtime };
    for (pointer, setting, how) in tables::runtime(answer) {
        let Some(found) = value.pointer(pointer).filter(|v| !v.is_null()) else { continue };
        let key = pointer.rsplit('/').next().unwrap_or(pointer);
        let mut found = ctx.cleaner.tree(key, found);
        if setting == "kv_events_config"
            && let Some(parsed) = found.as_str().and_then(lenient)
        {
            found = ctx.cleaner.tree(key, &parsed);
        }
        process.set(Setting {
            name: setting.to_owned(),
            value: convert(how, found),
            source,
            key: key.to_owned(),
            place: ctx.base.at(format!("{base}{pointer}")),
            how: How::Measured,
        });
    }
}
