//! Configuration: YAML above all, and what has `key = value` lines.
//!
//! Beside the lines themselves three things that span lines are followed: a telling key whose
//! value is the indented block below it, `name:` and `value:` pairs of a pod's environment, and
//! the data of a Kubernetes Secret.

use crate::class::Class;
use crate::engine::{Engine, shift, whole_value};
use crate::keys::{self, KeyKind};
use crate::placeholder;
use crate::shapes::Scope;
use crate::spans::Edit;
use crate::values;

const WHOLE: Scope = Scope { whole_lines: true, ..Scope::TEXT };

/// The replacements in a configuration file.
pub(crate) fn edits(engine: &Engine<'_>, text: &[u8]) -> Vec<Edit> {
    let mut state = State { secret_document: false, block: None, pending: None };
    let secret_from = secret_documents(text);
    let mut out = Vec::new();
    engine.outside_blocks(text, &mut out, |engine, line, offset, out| {
        if is_document_mark(line) {
            state = State { secret_document: false, block: None, pending: None };
        }
        state.secret_document = secret_from.iter().any(|(from, to)| (*from..*to).contains(&offset));
        state.line(engine, line, offset, out);
    });
    out
}

/// The documents of the file (between `---`) that hold a Kubernetes Secret.
fn secret_documents(text: &[u8]) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let (mut start, mut at, mut secret) = (0, 0, false);
    for line in text.split(|b| *b == b'\n') {
        if is_document_mark(line) {
            if secret {
                out.push((start, at));
            }
            (start, secret) = (at, false);
        }
        let entry = line.trim_ascii();
        let entry = entry.strip_prefix(b"- ").unwrap_or(entry);
        let kind = entry.strip_prefix(b"kind:").map(<[u8]>::trim_ascii);
        secret |= matches!(kind, Some(b"Secret" | b"\"Secret\"" | b"'Secret'"));
        at += line.len() + 1;
    }
    if secret {
        out.push((start, at));
    }
    out
}

fn is_document_mark(line: &[u8]) -> bool {
    line.trim_ascii() == b"---"
}

struct State {
    secret_document: bool,
    block: Option<Block>,
    /// What the last `name:` says about the `value:` that follows it.
    pending: Option<KeyKind>,
}

/// The lines below a key, indented deeper than it.
struct Block {
    indent: usize,
    kind: KeyKind,
    /// Only the values of `key: value` lines go, and the keys stay.
    values_only: bool,
}

impl State {
    fn line(&mut self, engine: &Engine<'_>, line: &[u8], offset: usize, out: &mut Vec<Edit>) {
        let content = line.trim_ascii();
        if content.is_empty() {
            return;
        }
        let indent = line.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        if let Some(block) = &self.block {
            // A list may stand at the indent of its key.
            let item = content.starts_with(b"- ") && indent == block.indent;
            if indent > block.indent || item {
                let entry = entry(line);
                let start = match &entry {
                    Some(entry) if block.values_only => entry.value,
                    _ => after_dashes(line, indent),
                };
                block_line(engine, block.kind, line, start, offset, out);
                return;
            }
            self.block = None;
        }
        let Some(entry) = entry(line) else {
            engine.line(WHOLE, line, offset, 0, out);
            return;
        };
        let key = line.get(entry.key.clone()).unwrap_or_default();
        let value = line.get(entry.value..).unwrap_or_default().trim_ascii();
        let secret_data = self.secret_document && matches!(key, b"data" | b"stringData");
        let (kind, told) = match (key, self.pending) {
            (b"value", Some(kind)) => (kind, true),
            _ if secret_data => (KeyKind::Secret { numeric: true }, true),
            _ => (keys::classify(key), false),
        };
        if key == b"name" || key == b"key" {
            self.pending = Some(keys::classify(unquoted(value))).filter(|k| *k != KeyKind::Plain);
        } else if key == b"value" {
            self.pending = None;
        }
        if opens_block(value) {
            let values_only = value.is_empty() || value.starts_with(b"#");
            let whole = matches!(
                kind,
                KeyKind::Secret { .. }
                    | KeyKind::SecretLine
                    | KeyKind::Prompt
                    | KeyKind::TokenIds
                    | KeyKind::Salt
            );
            // Below `host:` may stand a mapping with keys of its own.
            if whole || (!values_only && kind != KeyKind::Plain) {
                self.block = Some(Block { indent: entry.indent, kind, values_only });
            }
            return;
        }
        let (start, length) = value_without_quotes(line, entry.value);
        let part = line.get(start..start + length).unwrap_or_default();
        if !told && whole_value(kind, part).is_none() {
            engine.line(WHOLE, line, offset, 0, out);
        } else {
            let edits = engine.field(kind, WHOLE, part, 0);
            out.extend(edits.into_iter().map(|edit| shift(edit, offset + start)));
        }
    }
}

