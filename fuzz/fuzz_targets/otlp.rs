//! OTLP files of spans and metrics. The first byte is the size of the pieces, the rest the file;
//! the property is the one that the property tests hold.

#![no_main]

#[path = "../../crates/lmcache-otel/tests/common/property.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some((piece, file)) = data.split_first() {
        property::holds_for(file, usize::from(*piece));
    }
});
