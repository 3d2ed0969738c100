//! Times of logs: whether what is given together is of one time.

use crate::lanes::LogRow;
use crate::report::NotEvaluable;
use crate::stamp::stamp;

/// Seconds between two logs from which on they are hardly of one run of one deployment.
const APART: f64 = 86_400.0;

/// First and last time that a log has with a year, as seconds and as written.
fn span(row: &LogRow) -> Option<(f64, f64, String)> {
    let log = &row.evidence;
    let times = [&log.coverage.first_time, &log.coverage.last_time]
        .into_iter()
        .chain(log.events.values().flat_map(|e| [&e.first_time, &e.last_time]))
        .flatten()
        .filter_map(|text| Some((stamp(text)?, text)));
    let mut out: Option<(f64, f64, String)> = None;
    for (at, text) in times {
        let span = out.get_or_insert_with(|| (at, at, text.clone()));
        if at < span.0 {
            (span.0, span.2) = (at, text.clone());
        }
        span.1 = span.1.max(at);
    }
    out
}

fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// Logs of different directories that lie far apart: findings join what may be two deployments.
pub(super) fn apart(logs: &[LogRow]) -> Option<NotEvaluable> {
    let mut spans: Vec<(&str, f64, f64, String)> = logs
        .iter()
        .filter_map(|row| span(row).map(|(a, b, text)| (row.path.as_str(), a, b, text)))
        .collect();
    spans.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut latest: Option<&(&str, f64, f64, String)> = None;
    for one in &spans {
        if let Some(before) = latest
            && one.1 - before.2 > APART
            && directory(before.0) != directory(one.0)
        {
            return Some(NotEvaluable::new(
                "times_apart",
                format!(
                    "{} begins at {} and {} at {}, more than a day after the end of the first: what is \
                     found may join two deployments, or two times of one",
                    before.0, before.3, one.0, one.3
                ),
                &["a check of each by itself"],
            ));
        }
        if latest.is_none_or(|before| one.2 > before.2) {
            latest = Some(one);
        }
    }
    None
}
