//! A note for a chat or an audit: what is wrong and what to do, for whoever runs the deployment.
//! No paths, no codes of ours beyond the finding's, nothing that is not safe to show.

use std::fmt::Write;

use crate::report::{Answer, CheckReport, Finding};

/// Renders the customer-safe findings as Markdown.
pub fn note(report: &CheckReport) -> String {
    let answer = match report.answer {
        Answer::SomethingWrong => "Something is wrong",
        Answer::NothingWrongInWhatWasSeen => "Nothing is wrong in what was seen",
        Answer::NothingSeen => "Nothing was seen that could be judged",
    };
    let mut out = format!("**{answer}.** Runs: `{}`", report.architecture.headline);
    for (name, row) in super::running::named(&report.releases).filter(|(_, r)| r.min.is_some()) {
        let _ = write!(out, ", {name} {}", super::running::span(row));
    }
    out.push_str(".\n");
    if let Some(configuration) = &report.configuration {
        let _ = write!(out, "\nConfiguration: {}.\n", super::configuration::line(configuration));
    }
    let safe: Vec<&Finding> = report.findings.iter().filter(|f| f.customer_safe).collect();
    // What another finding explains needs no line of its own.
    for finding in safe.iter().filter(|f| f.explained_by.is_empty()) {
        let _ = write!(out, "\n### {} ({})\n\n", finding.title, finding.severity);
        for reason in finding.confidence_reasons.iter().take(3) {
            let _ = writeln!(out, "- {reason}");
        }
        let _ = write!(out, "\n**Next:** {}\n", finding.action);
    }
    let explained = safe.iter().filter(|f| !f.explained_by.is_empty()).count();
    if explained > 0 {
        let noun = if explained == 1 { "symptom follows" } else { "symptoms follow" };
        let _ = write!(out, "\n{explained} more {noun} from the above.\n");
    }
    out
}
