//! Configuration files of LMCache and of the engines.

use serde_json::Value;

use crate::connector;
use crate::envvars::EnvScope;
use crate::evidence::{ConfigFile, Evidence};
use crate::place::{How, Place, child};
use crate::process::{Process, Product};
use crate::reader::Ctx;
use crate::setting::{Setting, Source, typed};
use crate::{tables, yaml};

/// Whether a key is one of LMCache's configuration.
pub(crate) fn is_lmcache_key(key: &str) -> bool {
    tables::config_key(key).is_some()
}

/// LMCache's YAML or JSON. The text is used for line numbers.
pub(crate) fn lmcache_config(ctx: &Ctx<'_>, value: &Value, text: &str, out: &mut Evidence) {
    let mut file =
        ConfigFile { settings: Vec::new(), unknown_keys: Vec::new(), place: ctx.base.clone() };
    let place = |key: &str, pointer: String| {
        let mut place: Place = ctx.base.at(pointer);
        place.line = yaml::line_of(text, key).and_then(|n| u64::try_from(n).ok());
        place
    };
    for (key, value) in value.as_object().into_iter().flatten() {
        if key == "extra_config" {
            for (inner, value) in value.as_object().into_iter().flatten() {
                let name = tables::extra(inner)
                    .unwrap_or_else(|| format!("lmcache.extra.{}", ctx.cleaner.text(inner)));
                let pointer = child("/extra_config", inner);
                file.settings.push(setting(ctx, name, inner, value, place(inner, pointer)));
            }
            continue;
        }
        let known = tables::config_key(key).or_else(|| tables::extra(key));
        let name = known.unwrap_or_else(|| {
            let key = ctx.cleaner.text(key);
            file.unknown_keys.push(key.clone());
            format!("lmcache.{key}")
        });
        file.settings.push(setting(ctx, name, key, value, place(key, child("", key))));
    }
    out.launch.configs.push(file);
}

fn setting(ctx: &Ctx<'_>, name: String, key: &str, value: &Value, place: Place) -> Setting {
    let mut value = ctx.cleaner.tree(key, value);
    if let Value::String(text) = &value {
        value = typed(text);
    }
    let key = ctx.cleaner.text(key);
    Setting { name, value, source: Source::Config, key, place, how: How::Measured }
}

/// vLLM's `--config` file: flags as keys.
pub(crate) fn engine_config(ctx: &Ctx<'_>, value: &Value, text: &str, out: &mut Evidence) {
    let mut process = Process::new(ctx.base.clone());
    process.product = Product::Vllm;
    for (key, value) in value.as_object().into_iter().flatten() {
        let flag = format!("--{}", key.replace('_', "-"));
        let mut place = ctx.base.at(child("", key));
        place.line = yaml::line_of(text, key).and_then(|n| u64::try_from(n).ok());
        if flag == "--kv-transfer-config" {
            match value {
                Value::String(raw) => {
                    let issues = &mut out.issues;
                    connector::from_text(
                        ctx.cleaner,
                        raw,
                        &place,
                        Source::Config,
                        &mut process,
                        issues,
                    );
                }
                other => {
                    connector::kv_transfer(
                        ctx.cleaner,
                        other,
                        &place,
                        Source::Config,
                        &mut process,
                    );
                }
            }
            continue;
        }
        let row = tables::flag("vllm", &flag);
        let name = row
            .and_then(|r| r.setting)
            .map_or_else(|| format!("vllm.{}", ctx.cleaner.text(key)), str::to_owned);
        let mut setting = setting(ctx, name, key, value, place);
        setting.value = crate::setting::convert(row.map_or("", |r| r.convert), setting.value);
        process.set(setting);
    }
    process.env.scope = EnvScope::Unknown;
    process.finish();
    out.launch.processes.push(process);
}

/// A `kv-transfer-config` alone.
pub(crate) fn kv_transfer_config(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    let mut process = Process::new(ctx.base.clone());
    process.product = Product::Vllm;
    let (value, pointer) = match value.get("kv_transfer_config") {
        Some(inner) => (inner, "/kv_transfer_config"),
        None => (value, ""),
    };
    let place = ctx.base.at(pointer);
    connector::kv_transfer(ctx.cleaner, value, &place, Source::Config, &mut process);
    process.finish();
    out.launch.processes.push(process);
}
