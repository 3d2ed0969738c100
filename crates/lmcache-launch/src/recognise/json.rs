//! Kinds of JSON artifacts, and of objects that JSON and YAML share.

use serde_json::Value;

use super::{LINES, Verdict, ends};
use crate::boundary;
use crate::environment;
use crate::envvars::is_name;
use crate::kind::{Confidence, Kind};
use crate::launch;

use Confidence::{Certain, Likely, Weak};

/// Longest JSON text that is parsed to tell its kind, in bytes.
const LONGEST: usize = 64 << 20;

pub(super) fn json(name: &str, bytes: &[u8]) -> Verdict {
    if bytes.len() <= LONGEST
        && let Ok(value) = serde_json::from_slice::<Value>(bytes)
    {
        return json_value(name, &value);
    }
    let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(1 << 20)).unwrap_or_default());
    let rows: Vec<Value> = text
        .lines()
        .filter(|l| !l.trim().is_empty())
        .take(LINES)
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let most = |test: &dyn Fn(&Value) -> bool| {
        let hits = rows.iter().filter(|row| test(row)).count();
        hits > 0 && hits * 10 >= rows.len() * 8
    };
    if most(&boundary::is_row) {
        return Some((Kind::Boundary, Likely));
    }
    if most(&|row| row.get("t").is_some() && row.get("kind").is_some_and(Value::is_string)) {
        return Some((Kind::CaptureTimeline, Likely));
    }
    if most(&|row| row.get("level").is_some() && row.get("scrape_pool").is_some()) {
        return Some((Kind::PrometheusLog, Certain));
    }
    if most(&is_request) {
        return Some((Kind::Requests, Likely));
    }
    if most(&|row| row.get("reason").is_some() && row.get("involvedObject").is_some()) {
        return Some((Kind::EventsJson, Likely));
    }
    (name.contains("boundary") && ends(name, "jsonl")).then_some((Kind::Boundary, Weak))
}

/// A record of a request: something about its prompt or its times, and no mark of other logs.
fn is_request(value: &Value) -> bool {
    const STRONG: &[&str] = &[
        "prompt_tokens",
        "cached_tokens",
        "ttft",
        "salt",
        "prompt_hash",
        "head_hash",
        "head_text",
        "hit_chunks",
    ];
    const OTHERS: &[&str] =
        &["resourceSpans", "resourceMetrics", "hashes", "chunk_hashes", "traceId", "argv"];
    let Some(map) = value.as_object() else { return false };
    if OTHERS.iter().any(|key| map.contains_key(*key)) {
        return false;
    }
    let mut strong = 0;
    let mut all = 0;
    let mut field = |key: &str, item: &Value| {
        let Some((meaning, _)) = environment::request_field(key) else { return };
        if meaning == "prompt_tokens" && !item.is_number() {
            return;
        }
        all += 1;
        strong += usize::from(STRONG.contains(&meaning));
    };
    for (key, item) in map {
        field(key, item);
        // `usage` of an answer and `meta_info` of SGLang's.
        for (inner, item) in item.as_object().into_iter().flatten() {
            field(&format!("{key}.{inner}"), item);
        }
    }
    strong >= 1 && all >= 3
}

fn has(value: &Value, keys: &[&str]) -> bool {
    keys.iter().all(|key| value.get(*key).is_some())
}

fn any(value: &Value, keys: &[&str]) -> bool {
    keys.iter().any(|key| value.get(*key).is_some())
}

fn is_command(value: &Value) -> bool {
    let words = |key: &str| {
        value.get(key).is_some_and(|v| {
            v.as_array().is_some_and(|l| !l.is_empty() && l.iter().all(Value::is_string))
        })
    };
    words("argv")
        || words("cmdline")
        || (words("command") || words("cmd") || words("args"))
            && any(value, &["env", "environ", "pid", "cwd"])
        || value.get("cmdline").is_some_and(Value::is_string)
        || value.get("command").is_some_and(Value::is_string) && any(value, &["env", "pid", "cwd"])
}

fn is_environment(value: &Value) -> bool {
    let Some(map) = value.as_object().filter(|m| m.len() >= 2) else { return false };
    let upper = |name: &str| is_name(name) && !name.bytes().any(|b| b.is_ascii_lowercase());
    let hits = map.iter().filter(|(n, v)| upper(n) && v.is_string()).count();
    hits * 10 >= map.len() * 8
}

