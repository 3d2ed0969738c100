//! Families of series that the release should show and that are not there, by product.

use coverage_model::{FamilyRow, Status};

use crate::rules::prelude::*;

/// The rule of one product; its surfaces begin with its code without `_family_missing`.
const fn missing(
    code: &'static str,
    files: &'static [File],
    also: &'static [&'static str],
    whole: &'static [File],
) -> Rule {
    Rule {
        code,
        aliases: &[],
        title: "Series that this release should show are not there",
        kind: Kind::Gap,
        cause: None,
        severity: Severity::Warning,
        modes: &[],
        needs: &[],
        thresholds: &[],
        releases: "",
        explanation: "Another series proves that these should be on the page: a member of the same registration, or \
        the event that they count. What is not there cannot be judged.",
        confirm: "inferguard check --all FILE shows each family with its proof.",
        action: "Check whether a scrape configuration or exporter between the process and this page drops them; \
        otherwise ask the product's authors with this report.",
        false_positives: "An excerpt of a page looks alike; it is taken for one where absences lie in more than one \
        family, and is then not judged.",
        customer_safe: true,
        lifecycle: SINCE_0_1,
        explains: &[],
        related: &[],
        evaluate,
        example: Example { title: "A page on which one family is not there", files, also },
        counter_example: Example {
            title: "The same page as it is served",
            files: whole,
            also: &[],
        },
    }
}

/// Multiprocess server.
pub(crate) const MP: Rule = missing(
    "lmcache_mp_family_missing",
    &[File::text(
        "metrics.prom",
        "lmcache_mp_l1_usage_ratio 0.5\nlmcache_mp_l1_memory_usage_bytes 1000\n\
         lmcache_mp_active_prefetch_jobs 0\n",
    )],
    &[],
    &[File::text("metrics.prom", "lmcache_mp_l1_eviction_loop_ticks_total 4\n")],
);
/// CacheBlend.
pub(crate) const CACHEBLEND: Rule = missing(
    "lmcache_cacheblend_family_missing",
    &[File::bytes("metrics.prom", include_bytes!("../../../data/cacheblend_page_cut.prom"))],
    &["lmcache_cacheblend_failures", "lmcache_cacheblend_retrieve_failures"],
    &[File::bytes("metrics.prom", include_bytes!("../../../data/cacheblend_page.prom"))],
);
/// LMCache inside an engine.
pub(crate) const EMBEDDED: Rule = missing(
    "lmcache_embedded_family_missing",
    &[File::bytes("metrics.prom", include_bytes!("../../../data/embedded_page_cut.prom"))],
    &["lmcache_embedded_remote_backend_errors", "lmcache_connector_invalid_blocks"],
    &[File::bytes("metrics.prom", include_bytes!("../../../data/embedded_page.prom"))],
);
/// vLLM.
pub(crate) const VLLM: Rule = missing(
    "vllm_family_missing",
    &[File::bytes("metrics.prom", include_bytes!("../../../data/vllm_page_cut.prom"))],
    &[],
    &[File::bytes("metrics.prom", include_bytes!("../../../data/vllm_page.prom"))],
);
/// SGLang.
pub(crate) const SGLANG: Rule = missing(
    "sglang_family_missing",
    &[File::bytes("metrics.prom", include_bytes!("../../../data/sglang_page_cut.prom"))],
    &[],
    &[File::bytes("metrics.prom", include_bytes!("../../../data/sglang_page.prom"))],
);

fn evaluate(cx: &Context<'_>) -> Outcome {
    let prefix = cx.rule.code.trim_end_matches("_family_missing");
    let gone: Vec<&FamilyRow> = cx
        .view
        .coverage
        .families
        .iter()
        .filter(|f| f.surface.starts_with(prefix) && f.status == Status::Missing)
        .collect();
    let names: Vec<&str> = gone.iter().map(|f| f.family.as_str()).collect();
    let sources = gone
        .iter()
        .map(|f| Source::new(format!("{}/{}", f.surface, f.family), f.because.clone()))
        .collect();
    one_sign(1.0, "another series proves that they should be there", sources).map(|hit| {
        hit.title = Some(format!(
            "Series that this release should show are not there: {}",
            names.join(", ")
        ));
    })
}
