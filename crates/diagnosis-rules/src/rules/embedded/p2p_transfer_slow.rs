//! P2P transfers are slow.

use crate::rules::prelude::*;

const LOW: Threshold = Threshold {
    name: "min_tokens_per_second",
    unit: "tokens/s",
    default: 10_000.0,
    about: "mean speed below which transfers are slow; prefill of a small model is about as fast",
};
const LEAST: Threshold = Threshold {
    name: "min_transfers",
    unit: "transfers",
    default: 8.0,
    about: "transfers below which nothing is said",
};
const GB: Threshold = Threshold {
    name: "min_gb_per_second",
    unit: "GB/s",
    default: 0.1,
    about: "speed in a log below which a transfer is slow",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_embedded_p2p_transfer_slow",
    aliases: &["lmcache_log_p2p_transfer_speed_hint"],
    title: "Transfers between peers are slow: loading may cost more than computing",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Embedded],
    needs: &[Need::EmbeddedPage, Need::Log],
    thresholds: &[&LOW, &LEAST, &GB],
    releases: "",
    explanation: "A hit at a peer is worth its transfer only if that is faster than prefill. The first \
        transfer between two peers also pays for their connection.",
    confirm: "Sum by count of lmcache:p2p_transfer_speed between two scrapes, against tokens per \
        second of prefill.",
    action: "Check which transport is used (UCX_TLS, RDMA device); over TCP prefer local storage to \
        peers.",
    false_positives: "The speed of prefill differs by model: set the threshold to yours.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "2,000 tokens a second",
        files: &[File::text(
            "metrics.prom",
            "# TYPE lmcache:p2p_transfer_speed histogram\n\
             lmcache:p2p_transfer_speed_bucket{model_name=\"m\",role=\"worker\",worker_id=\"0\",le=\"5.0\"} 20\n\
             lmcache:p2p_transfer_speed_bucket{model_name=\"m\",role=\"worker\",worker_id=\"0\",le=\"+Inf\"} 20\n\
             lmcache:p2p_transfer_speed_count{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 20\n\
             lmcache:p2p_transfer_speed_sum{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 40000\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "200,000 tokens a second",
        files: &[File::text(
            "metrics.prom",
            "# TYPE lmcache:p2p_transfer_speed histogram\n\
             lmcache:p2p_transfer_speed_bucket{model_name=\"m\",role=\"worker\",worker_id=\"0\",le=\"5.0\"} 20\n\
             lmcache:p2p_transfer_speed_bucket{model_name=\"m\",role=\"worker\",worker_id=\"0\",le=\"+Inf\"} 20\n\
             lmcache:p2p_transfer_speed_count{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 20\n\
             lmcache:p2p_transfer_speed_sum{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 4000000\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let signal = "embedded.p2p_transfer_speed";
    let mut signs = Vec::new();
    for target in cx.view.with(signal) {
        let (Some((mean, count)), Some(reading)) = (target.mean(signal), target.last(signal))
        else {
            continue;
        };
        if count >= cx.threshold(&LEAST) && mean < cx.threshold(&LOW) {
            signs.push(Sign::measured(
                0.8,
                format!("{mean:.0} tokens a second over {count:.0} transfers"),
                vec![reading.source],
            ));
        }
    }
    for log in &cx.view.logs {
        let slow = log.evidence.numeric_hints.p2p_transfer_speed.iter().find(|hint| {
            let gb = match hint.unit.to_ascii_lowercase().as_str() {
                "gb/s" | "gib/s" => hint.value,
                "mb/s" | "mib/s" => hint.value / 1000.0,
                "kb/s" | "kib/s" => hint.value / 1e6,
                _ => return false,
            };
            gb < cx.threshold(&GB)
        });
        if let Some(hint) = slow {
            let place = source(
                log.path,
                None,
                hint.snippet.clone(),
                format!("{} {}", hint.value, hint.unit),
            );
            signs.push(Sign::inferred(0.5, "the log tells of a slow transfer", vec![place]));
        }
    }
    Outcome::from_signs(signs, 0.0)
}
