//! Thresholds that a user sets.

use std::collections::BTreeMap;

use crate::RULES;
use crate::rule::Threshold;

/// Thresholds by rule and name; what is not set has its default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings(BTreeMap<(String, String), f64>);

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
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

impl Settings {
    /// Sets a threshold of a rule.
    pub fn set(&mut self, code: &str, name: &str, value: f64) -> Result<(), SettingsError> {
        let Some(rule) = crate::rule(code) else {
            let nearest = nearest(code, RULES.iter().map(|r| r.code));
            return Err(SettingsError::UnknownRule { code: code.to_owned(), nearest });
        };
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
        self.0.insert((rule.code.to_owned(), threshold.name.to_owned()), value);
        Ok(())
    }

    /// The value in force.
    pub(crate) fn get(&self, code: &str, threshold: &Threshold) -> f64 {
        self.0
            .get(&(code.to_owned(), threshold.name.to_owned()))
            .copied()
            .unwrap_or(threshold.default)
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
    }
}
