//! Times of capture from the index files that collectors leave beside pages.
//!
//! An index says *when* a file was taken; nothing else is read from it.

use std::collections::BTreeMap;

use serde_json::Value;

/// File path relative to the index, to seconds since 1970.
pub(crate) fn read(text: &str) -> BTreeMap<String, f64> {
    let mut times = BTreeMap::new();
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(entries)) => entries.iter().for_each(|e| note(&mut times, e)),
        Ok(entry) => note(&mut times, &entry),
        // JSON lines; a line that is not JSON is skipped.
        Err(_) => text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .for_each(|e| note(&mut times, &e)),
    }
    times
}

fn note(times: &mut BTreeMap<String, f64>, entry: &Value) {
    // A packet's own manifest lists its files.
    if let Some(files) = entry.get("files").and_then(Value::as_array) {
        for file in files {
            note(times, file);
        }
    }
    let Some(file) = entry.get("file").and_then(Value::as_str) else { return };
    let at = entry.get("t").or_else(|| entry.get("at").and_then(|at| at.get("unix")));
    let at = at.or_else(|| entry.get("captured_at"));
    if let Some(at) = at.and_then(Value::as_f64).filter(|t| t.is_finite() && *t > 0.0) {
        times.insert(file.trim_start_matches("./").to_owned(), at);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn reads_both_shapes_of_index() {
        let array = r#"[{"file":"a.prom","at":{"unix":10.5}},{"file":"b.prom","at":{}}]"#;
        assert_eq!(
            super::read(array).into_iter().collect::<Vec<_>>(),
            [("a.prom".to_owned(), 10.5)]
        );
        let lines =
            "{\"t\": 3, \"kind\": \"http\", \"file\": \"x/m.prom\"}\nnot json\n{\"t\": 4}\n";
        assert_eq!(
            super::read(lines).into_iter().collect::<Vec<_>>(),
            [("x/m.prom".to_owned(), 3.0)]
        );
    }
}
