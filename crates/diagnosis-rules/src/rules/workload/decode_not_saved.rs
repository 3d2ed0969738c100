//! Generated tokens are not stored.

use crate::rules::prelude::*;

const TURNS: Threshold = Threshold {
    name: "min_turns",
    unit: "lookups",
    default: 3.0,
    about: "Turns of a conversation before it is said",
};
const CHUNKS: Threshold = Threshold {
    name: "min_chunks_a_turn",
    unit: "chunks",
    default: 1.0,
    about: "Chunks that are computed again in each turn",
};

pub(crate) const RULE: Rule = Rule {
    code: "decode_cache_not_saved",
    aliases: &[],
    title: "Generated tokens are not stored: the next turn computes the last answer again",
    kind: Kind::Cause,
    cause: Some("decode-cache-not-saved"),
    severity: Severity::Info,
    modes: &[Mode::Embedded, Mode::Mp],
    needs: &[Need::EngineLog],
    thresholds: &[&TURNS, &CHUNKS],
    releases: "",
    explanation: "LMCache stores the prompt of a request, not what the engine generated, unless \
        save_decode_cache is set. In a conversation the next prompt holds the last answer; \
        its tokens are computed again, and a hit ends where the last prompt ended.",
    confirm: "Hit tokens of a turn against the prompt length of the turn before; save_decode_cache \
        in the configuration dump.",
    action: "Set save_decode_cache: true (LMCACHE_SAVE_DECODE_CACHE=True; \
        lmcache.mp.save_decode_cache of the MP connector) if answers are long and \
        conversations go on; it costs stores during decode.",
    false_positives: "Answers shorter than a chunk cost nothing: the rule asks for more than a chunk a \
        turn.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["volatile-prompt-prefix"],
    evaluate,
    example: Example {
        title: "Each hit ends where the last prompt ended",
        files: &[File::text(
            "engine.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:00,321] LMCache INFO: Reqid: r0, Total tokens 11000, LMCache hit tokens: 0, need to load: 1000 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,321] LMCache INFO: Reqid: r1, Total tokens 13100, LMCache hit tokens: 10752, need to load: 1000 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,321] LMCache INFO: Reqid: r2, Total tokens 15200, LMCache hit tokens: 13056, need to load: 1000 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:03,321] LMCache INFO: Reqid: r3, Total tokens 17300, LMCache hit tokens: 15104, need to load: 1000 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:04,321] LMCache INFO: Reqid: r4, Total tokens 19400, LMCache hit tokens: 17152, need to load: 1000 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:05,321] LMCache INFO: Reqid: r5, Total tokens 21500, LMCache hit tokens: 19200, need to load: 1000 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Hits reach to the end",
        files: &[File::text(
            "engine.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:00,321] LMCache INFO: Reqid: r0, Total tokens 11000, LMCache hit tokens: 0, need to load: 1000 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,321] LMCache INFO: Reqid: r1, Total tokens 13100, LMCache hit tokens: 12800, need to load: 1000 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,321] LMCache INFO: Reqid: r2, Total tokens 15200, LMCache hit tokens: 14848, need to load: 1000 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:03,321] LMCache INFO: Reqid: r3, Total tokens 17300, LMCache hit tokens: 17152, need to load: 1000 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:04,321] LMCache INFO: Reqid: r4, Total tokens 19400, LMCache hit tokens: 19200, need to load: 1000 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:05,321] LMCache INFO: Reqid: r5, Total tokens 21500, LMCache hit tokens: 21248, need to load: 1000 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    if view.flag("save_decode_cache").is_some_and(|(on, _)| on) {
        return Outcome::Clear;
    }
    let (chunk, _) = chunk_size(view);
    let mut signs = Vec::new();
    for log in &view.logs {
        let of = |field: &str| log.evidence.number("connector.lookup", field);
        let (Some(total), Some(hit)) = (of("total_tokens"), of("hit_tokens")) else { continue };
        let n = total.count as f64;
        // Prompts that only grow, the first without a hit: one conversation.
        let grows = total.first == total.min && total.last == total.max && total.max > total.min;
        let first = hit.first == 0.0 && hit.last == hit.max;
        if n < cx.threshold(&TURNS) || !grows || !first {
            continue;
        }
        // Hits that end where the prompt of the turn before ended, but for the rest of a chunk.
        let before = total.sum - total.last;
        let short = before - hit.sum;
        let missed = (total.sum - total.first - hit.sum) / (n - 1.0);
        if short >= 0.0 && short <= chunk * (n - 1.0) && missed >= chunk * cx.threshold(&CHUNKS) {
            signs.push(Sign::inferred(
                0.75,
                format!("hits end where the prompt before ended; {missed:.0} tokens a turn are computed again"),
                log.evidence.event("connector.lookup").map(|e| source(log.path, Some(e.first_line), e.example.text.clone(), format!("{n} lookups"))).into_iter().collect(),
            ));
        }
    }
    signs.extend(by_request_log(cx, chunk));
    if !signs.is_empty()
        && let Some((false, at)) = view.flag("save_decode_cache")
    {
        signs.push(Sign::inferred(0.4, "save_decode_cache is off", vec![at]));
    }
    Outcome::from_signs(signs, 0.5)
}

/// Hits of the engine's log beside a request log that tells the turns of conversations apart: in
/// sum they end where the prompts of the turns before ended, short of the answers.
fn by_request_log(cx: &Context<'_>, chunk: f64) -> Option<Sign> {
    let mut all = cx.view.launch.iter().flat_map(|l| &l.environment.requests);
    let logs: Vec<_> = cx.view.logs.iter().map(|l| &l.evidence.requests).collect();
    let (requests, found) = all.find_map(|r| {
        let of = |found: &&&lmcache_logs::RequestStats| found.count == r.requests;
        Some((r, logs.iter().filter(of).min_by(|a, b| a.hit_tokens.total_cmp(&b.hit_tokens))?))
    })?;
    let turns = requests.turns_after_known as f64;
    let short = requests.earlier_prompt_tokens - found.hit_tokens;
    let answers = requests.earlier_output_tokens;
    // Of each turn the rest of a chunk may be missing.
    let ends = short >= 0.0 && short <= chunk * turns;
    (turns >= cx.threshold(&TURNS) && ends && answers >= chunk * turns * cx.threshold(&CHUNKS))
        .then(|| {
            Sign::inferred(
                0.75,
                format!(
                    "{:.0} tokens hit, {:.0} stood in the prompts of the turns before and {answers:.0} in their answers",
                    found.hit_tokens, requests.earlier_prompt_tokens
                ),
                vec![placed(&requests.place, "answers of earlier turns", Some(format!("{answers:.0} tokens")))],
            )
        })
}
