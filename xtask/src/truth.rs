//! `cargo xtask truth DIR`: reports against labels that people made.
//!
//! A label that only another lane can tell (switched off, OTLP only, a log, a launch line) is
//! *open* while the report says `unknown`; it is wrong when the report says anything else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use inferguard::packet::{Input, Limits, open};
use inferguard::report::{CheckReport, Options, check};
use lmcache_prom::contract::{Catalog, Release};
use serde_json::Value;

use crate::tree;

/// How the labels of one packet came out.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) held: usize,
    pub(crate) open: Vec<String>,
    pub(crate) wrong: Vec<String>,
}

impl Tally {
    fn say(&mut self, ok: bool, unknown: bool, what: impl FnOnce() -> String) {
        if ok {
            self.held += 1;
        } else if unknown {
            self.open.push(what());
        } else {
            self.wrong.push(what());
        }
    }
}

/// Runs over a tree; gives the number of labels that do not hold.
pub(crate) fn run(root: &Path) -> Result<usize> {
    let files = labels(root)?;
    let catalog = Catalog::new();
    let (mut held, mut open, mut wrong) = (0, 0, 0);
    for file in &files {
        let dir = file.parent().context("no directory")?;
        let tally = one(&catalog, dir, file)?;
        let name = dir.strip_prefix(root).unwrap_or(dir).display();
        println!(
            "{name}: {} hold, {} open, {} wrong",
            tally.held,
            tally.open.len(),
            tally.wrong.len()
        );
        for what in &tally.wrong {
            println!("  WRONG {what}");
        }
        for what in &tally.open {
            println!("  open  {what}");
        }
        held += tally.held;
        open += tally.open.len();
        wrong += tally.wrong.len();
    }
    println!(
        "{} packets: {held} labels hold, {open} need another lane, {wrong} are wrong",
        files.len()
    );
    Ok(wrong)
}

/// Every file of labels below a directory.
fn labels(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = tree::files(root)?;
    files.retain(|path| path.file_name().is_some_and(|name| name == "truth.json"));
    Ok(files)
}

/// Holds one packet's report against its labels.
pub(crate) fn one(catalog: &Catalog, dir: &Path, truth: &Path) -> Result<Tally> {
    let text = std::fs::read_to_string(truth).with_context(|| format!("{}", truth.display()))?;
    let truth: Value =
        serde_json::from_str(&text).with_context(|| format!("{}", truth.display()))?;
    let packet = open(&[Input::Path(dir.to_path_buf())], &Limits::default());
    let report = check(catalog, packet, &Options::default());
    let mut tally = Tally::default();
    headline(&truth, &report, &mut tally);
    families(&truth, &report, &mut tally);
    facts(&truth["facts"], &report, &mut tally);
    reconciliation(&truth["reconciliation"], &report, &mut tally);
    connector(&truth["connector"], &report, &mut tally);
    codes(&truth, &report, &mut tally);
    Ok(tally)
}

fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(s) => vec![s],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    }
}

fn headline(truth: &Value, report: &CheckReport, tally: &mut Tally) {
    let mode = report.mode.name();
    let wanted = [strings(&truth["mode"]), strings(&truth["mode_also_accepted"])].concat();
    tally.say(wanted.contains(&mode), mode == "unknown", || {
        format!("mode: {mode}, label {wanted:?}")
    });
    let label = report.architecture.headline.as_str();
    let wanted =
        [strings(&truth["architecture"]), strings(&truth["architecture_also_accepted"])].concat();
    // A server's page alone proves the server; who uses it is another lane's word.
    let weaker = label == "unknown" || strings(&truth["also"]).contains(&label);
    tally.say(wanted.contains(&label), weaker, || {
        format!("architecture: {label}, label {wanted:?}")
    });
    let labels: Vec<&str> = report.architecture.labels.iter().map(|l| l.label.as_str()).collect();
    for also in strings(&truth["also"]) {
        tally.say(labels.contains(&also), false, || format!("labels: {labels:?}, label {also}"));
    }
    for (product, row) in [
        ("lmcache", &report.releases.lmcache),
        ("vllm", &report.releases.vllm),
        ("sglang", &report.releases.sglang),
    ] {
        let Some(release) =
            truth["releases"][product].as_str().and_then(|t| t.parse::<Release>().ok())
        else {
            continue;
        };
        let inside = row.as_ref().is_some_and(|r| {
            let parse = |t: &Option<String>| t.as_ref().and_then(|t| t.parse::<Release>().ok());
            parse(&r.min).is_some_and(|m| m <= release)
                && parse(&r.max).is_none_or(|m| release <= m)
        });
        tally.say(inside, row.is_none(), || format!("{product} release: {row:?}, label {release}"));
    }
}

