//! Two lanes state one setting, and neither states a value of the other.
//!
//! A packet may hold many processes, and a lane seldom says which of them it speaks of. So lanes
//! only contradict each other where they share no value at all.

use std::collections::BTreeMap;

use crate::rules::prelude::*;
use crate::view::{Stated, Teller};

/// Settings that every lane states as they are, and their names in prose.
const ASKED: &[(&str, &str)] = &[
    ("chunk_size", "chunk size"),
    ("hash_algorithm", "hash algorithm"),
    ("connector", "KV connector"),
    ("kv_role", "KV role"),
    ("block_size", "block size of the engine"),
    ("tensor_parallel", "tensor parallel size"),
];

pub(crate) const RULE: Rule = Rule {
    code: "evidence_lanes_disagree",
    aliases: &[],
    title: "What was launched, logged and answered do not fit each other",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[],
    thresholds: &[],
    releases: "",
    explanation: "Flags and configuration say what was asked for; logs and answers say what runs. \
        Here they name different values of one setting and share none: an artifact is of another \
        run, or the process did not take what it was given (another configuration file, a variable \
        that a flag overrules, a restart with new flags).",
    confirm: "GET /config and /status of the server, the first lines of its log, and the command \
        line of the process that listens on its port",
    action: "Check that all artifacts are of one run (times, instance ids). If they are, what the \
        process answers and logs counts: find out which file or variable it took instead.",
    false_positives: "Several processes with different settings, each seen by another lane only.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["release_contradiction"],
    evaluate,
    example: Example {
        title: "A server that was launched with one chunk size and answers another",
        files: &[
            File::text(
                "lmcache.command.json",
                r#"{"argv":["lmcache","server","--chunk-size","256","--l1-size-gb","1"],"env":{}}"#,
            ),
            File::text(
                "http/status.json",
                r#"{"is_healthy":true,"engine_type":"MPCacheServer","chunk_size":512}"#,
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "Two servers, one of which answers",
        files: &[
            File::text(
                "a.command.json",
                r#"{"argv":["lmcache","server","--chunk-size","256","--l1-size-gb","1"],"env":{}}"#,
            ),
            File::text(
                "b.command.json",
                r#"{"argv":["lmcache","server","--chunk-size","512","--l1-size-gb","1"],"env":{}}"#,
            ),
            File::text(
                "http/status.json",
                r#"{"is_healthy":true,"engine_type":"MPCacheServer","chunk_size":512}"#,
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = Vec::new();
    for (name, words) in ASKED {
        let mut lanes: BTreeMap<Teller, BTreeMap<String, Source>> = BTreeMap::new();
        for stated in cx.view.stated(name).iter().filter(|s| !s.default) {
            if let Some(value) = value(stated) {
                let lane = lanes.entry(stated.teller).or_default();
                lane.entry(value).or_insert_with(|| stated.source.clone());
            }
        }
        let lanes: Vec<_> = lanes.into_values().collect();
        for (index, left) in lanes.iter().enumerate() {
            let apart = lanes.iter().skip(index + 1).find(|right| {
                !left.is_empty() && !right.is_empty() && left.keys().all(|v| !right.contains_key(v))
            });
            if let Some(right) = apart {
                let all = |lane: &BTreeMap<String, Source>| {
                    lane.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
                };
                let text = format!("{words}: {} against {}", all(left), all(right));
                let sources = left.values().chain(right.values()).cloned().collect();
                signs.push(Sign::inferred(0.8, text, sources));
                break;
            }
        }
    }
    Outcome::from_signs(signs, 0.0)
}

/// A value in the one form in which lanes can be compared; nothing where it is none.
fn value(stated: &Stated) -> Option<String> {
    if let Some(number) = stated.number() {
        return Some(number.to_string());
    }
    stated.text().map(|text| text.trim().to_ascii_lowercase())
}
