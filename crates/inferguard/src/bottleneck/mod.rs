//! `inferguard diagnose-bottleneck`: what a load is bound by, and what is wrong with LMCache
//! beside it.
//!
//! `job` reads the directory, `measures` and `pages` take numbers from it, `rules` decide, and
//! `verdict` says what.
//! What LMCache's evidence says never changes the verdict: it is listed beside it.

mod beside;
mod documents;
mod job;
mod launch;
mod measures;
mod pages;
mod probes;
mod report;
mod rules;
mod thresholds;
mod verdict;

use std::path::{Path, PathBuf};

use coverage_model::Claim;
use evidence_redact::{Redactor, Salt};
use lmcache_prom::contract::Catalog;
use serde_json::Value;

pub use documents::ParseError;
pub use report::{BottleneckReport, Downgrade, EvidenceRow, LmcacheFinding, RuleRow};
pub use thresholds::{ConfigError, THRESHOLDS, Threshold, ThresholdRow, Thresholds};
pub use verdict::Verdict;

use self::job::Job;
use self::launch::LaunchFailure;
use self::measures::{Number, Numbers};
use self::probes::next_probe;
use self::rules::{Inputs, RULES};
use self::verdict::{Fired, Outcome, claim};
use crate::packet::{Artifact, ArtifactKind, Input, Limits, open};
use crate::report::{Options, Settings, Tool, check};

/// Most requests that support a verdict.
const SUPPORTING: usize = 5;
/// Most confidence in a verdict from a packet's pages: a few scrapes are no timeline.
const PACKET_CONFIDENCE: f64 = 0.6;

/// What is to be diagnosed.
#[derive(Debug, Clone, Default)]
pub struct DiagnoseRequest {
    /// Job directory or packet.
    pub job_dir: PathBuf,
    /// Validation report that the user named.
    pub validation_report: Option<PathBuf>,
    /// Thresholds in force.
    pub thresholds: Thresholds,
    /// What LMCache's rules are asked with.
    pub settings: Settings,
}

/// Why nothing can be diagnosed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiagnoseError {
    /// No such directory.
    #[error("{0}: there is no such directory")]
    Missing(PathBuf),
    /// A file.
    #[error("{0}: it is a file; a job directory or a packet is needed")]
    NotADirectory(PathBuf),
    /// Nothing in it could be used.
    #[error("{0}: nothing in it could be read")]
    NothingUsable(PathBuf, Vec<ParseError>),
}