fn families(truth: &Value, report: &CheckReport, tally: &mut Tally) {
    let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut put = |key: &str, list: Vec<&str>| {
        wanted.insert(key.to_owned(), list.into_iter().map(str::to_owned).collect());
    };
    for (key, value) in truth["families"].as_object().into_iter().flatten() {
        put(key, strings(value));
    }
    for (key, value) in truth["families_accept"].as_object().into_iter().flatten() {
        put(key, strings(value));
    }
    for (key, value) in truth["arguable"]["families"].as_object().into_iter().flatten() {
        put(key, strings(&value["allowed"]));
    }
    for (key, list) in &wanted {
        let (surface, family) = key.split_once('/').unwrap_or((key, "*"));
        for row in report.families.iter().filter(|r| r.surface == surface) {
            // A label of one family beats that of its whole surface.
            let own = format!("{surface}/{}", row.family);
            if (family != "*" && family != row.family)
                || (family == "*" && wanted.contains_key(&own))
            {
                continue;
            }
            let status = row.status.name();
            tally.say(list.iter().any(|s| s == status), status == "unknown", || {
                format!("{own}: {status}, label {list:?} ({})", row.because)
            });
        }
    }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 + b.abs() * 1e-5
}

fn facts(facts: &Value, report: &CheckReport, tally: &mut Tally) {
    let targets = &report.targets;
    let seen = !targets.iter().all(|t| t.is.iter().any(|w| w == "silent"));
    let total = |name: &str| {
        targets.iter().filter_map(|t| t.measures.totals.get(name)).copied().reduce(|a, b| a + b)
    };
    let number = |tally: &mut Tally, what: &str, got: Option<f64>, want: f64| {
        let ok = got.is_some_and(|g| near(g, want)) || (got.is_none() && want == 0.0);
        tally.say(ok, got.is_none() && !seen, || format!("{what}: {got:?}, label {want}"));
    };
    for (name, want) in facts["counters"].as_object().into_iter().flatten() {
        if let Some(want) = want.as_f64() {
            number(tally, name, total(name), want);
        }
    }
    for (name, want) in facts["counters_by_process"].as_object().into_iter().flatten() {
        for (i, want) in want.as_array().into_iter().flatten().enumerate() {
            let got = targets
                .iter()
                .filter(|t| t.measures.processes.iter().any(|p| p.counters.contains_key(name)))
                .find_map(|t| t.measures.processes.get(i))
                .and_then(|p| p.counters.get(name).copied());
            if let Some(want) = want.as_f64() {
                number(tally, &format!("{name} of process {i}"), got, want);
            }
        }
    }
    for (key, name) in [
        ("lookup_requested_tokens_total", "lmcache_mp_lookup_requested_tokens_total"),
        ("lookup_hit_tokens_total", "lmcache_mp_lookup_hit_tokens_total"),
        ("dropped_events", "lmcache_mp_event_bus_dropped_events_total"),
        ("l2_store_completed_requests", "lmcache_mp_l2_store_completed_requests_total"),
        ("l2_store_submitted_requests", "lmcache_mp_l2_store_submitted_requests_total"),
    ] {
        if let Some(want) = facts[key].as_f64() {
            number(tally, key, total(name), want);
        }
    }
    gauges(facts, report, tally);
    histograms(facts, report, tally);
    windows(facts, report, tally);
    let restarts: usize =
        targets.iter().map(|t| t.measures.processes.len().saturating_sub(1)).sum();
    let want = match &facts["process_restarts"] {
        Value::Number(n) => n.as_u64(),
        Value::Object(map) => Some(map.values().filter_map(Value::as_u64).sum()),
        _ => None,
    };
    if let Some(want) = want {
        tally.say(restarts as u64 == want, false, || {
            format!("process_restarts: {restarts}, label {want}")
        });
    }
}

