//! Findings of a compatibility report that another run made, as findings beside the verdict.

use coverage_model::Source;
use evidence_redact::{Kind, Redactor};
use serde_json::Value;

use super::job::Document;
use super::report::LmcacheFinding;
use crate::report::Finding;

/// The lists of such a report: key, severity where a row has none, kind.
const LISTS: &[(&str, &str, &str)] = &[
    ("failure_reasons", "warning", "gap"),
    ("diagnostic_findings", "warning", "symptom"),
    ("upstream_questions", "info", "gap"),
];

/// Most rows that are taken of one list.
const MOST: usize = 200;

/// Every row of the report whose code is not known yet.
pub(crate) fn read(
    report: &Document,
    known: &[LmcacheFinding],
    redactor: Option<&Redactor>,
) -> Vec<LmcacheFinding> {
    let mut out: Vec<LmcacheFinding> = Vec::new();
    let clean = |text: &str| match redactor {
        Some(redactor) => {
            String::from_utf8_lossy(redactor.redact(Kind::Text, text.as_bytes()).bytes())
                .into_owned()
        }
        // Nothing of a foreign report is shown unredacted.
        None => String::new(),
    };
    for (list, severity, kind) in LISTS {
        for row in
            report.value.get(*list).and_then(Value::as_array).into_iter().flatten().take(MOST)
        {
            let text = |key: &str| row.get(key).and_then(Value::as_str);
            let Some(code) = text("code") else { continue };
            let has = |f: &LmcacheFinding| {
                f.finding.code == code || f.finding.aliases.iter().any(|a| a == code)
            };
            let family = text("family");
            if known.iter().any(has) {
                continue;
            }
            let source = Source {
                value: family.map(&clean),
                ..Source::new(report.path.clone(), format!("{list}: {}", clean(code)))
            };
            // One code for several families is one finding.
            if let Some(earlier) = out.iter_mut().find(|f| has(f)) {
                earlier.finding.evidence.push(source);
                continue;
            }
            let title =
                text("message").or_else(|| text("title")).or_else(|| text("owner_question"));
            let severity = match text("severity") {
                Some(s @ ("critical" | "warning" | "info")) => s,
                _ => severity,
            };
            let title = clean(title.unwrap_or(code));
            let mut finding = Finding::new(clean(code), severity, *kind, title);
            finding.confidence = 0.5;
            finding.confidence_reasons = vec!["a report that was made elsewhere says so".into()];
            finding.evidence = vec![source];
            finding.action =
                clean(text("recommendation").or_else(|| text("action")).unwrap_or(
                    "Run inferguard check on the evidence that the report was made from.",
                ));
            out.push(LmcacheFinding { found_by: report.path.clone(), finding });
        }
    }
    out
}
