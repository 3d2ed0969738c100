//! Very many salts.

use crate::rules::prelude::*;

const MANY: Threshold = Threshold {
    name: "max_salts",
    unit: "salts",
    default: 100.0,
    about: "different salts above which it is a risk",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_cache_salt_cardinality_high",
    aliases: &["lmcache_mp_cache_salt_cardinality_risk"],
    title: "Very many cache salts are in use",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp],
    needs: &[Need::ServerPage, Need::Requests],
    thresholds: &[&MANY],
    releases: "",
    explanation: "Each salt has its own chunks and its own series. Salts made per request or per session \
        make every lookup miss and the metrics page grow without bound.",
    confirm: "curl -s http://HOST:8080/metrics | grep -c \"lookup_requested_tokens.*cache_salt\"",
    action: "Use one salt a tenant, not one a request or session.",
    false_positives: "A service with that many tenants has that many salts by intent; watch the scrape size \
        then.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["lmcache_mp_low_hit_rate_after_warmup"],
    evaluate,
    example: Example {
        title: "120 salts",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s0\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s1\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s2\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s3\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s4\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s5\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s6\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s7\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s8\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s9\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s10\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s11\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s12\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s13\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s14\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s15\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s16\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s17\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s18\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s19\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s20\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s21\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s22\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s23\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s24\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s25\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s26\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s27\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s28\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s29\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s30\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s31\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s32\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s33\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s34\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s35\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s36\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s37\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s38\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s39\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s40\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s41\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s42\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s43\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s44\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s45\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s46\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s47\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s48\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s49\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s50\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s51\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s52\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s53\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s54\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s55\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s56\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s57\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s58\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s59\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s60\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s61\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s62\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s63\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s64\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s65\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s66\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s67\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s68\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s69\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s70\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s71\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s72\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s73\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s74\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s75\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s76\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s77\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s78\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s79\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s80\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s81\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s82\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s83\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s84\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s85\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s86\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s87\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s88\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s89\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s90\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s91\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s92\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s93\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s94\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s95\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s96\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s97\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s98\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s99\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s100\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s101\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s102\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s103\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s104\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s105\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s106\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s107\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s108\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s109\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s110\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s111\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s112\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s113\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s114\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s115\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s116\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s117\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s118\",model_name=\"m\"} 256\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"s119\",model_name=\"m\"} 256\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Three salts",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_lookup_requested_tokens_total{cache_salt=\"a\",model_name=\"m\"} 512\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"b\",model_name=\"m\"} 512\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"c\",model_name=\"m\"} 512\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = Vec::new();
    for target in cx.view.with("mp.lookup.requested_tokens") {
        let salts = target.last_by("mp.lookup.requested_tokens", "cache_salt");
        let count = salts.keys().filter(|s| !s.is_empty()).count() as f64;
        if count > cx.threshold(&MANY)
            && let Some(reading) = target.last("mp.lookup.requested_tokens")
        {
            signs.push(Sign::measured(
                0.9,
                format!("{count:.0} salts on the page"),
                vec![reading.source],
            ));
        }
    }
    for log in cx.view.launch.iter().flat_map(|l| &l.environment.requests) {
        if log.salts as f64 > cx.threshold(&MANY) {
            let place = placed(&log.place, "different salts", Some(log.salts.to_string()));
            signs.push(Sign::inferred(
                0.7,
                format!("{} salts in the request log", log.salts),
                vec![place],
            ));
        }
    }
    Outcome::from_signs(signs, 0.0)
}
