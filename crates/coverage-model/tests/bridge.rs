//! The bridge on made-up counters: what must never be an alarm, and what must be one.

#![allow(clippy::unwrap_used, clippy::panic)]

use coverage_model::Source;
use coverage_model::bridge::{
    Bridge, BridgeInput, Counter, Declared, Difference, Losses, MismatchCode, Part, Retrieved,
    Side, SideWindow, Stat, Stated, WindowInput, bridge,
};
use lmcache_prom::contract::Release;
use proptest::prelude::*;

fn source(what: &str) -> Source {
    Source::new("page", what)
}

#[expect(clippy::unnecessary_wraps, reason = "what is stated is optional")]
fn stated<T>(value: T) -> Option<Stated<T>> {
    Some(Stated { value, source: source("stated") })
}

fn counter(signal: &'static str, labels: &[(&'static str, &str)], value: f64) -> Counter {
    let labels = labels.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
    Counter { signal, stat: Stat::Value, labels, value, source: source(signal) }
}

fn histogram(signal: &'static str, sum: f64, count: f64) -> [Counter; 2] {
    let one = |stat, value| Counter { stat, ..counter(signal, &[], value) };
    [one(Stat::Sum, sum), one(Stat::Count, count)]
}

/// What both sides of one window count.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    prompt: f64,
    computed: f64,
    local: f64,
    external: f64,
    promised: f64,
    asked: f64,
    requests: f64,
    requested: f64,
    hits: f64,
    loaded_chunks: Option<f64>,
}

fn vllm(c: Counts) -> SideWindow {
    let source = "vllm.prompt_tokens_by_source";
    let mut all = vec![
        counter("vllm.prompt_tokens", &[], c.prompt),
        counter(source, &[("source", "local_compute")], c.computed),
        counter(source, &[("source", "local_cache_hit")], c.local),
        counter(source, &[("source", "external_kv_transfer")], c.external),
        counter("vllm.external_prefix_cache_hits", &[], c.promised),
        counter("vllm.external_prefix_cache_queries", &[], c.asked),
    ];
    all.extend(histogram("vllm.time_to_first_token_seconds", c.requests * 0.1, c.requests));
    all.extend(histogram("vllm.request_prefill_time_seconds", c.computed * 1e-4, c.requests));
    all.extend(histogram("vllm.request_prefill_kv_computed_tokens", c.computed, c.requests));
    SideWindow::Counted(all)
}

fn server(c: Counts) -> SideWindow {
    if c.requested == 0.0 {
        return SideWindow::Counted(vec![]);
    }
    let mut all = vec![
        counter("mp.lookup.requested_tokens", &[], c.requested),
        counter("mp.lookup.hit_tokens", &[], c.hits),
    ];
    if let Some(chunks) = c.loaded_chunks {
        all.push(counter("mp.transfer.chunks_loaded", &[("worker_id", "0")], chunks));
    }
    SideWindow::Counted(all)
}

fn window(at: usize) -> WindowInput {
    WindowInput {
        from: Some(format!("{at}.prom")),
        to: format!("{}.prom", at + 1),
        seconds: Some(60.0),
        settled_from: Some(true),
        settled_to: Some(true),
        ..WindowInput::default()
    }
}

/// One engine and one server over these windows.
fn pair(windows: &[Counts]) -> BridgeInput {
    let mut engine = Side::new("vllm", Part::Vllm);
    engine.min = Some(Release::new(0, 32, 0, 0));
    engine.block_size = stated(16);
    engine.connectors = stated("LMCacheMPConnector".to_owned()).into_iter().collect();
    engine.windows = windows.iter().map(|c| vllm(*c)).collect();
    let mut cache = Side::new("lmcache", Part::Server);
    cache.min = Some(Release::new(0, 5, 6, 0));
    cache.chunk_size = stated(256);
    cache.windows = windows.iter().map(|c| server(*c)).collect();
    BridgeInput {
        sides: vec![engine, cache],
        windows: (0..windows.len()).map(window).collect(),
        ..BridgeInput::default()
    }
}

fn codes(bridge: &Bridge) -> Vec<MismatchCode> {
    bridge.mismatches.iter().map(|m| m.code).collect()
}

fn wrong(bridge: &Bridge) -> Vec<String> {
    bridge.mismatches.iter().filter(|m| m.code.is_wrong()).map(|m| m.says.clone()).collect()
}

