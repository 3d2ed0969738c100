//! KV connectors: what `kv-transfer-config` names, and what that implies.

use serde::Serialize;
use serde_json::Value;

use crate::clean::Cleaner;
use crate::place::{How, Issue, Place, child};
use crate::process::{Process, Product};
use crate::setting::{Setting, Source, typed};
use crate::tables;

/// What a connector's name implies about LMCache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectorMode {
    /// LMCache runs inside the engine.
    Embedded,
    /// Embedded, for vLLM's V0 engine, which later releases do not have.
    EmbeddedV0,
    /// The engine talks to a separate LMCache server.
    Mp,
    /// Several connectors; they follow in the list.
    Multi,
    /// A connector of the engine that is not LMCache's.
    Other,
    /// No examined release has this name.
    Unknown,
}

impl ConnectorMode {
    /// Whether it is LMCache's.
    pub fn is_lmcache(self) -> bool {
        matches!(self, ConnectorMode::Embedded | ConnectorMode::EmbeddedV0 | ConnectorMode::Mp)
    }
}

/// One connector.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Connector {
    /// Name as written.
    pub name: String,
    /// What it implies.
    pub mode: ConnectorMode,
    /// `kv_producer`, `kv_consumer` or `kv_both`, as written.
    pub role: Option<String>,
    /// Module that the class is loaded from instead of the engine's registry.
    pub module_path: Option<String>,
    /// Name of the MultiConnector it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inside: Option<String>,
    /// Where it stands.
    pub place: Place,
    /// How it is known.
    pub how: How,
}

/// Nested MultiConnectors are followed this deep.
const DEEPEST: usize = 4;

/// A connector class of an engine, as the table has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectorClass {
    /// Engine: `vllm`, `sglang`, `tensorrt-llm`.
    pub engine: &'static str,
    /// What its name implies.
    pub mode: ConnectorMode,
    /// First examined release of the engine that has it; nothing where the class is LMCache's.
    pub first: Option<&'static str>,
    /// Last such release; nothing while it is still there.
    pub last: Option<&'static str>,
    /// Where the row comes from.
    pub source: &'static str,
    /// First release of the engine whose class has series of its own.
    pub series_from: Option<&'static str>,
    /// First release of the lmcache package whose class has series of its own, where the
    /// engine's own copy has none.
    pub package_series_from: Option<&'static str>,
}

/// The class of a name in an engine.
pub fn connector_class(engine: &str, name: &str) -> Option<ConnectorClass> {
    let row = tables::rows(tables::CONNECTORS)
        .find(|row| row.first() == Some(&engine) && row.get(1) == Some(&name))?;
    let cell = |at: usize| row.get(at).copied().filter(|cell| !cell.is_empty());
    let series = cell(6);
    Some(ConnectorClass {
        engine: row.first()?,
        mode: match cell(2)? {
            "embedded" => ConnectorMode::Embedded,
            "embedded-v0" => ConnectorMode::EmbeddedV0,
            "mp" => ConnectorMode::Mp,
            "multi" => ConnectorMode::Multi,
            _ => ConnectorMode::Other,
        },
        first: cell(3),
        last: cell(4),
        source: cell(5).unwrap_or(""),
        series_from: series.filter(|s| !s.starts_with("lmcache ")),
        package_series_from: series.and_then(|s| s.strip_prefix("lmcache ")),
    })
}

/// What the tables know of a name.
pub(crate) fn mode(engine: &str, name: &str) -> ConnectorMode {
    connector_class(engine, name).map_or(ConnectorMode::Unknown, |class| class.mode)
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::to_owned)
}

/// What a kv-transfer-config sets.
pub(crate) fn kv_transfer(
    cleaner: &Cleaner,
    config: &Value,
    place: &Place,
    source: Source,
    process: &mut Process,
) {
    one(cleaner, config, place, source, process, None, 0);
}

fn one(
    cleaner: &Cleaner,
    config: &Value,
    place: &Place,
    source: Source,
    process: &mut Process,
    inside: Option<&str>,
    depth: usize,
) {
    let Some(map) = config.as_object() else { return };
    let pointer = place.pointer.clone().unwrap_or_default();
    let here = |key: &str| place.at(child(&pointer, key));
    let mut set = |name: &str, key: &str, value: Value, source: Source, place: Place| {
        process.set(Setting {
            name: name.to_owned(),
            value,
            source,
            key: key.to_owned(),
            place,
            how: How::Measured,
        });
    };
    let name = text(map.get("kv_connector")).map(|n| cleaner.pair("kv_connector", &n));
    let role = text(map.get("kv_role")).map(|n| cleaner.text(&n));
    let module = text(map.get("kv_connector_module_path")).map(|n| cleaner.text(&n));
    for (key, value) in map {
        let setting = match key.as_str() {
            "kv_connector" => "connector",
            "kv_role" => "kv_role",
            "kv_connector_module_path" => "connector_module_path",
            "kv_connector_extra_config" | "engine_id" => continue,
            other => other,
        };
        if !value.is_null() {
            let value = cleaner.tree(key, value);
            if setting.starts_with("kv_") || setting.starts_with("connector") {
                set(setting, key, value, source, here(key));
            } else {
                set(&format!("connector.{}", cleaner.text(setting)), key, value, source, here(key));
            }
        }
    }
    let extra = map.get("kv_connector_extra_config").and_then(Value::as_object);
    let base = child(&pointer, "kv_connector_extra_config");
    for (key, value) in extra.into_iter().flatten() {
        if key == "connectors" || value.is_null() {
            continue;
        }
        let setting =
            tables::extra(key).unwrap_or_else(|| format!("connector.{}", cleaner.text(key)));
        let mut value = cleaner.tree(key, value);
        if let Value::String(text) = &value
            && key != "lmcache_rpc_port"
        {
            value = typed(text);
        }
        set(&setting, key, value, Source::ExtraConfig, place.at(child(&base, key)));
    }
    let engine = match process.product {
        Product::TensorrtLlm => "tensorrt-llm",
        _ => "vllm",
    };
    if let Some(name) = &name {
        process.connectors.push(Connector {
            mode: mode(engine, name),
            name: name.clone(),
            role,
            module_path: module,
            inside: inside.map(str::to_owned),
            place: place.clone(),
            how: How::Measured,
        });
    }
    let children = extra.and_then(|e| e.get("connectors")).and_then(Value::as_array);
    for (i, item) in children.into_iter().flatten().enumerate() {
        if depth < DEEPEST {
            let place = place.at(format!("{base}/connectors/{i}"));
            one(cleaner, item, &place, source, process, name.as_deref(), depth + 1);
        }
    }
}

