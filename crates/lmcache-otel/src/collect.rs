//! What spans add up to while they are read.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use crate::contract::{SpanContract, SpanKind, Treat};
use crate::durations::Durations;
use crate::issue::Issues;
use crate::requests::Requests;
use crate::span::{Origin, Span, Value};
use crate::tree::{MAX_TREE_SPANS, Node};

/// At most this many names of spans; more are counted together.
pub const MAX_NAMES: usize = 512;

/// At most this many attributes of one name; more are counted together.
pub const MAX_ATTRIBUTES: usize = 128;

/// At most this many words of an attribute; more are counted together.
pub const MAX_WORDS: usize = 32;

/// Distinct values are counted up to this many.
pub const MAX_DISTINCT: usize = 1 << 18;

/// At most this many servers (resources).
pub const MAX_ORIGINS: usize = 1024;

/// A hasher without a random seed, so that memory is laid out the same every time.
type Fixed = BuildHasherDefault<DefaultHasher>;

/// Statistics of one attribute of one span name.
#[derive(Debug, Clone, Default)]
pub(crate) struct AttributeTally {
    pub(crate) key: String,
    pub(crate) treat: Option<Treat>,
    pub(crate) count: u64,
    pub(crate) empty: u64,
    pub(crate) numbers: u64,
    pub(crate) zeros: u64,
    pub(crate) sum: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) yes: u64,
    pub(crate) no: u64,
    pub(crate) words: BTreeMap<String, u64>,
    pub(crate) other_words: u64,
    pub(crate) distinct: HashSet<u64, Fixed>,
    pub(crate) distinct_capped: bool,
}

impl AttributeTally {
    fn add(&mut self, value: Value<'_>, count_distinct: bool) {
        self.count += 1;
        if matches!(value, Value::Text("") | Value::Empty) {
            self.empty += 1;
            return;
        }
        match self.treat {
            Some(Treat::Word) => match value {
                Value::Text(word) => self.word(word),
                Value::Int(number) => self.word(&number.to_string()),
                _ => self.other_words += 1,
            },
            Some(Treat::Id | Treat::Salt) => {
                if count_distinct {
                    self.see(value);
                }
            }
            Some(Treat::Flag) => match value.flag() {
                Some(true) => self.yes += 1,
                Some(false) => self.no += 1,
                None => self.other_words += 1,
            },
            Some(Treat::Number) | None => match value.number() {
                Some(number) if number.is_finite() => self.number(number),
                _ => match value.flag() {
                    Some(true) => self.yes += 1,
                    Some(false) => self.no += 1,
                    None => self.other_words += 1,
                },
            },
        }
    }

    fn number(&mut self, number: f64) {
        self.min = if self.numbers == 0 { number } else { self.min.min(number) };
        self.max = if self.numbers == 0 { number } else { self.max.max(number) };
        self.numbers += 1;
        self.sum += number;
        if number == 0.0 {
            self.zeros += 1;
        }
    }

    fn word(&mut self, word: &str) {
        if let Some(count) = self.words.get_mut(word) {
            *count += 1;
        } else if self.words.len() < MAX_WORDS && word.len() <= 120 {
            self.words.insert(word.to_owned(), 1);
        } else {
            self.other_words += 1;
        }
    }

    fn see(&mut self, value: Value<'_>) {
        let hash = match value {
            Value::Text(text) => Fixed::default().hash_one(text),
            Value::Int(number) => Fixed::default().hash_one(number),
            _ => return,
        };
        if self.distinct.len() < MAX_DISTINCT {
            self.distinct.insert(hash);
        } else if !self.distinct.contains(&hash) {
            self.distinct_capped = true;
        }
    }
}

/// Statistics of one span name of LMCache.
#[derive(Debug, Clone, Default)]
pub(crate) struct NameTally {
    pub(crate) name: String,
    pub(crate) known: bool,
    pub(crate) kind: Option<SpanKind>,
    pub(crate) scopes: BTreeMap<String, u64>,
    pub(crate) count: u64,
    pub(crate) errors: u64,
    pub(crate) unended: u64,
    pub(crate) negative: u64,
    pub(crate) durations: Durations,
    pub(crate) attributes: Vec<AttributeTally>,
    pub(crate) other_attributes: u64,
}

