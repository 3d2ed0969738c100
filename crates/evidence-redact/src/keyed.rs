//! What gives itself away by the name before it: `key=value`, `key: value`, `--flag value`,
//! `'key': 'value'`, in any quoting, in one line of text.

use std::cell::OnceCell;
use std::ops::Range;

use crate::class::Class;
use crate::keys::{self, KeyKind};
use crate::patterns::Patterns;
use crate::policy::Policy;
use crate::shapes::{self, Scope};
use crate::spans::Spans;
use crate::values;

/// Finds the values of telling names in one line.
pub(crate) fn find(
    patterns: &Patterns,
    policy: &Policy,
    scope: Scope,
    text: &[u8],
    out: &mut Spans,
) {
    let finder = Finder { patterns, policy, scope, text, requests: OnceCell::new() };
    let mut at = 0;
    while let Some(found) = patterns.key.captures_at(text, at) {
        let (Some(whole), Some(key), Some(separator)) = (found.get(0), found.get(1), found.get(3))
        else {
            break;
        };
        let start = whole.end();
        let comma = separator.as_bytes() == b",";
        let pair = found.get(2).is_some() && finder.is_pair(key.start(), start);
        at = if comma && !pair {
            separator.end()
        } else {
            let dashes = text.get(..key.start()).unwrap_or_default().ends_with(b"--");
            let from = key.start() - if dashes { 2 } else { 0 };
            let key = text.get(from..key.end()).unwrap_or_default();
            finder.value(key, start, separator.as_bytes(), out).max(separator.end())
        };
    }
    for found in patterns.flag.captures_iter(text) {
        if let (Some(whole), Some(key)) = (found.get(0), found.get(1))
            && text.get(whole.end()) != Some(&b'-')
        {
            finder.value(key.as_bytes(), whole.end(), b" ", out);
        }
    }
}

/// A value and how it is written.
struct Value {
    /// Without its quotes.
    inner: Range<usize>,
    /// Where reading goes on.
    end: usize,
    shape: Shape,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Quoted,
    Bracketed,
    Bare,
}

struct Finder<'a> {
    patterns: &'a Patterns,
    policy: &'a Policy,
    scope: Scope,
    text: &'a [u8],
    /// Whether the line speaks of requests, once it was asked.
    requests: OnceCell<bool>,
}

