//! The little pattern language of the event table, and its matcher.
//!
//! `{}` is any text, `{#}` any number, `{name}` a number that is kept, `{name:s}` text that is
//! kept, `{name:h}` text that leaves as a placeholder only, `{? ... ?}` may be absent. Everything else stands for itself. A wildcard ends at the first
//! place where what follows it matches; there is no backtracking, so matching is linear.

use memchr::memmem;

/// What a kept value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    Number,
    Text,
    /// Text that leaves as a placeholder only.
    Hash,
}

/// A kept value: field number, and where it stands in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capture {
    pub(crate) field: u16,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: Kept,
}

#[derive(Debug, Clone)]
enum Segment {
    Literal(Box<memmem::Finder<'static>>),
    Any(Option<(u16, Kept)>),
    Number(Option<u16>),
    Optional(Vec<Segment>),
}

/// A compiled template.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    segments: Vec<Segment>,
}

/// Why a template of the table is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    #[error("a brace is not closed")]
    Open,
    #[error("two wildcards stand side by side")]
    Adjacent,
    #[error("the template says nothing")]
    Empty,
}

impl Template {
    /// Compiles a template; `field` gives the number of a field name.
    pub(crate) fn compile(
        text: &str,
        field: &mut dyn FnMut(&str) -> u16,
    ) -> Result<Self, TemplateError> {
        let segments = compile(text, field)?;
        if segments.is_empty() {
            return Err(TemplateError::Empty);
        }
        Ok(Self { segments })
    }

    /// The literal that a message must begin with.
    pub(crate) fn prefix(&self) -> Option<&[u8]> {
        match self.segments.first() {
            Some(Segment::Literal(l)) => Some(l.needle()),
            _ => None,
        }
    }

    /// The literal that must stand somewhere, of a template that begins with a wildcard.
    pub(crate) fn needle(&self) -> Option<&[u8]> {
        self.segments.iter().find_map(|s| match s {
            Segment::Literal(l) => Some(l.needle()),
            _ => None,
        })
    }

    /// Matches a message; `captures` is emptied first.
    pub(crate) fn matches(&self, message: &[u8], captures: &mut Vec<Capture>) -> bool {
        captures.clear();
        run(&self.segments, message, 0, captures).is_some()
    }
}

fn compile(
    mut text: &str,
    field: &mut dyn FnMut(&str) -> u16,
) -> Result<Vec<Segment>, TemplateError> {
    let mut out = Vec::new();
    while !text.is_empty() {
        if let Some(rest) = text.strip_prefix("{?") {
            let (inner, rest) = rest.split_once("?}").ok_or(TemplateError::Open)?;
            out.push(Segment::Optional(compile(inner, field)?));
            text = rest;
        } else if let Some(rest) = text.strip_prefix('{') {
            let (name, rest) = rest.split_once('}').ok_or(TemplateError::Open)?;
            if matches!(out.last(), Some(Segment::Any(_))) && name != "#" {
                return Err(TemplateError::Adjacent);
            }
            out.push(match (name, name.strip_suffix(":s")) {
                ("", _) => Segment::Any(None),
                ("#", _) => Segment::Number(None),
                (_, Some(name)) => Segment::Any(Some((field(name), Kept::Text))),
                (name, None) => match name.strip_suffix(":h") {
                    Some(name) => Segment::Any(Some((field(name), Kept::Hash))),
                    None => Segment::Number(Some(field(name))),
                },
            });
            text = rest;
        } else {
            let end = text.find('{').unwrap_or(text.len());
            let (literal, rest) = text.split_at(end);
            out.push(Segment::Literal(Box::new(
                memmem::Finder::new(literal.as_bytes()).into_owned(),
            )));
            text = rest;
        }
    }
    Ok(out)
}

/// Runs segments from `at`; gives the place behind the match.
fn run(
    segments: &[Segment],
    message: &[u8],
    mut at: usize,
    captures: &mut Vec<Capture>,
) -> Option<usize> {
    let mut open: Option<(Option<(u16, Kept)>, usize)> = None;
    for segment in segments {
        match segment {
            Segment::Any(field) => open = Some((*field, at)),
            Segment::Literal(finder) => {
                let rest = message.get(at..)?;
                if let Some((field, start)) = open.take() {
                    let found = at + finder.find(rest)?;
                    keep(captures, field, start, found);
                    at = found + finder.needle().len();
                } else if rest.starts_with(finder.needle()) {
                    at += finder.needle().len();
                } else {
                    return None;
                }
            }
            Segment::Number(field) => {
                if let Some((field, start)) = open.take() {
                    let skip = message.get(at..)?.iter().position(u8::is_ascii_digit)?;
                    at += skip;
                    keep(captures, field, start, at);
                }
                let length = number_length(message.get(at..)?)?;
                if let Some(field) = *field {
                    captures.push(Capture {
                        field,
                        start: at,
                        end: at + length,
                        kind: Kept::Number,
                    });
                }
                at += length;
            }
            Segment::Optional(inner) => {
                let Some(Segment::Literal(first)) = inner.first() else { continue };
                let held = captures.len();
                let end = message
                    .get(at..)
                    .and_then(|rest| first.find(rest))
                    .and_then(|found| run(inner, message, at + found, captures));
                match end {
                    Some(end) => at = end,
                    None => captures.truncate(held),
                }
            }
        }
    }
    if let Some((field, start)) = open {
        keep(captures, field, start, message.len());
        at = message.len();
    }
    Some(at)
}

