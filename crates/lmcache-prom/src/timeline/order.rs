//! The order of scrapes.

use super::Captured;
use crate::scrape::Scrape;

/// When the process started, by the page, in seconds since the Unix epoch.
pub(super) fn start_time(scrape: &Scrape) -> Option<f64> {
    number(scrape, "process_start_time_seconds")
}

/// The least value of a sample name: pages have one such series.
fn number(scrape: &Scrape, name: &str) -> Option<f64> {
    scrape.series(name).map(|series| series.value()).filter(|v| v.is_finite()).reduce(f64::min)
}

pub(super) fn sort(scrapes: &mut [Captured]) {
    let start = |captured: &Captured| start_time(&captured.scrape);
    if scrapes.iter().all(|captured| start(captured).is_some()) {
        scrapes
            .sort_by(|a, b| start(a).unwrap_or_default().total_cmp(&start(b).unwrap_or_default()));
        for process in scrapes.chunk_by_mut(|a, b| start(a) == start(b)) {
            sort_process(process, true);
        }
    } else {
        sort_process(scrapes, false);
    }
}

/// Sorts by what all of them have; the sort is stable, so the least important goes first.
fn sort_process(scrapes: &mut [Captured], one_process: bool) {
    scrapes.sort_by_key(|captured| captured.id);
    if scrapes.iter().all(|captured| captured.time.is_some_and(f64::is_finite)) {
        let time = |captured: &Captured| captured.time.unwrap_or_default();
        scrapes.sort_by(|a, b| time(a).total_cmp(&time(b)));
    }
    let cpu = |captured: &Captured| number(&captured.scrape, "process_cpu_seconds_total");
    if one_process && scrapes.iter().all(|captured| cpu(captured).is_some()) {
        scrapes.sort_by(|a, b| cpu(a).unwrap_or_default().total_cmp(&cpu(b).unwrap_or_default()));
    }
}
