//! `cargo xtask book`: writes `docs/SUMMARY.md` from `xtask/book/SUMMARY.md`, and checks that every
//! page is in it and that every link of the documentation leads somewhere, without a network.

mod links;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::generated::{Mode, ensure_contents};
use crate::tree;

/// Regenerates or checks the summary, then checks pages and links.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<()> {
    let docs = root.join("docs");
    let template = root.join("xtask/book/SUMMARY.md");
    let template =
        std::fs::read_to_string(&template).with_context(|| format!("{}", template.display()))?;
    let summary = filled(&docs, &template)?;
    ensure_contents(&docs.join("SUMMARY.md"), &summary, mode, "cargo xtask book")?;
    let mut wrong = unlisted(&docs)?;
    wrong.extend(links::broken(root)?);
    wrong.extend(unnamed(&docs)?);
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(())
}

/// The template with `{{DIR}}` replaced by the pages of that directory.
fn filled(docs: &Path, template: &str) -> Result<String> {
    let mut out = String::new();
    for line in template.lines() {
        match line.strip_prefix("{{").and_then(|l| l.strip_suffix("}}")) {
            None => {
                let _ = writeln!(out, "{line}");
            }
            Some(dir) => {
                for path in tree::files(&docs.join(dir))? {
                    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
                    if stem != "README" {
                        let _ = writeln!(out, "  - [{stem}]({dir}/{stem}.md)");
                    }
                }
            }
        }
    }
    Ok(out)
}

/// The pages of the book, as the summary has to name them.
pub(crate) fn pages(docs: &Path) -> Result<Vec<String>> {
    let mut out = Vec::new();
    for path in tree::files(docs)? {
        let name = path.strip_prefix(docs)?.to_string_lossy().into_owned();
        if links::is_markdown(&path) && name != "SUMMARY.md" {
            out.push(name);
        }
    }
    Ok(out)
}

/// Pages that the summary names and that are not there, or the other way round.
fn unlisted(docs: &Path) -> Result<Vec<String>> {
    let summary = std::fs::read_to_string(docs.join("SUMMARY.md"))?;
    let listed: Vec<String> = links::targets(&summary);
    let unique: BTreeSet<&String> = listed.iter().collect();
    ensure!(unique.len() == listed.len(), "docs/SUMMARY.md lists a page twice");
    let mut wrong = Vec::new();
    for page in &listed {
        if !docs.join(page).is_file() {
            wrong.push(format!("docs/SUMMARY.md: {page} is not there"));
        }
    }
    let missing = pages(docs)?.into_iter().filter(|name| !unique.contains(name));
    wrong.extend(missing.map(|name| format!("docs/{name}: not in docs/SUMMARY.md")));
    Ok(wrong)
}

/// Schemas that their page does not link.
fn unnamed(docs: &Path) -> Result<Vec<String>> {
    let linked = links::targets(&std::fs::read_to_string(docs.join("schemas.md"))?);
    let mut wrong = Vec::new();
    for path in tree::files(&docs.join("schemas"))? {
        let name = path.strip_prefix(docs)?.to_string_lossy().into_owned();
        if !linked.contains(&name) {
            wrong.push(format!("docs/{name}: not in docs/schemas.md"));
        }
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_book_is_whole() {
        super::run(&crate::workspace::root(), super::Mode::Check).unwrap();
    }

    #[test]
    fn a_page_that_is_not_listed_is_told() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("SUMMARY.md"), "- [a](a.md)\n- [b](b.md)\n").unwrap();
        std::fs::write(dir.path().join("a.md"), "").unwrap();
        std::fs::write(dir.path().join("c.md"), "").unwrap();
        let wrong = super::unlisted(dir.path()).unwrap();
        assert_eq!(wrong.len(), 2, "{wrong:?}");
    }
}
