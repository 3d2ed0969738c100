//! The chunk is no multiple of the block.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "chunk_block_mismatch",
    aliases: &[],
    title: "LMCache's chunk size is no multiple of the engine's block size",
    kind: Kind::Cause,
    cause: Some("chunk-block-mismatch"),
    severity: Severity::Critical,
    modes: &[],
    needs: &[Need::EngineLog, Need::Launch],
    thresholds: &[],
    releases: "",
    explanation: "A chunk is cut along the engine's blocks, so its size has to be a multiple of the \
        block size. Hybrid models raise the block size at start (to 528, 544, 640 tokens and \
        others), and the server's --chunk-size, which is one for all engines, no longer \
        fits: the connector refuses to start.",
    confirm: "grep -E 'block size|tokens_per_block|chunk_size' engine.log lmcache.log",
    action: "Start the LMCache server with --chunk-size set to a multiple of the block size that \
        the engine's log names (LMCACHE_CHUNK_SIZE inside an engine), then restart the \
        engine.",
    false_positives: "Two engines of different block sizes on one server fit only if the chunk is a \
        multiple of both.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &["lmcache_log_tracebacks", "engine_start_failed"],
    related: &["hma-incompatible"],
    evaluate,
    example: Example {
        title: "The assertion names both",
        files: &[
            File::text(
                "engine.log",
                r"(EngineCore pid=2) INFO 01-10 08:00:00 [cache.py:244] Setting attention block size to 528 tokens to ensure that attention page size is >= mamba page size.
(EngineCore pid=2) ERROR 01-10 08:00:00 [core.py:1120] EngineCore failed to start.
(EngineCore pid=2) ERROR 01-10 08:00:00 [core.py:1120] AssertionError: LMCache chunk size should be a multiple of vLLM block size
",
            ),
            File::text(
                "server.log",
                r"[2026-01-10 09:00:00,124] LMCache INFO: TokenHasher initialized: chunk_size=256, hash_algorithm=blake3 (token_hasher.py:67:lmcache.v1.multiprocess.token_hasher)
[2026-01-10 09:00:00,161] LMCache INFO: LMCache ZMQ cache server is running on tcp://0.0.0.0:5555 (server.py:385:lmcache.v1.multiprocess.server)
[2026-01-10 09:00:20,210] LMCache INFO: Registered KV cache for GPU ID 55 with 24 layers (lmcache_driven_transfer.py:883:lmcache.v1.multiprocess.modules.lmcache_driven_transfer)
",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "A block size that fits",
        files: &[
            File::text(
                "engine.log",
                r"(EngineCore pid=2) INFO 01-10 08:00:00 [cache.py:244] Setting attention block size to 544 tokens to ensure that attention page size is >= mamba page size.
",
            ),
            File::text(
                "server.log",
                r"[2026-01-10 09:00:00,124] LMCache INFO: TokenHasher initialized: chunk_size=544, hash_algorithm=blake3 (token_hasher.py:67:lmcache.v1.multiprocess.token_hasher)
[2026-01-10 09:00:00,161] LMCache INFO: LMCache ZMQ cache server is running on tcp://0.0.0.0:5555 (server.py:385:lmcache.v1.multiprocess.server)
[2026-01-10 09:00:20,210] LMCache INFO: Registered KV cache for GPU ID 55 with 24 layers (lmcache_driven_transfer.py:883:lmcache.v1.multiprocess.modules.lmcache_driven_transfer)
",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = Vec::new();
    signs.extend(logged(
        view,
        0.95,
        "the engine refuses the chunk size",
        &["kv.chunk_block", "connector.chunk_block"],
    ));
    let (chunk, source) = chunk_size(view);
    let blocks = view
        .events(&["vllm.block_size_changed", "kv.chunk_block"])
        .filter_map(|e| Some((e.stat.fields.get("block_size")?.last, e.source())))
        .chain(
            view.stated("block_size")
                .into_iter()
                .filter(|s| !s.default)
                .filter_map(|s| Some((s.number()?, s.source))),
        );
    if let Some((block, at)) = blocks.into_iter().find(|(b, _)| *b >= 1.0 && chunk % b != 0.0)
        && (source.is_some() || !signs.is_empty())
    {
        let sources = source.into_iter().chain([at]).collect();
        let text = format!("a chunk of {chunk} tokens against blocks of {block}");
        signs.push(Sign::inferred(0.7, text, sources));
    }
    Outcome::from_signs(signs, 0.5)
}
