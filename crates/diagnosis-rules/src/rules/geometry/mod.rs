//! Chunks, blocks and prompts.

pub(super) mod chunk_block;
pub(super) mod prompt_shorter;
