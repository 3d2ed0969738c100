//! `cargo xtask findings`: a page a finding, in `docs/findings/`.

use std::path::Path;

use anyhow::{Context, Result, bail};
use inferguard::render::{explain_index, explain_page};
use inferguard::report::explain_all;

use crate::generated::{Mode, ensure_contents};

const COMMAND: &str = "cargo xtask findings";

/// Regenerates or checks the pages; a page of a code that is gone is removed or complained of.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<()> {
    let dir = root.join("docs/findings");
    let all = explain_all();
    ensure_contents(&dir.join("README.md"), &explain_index(&all), mode, COMMAND)?;
    for rule in &all.rules {
        let path = dir.join(format!("{}.md", rule.code));
        ensure_contents(&path, &explain_page(rule), mode, COMMAND)?;
    }
    for entry in std::fs::read_dir(&dir).with_context(|| format!("{}", dir.display()))? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        if stem == "README" || all.rules.iter().any(|r| r.code == stem) {
            continue;
        }
        if mode == Mode::Check {
            bail!("{} is of no rule: run `{COMMAND}`", path.display());
        }
        std::fs::remove_file(&path).with_context(|| format!("{}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    #[allow(clippy::unwrap_used)]
    fn pages_are_up_to_date() {
        super::run(&crate::workspace::root(), super::Mode::Check).unwrap();
    }
}
