//! Pages of cause classes: what the registry of rules says, and the parts that a person wrote in
//! `xtask/causes/CLASS.md`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use inferguard::packet::{Input, Limits, open};
use inferguard::render::{self, RenderOptions, markdown_prose as prose};
use inferguard::report::{ExplainReport, Options, RuleRow, check};
use lmcache_prom::contract::Catalog;

/// Headings of the written parts.
const SEE: &str = "What you see";
const FRIENDS: &str = "False friends";

/// What a person wrote about a cause class.
struct Written {
    /// Packet or field case on which it is found, from the root of the workspace.
    evidence: Option<String>,
    see: String,
    friends: String,
}

/// The index, and a page a class in the order of the registry.
pub(super) fn pages(root: &Path, all: &ExplainReport) -> Result<Vec<(String, String)>> {
    let dir = root.join("xtask/causes");
    let mut classes: Vec<&str> = Vec::new();
    for class in all.rules.iter().filter_map(|r| r.cause.as_deref()) {
        if !classes.contains(&class) {
            classes.push(class);
        }
    }
    orphans(&dir, &classes)?;
    let catalog = Catalog::new();
    let mut out = vec![("README".to_owned(), index(all, &classes))];
    for class in classes {
        let path = dir.join(format!("{class}.md"));
        let text = std::fs::read_to_string(&path).with_context(|| {
            format!("{}: a cause class needs its written parts", path.display())
        })?;
        let written = parse(&text).with_context(|| format!("{}", path.display()))?;
        let rules: Vec<&RuleRow> =
            all.rules.iter().filter(|r| r.cause.as_deref() == Some(class)).collect();
        let shown = match &written.evidence {
            Some(evidence) => Some(shown(root, &catalog, class, evidence)?),
            None => None,
        };
        out.push((class.to_owned(), page(class, &rules, &written, shown.as_deref())));
    }
    Ok(out)
}

fn orphans(dir: &Path, classes: &[&str]) -> Result<()> {
    for entry in std::fs::read_dir(dir).with_context(|| format!("{}", dir.display()))? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        ensure!(classes.contains(&stem), "{}: no rule has this cause class", path.display());
    }
    Ok(())
}

fn parse(text: &str) -> Result<Written> {
    let mut written = Written { evidence: None, see: String::new(), friends: String::new() };
    let mut parts = text.split("## ");
    for line in parts.next().unwrap_or_default().lines().filter(|l| !l.is_empty()) {
        match line.split_once(": ") {
            Some(("evidence", path)) => written.evidence = Some(path.to_owned()),
            _ => bail!("{line:?} is before the first heading, and no `evidence: PATH`"),
        }
    }
    for part in parts {
        let (heading, body) = part.split_once('\n').unwrap_or((part, ""));
        let body = body.trim().to_owned();
        match heading {
            SEE => written.see = body,
            FRIENDS => written.friends = body,
            _ => bail!("heading {heading:?}; there are {SEE:?} and {FRIENDS:?}"),
        }
    }
    ensure!(!written.see.is_empty(), "{SEE:?} is empty");
    ensure!(!written.friends.is_empty(), "{FRIENDS:?} is empty");
    Ok(written)
}

fn index(all: &ExplainReport, classes: &[&str]) -> String {
    let mut out = String::from(
        "# Causes\n\nOne page a cause class: what you see, how to make sure, what to do, and what only \
         looks like it. Made by\n`cargo xtask findings` from the registry of rules and the parts in \
         `xtask/causes/`. In the terminal:\n`inferguard explain CLASS`.\n\n\
         | class | severity | says |\n|---|---|---|\n",
    );
    for class in classes {
        if let Some(rule) = all.rules.iter().find(|r| r.cause.as_deref() == Some(class)) {
            let _ = writeln!(
                out,
                "| [{class}]({class}.md) | {} | {} |",
                rule.severity,
                prose(&rule.title)
            );
        }
    }
    out
}

