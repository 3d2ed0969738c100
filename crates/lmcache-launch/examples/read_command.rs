//! Reads a launch line: what was asked for, and what set it.
//!
//! ```console
//! $ cargo run --package lmcache-launch --example read_command
//! ```

#![allow(clippy::print_stdout)]

use evidence_redact::{Redactor, Salt};
use lmcache_launch::Reader;

const SCRIPT: &[u8] = br#"#!/bin/sh
export PYTHONHASHSEED=0 LMCACHE_CHUNK_SIZE=256
vllm serve some/model --port 8000 --tensor-parallel-size 2 \
    --kv-transfer-config '{"kv_connector": "LMCacheConnectorV1", "kv_role": "kv_both"}'
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let reader = Reader::new(Redactor::new(Salt::new(*b"random, per packet"))?);
    let (recognition, evidence) = reader.read_any("launch.sh", SCRIPT).ok_or("not ours")?;
    let evidence = evidence?;
    println!("a {}", recognition.kind.name());
    for name in ["chunk_size", "tensor_parallel", "kv_role"] {
        println!("{name}: {:?}", evidence.setting(name).map(|s| (&s.value, s.source)));
    }
    println!("hash seed: {:?}", evidence.env("PYTHONHASHSEED"));
    Ok(())
}
