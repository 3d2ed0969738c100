//! Tokens by where they came from.

use std::collections::BTreeMap;

use lmcache_prom::contract::Release;
use serde::Serialize;

use super::distinct;
use super::input::{BridgeInput, Counter, Part, Side, Stat};
use crate::evidence::Source;
use crate::vocabulary::Claim;

/// A number with what it was made from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Amount {
    /// The number.
    pub value: f64,
    /// How it is known.
    pub claim: Claim,
    /// Series, or the formula over series.
    pub of: String,
    /// Where they were read.
    pub sources: Vec<Source>,
}

impl Amount {
    pub(super) fn new(
        value: f64,
        claim: Claim,
        of: impl Into<String>,
        sources: Vec<Source>,
    ) -> Self {
        Self { value, claim, of: of.into(), sources: distinct(sources, 4) }
    }

    /// The sum; known no better than its parts.
    fn plus(&self, other: &Self) -> Self {
        let sources = self.sources.iter().chain(&other.sources).cloned();
        let telling = if self.value == 0.0 { other } else { self };
        Self {
            value: self.value + other.value,
            claim: self.claim.max(other.claim),
            of: telling.of.clone(),
            sources: distinct(sources, 4),
        }
    }
}

/// Tokens (and requests) of a window. Nothing stands where a number is not known.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tokens {
    /// Prompt tokens of the engines.
    pub prompt: Option<Amount>,
    /// Prompt tokens that the engines computed.
    pub computed: Option<Amount>,
    /// Prompt tokens that the engines found in their own cache.
    pub engine_local: Option<Amount>,
    /// Prompt tokens that an external cache gave, by the engines' count: planned at scheduling,
    /// and not taken back where a load fails.
    pub external: Option<Amount>,
    /// Prompt tokens that the connector promised before its loads (vLLM).
    pub promised: Option<Amount>,
    /// Tokens that the engines looked up with the connector: what their own cache lacked (vLLM).
    pub asked_external: Option<Amount>,
    /// External tokens by tier (vLLM from 0.32.0); LMCache's are `external_unspecified`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub external_by_tier: BTreeMap<String, f64>,
    /// Tokens that LMCache was asked for, in whole chunks.
    pub requested: Option<Amount>,
    /// Tokens that LMCache found, whether or not the engine held them already.
    pub hits: Option<Amount>,
    /// Of these, in L1.
    pub l1: Option<Amount>,
    /// Of these, brought from L2.
    pub l2: Option<Amount>,
    /// Tokens that LMCache handed over, by its own count.
    pub loaded: Option<Amount>,
    /// Requests of the engines that came to their first token.
    pub requests: Option<Amount>,
    /// Lookups that LMCache counted.
    pub lookups: Option<Amount>,
    /// Lookups that LMCache ended early, prompts below one chunk among them.
    pub early_exits: Option<Amount>,
    /// Preemptions: a preempted request is looked up again.
    pub preemptions: Option<Amount>,
    /// LMCache was counted in this window and shows no lookup series: it was asked nothing.
    pub asked_nothing: bool,
}

impl Tokens {
    /// The sum of two windows; unknown where either is.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        #[expect(clippy::ref_option, reason = "fields, borrowed")]
        fn add(a: &Option<Amount>, b: &Option<Amount>) -> Option<Amount> {
            Some(a.as_ref()?.plus(b.as_ref()?))
        }
        // A series that appears within the run counts from 0 before.
        let cache = |a: &Option<Amount>, b: &Option<Amount>| match (a, b) {
            (None, Some(b)) if self.asked_nothing => Some(b.clone()),
            (Some(a), None) if other.asked_nothing => Some(a.clone()),
            _ => add(a, b),
        };
        // A cache that was counted and shows no loads yet has loaded nothing so far.
        let counted = |t: &Self| t.asked_nothing || t.requested.is_some();
        let loaded = match (&self.loaded, &other.loaded) {
            (None, Some(b)) if counted(self) => Some(b.clone()),
            (Some(a), None) if counted(other) => Some(a.clone()),
            (a, b) => add(a, b),
        };
        let mut tiers = self.external_by_tier.clone();
        for (tier, value) in &other.external_by_tier {
            *tiers.entry(tier.clone()).or_default() += value;
        }
        Self {
            prompt: add(&self.prompt, &other.prompt),
            computed: add(&self.computed, &other.computed),
            engine_local: add(&self.engine_local, &other.engine_local),
            external: add(&self.external, &other.external),
            promised: add(&self.promised, &other.promised),
            asked_external: add(&self.asked_external, &other.asked_external),
            external_by_tier: tiers,
            requested: cache(&self.requested, &other.requested),
            hits: cache(&self.hits, &other.hits),
            l1: cache(&self.l1, &other.l1),
            l2: cache(&self.l2, &other.l2),
            loaded,
            requests: add(&self.requests, &other.requests),
            lookups: cache(&self.lookups, &other.lookups),
            early_exits: cache(&self.early_exits, &other.early_exits),
            preemptions: add(&self.preemptions, &other.preemptions),
            asked_nothing: self.asked_nothing && other.asked_nothing,
        }
    }
}

