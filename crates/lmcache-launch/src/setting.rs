//! One vocabulary for what flags, variables and files set.

use serde::Serialize;
use serde_json::Value;

use crate::place::{How, Place};

/// What set a value. The order is precedence: the first wins where several set the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The running process says so itself (`server_info.json`).
    Runtime,
    /// `kv_connector_extra_config`.
    ExtraConfig,
    /// A command-line flag.
    Flag,
    /// An environment variable.
    Env,
    /// A configuration file.
    Config,
    /// What the release does when nothing is said.
    Default,
}

/// A value of the vocabulary.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setting {
    /// Name in the vocabulary: `chunk_size`, `kv_role`, `observability.metrics`, ... A key that
    /// the vocabulary has no word for is prefixed with its product: `lmcache.`, `vllm.`,
    /// `sglang.`, `server.`.
    pub name: String,
    /// Value, typed; redacted.
    pub value: Value,
    /// What set it.
    pub source: Source,
    /// The flag, variable or key as it is written there.
    pub key: String,
    /// Where it stands.
    pub place: Place,
    /// How it is known.
    pub how: How,
}

impl Setting {
    /// As a number: numbers, and texts that are numbers.
    pub fn as_f64(&self) -> Option<f64> {
        match &self.value {
            Value::Number(n) => n.as_f64(),
            Value::String(s) => s.trim().parse().ok(),
            _ => None,
        }
        .filter(|n: &f64| n.is_finite())
    }

    /// As a whole number that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match &self.value {
            Value::Number(n) => n.as_u64().or_else(|| whole(n.as_f64()?)),
            Value::String(s) => s.trim().parse().ok(),
            _ => None,
        }
    }

    /// As yes or no, the ways Python programs write it.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(b) => Some(*b),
            Value::Number(n) => n.as_f64().map(|n| n != 0.0),
            Value::String(s) => truth(s),
            _ => None,
        }
    }

    /// As text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        self.value.as_str()
    }
}

/// A float that is a whole number below 2^53.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(crate) fn whole(n: f64) -> Option<u64> {
    (n >= 0.0 && n.fract() == 0.0 && n < 9_007_199_254_740_992.0).then_some(n as u64)
}

fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// Text of a flag or variable, typed: whole numbers, fractions, true and false, else text.
pub(crate) fn typed(text: &str) -> Value {
    let trimmed = text.trim();
    let plain = trimmed.strip_prefix('-').unwrap_or(trimmed);
    let digits = plain.bytes().next().is_some_and(|b| b.is_ascii_digit());
    if digits && !(plain.len() > 1 && plain.starts_with('0') && !plain.starts_with("0.")) {
        if let Ok(n) = trimmed.parse::<i64>() {
            return Value::from(n);
        }
        if let Ok(n) = trimmed.parse::<f64>()
            && n.is_finite()
        {
            return Value::from(n);
        }
    }
    match trimmed {
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => Value::from(text),
    }
}

/// Applies the `convert` column of a table.
pub(crate) fn convert(how: &str, value: Value) -> Value {
    match how {
        "gb" => value
            .as_f64()
            .map(|gb| (gb * 1_073_741_824.0).floor())
            .and_then(whole)
            .map_or(value, Value::from),
        "not" => match value.as_bool() {
            Some(yes) => Value::Bool(!yes),
            None => value,
        },
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_typed() {
        let cases = [
            ("256", json!(256)),
            ("-1", json!(-1)),
            ("0.25", json!(0.25)),
            ("True", json!(true)),
            ("007", json!("007")),
            ("lm://a:1", json!("lm://a:1")),
            ("nan", json!("nan")),
            ("1e400", json!("1e400")),
        ];
        for (text, value) in cases {
            assert_eq!(typed(text), value, "{text}");
        }
        assert_eq!(convert("gb", json!(0.25)), json!(268_435_456));
        assert_eq!(convert("not", json!(true)), json!(false));
    }
}
