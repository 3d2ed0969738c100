//! What was read, and what could not be.

use std::collections::BTreeMap;

use super::text::{Sheet, plural, safe};
use crate::packet::Artifact;

/// How much was read, and every problem with it.
pub(super) fn inputs(sheet: &mut Sheet, inputs: &[Artifact]) {
    let read = inputs.iter().filter(|a| a.read).count();
    let mut unread: BTreeMap<&str, usize> = BTreeMap::new();
    for artifact in inputs.iter().filter(|a| !a.read && a.issues.is_empty()) {
        *unread.entry(artifact.kind.name()).or_default() += 1;
    }
    sheet.entry("INPUTS", &format!("{}: {read} read", plural(inputs.len(), "artifact")));
    if !unread.is_empty() {
        let list: Vec<String> = unread.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
        sheet.entry_at(
            "",
            2,
            &format!("recognised, not read by this version: {}", list.join(", ")),
        );
    }
    let mut told = 0usize;
    for artifact in inputs {
        for issue in &artifact.issues {
            told += 1;
            if told > 8 {
                continue;
            }
            let line = issue.line.map_or_else(String::new, |l| format!(":{l}"));
            sheet.entry_at("", 2, &safe(&format!("{}{line}: {}", artifact.path, issue.message)));
        }
    }
    if told > 8 {
        sheet.entry_at("", 2, &format!("{} more; --json lists them", plural(told - 8, "issue")));
    }
}