/// A request of a system that works: prompt length, how much of it was seen before, whether the
/// engine still holds that.
#[derive(Debug, Clone, Copy)]
struct Request {
    prompt: u32,
    shared: u32,
    held: bool,
}

fn request() -> impl Strategy<Value = Request> {
    (1u32..6000, 0.0f64..=1.0, any::<bool>()).prop_map(|(prompt, share, held)| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let shared = (f64::from(prompt) * share) as u32;
        Request { prompt, shared, held }
    })
}

/// What a working engine and a working server count of requests.
fn working(requests: &[Request], chunk: u32, block: u32) -> Counts {
    let mut c = Counts::default();
    for r in requests {
        let whole = r.prompt / chunk * chunk;
        let hit = r.shared / chunk * chunk;
        let local = if r.held { r.shared.min(r.prompt - 1) / block * block } else { 0 };
        // A prompt that is cached whole is computed at its end.
        let external = hit.saturating_sub(local).min(r.prompt - local - 1);
        c.prompt += f64::from(r.prompt);
        c.local += f64::from(local);
        c.external += f64::from(external);
        c.computed += f64::from(r.prompt - local - external);
        c.asked += f64::from(r.prompt - local);
        c.requested += f64::from(whole);
        c.hits += f64::from(hit);
        c.requests += 1.0;
    }
    c.promised = c.external;
    c
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// A system that works raises no alarm, whatever its requests, its chunks and its blocks.
    #[test]
    fn what_works_is_no_mismatch(
        windows in prop::collection::vec(prop::collection::vec(request(), 0..12), 1..5),
        chunk in prop::sample::select(vec![16u32, 64, 256, 512]),
        parts in 1u32..=16,
    ) {
        let block = (chunk / parts).max(1);
        let counts: Vec<Counts> = windows.iter().map(|w| working(w, chunk, block)).collect();
        let mut input = pair(&counts);
        input.sides[0].block_size = stated(u64::from(block));
        input.sides[1].chunk_size = stated(u64::from(chunk));
        let bridge = bridge(&input);
        prop_assert_eq!(wrong(&bridge), Vec::<String>::new());
        for row in bridge.windows.iter().flat_map(|w| &w.reconciliation) {
            prop_assert_ne!(row.verdict, Difference::Beyond, "{:?}", row);
        }
    }

    /// The total is the sum of its windows, and joining windows over unsettled moments changes
    /// no sum.
    #[test]
    fn sums_are_kept(
        windows in prop::collection::vec(prop::collection::vec(request(), 0..8), 1..8),
        settled in prop::collection::vec(any::<bool>(), 8),
    ) {
        let counts: Vec<Counts> = windows.iter().map(|w| working(w, 256, 16)).collect();
        let mut input = pair(&counts);
        for (at, window) in input.windows.iter_mut().enumerate() {
            window.settled_from = Some(at == 0 || settled[at - 1]);
            window.settled_to = Some(settled[at]);
        }
        let bridge = bridge(&input);
        let total = bridge.total.unwrap();
        let want = |f: fn(&Counts) -> f64| counts.iter().map(f).sum::<f64>();
        prop_assert_eq!(total.tokens.prompt.unwrap().value, want(|c| c.prompt));
        prop_assert_eq!(total.tokens.computed.unwrap().value, want(|c| c.computed));
        prop_assert_eq!(total.tokens.engine_local.unwrap().value, want(|c| c.local));
        prop_assert_eq!(total.tokens.external.unwrap().value, want(|c| c.external));
        prop_assert_eq!(total.tokens.hits.map_or(0.0, |h| h.value), want(|c| c.hits));
        let inner = bridge.windows.len().saturating_sub(1);
        for window in bridge.windows.iter().take(inner) {
            prop_assert_eq!(window.settled, Some(true));
        }
    }

    /// Hits that are found and not used are an alarm as soon as they are more than blocks explain.
    #[test]
    fn unused_hits_are_found(requests in prop::collection::vec(request(), 1..12)) {
        let mut c = working(&requests, 256, 16);
        let explained = c.requests * 16.0;
        c.computed += c.external;
        c.external = 0.0;
        c.promised = 0.0;
        let unused = c.hits - c.local;
        let found = codes(&bridge(&pair(&[c]))).contains(&MismatchCode::HitsNotLoaded);
        prop_assert_eq!(found, unused > explained);
    }

    /// Worth is the product of its factors less the retrieve, and nothing where one is missing.
    #[test]
    fn worth_is_its_factors(
        requests in prop::collection::vec(request(), 1..12),
        seconds in prop::option::of(0.0f64..5.0),
    ) {
        let c = working(&requests, 256, 16);
        let cold = working(&[Request { prompt: 4096, shared: 0, held: false }], 256, 16);
        let mut input = pair(&[cold, c]);
        input.retrieved = seconds
            .map(|s| Retrieved {
                tokens: Some(1000.0),
                seconds: Some(s),
                claim: coverage_model::Claim::Inferred,
                source: source("Retrieved"),
            })
            .into_iter()
            .collect();
        input.declared = Declared { gpu_hour_usd: Some(2.0), gpus: Some(4.0), useful_tasks: None };
        let worth = bridge(&input).worth;
        let avoided = worth.prefill_seconds_avoided.unwrap();
        prop_assert!((avoided - c.external * 1e-4).abs() < 1e-9);
        let money = worth.money.unwrap();
        // Where nothing was loaded nothing was spent on it; else its time has to be known.
        let retrieve = if c.external == 0.0 {
            Some(0.0)
        } else {
            seconds.map(|s| s / 1000.0 * c.external)
        };
        if let Some(retrieve) = retrieve {
            let saved = worth.prefill_seconds_saved.unwrap();
            prop_assert!((saved - (avoided - retrieve)).abs() < 1e-9);
            let usd = money.saved_usd_per_hour.unwrap();
            prop_assert!((usd - saved / 120.0 * 2.0 * 4.0).abs() < 1e-9);
            prop_assert_eq!(money.usd_per_useful_task, None);
        } else {
            prop_assert_eq!(worth.prefill_seconds_saved, None);
            prop_assert_eq!(money.saved_usd_per_hour, None);
        }
    }
}

