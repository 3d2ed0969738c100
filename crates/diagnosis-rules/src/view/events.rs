//! What happened, by the logs.

use std::collections::BTreeMap;

use coverage_model::Source;
use lmcache_logs::EventStat;

use super::View;

/// An event of the log templates in one log.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// Path of the log.
    pub path: &'a str,
    /// Id of the template.
    pub id: &'a str,
    /// How often, when, with which numbers.
    pub stat: &'a EventStat,
}

impl Event<'_> {
    /// Its first line, with how often it stands there.
    pub fn source(&self) -> Source {
        Source {
            artifact: self.path.to_owned(),
            line: Some(self.stat.example.line),
            what: self.stat.example.text.clone(),
            value: (self.stat.count > 1).then(|| format!("{} times", self.stat.count)),
        }
    }
}

impl<'a> View<'a> {
    /// These events, log by log.
    pub fn events<'s>(&'s self, ids: &'s [&str]) -> impl Iterator<Item = Event<'a>> + 's {
        self.logs.iter().flat_map(move |log| {
            ids.iter().filter_map(move |id| {
                let (id, stat) = log.evidence.events.get_key_value(*id)?;
                Some(Event { path: log.path, id, stat })
            })
        })
    }

    /// How often these events happened.
    pub fn count(&self, ids: &[&str]) -> u64 {
        self.events(ids).map(|e| e.stat.count).sum()
    }

    /// Where these events stand first, log by log.
    pub fn places(&self, ids: &[&str]) -> Vec<Source> {
        self.events(ids).map(|e| e.source()).collect()
    }

    /// Values of a text field of events, with how often each stands there.
    pub fn texts(&self, ids: &[&str], field: &str) -> BTreeMap<String, u64> {
        let mut out = BTreeMap::new();
        for event in self.events(ids) {
            for (value, n) in event.stat.texts.get(field).into_iter().flat_map(|t| &t.values) {
                *out.entry(value.clone()).or_default() += n;
            }
        }
        out
    }

    /// The sum of a number field of events, and how many there are.
    pub fn numbers(&self, ids: &[&str], field: &str) -> Option<(f64, u64)> {
        let stats: Vec<_> = self.events(ids).filter_map(|e| e.stat.fields.get(field)).collect();
        let count: u64 = stats.iter().map(|s| s.count).sum();
        (count > 0).then(|| (stats.iter().map(|s| s.sum).sum(), count))
    }
}
