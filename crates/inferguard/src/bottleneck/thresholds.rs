//! The thresholds of the bottleneck rules: names, units, defaults, and the files that override
//! them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// One threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// Name in a rule configuration.
    pub name: &'static str,
    /// Unit.
    pub unit: &'static str,
    /// Default.
    pub default: f64,
    /// What it bounds.
    pub what: &'static str,
}

const fn t(name: &'static str, unit: &'static str, default: f64, what: &'static str) -> Threshold {
    Threshold { name, unit, default, what }
}

/// Every threshold, in the order of the rules.
pub const THRESHOLDS: &[Threshold] = &[
    t(
        "network_nvlink_saturation_fraction",
        "fraction",
        0.8,
        "NVLink saturation from which links count as full",
    ),
    t(
        "network_nvlink_bytes_p95",
        "bytes/s",
        1e12,
        "NVLink bytes a second, each way, from which links count as full",
    ),
    t(
        "network_nccl_busbw_fraction",
        "fraction",
        0.6,
        "share of the expected NCCL bus bandwidth below which the network is slow",
    ),
    t("kv_usage_fraction_p95", "fraction", 0.85, "KV cache usage above which the cache is full"),
    t(
        "prefix_cache_expected_floor",
        "fraction",
        0.2,
        "prefix hit rate below which evictions cost hits",
    ),
    t(
        "kv_transfer_stall_min_bytes",
        "bytes",
        1_048_576.0,
        "bytes sent from which nothing received is a stall",
    ),
    t(
        "queue_waiting_running_ratio",
        "ratio",
        1.0,
        "waiting to running requests above which requests queue",
    ),
    t(
        "queue_waiting_min",
        "requests",
        2.0,
        "waiting requests below which there is no queue, whatever the ratio",
    ),
    t(
        "queue_e2e_p99_rise_ratio",
        "ratio",
        1.5,
        "E2E p99 to p50, or p99 of the later half to the earlier, above which latency rises",
    ),
    t(
        "prefill_ttft_e2e_ratio",
        "ratio",
        0.6,
        "TTFT to E2E at p95 above which prefill is most of a request",
    ),
    t(
        "prefill_engine_e2e_ratio",
        "ratio",
        0.5,
        "the engine's prefill time to E2E above which prefill is most of a request",
    ),
    t(
        "prefill_running_low_max",
        "requests",
        2.0,
        "running requests up to which a long TTFT is not contention",
    ),
    t("decode_tpot_skew_ratio", "ratio", 1.5, "TPOT p95 to p50 above which decode is uneven"),
    t(
        "decode_tpot_slo_floor_ms",
        "ms",
        30.0,
        "the engine's time per output token above which decode is slow",
    ),
    t(
        "decode_tensor_active_p95",
        "fraction",
        0.7,
        "tensor pipe activity above which decode is bound by the GPU",
    ),
    t("host_gpu_util_fraction", "fraction", 0.5, "GPU utilisation below which the GPU waits"),
    t("host_e2e_slo_p99_ms", "ms", 1000.0, "E2E p99 above which waiting GPUs matter"),
    t("host_core_busy_fraction", "fraction", 0.95, "busy share from which a core is saturated"),
];

/// Thresholds in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Thresholds {
    values: BTreeMap<&'static str, f64>,
    overridden: BTreeMap<&'static str, f64>,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            values: THRESHOLDS.iter().map(|t| (t.name, t.default)).collect(),
            overridden: BTreeMap::new(),
        }
    }
}

/// One threshold as a report shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ThresholdRow {
    /// Value in force.
    pub value: f64,
    /// Unit.
    pub unit: String,
    /// Whether a rule configuration set it.
    pub overridden: bool,
}

/// Why a rule configuration cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Neither JSON nor TOML; says where.
    #[error("{0}")]
    Syntax(String),
    /// Not a table of numbers.
    #[error("a table of threshold names and numbers is needed")]
    NotATable,
    /// No such threshold.
    #[error("there is no threshold {name}{}", hint(.near.as_deref()))]
    Unknown {
        /// Name that was given.
        name: String,
        /// The nearest name, where one is near.
        near: Option<String>,
    },
    /// Not a number that can be a threshold.
    #[error("{name}: a number of 0 or more is needed, not {value}")]
    NotANumber {
        /// Name.
        name: String,
        /// What was given.
        value: String,
    },
}

fn hint(near: Option<&str>) -> String {
    near.map_or_else(String::new, |n| format!("; did you mean {n}?"))
}

