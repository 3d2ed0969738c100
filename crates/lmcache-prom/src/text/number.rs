//! Numbers, in the spellings that Go, Python and OpenTelemetry exporters write.

use super::issue::IssueKind;

/// A value: decimal, `NaN`, `Inf`, `+Inf`, `-Inf` in any letter case.
pub(super) fn number(text: &str) -> Result<f64, IssueKind> {
    if let Some(value) = short_decimal(text.as_bytes()) {
        return Ok(value);
    }
    if let Ok(value) = text.parse::<f64>() {
        return Ok(value);
    }
    match text.trim_start_matches(['+', '-']).as_bytes() {
        [b'0', b'x' | b'X', ..] => Err(IssueKind::HexValue),
        _ => Err(IssueKind::BadValue),
    }
}

/// A number that has to be one.
pub(super) fn finite(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// Up to fifteen digits with or without a point, which are most values. Digits and power of ten
/// are exact as `f64`, so their quotient is the nearest `f64`, as the general parser gives it.
fn short_decimal(text: &[u8]) -> Option<f64> {
    const POWERS: [f64; 16] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    if text.len() > 16 {
        return None;
    }
    let mut digits = 0_u64;
    let mut count = 0_usize;
    let mut point = None;
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                digits = digits * 10 + u64::from(byte - b'0');
                count += 1;
            }
            b'.' if point.is_none() => point = Some(count),
            _ => return None,
        }
    }
    if count == 0 || count > 15 {
        return None;
    }
    let power = POWERS.get(point.map_or(0, |point| count - point))?;
    Some(digits as f64 / power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings() {
        for (text, value) in [
            ("0", 0.0),
            ("142.0", 142.0),
            ("5.", 5.0),
            (".5", 0.5),
            ("+1", 1.0),
            ("-1.5", -1.5),
            ("1e3", 1000.0),
            ("7.7411352576e+010", 77_411_352_576.0),
            ("1.79549007919e+09", 1_795_490_079.19),
            ("Inf", f64::INFINITY),
            ("+Inf", f64::INFINITY),
            ("-Inf", f64::NEG_INFINITY),
            ("inf", f64::INFINITY),
            ("1e999", f64::INFINITY),
            ("9007199254740993", 9_007_199_254_740_992.0),
        ] {
            assert_eq!(number(text), Ok(value), "{text}");
        }
        for text in ["NaN", "Nan", "nan", "+NaN"] {
            assert!(number(text).unwrap().is_nan(), "{text}");
        }
    }

    #[test]
    fn faults() {
        for text in ["", ".", "-", "1.2.3", "1_000", "1,5", "١", "true", "1e", "--1", "0b1"] {
            assert_eq!(number(text), Err(IssueKind::BadValue), "{text}");
        }
        for text in ["0x1p-2", "0X10", "-0x1"] {
            assert_eq!(number(text), Err(IssueKind::HexValue), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: proptest::test_runner::RngSeed::Fixed(1),
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn the_short_way_equals_the_general_one(text in "[0-9]{0,16}(\\.[0-9]{0,16})?") {
            if let Some(value) = short_decimal(text.as_bytes()) {
                prop_assert_eq!(Ok(value.to_bits()), text.parse::<f64>().map(f64::to_bits));
            }
        }
    }
}