fn gauges(facts: &Value, report: &CheckReport, tally: &mut Tally) {
    let rows = |name: &str| -> Vec<inferguard::GaugeRow> {
        report
            .targets
            .iter()
            .flat_map(|t| t.measures.processes.iter())
            .filter_map(|p| p.gauges.get(name).copied())
            .collect()
    };
    for (key, name) in [
        ("l1_usage_ratio", "lmcache_mp_l1_usage_ratio"),
        ("l1_memory_usage_bytes", "lmcache_mp_l1_memory_usage_bytes"),
        ("l2_usage_bytes", "lmcache_mp_l2_usage_bytes"),
    ] {
        let found = rows(name);
        let max = found.iter().map(|g| g.max).reduce(f64::max);
        let last = found.last().map(|g| g.last);
        for (suffix, got) in [("last", last), ("max", max)] {
            if let Some(want) = facts[format!("{key}_{suffix}")].as_f64() {
                let ok = got.is_some_and(|g| near(g, want));
                tally.say(ok, false, || format!("{key}_{suffix}: {got:?}, label {want}"));
            }
        }
    }
    for (name, want) in facts["inflight"].as_object().into_iter().flatten() {
        let found = rows(name);
        let max = found.iter().map(|g| g.max).reduce(f64::max);
        let present: usize = found.iter().map(|g| g.present_in).sum();
        let ok = max.zip(want["max"].as_f64()).is_some_and(|(a, b)| near(a, b))
            && Some(present as u64) == want["present_in"].as_u64();
        tally.say(ok, false, || format!("{name}: max {max:?} in {present} pages, label {want}"));
    }
    let ticks = "lmcache_mp_l1_eviction_loop_ticks_total";
    let rows = report.targets.iter().find_map(|t| {
        t.measures.by_scrape.get(ticks).map(|v| (t.measures.scrapes.as_slice(), v.as_slice()))
    });
    if let (Some(want), Some((scrapes, got))) =
        (facts["eviction_loop_ticks_by_scrape"].as_array(), rows)
    {
        // Labels number the scrapes of the timeline; pages taken beside it are not among them.
        let own: Vec<Option<f64>> = scrapes
            .iter()
            .zip(got)
            .filter(|(s, _)| !s.artifact.contains("/http"))
            .map(|(_, v)| *v)
            .collect();
        let want: Vec<Option<f64>> = want.iter().map(Value::as_f64).collect();
        tally.say(own == want, false, || {
            format!("eviction_loop_ticks_by_scrape: {own:?}, label {want:?}")
        });
    }
}

