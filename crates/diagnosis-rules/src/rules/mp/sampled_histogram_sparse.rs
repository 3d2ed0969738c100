//! Sampled histograms rest on few observations.

use crate::rules::prelude::*;

const EVENTS: Threshold = Threshold {
    name: "min_events",
    unit: "chunks",
    default: 1_000.0,
    about: "chunks written or read from which sampled series are expected",
};
const FEW: Threshold = Threshold {
    name: "max_observations",
    unit: "observations",
    default: 10.0,
    about: "observations below which a histogram says little",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_sampled_histogram_sparse",
    aliases: &[],
    title: "Sampled histograms rest on too few observations to be read",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Info,
    modes: &[Mode::Mp],
    needs: &[Need::ServerPage],
    thresholds: &[&EVENTS, &FEW],
    releases: "",
    explanation: "Lifecycle and reuse histograms take one event in a hundred by default. A few \
        observations give no distribution.",
    confirm: "lmcache_mp_l1_chunk_lifetime_seconds_count against l1_write_chunks.",
    action: "For a measurement start the server with --metrics-sample-rate 1.0.",
    false_positives: "Chunks that never leave L1 have no lifetime yet: reuse gaps are looked at as well.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "1,200 chunks, two observations",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_l1_write_chunks_total{l1_tag=\"_default\"} 1200\n\
             lmcache_mp_l1_read_chunks_total{l1_tag=\"_default\"} 1400\n\
             # TYPE lmcache_mp_real_reuse_gap_seconds histogram\n\
             lmcache_mp_real_reuse_gap_seconds_bucket{cache_salt=\"\",le=\"5.0\"} 2\n\
             lmcache_mp_real_reuse_gap_seconds_bucket{cache_salt=\"\",le=\"+Inf\"} 2\n\
             lmcache_mp_real_reuse_gap_seconds_count{cache_salt=\"\"} 2\n\
             lmcache_mp_real_reuse_gap_seconds_sum{cache_salt=\"\"} 3.0\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "1,200 chunks, 400 observations",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_l1_write_chunks_total{l1_tag=\"_default\"} 1200\n\
             lmcache_mp_l1_read_chunks_total{l1_tag=\"_default\"} 1400\n\
             # TYPE lmcache_mp_real_reuse_gap_seconds histogram\n\
             lmcache_mp_real_reuse_gap_seconds_bucket{cache_salt=\"\",le=\"5.0\"} 400\n\
             lmcache_mp_real_reuse_gap_seconds_bucket{cache_salt=\"\",le=\"+Inf\"} 400\n\
             lmcache_mp_real_reuse_gap_seconds_count{cache_salt=\"\"} 400\n\
             lmcache_mp_real_reuse_gap_seconds_sum{cache_salt=\"\"} 300.0\n\
             ",
        )],
        also: &[],
    },
};

const SAMPLED: &[&str] = &[
    "mp.l1.chunk_lifetime",
    "mp.l1.chunk_reuse_gap",
    "mp.l1.chunk_idle_before_evict",
    "mp.reuse.real_gap",
];

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = Vec::new();
    for target in &cx.view.targets {
        let of = |s: &str| target.last(s).map_or(0.0, |r| r.value);
        let events = of("mp.l1.write").max(of("mp.l1.read"));
        let shown: Vec<_> = SAMPLED.iter().filter_map(|s| target.last(s)).collect();
        let most = shown.iter().map(|r| r.value).fold(0.0, f64::max);
        if events < cx.threshold(&EVENTS) || shown.is_empty() || most >= cx.threshold(&FEW) {
            continue;
        }
        let sources = shown.into_iter().map(|r| r.source).collect();
        signs.push(Sign::measured(
            0.8,
            format!("at most {most:.0} observations of {events:.0} chunks"),
            sources,
        ));
    }
    Outcome::from_signs(signs, 0.0)
}
