//! What to measure next, by the rule that fired.

/// Names of rules and of their variants, each with the measurement that would say more.
const PROBES: &[(&str, &str)] = &[
    (
        "model_launch_bound",
        "Read the engine's log from its start (launch/stderr.log), and start it again by hand with the command of launch/command.json.",
    ),
    (
        "required_input_artifacts_missing",
        "inferguard collect-metrics --engine ENGINE --endpoint URL --samples 60 --interval-seconds 1 --output-dir JOB/metrics while the load runs, and keep the client's requests in JOB/request_profile/.",
    ),
    (
        "metrics_groups_not_proven",
        "Check the endpoint that was scraped: curl URL/metrics while the load runs, then collect again.",
    ),
    (
        "sglang_chunked_prefill_bug_downgrade",
        "Repeat the run with chunked prefill switched off (--chunked-prefill-size -1), then diagnose again.",
    ),
    (
        "sglang_speculative_cache_hit_bug_downgrade",
        "Repeat the run without speculative decoding, or read hits from sglang:cached_tokens_total instead of the gauge.",
    ),
    (
        "network_bound_missing_nccl",
        "Run all_reduce_perf between the nodes and save its output as preflight/nccl_all_reduce.txt.",
    ),
    (
        "network_bound_nccl_baseline_missing",
        "Put the expected bus bandwidth of this fabric into operator_profile.json as expected_nccl_busbw_gbps.",
    ),
    (
        "network_bound",
        "Check the links between the nodes (ibstat, nvidia-smi nvlink -s, NCCL_DEBUG=INFO) before anything of the engine.",
    ),
    (
        "kv_bound",
        "Scrape vllm:num_preemptions_total or sglang:num_retracted_reqs over the load; then try more KV memory, a shorter context, or an external cache.",
    ),
    (
        "kv_usage_source_missing",
        "Collect again with inferguard collect-metrics, which names the series of each field.",
    ),
    (
        "kv_bound_prefix_cache_pressure",
        "Compare the prefix hit rate over windows with evictions, with a larger cache (LMCache L1, --kv-cache-memory).",
    ),
    (
        "kv_transfer_errors_present",
        "Read both engines' logs for the transfer that failed, and check that each can reach the other's transfer port.",
    ),
    (
        "kv_transfer_stall",
        "Read both engines' logs for the transfer that failed, and check that each can reach the other's transfer port.",
    ),
    (
        "queue_bound",
        "Repeat with half the concurrency: if E2E p99 falls to p50, capacity is short (replicas, --max-num-seqs).",
    ),
    (
        "prefill_bound",
        "Check what prefix caches hit (inferguard check on the same servers): prompts that repeat should not be computed again.",
    ),
    (
        "decode_bound",
        "Profile decode at this batch size; try a smaller batch, quantisation or speculative decoding.",
    ),
    (
        "host_bound",
        "Sample the busy core (py-spy dump, perf top) under load: tokenisation, sampling or an event loop is likely.",
    ),
];

/// Where no rule fired.
const OTHERWISE: &str = "Collect what is named as not evaluable, then diagnose again.";

/// What to measure next.
pub(super) fn next_probe(rule: &str) -> &'static str {
    PROBES.iter().find(|(name, _)| *name == rule).map_or(OTHERWISE, |(_, probe)| probe)
}

#[cfg(test)]
mod tests {
    use super::super::rules::RULES;
    use super::*;

    #[test]
    fn every_rule_has_a_next_measurement() {
        for (rule, _) in RULES {
            assert_ne!(next_probe(rule), OTHERWISE, "{rule}");
        }
    }
}
