//! From what a reader collected to evidence: names, redaction, the keys of the older format.

use std::collections::{BTreeMap, BTreeSet};

use evidence_redact::{Class, Kind, Redactor};

use crate::evidence::{
    ConfigHints, Coverage, Dropped, EventStat, Example, HttpStat, LOGS_SCHEMA, LogEvidence,
    NumericHints, OtherGroup, ProductCoverage, Setting, SpeedHint, TextStat, Traceback,
};
use crate::product::{Level, Product};
use crate::reader::LogReader;
use crate::stamp::span_seconds;
use crate::table::unit;

const PRODUCTS: [Product; 7] = [
    Product::Lmcache,
    Product::Vllm,
    Product::Sglang,
    Product::Uvicorn,
    Product::Prometheus,
    Product::Native,
    Product::Unknown,
];
const LEVELS: [Level; 6] =
    [Level::Critical, Level::Error, Level::Warning, Level::Info, Level::Debug, Level::None];

/// The class of the time before vLLM V1.
const STALE_CONNECTOR: &str = "LMCacheConnector";

/// Modes by the beginning of the ids of events that only such a process writes.
const MODES: [(&str, &str); 10] = [
    ("mp.", "mp"),
    ("mp_connector.", "mp"),
    ("embedded.", "embedded"),
    ("connector.init", "embedded"),
    ("sglang_connector.mp_", "mp"),
    ("p2p.", "p2p"),
    ("pd.", "disaggregated_prefill"),
    ("blend.", "cacheblend"),
    ("coordinator.", "coordinator"),
    ("controller.", "controller"),
];

/// Modes by connector class.
const CONNECTOR_MODES: [(&str, &str); 2] =
    [("LMCacheMPConnector", "mp"), ("LMCacheConnectorV1", "embedded")];

struct Clean<'r>(&'r Redactor, BTreeMap<(bool, Vec<u8>), String>);

impl Clean<'_> {
    fn text(&mut self, bytes: &[u8]) -> String {
        self.of(false, bytes)
    }

    fn of(&mut self, config: bool, bytes: &[u8]) -> String {
        // Most values are numbers and plain words; nothing in them can be a secret by itself.
        if bytes.len() < 16 && bytes.iter().all(|b| b.is_ascii_digit() || *b == b'.') {
            let dots = memchr::memchr_iter(b'.', bytes).count();
            if dots < 2 {
                return String::from_utf8_lossy(bytes).into_owned();
            }
        }
        let key = (config, bytes.to_vec());
        if let Some(known) = self.1.get(&key) {
            return known.clone();
        }
        let lossy = String::from_utf8_lossy(bytes);
        let kind = if config { Kind::Config } else { Kind::Text };
        let redacted = self.0.redact(kind, lossy.as_bytes());
        let text = String::from_utf8_lossy(redacted.bytes()).into_owned();
        if self.1.len() < 4096 {
            self.1.insert(key, text.clone());
        }
        text
    }

    fn placeholder(&self, value: &[u8]) -> String {
        self.0.placeholder(Class::Hash, &String::from_utf8_lossy(value))
    }

    /// Redacts a text in which some values leave as placeholders.
    fn hide(&mut self, text: &[u8], values: &[Vec<u8>]) -> String {
        let mut text = text.to_vec();
        for value in values.iter().filter(|v| !v.is_empty()) {
            // A value that the end of the example cut off is hidden as far as it is there.
            let at = memchr::memmem::find(&text, value).or_else(|| {
                (1..value.len()).rev().find_map(|n| {
                    let head = value.get(..n)?;
                    text.ends_with(head).then(|| text.len() - n)
                })
            });
            if let Some(at) = at {
                let end = (at + value.len()).min(text.len());
                text.splice(at..end, self.placeholder(value).into_bytes());
            }
        }
        self.text(&text)
    }

    /// A value under its key: what the key says about it counts.
    fn value(&mut self, key: &str, value: &str) -> String {
        let name = key.rsplit('.').next().unwrap_or(key);
        let line = self.of(true, format!("{name}: {value}").as_bytes());
        let value = line.strip_prefix(name).and_then(|l| l.strip_prefix(": ")).unwrap_or(&line);
        value.to_owned()
    }
}

