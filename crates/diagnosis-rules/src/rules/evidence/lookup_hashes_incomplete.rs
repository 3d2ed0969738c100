//! Lookups are missing in the lookup hashes.

use crate::rules::prelude::*;

const SHARE: Threshold = Threshold {
    name: "min_row_share",
    unit: "ratio",
    default: 0.5,
    about: "rows to counted lookups below which rows are missing",
};
const LEAST: Threshold = Threshold {
    name: "min_missing",
    unit: "lookups",
    default: 32.0,
    about: "missing lookups below which nothing is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_lookup_hash_incomplete",
    aliases: &[],
    title: "The lookup hashes hold far fewer lookups than were counted",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Info,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::Hashes],
    thresholds: &[&SHARE, &LEAST],
    releases: "lookups are counted since 0.5.5",
    explanation: "The hash log is fed by the event bus and rotated by size: what was dropped or rotated \
        away is not in it. Bounds that are taken from it do not hold then.",
    confirm: "wc -l of all files against lookups_requests.",
    action: "Raise --event-bus-queue-size and --lookup-hash-log-max-files, and collect all files.",
    false_positives: "Lookups that exit early write no row: they are not counted as missing. Files of one hour \
        beside counters of a day look like this: without dropped events it is information only.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "One row for 230 lookups",
        files: &[
            File::text(
                "lookup_hashes_1.jsonl",
                "{\"timestamp\": 1.0, \"request_id\": \"r1\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"aa1\", \"aa2\", \"aa3\", \"aa4\"]}\n\
             ",
            ),
            File::text(
                "metrics.prom",
                "lmcache_mp_lookups_requests_total{cache_salt=\"\",model_name=\"m\"} 230\n\
             ",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "As many rows as lookups",
        files: &[
            File::text(
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
             {\"timestamp\": 20.0, \"request_id\": \"r20\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"141\", \"142\", \"143\", \"144\"]}\n\
             {\"timestamp\": 21.0, \"request_id\": \"r21\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"151\", \"152\", \"153\", \"154\"]}\n\
             {\"timestamp\": 22.0, \"request_id\": \"r22\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"161\", \"162\", \"163\", \"164\"]}\n\
             {\"timestamp\": 23.0, \"request_id\": \"r23\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"171\", \"172\", \"173\", \"174\"]}\n\
             {\"timestamp\": 24.0, \"request_id\": \"r24\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"181\", \"182\", \"183\", \"184\"]}\n\
             {\"timestamp\": 25.0, \"request_id\": \"r25\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"191\", \"192\", \"193\", \"194\"]}\n\
             {\"timestamp\": 26.0, \"request_id\": \"r26\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"1a1\", \"1a2\", \"1a3\", \"1a4\"]}\n\
             {\"timestamp\": 27.0, \"request_id\": \"r27\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"1b1\", \"1b2\", \"1b3\", \"1b4\"]}\n\
             {\"timestamp\": 28.0, \"request_id\": \"r28\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"1c1\", \"1c2\", \"1c3\", \"1c4\"]}\n\
             {\"timestamp\": 29.0, \"request_id\": \"r29\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"1d1\", \"1d2\", \"1d3\", \"1d4\"]}\n\
             {\"timestamp\": 30.0, \"request_id\": \"r30\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"1e1\", \"1e2\", \"1e3\", \"1e4\"]}\n\
             {\"timestamp\": 31.0, \"request_id\": \"r31\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"1f1\", \"1f2\", \"1f3\", \"1f4\"]}\n\
             {\"timestamp\": 32.0, \"request_id\": \"r32\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"201\", \"202\", \"203\", \"204\"]}\n\
             {\"timestamp\": 33.0, \"request_id\": \"r33\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"211\", \"212\", \"213\", \"214\"]}\n\
             {\"timestamp\": 34.0, \"request_id\": \"r34\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"221\", \"222\", \"223\", \"224\"]}\n\
             {\"timestamp\": 35.0, \"request_id\": \"r35\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"231\", \"232\", \"233\", \"234\"]}\n\
             {\"timestamp\": 36.0, \"request_id\": \"r36\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"241\", \"242\", \"243\", \"244\"]}\n\
             {\"timestamp\": 37.0, \"request_id\": \"r37\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"251\", \"252\", \"253\", \"254\"]}\n\
             {\"timestamp\": 38.0, \"request_id\": \"r38\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"261\", \"262\", \"263\", \"264\"]}\n\
             {\"timestamp\": 39.0, \"request_id\": \"r39\", \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 1025, \"dtypes\": [\"bfloat16\"], \"shapes\": [[2, 4]], \"chunk_hashes\": [\"271\", \"272\", \"273\", \"274\"]}\n\
             ",
            ),
            File::text(
                "metrics.prom",
                "lmcache_mp_lookups_requests_total{cache_salt=\"\",model_name=\"m\"} 40\n\
             ",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let Some(hashes) = cx.view.hashes else { return Outcome::Clear };
    let Some(lookups) = cx.view.last("mp.lookup.requests") else { return Outcome::Clear };
    let early = cx.view.last("mp.lookup.early_exit").map_or(0.0, |r| r.value);
    let (rows, counted) = (hashes.row_count as f64, lookups.value - early);
    if counted - rows < cx.threshold(&LEAST) || rows >= counted * cx.threshold(&SHARE) {
        return Outcome::Clear;
    }
    one_sign(0.8, "rows and lookups differ", vec![lookups.source]).map(|hit| {
        if cx.view.drops_events() {
            hit.severity = Some(Severity::Warning);
        }
        hit.title = Some(format!("The lookup hashes hold {rows:.0} of {counted:.0} lookups"));
    })
}
