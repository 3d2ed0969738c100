//! Processes of Kubernetes objects: every container with a command, arguments or variables.

use serde_json::Value;

use super::docker::container_process;
use crate::argv::Word;
use crate::envvars::{EnvScope, Environment};
use crate::evidence::Evidence;
use crate::place::child;
use crate::reader::Ctx;

/// Deepest object that is looked into.
const DEEPEST: usize = 32;
/// Most containers of one artifact.
const MOST: usize = 1024;

/// Kubernetes objects: their processes, and the facts of [`crate::environment`].
pub(crate) fn kubernetes(ctx: &Ctx<'_>, documents: &[Value], out: &mut Evidence) {
    for (i, document) in documents.iter().enumerate() {
        let base = if documents.len() > 1 { format!("/{i}") } else { String::new() };
        walk(ctx, document, &base, None, 0, out);
        if document.get("kind").and_then(Value::as_str) == Some("ConfigMap") {
            config_map(ctx, document, &base, out);
        }
        crate::environment::pods(ctx, document, &base, out);
    }
}

/// Files of a ConfigMap that are LMCache's.
fn config_map(ctx: &Ctx<'_>, document: &Value, base: &str, out: &mut Evidence) {
    for (name, value) in document.get("data").and_then(Value::as_object).into_iter().flatten() {
        let Some(text) = value.as_str() else { continue };
        let Ok(inner) = crate::yaml::documents(text) else { continue };
        if let [one] = inner.as_slice()
            && crate::recognise::is_lmcache_config(one)
        {
            let place = ctx.base.at(child(&format!("{base}/data"), name));
            let inner_ctx = Ctx { cleaner: ctx.cleaner, base: place.clone() };
            let before = out.launch.configs.len();
            super::lmcache_config(&inner_ctx, one, "", out);
            for config in out.launch.configs.iter_mut().skip(before) {
                config.place = place.clone();
            }
        }
    }
}

fn is_container(value: &Value) -> bool {
    let list = |key: &str| value.get(key).is_some_and(Value::is_array);
    let named = value.get("image").is_some() || value.get("name").is_some();
    (list("command") || list("args") || list("env")) && (named || list("args"))
}

fn walk(
    ctx: &Ctx<'_>,
    value: &Value,
    pointer: &str,
    owner: Option<&str>,
    depth: usize,
    out: &mut Evidence,
) {
    if depth > DEEPEST || out.launch.processes.len() >= MOST {
        return;
    }
    match value {
        Value::Object(map) => {
            let named = value.pointer("/metadata/name").and_then(Value::as_str);
            let owner = named.or(owner);
            if is_container(value) {
                container(ctx, value, pointer, owner, out);
                return;
            }
            for (key, item) in map {
                if !matches!(key.as_str(), "metadata" | "status" | "managedFields") {
                    walk(ctx, item, &child(pointer, key), owner, depth + 1, out);
                }
            }
        }
        Value::Array(list) => {
            for (i, item) in list.iter().enumerate() {
                walk(ctx, item, &format!("{pointer}/{i}"), owner, depth + 1, out);
            }
        }
        _ => {}
    }
}

fn container(ctx: &Ctx<'_>, value: &Value, pointer: &str, owner: Option<&str>, out: &mut Evidence) {
    let mut env = environment(ctx, value.get("env"), &format!("{pointer}/env"));
    if value.get("envFrom").and_then(Value::as_array).is_some_and(|l| !l.is_empty()) {
        env.scope = EnvScope::Unknown;
    }
    let mut words = Vec::new();
    for key in ["command", "args"] {
        for (i, word) in value.get(key).and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            words.push(Word {
                text: word.as_str().map_or_else(|| word.to_string(), str::to_owned),
                place: ctx.base.at(format!("{pointer}/{key}/{i}")),
            });
        }
    }
    let get = |key: &str| value.get(key).and_then(Value::as_str);
    let name = get("name").map(|n| ctx.cleaner.text(n));
    let owner = owner.map(|n| ctx.cleaner.text(n));
    let place = ctx.base.at(pointer.to_owned());
    container_process(ctx, &words, get("image"), env, (name, owner), &place, out);
}

/// The `env` list of a container.
pub(crate) fn environment(ctx: &Ctx<'_>, list: Option<&Value>, base: &str) -> Environment {
    let mut env = Environment { scope: EnvScope::Declared, ..Environment::default() };
    for (i, item) in list.and_then(Value::as_array).into_iter().flatten().enumerate() {
        let Some(name) = item.get("name").and_then(Value::as_str) else { continue };
        let value =
            item.get("value").map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
        let empty = item.get("valueFrom").is_none() && value.is_none();
        let value = if empty { Some(String::new()) } else { value };
        env.add(ctx.cleaner, name, value.as_deref(), ctx.base.at(format!("{base}/{i}")));
    }
    env
}
