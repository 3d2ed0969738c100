//! `cargo xtask calibrate DIR`: the numbers that thresholds are held against, packet by packet,
//! with what the rule says. `docs/calibration.md` is written from its output.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::Result;
use inferguard::packet::{Input, Limits, open};
use inferguard::report::{CheckReport, Options, TargetRow, check};
use lmcache_prom::contract::Catalog;

use crate::pages::PACKET;
use crate::tree;

/// A number that a threshold is compared with: its name, the rule, how it is taken of a process.
type Number = (&'static str, &'static str, fn(&TargetRow) -> Option<f64>);

/// How much counters whose names begin so grew over windows without a restart, or their totals
/// where there is one scrape only.
fn grown(target: &TargetRow, name: &str) -> Option<f64> {
    let is = |n: &str| n == name;
    let total = target.measures.totals.iter().find(|(n, _)| is(n)).map(|(_, v)| *v)?;
    if target.measures.windows.iter().all(|w| w.restart.is_some()) {
        return Some(total);
    }
    let windows = target.measures.windows.iter().filter(|w| w.restart.is_none());
    Some(windows.filter_map(|w| w.increases.get(name)).sum())
}

fn share(above: Option<f64>, below: Option<f64>) -> Option<f64> {
    below.filter(|b| *b > 0.0).map(|b| above.unwrap_or(0.0) / b)
}

fn largest(target: &TargetRow, gauge: &str) -> Option<f64> {
    let rows = target.measures.processes.iter().filter_map(|p| p.gauges.get(gauge));
    rows.map(|g| g.max).reduce(f64::max)
}

fn mean(target: &TargetRow, histogram: &str) -> Option<f64> {
    let rows = target.measures.processes.iter().filter_map(|p| p.histograms.get(histogram));
    let (sum, count) = rows.fold((0.0, 0.0), |(s, c), h| (s + h.sum, c + h.count));
    (count > 0.0).then_some(sum / count)
}

