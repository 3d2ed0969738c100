//! A JSON value as a list of statements, masked.

use evidence_redact::{Kind, Redactor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One value of an answer and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Statement {
    /// JSON pointer (RFC 6901).
    pub pointer: String,
    /// Value as JSON; texts without quotes, masked.
    pub value: String,
}

/// Statements of one answer that are kept.
const MOST: usize = 400;
/// Deepest nesting that is followed.
const DEPTH: usize = 12;
/// Bytes of a value that are kept.
const VALUE: usize = 160;

/// All values of a JSON answer that are no containers, masked. Secrets are masked by the names
/// that they stand under, before anything is taken apart.
pub(crate) fn statements(value: &Value, redactor: &Redactor) -> Vec<Statement> {
    let Ok(text) = serde_json::to_vec(value) else { return vec![] };
    let clean = redactor.redact(Kind::Json, &text);
    let Ok(clean) = serde_json::from_slice::<Value>(clean.bytes()) else { return vec![] };
    let mut out = Vec::new();
    walk(&clean, &mut String::new(), 0, &mut out);
    out
}

fn walk(value: &Value, pointer: &mut String, depth: usize, out: &mut Vec<Statement>) {
    if out.len() >= MOST || depth > DEPTH {
        return;
    }
    let before = pointer.len();
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                walk(inner, pointer, depth + 1, out);
                pointer.truncate(before);
            }
        }
        Value::Array(items) => {
            for (i, inner) in items.iter().enumerate().take(50) {
                pointer.push('/');
                pointer.push_str(&i.to_string());
                walk(inner, pointer, depth + 1, out);
                pointer.truncate(before);
            }
        }
        Value::String(text) => {
            let text: String = text.chars().take(VALUE).collect();
            out.push(Statement { pointer: pointer.clone(), value: unsalted(&text) });
        }
        other => out.push(Statement { pointer: pointer.clone(), value: other.to_string() }),
    }
}

/// A text without what it should not tell.
pub(crate) fn masked(text: &str, redactor: &Redactor) -> String {
    let clean = redactor.redact(Kind::Text, text.as_bytes());
    unsalted(&String::from_utf8_lossy(clean.bytes()))
}

/// `redacted-secret-0123456789ab` without its digits, which only a packet needs.
fn unsalted(text: &str) -> String {
    match text.strip_prefix("redacted-").and_then(|t| t.rsplit_once('-')) {
        Some((class, digits)) if digits.len() >= 12 => format!("[{class}]"),
        _ => text.to_owned(),
    }
}
