//! Templates of the table of log lines, held against the wordings of a package.

use std::collections::BTreeMap;

use regex::Regex;

use crate::catalog_import::extract::HOLE;
use crate::catalog_import::facts::{Fact, Kind, Reading};

/// A template as an expression over a line.
pub(crate) fn expression(template: &str) -> Option<Regex> {
    let mut out = String::from(if template.starts_with("{}") { "(?s)" } else { "(?s)^" });
    let mut rest = template;
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix("{?") {
            out.push_str("(?:");
            rest = tail;
        } else if let Some(tail) = rest.strip_prefix("?}") {
            out.push_str(")?");
            rest = tail;
        } else if rest.starts_with('{')
            && let Some((_, tail)) = rest.split_once('}')
        {
            out.push_str(".*?");
            rest = tail;
        } else {
            let mut chars = rest.chars();
            let next = chars.next()?;
            out.push_str(&regex::escape(next.encode_utf8(&mut [0; 4])));
            rest = chars.as_str();
        }
    }
    Regex::new(&out).ok()
}

/// A wording as a line, with a number in each hole.
pub(crate) fn line(wording: &str) -> String {
    wording.replace(HOLE, "7")
}

/// A wording as a template: any text in each hole.
pub(crate) fn template(wording: &str) -> String {
    wording.replace(HOLE, "{}").replace(['\n', '\t'], " ")
}

/// Templates that some wording of a package fits, with the fact.
pub(crate) fn fitting(
    templates: impl Iterator<Item = String>,
    reading: &Reading,
) -> BTreeMap<String, &Fact> {
    let lines: Vec<(String, &Fact)> =
        reading.of(Kind::Log).map(|fact| (line(&fact.key), fact)).collect();
    let mut out = BTreeMap::new();
    for template in templates {
        let Some(expression) = expression(&template) else { continue };
        if let Some((_, fact)) = lines.iter().find(|(line, _)| expression.is_match(line)) {
            out.insert(template, *fact);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_fit_wordings() {
        for (template, wording, fits) in [
            ("Reaped {name:s} after {#}s{? (late)?}", "Reaped \u{1} after \u{1}s", true),
            ("{}ring for instance", "Q ring for instance \u{1}", true),
            ("ring for instance", "Q ring for instance \u{1}", false),
        ] {
            let found = expression(template).is_some_and(|e| e.is_match(&line(wording)));
            assert_eq!(found, fits, "{template}");
        }
        assert_eq!(super::template("a \u{1} b"), "a {} b");
    }
}
