//! What is wrong with an LMCache deployment, why, and what to do next.
//!
//! [`RULES`] is the registry: one rule a file, each with its code, its texts, its thresholds, an
//! example and a counter-example. [`diagnose`] holds all of them against a [`View`] of the
//! evidence and gives ranked findings, what was ruled out, and what could not be told.
//!
//! The crate opens no file and no socket. Names of series, log wordings, flags and routes are the
//! parsers' tables; rules speak of signals, events and settings.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice))]

mod diagnose;
mod finding;
mod need;
mod no_hits;
mod outcome;
mod rule;
mod rules;
mod settings;
mod view;

pub use diagnose::{Diagnosis, diagnose};
pub use finding::{Finding, NotEvaluable, RuledOut, SilentRules, ThresholdUsed};
pub use need::Need;
pub use outcome::{Hit, Outcome, Sign};
pub use rule::{Context, Example, File, Kind, Lifecycle, Rule, Severity, Threshold};
pub use rules::RULES;
pub use settings::{InForce, Settings, SettingsError, ThresholdSet, nearest};
pub use view::{
    Declared, Event, Growth, Lane, Printed, Reading, Sample, Sizing, Stated, Target, Teller, View,
};

/// The rule of a code, an alias or a cause class.
pub fn rule(name: &str) -> Option<&'static Rule> {
    let named = |rule: &&&Rule| rule.code == name || rule.aliases.contains(&name);
    RULES.iter().find(named).or_else(|| RULES.iter().find(|rule| rule.cause == Some(name))).copied()
}
