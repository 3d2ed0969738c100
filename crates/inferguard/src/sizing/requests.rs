//! What request logs and spans tell of single requests, joined with their lookups by id.

use std::collections::{BTreeMap, HashMap};

use cache_sizing::{Outcome, Recording, fingerprint};
use lmcache_launch::environment::RequestRecord;
use lmcache_otel::RequestSpans;
use serde::Serialize;

/// Requests that are told apart; what further ones say is left.
const MOST: usize = 1 << 20;

/// What a latency is of. Of several that are told the first is taken, for all requests alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Latency {
    /// Until the first token.
    Ttft,
    /// Until the last.
    EndToEnd,
    /// In the cache server, by the root of its spans.
    InServer,
    /// Calls of the cache's client together: lookup, retrieve and store.
    CacheCalls,
}

impl Latency {
    pub(crate) const ALL: [Latency; 4] =
        [Latency::Ttft, Latency::EndToEnd, Latency::InServer, Latency::CacheCalls];

    /// In words.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Latency::Ttft => "time to the first token",
            Latency::EndToEnd => "time to the last token",
            Latency::InServer => "time in the cache server (its spans)",
            Latency::CacheCalls => "lookup, retrieve and store together",
        }
    }
}

/// One request.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Told {
    pub(crate) salt: Option<String>,
    /// Seconds, in the order of [`Latency::ALL`].
    seconds: [Option<f64>; 4],
    found_chunks: Option<f64>,
    found_tokens: Option<f64>,
    load_failed: bool,
    store_failed: bool,
    /// Told more than once: which of the lookups it is about cannot be said.
    twice: bool,
}

impl Told {
    /// A latency.
    pub(crate) fn seconds(&self, of: Latency) -> Option<f64> {
        self.seconds.get(of as usize).copied().flatten()
    }

    /// What became of its lookup.
    fn outcome(&self, chunk_tokens: u64) -> Outcome {
        let whole = |n: f64| super::whole(n);
        let tokens = self.found_tokens.map(whole).and_then(|n| n.checked_div(chunk_tokens));
        Outcome {
            found: self.found_chunks.map(whole).or(tokens),
            load_failed: self.load_failed,
            store_failed: self.store_failed,
        }
    }
}

/// Requests by the fingerprint of their ids.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    by_id: HashMap<u64, Told>,
    /// Artifacts that tell of requests.
    pub(crate) artifacts: Vec<String>,
}

/// Prefixes that vLLM puts before the id that a client gave, by API, and whether it numbers the
/// prompts of one request behind it.
const PREFIXES: &[(&str, bool)] =
    &[("chatcmpl-", false), ("cmpl-", true), ("resp_", false), ("embd-", true)];

/// The id that a client knows of the one that an engine asks with: without the API's prefix, the
/// number of the prompt and the eight digits that vLLM adds.
fn of_client(id: &str) -> &str {
    let Some((rest, numbered)) =
        PREFIXES.iter().find_map(|(prefix, n)| Some((id.strip_prefix(prefix)?, *n)))
    else {
        return id;
    };
    let cut = |text: &'_ str, is: fn(&str) -> bool| {
        text.rsplit_once('-').filter(|(_, end)| is(end)).map(|(head, _)| head.len())
    };
    let hex = |end: &str| end.len() == 8 && end.bytes().all(|b| b.is_ascii_hexdigit());
    let rest = cut(rest, hex).and_then(|n| rest.get(..n)).unwrap_or(rest);
    let digits = |end: &str| !end.is_empty() && end.bytes().all(|b| b.is_ascii_digit());
    let end = cut(rest, digits).filter(|_| numbered);
    end.and_then(|n| rest.get(..n)).unwrap_or(rest)
}

fn key(id: &str) -> u64 {
    if id.is_empty() { 0 } else { fingerprint(id.as_bytes(), 5).max(1) }
}

/// What a lookup's request is known by: 0 where it has no id.
pub(crate) fn of_lookup(id: &str) -> u64 {
    key(of_client(id))
}

/// What a client's request is known by.
fn of_log(id: &str) -> u64 {
    let plain = PREFIXES.iter().find_map(|(prefix, _)| id.strip_prefix(prefix)).unwrap_or(id);
    key(plain)
}

impl Requests {
    fn told(&mut self, key: u64) -> Option<&mut Told> {
        if key == 0 || (self.by_id.len() >= MOST && !self.by_id.contains_key(&key)) {
            return None;
        }
        Some(self.by_id.entry(key).or_default())
    }

    /// What follows is told by this artifact.
    pub(crate) fn begin(&mut self, path: &str) {
        self.artifacts.push(path.to_owned());
    }

