//! `cargo xtask questions`: `docs/upstream-questions.md` from the table that the reports use.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use inferguard::packet::{Input, Limits, open};
use inferguard::report::{CoverageOptions, QUESTIONS, coverage, questions_document};
use lmcache_prom::contract::Catalog;

use crate::generated::{Mode, ensure_contents};
use crate::workspace;

/// Where a question names its fixtures.
const TABLE: &str = "crates/inferguard/src/report/coverage/questions.rs";

/// Regenerates or checks the document, and holds the table against the fixtures.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<()> {
    let path = root.join("docs/upstream-questions.md");
    ensure_contents(&path, &questions_document(), mode, "cargo xtask questions")?;
    let wrong = unlike(&workspace::packets())?;
    ensure!(wrong.is_empty(), "`fixtures: &[..]` in {TABLE}:\n{}", wrong.join("\n"));
    Ok(())
}

/// Questions that name other fixtures than those that raise them: none is offered that nothing
/// backs.
fn unlike(packets: &Path) -> Result<Vec<String>> {
    let catalog = Catalog::new();
    let mut raised: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in std::fs::read_dir(packets).with_context(|| packets.display().to_string())? {
        let dir = entry?.path();
        if !dir.is_dir() {
            continue;
        }
        let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let packet = open(&[Input::Path(dir)], &Limits::default());
        for question in coverage(&catalog, packet, &CoverageOptions::default()).upstream_questions {
            let fit = question.text.contains("Seen:\n- ") && !question.text.contains("packets/");
            ensure!(fit, "{name}: {}: its text says nothing seen, or a path", question.code);
            raised.entry(question.code).or_default().insert(name.clone());
        }
    }
    let mut wrong = Vec::new();
    for question in QUESTIONS {
        let named: BTreeSet<String> = question.fixtures.iter().map(|f| (*f).to_owned()).collect();
        let by = raised.remove(question.code).unwrap_or_default();
        if named != by {
            wrong.push(format!("{}: named {named:?}, raised by {by:?}", question.code));
        }
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_question_names_the_fixtures_that_raise_it() {
        let wrong = super::unlike(&crate::workspace::packets()).unwrap();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
