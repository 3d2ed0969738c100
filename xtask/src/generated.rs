//! Generated files: write them, or check that they are what would be written.

use std::path::Path;

use anyhow::{Context, Result, bail};

/// Whether to write or to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Write what differs.
    Write,
    /// Fail on what differs, naming the command that repairs it.
    Check,
}

/// Makes `path` hold `contents`, or fails in check mode when it does not.
pub(crate) fn ensure_contents(
    path: &Path,
    contents: &str,
    mode: Mode,
    command: &str,
) -> Result<()> {
    if std::fs::read_to_string(path).is_ok_and(|old| old == contents) {
        return Ok(());
    }
    if mode == Mode::Check {
        bail!("{} is not up to date: run `{command}`", path.display());
    }
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).with_context(|| format!("{}", dir.display()))?;
    }
    let temporary = path.with_extension("tmp");
    std::fs::write(&temporary, contents).with_context(|| format!("{}", temporary.display()))?;
    std::fs::rename(&temporary, path).with_context(|| format!("{}", path.display()))
}
