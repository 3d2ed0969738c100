//! What an artifact is, told by its content first and its name second.

use serde_json::Value;

use crate::boundary;
use crate::environment;
use crate::envvars::is_name;
use crate::kind::{Confidence, Kind, Recognition};
use crate::launch;
use crate::{argv, yaml};

use Confidence::{Certain, Likely, Weak};

/// Whether a name, in lower case, ends so.
fn ends(name: &str, extension: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, last)| last == extension)
}

/// Lines that a text is judged by.
const LINES: usize = 60;
/// Longest JSON text that is parsed to tell its kind, in bytes.
const LONGEST: usize = 64 << 20;

type Verdict = Option<(Kind, Confidence)>;

/// Tells the kind of an artifact; `None` if it is none of this crate's. [`Confidence::Weak`]
/// says that another reader may claim it first.
///
/// ```
/// use lmcache_launch::{Kind, recognise};
/// let kind = recognise(None, b"lmcache==0.5.6\nvllm==0.32.0\n").map(|r| r.kind);
/// assert_eq!(kind, Some(Kind::Packages));
/// assert_eq!(recognise(None, b"# HELP a b\n# TYPE a counter\na 1\n"), None);
/// ```
pub fn recognise(name: Option<&str>, bytes: &[u8]) -> Option<Recognition> {
    let name = name.unwrap_or_default().to_ascii_lowercase();
    verdict(&name, bytes).map(|(kind, confidence)| Recognition { kind, confidence })
}

fn verdict(name: &str, bytes: &[u8]) -> Verdict {
    let trimmed = bytes.trim_ascii();
    if trimmed.is_empty() {
        return None;
    }
    if bytes.contains(&0) {
        return with_nul(name, bytes);
    }
    let bytes = trimmed.strip_prefix(b"\xef\xbb\xbf").unwrap_or(trimmed);
    if matches!(bytes.first(), Some(b'{' | b'[')) && !is_stamp(bytes) {
        return json(name, bytes);
    }
    let head = bytes.get(..bytes.len().min(256 << 10)).unwrap_or_default();
    let lossy = String::from_utf8_lossy(head);
    // Binary content.
    if lossy.matches('\u{fffd}').count() > lossy.len() / 50 {
        return None;
    }
    let lines: Vec<&str> =
        lossy.lines().map(str::trim_end).filter(|l| !l.trim().is_empty()).take(LINES).collect();
    if lines.iter().any(|l| l.starts_with("# HELP ") || l.starts_with("# TYPE ")) {
        return None;
    }
    text(name, &lines, &lossy, bytes)
}

/// A line that begins with a time in brackets, as kernels write it.
fn is_stamp(bytes: &[u8]) -> bool {
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let Some(rest) = line.strip_prefix(b"[") else { return false };
    let Some(end) = rest.iter().position(|b| *b == b']') else { return false };
    let inside = rest.get(..end).unwrap_or_default().trim_ascii();
    !inside.contains(&b',')
        && !inside.contains(&b'"')
        && inside.first().is_some_and(u8::is_ascii_alphanumeric)
        && rest.get(end + 1) == Some(&b' ')
}

fn with_nul(name: &str, bytes: &[u8]) -> Verdict {
    let text = std::str::from_utf8(bytes).ok()?;
    if text.chars().any(|c| c.is_control() && !matches!(c, '\0' | '\n' | '\t' | '\r' | '\u{1b}')) {
        return None;
    }
    let parts: Vec<&str> = text.split('\0').filter(|p| !p.is_empty()).collect();
    let pairs =
        parts.iter().filter(|p| p.split_once('=').is_some_and(|(n, _)| is_name(n))).count();
    if pairs * 10 >= parts.len() * 9 && pairs > 0 {
        return Some((Kind::ProcEnviron, if pairs > 2 { Certain } else { Likely }));
    }
    let known = argv::program(&parts).is_some();
    (known || name.contains("cmdline"))
        .then_some((Kind::ProcCmdline, if known { Certain } else { Likely }))
}