/// A thousand tokens of which the engine held and loaded some.
fn counts() -> Counts {
    Counts {
        prompt: 10_240.0,
        computed: 2048.0,
        local: 4096.0,
        external: 4096.0,
        promised: 4096.0,
        asked: 6144.0,
        requests: 4.0,
        requested: 10_240.0,
        hits: 8192.0,
        loaded_chunks: None,
    }
}

#[test]
fn a_working_pair_has_no_mismatch() {
    assert_eq!(codes(&bridge(&pair(&[counts()]))), []);
}

#[test]
fn an_engine_without_a_connector_beside_an_idle_server() {
    let none = Counts {
        external: 0.0,
        promised: 0.0,
        asked: 0.0,
        requested: 0.0,
        hits: 0.0,
        computed: 6144.0,
        ..counts()
    };
    let mut input = pair(&[none]);
    input.sides[0].connectors.clear();
    assert_eq!(codes(&bridge(&input)), [MismatchCode::NoConnector]);
    // A server that is asked is not idle; who asks it is another question.
    let asked = Counts { requested: 1024.0, ..none };
    let mut input = pair(&[asked]);
    input.sides[0].connectors.clear();
    assert_eq!(codes(&bridge(&input)), [MismatchCode::LookupsWithoutExternal]);
    // An engine that took nothing has nothing to bring.
    let mut input = pair(&[Counts::default()]);
    input.sides[0].connectors.clear();
    assert_eq!(codes(&bridge(&input)), []);
}

#[test]
fn external_tokens_that_lmcache_was_not_asked_for() {
    let c = Counts { requested: 0.0, hits: 0.0, ..counts() };
    assert_eq!(codes(&bridge(&pair(&[c]))), [MismatchCode::ExternalWithoutLookups]);
    // Another connector is named: the tokens are its.
    let mut input = pair(&[c]);
    input.sides[0].connectors = stated("NixlConnector".to_owned()).into_iter().collect();
    assert_eq!(codes(&bridge(&input)), [MismatchCode::ExternalNotLmcache]);
    // Lost events prove nothing.
    let mut input = pair(&[c]);
    input.dropped_events = Some(source("dropped"));
    let bridge_ = bridge(&input);
    assert_eq!(codes(&bridge_), []);
    assert!(bridge_.not_judged.iter().any(|o| o.code == MismatchCode::ExternalWithoutLookups));
    // Requests under way at an end of the window prove nothing either.
    let mut input = pair(&[c]);
    input.windows[0].settled_from = Some(false);
    assert_eq!(codes(&bridge(&input)), []);
}

