//! Runs proofs: the command on the fixture has to say it, and on the fixture without what the
//! proof rests on must not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail, ensure};
use lmcache_prom::contract::Catalog;
use serde_json::Value;

use super::fixture::{Fixture, mutate};
use super::model::{Ledger, Part};
use super::{pages, place};

/// How far a part is shown, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Nothing shows it.
    MissingSignal,
    /// Read, from evidence that was made.
    ParserOnly,
    /// From captured evidence that is not of a live server, or no golden report pins it.
    FixtureBacked,
    /// From a live server, pinned by a golden report.
    LiveValidated,
    /// Known and never done.
    DestructiveSkipped,
}

impl Level {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::MissingSignal => "missing_signal",
            Self::ParserOnly => "parser_only",
            Self::FixtureBacked => "fixture_backed",
            Self::LiveValidated => "live_validated",
            Self::DestructiveSkipped => "destructive_skipped",
        }
    }

    /// Share of the weight.
    pub(crate) const fn credit(self) -> f64 {
        match self {
            Self::MissingSignal => 0.0,
            Self::ParserOnly => 0.4,
            Self::FixtureBacked => 0.7,
            Self::LiveValidated | Self::DestructiveSkipped => 1.0,
        }
    }
}

/// What became of a part.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) level: Level,
    /// The command that a reader can paste, and what to look for.
    pub(crate) command: String,
    pub(crate) expected: String,
    /// Why the proof does not hold, where it does not.
    pub(crate) broken: Option<String>,
}

/// The outcome of every part, by row and part.
pub(crate) type Outcomes = BTreeMap<(usize, usize), Shown>;

/// Runs all proofs, on two threads.
pub(crate) fn run(
    ledger: &Ledger,
    fixtures: &BTreeMap<String, Fixture>,
    root: &Path,
    bin: &Path,
) -> Result<Outcomes> {
    let mut order: Vec<(usize, usize)> = Vec::new();
    for (r, row) in ledger.row.iter().enumerate() {
        order.extend((0..row.part.len()).map(|p| (r, p)));
    }
    let runner = Runner { fixtures, root, bin, catalog: Catalog::new(), whole: Mutex::default() };
    let next = AtomicUsize::new(0);
    let out: Mutex<Outcomes> = Mutex::default();
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(&(r, p)) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let shown = runner.show(&ledger.row[r].part[p]);
                    if let Ok(mut out) = out.lock() {
                        out.insert((r, p), shown);
                    }
                }
            });
        }
    });
    let out = out.into_inner().unwrap_or_default();
    ensure!(out.len() == order.len(), "a proof ended early");
    Ok(out)
}

struct Runner<'a> {
    fixtures: &'a BTreeMap<String, Fixture>,
    root: &'a Path,
    bin: &'a Path,
    catalog: Catalog,
    /// Answers on whole fixtures, by command line: many proofs look at one report.
    whole: Mutex<BTreeMap<String, Result<Value, String>>>,
}

