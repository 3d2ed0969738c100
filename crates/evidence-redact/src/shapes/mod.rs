//! What gives itself away by its shape, wherever it stands.

mod net;
mod paths;
mod secrets;

use std::ops::Range;

use regex::bytes::{Captures, Regex};

use crate::patterns::Patterns;
use crate::policy::Policy;
use crate::spans::Spans;

pub(crate) use net::host_value;
pub(crate) use paths::{path_value, private_paths};
pub(crate) use secrets::pem_blocks;

/// What is known about the place a text was found in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    /// Absolute paths are file names here (not routes of an API description).
    pub(crate) paths: bool,
    /// Four numbers with dots may be a version.
    pub(crate) version: bool,
    /// A bare value ends with its line (configuration) and not with its word (log).
    pub(crate) whole_lines: bool,
}

impl Scope {
    pub(crate) const TEXT: Scope = Scope { paths: true, version: false, whole_lines: false };
}

/// Finds everything that is known by shape in one line.
pub(crate) fn find(
    patterns: &Patterns,
    policy: &Policy,
    scope: Scope,
    text: &[u8],
    out: &mut Spans,
) {
    secrets::find(patterns, text, out);
    net::find(patterns, policy, scope, text, out);
    if scope.paths {
        paths::find(patterns, text, out);
    }
}

/// Calls `f` for every match that does not begin in the middle of a word.
fn each_word<'t>(regex: &Regex, text: &'t [u8], mut f: impl FnMut(Range<usize>, &Captures<'t>)) {
    let mut at = 0;
    while let Some(found) = regex.captures_at(text, at) {
        let Some(whole) = found.get(0) else { break };
        if begins_word(text, whole.start()) {
            f(whole.range(), &found);
            at = whole.end().max(whole.start() + 1);
        } else {
            at = next_word(text, whole.start());
        }
        if at > text.len() {
            break;
        }
    }
}

/// True if no word character stands before `at`; the second half of an escape (`\n`, `%20`) is
/// none.
fn begins_word(text: &[u8], at: usize) -> bool {
    let back = |n: usize| at.checked_sub(n).and_then(|i| text.get(i)).copied();
    let Some(previous) = back(1) else { return true };
    if !(previous.is_ascii_alphanumeric() || previous == b'_') {
        return true;
    }
    let escape = back(2) == Some(b'\\') && matches!(previous, b'n' | b't' | b'r');
    let percent = back(3) == Some(b'%')
        && previous.is_ascii_hexdigit()
        && back(2).is_some_and(|b| b.is_ascii_hexdigit());
    escape || percent
}

/// The end of the word that `at` stands in.
fn next_word(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let word = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    at + word.max(1)
}

/// True if `text` ends with `suffix`, letters in either case.
fn ends_with_ignoring_case(text: &[u8], suffix: &[u8]) -> bool {
    text.len()
        .checked_sub(suffix.len())
        .and_then(|i| text.get(i..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(suffix))
}