/// Diagnoses a job directory or a packet.
pub fn diagnose(
    catalog: &Catalog,
    request: &DiagnoseRequest,
) -> Result<BottleneckReport, DiagnoseError> {
    let dir = &request.job_dir;
    match std::fs::metadata(dir) {
        Ok(meta) if meta.is_dir() => {}
        Ok(_) => return Err(DiagnoseError::NotADirectory(dir.clone())),
        Err(_) => return Err(DiagnoseError::Missing(dir.clone())),
    }
    let packet = open(&[Input::Path(dir.clone())], &Limits::default());
    let mut job = Job::read(dir, request.validation_report.as_deref());
    if job.requests.is_empty() && !job.has_layout {
        for artifact in packet.artifacts.iter().filter(|a| a.kind == ArtifactKind::Requests) {
            job.add_requests(Path::new(&artifact.path));
        }
    }
    if job.evidence_paths.is_empty() && !packet.is_usable() {
        return Err(DiagnoseError::NothingUsable(dir.clone(), job.parse_errors));
    }
    let checked = check(
        catalog,
        packet,
        &Options { settings: request.settings.clone(), ..Options::default() },
    );
    let mut numbers = measures::take(&job);
    if !job.has_layout {
        pages::take(&checked, &mut numbers);
        measures::shares(&mut numbers);
    }
    for artifact in checked.inputs.iter().filter(|a| a.read) {
        if !job.evidence_paths.contains(&artifact.path) {
            job.evidence_paths.push(artifact.path.clone());
        }
    }
    let failure = match launch::read(&job) {
        Err(()) => launch::from_findings(&checked.findings).map(Some).ok_or(()),
        told => told,
    };
    let inputs = Inputs {
        numbers: &numbers,
        thresholds: &request.thresholds,
        launch: match &failure {
            Ok(failure) => Ok(failure.as_ref()),
            Err(()) => Err(()),
        },
        is_job: job.has_layout,
        missing: &job.missing,
    };
    let answers: Vec<(&'static str, Outcome)> =
        RULES.iter().map(|(name, rule)| (*name, rule(&inputs))).collect();
    let fired = answers.iter().find_map(|(_, outcome)| match outcome {
        Outcome::Fires(fired) => Some(fired.clone()),
        _ => None,
    });
    let fired = fired.unwrap_or_else(|| none_fired(&answers));
    let redactor = Redactor::new(Salt::new(*b"one report, one salt")).ok();
    let mut findings: Vec<LmcacheFinding> = checked
        .findings
        .into_iter()
        .map(|finding| LmcacheFinding { found_by: "evidence".into(), finding })
        .collect();
    if let Some(compat) = &job.compat {
        // Behind what was judged here, which is ranked by the rules.
        let mut more = beside::read(compat, &findings, redactor.as_ref());
        let order = |s: &str| ["critical", "warning", "info"].iter().position(|x| *x == s);
        more.sort_by_key(|f| order(&f.finding.severity));
        findings.extend(more);
    }
    let failure = failure.ok().flatten();
    let (confidence, confidence_because) = confidence(&fired, &numbers, job.has_layout);
    Ok(BottleneckReport {
        schema_version: BottleneckReport::SCHEMA.into(),
        tool: Tool::this(),
        job_id: job.id(),
        layout: if job.has_layout { "job" } else { "packet" }.into(),
        verdict: fired.verdict,
        confidence,
        confidence_because,
        claim_status: claim(&numbers, &fired),
        rule_fired: fired.rule.into(),
        reasoning: sentence(&fired, &answers),
        recommended_next_probe: next_probe(fired.rule).into(),
        primary_evidence: evidence(&numbers, fired.primary, failure.as_ref()),
        secondary_evidence: evidence(&numbers, fired.secondary, None),
        supporting_request_rows: supporting(&job, fired.verdict),
        metric_values: metric_values(&numbers),
        downgrades: downgrades(&fired, &numbers),
        rules: answers.into_iter().map(rule_row).collect(),
        thresholds: request.thresholds.rows(),
        missing_inputs: job.missing,
        parse_errors: job.parse_errors,
        evidence_paths: job.evidence_paths,
        lmcache_mode: checked.mode,
        configuration: request.settings.in_force(),
        lmcache_findings: findings,
        lmcache_not_evaluable: checked.not_evaluable,
        inputs: checked.inputs.into_iter().filter(|a| !is_own(a)).collect(),
    })
}

/// Names of what this command writes.
pub const WRITTEN: [&str; 2] = ["bottleneck_diagnosis.json", "bottleneck_diagnosis.md"];

/// Whether this tool wrote it: an earlier diagnosis is no evidence.
fn is_own(artifact: &Artifact) -> bool {
    let name = Path::new(&artifact.path).file_name();
    artifact.kind == ArtifactKind::Report && name.is_some_and(|n| WRITTEN.iter().any(|o| n == *o))
}

fn none_fired(answers: &[(&'static str, Outcome)]) -> Fired {
    let open = answers.iter().filter(|(_, o)| matches!(o, Outcome::NotEvaluable(_))).count();
    Fired {
        rule: "no_rule_fired",
        verdict: Verdict::NotEnoughEvidence,
        confidence: 0.0,
        because: if open == 0 {
            "every rule could be evaluated, and none applies".into()
        } else {
            format!("no rule applies, and {open} of {} could not be evaluated", answers.len())
        },
        primary: &[],
        secondary: &[],
        downgrade: None,
    }
}

/// Why, and which other rules of later order would have fired.
fn sentence(fired: &Fired, answers: &[(&'static str, Outcome)]) -> String {
    let mut out = capital(&fired.because);
    out.push('.');
    let others: Vec<&str> = answers
        .iter()
        .filter_map(|(_, outcome)| match outcome {
            Outcome::Fires(other) if other.rule != fired.rule => Some(other.rule),
            _ => None,
        })
        .collect();
    if !others.is_empty() {
        out.push_str(" These rules apply too: ");
        out.push_str(&others.join(", "));
        out.push('.');
    }
    out
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

fn rule_row((rule, outcome): (&'static str, Outcome)) -> RuleRow {
    let (outcome, because) = match outcome {
        Outcome::Fires(fired) if fired.rule == rule => ("fires", fired.because),
        Outcome::Fires(fired) => ("fires", format!("{}: {}", fired.rule, fired.because)),
        Outcome::Clear(because) => ("clear", because),
        Outcome::NotEvaluable(missing) => {
            ("not_evaluable", format!("missing: {}", missing.join(", ")))
        }
    };
    RuleRow { rule: rule.into(), outcome: outcome.into(), because }
}

fn confidence(fired: &Fired, numbers: &Numbers, is_job: bool) -> (f64, Vec<String>) {
    let mut because = Vec::new();
    let mut confidence = fired.confidence;
    if confidence == 0.0 {
        return (confidence, because);
    }
    because.push(format!("{}: {confidence:.2} by default", fired.rule));
    if !is_job && fired.verdict != Verdict::ModelLaunchBound && confidence > PACKET_CONFIDENCE {
        confidence = PACKET_CONFIDENCE;
        because.push(format!(
            "at most {PACKET_CONFIDENCE:.2}: a packet's scrapes are not a timeline of the load"
        ));
    }
    let last: Vec<&str> = fired
        .primary
        .iter()
        .filter(|id| numbers.get(id).is_some_and(|n| n.stat == "last"))
        .copied()
        .collect();
    if !last.is_empty() {
        because.push(format!("only the last value is known of {}", last.join(", ")));
    }
    (confidence, because)
}

fn evidence(
    numbers: &Numbers,
    ids: &[&'static str],
    failure: Option<&LaunchFailure>,
) -> Vec<EvidenceRow> {
    let mut out: Vec<EvidenceRow> = failure
        .map(|f| EvidenceRow {
            metric: f.metric.clone(),
            source: f.source.clone(),
            claim_status: Claim::Measured,
            value: None,
            value_p95: None,
            note: Some(f.value.clone()),
        })
        .into_iter()
        .collect();
    out.extend(ids.iter().filter_map(|id| numbers.get(id)).map(row));
    out
}

fn row(number: &Number) -> EvidenceRow {
    let p95 = number.stat == "p95";
    let over = number.samples.map_or_else(String::new, |n| format!(" of {n} samples"));
    EvidenceRow {
        metric: number.metric.clone(),
        source: number.source.clone(),
        claim_status: number.claim,
        value: (!p95).then_some(number.value),
        value_p95: p95.then_some(number.value),
        note: Some(format!("{}{over}", number.stat)),
    }
}

/// The requests that show a verdict most, by their ids.
fn supporting(job: &Job, verdict: Verdict) -> Vec<String> {
    let weight = |r: &job::Request| match verdict {
        Verdict::PrefillBound => r.ttft,
        Verdict::DecodeBound => r.tpot,
        Verdict::NotEnoughEvidence | Verdict::ModelLaunchBound => None,
        _ => r.e2e,
    };
    let mut rows: Vec<(f64, &str)> =
        job.requests.iter().filter_map(|r| Some((weight(r)?, r.id.as_deref()?))).collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    rows.into_iter().take(SUPPORTING).map(|(_, id)| id.to_owned()).collect()
}

fn metric_values(numbers: &Numbers) -> std::collections::BTreeMap<String, Value> {
    let mut out: std::collections::BTreeMap<String, Value> =
        numbers.iter().map(|(id, number)| (id.to_owned(), Value::from(number.value))).collect();
    if let Some(source) = &numbers.kv_usage_source {
        out.insert("kv_cache.usage_fraction_source".into(), Value::from(source.clone()));
    }
    out
}

fn downgrades(fired: &Fired, numbers: &Numbers) -> Vec<Downgrade> {
    let mut out = Vec::new();
    if let Some((claim_id, reason)) = fired.downgrade {
        out.push(Downgrade {
            claim_id: claim_id.into(),
            from: "inferred".into(),
            to: claim(numbers, fired).name().into(),
            reason: reason.into(),
        });
    }
    out
}