/// Value of an amount.
pub(super) fn value(amount: Option<&Amount>) -> Option<f64> {
    amount.map(|a| a.value)
}

/// Tokens of a window; of one engine where a role is given, and of that engine alone then.
pub(super) fn of(input: &BridgeInput, at: usize, engine: Option<&str>) -> Tokens {
    let mut out = Tokens::default();
    let engines: Vec<&Side> =
        input.engines().filter(|e| engine.is_none_or(|role| e.role == role)).collect();
    for (i, side) in engines.iter().enumerate() {
        let own = match side.counted(at) {
            Some(counters) if side.part == Part::Vllm => vllm(counters),
            Some(counters) => sglang(input, side, counters),
            None => Tokens::default(),
        };
        out = if i == 0 { own } else { out.plus(&own) };
    }
    if engine.is_none() {
        cache(input, at, &mut out);
    }
    out
}

pub(super) fn sum<'c>(
    counters: &'c [Counter],
    signal: &str,
    stat: Stat,
    keep: impl Fn(&Counter) -> bool,
) -> Option<(f64, Vec<Source>)> {
    let mut found: Option<(f64, Vec<Source>)> = None;
    let matching = |c: &&'c Counter| c.signal == signal && c.stat == stat && keep(c);
    for counter in counters.iter().filter(matching) {
        let (value, sources) = found.get_or_insert((0.0, vec![]));
        *value += counter.value;
        sources.push(counter.source.clone());
    }
    found
}

/// A counter summed over its label sets, as a measured amount.
pub(super) fn measured(counters: &[Counter], signal: &str, stat: Stat) -> Option<Amount> {
    let (value, sources) = sum(counters, signal, stat, |_| true)?;
    let of = sources.first().map_or_else(|| signal.to_owned(), |s| s.what.clone());
    Some(Amount::new(value, Claim::Measured, of, sources))
}

fn vllm(counters: &[Counter]) -> Tokens {
    let plain = |signal: &str| measured(counters, signal, Stat::Value);
    let by_source = |source: &str| {
        let (value, sources) = sum(counters, "vllm.prompt_tokens_by_source", Stat::Value, |c| {
            c.label("source") == source
        })?;
        let of = format!("vllm:prompt_tokens_by_source_total{{source=\"{source}\"}}");
        Some(Amount::new(value, Claim::Measured, of, sources))
    };
    let mut out = Tokens {
        prompt: plain("vllm.prompt_tokens"),
        computed: by_source("local_compute"),
        engine_local: by_source("local_cache_hit"),
        external: by_source("external_kv_transfer"),
        promised: plain("vllm.external_prefix_cache_hits"),
        asked_external: plain("vllm.external_prefix_cache_queries"),
        requests: measured(counters, "vllm.time_to_first_token_seconds", Stat::Count),
        preemptions: plain("vllm.num_preemptions"),
        ..Tokens::default()
    };
    for counter in counters.iter().filter(|c| c.signal == "vllm.prompt_tokens_cached_by_source") {
        let tier = counter.label("source");
        if tier != "device" && counter.value > 0.0 {
            *out.external_by_tier.entry(tier.to_owned()).or_default() += counter.value;
        }
    }
    // A page older than the split by source: its lookups are the nearest there is.
    let has_split = counters.iter().any(|c| c.signal == "vllm.prompt_tokens_by_source");
    if has_split {
        // A source that never occurred has no series of its own.
        for slot in [&mut out.computed, &mut out.engine_local, &mut out.external] {
            if slot.is_none() {
                let of = "vllm:prompt_tokens_by_source_total without this source";
                *slot = Some(Amount::new(0.0, Claim::Measured, of, vec![]));
            }
        }
    } else {
        let as_inferred =
            |amount: Option<Amount>| amount.map(|a| Amount { claim: Claim::Inferred, ..a });
        out.engine_local = as_inferred(plain("vllm.prefix_cache_hits"));
        out.external = as_inferred(plain("vllm.external_prefix_cache_hits"));
    }
    out
}

