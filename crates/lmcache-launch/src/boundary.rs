//! Events at the boundary between engine and cache, in both formats. Rows that carry raw tokens
//! or block ids are refused and turn the claim to `blocked`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::clean::cut;
use crate::evidence::Evidence;
use crate::place::Place;
use crate::reader::Ctx;

/// The schema of rows in the strict format.
pub const SCHEMA: &str = "inferguard-l0-block-boundary-event/v1";

/// Fields that must not be there.
const FORBIDDEN_TOKENS: &[&str] = &["token_ids", "tokens", "raw_tokens", "raw_token_ids"];
const FORBIDDEN_BLOCKS: &[&str] = &["block_ids", "raw_block_ids", "gpu_block_ids"];
/// Fields of a kept row.
const KEPT: &[&str] = &[
    "stage",
    "operation",
    "event",
    "phase",
    "request_id",
    "chunk_count",
    "num_chunks",
    "token_count",
    "num_tokens",
    "success",
];
/// Most rows that are kept one by one.
const MOST: usize = 1000;

/// How far the rows prove anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BoundaryClaim {
    /// Rows were accepted and nothing forbidden was there.
    Measured,
    /// Raw fields were there, or no row was accepted.
    Blocked,
    /// No row at all.
    #[default]
    NotProven,
}

/// Why rows were rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BoundaryFailure {
    /// `lmcache_l0_boundary_forbidden_raw_fields`, `..._schema_mismatch`, `..._malformed_json`,
    /// `..._malformed_event`.
    pub code: String,
    /// In words.
    pub message: String,
    /// How many rows.
    pub rows: u64,
    /// The first of them.
    pub place: Place,
}

/// The evidence of one file.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BoundaryEvidence {
    /// There is a file.
    pub present: bool,
    /// What it proves.
    pub claim_status: BoundaryClaim,
    /// The schema of the rows; `None` in the loose format.
    pub schema_version: Option<String>,
    /// Rows.
    pub row_count: u64,
    /// Rows that count.
    pub accepted_count: u64,
    /// Rows that do not.
    pub rejected_count: u64,
    /// Rows that are not JSON.
    pub parse_errors: u64,
    /// Accepted rows by stage.
    pub stage_counts: BTreeMap<String, u64>,
    /// Accepted rows by `stage.event`.
    pub event_counts: BTreeMap<String, u64>,
    /// Stages in order.
    pub stages: Vec<String>,
    /// Raw tokens were in the file; none is kept.
    pub raw_tokens_recorded: bool,
    /// Raw block ids were in the file; none is kept.
    pub raw_block_ids_recorded: bool,
    /// Why rows were rejected.
    pub failure_reasons: Vec<BoundaryFailure>,
    /// The first 1000 accepted rows, allow-listed fields only.
    pub records: Vec<BTreeMap<String, Value>>,
    /// Where it was read.
    pub place: Place,
}

/// Whether a key is one of a boundary row.
pub(crate) fn is_row(value: &Value) -> bool {
    let has = |key: &str| value.get(key).is_some();
    let schema = ["schema_version", "schema", "event_schema"]
        .iter()
        .any(|key| value.get(*key).and_then(Value::as_str) == Some(SCHEMA));
    let named = (has("stage") && (has("event") || has("operation") || has("phase")))
        || (has("operation") && has("phase"));
    let counted = ["chunk_count", "num_chunks", "token_count", "num_tokens", "success"];
    schema || named && counted.iter().any(|key| has(key))
}

/// A forbidden key anywhere in a value.
fn forbidden(value: &Value, depth: usize) -> (bool, bool) {
    let mut found = (false, false);
    if depth > 16 {
        return found;
    }
    let mut join = |inner: (bool, bool)| {
        found.0 |= inner.0;
        found.1 |= inner.1;
    };
    match value {
        Value::Object(map) => {
            for (key, item) in map {
                let key = key.as_str();
                join((FORBIDDEN_TOKENS.contains(&key), FORBIDDEN_BLOCKS.contains(&key)));
                join(forbidden(item, depth + 1));
            }
        }
        Value::Array(list) => list.iter().for_each(|item| join(forbidden(item, depth + 1))),
        _ => {}
    }
    found
}

