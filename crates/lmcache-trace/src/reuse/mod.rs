//! Reuse of chunks: how long until one is wanted again, and how many others come
//! between.
//!
//! The distance in different chunks answers what a cache of a given size could have
//! served: an LRU cache of `n` chunks hits the references with a distance below `n`.
//!
//! Exact while the chunks in sight fit the memory bound; beyond it a part of them,
//! chosen by their hash, stands for all (spatial sampling as in SHARDS, Waldspurger
//! et al., FAST 2015), and the report says so.

use std::io::Read;

use cache_sizing::{Stack, Touch, Working};
use serde::{Deserialize, Serialize};

use crate::args::{ArgSink, Layout, ObjectKey};
use crate::error::TraceError;
use crate::header::Header;
use crate::histogram::{Histogram, Quantile};
use crate::issue::IssueLog;
use crate::lookups::Once;
use crate::record::{Op, Record};
use crate::slice::{ReadOptions, Step};
use crate::walk::{Hooks, walk};

/// Which calls count as a reference to a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReuseView {
    /// What was asked for: the keys of `submit_prefetch_task`, hit or not. For sizing
    /// a cache.
    Demand,
    /// What was served: `finish_read_prefetched` counts as a reuse, and both it and
    /// `finish_write` as the touch that the next reuse is measured from. That is how
    /// LMCache 0.5.6 measures `lmcache_mp_real_reuse_gap_seconds` and
    /// `..._objects`, so the figures can be compared (where its sample rate is 1).
    Served,
}

/// What is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReuseUnit {
    /// Chunks: the keys of all ranks and groups that hold a part of one chunk are one.
    Chunk,
    /// Keys: every rank's and group's part by itself.
    Key,
}

/// How to look at reuse.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ReuseOptions {
    /// How to read.
    pub read: ReadOptions,
    /// Which calls count.
    pub view: ReuseView,
    /// What is followed.
    pub unit: ReuseUnit,
    /// Memory for what is followed, in bytes. A chunk takes about 45 with the free
    /// slots around it: the default of 64 MiB holds more than a million.
    pub memory: usize,
    /// Lengths of the windows for which working sets are counted, in seconds; at most
    /// eight are used.
    pub windows_s: Vec<f64>,
}

impl Default for ReuseOptions {
    fn default() -> Self {
        ReuseOptions {
            read: ReadOptions::default(),
            view: ReuseView::Demand,
            unit: ReuseUnit::Chunk,
            memory: 64 << 20,
            windows_s: vec![1.0, 10.0, 60.0, 600.0, 3600.0],
        }
    }
}

impl ReuseOptions {
    /// These options with another view.
    #[must_use]
    pub fn with_view(mut self, view: ReuseView) -> Self {
        self.view = view;
        self
    }

    /// These options with another unit.
    #[must_use]
    pub fn with_unit(mut self, unit: ReuseUnit) -> Self {
        self.unit = unit;
        self
    }

    /// These options with another bound on memory, in bytes.
    #[must_use]
    pub fn with_memory(mut self, memory: usize) -> Self {
        self.memory = memory;
        self
    }

    /// These options with other windows, in seconds.
    #[must_use]
    pub fn with_windows(mut self, windows_s: Vec<f64>) -> Self {
        self.windows_s = windows_s;
        self
    }
}

/// A distribution of gaps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Gaps {
    /// How many gaps.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// The largest (of those followed).
    pub max: f64,
    /// Quantiles, each between two bounds.
    pub quantiles: Vec<Quantile>,
}

impl Gaps {
    fn of(histogram: &Histogram, unit: f64) -> Self {
        Gaps {
            count: histogram.total(),
            sum: histogram.sum() * unit,
            max: histogram.max() as f64 * unit,
            quantiles: histogram.quantiles(unit),
        }
    }
}

/// What an LRU cache of a given size would have served.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CurvePoint {
    /// Size of the cache in chunks (or keys).
    pub size: u64,
    /// References that it would have served.
    pub hits: f64,
    /// The same as a part of all references.
    pub hit_ratio: f64,
}

/// Different chunks (or keys) in windows of one length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct WorkingSet {
    /// Length of a window in seconds.
    pub window_s: f64,
    /// Windows with at least one reference.
    pub windows: u64,
    /// Different ones in a window, on average over these.
    pub mean: f64,
    /// Different ones in the fullest window.
    pub max: f64,
    /// When the fullest window begins, in seconds since the start of the recording.
    pub max_at_s: f64,
}

