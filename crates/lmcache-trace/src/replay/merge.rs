//! Telling whether two files are of one replay, and joining what they say.

use super::ReplayKind;
use super::info::TraceInfo;
use super::run::{OpLatency, ReplayRun};

/// Adds what one file says to the run that it belongs to, or as a new run.
pub(super) fn add(runs: &mut Vec<ReplayRun>, file: ReplayRun) {
    match runs.iter_mut().find(|run| same(run, &file)) {
        Some(run) => join(run, file),
        None => runs.push(file),
    }
}

/// Adds an output of `trace info`; the same output twice is one.
pub(super) fn add_info(infos: &mut Vec<TraceInfo>, info: TraceInfo) {
    let bare = |info: &TraceInfo| TraceInfo { files: Vec::new(), ..info.clone() };
    match infos.iter_mut().find(|have| bare(have) == bare(&info)) {
        Some(have) => have.files.extend(info.files),
        None => infos.push(info),
    }
}

/// How far two files' figures of one run may differ: the text has two decimals, the
/// CSV six.
fn tolerance(a: &ReplayRun, b: &ReplayRun) -> f64 {
    let coarsest = |run: &ReplayRun| {
        run.kinds
            .iter()
            .map(|kind| match kind {
                ReplayKind::ReplayText => 0.0056,
                ReplayKind::OpsCsv => 6e-7,
                _ => 1e-9,
            })
            // What a run knows best is what is compared.
            .fold(f64::INFINITY, f64::min)
    };
    coarsest(a).max(coarsest(b))
}

fn same(a: &ReplayRun, b: &ReplayRun) -> bool {
    // Two files of one kind are two runs.
    if a.kinds.iter().any(|kind| b.kinds.contains(kind)) {
        return false;
    }
    let tolerance = tolerance(a, b);
    let near = |x: Option<f64>, y: Option<f64>| match (x, y) {
        (Some(x), Some(y)) => (x - y).abs() <= tolerance + 1e-9 * x.abs(),
        _ => true,
    };
    // Durations are rounded to two decimals in the text.
    if a.duration_s.zip(b.duration_s).is_some_and(|(x, y)| (x - y).abs() > 0.0056) {
        return false;
    }
    let done = |run: &ReplayRun| -> Vec<String> {
        run.ops.iter().filter(|(_, op)| op.count > 0).map(|(name, _)| name.clone()).collect()
    };
    if done(a) != done(b) {
        return false;
    }
    // Without an operation only the durations can tell.
    if done(a).is_empty() && a.duration_s.is_none_or(|_| b.duration_s.is_none()) {
        return false;
    }
    a.ops.iter().all(|(name, x)| {
        b.ops.get(name).is_none_or(|y| {
            x.count == y.count
                && near(x.mean_ms, y.mean_ms)
                && near(x.p50_ms, y.p50_ms)
                && near(x.p90_ms, y.p90_ms)
                && near(x.p99_ms, y.p99_ms)
                && near(x.min_ms, y.min_ms)
                && near(x.max_ms, y.max_ms)
        })
    })
}

/// Which of a run's files is the most exact: the larger, the better.
fn rank(run: &ReplayRun) -> u8 {
    run.kinds
        .iter()
        .map(|kind| match kind {
            ReplayKind::Json => 4,
            ReplayKind::Jsonl => 3,
            ReplayKind::OpsCsv => 2,
            _ => 1,
        })
        .max()
        .unwrap_or(0)
}

fn join(run: &mut ReplayRun, file: ReplayRun) {
    // What the more exact file says stands; the other fills the gaps.
    let (mut best, other) =
        if rank(run) >= rank(&file) { (std::mem::take(run), file) } else { (file, run.clone()) };
    best.duration_s = best.duration_s.or(other.duration_s);
    best.level = best.level.or(other.level);
    best.trace = best.trace.or(other.trace);
    best.records_total = best.records_total.or(other.records_total);
    best.records_replayed = best.records_replayed.or(other.records_replayed);
    best.records_skipped = best.records_skipped.or(other.records_skipped);
    best.records_failed = best.records_failed.or(other.records_failed);
    best.rows_seen = best.rows_seen.max(other.rows_seen);
    best.failed_rows = best.failed_rows.max(other.failed_rows);
    best.skipped_rows = best.skipped_rows.max(other.skipped_rows);
    best.digest = best.digest.or(other.digest);
    for (name, op) in other.ops {
        let have = best.ops.entry(name).or_insert(OpLatency { count: op.count, ..op });
        have.errors = have.errors.or(op.errors);
        have.mean_ms = have.mean_ms.or(op.mean_ms);
        have.p50_ms = have.p50_ms.or(op.p50_ms);
        have.p90_ms = have.p90_ms.or(op.p90_ms);
        have.p99_ms = have.p99_ms.or(op.p99_ms);
        have.min_ms = have.min_ms.or(op.min_ms);
        have.max_ms = have.max_ms.or(op.max_ms);
    }
    best.files.extend(other.files);
    best.kinds.extend(other.kinds);
    // In the order of their names, whichever came first.
    let mut pairs: Vec<(String, ReplayKind)> =
        best.files.drain(..).zip(best.kinds.drain(..)).collect();
    pairs.sort();
    (best.files, best.kinds) = pairs.into_iter().unzip();
    *run = best;
}