fn histograms(facts: &Value, report: &CheckReport, tally: &mut Tally) {
    let processes: Vec<_> =
        report.targets.iter().flat_map(|t| t.measures.processes.iter()).collect();
    let mp: Vec<_> = processes
        .iter()
        .filter(|p| p.gauges.keys().any(|k| k.starts_with("lmcache_mp_")))
        .collect();
    for (key, process) in [("histograms_last", mp.last()), ("histograms_first_process", mp.first())]
    {
        for (name, want) in facts[key].as_object().into_iter().flatten() {
            let got = process.and_then(|p| p.histograms.get(name));
            let ok = got.is_some_and(|h| {
                want["count"].as_f64().is_some_and(|w| near(h.count, w))
                    && want["sum"].as_f64().is_some_and(|w| near(h.sum, w))
            });
            tally.say(ok, false, || format!("{key} {name}: {got:?}, label {want}"));
        }
    }
    for (key, name) in [
        ("l2_store_throughput_gbs_mean", "lmcache_mp_l2_store_throughput_GB_per_second"),
        ("l2_load_throughput_gbs_mean", "lmcache_mp_l2_load_throughput_GB_per_second"),
        ("l0_l1_store_throughput_gbs_mean", "lmcache_mp_l0_l1_store_throughput_GB_per_second"),
        ("l0_l1_load_throughput_gbs_mean", "lmcache_mp_l0_l1_load_throughput_GB_per_second"),
    ] {
        let Some(want) = facts[key].as_f64() else { continue };
        let (sum, count) = processes
            .iter()
            .filter_map(|p| p.histograms.get(name))
            .fold((0.0, 0.0), |(s, c), h| (s + h.sum, c + h.count));
        let ok = count > 0.0 && (sum / count - want).abs() < 1e-5;
        tally.say(ok, false, || format!("{key}: {sum} / {count}, label {want}"));
    }
}

fn windows(facts: &Value, report: &CheckReport, tally: &mut Tally) {
    let rows: Vec<_> = report.targets.iter().flat_map(|t| t.measures.windows.iter()).collect();
    for want in facts["lookup_windows"].as_array().into_iter().flatten() {
        let (from, to) = (want["from"].as_str().unwrap_or(""), want["to"].as_str().unwrap_or(""));
        let ends = |path: &str, name: &str| {
            path.rsplit('/').next() == Some(name) && !path.contains("/http")
        };
        // Pages taken beside the timeline split a window: its parts are added up.
        let start = rows.iter().position(|w| ends(&w.from, from));
        let end = rows.iter().position(|w| ends(&w.to, to));
        let got = start.zip(end).filter(|(a, b)| a <= b).map(|(a, b)| {
            rows[a..=b]
                .iter()
                .flat_map(|w| &w.ratios)
                .filter(|r| r.ratio == "lookup_hit_rate")
                .fold((0.0, 0.0), |(requested, hit), r| (requested + r.requested, hit + r.hit))
        });
        let ok = got.is_some_and(|(requested, hit)| {
            want["requested"].as_f64().is_some_and(|w| near(requested, w))
                && want["hit"].as_f64().is_some_and(|w| near(hit, w))
        });
        tally.say(ok, false, || format!("window {from} > {to}: {got:?}, label {want}"));
    }
}

/// Tokens by phase, engine's and LMCache's. A label's phase ends at the page of its name; several
/// windows within a phase are added up.
fn reconciliation(phases: &Value, report: &CheckReport, tally: &mut Tally) {
    let windows = &report.bridge.windows;
    let phase_of = |path: &str| -> String {
        let stem = path.rsplit('/').next().unwrap_or(path).split('.').next().unwrap_or("");
        stem.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches('-').to_owned()
    };
    let mut start = 0;
    for want in phases.as_array().into_iter().flatten() {
        let phase = want["phase"].as_str().unwrap_or("");
        let end = windows.iter().enumerate().skip(start).find(|(_, w)| phase_of(&w.to) == phase);
        let Some((end, _)) = end else {
            tally.say(false, windows.is_empty(), || format!("no window ends with phase {phase}"));
            continue;
        };
        let sum = windows.get(start..=end).unwrap_or(&[]).iter().map(|w| w.tokens.clone());
        start = end + 1;
        let Some(tokens) = sum.reduce(|a, b| a.plus(&b)) else { continue };
        let loaded = tokens.loaded.as_ref().map(|a| a.value);
        for (key, got) in [
            ("engine_prompt", tokens.prompt.as_ref()),
            ("engine_computed", tokens.computed.as_ref()),
            ("engine_local_hits", tokens.engine_local.as_ref()),
            ("engine_external_hits", tokens.external.as_ref()),
            ("lmcache_requested", tokens.requested.as_ref()),
            ("lmcache_hits", tokens.hits.as_ref()),
            ("lmcache_loaded_tokens", tokens.loaded.as_ref()),
        ] {
            let got = got.map(|a| a.value);
            let want = want[key].as_f64();
            // Nothing was asked for: no number and zero say the same.
            let none = |n: Option<f64>| n.is_none_or(|n| n == 0.0);
            let ok = match (got, want) {
                (Some(got), Some(want)) => near(got, want),
                (got, want) => none(got) && none(want),
            };
            tally.say(ok, false, || format!("{phase}: {key} {got:?}, label {want:?}"));
        }
        if let (Some(holds), Some(requested), Some(hits)) =
            (want["identity_holds"].as_bool(), want["lmcache_requested"].as_f64(), &tokens.hits)
        {
            let found = tokens.engine_local.as_ref().zip(tokens.external.as_ref());
            let got = found.map(|(a, b)| near(a.value + b.value, hits.value));
            tally.say(got == Some(holds), requested == 0.0, || {
                format!(
                    "{phase}: local + external = hits is {got:?}, label {holds}, loaded {loaded:?}"
                )
            });
        }
    }
}

