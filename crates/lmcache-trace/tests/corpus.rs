//! The fuzzer's corpus, and files that once broke something, without a fuzzer.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[path = "common/property.rs"]
#[allow(unreachable_pub, missing_docs)]
mod property;

use std::path::Path;

#[test]
fn the_corpus_holds() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/lct");
    let mut files = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let data = std::fs::read(entry.unwrap().path()).unwrap();
        property::holds_for(&data);
        // Cut and bent at every place.
        for at in (0..data.len()).step_by(13) {
            property::holds_for(&data[..at]);
            if at % 3 == 0 {
                let mut bent = data.clone();
                bent[at] = bent[at].wrapping_add(1);
                property::holds_for(&bent);
            }
        }
        files += 1;
    }
    assert!(files >= 6);
}
