//! Turns a log into events with their numbers.
//!
//! ```console
//! $ cargo run --package lmcache-logs --example read_log
//! ```

#![allow(clippy::print_stdout)]

use lmcache_logs::{LogOptions, read};

const LOG: &str = "\
(EngineCore pid=7) INFO 11-24 03:00:00 [core.py:133] Initializing a V1 LLM engine (v0.32.0) with config: dtype=torch.bfloat16, seed=0
(EngineCore pid=7) [2026-11-24 03:00:09,120] LMCache INFO: [req_id=a] Stored 512 out of total 600 tokens. size: 0.25 GB, cost 50.0 ms, throughput: 5.0 GB/s; offload_time: 4.0 ms, put_time: 0.1 ms (cache_engine.py:1:lmcache.v1.cache_engine)
(EngineCore pid=7) [2026-11-24 03:00:09,121] LMCache INFO: A wording that no table knows (a.py:1:lmcache.v1.a)
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let evidence = read(LOG.as_bytes(), LogOptions::default())?;
    for (id, event) in &evidence.events {
        println!("{id}: {} times, first in line {}", event.count, event.first_line);
        for (name, numbers) in &event.fields {
            let unit = numbers.unit.as_deref().unwrap_or("");
            println!("    {name}: {:?} {unit}", numbers.mean());
        }
    }
    println!("dtype is {:?}", evidence.config_value("dtype"));
    println!("share of LMCache's lines that the table does not know: {:?}", evidence.other_share());
    Ok(())
}
