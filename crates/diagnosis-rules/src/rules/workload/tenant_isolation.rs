//! Tenants are not kept apart.

use lmcache_launch::ConnectorMode;

use crate::rules::prelude::*;
use crate::rules::quota::{no_quotas, quota_of_nothing};
use crate::view::Target;

const SALTED: Threshold = Threshold {
    name: "min_salted",
    unit: "requests",
    default: 2.0,
    about: "Requests with a salt before it is said",
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
    thresholds: &[&SALTED],
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
        for answer in no_quotas(view) {
            signs.push(Sign::measured(
                0.75,
                "eviction is isolated by salt, requests are salted, and no salt has a quota",
                vec![Source::new(answer, "quotas: none")],
            ));
        }
    }
    if let Some((times, at)) = quota_of_nothing(view) {
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