/// Whether a value is LMCache's configuration: most of its keys are.
pub(crate) fn is_lmcache_config(value: &Value) -> bool {
    let Some(map) = value.as_object().filter(|m| !m.is_empty()) else { return false };
    let hits = map.keys().filter(|k| launch::is_lmcache_key(k)).count();
    hits > 0 && hits * 10 >= map.len() * 6
}

fn is_kubernetes(value: &Value) -> bool {
    has(value, &["apiVersion", "kind"])
        || value.get("containers").is_some_and(Value::is_array)
        || value.pointer("/spec/containers").is_some_and(Value::is_array)
        || value.pointer("/spec/template/spec/containers").is_some_and(Value::is_array)
}

/// Objects that JSON and YAML share.
pub(super) fn tree(value: &Value) -> Verdict {
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
    let first = value.pointer("/items/0/kind").and_then(Value::as_str).unwrap_or_default();
    if kind == "Event" || kind == "EventList" || first == "Event" {
        return Some((Kind::EventsJson, Certain));
    }
    if matches!(kind, "Node" | "NodeList") || first == "Node" {
        return Some((Kind::Node, Certain));
    }
    if matches!(kind, "ServiceMonitor" | "PodMonitor") {
        return Some((Kind::PrometheusConfig, Certain));
    }
    if kind == "PrometheusRule" {
        return Some((Kind::Rules, Certain));
    }
    if value.get("services").is_some_and(Value::is_object)
        && value.pointer("/services").and_then(Value::as_object).is_some_and(|services| {
            services.values().any(|s| any(s, &["image", "command", "build", "environment"]))
        })
    {
        return Some((Kind::Compose, Certain));
    }
    if value.get("scrape_configs").is_some_and(Value::is_array)
        || value.pointer("/global/scrape_interval").is_some()
    {
        return Some((Kind::PrometheusConfig, Certain));
    }
    let rule = value.pointer("/groups/0/rules/0");
    if rule.is_some_and(|r| r.get("expr").is_some()) {
        return Some((Kind::Rules, Certain));
    }
    if launch::is_helm(value) {
        return Some((Kind::HelmValues, Certain));
    }
    if is_kubernetes(value) {
        return Some((Kind::Kubernetes, Certain));
    }
    if value.get("kv_connector").is_some()
        || value.pointer("/kv_transfer_config/kv_connector").is_some()
            && value.as_object().is_some_and(|m| m.len() == 1)
    {
        return Some((Kind::KvTransferConfig, Certain));
    }
    let mooncake =
        ["metadata_server", "master_server_address", "global_segment_size", "local_buffer_size"];
    if mooncake.iter().filter(|key| value.get(**key).is_some()).count() >= 2 {
        return Some((Kind::LmcacheConfig, Likely));
    }
    let map = value.as_object()?;
    let resources = map
        .iter()
        .filter(|(k, v)| {
            environment::quantity(v).is_some()
                && (matches!(k.as_str(), "cpu" | "memory" | "ephemeral-storage" | "pods")
                    || k.contains('/')
                    || k.starts_with("hugepages-"))
        })
        .count();
    if resources >= 2 || value.get("allocatable").is_some_and(Value::is_object) {
        return Some((Kind::Node, Likely));
    }
    None
}

