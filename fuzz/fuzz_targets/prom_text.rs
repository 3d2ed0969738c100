//! Exposition text. The first byte is the size of the chunks, the rest the page; the property is
//! the one that the corpus test and the property tests hold.

#![no_main]

#[path = "../../crates/lmcache-prom/tests/common/property.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some((chunk, page)) = data.split_first() {
        property::holds(page, usize::from(*chunk));
    }
});
