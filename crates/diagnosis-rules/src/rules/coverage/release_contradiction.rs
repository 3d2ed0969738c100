//! What was seen of a product does not fit one release.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "release_contradiction",
    aliases: &[],
    title: "What was seen of a product does not fit one release",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[],
    thresholds: &[],
    releases: "",
    explanation: "Names of series, labels, routes, spans and the shape of traces each admit some \
        releases. Here no release is admitted by all: two releases run side by side, or an \
        artifact is of another deployment.",
    confirm: "GET /version of each process; pip freeze in each container",
    action: "Check which package each process really runs (GET /version, pip freeze); two \
        releases side by side are a cause of their own.",
    false_positives: "A release that was not examined may join what the examined ones keep apart.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Series of two releases on one page",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_sm_read_requests_total 4\nlmcache_mp_l1_write_chunks_total 4\nlmcache_mp_l1_staging_bytes 0\n",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Series of one release",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_l1_write_chunks_total 4\nlmcache_mp_l1_staging_bytes 0\n",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let sources: Vec<Source> = cx
        .view
        .contradictions
        .iter()
        .map(|(product, what)| Source::new(*product, what.clone()))
        .collect();
    let products: Vec<&str> = cx.view.contradictions.iter().map(|(product, _)| *product).collect();
    one_sign(1.0, "no examined release explains all of it", sources).map(|hit| {
        if let Some(product) = products.first() {
            hit.title = Some(format!("What was seen of {product} does not fit one release"));
        }
    })
}
