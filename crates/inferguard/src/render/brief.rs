//! A deployment in which nothing is wrong, in a few lines: whoever is woken needs no more, and
//! `--all` shows the rest.

use std::collections::BTreeMap;

use coverage_model::Status;

use super::check::{claim, span};
use super::text::{Sheet, count, plural, safe};
use crate::measures::ratio_title;
use crate::packet::ArtifactKind;
use crate::report::{Answer, CheckReport, Traffic};

/// Whether the report can be told in brief: nothing is wrong, missing or unread.
pub(super) fn fits(report: &CheckReport) -> bool {
    report.answer == Answer::NothingWrongInWhatWasSeen
        && report.findings.iter().all(|f| f.severity == "info")
        && report.families.iter().all(|f| f.status != Status::Missing)
        && report.inputs.iter().all(|input| {
            let told = matches!(input.kind, ArtifactKind::Labels | ArtifactKind::Empty);
            input.issues.is_empty() && (input.read || told)
        })
}

/// What runs, what it hits, which signals are there, what is left open.
pub(super) fn lines(sheet: &mut Sheet, report: &CheckReport) {
    runs(sheet, report);
    hits(sheet, report);
    let mut by_status: BTreeMap<&str, usize> = BTreeMap::new();
    for family in &report.families {
        *by_status.entry(family.status.name()).or_default() += 1;
    }
    let of = |name: &str| by_status.get(name).copied().unwrap_or_default();
    sheet.entry(
        "SIGNALS",
        &format!(
            "{} populated, {} zero, {} not emitted, 0 missing, {} unknown",
            of("populated"),
            of("zero"),
            of("not_emitted"),
            of("unknown")
        ),
    );
    let mut more = Vec::new();
    if !report.findings.is_empty() {
        more.push(plural(report.findings.len(), "remark"));
    }
    more.push("--all shows everything".into());
    sheet.entry("MORE", &more.join("; "));
}

fn runs(sheet: &mut Sheet, report: &CheckReport) {
    let releases: Vec<String> = [
        ("LMCache", &report.releases.lmcache),
        ("vLLM", &report.releases.vllm),
        ("SGLang", &report.releases.sglang),
    ]
    .into_iter()
    .filter_map(|(name, row)| Some(format!("{name} {}", span(row.as_ref()?))))
    .collect();
    let flows = report.targets.iter().any(|t| t.traffic == Traffic::Flowing);
    sheet.entry(
        "RUNS",
        &safe(&format!(
            "{} ({}), {}; {}",
            report.architecture.headline,
            claim(report.mode_claim),
            if releases.is_empty() { "release unknown".into() } else { releases.join(", ") },
            if flows { "traffic flows" } else { "no traffic between the scrapes" }
        )),
    );
}

/// Each ratio over all windows of its process, restarts left out.
fn hits(sheet: &mut Sheet, report: &CheckReport) {
    let mut label = "HIT RATE";
    for target in &report.targets {
        let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for ratio in target.measures.windows.iter().flat_map(|w| &w.ratios) {
            let sum = sums.entry(&ratio.ratio).or_default();
            sum.0 += ratio.hit;
            sum.1 += ratio.requested;
        }
        for (ratio, (hit, requested)) in sums.into_iter().filter(|(_, (_, asked))| *asked > 0.0) {
            sheet.entry(
                label,
                &safe(&format!(
                    "{}: {}, {} of {} tokens ({:.1} %)",
                    target.role,
                    ratio_title(ratio),
                    count(hit),
                    count(requested),
                    hit / requested * 100.0
                )),
            );
            label = "";
        }
    }
}