/// How chunks are reused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReuseReport {
    /// `inferguard/trace-reuse/v1`.
    pub schema: String,
    /// Which calls counted.
    pub view: ReuseView,
    /// What was followed.
    pub unit: ReuseUnit,
    /// All references were followed; else a part of the chunks stands for all, and
    /// counts are estimates.
    pub exact: bool,
    /// Part of the chunks that was followed at the end.
    pub sample_rate: f64,
    /// References: all of them, followed or not.
    pub references: u64,
    /// Touches that are no reference (stores, in the view of what was served).
    pub touches: u64,
    /// References to what had not been seen before.
    pub cold: f64,
    /// Different chunks seen.
    pub distinct: f64,
    /// Time from the last touch to a reference, in seconds.
    pub gap_seconds: Gaps,
    /// Touches of any chunk from the last touch to a reference, itself included.
    pub gap_touches: Gaps,
    /// Other chunks touched between the last touch and a reference.
    pub gap_distinct: Gaps,
    /// What an LRU cache would have served, by its size.
    pub lru_curve: Vec<CurvePoint>,
    /// Working sets.
    pub working_sets: Vec<WorkingSet>,
    /// Bytes of one object, where all calls agree.
    pub object_bytes: Option<u64>,
    /// Bytes read.
    pub bytes: u64,
    /// Records read.
    pub records: u64,
    /// The reading was stopped.
    pub partial: bool,
    /// Faults.
    pub issues: IssueLog,
}

impl ReuseReport {
    /// The value of [`ReuseReport::schema`].
    pub const SCHEMA: &'static str = "inferguard/trace-reuse/v1";
}

fn working_set(window: Working) -> WorkingSet {
    let (set, _) = window.finish();
    WorkingSet {
        window_s: set.window_s,
        windows: set.windows,
        mean: set.mean,
        max: set.max,
        max_at_s: set.max_at_s,
    }
}

/// The last touch of a chunk.
#[derive(Debug, Clone, Copy, Default)]
struct Last {
    time: f64,
    access: u64,
}

/// Follows reuse as records pass by.
#[derive(Debug)]
pub struct ReuseAnalyzer {
    view: ReuseView,
    unit: ReuseUnit,
    stack: Stack<Last>,
    /// The clock never goes back: a call published late counts at the latest time.
    now: f64,
    call: Vec<u64>,
    once: Once,
    owners: (u64, u64, bool),
    references: u64,
    touches: u64,
    cold: f64,
    seconds: Histogram,
    accesses: Histogram,
    distinct: Histogram,
    windows: Vec<Working>,
    object_bytes: ObjectBytes,
    records: u64,
    issues: IssueLog,
}

/// Bytes of one object over all layouts seen.
#[derive(Debug)]
enum ObjectBytes {
    NotSeen,
    Same(u64),
    Differ,
}

struct CallKeys<'s> {
    unit: ReuseUnit,
    call: &'s mut Vec<u64>,
    owners: &'s mut (u64, u64, bool),
    object_bytes: &'s mut ObjectBytes,
}

impl<'a> ArgSink<'a> for CallKeys<'_> {
    #[inline]
    fn key(&mut self, key: ObjectKey<'a>) {
        let (rank, group, mixed) = self.owners;
        if self.call.is_empty() {
            (*rank, *group) = (key.kv_rank, key.object_group_id);
        }
        *mixed |= *rank != key.kv_rank || *group != key.object_group_id;
        self.call.push(match self.unit {
            ReuseUnit::Chunk => key.chunk_fingerprint(),
            ReuseUnit::Key => key.fingerprint(),
        });
    }

    fn layout(&mut self, layout: Layout<'a>) {
        match self.object_bytes {
            ObjectBytes::NotSeen => {
                *self.object_bytes = layout.bytes.map_or(ObjectBytes::Differ, ObjectBytes::Same);
            }
            ObjectBytes::Same(bytes) if Some(*bytes) != layout.bytes => {
                *self.object_bytes = ObjectBytes::Differ;
            }
            _ => {}
        }
    }
}

impl ReuseAnalyzer {
    /// Starts.
    pub fn new(options: &ReuseOptions) -> Self {
        ReuseAnalyzer {
            view: options.view,
            unit: options.unit,
            stack: Stack::with_memory(options.memory),
            now: 0.0,
            call: Vec::new(),
            once: Once::default(),
            owners: (0, 0, false),
            references: 0,
            touches: 0,
            cold: 0.0,
            seconds: Histogram::default(),
            accesses: Histogram::default(),
            distinct: Histogram::default(),
            windows: options
                .windows_s
                .iter()
                .filter(|length| length.is_finite() && **length > 0.0)
                .take(8)
                .map(|&length| Working::new(length))
                .collect(),
            object_bytes: ObjectBytes::NotSeen,
            records: 0,
            issues: IssueLog::default(),
        }
    }

