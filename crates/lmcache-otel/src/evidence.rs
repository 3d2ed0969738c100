//! The evidence file: keys of `inferguard-lmcache-otel-evidence/v1`, and what goes beyond them.

use std::collections::BTreeMap;

use evidence_redact::{Kind, Redactor};
use lmcache_prom::contract::Release;
use serde::{Deserialize, Serialize};

use crate::collect::{AttributeTally, Collector, NameTally};
use crate::contract::{SpanKind, Treat};
use crate::durations::DurationStats;
use crate::issue::Issue;
use crate::tree::{Trees, trees};

/// The schema's name.
pub const SCHEMA: &str = "inferguard-lmcache-otel-evidence/v1";

/// What the spans of a file say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SpanEvidence {
    /// Always [`SCHEMA`].
    pub schema_version: String,
    /// Spans of LMCache are there.
    pub present: bool,
    /// `measured` with spans of LMCache, else `not_proven`.
    pub claim_status: String,
    /// Bytes read.
    pub bytes: u64,
    /// Exports read (lines, objects, messages) that hold spans.
    pub records: u64,
    /// Exports that hold metrics, for [`read_metrics`](crate::read_metrics).
    pub metric_records: u64,
    /// Exports that hold logs; not read.
    pub log_records: u64,
    /// All spans.
    pub span_count: u64,
    /// Spans of LMCache.
    pub lmcache_span_count: u64,
    /// Spans of others: counted, never claimed.
    pub foreign_span_count: u64,
    /// Spans named `mp.…`.
    pub mp_span_count: u64,
    /// Spans named `cb.…` with a length.
    pub cacheblend_span_count: u64,
    /// Spans named `cb.…` without length.
    pub cacheblend_point_span_count: u64,
    /// Roots named `request`.
    pub request_span_count: u64,
    /// LMCache's spans by name.
    pub span_counts: BTreeMap<String, u64>,
    /// The same in groups: `mp`, `cacheblend`, `cacheblend_point`, `request`, `transfer`,
    /// `timeout`, `unknown`.
    pub span_groups: BTreeMap<String, Group>,
    /// Durations in seconds by name.
    pub latency_seconds: BTreeMap<String, Summary>,
    /// Keys of attributes of LMCache's spans.
    pub attribute_keys: Vec<String>,
    /// Totals on `request` roots.
    pub request_attributes: BTreeMap<String, Summary>,
    /// What could not be read.
    pub parse_errors: Vec<String>,
    /// The same with places; at most 100.
    pub issues: Vec<Issue>,
    /// How many there were.
    pub issue_count: u64,
    /// Everything by name.
    pub names: BTreeMap<String, NameStats>,
    /// Names of LMCache's scopes that no examined release has: a newer release.
    pub unknown_names: Vec<String>,
    /// Spans of others by name, redacted.
    pub foreign_names: BTreeMap<String, u64>,
    /// Trees.
    pub trees: Trees,
    /// Servers: resources with spans.
    pub instances: Vec<Instance>,
    /// Releases that fit.
    pub releases: SpanReleases,
    /// Types of exceptions on LMCache's spans, and how often.
    pub exceptions: BTreeMap<String, u64>,
    /// Hints at sampling and loss.
    pub sampling: Sampling,
}

/// A group of span names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Spans.
    pub count: u64,
    /// By name.
    pub span_counts: BTreeMap<String, u64>,
}

/// Count, least, most and mean.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many.
    pub count: u64,
    /// Least.
    pub min: f64,
    /// Most.
    pub max: f64,
    /// Mean.
    pub avg: f64,
}

/// All about one span name of LMCache.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NameStats {
    /// What it stands for; `None` for a name that no examined release has.
    pub kind: Option<SpanKind>,
    /// Spans.
    pub count: u64,
    /// With status error.
    pub errors: u64,
    /// Without begin or end.
    pub unended: u64,
    /// With their end before their begin.
    pub negative: u64,
    /// Lengths.
    pub duration: Option<DurationStats>,
    /// Instrumentation scopes.
    pub scopes: BTreeMap<String, u64>,
    /// Attributes.
    pub attributes: BTreeMap<String, AttributeStats>,
}

