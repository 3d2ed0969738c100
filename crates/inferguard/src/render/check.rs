//! The one screen of `inferguard check`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use coverage_model::{FamilyRow, Status};

use super::text::{Sheet, Style, count, plural, safe, seconds, short_path, styled};
use crate::measures::{WindowRow, ratio_title};
use crate::packet::Artifact;
use crate::report::{
    Answer, CheckReport, Finding, NotEvaluable, ReleaseRow, Releases, TargetRow, Traffic,
};

/// Renders the report in at most `width` columns: in brief where nothing is wrong, unless `all`
/// is set, which also lists what is not applicable.
pub fn check(report: &CheckReport, width: usize, all: bool) -> String {
    let mut sheet = Sheet::new(width);
    newer(&mut sheet, &report.releases);
    answer(&mut sheet, report);
    if !all && super::brief::fits(report) {
        super::brief::lines(&mut sheet, report);
        return sheet.finish();
    }
    sheet.blank();
    wrong(&mut sheet, &report.findings);
    runs(&mut sheet, report);
    super::bridge::short(&mut sheet, &report.bridge);
    hit_rates(&mut sheet, &report.targets, all);
    traces(&mut sheet, report);
    super::spans::spans(&mut sheet, &report.spans);
    logs(&mut sheet, report);
    signals(&mut sheet, &report.families, all);
    cannot_tell(&mut sheet, &report.not_evaluable);
    inputs(&mut sheet, &report.inputs);
    sheet.finish()
}

fn answer(sheet: &mut Sheet, report: &CheckReport) {
    let (style, word) = match report.answer {
        Answer::SomethingWrong => (Style::Bad, "SOMETHING IS WRONG"),
        Answer::NothingWrongInWhatWasSeen => (Style::Good, "NOTHING WRONG IN WHAT WAS SEEN"),
        Answer::NothingSeen => (Style::Warn, "NOTHING SEEN TO JUDGE"),
    };
    sheet.raw(&styled(style, word));
    let room = sheet.width();
    for line in super::text::wrap(&report.summary, room) {
        sheet.raw(&line);
    }
}

fn runs(sheet: &mut Sheet, report: &CheckReport) {
    let claim = claim(report.mode_claim);
    let others: Vec<&str> =
        report.architecture.labels.iter().skip(1).map(|l| l.label.as_str()).collect();
    let also =
        if others.is_empty() { String::new() } else { format!(" (also {})", others.join(", ")) };
    sheet.entry(
        "RUNS",
        &format!("{}{also}, mode {} ({claim})", report.architecture.headline, report.mode.name()),
    );
    sheet.entry_at("", 2, &safe(&report.mode_because));
    releases(sheet, &report.releases);
    for target in &report.targets {
        target_line(sheet, target);
    }
    sheet.blank();
}

pub(super) fn claim(claim: coverage_model::Claim) -> &'static str {
    match claim {
        coverage_model::Claim::Measured => "measured",
        coverage_model::Claim::Inferred => "inferred",
        coverage_model::Claim::Synthetic => "synthetic",
        coverage_model::Claim::NotProven => "not proven",
    }
}

/// What is to be said first: a release that the contract does not reach.
pub(super) fn newer_lines(releases: &Releases) -> Vec<String> {
    [("LMCache", &releases.lmcache), ("vLLM", &releases.vllm), ("SGLang", &releases.sglang)]
        .into_iter()
        .filter_map(|(name, row)| {
            let newer = row.as_ref()?.newer_than_catalog.as_ref()?;
            Some(format!(
                "{name} {} is newer than the newest release that this build knows, {}: what it \
                 renamed or dropped is unknown here, and what it added is not read. Named by {}. \
                 To refresh: {}.",
                newer.release, newer.newest_examined, newer.because, newer.refresh
            ))
        })
        .collect()
}

pub(super) fn newer(sheet: &mut Sheet, releases: &Releases) {
    for line in newer_lines(releases) {
        sheet.entry("NEWER", &safe(&line));
    }
}

pub(super) fn releases(sheet: &mut Sheet, releases: &Releases) {
    for (name, row) in
        [("LMCache", &releases.lmcache), ("vLLM", &releases.vllm), ("SGLang", &releases.sglang)]
    {
        let Some(row) = row else { continue };
        sheet.entry("", &format!("{name} {}", span(row)));
        for decided in &row.decided_by {
            sheet.entry_at("", 2, &safe(&format!("{}: {}", decided.effect, decided.because)));
        }
    }
}

