//! Finds in one text, their union, and the text with them replaced.

use std::borrow::Cow;

use crate::class::Class;
use crate::placeholder::{self, Salt};

/// A stretch of a text that must go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) class: Class,
    /// Fixed text to put there instead of a placeholder (the public part of a path).
    pub(crate) literal: Option<Vec<u8>>,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize, class: Class) -> Self {
        Span { start, end, class, literal: None }
    }
}

/// The finds in one text, in any order and overlapping at will.
#[derive(Default, Debug)]
pub(crate) struct Spans(Vec<Span>);

impl Spans {
    /// Adds a find, unless it is empty or a placeholder already.
    pub(crate) fn push(&mut self, text: &[u8], span: Span) {
        let Some(value) = text.get(span.start..span.end) else { return };
        if !value.is_empty() && !placeholder::is_placeholder(value) {
            self.0.push(span);
        }
    }

    pub(crate) fn add(&mut self, text: &[u8], start: usize, end: usize, class: Class) {
        self.push(text, Span::new(start, end, class));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Disjoint finds in order. Of nested ones the outer remains; overlapping ones become one, of
    /// the class that takes precedence.
    pub(crate) fn merged(mut self) -> Vec<Span> {
        self.0.sort_by(|a, b| {
            a.start.cmp(&b.start).then(b.end.cmp(&a.end)).then(a.class.cmp(&b.class))
        });
        let mut out: Vec<Span> = Vec::with_capacity(self.0.len());
        for span in self.0 {
            match out.last_mut() {
                Some(last) if span.start < last.end => {
                    // What stays readable of the outer find could be the inner one.
                    last.literal = None;
                    if span.end > last.end {
                        last.end = span.end;
                        last.class = last.class.min(span.class);
                    }
                }
                _ => out.push(span),
            }
        }
        out
    }
}

/// A replacement in the coordinates of the text it was found in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) classes: Vec<Class>,
    pub(crate) replacement: Vec<u8>,
}

/// The replacements for the finds in `text`.
pub(crate) fn edits(spans: Spans, text: &[u8], salt: &Salt) -> Vec<Edit> {
    spans
        .merged()
        .into_iter()
        .map(|span| {
            let value = text.get(span.start..span.end).unwrap_or_default();
            let replacement = span
                .literal
                .unwrap_or_else(|| placeholder::make(salt, span.class, value).into_bytes());
            Edit { start: span.start, end: span.end, classes: vec![span.class], replacement }
        })
        .collect()
}

/// Puts the replacements in place. They have to be disjoint and in order.
pub(crate) fn apply(text: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        out.extend_from_slice(text.get(at..edit.start).unwrap_or_default());
        out.extend_from_slice(&edit.replacement);
        at = edit.end;
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    out
}

/// A line as a reader sees it: without terminal colour codes, which may sit anywhere in a word.
pub(crate) struct View<'a> {
    plain: Cow<'a, [u8]>,
    /// Original index of each plain byte; empty if nothing was taken out.
    origin: Vec<usize>,
}

impl<'a> View<'a> {
    pub(crate) fn of(line: &'a [u8]) -> Self {
        if !line.contains(&0x1b) {
            return View { plain: Cow::Borrowed(line), origin: Vec::new() };
        }
        let mut plain = Vec::with_capacity(line.len());
        let mut origin = Vec::with_capacity(line.len());
        let mut i = 0;
        while let Some(byte) = line.get(i) {
            if *byte == 0x1b
                && let Some(length) = escape_length(line.get(i..).unwrap_or_default())
            {
                i += length;
                continue;
            }
            plain.push(*byte);
            origin.push(i);
            i += 1;
        }
        View { plain: Cow::Owned(plain), origin }
    }

    pub(crate) fn text(&self) -> &[u8] {
        &self.plain
    }

    /// Moves replacements found in the plain text to the line itself. Colour codes inside a
    /// replaced stretch go with it.
    pub(crate) fn to_line(&self, edits: Vec<Edit>) -> Vec<Edit> {
        if self.origin.is_empty() {
            return edits;
        }
        edits
            .into_iter()
            .filter_map(|mut edit| {
                let last = self.origin.get(edit.end.checked_sub(1)?)?;
                edit.start = *self.origin.get(edit.start)?;
                edit.end = last + 1;
                Some(edit)
            })
            .collect()
    }
}

/// Length of the `ESC [ ... letter` sequence at the start of `text`.
fn escape_length(text: &[u8]) -> Option<usize> {
    if text.get(1) != Some(&b'[') {
        return None;
    }
    let parameters =
        text.iter().skip(2).take_while(|b| b.is_ascii_digit() || matches!(b, b';' | b'?')).count();
    text.get(2 + parameters).filter(|b| b.is_ascii_alphabetic())?;
    Some(parameters + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, finds: &[(usize, usize, Class)]) -> Vec<(usize, usize, Class)> {
        let mut spans = Spans::default();
        for (start, end, class) in finds {
            spans.add(text.as_bytes(), *start, *end, *class);
        }
        spans.merged().into_iter().map(|s| (s.start, s.end, s.class)).collect()
    }

    #[test]
    fn nested_and_overlapping_finds_become_one() {
        let text = "0123456789";
        assert_eq!(
            run(text, &[(2, 8, Class::Prompt), (3, 5, Class::Secret)]),
            [(2, 8, Class::Prompt)]
        );
        assert_eq!(
            run(text, &[(2, 6, Class::Path), (4, 9, Class::Secret)]),
            [(2, 9, Class::Secret)]
        );
        assert_eq!(
            run(text, &[(6, 8, Class::Host), (1, 6, Class::Path)]),
            [(1, 6, Class::Path), (6, 8, Class::Host)]
        );
    }

    #[test]
    fn colour_codes_are_not_part_of_words() {
        let line = b"\x1b[36mtok\x1b[0men\x1b[0m=x";
        let view = View::of(line);
        assert_eq!(view.text(), b"token=x");
        let edit = Edit { start: 1, end: 5, classes: vec![], replacement: b"-".to_vec() };
        let moved = view.to_line(vec![edit]);
        assert_eq!(apply(line, &moved), b"\x1b[36mt-\x1b[0m=x");
    }

    #[test]
    fn a_lone_escape_stays() {
        assert_eq!(View::of(b"a\x1bb").text(), b"a\x1bb");
        assert_eq!(View::of(b"a\x1b[").text(), b"a\x1b[");
    }
}