/// Whose tokens a `cache_source` of SGLang counts.
enum From {
    Local,
    External,
    /// This release does not keep LMCache's tokens apart.
    NotSeparable,
}

fn sglang_source(input: &BridgeInput, side: &Side, source: &str) -> From {
    let in_process =
        input.sglang_lmcache.is_some() && !side.surely_since(Release::new(0, 5, 13, 0));
    match source {
        "" | "total" if in_process || input.hicache.is_some() => From::NotSeparable,
        "device" if in_process => From::NotSeparable,
        "" | "total" | "device" => From::Local,
        _ => From::External,
    }
}

fn sglang(input: &BridgeInput, side: &Side, counters: &[Counter]) -> Tokens {
    // A decode server repeats the hit of its prefill server.
    let serves = |c: &Counter| c.label("engine_type") != "decode";
    let amount = |signal: &str, stat| {
        let (value, sources) = sum(counters, signal, stat, serves)?;
        let of = sources.first().map_or_else(|| signal.to_owned(), |s| s.what.clone());
        Some(Amount::new(value, Claim::Measured, of, sources))
    };
    let prompt = amount("sglang.prompt_tokens", Stat::Value);
    let (mut local, mut external) = ((0.0, vec![]), (0.0, vec![]));
    let mut separable = true;
    let mut tiers = BTreeMap::new();
    for counter in counters.iter().filter(|c| c.signal == "sglang.cached_tokens" && serves(c)) {
        let source = counter.label("cache_source");
        match sglang_source(input, side, source) {
            From::Local => {
                local.0 += counter.value;
                local.1.push(counter.source.clone());
            }
            From::External => {
                external.0 += counter.value;
                external.1.push(counter.source.clone());
                if counter.value > 0.0 {
                    *tiers.entry(source.to_owned()).or_default() += counter.value;
                }
            }
            From::NotSeparable => {
                separable = false;
                local.0 += counter.value;
                local.1.push(counter.source.clone());
            }
        }
    }
    let cached = local.0 + external.0;
    let computed = prompt.as_ref().map(|p| {
        let sources = p.sources.iter().chain(&local.1).chain(&external.1).cloned().collect();
        let of = "sglang:prompt_tokens_total - sglang:cached_tokens_total";
        Amount::new(p.value - cached, Claim::Measured, of, sources)
    });
    let named = |source: &str| format!("sglang:cached_tokens_total{{cache_source={source}}}");
    let known = prompt.is_some() && separable;
    Tokens {
        computed,
        engine_local: known
            .then(|| Amount::new(local.0, Claim::Measured, named("\"device\""), local.1)),
        external: known.then(|| {
            let of = match tiers.len() {
                1 => named(&format!("\"{}\"", tiers.keys().next().map_or("", String::as_str))),
                _ => named("host or storage"),
            };
            Amount::new(external.0, Claim::Measured, of, external.1)
        }),
        external_by_tier: tiers,
        requests: amount("sglang.num_requests", Stat::Value),
        prompt,
        ..Tokens::default()
    }
}

/// Which LMCache processes count: servers, or engines with LMCache inside where there is none.
pub(super) fn counting_caches(input: &BridgeInput) -> Vec<&Side> {
    let servers: Vec<&Side> = input.caches().filter(|c| c.part == Part::Server).collect();
    if servers.is_empty() { input.caches().collect() } else { servers }
}

