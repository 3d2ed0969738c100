//! What a packet's `manifest.json` says about it. Two forms exist: the one of packets of LMCache
//! alone, and `inferguard-lab-packet/1` of packets with an engine.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::manifest::Source;

/// How the evidence came to be. The words are those of packet manifests.
const CLAIMS: &[&str] = &["live", "driven-collector", "synthetic"];

/// Origin of a fixture.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Provenance {
    /// The packet's name.
    pub(super) packet: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    /// `live`, `driven-collector` or `synthetic`.
    pub(super) claim: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) claim_qualifier: Option<String>,
    /// Release by product.
    pub(super) versions: BTreeMap<String, String>,
    /// What ran and on what, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) setting: Vec<String>,
    /// The processes that were started: a shell line, or name, argv and environment.
    pub(super) commands: Vec<Value>,
    /// What was done to them.
    pub(super) load: Vec<Value>,
    pub(super) captured: Captured,
    pub(super) proves: Vec<String>,
    pub(super) lacks: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<String>,
    /// The manifest that said all this.
    pub(super) manifest: Source,
}

/// When the packet was captured, in seconds since 1970 UTC.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Captured {
    pub(super) start_unix: f64,
    pub(super) end_unix: f64,
}

/// A packet's manifest: its origin, and the digests it gives for its files.
#[derive(Debug)]
pub(super) struct PacketManifest {
    pub(super) provenance: Provenance,
    /// Expected size and digest by path.
    pub(super) files: BTreeMap<String, Source>,
}

impl PacketManifest {
    /// Reads a manifest of either form.
    pub(super) fn read(text: &[u8], source: Source) -> Result<Self> {
        let object: Map<String, Value> =
            serde_json::from_slice(text).context("manifest.json is not a JSON object")?;
        let string = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
        let claim = string("claim").with_context(|| lacks("claim"))?;
        if !CLAIMS.contains(&claim.as_str()) {
            bail!("manifest.json claims `{claim}`; known are {}", CLAIMS.join(", "));
        }
        let provenance = Provenance {
            packet: string("packet").with_context(|| lacks("packet"))?,
            title: string("title"),
            claim,
            claim_qualifier: string("claim_qualifier"),
            versions: versions(&object)?,
            setting: setting(&object),
            commands: list(&object, "commands")
                .or_else(|| list(&object, "server_commands"))
                .with_context(|| lacks("commands"))?,
            load: list(&object, "load").unwrap_or_default(),
            captured: captured(&object).with_context(|| lacks("wall"))?,
            proves: sentences(&object, "proven"),
            lacks: sentences(&object, "absent"),
            notes: sentences(&object, "notes"),
            manifest: source,
        };
        Ok(PacketManifest { provenance, files: files(&object) })
    }
}

fn lacks(key: &str) -> String {
    format!("manifest.json has no usable `{key}`")
}

fn list(object: &Map<String, Value>, key: &str) -> Option<Vec<Value>> {
    object.get(key).and_then(Value::as_array).cloned()
}

fn versions(object: &Map<String, Value>) -> Result<BTreeMap<String, String>> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut versions: BTreeMap<String, String> = match object.get("versions") {
        Some(Value::Object(all)) => {
            all.iter().filter_map(|(name, v)| Some((name.clone(), text(v)?))).collect()
        }
        _ => BTreeMap::new(),
    };
    // The form of packets of LMCache alone.
    for (key, name) in [("lmcache_version", "lmcache"), ("python", "python")] {
        if let Some(version) = object.get(key).and_then(text) {
            versions.insert(name.to_owned(), version);
        }
    }
    if versions.is_empty() {
        bail!(lacks("versions"));
    }
    Ok(versions)
}

/// What is said about machine and reality, as sentences.
fn setting(object: &Map<String, Value>) -> Vec<String> {
    let mut out: Vec<String> = ["device", "reality", "sanitised"]
        .iter()
        .filter_map(|key| object.get(*key).and_then(Value::as_str))
        .map(str::to_owned)
        .collect();
    if let Some(Value::Object(host)) = object.get("host") {
        let facts: Vec<String> = host
            .iter()
            .map(|(key, value)| match value {
                Value::String(text) => format!("{key} {text}"),
                Value::Null => format!("no {key}"),
                other => format!("{key} {other}"),
            })
            .collect();
        out.push(facts.join(", "));
    }
    out
}