fn keep(captures: &mut Vec<Capture>, field: Option<(u16, Kept)>, start: usize, end: usize) {
    if let Some((field, kind)) = field {
        captures.push(Capture { field, start, end, kind });
    }
}

/// Length of a number: sign, digits with thousands commas, fraction, exponent; `nan`, `inf`.
fn number_length(text: &[u8]) -> Option<usize> {
    let digit = |i: usize| text.get(i).is_some_and(u8::is_ascii_digit);
    let mut at = usize::from(matches!(text.first(), Some(b'-' | b'+')));
    if !digit(at) {
        let word = text.get(at..at + 3)?;
        return (word.eq_ignore_ascii_case(b"nan") || word.eq_ignore_ascii_case(b"inf"))
            .then_some(at + 3);
    }
    loop {
        match text.get(at) {
            Some(b'0'..=b'9') => at += 1,
            Some(b',' | b'.') if digit(at + 1) => at += 1,
            Some(b'e' | b'E')
                if digit(at + 1)
                    || matches!(text.get(at + 1), Some(b'-' | b'+')) && digit(at + 2) =>
            {
                at += 2;
            }
            _ => return Some(at),
        }
    }
}

/// Value of what [`number_length`] took.
pub(crate) fn number(text: &[u8]) -> Option<f64> {
    const POWERS: [f64; 10] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    if digits.len() <= 15 {
        let (mut value, mut scale, mut point) = (0_u64, 0_usize, false);
        let plain = digits.iter().all(|b| match b {
            b'0'..=b'9' => {
                value = value * 10 + u64::from(b - b'0');
                scale += usize::from(point);
                true
            }
            b'.' if !point => {
                point = true;
                true
            }
            b',' => !point,
            _ => false,
        });
        if plain && let Some(power) = POWERS.get(scale) {
            let value = value as f64 / power;
            return Some(if negative { -value } else { value });
        }
    }
    let text: String = text.iter().filter(|b| **b != b',').map(|b| char::from(*b)).collect();
    text.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn run_one(template: &str, message: &str) -> Option<Vec<String>> {
        let mut names = Vec::new();
        let template = Template::compile(template, &mut |n| {
            names.push(n.to_owned());
            u16::try_from(names.len() - 1).unwrap()
        })
        .unwrap();
        let mut captures = Vec::new();
        template.matches(message.as_bytes(), &mut captures).then(|| {
            captures
                .iter()
                .map(|c| format!("{}={}", names[usize::from(c.field)], &message[c.start..c.end]))
                .collect()
        })
    }

    #[test]
    fn templates_match_and_keep() {
        let table: &[(&str, &str, Option<&[&str]>)] = &[
            ("a {n} b", "a -1,024.5 b", Some(&["n=-1,024.5"])),
            ("a {n} b", "a x b", None),
            ("{}a {n}", "xx a 3. And", Some(&["n=3"])),
            ("k={v:s}, l={n}", "k=x y, l=2", Some(&["v=x y"])),
            ("k={v:s}", "k=rest of it", Some(&["v=rest of it"])),
            ("x{?, y: {y}%?}{?, z: {z}%?}", "x, q, z: 4%", Some(&["z=4"])),
            ("x{?, y: {y}%?}", "x, y: no", Some(&[])),
            ("t {}{#} end", "t abc 12 end", Some(&[])),
        ];
        for (template, message, want) in table {
            let got = run_one(template, message);
            let want = want.map(|w| w.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
            if *template == "k={v:s}, l={n}" {
                assert_eq!(got.unwrap(), ["v=x y", "n=2"]);
            } else {
                assert_eq!(got, want, "{template} on {message}");
            }
        }
    }

    #[test]
    fn numbers() {
        for (text, want) in [
            ("-1,024.5", -1024.5),
            ("0.0", 0.0),
            ("1e3", 1000.0),
            ("12345678901234567", 12_345_678_901_234_567.0),
        ] {
            assert_eq!(number(text.as_bytes()), Some(want), "{text}");
        }
        assert!(number(b"nan").unwrap().is_nan());
    }
}