    /// Takes a line of a request log.
    pub(crate) fn record(&mut self, record: &RequestRecord<'_>) {
        let Some(id) = record.text("id") else { return };
        let Some(told) = self.told(of_log(&id)) else { return };
        let calls: Vec<f64> =
            ["lookup", "retrieve", "store"].iter().filter_map(|n| record.number(n)).collect();
        told.twice |= told.seconds.iter().any(Option::is_some) || told.found_chunks.is_some();
        told.salt = record.text("salt").or(told.salt.take());
        told.seconds = [
            record.number("ttft"),
            record.number("e2e"),
            told.seconds(Latency::InServer),
            (!calls.is_empty()).then(|| calls.iter().sum()),
        ];
        // Tokens that an engine reports as cached are those of its own cache, too.
        told.found_chunks = record.number("hit_chunks");
        told.load_failed = record.flag("retrieve_ok") == Some(false);
        told.store_failed = record.flag("store_ok") == Some(false);
    }

    /// Takes the spans of a file.
    pub(crate) fn spans(&mut self, path: &str, spans: &BTreeMap<String, RequestSpans>) {
        if spans.is_empty() {
            return;
        }
        self.begin(path);
        for (id, request) in spans {
            let Some(told) = self.told(of_lookup(id)) else { continue };
            // One file of spans is often there in two formats: the same is no second time.
            if let (Some(slot), Some(_)) = (told.seconds.get_mut(2), request.seconds) {
                *slot = request.seconds;
            }
            told.found_tokens = request.hit_tokens.or(told.found_tokens);
            told.salt = request.cache_salt.clone().or(told.salt.take());
        }
    }

    /// Salt of a request, the empty one included.
    pub(crate) fn salt(&self, request: u64) -> Option<&str> {
        self.by_id.get(&request)?.salt.as_deref()
    }

    /// Any salt that is not empty is told.
    pub(crate) fn knows_salts(&self) -> bool {
        self.by_id.values().any(|told| told.salt.as_deref().is_some_and(|s| !s.is_empty()))
    }

    /// Joins with the lookups.
    pub(crate) fn join(self, recording: &Recording) -> Joined {
        let mut times: HashMap<u64, u32> = HashMap::new();
        let mut lookups = 0;
        for row in recording.iter() {
            if let Some(told) = self.by_id.get(&row.request) {
                lookups += 1;
                *times.entry(row.request).or_default() += 1 + u32::from(told.twice);
            }
        }
        let mut joined = Joined { lookups, artifacts: self.artifacts, ..Joined::default() };
        joined.told = self
            .by_id
            .into_iter()
            .filter_map(|(key, told)| Some((key, (told, *times.get(&key)? == 1))))
            .collect();
        let any = |latency: &Latency| {
            joined.told.values().any(|(told, once)| *once && told.seconds(*latency).is_some())
        };
        joined.latency = Latency::ALL.into_iter().find(any);
        joined
    }
}

/// Requests that asked for recorded lookups.
#[derive(Debug, Default)]
pub(crate) struct Joined {
    /// With each whether it is about one lookup and no other.
    told: HashMap<u64, (Told, bool)>,
    /// Lookups with a request that is told.
    pub(crate) lookups: u64,
    /// Who tells.
    pub(crate) artifacts: Vec<String>,
    /// The latency that is told.
    pub(crate) latency: Option<Latency>,
}

impl Joined {
    /// What is told of a lookup's request, and of no other lookup.
    fn of(&self, request: u64) -> Option<&Told> {
        self.told.get(&request).filter(|(_, once)| *once).map(|(told, _)| told)
    }

    /// What became of a lookup.
    pub(crate) fn outcome(&self, request: u64, chunk_tokens: u64) -> Outcome {
        self.of(request).map_or_else(Outcome::default, |told| told.outcome(chunk_tokens))
    }

    /// How long its request took.
    pub(crate) fn seconds(&self, request: u64) -> Option<f64> {
        self.of(request)?.seconds(self.latency?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_an_engine_are_those_of_its_client() {
        for (engine, client) in [
            ("ig-0001", "ig-0001"),
            ("cmpl-ig-0001-0", "ig-0001"),
            ("cmpl-ig-0001-0-1a2b3c4d", "ig-0001"),
            ("chatcmpl-ig-0001", "ig-0001"),
            ("chatcmpl-7f3a-1a2b3c4d", "7f3a"),
            ("chatcmpl-ig-0001", "chatcmpl-ig-0001"),
            ("cmpl-ig-0001-0", "cmpl-ig-0001"),
        ] {
            assert_eq!(of_lookup(engine), of_log(client), "{engine} {client}");
        }
        assert_ne!(of_lookup("cmpl-ig-0001-0"), of_log("ig-0002"));
        assert_eq!((of_lookup(""), of_log("")), (0, 0));
    }
}