pub(crate) fn span(row: &ReleaseRow) -> String {
    if let Some(newer) = &row.newer_than_catalog {
        return format!("{}, read as {}", newer.release, newer.newest_examined);
    }
    match (&row.min, &row.max) {
        (Some(a), Some(b)) if a == b => a.clone(),
        (Some(a), Some(b)) => format!("{a} to {b}"),
        (Some(a), None) => format!("{a} or newer"),
        _ => "release unknown".into(),
    }
}

fn target_line(sheet: &mut Sheet, target: &TargetRow) {
    let m = &target.measures;
    let times: Vec<f64> = m.scrapes.iter().filter_map(|s| s.at).collect();
    let length = match (times.first(), times.last()) {
        (Some(a), Some(b)) if times.len() == m.scrapes.len() && b > a => {
            format!(" over {}", seconds(b - a))
        }
        _ => String::new(),
    };
    let restarts = m.processes.len().saturating_sub(1);
    let restarts =
        if restarts > 0 { format!(", {}", plural(restarts, "restart")) } else { String::new() };
    let traffic = match target.traffic {
        Traffic::Flowing => "traffic flows",
        Traffic::Past if target.measures.scrapes.len() < 2 => "had traffic",
        Traffic::Past => "had traffic, none between these scrapes",
        Traffic::Idle => "idle",
        Traffic::Unknown => "traffic unknown",
    };
    sheet.entry(
        "",
        &safe(&format!(
            "{}: {}{length}{restarts}; {traffic}: {}",
            target.role,
            plural(m.scrapes.len(), "scrape"),
            target.traffic_because
        )),
    );
}

/// Most window lines that the screen shows over all targets and ratios.
const WINDOW_LINES: usize = 12;

fn hit_rates(sheet: &mut Sheet, targets: &[TargetRow], all: bool) {
    type Rows<'a> = Vec<(&'a WindowRow, f64, f64, Option<f64>)>;
    let mut tables: Vec<(&TargetRow, &str, Rows<'_>)> = Vec::new();
    for target in targets {
        let mut by_ratio: BTreeMap<&str, Rows<'_>> = BTreeMap::new();
        for window in &target.measures.windows {
            for r in &window.ratios {
                by_ratio.entry(&r.ratio).or_default().push((window, r.hit, r.requested, r.rate));
            }
        }
        by_ratio.retain(|_, rows| rows.iter().any(|r| r.2 > 0.0));
        tables.extend(by_ratio.into_iter().map(|(ratio, rows)| (target, ratio, rows)));
    }
    let most = if all { usize::MAX } else { (WINDOW_LINES / tables.len().max(1)).max(2) };
    let mut label = "HIT RATE";
    for (target, ratio, rows) in &tables {
        let live: Vec<_> = rows.iter().filter(|r| r.2 > 0.0).collect();
        sheet.entry(
            label,
            &safe(&format!("{}: {}, tokens by window", target.role, ratio_title(ratio))),
        );
        label = "";
        let room = sheet.width().saturating_sub(56).clamp(16, 48);
        let skip = live.len().saturating_sub(most);
        for (window, hit, requested, rate) in live.iter().skip(skip) {
            let name = format!("{} > {}", stem(&window.from), stem(&window.to));
            let length = window.seconds.map_or_else(String::new, seconds);
            let rate = rate.map_or_else(|| "-".into(), |r| format!("{:.1} %", r * 100.0));
            sheet.raw(&format!(
                "            {:<room$} {length:>8} {:>9} of {:>9} {rate:>8}",
                fit(&safe(&name), room),
                count(*hit),
                count(*requested)
            ));
        }
        let mut rest = Vec::new();
        if skip > 0 {
            rest.push(format!("{} before these: --all shows them", plural(skip, "window")));
        }
        if rows.len() > live.len() {
            rest.push(format!("{} without a request", plural(rows.len() - live.len(), "window")));
        }
        if !rest.is_empty() {
            sheet.entry_at("", 2, &rest.join("; "));
        }
    }
    if label.is_empty() {
        sheet.blank();
    }
}

