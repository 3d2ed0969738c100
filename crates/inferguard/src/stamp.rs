//! Times as logs write them.

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

#[cfg(test)]
mod tests {
    #[test]
    fn stamps_need_a_year() {
        assert_eq!(super::stamp("1970-01-01 00:00:01,500"), Some(1.5));
        assert_eq!(super::stamp("1970-01-01T00:00:02Z"), Some(2.0));
        assert_eq!(super::stamp("10-04 18:00:00"), None);
    }
}