fn captured(object: &Map<String, Value>) -> Option<Captured> {
    let wall = object.get("wall");
    let at = |outer: &str, inner: &str| object.get(outer)?.get(inner)?.as_f64();
    Some(Captured {
        start_unix: wall
            .and_then(|w| w.get("start_unix"))
            .and_then(Value::as_f64)
            .or_else(|| at("start", "unix"))?,
        end_unix: wall
            .and_then(|w| w.get("end_unix"))
            .and_then(Value::as_f64)
            .or_else(|| at("end", "unix"))?,
    })
}

/// Strings, or objects of `what` and `why`.
fn sentences(object: &Map<String, Value>, key: &str) -> Vec<String> {
    let sentence = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => match (other.get("what").and_then(Value::as_str), other.get("why")) {
            (Some(what), Some(Value::String(why))) => format!("{what}: {why}"),
            _ => other.to_string(),
        },
    };
    let all = object.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    all.iter().map(sentence).collect()
}

fn files(object: &Map<String, Value>) -> BTreeMap<String, Source> {
    let entry = |value: &Value| {
        let path = value.get("path")?.as_str()?.to_owned();
        let sha256 = value.get("sha256")?.as_str()?.to_owned();
        Some((path, Source { bytes: value.get("bytes")?.as_u64()?, sha256 }))
    };
    let all = object.get("files").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<PacketManifest> {
        let source = Source { bytes: 0, sha256: String::new() };
        PacketManifest::read(value.to_string().as_bytes(), source)
    }

    #[test]
    fn the_form_of_lmcache_alone() {
        let manifest = read(&json!({
            "packet": "A", "title": "T", "lmcache_version": "0.5.6", "python": "3.11",
            "device": "CPU only", "server_commands": ["lmcache server"], "load": ["drive"],
            "start": {"unix": 1.5, "utc": "x"}, "end": {"unix": 2.5}, "claim": "live",
            "proven": ["p"], "absent": ["a"], "notes": [],
            "files": [{"path": "x", "bytes": 1, "sha256": "00"}],
        }))
        .unwrap();
        let p = manifest.provenance;
        assert_eq!(p.versions["lmcache"], "0.5.6");
        assert_eq!(p.commands, [json!("lmcache server")]);
        assert_eq!(p.captured, Captured { start_unix: 1.5, end_unix: 2.5 });
        assert_eq!((p.proves, p.lacks), (vec!["p".to_owned()], vec!["a".to_owned()]));
        assert_eq!(manifest.files["x"].sha256, "00");
    }

    #[test]
    fn the_form_with_an_engine() {
        let manifest = read(&json!({
            "packet": "mp-main", "schema": "inferguard-lab-packet/1", "claim": "live",
            "versions": {"vllm": "0.32.0", "lmcache": "0.5.6"},
            "host": {"os": "linux", "cores": 2, "gpu": null},
            "commands": [{"name": "vllm", "argv": ["vllm", "serve"], "env": {}}],
            "load": [{"phase": "cold"}], "wall": {"start_unix": 1.0, "end_unix": 3.0},
            "proven": ["p"], "absent": [{"what": "GPU", "why": "no GPU"}], "notes": ["n"],
            "claim_qualifier": "q", "files": [],
        }))
        .unwrap();
        let p = manifest.provenance;
        assert_eq!(p.lacks, ["GPU: no GPU"]);
        assert_eq!(p.setting, ["os linux, cores 2, no gpu"].map(str::to_owned).to_vec());
        assert_eq!(p.claim_qualifier.as_deref(), Some("q"));
        assert_eq!(p.captured.end_unix, 3.0);
    }

    #[test]
    fn what_cannot_be_used() {
        let why = |value: Value| format!("{:#}", read(&value).unwrap_err());
        assert!(why(json!([])).contains("not a JSON object"));
        assert!(why(json!({})).contains("`claim`"));
        assert!(why(json!({"claim": "guessed"})).contains("claims `guessed`"));
        let no_time = json!({"claim": "live", "packet": "x", "python": "3", "commands": []});
        assert!(why(no_time).contains("`wall`"));
    }
}
