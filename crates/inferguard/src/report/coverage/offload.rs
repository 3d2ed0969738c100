//! KV-cache offload in numbers: GPU to CPU and back, from every source that counts it.
//!
//! An absent number is `null` and never zero.

use coverage_model::Status;
use lmcache_prom::Timeline;
use serde::Serialize;

/// Bytes, seconds and their quotient in one direction.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Direction {
    /// Bytes moved.
    pub bytes: Option<f64>,
    /// Seconds spent on them.
    pub seconds: Option<f64>,
    /// Gigabytes (1e9) a second.
    pub gbs: Option<f64>,
    /// Series that the numbers are of.
    pub source: Option<String>,
}

/// vLLM's own CPU offload, in every generation of its names.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct VllmNativeOffload {
    /// What is known of it.
    pub status: Status,
    /// Series that were read.
    pub metric_source: Vec<String>,
    /// What they mean.
    pub interpretation: String,
    /// Bytes from GPU to CPU.
    pub gpu_to_cpu_bytes: Option<f64>,
    /// Bytes from CPU to GPU.
    pub cpu_to_gpu_bytes: Option<f64>,
    /// Seconds of the one.
    pub gpu_to_cpu_seconds: Option<f64>,
    /// Seconds of the other.
    pub cpu_to_gpu_seconds: Option<f64>,
    /// GB/s of the one.
    pub gpu_to_cpu_gbs: Option<f64>,
    /// GB/s of the other.
    pub cpu_to_gpu_gbs: Option<f64>,
    /// Share of the CPU pool in use at the last scrape (`kv_offload_cpu_cache_usage_perc`).
    pub cpu_cache_usage: Option<f64>,
    /// Blocks of the simple CPU pool in use.
    pub simple_cpu_offload_used_blocks: Option<f64>,
    /// Share of the simple CPU pool in use (names before 0.32.0).
    pub simple_cpu_offload_usage_perc: Option<f64>,
    /// Loads that wait (names before 0.32.0).
    pub simple_cpu_offload_pending_loads: Option<f64>,
    /// Stores that wait: requests before 0.32.0, blocks since.
    pub simple_cpu_offload_pending_stores: Option<f64>,
    /// Blocks loaded from the simple CPU pool (since 0.32.0).
    pub simple_cpu_offload_loaded_blocks: Option<f64>,
}

/// LMCache between the device (L0) and L1.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MpTransfer {
    /// What is known of it.
    pub status: Status,
    /// Series that were read.
    pub metric_source: Vec<String>,
    /// What they mean.
    pub interpretation: String,
    /// Mean GB/s of stores.
    pub gpu_to_cpu_store_throughput_gbs: Option<f64>,
    /// Mean GB/s of loads.
    pub cpu_to_gpu_load_throughput_gbs: Option<f64>,
    /// Transfers behind the mean of stores.
    pub stores: Option<f64>,
    /// Transfers behind the mean of loads.
    pub loads: Option<f64>,
}

/// LMCache inside the engine.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EmbeddedTransfer {
    /// What is known of it.
    pub status: Status,
    /// Series that were read.
    pub metric_source: Vec<String>,
    /// What they mean.
    pub interpretation: String,
    /// Seconds of stores.
    pub gpu_to_cpu_seconds: Option<f64>,
    /// Seconds of retrieves.
    pub cpu_to_gpu_seconds: Option<f64>,
    /// Mean tokens a second of stores.
    pub store_tokens_per_second: Option<f64>,
    /// Mean tokens a second of retrieves.
    pub retrieve_tokens_per_second: Option<f64>,
    /// Bytes held by the local cache at the last scrape.
    pub local_cache_bytes: Option<f64>,
}

/// The summary.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct KvCacheOffload {
    /// `inferguard-kv-cache-offload/v1`.
    pub schema_version: String,
    /// What it is for.
    pub purpose: String,
    /// vLLM's own.
    pub vllm_native_cpu_offload: VllmNativeOffload,
    /// LMCache's server.
    pub lmcache_mp_l0_l1_kv_transfer: MpTransfer,
    /// LMCache inside the engine.
    pub lmcache_embedded_kv_transfer: EmbeddedTransfer,
}

/// A series of bytes or seconds in one direction, the newest generation first: of two
/// generations on one page both count the same transfers.
struct Generation {
    bytes: (&'static str, &'static [(&'static str, &'static str)]),
    seconds: (&'static str, &'static [(&'static str, &'static str)]),
}

