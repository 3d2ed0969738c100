//! Places in a JSON document: `families[surface=lmcache_mp,family=l1_memory].status`.
//!
//! A key may be `*`; a selector keeps the elements of a list whose keys have these values, `~`
//! those whose key contains the text.

use anyhow::{Result, bail};
use serde_json::Value;

/// All values that stand at a place.
pub(crate) fn find<'a>(root: &'a Value, place: &str) -> Result<Vec<&'a Value>> {
    let mut at = vec![root];
    for step in steps(place) {
        let (key, selector) = match step.split_once('[') {
            Some((key, rest)) => match rest.strip_suffix(']') {
                Some(selector) => (key, Some(selector)),
                None => bail!("{place}: a bracket is open in {step}"),
            },
            None => (step, None),
        };
        at = at
            .into_iter()
            .flat_map(|value| match key {
                "*" => children(value),
                key => value.get(key).into_iter().collect(),
            })
            .collect();
        if let Some(selector) = selector {
            at = at
                .into_iter()
                .flat_map(|list| list.as_array().into_iter().flatten())
                .filter(|element| selector.split(',').all(|pair| matches(element, pair)))
                .collect();
        }
    }
    Ok(at)
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => vec![],
    }
}

fn matches(element: &Value, pair: &str) -> bool {
    if pair == "*" {
        return true;
    }
    let text = |key: &str| match element.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    match (pair.split_once('~'), pair.split_once('=')) {
        (Some((key, part)), _) => text(key).contains(part),
        (None, Some((key, value))) => element.get(key).is_some() && text(key) == value,
        (None, None) => false,
    }
}

/// Splits at dots outside of brackets.
fn steps(place: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut from, mut depth) = (0, 0usize);
    for (at, c) in place.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => {
                out.push(&place[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push(&place[from..]);
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::find;

    #[test]
    fn selectors_and_stars() {
        let report = json!({"families": [
            {"surface": "a", "family": "x", "status": "zero", "n": 3},
            {"surface": "b", "family": "x", "status": "populated", "n": 4}],
            "http": {"one.json": {"ok": true}, "two": {"ok": false}}});
        let at = |place: &str| find(&report, place).unwrap();
        assert_eq!(at("families[surface=b,family=x].status"), [&json!("populated")]);
        assert_eq!(at("families[n=3].family"), [&json!("x")]);
        assert_eq!(at("families[status~op].n"), [&json!(4)]);
        assert_eq!(at("http.*.ok").len(), 2);
        assert_eq!(at("families[*].n").len(), 2);
        assert!(at("families[surface=c].n").is_empty() && at("nothing.here").is_empty());
        assert!(find(&report, "families[surface=a").is_err());
    }
}