impl Thresholds {
    /// Reads overrides from JSON or TOML; either at the top or in a table `bottleneck`.
    pub fn read(text: &str) -> Result<Self, ConfigError> {
        let text = text.trim_start_matches('\u{feff}');
        let value: Value = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|e| ConfigError::Syntax(e.to_string()))?
        } else {
            toml::from_str(text).map_err(|e| ConfigError::Syntax(located(text, &e)))?
        };
        let table = value.get("bottleneck").unwrap_or(&value);
        let Value::Object(table) = table else { return Err(ConfigError::NotATable) };
        let mut out = Self::default();
        for (name, value) in table {
            let Some(threshold) = THRESHOLDS.iter().find(|t| t.name == name) else {
                return Err(ConfigError::Unknown { name: name.clone(), near: near(name) });
            };
            let Some(number) = value.as_f64().filter(|n| n.is_finite() && *n >= 0.0) else {
                return Err(ConfigError::NotANumber {
                    name: name.clone(),
                    value: value.to_string(),
                });
            };
            out.values.insert(threshold.name, number);
            out.overridden.insert(threshold.name, number);
        }
        Ok(out)
    }

    /// Reads overrides from the table `bottleneck` of an `inferguard.toml`; without one, defaults.
    pub fn of_configuration(text: &str) -> Result<Self, ConfigError> {
        let text = text.trim_start_matches('\u{feff}');
        let value: Value =
            toml::from_str(text).map_err(|e| ConfigError::Syntax(located(text, &e)))?;
        if value.get("bottleneck").is_some() { Self::read(text) } else { Ok(Self::default()) }
    }

    /// The value of a threshold; of a name that is none, a number that nothing exceeds.
    pub(crate) fn get(&self, name: &str) -> f64 {
        self.values.get(name).copied().unwrap_or(f64::NAN)
    }

    /// All of them as a report shows them.
    pub(crate) fn rows(&self) -> BTreeMap<String, ThresholdRow> {
        THRESHOLDS
            .iter()
            .map(|t| {
                let row = ThresholdRow {
                    value: self.get(t.name),
                    unit: t.unit.to_owned(),
                    overridden: self.overridden.contains_key(t.name),
                };
                (t.name.to_owned(), row)
            })
            .collect()
    }
}

/// The error of a TOML text in one line, with its place.
fn located(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().lines().next().unwrap_or_default();
    let Some(span) = error.span() else { return message.to_owned() };
    let before = text.get(..span.start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{message} at line {line} column {column}")
}

/// The nearest name, where it is near enough to be meant.
fn near(name: &str) -> Option<String> {
    THRESHOLDS
        .iter()
        .map(|t| (strsim::jaro_winkler(name, t.name), t.name))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_toml_override_by_name() {
        for text in [
            r#"{"kv_usage_fraction_p95": 0.5}"#,
            "kv_usage_fraction_p95 = 0.5\n",
            "[bottleneck]\nkv_usage_fraction_p95 = 0.5\n",
        ] {
            let read = Thresholds::read(text).unwrap();
            assert_eq!(read.get("kv_usage_fraction_p95"), 0.5, "{text}");
            assert_eq!(read.get("queue_waiting_running_ratio"), 1.0);
            let rows = read.rows();
            assert!(rows["kv_usage_fraction_p95"].overridden);
            assert!(!rows["queue_waiting_min"].overridden);
        }
    }

    #[test]
    fn what_is_no_threshold_is_an_error_that_helps() {
        for (text, says) in [
            (r#"{"kv_usage_fraction": 0.5}"#, "did you mean kv_usage_fraction_p95?"),
            (r#"{"colour": 0.5}"#, "there is no threshold colour"),
            (r#"{"kv_usage_fraction_p95": "high"}"#, "a number of 0 or more"),
            (r#"{"kv_usage_fraction_p95": -1}"#, "a number of 0 or more"),
            (r#"{"kv_usage_fraction_p95": }"#, "line 1 column"),
            ("a = 1\nb = = 2\n", "at line 2 column"),
        ] {
            let error = Thresholds::read(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
        assert_eq!(Thresholds::read("{\"bottleneck\": 3}"), Err(ConfigError::NotATable));
    }

    #[test]
    fn names_are_told_apart() {
        let names: std::collections::BTreeSet<&str> = THRESHOLDS.iter().map(|t| t.name).collect();
        assert_eq!(names.len(), THRESHOLDS.len());
    }
}