/// All about one attribute of one span name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AttributeStats {
    /// Spans that have it.
    pub count: u64,
    /// Empty ones.
    pub empty: u64,
    /// Numbers, also those that stand in texts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub numbers: Option<Numbers>,
    /// Truth values, also those that stand in texts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub flags: Option<Flags>,
    /// Words and how often, redacted.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub words: BTreeMap<String, u64>,
    /// Distinct values of an id; the values are not kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub distinct: Option<u64>,
    /// There are more distinct values than were counted.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub distinct_capped: bool,
    /// Values of none of these sorts.
    pub other: u64,
}

/// Numbers of an attribute.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    /// How many.
    pub count: u64,
    /// Zeros among them.
    pub zeros: u64,
    /// Sum.
    pub sum: f64,
    /// Least.
    pub min: f64,
    /// Most.
    pub max: f64,
}

/// Truth values of an attribute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags {
    /// True.
    pub yes: u64,
    /// False.
    pub no: u64,
}

/// One server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// `service.instance.id`, redacted.
    pub instance_id: Option<String>,
    /// `service.name`, redacted. LMCache's MP server leaves it at the SDK's default.
    pub service_name: Option<String>,
    /// Version of the telemetry SDK.
    pub sdk_version: Option<String>,
    /// Spans of LMCache.
    pub lmcache_spans: u64,
    /// Spans of others.
    pub foreign_spans: u64,
    /// Earliest begin, nanoseconds since 1970.
    pub first_unix_ns: u64,
    /// Latest end.
    pub last_unix_ns: u64,
}

/// Which releases of LMCache fit the spans.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanReleases {
    /// First release that fits; `None` if none does or nothing tells.
    pub from: Option<String>,
    /// Last release that fits; `None` if the newest examined one does.
    pub to: Option<String>,
    /// The fact that gave `from`.
    pub from_by: Option<String>,
    /// The fact that gave `to`.
    pub to_by: Option<String>,
    /// `from` lies after `to`: spans of several releases, or of one that was not examined.
    pub contradiction: bool,
}

/// Hints at sampling and loss.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampling {
    /// Spans with trace flags.
    pub with_flags: u64,
    /// Of these sampled.
    pub sampled: u64,
    /// Spans whose parent is in another process.
    pub remote_parents: u64,
    /// Attributes, events and links that the sender left out.
    pub dropped_items: u64,
    /// Spans without a usable trace or span id.
    pub bad_ids: u64,
    /// Spans that came without a scope.
    pub unscoped: u64,
}

impl SpanEvidence {
    pub(crate) fn of(collector: Collector, bytes: u64, redactor: &Redactor) -> Self {
        let releases = releases(&collector);
        let names = &collector.names;
        let mut evidence = SpanEvidence {
            schema_version: SCHEMA.to_owned(),
            bytes,
            records: collector.records,
            metric_records: collector.metric_records,
            log_records: collector.log_records,
            span_count: collector.spans,
            lmcache_span_count: collector.spans - collector.foreign,
            foreign_span_count: collector.foreign,
            issue_count: collector.issues.count,
            trees: trees(collector.nodes, collector.nodes_left_out, names, &collector.contract),
            releases,
            sampling: Sampling {
                with_flags: collector.with_flags,
                sampled: collector.sampled,
                remote_parents: collector.remote_parent,
                dropped_items: collector.dropped,
                bad_ids: collector.bad_ids,
                unscoped: collector.unscoped,
            },
            ..SpanEvidence::default()
        };
        evidence.present = evidence.lmcache_span_count > 0;
        let status = if evidence.present { "measured" } else { "not_proven" };
        status.clone_into(&mut evidence.claim_status);
        for tally in names {
            evidence.take_name(tally, redactor);
        }
        evidence.instances = collector
            .origins
            .iter()
            .filter(|tally| tally.lmcache + tally.foreign > 0)
            .map(|tally| Instance {
                instance_id: clean_as(
                    redactor,
                    "service.instance.id",
                    tally.origin.instance.as_ref(),
                ),
                service_name: clean_as(redactor, "service.name", tally.origin.service.as_ref()),
                sdk_version: tally.origin.sdk.clone(),
                lmcache_spans: tally.lmcache,
                foreign_spans: tally.foreign,
                first_unix_ns: tally.first,
                last_unix_ns: tally.last,
            })
            .collect();
        for (name, count) in &collector.foreign_names {
            *evidence.foreign_names.entry(clean(redactor, name)).or_default() += count;
        }
        for (kind, count) in &collector.exceptions {
            *evidence.exceptions.entry(clean(redactor, kind)).or_default() += count;
        }
        evidence.parse_errors = collector
            .issues
            .kept
            .iter()
            .map(|issue| match issue.line {
                0 => issue.to_string(),
                line => format!("line {line}, {issue}"),
            })
            .collect();
        evidence.issues = collector.issues.kept;
        evidence
    }

