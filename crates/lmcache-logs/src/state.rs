//! What a reader collects, before it is redacted and named.

use std::collections::BTreeMap;

use crate::evidence::NumberStat;
use crate::product::{Level, Product};
use crate::stamp::Stamp;

/// Different texts that are kept of a field.
pub(crate) const MAX_TEXTS: usize = 32;

#[derive(Debug, Clone, Default)]
pub(crate) struct Event {
    pub(crate) count: u64,
    pub(crate) level: Level,
    pub(crate) first_time: Stamp,
    pub(crate) last_time: Stamp,
    pub(crate) first_line: u64,
    pub(crate) last_line: u64,
    pub(crate) example: Vec<u8>,
    pub(crate) numbers: Vec<(u16, NumberStat)>,
    pub(crate) texts: Vec<(u16, Texts)>,
    /// Fields whose values leave as placeholders.
    pub(crate) hidden: Vec<u16>,
    /// Values in the example that leave as placeholders.
    pub(crate) example_hidden: Vec<Vec<u8>>,
    pub(crate) processes: Vec<(u16, u64)>,
}

impl Event {
    pub(crate) fn add_number(&mut self, field: u16, value: f64) {
        if let Some((_, stat)) = self.numbers.iter_mut().find(|(f, _)| *f == field) {
            stat.add(value);
        } else {
            let mut stat = NumberStat::default();
            stat.add(value);
            self.numbers.push((field, stat));
        }
    }

    pub(crate) fn add_text(&mut self, field: u16, value: &[u8], longest: usize) {
        let value = value.trim_ascii();
        let value = value.get(..longest.min(value.len())).unwrap_or_default();
        let at = self.texts.iter().position(|(f, _)| *f == field).unwrap_or_else(|| {
            self.texts.push((field, Texts::default()));
            self.texts.len() - 1
        });
        if let Some((_, texts)) = self.texts.get_mut(at) {
            texts.add(value);
        }
    }

    pub(crate) fn add_process(&mut self, process: u16) {
        match self.processes.iter_mut().find(|(p, _)| *p == process) {
            Some((_, n)) => *n += 1,
            None => self.processes.push((process, 1)),
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    pub(crate) values: BTreeMap<Vec<u8>, u64>,
    pub(crate) more: u64,
}

impl Texts {
    fn add(&mut self, value: &[u8]) {
        if let Some(n) = self.values.get_mut(value) {
            *n += 1;
        } else if self.values.len() < MAX_TEXTS {
            self.values.insert(value.to_vec(), 1);
        } else {
            self.more += 1;
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct ProductLines {
    pub(crate) lines: u64,
    pub(crate) known: u64,
    pub(crate) other: u64,
    pub(crate) traceback: u64,
    pub(crate) open_line: Option<u64>,
    pub(crate) serve_line: Option<u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Other {
    pub(crate) product: Product,
    pub(crate) level: Level,
    pub(crate) count: u64,
    pub(crate) line: u64,
    pub(crate) example: Vec<u8>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct RawSetting {
    pub(crate) value: String,
    pub(crate) line: u64,
    pub(crate) source: &'static str,
    pub(crate) count: u64,
}
