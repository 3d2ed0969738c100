//! One text, whatever file it came from: the detectors put together.

use crate::class::Class;
use crate::json;
use crate::keyed;
use crate::keys::KeyKind;
use crate::patterns::Patterns;
use crate::placeholder::{self, Salt};
use crate::policy::Policy;
use crate::shapes::{self, Scope};
use crate::spans::{Edit, Spans, View, edits};
use crate::values;
use crate::vocabulary::Vocabulary;

/// How deep JSON in strings of JSON is followed.
const DEEPEST: usize = 4;

/// What all formats share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Engine<'a> {
    pub(crate) patterns: &'a Patterns,
    pub(crate) policy: &'a Policy,
    pub(crate) salt: &'a Salt,
    pub(crate) vocabulary: &'a Vocabulary,
}

impl Engine<'_> {
    /// The replacements in running text: key blocks, then line by line.
    pub(crate) fn text(&self, scope: Scope, text: &[u8], depth: usize) -> Vec<Edit> {
        let mut out = Vec::new();
        self.outside_blocks(text, &mut out, |engine, line, offset, out| {
            engine.line(scope, line, offset, depth, out);
        });
        out
    }

    /// Replaces key blocks and hands every other line to `f`, with its place.
    pub(crate) fn outside_blocks(
        &self,
        text: &[u8],
        out: &mut Vec<Edit>,
        mut f: impl FnMut(&Self, &[u8], usize, &mut Vec<Edit>),
    ) {
        let mut at = 0;
        for block in shapes::pem_blocks(text) {
            for (start, line) in lines(text, at, block.start) {
                f(self, line, start, out);
            }
            let value = text.get(block.clone()).unwrap_or_default();
            out.push(Edit {
                start: block.start,
                end: block.end,
                classes: vec![Class::Secret],
                replacement: placeholder::make(self.salt, Class::Secret, value).into_bytes(),
            });
            at = block.end;
        }
        for (start, line) in lines(text, at, text.len()) {
            f(self, line, start, out);
        }
    }

    /// One line: JSON if it is that, else anything.
    pub(crate) fn line(
        &self,
        scope: Scope,
        line: &[u8],
        offset: usize,
        depth: usize,
        out: &mut Vec<Edit>,
    ) {
        let edits = match self.nested(scope, line, depth) {
            Some(edits) => edits,
            None => self.plain(scope, line),
        };
        out.extend(edits.into_iter().map(|edit| shift(edit, offset)));
    }

    /// A line or value that is a JSON object or array.
    fn nested(&self, scope: Scope, text: &[u8], depth: usize) -> Option<Vec<Edit>> {
        let trimmed = text.trim_ascii();
        let bracketed = matches!(trimmed, [b'{', .., b'}'] | [b'[', .., b']']);
        if bracketed && depth < DEEPEST { json::edits(self, scope, text, depth + 1) } else { None }
    }

    /// The replacements in a line without structure.
    pub(crate) fn plain(&self, scope: Scope, line: &[u8]) -> Vec<Edit> {
        let view = View::of(line);
        let text = view.text();
        let mut spans = Spans::default();
        self.shapes(scope, text, &mut spans);
        keyed::find(self.patterns, self.policy, scope, text, &mut spans);
        if spans.is_empty() {
            return Vec::new();
        }
        view.to_line(edits(spans, text, self.salt))
    }

    /// What is known by its shape or from elsewhere in the packet, whatever name it has.
    fn shapes(&self, scope: Scope, text: &[u8], spans: &mut Spans) {
        shapes::find(self.patterns, self.policy, scope, text, spans);
        self.vocabulary.find(self.salt, text, spans);
        for found in self.patterns.hash.find_iter(text) {
            if !text.get(found.end()).is_some_and(u8::is_ascii_alphanumeric) {
                let at = usize::from(found.as_bytes().starts_with(b"@"));
                spans.add(text, found.start() + at, found.end(), Class::Hash);
            }
        }
        for found in self.patterns.bytes.captures_iter(text) {
            /// Digests have 16 bytes and more, half of them unprintable.
            const LEAST: usize = 16;
            let Some(body) = found.get(1).or_else(|| found.get(2)) else { continue };
            // The hash of nothing follows from the hash seed alone, and tells whether processes agree.
            let before = text.get(..found.get(0).map_or(0, |m| m.start())).unwrap_or_default();
            let before = before.trim_ascii_end();
            let name = before.strip_suffix(b"=").or_else(|| before.strip_suffix(b":"));
            if name.unwrap_or(before).ends_with(b"NONE_HASH") {
                continue;
            }
            let escapes = body.as_bytes().windows(2).filter(|w| w == b"\\x").count();
            let digest = |bytes: Vec<u8>| (LEAST..=64).contains(&bytes.len());
            if escapes >= 4 && values::python_bytes(body.as_bytes()).is_some_and(digest) {
                spans.add(text, body.start(), body.end(), Class::Hash);
            }
        }
        for found in self.patterns.quota.captures_iter(text) {
            let route = |salt: &[u8]| matches!(salt, b"_default" | b"config");
            if let Some(salt) = found.get(1).filter(|salt| !route(salt.as_bytes())) {
                spans.add(text, salt.start(), salt.end(), Class::Salt);
            }
        }
    }

    /// The replacements in a name (a key of an object), where no `key=value` is expected.
    pub(crate) fn name(&self, scope: Scope, name: &[u8]) -> Vec<Edit> {
        let mut spans = Spans::default();
        self.shapes(scope, name, &mut spans);
        edits(spans, name, self.salt)
    }

    /// The replacements in the value of a field whose name says `kind`.
    pub(crate) fn field(
        &self,
        kind: KeyKind,
        scope: Scope,
        value: &[u8],
        depth: usize,
    ) -> Vec<Edit> {
        if placeholder::is_placeholder(value) {
            return Vec::new();
        }
        if let Some(class) = whole_value(kind, value) {
            return vec![Edit {
                start: 0,
                end: value.len(),
                classes: vec![class],
                replacement: placeholder::make(self.salt, class, value).into_bytes(),
            }];
        }
        let mut spans = Spans::default();
        match kind {
            KeyKind::Host { strong } => {
                shapes::host_value(self.policy, strong, value, 0..value.len(), &mut spans);
            }
            KeyKind::Path => {
                shapes::path_value(self.patterns, value, 0..value.len(), &mut spans);
            }
            _ => {}
        }
        if !spans.is_empty() {
            self.shapes(scope, value, &mut spans);
            return edits(spans, value, self.salt);
        }
        let scope = Scope {
            version: scope.version || kind == KeyKind::Version,
            whole_lines: scope.whole_lines || is_assignment(value),
            ..scope
        };
        match self.nested(scope, value, depth) {
            Some(edits) => edits,
            None if depth < DEEPEST => self.text(scope, value, depth + 1),
            None => self.plain(scope, value),
        }
    }
}

