//! What may be asked of a server, and what its `/status` says.
//!
//! ```console
//! $ cargo run --package lmcache-http --example read_status
//! ```

#![allow(clippy::print_stdout)]

use lmcache_http::{Answer, HttpEvidence, Reader, Side};

const STATUS: &[u8] = br#"{"is_healthy": false, "engine_type": "MPCacheServer", "chunk_size": 256,
    "storage_manager": {"l1_eviction_controllers": {"_default": {"thread_alive": false}}}}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let reader = Reader::with_salt(*b"random, per packet")?;
    println!("safe to ask:");
    for question in reader.routes().questions(Side::Lmcache) {
        println!("  GET {}", question.paths.join(", or "));
    }
    let answer = Answer {
        path: Some("http://localhost:8080/status"),
        status: Some(200),
        body: STATUS,
        ..Answer::default()
    };
    let evidence = HttpEvidence::of(reader.routes(), &[reader.read(&answer)]);
    println!("{}", serde_json::to_string_pretty(&evidence)?);
    Ok(())
}
