//! `inferguard.toml`: thresholds that an operator sets, and rules that he silences.

use diagnosis_rules::{Settings, SettingsError, nearest};
use toml::{Table, Value};

/// Tables that the file may hold.
const TABLES: &[&str] = &["rules", "bottleneck"];
/// The key that silences a rule; no threshold is called so.
const ENABLED: &str = "enabled";

/// Why a configuration cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleConfigError {
    /// Not TOML; says where.
    #[error("line {line}: {message}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A table that means nothing.
    #[error("there is no table [{name}]{hint}")]
    UnknownTable {
        /// The name.
        name: String,
        /// What may be meant.
        hint: String,
    },
    /// Something other than a table of numbers.
    #[error("{name} has to be {what}")]
    Shape {
        /// Key.
        name: String,
        /// What it has to be.
        what: &'static str,
    },
    /// A rule or a threshold that is unknown, or no number.
    #[error(transparent)]
    Setting(#[from] SettingsError),
}

/// Reads thresholds: `[rules.CODE]` tables of numbers, with `enabled = false` where the rule is
/// silenced. `[bottleneck]` is another command's.
///
/// ```
/// use inferguard::report::rule_config;
/// assert!(rule_config("[rules.l1_too_small]\nmin_chunks = 128\n").is_ok());
/// let error = rule_config("[rules.l1_too_smal]\nmin_chunks = 128\n").unwrap_err();
/// assert!(error.to_string().contains("did you mean l1_too_small?"));
/// ```
pub fn rule_config(text: &str) -> Result<Settings, RuleConfigError> {
    let text = text.trim_start_matches('\u{feff}');
    let table: Table = toml::from_str(text).map_err(|e: toml::de::Error| {
        let before = e.span().and_then(|s| text.get(..s.start)).unwrap_or_default();
        RuleConfigError::Syntax {
            line: before.matches('\n').count() + 1,
            message: e.message().lines().next().unwrap_or_default().to_owned(),
        }
    })?;
    let mut settings = Settings::default();
    for (name, value) in &table {
        if !TABLES.contains(&name.as_str()) {
            let hint = if diagnosis_rules::rule(name).is_some() {
                format!("; did you mean [rules.{name}]?")
            } else {
                nearest(name, TABLES.iter().copied())
                    .map_or_else(String::new, |near| format!("; did you mean [{near}]?"))
            };
            return Err(RuleConfigError::UnknownTable { name: name.clone(), hint });
        }
        if name == "rules" {
            for (code, thresholds) in tables(name, value)? {
                Settings::known(code)?;
                for (threshold, value) in tables(code, thresholds)? {
                    if threshold == ENABLED {
                        let enabled = value.as_bool().ok_or_else(|| RuleConfigError::Shape {
                            name: format!("{code}.{ENABLED}"),
                            what: "true or false",
                        })?;
                        settings.silence(code, !enabled)?;
                        continue;
                    }
                    settings.set(
                        code,
                        threshold,
                        number(&format!("{code}.{threshold}"), value)?,
                    )?;
                }
            }
        }
    }
    Ok(settings)
}

fn tables<'v>(name: &str, value: &'v Value) -> Result<&'v Table, RuleConfigError> {
    value
        .as_table()
        .ok_or_else(|| RuleConfigError::Shape { name: name.to_owned(), what: "a table" })
}

fn number(name: &str, value: &Value) -> Result<f64, RuleConfigError> {
    value
        .as_float()
        .or_else(|| value.as_integer().map(|n| n as f64))
        .ok_or_else(|| RuleConfigError::Shape { name: name.to_owned(), what: "a number" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_nothing_is_named_with_its_place_or_a_suggestion() {
        for (text, says) in [
            ("a = = 1\n", "line 1"),
            ("[rules.l1_too_small]\nmin_chunk = 1\n", "did you mean min_chunks?"),
            ("[rules.l1_too_small]\nmin_chunks = \"many\"\n", "has to be a number"),
            ("[rules.l1_too_smal]\n", "no rule has the code l1_too_smal; did you mean"),
            ("[rules.l1_too_smal]\nenabled = false\n", "did you mean l1_too_small?"),
            ("[rules.l1_too_small]\nenabled = 0\n", "has to be true or false"),
            ("[rules.l1_too_small]\nmin_chunks = -1\n", "has to be 0 or more"),
            ("[rule]\n", "did you mean [rules]?"),
            ("[l1_too_small]\nmin_chunks = 1\n", "did you mean [rules.l1_too_small]?"),
            ("rules = 3\n", "has to be a table"),
        ] {
            let error = rule_config(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
        assert!(rule_config("[bottleneck]\nkv = 1\n").is_ok());
        assert_eq!(rule_config("").unwrap(), Settings::default());
        let text = "[rules.l1_too_small]\nenabled = true\n";
        assert_eq!(rule_config(text).unwrap(), Settings::default());
        let text = "[rules.l1_too_small]\nenabled = false\n";
        assert_eq!(rule_config(text).unwrap().in_force().unwrap().silenced, ["l1_too_small"]);
    }
}
