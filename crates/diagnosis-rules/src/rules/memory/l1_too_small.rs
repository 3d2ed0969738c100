//! L1 is below the working set.

use super::eviction::eviction_is_dead;
use crate::rules::prelude::*;
use crate::rules::quota::quota_of_nothing;
use crate::rules::working_set::working_set;
use crate::view::{Target, View};

const CHUNKS: Threshold = Threshold {
    name: "min_chunks",
    unit: "chunks",
    default: 64.0,
    about: "Chunks written or looked up before evictions are judged",
};
const ROUNDS: Threshold = Threshold {
    name: "min_eviction_rounds",
    unit: "rounds",
    default: 3.0,
    about: "Rounds of eviction under pressure before it is judged",
};
const EVICTED: Threshold = Threshold {
    name: "evicted_share",
    unit: "ratio",
    default: 0.5,
    about: "Evicted over written chunks from which L1 churns",
};
const HITS: Threshold = Threshold {
    name: "hit_rate_below",
    unit: "ratio",
    default: 0.5,
    about: "Hit rate of lookups below which reuse is lost",
};
const WINDOW: Threshold = Threshold {
    name: "min_chunks_of_a_window",
    unit: "chunks",
    default: 16.0,
    about: "Chunks looked up or evicted in a window before it is compared with another",
};
const RETURNED: Threshold = Threshold {
    name: "min_returned_chunks",
    unit: "chunks",
    default: 5.0,
    about: "Sampled chunks that came back after their eviction",
};
const OVER: Threshold = Threshold {
    name: "working_set_over",
    unit: "times",
    default: 1.0,
    about: "Working set over capacity",
};

