//! Replays the fuzzer's corpus.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::format_push_string, clippy::format_collect)]
#![allow(clippy::items_after_statements, clippy::default_trait_access)]

#[path = "common/property.rs"]
mod property;

use std::path::Path;

#[test]
fn the_corpus_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/prom_text");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 20, "only {} files", files.len());
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let (chunk, page) = bytes.split_first().unwrap();
        for chunk in [*chunk, 1, 255] {
            property::holds(page, usize::from(chunk));
        }
    }
}
