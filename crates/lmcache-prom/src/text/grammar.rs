//! The grammar of one line, on nom over bytes.
//!
//! One set of parsers serves Prometheus text 0.0.4 and OpenMetrics 1.0, with quoted UTF-8 names.
//! Labels go into the caller's scratch as byte ranges of the line, so that a sample costs no
//! allocation.

use super::event::{MetricKind, RawLabel};
use super::issue::IssueKind;
use memchr::memchr2;
use nom::bytes::complete::{take_while, take_while1};
use nom::error::{ErrorKind, ParseError};
use nom::{Err, IResult};

/// What a parser expected, and how many bytes of the line were left there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: IssueKind,
    pub(super) left: usize,
}

impl<'a> ParseError<&'a [u8]> for Fault {
    fn from_error_kind(input: &'a [u8], _: ErrorKind) -> Self {
        Self { kind: IssueKind::TrailingText, left: input.len() }
    }

    fn append(_: &'a [u8], _: ErrorKind, other: Self) -> Self {
        other
    }
}

type Parsed<'a, T> = IResult<&'a [u8], T, Fault>;

fn fail<T>(rest: &[u8], kind: IssueKind) -> Parsed<'_, T> {
    Err(Err::Error(Fault { kind, left: rest.len() }))
}

/// A byte range of the line.
pub(super) type Span = (u32, u32);

/// A sample line, as ranges of the line.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawSample {
    pub(super) name: Span,
    pub(super) name_escaped: bool,
    pub(super) value: Span,
    pub(super) timestamp: Option<Span>,
    pub(super) exemplar: Option<RawExemplar>,
    /// How many of the scratch's labels are the sample's; the rest are the exemplar's.
    pub(super) labels: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct RawExemplar {
    pub(super) value: Span,
    pub(super) timestamp: Option<Span>,
}

/// A line that starts with `#`.
#[derive(Debug, Clone, Copy)]
pub(super) enum RawComment {
    Help { name: Span, name_escaped: bool, text: Span },
    Type { name: Span, name_escaped: bool, kind: Option<MetricKind>, kind_at: u32 },
    Unit { name: Span, name_escaped: bool, unit: Span },
    Eof,
    Other,
}

/// Where a rest of the line starts.
// Lines are at most MAX_LINE bytes, far below u32::MAX.
#[allow(clippy::cast_possible_truncation)]
fn at(line: &[u8], rest: &[u8]) -> u32 {
    (line.len() - rest.len()) as u32
}

/// A length inside a line.
#[allow(clippy::cast_possible_truncation)]
fn len(text: &[u8]) -> u32 {
    text.len() as u32
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

const NAME: u8 = 1;
const LABEL: u8 = 2;

/// For each byte, whether it may stand in a metric name and in a label name.
const CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            table[byte as usize] = NAME | LABEL;
        } else if byte == b':' {
            table[byte as usize] = NAME;
        }
        byte += 1;
    }
    table
};

fn blanks(i: &[u8]) -> Parsed<'_, &[u8]> {
    take_while(is_blank)(i)
}

/// A bare name: not empty, of class bytes, not starting with a digit.
fn bare(i: &[u8], class: u8, kind: IssueKind) -> Parsed<'_, &[u8]> {
    if i.first().is_none_or(u8::is_ascii_digit) {
        return fail(i, kind);
    }
    match i.split_at_checked(run(i, class)) {
        Some((name, rest)) if !name.is_empty() => Ok((rest, name)),
        _ => fail(i, kind),
    }
}

/// How many bytes at the start are of a class.
#[allow(clippy::needless_bitwise_bool)] // lazy operators would keep the loop scalar
fn run(i: &[u8], class: u8) -> usize {
    let mut length = 0;
    if class == NAME {
        // Metric names are long: sixteen bytes at once, in a form that becomes vector code.
        for chunk in i.as_chunks::<16>().0 {
            let whole = chunk.iter().fold(true, |whole, byte| {
                let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
                let digit_or_colon = byte.wrapping_sub(b'0') < 11;
                whole & (letter | digit_or_colon | (*byte == b'_'))
            });
            if !whole {
                break;
            }
            length += 16;
        }
    }
    let tail = i.get(length..).unwrap_or_default();
    length + tail.iter().position(|b| CLASS[usize::from(*b)] & class == 0).unwrap_or(tail.len())
}

