//! Prometheus and OpenMetrics text: only the insides of label values change, so that every name,
//! number and time stays as it was scraped.

use std::collections::HashMap;
use std::ops::Range;

use crate::engine::{Engine, shift};
use crate::keys;
use crate::shapes::Scope;
use crate::spans::{Edit, apply};

/// Label values repeat on almost every line; this many are remembered.
const MEMORY: usize = 65_536;

type Memory = HashMap<(Vec<u8>, Vec<u8>), Vec<Edit>>;

/// The replacements in an exposition page.
pub(crate) fn edits(engine: &Engine<'_>, text: &[u8]) -> Vec<Edit> {
    let mut memory = Memory::new();
    let mut out = Vec::new();
    engine.outside_blocks(text, &mut out, |engine, line, offset, out| {
        let Some(labels) = sample(line) else {
            engine.line(Scope::TEXT, line, offset, 0, out);
            return;
        };
        for (name, value) in labels {
            let name = line.get(name).unwrap_or_default();
            let raw = line.get(value.clone()).unwrap_or_default();
            let found = remembered(engine, &mut memory, name, raw);
            out.extend(found.iter().cloned().map(|edit| shift(edit, offset + value.start)));
        }
    });
    out
}

fn remembered<'m>(
    engine: &Engine<'_>,
    memory: &'m mut Memory,
    name: &[u8],
    raw: &[u8],
) -> &'m [Edit] {
    if memory.len() >= MEMORY {
        memory.clear();
    }
    memory.entry((name.to_vec(), raw.to_vec())).or_insert_with(|| label(engine, name, raw))
}

/// The replacements in one label value, in the coordinates of its escaped form.
fn label(engine: &Engine<'_>, name: &[u8], raw: &[u8]) -> Vec<Edit> {
    let kind = keys::classify(name);
    if !raw.contains(&b'\\') {
        return engine.field(kind, Scope::TEXT, raw, 0);
    }
    let value = unescape(raw);
    let edits = engine.field(kind, Scope::TEXT, &value, 0);
    if edits.is_empty() {
        return edits;
    }
    vec![Edit {
        start: 0,
        end: raw.len(),
        classes: edits.iter().flat_map(|e| e.classes.iter().copied()).collect(),
        replacement: escape(&apply(&value, &edits)),
    }]
}

fn unescape(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter();
    while let Some(byte) = bytes.next() {
        match (byte, bytes.as_slice().first()) {
            (b'\\', Some(b'n')) => out.push(b'\n'),
            (b'\\', Some(next @ (b'\\' | b'"'))) => out.push(*next),
            _ => {
                out.push(*byte);
                continue;
            }
        }
        bytes.next();
    }
    out
}

fn escape(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    for byte in value {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\\' | b'"' => out.extend_from_slice(&[b'\\', *byte]),
            _ => out.push(*byte),
        }
    }
    out
}

/// The labels of a sample line, names and values, those of an exemplar too. `None` if the line is
/// no sample.
pub(crate) fn sample(line: &[u8]) -> Option<Vec<(Range<usize>, Range<usize>)>> {
    let mut reader = Reader { line, at: 0 };
    let mut labels = Vec::new();
    reader.space();
    let named = reader.name() > 0;
    reader.space();
    let braced = reader.peek() == Some(b'{');
    if braced {
        reader.labels(&mut labels)?;
    }
    if !(named || braced) || !reader.numbers() {
        return None;
    }
    if reader.peek() == Some(b'#') {
        reader.at += 1;
        reader.space();
        reader.labels(&mut labels)?;
        reader.numbers();
    }
    (reader.at == line.len()).then_some(labels)
}

struct Reader<'a> {
    line: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    fn name(&mut self) -> usize {
        let start = self.at;
        if self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return 0;
        }
        while self
            .peek()
            .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'.'))
        {
            self.at += 1;
        }
        self.at - start
    }

    /// One or more numbers; true if there was one.
    fn numbers(&mut self) -> bool {
        let mut any = false;
        loop {
            self.space();
            let start = self.at;
            let mut end = start;
            while self
                .line
                .get(end)
                .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
            {
                end += 1;
            }
            let word = self.line.get(start..end).and_then(|word| std::str::from_utf8(word).ok());
            if word.is_none_or(|word| word.parse::<f64>().is_err()) {
                return any;
            }
            self.at = end;
            any = true;
        }
    }

    fn quoted(&mut self) -> Option<Range<usize>> {
        if self.peek()? != b'"' {
            return None;
        }
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(start..self.at - 1);
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    fn labels(&mut self, out: &mut Vec<(Range<usize>, Range<usize>)>) -> Option<()> {
        if self.peek()? != b'{' {
            return None;
        }
        self.at += 1;
        loop {
            self.space();
            let name = match self.peek()? {
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                b',' => {
                    self.at += 1;
                    continue;
                }
                b'"' => self.quoted()?,
                _ => {
                    let start = self.at;
                    if self.name() == 0 {
                        return None;
                    }
                    start..self.at
                }
            };
            self.space();
            if self.peek()? == b'=' {
                self.at += 1;
                self.space();
                let value = self.quoted()?;
                out.push((name, value));
            } else if !matches!(self.peek()?, b',' | b'}') {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(line: &str) -> Option<Vec<(&str, &str)>> {
        let found = sample(line.as_bytes())?;
        Some(found.into_iter().map(|(n, v)| (&line[n], &line[v])).collect())
    }

    #[test]
    fn samples() {
        assert_eq!(labels("up 1"), Some(vec![]));
        assert_eq!(
            labels("a:b{x=\"1\",y=\"}\\\"\"} +Inf 12"),
            Some(vec![("x", "1"), ("y", "}\\\"")])
        );
        assert_eq!(labels("{\"http.x\",a=\"b\"} NaN\r"), Some(vec![("a", "b")]));
        assert_eq!(
            labels("a_bucket{le=\"1\"} 3 # {trace_id=\"z\"} 0.5 1.7"),
            Some(vec![("le", "1"), ("trace_id", "z")])
        );
        for line in
            ["", "# HELP a b", "password=x", "a{x=\"1\"", "a b", "INFO x", "a{x=1} 2", "{} "]
        {
            assert_eq!(labels(line), None, "{line}");
        }
    }

    #[test]
    fn escapes_survive() {
        let value = b"a\\b\"c\nd";
        assert_eq!(unescape(&escape(value)), value);
        assert_eq!(unescape(b"C:\\x"), b"C:\\x");
    }
}
