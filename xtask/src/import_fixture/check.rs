//! Are the committed fixtures the imported ones, and are they clean?

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use evidence_redact::{Kind, Redactor, Salt};

use super::files::{Found, length, sha256, walk};
use super::manifest::{FILE, File, Fixture, SCHEMA, TRUTH};
use super::sanitise::{Fate, sanitise};

/// What a check found.
#[derive(Debug, Default)]
pub(super) struct Report {
    fixtures: usize,
    files: usize,
    bytes: u64,
    problems: Vec<String>,
}

impl Report {
    pub(super) fn is_good(&self) -> bool {
        self.problems.is_empty()
    }

    #[cfg(test)]
    pub(super) fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        let Report { fixtures, files, bytes, .. } = self;
        let verdict = match self.problems.len() {
            0 => "digests agree, sanitising again changes nothing".to_owned(),
            n => format!("{n} problems"),
        };
        let s = if *fixtures == 1 { "" } else { "s" };
        writeln!(f, "{fixtures} fixture{s}, {files} files, {bytes} bytes: {verdict}")
    }
}

/// Checks one fixture, or all of them.
///
/// # Errors
/// If the directory cannot be read or holds no such fixture. What is wrong with a fixture is in
/// the report.
pub(super) fn run(packets: &Path, name: Option<&str>) -> Result<Report> {
    let mut names = Vec::new();
    for entry in fs::read_dir(packets).with_context(|| format!("{}", packets.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    if let Some(name) = name {
        names.retain(|n| n == name);
        if names.is_empty() {
            bail!("no fixture `{name}` in {}", packets.display());
        }
    }
    let mut report = Report::default();
    for name in names {
        report.fixtures += 1;
        if let Err(error) = one(&packets.join(&name), &name, &mut report) {
            report.problems.push(format!("{name}: {error:#}"));
        }
    }
    Ok(report)
}

fn one(directory: &Path, name: &str, report: &mut Report) -> Result<()> {
    let text = fs::read(directory.join(FILE)).with_context(|| FILE.to_owned())?;
    let fixture: Fixture = serde_json::from_slice(&text).with_context(|| FILE.to_owned())?;
    let mut problem = |text: String| report.problems.push(format!("{name}: {text}"));
    if fixture.schema != SCHEMA {
        problem(format!("{FILE}: schema `{}`, expected `{SCHEMA}`", fixture.schema));
    }
    if fixture.name != name {
        problem(format!("{FILE}: calls itself `{}`", fixture.name));
    }
    let mut listed: BTreeSet<&str> = BTreeSet::from([FILE]);
    let mut contents: Vec<(&File, Kind, Vec<u8>)> = Vec::new();
    for file in fixture.files.iter().chain(&fixture.truth) {
        listed.insert(&file.path);
        let Some(kind) = Kind::from_name(&file.kind) else {
            problem(format!("{}: unknown kind `{}`", file.path, file.kind));
            continue;
        };
        match fs::read(directory.join(&file.path)) {
            Err(error) => problem(format!("{}: {error}", file.path)),
            Ok(content) if sha256(&content) != file.sha256 || length(&content) != file.bytes => {
                problem(format!("{}: differs from its digest", file.path));
            }
            Ok(content) => contents.push((file, kind, content)),
        }
    }
    if fixture.truth.as_ref().is_some_and(|truth| truth.path != TRUTH) {
        problem(format!("{FILE}: the labels are not called {TRUTH}"));
    }
    let found = walk(directory)?;
    for Found { path, symlink } in &found {
        if *symlink {
            problem(format!("{path}: a symbolic link"));
        } else if !listed.contains(path.as_str()) {
            problem(format!("{path}: not in {FILE}"));
        }
    }
    // Any salt will do: a clean file has nothing left to replace.
    let mut redactor = Redactor::new(Salt::new(name))?;
    for (_, kind, content) in &contents {
        redactor.learn(*kind, content);
    }
    for (file, kind, content) in &contents {
        match sanitise(&redactor, *kind, &file.path, content)? {
            Fate::Refused(reason) => problem(format!("{}: {reason}", file.path)),
            Fate::Taken { content: again, .. } if again != *content => {
                problem(format!("{}: sanitising again changes it", file.path));
            }
            Fate::Taken { .. } => {}
        }
    }
    for Found { path, .. } in &found {
        if redactor.path(path) != *path {
            problem(format!("{path}: a name that has to go"));
        }
    }
    if !redactor.redact(Kind::Json, &text).is_unchanged() {
        problem(format!("{FILE}: sanitising again changes it"));
    }
    report.files += contents.len();
    report.bytes += contents.iter().map(|(file, ..)| file.bytes).sum::<u64>();
    Ok(())
}
