//! Every rule against every fixture: what each answers, and silence where nothing is wrong.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use diagnosis_rules::RULES;
use inferguard::packet::{Input, Limits, open};
use inferguard::report::{CheckReport, Finding, Options, check};
use lmcache_prom::contract::Catalog;
use serde_json::Value;

/// One packet or case.
struct Fixture {
    /// Its directory below `fixtures/`.
    name: String,
    /// What people say of it, where they do.
    label: Option<Value>,
    report: CheckReport,
}

impl Fixture {
    /// Whether people say that nothing is wrong in it.
    fn is_healthy(&self) -> bool {
        let says = |label: &Value| label["healthy"] == true || label["kind"] == "healthy";
        self.label.as_ref().is_some_and(says)
    }

    /// Whether people say that a finding is true of it.
    fn allows(&self, finding: &Finding) -> bool {
        let Some(label) = &self.label else { return false };
        let label = label.get("expected").unwrap_or(label);
        let lists = ["must_find", "may_find", "must_find_any"].map(|key| label[key].to_string());
        let quoted = |name: &str| format!("\"{name}\"");
        let names = [Some(finding.code.as_str()), finding.cause.as_deref()];
        let aliases = finding.aliases.iter().map(String::as_str);
        names
            .into_iter()
            .flatten()
            .chain(aliases)
            .any(|name| lists.iter().any(|list| list.contains(&quoted(name))))
    }
}

/// Everything below `fixtures`, judged once.
static FIXTURES: LazyLock<Vec<Fixture>> = LazyLock::new(fixtures);

fn fixtures() -> Vec<Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let catalog = Catalog::new();
    let mut out = Vec::new();
    for kind in ["packets", "cases", "own-cases"] {
        let mut dirs: Vec<PathBuf> = std::fs::read_dir(root.join(kind))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir())
            .collect();
        dirs.sort();
        for dir in dirs {
            let label = ["case.json", "truth.json"]
                .iter()
                .find_map(|name| std::fs::read(dir.join(name)).ok())
                .map(|bytes| serde_json::from_slice(&bytes).unwrap());
            let name = format!("{kind}/{}", dir.file_name().unwrap().to_str().unwrap());
            let copy = tempfile::tempdir().unwrap();
            copy_evidence(&dir, copy.path());
            let packet = open(&[Input::Path(copy.path().to_path_buf())], &Limits::default());
            let report = check(&catalog, packet, &Options::default());
            out.push(Fixture { name, label, report });
        }
    }
    out
}