#[test]
fn hits_of_another_engine_are_not_held_against_this_one() {
    // More was asked than this engine's prompts hold.
    let c = Counts { requested: 40_960.0, hits: 30_720.0, ..counts() };
    let bridge = bridge(&pair(&[c]));
    assert_eq!(codes(&bridge), []);
    assert!(bridge.not_judged.iter().any(|o| o.code == MismatchCode::HitsNotLoaded));
}

#[test]
fn promises_loads_and_the_log() {
    let promised = Counts { promised: 6144.0, ..counts() };
    let found = bridge(&pair(&[promised]));
    assert_eq!(codes(&found), [MismatchCode::PromisesWithoutLoads]);
    assert_eq!(found.mismatches[0].tokens, Some(2048.0));
    // Requests that were aborted may have been promised what never came.
    let mut input = pair(&[promised]);
    if let SideWindow::Counted(all) = &mut input.sides[0].windows[0] {
        all.push(counter("vllm.request_success", &[("finished_reason", "abort")], 1.0));
    }
    let bridge_ = bridge(&input);
    assert_eq!(codes(&bridge_), []);
    assert!(bridge_.not_judged.iter().any(|o| o.code == MismatchCode::PromisesWithoutLoads));
    // LMCache handed over less than the engine counts.
    let short = Counts { loaded_chunks: Some(4.0), ..counts() };
    assert_eq!(codes(&bridge(&pair(&[short]))), [MismatchCode::PromisesWithoutLoads]);
    let whole = Counts { loaded_chunks: Some(16.0), ..counts() };
    assert_eq!(codes(&bridge(&pair(&[whole]))), []);
    // The log says so.
    let mut input = pair(&[counts()]);
    input.losses.push(Losses {
        requests: Some(1.0),
        tokens: Some(512.0),
        lines: 1,
        source: source("Recovered"),
    });
    assert_eq!(codes(&bridge(&input)), [MismatchCode::PromisesWithoutLoads]);
}

#[test]
fn lookups_that_never_hit_need_a_proof_of_repetition() {
    let c = Counts { external: 0.0, promised: 0.0, computed: 6144.0, hits: 0.0, ..counts() };
    assert_eq!(codes(&bridge(&pair(&[c]))), [MismatchCode::LookupsNeverHit]);
    // Fresh prompts: nothing could hit.
    let fresh = Counts { local: 0.0, computed: 10_240.0, asked: 10_240.0, ..c };
    let bridge_ = bridge(&pair(&[fresh]));
    assert_eq!(codes(&bridge_), []);
    assert!(bridge_.not_judged.iter().any(|o| o.code == MismatchCode::LookupsNeverHit));
    // The lookup hashes show that prefixes came again.
    let mut input = pair(&[fresh]);
    input.repeatable_tokens = stated(2048.0);
    assert_eq!(codes(&bridge(&input)), [MismatchCode::LookupsNeverHit]);
}

#[test]
fn of_two_engines_one_never_hits() {
    let good = counts();
    // What the other holds again, the server did not find.
    let bad = Counts { external: 0.0, promised: 0.0, computed: 6144.0, ..counts() };
    let two = |bad: Counts, hits: f64| {
        let mut input = pair(&[good]);
        let mut second = input.sides[0].clone();
        second.role = "vllm-b".into();
        second.windows = vec![vllm(bad)];
        input.sides.push(second);
        input.sides[1].windows = vec![server(Counts { requested: 20_480.0, hits, ..good })];
        input
    };
    assert_eq!(codes(&bridge(&two(bad, 8192.0))), [MismatchCode::OneEngineNeverHits]);
    // The server found what it holds: its own cache covers its reuse.
    assert_eq!(codes(&bridge(&two(bad, 12_288.0))), []);
    // Its prompts are new to everybody.
    let fresh = Counts { local: 0.0, computed: 10_240.0, asked: 10_240.0, ..bad };
    let bridge_ = bridge(&two(fresh, 8192.0));
    assert_eq!(codes(&bridge_), []);
    assert!(bridge_.not_judged.iter().any(|o| o.code == MismatchCode::OneEngineNeverHits));
    // Prefill and decode are not siblings.
    let mut input = two(bad, 8192.0);
    input.sides[0].kv_role = stated("prefill".to_owned());
    input.sides[2].kv_role = stated("decode".to_owned());
    assert_eq!(codes(&bridge(&input)), []);
}

