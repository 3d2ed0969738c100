//! Which strings of a JSON text go: by their key, by the fields beside them, by their shape.

use std::ops::Range;

use super::tree::{Member, Node, Tree};
use super::{decode, encode};
use crate::class::Class;
use crate::engine::{Engine, shift, whole_value};
use crate::keys::{self, KeyKind};
use crate::placeholder;
use crate::shapes::Scope;
use crate::spans::Edit;
use crate::values;

/// The replacements in a JSON text; `None` if it is none.
pub(crate) fn edits(
    engine: &Engine<'_>,
    scope: Scope,
    text: &[u8],
    depth: usize,
) -> Option<Vec<Edit>> {
    let tree = Tree::parse(text)?;
    let mut walker = Walker { engine, text, tree: &tree, scope, depth, out: Vec::new() };
    if walker.is_api_description() {
        walker.scope.paths = false;
    }
    walker.value(tree.root(), KeyKind::Plain);
    walker.out.sort_by_key(|edit| edit.start);
    Some(walker.out)
}

struct Walker<'a> {
    engine: &'a Engine<'a>,
    text: &'a [u8],
    tree: &'a Tree,
    scope: Scope,
    depth: usize,
    out: Vec<Edit>,
}

/// What the fields of an object tell about each other.
#[derive(Default)]
struct Facts {
    /// A chat message, a choice of an answer, a generation request.
    request: bool,
    /// A JSON Schema: its strings describe values and are none.
    schema: bool,
    /// A Kubernetes Secret.
    kubernetes_secret: bool,
    /// What `name` or `key` says about `value`.
    named: Option<KeyKind>,
}

