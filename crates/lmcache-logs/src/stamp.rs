//! Times as they stand in logs.

/// A time as written, short and copied.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stamp {
    bytes: [u8; 32],
    length: u8,
}

impl Stamp {
    pub(crate) fn new(text: &[u8]) -> Self {
        let mut stamp = Self::default();
        let length = text.len().min(stamp.bytes.len());
        if let (Some(to), Some(from)) = (stamp.bytes.get_mut(..length), text.get(..length)) {
            to.copy_from_slice(from);
            stamp.length = u8::try_from(length).unwrap_or(0);
        }
        stamp
    }

    pub(crate) fn is_empty(self) -> bool {
        self.length == 0
    }

    pub(crate) fn text(self) -> Option<String> {
        let bytes = self.bytes.get(..usize::from(self.length))?;
        (!bytes.is_empty()).then(|| String::from_utf8_lossy(bytes).into_owned())
    }
}

/// Seconds from the first time to the last, where both are written the same way. Zones are not
/// looked at; a log has one.
pub(crate) fn span_seconds(first: Option<&str>, last: Option<&str>) -> Option<f64> {
    let (first, last) = (first?, last?);
    let (a, with_year_a) = seconds(first.as_bytes())?;
    let (b, with_year_b) = seconds(last.as_bytes())?;
    let span = b - a;
    (with_year_a == with_year_b && span >= 0.0).then_some(span)
}

/// Seconds of `YYYY-MM-DD?HH:MM:SS[.,fff]`, `MM-DD HH:MM:SS`, `MMDD HH:MM:SS`; and whether there
/// is a year.
fn seconds(text: &[u8]) -> Option<(f64, bool)> {
    let number = |from: usize, to: usize| -> Option<i64> {
        text.get(from..to)?
            .iter()
            .try_fold(0_i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
    };
    let (year, month, day, clock) = match (text.get(2), text.get(4), text.get(7)) {
        (_, Some(b'-'), Some(b'-')) => (number(0, 4)?, number(5, 7)?, number(8, 10)?, 11),
        (Some(b'-'), _, _) => (2000, number(0, 2)?, number(3, 5)?, 6),
        (_, Some(b' '), _) => (2000, number(0, 2)?, number(2, 4)?, 5),
        _ => return None,
    };
    let (hour, minute, second) =
        (number(clock, clock + 2)?, number(clock + 3, clock + 5)?, number(clock + 6, clock + 8)?);
    let mut fraction = 0.0;
    let mut unit = 0.1;
    if matches!(text.get(clock + 8), Some(b'.' | b',')) {
        for b in text.iter().skip(clock + 9).take_while(|b| b.is_ascii_digit()) {
            fraction += f64::from(b - b'0') * unit;
            unit /= 10.0;
        }
    }
    // Days of the civil calendar, March first.
    let y = if month <= 2 { year - 1 } else { year };
    let m = (month + 9) % 12;
    let days = y * 365 + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day;
    let whole = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some((whole as f64 + fraction, clock == 11))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        let table = [
            ("2026-11-24 03:00:00,500", "2026-11-24 03:01:00,750", Some(60.25)),
            ("2026-02-28 23:59:59", "2026-03-01 00:00:01", Some(2.0)),
            ("11-24 03:00:00", "11-25 03:00:00", Some(86400.0)),
            ("11-24 03:00:00", "2026-11-24 03:00:00", None),
            ("x", "y", None),
        ];
        for (a, b, want) in table {
            assert_eq!(span_seconds(Some(a), Some(b)), want, "{a} {b}");
        }
    }
}
