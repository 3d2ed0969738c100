//! One report against one label.

use std::collections::BTreeSet;

use inferguard::report::CheckReport;
use serde::Serialize;
use serde_json::Value;

/// How one case came out.
#[derive(Debug, Serialize)]
pub(crate) struct Verdict {
    /// Its directory.
    pub(crate) name: String,
    /// Nothing is wrong in it.
    pub(crate) healthy: bool,
    /// Causes, or for packets codes, that have to be named.
    pub(crate) wanted: Vec<String>,
    /// Of these, those that are named at their severity.
    pub(crate) hit: Vec<String>,
    /// Of these, those that are not named, or not at their severity.
    pub(crate) missed: Vec<String>,
    /// Place of the first wanted one among the findings, from 1.
    pub(crate) rank: Option<usize>,
    /// Causes that are named, in their order.
    pub(crate) causes: Vec<String>,
    /// Named above `info` although the evidence rules it out, or nothing is wrong.
    pub(crate) false_alarms: Vec<String>,
    /// Causes that the label neither asks for nor allows.
    pub(crate) unasked: Vec<String>,
    /// Headline that the label asks for, where it does.
    pub(crate) mode_wanted: Vec<String>,
    /// Headline of the report.
    pub(crate) mode: String,
    /// Kinds of evidence that decide, as the label says.
    pub(crate) evidence: Vec<String>,
}

impl Verdict {
    pub(crate) fn mode_is_right(&self) -> bool {
        self.mode_wanted.is_empty() || self.mode_wanted.contains(&self.mode)
    }

    pub(crate) fn holds(&self) -> bool {
        self.missed.is_empty() && self.false_alarms.is_empty() && self.mode_is_right()
    }
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(s) => vec![s.clone()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => vec![],
    }
}

/// Severities that are right for a label's severity; any for a label without one.
fn accepted(severity: &Value) -> &'static [&'static str] {
    match severity.as_str() {
        Some("critical") => &["critical"],
        Some("high" | "medium") => &["warning"],
        Some("low") => &["info", "warning"],
        _ => &["critical", "warning", "info"],
    }
}

/// Holds a report against a label: `case.json`, or a packet's `truth.json`.
pub(crate) fn judge(name: &str, label: &Value, report: &CheckReport) -> Verdict {
    let case = label.get("expected").is_some();
    let expected = if case { &label["expected"] } else { label };
    let wanted = strings(&expected["must_find"]);
    let may = strings(&expected["may_find"]);
    let must_not = strings(&expected["must_not_find"]);
    let any: Vec<Vec<String>> =
        expected["must_find_any"].as_array().into_iter().flatten().map(strings).collect();
    let severities = accepted(&expected["severity"]);
    let named = |what: &str, f: &diagnosis_rules::Finding| {
        f.code == what || f.cause.as_deref() == Some(what) || f.aliases.iter().any(|a| a == what)
    };
    let found = |what: &str| {
        report.findings.iter().any(|f| named(what, f) && severities.contains(&f.severity.as_str()))
    };
    let (mut hit, mut missed): (Vec<String>, Vec<String>) =
        wanted.iter().cloned().partition(|w| found(w));
    for list in &any {
        match list.iter().find(|w| found(w)) {
            Some(one) => hit.push(one.clone()),
            None => missed.push(format!("any of {}", list.join(", "))),
        }
    }
    let rank =
        report.findings.iter().position(|f| wanted.iter().any(|w| named(w, f))).map(|at| at + 1);
    let mut causes: Vec<String> = Vec::new();
    for cause in report.findings.iter().filter_map(|f| f.cause.clone()) {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    let healthy = if case {
        label["kind"] == "healthy" || wanted.is_empty()
    } else {
        label["healthy"] == true
    };
    let allowed = |f: &diagnosis_rules::Finding| {
        wanted.iter().chain(&may).chain(any.iter().flatten()).any(|w| named(w, f))
    };
    let mut false_alarms: BTreeSet<String> = BTreeSet::new();
    for finding in report.findings.iter().filter(|f| f.severity != "info") {
        if let Some(what) = must_not.iter().find(|w| named(w, finding)) {
            false_alarms.insert(format!("{what} ({})", finding.code));
        }
        // A healthy case must not be given a cause; a healthy packet nothing at all.
        let counts = !case || finding.cause.is_some();
        if healthy && counts && !allowed(finding) {
            false_alarms.insert(finding.code.clone());
        }
    }
    let unasked = report
        .findings
        .iter()
        .filter(|f| f.cause.is_some() && !allowed(f))
        .map(|f| format!("{}:{}", f.cause.as_deref().unwrap_or_default(), f.severity))
        .collect();
    let mode_wanted = if case {
        strings(&expected["mode"])
    } else {
        [
            strings(&label["architecture"]),
            strings(&label["architecture_also_accepted"]),
            strings(&label["also"]),
        ]
        .concat()
    };
    Verdict {
        name: name.to_owned(),
        healthy,
        wanted,
        hit,
        missed,
        rank,
        causes,
        false_alarms: false_alarms.into_iter().collect(),
        unasked,
        mode_wanted,
        mode: report.architecture.headline.clone(),
        evidence: strings(&label["deciding_evidence"]),
    }
}
