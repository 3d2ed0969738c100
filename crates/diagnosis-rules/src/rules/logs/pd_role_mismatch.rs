//! All sides of disaggregated prefill have one role.

use crate::view::Stated;

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_log_pd_role_mismatch",
    aliases: &["lmcache_pd_role_mismatch"],
    title: "All sides of disaggregated prefill have the same role",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Critical,
    modes: &[],
    needs: &[Need::Launch, Need::EngineLog],
    thresholds: &[],
    releases: "",
    explanation: "Prefill sends and decode receives. With two senders, or two receivers, no KV block ever \
        moves.",
    confirm: "pd_role in the configuration of each engine; kv_role on each launch line.",
    action: "Set pd_role: sender on the prefill side and pd_role: receiver on the decode side, and \
        restart both.",
    false_positives: "One side alone says nothing: two have to be seen.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Two senders",
        files: &[
            File::text(
                "prefill/lmcache.yaml",
                "local_cpu: true\n\
             enable_pd: true\n\
             pd_role: \"sender\"\n\
             pd_buffer_size: 1073741824\n\
             ",
            ),
            File::text(
                "decode/lmcache.yaml",
                "local_cpu: true\n\
             enable_pd: true\n\
             pd_role: \"sender\"\n\
             pd_buffer_size: 1073741824\n\
             ",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "A sender and a receiver",
        files: &[
            File::text(
                "prefill/lmcache.yaml",
                "local_cpu: true\n\
             enable_pd: true\n\
             pd_role: \"sender\"\n\
             pd_buffer_size: 1073741824\n\
             ",
            ),
            File::text(
                "decode/lmcache.yaml",
                "local_cpu: true\n\
             enable_pd: true\n\
             pd_role: \"receiver\"\n\
             pd_buffer_size: 1073741824\n\
             ",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let roles: Vec<Stated> =
        cx.view.stated("pd.role").into_iter().filter(|s| s.text().is_some()).collect();
    let mut places: Vec<&str> = roles.iter().map(|s| s.source.artifact.as_str()).collect();
    places.sort_unstable();
    places.dedup();
    let same = roles.first().is_some_and(|first| roles.iter().all(|s| s.text() == first.text()));
    if places.len() < 2 || !same {
        return Outcome::Clear;
    }
    let sources = roles.into_iter().map(|s| s.source).collect();
    Outcome::from_signs(
        vec![Sign::inferred(0.8, "every configuration names the same role", sources)],
        0.0,
    )
}
