//! An environment: values of an allow-list, names of the rest, and what is provably absent.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::clean::Cleaner;
use crate::place::{How, Place};
use crate::tables;

/// Most variables that are kept of one environment.
const MOST: usize = 4096;

/// How much of an environment is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvScope {
    /// Nothing, or single variables: no absence is known.
    #[default]
    Unknown,
    /// What a launcher, a pod or a shell line sets: an image or a parent may add to it.
    Declared,
    /// All of it (`/proc/PID/environ`, `docker inspect`).
    Complete,
}

/// One variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EnvVar {
    /// Value, redacted; `None` where the name is not on the allow-list or the value comes from
    /// elsewhere (a secret, a field of a pod).
    pub value: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// What is known about one variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvState {
    /// It is set; the value where it may be shown.
    Present(Option<String>),
    /// It is not set: measured where the whole environment is known, else inferred.
    Absent(How),
    /// Not known.
    Unknown,
}

/// The environment of a process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Environment {
    /// Variables by name.
    pub vars: BTreeMap<String, EnvVar>,
    /// How much is known.
    pub scope: EnvScope,
    /// Names that the artifact itself declares to be unset.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub declared_absent: Vec<String>,
}

impl Environment {
    /// The state of one variable.
    pub fn state(&self, name: &str) -> EnvState {
        if let Some(var) = self.vars.get(name) {
            return EnvState::Present(var.value.clone());
        }
        if self.declared_absent.iter().any(|n| n == name) {
            return EnvState::Absent(How::Measured);
        }
        match self.scope {
            EnvScope::Unknown => EnvState::Unknown,
            EnvScope::Declared => EnvState::Absent(How::Inferred),
            EnvScope::Complete => EnvState::Absent(How::Measured),
        }
    }

    /// Whether the whole environment is known.
    pub fn is_complete(&self) -> bool {
        self.scope == EnvScope::Complete
    }

    pub(crate) fn add(&mut self, cleaner: &Cleaner, name: &str, value: Option<&str>, place: Place) {
        if name.is_empty() || name.len() > 256 || self.vars.len() >= MOST {
            return;
        }
        let value = value
            .filter(|_| tables::env(name) != tables::Env::Unlisted)
            .map(|value| cleaner.pair(name, value));
        // A name may itself be a planted secret; a real one has no such shape.
        self.vars.insert(cleaner.text(name), EnvVar { value, place });
    }
}

/// A name of a variable, as shells take them.
pub(crate) fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