/// The name of a page without its directory and ending; of an export its place in its file.
fn stem(path: &str) -> Cow<'_, str> {
    let base = short_path(path);
    match base.rsplit_once('.') {
        Some((stem, ending)) => match ending.split_once(':') {
            Some((_, line)) => Cow::Owned(format!("export {line}")),
            None => Cow::Borrowed(stem),
        },
        None => Cow::Borrowed(base),
    }
}

/// Cuts a text in its middle.
fn fit(text: &str, room: usize) -> String {
    let n = text.chars().count();
    if n <= room {
        return text.to_owned();
    }
    let keep = room.saturating_sub(2);
    let head: String = text.chars().take(keep / 2).collect();
    let tail: String = text.chars().skip(n - (keep - keep / 2)).collect();
    format!("{head}..{tail}")
}

/// Most logs and most tracebacks of each that the screen shows.
const LOG_LINES: usize = 6;
const TRACEBACK_LINES: usize = 3;

/// A line a log, and the tracebacks in it.
fn logs(sheet: &mut Sheet, report: &CheckReport) {
    let mut label = "LOGS";
    for row in report.logs.iter().take(LOG_LINES) {
        let log = &row.evidence;
        let loud: u64 = ["WARNING", "ERROR", "CRITICAL", "warning", "error", "critical"]
            .iter()
            .filter_map(|level| log.levels.get(*level))
            .sum();
        let start = if log.covers_start() { "" } else { ", not from its start" };
        sheet.entry(
            label,
            &safe(&format!(
                "{}: {} lines{start}; {} warnings and errors",
                short_path(&row.path),
                count(log.line_count as f64),
                count(loud as f64)
            )),
        );
        label = "";
        for traceback in log.tracebacks.iter().take(TRACEBACK_LINES) {
            sheet.entry_at(
                "",
                2,
                &safe(&format!(
                    "{} x {} (line {})",
                    count(traceback.count as f64),
                    traceback.last_line,
                    traceback.first_line
                )),
            );
        }
    }
    if report.logs.len() > LOG_LINES {
        sheet.entry(
            "",
            &format!("{} more; --json has them", plural(report.logs.len() - LOG_LINES, "log")),
        );
    }
    if label.is_empty() {
        sheet.blank();
    }
}

/// Most traces that the screen shows.
const TRACE_LINES: usize = 6;

/// A line a trace, and what is wrong with it.
fn traces(sheet: &mut Sheet, report: &CheckReport) {
    let mut label = "TRACES";
    for row in report.traces.iter().take(TRACE_LINES) {
        let evidence = &row.evidence;
        let name = short_path(&row.path);
        let text = if evidence.parse_error.is_empty() {
            let length = evidence
                .summary
                .as_ref()
                .and_then(|s| s.clocks.duration_mono_s)
                .map_or_else(String::new, |s| format!(" over {}", seconds(s)));
            let calls = count(evidence.record_count as f64);
            let end = evidence.summary.as_ref().map_or("", |s| s.end.meaning.as_str());
            if evidence.record_count == 0 {
                format!("{name}: no calls: {end}")
            } else {
                format!("{name}: {calls} calls{length}")
            }
        } else {
            format!("{name}: {}", evidence.parse_error)
        };
        sheet.entry(label, &safe(&text));
        label = "";
        for defect in evidence.check.iter().filter(|o| o.grade == lmcache_trace::Grade::Defect) {
            sheet.entry_at("", 2, &safe(&defect.message));
        }
    }
    if report.traces.len() > TRACE_LINES {
        let more = plural(report.traces.len() - TRACE_LINES, "more trace");
        sheet.entry("", &format!("{more}: inferguard trace info shows them"));
    }
    if let Some(replay) = &report.trace_replay {
        let runs = usize::try_from(replay.runs).unwrap_or(usize::MAX);
        let text = if runs > 0 {
            format!(
                "{}: {} of {} calls failed",
                plural(runs, "replay"),
                count(replay.failed_rows as f64),
                count(replay.rows_seen as f64)
            )
        } else {
            format!(
                "{} of lmcache trace info, no replay",
                plural(replay.report.infos.len(), "output")
            )
        };
        sheet.entry(label, &text);
        label = "";
    }
    if label.is_empty() {
        sheet.blank();
    }
}

