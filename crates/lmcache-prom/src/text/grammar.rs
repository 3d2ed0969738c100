//! The grammar of one line, on nom over bytes.
//!
//! Nothing is copied: a parsed line is a set of byte ranges into it. The two hot primitives
//! (end of a quoted text, end of a line) search with memchr.

use nom::bytes::take_while;
use nom::error::{ErrorKind, ParseError};
use nom::{Err, IResult, Parser};

use super::issue::IssueKind;

/// A byte range within a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// One label as ranges; `escaped` when the value holds a backslash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LabelSpan {
    pub(crate) name: Span,
    pub(crate) value: Span,
    pub(crate) escaped: bool,
}

/// Why a line does not parse, and the input that was left there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) left: usize,
    pub(crate) kind: IssueKind,
}

impl ParseError<&[u8]> for Cause {
    fn from_error_kind(input: &[u8], _: ErrorKind) -> Self {
        Self { left: input.len(), kind: IssueKind::BadName }
    }

    fn append(_: &[u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

type Parsed<'a, T> = IResult<&'a [u8], T, Cause>;

fn fail<T>(input: &[u8], kind: IssueKind) -> Parsed<'_, T> {
    Err(Err::Failure(Cause { left: input.len(), kind }))
}

const NAME: u8 = 1;
const FIRST: u8 = 2;
const LABEL: u8 = 4;
const BLANK: u8 = 8;

const CLASS: [u8; 256] = {
    let mut table = [0u8; 256];
    let mut i = 0usize;
    while i < 256 {
        let b = i as u8;
        let alpha = b.is_ascii_alphabetic() || b == b'_';
        if alpha || b == b':' {
            table[i] |= FIRST;
        }
        // A dot is what OTLP names have; exporters that keep it are read too.
        if alpha || b.is_ascii_digit() || b == b':' || b == b'.' {
            table[i] |= NAME;
        }
        if alpha || b.is_ascii_digit() || b == b'.' || b == b':' {
            table[i] |= LABEL;
        }
        if b == b' ' || b == b'\t' {
            table[i] |= BLANK;
        }
        i += 1;
    }
    table
};

#[inline]
fn is(class: u8) -> impl Fn(u8) -> bool {
    move |b| CLASS[b as usize] & class != 0
}

#[inline]
fn blanks(input: &[u8]) -> &[u8] {
    match input {
        [b, ..] if CLASS[*b as usize] & BLANK != 0 => {
            let end = input.iter().position(|b| CLASS[*b as usize] & BLANK == 0);
            end.map_or(&[], |n| &input[n..])
        }
        _ => input,
    }
}

/// The inside of a quoted text whose opening quote is already taken.
#[inline]
fn quoted(input: &[u8]) -> Parsed<'_, (usize, bool)> {
    let mut at = 0usize;
    let mut escaped = false;
    loop {
        let Some(rest) = input.get(at..) else { return fail(input, IssueKind::UnclosedQuote) };
        match memchr::memchr2(b'"', b'\\', rest) {
            None => return fail(input, IssueKind::UnclosedQuote),
            Some(n) if rest[n] == b'"' => {
                return Ok((&rest[n + 1..], (at + n, escaped)));
            }
            Some(n) => {
                escaped = true;
                match rest.get(n + 1) {
                    Some(b'\\' | b'"' | b'n') => at += n + 2,
                    Some(_) => return fail(&rest[n..], IssueKind::BadEscape),
                    None => return fail(input, IssueKind::UnclosedQuote),
                }
            }
        }
    }
}

#[inline]
fn name<'a>(input: &'a [u8], class: u8, kind: IssueKind) -> Parsed<'a, &'a [u8]> {
    let (rest, found) = take_while::<_, _, Cause>(is(class)).parse_complete(input)?;
    if found.is_empty() || found[0].is_ascii_digit() || found[0] == b'.' {
        return fail(input, kind);
    }
    Ok((rest, found))
}

