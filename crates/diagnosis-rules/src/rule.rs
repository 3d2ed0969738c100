//! What a rule is.

use coverage_model::Mode;

use crate::need::Need;
use crate::outcome::Outcome;
use crate::settings::Settings;
use crate::view::View;

/// What a finding is in the chain from cause to effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Why something goes wrong.
    Cause,
    /// What goes wrong; a cause explains it.
    Symptom,
    /// Something is not told that should be.
    Gap,
}

impl Kind {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cause => "cause",
            Self::Symptom => "symptom",
            Self::Gap => "gap",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The cache does not work, or data is lost.
    Critical,
    /// It costs hits, latency, or trust in the numbers.
    Warning,
    /// An operator should know.
    Info,
}

impl Severity {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Since when a rule exists, and whether it still does. A code is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// In force since this version of InferGuard.
    Stable {
        /// Version.
        since: &'static str,
    },
    /// Kept for readers of old reports; its successor fires instead.
    Deprecated {
        /// Version that deprecated it.
        since: &'static str,
        /// Code that fires instead.
        successor: &'static str,
    },
}

/// In force since the first release.
pub(crate) const SINCE_0_1: Lifecycle = Lifecycle::Stable { since: "0.1.0" };

/// A number that a rule compares with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// Name in `inferguard.toml`, below the rule's code.
    pub name: &'static str,
    /// `requests`, `ratio` (a share: from 0 to 1), `times`, `seconds`, `tokens`, `bytes`, `lines`.
    pub unit: &'static str,
    /// Value unless a user sets another.
    pub default: f64,
    /// What it decides, in one line.
    pub about: &'static str,
}

/// One file of an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Name; decides as little as a name does in a real packet.
    pub name: &'static str,
    /// Content.
    pub bytes: &'static [u8],
}

impl File {
    /// A file of text.
    pub const fn text(name: &'static str, text: &'static str) -> Self {
        Self { name, bytes: text.as_bytes() }
    }

    /// Any file.
    pub const fn bytes(name: &'static str, bytes: &'static [u8]) -> Self {
        Self { name, bytes }
    }
}

/// Evidence on which a rule fires, or does not. Tests run it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// What it shows, in one line.
    pub title: &'static str,
    /// The evidence.
    pub files: &'static [File],
    /// Codes or causes of other rules that are true of it as well, and that neither explain the rule
    /// nor are explained by it.
    pub also: &'static [&'static str],
}

/// One rule of the registry.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Stable code.
    pub code: &'static str,
    /// Older codes and names of the same finding.
    pub aliases: &'static [&'static str],
    /// One line, true of every finding of this rule.
    pub title: &'static str,
    /// Cause, symptom or gap.
    pub kind: Kind,
    /// Cause class, where the rule names one.
    pub cause: Option<&'static str>,
    /// Severity unless the evidence says otherwise.
    pub severity: Severity,
    /// Modes in which the question makes sense; empty for all.
    pub modes: &'static [Mode],
    /// Evidence that can answer it: any one of these is enough to ask. Empty: it is always asked.
    pub needs: &'static [Need],
    /// Numbers that it compares with.
    pub thresholds: &'static [&'static Threshold],
    /// Releases it applies to, in words; empty for all.
    pub releases: &'static str,
    /// What it means and why it happens.
    pub explanation: &'static str,
    /// How to make sure.
    pub confirm: &'static str,
    /// What to do next, to be copied.
    pub action: &'static str,
    /// When it may be wrong, and what guards against that.
    pub false_positives: &'static str,
    /// Whether it may be shown to a customer as it stands.
    pub customer_safe: bool,
    /// Since when.
    pub lifecycle: Lifecycle,
    /// Codes of findings that this one explains where both are there.
    pub explains: &'static [&'static str],
    /// Codes to look at beside it: alternatives that may be ruled out.
    pub related: &'static [&'static str],
    /// The question itself.
    pub evaluate: fn(&Context<'_>) -> Outcome,
    /// Evidence on which it fires.
    pub example: Example,
    /// Evidence that looks alike and on which it does not.
    pub counter_example: Example,
}

impl Rule {
    /// Codes and cause classes of findings that this one explains where both are there: those that
    /// it names, and those that its cause class brings with it.
    pub fn explained(&self) -> Vec<&'static str> {
        let mut out = self.explains.to_vec();
        let more = crate::no_hits::explained(self).iter().filter(|c| **c != self.code);
        out.extend(more.filter(|c| !self.explains.contains(c)));
        out
    }

    /// Whether this one explains the other.
    pub(crate) fn explains(&self, other: &Rule) -> bool {
        names(self.explains, other) || names(crate::no_hits::explained(self), other)
    }
}

/// Whether a list of codes and cause classes names a rule.
pub(crate) fn names(list: &[&str], rule: &Rule) -> bool {
    list.contains(&rule.code) || rule.cause.is_some_and(|cause| list.contains(&cause))
}

/// What a rule is asked with.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The evidence.
    pub view: &'a View<'a>,
    /// The rule itself.
    pub rule: &'static Rule,
    /// Thresholds that the user set.
    pub settings: &'a Settings,
}

impl Context<'_> {
    /// The value of a threshold.
    pub fn threshold(&self, threshold: &Threshold) -> f64 {
        self.settings.get(self.rule.code, threshold)
    }
}
