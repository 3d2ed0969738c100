//! The head of the prompt changes with every request.

use coverage_model::Claim;

use lmcache_launch::environment::RequestsSummary;

use crate::rules::prelude::*;
use crate::view::View;

const LOOKED: Threshold = Threshold {
    name: "min_lookups",
    unit: "lookups",
    default: 6.0,
    about: "Lookups or requests before heads are compared",
};
const HEADS: Threshold = Threshold {
    name: "unique_heads_share",
    unit: "ratio",
    default: 0.9,
    about: "Different heads over requests from which no prefix repeats",
};
const REPEATS: Threshold = Threshold {
    name: "repeat_ratio_below",
    unit: "ratio",
    default: 0.05,
    about: "Part of the chunks that repeats an earlier prefix",
};

pub(crate) const RULE: Rule = Rule {
    code: "volatile_prompt_prefix",
    aliases: &[],
    title: "The head of the prompt changes with every request: no prefix ever repeats",
    kind: Kind::Cause,
    cause: Some("volatile-prompt-prefix"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Hashes, Need::Requests],
    thresholds: &[&LOOKED, &HEADS, &REPEATS],
    releases: "",
    explanation: "Keys are chained from the first token on. A clock, a counter, a user name or a \
        memory gauge in the first lines of the system prompt changes the first chunk, and \
        with it every chunk after it: everything is stored and nothing is ever found.",
    confirm: "Compare the first chunk hash of the lines in the lookup-hash log \
        (--lookup-hash-log-dir), or the first 200 characters of successive prompts.",
    action: "Move what changes (time, counters, ids, tool lists in changing order) behind the \
        stable part of the prompt, or to its end.",
    false_positives: "A load without any shared prefix (random benchmark data) looks the same in hashes: \
        where a description of the load says so, this is ruled out; requests of one \
        conversation prove it.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &["lmcache_lookup_hash_low_repetition"],
    related: &["l1-too-small", "hash-seed-unset"],
    evaluate,
    example: Example {
        title: "Each turn of one conversation begins with another time",
        files: &[File::text(
            "requests.jsonl",
            r#"{"rid": "c-0", "conversation": "v", "turn": 1, "system_prompt_head": "Now it is 11:00. You are", "prompt_tokens": 3100}
{"rid": "c-1", "conversation": "v", "turn": 2, "system_prompt_head": "Now it is 11:01. You are", "prompt_tokens": 3100}
{"rid": "c-2", "conversation": "v", "turn": 3, "system_prompt_head": "Now it is 11:02. You are", "prompt_tokens": 3100}
{"rid": "c-3", "conversation": "v", "turn": 4, "system_prompt_head": "Now it is 11:03. You are", "prompt_tokens": 3100}
{"rid": "c-4", "conversation": "v", "turn": 5, "system_prompt_head": "Now it is 11:04. You are", "prompt_tokens": 3100}
{"rid": "c-5", "conversation": "v", "turn": 6, "system_prompt_head": "Now it is 11:05. You are", "prompt_tokens": 3100}
{"rid": "c-6", "conversation": "v", "turn": 7, "system_prompt_head": "Now it is 11:06. You are", "prompt_tokens": 3100}
{"rid": "c-7", "conversation": "v", "turn": 8, "system_prompt_head": "Now it is 11:07. You are", "prompt_tokens": 3100}
"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "The head stays",
        files: &[File::text(
            "requests.jsonl",
            r#"{"rid": "c-0", "conversation": "v", "turn": 1, "system_prompt_head": "You are", "prompt_tokens": 3100}
{"rid": "c-1", "conversation": "v", "turn": 2, "system_prompt_head": "You are", "prompt_tokens": 3100}
{"rid": "c-2", "conversation": "v", "turn": 3, "system_prompt_head": "You are", "prompt_tokens": 3100}
{"rid": "c-3", "conversation": "v", "turn": 4, "system_prompt_head": "You are", "prompt_tokens": 3100}
{"rid": "c-4", "conversation": "v", "turn": 5, "system_prompt_head": "You are", "prompt_tokens": 3100}
{"rid": "c-5", "conversation": "v", "turn": 6, "system_prompt_head": "You are", "prompt_tokens": 3100}
{"rid": "c-6", "conversation": "v", "turn": 7, "system_prompt_head": "You are", "prompt_tokens": 3100}
{"rid": "c-7", "conversation": "v", "turn": 8, "system_prompt_head": "You are", "prompt_tokens": 3100}
"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let random = view.launch.iter().flat_map(|l| &l.environment.workloads).find(|w| {
        w.number("shared_prefix_tokens") == Some(0.0)
            || w.facts.get("dataset").and_then(|d| d.as_str()).is_some_and(|d| d.contains("random"))
    });
    if random.is_some() {
        return Outcome::RuledOut("the load has no shared prefix by its own description".into());
    }
    let least = cx.threshold(&LOOKED);
    let mut signs = Vec::new();
    let mut inside = false;
    for group in view.hashes.iter().flat_map(|h| &h.groups) {
        let rows = group.rows.saturating_sub(group.rows_without_chunk) as f64;
        if rows >= least
            && group.unique_heads as f64 >= cx.threshold(&HEADS) * rows
            && group.repeat_ratio < cx.threshold(&REPEATS)
        {
            signs.push(Sign::measured(
                0.6,
                format!("{} first chunks in {rows:.0} lookups", group.unique_heads),
                vec![Source {
                    value: Some(group.unique_heads.to_string()),
                    ..Source::new(
                        "lookup hashes",
                        format!("different first chunks of {}", group.model_name),
                    )
                }],
            ));
        }
    }
    for requests in view.launch.iter().flat_map(|l| &l.environment.requests) {
        let later = requests.later_turns as f64;
        let changed = requests.turns_with_changed_head as f64;
        let (known, moved) =
            (requests.turns_with_blocks as f64, requests.turns_with_changed_block as f64);
        if known >= 3.0 && moved >= cx.threshold(&HEADS) * known {
            inside = true;
            signs.push(Sign::inferred(
                0.7,
                format!(
                    "in {moved:.0} of {known:.0} later turns a block of the prompt changed before one that did not"
                ),
                vec![placed(
                    &requests.place,
                    "turns with a changed block",
                    Some(moved.to_string()),
                )],
            ));
        }
        if let Some(sign) = broken_turns(view, requests) {
            inside = true;
            signs.push(sign);
        }
        if later >= 3.0 && changed >= cx.threshold(&HEADS) * later {
            signs.push(Sign::inferred(
                0.7,
                format!(
                    "the head changed in {changed:.0} of {later:.0} later turns of a conversation"
                ),
                vec![placed(
                    &requests.place,
                    "turns with a changed head",
                    Some(changed.to_string()),
                )],
            ));
        } else if requests.with_head as f64 >= least
            && requests.heads as f64 >= cx.threshold(&HEADS) * requests.with_head as f64
            && requests.common_head_chars.is_some_and(|n| n >= 8)
        {
            signs.push(Sign::inferred(
                0.6,
                format!(
                    "{} heads in {} requests, which begin alike",
                    requests.heads, requests.with_head
                ),
                vec![placed(&requests.place, "different heads", Some(requests.heads.to_string()))],
            ));
        }
    }
    let (written, read) = (view.growth("mp.l1.write"), view.growth("mp.l1.read"));
    if let Some(written) = written.filter(|w| {
        w.value >= 64.0 && !signs.is_empty() && read.is_none_or(|r| r.value < 0.01 * w.value)
    }) {
        signs.push(Sign::measured(
            0.2,
            format!("{:.0} chunks were written and next to none was read", written.value),
            vec![written.source],
        ));
    }
    // Hashes alone do not tell a changing head from a load without any reuse.
    let proven = signs.iter().any(|s| s.claim == Claim::Inferred);
    Outcome::from_signs(signs, 0.55).map(|hit| {
        if inside {
            hit.title = Some(
                "A part inside the prompt changes with every request: nothing behind it repeats"
                    .into(),
            );
        }
        if !proven {
            hit.severity = Some(Severity::Info);
            hit.title = Some(
                "No prefix repeats: the head of the prompt changes, or the load has nothing in common".into(),
            );
        }
    })
}

/// Turns of conversations that grow, and lookups that do not even repeat half of what the turns
/// before asked for: the prefix breaks inside the prompt.
fn broken_turns(view: &View<'_>, requests: &RequestsSummary) -> Option<Sign> {
    let hashes = view.hashes?;
    let (repeated, _) = view.hash_ceiling()?;
    let covered = hashes.row_count.abs_diff(requests.requests) * 10 <= requests.requests;
    let expected = requests.repeatable_tokens;
    let alone = view.launch?.environment.requests.len() == 1;
    (covered && alone && requests.later_turns >= 3 && expected > 0.0 && repeated < 0.5 * expected)
        .then(|| {
            Sign::inferred(
                0.6,
                format!(
                    "later turns begin with {expected:.0} tokens of the turns before, by their lengths, and {repeated:.0} repeat by their hashes"
                ),
                vec![
                    placed(
                        &requests.place,
                        "prompt tokens of the turns before",
                        Some(format!("{expected:.0}")),
                    ),
                    Source {
                        value: Some(format!("{repeated:.0}")),
                        ..Source::new("lookup hashes", "tokens that repeat a prefix")
                    },
                ],
            )
        })
}