pub(crate) fn evidence(mut reader: LogReader, redactor: &Redactor) -> LogEvidence {
    let mut clean = Clean(redactor, BTreeMap::new());
    let mut out = LogEvidence { schema_version: LOGS_SCHEMA.to_owned(), ..LogEvidence::default() };
    let names: Vec<String> = reader.processes.iter().map(|(name, _)| clean.text(name)).collect();
    out.line_count = reader.filled;
    out.events = events(&mut reader, &names, &mut clean);
    out.coverage = coverage(&reader);
    for (name, (_, n)) in names.iter().zip(&reader.processes) {
        if *n > 0 {
            *out.processes.entry(name.clone()).or_default() += n;
        }
    }
    for (level, n) in LEVELS.iter().zip(reader.levels) {
        if n > 0 {
            out.levels.insert(level.name().to_owned(), n);
        }
    }
    for (category, (n, snippets)) in &reader.categories {
        out.event_counts.insert((*category).to_owned(), *n);
        out.booleans.insert(format!("has_{category}"), *n > 0);
        if !snippets.is_empty() {
            let snippets = snippets.iter().map(|s| clean.text(s)).collect();
            out.snippets.insert((*category).to_owned(), snippets);
        }
    }
    for (key, values) in &reader.settings {
        let values = values.iter().map(|s| Setting {
            value: clean.value(key, &s.value),
            line: s.line,
            source: s.source.to_owned(),
            count: s.count,
        });
        out.settings.insert(key.clone(), values.collect());
    }
    named(&mut out);
    out.numeric_hints = NumericHints {
        p2p_transfer_speed: reader
            .speeds
            .iter()
            .map(|(value, unit, text)| SpeedHint {
                value: *value,
                unit: unit.clone(),
                snippet: clean.text(text),
            })
            .collect(),
    };
    out.requests = reader.requests.clone();
    for (status, routes) in &reader.http {
        for (route, (count, first_line)) in routes {
            let route = String::from_utf8_lossy(route);
            let (path, method) = route.rsplit_once(' ').unwrap_or((&route, ""));
            out.http.push(HttpStat {
                method: method.to_owned(),
                path: clean.text(path.as_bytes()),
                status: *status,
                count: *count,
                first_line: *first_line,
            });
        }
    }
    for ((product, shape), group) in &reader.other {
        out.other.push(OtherGroup {
            product: product.name().to_owned(),
            level: group.level.name().to_owned(),
            shape: clean.text(shape),
            count: group.count,
            example: Example { line: group.line, text: clean.text(&group.example) },
        });
        debug_assert_eq!(*product, group.product);
    }
    out.other.sort_by(|a, b| b.count.cmp(&a.count).then(a.example.line.cmp(&b.example.line)));
    out.dropped = Dropped {
        other_lines: reader.other_dropped,
        tracebacks: 0,
        process_lines: reader.process_lines_dropped,
        settings: reader.settings_dropped,
        http: reader.http_dropped,
    };
    let (groups, dropped) = reader.tracebacks.finish();
    out.dropped.tracebacks = dropped;
    for group in groups {
        out.tracebacks.push(Traceback {
            last_line: clean.text(group.last_line.as_bytes()),
            count: group.count,
            first_line: group.first_line,
            frames: group.frames.iter().map(|f| clean.text(f.as_bytes())).collect(),
        });
    }
    out
}

fn events(
    reader: &mut LogReader,
    names: &[String],
    clean: &mut Clean<'_>,
) -> BTreeMap<String, EventStat> {
    let mut out = BTreeMap::new();
    for (id, event) in reader.table.ids.iter().zip(std::mem::take(&mut reader.events)) {
        if event.count == 0 {
            continue;
        }
        let mut stat = EventStat {
            count: event.count,
            level: event.level.name().to_owned(),
            first_time: event.first_time.text(),
            last_time: event.last_time.text(),
            first_line: event.first_line,
            last_line: event.last_line,
            example: Example {
                line: event.first_line,
                text: clean.hide(&event.example, &event.example_hidden),
            },
            ..EventStat::default()
        };
        for (field, mut numbers) in event.numbers {
            let Some(name) = reader.table.fields.get(usize::from(field)) else { continue };
            numbers.unit = unit(name).map(str::to_owned);
            stat.fields.insert(name.clone(), numbers);
        }
        for (field, texts) in event.texts {
            let Some(name) = reader.table.fields.get(usize::from(field)) else { continue };
            let mut values = TextStat { more: texts.more, ..TextStat::default() };
            for (value, n) in texts.values {
                let value = if event.hidden.contains(&field) {
                    clean.placeholder(&value)
                } else {
                    clean.text(&value)
                };
                *values.values.entry(value).or_default() += n;
            }
            stat.texts.insert(name.clone(), values);
        }
        for (process, n) in event.processes {
            if let Some(name) = names.get(usize::from(process)) {
                *stat.processes.entry(name.clone()).or_default() += n;
            }
        }
        out.insert((*id).to_owned(), stat);
    }
    out
}