fn json_value(name: &str, value: &Value) -> Verdict {
    let list = value.as_array();
    let first = list.and_then(|l| l.first()).unwrap_or(value);
    if is_command(first) || value.get("processes").and_then(|p| p.get(0)).is_some_and(is_command) {
        return Some((Kind::Command, Certain));
    }
    if first.get("Config").is_some() && any(first, &["HostConfig", "State", "Image"]) {
        return Some((Kind::DockerInspect, Certain));
    }
    // LMCache's internal API answers with the same objects.
    if value.get("vllm_config").is_some()
        && (any(value, &["vllm_env", "system_env"]) || name.contains("server_info"))
    {
        return Some((Kind::VllmServerInfo, Certain));
    }
    if value.get("vllm_config").is_some() {
        return Some((Kind::VllmServerInfo, Weak));
    }
    if any(value, &["cache_config"]) && any(value, &["parallel_config", "model_config"]) {
        return Some((Kind::VllmServerInfo, Weak));
    }
    if has(value, &["model_path", "tp_size"]) {
        return Some((Kind::SglangServerInfo, Certain));
    }
    if value.get("schema_version").and_then(Value::as_str) == Some(crate::BOUNDARY_SCHEMA)
        || has(value, &["claim_status", "row_count", "stage_counts"])
        || has(value, &["claim_status", "row_count", "event_counts", "stages"])
    {
        return Some((Kind::BoundarySummary, Certain));
    }
    let data = value.get("data").unwrap_or(value);
    if data.get("activeTargets").is_some() {
        return Some((Kind::PrometheusTargets, Certain));
    }
    if let Some(metric) = data.pointer("/result/0/metric") {
        let series = metric.get("__name__").and_then(Value::as_str);
        if series.is_none_or(|n| n == "up" || n.starts_with("scrape_")) {
            return Some((Kind::PrometheusTargets, Likely));
        }
    }
    if let Some(found) = tree(value) {
        return Some(found);
    }
    if value.get("dashboard").is_some_and(Value::is_object)
        || value.get("panels").is_some_and(Value::is_array)
        || first.get("expr").is_some_and(Value::is_string)
        || value.get("queries").is_some_and(Value::is_array)
    {
        return Some((Kind::Dashboard, Certain));
    }
    if first.get("reason").is_some() && any(first, &["involvedObject", "regarding"]) {
        return Some((Kind::EventsJson, Certain));
    }
    if has(value, &["model_type"])
        && any(value, &["architectures", "num_hidden_layers", "text_config"])
        && value.get("model_path").is_none()
    {
        return Some((Kind::ModelConfig, Certain));
    }
    if list.is_some()
        && has(first, &["name", "version"])
        && first.get("version").is_some_and(Value::is_string)
    {
        return Some((Kind::Packages, Likely));
    }
    if list.is_some()
        && has(first, &["status", "error"])
        && any(first, &["endpoint", "url", "file"])
    {
        return Some((Kind::ProbeIndex, Likely));
    }
    let file = value.pointer("/files/0").unwrap_or(&Value::Null);
    if has(file, &["path"]) && any(file, &["bytes", "size"]) && file.get("sha256").is_none() {
        return Some((Kind::Listing, Likely));
    }
    // A single request, or a list of them.
    if list.is_some_and(|l| l.len() > 1) && is_request(first) {
        return Some((Kind::Requests, Likely));
    }
    let mut keys: Vec<&String> = value.as_object().into_iter().flatten().map(|(k, _)| k).collect();
    for run in value.as_object().into_iter().flatten().filter_map(|(_, v)| v.pointer("/0")) {
        keys.extend(run.as_object().into_iter().flatten().map(|(k, _)| k));
    }
    let load = keys.iter().filter(|k| environment::known_workload_key(k)).count();
    let named = ["workload", "bench", "load"].iter().any(|w| name.contains(w));
    if load >= 3 || load >= 2 && (named || keys.len() <= 6) || load >= 1 && named {
        return Some((Kind::Workload, if named { Likely } else { Weak }));
    }
    if is_request(value) && ends(name, "jsonl") {
        return Some((Kind::Requests, Likely));
    }
    if boundary::is_row(value) && ends(name, "jsonl") {
        return Some((Kind::Boundary, Likely));
    }
    // Last, as LMCache's own HTTP answers look alike.
    if is_environment(value) {
        return Some((Kind::EnvJson, Weak));
    }
    if is_lmcache_config(value) {
        return Some((Kind::LmcacheConfig, Weak));
    }
    engine_answer(name, value)
}

/// Words in names of files about hosts and pods.
const ABOUT: &[&str] =
    &["host", "node", "pod", "facts", "limits", "sysctl", "system", "gpu", "python"];

/// Answers of engines. Their looks are common, so all but a list of models are weak.
fn engine_answer(name: &str, value: &Value) -> Verdict {
    let models = value.get("object").and_then(Value::as_str) == Some("list")
        && value.pointer("/data/0/object").and_then(Value::as_str) == Some("model");
    if models {
        return Some((Kind::EngineAnswer, Certain));
    }
    if has(value, &["model_path", "is_generation"])
        || value.pointer("/loads/0/num_running_reqs").is_some()
    {
        return Some((Kind::EngineAnswer, Certain));
    }
    let map = value.as_object()?;
    let file = name.rsplit('/').next().unwrap_or(name);
    if !name.contains("http/") && ABOUT.iter().any(|word| file.contains(word)) && !map.is_empty() {
        return Some((Kind::HostText, Weak));
    }
    let only = |key: &str| map.len() == 1 && map.contains_key(key);
    let engine = name.contains("vllm") || name.contains("sglang") || name.contains("engine");
    (engine
        && !name.contains("lmcache/")
        && (only("version")
            || only("detail")
            || only("message")
            || only("success")
            || map.is_empty()))
    .then_some((Kind::EngineAnswer, Weak))
}
