//! What several rules ask alike.

use coverage_model::{FactKind, Source};
use lmcache_http::Endpoint;
use lmcache_launch::Process;

use crate::outcome::{Outcome, Sign};
use crate::rule::{Context, Lifecycle};
use crate::view::{Target, View, placed};

/// In force since the first release.
pub(super) const SINCE_0_1: Lifecycle = Lifecycle::Stable { since: "0.1.0" };

/// A finding of one sign, where it was seen anywhere.
pub(super) fn one_sign(weight: f64, text: &str, sources: Vec<Source>) -> Outcome {
    if sources.is_empty() {
        return Outcome::Clear;
    }
    Outcome::from_signs(vec![Sign::measured(weight, text, sources)], 0.0)
}

/// Failures that a server counted, at any time: one is one too many.
pub(super) fn counted(cx: &Context<'_>, signals: &[&str]) -> Outcome {
    let sources: Vec<Source> = cx
        .view
        .targets
        .iter()
        .flat_map(|t| signals.iter().filter_map(|s| t.last(s)))
        .filter(|reading| reading.value > 0.0)
        .map(|reading| reading.source)
        .collect();
    one_sign(1.0, "the server counted it", sources)
}

/// Answers of a route in which a server says that it is not healthy.
pub(super) fn answers<'a>(view: &View<'a>, route: &str) -> Vec<&'a Endpoint> {
    view.http
        .iter()
        .filter_map(|row| row.evidence.endpoints.get(route))
        .filter(|endpoint| endpoint.status == "unhealthy")
        .collect()
}

/// A finding where a route answers that something is not healthy.
pub(super) fn said_unhealthy(cx: &Context<'_>, route: &str) -> Outcome {
    let sources = answers(cx.view, route)
        .into_iter()
        .map(|endpoint| Source::new(endpoint.source.clone(), format!("/{route}")))
        .collect();
    one_sign(1.0, "the server says so itself", sources)
}

/// Whether an engine did not come up.
pub(super) fn start_failed(view: &View<'_>) -> bool {
    view.facts.fact(&FactKind::StartFailed).is_some()
}

/// Critical where an engine did not come up, or died.
pub(super) fn critical_if_down(view: &View<'_>, outcome: Outcome) -> Outcome {
    let down =
        start_failed(view) || view.count(&["vllm.engine_dead", "sglang.scheduler_exception"]) > 0;
    outcome.map(|hit| {
        if down {
            hit.severity = Some(crate::rule::Severity::Critical);
        }
    })
}

/// A sign for events of the logs, where they happened.
pub(super) fn logged(view: &View<'_>, weight: f64, text: &str, ids: &[&str]) -> Option<Sign> {
    let count = view.count(ids);
    (count > 0).then(|| {
        let times = if count == 1 { String::new() } else { format!(" ({count} times)") };
        Sign::inferred(weight, format!("{text}{times}"), view.places(ids))
    })
}

/// A sign for tracebacks whose last line has all of these words.
pub(super) fn raised(view: &View<'_>, weight: f64, text: &str, words: &[&str]) -> Option<Sign> {
    let sources: Vec<Source> = view
        .logs
        .iter()
        .flat_map(|log| log.evidence.tracebacks.iter().map(move |t| (log.path, t)))
        .filter(|(_, t)| words.iter().all(|w| t.last_line.contains(w)))
        .map(|(path, t)| Source {
            artifact: path.to_owned(),
            line: Some(t.first_line),
            what: t.last_line.clone(),
            value: Some(format!("{} times", t.count)),
        })
        .collect();
    (!sources.is_empty()).then(|| Sign::inferred(weight, text, sources))
}