    /// Adds a record or a fault.
    pub fn step(&mut self, step: &Step<'_>) {
        match step {
            Step::Record(record) => self.record(record),
            Step::Issue(issue) => self.issues.push(issue),
        }
    }

    /// Adds a record.
    pub fn record(&mut self, record: &Record<'_>) {
        self.records += 1;
        let is_reference = match (self.view, record.op) {
            (ReuseView::Demand, Op::SubmitPrefetchTask)
            | (ReuseView::Served, Op::FinishReadPrefetched) => true,
            (ReuseView::Served, Op::FinishWrite) => false,
            _ => return,
        };
        if record.t_mono.is_finite() {
            self.now = self.now.max(record.t_mono);
        }
        self.call.clear();
        self.owners.2 = false;
        let mut sink = CallKeys {
            unit: self.unit,
            call: &mut self.call,
            owners: &mut self.owners,
            object_bytes: &mut self.object_bytes,
        };
        if let Err(error) = record.decode(&mut sink) {
            let kind = crate::IssueKind::MalformedArgs(error);
            self.issues.push(&crate::Issue { kind, offset: record.offset, record: record.index });
        }
        if self.owners.2 {
            self.once.each(&mut self.call);
        }
        let call = std::mem::take(&mut self.call);
        for &fingerprint in &call {
            self.touch(fingerprint, is_reference);
        }
        self.call = call;
    }

    #[inline]
    fn touch(&mut self, fingerprint: u64, is_reference: bool) {
        self.references += u64::from(is_reference);
        self.touches += u64::from(!is_reference);
        let access = self.references + self.touches;
        let last = Last { time: self.now, access };
        let Some(touch) = self.stack.touch(fingerprint, last, 1) else { return };
        let weight = self.stack.one_in() as f64;
        let before = match touch {
            Touch::First => {
                if is_reference {
                    self.cold += weight;
                }
                None
            }
            Touch::Again { payload: Last { time, access: last }, above } => {
                if is_reference {
                    let micros = crate::num::to_u64((self.now - time) * 1e6);
                    self.seconds.add(micros, weight);
                    self.accesses.add(access.saturating_sub(last), weight);
                    let scaled = crate::num::to_u64(above as f64 * weight);
                    self.distinct.add(scaled, weight);
                }
                Some(time)
            }
        };
        for window in &mut self.windows {
            window.add(before, self.now, weight);
        }
    }

    /// The report. `bytes` is how much was read.
    pub fn finish(self, bytes: u64, partial: bool) -> ReuseReport {
        let all = self.cold + self.distinct.total();
        let lru_curve = self
            .distinct
            .below_powers()
            .into_iter()
            .map(|(size, hits)| CurvePoint {
                size,
                hits,
                hit_ratio: if all > 0.0 { hits / all } else { 0.0 },
            })
            .collect();
        ReuseReport {
            schema: ReuseReport::SCHEMA.to_owned(),
            view: self.view,
            unit: self.unit,
            exact: self.stack.is_exact(),
            sample_rate: 1.0 / self.stack.one_in() as f64,
            references: self.references,
            touches: self.touches,
            cold: self.cold,
            distinct: self.stack.len() as f64 * self.stack.one_in() as f64,
            gap_seconds: Gaps::of(&self.seconds, 1e-6),
            gap_touches: Gaps::of(&self.accesses, 1.0),
            gap_distinct: Gaps::of(&self.distinct, 1.0),
            lru_curve,
            working_sets: self.windows.into_iter().map(working_set).collect(),
            object_bytes: match self.object_bytes {
                ObjectBytes::Same(bytes) => Some(bytes),
                _ => None,
            },
            bytes,
            records: self.records,
            partial,
            issues: self.issues,
        }
    }
}

/// Reads a trace once and says how its chunks are reused.
///
/// ```
/// use lmcache_trace::{Hooks, ReuseOptions, ReuseView, reuse};
///
/// let data = lmcache_trace::example_trace();
/// let options = ReuseOptions::default().with_view(ReuseView::Served);
/// let report = reuse(&data[..], &options, Hooks::default())?;
/// assert_eq!(report.touches, 1);
/// assert_eq!(report.references, 0);
/// # Ok::<(), lmcache_trace::TraceError>(())
/// ```
pub fn reuse<R: Read>(
    source: R,
    options: &ReuseOptions,
    hooks: Hooks<'_>,
) -> Result<ReuseReport, TraceError> {
    let (analyzer, walked) = walk(
        source,
        options.read,
        hooks,
        |_: &Header| ReuseAnalyzer::new(options),
        |analyzer, step| {
            analyzer.step(&step);
            true
        },
    )?;
    Ok(analyzer.finish(walked.bytes, walked.partial))
}