/// A text in double quotes, without them, and whether it holds a backslash.
fn quoted(i: &[u8], kind: IssueKind) -> Parsed<'_, (&[u8], bool)> {
    let Some((b'"', body)) = i.split_first() else { return fail(i, kind) };
    let Some(mut end) = memchr2(b'"', b'\\', body) else {
        return fail(i, IssueKind::UnterminatedQuote);
    };
    let mut escaped = false;
    while body.get(end) == Some(&b'\\') {
        escaped = true;
        // Skip the escaped byte, whatever it is.
        let Some(next) = body.get(end + 2..).and_then(|tail| memchr2(b'"', b'\\', tail)) else {
            return fail(i, IssueKind::UnterminatedQuote);
        };
        end += 2 + next;
    }
    match body.split_at_checked(end) {
        Some((text, rest)) => Ok((rest.get(1..).unwrap_or_default(), (text, escaped))),
        None => fail(i, IssueKind::UnterminatedQuote),
    }
}

/// The metric name found inside braces, if any.
type NameInBraces = Option<(Span, bool)>;

/// The inside of a label list and its `}`; the `{` is already taken.
fn label_list<'a>(
    line: &'a [u8],
    mut i: &'a [u8],
    name_allowed: bool,
    out: &mut Vec<RawLabel>,
) -> Parsed<'a, NameInBraces> {
    let mut metric: NameInBraces = None;
    loop {
        (i, _) = blanks(i)?;
        let start = i;
        let (name, name_escaped) = match i.first() {
            Some(b'}') => return Ok((i.get(1..).unwrap_or_default(), metric)),
            None => return fail(i, IssueKind::UnclosedLabels),
            Some(b'"') => {
                let (rest, (text, escaped)) = quoted(i, IssueKind::UnterminatedQuote)?;
                let from = at(line, i) + 1;
                (i, _) = blanks(rest)?;
                ((from, from + len(text)), escaped)
            }
            Some(_) => {
                let (rest, text) = bare(i, LABEL, IssueKind::MissingLabelName)?;
                let from = at(line, i);
                (i, _) = blanks(rest)?;
                ((from, from + len(text)), false)
            }
        };
        match i.first() {
            Some(b'=') => {
                if name.0 == name.1 {
                    return fail(start, IssueKind::MissingLabelName);
                }
                (i, _) = blanks(i.get(1..).unwrap_or_default())?;
                let from = at(line, i) + 1;
                let (rest, (text, escaped)) = quoted(i, IssueKind::UnquotedLabelValue)?;
                out.push(RawLabel {
                    name,
                    value: (from, from + len(text)),
                    name_escaped,
                    value_escaped: escaped,
                });
                (i, _) = blanks(rest)?;
            }
            Some(b',' | b'}') if start.first() == Some(&b'"') => {
                if metric.is_some() || !name_allowed {
                    return fail(start, IssueKind::RepeatedName);
                }
                if name.0 == name.1 {
                    return fail(start, IssueKind::MissingName);
                }
                metric = Some((name, name_escaped));
            }
            _ => return fail(i, IssueKind::MissingEquals),
        }
        match i.first() {
            Some(b',') => i = i.get(1..).unwrap_or_default(),
            Some(b'}') => {}
            None => return fail(i, IssueKind::UnclosedLabels),
            Some(_) => return fail(i, IssueKind::MissingComma),
        }
    }
}

/// A run of bytes up to the next blank.
fn token<'a>(line: &[u8], i: &'a [u8], kind: IssueKind) -> Parsed<'a, Span> {
    let (rest, text) = take_while1(|b| !is_blank(b))(i)
        .map_err(|e: Err<Fault>| e.map(|f| Fault { kind, left: f.left }))?;
    let from = at(line, i);
    Ok((rest, (from, from + len(text))))
}

/// A sample line without its line end.
pub(super) fn sample(line: &[u8], out: &mut Vec<RawLabel>) -> Result<RawSample, Fault> {
    match sample_line(line, out) {
        Ok((_, raw)) => Ok(raw),
        Err(Err::Error(fault) | Err::Failure(fault)) => Err(fault),
        Err(Err::Incomplete(_)) => Err(Fault { kind: IssueKind::MissingValue, left: 0 }),
    }
}

