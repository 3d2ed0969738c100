//! Counts by operation, and how calls are made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::args::{Args, PrefetchForm};
use crate::num::log2_class;
use crate::record::{Op, Record};

/// Different qualified names that are told apart; further ones are counted together.
const MAX_NAMES: usize = 64;
/// The name under which further ones are counted.
const OTHERS: &str = "(further operations)";

/// Smallest, largest and sum of a number that each call has, and its distribution.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Spread {
    /// The smallest.
    pub min: u64,
    /// The largest.
    pub max: u64,
    /// The sum.
    pub sum: u64,
    /// How many calls have 0, 1, 2 to 3, 4 to 7, 8 to 15, ... (powers of two).
    pub by_power_of_two: Vec<u64>,
}

impl Spread {
    #[inline]
    fn add(&mut self, value: u64, is_first: bool) {
        self.min = if is_first { value } else { self.min.min(value) };
        self.max = self.max.max(value);
        self.sum = self.sum.saturating_add(value);
        let class = log2_class(value);
        if class >= self.by_power_of_two.len() {
            self.by_power_of_two.resize(class + 1, 0);
        }
        if let Some(count) = self.by_power_of_two.get_mut(class) {
            *count += 1;
        }
    }
}

/// One operation's calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct OpStats {
    /// The qualified name as it is in the file.
    pub qualname: String,
    /// A short name for tables.
    pub short: String,
    /// Whether this crate knows the operation.
    pub known: bool,
    /// Number of calls.
    pub count: u64,
    /// `t_mono` of the first call in seconds.
    pub first_s: Option<f64>,
    /// `t_mono` of the last call in seconds.
    pub last_s: Option<f64>,
    /// Keys (or cache-event entries) in a call.
    pub keys: Spread,
    /// Chunks in a call: keys over the number of ranks and groups among them.
    pub chunks: Spread,
}

impl OpStats {
    fn new(qualname: &str, op: Op) -> Self {
        let short = if op == Op::Other {
            qualname.rsplit('.').next().unwrap_or(qualname)
        } else {
            op.short()
        };
        OpStats {
            qualname: qualname.to_owned(),
            short: short.to_owned(),
            known: op != Op::Other,
            count: 0,
            first_s: None,
            last_s: None,
            keys: Spread::default(),
            chunks: Spread::default(),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct OpTally {
    known: [Option<Box<OpStats>>; Op::KNOWN.len()],
    other: BTreeMap<String, OpStats>,
}

impl OpTally {
    #[inline]
    pub(super) fn add(&mut self, record: &Record<'_>, keys: u64, chunks: u64) {
        let stats = match self.known.get_mut(record.op as usize) {
            Some(slot) => &mut **slot
                .get_or_insert_with(|| Box::new(OpStats::new(record.qualname(), record.op))),
            None => other(&mut self.other, record.qualname()),
        };
        let is_first = stats.count == 0;
        stats.count += 1;
        stats.keys.add(keys, is_first);
        stats.chunks.add(chunks, is_first);
        if record.t_mono.is_finite() {
            stats.first_s.get_or_insert(record.t_mono);
            stats.last_s = Some(record.t_mono);
        }
    }

    pub(super) fn finish(self) -> Vec<OpStats> {
        let mut all: Vec<OpStats> = self.known.into_iter().flatten().map(|stats| *stats).collect();
        all.extend(self.other.into_values());
        all.sort_by(|a, b| a.qualname.cmp(&b.qualname));
        all
    }
}

/// The row of an operation that this crate does not know.
fn other<'m>(map: &'m mut BTreeMap<String, OpStats>, qualname: &str) -> &'m mut OpStats {
    let name = super::names::clip(qualname, 256);
    let name = if map.contains_key(name) || map.len() < MAX_NAMES { name } else { OTHERS };
    map.entry(name.to_owned()).or_insert_with(|| OpStats::new(name, Op::Other))
}

/// How calls were made. Names are counted as they are in the file, at most 32 of each
/// kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CallShape {
    /// Prefetches by the form in which they were written.
    pub prefetch_forms: BTreeMap<String, u64>,
    /// Prefetches by policy.
    pub policies: BTreeMap<String, u64>,
    /// Prefetches by lock mode.
    pub lock_modes: BTreeMap<String, u64>,
    /// Reservations by mode.
    pub write_modes: BTreeMap<String, u64>,
    /// Prefetches that ask L1 only.
    pub skip_l2: u64,
    /// Prefetches by the number of pins that they take on a key.
    pub readers: BTreeMap<String, u64>,
    /// Releases by the number of pins that they give back on a key.
    pub read_locks: BTreeMap<String, u64>,
}

impl CallShape {
    #[inline]
    pub(super) fn add(&mut self, op: Op, args: &Args<'_>) {
        match op {
            Op::SubmitPrefetchTask => {
                let form = match args.prefetch_form {
                    Some(PrefetchForm::TaskSpec) => "PrefetchTaskSpec",
                    Some(PrefetchForm::RequestSpec) => "PrefetchRequestSpec",
                    _ => "flat",
                };
                bump(&mut self.prefetch_forms, form);
                args.policy.inspect(|name| bump(&mut self.policies, name));
                args.lock_mode.inspect(|name| bump(&mut self.lock_modes, name));
                args.readers.inspect(|&n| bump_number(&mut self.readers, n));
                self.skip_l2 += u64::from(args.skip_l2 == Some(true));
            }
            Op::ReserveWrite => {
                args.mode.inspect(|name| bump(&mut self.write_modes, name));
            }
            Op::FinishReadPrefetched => {
                args.read_locks.inspect(|&n| bump_number(&mut self.read_locks, n));
            }
            _ => {}
        }
    }
}

fn bump(map: &mut BTreeMap<String, u64>, name: &str) {
    let name = super::names::clip(name, 64);
    let has_room = map.len() < 32;
    match map.get_mut(name) {
        Some(count) => *count += 1,
        None if has_room => {
            map.insert(name.to_owned(), 1);
        }
        None => *map.entry("(others)".to_owned()).or_default() += 1,
    }
}

/// As [`bump`]; small numbers are written without an allocation.
fn bump_number(map: &mut BTreeMap<String, u64>, n: u64) {
    const SMALL: [&str; 9] = ["0", "1", "2", "3", "4", "5", "6", "7", "8"];
    match usize::try_from(n).ok().and_then(|n| SMALL.get(n)) {
        Some(name) => bump(map, name),
        None => bump(map, &n.to_string()),
    }
}