impl Walker<'_> {
    fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// A string token without its quotes, as it is written.
    fn inner(&self, range: &Range<usize>) -> &[u8] {
        self.text.get(range.start + 1..range.end.saturating_sub(1)).unwrap_or_default()
    }

    fn members(&self, node: usize) -> &[Member] {
        match self.tree.get(node) {
            Some(Node::Object { members }) => members,
            _ => &[],
        }
    }

    fn has(&self, node: usize, keys: &[&[u8]]) -> bool {
        self.members(node).iter().any(|m| keys.contains(&self.inner(&m.key)))
    }

    fn string_of(&self, node: usize, key: &[u8]) -> Option<&[u8]> {
        let member = self.members(node).iter().find(|m| self.inner(&m.key) == key)?;
        match self.tree.get(member.value)? {
            Node::String(range) => Some(self.inner(range)),
            _ => None,
        }
    }

    fn is_api_description(&self) -> bool {
        self.has(self.tree.root(), &[b"openapi", b"swagger"])
    }

    fn value(&mut self, node: usize, kind: KeyKind) {
        match self.tree.get(node) {
            Some(Node::Literal(range)) => self.literal(range, kind),
            Some(Node::String(range)) => self.string(range, kind),
            Some(Node::Array { range, items }) => self.array(node, range, items, kind),
            Some(Node::Object { members }) => self.object(node, members, kind),
            None => {}
        }
    }

    fn literal(&mut self, range: &Range<usize>, kind: KeyKind) {
        let value = self.bytes(range);
        let class = match kind {
            KeyKind::Secret { .. } | KeyKind::Hash => whole_value(kind, value),
            _ => None,
        };
        if let Some(class) = class {
            self.replace(range, class, range);
        }
    }

    /// Puts a string with the placeholder of the bytes in `value` in the place of `range`.
    fn replace(&mut self, range: &Range<usize>, class: Class, value: &Range<usize>) {
        let name = placeholder::make(self.engine.salt, class, self.bytes(value));
        self.out.push(Edit {
            start: range.start,
            end: range.end,
            classes: vec![class],
            replacement: format!("\"{name}\"").into_bytes(),
        });
    }

    fn string(&mut self, range: &Range<usize>, kind: KeyKind) {
        let inner = self.inner(range);
        let decoded = if inner.contains(&b'\\') { decode(self.bytes(range)) } else { None };
        let edit = if let Some(decoded) = decoded {
            let edits = self.engine.field(kind, self.scope, decoded.as_bytes(), self.depth);
            if edits.is_empty() {
                return;
            }
            Edit {
                start: range.start,
                end: range.end,
                classes: edits.iter().flat_map(|e| e.classes.iter().copied()).collect(),
                replacement: encode(&decoded, &edits),
            }
        } else {
            let edits = self.engine.field(kind, self.scope, inner, self.depth);
            self.out.extend(edits.into_iter().map(|edit| shift(edit, range.start + 1)));
            return;
        };
        self.out.push(edit);
    }

    fn array(&mut self, node: usize, range: &Range<usize>, items: &[usize], kind: KeyKind) {
        let ids = matches!(kind, KeyKind::TokenIds | KeyKind::Prompt);
        if ids && self.count_numbers(node).is_some_and(|n| n > 0) {
            self.replace(range, Class::TokenIds, range);
            return;
        }
        let kind = if kind == KeyKind::TokenIds && self.all_strings(items) {
            KeyKind::Prompt
        } else {
            kind
        };
        let mut flag = KeyKind::Plain;
        for item in items {
            let is_flag = self.flag(*item);
            let own = if is_flag.is_some() { KeyKind::Plain } else { flag };
            self.value(*item, if kind == KeyKind::Plain { own } else { kind });
            flag = is_flag.unwrap_or(KeyKind::Plain);
        }
    }

    /// How many numbers an array holds, nested ones too; `None` if it holds anything else.
    fn count_numbers(&self, node: usize) -> Option<usize> {
        match self.tree.get(node)? {
            Node::Literal(range) => values::is_number(self.bytes(range)).then_some(1),
            Node::Array { items, .. } => {
                items.iter().try_fold(0, |sum, item| Some(sum + self.count_numbers(*item)?))
            }
            _ => None,
        }
    }

    fn all_strings(&self, items: &[usize]) -> bool {
        items.iter().all(|item| matches!(self.tree.get(*item), Some(Node::String(_))))
    }

    /// What `--flag` as an element of a command line says about the next element.
    fn flag(&self, node: usize) -> Option<KeyKind> {
        let Some(Node::String(range)) = self.tree.get(node) else { return None };
        let word = self.inner(range);
        let named = word.starts_with(b"-") && !word.contains(&b'=') && !values::is_number(word);
        named.then(|| keys::classify(word))
    }

    fn facts(&self, node: usize) -> Facts {
        let request: &[&[u8]] = &[
            b"role",
            b"finish_reason",
            b"sampling_params",
            b"meta_info",
            b"input_ids",
            b"prompt_token_ids",
            b"output_token_ids",
            b"token_ids",
            b"logprobs",
            b"max_tokens",
            b"encoding_format",
            b"prompt",
        ];
        let schema: &[&[u8]] =
            &[b"properties", b"$ref", b"anyOf", b"allOf", b"oneOf", b"additionalProperties"];
        let typed = self.string_of(node, b"type").is_some_and(|t| {
            matches!(t, b"string" | b"object" | b"array" | b"integer" | b"number" | b"boolean")
        });
        let described =
            self.has(node, &[b"title", b"description", b"format", b"items", b"default"]);
        let named = self.string_of(node, b"name").or_else(|| self.string_of(node, b"key"));
        Facts {
            request: self.has(node, request),
            schema: self.has(node, schema)
                || (typed && (described || self.members(node).len() == 1)),
            kubernetes_secret: self.string_of(node, b"kind") == Some(b"Secret"),
            named: if self.string_of(node, b"from").is_some_and(is_speaker) {
                Some(KeyKind::Prompt)
            } else {
                named.map(keys::classify)
            },
        }
    }

    fn object(&mut self, node: usize, members: &[Member], kind: KeyKind) {
        let facts = self.facts(node);
        let salts = self.is_quota_table(members);
        for member in members {
            let key = self.inner(&member.key).to_vec();
            self.key(&member.key, salts);
            let own = keys::classify(&key);
            let child = if facts.schema {
                KeyKind::Plain
            } else if facts.kubernetes_secret && matches!(&*key, b"data" | b"stringData") {
                KeyKind::Secret { numeric: true }
            } else {
                match (kind, own) {
                    (KeyKind::Secret { .. } | KeyKind::SecretLine, _) => kind,
                    (KeyKind::Prompt, KeyKind::PromptInContext) => KeyKind::Prompt,
                    (_, KeyKind::PromptInContext) if facts.request => KeyKind::Prompt,
                    _ if is_wrapped_value(&key) && facts.named.is_some() => {
                        facts.named.unwrap_or(own)
                    }
                    _ if is_any_value(&key) => kind,
                    _ => own,
                }
            };
            // A container of messages hands its meaning on to the objects in it.
            let child = match (child, own, kind) {
                (KeyKind::Plain, KeyKind::Plain, KeyKind::Prompt) if key != b"role" => {
                    self.container(member.value)
                }
                _ => child,
            };
            self.value(member.value, child);
        }
    }

    fn container(&self, node: usize) -> KeyKind {
        match self.tree.get(node) {
            Some(Node::Array { .. } | Node::Object { .. }) => KeyKind::Prompt,
            _ => KeyKind::Plain,
        }
    }

    /// A key can name a host or a person as well.
    fn key(&mut self, range: &Range<usize>, salt: bool) {
        let inner = self.inner(range);
        if salt
            && !placeholder::is_placeholder(inner)
            && let Some(class) = whole_value(KeyKind::Salt, inner)
        {
            let inner = range.start + 1..range.end.saturating_sub(1);
            self.replace(range, class, &inner);
            return;
        }
        let edits = self.engine.name(self.scope, inner);
        self.out.extend(edits.into_iter().map(|edit| shift(edit, range.start + 1)));
    }

    /// The answer of `/quota`: an object with one entry of limits per salt.
    fn is_quota_table(&self, members: &[Member]) -> bool {
        !members.is_empty()
            && members.iter().all(|m| self.has(m.value, &[b"limit_gb", b"current_usage_gb"]))
    }
}

/// Who speaks in conversations that are written as `from` and `value`.
fn is_speaker(name: &[u8]) -> bool {
    matches!(name, b"human" | b"gpt" | b"user" | b"assistant" | b"system")
}

fn is_wrapped_value(key: &[u8]) -> bool {
    matches!(key, b"value" | b"values")
}

/// Keys of OTLP's typed values.
fn is_any_value(key: &[u8]) -> bool {
    matches!(key, b"stringValue" | b"arrayValue" | b"values" | b"bytesValue" | b"intValue")
}