const TO_CPU: &[Generation] = &[
    Generation {
        bytes: ("vllm:kv_offload_store_bytes_total", &[]),
        seconds: ("vllm:kv_offload_store_time_total", &[]),
    },
    Generation {
        bytes: ("vllm:kv_offload_total_bytes_total", &[("transfer_type", "GPU_to_CPU")]),
        seconds: ("vllm:kv_offload_total_time_total", &[("transfer_type", "GPU_to_CPU")]),
    },
];

const TO_GPU: &[Generation] = &[
    Generation {
        bytes: ("vllm:kv_offload_load_bytes_total", &[]),
        seconds: ("vllm:kv_offload_load_time_total", &[]),
    },
    Generation {
        bytes: ("vllm:kv_offload_total_bytes_total", &[("transfer_type", "CPU_to_GPU")]),
        seconds: ("vllm:kv_offload_total_time_total", &[("transfer_type", "CPU_to_GPU")]),
    },
];

struct Pages<'a>(&'a [Timeline]);

impl Pages<'_> {
    /// Sum over processes of what a counter counted, restarts included.
    fn counted(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.0.iter().filter_map(|t| t.lifetime(name, labels)).reduce(|a, b| a + b)
    }

    /// Sum over processes of a gauge on its last page.
    fn gauge(&self, name: &str) -> Option<f64> {
        self.0
            .iter()
            .filter_map(|t| t.track(name, &[]).last_seen())
            .map(|spread| spread.sum)
            .reduce(|a, b| a + b)
    }

    /// Sum and count of a histogram.
    fn histogram(&self, names: &[&'static str]) -> Option<(f64, f64, &'static str)> {
        names.iter().find_map(|name| {
            let sum = self.counted(&format!("{name}_sum"), &[])?;
            let count = self.counted(&format!("{name}_count"), &[])?;
            Some((sum, count, *name))
        })
    }

    fn direction(&self, generations: &[Generation]) -> Direction {
        for generation in generations {
            let bytes = self.counted(generation.bytes.0, generation.bytes.1);
            let seconds = self.counted(generation.seconds.0, generation.seconds.1);
            if bytes.is_some() || seconds.is_some() {
                let label: Vec<String> = generation
                    .bytes
                    .1
                    .iter()
                    .map(|(name, value)| format!("{{{name}=\"{value}\"}}"))
                    .collect();
                return Direction {
                    bytes,
                    seconds,
                    gbs: bytes.zip(seconds).filter(|(_, s)| *s > 0.0).map(|(b, s)| b / s / 1e9),
                    source: Some(format!("{}{}", generation.bytes.0, label.concat())),
                };
            }
        }
        Direction::default()
    }
}

/// Populated, zero, or what a family says of series that are not there.
fn status(numbers: &[Option<f64>], absent: Status) -> Status {
    if numbers.iter().flatten().any(|n| *n > 0.0) {
        Status::Populated
    } else if numbers.iter().any(Option::is_some) {
        Status::Zero
    } else {
        absent
    }
}

/// Takes the numbers. `absent` gives the status of a family whose series are not there.
pub(super) fn take(
    timelines: &[Timeline],
    absent: &dyn Fn(&str, &str) -> Status,
) -> KvCacheOffload {
    let pages = Pages(timelines);
    KvCacheOffload {
        schema_version: "inferguard-kv-cache-offload/v1".into(),
        purpose: "KV cache moved between GPU and CPU, by who moves it; null is not measured".into(),
        vllm_native_cpu_offload: native(&pages, absent("vllm", "cpu_offload")),
        lmcache_mp_l0_l1_kv_transfer: mp(&pages, absent("lmcache_mp", "l0_l1_throughput")),
        lmcache_embedded_kv_transfer: embedded(
            &pages,
            absent("lmcache_embedded", "production_latency_performance"),
        ),
    }
}

