//! The streaming reader: bytes to lines, lines to what they are.

mod event;

use std::collections::BTreeMap;
use std::io::Read;

use aho_corasick::AhoCorasick;
use evidence_redact::{Redactor, Salt};
use memchr::memchr;

use crate::access::{access, route};
use crate::category::{CATEGORIES, CONTEXT, by_words};
use crate::evidence::{LogEvidence, RequestStats};
use crate::finish;
use crate::line::{Line, parse_line, strip_ansi};
use crate::options::{LogError, LogOptions};
use crate::product::Product;
use crate::shape::shape;
use crate::stamp::Stamp;
use crate::state::{Event, Other, ProductLines, RawSetting};
use crate::table::Table;
use crate::template::Capture;
use crate::text::{cut, speed, wrapped};
use crate::trace::{Part, Tracebacks};
use event::SETTING_FIELDS;

/// Snippets of a category that are kept, and their length, as in the older format.
const MAX_SNIPPETS: usize = 6;

/// Reads a log in chunks of any size.
///
/// ```
/// use lmcache_logs::{LogOptions, LogReader};
///
/// let mut reader = LogReader::new(LogOptions::default());
/// reader.push(b"[2026-11-24 03:04:05,123] LMCache INFO: Stored 512 tokens in 0.2");
/// reader.push(b"50 seconds (x.py:1:lmcache.v1.x)\n");
/// let evidence = reader.finish()?;
/// let store = evidence.event("mp.store").ok_or("no store")?;
/// assert_eq!(store.fields["tokens"].sum, 512.0);
/// assert_eq!(store.fields["seconds"].last, 0.25);
/// assert!(!evidence.covers_start());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LogReader {
    pub(crate) table: Table,
    pub(crate) opts: LogOptions,
    carry: Vec<u8>,
    carry_long: bool,
    plain: Vec<u8>,
    captures: Vec<Capture>,
    key: Vec<u8>,
    context: Option<AhoCorasick>,
    setting_fields: Vec<Option<usize>>,
    /// The field that holds a whole configuration.
    config_field: usize,
    pub(crate) number: u64,
    pub(crate) bytes: u64,
    pub(crate) filled: u64,
    pub(crate) not_utf8: u64,
    pub(crate) long_lines: u64,
    pub(crate) truncated_end: bool,
    pub(crate) first_time: Stamp,
    pub(crate) last_time: Stamp,
    pub(crate) events: Vec<Event>,
    pub(crate) processes: Vec<(Vec<u8>, u64)>,
    process_index: BTreeMap<Vec<u8>, u16>,
    /// The process of the last line that named one; most lines have the same.
    last_process: (Vec<u8>, Option<u64>, u16),
    pub(crate) process_lines_dropped: u64,
    pub(crate) levels: [u64; 6],
    pub(crate) products: [ProductLines; 7],
    pub(crate) categories: BTreeMap<&'static str, (u64, Vec<Vec<u8>>)>,
    pub(crate) speeds: Vec<(f64, String, Vec<u8>)>,
    pub(crate) requests: RequestStats,
    pub(crate) settings: BTreeMap<String, Vec<RawSetting>>,
    pub(crate) settings_dropped: u64,
    dumps: Vec<u64>,
    /// By status and `route METHOD`: how many, and the first line.
    pub(crate) http: BTreeMap<u16, BTreeMap<Vec<u8>, (u64, u64)>>,
    pub(crate) http_dropped: u64,
    pub(crate) tracebacks: Tracebacks,
    pub(crate) other: BTreeMap<(Product, Vec<u8>), Other>,
    pub(crate) other_dropped: u64,
}

