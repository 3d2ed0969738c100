//! Reads a log as it comes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use regex::CaptureLocations;

use crate::dump::settings;
use crate::evidence::{
    ConfigEntry, Coverage, EventStat, Example, LogConfig, LogEvidence, Lookups, OtherLines,
    ProcessLines, Traceback,
};
use crate::line::{Line, Product, split, without_colours};
use crate::mask::{Mask, clip};
use crate::stat::FieldTally;
use crate::table::{Search, Table};
use crate::traceback::Tracebacks;

/// Longest line that is looked at; the rest of a longer one is passed over.
pub const MAX_LINE: usize = 64 << 10;

/// Names, settings, shapes and processes that are kept at most.
const KEPT: usize = 512;
/// Shapes of unknown lines that are kept.
const SHAPES: usize = 64;
/// Processes that are told apart.
const PROCESSES: usize = 256;
/// Bytes of an example.
const EXAMPLE: usize = 220;

/// Lines that a process writes when it starts.
const START: &[&str] = &[
    "vllm.version",
    "vllm.engine",
    "vllm.args",
    "sglang.args",
    "sglang.version",
    "lmcache.mp_http",
    "lmcache.mp_listening",
    "lmcache.server_started",
    "lmcache.engine_config",
    "lmcache.config_file",
    "lmcache.hash_mp",
    "lmcache.coordinator",
];
/// Categories of lines that tell of work.
const WORK: &[&str] = &["lookup", "store", "retrieve", "prefetch_complete", "engine_stats", "http"];

#[derive(Debug, Default)]
struct Tally {
    count: u64,
    first_line: u64,
    last_line: u64,
    first_time: Option<String>,
    last_time: String,
    example: String,
    fields: BTreeMap<&'static str, FieldTally>,
}

/// Reads one log. Feed it with [`LogReader::push`], then take the evidence.
#[derive(Debug)]
pub struct LogReader<'t> {
    table: &'t Table,
    /// A line whose end has not come yet.
    rest: Vec<u8>,
    /// The end of a line that is too long is being passed over.
    skipping: bool,
    line: u64,
    coverage: Coverage,
    events: BTreeMap<usize, Tally>,
    processes: BTreeMap<(String, Option<u32>), (u32, u64)>,
    settings: BTreeMap<String, (Vec<String>, u64)>,
    lookups: Lookups,
    tracebacks: Tracebacks,
    other: OtherLines,
    first_work: Option<u64>,
    last_time: String,
    search: Search,
    colours: String,
}

impl<'t> LogReader<'t> {
    /// Starts.
    pub fn new(table: &'t Table) -> Self {
        Self {
            table,
            rest: Vec::new(),
            skipping: false,
            line: 0,
            coverage: Coverage::default(),
            events: BTreeMap::new(),
            processes: BTreeMap::new(),
            settings: BTreeMap::new(),
            lookups: Lookups::default(),
            tracebacks: Tracebacks::default(),
            other: OtherLines::default(),
            first_work: None,
            last_time: String::new(),
            search: Search::default(),
            colours: String::new(),
        }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.coverage.bytes = self.coverage.bytes.saturating_add(bytes.len() as u64);
        let mut left = bytes;
        while let Some(end) = memchr::memchr(b'\n', left) {
            let (head, tail) = left.split_at(end);
            left = tail.get(1..).unwrap_or_default();
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            if self.rest.is_empty() {
                self.whole(head);
            } else {
                let mut line = std::mem::take(&mut self.rest);
                line.extend_from_slice(head);
                self.whole(&line);
                line.clear();
                self.rest = line;
            }
        }
        if self.skipping {
            return;
        }
        self.rest.extend_from_slice(left);
        if self.rest.len() > MAX_LINE {
            let line = std::mem::take(&mut self.rest);
            self.whole(&line);
            self.skipping = true;
        }
    }