/// Ways in which processes of this deployment share keys, each with what shows it.
pub(super) fn sharing(view: &View<'_>) -> Vec<(&'static str, Source)> {
    let mut out = Vec::new();
    if let Some((_, source)) = view.text("remote_url") {
        out.push(("a remote backend", source));
    }
    for (name, what) in [
        ("p2p.enabled", "P2P sharing"),
        ("pd.enabled", "disaggregated prefill"),
        ("nixl.storage", "NIXL storage"),
    ] {
        if let Some((true, source)) = view.flag(name) {
            out.push((what, source));
        }
    }
    if let Some((_, source)) = view.number("tensor_parallel").filter(|(n, _)| *n > 1.0) {
        out.push(("ranks that are processes of their own", source));
    }
    let embedded = |p: &&Process| p.lmcache_connector().is_some();
    if let Some((_, disk)) = view.text("local_disk")
        && view.engines().filter(embedded).count() > 1
    {
        out.push(("a disk", disk));
    }
    out
}

/// The lookups of requests that logs of in-process connectors hold.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Lookups {
    pub(super) count: u64,
    pub(super) hit_zero: u64,
    pub(super) hit_tokens: f64,
    pub(super) negative: u64,
    pub(super) not_needed: u64,
    pub(super) to_load: f64,
    pub(super) shortest: Option<f64>,
    pub(super) longest: Option<f64>,
}

/// Lookup lines of connectors.
pub(super) const LOOKUPS: &[&str] = &["connector.lookup"];
/// Stores of LMCache inside an engine.
pub(super) const EMBEDDED_STORES: &[&str] = &["embedded.store", "sglang_connector.store"];

/// All lookups of all logs.
pub(super) fn lookups(view: &View<'_>) -> Lookups {
    let mut out = Lookups::default();
    for r in view.logs.iter().map(|l| &l.evidence.requests) {
        out.count += r.count;
        out.hit_zero += r.hit_zero;
        out.hit_tokens += r.hit_tokens;
        out.negative += r.need_to_load_negative;
        out.not_needed += r.hit_not_needed;
        out.to_load += r.need_to_load_tokens;
        out.shortest = [out.shortest, r.total_min].into_iter().flatten().reduce(f64::min);
        out.longest = [out.longest, r.total_max].into_iter().flatten().reduce(f64::max);
    }
    out
}

/// Tokens a chunk, as they are stated, or LMCache's default.
pub(super) fn chunk_size(view: &View<'_>) -> (f64, Option<Source>) {
    let hasher = view
        .events(&["hash.tokenhasher", "kv.chunk_bytes", "kv.metadata"])
        .find_map(|e| Some((e.stat.fields.get("chunk_size")?.last, e.source())));
    match view.number("chunk_size").or(hasher) {
        Some((size, source)) if size >= 1.0 => (size, Some(source)),
        _ => (256.0, None),
    }
}

/// A setting of a process as launched, as a source.
pub(super) fn launched(process: &Process, name: &str) -> Option<Source> {
    let s = process.setting(name)?;
    let value = s.value.as_str().map_or_else(|| s.value.to_string(), str::to_owned);
    Some(placed(&s.place, s.key.clone(), Some(value)))
}

/// GiB in bytes.
pub(super) const GIB: f64 = 1_073_741_824.0;

/// Bytes as people say them.
pub(super) fn gib(bytes: f64) -> String {
    format!("{:.1} GiB", bytes / GIB)
}

