//! The rules of the bottleneck, in their order.
//!
//! Pure: numbers and facts in, a decision out. Every rule answers for itself (fires, clear, not
//! evaluable and what is missing); the first that fires in the order of [`RULES`] is the verdict.

use super::launch::LaunchFailure;
use super::measures::Numbers;
use super::thresholds::Thresholds;
use super::verdict::{Fired, Outcome, Verdict};

/// Everything that the rules read.
pub(crate) struct Inputs<'a> {
    pub(crate) numbers: &'a Numbers,
    pub(crate) thresholds: &'a Thresholds,
    pub(crate) launch: Result<Option<&'a LaunchFailure>, ()>,
    pub(crate) is_job: bool,
    pub(crate) missing: &'a [String],
}

impl Inputs<'_> {
    fn t(&self, name: &str) -> f64 {
        self.thresholds.get(name)
    }

    /// The numbers of these ids, or which of them are not there.
    fn need<const N: usize>(&self, ids: [&'static str; N]) -> Result<[f64; N], Vec<&'static str>> {
        let missing: Vec<&'static str> =
            ids.into_iter().filter(|id| self.numbers.value(id).is_none()).collect();
        if missing.is_empty() {
            Ok(ids.map(|id| self.numbers.value(id).unwrap_or_default()))
        } else {
            Err(missing)
        }
    }

    fn says(&self, word: &str) -> bool {
        self.numbers.words.contains(word)
    }

    fn sglang(&self) -> bool {
        self.numbers.engine.as_deref().is_some_and(|e| e.contains("sglang"))
    }
}

/// A rule: its name, what it answers.
type Rule = (&'static str, fn(&Inputs<'_>) -> Outcome);

/// Every rule, in the order in which the first that fires is the verdict.
pub(crate) const RULES: &[Rule] = &[
    ("model_launch_bound", launch),
    ("required_input_artifacts_missing", required),
    ("metrics_groups_not_proven", not_proven),
    ("sglang_chunked_prefill_bug_downgrade", sglang_chunked_prefill),
    ("sglang_speculative_cache_hit_bug_downgrade", sglang_speculative),
    ("network_bound", network),
    ("kv_bound", kv_usage),
    ("kv_bound_prefix_cache_pressure", kv_prefix_pressure),
    ("kv_transfer_errors_present", kv_transfer_errors),
    ("kv_transfer_stall", kv_transfer_stall),
    ("queue_bound", queue),
    ("prefill_bound", prefill),
    ("decode_bound", decode),
    ("host_bound", host),
];

fn fires(
    rule: &'static str,
    verdict: Verdict,
    confidence: f64,
    because: String,
    primary: &'static [&'static str],
    secondary: &'static [&'static str],
) -> Outcome {
    Outcome::Fires(Fired {
        rule,
        verdict,
        confidence,
        because,
        primary,
        secondary,
        downgrade: None,
    })
}

/// No verdict, for a reason that takes a claim back.
fn takes_back(
    rule: &'static str,
    because: String,
    primary: &'static [&'static str],
    downgrade: (&'static str, &'static str),
) -> Outcome {
    Outcome::Fires(Fired {
        rule,
        verdict: Verdict::NotEnoughEvidence,
        confidence: 0.0,
        because,
        primary,
        secondary: &[],
        downgrade: Some(downgrade),
    })
}

fn percent(fraction: f64) -> String {
    format!("{:.0} %", fraction * 100.0)
}

/// Confidence in a failed start that only a log tells.
const LOGGED: f64 = 0.8;

fn launch(i: &Inputs<'_>) -> Outcome {
    match i.launch {
        Err(()) => Outcome::NotEvaluable(vec!["launch/healthcheck.json"]),
        Ok(None) => Outcome::Clear("the launch was healthy".into()),
        Ok(Some(failure)) => fires(
            "model_launch_bound",
            Verdict::ModelLaunchBound,
            if failure.logged { LOGGED } else { 1.0 },
            format!("the engine did not start: {}", failure.because),
            &[],
            &[],
        ),
    }
}

fn required(i: &Inputs<'_>) -> Outcome {
    if !i.is_job || i.missing.is_empty() {
        return Outcome::Clear("the files of a job are there, or it is a packet".into());
    }
    takes_back(
        "required_input_artifacts_missing",
        format!("missing, empty or unreadable: {}", i.missing.join(", ")),
        &[],
        ("bottleneck_verdict", "a required file of the job is missing or unreadable"),
    )
}

