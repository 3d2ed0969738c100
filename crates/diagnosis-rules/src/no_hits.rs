//! Why nothing is found: the causes that leave a cache empty or its keys unknown, and the symptoms
//! that only say that nothing was found.

use crate::rule::Rule;

/// Cause classes with which lookups find nothing, or little of what they could.
const CAUSES: &[&str] = &[
    "eviction-stalled",
    "hash-algorithm-unstable",
    "hash-seed-unset",
    "l1-alloc-failure",
    "l1-too-small",
    "l2-load-failure",
    "l2-store-failure",
    "lookup-timeout",
    "mp-server-unreachable",
    "prompt-shorter-than-chunk",
    "remote-data-missing",
    "remote-unreachable",
    "store-failure",
    "tenant-isolation-misconfig",
    "volatile-prompt-prefix",
    "worker-deregistered",
];

/// Findings that say no more than that nothing, or little, was found.
const SYMPTOMS: &[&str] = &[
    "engine_cache_mismatch_lookups_never_hit",
    "engine_cache_mismatch_one_engine_never_hits",
    "lmcache_embedded_zero_hit_rate_after_replay",
    "lmcache_log_zero_hits_after_stores",
    "lmcache_mp_low_hit_rate_after_warmup",
    "vllm_external_prefix_no_hits",
];

/// Codes that a rule explains for its cause class alone.
pub(crate) fn explained(rule: &Rule) -> &'static [&'static str] {
    if rule.cause.is_some_and(|cause| CAUSES.contains(&cause)) { SYMPTOMS } else { &[] }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_name_is_that_of_a_rule() {
        for cause in super::CAUSES {
            assert!(crate::RULES.iter().any(|r| r.cause == Some(*cause)), "{cause}");
        }
        for code in super::SYMPTOMS {
            assert!(crate::RULES.iter().any(|r| r.code == *code), "{code}");
        }
    }
}