fn native(pages: &Pages<'_>, absent: Status) -> VllmNativeOffload {
    let (stores, loads) = (pages.direction(TO_CPU), pages.direction(TO_GPU));
    let simple = |names: &[&str]| names.iter().find_map(|name| pages.gauge(name));
    let used =
        simple(&["vllm:simple_kv_offload_used_blocks", "vllm:simple_cpu_offload_used_blocks"]);
    let usage = simple(&["vllm:simple_cpu_offload_usage_perc"]);
    let pending_loads = simple(&["vllm:simple_cpu_offload_pending_loads"]);
    let pending_stores = simple(&[
        "vllm:simple_kv_offload_pending_store_blocks",
        "vllm:simple_cpu_offload_pending_stores",
    ]);
    let loaded = pages.counted("vllm:simple_kv_offload_load_blocks_total", &[]);
    let pool = pages.gauge("vllm:kv_offload_cpu_cache_usage_perc");
    let numbers = [
        stores.bytes,
        loads.bytes,
        stores.seconds,
        loads.seconds,
        used,
        usage,
        pending_loads,
        pending_stores,
        loaded,
        pool,
    ];
    let mut sources: Vec<String> = [stores.source, loads.source].into_iter().flatten().collect();
    for (number, name) in [
        (used, "vllm:simple_*_offload_used_blocks"),
        (pool, "vllm:kv_offload_cpu_cache_usage_perc"),
    ] {
        if number.is_some() {
            sources.push(name.to_owned());
        }
    }
    sources.dedup();
    VllmNativeOffload {
        status: status(&numbers, absent),
        metric_source: sources,
        interpretation: "vLLM's own offload (OffloadingConnector, SimpleCPUOffloadConnector); nothing of it is LMCache's".into(),
        gpu_to_cpu_bytes: stores.bytes,
        cpu_to_gpu_bytes: loads.bytes,
        gpu_to_cpu_seconds: stores.seconds,
        cpu_to_gpu_seconds: loads.seconds,
        gpu_to_cpu_gbs: stores.gbs,
        cpu_to_gpu_gbs: loads.gbs,
        cpu_cache_usage: pool,
        simple_cpu_offload_used_blocks: used,
        simple_cpu_offload_usage_perc: usage,
        simple_cpu_offload_pending_loads: pending_loads,
        simple_cpu_offload_pending_stores: pending_stores,
        simple_cpu_offload_loaded_blocks: loaded,
    }
}

fn mp(pages: &Pages<'_>, absent: Status) -> MpTransfer {
    let store = pages.histogram(&[
        "lmcache_mp_l0_l1_store_throughput_GB_per_second",
        "lmcache_mp_l0_l1_store_throughput_gbs_GB_per_second",
    ]);
    let load = pages.histogram(&[
        "lmcache_mp_l0_l1_load_throughput_GB_per_second",
        "lmcache_mp_l0_l1_load_throughput_gbs_GB_per_second",
    ]);
    let mean = |h: Option<(f64, f64, &str)>| h.filter(|h| h.1 > 0.0).map(|h| h.0 / h.1);
    let count = |h: Option<(f64, f64, &str)>| h.map(|h| h.1);
    MpTransfer {
        status: status(&[count(store), count(load)], absent),
        metric_source: [store, load].into_iter().flatten().map(|h| h.2.to_owned()).collect(),
        interpretation: "transfers that the LMCache server drives itself; where the engine drives them nothing counts them".into(),
        gpu_to_cpu_store_throughput_gbs: mean(store),
        cpu_to_gpu_load_throughput_gbs: mean(load),
        stores: count(store),
        loads: count(load),
    }
}

fn embedded(pages: &Pages<'_>, absent: Status) -> EmbeddedTransfer {
    let of = |name: &'static str| pages.histogram(&[name]);
    let (store, retrieve) = (of("lmcache:time_to_store"), of("lmcache:time_to_retrieve"));
    let (store_speed, retrieve_speed) = (of("lmcache:store_speed"), of("lmcache:retrieve_speed"));
    let held = pages.gauge("lmcache:local_cache_usage");
    let sum = |h: Option<(f64, f64, &str)>| h.map(|h| h.0);
    let mean = |h: Option<(f64, f64, &str)>| h.filter(|h| h.1 > 0.0).map(|h| h.0 / h.1);
    EmbeddedTransfer {
        status: status(&[sum(store), sum(retrieve)], absent),
        metric_source: [store, retrieve, store_speed, retrieve_speed]
            .into_iter()
            .flatten()
            .map(|h| h.2.to_owned())
            .collect(),
        interpretation: "LMCache inside the engine; it counts tokens and seconds, and no bytes between GPU and CPU".into(),
        gpu_to_cpu_seconds: sum(store),
        cpu_to_gpu_seconds: sum(retrieve),
        store_tokens_per_second: mean(store_speed),
        retrieve_tokens_per_second: mean(retrieve_speed),
        local_cache_bytes: held,
    }
}
