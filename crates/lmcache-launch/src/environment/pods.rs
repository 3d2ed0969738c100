//! Pods: what they may use, what they share, how they end.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::facts::{Container, Pod};
use super::node::{is_resource, quantity, resources};
use crate::evidence::Evidence;
use crate::place::child;
use crate::reader::Ctx;

/// Deepest object that is looked into.
const DEEPEST: usize = 32;

/// Every object that holds a list of containers.
pub(crate) fn pods(ctx: &Ctx<'_>, document: &Value, base: &str, out: &mut Evidence) {
    walk(ctx, document, base, &mut Owner::default(), 0, out);
}

#[derive(Default, Clone)]
struct Owner<'a> {
    kind: Option<&'a str>,
    name: Option<&'a str>,
    replicas: Option<u64>,
    status: Option<&'a Value>,
    annotations: Option<&'a Value>,
}

fn walk<'a>(
    ctx: &Ctx<'_>,
    value: &'a Value,
    pointer: &str,
    owner: &mut Owner<'a>,
    depth: usize,
    out: &mut Evidence,
) {
    if depth > DEEPEST {
        return;
    }
    match value {
        Value::Object(map) => {
            let mut owner = owner.clone();
            if let Some(kind) = map.get("kind").and_then(Value::as_str) {
                owner.kind = Some(kind);
                owner.status = map.get("status");
            }
            if let Some(name) = value.pointer("/metadata/name").and_then(Value::as_str) {
                owner.name = Some(name);
            }
            if let Some(metadata) = map.get("metadata") {
                owner.annotations = metadata.get("annotations");
            }
            if let Some(n) = map.get("replicas").and_then(Value::as_u64) {
                owner.replicas = Some(n);
            }
            if map.get("containers").is_some_and(Value::is_array) {
                let status = owner.status.or_else(|| map.get("status"));
                out.environment.pods.push(pod(ctx, map, pointer, &owner, status));
                return;
            }
            for (key, item) in map {
                if !matches!(key.as_str(), "metadata" | "status" | "managedFields") {
                    walk(ctx, item, &child(pointer, key), &mut owner, depth + 1, out);
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

fn text(ctx: &Ctx<'_>, value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(|t| ctx.cleaner.text(t))
}

/// Names in a list of names or of objects with names.
fn names(ctx: &Ctx<'_>, value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|item| item.as_str().or_else(|| item.get("name").and_then(Value::as_str)))
        .map(|n| ctx.cleaner.text(n))
        .collect()
}

fn pod(
    ctx: &Ctx<'_>,
    spec: &Map<String, Value>,
    pointer: &str,
    owner: &Owner<'_>,
    status: Option<&Value>,
) -> Pod {
    let flag = |key: &str| spec.get(key).and_then(Value::as_bool);
    let mut pod = Pod {
        kind: owner.kind.map(|k| ctx.cleaner.text(k)),
        name: owner.name.map(|n| ctx.cleaner.text(n)),
        replicas: owner.replicas,
        host_ipc: flag("hostIPC"),
        host_pid: flag("hostPID"),
        host_network: flag("hostNetwork"),
        claims: names(ctx, spec.get("resourceClaims")),
        node: text(ctx, spec.get("nodeName")),
        phase: text(ctx, status.and_then(|s| s.get("phase"))),
        reason: text(ctx, status.and_then(|s| s.get("reason"))),
        ip: text(ctx, status.and_then(|s| s.get("podIP"))),
        scrape: scrape(ctx, owner.annotations),
        place: ctx.base.at(pointer.to_owned()),
        ..Pod::default()
    };
    for volume in spec.get("volumes").and_then(Value::as_array).into_iter().flatten() {
        let Some(map) = volume.as_object() else { continue };
        let Some(name) = map.get("name").and_then(Value::as_str) else { continue };
        if let Some((kind, body)) = map.iter().find(|(key, _)| *key != "name") {
            let mut facts = Map::new();
            facts.insert("kind".into(), Value::from(kind.clone()));
            for key in ["medium", "sizeLimit", "path"] {
                if let Some(value) = body.get(key) {
                    let value = match quantity(value).filter(|_| key == "sizeLimit") {
                        Some(bytes) => Value::from(bytes),
                        None => ctx.cleaner.tree(key, value),
                    };
                    facts.insert(key.into(), value);
                }
            }
            pod.volumes.insert(ctx.cleaner.text(name), Value::Object(facts));
        }
    }
    let mut by_name: BTreeMap<&str, &Value> = BTreeMap::new();
    for list in ["containerStatuses", "initContainerStatuses"] {
        let list = status.and_then(|s| s.get(list)).and_then(Value::as_array);
        for state in list.into_iter().flatten() {
            if let Some(name) = state.get("name").and_then(Value::as_str) {
                by_name.insert(name, state);
            }
        }
    }
    for (list, init) in [("initContainers", true), ("containers", false)] {
        for item in spec.get(list).and_then(Value::as_array).into_iter().flatten() {
            let state = item.get("name").and_then(Value::as_str).and_then(|n| by_name.get(n));
            pod.containers.push(container(ctx, item, init, state.copied()));
        }
    }
    pod
}

/// What the annotations ask of Prometheus, by the last part of their names.
fn scrape(ctx: &Ctx<'_>, annotations: Option<&Value>) -> BTreeMap<String, String> {
    let all = annotations.and_then(Value::as_object);
    all.into_iter()
        .flatten()
        .filter_map(|(name, value)| {
            let key = name.strip_prefix("prometheus.io/")?;
            let known = matches!(key, "scrape" | "port" | "path" | "scheme");
            let value = match value {
                Value::String(text) => ctx.cleaner.text(text),
                other => other.to_string(),
            };
            known.then(|| (key.to_owned(), value))
        })
        .collect()
}

fn container(ctx: &Ctx<'_>, value: &Value, init: bool, state: Option<&Value>) -> Container {
    let given = value.get("resources");
    let mut out = Container {
        name: text(ctx, value.get("name")).unwrap_or_default(),
        image: text(ctx, value.get("image")),
        init,
        limits: resources(given.and_then(|r| r.get("limits"))),
        requests: resources(given.and_then(|r| r.get("requests"))),
        claims: names(ctx, value.get("claims")),
        privileged: value.pointer("/securityContext/privileged").and_then(Value::as_bool),
        capabilities: names(ctx, value.pointer("/securityContext/capabilities/add")),
        ..Container::default()
    };
    out.claims.extend(names(ctx, given.and_then(|r| r.get("claims"))));
    // A shortened specification gives resources without saying whether they are limits.
    let mut bare = resources(given);
    bare.retain(|name, _| is_resource(name));
    out.limits.extend(bare);
    for mount in value.get("volumeMounts").and_then(Value::as_array).into_iter().flatten() {
        let (path, name) = (text(ctx, mount.get("mountPath")), text(ctx, mount.get("name")));
        if let (Some(path), Some(name)) = (path, name) {
            out.mounts.insert(path, name);
        }
    }
    for name in ["liveness", "readiness", "startup"] {
        let Some(probe) = value.get(format!("{name}Probe").as_str()) else { continue };
        let mut facts = Map::new();
        for key in ["timeoutSeconds", "periodSeconds", "failureThreshold", "initialDelaySeconds"] {
            if let Some(n) = probe.get(key).filter(|v| v.is_number()) {
                facts.insert(key.into(), n.clone());
            }
        }
        if let Some(path) = text(ctx, probe.pointer("/httpGet/path")) {
            facts.insert("path".into(), Value::from(path));
        }
        out.probes.insert(name.into(), Value::Object(facts));
    }
    if let Some(state) = state {
        out.ready = state.get("ready").and_then(Value::as_bool);
        out.restarts = state.get("restartCount").and_then(Value::as_u64);
        let reason = |key: &str| {
            ["waiting", "terminated"]
                .iter()
                .find_map(|kind| text(ctx, state.pointer(&format!("/{key}/{kind}/reason"))))
        };
        out.state = reason("state")
            .or_else(|| state.pointer("/state/running").is_some().then(|| "Running".to_owned()));
        out.last_state = reason("lastState");
        let code = |key: &str| {
            state.pointer(&format!("/{key}/terminated/exitCode")).and_then(Value::as_i64)
        };
        out.last_exit_code = code("lastState").or_else(|| code("state"));
    }
    out
}
