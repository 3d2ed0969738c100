//! A controller that looks for chunks hashes prompts itself: its keys have to be the engines'.

use std::collections::BTreeSet;

use lmcache_launch::{EnvState, Process, Product as Program};

use crate::rules::prelude::*;
use crate::view::View;

/// Lines that only a controller writes.
const CONTROLLER: &[&str] =
    &["controller.registered", "start.controller", "start.controller_health"];
/// Ways of routing for which a router asks where the chunks of a prompt are.
const BY_CHUNKS: &[&str] = &["kvaware", "ttft"];

/// A controller whose keys are not those of the engines, where it is asked for chunks.
pub(super) fn apart(view: &View<'_>, engines: &[(Option<String>, Source)]) -> Vec<Sign> {
    let seeded = engines.iter().any(|(seed, _)| seed.is_some());
    // LMCache that did not come up registers nothing, whatever its keys.
    if view.count(&["embedded.degraded"]) > 0 {
        return vec![];
    }
    let answered = view.http.iter().any(|row| {
        row.evidence.endpoints.get("controller_lookup").is_some_and(|endpoint| endpoint.present)
    });
    let routers: Vec<&Process> = view
        .processes()
        .filter(|p| routes_by_chunks(p) || answered && p.product == Program::LmcacheController)
        .collect();
    // Who sets a seed for engines means keys to be shared.
    if !seeded && routers.is_empty() && !answered {
        return vec![];
    }
    let mut signs = Vec::new();
    let (mut own, mut others) = (BTreeSet::new(), BTreeSet::new());
    let mut unseeded = Vec::new();
    for log in &view.logs {
        let controls = CONTROLLER.iter().any(|id| log.evidence.count(id) > 0);
        let hashes = if controls { &mut own } else { &mut others };
        let found = log.evidence.events.get("hash.none_hash");
        let texts = found.and_then(|stat| stat.texts.get("none_hash"));
        hashes.extend(texts.into_iter().flat_map(|t| t.values.keys().cloned()));
        if controls && log.evidence.count("hash.no_seed") > 0 {
            unseeded.push(log.path);
        }
    }
    if !own.is_empty() && !others.is_empty() && own.is_disjoint(&others) {
        signs.push(Sign::inferred(
            0.85,
            "the controller starts its hash chain from another value than the engines",
            view.places(&["hash.none_hash"]),
        ));
    } else if seeded && !unseeded.is_empty() {
        let places: Vec<Source> = view
            .places(&["hash.no_seed"])
            .into_iter()
            .filter(|at| unseeded.contains(&at.artifact.as_str()))
            .collect();
        signs.push(Sign::inferred(
            0.85,
            "the controller hashes without a seed, the engines with one",
            places,
        ));
    }
    let logged = view.texts(&["hash.algorithm"], "hash_algorithm");
    let builtin = logged.is_empty() || logged.contains_key("builtin");
    for router in routers {
        let seed = router.setting("hash_seed").map(|s| match s.value.as_str() {
            Some(text) => text.to_owned(),
            None => s.value.to_string(),
        });
        let absent = matches!(router.env.state("PYTHONHASHSEED"), EnvState::Absent(_));
        let differs = match &seed {
            Some(seed) if seed != "absent" => {
                !engines.is_empty() && engines.iter().all(|(e, _)| e.as_ref() != Some(seed))
            }
            _ => absent && builtin && !engines.is_empty(),
        };
        if differs {
            let shown = seed.unwrap_or_else(|| "not set".into());
            let mut sources = vec![placed(&router.place, "PYTHONHASHSEED", Some(shown))];
            sources.extend(engines.iter().map(|(_, source)| source.clone()));
            signs.push(Sign::inferred(
                0.7,
                "the router asks for chunks with another seed than the engines store with",
                sources,
            ));
        }
    }
    signs
}

/// A router that asks a controller where chunks are.
fn routes_by_chunks(process: &Process) -> bool {
    ["unknown.routing_logic", "proxy.routing_logic"].iter().any(|name| {
        let setting = process.setting(name).and_then(|s| s.value.as_str());
        setting.is_some_and(|value| BY_CHUNKS.contains(&value))
    })
}
