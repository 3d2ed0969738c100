//! Number conversions that cannot surprise.

/// A float as an integer: nearest, 0 for what is negative or no number.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(crate) fn to_u64(value: f64) -> u64 {
    // `as` saturates, and turns NaN into 0.
    value.round() as u64
}

/// How many bits a number has: 0 for 0, else the index of its power-of-two class.
pub(crate) fn log2_class(value: u64) -> usize {
    (u64::BITS - value.leading_zeros()) as usize
}

/// Bytes in hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| DIGITS.get(usize::from(digit)).copied().map(char::from))
        .collect()
}