fn cache(input: &BridgeInput, at: usize, out: &mut Tokens) {
    let caches = counting_caches(input);
    let all: Option<Vec<&[Counter]>> = caches.iter().map(|c| c.counted(at)).collect();
    let Some(all) = all.filter(|all| !all.is_empty()) else { return };
    if caches.iter().any(|c| c.part == Part::Server) {
        server(input, &all, out);
    } else {
        embedded(input, &caches, &all, out);
    }
}

fn server(input: &BridgeInput, all: &[&[Counter]], out: &mut Tokens) {
    let over = |signal: &str| {
        all.iter()
            .filter_map(|counters| measured(counters, signal, Stat::Value))
            .reduce(|a, b| a.plus(&b))
    };
    out.requested = over("mp.lookup.requested_tokens");
    out.hits = over("mp.lookup.hit_tokens");
    out.l1 = over("mp.lookup.hit_l1_tokens");
    out.l2 = over("mp.lookup.hit_l2_tokens");
    out.lookups = over("mp.lookup.requests");
    out.early_exits = over("mp.lookup.early_exit");
    // Counters that came with no event yet are not on the page; with lost events, nobody knows.
    out.asked_nothing = out.requested.is_none()
        && out.lookups.is_none()
        && input.dropped_events.is_none()
        && input.silent_cache.is_none();
    if out.hits.is_none() {
        out.hits = out.requested.as_ref().map(|asked| {
            let of = "no series of lookup hits beside one of lookups";
            Amount::new(0.0, Claim::Measured, of, asked.sources.clone())
        });
    }
    let chunk = input.caches().find_map(|c| c.chunk_size.as_ref());
    let mut chunks: Option<(f64, Vec<Source>)> = None;
    for counters in all {
        let Some((most, sources)) = most_of_workers(counters, "mp.transfer.chunks_loaded") else {
            continue;
        };
        let (value, all) = chunks.get_or_insert((0.0, vec![]));
        *value += most;
        all.extend(sources);
    }
    if let (Some((chunks, sources)), Some(chunk)) = (chunks, chunk) {
        let sources = sources.into_iter().chain([chunk.source.clone()]).collect();
        let of = format!("lmcache_mp_num_chunks_loaded_total x {} tokens", chunk.value);
        out.loaded = Some(Amount::new(chunks * chunk.value as f64, Claim::Measured, of, sources));
    }
}

/// The worker that counted most: tensor-parallel workers each count the same tokens.
fn most_of_workers(counters: &[Counter], signal: &str) -> Option<(f64, Vec<Source>)> {
    let mut workers: BTreeMap<&str, (f64, Vec<Source>)> = BTreeMap::new();
    for counter in counters.iter().filter(|c| c.signal == signal && c.stat == Stat::Value) {
        let (value, sources) = workers.entry(counter.label("worker_id")).or_default();
        *value += counter.value;
        sources.push(counter.source.clone());
    }
    workers.into_values().max_by(|a, b| a.0.total_cmp(&b.0))
}

/// Scheduler and workers of one engine have pages of their own, and each worker counts the same
/// tokens: of all pages and workers of an engine the one that counted most is the engine's count.
fn embedded(input: &BridgeInput, caches: &[&Side], all: &[&[Counter]], out: &mut Tokens) {
    // Pages that may be of any of several engines cannot be told apart.
    if caches.iter().any(|c| c.inside.is_none()) && input.engines().count() > 1 {
        return;
    }
    let over = |signal: &str| {
        let mut engines: BTreeMap<Option<&str>, (f64, Vec<Source>)> = BTreeMap::new();
        for (side, counters) in caches.iter().zip(all) {
            let Some(own) = most_of_workers(counters, signal) else { continue };
            let most = engines.entry(side.inside.as_deref()).or_insert_with(|| own.clone());
            if own.0 > most.0 {
                *most = own;
            }
        }
        let (value, sources) = engines.into_values().reduce(|mut a, b| {
            a.0 += b.0;
            a.1.extend(b.1);
            a
        })?;
        let of = sources.first().map_or_else(|| signal.to_owned(), |s| s.what.clone());
        Some(Amount::new(value, Claim::Measured, of, sources))
    };
    out.requested = over("embedded.num_lookup_tokens");
    out.hits = over("embedded.num_lookup_hits");
    out.loaded = over("embedded.num_hit_tokens");
    out.lookups = over("embedded.num_lookup_requests");
}
