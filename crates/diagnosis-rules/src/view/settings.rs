//! What was set, whoever says so: flags, variables, files, dumps in logs, answers.

use std::collections::BTreeMap;

use coverage_model::Source;
use lmcache_http::{Body, HttpEvidence};
use lmcache_launch::{Process, Source as SetBy};
use lmcache_logs::LogEvidence;
use serde_json::Value;

use super::{Lane, View, placed};

/// Which lane states a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Teller {
    /// A log: what runs.
    Log,
    /// An answer of an HTTP API: what runs.
    Answer,
    /// Flags, variables, configuration: what was asked for.
    Launch,
}

/// One statement of a setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Stated {
    /// Value, typed where it was.
    pub value: Value,
    /// Where it stands.
    pub source: Source,
    /// Nobody set it: the release does so.
    pub default: bool,
    /// Lane.
    pub teller: Teller,
}

impl Stated {
    /// As a number.
    pub fn number(&self) -> Option<f64> {
        match &self.value {
            Value::Number(n) => n.as_f64(),
            Value::String(s) => s.trim().parse().ok(),
            _ => None,
        }
        .filter(|n: &f64| n.is_finite())
    }

    /// As yes or no.
    pub fn flag(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(b) => Some(*b),
            Value::String(s) if s.eq_ignore_ascii_case("true") => Some(true),
            Value::String(s) if s.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// As text; nothing for null and Python's `None`.
    pub fn text(&self) -> Option<&str> {
        self.value.as_str().filter(|s| !matches!(*s, "None" | "null" | ""))
    }
}

/// What processes print of their own configuration, by the launch vocabulary.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Printed(BTreeMap<String, Vec<Stated>>);

impl Printed {
    /// Translates the settings of logs and of answers that state a configuration, each key once.
    pub fn of(logs: &[Lane<'_, LogEvidence>], http: &[Lane<'_, HttpEvidence>]) -> Self {
        let mut out = Self::of_logs(logs);
        for endpoint in http.iter().flat_map(|row| row.evidence.endpoints.values()) {
            let Body::Config { statements } = &endpoint.body else { continue };
            for stated in statements {
                // A server tells of itself first, and of the parts of its storage below that.
                let Some(key) = OF_THE_SERVER.iter().find_map(|base| {
                    stated.pointer.strip_prefix(base).filter(|key| !key.contains('/'))
                }) else {
                    continue;
                };
                let value = serde_json::from_str(&stated.value)
                    .ok()
                    .filter(|v: &Value| v.is_number() || v.is_boolean())
                    .unwrap_or_else(|| Value::from(stated.value.clone()));
                let source = Source {
                    value: Some(stated.value.clone()),
                    ..Source::new(endpoint.source.clone(), stated.pointer.clone())
                };
                let stated = Stated { value, source, default: false, teller: Teller::Answer };
                let name = lmcache_launch::setting_of(key).filter(|name| name != key);
                for name in name.into_iter().chain([key.to_owned()]) {
                    out.0.entry(name).or_default().push(stated.clone());
                }
            }
        }
        out
    }

    fn of_logs(logs: &[Lane<'_, LogEvidence>]) -> Self {
        let mut names: BTreeMap<String, Option<String>> = BTreeMap::new();
        let mut out = Self::default();
        for log in logs {
            for (key, values) in &log.evidence.settings {
                let last = key.rsplit('.').next().unwrap_or(key);
                let name = names
                    .entry(last.to_owned())
                    .or_insert_with(|| lmcache_launch::setting_of(last))
                    .clone();
                let stated: Vec<Stated> = values
                    .iter()
                    .map(|s| Stated {
                        value: Value::from(s.value.clone()),
                        source: Source {
                            line: Some(s.line),
                            value: Some(s.value.clone()),
                            ..Source::new(log.path, last)
                        },
                        default: false,
                        teller: Teller::Log,
                    })
                    .collect();
                if let Some(name) = name.filter(|name| name != last) {
                    out.0.entry(name).or_default().extend(stated.iter().cloned());
                }
                out.0.entry(last.to_owned()).or_default().extend(stated);
            }
        }
        out
    }
}

/// Where an answer states the settings of the server itself: `/config` of the multiprocess server
/// (LMCache 0.4.5 to 0.5.6) and of LMCache inside an engine.
const OF_THE_SERVER: &[&str] = &["/mp/", "/"];

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl View<'_> {
    /// Every statement of a setting of the launch vocabulary, those of what runs (logs, answers)
    /// before those of what was asked for, defaults last.
    pub fn stated(&self, name: &str) -> Vec<Stated> {
        let mut out: Vec<Stated> = self.printed.0.get(name).cloned().unwrap_or_default();
        for (path, status) in self.statuses() {
            let value = match name {
                "chunk_size" => status.chunk_size.map(Value::from),
                "hash_algorithm" => status.hash_algorithm.clone().map(Value::from),
                _ => None,
            };
            if let Some(value) = value {
                let source = Source {
                    value: Some(shown(&value)),
                    ..Source::new(path, format!("/status {name}"))
                };
                out.push(Stated { value, source, default: false, teller: Teller::Answer });
            }
        }
        let all = self.launch.into_iter().flat_map(|l| l.launch.settings(name));
        let (set, default): (Vec<_>, Vec<_>) = all.partition(|s| s.source != SetBy::Default);
        out.extend(set.into_iter().chain(default).map(|s| Stated {
            value: s.value.clone(),
            source: placed(&s.place, s.key.clone(), Some(shown(&s.value))),
            default: s.source == SetBy::Default,
            teller: Teller::Launch,
        }));
        out
    }

    /// The first statement of a setting that is a number.
    pub fn number(&self, name: &str) -> Option<(f64, Source)> {
        self.stated(name).into_iter().find_map(|s| Some((s.number()?, s.source)))
    }

    /// The first statement of a setting that is yes or no.
    pub fn flag(&self, name: &str) -> Option<(bool, Source)> {
        self.stated(name).into_iter().find_map(|s| Some((s.flag()?, s.source)))
    }

    /// The first statement of a setting that is text.
    pub fn text(&self, name: &str) -> Option<(String, Source)> {
        self.stated(name)
            .into_iter()
            .find_map(|s| s.text().map(str::to_owned).map(|t| (t, s.source)))
    }

    /// What a process was launched with, its configuration file included.
    pub fn effective(&self, process: &Process, name: &str) -> Option<Stated> {
        let s = self.launch?.launch.effective(process, name)?;
        Some(Stated {
            value: s.value.clone(),
            source: placed(&s.place, s.key.clone(), Some(shown(&s.value))),
            default: s.source == SetBy::Default,
            teller: Teller::Launch,
        })
    }
}