impl Runner<'_> {
    fn show(&self, part: &Part) -> Shown {
        let fixture = part.fixture.as_ref().and_then(|name| self.fixtures.get(name));
        let path = part.fixture.as_ref().map(|name| format!("fixtures/packets/{name}"));
        let command = path.as_ref().map_or_else(String::new, |path| {
            format!("inferguard {}", part.arguments().replace("{}", path).replace("{out}", "out"))
        });
        let mut shown = Shown {
            level: Level::MissingSignal,
            command,
            expected: if part.missing.is_none() { expectation(part) } else { String::new() },
            broken: None,
        };
        if part.missing.is_some() {
            return shown;
        }
        if let (Some(page), Some(names)) = (&part.page, part.names) {
            shown.command = format!("cat {page}");
            shown.expected = format!("{names:?} are all named").to_lowercase();
            match pages::prove(self.root, self.bin, page, names) {
                Ok(()) => shown.level = Level::LiveValidated,
                Err(error) => shown.broken = Some(format!("{error:#}")),
            }
            return shown;
        }
        let Some(fixture) = fixture else {
            shown.broken = Some("there is no such fixture".into());
            return shown;
        };
        match self.prove(part, fixture) {
            Ok(()) => {
                shown.level = match fixture.claim.as_str() {
                    _ if part.skipped => Level::DestructiveSkipped,
                    "live" if fixture.pinned => Level::LiveValidated,
                    "synthetic" => Level::ParserOnly,
                    _ => Level::FixtureBacked,
                }
            }
            Err(error) => shown.broken = Some(format!("{error:#}")),
        }
        shown
    }

    fn prove(&self, part: &Part, fixture: &Fixture) -> Result<()> {
        let line = part.arguments().replace("{}", &format!("fixtures/packets/{}", fixture.name));
        let known = self.whole.lock().ok().and_then(|whole| whole.get(&line).cloned());
        let answer = if let Some(answer) = known {
            answer
        } else {
            let answer = self.answer(&line).map_err(|e| format!("{e:#}"));
            if let Ok(mut whole) = self.whole.lock() {
                whole.insert(line, answer.clone());
            }
            answer
        };
        let report = answer.map_err(|error| anyhow::anyhow!(error))?;
        if !holds(&report, &part.place(), part)? {
            let seen = place::find(&report, &part.place())?;
            let seen: Vec<String> = seen.iter().take(3).map(ToString::to_string).collect();
            bail!("it says {}", if seen.is_empty() { "nothing".into() } else { seen.join(", ") });
        }
        if let Some(control) = &part.control {
            ensure!(!holds(&report, control, part)?, "it says the same of {control}");
            return Ok(());
        }
        let copy = Scratch::new()?;
        mutate(fixture, part, &self.catalog, &copy.0)?;
        let line = part.arguments().replace("{}", &copy.0.display().to_string());
        // Without its evidence a command may refuse, which is no claim either.
        if let Ok(report) = self.answer(&line) {
            let still = holds(&report, &part.place(), part)?;
            ensure!(!still, "it says the same without what the proof rests on");
        }
        Ok(())
    }

    fn answer(&self, line: &str) -> Result<Value> {
        let out = Scratch::new()?;
        // A collector makes its directory itself.
        let line = line.replace("{out}", &out.0.join("out").display().to_string());
        let run = Command::new(self.bin)
            .args(line.split_whitespace())
            .current_dir(self.root)
            .output()
            .with_context(|| format!("{}", self.bin.display()))?;
        serde_json::from_slice(&run.stdout).with_context(|| {
            format!("`inferguard {line}`: {}", String::from_utf8_lossy(&run.stderr).trim())
        })
    }
}

/// A directory of its own that goes with the value.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ledger-{}-{n}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("{}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn holds(report: &Value, place: &str, part: &Part) -> Result<bool> {
    let wanted = part.wanted();
    Ok(place::find(report, place)?.into_iter().any(|value| match (&wanted, part.at_least) {
        (_, Some(least)) => value.as_f64().is_some_and(|v| v >= least),
        (Some(wanted), None) => same(wanted, value),
        (None, None) => !value.is_null(),
    }))
}

fn same(wanted: &toml::Value, value: &Value) -> bool {
    match wanted {
        toml::Value::String(text) => value.as_str() == Some(text),
        toml::Value::Boolean(flag) => value.as_bool() == Some(*flag),
        toml::Value::Integer(number) => value.as_f64() == Some(*number as f64),
        toml::Value::Float(number) => value.as_f64() == Some(*number),
        _ => false,
    }
}

fn expectation(part: &Part) -> String {
    let place = part.place();
    match (part.wanted(), part.at_least) {
        (_, Some(least)) => format!("{place} >= {least}"),
        (Some(wanted), None) => format!("{place} = {wanted}"),
        (None, None) => format!("{place} is there"),
    }
}