/// JSON as it is, as Python writes it, or as YAML reads it; else what can be saved of it.
pub(crate) fn lenient(text: &str) -> Option<Value> {
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    let python = text
        .replace('\'', "\"")
        .replace(": True", ": true")
        .replace(": False", ": false")
        .replace(": None", ": null");
    serde_json::from_str(&python).ok()
}

/// Saves connector and role from a kv-transfer-config that a shell or a table has mangled.
pub(crate) fn salvage(text: &str) -> Value {
    let mut out = serde_json::Map::new();
    for key in [
        "kv_connector_module_path",
        "kv_connector",
        "kv_role",
        "lmcache.mp.host",
        "lmcache.mp.port",
    ] {
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let mut rest = text;
        while let Some(at) = rest.find(key) {
            let after = rest.get(at + key.len()..).unwrap_or_default();
            rest = after;
            if after.starts_with(word) {
                continue;
            }
            let value: String = after
                .trim_start_matches(|c: char| !word(c))
                .chars()
                .take_while(|c| word(*c) || matches!(c, ':' | '/'))
                .collect();
            if !value.is_empty() {
                let value = typed(value.trim_end_matches(':'));
                if key.starts_with("lmcache") {
                    let extra = out
                        .entry("kv_connector_extra_config")
                        .or_insert_with(|| Value::Object(serde_json::Map::new()));
                    if let Some(extra) = extra.as_object_mut() {
                        extra.insert(key.to_owned(), value);
                    }
                } else {
                    out.insert(key.to_owned(), value);
                }
            }
            break;
        }
    }
    Value::Object(out)
}

/// Reads the value of `--kv-transfer-config`.
pub(crate) fn from_text(
    cleaner: &Cleaner,
    raw: &str,
    place: &Place,
    source: Source,
    process: &mut Process,
    issues: &mut Vec<Issue>,
) {
    if let Some(value) = lenient(raw)
        && value.is_object()
    {
        kv_transfer(cleaner, &value, place, source, process);
        return;
    }
    issues.push(Issue {
        message: "kv-transfer-config is not JSON; names were picked out of it".into(),
        place: place.clone(),
    });
    let settings = process.settings.len();
    let connectors = process.connectors.len();
    kv_transfer(cleaner, &salvage(raw), place, source, process);
    for setting in process.settings.iter_mut().skip(settings) {
        setting.how = How::Inferred;
    }
    for connector in process.connectors.iter_mut().skip(connectors) {
        connector.how = How::Inferred;
    }
}

/// Connectors that flags of other tools stand for.
pub(crate) fn implied(process: &mut Process) {
    if !process.connectors.is_empty() {
        return;
    }
    let says = |name: &str, value: &str| {
        process.setting(name).filter(|s| match &s.value {
            Value::Array(list) => list.iter().any(|v| v.as_str() == Some(value)),
            other => other.as_str() == Some(value),
        })
    };
    let dynamo = says("dynamo.connector", "lmcache").cloned();
    if let Some(setting) = dynamo {
        push(process, "LMCacheConnectorV1", &setting);
    }
}

/// Adds a connector that a setting stands for.
pub(crate) fn push(process: &mut Process, name: &str, from: &Setting) {
    process.connectors.push(Connector {
        name: name.to_owned(),
        mode: mode("vllm", name),
        role: Some("kv_both".into()),
        module_path: None,
        inside: None,
        place: from.place.clone(),
        how: How::Inferred,
    });
    process.set(Setting {
        name: "connector".into(),
        value: Value::from(name),
        source: from.source,
        key: from.key.clone(),
        place: from.place.clone(),
        how: How::Inferred,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mangled_configurations_are_salvaged() {
        let cases = [
            "{kv_connector:LMCacheMPConnector,kv_role:kv_both}",
            "{kv_connector: LMCacheMPConnector, kv_role: kv_both",
            r#"{"kv_connector":"LMCacheMPConnector","kv_role":"kv_both""#,
        ];
        for case in cases {
            let value = salvage(case);
            assert_eq!(value["kv_connector"], "LMCacheMPConnector", "{case}");
            assert_eq!(value["kv_role"], "kv_both", "{case}");
        }
        assert!(lenient("{'a': True}").is_some());
    }

    #[test]
    fn names_imply_modes() {
        assert_eq!(mode("vllm", "LMCacheConnectorV1"), ConnectorMode::Embedded);
        assert_eq!(mode("vllm", "LMCacheMPConnector"), ConnectorMode::Mp);
        assert_eq!(mode("vllm", "LMCacheConnector"), ConnectorMode::EmbeddedV0);
        assert_eq!(mode("sglang", "LMCacheConnector"), ConnectorMode::Embedded);
        assert_eq!(mode("vllm", "NixlConnector"), ConnectorMode::Other);
        assert_eq!(mode("vllm", "Nonsense"), ConnectorMode::Unknown);
    }
}