fn not_proven(i: &Inputs<'_>) -> Outcome {
    let claims = &i.numbers.group_claims;
    if claims.is_empty() {
        return Outcome::NotEvaluable(vec!["metrics_summary.json: claim_status of its groups"]);
    }
    if claims.values().any(|c| c != "not_proven") {
        return Outcome::Clear("at least one group of metrics was measured".into());
    }
    takes_back(
        "metrics_groups_not_proven",
        format!("none of the {} groups of metrics is proven", claims.len()),
        &[],
        ("metrics_groups", "no group of the summary was measured"),
    )
}

fn sglang_chunked_prefill(i: &Inputs<'_>) -> Outcome {
    if !(i.sglang() && i.says("b200") && i.says("fp8")) {
        return Outcome::Clear("not SGLang with FP8 on B200".into());
    }
    match i.need(["requests.ttft_e2e_ratio"]) {
        Err(missing) => Outcome::NotEvaluable(missing),
        Ok([ratio]) if ratio > i.t("prefill_ttft_e2e_ratio") => takes_back(
            "sglang_chunked_prefill_bug_downgrade",
            format!(
                "TTFT is {} of E2E, but SGLang with FP8 on B200 has a known fault in chunked prefill that looks the same",
                percent(ratio)
            ),
            &["requests.ttft_e2e_ratio"],
            (
                "prefill_bound",
                "a known fault of chunked prefill on this hardware explains the ratio",
            ),
        ),
        Ok(_) => Outcome::Clear("TTFT is not most of E2E".into()),
    }
}

fn sglang_speculative(i: &Inputs<'_>) -> Outcome {
    if !(i.sglang() && i.says("speculative")) {
        return Outcome::Clear("not SGLang with speculative decoding".into());
    }
    match i.need(["prefix_cache.hit_rate"]) {
        Err(missing) => Outcome::NotEvaluable(missing),
        Ok([0.0]) => takes_back(
            "sglang_speculative_cache_hit_bug_downgrade",
            "SGLang reports a prefix hit rate of 0 with speculative decoding, which a known fault does whatever hits"
                .into(),
            &["prefix_cache.hit_rate"],
            ("prefix_cache.hit_rate", "the gauge stays at 0 with speculative decoding"),
        ),
        Ok(_) => Outcome::Clear("the prefix hit rate is not 0".into()),
    }
}

fn network(i: &Inputs<'_>) -> Outcome {
    let Ok([nodes]) = i.need(["deployment.nodes"]) else {
        return Outcome::NotEvaluable(vec!["deployment.nodes"]);
    };
    if nodes <= 1.0 {
        return Outcome::Clear("one node".into());
    }
    let full = i
        .numbers
        .value("gpu.nvlink_saturation")
        .map(|s| s >= i.t("network_nvlink_saturation_fraction"));
    let bytes = i.need(["gpu.nvlink_tx_bytes", "gpu.nvlink_rx_bytes"]).map(|[tx, rx]| {
        let least = i.t("network_nvlink_bytes_p95");
        tx >= least && rx >= least
    });
    let full = match (full, bytes) {
        (Some(a), Ok(b)) => a || b,
        (Some(a), Err(_)) => a,
        (None, Ok(b)) => b,
        (None, Err(missing)) => return Outcome::NotEvaluable(missing),
    };
    if !full {
        return Outcome::Clear("the links are not full".into());
    }
    let decided: &[&str] = &["deployment.nodes", "gpu.nvlink_tx_bytes", "gpu.nvlink_rx_bytes"];
    let Some(busbw) = i.numbers.value("nccl.busbw") else {
        return takes_back(
            "network_bound_missing_nccl",
            "links between the nodes are full, but no NCCL test says what they can do".into(),
            decided,
            ("network_bound", "no NCCL bus bandwidth was measured"),
        );
    };
    let Some(expected) = i.numbers.value("nccl.expected_busbw").filter(|e| *e > 0.0) else {
        return takes_back(
            "network_bound_nccl_baseline_missing",
            "links between the nodes are full, but nothing says which NCCL bandwidth is normal"
                .into(),
            decided,
            ("network_bound", "no expected NCCL bus bandwidth was given"),
        );
    };
    if busbw / expected >= i.t("network_nccl_busbw_fraction") {
        return Outcome::Clear(format!(
            "NCCL reaches {} of what is expected",
            percent(busbw / expected)
        ));
    }
    fires(
        "network_bound",
        Verdict::NetworkBound,
        0.86,
        format!(
            "{nodes:.0} nodes, their links full, and NCCL reaches only {} of the expected bandwidth",
            percent(busbw / expected)
        ),
        &["nccl.busbw", "nccl.expected_busbw"],
        &["deployment.nodes", "gpu.nvlink_tx_bytes", "gpu.nvlink_rx_bytes"],
    )
}