impl LogReader {
    /// A reader.
    pub fn new(opts: LogOptions) -> Self {
        let table = Table::new();
        let events = vec![Event::default(); table.ids.len()];
        let setting_fields =
            table.fields.iter().map(|f| SETTING_FIELDS.iter().position(|s| s == f)).collect();
        let config_field = table.fields.iter().position(|f| *f == "config").unwrap_or(usize::MAX);
        Self {
            tracebacks: Tracebacks::new(opts.max_tracebacks),
            table,
            opts,
            carry: Vec::new(),
            carry_long: false,
            plain: Vec::new(),
            captures: Vec::new(),
            key: Vec::new(),
            context: AhoCorasick::builder().ascii_case_insensitive(true).build(CONTEXT).ok(),
            setting_fields,
            config_field,
            number: 0,
            bytes: 0,
            filled: 0,
            not_utf8: 0,
            long_lines: 0,
            truncated_end: false,
            first_time: Stamp::default(),
            last_time: Stamp::default(),
            events,
            processes: vec![(Vec::new(), 0)],
            process_index: BTreeMap::from([(Vec::new(), 0)]),
            last_process: (Vec::new(), None, 0),
            process_lines_dropped: 0,
            levels: [0; 6],
            products: std::array::from_fn(|_| ProductLines::default()),
            categories: CATEGORIES.iter().map(|c| (*c, (0, Vec::new()))).collect(),
            speeds: Vec::new(),
            requests: RequestStats::default(),
            settings: BTreeMap::new(),
            settings_dropped: 0,
            dumps: Vec::new(),
            http: BTreeMap::new(),
            http_dropped: 0,
            other: BTreeMap::new(),
            other_dropped: 0,
        }
    }

    /// Takes the next bytes in. Where they are cut does not matter.
    pub fn push(&mut self, mut chunk: &[u8]) {
        self.bytes += chunk.len() as u64;
        while let Some(end) = memchr(b'\n', chunk) {
            let (head, tail) = chunk.split_at(end);
            chunk = tail.get(1..).unwrap_or_default();
            if self.carry.is_empty() && !self.carry_long {
                self.bounded(head);
            } else {
                self.hold(head);
                let carry = std::mem::take(&mut self.carry);
                self.long_lines += u64::from(std::mem::take(&mut self.carry_long));
                self.line(&carry);
                self.carry = carry;
                self.carry.clear();
            }
        }
        self.hold(chunk);
    }

    fn hold(&mut self, bytes: &[u8]) {
        let room = self.opts.max_line.saturating_sub(self.carry.len());
        self.carry_long |= bytes.len() > room;
        self.carry.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
    }

    fn bounded(&mut self, line: &[u8]) {
        let kept = line.get(..self.opts.max_line).unwrap_or(line);
        self.long_lines += u64::from(kept.len() < line.len());
        self.line(kept);
    }

    /// Ends the log and gives its evidence, redacted with a salt of its own. To redact several
    /// artifacts of a packet alike, use [`Self::finish_with`].
    pub fn finish(self) -> Result<LogEvidence, LogError> {
        let redactor = Redactor::new(Salt::new(*b"inferguard lmcache-logs"))?;
        Ok(self.finish_with(&redactor))
    }

    /// Ends the log and gives its evidence, redacted by `redactor`.
    pub fn finish_with(mut self, redactor: &Redactor) -> LogEvidence {
        if !self.carry.is_empty() {
            let carry = std::mem::take(&mut self.carry);
            self.long_lines += u64::from(self.carry_long);
            self.truncated_end = true;
            self.line(&carry);
        }
        finish::evidence(self, redactor)
    }

    fn line(&mut self, raw: &[u8]) {
        self.number += 1;
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        if raw.is_empty() {
            return;
        }
        let mut plain = std::mem::take(&mut self.plain);
        let text = if strip_ansi(raw, &mut plain) { plain.as_slice() } else { raw };
        if let Some(inner) = wrapped(text) {
            for part in inner.split('\n').filter(|p| !p.is_empty()) {
                self.record(part.as_bytes());
            }
        } else {
            self.record(text);
        }
        self.plain = plain;
    }

    fn record(&mut self, text: &[u8]) {
        if text.trim_ascii().is_empty() {
            return;
        }
        self.filled += 1;
        self.not_utf8 += u64::from(!text.is_ascii() && std::str::from_utf8(text).is_err());
        let line = parse_line(text);
        let message = line.message.trim_ascii_start();
        if !line.time.is_empty() {
            self.last_time = Stamp::new(line.time);
            if self.first_time.is_empty() {
                self.first_time = self.last_time;
            }
        }
        if let Some(n) = self.levels.get_mut(line.level as usize) {
            *n += 1;
        }
        let process = self.process(&line);
        // Text without a prefix goes on with what its process said.
        let plain = line.product == Product::Unknown;
        let product = line.product as usize;
        let part = if self.tracebacks.idle()
            && !message.starts_with(b"Traceback")
            && !message.ends_with(b":")
        {
            Part::None
        } else {
            self.tracebacks.line(process, self.number, line.message, plain)
        };
        let row = match part {
            Part::Inner => None,
            Part::None | Part::Head | Part::Last => self.find(message, line.product),
        };
        let mut known = row.is_some();
        if let Some(row) = row {
            self.event(row, &line, message, process);
        } else if part == Part::None && !known {
            known = self.access_line(message);
            if !known {
                self.unknown(&line, message);
            }
        }
        if let Some(lines) = self.products.get_mut(product) {
            lines.lines += 1;
            match part {
                Part::None if known => lines.known += 1,
                Part::None => lines.other += 1,
                Part::Head | Part::Inner | Part::Last => lines.traceback += 1,
            }
        }
    }

