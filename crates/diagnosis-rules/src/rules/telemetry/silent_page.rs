//! Pages of engines that do not carry what LMCache inside them counts.

use crate::rules::prelude::*;
use crate::view::{Target, View};

/// An engine's page without any series of LMCache, though LMCache inside it worked: the page,
/// and what proves the work.
pub(super) fn silent_engine_page(view: &View<'_>) -> Option<(Source, Vec<Sign>)> {
    let engine = |t: &&Target<'_>| t.any("vllm.") || t.any("sglang.");
    if view.targets.iter().filter(engine).any(|t| t.any("embedded.")) {
        return None;
    }
    let page = view.targets.iter().find(engine)?;
    let prompts = page.last("vllm.prompt_tokens").or_else(|| page.last("sglang.prompt_tokens"))?;
    if prompts.value <= 0.0 {
        return None;
    }
    let events = [EMBEDDED_STORES, LOOKUPS, &["embedded.retrieve"]].concat();
    let mut proof: Vec<Sign> =
        logged(view, 0.5, "the log has LMCache at work", &events).into_iter().collect();
    let embedded = view.engines().find(|p| {
        p.lmcache_connector().is_some_and(|c| c.mode == lmcache_launch::ConnectorMode::Embedded)
    });
    if let Some(source) = embedded.and_then(|p| launched(p, "connector")) {
        let text = "the engine was launched with LMCache inside";
        proof.push(Sign::inferred(0.3, text, vec![source]));
    }
    (!proof.is_empty()).then_some((prompts.source, proof))
}

/// Where PROMETHEUS_MULTIPROC_DIR is set, if it is.
pub(super) fn multiproc_dir(view: &View<'_>) -> Option<Source> {
    view.engines().find_map(|p| launched(p, "prometheus_multiproc_dir")).or_else(|| {
        let ids = ["vllm.multiproc_dir_user", "dynamo.multiproc_dir"];
        view.places(&ids).into_iter().next()
    })
}