fn signals(sheet: &mut Sheet, families: &[FamilyRow], all: bool) {
    let mut label = "SIGNALS";
    for status in Status::ALL {
        let rows: Vec<&FamilyRow> = families.iter().filter(|f| f.status == status).collect();
        if rows.is_empty() {
            continue;
        }
        let (style, word) = match status {
            Status::Missing => (Style::Bad, "missing"),
            Status::Populated => (Style::Good, "populated"),
            Status::Zero => (Style::Dim, "zero"),
            Status::NotEmitted => (Style::Dim, "not emitted"),
            Status::Disabled => (Style::Warn, "disabled"),
            Status::Unknown => (Style::Warn, "unknown"),
            Status::NotApplicable => (Style::Dim, "not applicable"),
        };
        let head = styled(style, &format!("{word} {}", rows.len()));
        let names = names(&rows);
        match status {
            Status::Missing => {
                sheet.entry(label, &head);
                for row in rows {
                    sheet.entry_at(
                        "",
                        2,
                        &safe(&format!("{}/{}: {}", row.surface, row.family, row.because)),
                    );
                }
            }
            Status::Unknown if !all => {
                sheet.entry(label, &head);
                reasons(sheet, &rows);
            }
            Status::NotApplicable if !all => {
                sheet.entry(label, &format!("{head}: {}", surfaces(families, &rows)));
            }
            _ => {
                sheet.entry(label, &format!("{head}: {names}"));
                if all {
                    for row in rows {
                        sheet.entry_at(
                            "",
                            2,
                            &safe(&format!("{}/{}: {}", row.surface, row.family, row.because)),
                        );
                    }
                }
            }
        }
        label = "";
    }
    sheet.blank();
}

/// Families by surface, the surface named once.
fn names(rows: &[&FamilyRow]) -> String {
    let mut by: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in rows {
        match by.iter_mut().find(|(s, _)| *s == row.surface) {
            Some((_, list)) => list.push(&row.family),
            None => by.push((&row.surface, vec![&row.family])),
        }
    }
    by.into_iter()
        .map(|(surface, list)| format!("{surface}: {}", list.join(", ")))
        .collect::<Vec<_>>()
        .join("; ")
}

/// Surfaces that are wholly in a state by name, the others by their families.
fn surfaces(families: &[FamilyRow], rows: &[&FamilyRow]) -> String {
    let mut whole: Vec<&str> = Vec::new();
    let mut rest: Vec<&FamilyRow> = Vec::new();
    for row in rows {
        let of = |list: &[&FamilyRow]| list.iter().filter(|f| f.surface == row.surface).count();
        let total = families.iter().filter(|f| f.surface == row.surface).count();
        if of(rows) == total {
            if !whole.contains(&row.surface.as_str()) {
                whole.push(&row.surface);
            }
        } else {
            rest.push(row);
        }
    }
    let mut parts = Vec::new();
    if !rest.is_empty() {
        parts.push(names(&rest));
    }
    if !whole.is_empty() {
        parts.push(format!("all of {}", whole.join(", ")));
    }
    parts.join("; ")
}

/// The distinct reasons of rows, each once, with what they are about.
fn reasons(sheet: &mut Sheet, rows: &[&FamilyRow]) {
    let mut told: Vec<(&str, Vec<&FamilyRow>)> = Vec::new();
    for row in rows {
        match told.iter_mut().find(|(b, _)| *b == row.because) {
            Some((_, list)) => list.push(row),
            None => told.push((&row.because, vec![row])),
        }
    }
    told.sort_by_key(|(_, list)| std::cmp::Reverse(list.len()));
    let hidden = told.len().saturating_sub(5);
    for (because, list) in told.into_iter().take(5) {
        let mut surfaces: Vec<&str> = list.iter().map(|r| r.surface.as_str()).collect();
        surfaces.dedup();
        sheet.entry_at("", 2, &safe(&format!("{}: {because}", surfaces.join(", "))));
    }
    if hidden > 0 {
        sheet.entry_at("", 2, &format!("{}: --all shows them", plural(hidden, "other reason")));
    }
}