/// The class of a value that goes as a whole because of its name.
pub(crate) fn whole_value(kind: KeyKind, value: &[u8]) -> Option<Class> {
    let trimmed = value.trim_ascii();
    if values::is_inert(trimmed) {
        return None;
    }
    match kind {
        KeyKind::Secret { numeric } => {
            (numeric || !values::is_number(trimmed)).then_some(Class::Secret)
        }
        KeyKind::SecretLine => Some(Class::Secret),
        KeyKind::SecretIfOpaque => values::is_opaque(trimmed, 12).then_some(Class::Secret),
        KeyKind::Prompt => Some(Class::Prompt),
        KeyKind::TokenIds => {
            let list = trimmed.contains(&b',') && values::is_id_list(trimmed);
            list.then_some(Class::TokenIds)
        }
        KeyKind::Hash => values::is_hash(trimmed).then_some(Class::Hash),
        KeyKind::Salt => {
            let prose = trimmed.iter().any(u8::is_ascii_whitespace);
            (!prose && trimmed != b"_default").then_some(Class::Salt)
        }
        KeyKind::Identity => values::is_name(trimmed).then_some(Class::Identity),
        KeyKind::PromptInContext
        | KeyKind::Host { .. }
        | KeyKind::Path
        | KeyKind::Version
        | KeyKind::Plain => None,
    }
}

/// `NAME=value`, as `docker inspect` lists environments.
fn is_assignment(value: &[u8]) -> bool {
    let name = value.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    name > 0
        && value.get(name) == Some(&b'=')
        && value.get(name + 1) != Some(&b'=')
        && !value.first().is_some_and(u8::is_ascii_digit)
}

/// The lines between two places, each with its own place and without its line end.
fn lines(text: &[u8], from: usize, to: usize) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = from;
    let part = text.get(from..to).unwrap_or_default();
    part.split(|b| *b == b'\n').map(move |line| {
        let start = at;
        at += line.len() + 1;
        (start, line)
    })
}

/// A replacement moved by `offset`.
pub(crate) fn shift(mut edit: Edit, offset: usize) -> Edit {
    edit.start += offset;
    edit.end += offset;
    edit
}