/// Every number, in the order of the page.
const NUMBERS: &[Number] = &[
    ("looked-up tokens that hit, share", "lmcache_mp_low_hit_rate_after_warmup", |t| {
        share(
            grown(t, "lmcache_mp_lookup_hit_tokens_total"),
            grown(t, "lmcache_mp_lookup_requested_tokens_total"),
        )
    }),
    ("looked-up tokens", "lmcache_mp_low_hit_rate_after_warmup", |t| {
        grown(t, "lmcache_mp_lookup_requested_tokens_total")
    }),
    ("L1 usage, largest", "lmcache_mp_l1_saturation", |t| largest(t, "lmcache_mp_l1_usage_ratio")),
    ("evicted to written chunks", "lmcache_mp_l1_eviction_pressure", |t| {
        share(
            grown(t, "lmcache_mp_l1_evicted_chunks_total"),
            grown(t, "lmcache_mp_l1_write_chunks_total"),
        )
    }),
    ("runs of eviction", "lmcache_mp_l1_eviction_pressure", |t| {
        grown(t, "lmcache_mp_l1_eviction_loop_triggered_total")
    }),
    ("L2 chunks completed to submitted", "lmcache_mp_l2_store_failures", |t| {
        share(
            grown(t, "lmcache_mp_l2_store_completed_objects_chunks_total"),
            grown(t, "lmcache_mp_l2_store_submitted_objects_chunks_total"),
        )
    }),
    ("L2 store requests not completed", "lmcache_mp_l2_store_backlog", |t| {
        let submitted = grown(t, "lmcache_mp_l2_store_submitted_requests_total")?;
        Some(submitted - grown(t, "lmcache_mp_l2_store_completed_requests_total").unwrap_or(0.0))
    }),
    ("L2 load requests not completed", "lmcache_mp_l2_load_backlog", |t| {
        let submitted = grown(t, "lmcache_mp_l2_prefetch_load_submitted_requests_total")?;
        Some(submitted - grown(t, "lmcache_mp_l2_load_completed_requests_total").unwrap_or(0.0))
    }),
    (
        "active prefetch jobs less loads in flight, largest of each",
        "lmcache_mp_l2_load_backlog",
        |t| {
            let active = largest(t, "lmcache_mp_active_prefetch_jobs")?;
            Some(active - largest(t, "lmcache_mp_num_inflight_l2_loads").unwrap_or(0.0))
        },
    ),
    ("L2 hits to loaded chunks", "lmcache_mp_l2_loads_wasted", |t| {
        let loaded = grown(t, "lmcache_mp_l2_prefetch_load_completed_chunks_total");
        share(Some(grown(t, "lmcache_mp_lookup_hit_l2_keys_total")?), loaded)
    }),
    ("L2 store, GB/s", "lmcache_mp_l2_throughput_low", |t| {
        mean(t, "lmcache_mp_l2_store_throughput_GB_per_second")
    }),
    ("L2 load, GB/s", "lmcache_mp_l2_throughput_low", |t| {
        mean(t, "lmcache_mp_l2_load_throughput_GB_per_second")
    }),
    ("GPU to L1, GB/s", "lmcache_mp_l0_l1_throughput_low", |t| {
        mean(t, "lmcache_mp_l0_l1_store_throughput_GB_per_second")
    }),
    ("L1 to GPU, GB/s", "lmcache_mp_l0_l1_throughput_low", |t| {
        mean(t, "lmcache_mp_l0_l1_load_throughput_GB_per_second")
    }),
    ("active prefetch jobs, last", "lmcache_mp_prefetch_job_stuck", |t| {
        let process = t.measures.processes.last()?;
        process.gauges.get("lmcache_mp_active_prefetch_jobs").map(|g| g.last)
    }),
    (
        "embedded lookup tokens that hit, share",
        "lmcache_embedded_zero_hit_rate_after_replay",
        |t| {
            share(
                grown(t, "lmcache:num_lookup_hits_total")
                    .or_else(|| grown(t, "lmcache:num_lookup_hits")),
                grown(t, "lmcache:num_lookup_tokens_total")
                    .or_else(|| grown(t, "lmcache:num_lookup_tokens")),
            )
        },
    ),
    ("external hits to queries", "vllm_external_prefix_no_hits", |t| {
        share(
            grown(t, "vllm:external_prefix_cache_hits_total"),
            grown(t, "vllm:external_prefix_cache_queries_total"),
        )
    }),
    ("requests waiting in SGLang, largest", "sglang_queue_backlog", |t| {
        largest(t, "sglang:num_queue_reqs")
    }),
];

/// Prints one line a number and process, with whether the rule says something of the packet.
pub(crate) fn run(root: &Path) -> Result<()> {
    let packets = tree::holding(root, PACKET)?;
    let catalog = Catalog::new();
    let reports: Vec<(String, CheckReport)> = packets
        .iter()
        .map(|dir| {
            let packet = open(&[Input::Path(dir.clone())], &Limits::default());
            let name = dir.strip_prefix(root).unwrap_or(dir).display().to_string();
            (name, check(&catalog, packet, &Options::default()))
        })
        .collect();
    match print(&reports) {
        // `calibrate DIR | head` has read what it wanted.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => Ok(printed?),
    }
}

fn print(reports: &[(String, CheckReport)]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for (what, code, take) in NUMBERS {
        writeln!(out, "{what} ({code})")?;
        for (name, report) in reports {
            let said = report.findings.iter().find(|f| f.code == *code);
            let said = said.map_or("-", |f| f.severity.as_str());
            for target in &report.targets {
                if let Some(value) = take(target) {
                    let value = value + 0.0;
                    writeln!(out, "  {value:>14.4}  {said:<8}  {name} ({})", target.role)?;
                }
            }
        }
    }
    Ok(())
}