/// A label set whose opening brace is already taken. A quoted text without `=` is the metric's
/// name (quoted UTF-8 names), given in `metric`.
#[inline]
fn labels<'a>(
    line: usize,
    mut input: &'a [u8],
    spans: &mut Vec<LabelSpan>,
    metric: &mut Option<Span>,
) -> Parsed<'a, ()> {
    let at = |rest: &[u8]| to_u32(line - rest.len());
    loop {
        input = blanks(input);
        let (label, was_quoted) = match input {
            [b'}', rest @ ..] => return Ok((rest, ())),
            [b'"', rest @ ..] => {
                let start = at(rest);
                let (after, (len, _)) = quoted(rest)?;
                input = after;
                (Span { start, end: start + to_u32(len) }, true)
            }
            [] => return fail(input, IssueKind::UnclosedLabels),
            _ => {
                let start = at(input);
                let (after, found) = name(input, LABEL, IssueKind::BadLabelName)?;
                input = after;
                (Span { start, end: start + to_u32(found.len()) }, false)
            }
        };
        input = blanks(input);
        match input {
            [b'=', rest @ ..] => match blanks(rest) {
                [b'"', rest @ ..] => {
                    let start = at(rest);
                    let (after, (len, escaped)) = quoted(rest)?;
                    spans.push(LabelSpan {
                        name: label,
                        value: Span { start, end: start + to_u32(len) },
                        escaped,
                    });
                    input = after;
                }
                other => return fail(other, IssueKind::UnquotedLabel),
            },
            _ if was_quoted && metric.is_none() => *metric = Some(label),
            _ => return fail(input, IssueKind::MissingEquals),
        }
        input = blanks(input);
        match input {
            [b',', rest @ ..] => input = rest,
            [b'}', rest @ ..] => return Ok((rest, ())),
            _ => return fail(input, IssueKind::UnclosedLabels),
        }
    }
}

#[inline]
fn token(input: &[u8]) -> (&[u8], &[u8]) {
    let end = input.iter().position(|b| CLASS[*b as usize] & BLANK != 0).unwrap_or(input.len());
    (&input[end..], &input[..end])
}

/// A number as Go and Python write it: `1`, `1.5e+07`, `+Inf`, `NaN`.
#[inline]
pub(crate) fn number(text: &[u8]) -> Option<f64> {
    // The common case, a short whole number, without the general parser.
    if text.len() <= 15 {
        let (whole, tail) = match text.iter().position(|b| !b.is_ascii_digit()) {
            None => (text, &b""[..]),
            Some(n) => (&text[..n], &text[n..]),
        };
        if !whole.is_empty() && (tail.is_empty() || tail == b".0") {
            let value = whole.iter().fold(0u64, |v, b| v * 10 + u64::from(b - b'0'));
            return Some(value as f64);
        }
    }
    // Rust also reads `infinity` and `1e5`; it refuses hexadecimal and underscores, as it should.
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// What a sample line holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SampleSpans {
    pub(crate) name: Span,
    pub(crate) value: f64,
    pub(crate) timestamp: Option<Span>,
    /// Index of the exemplar's first label in the scratch, and its value and timestamp.
    pub(crate) exemplar: Option<(usize, f64, Option<f64>)>,
}

/// Parses a sample line without its line end into `spans`, which must be empty.
#[inline]
pub(crate) fn sample(line: &[u8], spans: &mut Vec<LabelSpan>) -> Result<SampleSpans, Cause> {
    match sample_inner(line, spans) {
        Ok((_, sample)) => Ok(sample),
        Err(Err::Error(cause) | Err::Failure(cause)) => Err(cause),
        Err(Err::Incomplete(_)) => Err(Cause { left: 0, kind: IssueKind::TornLastLine }),
    }
}

