//! Thresholds that a user sets, and rules that he silences.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::RULES;
use crate::rule::{Rule, Threshold};

/// Thresholds by rule and name, and silenced rules; what is not set has its default, and is asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    thresholds: BTreeMap<(&'static str, &'static str), f64>,
    silenced: BTreeSet<&'static str>,
}

/// A configuration as reports show it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InForce {
    /// Rules that the configuration silences: they were not asked.
    pub silenced: Vec<String>,
    /// Thresholds that it sets.
    pub thresholds: Vec<ThresholdSet>,
}

/// A threshold that a configuration sets.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ThresholdSet {
    /// Code of the rule.
    pub code: String,
    /// Name.
    pub name: String,
    /// Value in force.
    pub value: f64,
    /// Value without the configuration.
    pub default: f64,
    /// Unit.
    pub unit: String,
}

/// A setting that means nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// No rule has this code.
    #[error("no rule has the code {code}{}", hint(*.nearest))]
    UnknownRule {
        /// The code.
        code: String,
        /// The nearest one.
        nearest: Option<&'static str>,
    },
    /// The rule has no threshold of this name.
    #[error("{code} has no threshold {name}{}", hint(*.nearest))]
    UnknownThreshold {
        /// The rule.
        code: &'static str,
        /// The name.
        name: String,
        /// The nearest one.
        nearest: Option<&'static str>,
    },
    /// The value is not a finite number.
    #[error("{code}.{name} has to be a finite number")]
    NotANumber {
        /// The rule.
        code: &'static str,
        /// The threshold.
        name: &'static str,
    },
    /// The value is below zero, or above 1 where the threshold is a ratio.
    #[error("{code}.{name} has to be {range}, not {value}")]
    OutOfRange {
        /// The rule.
        code: &'static str,
        /// The threshold.
        name: &'static str,
        /// The value.
        value: f64,
        /// What it has to be.
        range: &'static str,
    },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

impl Settings {
    /// Sets a threshold of a rule.
    pub fn set(&mut self, code: &str, name: &str, value: f64) -> Result<(), SettingsError> {
        let rule = Self::known(code)?;
        let Some(threshold) = rule.thresholds.iter().find(|t| t.name == name) else {
            return Err(SettingsError::UnknownThreshold {
                code: rule.code,
                name: name.to_owned(),
                nearest: nearest(name, rule.thresholds.iter().map(|t| t.name)),
            });
        };
        if !value.is_finite() {
            return Err(SettingsError::NotANumber { code: rule.code, name: threshold.name });
        }
        let (fits, range) = match threshold.unit {
            "ratio" => ((0.0..=1.0).contains(&value), "from 0 to 1"),
            _ => (value >= 0.0, "0 or more"),
        };
        if !fits {
            let (code, name) = (rule.code, threshold.name);
            return Err(SettingsError::OutOfRange { code, name, value, range });
        }
        self.thresholds.insert((rule.code, threshold.name), value);
        Ok(())
    }

    /// The rule that a code, an alias or a cause class names.
    pub fn known(code: &str) -> Result<&'static Rule, SettingsError> {
        crate::rule(code).ok_or_else(|| SettingsError::UnknownRule {
            code: code.to_owned(),
            nearest: nearest(code, RULES.iter().map(|r| r.code)),
        })
    }

    /// Silences a rule, or takes that back. A silenced rule is not asked, and reports say so.
    pub fn silence(&mut self, code: &str, silent: bool) -> Result<(), SettingsError> {
        let rule = Self::known(code)?;
        if silent {
            self.silenced.insert(rule.code);
        } else {
            self.silenced.remove(rule.code);
        }
        Ok(())
    }

    /// What is set, where anything is.
    pub fn in_force(&self) -> Option<InForce> {
        let set = |((code, name), value): (&(&'static str, &'static str), &f64)| {
            let rule = crate::rule(code)?;
            let threshold = rule.thresholds.iter().find(|t| t.name == *name)?;
            Some(ThresholdSet {
                code: (*code).to_owned(),
                name: (*name).to_owned(),
                value: *value,
                default: threshold.default,
                unit: threshold.unit.to_owned(),
            })
        };
        let out = InForce {
            silenced: self.silenced.iter().map(|code| (*code).to_owned()).collect(),
            thresholds: self.thresholds.iter().filter_map(set).collect(),
        };
        (out != InForce::default()).then_some(out)
    }

    /// Whether a rule is silenced.
    pub(crate) fn silences(&self, code: &str) -> bool {
        self.silenced.contains(code)
    }

    /// The value in force.
    pub(crate) fn get(&self, code: &str, threshold: &Threshold) -> f64 {
        self.thresholds.get(&(code, threshold.name)).copied().unwrap_or(threshold.default)
    }
}

/// The nearest of these names, where one is near enough to be meant.
pub fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|n| (strsim::jaro_winkler(name, n), n))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, n)| n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_set_by_code_or_cause_and_name() {
        let mut settings = Settings::default();
        settings.set("l1-too-small", "min_chunks", 9.0).unwrap();
        let rule = crate::rule("l1_too_small").unwrap();
        let threshold = rule.thresholds.iter().find(|t| t.name == "min_chunks").unwrap();
        assert_eq!(settings.get(rule.code, threshold), 9.0);
        assert_eq!(Settings::default().get(rule.code, threshold), threshold.default);
    }

    #[test]
    fn what_is_unknown_is_an_error_with_a_suggestion() {
        let mut settings = Settings::default();
        for (code, name, says) in [
            ("l1_too_smal", "min_chunks", "did you mean l1_too_small?"),
            ("l1_too_small", "min_chunk", "did you mean min_chunks?"),
            ("zzz", "min_chunks", "no rule has the code zzz"),
        ] {
            let error = settings.set(code, name, 1.0).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let error = settings.set("l1_too_small", "min_chunks", f64::NAN).unwrap_err();
        assert!(error.to_string().contains("finite"), "{error}");
        for (code, name, value, says) in [
            ("l1_too_small", "min_chunks", -1.0, "0 or more, not -1"),
            ("lmcache_mp_low_hit_rate_after_warmup", "low_hit_rate", 30.0, "from 0 to 1, not 30"),
        ] {
            let error = settings.set(code, name, value).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let error = settings.silence("l1_too_smal", true).unwrap_err().to_string();
        assert!(error.contains("did you mean l1_too_small?"), "{error}");
        assert_eq!(settings.in_force(), None);
    }

    #[test]
    fn every_ratio_has_a_default_that_is_one() {
        for rule in RULES {
            for t in rule.thresholds.iter().filter(|t| t.unit == "ratio") {
                assert!((0.0..=1.0).contains(&t.default), "{}.{}", rule.code, t.name);
            }
        }
    }

    #[test]
    fn what_is_in_force_is_told() {
        let mut settings = Settings::default();
        settings.set("l1_too_small", "min_chunks", 9.0).unwrap();
        settings.silence("version-mismatch", true).unwrap();
        let told = settings.in_force().unwrap();
        assert_eq!(told.silenced, ["version_mismatch"]);
        assert_eq!((told.thresholds[0].value, told.thresholds.len()), (9.0, 1));
        assert!(settings.silences("version_mismatch"));
        settings.silence("version_mismatch", false).unwrap();
        assert!(!settings.silences("version_mismatch"));
    }
}