impl NameTally {
    fn attribute(
        &mut self,
        at: usize,
        key: &str,
        treat: Option<Treat>,
    ) -> Option<&mut AttributeTally> {
        // Attributes come in the same order every time.
        let found = match self.attributes.get(at) {
            Some(tally) if tally.key == key => Some(at),
            _ => self.attributes.iter().position(|tally| tally.key == key),
        };
        let index = match found {
            Some(index) => index,
            None if self.attributes.len() < MAX_ATTRIBUTES => {
                let key = key.to_owned();
                self.attributes.push(AttributeTally { key, treat, ..AttributeTally::default() });
                self.attributes.len() - 1
            }
            None => {
                self.other_attributes += 1;
                return None;
            }
        };
        self.attributes.get_mut(index)
    }
}

/// One server: a resource that spans come from.
#[derive(Debug, Clone, Default)]
pub(crate) struct OriginTally {
    pub(crate) origin: Origin,
    pub(crate) lmcache: u64,
    pub(crate) foreign: u64,
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// Everything that spans add up to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Collector {
    pub(crate) contract: SpanContract,
    pub(crate) names: Vec<NameTally>,
    index: HashMap<String, usize, Fixed>,
    pub(crate) foreign_names: BTreeMap<String, u64>,
    pub(crate) origins: Vec<OriginTally>,
    origin: Option<usize>,
    scope: String,
    scope_is_ours: bool,
    scope_is_given: bool,
    pub(crate) spans: u64,
    pub(crate) foreign: u64,
    pub(crate) other_names: u64,
    pub(crate) nodes: Vec<Node>,
    pub(crate) nodes_left_out: u64,
    pub(crate) exceptions: BTreeMap<String, u64>,
    pub(crate) with_flags: u64,
    pub(crate) sampled: u64,
    pub(crate) remote_parent: u64,
    pub(crate) dropped: u64,
    pub(crate) unscoped: u64,
    pub(crate) bad_ids: u64,
    pub(crate) records: u64,
    pub(crate) metric_records: u64,
    pub(crate) log_records: u64,
    pub(crate) issues: Issues,
    pub(crate) requests: Requests,
}

impl Collector {
    /// The spans that follow are of this resource.
    pub(crate) fn resource(&mut self, origin: Origin) {
        let found = self.origins.iter().position(|tally| tally.origin == origin);
        self.origin = found.or_else(|| {
            (self.origins.len() < MAX_ORIGINS).then(|| {
                self.origins.push(OriginTally { origin, ..OriginTally::default() });
                self.origins.len() - 1
            })
        });
    }

    /// The spans that follow are of this scope; empty if it is not given.
    pub(crate) fn scope(&mut self, scope: &str) {
        if self.scope != scope {
            scope.clone_into(&mut self.scope);
        }
        self.scope_is_given = !scope.is_empty();
        self.scope_is_ours = SpanContract::owns_scope(scope);
    }

