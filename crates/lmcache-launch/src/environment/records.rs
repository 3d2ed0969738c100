//! Records of requests: JSON objects or CSV rows, whose fields mean something by their names.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::kind::Kind;
use crate::tables;

/// Keys of digests in the blocks of a prompt.
const DIGESTS: &[&str] = &[
    "sha1",
    "sha256",
    "sha",
    "md5",
    "hash",
    "digest",
    "content_hash",
    "content_sha",
    "fingerprint",
];
/// Most blocks of a prompt that are compared.
const MOST_BLOCKS: usize = 256;

/// What a field of a request means.
#[derive(Debug, Clone, Copy)]
struct Meaning {
    name: &'static str,
    factor: f64,
}

/// The meaning of a field, by `tables/request_keys.tsv`.
fn meaning(key: &str) -> Option<Meaning> {
    let row = tables::rows(tables::REQUEST_KEYS).find(|row| row.first() == Some(&key))?;
    Some(Meaning { name: row.get(1)?, factor: row.get(2)?.parse().ok()? })
}

/// What a field of a request record means, and the factor that takes its number to seconds or
/// tokens: `ttft_ms` is `("ttft", 0.001)`.
///
/// ```
/// use lmcache_launch::environment::request_field;
///
/// assert_eq!(request_field("ttft_ms"), Some(("ttft", 0.001)));
/// assert_eq!(request_field("colour"), None);
/// ```
pub fn request_field(key: &str) -> Option<(&'static str, f64)> {
    meaning(key).map(|m| (m.name, m.factor))
}

type Meanings = BTreeMap<&'static str, Meaning>;

/// The table, for reading many records.
fn meanings() -> Meanings {
    tables::rows(tables::REQUEST_KEYS)
        .filter_map(|row| {
            let key = row.first()?;
            Some((*key, meaning(key)?))
        })
        .collect()
}

/// A field: its meaning and value.
type Field<'a> = (Meaning, &'a Value);

/// One request, by what its fields mean.
#[derive(Debug)]
pub struct RequestRecord<'a> {
    fields: &'a [Field<'a>],
}

impl RequestRecord<'_> {
    fn find(&self, meaning: &str) -> Option<&Field<'_>> {
        self.fields.iter().find(|(m, _)| m.name == meaning)
    }

    /// A number that is not negative, in seconds or tokens.
    pub fn number(&self, meaning: &str) -> Option<f64> {
        let (meaning, value) = self.find(meaning)?;
        let n = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
        let n = n * meaning.factor;
        (n.is_finite() && n >= 0.0).then_some(n)
    }

    /// A text, or another value as one.
    pub fn text(&self, meaning: &str) -> Option<String> {
        match self.find(meaning)?.1 {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    /// Yes or no.
    pub fn flag(&self, meaning: &str) -> Option<bool> {
        match self.find(meaning)?.1 {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// What tells the items of a list apart: texts, or the digests of objects that have one.
    /// Empty where any item has none.
    pub(crate) fn digests(&self, meaning: &str) -> Vec<String> {
        let Some((_, Value::Array(items))) = self.find(meaning) else { return vec![] };
        let digest = |item: &Value| match item {
            Value::String(text) => Some(text.clone()),
            Value::Object(map) => DIGESTS.iter().find_map(|key| match map.get(*key)? {
                Value::String(text) => Some(text.clone()),
                Value::Number(n) => Some(n.to_string()),
                _ => None,
            }),
            _ => None,
        };
        items.iter().take(MOST_BLOCKS).map(digest).collect::<Option<Vec<_>>>().unwrap_or_default()
    }

    /// It says something other than nothing, no and the empty text.
    pub fn is_there(&self, meaning: &str) -> bool {
        self.find(meaning).is_some_and(|(_, value)| match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Bool(b) => *b,
            _ => true,
        })
    }
}

/// Fields of an object whose names mean something; nested ones by their path with dots.
fn fields<'a>(
    known: &Meanings,
    value: &'a Value,
    prefix: &str,
    depth: usize,
    to: &mut Vec<Field<'a>>,
) {
    for (key, item) in value.as_object().into_iter().flatten() {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        if item.is_object() && depth < 4 {
            fields(known, item, &path, depth + 1, to);
        } else if let Some(meaning) = known.get(path.as_str()).copied() {
            // Of two fields with one meaning the first of the table's kind wins.
            if !to.iter().any(|(m, _)| m.name == meaning.name) {
                to.push((meaning, item));
            }
        }
    }
}

/// Lines that could not be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct BadLines {
    pub(crate) lines: u64,
    /// The first, from 1.
    pub(crate) first: Option<usize>,
}

/// Takes a log of requests, one by one. Nothing where `kind` is no such log.
pub fn each_request(kind: Kind, bytes: &[u8], each: &mut dyn FnMut(&RequestRecord<'_>)) {
    let text = String::from_utf8_lossy(bytes);
    match kind {
        Kind::Requests => {
            each_json(&text, each);
        }
        Kind::RequestsCsv => {
            each_csv(&text, each);
        }
        _ => {}
    }
}

pub(crate) fn each_json(text: &str, each: &mut dyn FnMut(&RequestRecord<'_>)) -> BadLines {
    let known = meanings();
    let mut bad = BadLines::default();
    let mut take = |value: &Value| {
        let mut found = Vec::new();
        fields(&known, value, "", 0, &mut found);
        each(&RequestRecord { fields: &found });
    };
    let trimmed = text.trim_start();
    if trimmed.starts_with('[') {
        if let Ok(Value::Array(list)) = serde_json::from_str(trimmed) {
            list.iter().for_each(take);
        }
        return bad;
    }
    for (i, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if let Ok(value) = serde_json::from_str::<Value>(line) {
            take(&value);
        } else {
            bad.first.get_or_insert(i + 1);
            bad.lines += 1;
        }
    }
    bad
}

/// `None` where there is no header.
pub(crate) fn each_csv(text: &str, each: &mut dyn FnMut(&RequestRecord<'_>)) -> Option<BadLines> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().cloned().ok()?;
    let meanings: Vec<Option<Meaning>> = header.iter().map(|h| meaning(h.trim())).collect();
    let mut bad = BadLines::default();
    for record in reader.records() {
        let Ok(record) = record else {
            bad.lines += 1;
            continue;
        };
        let values: Vec<Value> = record.iter().map(Value::from).collect();
        let found: Vec<Field<'_>> = meanings
            .iter()
            .zip(&values)
            .filter(|(_, v)| v.as_str() != Some(""))
            .filter_map(|(m, v)| Some(((*m)?, v)))
            .collect();
        each(&RequestRecord { fields: &found });
    }
    Some(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_lines_arrays_and_rows_are_the_same_records() {
        let lines = "{\"rid\":\"a\",\"ttft_ms\":250,\"store_ok\":false}\nno json\n";
        let array = "[{\"rid\":\"a\",\"ttft_ms\":250,\"store_ok\":false}]";
        let rows = "rid,ttft_ms,store_ok\na,250,false\n";
        for (kind, text) in
            [(Kind::Requests, lines), (Kind::Requests, array), (Kind::RequestsCsv, rows)]
        {
            let mut got = Vec::new();
            each_request(kind, text.as_bytes(), &mut |record| {
                got.push((record.text("id"), record.number("ttft"), record.flag("store_ok")));
            });
            assert_eq!(got, [(Some("a".to_owned()), Some(0.25), Some(false))], "{text}");
        }
        assert_eq!(each_json(lines, &mut |_| {}), BadLines { lines: 1, first: Some(2) });
    }
}