fn kv_usage(i: &Inputs<'_>) -> Outcome {
    let usage = match i.need(["kv_cache.usage_fraction"]) {
        Ok([usage]) => usage,
        Err(missing) => return Outcome::NotEvaluable(missing),
    };
    if usage <= i.t("kv_usage_fraction_p95") {
        return Outcome::Clear(format!("KV cache usage reaches {}", percent(usage)));
    }
    if i.numbers.kv_usage_source.is_none() {
        return takes_back(
            "kv_usage_source_missing",
            format!(
                "a KV cache usage of {} is given without the series that it was read from",
                percent(usage)
            ),
            &["kv_cache.usage_fraction"],
            ("kv_cache.usage_fraction", "its source is not named"),
        );
    }
    fires(
        "kv_bound",
        Verdict::KvBound,
        0.90,
        format!("KV cache usage reaches {}", percent(usage)),
        &["kv_cache.usage_fraction"],
        &["queue.requests_waiting", "prefix_cache.hit_rate"],
    )
}

fn kv_prefix_pressure(i: &Inputs<'_>) -> Outcome {
    let rate = match i.need(["prefix_cache.hit_rate"]) {
        Ok([rate]) => rate,
        Err(missing) => return Outcome::NotEvaluable(missing),
    };
    if rate >= i.t("prefix_cache_expected_floor") {
        return Outcome::Clear(format!("the prefix hit rate is {}", percent(rate)));
    }
    let signs = [
        "kv_cache.idle_before_evict_seconds",
        "kv_cache.idle_before_evict_rise",
        "lmcache.local_cpu_evict_count",
    ];
    if signs.iter().all(|id| i.numbers.value(id).is_none()) {
        return Outcome::NotEvaluable(vec![
            "kv_cache.idle_before_evict_seconds",
            "lmcache.local_cpu_evict_count",
        ]);
    }
    if !signs.iter().any(|id| i.numbers.value(id).is_some_and(|v| v > 0.0)) {
        return Outcome::Clear("nothing was evicted".into());
    }
    fires(
        "kv_bound_prefix_cache_pressure",
        Verdict::KvBound,
        0.84,
        format!("the prefix hit rate is {} while blocks or chunks are evicted", percent(rate)),
        &["prefix_cache.hit_rate"],
        &["kv_cache.idle_before_evict_seconds", "lmcache.local_cpu_evict_count"],
    )
}

fn kv_transfer_errors(i: &Inputs<'_>) -> Outcome {
    match i.need(["kv_cache.transfer_errors"]) {
        Err(missing) => Outcome::NotEvaluable(missing),
        Ok([errors]) if errors > 0.0 => fires(
            "kv_transfer_errors_present",
            Verdict::KvBound,
            0.78,
            format!("{errors:.0} transfers of KV blocks between engines failed"),
            &["kv_cache.transfer_errors"],
            &["kv_cache.transfer_sent_bytes", "kv_cache.transfer_recv_bytes"],
        ),
        Ok(_) => Outcome::Clear("no transfer failed".into()),
    }
}

fn kv_transfer_stall(i: &Inputs<'_>) -> Outcome {
    match i.need(["kv_cache.transfer_sent_bytes", "kv_cache.transfer_recv_bytes"]) {
        Err(missing) => Outcome::NotEvaluable(missing),
        Ok([sent, received]) if sent >= i.t("kv_transfer_stall_min_bytes") && received == 0.0 => {
            fires(
                "kv_transfer_stall",
                Verdict::KvBound,
                0.78,
                format!("{sent:.0} bytes of KV blocks were sent and none received"),
                &["kv_cache.transfer_sent_bytes", "kv_cache.transfer_recv_bytes"],
                &[],
            )
        }
        Ok(_) => Outcome::Clear("what is sent is received".into()),
    }
}