fn json(name: &str, bytes: &[u8]) -> Verdict {
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
        "prompt_tokens", "cached_tokens", "ttft", "salt", "prompt_hash", "head_hash", "head_text",
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
    for (key, item) in map {
        let Some(meaning) = environment::meaning(key) else { continue };
        if meaning.name == "prompt_tokens" && !item.is_number() {
            continue;
        }
        all += 1;
        strong += usize::from(STRONG.contains(&meaning.name));
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
        || (words("command") || words("cmd") || words("args")) && any(value, &["env", "environ", "pid", "cwd"])
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
fn tree(name: &str, value: &Value) -> Verdict {
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
    if value.get("kv_connector").is_some() || value.pointer("/kv_transfer_config/kv_connector").is_some() && value.as_object().is_some_and(|m| m.len() == 1) {
        return Some((Kind::KvTransferConfig, Certain));
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
    let _ = name;
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
    if value.get("vllm_config").is_some() {
        return Some((Kind::VllmServerInfo, Certain));
    }
    // LMCache's internal API answers with the same objects.
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
    if let Some(found) = tree(name, value) {
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
    if has(value, &["model_type"]) && any(value, &["architectures", "num_hidden_layers", "text_config"])
        && value.get("model_path").is_none()
    {
        return Some((Kind::ModelConfig, Certain));
    }
    if list.is_some() && has(first, &["name", "version"]) && first.get("version").is_some_and(Value::is_string)
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

/// Answers of engines. Their looks are common, so all but a list of models are weak.
fn engine_answer(name: &str, value: &Value) -> Verdict {
    let models = value.get("object").and_then(Value::as_str) == Some("list")
        && value.pointer("/data/0/object").and_then(Value::as_str) == Some("model");
    if models {
        return Some((Kind::EngineAnswer, Certain));
    }
    if has(value, &["model_path", "is_generation"]) || value.pointer("/loads/0/num_running_reqs").is_some() {
        return Some((Kind::EngineAnswer, Certain));
    }
    let map = value.as_object()?;
    let only = |key: &str| map.len() == 1 && map.contains_key(key);
    let engine = name.contains("vllm") || name.contains("sglang") || name.contains("engine");
    (engine && !name.contains("lmcache/") && (only("version") || only("detail") || only("message") || map.is_empty()))
        .then_some((Kind::EngineAnswer, Weak))
}

/// The share of lines that pass a test, at least eight of ten.
fn most(lines: &[&str], test: impl Fn(&str) -> bool) -> bool {
    let hits = lines.iter().filter(|l| test(l)).count();
    hits > 0 && hits * 10 >= lines.len() * 8
}

fn text(name: &str, lines: &[&str], head: &str, bytes: &[u8]) -> Verdict {
    let some = |test: &dyn Fn(&str) -> bool| lines.iter().any(|l| test(l));
    let count = |test: &dyn Fn(&str) -> bool| lines.iter().filter(|l| test(l)).count();
    let starts = |heads: &[&str]| some(&|l| heads.iter().any(|h| l.starts_with(h)));
    let file = name.rsplit('/').next().unwrap_or(name);

    if some(&|l| l.contains("REASON") && l.contains("MESSAGE") && l.contains("OBJECT")) {
        return Some((Kind::EventsText, Certain));
    }
    if starts(&["Name:"]) && starts(&["Containers:", "Allocatable:", "Namespace:", "Events:"]) {
        return Some((Kind::Describe, Certain));
    }
    if lines.first().is_some_and(|l| {
        l.split_whitespace().any(|w| w == "NAME") && (l.contains("READY") || l.contains("STATUS"))
    }) {
        return Some((Kind::KubectlGet, Certain));
    }
    if count(&|l| l.starts_with("MemTotal:") || l.starts_with("MemAvailable:") || l.starts_with("MemFree:")) > 0
        || starts(&["Mem:"]) && some(&|l| l.contains("total") && l.contains("free"))
    {
        return Some((Kind::Meminfo, Certain));
    }
    if some(&|l| l.starts_with("Limit ") && l.contains("Soft Limit"))
        || count(&|l| l.contains("(kbytes, -") || l.contains("(-n)") || l.contains("(blocks, -")) > 0
        || file.contains("limits") && some(&|l| l.to_ascii_lowercase().contains("lock"))
    {
        return Some((Kind::Limits, Certain));
    }
    if starts(&["Filesystem "]) {
        return Some((Kind::Df, Certain));
    }
    if starts(&["Netid", "Proto ", "State  ", "State R", "Active Internet"])
        || count(&|l| {
            let fields: Vec<&str> = l.split_whitespace().collect();
            fields.iter().any(|f| matches!(*f, "LISTEN" | "ESTAB" | "ESTABLISHED" | "SYN-SENT" | "TIME-WAIT"))
                && fields.iter().any(|f| environment_endpoint(f))
        }) * 2 > lines.len()
    {
        return Some((Kind::Sockets, Certain));
    }
    if some(&|l| l.contains("NVIDIA-SMI") || l.contains("Driver Version:"))
        || lines.first().is_some_and(|l| l.contains("memory.total") || l.contains("utilization.gpu"))
        || most(lines, |l| l.starts_with("GPU ") && l.contains("(UUID:"))
    {
        return Some((Kind::NvidiaSmi, Certain));
    }
    if lines.first().is_some_and(|l| {
        let fields: Vec<&str> = l.split_whitespace().collect();
        fields.contains(&"PID") && fields.iter().any(|f| matches!(*f, "COMMAND" | "CMD" | "ARGS"))
    }) {
        return Some((Kind::Ps, Certain));
    }
    if some(&|l| l.contains("scrape_pool=") || l.contains("component=\"scrape manager\""))
        || count(&|l| (l.starts_with("ts=") || l.starts_with("time=")) && l.contains("level=")) * 2 > lines.len() && name.contains("prometheus")
    {
        return Some((Kind::PrometheusLog, Certain));
    }
    if some(&|l| l.contains("Serving Benchmark Result")) || count(&|l| l.split_once(':').is_some_and(|(k, _)| environment::known_workload_key(k.trim()) && k.contains(' '))) >= 2 {
        return Some((Kind::BenchmarkText, Certain));
    }
    if lines.first().is_some_and(|l| {
        l.split(',').filter(|c| environment::meaning(c.trim()).is_some()).count() >= 3
    }) {
        return Some((Kind::RequestsCsv, Likely));
    }
    if let Some(found) = kernel(name, lines, head) {
        return Some(found);
    }
    if most(lines, |l| l.contains("==") || l.contains(" @ ") || l.starts_with('#') || l.starts_with("-e "))
        && some(&|l| l.contains("==") && !l.contains(' '))
        || some(&|l| l.starts_with("Package") && l.contains("Version"))
        || (name.contains("pip") || name.contains("packages") || name.contains("conda"))
            && most(lines, |l| l.starts_with('#') || l.split_whitespace().nth(1).is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit())))
    {
        return Some((Kind::Packages, Certain));
    }
    let variables = |l: &str| {
        let l = l.strip_prefix("export ").unwrap_or(l);
        let l = l.strip_prefix("declare -x ").unwrap_or(l);
        l.starts_with('#') || l.split_once('=').is_some_and(|(n, v)| is_name(n) && !v.starts_with('='))
    };
    // Values may run over lines.
    if count(&|l| variables(l)) * 10 >= lines.len() * 6
        && some(&|l| variables(l) && l.split('=').next().is_some_and(|n| !n.bytes().any(|b| b.is_ascii_lowercase())))
        && !lines.iter().any(|l| is_script_line(l))
    {
        return Some((Kind::EnvText, Likely));
    }
    if let Some(found) = yaml_text(name, lines, bytes) {
        return Some(found);
    }
    if script(name, lines, head) {
        return Some((Kind::Shell, if ends(name, "sh") { Certain } else { Likely }));
    }
    if count(&|l| environment::host_line(l).is_some() || l.starts_with("Linux ")) * 3 >= lines.len() {
        return Some((Kind::HostText, Likely));
    }
    if file.starts_with("flush") || lines.first().is_some_and(|l| l.starts_with("Cache flushed.")) {
        return Some((Kind::EngineAnswer, Weak));
    }
    None
}

fn environment_endpoint(field: &str) -> bool {
    environment::is_endpoint(field)
}

/// Kernel messages: a stamp of `dmesg` or the journal, or lines that a pattern knows.
fn kernel(name: &str, lines: &[&str], head: &str) -> Verdict {
    let stamped = |l: &str| {
        let inner = l.trim_start_matches(|c: char| c == '<' || c == '>' || c.is_ascii_digit());
        inner.strip_prefix('[').and_then(|r| r.split_once(']')).is_some_and(|(stamp, _)| {
            let stamp = stamp.trim();
            stamp.split_once('.').is_some_and(|(a, b)| {
                a.bytes().all(|c| c.is_ascii_digit()) && b.bytes().all(|c| c.is_ascii_digit()) && b.len() >= 3
            })
        }) || l.contains(" kernel: ")
    };
    let named = ["dmesg", "kern", "messages", "journal"].iter().any(|w| name.contains(w));
    if most(lines, stamped) {
        return Some((Kind::KernelLog, Certain));
    }
    let told = ["Out of memory: Kill", "oom-kill:", "invoked oom-killer", "NVRM: Xid"];
    let hit = told.iter().any(|m| head.contains(m));
    (named || hit && !head.contains("LMCache") && !head.contains("vllm"))
        .then_some((Kind::KernelLog, if hit { Likely } else { Weak }))
}

fn yaml_text(name: &str, lines: &[&str], bytes: &[u8]) -> Verdict {
    let named = ends(name, "yaml") || ends(name, "yml");
    let key = |l: &str| {
        let l = l.trim_start();
        let l = l.strip_prefix("- ").unwrap_or(l);
        l.starts_with('#')
            || l == "---"
            || l.starts_with('-')
            || l.split_once(':').is_some_and(|(k, v)| {
                !k.is_empty()
                    && (v.is_empty() || v.starts_with(' '))
                    && k.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b'"'))
            })
    };
    if !named && !most(lines, key) || bytes.len() > yaml::MAX_YAML {
        return None;
    }
    let text = String::from_utf8_lossy(bytes);
    let documents = yaml::documents(&text).ok()?;
    for value in &documents {
        if let Some(found) = tree(name, value) {
            return Some(found);
        }
    }
    let value = documents.first()?;
    let map = value.as_object()?;
    if is_lmcache_config(value) {
        return Some((Kind::LmcacheConfig, Certain));
    }
    let flags = map
        .keys()
        .filter(|k| {
            crate::tables::flag("vllm", &format!("--{}", k.replace('_', "-"))).is_some()
        })
        .count();
    if flags * 2 > map.len() {
        return Some((Kind::EngineConfig, Likely));
    }
    let lmcache = map.keys().any(|k| launch::is_lmcache_key(k)) || name.contains("lmcache");
    (named && lmcache).then_some((Kind::LmcacheConfig, Weak))
}

fn is_script_line(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    argv::program(&words).is_some_and(|(_, end)| {
        words.get(end).is_some_and(|w| w.starts_with('-')) || words.len() > 2
    })
}

/// Text whose commands start a program that the tables know.
fn script(name: &str, lines: &[&str], head: &str) -> bool {
    let shebang = lines.first().is_some_and(|l| l.starts_with("#!"));
    let logs = ends(name, "log") || head.contains(" INFO ") || head.contains("INFO:");
    if logs && !shebang || ends(name, "md") {
        return false;
    }
    let known = crate::shell::split(head).iter().any(|command| {
        let words: Vec<&str> = command.words.iter().map(|w| w.0.as_str()).collect();
        // Prose names programs too: a command has them early, or runs a container.
        argv::program(&words).is_some_and(|(_, end)| end <= 6)
            || matches!(words.first(), Some(&("docker" | "podman" | "sudo")))
                && words.iter().any(|w| launch::image(w).is_some())
    });
    known
        && (shebang
            || ends(name, "sh")
            || name.contains("command")
            || name.contains("cmd")
            || head.contains(" --"))
}
