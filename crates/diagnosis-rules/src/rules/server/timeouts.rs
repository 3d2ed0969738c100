//! Requests timed out in the server.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_timeouts",
    aliases: &[],
    title: "Requests timed out in the LMCache server",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::ServerPage],
    thresholds: &[],
    releases: "",
    explanation: "The server raised a timeout while it served a request; the stack stands in its log.",
    confirm: "grep 'Timeout raised' in the server's log.",
    action: "Look at the label exception_type and at the server's log around that time.",
    false_positives: "None known: the counter only counts timeouts.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The counter stands above zero",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_timeouts_total{exception_type=\"TimeoutError\"} 2\n",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "The counter is there and stands at zero",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_timeouts_total{exception_type=\"TimeoutError\"} 0\n",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    counted(cx, &["mp.timeouts"])
}