#[inline]
fn sample_inner<'a>(line: &'a [u8], spans: &mut Vec<LabelSpan>) -> Parsed<'a, SampleSpans> {
    let total = line.len();
    let start = blanks(line);
    let mut metric = None;
    let mut input = start;
    if let [first, ..] = start
        && CLASS[*first as usize] & FIRST != 0
    {
        let (rest, found) = name(start, NAME, IssueKind::BadName)?;
        let begin = to_u32(total - start.len());
        metric = Some(Span { start: begin, end: begin + to_u32(found.len()) });
        input = rest;
    } else if !matches!(start, [b'{', ..]) {
        return fail(start, IssueKind::BadName);
    }
    let before = input;
    input = blanks(input);
    if let [b'{', rest @ ..] = input {
        let named = metric.is_some();
        let mut inner = if named { Some(Span::default()) } else { None };
        let (after, ()) = labels(total, rest, spans, &mut inner)?;
        if !named {
            metric = inner;
        }
        input = after;
    } else if input.len() == before.len() && !input.is_empty() {
        // A character that no name may have stands right behind the name.
        return fail(input, IssueKind::BadName);
    }
    let Some(name) = metric else { return fail(start, IssueKind::BadName) };
    input = blanks(input);
    if input.is_empty() {
        return fail(input, IssueKind::MissingValue);
    }
    let value_at = input;
    let (rest, text) = token(input);
    let Some(value) = number(text) else { return fail(value_at, IssueKind::BadValue) };
    input = blanks(rest);
    let mut timestamp = None;
    if let [b, ..] = input
        && *b != b'#'
    {
        let (rest, text) = token(input);
        if number(text).is_none() {
            return fail(input, IssueKind::BadTimestamp);
        }
        let begin = to_u32(total - input.len());
        timestamp = Some(Span { start: begin, end: begin + to_u32(text.len()) });
        input = blanks(rest);
    }
    let mut exemplar = None;
    if let [b'#', rest @ ..] = input {
        let [b'{', rest @ ..] = blanks(rest) else { return fail(input, IssueKind::BadExemplar) };
        let first = spans.len();
        let mut none = Some(Span::default());
        let (rest, ()) = labels(total, rest, spans, &mut none)?;
        let (rest, text) = token(blanks(rest));
        let Some(value) = number(text) else { return fail(input, IssueKind::BadExemplar) };
        let (rest, text) = token(blanks(rest));
        let at = if text.is_empty() { None } else { number(text) };
        if !text.is_empty() && at.is_none() {
            return fail(input, IssueKind::BadExemplar);
        }
        exemplar = Some((first, value, at));
        input = blanks(rest);
    }
    if !input.is_empty() {
        return fail(input, IssueKind::TrailingText);
    }
    Ok((input, SampleSpans { name, value, timestamp, exemplar }))
}

/// A comment line that says something about a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comment {
    Help { name: Span, text: Span },
    Type { name: Span, kind: Span },
    Unit { name: Span, unit: Span },
    Eof,
    Other,
}

/// Parses a line that begins with `#`.
pub(crate) fn comment(line: &[u8]) -> Result<Comment, Cause> {
    let total = line.len();
    let at = |rest: &[u8]| to_u32(total - rest.len());
    let body = blanks(line.get(1..).unwrap_or_default());
    if line.get(1..) == Some(b" EOF".as_slice()) {
        return Ok(Comment::Eof);
    }
    let (rest, word) = token(body);
    if !matches!(word, b"HELP" | b"TYPE" | b"UNIT") {
        return Ok(Comment::Other);
    }
    let bad = if word == b"TYPE" { IssueKind::BadType } else { IssueKind::BadMeta };
    let input = blanks(rest);
    let (name, rest) = match input {
        [b'"', inner @ ..] => match quoted(inner) {
            Ok((rest, (len, _))) => {
                let start = at(inner);
                (Span { start, end: start + to_u32(len) }, rest)
            }
            Err(_) => return Err(Cause { left: input.len(), kind: IssueKind::UnclosedQuote }),
        },
        _ => {
            let (rest, found) = token(input);
            let start = at(input);
            (Span { start, end: start + to_u32(found.len()) }, rest)
        }
    };
    if name.start == name.end {
        return Err(Cause { left: input.len(), kind: bad });
    }
    let tail = blanks(rest);
    let trimmed = tail.trim_ascii_end();
    let text = Span { start: at(tail), end: at(tail) + to_u32(trimmed.len()) };
    Ok(match word {
        b"HELP" => Comment::Help { name, text },
        b"UNIT" => Comment::Unit { name, unit: text },
        _ => Comment::Type { name, kind: text },
    })
}

/// Lines are capped far below 4 GiB, so the conversion cannot lose anything.
#[inline]
fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
