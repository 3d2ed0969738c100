//! What an artifact is, told by its content first and its name second.

mod json;
mod text;

use crate::argv;
use crate::envvars::is_name;
use crate::kind::{Confidence, Kind, Recognition};

pub(crate) use json::is_lmcache_config;

use Confidence::{Certain, Likely};

/// Whether a name, in lower case, ends so.
fn ends(name: &str, extension: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, last)| last == extension)
}

/// Lines that a text is judged by.
const LINES: usize = 60;

type Verdict = Option<(Kind, Confidence)>;

/// Tells the kind of an artifact; `None` if it is none of this crate's. [`Confidence::Weak`]
/// says that another reader may claim it first.
///
/// ```
/// use lmcache_launch::{Kind, recognise};
/// let kind = recognise(None, b"lmcache==0.5.6\nvllm==0.32.0\n").map(|r| r.kind);
/// assert_eq!(kind, Some(Kind::Packages));
/// assert_eq!(recognise(None, b"# HELP a b\n# TYPE a counter\na 1\n"), None);
/// ```
pub fn recognise(name: Option<&str>, bytes: &[u8]) -> Option<Recognition> {
    let name = name.unwrap_or_default().to_ascii_lowercase();
    verdict(&name, bytes).map(|(kind, confidence)| Recognition { kind, confidence })
}

fn verdict(name: &str, bytes: &[u8]) -> Verdict {
    let trimmed = bytes.trim_ascii();
    if trimmed.is_empty() {
        return None;
    }
    if bytes.contains(&0) {
        return with_nul(name, bytes);
    }
    let bytes = trimmed.strip_prefix(b"\xef\xbb\xbf").unwrap_or(trimmed);
    if matches!(bytes.first(), Some(b'{' | b'[')) && !is_stamp(bytes) {
        // A section of a unit or a time of a log begins with a bracket too.
        let found = json::json(name, bytes);
        if found.is_some() || bytes.first() == Some(&b'{') || bytes.get(1) == Some(&b'{') {
            return found;
        }
    }
    let head = bytes.get(..bytes.len().min(256 << 10)).unwrap_or_default();
    let lossy = String::from_utf8_lossy(head);
    // Binary content.
    if lossy.matches('\u{fffd}').count() > lossy.len() / 50 {
        return None;
    }
    let lines: Vec<&str> =
        lossy.lines().map(str::trim_end).filter(|l| !l.trim().is_empty()).take(LINES).collect();
    if lines.iter().any(|l| l.starts_with("# HELP ") || l.starts_with("# TYPE ")) {
        return None;
    }
    text::text(name, &lines, &lossy, bytes)
}

/// A line that begins with a time in brackets, as kernels write it.
fn is_stamp(bytes: &[u8]) -> bool {
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let Some(rest) = line.strip_prefix(b"[") else { return false };
    let Some(end) = rest.iter().position(|b| *b == b']') else { return false };
    let inside = rest.get(..end).unwrap_or_default().trim_ascii();
    !inside.contains(&b',')
        && !inside.contains(&b'"')
        && inside.first().is_some_and(u8::is_ascii_alphanumeric)
        && rest.get(end + 1) == Some(&b' ')
}

fn with_nul(name: &str, bytes: &[u8]) -> Verdict {
    let text = std::str::from_utf8(bytes).ok()?;
    if text.chars().any(|c| c.is_control() && !matches!(c, '\0' | '\n' | '\t' | '\r' | '\u{1b}')) {
        return None;
    }
    let parts: Vec<&str> = text.split('\0').filter(|p| !p.is_empty()).collect();
    let pairs = parts.iter().filter(|p| p.split_once('=').is_some_and(|(n, _)| is_name(n))).count();
    if pairs * 10 >= parts.len() * 9 && pairs > 0 {
        return Some((Kind::ProcEnviron, if pairs > 2 { Certain } else { Likely }));
    }
    let known = argv::program(&parts).is_some();
    (known || name.contains("cmdline"))
        .then_some((Kind::ProcCmdline, if known { Certain } else { Likely }))
}
