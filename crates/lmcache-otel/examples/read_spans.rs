//! Reads spans of an LMCache server, whatever form they were exported in.
//!
//! ```console
//! $ cargo run --package lmcache-otel --example read_spans
//! ```

#![allow(clippy::print_stdout)]

use evidence_redact::{Redactor, Salt};
use lmcache_otel::read_spans;

const EXPORT: &[u8] =
    br#"{"resourceSpans":[{"scopeSpans":[{"scope":{"name":"lmcache_mp.server"},"spans":[
  {"traceId":"83086251978501f9f65f8c8749511825","spanId":"869b74142a32c1bb","name":"mp.store",
   "parentSpanId":"29f9da0ba5adb842","startTimeUnixNano":"1000","endTimeUnixNano":"3500",
   "attributes":[{"key":"stored_count","value":{"stringValue":"4"}}]}]}]}]}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let redactor = Redactor::new(Salt::new(*b"random, per packet"))?;
    let evidence = read_spans(EXPORT, &redactor);
    for (name, stats) in &evidence.names {
        println!("{name}: {} spans, {:?}", stats.count, stats.duration);
        for (attribute, values) in &stats.attributes {
            println!("    {attribute}: {:?}", values.numbers);
        }
    }
    println!("traces whose root was not seen: {}", evidence.trees.open_traces);
    Ok(())
}
