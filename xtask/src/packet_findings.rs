//! `cargo xtask packet-findings [DIR]`: every finding of every captured packet is defended by a
//! person, one line each, in `fixtures/packet-findings.tsv`; `docs/packet-findings.md` shows it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use inferguard::packet::{Input, Limits, open};
use inferguard::report::{Options, check};
use lmcache_prom::contract::Catalog;

use crate::generated::{Mode, ensure_contents};
use crate::pages::PACKET;
use crate::{tree, workspace};

const COMMAND: &str = "cargo xtask packet-findings";

/// One line of the file.
struct Row {
    packet: String,
    fixture: String,
    code: String,
    severity: String,
    why: String,
}

/// The file.
fn rows(root: &Path) -> Result<Vec<Row>> {
    let path = root.join("fixtures/packet-findings.tsv");
    let text = std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
    let mut out = Vec::new();
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [packet, fixture, code, severity, why] = cells.as_slice() else {
            anyhow::bail!("{}:{}: not five columns", path.display(), i + 1);
        };
        ensure!(why.len() > 10, "{}:{}: nothing is said", path.display(), i + 1);
        ensure!(diagnosis_rules::rule(code).is_some(), "{}:{}: no rule", path.display(), i + 1);
        out.push(Row {
            packet: (*packet).to_owned(),
            fixture: (*fixture).to_owned(),
            code: (*code).to_owned(),
            severity: (*severity).to_owned(),
            why: (*why).to_owned(),
        });
    }
    Ok(out)
}

/// Holds fixtures, and packets where they are given, against the file, and writes the page.
pub(crate) fn run(root: &Path, packets: Option<&Path>, mode: Mode) -> Result<()> {
    let rows = rows(root)?;
    ensure_contents(&root.join("docs/packet-findings.md"), &page(&rows), mode, COMMAND)?;
    let mut wrong = undefended(&workspace::packets(), &rows, |row| &row.fixture)?;
    if let Some(dir) = packets {
        wrong.extend(undefended(dir, &rows, |row| &row.packet)?);
        wrong.extend(gone(dir, &rows)?);
    }
    ensure!(wrong.is_empty(), "in fixtures/packet-findings.tsv:\n{}", wrong.join("\n"));
    Ok(())
}

/// Findings of each packet below a directory, by its name.
fn findings(dir: &Path) -> Result<BTreeMap<String, Vec<(String, String)>>> {
    let catalog = Catalog::new();
    let mut out = BTreeMap::new();
    for packet in tree::holding(dir, PACKET)? {
        let name = packet.strip_prefix(dir).unwrap_or(&packet).display().to_string();
        let opened = open(&[Input::Path(packet)], &Limits::default());
        let report = check(&catalog, opened, &Options::default());
        out.insert(name, report.findings.into_iter().map(|f| (f.code, f.severity)).collect());
    }
    Ok(out)
}

fn undefended(dir: &Path, rows: &[Row], name: fn(&Row) -> &String) -> Result<Vec<String>> {
    let mut out = Vec::new();
    for (packet, found) in findings(dir)? {
        for (code, severity) in found {
            let defends = |r: &&Row| *name(r) == packet && r.code == code && r.severity == severity;
            if !rows.iter().any(|r| defends(&r)) {
                out.push(format!("{packet}: {severity} {code} is not defended"));
            }
        }
    }
    Ok(out)
}

/// Rows of packets that have no such finding any more.
fn gone(dir: &Path, rows: &[Row]) -> Result<Vec<String>> {
    let all = findings(dir)?;
    let there = |r: &Row| {
        let list = all.get(&r.packet);
        list.is_none_or(|l| l.iter().any(|(c, s)| *c == r.code && *s == r.severity))
    };
    let stale = rows.iter().filter(|r| r.packet != "-" && !there(r));
    Ok(stale
        .map(|r| format!("{}: {} {} is not found any more", r.packet, r.severity, r.code))
        .collect())
}

fn page(rows: &[Row]) -> String {
    let mut out = String::from(
        "# What is found in the captured packets\n\n\
         <!-- Generated from fixtures/packet-findings.tsv by `cargo xtask packet-findings`. -->\n\n\
         Every finding of every packet, read and defended in one line. Packets that are not named have none.\n\
         A test fails when a fixture shows a finding that nobody defended; `cargo xtask packet-findings DIR`\n\
         does the same for the packets themselves. `docs/fixtures.md` says what ran in each.\n",
    );
    let mut at = String::new();
    for row in rows {
        let name = match (row.packet.as_str(), row.fixture.as_str()) {
            ("-", fixture) => format!("fixture {fixture} alone"),
            (packet, "-") => packet.to_owned(),
            (packet, fixture) => format!("{packet} (fixture {fixture})"),
        };
        if name != at {
            let _ = write!(
                out,
                "\n## {name}\n\n| severity | finding | why it stands |\n|---|---|---|\n"
            );
            at = name;
        }
        let _ = writeln!(
            out,
            "| {} | [`{}`](findings/{}.md) | {} |",
            row.severity, row.code, row.code, row.why
        );
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    #[allow(clippy::unwrap_used)]
    fn every_finding_of_a_fixture_is_defended() {
        super::run(&crate::workspace::root(), None, super::Mode::Check).unwrap();
    }

    #[test]
    #[allow(clippy::unwrap_used)]
    fn a_finding_that_nobody_defended_is_told() {
        let root = crate::workspace::root();
        let mut rows = super::rows(&root).unwrap();
        rows.retain(|row| row.code != "eviction_stalled");
        let dir = tempfile::tempdir().unwrap();
        let name = "lmcache-0.5.6-isolated-lru-l1-dead";
        let packet = crate::workspace::packets().join(name);
        std::os::unix::fs::symlink(packet, dir.path().join(name)).unwrap();
        let wrong = super::undefended(dir.path(), &rows, |row| &row.fixture).unwrap();
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(wrong[0].contains("eviction_stalled is not defended"), "{wrong:?}");
    }
}
