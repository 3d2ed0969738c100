//! What of `inferguard.toml` is in force, in one line: a reader has to know that rules were not asked
//! as they are written.

use super::text::{Sheet, plural, safe};
use crate::observe::number;
use crate::report::InForce;

/// `1 rule silenced (CODE), 1 threshold set (CODE.name 9 instead of 64 chunks)`.
pub(super) fn line(configuration: &InForce) -> String {
    let InForce { silenced, thresholds } = configuration;
    let mut parts = Vec::new();
    if !silenced.is_empty() {
        parts.push(format!(
            "{} silenced, not asked: {}",
            plural(silenced.len(), "rule"),
            silenced.join(", ")
        ));
    }
    if !thresholds.is_empty() {
        let set: Vec<String> = thresholds
            .iter()
            .map(|t| {
                let (value, default) = (number(t.value), number(t.default));
                let unit = if t.unit == "ratio" { "" } else { &t.unit };
                let set = format!("{}.{} {value} instead of {default} {unit}", t.code, t.name);
                set.trim_end().to_owned()
            })
            .collect();
        parts.push(format!("{} set: {}", plural(set.len(), "threshold"), set.join(", ")));
    }
    parts.join("; ")
}

/// The line on a screen, where anything is set.
pub(super) fn entry(sheet: &mut Sheet, configuration: Option<&InForce>) {
    if let Some(configuration) = configuration {
        sheet.entry("CONFIG", &safe(&line(configuration)));
    }
}
