//! A deployment in which nothing is wrong, in five lines: whoever is woken needs no more, and
//! `--all` shows the rest.

use coverage_model::Status;

use super::running::{claim, named};
use super::text::{LABEL, Sheet, Style, count, plural, safe, seconds, shown_len, styled};
use crate::packet::ArtifactKind;
use crate::report::{Answer, CheckReport, ReleaseRow, TargetRow, Traffic};

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

/// The answer; what runs; what was read; what hits; what is left open.
pub(super) fn lines(sheet: &mut Sheet, report: &CheckReport) {
    let clear = plural(report.silent_rules.clear.len(), "rule");
    let head = styled(Style::Good, "NOTHING WRONG IN WHAT WAS SEEN");
    sheet.raw(&format!("{head}: {clear} clear, none above a remark"));
    super::configuration::entry(sheet, report.configuration.as_ref());
    runs(sheet, report);
    read(sheet, report);
    tokens(sheet, &report.targets);
    open(sheet, report);
}

fn runs(sheet: &mut Sheet, report: &CheckReport) {
    let mut parts =
        vec![format!("{} ({})", report.architecture.headline, claim(report.mode_claim))];
    parts.extend(named(&report.releases).map(|(name, row)| format!("{name} {}", short_span(row))));
    sheet.entry("RUNS", &safe(&parts.join(", ")));
}

/// `0.5.6+` where a release is a lower bound.
fn short_span(row: &ReleaseRow) -> String {
    match (&row.min, &row.max) {
        (Some(a), None) if row.newer_than_catalog.is_none() && !row.or_older => format!("{a}+"),
        _ => super::running::span(row),
    }
}

fn read(sheet: &mut Sheet, report: &CheckReport) {
    let scrapes: usize = report.targets.iter().map(|t| t.measures.scrapes.len()).sum();
    let times = || report.targets.iter().flat_map(|t| t.measures.scrapes.iter().map(|s| s.at));
    let length = match (
        times().flatten().reduce(f64::min),
        times().flatten().reduce(f64::max),
        times().all(|at| at.is_some()),
    ) {
        (Some(first), Some(last), true) if last > first => {
            format!(" in {}", seconds(last - first))
        }
        _ => String::new(),
    };
    let of = |status| report.families.iter().filter(|f| f.status == status).count();
    sheet.entry(
        "READ",
        &format!(
            "{}, {}{length}; {} populated, 0 missing",
            plural(report.inputs.len(), "input"),
            plural(scrapes, "scrape"),
            plural(of(Status::Populated), "family"),
        ),
    );
}

/// What hits are of, in the order in which they are told: a product, and what of it.
const RATIOS: [(&str, &str, &str); 6] = [
    ("lookup_hit_rate", "LMCache", "hit"),
    ("blend_lookup_hit_rate", "CacheBlend", "hit"),
    ("embedded_lookup_hit_rate", "LMCache", "hit"),
    ("embedded_retrieve_hit_rate", "LMCache", "retrieved"),
    ("external_prefix_hit_rate", "vLLM", "external"),
    ("local_prefix_hit_rate", "vLLM", "own"),
];

/// Hit tokens over all windows and processes, restarts left out: the first ratio with its numbers, as
/// many of the others as the line holds. Without any, whether there was traffic.
fn tokens(sheet: &mut Sheet, targets: &[TargetRow]) {
    let (mut line, mut last, mut left) = (String::new(), "", false);
    for (id, product, what) in RATIOS {
        let (mut hit, mut asked) = (0.0, 0.0);
        let windows = targets.iter().flat_map(|t| &t.measures.windows);
        for ratio in windows.flat_map(|w| &w.ratios).filter(|r| r.ratio == id) {
            hit += ratio.hit;
            asked += ratio.requested;
        }
        if asked <= 0.0 {
            continue;
        }
        let share = hit / asked * 100.0;
        let more = if line.is_empty() {
            format!("{product} {what} {} of {} ({share:.1} %)", count(hit), count(asked))
        } else if last == product {
            format!(", {what} {share:.0} %")
        } else {
            format!("; {product} {what} {share:.0} %")
        };
        if line.is_empty() || shown_len(&line) + shown_len(&more) + LABEL + 3 <= sheet.width() {
            line.push_str(&more);
            last = product;
        } else {
            left = true;
        }
    }
    if left {
        line.push_str(" ..");
    }
    if line.is_empty() {
        let any = |traffic| targets.iter().any(|t: &TargetRow| t.traffic == traffic);
        line = if any(Traffic::Flowing) {
            "traffic flows; no token was looked up between two scrapes".into()
        } else if targets.iter().any(|t| t.measures.scrapes.len() > 1) {
            "no traffic between the scrapes".into()
        } else {
            "had traffic; one scrape gives no rates".into()
        };
    }
    sheet.entry("TOKENS", &line);
}

fn open(sheet: &mut Sheet, report: &CheckReport) {
    let unknown = report.families.iter().filter(|f| f.status == Status::Unknown).count();
    let mut parts = Vec::new();
    for (n, what) in [
        (report.findings.len(), "remark"),
        (report.not_evaluable.len(), "question"),
        (unknown, "unknown family"),
    ] {
        if n > 0 {
            parts.push(plural(n, what));
        }
    }
    let left = if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") };
    sheet.entry("OPEN", &format!("{left}: check --all tells them"));
}