pub(crate) const RULE: Rule = Rule {
    code: "l1_too_small",
    aliases: &[],
    title: "The CPU cache (L1) is smaller than what is reused: chunks are evicted before they \
        are asked for again",
    kind: Kind::Cause,
    cause: Some("l1-too-small"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::ServerPage, Need::EmbeddedPage, Need::EngineLog, Need::ServerLog],
    thresholds: &[&CHUNKS, &ROUNDS, &EVICTED, &HITS, &RETURNED, &WINDOW, &OVER],
    releases: "",
    explanation: "An LRU cache that is a little smaller than the working set hits almost nothing: each \
        chunk is evicted shortly before its reuse. Then evictions come close to writes, \
        chunks live for seconds, and some come back right after they went.",
    confirm: "Evicted chunks over written chunks between two scrapes; size of a request in the \
        store lines times the number of distinct prompts against max_local_cpu_size or \
        --l1-size-gb.",
    action: "Give L1 the working set (--l1-size-gb N, or max_local_cpu_size per rank), add an L2 \
        adapter or a disk below it, or send fewer distinct prompts to one cache.",
    false_positives: "Evictions alone are no fault: L1 also drops chunks after a load from L2 and when it \
        is cleared. The rule asks for evictions under pressure and for reuse that was lost.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[
        "l1-alloc-failure",
        "lmcache_mp_l1_failures",
        "lmcache_mp_l1_eviction_pressure",
        "lmcache_mp_l1_saturation",
        "lmcache_mp_l1_memory_no_plateau",
    ],
    related: &["hash-seed-unset", "eviction-stalled", "pin-leak", "volatile-prompt-prefix"],
    evaluate,
    example: Example {
        title: "Evictions keep up with writes, nothing hits",
        files: &[File::text(
            "metrics.prom",
            r"# TYPE lmcache_mp_l1_write_chunks_total counter
lmcache_mp_l1_write_chunks_total 205000
# TYPE lmcache_mp_l1_evicted_chunks_total counter
lmcache_mp_l1_evicted_chunks_total 204430
# TYPE lmcache_mp_l1_eviction_loop_triggered_total counter
lmcache_mp_l1_eviction_loop_triggered_total 3120
# TYPE lmcache_mp_lookup_requested_tokens_total counter
lmcache_mp_lookup_requested_tokens_total 54000000
# TYPE lmcache_mp_lookup_hit_tokens_total counter
lmcache_mp_lookup_hit_tokens_total 170000
",
        )],
        also: &["lmcache_mp_eventbus_drop_unobservable", "lmcache_mp_cache_salt_missing"],
    },
    counter_example: Example {
        title: "Evictions beside a good hit rate",
        files: &[File::text(
            "metrics.prom",
            r"# TYPE lmcache_mp_l1_write_chunks_total counter
lmcache_mp_l1_write_chunks_total 205000
# TYPE lmcache_mp_l1_evicted_chunks_total counter
lmcache_mp_l1_evicted_chunks_total 200430
# TYPE lmcache_mp_l1_eviction_loop_triggered_total counter
lmcache_mp_l1_eviction_loop_triggered_total 3120
# TYPE lmcache_mp_lookup_requested_tokens_total counter
lmcache_mp_lookup_requested_tokens_total 54000000
# TYPE lmcache_mp_lookup_hit_tokens_total counter
lmcache_mp_lookup_hit_tokens_total 45000000
",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    if eviction_is_dead(view) {
        return Outcome::RuledOut(
            "eviction does not run: what is full is not for lack of size".into(),
        );
    }
    if let Some(locked) = locked(view) {
        return Outcome::RuledOut(locked);
    }
    if let Some(pinned) = pinned(view) {
        return Outcome::RuledOut(pinned);
    }
    if view.texts(&["hash.none_hash"], "none_hash").len() > 1 {
        return Outcome::RuledOut(
            "keys of different processes never match, whatever the size".into(),
        );
    }
    if quota_of_nothing(view).is_some() {
        return Outcome::RuledOut(
            "a quota of 0 throws away what is stored, whatever the size".into(),
        );
    }
    let mut signs = Vec::new();
    signs.extend(view.targets.iter().filter_map(|t| churn(cx, t)));
    signs.extend(view.targets.iter().filter_map(|t| forgot(cx, t)));
    for target in &view.targets {
        let gap = target.histogram("mp.l1.chunk_evict_reuse_gap");
        let pressed = target
            .growth("mp.l1.eviction_loop_triggered")
            .is_some_and(|g| g.value >= cx.threshold(&ROUNDS));
        let returned = gap.as_ref().and_then(lmcache_prom::Histogram::count).unwrap_or_default();
        if pressed && returned >= cx.threshold(&RETURNED) {
            let mean = gap.and_then(|g| g.mean()).unwrap_or_default();
            let source = target.last("mp.l1.chunk_evict_reuse_gap").map(|r| r.source);
            signs.push(Sign::measured(
                0.5,
                format!("{returned:.0} sampled chunks came back {mean:.0} s after their eviction"),
                source.into_iter().collect(),
            ));
        }
    }
    signs.extend(embedded_churn(cx));
    let pool = view
        .number("max_local_cpu_size_gb")
        .map(|(gb, s)| (gb * GIB, s))
        .filter(|(bytes, _)| *bytes > 0.0);
    let largest = view
        .events(EMBEDDED_STORES)
        .filter_map(|e| e.stat.fields.get("gb").map(|n| (n.max * GIB, e.source())))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let refused = ["memory.alloc_failed", "embedded.cpu_pressure", "embedded.no_evict"];
    if let (Some((pool, at)), Some((size, stored))) = (pool, largest)
        && size > 0.5 * pool
        && view.count(&refused) > 0
    {
        signs.push(Sign::inferred(
            0.6,
            format!("one request takes {}, the pool has {}", gib(size), gib(pool)),
            vec![at, stored],
        ));
    }
    let pressed = view.count(&["embedded.cpu_pressure"]);
    let pinned =
        ["embedded.no_evict", "embedded.pin_timeout", "embedded.force_unpin", "lookup.timeout"];
    if pressed as f64 >= cx.threshold(&ROUNDS) && view.count(&pinned) == 0 {
        signs.extend(logged(
            view,
            0.55,
            "stores are cut or skipped: the pool is full",
            &["embedded.cpu_pressure"],
        ));
    }
    let inside = view.number("max_local_cpu_size_gb").is_some();
    let mut needed = None;
    if let Some((set, capacity, sources)) = working_set(view)
        && set > capacity * cx.threshold(&OVER)
    {
        // LMCache inside an engine has a cache in each worker, and each logs its own part.
        let (whose, its) = if inside { (" of a worker", "its") } else { ("", "the") };
        signs.push(Sign::inferred(
            0.6,
            format!("the working set{whose} is {}, {its} cache has {}", gib(set), gib(capacity)),
            sources,
        ));
        needed = Some(set);
    }
    let full = logged(view, 0.3, "LMCache evicts at its watermark", &["mp.l1.evicting"]);
    let (asked, hit) = (
        view.numbers(&["mp.prefetch_done"], "chunks").map_or(0.0, |n| n.0),
        view.numbers(&["mp.prefetch_done"], "hit_chunks").map_or(0.0, |n| n.0),
    );
    if let Some(sign) = full {
        let rounds = view.count(&["mp.l1.evicting"]) as f64;
        let lost = asked >= cx.threshold(&CHUNKS) && hit < 0.2 * asked;
        if rounds >= cx.threshold(&ROUNDS) && lost && view.targets.is_empty() {
            signs.push(Sign::inferred(
                0.4,
                format!("{hit:.0} of {asked:.0} chunks that were looked up hit"),
                view.places(&["mp.prefetch_done"]),
            ));
            signs.push(sign);
        } else if !signs.is_empty() {
            signs.push(sign);
        }
    }
    Outcome::from_signs(signs, 0.5).map(|hit| {
        if let Some(set) = needed {
            let setting = if inside {
                "max_local_cpu_size, of each worker; the host needs that for every one"
            } else {
                "--l1-size-gb"
            };
            hit.action = Some(format!(
                "Give L1 at least {} ({setting}), add an L2 adapter or a disk below it, or send \
                 fewer distinct prompts to one cache.",
                gib(set)
            ));
        }
    })
}

/// Evictions under pressure that keep up with writes, of a multiprocess server.
fn churn(cx: &Context<'_>, target: &Target<'_>) -> Option<Sign> {
    let written = target.growth("mp.l1.write")?;
    let evicted = target.growth("mp.l1.evictions")?;
    let pressed = target.growth("mp.l1.eviction_loop_triggered")?;
    // With an L2 that takes nothing, what is evicted is lost for that.
    let sent = target.growth("mp.l2.store_submitted_objects").map_or(0.0, |g| g.value);
    let kept = target.growth("mp.l2.store_completed_objects").map_or(0.0, |g| g.value);
    if sent >= cx.threshold(&CHUNKS) && kept < 0.5 * sent {
        return None;
    }
    let floor = written.value >= cx.threshold(&CHUNKS) && pressed.value >= cx.threshold(&ROUNDS);
    let share = evicted.value / written.value.max(1.0);
    let (hit, asked) =
        (target.growth("mp.lookup.hit_tokens"), target.growth("mp.lookup.requested_tokens"));
    let rate = match (&hit, &asked) {
        (Some(h), Some(a)) if a.value > 0.0 => h.value / a.value,
        (None, Some(_)) => 0.0,
        _ => return None,
    };
    (floor && share >= cx.threshold(&EVICTED) && rate < cx.threshold(&HITS)).then(|| {
        Sign::measured(
            0.7,
            format!(
                "{:.0} chunks written and {:.0} evicted {}, {:.0} % of the tokens looked up hit",
                written.value,
                evicted.value,
                if written.window { "between scrapes" } else { "since the start" },
                100.0 * rate
            ),
            vec![written.source, evicted.source, pressed.source],
        )
    })
}

/// Objects of L1 that nobody may evict: then its size is not what fails.
fn locked(view: &View<'_>) -> Option<String> {
    view.statuses().find_map(|(_, status)| {
        status.l1.values().find_map(|l1| {
            let objects = l1.objects.filter(|n| *n > 0)?;
            let held = l1.write_locked.unwrap_or(0) + l1.read_locked.unwrap_or(0);
            (held * 5 >= objects * 4)
                .then(|| format!("{held} of {objects} objects of L1 are locked"))
        })
    })
}

/// Chunks of an engine's CPU memory that are pinned: what cannot be evicted is not too little.
fn pinned(view: &View<'_>) -> Option<String> {
    let last = |signal: &str| view.last(signal).map(|r| r.value);
    let held = last("embedded.pinned_memory_objs_count")?;
    let all = last("embedded.active_memory_objs_count")
        .or_else(|| last("embedded.local_cpu_hot_cache_count"))
        .filter(|n| *n >= 16.0)?;
    (held >= 0.8 * all).then(|| format!("{held:.0} of {all:.0} objects are pinned"))
}

/// What hit in an earlier window misses after evictions.
fn forgot(cx: &Context<'_>, target: &Target<'_>) -> Option<Sign> {
    let windows = |signal: &str| target.windows(signal);
    let (looked, hit) =
        (windows("embedded.num_lookup_tokens"), windows("embedded.num_lookup_hits"));
    let evicted = windows("embedded.local_cpu_evict_count");
    let least = chunk_size(cx.view).0 * cx.threshold(&WINDOW);
    let rate = |i: usize| {
        let looked = looked.get(i).copied().filter(|n| *n >= least)?;
        Some(hit.get(i).copied().unwrap_or_default() / looked)
    };
    // What a tier below held and no longer gives is not lost for want of memory.
    if below(cx.view, target) {
        return None;
    }
    let warm = (0..looked.len()).find(|i| rate(*i).is_some_and(|r| r >= 0.5))?;
    let cold = (warm + 1..looked.len()).find(|i| {
        rate(*i).is_some_and(|r| r < 0.2)
            && evicted
                .get(warm..=*i)
                .is_some_and(|e| e.iter().sum::<f64>() >= cx.threshold(&WINDOW))
    })?;
    let gone: f64 = evicted.get(warm..=cold)?.iter().sum();
    let source = target.last("embedded.local_cpu_evict_count")?.source;
    Some(Sign::measured(
        0.65,
        format!(
            "{:.0} % of the tokens hit in one window, {:.0} % in a later one, {gone:.0} chunks were evicted between",
            100.0 * rate(warm)?,
            100.0 * rate(cold)?
        ),
        vec![source],
    ))
}

/// A disk or a remote store below the CPU cache is configured.
fn below_named(view: &View<'_>) -> bool {
    ["local_disk", "remote_url"].iter().any(|tier| view.text(tier).is_some())
}

/// The same, or the page shows that one works or fails.
fn below(view: &View<'_>, target: &Target<'_>) -> bool {
    let counted = [
        "embedded.remote_ping_errors",
        "embedded.num_remote_read_requests",
        "embedded.num_remote_write_requests",
    ];
    below_named(view) || counted.iter().any(|s| target.total(s).is_some_and(|n| n > 0.0))
}

/// The same of LMCache inside an engine.
fn embedded_churn(cx: &Context<'_>) -> Option<Sign> {
    let view = cx.view;
    let evicted = view
        .growth("embedded.local_cpu_evict_keys_count")
        .or_else(|| view.growth("embedded.local_cpu_evict_count"))?;
    let (hits, looked) =
        (view.growth("embedded.num_lookup_hits"), view.growth("embedded.num_lookup_tokens")?);
    let chunks = looked.value / chunk_size(view).0;
    let rate = hits.map_or(0.0, |h| h.value) / looked.value.max(1.0);
    let failed = view.last("embedded.local_cpu_evict_failed_count").map_or(0.0, |r| r.value);
    // What a disk or a remote store below it keeps is not lost with its place in memory.
    if view.targets.iter().any(|t| below(view, t)) || below_named(view) {
        return None;
    }
    // Evictions that fail speak of pinned chunks, not of size.
    if failed > 0.0 || evicted.value < cx.threshold(&CHUNKS) || rate >= cx.threshold(&HITS) {
        return None;
    }
    (evicted.value >= 0.1 * chunks).then(|| {
        Sign::measured(
            0.6,
            format!(
                "{:.0} chunks evicted from CPU memory by all workers, {:.0} % of the tokens looked up hit",
                evicted.value,
                100.0 * rate
            ),
            vec![evicted.source, looked.source],
        )
    })
}
