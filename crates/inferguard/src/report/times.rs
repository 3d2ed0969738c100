//! Times of logs: whether what is given together is of one time.

use crate::lanes::LogRow;
use crate::report::NotEvaluable;

/// Seconds between two logs from which on they are hardly of one run of one deployment.
const APART: f64 = 86_400.0;

/// Seconds since 1970 of a log's stamp, which has no zone: servers are taken to run in UTC. `None`
/// for one without a year.
pub(crate) fn stamp(text: &str) -> Option<f64> {
    let iso = text.trim().replacen(' ', "T", 1).replacen(',', ".", 1);
    if let Ok(at) = iso.parse::<jiff::Timestamp>() {
        return Some(at.as_duration().as_secs_f64());
    }
    let civil: jiff::civil::DateTime = iso.parse().ok()?;
    let at = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(at.as_duration().as_secs_f64())
}

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

#[cfg(test)]
mod tests {
    #[test]
    fn stamps_need_a_year() {
        assert_eq!(super::stamp("1970-01-01 00:00:01,500"), Some(1.5));
        assert_eq!(super::stamp("1970-01-01T00:00:02Z"), Some(2.0));
        assert_eq!(super::stamp("10-04 18:00:00"), None);
    }
}