    fn whole(&mut self, bytes: &[u8]) {
        self.line += 1;
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let cut = bytes.len() > MAX_LINE;
        self.coverage.cut_lines += u64::from(cut);
        let bytes = bytes.get(..MAX_LINE).unwrap_or(bytes);
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(error) => {
                // A cut line may end within a character.
                let harmless = cut && error.error_len().is_none();
                self.coverage.non_utf8_lines += u64::from(!harmless);
                String::from_utf8_lossy(bytes)
            }
        };
        if text.is_empty() {
            return;
        }
        let text = unwrapped(&text);
        let mut colours = std::mem::take(&mut self.colours);
        let plain = without_colours(&text, &mut colours);
        self.take(plain);
        self.colours = colours;
    }

    fn take(&mut self, text: &str) {
        let line = split(text);
        let process = self.note(&line, text);
        let inside = self.tracebacks.take(process, self.line, line.message);
        let mut search = std::mem::take(&mut self.search);
        let found = self.table.find(line.message, place(&line), &mut search);
        self.search = search;
        match found {
            Some(index) => self.event(index, &line),
            None if line.product == Product::Lmcache && !inside => self.unknown(line.message),
            None => {}
        }
        if line.product == Product::Lmcache && !inside {
            self.other.lmcache_lines += 1;
        }
    }

    /// Who, when and how loud; gives a number for the process.
    fn note(&mut self, line: &Line<'_>, text: &str) -> u32 {
        if self.line == 1 && line.product == Product::Other {
            self.coverage.starts_mid_record = text.starts_with([' ', '\t']);
        }
        let product = match line.product {
            Product::Lmcache => "lmcache",
            Product::Vllm => "vllm",
            Product::Sglang => "sglang",
            Product::Uvicorn => "uvicorn",
            Product::Other => "other",
        };
        bump(&mut self.coverage.products, product, 1);
        if let Some(level) = line.level {
            bump(&mut self.coverage.levels, level, 1);
        }
        if let Some(time) = line.time {
            if self.coverage.first_time.is_none() {
                self.coverage.first_time = Some(time.to_owned());
            }
            self.last_time.clear();
            self.last_time.push_str(clip(time, 40));
        }
        let Some(name) = line.process else { return 0 };
        let next = u32::try_from(self.processes.len()).unwrap_or(u32::MAX);
        // The usual case allocates nothing.
        if let Some((_, (id, n))) =
            self.processes.iter_mut().find(|((have, pid), _)| have == name && *pid == line.pid)
        {
            *n += 1;
            return *id + 1;
        }
        if self.processes.len() < PROCESSES {
            self.processes.insert((clip(name, 80).to_owned(), line.pid), (next, 1));
            return next + 1;
        }
        0
    }

    fn event(&mut self, index: usize, line: &Line<'_>) {
        let table = self.table;
        let (Some(row), Some(compiled)) = (table.row(index).copied(), table.compiled(index)) else {
            return;
        };
        if self.first_work.is_none() && WORK.contains(&row.category) {
            self.first_work = Some(self.line);
        }
        let groups = Groups {
            message: line.message,
            names: &compiled.names,
            locations: self.search.locations.take().filter(|_| !compiled.names.is_empty()),
        };
        let number = self.line;
        let tally = self.events.entry(index).or_default();
        tally.count += 1;
        tally.last_line = number;
        if tally.count == 1 {
            tally.first_line = number;
            tally.first_time = line.time.map(str::to_owned);
            clip(line.message, EXAMPLE * 4).clone_into(&mut tally.example);
            // The seed of all hashes is a hash itself.
            if let Some(hash) = groups.get("none_hash") {
                tally.example = tally.example.replace(hash, "[hash]");
            }
        }
        if let Some(time) = line.time {
            tally.last_time.clear();
            tally.last_time.push_str(clip(time, 40));
        }
        for (name, value) in groups.all() {
            if name != "config" {
                tally.fields.entry(name).or_default().add(value);
            }
        }
        match row.id {
            "lmcache.lookup" => self.lookup(&groups),
            "lmcache.mp_option" => {
                if let (Some(option), Some(value)) = (groups.get("option"), groups.get("value")) {
                    self.setting(&format!("lmcache.mp.{option}"), value);
                }
            }
            "lmcache.hash_mp" => {
                if let Some(size) = groups.get("chunk_size") {
                    self.setting("chunk_size", size);
                }
            }
            _ => {}
        }
        if let Some(dump) = groups.get("config") {
            self.dump(dump);
        }
        self.search.locations = groups.locations;
    }

    fn lookup(&mut self, groups: &Groups<'_>) {
        let number = |name: &str| groups.get(name).and_then(|m| m.parse::<i64>().ok());
        let count = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        let out = &mut self.lookups;
        out.count += 1;
        let total = count(number("total"));
        out.total_tokens = out.total_tokens.saturating_add(total);
        out.min_total = Some(out.min_total.map_or(total, |m| m.min(total)));
        out.max_total = Some(out.max_total.map_or(total, |m| m.max(total)));
        out.computed_tokens = out.computed_tokens.saturating_add(count(number("computed")));
        let Some(hit) = number("hit") else {
            out.pending += 1;
            return;
        };
        out.hit_tokens = out.hit_tokens.saturating_add(count(Some(hit)));
        out.without_hit += u64::from(hit <= 0);
        if let Some(need) = number("need") {
            out.need_tokens = out.need_tokens.saturating_add(count(Some(need)));
            out.negative_need += u64::from(need < 0);
            out.hit_not_needed += u64::from(hit > 0 && need <= 0);
        }
    }

    fn dump(&mut self, text: &str) {
        for setting in settings(text) {
            self.setting(&setting.name, setting.value);
        }
    }

    fn setting(&mut self, name: &str, value: &str) {
        let line = self.line;
        let value = clip(value, 400);
        let has_room = self.settings.len() < KEPT;
        match self.settings.get_mut(name) {
            Some((values, _))
                if values.len() >= 8 || values.last().map(String::as_str) == Some(value) => {}
            Some((values, _)) => values.push(value.to_owned()),
            None if has_room => {
                self.settings.insert(clip(name, 120).to_owned(), (vec![value.to_owned()], line));
            }
            None => {}
        }
    }

    #[cold]
    fn unknown(&mut self, message: &str) {
        self.other.unknown += 1;
        let mut shape = String::new();
        let mut digits = false;
        for c in clip(message, 160).chars() {
            if c.is_ascii_digit() {
                if !digits {
                    shape.push('N');
                }
                digits = true;
            } else {
                digits = false;
                shape.push(c);
            }
        }
        let has_room = self.other.shapes.len() < SHAPES;
        match self.other.shapes.get_mut(&shape) {
            Some(n) => *n += 1,
            None if has_room => {
                self.other.shapes.insert(shape, 1);
            }
            None => self.other.further += 1,
        }
    }

    /// The evidence of everything that was pushed.
    pub fn finish(mut self) -> LogEvidence {
        if !self.rest.is_empty() {
            self.coverage.ends_mid_line = true;
            let line = std::mem::take(&mut self.rest);
            self.whole(&line);
        }
        let mask = Mask::new();
        let mut out = LogEvidence {
            schema_version: LogEvidence::SCHEMA.into(),
            line_count: self.line,
            lookups: self.lookups,
            ..LogEvidence::default()
        };
        let mut first_start: Option<u64> = None;
        for (index, tally) in self.events {
            let Some(row) = self.table.row(index).copied() else { continue };
            if START.contains(&row.id) {
                first_start =
                    Some(first_start.map_or(tally.first_line, |l| l.min(tally.first_line)));
            }
            *out.event_counts.entry(row.category.into()).or_default() += tally.count;
            let text = mask.text(&tally.example, EXAMPLE);
            let snippets = out.snippets.entry(row.category.into()).or_default();
            if snippets.len() < 6 && row.category != "routine" {
                snippets.push(text.clone());
            }
            let stat = EventStat {
                category: row.category.into(),
                count: tally.count,
                first_line: tally.first_line,
                last_line: tally.last_line,
                first_time: tally.first_time,
                last_time: Some(tally.last_time).filter(|t| !t.is_empty()),
                example: Example { line: tally.first_line, text },
                fields: tally
                    .fields
                    .into_iter()
                    .map(|(name, field)| (name.to_owned(), field.finish(name, &mask)))
                    .collect(),
            };
            out.events.insert(row.id.into(), stat);
        }
        out.snippets.retain(|_, list| !list.is_empty());
        self.coverage.covers_start =
            first_start.is_some_and(|start| self.first_work.is_none_or(|work| start <= work));
        self.coverage.last_time = Some(self.last_time).filter(|t| !t.is_empty());
        out.coverage = self.coverage;
        out.settings = self
            .settings
            .into_iter()
            .map(|(name, (values, line))| {
                let values = values.iter().map(|v| mask.value(&name, v, 200)).collect();
                (name, ConfigEntry { values, line })
            })
            .collect();
        out.processes = self
            .processes
            .into_iter()
            .map(|((name, pid), (_, lines))| ProcessLines { name, pid, lines })
            .collect();
        out.tracebacks = self
            .tracebacks
            .found
            .into_iter()
            .map(|(last, found)| Traceback {
                last_line: mask.text(&last, 240),
                count: found.count,
                first_line: found.first_line,
                frames: found.frames.iter().map(|f| mask.text(f, 160)).collect(),
            })
            .collect();
        out.tracebacks.sort_by_key(|t| std::cmp::Reverse(t.count));
        self.other.shapes =
            self.other.shapes.into_iter().map(|(s, n)| (mask.text(&s, 160), n)).collect();
        out.other = self.other;
        conclude(&mut out);
        out
    }
}

