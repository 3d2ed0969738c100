//! Signs of a connector and a server of different modes.

use lmcache_launch::Process;

use crate::rules::lookups::{EMBEDDED_STORES, LOOKUPS, lookups};
use crate::rules::prelude::*;
use crate::view::View;

/// What shows that connector and server are of different modes.
pub(in crate::rules) fn mode_mismatch(view: &View<'_>) -> Vec<Sign> {
    use lmcache_launch::{ConnectorMode, Product};
    let mut signs = Vec::new();
    let url = view.text("remote_url").filter(|(url, _)| url.starts_with("lm://"));
    let servers: Vec<&Process> =
        view.processes().filter(|p| p.product == Product::LmcacheServer).collect();
    let plain = view.processes().any(|p| p.product == Product::LmcacheLegacyServer)
        || view.count(&["start.legacy_server", "legacy_server.connected"]) > 0;
    let listening = view.count(&["mp.listening"]) > 0;
    if let Some((url, source)) = url
        && !plain
        && (!servers.is_empty() || listening)
    {
        let mut sources = vec![source];
        let port = url.rsplit(':').next().and_then(|p| p.trim_end_matches('/').parse::<u64>().ok());
        let same = servers
            .iter()
            .filter(|s| s.setting("port").and_then(lmcache_launch::Setting::as_u64) == port)
            .inspect(|s| sources.extend(launched(s, "port")))
            .count();
        sources.extend(view.places(&["mp.listening"]));
        let weight = if same > 0 { 0.85 } else { 0.6 };
        signs.push(Sign::inferred(
            weight,
            "remote_url is of the plain store (lm://), and what runs is `lmcache server`",
            sources,
        ));
    }
    let inside: Vec<&Process> = view
        .engines()
        .filter(|p| p.lmcache_connector().is_some_and(|c| c.mode == ConnectorMode::Embedded))
        .collect();
    let dialled = |p: &&&Process| {
        ["mp_host", "mp_port", "mp_urls"]
            .iter()
            .any(|n| p.setting(n).is_some_and(|s| s.source != lmcache_launch::Source::Default))
    };
    if let Some(engine) = inside.iter().find(dialled) {
        let names = ["connector", "mp_host", "mp_port", "mp_urls"];
        signs.push(Sign::inferred(
            0.7,
            "the connector runs LMCache inside the engine, and is given the address of a server",
            names.iter().filter_map(|n| launched(engine, n)).collect(),
        ));
    }
    let mp: Vec<&Process> = view
        .engines()
        .filter(|p| p.lmcache_connector().is_some_and(|c| c.mode == ConnectorMode::Mp))
        .collect();
    if let Some(engine) = mp.first()
        && plain
        && servers.is_empty()
        && !listening
    {
        let mut sources = view.places(&["start.legacy_server"]);
        sources.extend(launched(engine, "connector"));
        signs.push(Sign::inferred(
            0.8,
            "the connector is of the multiprocess mode, and what runs is the plain store",
            sources,
        ));
    }
    // A single file is taken for the file of every engine: it says nothing of their roles.
    let files = view.launch.map_or(0, |l| l.launch.configs.len());
    for process in view.engines() {
        let role = process.lmcache_connector().and_then(|c| c.role.as_deref());
        let own = process.setting("pd.role").is_some();
        let pd = view.effective(process, "pd.role").filter(|_| own || files > 1);
        let against = match (role, pd.as_ref().and_then(|s| s.text())) {
            (Some("kv_producer"), Some("receiver")) => Some("a producer that receives"),
            (Some("kv_consumer"), Some("sender")) => Some("a consumer that sends"),
            _ => None,
        };
        if let (Some(what), Some(pd)) = (against, pd) {
            let sources = launched(process, "kv_role").into_iter().chain([pd.source]).collect();
            signs.push(Sign::inferred(0.85, format!("the roles make {what}"), sources));
        }
    }
    signs.extend(one_sided(view));
    let asked = view.texts(&["mp.no_handler"], "operation");
    if asked.keys().any(|o| is_transfer_mode(o)) {
        signs.extend(logged(
            view,
            0.85,
            "the engine registers for a transfer mode that the server was not started with",
            &["mp.no_handler"],
        ));
    }
    if !signs.is_empty() {
        for (path, _) in view.statuses().filter(|(_, s)| s.registered_workers == Some(0)) {
            signs.push(Sign::measured(
                0.3,
                "no worker is registered at the server",
                vec![Source { value: Some("0".into()), ..Source::new(path, "registered workers") }],
            ));
        }
    }
    signs
}

/// Requests that only one of the two transfer modes has.
pub(super) fn is_transfer_mode(operation: &str) -> bool {
    ["engine_driven", "lmcache_driven"].iter().any(|mode| operation.contains(mode))
}

/// Requests from which on a side that does nothing shows that it never does.
const REQUESTS: u64 = 4;

/// Every engine has one and the same half of a pair: consumers store nothing, producers look
/// nothing up. Shown only by logs in which the other half is at work and this one never is.
fn one_sided(view: &View<'_>) -> Option<Sign> {
    let connectors: Vec<_> = view.engines().filter_map(|p| p.lmcache_connector()).collect();
    let all = |role: &str| {
        !connectors.is_empty() && connectors.iter().all(|c| c.role.as_deref() == Some(role))
    };
    // A pair of which the other half is not shown transfers by a protocol of its own.
    let pair = view.engines().any(|p| {
        view.effective(p, "pd.role").is_some() || view.effective(p, "enable_pd").is_some()
    });
    if pair || !view.logs.iter().any(|l| l.evidence.covers_start()) {
        return None;
    }
    let (stored, looked) = (view.count(EMBEDDED_STORES), lookups(view));
    let counted = |signal: &str| view.growth(signal).map_or(0.0, |g| g.value);
    let says = if all("kv_consumer")
        && stored == 0
        && looked.count >= REQUESTS
        && looked.hit_tokens == 0.0
        && counted("embedded.num_stored_tokens") == 0.0
    {
        "every engine is a kv_consumer, which stores nothing, and none stores for them"
    } else if all("kv_producer")
        && looked.count == 0
        && stored >= REQUESTS
        && counted("embedded.num_lookup_requests") == 0.0
    {
        "every engine is a kv_producer, which looks nothing up, and nothing reads what they store"
    } else {
        return None;
    };
    let mut sources: Vec<Source> =
        view.engines().filter_map(|p| launched(p, "kv_role")).take(3).collect();
    sources.extend(view.places(if stored == 0 { LOOKUPS } else { EMBEDDED_STORES }));
    Some(Sign::inferred(0.75, says, sources))
}
