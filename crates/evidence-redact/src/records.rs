//! Environments and command lines: one value a record, records ending with a line end or, as
//! Linux keeps them under `/proc`, with a zero byte.

use crate::engine::{Engine, shift};
use crate::keys::{self, KeyKind};
use crate::shapes::Scope;
use crate::spans::Edit;
use crate::values;

const WHOLE: Scope = Scope { whole_lines: true, ..Scope::TEXT };

/// The replacements in `NAME=value` records.
pub(crate) fn environment(engine: &Engine<'_>, text: &[u8]) -> Vec<Edit> {
    let mut out = Vec::new();
    engine.outside_blocks(text, &mut out, |engine, line, offset, out| {
        for (start, record) in split_zero(line) {
            let at = offset + start;
            match assignment(record) {
                Some((key, value)) => {
                    let kind = keys::classify(record.get(key).unwrap_or_default());
                    let part = record.get(value.clone()).unwrap_or_default();
                    let edits = engine.field(kind, WHOLE, part, 0);
                    out.extend(edits.into_iter().map(|edit| shift(edit, at + value.start)));
                }
                None => engine.line(WHOLE, record, at, 0, out),
            }
        }
    });
    out
}

/// The replacements in a command line, one argument a record.
pub(crate) fn arguments(engine: &Engine<'_>, text: &[u8]) -> Vec<Edit> {
    let mut out = Vec::new();
    let mut flag = KeyKind::Plain;
    engine.outside_blocks(text, &mut out, |engine, line, offset, out| {
        for (start, record) in split_zero(line) {
            let dashed = record.starts_with(b"-") && !values::is_number(record);
            let kind = if dashed { KeyKind::Plain } else { flag };
            flag = KeyKind::Plain;
            let (start, value) = match assignment(record) {
                Some((key, value)) if dashed => {
                    let kind = keys::classify(record.get(key).unwrap_or_default());
                    let part = record.get(value.clone()).unwrap_or_default();
                    let edits = engine.field(kind, WHOLE, part, 0);
                    let at = offset + start + value.start;
                    out.extend(edits.into_iter().map(|edit| shift(edit, at)));
                    continue;
                }
                _ => (start, record),
            };
            if dashed && !record.iter().any(u8::is_ascii_whitespace) {
                flag = keys::classify(record);
                continue;
            }
            let edits = engine.field(kind, Scope::TEXT, value, 0);
            out.extend(edits.into_iter().map(|edit| shift(edit, offset + start)));
        }
    });
    out
}

fn split_zero(line: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    line.split(|b| *b == 0).map(move |record| {
        let start = at;
        at += record.len() + 1;
        (start, record)
    })
}

type Parts = (std::ops::Range<usize>, std::ops::Range<usize>);

/// The name and the value, without quotes, of `export NAME="value"`.
fn assignment(record: &[u8]) -> Option<Parts> {
    let equals = record.iter().position(|b| *b == b'=')?;
    let before = record.get(..equals)?;
    let key_start = before.iter().rposition(u8::is_ascii_whitespace).map_or(0, |i| i + 1);
    let words = before.get(..key_start)?.trim_ascii();
    let key = before.get(key_start..)?;
    let plain =
        !key.is_empty() && key.iter().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(b));
    if !plain || !matches!(words, b"" | b"export" | b"ENV" | b"declare -x" | b"set") {
        return None;
    }
    let end = record.len() - usize::from(record.ends_with(b"\r"));
    let value = record.get(equals + 1..end)?;
    let quoted = matches!(value, [b'"', .., b'"'] | [b'\'', .., b'\'']);
    let inset = usize::from(quoted);
    Some((key_start..equals, equals + 1 + inset..end - inset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments() {
        let parts = |record: &str| {
            assignment(record.as_bytes()).map(|(k, v)| (record[k].to_owned(), record[v].to_owned()))
        };
        let pair = |k: &str, v: &str| Some((k.to_owned(), v.to_owned()));
        assert_eq!(parts("A_B=c d=e"), pair("A_B", "c d=e"));
        assert_eq!(parts("export A='b'"), pair("A", "b"));
        assert_eq!(parts("--flag=x"), pair("--flag", "x"));
        assert_eq!(parts("A=\""), pair("A", "\""));
        assert_eq!(parts("see A=b"), None);
        assert_eq!(parts("a b"), None);
    }
}