fn coverage(reader: &LogReader) -> Coverage {
    let first_time = reader.first_time.text();
    let last_time = reader.last_time.text();
    let before = |start: Option<u64>, serve: Option<u64>| match (start, serve) {
        (Some(start), Some(serve)) => start < serve,
        (Some(_), None) => true,
        _ => false,
    };
    let mut products = BTreeMap::new();
    for (product, lines) in PRODUCTS.iter().zip(&reader.products) {
        if lines.lines > 0 {
            products.insert(
                product.name().to_owned(),
                ProductCoverage {
                    lines: lines.lines,
                    known: lines.known,
                    other: lines.other,
                    traceback: lines.traceback,
                    covers_start: before(lines.open_line, lines.serve_line),
                    start_line: lines.open_line,
                    serve_line: lines.serve_line,
                },
            );
        }
    }
    let start = reader.products.iter().filter_map(|p| p.open_line).min();
    // An access line is a sign of serving too.
    let access = reader.http.values().flat_map(|r| r.values()).map(|(_, line)| *line).min();
    let serve = reader.products.iter().filter_map(|p| p.serve_line).chain(access).min();
    let covers_start = before(start, serve);
    Coverage {
        covers_start,
        truncated_start: !covers_start && serve.is_some(),
        truncated_end: reader.truncated_end,
        span_seconds: span_seconds(first_time.as_deref(), last_time.as_deref()),
        first_time,
        last_time,
        lines: reader.number,
        bytes: reader.bytes,
        not_utf8: reader.not_utf8,
        long_lines: reader.long_lines,
        products,
    }
}

/// Versions, connectors, roles, modes, and `config` of the older format.
fn named(out: &mut LogEvidence) {
    let texts = |out: &LogEvidence, field: &str| -> BTreeSet<String> {
        out.events
            .values()
            .filter_map(|e| e.texts.get(field))
            .flat_map(|t| t.values.keys().cloned())
            .collect()
    };
    let setting = |out: &LogEvidence, key: &str| -> BTreeSet<String> {
        out.setting(key).unwrap_or_default().iter().map(|s| s.value.clone()).collect()
    };
    for (product, field) in [("lmcache", "lmcache_version"), ("vllm", "vllm_version")] {
        let found: Vec<String> = texts(out, field)
            .into_iter()
            .filter(|v| v.starts_with(|c: char| c.is_ascii_digit() || c == 'v'))
            .collect();
        if !found.is_empty() {
            out.versions.insert(product.to_owned(), found);
        }
    }
    let mut connectors = texts(out, "connector");
    connectors.extend(setting(out, "kv_connector"));
    let mut roles = texts(out, "role");
    roles.extend(setting(out, "kv_role"));
    let stale = connectors.contains(STALE_CONNECTOR);
    out.connectors = connectors.into_iter().filter(|c| c != "None").collect();
    out.roles = roles.into_iter().filter(|r| r != "None").collect();
    let modes: BTreeSet<&str> =
        MODES.iter().filter(|(prefix, _)| out.any(prefix)).map(|(_, mode)| *mode).collect();
    let by_class = CONNECTOR_MODES
        .iter()
        .filter(|(class, _)| out.connectors.iter().any(|c| c.starts_with(class)))
        .map(|(_, mode)| *mode);
    let modes: BTreeSet<&str> = modes.into_iter().chain(by_class).collect();
    out.mode_candidates = modes.into_iter().map(str::to_owned).collect();
    let flag = |out: &LogEvidence, key: &str| {
        out.config_value(key).and_then(|v| match v {
            "True" | "true" => Some(true),
            "False" | "false" => Some(false),
            _ => None,
        })
    };
    let seeds = setting(out, "PYTHONHASHSEED");
    out.config = ConfigHints {
        connectors: out.connectors.clone(),
        pythonhashseed_seen: !seeds.is_empty()
            || out.count("hash.no_seed") > 0
            || out.count("hash.central") > 0
            || out.count("pd.hash_seed") > 0
            || out.count("vllm.kv_hash_seed") > 0,
        pythonhashseed_values: seeds.into_iter().collect(),
        enable_p2p: flag(out, "enable_p2p"),
        enable_pd: flag(out, "enable_pd"),
        enable_async_loading: flag(out, "enable_async_loading"),
        stale_lmcache_connector_seen: stale,
    };
    out.booleans.insert("has_stale_lmcache_connector".to_owned(), stale);
    out.booleans.insert(
        "has_config_hints".to_owned(),
        !out.settings.is_empty() || !out.connectors.is_empty(),
    );
}