impl Finder<'_> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }

    fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.text.get(range).unwrap_or_default()
    }

    /// True for `'--key', 'value'` and `('key', 'value')`: not for any two words of a list.
    fn is_pair(&self, key: usize, value: usize) -> bool {
        let at = self.skip_prefix(value);
        let slashes = self.count(at, |b| b == b'\\');
        let quoted = matches!(self.byte(at + slashes), Some(b'"' | b'\''));
        let before = self.bytes(0..key);
        let opener =
            before.iter().rev().find(|b| !matches!(**b, b'"' | b'\'' | b'\\' | b'b')).copied();
        quoted && matches!(opener, Some(b'-' | b'('))
    }

    /// Steps over Python's `b'`, `u'`, `r'`, `f'`.
    fn skip_prefix(&self, at: usize) -> usize {
        let prefixed = matches!(self.byte(at), Some(b'b' | b'u' | b'r' | b'f'))
            && matches!(self.byte(at + 1), Some(b'"' | b'\''));
        at + usize::from(prefixed)
    }

    fn count(&self, at: usize, test: impl Fn(u8) -> bool) -> usize {
        self.text.get(at..).unwrap_or_default().iter().take_while(|b| test(**b)).count()
    }

    /// Handles the value at `start` of `key`; gives where reading goes on.
    fn value(&self, key: &[u8], start: usize, separator: &[u8], out: &mut Spans) -> usize {
        let kind = keys::classify(key);
        if kind == KeyKind::Plain || self.bytes(start..start + 2) == b"//" {
            return start;
        }
        let Some(value) = self.read(start, kind, separator) else { return start };
        if self.take(kind, separator, &value, out) { value.end } else { start }
    }

    /// Reads a value no further than it could be one of this kind, so that a long line of broken
    /// values is not read again and again.
    fn read(&self, start: usize, kind: KeyKind, separator: &[u8]) -> Option<Value> {
        let at = self.skip_prefix(start);
        let slashes = self.count(at, |b| b == b'\\');
        match self.byte(at + slashes)? {
            quote @ (b'"' | b'\'') => Some(self.read_quoted(at + slashes + 1, quote, slashes)),
            b'[' | b'(' | b'{' => self.read_brackets(at, kind),
            b't' if self.bytes(at..at + 7) == b"tensor(" => self.read_brackets(at + 6, kind),
            _ => {
                let end = self.bare_end(start, kind, separator);
                (end > start).then_some(Value { inner: start..end, end, shape: Shape::Bare })
            }
        }
    }

    fn read_brackets(&self, start: usize, kind: KeyKind) -> Option<Value> {
        let anything = match kind {
            KeyKind::TokenIds | KeyKind::Hash => false,
            KeyKind::Secret { .. } | KeyKind::SecretLine | KeyKind::Prompt => true,
            KeyKind::PromptInContext if self.speaks_of_requests() => true,
            _ => return None,
        };
        let list = |b: u8| b.is_ascii_alphanumeric() || b"[](){}'\",.- \t\n".contains(&b);
        Some(self.read_bracketed(start, anything, list))
    }

    fn speaks_of_requests(&self) -> bool {
        *self.requests.get_or_init(|| speaks_of_requests(self.text))
    }

    /// Up to the closing quote: the one with as many backslashes as the opening one.
    fn read_quoted(&self, start: usize, quote: u8, slashes: usize) -> Value {
        let mut at = start;
        while let Some(byte) = self.byte(at) {
            if byte == quote {
                let before =
                    self.bytes(start..at).iter().rev().take_while(|b| **b == b'\\').count();
                let closes = if slashes == 0 { before % 2 == 0 } else { before <= slashes };
                if closes {
                    let end = at - before.min(slashes);
                    return Value { inner: start..end, end: at + 1, shape: Shape::Quoted };
                }
            }
            at += 1;
        }
        Value { inner: start..at, end: at, shape: Shape::Quoted }
    }

    /// Up to the matching bracket, or all of a line that was cut.
    ///
    /// `anything` may stand inside, quoted brackets too; else the list ends where something stands
    /// that `list` does not know.
    fn read_bracketed(&self, start: usize, anything: bool, list: impl Fn(u8) -> bool) -> Value {
        let mut depth = 0_usize;
        let mut at = start;
        while let Some(byte) = self.byte(at).filter(|b| anything || list(*b)) {
            at += 1;
            match byte {
                b'[' | b'(' | b'{' => depth += 1,
                b']' | b')' | b'}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                b'\'' | b'"' if anything => at = self.read_quoted(at, byte, 0).end,
                _ => {}
            }
        }
        Value { inner: start..at, end: at, shape: Shape::Bracketed }
    }

    fn bare_end(&self, start: usize, kind: KeyKind, separator: &[u8]) -> usize {
        /// Longer than any name of a host, a user, a file.
        const LONGEST_NAME: usize = 4096;
        let quote = |b: u8| matches!(b, b'"' | b'\'' | b'\\');
        let near = self.bytes(start..self.text.len().min(start.saturating_add(LONGEST_NAME)));
        let first = near.iter().take(80);
        let first = first.take_while(|b| !b.is_ascii_whitespace() && !b", ;)}]".contains(b));
        let first = self.bytes(start..start + first.count());
        let number = kind == KeyKind::Prompt && first.first().is_some_and(u8::is_ascii_digit);
        if values::is_inert(first) || number {
            return start;
        }
        let line = || start + self.count(start, |b| !matches!(b, b'\n' | b'\r' | 0));
        let to_quote =
            || start + self.count(start, |b| !quote(b) && !matches!(b, b'\n' | b'\r' | 0));
        let end = match kind {
            KeyKind::SecretLine => to_quote(),
            KeyKind::Secret { .. } | KeyKind::SecretIfOpaque if self.scope.whole_lines => {
                self.before_comment(start, line())
            }
            KeyKind::Prompt if separator != b" " => {
                if self.scope.whole_lines {
                    line()
                } else {
                    to_quote()
                }
            }
            KeyKind::Secret { .. } => self.secret_end(start, usize::MAX),
            KeyKind::SecretIfOpaque => self.secret_end(start, LONGEST_NAME),
            KeyKind::TokenIds => {
                start + self.count(start, |b| b.is_ascii_digit() || matches!(b, b',' | b' '))
            }
            _ => {
                let ends = |b: &u8| b.is_ascii_whitespace() || quote(*b) || b"&;)}]>|=".contains(b);
                start + near.iter().take_while(|b| !ends(b)).count()
            }
        };
        let value = self.bytes(start..end);
        let trail = value
            .iter()
            .rev()
            .take_while(|b| b.is_ascii_whitespace() || matches!(**b, b',' | b';'))
            .count();
        end - trail
    }

    /// The line without a trailing ` # comment`.
    fn before_comment(&self, start: usize, line: usize) -> usize {
        self.bytes(start..line)
            .windows(2)
            .position(|w| w[0].is_ascii_whitespace() && w[1] == b'#')
            .map_or(line, |i| start + i)
    }

    /// A password may hold commas and semicolons; it ends there only where another field begins.
    fn secret_end(&self, start: usize, longest: usize) -> usize {
        let mut at = start;
        while let Some(byte) = self.byte(at).filter(|_| at - start < longest) {
            if byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'&' | b'\\' | 0) {
                break;
            }
            if matches!(byte, b',' | b';') {
                let word = self.count(at + 1, |b| b == b' ');
                let next = at + 1 + word;
                let name = self.count(next, |b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
                let field = name > 0 && matches!(self.byte(next + name), Some(b'=' | b':'));
                if field || self.byte(next).is_none() {
                    break;
                }
            }
            at += 1;
        }
        let value = self.bytes(start..at);
        if matches!(value, [b'$' | b'{' | b'<', ..]) {
            return at;
        }
        let closed = value.iter().rev().take_while(|b| b")]},.;".contains(b)).count();
        at - closed.min(value.len().saturating_sub(1))
    }

    /// Adds what has to go of `value`. False if the value is left to other detectors.
    fn take(&self, kind: KeyKind, separator: &[u8], value: &Value, out: &mut Spans) -> bool {
        let inner = self.bytes(value.inner.clone());
        let bare = value.shape == Shape::Bare;
        let empty = value.shape == Shape::Bracketed && !inner.iter().any(u8::is_ascii_alphanumeric);
        if values::is_inert(inner) || empty {
            return false;
        }
        let class = match kind {
            KeyKind::Secret { numeric } => {
                if !numeric && values::is_number(inner) {
                    return false;
                }
                // "the token: must be given" is prose; `token=must` is not.
                let prose = bare
                    && !numeric
                    && separator == b":"
                    && !self.scope.whole_lines
                    && inner.len() < 20
                    && inner.iter().all(|b| b.is_ascii_lowercase() || b".,".contains(b));
                if prose {
                    return false;
                }
                Class::Secret
            }
            KeyKind::SecretLine => Class::Secret,
            KeyKind::SecretIfOpaque if values::is_opaque(inner, 12) => Class::Secret,
            KeyKind::Prompt | KeyKind::PromptInContext => {
                let known = kind == KeyKind::Prompt || (!bare && self.speaks_of_requests());
                if !known || (bare && separator == b" ") {
                    return false;
                }
                if value.shape == Shape::Bracketed && values::is_id_list(inner) {
                    Class::TokenIds
                } else {
                    Class::Prompt
                }
            }
            KeyKind::TokenIds => {
                let list = match value.shape {
                    Shape::Bracketed => values::is_id_list(inner),
                    _ => inner.contains(&b',') && values::is_id_list(inner),
                };
                if !list {
                    return false;
                }
                Class::TokenIds
            }
            KeyKind::Hash => {
                if value.shape == Shape::Bracketed {
                    self.hashes(value.inner.clone(), out);
                    return true;
                }
                let from = value.inner.start;
                let literal = from.checked_sub(2).is_some_and(|at| self.byte(at) == Some(b'b'));
                let bytes = literal
                    && values::python_bytes(inner).is_some_and(|b| (8..=64).contains(&b.len()));
                if !bytes && !values::is_hash(inner) {
                    return false;
                }
                Class::Hash
            }
            KeyKind::Salt => {
                // "cache_salt: the tenant" explains; `cache_salt: a,` is a value.
                let after = self.byte(value.inner.end);
                let prose = bare && separator == b":" && matches!(after, Some(b' ' | b'.'));
                if value.shape == Shape::Bracketed || inner == b"_default" || prose {
                    return false;
                }
                Class::Salt
            }
            KeyKind::Identity => {
                if value.shape == Shape::Bracketed || !values::is_name(inner) {
                    return false;
                }
                Class::Identity
            }
            KeyKind::Host { strong } => {
                if value.shape == Shape::Bracketed {
                    return false;
                }
                // In running text ("host: no route") a bare plain word is no name.
                let told = separator != b":" || !bare || self.scope.whole_lines;
                let strong = strong && (told || inner.iter().any(u8::is_ascii_digit));
                shapes::host_value(self.policy, strong, self.text, value.inner.clone(), out);
                return false;
            }
            KeyKind::Path => {
                shapes::path_value(self.patterns, self.text, value.inner.clone(), out);
                return false;
            }
            KeyKind::SecretIfOpaque | KeyKind::Version | KeyKind::Plain => return false,
        };
        out.add(self.text, value.inner.start, value.inner.end, class);
        true
    }

    /// Each hash of a list of its own, so that lists can still be compared element by element.
    fn hashes(&self, range: Range<usize>, out: &mut Spans) {
        let mut at = range.start;
        while at < range.end {
            let word = self
                .bytes(at..range.end)
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || **b == b'-')
                .count();
            if values::is_hash(self.bytes(at..at + word)) {
                out.add(self.text, at, at + word, Class::Hash);
            }
            at += word.max(1);
        }
    }
}

/// True if the line is about the content of a request, so that `text` and `content` mean that.
fn speaks_of_requests(line: &[u8]) -> bool {
    const SIGNS: &[&[u8]] = &[
        b"role",
        b"choices",
        b"input_ids",
        b"sampling_params",
        b"SamplingParams",
        b"meta_info",
        b"finish_reason",
        b"token_ids",
        b"Generated response",
        b"GenerateReqInput",
        b"max_tokens",
        b"completion",
    ];
    SIGNS.iter().any(|sign| line.windows(sign.len()).any(|w| w == *sign))
}

#[cfg(test)]
mod tests;