/// A line that a collector of logs wrapped in JSON (`{"log": "..."}`).
fn unwrapped(text: &str) -> Cow<'_, str> {
    if !text.starts_with('{') {
        return Cow::Borrowed(text);
    }
    let parsed: Option<BTreeMap<String, serde_json::Value>> = serde_json::from_str(text).ok();
    let message = parsed.and_then(|mut map| {
        ["log", "message", "msg"].into_iter().find_map(|k| match map.remove(k) {
            Some(serde_json::Value::String(text)) => Some(text),
            _ => None,
        })
    });
    message.map_or(Cow::Borrowed(text), |m| Cow::Owned(m.trim_end().to_owned()))
}

/// What a row took from a message.
struct Groups<'m> {
    message: &'m str,
    names: &'m [(usize, &'static str)],
    locations: Option<CaptureLocations>,
}

impl<'m> Groups<'m> {
    fn at(&self, number: usize) -> Option<&'m str> {
        let (start, end) = self.locations.as_ref()?.get(number)?;
        self.message.get(start..end)
    }

    fn get(&self, name: &str) -> Option<&'m str> {
        self.names.iter().find(|(_, n)| *n == name).and_then(|(number, _)| self.at(*number))
    }

    fn all(&self) -> impl Iterator<Item = (&'static str, &'m str)> + '_ {
        self.names.iter().filter_map(|(number, name)| Some((*name, self.at(*number)?)))
    }
}