    fn take_name(&mut self, tally: &NameTally, redactor: &Redactor) {
        let name = if tally.known { tally.name.clone() } else { clean(redactor, &tally.name) };
        if !tally.known {
            self.unknown_names.push(name.clone());
        }
        self.span_counts.insert(name.clone(), tally.count);
        let group = group(&name, tally.kind);
        match group {
            "mp" => self.mp_span_count += tally.count,
            "cacheblend" => self.cacheblend_span_count += tally.count,
            "cacheblend_point" => self.cacheblend_point_span_count += tally.count,
            "request" => self.request_span_count += tally.count,
            _ => {}
        }
        let held = self.span_groups.entry(group.to_owned()).or_default();
        held.count += tally.count;
        held.span_counts.insert(name.clone(), tally.count);
        let duration = tally.durations.stats();
        if let Some(stats) = &duration {
            self.latency_seconds.insert(
                name.clone(),
                Summary {
                    count: stats.count,
                    min: stats.min_ns as f64 / 1e9,
                    max: stats.max_ns as f64 / 1e9,
                    avg: stats.sum_ns as f64 / stats.count as f64 / 1e9,
                },
            );
        }
        let mut attributes = BTreeMap::new();
        for attribute in &tally.attributes {
            let key = match attribute.treat {
                Some(_) => attribute.key.clone(),
                None => clean(redactor, &attribute.key),
            };
            if !self.attribute_keys.contains(&key) {
                self.attribute_keys.push(key.clone());
            }
            let stats = attribute_stats(attribute, redactor);
            let totals = ["hit_tokens", "requested_tokens", "hit_rate"];
            if let Some(n) = stats
                .numbers
                .as_ref()
                .filter(|_| group == "request" && totals.contains(&key.as_str()))
            {
                let avg = n.sum / n.count as f64;
                let summary = Summary { count: n.count, min: n.min, max: n.max, avg };
                self.request_attributes.insert(key.clone(), summary);
            }
            attributes.insert(key, stats);
        }
        self.attribute_keys.sort();
        let stats = NameStats {
            kind: tally.kind,
            count: tally.count,
            errors: tally.errors,
            unended: tally.unended,
            negative: tally.negative,
            duration,
            scopes: tally.scopes.clone(),
            attributes,
        };
        self.names.insert(name, stats);
    }
}

fn attribute_stats(tally: &AttributeTally, redactor: &Redactor) -> AttributeStats {
    let has_flags = tally.yes + tally.no > 0;
    let mut words: BTreeMap<String, u64> = BTreeMap::new();
    for (word, count) in &tally.words {
        let word = clean_as(redactor, &tally.key, Some(word)).unwrap_or_default();
        *words.entry(word).or_default() += count;
    }
    AttributeStats {
        count: tally.count,
        empty: tally.empty,
        numbers: (tally.numbers > 0).then_some(Numbers {
            count: tally.numbers,
            zeros: tally.zeros,
            sum: tally.sum,
            min: tally.min,
            max: tally.max,
        }),
        flags: has_flags.then_some(Flags { yes: tally.yes, no: tally.no }),
        words,
        distinct: matches!(tally.treat, Some(Treat::Id | Treat::Salt))
            .then_some(tally.distinct.len() as u64)
            .filter(|n| *n > 0),
        distinct_capped: tally.distinct_capped,
        other: tally.other_words,
    }
}