/// Findings in their order: what explains others in full, what is explained in one line.
pub(super) fn wrong(sheet: &mut Sheet, findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    let remarks = findings.iter().all(|f| f.severity == "info");
    let mut label = if remarks { "REMARKS" } else { "WRONG" };
    for finding in findings {
        let style = match finding.severity.as_str() {
            "critical" => Style::Bad,
            "warning" => Style::Warn,
            _ => Style::Dim,
        };
        let cause = finding.cause.as_deref().map_or_else(String::new, |c| format!(", cause {c}"));
        sheet.entry(
            label,
            &format!(
                "{} {} [{}{cause}]",
                styled(style, &finding.severity),
                safe(&finding.title),
                finding.code
            ),
        );
        label = "";
        let explained = !finding.explained_by.is_empty();
        if finding.kind == "cause" {
            let why = finding.confidence_reasons.iter().take(3).map(String::as_str);
            let why = why.collect::<Vec<_>>().join("; ");
            sheet.entry_at("", 2, &format!("why: {}", safe(&why)));
        }
        for source in finding.evidence.iter().take(if explained { 1 } else { 4 }) {
            let line = source.line.map_or_else(String::new, |l| format!(":{l}"));
            let value = source.value.as_deref().map_or_else(String::new, |v| format!(" = {v}"));
            let what =
                format!("seen: {}{value} ({}{line})", source.what, short_path(&source.artifact));
            sheet.entry_at("", 2, &safe(&what));
        }
        if explained {
            sheet.entry_at("", 2, &format!("explained by: {}", finding.explained_by.join(", ")));
        } else {
            for other in &finding.ruled_out {
                let name = other.cause.as_deref().unwrap_or(&other.code);
                sheet.entry_at("", 2, &safe(&format!("not {name}: {}", other.why)));
            }
            sheet.entry_at("", 2, &format!("do: {}", safe(&finding.action)));
        }
    }
    sheet.blank();
}

/// Questions that stay open: those about this packet each, those of rules by what they wait for.
pub(super) fn cannot_tell(sheet: &mut Sheet, rows: &[NotEvaluable]) {
    if rows.is_empty() {
        return;
    }
    let mut label = "NOT TOLD";
    let mut waiting: Vec<(&str, usize)> = Vec::new();
    for row in rows {
        if diagnosis_rules::rule(&row.code).is_some() {
            for settle in &row.would_settle {
                match waiting.iter_mut().find(|(s, _)| s == settle) {
                    Some((_, n)) => *n += 1,
                    None => waiting.push((settle, 1)),
                }
            }
            continue;
        }
        sheet.entry(label, &safe(&row.why));
        label = "";
        sheet.entry_at("", 2, &format!("would settle it: {}", safe(&row.would_settle.join("; "))));
    }
    waiting.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    if !waiting.is_empty() {
        let rules = rows.iter().filter(|r| diagnosis_rules::rule(&r.code).is_some()).count();
        sheet.entry(
            label,
            &format!("{} could not be checked; they wait for", plural(rules, "rule")),
        );
        for (settle, n) in waiting.iter().take(3) {
            sheet.entry_at("", 2, &safe(&format!("{n}: {settle}")));
        }
    }
    sheet.blank();
}

pub(super) fn inputs(sheet: &mut Sheet, inputs: &[Artifact]) {
    let read = inputs.iter().filter(|a| a.read).count();
    let mut unread: BTreeMap<&str, usize> = BTreeMap::new();
    for artifact in inputs.iter().filter(|a| !a.read && a.issues.is_empty()) {
        *unread.entry(artifact.kind.name()).or_default() += 1;
    }
    sheet.entry("INPUTS", &format!("{}: {read} read", plural(inputs.len(), "artifact")));
    if !unread.is_empty() {
        let list: Vec<String> = unread.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
        sheet.entry_at(
            "",
            2,
            &format!("recognised, not read by this version: {}", list.join(", ")),
        );
    }
    let mut told = 0usize;
    for artifact in inputs {
        for issue in &artifact.issues {
            told += 1;
            if told > 8 {
                continue;
            }
            let line = issue.line.map_or_else(String::new, |l| format!(":{l}"));
            sheet.entry_at("", 2, &safe(&format!("{}{line}: {}", artifact.path, issue.message)));
        }
    }
    if told > 8 {
        sheet.entry_at("", 2, &format!("{} more; --json lists them", plural(told - 8, "issue")));
    }
}
