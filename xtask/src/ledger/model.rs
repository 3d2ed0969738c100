//! `ledger.toml`: rows with their weight, and parts that a command on a fixture proves.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use coverage_model::FAMILIES;
use serde::Deserialize;
use toml::Value;

/// The whole ledger.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ledger {
    /// Tables in the order in which they are printed.
    pub(crate) table: Vec<Table>,
    /// Rows, each of one table.
    pub(crate) row: Vec<Row>,
}

/// A table of rows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    /// Name by which rows refer to it.
    pub(crate) id: String,
    /// Heading.
    pub(crate) title: String,
    /// What its weights are parts of; nothing where they only compare within the table.
    #[serde(default)]
    pub(crate) points: Option<f64>,
}

/// One row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// Its table.
    pub(crate) table: String,
    /// What is covered.
    pub(crate) name: String,
    /// Weight within the table.
    #[serde(default = "one")]
    pub(crate) weight: f64,
    /// Takes its credit from the rows of these tables.
    #[serde(default)]
    pub(crate) of: Vec<String>,
    /// What has to be shown, each part with the same share of the weight.
    #[serde(default)]
    pub(crate) part: Vec<Part>,
}

fn one() -> f64 {
    1.0
}

/// The categories of the percentages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Category {
    /// Evidence is collected and parsed.
    Collection,
    /// A report tells the state of a signal.
    Reporting,
    /// A finding names what is wrong.
    Diagnosis,
    /// A stranger can use it.
    Docs,
}

impl Category {
    pub(crate) const ALL: [Self; 4] =
        [Self::Collection, Self::Reporting, Self::Diagnosis, Self::Docs];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Collection => "Collection and parsing",
            Self::Reporting => "Compatibility and coverage reporting",
            Self::Diagnosis => "Actionable diagnostics",
            Self::Docs => "Documentation and release readiness",
        }
    }
}

/// What a page of the documentation can be asked to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Names {
    /// Every command that `inferguard --help` lists.
    Commands,
    /// Every directory of `fixtures/packets`.
    Fixtures,
    /// Every code of the rule registry.
    Rules,
    /// Every page of the book.
    Pages,
}

/// One thing to show: a command on a fixture and what its JSON has to say, or what is missing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    /// In words.
    pub(crate) what: String,
    /// Where it counts; a family is reporting, a finding diagnosis, all else collection.
    pub(crate) category: Option<Category>,
    /// Directory under `fixtures/packets`.
    pub(crate) fixture: Option<String>,
    /// Arguments; `{}` stands for the fixture. `check {} --json` without.
    pub(crate) command: Option<String>,
    /// Short for the status of `surface/family`.
    pub(crate) family: Option<String>,
    /// Short for a finding of this code.
    pub(crate) finding: Option<String>,
    /// Where to look in the JSON.
    pub(crate) see: Option<String>,
    /// What has to stand there; any value without.
    pub(crate) is: Option<Value>,
    /// The least number that has to stand there.
    pub(crate) at_least: Option<f64>,
    /// Series (globs) that it rests on.
    #[serde(default)]
    pub(crate) series: Vec<String>,
    /// Files (globs) that it rests on.
    #[serde(default)]
    pub(crate) files: Vec<String>,
    /// Lines with one of these words that it rests on, in all text files.
    #[serde(default)]
    pub(crate) lines: Vec<String>,
    /// Another place of the same JSON where the same must not stand, for what rests on a table
    /// of ours and not on evidence.
    pub(crate) control: Option<String>,
    /// A page that has to name all of `names`.
    pub(crate) page: Option<String>,
    /// What a page has to name.
    pub(crate) names: Option<Names>,
    /// The thing is known and not done on purpose (a route that changes state).
    #[serde(default)]
    pub(crate) skipped: bool,
    /// What is missing; there is no proof then.
    pub(crate) missing: Option<String>,
    /// The command that would supply it.
    pub(crate) next: Option<String>,
}

impl Part {
    /// Where it counts.
    pub(crate) fn category(&self) -> Category {
        self.category.unwrap_or(if self.page.is_some() {
            Category::Docs
        } else if self.finding.is_some() {
            Category::Diagnosis
        } else if self.family.is_some() {
            Category::Reporting
        } else {
            Category::Collection
        })
    }

    /// Arguments of the command, with `{}`.
    pub(crate) fn arguments(&self) -> &str {
        self.command.as_deref().unwrap_or("check {} --json")
    }

    /// Where to look.
    pub(crate) fn place(&self) -> String {
        if let Some(see) = &self.see {
            return see.clone();
        }
        if let Some((surface, family)) = self.family.as_deref().and_then(|f| f.split_once('/')) {
            return format!("families[surface={surface},family={family}].status");
        }
        let code = self.finding.as_deref().unwrap_or_default();
        format!("findings[code={code}].code")
    }

    /// What has to stand there.
    pub(crate) fn wanted(&self) -> Option<Value> {
        match &self.is {
            None if self.family.is_some() => Some(Value::String("populated".into())),
            is => is.clone(),
        }
    }
}

/// Reads the ledger and refuses what cannot be meant.
pub(crate) fn read(path: &Path) -> Result<Ledger> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    let ledger: Ledger = toml::from_str(&text).with_context(|| format!("{}", path.display()))?;
    let tables: BTreeSet<&str> = ledger.table.iter().map(|t| t.id.as_str()).collect();
    for row in &ledger.row {
        let name = &row.name;
        ensure!(tables.contains(row.table.as_str()), "{name}: there is no table {}", row.table);
        for of in &row.of {
            ensure!(tables.contains(of.as_str()) && *of != row.table, "{name}: takes from {of}");
        }
        ensure!(row.of.is_empty() != row.part.is_empty(), "{name}: either parts or tables");
        for part in &row.part {
            sound(part).with_context(|| format!("{name}: {}", part.what))?;
        }
    }
    Ok(ledger)
}

fn sound(part: &Part) -> Result<()> {
    if part.missing.is_some() {
        ensure!(part.next.is_some(), "what is missing needs the command that would supply it");
        ensure!(part.fixture.is_none() && part.see.is_none(), "it is missing and proven");
        return Ok(());
    }
    if part.page.is_some() {
        ensure!(part.names.is_some() && part.fixture.is_none(), "a page has to name something");
        return Ok(());
    }
    let ways = [part.see.is_some(), part.family.is_some(), part.finding.is_some()];
    ensure!(ways.iter().filter(|w| **w).count() == 1, "one of see, family, finding");
    let rests = !part.series.is_empty()
        || !part.files.is_empty()
        || !part.lines.is_empty()
        || part.family.is_some()
        || part.control.is_some();
    ensure!(rests, "a proof has to say what it rests on");
    ensure!(part.fixture.is_some(), "a proof needs a fixture");
    if let Some(family) = &part.family {
        let known = FAMILIES.iter().any(|f| format!("{}/{}", f.surface, f.name) == *family);
        ensure!(
            known || !part.series.is_empty() || !part.files.is_empty(),
            "unknown family {family}"
        );
    }
    Ok(())
}
