//! `cargo xtask cases DIR`: the diagnosis against field cases and labelled packets.
//!
//! Each case's evidence, never its answer, is copied to a fresh directory and judged as
//! `inferguard check` does.

mod judge;
mod tally;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use inferguard::packet::{Input, Limits, open};
use inferguard::report::{CheckReport, Options, check};
use lmcache_prom::contract::Catalog;
use serde_json::Value;

use crate::tree;

pub(crate) use judge::{Verdict, judge};
pub(crate) use tally::Tally;

/// Files that hold the labels; of two the first.
const LABELS: &[&str] = &["case.json", "truth.json"];

/// Files that hold the answer.
const ANSWERS: &[&str] = &["case.json", "truth.json", "manifest.json", "fixture.json"];

/// Runs over a tree and prints what came out; as one JSON object with `json`.
pub(crate) fn run(root: &Path, json: bool) -> Result<()> {
    let tally = all(root)?;
    if json {
        println!("{}", serde_json::to_string_pretty(&tally)?);
    } else {
        print!("{}", tally.text());
    }
    Ok(())
}

/// Judges everything under a directory.
pub(crate) fn all(root: &Path) -> Result<Tally> {
    let dirs = tree::holding(root, LABELS)?;
    ensure!(!dirs.is_empty(), "{}: no case.json and no truth.json", root.display());
    let catalog = Catalog::new();
    let mut verdicts = Vec::new();
    for dir in &dirs {
        let Some(label) = LABELS.iter().find(|name| dir.join(name).is_file()) else { continue };
        let text = std::fs::read_to_string(dir.join(label))
            .with_context(|| format!("{}", dir.join(label).display()))?;
        let label: Value =
            serde_json::from_str(&text).with_context(|| format!("{}", dir.display()))?;
        let name = dir.strip_prefix(root).unwrap_or(dir).display().to_string();
        verdicts.push(judge(&name, &label, &report(&catalog, dir)?));
    }
    Ok(Tally::of(verdicts))
}

/// The report on a copy of a directory without its answers.
fn report(catalog: &Catalog, dir: &Path) -> Result<CheckReport> {
    let copy = tempfile::tempdir()?;
    copy_evidence(dir, copy.path())?;
    let packet = open(&[Input::Path(copy.path().to_path_buf())], &Limits::default());
    Ok(check(catalog, packet, &Options::default()))
}

fn copy_evidence(from: &Path, to: &Path) -> Result<()> {
    for entry in std::fs::read_dir(from).with_context(|| format!("{}", from.display()))? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            let inner = to.join(&name);
            std::fs::create_dir_all(&inner)?;
            copy_evidence(&path, &inner)?;
        } else if !ANSWERS.iter().any(|a| name == *a) {
            std::fs::copy(&path, to.join(&name)).with_context(|| format!("{}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Cases whose required cause is not named first, each with why.
    const NOT_FIRST: &[&str] = &[
        // The engine's own cache covers the reuse as well, and more speaks for it.
        "025-num-vllm-hit-tokens-zero",
    ];

    #[test]
    fn field_cases_are_diagnosed_as_agreed() {
        let tally = all(&crate::workspace::root().join("fixtures/cases")).unwrap();
        let wrong: Vec<&str> =
            tally.cases.iter().filter(|c| !c.holds()).map(|c| c.name.as_str()).collect();
        assert!(wrong.is_empty(), "{}", tally.text());
        assert_eq!((tally.problems.hit, tally.problems.of), (49, 49));
        assert_eq!((tally.healthy.hit, tally.healthy.of), (11, 11));
        assert_eq!((tally.modes.hit, tally.modes.of), (60, 60));
        assert_eq!(tally.forbidden, 0);
        assert!(tally.causes_per_problem <= 1.2, "{}", tally.causes_per_problem);
        let late: Vec<&str> = tally
            .cases
            .iter()
            .filter(|c| !c.wanted.is_empty() && c.rank != Some(1))
            .map(|c| c.name.as_str())
            .collect();
        assert_eq!(late, NOT_FIRST);
    }

    /// Cases of our own that are not diagnosed as their authors say, each with what is missing.
    const OPEN: &[&str] = &[
        // A model whose cache specifications LMCache refuses, in words of its own.
        "h-h06-nemotron-keeps-all-mamba-states",
        // A store that commits nothing, told by the server's benchmark.
        "h-h17-commit-with-an-empty-payload",
        // SGLang's in-process adapter, and keys that differ by its own hash.
        "i-i01-sglang-pods-never-share-over-redis",
        // The hybrid manager is off and costs concurrency: a remark, which should be a warning.
        "i-i04-sliding-window-model-loses-its-concurrency",
        // An engine that ends while it starts: the mode stays unknown.
        "i-i07-two-offloading-children-one-registry",
        // A host pool that holds what the device pool holds.
        "i-i17-host-pool-repeats-the-device-pool",
        // An adapter that gave up and is never asked again: named as a store that fails.
        "i-i18-l2-stays-off-after-a-short-stall",
    ];

    #[test]
    fn cases_of_our_own_are_diagnosed_as_agreed() {
        let tally = all(&crate::workspace::root().join("fixtures/own-cases")).unwrap();
        let mut wrong: Vec<&str> =
            tally.cases.iter().filter(|c| !c.holds()).map(|c| c.name.as_str()).collect();
        wrong.sort_unstable();
        assert_eq!(wrong, OPEN, "{}", tally.text());
        assert_eq!(tally.healthy.hit, tally.healthy.of);
        assert_eq!(tally.forbidden, 0);
        assert!(tally.causes_per_problem <= 1.3, "{}", tally.causes_per_problem);
    }

    #[test]
    fn a_wrong_answer_is_counted_as_wrong() {
        let report = report(
            &Catalog::new(),
            &crate::workspace::root().join("fixtures/cases/012-old-connector-name"),
        )
        .unwrap();
        let label = |must: &str, severity: &str| {
            serde_json::json!({"kind": "problem", "expected": {"mode": "vllm_mp_lmcache",
                "must_find": [must], "may_find": [], "must_not_find": ["connector-name-unknown"], "severity": severity}})
        };
        let verdict = judge("x", &label("hash-seed-unset", "high"), &report);
        assert_eq!(verdict.missed, ["hash-seed-unset"]);
        assert_eq!(verdict.false_alarms.len(), 1);
        assert!(!verdict.mode_is_right());
        // The right cause at another severity is a miss too.
        assert!(!judge("x", &label("connector-name-unknown", "low"), &report).missed.is_empty());
        assert!(
            judge("x", &label("connector-name-unknown", "critical"), &report).missed.is_empty()
        );
    }
}