/// A number for the place in the source that wrote a line. Only a line that names its place can
/// be told to have the shape of another; uvicorn's access lines are all of one call.
fn place(line: &Line<'_>) -> Option<u64> {
    let text = match line.place {
        Some(place) => place.as_bytes(),
        None if line.product == Product::Uvicorn
            && line.message.ends_with(|c: char| c.is_ascii_digit() || c == 'K') =>
        {
            b""
        }
        None => return None,
    };
    let hash = text.iter().fold(0xcbf2_9ce4_8422_2325 ^ line.product as u64, |h, b| {
        (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
    });
    Some(hash)
}

fn bump(map: &mut BTreeMap<String, u64>, name: &str, by: u64) {
    let has_room = map.len() < KEPT;
    match map.get_mut(name) {
        Some(n) => *n += by,
        None if has_room => {
            map.insert(name.to_owned(), by);
        }
        None => {}
    }
}

/// What follows from the events: versions, connectors, modes, the keys that scripts know.
fn conclude(out: &mut LogEvidence) {
    let texts = |out: &LogEvidence, id: &str, field: &str| -> Vec<String> {
        out.event(id)
            .and_then(|e| e.fields.get(field))
            .map(|f| f.texts.keys().cloned().collect())
            .unwrap_or_default()
    };
    for (product, id, field) in [
        ("vllm", "vllm.version", "version"),
        ("vllm", "vllm.engine", "version"),
        ("vllm", "lmcache.version", "vllm_version"),
        ("lmcache", "lmcache.version", "version"),
        ("sglang", "sglang.version", "version"),
    ] {
        for version in texts(out, id, field) {
            out.versions.entry(product.into()).or_default().insert(version);
        }
    }
    let mut config = LogConfig::default();
    let all: Vec<String> = out.events.keys().cloned().collect();
    for id in &all {
        for name in texts(out, id, "connector") {
            config.connectors.insert(name);
        }
    }
    for (name, entry) in &out.settings {
        if name.ends_with("kv_connector") {
            config.connectors.extend(entry.values.iter().cloned());
        }
    }
    let flag = |name: &str| match out.setting(name) {
        Some("True" | "true") => Some(true),
        Some("False" | "false") => Some(false),
        _ => None,
    };
    config.enable_p2p = flag("enable_p2p");
    config.enable_pd = flag("enable_pd");
    config.enable_async_loading = flag("enable_async_loading");
    config.pythonhashseed_seen =
        ["lmcache.seed_unset", "lmcache.pd_seed"].iter().any(|id| out.count(id) > 0);
    config.stale_lmcache_connector_seen = config.connectors.contains("LMCacheConnector");
    let mode = |ids: &[&str]| ids.iter().any(|id| out.count(id) > 0);
    let mut modes = Vec::new();
    let mp_connector = config.connectors.iter().any(|c| c.contains("LMCacheMP"));
    if mp_connector
        || mode(&[
            "lmcache.mp_http",
            "lmcache.mp_http_ready",
            "lmcache.mp_listening",
            "lmcache.mp_worker_adapter",
            "lmcache.mp_registered",
        ])
    {
        modes.push("mp");
    }
    if config.connectors.iter().any(|c| c.starts_with("LMCacheConnectorV1"))
        || mode(&["lmcache.engine_config", "lmcache.stored", "lmcache.lookup"])
    {
        modes.push("embedded");
    }
    if config.enable_p2p == Some(true) || mode(&["lmcache.p2p_peer", "lmcache.p2p_transfer"]) {
        modes.push("p2p");
    }
    if config.enable_pd == Some(true) || mode(&["lmcache.pd_on", "lmcache.pd_seed"]) {
        modes.push("disaggregated_prefill");
    }
    out.mode_candidates = modes.into_iter().map(str::to_owned).collect();
    let has: Vec<String> = out.event_counts.keys().cloned().collect();
    for category in has {
        out.booleans.insert(format!("has_{category}"), true);
    }
    out.booleans.insert("has_config_hints".into(), !out.settings.is_empty());
    out.booleans.insert("has_stale_lmcache_connector".into(), config.stale_lmcache_connector_seen);
    out.config = config;
}
