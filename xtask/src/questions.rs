//! `cargo xtask questions`: `docs/upstream-questions.md` from the table that the reports use.

use std::path::Path;

use anyhow::Result;
use inferguard::report::questions_document;

use crate::generated::{Mode, ensure_contents};

/// Regenerates or checks the document.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<()> {
    let path = root.join("docs/upstream-questions.md");
    ensure_contents(&path, &questions_document(), mode, "cargo xtask questions")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use inferguard::packet::{Input, Limits, open};
    use inferguard::report::{CoverageOptions, QUESTIONS, coverage};
    use lmcache_prom::contract::Catalog;

    /// A question names exactly the fixtures that raise it: none is offered that nothing backs.
    #[test]
    fn every_question_names_the_fixtures_that_raise_it() {
        let catalog = Catalog::new();
        let mut raised: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let packets = crate::workspace::root().join("fixtures/packets");
        for entry in std::fs::read_dir(packets).unwrap() {
            let dir = entry.unwrap().path();
            if !dir.is_dir() {
                continue;
            }
            let name = dir.file_name().unwrap().to_string_lossy().into_owned();
            let packet = open(&[Input::Path(dir)], &Limits::default());
            let report = coverage(&catalog, packet, &CoverageOptions::default());
            for question in report.upstream_questions {
                assert!(question.text.contains("Seen:\n- "), "{name}: {}", question.code);
                assert!(!question.text.contains('/') || !question.text.contains("packets/"));
                raised.entry(question.code).or_default().insert(name.clone());
            }
        }
        let mut wrong = Vec::new();
        for question in QUESTIONS {
            let named: BTreeSet<String> =
                question.fixtures.iter().map(|f| (*f).to_owned()).collect();
            let by = raised.remove(question.code).unwrap_or_default();
            if named != by {
                wrong.push(format!("{}: named {named:?}, raised by {by:?}", question.code));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
