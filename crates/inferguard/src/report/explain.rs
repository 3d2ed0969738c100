//! `inferguard explain`: what a finding means.

use diagnosis_rules::{Example, Lifecycle, RULES, Rule, nearest};
use serde::Serialize;

use super::parts::Tool;

/// The rules that were asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ExplainReport {
    /// `inferguard/explain/v1`.
    pub schema: String,
    /// The tool.
    pub tool: Tool,
    /// One entry a rule, in the order of the registry.
    pub rules: Vec<RuleRow>,
}

/// A rule as its page shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RuleRow {
    /// Stable code.
    pub code: String,
    /// Older codes and names.
    pub aliases: Vec<String>,
    /// One line.
    pub title: String,
    /// `cause`, `symptom` or `gap`.
    pub kind: String,
    /// Cause class, where it names one.
    pub cause: Option<String>,
    /// Severity unless the evidence says otherwise.
    pub severity: String,
    /// Modes in which it is asked; empty for all.
    pub modes: Vec<String>,
    /// Evidence of which any one is enough to ask.
    pub needs: Vec<NeedRow>,
    /// Numbers that it compares with.
    pub thresholds: Vec<ThresholdRow>,
    /// Releases it applies to, in words; empty for all.
    pub releases: String,
    /// What it means and why it happens.
    pub explanation: String,
    /// How to make sure.
    pub confirm: String,
    /// What to do next.
    pub action: String,
    /// When it may be wrong.
    pub false_positives: String,
    /// Whether it may be shown to a customer as it stands.
    pub customer_safe: bool,
    /// Version since which it is in force.
    pub since: String,
    /// Code that fires instead, where this one is deprecated.
    pub successor: Option<String>,
    /// Codes and cause classes that it explains.
    pub explains: Vec<String>,
    /// Alternatives.
    pub related: Vec<String>,
    /// Evidence on which it fires.
    pub example: ExampleRow,
    /// Evidence that looks alike and on which it does not.
    pub counter_example: ExampleRow,
}

/// A kind of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NeedRow {
    /// Stable name.
    pub name: String,
    /// What gets it.
    pub settle: String,
}

/// A threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ThresholdRow {
    /// Name below `[rules.CODE]`.
    pub name: String,
    /// Default.
    pub default: f64,
    /// Unit.
    pub unit: String,
    /// What it decides.
    pub about: String,
}

/// An example that a test runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ExampleRow {
    /// What it shows.
    pub title: String,
    /// Its files: name and text; a file that is no text has none.
    pub files: Vec<(String, Option<String>)>,
}

/// The rules of a code, an alias or a cause class; else the names that are near.
pub fn explain(name: &str) -> Result<ExplainReport, Vec<String>> {
    let asked = name.trim();
    // A code has underscores and a cause class hyphens; as one types them they are the same.
    let plain = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    let same = |text: &str| plain(text) == plain(asked);
    let called = |r: &Rule| same(r.code) || r.aliases.iter().any(|a| same(a));
    let rules: Vec<&Rule> =
        RULES.iter().copied().filter(|r| called(r) || r.cause.is_some_and(same)).collect();
    if rules.is_empty() {
        let names =
            RULES.iter().flat_map(|r| r.aliases.iter().copied().chain([r.code]).chain(r.cause));
        return Err(nearest(asked, names).map(str::to_owned).into_iter().collect());
    }
    Ok(report(rules))
}

/// All rules.
pub fn explain_all() -> ExplainReport {
    report(RULES.to_vec())
}

fn report(rules: Vec<&Rule>) -> ExplainReport {
    ExplainReport {
        schema: "inferguard/explain/v1".into(),
        tool: Tool::this(),
        rules: rules.into_iter().map(row).collect(),
    }
}

fn row(rule: &Rule) -> RuleRow {
    let texts = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect();
    let (since, successor) = match rule.lifecycle {
        Lifecycle::Stable { since } => (since, None),
        Lifecycle::Deprecated { since, successor } => (since, Some(successor.to_owned())),
    };
    RuleRow {
        code: rule.code.to_owned(),
        aliases: texts(rule.aliases),
        title: rule.title.to_owned(),
        kind: rule.kind.name().to_owned(),
        cause: rule.cause.map(str::to_owned),
        severity: rule.severity.name().to_owned(),
        modes: rule.modes.iter().map(|m| m.name().to_owned()).collect(),
        needs: rule
            .needs
            .iter()
            .map(|n| NeedRow { name: n.name().to_owned(), settle: n.settle().to_owned() })
            .collect(),
        thresholds: rule
            .thresholds
            .iter()
            .map(|t| ThresholdRow {
                name: t.name.to_owned(),
                default: t.default,
                unit: t.unit.to_owned(),
                about: t.about.to_owned(),
            })
            .collect(),
        releases: rule.releases.to_owned(),
        explanation: rule.explanation.to_owned(),
        confirm: rule.confirm.to_owned(),
        action: rule.action.to_owned(),
        false_positives: rule.false_positives.to_owned(),
        customer_safe: rule.customer_safe,
        since: since.to_owned(),
        successor,
        explains: texts(&rule.explained()),
        related: texts(rule.related),
        example: example(&rule.example),
        counter_example: example(&rule.counter_example),
    }
}

fn example(example: &Example) -> ExampleRow {
    ExampleRow {
        title: example.title.to_owned(),
        files: example
            .files
            .iter()
            .map(|f| (f.name.to_owned(), std::str::from_utf8(f.bytes).ok().map(str::to_owned)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_found_by_code_alias_and_cause() {
        for name in ["lmcache_embedded_hashseed_risk", "hash_seed_unset", "hash-seed-unset"] {
            let report = explain(name).unwrap();
            assert!(
                report.rules.iter().any(|r| r.code == "lmcache_embedded_hashseed_risk"),
                "{name}"
            );
        }
        assert_eq!(explain("hash-seed-unste"), Err(vec!["hash-seed-unset".to_owned()]));
        assert_eq!(explain_all().rules.len(), RULES.len());
    }
}
