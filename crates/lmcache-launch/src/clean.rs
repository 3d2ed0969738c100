//! Takes secrets out of every value before it enters the evidence.

use evidence_redact::{Class, Kind, Redactor};
use serde_json::{Map, Value};

/// What is taken out of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Privacy {
    /// Credentials, prompts, token ids, hashes, salts, e-mail addresses and users. Names of
    /// machines, addresses and paths stay: a diagnosis compares them.
    #[default]
    Secrets,
    /// Everything [`evidence_redact`] knows, also machines, addresses and paths.
    Everything,
}

/// Longest text that is kept; the rest is cut.
const LONGEST: usize = 4096;
/// Deepest tree that is kept.
const DEEPEST: usize = 64;
/// Keys whose lists are token ids or block ids.
const ID_LISTS: &[&str] = &[
    "token_ids",
    "tokens",
    "raw_tokens",
    "raw_token_ids",
    "block_ids",
    "raw_block_ids",
    "gpu_block_ids",
    "prompt_token_ids",
    "input_ids",
];

#[derive(Debug, Clone)]
pub(crate) struct Cleaner {
    redactor: Redactor,
    privacy: Privacy,
}

impl Cleaner {
    pub(crate) fn new(redactor: Redactor, privacy: Privacy) -> Self {
        Cleaner { redactor, privacy }
    }

    fn goes(&self, class: Class) -> bool {
        self.privacy == Privacy::Everything
            || !matches!(class, Class::Host | Class::Address | Class::Path)
    }

    /// A text of no special form.
    pub(crate) fn text(&self, text: &str) -> String {
        let text = cut(text, LONGEST);
        let mut text = text.to_owned();
        for _ in 0..4 {
            let findings = self.redactor.find(Kind::Text, text.as_bytes());
            let mut out = String::with_capacity(text.len());
            let mut at = 0;
            let mut changed = false;
            for finding in findings {
                if !self.goes(finding.class) || finding.range.start < at {
                    continue;
                }
                let (Some(before), Some(value)) =
                    (text.get(at..finding.range.start), text.get(finding.range.clone()))
                else {
                    continue;
                };
                let with = self.redactor.placeholder(finding.class, value);
                changed |= with != value;
                out.push_str(before);
                out.push_str(&with);
                at = finding.range.end;
            }
            out.push_str(text.get(at..).unwrap_or_default());
            if !changed {
                return out;
            }
            text = out;
        }
        text
    }

    /// A value that stands beside a name: the name may tell that it is a secret.
    pub(crate) fn pair(&self, name: &str, value: &str) -> String {
        if value.is_empty() {
            return String::new();
        }
        let value = cut(value, LONGEST);
        let name = name.trim_start_matches('-').replace(['-', '.'], "_");
        let head = format!("{{{}:\"", Value::from(name));
        let body = Value::from(value).to_string();
        let inner = body.get(1..body.len().saturating_sub(1)).unwrap_or_default();
        let whole = format!("{head}{inner}\"}}");
        let mut escaped = inner != value;
        let mut out = String::new();
        let mut at = head.len();
        let end = head.len() + inner.len();
        let mut found = false;
        for finding in self.redactor.find(Kind::Json, whole.as_bytes()) {
            if !self.goes(finding.class) || finding.range.end <= head.len() {
                continue;
            }
            found = true;
            if finding.range.start < at || finding.range.end > end {
                escaped = true;
            }
            if escaped {
                return self.redactor.placeholder(finding.class, value);
            }
            let (Some(before), Some(hit)) =
                (whole.get(at..finding.range.start), whole.get(finding.range.clone()))
            else {
                return self.redactor.placeholder(finding.class, value);
            };
            out.push_str(before);
            out.push_str(&self.redactor.placeholder(finding.class, hit));
            at = finding.range.end;
        }
        if !found {
            return self.text(value);
        }
        out.push_str(whole.get(at..end).unwrap_or_default());
        self.text(&out)
    }

    /// A tree of values, each judged by its key.
    pub(crate) fn tree(&self, name: &str, value: &Value) -> Value {
        self.tree_at(name, value, 0)
    }

    fn tree_at(&self, name: &str, value: &Value, depth: usize) -> Value {
        if depth > DEEPEST {
            return Value::Null;
        }
        match value {
            Value::String(text) => Value::from(self.pair(name, text)),
            Value::Number(number) => {
                let text = number.to_string();
                let clean = self.pair(name, &text);
                if clean == text { value.clone() } else { Value::from(clean) }
            }
            Value::Array(list) if ID_LISTS.contains(&name) => {
                Value::from(format!("redacted-token-ids-of-{}", list.len()))
            }
            Value::Array(list) => {
                list.iter().map(|item| self.tree_at(name, item, depth + 1)).collect()
            }
            Value::Object(map) => {
                let clean: Map<String, Value> = map
                    .iter()
                    .map(|(key, item)| (self.text(key), self.tree_at(key, item, depth + 1)))
                    .collect();
                Value::Object(clean)
            }
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }
}

/// At most `limit` bytes, cut at a character.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let mut end = limit;
    while end > 0 && !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
