//! Which events provably happened in a target, and what proves each.

use std::collections::{BTreeMap, VecDeque};

use lmcache_prom::contract::{Catalog, When};

use crate::evidence::Target;
use crate::feature::InUse;

/// Proven events, each with the sighting that proves it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proven(BTreeMap<&'static str, String>);

impl Proven {
    pub(crate) fn of(catalog: &Catalog, target: &Target, in_use: &InUse) -> Self {
        let mut proven: BTreeMap<&'static str, String> = BTreeMap::new();
        let mut queue: VecDeque<&'static str> = VecDeque::new();
        let mut add = |event, why: String, queue: &mut VecDeque<_>| {
            proven.entry(event).or_insert_with(|| {
                queue.push_back(event);
                why
            });
        };
        // A series that appears with an event proves the event.
        for signal in target.signals.keys() {
            for spelling in catalog.signal(signal) {
                if let When::After(event) = spelling.when {
                    add(event, sighting(target, signal), &mut queue);
                }
            }
        }
        let blocked = |unless: &[&str]| unless.iter().any(|f| in_use.has(f));
        for rule in catalog.events().filter(|r| !blocked(r.unless)) {
            if let Some(signal) = rule.proved_by.iter().find(|s| target.nonzero(s)) {
                add(rule.event, sighting(target, signal), &mut queue);
            }
        }
        while let Some(event) = queue.pop_front() {
            let Some(rule) = catalog.event(event) else { continue };
            let why = proven.get(event).cloned().unwrap_or_default();
            for implied in rule.implies {
                let open = catalog.event(implied).is_none_or(|r| !blocked(r.unless));
                if open && !proven.contains_key(implied) {
                    let step = if why.contains(", so ") {
                        why.clone()
                    } else {
                        format!("{why}, so {}", rule.meaning)
                    };
                    proven.insert(implied, step);
                    queue.push_back(implied);
                }
            }
        }
        Self(proven)
    }

    /// What proves an event, if it is proven.
    pub(crate) fn why(&self, event: &str) -> Option<&str> {
        self.0.get(event).map(String::as_str)
    }
}

/// One signal's sighting as a phrase: name, value, place.
pub(crate) fn sighting(target: &Target, signal: &str) -> String {
    let Some(observed) = target.signals.get(signal) else { return signal.to_owned() };
    let name = observed.names.iter().next().map_or(signal, String::as_str);
    match &observed.source {
        Some(source) => {
            let value = source.value.as_deref().unwrap_or("there");
            match source.line {
                Some(line) => format!("{name} is {value} ({}:{line})", source.artifact),
                None => format!("{name} is {value} ({})", source.artifact),
            }
        }
        None => format!("{name} is there"),
    }
}
