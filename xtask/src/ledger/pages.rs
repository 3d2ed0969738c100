//! Pages of the documentation as proofs: they name everything of a kind, and would not without
//! the lines that do.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use diagnosis_rules::RULES;

use super::model::Names;
use crate::generated::Mode;

/// Holds a page (or all pages of a directory) against what it has to name.
pub(crate) fn prove(root: &Path, bin: &Path, page: &str, names: Names) -> Result<()> {
    let text = text(&root.join(page))?;
    let wanted = match names {
        Names::Commands => commands(bin)?,
        Names::Fixtures => fixtures(root)?,
        Names::Pages => {
            crate::book::run(root, Mode::Check)?;
            crate::book::pages(&root.join("docs"))?
        }
        Names::Rules => RULES.iter().map(|rule| rule.code.to_owned()).collect(),
    };
    ensure!(!wanted.is_empty(), "there is nothing to name");
    let missing: Vec<&str> =
        wanted.iter().map(String::as_str).filter(|name| !named(&text, name)).collect();
    if !missing.is_empty() {
        bail!("{page} does not name {}", missing.join(", "));
    }
    for name in &wanted {
        let rest: String =
            text.split_inclusive('\n').filter(|l| !l.contains(name.as_str())).collect();
        ensure!(!named(&rest, name), "{page} names {name} without the lines that do");
    }
    Ok(())
}

/// A name as a word of its own.
fn named(text: &str, name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    text.match_indices(name)
        .any(|(at, _)| !text[..at].ends_with(word) && !text[at + name.len()..].starts_with(word))
}

fn text(path: &Path) -> Result<String> {
    if path.is_dir() {
        let mut out = String::new();
        for entry in std::fs::read_dir(path)? {
            out.push_str(&std::fs::read_to_string(entry?.path())?);
            out.push('\n');
        }
        return Ok(out);
    }
    std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))
}

/// Commands, as the command itself lists them.
fn commands(bin: &Path) -> Result<Vec<String>> {
    let run = Command::new(bin).arg("--help").output()?;
    let help = String::from_utf8(run.stdout)?;
    let listed = help.split("Commands:").nth(1).and_then(|rest| rest.split("\n\n").next());
    let commands = listed.context("--help lists no commands")?;
    // A description that is wrapped goes on further to the right.
    let lines = commands.lines().filter(|line| !line.starts_with("   "));
    let names = lines.filter_map(|line| line.split_whitespace().next());
    Ok(names.filter(|name| *name != "help").map(|name| format!("inferguard {name}")).collect())
}

fn fixtures(root: &Path) -> Result<Vec<String>> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(root.join("fixtures/packets"))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            out.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    out.sort();
    Ok(out)
}
