//! All rules against one view: findings, ranked.

use std::cmp::Reverse;

use coverage_model::Mode;

use crate::RULES;
use crate::finding::{Finding, NotEvaluable, RuledOut, SilentRules, ThresholdUsed};
use crate::need::Need;
use crate::outcome::{Hit, Outcome};
use crate::rule::{Context, Kind, Rule, Severity};
use crate::settings::Settings;
use crate::view::View;

/// What the rules say.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// Findings, the likeliest root cause first.
    pub findings: Vec<Finding>,
    /// Rules that the evidence could not answer.
    pub not_evaluable: Vec<NotEvaluable>,
    /// Rules that found nothing.
    pub silent: SilentRules,
}

/// Most places that a finding lists.
const MOST_PLACES: usize = 12;

/// Holds every rule against the evidence.
pub fn diagnose(view: &View<'_>, settings: &Settings) -> Diagnosis {
    let mut hits: Vec<(&'static Rule, Box<Hit>)> = Vec::new();
    let mut against: Vec<(&'static Rule, String)> = Vec::new();
    let mut not_evaluable = Vec::new();
    let mut silent = SilentRules::default();
    for rule in RULES {
        if settings.silences(rule.code) {
            silent.silenced.push(rule.code.to_owned());
            continue;
        }
        match ask(rule, view, settings) {
            Outcome::Finding(hit) => hits.push((rule, hit)),
            Outcome::RuledOut(why) => {
                silent.ruled_out.push(rule.code.to_owned());
                against.push((rule, why));
            }
            Outcome::NotEvaluable { why, settle } => not_evaluable.push(NotEvaluable {
                code: rule.code.to_owned(),
                why,
                would_settle: settle.into_iter().map(str::to_owned).collect(),
            }),
            Outcome::Clear => silent.clear.push(rule.code.to_owned()),
            Outcome::NotApplicable => silent.not_applicable.push(rule.code.to_owned()),
        }
    }
    let present: Vec<&'static Rule> = hits.iter().map(|(rule, _)| *rule).collect();
    let explains = |rule: &Rule, other: &Rule| {
        rule.code != other.code && rule.explains(other)
            // Of two that name each other the earlier one in the registry is the cause.
            && !(other.explains(rule) && position(other) < position(rule))
    };
    let mut ranked: Vec<(&'static Rule, Box<Hit>, usize, usize)> = hits
        .into_iter()
        .map(|(rule, hit)| {
            let told = present.iter().filter(|o| explains(rule, o)).count();
            let by = present.iter().filter(|o| explains(o, rule)).count();
            (rule, hit, told, by)
        })
        .collect();
    ranked.sort_by_key(|(rule, hit, told, by)| {
        let tier = match rule.kind {
            Kind::Cause => 0,
            Kind::Symptom => 2,
            Kind::Gap => 4,
        } + usize::from(*by > 0);
        (tier, Reverse(likelihood(rule, hit, *told)), position(rule))
    });
    let findings = ranked
        .into_iter()
        .map(|(rule, hit, _, _)| {
            let codes = |keep: &dyn Fn(&Rule) -> bool| {
                present.iter().filter(|o| keep(o)).map(|o| o.code.to_owned()).collect()
            };
            let ruled_out = against
                .iter()
                .filter(|(other, _)| crate::rule::names(rule.related, other))
                .map(|(other, why)| RuledOut {
                    code: other.code.to_owned(),
                    cause: other.cause.map(str::to_owned),
                    why: why.clone(),
                })
                .collect();
            finding(
                rule,
                &hit,
                settings,
                codes(&|o| explains(rule, o)),
                codes(&|o| explains(o, rule)),
                ruled_out,
            )
        })
        .collect();
    Diagnosis { findings, not_evaluable, silent }
}

fn position(rule: &Rule) -> usize {
    RULES.iter().position(|r| r.code == rule.code).unwrap_or(usize::MAX)
}

/// How likely it is the root of what is seen, in thousandths: what speaks for it, how much it
/// explains, how bad it is.
#[allow(clippy::cast_possible_truncation)]
fn likelihood(rule: &Rule, hit: &Hit, told: usize) -> i64 {
    let severity = match hit.severity.unwrap_or(rule.severity) {
        Severity::Critical => 0.3,
        Severity::Warning => 0.15,
        Severity::Info => 0.0,
    };
    ((hit.confidence() + severity + 0.1 * told.min(3) as f64) * 1000.0) as i64
}

fn ask(rule: &'static Rule, view: &View<'_>, settings: &Settings) -> Outcome {
    let mode = view.coverage.mode.mode;
    let fits = |m: &Mode| match mode {
        Mode::Unknown => true,
        Mode::Mixed => matches!(m, Mode::Mp | Mode::Embedded),
        Mode::Cacheblend => matches!(m, Mode::Mp | Mode::Cacheblend),
        other => *m == other,
    };
    if !rule.modes.is_empty() && !rule.modes.iter().any(fits) {
        return Outcome::NotApplicable;
    }
    let answer = (rule.evaluate)(&Context { view, rule, settings });
    // What is shown is shown, in whatever lane it stands. Only silence asks for the lanes that
    // would have spoken.
    let open = !rule.needs.is_empty() && !rule.needs.iter().any(|need| need.is_met(view));
    if open && !matches!(answer, Outcome::Finding(_)) {
        // What this mode has not got is not asked for.
        let needs: Vec<Need> = rule.needs.iter().copied().filter(|n| n.exists_in(mode)).collect();
        if needs.is_empty() {
            return Outcome::NotApplicable;
        }
        let names: Vec<&str> = needs.iter().map(|n| n.name()).collect();
        return Outcome::NotEvaluable {
            why: format!("{}: needs {}", rule.title, names.join(" or ")),
            settle: needs.iter().map(|n| n.settle()).collect(),
        };
    }
    answer
}

fn finding(
    rule: &Rule,
    hit: &Hit,
    settings: &Settings,
    explains: Vec<String>,
    explained_by: Vec<String>,
    ruled_out: Vec<RuledOut>,
) -> Finding {
    let mut evidence = Vec::new();
    // Each sign shows its first place before any shows its second.
    let most = hit.signs.iter().map(|s| s.sources.len()).max().unwrap_or(0);
    for nth in 0..most {
        for source in hit.signs.iter().filter_map(|s| s.sources.get(nth)) {
            if evidence.len() < MOST_PLACES && !evidence.contains(source) {
                evidence.push(source.clone());
            }
        }
    }
    Finding {
        code: rule.code.to_owned(),
        aliases: rule.aliases.iter().map(|a| (*a).to_owned()).collect(),
        severity: hit.severity.unwrap_or(rule.severity).name().to_owned(),
        kind: rule.kind.name().to_owned(),
        cause: rule.cause.map(str::to_owned),
        claim: hit.claim(),
        confidence: hit.confidence(),
        confidence_reasons: hit.signs.iter().map(|s| s.text.clone()).collect(),
        title: hit.title.clone().unwrap_or_else(|| rule.title.to_owned()),
        explanation: rule.explanation.to_owned(),
        evidence,
        thresholds: rule
            .thresholds
            .iter()
            .map(|t| ThresholdUsed {
                name: t.name.to_owned(),
                value: settings.get(rule.code, t),
                unit: t.unit.to_owned(),
            })
            .collect(),
        confirm: rule.confirm.to_owned(),
        action: hit.action.clone().unwrap_or_else(|| rule.action.to_owned()),
        explains,
        explained_by,
        ruled_out,
        customer_safe: rule.customer_safe,
    }
}
