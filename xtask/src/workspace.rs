//! Where things are in the workspace.

use std::path::{Path, PathBuf};

/// The directory of the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The directory that holds the imported packets.
pub(crate) fn packets() -> PathBuf {
    root().join("fixtures/packets")
}
