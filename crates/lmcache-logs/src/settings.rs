//! Settings out of the ways in which processes print their configuration.
//!
//! `{'chunk_size': 256, ...}`, `LMCacheEngineConfig(chunk_size=256, ...)`, `model='x', dtype=y, ...`,
//! `name = value (overridden, default: other)`. Nested ones get dotted keys.

/// Deepest nesting that is followed.
const MAX_DEPTH: usize = 3;
/// Longest value that is kept, in bytes.
const MAX_VALUE: usize = 240;

/// Finds `key`, `value` pairs; gives at most `cap`.
pub(crate) fn settings(text: &str, cap: usize) -> Vec<(String, String)> {
    let mut out = Vec::new();
    collect("", text.trim(), 0, cap, &mut out);
    out
}

fn collect(prefix: &str, text: &str, depth: usize, cap: usize, out: &mut Vec<(String, String)>) {
    let body = inside(text).unwrap_or(text);
    for part in split(body, b',') {
        if out.len() >= cap {
            return;
        }
        let Some((key, value)) = pair(part) else { continue };
        let value = value.trim();
        let key = if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
        if depth < MAX_DEPTH && inside(value).is_some_and(|b| pair(b).is_some()) {
            collect(&key, value, depth + 1, cap, out);
            continue;
        }
        let value = unquote(value);
        let value = value.split(" (overridden").next().unwrap_or(value);
        let end = value
            .char_indices()
            .map(|(i, c)| i + c.len_utf8())
            .take_while(|e| *e <= MAX_VALUE)
            .last();
        out.push((key, value.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()));
    }
}

/// The inside of `{...}`, `(...)`, `Name(...)`.
fn inside(text: &str) -> Option<&str> {
    let text = text.trim();
    let open = text.find(['{', '('])?;
    let name = text.get(..open)?;
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c)) {
        return None;
    }
    let rest = text.get(open + 1..)?;
    // A dump that was cut off has no end; what is there is read.
    Some(rest.strip_suffix(['}', ')']).unwrap_or(rest))
}

/// `key=value`, `'key': value`, `key: value`.
fn pair(part: &str) -> Option<(&str, &str)> {
    let part = part.trim();
    let at = part.find(['=', ':'])?;
    let key = unquote(part.get(..at)?.trim());
    let fine = !key.is_empty()
        && key.len() <= 80
        && key.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
        && !key.starts_with(|c: char| c.is_ascii_digit());
    fine.then(|| part.get(at + 1..).map(|value| (key, value)))?
}

fn unquote(text: &str) -> &str {
    for quote in ['\'', '"'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote)) {
            return inner;
        }
    }
    text
}

/// Splits outside of quotes and brackets.
fn split(text: &str, by: u8) -> Vec<&str> {
    let (mut depth, mut quote, mut start, mut escaped) = (0_i32, None, 0, false);
    let mut out = Vec::new();
    for (i, b) in text.bytes().enumerate() {
        match (quote, b) {
            _ if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(q), b) if b == q => quote = None,
            // An apostrophe inside a word opens nothing.
            (None, b'\'' | b'"')
                if i == 0
                    || text.as_bytes().get(i - 1).is_some_and(|p| !p.is_ascii_alphanumeric()) =>
            {
                quote = Some(b);
            }
            (None, b'(' | b'[' | b'{' | b'<') => depth += 1,
            (None, b')' | b']' | b'}' | b'>') => depth -= 1,
            (None, b) if b == by && depth <= 0 => {
                out.extend(text.get(start..i));
                start = i + 1;
            }
            _ => {}
        }
    }
    out.extend(text.get(start..));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let table: &[(&str, &[(&str, &str)])] = &[
            (
                "{'chunk_size': 256, 'remote_url': None, 'extra': {'a': 'b, c'}}",
                &[("chunk_size", "256"), ("remote_url", "None"), ("extra.a", "b, c")],
            ),
            (
                "LMCacheEngineConfig(chunk_size=256, local_cpu=True, l=[1, 2])",
                &[("chunk_size", "256"), ("local_cpu", "True"), ("l", "[1, 2]")],
            ),
            (
                "model='x', kv=KVTransferConfig(kv_connector='A', kv_role='kv_both', extra={}), tp=1",
                &[
                    ("model", "x"),
                    ("kv.kv_connector", "A"),
                    ("kv.kv_role", "kv_both"),
                    ("kv.extra", "{}"),
                    ("tp", "1"),
                ],
            ),
            ("hash_algorithm = blake3", &[("hash_algorithm", "blake3")]),
            ("mq_timeout = 20.0 (overridden, default: 300.0)", &[("mq_timeout", "20.0")]),
            ("(a='b', c=3", &[("a", "b"), ("c", "3")]),
            ("nothing here", &[]),
        ];
        for (text, want) in table {
            let got = settings(text, 100);
            let got: Vec<(&str, &str)> =
                got.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            assert_eq!(got, *want, "{text}");
        }
    }
}