/// Copies a directory without what people say of it.
fn copy_evidence(from: &Path, to: &Path) {
    const ANSWERS: [&str; 3] = ["case.json", "truth.json", "fixture.json"];
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            std::fs::create_dir(to.join(name)).unwrap();
            copy_evidence(&path, &to.join(name));
        } else if !ANSWERS.contains(&name) {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// One letter for each answer of a rule.
fn letters(report: &CheckReport) -> BTreeMap<&str, char> {
    let mut out = BTreeMap::new();
    for finding in &report.findings {
        let letter = match finding.severity.as_str() {
            "critical" => 'C',
            "warning" => 'W',
            _ => 'i',
        };
        out.insert(finding.code.as_str(), letter);
    }
    let silent = &report.silent_rules;
    for (codes, letter) in
        [(&silent.clear, '.'), (&silent.ruled_out, 'x'), (&silent.not_applicable, '-')]
    {
        out.extend(codes.iter().map(|code| (code.as_str(), letter)));
    }
    for row in &report.not_evaluable {
        out.entry(&row.code).or_insert('?');
    }
    out
}

/// Codes in lines of about a hundred columns.
fn wrapped(codes: &[&str]) -> String {
    let mut out = String::new();
    let mut width = 0;
    for code in codes {
        if width > 0 && width + code.len() > 100 {
            out.push_str("\n       ");
            width = 0;
        }
        out.push(' ');
        out.push_str(code);
        width += code.len() + 1;
    }
    out
}

const HEAD: &str = "\
A block a fixture: its findings with their severity, then the rules that it rules out (x), cannot
answer (?) and to which it is no question (-). All other rules are clear.
";

#[test]
fn all_rules_on_all_fixtures() {
    let fixtures = &*FIXTURES;
    let rows: Vec<BTreeMap<&str, char>> = fixtures.iter().map(|f| letters(&f.report)).collect();
    let mut out = HEAD.to_owned();
    for (fixture, row) in fixtures.iter().zip(&rows) {
        writeln!(out, "\n{}", fixture.name).unwrap();
        for f in &fixture.report.findings {
            let cause = f.cause.as_deref().map_or_else(String::new, |c| format!(", cause {c}"));
            writeln!(out, "    {} {}{cause}", f.severity, f.code).unwrap();
        }
        // A rule that no answer names would be a rule that nobody asked.
        let answer =
            |code: &str| *row.get(code).unwrap_or_else(|| panic!("{}: {code}", fixture.name));
        for letter in ['x', '?', '-'] {
            let codes: Vec<&str> =
                RULES.iter().map(|r| r.code).filter(|code| answer(code) == letter).collect();
            if !codes.is_empty() {
                writeln!(out, "    {letter}{}", wrapped(&codes)).unwrap();
            }
        }
    }
    insta::assert_snapshot!("rules-by-fixtures", out);
}

/// Remarks that evidence of a healthy deployment carries, each with why it is one.
const REMARKS: &[(&str, &str)] = &[
    ("engine_cache_mismatch_external_not_lmcache", "another connector loads: not LMCache's"),
    ("metric_known_wrong", "a retrieve hit rate of 1 misleads whoever reads it, in health too"),
    ("sglang_hicache_not_lmcache", "HiCache works alone: not to be taken for LMCache"),
    (
        "gpu_cache_covers_reuse",
        "the engine's own cache serves what is reused: LMCache rightly idles",
    ),
    (
        "lmcache_embedded_zero_hit_rate_after_replay",
        "prompts at random never repeat: zero is right",
    ),
    (
        "lmcache_lookup_hash_incomplete",
        "rows come after their lookups: some are always outstanding",
    ),
    ("lmcache_mp_cache_salt_empty", "one tenant needs no salt, and several do"),
    ("lmcache_mp_engine_driven_transfers", "says why series are absent that one would look for"),
    ("lmcache_mp_l1_eviction_pressure", "a full cache that hits evicts: it works"),
    (
        "lmcache_mp_low_hit_rate_after_warmup",
        "documents that are read once: the rate is what the prompts allow",
    ),
    ("lmcache_mp_cache_salt_quota_risk", "tenants near their quota and within it: to be known"),
    ("lmcache_mp_trace_recording_enabled_without_lct", "the trace is there and was not given"),
    ("lmcache_reuse_bound_reached", "the cache is large enough: good news"),
    ("vllm_l0_excluded_caveat", "both sides count rightly: a reader must not add them up"),
    ("vllm_external_prefix_no_hits", "prompts at random never repeat: zero is right"),
];

#[test]
fn healthy_fixtures_are_silent() {
    let (mut wrong, mut remarked) = (Vec::new(), BTreeSet::new());
    let healthy: Vec<&Fixture> = FIXTURES.iter().filter(|f| f.is_healthy()).collect();
    assert!(healthy.len() >= 19, "{}", healthy.len());
    for fixture in healthy {
        for finding in &fixture.report.findings {
            if finding.severity == "info" {
                remarked.insert(finding.code.clone());
            } else if !fixture.allows(finding) {
                wrong.push(format!("{}: {} {}", fixture.name, finding.severity, finding.code));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let listed: BTreeSet<String> = REMARKS.iter().map(|(code, _)| (*code).to_owned()).collect();
    assert_eq!(remarked, listed, "remarks on healthy evidence, and those that are agreed");
}