#[test]
fn a_cache_that_saved_nothing() {
    let c = Counts { external: 0.0, promised: 0.0, local: 8192.0, asked: 2048.0, ..counts() };
    assert_eq!(codes(&bridge(&pair(&[c]))), [MismatchCode::LocalCacheCoversReuse]);
    assert!(!MismatchCode::LocalCacheCoversReuse.is_wrong());
}

#[test]
fn more_hit_than_was_asked_for() {
    let c = Counts { hits: 12_288.0, requested: 10_240.0, ..counts() };
    assert!(codes(&bridge(&pair(&[c]))).contains(&MismatchCode::RatesOver100));
    let c = Counts { asked: 1024.0, ..counts() };
    assert!(codes(&bridge(&pair(&[c]))).contains(&MismatchCode::RatesOver100));
}

#[test]
fn workers_of_one_engine_count_the_same_tokens() {
    let page = |worker: &str| {
        SideWindow::Counted(vec![
            counter("embedded.num_lookup_tokens", &[("worker_id", worker)], 10_240.0),
            counter("embedded.num_lookup_hits", &[("worker_id", worker)], 8192.0),
            counter("embedded.num_hit_tokens", &[("worker_id", worker)], 4096.0),
        ])
    };
    let mut input = pair(&[counts()]);
    input.sides.truncate(1);
    for worker in ["0", "1"] {
        let mut side = Side::new(format!("worker{worker}"), Part::Embedded);
        side.chunk_size = stated(256);
        side.inside = Some("vllm".into());
        side.windows = vec![page(worker)];
        input.sides.push(side);
    }
    let bridge = bridge(&input);
    assert_eq!(bridge.total.as_ref().unwrap().tokens.hits.as_ref().unwrap().value, 8192.0);
    assert_eq!(codes(&bridge), []);
}

#[test]
fn a_restart_is_in_no_sum() {
    let mut input = pair(&[counts(), counts()]);
    input.sides[1].windows[0] = SideWindow::Restarted("the process was restarted".into());
    let bridge = bridge(&input);
    assert_eq!(bridge.windows[0].tokens.hits, None);
    let total = bridge.total.unwrap();
    assert_eq!(total.tokens.prompt.unwrap().value, counts().prompt);
    assert!(total.notes[0].starts_with("1 of 2 windows"));
}

#[test]
fn sglang_counts_lmcache_under_another_source_in_each_release() {
    let page = |source: &str| {
        SideWindow::Counted(vec![
            counter("sglang.prompt_tokens", &[("engine_type", "unified")], 10_240.0),
            counter("sglang.prompt_tokens", &[("engine_type", "decode")], 99.0),
            counter("sglang.cached_tokens", &[("cache_source", "device")], 4096.0),
            counter("sglang.cached_tokens", &[("cache_source", source)], 4096.0),
            counter("sglang.num_requests", &[], 4.0),
        ])
    };
    let of = |release: Release, source: &str| {
        let mut input = pair(&[counts()]);
        let mut side = Side::new("sglang", Part::Sglang);
        (side.min, side.max) = (Some(release), Some(release));
        side.windows = vec![page(source)];
        input.sides[0] = side;
        input.sglang_lmcache = Some(self::source("--enable-lmcache"));
        bridge(&input).total.unwrap().tokens
    };
    for (release, source) in
        [(Release::new(0, 5, 14, 0), "host"), (Release::new(0, 5, 23, 0), "storage")]
    {
        let t = of(release, source);
        assert_eq!(t.prompt.unwrap().value, 10_240.0);
        assert_eq!(t.external.unwrap().value, 4096.0);
        assert_eq!(t.engine_local.unwrap().value, 4096.0);
        assert_eq!(t.computed.unwrap().value, 2048.0);
    }
    // In the process LMCache's tokens are not kept apart.
    let t = of(Release::new(0, 5, 11, 0), "host");
    assert_eq!((t.external, t.engine_local), (None, None));
}
