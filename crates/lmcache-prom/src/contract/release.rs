//! Release numbers as the products publish them.

use std::fmt;
use std::str::FromStr;

/// A published release, such as `0.5.6` or `0.3.9.post2`.
///
/// ```
/// use lmcache_prom::contract::Release;
/// let a: Release = "0.4.7".parse()?;
/// let b: Release = "v0.5.0rc1+cpu".parse()?;
/// assert!(a < b);
/// assert_eq!(b.to_string(), "0.5.0");
/// # Ok::<(), lmcache_prom::contract::ReleaseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    /// First number.
    pub major: u16,
    /// Second number.
    pub minor: u16,
    /// Third number.
    pub patch: u16,
    /// Number after `.post`, 0 without one.
    pub post: u16,
}

/// A text that is not a release number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// Fewer than two dotted numbers, or a number beyond 65535.
    #[error("{0:?} is not a release number such as 0.5.6")]
    NotARelease(String),
}

impl Release {
    /// Builds a release from its numbers; usable in tables.
    pub const fn new(major: u16, minor: u16, patch: u16, post: u16) -> Self {
        Self { major, minor, patch, post }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if self.post > 0 {
            write!(f, ".post{}", self.post)?;
        }
        Ok(())
    }
}

impl FromStr for Release {
    type Err = ReleaseError;

    /// Reads `0.5.6`, `v0.5.6`, `0.3.9.post2`, `0.5.6rc1`, `0.32.0+cpu`: suffixes that do not
    /// change the contract (pre-release, local version) are left out.
    fn from_str(text: &str) -> Result<Self, ReleaseError> {
        let err = || ReleaseError::NotARelease(text.chars().take(40).collect());
        let body = text.trim();
        let body = body.strip_prefix('v').unwrap_or(body);
        let body = body.split(['+', '-']).next().unwrap_or(body);
        let mut numbers = [0u16; 3];
        let mut count = 0usize;
        let mut post = 0u16;
        for part in body.split('.') {
            if let Some(rest) = part.strip_prefix("post") {
                post = rest.parse().map_err(|_| err())?;
                break;
            }
            let Some(slot) = numbers.get_mut(count) else { break };
            let digits: &str =
                &part[..part.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(part.len())];
            *slot = digits.parse().map_err(|_| err())?;
            count += 1;
            if digits.len() < part.len() {
                break;
            }
        }
        if count < 2 {
            return Err(err());
        }
        Ok(Self::new(numbers[0], numbers[1], numbers[2], post))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_products_print() {
        for (text, want) in [
            ("0.5.6", "0.5.6"),
            ("v0.4.7", "0.4.7"),
            ("0.3.9.post2", "0.3.9.post2"),
            ("0.32.0+cpu", "0.32.0"),
            ("0.5.7rc1", "0.5.7"),
            ("0.5.7.dev12+gabc", "0.5.7"),
            ("0.5", "0.5.0"),
        ] {
            assert_eq!(text.parse::<Release>().unwrap().to_string(), want, "{text}");
        }
        for text in ["", "x", "1", "a.b", "99999999.0.0", "0.5.postx"] {
            assert!(text.parse::<Release>().is_err(), "{text}");
        }
    }

    #[test]
    fn orders_by_number_not_by_text() {
        let r = |t: &str| t.parse::<Release>().unwrap();
        assert!(r("0.5.9") < r("0.5.10"));
        assert!(r("0.3.9.post2") > r("0.3.9"));
    }
}
