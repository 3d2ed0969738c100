//! `cargo xtask findings`: a page a finding in `docs/findings/`, a page a cause class in
//! `docs/causes/`.

mod causes;

use std::path::Path;

use anyhow::{Context, Result, bail};
use inferguard::render::{explain_index, explain_page};
use inferguard::report::explain_all;

use crate::generated::{Mode, ensure_contents};

const COMMAND: &str = "cargo xtask findings";

/// Regenerates or checks the pages.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<()> {
    let all = explain_all();
    let mut pages = vec![("README".to_owned(), explain_index(&all))];
    pages.extend(all.rules.iter().map(|rule| (rule.code.clone(), explain_page(rule))));
    directory(&root.join("docs/findings"), &pages, mode)?;
    directory(&root.join("docs/causes"), &causes::pages(root, &all)?, mode)
}

/// Makes a directory hold these pages; one that is of nothing any more is removed or complained of.
fn directory(dir: &Path, pages: &[(String, String)], mode: Mode) -> Result<()> {
    for (name, text) in pages {
        ensure_contents(&dir.join(format!("{name}.md")), text, mode, COMMAND)?;
    }
    for entry in std::fs::read_dir(dir).with_context(|| format!("{}", dir.display()))? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        if pages.iter().any(|(name, _)| name == stem) {
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
