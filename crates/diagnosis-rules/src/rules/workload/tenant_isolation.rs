//! Tenants are not kept apart.

use lmcache_launch::ConnectorMode;

use crate::rules::prelude::*;
use crate::rules::quota;
use crate::view::{Target, View};

const SALTED: Threshold = Threshold {
    name: "min_salted",
    unit: "requests",
    default: 2.0,
    about: "Requests with a salt before it is said",
};

const CHUNKS: Threshold = Threshold {
    name: "min_chunks",
    unit: "chunks",
    default: 100.0,
    about: "Chunks of a salt that were stored and evicted before it is said",
};
const WIPED: Threshold = Threshold {
    name: "evicted_share_above",
    unit: "ratio",
    default: 0.95,
    about: "Evicted over stored chunks of a salt without a quota",
};

pub(crate) const RULE: Rule = Rule {
    code: "tenant_isolation_misconfig",
    aliases: &[],
    title: "Tenants are not kept apart as they are meant to be",
    kind: Kind::Cause,
    cause: Some("tenant-isolation-misconfig"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Requests, Need::Answers, Need::ServerPage, Need::ServerLog],
    thresholds: &[&SALTED, &CHUNKS, &WIPED],
    releases: "",
    explanation: "cache_salt keeps tenants apart: it is part of every key. An integration that does \
        not pass it on stores all tenants under the empty salt, and one tenant is served \
        from what another one stored. Isolated eviction needs a quota for every salt; a salt \
        without one has a limit of 0 and loses everything at once.",
    confirm: "Send one prompt under two salts: the second must not hit. Labels cache_salt of \
        lmcache_mp_lookup_requested_tokens_total; GET /quota.",
    action: "Use a release of the integration that passes cache_salt on (or one server per tenant \
        until then); set a quota for every salt (POST /quota/SALT) where eviction is \
        isolated.",
    false_positives: "Without salts in the requests an empty salt is right, and without isolated eviction \
        no quota is needed.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["volatile-prompt-prefix"],
    evaluate,
    example: Example {
        title: "Two salts in the requests, one empty salt at the server",
        files: &[
            File::text(
                "requests.jsonl",
                r#"{"rid": "r-1", "tenant": "a", "cache_salt": "s-a1", "prompt_sha": "p0", "prompt_tokens": 3600, "ttft_ms": 3430}
{"rid": "r-2", "tenant": "b", "cache_salt": "s-b7", "prompt_sha": "p0", "prompt_tokens": 3600, "ttft_ms": 1198}
"#,
            ),
            File::text(
                "metrics.prom",
                r#"# TYPE lmcache_mp_lookup_requested_tokens_total counter
lmcache_mp_lookup_requested_tokens_total{cache_salt="",model_name="m"} 7168
"#,
            ),
        ],
        also: &["lmcache_mp_cache_salt_empty"],
    },
    counter_example: Example {
        title: "No request has a salt",
        files: &[
            File::text(
                "requests.jsonl",
                r#"{"rid": "r-1", "prompt_sha": "p0", "prompt_tokens": 3600, "ttft_ms": 3430}
{"rid": "r-2", "prompt_sha": "p0", "prompt_tokens": 3600, "ttft_ms": 1198}
"#,
            ),
            File::text(
                "metrics.prom",
                r#"# TYPE lmcache_mp_lookup_requested_tokens_total counter
lmcache_mp_lookup_requested_tokens_total{cache_salt="",model_name="m"} 7168
"#,
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = Vec::new();
    let salts = |t: &Target<'_>| t.last_by("mp.lookup.requested_tokens", "cache_salt");
    let seen: std::collections::BTreeSet<String> =
        view.targets.iter().flat_map(|t| salts(t).into_keys()).collect();
    let looked = view.last("mp.lookup.requested_tokens");
    let only_empty = !seen.is_empty() && seen.iter().all(String::is_empty);
    let mut leak = false;
    for requests in view.launch.iter().flat_map(|l| &l.environment.requests) {
        if requests.salted as f64 >= cx.threshold(&SALTED) && requests.salts >= 1 && only_empty {
            let at = looked.as_ref().map(|r| r.source.clone());
            signs.push(Sign::measured(
                0.8,
                format!(
                    "{} requests carry {} salts, and the server knows the empty one only",
                    requests.salted, requests.salts
                ),
                at.into_iter()
                    .chain([placed(
                        &requests.place,
                        "salted requests",
                        Some(requests.salted.to_string()),
                    )])
                    .collect(),
            ));
            leak = requests.salts > 1 || requests.tenants > 1;
        }
        let other = requests.ttft_repeat.other_salt.as_ref();
        let first = requests.ttft_repeat.first.as_ref();
        if let (Some(other), Some(first)) = (other, first)
            && requests.repeated_under_other_salt > 0
            && other.p50 < 0.5 * first.p50
        {
            signs.push(Sign::inferred(
                0.4,
                format!(
                    "a prompt of another tenant is answered in {:.1} s instead of {:.1} s",
                    other.p50, first.p50
                ),
                vec![placed(
                    &requests.place,
                    "ttft under another salt",
                    Some(other.p50.to_string()),
                )],
            ));
            let inside = view
                .engines()
                .find(|p| p.lmcache_connector().is_some_and(|c| c.mode == ConnectorMode::Embedded));
            let hits = requests.with_hits > 0 || lookups(view).hit_tokens > 0.0;
            if let Some(engine) = inside.filter(|_| hits && requests.salts > 1) {
                signs.push(Sign::inferred(
                    0.5,
                    "LMCache inside the engine makes its keys without the salt, and hits",
                    launched(engine, "connector").into_iter().chain(view.places(LOOKUPS)).collect(),
                ));
                leak = true;
            }
        }
    }
    let isolated = view.processes().any(|p| {
        ["eviction_policy", "l2_adapters"].iter().any(|name| {
            p.setting(name).is_some_and(|s| s.value.to_string().contains("IsolatedLRU"))
        })
    }) || view
        .statuses()
        .any(|(_, s)| s.eviction_policies.iter().any(|p| p.contains("Isolated")));
    let salted = seen.iter().any(|s| !s.is_empty());
    if isolated && (salted || view.count(&["mp.quota.evicting"]) > 0) {
        let none = quota::answers(view).filter(|(quota, _)| quota.users == Some(0));
        for (_, answer) in none {
            signs.push(Sign::measured(
                0.75,
                "eviction is isolated by salt, requests are salted, and no salt has a quota",
                vec![Source::new(answer, "quotas: none")],
            ));
        }
    }
    signs.extend(without_quota(cx));
    if let Some((times, at)) = quota::quota_of_nothing(view) {
        signs.push(Sign::inferred(
            0.8,
            format!("a salt is over a quota of 0 ({times} times)"),
            vec![at],
        ));
    }
    Outcome::from_signs(signs, 0.55).map(|hit| {
        if leak {
            hit.severity = Some(Severity::Critical);
            hit.title = Some(
                "The cache salt is not applied: tenants are served from each other's cache".into(),
            );
        }
    })
}

/// What a tier took in of a salt, and what it evicted of it.
const TIERS: &[(&str, &str, &str)] = &[
    ("L2", "mp.l2.store_completed_objects", "mp.l2.evictions"),
    ("L1", "mp.l1.write", "mp.l1.evictions"),
];

/// A salt of the pages has no quota while others have one, and a tier evicts all that it stores
/// of it. Where one of the quotas has no use at all, its name is likely another spelling.
fn without_quota(cx: &Context<'_>) -> Vec<Sign> {
    let view = cx.view;
    let Some((listed, unused, at)) = quotas(view) else { return vec![] };
    let missing: std::collections::BTreeSet<&str> = view
        .salts
        .iter()
        .filter(|(placeholder, _)| !listed.contains(placeholder.as_str()))
        .map(|(_, salt)| salt.as_str())
        .collect();
    let mut signs = Vec::new();
    for (tier, stores, evictions) in TIERS {
        let sum = |signal: &str, salt: &str| -> f64 {
            view.targets.iter().filter_map(|t| t.last_by(signal, "cache_salt").remove(salt)).sum()
        };
        let wiped = missing.iter().find(|salt| {
            let stored = sum(stores, salt);
            let gone = sum(evictions, salt);
            stored >= cx.threshold(&CHUNKS) && gone >= cx.threshold(&WIPED) * stored
        });
        // Where salts with a quota lose as much, the tier is too small for all of them.
        let kept = view.salts.iter().any(|(placeholder, salt)| {
            let (stored, gone) = (sum(stores, salt), sum(evictions, salt));
            listed.contains(placeholder.as_str())
                && stored >= cx.threshold(&CHUNKS)
                && gone < 0.5 * stored
        });
        if let Some(salt) = wiped.filter(|_| kept) {
            let place = view.last(evictions).map(|r| r.source);
            signs.push(Sign::measured(
                0.75,
                format!(
                    "a salt without a quota stored {:.0} chunks in {tier} and lost {:.0} of them, \
                     while salts with one keep theirs",
                    sum(stores, salt),
                    sum(evictions, salt)
                ),
                place.into_iter().chain([at.clone()]).collect(),
            ));
        }
    }
    if !signs.is_empty() && unused > 0 {
        signs.push(Sign::measured(
            0.4,
            format!("{unused} salts have a quota that nothing uses: is one of them misspelt?"),
            vec![at],
        ));
    }
    signs
}

/// Salts that an answer lists with a limit, how many of them use nothing, and where that stands.
/// Nothing where salts without a quota of their own have a limit above zero.
fn quotas<'a>(view: &View<'a>) -> Option<(std::collections::BTreeSet<&'a str>, usize, Source)> {
    let lists = || quota::answers(view);
    if lists().any(|(quota, _)| quota.default_limit_gb.is_some_and(|limit| limit > 0.0)) {
        return None;
    }
    // One list of all of them: an answer about one salt says nothing of the others.
    let (all, path) = lists().find(|(quota, _)| quota.users.is_some_and(|n| n > 0))?;
    let set = |s: &&lmcache_http::SaltQuota| s.exists != Some(false) && s.limit_gb != Some(0.0);
    let salts = all.salts.iter().filter(set);
    let unused = salts.clone().filter(|s| s.usage_gb == Some(0.0)).count();
    let names = salts.map(|s| s.salt.as_str()).collect();
    let what = format!("quotas: {}", all.salts.len());
    Some((names, unused, Source::new(path, what)))
}