/// What shows that connector and server are of different modes.
pub(super) fn mode_mismatch(view: &View<'_>) -> Vec<Sign> {
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

/// What shows that releases or builds do not fit together.
pub(super) fn version_signs(view: &View<'_>) -> Vec<Sign> {
    let mut signs = Vec::new();
    signs.extend(logged(
        view,
        0.95,
        "a native library misses a symbol of the torch that is installed",
        &["import.undefined_symbol", "start.c_ops_missing"],
    ));
    signs.extend(logged(
        view,
        0.9,
        "the server does not know what it is asked, or gets other arguments",
        &["mp.handler_arity", "mp.handler_type"],
    ));
    for (weight, text, ids) in [
        (
            0.85,
            "this LMCache does not know the layout that the engine gives its KV cache",
            &["version.kv_format"][..],
        ),
        (0.85, "one side sends what the other's release does not have", &["version.protocol"]),
        (0.8, "the connector does not know this engine", &["version.engine"]),
        (
            0.7,
            "native code was built for another system, library or device",
            &["import.shared_object", "import.glibc", "gpu.no_kernel"],
        ),
    ] {
        signs.extend(logged(view, weight, text, ids));
    }
    let asked = view.texts(&["mp.no_handler"], "operation");
    signs.extend(
        logged(view, 0.9, "the server has no such request", &["mp.no_handler"])
            .filter(|_| !asked.keys().any(|o| is_transfer_mode(o))),
    );
    signs.extend(
        logged(
            view,
            0.8,
            "an address came in pieces, as of another release",
            &["connector.zmq_address"],
        )
        .filter(|_| one_letter(view)),
    );
    for words in [
        ["cannot import name", ""],
        ["ImportError", "lmcache"],
        ["No module named 'lmcache.", ""],
        ["No module named 'vllm.", ""],
        ["No module named 'sglang.", ""],
    ] {
        signs.extend(raised(view, 0.85, "a module of another release was expected", &words));
    }
    let different: std::collections::BTreeSet<&String> = view
        .http
        .iter()
        .flat_map(|row| &row.evidence.releases)
        .chain(
            view.logs.iter().flat_map(|l| l.evidence.versions.get("lmcache").into_iter().flatten()),
        )
        .collect();
    if different.len() > 1 && start_failed(view) {
        let sources =
            different.iter().map(|v| Source::new("LMCache", format!("release {v}"))).collect();
        signs.push(Sign::inferred(
            0.55,
            "engine and server run different releases of LMCache",
            sources,
        ));
    }
    for words in [
        ["AttributeError", "has no attribute"],
        ["TypeError", "unexpected keyword argument"],
        ["TypeError", "positional argument"],
        ["TypeError", "abstract method"],
    ] {
        signs.extend(foreign(view, &words));
    }
    signs
}

/// Requests that only one of the two transfer modes has.
fn is_transfer_mode(operation: &str) -> bool {
    ["engine_driven", "lmcache_driven"].iter().any(|mode| operation.contains(mode))
}

/// A ZMQ address of a single letter: a text was read as a list.
fn one_letter(view: &View<'_>) -> bool {
    view.logs.iter().flat_map(|l| &l.evidence.tracebacks).any(|t| {
        t.last_line
            .split_once("addr='")
            .and_then(|(_, rest)| rest.split_once('\''))
            .is_some_and(|(addr, _)| addr.chars().count() == 1)
    })
}

/// Errors of Python at the seam between engine and LMCache: a frame of each, or of LMCache's
/// integration.
fn foreign(view: &View<'_>, words: &[&str]) -> Option<Sign> {
    let sources: Vec<Source> = view
        .logs
        .iter()
        .flat_map(|log| log.evidence.tracebacks.iter().map(move |t| (log.path, t)))
        .filter(|(_, t)| words.iter().all(|w| t.last_line.contains(w)))
        .filter(|(_, t)| {
            t.frames.iter().any(|f| {
                f.contains("lmcache") || f.contains("kv_connector") || f.contains("kv_transfer")
            })
        })
        .map(|(path, t)| Source {
            line: Some(t.first_line),
            ..Source::new(path, t.last_line.clone())
        })
        .collect();
    (!sources.is_empty()).then(|| {
        Sign::inferred(0.8, "engine and LMCache call each other as other releases do", sources)
    })
}

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

/// What shows that L1 is not evicted any more.
pub(super) fn eviction_signs(view: &View<'_>) -> Vec<Sign> {
    let mut signs = Vec::new();
    signs.extend(logged(
        view,
        0.85,
        "the policy asks for a cache salt and got none",
        &["mp.l1.no_salt"],
    ));
    let died = |name: &String| name.contains("eviction");
    for ids in [["thread.exception"], ["thread.crash"], ["thread.periodic_error"]] {
        if view.texts(&ids, "thread").keys().any(died) {
            signs.extend(logged(view, 0.8, "the thread of eviction died", &ids));
        }
    }
    for (path, status) in view.statuses() {
        for part in status.dead_threads.iter().filter(|p| p.contains("eviction")) {
            signs.push(Sign::measured(
                0.9,
                "the server says that the thread of eviction is dead",
                vec![Source {
                    value: Some("false".into()),
                    ..Source::new(path, format!("{part}.thread_alive"))
                }],
            ));
        }
    }
    let full =
        |t: &crate::view::Target<'_>| t.last("mp.l1.usage_ratio").is_some_and(|u| u.value >= 0.95);
    for target in view.targets.iter().filter(|t| full(t) && t.has_window()) {
        let ticks = target.growth("mp.l1.eviction_loop_ticks");
        let failed = target.growth("mp.l1.allocation_failure").map_or(0.0, |g| g.value);
        let evicted = target.growth("mp.l1.evictions").map_or(0.0, |g| g.value);
        if let Some(ticks) = ticks.filter(|t| t.value == 0.0) {
            signs.push(Sign::measured(
                0.7,
                "the eviction loop did not tick between two scrapes, and L1 is full",
                vec![ticks.source],
            ));
        } else if failed >= 10.0 && evicted == 0.0 {
            let sources = target.last("mp.l1.allocation_failure").map(|r| r.source);
            signs.push(Sign::measured(
                0.6,
                format!("{failed:.0} allocations failed in a full L1, and nothing was evicted"),
                sources.into_iter().collect(),
            ));
        }
    }
    let idle = |text: &str| {
        let text = text.to_ascii_lowercase();
        ["noop", "none", "no_op", "no-op"].contains(&text.as_str())
    };
    for server in view.processes().filter(|p| p.product == lmcache_launch::Product::LmcacheServer) {
        let policy = server.setting("eviction_policy").and_then(|s| s.as_str()).unwrap_or("");
        if idle(policy) && view.targets.iter().any(full) {
            signs.push(Sign::inferred(
                0.7,
                "the policy of L1 never evicts, and L1 is full",
                launched(server, "eviction_policy").into_iter().collect(),
            ));
        } else if policy.eq_ignore_ascii_case("IsolatedLRU") {
            signs.push(Sign::inferred(
                0.55,
                "the policy of L1 is IsolatedLRU, which has no path for a whole L1",
                launched(server, "eviction_policy").into_iter().collect(),
            ));
        }
    }
    signs
}

/// Whether eviction of L1 is dead.
pub(super) fn eviction_is_dead(view: &View<'_>) -> bool {
    eviction_signs(view).iter().any(|s| s.weight >= 0.55)
}

/// Bytes of what is reused, and of the cache, where a description of the load tells.
pub(super) fn working_set(view: &View<'_>) -> Option<(f64, f64, Vec<Source>)> {
    let (capacity, at) = view
        .number("l1_size_bytes")
        .or_else(|| view.number("max_local_cpu_size_gb").map(|(gb, s)| (gb * GIB, s)))?;
    let loads = view.launch.into_iter().flat_map(|l| &l.environment.workloads);
    for load in loads {
        let place = |what: &str, n: f64| placed(&load.place, what, Some(n.to_string()));
        if let Some(live) = load.number("live_kv_bytes") {
            return Some((live, capacity, vec![place("live KV bytes", live), at]));
        }
        let documents = load.number("documents").or_else(|| load.number("sessions"));
        let size = view.numbers(EMBEDDED_STORES, "gb").map(|(sum, n)| GIB * sum / n.max(1) as f64);
        if let (Some(documents), Some(size)) = (documents, size) {
            let mut sources = vec![place("documents", documents), at];
            sources.extend(view.places(EMBEDDED_STORES));
            return Some((documents * size, capacity, sources));
        }
    }
    None
}