fn queue(i: &Inputs<'_>) -> Outcome {
    let (ratio, waiting) = match i.need(["queue.waiting_running_ratio", "queue.requests_waiting"]) {
        Ok([ratio, waiting]) => (ratio, waiting),
        Err(missing) => return Outcome::NotEvaluable(missing),
    };
    if ratio <= i.t("queue_waiting_running_ratio") || waiting < i.t("queue_waiting_min") {
        return Outcome::Clear(format!("{waiting:.0} requests wait, {ratio:.2} a running one"));
    }
    let spread = i.numbers.value("requests.e2e_p99_p50_ratio");
    let rise = i.numbers.value("requests.e2e_p99_rise");
    if spread.is_none() && rise.is_none() {
        return Outcome::NotEvaluable(vec!["requests.e2e_p99_s", "requests.e2e_p50_s"]);
    }
    let most = i.t("queue_e2e_p99_rise_ratio");
    if ![spread, rise].into_iter().flatten().any(|v| v > most) {
        return Outcome::Clear("requests wait, and E2E neither rises nor spreads".into());
    }
    fires(
        "queue_bound",
        Verdict::QueueBound,
        0.87,
        format!(
            "{waiting:.0} requests wait ({ratio:.1} a running one) and the slowest requests get slower"
        ),
        &["queue.waiting_running_ratio", "queue.requests_waiting"],
        &["requests.e2e_p99_p50_ratio", "requests.e2e_p99_rise", "queue.requests_running"],
    )
}

fn prefill(i: &Inputs<'_>) -> Outcome {
    let [ratio, engine, running] = match i.need([
        "requests.ttft_e2e_ratio",
        "engine.prefill_e2e_ratio",
        "queue.requests_running",
    ]) {
        Ok(numbers) => numbers,
        Err(missing) => return Outcome::NotEvaluable(missing),
    };
    if ratio <= i.t("prefill_ttft_e2e_ratio") || engine <= i.t("prefill_engine_e2e_ratio") {
        return Outcome::Clear(format!("TTFT is {} of E2E", percent(ratio)));
    }
    if running > i.t("prefill_running_low_max") {
        return Outcome::Clear(format!(
            "{running:.0} requests run at once: a long TTFT may be contention"
        ));
    }
    fires(
        "prefill_bound",
        Verdict::PrefillBound,
        0.90,
        format!(
            "TTFT is {} of E2E, the engine spends {} of a request on prefill, and few requests run at once",
            percent(ratio),
            percent(engine)
        ),
        &["requests.ttft_e2e_ratio", "engine.prefill_e2e_ratio"],
        &["queue.requests_running"],
    )
}

fn decode(i: &Inputs<'_>) -> Outcome {
    let [skew, tpot, tensor] = match i.need([
        "requests.tpot_p95_p50_ratio",
        "decode.time_per_output_token_seconds",
        "gpu.tensor_active",
    ]) {
        Ok(numbers) => numbers,
        Err(missing) => return Outcome::NotEvaluable(missing),
    };
    let slow = tpot * 1000.0 > i.t("decode_tpot_slo_floor_ms");
    if skew <= i.t("decode_tpot_skew_ratio") || !slow || tensor <= i.t("decode_tensor_active_p95") {
        return Outcome::Clear(format!(
            "{:.0} ms a token, TPOT p95 {skew:.1} times its p50, tensor pipes busy {}",
            tpot * 1000.0,
            percent(tensor)
        ));
    }
    fires(
        "decode_bound",
        Verdict::DecodeBound,
        0.88,
        format!(
            "{:.0} ms a token, TPOT p95 {skew:.1} times its p50, and tensor pipes busy {}",
            tpot * 1000.0,
            percent(tensor)
        ),
        &["requests.tpot_p95_p50_ratio", "decode.time_per_output_token_seconds"],
        &["gpu.tensor_active"],
    )
}

fn host(i: &Inputs<'_>) -> Outcome {
    let [util, e2e, core] =
        match i.need(["gpu.util_percent", "requests.e2e_p99_s", "cpu.busiest_core"]) {
            Ok(numbers) => numbers,
            Err(missing) => return Outcome::NotEvaluable(missing),
        };
    let util = util / 100.0;
    let waits = util < i.t("host_gpu_util_fraction");
    let slow = e2e * 1000.0 > i.t("host_e2e_slo_p99_ms");
    if !(waits && slow && core >= i.t("host_core_busy_fraction")) {
        return Outcome::Clear(format!(
            "the GPU is busy {}, the busiest core {}",
            percent(util),
            percent(core)
        ));
    }
    fires(
        "host_bound",
        Verdict::HostBound,
        0.82,
        format!("the GPU is busy only {} while a core is busy {}", percent(util), percent(core)),
        &["gpu.util_percent", "cpu.busiest_core"],
        &["requests.e2e_p99_s"],
    )
}