    /// Whether the span is LMCache's. Without a scope only names that nobody else uses are
    /// claimed, and `request` and `timeout` only with LMCache's own attribute.
    fn is_ours<'v>(
        &self,
        name: &str,
        mut attributes: impl Iterator<Item = (&'v str, Value<'v>)>,
    ) -> bool {
        if self.scope_is_given {
            return self.scope_is_ours;
        }
        self.contract.rule(name).is_some()
            && (name.contains('.') || attributes.any(|(key, _)| key == "session_id"))
    }

    /// Takes a span; true if it is LMCache's.
    pub(crate) fn span<'v>(
        &mut self,
        span: &Span<'_>,
        attributes: impl Iterator<Item = (&'v str, Value<'v>)> + Clone,
    ) -> bool {
        self.spans += 1;
        let ours = self.is_ours(span.name, attributes.clone());
        if let Some(tally) = self.origin.and_then(|at| self.origins.get_mut(at)) {
            if ours {
                tally.lmcache += 1;
                if span.start > 0 && (tally.first == 0 || span.start < tally.first) {
                    tally.first = span.start;
                }
                tally.last = tally.last.max(span.end).max(span.start);
            } else {
                tally.foreign += 1;
            }
        }
        if !ours {
            self.foreign += 1;
            if let Some(count) = self.foreign_names.get_mut(span.name) {
                *count += 1;
            } else if self.foreign_names.len() < MAX_NAMES && span.name.len() <= 200 {
                self.foreign_names.insert(span.name.to_owned(), 1);
            }
            return false;
        }
        if !self.scope_is_given {
            self.unscoped += 1;
        }
        if let Some(flags) = span.flags {
            self.with_flags += 1;
            self.sampled += u64::from(flags & 1);
            // Bit 8 says that bit 9 is known: the parent is in another process.
            self.remote_parent += u64::from(flags & 0x300 == 0x300);
        }
        self.dropped += span.dropped;
        let Some(at) = self.name_index(span.name) else {
            self.other_names += 1;
            return true;
        };
        let is_root = self.names.get(at).is_some_and(|n| n.kind == Some(SpanKind::Root));
        self.requests.span(span, is_root, attributes.clone());
        self.tally(at, span, attributes);
        if span.trace_id == 0 || span.id == 0 {
            self.bad_ids += 1;
        } else if self.nodes.len() < MAX_TREE_SPANS {
            self.nodes.push(Node {
                trace: span.trace_id,
                id: span.id,
                parent: span.parent,
                start: span.start,
                duration: span.end.saturating_sub(span.start),
                name: u16::try_from(at).unwrap_or(u16::MAX),
                is_error: span.is_error,
            });
        } else {
            self.nodes_left_out += 1;
        }
        true
    }

    fn tally<'v>(
        &mut self,
        at: usize,
        span: &Span<'_>,
        attributes: impl Iterator<Item = (&'v str, Value<'v>)>,
    ) {
        let Some(tally) = self.names.get_mut(at) else { return };
        tally.count += 1;
        tally.errors += u64::from(span.is_error);
        if let Some(count) = tally.scopes.get_mut(&self.scope) {
            *count += 1;
        } else if tally.scopes.len() < MAX_WORDS {
            tally.scopes.insert(self.scope.clone(), 1);
        }
        match (span.start, span.end) {
            (0, _) | (_, 0) => tally.unended += 1,
            (start, end) if end < start => tally.negative += 1,
            (start, end) => tally.durations.add(end - start),
        }
        let is_root = tally.kind == Some(SpanKind::Root);
        for (index, (key, value)) in attributes.enumerate() {
            let known = tally.attributes.get(index).is_some_and(|a| a.key == key);
            let treat = if known { None } else { self.contract.treat(key) };
            if let Some(attribute) = tally.attribute(index, key, treat) {
                // A request's id is on every one of its spans: the root's are enough.
                attribute.add(value, is_root || key != "session_id");
            }
        }
    }

    /// An exception event of a span of LMCache.
    pub(crate) fn exception(&mut self, kind: &str) {
        if let Some(count) = self.exceptions.get_mut(kind) {
            *count += 1;
        } else if self.exceptions.len() < MAX_WORDS && kind.len() <= 200 {
            self.exceptions.insert(kind.to_owned(), 1);
        }
    }

    fn name_index(&mut self, name: &str) -> Option<usize> {
        if let Some(at) = self.index.get(name) {
            return Some(*at);
        }
        if self.names.len() >= MAX_NAMES || name.len() > 200 {
            return None;
        }
        let rule = self.contract.rule(name);
        self.names.push(NameTally {
            name: name.to_owned(),
            known: rule.is_some(),
            kind: rule.map(|rule| rule.kind),
            ..NameTally::default()
        });
        let at = self.names.len() - 1;
        self.index.insert(name.to_owned(), at);
        Some(at)
    }
}