fn page(class: &str, rules: &[&RuleRow], written: &Written, shown: Option<&str>) -> String {
    let mut out = format!("# {class}\n");
    for rule in rules {
        let _ = write!(out, "\n**{}** ({}).\n", prose(&rule.title), rule.severity);
    }
    let _ = write!(out, "\n## {SEE}\n\n{}\n", written.see);
    out.push_str("\n## Why\n");
    for rule in rules {
        let _ = write!(out, "\n{}\n", prose(&rule.explanation));
    }
    out.push_str("\n## How to confirm\n");
    for rule in rules {
        let _ = write!(out, "\n{}\n", prose(&rule.confirm));
    }
    let needs: BTreeSet<&str> =
        rules.iter().flat_map(|r| &r.needs).map(|n| n.settle.as_str()).collect();
    if !needs.is_empty() {
        out.push_str("\n`inferguard check` looks for it where it is given any of:\n\n");
        for need in needs {
            let _ = writeln!(out, "- {}", prose(need));
        }
    }
    if let Some(shown) = shown {
        let _ = write!(out, "\nOn saved evidence it then says:\n\n```console\n{shown}```\n");
    }
    out.push_str("\n## Cure\n");
    for rule in rules {
        let _ = write!(out, "\n{}\n", prose(&rule.action));
    }
    let codes: Vec<String> = rules.iter().map(|r| format!("`{}`", r.code)).collect();
    let _ = write!(
        out,
        "\n## Is it cured?\n\nCollect again under the same load, two scrapes and the logs from after the \
         change, and run\n`inferguard check` on that alone: {} is named no more. `--json` then lists it \
         under\n`silent_rules.clear`; under `not_evaluable` it was not looked at, which proves nothing.\n",
        codes.join(" or ")
    );
    let _ = write!(out, "\n## {FRIENDS}\n\n{}\n", written.friends);
    for rule in rules {
        let guard = prose(&rule.false_positives);
        let _ = write!(out, "\nWhat keeps the rule from a false alarm: {guard}\n");
    }
    out.push_str("\n## More\n\n");
    for rule in rules {
        let _ = writeln!(
            out,
            "- finding [`{0}`](../findings/{0}.md): thresholds, examples, what it explains",
            rule.code
        );
    }
    out
}

/// The command on the evidence, and of what it prints the finding of this class.
fn shown(root: &Path, catalog: &Catalog, class: &str, evidence: &str) -> Result<String> {
    let packet = open(&[Input::Path(root.join(evidence))], &Limits::default());
    let report = check(catalog, packet, &Options::default());
    // A remark is on the whole screen only.
    for (all, flag) in [(false, ""), (true, " --all")] {
        let screen = render::check(&report, &RenderOptions::default().with_all(all));
        if let Some(entry) = entry(&screen, class) {
            return Ok(format!("$ inferguard check{flag} {evidence}\n...\n{entry}...\n"));
        }
    }
    bail!("{evidence}: {class} is not among what is found there")
}

/// What stands before the first finding of a screen.
const LABELS: &[&str] = &["WRONG ", "REMARKS "];

/// The lines of the finding that names a class, from a screen of `check`.
fn entry(screen: &str, class: &str) -> Option<String> {
    let tag = format!("cause {class}]");
    let mut entries: Vec<String> = Vec::new();
    for line in screen.lines().skip_while(|l| !LABELS.iter().any(|s| l.starts_with(s))) {
        if line.is_empty() {
            break;
        }
        let text = line.get(10..).unwrap_or_default();
        if ["critical ", "warning ", "info "].iter().any(|s| text.starts_with(s)) {
            entries.push(String::new());
        }
        let entry = entries.last_mut()?;
        entry.push_str(line);
        entry.push('\n');
    }
    // The tag may be broken over two lines.
    let flat = |entry: &String| entry.split_whitespace().collect::<Vec<_>>().join(" ");
    entries.iter().find(|e| flat(e).contains(&tag)).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_cut_out_whole() {
        let screen = "SOMETHING IS WRONG\n\nWRONG     critical One\n          [a, cause\n          x-y]\n            why: so\n          warning Two [b, cause z]\n\nRUNS      x\n";
        assert_eq!(
            entry(screen, "x-y").unwrap(),
            "WRONG     critical One\n          [a, cause\n          x-y]\n            why: so\n"
        );
        assert_eq!(entry(screen, "z").unwrap(), "          warning Two [b, cause z]\n");
        assert_eq!(entry(screen, "w"), None);
    }

    #[test]
    fn what_a_person_wrote_is_held_to_its_form() {
        assert!(parse("## What you see\n\na\n\n## False friends\n\nb\n").is_ok());
        for bad in ["text\n## What you see\n\na\n", "## What you see\n\na\n", "## Other\n\na\n"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
