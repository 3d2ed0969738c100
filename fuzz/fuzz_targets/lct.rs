//! Any bytes as a trace: nothing panics, both readers say the same, and what is taken as
//! well-formed is so for rmpv's owned decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/lmcache-trace/tests/common/property.rs"]
mod property;

fuzz_target!(|data: &[u8]| property::holds_for(data));
