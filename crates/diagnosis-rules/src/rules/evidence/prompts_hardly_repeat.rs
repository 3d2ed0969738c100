//! The lookup hashes show little that could hit.

use crate::rules::prelude::*;

const LOW: Threshold = Threshold {
    name: "max_repetition",
    unit: "ratio",
    default: 0.1,
    about: "share of the looked-up tokens that repeat an earlier prefix below which little could hit",
};
const LEAST: Threshold = Threshold {
    name: "min_tokens",
    unit: "tokens",
    default: 16_384.0,
    about: "looked-up tokens below which nothing is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_lookup_hash_low_repetition",
    aliases: &[],
    title: "By the lookup hashes the prompts hardly repeat: little could hit",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Info,
    modes: &[],
    needs: &[Need::Hashes],
    thresholds: &[&LOW, &LEAST],
    releases: "",
    explanation: "The lookup hashes list every prefix that was looked up. Tokens that repeat an earlier \
        prefix are the most that could have hit: with few of them a low hit rate is no fault of \
        the cache.",
    confirm: "Repeat the measurement over a longer time: what repeats after hours is not seen in \
        minutes.",
    action: "Look at how prompts are built: what differs should stand at their end.",
    false_positives: "A short log sees little repetition; with dropped events lookups are not in it, and \
        nothing is said.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Twenty prompts, none like another",
        files: &[File::text(
            "lookup_hashes_1.jsonl",
            "{\"timestamp\": 0.0, \"request_id\": \"r0\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"001\", \"002\", \"003\", \"004\"]}\n\
             {\"timestamp\": 1.0, \"request_id\": \"r1\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"011\", \"012\", \"013\", \"014\"]}\n\
             {\"timestamp\": 2.0, \"request_id\": \"r2\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"021\", \"022\", \"023\", \"024\"]}\n\
             {\"timestamp\": 3.0, \"request_id\": \"r3\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"031\", \"032\", \"033\", \"034\"]}\n\
             {\"timestamp\": 4.0, \"request_id\": \"r4\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"041\", \"042\", \"043\", \"044\"]}\n\
             {\"timestamp\": 5.0, \"request_id\": \"r5\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"051\", \"052\", \"053\", \"054\"]}\n\
             {\"timestamp\": 6.0, \"request_id\": \"r6\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"061\", \"062\", \"063\", \"064\"]}\n\
             {\"timestamp\": 7.0, \"request_id\": \"r7\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"071\", \"072\", \"073\", \"074\"]}\n\
             {\"timestamp\": 8.0, \"request_id\": \"r8\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"081\", \"082\", \"083\", \"084\"]}\n\
             {\"timestamp\": 9.0, \"request_id\": \"r9\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"091\", \"092\", \"093\", \"094\"]}\n\
             {\"timestamp\": 10.0, \"request_id\": \"r10\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"0a1\", \"0a2\", \"0a3\", \"0a4\"]}\n\
             {\"timestamp\": 11.0, \"request_id\": \"r11\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"0b1\", \"0b2\", \"0b3\", \"0b4\"]}\n\
             {\"timestamp\": 12.0, \"request_id\": \"r12\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"0c1\", \"0c2\", \"0c3\", \"0c4\"]}\n\
             {\"timestamp\": 13.0, \"request_id\": \"r13\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"0d1\", \"0d2\", \"0d3\", \"0d4\"]}\n\
             {\"timestamp\": 14.0, \"request_id\": \"r14\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"0e1\", \"0e2\", \"0e3\", \"0e4\"]}\n\
             {\"timestamp\": 15.0, \"request_id\": \"r15\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"0f1\", \"0f2\", \"0f3\", \"0f4\"]}\n\
             {\"timestamp\": 16.0, \"request_id\": \"r16\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"101\", \"102\", \"103\", \"104\"]}\n\
             {\"timestamp\": 17.0, \"request_id\": \"r17\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"111\", \"112\", \"113\", \"114\"]}\n\
             {\"timestamp\": 18.0, \"request_id\": \"r18\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"121\", \"122\", \"123\", \"124\"]}\n\
             {\"timestamp\": 19.0, \"request_id\": \"r19\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"131\", \"132\", \"133\", \"134\"]}\n\
             ",
        )],
        also: &["volatile-prompt-prefix"],
    },
    counter_example: Example {
        title: "Twenty times one prompt",
        files: &[File::text(
            "lookup_hashes_1.jsonl",
            "{\"timestamp\": 0.0, \"request_id\": \"r0\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 1.0, \"request_id\": \"r1\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 2.0, \"request_id\": \"r2\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 3.0, \"request_id\": \"r3\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 4.0, \"request_id\": \"r4\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 5.0, \"request_id\": \"r5\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 6.0, \"request_id\": \"r6\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 7.0, \"request_id\": \"r7\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 8.0, \"request_id\": \"r8\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 9.0, \"request_id\": \"r9\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 10.0, \"request_id\": \"r10\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 11.0, \"request_id\": \"r11\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 12.0, \"request_id\": \"r12\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 13.0, \"request_id\": \"r13\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 14.0, \"request_id\": \"r14\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 15.0, \"request_id\": \"r15\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 16.0, \"request_id\": \"r16\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 17.0, \"request_id\": \"r17\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 18.0, \"request_id\": \"r18\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             {\"timestamp\": 19.0, \"request_id\": \"r19\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    if let Some(outcome) = dropped(cx) {
        return outcome;
    }
    let Some((repeated, tokens)) = cx.view.hash_ceiling() else { return Outcome::Clear };
    if tokens < cx.threshold(&LEAST) || repeated > tokens * cx.threshold(&LOW) {
        return Outcome::Clear;
    }
    let place = source(
        "lookup hashes",
        None,
        "tokens that repeat an earlier prefix",
        format!("{repeated:.0} of {tokens:.0}"),
    );
    one_sign(0.8, "little of what was looked up repeats", vec![place])
}