/// The connector that is named, and that none is where none is.
fn connector(want: &Value, report: &CheckReport, tally: &mut Tally) {
    if report.bridge.sides.is_empty() {
        return;
    }
    let named: Vec<&str> = report
        .bridge
        .sides
        .iter()
        .filter_map(|s| Some(s.connector.as_ref()?.value.as_str()))
        .collect();
    match want["name"].as_str() {
        Some(name) => tally.say(named.contains(&name), named.is_empty(), || {
            format!("connector: {named:?}, label {name}")
        }),
        None => tally.say(named.is_empty(), false, || format!("connector: {named:?}, label none")),
    }
}

/// Labels of findings: each names a code, an alias or a cause class.
fn codes(truth: &Value, report: &CheckReport, tally: &mut Tally) {
    let loud = |severity: &str| severity != "info";
    let named = |label: &str| {
        report.findings.iter().find(|f| {
            f.code == label
                || f.cause.as_deref() == Some(label)
                || f.aliases.iter().any(|alias| alias == label)
        })
    };
    for label in strings(&truth["must_find"]) {
        tally.say(named(label).is_some(), false, || format!("{label} is not found"));
    }
    for list in truth["must_find_any"].as_array().into_iter().flatten() {
        let labels = strings(list);
        tally.say(labels.iter().any(|l| named(l).is_some()), false, || {
            format!("none of {} is found", labels.join(", "))
        });
    }
    for label in strings(&truth["must_not_find"]) {
        let hit = named(label).filter(|f| loud(&f.severity));
        tally.say(hit.is_none(), false, || format!("{label} is a false alarm"));
    }
    if truth["healthy"] == Value::Bool(true) {
        let allowed = [strings(&truth["must_find"]), strings(&truth["may_find"])].concat();
        for finding in report.findings.iter().filter(|f| loud(&f.severity)) {
            let known = allowed.iter().any(|label| {
                finding.code == *label
                    || finding.cause.as_deref() == Some(*label)
                    || finding.aliases.iter().any(|alias| alias == label)
            });
            tally.say(known, false, || {
                format!("{} ({}) on a healthy packet", finding.code, finding.severity)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_of_the_fixtures_holds_or_needs_another_lane() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/packets");
        let files = labels(&root).unwrap();
        assert!(files.len() >= 6, "too few labelled fixtures: {}", files.len());
        let catalog = Catalog::new();
        let mut held = 0;
        for file in files {
            let tally = one(&catalog, file.parent().unwrap(), &file).unwrap();
            assert!(tally.wrong.is_empty(), "{}: {:#?}", file.display(), tally.wrong);
            held += tally.held;
        }
        assert!(held > 400, "only {held} labels were checked");
    }
}