    fn find(&mut self, message: &[u8], product: Product) -> Option<usize> {
        let mut captures = std::mem::take(&mut self.captures);
        let row = self.table.find(message, product, &mut captures);
        self.captures = captures;
        row
    }

    fn process(&mut self, line: &Line<'_>) -> u16 {
        if line.process.is_empty() && line.pid.is_none() {
            if let Some((_, n)) = self.processes.first_mut() {
                *n += 1;
            }
            return 0;
        }
        let (name, pid, at) = &self.last_process;
        if *pid == line.pid && name == line.process {
            let at = *at;
            if let Some((_, n)) = self.processes.get_mut(usize::from(at)) {
                *n += 1;
            }
            return at;
        }
        self.key.clear();
        self.key.extend_from_slice(line.process);
        if let Some(pid) = line.pid {
            self.key.extend_from_slice(b" pid=");
            self.key.extend_from_slice(pid.to_string().as_bytes());
        }
        let at = if let Some(&at) = self.process_index.get(&self.key) {
            at
        } else if self.processes.len() < self.opts.max_processes {
            let at = u16::try_from(self.processes.len()).unwrap_or(0);
            self.process_index.insert(self.key.clone(), at);
            self.processes.push((self.key.clone(), 0));
            at
        } else {
            self.process_lines_dropped += 1;
            return 0;
        };
        self.last_process.0.clear();
        self.last_process.0.extend_from_slice(line.process);
        self.last_process.1 = line.pid;
        self.last_process.2 = at;
        if let Some((_, n)) = self.processes.get_mut(usize::from(at)) {
            *n += 1;
        }
        at
    }

    fn access_line(&mut self, message: &[u8]) -> bool {
        let Some((method, path, status)) = access(message) else { return false };
        let mut key = std::mem::take(&mut self.key);
        route(path, &mut key);
        key.push(b' ');
        key.extend_from_slice(method);
        if let Some((n, _)) = self.http.get_mut(&status).and_then(|routes| routes.get_mut(&key)) {
            *n += 1;
        } else if self.http.values().map(BTreeMap::len).sum::<usize>() < self.opts.max_routes {
            self.http.entry(status).or_default().insert(key.clone(), (1, self.number));
        } else {
            self.http_dropped += 1;
        }
        self.key = key;
        true
    }

    fn unknown(&mut self, line: &Line<'_>, message: &[u8]) {
        if self.context.as_ref().is_some_and(|c| c.is_match(message))
            && let Some(category) = by_words(message)
        {
            if category == "p2p_transfer_speed"
                && self.speeds.len() < MAX_SNIPPETS
                && let Some((value, unit)) = speed(message)
            {
                self.speeds.push((value, unit, cut(message, 220)));
            }
            if let Some((n, snippets)) = self.categories.get_mut(category) {
                *n += 1;
                if snippets.len() < MAX_SNIPPETS {
                    snippets.push(cut(message, 220));
                }
            }
        }
        if line.product == Product::Unknown {
            return;
        }
        let mut key = std::mem::take(&mut self.key);
        shape(message, &mut key);
        let key = (line.product, key);
        if let Some(group) = self.other.get_mut(&key) {
            group.count += 1;
            group.level = group.level.min(line.level);
        } else if self.other.len() < self.opts.max_other {
            let group = Other {
                product: line.product,
                level: line.level,
                count: 1,
                line: self.number,
                example: cut(message, self.opts.max_example),
            };
            self.other.insert((key.0, key.1.clone()), group);
        } else {
            self.other_dropped += 1;
        }
        self.key = key.1;
    }
}

/// Reads a whole source with bounded memory.
pub fn read(mut source: impl Read, opts: LogOptions) -> Result<LogEvidence, LogError> {
    let mut reader = LogReader::new(opts);
    let mut buffer = vec![0; 64 << 10];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return reader.finish(),
            Ok(n) => reader.push(buffer.get(..n).unwrap_or_default()),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(source) => return Err(LogError::Io { offset: reader.bytes, source }),
        }
    }
}