fn group(name: &str, kind: Option<SpanKind>) -> &'static str {
    match (name, kind) {
        ("request", _) => "request",
        ("timeout", _) => "timeout",
        (name, Some(SpanKind::Point)) if name.starts_with("cb.") => "cacheblend_point",
        (name, Some(_)) if name.starts_with("cb.") => "cacheblend",
        (name, Some(_)) if name.starts_with("mp.") => "mp",
        (name, Some(_)) if name.starts_with("transfer.") => "transfer",
        _ => "unknown",
    }
}

fn clean(redactor: &Redactor, text: &str) -> String {
    String::from_utf8_lossy(redactor.redact(Kind::Text, text.as_bytes()).bytes()).into_owned()
}

/// A value under its key, as the redactor sees it in JSON.
fn clean_as(redactor: &Redactor, key: &str, value: Option<&String>) -> Option<String> {
    let value = value?;
    let object = serde_json::json!({ key: value }).to_string();
    let clean = redactor.redact(Kind::Json, object.as_bytes());
    let back: Option<BTreeMap<String, String>> = serde_json::from_slice(clean.bytes()).ok();
    Some(back.and_then(|mut map| map.pop_first()).map_or_else(|| "redacted".to_owned(), |(_, v)| v))
}

/// What a name or attribute that is there, or provably is not, says of the release.
fn releases(collector: &Collector) -> SpanReleases {
    let mut from: Option<(Release, String)> = None;
    let mut to: Option<(Release, String)> = None;
    let mut later = |release: Release, why: &dyn Fn() -> String| {
        if from.as_ref().is_none_or(|(held, _)| *held < release) {
            from = Some((release, why()));
        }
    };
    let mut earlier = |release: Release, why: &dyn Fn() -> String| {
        if to.as_ref().is_none_or(|(held, _)| release < *held) {
            to = Some((release, why()));
        }
    };
    let all = lmcache_prom::contract::Catalog::new();
    let known = all.releases(lmcache_prom::contract::Product::Lmcache);
    let before = |release: Release| known.iter().rev().find(|r| **r < release).copied();
    for tally in &collector.names {
        let Some(rule) = collector.contract.rule(&tally.name) else { continue };
        later(rule.from, &|| format!("span {}", rule.name));
        if let Some(last) = rule.to {
            earlier(last, &|| format!("span {}", rule.name));
        }
        for attribute in &rule.attributes {
            let seen = tally.attributes.iter().any(|a| a.key == attribute.name);
            let what = || format!("{} of {}", attribute.name, rule.name);
            if seen {
                later(attribute.from, &what);
                if let Some(last) = attribute.to {
                    earlier(last, &what);
                }
            } else if attribute.always && attribute.from > rule.from {
                // Every span of those releases has it, and none here does.
                if let Some(last) = before(attribute.from) {
                    earlier(last, &|| format!("no {} on {}", attribute.name, rule.name));
                }
            }
        }
    }
    let contradiction = matches!((&from, &to), (Some((from, _)), Some((to, _))) if from > to);
    SpanReleases {
        from: from.as_ref().map(|(release, _)| release.to_string()),
        to: to.as_ref().map(|(release, _)| release.to_string()),
        from_by: from.map(|(_, why)| why),
        to_by: to.map(|(_, why)| why),
        contradiction,
    }
}

impl SpanReleases {
    /// Whether a release fits.
    pub fn fits(&self, release: Release) -> bool {
        let bound = |text: &Option<String>| text.as_ref().and_then(|t| t.parse::<Release>().ok());
        bound(&self.from).is_some_and(|from| from <= release)
            && bound(&self.to).is_none_or(|to| release <= to)
    }
}