fn sample_line<'a>(line: &'a [u8], out: &mut Vec<RawLabel>) -> Parsed<'a, RawSample> {
    let (mut i, _) = blanks(line)?;
    let mut name = None;
    if i.first() != Some(&b'{') {
        let (rest, text) = bare(i, NAME, IssueKind::MissingName)?;
        let from = at(line, i);
        name = Some(((from, from + len(text)), false));
        i = rest;
    }
    let after_name = i;
    (i, _) = blanks(i)?;
    if i.first() == Some(&b'{') {
        let open = i;
        let (rest, inner) = label_list(line, i.get(1..).unwrap_or_default(), name.is_none(), out)?;
        name = name.or(inner);
        if name.is_none() {
            return fail(open, IssueKind::MissingName);
        }
        (i, _) = blanks(rest)?;
    } else if after_name.len() == i.len() && !i.is_empty() {
        // A name has to be followed by a blank or by labels.
        return fail(i, IssueKind::MissingName);
    }
    let Some((name, name_escaped)) = name else { return fail(i, IssueKind::MissingName) };
    let labels = out.len();
    let (rest, value) = token(line, i, IssueKind::MissingValue)?;
    (i, _) = blanks(rest)?;
    let mut raw = RawSample { name, name_escaped, value, timestamp: None, exemplar: None, labels };
    if i.is_empty() {
        return Ok((i, raw));
    }
    if i.first() != Some(&b'#') {
        let (rest, timestamp) = token(line, i, IssueKind::BadTimestamp)?;
        raw.timestamp = Some(timestamp);
        (i, _) = blanks(rest)?;
    }
    if i.first() == Some(&b'#') {
        let (rest, exemplar) = exemplar(line, i, out)?;
        raw.exemplar = Some(exemplar);
        i = rest;
    }
    if i.is_empty() { Ok((i, raw)) } else { fail(i, IssueKind::TrailingText) }
}

/// `# {labels} value [timestamp]`
fn exemplar<'a>(line: &'a [u8], i: &'a [u8], out: &mut Vec<RawLabel>) -> Parsed<'a, RawExemplar> {
    let start = i;
    let bad = |left: usize| Err::Error(Fault { kind: IssueKind::BadExemplar, left });
    let (i, _) = blanks(i.get(1..).unwrap_or_default())?;
    let Some((b'{', i)) = i.split_first() else { return Err(bad(start.len())) };
    let (i, _) = label_list(line, i, false, out)?;
    let (i, _) = blanks(i)?;
    let (i, value) = token(line, i, IssueKind::BadExemplar)?;
    let (i, _) = blanks(i)?;
    if i.is_empty() {
        return Ok((i, RawExemplar { value, timestamp: None }));
    }
    let (i, timestamp) = token(line, i, IssueKind::BadExemplar)?;
    let (i, _) = blanks(i)?;
    Ok((i, RawExemplar { value, timestamp: Some(timestamp) }))
}

/// A line whose first byte that is not blank is `#`, without its line end.
pub(super) fn comment(line: &[u8]) -> Result<RawComment, Fault> {
    match comment_line(line) {
        Ok((_, raw)) => Ok(raw),
        Err(Err::Error(fault) | Err::Failure(fault)) => Err(fault),
        Err(Err::Incomplete(_)) => Err(Fault { kind: IssueKind::MissingMetadataName, left: 0 }),
    }
}

fn comment_line(line: &[u8]) -> Parsed<'_, RawComment> {
    let (i, _) = blanks(line)?;
    let (i, _) = blanks(i.get(1..).unwrap_or_default())?;
    let (after, word) = take_while(|b| !is_blank(b))(i)?;
    match word {
        b"HELP" | b"TYPE" | b"UNIT" => {}
        b"EOF" => {
            let (rest, _) = blanks(after)?;
            return Ok((rest, if rest.is_empty() { RawComment::Eof } else { RawComment::Other }));
        }
        _ => return Ok((&[], RawComment::Other)),
    }
    let (i, _) = blanks(after)?;
    let (name, name_escaped, i) = if i.first() == Some(&b'"') {
        let (rest, (text, escaped)) = quoted(i, IssueKind::MissingMetadataName)?;
        let from = at(line, i) + 1;
        ((from, from + len(text)), escaped, rest)
    } else {
        let (rest, text) = bare(i, NAME, IssueKind::MissingMetadataName)?;
        let from = at(line, i);
        ((from, from + len(text)), false, rest)
    };
    if name.0 == name.1 || i.first().is_some_and(|b| !is_blank(*b)) {
        return fail(i, IssueKind::MissingMetadataName);
    }
    let (text, _) = blanks(i)?;
    let from = at(line, text);
    match word {
        b"HELP" => Ok((&[], RawComment::Help { name, name_escaped, text: (from, len(line)) })),
        b"UNIT" => {
            let unit = text.trim_ascii_end();
            let to = from + len(unit);
            Ok((&[], RawComment::Unit { name, name_escaped, unit: (from, to) }))
        }
        _ => {
            let kind = MetricKind::from_word(text.trim_ascii_end());
            Ok((&[], RawComment::Type { name, name_escaped, kind, kind_at: from }))
        }
    }
}
