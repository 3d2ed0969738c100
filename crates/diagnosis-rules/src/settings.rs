//! Thresholds that a user sets.

use std::collections::BTreeMap;
use std::fmt;

use crate::RULES;
use crate::rule::Threshold;

/// Thresholds by rule and name; what is not set has its default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings(BTreeMap<(String, String), f64>);

/// A setting that means nothing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SettingsError {
    /// No rule has this code.
    UnknownRule {
        /// The code.
        code: String,
        /// The nearest one.
        nearest: Option<&'static str>,
    },
    /// The rule has no threshold of this name.
    UnknownThreshold {
        /// The rule.
        code: &'static str,
        /// The name.
        name: String,
        /// The nearest one, or all of them.
        nearest: Option<&'static str>,
    },
    /// The value is not a finite number.
    NotANumber {
        /// The rule.
        code: &'static str,
        /// The threshold.
        name: &'static str,
    },
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, nearest) = match self {
            Self::UnknownRule { code, nearest } => {
                (format!("no rule has the code {code}"), nearest)
            }
            Self::UnknownThreshold { code, name, nearest } => {
                (format!("{code} has no threshold {name}"), nearest)
            }
            Self::NotANumber { code, name } => {
                (format!("{code}.{name} has to be a finite number"), &None)
            }
        };
        f.write_str(&what)?;
        match nearest {
            Some(near) => write!(f, "; did you mean {near}?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for SettingsError {}

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

/// The nearest of these names, where one is near at all.
pub(crate) fn nearest(
    name: &str,
    names: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    names
        .map(|n| (distance(name, n), n))
        .min()
        .filter(|(d, n)| *d <= (n.len() / 3).max(2))
        .map(|(_, n)| n)
}

/// Edits between two names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut above_left = i;
        for (j, y) in b.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(usize::MAX - 1);
            let here = (above + 1).min(left + 1).min(above_left + usize::from(x != *y));
            above_left = above;
            if let Some(cell) = row.get_mut(j) {
                *cell = left;
            }
            left = here;
        }
        if let Some(cell) = row.last_mut() {
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (a, b, n) in [("", "abc", 3), ("kitten", "sitting", 3), ("same", "same", 0)] {
            assert_eq!(distance(a, b), n, "{a} {b}");
        }
    }

    #[test]
    fn an_unknown_rule_is_an_error_with_a_suggestion() {
        let error = Settings::default().set("release_contradictoin", "x", 1.0).unwrap_err();
        assert!(error.to_string().contains("did you mean release_contradiction?"), "{error}");
    }
}
