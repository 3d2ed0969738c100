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
    // `vllm_env` lists every variable that vLLM knows with the value in force, set or not: it says
    // nothing about the environment.
    for (name, value) in value.get("vllm_env").and_then(Value::as_object).into_iter().flatten() {
        let tables::Env::Sets(setting) = tables::env(name) else { continue };
        if value.is_null() {
            continue;
        }
        process.set(Setting {
            name: setting,
            value: ctx.cleaner.tree(name, value),
            source: Source::Runtime,
            key: name.clone(),
            place: ctx.base.at(crate::place::child("/vllm_env", name)),
            how: How::Measured,
        });
    }
    if let Some(system) = value.get("system_env").and_then(Value::as_object) {
        system_env(ctx, system, out);
    }
    models(ctx, &process, out);
    process.finish();
    out.launch.processes.push(process);
}

/// Packages of vLLM's `system_env`.
fn system_env(ctx: &Ctx<'_>, system: &serde_json::Map<String, Value>, out: &mut Evidence) {
    for (key, value) in system {
        let Some(text) = value.as_str() else { continue };
        let pointer = crate::place::child("/system_env", key);
        let mut push = |name: &str, version: &str| {
            out.environment.packages.push(crate::environment::Package {
                name: ctx.cleaner.text(&crate::environment::package_name(name)),
                version: ctx.cleaner.text(version),
                how: How::Measured,
                place: ctx.base.at(pointer.clone()),
            });
        };
        if key == "pip_packages" || key == "conda_packages" {
            for line in text.lines() {
                let line = line.split_once("] ").map_or(line, |(_, rest)| rest);
                if let Some((name, version)) = crate::environment::package_line(line) {
                    push(name, &version);
                }
            }
        } else if let Some(name) = key.strip_suffix("_version")
            && matches!(name, "torch" | "vllm")
        {
            // `0.32.0+cpu (git sha: ...)`: the first word.
            push(name, text.split_whitespace().next().unwrap_or(text));
        }
    }
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
