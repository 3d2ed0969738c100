//! Where something was read, and how it is known.

use std::sync::Arc;

use serde::Serialize;

/// A place in an artifact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Name of the artifact, if the caller gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Arc<str>>,
    /// Line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// JSON pointer, in JSON and YAML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

impl Place {
    /// The same artifact, at a JSON pointer.
    #[must_use]
    pub fn at(&self, pointer: impl Into<String>) -> Self {
        Place { artifact: self.artifact.clone(), line: self.line, pointer: Some(pointer.into()) }
    }

    /// The same artifact, at a line.
    #[must_use]
    pub fn line(&self, line: usize) -> Self {
        Place {
            artifact: self.artifact.clone(),
            line: u64::try_from(line).ok(),
            pointer: self.pointer.clone(),
        }
    }
}

/// How a value is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It stands in the artifact.
    Measured,
    /// It follows from something in the artifact (a default, a model's name, a flag's effect).
    Inferred,
}

/// Something that was left out of an artifact that was read otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// What is wrong, without content of the artifact.
    pub message: String,
    /// Where.
    pub place: Place,
}

/// A child of a JSON pointer.
pub(crate) fn child(pointer: &str, key: &str) -> String {
    let key = key.replace('~', "~0").replace('/', "~1");
    format!("{pointer}/{key}")
}