/// One event a line, in the strict format where any row names its schema, else in the loose one.
pub(crate) fn boundary(ctx: &Ctx<'_>, text: &str, out: &mut Evidence) {
    let mut found =
        BoundaryEvidence { present: true, place: ctx.base.clone(), ..BoundaryEvidence::default() };
    let strict = text.contains(SCHEMA) || text.contains("l0-block-boundary");
    if strict {
        found.schema_version = Some(SCHEMA.to_owned());
    }
    let mut stages: BTreeSet<String> = BTreeSet::new();
    for (i, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        found.row_count += 1;
        let place = ctx.base.line(i + 1);
        let reject = |found: &mut BoundaryEvidence, code: &str, message: &str| {
            found.rejected_count += 1;
            let code = format!("lmcache_l0_boundary_{code}");
            match found.failure_reasons.iter_mut().find(|f| f.code == code) {
                Some(failure) => failure.rows += 1,
                None => found.failure_reasons.push(BoundaryFailure {
                    code,
                    message: message.to_owned(),
                    rows: 1,
                    place: place.clone(),
                }),
            }
        };
        let Ok(value) = serde_json::from_str::<Value>(line) else {
            found.parse_errors += 1;
            reject(&mut found, "malformed_json", "the line is not JSON");
            continue;
        };
        let (tokens, blocks) = forbidden(&value, 0);
        found.raw_tokens_recorded |= tokens;
        found.raw_block_ids_recorded |= blocks;
        if tokens || blocks {
            reject(&mut found, "forbidden_raw_fields", "the row carries raw tokens or block ids");
            continue;
        }
        let Some(map) = value.as_object() else {
            reject(&mut found, "malformed_event", "the row is not an object");
            continue;
        };
        let schema = ["schema_version", "schema", "event_schema"]
            .iter()
            .find_map(|key| map.get(*key).and_then(Value::as_str));
        if strict && schema != Some(SCHEMA) {
            reject(&mut found, "schema_mismatch", "the row names another schema, or none");
            continue;
        }
        let word = |keys: &[&str]| {
            let text = keys.iter().find_map(|key| map.get(*key).and_then(Value::as_str))?;
            Some(cut(&ctx.cleaner.text(text), 80).to_owned())
        };
        let Some(stage) = word(&["stage", "operation"]) else {
            reject(&mut found, "malformed_event", "the row has no stage");
            continue;
        };
        found.accepted_count += 1;
        *found.stage_counts.entry(stage.clone()).or_default() += 1;
        let event = word(&["event", "phase"]);
        let key = event.map_or_else(|| stage.clone(), |event| format!("{stage}.{event}"));
        *found.event_counts.entry(key).or_default() += 1;
        stages.insert(stage);
        if found.records.len() < MOST {
            let kept = KEPT.iter().filter_map(|key| {
                let value = map.get(*key).filter(|v| !v.is_object() && !v.is_array())?;
                Some(((*key).to_owned(), ctx.cleaner.tree(key, value)))
            });
            found.records.push(kept.collect());
        }
    }
    found.stages = stages.into_iter().collect();
    found.claim_status = claim(&found);
    out.boundary.push(found);
}

fn claim(found: &BoundaryEvidence) -> BoundaryClaim {
    if found.row_count == 0 {
        BoundaryClaim::NotProven
    } else if found.raw_tokens_recorded || found.raw_block_ids_recorded || found.accepted_count == 0
    {
        BoundaryClaim::Blocked
    } else {
        BoundaryClaim::Measured
    }
}

/// A finished summary. Its claim is taken over only where its own numbers bear it out.
pub(crate) fn summary(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    let count = |key: &str| value.get(key).and_then(Value::as_u64).unwrap_or(0);
    let flag = |key: &str| value.get(key).and_then(Value::as_bool).unwrap_or(false);
    let counts = |key: &str| -> BTreeMap<String, u64> {
        let map = value.get(key).and_then(Value::as_object);
        map.into_iter()
            .flatten()
            .filter_map(|(name, n)| Some((ctx.cleaner.text(name), n.as_u64()?)))
            .collect()
    };
    let (tokens, blocks) = forbidden(value, 0);
    let rows = count("row_count");
    let accepted = value.get("accepted_count").and_then(Value::as_u64).unwrap_or(rows);
    let mut found = BoundaryEvidence {
        present: true,
        schema_version: value
            .get("schema_version")
            .and_then(Value::as_str)
            .map(|s| ctx.cleaner.text(s)),
        row_count: rows,
        accepted_count: accepted,
        rejected_count: count("rejected_count"),
        parse_errors: count("parse_errors"),
        stage_counts: counts("stage_counts"),
        event_counts: counts("event_counts"),
        raw_tokens_recorded: flag("raw_tokens_recorded") || tokens,
        raw_block_ids_recorded: flag("raw_block_ids_recorded") || blocks,
        place: ctx.base.clone(),
        ..BoundaryEvidence::default()
    };
    for failure in value.get("failure_reasons").and_then(Value::as_array).into_iter().flatten() {
        let get = |key: &str| failure.get(key).and_then(Value::as_str).unwrap_or_default();
        found.failure_reasons.push(BoundaryFailure {
            code: ctx.cleaner.text(get("code")),
            message: cut(&ctx.cleaner.text(get("message")), 300).to_owned(),
            rows: 0,
            place: ctx.base.at("/failure_reasons"),
        });
    }
    found.stages = found.stage_counts.keys().cloned().collect();
    found.claim_status = claim(&found);
    let blocked = value.get("claim_status").and_then(Value::as_str) == Some("blocked");
    if blocked {
        found.claim_status = BoundaryClaim::Blocked;
    }
    out.boundary.push(found);
}