struct Entry {
    key: std::ops::Range<usize>,
    /// Where the value begins.
    value: usize,
    /// The indent of the key, list dashes counted.
    indent: usize,
}

/// The parts of `  - "key": value`. `None` for other lines, `key = value` among them.
fn entry(line: &[u8]) -> Option<Entry> {
    let blank = line.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let start = after_dashes(line, blank);
    let rest = line.get(start..)?;
    let quote = matches!(rest.first(), Some(b'"' | b'\''));
    let from = start + usize::from(quote);
    let length = line
        .get(from..)?
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || b"_.-/".contains(b))
        .count();
    let colon = from + length + usize::from(quote);
    let after = line.get(colon + 1);
    if length == 0
        || line.get(colon) != Some(&b':')
        || after.is_some_and(|b| !b.is_ascii_whitespace())
    {
        return None;
    }
    let gap = line.get(colon + 1..)?.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    Some(Entry { key: from..from + length, value: colon + 1 + gap, indent: start })
}

fn after_dashes(line: &[u8], mut at: usize) -> usize {
    while line.get(at..).is_some_and(|rest| rest.starts_with(b"- ")) {
        at += 2;
        at += line.get(at..).unwrap_or_default().iter().take_while(|b| **b == b' ').count();
    }
    at
}

/// True where the value stands on the lines below.
fn opens_block(value: &[u8]) -> bool {
    let scalar = matches!(value.first(), Some(b'|' | b'>'))
        && value.iter().skip(1).all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+'));
    value.is_empty() || scalar || value.starts_with(b"#")
}

fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        _ => value,
    }
}

/// Where the value that begins at `at` stands, without quotes, comment and white space.
fn value_without_quotes(line: &[u8], at: usize) -> (usize, usize) {
    let rest = line.get(at..).unwrap_or_default();
    if let [quote @ (b'"' | b'\''), inner @ ..] = rest
        && let Some(end) = inner.iter().rposition(|b| b == quote)
    {
        return (at + 1, end);
    }
    let comment = rest.windows(2).position(|w| w[0].is_ascii_whitespace() && w[1] == b'#');
    let value = rest.get(..comment.unwrap_or(rest.len())).unwrap_or_default();
    (at, value.trim_ascii_end().len())
}

/// Replaces a line of a block from `start` on, unless it says nothing.
fn block_line(
    engine: &Engine<'_>,
    kind: KeyKind,
    line: &[u8],
    start: usize,
    offset: usize,
    out: &mut Vec<Edit>,
) {
    let value = line.get(start..).unwrap_or_default().trim_ascii_end();
    if values::is_inert(value) || placeholder::is_placeholder(value) {
        return;
    }
    let class = match kind {
        KeyKind::Secret { .. } | KeyKind::SecretLine => Class::Secret,
        KeyKind::Prompt => Class::Prompt,
        KeyKind::TokenIds => Class::TokenIds,
        KeyKind::Salt => Class::Salt,
        _ => {
            let edits = engine.field(kind, WHOLE, value, 0);
            out.extend(edits.into_iter().map(|edit| shift(edit, offset + start)));
            return;
        }
    };
    out.push(Edit {
        start: offset + start,
        end: offset + start + value.len(),
        classes: vec![class],
        replacement: placeholder::make(engine.salt, class, value).into_bytes(),
    });
}
